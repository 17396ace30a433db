/*
 * Where the library keeps paths, remove and rmdir get none with their name: the server has that of the node.
 *
 * c-test: run=plain,asan
 */
#include "support/request.h"

PUFFSOP_PROTOS(nopath)

static struct puffs_node *node;
static int removes, links;

static int
goes(puffs_cookie_t targ, const struct puffs_cn *pcn)
{

	CHECK(targ == node);
	CHECK(strcmp(PNPATH(node), "/root/name") == 0);
	CHECK(strcmp(pcn->pcn_name, "name") == 0);
	CHECK(PCNPATH(pcn) == NULL);
	CHECK_EQ(PCNPLEN(pcn), 0);
	removes++;
	return 0;
}

int
nopath_node_remove(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t targ, const struct puffs_cn *pcn)
{

	(void)pu, (void)dir;
	return goes(targ, pcn);
}

int
nopath_node_rmdir(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t targ, const struct puffs_cn *pcn)
{

	(void)pu, (void)dir;
	return goes(targ, pcn);
}

/* Unlike them. */
int
nopath_node_link(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t targ, const struct puffs_cn *pcn)
{

	(void)pu, (void)dir, (void)targ;
	CHECK(strcmp(PCNPATH(pcn), "/root/other") == 0);
	links++;
	return 0;
}

int
main(void)
{
	struct puffs_ops *pops = few_table();
	struct puffs_usermount *pu;
	struct puffs_node *root;

	PUFFSOP_SET(pops, nopath, node, remove);
	PUFFSOP_SET(pops, nopath, node, rmdir);
	PUFFSOP_SET(pops, nopath, node, link);
	pu = context(pops, PUFFS_FLAG_BUILDPATH);
	root = path_node(pu, "/root", VDIR);
	node = path_node(pu, "/root/name", VREG);
	CHECK_EQ(request_name(pu, PUFFS_VN_LINK, root, node, "other"), 0);
	CHECK_EQ(links, 1);
	CHECK_EQ(request_name(pu, PUFFS_VN_REMOVE, root, node, "name"), 0);
	CHECK_EQ(request_name(pu, PUFFS_VN_RMDIR, root, node, "name"), 0);
	CHECK_EQ(removes, 2);
	puffs_pn_put(node);
	puffs_pn_put(root);
	puffs_cancel(pu, 0);
	return 0;
}
