//! Descriptors that epoll does not watch, such as those of regular files, which are always ready.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::rc::Rc;

use core::ffi::c_int;

use super::rig::{BOTH, HOOKS, Rig, answer, frame, framed, log, logged, take};
use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::frame::{Framebuf, Hooks, enqueue_cc, enqueue_directsend, enqueue_waitevent};
use crate::usermount::Usermount;

const READ: i32 = PUFFS_FBIO_READ;
const WRITE: i32 = PUFFS_FBIO_WRITE;

/// A file with these bytes, to be read from the beginning.
fn file(bytes: &[u8]) -> File {
    // SAFETY: a C string; the descriptor is nobody else's.
    let mut file = unsafe {
        let fd = libc::memfd_create(c"frames".as_ptr(), libc::MFD_CLOEXEC);
        assert!(fd >= 0);
        File::from_raw_fd(fd)
    };
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    file
}

/// The end of a descriptor is that of the file system.
unsafe extern "C" fn ends(pu: *mut Usermount, _: c_int, what: c_int) {
    log(format!("closed {what}"));
    // SAFETY: the context lives.
    unsafe { (*pu).exit().unwrap() };
}

#[test]
fn frames_are_read_to_the_end_of_a_file() {
    let rig = Rig::new();
    let notify = Some(ends as unsafe extern "C" fn(_, _, _));
    rig.pu.set_frame_hooks(Hooks { notify, ..HOOKS });
    // More than are read in one go.
    let frames: Vec<_> = (0..200).flat_map(|n| frame(0, &format!("{n}"))).collect();
    let file = file(&frames);
    assert_eq!(rig.pu.add_fd(file.as_raw_fd(), READ), Ok(()));
    rig.run();
    let read = (0..200).map(|n| format!("got {n}"));
    let wanted: Vec<_> = read.chain(["closed 1".into()]).collect();
    assert_eq!(logged(), wanted);
}

/// Takes a byte for a frame.
unsafe extern "C" fn a_byte(
    _: *mut Usermount,
    _: *mut Framebuf,
    fd: c_int,
    done: *mut c_int,
) -> c_int {
    let mut byte = 0_u8;
    // SAFETY: room for a byte, and the library's own.
    unsafe { *done = libc::read(fd, (&raw mut byte).cast(), 1) as c_int };
    0
}

#[test]
fn what_has_no_end_keeps_nobody() {
    let rig = Rig::new();
    let zeroes = File::open("/dev/zero").unwrap();
    let read = Some(a_byte as unsafe extern "C" fn(_, _, _, _) -> _);
    let (cmp, got) = (None, None);
    rig.pu.set_frame_hooks(Hooks {
        read,
        cmp,
        got,
        ..HOOKS
    });
    assert_eq!(rig.pu.add_fd(zeroes.as_raw_fd(), READ), Ok(()));
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.last(move |_, cc| {
        for n in 0..10 {
            enqueue_directsend(cc, fd, framed(n, "ask"), 0).unwrap();
            assert_eq!(take(&mut peer), (n, "ask".into()));
            answer(&mut peer, n, "x");
            assert_eq!(enqueue_waitevent(cc, fd, READ), Ok(READ));
            let mut answered = [0; 3];
            // SAFETY: room for three bytes.
            let n = unsafe { libc::read(fd, answered.as_mut_ptr().cast(), 3) };
            assert_eq!(n, 3);
        }
    });
    rig.run();
}

#[test]
fn who_waits_for_it_goes_on() {
    let rig = Rig::new();
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .unwrap();
    let fd = null.as_raw_fd();
    assert_eq!(rig.pu.add_fd(fd, 0), Ok(()));
    rig.last(move |pu, cc| {
        for what in [READ, WRITE, BOTH] {
            assert_eq!(enqueue_waitevent(cc, fd, what), Ok(what));
        }
        // When nobody does, the main loop sleeps.
        let (ours, mut peer) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        pu.add_fd(ours.as_raw_fd(), BOTH).unwrap();
        answer(&mut peer, 1, "x");
        enqueue_cc(cc, ours.as_raw_fd(), framed(1, "ask"), 0).unwrap();
        assert_eq!(pu.frames().always_ready(), []);
        pu.remove_fd(ours.as_raw_fd(), 0).unwrap();
        pu.remove_fd(fd, 0).unwrap();
    });
    rig.run();
    drop(null);
}

#[test]
fn frames_are_written_to_a_file() {
    let rig = Rig::new();
    let file = Rc::new(file(b""));
    let fd = file.as_raw_fd();
    assert_eq!(rig.pu.add_fd(fd, WRITE), Ok(()));
    rig.last(move |_, cc| {
        for n in 0..100 {
            enqueue_directsend(cc, fd, framed(n, "text"), 0).unwrap();
        }
    });
    rig.run();
    let mut all = Vec::new();
    (&*file).rewind().unwrap();
    (&*file).read_to_end(&mut all).unwrap();
    let wanted: Vec<_> = (0..100).flat_map(|n| frame(n, "text")).collect();
    assert_eq!(all, wanted);
}

/// The file behind one number takes the place of that behind another.
fn replace(fd: RawFd, by: RawFd) {
    // SAFETY: numbers only, of descriptors of the test's own.
    assert_eq!(unsafe { libc::dup2(by, fd) }, fd);
}

#[test]
fn another_file_may_take_its_place() {
    let rig = Rig::new();
    let (ours, peer) = rig.pair(0);
    let fd = ours.as_raw_fd();
    rig.last(move |pu, cc| {
        let socket = ours.try_clone().unwrap();
        let file = file(b"");
        for _ in 0..3 {
            // There is nothing to be read.
            assert_eq!(enqueue_waitevent(cc, fd, BOTH), Ok(WRITE));
            replace(fd, file.as_raw_fd());
            pu.enable_fd(fd, 0).unwrap();
            assert_eq!(enqueue_waitevent(cc, fd, BOTH), Ok(BOTH));
            replace(fd, socket.as_raw_fd());
            pu.enable_fd(fd, 0).unwrap();
        }
        drop(peer);
    });
    rig.run();
}
