//! Operations on names: lookup, the four that create, link, remove, rmdir, rename.
//!
//! Lookup and the creating ones carry the node's attributes back in the same message, when the server
//! can give them. Checks of new nodes that need the table of live ones are in [`crate::nodes`].

use puffs_core::msg::body::{
    Attr, CreateReq, Head, LookupReq, NAME_MAX, NOVAL, NameReq, NodeAns, RenameReq, TARGET_MAX,
    Time, namei,
};
use puffs_core::msg::op::vn;
use puffs_core::{Cookie, Errno, Platform};

use crate::attr::{OUT_OF_RANGE, is_size};
use crate::call::{Caller, Failed, Kind};
use crate::codec::{Call, broken, notify};
use crate::nodes::VType;

/// A node that a name led to, or that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The node.
    pub cookie: Cookie,
    /// Its type.
    pub vtype: VType,
    /// Size, if it is a regular file.
    pub size: u64,
    /// Device number, if it is a device.
    pub rdev: u64,
    /// Its attributes, or the errno value that getattr gave instead.
    pub attr: Result<Attr, i32>,
    /// How long the attributes hold; zero: the server does not say.
    pub attr_ttl: Time,
    /// How long the name holds; zero: the server does not say.
    pub name_ttl: Time,
}

/// The four ways to create a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum New<'n> {
    /// A regular file or a socket.
    File,
    /// A device or a pipe.
    Special,
    /// A directory.
    Dir,
    /// A symbolic link, and where it leads.
    Symlink(&'n [u8]),
}

/// Looks a name up. `nameiop` and `flags` are those of [`namei`].
///
/// # Errors
/// The server's `ENOENT` with intent to create is the good answer.
pub fn lookup<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    dir: Cookie,
    name: &[u8],
    nameiop: u32,
    flags: u32,
) -> Result<Found, Failed> {
    let req = LookupReq {
        head: *head,
        nameiop,
        flags,
        namelen: checked_name(name)?,
        want_attr: u32::from(caller.ops().has_vn(vn::GETATTR)),
    };
    let ans: NodeAns = Call::vn(caller, vn::LOOKUP, dir, &req, [name, &[]])?
        .kind(Kind::Lookup)
        .ask()?;
    let cookie = Cookie(ans.cookie as usize);
    if cookie == dir {
        return Err(broken(
            caller,
            dir,
            Kind::Lookup,
            "lookup gave the directory searched",
        ));
    }
    // The root has no name. (Had the server forgotten to set a cookie while the root's is NULL, this is it.)
    if cookie == caller.root() && flags & namei::ISDOTDOT == 0 {
        return Err(broken(caller, dir, Kind::Lookup, "lookup gave the root"));
    }
    let Some(vtype) = VType::of_node(ans.vtype) else {
        return Err(broken(
            caller,
            cookie,
            Kind::MakeNode,
            "node without a type",
        ));
    };
    if ans.size == NOVAL {
        return Err(broken(
            caller,
            cookie,
            Kind::MakeNode,
            "node without a size",
        ));
    }
    found(caller, &ans, vtype, ans.size, ans.rdev)
}

/// Creates a node. `attr` has type, mode and device; all other fields are not given.
///
/// # Errors
/// `EOPNOTSUPP` when the server cannot create this, or answered without naming a node.
pub fn create<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    dir: Cookie,
    name: &[u8],
    attr: &Attr,
    new: New<'_>,
) -> Result<Found, Failed> {
    let vtype = VType::of_node(attr.vtype).ok_or(Errno::Inval)?;
    let (optype, target) = match new {
        New::File => (vn::CREATE, &[][..]),
        New::Special => (vn::MKNOD, &[][..]),
        New::Dir => (vn::MKDIR, &[][..]),
        New::Symlink(target) => (vn::SYMLINK, target),
    };
    if target.len() > TARGET_MAX {
        return Err(Errno::TooBig.into());
    }
    if !caller.ops().has_vn(optype) {
        return Err(Errno::NotSupp.into());
    }
    let req = CreateReq {
        head: *head,
        attr: *attr,
        namelen: checked_name(name)?,
        targetlen: target.len() as u32,
        want_attr: u32::from(caller.ops().has_vn(vn::GETATTR)),
        pad: 0,
    };
    let ans: NodeAns = Call::vn(caller, optype, dir, &req, [name, target])?
        .kind(Kind::MakeNode)
        .ask()?;
    if ans.cookie == 0 {
        return Err(Errno::NotSupp.into());
    }
    if ans.cookie as usize == caller.root().0 {
        return Err(broken(caller, dir, Kind::MakeNode, "new node is the root"));
    }
    found(caller, &ans, vtype, 0, attr.rdev)
}

