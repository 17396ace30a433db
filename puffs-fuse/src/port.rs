//! Carries messages to the server, which runs on this very stack.
//!
//! A request enters the queue in its completion form; [`Server::serve`] then fetches and answers until the queue is
//! empty, so that the completion has run when it returns, though other tasks may have run meanwhile.

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
}

impl<'t> Port<'t> {
    pub(crate) fn new(line: &'t Line, server: &'t dyn Server) -> Self {
        Port { line, server }
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
        let begun = mount.submit(out, Box::new(done)).inspect_err(|_| {
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
        self.line.mount.send(out)?;
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
