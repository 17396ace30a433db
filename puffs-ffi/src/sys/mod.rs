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
pub mod stats;
pub mod touser;
pub mod touser_opt;

use core::ffi::c_int;
use core::mem::MaybeUninit;

use puffs_core::{Errno, Mount, Ref};

/// The platform of this library.
#[cfg(feature = "hosted")]
pub(crate) type Plat = puffs_core::platform::Hosted;
/// The platform of this library.
#[cfg(not(feature = "hosted"))]
pub(crate) type Plat = puffs_core::platform::Hooks;

/// The number of an error.
#[cfg(feature = "hosted")]
fn number(error: Errno) -> c_int {
    Plat::errno(error)
}

/// The number of an error. Before the hooks are there, only what has one number on every Unix comes up.
#[cfg(not(feature = "hosted"))]
fn number(error: Errno) -> c_int {
    match puffs_core::platform::hooks::attached() {
        Some(hooks) => hooks.ph_errno.get(error.index()).copied().unwrap_or(22),
        None if error == Errno::Nxio => 6,
        None => 22,
    }
}

/// 0, or the number of an error.
fn finish(result: Result<(), Errno>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(error) => number(error),
    }
}

/// No structure of ours will ever be as large.
const MOST: usize = 4096;

/// Reads a structure that begins with its own size, as the caller's header knew it: what a later header
/// added is zero, and what it knew more than ours must be.
///
/// # Safety
/// `from` is null or begins with a `size_t` and is readable for that many bytes. Zero bytes are a valid `T`.
unsafe fn sized<T: Copy>(from: *const T, least: usize) -> Result<T, Errno> {
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

/// Writes a structure that begins with its own size, as far as the caller's header knows it: what ours added to it
/// is left out, and what a later one added becomes zero. The size stays.
///
/// # Safety
/// `to` is null or begins with a `size_t` and is writable for that many bytes. A `T` begins with a `size_t` and has no padding.
unsafe fn tell<T: Copy>(to: *mut T, value: T, least: usize) -> Result<(), Errno> {
    if to.is_null() {
        return Err(Errno::Inval);
    }
    // SAFETY: by contract it begins with its size.
    let size = unsafe { to.cast::<usize>().read() };
    if size < least || size > MOST {
        return Err(Errno::Inval);
    }
    let bytes = to.cast::<u8>();
    // SAFETY: by contract `size` bytes are there; `value` is another object, all of whose bytes have values.
    unsafe {
        bytes.write_bytes(0, size);
        bytes.copy_from_nonoverlapping((&raw const value).cast(), size.min(size_of::<T>()));
        to.cast::<usize>().write(size);
    }
    Ok(())
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
