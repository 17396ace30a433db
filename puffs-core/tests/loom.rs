//! Models of the queue's races, every interleaving of their threads tried by loom.
//!
//! The platform is a type parameter like any other: locks, events and counters are loom's, and the queue under test
//! is the same code as everywhere. A lost wake-up shows as a deadlock, a double end as a failed assertion, an
//! unfreed request as a leak of its counted body.
//!
//! Bounds: each model has two or three threads; loom's preemption bound is 3 (`LOOM_MAX_PREEMPTIONS` overrides it).

use std::cell::Cell;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;
use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::{Counter, Event, Lock, NoPollers, Platform, Thread, Wait, Wake};
use puffs_core::{
    Answer, Buf, Config, Cookie, Errno, Instant, Late, Mount, MountHost, Outgoing, Ref, ReqId,
    UserAddr,
};
use zerocopy::IntoBytes;

/// The kernel of the models. Server memory is the model's own; address 0 faults.
struct Loom;

type TestMount = Ref<Mount<Loom>, Loom>;
type Ended = Result<Answer<Loom>, Errno>;

std::thread_local! {
    // Loom runs all threads of a model on one, so this counts the whole model.
    static BUFFERS: Cell<isize> = const { Cell::new(0) };
}

impl Platform for Loom {
    type Lock<T: Send> = LoomLock<T>;
    type Event = LoomEvent;
    type PollPoint = NoPollers;
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

struct LoomLock<T>(Mutex<T>);

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
struct LoomEvent(Mutex<bool>, Condvar);

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

struct LoomCounter(AtomicUsize);

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
struct Host(Arc<AtomicUsize>);

impl MountHost<Loom> for Host {
    fn late(&self, _: Late<Loom>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn unmount(&self, _: &TestMount) {}
}

const SIGNAL: Wait = Wait {
    deadline: None,
    interruptible: true,
};

fn out() -> Outgoing<Loom> {
    Outgoing::vn(1, Cookie(1), Buf::copy_of(b"q", 1).unwrap())
}

/// GETOP into buffers of its own, or with an `aux` that faults.
fn getop(mount: &TestMount, block: Option<&Wait>, faulting: bool) -> Result<ReqId, Errno> {
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

fn putop(mount: &TestMount, id: ReqId) -> Result<(), Errno> {
    let req = Req {
        id: id.0,
        opclass: CLASS_VN,
        optype: 1,
        rv: 5,
        ..Req::default()
    };
    mount.putop(UserAddr(req.as_bytes().as_ptr().expose_provenance()))
}

fn rv(ended: Ended) -> Result<i32, Errno> {
    ended.map(|answer| answer.rv)
}

/// Runs a model, with a running mount and its count of late answers for each schedule.
fn model(f: impl Fn(&TestMount, &Arc<AtomicUsize>) + Sync + Send + 'static) {
    model_of(8, f);
}

/// The same with so many places in the queue.
fn model_of(
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

#[test]
fn loom_caller_against_answer() {
    model(|mount, late| {
        let caller = thread::spawn({
            let mount = mount.clone();
            move || rv(mount.call(out(), &Wait::FOREVER))
        });
        let id = getop(mount, Some(&Wait::FOREVER), false).unwrap();
        assert_eq!(putop(mount, id), Ok(()));
        assert_eq!(caller.join().unwrap(), Ok(5));
        assert_eq!(late.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn loom_caller_against_death() {
    model(|mount, _| {
        let caller = thread::spawn({
            let mount = mount.clone();
            move || rv(mount.call(out(), &Wait::FOREVER))
        });
        let server = thread::spawn({
            let mount = mount.clone();
            move || getop(&mount, Some(&Wait::FOREVER), false).and_then(|id| putop(&mount, id))
        });
        mount.die();
        let (ended, served) = (caller.join().unwrap(), server.join().unwrap());
        match served {
            Ok(()) => assert_eq!(ended, Ok(5)),
            Err(error) => assert_eq!((error, ended), (Errno::Nxio, Err(Errno::Nxio))),
        }
    });
}

#[test]
fn loom_caller_against_signal() {
    model(|mount, late| {
        let caller = thread::spawn({
            let mount = mount.clone();
            move || rv(mount.call(out(), &SIGNAL))
        });
        let served = getop(mount, None, false).and_then(|id| putop(mount, id));
        let ended = caller.join().unwrap();
        let late = late.load(Ordering::Relaxed);
        match served {
            Ok(()) => assert_eq!((ended, late), (Ok(5), 0)),
            Err(Errno::Canceled) => assert_eq!((ended, late), (Err(Errno::Intr), 1)),
            Err(error) => {
                // It was withdrawn before this getter came, or while it copied.
                assert_eq!(
                    (error, ended, late),
                    (Errno::WouldBlock, Err(Errno::Intr), 0)
                );
            }
        }
    });
}

#[test]
fn loom_fault_against_second_getter() {
    model(|mount, _| {
        let good = thread::spawn({
            let mount = mount.clone();
            move || {
                let id = getop(&mount, Some(&Wait::FOREVER), false)?;
                putop(&mount, id)
            }
        });
        let caller = thread::spawn({
            let mount = mount.clone();
            move || rv(mount.call(out(), &Wait::FOREVER))
        });
        match getop(mount, None, true) {
            Err(Errno::Fault | Errno::WouldBlock) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(good.join().unwrap(), Ok(()));
        assert_eq!(caller.join().unwrap(), Ok(5));
    });
}

#[test]
fn loom_leaving_getter_against_arrival() {
    model(|mount, _| {
        let leaver = thread::spawn({
            let mount = mount.clone();
            // The signal may come before, with or after the arrival that chose this getter.
            move || match getop(&mount, Some(&SIGNAL), false) {
                Ok(id) => putop(&mount, id).map(|()| true),
                Err(error) => {
                    assert_eq!(error, Errno::Intr);
                    Ok(false)
                }
            }
        });
        let stayer = thread::spawn({
            let mount = mount.clone();
            move || match getop(&mount, Some(&Wait::FOREVER), false) {
                Ok(id) => putop(&mount, id).map(|()| true),
                Err(error) => {
                    assert_eq!(error, Errno::Nxio);
                    Ok(false)
                }
            }
        });
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Ok(5));
        // Whoever did not serve it sleeps or has left.
        mount.die();
        let served = [leaver.join().unwrap(), stayer.join().unwrap()];
        assert_eq!(served.iter().filter(|s| **s == Ok(true)).count(), 1);
    });
}

#[test]
fn loom_line_for_a_place_against_death() {
    model_of(1, |mount, _| {
        mount.send(out()).unwrap();
        let callers = [(); 2].map(|()| {
            let mount = mount.clone();
            thread::spawn(move || rv(mount.call(out(), &Wait::FOREVER)))
        });
        mount.die();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
        }
    });
}

#[test]
fn loom_line_for_a_place_against_a_signal() {
    model_of(1, |mount, _| {
        mount.send(out()).unwrap();
        // It leaves the line or the queue, and the place goes to the other.
        let leaver = thread::spawn({
            let mount = mount.clone();
            move || rv(mount.call(out(), &SIGNAL))
        });
        let server = thread::spawn({
            let mount = mount.clone();
            move || {
                while let Ok(id) = getop(&mount, Some(&Wait::FOREVER), false) {
                    if id != ReqId(0) {
                        assert!(matches!(putop(&mount, id), Ok(()) | Err(Errno::Canceled)));
                    }
                }
            }
        });
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Ok(5));
        assert!(matches!(leaver.join().unwrap(), Ok(5) | Err(Errno::Intr)));
        mount.die();
        server.join().unwrap();
    });
}
