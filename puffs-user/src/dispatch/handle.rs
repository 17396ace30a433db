//! File handles: fhtonode and nodetofh. What a handle is, the server says; how long it may be, it has said before the mount.

use puffs_core::msg::body::{DataAns, HANDLE_MAX, HandleReq, NodeAns, Time};

use super::call::{Call, Done};
use super::check;
use crate::c::consts::{PUFFS_FHFLAG_DYNAMIC, PUFFS_FHFLAG_PASSTHROUGH};
use crate::newinfo::{Made, Newinfo};

/// How long handles are, of which bytes the server may fill at most; `None`: as long as it likes.
struct Size {
    most: usize,
    exactly: Option<usize>,
}

/// What the server has said of its handles.
fn size(call: &Call<'_>) -> Result<Size, i32> {
    let (size, flags) = call.pu.settings().fh();
    let has = |flag| flags & flag as u32 != 0;
    if has(PUFFS_FHFLAG_PASSTHROUGH) {
        return Ok(Size {
            most: HANDLE_MAX,
            exactly: None,
        });
    }
    if size == 0 {
        return Err(libc::EOPNOTSUPP);
    }
    Ok(Size {
        most: size.min(HANDLE_MAX),
        exactly: (!has(PUFFS_FHFLAG_DYNAMIC)).then_some(size),
    })
}

/// The node of a handle. That is no lookup, so nothing is counted, and no attributes come with it.
pub(super) fn fhtonode(call: &mut Call<'_>) -> Done {
    let req: HandleReq = call.fixed()?;
    let f = call.ops().puffs_fs_fhtonode.ok_or(libc::EOPNOTSUPP)?;
    let size = size(call)?;
    let len = req.len as usize;
    call.tails::<HandleReq, 1>([req.len])?;
    if len == 0 || len > size.most || size.exactly.is_some_and(|exactly| len != exactly) {
        return Err(libc::EINVAL);
    }
    let fid = call.room::<HandleReq>(len)?;
    let mut node = Newinfo::new(Made::Found, 0, 0);
    // SAFETY: the server's operation, called as its type says; `fid` has `len` bytes, aligned to 16.
    let rv = unsafe { f(call.usermount(), fid.cast(), len, &raw mut node) };
    call.result(rv)?;
    check::identified(call, &node)?;
    let answer = NodeAns {
        ans: call.ans(),
        cookie: node.cookie().expose_provenance() as u64,
        size: node.size(),
        rdev: node.rdev(),
        vtype: node.vtype(),
        attr_error: libc::ENODATA as u32,
        attr: puffs_core::msg::body::Attr::NONE,
        attr_ttl: Time::default(),
        name_ttl: Time::default(),
    };
    call.answer(&answer, 0)
}

/// The handle of a node.
pub(super) fn nodetofh(call: &mut Call<'_>) -> Done {
    let req: HandleReq = call.fixed()?;
    let f = call.ops().puffs_fs_nodetofh.ok_or(libc::EOPNOTSUPP)?;
    let size = size(call)?;
    let room = (req.len as usize).min(size.most);
    if size.exactly.is_some_and(|exactly| room < exactly) {
        return Err(libc::E2BIG);
    }
    let fid = call.room::<DataAns>(room)?;
    let mut len = room;
    // SAFETY: the server's operation, called as its type says; `fid` has room for `len` bytes, aligned to 16.
    let rv = unsafe { f(call.usermount(), call.cookie, fid.cast(), &raw mut len) };
    call.result(rv)?;
    let len = check::handle(call, room, len)?;
    let answer = DataAns {
        ans: call.ans(),
        len: len as u32,
        pad: 0,
    };
    call.answer(&answer, len)
}
