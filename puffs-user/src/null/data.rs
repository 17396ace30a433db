//! Data: read, write, fsync, readlink.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use core::ffi::c_int;

use super::attr::drop_setid;
use super::host;
use super::kept;
use super::place::{Reached, reach};
use crate::c::consts::{PUFFS_FSYNC_DATAONLY, PUFFS_IO_APPEND};
use crate::c::node::puffs_node;
use crate::cred::Cred;
use crate::usermount::Usermount;
use crate::vtype::{VDIR, VREG};

/// Opens a regular file.
unsafe fn open<'n>(
    pu: &Usermount,
    node: *mut puffs_node,
    flags: c_int,
) -> Result<Reached<'n>, i32> {
    // SAFETY: by contract of the operations.
    unsafe {
        if let (0, Some(rights)) = (flags & libc::O_APPEND, &kept(node).rights) {
            // It is open as long as the node keeps it, and nobody changes that meanwhile.
            return Reached::kept(BorrowedFd::borrow_raw(rights.fd.as_raw_fd()));
        }
        // A device or a FIFO must not even be opened, nor waited for.
        match (*node).pn_va.va_type {
            VREG => {}
            VDIR => return Err(libc::EISDIR),
            _ => return Err(libc::EOPNOTSUPP),
        }
        let file = reach(pu, node, flags | libc::O_NONBLOCK | libc::O_NOCTTY)?;
        match file.stat.vtype() {
            VREG => Ok(file),
            _ => Err(libc::ESTALE),
        }
    }
}

/// Reads up to `len` bytes; returns how many there were.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// The root node and `node` live, paths are strings, and `buf` has room for `len` bytes.
pub unsafe fn read(
    pu: &Usermount,
    node: *mut puffs_node,
    buf: *mut u8,
    len: usize,
    offset: i64,
) -> Result<usize, i32> {
    // SAFETY: by contract.
    unsafe {
        let file = open(pu, node, libc::O_RDONLY)?;
        host::read(file.fd(), buf, len, offset)
    }
}

/// Writes `len` bytes; returns how many were written.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// The root node and `node` live, paths are strings, and `buf` has `len` bytes.
pub unsafe fn write(
    pu: &Usermount,
    node: *mut puffs_node,
    buf: *const u8,
    len: usize,
    offset: i64,
    ioflag: c_int,
    cred: Option<&Cred>,
) -> Result<usize, i32> {
    let append = match ioflag & PUFFS_IO_APPEND {
        0 => 0,
        // The host knows where the end is.
        _ => libc::O_APPEND,
    };
    // SAFETY: by contract.
    unsafe {
        let file = open(pu, node, libc::O_WRONLY | append)?;
        let written = host::write(file.fd(), buf, len, offset)?;
        drop_setid(file.fd(), &file.stat, cred)?;
        Ok(written)
    }
}

/// Brings a file or directory to stable storage.
///
/// # Errors
/// An errno value.
///
/// # Safety
/// The root node and `node` live, and paths are strings.
pub unsafe fn fsync(pu: &Usermount, node: *mut puffs_node, flags: c_int) -> Result<(), i32> {
    let data_only = flags & PUFFS_FSYNC_DATAONLY != 0;
    // SAFETY: by contract.
    unsafe {
        match (*node).pn_va.va_type {
            VREG => host::fsync(open(pu, node, libc::O_RDONLY)?.fd(), data_only),
            VDIR => {
                let flags = libc::O_RDONLY | libc::O_DIRECTORY;
                host::fsync(reach(pu, node, flags)?.fd(), data_only)
            }
            _ => Ok(()),
        }
    }
}

/// Reads where a symbolic link leads; returns the length.
///
/// # Errors
/// An errno value; `EINVAL` for what is no link.
///
/// # Safety
/// The root node and `node` live, and paths are strings.
pub unsafe fn readlink(pu: &Usermount, node: *mut puffs_node, to: &mut [u8]) -> Result<usize, i32> {
    // SAFETY: by contract.
    let file = unsafe { reach(pu, node, libc::O_PATH) }?;
    match host::readlink(file.fd().as_fd(), to) {
        Err(libc::ENOENT) => Err(libc::EINVAL),
        result => result,
    }
}
