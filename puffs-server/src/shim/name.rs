//! Names of nodes that exist: link, remove, rmdir, rename.

use core::ffi::c_int;

use puffs_user::c::name::puffs_cn;
use puffs_user::c::puffs_cookie_t;
use puffs_user::usermount::Usermount;

use super::{Op, errno, name};
use crate::request::NAMED;
use crate::server::Server;

macro_rules! on_names {
    ($($name:ident, $noref:expr;)*) => {$(
        pub(crate) unsafe extern "C" fn $name<S: Server>(
            pu: *mut Usermount,
            dir: puffs_cookie_t,
            node: puffs_cookie_t,
            pcn: *const puffs_cn,
        ) -> c_int {
            // SAFETY: the dispatcher calls with its own context and arguments.
            let (op, name) = unsafe { (Op::<S>::new(pu, stringify!($name)), name(pcn)) };
            let op = op.letting_go($noref);
            errno(op.call([dir, node], |server, req, [dir, node]| {
                server.$name(req, dir, node, name)
            }))
        }
    )*};
}

on_names! {
    link, 0;
    remove, NAMED;
    rmdir, NAMED;
}

pub(crate) unsafe extern "C" fn rename<S: Server>(
    pu: *mut Usermount,
    from: puffs_cookie_t,
    node: puffs_cookie_t,
    from_cn: *const puffs_cn,
    to: puffs_cookie_t,
    replaced: puffs_cookie_t,
    to_cn: *const puffs_cn,
) -> c_int {
    // SAFETY: as above.
    let (op, old, new) = unsafe { (Op::<S>::new(pu, "rename"), name(from_cn), name(to_cn)) };
    errno(match replaced.is_null() {
        true => op.call([from, node, to], |server, req, [from, node, to]| {
            server.rename(req, (from, old), node, (to, new), None)
        }),
        false => op.call(
            [from, node, to, replaced],
            |server, req, [from, node, to, replaced]| {
                server.rename(req, (from, old), node, (to, new), Some(replaced))
            },
        ),
    })
}
