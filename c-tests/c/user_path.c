/*
 * user_path.c: the functions for paths, called as a server calls them: without hooks, and with all five.
 *
 * c-test: run=plain,asan,valgrind
 */
#include <puffs.h>

#include <errno.h>

#include "check.h"

PUFFSOP_PROTOS(testfs)

int
testfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{

	(void)pu, (void)opc, (void)pni, (void)pcn;
	return ENOENT;
}

static struct puffs_usermount *
context(uint32_t flags)
{
	struct puffs_usermount *pu;
	struct puffs_ops *pops;

	PUFFSOP_INIT(pops);
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SETFSNOP(pops, statvfs);
	PUFFSOP_SET(pops, testfs, node, lookup);
	CHECK((pu = puffs_init(pops, "a", "b", NULL, flags)) != NULL);
	return pu;
}

static struct puffs_pathobj
po(const char *path)
{
	struct puffs_pathobj po = { (void *)(uintptr_t)path, strlen(path), 0 };

	return po;
}

static struct puffs_node *
node(struct puffs_usermount *pu, const char *path)
{
	struct puffs_node *pn = puffs_pn_new(pu, NULL);

	CHECK(pn != NULL);
	PNPATH(pn) = strdup(path);
	PNPLEN(pn) = strlen(path);
	puffs_path_buildhash(pu, puffs_pn_getpo(pn));
	return pn;
}

static struct puffs_kcn kcn;
static struct puffs_cn cn;

static struct puffs_cn *
name(const char *text)
{

	memset(&cn, 0, sizeof(cn));
	cn.pcn_pkcnp = &kcn;
	strcpy((&cn)->pcn_name, text);
	(&cn)->pcn_namelen = strlen(text);
	return &cn;
}

static void
builds(const char *dir, const char *comp, size_t offset, const char *path)
{
	struct puffs_pathobj d = po(dir), c = po(comp), new;

	CHECK_EQ(puffs_stdpath_buildpath(NULL, &d, &c, offset, &new), 0);
	CHECK_EQ(new.po_len, strlen(path));
	CHECK(strcmp(new.po_path, path) == 0);
	puffs_stdpath_freepath(NULL, &new);
}

static int
compares(const char *a, const char *b, size_t len, int checkprefix)
{
	struct puffs_pathobj pa = po(a), pb = po(b);

	return puffs_stdpath_cmppath(NULL, &pa, &pb, len, checkprefix);
}

static void
standard(void)
{
	struct puffs_usermount *pu = context(PUFFS_FLAG_BUILDPATH | PUFFS_FLAG_HASHPATH);
	struct puffs_node *dir = node(pu, "/d"), *below = node(pu, "/d/x/y"), *beside = node(pu, "/dx");
	struct puffs_pathobj old = po("/d"), new = po("/new"), wanted = po("/new/x/y");
	struct puffs_pathinfo info = { &old, &new };
	uint32_t hash;

	builds("/a", "b", 0, "/a/b");
	builds("/a/", "/b", 0, "/a/b");
	builds("/", "b", 0, "/b");
	builds("/a/b", "..", 0, "/a");
	builds("/a", "..", 0, "/");
	builds("/new", "/old/x", 4, "/new/x");
	CHECK_EQ(compares("/a/b", "/a", 2, 1), 0);
	CHECK(compares("/ab", "/a", 2, 1) != 0);
	CHECK(compares("/a", "/a", 2, 1) != 0);
	CHECK_EQ(compares("/a", "/a", 2, 0), 0);
	CHECK(compares("/a", "/a", 3, 0) != 0);

	CHECK_EQ(puffs_path_pcnbuild(pu, name("file"), dir), 0);
	CHECK(strcmp(PCNPATH(&cn), "/d/file") == 0);
	CHECK_EQ(PCNPLEN(&cn), 7);
	CHECK(cn.pcn_po_full.po_hash != 0);
	puffs_stdpath_freepath(pu, &cn.pcn_po_full);
	CHECK_EQ(puffs_path_pcnbuild(pu, name(".."), below), 0);
	CHECK(PCNISDOTDOT(&cn) && strcmp(PCNPATH(&cn), "/d/x") == 0);
	puffs_stdpath_freepath(pu, &cn.pcn_po_full);

	/* A rename, as the library does it; then a search. */
	CHECK(puffs_pn_nodewalk(pu, puffs_path_prefixadj, &info) == NULL);
	CHECK(strcmp(PNPATH(dir), "/d") == 0 && strcmp(PNPATH(beside), "/dx") == 0);
	CHECK(strcmp(PNPATH(below), "/new/x/y") == 0 && PNPLEN(below) == 8);
	puffs_path_buildhash(pu, &wanted);
	CHECK(puffs_pn_nodewalk(pu, puffs_path_walkcmp, &wanted) == below);
	hash = wanted.po_hash;
	wanted.po_hash++;
	CHECK(puffs_pn_nodewalk(pu, puffs_path_walkcmp, &wanted) == NULL);
	wanted = po("/new/x/z");
	wanted.po_hash = hash;
	CHECK(puffs_pn_nodewalk(pu, puffs_path_walkcmp, &wanted) == NULL);
	puffs_pn_put(dir);
	puffs_pn_put(below);
	puffs_pn_put(beside);
	puffs_cancel(pu, 0);
}

