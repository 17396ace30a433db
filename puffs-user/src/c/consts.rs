//! The numbers of `<puffs.h>`: flags, states, types, under the names that C sees.
//!
//! The numbers of messages, `PUFFS_VN_*`, `PUFFS_SETBACK_*` and their like, are in [`puffs_core::msg`] and in
//! `<puffs_msgif.h>`.

use core::ffi::c_int;

/// Every lookup reaches the server.
pub const PUFFS_KFLAG_NOCACHE_NAME: u32 = 0x001;
/// Contents of regular files are not cached.
pub const PUFFS_KFLAG_NOCACHE_PAGE: u32 = 0x002;
/// Neither is cached.
pub const PUFFS_KFLAG_NOCACHE: u32 = 0x003;
/// Operations that the server does not have are sent all the same.
pub const PUFFS_KFLAG_ALLOPS: u32 = 0x004;
/// Writes go through the page cache at once.
pub const PUFFS_KFLAG_WTCACHE: u32 = 0x008;
/// `inactive` only after a setback has asked for it.
pub const PUFFS_KFLAG_IAONDEMAND: u32 = 0x010;
/// A lookup carries the whole rest of the path.
pub const PUFFS_KFLAG_LOOKUP_FULLPNBUF: u32 = 0x020;
/// Attributes are not cached.
pub const PUFFS_KFLAG_NOCACHE_ATTR: u32 = 0x040;
/// The server supplies attributes and lifetimes.
pub const PUFFS_KFLAG_CACHE_FS_TTL: u32 = 0x080;
/// ".." is resolved without asking the server.
pub const PUFFS_KFLAG_CACHE_DOTDOT: u32 = 0x100;
/// Cached times and sizes are not pushed with setattr.
pub const PUFFS_KFLAG_NOFLUSH_META: u32 = 0x200;
/// The flags that concern the other side of the mount; `PUFFS_KFLAG_NOCACHE_ATTR` counts although it is missing here.
pub const PUFFS_KFLAG_MASK: u32 = 0x3bf;

/// The library keeps the paths of nodes, and gives operations that of a name.
pub const PUFFS_FLAG_BUILDPATH: u32 = 0x8000_0000;
/// Each request and its result are printed.
pub const PUFFS_FLAG_OPDUMP: u32 = 0x4000_0000;
/// Paths have a hash, so that unlike ones are told apart quickly.
pub const PUFFS_FLAG_HASHPATH: u32 = 0x2000_0000;
/// Cookies are `struct puffs_node`.
pub const PUFFS_FLAG_PNCOOKIE: u32 = 0x1000_0000;
/// All flags that concern the library.
pub const PUFFS_FLAG_MASK: u32 = 0xf000_0000;

/// `puffs_getstate`: not mounted yet.
pub const PUFFS_STATE_BEFOREMOUNT: c_int = 0;
/// `puffs_getstate`: mounted.
pub const PUFFS_STATE_RUNNING: c_int = 1;
/// `puffs_getstate`: the unmount operation runs.
pub const PUFFS_STATE_UNMOUNTING: c_int = 2;
/// `puffs_getstate`: unmounted.
pub const PUFFS_STATE_UNMOUNTED: c_int = 3;

/// `puffs_setblockingmode`: wait for requests.
pub const PUFFSDEV_BLOCK: c_int = 0;
/// `puffs_setblockingmode`: do not wait for requests.
pub const PUFFSDEV_NONBLOCK: c_int = 1;

/// File handles: the size is a maximum.
pub const PUFFS_FHFLAG_DYNAMIC: c_int = 0x01;
/// File handles: they must fit NFS version 2.
pub const PUFFS_FHFLAG_NFSV2: c_int = 0x02;
/// File handles: they must fit NFS version 3.
pub const PUFFS_FHFLAG_NFSV3: c_int = 0x04;
/// File handles: both protocols.
pub const PUFFS_FHFLAG_PROTOMASK: c_int = 0x06;
/// File handles: those of the host's own file system.
pub const PUFFS_FHFLAG_PASSTHROUGH: c_int = 0x08;
/// File handles: all flags.
pub const PUFFS_FHFLAG_MASK: c_int = 0x0f;
/// `puffs_fs_extattrctl`: the request names a node.
pub const PUFFS_EXTATTRCTL_HASNODE: c_int = 0x01;
/// The largest file handle.
pub const PUFFS_FHSIZE_MAX: usize = 1020;

