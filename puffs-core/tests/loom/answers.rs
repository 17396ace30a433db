//! PUTOP against PUTOP and against whoever ends a request otherwise: it ends once, and all agree how.

use loom::sync::atomic::Ordering;
use loom::thread;
use puffs_core::platform::Wait;
use puffs_core::{Errno, ReqId};

use crate::kernel::*;

const FIRST: ReqId = ReqId(1);

/// PUTOP on a thread of its own.
fn answerer(mount: &TestMount, rv: i32) -> thread::JoinHandle<Result<(), Errno>> {
    let mount = mount.clone();
    thread::spawn(move || answer(&mount, FIRST, rv))
}

#[test]
fn loom_two_answers_to_one_request() {
    // What each server was told, and the caller.
    let ends = [
        (Ok(()), Err(Errno::Inval), Ok(5)),
        (Err(Errno::Inval), Ok(()), Ok(6)),
    ];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let caller = caller(mount, Wait::FOREVER);
        assert_eq!(getop(mount, Some(&Wait::FOREVER), false), Ok(FIRST));
        let other = answerer(mount, 6);
        let (five, six) = (answer(mount, FIRST, 5), other.join().unwrap());
        (five, six, caller.join().unwrap())
    });
}

#[test]
fn loom_two_answers_against_leaving_caller() {
    // What the server that fetched was told, the one that guessed, and the caller.
    let ends = [
        (Ok(()), Err(Errno::Inval), Ok(5)),
        (Err(Errno::Inval), Ok(()), Ok(6)),
        // The caller left before the answer that was taken, or while it was copied.
        (Err(Errno::Canceled), Err(Errno::Inval), Err(Errno::Intr)),
        (Err(Errno::Inval), Err(Errno::Canceled), Err(Errno::Intr)),
        // Its request was never fetched.
        (Err(Errno::WouldBlock), Err(Errno::Inval), Err(Errno::Intr)),
    ];
    Model::DEFAULT.ends_in(ends, |mount, late| {
        let server = thread::spawn({
            let mount = mount.clone();
            move || getop(&mount, None, false).and_then(|id| putop(&mount, id))
        });
        let guesser = answerer(mount, 6);
        let ended = rv(mount.call(out(), &SIGNAL));
        let told = (server.join().unwrap(), guesser.join().unwrap());
        let canceled = [told.0, told.1].contains(&Err(Errno::Canceled));
        assert_eq!(late.load(Ordering::Relaxed), usize::from(canceled));
        (told.0, told.1, ended)
    });
}

#[test]
fn loom_deadline_against_answer() {
    // What the getter was told, what its answer brought, how the caller's wait ended.
    let ends = [
        (Ok(FIRST), Ok(()), Ok(5)),
        (Ok(FIRST), Err(Errno::Canceled), Err(Errno::TimedOut)),
        (
            Err(Errno::WouldBlock),
            Err(Errno::Inval),
            Err(Errno::TimedOut),
        ),
    ];
    Model::DEFAULT.ends_in(ends, |mount, late| {
        let caller = caller(mount, DEADLINE);
        let fetched = getop(mount, None, false);
        let answered = putop(mount, FIRST);
        let ended = caller.join().unwrap();
        let canceled = answered == Err(Errno::Canceled);
        assert_eq!(late.load(Ordering::Relaxed), usize::from(canceled));
        (fetched, answered, ended)
    });
}

#[test]
fn loom_interrupt_against_answer() {
    // What the interrupt found, what became of the server, how the caller's wait ended.
    let ends = [
        // It came before the caller, or after the answer.
        (Err(Errno::NoEnt), Ok(()), Ok(5)),
        // It came while the answer did, or the caller had not looked yet.
        (Ok(()), Ok(()), Ok(5)),
        (Ok(()), Err(Errno::Canceled), Err(Errno::Intr)),
        // The server never saw it.
        (Ok(()), Err(Errno::Nxio), Err(Errno::Intr)),
    ];
    Model::DEFAULT.ends_in(ends, |mount, late| {
        let caller = caller(mount, Wait::FOREVER);
        let server = server(mount);
        let found = mount.interrupt(FIRST);
        let ended = caller.join().unwrap();
        mount.die();
        let served = server.join().unwrap();
        let canceled = served == Err(Errno::Canceled);
        assert_eq!(late.load(Ordering::Relaxed), usize::from(canceled));
        (found, served, ended)
    });
}
