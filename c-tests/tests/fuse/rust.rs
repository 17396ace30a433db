//! `examples/memfs.rs`, a server over the trait of `puffs-server`: ordinary programs and random ones, kill -9 under load, and
//! every way to end. What the library does with panics is tested beside it.

use crate::{
    kills,
    random::Budget,
    server::{Place, Server, errno},
    stage::{rust_memfs, skipped},
    tools, trees,
};
use rustix::{
    mount::{UnmountFlags, unmount},
    process::Signal,
};
use std::{
    fs::{self, File},
    os::unix::fs::MetadataExt,
    process::{Command, Stdio},
};

fn memfs() -> Server {
    Server::start(rust_memfs(), Place::new())
}

#[test]
fn programs_do_the_same_as_on_tmpfs() {
    if skipped() {
        return;
    }
    tools::compare(memfs());
}

#[test]
fn each_in_its_own_tree() {
    if skipped() {
        return;
    }
    trees::apart(memfs(), Budget::new(20_000).steps());
}

#[test]
fn all_in_one_tree() {
    if skipped() {
        return;
    }
    trees::together(memfs(), Budget::new(20_000).steps());
}

#[test]
fn killed_at_any_moment() {
    if skipped() {
        return;
    }
    kills::rounds(15, |_| memfs());
}

#[test]
fn ended_by_umount() {
    if skipped() {
        return;
    }
    memfs().unmount();
    let mut server = memfs();
    fs::create_dir_all(server.path("a/b")).unwrap();
    fs::write(server.path("a/b/file"), vec![7; 100_000]).unwrap();
    let file = File::open(server.path("a/b/file")).unwrap();
    let busy = unmount(server.mnt(), UnmountFlags::empty());
    assert_eq!(busy, Err(rustix::io::Errno::BUSY));
    assert_eq!(file.metadata().unwrap().size(), 100_000);
    drop(file);
    server.unmount();
}

#[test]
fn ended_by_signal() {
    if skipped() {
        return;
    }
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        let mut server = memfs();
        fs::write(server.path("file"), "x").unwrap();
        let file = File::open(server.path("file")).unwrap();
        // The unmount is forced: it does not wait for whoever holds a file.
        server.signal(signal);
        server.ends_cleanly();
        let error = errno(file.metadata());
        let gone = [libc::ENOTCONN, libc::EIO, libc::ECONNABORTED];
        assert!(gone.contains(&error), "errno {error}");
    }
}

#[test]
fn called_wrongly_it_says_so() {
    let said = |arguments: &[&str]| {
        let output = rust_memfs()
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let none = "/there/is/none";
    let wrong = [
        &[][..],
        &["-s", "12x", none],
        &["-s", "99999999999g", none],
        &["-x", "1", none],
        &[none, none, none, none],
    ];
    for arguments in wrong {
        assert!(said(arguments).starts_with("usage: "), "{arguments:?}");
    }
    assert!(said(&[none]).contains(none));
}

#[test]
fn what_is_copied_is_there() {
    if skipped() {
        return;
    }
    let mut server = memfs();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../puffs-user");
    let run = |program: &str, first: &str| {
        let mut command = Command::new(program);
        command.args([first, source]).arg(server.path("copy"));
        command.status().unwrap()
    };
    assert!(run("cp", "-a").success());
    assert!(run("diff", "-r").success());
    server.unmount();
}
