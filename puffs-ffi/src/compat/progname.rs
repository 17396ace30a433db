//! The name of the program.

use core::ffi::{c_char, c_int};

unsafe extern "C" {
    static mut program_invocation_short_name: *mut c_char;
}

/// `setprogname`: what is behind the last slash of `name`, which is kept and not copied, is the program's name from now on.
///
/// # Safety
/// `name` is null or a C string that lasts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_setprogname(name: *const c_char) {
    if name.is_null() {
        return;
    }
    // SAFETY: by contract; the C library's variable is the program's to set.
    unsafe {
        let slash = libc::strrchr(name, c_int::from(b'/'));
        program_invocation_short_name = if slash.is_null() {
            name.cast_mut()
        } else {
            slash.add(1)
        };
    }
}

/// `getprogname`: the name of the program.
#[unsafe(no_mangle)]
pub extern "C" fn puffs_compat_getprogname() -> *const c_char {
    // SAFETY: the C library has set it before any code of a program runs.
    unsafe { program_invocation_short_name }
}
