//! Threads that sleep for the queue: getters, and callers in line for a place.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, spawn};

use common::*;
use puffs_core::msg::wire::StartReq;
use puffs_core::platform::Wait;
use puffs_core::{Config, Errno, PollLink, ReqId};

const ONE: Config = Config {
    max_len: 64,
    max_requests: 1,
    max_bytes: 64,
    max_rv: 133,
};

/// A getter on a thread of its own; it gives its server back.
fn getter(mut server: Server, room: usize) -> JoinHandle<(Server, Result<Fetched, Errno>)> {
    spawn(move || {
        let got = server.getop(room, Some(&Wait::FOREVER));
        (server, got)
    })
}

fn asleep(mount: &TestMount, getters: usize, in_line: usize) {
    until(|| mount.sleepers() == (getters, in_line));
}

// ---- getters

#[test]
fn an_arrival_wakes_one_getter_in_order() {
    let (mount, _, server) = running();
    let first = getter(server, 99);
    asleep(&mount, 1, 0);
    let second = getter(Server::new(&mount), 99);
    asleep(&mount, 2, 0);
    let (a, _s) = submit(&mount, out(b"a"));
    assert_eq!(first.join().unwrap().1.unwrap().req.id, a.0);
    assert_eq!(mount.sleepers(), (1, 0));
    let (b, _s) = submit(&mount, out(b"b"));
    assert_eq!(second.join().unwrap().1.unwrap().req.id, b.0);
}

#[test]
fn death_wakes_every_getter() {
    let (mount, _, server) = running();
    let getters = [getter(server, 9), getter(Server::new(&mount), 9)];
    asleep(&mount, 2, 0);
    mount.die();
    for getter in getters {
        assert_eq!(getter.join().unwrap().1.unwrap_err(), Errno::Nxio);
    }
    assert_eq!(mount.sleepers(), (0, 0));
}

#[test]
fn start_wakes_a_getter_per_request() {
    let (mount, _) = new_mount(Config::default());
    let getters = [0, 1, 2].map(|_| getter(Server::new(&mount), 9));
    asleep(&mount, 3, 0);
    let _slips = [submit(&mount, out(b"1")), submit(&mount, out(b"2"))];
    assert_eq!(
        mount.sleepers(),
        (3, 0),
        "nothing is delivered before the start"
    );
    mount.start(&StartReq::default()).unwrap();
    until(|| getters.iter().filter(|getter| getter.is_finished()).count() == 2);
    mount.die();
    let got = getters.map(|getter| getter.join().unwrap().1.is_ok());
    assert_eq!(got.iter().filter(|&&ok| ok).count(), 2);
}

#[test]
fn a_getter_with_too_small_a_buffer_passes_the_wake_up_on() {
    let (mount, _, server) = running();
    let small = getter(server, 2);
    asleep(&mount, 1, 0);
    let large = getter(Server::new(&mount), 99);
    asleep(&mount, 2, 0);
    let (id, _slip) = submit(&mount, out(b"long"));
    assert_eq!(small.join().unwrap().1.unwrap_err(), Errno::TooBig);
    assert_eq!(large.join().unwrap().1.unwrap().req.id, id.0);
}

#[test]
fn a_getter_that_faults_passes_the_wake_up_on() {
    for header in [false, true] {
        let (mount, _, server) = running();
        let addr = match header {
            true => server.header_addr(),
            false => server.aux_addr(),
        };
        server.protect(addr, true, false);
        let bad = getter(server, 99);
        asleep(&mount, 1, 0);
        let good = getter(Server::new(&mount), 99);
        asleep(&mount, 2, 0);
        let (id, _slip) = submit(&mount, out(b"body"));
        assert_eq!(bad.join().unwrap().1.unwrap_err(), Errno::Fault);
        assert_eq!(good.join().unwrap().1.unwrap().req.id, id.0);
    }
}

#[test]
fn getters_leave_for_signals_and_deadlines() {
    let (mount, _, mut server) = running();
    signal_pending(true);
    assert_eq!(
        server.getop(9, Some(&INTERRUPTIBLE)).unwrap_err(),
        Errno::Intr
    );
    signal_pending(false);
    assert_eq!(
        server.getop(9, Some(&expired())).unwrap_err(),
        Errno::TimedOut
    );
    assert_eq!(mount.sleepers(), (0, 0));
}

