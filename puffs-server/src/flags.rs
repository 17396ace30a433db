//! Small arguments of operations: what is to be opened, accessed, written, locked, and how.

use core::ffi::c_int;

use libc::mode_t;
use puffs_user::c::consts::{
    PUFFS_FSYNC_DATAONLY, PUFFS_FSYNC_WAIT, PUFFS_IO_APPEND, PUFFS_IO_NDELAY, PUFFS_LOCK_FLOCK,
    PUFFS_LOCK_WAIT, PUFFS_VEXEC, PUFFS_VREAD, PUFFS_VWRITE,
};

/// What somebody wants to do with a node: any of read, write, and execute or search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access(u32);

impl Access {
    /// To read.
    pub const READ: Access = Access(PUFFS_VREAD as u32);
    /// To write.
    pub const WRITE: Access = Access(PUFFS_VWRITE as u32);
    /// To execute a file, or to search a directory.
    pub const EXECUTE: Access = Access(PUFFS_VEXEC as u32);

    pub(crate) const fn of_c(mode: c_int) -> Access {
        Access(mode as u32 & 7)
    }

    /// The bits as in a mode: 4, 2, 1.
    pub const fn bits(self) -> mode_t {
        self.0
    }

    /// All of both.
    pub const fn and(self, other: Access) -> Access {
        Access(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn has(self, other: Access) -> bool {
        self.0 & other.0 == other.0
    }
}

/// How a file is opened, or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenFlags(c_int);

impl OpenFlags {
    pub(crate) const fn of_c(mode: c_int) -> OpenFlags {
        OpenFlags(mode)
    }

    /// For reading.
    pub const fn read(self) -> bool {
        self.0 & 1 != 0
    }

    /// For writing.
    pub const fn write(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether all of these bits of open(2) are there, such as `libc::O_APPEND`. Not for the access mode: see
    /// [`OpenFlags::read`] and [`OpenFlags::write`].
    pub const fn has(self, bits: c_int) -> bool {
        self.0 & bits & !libc::O_ACCMODE == bits
    }
}

/// What the kernel may do with an open file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Opened {
    /// Reads and writes pass the page cache by: each reaches the server as it was made.
    pub direct: bool,
}

/// How a read or write is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Io {
    /// A write goes to the end of the file, wherever that is now.
    pub append: bool,
    /// The caller would rather have `EAGAIN` than wait.
    pub nonblocking: bool,
}

impl Io {
    pub(crate) const fn of_c(ioflag: c_int) -> Io {
        Io {
            append: ioflag & PUFFS_IO_APPEND != 0,
            nonblocking: ioflag & PUFFS_IO_NDELAY != 0,
        }
    }
}

/// What of a file is to be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fsync {
    /// The contents only, and what is needed to find them.
    pub data_only: bool,
    /// The caller waits for it.
    pub wait: bool,
    /// First byte.
    pub start: u64,
    /// First byte behind; 0: to the end.
    pub end: u64,
}

impl Fsync {
    pub(crate) const fn of_c(flags: c_int, lo: i64, hi: i64) -> Fsync {
        Fsync {
            data_only: flags & PUFFS_FSYNC_DATAONLY != 0,
            wait: flags & PUFFS_FSYNC_WAIT != 0,
            start: lo as u64,
            end: hi as u64,
        }
    }
}

/// What a lookup is for. Servers that judge permissions do so here, before anything is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intent {
    /// The node is wanted.
    Look,
    /// The name is to be made: `ENOENT` says that it may be.
    Create,
    /// The name is to be taken away.
    Delete,
    /// The name is to be the new one of a rename, whether it is there or not.
    Rename,
}

/// Who gives an extended attribute its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// `user.`, which is not part of the name.
    User,
    /// Everything else; the prefix is part of the name, as in `trusted.x`.
    System,
}

/// What is asked about a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockOp {
    /// What lock is in the way of this one?
    Test,
    /// Set it.
    Set,
    /// Take it away.
    Unlock,
}

/// An advisory lock that somebody sets, takes away or asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lock {
    /// What to do.
    pub op: LockOp,
    /// Nobody else may have one; otherwise others may have their own that are not exclusive.
    pub exclusive: bool,
    /// Tells owners apart; one may not be in its own way.
    pub owner: u64,
    /// First byte.
    pub start: u64,
    /// Length; 0: to the end of the file, wherever that will be.
    pub len: u64,
    /// The owner's process.
    pub pid: u32,
    /// A lock of flock(2) on the whole file, which is none of those of fcntl(2).
    pub flock: bool,
    /// The caller waits until it can be had.
    pub wait: bool,
}

impl Lock {
    pub(crate) fn of_c(owner: u64, op: c_int, flock: &libc::flock, flags: c_int) -> Option<Lock> {
        Some(Lock {
            op: match op {
                libc::F_GETLK => LockOp::Test,
                libc::F_SETLK => LockOp::Set,
                libc::F_UNLCK => LockOp::Unlock,
                _ => return None,
            },
            exclusive: c_int::from(flock.l_type) == libc::F_WRLCK,
            owner,
            start: u64::try_from(flock.l_start).ok()?,
            len: u64::try_from(flock.l_len).ok()?,
            pid: u32::try_from(flock.l_pid).unwrap_or(0),
            flock: flags & PUFFS_LOCK_FLOCK != 0,
            wait: flags & PUFFS_LOCK_WAIT != 0,
        })
    }
}

/// A lock that is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conflict {
    /// Nobody else may have one.
    pub exclusive: bool,
    /// First byte.
    pub start: u64,
    /// Length; 0: to the end of the file.
    pub len: u64,
    /// The process that holds it.
    pub pid: u32,
}

/// Figures of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Statvfs {
    /// Unit of the three numbers of blocks.
    pub block_size: u64,
    /// Blocks.
    pub blocks: u64,
    /// Free ones.
    pub blocks_free: u64,
    /// Free ones for users.
    pub blocks_available: u64,
    /// Nodes.
    pub files: u64,
    /// How many more there may be.
    pub files_free: u64,
    /// The longest name.
    pub name_max: u64,
}

/// A file system that has no figures.
impl Default for Statvfs {
    fn default() -> Statvfs {
        Statvfs {
            block_size: 512,
            blocks: 0,
            blocks_free: 0,
            blocks_available: 0,
            files: 0,
            files_free: 0,
            name_max: puffs_core::msg::body::NAME_MAX as u64,
        }
    }
}
