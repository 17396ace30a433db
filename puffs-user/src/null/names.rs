//! Names: lookup, the four operations that create, link, remove, rmdir, rename.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use core::ffi::c_int;

use libc::mode_t;

use super::attr::{self, Fresh};
use super::host::{self, Ident, Stat};
use super::place::{Place, reach};
use super::{NONSENSE, ident_of, kept, new_node};
use crate::attr::{NONE, mode_with_type};
use crate::c::consts::VA_EXCLUSIVE;
use crate::c::name::{puffs_cn, puffs_kcn, puffs_pathinfo, puffs_pathobj};
use crate::c::node::puffs_node;
use crate::c::vattr::vattr;
use crate::cred::Cred;
use crate::newinfo::Newinfo;
use crate::usermount::Usermount;
use crate::vtype::{VDIR, VREG, VSOCK};
use crate::{nodes, paths};
use puffs_core::msg::body::setback;

/// The path that the library has built for a name.
///
/// # Safety
/// `pcn` is a name, whole.
unsafe fn full(pcn: *const puffs_cn) -> Result<puffs_pathobj, i32> {
    // SAFETY: by contract.
    let path = unsafe { (*pcn).pcn_po_full };
    match path.po_path.is_null() {
        true => Err(NONSENSE),
        false => Ok(path),
    }
}

/// Finds a name.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// The root node and `dir` live; `pcn` is a name, whole, with its path; paths are strings.
pub unsafe fn lookup(
    pu: &Usermount,
    dir: *mut puffs_node,
    pni: &Newinfo,
    pcn: *const puffs_cn,
) -> Result<(), i32> {
    // SAFETY: by contract.
    unsafe {
        let mut path = full(pcn)?;
        let root = pu.settings().root.get();
        if !root.is_null() && paths::is_at(pu, root, &mut path) {
            say_found(pni, root, &(*root).pn_va);
            return Ok(());
        }
        let stat = Place::of(pu, &path, dir)?.stat()?;
        let node = match pu.null().find(stat.ident) {
            Some(node) => {
                refind(pu, node, &mut path);
                (*node).pn_va = stat.attr;
                node
            }
            None => new_node(pu, &stat)?,
        };
        say_found(pni, node, &stat.attr);
    }
    Ok(())
}

fn say_found(pni: &Newinfo, node: *mut puffs_node, va: &vattr) {
    pni.set_cookie(node.cast());
    pni.set_vtype(va.va_type);
    pni.set_size(if va.va_type == VREG { va.va_size } else { 0 });
    pni.set_rdev(va.va_rdev);
}

/// A known file was found at `path`. If its own path does not lead there any more, this is its path from now on: it gives its
/// own up, and the library hands it the one of the lookup. What lies below a directory moves along.
unsafe fn refind(pu: &Usermount, node: *mut puffs_node, path: &mut puffs_pathobj) {
    // SAFETY: by contract of `lookup`.
    unsafe {
        let lost = kept(node).gone.is_some();
        if !lost && (paths::is_at(pu, node, path) || reach(pu, node, libc::O_PATH).is_ok()) {
            return;
        }
        let mut old = std::mem::replace(&mut (*node).pn_po, puffs_pathobj::NONE);
        if (*node).pn_va.va_type == VDIR && !old.po_path.is_null() {
            let mut info = puffs_pathinfo {
                pi_old: &raw mut old,
                pi_new: path,
            };
            let info = (&raw mut info).cast();
            nodes::walk(pu, Some(paths::follow_in_walk), info);
        }
        paths::free(pu, &mut old);
        kept(node).gone = None;
    }
}

