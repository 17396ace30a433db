//! PUFFSBATCH: several answers and several fetches in one call.

mod common;

use common::*;
use puffs_core::msg::wire::{Batch, Req};
use puffs_core::platform::{Hosted, Platform, Wait};
use puffs_core::{Config, Errno, Mount, ReqId, UserAddr};
use zerocopy::{FromBytes, IntoBytes};

const ROOM: usize = 64;

/// A server's arrays, each in memory of its own.
struct Arrays {
    mount: TestMount,
    args: Part,
    /// Those of answers and those for requests.
    headers: [Part; 2],
    aux: Part,
    flags: u64,
}

impl Arrays {
    fn new(mount: &TestMount) -> Self {
        Arrays {
            mount: mount.clone(),
            args: Part::new(size_of::<Batch>()),
            headers: [0, 1].map(|_| Part::new(8 * size_of::<Req>())),
            aux: Part::new(16 * ROOM),
            flags: 0,
        }
    }

    fn slot(&mut self, list: usize, at: usize) -> &mut [u8] {
        &mut self.headers[list].bytes_mut()[at * size_of::<Req>()..][..size_of::<Req>()]
    }

    fn header(&self, list: usize, at: usize) -> Req {
        let bytes = &self.headers[list].bytes()[at * size_of::<Req>()..][..size_of::<Req>()];
        Req::read_from_bytes(bytes).unwrap()
    }

    /// What came, by id and body.
    fn came(&self) -> Vec<(u64, Vec<u8>)> {
        (0..self.read().nget)
            .map(|at| {
                let req = self.header(1, at);
                let body = &self.aux.bytes()[(8 + at) * ROOM..][..req.auxlen];
                (req.id, body.to_vec())
            })
            .collect()
    }

    fn read(&self) -> Batch {
        Batch::read_from_bytes(self.args.bytes()).unwrap()
    }

    /// Gives these answers and asks for `nget` requests, each with so much room.
    fn call(
        &mut self,
        answers: &[Req],
        rooms: &[usize],
        block: Option<&Wait>,
    ) -> Result<(), Errno> {
        let aux = self.aux.addr();
        for (at, answer) in answers.iter().enumerate() {
            let answer = Req {
                aux: aux + at * ROOM,
                ..*answer
            };
            self.slot(0, at).copy_from_slice(answer.as_bytes());
        }
        for (at, room) in rooms.iter().enumerate() {
            let offered = Req {
                aux: aux + (8 + at) * ROOM,
                auxlen: *room,
                ..Req::default()
            };
            self.slot(1, at).copy_from_slice(offered.as_bytes());
        }
        let args = Batch {
            put: self.headers[0].addr(),
            nput: answers.len(),
            get: self.headers[1].addr(),
            nget: rooms.len(),
            flags: self.flags,
        };
        self.args.bytes_mut().copy_from_slice(args.as_bytes());
        self.again(block)
    }

    /// The same call once more, on memory as it is.
    fn again(&mut self, block: Option<&Wait>) -> Result<(), Errno> {
        self.mount.batch(UserAddr(self.args.addr()), block)
    }
}

/// What a header says of its answer.
fn status(batch: &Arrays, at: usize) -> (u64, i32) {
    let req = batch.header(0, at);
    (req.id, req.rv)
}

#[test]
fn several_are_fetched_and_answered_and_fetched() {
    let before = live();
    let (mount, _, _) = running();
    let mut batch = Arrays::new(&mount);
    let asked: Vec<_> = [&b"one"[..], b"two", b"three"]
        .iter()
        .map(|body| submit(&mount, out(body)))
        .collect();
    batch.call(&[], &[ROOM; 2], None).unwrap();
    let first: Vec<_> = asked.iter().map(|(id, _)| id.0).collect();
    assert_eq!(
        batch.came(),
        [(first[0], b"one".to_vec()), (first[1], b"two".to_vec())]
    );
    let answers = [vn(first[0], 7), vn(first[1], 0)];
    batch.call(&answers, &[ROOM; 3], None).unwrap();
    assert_eq!((status(&batch, 0), status(&batch, 1)), ((0, 0), (0, 0)));
    assert_eq!(batch.came(), [(first[2], b"three".to_vec())]);
    assert_eq!(asked[0].1.ended(), Ok((7, vec![])));
    assert_eq!(asked[1].1.ended(), Ok((0, vec![])));
    batch.call(&[vn(first[2], 0)], &[], None).unwrap();
    assert_eq!(asked[2].1.ended(), Ok((0, vec![])));
    assert_eq!((mount.load(), live()), ((0, 0), before));
}

