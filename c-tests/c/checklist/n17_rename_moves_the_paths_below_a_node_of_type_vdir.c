/*
 * Where the library keeps paths, a rename changes those of the nodes below only if the va_type in the node's pn_va is VDIR. A
 * server that never fills pn_va in has to do it itself.
 *
 * c-test: run=plain,asan
 */
#include "support/request.h"

PUFFSOP_PROTOS(moves)

int
moves_node_rename(struct puffs_usermount *pu, puffs_cookie_t sdir, puffs_cookie_t src, const struct puffs_cn *spcn,
    puffs_cookie_t tdir, puffs_cookie_t targ, const struct puffs_cn *tpcn)
{

	(void)pu, (void)sdir, (void)src, (void)spcn, (void)tdir, (void)targ, (void)tpcn;
	return 0;
}

/* Renames /root/old, a node of this type; where is what was /root/old/a/b then? */
static void
renamed(enum vtype type, const char *below)
{
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	struct puffs_node *nodes[4];
	int i;

	PUFFSOP_SET(pops, moves, node, rename);
	pu = context(pops, PUFFS_FLAG_BUILDPATH);
	nodes[0] = path_node(pu, "/root", VDIR);
	nodes[1] = path_node(pu, "/root/old", type);
	nodes[2] = path_node(pu, "/root/old/a/b", VREG);
	nodes[3] = path_node(pu, "/root/older", VREG);
	CHECK_EQ(request_rename(pu, nodes[0], nodes[1], "old", "moved"), 0);
	CHECK_EQ(strcmp(PNPATH(nodes[1]), "/root/moved"), 0);
	CHECK_EQ(strcmp(PNPATH(nodes[2]), below), 0);
	CHECK_EQ(PNPLEN(nodes[2]), strlen(below));
	CHECK_EQ(strcmp(PNPATH(nodes[3]), "/root/older"), 0);
	for (i = 0; i < 4; i++)
		puffs_pn_put(nodes[i]);
	puffs_cancel(pu, 0);
}

int
main(void)
{

	renamed(VDIR, "/root/moved/a/b");
	renamed(VREG, "/root/old/a/b");
	/* As puffs_pn_new leaves it. */
	renamed(VNON, "/root/old/a/b");
	return 0;
}
