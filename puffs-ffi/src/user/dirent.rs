//! Directory records.

use core::ffi::{CStr, c_char, c_int};

use libc::ino_t;
use puffs_user::c::dirent::puffs_dirent;
use puffs_user::dirents;

/// Writes a record at `*dent`, moves `*dent` behind it and takes its length off `*reslen`.
///
/// Returns 1, or 0 with nothing changed when the record does not fit: `*reslen` is too small, the name too long, or
/// a pointer null.
///
/// # Safety
/// `*dent` has room for `*reslen` bytes; `name` is null or a C string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_nextdent(
    dent: *mut *mut puffs_dirent,
    name: *const c_char,
    id: ino_t,
    dtype: u8,
    reslen: *mut usize,
) -> c_int {
    // SAFETY: by contract.
    let (Some(dent), Some(reslen)) = (unsafe { (dent.as_mut(), reslen.as_mut()) }) else {
        return 0;
    };
    if dent.is_null() || name.is_null() {
        return 0;
    }
    // SAFETY: by contract.
    let written = unsafe { dirents::next(dent, CStr::from_ptr(name), id, dtype, reslen) };
    c_int::from(written)
}

/// Writes the record "." (`dotdot` is `DENT_DOT`) or ".." (`DENT_DOTDOT`), as `puffs_nextdent` does.
///
/// Returns 1, or 0 with nothing changed, also for any other `dotdot`.
///
/// # Safety
/// As for `puffs_nextdent`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_gendotdent(
    dent: *mut *mut puffs_dirent,
    id: ino_t,
    dotdot: c_int,
    reslen: *mut usize,
) -> c_int {
    let name = match dotdot {
        0 => c".",
        1 => c"..",
        _ => return 0,
    };
    // SAFETY: by contract.
    unsafe { puffs_nextdent(dent, name.as_ptr(), id, libc::DT_DIR, reslen) }
}
