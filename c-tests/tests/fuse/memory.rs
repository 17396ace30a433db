//! memfs and hello under valgrind and under AddressSanitizer: no error, no leak.

use crate::{
    server::{Place, Server},
    stage::{Build, hello, memfs, skipped},
};
use rustix::{
    fs::{CWD, FallocateFlags, FileType, XattrFlags, fallocate, mknodat},
    io::Errno,
    mm::{MapFlags, MsyncFlags, ProtFlags, mmap, msync, munmap},
    process::Signal,
};
use std::{
    fs::{self, OpenOptions},
    os::unix::fs::{FileExt, symlink},
    path::PathBuf,
    process::Command,
    ptr,
};

/// A bit of everything, so that every operation allocates and frees.
fn work(server: &Server) {
    fs::create_dir_all(server.path("a/b")).unwrap();
    for n in 0..50 {
        fs::write(
            server.path(&format!("a/file{n}")),
            vec![n; 200 * usize::from(n)],
        )
        .unwrap();
    }
    assert_eq!(fs::read_dir(server.path("a")).unwrap().count(), 51);
    for n in (0..50).step_by(2) {
        fs::remove_file(server.path(&format!("a/file{n}"))).unwrap();
    }
    fs::rename(server.path("a/file1"), server.path("a/file3")).unwrap();
    fs::rename(server.path("a"), server.path("moved")).unwrap();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(server.path("moved/file5"))
        .unwrap();
    file.write_all_at(&[1; 10_000], 1 << 33).unwrap();
    file.set_len(100).unwrap();
    fs::remove_file(server.path("moved/file5")).unwrap();
    file.write_all_at(&[2; 5000], 50).unwrap();
    drop(file);
    assert!(fs::metadata(server.path("none")).is_err());
    assert!(fs::remove_dir(server.path("moved")).is_err());
    fs::remove_dir(server.path("moved/b")).unwrap();
    nodes(server);
    contents(server);
    attributes(server);
    rustix::fs::statvfs(server.mnt()).unwrap();
}

/// All kinds, with links, and renamed over each other. Some stay until the end.
fn nodes(server: &Server) {
    let at = |name: &str| server.path(name);
    for (name, kind) in [
        ("fifo", FileType::Fifo),
        ("socket", FileType::Socket),
        ("char", FileType::CharacterDevice),
        ("block", FileType::BlockDevice),
    ] {
        mknodat(CWD, at(name), kind, 0o600.into(), libc::makedev(1, 3)).unwrap();
        fs::hard_link(at(name), at(&format!("{name}2"))).unwrap();
    }
    symlink("char", at("symlink")).unwrap();
    symlink("t".repeat(4095), at("long")).unwrap();
    fs::write(at("symlink"), "into nothing").unwrap();
    assert_eq!(fs::read_link(at("long")).unwrap().as_os_str().len(), 4095);
    fs::rename(at("fifo"), at("socket")).unwrap();
    fs::rename(at("long"), at("block")).unwrap();
    fs::remove_file(at("block2")).unwrap();
    fs::create_dir_all(at("from/below")).unwrap();
    fs::create_dir_all(at("to/empty")).unwrap();
    fs::rename(at("from/below"), at("to/empty")).unwrap();
    fs::rename(at("from"), at("to/empty/from")).unwrap();
    assert!(fs::hard_link(at("fifo2"), at("char")).is_err());
    assert!(symlink("x", at("char")).is_err());
    assert!(fs::rename(at("to"), at("to/empty/to")).is_err());
}

/// A mapping, and holes made in three ways.
fn contents(server: &Server) {
    const LEN: usize = 100_000;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let file = options.open(server.path("mapped")).unwrap();
    file.set_len(LEN as u64).unwrap();
    // SAFETY: a new mapping, of a file that keeps its length meanwhile; nobody else has it.
    unsafe {
        let prot = ProtFlags::READ | ProtFlags::WRITE;
        let map = mmap(ptr::null_mut(), LEN, prot, MapFlags::SHARED, &file, 0).unwrap();
        map.cast::<u8>().add(50_000).write(7);
        msync(map, LEN, MsyncFlags::SYNC).unwrap();
        munmap(map, LEN).unwrap();
    }
    assert_eq!(fs::read(server.path("mapped")).unwrap()[50_000], 7);
    file.write_all_at(b"far", 1 << 40).unwrap();
    file.set_len(60_000).unwrap();
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    for (mode, offset) in [(FallocateFlags::empty(), 58_000), (hole, 1000)] {
        fallocate(&file, mode, offset, 50_000).unwrap();
    }
}

fn attributes(server: &Server) {
    let path = server.path("mapped");
    let set =
        |name: &str, value: &[u8]| rustix::fs::setxattr(&path, name, value, XattrFlags::empty());
    set("user.one", b"value").unwrap();
    set("user.one", &[1; 5000]).unwrap();
    set("user.empty", b"").unwrap();
    set("trusted.two", b"2").unwrap();
    let mut room = [0; 100];
    let len = rustix::fs::listxattr(&path, &mut room).unwrap();
    assert_eq!(len, "user.one user.empty trusted.two ".len());
    let value = rustix::fs::getxattr(&path, "trusted.two", &mut room);
    assert_eq!((value, room[0]), (Ok(1), b'2'));
    rustix::fs::removexattr(&path, "user.empty").unwrap();
    let gone = rustix::fs::getxattr(&path, "user.empty", &mut room);
    assert_eq!(gone, Err(Errno::NODATA));
}

/// The one file of hello.
fn read_only(server: &Server) {
    let hello = server.path("hello");
    assert_eq!(fs::read(&hello).unwrap(), b"hello, world\n");
    assert_eq!(fs::read_dir(server.mnt()).unwrap().count(), 1);
    assert!(fs::write(&hello, "x").is_err());
    assert!(fs::metadata(server.path("none")).is_err());
}

/// Works, then ends the server both ways; each must be clean.
fn check(command: impl Fn() -> Command, work: fn(&Server)) {
    let mut server = Server::start(command(), Place::new());
    work(&server);
    server.unmount();
    let mut server = Server::start(command(), Place::new());
    work(&server);
    server.signal(Signal::INT);
    server.ends_cleanly();
}

fn valgrind(program: &PathBuf, arguments: &[&str]) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["-q", "--leak-check=full", "--error-exitcode=99"]);
    command.arg("--errors-for-leak-kinds=definite,indirect,possible");
    command.arg("--show-leak-kinds=definite,indirect,possible");
    command.arg(program).args(arguments);
    command
}

fn sanitized(program: &PathBuf, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .env("ASAN_OPTIONS", "detect_leaks=1:exitcode=99")
        .args(arguments);
    command
}

#[test]
fn valgrind_finds_nothing() {
    if skipped() {
        return;
    }
    let program = memfs(Build::Plain);
    check(|| valgrind(&program, &["-s"]), work);
}

#[test]
fn valgrind_finds_nothing_in_hello() {
    if skipped() {
        return;
    }
    let program = hello(Build::Plain);
    check(|| valgrind(&program, &[]), read_only);
}

#[test]
fn address_sanitizer_finds_nothing() {
    if skipped() {
        return;
    }
    let program = memfs(Build::Asan);
    check(|| sanitized(&program, &["-s"]), work);
}

#[test]
fn address_sanitizer_finds_nothing_in_hello() {
    if skipped() {
        return;
    }
    let program = hello(Build::Asan);
    check(|| sanitized(&program, &[]), read_only);
}
