//! The platform that a kernel's C glue fills in: [`puffs_hooks`], installed once by [`attach`].
//!
//! Locks, events and poll points live inside our own structures, in storage of fixed size that the
//! hooks make ready and use as they like.

use core::cell::UnsafeCell;
use core::ffi::{c_char, c_int, c_long, c_void};

use super::{Counter, Event, Lock, Platform, PollPoint, Thread, Wait, Wake};
use crate::errno::Errno;
use crate::ids::{Instant, UserAddr};

/// Version of [`puffs_hooks`].
pub const PUFFS_HOOKS_VERSION: u32 = 1;
/// Bytes of storage for a lock.
pub const PUFFS_LOCK_SIZE: usize = 64;
/// Bytes of storage for an event, and for a poll point.
pub const PUFFS_EVENT_SIZE: usize = 128;
/// `ph_event_wait`: the event was set.
pub const PUFFS_WOKEN: c_int = 0;
/// `ph_event_wait`: a signal came.
pub const PUFFS_INTERRUPTED: c_int = 1;
/// `ph_event_wait`: the deadline passed.
pub const PUFFS_TIMEDOUT: c_int = 2;

/// Everything the queue needs from a kernel. Each hook is required; each may be called from any thread.
///
/// Storage handed to a hook is aligned to 8 bytes, zeroed before `init`, and never moves.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(non_camel_case_types)] // The name that C sees.
pub struct puffs_hooks {
    /// `sizeof(struct puffs_hooks)`.
    pub ph_size: usize,
    /// `PUFFS_HOOKS_VERSION`.
    pub ph_version: u32,
    /// The kernel's largest errno number: an answer above it is refused.
    pub ph_maxerrno: c_int,
    /// The kernel's errno numbers, by `PUFFS_E_*`.
    pub ph_errno: [c_int; Errno::COUNT],
    /// Bytes that a lock needs, at most `PUFFS_LOCK_SIZE`.
    pub ph_lock_size: usize,
    /// Bytes that an event needs, at most `PUFFS_EVENT_SIZE`.
    pub ph_event_size: usize,
    /// Bytes that a poll point needs, at most `PUFFS_EVENT_SIZE`.
    pub ph_poll_size: usize,

    /// Allocates `size` bytes aligned to `align` (a power of two), or returns null. Must not wait
    /// for a puffs file system.
    pub ph_alloc: Option<unsafe extern "C" fn(size: usize, align: usize) -> *mut c_void>,
    /// Frees what `ph_alloc` returned.
    pub ph_free: Option<unsafe extern "C" fn(ptr: *mut c_void)>,

    /// Makes a lock ready.
    pub ph_lock_init: Option<unsafe extern "C" fn(lock: *mut c_void)>,
    /// Ends a lock; nobody holds it.
    pub ph_lock_fini: Option<unsafe extern "C" fn(lock: *mut c_void)>,
    /// Takes a lock that is held for short stretches only, without sleeping.
    pub ph_lock: Option<unsafe extern "C" fn(lock: *mut c_void)>,
    /// Releases it.
    pub ph_unlock: Option<unsafe extern "C" fn(lock: *mut c_void)>,

    /// Makes an event ready: a token that is not there yet.
    pub ph_event_init: Option<unsafe extern "C" fn(event: *mut c_void)>,
    /// Ends an event; nobody waits.
    pub ph_event_fini: Option<unsafe extern "C" fn(event: *mut c_void)>,
    /// Leaves the token and wakes the waiter. Does not sleep.
    pub ph_event_set: Option<unsafe extern "C" fn(event: *mut c_void)>,
    /// Sleeps until the token is there and takes it: `PUFFS_WOKEN`. With `deadline` (nanoseconds of
    /// `ph_now`) not null, `PUFFS_TIMEDOUT` from then on; with `interruptible`, `PUFFS_INTERRUPTED` when a signal comes. Without
    /// `interruptible` it may return that as well while the thread is being killed (`ph_fatal`); its caller then leaves with `EINTR`.
    pub ph_event_wait: Option<
        unsafe extern "C" fn(
            event: *mut c_void,
            deadline: *const u64,
            interruptible: c_int,
        ) -> c_int,
    >,

