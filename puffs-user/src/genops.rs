//! Operations that a server can use as they are: `puffs_fsnop_*`, `puffs_genfs_*`.

use core::ffi::c_ulong;

use crate::c::consts::{PUFFS_DEV_BSIZE, PUFFS_MAXNAMLEN};
use crate::c::node::puffs_node;
use crate::c::puffs_cookie_t;
use crate::c::statvfs::puffs_statvfs;
use crate::usermount::Usermount;

/// The node that a cookie stands for, by the server's own rule or as the cookie's address.
///
/// # Safety
/// `cookie` is one that the server handed out; its rule may look behind it.
pub unsafe fn node_of(pu: &Usermount, cookie: puffs_cookie_t) -> *mut puffs_node {
    match pu.settings().cmap.get() {
        // SAFETY: the server's own function, called as its type says, with a cookie of its own.
        Some(f) => unsafe { f(pu.as_ptr(), cookie) },
        None => cookie.cast(),
    }
}

/// Figures of a file system that has none: `puffs_zerostatvfs`.
pub const NO_FIGURES: puffs_statvfs = puffs_statvfs {
    f_bsize: PUFFS_DEV_BSIZE as c_ulong,
    f_frsize: PUFFS_DEV_BSIZE as c_ulong,
    f_iosize: PUFFS_DEV_BSIZE as c_ulong,
    f_namemax: PUFFS_MAXNAMLEN as c_ulong,
    ..puffs_statvfs::ZERO
};
