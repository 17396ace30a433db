//! Every way a mount ends while the server is well: each leaves no mount and no process, and the
//! server's exit status is 0.

use crate::{
    each::{Fs, on_each},
    server::{Place, Server, errno, umount},
    stage::{Build, program, skipped},
    wait::{LONG, until},
};
use rustix::{
    io::Errno,
    mount::{UnmountFlags, unmount},
    process::Signal,
};
use std::{
    fs::{self, File},
    io::Read,
    process::{Command, Stdio},
};

on_each! {
    by_umount
    by_signal
    as_soon_as_it_is_mounted
    by_signal_with_a_file_open
    by_signal_in_the_middle_of_a_copy
    not_while_busy
    lazily
    by_force
}

fn by_umount(on: Fs) {
    let mut server = on.start();
    let program = || Command::new("umount").arg(server.mnt()).status().unwrap();
    assert!(until(LONG, || program().success()));
    server.ends_cleanly();

    // With files on it, and the same place again.
    let mut server = on.start();
    fs::create_dir_all(server.path("a/b/c")).unwrap();
    fs::write(server.path("a/b/c/file"), vec![7; 100_000]).unwrap();
    server.unmount();
    let mut command = on.command();
    let below = server.place().beside("below");
    if on == Fs::Nullfs {
        fs::create_dir(&below).unwrap();
        command.arg(&below);
    }
    let again = server.place().mnt().to_owned();
    let mut child = command.arg(&again).stderr(Stdio::null()).spawn().unwrap();
    assert!(until(LONG, || crate::wait::mounted(&again)));
    assert_eq!(fs::read_dir(&again).unwrap().count(), 0);
    umount(&again);
    assert!(child.wait().unwrap().success());
}

fn by_signal(on: Fs) {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut server = on.start();
        server.signal(signal);
        server.ends_cleanly();

        let mut server = on.start();
        fs::write(server.path("file"), "x").unwrap();
        server.signal(signal);
        server.ends_cleanly();
    }
}

fn as_soon_as_it_is_mounted(on: Fs) {
    // The mount is seen before the server's own call has returned.
    for _ in 0..on.amount(15, 4) {
        on.start().unmount();
        let mut server = on.start();
        server.signal(Signal::TERM);
        server.ends_cleanly();
    }
}

fn by_signal_with_a_file_open(on: Fs) {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut server = on.start();
        fs::write(server.path("file"), vec![1; 1 << 20]).unwrap();
        let mut file = File::open(server.path("file")).unwrap();
        file.read_exact(&mut [0; 10]).unwrap();
        // The unmount is forced: it does not wait for whoever holds a file.
        server.signal(signal);
        server.ends_cleanly();
        let error = errno(file.metadata());
        assert!(
            [libc::ENOTCONN, libc::EIO, libc::ECONNABORTED].contains(&error),
            "errno {error}"
        );
    }
}

fn by_signal_in_the_middle_of_a_copy(on: Fs) {
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = on.start();
        let mut copy = Command::new("dd")
            .args(["if=/dev/zero", "bs=64k", "count=100000"])
            .arg(format!("of={}", server.path("file").display()))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let size = || fs::metadata(server.path("file")).map_or(0, |meta| meta.len());
        assert!(until(LONG, || size() > 1 << 20));
        server.signal(signal);
        server.ends_cleanly();
        assert!(
            !copy.wait().unwrap().success(),
            "the copy cannot have succeeded"
        );
    }
}

fn not_while_busy(on: Fs) {
    let mut server = on.start();
    fs::write(server.path("file"), "still here").unwrap();
    let file = File::open(server.path("file")).unwrap();
    assert_eq!(
        unmount(server.mnt(), UnmountFlags::empty()),
        Err(Errno::BUSY)
    );
    assert_eq!(fs::read(server.path("file")).unwrap(), b"still here");
    drop(file);
    server.unmount();
}

fn lazily(on: Fs) {
    let mut server = on.start();
    fs::write(server.path("file"), "still here").unwrap();
    let mut file = File::open(server.path("file")).unwrap();
    unmount(server.mnt(), UnmountFlags::DETACH).unwrap();
    // The name is gone, the file is not; the server ends when nobody needs it any more.
    assert_eq!(fs::read_dir(server.mnt()).unwrap().count(), 0);
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "still here");
    drop(file);
    server.ends_cleanly();
}

fn by_force(on: Fs) {
    let mut server = on.start();
    fs::write(server.path("file"), "x").unwrap();
    unmount(server.mnt(), UnmountFlags::FORCE).unwrap();
    server.ends_cleanly();
}

#[test]
fn by_the_server_itself() {
    if skipped() {
        return;
    }
    let exitfs = |when: &str| {
        let mut command = Command::new(program("tests/fuse/exitfs.c", Build::Plain));
        command.arg(when);
        command
    };
    // From inside an operation, whose caller is answered or gets an error.
    let mut server = Server::start(exitfs("op"), Place::new());
    assert!(fs::metadata(server.path("file")).unwrap().is_file());
    errno(fs::metadata(server.path("exit")));
    server.ends_cleanly();

    // After the loop it is harmless.
    let mut server = Server::start(exitfs("after"), Place::new());
    server.unmount();

    // Before the mount as well: the program just ends.
    let place = Place::new();
    let status = exitfs("before").arg(place.mnt()).status().unwrap();
    assert!(status.success());
    assert!(!crate::wait::mounted(place.mnt()));
}
