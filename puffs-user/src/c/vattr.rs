//! `struct vattr`, the attributes of a node, and `enum vtype`.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_long, c_uint, c_ulong};

use libc::{dev_t, gid_t, ino_t, mode_t, timespec, uid_t};

use crate::vtype::Vtype;

/// What kind of thing a node is.
#[repr(C)]
pub enum vtype {
    /// No type.
    VNON,
    /// Regular file.
    VREG,
    /// Directory.
    VDIR,
    /// Block device.
    VBLK,
    /// Character device.
    VCHR,
    /// Symbolic link.
    VLNK,
    /// Socket.
    VSOCK,
    /// FIFO.
    VFIFO,
    /// Bad, or dead.
    VBAD,
}

/// Attributes of a node. `PUFFS_VNOVAL`, cast to its type, in a field says: not given, not to be changed.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct vattr {
    /// Type; `VNON` when not given.
    pub va_type: Vtype,
    /// Permission bits; may have the type bits too.
    pub va_mode: mode_t,
    /// Links. 32 bits wide: servers scan a number into it.
    pub va_nlink: u32,
    /// Owner.
    pub va_uid: uid_t,
    /// Group.
    pub va_gid: gid_t,
    /// File system id; the other side puts its own.
    pub va_fsid: dev_t,
    /// Inode number.
    pub va_fileid: ino_t,
    /// Size in bytes.
    pub va_size: u64,
    /// Block size for I/O.
    pub va_blocksize: c_long,
    /// Last access.
    pub va_atime: timespec,
    /// Last modification.
    pub va_mtime: timespec,
    /// Last change of the node.
    pub va_ctime: timespec,
    /// Creation.
    pub va_birthtime: timespec,
    /// Generation.
    pub va_gen: c_ulong,
    /// Flags of chflags.
    pub va_flags: c_ulong,
    /// Device number.
    pub va_rdev: dev_t,
    /// Bytes on disk.
    pub va_bytes: u64,
    /// Revision.
    pub va_filerev: u64,
    /// `VA_UTIMES_NULL`, `VA_EXCLUSIVE`.
    pub va_vaflags: c_uint,
    /// Not used.
    pub va_spare: c_long,
}
