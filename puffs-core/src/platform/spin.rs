//! The bare-metal platform: no scheduler, so locks and waits spin (over the `spin` crate).
//!
//! [`Spin`] takes the few things it cannot know from a [`Board`].

use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{Counter, Event, Lock, NoPollers, Platform, Thread, Wait, Wake};
use crate::errno::Errno;
use crate::ids::{Instant, UserAddr};

/// What a machine without an operating system must say about itself.
pub trait Board: Send + Sync + 'static {
    /// Monotonic nanoseconds.
    fn now() -> u64;
    /// The current processor, or whatever stands for a thread.
    fn current() -> Thread;
    /// A line for the console.
    fn log(message: &str);
    /// The number that servers know an error by, above 0.
    fn errno(error: Errno) -> i32;
}

/// Bare metal: one address space, memory from the global allocator.
pub struct Spin<B>(PhantomData<B>);

/// Bytes before each allocation that hold its size, since `free` is not told.
const HEADER: usize = 16;

fn layout(size: usize) -> Option<core::alloc::Layout> {
    core::alloc::Layout::from_size_align(size.checked_add(HEADER)?, HEADER).ok()
}

impl<B: Board> Platform for Spin<B> {
    type Lock<T: Send> = ::spin::mutex::SpinMutex<T>;
    type Event = SpinEvent<B>;
    type PollPoint = NoPollers;
    type Counter = SpinCounter;

    fn alloc(size: usize) -> *mut u8 {
        let Some(layout) = layout(size) else {
            return core::ptr::null_mut();
        };
        // SAFETY: the layout has a size; the header fits before the bytes given out.
        unsafe {
            let ptr = alloc::alloc::alloc(layout);
            if ptr.is_null() {
                return ptr;
            }
            ptr.cast::<usize>().write(size);
            ptr.add(HEADER)
        }
    }

    unsafe fn free(ptr: *mut u8) {
        // SAFETY: `alloc` put the size into the header, from which the layout follows as it did there.
        unsafe {
            let ptr = ptr.sub(HEADER);
            let size = ptr.cast::<usize>().read();
            let layout = core::alloc::Layout::from_size_align_unchecked(size + HEADER, HEADER);
            alloc::alloc::dealloc(ptr, layout);
        }
    }

    fn now() -> Instant {
        Instant(B::now())
    }

    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        // SAFETY: there is one address space, and the server vouches for the buffers it names in its calls.
        unsafe { super::one_space::copyin(from, to) }
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        // SAFETY: as in `copyin`.
        unsafe { super::one_space::copyout(from, to) }
    }

    fn current() -> Thread {
        B::current()
    }

    fn fatal_signal() -> bool {
        false
    }

    fn log(message: &str) {
        B::log(message);
    }

    fn errno(error: Errno) -> i32 {
        B::errno(error)
    }
}

impl<T: Send> Lock<T> for ::spin::mutex::SpinMutex<T> {
    fn new(value: T) -> Self {
        ::spin::mutex::SpinMutex::new(value)
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.lock())
    }
}

/// A token in one byte; waiting for it spins.
pub struct SpinEvent<B>(AtomicBool, PhantomData<B>);

impl<B: Board> Event for SpinEvent<B> {
    fn new() -> Self {
        SpinEvent(AtomicBool::new(false), PhantomData)
    }

    fn set(&self) {
        // Release pairs with the acquire in `wait`.
        self.0.store(true, Ordering::Release);
    }

    fn wait(&self, wait: &Wait) -> Wake {
        loop {
            if self.0.swap(false, Ordering::Acquire) {
                return Wake::Woken;
            }
            if wait.deadline.is_some_and(|Instant(ns)| B::now() >= ns) {
                return Wake::TimedOut;
            }
            core::hint::spin_loop();
        }
    }
}

/// A counter in one word.
pub struct SpinCounter(AtomicUsize);

impl Counter for SpinCounter {
    fn new() -> Self {
        SpinCounter(AtomicUsize::new(1))
    }

    fn inc(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn dec(&self) -> bool {
        // Release before, acquire by the last: it sees all that the others did.
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }
}
