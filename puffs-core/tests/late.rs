//! What comes late: a caller that was woken and has not run yet, and the fault of a header whose request has ended.

mod common;

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use common::*;
use puffs_core::platform::Wait;
use puffs_core::{Errno, ReqId};

/// A parked caller that, once woken, waits for a word from its maker.
struct Slow {
    word: Sender<()>,
    caller: JoinHandle<Told>,
}

impl Slow {
    fn park(mount: &TestMount, body: &[u8]) -> Self {
        let (word, gate) = channel();
        let (theirs, body) = (mount.clone(), body.to_vec());
        let caller = std::thread::spawn(move || {
            slow_wake(gate);
            flat(theirs.call(out(&body), &Wait::FOREVER))
        });
        until(|| mount.readiness().requests == 1);
        Slow { word, caller }
    }

    /// Lets it run: what its call returned.
    fn run(self) -> Told {
        self.word.send(()).unwrap();
        self.caller.join().unwrap()
    }
}

#[test]
fn death_while_copying_out_ends_before_the_caller_runs() {
    for fault in [false, true] {
        let (mount, _, mut server) = running();
        let caller = Slow::park(&mount, b"q");
        let theirs = mount.clone();
        server.watch(server.aux_addr(), move || theirs.die());
        server.protect(server.aux_addr(), true, !fault);
        let told = match fault {
            false => Errno::Nxio,
            true => Errno::Fault,
        };
        assert_eq!(server.getop(99, None).unwrap_err(), told);
        assert_eq!(mount.load(), (0, 0), "its share of the bounds is free");
        assert_eq!(caller.run(), Err(Errno::Nxio));
    }
}

#[test]
fn death_while_copying_in_ends_before_the_caller_runs() {
    for readable in [true, false] {
        let (mount, host, mut server) = running();
        let caller = Slow::park(&mount, b"q");
        let id = server.fetch().req.id;
        let theirs = mount.clone();
        server.watch(server.aux_addr(), move || theirs.die());
        server.protect(server.aux_addr(), readable, true);
        assert_eq!(server.put_len(vn(id, 0), 1), Err(Errno::Nxio));
        assert_eq!(mount.load(), (0, 0));
        assert_eq!(caller.run(), Err(Errno::Nxio));
        assert!(host.late.lock().unwrap().is_empty());
    }
}

#[test]
fn an_answer_before_the_interrupted_caller_runs_is_its_answer() {
    let (mount, host, mut server) = running();
    let caller = Slow::park(&mount, b"q");
    let id = ReqId(server.fetch().req.id);
    mount.interrupt(id).unwrap();
    mount.interrupt(id).unwrap();
    server.answer(id, 5, b"a").unwrap();
    assert_eq!(mount.interrupt(id), Err(Errno::NoEnt), "it has ended");
    assert_eq!(caller.run(), Ok((5, b"a".to_vec())));
    assert!(host.late.lock().unwrap().is_empty());
}

#[test]
fn death_does_not_take_back_an_answer() {
    let (mount, _, mut server) = running();
    let caller = Slow::park(&mount, b"q");
    let id = ReqId(server.fetch().req.id);
    server.answer(id, 0, b"a").unwrap();
    mount.die();
    assert_eq!(caller.run(), Ok((0, b"a".to_vec())));
}

/// Lets `first` happen just before the header is written, which then faults.
fn header_fault(server: &mut Server, first: impl FnOnce() + Send + 'static) {
    let header = server.header_addr();
    let mut first = Some(first);
    // Armed only now: the header is read before the body is copied.
    server.watch(server.aux_addr(), move || {
        watch_at(header, first.take().unwrap());
    });
    server.protect(header, true, false);
    assert_eq!(server.getop(99, None).unwrap_err(), Errno::Fault);
}

#[test]
fn a_header_fault_after_an_answer_leaves_it_to_the_caller() {
    let (mount, _, mut server) = running();
    let caller = Slow::park(&mount, b"q");
    let mut other = Server::new(&mount);
    header_fault(&mut server, move || {
        other.answer(ReqId(1), 0, b"!").unwrap()
    });
    assert_eq!(mount.readiness().requests, 0);
    assert_eq!(caller.run(), Ok((0, b"!".to_vec())));
}

#[test]
fn a_header_fault_after_a_callback_finds_nothing() {
    let before = live();
    let (mount, _, mut server) = running();
    let (id, slip) = submit(&mount, out(b"q"));
    let mut other = Server::new(&mount);
    header_fault(&mut server, move || other.answer(id, 0, b"!").unwrap());
    assert_eq!(slip.ended(), Ok((0, b"!".to_vec())));
    assert_eq!((live(), mount.readiness().requests), (before, 0));
}

#[test]
fn a_header_fault_after_death_brings_nothing_back() {
    let (mount, _, mut server) = running();
    let (_, slip) = submit(&mount, out(b"q"));
    let theirs = mount.clone();
    header_fault(&mut server, move || theirs.die());
    assert_eq!(slip.ended(), Err(Errno::Nxio));
    assert_eq!(mount.load(), (0, 0));
}
