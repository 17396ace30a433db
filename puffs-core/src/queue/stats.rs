//! What a mount counts: one row per operation ([`OpStats`]), and a few figures of its own ([`MountStats`]).
//!
//! The table is made with the mount and guarded by its lock; what is under the lock anyway adds to it, so the figures
//! fit together at any moment: [`OpStats::entered`] is what ended plus what has not yet. Each request is counted once where it
//! enters and once where it ends for its caller, whichever of the ways that is: [`State::count`] has the guard. The
//! clock is read before the lock and comes in by [`After`]; a request has two readings, one at each end.

use alloc::boxed::Box;

use super::after::After;
use super::mount::Mount;
use super::slab::Slot;
use super::state::{Ended, Request, State};
use crate::errno::{Errno, Result};
use crate::histogram::Histogram;
use crate::ids::Instant;
use crate::msg::op;
use crate::own::try_slice;
use crate::platform::{Lock, Platform};

/// Operations of class VFS, from 0, that have a row of their own.
pub const VFS_ROWS: usize = 16;
/// Operations of class VN, from 0, that have a row of their own.
pub const VN_ROWS: usize = 64;
/// The row of everything else.
const OTHER: usize = VFS_ROWS + VN_ROWS;

/// What became of the requests of one operation. Counts are of requests since the mount was made.
#[derive(Clone, Debug)]
pub struct OpStats {
    /// Entered the queue. A caller that waits for a place has not.
    pub entered: u64,
    /// Answered with 0.
    pub succeeded: u64,
    /// Answered with an error of the server's.
    pub failed: u64,
    /// Their callers left at a signal or an interrupt.
    pub interrupted: u64,
    /// Their callers' deadlines passed.
    pub timed_out: u64,
    /// Ended by the death of the mount, those included that wanted no answer.
    pub died: u64,
    /// Ended by an answer that was none: the server broke the protocol.
    pub broken: u64,
    /// Ended by an answer for which there was no memory.
    pub no_memory: u64,
    /// Delivered, and no answer was wanted (FAF).
    pub sent: u64,
    /// Answered after their callers had left. They ended before that, so these are among the interrupted and timed out.
    pub late: u64,
    /// From entry, waiting for a place included, to the end for the caller; of FAF to the delivery. In nanoseconds.
    pub latency: Histogram,
}

impl OpStats {
    const NONE: Self = OpStats {
        entered: 0,
        succeeded: 0,
        failed: 0,
        interrupted: 0,
        timed_out: 0,
        died: 0,
        broken: 0,
        no_memory: 0,
        sent: 0,
        late: 0,
        latency: Histogram::EMPTY,
    };

    /// Requests that ended, in whatever way.
    pub fn ended(&self) -> u64 {
        self.succeeded
            + self.failed
            + self.interrupted
            + self.timed_out
            + self.died
            + self.broken
            + self.no_memory
            + self.sent
    }
}

/// Figures of a mount that belong to no operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MountStats {
    /// Requests refused since there was no place and they would not wait (`WouldBlock`).
    pub refused_full: u64,
    /// Requests refused, or sent away from the line for a place, since the mount was dead (`Nxio`).
    pub refused_dead: u64,
    /// Calls refused since the thread would have waited for itself (`Deadlk`).
    pub refused_deadlock: u64,
    /// Callers that left the line for a place at a signal or their deadline.
    pub gave_up: u64,
    /// Fetches that found the server's buffer too small.
    pub too_big: u64,
    /// Copies to and from the server's memory that failed.
    pub faults: u64,
    /// Requests put back into the queue since they could not be copied to the server.
    pub put_back: u64,
    /// Requests in the queue now.
    pub queued: usize,
    /// Requests with the server now, abandoned ones included.
    pub fetched: usize,
    /// Requests charged to the bounds now.
    pub charged: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Server threads asleep in a fetch now.
    pub getters: usize,
    /// Callers in line for a place now.
    pub waiting: usize,
}

/// The figures of one mount, under its lock.
pub(crate) struct Stats {
    rows: Box<[OpStats; OTHER + 1]>,
    pub(crate) mount: MountStats,
}

/// How a request ended for its caller.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Succeeded,
    Failed,
    Interrupted,
    TimedOut,
    Died,
    Broken,
    NoMemory,
    Sent,
}

