//! Exports of the kernel side, declared in `<puffs_sys.h>`.
//!
//! Every file of this directory is read by the header generator. Each function checks its pointers, converts, and
//! calls `puffs-core` or `puffs-dev`. Errors become numbers here: those of the kernel that the
//! hooks come from, or of the C library.

pub mod attach;
pub mod device;
pub mod fileops;
pub mod memory;
pub mod mount;
pub mod sizeop;
pub mod stat;
pub mod stats;
pub mod touser;
pub mod touser_opt;
pub mod watch;

use core::ffi::c_int;
use core::mem::MaybeUninit;

use puffs_core::{Errno, Mount, Platform, Ref};

/// The platform of this library.
#[cfg(feature = "hosted")]
pub(crate) type Plat = puffs_core::platform::Hosted;
/// The platform of this library.
#[cfg(not(feature = "hosted"))]
pub(crate) type Plat = puffs_core::platform::Hooks;

/// The number of an error.
pub(crate) fn number(error: Errno) -> c_int {
    Plat::errno(error)
}

/// 0, or the number of an error.
pub(crate) fn finish(result: Result<(), Errno>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => number(error),
    }
}

/// No structure of ours that begins with its own size will ever be as large.
pub(crate) const MOST: usize = 4096;

/// Reads a structure that begins with its own size, as the caller's header knew it: what a later header
/// added is zero, and what it knew more than ours must be.
///
/// # Safety
/// `from` is null or begins with a `size_t` and is readable for that many bytes. Zero bytes are a valid `T`.
pub(crate) unsafe fn sized<T: Copy>(from: *const T, least: usize) -> Result<T, Errno> {
    if from.is_null() {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract it begins with its size.
    let size = unsafe { from.cast::<usize>().read() };
    if size < least || size > MOST {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract that many bytes are there.
    let bytes = unsafe { core::slice::from_raw_parts(from.cast::<u8>(), size) };
    if bytes.iter().skip(size_of::<T>()).any(|&byte| byte != 0) {
        return Err(Errno::Inval);
    }
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: both are valid for so many bytes and do not overlap; by contract the result is a valid `T`.
    unsafe {
        core::ptr::copy_nonoverlapping(
            bytes.as_ptr(),
            value.as_mut_ptr().cast::<u8>(),
            size.min(size_of::<T>()),
        );
        Ok(value.assume_init())
    }
}

/// Writes a structure that begins with its own size, as the caller's header knows it: as much of it as that has, and
/// zero for what it has and ours has not. The size stays as it is.
///
/// # Safety
/// `to` is null or begins with a `size_t` and is writable for that many bytes. `T` begins with one too, and has no padding.
pub(crate) unsafe fn fill<T: Copy>(to: *mut T, least: usize, value: &T) -> Result<(), Errno> {
    const HEAD: usize = size_of::<usize>();
    if to.is_null() {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract it begins with its size.
    let size = unsafe { to.cast::<usize>().read() };
    if size < least || size > MOST {
        return Err(Errno::Inval);
    }
    let known = size.min(size_of::<T>());
    let (to, from) = (to.cast::<u8>(), core::ptr::from_ref(value).cast::<u8>());
    // SAFETY: by contract `to` is that large, and `least` is at least the first field; `value` is ours.
    unsafe {
        core::ptr::copy_nonoverlapping(from.add(HEAD), to.add(HEAD), known - HEAD);
        to.add(known).write_bytes(0, size - known);
    }
    Ok(())
}

/// The mount behind a pointer of C's, held while an entry is in progress.
///
/// # Safety
/// Null, or from `puffs_mount_new` with a reference that the caller may rely on.
pub(crate) unsafe fn held(pmp: *mut mount::puffs_mount) -> Result<Ref<Mount<Plat>, Plat>, Errno> {
    if pmp.is_null() {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract a reference to a mount, given out as its address.
    Ok(unsafe { Ref::clone_raw(pmp.cast_const().cast()) })
}
