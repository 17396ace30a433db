//! What the unit tests share: a table of operations with what every server must have.

use std::ptr;

use core::ffi::c_int;

use crate::c::name::puffs_cn;
use crate::c::ops::puffs_ops;
use crate::c::puffs_cookie_t;
use crate::c::statvfs::puffs_statvfs;
use crate::cred::Cred;
use crate::newinfo::Newinfo;
use crate::usermount::Usermount;

/// The least a server must have; it finds nothing.
pub(crate) const OPS: puffs_ops = puffs_ops {
    puffs_fs_unmount: Some(unmount),
    puffs_fs_statvfs: Some(statvfs),
    puffs_fs_sync: Some(sync),
    puffs_node_lookup: Some(lookup),
    ..puffs_ops::NONE
};

/// A context for `ops`, not mounted.
pub(crate) fn mount(ops: &puffs_ops) -> Box<Usermount> {
    mount_with(ops, 0)
}

/// The same with flags.
pub(crate) fn mount_with(ops: &puffs_ops, pflags: u32) -> Box<Usermount> {
    Usermount::new(ops, Some(c"test"), Some(c"testfs"), ptr::null_mut(), pflags).unwrap()
}

unsafe extern "C" fn unmount(_: *mut Usermount, _: c_int) -> c_int {
    0
}

unsafe extern "C" fn statvfs(_: *mut Usermount, _: *mut puffs_statvfs) -> c_int {
    0
}

unsafe extern "C" fn sync(_: *mut Usermount, _: c_int, _: *const Cred) -> c_int {
    0
}

unsafe extern "C" fn lookup(
    _: *mut Usermount,
    _: puffs_cookie_t,
    _: *mut Newinfo,
    _: *const puffs_cn,
) -> c_int {
    libc::ENOENT
}
