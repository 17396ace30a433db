//! The checked platform: server memory is what was registered, copies can be watched, signals are
//! injected, and allocations are counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::Receiver;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use puffs_core::platform::{Counter, Event, Lock, Platform, PollPoint, Thread, Wait, Wake};
use puffs_core::{Answer, Errno, Instant, Mount, Ref, UserAddr};

pub(crate) struct Checked;
pub(crate) type TestMount = Ref<Mount<Checked>, Checked>;
pub(crate) type Ended = Result<Answer<Checked>, Errno>;

pub(crate) type Watch = Box<dyn FnMut() + Send>;

/// A range of server memory.
pub(crate) struct Region {
    pub(crate) len: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Runs before each copy to or from the region, without any lock.
    pub(crate) watch: Option<Watch>,
}

static MEMORY: Mutex<BTreeMap<usize, Region>> = Mutex::new(BTreeMap::new());

pub(crate) fn memory() -> MutexGuard<'static, BTreeMap<usize, Region>> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static SIGNAL: Cell<bool> = const { Cell::new(false) };
    static WAKES: Cell<usize> = const { Cell::new(0) };
    /// Waits of this thread that end without a reason.
    static STRAYS: Cell<usize> = const { Cell::new(0) };
    /// What this thread's next wake-up waits for before it goes on.
    static GATE: RefCell<Option<Receiver<()>>> = const { RefCell::new(None) };
    /// Allocations of this thread that still succeed.
    static PATIENCE: Cell<usize> = const { Cell::new(usize::MAX) };
    /// This thread allocated or freed under a lock.
    static TOUCHED: Cell<bool> = const { Cell::new(false) };
}

/// The system's allocator, watched: none of its functions may be called under a lock, and it fails on demand.
struct Watched;

#[global_allocator]
static ALLOCATOR: Watched = Watched;

// SAFETY: all is passed on to the system's allocator, or fails.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !may_allocate() {
            return std::ptr::null_mut();
        }
        // SAFETY: by contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        must_be_unlocked();
        // SAFETY: by contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Notes what a lock forbids; the lock reports it once it is free, since a panic allocates.
fn must_be_unlocked() {
    if HELD.get() != 0 {
        TOUCHED.set(true);
    }
}

fn may_allocate() -> bool {
    must_be_unlocked();
    let left = PATIENCE.get();
    PATIENCE.set(left.saturating_sub(1));
    left > 0
}

/// Runs `f`, whose allocations fail after the first `successes`.
pub(crate) fn failing<R>(successes: usize, f: impl FnOnce() -> R) -> R {
    PATIENCE.set(successes);
    let result = f();
    PATIENCE.set(usize::MAX);
    result
}

/// How often this thread was woken.
pub(crate) fn wakes() -> usize {
    WAKES.get()
}

/// The next `waits` of this thread end at once, and nobody woke it.
pub(crate) fn stray_wakes(waits: usize) {
    STRAYS.set(waits);
}

/// When this thread is woken next, it does not run before `gate` hears something.
pub(crate) fn slow_wake(gate: Receiver<()>) {
    GATE.set(Some(gate));
}

/// Stray wake-ups of this thread that have not come yet.
pub(crate) fn strays_left() -> usize {
    STRAYS.get()
}

/// Buffers of this thread that are alive. Meaningful in tests that use one thread.
pub(crate) fn live() -> isize {
    LIVE.get()
}

/// Makes a signal pending for this thread: its next interruptible wait ends at once.
pub(crate) fn signal_pending(pending: bool) {
    SIGNAL.set(pending);
}

/// Finds the region of a copy, runs its watch, and says whether the copy may go on.
fn reach(addr: usize, len: usize, write: bool) -> Result<(), Errno> {
    let found = |memory: &BTreeMap<usize, Region>| {
        memory
            .range(..=addr)
            .next_back()
            .filter(|(start, region)| addr + len <= *start + region.len)
            .map(|(start, _)| *start)
    };
    let start = found(&memory()).ok_or(Errno::Fault)?;
    let watch = memory()
        .get_mut(&start)
        .and_then(|region| region.watch.take());
    if let Some(mut watch) = watch {
        watch();
    }
    match memory().get(&start) {
        Some(region) if write && region.writable => Ok(()),
        Some(region) if !write && region.readable => Ok(()),
        _ => Err(Errno::Fault),
    }
}

