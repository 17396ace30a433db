//! Which operations a server has.

use puffs_core::msg::op::{vfs, vn};

use crate::c::ops::puffs_ops;
use crate::host::OpSet;

/// The set for a table. Another form of an operation (`open2`, `write2`, `reclaim2`, `getattr_ttl`, `setattr_ttl`) counts
/// as the operation, so that a server need not fill the base slot as well.
pub(crate) fn of(ops: &puffs_ops) -> OpSet {
    let vfs = [
        (vfs::UNMOUNT, ops.puffs_fs_unmount.is_some()),
        (vfs::STATVFS, ops.puffs_fs_statvfs.is_some()),
        (vfs::SYNC, ops.puffs_fs_sync.is_some()),
        (vfs::FHTOVP, ops.puffs_fs_fhtonode.is_some()),
        (vfs::VPTOFH, ops.puffs_fs_nodetofh.is_some()),
        (vfs::EXTATTRCTL, ops.puffs_fs_extattrctl.is_some()),
    ];
    let vn = [
        (vn::LOOKUP, ops.puffs_node_lookup.is_some()),
        (vn::CREATE, ops.puffs_node_create.is_some()),
        (vn::MKNOD, ops.puffs_node_mknod.is_some()),
        (vn::OPEN, ops.puffs_node_open.is_some()),
        (vn::OPEN, ops.puffs_node_open2.is_some()),
        (vn::CLOSE, ops.puffs_node_close.is_some()),
        (vn::ACCESS, ops.puffs_node_access.is_some()),
        (vn::GETATTR, ops.puffs_node_getattr.is_some()),
        (vn::GETATTR, ops.puffs_node_getattr_ttl.is_some()),
        (vn::SETATTR, ops.puffs_node_setattr.is_some()),
        (vn::SETATTR, ops.puffs_node_setattr_ttl.is_some()),
        (vn::POLL, ops.puffs_node_poll.is_some()),
        (vn::MMAP, ops.puffs_node_mmap.is_some()),
        (vn::FSYNC, ops.puffs_node_fsync.is_some()),
        (vn::SEEK, ops.puffs_node_seek.is_some()),
        (vn::REMOVE, ops.puffs_node_remove.is_some()),
        (vn::LINK, ops.puffs_node_link.is_some()),
        (vn::RENAME, ops.puffs_node_rename.is_some()),
        (vn::MKDIR, ops.puffs_node_mkdir.is_some()),
        (vn::RMDIR, ops.puffs_node_rmdir.is_some()),
        (vn::SYMLINK, ops.puffs_node_symlink.is_some()),
        (vn::READDIR, ops.puffs_node_readdir.is_some()),
        (vn::READLINK, ops.puffs_node_readlink.is_some()),
        (vn::RECLAIM, ops.puffs_node_reclaim.is_some()),
        (vn::RECLAIM, ops.puffs_node_reclaim2.is_some()),
        (vn::INACTIVE, ops.puffs_node_inactive.is_some()),
        (vn::PRINT, ops.puffs_node_print.is_some()),
        (vn::PATHCONF, ops.puffs_node_pathconf.is_some()),
        (vn::ADVLOCK, ops.puffs_node_advlock.is_some()),
        (vn::ABORTOP, ops.puffs_node_abortop.is_some()),
        (vn::READ, ops.puffs_node_read.is_some()),
        (vn::WRITE, ops.puffs_node_write.is_some()),
        (vn::WRITE, ops.puffs_node_write2.is_some()),
        (vn::GETEXTATTR, ops.puffs_node_getextattr.is_some()),
        (vn::SETEXTATTR, ops.puffs_node_setextattr.is_some()),
        (vn::LISTEXTATTR, ops.puffs_node_listextattr.is_some()),
        (vn::DELETEEXTATTR, ops.puffs_node_deleteextattr.is_some()),
        (vn::FALLOCATE, ops.puffs_node_fallocate.is_some()),
        (vn::FDISCARD, ops.puffs_node_fdiscard.is_some()),
    ];
    let set = vfs
        .iter()
        .filter(|(_, there)| *there)
        .fold(OpSet::default(), |set, (op, _)| set.with_vfs(*op));
    vn.iter()
        .filter(|(_, there)| *there)
        .fold(set, |set, (op, _)| set.with_vn(*op))
}
