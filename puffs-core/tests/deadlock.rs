//! EDEADLK: a thread that is at work for the server, and calls into its own mount.

mod common;

use common::*;
use puffs_core::platform::Wait;
use puffs_core::{Config, Errno, ReqId};

/// What a parked caller gets that would wait for ever: the deadline is long past.
const WAITS: Errno = Errno::TimedOut;

/// A call of this thread's.
fn call(mount: &TestMount, thread: usize) -> Errno {
    pass_for(thread);
    mount.call(out(b"inner"), &expired()).err().unwrap()
}

/// This thread comes to fetch; the id of what it finds.
fn fetch(server: &mut Server, thread: usize) -> Result<ReqId, Errno> {
    pass_for(thread);
    server.getop(64, None).map(|fetched| ReqId(fetched.req.id))
}

#[test]
fn a_lone_server_at_work_is_refused() {
    let (mount, _, mut server) = running();
    assert_eq!(call(&mount, 1), WAITS, "it has never served");
    let (id, told) = submit(&mount, out(b"outer"));
    assert_eq!(fetch(&mut server, 1), Ok(id));
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    assert_eq!(call(&mount, 9), WAITS, "anybody else may wait for it");
    server.answer(id, 0, b"").unwrap();
    assert!(told.ended().is_ok());
    assert_eq!(call(&mount, 1), WAITS, "it is not at work");
}

#[test]
fn threads_that_cannot_be_told_apart_are_let_in() {
    let (mount, _, mut server) = running();
    let (id, _told) = submit(&mount, out(b"outer"));
    assert_eq!(fetch(&mut server, 0), Ok(id));
    assert_eq!(call(&mount, 0), WAITS);
    // Any of them may be one that will come, for those that can be told apart too.
    let (id, _told) = submit(&mount, out(b"another"));
    assert_eq!(fetch(&mut server, 1), Ok(id));
    assert_eq!(call(&mount, 1), WAITS);
}

/// A server thread that is parked in a call of its own, until the mount dies.
fn parked(mount: &TestMount, thread: usize) -> std::thread::JoinHandle<Errno> {
    let (theirs, queued) = (mount.clone(), mount.readiness().requests);
    let caller = std::thread::spawn(move || {
        pass_for(thread);
        theirs.call(out(b"inner"), &Wait::FOREVER).err().unwrap()
    });
    until(|| mount.readiness().requests > queued);
    caller
}

#[test]
fn another_thread_that_will_come_is_enough() {
    let (mount, _, mut server) = running();
    assert_eq!(fetch(&mut server, 2), Err(Errno::WouldBlock));
    let (a, _told) = submit(&mount, out(b"a"));
    let (b, _told) = submit(&mount, out(b"b"));
    assert_eq!(fetch(&mut server, 1), Ok(a));
    assert_eq!(call(&mount, 1), WAITS, "the other one is free");
    assert_eq!(fetch(&mut server, 2), Ok(b));
    assert_eq!(call(&mount, 1), WAITS, "the other one will be");
    let other = parked(&mount, 2);
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    assert_eq!(call(&mount, 3), WAITS, "it never served");
    mount.die();
    assert_eq!(other.join().unwrap(), Errno::Nxio);
}

#[test]
fn whoever_has_been_answered_is_parked_no_more() {
    let (mount, _, mut server) = running();
    assert_eq!(fetch(&mut server, 1), Err(Errno::WouldBlock));
    let (a, _told) = submit(&mount, out(b"a"));
    assert_eq!(fetch(&mut server, 2), Ok(a));
    let (go, gate) = std::sync::mpsc::channel();
    let theirs = mount.clone();
    let other = std::thread::spawn(move || {
        pass_for(2);
        slow_wake(gate);
        theirs
            .call(out(b"q"), &Wait::FOREVER)
            .map(|answer| answer.rv)
    });
    until(|| mount.readiness().requests == 1);
    let q = fetch(&mut server, 1).unwrap();
    server.answer(q, 0, b"").unwrap();
    let (b, _told) = submit(&mount, out(b"b"));
    assert_eq!(fetch(&mut server, 1), Ok(b));
    assert_eq!(call(&mount, 1), WAITS, "it will come, once it has run");
    go.send(()).unwrap();
    assert_eq!(other.join().unwrap(), Ok(0));
}