    /// Makes a poll point ready.
    pub ph_poll_init: Option<unsafe extern "C" fn(poll: *mut c_void)>,
    /// Ends a poll point; nobody polls.
    pub ph_poll_fini: Option<unsafe extern "C" fn(poll: *mut c_void)>,
    /// Wakes all who poll there. Does not sleep.
    pub ph_poll_wake: Option<unsafe extern "C" fn(poll: *mut c_void)>,

    /// Adds to a counter in one step and returns the new value, fully ordered.
    pub ph_count_add: Option<unsafe extern "C" fn(counter: *mut c_long, delta: c_long) -> c_long>,
    /// Monotonic nanoseconds.
    pub ph_now: Option<unsafe extern "C" fn() -> u64>,
    /// Copies from the server's memory: 0, or nonzero when it cannot be read. May sleep.
    pub ph_copyin:
        Option<unsafe extern "C" fn(uaddr: *const c_void, kaddr: *mut c_void, len: usize) -> c_int>,
    /// Copies to the server's memory: 0, or nonzero when it cannot be written. May sleep.
    pub ph_copyout:
        Option<unsafe extern "C" fn(kaddr: *const c_void, uaddr: *mut c_void, len: usize) -> c_int>,
    /// The current thread: unique while it lives, and not soon used again; 0 where threads cannot be told apart, and then nobody is told `EDEADLK`.
    pub ph_thread: Option<unsafe extern "C" fn() -> usize>,
    /// The current process.
    pub ph_pid: Option<unsafe extern "C" fn() -> c_int>,
    /// Nonzero while the current thread is being killed.
    pub ph_fatal: Option<unsafe extern "C" fn() -> c_int>,
    /// A line for the administrator, not terminated.
    pub ph_log: Option<unsafe extern "C" fn(message: *const c_char, len: usize)>,
    /// A bug in puffs: stops the machine or the thread; does not return.
    pub ph_panic: Option<unsafe extern "C" fn(message: *const c_char, len: usize)>,
}

static HOOKS: ::spin::Once<puffs_hooks> = ::spin::Once::new();

/// Why [`attach`] refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachError {
    /// `ph_size` or `ph_version` is not ours, a hook is missing, or a storage size is too large.
    Unusable,
    /// Hooks are installed already.
    Attached,
}

/// Installs the hooks, once, before anything else is called. The structure is copied.
///
/// # Errors
/// See [`AttachError`].
pub fn attach(hooks: &puffs_hooks) -> Result<(), AttachError> {
    if !usable(hooks) {
        return Err(AttachError::Unusable);
    }
    let mut first = false;
    HOOKS.call_once(|| {
        first = true;
        *hooks
    });
    match first {
        true => Ok(()),
        false => Err(AttachError::Attached),
    }
}

/// The installed hooks.
pub fn attached() -> Option<&'static puffs_hooks> {
    HOOKS.get()
}

fn usable(h: &puffs_hooks) -> bool {
    h.ph_size == size_of::<puffs_hooks>()
        && h.ph_version == PUFFS_HOOKS_VERSION
        && h.ph_maxerrno > 0
        && h.ph_errno.iter().all(|&e| e > 0)
        && h.ph_lock_size <= PUFFS_LOCK_SIZE
        && h.ph_event_size <= PUFFS_EVENT_SIZE
        && h.ph_poll_size <= PUFFS_EVENT_SIZE
        && h.ph_alloc.is_some()
        && h.ph_free.is_some()
        && h.ph_lock_init.is_some()
        && h.ph_lock_fini.is_some()
        && h.ph_lock.is_some()
        && h.ph_unlock.is_some()
        && h.ph_event_init.is_some()
        && h.ph_event_fini.is_some()
        && h.ph_event_set.is_some()
        && h.ph_event_wait.is_some()
        && h.ph_poll_init.is_some()
        && h.ph_poll_fini.is_some()
        && h.ph_poll_wake.is_some()
        && h.ph_count_add.is_some()
        && h.ph_now.is_some()
        && h.ph_copyin.is_some()
        && h.ph_copyout.is_some()
        && h.ph_thread.is_some()
        && h.ph_pid.is_some()
        && h.ph_fatal.is_some()
        && h.ph_log.is_some()
        && h.ph_panic.is_some()
}

