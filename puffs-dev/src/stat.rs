//! What a status call on an open device says: [`Instance::stat`].
//!
//! Replaces the reference's `fbadop_stat`, which refused. Times are left out: the queue's clock counts from nowhere in particular.

use puffs_core::Platform;
use puffs_core::platform::Lock;

use crate::instance::Instance;
use crate::registry::Lwp;

/// What an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is mounted yet.
    Embryo,
    /// A file system is mounted; its server may be dead.
    Mounted,
    /// What was mounted is unmounted.
    Dead,
    /// The open file is closed.
    Closed,
}

/// The status of an open device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Its minor number.
    pub minor: u32,
    /// Who opened it, and owns it.
    pub opener: Lwp,
    /// What it is.
    pub standing: Standing,
    /// Requests that could be fetched: its size.
    pub requests: usize,
}

impl Stat {
    /// Type and permissions, as every Unix writes them: a character device, for its owner alone.
    pub const MODE: u32 = 0o020_600;
}

impl<P: Platform> Instance<P> {
    /// The status of this open, in whatever state it is.
    ///
    /// # Locking
    /// Does not sleep.
    pub fn stat(&self) -> Stat {
        let (standing, mount) = self
            .registry
            .0
            .seats
            .with(|seats| seats.standing(self.minor(), &self.poll));
        Stat {
            minor: self.minor(),
            opener: *self.opener(),
            standing,
            requests: mount.map_or(0, |mount| mount.readiness().requests),
        }
    }
}
