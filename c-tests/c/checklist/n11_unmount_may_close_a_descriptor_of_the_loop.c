/*
 * fs_unmount may close descriptors that the main loop watches, and never say puffs_framev_removefd. The loop bears it, and ends.
 *
 * c-test: link=shared run=plain,asan mount=yes
 */
#include <sys/stat.h>

#include "support/frames.h"

PUFFSOP_PROTOS(close)

static int unmounts, asked;

/* Something is under way on the descriptor always. */
int
close_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{

	CHECK_EQ(puffs_framev_enqueue_justsend(pu, frame_fd, frame_make((uint32_t)++asked, "getattr"), 1, 0), 0);
	return few_node_getattr(pu, opc, va, pcr);
}

int
close_fs_unmount(struct puffs_usermount *pu, int flags)
{

	(void)flags;
	unmounts++;
	CHECK_EQ(puffs_framev_enqueue_justsend(pu, frame_fd, frame_make(0, "farewell"), 0, 0), 0);
	CHECK_EQ(close(frame_fd), 0);
	return 0;
}

static void
use(void)
{
	struct stat st;

	close(frame_fd);
	CHECK_EQ(stat(MNT, &st), 0);
	CHECK_EQ(stat(MNT "/file", &st), 0);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	pid_t far;

	few[1] = (struct few){ "file", VREG, 0 };
	PUFFSOP_SET(pops, close, fs, unmount);
	PUFFSOP_SET(pops, close, node, getattr);
	pu = context(pops, 0);
	far = frame_connect(pu, puffs_framev_unmountonclose);
	serve(pu, ROOT, use);
	CHECK_EQ(unmounts, 1);
	CHECK(asked > 0);
	CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_UNMOUNTED);
	puffs_cancel(pu, 0);
	child_end(far);
	return 0;
}
