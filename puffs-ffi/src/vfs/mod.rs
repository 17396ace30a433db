//! One blocking call per file operation for a kernel's VFS glue, declared in `<puffs_vfs.h>`.
//!
//! Every file of this directory is read by the header generator. Each function checks its pointers, converts, and
//! calls `puffs-vfs`, with a `Port` (in [`call`]) that parks the calling thread.

pub mod attr;
pub mod call;
pub mod control;
pub mod dir;
pub mod extattr;
pub mod file;
pub mod late;
pub mod life;
pub mod lock;
pub mod names;
pub mod object;
pub mod paid;
pub mod poll;
pub mod space;

use core::ffi::{c_int, c_void};

use ::puffs_vfs::Failed;
use puffs_core::{Cookie, Errno};

use crate::sys::{self, MOST, number};

/// 0, or the number of why an operation failed.
fn finish(result: Result<(), Failed>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(failed) => failed.number(number),
    }
}

/// The server's name for a node, from C.
fn cookie(cookie: *mut c_void) -> Cookie {
    Cookie(cookie.addr())
}

/// Bytes of C's.
///
/// # Safety
/// Null, or valid for `len` bytes until the call returns.
unsafe fn bytes<'a, T>(from: *const T, len: usize) -> Result<&'a [T], Errno> {
    match len {
        0 => Ok(&[]),
        _ if from.is_null() || len > isize::MAX as usize / size_of::<T>() => Err(Errno::Inval),
        // SAFETY: by contract.
        _ => Ok(unsafe { core::slice::from_raw_parts(from, len) }),
    }
}

/// Where a result goes that begins with its own size, looked at before the server is asked: then nothing is lost when C
/// wants one that is too small.
struct Out<T>(*mut T);

impl<T: Copy> Out<T> {
    /// # Safety
    /// `to` is null or begins with a `size_t` and is writable for that many bytes. `T` begins with one too, and has no
    /// padding.
    unsafe fn new(to: *mut T) -> Result<Self, Errno> {
        if to.is_null() {
            return Err(Errno::Inval);
        }
        // SAFETY: by contract it begins with its size.
        let size = unsafe { to.cast::<usize>().read() };
        match (size_of::<T>()..=MOST).contains(&size) {
            true => Ok(Out(to)),
            false => Err(Errno::Inval),
        }
    }

    /// The same, where C may not want it at all.
    ///
    /// # Safety
    /// As [`Out::new`].
    unsafe fn wanted(to: *mut T) -> Result<Option<Self>, Errno> {
        match to.is_null() {
            true => Ok(None),
            // SAFETY: by contract.
            false => unsafe { Self::new(to) }.map(Some),
        }
    }

    fn give(self, value: &T) {
        // SAFETY: by contract of `new`, which saw the size.
        let given = unsafe { sys::fill(self.0, size_of::<T>(), value) };
        debug_assert!(given.is_ok());
    }
}

/// Writes to where C wants it, if it does.
///
/// # Safety
/// `to` is null or valid for writing.
unsafe fn tell<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: by contract.
        unsafe { to.write(value) };
    }
}
