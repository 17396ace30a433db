//! The server as a session sees it: tasks on fibers, and the loop that fetches, executes and answers.

use std::rc::Rc;
use std::time::Instant;

use puffs_core::errno::Errno;
use puffs_core::msg::{body, op, wire};

use super::Usermount;
use crate::buffer::{Buffer, Buffers};
use crate::dispatch;
use crate::fiber::{NoStack, Ran, Task};
use crate::host::{Server, Session};
use crate::own::LAZY_SYNC;
use crate::say;
use crate::stats::Stats;

/// A server in its main loop.
pub(super) struct Service<'m> {
    pu: &'m Usermount,
    session: &'m dyn Session,
    buffers: Buffers,
    stats: Option<&'m Stats>,
}

impl<'m> Service<'m> {
    pub(super) fn new(
        pu: &'m Usermount,
        session: &'m dyn Session,
        stats: Option<&'m Stats>,
    ) -> Self {
        Service {
            pu,
            session,
            buffers: Buffers::new(pu.settings().maxdata() + body::ROOM),
            stats,
        }
    }

    /// Asks the server for the sync that is due.
    pub(super) fn sync(&self) {
        self.pu.syncer.begins();
        let this: *const Service<'_> = self;
        let this: *const Service<'static> = this.cast();
        let begun = self.pu.start(move || {
            // SAFETY: as in `start`.
            let this = unsafe { &*this };
            match this.buffers.lend() {
                Some(mut buffer) => {
                    let mut req = LAZY_SYNC.put(buffer.bytes());
                    req.opclass |= op::FLAG_FAF;
                    this.execute(&mut req, buffer.bytes());
                }
                None => say::warn(format_args!("no memory for a sync")),
            }
            this.pu.syncer.ended();
        });
        if begun.is_err() {
            self.pu.syncer.ended();
            say::warn(format_args!("no memory for a sync"));
        }
    }
}

impl Server for Service<'_> {
    fn start(&self, token: usize) -> Result<Ran, NoStack> {
        let this: *const Service<'_> = self;
        let this: *const Service<'static> = this.cast();
        self.pu.start(move || {
            // SAFETY: the main loop resets all fibers before the service goes, so no task outlives it.
            let this = unsafe { &*this };
            this.session.task(token, this);
        })
    }

    fn serve(&self) {
        let Some(mut buffer) = self.buffers.lend() else {
            return say::warn(format_args!("no memory for a request"));
        };
        let transport = self.session.transport();
        loop {
            let mut req = wire::Req {
                aux: buffer.addr(),
                auxlen: buffer.len(),
                ..wire::Req::default()
            };
            match transport.getop(&mut req) {
                Ok(()) => {}
                Err(Errno::Intr) => continue,
                Err(Errno::TooBig) if req.auxlen > buffer.len() => match Buffer::new(req.auxlen) {
                    Some(larger) => {
                        *buffer = larger;
                        continue;
                    }
                    None => return say::warn(format_args!("no memory for a request")),
                },
                Err(Errno::WouldBlock | Errno::Nxio) => return,
                Err(error) => return say::warn(format_args!("getop: {error:?}")),
            }
            self.execute(&mut req, buffer.bytes());
            if req.opclass & op::FLAG_FAF != 0 {
                continue;
            }
            match transport.putop(&mut req) {
                // The caller had left, or everything is over: nobody misses the answer.
                Ok(()) | Err(Errno::Canceled | Errno::Nxio) => {}
                Err(error) => say::warn(format_args!("putop: {error:?}")),
            }
        }
    }

    /// A request that is left in its middle takes until its end.
    fn execute(&self, req: &mut wire::Req, buffer: &mut [u8]) {
        let start = self.stats.map(|stats| (stats, Instant::now()));
        dispatch::execute(self.pu, req, buffer);
        self.pu.syncer.note(req);
        if let Some((stats, start)) = start {
            stats.count(req, start.elapsed());
        }
    }

    fn running(&self) -> Option<Task> {
        self.pu.fibers().running().map(Task)
    }

    fn suspend(&self) {
        self.pu.fibers().suspend();
    }

    fn wake(&self, task: Task) {
        self.pu.fibers().schedule(Rc::clone(&task.0));
    }

    fn at_rest(&self) -> bool {
        self.pu.at_rest()
    }
}
