//! `struct puffs_statvfs`, the figures of a file system: `struct statvfs` of the reference.
//!
//! The tag differs because glibc's `<sys/statvfs.h>` has the plain one, with fewer fields.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{c_char, c_ulong};

use libc::uid_t;

/// Longest type name with its terminator.
pub const _VFS_NAMELEN: usize = 32;
/// Longest "device" name with its terminator.
pub const _VFS_MNAMELEN: usize = 1024;

/// A file system's id in two halves: `fsid_t` of the reference, where glibc's has other names.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct puffs_fsid {
    /// The halves.
    pub __fsid_val: [i32; 2],
}

/// Figures of a file system. The server fills the sizes and counts; flags, names and owner are put by the
/// other side.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct puffs_statvfs {
    /// Mount flags.
    pub f_flag: c_ulong,
    /// Block size.
    pub f_bsize: c_ulong,
    /// Fragment size: the unit of the block counts.
    pub f_frsize: c_ulong,
    /// Preferred I/O size.
    pub f_iosize: c_ulong,
    /// Blocks.
    pub f_blocks: u64,
    /// Free blocks.
    pub f_bfree: u64,
    /// Free blocks for users.
    pub f_bavail: u64,
    /// Reserved blocks.
    pub f_bresvd: u64,
    /// Nodes.
    pub f_files: u64,
    /// Free nodes.
    pub f_ffree: u64,
    /// Free nodes for users.
    pub f_favail: u64,
    /// Reserved nodes.
    pub f_fresvd: u64,
    /// Reads that somebody waited for; nobody counts them here.
    pub f_syncreads: u64,
    /// Writes that somebody waited for; as above.
    pub f_syncwrites: u64,
    /// Reads ahead; as above.
    pub f_asyncreads: u64,
    /// Other writes; as above.
    pub f_asyncwrites: u64,
    /// File system id, in halves.
    pub f_fsidx: puffs_fsid,
    /// File system id.
    pub f_fsid: c_ulong,
    /// Longest name.
    pub f_namemax: c_ulong,
    /// Who mounted it.
    pub f_owner: uid_t,
    /// Type's name.
    pub f_fstypename: [c_char; _VFS_NAMELEN],
    /// Mount point.
    pub f_mntonname: [c_char; _VFS_MNAMELEN],
    /// "Device".
    pub f_mntfromname: [c_char; _VFS_MNAMELEN],
}

impl puffs_statvfs {
    /// All zero.
    pub const ZERO: Self = puffs_statvfs {
        f_flag: 0,
        f_bsize: 0,
        f_frsize: 0,
        f_iosize: 0,
        f_blocks: 0,
        f_bfree: 0,
        f_bavail: 0,
        f_bresvd: 0,
        f_files: 0,
        f_ffree: 0,
        f_favail: 0,
        f_fresvd: 0,
        f_syncreads: 0,
        f_syncwrites: 0,
        f_asyncreads: 0,
        f_asyncwrites: 0,
        f_fsidx: puffs_fsid { __fsid_val: [0; 2] },
        f_fsid: 0,
        f_namemax: 0,
        f_owner: 0,
        f_fstypename: [0; _VFS_NAMELEN],
        f_mntonname: [0; _VFS_MNAMELEN],
        f_mntfromname: [0; _VFS_MNAMELEN],
    };
}
