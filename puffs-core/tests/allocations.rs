//! Memory runs out: each allocation of an entry fails in turn, and nothing else changes.

mod common;

use common::*;
use puffs_core::msg::op::CLASS_VN;
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::platform::Wait;
use puffs_core::{
    Buf, Config, Cookie, Direction, Errno, Mount, PollLink, Prepaid, SizeOps, UserAddr,
};

/// Calls `entry` with fewer failing allocations each time until it gets through; returns how often it did not.
fn until_enough<R>(mut entry: impl FnMut() -> Result<R, Errno>) -> (usize, R) {
    for successes in 0.. {
        match failing(successes, &mut entry) {
            Ok(result) => return (successes, result),
            Err(error) => assert_eq!(error, Errno::NoMem, "after {successes} allocations"),
        }
    }
    unreachable!()
}

/// A call is through when its deadline, long past, is what ended it.
fn through<R>(ended: Result<R, Errno>) -> Result<(), Errno> {
    match ended {
        Err(Errno::TimedOut) => Ok(()),
        Err(error) => Err(error),
        Ok(_) => panic!("nobody answers here"),
    }
}

#[test]
fn making_things() {
    let before = live();
    let (failed, mount) = until_enough(|| Mount::<Checked>::new(Config::default(), None));
    assert_eq!(
        failed, 5,
        "the mount, its two indexes, its statistics, its servers"
    );
    let (failed, _) = until_enough(PollLink::<Checked>::new);
    assert_eq!(failed, 1);
    let (failed, prepaid) = until_enough(|| Prepaid::new(&mount, 8));
    assert_eq!(failed, 2, "the body, its place");
    drop(prepaid);
    assert_eq!(live(), before);
}

