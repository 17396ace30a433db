//! Exports of the server library, declared in `<puffs.h>`.
//!
//! Every file of this directory is read by the header generator. Each function checks its pointers, converts,
//! and calls `puffs-user`, which holds the meaning and the structures.

pub mod access;
pub mod attr;
pub mod cache;
pub mod context;
pub mod cred;
pub mod dirent;
pub mod dispatch;
pub mod frame;
pub mod frame_buffer;
pub mod generic;
pub mod hooks;
pub mod life;
pub mod newinfo;
pub mod node;
pub mod null;
pub mod null_files;
pub mod path;
pub mod settings;

use core::ffi::{CStr, c_char, c_int, c_void};

use puffs_user::cc::Cc;
use puffs_user::usermount::Usermount;

/// -1 with `errno` set.
pub(crate) fn fail(errno: i32) -> c_int {
    // SAFETY: errno of this thread.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// 0, or -1 with `errno` set.
pub(crate) fn finish(result: Result<(), i32>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(errno) => fail(errno),
    }
}

/// NULL with `errno` set.
pub(crate) fn null<T>(errno: i32) -> *mut T {
    fail(errno);
    core::ptr::null_mut()
}

/// The context behind a pointer of C's, for a function that only the server's own thread may call; said on stderr when another one does.
///
/// # Errors
/// `EINVAL` for null, `EPERM` when it is not the caller's.
///
/// # Safety
/// Null, or what `puffs_init` returned and nobody has cancelled.
unsafe fn context<'a>(function: &str, pu: *mut Usermount) -> Result<&'a Usermount, i32> {
    // SAFETY: by contract.
    let pu = unsafe { anyones(pu) }.ok_or(libc::EINVAL)?;
    allowed(function, pu)?;
    Ok(pu)
}

/// The context behind a pointer of C's, for a function that any thread may call.
///
/// # Safety
/// As [`context`].
unsafe fn anyones<'a>(pu: *mut Usermount) -> Option<&'a Usermount> {
    // SAFETY: by contract.
    unsafe { pu.as_ref() }
}

/// The request behind a pointer of C's; otherwise as [`context`].
///
/// # Errors
/// As [`context`].
///
/// # Safety
/// Null, or a request that has not ended.
unsafe fn request<'a>(function: &str, cc: *mut Cc) -> Result<&'a Cc, i32> {
    // SAFETY: by contract.
    let cc = unsafe { cc.as_ref() }.ok_or(libc::EINVAL)?;
    if let Some(pu) = cc.usermount() {
        allowed(function, pu)?;
    }
    Ok(cc)
}

/// The rule of `include/README.md`, "Threads", for everything that is only for one thread.
///
/// # Errors
/// `EPERM`, and it is said why.
fn allowed(function: &str, pu: &Usermount) -> Result<(), i32> {
    pu.check_caller().map_err(|stranger| {
        hooks::complain(format_args!("{function}: {}", stranger.words()));
        libc::EPERM
    })
}

/// `PUFFS_DEFER`: will be given later.
fn deferred<T>(pointer: *const T) -> bool {
    pointer.addr() == usize::MAX
}

/// A name that may be deferred. Null is an error, [`None`].
///
/// # Safety
/// Null, `PUFFS_DEFER`, or a C string that outlives the result.
unsafe fn name<'a>(name: *const c_char) -> Option<Option<&'a CStr>> {
    if name.is_null() {
        None
    } else if deferred(name) {
        Some(None)
    } else {
        // SAFETY: by contract.
        Some(Some(unsafe { CStr::from_ptr(name) }))
    }
}

/// A private pointer that may be deferred.
fn private(pointer: *mut c_void) -> *mut c_void {
    if deferred(pointer) {
        core::ptr::null_mut()
    } else {
        pointer
    }
}
