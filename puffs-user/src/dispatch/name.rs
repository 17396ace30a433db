//! The operations on names of nodes that exist: remove, rmdir, link, rename; and abortop.

use std::ptr;

use core::ffi::c_int;

use puffs_core::msg::body::{NameReq, RenameReq};

use super::call::{Call, Component, Done, cookie};
use super::path;
use crate::c::consts::{NAMEI_CREATE, NAMEI_DELETE, NAMEI_ISLASTCN, NAMEI_RENAME};
use crate::c::name::puffs_cn;
use crate::c::puffs_cookie_t;
use crate::usermount::Usermount;
use crate::{genops, paths};

type NameFn =
    unsafe extern "C" fn(*mut Usermount, puffs_cookie_t, puffs_cookie_t, *const puffs_cn) -> c_int;

pub(super) fn remove(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_remove.ok_or(libc::EOPNOTSUPP)?;
    call.cc.allow_setback();
    on_name(call, f, NAMEI_DELETE)
}

pub(super) fn rmdir(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_rmdir.ok_or(libc::EOPNOTSUPP)?;
    call.cc.allow_setback();
    on_name(call, f, NAMEI_DELETE)
}

pub(super) fn link(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_link.ok_or(libc::EOPNOTSUPP)?;
    on_name(call, f, NAMEI_CREATE)
}

fn on_name(call: &mut Call<'_>, f: NameFn, nameiop: u32) -> Done {
    let req: NameReq = call.fixed()?;
    let [name] = call.tails::<NameReq, 1>([req.namelen])?;
    let mut component = Component::new();
    let pcn = component.fill(name, nameiop, NAMEI_ISLASTCN, call.cc.cred())?;
    // A name that goes has no path: the server knows that of the node.
    let _path = match nameiop {
        // SAFETY: the component outlives the path.
        NAMEI_CREATE => Some(unsafe { path::build(call, call.cookie, pcn) }?),
        _ => None,
    };
    // SAFETY: the server's operation, called as its type says; the name outlives the call.
    let rv = unsafe { f(call.usermount(), call.cookie, cookie(req.target), pcn) };
    call.result(rv)?;
    call.answer_head()
}

/// A server that keeps nothing since the lookup need not know. What it says is nobody's business.
pub(super) fn abortop(call: &mut Call<'_>) -> Done {
    let req: NameReq = call.fixed()?;
    let [name] = call.tails::<NameReq, 1>([req.namelen])?;
    let mut component = Component::new();
    // What the name was looked up for is not said again.
    let pcn = component.fill(name, NAMEI_CREATE, NAMEI_ISLASTCN, call.cc.cred())?;
    if let Some(f) = call.ops().puffs_node_abortop {
        // SAFETY: the server's operation, called as its type says; the name outlives the call.
        let rv = unsafe { f(call.usermount(), call.cookie, pcn) };
        let _ = call.result(rv);
    }
    call.answer_head()
}

pub(super) fn rename(call: &mut Call<'_>) -> Done {
    let f = call.ops().puffs_node_rename.ok_or(libc::EOPNOTSUPP)?;
    let req: RenameReq = call.fixed()?;
    let [old, new] = call.tails::<RenameReq, 2>([req.namelen, req.target_namelen])?;
    let cred = call.cc.cred();
    let (mut source, mut target) = (Component::new(), Component::new());
    let pcn_source = source.fill(old, NAMEI_DELETE, NAMEI_ISLASTCN, cred)?;
    let pcn_target = target.fill(new, NAMEI_RENAME, NAMEI_ISLASTCN, cred)?;
    let target_dir = cookie(req.target_dir);
    // SAFETY: the component outlives the path.
    let path = unsafe { path::build(call, target_dir, pcn_target) }?;
    if paths::are_kept(call.pu) {
        // SAFETY: the server says that its cookies are nodes, and that it knows this one; the component is ours. The path
        // stays the node's.
        unsafe {
            let node = genops::node_of(call.pu, cookie(req.source));
            if let Some(node) = node.as_ref() {
                (*pcn_source.cast_mut()).pcn_po_full = node.pn_po;
            }
        }
    }
    let replaced = if req.has_target != 0 {
        cookie(req.target)
    } else {
        ptr::null_mut()
    };
    // SAFETY: the server's operation, called as its type says; both names outlive the call.
    let rv = unsafe {
        f(
            call.usermount(),
            call.cookie,
            cookie(req.source),
            pcn_source,
            target_dir,
            replaced,
            pcn_target,
        )
    };
    call.result(rv)?;
    if paths::are_kept(call.pu) {
        // SAFETY: as above.
        unsafe { path.move_to(genops::node_of(call.pu, cookie(req.source))) };
    }
    call.answer_head()
}
