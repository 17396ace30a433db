//! Servers that change everything from inside the functions that the library calls, and files that live on without their descriptors.

use std::cell::{Cell, RefCell};
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use core::ffi::c_int;

use super::rig::{BOTH, HOOKS, Rig, answer, framed, given, inside, log, logged, noted, take, text};
use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBIO_WRITE};
use crate::frame::{FrameError, Framebuf, Hooks, enqueue_cc, enqueue_directsend};
use crate::usermount::Usermount;

#[test]
fn a_descriptor_can_be_removed_while_it_is_written() {
    let rig = Rig::new();
    let (ours, _peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.last(move |_, cc| {
        inside(move |pu| pu.remove_fd(fd, libc::EIO).unwrap());
        let result = enqueue_directsend(cc, fd, framed(1, "a"), 0);
        assert_eq!(result, Err(FrameError::Failed(libc::EIO)));
        log("failed");
    });
    rig.run();
    assert_eq!(logged(), ["closed 1", "failed", "closed 3"]);
}

#[test]
fn a_descriptor_can_be_removed_while_it_is_read() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.last(move |_, cc| {
        enqueue_directsend(cc, fd, framed(1, "a"), 0).unwrap();
        inside(move |pu| pu.remove_fd(fd, libc::EIO).unwrap());
        let buf = framed(2, "b");
        let mut result = enqueue_cc(cc, fd, Rc::clone(&buf), 0);
        // It was the writing that did it, unless the answer to nothing came before.
        assert_eq!(result, Err(FrameError::Failed(libc::EIO)));
        result = enqueue_cc(cc, fd, buf, 0);
        assert_eq!(result, Err(FrameError::NoDescriptor));
    });
    answer(&mut peer, 9, "c");
    rig.run();
    drop(peer);
    // By the news itself.
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(PUFFS_FBIO_READ);
    let fd = ours.as_raw_fd();
    let kernel = Rc::clone(&rig.kernel);
    answer(&mut peer, 9, "news");
    answer(&mut peer, 9, "more news");
    inside(move |_| {
        inside(move |pu| {
            pu.remove_fd(fd, 0).unwrap();
            kernel.stop();
        });
    });
    logged();
    rig.run();
    assert_eq!(logged(), ["got news", "closed 1", "closed 3"]);
}

#[test]
fn a_request_that_goes_on_can_remove_where_it_came_from() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.request(move |pu, cc| {
        enqueue_cc(cc, fd, framed(1, "a"), 0).unwrap();
        log("answered");
        pu.remove_fd(fd, libc::EIO).unwrap();
        drop(ours);
    });
    rig.last(move |_, cc| {
        let result = enqueue_cc(cc, fd, framed(2, "b"), 0);
        assert_eq!(result, Err(FrameError::Failed(libc::EIO)));
        log("failed");
    });
    let peer = thread::spawn(move || {
        assert_eq!((take(&mut peer).0, take(&mut peer).0), (1, 2));
        let both = [super::rig::frame(1, "x"), super::rig::frame(2, "y")].concat();
        std::io::Write::write_all(&mut peer, &both).unwrap();
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["answered", "failed", "closed 1", "closed 3"]);
}

#[test]
fn one_that_fails_can_remove_it_and_the_server_is_told_once_of_each_side() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    rig.request(move |pu, cc| {
        enqueue_cc(cc, fd, framed(1, "a"), 0).unwrap_err();
        log("first");
        pu.remove_fd(fd, libc::EIO).unwrap();
    });
    rig.last(move |_, cc| {
        // The one or the other, but an error.
        enqueue_cc(cc, fd, framed(2, "b"), 0).unwrap_err();
        log("second");
    });
    let peer = thread::spawn(move || {
        assert_eq!((take(&mut peer).0, take(&mut peer).0), (1, 2));
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["first", "second", "closed 1", "closed 3"]);
}

thread_local! {
    static SPARE: RefCell<Option<UnixStream>> = const { RefCell::new(None) };
}

