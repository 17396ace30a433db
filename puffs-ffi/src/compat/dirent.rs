//! The calls that give NetBSD's `struct dirent`.

use core::ffi::{c_char, c_int, c_void};
use core::mem::MaybeUninit;

use libc::DIR;
use puffs_user::c::dirent::puffs_dirent;
use puffs_user::compat::listing;

use crate::user::{fail, null};

/// `readdir`: the next record, which is good until the next call on the stream; NULL at the end.
///
/// # Safety
/// `stream` is null or an open one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_readdir(stream: *mut DIR) -> *mut puffs_dirent {
    if stream.is_null() {
        return null(libc::EBADF);
    }
    // At the end it stays what it was: by that the end differs from an error.
    // SAFETY: errno of this thread.
    let errno = unsafe { *libc::__errno_location() };
    let kept = listing::kept(stream);
    // SAFETY: by contract; the record is this stream's until it is closed.
    match unsafe { listing::next(stream, &mut *kept) } {
        Ok(true) => kept.cast(),
        Ok(false) => null(errno),
        Err(errno) => null(errno),
    }
}

/// `readdir_r`: the same into the caller's record. Returns 0 or an errno value.
///
/// # Safety
/// `stream` is null or an open one; the others are null or valid for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_readdir_r(
    stream: *mut DIR,
    entry: *mut puffs_dirent,
    result: *mut *mut puffs_dirent,
) -> c_int {
    if stream.is_null() || entry.is_null() || result.is_null() {
        return libc::EINVAL;
    }
    // SAFETY: by contract.
    unsafe {
        result.write(core::ptr::null_mut());
        match listing::next(stream, &mut *entry.cast::<MaybeUninit<puffs_dirent>>()) {
            Ok(true) => result.write(entry),
            Ok(false) => {}
            Err(errno) => return errno,
        }
    }
    0
}

/// `closedir`.
///
/// # Safety
/// `stream` is null or an open one, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_closedir(stream: *mut DIR) -> c_int {
    if stream.is_null() {
        return fail(libc::EBADF);
    }
    listing::forget(stream);
    // SAFETY: by contract.
    unsafe { libc::closedir(stream) }
}

/// Chooses records.
type Select = unsafe extern "C" fn(*const puffs_dirent) -> c_int;
/// Compares two.
type Compare = unsafe extern "C" fn(*mut *const puffs_dirent, *mut *const puffs_dirent) -> c_int;

/// `scandir`: the directory's records that `select` wants, each from `malloc`, in an array from `malloc`, in order.
/// Returns how many they are, or -1.
///
/// # Safety
/// `dir` is null or a C string, `list` is null or valid for writing; the functions are what they are for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_scandir(
    dir: *const c_char,
    list: *mut *mut *mut puffs_dirent,
    select: Option<Select>,
    compare: Option<Compare>,
) -> c_int {
    if dir.is_null() || list.is_null() {
        return fail(libc::EFAULT);
    }
    // SAFETY: by contract.
    let stream = unsafe { libc::opendir(dir) };
    if stream.is_null() {
        return -1;
    }
    // SAFETY: just opened.
    let found = unsafe { all(stream, select) };
    // SAFETY: as before.
    unsafe { libc::closedir(stream) };
    let found = match found {
        Ok(found) => found,
        Err(errno) => return fail(errno),
    };
    // SAFETY: room for the addresses, and for one when there are none.
    unsafe {
        let size = size_of::<*mut puffs_dirent>();
        let array = libc::calloc(found.len().max(1), size).cast::<*mut puffs_dirent>();
        if array.is_null() {
            drop_all(found);
            return fail(libc::ENOMEM);
        }
        array.copy_from(found.as_ptr(), found.len());
        if let Some(compare) = compare {
            // SAFETY: the same, but for what the pointers say they point to.
            let compare: unsafe extern "C" fn(*const c_void, *const c_void) -> c_int =
                core::mem::transmute(compare);
            libc::qsort(array.cast(), found.len(), size, Some(compare));
        }
        list.write(array);
    }
    c_int::try_from(found.len()).unwrap_or(c_int::MAX)
}

/// # Safety
/// `stream` is open; `select` is what it is for.
unsafe fn all(stream: *mut DIR, select: Option<Select>) -> Result<Vec<*mut puffs_dirent>, c_int> {
    let mut found = Vec::new();
    let mut record = MaybeUninit::uninit();
    loop {
        // SAFETY: by contract.
        match unsafe { listing::next(stream, &mut record) } {
            Ok(true) => {}
            Ok(false) => return Ok(found),
            Err(errno) => {
                // SAFETY: nobody else has them.
                unsafe { drop_all(found) };
                return Err(errno);
            }
        }
        // SAFETY: by contract; a record was written.
        unsafe {
            if select.is_some_and(|select| select(record.as_ptr()) == 0) {
                continue;
            }
            let copy = libc::malloc(size_of::<puffs_dirent>()).cast::<puffs_dirent>();
            if copy.is_null() {
                drop_all(found);
                return Err(libc::ENOMEM);
            }
            copy.copy_from(record.as_ptr(), 1);
            found.push(copy);
        }
    }
}

/// # Safety
/// From `malloc`, and not used again.
unsafe fn drop_all(records: Vec<*mut puffs_dirent>) {
    for record in records {
        // SAFETY: by contract.
        unsafe { libc::free(record.cast()) };
    }
}

/// `alphasort`: by name.
///
/// # Safety
/// Both lead to a record each.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_compat_alphasort(
    a: *mut *const puffs_dirent,
    b: *mut *const puffs_dirent,
) -> c_int {
    if a.is_null() || b.is_null() {
        return 0;
    }
    // SAFETY: by contract.
    unsafe { libc::strcmp((**a).d_name.as_ptr(), (**b).d_name.as_ptr()) }
}
