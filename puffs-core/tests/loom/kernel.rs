//! The kernel of the models: locks, events and counters of loom; what a server and a caller do in one line.

use std::cell::Cell;
use std::fmt::Debug;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::{Counter, Event, Lock, Platform, PollPoint, Thread, Wait, Wake};
use puffs_core::{
    Answer, Buf, Config, Cookie, Errno, Instant, Late, Mount, MountHost, Outgoing, Ref, ReqId,
    UserAddr,
};
use zerocopy::IntoBytes;

/// The kernel of the models. Server memory is the model's own; address 0 faults, and one with the bit [`READ_ONLY`]
/// when it is written.
pub(crate) struct Loom;

const READ_ONLY: usize = 1 << (usize::BITS - 1);

pub(crate) type TestMount = Ref<Mount<Loom>, Loom>;
pub(crate) type Ended = Result<Answer<Loom>, Errno>;

std::thread_local! {
    // Loom runs all threads of a model on one, so this counts the whole model.
    static BUFFERS: Cell<isize> = const { Cell::new(0) };
}

impl Platform for Loom {
    type Lock<T: Send> = LoomLock<T>;
    type Event = LoomEvent;
    type PollPoint = LoomPoll;
    type Counter = LoomCounter;

    fn alloc(size: usize) -> *mut u8 {
        BUFFERS.set(BUFFERS.get() + 1);
        puffs_core::platform::Hosted::alloc(size)
    }

    unsafe fn free(ptr: *mut u8) {
        BUFFERS.set(BUFFERS.get() - 1);
        // SAFETY: by contract it came from `alloc`.
        unsafe { puffs_core::platform::Hosted::free(ptr) }
    }

    fn now() -> Instant {
        Instant(0)
    }

    fn copyin(from: UserAddr, to: &mut [u8]) -> Result<(), Errno> {
        puffs_core::platform::Hosted::copyin(UserAddr(from.0 & !READ_ONLY), to)
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        if to.0 & READ_ONLY != 0 {
            return Err(Errno::Fault);
        }
        puffs_core::platform::Hosted::copyout(from, to)
    }

    fn current() -> Thread {
        Thread::default()
    }

    fn fatal_signal() -> bool {
        false
    }

    fn log(_: &str) {}

    fn errno(error: Errno) -> i32 {
        puffs_core::platform::Hosted::errno(error)
    }
}

pub(crate) struct LoomLock<T>(Mutex<T>);

impl<T: Send> Lock<T> for LoomLock<T> {
    fn new(value: T) -> Self {
        LoomLock(Mutex::new(value))
    }

    fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap())
    }
}

/// An event for whose interruptible wait a signal is always pending, and whose deadline has always passed: whether it
/// or the token is first is up to the schedule.
pub(crate) struct LoomEvent(Mutex<bool>, Condvar);

impl Event for LoomEvent {
    fn new() -> Self {
        LoomEvent(Mutex::new(false), Condvar::new())
    }

    fn set(&self) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }

    fn wait(&self, wait: &Wait) -> Wake {
        let mut token = self.0.lock().unwrap();
        loop {
            if std::mem::take(&mut *token) {
                return Wake::Woken;
            }
            if wait.interruptible {
                return Wake::Interrupted;
            }
            if wait.deadline.is_some() {
                return Wake::TimedOut;
            }
            token = self.1.wait(token).unwrap();
        }
    }
}

/// A poll point that counts its wake-ups.
pub(crate) struct LoomPoll(Mutex<Wakes>, Condvar);

#[derive(Default)]
struct Wakes {
    count: usize,
    /// Nobody has taken the last one back.
    told: bool,
}

impl PollPoint for LoomPoll {
    fn new() -> Self {
        LoomPoll(Mutex::new(Wakes::default()), Condvar::new())
    }

    fn wake(&self) {
        let mut wakes = self.0.lock().unwrap();
        wakes.count += 1;
        wakes.told = true;
        self.1.notify_all();
    }

    fn reset(&self) -> bool {
        std::mem::take(&mut self.0.lock().unwrap().told)
    }
}

impl LoomPoll {
    /// Polls: looks, and sleeps until the next wake-up as long as it sees nothing.
    pub(crate) fn poll<T>(&self, look: impl Fn() -> Option<T>) -> T {
        loop {
            let before = self.0.lock().unwrap().count;
            if let Some(seen) = look() {
                return seen;
            }
            let mut now = self.0.lock().unwrap();
            while now.count == before {
                now = self.1.wait(now).unwrap();
            }
        }
    }

    /// Sleeps until it is told, and leaves it so.
    pub(crate) fn wait_told(&self) {
        let mut wakes = self.0.lock().unwrap();
        while !wakes.told {
            wakes = self.1.wait(wakes).unwrap();
        }
    }
}

pub(crate) struct LoomCounter(AtomicUsize);

impl Counter for LoomCounter {
    fn new() -> Self {
        LoomCounter(AtomicUsize::new(1))
    }

