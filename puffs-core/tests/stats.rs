//! The figures of a mount: each request is counted once where it enters and once where it ends, in the row of its
//! operation and the column of its end.

mod common;

use common::*;
use puffs_core::msg::op::{CLASS_ERROR, CLASS_VFS, CLASS_VN, vfs, vn as vop};
use puffs_core::platform::Wait;
use puffs_core::queue::{VFS_ROWS, VN_ROWS};
use puffs_core::{Buf, Config, Cookie, Errno, MountStats, OpStats, Outgoing, Prepaid, ReqId};

/// The columns, in a fixed order.
const COLUMNS: [&str; 10] = [
    "entered",
    "succeeded",
    "failed",
    "interrupted",
    "timed out",
    "died",
    "broken",
    "no memory",
    "sent",
    "late",
];

fn columns(stats: &OpStats) -> [u64; 10] {
    [
        stats.entered,
        stats.succeeded,
        stats.failed,
        stats.interrupted,
        stats.timed_out,
        stats.died,
        stats.broken,
        stats.no_memory,
        stats.sent,
        stats.late,
    ]
}

/// Everything that the rows of a mount have counted is one request of type 1 in these columns, and it has one latency
/// unless it is under way.
fn counted(mount: &TestMount, wanted: &[&str]) {
    let classes = [CLASS_VFS, CLASS_VN, CLASS_ERROR];
    for (class, optype) in classes.iter().flat_map(|&c| (0..=255).map(move |o| (c, o))) {
        let stats = mount.op_statistics(class, optype);
        let named: Vec<&str> = COLUMNS
            .iter()
            .zip(columns(&stats))
            .flat_map(|(&column, count)| std::iter::repeat_n(column, count as usize))
            .collect();
        let mine = (class, optype) == (CLASS_VN, 1);
        assert_eq!(
            named,
            if mine { wanted } else { &[] },
            "class {class}, {optype}"
        );
        assert_eq!(stats.latency.count(), stats.ended());
    }
}

/// The figures of the mount that are not 0.
fn figures(mount: &TestMount) -> MountStats {
    mount.statistics()
}

const NOTHING: MountStats = MountStats {
    refused_full: 0,
    refused_dead: 0,
    refused_deadlock: 0,
    gave_up: 0,
    too_big: 0,
    faults: 0,
    put_back: 0,
    queued: 0,
    fetched: 0,
    charged: 0,
    bytes: 0,
    getters: 0,
    waiting: 0,
};

// ---- how a request ends

#[test]
fn answers() {
    for (rv, column) in [(0, "succeeded"), (2, "failed")] {
        let (mount, _, mut server) = running();
        let (id, slip) = submit(&mount, out(b"q"));
        counted(&mount, &["entered"]);
        server.fetch();
        counted(&mount, &["entered"]);
        server.answer(id, rv, b"").unwrap();
        assert!(slip.ended().is_ok());
        counted(&mount, &["entered", column]);
        assert_eq!(figures(&mount), NOTHING);
        mount.die();
        counted(&mount, &["entered", column]);
    }
}

#[test]
fn answers_for_parked_callers() {
    let (mount, _, mut server) = running();
    let caller = park(&mount, b"q", Wait::FOREVER, 1);
    server.fetch();
    server.answer(ReqId(1), 0, b"").unwrap();
    assert!(caller.join().unwrap().is_ok());
    counted(&mount, &["entered", "succeeded"]);
}

#[test]
fn refused_answers() {
    // By its header, and by its body.
    for fault in [false, true] {
        let (mount, _, mut server) = running();
        let (id, slip) = submit(&mount, out(b"q"));
        server.fetch();
        match fault {
            false => assert_eq!(server.answer(id, -1, b""), Err(Errno::Inval)),
            true => {
                server.protect(server.aux_addr(), false, false);
                assert_eq!(server.put_len(vn(id.0, 0), 1), Err(Errno::Fault));
            }
        }
        assert_eq!(slip.ended(), Err(Errno::Proto));
        counted(&mount, &["entered", "broken"]);
        let faults = u64::from(fault);
        assert_eq!(figures(&mount), MountStats { faults, ..NOTHING });
    }
}

