//! Functions that a server hands to the library. NULL takes a hook away, or brings its default back.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_int, c_void};

use super::node::puffs_node;
use super::puffs_cookie_t;
use crate::usermount::Usermount;

/// Called once in every turn of the main loop, before it waits.
pub type puffs_ml_loop_fn = Option<unsafe extern "C" fn(pu: *mut Usermount)>;

/// Called before or after every request.
pub type pu_prepost_fn = Option<unsafe extern "C" fn(pu: *mut Usermount)>;

/// Told about an answer that was refused: what kind, an errno value, words, the node.
pub type pu_errnotify_fn = Option<
    unsafe extern "C" fn(
        pu: *mut Usermount,
        type_: u8,
        error: c_int,
        text: *const c_char,
        opc: puffs_cookie_t,
    ),
>;

/// Finds the node that a cookie stands for.
pub type pu_cmap_fn =
    Option<unsafe extern "C" fn(pu: *mut Usermount, opc: puffs_cookie_t) -> *mut puffs_node>;

/// Called for each node of a walk; anything but NULL ends it.
pub type puffs_nodewalk_fn = Option<
    unsafe extern "C" fn(pu: *mut Usermount, pn: *mut puffs_node, arg: *mut c_void) -> *mut c_void,
>;
