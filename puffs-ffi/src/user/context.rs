//! The request being executed.

use core::ffi::c_int;

use libc::pid_t;
use puffs_user::c::lwpid_t;
use puffs_user::cc::Cc;
use puffs_user::usermount::Usermount;

use super::{context, fail, null, request};

/// Returns the request being executed, or NULL outside one.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cc_getcc(pu: *mut Usermount) -> *mut Cc {
    // SAFETY: by contract.
    match unsafe { context("puffs_cc_getcc", pu) } {
        Ok(pu) => pu.current().cast_mut(),
        Err(errno) => null(errno),
    }
}

/// Says which process and thread asked; either pointer may be NULL.
///
/// Returns 0, or -1 with `errno` set: `ESRCH` when it is not known, `EINVAL` without a request.
///
/// # Safety
/// `pcc` is null or the request being executed; the others are null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cc_getcaller(
    pcc: *mut Cc,
    pid: *mut pid_t,
    lid: *mut lwpid_t,
) -> c_int {
    // SAFETY: by contract.
    let cc = match unsafe { request("puffs_cc_getcaller", pcc) } {
        Ok(cc) => cc,
        Err(errno) => return fail(errno),
    };
    let Some((caller, thread)) = cc.caller() else {
        return fail(libc::ESRCH);
    };
    // SAFETY: by contract.
    unsafe {
        if !pid.is_null() {
            *pid = caller as pid_t;
        }
        if !lid.is_null() {
            *lid = thread as lwpid_t;
        }
    }
    0
}

/// Leaves the request in the middle of its operation; the main loop goes on with others. Returns when somebody goes on with
/// it, by `puffs_cc_continue` or `puffs_cc_schedule`. What is on the request's stack stays as it is meanwhile.
///
/// Only the request being executed can be left; elsewhere it writes a warning and returns at once.
///
/// # Safety
/// `pcc` is null or the request being executed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cc_yield(pcc: *mut Cc) {
    // SAFETY: by contract.
    let Ok(cc) = (unsafe { request("puffs_cc_yield", pcc) }) else {
        return;
    };
    if let Err(error) = cc.leave() {
        super::hooks::complain(format_args!("puffs_cc_yield: {}", error.words()));
    }
}

/// Goes on with a request that was left, at once, and returns when it has ended or is left again. `pcc` may be
/// gone then. From the loop function or from inside another request.
///
/// A request that was not left is not touched; a warning is written.
///
/// # Safety
/// `pcc` is null or a request that has not ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cc_continue(pcc: *mut Cc) {
    // SAFETY: by contract.
    let Ok(cc) = (unsafe { request("puffs_cc_continue", pcc) }) else {
        return;
    };
    if let Err(error) = cc.go_on() {
        super::hooks::complain(format_args!("puffs_cc_continue: {}", error.words()));
    }
}

/// Has the next turn of the main loop go on with a request that was left, and returns at once.
///
/// # Safety
/// `pcc` is null or a request that has not ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cc_schedule(pcc: *mut Cc) {
    // SAFETY: by contract.
    let Ok(cc) = (unsafe { request("puffs_cc_schedule", pcc) }) else {
        return;
    };
    if let Err(error) = cc.schedule() {
        super::hooks::complain(format_args!("puffs_cc_schedule: {}", error.words()));
    }
}

/// Notes `PUFFS_SETBACK_*` for the answer to the request being executed. Only open, mmap, remove, rmdir and inactive may;
/// elsewhere it writes a warning and does nothing.
///
/// # Safety
/// `pcc` is null or the request being executed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setback(pcc: *mut Cc, whatback: c_int) {
    // SAFETY: by contract.
    let Ok(cc) = (unsafe { request("puffs_setback", pcc) }) else {
        return;
    };
    if cc.add_setback(whatback as u32).is_err() {
        super::hooks::complain(format_args!(
            "puffs_setback: not in this operation, or unknown bits: {whatback:#x}"
        ));
    }
}