#[test]
fn answers_without_memory() {
    let (mount, _, mut server) = running();
    let mut grows = out(b"q");
    grows.grow = true;
    let (id, slip) = submit(&mount, grows);
    server.fetch();
    let refused = failing(0, || server.put_len(vn(id.0, 0), 5));
    assert_eq!(refused, Err(Errno::NoMem));
    assert_eq!(slip.ended(), Err(Errno::NoMem));
    counted(&mount, &["entered", "no memory"]);
}

#[test]
fn callers_that_leave_the_queue() {
    let (mount, ..) = running();
    signal_pending(true);
    let ended = mount.call(out(b"q"), &INTERRUPTIBLE);
    signal_pending(false);
    assert_eq!(flat(ended), Err(Errno::Intr));
    counted(&mount, &["entered", "interrupted"]);
    let (mount, ..) = running();
    let ended = mount.call(out(b"q"), &expired());
    assert_eq!(flat(ended), Err(Errno::TimedOut));
    counted(&mount, &["entered", "timed out"]);
    let (mount, ..) = running();
    let (id, _slip) = submit(&mount, out(b"q"));
    mount.interrupt(id).unwrap();
    counted(&mount, &["entered", "interrupted"]);
}

#[test]
fn callers_that_leave_the_server() {
    // The answer comes, is refused, or never comes.
    for late in [Some(0), Some(-1), None] {
        let (mount, _, mut server) = running();
        let caller = park(&mount, b"q", Wait::FOREVER, 1);
        server.fetch();
        mount.interrupt(ReqId(1)).unwrap();
        assert_eq!(caller.join().unwrap(), Err(Errno::Intr));
        counted(&mount, &["entered", "interrupted"]);
        match late {
            Some(0) => {
                assert_eq!(server.answer(ReqId(1), 0, b""), Err(Errno::Canceled));
                counted(&mount, &["entered", "interrupted", "late"]);
            }
            Some(rv) => {
                assert_eq!(server.answer(ReqId(1), rv, b""), Err(Errno::Inval));
                counted(&mount, &["entered", "interrupted"]);
            }
            None => {
                mount.die();
                counted(&mount, &["entered", "interrupted"]);
            }
        }
        assert_eq!(figures(&mount), NOTHING);
    }
}

#[test]
fn callers_that_leave_during_a_copy() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b"q"));
    let theirs = mount.clone();
    watch_at(server.aux_addr(), move || {
        theirs.interrupt(id).unwrap();
        counted(&theirs, &["entered", "interrupted"]);
    });
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::WouldBlock);
    counted(&mount, &["entered", "interrupted"]);
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b"q"));
    server.fetch();
    let theirs = mount.clone();
    watch_at(server.aux_addr(), move || theirs.interrupt(id).unwrap());
    assert_eq!(server.answer(id, 0, b"x"), Err(Errno::Canceled));
    counted(&mount, &["entered", "interrupted", "late"]);
}

#[test]
fn death_in_each_phase() {
    for answers in [false, true] {
        for parked in [false, true] {
            let (mount, _, mut server) = running();
            let mut caller = None;
            let mut slip = None;
            match parked {
                true => caller = Some(park(&mount, b"q", Wait::FOREVER, 1)),
                false => slip = Some(submit(&mount, out(b"q")).1),
            }
            let theirs = mount.clone();
            let kill = move || {
                theirs.die();
                counted(&theirs, &["entered", "died"]);
            };
            match answers {
                true => {
                    server.fetch();
                    watch_at(server.aux_addr(), kill);
                    assert_eq!(server.answer(ReqId(1), 0, b"x"), Err(Errno::Nxio));
                }
                false => {
                    watch_at(server.aux_addr(), kill);
                    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
                }
            }
            if let Some(caller) = caller {
                assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
            }
            if let Some(slip) = slip {
                assert_eq!(slip.ended(), Err(Errno::Nxio));
            }
            counted(&mount, &["entered", "died"]);
        }
    }
    for fetched in [false, true] {
        let (mount, _, mut server) = running();
        let (_, _slip) = submit(&mount, out(b"q"));
        if fetched {
            server.fetch();
        }
        mount.die();
        mount.die();
        counted(&mount, &["entered", "died"]);
        assert_eq!(figures(&mount), NOTHING);
    }
}

