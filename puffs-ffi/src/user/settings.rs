//! What a server sets, most of it before the mount.

use core::ffi::{c_char, c_int, c_void};
use core::time::Duration;

use libc::{dev_t, timespec};
use puffs_user::c::name::puffs_pathobj;
use puffs_user::c::node::puffs_node;
use puffs_user::usermount::Usermount;
use puffs_user::vtype::Vtype;

use super::{anyones, context, name, null};

/// Replaces the two names that `puffs_init` got, before the mount. Null pointers change nothing.
///
/// # Safety
/// `pu` is null or from `puffs_init`; the names are null, `PUFFS_DEFER` or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setmntinfo(
    pu: *mut Usermount,
    mntfromname: *const c_char,
    puffsname: *const c_char,
) {
    // SAFETY: by contract.
    let (pu, from, fstype) = unsafe {
        (
            context("puffs_setmntinfo", pu),
            name(mntfromname),
            name(puffsname),
        )
    };
    if let (Ok(pu), Some(from), Some(fstype)) = (pu, from, fstype) {
        pu.set_names(from, fstype);
    }
}

/// Remembers the root node; it has no other effect.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setroot(pu: *mut Usermount, pn: *mut puffs_node) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_setroot", pu) } {
        pu.settings().root.set(pn);
    }
}

/// Returns the root node, or NULL when none was set.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_getroot(pu: *mut Usermount) -> *mut puffs_node {
    // SAFETY: by contract.
    match unsafe { context("puffs_getroot", pu) } {
        Ok(pu) => pu.settings().root.get(),
        Err(errno) => null(errno),
    }
}

/// Returns the root node's path, or NULL with `ENOENT` when no root was set.
///
/// # Safety
/// `pu` is null or from `puffs_init`; the root node lives.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_getrootpathobj(pu: *mut Usermount) -> *mut puffs_pathobj {
    // SAFETY: by contract.
    let root = unsafe { puffs_getroot(pu) };
    if root.is_null() {
        return null(libc::ENOENT);
    }
    // SAFETY: by contract the node lives.
    unsafe { &raw mut (*root).pn_po }
}

/// Type, size and device number of the root; otherwise it is a directory. Before the mount.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setrootinfo(
    pu: *mut Usermount,
    vt: Vtype,
    vsize: core::ffi::c_ulong,
    rdev: dev_t,
) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_setrootinfo", pu) } {
        pu.set_root_info(vt, vsize, rdev);
    }
}

/// Returns the server's own pointer. From any thread.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_getspecific(pu: *mut Usermount) -> *mut c_void {
    // SAFETY: by contract.
    match unsafe { anyones(pu) } {
        Some(pu) => pu.settings().specific(),
        None => null(libc::EINVAL),
    }
}

/// Sets the server's own pointer.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setspecific(pu: *mut Usermount, priv_: *mut c_void) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_setspecific", pu) } {
        pu.settings().set_specific(priv_);
    }
}

/// Sets the size of the stack that each request has, from the next request on: rounded up to a power of two, and at
/// least 16 KiB. `PUFFS_STACKSIZE_MIN` asks for the least, `PUFFS_STACKSIZE_DEFAULT` is what there is without this call.
/// Below each stack is a page that cannot be used.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setstacksize(pu: *mut Usermount, stacksize: usize) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_setstacksize", pu) } {
        pu.set_stack_size(stacksize);
    }
}

/// Wishes a largest read or write, before the mount: at least 8 KiB, and 256 KiB when it is 0 or more than
/// 1 MiB.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setmaxreqlen(pu: *mut Usermount, reqlen: usize) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_setmaxreqlen", pu) } {
        pu.set_maxdata(reqlen);
    }
}

/// Returns the largest read or write.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_getmaxreqlen(pu: *mut Usermount) -> usize {
    // SAFETY: by contract.
    unsafe { context("puffs_getmaxreqlen", pu) }.map_or(0, |pu| pu.settings().maxdata())
}

/// Says how large the server's file handles are, and `PUFFS_FHFLAG_*`. Before the mount. Without it, or with 0, there are none; with
/// `PUFFS_FHFLAG_DYNAMIC` the size is the largest; with `PUFFS_FHFLAG_PASSTHROUGH` they are the host's, of whatever size. The mount fails with `EINVAL`
/// when they are longer than `PUFFS_FHSIZE_MAX`, or than 28 bytes with `PUFFS_FHFLAG_NFSV2` and 60 with `PUFFS_FHFLAG_NFSV3`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setfhsize(pu: *mut Usermount, fhsize: usize, flags: c_int) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_setfhsize", pu) } {
        pu.set_fh(fhsize, flags as u32);
    }
}

/// A hint that is not needed. Before the mount.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setncookiehash(pu: *mut Usermount, _size: c_int) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_setncookiehash", pu) } {
        pu.hint_cookie_hash();
    }
}

/// Sets how long one turn of the main loop waits at most; the value is copied, and NULL means for ever. A negative
/// time is none.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `ts` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_ml_settimeout(pu: *mut Usermount, ts: *mut timespec) {
    // SAFETY: by contract.
    let (Ok(pu), ts) = (unsafe { (context("puffs_ml_settimeout", pu), ts.as_ref()) }) else {
        return;
    };
    pu.settings().timeout.set(ts.map(|ts| {
        let nsec = u32::try_from(ts.tv_nsec).unwrap_or(0).min(999_999_999);
        u64::try_from(ts.tv_sec).map_or(Duration::ZERO, |sec| Duration::new(sec, nsec))
    }));
}