/* Paths of a server of its own: numbers, ended by nothing, whose length is in bytes. */
struct numbers {
	int n[4];
};

static int frees, fail_at, calls;

static int
may_fail(void)
{

	return ++calls == fail_at ? EDOM : 0;
}

static int
transform(struct puffs_usermount *pu, const struct puffs_pathobj *base, const struct puffs_cn *pcn, struct puffs_pathobj *comp)
{

	(void)pu;
	CHECK_EQ(base->po_len, sizeof(int));
	if (may_fail() != 0)
		return EDOM;
	comp->po_len = sizeof(int);
	CHECK((comp->po_path = malloc(sizeof(int))) != NULL);
	*(int *)comp->po_path = atoi(pcn->pcn_name);
	return 0;
}

static int
namemod(struct puffs_usermount *pu, struct puffs_pathobj *dir, struct puffs_cn *pcn)
{

	(void)pu, (void)dir;
	pcn->pcn_name[0]++;
	return may_fail();
}

static int
build(struct puffs_usermount *pu, const struct puffs_pathobj *dir, const struct puffs_pathobj *comp, size_t offset,
    struct puffs_pathobj *new)
{
	size_t len = comp->po_len - offset;

	(void)pu;
	if (may_fail() != 0)
		return EDOM;
	new->po_len = dir->po_len + len;
	CHECK((new->po_path = malloc(new->po_len)) != NULL);
	memcpy(new->po_path, dir->po_path, dir->po_len);
	memcpy((char *)new->po_path + dir->po_len, (char *)comp->po_path + offset, len);
	return 0;
}

/* Numbers are compared without their signs. */
static int
compare(struct puffs_usermount *pu, struct puffs_pathobj *a, struct puffs_pathobj *b, size_t len, int checkprefix)
{
	const int *na = a->po_path, *nb = b->po_path;
	size_t i;

	(void)pu;
	for (i = 0; i < len / sizeof(int); i++)
		if (abs(na[i]) != abs(nb[i]))
			return 1;
	return checkprefix && a->po_len <= len;
}

static void
release(struct puffs_usermount *pu, struct puffs_pathobj *po)
{

	(void)pu;
	frees++;
	free(po->po_path);
}

static struct puffs_node *
numbered(struct puffs_usermount *pu, size_t count, int a, int b)
{
	struct puffs_node *pn = puffs_pn_new(pu, NULL);

	CHECK(pn != NULL && (PNPATH(pn) = malloc(2 * sizeof(int))) != NULL);
	((int *)PNPATH(pn))[0] = a;
	((int *)PNPATH(pn))[1] = b;
	PNPLEN(pn) = count * sizeof(int);
	return pn;
}

