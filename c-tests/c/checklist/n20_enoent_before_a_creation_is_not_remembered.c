/*
 * ENOENT is the good answer to a lookup for CREATE or RENAME: the name may be made. Nobody remembers it as the answer to whoever
 * looks next.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include "support/mount.h"

PUFFSOP_PROTOS(new)

static int free_names;

/* Counts the good answers. */
int
new_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	int rv = few_node_lookup(pu, dir, pni, pcn);

	if (rv == ENOENT && (pcn->pcn_nameiop == NAMEI_CREATE || pcn->pcn_nameiop == NAMEI_RENAME)) {
		CHECK(pcn->pcn_flags & NAMEI_ISLASTCN);
		free_names++;
	}
	return rv;
}

static int
make(puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn, enum vtype type)
{
	struct few *node = few;

	CHECK(dir == ROOT);
	while (node->name != NULL)
		node++;
	*node = (struct few){ strdup(pcn->pcn_name), type, 0 };
	puffs_newinfo_setcookie(pni, node);
	return 0;
}

int
new_node_create(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *va)
{

	(void)pu;
	return make(dir, pni, pcn, va->va_type);
}

int
new_node_mknod(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *va)
{

	(void)pu;
	return make(dir, pni, pcn, va->va_type);
}

int
new_node_mkdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *va)
{

	(void)pu;
	return make(dir, pni, pcn, va->va_type);
}

int
new_node_symlink(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *va, const char *target)
{

	(void)pu, (void)target;
	return make(dir, pni, pcn, va->va_type);
}

int
new_node_rename(struct puffs_usermount *pu, puffs_cookie_t sdir, puffs_cookie_t src, const struct puffs_cn *spcn,
    puffs_cookie_t tdir, puffs_cookie_t targ, const struct puffs_cn *tpcn)
{
	struct few *node = src;

	(void)pu, (void)sdir, (void)spcn, (void)tdir;
	CHECK(targ == NULL);
	node->name = strdup(tpcn->pcn_name);
	return 0;
}

static void
missing(const char *path)
{
	struct stat st;

	CHECK_EQ(lstat(path, &st), -1);
	CHECK_EQ(errno, ENOENT);
}

static void
found(const char *path, mode_t type)
{
	struct stat st;

	CHECK_EQ(lstat(path, &st), 0);
	CHECK_EQ(st.st_mode & S_IFMT, type);
}

static void
use(void)
{

	missing(MNT "/file");
	CHECK(open(MNT "/file", O_CREAT | O_EXCL | O_WRONLY, 0644) != -1);
	found(MNT "/file", S_IFREG);
	missing(MNT "/fifo");
	CHECK_EQ(mkfifo(MNT "/fifo", 0644), 0);
	found(MNT "/fifo", S_IFIFO);
	missing(MNT "/dir");
	CHECK_EQ(mkdir(MNT "/dir", 0755), 0);
	found(MNT "/dir", S_IFDIR);
	missing(MNT "/link");
	CHECK_EQ(symlink("file", MNT "/link"), 0);
	found(MNT "/link", S_IFLNK);
	missing(MNT "/moved");
	CHECK_EQ(rename(MNT "/file", MNT "/moved"), 0);
	found(MNT "/moved", S_IFREG);
	missing(MNT "/file");
}

int
main(void)
{
	struct puffs_ops *pops = few_table();

	PUFFSOP_SET(pops, new, node, lookup);
	PUFFSOP_SET(pops, new, node, create);
	PUFFSOP_SET(pops, new, node, mknod);
	PUFFSOP_SET(pops, new, node, mkdir);
	PUFFSOP_SET(pops, new, node, symlink);
	PUFFSOP_SET(pops, new, node, rename);
	pops->puffs_node_write = puffs_null_node_write;
	serve(context(pops, 0), ROOT, use);
	CHECK_EQ(free_names, 5);
	return 0;
}
