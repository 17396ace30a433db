//! The list of a mount's nodes: `puffs_pn_new`, `puffs_pn_remove`, `puffs_pn_put`, `puffs_pn_nodewalk`.
//!
//! Nodes come from `calloc` and go with `free`, since servers treat them as C memory. A node's place in the
//! list is inside the node; the head is in the mount, which never moves.

use std::cell::UnsafeCell;
use std::ptr;

use core::ffi::c_void;

use libc::timespec;

use crate::attr;
use crate::c::consts::{PUFFS_FLAG_PNCOOKIE, PUFFS_NODE_REMOVED};
use crate::c::hooks::puffs_nodewalk_fn;
use crate::c::node::puffs_node;
use crate::null::{self, Kept};
use crate::paths;
use crate::usermount::Usermount;

/// A node as it is in memory: what C sees, and what it does not.
#[repr(C)]
struct Whole {
    node: puffs_node,
    attr_ttl: timespec,
    name_ttl: timespec,
    /// The null layer's, from a box; null at first.
    kept: *mut Kept,
}

/// Head of the list, newest node first.
pub(crate) struct NodeList(UnsafeCell<*mut puffs_node>);

impl NodeList {
    pub(crate) const fn new() -> Self {
        NodeList(UnsafeCell::new(ptr::null_mut()))
    }
}

/// A new node, at the head of its mount's list, with no attribute given. From now on the mount's cookies are
/// nodes. Null when there is no memory.
pub fn new(pu: &Usermount, private: *mut c_void) -> *mut puffs_node {
    // SAFETY: calloc takes any size; null is handled.
    let node = unsafe { libc::calloc(1, size_of::<Whole>()) }.cast::<puffs_node>();
    if node.is_null() {
        return node;
    }
    pu.add_flags(PUFFS_FLAG_PNCOOKIE);
    let head = pu.nodes().0.get();
    // SAFETY: `node` is ours, larger than its type, and all zero, which is a valid value of each field.
    // The list holds live nodes only, so the old head may be written.
    unsafe {
        attr::server_null(&raw mut (*node).pn_va);
        (*node).pn_data = private;
        (*node).pn_mnt = pu.as_ptr();
        (*node).pn_entries.le_next = *head;
        (*node).pn_entries.le_prev = head;
        if !(*head).is_null() {
            (**head).pn_entries.le_prev = &raw mut (*node).pn_entries.le_next;
        }
        *head = node;
    }
    node
}

/// Takes a node off its list and keeps its memory. Again has no effect.
///
/// # Safety
/// `node` came from [`new`] and was not put.
pub unsafe fn remove(node: *mut puffs_node) {
    // SAFETY: by contract the node lives; if it is on the list, so do its neighbours.
    unsafe {
        if (*node).pn_flags & PUFFS_NODE_REMOVED != 0 {
            return;
        }
        let at = (*node).pn_entries;
        if !at.le_next.is_null() {
            (*at.le_next).pn_entries.le_prev = at.le_prev;
        }
        *at.le_prev = at.le_next;
        (*node).pn_flags |= PUFFS_NODE_REMOVED;
        null::forget(node);
    }
}

/// How long the node's attributes hold, and how long its name does: room for the server's own use.
///
/// # Safety
/// As for [`remove`].
pub unsafe fn ttls(node: *mut puffs_node) -> (*mut timespec, *mut timespec) {
    let whole = node.cast::<Whole>();
    // SAFETY: by contract the node came from `new`, which made all of it.
    unsafe { (&raw mut (*whole).attr_ttl, &raw mut (*whole).name_ttl) }
}

/// Where the null layer keeps what it knows of the node.
///
/// # Safety
/// As for [`remove`].
pub(crate) unsafe fn kept(node: *mut puffs_node) -> *mut *mut Kept {
    // SAFETY: as above.
    unsafe { &raw mut (*node.cast::<Whole>()).kept }
}

