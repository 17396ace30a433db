/*
 * What puffs_framev_enqueue_justsend has accepted is the library's, and freed by it, also when the operation that sent it is over long
 * before, and when it cannot be sent any more. What it has refused stays the caller's.
 *
 * c-test: link=shared run=asan mount=yes
 */
#include <sys/stat.h>

#include "support/frames.h"

PUFFSOP_PROTOS(off)

static int broken, sent, refused;

/* Refused: if it were freed already, this would free it twice. */
static void
refuse(struct puffs_usermount *pu, int fd, int error)
{
	struct puffs_framebuf *fb = frame_make(0, "refused");

	errno = 0;
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, fd, fb, 0, 0), -1);
	CHECK_EQ(errno, error);
	CHECK_EQ(puffs_framebuf_tellsize(fb), FRAME_HEAD + strlen("refused"));
	puffs_framebuf_destroy(fb);
	refused++;
}

static void
closed(struct puffs_usermount *pu, int fd, int what)
{

	if (fd == broken && what == PUFFS_FBIO_WRITE)
		refuse(pu, fd, ESHUTDOWN);
}

int
off_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{
	struct puffs_framebuf *fb;

	if (opc == ROOT || sent++ > 0)
		return few_node_getattr(pu, opc, va, pcr);
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, frame_fd, frame_make(1, "in passing"), 1, 0), 0);
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, frame_fd, frame_make(2, "no answer"), 0, 0), 0);
	/* Nobody reads it. */
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, broken, frame_make(3, "lost"), 0, 0), 0);
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, broken, frame_make(4, "lost"), 1, 0), 0);
	refuse(pu, broken + 100, EINVAL);

	/* By this answer the others have been sent and answered. */
	fb = frame_make(5, "last");
	CHECK_EQ(puffs_framev_enqueue_cc(puffs_cc_getcc(pu), frame_fd, fb, 0), 0);
	frame_check(fb, "answer: last");
	puffs_framebuf_destroy(fb);
	/* Left when the main loop ends. */
	CHECK_EQ(puffs_framev_disablefd(pu, frame_fd, PUFFS_FBIO_WRITE), 0);
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, frame_fd, frame_make(6, "too late"), 0, 0), 0);
	return few_node_getattr(pu, opc, va, pcr);
}

static void
use(void)
{
	struct stat st;

	CHECK_EQ(stat(MNT "/file", &st), 0);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	int pair[2];
	pid_t far;

	few[1] = (struct few){ "file", VREG, 0 };
	PUFFSOP_SET(pops, off, node, getattr);
	pu = context(pops, 0);
	far = frame_connect(pu, closed);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	broken = pair[0];
	/* Read in its direction there is nothing ever, written in the other there is nobody. */
	CHECK_EQ(shutdown(pair[1], SHUT_RD), 0);
	CHECK_EQ(puffs_framev_addfd(pu, broken, PUFFS_FBIO_READ | PUFFS_FBIO_WRITE), 0);
	serve(pu, ROOT, use);
	CHECK(sent > 0);
	CHECK_EQ(refused, 2);
	puffs_cancel(pu, 0);
	close(frame_fd);
	child_end(far);
	return 0;
}
