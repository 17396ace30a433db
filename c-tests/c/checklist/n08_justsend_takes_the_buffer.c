/*
 * What puffs_framev_enqueue_justsend has accepted is the library's, and freed by it, also when the operation that sent it is over
 * long before, and when it cannot be sent any more. What it has refused stays the caller's.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include "support/frames.h"
#include "support/frees.h"

PUFFSOP_PROTOS(off)

static int broken, sent, refused;
static const struct watched *lost[2], *late;

/* Has a frame sent, of which the library is the owner then. */
static const struct watched *
accepted(struct puffs_usermount *pu, int fd, uint32_t number, int waitreply)
{
	struct puffs_framebuf *fb = frame_make(number, "in passing");

	CHECK_EQ(puffs_framev_enqueue_justsend(pu, fd, fb, waitreply, 0), 0);
	return watch(fb);
}

static void
refuse(struct puffs_usermount *pu, int fd, int error)
{
	struct puffs_framebuf *fb = frame_make(0, "refused");
	const struct watched *w = watch(fb);

	errno = 0;
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, fd, fb, 0, 0), -1);
	CHECK_EQ(errno, error);
	CHECK(!w->freed);
	puffs_framebuf_destroy(fb);
	CHECK(w->freed);
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
	const struct watched *unanswered, *answered;
	struct puffs_framebuf *fb;

	if (opc == ROOT || sent++ > 0)
		return few_node_getattr(pu, opc, va, pcr);
	answered = accepted(pu, frame_fd, 1, 1);
	unanswered = accepted(pu, frame_fd, 2, 0);
	/* Nobody reads it. */
	lost[0] = accepted(pu, broken, 3, 0);
	lost[1] = accepted(pu, broken, 4, 1);
	CHECK(!answered->freed && !unanswered->freed);
	refuse(pu, broken + 100, EINVAL);

	/* When this is answered they are, too. */
	fb = frame_make(5, "last");
	CHECK_EQ(puffs_framev_enqueue_cc(puffs_cc_getcc(pu), frame_fd, fb, 0), 0);
	puffs_framebuf_destroy(fb);
	CHECK(answered->freed && unanswered->freed);
	/* Left when the main loop ends. */
	CHECK_EQ(puffs_framev_disablefd(pu, frame_fd, PUFFS_FBIO_WRITE), 0);
	late = accepted(pu, frame_fd, 6, 0);
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
	CHECK(lost[0]->freed && lost[1]->freed && late->freed);
	puffs_cancel(pu, 0);
	close(frame_fd);
	child_end(far);
	return 0;
}
