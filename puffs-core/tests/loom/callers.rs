//! Parked callers against everybody else.

use loom::sync::atomic::Ordering;
use loom::thread;
use puffs_core::Errno;
use puffs_core::platform::Wait;

use crate::kernel::*;

#[test]
fn loom_caller_against_answer() {
    Model::DEFAULT.ends_in([()], |mount, late| {
        let caller = caller(mount, Wait::FOREVER);
        let id = getop(mount, Some(&Wait::FOREVER), false).unwrap();
        assert_eq!(putop(mount, id), Ok(()));
        assert_eq!(caller.join().unwrap(), Ok(5));
        assert_eq!(late.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn loom_caller_against_death() {
    // What became of the server, how the caller's wait ended.
    let ends = [(Ok(()), Ok(5)), (Err(Errno::Nxio), Err(Errno::Nxio))];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let caller = caller(mount, Wait::FOREVER);
        let server = server(mount);
        mount.die();
        let ended = caller.join().unwrap();
        (server.join().unwrap(), ended)
    });
}

#[test]
fn loom_caller_against_signal() {
    // What became of the server, how the caller's wait ended, and late answers.
    let ends = [
        (Ok(()), Ok(5), 0),
        (Err(Errno::Canceled), Err(Errno::Intr), 1),
        // It was withdrawn before this getter came, or while it copied.
        (Err(Errno::WouldBlock), Err(Errno::Intr), 0),
    ];
    Model::DEFAULT.ends_in(ends, |mount, late| {
        let caller = caller(mount, SIGNAL);
        let served = getop(mount, None, false).and_then(|id| putop(mount, id));
        let ended = caller.join().unwrap();
        (served, ended, late.load(Ordering::Relaxed))
    });
}

#[test]
fn loom_fault_against_second_getter() {
    let ends = [Errno::Fault, Errno::WouldBlock];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let good = server(mount);
        let caller = caller(mount, Wait::FOREVER);
        let told = getop(mount, None, true).unwrap_err();
        assert_eq!(good.join().unwrap(), Ok(()));
        assert_eq!(caller.join().unwrap(), Ok(5));
        told
    });
}

#[test]
fn loom_leaving_getter_against_arrival() {
    // What the impatient getter was told, and the other. The signal may come before, with or after the arrival that
    // chose it, and death when the other has served already.
    let ends = [
        (Ok(()), Err(Errno::Nxio)),
        (Err(Errno::Intr), Ok(())),
        (Err(Errno::Nxio), Ok(())),
    ];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let leaver = thread::spawn({
            let mount = mount.clone();
            move || getop(&mount, Some(&SIGNAL), false).and_then(|id| putop(&mount, id))
        });
        let stayer = server(mount);
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Ok(5));
        mount.die();
        (leaver.join().unwrap(), stayer.join().unwrap())
    });
}
