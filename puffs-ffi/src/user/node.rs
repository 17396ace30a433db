//! Nodes that the library keeps in a list.

use core::ffi::c_void;

use libc::timespec;
use puffs_user::c::hooks::puffs_nodewalk_fn;
use puffs_user::c::name::puffs_pathobj;
use puffs_user::c::node::puffs_node;
use puffs_user::c::vattr::vattr;
use puffs_user::nodes;
use puffs_user::usermount::Usermount;

use super::{context, null};

/// Whether there is a node, and the caller may change the list that it is on.
///
/// # Safety
/// `pn` is null or a node from `puffs_pn_new` that was not put.
unsafe fn may_list(function: &str, pn: *const puffs_node) -> bool {
    // SAFETY: by contract; its server outlives it.
    !pn.is_null() && unsafe { context(function, (*pn).pn_mnt) }.is_ok()
}

/// Returns a new node with this private pointer and no attribute given, at the head of the list; NULL with `ENOMEM`.
/// From now on the server's cookies are nodes, and the library counts lookups in them.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_new(pu: *mut Usermount, priv_: *mut c_void) -> *mut puffs_node {
    // SAFETY: by contract.
    match unsafe { context("puffs_pn_new", pu) } {
        Ok(pu) => nodes::new(pu, priv_),
        Err(errno) => null(errno),
    }
}

/// Takes a node off the list, so that walks do not see it, and keeps its memory.
///
/// # Safety
/// `pn` is null or a node from `puffs_pn_new` that was not put.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_remove(pn: *mut puffs_node) {
    // SAFETY: by contract.
    if unsafe { may_list("puffs_pn_remove", pn) } {
        // SAFETY: by contract.
        unsafe { nodes::remove(pn) };
    }
}

/// Takes a node off the list and frees it and its path, by the function of `puffs_set_pathfree` if there is one.
///
/// # Safety
/// As for `puffs_pn_remove`; the path is null or, without such a function, from `malloc`; nobody uses the node again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_put(pn: *mut puffs_node) {
    // SAFETY: by contract.
    if unsafe { may_list("puffs_pn_put", pn) } {
        // SAFETY: by contract.
        unsafe { nodes::put(pn) };
    }
}

/// Calls `fn` with each node on the list, newest first, until it returns something else than NULL, and returns that.
/// `fn` may remove or put the node it is called with, and no other.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_nodewalk(
    pu: *mut Usermount,
    fn_: puffs_nodewalk_fn,
    arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: by contract.
    match unsafe { context("puffs_pn_nodewalk", pu) } {
        // SAFETY: by contract.
        Ok(pu) => unsafe { nodes::walk(pu, fn_, arg) },
        Err(errno) => null(errno),
    }
}

/// Returns the address of the node's attributes.
///
/// # Safety
/// `pn` is null or a node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_getvap(pn: *mut puffs_node) -> *mut vattr {
    if pn.is_null() {
        return null(libc::EINVAL);
    }
    // SAFETY: by contract.
    unsafe { &raw mut (*pn).pn_va }
}

/// Returns the node's private pointer.
///
/// # Safety
/// `pn` is null or a node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_getpriv(pn: *mut puffs_node) -> *mut c_void {
    if pn.is_null() {
        return null(libc::EINVAL);
    }
    // SAFETY: by contract.
    unsafe { (*pn).pn_data }
}

/// Sets the node's private pointer.
///
/// # Safety
/// `pn` is null or a node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_setpriv(pn: *mut puffs_node, priv_: *mut c_void) {
    if !pn.is_null() {
        // SAFETY: by contract.
        unsafe { (*pn).pn_data = priv_ };
    }
}

/// Returns the address of the node's path.
///
/// # Safety
/// `pn` is null or a node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_getpo(pn: *mut puffs_node) -> *mut puffs_pathobj {
    if pn.is_null() {
        return null(libc::EINVAL);
    }
    // SAFETY: by contract.
    unsafe { &raw mut (*pn).pn_po }
}

/// Returns the context that the node belongs to.
///
/// # Safety
/// `pn` is null or a node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_getmnt(pn: *mut puffs_node) -> *mut Usermount {
    if pn.is_null() {
        return null(libc::EINVAL);
    }
    // SAFETY: by contract.
    unsafe { (*pn).pn_mnt }
}

/// Returns the server's own pointer, by way of a node.
///
/// # Safety
/// `pn` is null or a node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_getmntspecific(pn: *mut puffs_node) -> *mut c_void {
    // SAFETY: by contract.
    unsafe { super::settings::puffs_getspecific(puffs_pn_getmnt(pn)) }
}

/// Returns the address of a time in the node that is the server's to use: how long the attributes hold. Zero at first.
///
/// # Safety
/// `pn` is null or a node from `puffs_pn_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_getvattl(pn: *mut puffs_node) -> *mut timespec {
    if pn.is_null() {
        return null(libc::EINVAL);
    }
    // SAFETY: by contract.
    unsafe { nodes::ttls(pn).0 }
}

/// Returns the address of a time in the node that is the server's to use: how long its name holds. Zero at first.
///
/// # Safety
/// `pn` is null or a node from `puffs_pn_new`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_pn_getcnttl(pn: *mut puffs_node) -> *mut timespec {
    if pn.is_null() {
        return null(libc::EINVAL);
    }
    // SAFETY: by contract.
    unsafe { nodes::ttls(pn).1 }
}
