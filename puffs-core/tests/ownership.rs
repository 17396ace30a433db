//! Owning pointers: what is handed over as an address comes back, and every byte and reference is freed once.

mod common;

use common::*;
use puffs_core::own::try_slice;
use puffs_core::platform::Platform;
use puffs_core::{Buf, Errno, Ref, try_box};

type Bytes = Buf<Checked>;

#[test]
fn a_buffer_goes_out_and_comes_back() {
    let before = live();
    let (raw, len) = Bytes::copy_of(b"body", 6).unwrap().into_raw();
    assert_eq!((len, live()), (6, before + 1), "it is the receiver's now");
    // SAFETY: what `into_raw` gave.
    let back = unsafe { Bytes::from_raw(raw, len) };
    assert_eq!(&back[..], b"body\0\0", "what the bytes do not fill is zero");
    drop(back);
    assert_eq!(live(), before);
}

#[test]
fn a_buffer_without_bytes_owns_nothing() {
    let before = live();
    let (raw, len) = Bytes::new(0).unwrap().into_raw();
    assert!(raw.is_null() && len == 0);
    // SAFETY: null may be taken over.
    assert!(unsafe { Bytes::from_raw(raw, 7) }.is_empty());
    let block = Checked::alloc(8);
    assert_eq!(live(), before + 1);
    // SAFETY: `block` is given up.
    assert!(unsafe { Bytes::from_raw(block, 0) }.is_empty());
    assert_eq!(live(), before, "a block without bytes is freed at once");
}

#[test]
fn a_buffer_holds_at_least_what_it_copies() {
    assert_eq!(Bytes::copy_of(b"body", 3).err(), Some(Errno::Inval));
    assert_eq!(&Bytes::copy_of(b"body", 4).unwrap()[..], b"body");
}

/// Says when it is dropped.
struct Bell<'a>(&'a std::cell::Cell<usize>);

impl Drop for Bell<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_reference_goes_out_and_comes_back() {
    let rung = std::cell::Cell::new(0);
    let first: Ref<Bell<'_>, Checked> = Ref::new(Bell(&rung)).unwrap();
    let other: Ref<Bell<'_>, Checked> = Ref::new(Bell(&rung)).unwrap();
    let raw = Ref::into_raw(first.clone());
    assert_eq!(raw, Ref::as_ptr(&first));
    // SAFETY: `raw` came from `into_raw`, and its reference is still given out.
    let second = unsafe { Ref::clone_raw(raw) };
    assert!(first.same(&second) && !first.same(&other));
    drop((first, second));
    assert_eq!(rung.get(), 0, "the address counts for one");
    // SAFETY: the one reference that `into_raw` gave out.
    drop(unsafe { Ref::<_, Checked>::from_raw(raw) });
    assert_eq!(rung.get(), 1);
    drop(other);
    assert_eq!(rung.get(), 2);
}

#[test]
fn what_has_no_bytes_needs_no_memory() {
    let made = failing(0, || (try_box(()), try_slice(0, || 0u64)));
    assert_eq!(made.0, Ok(Box::new(())));
    assert!(made.1.is_ok_and(|slice| slice.is_empty()));
    assert_eq!(failing(0, || try_box(1u8)), Err(Errno::NoMem));
}

#[test]
fn a_slice_beyond_all_memory_is_refused() {
    assert_eq!(try_slice(usize::MAX, || 0u64).err(), Some(Errno::NoMem));
    assert_eq!(
        failing(0, || try_slice(1, || 0u64)).err(),
        Some(Errno::NoMem)
    );
    let mut next = 0;
    let counted = try_slice(3, || {
        next += 1;
        next
    });
    assert_eq!(*counted.unwrap(), [1, 2, 3]);
}
