//! Who serves: the threads that fetch. A thread at work for the server that calls into its own mount would wait for itself
//! when nobody else will come to fetch: such a call is refused with `Deadlk`.
//!
//! A thread is at work from a fetch until all that it fetched has been answered, by whomever, or was put back; what wants no answer
//! keeps it at work until it comes for more. The others will come to fetch, whatever they do now, unless each is parked in a call
//! of its own into the same mount: from the moment when it stands in line for a place or its request is queued, until the
//! request has ended. What else might end such a call, a deadline or a thread that answers and never fetches, is not waited for. So the
//! last one that could come is refused; a signal or a deadline of another's call counts once that thread has run.
//!
//! Not noticed: that a thread ended, so it is expected for ever; that the last one which calls in is not at work, and
//! nobody is left to serve it; what a host's hook waits for.

use alloc::boxed::Box;

use super::mount::Mount;
use super::slab::Slot;
use super::state::{Owner, Request, State};
use crate::errno::{Errno, Result};
use crate::own::try_slice;
use crate::platform::{Lock, Platform};

/// Threads that are told apart; with more of them, one will always come.
const MOST: usize = 32;

/// A thread that has fetched.
#[derive(Clone, Copy)]
struct Server {
    thread: usize,
    /// Requests that it fetched and that are still with it.
    fetched: u32,
    /// It fetched something that wants no answer, and has not come back.
    faf: bool,
    /// Its calls into this mount that have not ended: more than one if it calls in from a hook.
    parked: u32,
}

impl Server {
    fn at_work(&self) -> bool {
        self.fetched > 0 || self.faf
    }
}

/// A place in [`Servers`].
#[derive(Clone, Copy)]
pub(crate) struct Seat(usize);

/// The threads that have fetched from a mount.
pub(crate) struct Servers {
    known: Box<[Server]>,
    len: usize,
    /// Some are not known.
    more: bool,
}

impl Servers {
    /// Nobody yet.
    ///
    /// # Errors
    /// `NoMem`.
    pub(crate) fn new() -> Result<Self> {
        let nobody = Server {
            thread: 0,
            fetched: 0,
            faf: false,
            parked: 0,
        };
        Ok(Servers {
            known: try_slice(MOST, || nobody)?,
            len: 0,
            more: false,
        })
    }

    fn find(&self, thread: usize) -> Option<usize> {
        let mut known = self.known.iter().take(self.len);
        known.position(|server| server.thread == thread)
    }

    /// A thread comes to fetch, for the `first` request of a call. A kernel that cannot tell threads apart calls them all 0.
    pub(crate) fn comes(&mut self, thread: usize, first: bool) -> Option<Seat> {
        let at = match thread {
            0 => self.known.len(),
            _ => self.find(thread).unwrap_or(self.len),
        };
        match self.known.get_mut(at) {
            Some(server) => {
                server.thread = thread;
                server.faf &= !first;
                self.len = self.len.max(at + 1);
                Some(Seat(at))
            }
            None => {
                self.more = true;
                None
            }
        }
    }

    fn at(&mut self, seat: Option<Seat>) -> Option<&mut Server> {
        self.known.get_mut(seat?.0)
    }

    /// It has a request.
    pub(crate) fn takes(&mut self, seat: Option<Seat>) {
        if let Some(server) = self.at(seat) {
            server.fetched += 1;
        }
    }

    /// A request has left it.
    pub(crate) fn leaves(&mut self, seat: Option<Seat>) {
        if let Some(server) = self.at(seat) {
            server.fetched -= 1;
        }
    }

    /// It has a request that it will not answer.
    pub(crate) fn has_faf(&mut self, seat: Option<Seat>) {
        if let Some(server) = self.at(seat) {
            server.faf = true;
        }
    }

    /// A thread calls in, and will not fetch before it is back.
    ///
    /// # Errors
    /// `Deadlk` when it is at work and nobody else will come to fetch.
    fn calls(&mut self, thread: usize) -> Result<Option<Seat>> {
        let Some(at) = self.find(thread) else {
            return Ok(None);
        };
        let others = self.known.iter().take(self.len).enumerate();
        let mut others = others.filter(|(other, _)| *other != at);
        let alone = !self.more && others.all(|(_, other)| other.parked > 0);
        let seat = Some(Seat(at));
        if let Some(server) = self.at(seat) {
            if alone && server.at_work() {
                return Err(Errno::Deadlk);
            }
            server.parked += 1;
        }
        Ok(seat)
    }

    /// A call has ended.
    fn is_back(&mut self, seat: Option<Seat>) {
        if let Some(server) = self.at(seat) {
            server.parked -= 1;
        }
    }
}

impl<P: Platform> State<P> {
    /// The caller of a request parks, unless it would wait for itself. Its seat is noted once, to be given back by
    /// [`State::comes_back`] when the request has it, or else by [`Mount::is_back`].
    pub(crate) fn parks(
        &mut self,
        seat: &mut Option<Option<Seat>>,
        request: &Option<Request<P>>,
        thread: usize,
    ) -> Result<()> {
        let parks = matches!(request.as_ref().map(|r| &r.owner), Some(Owner::Parked(_)));
        if seat.is_none() && parks {
            let calls = self.servers.calls(thread);
            *seat = Some(calls.inspect_err(|_| self.stats.mount.refused_deadlock += 1)?);
        }
        Ok(())
    }

    /// The caller of a request waits for it no more, though its thread may not have run yet.
    pub(crate) fn comes_back(&mut self, slot: Slot) {
        let seat = self.requests[slot].caller.take();
        self.servers.is_back(seat);
    }
}

impl<P: Platform> Mount<P> {
    /// A thread of the server did not get in.
    pub(super) fn is_back(&self, seat: Option<Seat>) {
        if seat.is_some() {
            self.state.with(|st| st.servers.is_back(seat));
        }
    }
}
