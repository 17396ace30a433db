//! What a C server sees of this library: numbers and structures of `<puffs.h>`, under their C names.
//!
//! Only layout lives here, and the header generator reads every file. `Usermount`, `Cred`, `Newinfo` and `Cc` are
//! opaque to C, where they are `struct puffs_usermount` and so on.

#![allow(non_camel_case_types)] // The names that C sees.

pub mod consts;
pub mod dirent;
pub mod hooks;
pub mod name;
pub mod node;
pub mod ops;
pub mod statvfs;
pub mod vattr;

use core::ffi::{c_int, c_void};

/// The server's name for a node, often its address; NULL is a cookie like any other.
pub type puffs_cookie_t = *mut c_void;

/// Another name of it.
pub type puffs_croissant_t = *mut c_void;

/// Protection bits of a mapping.
pub type vm_prot_t = c_int;

/// A thread of a process.
pub type lwpid_t = c_int;
