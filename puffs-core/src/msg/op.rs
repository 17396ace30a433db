//! Numbers of the message interface: classes, flags, operations.

/// File system operations (`PUFFSOP_VFS`).
pub const CLASS_VFS: u8 = 1;
/// Operations on a node (`PUFFSOP_VN`).
pub const CLASS_VN: u8 = 2;
/// A notice to the server that one of its answers was broken (`PUFFSOP_ERROR`); always FAF. The operation number is
/// the kind, `PUFFS_ERR_*`.
pub const CLASS_ERROR: u8 = 4;
/// The class without its flags.
pub const CLASS_MASK: u8 = 0x0f;
/// Nobody waits for an answer (`PUFFSOPFLAG_FAF`).
pub const FLAG_FAF: u8 = 0x10;

/// The operations of [`CLASS_VFS`].
#[allow(missing_docs)] // The names are the operations' own.
pub mod vfs {
    pub const MOUNT: u8 = 0;
    pub const START: u8 = 1;
    pub const UNMOUNT: u8 = 2;
    pub const ROOT: u8 = 3;
    pub const QUOTACTL: u8 = 4;
    pub const STATVFS: u8 = 5;
    pub const SYNC: u8 = 6;
    pub const VGET: u8 = 7;
    pub const FHTOVP: u8 = 8;
    pub const VPTOFH: u8 = 9;
    pub const INIT: u8 = 10;
    pub const DONE: u8 = 11;
    pub const SNAPSHOT: u8 = 12;
    pub const EXTATTRCTL: u8 = 13;
    pub const SUSPEND: u8 = 14;
}

/// The operations of [`CLASS_VN`].
#[allow(missing_docs)] // The names are the operations' own.
pub mod vn {
    pub const LOOKUP: u8 = 0;
    pub const CREATE: u8 = 1;
    pub const MKNOD: u8 = 2;
    pub const OPEN: u8 = 3;
    pub const CLOSE: u8 = 4;
    pub const ACCESS: u8 = 5;
    pub const GETATTR: u8 = 6;
    pub const SETATTR: u8 = 7;
    pub const READ: u8 = 8;
    pub const WRITE: u8 = 9;
    pub const IOCTL: u8 = 10;
    pub const FCNTL: u8 = 11;
    pub const POLL: u8 = 12;
    pub const KQFILTER: u8 = 13;
    pub const REVOKE: u8 = 14;
    pub const MMAP: u8 = 15;
    pub const FSYNC: u8 = 16;
    pub const SEEK: u8 = 17;
    pub const REMOVE: u8 = 18;
    pub const LINK: u8 = 19;
    pub const RENAME: u8 = 20;
    pub const MKDIR: u8 = 21;
    pub const RMDIR: u8 = 22;
    pub const SYMLINK: u8 = 23;
    pub const READDIR: u8 = 24;
    pub const READLINK: u8 = 25;
    pub const ABORTOP: u8 = 26;
    pub const INACTIVE: u8 = 27;
    pub const RECLAIM: u8 = 28;
    pub const LOCK: u8 = 29;
    pub const UNLOCK: u8 = 30;
    pub const BMAP: u8 = 31;
    pub const STRATEGY: u8 = 32;
    pub const PRINT: u8 = 33;
    pub const ISLOCKED: u8 = 34;
    pub const PATHCONF: u8 = 35;
    pub const ADVLOCK: u8 = 36;
    pub const LEASE: u8 = 37;
    pub const WHITEOUT: u8 = 38;
    pub const GETPAGES: u8 = 39;
    pub const PUTPAGES: u8 = 40;
    pub const GETEXTATTR: u8 = 41;
    pub const LISTEXTATTR: u8 = 42;
    pub const OPENEXTATTR: u8 = 43;
    pub const DELETEEXTATTR: u8 = 44;
    pub const SETEXTATTR: u8 = 45;
    pub const CLOSEEXTATTR: u8 = 46;
    pub const FALLOCATE: u8 = 47;
    pub const FDISCARD: u8 = 48;
}
