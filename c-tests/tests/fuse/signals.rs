//! Signals with handlers, as fast as they come, while files are worked with: what works on a tmpfs works here.

use crate::{
    random::say,
    server::{Place, Server},
    stage::{Build, program, skipped},
    together::{Running, all_succeed, same_lines, tail, tmpfs},
    trees::{left_out, nocache, slow, yielding},
};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const WITHIN: Duration = Duration::from_secs(60);

/// Runs the program some times at once, with both kinds of handlers.
fn bothered(place: &Place, options: &[&str], turns: u32) {
    let commands = ["", "-r", ""].into_iter().enumerate().map(|(n, restart)| {
        let dir = place.mnt().join(format!("signals{n}"));
        fs::create_dir(&dir).unwrap();
        let mut command = Command::new(program("tests/fuse/signals.c", Build::Plain));
        command.args(options);
        if !restart.is_empty() {
            command.arg(restart);
        }
        command.arg(dir).arg(turns.to_string());
        (command, place.beside(&format!("log{n}")))
    });
    all_succeed(commands.collect(), WITHIN);
}

#[test]
fn nothing_is_interrupted() {
    if skipped() {
        return;
    }
    bothered(&tmpfs(), &[], 20);
    let mut server = Server::memfs();
    bothered(server.place(), &[], 40);
    server.unmount();
    let mut server = nocache();
    bothered(server.place(), &["-m"], 40);
    server.unmount();
}

#[test]
fn nothing_is_interrupted_that_has_to_wait() {
    if skipped() {
        return;
    }
    let mut server = slow();
    bothered(server.place(), &[], 3);
    server.unmount();
    let mut server = yielding();
    bothered(server.place(), &[], 20);
    server.unmount();
}

/// Runs a script whose processes get SIGCHLD every millisecond, as if each had many children.
fn pestered(place: &Place, script: &str, arguments: &[&str]) -> PathBuf {
    let log = place.beside("log-pestered");
    let mut command = Command::new("sh");
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuse");
    command
        .arg(dir.join(script))
        .arg(place.mnt())
        .args(arguments);
    let mut running = Running::start(command.process_group(0), log.clone());
    let group = Pid::from_raw(running.pid().cast_signed()).unwrap();
    let end = Instant::now() + WITHIN;
    while !running.ended(Duration::from_millis(1)) {
        assert!(Instant::now() < end, "still runs: {}", running.printed());
        let _ = kill_process_group(group, Signal::CHILD);
    }
    let status = running.status(WITHIN);
    assert!(
        status.success(),
        "{status}: {}",
        tail(&running.printed(), 25)
    );
    log
}

#[test]
fn make_goes_on() {
    if skipped() {
        return;
    }
    let mut server = Server::memfs();
    let mut arguments = vec!["0"];
    arguments.extend(left_out(&server));
    let host = tmpfs();
    let want = pestered(&host, "tools.sh", &arguments);
    let got = pestered(server.place(), "tools.sh", &arguments);
    same_lines("tools.sh", &got, &want);
    server.unmount();
}

#[test]
fn git_goes_on() {
    if skipped() {
        return;
    }
    if Command::new("git").arg("--version").output().is_err() {
        return say("SKIPPED: there is no git");
    }
    let mut server = Server::memfs();
    let host = tmpfs();
    let want = pestered(&host, "git.sh", &[]);
    let got = pestered(server.place(), "git.sh", &[]);
    same_lines("git.sh", &got, &want);
    server.unmount();
}
