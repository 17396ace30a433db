//! getattr, setattr, access.

use core::ffi::c_int;
use std::ptr;

use puffs_user::c::puffs_cookie_t;
use puffs_user::c::vattr::vattr;
use puffs_user::cred::Cred;
use puffs_user::usermount::Usermount;

use super::{Op, errno};
use crate::attr::SetAttr;
use crate::errno::Errno;
use crate::flags::Access;
use crate::server::Server;

impl<S: Server> Op<'_, S> {
    fn attributes(&self, cookie: puffs_cookie_t) -> Result<vattr, Errno> {
        if let Some((cc, known, va)) = self.inner.fresh.take()
            && ptr::eq(cc, self.cc)
            && known == cookie.addr()
        {
            return Ok(va);
        }
        self.call([cookie], |server, req, [node]| {
            server.getattr(req, node)?.to_c()
        })
    }
}

pub(crate) unsafe extern "C" fn getattr<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    va: *mut vattr,
    _: *const Cred,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context.
    let op = unsafe { Op::<S>::new(pu, "getattr") };
    errno(op.attributes(cookie).map(|attributes| {
        // SAFETY: the dispatcher's room for them.
        unsafe { *va = attributes };
    }))
}

pub(crate) unsafe extern "C" fn setattr<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    va: *const vattr,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above; the attributes are the dispatcher's.
    let (op, va) = unsafe { (Op::<S>::new(pu, "setattr"), &*va) };
    let changes = SetAttr::of_c(va);
    errno(op.call([cookie], |server, req, [node]| {
        server.setattr(req, node, &changes)
    }))
}

pub(crate) unsafe extern "C" fn access<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    mode: c_int,
    _: *const Cred,
) -> c_int {
    // SAFETY: as above.
    let op = unsafe { Op::<S>::new(pu, "access") };
    errno(op.call([cookie], |server, req, [node]| {
        server.access(req, node, Access::of_c(mode))
    }))
}
