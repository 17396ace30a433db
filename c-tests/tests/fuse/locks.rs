//! Locks that the server keeps: lockfs.c beside this file has one for fcntl and one for flock on each of two files.

use crate::{
    server::{Place, Server, errno},
    stage::{Build, program, skipped},
    wait::{LONG, Process, until},
};
use rustix::fs::{FlockOperation, fcntl_lock, flock};
use std::{
    fs::{self, File},
    io::{Seek, SeekFrom},
    os::{fd::AsRawFd, unix::thread::JoinHandleExt},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

fn lockfs() -> Server {
    let command = Command::new(program("tests/fuse/lockfs.c", Build::Plain));
    Server::start(command, Place::new())
}

fn open(path: &Path) -> File {
    File::options().read(true).write(true).open(path).unwrap()
}

fn log(server: &Server) -> String {
    fs::read_to_string(server.path("log")).unwrap()
}

/// How often the server noted these words.
fn noted(server: &Server, words: &str) -> usize {
    log(server).lines().filter(|line| *line == words).count()
}

/// Another process that holds or waits for the lock of flock(2) until it is killed.
fn holder(path: &Path) -> Child {
    // One process, which ends with its input at the latest.
    Command::new("flock")
        .arg("-F")
        .arg(path)
        .arg("cat")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    assert!(Process::open(child.id()).ended(LONG));
    child.wait().unwrap();
}

#[test]
fn fcntl_locks_are_the_servers() {
    if skipped() {
        return;
    }
    let mut server = lockfs();
    let file = open(&server.path("a"));
    fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_eq!(noted(&server, "lock a"), 1);
    // Who is it? Another process asks, since one does not stand in its own way.
    let script = "use Fcntl; open(F, '+<', $ARGV[0]); my $lock = pack('s s x4 q q i x4', F_WRLCK, 0, 0, 0, 0);\n\
                  my $wanted = $lock; fcntl(F, F_GETLK, $lock);\n\
                  print((unpack('s s x4 q q i', $lock))[4], \"\\n\");\n\
                  fcntl(F, F_SETLK, $wanted) or print \"taken\\n\";\n";
    let ask = |path: &Path| {
        let output = Command::new("perl").args(["-e", script]).arg(path).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(
        ask(&server.path("a")),
        format!("{}\ntaken\n", std::process::id())
    );
    assert_eq!(noted(&server, "free a"), 0);
    drop(file);
    assert!(
        until(LONG, || noted(&server, "free a") == 1),
        "a close gives them back"
    );
    assert_eq!(ask(&server.path("a")), "0\n");
    server.unmount();
}

#[test]
fn flock_waits_and_its_end_gives_the_lock_on() {
    if skipped() {
        return;
    }
    let mut server = lockfs();
    let file = open(&server.path("a"));
    flock(&file, FlockOperation::LockExclusive).unwrap();
    let other = open(&server.path("a"));
    let second = flock(&other, FlockOperation::NonBlockingLockExclusive);
    assert_eq!(second, Err(rustix::io::Errno::AGAIN));
    // Two wait; the one that is killed does not get it.
    let path = server.path("a");
    let dies = holder(&path);
    assert!(until(LONG, || noted(&server, "wait a flock") == 1));
    let lives = thread::spawn(move || {
        let file = open(&path);
        flock(&file, FlockOperation::LockExclusive).unwrap();
    });
    assert!(until(LONG, || noted(&server, "wait a flock") == 2));
    kill(dies);
    assert!(!lives.is_finished());
    flock(&file, FlockOperation::Unlock).unwrap();
    lives.join().unwrap();
    // All of them are given back: the first one, the one for the dead, and the last one with its file.
    assert!(until(LONG, || noted(&server, "free a flock") >= 2));
    assert!(until(LONG, || {
        flock(&other, FlockOperation::NonBlockingLockExclusive).is_ok()
    }));
    drop((file, other));
    server.unmount();
}

/// From the start to the end.
fn write_lock() -> libc::flock {
    // SAFETY: all zeroes is a value of this structure.
    let zeroes: libc::flock = unsafe { std::mem::zeroed() };
    libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        ..zeroes
    }
}

#[test]
fn locks_of_open_files_end_with_them() {
    if skipped() {
        return;
    }
    let mut server = lockfs();
    let file = open(&server.path("a"));
    let lock = write_lock();
    // SAFETY: the structure lives.
    let locked = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) };
    assert_eq!(locked, 0);
    let other = file.try_clone().unwrap();
    drop(file);
    let second = fcntl_lock(
        open(&server.path("a")),
        FlockOperation::NonBlockingLockExclusive,
    );
    assert_eq!(second, Err(rustix::io::Errno::AGAIN));
    drop(other);
    assert!(
        until(LONG, || noted(&server, "free a") == 1),
        "{}",
        log(&server)
    );
    server.unmount();
}

