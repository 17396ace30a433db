//! `struct puffs_node`, which servers read and write.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

use libc::off_t;

use super::name::puffs_pathobj;
use super::vattr::vattr;
use crate::usermount::Usermount;

/// A node that the library keeps in a list. It comes from `puffs_pn_new` and goes with `puffs_pn_put`.
#[repr(C)]
pub struct puffs_node {
    /// The server's.
    pub pn_size: off_t,
    /// `PUFFS_NODE_REMOVED`.
    pub pn_flags: c_int,
    /// How often the node's cookie was handed out; the library's.
    pub pn_nlookup: c_int,
    /// Attributes; the server's.
    pub pn_va: vattr,
    /// The server's.
    pub pn_data: *mut c_void,
    /// Path, when the library builds paths.
    pub pn_po: puffs_pathobj,
    /// Mount that the node belongs to.
    pub pn_mnt: *mut Usermount,
    /// Place in the list; the library's.
    pub pn_entries: puffs_node_entry,
    /// Not used.
    pub pn_cacheinfo: *mut c_void,
}

/// Place in a list of nodes, as `LIST_ENTRY` of `<sys/queue.h>` lays it out.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct puffs_node_entry {
    /// The next node.
    pub le_next: *mut puffs_node,
    /// Where the pointer to this node is.
    pub le_prev: *mut *mut puffs_node,
}
