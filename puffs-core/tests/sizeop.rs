//! PUFFSSIZEOP: data of unknown size beside a request, in both directions and every phase.

mod common;

use common::*;
use puffs_core::msg::wire::SizeOp;
use puffs_core::platform::Wait;
use puffs_core::{Buf, Config, Cookie, Direction, Errno, Outgoing, ReqId, SizeOps, UserAddr};
use zerocopy::{FromBytes, IntoBytes};

/// A server's buffer, and the call.
struct Mover {
    mount: TestMount,
    arg: Part,
    data: Part,
}

impl Mover {
    fn new(mount: &TestMount) -> Self {
        Mover {
            mount: mount.clone(),
            arg: Part::new(size_of::<SizeOp>()),
            data: Part::new(64),
        }
    }

    /// The call, with so much of a buffer; what is said to be moved.
    fn sizeop(&mut self, id: ReqId, bufsize: usize) -> Result<usize, Errno> {
        let asked = SizeOp {
            reqid: id.0,
            userbuf: self.data.addr(),
            bufsize,
        };
        self.arg.bytes_mut().copy_from_slice(asked.as_bytes());
        self.mount.sizeop(UserAddr(self.arg.addr()))?;
        Ok(SizeOp::read_from_bytes(self.arg.bytes()).unwrap().bufsize)
    }

    fn fill(&mut self, bytes: &[u8]) {
        self.data.bytes_mut()[..bytes.len()].copy_from_slice(bytes);
    }
}

fn buf(bytes: &[u8]) -> Buf<Checked> {
    Buf::copy_of(bytes, bytes.len()).unwrap()
}

/// What the owner sees: bytes moved, and the buffer's contents.
fn seen(ops: SizeOps<Checked>) -> Vec<(Option<usize>, Option<Vec<u8>>)> {
    let mut results = ops.finish();
    let all: Vec<_> = results
        .iter()
        .map(|data| (data.moved, data.data.as_deref().map(<[u8]>::to_vec)))
        .collect();
    // The buffers can be taken out.
    for (taken, (moved, bytes)) in results.iter_mut().zip(&all) {
        assert_eq!(taken.moved, *moved);
        assert_eq!(taken.data.take().as_deref(), bytes.as_deref());
    }
    assert!(results.iter().all(|data| data.data.is_none()));
    all
}

/// A request with an id of its caller's, in its completion form.
fn submit_as(mount: &TestMount, id: ReqId) -> Slip {
    let slip = Slip::default();
    let told = slip.clone();
    let done = move |ended: Ended| told.note(ended);
    mount
        .submit_as(
            Outgoing::vn(1, Cookie(0xc0), buf(b"req")),
            Some(id),
            Box::new(done),
        )
        .unwrap();
    slip
}

/// A request that the server has fetched, with one buffer each way.
fn fetched(mount: &TestMount, server: &mut Server) -> (ReqId, SizeOps<Checked>, Slip) {
    let id = mount.next_id();
    let ops = SizeOps::new(mount, id).unwrap();
    ops.add(Direction::Out, buf(b"outgoing")).unwrap();
    ops.add(Direction::In, buf(b"........")).unwrap();
    let slip = submit_as(mount, id);
    assert_eq!(server.fetch().req.id, id.0);
    (id, ops, slip)
}

#[test]
fn data_moves_both_ways_and_in_order() {
    let before = live();
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let (id, ops, slip) = fetched(&mount, &mut server);
    assert_eq!(mover.sizeop(id, 64), Ok(8));
    assert_eq!(&mover.data.bytes()[..8], b"outgoing");
    mover.fill(b"incoming");
    assert_eq!(mover.sizeop(id, 8), Ok(8));
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval), "there is no third");
    server.answer(id, 0, b"").unwrap();
    assert_eq!(slip.ended(), Ok((0, vec![])));
    assert_eq!(
        seen(ops),
        [
            (Some(8), Some(b"outgoing".to_vec())),
            (Some(8), Some(b"incoming".to_vec()))
        ]
    );
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn the_smaller_of_both_sizes_moves() {
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let (id, ops, _slip) = fetched(&mount, &mut server);
    assert_eq!(mover.sizeop(id, 3), Ok(3));
    assert_eq!(&mover.data.bytes()[..8], b"out\0\0\0\0\0");
    mover.fill(b"incoming and more");
    assert_eq!(mover.sizeop(id, 64), Ok(8));
    server.answer(id, 0, b"").unwrap();
    assert_eq!(seen(ops)[1], (Some(8), Some(b"incoming".to_vec())));

    let (id, ops, _slip) = fetched(&mount, &mut server);
    assert_eq!(mover.sizeop(id, 0), Ok(0), "none is some");
    mover.fill(b"inc");
    assert_eq!(mover.sizeop(id, 3), Ok(3));
    server.answer(id, 0, b"").unwrap();
    assert_eq!(
        seen(ops),
        [
            (Some(0), Some(b"outgoing".to_vec())),
            (Some(3), Some(b"inc.....".to_vec()))
        ]
    );
}

