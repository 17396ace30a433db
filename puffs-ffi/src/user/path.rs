//! Paths that the library keeps for servers with `PUFFS_FLAG_BUILDPATH`: the functions that build, compare, change and free them.
//!
//! A directory's path must be there before a name in it is looked up, the root's (`puffs_getrootpathobj`) before the mount. Before
//! lookup, create, mknod, mkdir, symlink, link and rename the library builds `pcn_po_full` from the directory's path and the name; when that
//! fails, the operation fails with its errno value and the server is not called. Afterwards the path belongs to the node that the
//! operation brought, unless that has one, or is freed. A rename gives the node the target's path; if its `va_type` is `VDIR`, the paths of all
//! listed nodes below it change too. The source of a rename has the node's own path. For remove, rmdir and abortop none is built.

use core::ffi::{c_int, c_void};

use puffs_user::c::hooks::{
    pu_namemod_fn, pu_pathbuild_fn, pu_pathcmp_fn, pu_pathfree_fn, pu_pathtransform_fn,
};
use puffs_user::c::name::{puffs_cn, puffs_pathinfo, puffs_pathobj};
use puffs_user::c::node::puffs_node;
use puffs_user::c::puffs_cookie_t;
use puffs_user::usermount::Usermount;
use puffs_user::{genops, paths};

use super::context;

/// Sets the function that builds a path; NULL: `puffs_stdpath_buildpath`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_pathbuild(pu: *mut Usermount, fn_: pu_pathbuild_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_pathbuild", pu) } {
        pu.paths().build.set(fn_);
    }
}

/// Sets the function that makes the component for a path of a name; NULL: the name is the component. What it makes is freed like a
/// path.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_pathtransform(pu: *mut Usermount, fn_: pu_pathtransform_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_pathtransform", pu) } {
        pu.paths().transform.set(fn_);
    }
}

/// Sets the function that compares paths; NULL: `puffs_stdpath_cmppath`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_pathcmp(pu: *mut Usermount, fn_: pu_pathcmp_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_pathcmp", pu) } {
        pu.paths().cmp.set(fn_);
    }
}

/// Sets the function that frees a path; NULL: `puffs_stdpath_freepath`.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_pathfree(pu: *mut Usermount, fn_: pu_pathfree_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_pathfree", pu) } {
        pu.paths().free.set(fn_);
    }
}

/// Sets the function that may change each name in its place, before its path is built and the operation sees it; its length must stay. NULL
/// takes it away.
///
/// # Safety
/// `pu` is null or from `puffs_init`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_set_namemod(pu: *mut Usermount, fn_: pu_namemod_fn) {
    // SAFETY: by contract.
    if let Ok(pu) = unsafe { context("puffs_set_namemod", pu) } {
        pu.paths().namemod.set(fn_);
    }
}

/// Builds a path of strings: `po_dir`, a slash, and `po_comp` from `offset` on, without the slashes where both meet; for ".." the directory
/// above. The path is from `malloc` and ends with a NUL.
///
/// Returns 0, or `ENOMEM`; `EINVAL` for null pointers.
///
/// # Safety
/// All are null or valid, and both paths are strings of their lengths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_stdpath_buildpath(
    _pu: *mut Usermount,
    po_dir: *const puffs_pathobj,
    po_comp: *const puffs_pathobj,
    offset: usize,
    newpath: *mut puffs_pathobj,
) -> c_int {
    // SAFETY: by contract.
    let (Some(dir), Some(comp), false) =
        (unsafe { (po_dir.as_ref(), po_comp.as_ref(), newpath.is_null()) })
    else {
        return libc::EINVAL;
    };
    // SAFETY: by contract.
    match unsafe { paths::std_build(dir, comp, offset) } {
        Ok(new) => {
            // SAFETY: by contract.
            unsafe { newpath.write(new) };
            0
        }
        Err(errno) => errno,
    }
}

