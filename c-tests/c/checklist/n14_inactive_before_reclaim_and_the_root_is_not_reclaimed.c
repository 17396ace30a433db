/*
 * A node gets inactive after its last use and before reclaim. The root gets inactive too, and never reclaim.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include "support/mount.h"

PUFFSOP_PROTOS(life)

/* What became of a node last. */
enum state { UNKNOWN, USED, INACTIVE, RECLAIMED };

static enum state states[sizeof(few) / sizeof(few[0])];
static int root_inactive;

static void
becomes(struct few *node, enum state state)
{

	CHECK(states[node - few] != RECLAIMED);
	states[node - few] = state;
}

int
life_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	int rv = few_node_lookup(pu, dir, pni, pcn);

	if (rv == 0)
		becomes(few_named(pcn->pcn_name), USED);
	return rv;
}

int
life_node_open(struct puffs_usermount *pu, puffs_cookie_t opc, int mode, const struct puffs_cred *pcr)
{

	(void)pu, (void)mode, (void)pcr;
	becomes(opc, USED);
	return 0;
}

/* The result is nobody's business, so the state is right whatever it is. */
int
life_node_close(struct puffs_usermount *pu, puffs_cookie_t opc, int fflag, const struct puffs_cred *pcr)
{

	(void)pu, (void)fflag, (void)pcr;
	becomes(opc, USED);
	return 0;
}

int
life_node_remove(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	struct few *node = targ;

	(void)dir, (void)pcn;
	becomes(node, USED);
	node->name = NULL;
	puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N2);
	return 0;
}

int
life_node_inactive(struct puffs_usermount *pu, puffs_cookie_t opc)
{

	(void)pu;
	if (opc == ROOT)
		root_inactive++;
	becomes(opc, INACTIVE);
	return 0;
}

int
life_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc)
{

	(void)pu;
	CHECK(opc != ROOT);
	CHECK_EQ(states[(struct few *)opc - few], INACTIVE);
	becomes(opc, RECLAIMED);
	return 0;
}

static void
use(void)
{
	struct stat st;
	int fd;

	CHECK_EQ(stat(MNT "/seen", &st), 0);
	CHECK((fd = open(MNT "/opened", O_RDONLY)) != -1);
	close(fd);
	CHECK((fd = open(MNT, O_RDONLY)) != -1);
	close(fd);
	CHECK((fd = open(MNT "/removed", O_RDONLY)) != -1);
	CHECK_EQ(unlink(MNT "/removed"), 0);
	close(fd);
	CHECK_EQ(unlink(MNT "/unused"), 0);
}

int
main(void)
{
	struct puffs_ops *pops = few_table();
	int i;

	few[1] = (struct few){ "seen", VREG, 0 };
	few[2] = (struct few){ "opened", VREG, 0 };
	few[3] = (struct few){ "removed", VREG, 0 };
	few[4] = (struct few){ "unused", VREG, 0 };
	PUFFSOP_SET(pops, life, node, lookup);
	PUFFSOP_SET(pops, life, node, open);
	PUFFSOP_SET(pops, life, node, close);
	PUFFSOP_SET(pops, life, node, remove);
	PUFFSOP_SET(pops, life, node, inactive);
	PUFFSOP_SET(pops, life, node, reclaim);
	pops->puffs_node_write = puffs_null_node_write;
	serve(context(pops, 0), ROOT, use);
	for (i = 1; i <= 4; i++)
		CHECK_EQ(states[i], RECLAIMED);
	CHECK(root_inactive > 0);
	return 0;
}
