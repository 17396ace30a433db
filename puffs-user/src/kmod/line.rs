//! Fetching and answering by the calls of the device.

use std::sync::Arc;

use puffs_core::errno::Errno;
use puffs_core::msg::wire::{self, Batch, Req};

use super::device::{Device, call};
use super::slot::{FETCH, Slot};
use crate::host::{Stale, Transport};
use crate::say;

/// The server's end of a mount's queue.
pub(super) struct Line(pub(super) Arc<dyn Device>);

/// What a fetch brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// So many requests, in the last slots, the first one last.
    Requests(usize),
    /// There is none.
    Nothing,
    /// Something came in between: once more.
    Again,
    /// The next one needs so many bytes.
    TooBig(usize),
    /// The mount is gone.
    Gone,
}

impl Line {
    /// Gives the answer, if there is one, and fetches as many requests as there are and there is `room` for; with `sleeps`, it waits for
    /// the first. An answer that was given is taken out of `answer`.
    ///
    /// # Errors
    /// An errno value when it makes no sense to go on.
    pub(super) fn exchange(
        &self,
        answer: &mut Option<Req>,
        room: &mut [Box<Slot>],
        sleeps: bool,
    ) -> Result<Came, i32> {
        let mut put = answer.unwrap_or_default();
        let mut get = [Req::default(); FETCH];
        let mut offered = 0;
        for (req, slot) in get.iter_mut().zip(room.iter_mut().rev()) {
            *req = slot.offer();
            offered += 1;
        }
        let mut batch = Batch {
            put: (&raw mut put).expose_provenance(),
            nput: usize::from(answer.is_some()),
            get: get.as_mut_ptr().expose_provenance(),
            nget: offered,
            flags: if sleeps { 0 } else { Batch::NOWAIT },
        };
        let result = self.0.call(call::BATCH, (&raw mut batch).cast());
        let given = answer.is_some() && put.id == 0;
        if given {
            *answer = None;
        }
        match result {
            Ok(()) => {
                let came = batch.nget.min(offered);
                for (slot, req) in room.iter_mut().rev().zip(&get[..came]) {
                    slot.req = *req;
                }
                Ok(Came::Requests(came))
            }
            // Then nothing was fetched.
            Err(_) if given && refused(put.rv) => Ok(Came::Again),
            Err(libc::EAGAIN) => Ok(Came::Nothing),
            Err(libc::E2BIG) if get[0].auxlen > room.last().map_or(0, |slot| slot.buffer.len()) => {
                Ok(Came::TooBig(get[0].auxlen))
            }
            // Nothing is lost, and the request may be another one by then. Or somebody wants our attention.
            Err(libc::EINTR | libc::ENOMEM) => Ok(Came::Again),
            Err(errno) if is_gone(errno) => Ok(Came::Gone),
            Err(errno) => Err(errno),
        }
    }

    /// Has the kernel forget, or write.
    ///
    /// # Errors
    /// An errno value; `ENXIO` when nothing is mounted any more.
    pub(super) fn forget(&self, stale: Stale) -> Result<(), i32> {
        let mut what = match stale {
            Stale::Names(None) => said(wire::Stale::ALL_NAMES, 0, (0, 0)),
            Stale::Names(Some(dir)) => said(wire::Stale::NAMES, dir, (0, 0)),
            Stale::Pages { node, start, end } => said(wire::Stale::PAGES, node, (start, end)),
            Stale::Unwritten { node, start, end } => {
                said(wire::Stale::UNWRITTEN, node, (start, end))
            }
        };
        let result = self.0.call(call::STALE, (&raw mut what).cast());
        result.map_err(|errno| match errno {
            // A node that is not known is no such thing either, as long as something is mounted here.
            libc::EBADF => libc::ENXIO,
            // A module that does not know the call.
            libc::ENOTTY => libc::EOPNOTSUPP,
            errno => errno,
        })
    }

    /// Gives an answer.
    pub(super) fn answer(&self, answer: &mut Req) {
        loop {
            match self.0.call(call::PUTOP, std::ptr::from_mut(answer).cast()) {
                // Before anything has happened.
                Err(libc::EINTR) => {}
                result => {
                    refused(result.err().unwrap_or(0));
                    return;
                }
            }
        }
    }
}

fn said(what: u32, node: usize, (start, end): (u64, u64)) -> wire::Stale {
    wire::Stale {
        what,
        cookie: node as u64,
        start,
        end,
        ..wire::Stale::default()
    }
}

/// Nothing is mounted at the device any more, or what is there is dead; or we have closed it.
const fn is_gone(errno: i32) -> bool {
    matches!(errno, libc::ENXIO | libc::ENOENT | libc::EBADF)
}

/// Whether an answer was refused, which is said. That its caller had left, or that everything is over, is no refusal: nobody
/// misses the answer.
fn refused(errno: i32) -> bool {
    let fine = errno == 0 || errno == libc::ECANCELED || is_gone(errno);
    if !fine {
        say::warn(format_args!("putop: {}", say::errno(errno)));
    }
    !fine
}

impl Transport for Line {
    fn getop(&self, req: &mut Req) -> Result<(), Errno> {
        let mut batch = Batch {
            get: std::ptr::from_mut(req).expose_provenance(),
            nget: 1,
            flags: Batch::NOWAIT,
            ..Batch::default()
        };
        let arg = (&raw mut batch).cast();
        self.0.call(call::BATCH, arg).map_err(named)
    }

    fn putop(&self, req: &mut Req) -> Result<(), Errno> {
        let arg = std::ptr::from_mut(req).cast();
        self.0.call(call::PUTOP, arg).map_err(named)
    }
}

/// The error with this number.
fn named(errno: i32) -> Errno {
    match errno {
        _ if is_gone(errno) => Errno::Nxio,
        libc::EAGAIN => Errno::WouldBlock,
        libc::EINTR => Errno::Intr,
        libc::E2BIG => Errno::TooBig,
        libc::ENOMEM => Errno::NoMem,
        libc::EFAULT => Errno::Fault,
        libc::ECANCELED => Errno::Canceled,
        _ => Errno::Inval,
    }
}
