//! What an operation says about the node it found or made.

use libc::{dev_t, off_t, timespec};
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::vattr::vattr;
use puffs_user::newinfo::Newinfo;
use puffs_user::vtype::Vtype;

/// Sets the node's cookie.
///
/// # Safety
/// `pni` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_newinfo_setcookie(pni: *mut Newinfo, cookie: puffs_cookie_t) {
    // SAFETY: by contract.
    if let Some(pni) = unsafe { pni.as_ref() } {
        pni.set_cookie(cookie);
    }
}

/// Sets the node's type. Without effect in operations that create: there the type is the one asked for.
///
/// # Safety
/// `pni` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_newinfo_setvtype(pni: *mut Newinfo, vt: Vtype) {
    // SAFETY: by contract.
    if let Some(pni) = unsafe { pni.as_ref() } {
        pni.set_vtype(vt);
    }
}

/// Sets the node's size, which matters for regular files. Without effect in operations that create.
///
/// # Safety
/// `pni` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_newinfo_setsize(pni: *mut Newinfo, size: off_t) {
    // SAFETY: by contract.
    if let Some(pni) = unsafe { pni.as_ref() } {
        pni.set_size(size as u64);
    }
}

/// Sets the device number of a device node. Without effect in operations that create.
///
/// # Safety
/// `pni` is null or the operation's own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_newinfo_setrdev(pni: *mut Newinfo, rdev: dev_t) {
    // SAFETY: by contract.
    if let Some(pni) = unsafe { pni.as_ref() } {
        pni.set_rdev(rdev);
    }
}

/// Sets the node's attributes, which are copied; they count with `PUFFS_KFLAG_CACHE_FS_TTL`.
///
/// # Safety
/// `pni` is null or the operation's own; `vap` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_newinfo_setva(pni: *mut Newinfo, vap: *mut vattr) {
    // SAFETY: by contract.
    if let (Some(pni), Some(va)) = unsafe { (pni.as_ref(), vap.as_ref()) } {
        pni.set_attr(va);
    }
}

/// Sets how long the attributes hold; zero: not said. It counts with `PUFFS_KFLAG_CACHE_FS_TTL`.
///
/// # Safety
/// `pni` is null or the operation's own; `va_ttl` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_newinfo_setvattl(pni: *mut Newinfo, va_ttl: *mut timespec) {
    // SAFETY: by contract.
    if let (Some(pni), Some(ttl)) = unsafe { (pni.as_ref(), va_ttl.as_ref()) } {
        pni.set_attr_ttl(*ttl);
    }
}

/// Sets how long the name holds; zero: not said. It counts with `PUFFS_KFLAG_CACHE_FS_TTL`.
///
/// # Safety
/// `pni` is null or the operation's own; `cn_ttl` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_newinfo_setcnttl(pni: *mut Newinfo, cn_ttl: *mut timespec) {
    // SAFETY: by contract.
    if let (Some(pni), Some(ttl)) = unsafe { (pni.as_ref(), cn_ttl.as_ref()) } {
        pni.set_name_ttl(*ttl);
    }
}
