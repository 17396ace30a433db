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
#define BULK 9000

struct load {
	struct puffs_mount *l_pmp;		/* NULL: not mounted */
	struct mutex l_lock;			/* mounting, starting and ending threads */
	atomic64_t l_seq;
	struct delayed_work l_alarm;
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

/*
 * Bodies.
 */

static void
fill(void *data, size_t len, uint64_t seq)
{
	size_t i;

	for (i = 0; i < len; i++)
		((uint8_t *)data)[i] = load_byte(seq, i);
}

static bool
filled(const void *data, size_t len, uint64_t seq)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((const uint8_t *)data)[i] != load_byte(seq, i))
			return false;
	return true;
}

/* A body with `data` bytes behind it, from the library's allocator. */
static struct load_msg *
msg_new(uint64_t seq, size_t data)
{
	struct load_msg *msg;

	if ((msg = puffs_alloc(sizeof(*msg) + data)) == NULL)
		return NULL;
	msg->lm_seq = seq;
	msg->lm_len = data;
	fill(msg + 1, data, seq);
	return msg;
}

/* 0 when this is the answer to `seq` with so much data. */
static int
msg_check(const struct load_msg *msg, size_t len, uint64_t seq, size_t data)
{

	if (len != sizeof(*msg) + data || msg->lm_seq != ~seq || msg->lm_len != data)
		return EBADMSG;
	return filled(msg + 1, data, seq) ? 0 : EBADMSG;
}

/*
 * The forms.
 */

struct waiter {
	struct completion w_done;
	int w_error;
	uint64_t w_seq;
};

/* The buffer is ours again. */
static void
done(void *arg, int error, void *kbuf, size_t len)
{
	struct waiter *w = arg;

	w->w_error = error == 0 ? msg_check(kbuf, len, w->w_seq, 0) : error;
	puffs_free(kbuf);
	complete(&w->w_done);
}

static int
send_done(struct load *l, uint64_t seq, void *cookie)
{
	struct waiter w = { .w_seq = seq };
	struct puffs_touseropt opt = { .pto_size = sizeof(opt), .pto_done = done, .pto_arg = &w };
	size_t len = sizeof(struct load_msg);
	void *kbuf = msg_new(seq, 0);
	int error;

	if (kbuf == NULL)
		return ENOMEM;
	init_completion(&w.w_done);
	if ((error = puffs_touser_opt(l->l_pmp, PUFFSOP_VN, PUFFS_VN_OPEN, &kbuf, &len, len, cookie, &opt)) != 0)
		return error;
	/* Nobody sends this thread away: `w` is on its stack. */
	wait_for_completion(&w.w_done);
	return w.w_error;
}

static int
send_opt(struct load *l, uint64_t seq, void *cookie, int optype, uint32_t flags, uint64_t timeout_ns)
{
	struct puffs_touseropt opt = { .pto_size = sizeof(opt), .pto_flags = flags, .pto_timeout_ns = timeout_ns };
	size_t len = sizeof(struct load_msg);
	void *kbuf = msg_new(seq, 0);
	int error;

	if (kbuf == NULL)
		return ENOMEM;
	error = puffs_touser_opt(l->l_pmp, PUFFSOP_VN, optype, &kbuf, &len, len, cookie, &opt);
	if (error == 0)
		error = msg_check(kbuf, len, seq, 0);
	puffs_free(kbuf);
	return error;
}

static int
send_adjbuf(struct load *l, uint64_t seq, void *cookie)
{
	size_t want = seq * 977 % 20000, len = sizeof(struct load_msg);
	struct load_msg *msg = msg_new(seq, 0);
	void *kbuf = msg;
	int error;

	if (msg == NULL)
		return ENOMEM;
	msg->lm_len = want;
	error = puffs_vntouser_adjbuf(l->l_pmp, PUFFS_VN_READ, &kbuf, &len, len, cookie, NULL, NULL);
	if (error == 0)
		error = msg_check(kbuf, len, seq, want);
	puffs_free(kbuf);
	return error;
}

static int
send_bulk(struct load *l, uint64_t seq, void *cookie)
{
	size_t data = seq * 613 % BULK;
	struct load_msg *msg = msg_new(seq, data);
	int error;

	if (msg == NULL)
		return ENOMEM;
	error = puffs_vntouser(l->l_pmp, PUFFS_VN_WRITE, msg, sizeof(*msg) + data, cookie, NULL, NULL);
	/* The answer is the head; behind it the buffer is as it was. */
	if (error == 0 && (msg->lm_len != 0 || msg->lm_seq != ~seq || !filled(msg + 1, data, seq)))
		error = EBADMSG;
	puffs_free(msg);
	return error;
}

