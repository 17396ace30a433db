//! Wake-ups that mean nothing, and a server that never starts: whoever waits ends for a reason only.

mod common;

use std::thread::spawn;

use common::*;
use puffs_core::platform::Wait;
use puffs_core::{Config, Errno, ReqId};

#[test]
fn a_parked_caller_sleeps_on() {
    let (mount, _, mut server) = running();
    let theirs = mount.clone();
    let caller = spawn(move || {
        stray_wakes(3);
        flat(theirs.call(out(b"q"), &Wait::FOREVER))
    });
    until(|| mount.readiness().requests == 1);
    let id = ReqId(server.fetch().req.id);
    server.answer(id, 7, b"a").unwrap();
    assert_eq!(caller.join().unwrap(), Ok((7, b"a".to_vec())));

    // Here nobody else can have woken it: all of them come, and then its deadline.
    stray_wakes(3);
    let ended = flat(mount.call(out(b"q"), &expired()));
    assert_eq!((ended, strays_left()), (Err(Errno::TimedOut), 0));
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn a_getter_sleeps_on() {
    let (mount, _, mut server) = running();
    stray_wakes(3);
    let got = server.getop(9, Some(&expired()));
    assert_eq!(got.unwrap_err(), Errno::TimedOut);
    assert_eq!(strays_left(), 0);
    assert_eq!(mount.sleepers(), (0, 0));
}

#[test]
fn a_caller_in_line_sleeps_on() {
    let (mount, ..) = running_with(Config {
        max_requests: 1,
        ..Config::default()
    });
    mount.send(out(b"full")).unwrap();
    stray_wakes(3);
    let ended = flat(mount.call(out(b"q"), &expired()));
    assert_eq!((ended, strays_left()), (Err(Errno::TimedOut), 0));
    assert_eq!((mount.load(), mount.sleepers()), ((1, 4), (0, 0)));
}

#[test]
fn a_server_that_never_starts_keeps_nobody() {
    let (mount, _) = new_mount(Config::default());
    assert_eq!(
        flat(mount.call(out(b"q"), &expired())),
        Err(Errno::TimedOut)
    );
    signal_pending(true);
    let ended = flat(mount.call(out(b"q"), &INTERRUPTIBLE));
    signal_pending(false);
    assert_eq!(ended, Err(Errno::Intr));
    let theirs = mount.clone();
    let caller = spawn(move || flat(theirs.call(out(b"q"), &Wait::FOREVER)));
    until(|| mount.load() == (1, 1));
    mount.die();
    assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
    assert_eq!(mount.load(), (0, 0));
}
