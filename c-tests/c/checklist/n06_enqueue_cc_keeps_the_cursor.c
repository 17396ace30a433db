/*
 * puffs_framev_enqueue_cc brings the answer in the buffer that was sent, with the cursor where the function that reads frames left
 * it. Whatever is queued is sent from its beginning, so the cursor goes there; and puffs_framebuf_seekset moves the cursor only.
 *
 * c-test: link=shared run=plain,asan mount=yes
 */
#include <sys/stat.h>

#include "support/frames.h"

PUFFSOP_PROTOS(ask)

static int asked;

int
ask_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{
	struct puffs_cc *pcc = puffs_cc_getcc(pu);
	struct puffs_framebuf *fb;

	if (opc == ROOT || asked++ > 0)
		return few_node_getattr(pu, opc, va, pcr);
	CHECK((fb = puffs_framebuf_make()) != NULL);
	CHECK_EQ(puffs_framebuf_seekset(fb, 4), 0);
	CHECK_EQ(puffs_framebuf_tellsize(fb), 0);
	puffs_framebuf_destroy(fb);

	fb = frame_make(7, "question");
	CHECK_EQ(puffs_framebuf_telloff(fb), FRAME_HEAD + strlen("question"));
	CHECK_EQ(puffs_framebuf_tellsize(fb), FRAME_HEAD + strlen("question"));
	CHECK_EQ(puffs_framev_enqueue_cc(pcc, frame_fd, fb, 0), 0);
	CHECK_EQ(frame_starts, 1);
	CHECK_EQ(puffs_framebuf_telloff(fb), FRAME_HEAD);
	frame_check(fb, "answer: question");

	/* Once more as it is, the cursor in its middle; the answer is sent as a question. */
	CHECK_EQ(puffs_framev_enqueue_cc(pcc, frame_fd, fb, 0), 0);
	CHECK_EQ(frame_starts, 2);
	CHECK_EQ(puffs_framebuf_telloff(fb), FRAME_HEAD);
	frame_check(fb, "answer: answer: question");
	CHECK_EQ(puffs_framebuf_seekset(fb, 1000), 0);
	CHECK_EQ(puffs_framebuf_tellsize(fb), FRAME_HEAD + strlen("answer: answer: question"));
	puffs_framebuf_destroy(fb);
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
	pid_t far;

	few[1] = (struct few){ "file", VREG, 0 };
	PUFFSOP_SET(pops, ask, node, getattr);
	pu = context(pops, 0);
	far = frame_connect(pu, NULL);
	serve(pu, ROOT, use);
	CHECK(asked > 0);
	close(frame_fd);
	child_end(far);
	return 0;
}
