/*
 * puffs_vfs.h: one blocking call per file operation, for the glue between a kernel's VFS and a mount of <puffs_sys.h>.
 *
 * Written by `make header`; edit the sources in puffs-ffi/ instead.
 *
 * With PUFFS_KERNEL defined nothing is included; see <puffs_msgif.h> for what must then be there.
 *
 * Each call sends one message to the server, parks the calling thread until the answer is there, checks the answer, and gives plain values.
 * The messages are those of <puffs_msgif.h>, which the server library of <puffs.h> understands. What the calls have in common:
 *
 * The mount. puffs_vfs_new makes a struct puffs_vfs from a mount, the root's cookie and the server's operations. A call needs the mount to
 * stay meanwhile: whoever calls has a reference to it.
 *
 * The caller. A struct puffs_vcall says who asks, how patiently (PUFFS_TOUSER_*, a timeout, an id to interrupt by), and which vnodes
 * are unlocked while the caller is parked (pho_vnode_unlock). A NULL call is one of the kernel's own, as patient as the mount says.
 *
 * Results. 0, or a positive errno value: the server's own, up to ph_maxerrno, or one of ours from the table ph_errno. EROFS, for what the server has
 * no write operation for, is ph_errno[PUFFS_E_ROFS]; like EOPNOTSUPP, for what it has no other operation for, it comes without the server being
 * asked. Besides any call may return what puffs_vfstouser returns (EINVAL, ENXIO, EDEADLK, EPROTO, ENOMEM, EINTR, ETIMEDOUT),
 * EAGAIN with PUFFS_TOUSER_NOWAIT, EEXIST for an id in use, and what pho_vnode_lock returned. Nothing is written through an output pointer
 * when a call fails.
 *
 * What a server says is checked: names are single components, lengths are within what was asked for, a new node has a type, sizes fit a
 * signed 64-bit number (or are PUFFS_MSG_NOVAL, not given), spans of time are not negative, nanoseconds are below 1000000000 (or a time is
 * not given: all bits set). What is not so is EPROTO for the caller and a notice of class PUFFSOP_ERROR for the server; times alone are set
 * right. Types and device numbers in attributes, owners, modes, link counts and cookies are the server's to choose; a kernel keeps the type
 * that a node came with (pvf_vtype).
 *
 * Nodes. There is no table of nodes here: a kernel has inodes of its own, which know their cookie and are found by it, and a second table would
 * have to agree with that cache under its locks. What an inode keeps is the cookie, the request for its reclaim, and one counter:
 *
 *  - Each call that returns 0 and a struct puffs_vfound is one more time that the cookie came. When the kernel has the node, it adds one to the
 *    inode's counter and frees pvf_reclaim (puffs_paid_reclaim_free), or uses it for its next call; otherwise it makes an inode with pvf_reclaim and a
 *    counter of 1. When it cannot, it sends the reclaim at once (puffs_vfs_reclaim).
 *  - Who created a node that the kernel has already was lied to: puffs_vfs_broken.
 *  - When the inode goes, puffs_vfs_reclaim says how often the cookie came. The server compares that with how often it gave it out, so an answer that is
 *    on its way meanwhile is not lost. The root is never reclaimed.
 *  - An answer that came too late (pho_late) counts too: puffs_vfs_late.
 *
 * Memory. RECLAIM, CLOSE and the end of a lock cannot fail: they are paid for with the node, the open and the lock, some 350 bytes each. All other calls allocate
 * and may fail with ENOMEM, before the server is asked (puffs_vfs_readdir also after it). Reading and writing copy the data once between the
 * caller's buffer and the message.
 *
 * Calls sleep, unless it is said that they never wait; all are to be called without spinning locks. Safety: `pv` is NULL or from puffs_vfs_new;
 * `call` is NULL or as large as its first field says, and pvc_groups has pvc_ngroups elements; names are NULL or readable for as many bytes as
 * their length says. NULL where something is needed is EINVAL.
 */
#ifndef PUFFS_VFS_H
#define PUFFS_VFS_H

#include "puffs_sys.h"

/** Type of a node: a regular file. */
#define PUFFS_VT_REG 1

/** Type of a node: a directory. */
#define PUFFS_VT_DIR 2

/** Type of a node: a block device. */
#define PUFFS_VT_BLK 3

/** Type of a node: a character device. */
#define PUFFS_VT_CHR 4

/** Type of a node: a symbolic link. */
#define PUFFS_VT_LNK 5

/** Type of a node: a socket. */
#define PUFFS_VT_SOCK 6

/** Type of a node: a pipe. */
#define PUFFS_VT_FIFO 7

/** Permission to execute or search. */
#define PUFFS_VACCESS_EXEC 1

/** Permission to write. */
#define PUFFS_VACCESS_WRITE 2

/** Permission to read. */
#define PUFFS_VACCESS_READ 4

/** `vaflags` for `puffs_vfs_setattr`: the times were not given, they are now. */
#define PUFFS_VATTR_UTIMES_NULL 1

/** In `pvc_flags`: the groups are not given, and the server may look for them itself. */
#define PUFFS_VCALL_GROUPS_UNKNOWN 256

/** Mode of an open: for reading. The other bits are those of the system's own open(2). */
#define PUFFS_VOPEN_READ 1

/** Mode of an open: for writing. */
#define PUFFS_VOPEN_WRITE 2

/** `pvo_oflags`: reads and writes pass the page cache by. */
#define PUFFS_VOPEN_DIRECT 1

