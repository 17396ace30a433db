//! The operations that find or make a node: lookup, create, mknod, mkdir, symlink. Attributes ride along.

use core::ffi::c_int;
use std::ffi::CString;
use std::ptr;

use puffs_core::msg::body::{Attr, CreateReq, LookupReq, NodeAns, TARGET_MAX, Time};

use super::attr::fetch;
use super::call::{Call, Component, Done};
use super::{check, path};
use crate::attr::{attr_in, attr_out, time_out};
use crate::c::consts::{
    NAMEI_CREATE, NAMEI_ISLASTCN, PUFFS_FLAG_PNCOOKIE, PUFFS_KFLAG_CACHE_FS_TTL,
};
use crate::c::name::puffs_cn;
use crate::c::puffs_cookie_t;
use crate::c::vattr::vattr;
use crate::genops;
use crate::newinfo::{Made, Newinfo};
use crate::usermount::Usermount;

pub(super) fn lookup(call: &mut Call<'_>) -> Done {
    let req: LookupReq = call.fixed()?;
    let [name] = call.tails::<LookupReq, 1>([req.namelen])?;
    let mut component = Component::new();
    let pcn = component.fill(name, req.nameiop, req.flags, call.cc.cred())?;
    let f = call.ops().puffs_node_lookup.ok_or(libc::EOPNOTSUPP)?;
    // SAFETY: the component outlives the path.
    let path = unsafe { path::build(call, call.cookie, pcn) }?;

    let mut node = Newinfo::new(Made::Found, 0, 0);
    // SAFETY: the server's operation, called as its type says; the arguments outlive the call.
    let rv = unsafe { f(call.usermount(), call.cookie, &raw mut node, pcn) };
    call.result(rv)?;
    check::found(call, &node)?;
    // SAFETY: the server has just handed the cookie out.
    unsafe { path.give(node.cookie()) };
    answer(call, &node, req.want_attr != 0)
}

pub(super) fn create(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_create.ok_or(libc::EOPNOTSUPP)?;
    make(call, f)
}

pub(super) fn mknod(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_mknod.ok_or(libc::EOPNOTSUPP)?;
    make(call, f)
}

pub(super) fn mkdir(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_mkdir.ok_or(libc::EOPNOTSUPP)?;
    make(call, f)
}

pub(super) fn symlink(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_symlink.ok_or(libc::EOPNOTSUPP)?;
    let req: CreateReq = call.fixed()?;
    let [_, target] = call.tails::<CreateReq, 2>([req.namelen, req.targetlen])?;
    if target.is_empty() || target.len() > TARGET_MAX {
        return Err(libc::EINVAL);
    }
    let target = CString::new(target).map_err(|_| libc::EINVAL)?;
    make_with(call, |pu, dir, pni, pcn, vap| {
        // SAFETY: as in `make`; the target outlives the call.
        unsafe { f(pu, dir, pni, pcn, vap, target.as_ptr()) }
    })
}

type MakeFn = unsafe extern "C" fn(
    *mut Usermount,
    puffs_cookie_t,
    *mut Newinfo,
    *const puffs_cn,
    *const vattr,
) -> c_int;

fn make(call: &mut Call<'_>, f: MakeFn) -> Done {
    make_with(call, |pu, dir, pni, pcn, vap| {
        // SAFETY: the server's operation, called as its type says; `make_with` gives arguments that
        // outlive the call.
        unsafe { f(pu, dir, pni, pcn, vap) }
    })
}

fn make_with(
    call: &mut Call<'_>,
    f: impl FnOnce(*mut Usermount, puffs_cookie_t, *mut Newinfo, *const puffs_cn, *const vattr) -> c_int,
) -> Done {
    let req: CreateReq = call.fixed()?;
    let [name] = call.tails::<CreateReq, 1>([req.namelen])?;
    let mut component = Component::new();
    let pcn = component.fill(name, NAMEI_CREATE, NAMEI_ISLASTCN, call.cc.cred())?;
    // SAFETY: the component outlives the path.
    let path = unsafe { path::build(call, call.cookie, pcn) }?;

    let va = attr_in(&req.attr);
    let rdev = if req.attr.rdev == Attr::NONE.rdev {
        0
    } else {
        req.attr.rdev
    };
    let mut node = Newinfo::new(Made::Created, va.va_type, rdev);
    let rv = f(
        call.usermount(),
        call.cookie,
        &raw mut node,
        pcn,
        ptr::from_ref(&va),
    );
    call.result(rv)?;
    check::created(call, &node)?;
    // SAFETY: the server has just handed the cookie out.
    unsafe { path.give(node.cookie()) };
    answer(call, &node, req.want_attr != 0)
}

/// Answers with the node. The cookie travels, so the library's count goes up, whatever becomes of the attributes.
fn answer(call: &mut Call<'_>, node: &Newinfo, want_attr: bool) -> Done {
    if call.pu.flags() & PUFFS_FLAG_PNCOOKIE != 0 && !node.cookie().is_null() {
        // SAFETY: the server has just handed it out.
        let pn = unsafe { genops::node_of(call.pu, node.cookie()) };
        if !pn.is_null() {
            // SAFETY: the server says that its cookies are nodes, and that this one lives.
            unsafe { (*pn).pn_nlookup = (*pn).pn_nlookup.saturating_add(1) };
        }
    }
    let mut answer = NodeAns {
        ans: call.ans(),
        cookie: node.cookie().expose_provenance() as u64,
        size: node.size(),
        rdev: node.rdev(),
        vtype: node.vtype(),
        attr_error: libc::ENODATA as u32,
        attr: Attr::NONE,
        attr_ttl: Time::default(),
        name_ttl: Time::default(),
    };
    let with_ttl = call.pu.kflags() & PUFFS_KFLAG_CACHE_FS_TTL != 0;
    if with_ttl {
        answer.attr_ttl = time_out(node.attr_ttl());
        answer.name_ttl = time_out(node.name_ttl());
    }
    if let (true, Some(va)) = (with_ttl, node.attr()) {
        answer.attr_error = 0;
        answer.attr = attr_out(&va);
    } else if want_attr {
        match fetch(call, node.cookie()) {
            Ok((va, ttl)) => {
                answer.attr_error = 0;
                answer.attr = attr_out(&va);
                if ttl.tv_sec != 0 || ttl.tv_nsec != 0 {
                    answer.attr_ttl = time_out(ttl);
                }
            }
            Err(errno) => answer.attr_error = errno as u32,
        }
    }
    call.answer(&answer, 0)
}
