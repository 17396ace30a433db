//! readdir: the server writes its records where they travel. No cookies are asked for: the other side keeps
//! whole batches.

use std::ptr;

use puffs_core::msg::body::{ReadReq, ReaddirAns};

use super::call::{Call, Done};
use super::check;

pub(super) fn readdir(call: &mut Call<'_>) -> Done {
    let req: ReadReq = call.fixed()?;
    let f = call.ops().puffs_node_readdir.ok_or(libc::EOPNOTSUPP)?;
    let asked = req.len as usize;
    let records = call.room::<ReaddirAns>(asked)?;
    // Any value is a server's own encoding.
    let mut offset = req.offset as i64;
    let (mut left, mut eof, mut cookies) = (asked, 0, 0);
    // SAFETY: the server's operation, called as its type says; `records` has room for `left` bytes and is
    // aligned to 8: the buffer is to 16, and 24 bytes come before.
    let rv = unsafe {
        f(
            call.usermount(),
            call.cookie,
            records.cast(),
            &raw mut offset,
            &raw mut left,
            call.cred(),
            &raw mut eof,
            ptr::null_mut(),
            &raw mut cookies,
        )
    };
    call.result(rv)?;
    let len = check::listed(call, asked, left, cookies)?;
    let answer = ReaddirAns {
        ans: call.ans(),
        offset: offset as u64,
        len: len as u32,
        eof: u32::from(eof != 0),
    };
    call.answer(&answer, len)
}
