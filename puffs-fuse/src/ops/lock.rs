//! Locks, when the server has an operation for them; otherwise Linux keeps them by itself.

use puffs_core::msg::op::vn;
use puffs_user::c::consts::{PUFFS_LOCK_FLOCK, PUFFS_LOCK_POSIX, PUFFS_LOCK_WAIT};
use puffs_vfs::nodes::NodeId;
use puffs_vfs::{Caller, lock, who};

use super::{Held, head};
use crate::errno::Code;
use crate::proto::op;
use crate::proto::request::Request;
use crate::proto::wire::{FileLock, FlushIn, LK_FLOCK, LkIn, LkOut};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

/// `OFFSET_MAX`: the end of a lock that has none.
const NO_END: u64 = i64::MAX as u64;
const WHOLE: lock::Range = lock::Range {
    kind: libc::F_UNLCK as u32,
    start: 0,
    len: 0,
    pid: 0,
};

fn range(lock: &FileLock) -> Result<lock::Range, Code> {
    let len = match lock.end {
        NO_END => 0,
        end => end
            .checked_sub(lock.start)
            .and_then(|len| len.checked_add(1))
            .ok_or(Code(libc::EINVAL))?,
    };
    Ok(lock::Range {
        kind: lock.kind,
        start: lock.start,
        len,
        pid: lock.pid,
    })
}

fn file_lock(range: &lock::Range) -> FileLock {
    FileLock {
        start: range.start,
        end: match range.len {
            0 => NO_END,
            len => range.start.saturating_add(len - 1),
        },
        kind: range.kind,
        pid: range.pid,
    }
}

fn kind_of(lk: &LkIn) -> u32 {
    match lk.lk_flags & LK_FLOCK {
        0 => PUFFS_LOCK_POSIX as u32,
        _ => PUFFS_LOCK_FLOCK as u32,
    }
}

impl Work<'_> {
    pub(crate) fn getlk(&self, request: &Request<'_>) -> Outcome {
        let lk = request.fixed::<LkIn>()?;
        let node = self.hold(request.header.nodeid)?;
        let what = (libc::F_GETLK as u32, kind_of(&lk));
        let head = head(&request.header);
        let cookie = node.node.cookie;
        let found = lock::advlock(&self.port, &head, cookie, lk.owner, what, range(&lk.lk)?)?;
        Ok(Reply::Lock(LkOut {
            lk: file_lock(&found),
        }))
    }

    /// SETLK, and SETLKW, which waits.
    pub(crate) fn setlk(&self, request: &Request<'_>) -> Outcome {
        let lk = request.fixed::<LkIn>()?;
        let node = self.hold(request.header.nodeid)?;
        let (range, kind) = (range(&lk.lk)?, kind_of(&lk));
        let head = head(&request.header);
        let cookie = node.node.cookie;
        let set = |op: i32, flags: u32, range: lock::Range| {
            let what = (op as u32, flags);
            lock::advlock(&self.port, &head, cookie, lk.owner, what, range)
        };
        if range.kind == libc::F_UNLCK as u32 {
            set(libc::F_UNLCK, kind, range)?;
            return Ok(Reply::Empty);
        }
        let waits = request.header.opcode == op::SETLKW;
        let wait = if waits { PUFFS_LOCK_WAIT as u32 } else { 0 };
        set(libc::F_SETLK, kind | wait, range)?;
        if waits && !self.session.traffic.is_wanted(request.header.unique) {
            // Whoever waited for it has gone.
            let free = lock::Range {
                kind: libc::F_UNLCK as u32,
                ..range
            };
            let _ = set(libc::F_UNLCK, kind, free);
            return Err(Code(libc::EINTR));
        }
        if kind == PUFFS_LOCK_POSIX as u32 {
            let mut state = self.session.state.borrow_mut();
            state.lockers.insert((node.id, lk.owner));
        }
        Ok(Reply::Empty)
    }

    /// A descriptor is closed: its process loses its POSIX locks on the file.
    pub(crate) fn flush(&self, request: &Request<'_>) -> Outcome {
        if !self.port.ops().has_vn(vn::ADVLOCK) {
            // The kernel then sends no more of them.
            return Err(Code(libc::ENOSYS));
        }
        let flush = request.fixed::<FlushIn>()?;
        let node = self.hold(request.header.nodeid)?;
        let locker = (node.id, flush.lock_owner);
        let had = self.session.state.borrow_mut().lockers.remove(&locker);
        if had {
            self.unlock(&node, flush.lock_owner, PUFFS_LOCK_POSIX as u32);
        }
        Ok(Reply::Empty)
    }

    /// The last descriptor of an open file that was locked as a whole is closed.
    pub(crate) fn unlock_file(&self, node: NodeId, owner: u64) {
        if let Ok(node) = self.hold(node.0) {
            self.unlock(&node, owner, PUFFS_LOCK_FLOCK as u32);
        }
    }

    fn unlock(&self, node: &Held<'_, '_>, owner: u64, kind: u32) {
        let what = (libc::F_UNLCK as u32, kind);
        // Nobody can do anything about a lock that will not go.
        let _ = lock::advlock(
            &self.port,
            &who::kernel(),
            node.node.cookie,
            owner,
            what,
            WHOLE,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_lengths_here_and_ends_there() {
        for (start, end, len) in [(0, 0, 1), (10, 19, 10), (5, NO_END, 0)] {
            let lock = FileLock {
                start,
                end,
                kind: 1,
                pid: 9,
            };
            let range = range(&lock).unwrap();
            assert_eq!((range.start, range.len), (start, len));
            assert_eq!(file_lock(&range), lock);
        }
        let backwards = FileLock {
            start: 2,
            end: 1,
            kind: 0,
            pid: 0,
        };
        assert_eq!(range(&backwards), Err(Code(libc::EINVAL)));
    }
}
