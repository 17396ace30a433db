//! The line for a place in the queue.

use loom::thread;
use puffs_core::Errno;
use puffs_core::platform::Wait;

use crate::kernel::*;

const ONE_PLACE: Model = Model {
    max_requests: 1,
    ..Model::DEFAULT
};

#[test]
fn loom_line_for_a_place_against_death() {
    ONE_PLACE.ends_in([()], |mount, _| {
        mount.send(out()).unwrap();
        let callers = [(); 2].map(|()| caller(mount, Wait::FOREVER));
        mount.die();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
        }
    });
}

/// Serves until the mount is dead.
fn server_of_all(mount: &TestMount) -> thread::JoinHandle<()> {
    let mount = mount.clone();
    thread::spawn(move || while !matches!(serve(&mount), Err(Errno::Nxio)) {})
}

#[test]
fn loom_line_for_a_place_against_a_signal() {
    // It leaves the line or the queue, and the place goes to the other; or the server had it in time.
    ONE_PLACE.ends_in([Err(Errno::Intr), Ok(5)], |mount, _| {
        mount.send(out()).unwrap();
        let leaver = caller(mount, SIGNAL);
        let server = server_of_all(mount);
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Ok(5));
        let ended = leaver.join().unwrap();
        mount.die();
        server.join().unwrap();
        ended
    });
}

#[test]
fn loom_a_place_for_each_in_line() {
    let model = Model {
        bound: 2,
        ..ONE_PLACE
    };
    model.ends_in([()], |mount, _| {
        mount.send(out()).unwrap();
        let callers = [(); 2].map(|()| caller(mount, Wait::FOREVER));
        for _ in 0..3 {
            assert_eq!(serve(mount), Ok(()));
        }
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Ok(5));
        }
    });
}

#[test]
fn loom_a_place_freed_against_death() {
    // The place went to the caller in line, who used it in time, or not.
    ONE_PLACE.ends_in([Ok(5), Err(Errno::Nxio)], |mount, _| {
        mount.send(out()).unwrap();
        let caller = caller(mount, Wait::FOREVER);
        let server = server_of_all(mount);
        mount.die();
        server.join().unwrap();
        caller.join().unwrap()
    });
}
