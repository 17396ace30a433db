/*
 * vfs_null.c: every function of <puffs_vfs.h> with null pointers and with results that are too small: a definite error, or nothing.
 * No server is there: whoever asked it would never come back.
 *
 * c-test: link=shared,static run=plain,asan,valgrind lang=c11,c++17
 */
#include <errno.h>
#include <string.h>

#include <puffs_vfs.h>

#include "check.h"

#define INVALID(call) CHECK_EQ(call, EINVAL)

/* Space for any result, with the size that its owner names. */
union result {
	size_t size;
	struct puffs_vfound found;
	struct puffs_vattrs attrs;
	struct puffs_vopened opened;
	struct puffs_vdir dir;
	struct puffs_vlate late;
	struct puffs_vcall call;
	struct puffs_vfsargs args;
};

static union result
sized(size_t size)
{
	union result result;

	memset(&result, 0, sizeof(result));
	result.size = size;
	return result;
}

/* All operations, with a mount or without one, none of which is to get as far as asking. */
static void
operations(struct puffs_vfs *pv, const struct puffs_vcall *call, size_t found_size, size_t attrs_size, size_t opened_size,
    size_t dir_size)
{
	union result found = sized(found_size), attrs = sized(attrs_size), opened = sized(opened_size), dir = sized(dir_size);
	struct puffs_msg_statvfs *figures = NULL;
	struct puffs_msg_attr attr;
	struct puffs_paid_reclaim **reclaim = NULL;
	struct puffs_paid_close **closing = NULL;
	struct puffs_paid_unlock **unlocking = NULL;
	uint32_t *revents = NULL;
	size_t *done = NULL;
	uint64_t *size = NULL;
	char buf[8];

	puffs_vattr_none(&attr);
	INVALID(puffs_vfs_lookup(pv, call, NULL, "name", 4, 0, 0, &found.found));
	INVALID(puffs_vfs_create(pv, call, NULL, "name", 4, 0, &found.found));
	INVALID(puffs_vfs_mknod(pv, call, NULL, "name", 4, PUFFS_VT_FIFO, 0, 0, &found.found));
	INVALID(puffs_vfs_mkdir(pv, call, NULL, "name", 4, 0, &found.found));
	INVALID(puffs_vfs_symlink(pv, call, NULL, "name", 4, "target", 6, 0, &found.found));
	CHECK(found.found.pvf_reclaim == NULL);
	INVALID(puffs_vfs_getattr(pv, call, NULL, &attrs.attrs));
	INVALID(puffs_vfs_setattr(pv, call, NULL, &attr, &attrs.attrs));
	INVALID(puffs_vfs_setattr(pv, call, NULL, NULL, NULL));
	INVALID(puffs_vfs_open(pv, call, NULL, PUFFS_VT_REG, 1, &opened.opened));
	INVALID(puffs_vfs_readdir(pv, call, NULL, 0, 100, &dir.dir));
	INVALID(puffs_vfs_lookup(pv, call, NULL, "name", 4, 0, 0, NULL));
	INVALID(puffs_vfs_create(pv, call, NULL, "name", 4, 0, NULL));
	INVALID(puffs_vfs_mknod(pv, call, NULL, "name", 4, PUFFS_VT_FIFO, 0, 0, NULL));
	INVALID(puffs_vfs_mkdir(pv, call, NULL, "name", 4, 0, NULL));
	INVALID(puffs_vfs_symlink(pv, call, NULL, "name", 4, "target", 6, 0, NULL));
	INVALID(puffs_vfs_getattr(pv, call, NULL, NULL));
	INVALID(puffs_vfs_open(pv, call, NULL, PUFFS_VT_REG, 1, NULL));
	INVALID(puffs_vfs_readdir(pv, call, NULL, 0, 100, NULL));

	INVALID(puffs_vfs_fhtonode(pv, call, "handle", 6, &found.found));
	INVALID(puffs_vfs_fhtonode(pv, call, "handle", 6, NULL));
	INVALID(puffs_vfs_nodetofh(pv, call, NULL, buf, sizeof(buf), done));
	INVALID(puffs_vfs_pathconf(pv, call, NULL, 1, NULL));
	INVALID(puffs_vfs_link(pv, call, NULL, NULL, NULL, 4));
	INVALID(puffs_vfs_remove(pv, call, NULL, NULL, NULL, 4, NULL));
	INVALID(puffs_vfs_rmdir(pv, call, NULL, NULL, NULL, 4, NULL));
	INVALID(puffs_vfs_abort(pv, call, NULL, NULL, 4));
	INVALID(puffs_vfs_rename(pv, call, NULL, NULL));
	INVALID(puffs_vfs_access(pv, call, NULL, 0, 0));
	INVALID(puffs_vfs_statvfs(pv, call, figures));
	INVALID(puffs_vfs_read(pv, call, NULL, 0, buf, sizeof(buf), 0, done));
	INVALID(puffs_vfs_write(pv, call, NULL, 0, buf, sizeof(buf), 0, done));
	INVALID(puffs_vfs_readlink(pv, call, NULL, buf, sizeof(buf), done));
	INVALID(puffs_vfs_poll(pv, call, NULL, 1, revents));
	INVALID(puffs_vfs_advlock(pv, call, NULL, 0, 0, 0, NULL));
	INVALID(puffs_vfs_getextattr(pv, call, NULL, 1, "name", 4, buf, sizeof(buf), size, done));
	INVALID(puffs_vfs_listextattr(pv, call, NULL, 1, buf, sizeof(buf), size, done));
	INVALID(puffs_vfs_setextattr(pv, call, NULL, 1, NULL, 4, buf, sizeof(buf), NULL));
	INVALID(puffs_vfs_setextattr(pv, call, NULL, 1, "name", 4, NULL, sizeof(buf), NULL));
	INVALID(puffs_vfs_deleteextattr(pv, call, NULL, 1, NULL, 4));
	INVALID(puffs_paid_reclaim_new(pv, reclaim));
	INVALID(puffs_paid_close_new(pv, closing));
	INVALID(puffs_paid_unlock_new(pv, unlocking));
}

