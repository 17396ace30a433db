//! The status of an open device in each of its states.

mod common;

use common::*;
use puffs_core::OnClose;
use puffs_dev::{Standing, Stat};

#[test]
fn each_state_has_its_status() {
    let registry = registry();
    let _first = registry.open(&lwp(1, 0)).unwrap();
    let instance = registry.open(&lwp(7, 42)).unwrap();
    let (mount, _) = mount_with(OnClose::Keep, None);
    let is = |standing, requests| {
        let wanted = Stat {
            minor: 1,
            opener: lwp(7, 42),
            standing,
            requests,
        };
        assert_eq!(instance.stat(), wanted);
    };
    is(Standing::Embryo, 0);
    registry.bind(&instance, &mount).unwrap();
    send(&mount);
    // Nothing can be fetched before the start.
    is(Standing::Mounted, 0);
    start(&mount);
    is(Standing::Mounted, 1);
    send(&mount);
    is(Standing::Mounted, 2);
    instance.getop(Server::new().offer(64), true).unwrap();
    is(Standing::Mounted, 1);
    mount.die();
    is(Standing::Mounted, 0);
    registry.nuke(&mount);
    is(Standing::Dead, 0);
    registry.close(&instance);
    is(Standing::Closed, 0);
}

#[test]
fn a_closed_one_is_not_taken_for_the_next_of_its_minor() {
    let registry = registry();
    let old = registry.open(&lwp(1, 0)).unwrap();
    registry.close(&old);
    let new = registry.open(&lwp(2, 5)).unwrap();
    assert_eq!(new.minor(), old.minor());
    assert_eq!(old.stat().standing, Standing::Closed);
    assert_eq!(old.stat().opener, lwp(1, 0));
    assert_eq!(new.stat().standing, Standing::Embryo);
    assert_eq!(new.stat().opener, lwp(2, 5));
}

#[test]
fn it_is_a_character_device_for_its_owner_alone() {
    assert_eq!(Stat::MODE & 0o170_000, 0o020_000);
    assert_eq!(Stat::MODE & 0o7777, 0o600);
}
