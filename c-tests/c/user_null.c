/*
 * user_null.c: every operation of the null layer, called as a server calls it from operations of its own, over a directory of this machine; and as a
 * user who may not open what they have made.
 *
 * c-test: run=plain,asan,valgrind
 */
#include <puffs.h>

#include <sys/wait.h>

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "check.h"

static struct puffs_usermount *pu;
static struct puffs_node *root;
static char top[] = "/tmp/puffs-null-XXXXXX";

/* Operations that are asked for something new give it as a cookie, which only a mount could read: the node is found by its path. */
static struct puffs_kcn kcns[2];
static struct puffs_cn cns[2];

static struct puffs_cn *
name(int which, struct puffs_node *dir, const char *text)
{
	struct puffs_cn *pcn = &cns[which];

	memset(pcn, 0, sizeof(*pcn));
	pcn->pcn_pkcnp = &kcns[which];
	strcpy(pcn->pcn_name, text);
	pcn->pcn_namelen = strlen(text);
	CHECK_EQ(puffs_path_pcnbuild(pu, pcn, dir), 0);
	return pcn;
}

static void
forget(int which)
{

	puffs_stdpath_freepath(pu, &cns[which].pcn_po_full);
	cns[which].pcn_po_full.po_path = NULL;
}

static int
exists(const char *path)
{
	char whole[256];
	struct stat st;

	snprintf(whole, sizeof(whole), "%s/%s", top, path);
	return lstat(whole, &st) == 0 ? (int)(st.st_mode & S_IFMT) >> 12 : 0;
}

static void
begin(void)
{
	struct puffs_ops *pops;

	CHECK(mkdtemp(top) != NULL);
	PUFFSOP_INIT(pops);
	puffs_null_setops(pops);
	/* The 22 slots, and no other. */
	CHECK(pops->puffs_fs_unmount == puffs_fsnop_unmount && pops->puffs_fs_sync == puffs_fsnop_sync);
	CHECK(pops->puffs_node_reclaim == puffs_genfs_node_reclaim);
	CHECK(pops->puffs_fs_statvfs == puffs_null_fs_statvfs && pops->puffs_fs_fhtonode == puffs_null_fs_fhtonode);
	CHECK(pops->puffs_fs_nodetofh == puffs_null_fs_nodetofh && pops->puffs_node_lookup == puffs_null_node_lookup);
	CHECK(pops->puffs_node_create == puffs_null_node_create && pops->puffs_node_mknod == puffs_null_node_mknod);
	CHECK(pops->puffs_node_getattr == puffs_null_node_getattr && pops->puffs_node_setattr == puffs_null_node_setattr);
	CHECK(pops->puffs_node_fsync == puffs_null_node_fsync && pops->puffs_node_remove == puffs_null_node_remove);
	CHECK(pops->puffs_node_link == puffs_null_node_link && pops->puffs_node_rename == puffs_null_node_rename);
	CHECK(pops->puffs_node_mkdir == puffs_null_node_mkdir && pops->puffs_node_rmdir == puffs_null_node_rmdir);
	CHECK(pops->puffs_node_symlink == puffs_null_node_symlink && pops->puffs_node_readlink == puffs_null_node_readlink);
	CHECK(pops->puffs_node_readdir == puffs_null_node_readdir && pops->puffs_node_read == puffs_null_node_read);
	CHECK(pops->puffs_node_write == puffs_null_node_write);
	CHECK(pops->puffs_fs_extattrctl == NULL && pops->puffs_node_open == NULL && pops->puffs_node_access == NULL &&
	    pops->puffs_node_close == NULL && pops->puffs_node_reclaim2 == NULL && pops->puffs_node_inactive == NULL);
	CHECK((pu = puffs_init(pops, "a", "b", NULL, PUFFS_FLAG_BUILDPATH)) != NULL);
	CHECK((root = puffs_pn_new(pu, NULL)) != NULL);
	puffs_setroot(pu, root);
	PNPATH(root) = strdup(top);
	PNPLEN(root) = strlen(top);
	CHECK_EQ(puffs_null_node_getattr(pu, root, &root->pn_va, NULL), 0);
	CHECK_EQ(root->pn_va.va_type, VDIR);
}

static void *
walk_free(struct puffs_usermount *u, struct puffs_node *pn, void *arg)
{

	(void)u, (void)arg;
	puffs_pn_put(pn);
	return NULL;
}

