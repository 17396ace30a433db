//! Requests that wait for events, and read and write by themselves.

use std::io::{Read, Write, pipe};
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use std::thread;

use super::rig::{BOTH, Rig, answer, framed, log, logged, take};
use crate::c::consts::{PUFFS_FBIO_ERROR, PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::frame::{FrameError, enqueue_cc, enqueue_directsend, enqueue_waitevent};

const READ: i32 = PUFFS_FBIO_READ;
const WRITE: i32 = PUFFS_FBIO_WRITE;
const ERROR: i32 = PUFFS_FBIO_ERROR;

fn read_byte(fd: RawFd) -> u8 {
    let mut byte = [0_u8];
    // SAFETY: room for a byte.
    assert_eq!(unsafe { libc::read(fd, byte.as_mut_ptr().cast(), 1) }, 1);
    byte[0]
}

#[test]
fn events_come_whether_sides_are_polled_or_not() {
    for enabled in [0, READ, WRITE, BOTH] {
        let rig = Rig::new();
        let (ours, mut peer) = rig.pair(enabled);
        let fd = ours.as_raw_fd();
        rig.last(move |_, cc| {
            peer.write_all(b"ab").unwrap();
            for byte in *b"ab" {
                assert_eq!(enqueue_waitevent(cc, fd, READ), Ok(READ));
                // The library has not read it, though it would when nobody waits.
                assert_eq!(read_byte(fd), byte);
            }
            assert_eq!(enqueue_waitevent(cc, fd, WRITE), Ok(WRITE));
            assert_eq!(enqueue_waitevent(cc, fd, WRITE | READ), Ok(WRITE));
        });
        rig.run();
    }
}

#[test]
fn who_waits_goes_on_when_it_happens_and_not_before() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(0);
    let (other, mut second) = rig.pair(BOTH);
    let (fd, other) = (ours.as_raw_fd(), other.as_raw_fd());
    for n in 0..2 {
        let kernel = Rc::clone(&rig.kernel);
        rig.request(move |_, cc| {
            assert_eq!(enqueue_waitevent(cc, fd, READ), Ok(READ));
            log(format!("event {n}"));
            if n == 1 {
                read_byte(fd);
                kernel.stop();
            }
        });
    }
    rig.request(move |_, cc| {
        enqueue_cc(cc, other, framed(1, "x"), 0).unwrap();
        log("before");
        enqueue_directsend(cc, other, framed(2, "y"), 0).unwrap();
    });
    let peer = thread::spawn(move || {
        take(&mut second);
        answer(&mut second, 1, "x");
        take(&mut second);
        peer.write_all(b"!").unwrap();
        (peer, second)
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["before", "event 0", "event 1"]);
}

#[test]
fn the_peers_end_is_something_to_read_and_otherwise_an_error() {
    for (wanted, happened) in [(READ, READ), (READ | WRITE, READ | WRITE), (ERROR, ERROR)] {
        let rig = Rig::new();
        let (ours, peer) = rig.pair(0);
        let fd = ours.as_raw_fd();
        drop(peer);
        rig.last(move |_, cc| {
            assert_eq!(enqueue_waitevent(cc, fd, wanted), Ok(happened));
        });
        rig.run();
        // No side was polled, so none has closed.
        assert_eq!(logged(), Vec::<String>::new());
    }
}

#[test]
fn an_error_counts_whatever_was_wanted() {
    // Nobody reads what is written to it.
    for wanted in [READ, ERROR] {
        let rig = Rig::new();
        let (reader, writer) = pipe().unwrap();
        let fd = writer.as_raw_fd();
        rig.pu.add_fd(fd, 0).unwrap();
        drop(reader);
        rig.last(move |_, cc| {
            assert_eq!(enqueue_waitevent(cc, fd, wanted), Ok(ERROR));
        });
        rig.run();
    }
}

#[test]
fn frames_go_out_while_somebody_waits_to_read() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.last(move |_, cc| {
        assert_eq!(enqueue_waitevent(cc, fd, READ), Ok(READ));
        assert_eq!(read_byte(fd), b'x');
    });
    rig.pu
        .enqueue_justsend(fd, framed(1, "a"), false, 0)
        .unwrap();
    let peer = thread::spawn(move || {
        take(&mut peer);
        peer.write_all(b"x").unwrap();
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
    });
    rig.run();
    drop(ours);
    peer.join().unwrap();
}

#[test]
fn waiting_fails_when_the_descriptor_goes() {
    let rig = Rig::new();
    let (ours, _peer) = rig.pair(0);
    let fd = ours.as_raw_fd();
    for n in 0..2 {
        rig.request(move |_, cc| {
            let result = enqueue_waitevent(cc, fd, READ);
            assert_eq!(result, Err(FrameError::Failed(libc::EIO)));
            let again = enqueue_waitevent(cc, fd, READ);
            assert_eq!(again, Err(FrameError::NoDescriptor));
            log(format!("{n}"));
        });
    }
    rig.last(move |pu, cc| {
        for what in [0, 8, READ | 8] {
            let result = enqueue_waitevent(cc, fd, what);
            assert!(matches!(result, Err(FrameError::Misuse(_))), "{what}");
        }
        pu.remove_fd(fd, libc::EIO).unwrap();
    });
    rig.run();
    assert_eq!(logged(), ["0", "1", "closed 1", "closed 3"]);
}