/* Without a mount it does not matter what else is there. */
static void
without_mount(const struct puffs_vcall *call)
{
	struct puffs_paid_reclaim *reclaim = NULL;
	struct puffs_paid_close *closing = NULL;
	struct puffs_paid_unlock *unlocking = NULL;
	struct puffs_msg_statvfs figures;
	struct puffs_vfs *pv = NULL;
	union result args = sized(sizeof(args.args)), late = sized(sizeof(late.late));
	struct puffs_late told;
	struct puffs_vlock lock;
	struct puffs_vend end;
	uint32_t word = 0;
	uint64_t size = 0;
	size_t done = 0;
	char buf[8] = "";

	memset(&told, 0, sizeof(told));
	memset(&lock, 0, sizeof(lock));
	memset(&end, 0, sizeof(end));
	operations(NULL, call, sizeof(struct puffs_vfound), sizeof(struct puffs_vattrs), sizeof(struct puffs_vopened),
	    sizeof(struct puffs_vdir));
	INVALID(puffs_vfs_new(NULL, &args.args, &pv));
	CHECK(pv == NULL);
	puffs_vfs_free(NULL);
	CHECK_EQ(puffs_vfs_maxdata(NULL), 0);
	INVALID(puffs_vfs_broken(NULL, NULL, PUFFS_VBAD_EXISTS));
	INVALID(puffs_vfs_late(NULL, &told, &late.late));
	INVALID(puffs_vfs_link(NULL, call, NULL, NULL, "name", 4));
	INVALID(puffs_vfs_remove(NULL, call, NULL, NULL, "name", 4, &word));
	INVALID(puffs_vfs_rmdir(NULL, call, NULL, NULL, "name", 4, &word));
	INVALID(puffs_vfs_rename(NULL, call, &end, &end));
	INVALID(puffs_vfs_abort(NULL, call, NULL, "name", 4));
	INVALID(puffs_vfs_access(NULL, call, NULL, PUFFS_VT_REG, 0));
	INVALID(puffs_vfs_statvfs(NULL, call, &figures));
	INVALID(puffs_vfs_read(NULL, call, NULL, 0, buf, sizeof(buf), 0, &done));
	INVALID(puffs_vfs_write(NULL, call, NULL, 0, buf, sizeof(buf), 0, &done));
	INVALID(puffs_vfs_fsync(NULL, call, NULL, 0, 0, 0));
	INVALID(puffs_vfs_seek(NULL, call, NULL, 0, 0));
	INVALID(puffs_vfs_poll(NULL, call, NULL, 0, &word));
	INVALID(puffs_vfs_poll_begin(NULL, call, NULL, 0, NULL, NULL));
	INVALID(puffs_vfs_mmap(NULL, call, NULL, 0, &word));
	INVALID(puffs_vfs_readlink(NULL, call, NULL, buf, sizeof(buf), &done));
	INVALID(puffs_vfs_fallocate(NULL, call, NULL, 0, 1));
	INVALID(puffs_vfs_fdiscard(NULL, call, NULL, 0, 1));
	INVALID(puffs_vfs_nodetofh(NULL, call, NULL, buf, sizeof(buf), &done));
	INVALID(puffs_vfs_nodetofh(NULL, call, NULL, NULL, sizeof(buf), &done));
	INVALID(puffs_vfs_print(NULL, call, NULL));
	INVALID(puffs_vfs_extattrctl(NULL, call, 1, NULL, 0, 1, NULL, 0));
	INVALID(puffs_vfs_advlock(NULL, call, NULL, 0, 0, 0, &lock));
	INVALID(puffs_vfs_getextattr(NULL, call, NULL, 1, "name", 4, buf, sizeof(buf), &size, &done));
	INVALID(puffs_vfs_listextattr(NULL, call, NULL, 1, buf, sizeof(buf), &size, &done));
	INVALID(puffs_vfs_setextattr(NULL, call, NULL, 1, "name", 4, buf, sizeof(buf), &done));
	INVALID(puffs_vfs_deleteextattr(NULL, call, NULL, 1, "name", 4));
	INVALID(puffs_vfs_inactive(NULL, call, NULL, &word));
	INVALID(puffs_vfs_inactive_faf(NULL, call, NULL));
	INVALID(puffs_vfs_sync(NULL, call, 0));
	INVALID(puffs_vfs_unmount(NULL, call, 0));
	INVALID(puffs_paid_reclaim_new(NULL, &reclaim));
	INVALID(puffs_paid_close_new(NULL, &closing));
	INVALID(puffs_paid_unlock_new(NULL, &unlocking));
	CHECK(reclaim == NULL && closing == NULL && unlocking == NULL);
	puffs_paid_reclaim_free(NULL);
	puffs_paid_close_free(NULL);
	puffs_paid_unlock_free(NULL);
	puffs_vfs_unlock(NULL, NULL, 1, PUFFS_VLOCK_POSIX, &lock);
	puffs_vfs_reclaim(NULL, NULL, 1);
	puffs_vfs_close(NULL, NULL, NULL, 1, 1);
	puffs_vattr_none(NULL);
	puffs_vlisting_free(NULL);
	INVALID(puffs_vlisting_next(NULL, &done, NULL));
}

