//! The null layer: operations that pass a directory of the host's through. The paths that the library builds (`PUFFS_FLAG_BUILDPATH`)
//! must be the host's, the root's (`puffs_setroot`, `puffs_getrootpathobj`) that of the directory. Each returns 0 or an errno value; `EINVAL` for null
//! pointers and without a path.
//!
//! A file is known by device and inode number. Where another one has taken its place, its node says `ESTALE`. No symbolic link is followed below the root.
//! A server with root's rights gives new files to whoever asked for them.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::slice;

use libc::off_t;
use puffs_user::c::dirent::puffs_dirent;
use puffs_user::c::name::puffs_cn;
use puffs_user::c::node::puffs_node;
use puffs_user::c::ops::puffs_ops;
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::statvfs::puffs_statvfs;
use puffs_user::c::vattr::vattr;
use puffs_user::cred::Cred;
use puffs_user::newinfo::Newinfo;
use puffs_user::null::Listing;
use puffs_user::usermount::Usermount;
use puffs_user::{genops, null};

use super::context;
use super::generic::{puffs_fsnop_sync, puffs_fsnop_unmount, puffs_genfs_node_reclaim};

/// 0 or an errno value.
fn answer(result: Result<(), i32>) -> c_int {
    match result {
        Ok(()) => 0,
        Err(errno) => errno,
    }
}

/// The context and the node that an operation is about.
///
/// # Safety
/// `pu` is null or from `puffs_init`, `opc` a cookie that stands for a node.
unsafe fn on<'a>(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
) -> Result<(&'a Usermount, *mut puffs_node), i32> {
    // SAFETY: by contract.
    let pu = unsafe { context(pu) }.ok_or(libc::EINVAL)?;
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
unsafe fn there<'a, T>(pointer: *const T) -> Result<&'a T, i32> {
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
        let pu = unsafe { context(pu) }.ok_or(libc::EINVAL)?;
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
        let (pu, pni) = unsafe { (context(pu).ok_or(libc::EINVAL)?, there(pni)?) };
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
        let (pu, node) = unsafe { on(pu, opc) }?;
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
            let (pu, dir) = on(pu, dir)?;
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
            let (pu, dir) = on(pu, dir)?;
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
            let (pu, dir) = on(pu, dir)?;
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
            let (pu, dir) = on(pu, dir)?;
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
            let (pu, dir) = on(pu, dir)?;
            whole(pcn)?;
            let target = CStr::from_ptr(there(target)?);
            null::symlink(pu, dir, there(pni)?, pcn, there(vap)?, target)
        }
    };
    answer(run())
}

/// node_getattr: gives what the host says of the file.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_getattr(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    vap: *mut vattr,
    _pcr: *const Cred,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, node) = on(pu, opc)?;
            there(vap)?;
            vap.write(null::getattr(pu, node)?);
        }
        Ok(())
    };
    answer(run())
}

/// node_setattr: changes owner, mode, size and times of the file, as far as they are given. `EOPNOTSUPP` for flags.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_setattr(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    vap: *const vattr,
    pcr: *const Cred,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, node) = on(pu, opc)?;
            null::setattr(pu, node, there(vap)?, pcr.as_ref())
        }
    };
    answer(run())
}

/// node_fsync: brings the file to stable storage, whatever range was asked for; only its data with `PUFFS_FSYNC_DATAONLY`.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_fsync(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    _pcr: *const Cred,
    flags: c_int,
    _offlo: off_t,
    _offhi: off_t,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, node) = on(pu, opc)?;
            null::fsync(pu, node, flags)
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
            let ((_, dir), (pu, targ)) = (on(pu, dir)?, on(pu, targ)?);
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
            let ((_, dir), (pu, targ)) = (on(pu, dir)?, on(pu, targ)?);
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
            let ((_, dir), (pu, targ)) = (on(pu, dir)?, on(pu, targ)?);
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
            let ((_, sdir), (_, src), (pu, tdir)) = (on(pu, sdir)?, on(pu, src)?, on(pu, tdir)?);
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

/// node_readlink: says where a symbolic link leads.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_readlink(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    _pcr: *const Cred,
    linkname: *mut c_char,
    linklen: *mut usize,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, node) = on(pu, opc)?;
            let room = *there(linklen)?;
            there(linkname)?;
            let to = slice::from_raw_parts_mut(linkname.cast(), room);
            linklen.write(null::readlink(pu, node, to)?);
        }
        Ok(())
    };
    answer(run())
}

/// node_readdir: lists a directory, "." and ".." included. Offsets are the host's own, and hold whatever is made and removed meanwhile.
/// `EINVAL` when not even one record fits.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_readdir(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    dent: *mut puffs_dirent,
    readoff: *mut off_t,
    reslen: *mut usize,
    _pcr: *const Cred,
    eofflag: *mut c_int,
    cookies: *mut off_t,
    ncookies: *mut usize,
) -> c_int {
    let run = || {
        let mut dent = dent;
        // SAFETY: by contract.
        unsafe {
            let (pu, node) = on(pu, opc)?;
            let (Some(offset), Some(left), Some(eof), Some(stored), false) = (
                readoff.as_mut(),
                reslen.as_mut(),
                eofflag.as_mut(),
                ncookies.as_mut(),
                dent.is_null(),
            ) else {
                return Err(libc::EINVAL);
            };
            let room = core::mem::replace(stored, 0);
            let listing = Listing {
                dent: &mut dent,
                offset,
                left,
                eof,
                cookies: (!cookies.is_null()).then_some((cookies, room, stored)),
            };
            null::readdir(pu, node, listing)
        }
    };
    answer(run())
}

/// node_read: reads a regular file.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_read(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    buf: *mut u8,
    offset: off_t,
    resid: *mut usize,
    _pcr: *const Cred,
    _ioflag: c_int,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, node) = on(pu, opc)?;
            there(buf)?;
            let left = resid.as_mut().ok_or(libc::EINVAL)?;
            *left -= null::read(pu, node, buf, *left, offset)?;
        }
        Ok(())
    };
    answer(run())
}

/// node_write: writes a regular file; at its end with `PUFFS_IO_APPEND`.
///
/// # Safety
/// The arguments are null or what an operation gets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn puffs_null_node_write(
    pu: *mut Usermount,
    opc: puffs_cookie_t,
    buf: *mut u8,
    offset: off_t,
    resid: *mut usize,
    pcr: *const Cred,
    ioflag: c_int,
) -> c_int {
    let run = || {
        // SAFETY: by contract.
        unsafe {
            let (pu, node) = on(pu, opc)?;
            there(buf)?;
            let left = resid.as_mut().ok_or(libc::EINVAL)?;
            *left -= null::write(pu, node, buf, *left, offset, ioflag, pcr.as_ref())?;
        }
        Ok(())
    };
    answer(run())
}
