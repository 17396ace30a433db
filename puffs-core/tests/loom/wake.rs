//! The token of PUFFSWAKE against the getters that it is for: none sleeps while it is there, and none of them takes it twice.

use loom::thread;
use puffs_core::platform::Wait;
use puffs_core::{Errno, ReqId};

use crate::kernel::*;

/// A getter on a thread of its own.
fn getter(mount: &TestMount, wait: Wait) -> thread::JoinHandle<Result<ReqId, Errno>> {
    let mount = mount.clone();
    thread::spawn(move || getop(&mount, Some(&wait), false))
}

/// Sends what wants no answer.
fn sender(mount: &TestMount) -> thread::JoinHandle<()> {
    let mount = mount.clone();
    thread::spawn(move || mount.send(out()).unwrap())
}

#[test]
fn loom_wake_against_getter() {
    // Before it looks, before it sleeps, or after: it does not sleep on.
    Model::DEFAULT.ends_in([Err(Errno::Woken)], |mount, _| {
        let getter = getter(mount, Wait::FOREVER);
        mount.wake().unwrap();
        getter.join().unwrap()
    });
}

#[test]
fn loom_wake_against_getter_and_arrival() {
    // One getter: a request that comes first leaves the token to the next fetch. Neither is lost.
    let ends = [
        [Ok(ReqId(0)), Err(Errno::Woken)],
        [Err(Errno::Woken), Ok(ReqId(0))],
    ];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let getter = thread::spawn({
            let mount = mount.clone();
            move || [(); 2].map(|()| getop(&mount, Some(&Wait::FOREVER), false))
        });
        let sender = sender(mount);
        mount.wake().unwrap();
        sender.join().unwrap();
        getter.join().unwrap()
    });
}

#[test]
fn loom_wake_and_arrival_against_two_getters() {
    let ends = [
        [Ok(ReqId(0)), Err(Errno::Woken)],
        [Err(Errno::Woken), Ok(ReqId(0))],
    ];
    let model = Model {
        bound: 2,
        ..Model::DEFAULT
    };
    model.ends_in(ends, |mount, _| {
        let getters = [(); 2].map(|()| getter(mount, Wait::FOREVER));
        let sender = sender(mount);
        mount.wake().unwrap();
        sender.join().unwrap();
        getters.map(|getter| getter.join().unwrap())
    });
}

#[test]
fn loom_wake_against_leaving_getter() {
    // A getter that a signal ends may have been chosen for the token: then the other one gets it.
    let ends = [
        (Err(Errno::Intr), Err(Errno::Woken)),
        (Err(Errno::Woken), Err(Errno::Nxio)),
    ];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let leaver = getter(mount, SIGNAL);
        let stayer = getter(mount, Wait::FOREVER);
        mount.wake().unwrap();
        let left = leaver.join().unwrap();
        if left == Err(Errno::Woken) {
            mount.die();
        }
        (left, stayer.join().unwrap())
    });
}

#[test]
fn loom_two_wakes_against_two_getters() {
    // Two tokens if the first was taken before the second came, else one, or none if they come only when the mount is dead.
    let ends = [
        [Err(Errno::Woken), Err(Errno::Woken)],
        [Err(Errno::Woken), Err(Errno::Nxio)],
        [Err(Errno::Nxio), Err(Errno::Woken)],
        [Err(Errno::Nxio), Err(Errno::Nxio)],
    ];
    let model = Model {
        bound: 2,
        ..Model::DEFAULT
    };
    model.ends_in(ends, |mount, _| {
        let getters = [(); 2].map(|()| getter(mount, Wait::FOREVER));
        let waker = thread::spawn({
            let mount = mount.clone();
            move || mount.wake().unwrap()
        });
        mount.wake().unwrap();
        waker.join().unwrap();
        // Whoever gets none is let go.
        mount.die();
        getters.map(|getter| getter.join().unwrap())
    });
}

#[test]
fn loom_wake_against_death() {
    let ends = [
        (Ok(()), Err(Errno::Woken)),
        (Ok(()), Err(Errno::Nxio)),
        (Err(Errno::Nxio), Err(Errno::Nxio)),
    ];
    Model::DEFAULT.ends_in(ends, |mount, _| {
        let getter = getter(mount, Wait::FOREVER);
        let killer = thread::spawn({
            let mount = mount.clone();
            move || mount.die()
        });
        let left = mount.wake();
        killer.join().unwrap();
        (left, getter.join().unwrap())
    });
}
