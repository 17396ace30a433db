/*
 * hooks.c: Linux, as the library wants it: struct puffs_hooks.
 *
 * All but ph_event_set and ph_poll_wake are called from processes and kernel threads only, where one may sleep unless a lock
 * is held; so plain spin locks do.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "kmod.h"

/* A token, and the one thread that waits for it. */
struct event {
	wait_queue_head_t e_wait;
	bool e_token;
};

static_assert(sizeof(spinlock_t) <= PUFFS_LOCK_SIZE);
static_assert(sizeof(struct event) <= PUFFS_EVENT_SIZE);
static_assert(sizeof(wait_queue_head_t) <= PUFFS_EVENT_SIZE);

/* Allocated less freed; a sum over processors, any of which may be negative. */
static DEFINE_PER_CPU(long, pieces);

long
puffs_pieces(void)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(pieces, cpu);
	return sum;
}

/*
 * Reclaim that starts here must not enter a file system, which may be one of ours and wait for the very server that
 * called. Servers and callers pay from their own control group.
 *
 * kmalloc aligns a piece as its cache: to its size, where that is a power of two, as all caches above 192 are.
 */
static void *
linux_alloc(size_t size, size_t align)
{
	unsigned int nofs;
	void *ptr;

	if (align > PAGE_SIZE)
		return NULL;
	if (align > ARCH_KMALLOC_MINALIGN) {
		size = max(size, align);
		if (size <= 192)
			size = roundup_pow_of_two(size);
	}
	nofs = memalloc_nofs_save();
	ptr = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	memalloc_nofs_restore(nofs);
	if (ptr != NULL)
		this_cpu_inc(pieces);
	return ptr;
}

static void
linux_free(void *ptr)
{

	this_cpu_dec(pieces);
	kvfree(ptr);
}

static void
linux_lock_init(void *lock)
{

	spin_lock_init((spinlock_t *)lock);
}

static void
linux_lock_fini(void *lock)
{
}

static void
linux_lock(void *lock)
{

	spin_lock(lock);
}

static void
linux_unlock(void *lock)
{

	spin_unlock(lock);
}

static void
linux_event_init(void *event)
{
	struct event *e = event;

	init_waitqueue_head(&e->e_wait);
	e->e_token = false;
}

static void
linux_event_fini(void *event)
{
}

/* The token before the wake-up, which pairs with prepare_to_wait before the look at the token: one of the two sees the other. */
static void
linux_event_set(void *event)
{
	struct event *e = event;

	smp_store_release(&e->e_token, true);
	wake_up(&e->e_wait);
}

/* Takes the token, if it is there. */
static bool
event_taken(struct event *e)
{

	return READ_ONCE(e->e_token) && xchg(&e->e_token, false);
}

/* Whoever is being killed sleeps no longer, interruptible or not. */
static int
linux_event_wait(void *event, const uint64_t *deadline, int interruptible)
{
	unsigned int state = interruptible ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
	struct event *e = event;
	int why = PUFFS_WOKEN;
	ktime_t until;
	DEFINE_WAIT(wait);

	if (event_taken(e))
		return PUFFS_WOKEN;
	if (deadline != NULL)
		until = ns_to_ktime(min_t(uint64_t, *deadline, KTIME_MAX));
	for (;;) {
		prepare_to_wait(&e->e_wait, &wait, state);
		if (event_taken(e)) {
			why = PUFFS_WOKEN;
			break;
		}
		/* Left over from the last time around: the token comes first. */
		if (why != PUFFS_WOKEN)
			break;
		if (signal_pending_state(state, current))
			why = PUFFS_INTERRUPTED;
		else if (deadline == NULL)
			schedule();
		else if (schedule_hrtimeout_range(&until, current->timer_slack_ns, HRTIMER_MODE_ABS) == 0)
			why = PUFFS_TIMEDOUT;
	}
	finish_wait(&e->e_wait, &wait);
	return why;
}

static void
linux_poll_init(void *poll)
{

	init_waitqueue_head((wait_queue_head_t *)poll);
}

/* Who polls has the file open, or is taken off the list before it is let go of. */
static void
linux_poll_fini(void *poll)
{
}

static void
linux_poll_wake(void *poll)
{

	wake_up_all((wait_queue_head_t *)poll);
}

static long
linux_count_add(long *counter, long delta)
{

	return atomic_long_add_return(delta, (atomic_long_t *)counter);
}

static uint64_t
linux_now(void)
{

	return ktime_get_ns();
}

static int
linux_copyin(const void *uaddr, void *kaddr, size_t len)
{

	if (puffs_compat_addr(uaddr))
		return puffs_compat_in(uaddr, kaddr, len);
	return copy_from_user(kaddr, (const void __user *)uaddr, len) != 0;
}

static int
linux_copyout(const void *kaddr, void *uaddr, size_t len)
{

	if (puffs_compat_addr(uaddr))
		return puffs_compat_out(kaddr, uaddr, len);
	return copy_to_user((void __user *)uaddr, kaddr, len) != 0;
}

static size_t
linux_thread(void)
{

	return (size_t)task_pid_nr(current);
}

static int
linux_pid(void)
{

	return task_tgid_nr(current);
}

static int
linux_fatal(void)
{

	return fatal_signal_pending(current);
}

/* Not more than a few lines at a time, since what a server sends may be behind them. */
static void
linux_log(const char *message, size_t len)
{

	pr_info_ratelimited("%.*s\n", (int)len, message);
}

static void
linux_panic(const char *message, size_t len)
{

	pr_emerg("%.*s\n", (int)len, message);
	BUG();
}

const struct puffs_hooks puffs_linux = {
	.ph_size = sizeof(struct puffs_hooks),
	.ph_version = PUFFS_HOOKS_VERSION,
	.ph_maxerrno = EHWPOISON,
	.ph_errno = PUFFS_ERRNO_TABLE,
	.ph_errno[PUFFS_E_WOKEN] = EWOKEN,
	.ph_lock_size = sizeof(spinlock_t),
	.ph_event_size = sizeof(struct event),
	.ph_poll_size = sizeof(wait_queue_head_t),
	.ph_alloc = linux_alloc,
	.ph_free = linux_free,
	.ph_lock_init = linux_lock_init,
	.ph_lock_fini = linux_lock_fini,
	.ph_lock = linux_lock,
	.ph_unlock = linux_unlock,
	.ph_event_init = linux_event_init,
	.ph_event_fini = linux_event_fini,
	.ph_event_set = linux_event_set,
	.ph_event_wait = linux_event_wait,
	.ph_poll_init = linux_poll_init,
	.ph_poll_fini = linux_poll_fini,
	.ph_poll_wake = linux_poll_wake,
	.ph_count_add = linux_count_add,
	.ph_now = linux_now,
	.ph_copyin = linux_copyin,
	.ph_copyout = linux_copyout,
	.ph_thread = linux_thread,
	.ph_pid = linux_pid,
	.ph_fatal = linux_fatal,
	.ph_log = linux_log,
	.ph_panic = linux_panic,
};
