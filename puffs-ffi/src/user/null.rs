//! The null layer: operations that pass a directory of the host's through. The paths that the library builds (`PUFFS_FLAG_BUILDPATH`)
//! must be the host's, the root's (`puffs_setroot`, `puffs_getrootpathobj`) that of the directory. Each returns 0 or an errno value; `EINVAL` for null
//! pointers and without a path.
//!
//! A file is known by device and inode number. Where another one has taken its place, its node says `ESTALE`. No symbolic link is followed below the root.
//! A server with root's rights gives new files to whoever asked for them.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::slice;

use puffs_user::c::name::puffs_cn;
use puffs_user::c::node::puffs_node;
use puffs_user::c::ops::puffs_ops;
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::statvfs::puffs_statvfs;
use puffs_user::c::vattr::vattr;
use puffs_user::newinfo::Newinfo;
use puffs_user::usermount::Usermount;
use puffs_user::{genops, null};

use super::context;
use super::generic::{puffs_fsnop_sync, puffs_fsnop_unmount, puffs_genfs_node_reclaim};
use super::null_files::{
    puffs_null_node_fsync, puffs_null_node_getattr, puffs_null_node_read, puffs_null_node_readdir,
    puffs_null_node_readlink, puffs_null_node_setattr, puffs_null_node_write,
};

/// 0 or an errno value.
pub(super) fn answer(result: Result<(), i32>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(errno) => errno,
    }
}

/// The context and the node that an operation is about.
///
/// # Safety
/// `pu` is null or from `puffs_init`, `opc` a cookie that stands for a node.
pub(super) unsafe fn on<'a>(
    function: &str,
    pu: *mut Usermount,
    opc: puffs_cookie_t,
) -> Result<(&'a Usermount, *mut puffs_node), i32> {
    // SAFETY: by contract.
    let pu = unsafe { context(function, pu) }?;
    // SAFETY: by contract.
    let node = unsafe { genops::node_of(pu, opc) };
    match node.is_null() {
        true => Err(libc::EINVAL),
        false => Ok((pu, node)),
    }
}

/// Whether a name is there at all.
///
/// # Safety
/// `pcn` is null or a name.
unsafe fn whole(pcn: *const puffs_cn) -> Result<(), i32> {
    // SAFETY: by contract.
    match pcn.is_null() || unsafe { (*pcn).pcn_pkcnp.is_null() } {
        true => Err(libc::EINVAL),
        false => Ok(()),
    }
}

/// What something points to.
///
/// # Safety
/// Null or valid until the result is given up.
pub(super) unsafe fn there<'a, T>(pointer: *const T) -> Result<&'a T, i32> {
    // SAFETY: by contract.
    unsafe { pointer.as_ref() }.ok_or(libc::EINVAL)
}

/// Fills a table with the null layer: statvfs, fhtonode, nodetofh, lookup, create, mknod, getattr, setattr, fsync, remove, link, rename,
/// mkdir, rmdir, symlink, readlink, readdir, read, write; an unmount and a sync that do nothing; and a reclaim that puts the node. Other operations may be
/// entered afterwards, in place of these too.
///
/// # Safety
/// `pops` is null or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_setops(pops: *mut puffs_ops) {
    // SAFETY: by contract.
    let Some(pops) = (unsafe { pops.as_mut() }) else {
        return;
    };
    *pops = puffs_ops {
        puffs_fs_unmount: Some(puffs_fsnop_unmount),
        puffs_fs_sync: Some(puffs_fsnop_sync),
        puffs_fs_statvfs: Some(puffs_null_fs_statvfs),
        puffs_fs_fhtonode: Some(puffs_null_fs_fhtonode),
        puffs_fs_nodetofh: Some(puffs_null_fs_nodetofh),
        puffs_node_lookup: Some(puffs_null_node_lookup),
        puffs_node_create: Some(puffs_null_node_create),
        puffs_node_mknod: Some(puffs_null_node_mknod),
        puffs_node_getattr: Some(puffs_null_node_getattr),
        puffs_node_setattr: Some(puffs_null_node_setattr),
        puffs_node_fsync: Some(puffs_null_node_fsync),
        puffs_node_remove: Some(puffs_null_node_remove),
        puffs_node_link: Some(puffs_null_node_link),
        puffs_node_rename: Some(puffs_null_node_rename),
        puffs_node_mkdir: Some(puffs_null_node_mkdir),
        puffs_node_rmdir: Some(puffs_null_node_rmdir),
        puffs_node_symlink: Some(puffs_null_node_symlink),
        puffs_node_readlink: Some(puffs_null_node_readlink),
        puffs_node_readdir: Some(puffs_null_node_readdir),
        puffs_node_read: Some(puffs_null_node_read),
        puffs_node_write: Some(puffs_null_node_write),
        puffs_node_reclaim: Some(puffs_genfs_node_reclaim),
        ..*pops
    };
}

/// fs_statvfs: figures of the file system that the root is on.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_fs_statvfs(
    pu: *mut Usermount,
    sbp: *mut puffs_statvfs,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        let pu = unsafe { context("puffs_null_fs_statvfs", pu) }?;
        if sbp.is_null() {
            return Err(libc::EINVAL);
        }
        // SAFETY: by contract.
        unsafe { sbp.write(null::statvfs(pu)?) };
        Ok(())
    };
    answer(run())
}