/// `va_vaflags`: the times were not given, the current time was taken.
pub const VA_UTIMES_NULL: u32 = 0x01;
/// `va_vaflags`: the name must not exist.
pub const VA_EXCLUSIVE: u32 = 0x02;

/// Bits of the access operation: read.
pub const PUFFS_VREAD: c_int = 4;
/// Bits of the access operation: write.
pub const PUFFS_VWRITE: c_int = 2;
/// Bits of the access operation: execute, or search a directory.
pub const PUFFS_VEXEC: c_int = 1;

/// `ioflag`: write at the end of the file.
pub const PUFFS_IO_APPEND: c_int = 0x020;
/// `ioflag`: do not wait.
pub const PUFFS_IO_NDELAY: c_int = 0x100;
/// fsync: wait until it is done.
pub const PUFFS_FSYNC_WAIT: c_int = 0x0001;
/// fsync: the data only.
pub const PUFFS_FSYNC_DATAONLY: c_int = 0x0002;
/// fsync: there is no hurry.
pub const PUFFS_FSYNC_LAZY: c_int = 0x0008;
/// fsync: flush the disk's own cache.
pub const PUFFS_FSYNC_CACHE: c_int = 0x0100;
/// `oflags` of open2: reads and writes pass the page cache by.
pub const PUFFS_OPEN_IO_DIRECT: c_int = 0x01;
/// `xflag` of setattr_ttl: nobody waits for the answer.
pub const PUFFS_SETATTR_FAF: c_int = 0x1;
/// `xflag` of write2: nobody waits for the answer.
pub const PUFFS_WRITE_FAF: c_int = 0x1;

/// What a lookup is for: just looking.
pub const NAMEI_LOOKUP: u32 = 0;
/// What a lookup is for: the name is to be created.
pub const NAMEI_CREATE: u32 = 1;
/// What a lookup is for: the name is to be removed.
pub const NAMEI_DELETE: u32 = 2;
/// What a lookup is for: the name is to be the target of a rename.
pub const NAMEI_RENAME: u32 = 3;
/// The bits of the above.
pub const NAMEI_OPMASK: u32 = 3;
/// Lookup: the node would be locked.
pub const NAMEI_LOCKLEAF: u32 = 0x0000_0004;
/// Lookup: the directory would be locked.
pub const NAMEI_LOCKPARENT: u32 = 0x0000_0008;
/// Lookup: the result is not to be cached.
pub const NAMEI_NOCACHE: u32 = 0x0000_0020;
/// Lookup: symbolic links are followed.
pub const NAMEI_FOLLOW: u32 = 0x0000_0040;
/// Lookup: the component is "..".
pub const NAMEI_ISDOTDOT: u32 = 0x0000_2000;
/// Lookup: the result is to be cached.
pub const NAMEI_MAKEENTRY: u32 = 0x0000_4000;
/// Lookup: the component is the last one.
pub const NAMEI_ISLASTCN: u32 = 0x0000_8000;
/// Lookup: it must be a directory.
pub const NAMEI_REQUIREDIR: u32 = 0x0008_0000;
/// Lookup: a directory is to be made.
pub const NAMEI_CREATEDIR: u32 = 0x0020_0000;
/// Lookup: for a rename.
pub const NAMEI_INRENAME: u32 = 0x0040_0000;

