//! `strlcpy` and `strlcat`.

use core::ffi::c_char;

/// `strlcpy`: copies as much of `from` as fits, and a NUL. Returns how long `from` is.
///
/// # Safety
/// `to` has room as said, `from` is a C string; or one of them is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_strlcpy(
    to: *mut c_char,
    from: *const c_char,
    room: usize,
) -> usize {
    if from.is_null() {
        return 0;
    }
    // SAFETY: by contract.
    unsafe {
        let length = libc::strlen(from);
        if !to.is_null() && room > 0 {
            let copied = length.min(room - 1);
            to.copy_from(from, copied);
            to.add(copied).write(0);
        }
        length
    }
}

/// `strlcat`: appends as much of `from` as fits. Returns how long the whole is.
///
/// # Safety
/// `to` has room as said, `from` is a C string; or one of them is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_strlcat(
    to: *mut c_char,
    from: *const c_char,
    room: usize,
) -> usize {
    if to.is_null() {
        return 0;
    }
    // SAFETY: by contract.
    unsafe {
        let length = libc::strnlen(to, room);
        length + puffs_compat_strlcpy(to.add(length), from, room - length)
    }
}