/// Makes a file with `f`, gives it the attributes that were asked for, and makes its node. What cannot be finished is taken back.
///
/// # Safety
/// As for [`lookup`].
unsafe fn make(
    pu: &Usermount,
    dir: *mut puffs_node,
    pni: &Newinfo,
    pcn: *const puffs_cn,
    va: &vattr,
    f: impl FnOnce(&Place) -> Result<OwnedFd, i32>,
) -> Result<(), i32> {
    // SAFETY: by contract.
    unsafe {
        let place = Place::of(pu, &full(pcn)?, dir)?;
        if place.name.is_empty() {
            return Err(libc::EEXIST);
        }
        let fd = f(&place)?;
        let made = host::stat(fd.as_fd(), c"");
        let finished = made.and_then(|made| {
            let fresh = Fresh {
                dir: place.dir(),
                made: &made,
                cred: (*pcn).pcn_cred.as_ref(),
            };
            attr::finish(fd.as_fd(), va, &fresh)?;
            let stat = host::stat(fd.as_fd(), c"")?;
            new_node(pu, &stat).map(|node| (node, stat))
        });
        match finished {
            Ok((node, stat)) => {
                attr::keep_rights(pu, node, stat.attr.va_mode, || Ok(fd));
                pni.set_cookie(node.cast());
                Ok(())
            }
            Err(error) => {
                take_back(&place, made.ok());
                Err(error)
            }
        }
    }
}

/// Removes what was made, unless something else is there by now.
fn take_back(place: &Place, made: Option<Stat>) {
    let (Some(made), Ok(there)) = (made, place.stat()) else {
        return;
    };
    if made.ident == there.ident {
        let flags = if made.vtype() == VDIR {
            libc::AT_REMOVEDIR
        } else {
            0
        };
        // The error that is reported is the one that led here.
        let _ = host::unlink(place.dir(), &place.name, flags);
    }
}

/// The mode that a file is made with: what was asked for, where it belongs to whoever asked from the first.
///
/// # Safety
/// As for [`lookup`].
unsafe fn first_mode(pcn: *const puffs_cn, va: &vattr) -> mode_t {
    // SAFETY: by contract.
    let cred = unsafe { (*pcn).pcn_cred.as_ref() };
    match va.va_mode {
        mode if mode == NONE.va_mode => 0,
        _ if host::is_root() && !cred.is_some_and(Cred::is_juggernaut) => 0,
        mode => mode & 0o777,
    }
}

/// Makes a regular file or a socket.
///
/// # Errors
/// An errno value; nothing was made.
///
/// # Safety
/// As for [`lookup`].
pub unsafe fn create(
    pu: &Usermount,
    dir: *mut puffs_node,
    pni: &Newinfo,
    pcn: *const puffs_cn,
    va: &vattr,
) -> Result<(), i32> {
    if va.va_type == VSOCK {
        // SAFETY: by contract.
        return unsafe { mknod(pu, dir, pni, pcn, va) };
    }
    // Nobody else gets in before it has its owner.
    // SAFETY: by contract.
    let mode = unsafe { first_mode(pcn, va) };
    let new = |place: &Place| {
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_NOCTTY;
        match host::open_at(place.dir(), &place.name, flags, mode | 0o600) {
            // Somebody has just made it on the host. Who does not insist on a new file looks again.
            Err(libc::EEXIST) if va.va_vaflags & VA_EXCLUSIVE == 0 => Err(libc::ESTALE),
            result => result,
        }
    };
    // SAFETY: by contract.
    unsafe { make(pu, dir, pni, pcn, va, new) }
}

/// Makes a device, a FIFO or a socket.
///
/// # Errors
/// As for [`create`].
///
/// # Safety
/// As for [`lookup`].
pub unsafe fn mknod(
    pu: &Usermount,
    dir: *mut puffs_node,
    pni: &Newinfo,
    pcn: *const puffs_cn,
    va: &vattr,
) -> Result<(), i32> {
    let kind: mode_t = mode_with_type(0, va.va_type);
    let rdev = if va.va_rdev == NONE.va_rdev {
        0
    } else {
        va.va_rdev
    };
    // SAFETY: by contract.
    let mode = unsafe { first_mode(pcn, va) };
    let new = |place: &Place| {
        host::mknod(place.dir(), &place.name, kind | mode | 0o600, rdev)?;
        place.open()
    };
    // SAFETY: by contract.
    unsafe { make(pu, dir, pni, pcn, va, new) }
}

