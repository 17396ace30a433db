//! The end of a node: inactive and reclaim.

use core::ffi::c_int;

use puffs_core::msg::body::{PlainReq, ReclaimReq};

use super::call::{Call, Done};
use crate::c::consts::PUFFS_FLAG_PNCOOKIE;
use crate::genops;

/// Calls inactive, whose result is nobody's business.
pub(super) fn run_inactive(call: &Call<'_>) {
    let Some(f) = call.ops().puffs_node_inactive else {
        return;
    };
    call.cc.allow_setback();
    // SAFETY: the server's operation, called as its type says.
    let rv = unsafe { f(call.usermount(), call.cookie) };
    let _ = call.result(rv);
}

pub(super) fn inactive(call: &mut Call<'_>) -> Done {
    let _: PlainReq = call.fixed()?;
    run_inactive(call);
    call.answer_head()
}

/// A lookup's answer may be on its way while the other side forgets the node. So it says how often it got the
/// cookie, and while the library has handed it out more often, the node stays.
pub(super) fn reclaim(call: &mut Call<'_>) -> Done {
    let req: ReclaimReq = call.fixed()?;
    let nlookup = c_int::try_from(req.nlookup).unwrap_or(c_int::MAX);
    let (pu, cookie) = (call.usermount(), call.cookie);
    let rv = if let Some(f) = call.ops().puffs_node_reclaim2 {
        // SAFETY: the server's operation, called as its type says.
        unsafe { f(pu, cookie, nlookup) }
    } else if let Some(f) = call.ops().puffs_node_reclaim {
        if call.pu.flags() & PUFFS_FLAG_PNCOOKIE != 0 {
            // SAFETY: the other side names cookies that it got from the server.
            let pn = unsafe { genops::node_of(call.pu, cookie) };
            if !pn.is_null() {
                // SAFETY: the server says that its cookies are nodes, and it keeps them until reclaim.
                let left = unsafe {
                    (*pn).pn_nlookup = (*pn).pn_nlookup.saturating_sub(nlookup);
                    (*pn).pn_nlookup
                };
                if left >= 1 {
                    return call.answer_head();
                }
            }
        }
        // SAFETY: as above.
        unsafe { f(pu, cookie) }
    } else {
        0
    };
    call.result(rv)?;
    call.answer_head()
}
