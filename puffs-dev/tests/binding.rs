//! Open, bind, unmount, close: who gets which instance, and that each comes and goes once.

mod common;

use std::sync::atomic::Ordering::SeqCst;

use common::*;
use puffs_core::{Errno, OnClose, Status};
use puffs_dev::{CLONER, Registry, events};

const GONE: u32 = events::ERR | events::HUP;

#[test]
fn only_the_cloner_opens() {
    let registry = registry();
    for minor in [0, 1, CLONER - 1, CLONER + 1, u32::MAX] {
        let refused = registry.cdopen(minor, &lwp(1, 0)).err();
        assert_eq!(refused, Some(Errno::Nxio), "{minor:#x}");
    }
    let instance = registry.cdopen(CLONER, &lwp(1, 7)).unwrap();
    assert_eq!(instance.minor(), 0);
    assert_eq!(*instance.opener(), lwp(1, 7));
    assert_eq!(registry.open_count(), 1);
}

#[test]
fn minors_are_the_lowest_free_and_run_out() {
    let registry = Registry::<Probe>::with_limit(3).unwrap();
    let open = || registry.open(&lwp(1, 0));
    let mut open_ones: Vec<_> = (0..3).map(|_| open().unwrap()).collect();
    let minors = |of: &[TestInstance]| of.iter().map(|i| i.minor()).collect::<Vec<_>>();
    assert_eq!(minors(&open_ones), [0, 1, 2]);
    assert_eq!(open().err(), Some(Errno::Busy));
    assert_eq!(registry.open_count(), 3);
    // The one that could not be opened is in no list either: the next mount by process finds another.
    let (mount, _) = mount();
    registry.setpmp(&lwp(1, 0), -1, &mount, &NoFiles).unwrap();
    assert!(open_ones[0].mount().is_ok());
    registry.close(&open_ones.remove(1));
    assert_eq!(open().unwrap().minor(), 1);
    assert!(Registry::<Probe>::with_limit(CLONER + 1).is_err());
}

#[test]
fn a_closed_instance_does_not_act_for_the_next_with_its_minor() {
    let registry = registry();
    let first = registry.open(&lwp(1, 0)).unwrap();
    registry.close(&first);
    let second = registry.open(&lwp(1, 0)).unwrap();
    assert_eq!(first.minor(), second.minor());
    let (mount, fate) = mount();
    registry.bind(&second, &mount).unwrap();
    assert_eq!(first.mount().err(), Some(Errno::NoEnt));
    registry.close(&first);
    drop(first);
    assert_eq!(mount.status(), Status::Mounting);
    assert_eq!(fate.unmounts.load(SeqCst), 0);
    assert!(second.mount().is_ok());
}

#[test]
fn a_mount_is_bound_once() {
    let registry = registry();
    let (one, two) = (
        registry.open(&lwp(1, 0)).unwrap(),
        registry.open(&lwp(1, 0)).unwrap(),
    );
    let ((a, _), (b, _)) = (mount(), mount());
    registry.bind(&one, &a).unwrap();
    assert_eq!(registry.bind(&one, &a), Err(Errno::Busy));
    assert_eq!(registry.bind(&one, &b), Err(Errno::Busy));
    assert_eq!(registry.bind(&two, &a), Err(Errno::Busy));
    assert_eq!(
        registry.setpmp(&lwp(1, 0), -1, &a, &NoFiles),
        Err(Errno::Busy)
    );
    registry.bind(&two, &b).unwrap();
    registry.nuke(&a);
    assert_eq!(registry.bind(&one, &a), Err(Errno::Nxio));
    registry.close(&two);
    assert_eq!(registry.bind(&two, &a), Err(Errno::Nxio));
}

#[test]
fn by_process_the_oldest_embryo_with_equal_credentials_is_bound() {
    let registry = registry();
    let theirs = registry.open(&lwp(2, 0)).unwrap();
    let other_user = registry.open(&lwp(1, 5)).unwrap();
    let closed = registry.open(&lwp(1, 0)).unwrap();
    let bound = registry.open(&lwp(1, 0)).unwrap();
    let oldest = registry.open(&lwp(1, 0)).unwrap();
    registry.close(&closed);
    registry.bind(&bound, &mount().0).unwrap();
    // It has the lowest minor, and is the youngest.
    let youngest = registry.open(&lwp(1, 0)).unwrap();
    assert!(youngest.minor() < bound.minor());

    let set = |pid, uid| {
        let (mount, _) = mount();
        let set = registry.setpmp(&lwp(pid, uid), -1, &mount, &NoFiles);
        set.map(|()| mount)
    };
    let is_at = |instance: &TestInstance, mount: &TestMount| {
        assert!(instance.mount().unwrap().same(mount));
    };
    is_at(&oldest, &set(1, 0).unwrap());
    is_at(&youngest, &set(1, 0).unwrap());
    assert_eq!(set(1, 0).err(), Some(Errno::Nxio));
    assert_eq!(set(3, 0).err(), Some(Errno::Nxio));
    assert_eq!(set(2, 5).err(), Some(Errno::Nxio));
    is_at(&other_user, &set(1, 5).unwrap());
    is_at(&theirs, &set(2, 0).unwrap());
}

