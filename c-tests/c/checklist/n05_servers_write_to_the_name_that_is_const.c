/*
 * The pcn_* names are macros that lead through a pointer, so a server may write to the parts of a name although it gets the name as
 * const: to flags, to how much it consumed, to the name itself; and, past const, to the path.
 *
 * c-test: run=plain,asan
 */
#include "support/request.h"

PUFFSOP_PROTOS(wr)

static struct puffs_node *node;
static uint32_t flags;
static char name[32];

int
wr_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	struct puffs_pathobj *po = (struct puffs_pathobj *)(uintptr_t)&pcn->pcn_po_full;
	struct puffs_cn copy = *pcn;

	(void)pu, (void)dir;
	pcn->pcn_consume = 3;
	pcn->pcn_flags &= ~(uint32_t)NAMEI_ISLASTCN;
	pcn->pcn_name[0] = 'N';
	pcn->pcn_namelen = 2;
	pcn->pcn_nameiop = NAMEI_DELETE;
	/* The macros are the names alone: they do for a structure as for a pointer, and a copy has the same parts. */
	CHECK_EQ(copy.pcn_consume, 3);
	CHECK_EQ(copy.pcn_namelen, 2);
	CHECK_EQ(copy.pcn_nameiop, NAMEI_DELETE);
	CHECK(&copy.pcn_name[0] == &pcn->pcn_pkcnp->pkcn_name[0]);
	flags = copy.pcn_flags;
	strcpy(name, copy.pcn_name);
	/* As a server does whose paths are longer than the library knows. */
	po->po_len--;
	puffs_newinfo_setcookie(pni, node);
	puffs_newinfo_setvtype(pni, VREG);
	return 0;
}

int
main(void)
{
	struct puffs_ops *pops = bare_table();
	struct puffs_usermount *pu;
	struct puffs_node *root;

	PUFFSOP_SET(pops, wr, node, lookup);
	pu = context(pops, PUFFS_FLAG_BUILDPATH);
	root = path_node(pu, "/root", VDIR);
	CHECK((node = puffs_pn_new(pu, NULL)) != NULL);
	CHECK_EQ(request_lookup(pu, root, "file", NAMEI_LOOKUP, NULL), 0);
	CHECK_EQ(flags & NAMEI_ISLASTCN, 0);
	CHECK_EQ(strcmp(name, "Nile"), 0);
	/* The node has the path as the server left it. */
	CHECK_EQ(strcmp(PNPATH(node), "/root/file"), 0);
	CHECK_EQ(PNPLEN(node), strlen("/root/fil"));
	puffs_pn_put(node);
	puffs_pn_put(root);
	puffs_cancel(pu, 0);
	return 0;
}