/// What some servers do: the connection is lost, so there is to be another one, of the same number.
unsafe extern "C" fn reconnect(pu: *mut Usermount, fd: c_int, what: c_int) {
    // SAFETY: the context lives.
    let pu = unsafe { &*pu };
    log(format!("closed {what}"));
    if what != BOTH {
        let _ = pu.remove_fd(fd, libc::ECONNRESET);
        return;
    }
    if let Some(spare) = SPARE.take() {
        // SAFETY: both are open, and the number stays.
        assert_eq!(unsafe { libc::dup2(spare.as_raw_fd(), fd) }, fd);
        pu.add_fd(fd, BOTH).unwrap();
    }
}

#[test]
fn a_lost_connection_can_be_replaced_by_one_of_the_same_number() {
    let rig = Rig::new();
    rig.pu.set_frame_hooks(Hooks {
        notify: Some(reconnect),
        ..HOOKS
    });
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let (spare, mut next) = UnixStream::pair().unwrap();
    spare.set_nonblocking(true).unwrap();
    SPARE.set(Some(spare));
    rig.last(move |_, cc| {
        enqueue_cc(cc, fd, framed(1, "a"), 0).unwrap_err();
        log("lost");
        loop {
            let buf = framed(2, "b");
            match enqueue_cc(cc, fd, Rc::clone(&buf), 0) {
                Ok(()) => break log(text(&buf)),
                Err(_) => {
                    cc.schedule().unwrap();
                    cc.leave().unwrap();
                }
            }
        }
    });
    let peer = thread::spawn(move || {
        take(&mut peer);
        drop(peer);
        take(&mut next);
        answer(&mut next, 2, "found");
        next
    });
    rig.run();
    peer.join().unwrap();
    // The first request failed while the side of reading closed; the other one had been told of before.
    let logged = logged();
    assert_eq!(logged.last().unwrap(), "found");
    assert_eq!(logged.iter().filter(|l| *l == "closed 3").count(), 1);
}

/// A descriptor of the server's that it closes and does not remove, while another one of the same file is open.
fn abandoned(rig: &Rig, side: c_int) -> (RawFd, UnixStream, UnixStream) {
    let (ours, peer) = rig.pair(side);
    let elsewhere = ours.try_clone().unwrap();
    (ours.into_raw_fd(), elsewhere, peer)
}

fn close(fd: RawFd) {
    // SAFETY: nobody else closes it.
    assert_eq!(unsafe { libc::close(fd) }, 0);
}