static void
hooked(void)
{
	struct puffs_usermount *pu = context(PUFFS_FLAG_BUILDPATH);
	struct puffs_node *dir = numbered(pu, 1, 7, 0), *below = numbered(pu, 2, -7, 5);
	struct numbers old_path = { { 7 } }, new_path = { { 8, 9 } };
	struct puffs_pathobj old = { &old_path, sizeof(int), 0 }, new = { &new_path, 2 * sizeof(int), 0 };
	struct puffs_pathinfo info = { &old, &new };
	int *path;

	puffs_set_pathtransform(pu, transform);
	puffs_set_namemod(pu, namemod);
	puffs_set_pathbuild(pu, build);
	puffs_set_pathcmp(pu, compare);
	puffs_set_pathfree(pu, release);

	CHECK_EQ(puffs_path_pcnbuild(pu, name("42"), dir), 0);
	CHECK_EQ(frees, 1);
	path = PCNPATH(&cn);
	CHECK(PCNPLEN(&cn) == 2 * sizeof(int) && path[0] == 7 && path[1] == 42);
	/* The server sees the changed name, the path the one before: the component was made first. */
	CHECK(strcmp((&cn)->pcn_name, "52") == 0);
	release(pu, &cn.pcn_po_full);
	for (fail_at = 1; fail_at <= 3; fail_at++) {
		frees = calls = 0;
		CHECK_EQ(puffs_path_pcnbuild(pu, name("42"), dir), EDOM);
		CHECK(PCNPATH(&cn) == NULL);
		CHECK_EQ(frees, fail_at > 1);
	}
	fail_at = 0;

	frees = 0;
	CHECK(puffs_pn_nodewalk(pu, puffs_path_prefixadj, &info) == NULL);
	path = PNPATH(below);
	CHECK(PNPLEN(below) == 3 * sizeof(int) && path[0] == 8 && path[1] == 9 && path[2] == 5);
	CHECK_EQ(frees, 1);
	CHECK(puffs_pn_nodewalk(pu, puffs_path_walkcmp, &old) == dir);
	old_path.n[0] = -7;
	CHECK(puffs_path_walkcmp(pu, dir, &old) == dir && puffs_path_walkcmp(pu, below, &old) == NULL);

	/* NULL brings the library's own back. */
	puffs_set_pathcmp(pu, NULL);
	CHECK(puffs_path_walkcmp(pu, dir, &old) == NULL);
	puffs_set_pathtransform(pu, NULL);
	puffs_set_namemod(pu, NULL);
	puffs_set_pathbuild(pu, NULL);
	puffs_pn_put(below);
	CHECK_EQ(frees, 2);
	puffs_set_pathfree(pu, NULL);
	puffs_pn_put(dir);
	CHECK_EQ(frees, 2);
	puffs_cancel(pu, 0);
}

static void
without(void)
{
	struct puffs_usermount *pu = context(0);
	struct puffs_node *pn = node(pu, "/d");
	struct puffs_pathobj path = po("/d");
	struct timespec *attr, *lookup;

	/* Without the flags there are no hashes; what the server asks for itself it gets. */
	CHECK_EQ(puffs_pn_getpo(pn)->po_hash, 0);
	CHECK(puffs_path_walkcmp(pu, pn, &path) == pn);
	CHECK_EQ(puffs_path_pcnbuild(pu, name("x"), pn), 0);
	puffs_stdpath_freepath(pu, &cn.pcn_po_full);

	/* Two times that are the server's. */
	CHECK((attr = puffs_pn_getvattl(pn)) != NULL && (lookup = puffs_pn_getcnttl(pn)) != NULL && attr != lookup);
	CHECK(attr->tv_sec == 0 && attr->tv_nsec == 0 && lookup->tv_sec == 0 && lookup->tv_nsec == 0);
	attr->tv_sec = 5;
	lookup->tv_sec = 6;
	CHECK(puffs_pn_getvattl(pn)->tv_sec == 5 && puffs_pn_getcnttl(pn)->tv_sec == 6);
	puffs_pn_put(pn);
	CHECK_EQ(puffs_fs_suspend(pu), EOPNOTSUPP);
	puffs_cancel(pu, 0);
}

int
main(void)
{

	standard();
	hooked();
	without();
	return 0;
}
