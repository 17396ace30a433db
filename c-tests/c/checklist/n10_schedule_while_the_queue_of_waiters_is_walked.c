/*
 * A request may walk a queue of requests that wait and call puffs_cc_schedule for each. They go on later, not within that call:
 * their places in the queue are on their own stacks, and the walk still needs them.
 *
 * c-test: link=shared run=plain,asan mount=yes
 */
#include <sys/queue.h>
#include <sys/stat.h>

#include "support/mount.h"

PUFFSOP_PROTOS(queue)

#define WAITERS 3

struct waiter {
	TAILQ_ENTRY(waiter) w_queue;
	struct puffs_cc *w_cc;
};

static TAILQ_HEAD(, waiter) waiters = TAILQ_HEAD_INITIALIZER(waiters);
static int waiting_pipe[2], walked, gone_on;
static bool walking;

int
queue_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	struct waiter self = { .w_cc = puffs_cc_getcc(pu) };

	(void)opc, (void)offset, (void)pcr, (void)ioflag;
	TAILQ_INSERT_TAIL(&waiters, &self, w_queue);
	CHECK_EQ(write(waiting_pipe[1], "", 1), 1);
	puffs_cc_yield(self.w_cc);
	CHECK(!walking);
	gone_on++;
	/* Nobody may need it any more. */
	memset(&self, 0xff, sizeof(self));
	*buf = 'x';
	*resid = 0;
	return 0;
}

int
queue_node_setattr(struct puffs_usermount *pu, puffs_cookie_t opc, const struct vattr *va, const struct puffs_cred *pcr)
{
	struct waiter *w;

	(void)pu, (void)opc, (void)va, (void)pcr;
	walking = true;
	TAILQ_FOREACH(w, &waiters, w_queue) {
		TAILQ_REMOVE(&waiters, w, w_queue);
		puffs_cc_schedule(w->w_cc);
		walked++;
	}
	walking = false;
	CHECK_EQ(walked, WAITERS);
	CHECK_EQ(gone_on, 0);
	return 0;
}

static void
use_waiting(void)
{
	int fd = open(MNT "/file", O_RDONLY);
	char byte;

	CHECK_EQ(pread(fd, &byte, 1, 0), 1);
}

static void
use(void)
{
	pid_t waiting[WAITERS];
	char byte;
	int i;

	for (i = 0; i < WAITERS; i++)
		waiting[i] = child_start(use_waiting);
	for (i = 0; i < WAITERS; i++)
		CHECK_EQ(read(waiting_pipe[0], &byte, 1), 1);
	CHECK_EQ(chmod(MNT "/file", 0600), 0);
	for (i = 0; i < WAITERS; i++)
		child_end(waiting[i]);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();

	few[1] = (struct few){ "file", VREG, 1 };
	CHECK_EQ(pipe(waiting_pipe), 0);
	PUFFSOP_SET(pops, queue, node, read);
	PUFFSOP_SET(pops, queue, node, setattr);
	serve(context(pops, PUFFS_KFLAG_NOCACHE_PAGE), ROOT, use);
	CHECK_EQ(gone_on, WAITERS);
	return 0;
}