/// Takes a node off its list and frees it and its path.
///
/// # Safety
/// As for [`remove`]; the node's path is null or as the server's paths are; nobody uses the node any more.
pub unsafe fn put(node: *mut puffs_node) {
    // SAFETY: by contract.
    unsafe {
        remove(node);
        paths::free(&*(*node).pn_mnt, &mut (*node).pn_po);
        let kept = (&raw mut (*node.cast::<Whole>()).kept).read();
        drop((!kept.is_null()).then(|| Box::from_raw(kept)));
        libc::free(node.cast());
    }
}

/// Calls `f` with each node until it returns something, and returns that. `f` may remove or put the node it is
/// called with.
///
/// # Safety
/// `f` keeps to that.
pub unsafe fn walk(pu: &Usermount, f: puffs_nodewalk_fn, arg: *mut c_void) -> *mut c_void {
    let Some(f) = f else {
        return ptr::null_mut();
    };
    // SAFETY: the head is read while nobody writes it.
    let mut node = unsafe { *pu.nodes().0.get() };
    while !node.is_null() {
        // SAFETY: the node is on the list, so it lives; its successor is read before `f` may free it.
        let next = unsafe { (*node).pn_entries.le_next };
        // SAFETY: by contract.
        let found = unsafe { f(pu.as_ptr(), node, arg) };
        if !found.is_null() {
            return found;
        }
        node = next;
    }
    ptr::null_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn names(pu: &Usermount) -> Vec<usize> {
        unsafe extern "C" fn note(
            _: *mut Usermount,
            pn: *mut puffs_node,
            arg: *mut c_void,
        ) -> *mut c_void {
            // SAFETY: `walk` below passes a Vec of ours, and live nodes.
            unsafe { (*arg.cast::<Vec<usize>>()).push((*pn).pn_data.addr()) };
            ptr::null_mut()
        }
        let mut seen = Vec::new();
        // SAFETY: `note` touches nothing.
        let found = unsafe { walk(pu, Some(note), (&raw mut seen).cast()) };
        assert!(found.is_null());
        seen
    }

    fn node(pu: &Usermount, name: usize) -> *mut puffs_node {
        new(pu, ptr::without_provenance_mut(name))
    }

    #[test]
    fn new_nodes_come_first() {
        let pu = testing::mount(&testing::OPS);
        assert_eq!(pu.flags() & PUFFS_FLAG_PNCOOKIE, 0);
        let [a, b, c] = [1, 2, 3].map(|n| node(&pu, n));
        assert_eq!(names(&pu), [3, 2, 1]);
        assert_ne!(pu.flags() & PUFFS_FLAG_PNCOOKIE, 0);
        // SAFETY: live nodes from `new`, each put once.
        unsafe {
            assert_eq!((*a).pn_mnt, pu.as_ptr());
            assert_eq!(((*a).pn_va.va_size, (*a).pn_va.va_flags), (u64::MAX, 0));
            remove(b);
            assert_eq!(names(&pu), [3, 1]);
            remove(b);
            put(c);
            assert_eq!(names(&pu), [1]);
            put(b);
            put(a);
        }
        assert!(names(&pu).is_empty());
    }

    #[test]
    fn a_walk_survives_the_end_of_its_node_and_stops_when_told() {
        unsafe extern "C" fn end(
            _: *mut Usermount,
            pn: *mut puffs_node,
            arg: *mut c_void,
        ) -> *mut c_void {
            // SAFETY: the walk passes a live node, put here once.
            unsafe {
                if (*pn).pn_data == arg {
                    return pn.cast();
                }
                put(pn);
            }
            ptr::null_mut()
        }
        let pu = testing::mount(&testing::OPS);
        let kept = [1, 2, 3].map(|n| node(&pu, n))[0];
        // SAFETY: `end` puts only the node it is called with.
        let found = unsafe { walk(&pu, Some(end), ptr::without_provenance_mut(1)) };
        assert_eq!(found, kept.cast());
        assert_eq!(names(&pu), [1]);
        // SAFETY: a live node.
        unsafe { put(kept) };
    }
}
