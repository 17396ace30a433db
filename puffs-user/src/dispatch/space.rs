//! fallocate and fdiscard.

use puffs_core::msg::body::RangeReq;

use super::call::{Call, Done};

/// Start and length, as operations take them; the end must be an offset too.
fn range(call: &Call<'_>) -> Result<(i64, i64), i32> {
    let req: RangeReq = call.fixed()?;
    let end = req.offset.checked_add(req.len).ok_or(libc::EINVAL)?;
    i64::try_from(end).map_err(|_| libc::EINVAL)?;
    Ok((req.offset as i64, req.len as i64))
}

pub(super) fn fallocate(call: &mut Call<'_>) -> Done {
    let (pos, len) = range(call)?;
    let f = call.ops().puffs_node_fallocate.ok_or(libc::EOPNOTSUPP)?;
    // SAFETY: the server's operation, called as its type says.
    let rv = unsafe { f(call.usermount(), call.cookie, pos, len) };
    call.result(rv)?;
    call.answer_head()
}

pub(super) fn fdiscard(call: &mut Call<'_>) -> Done {
    let (pos, len) = range(call)?;
    let f = call.ops().puffs_node_fdiscard.ok_or(libc::EOPNOTSUPP)?;
    // SAFETY: as above.
    let rv = unsafe { f(call.usermount(), call.cookie, pos, len) };
    call.result(rv)?;
    call.answer_head()
}
