//! Death against everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;
use puffs_core::platform::Wait;
use puffs_core::{Answer, Errno, ReqId};

use crate::kernel::*;

#[test]
fn loom_death_against_unanswered_request() {
    // Whether it was taken, and fetched: what nobody waits for is freed once in either case.
    let ends = [
        (Ok(()), Ok(ReqId(0))),
        (Ok(()), Err(Errno::Nxio)),
        (Err(Errno::Nxio), Err(Errno::Nxio)),
    ];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let sender = thread::spawn({
            let mount = mount.clone();
            move || mount.send(out())
        });
        let getter = thread::spawn({
            let mount = mount.clone();
            move || getop(&mount, Some(&Wait::FOREVER), false)
        });
        mount.die();
        (sender.join().unwrap(), getter.join().unwrap())
    });
}

#[test]
fn loom_two_deaths() {
    // The caller is answered first, or not.
    Model::DEFAULT.ends_in([Ok(5), Err(Errno::Nxio)], |mount, _| {
        let caller = caller(mount, Wait::FOREVER);
        let server = server(mount);
        let killer = thread::spawn({
            let mount = mount.clone();
            move || mount.die()
        });
        mount.die();
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Err(Errno::Nxio));
        killer.join().unwrap();
        let ended = caller.join().unwrap();
        assert_eq!(server.join().unwrap().map(|()| 5), ended);
        ended
    });
}

#[test]
fn loom_completion_against_answer_interrupt_and_death() {
    let ends = [Ok(5), Err(Errno::Intr), Err(Errno::Nxio)];
    Model::DEFAULT.ends_in(ends, |mount, late| {
        let ended = Arc::new(std::sync::Mutex::new(None));
        let calls = Arc::new(AtomicUsize::new(0));
        let done = {
            let (ended, calls) = (ended.clone(), calls.clone());
            move |how: Result<Answer<Loom>, Errno>| {
                calls.fetch_add(1, Ordering::Relaxed);
                *ended.lock().unwrap() = Some(rv(how));
            }
        };
        let id = mount.submit(out(), Box::new(done)).unwrap().id;
        let server = server(mount);
        let killer = thread::spawn({
            let mount = mount.clone();
            move || mount.die()
        });
        let interrupted = mount.interrupt(id);
        killer.join().unwrap();
        let served = server.join().unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 1, "it is called back once");
        let ended = ended.lock().unwrap().unwrap();
        assert_eq!(served == Ok(()), ended == Ok(5));
        assert_eq!(interrupted == Ok(()), ended == Err(Errno::Intr));
        let late = late.load(loom::sync::atomic::Ordering::Relaxed);
        assert_eq!(late, usize::from(served == Err(Errno::Canceled)));
        ended
    });
}
