//! The hosted platform with locks that watch over their rules and poll points that count, and a host that says
//! what happened to it.

#![allow(dead_code)] // Each test file uses its share.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use puffs_core::msg::op::vn;
use puffs_core::msg::wire::{Req, Stale, StartReq};
use puffs_core::platform::{Event, Hosted, Lock, Platform, PollPoint, Thread, Wait, Wake};
use puffs_core::{
    Buf, Config, Cookie, Credentials, Errno, Instant, Mount, MountHost, OnClose, Outgoing, Ref,
    Status, UserAddr,
};
use puffs_dev::{Instance, Lwp, OpenFiles, Registry};
use zerocopy::IntoBytes;

/// Hosted, with locks that watch and poll points that count.
pub(crate) struct Probe;

thread_local! {
    static HELD: Cell<bool> = const { Cell::new(false) };
    /// All the memory that a server has, start and end; `None`: whatever it names.
    static MEMORY: Cell<Option<(usize, usize)>> = const { Cell::new(None) };
}

/// The calls of this thread have a server that has this memory and no other.
pub(crate) fn only_memory(of: &[u64]) {
    let start = of.as_ptr().expose_provenance();
    MEMORY.set(Some((start, start + size_of_val(of))));
}

fn reach(at: UserAddr, len: usize) -> Result<(), Errno> {
    match (MEMORY.get(), at.0.checked_add(len)) {
        _ if len == 0 => Ok(()),
        (None, _) => Ok(()),
        (Some((start, end)), Some(last)) if start <= at.0 && last <= end => Ok(()),
        _ => Err(Errno::Fault),
    }
}

/// Whether this thread is under a lock, where it may not sleep, allocate, free, copy or call back.
pub(crate) fn locked() -> bool {
    HELD.get()
}

/// A lock under which nothing else is locked, and which is made ready before use.
pub(crate) struct Watched<T>(Mutex<T>, AtomicBool);

impl<T: Send> Lock<T> for Watched<T> {
    fn new(value: T) -> Self {
        Watched(Mutex::new(value), AtomicBool::new(false))
    }

    fn init(&self) {
        assert!(!self.1.swap(true, SeqCst));
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        assert!(self.1.load(SeqCst), "the lock is not ready");
        assert!(!HELD.replace(true), "a lock is taken under a lock");
        let result = f(&mut self.0.lock().unwrap());
        HELD.set(false);
        assert!(!TOUCHED.get(), "memory is allocated or freed under a lock");
        result
    }
}

/// An event that nobody touches under a lock.
pub(crate) struct WatchedEvent(<Hosted as Platform>::Event);

impl Event for WatchedEvent {
    fn new() -> Self {
        WatchedEvent(Event::new())
    }

    fn set(&self) {
        assert!(!locked());
        self.0.set();
    }

    fn wait(&self, wait: &Wait) -> Wake {
        assert!(!locked());
        assert!(
            MEMORY.get().is_none(),
            "it sleeps where one thread plays everybody"
        );
        self.0.wait(wait)
    }
}

/// Counts the wake-ups of one instance's pollers.
pub(crate) struct Pokes(pub(crate) AtomicUsize);

impl PollPoint for Pokes {
    fn new() -> Self {
        Pokes(AtomicUsize::new(0))
    }

    fn wake(&self) {
        assert!(!locked());
        self.0.fetch_add(1, SeqCst);
    }
}

impl Platform for Probe {
    type Lock<T: Send> = Watched<T>;
    type Event = WatchedEvent;
    type PollPoint = Pokes;
    type Counter = <Hosted as Platform>::Counter;

    fn alloc(size: usize) -> *mut u8 {
        assert!(!locked());
        Hosted::alloc(size)
    }

    unsafe fn free(ptr: *mut u8) {
        assert!(!locked());
        // SAFETY: by contract.
        unsafe { Hosted::free(ptr) }
    }

    fn now() -> Instant {
        assert!(!locked());
        Hosted::now()
    }

    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        assert!(!locked());
        reach(from, to.len())?;
        Hosted::copyin(from, to)
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        assert!(!locked());
        reach(to, from.len())?;
        Hosted::copyout(from, to)
    }

    fn current() -> Thread {
        Hosted::current()
    }

    fn fatal_signal() -> bool {
        Hosted::fatal_signal()
    }

    fn log(message: &str) {
        panic!("no call of a server prints: {message}");
    }

    fn errno(error: Errno) -> i32 {
        Hosted::errno(error)
    }
}

/// The system's allocator, with a count of what this thread has and an end of its patience.
struct Scarce;

