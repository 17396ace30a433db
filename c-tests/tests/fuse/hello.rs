//! The smallest server, as it stands in the README.

use crate::{
    server::{Place, Server, errno, finish},
    stage::{Build, hello, skipped},
    wait::mounted,
};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, MetadataExt},
    process::Command,
};

fn start() -> Server {
    Server::start(Command::new(hello(Build::Plain)), Place::new())
}

/// What a program prints, which must succeed.
fn output(server: &Server, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(server.mnt());
    let output = finish(&mut command);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn programs_see_the_file() {
    if skipped() {
        return;
    }
    let mut server = start();
    assert_eq!(output(&server, "cat", &["hello"]), "hello, world\n");
    assert_eq!(output(&server, "ls", &["-a"]), ".\n..\nhello\n");
    let stat = ["-c", "%n %F %a %s", ".", "hello"];
    let expected = ". directory 555 0\nhello regular file 444 13\n";
    assert_eq!(output(&server, "stat", &stat), expected);
    assert_eq!(output(&server, "wc", &["-c", "hello"]), "13 hello\n");

    let file = File::open(server.path("hello")).unwrap();
    let mut bytes = [0; 20];
    assert_eq!(file.read_at(&mut bytes, 7).unwrap(), 6);
    assert_eq!(&bytes[..6], b"world\n");
    assert_eq!(file.read_at(&mut bytes, 13).unwrap(), 0);
    drop(file);
    assert_eq!(fs::metadata(server.path("hello")).unwrap().nlink(), 1);
    server.unmount();
}

#[test]
fn nothing_can_be_changed() {
    if skipped() {
        return;
    }
    let mut server = start();
    assert_eq!(errno(fs::read(server.path("none"))), libc::ENOENT);
    assert_eq!(errno(fs::write(server.path("hello"), "x")), libc::EROFS);
    let refused = [libc::EROFS, libc::EOPNOTSUPP];
    for result in [
        fs::write(server.path("new"), ""),
        fs::create_dir(server.path("new")),
        fs::remove_file(server.path("hello")),
        fs::rename(server.path("hello"), server.path("new")),
    ] {
        let errno = errno(result);
        assert!(refused.contains(&errno), "errno {errno}");
    }
    assert_eq!(fs::read(server.path("hello")).unwrap(), b"hello, world\n");
    server.unmount();
}

#[test]
fn an_interrupt_unmounts() {
    if skipped() {
        return;
    }
    let mut server = start();
    assert_eq!(fs::read(server.path("hello")).unwrap(), b"hello, world\n");
    server.signal(Signal::INT);
    server.ends_cleanly();
}

#[test]
fn called_wrongly_it_says_so() {
    if skipped() {
        return;
    }
    let place = Place::new();
    let none = place.beside("none");
    for (arguments, message) in [
        (vec![], "usage: hello directory"),
        (vec![place.mnt(), place.mnt()], "usage: hello directory"),
        (vec![&*none], "No such file or directory"),
    ] {
        let mut command = Command::new(hello(Build::Plain));
        let output = finish(command.args(arguments).env("LC_ALL", "C"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
        assert!(!mounted(place.mnt()));
    }
}
