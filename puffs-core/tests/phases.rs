//! Every cell of the state table: a request in each phase meets each event.
//!
//! Requests in their completion form let one thread drive all of it: what must happen in the middle of a
//! copy runs from a watch on the server's memory.

mod common;

use common::*;
use puffs_core::platform::Wait;
use puffs_core::{Errno, ReqId, Status};

// ---- queued

#[test]
fn queued_answer_is_einval() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Inval));
    assert!(slip.pending());
    assert_eq!(server.fetch().req.id, id.0, "and it is still there");
}

#[test]
fn queued_signal_withdraws() {
    let (mount, _, mut server) = running();
    signal_pending(true);
    let ended = mount.call(out(b"q"), &INTERRUPTIBLE);
    signal_pending(false);
    assert_eq!(flat(ended), Err(Errno::Intr));
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::WouldBlock);
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn queued_deadline_withdraws() {
    let (mount, _, mut server) = running();
    assert_eq!(
        flat(mount.call(out(b"q"), &expired())),
        Err(Errno::TimedOut)
    );
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::WouldBlock);
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn queued_interrupt_withdraws() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    mount.interrupt(id).unwrap();
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert_eq!(mount.interrupt(id), Err(Errno::NoEnt));
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::WouldBlock);
}

#[test]
fn queued_death_is_enxio_and_frees_faf() {
    let before = live();
    let (mount, _, mut server) = running();
    let (_, slip) = submit(&mount, out(b"q"));
    mount.send(out(b"faf")).unwrap();
    assert_eq!(live(), before + 2);
    mount.die();
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
}

// ---- copying out

#[test]
fn copying_out_answer_is_einval() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"body"));
    let (theirs, mut other) = (mount.clone(), Server::new(&mount));
    server.watch(server.aux_addr(), move || {
        assert_eq!(other.answer(id, 0, b""), Err(Errno::Inval));
        assert_eq!(theirs.status(), Status::Running);
    });
    assert_eq!(server.fetch().req.id, id.0);
    assert!(slip.pending());
    server.answer(id, 0, b"x").unwrap();
    assert_eq!(slip.ended(), Ok((0, b"x".to_vec())));
}

#[test]
fn copying_out_caller_leaves_and_getop_takes_the_next() {
    let before = live();
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"first"));
    let (next, _slip) = submit(&mount, out(b"second"));
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || theirs.interrupt(id).unwrap());
    let fetched = server.fetch();
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert_eq!(
        (fetched.req.id, &fetched.body[..]),
        (next.0, &b"second"[..])
    );
    assert_eq!((live(), mount.load()), (before + 1, (1, 6)));
}

#[test]
fn copying_out_parked_caller_leaves() {
    let (mount, _, mut server) = running();
    let caller = park(&mount, b"body", Wait::FOREVER, 1);
    let theirs = mount.clone();
    let mut caller = Some(caller);
    server.watch(server.aux_addr(), move || {
        theirs.interrupt(ReqId(1)).unwrap();
        // It is back before the copy ends.
        let ended = caller.take().unwrap().join().unwrap();
        assert_eq!(ended, Err(Errno::Intr));
    });
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::WouldBlock);
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn copying_out_death_is_enxio_for_both() {
    let before = live();
    let (mount, _, mut server) = running();
    let (_, slip) = submit(&mount, out(b"body"));
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || theirs.die());
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn copying_out_death_does_not_wait_for_the_copy() {
    let (mount, _, mut server) = running();
    let caller = park(&mount, b"body", Wait::FOREVER, 1);
    let (theirs, mut caller) = (mount.clone(), Some(caller));
    server.watch(server.aux_addr(), move || {
        theirs.die();
        let ended = caller.take().unwrap().join().unwrap();
        assert_eq!(ended, Err(Errno::Nxio));
    });
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn copying_out_dead_request_without_its_caller_is_enoent() {
    let (mount, _, mut server) = running();
    let mut caller = Some(park(&mount, b"body", Wait::FOREVER, 1));
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || {
        theirs.die();
        let ended = caller.take().unwrap().join().unwrap();
        assert_eq!(ended, Err(Errno::Nxio));
        assert_eq!(theirs.interrupt(ReqId(1)), Err(Errno::NoEnt));
    });
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
}

