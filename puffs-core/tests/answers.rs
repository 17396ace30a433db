//! The door and the checks of an answer, in their order, and buffers that grow.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use puffs_core::msg::op::{CLASS_VFS, CLASS_VN};
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::Wait;
use puffs_core::{Buf, Config, Cookie, Errno, Outgoing, Prepaid, ReqId, UserAddr};

const SMALL: Config = Config {
    max_len: 64,
    max_requests: 8,
    max_bytes: 1 << 10,
    max_rv: 133,
};

#[test]
fn ids_count_from_one_in_64_bits() {
    let (mount, _, mut server) = running();
    assert_eq!(mount.next_id(), ReqId(1));
    let (id, _slip) = submit(&mount, out(b""));
    assert_eq!(id, ReqId(2));
    mount.send(out(b"faf")).unwrap();
    assert_eq!(server.fetch().req.id, 2);
    assert_eq!(server.fetch().req.id, 0, "no answer is wanted");
    assert_eq!(mount.next_id(), ReqId(3), "FAF takes no id");
    assert_eq!(server.answer(ReqId(0), 0, b""), Err(Errno::Inval));
}

#[test]
fn a_fetched_header_is_whole() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b"body"));
    let whole = Req {
        cookie: 0xc0,
        aux: server.aux_addr(),
        auxlen: 4,
        ..vn(id.0, 0)
    };
    assert_eq!(server.fetch().req, whole);
}

#[test]
fn what_wants_no_answer_is_gone_once_fetched() {
    let before = live();
    let (mount, _, mut server) = running();
    mount.send(out(b"faf")).unwrap();
    assert_eq!((live(), mount.load()), (before + 1, (1, 3)));
    assert_eq!(server.fetch().req.opclass, FAF);
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn a_chosen_id_is_refused_while_outstanding() {
    let (mount, _, mut server) = running();
    let id = mount.next_id();
    let again = |mount: &TestMount| flat(mount.call_as(out(b""), Some(id), &expired()));
    assert_eq!(
        again(&mount),
        Err(Errno::TimedOut),
        "free again after it left"
    );
    let theirs = mount.clone();
    let caller =
        std::thread::spawn(move || flat(theirs.call_as(out(b"q"), Some(id), &Wait::FOREVER)));
    until(|| mount.readiness().requests == 1);
    assert_eq!(again(&mount), Err(Errno::Exist));
    server.fetch();
    assert_eq!(again(&mount), Err(Errno::Exist));
    server.answer(id, 0, b"").unwrap();
    assert_eq!(caller.join().unwrap(), Ok((0, vec![])));
    assert_eq!(again(&mount), Err(Errno::TimedOut));
    let zero = mount.call_as(out(b""), Some(ReqId(0)), &expired());
    assert_eq!(flat(zero), Err(Errno::Inval));
}

#[test]
fn a_completion_may_bring_its_id() {
    let (mount, _, mut server) = running();
    let id = mount.next_id();
    let done = || Box::new(|_: Ended| ());
    let begun = mount.submit_as(out(b""), Some(id), done()).unwrap();
    assert_eq!(begun.id, id);
    let again = mount.submit_as(out(b""), Some(id), done());
    assert_eq!(again, Err(Errno::Exist));
    let zero = mount.submit_as(out(b""), Some(ReqId(0)), done());
    assert_eq!(zero, Err(Errno::Inval));
    assert_eq!(server.fetch().req.id, id.0);
    server.answer(id, 0, b"").unwrap();
}

#[test]
fn a_fresh_id_is_never_one_that_a_caller_chose() {
    let (mount, _, mut server) = running();
    let theirs = mount.clone();
    let caller =
        std::thread::spawn(move || flat(theirs.call_as(out(b"c"), Some(ReqId(2)), &Wait::FOREVER)));
    until(|| mount.readiness().requests == 1);
    let (first, _slip) = submit(&mount, out(b"1"));
    let (second, slip) = submit(&mount, out(b"3"));
    assert_eq!((first, second), (ReqId(1), ReqId(3)));
    for _ in 0..3 {
        server.fetch();
    }
    server.answer(ReqId(2), 0, b"c").unwrap();
    assert_eq!(caller.join().unwrap(), Ok((0, b"c".to_vec())));
    assert!(slip.pending());
}

#[test]
fn the_door_checks_lengths() {
    let (mount, _, _server) = running_with(SMALL);
    let mut too_much = out(b"12345678");
    too_much.copylen = 9;
    assert_eq!(mount.send(too_much), Err(Errno::Inval));
    assert_eq!(mount.send(out(&[0; 65])), Err(Errno::Inval));
    assert_eq!(mount.send(out(&[0; 64])), Ok(()));
    let refused = mount.vntouser(1, &mut [0; 65], Cookie(0), None, &expired());
    assert_eq!(refused, Err(Errno::Inval));
    let refused = mount.vntouser_adjbuf(1, b"12", 3, Cookie(0), &expired());
    assert_eq!(refused.map(|_| ()), Err(Errno::Inval));
    assert!(Prepaid::new(&mount, 65).is_err());
}

#[test]
fn a_partial_request_shows_no_more_than_copylen() {
    let (mount, _, mut server) = running();
    let mut partial = out(b"shownhidden");
    partial.copylen = 5;
    let (id, slip) = submit(&mount, partial);
    assert_eq!(server.fetch().body, b"shown");
    server.answer(id, 0, b"elevenbytes").unwrap();
    assert_eq!(slip.ended(), Ok((0, b"elevenbytes".to_vec())));
}

/// One refused answer: what PUTOP says to `change`d header and `len`, and what the caller is told.
fn refused(change: impl FnOnce(&mut Req), len: usize) -> (Errno, Errno) {
    let before = live();
    let (mount, _, mut server) = running_with(SMALL);
    let (id, slip) = submit(&mount, out(&[0; 32]));
    server.fetch();
    let mut req = vn(id.0, 0);
    change(&mut req);
    let said = server.put_len(req, len).unwrap_err();
    let told = slip.ended().unwrap_err();
    assert_eq!((live(), mount.load()), (before, (0, 0)));
    (said, told)
}

#[test]
fn unknown_ids_change_nothing() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    for unknown in [0, id.0 + 1, u64::MAX, id.0 | 1 << 32] {
        // Even with everything else wrong as well.
        let req = Req {
            opclass: 9,
            ..vn(unknown, -5)
        };
        assert_eq!(server.put_len(req, usize::MAX), Err(Errno::Inval));
    }
    assert!(slip.pending());
    server.answer(id, 0, b"").unwrap();
}

