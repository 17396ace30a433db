/*
 * puffs_msgif.h: the message interface between the kernel side of puffs and a file server.
 *
 * Written by `make header`; edit the sources in puffs-ffi/ instead.
 *
 * With PUFFS_KERNEL defined nothing is included, and what includes this header provides size_t, bool, the fixed-width
 * integer types with UINT64_MAX, offsetof and (for the PUFFSGETOP family) _IO and _IOWR.
 */
#ifndef PUFFS_MSGIF_H
#define PUFFS_MSGIF_H

#ifndef PUFFS_KERNEL
#include <sys/ioctl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

#ifdef __cplusplus
#define PUFFS_STATIC_ASSERT(condition, message) static_assert(condition, message)
#else
#define PUFFS_STATIC_ASSERT(condition, message) __extension__ _Static_assert(condition, message)
#endif
#define PUFFS_PACKED __attribute__((packed))

/* The version of these headers; puffs_version() tells the library's. */
#define PUFFS_VERSION_MAJOR 0
#define PUFFS_VERSION_MINOR 1
#define PUFFS_VERSION_PATCH 0
#define PUFFS_VERSION_STRING "0.1.0"
/* A version as one number, for comparisons. */
#define PUFFS_MAKE_VERSION(major, minor, patch) (((major) << 16) | ((minor) << 8) | (patch))
#define PUFFS_VERSION PUFFS_MAKE_VERSION(PUFFS_VERSION_MAJOR, PUFFS_VERSION_MINOR, PUFFS_VERSION_PATCH)

/** File system operations (`PUFFSOP_VFS`). */
#define PUFFSOP_VFS 1
/** Operations on a node (`PUFFSOP_VN`). */
#define PUFFSOP_VN 2
/**
 * A notice to the server that one of its answers was broken (`PUFFSOP_ERROR`); always FAF. The operation number is
 * the kind, `PUFFS_ERR_*`.
 */
#define PUFFSOP_ERROR 4
/** The class without its flags. */
#define PUFFSOP_OPCMASK 0x0f
/** Nobody waits for an answer (`PUFFSOPFLAG_FAF`). */
#define PUFFSOPFLAG_FAF 0x10

/** The operations of `PUFFSOP_VFS`. */

#define PUFFS_VFS_MOUNT 0
#define PUFFS_VFS_START 1
#define PUFFS_VFS_UNMOUNT 2
#define PUFFS_VFS_ROOT 3
#define PUFFS_VFS_QUOTACTL 4
#define PUFFS_VFS_STATVFS 5
#define PUFFS_VFS_SYNC 6
#define PUFFS_VFS_VGET 7
#define PUFFS_VFS_FHTOVP 8
#define PUFFS_VFS_VPTOFH 9
#define PUFFS_VFS_INIT 10
#define PUFFS_VFS_DONE 11
#define PUFFS_VFS_SNAPSHOT 12
#define PUFFS_VFS_EXTATTRCTL 13
#define PUFFS_VFS_SUSPEND 14

/** The operations of `PUFFSOP_VN`. */

#define PUFFS_VN_LOOKUP 0
#define PUFFS_VN_CREATE 1
#define PUFFS_VN_MKNOD 2
#define PUFFS_VN_OPEN 3
#define PUFFS_VN_CLOSE 4
#define PUFFS_VN_ACCESS 5
#define PUFFS_VN_GETATTR 6
#define PUFFS_VN_SETATTR 7
#define PUFFS_VN_READ 8
#define PUFFS_VN_WRITE 9
#define PUFFS_VN_IOCTL 10
#define PUFFS_VN_FCNTL 11
#define PUFFS_VN_POLL 12
#define PUFFS_VN_KQFILTER 13
#define PUFFS_VN_REVOKE 14
#define PUFFS_VN_MMAP 15
#define PUFFS_VN_FSYNC 16
#define PUFFS_VN_SEEK 17
#define PUFFS_VN_REMOVE 18
#define PUFFS_VN_LINK 19
#define PUFFS_VN_RENAME 20
#define PUFFS_VN_MKDIR 21
#define PUFFS_VN_RMDIR 22
#define PUFFS_VN_SYMLINK 23
#define PUFFS_VN_READDIR 24
#define PUFFS_VN_READLINK 25
#define PUFFS_VN_ABORTOP 26
#define PUFFS_VN_INACTIVE 27
#define PUFFS_VN_RECLAIM 28
#define PUFFS_VN_LOCK 29
#define PUFFS_VN_UNLOCK 30
#define PUFFS_VN_BMAP 31
#define PUFFS_VN_STRATEGY 32
#define PUFFS_VN_PRINT 33
#define PUFFS_VN_ISLOCKED 34
#define PUFFS_VN_PATHCONF 35
#define PUFFS_VN_ADVLOCK 36
#define PUFFS_VN_LEASE 37
#define PUFFS_VN_WHITEOUT 38
#define PUFFS_VN_GETPAGES 39
#define PUFFS_VN_PUTPAGES 40
#define PUFFS_VN_GETEXTATTR 41
#define PUFFS_VN_LISTEXTATTR 42
#define PUFFS_VN_OPENEXTATTR 43
#define PUFFS_VN_DELETEEXTATTR 44
#define PUFFS_VN_SETEXTATTR 45
#define PUFFS_VN_CLOSEEXTATTR 46
#define PUFFS_VN_FALLOCATE 47
#define PUFFS_VN_FDISCARD 48