impl End {
    pub(crate) fn of<P: Platform>(ended: &Ended<P>) -> Self {
        match ended {
            Ok(answer) if answer.rv == 0 => End::Succeeded,
            Ok(_) => End::Failed,
            Err(error) => Self::by(*error),
        }
    }

    pub(crate) fn by(error: Errno) -> Self {
        match error {
            Errno::Intr => End::Interrupted,
            Errno::TimedOut => End::TimedOut,
            Errno::Nxio => End::Died,
            Errno::NoMem => End::NoMemory,
            _ => End::Broken,
        }
    }
}

/// The row of an operation; `class` may have flags.
fn row(class: u8, optype: u8) -> usize {
    match (class & op::CLASS_MASK, usize::from(optype)) {
        (op::CLASS_VFS, optype) if optype < VFS_ROWS => optype,
        (op::CLASS_VN, optype) if optype < VN_ROWS => VFS_ROWS + optype,
        _ => OTHER,
    }
}

impl Stats {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// `NoMem`.
    pub(crate) fn new() -> Result<Self> {
        Ok(Stats {
            rows: try_slice(OTHER + 1, || OpStats::NONE)?
                .try_into()
                .map_err(|_| Errno::NoMem)?,
            mount: MountStats::default(),
        })
    }

    /// A request came into the queue, or `back` into it.
    pub(crate) fn arrived<P: Platform>(&mut self, request: &Request<P>, back: bool) {
        match back {
            true => self.mount.put_back += 1,
            false => self.rows[row(request.opclass, request.optype)].entered += 1,
        }
    }

    /// An answer came whose caller had left.
    pub(crate) fn late(&mut self, class: u8, optype: u8) {
        self.rows[row(class, optype)].late += 1;
    }
}

impl<P: Platform> State<P> {
    /// Counts the end of a request, the first time that it is told of one.
    pub(crate) fn count(&mut self, slot: Slot, end: End, after: &After<P>) {
        let request = &mut self.requests[slot];
        if core::mem::replace(&mut request.counted, true) {
            return;
        }
        let row = &mut self.stats.rows[row(request.opclass, request.optype)];
        let column = match end {
            End::Succeeded => &mut row.succeeded,
            End::Failed => &mut row.failed,
            End::Interrupted => &mut row.interrupted,
            End::TimedOut => &mut row.timed_out,
            End::Died => &mut row.died,
            End::Broken => &mut row.broken,
            End::NoMemory => &mut row.no_memory,
            End::Sent => &mut row.sent,
        };
        *column += 1;
        debug_assert!(
            after.now.is_some(),
            "a request ends where nobody read the clock"
        );
        let Instant(now) = after.now.unwrap_or(request.began);
        row.latency.record(now.saturating_sub(request.began.0));
    }

    /// Whether requests may come in; one that may not is counted.
    pub(crate) fn door(&mut self) -> Result<()> {
        self.alive()
            .inspect_err(|_| self.stats.mount.refused_dead += 1)
    }
}

/// When an answer that arrived at `arrived` ended its request: the time that a short copy takes is not worth a second look
/// at the clock.
pub(crate) fn copied_by<P: Platform>(arrived: Instant, len: usize) -> Instant {
    const SHORT: usize = 4096;
    match len <= SHORT {
        true => arrived,
        false => P::now(),
    }
}

impl<P: Platform> Mount<P> {
    /// What became of the requests of one operation. `class` is `CLASS_VFS` or `CLASS_VN`; every other class, and
    /// operations from [`VFS_ROWS`] and [`VN_ROWS`] up, share one row.
    ///
    /// # Locking
    /// Does not sleep.
    pub fn op_statistics(&self, class: u8, optype: u8) -> OpStats {
        self.state
            .with(|st| st.stats.rows[row(class, optype)].clone())
    }

    /// The figures that belong to no operation, and how full the mount is now.
    ///
    /// # Locking
    /// Does not sleep.
    pub fn statistics(&self) -> MountStats {
        self.state.with(|st| MountStats {
            queued: st.touser.len(),
            fetched: st.fetched.len(),
            charged: st.bounds.requests,
            bytes: st.bounds.bytes,
            getters: st.getters.len(),
            waiting: st.waiting.len(),
            ..st.stats.mount
        })
    }

    /// Counts a copy that faulted, and hands its result on.
    pub(crate) fn noting_faults<T>(&self, copied: Result<T>) -> Result<T> {
        if matches!(copied, Err(Errno::Fault)) {
            self.state.with(|st| st.stats.mount.faults += 1);
        }
        copied
    }
}
