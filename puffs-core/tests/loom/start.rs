//! The start against those who came before it.

use loom::thread;
use puffs_core::Errno;
use puffs_core::platform::Wait;

use crate::kernel::*;

const MOUNTING: Model = Model {
    started: false,
    ..Model::DEFAULT
};

#[test]
fn loom_start_against_arrival_and_getter() {
    MOUNTING.ends_in([()], |mount, _| {
        let server = server(mount);
        let caller = caller(mount, Wait::FOREVER);
        mount.start(&Default::default()).unwrap();
        assert_eq!(caller.join().unwrap(), Ok(5));
        assert_eq!(server.join().unwrap(), Ok(()));
    });
}

#[test]
fn loom_start_against_two_getters() {
    MOUNTING.ends_in([()], |mount, _| {
        let servers = [(); 2].map(|()| server(mount));
        for _ in 0..2 {
            mount.send(out()).unwrap();
        }
        mount.start(&Default::default()).unwrap();
        for server in servers {
            assert_eq!(server.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn loom_start_against_death() {
    // Whether the start came first, and the caller was answered between.
    let ends = [
        (Ok(()), Ok(5)),
        (Ok(()), Err(Errno::Nxio)),
        (Err(Errno::Nxio), Err(Errno::Nxio)),
    ];
    MOUNTING.ends_in(ends, |mount, _| {
        let server = server(mount);
        let caller = caller(mount, Wait::FOREVER);
        let starter = thread::spawn({
            let mount = mount.clone();
            move || mount.start(&Default::default())
        });
        mount.die();
        let ended = caller.join().unwrap();
        assert_eq!(server.join().unwrap().map(|()| 5), ended);
        (starter.join().unwrap(), ended)
    });
}
