//! Paths kept by the library, with `PUFFS_FLAG_BUILDPATH`: how one is built, compared, moved and freed.
//!
//! A path is whatever the server says it is: it may have its own functions for each step ([`Hooks`]). Without them a path is a
//! string from `malloc`, its length without the NUL. What happens around operations is in the dispatcher.
//!
//! Replaces `puffs_path_*` and `puffs_stdpath_*`.

use std::cell::Cell;
use std::ptr;
use std::slice;

use core::ffi::{c_int, c_void};

use crate::c::consts::{PUFFS_FLAG_BUILDPATH, PUFFS_FLAG_HASHPATH};
use crate::c::hooks::{
    pu_namemod_fn, pu_pathbuild_fn, pu_pathcmp_fn, pu_pathfree_fn, pu_pathtransform_fn,
};
use crate::c::name::{puffs_cn, puffs_pathinfo, puffs_pathobj};
use crate::c::node::puffs_node;
use crate::say;
use crate::usermount::Usermount;

/// The server's own functions; `None`: the library's.
#[derive(Default)]
pub struct Hooks {
    /// Builds a path.
    pub build: Cell<pu_pathbuild_fn>,
    /// Makes a component of a name.
    pub transform: Cell<pu_pathtransform_fn>,
    /// Compares paths.
    pub cmp: Cell<pu_pathcmp_fn>,
    /// Frees a path.
    pub free: Cell<pu_pathfree_fn>,
    /// Changes names.
    pub namemod: Cell<pu_namemod_fn>,
}

impl Hooks {
    /// Whether the path of a name is another than that of its letters.
    pub(crate) fn change_names(&self) -> bool {
        self.build.get().is_some() || self.transform.get().is_some() || self.namemod.get().is_some()
    }
}

/// Whether the library keeps paths for this server.
pub fn are_kept(pu: &Usermount) -> bool {
    pu.flags() & PUFFS_FLAG_BUILDPATH != 0
}

