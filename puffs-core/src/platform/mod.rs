//! What a kernel must give the queue.
//!
//! [`Platform`] is a type parameter of everything in this crate; its functions take no `self`, since
//! there is one kernel. Implementations: [`Hosted`] (a process of its own, feature `std`), [`Spin`]
//! (bare metal, feature `spin`), [`Hooks`] (a C structure that a kernel's glue fills, feature
//! `spin`). The tests bring two more: one over loom, one that checks every server address.
//!
//! # Addresses
//!
//! Locks, events and poll points of a kernel must not move once they are in use. They are made by
//! `new`, put where they stay, and then `init` is called once, before any other thread knows them.

use crate::errno::Errno;
use crate::ids::{Instant, UserAddr};

#[cfg(feature = "std")]
mod eventfd;
#[cfg(feature = "spin")]
pub mod hooks;
#[cfg(feature = "std")]
mod hosted;
#[cfg(any(feature = "std", feature = "spin"))]
mod log;
#[cfg(any(feature = "std", feature = "spin"))]
mod one_space;
#[cfg(feature = "spin")]
mod spin;

#[cfg(feature = "std")]
pub use self::eventfd::EventFd;
#[cfg(feature = "spin")]
pub use self::hooks::Hooks;
#[cfg(feature = "std")]
pub use self::hosted::Hosted;
#[cfg(any(feature = "std", feature = "spin"))]
pub use self::log::{Sink, set_log};
#[cfg(feature = "spin")]
pub use self::spin::{Board, Spin};

/// One kernel, as seen by the queue.
pub trait Platform: Sized + Send + Sync + 'static {
    /// Mutual exclusion that never sleeps.
    type Lock<T: Send>: Lock<T>;
    /// What one thread sleeps on.
    type Event: Event;
    /// What the pollers of one instance wait on.
    type PollPoint: PollPoint;
    /// A reference counter.
    type Counter: Counter;

    /// Allocates `size > 0` bytes aligned to 16, or returns null. Never sleeps for the server.
    fn alloc(size: usize) -> *mut u8;

    /// Frees what [`Platform::alloc`] returned.
    ///
    /// # Safety
    /// `ptr` came from `alloc` of this platform and is not used again.
    unsafe fn free(ptr: *mut u8);

    /// The monotonic clock.
    fn now() -> Instant;

    /// Copies `to.len()` bytes from the server's memory.
    ///
    /// # Errors
    /// [`Errno::Fault`] when the server's memory cannot be read; `to` is then undefined but
    /// initialised.
    ///
    /// # Locking
    /// May sleep.
    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno>;

    /// Copies `from` to the server's memory.
    ///
    /// # Errors
    /// [`Errno::Fault`] when the server's memory cannot be written.
    ///
    /// # Locking
    /// May sleep.
    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno>;

    /// Who runs now.
    fn current() -> Thread;

    /// Whether the current thread is being killed.
    fn fatal_signal() -> bool;

    /// A line for the administrator; no newline.
    fn log(message: &str);

    /// The number that the programs of this kernel know an error by, above 0.
    fn errno(error: Errno) -> i32;
}

/// The current thread, as the platform knows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Unique while the thread lives; 0 when the kernel cannot tell threads apart, and then nobody is told `Deadlk`.
    pub id: usize,
    /// Its process.
    pub pid: i32,
}

/// Mutual exclusion that never sleeps while waiting for anything but its holder.
pub trait Lock<T>: Send + Sync {
    /// Wraps `value`.
    fn new(value: T) -> Self;

    /// Makes the lock ready, at the address where it stays. Called once, before the first `with`.
    fn init(&self) {}

    /// Runs `f` alone. `f` neither sleeps, allocates, frees, copies to or from the server, nor calls back.
    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R;
}

/// A sticky token: `set` leaves it, one `wait` takes it.
pub trait Event: Send + Sync {
    /// An event without a token.
    fn new() -> Self;

    /// Makes the event ready, at the address where it stays. Called once, before any other use.
    fn init(&self) {}

    /// Leaves the token and wakes the waiter. Never sleeps.
    fn set(&self);

    /// Takes the token, sleeping until it is there. One thread at a time.
    ///
    /// A return of [`Wake::Woken`] without a token is allowed: callers look at the state they wait
    /// for, in a loop.
    fn wait(&self, wait: &Wait) -> Wake;
}

/// How long, and how patiently, a thread waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wait {
    /// Give up at this point.
    pub deadline: Option<Instant>,
    /// A signal ends the wait.
    pub interruptible: bool,
}

impl Wait {
    /// Until it happens.
    pub const FOREVER: Wait = Wait {
        deadline: None,
        interruptible: false,
    };
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The event was set, or for no reason at all.
    Woken,
    /// A signal came.
    Interrupted,
    /// The deadline passed.
    TimedOut,
}

/// Wakes the threads that poll one instance.
pub trait PollPoint: Send + Sync {
    /// A poll point with nobody waiting.
    fn new() -> Self;

    /// Makes it ready, at the address where it stays. Called once, before any other use.
    fn init(&self) {}

    /// Tells all pollers to look again. Never sleeps.
    fn wake(&self);

    /// Takes back what the pollers were told, where they stay told until somebody does; false when there was nothing to take
    /// back. For [`PollPoint::settle`], since whoever takes it back must look again.
    fn reset(&self) -> bool {
        false
    }

    /// Called by one who looked and found nothing: takes back what the pollers were told, and tells them again when
    /// `ready` finds something after all. What came before the taking back is found, and what comes after it tells them
    /// itself; so nothing that came meanwhile is missed.
    fn settle(&self, ready: impl FnOnce() -> bool) {
        if self.reset() && ready() {
            self.wake();
        }
    }
}

/// A poll point that also has descriptors for pollers of the system's own kind.
pub trait Pollable: PollPoint {
    /// One of them; its owner closes it.
    type Descriptor;

    /// A descriptor that is readable while the pollers are told to look. What is there already it does not tell: the
    /// caller looks afterwards, and wakes.
    ///
    /// # Errors
    /// [`Errno::NoMem`]: no memory, or as many descriptors as may be are open.
    fn descriptor(&self) -> Result<Self::Descriptor, Errno>;
}

/// A poll point where nobody polls: a server waits in GETOP.
pub struct NoPollers;

impl PollPoint for NoPollers {
    fn new() -> Self {
        NoPollers
    }

    fn wake(&self) {}
}

/// A reference counter; increments need no ordering, the last decrement follows all others.
pub trait Counter: Send + Sync {
    /// A counter of one.
    fn new() -> Self;

    /// Adds one.
    fn inc(&self);

    /// Takes one away; true when none is left.
    fn dec(&self) -> bool;
}