/** `ioflag`: write at the end of the file. */
#define PUFFS_VIO_APPEND 32

/** `ioflag`: do not wait. */
#define PUFFS_VIO_NDELAY 256

/** `puffs_vfs_fsync`: wait until it is done. */
#define PUFFS_VFSYNC_WAIT 1

/** `puffs_vfs_fsync`: the data only. */
#define PUFFS_VFSYNC_DATAONLY 2

/** `puffs_vfs_fsync`: there is no hurry. */
#define PUFFS_VFSYNC_LAZY 8

/** `puffs_vfs_mmap`: the mapping is read. */
#define PUFFS_VPROT_READ 1

/** `puffs_vfs_mmap`: it is written. */
#define PUFFS_VPROT_WRITE 2

/** `puffs_vfs_mmap`: it is executed. */
#define PUFFS_VPROT_EXEC 4

/** Nothing that anybody must release. */
#define PUFFS_VLATE_NOTHING 0

/** A node: its cookie came once more. */
#define PUFFS_VLATE_NODE 1

/** An open file. */
#define PUFFS_VLATE_OPEN 2

/** Something asked of a node's locks was done; when `pvt_op` is the system's `F_SETLK`, a lock was set. */
#define PUFFS_VLATE_LOCK 3

/** `puffs_vfs_sync`: wait until it is done. */
#define PUFFS_VSYNC_WAIT 1

/** `puffs_vfs_sync`: start only. */
#define PUFFS_VSYNC_NOWAIT 2

/** `puffs_vfs_sync`: the periodic one. */
#define PUFFS_VSYNC_LAZY 3

/** `puffs_vfs_unmount`: it happens whatever the server says. */
#define PUFFS_VUNMOUNT_FORCE 524288

/** Flags of a lock: wait until it can be had. */
#define PUFFS_VLOCK_WAIT 16

/** Flags of a lock: one of flock(2), on the whole file. */
#define PUFFS_VLOCK_FLOCK 32

/** Flags of a lock: one of fcntl(2). */
#define PUFFS_VLOCK_POSIX 64

/** A node that was created is one that the kernel has already. */
#define PUFFS_VBAD_EXISTS 1

/** A node that the kernel has already came as one of another type. */
#define PUFFS_VBAD_TYPE 2

/** A directory comes to no end: an offset came twice. */
#define PUFFS_VBAD_ENDLESS 3

/** A CLOSE paid for: sending it cannot fail. */
struct puffs_paid_close;

/** A RECLAIM paid for: sending it cannot fail. */
struct puffs_paid_reclaim;

/** An ADVLOCK paid for, which takes a lock away: sending it cannot fail. */
struct puffs_paid_unlock;

/** The VFS side of one mount: what is known of its server. Not counted. */
struct puffs_vfs;

/** Some names of a directory, checked. */
struct puffs_vlisting;

/** Who calls an operation, and how patiently. Zero means the usual, but in the first field and in `pvc_cred`. */
struct puffs_vcall {
  /** `sizeof(struct puffs_vcall)`. */
  size_t pvc_size;
  /** `PUFFS_TOUSER_INTERRUPTIBLE`, `PUFFS_TOUSER_UNINTERRUPTIBLE`, `PUFFS_TOUSER_NOWAIT` as for `puffs_touser_opt`, and `PUFFS_VCALL_*`. */
  uint32_t pvc_flags;
  /** `PUFFS_MSG_CRED_USER`, `PUFFS_MSG_CRED_KERNEL` or `PUFFS_MSG_CRED_FS`; the fields behind `pvc_vp2` are for the first alone. */
  uint32_t pvc_cred;
  /** An id from `puffs_getreqid`, to interrupt the call by; 0: the next one. */
  uint64_t pvc_reqid;
  /** Give up after so many nanoseconds from now; 0: as the mount says; `PUFFS_FOREVER`. */
  uint64_t pvc_timeout_ns;
  /** The vnodes that the caller has locked, as for `puffs_vntouser`. */
  struct vnode *pvc_vp1;
  /** The other one. */
  struct vnode *pvc_vp2;
  /** The process that asks; 0 when it is not known. */
  uint32_t pvc_pid;
  /** The thread; 0 when it is not known. */
  uint32_t pvc_lwp;
  /** Its user. */
  uint32_t pvc_uid;
  /** Its group. */
  uint32_t pvc_gid;
  /** Its supplementary groups; those above 16 are left out. */
  const uint32_t *pvc_groups;
  /** How many. */
  size_t pvc_ngroups;
};

/** Attributes, and how long they hold. */
struct puffs_vattrs {
  /** `sizeof(struct puffs_vattrs)`. */
  size_t pvs_size;
  /** The attributes. */
  struct puffs_msg_attr pvs_attr;
  /** How long they hold; zero: the server does not say. */
  struct puffs_msg_time pvs_ttl;
};

/** A node that a name led to, or that was made: one more time that its cookie came (see the head of this header). */
struct puffs_vfound {
  /** `sizeof(struct puffs_vfound)`. */
  size_t pvf_size;
  /** The server's name for the node. */
  void *pvf_cookie;
  /** Its type, `PUFFS_VT_*`, which never changes. */
  uint32_t pvf_vtype;
  /** 0: `pvf_attr` holds. Otherwise why there are no attributes, an errno value. */
  int pvf_attr_error;
  /** Its size, if it is a regular file. */
  uint64_t pvf_bytes;
  /** Its device number, if it is a device, which never changes. */
  uint64_t pvf_rdev;
  /** Its attributes. */
  struct puffs_msg_attr pvf_attr;
  /** How long they hold; zero: the server does not say. */
  struct puffs_msg_time pvf_attr_ttl;
  /** How long the name holds; zero: the server does not say. */
  struct puffs_msg_time pvf_name_ttl;
  /**
   * In and out: the RECLAIM that the node will end with. NULL: one is made before the server is asked, and it is the caller's when the call
   * returns 0 (NULL where the server has no such operation). If not NULL it stays as it is whatever happens.
   */
  struct puffs_paid_reclaim *pvf_reclaim;
};

