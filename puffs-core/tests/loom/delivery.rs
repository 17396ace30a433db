//! GETOP against GETOP, and a header that faults against whoever knows or guesses the id.
//!
//! A header that faults takes the request back only if this delivery is still the latest and nobody answered,
//! left or died meanwhile.

use loom::thread;
use puffs_core::platform::Wait;
use puffs_core::{Errno, ReqId};

use crate::kernel::*;

const FIRST: ReqId = ReqId(1);

#[test]
fn loom_two_getters_against_one_request() {
    let ends = [(0, 1), (1, 0)];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let getters = [(); 2].map(|()| server(mount));
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Ok(5));
        // The other one sleeps, or is about to.
        mount.die();
        let [one, other] = getters.map(|getter| match getter.join().unwrap() {
            Ok(()) => 1,
            Err(error) => {
                assert_eq!(error, Errno::Nxio);
                0
            }
        });
        (one, other)
    });
}

#[test]
fn loom_faulting_header_against_second_getter() {
    let ends = [Errno::Fault, Errno::WouldBlock];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let good = server(mount);
        let caller = caller(mount, Wait::FOREVER);
        let found = getop_with_faulting_header(mount);
        assert_eq!(good.join().unwrap(), Ok(()));
        assert_eq!(caller.join().unwrap(), Ok(5));
        found
    });
}

#[test]
fn loom_faulting_header_against_guessed_answer_and_reused_slot() {
    // What the faulting getter was told, and what a guess of the id it did not learn brought.
    let ends = [
        (Errno::WouldBlock, Err(Errno::Inval)),
        (Errno::Fault, Err(Errno::Inval)),
        (Errno::Fault, Ok(())),
    ];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let caller = thread::spawn({
            let mount = mount.clone();
            // The second request is in the place of the first.
            move || [(); 2].map(|()| rv(mount.call(out(), &Wait::FOREVER)))
        });
        let server = thread::spawn({
            let mount = mount.clone();
            move || {
                let guess = putop(&mount, FIRST);
                if guess.is_err() {
                    assert_eq!(serve(&mount), Ok(()));
                }
                assert_eq!(serve(&mount), Ok(()), "nobody took it back");
                guess
            }
        });
        let found = getop_with_faulting_header(mount);
        assert_eq!(caller.join().unwrap(), [Ok(5), Ok(5)]);
        (found, server.join().unwrap())
    });
}

#[test]
fn loom_faulting_header_against_death() {
    let ends = [Errno::WouldBlock, Errno::Fault, Errno::Nxio];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let caller = caller(mount, Wait::FOREVER);
        let getter = thread::spawn({
            let mount = mount.clone();
            move || getop_with_faulting_header(&mount)
        });
        mount.die();
        assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
        getter.join().unwrap()
    });
}

#[test]
fn loom_faulting_header_against_leaving_caller() {
    // The caller leaves before, during or after the delivery; nothing of its request stays.
    let ends = [Errno::WouldBlock, Errno::Fault];
    Model::DEFAULT.ends_in(ends, |mount, late| {
        let caller = caller(mount, SIGNAL);
        let found = getop_with_faulting_header(mount);
        assert_eq!(caller.join().unwrap(), Err(Errno::Intr));
        assert_eq!(late.load(loom::sync::atomic::Ordering::Relaxed), 0);
        found
    });
}