/** Version of the bodies in this file. */
#define PUFFS_MSG_VERSION 1
/** "Not given", in a field of any width: all bits set. */
#define PUFFS_MSG_NOVAL UINT64_MAX
/** Room that any fixed part with its names needs; bulk data comes on top. */
#define PUFFS_MSG_ROOM (8 << 10)
/** The largest name of one component. */
#define PUFFS_MSG_NAME_MAX 255
/** The largest target of a symbolic link. */
#define PUFFS_MSG_TARGET_MAX 4095
/** The largest file handle. */
#define PUFFS_MSG_HANDLE_MAX 1020
/** Offset of the name in a directory record. */
#define PUFFS_MSG_DIRENT_NAME 13

/** Kinds of credentials, `puffs_msg_head.cred`. */

/** A user: uid, gid and groups hold. */
#define PUFFS_MSG_CRED_USER 1
/** The kernel itself, without credentials. */
#define PUFFS_MSG_CRED_KERNEL 2
/** The file system's own work, such as write-back. */
#define PUFFS_MSG_CRED_FS 3
/** Instead of a number of groups: they are those of the thread that asks, and the host does not know them. */
#define PUFFS_MSG_CRED_UNKNOWN_GROUPS 255

/** What a lookup is for, `puffs_msg_lookup_req.nameiop`, and its flags. */

/** Just looking. */
#define PUFFS_MSG_NAMEI_LOOKUP 0
/** The name is to be created: ENOENT is the good answer. */
#define PUFFS_MSG_NAMEI_CREATE 1
/** The name is to be removed. */
#define PUFFS_MSG_NAMEI_DELETE 2
/** The name is to be the target of a rename. */
#define PUFFS_MSG_NAMEI_RENAME 3
/** The component is the last of its path. */
#define PUFFS_MSG_NAMEI_ISLASTCN 0x00008000
/** The component is "..". */
#define PUFFS_MSG_NAMEI_ISDOTDOT 0x00002000

/** Bits of `puffs_msg_ans.setback`: what the server wants done once its answer has arrived. */

/** Call inactive on the operation's node at the next opportunity. */
#define PUFFS_SETBACK_INACT_N1 0x01
/** The same for the second node. */
#define PUFFS_SETBACK_INACT_N2 0x02
/** The server holds no more references to the operation's node. */
#define PUFFS_SETBACK_NOREF_N1 0x04
/** The same for the second node. */
#define PUFFS_SETBACK_NOREF_N2 0x08
/** All of them. */
#define PUFFS_SETBACK_MASK 0x0f

/** Namespaces of extended attributes, `puffs_msg_extattr_req.ns`, and bits of `puffs_msg_extattr_req.flags`. */

/** Those of users. */
#define PUFFS_MSG_EXTATTR_USER 1
/** Those of the system. */
#define PUFFS_MSG_EXTATTR_SYSTEM 2
/** GETEXTATTR and LISTEXTATTR: the whole size is wanted too. */
#define PUFFS_MSG_EXTATTR_SIZE 1
/** LISTEXTATTR: each name follows its length in one byte, instead of ending with a NUL. */
#define PUFFS_MSG_EXTATTR_LENPREFIX 2

