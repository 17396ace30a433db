//! The space that a file takes: fallocate and fdiscard.

use puffs_core::msg::body::{Ans, Head, RangeReq};
use puffs_core::msg::op::vn;
use puffs_core::{Cookie, Errno, Platform};

use crate::call::{Caller, Failed};
use crate::codec::Call;

/// Reserves the range; the file grows to hold it.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn fallocate<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    offset: u64,
    len: u64,
) -> Result<(), Failed> {
    range(caller, vn::FALLOCATE, head, node, (offset, len))
}

/// Makes a hole of the range; the file's size stays.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn fdiscard<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    offset: u64,
    len: u64,
) -> Result<(), Failed> {
    range(caller, vn::FDISCARD, head, node, (offset, len))
}

fn range<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    optype: u8,
    head: &Head,
    node: Cookie,
    (offset, len): (u64, u64),
) -> Result<(), Failed> {
    if !caller.ops().has_vn(optype) {
        return Err(Errno::NotSupp.into());
    }
    let req = RangeReq {
        head: *head,
        offset,
        len,
    };
    Call::vn(caller, optype, node, &req, [&[], &[]])?
        .ask::<Ans>()
        .map(drop)
}
