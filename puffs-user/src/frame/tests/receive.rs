//! Frames that a request receives into a buffer of its own.

use std::cell::Cell;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::thread;

use super::rig::{BOTH, POISON, POISONED, Rig, answer, contents, frame, framed, log, logged, take};
use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::frame::{FrameError, Framebuf, enqueue_cc, enqueue_directreceive, enqueue_directsend};

#[test]
fn a_frame_is_received_into_this_very_buffer() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.last(move |_, cc| {
        enqueue_directsend(cc, fd, framed(1, "go"), 0).unwrap();
        // What is in it stays until it is overwritten.
        let buf = framed(7, "parameters");
        assert_eq!(enqueue_directreceive(cc, fd, Rc::clone(&buf)), Ok(()));
        assert_eq!(buf.cursor(), 6);
        let mut wanted = frame(1, "come");
        wanted.extend(b"meters");
        assert_eq!(contents(&buf), wanted);
        assert!(!buf.is_queued());
    });
    let peer = thread::spawn(move || {
        take(&mut peer);
        // An answer to nothing, but somebody waits for any.
        answer(&mut peer, 1, "come");
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), Vec::<String>::new());
}

#[test]
fn one_waits_at_a_time_and_what_has_begun_is_finished_before() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let (other, mut second) = rig.pair(BOTH);
    let (fd, other) = (ours.as_raw_fd(), other.as_raw_fd());
    // A part of one.
    peer.write_all(&frame(5, "early")[..3]).unwrap();
    let begun = Rc::new(Cell::new(false));
    let seen = Rc::clone(&begun);
    rig.last(move |_, cc| {
        // Once the other one has been heard of, that has been read.
        enqueue_cc(cc, other, framed(1, "x"), 0).unwrap();
        begun.set(true);
        let buf = Framebuf::new().unwrap();
        assert_eq!(enqueue_directreceive(cc, fd, Rc::clone(&buf)), Ok(()));
        assert_eq!(contents(&buf), frame(6, "next"));
        log("received");
    });
    rig.request(move |_, cc| {
        enqueue_cc(cc, other, framed(2, "y"), 0).unwrap();
        assert!(seen.get());
        let buf = Framebuf::new().unwrap();
        let busy = enqueue_directreceive(cc, fd, Rc::clone(&buf));
        assert_eq!(busy, Err(FrameError::Busy));
        assert!(!buf.is_queued());
        enqueue_directsend(cc, fd, framed(3, "go"), 0).unwrap();
    });
    let peer = thread::spawn(move || {
        for _ in 0..2 {
            let (n, _) = take(&mut second);
            answer(&mut second, n, "done");
        }
        take(&mut peer);
        peer.write_all(&frame(5, "early")[3..]).unwrap();
        answer(&mut peer, 6, "next");
        (peer, second)
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["got early", "received"]);
}

#[test]
fn what_the_function_that_reads_returns_is_passed_on() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(PUFFS_FBIO_READ);
    let fd = ours.as_raw_fd();
    rig.last(move |_, cc| {
        peer.write_all(&[3, POISON]).unwrap();
        let buf = Framebuf::new().unwrap();
        let result = enqueue_directreceive(cc, fd, Rc::clone(&buf));
        assert_eq!(result, Err(FrameError::Failed(POISONED)));
        assert_eq!(result.unwrap_err().errno(), POISONED);
        let again = enqueue_directreceive(cc, fd, buf);
        assert_eq!(again, Err(FrameError::Closed));
        assert_eq!(again.unwrap_err().errno(), libc::ESHUTDOWN);
    });
    rig.run();
    assert_eq!(logged(), ["closed 1"]);
}

#[test]
fn it_fails_when_the_descriptor_goes() {
    let rig = Rig::new();
    let (ours, _peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    for n in 0..2 {
        rig.request(move |_, cc| {
            let buf = Framebuf::new().unwrap();
            match (n, enqueue_directreceive(cc, fd, buf)) {
                (0, result) => assert_eq!(result, Err(FrameError::Failed(libc::ECONNRESET))),
                (_, result) => assert_eq!(result, Err(FrameError::Busy)),
            }
            log(format!("failed {n}"));
        });
    }
    rig.last(move |pu, cc| {
        let stranger = enqueue_directreceive(cc, 1 << 20, Framebuf::new().unwrap());
        assert_eq!(stranger, Err(FrameError::NoDescriptor));
        assert_eq!(pu.remove_fd(fd, 0), Ok(()));
    });
    rig.run();
    let closed = |what| format!("closed {what}");
    let both = PUFFS_FBIO_READ | PUFFS_FBIO_WRITE;
    let wanted = [
        "failed 1".into(),
        "failed 0".into(),
        closed(1),
        closed(both),
    ];
    assert_eq!(logged(), wanted);
}
