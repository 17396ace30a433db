//! What comes from outside: signals and interrupts at any time; and beside the mounts a wanderer, who opens, mounts
//! and closes on the same registry.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use fastrand::Rng;
use puffs_core::{Buf, Config, Cookie, Errno, Mount, Outgoing, Status};
use puffs_dev::Registry;

use crate::common::lwp;
use crate::held::gone;
use crate::life::{Life, Published};
use crate::rough::{NoFiles, Rough, TestInstance, TestMount};
use crate::tally::{Seen, saw};
use crate::watchdog::doing;

/// Interrupts one of the requests that may be interrupted.
fn interrupt(life: &Life, rng: &mut Rng) {
    let chosen = {
        let mut all = life.published.lock().unwrap();
        match all.len() {
            0 => return,
            len => all.swap_remove(rng.usize(..len)),
        }
    };
    let Published {
        id,
        note,
        completes,
    } = chosen;
    match (life.mount.interrupt(id), note) {
        (Ok(()), Some(note)) if completes => assert_eq!(
            note.get(),
            Some(&Err(Errno::Intr)),
            "who interrupts a completion has called it"
        ),
        (Ok(()), Some(note)) => life.interrupted.lock().unwrap().push(note),
        (Ok(()), None) => {}
        (Err(error), _) => assert_eq!(error, Errno::NoEnt),
    }
}

/// Disturbs a mount until it is over.
pub(crate) fn trouble(life: &Arc<Life>, rng: &mut Rng) {
    let bounds = life.mount.config();
    while !life.over.load(SeqCst) {
        match rng.u8(..5) {
            4 => match life.instance().wake() {
                Ok(()) => {}
                Err(error) => assert!(gone(error), "{error:?}"),
            },
            0 | 1 => interrupt(life, rng),
            2 => life.targets.signal(|threads| rng.usize(..threads)),
            _ => {
                let (requests, bytes) = life.mount.load();
                assert!(requests <= bounds.max_requests && bytes <= bounds.max_bytes);
                if life.mount.sleepers().1 > 0 {
                    saw(Seen::InLine);
                }
            }
        }
        std::thread::sleep(Duration::from_micros(rng.u64(..200)));
    }
}

const PID: i32 = 1000;

/// A mount without a host, with a request that nobody will fetch.
fn hostless(rng: &mut Rng) -> TestMount {
    let mount = Mount::new(Config::default(), None).unwrap();
    if rng.bool() {
        let body = Buf::new(rng.usize(..100)).unwrap();
        mount.send(Outgoing::vn(1, Cookie(0), body)).unwrap();
    }
    mount
}

/// Closes, and looks at what is left.
fn close(registry: &Registry<Rough>, instance: TestInstance) {
    let mount = instance.mount();
    registry.close(&instance);
    assert_eq!(instance.mount().map(|_| ()), Err(Errno::NoEnt));
    match mount {
        Ok(mount) => assert_eq!(mount.status(), Status::Dying),
        Err(error) => {
            assert_eq!(error, Errno::NoEnt);
            saw(Seen::Embryos);
        }
    }
}

/// Wanders about until it is over.
pub(crate) fn wander(registry: &Registry<Rough>, over: &AtomicBool, rng: &mut Rng) {
    doing(|| "wanders".to_owned());
    let mut open: Vec<TestInstance> = Vec::new();
    while !over.load(SeqCst) {
        let one = open.get(rng.usize(..open.len().max(1))).cloned();
        match (rng.u8(..6), one) {
            (0 | 1, _) => match registry.open(&lwp(PID, 0)) {
                Ok(instance) => open.push(instance),
                Err(error) => {
                    assert_eq!(error, Errno::Busy);
                    saw(Seen::OpensRefused);
                }
            },
            (2, Some(one)) => {
                let free = one.mount().is_err();
                let bound = registry.bind(&one, &hostless(rng));
                assert!(bound.is_ok() <= free);
            }
            (3, _) => {
                let embryos = open.iter().any(|one| one.mount().is_err());
                let bound = registry.setpmp(&lwp(PID, 0), -1, &hostless(rng), &NoFiles);
                assert!(bound.is_ok() <= embryos);
            }
            (4, Some(one)) => {
                if let Ok(mount) = one.mount() {
                    registry.nuke(&mount);
                    assert_eq!(mount.status(), Status::Dying);
                }
            }
            (5, Some(_)) => {
                let last = open.swap_remove(rng.usize(..open.len()));
                close(registry, last);
            }
            _ => {}
        }
        std::thread::sleep(Duration::from_micros(rng.u64(..100)));
    }
    for instance in open {
        close(registry, instance);
    }
}
