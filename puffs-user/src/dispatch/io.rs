//! Data: read, write, fsync, readlink. The server reads and writes in the message buffer itself.

use core::ffi::c_int;

use puffs_core::msg::body::{DataAns, FlagsReq, PlainReq, ReadReq, TARGET_MAX, WriteAns, WriteReq};

use super::call::{Call, Done};
use super::check;
use crate::c::consts::{PUFFS_KFLAG_ALLOPS, PUFFS_WRITE_FAF};

/// What a server without read or write says: the other side asks it only with `ALLOPS`.
fn absent(call: &Call<'_>) -> i32 {
    if call.pu.kflags() & PUFFS_KFLAG_ALLOPS != 0 {
        libc::EIO
    } else {
        libc::EOPNOTSUPP
    }
}

pub(super) fn read(call: &mut Call<'_>) -> Done {
    let req: ReadReq = call.fixed()?;
    let f = call.ops().puffs_node_read.ok_or_else(|| absent(call))?;
    let offset = i64::try_from(req.offset).map_err(|_| libc::EINVAL)?;
    let asked = req.len as usize;
    let data = call.room::<DataAns>(asked)?;
    let mut left = asked;
    // SAFETY: the server's operation, called as its type says; `data` has room for `left` bytes.
    let rv = unsafe {
        f(
            call.usermount(),
            call.cookie,
            data,
            offset,
            &raw mut left,
            call.cred(),
            req.ioflag as c_int,
        )
    };
    call.result(rv)?;
    let len = check::read(call, asked, left)?;
    let answer = DataAns {
        ans: call.ans(),
        len: len as u32,
        pad: 0,
    };
    call.answer(&answer, len)
}

pub(super) fn write(call: &mut Call<'_>) -> Done {
    let req: WriteReq = call.fixed()?;
    let offset = i64::try_from(req.offset).map_err(|_| libc::EINVAL)?;
    let asked = req.len as usize;
    // All of it must have come, not only fit.
    call.tails::<WriteReq, 1>([req.len])?;
    let data = call.room::<WriteReq>(asked)?;
    let (pu, cookie, cred) = (call.usermount(), call.cookie, call.cred());
    let ioflag = req.ioflag as c_int;
    let mut left = asked;
    let rv = if let Some(f) = call.ops().puffs_node_write2 {
        let xflag = if call.faf { PUFFS_WRITE_FAF } else { 0 };
        // SAFETY: the server's operation, called as its type says; `data` has `left` bytes, and
        // they are the server's to change.
        unsafe { f(pu, cookie, data, offset, &raw mut left, cred, ioflag, xflag) }
    } else {
        let f = call.ops().puffs_node_write.ok_or_else(|| absent(call))?;
        // SAFETY: as above.
        unsafe { f(pu, cookie, data, offset, &raw mut left, cred, ioflag) }
    };
    call.result(rv)?;
    let len = check::written(call, asked, left)?;
    let answer = WriteAns {
        ans: call.ans(),
        len: len as u32,
        pad: 0,
    };
    call.answer(&answer, 0)
}

pub(super) fn fsync(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    let lo = i64::try_from(req.lo).map_err(|_| libc::EINVAL)?;
    let hi = i64::try_from(req.hi).map_err(|_| libc::EINVAL)?;
    if let Some(f) = call.ops().puffs_node_fsync {
        let flags = req.flags as c_int;
        // SAFETY: the server's operation, called as its type says.
        let rv = unsafe { f(call.usermount(), call.cookie, call.cred(), flags, lo, hi) };
        call.result(rv)?;
    }
    call.answer_head()
}

pub(super) fn readlink(call: &mut Call<'_>) -> Done {
    let _: PlainReq = call.fixed()?;
    let f = call.ops().puffs_node_readlink.ok_or(libc::EOPNOTSUPP)?;
    let room = TARGET_MAX;
    let target = call.room::<DataAns>(room)?;
    let mut len = room;
    // SAFETY: the server's operation, called as its type says; `target` has room for `len` bytes.
    let rv = unsafe {
        f(
            call.usermount(),
            call.cookie,
            call.cred(),
            target.cast(),
            &raw mut len,
        )
    };
    call.result(rv)?;
    let len = check::linked(call, room, len)?;
    let answer = DataAns {
        ans: call.ans(),
        len: len as u32,
        pad: 0,
    };
    call.answer(&answer, len)
}
