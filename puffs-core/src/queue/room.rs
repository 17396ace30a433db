//! Bounds of a queue, and waiting for a place in it.
//!
//! A request counts from its entry until it ends, abandoned or not; so a server that never answers
//! cannot make the kernel side keep more than the bounds say. Past them a caller waits, first come
//! first served: [`super::state::State::grant`] charges the place to the one it lets in, so nobody overtakes.

use super::after::After;
use super::mount::{Mount, Status};
use super::slab::Slot;
use super::state::{Need, Sleep, Space, State, Waiter};
use crate::errno::{Errno, Result};
use crate::platform::{Event, Lock, Platform, Wait, Wake};

/// What a mount may hold, and holds.
pub(crate) struct Bounds {
    pub(crate) max_requests: usize,
    pub(crate) max_bytes: usize,
    pub(crate) requests: usize,
    pub(crate) bytes: usize,
}

impl Bounds {
    /// Charges one request of `cost` bytes, when it fits.
    pub(crate) fn admit(&mut self, cost: usize) -> bool {
        let fits = self.requests < self.max_requests
            && self
                .bytes
                .checked_add(cost)
                .is_some_and(|sum| sum <= self.max_bytes);
        if fits {
            self.requests += 1;
            self.bytes += cost;
        }
        fits
    }

    /// Gives back what `admit` charged.
    pub(crate) fn release(&mut self, cost: usize) {
        self.requests -= 1;
        self.bytes -= cost;
    }
}

impl<P: Platform> State<P> {
    /// Charges a place to a newcomer, unless others wait for one.
    pub(crate) fn admit(&mut self, cost: usize) -> bool {
        self.waiting.len() == 0 && self.bounds.admit(cost)
    }
}

impl<P: Platform> Mount<P> {
    /// Waits for a place of `cost` bytes, which is then charged.
    ///
    /// # Errors
    /// `Nxio` when the mount is dead or dies meanwhile, `Intr`, `TimedOut`, `NoMem`.
    pub(crate) fn wait_for_room(&self, cost: usize, wait: &Wait) -> Result<()> {
        let waiter = Waiter::new()?;
        let mut spare: Option<Space<P>> = None;
        let slot = loop {
            enum Found {
                Place,
                Asleep(Slot),
                Missing(Need),
            }
            let found = self.state.with(|st| {
                st.door()?;
                if let Some(space) = spare.take() {
                    spare = st.add(space);
                }
                if st.admit(cost) {
                    return Ok(Found::Place);
                }
                Ok(match st.sleep(&waiter, Sleep::ForRoom(cost)) {
                    Ok(slot) => Found::Asleep(slot),
                    Err(need) => Found::Missing(need),
                })
            })?;
            match found {
                Found::Place => return Ok(()),
                Found::Asleep(slot) => break slot,
                Found::Missing(need) => spare = Some(Space::make(need)?),
            }
        };
        loop {
            let woke = waiter.event.wait(wait);
            if let Some(outcome) = self.leave_line(slot, cost, woke) {
                return outcome;
            }
        }
    }

    /// What a wake-up means to a caller in the line for a place; `None`: nothing, sleep on.
    fn leave_line(&self, slot: Slot, cost: usize, woke: Wake) -> Option<Result<()>> {
        let mut after = After::timed(false);
        let left = self.state.with(|st| {
            let granted = st.sleepers[slot].granted;
            let outcome = match (st.status, granted, woke) {
                (Status::Dying, ..) => Err(Errno::Nxio),
                (_, true, _) => Ok(()),
                (_, false, Wake::Interrupted) => Err(Errno::Intr),
                (_, false, Wake::TimedOut) => Err(Errno::TimedOut),
                (_, false, Wake::Woken) => return None,
            };
            if granted && outcome.is_err() {
                st.bounds.release(cost);
            }
            match outcome {
                Ok(()) => {}
                Err(Errno::Nxio) => st.stats.mount.refused_dead += 1,
                Err(_) => st.stats.mount.gave_up += 1,
            }
            let sleeper = st.awake(slot, Sleep::ForRoom(cost));
            // Another may fit now: behind the place just taken, or since a large one left the line.
            st.grant(&mut after);
            Some((outcome, sleeper))
        });
        after.run();
        left.map(|(outcome, _sleeper)| outcome)
    }

    /// Gives a place back that no request took.
    pub(crate) fn leave_room(&self, cost: usize) {
        let mut after = After::timed(false);
        self.state.with(|st| {
            st.bounds.release(cost);
            st.grant(&mut after);
        });
        after.run();
    }
}