/* With a mount, and something else missing or too small. */
static void
with_mount(void)
{
	struct puffs_mountargs margs;
	struct puffs_mount *pmp = NULL;
	struct puffs_vfs *pv = NULL;
	struct puffs_paid_close *closing = NULL;
	union result args = sized(sizeof(args.args)), late = sized(sizeof(late.late)), call = sized(sizeof(call.call));
	struct puffs_late told;
	size_t done = 0;

	memset(&told, 0, sizeof(told));
	CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &pmp), 0);
	args.args.pva_ops = UINT64_MAX;
	INVALID(puffs_vfs_new(pmp, NULL, &pv));
	INVALID(puffs_vfs_new(pmp, &args.args, NULL));
	args.args.pva_size--;
	INVALID(puffs_vfs_new(pmp, &args.args, &pv));
	args.args.pva_size++;
	args.args.pva_reserved = 1;
	INVALID(puffs_vfs_new(pmp, &args.args, &pv));
	args.args.pva_reserved = 0;
	CHECK(pv == NULL);
	CHECK_EQ(puffs_vfs_new(pmp, &args.args, &pv), 0);
	CHECK_EQ(puffs_vfs_maxdata(pv), (256 << 10) - PUFFS_MSG_ROOM);

	operations(pv, NULL, 0, 0, 0, 0);
	operations(pv, NULL, sizeof(size_t), sizeof(size_t), sizeof(size_t), sizeof(size_t));
	operations(pv, NULL, sizeof(struct puffs_vfound) - 1, sizeof(struct puffs_vattrs) - 1, sizeof(struct puffs_vopened) - 1,
	    sizeof(struct puffs_vdir) - 1);
	operations(pv, NULL, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX);
	/* A call that is none. */
	call.call.pvc_cred = PUFFS_MSG_CRED_USER;
	call.call.pvc_ngroups = 1;
	operations(pv, &call.call, sizeof(struct puffs_vfound), sizeof(struct puffs_vattrs), sizeof(struct puffs_vopened),
	    sizeof(struct puffs_vdir));
	INVALID(puffs_vfs_late(pv, NULL, &late.late));
	INVALID(puffs_vfs_late(pv, &told, NULL));
	late.size--;
	INVALID(puffs_vfs_late(pv, &told, &late.late));
	late.size++;
	CHECK_EQ(puffs_vfs_late(pv, &told, &late.late), 0);
	CHECK_EQ(late.late.pvt_made, PUFFS_VLATE_NOTHING);
	INVALID(puffs_vfs_read(pv, NULL, NULL, 0, NULL, 8, 0, &done));
	INVALID(puffs_vfs_write(pv, NULL, NULL, 0, NULL, 8, 0, &done));
	puffs_vfs_close(pv, NULL, NULL, 1, 1);

	/* Where the VFS side is gone, a close has nowhere to go, and what was paid for it is given back. */
	CHECK_EQ(puffs_paid_close_new(pv, &closing), 0);
	puffs_vfs_close(NULL, closing, NULL, 1, 1);
	puffs_vfs_free(pv);
	puffs_mount_rele(pmp);

	/* Messages that hold no names are none. */
	memset(&margs, 0, sizeof(margs));
	margs.pma_size = sizeof(margs);
	margs.pma_max_len = PUFFS_MSG_ROOM;
	CHECK_EQ(puffs_mount_new(&margs, NULL, NULL, &pmp), 0);
	pv = NULL;
	INVALID(puffs_vfs_new(pmp, &args.args, &pv));
	CHECK(pv == NULL);
	puffs_mount_rele(pmp);
}

int
main(void)
{
	union result call = sized(sizeof(call.call));

	without_mount(NULL);
	call.call.pvc_cred = PUFFS_MSG_CRED_KERNEL;
	without_mount(&call.call);
	with_mount();
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