#[test]
fn by_descriptor_the_exact_one_is_bound() {
    let registry = registry();
    let files = Files::default();
    let (first, second) = (
        registry.open(&lwp(1, 0)).unwrap(),
        registry.open(&lwp(1, 0)).unwrap(),
    );
    // Opened by another process, and passed on.
    let passed = registry.open(&lwp(9, 9)).unwrap();
    files.0.lock().unwrap().extend([
        (1, 3, first.clone()),
        (1, 4, second.clone()),
        (1, 0, passed.clone()),
    ]);
    let set = |fd| {
        let (mount, _) = mount();
        let set = registry.setpmp(&lwp(1, 0), fd, &mount, &files);
        set.map(|()| mount)
    };
    let mount = set(4).unwrap();
    assert!(second.mount().unwrap().same(&mount));
    let mount = set(0).unwrap();
    assert!(passed.mount().unwrap().same(&mount));
    assert_eq!(set(4).err(), Some(Errno::Busy));
    assert_eq!(set(5).err(), Some(Errno::Nxio));
    let none = registry.setpmp(&lwp(1, 0), 3, &common::mount().0, &NoFiles);
    assert_eq!(none, Err(Errno::Nxio));
    assert!(first.mount().is_err());
}

#[test]
fn an_embryo_is_forgotten_when_closed() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    registry.close(&instance);
    registry.close(&instance);
    assert_eq!(registry.open_count(), 0);
    let (mount, fate) = mount();
    assert_eq!(registry.bind(&instance, &mount), Err(Errno::Nxio));
    drop(mount);
    assert_eq!(fate.freed.load(SeqCst), 1);
}

#[test]
fn close_kills_and_unmounts_once() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let theirs = registry.clone();
    // As a host does it: the unmount unbinds.
    let unmount = Box::new(move |mount: &TestMount| theirs.nuke(mount));
    let (mount, fate) = mount_with(OnClose::Unmount, Some(unmount));
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    registry.close(&instance);
    assert_eq!(mount.status(), Status::Dying);
    registry.close(&instance);
    registry.nuke(&mount);
    assert_eq!(fate.unmounts.load(SeqCst), 1);
    assert_eq!(registry.open_count(), 0);
    assert_eq!(instance.poll(0), GONE);
    drop(mount);
    assert_eq!(fate.freed.load(SeqCst), 1, "the closed instance holds it");
}

#[test]
fn close_after_unmount_only_frees() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, fate) = mount();
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    registry.nuke(&mount);
    registry.nuke(&mount);
    assert_eq!(mount.status(), Status::Dying);
    assert_eq!(registry.open_count(), 1, "a dead one is still open");
    drop(mount);
    assert_eq!(fate.freed.load(SeqCst), 1, "the dead instance holds it");
    registry.close(&instance);
    assert_eq!(fate.unmounts.load(SeqCst), 0);
    assert_eq!(registry.open_count(), 0);
}

#[test]
fn the_last_reference_closes() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, fate) = mount();
    registry.bind(&instance, &mount).unwrap();
    let second = instance.clone();
    drop(instance);
    assert_eq!(fate.unmounts.load(SeqCst), 0);
    drop(second);
    assert_eq!(fate.unmounts.load(SeqCst), 1);
    assert_eq!(registry.open_count(), 0);
}

#[test]
fn a_mount_that_is_kept_can_be_bound_again() {
    let registry = registry();
    let first = registry.open(&lwp(1, 0)).unwrap();
    let (mount, fate) = mount_with(OnClose::Keep, None);
    registry.bind(&first, &mount).unwrap();
    start(&mount);
    registry.close(&first);
    assert_eq!(mount.status(), Status::Running);
    let second = registry.open(&lwp(2, 0)).unwrap();
    registry.bind(&second, &mount).unwrap();
    let before = (pokes(&first), pokes(&second));
    send(&mount);
    assert_eq!(
        (pokes(&first), pokes(&second)),
        (before.0, before.1 + 1),
        "the new instance's pollers are the ones told"
    );
    assert_eq!(second.poll(events::IN), events::IN);
    assert_eq!(fate.unmounts.load(SeqCst), 0);
    registry.nuke(&mount);
    assert_eq!(first.poll(0) & second.poll(0), GONE);
}

#[test]
fn pollers_hear_of_bind_arrival_death_unmount_and_close() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, _) = mount();
    let mut heard = 0;
    let mut more = |what: &str| {
        let now = pokes(&instance);
        assert!(now > heard, "{what}");
        heard = now;
    };
    registry.bind(&instance, &mount).unwrap();
    more("bind");
    start(&mount);
    more("start");
    send(&mount);
    more("arrival");
    mount.die();
    more("death");
    registry.nuke(&mount);
    more("unmount");
    registry.close(&instance);
    more("close");
}

#[test]
fn an_unmount_wakes_a_getter() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let (mount, _) = mount();
    registry.bind(&instance, &mount).unwrap();
    start(&mount);
    let theirs = instance.clone();
    let getter = std::thread::spawn(move || {
        let mut server = Server::new();
        theirs.getop(server.offer(64), false)
    });
    registry.nuke(&mount);
    let ended = getter.join().unwrap();
    // Asleep already, or not there yet.
    assert!(ended == Err(Errno::Nxio) || ended == Err(Errno::NoEnt));
}

#[test]
fn a_host_without_unmount_leaves_a_dead_mount() {
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let mount: TestMount = puffs_core::Mount::new(Default::default(), None).unwrap();
    registry.bind(&instance, &mount).unwrap();
    registry.close(&instance);
    assert_eq!(mount.status(), Status::Dying);
}

#[test]
fn a_registry_goes_out_as_an_address_and_comes_back() {
    let before = live();
    let registry = registry();
    let instance = registry.open(&lwp(1, 0)).unwrap();
    let raw = registry.into_raw();
    // SAFETY: what `into_raw` gave away, taken back once.
    let back = unsafe { Registry::<Probe>::from_raw(raw) };
    assert_eq!(back.open_count(), 1, "the same registry");
    drop((instance, back));
    assert_eq!(live(), before);
}