#[test]
fn wrong_headers_end_the_request() {
    let inval = (Errno::Inval, Errno::Proto);
    assert_eq!(refused(|req| req.opclass = CLASS_VFS, 0), inval);
    assert_eq!(refused(|req| req.opclass = FAF, 0), inval);
    assert_eq!(refused(|req| req.optype = 2, 0), inval);
    assert_eq!(refused(|req| req.rv = -1, 0), inval);
    assert_eq!(refused(|req| req.rv = 134, 0), inval);
    assert_eq!(refused(|req| req.rv = i32::MIN, 0), inval);
    // In this order: the header counts before the length.
    assert_eq!(refused(|req| req.rv = 134, 65), inval);
}

#[test]
fn wrong_lengths_end_the_request() {
    assert_eq!(refused(|_| {}, 33), (Errno::TooBig, Errno::Proto));
    assert_eq!(refused(|_| {}, 64), (Errno::TooBig, Errno::Proto));
    assert_eq!(refused(|_| {}, 65), (Errno::Fault, Errno::Proto));
    assert_eq!(refused(|_| {}, usize::MAX), (Errno::Fault, Errno::Proto));
}

#[test]
fn the_largest_errno_passes() {
    let (mount, _, mut server) = running_with(SMALL);
    let (id, slip) = submit(&mount, out(b""));
    server.fetch();
    server.answer(id, 133, b"").unwrap();
    assert_eq!(slip.ended(), Ok((133, vec![])));
}

#[test]
fn an_unreadable_header_changes_nothing() {
    let (mount, _, mut server) = running();
    let (_, slip) = submit(&mount, out(b"q"));
    server.fetch();
    assert_eq!(mount.putop(UserAddr(64)), Err(Errno::Fault));
    assert_eq!(mount.getop(UserAddr(64), None), Err(Errno::Fault));
    assert!(slip.pending());
}

