//! The operations on names of nodes that exist: remove, rmdir, link, rename.

use std::ptr;

use core::ffi::c_int;

use puffs_core::msg::body::{NameReq, RenameReq};

use super::call::{Call, Component, Done, cookie};
use crate::c::consts::{NAMEI_CREATE, NAMEI_DELETE, NAMEI_ISLASTCN, NAMEI_RENAME};
use crate::c::name::puffs_cn;
use crate::c::puffs_cookie_t;
use crate::usermount::Usermount;

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
    // SAFETY: the server's operation, called as its type says; the name outlives the call.
    let rv = unsafe { f(call.usermount(), call.cookie, cookie(req.target), pcn) };
    call.result(rv)?;
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
            cookie(req.target_dir),
            replaced,
            pcn_target,
        )
    };
    call.result(rv)?;
    call.answer_head()
}