#[test]
fn a_pending_signal_does_not_cost_a_request() {
    let (mount, _, mut server) = running();
    let (id, _slip) = submit(&mount, out(b""));
    signal_pending(true);
    let got = server.getop(9, Some(&INTERRUPTIBLE));
    signal_pending(false);
    assert_eq!(got.unwrap().req.id, id.0);
}

#[test]
fn a_getter_is_woken_once_and_then_sleeps() {
    let (mount, _) = new_mount(Config::default());
    let mut server = Server::new(&mount);
    for started in [false, true] {
        // Before it sleeps, or while it does.
        for early in [true, false] {
            if early {
                mount.wake().unwrap();
                mount.wake().unwrap();
            }
            let woken = getter(server, 99);
            if !early {
                asleep(&mount, 1, 0);
                mount.wake().unwrap();
            }
            let (back, got) = woken.join().unwrap();
            assert_eq!(got.unwrap_err(), Errno::Woken);
            assert_eq!(mount.sleepers(), (0, 0));
            server = back;
            let got = server.getop(9, Some(&expired())).unwrap_err();
            assert_eq!(got, Errno::TimedOut, "the token was taken");
        }
        if !started {
            mount.start(&StartReq::default()).unwrap();
        }
    }
}

#[test]
fn a_token_waits_for_one_who_would_sleep() {
    let (mount, _, mut server) = running();
    mount.wake().unwrap();
    assert_eq!(server.getop(9, None).unwrap_err(), Errno::WouldBlock);
    let (id, _slip) = submit(&mount, out(b"a"));
    let got = server.getop(9, Some(&Wait::FOREVER)).unwrap();
    assert_eq!(got.req.id, id.0);
    let got = server.getop(9, Some(&Wait::FOREVER)).unwrap_err();
    assert_eq!(got, Errno::Woken);
}

#[test]
fn one_of_several_getters_takes_the_token() {
    let (mount, _, server) = running();
    let first = getter(server, 9);
    asleep(&mount, 1, 0);
    let second = getter(Server::new(&mount), 9);
    asleep(&mount, 2, 0);
    mount.wake().unwrap();
    assert_eq!(first.join().unwrap().1.unwrap_err(), Errno::Woken);
    assert_eq!(mount.sleepers(), (1, 0));
    let (id, _slip) = submit(&mount, out(b"a"));
    assert_eq!(second.join().unwrap().1.unwrap().req.id, id.0);
}

#[test]
fn a_token_is_for_the_server_that_is_there() {
    let (mount, _, mut server) = running();
    mount.wake().unwrap();
    let link = PollLink::<Checked>::new().unwrap();
    assert!(mount.link_poll(1, Some(link)).is_none());
    let got = server.getop(9, Some(&Wait::FOREVER)).unwrap_err();
    assert_eq!(got, Errno::Woken, "left while it was being mounted");
    mount.wake().unwrap();
    assert!(mount.link_poll(2, None).is_some());
    let got = server.getop(9, Some(&expired())).unwrap_err();
    assert_eq!(got, Errno::TimedOut);
    mount.wake().unwrap();
    mount.die();
    assert_eq!(mount.wake(), Err(Errno::Nxio));
    let got = server.getop(9, Some(&Wait::FOREVER)).unwrap_err();
    assert_eq!(got, Errno::Nxio);
}

#[test]
fn the_start_wakes_no_more_getters_than_there_are_requests() {
    let (mount, _) = new_mount(Config::default());
    let getters = [1, 2, 3].map(|i| {
        let mut server = Server::new(&mount);
        let getter = spawn(move || (server.getop(9, Some(&Wait::FOREVER)).is_ok(), wakes()));
        asleep(&mount, i, 0);
        getter
    });
    let _slip = submit(&mount, out(b"1"));
    mount.start(&StartReq::default()).unwrap();
    until(|| getters.iter().any(JoinHandle::is_finished));
    asleep(&mount, 2, 0);
    mount.die();
    let woken = getters.map(|getter| getter.join().unwrap().1);
    assert_eq!(woken, [1, 1, 1]);
}