/// Calls one hook. Before `attach` no hook can be reached: there is no mount, no instance, no buffer.
/// `attach` saw to it that each one is there.
macro_rules! hook {
    ($hook:ident ( $($arg:expr),* )) => {{
        let hook = HOOKS.get().and_then(|hooks| hooks.$hook);
        match hook {
            // SAFETY: the glue vouches for its hooks; the arguments are what the field's comment says.
            Some(hook) => unsafe { hook($($arg),*) },
            None => unattached(),
        }
    }};
}

/// Where each of the many calls of a hook would end before `attach`: once, and out of their way.
#[cold]
#[inline(never)]
fn unattached() -> ! {
    panic!("puffs_attach has not been called")
}

/// A kernel, through its hooks.
pub struct Hooks;

impl Platform for Hooks {
    type Lock<T: Send> = HookLock<T>;
    type Event = HookEvent;
    type PollPoint = HookPoll;
    type Counter = HookCounter;

    fn alloc(size: usize) -> *mut u8 {
        alloc(size, 16)
    }

    unsafe fn free(ptr: *mut u8) {
        // SAFETY: by contract.
        unsafe { free(ptr) }
    }

    fn now() -> Instant {
        Instant(hook!(ph_now()))
    }

    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        if to.is_empty() {
            return Ok(());
        }
        let faulted = hook!(ph_copyin(
            from.0 as *const c_void,
            to.as_mut_ptr().cast(),
            to.len()
        ));
        if faulted == 0 {
            Ok(())
        } else {
            Err(Errno::Fault)
        }
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        if from.is_empty() {
            return Ok(());
        }
        let faulted = hook!(ph_copyout(
            from.as_ptr().cast(),
            to.0 as *mut c_void,
            from.len()
        ));
        if faulted == 0 {
            Ok(())
        } else {
            Err(Errno::Fault)
        }
    }

    fn current() -> Thread {
        Thread {
            id: hook!(ph_thread()),
            pid: hook!(ph_pid()),
        }
    }

    fn fatal_signal() -> bool {
        hook!(ph_fatal()) != 0
    }

    fn log(message: &str) {
        if !super::log::taken(message) {
            hook!(ph_log(message.as_ptr().cast(), message.len()));
        }
    }

    /// Before the hooks are there, only what has one number on every Unix comes up.
    fn errno(error: Errno) -> i32 {
        match HOOKS.get() {
            Some(hooks) => hooks.ph_errno.get(error.index()).copied().unwrap_or(22),
            None if error == Errno::Nxio => 6,
            None => 22,
        }
    }
}

/// Memory from the kernel, or null; null too before `attach`.
pub fn alloc(size: usize, align: usize) -> *mut u8 {
    match HOOKS.get() {
        Some(_) => hook!(ph_alloc(size, align)).cast(),
        None => core::ptr::null_mut(),
    }
}

/// Gives memory back to the kernel.
///
/// # Safety
/// `ptr` came from [`alloc()`] and is not used again.
pub unsafe fn free(ptr: *mut u8) {
    hook!(ph_free(ptr.cast()));
}

/// Reports a bug and does not return.
pub fn panic(message: &str) -> ! {
    if let Some(hook) = HOOKS.get().and_then(|hooks| hooks.ph_panic) {
        // SAFETY: the hook takes any bytes.
        unsafe { hook(message.as_ptr().cast(), message.len()) };
    }
    loop {
        core::hint::spin_loop();
    }
}

type Storage<const WORDS: usize> = UnsafeCell<[u64; WORDS]>;

