//! The checked platform: server memory is what was registered, copies can be watched, signals are
//! injected, and allocations are counted.

#![allow(dead_code)] // Each test file uses its share.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{JoinHandle, yield_now};
use std::time::{Duration, Instant as StdInstant};

use puffs_core::msg::op::{CLASS_VN, FLAG_FAF};
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::{Counter, Event, Lock, Platform, PollPoint, Thread, Wait, Wake};
use puffs_core::{
    Answer, Buf, Config, Cookie, Errno, Instant, Mount, MountHost, Outgoing, Ref, ReqId, UserAddr,
};
use zerocopy::{FromBytes, IntoBytes};

pub(crate) struct Checked;
pub(crate) type TestMount = Ref<Mount<Checked>, Checked>;
pub(crate) type Ended = Result<Answer<Checked>, Errno>;

type Watch = Box<dyn FnMut() + Send>;

/// A range of server memory.
struct Region {
    len: usize,
    readable: bool,
    writable: bool,
    /// Runs before each copy to or from the region, without any lock.
    watch: Option<Watch>,
}

static MEMORY: Mutex<BTreeMap<usize, Region>> = Mutex::new(BTreeMap::new());

fn memory() -> MutexGuard<'static, BTreeMap<usize, Region>> {
    MEMORY.lock().unwrap_or_else(PoisonError::into_inner)
}

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static SIGNAL: Cell<bool> = const { Cell::new(false) };
    static WAKES: Cell<usize> = const { Cell::new(0) };
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
        let mut token = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if std::mem::take(&mut *token) {
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

/// A server: one header and one buffer in registered memory.
pub(crate) struct Server {
    mount: TestMount,
    header: Vec<u64>,
    aux: Vec<u64>,
}

/// What a server fetched.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) req: Req,
    pub(crate) body: Vec<u8>,
}

impl Server {
    pub(crate) fn new(mount: &TestMount) -> Self {
        let server = Server {
            mount: mount.clone(),
            header: vec![0; size_of::<Req>() / 8],
            aux: vec![0; 1 << 16],
        };
        for (start, len) in [
            (server.header_addr(), size_of::<Req>()),
            (server.aux_addr(), server.aux.len() * 8),
        ] {
            let region = Region {
                len,
                readable: true,
                writable: true,
                watch: None,
            };
            memory().insert(start, region);
        }
        server
    }

    pub(crate) fn header_addr(&self) -> usize {
        self.header.as_ptr().addr()
    }

    pub(crate) fn aux_addr(&self) -> usize {
        self.aux.as_ptr().addr()
    }

    /// Changes what may be done to a region.
    pub(crate) fn protect(&self, addr: usize, readable: bool, writable: bool) {
        let mut memory = memory();
        let region = memory.get_mut(&addr).unwrap();
        (region.readable, region.writable) = (readable, writable);
    }

    /// Runs `watch` before the next copy to or from the region.
    pub(crate) fn watch(&self, addr: usize, watch: impl FnMut() + Send + 'static) {
        memory().get_mut(&addr).unwrap().watch = Some(Box::new(watch));
    }

    fn write_header(&mut self, req: &Req) {
        self.header.as_mut_bytes().copy_from_slice(req.as_bytes());
    }

    pub(crate) fn header(&self) -> Req {
        Req::read_from_bytes(self.header.as_bytes()).unwrap()
    }

    /// GETOP with so much room, sleeping as `block` says.
    pub(crate) fn getop(&mut self, room: usize, block: Option<&Wait>) -> Result<Fetched, Errno> {
        let req = Req {
            aux: self.aux_addr(),
            auxlen: room,
            rv: 77,
            ..Req::default()
        };
        self.write_header(&req);
        self.mount.getop(UserAddr(self.header_addr()), block)?;
        let req = self.header();
        assert_eq!(
            (req.rv, req.pad),
            (0, [0; 2]),
            "the whole header is written"
        );
        let body = self.aux.as_bytes()[..req.auxlen].to_vec();
        Ok(Fetched { req, body })
    }

    /// GETOP that must find something now.
    pub(crate) fn fetch(&mut self) -> Fetched {
        self.getop(1 << 16, None).expect("something to fetch")
    }

    /// PUTOP of any header with any body.
    pub(crate) fn put(&mut self, req: Req, body: &[u8]) -> Result<(), Errno> {
        self.aux.as_mut_bytes()[..body.len()].copy_from_slice(body);
        self.put_len(req, body.len())
    }

    /// PUTOP that claims a length.
    pub(crate) fn put_len(&mut self, req: Req, len: usize) -> Result<(), Errno> {
        let req = Req {
            aux: self.aux_addr(),
            auxlen: len,
            ..req
        };
        self.write_header(&req);
        self.mount.putop(UserAddr(self.header_addr()))
    }