extern "C" fn handler(_: libc::c_int) {}

/// Calls that wait begin again after SIGUSR2.
fn handle_usr2() {
    // SAFETY: all zeroes is a value of this structure; the handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(
            libc::sigaction(libc::SIGUSR2, &raw const action, std::ptr::null_mut()),
            0
        );
    }
}

#[test]
fn who_asks_again_after_a_signal_keeps_what_he_gets() {
    if skipped() {
        return;
    }
    handle_usr2();
    let mut server = lockfs();
    // The server grants the first request first; or the second; or the second before the first is given back.
    for name in ["a", "b", "slow"] {
        let path = server.path(name);
        let noted = |what| noted(&server, &format!("{what} {name} flock"));
        let file = open(&path);
        flock(&file, FlockOperation::LockExclusive).unwrap();
        let waits = thread::spawn(move || {
            let file = open(&path);
            flock(&file, FlockOperation::LockExclusive).map(|()| file)
        });
        assert!(until(LONG, || noted("wait") == 1));
        // SAFETY: the thread runs until it is joined.
        unsafe { libc::pthread_kill(waits.as_pthread_t(), libc::SIGUSR2) };
        assert!(until(LONG, || noted("wait") == 2));
        flock(&file, FlockOperation::Unlock).unwrap();
        let other = waits.join().unwrap().unwrap();
        // Somebody asks for another lock of the file.
        let mut ask = write_lock();
        // SAFETY: the structure lives.
        let asked = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut ask) };
        assert_eq!((asked, ask.l_type), (0, libc::F_UNLCK as libc::c_short));
        assert!(until(LONG, || noted("lock") >= 3), "{}", log(&server));
        let second = flock(&file, FlockOperation::NonBlockingLockExclusive);
        assert_eq!(second, Err(rustix::io::Errno::AGAIN), "{}", log(&server));
        // And it ends with him.
        drop(other);
        assert!(until(LONG, || {
            flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        }));
    }
    server.unmount();
}

#[test]
fn a_holder_that_dies_holds_nothing() {
    if skipped() {
        return;
    }
    let mut server = lockfs();
    let dies = holder(&server.path("b"));
    assert!(until(LONG, || noted(&server, "lock b flock") == 1));
    kill(dies);
    assert!(
        until(LONG, || noted(&server, "free b flock") == 1),
        "{}",
        log(&server)
    );
    server.unmount();
}

#[test]
fn who_may_not_seek_has_a_stream_and_mappings_are_announced() {
    if skipped() {
        return;
    }
    let mut server = lockfs();
    let mut stream = File::open(server.path("stream")).unwrap();
    assert_eq!(errno(stream.seek(SeekFrom::Start(1))), libc::ESPIPE);
    drop(stream);
    let file = open(&server.path("b"));
    assert!(file.as_raw_fd() >= 0);
    assert_eq!(noted(&server, "map for writing b"), 1);
    drop(File::open(server.path("b")).unwrap());
    assert_eq!(noted(&server, "map b"), 1);
    drop(file);
    server.unmount();
}
