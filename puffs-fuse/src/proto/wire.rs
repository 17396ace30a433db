//! Structures of the FUSE protocol, version 7.31 and later: facts of `<linux/fuse.h>` as plain bytes.

use static_assertions::const_assert_eq;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

macro_rules! plain {
    ($($(#[$meta:meta])* pub struct $name:ident { $(pub $field:ident : $ty:ty,)* } = $size:expr;)*) => {$(
        $(#[$meta])*
        #[allow(missing_docs)] // The fields' names are the protocol's own.
        #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq)]
        #[repr(C)]
        pub struct $name { $(pub $field: $ty,)* }
        const_assert_eq!(size_of::<$name>(), $size);
    )*};
}

plain! {
    /// Head of every request.
    pub struct InHeader {
        pub len: u32,
        pub opcode: u32,
        pub unique: u64,
        pub nodeid: u64,
        pub uid: u32,
        pub gid: u32,
        pub pid: u32,
        pub total_extlen: u16,
        pub padding: u16,
    } = 40;

    /// Head of every reply.
    pub struct OutHeader {
        pub len: u32,
        pub error: i32,
        pub unique: u64,
    } = 16;

    /// INIT.
    pub struct InitIn {
        pub major: u32,
        pub minor: u32,
        pub max_readahead: u32,
        pub flags: u32,
    } = 16;

    /// Reply to INIT.
    pub struct InitOut {
        pub major: u32,
        pub minor: u32,
        pub max_readahead: u32,
        pub flags: u32,
        pub max_background: u16,
        pub congestion_threshold: u16,
        pub max_write: u32,
        pub time_gran: u32,
        pub max_pages: u16,
        pub map_alignment: u16,
        pub flags2: u32,
        pub unused: [u32; 7],
    } = 64;

    /// Attributes of a node.
    pub struct Attr {
        pub ino: u64,
        pub size: u64,
        pub blocks: u64,
        pub atime: u64,
        pub mtime: u64,
        pub ctime: u64,
        pub atimensec: u32,
        pub mtimensec: u32,
        pub ctimensec: u32,
        pub mode: u32,
        pub nlink: u32,
        pub uid: u32,
        pub gid: u32,
        pub rdev: u32,
        pub blksize: u32,
        pub flags: u32,
    } = 88;

    /// A name's node, with attributes.
    pub struct EntryOut {
        pub nodeid: u64,
        pub generation: u64,
        pub entry_valid: u64,
        pub attr_valid: u64,
        pub entry_valid_nsec: u32,
        pub attr_valid_nsec: u32,
        pub attr: Attr,
    } = 128;

    /// Reply to GETATTR and SETATTR.
    pub struct AttrOut {
        pub attr_valid: u64,
        pub attr_valid_nsec: u32,
        pub dummy: u32,
        pub attr: Attr,
    } = 104;

    /// SETATTR.
    pub struct SetattrIn {
        pub valid: u32,
        pub padding: u32,
        pub fh: u64,
        pub size: u64,
        pub lock_owner: u64,
        pub atime: u64,
        pub mtime: u64,
        pub ctime: u64,
        pub atimensec: u32,
        pub mtimensec: u32,
        pub ctimensec: u32,
        pub mode: u32,
        pub unused4: u32,
        pub uid: u32,
        pub gid: u32,
        pub unused5: u32,
    } = 88;

    /// FORGET.
    pub struct ForgetIn {
        pub nlookup: u64,
    } = 8;

    /// BATCH_FORGET; then `count` times [`ForgetOne`].
    pub struct BatchForgetIn {
        pub count: u32,
        pub dummy: u32,
    } = 8;

    /// One node to forget.
    pub struct ForgetOne {
        pub nodeid: u64,
        pub nlookup: u64,
    } = 16;

    /// MKNOD; then the name.
    pub struct MknodIn {
        pub mode: u32,
        pub rdev: u32,
        pub umask: u32,
        pub padding: u32,
    } = 16;

    /// MKDIR; then the name.
    pub struct MkdirIn {
        pub mode: u32,
        pub umask: u32,
    } = 8;

    /// RENAME; then the old and the new name.
    pub struct RenameIn {
        pub newdir: u64,
    } = 8;

    /// RENAME2; then the old and the new name.
    pub struct Rename2In {
        pub newdir: u64,
        pub flags: u32,
        pub padding: u32,
    } = 16;

    /// LINK; then the new name.
    pub struct LinkIn {
        pub oldnodeid: u64,
    } = 8;

    /// OPEN and OPENDIR.
    pub struct OpenIn {
        pub flags: u32,
        pub open_flags: u32,
    } = 8;

    /// CREATE; then the name.
    pub struct CreateIn {
        pub flags: u32,
        pub mode: u32,
        pub umask: u32,
        pub open_flags: u32,
    } = 16;

    /// Reply to OPEN, OPENDIR, and behind an [`EntryOut`] to CREATE.
    pub struct OpenOut {
        pub fh: u64,
        pub open_flags: u32,
        pub padding: u32,
    } = 16;

    /// RELEASE and RELEASEDIR.
    pub struct ReleaseIn {
        pub fh: u64,
        pub flags: u32,
        pub release_flags: u32,
        pub lock_owner: u64,
    } = 24;

    /// READ and READDIR.
    pub struct ReadIn {
        pub fh: u64,
        pub offset: u64,
        pub size: u32,
        pub read_flags: u32,
        pub lock_owner: u64,
        pub flags: u32,
        pub padding: u32,
    } = 40;

    /// WRITE; then the data.
    pub struct WriteIn {
        pub fh: u64,
        pub offset: u64,
        pub size: u32,
        pub write_flags: u32,
        pub lock_owner: u64,
        pub flags: u32,
        pub padding: u32,
    } = 40;

    /// Reply to WRITE.
    pub struct WriteOut {
        pub size: u32,
        pub padding: u32,
    } = 8;

    /// FSYNC and FSYNCDIR.
    pub struct FsyncIn {
        pub fh: u64,
        pub fsync_flags: u32,
        pub padding: u32,
    } = 16;

    /// SETXATTR; then the name and the value.
    pub struct SetxattrIn {
        pub size: u32,
        pub flags: u32,
    } = 8;

    /// GETXATTR and LISTXATTR; then, for the first, the name.
    pub struct GetxattrIn {
        pub size: u32,
        pub padding: u32,
    } = 8;

    /// Reply to GETXATTR and LISTXATTR that ask for the size alone.
    pub struct GetxattrOut {
        pub size: u32,
        pub padding: u32,
    } = 8;

    /// FALLOCATE.
    pub struct FallocateIn {
        pub fh: u64,
        pub offset: u64,
        pub length: u64,
        pub mode: u32,
        pub padding: u32,
    } = 32;

    /// ACCESS.
    pub struct AccessIn {
        pub mask: u32,
        pub padding: u32,
    } = 8;

    /// Reply to STATFS.
    pub struct StatfsOut {
        pub blocks: u64,
        pub bfree: u64,
        pub bavail: u64,
        pub files: u64,
        pub ffree: u64,
        pub bsize: u32,
        pub namelen: u32,
        pub frsize: u32,
        pub padding: u32,
        pub spare: [u32; 6],
    } = 80;

    /// A lock.
    pub struct FileLock {
        pub start: u64,
        pub end: u64,
        pub kind: u32,
        pub pid: u32,
    } = 24;

    /// GETLK, SETLK, SETLKW.
    pub struct LkIn {
        pub fh: u64,
        pub owner: u64,
        pub lk: FileLock,
        pub lk_flags: u32,
        pub padding: u32,
    } = 48;

    /// Reply to GETLK.
    pub struct LkOut {
        pub lk: FileLock,
    } = 24;

    /// FLUSH.
    pub struct FlushIn {
        pub fh: u64,
        pub unused: u32,
        pub padding: u32,
        pub lock_owner: u64,
    } = 24;

    /// INTERRUPT: the request that is interrupted.
    pub struct InterruptIn {
        pub unique: u64,
    } = 8;

    /// POLL.
    pub struct PollIn {
        pub fh: u64,
        pub kh: u64,
        pub flags: u32,
        pub events: u32,
    } = 24;

    /// Reply to POLL.
    pub struct PollOut {
        pub revents: u32,
        pub padding: u32,
    } = 8;

    /// Notice that a file is worth polling again.
    pub struct NotifyPollWakeupOut {
        pub kh: u64,
    } = 8;

    /// Notice that pages of a file are stale.
    pub struct NotifyInvalInodeOut {
        pub ino: u64,
        pub off: i64,
        pub len: i64,
    } = 24;

    /// Notice that nodes are not needed any more; then `count` node numbers.
    pub struct NotifyPruneOut {
        pub count: u32,
        pub padding: u32,
        pub spare: u64,
    } = 16;

    /// Head of a directory record; then the name, padded to eight bytes.
    pub struct Dirent {
        pub ino: u64,
        pub off: u64,
        pub namelen: u32,
        pub kind: u32,
    } = 24;
}

/// Bits of [`SetattrIn::valid`].
pub mod fattr {
    #![allow(missing_docs)] // The names are the protocol's own.
    pub const MODE: u32 = 1 << 0;
    pub const UID: u32 = 1 << 1;
    pub const GID: u32 = 1 << 2;
    pub const SIZE: u32 = 1 << 3;
    pub const ATIME: u32 = 1 << 4;
    pub const MTIME: u32 = 1 << 5;
    pub const FH: u32 = 1 << 6;
    pub const ATIME_NOW: u32 = 1 << 7;
    pub const MTIME_NOW: u32 = 1 << 8;
}

/// Bits of [`OpenOut::open_flags`].
pub mod fopen {
    /// Reads and writes pass the page cache by.
    pub const DIRECT_IO: u32 = 1 << 0;
    /// What the page cache holds of the file is still good.
    pub const KEEP_CACHE: u32 = 1 << 1;
    /// A close has nothing to wait for: a caller that dies while the server is stopped can go.
    pub const NOFLUSH: u32 = 1 << 5;
    /// The file has no offset.
    pub const STREAM: u32 = 1 << 4;
    /// It cannot be sought in.
    pub const NONSEEKABLE: u32 = 1 << 2;
}

/// Kinds of notices, in [`OutHeader::error`].
pub mod notify {
    #![allow(missing_docs)] // The names are the protocol's own.
    pub const POLL: i32 = 1;
    pub const INVAL_INODE: i32 = 2;
    pub const INC_EPOCH: i32 = 8;
    pub const PRUNE: i32 = 9;
}

/// Bit of [`LkIn::lk_flags`]: a lock of flock(2).
pub const LK_FLOCK: u32 = 1 << 0;
/// Bit of [`ReleaseIn::release_flags`]: the file was locked by flock(2).
pub const RELEASE_FLOCK_UNLOCK: u32 = 1 << 1;
/// Bit of [`PollIn::flags`]: somebody sleeps until a notice comes.
pub const POLL_SCHEDULE_NOTIFY: u32 = 1 << 0;
/// Bit of [`WriteIn::write_flags`]: written back from the page cache, by nobody in particular.
pub const WRITE_CACHE: u32 = 1 << 0;
/// Bit of [`FsyncIn::fsync_flags`]: the data only.
pub const FSYNC_FDATASYNC: u32 = 1 << 0;
/// Bits of [`Rename2In::flags`]: what is there is not replaced.
pub const RENAME_NOREPLACE: u32 = 1 << 0;

/// A device number as FUSE writes it: twelve bits of major, twenty of minor.
pub const fn dev_encode(major: u32, minor: u32) -> u32 {
    (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12)
}

/// The major and minor number in a device number of FUSE.
pub const fn dev_decode(dev: u32) -> (u32, u32) {
    ((dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xf_ff00))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_numbers_survive() {
        for (major, minor) in [(0, 0), (1, 3), (8, 17), (0xfff, 0xf_ffff), (259, 0x1_2345)] {
            assert_eq!(dev_decode(dev_encode(major, minor)), (major, minor));
        }
        assert_eq!(dev_encode(8, 1), 0x801);
    }
}
