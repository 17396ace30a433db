//! The list of requests under way.

mod common;

use std::sync::mpsc;

use common::*;
use puffs_core::msg::op::{CLASS_VFS, CLASS_VN, vfs, vn as vop};
use puffs_core::platform::Wait;
use puffs_core::{Buf, Cookie, Errno, InFlight, Outgoing, ReqId, Stage};

/// The list, as stages and ids.
fn stages(mount: &TestMount) -> Vec<(Stage, u64)> {
    let mut room = [InFlight::NONE; 8];
    let total = mount.in_flight(&mut room);
    let list = room.iter().take(total);
    list.map(|one| (one.stage, one.id.0)).collect()
}

#[test]
fn in_flight_in_each_phase() {
    let (mount, _, mut server) = running();
    assert_eq!(stages(&mount), []);
    let (id, _slip) = submit(&mount, out(b"q"));
    assert_eq!(stages(&mount), [(Stage::Queued, 1)]);
    let theirs = mount.clone();
    watch_at(server.aux_addr(), move || {
        assert_eq!(stages(&theirs), [(Stage::CopyingOut, 1)]);
    });
    server.fetch();
    assert_eq!(stages(&mount), [(Stage::Awaiting, 1)]);
    let theirs = mount.clone();
    watch_at(server.aux_addr(), move || {
        assert_eq!(stages(&theirs), [(Stage::CopyingIn, 1)]);
        theirs.interrupt(id).unwrap();
        assert_eq!(stages(&theirs), [(Stage::Abandoned, 1)]);
    });
    assert_eq!(server.answer(id, 0, b"x"), Err(Errno::Canceled));
    assert_eq!(stages(&mount), []);
}

#[test]
fn in_flight_abandoned_and_dead() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b"q"));
    server.fetch();
    mount.interrupt(id).unwrap();
    assert_eq!(stages(&mount), [(Stage::Abandoned, 1)]);
    let caller = park(&mount, b"dying", Wait::FOREVER, 1);
    let theirs = mount.clone();
    watch_at(server.aux_addr(), move || {
        theirs.interrupt(ReqId(2)).unwrap();
        until(|| stages(&theirs) == [(Stage::Abandoned, 1), (Stage::Abandoned, 2)]);
        theirs.die();
        assert_eq!(stages(&theirs), []);
    });
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
    assert_eq!(caller.join().unwrap(), Err(Errno::Intr));
    assert_eq!(stages(&mount), []);
}

#[test]
fn in_flight_not_what_is_done() {
    let (mount, _, mut server) = running();
    let (woken, is_woken) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel();
    let theirs = mount.clone();
    // A caller that does not run on once it was woken: its result stays in its place meanwhile.
    let caller = std::thread::spawn(move || {
        on_next_wake(move || {
            woken.send(()).unwrap();
            goes_on.recv().unwrap();
        });
        flat(theirs.call(out(b"q"), &Wait::FOREVER))
    });
    until(|| mount.readiness().requests == 1);
    server.fetch();
    server.answer(ReqId(1), 0, b"").unwrap();
    is_woken.recv().unwrap();
    assert_eq!(stages(&mount), []);
    go_on.send(()).unwrap();
    assert!(caller.join().unwrap().is_ok());
}

#[test]
fn in_flight_says_who_what_and_how_long() {
    let (mount, _, mut server) = running();
    let mut first = Outgoing::vn(vop::READ, Cookie(0xabc), Buf::empty());
    first.pid = Some(4711);
    let (id, _slip) = submit(&mount, first);
    server.fetch();
    later(3_000_000_000);
    mount.send(Outgoing::vfs(vfs::SYNC, Buf::empty())).unwrap();
    later(2_000_000_000);
    let mut room = [InFlight::NONE; 3];
    assert_eq!(mount.in_flight(&mut room), 2);
    let range = 5_000_000_000..25_000_000_000;
    assert!(range.contains(&room[0].age), "{}", room[0].age);
    let range = 2_000_000_000..22_000_000_000;
    assert!(range.contains(&room[1].age), "{}", room[1].age);
    let ages = [room[0].age, room[1].age];
    assert_eq!(
        room,
        [
            InFlight {
                id,
                cookie: Cookie(0xabc),
                age: ages[0],
                pid: 4711,
                stage: Stage::Awaiting,
                class: CLASS_VN,
                optype: vop::READ,
                reserved: [0; 6],
            },
            InFlight {
                id: ReqId(0),
                cookie: Cookie(0),
                age: ages[1],
                pid: std::process::id() as i32,
                stage: Stage::Queued,
                class: CLASS_VFS | 0x10,
                optype: vfs::SYNC,
                reserved: [0; 6],
            },
            InFlight::NONE,
        ]
    );
}

#[test]
fn in_flight_of_many_has_the_oldest() {
    let (mount, _, mut server) = running();
    // Several pieces' worth of places; what came first is with the server, and some are gone.
    let slips: Vec<_> = (0..300)
        .map(|_| {
            later(1000);
            submit(&mount, out(b""))
        })
        .collect();
    for _ in 0..200 {
        server.fetch();
    }
    for (id, _) in slips.iter().take(290).step_by(2) {
        mount.interrupt(*id).unwrap();
    }
    let odd: Vec<u64> = (1..=300).filter(|id| id % 2 == 0 || *id > 290).collect();
    let mut room = vec![InFlight::NONE; 400];
    // 100 of the fetched are abandoned and stay, 45 of the queued are gone.
    assert_eq!(mount.in_flight(&mut room), 255);
    let ids: Vec<u64> = room.iter().take(255).map(|one| one.id.0).collect();
    let wanted: Vec<u64> = (1..=300)
        .filter(|id| *id <= 200 || odd.contains(id))
        .collect();
    assert_eq!(ids, wanted);
    let mut room = [InFlight::NONE; 10];
    assert_eq!(mount.in_flight(&mut room), 255);
    assert_eq!(room.map(|one| one.id.0), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(room[0].stage, Stage::Abandoned);
    assert_eq!(room[1].stage, Stage::Awaiting);
    assert_eq!(mount.in_flight(&mut []), 255);
    drop(server);
}