#[test]
fn copying_out_death_of_faf_frees_it() {
    let before = live();
    let (mount, _, mut server) = running();
    mount.send(out(b"faf")).unwrap();
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || theirs.die());
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Nxio);
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn copying_out_fault_goes_back_to_the_head() {
    let (mount, _, mut server) = running();
    let (first, slip) = submit(&mount, out(b"first"));
    let (second, _slip) = submit(&mount, out(b"second"));
    server.protect(server.aux_addr(), true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    assert_eq!(mount.readiness().requests, 2);
    server.protect(server.aux_addr(), true, true);
    let fetched = server.fetch();
    assert_eq!(
        (fetched.req.id, &fetched.body[..]),
        (first.0, &b"first"[..])
    );
    assert_eq!(server.fetch().req.id, second.0);
    server.answer(first, 5, b"").unwrap();
    assert_eq!(slip.ended(), Ok((5, vec![])));
}

#[test]
fn copying_out_fault_of_faf_loses_nothing() {
    for header in [false, true] {
        let (mount, _, mut server) = running();
        mount.send(out(b"faf")).unwrap();
        let addr = match header {
            true => server.header_addr(),
            false => server.aux_addr(),
        };
        server.protect(addr, true, false);
        assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
        server.protect(addr, true, true);
        let fetched = server.fetch();
        assert_eq!((fetched.req.id, fetched.req.opclass), (0, FAF));
        assert_eq!(fetched.body, b"faf");
    }
}

#[test]
fn copying_out_fault_after_the_caller_left_drops() {
    let before = live();
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"body"));
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || theirs.interrupt(id).unwrap());
    server.protect(server.aux_addr(), true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
    assert_eq!(mount.readiness().requests, 0);
}

#[test]
fn copying_out_fault_after_death_drops() {
    let before = live();
    let (mount, _, mut server) = running();
    let (_, slip) = submit(&mount, out(b"body"));
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || theirs.die());
    server.protect(server.aux_addr(), true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

// ---- awaiting

#[test]
fn awaiting_answer_ends_it() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"question"));
    let fetched = server.fetch();
    assert_eq!(fetched.body, b"question");
    assert_eq!((fetched.req.optype, fetched.req.cookie), (1, 0xc0));
    server.answer(id, 2, b"short").unwrap();
    assert_eq!(slip.ended(), Ok((2, b"short".to_vec())));
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn awaiting_signal_abandons() {
    let (mount, host, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    mount.interrupt(id).unwrap();
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert_eq!(mount.load(), (1, 1), "its share of the bounds stays taken");
    assert_eq!(server.answer(id, 3, b"l"), Err(Errno::Canceled));
    let late = host.late.lock().unwrap().pop().unwrap();
    assert_eq!(
        (late.0, late.1.0, late.2, &late.3[..]),
        (1, 0xc0, 3, &b"l"[..])
    );
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn awaiting_deadline_abandons_a_parked_caller() {
    let (mount, host, mut server) = running();
    let soon = Wait {
        deadline: Some(puffs_core::Instant(
            <Checked as puffs_core::Platform>::now().0 + 50_000_000,
        )),
        interruptible: false,
    };
    let caller = park(&mount, b"q", soon, 1);
    let id = ReqId(server.fetch().req.id);
    assert_eq!(caller.join().unwrap(), Err(Errno::TimedOut));
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Canceled));
    assert_eq!(host.late.lock().unwrap().len(), 1);
}

#[test]
fn awaiting_death_is_enxio() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    mount.die();
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Nxio));
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn awaiting_header_fault_takes_it_back() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.protect(server.header_addr(), true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    server.protect(server.header_addr(), true, true);
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Inval), "queued again");
    let fetched = server.fetch();
    assert_eq!((fetched.req.id, &fetched.body[..]), (id.0, &b"q"[..]));
    server.answer(id, 0, b"").unwrap();
    assert!(slip.ended().is_ok());
}

#[test]
fn awaiting_header_fault_after_a_guessed_answer_changes_nothing() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    let mut other = Server::new(&mount);
    let (theirs, told) = (mount.clone(), slip.clone());
    server.watch(server.aux_addr(), {
        // The watch of the header is armed only now: the header is read before the body is copied.
        let header = server.header_addr();
        let guess = move || {
            other.answer(id, 0, b"!").unwrap();
            assert!(told.ended().is_ok());
            // The same place in the slab, another request, which is the other server's.
            let _ = submit(&theirs, out(b"other"));
            assert_eq!(other.fetch().body, b"other");
        };
        let mut guess = Some(guess);
        move || watch_at(header, guess.take().unwrap())
    });
    server.protect(server.header_addr(), true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    assert_eq!(slip.ended(), Ok((0, b"!".to_vec())));
    assert_eq!(mount.readiness().requests, 0, "nothing comes back twice");
}

// ---- copying in

#[test]
fn copying_in_second_answer_is_einval() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"qq"));
    server.fetch();
    let mut other = Server::new(&mount);
    server.watch(server.aux_addr(), move || {
        assert_eq!(other.answer(id, 1, b"2"), Err(Errno::Inval));
    });
    server.answer(id, 0, b"1").unwrap();
    assert_eq!(slip.ended(), Ok((0, b"1".to_vec())));
}

