//! Functions that a server hands to the library. NULL takes a hook away, or brings its default back.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_int, c_void};

use super::name::{puffs_cn, puffs_pathobj};
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

/// Makes the path of a component of a directory: `dir`, and behind it `comp` from `offset` on. 0 or an errno value.
pub type pu_pathbuild_fn = Option<
    unsafe extern "C" fn(
        pu: *mut Usermount,
        dir: *const puffs_pathobj,
        comp: *const puffs_pathobj,
        offset: usize,
        newpath: *mut puffs_pathobj,
    ) -> c_int,
>;

/// Makes of a name the component that the path is built with; what it makes goes to the function that frees paths. 0 or an errno
/// value.
pub type pu_pathtransform_fn = Option<
    unsafe extern "C" fn(
        pu: *mut Usermount,
        base: *const puffs_pathobj,
        pcn: *const puffs_cn,
        comp: *mut puffs_pathobj,
    ) -> c_int,
>;

/// Compares two paths in their first `len` units, and with `checkprefix` whether the second is a directory above the first. 0 when
/// it is so.
pub type pu_pathcmp_fn = Option<
    unsafe extern "C" fn(
        pu: *mut Usermount,
        a: *mut puffs_pathobj,
        b: *mut puffs_pathobj,
        len: usize,
        checkprefix: c_int,
    ) -> c_int,
>;

/// Frees a path.
pub type pu_pathfree_fn = Option<unsafe extern "C" fn(pu: *mut Usermount, po: *mut puffs_pathobj)>;

/// Changes a name before its path is built and the server sees it. 0 or an errno value.
pub type pu_namemod_fn = Option<
    unsafe extern "C" fn(pu: *mut Usermount, dir: *mut puffs_pathobj, pcn: *mut puffs_cn) -> c_int,
>;
