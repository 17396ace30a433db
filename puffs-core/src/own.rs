//! Owning pointers whose making can fail: [`Ref`], counted, and [`try_box`].

use alloc::alloc::{alloc, dealloc};
use alloc::boxed::Box;
use core::alloc::Layout;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::errno::{Errno, Result};
use crate::platform::{Counter, Platform};

/// `Box::new` that can fail.
///
/// # Errors
/// [`Errno::NoMem`]; `value` is dropped.
pub fn try_box<T>(value: T) -> Result<Box<T>> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        // SAFETY: a value without bytes lives at any aligned address, and `value` is given up.
        return Ok(unsafe {
            core::mem::forget(value);
            Box::from_raw(NonNull::dangling().as_ptr())
        });
    }
    // SAFETY: the layout has a size.
    let ptr = NonNull::new(unsafe { alloc(layout) }.cast::<T>()).ok_or(Errno::NoMem)?;
    // SAFETY: fresh memory with the layout of a T, from the allocator that Box frees to.
    Ok(unsafe {
        ptr.as_ptr().write(value);
        Box::from_raw(ptr.as_ptr())
    })
}

struct Inner<T, P: Platform> {
    count: P::Counter,
    value: T,
}

/// A counted pointer; the last one frees. Its address is that of the value and never changes.
///
/// # Invariants
/// `ptr` came from `Ref::new` and `count` counts the `Ref`s (and raw pointers given out) to it.
pub struct Ref<T, P: Platform> {
    ptr: NonNull<Inner<T, P>>,
    owns: PhantomData<Inner<T, P>>,
}

// SAFETY: as Arc: the value is shared and may be dropped by any thread that holds the last reference.
unsafe impl<T: Send + Sync, P: Platform> Send for Ref<T, P> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync, P: Platform> Sync for Ref<T, P> {}

impl<T, P: Platform> Ref<T, P> {
    /// Puts `value` behind a count of one.
    ///
    /// # Errors
    /// [`Errno::NoMem`]; `value` is dropped.
    pub fn new(value: T) -> Result<Self> {
        let inner = try_box(Inner::<T, P> {
            count: P::Counter::new(),
            value,
        })?;
        Ok(Ref {
            ptr: NonNull::from(Box::leak(inner)),
            owns: PhantomData,
        })
    }

    /// Whether both point to one value.
    pub fn same(&self, other: &Self) -> bool {
        self.ptr == other.ptr
    }

    /// The value's address, which names it in C; counts nothing.
    pub fn as_ptr(this: &Self) -> *const T {
        // SAFETY: `ptr` is alive; no reference is made.
        unsafe { &raw const (*this.ptr.as_ptr()).value }
    }

    /// Gives one reference to C, as the value's address.
    pub fn into_raw(this: Self) -> *const T {
        let raw = Self::as_ptr(&this);
        core::mem::forget(this);
        raw
    }

    /// Takes back a reference that [`Ref::into_raw`] gave out.
    ///
    /// # Safety
    /// `raw` came from `into_raw` of the same types, and each one given out is taken back once.
    pub unsafe fn from_raw(raw: *const T) -> Self {
        let inner = raw.wrapping_byte_sub(core::mem::offset_of!(Inner<T, P>, value));
        Ref {
            // SAFETY: by contract this is the address that `into_raw` started from, never null.
            ptr: unsafe { NonNull::new_unchecked(inner.cast_mut().cast()) },
            owns: PhantomData,
        }
    }

    /// One more reference, from the address that C holds one for.
    ///
    /// # Safety
    /// `raw` came from `into_raw` and that reference is still given out.
    pub unsafe fn clone_raw(raw: *const T) -> Self {
        // SAFETY: by contract; `forget` keeps C's own reference.
        let held = unsafe { Self::from_raw(raw) };
        let more = held.clone();
        core::mem::forget(held);
        more
    }
}

impl<T, P: Platform> Clone for Ref<T, P> {
    fn clone(&self) -> Self {
        // SAFETY: we hold a reference, so the value is alive.
        unsafe { self.ptr.as_ref() }.count.inc();
        Ref {
            ptr: self.ptr,
            owns: PhantomData,
        }
    }
}

impl<T, P: Platform> Deref for Ref<T, P> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: we hold a reference, so the value is alive.
        unsafe { &self.ptr.as_ref().value }
    }
}

impl<T, P: Platform> Drop for Ref<T, P> {
    fn drop(&mut self) {
        // SAFETY: we hold a reference until `dec`; whoever takes the last one away is alone.
        unsafe {
            if self.ptr.as_ref().count.dec() {
                core::ptr::drop_in_place(self.ptr.as_ptr());
                dealloc(self.ptr.as_ptr().cast(), Layout::new::<Inner<T, P>>());
            }
        }
    }
}

/// A boxed slice of `len` values, each made by `make`.
///
/// # Errors
/// [`Errno::NoMem`].
pub fn try_slice<T>(len: usize, mut make: impl FnMut() -> T) -> Result<Box<[T]>> {
    let layout = Layout::array::<T>(len).map_err(|_| Errno::NoMem)?;
    let first = if layout.size() == 0 {
        NonNull::dangling()
    } else {
        // SAFETY: the layout has a size.
        NonNull::new(unsafe { alloc(layout) }.cast::<T>()).ok_or(Errno::NoMem)?
    };
    for at in 0..len {
        // SAFETY: `at` lies within the fresh array. Should `make` panic, the values leak.
        unsafe { first.as_ptr().add(at).write(make()) };
    }
    // SAFETY: `len` values are there, in memory with the layout that Box frees with.
    Ok(unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(first.as_ptr(), len)) })
}
