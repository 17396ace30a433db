/*
 * vfs_mount.h: the tiny kernel with file systems over <puffs_vfs.h>: mounts, and what a server has of the device. Included behind
 * tiny_kernel.c.
 */
#ifndef VFS_MOUNT_H
#define VFS_MOUNT_H

#include <puffs_vfs.h>

#define MAXLEN (32 << 10)
#define BODYLEN (40 << 10)

/* All operations of a server. */
#define ALLOPS UINT64_MAX
/* One less. */
#define WITHOUT(optype) (ALLOPS & ~(UINT64_C(1) << (optype)))

/* A mount, its server's open device, and what its host operations have counted. */
struct vfsmount {
	struct puffs_mount *vm_pmp;
	struct puffs_vfs *vm_pv;
	int vm_fd;
	atomic_int vm_unlocks;
	atomic_int vm_locks;
	atomic_int vm_lock_error;	/* what the next lock of a vnode says */
	atomic_int vm_lates;
	struct puffs_vlate vm_late;	/* the last one */
	atomic_int vm_freed;
};

static void
vm_unmount(void *data, struct puffs_mount *pmp)
{

	(void)data;
	puffs_userdead(pmp);
	puffs_nukebypmp(pmp);
}

static void
vm_late(void *data, const struct puffs_late *late)
{
	struct vfsmount *vm = data;

	memset(&vm->vm_late, 0, sizeof(vm->vm_late));
	vm->vm_late.pvt_size = sizeof(vm->vm_late);
	CHECK_EQ(puffs_vfs_late(vm->vm_pv, late, &vm->vm_late), 0);
	atomic_fetch_add(&vm->vm_lates, 1);
}

/* The last callback of all: now nobody calls with the object. */
static void
vm_freed(void *data)
{
	struct vfsmount *vm = data;

	puffs_vfs_free(vm->vm_pv);
	atomic_store(&vm->vm_freed, 1);
}

static void
vm_vnode_unlock(void *data, struct vnode *vp)
{
	struct vfsmount *vm = data;

	(void)vp;
	atomic_fetch_add(&vm->vm_unlocks, 1);
}

static int
vm_vnode_lock(void *data, struct vnode *vp)
{
	struct vfsmount *vm = data;

	(void)vp;
	atomic_fetch_add(&vm->vm_locks, 1);
	return atomic_exchange(&vm->vm_lock_error, 0);
}

static const struct puffs_hostops vm_hostops = {
	.pho_size = sizeof(struct puffs_hostops),
	.pho_unmount = vm_unmount,
	.pho_late = vm_late,
	.pho_freed = vm_freed,
	.pho_vnode_unlock = vm_vnode_unlock,
	.pho_vnode_lock = vm_vnode_lock,
};

/* Mounts a file system whose server has these operations, and starts it. */
static void
vm_mount(struct vfsmount *vm, void *root, uint64_t ops, uint64_t timeout, uint32_t flags)
{
	struct puffs_mountargs args = {
		.pma_size = sizeof(args), .pma_max_len = MAXLEN, .pma_timeout_ns = timeout, .pma_flags = flags,
	};
	struct puffs_vfsargs vargs = { .pva_size = sizeof(vargs), .pva_root = root, .pva_ops = ops };
	struct puffs_startreq *start = user_alloc(sizeof(*start));
	int error;

	memset(vm, 0, sizeof(*vm));
	memset(start, 0, sizeof(*start));
	start->psr_cookie = (uint64_t)(uintptr_t)root;
	vm->vm_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(puffs_mount_new(&args, &vm_hostops, vm, &vm->vm_pmp), 0);
	CHECK_EQ(puffs_vfs_new(vm->vm_pmp, &vargs, &vm->vm_pv), 0);
	CHECK_EQ(puffs_setpmp(curthread->t_pid, vm->vm_fd, vm->vm_pmp), 0);
	CHECK_EQ(sys_ioctl(vm->vm_fd, PUFFSSTARTOP, start), 0);
	CHECK_EQ(puffs_vfs_maxdata(vm->vm_pv), MAXLEN - PUFFS_MSG_ROOM);
}

/* The server goes away, and with it everything. */
static void
vm_end(struct vfsmount *vm)
{

	CHECK_EQ(sys_close(vm->vm_fd), 0);
	puffs_mount_rele(vm->vm_pmp);
	CHECK_EQ(atomic_load(&vm->vm_freed), 1);
	CHECK_EQ(atomic_load(&vm->vm_locks), atomic_load(&vm->vm_unlocks));
}

/* Fetches into, or answers from, what is in the server's memory. */
static int
vm_fetch(const struct vfsmount *vm, struct puffs_req *req, void *body)
{

	req->preq_aux = body;
	req->preq_auxlen = BODYLEN;
	return sys_ioctl(vm->vm_fd, PUFFSGETOP, req);
}

static int
vm_answer(const struct vfsmount *vm, struct puffs_req *req, int rv, size_t len)
{

	req->preq_rv = rv;
	req->preq_auxlen = len;
	return sys_ioctl(vm->vm_fd, PUFFSPUTOP, req);
}

#endif
