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
    /// How far this thread's clock is ahead.
    static AHEAD: Cell<u64> = const { Cell::new(0) };
    /// What this thread does first when it is woken next.
    static ON_WAKE: Cell<Option<OnWake>> = const { Cell::new(None) };
    /// Waits of this thread that end without a reason.
    static STRAYS: Cell<usize> = const { Cell::new(0) };
    /// What this thread's next wake-up waits for before it goes on.
    static GATE: RefCell<Option<Receiver<()>>> = const { RefCell::new(None) };
    /// Allocations of this thread that still succeed.
    static PATIENCE: Cell<usize> = const { Cell::new(usize::MAX) };
    /// Allocations of this thread that succeed before one fails; `None`: none will.
    static COUNTDOWN: Cell<Option<usize>> = const { Cell::new(None) };
    /// Pieces of the global allocator that this thread made and did not free.
    static HEAP: Cell<isize> = const { Cell::new(0) };
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
        HEAP.set(HEAP.get() + 1);
        // SAFETY: by contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        must_be_unlocked();
        HEAP.set(HEAP.get() - 1);
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
    if let Some(left) = COUNTDOWN.get() {
        COUNTDOWN.set(left.checked_sub(1));
        if left == 0 {
            return false;
        }
    }
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

/// Lets one allocation fail, after so many; returns what was left of the last such wish, `None` when it is fulfilled.
pub(crate) fn fail_once(after: Option<usize>) -> Option<usize> {
    COUNTDOWN.replace(after)
}

/// Pieces of the global allocator that are alive. Meaningful in tests that use one thread.
pub(crate) fn heap() -> isize {
    HEAP.get()
}

type OnWake = Box<dyn FnOnce()>;

/// Puts this thread's clock forward.
pub(crate) fn later(nanos: u64) {
    AHEAD.set(AHEAD.get() + nanos);
}

/// When this thread is woken next it does this first.
pub(crate) fn on_next_wake(first: impl FnOnce() + 'static) {
    ON_WAKE.set(Some(Box::new(first)));
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

/// Makes a signal pending for this thread, a fatal one: its next interruptible wait ends at once.
pub(crate) fn signal_pending(pending: bool) {
    SIGNAL.set(pending);
}

/// Where a thread stands when others may come in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    /// Before it copies to or from server memory.
    Copy,
    /// In a wait.
    Sleep,
}

/// How a wait ends after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rouse {
    /// By its token; without one it goes on.
    Token,
    /// So, whether there is a token or not.
    With(Wake),
}

/// Runs at each pause of this thread. Waits end as it says, and never really sleep.
pub(crate) type PauseHook = fn(Pause) -> Rouse;

thread_local! {
    static PAUSE_HOOK: Cell<Option<PauseHook>> = const { Cell::new(None) };
    /// Who this thread says it is; 0: itself.
    static ALIAS: Cell<Option<usize>> = const { Cell::new(None) };
}

pub(crate) fn set_pause_hook(hook: PauseHook) {
    PAUSE_HOOK.set(Some(hook));
}

fn pause(at: Pause) -> Option<Rouse> {
    PAUSE_HOOK.get().map(|hook| hook(at))
}

/// Lets this thread pass for another one, so that it can play several.
pub(crate) fn pass_for(thread: usize) {
    ALIAS.set(Some(thread));
}

/// Finds the region of a copy, runs its watch, and says whether the copy may go on.
fn reach(addr: usize, len: usize, write: bool) -> Result<(), Errno> {
    pause(Pause::Copy);
    let found = |memory: &BTreeMap<usize, Region>| {
        memory
            .range(..=addr)
            .next_back()
            .filter(|(start, region)| {
                addr.checked_add(len)
                    .is_some_and(|end| end <= *start + region.len)
            })
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
        assert_eq!(HELD.get(), 0, "the clock is read under the lock");
        let Instant(now) = puffs_core::platform::Hosted::now();
        Instant(now + AHEAD.get())
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
        assert_eq!(HELD.get(), 0, "the thread is asked for under the lock");
        let real = puffs_core::platform::Hosted::current();
        match ALIAS.get() {
            None => real,
            Some(id) => Thread { id, ..real },
        }
    }

    fn fatal_signal() -> bool {
        SIGNAL.get()
    }

    fn log(_: &str) {}

    fn errno(error: Errno) -> i32 {
        puffs_core::platform::Hosted::errno(error)
    }
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
        while let Some(rouse) = pause(Pause::Sleep) {
            match rouse {
                Rouse::With(wake) => return wake,
                Rouse::Token => {
                    let mut token = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    if std::mem::take(&mut *token) {
                        return Wake::Woken;
                    }
                }
            }
        }
        let mut token = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if std::mem::take(&mut *token) {
                drop(token);
                if let Some(gate) = GATE.take() {
                    gate.recv().unwrap();
                }
                WAKES.set(WAKES.get() + 1);
                if let Some(first) = ON_WAKE.take() {
                    first();
                }
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
