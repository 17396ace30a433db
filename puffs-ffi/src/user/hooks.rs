//! Functions that the server wants called, and what it is told when an answer is refused.

use core::ffi::{CStr, c_char, c_int};
use core::fmt::Arguments;
use std::io::Write;

use puffs_user::c::hooks::{pu_cmap_fn, pu_errnotify_fn, pu_prepost_fn, puffs_ml_loop_fn};
use puffs_user::c::puffs_cookie_t;
use puffs_user::kernerr;
use puffs_user::usermount::Usermount;

use super::context;

/// Says something on stderr, if there is one.
pub(super) fn complain(text: Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "puffs: {text}");
}

/// Sets the function that each turn of the main loop calls before it waits; NULL takes it away.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_ml_setloopfn(pu: *mut Usermount, lfn: puffs_ml_loop_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_ml_setloopfn", pu) } {
        pu.settings().loop_fn.set(lfn);
    }
}

/// Sets the functions called before and after each request; NULL takes one away.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_prepost(
    pu: *mut Usermount,
    pre: pu_prepost_fn,
    post: pu_prepost_fn,
) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_prepost", pu) } {
        pu.settings().pre.set(pre);
        pu.settings().post.set(post);
    }
}

/// Sets the function that finds the node of a cookie; NULL: a cookie is its node's address.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_cmap(pu: *mut Usermount, cmap: pu_cmap_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_cmap", pu) } {
        pu.settings().cmap.set(cmap);
    }
}

/// Sets the function that is told of refused answers; NULL: `puffs_kernerr_log`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_errnotify(pu: *mut Usermount, fn_: pu_errnotify_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_errnotify", pu) } {
        pu.settings().errnotify.set(fn_);
    }
}

/// Writes a refused answer to syslog: for `puffs_set_errnotify`.
///
/// # Safety
/// `str` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_kernerr_log(
    _pu: *mut Usermount,
    type_: u8,
    error: c_int,
    str: *const c_char,
    cookie: puffs_cookie_t,
) {
    // SAFETY: by contract.
    kernerr::log(type_, error, unsafe { words(str) }, cookie);
}

/// Writes a refused answer to stderr and ends the program by `abort`: for `puffs_set_errnotify`.
///
/// # Safety
/// `str` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_kernerr_abort(
    _pu: *mut Usermount,
    type_: u8,
    error: c_int,
    str: *const c_char,
    cookie: puffs_cookie_t,
) {
    // SAFETY: by contract.
    let words = unsafe { words(str) }.to_string_lossy();
    complain(format_args!(
        "answer refused: type {type_}, error {error}, {words} (cookie {cookie:p})"
    ));
    std::process::abort();
}

/// # Safety
/// `text` is null or a C string that outlives the result.
unsafe fn words<'a>(text: *const c_char) -> &'a CStr {
    if text.is_null() {
        c"no reason given"
    } else {
        // SAFETY: by contract.
        unsafe { CStr::from_ptr(text) }
    }
}