#[test]
fn a_bad_answer_spoils_no_other_and_nothing_is_fetched() {
    let (mount, _, mut server) = running();
    let mut batch = Arrays::new(&mount);
    let (a, told_a) = submit(&mount, out(b"a"));
    let (b, told_b) = submit(&mount, out(b"b"));
    server.fetch();
    server.fetch();
    let (c, _told_c) = submit(&mount, out(b"c"));
    let broken = Req {
        optype: 99,
        ..vn(a.0, 0)
    };
    let answers = [vn(4711, 0), broken, vn(b.0, 3)];
    assert_eq!(batch.call(&answers, &[ROOM], None), Err(Errno::Inval));
    let inval = Hosted::errno(Errno::Inval);
    assert_eq!(status(&batch, 0), (0, inval));
    assert_eq!(status(&batch, 1), (0, inval));
    assert_eq!(status(&batch, 2), (0, 0));
    assert_eq!(told_a.ended(), Err(Errno::Proto));
    assert_eq!(told_b.ended(), Ok((3, vec![])));
    assert_eq!(
        batch.read().nget,
        1,
        "what was asked for stands: the call may be repeated"
    );
    // As it is: no answer is given twice, and now it fetches.
    batch.again(None).unwrap();
    assert_eq!(batch.came(), [(c.0, b"c".to_vec())]);
}

#[test]
fn an_answer_that_comes_late_is_no_failure() {
    let (mount, host, mut server) = running();
    let mut batch = Arrays::new(&mount);
    let (id, _told) = submit(&mount, out(b"left"));
    server.fetch();
    mount.interrupt(id).unwrap();
    mount.send(out(b"next")).unwrap();
    batch.call(&[vn(id.0, 0)], &[ROOM], None).unwrap();
    assert_eq!(status(&batch, 0), (0, Hosted::errno(Errno::Canceled)));
    assert_eq!(batch.came(), [(0, b"next".to_vec())]);
    assert_eq!(host.late.lock().unwrap().len(), 1);
}

#[test]
fn a_call_that_a_signal_ended_is_made_again_and_answers_nothing_twice() {
    let (mount, _, mut server) = running();
    let mut batch = Arrays::new(&mount);
    let (id, told) = submit(&mount, out(b"a"));
    server.fetch();
    signal_pending(true);
    let called = batch.call(&[vn(id.0, 5)], &[ROOM], Some(&INTERRUPTIBLE));
    signal_pending(false);
    assert_eq!(called, Err(Errno::Intr));
    assert_eq!(told.ended(), Ok((5, vec![])));
    assert_eq!(status(&batch, 0), (0, 0));
    mount.send(out(b"b")).unwrap();
    batch.again(None).unwrap();
    assert_eq!(batch.came(), [(0, b"b".to_vec())]);
    assert_eq!(told.ended(), Ok((5, vec![])));
}

#[test]
fn it_sleeps_for_the_first_request_only() {
    let (mount, _, _) = running();
    let mut batch = Arrays::new(&mount);
    assert_eq!(batch.call(&[], &[ROOM; 2], None), Err(Errno::WouldBlock));
    let caller = park(&mount, b"parked", Wait::FOREVER, 1);
    batch.call(&[], &[ROOM; 2], Some(&Wait::FOREVER)).unwrap();
    let came = batch.came();
    assert_eq!(came.len(), 1);
    batch.call(&[vn(came[0].0, 1)], &[], None).unwrap();
    assert_eq!(caller.join().unwrap(), Ok((1, vec![])));
}