    fn inc(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn dec(&self) -> bool {
        self.0.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

/// Counts late answers.
pub(crate) struct Host(Arc<AtomicUsize>);

impl MountHost<Loom> for Host {
    fn late(&self, _: Late<Loom>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn unmount(&self, _: &TestMount) {}
}

pub(crate) const SIGNAL: Wait = Wait {
    deadline: None,
    interruptible: true,
};

pub(crate) const DEADLINE: Wait = Wait {
    deadline: Some(Instant(0)),
    interruptible: false,
};

pub(crate) fn out() -> Outgoing<Loom> {
    Outgoing::vn(1, Cookie(1), Buf::copy_of(b"q", 1).unwrap())
}

/// GETOP into buffers of its own, or with an `aux` that faults.
pub(crate) fn getop(
    mount: &TestMount,
    block: Option<&Wait>,
    faulting: bool,
) -> Result<ReqId, Errno> {
    let mut aux = [0u8; 8];
    let mut req = Req {
        aux: if faulting { 0 } else { aux.as_mut_ptr().addr() },
        auxlen: aux.len(),
        ..Req::default()
    };
    let arg = UserAddr(req.as_mut_bytes().as_mut_ptr().expose_provenance());
    aux.as_mut_ptr().expose_provenance();
    mount.getop(arg, block)?;
    assert_eq!(aux[0], b'q');
    Ok(ReqId(req.id))
}

/// A GETOP that does not sleep, with a header that cannot be written.
pub(crate) fn getop_with_faulting_header(mount: &TestMount) -> Errno {
    let mut aux = [0u8; 8];
    let req = Req {
        aux: aux.as_mut_ptr().expose_provenance(),
        auxlen: aux.len(),
        ..Req::default()
    };
    let arg = UserAddr(req.as_bytes().as_ptr().expose_provenance() | READ_ONLY);
    mount.getop(arg, None).unwrap_err()
}

pub(crate) fn putop(mount: &TestMount, id: ReqId) -> Result<(), Errno> {
    answer(mount, id, 5)
}

/// PUTOP with this `preq_rv`.
pub(crate) fn answer(mount: &TestMount, id: ReqId, rv: i32) -> Result<(), Errno> {
    let req = Req {
        id: id.0,
        opclass: CLASS_VN,
        optype: 1,
        rv,
        ..Req::default()
    };
    mount.putop(UserAddr(req.as_bytes().as_ptr().expose_provenance()))
}

/// Fetches one request, sleeping for it, and answers it if it wants an answer.
pub(crate) fn serve(mount: &TestMount) -> Result<(), Errno> {
    match getop(mount, Some(&Wait::FOREVER), false)? {
        ReqId(0) => Ok(()),
        id => putop(mount, id),
    }
}

/// The same on a thread of its own.
pub(crate) fn server(mount: &TestMount) -> thread::JoinHandle<Result<(), Errno>> {
    let mount = mount.clone();
    thread::spawn(move || serve(&mount))
}

pub(crate) fn rv(ended: Ended) -> Result<i32, Errno> {
    ended.map(|answer| answer.rv)
}

/// A caller on a thread of its own.
pub(crate) fn caller(mount: &TestMount, wait: Wait) -> thread::JoinHandle<Result<i32, Errno>> {
    let mount = mount.clone();
    thread::spawn(move || rv(mount.call(out(), &wait)))
}

/// How a model runs.
pub(crate) struct Model {
    /// Places in the queue.
    pub(crate) max_requests: usize,
    /// The server has started.
    pub(crate) started: bool,
    /// Preemptions to try, unless the environment says how many.
    pub(crate) bound: usize,
}

impl Model {
    pub(crate) const DEFAULT: Model = Model {
        max_requests: 8,
        started: true,
        bound: 3,
    };

    /// Tries every schedule of a model, with a fresh mount and its count of late answers. Each ends in one of `ends`, and each
    /// of these is the end of some schedule: what is never reached is not checked either. (When the environment sets a
    /// lower bound, some may be out of reach.)
    pub(crate) fn ends_in<E: PartialEq + Debug + Send + Sync + 'static, const N: usize>(
        self,
        ends: [E; N],
        f: impl Fn(&TestMount, &Arc<AtomicUsize>) -> E + Sync + Send + 'static,
    ) {
        let mut builder = loom::model::Builder::new();
        let lower = *builder.preemption_bound.get_or_insert(self.bound) < self.bound;
        // Counters of std's, since schedules do not share loom's.
        let reached = std::sync::Arc::new(std::sync::Mutex::new([0usize; N]));
        let ends = std::sync::Arc::new(ends);
        let (counts, possible) = (reached.clone(), ends.clone());
        builder.check(move || {
            let end = self.run(&f);
            match possible.iter().position(|possible| *possible == end) {
                Some(at) => counts.lock().unwrap()[at] += 1,
                None => panic!("no schedule may end in {end:?}"),
            }
        });
        for (end, count) in ends.iter().zip(*reached.lock().unwrap()) {
            assert!(lower || count > 0, "no schedule ended in {end:?}");
        }
    }

    fn run<E>(&self, f: impl Fn(&TestMount, &Arc<AtomicUsize>) -> E) -> E {
        let before = BUFFERS.get();
        let late = Arc::new(AtomicUsize::new(0));
        let config = Config {
            max_requests: self.max_requests,
            ..Config::default()
        };
        let host = Host(late.clone());
        let mount = Mount::<Loom>::new(config, Some(Box::new(host))).unwrap();
        if self.started {
            mount.start(&StartReq::default()).unwrap();
        }
        let end = f(&mount, &late);
        assert_eq!(mount.load(), (0, 0));
        assert_eq!(mount.sleepers(), (0, 0));
        drop(mount);
        assert_eq!(BUFFERS.get(), before, "every body is freed once");
        end
    }
}