/// Compares paths of strings: 0 when their first `plen` bytes are the same and, with `checkprefix`, `po1` goes on with a slash there.
///
/// # Safety
/// Both are null or valid, and have as many bytes as they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_stdpath_cmppath(
    _pu: *mut Usermount,
    po1: *mut puffs_pathobj,
    po2: *mut puffs_pathobj,
    plen: usize,
    checkprefix: c_int,
) -> c_int {
    // SAFETY: by contract.
    let (Some(a), Some(b)) = (unsafe { (po1.as_ref(), po2.as_ref()) }) else {
        return 1;
    };
    // SAFETY: by contract.
    let same = unsafe { paths::std_match(a, b, plen, checkprefix != 0) };
    c_int::from(!same)
}

/// Frees a path from `malloc`.
///
/// # Safety
/// `po` is null or valid; its path is null or from `malloc`, and nobody uses it again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_stdpath_freepath(_pu: *mut Usermount, po: *mut puffs_pathobj) {
    // SAFETY: by contract.
    if let Some(po) = unsafe { po.as_ref() } {
        // SAFETY: by contract.
        unsafe { paths::std_free(po) };
    }
}

/// Builds the path of a name in a directory into `pcn_po_full`, as the library does before operations: transforms the name, lets it be changed,
/// builds the path, and its hash. Whoever calls this frees the path.
///
/// Returns 0, `ENOMEM`, or what one of the server's functions returned; `EINVAL` for null pointers and for a directory without a path.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `pcn` is null or a whole name; `parent` is a cookie that stands for a node.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_path_pcnbuild(
    pu: *mut Usermount,
    pcn: *mut puffs_cn,
    parent: puffs_cookie_t,
) -> c_int {
    // SAFETY: by contract.
    let pu = match unsafe { context("puffs_path_pcnbuild", pu) } {
        Ok(pu) => pu,
        Err(errno) => return errno,
    };
    if pcn.is_null() {
        return libc::EINVAL;
    }
    // SAFETY: by contract.
    match unsafe { paths::build(pu, pcn, genops::node_of(pu, parent)) } {
        Ok(()) => 0,
        Err(errno) => errno,
    }
}

/// Returns the node when it has the path `wanted`, a `struct puffs_pathobj *`, else NULL: for `puffs_pn_nodewalk`.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `pn` is null or a node; `wanted` is null or a path.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_path_walkcmp(
    pu: *mut Usermount,
    pn: *mut puffs_node,
    wanted: *mut c_void,
) -> *mut c_void {
    // SAFETY: by contract.
    let (Ok(pu), false, Some(po)) = (unsafe {
        (
            context("puffs_path_walkcmp", pu),
            pn.is_null(),
            wanted.cast::<puffs_pathobj>().as_mut(),
        )
    }) else {
        return core::ptr::null_mut();
    };
    // SAFETY: by contract.
    match unsafe { paths::is_at(pu, pn, po) } {
        true => pn.cast(),
        false => core::ptr::null_mut(),
    }
}

/// Gives a node that lies below `pi_old` of a `struct puffs_pathinfo` the path below `pi_new`, and returns NULL: for `puffs_pn_nodewalk` after a
/// rename.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `pn` is null or a node; `info` is null or valid, with two valid paths.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_path_prefixadj(
    pu: *mut Usermount,
    pn: *mut puffs_node,
    info: *mut c_void,
) -> *mut c_void {
    let info = info.cast::<puffs_pathinfo>();
    // SAFETY: by contract.
    if let (Ok(pu), false, Some(info)) = unsafe {
        (
            context("puffs_path_prefixadj", pu),
            pn.is_null(),
            info.as_ref(),
        )
    } {
        // SAFETY: by contract.
        if let (Some(old), Some(new)) = unsafe { (info.pi_old.as_mut(), info.pi_new.as_ref()) } {
            // SAFETY: by contract.
            unsafe { paths::follow(pu, pn, old, new) };
        }
    }
    core::ptr::null_mut()
}

/// Sets `po_hash` from the path's `po_len` bytes, with `PUFFS_FLAG_HASHPATH`; otherwise does nothing.
///
/// # Safety
/// `pu` is null or from `puffs_init`; `po` is null or has as many bytes as it says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_path_buildhash(pu: *mut Usermount, po: *mut puffs_pathobj) {
    // SAFETY: by contract.
    if let (Ok(pu), Some(po)) = unsafe { (context("puffs_path_buildhash", pu), po.as_mut()) } {
        // SAFETY: by contract.
        unsafe { paths::hash(pu, po) };
    }
}
