/*
 * PUFFSOP_SET is an expression, which may be all that depends on an if, with an else behind it; PUFFSOP_PROTOS stands with a
 * semicolon behind it or without, and more than once.
 *
 * c-test: lang=c11,c++17
 */
#include <puffs.h>

#include "../support/check.h"

/* The semicolon that is one too many is what this is about. */
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wredundant-decls"

PUFFSOP_PROTOS(one)
PUFFSOP_PROTOS(two);
PUFFSOP_PROTOS(two)

int
one_node_readdir(struct puffs_usermount *pu, void *opc, struct puffs_dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{

	(void)pu, (void)opc, (void)dent, (void)readoff, (void)reslen, (void)pcr, (void)eofflag, (void)cookies, (void)ncookies;
	return 0;
}

int
two_node_reclaim(struct puffs_usermount *pu, void *opc)
{

	(void)pu, (void)opc;
	return 0;
}

static struct puffs_ops *
table(int dpres)
{
	struct puffs_ops *pops;

	PUFFSOP_INIT(pops);
	if (dpres == 0)
		PUFFSOP_SET(pops, one, node, readdir);
	else
		PUFFSOP_SET(pops, two, node, reclaim);
	if (dpres == 0)
		PUFFSOP_SETFSNOP(pops, sync);
	return pops;
}

int
main(void)
{
	struct puffs_ops *set = table(0), *unset = table(1);

	CHECK(set->puffs_node_readdir == one_node_readdir && set->puffs_node_reclaim == NULL);
	CHECK(unset->puffs_node_readdir == NULL && unset->puffs_node_reclaim == two_node_reclaim);
	CHECK(set->puffs_fs_sync == puffs_fsnop_sync && unset->puffs_fs_sync == NULL);
	free(set);
	free(unset);
	return 0;
}
