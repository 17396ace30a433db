//! Sides that close, descriptors that go, and the end of the main loop.

use std::cell::Cell;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::ptr;
use std::rc::{Rc, Weak};
use std::thread;

use core::ffi::c_int;

use super::rig::{
    BOTH, HOOKS, POISON, POISONED, Rig, answer, framed, given, log, logged, noted, take,
};
use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::c::ops::puffs_ops;
use crate::frame::{
    FrameError, Framebuf, Hooks, enqueue_cc, enqueue_directsend, enqueue_waitevent, promote,
};
use crate::testing;
use crate::usermount::{State, Usermount};

const READ: i32 = PUFFS_FBIO_READ;
const WRITE: i32 = PUFFS_FBIO_WRITE;

unsafe extern "C" fn unmount_on_close(pu: *mut Usermount, fd: c_int, what: c_int) {
    log(format!("closed {what}"));
    // SAFETY: the context lives.
    unsafe { (*pu).unmount_on_close(fd, what) };
}

unsafe extern "C" fn remove_on_close(pu: *mut Usermount, fd: c_int, what: c_int) {
    // SAFETY: the context lives.
    let pu = unsafe { &*pu };
    let removed = pu.remove_on_close(fd, what);
    log(format!("closed {what} removed {removed}"));
}

#[test]
fn a_server_that_cannot_be_without_its_peer_ends_with_it() {
    unsafe extern "C" fn unmount(_: *mut Usermount, _: c_int) -> c_int {
        panic!("fs_unmount");
    }
    let rig = Rig::with_ops(&puffs_ops {
        puffs_fs_unmount: Some(unmount),
        ..testing::OPS
    });
    rig.pu.set_frame_hooks(Hooks {
        notify: Some(unmount_on_close),
        ..HOOKS
    });
    let (ours, peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.request(move |pu, cc| {
        let result = enqueue_cc(cc, fd, framed(1, "ask"), 0);
        assert_eq!(result, Err(FrameError::Failed(libc::ECONNRESET)));
        assert_eq!(pu.state(), State::Running);
        log("failed");
    });
    let peer = thread::spawn(move || {
        let mut peer = peer;
        take(&mut peer);
    });
    // Nobody stops it but that.
    rig.run();
    peer.join().unwrap();
    assert_eq!(rig.pu.state(), State::Unmounted);
    assert_eq!(logged(), ["closed 2", "failed", "closed 3"]);
    assert_eq!(rig.pu.remove_fd(fd, 0), Err(FrameError::NotAdded));
}

#[test]
fn a_peer_that_goes_while_nothing_is_sent_is_noticed_too() {
    let rig = Rig::new();
    rig.pu.set_frame_hooks(Hooks {
        notify: Some(unmount_on_close),
        ..HOOKS
    });
    let (_ours, peer) = rig.pair(BOTH);
    drop(peer);
    rig.run();
    assert_eq!(logged(), ["closed 2", "closed 3"]);
}

#[test]
fn a_connection_that_is_lost_while_it_is_written_ends_the_server_at_once() {
    let rig = Rig::new();
    rig.pu.set_frame_hooks(Hooks {
        notify: Some(unmount_on_close),
        ..HOOKS
    });
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.request(move |pu, cc| {
        enqueue_cc(cc, fd, framed(1, "ask"), 0).unwrap_err();
        // SAFETY: a number.
        assert_eq!(unsafe { libc::shutdown(fd, libc::SHUT_WR) }, 0);
        pu.enqueue_justsend(fd, framed(2, "more"), false, 0)
            .unwrap();
    });
    let peer = thread::spawn(move || {
        take(&mut peer);
        peer.shutdown(Shutdown::Write).unwrap();
        peer
    });
    // Nothing else happens that would end it.
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["closed 1", "closed 3"]);
}

