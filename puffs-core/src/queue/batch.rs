//! Several answers and several deliveries in one call: PUFFSBATCH. One system call per round is enough for a server that
//! answers what it has and fetches what there is.
//!
//! The call may be made again as it was after any error, a signal above all: an answer that was taken has lost its
//! id, and one without an id is passed over; so none is given twice. (One whose header cannot be written keeps its id, and is
//! refused the second time.) Only after `TooBig` the first buffer must become larger
//! before, since its header says what is needed.

use core::mem::offset_of;

use super::getop::Count;
use super::mount::Mount;
use crate::errno::{Errno, Result};
use crate::ids::UserAddr;
use crate::msg::wire::{Batch, Req};
use crate::platform::{Lock, Platform, Wait};
use zerocopy::IntoBytes;

/// The most answers, and the most requests, of one call.
pub(crate) const MOST: usize = 1024;

impl<P: Platform> Mount<P> {
    /// Gives the answers of the server's `struct puffs_batch` at `arg`, then fetches: PUFFSBATCH.
    ///
    /// Each answer is treated as by [`Mount::putop`]. Its header is written back with `preq_rv` 0 or the error's number, and
    /// `preq_id` 0. When all were taken (`Canceled` counts as taken), up to `nget` requests are fetched as by [`Mount::getop`],
    /// `nget` then says how many; it means nothing when the call fails. Only for the first one the call sleeps, as `block` says unless
    /// `flags` has [`Batch::NOWAIT`]; what keeps a later one from coming is no error.
    ///
    /// # Errors
    /// `Fault` (`struct puffs_batch` itself cannot be read) and `Inval` (more than 1024 of either, or a flag that is none): nothing has happened.
    /// `Nxio` (the mount is dead): nothing was fetched, and no answer given whose header still has its id, or that error.
    /// The first failure of an answer: the others were given all the same, and nothing was fetched.
    /// Those of [`Mount::getop`] for the first request: all answers were taken, and their headers say so.
    ///
    /// # Locking
    /// Sleeps, and copies. Calls completions and the late hook.
    pub fn batch(&self, arg: UserAddr, block: Option<&Wait>) -> Result<()> {
        let mut batch = Batch::default();
        self.read_args(arg, batch.as_mut_bytes())?;
        self.state.with(|st| st.alive())?;
        if batch.nput > MOST || batch.nget > MOST || batch.flags & !Batch::NOWAIT != 0 {
            return Err(Errno::Inval);
        }
        let block = block.filter(|_| batch.flags & Batch::NOWAIT == 0);
        let count = UserAddr(arg.0.wrapping_add(offset_of!(Batch, nget)));
        let mut outcome = Ok(());
        for at in each(batch.put, batch.nput) {
            outcome = outcome.and(self.answer_at(at));
        }
        outcome?;
        // It may have died meanwhile, and there may be nothing to fetch.
        self.state.with(|st| st.alive())?;
        for (fetched, at) in each(batch.get, batch.nget).enumerate() {
            let count = Count {
                at: count,
                value: fetched + 1,
            };
            let block = block.filter(|_| fetched == 0);
            match self.hand_over(at, Some(count), block) {
                Ok(()) => {}
                Err(error) if fetched == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(())
    }

    /// Gives the answer whose header is at `at`, and writes there what came of it.
    fn answer_at(&self, at: UserAddr) -> Result<()> {
        let mut answer = Req::default();
        self.read_args(at, answer.as_mut_bytes())?;
        if answer.id == 0 {
            return Ok(());
        }
        let outcome = self.answer(&answer);
        let told = Req {
            id: 0,
            rv: outcome.err().map_or(0, P::errno),
            ..answer
        };
        let written = self.noting_faults(P::copyout(told.as_bytes(), at));
        match outcome {
            Ok(()) | Err(Errno::Canceled) => written,
            failed => failed,
        }
    }
}

/// The addresses of so many headers.
fn each(first: usize, n: usize) -> impl Iterator<Item = UserAddr> {
    (0..n).map(move |at| UserAddr(first.wrapping_add(at * size_of::<Req>())))
}
