//! Carries messages to the server, which this very thread runs.
//!
//! A request enters the queue in its completion form; `serve` then fetches and answers until the queue is
//! empty, so that the completion has run when it returns.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};

use puffs_core::platform::Hosted;
use puffs_core::{Answer, Buf, Complete, Cookie, Errno, Mount, Outgoing, Ref};
use puffs_user::host::OpSet;
use puffs_vfs::{Broken, Caller};

use crate::errno::number;
use crate::pool::Pool;

type Ended = Result<Answer<Hosted>, Errno>;

/// Where a completion puts what it was told.
#[derive(Default)]
struct Slot(Mutex<Option<Ended>>);

struct Done(Arc<Slot>);

impl Complete<Hosted> for Done {
    fn complete(self: Box<Self>, ended: Ended) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
    }
}

/// What does not change while a server is mounted, and the slot that is used again and again.
pub(crate) struct Line {
    pub(crate) mount: Ref<Mount<Hosted>, Hosted>,
    pub(crate) ops: OpSet,
    pub(crate) root: Cookie,
    pub(crate) pool: Pool,
    slot: Cell<Option<Arc<Slot>>>,
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
            slot: Cell::default(),
        }
    }
}

/// A line with somebody at the other end, for one turn.
pub(crate) struct Port<'t> {
    line: &'t Line,
    serve: RefCell<&'t mut dyn FnMut()>,
}

impl<'t> Port<'t> {
    pub(crate) fn new(line: &'t Line, serve: &'t mut dyn FnMut()) -> Self {
        Port {
            line,
            serve: RefCell::new(serve),
        }
    }

    fn serve(&self) {
        (self.serve.borrow_mut())();
    }
}

impl Caller<Hosted> for Port<'_> {
    fn call(&self, out: Outgoing<Hosted>) -> Ended {
        let mount = &self.line.mount;
        let slot = self.line.slot.take().unwrap_or_default();
        let begun = mount.submit(out, Box::new(Done(slot.clone())))?;
        self.serve();
        let ended = || slot.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let ended = ended().unwrap_or_else(|| {
            // The server took the request and did not answer: it is not to be waited for on its own thread.
            let _ = mount.interrupt(begun.id);
            ended().unwrap_or(Err(Errno::Intr))
        });
        if Arc::strong_count(&slot) == 1 {
            self.line.slot.set(Some(slot));
        }
        ended
    }

    fn send(&self, out: Outgoing<Hosted>) -> Result<(), Errno> {
        self.line.mount.send(out)?;
        self.serve();
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