#[test]
fn adjbuf_grows_up_to_the_maximum() {
    let (mount, _, mut server) = running_with(SMALL);
    let mut grows = out(b"1234");
    grows.grow = true;
    let (id, slip) = submit(&mount, grows);
    server.fetch();
    server.answer(id, 0, &[7; 64]).unwrap();
    assert_eq!(slip.ended(), Ok((0, vec![7; 64])));

    let mut grows = out(b"1234");
    grows.grow = true;
    let (id, slip) = submit(&mount, grows);
    server.fetch();
    assert_eq!(server.put_len(vn(id.0, 0), 65), Err(Errno::Fault));
    assert_eq!(slip.ended(), Err(Errno::Proto));
}

#[test]
fn adjbuf_reports_the_exact_length() {
    let (mount, _, mut server) = running_with(SMALL);
    let theirs = mount.clone();
    let caller = std::thread::spawn(move || {
        let adjusted = theirs
            .vntouser_adjbuf(1, b"request", 3, Cookie(1), &Wait::FOREVER)
            .unwrap();
        (adjusted.rv, adjusted.body[..adjusted.len].to_vec())
    });
    until(|| mount.readiness().requests == 1);
    let fetched = server.fetch();
    assert_eq!(fetched.body, b"req");
    server.answer(ReqId(fetched.req.id), 0, b"ab").unwrap();
    assert_eq!(caller.join().unwrap(), (0, b"ab".to_vec()));
}

#[test]
fn a_borrowed_buffer_changes_on_an_answer_only() {
    let (mount, _, mut server) = running();
    let theirs = mount.clone();
    let caller = std::thread::spawn(move || {
        let mut kbuf = *b"request";
        let rv = theirs.vntouser(1, &mut kbuf, Cookie(1), None, &Wait::FOREVER);
        let mut other = *b"other";
        let refused = theirs.vfstouser(1, &mut other, &Wait::FOREVER);
        let nothing = theirs.vntouser(1, &mut other, Cookie(1), Some(ReqId(0)), &Wait::FOREVER);
        assert_eq!(nothing, Err(Errno::Inval));
        (rv, kbuf, refused, other)
    });
    until(|| mount.readiness().requests == 1);
    let fetched = server.fetch();
    server.answer(ReqId(fetched.req.id), 0, b"ANS").unwrap();
    until(|| mount.readiness().requests == 1);
    let fetched = server.fetch();
    assert_eq!(fetched.req.opclass, CLASS_VFS);
    let wrong = Req {
        opclass: CLASS_VN,
        ..fetched.req
    };
    assert_eq!(server.put(wrong, b"evil"), Err(Errno::Inval));
    let (rv, kbuf, refused, other) = caller.join().unwrap();
    assert_eq!((rv, &kbuf), (Ok(0), b"ANSuest"));
    assert_eq!((refused, &other), (Err(Errno::Proto), b"other"));
}

#[test]
fn too_small_a_buffer_is_told_what_is_needed() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b"twelve bytes"));
    assert_eq!(server.getop(11, None).unwrap_err(), Errno::TooBig);
    assert_eq!(server.header().auxlen, 12);
    assert_eq!(mount.readiness().requests, 1);
    assert_eq!(server.getop(12, None).unwrap().req.id, id.0);
}

#[test]
fn start_opens_the_queue_once() {
    let (mount, _) = new_mount(Config::default());
    let mut server = Server::new(&mount);
    let (id, _slip) = submit(&mount, out(b"early"));
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::WouldBlock);
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Inval));
    assert_eq!(mount.started(), None);
    assert_eq!(mount.startop(UserAddr(64)), Err(Errno::Fault));
    let start = StartReq {
        root_cookie: 9,
        ..StartReq::default()
    };
    mount.start(&start).unwrap();
    assert_eq!(mount.started(), Some(start));
    assert_eq!(mount.start(&start), Err(Errno::Busy));
    assert_eq!(server.fetch().req.id, id.0);
    mount.die();
    assert_eq!(mount.start(&start), Err(Errno::Nxio));
    assert_eq!(mount.startop(UserAddr(64)), Err(Errno::Nxio));
}

