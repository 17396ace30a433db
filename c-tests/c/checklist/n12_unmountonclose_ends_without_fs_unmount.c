/*
 * When both sides of a connection have closed, puffs_framev_unmountonclose ends the main loop, and fs_unmount is not called: there
 * is nobody left whom the server could ask. The mount goes with it.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include "support/frames.h"

PUFFSOP_PROTOS(lost)

static int unmounts, gone_pipe[2];
static pid_t far;

int
lost_fs_unmount(struct puffs_usermount *pu, int flags)
{

	(void)pu, (void)flags;
	unmounts++;
	return 0;
}

/* Who answers ends, and the client is there still when the mount is not. */
static void
use(void)
{
	struct stat st;
	char byte;

	close(frame_fd);
	CHECK_EQ(stat(MNT, &st), 0);
	CHECK_EQ(kill(far, SIGKILL), 0);
	CHECK_EQ(read(gone_pipe[0], &byte, 1), 1);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	pid_t client;

	PUFFSOP_SET(pops, lost, fs, unmount);
	pu = context(pops, 0);
	far = frame_connect(pu, puffs_framev_unmountonclose);
	CHECK_EQ(pipe(gone_pipe), 0);
	client = mount_for(pu, ROOT, use);
	CHECK(mount_is_there());
	CHECK_EQ(puffs_mainloop(pu), 0);
	/* The client has not ended it. */
	CHECK_EQ(waitpid(client, NULL, WNOHANG), 0);
	CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_UNMOUNTED);
	CHECK_EQ(unmounts, 0);
	CHECK(!mount_is_there());
	CHECK_EQ(write(gone_pipe[1], "", 1), 1);
	child_end(client);
	CHECK_EQ(waitpid(far, NULL, 0), far);
	return 0;
}
