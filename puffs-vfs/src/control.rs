//! What hardly anybody asks: limits of a file, a word about a node for the log, the store of extended attributes.

use puffs_core::msg::body::{
    Ans, ExtattrctlReq, FlagsReq, Head, NAME_MAX, PathconfAns, PlainReq, extattrctl,
};
use puffs_core::msg::op::{vfs, vn};
use puffs_core::{Cookie, Errno, Platform};

use crate::call::{Caller, Failed};
use crate::codec::Call;

/// The value of a limit, `_PC_*` as the system has them.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation, `EINVAL` when it does not know the limit.
pub fn pathconf<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    name: u32,
) -> Result<i64, Failed> {
    if !caller.ops().has_vn(vn::PATHCONF) {
        return Err(Errno::NotSupp.into());
    }
    let req = FlagsReq {
        head: *head,
        flags: name,
        ..FlagsReq::default()
    };
    let ans: PathconfAns = Call::vn(caller, vn::PATHCONF, node, &req, [&[], &[]])?.ask()?;
    Ok(ans.value as i64)
}

/// Has the server print what it knows of a node. One that does not is not asked.
///
/// # Errors
/// What the server says.
pub fn print<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::PRINT) {
        return Ok(());
    }
    let req = PlainReq { head: *head };
    Call::vn(caller, vn::PRINT, node, &req, [&[], &[]])?
        .ask::<Ans>()
        .map(drop)
}

/// What is asked of the store of extended attributes.
#[derive(Clone, Copy, Debug)]
pub struct Extattrctl<'n> {
    /// What to do.
    pub cmd: u32,
    /// The node that it is about, if any.
    pub node: Option<Cookie>,
    /// A namespace.
    pub ns: u32,
    /// The attribute that it is about, if any.
    pub name: Option<&'n [u8]>,
}

/// Controls the store of extended attributes.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation; `EINVAL` for a name that is none.
pub fn extattrctl<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    ctl: Extattrctl<'_>,
) -> Result<(), Failed> {
    if !caller.ops().has_vfs(vfs::EXTATTRCTL) {
        return Err(Errno::NotSupp.into());
    }
    let name = ctl.name.unwrap_or_default();
    if (ctl.name.is_some() && name.is_empty()) || name.len() > NAME_MAX || name.contains(&0) {
        return Err(Errno::Inval.into());
    }
    let req = ExtattrctlReq {
        head: *head,
        cmd: ctl.cmd,
        flags: if ctl.node.is_some() {
            extattrctl::HASNODE
        } else {
            0
        },
        ns: ctl.ns,
        namelen: name.len() as u32,
    };
    let node = ctl.node.unwrap_or_default();
    Call::vfs_of(caller, vfs::EXTATTRCTL, node, &req, name, 0)?
        .ask::<Ans>()
        .map(drop)
}
