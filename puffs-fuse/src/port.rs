//! Carries messages to the server, which runs on this very stack.
//!
//! A request enters the queue in its completion form; [`Server::serve`] then fetches and answers until the queue is
//! empty, so that the completion has run when it returns, though other tasks may have run meanwhile.

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Complete, Cookie, Errno, Mount, Outgoing, Ref};
use puffs_user::host::{OpSet, Server};
use puffs_vfs::{Broken, Caller};
use slab::Slab;

use crate::errno::number;
use crate::pool::Pool;

type Ended = Result<Answer<Hosted>, Errno>;

/// How requests ended, for those whose tasks have not heard it yet. They are here and not on the tasks' stacks, which may
/// be forgotten.
#[derive(Default)]
struct Ends(Mutex<Slab<Option<Ended>>>);

struct Done {
    ends: Arc<Ends>,
    place: usize,
}

impl Ends {
    fn places(&self) -> MutexGuard<'_, Slab<Option<Ended>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Complete<Hosted> for Done {
    fn complete(self: Box<Self>, ended: Ended) {
        if let Some(place) = self.ends.places().get_mut(self.place) {
            *place = Some(ended);
        }
    }
}

/// What does not change while a server is mounted.
pub(crate) struct Line {
    pub(crate) mount: Ref<Mount<Hosted>, Hosted>,
    pub(crate) ops: OpSet,
    pub(crate) root: Cookie,
    pub(crate) pool: Pool,
    ends: Arc<Ends>,
}

impl Line {
    pub(crate) fn new(
        mount: Ref<Mount<Hosted>, Hosted>,
        ops: OpSet,
        root: Cookie,
        pool: Pool,
    ) -> Self {
        Line {
            mount,
            ops,
            root,
            pool,
            ends: Arc::default(),
        }
    }
}

/// A line with somebody at the other end, for one task.
pub(crate) struct Port<'t> {
    line: &'t Line,
    pub(crate) server: &'t dyn Server,
    /// The process that asked, for the list of requests in flight.
    pid: Cell<Option<i32>>,
}

impl<'t> Port<'t> {
    pub(crate) fn new(line: &'t Line, server: &'t dyn Server) -> Self {
        Port {
            line,
            server,
            pid: Cell::new(None),
        }
    }

    /// What is sent from now on is on behalf of this process; 0 is one that cannot be seen from here.
    pub(crate) fn asked_by(&self, pid: u32) {
        self.pid.set(Some(pid as i32));
    }

    fn signed(&self, out: Outgoing<Hosted>) -> Outgoing<Hosted> {
        Outgoing {
            pid: self.pid.get(),
            ..out
        }
    }
}

impl Caller<Hosted> for Port<'_> {
    fn call(&self, out: Outgoing<Hosted>) -> Ended {
        let (mount, ends) = (&self.line.mount, &self.line.ends);
        let place = ends.places().insert(None);
        let done = Done {
            ends: Arc::clone(ends),
            place,
        };
        let begun = mount
            .submit(self.signed(out), Box::new(done))
            .inspect_err(|_| {
                ends.places().remove(place);
            })?;
        self.server.serve();
        let ended = || ends.places().get_mut(place).and_then(Option::take);
        let ended = ended().unwrap_or_else(|| {
            // The server took the request and did not answer: it is not to be waited for on its own thread.
            let _ = mount.interrupt(begun.id);
            ended().unwrap_or(Err(Errno::Intr))
        });
        ends.places().remove(place);
        ended
    }

    fn send(&self, out: Outgoing<Hosted>) -> Result<(), Errno> {
        self.line.mount.send(self.signed(out))?;
        self.server.serve();
        Ok(())
    }

    fn broken(&self, broken: Broken, cookie: Cookie) {
        // Without memory the server goes without the notice; the caller gets its error all the same.
        if let Ok(notice) = broken.notice(cookie, number(Errno::Proto)) {
            let _ = self.send(notice);
        }
    }

    fn root(&self) -> Cookie {
        self.line.root
    }

    fn ops(&self) -> OpSet {
        self.line.ops
    }

    fn max(&self) -> usize {
        self.line.pool.large()
    }

    fn max_errno(&self) -> i32 {
        self.line.mount.config().max_rv
    }

    fn buffer(&self, len: usize) -> Result<Buf<Hosted>, Errno> {
        self.line.pool.take(len)
    }

    fn recycle(&self, body: Buf<Hosted>) {
        self.line.pool.give(body);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use puffs_core::msg::op::vn;
    use puffs_core::msg::wire::{Req, StartReq};
    use puffs_core::{Config, InFlight, UserAddr};
    use puffs_user::host::{NoStack, Ran, Task};

    use super::*;

    /// A server that notes who is in flight while it serves.
    struct Nosy {
        mount: Ref<Mount<Hosted>, Hosted>,
        pids: RefCell<Vec<i32>>,
    }

    impl Server for Nosy {
        fn start(&self, _: usize) -> Result<Ran, NoStack> {
            Err(NoStack)
        }

        fn serve(&self) {
            let mut room = [InFlight::NONE; 2];
            assert_eq!(self.mount.in_flight(&mut room), 1);
            self.pids.borrow_mut().push(room[0].pid);
            let mut req = Req::default();
            let arg = UserAddr((&raw mut req).expose_provenance());
            self.mount.getop(arg, None).unwrap();
            if req.id != 0 {
                self.mount.putop(arg).unwrap();
            }
        }

        fn execute(&self, _: &mut Req, _: &mut [u8]) {
            unreachable!("requests come by serve");
        }

        fn running(&self) -> Option<Task> {
            None
        }

        fn suspend(&self) {}

        fn wake(&self, _: Task) {}
    }

    #[test]
    fn requests_are_in_flight_for_the_process_that_asked() {
        let mount = Mount::new(Config::default(), None).unwrap();
        mount.start(&StartReq::default()).unwrap();
        let server = Nosy {
            mount: mount.clone(),
            pids: RefCell::default(),
        };
        let line = Line::new(mount, OpSet::ALL, Cookie(0), Pool::new(64));
        let port = Port::new(&line, &server);
        let out = || Outgoing::vn(vn::GETATTR, Cookie(0), Buf::empty());
        port.call(out()).unwrap();
        port.asked_by(4711);
        port.call(out()).unwrap();
        port.send(out()).unwrap();
        let own = std::process::id() as i32;
        assert_eq!(*server.pids.borrow(), [own, 4711, 4711]);
    }
}
