//! The space that a file takes.

use core::ffi::{c_int, c_void};

use ::puffs_vfs::space;
use puffs_core::msg::body::Head;

use super::call::{Port, puffs_vcall, run};
use super::cookie;
use super::object::puffs_vfs;

/// Reserves a range of a file, which grows to hold it.
///
/// Returns 0; `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_fallocate(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    offset: u64,
    len: u64,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        space::fallocate(port, head, self::cookie(cookie), offset, len)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Makes a hole of a range of a file, whose size stays.
///
/// Returns 0; `EOPNOTSUPP` when the server has no such operation.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_fdiscard(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    offset: u64,
    len: u64,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        space::fdiscard(port, head, self::cookie(cookie), offset, len)
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}
