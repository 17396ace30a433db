//! Close, unmount, bind and open from many threads at once: nothing is lost, nothing happens twice.

mod common;

use std::sync::Barrier;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use puffs_core::{Errno, OnClose, Status};
use puffs_dev::Registry;

const ROUNDS: usize = 300;

/// Runs both at the same time.
fn together(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    let ready = Barrier::new(2);
    std::thread::scope(|scope| {
        let ready = &ready;
        scope.spawn(move || {
            ready.wait();
            a();
        });
        ready.wait();
        b();
    });
}

#[test]
fn close_against_unmount() {
    let registry = registry();
    for _ in 0..ROUNDS {
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let (mount, fate) = mount();
        registry.bind(&instance, &mount).unwrap();
        start(&mount);
        together(|| registry.close(&instance), || registry.nuke(&mount));
        assert_eq!(mount.status(), Status::Dying);
        assert!(fate.unmounts.load(SeqCst) <= 1);
        assert_eq!(registry.open_count(), 0);
        drop(mount);
        assert_eq!(fate.freed.load(SeqCst), 1);
    }
}

#[test]
fn close_against_close() {
    let registry = registry();
    for _ in 0..ROUNDS {
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let (mount, fate) = mount();
        registry.bind(&instance, &mount).unwrap();
        drop(mount);
        together(|| registry.close(&instance), || registry.close(&instance));
        assert_eq!(fate.unmounts.load(SeqCst), 1);
        assert_eq!(fate.freed.load(SeqCst), 1);
    }
}

#[test]
fn close_against_bind() {
    let registry = registry();
    let (mut bound, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let instance = registry.open(&lwp(1, 0)).unwrap();
        let (mount, fate) = mount();
        let outcome = std::sync::Mutex::new(Ok(()));
        together(
            || registry.close(&instance),
            || *outcome.lock().unwrap() = registry.bind(&instance, &mount),
        );
        match outcome.into_inner().unwrap() {
            Ok(()) => {
                bound += 1;
                assert_eq!(fate.unmounts.load(SeqCst), 1);
                assert_eq!(mount.status(), Status::Dying);
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error, Errno::Nxio);
                assert_eq!(mount.status(), Status::Mounting);
            }
        }
        drop(mount);
        assert_eq!(fate.freed.load(SeqCst), 1);
        assert_eq!(registry.open_count(), 0);
    }
    assert_eq!(bound + refused, ROUNDS);
}

#[test]
fn one_of_two_binds_wins() {
    let registry = registry();
    for round in 0..ROUNDS {
        let (one, two) = (
            registry.open(&lwp(1, 0)).unwrap(),
            registry.open(&lwp(1, 0)).unwrap(),
        );
        let (mount, _) = mount();
        let wins = AtomicUsize::new(0);
        let bind = |instance: &TestInstance| match registry.bind(instance, &mount) {
            Ok(()) => {
                wins.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => assert_eq!(error, Errno::Busy),
        };
        // The same instance twice, or the same mount at two of them.
        let other = if round % 2 == 0 { &one } else { &two };
        together(|| bind(&one), || bind(other));
        assert_eq!(wins.load(SeqCst), 1);
        let held = [&one, &two].map(|i| usize::from(i.mount().is_ok()));
        assert_eq!(held.iter().sum::<usize>(), 1);
    }
}

#[test]
fn two_mounts_of_one_process_get_two_instances() {
    let registry = registry();
    for _ in 0..ROUNDS {
        let (one, two) = (
            registry.open(&lwp(1, 0)).unwrap(),
            registry.open(&lwp(1, 0)).unwrap(),
        );
        let ((a, _), (b, _)) = (mount(), mount());
        let set = |mount: &TestMount| {
            registry.setpmp(&lwp(1, 0), -1, mount, &NoFiles).unwrap();
        };
        together(|| set(&a), || set(&b));
        assert!(!one.mount().unwrap().same(&two.mount().unwrap()));
    }
}

#[test]
fn the_pollers_of_the_instance_bound_last_are_linked() {
    let registry = registry();
    for _ in 0..ROUNDS {
        let first = registry.open(&lwp(1, 0)).unwrap();
        let second = registry.open(&lwp(1, 0)).unwrap();
        let (mount, _) = mount_with(OnClose::Keep, None);
        registry.bind(&first, &mount).unwrap();
        start(&mount);
        together(
            || registry.close(&first),
            || {
                while registry.bind(&second, &mount).is_err() {
                    std::hint::spin_loop();
                }
            },
        );
        let before = pokes(&second);
        send(&mount);
        assert_eq!(pokes(&second), before + 1);
        registry.nuke(&mount);
    }
}

/// A dice that always falls the same way.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

#[test]
fn everything_at_once() {
    const THREADS: u64 = 4;
    const STEPS: usize = 2000;
    let registry = Registry::<Probe>::with_limit(70).unwrap();
    let shared: Vec<std::sync::Mutex<Option<TestInstance>>> =
        (0..8).map(|_| Default::default()).collect();
    let (opened, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let fates = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (registry, shared, fates) = (&registry, &shared, &fates);
            let (opened, refused) = (&opened, &refused);
            scope.spawn(move || {
                let mut dice = Dice(0x9e37_79b9 + thread);
                let mut server = Server::new();
                let mut own = Vec::new();
                for _ in 0..STEPS {
                    let slot = &shared[dice.roll(shared.len())];
                    let instance = slot.lock().unwrap().clone();
                    match (dice.roll(8), instance) {
                        (0 | 1, _) => match registry.open(&lwp(dice.roll(2) as i32, 0)) {
                            Ok(fresh) => {
                                opened.fetch_add(1, SeqCst);
                                own.push(fresh.clone());
                                let old = slot.lock().unwrap().replace(fresh);
                                if let Some(old) = old {
                                    registry.close(&old);
                                }
                            }
                            Err(error) => {
                                assert_eq!(error, Errno::Busy);
                                refused.fetch_add(1, SeqCst);
                            }
                        },
                        (2, Some(instance)) => {
                            let (mount, fate) = mount();
                            if registry.bind(&instance, &mount).is_ok() {
                                let _ = mount.start(&Default::default());
                            }
                            fates.lock().unwrap().push(fate);
                        }
                        (3, _) => {
                            let (mount, fate) = mount();
                            let who = lwp(dice.roll(2) as i32, 0);
                            let _ = registry.setpmp(&who, -1, &mount, &NoFiles);
                            fates.lock().unwrap().push(fate);
                        }
                        (4, Some(instance)) => {
                            if let Ok(mount) = instance.mount() {
                                registry.nuke(&mount);
                            }
                        }
                        (5, Some(instance)) => {
                            if let Ok(mount) = instance.mount()
                                && mount.status() == Status::Running
                            {
                                let body = puffs_core::Buf::new(4).unwrap();
                                let _ = mount.send(puffs_core::Outgoing::vn(
                                    1,
                                    puffs_core::Cookie(0),
                                    body,
                                ));
                            }
                            let _ = instance.getop(server.offer(64), true);
                            instance.poll(!0);
                        }
                        (6, Some(instance)) => registry.close(&instance),
                        _ => {
                            own.pop();
                        }
                    }
                }
            });
        }
    });
    assert!(opened.load(SeqCst) > 100);
    drop(shared);
    assert_eq!(registry.open_count(), 0);
    for fate in fates.into_inner().unwrap() {
        assert_eq!(fate.freed.load(SeqCst), 1);
        assert!(fate.unmounts.load(SeqCst) <= 1);
    }
}