/// Sets the hash of a path, where the server wants hashes.
///
/// # Safety
/// `po_path` has `po_len` bytes.
pub unsafe fn hash(pu: &Usermount, po: &mut puffs_pathobj) {
    if pu.flags() & PUFFS_FLAG_HASHPATH == 0 {
        return;
    }
    // SAFETY: by contract.
    let path = unsafe { bytes(po) };
    // FNV-1a: any function would do, it must only tell most paths apart.
    po.po_hash = path.iter().fold(0x811c_9dc5, |hash, &byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
}

/// Frees a path as the server wants it. It is none afterwards.
///
/// # Safety
/// The path came from [`build`] or is one that the server lets the library free; nobody uses it again.
pub unsafe fn free(pu: &Usermount, po: &mut puffs_pathobj) {
    if po.po_path.is_null() {
        return;
    }
    match pu.paths().free.get() {
        // SAFETY: the server's own function, called as its type says.
        Some(f) => unsafe { f(pu.as_ptr(), po) },
        // SAFETY: by contract, without a function of the server's it is from malloc.
        None => unsafe { std_free(po) },
    }
    *po = puffs_pathobj::NONE;
}

/// The library's own way to free a path.
///
/// # Safety
/// The path is NULL or from malloc, and nobody uses it again.
pub unsafe fn std_free(po: &puffs_pathobj) {
    // SAFETY: by contract.
    unsafe { libc::free(po.po_path) };
}

/// The library's own way to build a path: `dir`, a slash, and `comp` from `offset` on; or the directory above `dir` for "..".
///
/// # Errors
/// `ENOMEM`.
///
/// # Safety
/// Both are strings of their lengths.
pub unsafe fn std_build(
    dir: &puffs_pathobj,
    comp: &puffs_pathobj,
    offset: usize,
) -> Result<puffs_pathobj, i32> {
    // SAFETY: by contract.
    let (dir, comp) = unsafe { (bytes(dir), bytes(comp)) };
    let dir = &dir[..dir
        .iter()
        .rposition(|&b| b != b'/')
        .map_or(0, |last| last + 1)];
    let comp = comp.get(offset..).unwrap_or_default();
    let comp = &comp[comp.iter().take_while(|&&b| b == b'/').count()..];
    match comp {
        b".." => string([above(dir), b"", b""]),
        b"" if dir.is_empty() => string([b"/", b"", b""]),
        b"" => string([dir, b"", b""]),
        _ => string([dir, b"/", comp]),
    }
}

/// The directory above one, whose path has no slash at its end.
fn above(dir: &[u8]) -> &[u8] {
    let Some(slash) = dir.iter().rposition(|&b| b == b'/') else {
        return if dir.is_empty() { b"/" } else { b"." };
    };
    match dir[..slash].iter().rposition(|&b| b != b'/') {
        Some(last) => &dir[..=last],
        None => b"/",
    }
}

/// A path of these parts.
fn string(parts: [&[u8]; 3]) -> Result<puffs_pathobj, i32> {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    // SAFETY: malloc takes any size; null is handled.
    let path = unsafe { libc::malloc(len + 1) }.cast::<u8>();
    if path.is_null() {
        return Err(libc::ENOMEM);
    }
    let mut at = path;
    for part in parts {
        // SAFETY: all parts and a NUL fit.
        unsafe {
            at.copy_from_nonoverlapping(part.as_ptr(), part.len());
            at = at.add(part.len());
        }
    }
    // SAFETY: the last byte.
    unsafe { at.write(0) };
    Ok(puffs_pathobj {
        po_path: path.cast(),
        po_len: len,
        po_hash: 0,
    })
}

/// The library's own way to compare: whether both begin with the same `len` bytes, and, for a prefix, whether `b` is above `a`.
///
/// # Safety
/// Both have as many bytes as they say.
pub unsafe fn std_match(
    a: &puffs_pathobj,
    b: &puffs_pathobj,
    len: usize,
    checkprefix: bool,
) -> bool {
    // SAFETY: by contract.
    let (a, b) = unsafe { (bytes(a), bytes(b)) };
    let (Some(start), Some(other)) = (a.get(..len), b.get(..len)) else {
        return false;
    };
    start == other && (!checkprefix || a.get(len) == Some(&b'/'))
}

/// The bytes of a path.
///
/// # Safety
/// It has as many as it says, until the result is given up.
pub(crate) unsafe fn bytes<'a>(po: &puffs_pathobj) -> &'a [u8] {
    if po.po_path.is_null() {
        return &[];
    }
    // SAFETY: by contract.
    unsafe { slice::from_raw_parts(po.po_path.cast(), po.po_len) }
}

fn done(rv: c_int) -> Result<(), c_int> {
    match rv {
        0 => Ok(()),
        _ => Err(rv),
    }
}

/// The path of `comp` from `offset` on in `dir`, as the server wants it built, with its hash.
unsafe fn join(
    pu: &Usermount,
    dir: &puffs_pathobj,
    comp: &puffs_pathobj,
    offset: usize,
) -> Result<puffs_pathobj, c_int> {
    let mut new = puffs_pathobj::NONE;
    match pu.paths().build.get() {
        // SAFETY: the server's own function, called as its type says.
        Some(f) => done(unsafe { f(pu.as_ptr(), dir, comp, offset, &raw mut new) })?,
        // SAFETY: by contract of those who call this, both are the library's strings.
        None => new = unsafe { std_build(dir, comp, offset) }?,
    }
    // SAFETY: just built.
    unsafe { hash(pu, &mut new) };
    Ok(new)
}

/// Builds the path of a name in a directory into `pcn_po_full`. Replaces `puffs_path_pcnbuild`.
///
/// # Errors
/// What a function of the server's said; `ENOMEM`; `EINVAL` when the directory has no path.
///
/// # Safety
/// `pcn` is a name, whole; `parent` is null or a live node of this server.
pub unsafe fn build(
    pu: &Usermount,
    pcn: *mut puffs_cn,
    parent: *mut puffs_node,
) -> Result<(), c_int> {
    // SAFETY: by contract; a copy of the place of the path, which stays where it is during this call.
    let dir = unsafe { parent.as_ref() }.map_or(puffs_pathobj::NONE, |node| node.pn_po);
    if dir.po_path.is_null() {
        say::warn(format_args!(
            "a directory has no path (has the root got one, through puffs_getrootpathobj?)"
        ));
        return Err(libc::EINVAL);
    }
    // SAFETY: by contract.
    let kcn = unsafe { (*pcn).pcn_pkcnp };
    let mut comp = puffs_pathobj {
        // SAFETY: by contract; the place of the name, not what is in it.
        po_path: unsafe { (&raw mut (*kcn).pkcn_name).cast::<c_void>() },
        // SAFETY: by contract.
        po_len: unsafe { (*kcn).pkcn_namelen },
        po_hash: 0,
    };
    let transform = pu.paths().transform.get();
    if let Some(f) = transform {
        comp = puffs_pathobj::NONE;
        // SAFETY: the server's own function, called as its type says.
        done(unsafe { f(pu.as_ptr(), &raw const dir, pcn, &raw mut comp) })?;
    }
    // SAFETY: by contract; a component that was made just now is ours to free.
    unsafe {
        let built = change(pu, pcn, dir).and_then(|()| join(pu, &dir, &comp, 0));
        if transform.is_some() {
            free(pu, &mut comp);
        }
        (*pcn).pcn_po_full = built?;
    }
    Ok(())
}

/// Lets the server change the name.
unsafe fn change(pu: &Usermount, pcn: *mut puffs_cn, mut dir: puffs_pathobj) -> Result<(), c_int> {
    match pu.paths().namemod.get() {
        // SAFETY: the server's own function, called as its type says.
        Some(f) => done(unsafe { f(pu.as_ptr(), &raw mut dir, pcn) }),
        None => Ok(()),
    }
}

/// Whether the node has this path. Replaces `puffs_path_walkcmp`.
///
/// # Safety
/// `node` lives, and both paths are what the server's functions expect.
pub unsafe fn is_at(pu: &Usermount, node: *mut puffs_node, po: &mut puffs_pathobj) -> bool {
    // SAFETY: by contract.
    let own = unsafe { &mut (*node).pn_po };
    if own.po_path.is_null() || own.po_len != po.po_len {
        return false;
    }
    if pu.flags() & PUFFS_FLAG_HASHPATH != 0 && own.po_hash != po.po_hash {
        return false;
    }
    let len = po.po_len;
    // SAFETY: by contract.
    unsafe { matches(pu, own, po, len, false) }
}

unsafe fn matches(
    pu: &Usermount,
    a: &mut puffs_pathobj,
    b: &mut puffs_pathobj,
    len: usize,
    checkprefix: bool,
) -> bool {
    match pu.paths().cmp.get() {
        // SAFETY: the server's own function, called as its type says.
        Some(f) => unsafe { f(pu.as_ptr(), a, b, len, c_int::from(checkprefix)) == 0 },
        // SAFETY: by contract of those who call this, both are the library's strings.
        None => unsafe { std_match(a, b, len, checkprefix) },
    }
}

/// Moves the node's path with a directory that it is below of; nothing when it is not. A path that cannot be built stays as it
/// was, and stderr hears of it. Replaces `puffs_path_prefixadj`.
///
/// # Safety
/// `node` lives, its path is the library's to free, and both paths are what the server's functions expect.
pub unsafe fn follow(
    pu: &Usermount,
    node: *mut puffs_node,
    old: &mut puffs_pathobj,
    new: &puffs_pathobj,
) {
    // SAFETY: by contract.
    let own = unsafe { &mut (*node).pn_po };
    let len = old.po_len;
    // SAFETY: by contract.
    if own.po_path.is_null() || own.po_len <= len || unsafe { !matches(pu, own, old, len, true) } {
        return;
    }
    // SAFETY: by contract.
    match unsafe { join(pu, new, own, len) } {
        Ok(mut moved) => {
            std::mem::swap(own, &mut moved);
            // SAFETY: the node has another one now.
            unsafe { free(pu, &mut moved) };
        }
        Err(errno) => say::warn(format_args!(
            "a path below a renamed directory could not be built: {}",
            say::errno(errno)
        )),
    }
}

/// `puffs_path_prefixadj` as a walk calls it; never ends the walk.
///
/// # Safety
/// As [`follow`]; `info` is a `struct puffs_pathinfo`.
pub unsafe extern "C" fn follow_in_walk(
    pu: *mut Usermount,
    node: *mut puffs_node,
    info: *mut c_void,
) -> *mut c_void {
    let info = info.cast::<puffs_pathinfo>();
    // SAFETY: by contract.
    unsafe { follow(&*pu, node, &mut *(*info).pi_old, &*(*info).pi_new) };
    ptr::null_mut()
}

#[cfg(test)]
mod tests;