/** Bits of `puffs_msg_extattrctl_req.flags`. */

/** The cookie is a node. */
#define PUFFS_MSG_EXTATTRCTL_HASNODE 1

/* The class of a request without its flags, and whether its caller waits. */
#define PUFFSOP_OPCLASS(opclass) ((opclass) & PUFFSOP_OPCMASK)
#define PUFFSOP_WANTREPLY(opclass) (((opclass) & PUFFSOPFLAG_FAF) == 0)

/*
 * The message bodies that puffs' own VFS side and server library use. A kernel may have its own: the
 * queue does not look into them.
 */

/** Head of every request: the version and who asks. */
struct puffs_msg_head {
  /** `PUFFS_MSG_VERSION`. */
  uint16_t version;
  /** A value of `PUFFS_MSG_CRED_*`. */
  uint8_t cred;
  /** How many of `groups` hold, or `PUFFS_MSG_CRED_*.UNKNOWN_GROUPS`. */
  uint8_t ngroups;
  /** Process that asks; 0 when unknown. */
  uint32_t pid;
  /** Thread that asks; 0 when unknown. */
  uint32_t lwp;
  /** Its user. */
  uint32_t uid;
  /** Its primary group. */
  uint32_t gid;
  /** Supplementary groups. */
  uint32_t groups[16];
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_head) == 88, "size of puffs_msg_head");

/** Head of every answer. */
struct puffs_msg_ans {
  /** Bits of `PUFFS_SETBACK_*`. */
  uint32_t setback;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_ans) == 8, "size of puffs_msg_ans");

/** A point in time, or a span of it. */
struct puffs_msg_time {
  /** Seconds. */
  int64_t sec;
  /** Nanoseconds. */
  int64_t nsec;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_time) == 16, "size of puffs_msg_time");

/** `struct vattr`, fixed width. */
struct puffs_msg_attr {
  /** `enum vtype`. */
  uint32_t vtype;
  /** Permission bits; may hold the type bits too. */
  uint32_t mode;
  /** Links. */
  uint32_t nlink;
  /** Owner. */
  uint32_t uid;
  /** Group. */
  uint32_t gid;
  /** `VA_UTIMES_NULL`, `VA_EXCLUSIVE`. */
  uint32_t vaflags;
  /** File system id. */
  uint64_t fsid;
  /** Inode number. */
  uint64_t fileid;
  /** Size in bytes. */
  uint64_t size;
  /** Block size for I/O. */
  uint64_t blocksize;
  /** Last access. */
  struct puffs_msg_time atime;
  /** Last modification. */
  struct puffs_msg_time mtime;
  /** Last change of the node. */
  struct puffs_msg_time ctime;
  /** Creation. */
  struct puffs_msg_time birthtime;
  /** Generation. */
  uint64_t gen;
  /** Flags of chflags. */
  uint64_t flags;
  /** Device number. */
  uint64_t rdev;
  /** Bytes on disk. */
  uint64_t bytes;
  /** Revision. */
  uint64_t filerev;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_attr) == 160, "size of puffs_msg_attr");

/** VN LOOKUP; the cookie is the directory. Then: the name. */
struct puffs_msg_lookup_req {
  /** Head. */
  struct puffs_msg_head head;
  /** What for, `PUFFS_MSG_NAMEI_*`. */
  uint32_t nameiop;
  /** Flags, `PUFFS_MSG_NAMEI_*`. */
  uint32_t flags;
  /** Length of the name. */
  uint32_t namelen;
  /** 1: attributes are wanted with the answer. */
  uint32_t want_attr;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_lookup_req) == 104, "size of puffs_msg_lookup_req");

/**
 * VN CREATE, MKNOD, MKDIR, SYMLINK; the cookie is the directory. Then: the name, and
 * for SYMLINK the target.
 */
struct puffs_msg_create_req {
  /** Head. */
  struct puffs_msg_head head;
  /** Type, mode and device of the new node; all other fields `PUFFS_MSG_NOVAL`. */
  struct puffs_msg_attr attr;
  /** Length of the name. */
  uint32_t namelen;
  /** Length of a symbolic link's target. */
  uint32_t targetlen;
  /** 1: attributes are wanted with the answer. */
  uint32_t want_attr;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_create_req) == 264, "size of puffs_msg_create_req");

