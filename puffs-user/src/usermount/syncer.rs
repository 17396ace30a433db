//! The sync that comes by itself. NetBSD's kernel tells a file system from time to time that what was changed may be brought to rest; on Linux no
//! host is told that by anybody. So the main loop asks its server for it: `fs_sync` with `PUFFS_MNT_LAZY`, in the file system's own
//! name, half a minute after the first change since the last time. A server that nobody changes is left alone.

use std::cell::Cell;
use std::time::{Duration, Instant};

use puffs_core::msg::op::{self, vn};
use puffs_core::msg::wire;

use super::Usermount;

/// How long a change may wait.
const EVERY: Duration = Duration::from_secs(30);

/// When the next sync is due.
pub(super) struct Syncer {
    /// `None`: the server has nothing to bring anywhere.
    every: Cell<Option<Duration>>,
    due: Cell<Option<Instant>>,
    /// One is under way: it was left in its middle.
    running: Cell<bool>,
}

impl Syncer {
    pub(super) const fn new() -> Self {
        Syncer {
            every: Cell::new(Some(EVERY)),
            due: Cell::new(None),
            running: Cell::new(false),
        }
    }

    /// Takes down that an operation ran.
    pub(super) fn note(&self, req: &wire::Req) {
        if let Some(every) = self.every.get()
            && self.due.get().is_none()
            && changes(req)
        {
            self.due.set(Some(Instant::now() + every));
        }
    }

    /// Whether none is to begin by itself.
    pub(super) fn rests(&self) -> bool {
        self.due.get().is_none() || self.running.get()
    }

    /// Time until the next one; `None` when nothing was changed, and before the last one is over.
    pub(super) fn left(&self) -> Option<Duration> {
        let due = self.due.get().filter(|_| !self.running.get())?;
        Some(due.saturating_duration_since(Instant::now()))
    }

    /// One begins; what is changed from now on is for the next.
    pub(super) fn begins(&self) {
        self.due.set(None);
        self.running.set(true);
    }

    pub(super) fn ended(&self) {
        self.running.set(false);
    }
}

impl Usermount {
    /// fs_sync does nothing: it is not called but when somebody asks.
    pub fn has_nothing_to_sync(&self) {
        self.syncer.every.set(None);
    }

    #[cfg(test)]
    pub(crate) fn sync_every(&self, every: Duration) {
        self.syncer.every.set(Some(every));
    }
}

/// Whether an operation changes the file system.
fn changes(req: &wire::Req) -> bool {
    req.opclass & op::CLASS_MASK == op::CLASS_VN
        && matches!(
            req.optype,
            vn::CREATE
                | vn::MKNOD
                | vn::SETATTR
                | vn::WRITE
                | vn::REMOVE
                | vn::LINK
                | vn::RENAME
                | vn::MKDIR
                | vn::RMDIR
                | vn::SYMLINK
                | vn::SETEXTATTR
                | vn::DELETEEXTATTR
                | vn::FALLOCATE
                | vn::FDISCARD
        )
}