/// `puffs_set_errnotify`: the result of an operation is no errno value.
pub const PUFFS_ERR_ERROR: c_int = 0;
/// `puffs_set_errnotify`: type, size or cookie of a new node.
pub const PUFFS_ERR_MAKENODE: c_int = 1;
/// `puffs_set_errnotify`: lookup returned the directory itself.
pub const PUFFS_ERR_LOOKUP: c_int = 2;
/// `puffs_set_errnotify`: readdir's counts.
pub const PUFFS_ERR_READDIR: c_int = 3;
/// `puffs_set_errnotify`: readlink's length.
pub const PUFFS_ERR_READLINK: c_int = 4;
/// `puffs_set_errnotify`: read's count.
pub const PUFFS_ERR_READ: c_int = 5;
/// `puffs_set_errnotify`: write's count.
pub const PUFFS_ERR_WRITE: c_int = 6;
/// `puffs_set_errnotify`: a file handle is too long.
pub const PUFFS_ERR_VPTOFH: c_int = 7;
/// `puffs_set_errnotify`: getextattr's count.
pub const PUFFS_ERR_GETEXTATTR: c_int = 8;
/// `puffs_set_errnotify`: listextattr's count.
pub const PUFFS_ERR_LISTEXTATTR: c_int = 9;

/// Mount flags, with the values of the reference: read only.
pub const PUFFS_MNT_RDONLY: c_int = 0x0000_0001;
/// Mount flags: writes are synchronous.
pub const PUFFS_MNT_SYNCHRONOUS: c_int = 0x0000_0002;
/// Mount flags: nothing is executed.
pub const PUFFS_MNT_NOEXEC: c_int = 0x0000_0004;
/// Mount flags: set-id bits mean nothing.
pub const PUFFS_MNT_NOSUID: c_int = 0x0000_0008;
/// Mount flags: device nodes mean nothing.
pub const PUFFS_MNT_NODEV: c_int = 0x0000_0010;
/// Mount flags: access times are not kept.
pub const PUFFS_MNT_NOATIME: c_int = 0x0400_0000;
/// `mntflags` of the unmount operation: it will happen whatever the answer is.
pub const PUFFS_MNT_FORCE: c_int = 0x0008_0000;
/// `waitfor` of the sync operation: wait.
pub const PUFFS_MNT_WAIT: c_int = 1;
/// `waitfor` of the sync operation: only start.
pub const PUFFS_MNT_NOWAIT: c_int = 2;
/// `waitfor` of the sync operation: the periodic one.
pub const PUFFS_MNT_LAZY: c_int = 3;

/// Flag of the advlock operation: wait until the lock can be had (NetBSD's `F_WAIT`).
pub const PUFFS_LOCK_WAIT: c_int = 0x010;
/// Flag of the advlock operation: a lock of flock(2), on the whole file (`F_FLOCK`).
pub const PUFFS_LOCK_FLOCK: c_int = 0x020;
/// Flag of the advlock operation: a lock of fcntl(2) (`F_POSIX`).
pub const PUFFS_LOCK_POSIX: c_int = 0x040;

/// A descriptor's side, or an event: it can be read.
pub const PUFFS_FBIO_READ: c_int = 0x01;
/// A descriptor's side, or an event: it can be written.
pub const PUFFS_FBIO_WRITE: c_int = 0x02;
/// An event: something is wrong with the descriptor.
pub const PUFFS_FBIO_ERROR: c_int = 0x04;

/// To be sent before those that wait.
pub const PUFFS_FBQUEUE_URGENT: c_int = 0x01;

/// `struct puffs_node`: no longer on the list of nodes.
pub const PUFFS_NODE_REMOVED: c_int = 0x01;

/// Longest name in a directory record.
pub const PUFFS_MAXNAMLEN: usize = 511;
/// Unit of figures that nobody gave.
pub const PUFFS_DEV_BSIZE: u64 = 512;

/// Protection bits of a mapping: none.
pub const VM_PROT_NONE: c_int = 0;
/// Protection bits of a mapping: read.
pub const VM_PROT_READ: c_int = 1;
/// Protection bits of a mapping: write.
pub const VM_PROT_WRITE: c_int = 2;
/// Protection bits of a mapping: execute.
pub const VM_PROT_EXECUTE: c_int = 4;
/// Protection bits of a mapping: all.
pub const VM_PROT_ALL: c_int = 7;
/// Protection bits of a mapping: all, when nothing was said.
pub const VM_PROT_DEFAULT: c_int = 7;