/** Answer to LOOKUP, CREATE, MKNOD, MKDIR, SYMLINK. */
struct puffs_msg_node_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** The node's cookie. */
  uint64_t cookie;
  /** Size of a regular file. */
  uint64_t size;
  /** Device number. */
  uint64_t rdev;
  /** `enum vtype`. */
  uint32_t vtype;
  /** 0: `attr` holds. Otherwise: why it does not, an errno value. */
  uint32_t attr_error;
  /** Attributes. */
  struct puffs_msg_attr attr;
  /** How long they hold; zero: not given. */
  struct puffs_msg_time attr_ttl;
  /** How long the name holds; zero: not given. */
  struct puffs_msg_time name_ttl;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_node_ans) == 232, "size of puffs_msg_node_ans");

/** VN GETATTR, READLINK, INACTIVE, PRINT, VFS STATVFS. */
struct puffs_msg_plain_req {
  /** Head. */
  struct puffs_msg_head head;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_plain_req) == 88, "size of puffs_msg_plain_req");

/** VN SETATTR. The answer carries the attributes as they are afterwards. */
struct puffs_msg_setattr_req {
  /** Head. */
  struct puffs_msg_head head;
  /** What to change; all other fields `PUFFS_MSG_NOVAL`. */
  struct puffs_msg_attr attr;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_setattr_req) == 248, "size of puffs_msg_setattr_req");

/** Answer to GETATTR and SETATTR. */
struct puffs_msg_attr_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** Attributes. */
  struct puffs_msg_attr attr;
  /** How long they hold; zero: not given. */
  struct puffs_msg_time ttl;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_attr_ans) == 184, "size of puffs_msg_attr_ans");

/** VN OPEN, CLOSE, ACCESS, FSYNC, POLL, MMAP, SEEK, PATHCONF; VFS SYNC, UNMOUNT. */
struct puffs_msg_flags_req {
  /** Head. */
  struct puffs_msg_head head;
  /**
   * OPEN: mode. CLOSE: fflag. ACCESS: mode. FSYNC: flags. POLL: events. MMAP: protection. PATHCONF: `_PC_*`. SYNC: waitfor.
   * UNMOUNT: mntflags.
   */
  uint32_t flags;
  /** CLOSE: 1 when inactive is to be run after it. */
  uint32_t inactive;
  /** FSYNC: start of the range. SEEK: the old offset. */
  uint64_t lo;
  /** FSYNC: its end; 0: to the end of the file. SEEK: the new offset. */
  uint64_t hi;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_flags_req) == 112, "size of puffs_msg_flags_req");

/** Answer to OPEN. */
struct puffs_msg_open_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** `PUFFS_OPEN_IO_DIRECT`. */
  uint32_t oflags;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_open_ans) == 16, "size of puffs_msg_open_ans");

/** Answer to PATHCONF. */
struct puffs_msg_pathconf_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** The value, as a signed number. */
  uint64_t value;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_pathconf_ans) == 16, "size of puffs_msg_pathconf_ans");

/** Answer to POLL. */
struct puffs_msg_poll_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** The events that are there. */
  uint32_t events;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_poll_ans) == 16, "size of puffs_msg_poll_ans");

/** VN ADVLOCK. */
struct puffs_msg_lock_req {
  /** Head. */
  struct puffs_msg_head head;
  /** Tells owners of locks apart. */
  uint64_t owner;
  /** First byte. */
  uint64_t start;
  /** Length; 0: to the end of the file, wherever that will be. */
  uint64_t len;
  /** `F_GETLK`, `F_SETLK`, `F_UNLCK`. */
  uint32_t op;
  /** Kind of lock, and whether to wait. */
  uint32_t flags;
  /** `F_RDLCK`, `F_WRLCK`, `F_UNLCK`. */
  uint32_t kind;
  /** The owner's process. */
  uint32_t pid;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_lock_req) == 128, "size of puffs_msg_lock_req");

/** Answer to ADVLOCK: for `F_GETLK` the lock that is in the way. */
struct puffs_msg_lock_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** First byte. */
  uint64_t start;
  /** Length; 0: to the end of the file. */
  uint64_t len;
  /** `F_RDLCK`, `F_WRLCK`; `F_UNLCK` when none is in the way. */
  uint32_t kind;
  /** The process that holds it. */
  uint32_t pid;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_lock_ans) == 32, "size of puffs_msg_lock_ans");