#[test]
fn a_mount_that_died_before_its_start_never_started() {
    let (mount, _) = new_mount(Config::default());
    mount.die();
    assert_eq!(mount.started(), None);
}

#[test]
fn a_completion_may_kill_the_mount() {
    const MANY: usize = 1000;
    let (mount, _, _server) = running();
    let state = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
    for _ in 0..MANY {
        let (theirs, state) = (mount.clone(), state.clone());
        let done = move |ended: Ended| {
            assert_eq!(flat(ended), Err(Errno::Nxio));
            let (told, inside) = &*state;
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "the stack grows");
            theirs.die();
            inside.fetch_sub(1, Ordering::SeqCst);
            told.fetch_add(1, Ordering::SeqCst);
        };
        mount.submit(out(b"q"), Box::new(done)).unwrap();
    }
    mount.die();
    assert_eq!(state.0.load(Ordering::SeqCst), MANY);
}

#[test]
fn a_dead_mount_stays_dead_and_consumes() {
    let before = live();
    let (mount, _) = new_mount(Config::default());
    mount.die();
    mount.die();
    assert_eq!(mount.start(&StartReq::default()), Err(Errno::Nxio));
    assert_eq!(mount.send(out(b"faf")), Err(Errno::Nxio));
    assert_eq!(
        flat(mount.call(out(b"q"), &Wait::FOREVER)),
        Err(Errno::Nxio)
    );
    assert!(mount.submit(out(b"q"), Box::new(|_: Ended| ())).is_err());
    assert_eq!(live(), before);
}

#[test]
fn the_last_reference_ends_what_is_outstanding() {
    let before = live();
    let (mount, _, mut server) = running();
    let (_, slip) = submit(&mount, out(b"q"));
    let (_, fetched) = submit(&mount, out(b"r"));
    mount.send(out(b"faf")).unwrap();
    server.fetch();
    drop((mount, server));
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!(fetched.ended(), Err(Errno::Nxio));
    assert_eq!(live(), before);
}

#[test]
fn prepaid_cannot_fail_and_does_not_count() {
    let before = live();
    let (mount, _, mut server) = running_with(Config {
        max_requests: 1,
        ..SMALL
    });
    let mut prepaid = Prepaid::new(&mount, 4).unwrap();
    let unused = Prepaid::new(&mount, 4).unwrap();
    let (_, _slip) = submit(&mount, out(b"full"));
    assert_eq!(mount.send(out(b"")), Err(Errno::WouldBlock));
    prepaid.body().copy_from_slice(b"gone");
    prepaid.send(CLASS_VN, 28, Cookie(5));
    drop(unused);
    assert_eq!(mount.load(), (1, 4));
    server.fetch();
    let fetched = server.fetch();
    assert_eq!((fetched.req.id, fetched.req.opclass), (0, FAF));
    assert_eq!((fetched.req.optype, fetched.req.cookie), (28, 5));
    assert_eq!(fetched.body, b"gone");
    let prepaid = Prepaid::new(&mount, 4).unwrap();
    mount.die();
    prepaid.send(CLASS_VN, 28, Cookie(5));
    assert_eq!(live(), before);
}

#[test]
fn an_absurd_configuration_is_refused() {
    for config in [
        Config {
            max_len: 0,
            ..SMALL
        },
        Config {
            max_requests: 0,
            ..SMALL
        },
        Config {
            max_bytes: 63,
            ..SMALL
        },
        Config { max_rv: 0, ..SMALL },
    ] {
        let made = puffs_core::Mount::<Checked>::new(config, None);
        assert_eq!(made.err(), Some(Errno::Inval));
    }
}

#[test]
fn an_empty_body_needs_no_memory() {
    let before = live();
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, Outgoing::vfs(6, Buf::empty()));
    assert_eq!(live(), before);
    let fetched = server.fetch();
    assert_eq!((fetched.req.opclass, fetched.req.auxlen), (CLASS_VFS, 0));
    let req = Req {
        opclass: CLASS_VFS,
        optype: 6,
        ..vn(id.0, 0)
    };
    server.put(req, b"").unwrap();
    assert_eq!(slip.ended(), Ok((0, vec![])));
}
