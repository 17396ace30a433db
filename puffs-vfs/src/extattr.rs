//! Extended attributes: each has a namespace, a name in it, and a value.

use puffs_core::msg::body::{
    Ans, ExtattrAns, ExtattrReq, Head, NAME_MAX, WriteAns, extattr as wire,
};
use puffs_core::msg::op::vn;
use puffs_core::{Cookie, Errno, Platform};

use crate::call::{Caller, Failed, Kind};
use crate::codec::{Call, Data, broken};
use crate::file::most;

/// The name of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'n> {
    /// A value of [`wire`](puffs_core::msg::body::extattr).
    pub namespace: u32,
    /// The name in it, without a prefix.
    pub name: &'n [u8],
}

/// A value, or a list of names.
pub struct Value<P: Platform> {
    /// Its whole size.
    pub size: u64,
    /// As much of it as there was room for.
    pub data: Data<P>,
}

fn request(head: &Head, name: Name<'_>, len: usize, flags: u32) -> Result<ExtattrReq, Failed> {
    if name.name.len() > NAME_MAX || name.name.contains(&0) {
        return Err(Errno::Inval.into());
    }
    Ok(ExtattrReq {
        head: *head,
        ns: name.namespace,
        namelen: name.name.len() as u32,
        len: u32::try_from(len).map_err(|_| Errno::Inval)?,
        flags,
    })
}

/// Asks for up to `len` bytes, and for the whole size.
fn fetch<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    (optype, kind): (u8, Kind),
    head: &Head,
    node: Cookie,
    name: Name<'_>,
    len: usize,
) -> Result<Value<P>, Failed> {
    if !caller.ops().has_vn(optype) {
        return Err(Errno::NotSupp.into());
    }
    let len = len.min(most(caller.max()));
    let req = request(head, name, len, wire::SIZE)?;
    let room = size_of::<ExtattrAns>() + len;
    let (ans, data) = Call::roomy(caller, optype, node, &req, [name.name, &[]], room)?
        .kind(kind)
        .ask_data::<ExtattrAns>(len, |ans| ans.len)?;
    Ok(Value {
        // Not every server tells the size when it gives the data.
        size: ans.size.max(data.len as u64),
        data,
    })
}

/// Reads up to `len` bytes of a value; with `len` 0 only its size.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn get<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    name: Name<'_>,
    len: usize,
) -> Result<Value<P>, Failed> {
    let what = (vn::GETEXTATTR, Kind::GetExtattr);
    fetch(caller, what, head, node, name, len)
}

/// Reads up to `len` bytes of the names in a namespace, each ended by a NUL. Where there are more than that, the
/// names are cut off somewhere.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn list<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    namespace: u32,
    len: usize,
) -> Result<Value<P>, Failed> {
    let what = (vn::LISTEXTATTR, Kind::ListExtattr);
    let name = Name {
        namespace,
        name: &[],
    };
    let list = fetch(caller, what, head, node, name, len)?;
    if list.size == list.data.len as u64 {
        let wrong = match &list.data[..] {
            [] => None,
            [.., 0] => list
                .data
                .split_inclusive(|byte| *byte == 0)
                .any(|name| !(2..=NAME_MAX + 1).contains(&name.len()))
                .then_some("attribute name that cannot be"),
            _ => Some("attribute name cut off"),
        };
        if let Some(text) = wrong {
            return Err(broken(caller, node, Kind::ListExtattr, text));
        }
    }
    Ok(list)
}

/// Sets a value; returns how much of it the server took.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn set<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    name: Name<'_>,
    value: &[u8],
) -> Result<usize, Failed> {
    if !caller.ops().has_vn(vn::SETEXTATTR) {
        return Err(Errno::NotSupp.into());
    }
    let req = request(head, name, value.len(), 0)?;
    let ans: WriteAns = Call::vn(caller, vn::SETEXTATTR, node, &req, [name.name, value])?.ask()?;
    match ans.len as usize {
        done if done <= value.len() => Ok(done),
        _ => Err(broken(caller, node, Kind::Error, "more taken than given")),
    }
}

/// Removes an attribute.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn delete<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    node: Cookie,
    name: Name<'_>,
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::DELETEEXTATTR) {
        return Err(Errno::NotSupp.into());
    }
    let req = request(head, name, 0, 0)?;
    Call::vn(caller, vn::DELETEEXTATTR, node, &req, [name.name, &[]])?
        .ask::<Ans>()
        .map(drop)
}