#[test]
fn one_side_can_close_and_the_other_not() {
    let rig = Rig::new();
    rig.pu.set_frame_hooks(Hooks {
        notify: Some(remove_on_close),
        ..HOOKS
    });
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let kernel = Rc::clone(&rig.kernel);
    rig.request(move |pu, cc| {
        let result = enqueue_cc(cc, fd, framed(1, "ask"), 0);
        assert_eq!(result, Err(FrameError::Failed(libc::ECONNRESET)));
        // It can still be written to, but who waits for an answer has none to expect.
        enqueue_directsend(cc, fd, framed(2, "more"), 0).unwrap();
        let result = enqueue_cc(cc, fd, framed(3, "ask again"), 0);
        assert_eq!(result, Err(FrameError::Failed(libc::ENXIO)));
        pu.remove_fd(fd, 0).unwrap();
        kernel.stop();
    });
    let peer = thread::spawn(move || {
        take(&mut peer);
        peer.shutdown(Shutdown::Write).unwrap();
        assert_eq!((take(&mut peer).0, take(&mut peer).0), (2, 3));
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(
        logged(),
        ["closed 1 removed false", "closed 3 removed true"]
    );
}

#[test]
fn what_cannot_be_written_fails_and_what_waits_for_answers_does_not() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let kernel = Rc::clone(&rig.kernel);
    rig.request(move |_, cc| {
        enqueue_cc(cc, fd, framed(1, "ask"), 0).unwrap();
        log("answered");
        kernel.stop();
    });
    rig.request(move |pu, cc| {
        enqueue_directsend(cc, fd, framed(2, "sent"), 0).unwrap();
        // SAFETY: a number.
        assert_eq!(unsafe { libc::shutdown(fd, libc::SHUT_WR) }, 0);
        for n in 3..5 {
            let buf = given(framed(n, "ask"));
            let n = ptr::without_provenance_mut(usize::from(n));
            pu.enqueue_cb(fd, buf, Some(noted), n, 0).unwrap();
        }
        let result = enqueue_directsend(cc, fd, framed(5, "x"), 0);
        assert_eq!(result, Err(FrameError::Failed(libc::EPIPE)));
        log("failed");
        let result = enqueue_directsend(cc, fd, framed(6, "x"), 0);
        assert_eq!(result, Err(FrameError::Closed));
    });
    let peer = thread::spawn(move || {
        assert_eq!((take(&mut peer).0, take(&mut peer).0), (1, 2));
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
        answer(&mut peer, 1, "answer");
        peer
    });
    rig.run();
    peer.join().unwrap();
    let errors = [3, 4].map(|n| format!("{n} error {}", libc::EPIPE));
    let wanted = [&errors[0], &errors[1], "failed", "closed 2", "answered"];
    assert_eq!(logged(), wanted);
}

#[test]
fn an_unreadable_frame_fails_all_that_wait_for_answers() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let weak = {
        let buf = framed(1, "a");
        let weak = Rc::downgrade(&buf);
        rig.pu.enqueue_justsend(fd, buf, true, 0).unwrap();
        weak
    };
    let left = Rc::new(Cell::new(2));
    for n in 2..4 {
        let (kernel, left) = (Rc::clone(&rig.kernel), Rc::clone(&left));
        rig.request(move |_, cc| {
            let result = enqueue_cc(cc, fd, framed(n, "ask"), 0);
            assert_eq!(result, Err(FrameError::Failed(POISONED)));
            log(format!("failed {n}"));
            left.set(left.get() - 1);
            if left.get() == 0 {
                kernel.stop();
            }
        });
    }
    let peer = thread::spawn(move || {
        for _ in 0..3 {
            take(&mut peer);
        }
        peer.write_all(&[4, POISON]).unwrap();
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["failed 2", "failed 3", "closed 1"]);
    assert_eq!(weak.strong_count(), 0);
}

#[test]
fn removal_fails_all_there_is_once() {
    let rig = Rig::new();
    let (ours, _peer) = rig.pair(READ);
    let fd = ours.as_raw_fd();
    let buf = framed(1, "unsent");
    let kernel = Rc::clone(&rig.kernel);
    rig.pu
        .enqueue_cb(fd, given(Rc::clone(&buf)), Some(noted), ptr::null_mut(), 0)
        .unwrap();
    for n in 0..2 {
        rig.request(move |pu, cc| {
            let result = enqueue_directsend(cc, fd, framed(2, "unsent"), 0);
            assert_eq!(result, Err(FrameError::Failed(libc::EBADMSG)));
            log(format!("unsent {n}"));
            assert_eq!(pu.remove_fd(fd, 0), Err(FrameError::NotAdded));
            let again = enqueue_directsend(cc, fd, framed(3, "x"), 0);
            assert_eq!(again, Err(FrameError::NoDescriptor));
        });
    }
    rig.request(move |pu, _| {
        assert_eq!(pu.remove_fd(fd, libc::EBADMSG), Ok(()));
        log("removed");
        // The same number, if the test wants it so.
        assert_eq!(pu.add_fd(fd, BOTH), Ok(()));
        assert_eq!(pu.remove_fd(fd, 0), Ok(()));
        kernel.stop();
    });
    rig.run();
    let failed = format!("0 error {}", libc::EBADMSG);
    let wanted = [
        "closed 1", &failed, "unsent 0", "unsent 1", "closed 3", "removed", "closed 1", "closed 3",
    ];
    assert_eq!(logged(), wanted);
    assert_eq!(Rc::strong_count(&buf), 1);
}

#[test]
fn what_was_to_be_sent_in_the_end_is() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.last(move |pu, _| {
        pu.enqueue_justsend(fd, framed(1, "good-bye"), false, 0)
            .unwrap();
    });
    rig.run();
    assert_eq!(take(&mut peer), (1, "good-bye".into()));
    assert_eq!(logged(), Vec::<String>::new(), "nobody is told");
}