#[test]
fn copying_in_caller_leaves_and_the_answer_is_late() {
    let (mount, host, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || theirs.interrupt(id).unwrap());
    assert_eq!(server.answer(id, 0, b"a"), Err(Errno::Canceled));
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert_eq!(host.late.lock().unwrap().len(), 1);
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn copying_in_parked_caller_leaves() {
    let (mount, host, mut server) = running();
    let caller = park(&mount, b"q", Wait::FOREVER, 1);
    let id = ReqId(server.fetch().req.id);
    let (theirs, mut caller) = (mount.clone(), Some(caller));
    server.watch(server.aux_addr(), move || {
        theirs.interrupt(id).unwrap();
        let ended = caller.take().unwrap().join().unwrap();
        assert_eq!(ended, Err(Errno::Intr));
    });
    assert_eq!(server.answer(id, 0, b"a"), Err(Errno::Canceled));
    assert_eq!(host.late.lock().unwrap().len(), 1);
}

#[test]
fn copying_in_death_is_enxio_for_both() {
    for parked in [false, true] {
        let (mount, _, mut server) = running();
        let (slip, caller) = match parked {
            false => (Some(submit(&mount, out(b"q")).1), None),
            true => (None, Some(park(&mount, b"q", Wait::FOREVER, 1))),
        };
        let id = ReqId(server.fetch().req.id);
        let (theirs, mut caller) = (mount.clone(), caller);
        server.watch(server.aux_addr(), move || {
            theirs.die();
            if let Some(caller) = caller.take() {
                assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
            }
        });
        assert_eq!(server.answer(id, 0, b"a"), Err(Errno::Nxio));
        if let Some(slip) = slip {
            assert_eq!(slip.ended(), Err(Errno::Nxio));
        }
        assert_eq!(mount.load(), (0, 0));
    }
}

#[test]
fn copying_in_fault_is_eproto_for_the_caller() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    server.protect(server.aux_addr(), false, true);
    assert_eq!(server.put_len(vn(id.0, 0), 1), Err(Errno::Fault));
    assert_eq!(slip.ended(), Err(Errno::Proto));
    assert_eq!(mount.load(), (0, 0));
}

/// A kernel ends the copies of a process that is being killed. That is no lie of the server's, but its death.
#[test]
fn copying_in_fault_of_a_killed_server_is_enxio_for_both() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    server.protect(server.aux_addr(), false, true);
    signal_pending(true);
    let put = server.put_len(vn(id.0, 0), 1);
    signal_pending(false);
    assert_eq!(put, Err(Errno::Nxio));
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn copying_in_fault_after_the_caller_left_frees() {
    let before = live();
    let (mount, host, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    let theirs = mount.clone();
    server.watch(server.aux_addr(), move || theirs.interrupt(id).unwrap());
    server.protect(server.aux_addr(), false, true);
    assert_eq!(server.put_len(vn(id.0, 0), 1), Err(Errno::Fault));
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert!(host.late.lock().unwrap().is_empty());
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

// ---- abandoned

/// A request whose caller has left while the server has it.
fn abandoned(mount: &TestMount, server: &mut Server) -> ReqId {
    let (id, slip) = submit(mount, out(b"q"));
    server.fetch();
    mount.interrupt(id).unwrap();
    assert_eq!(slip.ended(), Err(Errno::Intr));
    id
}

#[test]
fn abandoned_bad_answer_is_refused_and_frees() {
    let before = live();
    let (mount, host, mut server) = running();
    let id = abandoned(&mount, &mut server);
    assert_eq!(server.answer(id, -1, b""), Err(Errno::Inval));
    assert!(host.late.lock().unwrap().is_empty());
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn abandoned_fault_frees() {
    let before = live();
    let (mount, _, mut server) = running();
    let id = abandoned(&mount, &mut server);
    server.protect(server.aux_addr(), false, true);
    assert_eq!(server.put_len(vn(id.0, 0), 1), Err(Errno::Fault));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn abandoned_death_frees() {
    let before = live();
    let (mount, host, mut server) = running();
    let id = abandoned(&mount, &mut server);
    mount.die();
    assert_eq!((live(), mount.load()), (before, (0, 0)));
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Nxio));
    assert!(host.late.lock().unwrap().is_empty());
}

#[test]
fn abandoned_header_fault_frees() {
    let before = live();
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    let (theirs, header) = (mount.clone(), server.header_addr());
    let mut theirs = Some(theirs);
    server.watch(server.aux_addr(), move || {
        let mount = theirs.take().unwrap();
        watch_at(header, move || mount.interrupt(id).unwrap());
    });
    server.protect(header, true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
    assert_eq!(slip.ended(), Err(Errno::Intr));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn abandoned_request_keeps_its_id() {
    let (mount, _, mut server) = running();
    let id = abandoned(&mount, &mut server);
    let again = mount.call_as(out(b""), Some(id), &expired());
    assert_eq!(flat(again), Err(Errno::Exist));
    assert_eq!(mount.interrupt(id), Err(Errno::NoEnt));
}

// ---- done

#[test]
fn done_answer_is_einval() {
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    server.fetch();
    server.answer(id, 0, b"").unwrap();
    assert_eq!(server.answer(id, 1, b""), Err(Errno::Inval));
    assert_eq!(slip.ended(), Ok((0, vec![])));
    mount.die();
    assert_eq!(slip.ended(), Ok((0, vec![])));
}
