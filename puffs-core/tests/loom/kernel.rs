//! The kernel of the models: locks, events and counters of loom; what a server and a caller do in one line.

use std::cell::Cell;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::{Counter, Event, Lock, Platform, Thread, Wait, Wake};
use puffs_core::{
    Answer, Buf, Config, Cookie, Errno, Instant, Late, Mount, MountHost, Outgoing, Ref, ReqId,
    UserAddr,
};
use zerocopy::IntoBytes;

/// The kernel of the models. Server memory is the model's own; address 0 faults.
pub(crate) struct Loom;

pub(crate) type TestMount = Ref<Mount<Loom>, Loom>;
pub(crate) type Ended = Result<Answer<Loom>, Errno>;

std::thread_local! {
    // Loom runs all threads of a model on one, so this counts the whole model.
    static BUFFERS: Cell<isize> = const { Cell::new(0) };
}

impl Platform for Loom {
    type Lock<T: Send> = LoomLock<T>;
    type Event = LoomEvent;
    type PollPoint = crate::pollers::Told;
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
        thread::yield_now();
        puffs_core::platform::Hosted::copyin(from, to)
    }

    fn copyout(from: &[u8], to: UserAddr) -> Result<(), Errno> {
        thread::yield_now();
        puffs_core::platform::Hosted::copyout(from, to)
    }

    fn current() -> Thread {
        Thread::default()
    }

    fn fatal_signal() -> bool {
        false
    }

    fn log(_: &str) {}
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

/// An event for whose interruptible wait a signal is always pending: whether it or the token is first is up to the
/// schedule.
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
            token = self.1.wait(token).unwrap();
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

pub(crate) fn putop(mount: &TestMount, id: ReqId) -> Result<(), Errno> {
    let req = Req {
        id: id.0,
        opclass: CLASS_VN,
        optype: 1,
        rv: 5,
        ..Req::default()
    };
    mount.putop(UserAddr(req.as_bytes().as_ptr().expose_provenance()))
}

pub(crate) fn rv(ended: Ended) -> Result<i32, Errno> {
    ended.map(|answer| answer.rv)
}

/// A caller on a thread of its own.
pub(crate) fn caller(mount: &TestMount, wait: Wait) -> thread::JoinHandle<Result<i32, Errno>> {
    let mount = mount.clone();
    thread::spawn(move || rv(mount.call(out(), &wait)))
}

/// Runs a model, with a running mount and its count of late answers for each schedule.
pub(crate) fn model(f: impl Fn(&TestMount, &Arc<AtomicUsize>) + Sync + Send + 'static) {
    model_of(8, f);
}

/// The same with so many places in the queue.
pub(crate) fn model_of(
    max_requests: usize,
    f: impl Fn(&TestMount, &Arc<AtomicUsize>) + Sync + Send + 'static,
) {
    let mut builder = loom::model::Builder::new();
    if builder.preemption_bound.is_none() {
        builder.preemption_bound = Some(3);
    }
    builder.check(move || {
        let before = BUFFERS.get();
        let late = Arc::new(AtomicUsize::new(0));
        let host = Host(late.clone());
        let config = Config {
            max_requests,
            ..Config::default()
        };
        let mount = Mount::<Loom>::new(config, Some(Box::new(host))).unwrap();
        mount.start(&StartReq::default()).unwrap();
        f(&mount, &late);
        assert_eq!(mount.load(), (0, 0));
        assert_eq!(mount.sleepers(), (0, 0));
        drop(mount);
        assert_eq!(BUFFERS.get(), before, "every body is freed once");
    });
}
