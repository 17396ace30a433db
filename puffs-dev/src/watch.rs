//! Event watchers: what a kernel's event queue (kqueue) asks about an open device, one [`Watcher`] per registration.
//!
//! A watcher is told to look through the poll point, as every poller is: at bind, start, arrival, death, unmount and close. It
//! holds all that it looks at: the poll point, and the registry, under whose lock it finds the mount and takes a
//! reference. So it may outlive the instance and the mount, and sees the end of the file then. Replaces the
//! reference's `puffs_fop_kqfilter`, `filt_puffsioctl` and `filt_puffsdetach`.

use puffs_core::errno::{Errno, Result};
use puffs_core::{Platform, PollLink, Ref};

use crate::instance::Instance;
use crate::registry::Registry;

/// What may be watched for. The numbers are those of most BSDs; glue of a system with others maps them.
pub mod filters {
    /// Requests to fetch: `EVFILT_READ`.
    pub const READ: i32 = -1;
    /// That answers are taken: `EVFILT_WRITE`.
    pub const WRITE: i32 = -2;
}

/// A filter that exists.
#[derive(Clone, Copy)]
enum Filter {
    Read,
    Write,
}

/// What a watcher sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Nothing to fetch.
    Nothing,
    /// So many requests wait; 0 where answers are what is watched for.
    Ready(usize),
    /// Nothing is mounted, the mount is dead, or the device is closed.
    EndOfFile,
}

/// One who wants to be told of an event on an instance.
pub struct Watcher<P: Platform> {
    registry: Registry<P>,
    minor: u32,
    poll: Ref<PollLink<P>, P>,
    filter: Filter,
}

impl<P: Platform> Instance<P> {
    /// A watcher for one of the [`filters`], in whatever state the instance is. The caller makes the poll point tell
    /// it of wake-ups, and then looks at what it sees.
    ///
    /// # Errors
    /// `Inval` for a filter that does not exist.
    ///
    /// # Locking
    /// Does not sleep.
    pub fn watch(&self, filter: i32) -> Result<Watcher<P>> {
        let filter = match filter {
            filters::READ => Filter::Read,
            filters::WRITE => Filter::Write,
            _ => return Err(Errno::Inval),
        };
        Ok(Watcher {
            registry: self.registry.clone(),
            minor: self.minor(),
            poll: self.poll.clone(),
            filter,
        })
    }
}

impl<P: Platform> Watcher<P> {
    /// What there is now.
    ///
    /// # Locking
    /// Does not sleep. May free a mount that ends at the same time.
    pub fn state(&self) -> Sight {
        let Ok(mount) = self.registry.mount(self.minor, &self.poll) else {
            return Sight::EndOfFile;
        };
        let now = mount.readiness();
        match (now.hangup, self.filter, now.requests) {
            (true, ..) => Sight::EndOfFile,
            (false, Filter::Write, _) => Sight::Ready(0),
            (false, Filter::Read, 0) => Sight::Nothing,
            (false, Filter::Read, requests) => Sight::Ready(requests),
        }
    }

    /// Where it is told to look again; there as long as the watcher.
    pub fn poll_point(&self) -> &P::PollPoint {
        &self.poll.point
    }
}