#[test]
fn whoever_waits_in_the_end_goes_on_with_an_error() {
    let rig = Rig::new();
    let (ours, peer) = rig.pair(READ);
    let fd = ours.as_raw_fd();
    let sent = given(framed(1, "a"));
    let weak = Rc::downgrade(&sent);
    rig.pu
        .enqueue_cb(fd, sent, Some(noted), ptr::null_mut(), 0)
        .unwrap();
    let forgotten = framed(9, "b");
    let gone = Rc::downgrade(&forgotten);
    rig.pu.enqueue_justsend(fd, forgotten, true, 0).unwrap();
    let later = framed(2, "c");
    rig.pu
        .enqueue_justsend(fd, Rc::clone(&later), true, 0)
        .unwrap();
    let enxio = Err(FrameError::Failed(libc::ENXIO));
    rig.request(move |pu, cc| {
        assert_eq!(enqueue_cc(cc, fd, framed(3, "d"), 0), enxio);
        assert_eq!(pu.state(), State::Unmounted);
        // It would never end.
        assert_eq!(
            enqueue_cc(cc, fd, framed(4, "e"), 0),
            Err(FrameError::Closed)
        );
        assert_eq!(enqueue_waitevent(cc, fd, READ), Err(FrameError::Closed));
        log("sender");
    });
    rig.request(move |_, cc| {
        assert_eq!(enqueue_waitevent(cc, fd, READ), enxio.map(|()| 0));
        // Its sides have not closed yet, but nobody looks after them any more.
        assert_eq!(
            enqueue_directsend(cc, fd, framed(5, "f"), 0),
            Err(FrameError::Closed)
        );
        log("watcher");
    });
    rig.request(move |_, cc| {
        assert_eq!(promote(cc, later), Ok(()));
        log("latecomer");
    });
    // One that waits for something else is forgotten.
    rig.request(move |_, cc| {
        cc.leave().unwrap();
        panic!("it went on");
    });
    rig.last(|_, _| ());
    rig.run();
    let failed = format!("0 error {}", libc::ENXIO);
    assert_eq!(logged(), ["watcher", &failed, "latecomer", "sender"]);
    assert_eq!((weak.strong_count(), gone.strong_count()), (0, 0));
    drop(peer);
}

#[test]
fn the_server_may_close_what_it_did_not_remove() {
    let rig = Rig::new();
    rig.pu.set_frame_hooks(Hooks {
        notify: Some(unmount_on_close),
        ..HOOKS
    });
    let (ours, peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.request(move |_, cc| {
        let _ = enqueue_cc(cc, fd, framed(1, "ask"), 0);
        log("failed");
    });
    rig.last(move |_, cc| {
        enqueue_directsend(cc, fd, framed(2, "x"), 0).unwrap();
        drop(ours);
    });
    rig.run();
    assert_eq!(logged(), ["failed"]);
    drop(peer);
}

#[test]
fn a_buffer_that_the_server_forgets_is_freed_with_its_context() {
    let rig = Rig::new();
    let (ours, _peer) = rig.pair(WRITE);
    let buf = framed(1, "a");
    let weak: Weak<Framebuf> = Rc::downgrade(&buf);
    rig.pu
        .enqueue_justsend(ours.as_raw_fd(), buf, false, 0)
        .unwrap();
    drop(rig);
    assert_eq!(weak.strong_count(), 0);
}
