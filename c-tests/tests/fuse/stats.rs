//! `PUFFS_STATS`: the table of what a server did.

use crate::{
    server::{Place, Server},
    stage::{Build, memfs, program, skipped},
};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};

/// A program that serves in the foreground, with `PUFFS_STATS`.
fn start(mut command: Command, stats: impl AsRef<std::ffi::OsStr>, place: Place) -> Server {
    command.env("PUFFS_STATS", stats);
    Server::start(command, place)
}

fn foreground() -> Command {
    let mut command = Command::new(memfs(Build::Plain));
    command.arg("-s");
    command
}

/// The figures behind an operation's name: count, errors, then mean, median, 99th percentile and maximum.
#[track_caller]
fn figures(table: &str, operation: &str) -> Vec<f64> {
    let line = table
        .lines()
        .find(|line| line.split(' ').next() == Some(operation))
        .unwrap_or_else(|| panic!("{operation} is not in {table}"));
    let figures: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .map(|word| word.parse().unwrap())
        .collect();
    assert_eq!(figures.len(), 6, "{line}");
    figures
}

fn work(at: &Path) {
    for n in 0..20 {
        fs::write(at.join(format!("file{n}")), "some text").unwrap();
        assert!(!at.join(format!("absent{n}")).exists());
    }
    fs::create_dir(at.join("dir")).unwrap();
}

#[track_caller]
fn check(table: &str) {
    for (operation, count, errors) in [("create", 20., 0.), ("write", 20., 0.), ("mkdir", 1., 0.)] {
        assert_eq!(figures(table, operation)[..2], [count, errors], "{table}");
    }
    let lookup = figures(table, "lookup");
    assert!(lookup[0] >= 41. && lookup[1] >= 41., "{table}");
    let [mean, median, high, max] = lookup[2..] else {
        panic!("{table}")
    };
    assert!(0. < median && median <= high && high <= max, "{table}");
    assert!(0. < mean && mean <= max, "{table}");
}

#[test]
fn a_file_gets_the_table() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let file = place.beside("stats");
    let mut server = start(foreground(), &file, place);
    work(server.mnt());
    assert!(!file.exists(), "it comes at the end");
    server.unmount();
    let table = fs::read_to_string(&file).unwrap();
    let head = format!("puffs: operations of memfs, process {}", server.pid());
    assert!(table.starts_with(&head), "{table}");
    check(&table);
    assert_eq!(server.log(), "");
}

#[test]
fn stderr_gets_the_table() {
    if skipped() {
        return;
    }
    let mut server = start(foreground(), "1", Place::new());
    work(server.mnt());
    server.unmount();
    check(&server.log());
}

#[test]
fn nobody_gets_the_table_unasked() {
    if skipped() {
        return;
    }
    let mut server = start(foreground(), "", Place::new());
    work(server.mnt());
    server.unmount();
    assert_eq!(server.log(), "");
}

#[test]
fn a_file_below_the_mount_point_is_below_the_mount() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let file = place.mnt().join("stats");
    let mut server = start(foreground(), &file, place);
    work(server.mnt());
    crate::server::umount(server.mnt());
    assert!(server.status().success(), "{}", server.log());
    check(&fs::read_to_string(&file).unwrap());
    assert_ne!(fs::metadata(&file).unwrap().size(), 0);
}

#[test]
fn where_no_file_can_be_the_server_goes_on() {
    if skipped() {
        return;
    }
    let mut server = start(foreground(), "/nowhere/stats", Place::new());
    work(server.mnt());
    server.unmount();
    let log = server.log();
    assert!(
        log.contains("PUFFS_STATS: /nowhere/stats: No such file"),
        "{log}"
    );
}

#[test]
fn what_is_left_in_its_middle_takes_until_its_end() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let file = place.beside("stats");
    let waitfs = Command::new(program("tests/fuse/waitfs.c", Build::Plain));
    let mut server = start(waitfs, &file, place);
    let later = server.path("later");
    let start = Instant::now();
    let reader = thread::spawn(move || fs::read(later).unwrap());
    let waiting = || fs::read_to_string(server.path("log")).unwrap();
    assert!(crate::wait::until(crate::wait::LONG, || {
        waiting().starts_with("waiting 1 ")
    }));
    // It waits for so long at least, since others are served meanwhile.
    let begun = Instant::now();
    assert!(crate::wait::until(crate::wait::LONG, || {
        waiting();
        begun.elapsed() > Duration::from_millis(50)
    }));
    fs::write(server.path("go"), "continue").unwrap();
    reader.join().unwrap();
    let whole = start.elapsed().as_micros() as f64;
    server.unmount();
    let table = fs::read_to_string(&file).unwrap();
    let read = figures(&table, "read");
    assert!(read[5] >= 50_000. && read[5] <= whole * 1.01, "{table}");
    assert!(read[3] < 50_000., "{table}");
}
