//! advlock, mmap and seek.

use core::ffi::{c_int, c_short};
use std::ptr;

use puffs_core::msg::body::{FlagsReq, LockAns, LockReq};

use super::call::{Call, Done};

pub(super) fn advlock(call: &mut Call<'_>) -> Done {
    let req: LockReq = call.fixed()?;
    let f = call.ops().puffs_node_advlock.ok_or(libc::EOPNOTSUPP)?;
    let number = |value: u64| i64::try_from(value).map_err(|_| libc::EINVAL);
    // SAFETY: all zeroes is a value of this plain structure.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = req.kind as c_short;
    lock.l_whence = libc::SEEK_SET as c_short;
    lock.l_start = number(req.start)?;
    lock.l_len = number(req.len)?;
    lock.l_pid = req.pid as libc::pid_t;
    // An owner is a number to us, and a pointer that is never followed to the server.
    let owner = ptr::without_provenance_mut(req.owner as usize);
    let (pu, op, flags) = (call.usermount(), req.op as c_int, req.flags as c_int);
    // SAFETY: the server's operation, called as its type says; the lock outlives the call.
    let rv = unsafe { f(pu, call.cookie, owner, op, &raw mut lock, flags) };
    call.result(rv)?;
    let answer = LockAns {
        ans: call.ans(),
        start: lock.l_start as u64,
        len: lock.l_len as u64,
        kind: lock.l_type as u32,
        pid: lock.l_pid as u32,
    };
    call.answer(&answer, 0)
}

pub(super) fn mmap(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    if let Some(f) = call.ops().puffs_node_mmap {
        call.cc.allow_setback();
        // SAFETY: the server's operation, called as its type says.
        let rv = unsafe {
            f(
                call.usermount(),
                call.cookie,
                req.flags as c_int,
                call.cred(),
            )
        };
        call.result(rv)?;
    }
    call.answer_head()
}

pub(super) fn seek(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    if let Some(f) = call.ops().puffs_node_seek {
        let (from, to) = (req.lo as i64, req.hi as i64);
        // SAFETY: as above.
        let rv = unsafe { f(call.usermount(), call.cookie, from, to, call.cred()) };
        call.result(rv)?;
    }
    call.answer_head()
}