/// fs_fhtonode: finds the node of a handle that `puffs_null_fs_nodetofh` gave. `ENOENT` for others.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_fs_fhtonode(
    pu: *mut Usermount,
    fid: *mut c_void,
    fidsize: usize,
    pni: *mut Newinfo,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        let (pu, pni) = unsafe { (context("puffs_null_fs_fhtonode", pu)?, there(pni)?) };
        if fid.is_null() || fidsize > isize::MAX as usize {
            return Err(libc::EINVAL);
        }
        // SAFETY: by contract.
        unsafe { null::fhtonode(pu, slice::from_raw_parts(fid.cast(), fidsize), pni) }
    };
    answer(run())
}

/// fs_nodetofh: gives the handle that the host has for the file, for servers with `PUFFS_FHFLAG_PASSTHROUGH`. `E2BIG` and the length in
/// `*fidsize` when there is not enough room.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_fs_nodetofh(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    fid: *mut c_void,
    fidsize: *mut usize,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        let (pu, node) = unsafe { on("puffs_null_fs_nodetofh", pu, opc) }?;
        // SAFETY: by contract.
        let room = unsafe { *there(fidsize)? };
        if fid.is_null() {
            return Err(libc::EINVAL);
        }
        // SAFETY: by contract.
        let handle = unsafe { null::nodetofh(pu, node) }?;
        // SAFETY: by contract.
        unsafe { fidsize.write(handle.len()) };
        if handle.len() > room {
            return Err(libc::E2BIG);
        }
        // SAFETY: by contract, and it fits.
        unsafe {
            fid.cast::<u8>()
                .copy_from_nonoverlapping(handle.as_ptr(), handle.len());
        }
        Ok(())
    };
    answer(run())
}

/// node_lookup: finds a name.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_lookup(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, dir) = on("puffs_null_node_lookup", pu, dir)?;
            whole(pcn)?;
            null::lookup(pu, dir, there(pni)?, pcn)
        }
    };
    answer(run())
}

/// node_create: makes a regular file or a socket. Nothing is left of it when it cannot be finished.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_create(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
    vap: *const vattr,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, dir) = on("puffs_null_node_create", pu, dir)?;
            whole(pcn)?;
            null::create(pu, dir, there(pni)?, pcn, there(vap)?)
        }
    };
    answer(run())
}

/// node_mknod: makes a device or FIFO. Nothing is left of it when it cannot be finished.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_mknod(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
    vap: *const vattr,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, dir) = on("puffs_null_node_mknod", pu, dir)?;
            whole(pcn)?;
            null::mknod(pu, dir, there(pni)?, pcn, there(vap)?)
        }
    };
    answer(run())
}

/// node_mkdir: makes a directory. Nothing is left of it when it cannot be finished.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_mkdir(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
    vap: *const vattr,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, dir) = on("puffs_null_node_mkdir", pu, dir)?;
            whole(pcn)?;
            null::mkdir(pu, dir, there(pni)?, pcn, there(vap)?)
        }
    };
    answer(run())
}

/// node_symlink: makes a symbolic link. Nothing is left of it when it cannot be finished.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_symlink(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    pni: *mut Newinfo,
    pcn: *const puffs_cn,
    vap: *const vattr,
    target: *const c_char,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, dir) = on("puffs_null_node_symlink", pu, dir)?;
            whole(pcn)?;
            let target = CStr::from_ptr(there(target)?);
            null::symlink(pu, dir, there(pni)?, pcn, there(vap)?, target)
        }
    };
    answer(run())
}

/// node_remove: removes the name if it leads to the file, else the one that its path says. A file that is still used stays usable.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_remove(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    targ: puffs_cookie_t,
    pcn: *const puffs_cn,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let ((_, dir), (pu, targ)) = (
                on("puffs_null_node_remove", pu, dir)?,
                on("puffs_null_node_remove", pu, targ)?,
            );
            whole(pcn)?;
            null::remove(pu, dir, targ, pcn)
        }
    };
    answer(run())
}

/// node_rmdir: removes a directory, as `puffs_null_node_remove` does a file.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_rmdir(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    targ: puffs_cookie_t,
    pcn: *const puffs_cn,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let ((_, dir), (pu, targ)) = (
                on("puffs_null_node_rmdir", pu, dir)?,
                on("puffs_null_node_rmdir", pu, targ)?,
            );
            whole(pcn)?;
            null::rmdir(pu, dir, targ, pcn)
        }
    };
    answer(run())
}

/// node_link: gives a file one more name.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_link(
    pu: *mut Usermount,
    dir: puffs_cookie_t,
    targ: puffs_cookie_t,
    pcn: *const puffs_cn,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let ((_, dir), (pu, targ)) = (
                on("puffs_null_node_link", pu, dir)?,
                on("puffs_null_node_link", pu, targ)?,
            );
            whole(pcn)?;
            null::link(pu, dir, targ, pcn)
        }
    };
    answer(run())
}

/// node_rename: renames a file. What had the new name and is still used stays usable.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_rename(
    pu: *mut Usermount,
    sdir: puffs_cookie_t,
    src: puffs_cookie_t,
    pcn_src: *const puffs_cn,
    tdir: puffs_cookie_t,
    targ: puffs_cookie_t,
    pcn_targ: *const puffs_cn,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let ((_, sdir), (_, src), (pu, tdir)) = (
                on("puffs_null_node_rename", pu, sdir)?,
                on("puffs_null_node_rename", pu, src)?,
                on("puffs_null_node_rename", pu, tdir)?,
            );
            whole(pcn_src)?;
            whole(pcn_targ)?;
            let targ = match targ.is_null() {
                true => core::ptr::null_mut(),
                false => genops::node_of(pu, targ),
            };
            null::rename(pu, (sdir, src, pcn_src), (tdir, targ, pcn_targ))
        }
    };
    answer(run())
}
