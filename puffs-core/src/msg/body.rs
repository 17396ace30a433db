//! The bodies of requests and answers between `puffs-vfs` and `puffs-user`.
//!
//! Every request begins with [`Head`] and every answer with [`Ans`]. After the fixed part come the
//! bytes that have no fixed length: first the names, in the order of their length fields, without
//! a terminator; or the data of a read, write or readdir. An answer overwrites its request in the same
//! buffer. All integers are the machine's own (both sides run on it). Times that are "not given" and
//! attribute fields that are "not to be changed" hold [`NOVAL`] in every bit.
//!
//! An answer to an operation that failed (`rv` not 0) may be empty.

use static_assertions::const_assert_eq;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Version of the bodies in this file.
pub const VERSION: u16 = 1;
/// "Not given", in a field of any width: all bits set.
pub const NOVAL: u64 = u64::MAX;
/// Room that any fixed part with its names needs; bulk data comes on top.
pub const ROOM: usize = 8 << 10;
/// The largest name of one component.
pub const NAME_MAX: usize = 255;
/// The largest target of a symbolic link.
pub const TARGET_MAX: usize = 4095;
/// The largest file handle.
pub const HANDLE_MAX: usize = 1020;

macro_rules! plain {
    ($($(#[$meta:meta])* pub struct $name:ident { $($(#[$fmeta:meta])* pub $field:ident : $ty:ty,)* } = $size:expr;)*) => {$(
        $(#[$meta])*
        #[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq)]
        #[repr(C)]
        pub struct $name { $($(#[$fmeta])* pub $field: $ty,)* }
        const_assert_eq!(size_of::<$name>(), $size);
    )*};
}

/// Kinds of credentials, [`Head::cred`].
pub mod cred {
    /// A user: uid, gid and groups hold.
    pub const USER: u8 = 1;
    /// The kernel itself, without credentials.
    pub const KERNEL: u8 = 2;
    /// The file system's own work, such as write-back.
    pub const FS: u8 = 3;
    /// Instead of a number of groups: they are those of the thread that asks, and the host does not know them.
    pub const UNKNOWN_GROUPS: u8 = 255;
}

/// What a lookup is for, [`LookupReq::nameiop`], and its flags.
pub mod namei {
    /// Just looking.
    pub const LOOKUP: u32 = 0;
    /// The name is to be created: ENOENT is the good answer.
    pub const CREATE: u32 = 1;
    /// The name is to be removed.
    pub const DELETE: u32 = 2;
    /// The name is to be the target of a rename.
    pub const RENAME: u32 = 3;
    /// The component is the last of its path.
    pub const ISLASTCN: u32 = 0x0000_8000;
    /// The component is "..".
    pub const ISDOTDOT: u32 = 0x0000_2000;
}

/// Bits of [`Ans::setback`]: what the server wants done once its answer has arrived.
pub mod setback {
    /// Call inactive on the operation's node at the next opportunity.
    pub const INACT_N1: u32 = 0x01;
    /// The same for the second node.
    pub const INACT_N2: u32 = 0x02;
    /// The server holds no more references to the operation's node.
    pub const NOREF_N1: u32 = 0x04;
    /// The same for the second node.
    pub const NOREF_N2: u32 = 0x08;
    /// All of them.
    pub const MASK: u32 = 0x0f;
}

/// Namespaces of extended attributes, [`ExtattrReq::ns`], and bits of [`ExtattrReq::flags`].
pub mod extattr {
    /// Those of users.
    pub const USER: u32 = 1;
    /// Those of the system.
    pub const SYSTEM: u32 = 2;
    /// GETEXTATTR and LISTEXTATTR: the whole size is wanted too.
    pub const SIZE: u32 = 1;
    /// LISTEXTATTR: each name follows its length in one byte, instead of ending with a NUL.
    pub const LENPREFIX: u32 = 2;
}

/// Bits of [`ExtattrctlReq::flags`].
pub mod extattrctl {
    /// The cookie is a node.
    pub const HASNODE: u32 = 1;
}

plain! {
    /// Head of every request: the version and who asks.
    pub struct Head {
        /// [`VERSION`].
        pub version: u16,
        /// A value of [`cred`].
        pub cred: u8,
        /// How many of `groups` hold, or [`cred::UNKNOWN_GROUPS`].
        pub ngroups: u8,
        /// Process that asks; 0 when unknown.
        pub pid: u32,
        /// Thread that asks; 0 when unknown.
        pub lwp: u32,
        /// Its user.
        pub uid: u32,
        /// Its primary group.
        pub gid: u32,
        /// Supplementary groups.
        pub groups: [u32; 16],
        /// Zero.
        pub pad: u32,
    } = 88;

    /// Head of every answer.
    pub struct Ans {
        /// Bits of [`setback`].
        pub setback: u32,
        /// Zero.
        pub pad: u32,
    } = 8;

    /// A point in time, or a span of it.
    pub struct Time {
        /// Seconds.
        pub sec: i64,
        /// Nanoseconds.
        pub nsec: i64,
    } = 16;

    /// `struct vattr`, fixed width.
    pub struct Attr {
        /// `enum vtype`.
        pub vtype: u32,
        /// Permission bits; may hold the type bits too.
        pub mode: u32,
        /// Links.
        pub nlink: u32,
        /// Owner.
        pub uid: u32,
        /// Group.
        pub gid: u32,
        /// `VA_UTIMES_NULL`, `VA_EXCLUSIVE`.
        pub vaflags: u32,
        /// File system id.
        pub fsid: u64,
        /// Inode number.
        pub fileid: u64,
        /// Size in bytes.
        pub size: u64,
        /// Block size for I/O.
        pub blocksize: u64,
        /// Last access.
        pub atime: Time,
        /// Last modification.
        pub mtime: Time,
        /// Last change of the node.
        pub ctime: Time,
        /// Creation.
        pub birthtime: Time,
        /// Generation.
        pub gen_: u64,
        /// Flags of chflags.
        pub flags: u64,
        /// Device number.
        pub rdev: u64,
        /// Bytes on disk.
        pub bytes: u64,
        /// Revision.
        pub filerev: u64,
    } = 160;

    /// VN LOOKUP; the cookie is the directory. Then: the name.
    pub struct LookupReq {
        /// Head.
        pub head: Head,
        /// What for, [`namei`].
        pub nameiop: u32,
        /// Flags, [`namei`].
        pub flags: u32,
        /// Length of the name.
        pub namelen: u32,
        /// 1: attributes are wanted with the answer.
        pub want_attr: u32,
    } = 104;

    /// VN CREATE, MKNOD, MKDIR, SYMLINK; the cookie is the directory. Then: the name, and
    /// for SYMLINK the target.
    pub struct CreateReq {
        /// Head.
        pub head: Head,
        /// Type, mode and device of the new node; all other fields [`NOVAL`].
        pub attr: Attr,
        /// Length of the name.
        pub namelen: u32,
        /// Length of a symbolic link's target.
        pub targetlen: u32,
        /// 1: attributes are wanted with the answer.
        pub want_attr: u32,
        /// Zero.
        pub pad: u32,
    } = 264;

    /// Answer to LOOKUP, CREATE, MKNOD, MKDIR, SYMLINK.
    pub struct NodeAns {
        /// Head.
        pub ans: Ans,
        /// The node's cookie.
        pub cookie: u64,
        /// Size of a regular file.
        pub size: u64,
        /// Device number.
        pub rdev: u64,
        /// `enum vtype`.
        pub vtype: u32,
        /// 0: `attr` holds. Otherwise: why it does not, an errno value.
        pub attr_error: u32,
        /// Attributes.
        pub attr: Attr,
        /// How long they hold; zero: not given.
        pub attr_ttl: Time,
        /// How long the name holds; zero: not given.
        pub name_ttl: Time,
    } = 232;

    /// VN GETATTR, READLINK, INACTIVE, PRINT, VFS STATVFS.
    pub struct PlainReq {
        /// Head.
        pub head: Head,
    } = 88;

    /// VN SETATTR. The answer carries the attributes as they are afterwards.
    pub struct SetattrReq {
        /// Head.
        pub head: Head,
        /// What to change; all other fields [`NOVAL`].
        pub attr: Attr,
    } = 248;

    /// Answer to GETATTR and SETATTR.
    pub struct AttrAns {
        /// Head.
        pub ans: Ans,
        /// Attributes.
        pub attr: Attr,
        /// How long they hold; zero: not given.
        pub ttl: Time,
    } = 184;

    /// VN OPEN, CLOSE, ACCESS, FSYNC, POLL, MMAP, SEEK, PATHCONF; VFS SYNC, UNMOUNT.
    pub struct FlagsReq {
        /// Head.
        pub head: Head,
        /// OPEN: mode. CLOSE: fflag. ACCESS: mode. FSYNC: flags. POLL: events. MMAP: protection. PATHCONF: `_PC_*`. SYNC: waitfor.
        /// UNMOUNT: mntflags.
        pub flags: u32,
        /// CLOSE: 1 when inactive is to be run after it.
        pub inactive: u32,
        /// FSYNC: start of the range. SEEK: the old offset.
        pub lo: u64,
        /// FSYNC: its end; 0: to the end of the file. SEEK: the new offset.
        pub hi: u64,
    } = 112;

    /// Answer to OPEN.
    pub struct OpenAns {
        /// Head.
        pub ans: Ans,
        /// `PUFFS_OPEN_IO_DIRECT`.
        pub oflags: u32,
        /// Zero.
        pub pad: u32,
    } = 16;

    /// Answer to PATHCONF.
    pub struct PathconfAns {
        /// Head.
        pub ans: Ans,
        /// The value, as a signed number.
        pub value: u64,
    } = 16;

    /// Answer to POLL.
    pub struct PollAns {
        /// Head.
        pub ans: Ans,
        /// The events that are there.
        pub events: u32,
        /// Zero.
        pub pad: u32,
    } = 16;

    /// VN ADVLOCK.
    pub struct LockReq {
        /// Head.
        pub head: Head,
        /// Tells owners of locks apart.
        pub owner: u64,
        /// First byte.
        pub start: u64,
        /// Length; 0: to the end of the file, wherever that will be.
        pub len: u64,
        /// `F_GETLK`, `F_SETLK`, `F_UNLCK`.
        pub op: u32,
        /// Kind of lock, and whether to wait.
        pub flags: u32,
        /// `F_RDLCK`, `F_WRLCK`, `F_UNLCK`.
        pub kind: u32,
        /// The owner's process.
        pub pid: u32,
    } = 128;

    /// Answer to ADVLOCK: for `F_GETLK` the lock that is in the way.
    pub struct LockAns {
        /// Head.
        pub ans: Ans,
        /// First byte.
        pub start: u64,
        /// Length; 0: to the end of the file.
        pub len: u64,
        /// `F_RDLCK`, `F_WRLCK`; `F_UNLCK` when none is in the way.
        pub kind: u32,
        /// The process that holds it.
        pub pid: u32,
    } = 32;

    /// VN READ and READDIR.
    pub struct ReadReq {
        /// Head.
        pub head: Head,
        /// READ: offset in the file. READDIR: an offset that the server gave, or 0.
        pub offset: u64,
        /// Bytes wanted; never more than the mount's maximum less [`ROOM`].
        pub len: u32,
        /// `PUFFS_IO_*`.
        pub ioflag: u32,
    } = 104;

    /// Answer to READ and READLINK. Then: `len` bytes of data.
    pub struct DataAns {
        /// Head.
        pub ans: Ans,
        /// Bytes that follow.
        pub len: u32,
        /// Zero.
        pub pad: u32,
    } = 16;

    /// Answer to READDIR. Then: `len` bytes of records, each a [`Dirent`] with its name.
    pub struct ReaddirAns {
        /// Head.
        pub ans: Ans,
        /// Where the next call starts.
        pub offset: u64,
        /// Bytes of records that follow.
        pub len: u32,
        /// 1 at the end of the directory.
        pub eof: u32,
    } = 24;

    /// VN WRITE. Then: `len` bytes of data.
    pub struct WriteReq {
        /// Head.
        pub head: Head,
        /// Offset in the file.
        pub offset: u64,
        /// Bytes that follow.
        pub len: u32,
        /// `PUFFS_IO_*`.
        pub ioflag: u32,
    } = 104;

    /// Answer to WRITE.
    pub struct WriteAns {
        /// Head.
        pub ans: Ans,
        /// Bytes written.
        pub len: u32,
        /// Zero.
        pub pad: u32,
    } = 16;

    /// VN FALLOCATE and FDISCARD.
    pub struct RangeReq {
        /// Head.
        pub head: Head,
        /// Where the range begins.
        pub offset: u64,
        /// Its length in bytes.
        pub len: u64,
    } = 104;

    /// VN GETEXTATTR, SETEXTATTR, LISTEXTATTR, DELETEEXTATTR. Then: the name, and for SETEXTATTR the
    /// value. SETEXTATTR is answered by a [`WriteAns`].
    pub struct ExtattrReq {
        /// Head.
        pub head: Head,
        /// A value of [`extattr`].
        pub ns: u32,
        /// Length of the name; 0 for LISTEXTATTR.
        pub namelen: u32,
        /// SETEXTATTR: length of the value. GETEXTATTR, LISTEXTATTR: bytes wanted; 0: only the size.
        pub len: u32,
        /// Bits of [`extattr`].
        pub flags: u32,
    } = 104;

    /// Answer to GETEXTATTR and LISTEXTATTR. Then: `len` bytes of data.
    pub struct ExtattrAns {
        /// Head.
        pub ans: Ans,
        /// The whole size, where it was wanted.
        pub size: u64,
        /// Bytes that follow.
        pub len: u32,
        /// Zero.
        pub pad: u32,
    } = 24;

    /// VN REMOVE, RMDIR and LINK; the cookie is the directory. Then: the name.
    pub struct NameReq {
        /// Head.
        pub head: Head,
        /// Cookie of the node that has, or is to get, the name.
        pub target: u64,
        /// Length of the name.
        pub namelen: u32,
        /// Zero.
        pub pad: u32,
    } = 104;

    /// VN RENAME; the cookie is the source directory. Then: the old name and the new one.
    pub struct RenameReq {
        /// Head.
        pub head: Head,
        /// Cookie of the node that is renamed.
        pub source: u64,
        /// Cookie of the target directory.
        pub target_dir: u64,
        /// Cookie of the node that is replaced.
        pub target: u64,
        /// Length of the old name.
        pub namelen: u32,
        /// Length of the new name.
        pub target_namelen: u32,
        /// 1 when `target` holds: a cookie may be 0.
        pub has_target: u32,
        /// Zero.
        pub pad: u32,
    } = 128;

    /// VN RECLAIM, which wants no answer.
    pub struct ReclaimReq {
        /// Head.
        pub head: Head,
        /// How often the kernel side received the cookie.
        pub nlookup: u32,
        /// Zero.
        pub pad: u32,
    } = 96;

    /// VFS FHTOVP, answered by a [`NodeAns`] without attributes, which is no lookup; VFS VPTOFH of the node that is the cookie, answered by a
    /// [`DataAns`]. Then, for FHTOVP: the handle.
    pub struct HandleReq {
        /// Head.
        pub head: Head,
        /// FHTOVP: length of the handle. VPTOFH: bytes that there is room for, at most [`HANDLE_MAX`].
        pub len: u32,
        /// Zero.
        pub pad: u32,
    } = 96;

    /// VFS EXTATTRCTL. Then: the name of an attribute, if one was given.
    pub struct ExtattrctlReq {
        /// Head.
        pub head: Head,
        /// What to do: the system's and the server's business.
        pub cmd: u32,
        /// Bits of [`extattrctl`].
        pub flags: u32,
        /// A value of [`extattr`].
        pub ns: u32,
        /// Length of the name; 0: none was given.
        pub namelen: u32,
    } = 104;

    /// A notice of a broken answer, class ERROR; the cookie is the node it was about. Then: the text.
    pub struct ErrorReq {
        /// Head.
        pub head: Head,
        /// The errno value that the caller got.
        pub error: u32,
        /// Length of the text.
        pub textlen: u32,
    } = 96;

    /// `struct statvfs`, fixed width.
    pub struct Statvfs {
        /// Block size.
        pub bsize: u64,
        /// Fragment size: the unit of the block counts.
        pub frsize: u64,
        /// Preferred I/O size.
        pub iosize: u64,
        /// Blocks.
        pub blocks: u64,
        /// Free blocks.
        pub bfree: u64,
        /// Free blocks for users.
        pub bavail: u64,
        /// Reserved blocks.
        pub bresvd: u64,
        /// Nodes.
        pub files: u64,
        /// Free nodes.
        pub ffree: u64,
        /// Free nodes for users.
        pub favail: u64,
        /// Reserved nodes.
        pub fresvd: u64,
        /// Longest name.
        pub namemax: u64,
    } = 96;

    /// Answer to STATVFS.
    pub struct StatvfsAns {
        /// Head.
        pub ans: Ans,
        /// The figures.
        pub statvfs: Statvfs,
    } = 104;
}

/// Head of a directory record; the name follows at [`DIRENT_NAME`], ended by a NUL, and the whole is
/// padded to eight bytes. This is `struct dirent` of `<puffs.h>`.
#[derive(
    FromBytes, IntoBytes, Immutable, KnownLayout, Clone, Copy, Default, Debug, PartialEq, Eq,
)]
#[repr(C, packed)]
pub struct Dirent {
    /// Inode number.
    pub fileno: u64,
    /// Length of the whole record.
    pub reclen: u16,
    /// Length of the name.
    pub namlen: u16,
    /// `DT_*`.
    pub dtype: u8,
}
/// Offset of the name in a directory record.
pub const DIRENT_NAME: usize = 13;
const_assert_eq!(size_of::<Dirent>(), DIRENT_NAME);

impl Attr {
    /// Attributes of which none is given: `vtype` and `vaflags` 0, everything else [`NOVAL`].
    pub const NONE: Attr = {
        const T: Time = Time { sec: -1, nsec: -1 };
        Attr {
            vtype: 0,
            mode: u32::MAX,
            nlink: u32::MAX,
            uid: u32::MAX,
            gid: u32::MAX,
            vaflags: 0,
            fsid: NOVAL,
            fileid: NOVAL,
            size: NOVAL,
            blocksize: NOVAL,
            atime: T,
            mtime: T,
            ctime: T,
            birthtime: T,
            gen_: NOVAL,
            flags: NOVAL,
            rdev: NOVAL,
            bytes: NOVAL,
            filerev: 0,
        }
    };
}