#[test]
fn fire_and_forget() {
    let (mount, _, mut server) = running();
    mount.send(out(b"faf")).unwrap();
    counted(&mount, &["entered"]);
    server.fetch();
    counted(&mount, &["entered", "sent"]);
    let (mount, _, mut server) = running();
    mount.send(out(b"faf")).unwrap();
    let theirs = mount.clone();
    watch_at(server.aux_addr(), move || theirs.die());
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
    counted(&mount, &["entered", "died"]);
    // Paid for in advance.
    let (mount, _, mut server) = running();
    let (sent, refused, unsent) = (
        Prepaid::new(&mount, 4).unwrap(),
        Prepaid::new(&mount, 4).unwrap(),
        Prepaid::new(&mount, 4).unwrap(),
    );
    counted(&mount, &[]);
    sent.send(CLASS_VN, 1, Cookie(1));
    counted(&mount, &["entered"]);
    server.fetch();
    counted(&mount, &["entered", "sent"]);
    drop(unsent);
    mount.die();
    refused.send(CLASS_VN, 1, Cookie(1));
    counted(&mount, &["entered", "sent"]);
    let refused_dead = 1;
    assert_eq!(
        figures(&mount),
        MountStats {
            refused_dead,
            ..NOTHING
        }
    );
}

// ---- rows

#[test]
fn each_operation_has_its_row() {
    let (mount, ..) = running();
    let send = |class, optype| {
        let out = Outgoing {
            class,
            ..Outgoing::vn(optype, Cookie(0), Buf::empty())
        };
        mount.send(out).unwrap();
    };
    let entered = |class, optype| mount.op_statistics(class, optype).entered;
    for (class, optype, times) in [
        (CLASS_VFS, vfs::SUSPEND, 1),
        (CLASS_VN, vop::LOOKUP, 2),
        (CLASS_VN, vop::FDISCARD, 3),
        (CLASS_VN, VN_ROWS as u8 - 1, 4),
    ] {
        (0..times).for_each(|_| send(class, optype));
        assert_eq!(entered(class, optype), times);
    }
    assert_eq!(entered(CLASS_VFS, VFS_ROWS as u8 - 1), 0);
    // What has none shares one.
    send(CLASS_VFS, VFS_ROWS as u8);
    send(CLASS_VN, VN_ROWS as u8);
    send(CLASS_ERROR, 0);
    send(7, 255);
    for (class, optype) in [(CLASS_VFS, 16), (CLASS_VN, 255), (CLASS_ERROR, 9), (0, 0)] {
        assert_eq!(entered(class, optype), 4);
    }
}

// ---- the mount's own figures

#[test]
fn the_door() {
    let (mount, ..) = running_with(Config {
        max_requests: 1,
        ..Config::default()
    });
    let (_, _slip) = submit(&mount, out(b"full"));
    let full = MountStats {
        queued: 1,
        charged: 1,
        bytes: 4,
        ..NOTHING
    };
    assert_eq!(figures(&mount), full);
    assert_eq!(mount.send(out(b"faf")), Err(Errno::WouldBlock));
    let refused = mount.call_nowait(out(b"q"), None, &Wait::FOREVER);
    assert_eq!(flat(refused), Err(Errno::WouldBlock));
    let refused_full = 2;
    assert_eq!(
        figures(&mount),
        MountStats {
            refused_full,
            ..full
        }
    );
    counted(&mount, &["entered"]);
    mount.die();
    assert_eq!(mount.send(out(b"faf")), Err(Errno::Nxio));
    let gone = mount.call(out(b"q"), &Wait::FOREVER);
    assert_eq!(flat(gone), Err(Errno::Nxio));
    counted(&mount, &["entered", "died"]);
    let refused_dead = 2;
    assert_eq!(
        figures(&mount),
        MountStats {
            refused_full,
            refused_dead,
            ..NOTHING
        }
    );
}

#[test]
fn the_line_for_a_place() {
    let (mount, ..) = running_with(Config {
        max_requests: 1,
        ..Config::default()
    });
    let (_, _slip) = submit(&mount, out(b"full"));
    assert_eq!(
        flat(mount.call(out(b"q"), &expired())),
        Err(Errno::TimedOut)
    );
    signal_pending(true);
    assert_eq!(
        flat(mount.call(out(b"q"), &INTERRUPTIBLE)),
        Err(Errno::Intr)
    );
    signal_pending(false);
    counted(&mount, &["entered"]);
    let gave_up = 2;
    assert_eq!(figures(&mount).gave_up, gave_up);
    let theirs = mount.clone();
    let in_line = std::thread::spawn(move || flat(theirs.call(out(b"in line"), &Wait::FOREVER)));
    until(|| mount.statistics().waiting == 1);
    mount.die();
    assert_eq!(in_line.join().unwrap(), Err(Errno::Nxio));
    counted(&mount, &["entered", "died"]);
    let refused_dead = 1;
    assert_eq!(
        figures(&mount),
        MountStats {
            gave_up,
            refused_dead,
            ..NOTHING
        }
    );
}

