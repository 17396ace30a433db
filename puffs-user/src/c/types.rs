//! Types of `<puffs.h>` that are another name for a type of C.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_int, c_void};

/// The server's name for a node, often its address; NULL is a cookie like any other.
pub type puffs_cookie_t = *mut c_void;

/// Another name of it.
pub type puffs_croissant_t = *mut c_void;

/// Protection bits of a mapping.
pub type vm_prot_t = c_int;

/// A thread of a process.
pub type lwpid_t = c_int;