/** VN READ and READDIR. */
struct puffs_msg_read_req {
  /** Head. */
  struct puffs_msg_head head;
  /** READ: offset in the file. READDIR: an offset that the server gave, or 0. */
  uint64_t offset;
  /** Bytes wanted; never more than the mount's maximum less `PUFFS_MSG_ROOM`. */
  uint32_t len;
  /** `PUFFS_IO_*`. */
  uint32_t ioflag;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_read_req) == 104, "size of puffs_msg_read_req");

/** Answer to READ and READLINK. Then: `len` bytes of data. */
struct puffs_msg_data_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** Bytes that follow. */
  uint32_t len;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_data_ans) == 16, "size of puffs_msg_data_ans");

/** Answer to READDIR. Then: `len` bytes of records, each a `puffs_msg_dirent` with its name. */
struct puffs_msg_readdir_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** Where the next call starts. */
  uint64_t offset;
  /** Bytes of records that follow. */
  uint32_t len;
  /** 1 at the end of the directory. */
  uint32_t eof;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_readdir_ans) == 24, "size of puffs_msg_readdir_ans");

/** VN WRITE. Then: `len` bytes of data. */
struct puffs_msg_write_req {
  /** Head. */
  struct puffs_msg_head head;
  /** Offset in the file. */
  uint64_t offset;
  /** Bytes that follow. */
  uint32_t len;
  /** `PUFFS_IO_*`. */
  uint32_t ioflag;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_write_req) == 104, "size of puffs_msg_write_req");

/** Answer to WRITE. */
struct puffs_msg_write_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** Bytes written. */
  uint32_t len;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_write_ans) == 16, "size of puffs_msg_write_ans");

/** VN FALLOCATE and FDISCARD. */
struct puffs_msg_range_req {
  /** Head. */
  struct puffs_msg_head head;
  /** Where the range begins. */
  uint64_t offset;
  /** Its length in bytes. */
  uint64_t len;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_range_req) == 104, "size of puffs_msg_range_req");

/**
 * VN GETEXTATTR, SETEXTATTR, LISTEXTATTR, DELETEEXTATTR. Then: the name, and for SETEXTATTR the
 * value. SETEXTATTR is answered by a `puffs_msg_write_ans`.
 */
struct puffs_msg_extattr_req {
  /** Head. */
  struct puffs_msg_head head;
  /** A value of `PUFFS_MSG_EXTATTR_*`. */
  uint32_t ns;
  /** Length of the name; 0 for LISTEXTATTR. */
  uint32_t namelen;
  /** SETEXTATTR: length of the value. GETEXTATTR, LISTEXTATTR: bytes wanted; 0: only the size. */
  uint32_t len;
  /** Bits of `PUFFS_MSG_EXTATTR_*`. */
  uint32_t flags;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_extattr_req) == 104, "size of puffs_msg_extattr_req");

/** Answer to GETEXTATTR and LISTEXTATTR. Then: `len` bytes of data. */
struct puffs_msg_extattr_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** The whole size, where it was wanted. */
  uint64_t size;
  /** Bytes that follow. */
  uint32_t len;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_extattr_ans) == 24, "size of puffs_msg_extattr_ans");

/** VN REMOVE, RMDIR and LINK; the cookie is the directory. Then: the name. */
struct puffs_msg_name_req {
  /** Head. */
  struct puffs_msg_head head;
  /** Cookie of the node that has, or is to get, the name. */
  uint64_t target;
  /** Length of the name. */
  uint32_t namelen;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_name_req) == 104, "size of puffs_msg_name_req");

/** VN RENAME; the cookie is the source directory. Then: the old name and the new one. */
struct puffs_msg_rename_req {
  /** Head. */
  struct puffs_msg_head head;
  /** Cookie of the node that is renamed. */
  uint64_t source;
  /** Cookie of the target directory. */
  uint64_t target_dir;
  /** Cookie of the node that is replaced. */
  uint64_t target;
  /** Length of the old name. */
  uint32_t namelen;
  /** Length of the new name. */
  uint32_t target_namelen;
  /** 1 when `target` holds: a cookie may be 0. */
  uint32_t has_target;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_rename_req) == 128, "size of puffs_msg_rename_req");

