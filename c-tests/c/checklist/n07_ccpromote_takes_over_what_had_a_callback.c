/*
 * puffs_framev_framebuf_ccpromote makes a frame that was sent with a callback one that a later request waits for: that gets the
 * answer, and the callback is not called any more.
 *
 * c-test: link=shared run=plain,asan mount=yes
 */
#include <sys/stat.h>

#include "support/frames.h"

PUFFSOP_PROTOS(take)

#define AHEAD (&few[1])
#define READER (&few[2])

static struct puffs_framebuf *ahead;
static int promoted, called;

static void
gotanswer(struct puffs_usermount *pu, struct puffs_framebuf *fb, void *arg, int error)
{

	(void)pu, (void)fb, (void)arg, (void)error;
	called++;
}

int
take_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{
	struct puffs_cc *pcc = puffs_cc_getcc(pu);

	if (opc == AHEAD && ahead == NULL) {
		/* It does not leave before somebody wants it. */
		CHECK_EQ(puffs_framev_disablefd(pu, frame_fd, PUFFS_FBIO_WRITE), 0);
		ahead = frame_make(7, "read ahead");
		CHECK_EQ(puffs_framev_enqueue_cb(pu, frame_fd, ahead, gotanswer, NULL, 0), 0);
	}
	if (opc == READER && promoted++ == 0) {
		CHECK_EQ(puffs_framev_enablefd(pu, frame_fd, PUFFS_FBIO_WRITE), 0);
		CHECK_EQ(puffs_framev_framebuf_ccpromote(ahead, pcc), 0);
		frame_check(ahead, "answer: read ahead");
		/* It is out of the queue, and the caller's. */
		errno = 0;
		CHECK_EQ(puffs_framev_framebuf_ccpromote(ahead, pcc), -1);
		CHECK_EQ(errno, EBUSY);
		puffs_framebuf_destroy(ahead);
	}
	return few_node_getattr(pu, opc, va, pcr);
}

static void
use(void)
{
	struct stat st;

	CHECK_EQ(stat(MNT "/ahead", &st), 0);
	CHECK_EQ(stat(MNT "/reader", &st), 0);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	pid_t far;

	*AHEAD = (struct few){ "ahead", VREG, 0 };
	*READER = (struct few){ "reader", VREG, 0 };
	PUFFSOP_SET(pops, take, node, getattr);
	pu = context(pops, 0);
	far = frame_connect(pu, NULL);
	serve(pu, ROOT, use);
	CHECK(promoted > 0);
	CHECK_EQ(called, 0);
	close(frame_fd);
	child_end(far);
	return 0;
}
