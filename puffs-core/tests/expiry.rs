//! Deadlines of requests in their completion form.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::*;
use puffs_core::msg::wire::StartReq;
use puffs_core::{Complete, Config, Errno, Instant, Mount, MountHost, Platform, ReqId};

/// Notes what the timer is to be set to.
#[derive(Clone, Default)]
struct Clock(Arc<Mutex<Vec<Instant>>>);

impl Clock {
    fn alarms(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl MountHost<Checked> for Clock {
    fn alarm(&self, mount: &Mount<Checked>, at: Instant) {
        // It may call in.
        mount.readiness();
        self.0.lock().unwrap().push(at);
    }

    fn unmount(&self, _: &TestMount) {}
}

const SECOND: u64 = 1_000_000_000;

struct Scene {
    mount: TestMount,
    clock: Clock,
    server: Server,
    start: Instant,
}

fn scene() -> Scene {
    let clock = Clock::default();
    let mount = Mount::new(Config::default(), Some(Box::new(clock.clone()))).unwrap();
    mount.start(&StartReq::default()).unwrap();
    Scene {
        server: Server::new(&mount),
        mount,
        clock,
        start: Checked::now(),
    }
}

impl Scene {
    /// So many seconds after the start.
    fn at(&self, seconds: u64) -> Instant {
        Instant(self.start.0 + seconds * SECOND)
    }

    fn submit(&self, deadline: Option<u64>) -> (ReqId, Slip) {
        let slip = Slip::default();
        let told = slip.clone();
        let done = move |ended: Ended| told.note(ended);
        let deadline = deadline.map(|seconds| self.at(seconds));
        let begun = self
            .mount
            .submit_until(out(b"body"), None, deadline, Box::new(done))
            .unwrap();
        (begun.id, slip)
    }
}

#[test]
fn what_a_completion_sends_again_is_for_the_next_call() {
    /// Sends itself again, for a moment that has passed.
    struct Again(TestMount, Arc<AtomicUsize>);

    impl Again {
        fn send(self: Box<Self>) {
            let mount = self.0.clone();
            mount
                .submit_until(out(b"body"), None, Some(Instant(0)), self)
                .unwrap();
        }
    }

    impl Complete<Checked> for Again {
        fn complete(self: Box<Self>, ended: Ended) {
            self.1.fetch_add(1, Ordering::Relaxed);
            if matches!(ended, Err(Errno::TimedOut)) {
                self.send();
            }
        }
    }

    let scene = scene();
    let times = Arc::new(AtomicUsize::new(0));
    for _ in 0..3 {
        Box::new(Again(scene.mount.clone(), times.clone())).send();
    }
    assert_eq!(scene.mount.expire(), Some(Instant(0)), "at once");
    assert_eq!(times.load(Ordering::Relaxed), 3);
    assert_eq!(scene.mount.expire(), Some(Instant(0)));
    assert_eq!(times.load(Ordering::Relaxed), 6);
    scene.mount.die();
}

#[test]
fn the_earliest_is_told_and_all_expire_in_order() {
    let before = live();
    let scene = scene();
    assert_eq!(scene.mount.expire(), None);
    let (_, second) = scene.submit(Some(20));
    let (_, third) = scene.submit(Some(30));
    let (_, never) = scene.submit(None);
    let (_, first) = scene.submit(Some(10));
    let (_, same) = scene.submit(Some(20));
    assert_eq!(scene.clock.alarms(), [scene.at(20), scene.at(10)]);
    assert_eq!(scene.mount.expire(), Some(scene.at(10)), "too early");
    assert!([&first, &second].iter().all(|slip| slip.pending()));
    later(10 * SECOND);
    assert_eq!(scene.mount.expire(), Some(scene.at(20)));
    assert_eq!(first.ended(), Err(Errno::TimedOut));
    assert!(second.pending());
    later(10 * SECOND);
    assert_eq!(scene.mount.expire(), Some(scene.at(30)));
    assert_eq!(second.ended(), Err(Errno::TimedOut));
    assert_eq!(same.ended(), Err(Errno::TimedOut));
    later(20 * SECOND);
    assert_eq!(scene.mount.expire(), None);
    assert_eq!(third.ended(), Err(Errno::TimedOut));
    assert!(never.pending());
    scene.mount.die();
    assert_eq!((live(), scene.mount.load()), (before, (0, 0)));
}

#[test]
fn whoever_has_ended_expires_no_more() {
    let mut scene = scene();
    let (answered, told) = scene.submit(Some(1));
    scene.server.fetch();
    scene.server.answer(answered, 4, b"").unwrap();
    assert_eq!(scene.mount.expire(), None);
    let (interrupted, gone) = scene.submit(Some(1));
    scene.server.fetch();
    scene.mount.interrupt(interrupted).unwrap();
    assert_eq!(scene.mount.expire(), None, "its caller has left");
    let (_, dead) = scene.submit(Some(1));
    scene.mount.die();
    assert_eq!(scene.mount.expire(), None);
    later(2 * SECOND);
    assert_eq!(scene.mount.expire(), None);
    assert_eq!(told.ended(), Ok((4, vec![])));
    assert_eq!(gone.ended(), Err(Errno::Intr));
    assert_eq!(dead.ended(), Err(Errno::Nxio));
}

#[test]
fn it_expires_wherever_it_is() {
    let before = live();
    let mut scene = scene();
    // Queued: withdrawn.
    let (_, told) = scene.submit(Some(1));
    later(SECOND);
    assert_eq!(scene.mount.expire(), None);
    assert_eq!(told.ended(), Err(Errno::TimedOut));
    assert_eq!(scene.mount.readiness().requests, 0);
    // With the server: its answer is late.
    let (id, told) = scene.submit(Some(2));
    scene.server.fetch();
    later(SECOND);
    scene.mount.expire();
    assert_eq!(told.ended(), Err(Errno::TimedOut));
    assert_eq!(scene.mount.load().0, 1, "it keeps its place");
    assert_eq!(scene.server.answer(id, 0, b""), Err(Errno::Canceled));
    // While its body is copied: the server gets nothing.
    let (_, told) = scene.submit(Some(3));
    let theirs = scene.mount.clone();
    scene.server.watch(scene.server.aux_addr(), move || {
        later(SECOND);
        assert_eq!(theirs.expire(), None);
    });
    assert_eq!(scene.server.getop(64, None).unwrap_err(), Errno::WouldBlock);
    assert_eq!(told.ended(), Err(Errno::TimedOut));
    // While its answer is copied.
    let (id, told) = scene.submit(Some(4));
    scene.server.fetch();
    let theirs = scene.mount.clone();
    scene.server.watch(scene.server.aux_addr(), move || {
        later(SECOND);
        assert_eq!(theirs.expire(), None);
    });
    assert_eq!(scene.server.answer(id, 0, b"x"), Err(Errno::Canceled));
    assert_eq!(told.ended(), Err(Errno::TimedOut));
    assert_eq!((live(), scene.mount.load()), (before, (0, 0)));
}

#[test]
fn death_while_it_is_copied_ends_its_deadline() {
    let mut scene = scene();
    let (id, told) = scene.submit(Some(1));
    scene.server.fetch();
    let theirs = scene.mount.clone();
    scene.server.watch(scene.server.aux_addr(), move || {
        theirs.die();
        later(SECOND);
        assert_eq!(theirs.expire(), None);
    });
    assert_eq!(scene.server.answer(id, 0, b"x"), Err(Errno::Nxio));
    assert_eq!(told.ended(), Err(Errno::Nxio));
}

#[test]
fn many_deadlines_in_any_order() {
    let before = live();
    let scene = scene();
    // 0, 7, 14 ... modulo 200: each once.
    let slips: Vec<_> = (0..200)
        .map(|i| (i * 7 % 200, scene.submit(Some(1 + i * 7 % 200)).1))
        .collect();
    for passed in 1..=200 {
        later(SECOND);
        let next = scene.mount.expire();
        assert_eq!(next, (passed < 200).then(|| scene.at(passed + 1)));
        let told = slips.iter().filter(|(_, slip)| !slip.pending()).count();
        assert_eq!(told as u64, passed);
    }
    assert_eq!((live(), scene.mount.load()), (before, (0, 0)));
}
