//! Who serves: the threads that fetch, and whether they are at work. A thread at work that calls into its own mount would
//! wait for itself when nobody else can come to fetch: such a call is refused with `Deadlk`.
//!
//! A thread is at work from a fetch until all that it fetched has been answered, by whomever, or was given up; what wants no answer keeps
//! it at work until it comes for more. One that has fetched before and is not at work is expected to come back, since
//! nothing tells that it ended: the check may let a call in that waits for ever, and never refuses one that would not.

use super::state::{Owner, State};
use crate::errno::{Errno, Result};
use crate::platform::Platform;

/// Threads that are told apart; with more of them, one might always be free.
const MOST: usize = 32;

/// A thread that has fetched.
#[derive(Clone, Copy)]
struct Server {
    thread: usize,
    /// Requests that it fetched and that are still with it.
    fetched: u32,
    /// It fetched something that wants no answer, and has not come back.
    faf: bool,
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
    known: [Server; MOST],
    len: usize,
    /// Some are not known.
    more: bool,
}

impl Servers {
    pub(crate) const NONE: Servers = Servers {
        known: [Server {
            thread: 0,
            fetched: 0,
            faf: false,
        }; MOST],
        len: 0,
        more: false,
    };

    fn iter(&self) -> impl Iterator<Item = &Server> {
        self.known.iter().take(self.len)
    }

    /// A thread comes to fetch, for the `first` request of a call. A kernel that cannot tell threads apart calls them all 0.
    pub(crate) fn comes(&mut self, thread: usize, first: bool) -> Option<Seat> {
        if thread == 0 {
            self.more = true;
            return None;
        }
        let at = self.iter().position(|server| server.thread == thread);
        let at = at.unwrap_or(self.len);
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

    /// Whether this thread is at work while no other one could fetch.
    fn alone(&self, thread: usize) -> bool {
        !self.more
            && self
                .iter()
                .any(|server| server.thread == thread && server.at_work())
            && self.iter().all(Server::at_work)
    }
}

impl<P: Platform> State<P> {
    /// Refuses a caller that would wait for itself.
    pub(crate) fn not_its_own_server(&self, owner: &Owner<P>, thread: usize) -> Result<()> {
        match owner {
            Owner::Parked(_) if self.servers.alone(thread) => Err(Errno::Deadlk),
            _ => Ok(()),
        }
    }
}
