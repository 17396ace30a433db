//! What a locked section wants done, and does not do itself: wake, call back, free.

use alloc::boxed::Box;

use super::state::{Ended, PollLink, Request, Waiter};
use crate::ids::Instant;
use crate::own::Ref;
use crate::platform::{Event, Platform, PollPoint};
use crate::request::Complete;

/// What is to be done once the lock is released. Dropping it frees what the section took out.
#[must_use]
pub(crate) struct After<P: Platform> {
    /// The time of the section, for the statistics: read before the lock was taken.
    pub(crate) now: Option<Instant>,
    caller: Option<Ref<Waiter<P>, P>>,
    getter: Option<Ref<Waiter<P>, P>>,
    waiting: Option<Ref<Waiter<P>, P>>,
    /// Pollers to tell, if there are any.
    pub(crate) poll: Option<Ref<PollLink<P>, P>>,
    callback: Option<(Box<dyn Complete<P>>, Ended<P>)>,
    garbage: Option<Request<P>>,
}

impl<P: Platform> After<P> {
    /// For a section that may end a request.
    pub(crate) fn nothing() -> Self {
        Self::timed(true)
    }

    /// For a section that may do so only if `ends`: the clock costs more than what it is read for.
    pub(crate) fn timed(ends: bool) -> Self {
        Self::at(ends.then(P::now))
    }

    /// For a section whose time is known.
    pub(crate) const fn at(now: Option<Instant>) -> Self {
        After {
            now,
            caller: None,
            getter: None,
            waiting: None,
            poll: None,
            callback: None,
            garbage: None,
        }
    }

    /// Wakes a caller.
    pub(crate) fn wake(&mut self, waiter: Ref<Waiter<P>, P>) {
        note(&mut self.caller, waiter);
    }

    /// Wakes a getter.
    pub(crate) fn wake_as_getter(&mut self, waiter: Ref<Waiter<P>, P>) {
        note(&mut self.getter, waiter);
    }

    /// Wakes a caller in line for a place.
    pub(crate) fn wake_as_waiting(&mut self, waiter: Ref<Waiter<P>, P>) {
        note(&mut self.waiting, waiter);
    }

    /// Calls a completion back.
    pub(crate) fn call(&mut self, callback: Box<dyn Complete<P>>, ended: Ended<P>) {
        note(&mut self.callback, (callback, ended));
    }

    /// Takes a request to be freed.
    pub(crate) fn discard(&mut self, request: Request<P>) {
        note(&mut self.garbage, request);
    }

    /// Wakes, calls back, frees. Without the lock.
    pub(crate) fn run(self) {
        for waiter in [self.caller, self.getter, self.waiting]
            .into_iter()
            .flatten()
        {
            waiter.event.set();
        }
        if let Some(poll) = self.poll {
            poll.point.wake();
        }
        if let Some((callback, ended)) = self.callback {
            callback.complete(ended);
        }
        drop(self.garbage);
    }
}

/// One locked section has one of each kind: a second would lose the first one's wake-up, and free it under the lock.
fn note<T>(place: &mut Option<T>, what: T) {
    debug_assert!(place.is_none(), "a locked section does this twice");
    *place = Some(what);
}