thread_local! {
    static TOUCHED: Cell<bool> = const { Cell::new(false) };
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

/// An allocation or a release under a lock is a mistake; the lock says so, since an allocator must not panic.
fn touched() {
    if locked() {
        TOUCHED.set(true);
    }
}

/// Lets so many allocations of this thread succeed.
pub(crate) fn patience(left: usize) {
    LEFT.set(left);
}

/// Blocks that this thread has allocated and not freed.
pub(crate) fn live() -> isize {
    LIVE.get()
}

// SAFETY: every block comes from and goes to the system's allocator.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        touched();
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
        touched();
        LIVE.set(LIVE.get() - 1);
        // SAFETY: by contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static SCARCE: Scarce = Scarce;

pub(crate) type TestMount = Ref<Mount<Probe>, Probe>;
pub(crate) type TestInstance = Ref<Instance<Probe>, Probe>;

/// What became of a mount.
#[derive(Default)]
pub(crate) struct Fate {
    pub(crate) unmounts: AtomicUsize,
    pub(crate) freed: AtomicUsize,
}

/// What an unmount does besides being counted.
type OnUnmount = Box<dyn Fn(&TestMount) + Send + Sync>;

struct TestHost {
    fate: Arc<Fate>,
    on_close: OnClose,
    on_unmount: Option<OnUnmount>,
}

impl MountHost<Probe> for TestHost {
    fn unmount(&self, mount: &TestMount) {
        assert!(!locked());
        assert_eq!(
            mount.status(),
            Status::Dying,
            "death comes before the unmount"
        );
        self.fate.unmounts.fetch_add(1, SeqCst);
        if let Some(on_unmount) = &self.on_unmount {
            on_unmount(mount);
        }
    }

    fn on_close(&self) -> OnClose {
        self.on_close
    }

    fn stale(&self, stale: &Stale) -> puffs_core::errno::Result<()> {
        assert!(!locked());
        match stale.cookie {
            0 => Ok(()),
            _ => Err(Errno::NoEnt),
        }
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        self.fate.freed.fetch_add(1, SeqCst);
    }
}

pub(crate) fn mount_with(
    on_close: OnClose,
    on_unmount: Option<OnUnmount>,
) -> (TestMount, Arc<Fate>) {
    let fate = Arc::new(Fate::default());
    let host = TestHost {
        fate: fate.clone(),
        on_close,
        on_unmount,
    };
    let mount = Mount::new(Config::default(), Some(Box::new(host))).unwrap();
    (mount, fate)
}

pub(crate) fn mount() -> (TestMount, Arc<Fate>) {
    mount_with(OnClose::Unmount, None)
}

pub(crate) fn registry() -> Registry<Probe> {
    Registry::new().unwrap()
}

pub(crate) fn lwp(pid: i32, uid: u32) -> Lwp {
    Lwp {
        pid,
        cred: Credentials { uid, gid: 100 },
    }
}

/// A host without a table of open files.
pub(crate) struct NoFiles;

impl OpenFiles<Probe> for NoFiles {
    fn instance(&self, _: i32, _: i32) -> Option<TestInstance> {
        None
    }
}

/// A table of open files: pid, descriptor, instance.
#[derive(Default)]
pub(crate) struct Files(pub(crate) Mutex<Vec<(i32, i32, TestInstance)>>);

impl OpenFiles<Probe> for Files {
    fn instance(&self, pid: i32, fd: i32) -> Option<TestInstance> {
        let files = self.0.lock().unwrap();
        let found = files.iter().find(|(p, f, _)| (*p, *f) == (pid, fd));
        found.map(|(_, _, instance)| instance.clone())
    }
}

pub(crate) fn addr<T>(value: &mut T) -> UserAddr {
    UserAddr(std::ptr::from_mut(value).expose_provenance())
}

pub(crate) fn start(mount: &TestMount) {
    mount.start(&StartReq::default()).unwrap();
}

/// Puts a request that nobody waits for into the queue.
pub(crate) fn send(mount: &TestMount) {
    let body = Buf::copy_of(b"body", 4).unwrap();
    mount
        .send(Outgoing::vn(vn::RECLAIM, Cookie(1), body))
        .unwrap();
}

/// Puts a request into the queue whose end nobody looks at.
pub(crate) fn submit(mount: &TestMount) {
    let body = Buf::copy_of(b"body", 4).unwrap();
    let done = |_: Result<puffs_core::Answer<Probe>, Errno>| {};
    mount
        .submit(Outgoing::vn(vn::GETATTR, Cookie(1), body), Box::new(done))
        .unwrap();
}

/// A server's buffers.
pub(crate) struct Server {
    pub(crate) req: Req,
    body: Vec<u8>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Server {
            req: Req::default(),
            body: vec![0; 64],
        }
    }

    /// The header, to be fetched into a buffer of `len` bytes.
    pub(crate) fn offer(&mut self, len: usize) -> UserAddr {
        self.req = Req::default();
        self.req.aux = self.body.as_mut_ptr().expose_provenance();
        self.req.auxlen = len;
        self.header()
    }

    pub(crate) fn header(&mut self) -> UserAddr {
        UserAddr(self.req.as_mut_bytes().as_mut_ptr().expose_provenance())
    }
}

pub(crate) fn pokes(instance: &TestInstance) -> usize {
    instance.poll_point().0.load(SeqCst)
}
