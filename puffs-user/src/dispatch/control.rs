//! pathconf, print, extattrctl.

use core::ffi::c_int;
use std::ffi::CString;
use std::ptr;

use puffs_core::msg::body::{ExtattrctlReq, FlagsReq, PathconfAns, PlainReq};

use super::call::{Call, Done};

pub(super) fn pathconf(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    let f = call.ops().puffs_node_pathconf.ok_or(libc::EOPNOTSUPP)?;
    let mut value = 0;
    let name = req.flags as c_int;
    // SAFETY: the server's operation, called as its type says; `value` outlives the call.
    let rv = unsafe { f(call.usermount(), call.cookie, name, &raw mut value) };
    call.result(rv)?;
    let answer = PathconfAns {
        ans: call.ans(),
        value: value as u64,
    };
    call.answer(&answer, 0)
}

/// Without the operation there is nothing to print.
pub(super) fn print(call: &mut Call<'_>) -> Done {
    let _: PlainReq = call.fixed()?;
    if let Some(f) = call.ops().puffs_node_print {
        // SAFETY: as above.
        let rv = unsafe { f(call.usermount(), call.cookie) };
        call.result(rv)?;
    }
    call.answer_head()
}

pub(super) fn extattrctl(call: &mut Call<'_>) -> Done {
    let req: ExtattrctlReq = call.fixed()?;
    let f = call.ops().puffs_fs_extattrctl.ok_or(libc::EOPNOTSUPP)?;
    let [name] = call.tails::<ExtattrctlReq, 1>([req.namelen])?;
    let name = match name {
        [] => None,
        name => Some(CString::new(name).map_err(|_| libc::EINVAL)?),
    };
    // SAFETY: as above; the name outlives the call.
    let rv = unsafe {
        f(
            call.usermount(),
            req.cmd as c_int,
            call.cookie,
            req.flags as c_int,
            req.ns as c_int,
            name.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
        )
    };
    call.result(rv)?;
    call.answer_head()
}
