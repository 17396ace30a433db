//! A caller leaves before its request has ended: a signal, a deadline, an interrupt.
//!
//! What the server has not fetched is withdrawn; what it has stays behind, *abandoned*, with its id and its
//! share of the bounds, until it is answered or the mount dies. What is being copied is marked, and
//! whoever copies drops it.

use super::after::After;
use super::mount::Mount;
use super::slab::Slot;
use super::state::{Caller, Owner, Phase, State};
use super::stats::End;
use crate::errno::{Errno, Result};
use crate::ids::ReqId;
use crate::platform::{Lock, Platform};

impl<P: Platform> State<P> {
    /// The caller of the request in `slot` leaves because of `why`, which is also its result. The request
    /// is not done.
    pub(crate) fn leave(&mut self, slot: Slot, why: Errno, after: &mut After<P>) -> Errno {
        self.comes_back(slot);
        self.cut(slot);
        self.disarm(slot);
        self.count(slot, End::by(why), after);
        let request = &mut self.requests[slot];
        match &mut request.phase {
            Phase::Queued | Phase::Done(_) => self.free(slot, after),
            Phase::Awaiting => {
                request.phase = Phase::Abandoned;
                request.owner = Owner::Nobody;
            }
            Phase::CopyingOut(caller) | Phase::CopyingIn(caller) => {
                *caller = Caller::Gone;
                request.owner = Owner::Nobody;
            }
            Phase::Abandoned => {}
        }
        why
    }
}

impl<P: Platform> Mount<P> {
    /// Ends the wait for request `id` with `Intr`, wherever the request is; its server goes on unless
    /// it was not fetched yet. A caller in line for a place has no request yet: a signal or its deadline ends that wait.
    ///
    /// # Errors
    /// `NoEnt` when no such request has anybody waiting for it.
    ///
    /// # Locking
    /// Does not sleep. Calls a completion back.
    pub fn interrupt(&self, id: ReqId) -> Result<()> {
        let now = P::now();
        let mut after = After::at(Some(now));
        let found = self.state.with(|st| {
            let slot = id
                .some()
                .and_then(|id| st.index.find(&st.requests, id.0))
                .ok_or(Errno::NoEnt)?;
            let request = &mut st.requests[slot];
            match core::mem::replace(&mut request.owner, Owner::Nobody) {
                Owner::Parked(waiter) => {
                    // Its own thread leaves; only that one may.
                    request.interrupted = Some(now);
                    after.wake(waiter.clone());
                    request.owner = Owner::Parked(waiter);
                    st.comes_back(slot);
                }
                Owner::Callback(callback) => {
                    let why = st.leave(slot, Errno::Intr, &mut after);
                    after.call(callback, Err(why));
                }
                Owner::Nobody => return Err(Errno::NoEnt),
            }
            Ok(())
        });
        after.run();
        found
    }
}
