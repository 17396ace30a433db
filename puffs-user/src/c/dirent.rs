//! `struct puffs_dirent`, a record of readdir: `struct dirent` of the reference.
//!
//! The tag differs because glibc's `<dirent.h>` has the plain one. The layout is that of
//! [`puffs_core::msg::body::Dirent`]: records go into the answer as the server wrote them.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::c_char;
use core::mem::offset_of;

use libc::ino_t;
use puffs_core::msg::body;
use static_assertions::const_assert_eq;

/// Room for a name and its terminator.
pub const PUFFS_DIRENT_NAMESIZE: usize = 512;

/// A record of readdir. Only `d_reclen` bytes of it are there.
#[repr(C)]
pub struct puffs_dirent {
    /// Inode number.
    pub d_fileno: ino_t,
    /// Length of the record, a multiple of 8.
    pub d_reclen: u16,
    /// Length of the name.
    pub d_namlen: u16,
    /// `DT_*` of `<dirent.h>`.
    pub d_type: u8,
    /// The name, ended by a NUL.
    pub d_name: [c_char; PUFFS_DIRENT_NAMESIZE],
}

const_assert_eq!(offset_of!(puffs_dirent, d_name), body::DIRENT_NAME);
const_assert_eq!(offset_of!(puffs_dirent, d_reclen), 8);
const_assert_eq!(offset_of!(puffs_dirent, d_namlen), 10);
const_assert_eq!(offset_of!(puffs_dirent, d_type), 12);
