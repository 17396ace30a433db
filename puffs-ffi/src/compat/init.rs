//! The context of a server that is written for NetBSD.

use core::ffi::{c_char, c_void};

use puffs_user::c::ops::puffs_ops;
use puffs_user::usermount::Usermount;

use crate::user::life::puffs_init;

/// `puffs_init`, but that reads and writes are no larger than NetBSD's.
///
/// # Safety
/// As that of `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_init(
    pops: *mut puffs_ops,
    mntfromname: *const c_char,
    puffsname: *const c_char,
    priv_: *mut c_void,
    pflags: u32,
) -> *mut Usermount {
    // SAFETY: by contract.
    let pu = unsafe { puffs_init(pops, mntfromname, puffsname, priv_, pflags) };
    // SAFETY: it is null or was made just now.
    if let Some(pu) = unsafe { pu.as_ref() } {
        pu.limit_maxdata();
    }
    pu
}
