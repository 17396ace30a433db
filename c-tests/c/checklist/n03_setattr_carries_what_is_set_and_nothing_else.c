/*
 * In what setattr and the creating operations are given, each field that was not set is PUFFS_VNOVAL, va_flags and va_gen among
 * them. puffs_vattr_null gives these other values: it is for what a server fills in.
 *
 * c-test: link=shared mount=yes
 */
#include <sys/stat.h>

#include "support/mount.h"

PUFFSOP_PROTOS(set)

enum {
	GIVEN_TYPE = 1 << 0, GIVEN_MODE = 1 << 1, GIVEN_NLINK = 1 << 2, GIVEN_UID = 1 << 3, GIVEN_GID = 1 << 4,
	GIVEN_FSID = 1 << 5, GIVEN_FILEID = 1 << 6, GIVEN_SIZE = 1 << 7, GIVEN_BLOCKSIZE = 1 << 8,
	GIVEN_ATIME = 1 << 9, GIVEN_MTIME = 1 << 10, GIVEN_CTIME = 1 << 11, GIVEN_BIRTHTIME = 1 << 12,
	GIVEN_GEN = 1 << 13, GIVEN_FLAGS = 1 << 14, GIVEN_RDEV = 1 << 15, GIVEN_BYTES = 1 << 16
};

static int given[16], ngiven;

static int
is_set(const struct timespec *ts)
{

	CHECK_EQ(ts->tv_sec == PUFFS_VNOVAL, ts->tv_nsec == PUFFS_VNOVAL);
	return ts->tv_sec != PUFFS_VNOVAL;
}

/* The fields that are not PUFFS_VNOVAL. */
static int
fields(const struct vattr *va)
{
	int found = 0;

	if (va->va_type != VNON)
		found |= GIVEN_TYPE;
	if (va->va_mode != (mode_t)PUFFS_VNOVAL)
		found |= GIVEN_MODE;
	if (va->va_nlink != (uint32_t)PUFFS_VNOVAL)
		found |= GIVEN_NLINK;
	if (va->va_uid != (uid_t)PUFFS_VNOVAL)
		found |= GIVEN_UID;
	if (va->va_gid != (gid_t)PUFFS_VNOVAL)
		found |= GIVEN_GID;
	if (va->va_fsid != (dev_t)PUFFS_VNOVAL)
		found |= GIVEN_FSID;
	if (va->va_fileid != (ino_t)PUFFS_VNOVAL)
		found |= GIVEN_FILEID;
	if (va->va_size != (uint64_t)PUFFS_VNOVAL)
		found |= GIVEN_SIZE;
	if (va->va_blocksize != PUFFS_VNOVAL)
		found |= GIVEN_BLOCKSIZE;
	if (is_set(&va->va_atime))
		found |= GIVEN_ATIME;
	if (is_set(&va->va_mtime))
		found |= GIVEN_MTIME;
	if (is_set(&va->va_ctime))
		found |= GIVEN_CTIME;
	if (is_set(&va->va_birthtime))
		found |= GIVEN_BIRTHTIME;
	if (va->va_gen != (unsigned long)PUFFS_VNOVAL)
		found |= GIVEN_GEN;
	if (va->va_flags != (unsigned long)PUFFS_VNOVAL)
		found |= GIVEN_FLAGS;
	if (va->va_rdev != (dev_t)PUFFS_VNOVAL)
		found |= GIVEN_RDEV;
	if (va->va_bytes != (uint64_t)PUFFS_VNOVAL)
		found |= GIVEN_BYTES;
	return found;
}

static void
note(const struct vattr *va)
{

	CHECK(ngiven < (int)(sizeof(given) / sizeof(given[0])));
	given[ngiven++] = fields(va);
}

int
set_node_setattr(struct puffs_usermount *pu, puffs_cookie_t opc, const struct vattr *va, const struct puffs_cred *pcr)
{

	(void)pu, (void)opc, (void)pcr;
	note(va);
	return 0;
}

static int
make(struct puffs_newinfo *pni, const struct puffs_cn *pcn, const struct vattr *va)
{

	note(va);
	few[2 + va->va_type].name = strdup(pcn->pcn_name);
	few[2 + va->va_type].type = va->va_type;
	puffs_newinfo_setcookie(pni, &few[2 + va->va_type]);
	return 0;
}

int
set_node_create(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *va)
{

	(void)pu, (void)dir;
	return make(pni, pcn, va);
}

int
set_node_mkdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *va)
{

	(void)pu, (void)dir;
	return make(pni, pcn, va);
}

/* In the order of `wanted` below. */
static void
use(void)
{
	static const struct timespec both[2] = { { 1, 2 }, { 3, 4 } }, one[2] = { { 0, UTIME_OMIT }, { 3, 4 } };

	CHECK_EQ(chmod(MNT "/file", 0600), 0);
	CHECK_EQ(chown(MNT "/file", 1, (gid_t)-1), 0);
	CHECK_EQ(chown(MNT "/file", (uid_t)-1, 1), 0);
	CHECK_EQ(truncate(MNT "/file", 5), 0);
	CHECK_EQ(utimensat(AT_FDCWD, MNT "/file", both, 0), 0);
	CHECK_EQ(utimensat(AT_FDCWD, MNT "/file", one, 0), 0);
	CHECK_EQ(utimensat(AT_FDCWD, MNT "/file", NULL, 0), 0);
	CHECK(creat(MNT "/new", 0644) != -1);
	CHECK_EQ(mkdir(MNT "/dir", 0755), 0);
}

int
main(void)
{
	static const int wanted[] = { GIVEN_MODE, GIVEN_UID, GIVEN_GID, GIVEN_SIZE, GIVEN_ATIME | GIVEN_MTIME, GIVEN_MTIME,
	    GIVEN_ATIME | GIVEN_MTIME, GIVEN_TYPE | GIVEN_MODE, GIVEN_TYPE | GIVEN_MODE };
	struct puffs_ops *pops = few_table();
	struct vattr va;
	int i;

	puffs_vattr_null(&va);
	CHECK_EQ(fields(&va), GIVEN_BLOCKSIZE | GIVEN_GEN | GIVEN_FLAGS);

	few[1] = (struct few){ "file", VREG, 0 };
	PUFFSOP_SET(pops, set, node, setattr);
	PUFFSOP_SET(pops, set, node, create);
	PUFFSOP_SET(pops, set, node, mkdir);
	/* What has no write operation is read only. */
	pops->puffs_node_write = puffs_null_node_write;
	serve(context(pops, 0), ROOT, use);
	CHECK_EQ(ngiven, sizeof(wanted) / sizeof(wanted[0]));
	for (i = 0; i < ngiven; i++)
		CHECK_EQ(given[i], wanted[i]);
	return 0;
}
