//! The operations on the whole file system: unmount, statvfs, sync.

use core::ffi::c_int;

use puffs_core::msg::body::{FlagsReq, PlainReq, Statvfs, StatvfsAns};

use super::call::{Call, Done};
use crate::c::statvfs::puffs_statvfs;
use crate::usermount::State;

/// 0 ends the main loop; anything else, and the file system runs on unless it was forced.
pub(super) fn unmount(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    let f = call.ops().puffs_fs_unmount.ok_or(libc::EOPNOTSUPP)?;
    call.pu.set_state(State::Unmounting);
    // SAFETY: the server's operation, called as its type says.
    let rv = unsafe { f(call.usermount(), req.flags as c_int) };
    let result = call.result(rv);
    call.pu.set_state(match result {
        Ok(()) => State::Unmounted,
        Err(_) => State::Running,
    });
    result?;
    call.answer_head()
}

pub(super) fn statvfs(call: &mut Call<'_>) -> Done {
    let _: PlainReq = call.fixed()?;
    let f = call.ops().puffs_fs_statvfs.ok_or(libc::EOPNOTSUPP)?;
    let mut sb = puffs_statvfs::ZERO;
    // SAFETY: as above; `sb` outlives the call.
    let rv = unsafe { f(call.usermount(), &raw mut sb) };
    call.result(rv)?;
    let answer = StatvfsAns {
        ans: call.ans(),
        statvfs: Statvfs {
            bsize: sb.f_bsize,
            frsize: sb.f_frsize,
            iosize: sb.f_iosize,
            blocks: sb.f_blocks,
            bfree: sb.f_bfree,
            bavail: sb.f_bavail,
            bresvd: sb.f_bresvd,
            files: sb.f_files,
            ffree: sb.f_ffree,
            favail: sb.f_favail,
            fresvd: sb.f_fresvd,
            namemax: sb.f_namemax,
        },
    };
    call.answer(&answer, 0)
}

pub(super) fn sync(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    let f = call.ops().puffs_fs_sync.ok_or(libc::EOPNOTSUPP)?;
    // SAFETY: as above; the credentials outlive the call.
    let rv = unsafe { f(call.usermount(), req.flags as c_int, call.cred()) };
    call.result(rv)?;
    call.answer_head()
}