#[test]
fn getters_asleep() {
    let (mount, ..) = running();
    let mut server = Server::new(&mount);
    let getter = std::thread::spawn(move || server.getop(99, Some(&Wait::FOREVER)).unwrap_err());
    until(|| mount.statistics().getters == 1);
    mount.die();
    assert_eq!(getter.join().unwrap(), Errno::Nxio);
    assert_eq!(figures(&mount), NOTHING);
}

#[test]
fn fetches_that_fail() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b"body"));
    let queued = MountStats {
        queued: 1,
        charged: 1,
        bytes: 4,
        ..NOTHING
    };
    assert_eq!(server.getop(3, None).unwrap_err(), Errno::TooBig);
    let mut wanted = MountStats {
        too_big: 1,
        ..queued
    };
    assert_eq!(figures(&mount), wanted);
    // The body, then the header, cannot be written.
    let (header, aux) = (server.header_addr(), server.aux_addr());
    server.protect(aux, true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    server.protect(aux, true, true);
    (wanted.faults, wanted.put_back) = (1, 1);
    assert_eq!(figures(&mount), wanted);
    server.protect(header, true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    (wanted.faults, wanted.put_back) = (2, 2);
    assert_eq!(figures(&mount), wanted);
    // Nothing can be read.
    server.protect(header, false, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Fault));
    wanted.faults = 4;
    assert_eq!(figures(&mount), wanted);
    counted(&mount, &["entered"]);
    server.protect(header, true, true);
    server.fetch();
    wanted.queued = 0;
    wanted.fetched = 1;
    assert_eq!(figures(&mount), wanted);
}

// ---- latencies

#[test]
fn latency_runs_from_entry_to_end() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b"q"));
    later(1_000_000_000);
    server.fetch();
    later(2_000_000_000);
    server.answer(id, 0, b"").unwrap();
    let latency = mount.op_statistics(CLASS_VN, 1).latency;
    let range = 3_000_000_000..23_000_000_000;
    assert!(range.contains(&latency.max()), "{}", latency.max());
    assert_eq!((latency.count(), latency.sum()), (1, latency.max()));
}

#[test]
fn latency_includes_a_long_answers_copy() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(&[0; 5000]));
    server.fetch();
    watch_at(server.aux_addr(), || later(1_000_000_000));
    server.answer(id, 0, &[0; 5000]).unwrap();
    let latency = mount.op_statistics(CLASS_VN, 1).latency;
    assert!(latency.max() >= 1_000_000_000);
}

#[test]
fn latency_includes_waiting_for_a_place() {
    let (mount, _, mut server) = running_with(Config {
        max_requests: 1,
        ..Config::default()
    });
    let (id, _slip) = submit(&mount, out(b"full"));
    let theirs = mount.clone();
    let in_line = std::thread::spawn(move || {
        // It has a place when its clock says one second later; so does ours, by which it ends.
        on_next_wake(|| later(1_000_000_000));
        let second = Outgoing::vn(2, Cookie(0), Buf::empty());
        flat(theirs.call(second, &Wait::FOREVER))
    });
    until(|| mount.statistics().waiting == 1);
    later(1_000_000_000);
    server.fetch();
    server.answer(id, 0, b"").unwrap();
    until(|| mount.readiness().requests == 1);
    let second = server.fetch().req;
    server.put(second, b"").unwrap();
    assert!(in_line.join().unwrap().is_ok());
    let latency = mount.op_statistics(CLASS_VN, 2).latency;
    assert!(latency.max() >= 1_000_000_000);
}

#[test]
fn an_interrupted_caller_left_when_it_was_told_to() {
    let (mount, ..) = running();
    let caller = park(&mount, b"q", Wait::FOREVER, 1);
    later(1_000_000_000);
    mount.interrupt(ReqId(1)).unwrap();
    assert_eq!(caller.join().unwrap(), Err(Errno::Intr));
    let latency = mount.op_statistics(CLASS_VN, 1).latency;
    assert!(latency.max() >= 1_000_000_000);
}

// ---- the list