/** VN RECLAIM, which wants no answer. */
struct puffs_msg_reclaim_req {
  /** Head. */
  struct puffs_msg_head head;
  /** How often the kernel side received the cookie. */
  uint32_t nlookup;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_reclaim_req) == 96, "size of puffs_msg_reclaim_req");

/**
 * VFS FHTOVP, answered by a `puffs_msg_node_ans` without attributes, which is no lookup; VFS VPTOFH of the node that is the cookie, answered by a
 * `puffs_msg_data_ans`. Then, for FHTOVP: the handle.
 */
struct puffs_msg_handle_req {
  /** Head. */
  struct puffs_msg_head head;
  /** FHTOVP: length of the handle. VPTOFH: bytes that there is room for, at most `PUFFS_MSG_HANDLE_MAX`. */
  uint32_t len;
  /** Zero. */
  uint32_t pad;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_handle_req) == 96, "size of puffs_msg_handle_req");

/** VFS EXTATTRCTL. Then: the name of an attribute, if one was given. */
struct puffs_msg_extattrctl_req {
  /** Head. */
  struct puffs_msg_head head;
  /** What to do: the system's and the server's business. */
  uint32_t cmd;
  /** Bits of `PUFFS_MSG_EXTATTRCTL_*`. */
  uint32_t flags;
  /** A value of `PUFFS_MSG_EXTATTR_*`. */
  uint32_t ns;
  /** Length of the name; 0: none was given. */
  uint32_t namelen;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_extattrctl_req) == 104, "size of puffs_msg_extattrctl_req");

/** A notice of a broken answer, class ERROR; the cookie is the node it was about. Then: the text. */
struct puffs_msg_error_req {
  /** Head. */
  struct puffs_msg_head head;
  /** The errno value that the caller got. */
  uint32_t error;
  /** Length of the text. */
  uint32_t textlen;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_error_req) == 96, "size of puffs_msg_error_req");

/** `struct statvfs`, fixed width. */
struct puffs_msg_statvfs {
  /** Block size. */
  uint64_t bsize;
  /** Fragment size: the unit of the block counts. */
  uint64_t frsize;
  /** Preferred I/O size. */
  uint64_t iosize;
  /** Blocks. */
  uint64_t blocks;
  /** Free blocks. */
  uint64_t bfree;
  /** Free blocks for users. */
  uint64_t bavail;
  /** Reserved blocks. */
  uint64_t bresvd;
  /** Nodes. */
  uint64_t files;
  /** Free nodes. */
  uint64_t ffree;
  /** Free nodes for users. */
  uint64_t favail;
  /** Reserved nodes. */
  uint64_t fresvd;
  /** Longest name. */
  uint64_t namemax;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_statvfs) == 96, "size of puffs_msg_statvfs");

/** Answer to STATVFS. */
struct puffs_msg_statvfs_ans {
  /** Head. */
  struct puffs_msg_ans ans;
  /** The figures. */
  struct puffs_msg_statvfs statvfs;
};
PUFFS_STATIC_ASSERT(sizeof(struct puffs_msg_statvfs_ans) == 104, "size of puffs_msg_statvfs_ans");

/**
 * Head of a directory record; the name follows at `PUFFS_MSG_DIRENT_NAME`, ended by a NUL, and the whole is
 * padded to eight bytes. This is `struct dirent` of `<puffs.h>`.
 */
struct puffs_msg_dirent {
  /** Inode number. */
  uint64_t fileno;
  /** Length of the whole record. */
  uint16_t reclen;
  /** Length of the name. */
  uint16_t namlen;
  /** `DT_*`. */
  uint8_t dtype;
} PUFFS_PACKED;

/** The minor number of the device that clones itself at each open. Instances have smaller ones. */
#define PUFFS_CLONER 524287

/** In `pb_flags`: do not sleep for a request, whatever the mode of the open file: `EAGAIN`. */
#define PUFFS_BATCH_NOWAIT 1

/** `pst_what`: the names below a directory, those that do not exist included. */
#define PUFFS_STALE_NAMES 1

/** `pst_what`: all names. */
#define PUFFS_STALE_ALLNAMES 2

/** `pst_what`: contents of a regular file, and its attributes. */
#define PUFFS_STALE_PAGES 3

/** `pst_what`: contents of a regular file that programs have changed are to be written; they stay. */
#define PUFFS_STALE_UNWRITTEN 4

