//! unmount, statvfs, sync.

use core::ffi::{c_int, c_ulong};

use puffs_user::c::consts::{PUFFS_MNT_FORCE, PUFFS_MNT_WAIT};
use puffs_user::c::statvfs::puffs_statvfs;
use puffs_user::cred::Cred;
use puffs_user::usermount::Usermount;

use super::{Op, errno};
use crate::server::Server;

pub(crate) unsafe extern "C" fn unmount<S: Server>(pu: *mut Usermount, flags: c_int) -> c_int {
    // SAFETY: the dispatcher calls with its own context.
    let op = unsafe { Op::<S>::new(pu, "unmount") };
    let forced = flags & PUFFS_MNT_FORCE != 0;
    errno(op.call_once([], |server, req, []| server.unmount(req, forced)))
}

pub(crate) unsafe extern "C" fn statvfs<S: Server>(
    pu: *mut Usermount,
    sb: *mut puffs_statvfs,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "statvfs") };
    errno(
        op.call([], |server, req, []| server.statvfs(req))
            .map(|figures| {
                // SAFETY: the dispatcher's room for them.
                let sb = unsafe { &mut *sb };
                sb.f_bsize = figures.block_size as c_ulong;
                sb.f_frsize = figures.block_size as c_ulong;
                sb.f_iosize = figures.block_size as c_ulong;
                sb.f_blocks = figures.blocks;
                sb.f_bfree = figures.blocks_free;
                sb.f_bavail = figures.blocks_available;
                sb.f_bresvd = figures.blocks_free.saturating_sub(figures.blocks_available);
                sb.f_files = figures.files;
                sb.f_ffree = figures.files_free;
                sb.f_favail = figures.files_free;
                sb.f_namemax = figures.name_max as c_ulong;
            }),
    )
}

pub(crate) unsafe extern "C" fn sync<S: Server>(
    pu: *mut Usermount,
    waitfor: c_int,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "sync") };
    errno(op.call([], |server, req, []| {
        server.sync(req, waitfor == PUFFS_MNT_WAIT)
    }))
}

/// For a server that does not name it.
pub(crate) const unsafe extern "C" fn nothing_to_sync(
    _: *mut Usermount,
    _: c_int,
    _: *const Cred,
) -> c_int {
    0
}
