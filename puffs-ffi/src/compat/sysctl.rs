//! `sysctl`, which Linux does not have.

use core::ffi::{c_int, c_uint, c_void};

use crate::user::fail;

/// `sysctl`: -1 with `ENOSYS`.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_compat_sysctl(
    _name: *const c_int,
    _namelen: c_uint,
    _old: *mut c_void,
    _oldlen: *mut usize,
    _new: *const c_void,
    _newlen: usize,
) -> c_int {
    fail(libc::ENOSYS)
}