// ---- room

#[test]
fn without_room_a_request_that_may_not_wait_is_refused() {
    let (mount, _, mut server) = running_with(ONE);
    let (id, slip) = submit(&mount, out(b"full"));
    assert_eq!(mount.send(out(b"")), Err(Errno::WouldBlock));
    let refused = mount.submit(out(b""), Box::new(|_: Ended| ()));
    assert_eq!(refused, Err(Errno::WouldBlock));
    let refused = mount.call_nowait(out(b""), None, &Wait::FOREVER);
    assert_eq!(flat(refused), Err(Errno::WouldBlock));
    server.fetch();
    assert_eq!(
        mount.send(out(b"")),
        Err(Errno::WouldBlock),
        "fetched still counts"
    );
    server.answer(id, 0, b"").unwrap();
    assert!(slip.ended().is_ok());
    // With a place, one that may not wait for it is like any other, its id included.
    let nothing = mount.call_nowait(out(b""), Some(ReqId(0)), &Wait::FOREVER);
    assert_eq!(flat(nothing), Err(Errno::Inval));
    let called = mount.call_nowait(out(b""), Some(ReqId(77)), &expired());
    assert_eq!(flat(called), Err(Errno::TimedOut));
    assert_eq!(mount.send(out(b"")), Ok(()));
}

#[test]
fn bytes_are_bounded_too() {
    let (mount, _, _server) = running_with(Config {
        max_requests: 9,
        ..ONE
    });
    mount.send(out(&[0; 40])).unwrap();
    assert_eq!(mount.send(out(&[0; 25])), Err(Errno::WouldBlock));
    assert_eq!(mount.send(out(&[0; 24])), Ok(()));
    assert_eq!(mount.load(), (2, 64));
}

#[test]
fn callers_get_their_places_in_order() {
    let (mount, _, mut server) = running_with(ONE);
    let (id, _slip) = submit(&mount, out(b"0"));
    let in_line: Vec<_> = (1..4u8)
        .map(|i| {
            let caller = mount.clone();
            let caller = spawn(move || flat(caller.call(out(&[i]), &Wait::FOREVER)));
            asleep(&mount, 0, i as usize);
            caller
        })
        .collect();
    server.fetch();
    server.answer(id, 0, b"").unwrap();
    for i in 1..4u8 {
        until(|| mount.readiness().requests == 1);
        assert_eq!(
            mount.send(out(b"")),
            Err(Errno::WouldBlock),
            "nobody overtakes"
        );
        let fetched = server.fetch();
        assert_eq!(fetched.body, [i]);
        server.answer(ReqId(fetched.req.id), 0, b"").unwrap();
    }
    for caller in in_line {
        assert_eq!(caller.join().unwrap(), Ok((0, vec![])));
    }
    assert_eq!(mount.load(), (0, 0));
}

#[test]
fn one_large_place_given_back_lets_several_in() {
    let (mount, _, mut server) = running_with(Config {
        max_requests: 9,
        ..ONE
    });
    let (id, _slip) = submit(&mount, out(&[0; 64]));
    let callers = [1, 2].map(|i| {
        let caller = mount.clone();
        let caller = spawn(move || flat(caller.call(out(&[1; 30]), &Wait::FOREVER)));
        asleep(&mount, 0, i);
        caller
    });
    server.fetch();
    server.answer(id, 0, b"").unwrap();
    until(|| mount.readiness().requests == 2);
    for _ in &callers {
        let id = ReqId(server.fetch().req.id);
        server.answer(id, 0, b"").unwrap();
    }
    for caller in callers {
        caller.join().unwrap().unwrap();
    }
}

#[test]
fn waiting_for_room_ends_by_signal_deadline_and_death() {
    let (mount, _, _server) = running_with(ONE);
    let (_, slip) = submit(&mount, out(b"full"));
    signal_pending(true);
    assert_eq!(flat(mount.call(out(b""), &INTERRUPTIBLE)), Err(Errno::Intr));
    signal_pending(false);
    assert_eq!(flat(mount.call(out(b""), &expired())), Err(Errno::TimedOut));
    assert_eq!(mount.sleepers(), (0, 0));
    let theirs = mount.clone();
    let caller = spawn(move || flat(theirs.call(out(b""), &Wait::FOREVER)));
    asleep(&mount, 0, 1);
    mount.die();
    assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
}

