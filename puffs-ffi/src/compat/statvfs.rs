//! The calls that fill NetBSD's `struct statvfs`.

use core::ffi::{CStr, c_char, c_int};
use std::io;

use puffs_user::c::statvfs::puffs_statvfs;
use puffs_user::compat::figures;

use crate::user::fail;

/// `statvfs`.
///
/// # Safety
/// `path` is null or a C string; `to` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_statvfs(
    path: *const c_char,
    to: *mut puffs_statvfs,
) -> c_int {
    if path.is_null() {
        return fail(libc::EFAULT);
    }
    // SAFETY: by contract.
    unsafe { finish(figures::of_path(CStr::from_ptr(path)), to) }
}

/// `fstatvfs`.
///
/// # Safety
/// `to` is null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_fstatvfs(fd: c_int, to: *mut puffs_statvfs) -> c_int {
    // SAFETY: by contract.
    unsafe { finish(figures::of_fd(fd), to) }
}

/// `statvfs1`: its flags say whether old figures would do, and there are none.
///
/// # Safety
/// As for `statvfs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_statvfs1(
    path: *const c_char,
    to: *mut puffs_statvfs,
    _flags: c_int,
) -> c_int {
    // SAFETY: by contract.
    unsafe { puffs_compat_statvfs(path, to) }
}

/// `fstatvfs1`.
///
/// # Safety
/// As for `fstatvfs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_fstatvfs1(
    fd: c_int,
    to: *mut puffs_statvfs,
    _flags: c_int,
) -> c_int {
    // SAFETY: by contract.
    unsafe { puffs_compat_fstatvfs(fd, to) }
}

/// # Safety
/// `to` is null or valid for writing.
unsafe fn finish(figures: io::Result<puffs_statvfs>, to: *mut puffs_statvfs) -> c_int {
    match figures {
        Err(error) => fail(error.raw_os_error().unwrap_or(libc::EIO)),
        Ok(_) if to.is_null() => fail(libc::EFAULT),
        Ok(figures) => {
            // SAFETY: by contract.
            unsafe { to.write(figures) };
            0
        }
    }
}
