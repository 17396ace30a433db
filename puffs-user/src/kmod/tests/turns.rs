//! Turns of a session, one by one.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::thread;

use puffs_core::Cookie;
use puffs_core::msg::OpSet;
use puffs_core::msg::op::{FLAG_FAF, vfs, vn};
use puffs_core::msg::wire::Req;
use puffs_vfs::{Failed, attr, life, who};

use super::errors::args;
use super::fake::{Fake, Fault, Kernel, OnFake};
use crate::host::{MountArgs, NoStack, Ran, Server, Session, Task, Turn};
use crate::kmod::device::call;
use crate::kmod::host::begin;
use crate::kmod::session::KmodSession;

/// A server without stacks of its own.
struct Plain<'s> {
    session: &'s dyn Session,
    kernel: &'s Kernel,
    /// Where tasks run on the loop's stack; otherwise there is no memory for any.
    runs: bool,
    /// Each operation makes another one.
    restless: Cell<bool>,
    done: RefCell<Vec<Req>>,
}

impl Server for Plain<'_> {
    fn start(&self, token: usize) -> Result<Ran, NoStack> {
        if !self.runs {
            return Err(NoStack);
        }
        self.session.task(token, self);
        Ok(Ran::Ended)
    }

    fn serve(&self) {
        unreachable!("requests come by execute");
    }

    fn execute(&self, req: &mut Req, _: &mut [u8]) {
        self.done.borrow_mut().push(*req);
        (req.rv, req.auxlen) = (libc::EIO, 0);
        if self.restless.get() {
            life::reclaim(self.kernel, &who::kernel(), Cookie(5), 1).unwrap();
        }
    }

    fn running(&self) -> Option<Task> {
        None
    }

    fn suspend(&self) {}

    fn wake(&self, _: Task) {}
}

fn mounted() -> (Arc<Fake>, KmodSession, Kernel) {
    let fake = Fake::new();
    let all = MountArgs {
        ops: OpSet::ALL,
        ..args()
    };
    let session = begin(&OnFake(fake.clone()), &all).ok().unwrap();
    let kernel = fake.kernel.lock().unwrap().clone().unwrap();
    (fake, session, kernel)
}

fn plain<'s>(session: &'s KmodSession, kernel: &'s Kernel, runs: bool) -> Plain<'s> {
    Plain {
        session,
        kernel,
        runs,
        restless: Cell::new(false),
        done: RefCell::default(),
    }
}

#[test]
fn without_stacks_only_what_must_not_be_lost_is_done() {
    let (fake, session, kernel) = mounted();
    let server = plain(&session, &kernel, false);
    life::reclaim(&kernel, &who::kernel(), Cookie(5), 1).unwrap();
    thread::scope(|scope| {
        let asks = scope.spawn(|| attr::statvfs(&kernel, &who::kernel()).err());
        kernel.waiting(2);
        assert_eq!(session.turn(&server), Ok(Turn::Idle));
        assert_eq!(asks.join().unwrap(), Some(Failed::Server(libc::ENOMEM)));
    });
    let done = server.done.take();
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].optype, done[0].cookie), (vn::RECLAIM, 5));
    assert_ne!(done[0].opclass & FLAG_FAF, 0);
    fake.nuke();
    assert_eq!(session.turn(&server), Ok(Turn::Gone));
    let told: Vec<_> = server.done.take().iter().map(|req| req.optype).collect();
    assert_eq!(told, [vfs::SYNC, vfs::UNMOUNT]);
}

#[test]
fn a_turn_ends_though_requests_never_do() {
    let (_fake, session, kernel) = mounted();
    let server = plain(&session, &kernel, true);
    server.restless.set(true);
    life::reclaim(&kernel, &who::kernel(), Cookie(5), 1).unwrap();
    for _ in 0..3 {
        assert_eq!(session.turn(&server), Ok(Turn::More));
    }
    server.restless.set(false);
    assert_eq!(session.turn(&server), Ok(Turn::Idle));
}

#[test]
fn a_turn_that_a_signal_ends_owes_no_answer() {
    let (fake, session, kernel) = mounted();
    let server = plain(&session, &kernel, true);
    thread::scope(|scope| {
        let asks = scope.spawn(|| attr::statvfs(&kernel, &who::kernel()).err());
        kernel.waiting(1);
        // The second call, in this order: the first one fetches.
        let faults = [libc::EINTR, 0].map(|errno| Fault::Call(call::BATCH, errno));
        fake.faults.lock().unwrap().extend(faults);
        assert_eq!(session.turn(&server), Ok(Turn::More));
        assert_eq!(asks.join().unwrap(), Some(Failed::Server(libc::EIO)));
    });
    assert_eq!(session.turn(&server), Ok(Turn::Idle));
}