#[test]
fn death_wakes_everybody_in_line() {
    let (mount, _, _server) = running_with(ONE);
    let (_, slip) = submit(&mount, out(b"full"));
    let callers = [1, 2, 3].map(|i| {
        let theirs = mount.clone();
        let caller = spawn(move || flat(theirs.call(out(b""), &Wait::FOREVER)));
        asleep(&mount, 0, i);
        caller
    });
    mount.die();
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    until(|| callers.iter().all(JoinHandle::is_finished));
    for caller in callers {
        assert_eq!(caller.join().unwrap(), Err(Errno::Nxio));
    }
    assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
}

#[test]
fn a_large_request_that_leaves_the_line_lets_the_next_in() {
    let (mount, _, mut server) = running_with(Config {
        max_requests: 9,
        ..ONE
    });
    let (_, _slip) = submit(&mount, out(&[0; 40]));
    let theirs = mount.clone();
    let soon = Wait {
        deadline: Some(puffs_core::Instant(
            <Checked as puffs_core::Platform>::now().0 + 100_000_000,
        )),
        interruptible: false,
    };
    let large = spawn(move || flat(theirs.call(out(&[0; 64]), &soon)));
    asleep(&mount, 0, 1);
    let theirs = mount.clone();
    let small = spawn(move || flat(theirs.call(out(&[0; 8]), &Wait::FOREVER)));
    asleep(&mount, 0, 2);
    assert_eq!(large.join().unwrap(), Err(Errno::TimedOut));
    until(|| mount.readiness().requests == 2);
    server.fetch();
    let id = ReqId(server.fetch().req.id);
    server.answer(id, 0, b"").unwrap();
    small.join().unwrap().unwrap();
}

#[test]
fn a_place_that_turns_out_useless_is_given_back() {
    let (mount, _, mut server) = running_with(Config {
        max_requests: 2,
        ..ONE
    });
    let (id, _slip) = submit(&mount, out(&[0; 64]));
    let chosen = mount.next_id();
    let twins = [1, 2].map(|i| {
        let caller = mount.clone();
        let twin = spawn(move || flat(caller.call_as(out(b"x"), Some(chosen), &Wait::FOREVER)));
        asleep(&mount, 0, i);
        twin
    });
    server.fetch();
    server.answer(id, 0, b"").unwrap();
    // Both get a place, and the id is one's only.
    until(|| twins.iter().any(JoinHandle::is_finished));
    server.fetch();
    server.answer(chosen, 0, b"").unwrap();
    let mut ended = twins.map(|twin| twin.join().unwrap());
    ended.sort_by_key(Result::is_err);
    assert_eq!(ended, [Ok((0, vec![])), Err(Errno::Exist)]);
    assert_eq!(mount.load(), (0, 0));
}

// ---- pollers

#[test]
fn pollers_hear_of_arrivals_and_death() {
    let (mount, _, mut server) = running();
    let link = PollLink::<Checked>::new().unwrap();
    assert!(mount.link_poll(1, Some(link.clone())).is_none());
    let pokes = |n| assert_eq!(link.point.0.load(Ordering::SeqCst), n);
    mount.send(out(b"")).unwrap();
    pokes(1);
    server.protect(server.header_addr(), true, false);
    assert_eq!(server.getop(9, None).unwrap_err(), Errno::Fault);
    pokes(2);
    mount.die();
    pokes(3);
    assert!(mount.readiness().hangup);
    assert!(mount.link_poll(2, None).is_some());
}

#[test]
fn a_poll_link_that_comes_late_does_not_replace_a_newer_one() {
    let (mount, ..) = running();
    let older = PollLink::<Checked>::new().unwrap();
    let newer = PollLink::<Checked>::new().unwrap();
    assert!(mount.link_poll(2, Some(newer.clone())).is_none());
    let refused = mount.link_poll(1, Some(older.clone()));
    assert!(refused.is_some_and(|refused| refused.same(&older)));
    mount.send(out(b"")).unwrap();
    assert_eq!(older.point.0.load(Ordering::SeqCst), 0);
    assert_eq!(newer.point.0.load(Ordering::SeqCst), 1);
    let unlinked = mount.link_poll(3, None);
    assert!(unlinked.is_some_and(|unlinked| unlinked.same(&newer)));
}

