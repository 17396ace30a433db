//! Nodes that come and go: lookup, create, mknod, mkdir, symlink, inactive, reclaim.

use core::ffi::{c_char, c_int};
use std::ptr;

use puffs_user::c::name::puffs_cn;
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::vattr::vattr;
use puffs_user::newinfo::Newinfo;
use puffs_user::usermount::Usermount;

use super::{Op, errno, name, text};
use crate::attr::New;
use crate::errno::Errno;
use crate::flags::Intent;
use crate::node::{Cookie, Node};
use crate::request::{OWN, Request};
use crate::server::Server;

use puffs_user::c::consts::{NAMEI_CREATE, NAMEI_DELETE, NAMEI_RENAME};

impl<S: Server> Op<'_, S> {
    /// A handle that the server gave is one of a node that is known already.
    fn drop_handle(&self, node: S::Node) {
        let _ = self.call_once([], |_, _, []| {
            drop(node);
            Ok(())
        });
    }

    fn found(&self, dir: puffs_cookie_t, pcn: *const puffs_cn, pni: &Newinfo) -> Result<(), Errno> {
        // SAFETY: the dispatcher's own name, which outlives the call.
        let (name, nameiop) = unsafe { (name(pcn), (*(*pcn).pcn_pkcnp).pkcn_nameiop) };
        let intent = match nameiop {
            NAMEI_CREATE => Intent::Create,
            NAMEI_DELETE => Intent::Delete,
            NAMEI_RENAME => Intent::Rename,
            _ => Intent::Look,
        };
        let (node, id, attr) = self.call([dir], |server, req, [parent]| {
            let node = server.lookup(req, parent, name, intent)?;
            let attr = server.getattr(req, &node)?;
            let id = node.id();
            Ok((node, id, attr))
        })?;
        let va = attr.to_c();
        let known = self.nodes().cookie(id);
        let cookie = match (known, &va) {
            (None, Ok(_)) => self.nodes().insert(node, id),
            (None, Err(errno)) => {
                self.drop_handle(node);
                return Err(*errno);
            }
            (Some(cookie), _) => {
                self.drop_handle(node);
                cookie
            }
        };
        let va = va?;
        pni.set_cookie(ptr::without_provenance_mut(cookie));
        pni.set_vtype(va.va_type);
        pni.set_size(va.va_size);
        pni.set_rdev(va.va_rdev);
        // A directory in itself is refused by the dispatcher, and never handed out.
        if cookie != dir.addr() {
            self.nodes().handed_out(cookie);
        }
        self.inner.fresh.set(Some((self.cc, cookie, va)));
        Ok(())
    }

    fn made(
        &self,
        dir: puffs_cookie_t,
        pcn: *const puffs_cn,
        pni: *mut Newinfo,
        va: *const vattr,
        mut f: impl FnMut(
            &mut S,
            &Request<'_>,
            &S::Node,
            &std::ffi::OsStr,
            &New,
        ) -> Result<S::Node, Errno>,
    ) -> Result<(), Errno> {
        // SAFETY: the dispatcher's own arguments, which outlive the call.
        let (name, va, pni) = unsafe { (name(pcn), &*va, &*pni) };
        let new = New::of_c(va).ok_or(Errno::INVAL)?;
        let (node, id) = self.call([dir], |server, req, [parent]| {
            let node = f(server, req, parent, name, &new)?;
            let id = node.id();
            Ok((node, id))
        })?;
        let known = self.nodes().cookie(id);
        if known.is_some() {
            super::complain(format_args!("{}: the new node is known already", self.what));
            self.drop_handle(node);
            return Err(Errno::IO);
        }
        let mut nodes = self.nodes();
        let cookie: Cookie = nodes.insert(node, id);
        nodes.handed_out(cookie);
        pni.set_cookie(ptr::without_provenance_mut(cookie));
        Ok(())
    }
}

pub(crate) unsafe extern "C" fn lookup<S: Server>(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and arguments.
    let (op, pni) = unsafe { (Op::<S>::new(pu, "lookup"), &*pni) };
    errno(op.found(dir, pcn, pni))
}

macro_rules! makers {
    ($($maker:ident)*) => {$(
        pub(crate) unsafe extern "C" fn $maker<S: Server>(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            pni: *mut Newinfo,
            pcn: *const puffs_cn,
            va: *const vattr,
        ) -> c_int {
            // SAFETY: the dispatcher calls with its own context.
            let op = unsafe { Op::<S>::new(pu, stringify!($maker)) };
            errno(op.made(dir, pcn, pni, va, S::$maker))
        }
    )*};
}

makers! { create mknod mkdir }

pub(crate) unsafe extern "C" fn symlink<S: Server>(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
    va: *const vattr,
    target: *const c_char,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and arguments.
    let (op, target) = unsafe { (Op::<S>::new(pu, "symlink"), text(target)) };
    errno(op.made(dir, pcn, pni, va, |server, req, dir, name, new| {
        server.symlink(req, dir, name, new, target)
    }))
}

pub(crate) unsafe extern "C" fn inactive<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "inactive") }.letting_go(OWN);
    errno(op.call_once([cookie], |server, req, [node]| {
        server.inactive(req, node);
        Ok(())
    }))
}

pub(crate) unsafe extern "C" fn reclaim<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    nlookup: c_int,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "forget") };
    let count = u64::try_from(nlookup).unwrap_or(0);
    let gone = op.nodes().given_back(cookie.addr(), count);
    if let Some(node) = gone {
        op.inner.forget(node);
    }
    0
}