#[test]
fn whoever_is_interrupted_is_parked_no_more() {
    let (mount, _, mut server) = running();
    for thread in [1, 2] {
        let (id, _told) = submit(&mount, out(b"outer"));
        assert_eq!(fetch(&mut server, thread), Ok(id));
    }
    let (go, gate) = std::sync::mpsc::channel();
    let (theirs, id) = (mount.clone(), mount.next_id());
    let other = std::thread::spawn(move || {
        pass_for(2);
        slow_wake(gate);
        let ended = theirs.call_as(out(b"q"), Some(id), &Wait::FOREVER);
        ended.map(|answer| answer.rv)
    });
    until(|| mount.readiness().requests == 1);
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    mount.interrupt(id).unwrap();
    assert_eq!(call(&mount, 1), WAITS, "it will come, once it has run");
    go.send(()).unwrap();
    assert_eq!(other.join().unwrap(), Err(Errno::Intr));
}

#[test]
fn whoever_is_back_from_its_call_counts_again() {
    let (mount, _, mut server) = running();
    let mut ids = Vec::new();
    for thread in [1, 2] {
        let (id, _told) = submit(&mount, out(b"outer"));
        assert_eq!(fetch(&mut server, thread), Ok(id));
        ids.push(id);
    }
    assert_eq!(call(&mount, 2), WAITS);
    assert_eq!(call(&mount, 1), WAITS, "the other one came back");
    // What does not enter does not park.
    pass_for(2);
    let refused = mount.call_as(out(b"inner"), Some(ids[0]), &Wait::FOREVER);
    assert_eq!(refused.err(), Some(Errno::Exist));
    assert_eq!(call(&mount, 1), WAITS);
}

#[test]
fn whoever_found_no_place_counts_again() {
    let (mount, _, mut server) = running_with(Config {
        max_requests: 2,
        ..Config::default()
    });
    for thread in [1, 2] {
        let (id, _told) = submit(&mount, out(b"outer"));
        assert_eq!(fetch(&mut server, thread), Ok(id));
    }
    pass_for(2);
    let refused = mount.call_nowait(out(b"inner"), None, &Wait::FOREVER);
    assert_eq!(refused.err(), Some(Errno::WouldBlock));
    assert_eq!(call(&mount, 2), WAITS, "in line, until its deadline");
    assert_eq!(call(&mount, 1), WAITS, "the other one is not parked");
}

#[test]
fn whoever_stands_in_line_for_a_place_is_parked() {
    let (mount, _, mut server) = running_with(Config {
        max_requests: 2,
        ..Config::default()
    });
    for thread in [1, 2] {
        let (id, _told) = submit(&mount, out(b"outer"));
        assert_eq!(fetch(&mut server, thread), Ok(id));
    }
    let theirs = mount.clone();
    let other = std::thread::spawn(move || {
        pass_for(2);
        theirs.call(out(b"inner"), &Wait::FOREVER).err()
    });
    until(|| mount.sleepers().1 == 1);
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    mount.die();
    assert_eq!(other.join().unwrap(), Some(Errno::Nxio));
}

#[test]
fn who_is_refused_is_counted() {
    let (mount, _, mut server) = running();
    let (id, _told) = submit(&mount, out(b"outer"));
    assert_eq!(fetch(&mut server, 1), Ok(id));
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    let stats = mount.statistics();
    assert_eq!((stats.refused_deadlock, stats.queued), (1, 0));
}

#[test]
fn whoever_answers_ends_the_work() {
    let (mount, _, mut server) = running();
    let (id, _told) = submit(&mount, out(b"outer"));
    assert_eq!(fetch(&mut server, 1), Ok(id));
    pass_for(2);
    server.answer(id, 0, b"").unwrap();
    assert_eq!(call(&mount, 1), WAITS);
}

