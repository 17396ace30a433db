/*
 * poll.c: files whose server says when they are ready. Its operation waits until they are, and poll(2) must not: so the request is sent, whoever
 * polls is told that there is nothing, and when the answer comes he is woken and asks again. No more than one request is under way for
 * the same events of a node; what is answered is kept with the node until somebody wants to know.
 *
 * A server that answers at once is heard by those too who will not be woken, since they do not sleep: they wait for a moment. One that answers that
 * there is nothing is asked again after a while, as nobody would be woken otherwise.
 */
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/wait.h>

#include "vfs.h"

/* Events that come unasked. */
#define ALWAYS (EPOLLERR | EPOLLHUP)
/* All that a server can be asked for. */
#define EVENTS (EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND | EPOLLRDHUP | ALWAYS)

/* For how long one waits who does not sleep, and when a server is asked again that does not wait. */
#define MOMENT (HZ / 10)
#define WHILE (HZ / 10)

/* Requests that may last for ever; there are places for 4096 of all kinds. */
#define MOST 1024

/* What is known of a node that is polled. It stays until the inode goes and the last request has ended. */
struct polled {
	refcount_t p_refs;
	spinlock_t p_lock;
	wait_queue_head_t p_wait;	/* those who poll */
	wait_queue_head_t p_ended;	/* those who wait for a moment */
	struct timer_list p_later;	/* wakes those who poll */
	struct list_head p_asking;	/* requests under way; this and what follows under p_lock */
	__poll_t p_there;		/* events that nobody has been told */
	bool p_gone;			/* the inode is */
};

/* A request. */
struct asking {
	struct list_head a_next;
	struct mounted *a_mounted;
	struct polled *a_polled;
	__poll_t a_events;
};

static void
later_main(struct timer_list *timer)
{
	struct polled *p = container_of(timer, struct polled, p_later);

	wake_up_poll(&p->p_wait, EVENTS);
}

/* The same for all who ask. NULL: there is no memory. */
static struct polled *
polled_of(struct node *n)
{
	struct polled *p = READ_ONCE(n->n_polled), *other;

	if (p != NULL || (p = kzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT)) == NULL)
		return p;
	refcount_set(&p->p_refs, 1);
	spin_lock_init(&p->p_lock);
	init_waitqueue_head(&p->p_wait);
	init_waitqueue_head(&p->p_ended);
	timer_setup(&p->p_later, later_main, 0);
	INIT_LIST_HEAD(&p->p_asking);
	if ((other = cmpxchg(&n->n_polled, NULL, p)) == NULL)
		return p;
	kfree(p);
	return other;
}

static void
polled_rele(struct polled *p)
{

	if (refcount_dec_and_test(&p->p_refs))
		kfree(p);
}

/* With p_lock held. */
static bool
is_asking(struct polled *p, __poll_t events)
{
	struct asking *a;

	list_for_each_entry(a, &p->p_asking, a_next)
		if (a->a_events == events)
			return true;
	return false;
}

static bool
has_ended(struct polled *p, __poll_t events)
{
	bool ended;

	spin_lock(&p->p_lock);
	ended = !is_asking(p, events);
	spin_unlock(&p->p_lock);
	return ended;
}

/* The request has ended, or could not be sent. On any thread. */
static void
asked(void *arg, int error, uint32_t revents)
{
	struct asking *a = arg;
	struct polled *p = a->a_polled;
	__poll_t there;

	switch (error) {
	case 0:
		there = demangle_poll(revents) & (a->a_events | ALWAYS);
		break;
	case EOPNOTSUPP:
		there = DEFAULT_POLLMASK & a->a_events;
		break;
	case EAGAIN:
	case ENOMEM:
		/* It may be possible in a while. */
		there = 0;
		break;
	default:
		there = error == ENXIO ? ALWAYS : EPOLLERR;
	}
	spin_lock(&p->p_lock);
	list_del(&a->a_next);
	p->p_there |= there;
	/* Who begins to poll now begins a request too. */
	if (there == 0 && !p->p_gone && waitqueue_active(&p->p_wait))
		mod_timer(&p->p_later, jiffies + WHILE);
	spin_unlock(&p->p_lock);
	if (there != 0)
		wake_up_poll(&p->p_wait, there);
	wake_up_all(&p->p_ended);
	atomic_dec(&a->a_mounted->m_polls);
	kfree(a);
	polled_rele(p);
}

/* With p_lock held: whether the server is to be asked. */
static bool
is_needed(struct polled *p, __poll_t events)
{

	return (p->p_there & (events | ALWAYS)) == 0 && !is_asking(p, events);
}

/* Asks the server, if that is needed. Returns whether it was. */
static bool
ask(struct inode *inode, struct polled *p, __poll_t events)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct asker by;
	struct asking *a;
	bool needed;
	int error;

	spin_lock(&p->p_lock);
	needed = is_needed(p, events);
	spin_unlock(&p->p_lock);
	if (!needed)
		return false;
	if ((a = kmalloc(sizeof(*a), GFP_KERNEL_ACCOUNT)) == NULL) {
		mod_timer(&p->p_later, jiffies + WHILE);
		return false;
	}
	*a = (struct asking){ .a_mounted = m, .a_polled = p, .a_events = events };
	spin_lock(&p->p_lock);
	if ((needed = is_needed(p, events))) {
		refcount_inc(&p->p_refs);
		list_add(&a->a_next, &p->p_asking);
	}
	spin_unlock(&p->p_lock);
	if (!needed) {
		kfree(a);
		return false;
	}
	error = EAGAIN;
	if (atomic_inc_return(&m->m_polls) <= MOST)
		error = puffs_vfs_poll_begin(m->m_pv, puffs_asker(&by), NODE(inode)->n_cookie, mangle_poll(events & ~ALWAYS), asked, a);
	if (error != 0)
		asked(a, error, 0);
	return true;
}

/* What is there is told once. */
static __poll_t
take(struct polled *p, __poll_t events)
{
	__poll_t there;

	spin_lock(&p->p_lock);
	there = p->p_there & (events | ALWAYS);
	p->p_there &= ~there;
	spin_unlock(&p->p_lock);
	return there;
}

__poll_t
puffs_poll(struct file *file, struct poll_table_struct *wait)
{
	struct inode *inode = file_inode(file);
	struct mounted *m = MOUNTED(inode->i_sb);
	__poll_t events = poll_requested_events(wait) & EVENTS;
	struct polled *p;

	if ((p = polled_of(NODE(inode))) == NULL)
		return EPOLLERR;
	poll_wait(file, &p->p_wait, wait);
	if (READ_ONCE(m->m_dead))
		return ALWAYS;
	/* Who looks again because he was woken will be woken again. */
	if (ask(inode, p, events) && poll_does_not_wait(wait) && !waitqueue_active(&p->p_wait))
		(void)wait_event_interruptible_timeout(p->p_ended, has_ended(p, events), MOMENT);
	return take(p, events);
}

void
puffs_poll_end(struct inode *inode)
{
	struct polled *p = NODE(inode)->n_polled;

	if (p == NULL)
		return;
	spin_lock(&p->p_lock);
	p->p_gone = true;
	spin_unlock(&p->p_lock);
	del_timer_sync(&p->p_later);
	polled_rele(p);
}