#[test]
fn a_fault_loses_nothing() {
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let (id, ops, _slip) = fetched(&mount, &mut server);
    mover.data.protect(true, false);
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Fault));
    mover.data.protect(true, true);
    assert_eq!(mover.sizeop(id, 8), Ok(8));
    mover.data.protect(false, true);
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Fault));
    mover.data.protect(true, true);
    mover.arg.protect(true, false);
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Fault), "the length");
    mover.arg.protect(true, true);
    assert_eq!(mount.sizeop(UserAddr(8)), Err(Errno::Fault));
    mover.fill(b"incoming");
    assert_eq!(mover.sizeop(id, 8), Ok(8));
    server.answer(id, 0, b"").unwrap();
    assert_eq!(seen(ops)[1], (Some(8), Some(b"incoming".to_vec())));
}

#[test]
fn only_while_it_awaits_its_answer() {
    let (mount, _) = new_mount(Config::default());
    let mut mover = Mover::new(&mount);
    let id = mount.next_id();
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval), "not started");
    mount.start(&Default::default()).unwrap();
    let mut server = Server::new(&mount);
    let ops = SizeOps::new(&mount, id).unwrap();
    ops.add(Direction::Out, buf(b"data")).unwrap();
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval), "not sent");
    let slip = submit_as(&mount, id);
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval), "queued");
    let mut other = Mover::new(&mount);
    server.watch(server.aux_addr(), move || {
        assert_eq!(other.sizeop(id, 8), Err(Errno::Inval), "copying out");
    });
    server.fetch();
    assert_eq!(mover.sizeop(ReqId(0), 8), Err(Errno::Inval));
    let mut other = Mover::new(&mount);
    server.watch(server.aux_addr(), move || {
        assert_eq!(other.sizeop(id, 8), Err(Errno::Inval), "copying in");
    });
    server.answer(id, 0, b"x").unwrap();
    assert!(slip.ended().is_ok());
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval), "done");
    assert_eq!(seen(ops), [(None, Some(b"data".to_vec()))]);

    let (id, ops, _slip) = fetched(&mount, &mut server);
    mount.interrupt(id).unwrap();
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval), "abandoned");
    assert_eq!(seen(ops)[0].0, None);
    let (id, ops, _slip) = fetched(&mount, &mut server);
    mount.die();
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Nxio), "dead");
    assert_eq!(seen(ops)[0].0, None);
}

/// While the server copies, `then` happens to its request.
fn meanwhile(
    then: impl FnOnce(&TestMount, ReqId) + Send + 'static,
    moved: Result<usize, Errno>,
    told: Option<Result<(i32, Vec<u8>), Errno>>,
) {
    let before = live();
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let (id, ops, slip) = fetched(&mount, &mut server);
    let theirs = mount.clone();
    watch_at(mover.data.addr(), move || then(&theirs, id));
    assert_eq!(mover.sizeop(id, 8), moved);
    if let Some(told) = told {
        assert_eq!(slip.ended(), told);
    }
    let seen = seen(ops);
    assert_eq!((seen[0].0, &seen[0].1), (None, &None), "still on its way");
    assert_eq!(seen[1], (None, Some(b"........".to_vec())));
    mount.die();
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn an_answer_during_the_copy_ends_it() {
    meanwhile(
        |mount, id| {
            Server::new(mount).answer(id, 4, b"").unwrap();
        },
        Err(Errno::Inval),
        Some(Ok((4, vec![]))),
    );
}

#[test]
fn the_caller_leaves_during_the_copy() {
    meanwhile(
        |mount, id| mount.interrupt(id).unwrap(),
        Err(Errno::Inval),
        Some(Err(Errno::Intr)),
    );
}

#[test]
fn death_during_the_copy() {
    meanwhile(
        |mount, _| mount.die(),
        Err(Errno::Nxio),
        Some(Err(Errno::Nxio)),
    );
}

#[test]
fn the_owner_takes_all_back_during_the_copy_and_another_has_its_place() {
    let before = live();
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let (id, ops, _slip) = fetched(&mount, &mut server);
    let theirs = mount.clone();
    let (sender, receiver) = std::sync::mpsc::channel();
    watch_at(mover.data.addr(), move || {
        drop(ops);
        let next = theirs.next_id();
        let others = SizeOps::new(&theirs, next).unwrap();
        others.add(Direction::Out, buf(b"others' data")).unwrap();
        let slip = submit_as(&theirs, next);
        sender.send((next, others, slip)).unwrap();
    });
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval));
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval), "nothing is left");
    let (next, others, slip) = receiver.recv().unwrap();
    server.fetch();
    assert_eq!(mover.sizeop(next, 64), Ok(12));
    assert_eq!(&mover.data.bytes()[..12], b"others' data");
    mount.die();
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!(seen(others)[0].0, Some(12));
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}