/// A kernel's lock around a value.
pub struct HookLock<T> {
    storage: Storage<{ PUFFS_LOCK_SIZE / 8 }>,
    ready: core::sync::atomic::AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached only under the kernel's lock, which itself serves every thread.
unsafe impl<T: Send> Send for HookLock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for HookLock<T> {}

impl<T: Send> Lock<T> for HookLock<T> {
    fn new(value: T) -> Self {
        HookLock {
            storage: UnsafeCell::new([0; PUFFS_LOCK_SIZE / 8]),
            ready: core::sync::atomic::AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    fn init(&self) {
        hook!(ph_lock_init(self.storage.get().cast()));
        // Relaxed: whoever hands the lock to another thread orders this store before it.
        self.ready
            .store(true, core::sync::atomic::Ordering::Relaxed);
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        hook!(ph_lock(self.storage.get().cast()));
        // SAFETY: the kernel's lock is held, so this is the only reference to the value.
        let result = f(unsafe { &mut *self.value.get() });
        hook!(ph_unlock(self.storage.get().cast()));
        result
    }
}

impl<T> Drop for HookLock<T> {
    fn drop(&mut self) {
        if *self.ready.get_mut() {
            hook!(ph_lock_fini(self.storage.get().cast()));
        }
    }
}

/// A kernel's event.
pub struct HookEvent(HookStorage);

/// A kernel's poll point. Its glue finds it by [`HookPoll::storage`].
pub struct HookPoll(HookStorage);

struct HookStorage {
    storage: Storage<{ PUFFS_EVENT_SIZE / 8 }>,
    ready: core::sync::atomic::AtomicBool,
}

// SAFETY: the storage belongs to the kernel's event or poll point, which serve every thread.
unsafe impl Send for HookStorage {}
// SAFETY: as above.
unsafe impl Sync for HookStorage {}

impl HookStorage {
    fn new() -> Self {
        HookStorage {
            storage: UnsafeCell::new([0; PUFFS_EVENT_SIZE / 8]),
            ready: core::sync::atomic::AtomicBool::new(false),
        }
    }

    fn get(&self) -> *mut c_void {
        self.storage.get().cast()
    }

    fn ready(&self) {
        // Relaxed: as for the lock.
        self.ready
            .store(true, core::sync::atomic::Ordering::Relaxed);
    }
}

impl Event for HookEvent {
    fn new() -> Self {
        HookEvent(HookStorage::new())
    }

    fn init(&self) {
        hook!(ph_event_init(self.0.get()));
        self.0.ready();
    }

    fn set(&self) {
        hook!(ph_event_set(self.0.get()));
    }

    fn wait(&self, wait: &Wait) -> Wake {
        let deadline = wait.deadline.map(|Instant(ns)| ns);
        let deadline = deadline
            .as_ref()
            .map_or(core::ptr::null(), core::ptr::from_ref);
        match hook!(ph_event_wait(
            self.0.get(),
            deadline,
            c_int::from(wait.interruptible)
        )) {
            PUFFS_INTERRUPTED if wait.interruptible || Hooks::fatal_signal() => Wake::Interrupted,
            PUFFS_TIMEDOUT if !deadline.is_null() => Wake::TimedOut,
            _ => Wake::Woken,
        }
    }
}

impl Drop for HookEvent {
    fn drop(&mut self) {
        if *self.0.ready.get_mut() {
            hook!(ph_event_fini(self.0.get()));
        }
    }
}

impl HookPoll {
    /// The storage that the hooks made ready.
    pub fn storage(&self) -> *mut c_void {
        self.0.get()
    }
}

impl PollPoint for HookPoll {
    fn new() -> Self {
        HookPoll(HookStorage::new())
    }

    fn init(&self) {
        hook!(ph_poll_init(self.0.get()));
        self.0.ready();
    }

    fn wake(&self) {
        hook!(ph_poll_wake(self.0.get()));
    }
}

impl Drop for HookPoll {
    fn drop(&mut self) {
        if *self.0.ready.get_mut() {
            hook!(ph_poll_fini(self.0.get()));
        }
    }
}

/// A counter that the kernel adds to.
pub struct HookCounter(UnsafeCell<c_long>);

// SAFETY: the kernel adds in one step, from every thread.
unsafe impl Send for HookCounter {}
// SAFETY: as above.
unsafe impl Sync for HookCounter {}

impl Counter for HookCounter {
    fn new() -> Self {
        HookCounter(UnsafeCell::new(1))
    }

    fn inc(&self) {
        hook!(ph_count_add(self.0.get(), 1));
    }

    fn dec(&self) -> bool {
        hook!(ph_count_add(self.0.get(), -1)) == 0
    }
}
