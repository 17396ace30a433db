//! Waiting with a deadline: for the mount table, for the end of a process, for anything else.

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};
use std::{
    fs::File,
    io::{Read, Seek, Write},
    os::fd::OwnedFd,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// Longer than anything here takes on a loaded machine.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// A running process, by a descriptor that stays right when the id is used again.
pub(crate) struct Process(OwnedFd);

impl Process {
    pub(crate) fn open(pid: u32) -> Process {
        let pid = Pid::from_raw(pid.cast_signed()).expect("a process id is not 0");
        Process(pidfd_open(pid, PidfdFlags::empty()).expect("the process exists"))
    }

    /// Waits for its end; false: it still ran at the deadline.
    pub(crate) fn ended(&self, within: Duration) -> bool {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        poll_for(&mut fds, Instant::now() + within)
    }

    /// Ends it unless it ended by itself.
    pub(crate) fn kill_after(&self, within: Duration) {
        if !self.ended(within) && pidfd_send_signal(&self.0, Signal::KILL).is_ok() {
            let _ = writeln!(
                std::io::stderr(),
                "a server was killed: it ran for {within:?}"
            );
        }
    }
}

/// Whether something is mounted there.
pub(crate) fn mounted(at: &Path) -> bool {
    in_table(
        &std::fs::read_to_string("/proc/self/mounts").expect("the mount table"),
        at,
    )
}

fn in_table(table: &str, at: &Path) -> bool {
    table.lines().any(|line| {
        line.split(' ')
            .nth(1)
            .is_some_and(|dir| Path::new(dir) == at)
    })
}

/// Waits until something is mounted there (or is not, any more); also returns when the process ends.
/// True: the mount table is as wanted.
pub(crate) fn mount_table(at: &Path, want: bool, process: &Process, within: Duration) -> bool {
    let end = Instant::now() + within;
    // The kernel reports changes since the file was opened, or since the last report.
    let mut table = File::open("/proc/self/mounts").expect("the mount table");
    let mut watch_process = true;
    loop {
        let mut text = String::new();
        table.rewind().expect("rewind");
        table.read_to_string(&mut text).expect("the mount table");
        if in_table(&text, at) == want {
            return true;
        }
        let mut fds = vec![PollFd::new(&table, PollFlags::PRI)];
        if watch_process {
            fds.push(PollFd::new(&process.0, PollFlags::IN));
        }
        if !poll_for(&mut fds, end) {
            return false;
        }
        if watch_process && !fds[1].revents().is_empty() {
            if want {
                return mounted(at);
            }
            watch_process = false;
        }
    }
}

/// Looks again and again until it holds; false: it never did.
pub(crate) fn until(within: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + within;
    while !holds() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}

fn poll_for(fds: &mut [PollFd<'_>], end: Instant) -> bool {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).expect("a short time");
        match poll(fds, Some(&left)) {
            Ok(0) => return false,
            Ok(_) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("poll: {error}"),
        }
    }
}
