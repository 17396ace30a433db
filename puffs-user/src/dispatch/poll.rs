//! poll, which may be left in its middle until an event comes.

use core::ffi::c_int;

use puffs_core::msg::body::{FlagsReq, PollAns};

use super::call::{Call, Done};

pub(super) fn poll(call: &mut Call<'_>) -> Done {
    let req: FlagsReq = call.fixed()?;
    let f = call.ops().puffs_node_poll.ok_or(libc::EOPNOTSUPP)?;
    let mut events = req.flags as c_int;
    // SAFETY: the server's operation, called as its type says; `events` outlives the call.
    let rv = unsafe { f(call.usermount(), call.cookie, &raw mut events) };
    call.result(rv)?;
    let answer = PollAns {
        ans: call.ans(),
        events: events as u32,
        pad: 0,
    };
    call.answer(&answer, 0)
}