impl Platform for Checked {
    type Lock<T: Send> = Locked<T>;
    type Event = Token;
    type PollPoint = Pokes;
    type Counter = AtomicUsize;

    fn alloc(size: usize) -> *mut u8 {
        if !may_allocate() {
            return std::ptr::null_mut();
        }
        LIVE.set(LIVE.get() + 1);
        puffs_core::platform::Hosted::alloc(size)
    }

    unsafe fn free(ptr: *mut u8) {
        must_be_unlocked();
        LIVE.set(LIVE.get() - 1);
        // SAFETY: by contract it came from `alloc`.
        unsafe { puffs_core::platform::Hosted::free(ptr) }
    }

    fn now() -> Instant {
        puffs_core::platform::Hosted::now()
    }

    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        if !to.is_empty() {
            reach(from.0, to.len(), false)?;
        }
        puffs_core::platform::Hosted::copyin(from, to)
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        if !from.is_empty() {
            reach(to.0, from.len(), true)?;
        }
        puffs_core::platform::Hosted::copyout(from, to)
    }

    fn current() -> Thread {
        puffs_core::platform::Hosted::current()
    }

    fn fatal_signal() -> bool {
        SIGNAL.get()
    }

    fn log(_: &str) {}
}

/// A lock that checks that it is made ready once, before use, and that nothing is locked under it.
pub(crate) struct Locked<T>(Mutex<T>, AtomicUsize);

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

impl<T: Send> Lock<T> for Locked<T> {
    fn new(value: T) -> Self {
        Locked(Mutex::new(value), AtomicUsize::new(0))
    }

    fn init(&self) {
        assert_eq!(self.1.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        assert_eq!(self.1.load(std::sync::atomic::Ordering::SeqCst), 1);
        assert_eq!(HELD.get(), 0, "a lock is taken under a lock");
        HELD.set(1);
        let result = f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
        HELD.set(0);
        assert!(
            !TOUCHED.get(),
            "memory is allocated or freed under the lock"
        );
        result
    }
}

/// An event that a pending signal interrupts.
pub(crate) struct Token(Mutex<bool>, Condvar);

impl Event for Token {
    fn new() -> Self {
        Token(Mutex::new(false), Condvar::new())
    }

    fn set(&self) {
        assert_eq!(HELD.get(), 0, "a wake-up under the lock");
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.1.notify_one();
    }

    fn wait(&self, wait: &Wait) -> Wake {
        assert_eq!(HELD.get(), 0, "sleep under the lock");
        if let Some(left) = STRAYS.get().checked_sub(1) {
            STRAYS.set(left);
            return Wake::Woken;
        }
        let mut token = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if std::mem::take(&mut *token) {
                drop(token);
                if let Some(gate) = GATE.take() {
                    gate.recv().unwrap();
                }
                WAKES.set(WAKES.get() + 1);
                return Wake::Woken;
            }
            if wait.interruptible && SIGNAL.get() {
                return Wake::Interrupted;
            }
            let Some(Instant(deadline)) = wait.deadline else {
                token = self.1.wait(token).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let Some(left) = deadline
                .checked_sub(Checked::now().0)
                .filter(|&left| left > 0)
            else {
                return Wake::TimedOut;
            };
            token = self
                .1
                .wait_timeout(token, Duration::from_nanos(left))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

/// Counts how often pollers were told to look.
pub(crate) struct Pokes(pub(crate) AtomicUsize);

impl PollPoint for Pokes {
    fn new() -> Self {
        Pokes(AtomicUsize::new(0))
    }

    fn wake(&self) {
        self.0.inc();
    }
}