#[test]
fn two_servers_move_two_buffers() {
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let (id, ops, _slip) = fetched(&mount, &mut server);
    let mut other = Mover::new(&mount);
    other.fill(b"incoming");
    watch_at(mover.data.addr(), move || {
        assert_eq!(other.sizeop(id, 8), Ok(8));
        assert_eq!(other.sizeop(id, 8), Err(Errno::Inval));
    });
    assert_eq!(mover.sizeop(id, 8), Ok(8));
    server.answer(id, 0, b"").unwrap();
    let moved: Vec<_> = seen(ops).iter().map(|(moved, _)| *moved).collect();
    assert_eq!(moved, [Some(8), Some(8)]);
}

#[test]
fn what_is_registered_comes_to_no_other_request() {
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let id = mount.next_id();
    let slip = submit_as(&mount, id);
    assert_eq!(SizeOps::new(&mount, id).err(), Some(Errno::Exist));
    server.fetch();
    server.answer(id, 0, b"").unwrap();
    assert!(slip.ended().is_ok());

    let ops = SizeOps::new(&mount, id).unwrap();
    assert_eq!(SizeOps::new(&mount, id).err(), Some(Errno::Exist));
    ops.add(Direction::Out, buf(b"one")).unwrap();
    drop(ops);
    // The same id again, for another: what was taken back is gone.
    let again = submit_as(&mount, id);
    server.fetch();
    assert_eq!(mover.sizeop(id, 8), Err(Errno::Inval));
    // And what is registered once a request has the id is for nobody.
    assert_eq!(SizeOps::new(&mount, id).err(), Some(Errno::Exist));
    server.answer(id, 0, b"").unwrap();
    assert!(again.ended().is_ok());
}

#[test]
fn no_request_gets_an_id_that_something_is_registered_for() {
    let (mount, _, _server) = running();
    let ReqId(first) = mount.next_id();
    let _ops = SizeOps::new(&mount, ReqId(first + 1)).unwrap();
    assert_eq!(mount.next_id(), ReqId(first + 2));
    let (id, _slip) = submit(&mount, out(b"req"));
    assert_eq!(id, ReqId(first + 3));
}

#[test]
fn a_request_that_came_back_still_has_its_data() {
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let id = mount.next_id();
    let ops = SizeOps::new(&mount, id).unwrap();
    ops.add(Direction::Out, buf(b"data")).unwrap();
    let caller = {
        let mount = mount.clone();
        std::thread::spawn(move || flat(mount.call_as(out(b"req"), Some(id), &Wait::FOREVER)))
    };
    until(|| mount.readiness().requests == 1);
    for addr in [server.aux_addr(), server.header_addr()] {
        server.protect(addr, true, false);
        assert_eq!(server.getop(64, None).unwrap_err(), Errno::Fault);
        server.protect(addr, true, true);
    }
    server.fetch();
    assert_eq!(mover.sizeop(id, 8), Ok(4));
    server.answer(id, 0, b"").unwrap();
    assert_eq!(caller.join().unwrap(), Ok((0, vec![])));
    assert_eq!(seen(ops)[0].0, Some(4));
}

#[test]
fn bad_arguments() {
    let (mount, _, _server) = running_with(Config {
        max_len: 16,
        ..Config::default()
    });
    assert_eq!(SizeOps::new(&mount, ReqId(0)).err(), Some(Errno::Inval));
    let id = mount.next_id();
    let ops = SizeOps::new(&mount, id).unwrap();
    assert_eq!(ops.add(Direction::In, Buf::empty()), Err(Errno::Inval));
    let long = Buf::new(17).unwrap();
    assert_eq!(ops.add(Direction::In, long), Err(Errno::Inval));
    // The longest is none too long.
    for _ in 0..SizeOps::<Checked>::MOST {
        ops.add(Direction::In, Buf::new(16).unwrap()).unwrap();
    }
    assert_eq!(ops.add(Direction::In, buf(b"data")), Err(Errno::TooBig));
    let _slip = submit_as(&mount, id);
    assert_eq!(ops.add(Direction::In, buf(b"data")), Err(Errno::Busy));
    mount.die();
    assert_eq!(
        SizeOps::new(&mount, mount.next_id()).err(),
        Some(Errno::Nxio)
    );
}

#[test]
fn many_sets_at_once() {
    let before = live();
    let (mount, _, mut server) = running();
    let mut mover = Mover::new(&mount);
    let made: Vec<_> = (0..200u8)
        .map(|i| {
            let id = mount.next_id();
            let ops = SizeOps::new(&mount, id).unwrap();
            ops.add(Direction::Out, buf(&[i; 5])).unwrap();
            (id, ops)
        })
        .collect();
    let slips: Vec<_> = made.iter().map(|(id, _)| submit_as(&mount, *id)).collect();
    for (i, (id, _)) in made.iter().enumerate() {
        server.fetch();
        assert_eq!(mover.sizeop(*id, 8), Ok(5));
        assert_eq!(mover.data.bytes()[..5], [i as u8; 5]);
    }
    mount.die();
    for slip in slips {
        assert_eq!(slip.ended(), Err(Errno::Nxio));
    }
    drop(made);
    assert_eq!((live(), mount.load()), (before, (0, 0)));
}