static int
clear_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{

	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void
end(void)
{

	puffs_pn_nodewalk(pu, walk_free, NULL);
	puffs_cancel(pu, 0);
	CHECK_EQ(nftw(top, clear_one, 10, FTW_DEPTH | FTW_PHYS), 0);
}

/* A node at a name of the root, by a lookup that this program can see: the list of nodes. */
static struct puffs_node *newest;

static void *
first(struct puffs_usermount *u, struct puffs_node *pn, void *arg)
{

	(void)u, (void)arg;
	return pn;
}

/* What was just made is the newest node. It gets the path, as the library gives it one. */
static struct puffs_node *
took(int which)
{

	newest = puffs_pn_nodewalk(pu, first, NULL);
	CHECK(newest != root && PNPATH(newest) == NULL);
	newest->pn_po = cns[which].pcn_po_full;
	cns[which].pcn_po_full.po_path = NULL;
	return newest;
}

static void
contents(struct puffs_node *pn)
{
	uint8_t buf[16] = "hello", back[16] = "";
	size_t left = 5;

	CHECK_EQ(puffs_null_node_write(pu, pn, buf, 0, &left, NULL, 0), 0);
	CHECK_EQ(left, 0);
	left = 1;
	CHECK_EQ(puffs_null_node_write(pu, pn, buf, 0, &left, NULL, PUFFS_IO_APPEND), 0);
	left = sizeof(back);
	CHECK_EQ(puffs_null_node_read(pu, pn, back, 0, &left, NULL, 0), 0);
	CHECK_EQ(left, sizeof(back) - 6);
	CHECK(memcmp(back, "helloh", 7) == 0);
	left = 5;
	CHECK_EQ(puffs_null_node_read(pu, pn, back, 6, &left, NULL, 0), 0);
	CHECK_EQ(left, 5);
	CHECK_EQ(puffs_null_node_fsync(pu, pn, NULL, PUFFS_FSYNC_WAIT, 0, 0), 0);
	CHECK_EQ(puffs_null_node_fsync(pu, pn, NULL, PUFFS_FSYNC_WAIT | PUFFS_FSYNC_DATAONLY, 0, 3), 0);
}

static void
listing(unsigned expected)
{
	union {
		struct puffs_dirent first;
		char room[256];
	} records;
	struct puffs_dirent *dent;
	off_t off = 0, cookies[16];
	size_t left, ncookies;
	unsigned seen = 0;
	int eof = 0;

	while (!eof) {
		left = sizeof(records);
		ncookies = 2;
		CHECK_EQ(puffs_null_node_readdir(pu, root, &records.first, &off, &left, NULL, &eof, cookies, &ncookies), 0);
		CHECK(ncookies <= 2);
		for (dent = &records.first; (char *)dent < records.room + sizeof(records) - left; dent = _DIRENT_NEXT(dent)) {
			CHECK_EQ(dent->d_reclen, _DIRENT_SIZE(dent));
			CHECK_EQ(strlen(dent->d_name), dent->d_namlen);
			seen++;
			ncookies--;
		}
		CHECK_EQ(ncookies, 0);
	}
	CHECK_EQ(seen, expected);
	left = sizeof(records);
	off = 0;
	ncookies = 9;
	CHECK_EQ(puffs_null_node_readdir(pu, root, &records.first, &off, &left, NULL, &eof, NULL, &ncookies), 0);
	CHECK_EQ(ncookies, 0);
	left = 8;
	off = 0;
	CHECK_EQ(puffs_null_node_readdir(pu, root, &records.first, &off, &left, NULL, &eof, NULL, &ncookies), EINVAL);
}

/* Somebody lists two of the names and leaves; whoever begins later sees what has come meanwhile. */
static void
left_listings(unsigned there)
{
	struct puffs_dirent records[2];
	char path[256];
	off_t off, cookies[2];
	size_t left, ncookies;
	unsigned i;
	int eof;

	for (i = 0; i < 20; i++) {
		off = 0;
		eof = 0;
		left = sizeof(records);
		ncookies = 2;
		CHECK_EQ(puffs_null_node_readdir(pu, root, records, &off, &left, NULL, &eof, cookies, &ncookies), 0);
		CHECK_EQ(ncookies, 2);
		snprintf(path, sizeof(path), "%s/late%u", top, i);
		fclose(fopen(path, "w"));
		listing(there + i + 1);
	}
	while (i-- > 0) {
		snprintf(path, sizeof(path), "%s/late%u", top, i);
		CHECK_EQ(unlink(path), 0);
	}
}

/* All but those that need a struct puffs_newinfo, which only the library can make. */
static void
operations(void)
{
	struct puffs_node *pn, *dir;
	struct puffs_statvfs figures;
	struct puffs_cn *pcn;
	char path[256], target[16];
	uint8_t handle[256];
	struct vattr va;
	size_t len;

	CHECK_EQ(puffs_null_fs_statvfs(pu, &figures), 0);
	CHECK(figures.f_blocks > 0 && figures.f_bsize > 0 && figures.f_namemax >= 255);

	/* Nodes of a server's own are as good, when they have a path. */
	snprintf(path, sizeof(path), "%s/file", top);
	fclose(fopen(path, "w"));
	CHECK((pn = puffs_pn_new(pu, NULL)) != NULL);
	(void)name(0, root, "file");
	CHECK(took(0) == pn);
	CHECK_EQ(puffs_null_node_getattr(pu, pn, &pn->pn_va, NULL), 0);
	CHECK_EQ(pn->pn_va.va_type, VREG);
	CHECK(pn->pn_va.va_birthtime.tv_sec > 0);
	contents(pn);

	memset(&va, 0xff, sizeof(va));
	va.va_type = VNON;
	va.va_vaflags = 0;
	va.va_mode = 0604;
	va.va_size = 3;
	va.va_mtime.tv_sec = 77;
	va.va_mtime.tv_nsec = 0;
	CHECK_EQ(puffs_null_node_setattr(pu, pn, &va, NULL), 0);
	CHECK_EQ(puffs_null_node_getattr(pu, pn, &va, NULL), 0);
	CHECK(va.va_size == 3 && (va.va_mode & 0777) == 0604 && va.va_mtime.tv_sec == 77);

	CHECK_EQ(puffs_null_node_link(pu, root, pn, name(0, root, "other")), 0);
	CHECK_EQ(exists("other"), S_IFREG >> 12);
	CHECK_EQ(puffs_null_node_link(pu, root, pn, &cns[0]), EEXIST);
	listing(4);
	left_listings(4);
	pcn = &cns[0];
	CHECK_EQ(puffs_null_node_remove(pu, root, pn, pcn), 0);
	forget(0);
	CHECK(exists("file") && !exists("other"));

	CHECK_EQ(puffs_null_node_rename(pu, root, pn, name(0, root, "file"), root, NULL, name(1, root, "new")), 0);
	forget(0);
	CHECK(!exists("file") && exists("new"));
	puffs_stdpath_freepath(pu, puffs_pn_getpo(pn));
	pn->pn_po = cns[1].pcn_po_full;

	len = sizeof(handle);
	switch (puffs_null_fs_nodetofh(pu, pn, handle, &len)) {
	case 0:
		CHECK(len > 8 && len <= sizeof(handle));
		len = 3;
		CHECK_EQ(puffs_null_fs_nodetofh(pu, pn, handle, &len), E2BIG);
		CHECK(len > 8);
		break;
	case EOPNOTSUPP: /* this machine's file system has none */
		break;
	default:
		CHECK(0);
	}

	snprintf(path, sizeof(path), "%s/dir", top);
	CHECK_EQ(mkdir(path, 0755), 0);
	CHECK((dir = puffs_pn_new(pu, NULL)) != NULL);
	(void)name(0, root, "dir");
	(void)took(0);
	CHECK_EQ(puffs_null_node_getattr(pu, dir, &dir->pn_va, NULL), 0);
	CHECK_EQ(puffs_null_node_rmdir(pu, root, dir, name(0, root, "dir")), 0);
	CHECK(!exists("dir"));
	forget(0);
	puffs_pn_put(dir);

	snprintf(path, sizeof(path), "%s/link", top);
	CHECK_EQ(symlink("target", path), 0);
	CHECK((dir = puffs_pn_new(pu, NULL)) != NULL);
	(void)name(0, root, "link");
	(void)took(0);
	CHECK_EQ(puffs_null_node_getattr(pu, dir, &dir->pn_va, NULL), 0);
	CHECK_EQ(dir->pn_va.va_type, VLNK);
	len = sizeof(target);
	CHECK_EQ(puffs_null_node_readlink(pu, dir, NULL, target, &len), 0);
	CHECK(len == 6 && memcmp(target, "target", 6) == 0);
	len = 3;
	CHECK_EQ(puffs_null_node_readlink(pu, dir, NULL, target, &len), 0);
	CHECK_EQ(len, 3);
	len = sizeof(target);
	CHECK_EQ(puffs_null_node_readlink(pu, pn, NULL, target, &len), EINVAL);

	/* The last name goes, and the node stays usable until it is put. */
	CHECK_EQ(puffs_null_node_remove(pu, root, pn, name(0, root, "new")), 0);
	forget(0);
	CHECK((pn->pn_flags & PUFFS_NODE_REMOVED) != 0 && !exists("new"));
	CHECK_EQ(puffs_null_node_getattr(pu, pn, &va, NULL), 0);
	CHECK(va.va_nlink == 0 && va.va_size == 3);
	va.va_mode = 0;
	len = 1;
	CHECK_EQ(puffs_null_node_write(pu, pn, handle, 0, &len, NULL, 0), 0);
	puffs_pn_put(pn);
}

static void
nulls(void)
{
	struct puffs_cn none;
	struct vattr va;
	uint8_t byte = 0;
	size_t len = 1;
	off_t off = 0;
	int eof;

	memset(&none, 0, sizeof(none));
	memset(&va, 0, sizeof(va));
	CHECK_EQ(puffs_null_fs_statvfs(pu, NULL), EINVAL);
	CHECK_EQ(puffs_null_fs_fhtonode(pu, &byte, 1, NULL), EINVAL);
	CHECK_EQ(puffs_null_fs_nodetofh(pu, root, NULL, &len), EINVAL);
	CHECK_EQ(puffs_null_fs_nodetofh(pu, root, &byte, NULL), EINVAL);
	CHECK_EQ(puffs_null_node_lookup(pu, root, NULL, &none), EINVAL);
	CHECK_EQ(puffs_null_node_create(pu, root, NULL, NULL, &va), EINVAL);
	CHECK_EQ(puffs_null_node_mknod(pu, root, NULL, &none, NULL), EINVAL);
	CHECK_EQ(puffs_null_node_mkdir(pu, NULL, NULL, &none, &va), EINVAL);
	CHECK_EQ(puffs_null_node_symlink(pu, root, NULL, &none, &va, NULL), EINVAL);
	CHECK_EQ(puffs_null_node_getattr(pu, root, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_null_node_setattr(pu, root, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_null_node_setattr(pu, NULL, &va, NULL), EINVAL);
	CHECK_EQ(puffs_null_node_fsync(pu, NULL, NULL, 0, 0, 0), EINVAL);
	CHECK_EQ(puffs_null_node_remove(pu, root, NULL, &none), EINVAL);
	CHECK_EQ(puffs_null_node_rmdir(pu, root, root, NULL), EINVAL);
	CHECK_EQ(puffs_null_node_link(pu, root, root, &none), EINVAL);
	CHECK_EQ(puffs_null_node_rename(pu, root, root, &none, root, NULL, &none), EINVAL);
	CHECK_EQ(puffs_null_node_readlink(pu, root, NULL, NULL, &len), EINVAL);
	CHECK_EQ(puffs_null_node_readdir(pu, root, NULL, &off, &len, NULL, &eof, NULL, &len), EINVAL);
	CHECK_EQ(puffs_null_node_read(pu, root, &byte, 0, NULL, NULL, 0), EINVAL);
	CHECK_EQ(puffs_null_node_write(pu, root, NULL, 0, &len, NULL, 0), EINVAL);
	CHECK_EQ(puffs_null_node_read(NULL, root, &byte, 0, &len, NULL, 0), EINVAL);
}

/* A user takes their own rights away, and goes on with what they have open: whoever made the descriptor may. */
static void
as_a_user(void)
{
	struct puffs_node *pn;
	char path[256];
	struct vattr va;
	uint8_t byte = 'x';
	size_t left = 1;

	snprintf(path, sizeof(path), "%s/mine", top);
	fclose(fopen(path, "w"));
	CHECK((pn = puffs_pn_new(pu, NULL)) != NULL);
	(void)name(0, root, "mine");
	(void)took(0);
	CHECK_EQ(puffs_null_node_getattr(pu, pn, &pn->pn_va, NULL), 0);
	memset(&va, 0xff, sizeof(va));
	va.va_type = VNON;
	va.va_vaflags = 0;
	va.va_mode = 0;
	CHECK_EQ(puffs_null_node_setattr(pu, pn, &va, NULL), 0);
	CHECK(open(path, O_RDONLY) == -1 && errno == EACCES);
	CHECK_EQ(puffs_null_node_write(pu, pn, &byte, 0, &left, NULL, 0), 0);
	left = 1;
	byte = 0;
	CHECK_EQ(puffs_null_node_read(pu, pn, &byte, 0, &left, NULL, 0), 0);
	CHECK_EQ(byte, 'x');
	va.va_mode = (mode_t)PUFFS_VNOVAL;
	va.va_size = 5;
	CHECK_EQ(puffs_null_node_setattr(pu, pn, &va, NULL), 0);
	CHECK_EQ(puffs_null_node_getattr(pu, pn, &va, NULL), 0);
	CHECK_EQ(va.va_size, 5);
	/* What the user may not do in any case, this process may not either. */
	memset(&va, 0xff, sizeof(va));
	va.va_type = VNON;
	va.va_vaflags = 0;
	va.va_uid = 0;
	CHECK_EQ(puffs_null_node_setattr(pu, pn, &va, NULL), EPERM);
}

int
main(void)
{
	int status;
	pid_t pid;

	begin();
	operations();
	nulls();
	end();

	CHECK((pid = fork()) != -1);
	if (pid == 0) {
		if (geteuid() == 0)
			CHECK(setgid(65534) == 0 && setuid(65534) == 0);
		strcpy(top + strlen(top) - 6, "XXXXXX");
		begin();
		as_a_user();
		end();
		exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_EQ(status, 0);
	return 0;
}