/** The header of a fetched request and of an answer. */
struct puffs_req {
  /** Matches the answer to its request; 0 when no answer is wanted. */
  uint64_t preq_id;
  /** `PUFFSOP_VFS` or `PUFFSOP_VN`, with `PUFFSOPFLAG_FAF` when no answer is wanted. */
  uint8_t preq_opclass;
  /** The operation: `PUFFS_VFS_*` or `PUFFS_VN_*`. */
  uint8_t preq_optype;
  /** In an answer: 0 or a positive errno value. */
  int preq_rv;
  /** The server's name for the node. */
  void *preq_cookie;
  /** The server's buffer for the body. */
  void *preq_aux;
  /**
   * `PUFFSGETOP`: room in the buffer, and on return the length of the request (with `E2BIG`: the room it
   * needs). `PUFFSPUTOP`: the length of the answer.
   */
  size_t preq_auxlen;
};

/** Data of unknown size for a request in flight. */
struct puffs_sizeop {
  /** The request that registered the data. */
  uint64_t pso_reqid;
  /** The server's buffer. */
  uint8_t *pso_userbuf;
  /** Its size; on return the number of bytes moved. */
  size_t pso_bufsize;
};

/**
 * Several answers and several fetches in one call, at most 1024 of each.
 *
 * Each answer is treated as by `PUFFSPUTOP`, and its header written back: `preq_rv` 0 or an errno value, `preq_id` 0 (one whose header cannot be
 * written keeps its id, and is unknown the second time). An answer with `preq_id` 0 is passed over, so the call may be made again as it is after any
 * error. When all were taken (`ECANCELED` counts as taken), requests are fetched as by `PUFFSGETOP`; the call sleeps for the first one only, and what
 * keeps a later one from coming is no error.
 *
 * The call returns the first error of an answer, and nothing was fetched then; or that of the first fetch. When every answer's `preq_rv` is 0 or
 * `ECANCELED`, it is the fetch's: with `E2BIG` the first `preq_auxlen` of `pb_get` says what is needed; with `EINTR`, after a signal or `PUFFSWAKE`, all
 * answers were taken.
 */
struct puffs_batch {
  /** Answers; may be NULL when there are none. */
  struct puffs_req *pb_put;
  /** How many. */
  size_t pb_nput;
  /** Room for requests, each with a buffer in `preq_aux` and `preq_auxlen`; may be NULL when there is none. */
  struct puffs_req *pb_get;
  /** How many; when the call returns 0, how many came. */
  size_t pb_nget;
  /** 0 or `PUFFS_BATCH_NOWAIT`. */
  uint64_t pb_flags;
};

/** What a server says when it starts. */
struct puffs_startreq {
  /** The cookie of the root node. */
  uint64_t psr_cookie;
  /** The file system's first figures. */
  struct puffs_msg_statvfs psr_sb;
};

/** What a server wants forgotten or written of what the kernel has cached, since it has changed something on its own. */
struct puffs_stale {
  /** `PUFFS_STALE_*`. */
  uint32_t pst_what;
  /** Zero. */
  uint32_t pst_reserved;
  /** The node that it is about; not with `PUFFS_STALE_ALLNAMES`. */
  uint64_t pst_cookie;
  /** Of contents: first byte. */
  uint64_t pst_start;
  /** First byte behind; 0: to the end of the file. */
  uint64_t pst_end;
};