static int
send_sizeop(struct load *l, uint64_t seq, void *cookie)
{
	struct load_msg msg = { .lm_seq = seq };
	uint64_t id = puffs_getreqid(l->l_pmp);
	size_t moved[2] = { 0, 0 };
	struct puffs_sizeops *pso;
	char *out, *in;
	int error;

	if ((out = puffs_alloc(LOAD_SIZEOP_OUT + LOAD_SIZEOP_IN)) == NULL)
		return ENOMEM;
	in = out + LOAD_SIZEOP_OUT;
	fill(out, LOAD_SIZEOP_OUT, seq);
	if ((error = puffs_sizeop_new(l->l_pmp, id, NULL, &pso)) != 0)
		goto out;
	if ((error = puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_OUT, out, LOAD_SIZEOP_OUT)) != 0 ||
	    (error = puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_IN, in, LOAD_SIZEOP_IN)) != 0) {
		puffs_sizeop_cancel(pso);
		goto out;
	}
	error = puffs_vntouser_req(l->l_pmp, PUFFS_VN_READLINK, &msg, sizeof(msg), cookie, id, NULL, NULL);
	if (error != 0) {
		puffs_sizeop_cancel(pso);
		goto out;
	}
	if ((error = puffs_sizeop_finish(pso, moved, 2)) == 0 && (msg_check(&msg, sizeof(msg), seq, 0) != 0 ||
	    moved[0] != LOAD_SIZEOP_OUT || moved[1] != LOAD_SIZEOP_IN || !filled(in, LOAD_SIZEOP_IN, ~seq)))
		error = EBADMSG;
out:
	puffs_free(out);
	return error;
}

/* Sends one request: 0 and the answer is right, or an errno value. */
static int
send(struct load *l, enum load_form form, void *cookie, uint32_t flags, uint64_t timeout_ns)
{
	uint64_t seq = (uint64_t)atomic64_inc_return(&l->l_seq);
	struct load_msg msg = { .lm_seq = seq };
	struct puffs_mount *pmp = l->l_pmp;
	void *kbuf;
	int error;

	switch (form) {
	case LOAD_VFS:
		error = puffs_vfstouser(pmp, PUFFS_VFS_STATVFS, &msg, sizeof(msg));
		break;
	case LOAD_VN:
		error = puffs_vntouser(pmp, PUFFS_VN_GETATTR, &msg, sizeof(msg), cookie, NULL, NULL);
		break;
	case LOAD_REQ:
		error = puffs_vntouser_req(pmp, PUFFS_VN_SETATTR, &msg, sizeof(msg), cookie, puffs_getreqid(pmp), NULL, NULL);
		break;
	case LOAD_BULK:
		return send_bulk(l, seq, cookie);
	case LOAD_ADJBUF:
		return send_adjbuf(l, seq, cookie);
	case LOAD_FAF:
		if ((kbuf = msg_new(seq, 0)) == NULL)
			return ENOMEM;
		return puffs_vntouser_faf(pmp, PUFFS_VN_RECLAIM, kbuf, sizeof(msg), cookie);
	case LOAD_OPT:
		return send_opt(l, seq, cookie, PUFFS_VN_ACCESS, flags, timeout_ns);
	case LOAD_DEADLINE:
		return send_opt(l, seq, cookie, PUFFS_VN_POLL, 0, 2000000);
	case LOAD_DONE:
		return send_done(l, seq, cookie);
	case LOAD_SIZEOP:
		return send_sizeop(l, seq, cookie);
	default:
		return EINVAL;
	}
	return error != 0 ? error : msg_check(&msg, sizeof(msg), seq, 0);
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
		error = send(l, w.w_form, NULL, 0, 0);
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
	uint64_t now = ktime_get_ns();

	mod_delayed_work(system_wq, &l->l_alarm, when_ns > now ? nsecs_to_jiffies64(when_ns - now) + 1 : 0);
}

static void
alarm_main(struct work_struct *work)
{
	struct load *l = container_of(to_delayed_work(work), struct load, l_alarm);
	uint64_t next;

	if (puffs_expire(l->l_pmp, &next) == 0 && next != PUFFS_FOREVER)
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
		u.call.lc_result = send(l, u.call.lc_form, (void *)u.call.lc_cookie, u.call.lc_flags, u.call.lc_timeout_ns);
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
