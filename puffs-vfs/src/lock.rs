//! Advisory locks, as far as the server keeps them.

use puffs_core::msg::body::{Head, LockAns, LockReq};
use puffs_core::msg::op::vn;
use puffs_core::{Cookie, Errno, Platform};

use crate::call::{Caller, Failed};
use crate::codec::Call;

/// A lock on a range of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// `F_RDLCK`, `F_WRLCK`, `F_UNLCK`.
    pub kind: u32,
    /// First byte.
    pub start: u64,
    /// Length; 0: to the end of the file, wherever that will be.
    pub len: u64,
    /// The process that holds it, in the answer to a question.
    pub pid: u32,
}

/// What was asked of a node's locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Tells owners apart.
    pub owner: u64,
    /// `F_GETLK`, `F_SETLK`, `F_UNLCK`.
    pub op: u32,
    /// `PUFFS_LOCK_*`.
    pub flags: u32,
    /// The lock.
    pub range: Range,
}

impl Wanted {
    /// The message that asks for it.
    pub(crate) fn message(&self, head: &Head) -> LockReq {
        LockReq {
            head: *head,
            owner: self.owner,
            start: self.range.start,
            len: self.range.len,
            op: self.op,
            flags: self.flags,
            kind: self.range.kind,
            pid: self.range.pid,
        }
    }
}

/// Asks for a lock, sets it, or takes it away: `op` is `F_GETLK`, `F_SETLK` or `F_UNLCK`, `flags` is made of
/// `PUFFS_LOCK_*`, `owner` tells owners apart. Returns the lock that is in the way, where that was asked.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation; `EAGAIN` when another's lock is in the way.
pub fn advlock<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    owner: u64,
    (op, flags): (u32, u32),
    range: Range,
) -> Result<Range, Failed> {
    if !caller.ops().has_vn(vn::ADVLOCK) {
        return Err(Errno::NotSupp.into());
    }
    let wanted = Wanted {
        owner,
        op,
        flags,
        range,
    };
    let req = wanted.message(head);
    let ans: LockAns = Call::vn(caller, vn::ADVLOCK, node, &req, [&[], &[]])?.ask()?;
    Ok(Range {
        kind: ans.kind,
        start: ans.start,
        len: ans.len,
        pid: ans.pid,
    })
}
