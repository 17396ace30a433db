//! Loops that sleep in their device, and what wakes them.

use std::process::Command;
use std::sync::atomic::Ordering::SeqCst;

use puffs_vfs::{attr, who};

use super::server::{Served, Style};
use crate::kmod::device::call;
use crate::usermount::unmount_on_signal;

#[test]
fn an_exit_wakes_it_whenever_it_comes() {
    for round in 0..100 {
        let served = Served::serving(Style::InDevice);
        match round % 4 {
            // It sleeps, is about to, or has just begun.
            0 => served.asleep(),
            1 => drop(attr::statvfs(&served.kernel, &who::kernel())),
            _ => {}
        }
        served.fake.in_use.store(round % 2 == 0, SeqCst);
        served.exit();
        assert_eq!(served.join(), Ok(()));
    }
}

#[test]
fn who_is_woken_for_nothing_takes_a_turn_and_sleeps_again() {
    let served = Served::serving(Style::InDevice);
    for n in 0..10 {
        served.asleep();
        let calls = served.fake.count(call::BATCH);
        served.kernel.mount.wake().unwrap();
        while served.fake.count(call::BATCH) == calls {
            std::thread::yield_now();
        }
        let figures = attr::statvfs(&served.kernel, &who::kernel()).unwrap();
        assert_eq!(figures.files, n);
    }
    served.exit();
    assert_eq!(served.join(), Ok(()));
}

/// In [`CHILD`]: the signal.
const NAME: &str = "PUFFS_TEST_SIGNAL";
const CHILD: &str = "kmod::tests::sleep::in_a_process_of_its_own";

#[test]
fn a_signal_wakes_it() {
    for to in ["thread", "process"] {
        let ran = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--test-threads=1"])
            .env(NAME, to)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{to}: {said}");
        assert!(said.contains("1 passed"), "{to}: {said}");
    }
}

#[test]
#[ignore = "a signal is for the whole process: a_signal_wakes_it runs this in another one"]
fn in_a_process_of_its_own() {
    let Ok(to) = std::env::var(NAME) else {
        return;
    };
    unmount_on_signal(libc::SIGUSR1, true).unwrap();
    let loops = [(); 2].map(|()| Served::serving(Style::InDevice));
    for served in &loops {
        served.asleep();
    }
    match to.as_str() {
        // The handler interrupts one of the sleeps themselves.
        "thread" => loops[0].signal(libc::SIGUSR1),
        // SAFETY: of this thread, for which there is a handler.
        _ => assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0),
    }
    for served in loops {
        assert_eq!(served.join(), Ok(()));
    }
}
