//! The null layer's operations on files that have been found: attributes, data, listings.

use core::ffi::{c_char, c_int};
use core::slice;

use libc::off_t;
use puffs_user::c::dirent::puffs_dirent;
use puffs_user::c::puffs_cookie_t;
use puffs_user::c::vattr::vattr;
use puffs_user::cred::Cred;
use puffs_user::null::{self, Listing};
use puffs_user::usermount::Usermount;

use super::null::{answer, on, there};

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
            let (pu, node) = on("puffs_null_node_getattr", pu, opc)?;
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
            let (pu, node) = on("puffs_null_node_setattr", pu, opc)?;
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
            let (pu, node) = on("puffs_null_node_fsync", pu, opc)?;
            null::fsync(pu, node, flags)
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
            let (pu, node) = on("puffs_null_node_readlink", pu, opc)?;
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
            let (pu, node) = on("puffs_null_node_readdir", pu, opc)?;
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
            let (pu, node) = on("puffs_null_node_read", pu, opc)?;
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
            let (pu, node) = on("puffs_null_node_write", pu, opc)?;
            there(buf)?;
            let left = resid.as_mut().ok_or(libc::EINVAL)?;
            *left -= null::write(pu, node, buf, *left, offset, ioflag, pcr.as_ref())?;
        }
        Ok(())
    };
    answer(run())
}
