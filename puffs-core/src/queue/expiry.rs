//! Deadlines of requests in their completion form, whose callers do not sleep and cannot see for themselves.
//!
//! The queue has no clock that ticks. It keeps the deadlines in order and tells the host the earliest ([`MountHost::alarm`]); the
//! host calls [`Mount::expire`] then. A deadline is put in from the end, so callers that are all equally patient cost nothing more; one
//! that is earlier than many walks past them.
//!
//! [`MountHost::alarm`]: super::MountHost::alarm

use super::after::After;
use super::mount::Mount;
use super::slab::{Chunk, Linked, Links, List, Slab, Slot};
use super::state::{Owner, State};
use crate::errno::Errno;
use crate::ids::Instant;
use crate::platform::{Lock, Platform};

/// The deadline of one request, as long as somebody waits for it.
pub(crate) struct Timer {
    at: Instant,
    request: Slot,
    links: Links,
}

impl Linked for Timer {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

/// The deadlines of a mount, the earliest first.
pub(crate) struct Timers {
    slab: Slab<Timer>,
    list: List,
}

impl Timers {
    pub(crate) fn new() -> Self {
        Timers {
            slab: Slab::new(),
            list: List::EMPTY,
        }
    }

    /// Whether one more fits.
    pub(crate) fn has_room(&self) -> bool {
        self.slab.has_room()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.slab.capacity()
    }

    pub(crate) fn grow(&mut self, chunk: Chunk<Timer>) -> Option<Chunk<Timer>> {
        self.slab.grow(chunk)
    }

    fn earliest(&self) -> Option<(Instant, Slot)> {
        let slot = self.list.front()?;
        Some((self.slab[slot].at, self.slab[slot].request))
    }
}

impl<P: Platform> State<P> {
    /// Sets the deadline of a request, for which there is room; true when none is earlier.
    pub(crate) fn arm(&mut self, request: Slot, at: Instant) -> bool {
        let Timers { slab, list } = &mut self.timers;
        let timer = slab.insert(Timer {
            at,
            request,
            links: Links::UNLISTED,
        });
        list.insert_from_back(slab, timer, |earlier| earlier.at <= at);
        self.requests[request].timer = Some(timer);
        list.front() == Some(timer)
    }

    /// Nobody waits for this request any more.
    pub(crate) fn disarm(&mut self, request: Slot) {
        if let Some(timer) = self.requests[request].timer.take() {
            let Timers { slab, list } = &mut self.timers;
            list.remove(slab, timer);
            slab.remove(timer);
        }
    }

    /// Ends the wait for one request whose deadline has passed; false when there is none.
    fn expire_one(&mut self, now: Instant, after: &mut After<P>) -> bool {
        let Some((_, slot)) = self.timers.earliest().filter(|(at, _)| *at <= now) else {
            return false;
        };
        let owner = core::mem::replace(&mut self.requests[slot].owner, Owner::Nobody);
        let why = self.leave(slot, Errno::TimedOut, after);
        if let Owner::Callback(callback) = owner {
            after.call(callback, Err(why));
        }
        true
    }
}

impl<P: Platform> Mount<P> {
    /// Ends the wait for the requests whose deadline has passed: their completions are told `TimedOut`, and their servers go on.
    /// Returns the next deadline, which may have passed by then: what a completion sends meanwhile is for the next call. For the
    /// host's timer; a call too many or too early does no harm.
    ///
    /// # Locking
    /// Does not sleep. Calls completions back, which may send requests and so call [`MountHost::alarm`](super::mount::MountHost::alarm).
    pub fn expire(&self) -> Option<Instant> {
        let now = P::now();
        let all = self.state.with(|st| st.timers.list.len());
        for _ in 0..all {
            let mut after = After::at(Some(now));
            let more = self.state.with(|st| st.expire_one(now, &mut after));
            after.run();
            if !more {
                break;
            }
        }
        self.state.with(|st| Some(st.timers.earliest()?.0))
    }
}
