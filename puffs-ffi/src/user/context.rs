//! The request being executed.

use core::ffi::c_int;

use libc::pid_t;
use puffs_user::c::lwpid_t;
use puffs_user::cc::Cc;
use puffs_user::usermount::Usermount;

use super::{context, fail, null};

/// Returns the request being executed, or NULL outside one.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_cc_getcc(pu: *mut Usermount) -> *mut Cc {
    // SAFETY: by contract.
    match unsafe { context(pu) } {
        Some(pu) => pu.current().cast_mut(),
        None => null(libc::EINVAL),
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
    let Some(cc) = (unsafe { pcc.as_ref() }) else {
        return fail(libc::EINVAL);
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

/// Notes `PUFFS_SETBACK_*` for the answer to the request being executed. Only open, mmap, remove, rmdir and inactive may;
/// elsewhere it writes a warning and does nothing.
///
/// # Safety
/// `pcc` is null or the request being executed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_setback(pcc: *mut Cc, whatback: c_int) {
    // SAFETY: by contract.
    let Some(cc) = (unsafe { pcc.as_ref() }) else {
        return;
    };
    if cc.add_setback(whatback as u32).is_err() {
        super::hooks::complain(format_args!(
            "puffs_setback: not in this operation, or unknown bits: {whatback:#x}"
        ));
    }
}