// ---- all together

#[test]
fn callers_and_servers_by_the_dozen() {
    const CALLERS: usize = 6;
    const CALLS: usize = 300;
    let (mount, _, server) = running_with(Config {
        max_requests: 4,
        ..ONE
    });
    drop(server);
    let served = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut server = Server::new(&mount);
                loop {
                    match server.getop(64, Some(&Wait::FOREVER)) {
                        Ok(fetched) => {
                            let echo: Vec<u8> = fetched.body.iter().rev().copied().collect();
                            server.answer(ReqId(fetched.req.id), 0, &echo).unwrap();
                            served.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => break assert_eq!(error, Errno::Nxio),
                    }
                }
            });
        }
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let mount = &mount;
                scope.spawn(move || {
                    for call in 0..CALLS {
                        let body = [caller as u8, call as u8, (call >> 8) as u8];
                        let (rv, echo) = flat(mount.call(out(&body), &Wait::FOREVER)).unwrap();
                        assert_eq!((rv, echo), (0, vec![body[2], body[1], body[0]]));
                    }
                })
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        mount.die();
    });
    assert_eq!(served.into_inner(), CALLERS * CALLS);
    assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
}

#[test]
fn impatient_callers_faulty_servers_and_death() {
    for round in 0..8 {
        let (mount, _, _server) = running_with(Config {
            max_requests: 3,
            max_bytes: 100,
            ..ONE
        });
        std::thread::scope(|scope| {
            for first in 0..3 {
                let mount = &mount;
                scope.spawn(move || clumsy_server(mount, first));
            }
            for caller in 0..5 {
                let mount = &mount;
                scope.spawn(move || impatient_caller(mount, caller));
            }
            for _ in 0..20 + round {
                std::thread::sleep(std::time::Duration::from_millis(1));
                let ReqId(now) = mount.next_id();
                for id in now.saturating_sub(8)..now {
                    let _ = mount.interrupt(ReqId(id));
                }
            }
            mount.die();
        });
        assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
    }
}

/// Serves until death, often with a buffer that is too small or cannot be written.
fn clumsy_server(mount: &TestMount, first: usize) {
    let mut server = Server::new(mount);
    let aux = server.aux_addr();
    for turn in first.. {
        server.protect(aux, true, turn % 5 != 0);
        let room = if turn % 3 == 0 { 20 } else { 64 };
        let got = server.getop(room, Some(&Wait::FOREVER));
        server.protect(aux, true, true);
        match got {
            Ok(fetched) if fetched.req.id != 0 => {
                let answered = server.answer(ReqId(fetched.req.id), 0, &fetched.body);
                assert!(matches!(
                    answered,
                    Ok(()) | Err(Errno::Canceled | Errno::Nxio)
                ));
            }
            Ok(_) | Err(Errno::Fault | Errno::TooBig) => {}
            Err(error) => {
                assert_eq!(error, Errno::Nxio);
                break;
            }
        }
    }
}

/// Calls until death, often with hardly any patience.
fn impatient_caller(mount: &TestMount, caller: u64) {
    for call in 0.. {
        let soon = <Checked as puffs_core::Platform>::now().0 + call % 7 * 20_000;
        let wait = Wait {
            deadline: ((call + caller) & 3 == 0).then_some(puffs_core::Instant(soon)),
            interruptible: false,
        };
        let body = vec![caller as u8; (call * 13 % 64) as usize];
        if call % 6 == 5 {
            let sent = mount.send(out(&body));
            assert!(matches!(
                sent,
                Ok(()) | Err(Errno::WouldBlock | Errno::Nxio)
            ));
        }
        match flat(mount.call(out(&body), &wait)) {
            Ok(told) => assert_eq!(told, (0, body)),
            Err(Errno::TimedOut | Errno::Intr) => {}
            Err(error) => {
                assert_eq!(error, Errno::Nxio);
                break;
            }
        }
    }
}
