//! Signals with handlers, as fast as they come, while files are worked with: what works on a tmpfs works here.

use crate::{
    each::{Fs, on_each},
    random::say,
    server::Place,
    stage::{Build, program, skipped},
    together::{Running, all_succeed, same_lines, tail, tmpfs},
    trees::{left_out, nocache},
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

on_each! {
    nothing_is_interrupted
    make_goes_on
    git_goes_on;
    nothing_is_interrupted_that_has_to_wait
}

/// Runs the program some times at once, with both kinds of handlers.
fn bothered(place: &Place, options: &[&str], turns: u64) {
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

fn nothing_is_interrupted(on: Fs) {
    let mut server = on.start();
    bothered(server.place(), &[], on.amount(40, 20));
    server.unmount();
}

#[test]
fn nothing_is_interrupted_without_page_cache() {
    if skipped() {
        return;
    }
    bothered(&tmpfs(), &[], 20);
    let mut server = nocache();
    bothered(server.place(), &["-m"], 40);
    server.unmount();
}

fn nothing_is_interrupted_that_has_to_wait(on: Fs) {
    let mut server = on.variant("tests/fuse/slowfs.c");
    bothered(server.place(), &[], 3);
    server.unmount();
    let mut server = on.variant("tests/fuse/yieldfs.c");
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

fn make_goes_on(on: Fs) {
    let mut server = on.start();
    let mut arguments = vec!["0"];
    arguments.extend(left_out(&server));
    let host = tmpfs();
    let want = pestered(&host, "tools.sh", &arguments);
    let got = pestered(server.place(), "tools.sh", &arguments);
    same_lines("tools.sh", &got, &want);
    server.unmount();
}

fn git_goes_on(on: Fs) {
    if Command::new("git").arg("--version").output().is_err() {
        return say("SKIPPED: there is no git");
    }
    let mut server = on.start();
    let host = tmpfs();
    let want = pestered(&host, "git.sh", &[]);
    let got = pestered(server.place(), "git.sh", &[]);
    same_lines("git.sh", &got, &want);
    server.unmount();
}
