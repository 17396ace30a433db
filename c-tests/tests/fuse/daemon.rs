//! memfs in the background: the parent's exit says whether the mount is there.

use crate::{
    server::{Place, running, umount},
    stage::{Build, memfs, skipped},
    wait::{LONG, Process, mount_table, mounted},
};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, waitpid};
use std::{
    fs,
    process::{Command, Stdio},
};

/// Kills the daemon if the test does not come to its end.
struct Daemon(Pid);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::KILL);
    }
}

/// Starts memfs in the background; the mount must be there the moment the parent has ended.
fn start(place: &Place) -> Daemon {
    // Orphans come to us, so that the daemon's exit status can be read.
    set_child_subreaper(Some(rustix::process::getpid())).expect("subreaper");
    let mut parent = Command::new(memfs(Build::Plain))
        .arg(place.mnt())
        .stdin(Stdio::null())
        .spawn()
        .expect("memfs starts");
    let ended = Process::open(parent.id()).ended(LONG);
    if !ended {
        let _ = parent.kill();
    }
    let status = parent.wait().expect("wait");
    assert!(ended && status.success(), "the parent ended with {status}");
    assert!(mounted(place.mnt()), "the parent ended before the mount");
    let pids = running(place.mnt());
    assert_eq!(pids.len(), 1, "one daemon: {pids:?}");
    Daemon(Pid::from_raw(pids[0].cast_signed()).expect("a process id is not 0"))
}

fn ends_cleanly(place: &Place, daemon: Daemon) {
    let process = Process::open(daemon.0.as_raw_nonzero().get().cast_unsigned());
    assert!(
        mount_table(place.mnt(), false, &process, LONG),
        "still mounted"
    );
    assert!(process.ended(LONG), "the daemon still runs");
    let (_, status) = waitpid(Some(daemon.0), WaitOptions::empty())
        .expect("wait")
        .expect("ended");
    assert_eq!(status.exit_status(), Some(0));
    std::mem::forget(daemon);
    assert!(running(place.mnt()).is_empty());
}

#[test]
fn serves_and_ends_with_the_mount() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let daemon = start(&place);
    fs::write(place.mnt().join("file"), "x").unwrap();
    assert_eq!(fs::read(place.mnt().join("file")).unwrap(), b"x");

    // It holds on to no directory and no terminal of ours.
    let proc = format!("/proc/{}", daemon.0);
    assert_eq!(
        fs::read_link(format!("{proc}/cwd")).unwrap().to_str(),
        Some("/")
    );
    for fd in 0..3 {
        let open = fs::read_link(format!("{proc}/fd/{fd}")).unwrap();
        assert_eq!(open.to_str(), Some("/dev/null"));
    }
    umount(place.mnt());
    ends_cleanly(&place, daemon);
}

#[test]
fn ends_by_signal() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let daemon = start(&place);
    kill_process(daemon.0, Signal::TERM).unwrap();
    ends_cleanly(&place, daemon);
}
