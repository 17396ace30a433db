//! Several programs at once, and the tmpfs that says what they should do.

use crate::{
    server::Place,
    wait::{Process, until},
};
use rustix::{
    mount::{MountFlags, mount},
    process::{Pid, Signal, kill_process},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// A place with a tmpfs on its mount point.
pub(crate) fn tmpfs() -> Place {
    let place = Place::new();
    let options = Some(c"mode=755");
    mount("tmpfs", place.mnt(), "tmpfs", MountFlags::empty(), options).expect("a tmpfs");
    place
}

/// The state that the kernel shows for a process: R, S, D, T, Z.
pub(crate) fn state(pid: u32) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.chars().next().unwrap_or('?')
}

/// A running program. Dropping it ends it.
pub(crate) struct Running {
    child: Child,
    process: Process,
    /// What it prints goes here.
    log: PathBuf,
}

impl Running {
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Running {
        let file = File::create(&log).expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("dup"))
            .stderr(file)
            .spawn()
            .expect("the program starts");
        let process = Process::open(child.id());
        Running {
            child,
            process,
            log,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("kill");
    }

    /// What it has printed.
    pub(crate) fn printed(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until it has printed something.
    #[track_caller]
    pub(crate) fn prints(&self, what: &str) {
        let said = || self.printed().contains(what) || self.ended(Duration::ZERO);
        let seen = until(crate::wait::LONG, said) && self.printed().contains(what);
        assert!(seen, "it never said {what}: {}", self.printed());
    }

    pub(crate) fn ended(&self, within: Duration) -> bool {
        self.process.ended(within)
    }

    pub(crate) fn state(&self) -> char {
        state(self.pid())
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn status(&mut self, within: Duration) -> ExitStatus {
        let ended = self.ended(within);
        assert!(ended, "still runs ({}): {}", self.state(), self.printed());
        self.child.wait().expect("wait")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // One that cannot be killed is left to the end of its server.
        if self.ended(Duration::from_secs(1)) {
            let _ = self.child.wait();
        }
    }
}

/// Runs programs at the same time, each with a file for what it prints, until all have ended well.
#[track_caller]
pub(crate) fn all_succeed(commands: Vec<(Command, PathBuf)>, within: Duration) {
    let end = Instant::now() + within;
    let all: Vec<_> = commands
        .into_iter()
        .map(|(mut command, log)| (Running::start(&mut command, log), command))
        .collect();
    for (mut running, command) in all {
        let status = running.status(end.saturating_duration_since(Instant::now()));
        assert!(
            status.success(),
            "{command:?}: {status}\n{}",
            tail(&running.printed(), 25)
        );
    }
}

/// The last lines.
pub(crate) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Fails where two files with one line for each step differ, and shows what came before.
#[track_caller]
pub(crate) fn same_lines(what: &str, ours: &Path, host: &Path) {
    let read = |path| String::from_utf8_lossy(&fs::read(path).expect("a log")).into_owned();
    let (ours, host) = (read(ours), read(host));
    let mut before = Vec::new();
    let mut wanted = host.lines();
    for got in ours.lines() {
        let want = wanted.next();
        assert!(
            want == Some(got),
            "{what}: after\n{}\n{got}\non tmpfs:\n{}",
            tail(&before.join("\n"), 25),
            want.unwrap_or("nothing")
        );
        before.push(got);
    }
    assert_eq!(wanted.next(), None, "{what}: something is missing");
}