/// Gives an existing node one more name.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn link<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    dir: Cookie,
    target: Cookie,
    name: &[u8],
) -> Result<(), Failed> {
    with_name(caller, vn::LINK, head, dir, target, name).map(drop)
}

/// Takes a name away from a node that is no directory. Returns the server's side notes.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn remove<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    dir: Cookie,
    target: Cookie,
    name: &[u8],
) -> Result<u32, Failed> {
    with_name(caller, vn::REMOVE, head, dir, target, name)
}

/// Removes a directory. Returns the server's side notes.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn rmdir<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    dir: Cookie,
    target: Cookie,
    name: &[u8],
) -> Result<u32, Failed> {
    with_name(caller, vn::RMDIR, head, dir, target, name)
}

/// One end of a rename: a directory, a name in it, and the node there, if any.
#[derive(Clone, Copy, Debug)]
pub struct End<'n, T> {
    /// The directory.
    pub dir: Cookie,
    /// The name.
    pub name: &'n [u8],
    /// The node.
    pub node: T,
}

/// Renames a node, replacing what is there.
///
/// # Errors
/// `EOPNOTSUPP` when the server has no such operation.
pub fn rename<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    from: End<'_, Cookie>,
    to: End<'_, Option<Cookie>>,
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::RENAME) {
        return Err(Errno::NotSupp.into());
    }
    let req = RenameReq {
        head: *head,
        source: from.node.0 as u64,
        target_dir: to.dir.0 as u64,
        target: to.node.unwrap_or_default().0 as u64,
        namelen: checked_name(from.name)?,
        target_namelen: checked_name(to.name)?,
        has_target: u32::from(to.node.is_some()),
        pad: 0,
    };
    Call::vn(caller, vn::RENAME, from.dir, &req, [from.name, to.name])?
        .ask_setback()
        .map(drop)
}

/// The operation that a name was looked up for will not come. The server may keep state since that lookup.
///
/// # Errors
/// The notice could not be queued.
pub fn abort<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    head: &Head,
    dir: Cookie,
    name: &[u8],
) -> Result<(), Failed> {
    if !caller.ops().has_vn(vn::ABORTOP) {
        return Ok(());
    }
    let req = NameReq {
        head: *head,
        target: 0,
        namelen: checked_name(name)?,
        pad: 0,
    };
    notify(caller, vn::ABORTOP, dir, &req, name)
}

fn with_name<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    optype: u8,
    head: &Head,
    dir: Cookie,
    target: Cookie,
    name: &[u8],
) -> Result<u32, Failed> {
    if !caller.ops().has_vn(optype) {
        return Err(Errno::NotSupp.into());
    }
    let req = NameReq {
        head: *head,
        target: target.0 as u64,
        namelen: checked_name(name)?,
        pad: 0,
    };
    Call::vn(caller, optype, dir, &req, [name, &[]])?.ask_setback()
}

/// The length of a name that can be sent: one component, not empty, without NUL.
fn checked_name(name: &[u8]) -> Result<u32, Errno> {
    match name.len() {
        1..=NAME_MAX if !name.contains(&0) && !name.contains(&b'/') => Ok(name.len() as u32),
        _ => Err(Errno::Inval),
    }
}

pub(crate) fn found<P: Platform, C: Caller<P> + ?Sized>(
    caller: &C,
    ans: &NodeAns,
    vtype: VType,
    size: u64,
    rdev: u64,
) -> Result<Found, Failed> {
    let cookie = Cookie(ans.cookie as usize);
    if !is_size(size) || (ans.attr_error == 0 && !is_size(ans.attr.size)) {
        return Err(broken(caller, cookie, Kind::Error, OUT_OF_RANGE));
    }
    let attr = match i32::try_from(ans.attr_error) {
        Ok(0) => Ok(ans.attr),
        Ok(error) if error <= caller.max_errno() => Err(error),
        _ => {
            return Err(broken(
                caller,
                cookie,
                Kind::Error,
                "result is no error number",
            ));
        }
    };
    Ok(Found {
        cookie,
        vtype,
        size,
        rdev,
        attr,
        attr_ttl: ans.attr_ttl,
        name_ttl: ans.name_ttl,
    })
}
