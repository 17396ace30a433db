//! What a C server sees of this library: numbers and structures of `<puffs.h>`, under their C names.
//!
//! Only layout lives here. `Usermount`, `Cred`, `Newinfo` and `Cc` are opaque to C; their C names are
//! `struct puffs_usermount` and so on. An enumeration that C may fill with anything is an integer here.

#![allow(non_camel_case_types)] // The names that C sees.

pub mod consts;
pub mod dirent;
pub mod hooks;
pub mod name;
pub mod node;
pub mod ops;
pub mod statvfs;
pub mod vattr;

use core::ffi::{c_int, c_uint, c_void};

/// The server's name for a node, often its address; NULL is a cookie like any other.
pub type puffs_cookie_t = *mut c_void;

/// `enum vtype`: what kind of thing a node is. The constants are in [`vattr`].
pub type vtype = c_uint;

/// Protection bits of a mapping.
pub type vm_prot_t = c_int;

/// A thread of a process.
pub type lwpid_t = c_int;
