//! Operations that a server can use as they are. Each returns 0 or an errno value; `EINVAL` for null pointers.

use core::ffi::c_int;

use puffs_user::c::puffs_cookie_t;
use puffs_user::c::statvfs::puffs_statvfs;
use puffs_user::c::vattr::vattr;
use puffs_user::cred::Cred;
use puffs_user::usermount::Usermount;
use puffs_user::{genops, nodes};

use super::context;

/// fs_unmount that lets it happen.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_fsnop_unmount(_pu: *mut Usermount, _mntflags: c_int) -> c_int {
    0
}

/// Suspending is no operation of any file system here: `EOPNOTSUPP`.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_fs_suspend(_pu: *mut Usermount) -> c_int {
    libc::EOPNOTSUPP
}

/// fs_sync of a file system that has nothing to bring anywhere.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_fsnop_sync(
    _pu: *mut Usermount,
    _waitfor: c_int,
    _pcr: *const Cred,
) -> c_int {
    0
}

/// fs_statvfs of a file system without figures.
///
/// # Safety
/// `sbp` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_fsnop_statvfs(
    _pu: *mut Usermount,
    sbp: *mut puffs_statvfs,
) -> c_int {
    if sbp.is_null() {
        return libc::EINVAL;
    }
    // SAFETY: by contract.
    unsafe { puffs_zerostatvfs(sbp) };
    0
}

/// Says that there are no figures: units of 512 bytes, and none of them.
///
/// # Safety
/// `sbp` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_zerostatvfs(sbp: *mut puffs_statvfs) {
    if !sbp.is_null() {
        // SAFETY: by contract.
        unsafe { sbp.write(genops::NO_FIGURES) };
    }
}

/// node_getattr that gives the `pn_va` of the cookie's node.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `opc` is a cookie that stands for a node; `vap` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_genfs_node_getattr(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    vap: *mut vattr,
    _pcr: *const Cred,
) -> c_int {
    // SAFETY: by contract.
    let pu = match unsafe { context("puffs_genfs_node_getattr", pu) } {
        Ok(pu) => pu,
        Err(errno) => return errno,
    };
    if vap.is_null() {
        return libc::EINVAL;
    }
    // SAFETY: by contract.
    unsafe {
        let pn = genops::node_of(pu, opc);
        if pn.is_null() {
            return libc::EINVAL;
        }
        *vap = (*pn).pn_va;
    }
    0
}

/// node_reclaim that puts the cookie's node.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `opc` is a cookie that stands for a node from `puffs_pn_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_genfs_node_reclaim(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
) -> c_int {
    // SAFETY: by contract.
    let pu = match unsafe { context("puffs_genfs_node_reclaim", pu) } {
        Ok(pu) => pu,
        Err(errno) => return errno,
    };
    // SAFETY: by contract.
    unsafe {
        let pn = genops::node_of(pu, opc);
        if pn.is_null() {
            return libc::EINVAL;
        }
        nodes::put(pn);
    }
    0
}