/** A part of a directory. */
struct puffs_vdir {
  /** `sizeof(struct puffs_vdir)`. */
  size_t pvd_size;
  /** The names: the caller's, until `puffs_vlisting_free`. */
  struct puffs_vlisting *pvd_list;
  /** Where the next call starts. */
  uint64_t pvd_offset;
  /** 1 when nothing follows: at the end, and when nothing came. */
  uint32_t pvd_eof;
  /** Zero. */
  uint32_t pvd_reserved;
};

/** One name of a directory. */
struct puffs_vdirent {
  /** Inode number, not 0. */
  uint64_t pvn_fileno;
  /** The name, not ended by a NUL: one component. Stays as long as the list. */
  const char *pvn_name;
  /** Its length, 1 to `PUFFS_MSG_NAME_MAX`. */
  uint32_t pvn_namelen;
  /** `DT_*`. */
  uint32_t pvn_dtype;
};

/** An open file. */
struct puffs_vopened {
  /** `sizeof(struct puffs_vopened)`. */
  size_t pvo_size;
  /** `PUFFS_VOPEN_DIRECT`, until the node is inactive. */
  uint32_t pvo_oflags;
  /** The server's side notes, `PUFFS_SETBACK_*`. */
  uint32_t pvo_setback;
  /** The CLOSE that the open will end with (`puffs_vfs_close`); NULL where the server needs none. */
  struct puffs_paid_close *pvo_close;
};

/** A lock on a range of a file. */
struct puffs_vlock {
  /** First byte. */
  uint64_t pvl_start;
  /** Length; 0: to the end of the file, wherever that will be. */
  uint64_t pvl_len;
  /** `F_RDLCK`, `F_WRLCK`, `F_UNLCK`, as the system's fcntl(2) has them. */
  uint32_t pvl_kind;
  /** The process that holds it. */
  uint32_t pvl_pid;
};

/** What a late answer made. */
struct puffs_vlate {
  /** `sizeof(struct puffs_vlate)`. */
  size_t pvt_size;
  /** The node. */
  void *pvt_cookie;
  /** `PUFFS_VLATE_*`. */
  uint32_t pvt_made;
  /** Of an open file: the mode it was opened with. */
  uint32_t pvt_mode;
  /** Of a lock, as it was asked for with `puffs_vfs_advlock`: the owner. */
  uint64_t pvt_owner;
  /** The operation. */
  uint32_t pvt_op;
  /** `PUFFS_VLOCK_*`. */
  uint32_t pvt_flags;
  /** The lock. */
  struct puffs_vlock pvt_lock;
};

/** One end of a rename: a name in a directory, and the node there. */
struct puffs_vend {
  /** The directory. */
  void *pve_dir;
  /** The name. */
  const char *pve_name;
  /** Its length. */
  size_t pve_namelen;
  /** The node. */
  void *pve_node;
  /** 1 when there is a node: a cookie may be 0. Where a name is renamed from there always is one. */
  uint32_t pve_has_node;
  /** Zero. */
  uint32_t pve_reserved;
};

