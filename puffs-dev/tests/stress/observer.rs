//! Who looks: statistics, the requests in flight and watchers, all the time; and at a mount's end, when they must add up.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use fastrand::Rng;
use puffs_core::msg::op::{CLASS_MASK, CLASS_VFS, CLASS_VN, FLAG_FAF};
use puffs_core::{InFlight, MountStats, OpStats};
use puffs_dev::{Sight, filters};

use crate::life::{End, Life};
use crate::tally::{Seen, saw};
use crate::watchdog::doing;

/// Requests have these types, and three.
const TYPES: std::ops::RangeInclusive<u8> = 1..=3;

fn rows(life: &Life) -> impl Iterator<Item = OpStats> {
    let row = |class| TYPES.map(move |optype| (class, optype));
    let all = row(CLASS_VN).chain(row(CLASS_VFS));
    all.map(|(class, optype)| life.mount.op_statistics(class, optype))
}

fn check_row(row: &OpStats) {
    assert!(row.entered >= row.ended(), "{row:?}");
    assert!(row.late <= row.interrupted + row.timed_out, "{row:?}");
    assert_eq!(row.latency.count(), row.ended(), "{row:?}");
}

fn check_mount(life: &Life, now: &MountStats) {
    let bounds = life.mount.config();
    assert!(
        now.charged <= bounds.max_requests && now.bytes <= bounds.max_bytes,
        "{now:?}"
    );
}

fn check_list(life: &Life, places: usize) {
    let mut room = vec![InFlight::NONE; places];
    let total = life.mount.in_flight(&mut room);
    let kept = &room[..total.min(places)];
    for one in kept {
        assert_eq!(one.id.0 == 0, one.class & FLAG_FAF != 0, "{one:?}");
        assert!(matches!(one.class & CLASS_MASK, CLASS_VN | CLASS_VFS));
        assert!(TYPES.contains(&one.optype), "{one:?}");
        assert_eq!(one.reserved, [0; 6]);
    }
    for two in kept.windows(2) {
        assert!(two[0].age >= two[1].age, "the oldest first: {two:?}");
        // The list is made piece by piece, and an id of several callers may have its next request meanwhile.
        let again = two[0].id.0 == 0 || life.shared_ids.contains(&two[0].id);
        assert!(again || two[0].id != two[1].id, "twice: {two:?}");
    }
    match total {
        0 => {}
        _ if total > places => saw(Seen::ListCut),
        _ => saw(Seen::Listed),
    }
}

fn check_sight(life: &Life) {
    let at = life.instance();
    let (read, write) = (at.watch(filters::READ), at.watch(filters::WRITE));
    match (read.unwrap().state(), write.unwrap().state()) {
        (Sight::Ready(requests), _) => {
            assert!(requests > 0);
            saw(Seen::WatchedReady);
        }
        (Sight::Nothing, Sight::Ready(0)) => saw(Seen::WatchedNothing),
        (Sight::Nothing | Sight::EndOfFile, _) => {}
    }
    assert!(at.watch(0).is_err());
}

/// Looks until the mount is over.
pub(crate) fn look(life: &Arc<Life>, rng: &mut Rng) {
    doing(|| "looks".to_owned());
    let mut entered = 0;
    while !life.over.load(SeqCst) {
        match rng.u8(..4) {
            0 => check_list(life, [0, 1, 3, 200][rng.usize(..4)]),
            1 => check_mount(life, &life.mount.statistics()),
            2 => check_sight(life),
            _ => {
                let mut now = 0;
                for row in rows(life) {
                    check_row(&row);
                    now += row.entered;
                }
                assert!(now >= entered, "counts only grow");
                entered = now;
            }
        }
        std::thread::sleep(std::time::Duration::from_micros(rng.u64(..300)));
    }
}

/// All threads are gone: what was counted must be what happened.
pub(crate) fn settle(life: &Life) {
    let mut sum = [0; 6];
    for row in rows(life) {
        check_row(&row);
        assert_eq!(row.entered, row.ended(), "{}: {row:?}", life.describe());
        let counts = [
            row.succeeded + row.failed,
            row.interrupted + row.timed_out,
            row.broken,
            row.no_memory,
            row.sent,
            row.late,
        ];
        for (sum, count) in sum.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    let now = life.mount.statistics();
    let empty = MountStats {
        queued: 0,
        fetched: 0,
        charged: 0,
        bytes: 0,
        getters: 0,
        waiting: 0,
        ..now
    };
    assert_eq!(now, empty, "{}", life.describe());
    sum[1] += now.gave_up;
    let mut said = life.ledger.sums();
    if life.plan.end != End::Drain && said[4] > sum[4] {
        // In a batch the server is told of what wants no answer before it is sent, and death may come between.
        said[4] = sum[4];
    }
    assert_eq!(
        sum,
        said,
        "answered, left, broken, no memory, sent, late: {}",
        life.describe()
    );
    let mut room = [InFlight::NONE; 4];
    assert_eq!(life.mount.in_flight(&mut room), 0, "{room:?}");
    let at = life.instance();
    for filter in [filters::READ, filters::WRITE] {
        assert_eq!(at.watch(filter).unwrap().state(), Sight::EndOfFile);
    }
}
