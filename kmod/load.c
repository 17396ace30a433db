/*
 * load.c: the kernel side of tests; load.h says what it does.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "kmod.h"
#include "load.h"

#define MAXTHREADS 64

struct load {
	struct puffs_mount *l_pmp;		/* NULL: not mounted */
	struct mutex l_lock;			/* mounting, starting and ending threads */
	atomic64_t l_seq;
	struct delayed_work l_alarm;
	spinlock_t l_alarm_lock;
	uint64_t l_alarm_ns;			/* when it is due; PUFFS_FOREVER: not set */
	struct task_struct *l_threads[MAXTHREADS];
	unsigned int l_nthreads;
	atomic_t l_running;
	struct completion l_through;
	spinlock_t l_tally_lock;
	struct load_tally l_tally;
	struct completion l_freed;		/* the mount is no more */
	uint64_t l_submitted;
	struct completion l_ended;
	int l_result;
};

struct worker {
	struct load *w_load;
	enum load_form w_form;
	uint64_t w_rounds;
};

static uint64_t
next_seq(struct load *l)
{

	return (uint64_t)atomic64_inc_return(&l->l_seq);
}

/*
 * Threads.
 */

static void
tally(struct load *l, enum load_form form, int error)
{
	struct load_tally *t = &l->l_tally;

	spin_lock(&l->l_tally_lock);
	t->lt_sent[form]++;
	switch (error) {
	case 0:		t->lt_right++; break;
	case EBADMSG:	t->lt_wrong++; break;
	case ENXIO:	t->lt_dead++; break;
	case ETIMEDOUT:	t->lt_timedout++; break;
	case EAGAIN:	t->lt_full++; break;
	case EINTR:	t->lt_intr++; break;
	default:	t->lt_failed++; t->lt_lasterror = error; break;
	}
	spin_unlock(&l->l_tally_lock);
}

