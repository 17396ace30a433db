/*
 * puffs_exit may be called before the mount, within the main loop, and after it: it asks for the end where there is something to
 * end, and never does harm.
 *
 * c-test: link=shared run=plain,asan mount=yes
 */
#include <sys/stat.h>

#include "support/mount.h"

PUFFSOP_PROTOS(ends)

static int exits, unmounts;

int
ends_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

	(void)dir, (void)pni, (void)pcn;
	exits++;
	CHECK_EQ(puffs_exit(pu, 0), 0);
	CHECK_EQ(puffs_exit(pu, 0), 0);
	return ENOENT;
}

int
ends_fs_unmount(struct puffs_usermount *pu, int flags)
{

	CHECK(flags & PUFFS_MNT_FORCE);
	CHECK_EQ(puffs_exit(pu, 0), 0);
	unmounts++;
	return 0;
}

static struct puffs_usermount *
ends(void)
{
	struct puffs_ops *pops = few_table();

	PUFFSOP_SET(pops, ends, node, lookup);
	PUFFSOP_SET(pops, ends, fs, unmount);
	return context(pops, 0);
}

/* Makes the server end itself, and waits for that. */
static void
use(void)
{
	struct stat st;

	CHECK_EQ(stat(MNT "/exit", &st), -1);
	mount_wait(false);
}

int
main(void)
{
	struct puffs_usermount *pu = ends();

	CHECK_EQ(puffs_exit(pu, 0), 0);
	CHECK_EQ(puffs_exit(pu, 0), 0);
	CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_BEFOREMOUNT);
	puffs_cancel(pu, 0);

	pu = ends();
	serve(pu, ROOT, use);
	CHECK(exits > 0);
	CHECK_EQ(unmounts, 1);
	CHECK_EQ(puffs_exit(pu, 0), 0);
	CHECK_EQ(puffs_exit(pu, 0), 0);
	CHECK_EQ(puffs_getstate(pu), PUFFS_STATE_UNMOUNTED);
	puffs_cancel(pu, 0);
	return 0;
}
