//! Mount options.

use core::ffi::{CStr, c_char, c_int, c_long};
use core::sync::atomic::{AtomicI32, Ordering};

use puffs_user::compat::mntopts::{self, Parsed, mntopt};

use super::errx;
use crate::user::{fail, null};

/// The options that every file system understands, and those of puffs. Programs may have a copy of it, made when they start and as
/// large as it was when they were linked: it must not grow as long as the library has the same name.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)] // The name that C sees.
pub static puffsmopts: [mntopt; mntopts::STANDARD.len()] = mntopts::STANDARD;

/// `getmnt_silent`: not 0: mistakes in options do not end the program.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals)] // The name that C sees.
pub static puffs_compat_getmnt_silent: AtomicI32 = AtomicI32::new(0);

fn silent() -> bool {
    puffs_compat_getmnt_silent.load(Ordering::Relaxed) != 0
}

/// `getmntopts`: sets and clears bits in the two words as the options say. An option that is not in the table ends
/// the program, or is NULL with `EINVAL` and nothing changed. A word that is null is left out.
///
/// # Safety
/// `options` is null or a C string; `table` is null or ends with a null name; the words are null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_getmntopts(
    options: *const c_char,
    table: *const mntopt,
    flags: *mut c_int,
    altflags: *mut c_int,
) -> *mut Parsed {
    if options.is_null() || table.is_null() {
        return null(libc::EINVAL);
    }
    // SAFETY: by contract.
    match unsafe { mntopts::parse(CStr::from_ptr(options), table) } {
        Ok(parsed) => {
            // SAFETY: by contract.
            unsafe {
                if let Some(flags) = flags.as_mut() {
                    *flags = parsed.flags.of(*flags);
                }
                if let Some(altflags) = altflags.as_mut() {
                    *altflags = parsed.altflags.of(*altflags);
                }
            }
            Box::into_raw(Box::new(parsed))
        }
        Err(unknown) => {
            if !silent() {
                // SAFETY: a format and what it wants.
                unsafe { errx(1, c"-o %s: option not supported".as_ptr(), unknown.as_ptr()) };
            }
            null(libc::EINVAL)
        }
    }
}

/// `getmntoptstr`: what stood behind the option's "="; NULL if it was not given, or without.
///
/// # Safety
/// `parsed` is null or from `getmntopts`; `name` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_getmntoptstr(
    parsed: *const Parsed,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: by contract.
    let (Some(parsed), false) = (unsafe { parsed.as_ref() }, name.is_null()) else {
        return core::ptr::null();
    };
    // SAFETY: by contract.
    let value = parsed.value(unsafe { CStr::from_ptr(name) });
    value.map_or(core::ptr::null(), CStr::as_ptr)
}

/// `getmntoptnum`: the same as a number, decimal, octal or hexadecimal as in C. None, or what is no number, ends
/// the program, or is -1 with `EINVAL`.
///
/// # Safety
/// As for `getmntoptstr`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_getmntoptnum(
    parsed: *const Parsed,
    name: *const c_char,
) -> c_long {
    if name.is_null() {
        return fail(libc::EINVAL).into();
    }
    // SAFETY: by contract.
    let value = unsafe { puffs_compat_getmntoptstr(parsed, name) };
    let complaint = if value.is_null() {
        c"-o %s: a value is missing"
    } else {
        let mut end = core::ptr::null_mut();
        // SAFETY: a C string, and a pointer to leave its end in.
        unsafe {
            let number = libc::strtol(value, &mut end, 0);
            if end.cast_const() != value && *end == 0 {
                return number;
            }
        }
        c"-o %s: the value is no number"
    };
    if !silent() {
        // SAFETY: a format and what it wants.
        unsafe { errx(1, complaint.as_ptr(), name) };
    }
    fail(libc::EINVAL).into()
}

/// `freemntopts`.
///
/// # Safety
/// `parsed` is null or from `getmntopts`, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_freemntopts(parsed: *mut Parsed) {
    if !parsed.is_null() {
        // SAFETY: by contract.
        drop(unsafe { Box::from_raw(parsed) });
    }
}
