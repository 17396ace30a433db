//! Attributes, permission, and figures of the file system.

use puffs_core::msg::body::{
    Ans, Attr, AttrAns, FlagsReq, Head, NOVAL, PlainReq, SetattrReq, Statvfs, StatvfsAns, Time,
};
use puffs_core::msg::op::{vfs, vn};
use puffs_core::{Cookie, Errno, Platform};

use crate::call::{Caller, Failed, Kind};
use crate::codec::{Call, broken};
use crate::nodes::VType;

/// Permission to read, for [`access`].
pub const VREAD: u32 = 4;
/// Permission to write.
pub const VWRITE: u32 = 2;
/// Permission to execute or search.
pub const VEXEC: u32 = 1;

/// Attributes and how long they hold; zero: the server does not say.
pub type Held = (Attr, Time);

/// Whether a size is one, or not given.
pub(crate) fn is_size(size: u64) -> bool {
    size == NOVAL || i64::try_from(size).is_ok()
}

/// What a server said of a node, if it can be.
fn held<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    node: Cookie,
    ans: &AttrAns,
) -> Result<Held, Failed> {
    match is_size(ans.attr.size) {
        true => Ok((ans.attr, ans.ttl)),
        false => Err(broken(caller, node, Kind::Error, OUT_OF_RANGE)),
    }
}

/// What is wrong with a size that is none.
pub(crate) const OUT_OF_RANGE: &str = "size out of range";

/// Asks for a node's attributes.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn getattr<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
) -> Result<Held, Failed> {
    if !caller.ops().has_vn(vn::GETATTR) {
        return Err(Errno::NotSupp.into());
    }
    let ans: AttrAns = Call::vn(
        caller,
        vn::GETATTR,
        node,
        &PlainReq { head: *head },
        [&[], &[]],
    )?
    .ask()?;
    held(caller, node, &ans)
}

/// Changes the attributes that are given in `attr`; returns them as they are afterwards.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn setattr<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    attr: &Attr,
) -> Result<Held, Failed> {
    if !caller.ops().has_vn(vn::SETATTR) {
        return Err(Errno::NotSupp.into());
    }
    let req = SetattrReq {
        head: *head,
        attr: *attr,
    };
    let ans: AttrAns = Call::vn(caller, vn::SETATTR, node, &req, [&[], &[]])?.ask()?;
    held(caller, node, &ans)
}

/// Asks whether a node may be used so; `mode` is made of [`VREAD`], [`VWRITE`], [`VEXEC`].
///
/// # Errors
/// `EROFS` for writing to what a server without a write operation keeps.
pub fn access<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    vtype: VType,
    mode: u32,
) -> Result<(), Failed> {
    let kept = matches!(vtype, VType::Reg | VType::Dir | VType::Lnk);
    if mode & VWRITE != 0 && kept && !caller.ops().has_vn(vn::WRITE) {
        return Err(Errno::RoFs.into());
    }
    if !caller.ops().has_vn(vn::ACCESS) {
        return Ok(());
    }
    let req = FlagsReq {
        head: *head,
        flags: mode,
        ..FlagsReq::default()
    };
    Call::vn(caller, vn::ACCESS, node, &req, [&[], &[]])?
        .ask::<Ans>()
        .map(drop)
}

/// Asks for the figures of the file system.
///
/// # Errors
/// Those of the server.
pub fn statvfs<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
) -> Result<Statvfs, Failed> {
    let ans: StatvfsAns = Call::vfs(caller, vfs::STATVFS, &PlainReq { head: *head })?.ask()?;
    Ok(ans.statvfs)
}