static int
worker_main(void *arg)
{
	struct worker w = *(struct worker *)arg;
	struct load *l = w.w_load;
	int error = 0;

	kfree(arg);
	while (w.w_rounds-- > 0 && error != ENXIO) {
		error = puffs_load_send(l->l_pmp, next_seq(l), w.w_form, NULL, 0, 0);
		tally(l, w.w_form, error);
		cond_resched();
	}
	if (atomic_dec_and_test(&l->l_running))
		complete_all(&l->l_through);
	/* Until somebody asks for the end, which takes the thread's structure. */
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int
worker_start(struct load *l, enum load_form form, uint64_t rounds)
{
	struct task_struct *thread;
	struct worker *w;

	if (l->l_nthreads == MAXTHREADS)
		return -EBUSY;
	if ((w = kmalloc(sizeof(*w), GFP_KERNEL)) == NULL)
		return -ENOMEM;
	*w = (struct worker){ l, form, rounds };
	thread = kthread_create(worker_main, w, "puffs-load/%d", form);
	if (IS_ERR(thread)) {
		kfree(w);
		return PTR_ERR(thread);
	}
	if (atomic_inc_return(&l->l_running) == 1)
		reinit_completion(&l->l_through);
	l->l_threads[l->l_nthreads++] = thread;
	wake_up_process(thread);
	return 0;
}

/* Threads are through, or will be since the mount is dead. */
static void
workers_stop(struct load *l)
{

	while (l->l_nthreads > 0)
		kthread_stop(l->l_threads[--l->l_nthreads]);
}

/*
 * The mount.
 */

/* The mount that the tests see stays until its descriptor is closed; this much of an unmount can be done at once. */
static void
mount_unmount(void *data, struct puffs_mount *pmp)
{

	puffs_nukebypmp(pmp);
}

static void
mount_late(void *data, const struct puffs_late *late)
{
	struct load *l = data;

	spin_lock(&l->l_tally_lock);
	l->l_tally.lt_late++;
	spin_unlock(&l->l_tally_lock);
}

static void
mount_freed(void *data)
{
	struct load *l = data;

	complete(&l->l_freed);
}

/* The earliest counts. A jiffy more, since it must have passed. */
static void
mount_alarm(void *data, struct puffs_mount *pmp, uint64_t when_ns)
{
	struct load *l = data;
	uint64_t now;

	spin_lock(&l->l_alarm_lock);
	if (when_ns < l->l_alarm_ns) {
		now = ktime_get_ns();
		l->l_alarm_ns = when_ns;
		mod_delayed_work(system_wq, &l->l_alarm, when_ns > now ? nsecs_to_jiffies64(when_ns - now) + 1 : 0);
	}
	spin_unlock(&l->l_alarm_lock);
}

/* No reference to the mount is held for it: before the mount goes, this is waited for, and by then nobody sends. */
static void
alarm_main(struct work_struct *work)
{
	struct load *l = container_of(to_delayed_work(work), struct load, l_alarm);
	uint64_t next;

	spin_lock(&l->l_alarm_lock);
	l->l_alarm_ns = PUFFS_FOREVER;
	spin_unlock(&l->l_alarm_lock);
	if (puffs_expire(l->l_pmp, &next) == 0)
		mount_alarm(l, l->l_pmp, next);
}

static const struct puffs_hostops load_hostops = {
	.pho_size = sizeof(struct puffs_hostops),
	.pho_unmount = mount_unmount,
	.pho_late = mount_late,
	.pho_freed = mount_freed,
	.pho_alarm = mount_alarm,
};

static int
load_mount(struct load *l, const struct load_mount *lo)
{
	struct puffs_mountargs args = {
		.pma_size = sizeof(args),
		.pma_flags = lo->lo_flags,
		.pma_timeout_ns = lo->lo_timeout_ns,
		.pma_max_requests = lo->lo_max_requests,
	};
	struct puffs_instance *pi;
	struct puffs_mount *pmp;
	struct file *file;
	int error;

	if (l->l_pmp != NULL)
		return EBUSY;
	if ((file = fget(lo->lo_fd)) == NULL)
		return EBADF;
	pi = puffs_device_instance(file);
	if (pi == NULL)
		error = ENOTTY;
	else if ((error = puffs_mount_new(&args, &load_hostops, l, &pmp)) == 0) {
		if ((error = puffs_setpmp_instance(pi, pmp)) == 0)
			smp_store_release(&l->l_pmp, pmp);
		else {
			puffs_mount_rele(pmp);
			wait_for_completion(&l->l_freed);
		}
	}
	puffs_instance_rele(pi);
	fput(file);
	return error;
}

/*
 * The requests of c-tests' shim.
 */

#define SHIM_BODY "fifteen letters"
#define SHIM_COOKIE ((void *)0x123450)

static void *
shim_body(void)
{
	void *kbuf;

	if ((kbuf = puffs_alloc(sizeof(SHIM_BODY))) != NULL)
		memcpy(kbuf, SHIM_BODY, sizeof(SHIM_BODY));
	return kbuf;
}

static int
shim_faf(struct load *l)
{
	void *kbuf = shim_body();

	return kbuf == NULL ? ENOMEM :
	    puffs_vntouser_faf(l->l_pmp, PUFFS_VN_RECLAIM, kbuf, sizeof(SHIM_BODY), SHIM_COOKIE);
}

static int
shim_call(struct load *l)
{
	char body[sizeof(SHIM_BODY)] = SHIM_BODY;

	return puffs_vntouser(l->l_pmp, PUFFS_VN_GETATTR, body, sizeof(body), SHIM_COOKIE, NULL, NULL);
}

/* In the completion form, which nobody waits for. */
static void
submitted(void *arg, int error, void *kbuf, size_t len)
{
	struct load *l = arg;

	l->l_result = error;
	puffs_free(kbuf);
	complete(&l->l_ended);
}

static int
shim_submit(struct load *l)
{
	struct puffs_touseropt opt = { .pto_size = sizeof(opt), .pto_done = submitted, .pto_arg = l };
	size_t len = sizeof(SHIM_BODY);
	void *kbuf = shim_body();

	if (kbuf == NULL)
		return ENOMEM;
	reinit_completion(&l->l_ended);
	opt.pto_reqid = l->l_submitted = puffs_getreqid(l->l_pmp);
	return puffs_touser_opt(l->l_pmp, PUFFSOP_VN, PUFFS_VN_GETATTR, &kbuf, &len, len, SHIM_COOKIE, &opt);
}

static int
shim_interrupt(struct load *l)
{
	int error;

	if ((error = puffs_interrupt(l->l_pmp, l->l_submitted)) != 0)
		return error;
	wait_for_completion(&l->l_ended);
	return l->l_result;
}

/*
 * The device.
 */

static int
load_open(struct inode *inode, struct file *file)
{
	struct load *l;

	if ((l = kzalloc(sizeof(*l), GFP_KERNEL)) == NULL)
		return -ENOMEM;
	mutex_init(&l->l_lock);
	spin_lock_init(&l->l_tally_lock);
	init_completion(&l->l_through);
	complete_all(&l->l_through);
	init_completion(&l->l_freed);
	init_completion(&l->l_ended);
	INIT_DELAYED_WORK(&l->l_alarm, alarm_main);
	spin_lock_init(&l->l_alarm_lock);
	l->l_alarm_ns = PUFFS_FOREVER;
	file->private_data = l;
	return 0;
}

static int
load_release(struct inode *inode, struct file *file)
{
	struct load *l = file->private_data;

	if (l->l_pmp != NULL) {
		puffs_userdead(l->l_pmp);
		workers_stop(l);
		puffs_nukebypmp(l->l_pmp);
		cancel_delayed_work_sync(&l->l_alarm);
		puffs_mount_rele(l->l_pmp);
		/* A call of the server's may hold it for a moment yet. */
		wait_for_completion(&l->l_freed);
	}
	kfree(l);
	return 0;
}

static long
load_run(struct load *l, const struct load_run *lr)
{
	unsigned int form, i;
	long error = 0;

	mutex_lock(&l->l_lock);
	for (form = 0; form < LOAD_NFORMS && error == 0; form++)
		for (i = 0; (lr->lr_forms >> form & 1) && i < lr->lr_threads && error == 0; i++)
			error = worker_start(l, form, lr->lr_rounds);
	mutex_unlock(&l->l_lock);
	return error;
}

static long
load_wait(struct load *l, struct load_tally __user *to)
{
	struct load_tally t;

	if (wait_for_completion_killable(&l->l_through) != 0)
		return -EINTR;
	mutex_lock(&l->l_lock);
	workers_stop(l);
	mutex_unlock(&l->l_lock);
	spin_lock(&l->l_tally_lock);
	t = l->l_tally;
	spin_unlock(&l->l_tally_lock);
	return copy_to_user(to, &t, sizeof(t)) ? -EFAULT : 0;
}

static long
load_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct load *l = file->private_data;
	void __user *uarg = (void __user *)arg;
	struct puffs_mountstats stats = { .pms_size = sizeof(stats) };
	union {
		struct load_mount mount;
		struct load_call call;
		struct load_run run;
	} u;
	int error;

	if (cmd == LOADMOUNT) {
		if (copy_from_user(&u.mount, uarg, sizeof(u.mount)))
			return -EFAULT;
		mutex_lock(&l->l_lock);
		error = load_mount(l, &u.mount);
		mutex_unlock(&l->l_lock);
		return -error;
	}
	if (smp_load_acquire(&l->l_pmp) == NULL)
		return -ENODEV;
	switch (cmd) {
	case LOADDIE:
		puffs_userdead(l->l_pmp);
		return 0;
	case LOADUNMOUNT:
		puffs_nukebypmp(l->l_pmp);
		return 0;
	case LOADCALL:
		if (copy_from_user(&u.call, uarg, sizeof(u.call)))
			return -EFAULT;
		u.call.lc_result = puffs_load_send(l->l_pmp, next_seq(l), u.call.lc_form, (void *)u.call.lc_cookie,
		    u.call.lc_flags, u.call.lc_timeout_ns);
		return copy_to_user(uarg, &u.call, sizeof(u.call)) ? -EFAULT : 0;
	case LOADRUN:
		if (copy_from_user(&u.run, uarg, sizeof(u.run)))
			return -EFAULT;
		return load_run(l, &u.run);
	case LOADWAIT:
		return load_wait(l, uarg);
	case LOADSTATS:
		if ((error = puffs_stats_mount(l->l_pmp, &stats)) != 0)
			return -error;
		return copy_to_user(uarg, &stats, sizeof(stats)) ? -EFAULT : 0;
	case LOADSHIMFAF:
		return -shim_faf(l);
	case LOADSHIMCALL:
		return -shim_call(l);
	case LOADSHIMSUBMIT:
		return -shim_submit(l);
	case LOADSHIMINTERRUPT:
		return -shim_interrupt(l);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations load_fops = {
	.owner = THIS_MODULE,
	.open = load_open,
	.release = load_release,
	.unlocked_ioctl = load_ioctl,
};

static struct miscdevice load_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "puffs-load",
	.fops = &load_fops,
	.mode = 0600,
};

int
puffs_load_init(void)
{

	return misc_register(&load_device);
}

void
puffs_load_exit(void)
{

	misc_deregister(&load_device);
}
