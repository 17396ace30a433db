//! The line for a place in the queue.

use loom::thread;
use puffs_core::platform::Wait;
use puffs_core::{Errno, ReqId};

use crate::kernel::*;

#[test]
fn loom_line_for_a_place_against_death() {
    model_of(1, |mount, _| {
        mount.send(out()).unwrap();
        let callers = [(); 2].map(|()| caller(mount, Wait::FOREVER));
        mount.die();
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
        }
    });
}

#[test]
fn loom_line_for_a_place_against_a_signal() {
    model_of(1, |mount, _| {
        mount.send(out()).unwrap();
        // It leaves the line or the queue, and the place goes to the other.
        let leaver = caller(mount, SIGNAL);
        let server = thread::spawn({
            let mount = mount.clone();
            move || {
                while let Ok(id) = getop(&mount, Some(&Wait::FOREVER), false) {
                    if id != ReqId(0) {
                        assert!(matches!(putop(&mount, id), Ok(()) | Err(Errno::Canceled)));
                    }
                }
            }
        });
        assert_eq!(rv(mount.call(out(), &Wait::FOREVER)), Ok(5));
        assert!(matches!(leaver.join().unwrap(), Ok(5) | Err(Errno::Intr)));
        mount.die();
        server.join().unwrap();
    });
}