/** What a server says of itself at the beginning of the connection that `PUFFS_COMFD` names (see `puffs_mount`). Behind it come three strings, without NULs. */
struct puffs_comargs {
  /** `PUFFS_MSG_VERSION`. */
  uint32_t pca_version;
  /** Bytes of this, with the strings. */
  uint32_t pca_len;
  /** The operations that the server has: those on nodes from bit 0, those on the file system from bit 49. */
  uint64_t pca_ops;
  /** The root's cookie. */
  uint64_t pca_root;
  /** Its size. */
  uint64_t pca_rootsize;
  /** Its device number. */
  uint64_t pca_rootrdev;
  /** Its type, `enum vtype`. */
  uint32_t pca_roottype;
  /** `PUFFS_MNT_*`. */
  uint32_t pca_mntflags;
  /** `PUFFS_KFLAG_*`. */
  uint32_t pca_kflags;
  /** Most bytes of a read or write. */
  uint32_t pca_maxdata;
  /** Size of file handles; 0: there are none. */
  uint32_t pca_fhsize;
  /** `PUFFS_FHFLAG_*`. */
  uint32_t pca_fhflags;
  /** Length of the first string: what is mounted. */
  uint32_t pca_fromlen;
  /** Of the second: the type. */
  uint32_t pca_typelen;
  /** Of the third: where it would be mounted. */
  uint32_t pca_dirlen;
  /** Zero. */
  uint32_t pca_reserved;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that is running: compare with `PUFFS_VERSION`, which is the
 * header's. Any thread may call it, under any lock.
 */
uint32_t puffs_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* The calls on an open device. */
#define PUFFSGETOP _IOWR('p', 1, struct puffs_req)
#define PUFFSPUTOP _IOWR('p', 2, struct puffs_req)
#define PUFFSSIZEOP _IOWR('p', 3, struct puffs_sizeop)
#define PUFFSSTARTOP _IOWR('p', 4, struct puffs_startreq)
#define PUFFSBATCH _IOWR('p', 16, struct puffs_batch)
/*
 * Has a PUFFSGETOP or PUFFSBATCH that sleeps on the same open return EINTR, or the next one that would sleep; one of them, if several do. It is not made
 * again as after a signal. No argument; never sleeps; may be called by any thread, and in a signal handler.
 */
#define PUFFSWAKE _IO('p', 17)
/*
 * Says that something cached is stale. Waits for nobody: what is in use meanwhile is asked for again by who comes next. ENOENT for a node that the
 * kernel does not know, EINVAL for one of another type or a range beyond its end, EOPNOTSUPP where it cannot.
 */
#define PUFFSSTALE _IOWR('p', 18, struct puffs_stale)

#if !defined(__SIZEOF_POINTER__) || __SIZEOF_POINTER__ == 8
PUFFS_STATIC_ASSERT(sizeof(struct puffs_req) == 40, "size of puffs_req");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_id) == 0, "preq_id");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_opclass) == 8, "preq_opclass");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_optype) == 9, "preq_optype");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_rv) == 12, "preq_rv");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_cookie) == 16, "preq_cookie");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_aux) == 24, "preq_aux");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_auxlen) == 32, "preq_auxlen");
PUFFS_STATIC_ASSERT(sizeof(struct puffs_sizeop) == 24, "size of puffs_sizeop");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_sizeop, pso_userbuf) == 8, "pso_userbuf");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_sizeop, pso_bufsize) == 16, "pso_bufsize");
PUFFS_STATIC_ASSERT(sizeof(struct puffs_batch) == 40, "size of puffs_batch");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_batch, pb_nput) == 8, "pb_nput");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_batch, pb_get) == 16, "pb_get");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_batch, pb_nget) == 24, "pb_nget");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_batch, pb_flags) == 32, "pb_flags");
#elif defined(__i386__)
/* A server of 32 bits, whose calls a kernel of 64 bits translates. */
PUFFS_STATIC_ASSERT(sizeof(struct puffs_req) == 28, "size of puffs_req");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_rv) == 12, "preq_rv");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_cookie) == 16, "preq_cookie");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_aux) == 20, "preq_aux");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_req, preq_auxlen) == 24, "preq_auxlen");
PUFFS_STATIC_ASSERT(sizeof(struct puffs_sizeop) == 16, "size of puffs_sizeop");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_sizeop, pso_bufsize) == 12, "pso_bufsize");
PUFFS_STATIC_ASSERT(sizeof(struct puffs_batch) == 24, "size of puffs_batch");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_batch, pb_nget) == 12, "pb_nget");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_batch, pb_flags) == 16, "pb_flags");
#endif
PUFFS_STATIC_ASSERT(sizeof(struct puffs_startreq) == 104, "size of puffs_startreq");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_startreq, psr_sb) == 8, "psr_sb");
PUFFS_STATIC_ASSERT(sizeof(struct puffs_stale) == 32, "size of puffs_stale");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_stale, pst_end) == 24, "pst_end");
PUFFS_STATIC_ASSERT(sizeof(struct puffs_comargs) == 80, "size of puffs_comargs");
PUFFS_STATIC_ASSERT(offsetof(struct puffs_comargs, pca_fromlen) == 64, "pca_fromlen");

#endif
