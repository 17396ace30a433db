//! The end: unmounted by the kernel, by the server, by force; death.

use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use puffs_core::{Cookie, Errno};
use puffs_vfs::{Failed, attr, file, life, who};

use super::fake::Kernel;
use super::server::{Served, Style, at, both_styles};
use crate::c::consts::PUFFS_MNT_FORCE;

fn read(kernel: &Kernel, offset: u64) -> Result<(), Failed> {
    file::read(kernel, &who::kernel(), Cookie(0x10), offset, 8, 0).map(drop)
}

fn suspended(served: &Served, n: usize) {
    while served.seen.suspended() < n {
        thread::yield_now();
    }
}

const GONE: Result<(), Failed> = Err(Failed::Errno(Errno::Nxio));

fn an_unmount_comes_with_any_number_of_requests_before_it(style: Style) {
    // Among them those with which a turn ends.
    for n in 55..75 {
        let served = Served::mounted(style);
        thread::scope(|scope| {
            for _ in 0..n {
                life::reclaim(&served.kernel, &who::kernel(), Cookie(1), 1).unwrap();
            }
            let unmounted = scope.spawn(|| life::unmount(&served.kernel, &who::kernel(), 0));
            served.kernel.waiting(n + 1);
            served.go();
            assert_eq!(unmounted.join().unwrap(), Ok(()));
        });
        served.fake.mounted.store(false, SeqCst);
        let seen = served.seen.clone();
        assert_eq!(served.join(), Ok(()));
        assert_eq!(seen.reclaims.load(SeqCst), n);
        assert_eq!((seen.unmounts(), seen.syncs.load(SeqCst)), (vec![0], 0));
    }
}

fn a_server_may_refuse_and_learns_of_the_end_all_the_same(style: Style) {
    let served = Served::serving(style);
    served.seen.refusal.store(libc::EBUSY, SeqCst);
    let refused = life::unmount(&served.kernel, &who::kernel(), 0);
    assert_eq!(refused, Err(Failed::Server(libc::EBUSY)));
    assert!(attr::statvfs(&served.kernel, &who::kernel()).is_ok());
    served.fake.mounted.store(false, SeqCst);
    served.fake.nuke();
    let seen = served.seen.clone();
    assert_eq!(served.join(), Ok(()));
    assert_eq!(seen.unmounts(), [0, PUFFS_MNT_FORCE]);
}

fn death_ends_the_loop_and_the_server_is_told(style: Style) {
    let served = Served::serving(style);
    thread::scope(|scope| {
        let left = scope.spawn(|| read(&served.kernel, at::YIELD));
        suspended(&served, 1);
        served.kernel.mount.die();
        assert_eq!(left.join().unwrap(), GONE);
    });
    let seen = served.seen.clone();
    // What is left of the mount is detached.
    assert_eq!(served.join(), Ok(()));
    assert_eq!(seen.unmounts(), [PUFFS_MNT_FORCE]);
    assert_eq!(seen.syncs.load(SeqCst), 1);
}

fn an_unmount_that_the_server_leaves_in_its_middle_is_not_told_twice(style: Style) {
    let served = Served::serving(style);
    served.seen.slow_unmount.store(true, SeqCst);
    thread::scope(|scope| {
        let unmounted = scope.spawn(|| life::unmount(&served.kernel, &who::kernel(), 0));
        suspended(&served, 1);
        assert_eq!(read(&served.kernel, at::GO_ON), Ok(()));
        assert_eq!(unmounted.join().unwrap(), Ok(()));
    });
    served.fake.mounted.store(false, SeqCst);
    let seen = served.seen.clone();
    assert_eq!(served.join(), Ok(()));
    assert_eq!(seen.unmounts(), [0]);
}

#[test]
fn an_unmount_that_death_overtakes_is_not_told_twice() {
    // Only the loop function can go on with what was left.
    let served = Served::serving(Style::InLoop);
    served.seen.slow_unmount.store(true, SeqCst);
    thread::scope(|scope| {
        let unmounted = scope.spawn(|| life::unmount(&served.kernel, &who::kernel(), 0));
        suspended(&served, 1);
        served.kernel.mount.die();
        assert_eq!(unmounted.join().unwrap(), GONE);
    });
    // The session has seen it, and waits for the server.
    while served.fake.open_count() > 0 {
        thread::yield_now();
    }
    assert_eq!(served.seen.unmounts(), []);
    served.seen.refusal.store(libc::EBUSY, SeqCst);
    served.seen.go_on.store(true, SeqCst);
    served.exit();
    let seen = served.seen.clone();
    assert_eq!(served.join(), Ok(()));
    assert_eq!((seen.unmounts(), seen.syncs.load(SeqCst)), (vec![0], 0));
}

fn an_exit_unmounts_what_nobody_uses(style: Style) {
    let served = Served::serving(style);
    assert_eq!(read(&served.kernel, 9), Ok(()));
    served.exit();
    let seen = served.seen.clone();
    assert_eq!(served.join(), Ok(()));
    assert_eq!(seen.unmounts(), [PUFFS_MNT_FORCE]);
    assert_eq!(seen.syncs.load(SeqCst), 1);
}

fn an_exit_ends_what_is_in_use(style: Style) {
    let served = Served::serving(style);
    served.fake.in_use.store(true, SeqCst);
    thread::scope(|scope| {
        let left: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| read(&served.kernel, at::YIELD)))
            .collect();
        suspended(&served, 3);
        served.exit();
        for left in left {
            assert_eq!(left.join().unwrap(), GONE);
        }
    });
    assert_eq!(read(&served.kernel, 9), GONE);
    let seen = served.seen.clone();
    assert_eq!(served.join(), Ok(()));
    assert_eq!(seen.unmounts(), [PUFFS_MNT_FORCE]);
}

fn an_exit_while_the_server_hangs_waits_for_the_server_only(style: Style) {
    let served = Served::serving(style);
    thread::scope(|scope| {
        let hangs = scope.spawn(|| read(&served.kernel, at::BLOCK));
        while !served.seen.blocked.load(SeqCst) {
            thread::yield_now();
        }
        served.exit();
        served.exit();
        served.seen.release.store(true, SeqCst);
        assert_eq!(hangs.join().unwrap(), Ok(()));
    });
    assert_eq!(served.join(), Ok(()));
}

both_styles!(
    an_unmount_comes_with_any_number_of_requests_before_it,
    a_server_may_refuse_and_learns_of_the_end_all_the_same,
    death_ends_the_loop_and_the_server_is_told,
    an_unmount_that_the_server_leaves_in_its_middle_is_not_told_twice,
    an_exit_unmounts_what_nobody_uses,
    an_exit_ends_what_is_in_use,
    an_exit_while_the_server_hangs_waits_for_the_server_only,
);
