//! Names and paths: `struct puffs_kcn`, `struct puffs_cn`, `struct puffs_pathobj`.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_void};

use crate::cred::Cred;

/// Room for a name and its terminator: `MAXPATHLEN`.
pub const PUFFS_KCN_NAMESIZE: usize = 4096;

/// A component of a path, as the other side of the mount sent it.
///
/// A server writes here too, through the `const` of the operation's argument: `pkcn_consume`, `pkcn_flags`.
#[repr(C)]
pub struct puffs_kcn {
    /// What the lookup is for, `NAMEI_LOOKUP` and its neighbours.
    pub pkcn_nameiop: u32,
    /// `NAMEI_*` flags.
    pub pkcn_flags: u32,
    /// The name, ended by a NUL.
    pub pkcn_name: [c_char; PUFFS_KCN_NAMESIZE],
    /// Its length.
    pub pkcn_namelen: usize,
    /// Out: characters eaten beyond the name.
    pub pkcn_consume: usize,
}

/// A component of a path: the argument of the operations on names. Use the `pcn_*` macros for its parts.
#[repr(C)]
pub struct puffs_cn {
    /// The component.
    pub pcn_pkcnp: *mut puffs_kcn,
    /// Who asks.
    pub pcn_cred: *mut Cred,
    /// The whole path, when the library builds paths.
    pub pcn_po_full: puffs_pathobj,
}

/// A path in the server's own form.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct puffs_pathobj {
    /// The path.
    pub po_path: *mut c_void,
    /// Its length.
    pub po_len: usize,
    /// Its hash.
    pub po_hash: u32,
}

impl puffs_pathobj {
    /// No path.
    pub const NONE: Self = puffs_pathobj {
        po_path: core::ptr::null_mut(),
        po_len: 0,
        po_hash: 0,
    };
}

/// What a walk over all nodes needs after a rename: `puffs_path_prefixadj`.
#[repr(C)]
pub struct puffs_pathinfo {
    /// The path that a directory had.
    pub pi_old: *mut puffs_pathobj,
    /// The path that it has now.
    pub pi_new: *mut puffs_pathobj,
}
