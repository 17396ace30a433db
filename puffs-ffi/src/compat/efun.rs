//! Functions that end the program when they fail.

use core::ffi::{c_char, c_int, c_void};
use std::sync::{Mutex, PoisonError};

use super::{err, string};

/// Called with an exit status, a format and what it wants.
type Fail = unsafe extern "C" fn(c_int, *const c_char, ...);

static FAIL: Mutex<Fail> = Mutex::new(err);

fn current() -> Fail {
    *FAIL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `esetfunc`: sets what is called when a function of this file fails, and returns what was; NULL: err(3), as at first.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_compat_esetfunc(fail: Option<Fail>) -> Option<Fail> {
    let mut current = FAIL.lock().unwrap_or_else(PoisonError::into_inner);
    Some(std::mem::replace(&mut *current, fail.unwrap_or(err)))
}

/// Calls it with words.
///
/// # Safety
/// `words` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_efail(words: *const c_char) {
    let words = if words.is_null() { c"".as_ptr() } else { words };
    // SAFETY: a format and what it wants.
    unsafe { current()(1, c"%s".as_ptr(), words) };
}

/// What was allocated. No memory is a failure, but of none that was asked for.
fn allocated(memory: *mut c_void, size: usize) -> *mut c_void {
    if memory.is_null() && size != 0 {
        // SAFETY: a format and what it wants.
        unsafe { current()(1, c"Cannot allocate %zu bytes".as_ptr(), size) };
    }
    memory
}

/// `emalloc`.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_compat_emalloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    allocated(unsafe { libc::malloc(size) }, size)
}

/// `ecalloc`.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_compat_ecalloc(count: usize, size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for.
    let memory = unsafe { libc::calloc(count, size) };
    allocated(memory, count.saturating_mul(size))
}

/// `erealloc`.
///
/// # Safety
/// As for realloc(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_erealloc(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: by contract.
    allocated(unsafe { libc::realloc(memory, size) }, size)
}

/// `estrdup`.
///
/// # Safety
/// `text` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_estrdup(text: *const c_char) -> *mut c_char {
    // SAFETY: by contract.
    unsafe { puffs_compat_estrndup(text, usize::MAX) }
}

/// `estrndup`.
///
/// # Safety
/// `text` is null, or a C string or at least `most` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_estrndup(text: *const c_char, most: usize) -> *mut c_char {
    if text.is_null() {
        return core::ptr::null_mut();
    }
    // SAFETY: by contract.
    let copy = unsafe { libc::strndup(text, most) };
    if copy.is_null() {
        // SAFETY: a format and what it wants.
        unsafe { current()(1, c"Cannot copy a string".as_ptr()) };
    }
    copy
}

/// `estrlcpy`: what does not fit is a failure.
///
/// # Safety
/// As for `strlcpy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_estrlcpy(
    to: *mut c_char,
    from: *const c_char,
    room: usize,
) -> usize {
    // SAFETY: by contract.
    fitting(
        unsafe { string::puffs_compat_strlcpy(to, from, room) },
        room,
    )
}

/// `estrlcat`: what does not fit is a failure.
///
/// # Safety
/// As for `strlcat`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_estrlcat(
    to: *mut c_char,
    from: *const c_char,
    room: usize,
) -> usize {
    // SAFETY: by contract.
    fitting(
        unsafe { string::puffs_compat_strlcat(to, from, room) },
        room,
    )
}

fn fitting(length: usize, room: usize) -> usize {
    if length >= room {
        crate::user::fail(libc::ENAMETOOLONG);
        // SAFETY: a format and what it wants.
        unsafe {
            current()(
                1,
                c"A string of %zu bytes is too long for %zu".as_ptr(),
                length,
                room,
            );
        }
    }
    length
}

/// `efopen`.
///
/// # Safety
/// Both are null or C strings.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_efopen(
    path: *const c_char,
    mode: *const c_char,
) -> *mut libc::FILE {
    if path.is_null() || mode.is_null() {
        return crate::user::null(libc::EINVAL);
    }
    // SAFETY: by contract.
    unsafe {
        let file = libc::fopen(path, mode);
        if file.is_null() {
            current()(1, c"Cannot open '%s'".as_ptr(), path);
        }
        file
    }
}