#[test]
fn a_file_that_lives_on_without_its_descriptor_keeps_nobody_awake() {
    const TURNS: u32 = 30;
    const LONGEST: Duration = Duration::from_millis(5);
    thread_local! {
        static LEFT: Cell<u32> = const { Cell::new(0) };
    }
    unsafe extern "C" fn count(pu: *mut Usermount) {
        LEFT.set(LEFT.get() - 1);
        if LEFT.get() == 0 {
            // SAFETY: the context lives.
            unsafe { (*pu).exit().unwrap() };
        }
    }
    #[derive(Clone, Copy, PartialEq)]
    enum How {
        Closed,
        /// Another file has its number.
        Replaced,
        /// And open still.
        Removed,
    }
    // One with something to read, and those whose peer has gone.
    for (side, how) in [
        (PUFFS_FBIO_READ, How::Closed),
        (BOTH, How::Closed),
        (BOTH, How::Removed),
        (BOTH, How::Replaced),
    ] {
        let rig = Rig::new();
        let (next, _next_peer) = UnixStream::pair().unwrap();
        next.set_nonblocking(true).unwrap();
        let (fd, elsewhere, mut peer) = abandoned(&rig, side);
        let (relay, mut relay_peer) = rig.pair(BOTH);
        let relay = relay.into_raw_fd();
        LEFT.set(TURNS);
        rig.pu.settings().timeout.set(Some(LONGEST));
        rig.request(move |pu, cc| {
            // Once it is watched.
            enqueue_cc(cc, relay, framed(1, "x"), 0).unwrap();
            match how {
                How::Closed => close(fd),
                How::Removed => pu.remove_fd(fd, 0).unwrap(),
                How::Replaced => {
                    // SAFETY: both are open, and the number stays.
                    assert_eq!(unsafe { libc::dup2(next.as_raw_fd(), fd) }, fd);
                    // What is of interest there is not what is known of the old one.
                    pu.disable_fd(fd, PUFFS_FBIO_READ).unwrap();
                    pu.enable_fd(fd, PUFFS_FBIO_WRITE).unwrap();
                }
            }
            answer(&mut peer, 9, "lost");
            if side == BOTH && how != How::Replaced {
                drop(peer);
            } else {
                std::mem::forget(peer);
            }
            pu.settings().loop_fn.set(Some(count));
        });
        let peer = thread::spawn(move || {
            take(&mut relay_peer);
            answer(&mut relay_peer, 1, "y");
            relay_peer
        });
        let start = Instant::now();
        rig.run();
        // A few turns find out, all others wait.
        assert!(start.elapsed() > LONGEST * TURNS / 2, "it spins");
        peer.join().unwrap();
        close(relay);
        drop(elsewhere);
        // That number is nothing, so it cannot be read.
        let closed = side != BOTH || how == How::Removed;
        assert_eq!(logged().contains(&"closed 1".into()), closed);
        if how != How::Closed {
            close(fd);
        }
    }
}

#[test]
fn a_number_that_is_nothing_any_more_fails_when_it_is_to_be_watched() {
    let rig = Rig::new();
    // The one that has its turn before the other.
    let (relay, mut relay_peer) = rig.pair(BOTH);
    let relay = relay.into_raw_fd();
    let (ours, peer) = rig.pair(BOTH);
    let fd = ours.into_raw_fd();
    let kernel = Rc::clone(&rig.kernel);
    rig.request(move |pu, cc| {
        pu.disable_fd(fd, BOTH).unwrap();
        let buf = framed(1, "a");
        pu.enqueue_justsend(fd, Rc::clone(&buf), true, 0).unwrap();
        assert!(buf.is_queued());
        enqueue_cc(cc, fd, framed(2, "b"), 0).unwrap_err();
        assert!(!buf.is_queued());
        log("failed");
        // What it sends now goes out, though nothing else happens.
        enqueue_cc(cc, relay, framed(3, "c"), 0).unwrap();
        kernel.stop();
    });
    rig.request(move |pu, _| {
        close(fd);
        pu.enable_fd(fd, PUFFS_FBIO_READ).unwrap();
    });
    let relay_peer = thread::spawn(move || {
        take(&mut relay_peer);
        answer(&mut relay_peer, 3, "d");
        relay_peer
    });
    rig.run();
    relay_peer.join().unwrap();
    close(relay);
    assert_eq!(logged(), ["closed 1", "failed", "closed 3"]);
    assert_eq!(rig.pu.remove_fd(fd, 0), Ok(()));
    drop(peer);
}

#[test]
fn another_file_in_its_place_is_watched_once_it_is_enabled() {
    let rig = Rig::new();
    let (ours, peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let (next, mut next_peer) = UnixStream::pair().unwrap();
    next.set_nonblocking(true).unwrap();
    rig.last(move |pu, cc| {
        enqueue_directsend(cc, fd, framed(1, "a"), 0).unwrap();
        // SAFETY: both are open, and the number stays.
        assert_eq!(unsafe { libc::dup2(next.as_raw_fd(), fd) }, fd);
        pu.enable_fd(fd, BOTH).unwrap();
        let buf = framed(2, "b");
        enqueue_cc(cc, fd, Rc::clone(&buf), 0).unwrap();
        log(text(&buf));
    });
    let next_peer = thread::spawn(move || {
        assert_eq!(take(&mut next_peer).0, 2);
        answer(&mut next_peer, 2, "c");
        next_peer
    });
    rig.run();
    next_peer.join().unwrap();
    drop((peer, ours));
    assert_eq!(logged(), ["c"]);
}

#[test]
fn who_adds_a_number_again_has_closed_it() {
    let rig = Rig::new();
    let (ours, peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let (next, mut next_peer) = UnixStream::pair().unwrap();
    next.set_nonblocking(true).unwrap();
    rig.request(move |_, cc| {
        let result = enqueue_cc(cc, fd, framed(1, "a"), 0);
        assert_eq!(result, Err(FrameError::Failed(libc::ECONNRESET)));
        log("failed");
    });
    rig.last(move |pu, cc| {
        enqueue_directsend(cc, fd, framed(2, "b"), 0).unwrap();
        // SAFETY: both are open, and the number stays.
        assert_eq!(unsafe { libc::dup2(next.as_raw_fd(), fd) }, fd);
        assert_eq!(pu.add_fd(fd, BOTH), Ok(()));
        let buf = framed(3, "c");
        enqueue_cc(cc, fd, Rc::clone(&buf), 0).unwrap();
        log(text(&buf));
    });
    let next_peer = thread::spawn(move || {
        assert_eq!(take(&mut next_peer).0, 3);
        answer(&mut next_peer, 3, "d");
        next_peer
    });
    rig.run();
    next_peer.join().unwrap();
    drop((peer, ours));
    assert_eq!(logged(), ["failed", "d"]);
}

#[test]
fn many_descriptors_at_once() {
    const MANY: usize = 100;
    let rig = Rig::new();
    let left = Rc::new(Cell::new(MANY));
    let mut ours = Vec::new();
    let mut peers = Vec::new();
    for _ in 0..MANY {
        let (our, peer) = rig.pair(BOTH);
        let fd = our.as_raw_fd();
        ours.push(our);
        peers.push(peer);
        let (kernel, left) = (Rc::clone(&rig.kernel), Rc::clone(&left));
        rig.request(move |_, cc| {
            for n in 1..6 {
                let buf: Rc<Framebuf> = framed(n, "ask");
                enqueue_cc(cc, fd, Rc::clone(&buf), 0).unwrap();
                assert_eq!(text(&buf), "answer");
            }
            left.set(left.get() - 1);
            if left.get() == 0 {
                kernel.stop();
            }
        });
    }
    let peer = thread::spawn(move || {
        for n in 1..6 {
            for peer in &mut peers {
                assert_eq!(take(peer).0, n);
                answer(peer, n, "answer");
            }
        }
        peers
    });
    rig.run();
    peer.join().unwrap();
}

#[test]
fn a_callback_can_send_again() {
    unsafe extern "C" fn again(
        pu: *mut Usermount,
        fb: *mut Framebuf,
        arg: *mut core::ffi::c_void,
        error: c_int,
    ) {
        assert_eq!(error, 0);
        // SAFETY: C's reference, and the context.
        let (buf, pu) = unsafe { (Rc::from_raw(fb.cast_const()), &*pu) };
        log(text(&buf));
        let fd = arg.addr() as RawFd;
        let buf = given(buf);
        pu.enqueue_cb(fd, buf, Some(noted), arg, 0).unwrap();
    }
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let arg = std::ptr::without_provenance_mut(fd as usize);
    let buf = given(framed(1, "a"));
    rig.pu.enqueue_cb(fd, buf, Some(again), arg, 0).unwrap();
    rig.last(move |_, cc| {
        enqueue_cc(cc, fd, framed(2, "z"), 0).unwrap();
    });
    let peer = thread::spawn(move || {
        assert_eq!((take(&mut peer).0, take(&mut peer).0), (1, 2));
        answer(&mut peer, 1, "b");
        // The answer itself.
        assert_eq!(take(&mut peer), (1, "b".into()));
        answer(&mut peer, 1, "c");
        answer(&mut peer, 2, "end");
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["b".to_owned(), format!("{fd} c")]);
}
