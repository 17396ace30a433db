//! Parked callers against everybody else.

use loom::sync::atomic::Ordering;
use loom::thread;
use puffs_core::Errno;
use puffs_core::platform::Wait;

use crate::kernel::*;

#[test]
fn loom_caller_against_answer() {
    model(|mount, late| {
        let caller = caller(mount, Wait::FOREVER);
        let id = getop(mount, Some(&Wait::FOREVER), false).unwrap();
        assert_eq!(putop(mount, id), Ok(()));
        assert_eq!(caller.join().unwrap(), Ok(5));
        assert_eq!(late.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn loom_caller_against_death() {
    model(|mount, _| {
        let caller = caller(mount, Wait::FOREVER);
        let server = thread::spawn({
            let mount = mount.clone();
            move || getop(&mount, Some(&Wait::FOREVER), false).and_then(|id| putop(&mount, id))
        });
        mount.die();
        let (ended, served) = (caller.join().unwrap(), server.join().unwrap());
        match served {
            Ok(()) => assert_eq!(ended, Ok(5)),
            Err(error) => assert_eq!((error, ended), (Errno::Nxio, Err(Errno::Nxio))),
        }
    });
}

#[test]
fn loom_caller_against_signal() {
    model(|mount, late| {
        let caller = caller(mount, SIGNAL);
        let served = getop(mount, None, false).and_then(|id| putop(mount, id));
        let ended = caller.join().unwrap();
        let late = late.load(Ordering::Relaxed);
        match served {
            Ok(()) => assert_eq!((ended, late), (Ok(5), 0)),
            Err(Errno::Canceled) => assert_eq!((ended, late), (Err(Errno::Intr), 1)),
            Err(error) => {
                // It was withdrawn before this getter came, or while it copied.
                assert_eq!(
                    (error, ended, late),
                    (Errno::WouldBlock, Err(Errno::Intr), 0)
                );
            }
        }
    });
}

#[test]
fn loom_fault_against_second_getter() {
    model(|mount, _| {
        let good = thread::spawn({
            let mount = mount.clone();
            move || {
                let id = getop(&mount, Some(&Wait::FOREVER), false)?;
                putop(&mount, id)
            }
        });
        let caller = caller(mount, Wait::FOREVER);
        match getop(mount, None, true) {
            Err(Errno::Fault | Errno::WouldBlock) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(good.join().unwrap(), Ok(()));
        assert_eq!(caller.join().unwrap(), Ok(5));
    });
}

#[test]
fn loom_leaving_getter_against_arrival() {
    model(|mount, _| {
        let leaver = thread::spawn({
            let mount = mount.clone();
            // The signal may come before, with or after the arrival that chose this getter.
            move || match getop(&mount, Some(&SIGNAL), false) {
                Ok(id) => putop(&mount, id).map(|()| true),
                Err(error) => {
                    assert_eq!(error, Errno::Intr);
                    Ok(false)
                }
            }
        });
        let stayer = thread::spawn({
            let mount = mount.clone();
            move || match getop(&mount, Some(&Wait::FOREVER), false) {
                Ok(id) => putop(&mount, id).map(|()| true),
                Err(error) => {
                    assert_eq!(error, Errno::Nxio);
                    Ok(false)
                }
            }
        });
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Ok(5));
        // Whoever did not serve it sleeps or has left.
        mount.die();
        let served = [leaver.join().unwrap(), stayer.join().unwrap()];
        assert_eq!(served.iter().filter(|s| **s == Ok(true)).count(), 1);
    });
}
