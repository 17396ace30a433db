//! open, close, access. A server without them allows everything.

use puffs_core::msg::body::{FlagsReq, OpenAns};

use super::call::{Call, Done};
use super::life;

pub(super) fn open(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    let (pu, mode, cred) = (call.usermount(), req.flags as i32, call.cred());
    let mut oflags = 0;
    call.cc.allow_setback();
    let rv = if let Some(f) = call.ops().puffs_node_open2 {
        // SAFETY: the server's operation, called as its type says; the arguments outlive the call.
        unsafe { f(pu, call.cookie, mode, cred, &raw mut oflags) }
    } else if let Some(f) = call.ops().puffs_node_open {
        // SAFETY: as above.
        unsafe { f(pu, call.cookie, mode, cred) }
    } else {
        0
    };
    call.result(rv)?;
    let answer = OpenAns {
        ans: call.ans(),
        oflags: oflags as u32,
        pad: 0,
    };
    call.answer(&answer, 0)
}

/// The result of close is nobody's business; where it was the last one, inactive follows at once.
pub(super) fn close(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    if let Some(f) = call.ops().puffs_node_close {
        // SAFETY: the server's operation, called as its type says; the arguments outlive the call.
        let rv = unsafe { f(call.usermount(), call.cookie, req.flags as i32, call.cred()) };
        let _ = call.result(rv);
    }
    if req.inactive != 0 {
        life::run_inactive(call);
    }
    call.answer_head()
}

pub(super) fn access(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    if let Some(f) = call.ops().puffs_node_access {
        // SAFETY: as above.
        let rv = unsafe { f(call.usermount(), call.cookie, req.flags as i32, call.cred()) };
        call.result(rv)?;
    }
    call.answer_head()
}
