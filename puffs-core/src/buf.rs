//! Buffers from the platform's allocator.
//!
//! [`Buf`] is the one owner of its bytes; whoever holds it may read and write them without a lock. A
//! request's body moves out of the request while it is copied, so "who may touch these bytes"
//! is a question for the compiler.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::errno::{Errno, Result};
use crate::platform::Platform;

/// An owned array of bytes, freed by the platform it came from.
///
/// # Invariants
/// `ptr` came from `P::alloc` and addresses `len` initialised bytes, or it dangles and `len` is 0.
pub struct Buf<P: Platform> {
    ptr: NonNull<u8>,
    len: usize,
    platform: PhantomData<P>,
}

// SAFETY: a Buf owns its bytes as a Vec<u8> does, and the platform's allocator serves every thread.
unsafe impl<P: Platform> Send for Buf<P> {}
// SAFETY: as above; shared access only reads.
unsafe impl<P: Platform> Sync for Buf<P> {}

impl<P: Platform> Buf<P> {
    /// A buffer of `len` zero bytes.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub fn new(len: usize) -> Result<Self> {
        if len == 0 {
            return Ok(Self::empty());
        }
        let ptr = NonNull::new(P::alloc(len)).ok_or(Errno::NoMem)?;
        // SAFETY: `ptr` addresses `len` bytes that are ours.
        unsafe { ptr.as_ptr().write_bytes(0, len) };
        Ok(Buf {
            ptr,
            len,
            platform: PhantomData,
        })
    }

    /// A buffer without bytes, which needs no memory.
    pub const fn empty() -> Self {
        Buf {
            ptr: NonNull::dangling(),
            len: 0,
            platform: PhantomData,
        }
    }

    /// A copy of `bytes`, with room for `len` bytes in all; the rest is zero.
    ///
    /// # Errors
    /// [`Errno::NoMem`]; [`Errno::Inval`] when `bytes` are more than `len`.
    pub fn copy_of(bytes: &[u8], len: usize) -> Result<Self> {
        if bytes.len() > len {
            return Err(Errno::Inval);
        }
        let mut buf = Self::new(len)?;
        buf[..bytes.len()].copy_from_slice(bytes);
        Ok(buf)
    }

    /// Takes over `len` bytes at `ptr`. Null, or no bytes, gives an empty buffer (and frees a `ptr` that is not null).
    ///
    /// # Safety
    /// `ptr` is null or came from `P::alloc` of this platform with at least `len` bytes, all
    /// initialised, and the caller gives it up.
    pub unsafe fn from_raw(ptr: *mut u8, len: usize) -> Self {
        match NonNull::new(ptr) {
            Some(ptr) if len != 0 => Buf {
                ptr,
                len,
                platform: PhantomData,
            },
            Some(ptr) => {
                // SAFETY: by contract it came from `P::alloc`.
                unsafe { P::free(ptr.as_ptr()) };
                Self::empty()
            }
            None => Self::empty(),
        }
    }

    /// Gives up the bytes: a pointer for `P::free` (null when empty), and their number.
    pub fn into_raw(self) -> (*mut u8, usize) {
        let raw = match self.len {
            0 => core::ptr::null_mut(),
            _ => self.ptr.as_ptr(),
        };
        let len = self.len;
        core::mem::forget(self);
        (raw, len)
    }
}

impl<P: Platform> Drop for Buf<P> {
    fn drop(&mut self) {
        if self.len != 0 {
            // SAFETY: a non-empty buffer came from `P::alloc`, and nobody uses it after this.
            unsafe { P::free(self.ptr.as_ptr()) };
        }
    }
}

impl<P: Platform> Deref for Buf<P> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: by the invariant.
        unsafe { core::slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }
}

impl<P: Platform> DerefMut for Buf<P> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: by the invariant, and we hold the only reference.
        unsafe { core::slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len) }
    }
}
