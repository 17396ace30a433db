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
pub mod touser;
pub mod touser_opt;

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
fn number(error: Errno) -> c_int {
    Plat::errno(error)
}

/// 0, or the number of an error.
fn finish(result: Result<(), Errno>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => number(error),
    }
}

/// Reads a structure that begins with its own size, as the caller's header knew it: what a later header
/// added is zero, and what it knew more than ours must be.
///
/// # Safety
/// `from` is null or begins with a `size_t` and is readable for that many bytes. Zero bytes are a valid `T`.
unsafe fn sized<T: Copy>(from: *const T, least: usize) -> Result<T, Errno> {
    /// No structure of ours will ever be as large.
    const MOST: usize = 4096;
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

/// The mount behind a pointer of C's, held while an entry is in progress.
///
/// # Safety
/// Null, or from `puffs_mount_new` with a reference that the caller may rely on.
unsafe fn held(pmp: *mut mount::puffs_mount) -> Result<Ref<Mount<Plat>, Plat>, Errno> {
    if pmp.is_null() {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract a reference to a mount, given out as its address.
    Ok(unsafe { Ref::clone_raw(pmp.cast_const().cast()) })
}