#[test]
fn all_that_it_fetched_counts() {
    let (mount, host, mut server) = running();
    let (a, _told) = submit(&mount, out(b"a"));
    let (b, _told) = submit(&mount, out(b"b"));
    fetch(&mut server, 1).unwrap();
    fetch(&mut server, 1).unwrap();
    server.answer(a, 0, b"").unwrap();
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    // Its caller leaves; the server does not know that, and works on.
    mount.interrupt(b).unwrap();
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    assert_eq!(server.answer(b, 0, b""), Err(Errno::Canceled));
    assert_eq!(call(&mount, 1), WAITS);
    assert_eq!(host.late.lock().unwrap().len(), 1);
}

#[test]
fn what_wants_no_answer_is_work_until_it_comes_for_more() {
    let (mount, _, mut server) = running();
    mount.send(out(b"faf")).unwrap();
    assert_eq!(fetch(&mut server, 1), Ok(ReqId(0)));
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    assert_eq!(fetch(&mut server, 1), Err(Errno::WouldBlock));
    assert_eq!(call(&mount, 1), WAITS);
}

#[test]
fn several_of_one_call_are_one_piece_of_work() {
    use puffs_core::UserAddr;
    use puffs_core::msg::wire::{Batch, Req};
    use zerocopy::IntoBytes;

    let (mount, _, _) = running();
    mount.send(out(b"faf")).unwrap();
    let (arg, headers, aux) = (
        Part::new(size_of::<Batch>()),
        Part::new(2 * size_of::<Req>()),
        Part::new(64),
    );
    let (mut arg, mut headers) = (arg, headers);
    let room = Req {
        aux: aux.addr(),
        auxlen: 64,
        ..Req::default()
    };
    headers.bytes_mut()[..size_of::<Req>()].copy_from_slice(room.as_bytes());
    let batch = Batch {
        get: headers.addr(),
        nget: 2,
        ..Batch::default()
    };
    arg.bytes_mut().copy_from_slice(batch.as_bytes());
    pass_for(1);
    mount.batch(UserAddr(arg.addr()), None).unwrap();
    assert_eq!(
        call(&mount, 1),
        Errno::Deadlk,
        "that it looked for a second one does not end the first"
    );
}

#[test]
fn what_could_not_be_delivered_is_no_work() {
    let (mount, _, mut server) = running();
    let (_, _told) = submit(&mount, out(b"outer"));
    for addr in [server.aux_addr(), server.header_addr()] {
        server.protect(addr, true, false);
        assert_eq!(fetch(&mut server, 1), Err(Errno::Fault));
        server.protect(addr, true, true);
        assert_eq!(call(&mount, 1), WAITS);
    }
    assert_eq!(server.getop(1, None).unwrap_err(), Errno::TooBig);
    assert_eq!(call(&mount, 1), WAITS);
}

#[test]
fn only_who_would_sleep_is_refused() {
    let (mount, _, mut server) = running();
    let (id, _told) = submit(&mount, out(b"outer"));
    assert_eq!(fetch(&mut server, 1), Ok(id));
    let (_, told) = submit(&mount, out(b"called back"));
    mount.send(out(b"faf")).unwrap();
    mount.die();
    assert_eq!(told.ended(), Err(Errno::Nxio));
    assert_eq!(call(&mount, 1), Errno::Nxio);
}

#[test]
fn it_is_refused_before_it_waits_for_a_place() {
    let (mount, _, mut server) = running_with(Config {
        max_requests: 1,
        ..Config::default()
    });
    let (id, _told) = submit(&mount, out(b"outer"));
    assert_eq!(fetch(&mut server, 1), Ok(id));
    assert_eq!(call(&mount, 1), Errno::Deadlk);
    assert_eq!(mount.load(), (1, 5));
}

#[test]
fn with_more_threads_than_are_told_apart_nobody_is_refused() {
    for (threads, refused) in [(32, Errno::Deadlk), (33, WAITS)] {
        let (mount, _, mut server) = running();
        let mut others = Vec::new();
        for _ in 1..=threads {
            mount.send(out(b"outer")).unwrap();
        }
        for thread in 1..=threads {
            assert_eq!(fetch(&mut server, thread), Ok(ReqId(0)));
        }
        for thread in 2..=threads {
            others.push(parked(&mount, thread));
        }
        assert_eq!(call(&mount, 1), refused, "{threads} threads at work");
        mount.die();
        for other in others {
            assert_eq!(other.join().unwrap(), Errno::Nxio);
        }
    }
}
