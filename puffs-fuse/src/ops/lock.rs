//! Locks, when the server has an operation for them; otherwise Linux keeps them by itself.
//!
//! Whoever leaves while the server lets him wait is granted the lock all the same, some time later. Then it is given back.

use puffs_core::msg::op::vn;
use puffs_user::c::consts::{PUFFS_LOCK_FLOCK, PUFFS_LOCK_POSIX, PUFFS_LOCK_WAIT};
use puffs_vfs::nodes::NodeId;
use puffs_vfs::{Caller, lock, who};

use super::{Held, head};
use crate::errno::Code;
use crate::gate::Passed;
use crate::granted::{Locker, Span};
use crate::proto::op;
use crate::proto::request::Request;
use crate::proto::wire::{FileLock, FlushIn, LK_FLOCK, LkIn, LkOut};
use crate::reply::{Outcome, Reply};
use crate::session::Work;

/// `OFFSET_MAX`: the end of a lock that has none.
const NO_END: u64 = i64::MAX as u64;
const WHOLE: Span = (0, NO_END);

/// A lock that the server has granted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Locked {
    locker: Locker,
    span: Span,
    /// The open file by which it came.
    by: u64,
}

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

fn span(range: &lock::Range) -> Span {
    let lock = file_lock(range);
    (lock.start, lock.end)
}

/// The end of a lock.
fn free((first, last): Span) -> lock::Range {
    lock::Range {
        kind: libc::F_UNLCK as u32,
        start: first,
        len: match last {
            NO_END => 0,
            last => last - first + 1,
        },
        pid: 0,
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
        let locked = Locked {
            locker: (node.id, lk.owner, kind),
            span: span(&range),
            by: lk.fh,
        };
        if range.kind == libc::F_UNLCK as u32 {
            // Before the server hears of it: what it grants while it is at it is not forgotten.
            let mut state = self.session.state.borrow_mut();
            let had = state.granted.remove(locked.locker, locked.span);
            drop(state);
            if let Err(failed) = set(libc::F_UNLCK, kind, range) {
                for span in had {
                    self.locked(&Locked { span, ..locked });
                }
                return Err(failed.into());
            }
            return Ok(Reply::Empty);
        }
        let wait = match request.header.opcode {
            op::SETLKW => PUFFS_LOCK_WAIT as u32,
            _ => 0,
        };
        let mut granted = false;
        loop {
            let before = self.session.state.borrow().granted.given_back;
            if let Err(failed) = set(libc::F_SETLK, kind | wait, range) {
                if granted {
                    self.give_back(&locked);
                }
                return Err(failed.into());
            }
            granted = true;
            // Who gives back at the moment may take away what has just been granted.
            drop(self.pass_locker(&locked));
            if self.session.state.borrow().granted.given_back == before {
                return Ok(Reply::Locked(locked));
            }
        }
    }

    fn pass_locker(&self, locked: &Locked) -> Passed<'_, Locker> {
        self.session.lockers.pass(locked.locker, self.port.server)
    }

    /// Who asked for a lock has it.
    pub(crate) fn locked(&self, locked: &Locked) {
        let mut state = self.session.state.borrow_mut();
        state.granted.add(locked.locker, locked.span, locked.by);
    }

    /// Nobody got what the server has granted. Its owner keeps what he has: when his call begins again after a signal, the server grants him twice, and
    /// cannot tell that.
    pub(crate) fn give_back(&self, locked: &Locked) {
        let (id, owner, kind) = locked.locker;
        let Ok(node) = self.hold(id.0) else {
            // With the node its locks have gone.
            return;
        };
        let _passed = self.pass_locker(locked);
        let state = &self.session.state;
        let missing = state.borrow().granted.missing(locked.locker, locked.span);
        for span in missing {
            self.unlock(&node, owner, kind, free(span));
        }
        state.borrow_mut().granted.given_back += 1;
    }

    /// A descriptor is closed: its process loses its POSIX locks on the file.
    pub(crate) fn flush(&self, request: &Request<'_>) -> Outcome {
        if !self.port.ops().has_vn(vn::ADVLOCK) {
            // The kernel then sends no more of them.
            return Err(Code(libc::ENOSYS));
        }
        let flush = request.fixed::<FlushIn>()?;
        let node = self.hold(request.header.nodeid)?;
        let kind = PUFFS_LOCK_POSIX as u32;
        let locker = (node.id, flush.lock_owner, kind);
        let had = self.session.state.borrow_mut().granted.remove_all(locker);
        if had {
            self.unlock(&node, flush.lock_owner, kind, free(WHOLE));
        }
        Ok(Reply::Empty)
    }

    /// The last descriptor of an open file that was locked as a whole is closed.
    pub(crate) fn unlock_file(&self, node: NodeId, owner: u64) {
        let kind = PUFFS_LOCK_FLOCK as u32;
        let mut state = self.session.state.borrow_mut();
        state.granted.remove_all((node, owner, kind));
        drop(state);
        if let Ok(node) = self.hold(node.0) {
            self.unlock(&node, owner, kind, free(WHOLE));
        }
    }

    /// The last descriptor of an open file is closed. Linux says so of the locks of its own that an open file may have, those of `F_OFD_SETLK`, by
    /// nothing else.
    pub(crate) fn unlock_by(&self, fh: u64) {
        let lockers = self.session.state.borrow_mut().granted.remove_by(fh);
        for (node, owner, kind) in lockers {
            if let Ok(node) = self.hold(node.0) {
                self.unlock(&node, owner, kind, free(WHOLE));
            }
        }
    }

    fn unlock(&self, node: &Held<'_, '_>, owner: u64, kind: u32, range: lock::Range) {
        let what = (libc::F_UNLCK as u32, kind);
        // Nobody can do anything about a lock that will not go.
        let _ = lock::advlock(
            &self.port,
            &who::kernel(),
            node.node.cookie,
            owner,
            what,
            range,
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