/// Makes a directory.
///
/// # Errors
/// As for [`create`].
///
/// # Safety
/// As for [`lookup`].
pub unsafe fn mkdir(
    pu: &Usermount,
    dir: *mut puffs_node,
    pni: &Newinfo,
    pcn: *const puffs_cn,
    va: &vattr,
) -> Result<(), i32> {
    // SAFETY: by contract.
    let mode = unsafe { first_mode(pcn, va) };
    let new = |place: &Place| {
        host::mkdir(place.dir(), &place.name, mode | 0o700)?;
        place.open()
    };
    // SAFETY: by contract.
    unsafe { make(pu, dir, pni, pcn, va, new) }
}

/// Makes a symbolic link.
///
/// # Errors
/// As for [`create`].
///
/// # Safety
/// As for [`lookup`].
pub unsafe fn symlink(
    pu: &Usermount,
    dir: *mut puffs_node,
    pni: &Newinfo,
    pcn: *const puffs_cn,
    va: &vattr,
    target: &CStr,
) -> Result<(), i32> {
    let new = |place: &Place| {
        host::symlink(target, place.dir(), &place.name)?;
        place.open()
    };
    // SAFETY: by contract.
    unsafe { make(pu, dir, pni, pcn, va, new) }
}

/// Gives a file one more name.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// As for [`lookup`]; `targ` lives.
pub unsafe fn link(
    pu: &Usermount,
    dir: *mut puffs_node,
    targ: *mut puffs_node,
    pcn: *const puffs_cn,
) -> Result<(), i32> {
    // SAFETY: by contract.
    unsafe {
        let place = Place::of(pu, &full(pcn)?, dir)?;
        let file = reach(pu, targ, libc::O_PATH)?;
        host::link(file.fd(), place.dir(), &place.name)
    }
}

/// The place of a name of a node that exists. Such names come without a path, so it is built here. Where a server changes names by functions
/// of its own, and this one leads elsewhere, it may have been changed already: then the node's path counts.
///
/// # Safety
/// As for [`lookup`]; `node` lives.
unsafe fn named(
    pu: &Usermount,
    dir: *mut puffs_node,
    pcn: *const puffs_cn,
    node: *mut puffs_node,
) -> Result<(Place, Ident), i32> {
    // SAFETY: by contract.
    unsafe {
        let ident = match ident_of(node) {
            Some(ident) => ident,
            None => reach(pu, node, libc::O_PATH)?.stat.ident,
        };
        let there = |place: Result<Place, i32>| {
            let place = place?;
            match place.stat()?.ident == ident {
                true => Ok((place, ident)),
                false => Err(libc::ESTALE),
            }
        };
        let by_name = there(place_of(pu, dir, pcn));
        if by_name.is_ok() || !pu.paths().change_names() {
            return by_name;
        }
        match kept(node).gone {
            Some(_) => Err(libc::ENOENT),
            None => there(Place::of(pu, &(*node).pn_po, dir)),
        }
    }
}

/// Where a name without a path leads.
unsafe fn place_of(
    pu: &Usermount,
    dir: *mut puffs_node,
    pcn: *const puffs_cn,
) -> Result<Place, i32> {
    let mut kcn = Box::<puffs_kcn>::new_uninit();
    // SAFETY: by contract of `named`. The copy is ours, so that the server's functions may write there; what is behind a short name
    // need not have been written.
    unsafe {
        let from: *const puffs_kcn = (*pcn).pcn_pkcnp;
        from.copy_to_nonoverlapping(kcn.as_mut_ptr(), 1);
        let mut copy = puffs_cn {
            pcn_pkcnp: kcn.as_mut_ptr(),
            pcn_cred: (*pcn).pcn_cred,
            pcn_po_full: puffs_pathobj::NONE,
        };
        paths::build(pu, &raw mut copy, dir)?;
        let place = Place::of(pu, &copy.pcn_po_full, dir);
        paths::free(pu, &mut copy.pcn_po_full);
        place
    }
}

