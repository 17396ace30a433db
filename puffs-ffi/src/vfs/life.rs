//! The end of nodes and of the file system: inactive, sync, unmount. (Reclaim is with what is paid for.)

use core::ffi::{c_int, c_void};

use ::puffs_vfs::life;
use puffs_core::msg::body::Head;

use super::call::{Port, puffs_vcall, run};
use super::object::puffs_vfs;
use super::{cookie, tell};

/// `puffs_vfs_sync`: wait until it is done.
pub const PUFFS_VSYNC_WAIT: u32 = 1;
/// `puffs_vfs_sync`: start only.
pub const PUFFS_VSYNC_NOWAIT: u32 = 2;
/// `puffs_vfs_sync`: the periodic one.
pub const PUFFS_VSYNC_LAZY: u32 = 3;
/// `puffs_vfs_unmount`: it happens whatever the server says.
pub const PUFFS_VUNMOUNT_FORCE: u32 = 0x0008_0000;

/// Tells the server that nobody uses a node now. It may be used again.
///
/// Returns 0, also where the server has no such operation, and its side notes in `*setback`, unless that is NULL. Whatever it returns,
/// it changes nothing for the kernel.
///
/// # Safety
/// See the head of the header; `setback` is NULL or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_inactive(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
    setback: *mut u32,
) -> c_int {
    let operation = |port: &Port<'_>, head: &Head| {
        let notes = life::inactive(port, head, self::cookie(cookie))?;
        // SAFETY: by contract.
        unsafe { tell(setback, notes) };
        Ok(())
    };
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// The same without an answer and without waiting: for where a kernel may not wait, before a reclaim.
///
/// Returns 0 when it is queued, and where the server has no such operation; `ENXIO`, `EAGAIN`, `ENOMEM`, which nobody need care about.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_inactive_faf(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    cookie: *mut c_void,
) -> c_int {
    let operation =
        |port: &Port<'_>, head: &Head| life::inactive_faf(port, head, self::cookie(cookie));
    // SAFETY: by contract.
    unsafe { run(pv, call, operation) }
}

/// Makes everything safe; `waitfor` is `PUFFS_VSYNC_*`.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_sync(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    waitfor: u32,
) -> c_int {
    // SAFETY: by contract.
    unsafe { run(pv, call, |port, head| life::sync(port, head, waitfor)) }
}

/// Asks the server to end the file system, after every node but the root has been reclaimed; `flags` is 0 or `PUFFS_VUNMOUNT_FORCE`.
///
/// Returns 0, or why the server would rather not; with the flag that changes nothing. `puffs_userdead` follows it.
///
/// # Safety
/// See the head of the header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_vfs_unmount(
    pv: *mut puffs_vfs,
    call: *const puffs_vcall,
    flags: u32,
) -> c_int {
    // SAFETY: by contract.
    unsafe { run(pv, call, |port, head| life::unmount(port, head, flags)) }
}