/** What a server said when it was mounted. */
struct puffs_vfsargs {
  /** `sizeof(struct puffs_vfsargs)`. */
  size_t pva_size;
  /** The cookie of the root node. */
  void *pva_root;
  /**
   * The operations that the server has: bit 0 is `PUFFS_VN_LOOKUP`, bit 48 `PUFFS_VN_FDISCARD`; bit 49 is `PUFFS_VFS_MOUNT`, bit 63
   * `PUFFS_VFS_SUSPEND`. `UINT64_MAX` sends all of them.
   */
  uint64_t pva_ops;
  /** Zero. */
  uint64_t pva_reserved;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Fills in attributes of which none is given, for `puffs_vfs_setattr`. NULL is ignored.
 *
 * # Safety
 * `attr` is NULL or valid for writing.
 */
void puffs_vattr_none(struct puffs_msg_attr *attr);

/**
 * Asks for a node's attributes.
 *
 * Returns 0 and the attributes in `*got`, whose first field the caller has set; see the head of this header for what may
 * be in them. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `got` is NULL or as large as its first field says.
 */
int puffs_vfs_getattr(struct puffs_vfs *pv,
                      const struct puffs_vcall *call,
                      void *cookie,
                      struct puffs_vattrs *got);

/**
 * Changes those attributes of a node that are given in `attr` (`puffs_vattr_none`).
 *
 * Returns 0 and in `*got`, unless that is NULL, the attributes as they are afterwards; `EOPNOTSUPP` when the server has no such
 * operation.
 *
 * # Safety
 * As `puffs_vfs_getattr`; `attr` is NULL or readable.
 */
int puffs_vfs_setattr(struct puffs_vfs *pv,
                      const struct puffs_vcall *call,
                      void *cookie,
                      const struct puffs_msg_attr *attr,
                      struct puffs_vattrs *got);

/**
 * Asks whether a node of this type may be used so; `mode` is made of `PUFFS_VACCESS_*`.
 *
 * Returns 0 when it may, and where the server leaves that to the kernel; `EROFS` for writing to a file, directory or link of a server without
 * a write operation, which is not asked.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_access(struct puffs_vfs *pv,
                     const struct puffs_vcall *call,
                     void *cookie,
                     uint32_t vtype,
                     uint32_t mode);

/**
 * Asks for the figures of the file system, in `*got`.
 *
 * # Safety
 * See the head of the header; `got` is NULL or valid for writing.
 */
int puffs_vfs_statvfs(struct puffs_vfs *pv,
                      const struct puffs_vcall *call,
                      struct puffs_msg_statvfs *got);

/**
 * Gives a handle of a node, for `puffs_vfs_fhtonode` later, also when the kernel has forgotten the node.
 *
 * Returns 0 and its length in `*len`, at most `PUFFS_MSG_HANDLE_MAX`; `E2BIG` and the length that it takes in `*len` when that is more than
 * `size`, which is the one thing that is written when a call fails. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `buf` is NULL or valid for writing `size` bytes, `len` NULL or valid for writing.
 */
int puffs_vfs_nodetofh(struct puffs_vfs *pv,
                       const struct puffs_vcall *call,
                       void *cookie,
                       void *buf,
                       size_t size,
                       size_t *len);

/**
 * Finds the node of a handle that `puffs_vfs_nodetofh` gave. The cookie has not come once more by this: a node that the kernel has keeps its
 * counter, and a new inode begins with a counter of 0. `pvf_attr` is never there. So nothing keeps the node until there is an inode: a reclaim of it that was
 * sent since the call began may have ended it, and the server is to be asked again.
 *
 * Returns 0 and the node in `*found`, whose first and last field the caller has set; the server's `ESTALE` or `ENOENT` when there is no such node any
 * more. `EINVAL` for a handle that is empty or longer than `PUFFS_MSG_HANDLE_MAX`. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `fid` is NULL or valid for reading `size` bytes; `found` is NULL or as large as its first field says.
 */
int puffs_vfs_fhtonode(struct puffs_vfs *pv,
                       const struct puffs_vcall *call,
                       const void *fid,
                       size_t size,
                       struct puffs_vfound *found);

/**
 * Asks for a limit of a file: `name` is one of the system's `_PC_*`.
 *
 * Returns 0 and the value in `*value`; `EINVAL` when the server does not know it. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `value` is NULL or valid for writing.
 */
int puffs_vfs_pathconf(struct puffs_vfs *pv,
                       const struct puffs_vcall *call,
                       void *cookie,
                       int name,
                       int64_t *value);

/**
 * Has the server print what it knows of a node, wherever it prints.
 *
 * Returns 0, also when the server has no such operation.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_print(struct puffs_vfs *pv, const struct puffs_vcall *call, void *cookie);

/**
 * Controls the store of extended attributes: `cmd` is the system's and the server's business, `has_node` says whether `cookie` is a node, `ns` is a
 * namespace, and a `name` of NULL is none.
 *
 * Returns 0; `EOPNOTSUPP` when the server has no such operation. `EINVAL` for a name that is none or longer than `PUFFS_MSG_NAME_MAX`.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_extattrctl(struct puffs_vfs *pv,
                         const struct puffs_vcall *call,
                         int cmd,
                         void *cookie,
                         int has_node,
                         uint32_t ns,
                         const char *name,
                         size_t namelen);

/**
 * Reads a part of a directory, up to `len` bytes of records but at most `puffs_vfs_maxdata`, from `offset`, which is 0 or the `pvd_offset` of an earlier call.
 * A record takes some 14 bytes beside its name. "." and ".." come when the server gives them.
 *
 * Servers give no offset for a single name, and differ in what theirs mean. So a kernel whose reader wants fewer names than came keeps the
 * list with its open directory, and its place in it. An offset that comes again means a directory without an end:
 * `puffs_vfs_broken`.
 *
 * Returns 0 and the part in `*part`, whose first field the caller has set. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `part` is NULL or as large as its first field says.
 */
int puffs_vfs_readdir(struct puffs_vfs *pv,
                      const struct puffs_vcall *call,
                      void *dir,
                      uint64_t offset,
                      size_t len,
                      struct puffs_vdir *part);

/**
 * Gives the next name of a list. `*at` is a place in the list: 0 at first, and any that came from here; it moves on.
 *
 * Returns 0 and the name in `*entry`; `ENOENT` at the end; `EINVAL` (NULL). Does not sleep, locks nothing.
 *
 * # Safety
 * `list` is NULL or a list; the other two are NULL or valid for writing.
 */
int puffs_vlisting_next(const struct puffs_vlisting *list,
                        size_t *at,
                        struct puffs_vdirent *entry);

/**
 * Frees a list. NULL is ignored.
 *
 * # Safety
 * `list` is NULL or a list that is given up.
 */
void puffs_vlisting_free(struct puffs_vlisting *list);

/**
 * Reads up to `len` bytes of an extended attribute into `buf`; with `len` 0, where `buf` may be NULL, its size only. `ns` is
 * `PUFFS_MSG_EXTATTR_USER` or `PUFFS_MSG_EXTATTR_SYSTEM`, the name is without a prefix for it.
 *
 * Returns 0, in `*size` the size of the whole and in `*done` how many bytes came. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `buf` is NULL or valid for writing `len` bytes, `size` and `done` NULL or valid for writing.
 */
int puffs_vfs_getextattr(struct puffs_vfs *pv,
                         const struct puffs_vcall *call,
                         void *cookie,
                         uint32_t ns,
                         const char *name,
                         size_t namelen,
                         void *buf,
                         size_t len,
                         uint64_t *size,
                         size_t *done);

/**
 * Reads up to `len` bytes of the names of a node's extended attributes in one namespace, each ended by a NUL. When all of them came they are
 * whole, none of them empty or longer than `PUFFS_MSG_NAME_MAX`; otherwise they are cut off somewhere. The rest as
 * `puffs_vfs_getextattr`.
 *
 * # Safety
 * As `puffs_vfs_getextattr`.
 */
int puffs_vfs_listextattr(struct puffs_vfs *pv,
                          const struct puffs_vcall *call,
                          void *cookie,
                          uint32_t ns,
                          void *buf,
                          size_t len,
                          uint64_t *size,
                          size_t *done);

/**
 * Sets an extended attribute to a value of `len` bytes, at most what a message holds (else `EINVAL`).
 *
 * Returns 0 and in `*done`, unless that is NULL, how many bytes the server took. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `value` is NULL or readable for `len` bytes, `done` NULL or valid for writing.
 */
int puffs_vfs_setextattr(struct puffs_vfs *pv,
                         const struct puffs_vcall *call,
                         void *cookie,
                         uint32_t ns,
                         const char *name,
                         size_t namelen,
                         const void *value,
                         size_t len,
                         size_t *done);

/**
 * Removes an extended attribute.
 *
 * Returns 0; `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_deleteextattr(struct puffs_vfs *pv,
                            const struct puffs_vcall *call,
                            void *cookie,
                            uint32_t ns,
                            const char *name,
                            size_t namelen);

/**
 * Opens a node of this type. `mode` is made of `PUFFS_VOPEN_READ` and `PUFFS_VOPEN_WRITE`, and of open(2)'s flags beside
 * them, less what the system keeps there for itself.
 *
 * Returns 0 and the open file in `*opened`, whose first field the caller has set; `EROFS` when a regular file is to be written and the server cannot.
 * A server without an open operation is not asked.
 *
 * # Safety
 * See the head of the header; `opened` is NULL or as large as its first field says.
 */
int puffs_vfs_open(struct puffs_vfs *pv,
                   const struct puffs_vcall *call,
                   void *cookie,
                   uint32_t vtype,
                   uint32_t mode,
                   struct puffs_vopened *opened);

/**
 * Reads up to `len` bytes at `offset` into `buf`, but at most `puffs_vfs_maxdata`. `ioflag` is made of `PUFFS_VIO_*`.
 *
 * Returns 0 and in `*done` how many came, which are fewer only at the end of the file; behind them `buf` stays as it was. `EOPNOTSUPP` when
 * the server has no such operation.
 *
 * # Safety
 * See the head of the header; `buf` is NULL or valid for writing `len` bytes, `done` NULL or valid for writing.
 */
int puffs_vfs_read(struct puffs_vfs *pv,
                   const struct puffs_vcall *call,
                   void *cookie,
                   uint64_t offset,
                   void *buf,
                   size_t len,
                   uint32_t ioflag,
                   size_t *done);

/**
 * Writes up to `len` bytes of `buf` at `offset`, but at most `puffs_vfs_maxdata`.
 *
 * Returns 0 and in `*done` how many the server took; a server takes all, or says why not, so fewer are an error to whoever sees
 * that. `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `buf` is NULL or readable for `len` bytes, `done` NULL or valid for writing. The bytes may change meanwhile.
 */
int puffs_vfs_write(struct puffs_vfs *pv,
                    const struct puffs_vcall *call,
                    void *cookie,
                    uint64_t offset,
                    const void *buf,
                    size_t len,
                    uint32_t ioflag,
                    size_t *done);

/**
 * Makes safe what was written to a range; `hi` 0 means the end of the file. `flags` is made of `PUFFS_VFSYNC_*`.
 *
 * Returns 0, also where the server has no such operation.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_fsync(struct puffs_vfs *pv,
                    const struct puffs_vcall *call,
                    void *cookie,
                    uint32_t flags,
                    uint64_t lo,
                    uint64_t hi);

/**
 * Asks whether an open file may go from one offset to another.
 *
 * Returns 0, also where the server has no such operation; the server's error where nobody may go anywhere.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_seek(struct puffs_vfs *pv,
                   const struct puffs_vcall *call,
                   void *cookie,
                   uint64_t from,
                   uint64_t to);

/**
 * Says that a node will be mapped with this protection, `PUFFS_VPROT_*`.
 *
 * Returns 0, also where the server has no such operation, and its side notes in `*setback`, unless that is NULL.
 *
 * # Safety
 * See the head of the header; `setback` is NULL or valid for writing.
 */
int puffs_vfs_mmap(struct puffs_vfs *pv,
                   const struct puffs_vcall *call,
                   void *cookie,
                   uint32_t prot,
                   uint32_t *setback);

/**
 * Reads where a symbolic link leads, into `buf`, without a NUL behind it. There is none in it either, and it is not empty.
 *
 * Returns 0 and its length in `*len`, at most `PUFFS_MSG_TARGET_MAX`; `E2BIG` when it is longer than `size`. `EOPNOTSUPP` when the server has
 * no such operation.
 *
 * # Safety
 * See the head of the header; `buf` is NULL or valid for writing `size` bytes, `len` NULL or valid for writing.
 */
int puffs_vfs_readlink(struct puffs_vfs *pv,
                       const struct puffs_vcall *call,
                       void *cookie,
                       char *buf,
                       size_t size,
                       size_t *len);

/**
 * Tells what a late answer made that the server would keep for ever, for `pho_late`, which gets `late`.
 *
 * When it is a node that the kernel has, its count goes up by one; when the kernel has it not, a RECLAIM with a count of 1 is due
 * (`puffs_paid_reclaim_new`). An open file wants a CLOSE (`puffs_paid_close_new`), a lock that nobody has taken over meanwhile an ADVLOCK that takes it
 * away (`puffs_paid_unlock_new`). None of them waits, so all may be sent from `pho_late`; where there is no memory for it, the server keeps what
 * it made until the unmount.
 *
 * Returns 0, `EINVAL` (NULL, no such size). Does not sleep, locks nothing.
 *
 * # Safety
 * `pv` is NULL or from `puffs_vfs_new`; `late` is NULL or what `pho_late` was given; `what` is NULL or as large as its first field says.
 */
int puffs_vfs_late(const struct puffs_vfs *pv,
                   const struct puffs_late *late,
                   struct puffs_vlate *what);

/**
 * Tells the server that nobody uses a node now. It may be used again.
 *
 * Returns 0, also where the server has no such operation, and its side notes in `*setback`, unless that is NULL. Whatever it returns,
 * it changes nothing for the kernel.
 *
 * # Safety
 * See the head of the header; `setback` is NULL or valid for writing.
 */
int puffs_vfs_inactive(struct puffs_vfs *pv,
                       const struct puffs_vcall *call,
                       void *cookie,
                       uint32_t *setback);

/**
 * The same without an answer and without waiting: for where a kernel may not wait, before a reclaim.
 *
 * Returns 0 when it is queued, and where the server has no such operation; `ENXIO`, `EAGAIN`, `ENOMEM`, which nobody need care about.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_inactive_faf(struct puffs_vfs *pv,
                           const struct puffs_vcall *call,
                           void *cookie);

/**
 * Makes everything safe; `waitfor` is `PUFFS_VSYNC_*`.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_sync(struct puffs_vfs *pv, const struct puffs_vcall *call, uint32_t waitfor);

/**
 * Asks the server to end the file system, after every node but the root has been reclaimed; `flags` is 0 or `PUFFS_VUNMOUNT_FORCE`.
 *
 * Returns 0, or why the server would rather not; with the flag that changes nothing. `puffs_userdead` follows it.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_unmount(struct puffs_vfs *pv,
                      const struct puffs_vcall *call,
                      uint32_t flags);

/**
 * Asks for a lock, sets it, or takes it away: `op` is the system's `F_GETLK`, `F_SETLK` or `F_UNLCK`, `flags` is made of `PUFFS_VLOCK_*`,
 * `owner` tells owners apart.
 *
 * Returns 0, and with `F_GETLK` in `*lock` the lock that is in the way, of kind `F_UNLCK` when there is none; what the server says is not
 * looked into. `EAGAIN` when another's lock is in the way; `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `lock` is NULL or valid for reading and writing.
 */
int puffs_vfs_advlock(struct puffs_vfs *pv,
                      const struct puffs_vcall *call,
                      void *cookie,
                      uint64_t owner,
                      uint32_t op,
                      uint32_t flags,
                      struct puffs_vlock *lock);

/**
 * Looks a name up in a directory. `nameiop` says what for (`PUFFS_MSG_NAMEI_LOOKUP`, `PUFFS_MSG_NAMEI_CREATE`, `PUFFS_MSG_NAMEI_DELETE`,
 * `PUFFS_MSG_NAMEI_RENAME`), `flags` is made of `PUFFS_MSG_NAMEI_ISLASTCN` and `PUFFS_MSG_NAMEI_ISDOTDOT`. "." is the kernel's own business.
 *
 * Returns 0 and the node in `*found`, whose first and last field the caller has set; `ENOENT` when there is no such name.
 * `EINVAL` for a name that is none or longer than `PUFFS_MSG_NAME_MAX`.
 *
 * # Safety
 * See the head of the header; `found` is NULL or as large as its first field says.
 */
int puffs_vfs_lookup(struct puffs_vfs *pv,
                     const struct puffs_vcall *call,
                     void *dir,
                     const char *name,
                     size_t namelen,
                     uint32_t nameiop,
                     uint32_t flags,
                     struct puffs_vfound *found);

/**
 * Creates a regular file with these permission bits.
 *
 * Returns 0 and the node in `*found`, as `puffs_vfs_lookup`; `EOPNOTSUPP` when the server has no such operation. Owner and group are what the
 * server makes of the caller's. A node that the kernel has already is none that can be created: `puffs_vfs_broken`.
 *
 * # Safety
 * As `puffs_vfs_lookup`.
 */
int puffs_vfs_create(struct puffs_vfs *pv,
                     const struct puffs_vcall *call,
                     void *dir,
                     const char *name,
                     size_t namelen,
                     uint32_t mode,
                     struct puffs_vfound *found);

/**
 * Makes a node of type `vtype` that is neither a directory nor a link: a device with number `rdev`, a pipe; a socket and a regular file too, for
 * which servers have their create operation. Otherwise as `puffs_vfs_create`; `EINVAL` for other types.
 *
 * # Safety
 * As `puffs_vfs_lookup`.
 */
int puffs_vfs_mknod(struct puffs_vfs *pv,
                    const struct puffs_vcall *call,
                    void *dir,
                    const char *name,
                    size_t namelen,
                    uint32_t vtype,
                    uint32_t mode,
                    uint64_t rdev,
                    struct puffs_vfound *found);

/**
 * Makes a directory. Otherwise as `puffs_vfs_create`.
 *
 * # Safety
 * As `puffs_vfs_lookup`.
 */
int puffs_vfs_mkdir(struct puffs_vfs *pv,
                    const struct puffs_vcall *call,
                    void *dir,
                    const char *name,
                    size_t namelen,
                    uint32_t mode,
                    struct puffs_vfound *found);

/**
 * Makes a symbolic link that leads to `target`. Otherwise as `puffs_vfs_create`; `E2BIG` for a target longer than `PUFFS_MSG_TARGET_MAX`.
 *
 * # Safety
 * As `puffs_vfs_lookup`; `target` is NULL or readable for `targetlen` bytes.
 */
int puffs_vfs_symlink(struct puffs_vfs *pv,
                      const struct puffs_vcall *call,
                      void *dir,
                      const char *name,
                      size_t namelen,
                      const char *target,
                      size_t targetlen,
                      uint32_t mode,
                      struct puffs_vfound *found);

/**
 * Gives a node one more name.
 *
 * Returns 0; `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_link(struct puffs_vfs *pv,
                   const struct puffs_vcall *call,
                   void *dir,
                   void *node,
                   const char *name,
                   size_t namelen);

/**
 * Takes a name away from a node that is no directory.
 *
 * Returns 0 and the server's side notes in `*setback`, unless that is NULL: `PUFFS_SETBACK_*`, N1 for the directory and N2 for the node. `EOPNOTSUPP` when
 * the server has no such operation.
 *
 * # Safety
 * See the head of the header; `setback` is NULL or valid for writing.
 */
int puffs_vfs_remove(struct puffs_vfs *pv,
                     const struct puffs_vcall *call,
                     void *dir,
                     void *node,
                     const char *name,
                     size_t namelen,
                     uint32_t *setback);

/**
 * Removes a directory. Otherwise as `puffs_vfs_remove`.
 *
 * # Safety
 * As `puffs_vfs_remove`.
 */
int puffs_vfs_rmdir(struct puffs_vfs *pv,
                    const struct puffs_vcall *call,
                    void *dir,
                    void *node,
                    const char *name,
                    size_t namelen,
                    uint32_t *setback);

/**
 * Renames a node, replacing what is there.
 *
 * Returns 0; `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header; `from` and `to` are NULL or readable, their names as long as they say.
 */
int puffs_vfs_rename(struct puffs_vfs *pv,
                     const struct puffs_vcall *call,
                     const struct puffs_vend *from,
                     const struct puffs_vend *to);

/**
 * Tells the server that the operation will not come that a name was looked up for, since it may keep state since that lookup. Wants no answer and
 * never waits.
 *
 * Returns 0 when it is queued, and where the server has no such operation; `EAGAIN`, `ENOMEM`, which nobody need care about.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_abort(struct puffs_vfs *pv,
                    const struct puffs_vcall *call,
                    void *dir,
                    const char *name,
                    size_t namelen);

/**
 * Makes the VFS side of a mount. It holds no reference to the mount: who calls an operation has one, as a super block does.
 *
 * Returns 0 and the object in `*pvp`; `EINVAL` (NULL, no such size, a field that must be zero, a mount whose longest message is not above
 * `PUFFS_MSG_ROOM`), `ENOMEM`. Does not sleep for the server.
 *
 * # Safety
 * `pmp` is NULL or a mount; `args` is NULL or as large as its first field says; `pvp` is NULL or valid for writing.
 */
int puffs_vfs_new(struct puffs_mount *pmp,
                  const struct puffs_vfsargs *args,
                  struct puffs_vfs **pvp);

/**
 * Frees the VFS side of a mount, at the latest in `pho_freed`. No call with it is in progress, and none comes. What was paid for
 * stays valid, and keeps the mount until it is sent or freed. NULL is ignored.
 *
 * # Safety
 * `pv` is NULL or from `puffs_vfs_new`, and is not used again.
 */
void puffs_vfs_free(struct puffs_vfs *pv);

/**
 * Most data that one call reads or writes, and most records that one `puffs_vfs_readdir` brings, in bytes; 0 when `pv` is NULL.
 *
 * # Safety
 * `pv` is NULL or from `puffs_vfs_new`.
 */
size_t puffs_vfs_maxdata(const struct puffs_vfs *pv);

/**
 * Tells the server that it made no sense, in a way that only the kernel can see, since it knows which nodes there are: `what` is
 * `PUFFS_VBAD_*`, `cookie` the node it was about.
 *
 * Returns what the caller is to get: `EPROTO`; `EINVAL` (NULL, no such `what`). The server goes without the notice when there is no memory for
 * it, or no place. Never waits.
 *
 * # Safety
 * `pv` is NULL or from `puffs_vfs_new`.
 */
int puffs_vfs_broken(struct puffs_vfs *pv,
                     void *cookie,
                     int what);

/**
 * Pays for a RECLAIM, where a node's own one is missing: for the node of a late answer.
 *
 * Returns 0 and the request in `*paid`, which is NULL where the server has no such operation; `EINVAL` (NULL), `ENOMEM`. Does not
 * sleep for the server.
 *
 * # Safety
 * `pv` is NULL or from `puffs_vfs_new`; `paid` is NULL or valid for writing.
 */
int puffs_paid_reclaim_new(struct puffs_vfs *pv,
                           struct puffs_paid_reclaim **paid);

/**
 * The same for a CLOSE.
 *
 * # Safety
 * As `puffs_paid_reclaim_new`.
 */
int puffs_paid_close_new(struct puffs_vfs *pv, struct puffs_paid_close **paid);

/**
 * The same for the end of a lock, to be paid for before the lock is asked for.
 *
 * # Safety
 * As `puffs_paid_reclaim_new`.
 */
int puffs_paid_unlock_new(struct puffs_vfs *pv, struct puffs_paid_unlock **paid);

/**
 * Frees a RECLAIM that is not needed. NULL is ignored. Does not sleep; to be called without spinning locks.
 *
 * # Safety
 * `paid` is NULL or a paid RECLAIM that is given up.
 */
void puffs_paid_reclaim_free(struct puffs_paid_reclaim *paid);

/**
 * The same for a CLOSE.
 *
 * # Safety
 * As `puffs_paid_reclaim_free`.
 */
void puffs_paid_close_free(struct puffs_paid_close *paid);

/**
 * The same for the end of a lock.
 *
 * # Safety
 * As `puffs_paid_reclaim_free`.
 */
void puffs_paid_unlock_free(struct puffs_paid_unlock *paid);

/**
 * Tells the server that the kernel has forgotten a node, whose cookie came `nlookup` times (see the head of this header); never the root.
 * `paid` is the node's own request, which is consumed; NULL does nothing, as where the server has no such operation. Cannot fail, never waits,
 * allocates nothing: it may be called from memory reclaim. On a dead mount there is nobody to tell. To be called without spinning locks.
 *
 * # Safety
 * `paid` is NULL or a paid RECLAIM that is given up.
 */
void puffs_vfs_reclaim(struct puffs_paid_reclaim *paid,
                       void *cookie,
                       uint32_t nlookup);

/**
 * Closes what `puffs_vfs_open` opened, with the same `mode`; with `inactive` not 0 the server runs its inactive operation after it, since this was
 * the node's last use. `paid` is the open's own request, which is consumed; NULL does nothing, as where the server has neither
 * operation. Cannot fail, never waits, allocates nothing; it is queued behind what was sent before it. On a dead mount
 * there is nobody to tell. To be called without spinning locks.
 *
 * # Safety
 * `pv` is NULL or from `puffs_vfs_new`; `paid` is NULL or a paid CLOSE of this mount that is given up.
 */
void puffs_vfs_close(struct puffs_vfs *pv,
                     struct puffs_paid_close *paid,
                     void *cookie,
                     uint32_t mode,
                     int inactive);

/**
 * Takes a lock of `owner`'s away, whose kind in `*lock` is the system's `F_UNLCK`; `flags` is `PUFFS_VLOCK_FLOCK` or `PUFFS_VLOCK_POSIX`. `paid` is consumed;
 * NULL does nothing, as where the server has no such operation. Cannot fail, never waits, allocates nothing; it is queued behind what was
 * sent before it, and nobody hears what the server says. On a dead mount there is nobody to tell. To be called without spinning locks.
 *
 * # Safety
 * `paid` is NULL or a paid ADVLOCK that is given up; `lock` is NULL, which is nothing to send, or readable.
 */
void puffs_vfs_unlock(struct puffs_paid_unlock *paid,
                      void *cookie,
                      uint64_t owner,
                      uint32_t flags,
                      const struct puffs_vlock *lock);

/**
 * Waits until one of `events` (poll(2)'s) is there: a call that may last.
 *
 * Returns 0 and in `*revents` those that are; a node of a server without such an operation is always ready.
 *
 * # Safety
 * See the head of the header; `revents` is NULL or valid for writing.
 */
int puffs_vfs_poll(struct puffs_vfs *pv,
                   const struct puffs_vcall *call,
                   void *cookie,
                   uint32_t events,
                   uint32_t *revents);

/**
 * The same without waiting: `done` is told the end, with `arg`. `error` is what `puffs_vfs_poll` would return, and `revents` the events that are there, 0
 * with an error. There is no deadline: a request that the server does not answer ends with the mount.
 *
 * Returns 0, after which `done` is called once: from any thread, without locks, before or after this returns; it must not wait for the same mount.
 * With an error it is never called: `EOPNOTSUPP` when the server has no such operation and everything is ready, `EAGAIN` when there is no
 * place.
 *
 * # Safety
 * See the head of the header; `pv` is not freed before `done` is called; `done` is NULL, which is `EINVAL`, or may be called so.
 */
int puffs_vfs_poll_begin(struct puffs_vfs *pv,
                         const struct puffs_vcall *call,
                         void *cookie,
                         uint32_t events,
                         void (*done)(void *arg, int error, uint32_t revents),
                         void *arg);

/**
 * Reserves a range of a file, which grows to hold it.
 *
 * Returns 0; `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_fallocate(struct puffs_vfs *pv,
                        const struct puffs_vcall *call,
                        void *cookie,
                        uint64_t offset,
                        uint64_t len);

/**
 * Makes a hole of a range of a file, whose size stays.
 *
 * Returns 0; `EOPNOTSUPP` when the server has no such operation.
 *
 * # Safety
 * See the head of the header.
 */
int puffs_vfs_fdiscard(struct puffs_vfs *pv,
                       const struct puffs_vcall *call,
                       void *cookie,
                       uint64_t offset,
                       uint64_t len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif
