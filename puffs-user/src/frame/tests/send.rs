//! Frames that are sent, and what they bring back.

use std::cell::{Cell, RefCell};
use std::os::fd::AsRawFd;
use std::ptr;
use std::rc::{Rc, Weak};
use std::thread;

use core::ffi::c_void;

use super::rig::{
    BOTH, HOOKS, Rig, answer, contents, frame, framed, given, inside, log, logged, noted, take,
    text,
};
use crate::c::consts::{PUFFS_FBIO_READ, PUFFS_FBQUEUE_URGENT};
use crate::cc::CcError;
use crate::frame::{FrameError, Framebuf, Hooks, enqueue_cc, enqueue_directsend, promote};

fn number(n: usize) -> *mut c_void {
    ptr::without_provenance_mut(n)
}

#[test]
fn answers_find_their_requests_whatever_their_order() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let left = Rc::new(Cell::new(3));
    for n in 1..=3_u8 {
        let (kernel, left) = (Rc::clone(&rig.kernel), Rc::clone(&left));
        rig.request(move |pu, cc| {
            let buf = framed(n, "ask");
            assert_eq!(enqueue_cc(cc, fd, Rc::clone(&buf), 0), Ok(()));
            assert!(ptr::eq(pu.current(), cc) && !buf.is_queued());
            log(text(&buf));
            // Where the function that read it left it.
            assert_eq!((buf.cursor(), buf.size()), (8, 8));
            left.set(left.get() - 1);
            if left.get() == 0 {
                kernel.stop();
            }
        });
    }
    let peer = thread::spawn(move || {
        let asked = [(); 3].map(|()| take(&mut peer));
        for (number, text) in asked.into_iter().rev() {
            assert_eq!(text, "ask");
            answer(&mut peer, number, &format!("answ {number}"));
        }
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["answ 3", "answ 2", "answ 1"]);
}

#[test]
fn without_comparing_answers_come_in_order_and_without_taker_news_are_dropped() {
    let rig = Rig::new();
    rig.pu.set_frame_hooks(Hooks {
        cmp: None,
        got: None,
        ..HOOKS
    });
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    answer(&mut peer, 9, "news");
    let peer = thread::spawn(move || {
        take(&mut peer);
        answer(&mut peer, 77, "x");
        answer(&mut peer, 5, "y");
        peer
    });
    rig.last(move |_, cc| {
        let buf = framed(1, "ask");
        enqueue_cc(cc, fd, Rc::clone(&buf), 0).unwrap();
        assert_eq!(contents(&buf), frame(77, "x"));
    });
    rig.run();
    peer.join().unwrap();
}

#[test]
fn callbacks_get_answers_and_news_go_elsewhere() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let kernel = Rc::clone(&rig.kernel);
    let pu = &rig.pu;
    // 0 is never answered.
    for n in 0..=2 {
        let buf = given(framed(n, "ask"));
        let n = number(usize::from(n));
        assert_eq!(pu.enqueue_cb(fd, buf, Some(noted), n, 0), Ok(()));
    }
    let buf = given(framed(3, "ask"));
    assert_eq!(
        pu.enqueue_cb(fd, buf, Some(noted), number(3), PUFFS_FBQUEUE_URGENT),
        Ok(())
    );
    rig.request(move |_, cc| {
        enqueue_cc(cc, fd, framed(4, "last"), 0).unwrap();
        kernel.stop();
    });
    let peer = thread::spawn(move || {
        let order = [(); 5].map(|()| take(&mut peer).0);
        assert_eq!(order, [3, 0, 1, 2, 4], "the urgent one first");
        // 0 answers none, though one of that number waits; 8 is nobody's.
        for (n, text) in [
            (2, "b"),
            (0, "news"),
            (8, "lost"),
            (1, "a"),
            (3, "c"),
            (4, "d"),
        ] {
            answer(&mut peer, n, text);
        }
        peer
    });
    rig.run();
    peer.join().unwrap();
    let wanted = [
        "2 b",
        "got news",
        "got lost",
        "1 a",
        "3 c",
        &format!("0 error {}", libc::ENXIO),
    ];
    assert_eq!(logged(), wanted);
}

#[test]
fn what_is_just_sent_is_freed_when_it_is_done() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let (forgotten, answered) = (framed(1, "a"), framed(2, "b"));
    let weak: [Weak<Framebuf>; 2] = [Rc::downgrade(&forgotten), Rc::downgrade(&answered)];
    assert_eq!(rig.pu.enqueue_justsend(fd, forgotten, false, 0), Ok(()));
    assert_eq!(rig.pu.enqueue_justsend(fd, answered, true, 0), Ok(()));
    assert_eq!(weak.each_ref().map(Weak::strong_count), [1, 1]);
    rig.last(move |_, cc| {
        enqueue_directsend(cc, fd, framed(3, "sync"), 0).unwrap();
        assert_eq!(weak.each_ref().map(Weak::strong_count), [0, 1]);
        let buf = framed(4, "ask");
        enqueue_cc(cc, fd, Rc::clone(&buf), 0).unwrap();
        assert_eq!(text(&buf), "end");
        assert_eq!(weak.each_ref().map(Weak::strong_count), [0, 0]);
    });
    let peer = thread::spawn(move || {
        for _ in 0..4 {
            take(&mut peer);
        }
        answer(&mut peer, 2, "dropped");
        // Nobody waits for one to this.
        answer(&mut peer, 1, "late");
        answer(&mut peer, 4, "end");
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["got late"]);
}

#[test]
fn who_sends_directly_goes_on_when_it_is_out() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let buf = framed(1, "direct");
    let ours_too = Rc::clone(&buf);
    rig.last(move |_, cc| {
        assert_eq!(enqueue_directsend(cc, fd, Rc::clone(&buf), 0), Ok(()));
        assert!(!buf.is_queued());
        assert_eq!((buf.cursor(), buf.remaining()), (8, 0));
    });
    rig.run();
    assert_eq!(take(&mut peer), (1, "direct".into()));
    assert_eq!(Rc::strong_count(&ours_too), 1);
}

#[test]
fn frames_go_out_whole_and_in_order_through_a_narrow_pipe() {
    const FRAMES: u8 = 200;
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let small: libc::c_int = 1;
    // SAFETY: a number of that size.
    let set = unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_SNDBUF,
            (&raw const small).cast(),
            size_of::<libc::c_int>() as u32,
        )
    };
    assert_eq!(set, 0);
    let long = "x".repeat(240);
    for n in 1..=FRAMES {
        let buf = framed(n, &long);
        assert_eq!(rig.pu.enqueue_justsend(fd, buf, false, 0), Ok(()));
    }
    rig.last(move |_, cc| {
        // Something else, in the middle of the next frame.
        inside(move |pu| {
            pu.enqueue_justsend(fd, framed(250, "urgent"), false, PUFFS_FBQUEUE_URGENT)
                .unwrap();
        });
        enqueue_directsend(cc, fd, framed(251, "last"), 0).unwrap();
    });
    let peer = thread::spawn(move || {
        let mut order = Vec::new();
        while order.last() != Some(&251) {
            let (n, text) = take(&mut peer);
            assert!(n >= 250 || text == long);
            order.push(n);
        }
        order
    });
    rig.run();
    let mut order = peer.join().unwrap();
    let urgent = order.iter().position(|n| *n == 250).unwrap();
    order.remove(urgent);
    assert_eq!(order, (1..=FRAMES).chain([251]).collect::<Vec<_>>());
}

#[test]
fn a_later_request_takes_the_place_of_a_callback() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    // In the queue, and after it was sent; and of nobody's.
    let bufs = [framed(1, "a"), framed(2, "b"), framed(3, "c")];
    let early = bufs.clone();
    rig.request(move |pu, _| {
        for (n, buf) in early.iter().enumerate().take(2) {
            let buf = given(Rc::clone(buf));
            pu.enqueue_cb(fd, buf, Some(noted), number(n), 0).unwrap();
        }
        let [_, _, last] = early;
        pu.enqueue_justsend(fd, last, false, 0).unwrap();
    });
    let left = Rc::new(Cell::new(3));
    for (n, buf) in bufs.into_iter().enumerate() {
        let (kernel, left) = (Rc::clone(&rig.kernel), Rc::clone(&left));
        rig.request(move |_, cc| {
            if n == 1 {
                enqueue_directsend(cc, fd, framed(9, "flush"), 0).unwrap();
            }
            assert_eq!(promote(cc, Rc::clone(&buf)), Ok(()));
            assert_eq!(text(&buf), format!("answer {}", n + 1));
            // And never again.
            assert_eq!(promote(cc, Rc::clone(&buf)), Err(FrameError::NotQueued));
            // The test's, and C's.
            assert_eq!(Rc::strong_count(&buf), 2);
            // SAFETY: C's.
            unsafe { Rc::decrement_strong_count(Rc::as_ptr(&buf)) };
            left.set(left.get() - 1);
            if left.get() == 0 {
                kernel.stop();
            }
        });
    }
    let peer = thread::spawn(move || {
        for _ in 0..4 {
            take(&mut peer);
        }
        for n in [3, 1, 2] {
            answer(&mut peer, n, &format!("answer {n}"));
        }
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), Vec::<String>::new(), "no callback");
}

#[test]
fn an_error_is_not_told_to_who_came_later() {
    let rig = Rig::new();
    let (ours, _peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let buf = framed(1, "as sent");
    rig.pu
        .enqueue_cb(fd, given(Rc::clone(&buf)), Some(noted), number(1), 0)
        .unwrap();
    let kernel = Rc::clone(&rig.kernel);
    rig.request(move |_, cc| {
        assert_eq!(promote(cc, Rc::clone(&buf)), Ok(()));
        assert_eq!(text(&buf), "as sent");
        // SAFETY: C's.
        unsafe { Rc::decrement_strong_count(Rc::as_ptr(&buf)) };
        log("went on");
        kernel.stop();
    });
    rig.request(move |pu, _| {
        pu.remove_fd(fd, libc::EIO).unwrap();
        log("removed");
    });
    rig.run();
    assert_eq!(logged(), ["went on", "closed 1", "closed 3", "removed"]);
}

#[test]
fn nobody_else_ends_a_wait() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(BOTH);
    let fd = ours.as_raw_fd();
    let waiting = Rc::new(Cell::new(ptr::null()));
    let told = Rc::clone(&waiting);
    rig.last(move |_, cc| {
        told.set(ptr::from_ref(cc));
        let buf = framed(1, "ask");
        enqueue_cc(cc, fd, Rc::clone(&buf), 0).unwrap();
        log(text(&buf));
    });
    rig.request(move |_, _| {
        // SAFETY: it waits.
        let other = unsafe { &*waiting.get() };
        for _ in 0..3 {
            assert_eq!(other.go_on(), Ok(()));
        }
        other.schedule().unwrap();
        log("in vain");
    });
    let peer = thread::spawn(move || {
        take(&mut peer);
        answer(&mut peer, 1, "answer");
        peer
    });
    rig.run();
    peer.join().unwrap();
    assert_eq!(logged(), ["in vain", "answer"]);
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let rig = Rig::new();
    let (ours, peer) = rig.pair(BOTH);
    let (other, _kept) = rig.pair(PUFFS_FBIO_READ);
    let (fd, other) = (ours.as_raw_fd(), other.as_raw_fd());
    let stranger = peer.as_raw_fd();
    let first: Rc<RefCell<usize>> = Rc::default();
    let at = Rc::clone(&first);
    let queued = framed(1, "a");
    // That side is not polled, so it stays.
    rig.pu
        .enqueue_justsend(other, Rc::clone(&queued), false, 0)
        .unwrap();
    rig.request(move |_, cc| {
        *at.borrow_mut() = ptr::from_ref(cc).expose_provenance();
        let _ = enqueue_cc(cc, other, framed(2, "waits"), 0);
    });
    rig.last(move |pu, cc| {
        let buf = || framed(3, "b");
        let refused = [
            (enqueue_cc(cc, stranger, buf(), 0), libc::EINVAL),
            (enqueue_cc(cc, -1, buf(), 0), libc::EINVAL),
            (enqueue_cc(cc, fd, buf(), 2), libc::EINVAL),
            (enqueue_cc(cc, fd, Rc::clone(&queued), 0), libc::EBUSY),
            (pu.enqueue_justsend(stranger, buf(), true, 0), libc::EINVAL),
            (enqueue_directsend(cc, stranger, buf(), 0), libc::EINVAL),
            (pu.add_fd(fd, 4), libc::EINVAL),
            (pu.add_fd(-1, BOTH), libc::EBADF),
            (pu.add_fd(1 << 20, BOTH), libc::EBADF),
            (pu.enable_fd(stranger, BOTH), libc::ENXIO),
            (pu.disable_fd(stranger, BOTH), libc::ENXIO),
            (pu.enable_fd(fd, 4), libc::EINVAL),
            (pu.remove_fd(stranger, 0), libc::ENXIO),
            (promote(cc, buf()), libc::EBUSY),
        ];
        for (n, (result, errno)) in refused.into_iter().enumerate() {
            assert_eq!(result.map_err(FrameError::errno), Err(errno), "{n}");
        }
        // SAFETY: it waits.
        let elsewhere = unsafe { &*ptr::with_exposed_provenance(*first.borrow()) };
        let not_current = Err(FrameError::Context(CcError::NotCurrent));
        assert_eq!(enqueue_cc(elsewhere, fd, buf(), 0), not_current);
        pu.set_frame_hooks(Hooks::default());
        let result = pu.enqueue_justsend(fd, buf(), false, 0);
        assert!(matches!(result, Err(FrameError::Misuse(_))));
    });
    rig.run();
    assert!(peer.set_nonblocking(true).is_ok());
    let nothing = std::io::Read::read(&mut &peer, &mut [0]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_disabled_side_waits() {
    let rig = Rig::new();
    let (ours, mut peer) = rig.pair(PUFFS_FBIO_READ);
    let fd = ours.as_raw_fd();
    rig.pu
        .enqueue_justsend(fd, framed(1, "a"), false, 0)
        .unwrap();
    rig.pu.disable_fd(fd, PUFFS_FBIO_READ).unwrap();
    // Nobody reads this, and it may not keep the main loop from sleeping.
    answer(&mut peer, 9, "early");
    let turns = Rc::new(Cell::new(0));
    let (kernel, seen) = (Rc::clone(&rig.kernel), Rc::clone(&turns));
    let (relay, mut relay_peer) = rig.pair(BOTH);
    let relay = relay.as_raw_fd();
    rig.last(move |pu, cc| {
        enqueue_cc(cc, relay, framed(2, "wait"), 0).unwrap();
        seen.set(kernel.turns());
        assert_eq!(logged(), Vec::<String>::new());
        pu.enable_fd(fd, BOTH).unwrap();
        enqueue_directsend(cc, fd, framed(3, "b"), 0).unwrap();
    });
    let peer = thread::spawn(move || {
        take(&mut relay_peer);
        answer(&mut relay_peer, 2, "go");
        let sent = [take(&mut peer).0, take(&mut peer).0];
        assert_eq!(sent, [1, 3]);
        (peer, relay_peer)
    });
    rig.run();
    peer.join().unwrap();
}
