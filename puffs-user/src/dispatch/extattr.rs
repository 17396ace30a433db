//! Extended attributes. The server reads and writes values in the message buffer itself.

use core::ffi::{c_char, c_int};
use std::ptr;

use puffs_core::msg::body::{ExtattrAns, ExtattrReq, NAME_MAX, WriteAns, extattr};

use super::call::{Call, Done};
use super::check;

/// An attribute's name, ended by a NUL. A copy: an answer overwrites its request.
struct Name([u8; NAME_MAX + 1]);

impl Name {
    fn of(call: &Call<'_>, req: &ExtattrReq) -> Result<Self, i32> {
        let [name] = call.tails::<ExtattrReq, 1>([req.namelen])?;
        if name.is_empty() || name.len() > NAME_MAX || name.contains(&0) {
            return Err(libc::EINVAL);
        }
        let mut bytes = [0; NAME_MAX + 1];
        bytes[..name.len()].copy_from_slice(name);
        Ok(Name(bytes))
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}

/// Room for `len` bytes of an answer and the count of what remains of them; NULL when there is none.
fn room(call: &mut Call<'_>, len: usize, left: *mut usize) -> Result<(*mut u8, *mut usize), i32> {
    match len {
        0 => Ok((ptr::null_mut(), ptr::null_mut())),
        _ => Ok((call.room::<ExtattrAns>(len)?, left)),
    }
}

/// Where the whole size goes; NULL when nobody wants it.
fn size_wanted(req: &ExtattrReq, size: *mut usize) -> *mut usize {
    match req.flags & extattr::SIZE {
        0 => ptr::null_mut(),
        _ => size,
    }
}

fn answer(call: &mut Call<'_>, size: usize, len: usize) -> Done {
    let answer = ExtattrAns {
        ans: call.ans(),
        size: size as u64,
        len: len as u32,
        pad: 0,
    };
    call.answer(&answer, len)
}

pub(super) fn get(call: &mut Call<'_>) -> Done {
    let req: ExtattrReq = call.fixed()?;
    let f = call.ops().puffs_node_getextattr.ok_or(libc::EOPNOTSUPP)?;
    let name = Name::of(call, &req)?;
    let asked = req.len as usize;
    let (mut size, mut left) = (0, asked);
    let (data, resid) = room(call, asked, &raw mut left)?;
    // SAFETY: the server's operation, called as its type says; `data` has room for `left` bytes, or is NULL.
    let rv = unsafe {
        f(
            call.usermount(),
            call.cookie,
            req.ns as c_int,
            name.as_ptr(),
            size_wanted(&req, &raw mut size),
            data,
            resid,
            call.cred(),
        )
    };
    call.result(rv)?;
    let len = check::attribute(call, asked, left)?;
    answer(call, size, len)
}

pub(super) fn list(call: &mut Call<'_>) -> Done {
    let req: ExtattrReq = call.fixed()?;
    let f = call.ops().puffs_node_listextattr.ok_or(libc::EOPNOTSUPP)?;
    let asked = req.len as usize;
    let (mut size, mut left) = (0, asked);
    let (data, resid) = room(call, asked, &raw mut left)?;
    // SAFETY: as above.
    let rv = unsafe {
        f(
            call.usermount(),
            call.cookie,
            req.ns as c_int,
            size_wanted(&req, &raw mut size),
            data,
            resid,
            c_int::from(req.flags & extattr::LENPREFIX != 0),
            call.cred(),
        )
    };
    call.result(rv)?;
    let len = check::attributes(call, asked, left)?;
    answer(call, size, len)
}

pub(super) fn set(call: &mut Call<'_>) -> Done {
    let req: ExtattrReq = call.fixed()?;
    let f = call.ops().puffs_node_setextattr.ok_or(libc::EOPNOTSUPP)?;
    let name = Name::of(call, &req)?;
    let asked = req.len as usize;
    // All of it must have come, not only fit.
    call.tails::<ExtattrReq, 2>([req.namelen, req.len])?;
    let mut left = asked;
    let (data, resid) = match asked {
        0 => (ptr::null_mut(), ptr::null_mut()),
        _ => {
            let before = req.namelen as usize;
            let tail = call.room::<ExtattrReq>(before + asked)?;
            (tail.wrapping_add(before), &raw mut left)
        }
    };
    // SAFETY: the server's operation, called as its type says; `data` has `left` bytes, the server's to change.
    let rv = unsafe {
        f(
            call.usermount(),
            call.cookie,
            req.ns as c_int,
            name.as_ptr(),
            data,
            resid,
            call.cred(),
        )
    };
    call.result(rv)?;
    let answer = WriteAns {
        ans: call.ans(),
        // More left than there was is nothing done: an I/O error for the caller, as with any part left.
        len: asked.saturating_sub(left) as u32,
        pad: 0,
    };
    call.answer(&answer, 0)
}

pub(super) fn delete(call: &mut Call<'_>) -> Done {
    let req: ExtattrReq = call.fixed()?;
    let f = call
        .ops()
        .puffs_node_deleteextattr
        .ok_or(libc::EOPNOTSUPP)?;
    let name = Name::of(call, &req)?;
    let (pu, ns, cred) = (call.usermount(), req.ns as c_int, call.cred());
    // SAFETY: the server's operation, called as its type says; the name outlives the call.
    let rv = unsafe { f(pu, call.cookie, ns, name.as_ptr(), cred) };
    call.result(rv)?;
    call.answer_head()
}
