//! An open that fails for want of memory, at each allocation in turn, leaves nothing behind.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::*;
use puffs_core::Errno;

/// The system's allocator, with a count of what this thread has and an end of its patience.
struct Scarce;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every block comes from and goes to the system's allocator.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match LEFT.get() {
            0 => return std::ptr::null_mut(),
            usize::MAX => {}
            left => LEFT.set(left - 1),
        }
        LIVE.set(LIVE.get() + 1);
        // SAFETY: by contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - 1);
        // SAFETY: by contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static SCARCE: Scarce = Scarce;

#[test]
fn each_allocation_may_fail() {
    let before = LIVE.get();
    let mut failed = 0;
    for left in 0.. {
        LEFT.set(left);
        let opened = puffs_dev::Registry::<Probe>::new().and_then(|registry| {
            let instance = registry.open(&lwp(1, 0));
            LEFT.set(usize::MAX);
            if instance.is_err() {
                assert_eq!(registry.open_count(), 0);
            }
            instance
        });
        LEFT.set(usize::MAX);
        match opened {
            Ok(instance) => {
                assert_eq!(instance.minor(), 0);
                break;
            }
            Err(error) => assert_eq!(error, Errno::NoMem),
        }
        failed += 1;
        assert_eq!(LIVE.get(), before, "after {left} allocations");
    }
    assert!(failed >= 5, "{failed}");
    assert_eq!(LIVE.get(), before);
}