    /// PUTOP for a VN request of this id and type 1.
    pub(crate) fn answer(&mut self, id: ReqId, rv: i32, body: &[u8]) -> Result<(), Errno> {
        self.put(vn(id.0, rv), body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut memory = memory();
        memory.remove(&self.header_addr());
        memory.remove(&self.aux_addr());
    }
}

/// The header of an answer to what `out` makes.
pub(crate) fn vn(id: u64, rv: i32) -> Req {
    Req {
        id,
        opclass: CLASS_VN,
        optype: 1,
        rv,
        ..Req::default()
    }
}

pub(crate) const FAF: u8 = CLASS_VN | FLAG_FAF;

/// A request of type 1 with this body.
pub(crate) fn out(body: &[u8]) -> Outgoing<Checked> {
    Outgoing::vn(1, Cookie(0xc0), Buf::copy_of(body, body.len()).unwrap())
}

/// A late answer: operation, cookie, rv, body.
pub(crate) type Noted = (u8, Cookie, i32, Vec<u8>);
/// How a request ended, as values.
pub(crate) type Told = Result<(i32, Vec<u8>), Errno>;

/// What the late hook saw.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) late: Mutex<Vec<Noted>>,
}

impl MountHost<Checked> for Arc<Host> {
    fn late(&self, late: puffs_core::Late<Checked>) {
        let body = late.answer.body[..late.answer.len].to_vec();
        self.late
            .lock()
            .unwrap()
            .push((late.optype, late.cookie, late.answer.rv, body));
    }

    fn unmount(&self, _: &TestMount) {}
}

pub(crate) fn new_mount(config: Config) -> (TestMount, Arc<Host>) {
    let host = Arc::new(Host::default());
    let mount = Mount::new(config, Some(Box::new(host.clone()))).unwrap();
    (mount, host)
}

/// A running mount, its host's notes, and a server.
pub(crate) fn running() -> (TestMount, Arc<Host>, Server) {
    running_with(Config::default())
}

pub(crate) fn running_with(config: Config) -> (TestMount, Arc<Host>, Server) {
    let (mount, host) = new_mount(config);
    mount.start(&StartReq::default()).unwrap();
    let server = Server::new(&mount);
    (mount, host, server)
}

/// Where a completion leaves its result.
#[derive(Clone, Default)]
pub(crate) struct Slip(Arc<Mutex<Vec<Told>>>);

impl Slip {
    /// What the completion was told; it must have been called exactly once.
    pub(crate) fn ended(&self) -> Told {
        let told = self.0.lock().unwrap();
        assert_eq!(told.len(), 1, "a request ends exactly once");
        told[0].clone()
    }

    pub(crate) fn pending(&self) -> bool {
        self.0.lock().unwrap().is_empty()
    }
}

pub(crate) fn flat(ended: Ended) -> Told {
    ended.map(|answer| (answer.rv, answer.body[..answer.len].to_vec()))
}

/// Sends a request in its completion form.
pub(crate) fn submit(mount: &TestMount, out: Outgoing<Checked>) -> (ReqId, Slip) {
    let slip = Slip::default();
    // A completion that is told where memory is short must not need some.
    slip.0.lock().unwrap().reserve(2);
    let told = slip.clone();
    let done = move |ended: Ended| told.0.lock().unwrap().push(flat(ended));
    let begun = mount.submit(out, Box::new(done)).expect("it is queued");
    (begun.id, slip)
}

/// Parks a caller on a thread of its own, and returns once `queued` requests can be fetched.
pub(crate) fn park(mount: &TestMount, body: &[u8], wait: Wait, queued: usize) -> JoinHandle<Told> {
    let (theirs, body) = (mount.clone(), body.to_vec());
    let caller = std::thread::spawn(move || flat(theirs.call(out(&body), &wait)));
    until(|| mount.readiness().requests == queued);
    caller
}

/// Waits for something that will happen.
pub(crate) fn until(happened: impl Fn() -> bool) {
    let patience = StdInstant::now() + Duration::from_secs(20);
    while !happened() {
        assert!(StdInstant::now() < patience, "it never happened");
        yield_now();
    }
}

pub(crate) const INTERRUPTIBLE: Wait = Wait {
    deadline: None,
    interruptible: true,
};

/// A wait that has ended before it begins.
pub(crate) fn expired() -> Wait {
    Wait {
        deadline: Some(Checked::now()),
        interruptible: false,
    }
}

/// Runs `watch` before the next copy to or from the region at `addr`.
pub(crate) fn watch_at(addr: usize, watch: impl FnOnce() + Send + 'static) {
    let mut watch = Some(watch);
    let once = move || {
        if let Some(watch) = watch.take() {
            watch();
        }
    };
    memory().get_mut(&addr).unwrap().watch = Some(Box::new(once));
}
