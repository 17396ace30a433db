//! getattr and setattr, in the plain form or, with `PUFFS_KFLAG_CACHE_FS_TTL`, in the form that says how long the
//! attributes hold.

use core::ffi::c_int;

use libc::timespec;
use puffs_core::msg::body::{Attr, AttrAns, PlainReq, SetattrReq, Time};

use super::call::{Call, Done};
use crate::attr::{NONE, attr_in, attr_out, time_out};
use crate::c::consts::{PUFFS_KFLAG_CACHE_FS_TTL, PUFFS_SETATTR_FAF};
use crate::c::puffs_cookie_t;
use crate::c::vattr::vattr;

const NO_TTL: timespec = timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// Asks the server for a node's attributes, in whatever request.
pub(super) fn fetch(call: &Call<'_>, cookie: puffs_cookie_t) -> Result<(vattr, timespec), i32> {
    let (mut va, mut ttl) = (NONE, NO_TTL);
    let (pu, cred) = (call.usermount(), call.cred());
    let rv = if call.pu.kflags() & PUFFS_KFLAG_CACHE_FS_TTL != 0 {
        let f = call.ops().puffs_node_getattr_ttl.ok_or(libc::EOPNOTSUPP)?;
        // SAFETY: the server's operation, called as its type says; the arguments outlive the call.
        unsafe { f(pu, cookie, &raw mut va, cred, &raw mut ttl) }
    } else {
        let f = call.ops().puffs_node_getattr.ok_or(libc::EOPNOTSUPP)?;
        // SAFETY: as above.
        unsafe { f(pu, cookie, &raw mut va, cred) }
    };
    call.result_of(cookie, rv)?;
    Ok((va, ttl))
}

pub(super) fn getattr(call: &mut Call<'_>) -> Done {
    let _: PlainReq = call.fixed()?;
    let (va, ttl) = fetch(call, call.cookie)?;
    let answer = AttrAns {
        ans: call.ans(),
        attr: attr_out(&va),
        ttl: time_out(ttl),
    };
    call.answer(&answer, 0)
}

/// Attributes that cannot be read afterwards are all "not given": the change itself was made.
pub(super) fn setattr(call: &mut Call<'_>) -> Done {
    let req: SetattrReq = call.fixed()?;
    let mut va = attr_in(&req.attr);
    let mut ttl = NO_TTL;
    let (pu, cookie, cred) = (call.usermount(), call.cookie, call.cred());
    let rv: c_int = if call.pu.kflags() & PUFFS_KFLAG_CACHE_FS_TTL != 0 {
        let f = call.ops().puffs_node_setattr_ttl.ok_or(libc::EOPNOTSUPP)?;
        let xflag = if call.faf { PUFFS_SETATTR_FAF } else { 0 };
        // SAFETY: the server's operation, called as its type says; the arguments outlive the call.
        unsafe { f(pu, cookie, &raw mut va, cred, &raw mut ttl, xflag) }
    } else {
        let f = call.ops().puffs_node_setattr.ok_or(libc::EOPNOTSUPP)?;
        // SAFETY: as above.
        unsafe { f(pu, cookie, &raw const va, cred) }
    };
    call.result(rv)?;
    let (attr, ttl) = match fetch(call, cookie) {
        Ok((va, ttl)) => (attr_out(&va), time_out(ttl)),
        Err(_) => (Attr::NONE, Time::default()),
    };
    let answer = AttrAns {
        ans: call.ans(),
        attr,
        ttl,
    };
    call.answer(&answer, 0)
}
