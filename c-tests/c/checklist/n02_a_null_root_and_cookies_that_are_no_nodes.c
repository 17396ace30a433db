/*
 * The root's cookie may be NULL, and cookies need not point to anything. The library takes them for nodes, and counts what it hands
 * out in them, from the first puffs_pn_new on and not before.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include "support/mount.h"
#include "support/request.h"

PUFFSOP_PROTOS(any)

#define NUMBER ((void *)1)

/* What the next lookup finds; and what would be written to if cookies were taken for nodes. */
static void *found = NUMBER;
static struct puffs_node words;
static int reclaims, lookups;

int
any_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

	(void)pu;
	CHECK(dir == NULL);
	if (strcmp(pcn->pcn_name, "file") != 0)
		return ENOENT;
	lookups++;
	puffs_newinfo_setcookie(pni, found);
	puffs_newinfo_setvtype(pni, VREG);
	return 0;
}

int
any_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *va, const struct puffs_cred *pcr)
{

	(void)pu, (void)pcr;
	CHECK(opc == NULL || opc == NUMBER);
	puffs_vattr_null(va);
	va->va_type = opc == NULL ? VDIR : VREG;
	va->va_mode = opc == NULL ? 0755 : 0644;
	va->va_nlink = 1;
	va->va_uid = va->va_gid = 0;
	va->va_fileid = opc == NULL ? 1 : 2;
	va->va_size = 0;
	return 0;
}

int
any_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc)
{

	(void)pu;
	CHECK(opc != NULL);
	reclaims++;
	return 0;
}

static struct puffs_usermount *
any(void)
{
	struct puffs_ops *pops = bare_table();

	PUFFSOP_SET(pops, any, node, lookup);
	PUFFSOP_SET(pops, any, node, getattr);
	PUFFSOP_SET(pops, any, node, reclaim);
	return context(pops, 0);
}

static void
counting(void)
{
	static const struct puffs_node zero;
	struct puffs_usermount *pu = any();
	struct puffs_node *pn;
	void *cookie;
	int i;

	CHECK_EQ(request_lookup(pu, NULL, "file", NAMEI_LOOKUP, &cookie), 0);
	CHECK(cookie == NUMBER);
	found = &words;
	for (i = 0; i < 2; i++)
		CHECK_EQ(request_lookup(pu, NULL, "file", NAMEI_LOOKUP, NULL), 0);
	CHECK_EQ(memcmp(&words, &zero, sizeof(words)), 0);
	/* Nothing is counted, so nothing is kept back. */
	request_reclaim(pu, &words, 1);
	CHECK_EQ(reclaims, 1);

	CHECK((found = pn = puffs_pn_new(pu, NULL)) != NULL);
	for (i = 0; i < 2; i++)
		CHECK_EQ(request_lookup(pu, NULL, "file", NAMEI_LOOKUP, NULL), 0);
	CHECK_EQ(pn->pn_nlookup, 2);
	request_reclaim(pu, pn, 1);
	CHECK_EQ(reclaims, 1);
	puffs_pn_put(pn);
	puffs_cancel(pu, 0);
}

static void
use(void)
{
	struct stat st;

	CHECK_EQ(stat(MNT, &st), 0);
	CHECK(S_ISDIR(st.st_mode));
	CHECK_EQ(stat(MNT "/file", &st), 0);
	CHECK(S_ISREG(st.st_mode));
	CHECK_EQ(stat(MNT "/none", &st), -1);
	CHECK_EQ(errno, ENOENT);
}

int
main(void)
{

	counting();
	found = NUMBER;
	lookups = 0;
	serve(any(), NULL, use);
	CHECK(lookups > 0);
	return 0;
}