/// A name of the node has gone, by removal or under another file. If that was its last, nobody finds the node any more; if it was
/// the one in its path, the descriptor is all that leads to it until another name is looked up.
unsafe fn lost_name(pu: &Usermount, node: *mut puffs_node, file: OwnedFd, was_last: bool) {
    let nlink = host::stat(file.as_fd(), c"").map_or(0, |stat| stat.nlink);
    // SAFETY: by contract of the operations.
    unsafe {
        // A path that still leads there is as good as before: it was another name.
        if nlink > 0
            && !was_last
            && kept(node).gone.is_none()
            && reach(pu, node, libc::O_PATH).is_ok()
        {
            return;
        }
        let kept = kept(node);
        if kept.gone.is_none() {
            kept.gone = Some(file);
        }
        if nlink == 0 || was_last {
            nodes::remove(node);
            // Nothing is to be kept of it once nobody uses it. Only those operations may ask for that which remove names.
            if let Some(cc) = pu.current().as_ref() {
                let _ = cc.add_setback(setback::NOREF_N2);
            }
        }
    }
}

/// Removes a name of anything but a directory.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// As for [`lookup`]; `targ` lives. `pcn` needs no path.
pub unsafe fn remove(
    pu: &Usermount,
    dir: *mut puffs_node,
    targ: *mut puffs_node,
    pcn: *const puffs_cn,
) -> Result<(), i32> {
    // SAFETY: by contract.
    unsafe { unname(pu, dir, targ, pcn, 0) }
}

/// Removes a directory.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// As for [`remove`].
pub unsafe fn rmdir(
    pu: &Usermount,
    dir: *mut puffs_node,
    targ: *mut puffs_node,
    pcn: *const puffs_cn,
) -> Result<(), i32> {
    // SAFETY: by contract.
    unsafe { unname(pu, dir, targ, pcn, libc::AT_REMOVEDIR) }
}

unsafe fn unname(
    pu: &Usermount,
    dir: *mut puffs_node,
    targ: *mut puffs_node,
    pcn: *const puffs_cn,
    flags: c_int,
) -> Result<(), i32> {
    // SAFETY: by contract.
    unsafe {
        let (place, _) = named(pu, dir, pcn, targ)?;
        let file = place.open()?;
        host::unlink(place.dir(), &place.name, flags)?;
        lost_name(pu, targ, file, flags == libc::AT_REMOVEDIR);
    }
    Ok(())
}

/// Renames a node; what has the new name is replaced.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// As for [`lookup`], for both ends; `src` lives; `targ` is null or lives. Only the target's name needs a path.
pub unsafe fn rename(
    pu: &Usermount,
    from: (*mut puffs_node, *mut puffs_node, *const puffs_cn),
    to: (*mut puffs_node, *mut puffs_node, *const puffs_cn),
) -> Result<(), i32> {
    let ((src_dir, src, src_pcn), (targ_dir, targ, targ_pcn)) = (from, to);
    // SAFETY: by contract.
    unsafe {
        let (old, ident) = named(pu, src_dir, src_pcn, src)?;
        let new = Place::of(pu, &full(targ_pcn)?, targ_dir)?;
        let replaced = match targ.is_null() {
            true => None,
            false => Some(new.open()?),
        };
        let is_dir = (*src).pn_va.va_type == VDIR;
        host::rename((old.dir(), &old.name), (new.dir(), &new.name))?;
        // Two names of one file stay as they are.
        if old.stat().is_ok_and(|stat| stat.ident == ident) {
            return Ok(());
        }
        kept(src).gone = None;
        if let Some(file) = replaced {
            lost_name(pu, targ, file, is_dir);
        }
    }
    Ok(())
}
