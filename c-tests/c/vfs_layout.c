/*
 * vfs_layout.c: structures and numbers of <puffs_vfs.h>, compared with numbers written down here: a kernel's glue that was compiled
 * today must go with tomorrow's library. Numbers that a server gets are those of <puffs.h>.
 *
 * c-test: lang=c11,c++17
 */
#include <puffs.h>
#include <puffs_vfs.h>

#include "check.h"

#define CHECK_SIZE(type, size) CHECK_EQ(sizeof(struct type), size)
#define CHECK_AT(type, field, offset) CHECK_EQ(offsetof(struct type, field), offset)

static void
structures(void)
{

	CHECK_SIZE(puffs_vfsargs, 32);
	CHECK_AT(puffs_vfsargs, pva_size, 0);
	CHECK_AT(puffs_vfsargs, pva_root, 8);
	CHECK_AT(puffs_vfsargs, pva_ops, 16);
	CHECK_AT(puffs_vfsargs, pva_reserved, 24);

	CHECK_SIZE(puffs_vcall, 80);
	CHECK_AT(puffs_vcall, pvc_size, 0);
	CHECK_AT(puffs_vcall, pvc_flags, 8);
	CHECK_AT(puffs_vcall, pvc_cred, 12);
	CHECK_AT(puffs_vcall, pvc_reqid, 16);
	CHECK_AT(puffs_vcall, pvc_timeout_ns, 24);
	CHECK_AT(puffs_vcall, pvc_vp1, 32);
	CHECK_AT(puffs_vcall, pvc_vp2, 40);
	CHECK_AT(puffs_vcall, pvc_pid, 48);
	CHECK_AT(puffs_vcall, pvc_lwp, 52);
	CHECK_AT(puffs_vcall, pvc_uid, 56);
	CHECK_AT(puffs_vcall, pvc_gid, 60);
	CHECK_AT(puffs_vcall, pvc_groups, 64);
	CHECK_AT(puffs_vcall, pvc_ngroups, 72);

	CHECK_SIZE(puffs_vfound, 240);
	CHECK_AT(puffs_vfound, pvf_size, 0);
	CHECK_AT(puffs_vfound, pvf_cookie, 8);
	CHECK_AT(puffs_vfound, pvf_vtype, 16);
	CHECK_AT(puffs_vfound, pvf_attr_error, 20);
	CHECK_AT(puffs_vfound, pvf_bytes, 24);
	CHECK_AT(puffs_vfound, pvf_rdev, 32);
	CHECK_AT(puffs_vfound, pvf_attr, 40);
	CHECK_AT(puffs_vfound, pvf_attr_ttl, 200);
	CHECK_AT(puffs_vfound, pvf_name_ttl, 216);
	CHECK_AT(puffs_vfound, pvf_reclaim, 232);

	CHECK_SIZE(puffs_vattrs, 184);
	CHECK_AT(puffs_vattrs, pvs_size, 0);
	CHECK_AT(puffs_vattrs, pvs_attr, 8);
	CHECK_AT(puffs_vattrs, pvs_ttl, 168);

	CHECK_SIZE(puffs_vopened, 24);
	CHECK_AT(puffs_vopened, pvo_size, 0);
	CHECK_AT(puffs_vopened, pvo_oflags, 8);
	CHECK_AT(puffs_vopened, pvo_setback, 12);
	CHECK_AT(puffs_vopened, pvo_close, 16);

	CHECK_SIZE(puffs_vdir, 32);
	CHECK_AT(puffs_vdir, pvd_list, 8);
	CHECK_AT(puffs_vdir, pvd_offset, 16);
	CHECK_AT(puffs_vdir, pvd_eof, 24);

	CHECK_SIZE(puffs_vdirent, 24);
	CHECK_AT(puffs_vdirent, pvn_fileno, 0);
	CHECK_AT(puffs_vdirent, pvn_name, 8);
	CHECK_AT(puffs_vdirent, pvn_namelen, 16);
	CHECK_AT(puffs_vdirent, pvn_dtype, 20);

	CHECK_SIZE(puffs_vend, 40);
	CHECK_AT(puffs_vend, pve_dir, 0);
	CHECK_AT(puffs_vend, pve_name, 8);
	CHECK_AT(puffs_vend, pve_namelen, 16);
	CHECK_AT(puffs_vend, pve_node, 24);
	CHECK_AT(puffs_vend, pve_has_node, 32);

	CHECK_SIZE(puffs_vlock, 24);
	CHECK_AT(puffs_vlock, pvl_start, 0);
	CHECK_AT(puffs_vlock, pvl_len, 8);
	CHECK_AT(puffs_vlock, pvl_kind, 16);
	CHECK_AT(puffs_vlock, pvl_pid, 20);

	CHECK_SIZE(puffs_vlate, 64);
	CHECK_AT(puffs_vlate, pvt_cookie, 8);
	CHECK_AT(puffs_vlate, pvt_made, 16);
	CHECK_AT(puffs_vlate, pvt_mode, 20);
	CHECK_AT(puffs_vlate, pvt_owner, 24);
	CHECK_AT(puffs_vlate, pvt_op, 32);
	CHECK_AT(puffs_vlate, pvt_flags, 36);
	CHECK_AT(puffs_vlate, pvt_lock, 40);

	CHECK_SIZE(puffs_late, 48);
	CHECK_AT(puffs_late, pl_len, 32);
	CHECK_AT(puffs_late, pl_room, 40);
	CHECK_EQ(PUFFS_E_ROFS, 17);
	CHECK_EQ(PUFFS_E_WOKEN, 18);
	CHECK_EQ(PUFFS_E_COUNT, 19);
	CHECK_AT(puffs_hooks, ph_lock_size, 96);
}

