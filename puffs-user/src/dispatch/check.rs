//! What is refused as an operation's result: `EPROTO` for the caller, a word to the server.
//!
//! The other side of the mount checks all this again, and more, since it cannot trust a server. Here the server's
//! author learns what is wrong.

use core::ffi::{CStr, c_int};

use super::call::Call;
use crate::c::consts::{
    PUFFS_ERR_ERROR, PUFFS_ERR_GETEXTATTR, PUFFS_ERR_LISTEXTATTR, PUFFS_ERR_LOOKUP,
    PUFFS_ERR_MAKENODE, PUFFS_ERR_READ, PUFFS_ERR_READDIR, PUFFS_ERR_READLINK, PUFFS_ERR_VPTOFH,
    PUFFS_ERR_WRITE,
};
use crate::c::puffs_cookie_t;
use crate::kernerr;
use crate::newinfo::Newinfo;
use crate::vtype::{VBAD, VNON};

/// The largest errno number of Linux, `EHWPOISON`.
const MAX_ERRNO: c_int = 133;

/// Tells the server and gives the caller's error.
fn refuse(call: &Call<'_>, kind: c_int, error: c_int, text: &CStr) -> i32 {
    kernerr::notify(call.pu, kind as u8, error, text, call.cookie);
    libc::EPROTO
}

/// What an operation on the node `cookie` gave is 0 or an errno value.
pub(super) fn rv(call: &Call<'_>, cookie: puffs_cookie_t, rv: c_int) -> Result<(), i32> {
    match rv {
        0 => Ok(()),
        1..=MAX_ERRNO => Err(rv),
        _ => {
            let text = c"the result is no errno value";
            kernerr::notify(call.pu, PUFFS_ERR_ERROR as u8, rv, text, cookie);
            Err(libc::EPROTO)
        }
    }
}

/// A lookup finds a node with a type and a size, and not the directory itself.
pub(super) fn found(call: &Call<'_>, node: &Newinfo) -> Result<(), i32> {
    let (kind, text) = if node.cookie() == call.cookie {
        (PUFFS_ERR_LOOKUP, c"lookup returned the directory's cookie")
    } else if node.vtype() == VNON || node.vtype() >= VBAD {
        (PUFFS_ERR_MAKENODE, c"lookup returned a node without a type")
    } else if node.size() == u64::MAX {
        (PUFFS_ERR_MAKENODE, c"lookup returned a node of size -1")
    } else {
        return Ok(());
    };
    Err(refuse(call, kind, libc::EINVAL, text))
}

/// A handle leads to a node with a type and a size.
pub(super) fn identified(call: &Call<'_>, node: &Newinfo) -> Result<(), i32> {
    let text = if node.vtype() == VNON || node.vtype() >= VBAD {
        c"fhtonode returned a node without a type"
    } else if node.size() == u64::MAX {
        c"fhtonode returned a node of size -1"
    } else {
        return Ok(());
    };
    Err(refuse(call, PUFFS_ERR_MAKENODE, libc::EINVAL, text))
}

/// Length of a file handle.
pub(super) fn handle(call: &Call<'_>, room: usize, len: usize) -> Result<usize, i32> {
    if len == 0 || len > room {
        let text = c"nodetofh: longer than the buffer, or empty";
        return Err(refuse(call, PUFFS_ERR_VPTOFH, libc::E2BIG, text));
    }
    Ok(len)
}

/// A new node has a cookie that is not the root's. None at all means that the server cannot.
pub(super) fn created(call: &Call<'_>, node: &Newinfo) -> Result<(), i32> {
    if node.cookie().is_null() {
        return Err(libc::EOPNOTSUPP);
    }
    if node.cookie() == call.pu.root_cookie() {
        let text = c"a new node has the root's cookie";
        return Err(refuse(call, PUFFS_ERR_MAKENODE, libc::EEXIST, text));
    }
    Ok(())
}

/// What of `asked` was done, when `left` remain.
fn done(
    call: &Call<'_>,
    kind: c_int,
    asked: usize,
    left: usize,
    text: &CStr,
) -> Result<usize, i32> {
    asked
        .checked_sub(left)
        .ok_or_else(|| refuse(call, kind, libc::E2BIG, text))
}

/// Bytes read.
pub(super) fn read(call: &Call<'_>, asked: usize, left: usize) -> Result<usize, i32> {
    done(call, PUFFS_ERR_READ, asked, left, c"read: resid grew")
}

/// Bytes written.
pub(super) fn written(call: &Call<'_>, asked: usize, left: usize) -> Result<usize, i32> {
    done(call, PUFFS_ERR_WRITE, asked, left, c"write: resid grew")
}

/// Bytes of an extended attribute.
pub(super) fn attribute(call: &Call<'_>, asked: usize, left: usize) -> Result<usize, i32> {
    let text = c"getextattr: resid grew";
    done(call, PUFFS_ERR_GETEXTATTR, asked, left, text)
}

/// Bytes of names of extended attributes.
pub(super) fn attributes(call: &Call<'_>, asked: usize, left: usize) -> Result<usize, i32> {
    let text = c"listextattr: resid grew";
    done(call, PUFFS_ERR_LISTEXTATTR, asked, left, text)
}

/// Bytes of directory records.
pub(super) fn listed(
    call: &Call<'_>,
    asked: usize,
    left: usize,
    cookies: usize,
) -> Result<usize, i32> {
    if cookies != 0 {
        let text = c"readdir: more cookies than slots";
        return Err(refuse(call, PUFFS_ERR_READDIR, libc::E2BIG, text));
    }
    done(
        call,
        PUFFS_ERR_READDIR,
        asked,
        left,
        c"readdir: reslen grew",
    )
}

/// Length of a symbolic link.
pub(super) fn linked(call: &Call<'_>, room: usize, len: usize) -> Result<usize, i32> {
    if len > room {
        let text = c"readlink: longer than the buffer";
        return Err(refuse(call, PUFFS_ERR_READLINK, libc::E2BIG, text));
    }
    Ok(len)
}
