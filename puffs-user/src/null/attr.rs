//! Attributes: of files that have just been made, getattr, setattr, statvfs.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use core::ffi::c_ulong;

use libc::{S_ISGID, S_ISUID, S_IXGRP, mode_t, timespec};

use super::host::{self, Stat};
use super::kept;
use super::place::{self, reach};
use crate::attr::{NONE, attr_out, merge};
use crate::c::consts::VA_UTIMES_NULL;
use crate::c::node::puffs_node;
use crate::c::statvfs::puffs_statvfs;
use crate::c::vattr::vattr;
use crate::cred::Cred;
use crate::usermount::Usermount;
use crate::vtype::{VDIR, VLNK, VREG};

/// The bits without which the owner may not open a file again.
const OWNER: mode_t = 0o600;

/// A file that has just been made.
pub(super) struct Fresh<'a> {
    /// Its directory.
    pub(super) dir: BorrowedFd<'a>,
    pub(super) made: &'a Stat,
    /// Who wanted it.
    pub(super) cred: Option<&'a Cred>,
}

/// Gives a new file what was asked for. It belongs to whoever asked, where this process may give files away; its group is then that
/// of the directory, if the directory says so.
pub(super) fn finish(fd: BorrowedFd<'_>, va: &vattr, fresh: &Fresh<'_>) -> Result<(), i32> {
    let (mut uid, mut gid) = (va.va_uid, va.va_gid);
    if let (true, Some(cred)) = (host::is_root(), fresh.cred) {
        if uid == NONE.va_uid {
            uid = cred.uid().unwrap_or(uid);
        }
        if gid == NONE.va_gid && host::stat(fresh.dir, c"")?.attr.va_mode & S_ISGID == 0 {
            gid = cred.gid().unwrap_or(gid);
        }
    }
    let made = &fresh.made.attr;
    let mut changed = false;
    let other = |new: u32, old: u32| new != u32::MAX && new != old;
    if other(uid, made.va_uid) || other(gid, made.va_gid) {
        host::chown(fd, uid, gid)?;
        changed = true;
    }
    let vtype = fresh.made.vtype();
    if va.va_size != NONE.va_size && vtype == VREG {
        host::ftruncate(fd, va.va_size as i64)?;
    }
    if va.va_mode != NONE.va_mode && vtype != VLNK {
        // Directories inherit this one.
        let inherited = match vtype {
            VDIR => made.va_mode & S_ISGID,
            _ => 0,
        };
        let mode = va.va_mode & 0o7777 | inherited;
        if changed || mode != made.va_mode & 0o7777 {
            host::chmod(fd, mode)?;
            changed = true;
        }
    }
    if set_times(fd, va)? || !changed {
        return Ok(());
    }
    // What is new has one time, whatever was done to it since.
    let now = libc::timespec {
        tv_sec: 0,
        tv_nsec: libc::UTIME_NOW,
    };
    host::utimens(fd, &[now, now])
}

/// A mode without the set-id bits that a file loses when somebody writes to it. Without `S_IXGRP` set-group-id does not mean the group's
/// rights; then it is lost only to strangers.
fn without_setid(mode: mode_t, gid: u32, cred: Option<&Cred>) -> mode_t {
    match cred {
        Some(cred) if mode & (S_ISUID | S_ISGID) != 0 && !cred.is_juggernaut() => {
            let group = mode & S_IXGRP != 0 || !cred.has_group(gid);
            mode & !S_ISUID & !if group { S_ISGID } else { 0 }
        }
        _ => mode,
    }
}

/// A file that somebody writes to loses its set-id bits, as it would if they did it themselves: the host does not see them.
pub(super) fn drop_setid(fd: BorrowedFd<'_>, stat: &Stat, cred: Option<&Cred>) -> Result<(), i32> {
    let mode = stat.attr.va_mode & 0o7777;
    let left = without_setid(mode, stat.attr.va_gid, cred);
    match left == mode || stat.vtype() != VREG {
        true => Ok(()),
        false => host::chmod(fd, left),
    }
}

/// Whether nothing is to be changed.
fn is_none(va: &vattr) -> bool {
    let mut changed = NONE;
    merge(&mut changed, va);
    let none = attr_out(&changed) == attr_out(&NONE);
    none && va.va_vaflags == 0
}

