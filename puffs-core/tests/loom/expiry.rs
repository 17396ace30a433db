//! Deadlines of completions against everybody else who ends their requests.

use std::sync::Arc;

use loom::sync::atomic::Ordering;
use loom::thread;
use puffs_core::{Errno, Instant, ReqId};

use crate::kernel::*;

/// How a request ended, each time that somebody was told.
type Told = Arc<std::sync::Mutex<Vec<Result<i32, Errno>>>>;

/// A request whose deadline has passed.
fn submit(mount: &TestMount) -> (ReqId, Told) {
    let told = Told::default();
    let notes = told.clone();
    let done = move |ended: Ended| notes.lock().unwrap().push(rv(ended));
    let begun = mount.submit_until(out(), None, Some(Instant(0)), Box::new(done));
    (begun.unwrap().id, told)
}

fn expiring(mount: &TestMount) -> thread::JoinHandle<()> {
    let mount = mount.clone();
    thread::spawn(move || {
        mount.expire();
    })
}

#[test]
fn loom_expiry_against_answer() {
    // What became of the server, what the completion was told, and late answers.
    let ends = [
        (Ok(()), vec![Ok(5)], 0),
        (Err(Errno::Canceled), vec![Err(Errno::TimedOut)], 1),
        // It was withdrawn before this getter came, or while it copied.
        (Err(Errno::WouldBlock), vec![Err(Errno::TimedOut)], 0),
    ];
    Model::DEFAULT.ends_in(ends, |mount, late| {
        let (_, told) = submit(mount);
        let expiry = expiring(mount);
        let served = getop(mount, None, false).and_then(|id| putop(mount, id));
        expiry.join().unwrap();
        let told = told.lock().unwrap().clone();
        (served, told, late.load(Ordering::Relaxed))
    });
}

#[test]
fn loom_two_expiries_against_interrupt_and_death() {
    let ends = [
        (Err(Errno::NoEnt), vec![Err(Errno::TimedOut)]),
        (Err(Errno::NoEnt), vec![Err(Errno::Nxio)]),
        (Ok(()), vec![Err(Errno::Intr)]),
    ];
    Model {
        bound: 2,
        ..Model::DEFAULT
    }
    .ends_in(ends, |mount, _| {
        let (id, told) = submit(mount);
        let expiries = [expiring(mount), expiring(mount)];
        let killer = thread::spawn({
            let mount = mount.clone();
            move || mount.die()
        });
        let interrupted = mount.interrupt(id);
        killer.join().unwrap();
        for expiry in expiries {
            expiry.join().unwrap();
        }
        let told = told.lock().unwrap().clone();
        (interrupted, told)
    });
}
