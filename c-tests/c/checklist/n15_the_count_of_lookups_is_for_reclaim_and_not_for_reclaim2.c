/*
 * With nodes for cookies the library counts how often it handed a node out, and keeps a reclaim back when the other side has not
 * seen them all. A server with reclaim2 counts for itself: it gets each reclaim, with the other side's number.
 */
#include "support/request.h"

PUFFSOP_PROTOS(count)

static struct puffs_node *node;
static int reclaims, last;

int
count_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

	(void)pu, (void)dir, (void)pcn;
	puffs_newinfo_setcookie(pni, node);
	puffs_newinfo_setvtype(pni, VREG);
	return 0;
}

int
count_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc)
{

	(void)pu;
	CHECK(opc == node);
	reclaims++;
	return 0;
}

int
count_node_reclaim2(struct puffs_usermount *pu, puffs_cookie_t opc, int nlookup)
{

	(void)pu;
	CHECK(opc == node);
	reclaims++;
	last = nlookup;
	return 0;
}

/* A context whose node was looked up three times. */
static struct puffs_usermount *
looked_up(struct puffs_ops *pops)
{
	struct puffs_usermount *pu;
	int i;

	PUFFSOP_SET(pops, count, node, lookup);
	pu = context(pops, 0);
	CHECK((node = puffs_pn_new(pu, NULL)) != NULL);
	for (i = 0; i < 3; i++)
		CHECK_EQ(request_lookup(pu, ROOT, "file", NAMEI_LOOKUP, NULL), 0);
	reclaims = 0;
	return pu;
}

static void
over(struct puffs_usermount *pu)
{

	puffs_pn_put(node);
	puffs_cancel(pu, 0);
}

int
main(void)
{
	struct puffs_ops *pops = bare_table();
	struct puffs_usermount *pu;

	PUFFSOP_SET(pops, count, node, reclaim);
	pu = looked_up(pops);
	request_reclaim(pu, node, 2);
	CHECK_EQ(reclaims, 0);
	request_reclaim(pu, node, 1);
	CHECK_EQ(reclaims, 1);
	over(pu);

	pops = bare_table();
	PUFFSOP_SET(pops, count, node, reclaim);
	PUFFSOP_SET(pops, count, node, reclaim2);
	pu = looked_up(pops);
	request_reclaim(pu, node, 2);
	CHECK_EQ(reclaims, 1);
	CHECK_EQ(last, 2);
	over(pu);
	return 0;
}
