//! Several mounts at once: of one process, and of several servers. Each is a file system of its own, and goes
//! without the others.

use crate::{
    server::{Place, Server, errno, umount},
    stage::{Build, around_memfs, skipped},
    together::{all_succeed, same_lines, tmpfs},
    trees::{command, left_out},
    wait::{LONG, mounted, until},
};
use rustix::process::Signal;
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

const STEPS: u64 = 5000;
const WITHIN: Duration = Duration::from_secs(60);

/// A process with two mounts; the second one is at the place.
fn two() -> (Server, Place) {
    let first = Place::new();
    let mut command = Command::new(around_memfs("tests/fuse/twofs.c", Build::Plain));
    command.arg(first.mnt());
    let server = Server::start(command, Place::new());
    (server, first)
}

/// The same work on all at once, and on a tmpfs; the results must be those of the tmpfs.
fn work(mounts: &[&Path], options: &[&str]) {
    let host = tmpfs();
    let commands = mounts.iter().copied().chain([host.mnt()]).enumerate();
    let logs: Vec<PathBuf> = (0..=mounts.len())
        .map(|n| host.beside(&format!("log{n}")))
        .collect();
    let commands = commands.map(|(n, mnt)| (command(options, mnt, 1, STEPS), logs[n].clone()));
    all_succeed(commands.collect(), WITHIN);
    for (n, mnt) in mounts.iter().enumerate() {
        same_lines(&mnt.display().to_string(), &logs[n], &logs[mounts.len()]);
    }
}

fn apart(one: &Path, other: &Path) {
    let device = |mnt| fs::metadata(mnt).unwrap().dev();
    assert_ne!(device(one), device(other));
    fs::write(one.join("only here"), "x").unwrap();
    assert_eq!(errno(fs::metadata(other.join("only here"))), libc::ENOENT);
    let moved = fs::rename(one.join("only here"), other.join("there"));
    assert_eq!(errno(moved), libc::EXDEV);
    fs::remove_file(one.join("only here")).unwrap();
}

#[test]
fn two_mounts_of_one_process() {
    if skipped() {
        return;
    }
    let (mut server, first) = two();
    let options = left_out(&server);
    work(&[first.mnt(), server.mnt()], &options);
    apart(first.mnt(), server.mnt());

    // One goes, the other stays.
    umount(first.mnt());
    fs::write(server.path("file"), "still there").unwrap();
    assert_eq!(fs::read(server.path("file")).unwrap(), b"still there");
    server.unmount();
}

#[test]
fn a_signal_ends_both() {
    if skipped() {
        return;
    }
    let (mut server, first) = two();
    fs::write(first.mnt().join("file"), "x").unwrap();
    server.signal(Signal::TERM);
    server.ends_cleanly();
    assert!(until(LONG, || !mounted(first.mnt())));
}

#[test]
fn a_killed_server_takes_nobody_with_it() {
    if skipped() {
        return;
    }
    let (mut killed, mut lives) = (Server::memfs(), Server::memfs());
    let (other, first) = two();
    let options = left_out(&lives);
    work(
        &[killed.mnt(), lives.mnt(), first.mnt(), other.mnt()],
        &options,
    );
    apart(lives.mnt(), other.mnt());
    killed.kill();
    errno(fs::metadata(killed.path("unseen")));
    apart(lives.mnt(), other.mnt());
    umount(killed.mnt());

    let mut other = other;
    umount(first.mnt());
    other.unmount();
    lives.unmount();
}
