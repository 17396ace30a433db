//! The server is gone: the reference's `puffs_userdead`.
//!
//! Death visits every request in every phase, every getter, every caller in line for a place, and the pollers. It
//! marks and wakes, and never waits for a copy: whoever copies finds the mark.

use super::after::After;
use super::mount::{Mount, Status};
use super::slab::Slot;
use super::state::{Caller, Owner, Phase, State};
use super::stats::End;
use crate::errno::Errno;
use crate::platform::{Lock, Platform};

impl<P: Platform> Mount<P> {
    /// Kills the mount: all who wait get `Nxio`, and so do all who come later. Any number of threads may
    /// do it, any number of times; whoever returns knows that everybody has been visited or is being so.
    ///
    /// # Locking
    /// Does not sleep. Calls completions back.
    pub fn die(&self) {
        let before = self
            .state
            .with(|st| core::mem::replace(&mut st.status, Status::Dying));
        if before == Status::Dying {
            // One visit is enough, and a completion that kills the mount must not nest a visit in each call.
            return;
        }
        loop {
            // One of each kind at a time, so that the lock is never held for long; no newcomers can
            // make this endless, since the status keeps them out.
            let mut after = After::nothing();
            let more = self.state.with(|st| st.kill_some(&mut after));
            after.run();
            if !more {
                break;
            }
        }
        self.wake_pollers();
    }
}

impl<P: Platform> State<P> {
    /// Tells one request, one getter and one caller in line; false when there was none.
    fn kill_some(&mut self, after: &mut After<P>) -> bool {
        let request = self.touser.front().or(self.fetched.front());
        if let Some(slot) = request {
            self.kill(slot, after);
        }
        let getter = self.getters.pop_front(&mut self.sleepers);
        if let Some(slot) = getter {
            after.wake_as_getter(self.sleepers[slot].waiter.clone());
        }
        let waiting = self.waiting.pop_front(&mut self.sleepers);
        if let Some(slot) = waiting {
            after.wake_as_waiting(self.sleepers[slot].waiter.clone());
        }
        request.or(getter).or(waiting).is_some()
    }

    fn kill(&mut self, slot: Slot, after: &mut After<P>) {
        let request = &mut self.requests[slot];
        match request.phase {
            Phase::Queued | Phase::Awaiting => self.end(slot, Err(Errno::Nxio), after),
            Phase::Abandoned => self.free(slot, after),
            Phase::CopyingOut(caller) | Phase::CopyingIn(caller) => {
                self.unlist(slot);
                self.kill_copying(slot, caller, after);
            }
            // Done is in no list.
            Phase::Done(_) => {}
        }
    }

    fn kill_copying(&mut self, slot: Slot, caller: Caller, after: &mut After<P>) {
        self.comes_back(slot);
        self.cut(slot);
        self.disarm(slot);
        self.count(slot, End::Died, after);
        let request = &mut self.requests[slot];
        let mark = match (
            caller,
            core::mem::replace(&mut request.owner, Owner::Nobody),
        ) {
            (Caller::Present, Owner::Parked(waiter)) => {
                after.wake(waiter.clone());
                request.owner = Owner::Parked(waiter);
                Caller::Dead
            }
            (Caller::Present, Owner::Callback(callback)) => {
                after.call(callback, Err(Errno::Nxio));
                Caller::DeadAndGone
            }
            _ => Caller::DeadAndGone,
        };
        match &mut request.phase {
            Phase::CopyingOut(caller) | Phase::CopyingIn(caller) => *caller = mark,
            _ => {}
        }
    }
}

impl<P: Platform> Drop for State<P> {
    fn drop(&mut self) {
        // Nobody is parked any more, but completions may be outstanding; we are alone.
        self.status = Status::Dying;
        loop {
            let mut after = After::nothing();
            let more = self.kill_some(&mut after);
            after.run();
            if !more {
                break;
            }
        }
    }
}
