//! File handles: from a node and back, over the time that a kernel forgets nodes.

use puffs_core::msg::body::{DataAns, HANDLE_MAX, HandleReq, Head, NOVAL, NodeAns};
use puffs_core::msg::op::vfs;
use puffs_core::{Cookie, Errno, Platform};

use crate::call::{Caller, Failed, Kind};
use crate::codec::{Call, Data, broken};
use crate::names::{Found, found};
use crate::nodes::VType;

/// Room that an answer needs.
const ROOM: usize = size_of::<DataAns>() + HANDLE_MAX;

/// The handle of a node.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn nodetofh<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
) -> Result<Data<P>, Failed> {
    if !caller.ops().has_vfs(vfs::VPTOFH) {
        return Err(Errno::NotSupp.into());
    }
    let req = HandleReq {
        head: *head,
        len: HANDLE_MAX as u32,
        pad: 0,
    };
    let call = Call::vfs_of(caller, vfs::VPTOFH, node, &req, &[], ROOM)?;
    let (_, data) = call
        .kind(Kind::Handle)
        .ask_data::<DataAns>(HANDLE_MAX, |ans| ans.len)?;
    if data.is_empty() {
        return Err(broken(caller, node, Kind::Handle, "handle without bytes"));
    }
    Ok(data)
}

/// The node of a handle. This counts as no lookup: the cookie has not come once more by it. Attributes do not come with it.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation; `EINVAL` for what can be no handle.
pub fn fhtonode<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    handle: &[u8],
) -> Result<Found, Failed> {
    if handle.is_empty() || handle.len() > HANDLE_MAX {
        return Err(Errno::Inval.into());
    }
    if !caller.ops().has_vfs(vfs::FHTOVP) {
        return Err(Errno::NotSupp.into());
    }
    let req = HandleReq {
        head: *head,
        len: handle.len() as u32,
        pad: 0,
    };
    let ans: NodeAns = Call::vfs_of(
        caller,
        vfs::FHTOVP,
        Cookie(0),
        &req,
        handle,
        size_of::<NodeAns>(),
    )?
    .kind(Kind::MakeNode)
    .ask()?;
    let cookie = Cookie(ans.cookie as usize);
    let Some(vtype) = VType::of_node(ans.vtype) else {
        let text = "node without a type";
        return Err(broken(caller, cookie, Kind::MakeNode, text));
    };
    if ans.size == NOVAL {
        let text = "node without a size";
        return Err(broken(caller, cookie, Kind::MakeNode, text));
    }
    found(caller, &ans, vtype, ans.size, ans.rdev)
}