static void
numbers(void)
{

	CHECK_EQ(PUFFS_VT_REG, VREG);
	CHECK_EQ(PUFFS_VT_DIR, VDIR);
	CHECK_EQ(PUFFS_VT_BLK, VBLK);
	CHECK_EQ(PUFFS_VT_CHR, VCHR);
	CHECK_EQ(PUFFS_VT_LNK, VLNK);
	CHECK_EQ(PUFFS_VT_SOCK, VSOCK);
	CHECK_EQ(PUFFS_VT_FIFO, VFIFO);
	CHECK_EQ(PUFFS_VACCESS_READ, PUFFS_VREAD);
	CHECK_EQ(PUFFS_VACCESS_WRITE, PUFFS_VWRITE);
	CHECK_EQ(PUFFS_VACCESS_EXEC, PUFFS_VEXEC);
	CHECK_EQ(PUFFS_VATTR_UTIMES_NULL, VA_UTIMES_NULL);
	CHECK_EQ(PUFFS_VOPEN_READ, 1);
	CHECK_EQ(PUFFS_VOPEN_WRITE, 2);
	CHECK_EQ(PUFFS_VOPEN_DIRECT, PUFFS_OPEN_IO_DIRECT);
	CHECK_EQ(PUFFS_VIO_APPEND, PUFFS_IO_APPEND);
	CHECK_EQ(PUFFS_VIO_NDELAY, PUFFS_IO_NDELAY);
	CHECK_EQ(PUFFS_VFSYNC_WAIT, PUFFS_FSYNC_WAIT);
	CHECK_EQ(PUFFS_VFSYNC_DATAONLY, PUFFS_FSYNC_DATAONLY);
	CHECK_EQ(PUFFS_VFSYNC_LAZY, PUFFS_FSYNC_LAZY);
	CHECK_EQ(PUFFS_VPROT_READ, VM_PROT_READ);
	CHECK_EQ(PUFFS_VPROT_WRITE, VM_PROT_WRITE);
	CHECK_EQ(PUFFS_VPROT_EXEC, VM_PROT_EXECUTE);
	CHECK_EQ(PUFFS_VSYNC_WAIT, PUFFS_MNT_WAIT);
	CHECK_EQ(PUFFS_VSYNC_NOWAIT, PUFFS_MNT_NOWAIT);
	CHECK_EQ(PUFFS_VSYNC_LAZY, PUFFS_MNT_LAZY);
	CHECK_EQ(PUFFS_VUNMOUNT_FORCE, PUFFS_MNT_FORCE);
	CHECK_EQ(PUFFS_VLOCK_WAIT, PUFFS_LOCK_WAIT);
	CHECK_EQ(PUFFS_VLOCK_FLOCK, PUFFS_LOCK_FLOCK);
	CHECK_EQ(PUFFS_VLOCK_POSIX, PUFFS_LOCK_POSIX);

	CHECK_EQ(PUFFS_VCALL_GROUPS_UNKNOWN, 0x100);
	CHECK_EQ(PUFFS_VLATE_NOTHING, 0);
	CHECK_EQ(PUFFS_VLATE_NODE, 1);
	CHECK_EQ(PUFFS_VLATE_OPEN, 2);
	CHECK_EQ(PUFFS_VLATE_LOCK, 3);
	CHECK_EQ(PUFFS_VBAD_EXISTS, 1);
	CHECK_EQ(PUFFS_VBAD_TYPE, 2);
	CHECK_EQ(PUFFS_VBAD_ENDLESS, 3);
}

int
main(void)
{

	structures();
	numbers();
	return 0;
}
