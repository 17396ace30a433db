//! The platform: the one of the other device tests, in a rough world. Server memory may be out of reach, copies take their time,
//! sleepers wake for no reason, memory runs out where a thread asks for it, and everything made is counted.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicIsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};

use puffs_core::platform::{Counter, Event, Lock, Platform, PollPoint, Thread, Wait, Wake};
use puffs_core::{Errno, Instant, Mount, Ref, UserAddr};
use puffs_dev::{Instance, OpenFiles};

use crate::common::{Probe, Watched, WatchedEvent, locked};

pub(crate) struct Rough;

pub(crate) type TestMount = Ref<Mount<Rough>, Rough>;
pub(crate) type TestInstance = Ref<Instance<Rough>, Rough>;

/// What exists on this platform.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Alive {
    buffers: isize,
    counted: isize,
    events: isize,
}

static BUFFERS: AtomicIsize = AtomicIsize::new(0);
static COUNTED: AtomicIsize = AtomicIsize::new(0);
static EVENTS: AtomicIsize = AtomicIsize::new(0);

pub(crate) fn alive() -> Alive {
    Alive {
        buffers: BUFFERS.load(SeqCst),
        counted: COUNTED.load(SeqCst),
        events: EVENTS.load(SeqCst),
    }
}

/// No address at or above this one is server memory.
const NOWHERE: usize = 1 << (usize::BITS - 1);

/// The address with nothing behind it.
pub(crate) fn nowhere(addr: UserAddr) -> UserAddr {
    UserAddr(addr.0 | NOWHERE)
}

/// What happens in the middle of a copy; it sees what is copied out.
pub(crate) type Meanwhile = Box<dyn FnOnce(&[u8])>;

/// Which way the kernel side copies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
    /// Out, and it fails in the end.
    OutFails,
}

/// What becomes of such copies of this thread at an address.
struct Watch {
    addr: UserAddr,
    way: Way,
    /// In the middle of the first of them.
    meanwhile: Option<Meanwhile>,
}

thread_local! {
    static WATCH: RefCell<Option<Watch>> = const { RefCell::new(None) };
    static POOR: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`, whose copies at `addr` are watched.
pub(crate) fn watched<R>(
    addr: UserAddr,
    way: Way,
    meanwhile: Option<Meanwhile>,
    f: impl FnOnce() -> R,
) -> R {
    let before = WATCH.replace(Some(Watch {
        addr,
        way,
        meanwhile,
    }));
    let result = f();
    WATCH.set(before);
    result
}

/// A copy at `addr`: true when it fails.
fn reach(addr: UserAddr, way: Way, bytes: &[u8]) -> bool {
    let chosen = |watch: &mut Option<Watch>| {
        let watch = watch.as_mut()?;
        let wanted = watch.addr == addr && (watch.way == Way::In) == (way == Way::In);
        wanted.then(|| (watch.meanwhile.take(), watch.way))
    };
    // What happens meanwhile may copy too.
    let Some((meanwhile, way)) = WATCH.with_borrow_mut(chosen) else {
        return false;
    };
    if let Some(meanwhile) = meanwhile {
        meanwhile(bytes);
    }
    way == Way::OutFails
}

/// Runs `f` without memory for buffers, or with.
pub(crate) fn poor<R>(poor: bool, f: impl FnOnce() -> R) -> R {
    let before = POOR.replace(poor);
    let result = f();
    POOR.set(before);
    result
}

/// Lets others run, now and then, where the queue has to be ready for them.
fn dawdle() {
    if fastrand::u8(..4) == 0 {
        for _ in 0..fastrand::u8(..8) {
            std::thread::yield_now();
        }
    }
}

impl Platform for Rough {
    type Lock<T: Send> = Contended<T>;
    type Event = Fickle;
    type PollPoint = Bell;
    type Counter = Counted;

    fn alloc(size: usize) -> *mut u8 {
        if POOR.get() {
            return std::ptr::null_mut();
        }
        BUFFERS.fetch_add(1, SeqCst);
        Probe::alloc(size)
    }

    unsafe fn free(ptr: *mut u8) {
        BUFFERS.fetch_sub(1, SeqCst);
        // SAFETY: by contract, and `alloc` got it there.
        unsafe { Probe::free(ptr) }
    }

    fn now() -> Instant {
        Probe::now()
    }

    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        dawdle();
        if from.0 >= NOWHERE && !to.is_empty() {
            return Err(Errno::Fault);
        }
        reach(from, Way::In, &[]);
        Probe::copyin(from, to)
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        dawdle();
        if (to.0 >= NOWHERE || reach(to, Way::Out, from)) && !from.is_empty() {
            return Err(Errno::Fault);
        }
        Probe::copyout(from, to)
    }

    fn current() -> Thread {
        Probe::current()
    }

    fn fatal_signal() -> bool {
        Probe::fatal_signal()
    }

    fn log(message: &str) {
        Probe::log(message);
    }

    fn errno(error: Errno) -> i32 {
        Probe::errno(error)
    }
}

/// A lock after which others run: whoever relies on two locked sections being next to each other is wrong.
pub(crate) struct Contended<T>(Watched<T>);

impl<T: Send> Lock<T> for Contended<T> {
    fn new(value: T) -> Self {
        Contended(Watched::new(value))
    }

    fn init(&self) {
        self.0.init();
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        let result = self.0.with(f);
        dawdle();
        result
    }
}

/// An event whose sleeper wakes for no reason now and then.
pub(crate) struct Fickle(WatchedEvent);

impl Event for Fickle {
    fn new() -> Self {
        EVENTS.fetch_add(1, SeqCst);
        Fickle(WatchedEvent::new())
    }

    fn set(&self) {
        self.0.set();
    }

    fn wait(&self, wait: &Wait) -> Wake {
        if fastrand::u8(..8) == 0 {
            return Wake::Woken;
        }
        self.0.wait(wait)
    }
}

impl Drop for Fickle {
    fn drop(&mut self) {
        EVENTS.fetch_sub(1, SeqCst);
    }
}

/// A counter that is counted itself: one for each thing behind a `Ref`.
pub(crate) struct Counted(<Probe as Platform>::Counter);

impl Counter for Counted {
    fn new() -> Self {
        COUNTED.fetch_add(1, SeqCst);
        Counted(Counter::new())
    }

    fn inc(&self) {
        self.0.inc();
    }

    fn dec(&self) -> bool {
        self.0.dec()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        COUNTED.fetch_sub(1, SeqCst);
    }
}

/// A poll point that threads sleep on.
pub(crate) struct Bell {
    rung: Mutex<u64>,
    heard: Condvar,
}

impl Bell {
    /// How often it rang: to be asked before looking for what it tells of.
    pub(crate) fn rung(&self) -> u64 {
        *self.rung.lock().unwrap()
    }

    /// Sleeps until it has rung more often than `seen`; true when it had to sleep.
    pub(crate) fn wait(&self, seen: u64) -> bool {
        let mut rung = self.rung.lock().unwrap();
        let slept = *rung == seen;
        while *rung == seen {
            rung = self.heard.wait(rung).unwrap();
        }
        slept
    }
}

impl PollPoint for Bell {
    fn new() -> Self {
        Bell {
            rung: Mutex::new(0),
            heard: Condvar::new(),
        }
    }

    fn wake(&self) {
        assert!(!locked());
        *self.rung.lock().unwrap() += 1;
        self.heard.notify_all();
    }
}

/// A process without descriptors.
pub(crate) struct NoFiles;

impl OpenFiles<Rough> for NoFiles {
    fn instance(&self, _: i32, _: i32) -> Option<TestInstance> {
        None
    }
}