#[test]
fn what_keeps_a_later_request_from_coming_is_no_error() {
    let (mount, _, _) = running();
    let mut batch = Arrays::new(&mount);
    for body in [&b"a"[..], b"too long for it", b"c"] {
        mount.send(out(body)).unwrap();
    }
    batch.call(&[], &[ROOM, 4, ROOM], None).unwrap();
    assert_eq!(batch.came(), [(0, b"a".to_vec())]);
    assert_eq!(
        batch.header(1, 1).auxlen,
        4,
        "what is not used stays as it was, and can be offered again"
    );
    assert_eq!(mount.readiness().requests, 2);
    assert_eq!(batch.call(&[], &[4], None), Err(Errno::TooBig));
    let needed = batch.header(1, 0).auxlen;
    assert_eq!(needed, b"too long for it".len(), "the first is told");
}

#[test]
fn a_count_that_cannot_be_written_loses_nothing() {
    let before = live();
    let (mount, _, mut server) = running();
    let mut batch = Arrays::new(&mount);
    let (id, told) = submit(&mount, out(b"a"));
    let (_, other) = submit(&mount, out(b"b"));
    batch.args.protect(true, false);
    assert_eq!(batch.call(&[], &[ROOM; 2], None), Err(Errno::Fault));
    assert_eq!(mount.readiness().requests, 2, "it came back");
    assert_eq!(server.answer(id, 0, b""), Err(Errno::Inval));
    batch.args.protect(true, true);
    batch.call(&[], &[ROOM; 2], None).unwrap();
    assert_eq!(batch.came().len(), 2);
    mount.send(out(b"faf")).unwrap();
    batch.args.protect(true, false);
    assert_eq!(batch.call(&[], &[ROOM], None), Err(Errno::Fault));
    assert_eq!(server.fetch().body, b"faf");
    mount.die();
    assert_eq!(
        (told.ended(), other.ended()),
        (Err(Errno::Nxio), Err(Errno::Nxio))
    );
    assert_eq!((mount.load(), live()), ((0, 0), before));
}

#[test]
fn a_status_that_cannot_be_written_is_a_fault_of_that_answer() {
    let (mount, _, mut server) = running();
    let mut batch = Arrays::new(&mount);
    let (a, told_a) = submit(&mount, out(b"a"));
    let (b, told_b) = submit(&mount, out(b"b"));
    server.fetch();
    server.fetch();
    batch.headers[0].protect(true, false);
    let answers = [vn(a.0, 1), vn(b.0, 2)];
    assert_eq!(batch.call(&answers, &[ROOM], None), Err(Errno::Fault));
    assert_eq!(told_a.ended(), Ok((1, vec![])));
    assert_eq!(told_b.ended(), Ok((2, vec![])));
}

#[test]
fn a_batch_that_is_not_to_wait_answers_and_returns() {
    let (mount, _, mut server) = running();
    let mut batch = Arrays::new(&mount);
    batch.flags = Batch::NOWAIT;
    let (a, told) = submit(&mount, out(b"a"));
    server.fetch();
    let called = batch.call(&[vn(a.0, 1)], &[ROOM], Some(&Wait::FOREVER));
    assert_eq!(called, Err(Errno::WouldBlock));
    assert_eq!(told.ended(), Ok((1, vec![])));
    // What is there it fetches.
    mount.send(out(b"b")).unwrap();
    assert_eq!(batch.again(Some(&Wait::FOREVER)), Ok(()));
    assert_eq!(batch.came(), [(0, b"b".to_vec())]);
}

#[test]
fn a_batch_that_is_woken_has_given_its_answers() {
    let (mount, _, mut server) = running();
    let mut batch = Arrays::new(&mount);
    let (a, told) = submit(&mount, out(b"a"));
    server.fetch();
    mount.wake().unwrap();
    let called = batch.call(&[vn(a.0, 1)], &[ROOM], Some(&Wait::FOREVER));
    assert_eq!(called, Err(Errno::Woken));
    assert_eq!((status(&batch, 0), told.ended()), ((0, 0), Ok((1, vec![]))));
    // One that fetches nothing does not sleep, and leaves the token.
    mount.wake().unwrap();
    assert_eq!(batch.call(&[], &[], Some(&Wait::FOREVER)), Ok(()));
    let called = batch.call(&[], &[ROOM], Some(&Wait::FOREVER));
    assert_eq!(called, Err(Errno::Woken));
}