/// Sets what times are given; whether there were any.
fn set_times(fd: BorrowedFd<'_>, va: &vattr) -> Result<bool, i32> {
    let now = va.va_vaflags & VA_UTIMES_NULL != 0;
    let time = |t: timespec| match () {
        () if t.tv_sec == NONE.va_atime.tv_sec && t.tv_nsec == NONE.va_atime.tv_nsec => timespec {
            tv_sec: 0,
            tv_nsec: libc::UTIME_OMIT,
        },
        // The host knows what time it is, and lets more people say so.
        () if now => timespec {
            tv_sec: 0,
            tv_nsec: libc::UTIME_NOW,
        },
        () => t,
    };
    let times = [time(va.va_atime), time(va.va_mtime)];
    match times.iter().all(|t| t.tv_nsec == libc::UTIME_OMIT) {
        true => Ok(false),
        false => host::utimens(fd, &times).map(|()| true),
    }
}

/// Keeps a regular file open that this process could not open again with these permission bits, or closes one that it can.
///
/// # Safety
/// The node lives.
pub(super) unsafe fn keep_rights(
    pu: &Usermount,
    node: *mut puffs_node,
    mode: mode_t,
    open: impl FnOnce() -> Result<OwnedFd, i32>,
) {
    // SAFETY: by contract.
    unsafe {
        if (*node).pn_va.va_type != VREG || host::is_root() {
            return;
        }
        let kept = kept(node);
        if mode & OWNER == OWNER {
            kept.rights = None;
        } else if kept.rights.is_none() {
            // Without it reads or writes will fail, as they would for anybody else.
            kept.rights = open().ok().and_then(|fd| pu.null().keep_rights(fd));
        }
    }
}

/// Gives a file's attributes.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// The root node and `node` live, and paths are strings.
pub unsafe fn getattr(pu: &Usermount, node: *mut puffs_node) -> Result<vattr, i32> {
    // SAFETY: by contract.
    unsafe { reach(pu, node, libc::O_PATH) }.map(|reached| reached.stat.attr)
}

/// Changes a file's attributes.
///
/// # Errors
/// An errno value; `EOPNOTSUPP` for flags.
///
/// # Safety
/// As for [`getattr`].
pub unsafe fn setattr(
    pu: &Usermount,
    node: *mut puffs_node,
    va: &vattr,
    cred: Option<&Cred>,
) -> Result<(), i32> {
    if va.va_flags != NONE.va_flags {
        return Err(libc::EOPNOTSUPP);
    }
    // SAFETY: by contract.
    unsafe {
        let file = reach(pu, node, libc::O_PATH)?;
        let (fd, vtype) = (file.fd(), file.stat.vtype());
        if va.va_size != NONE.va_size {
            let size = i64::try_from(va.va_size).map_err(|_| libc::EFBIG)?;
            match (vtype, &kept(node).rights) {
                (VREG, Some(rights)) => host::ftruncate(rights.fd.as_fd(), size)?,
                (VREG, None) => host::truncate(fd, size)?,
                (VDIR, _) => return Err(libc::EISDIR),
                _ => {}
            }
            drop_setid(fd, &file.stat, cred)?;
        }
        let owner = va.va_uid != NONE.va_uid || va.va_gid != NONE.va_gid;
        // chown(2) that changes nothing comes as a request that changes nothing, and is a change of the file even so.
        if owner || is_none(va) {
            host::chown(fd, va.va_uid, va.va_gid)?;
        }
        if va.va_mode != NONE.va_mode {
            let mut mode = va.va_mode & 0o7777;
            if va.va_size != NONE.va_size {
                mode = without_setid(mode, file.stat.attr.va_gid, cred);
            }
            // Whoever has the file open goes on with it, so we must be able to as well.
            if mode & OWNER != OWNER {
                keep_rights(pu, node, mode, || host::reopen(fd, libc::O_RDWR));
            }
            host::chmod(fd, mode)?;
            if mode & OWNER == OWNER {
                keep_rights(pu, node, mode, || Err(libc::EBADF));
            }
        }
        set_times(fd, va)?;
        merge(&mut (*node).pn_va, va);
    }
    Ok(())
}

/// Gives the figures of the file system that the root is on.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// The root node lives, and its path is a string.
pub unsafe fn statvfs(pu: &Usermount) -> Result<puffs_statvfs, i32> {
    // SAFETY: by contract.
    let root = unsafe { place::root(pu) }?;
    let st = host::statvfs(root.as_fd())?;
    Ok(puffs_statvfs {
        f_bsize: st.f_bsize as c_ulong,
        f_frsize: st.f_frsize as c_ulong,
        f_iosize: st.f_bsize as c_ulong,
        f_blocks: st.f_blocks,
        f_bfree: st.f_bfree,
        f_bavail: st.f_bavail,
        f_bresvd: st.f_bfree.saturating_sub(st.f_bavail),
        f_files: st.f_files,
        f_ffree: st.f_ffree,
        f_favail: st.f_favail,
        f_fresvd: st.f_ffree.saturating_sub(st.f_favail),
        f_namemax: st.f_namemax as c_ulong,
        ..puffs_statvfs::ZERO
    })
}