#[test]
fn callers() {
    let before = live();
    let (mount, ..) = running();
    let wait = expired();
    let mut kbuf = *b"request";
    let (failed, ()) =
        until_enough(|| through(mount.vntouser(1, &mut kbuf, Cookie(1), None, &wait)));
    assert_eq!(failed, 3, "the body, the event, the place");
    let (failed, ()) = until_enough(|| through(mount.vfstouser(1, &mut kbuf, &wait)));
    assert_eq!(failed, 2, "the place is there");
    assert_eq!(&kbuf, b"request");
    let (failed, ()) =
        until_enough(|| through(mount.vntouser_adjbuf(1, &kbuf, 3, Cookie(1), &wait)));
    assert_eq!(failed, 2);
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn what_the_door_refuses_is_not_copied() {
    let (mount, ..) = running_with(Config {
        max_len: 8,
        ..Config::default()
    });
    let (wait, mut kbuf) = (expired(), [0; 9]);
    let refused = failing(0, || mount.vntouser(1, &mut kbuf, Cookie(1), None, &wait));
    assert_eq!(refused, Err(Errno::Inval));
    let refused = failing(0, || mount.vfstouser(1, &mut kbuf, &wait));
    assert_eq!(refused, Err(Errno::Inval));
    let refused = failing(0, || {
        mount.vntouser_adjbuf(1, &kbuf, 1, Cookie(1), &wait).err()
    });
    assert_eq!(refused, Some(Errno::Inval));
}

#[test]
fn those_who_do_not_park() {
    let before = live();
    for faf in [true, false] {
        let (mount, ..) = running();
        let refused = match faf {
            true => {
                let body = out(b"body");
                failing(0, || mount.send(body))
            }
            false => {
                let (body, done) = (out(b"body"), Box::new(|_: Ended| panic!("never called")));
                failing(0, || mount.submit(body, done).map(|_| ()))
            }
        };
        assert_eq!(refused, Err(Errno::NoMem), "the place");
        assert_eq!((live(), mount.load()), (before, (0, 0)));
    }
}

#[test]
fn those_with_deadlines() {
    let before = live();
    let (mount, ..) = running();
    for successes in 0..2 {
        let (body, done) = (out(b"body"), Box::new(|_: Ended| panic!("never called")));
        let refused = failing(successes, || {
            mount.submit_until(body, None, expired().deadline, done)
        });
        assert_eq!(refused.err(), Some(Errno::NoMem), "the place, the deadline");
        assert_eq!((live(), mount.load()), (before, (0, 0)));
        assert_eq!(mount.expire(), None);
    }
    let slip = Slip::default();
    let told = slip.clone();
    let done = Box::new(move |ended: Ended| told.note(ended));
    let body = out(b"body");
    let sent = failing(1, || {
        mount.submit_until(body, None, expired().deadline, done)
    });
    assert!(sent.is_ok(), "the place is there by now");
    assert_eq!(mount.expire(), None);
    assert_eq!(slip.ended(), Err(Errno::TimedOut));
}

#[test]
fn those_with_data_beside() {
    let before = live();
    let (mount, ..) = running();
    let id = mount.next_id();
    let (failed, ops) = until_enough(|| SizeOps::new(&mount, id));
    assert_eq!(failed, 1, "the place");
    let data = Buf::copy_of(b"data", 4).unwrap();
    failing(0, || ops.add(Direction::Out, data)).unwrap();
    let results = failing(0, || ops.finish());
    assert_eq!(results.iter().count(), 1);
    drop(results);
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn those_in_line() {
    let (mount, ..) = running_with(Config {
        max_requests: 1,
        ..Config::default()
    });
    let (_, _slip) = submit(&mount, out(b"full"));
    let wait = expired();
    let (failed, ()) = until_enough(|| through(mount.vntouser(1, &mut [], Cookie(1), None, &wait)));
    assert_eq!(failed, 3, "two events, the place in line");
    assert_eq!((mount.load(), mount.sleepers()), ((1, 4), (0, 0)));
}

#[test]
fn those_who_find_all_places_promised() {
    let before = live();
    let (mount, ..) = running_with(Config {
        max_requests: 64,
        ..Config::default()
    });
    // All places of the first chunk are promised, so each request needs one more.
    let promised: Vec<_> = (0..64).map(|_| Prepaid::new(&mount, 0).unwrap()).collect();
    let (failed, ()) = until_enough(|| through(mount.vfstouser(1, &mut [], &expired())));
    assert_eq!(failed, 2, "the event, the place");
    assert_eq!((mount.load(), mount.sleepers()), ((0, 0), (0, 0)));
    drop(promised);
    assert_eq!(live(), before);
}

#[test]
fn promises() {
    let (mount, ..) = running();
    // As many as the first chunk has.
    let promise = || {
        (0..64)
            .map(|_| Prepaid::new(&mount, 0))
            .collect::<Result<Vec<_>, _>>()
    };
    drop(promise().unwrap());
    let again = promise().unwrap();
    let refused = failing(0, || Prepaid::new(&mount, 0)).err();
    assert_eq!(refused, Some(Errno::NoMem), "no more than 64 places");
    let mut again = again.into_iter();
    drop(again.next());
    let back = failing(0, || Prepaid::new(&mount, 0)).expect("a place given back");
    for prepaid in again.chain([back]) {
        prepaid.send(CLASS_VN, 28, Cookie(5));
    }
    let refused = failing(0, || Prepaid::new(&mount, 0)).err();
    assert_eq!(refused, Some(Errno::NoMem), "those sent have their places");
}

#[test]
fn getters() {
    let (mount, _) = new_mount(Config::default());
    let mut server = Server::new(&mount);
    let header = UserAddr(server.header_addr());
    let wait = expired();
    let (failed, ()) = until_enough(|| through(mount.getop(header, Some(&wait))));
    assert_eq!(failed, 2, "the event, the place among the sleepers");
    assert_eq!(mount.sleepers(), (0, 0));
    mount.start(&StartReq::default()).unwrap();
    let (id, slip) = submit(&mount, out(b""));
    failing(0, || mount.getop(header, Some(&Wait::FOREVER))).unwrap();
    failing(0, || mount.putop(header)).unwrap();
    assert_eq!(server.header().id, id.0);
    assert!(slip.ended().is_ok());
    server.getop(9, None).unwrap_err();
}

#[test]
fn an_answer_that_fits() {
    let (mount, _, mut server) = running();
    let (tell, told) = std::sync::mpsc::sync_channel(1);
    let done = Box::new(move |ended: Ended| tell.send(ended).unwrap());
    let id = mount.submit(out(b"four"), done).unwrap().id;
    server.fetch();
    failing(0, || server.put_len(vn(id.0, 0), 4)).unwrap();
    assert_eq!(flat(told.recv().unwrap()), Ok((0, b"four".to_vec())));
}

#[test]
fn an_answer_that_grows() {
    let before = live();
    let (mount, _, mut server) = running();
    let mut grows = out(b"four");
    grows.grow = true;
    let (id, slip) = submit(&mount, grows);
    server.fetch();
    let req = Req {
        opclass: CLASS_VN,
        ..vn(id.0, 0)
    };
    assert_eq!(failing(0, || server.put_len(req, 5)), Err(Errno::NoMem));
    assert_eq!(slip.ended(), Err(Errno::NoMem));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}