#[test]
fn of_a_dead_mount_nothing_is_asked() {
    let (mount, _, _) = running();
    let mut batch = Arrays::new(&mount);
    mount.die();
    assert_eq!(batch.call(&[vn(7, 3)], &[ROOM], None), Err(Errno::Nxio));
    assert_eq!(status(&batch, 0), (7, 3), "the answer was not looked at");
    let much = Batch {
        nput: 1025,
        ..batch.read()
    };
    batch.args.bytes_mut().copy_from_slice(much.as_bytes());
    assert_eq!(batch.again(None), Err(Errno::Nxio));
    for call in [Mount::putop, Mount::sizeop] {
        assert_eq!(call(&mount, UserAddr(0)), Err(Errno::Nxio));
    }
    assert_eq!(mount.batch(UserAddr(0), None), Err(Errno::Nxio));
    assert_eq!(mount.getop(UserAddr(0), None), Err(Errno::Nxio));
}

#[test]
fn an_answer_and_a_fetch_that_are_too_big_are_told_apart() {
    let (mount, _, _) = running();
    let mut batch = Arrays::new(&mount);
    let (id, slip) = submit(&mount, out(b"1"));
    batch.call(&[], &[ROOM], None).unwrap();
    let long = Req {
        auxlen: 2,
        ..vn(id.0, 0)
    };
    mount.send(out(b"too long")).unwrap();
    // The answer's: nothing was fetched, and the header says so.
    assert_eq!(batch.call(&[long], &[4], None), Err(Errno::TooBig));
    assert_eq!(status(&batch, 0), (0, Checked::errno(Errno::TooBig)));
    assert_eq!(batch.header(1, 0).auxlen, 4);
    assert_eq!(slip.ended(), Err(Errno::Proto));
    // Made again as it is: the fetch's.
    assert_eq!(batch.again(None), Err(Errno::TooBig));
    assert_eq!(batch.header(1, 0).auxlen, b"too long".len());
}

#[test]
fn arrays_that_are_none_change_nothing() {
    let (mount, _, mut server) = running_with(Config::default());
    let mut batch = Arrays::new(&mount);
    let (id, told) = submit(&mount, out(b"a"));
    server.fetch();
    mount.send(out(b"b")).unwrap();
    let wild = [
        (
            Batch {
                nput: 1025,
                ..Batch::default()
            },
            Errno::Inval,
        ),
        (
            Batch {
                nget: 1025,
                ..Batch::default()
            },
            Errno::Inval,
        ),
        (
            Batch {
                flags: Batch::NOWAIT << 1,
                ..Batch::default()
            },
            Errno::Inval,
        ),
        (
            Batch {
                nput: usize::MAX,
                ..Batch::default()
            },
            Errno::Inval,
        ),
        (
            Batch {
                put: 8,
                nput: 2,
                ..Batch::default()
            },
            Errno::Fault,
        ),
        (
            Batch {
                put: usize::MAX - 7,
                nput: 1024,
                ..Batch::default()
            },
            Errno::Fault,
        ),
        (
            Batch {
                get: usize::MAX - 7,
                nget: 1024,
                ..Batch::default()
            },
            Errno::Fault,
        ),
    ];
    for (args, error) in wild {
        batch.args.bytes_mut().copy_from_slice(args.as_bytes());
        assert_eq!(batch.again(None), Err(error), "{args:?}");
    }
    assert_eq!(mount.batch(UserAddr(8), None), Err(Errno::Fault));
    batch.args.bytes_mut().fill(0);
    assert_eq!(batch.again(None), Ok(()), "nothing to do");
    assert!(told.pending());
    assert_eq!(mount.readiness().requests, 1);
    server.answer(ReqId(id.0), 0, b"").unwrap();
}
