/*
 * puffs.h: the server library: what a file server is written against.
 *
 * Written by `make header`; edit the sources in puffs-ffi/ and puffs-user/ instead.
 *
 * A server fills a table of operations, makes a context from it, mounts that, and serves:
 *
 *	PUFFSOP_INIT(pops);
 *	PUFFSOP_SETFSNOP(pops, unmount);
 *	PUFFSOP_SET(pops, myfs, node, lookup);		-- and so on
 *	pu = puffs_init(pops, "device", "myfs", NULL, 0);
 *	puffs_mount(pu, "/mnt", 0, root);
 *	puffs_mainloop(pu);
 *
 * Operations return 0 or a positive errno value. They are called one after the other on the thread that runs
 * puffs_mainloop. The comments of the functions say what else is to be known; README.md beside this file has the
 * conventions that hold for all.
 *
 * Names differ from NetBSD's where glibc's headers have taken them: struct puffs_dirent and struct puffs_statvfs
 * are NetBSD's struct dirent and struct statvfs, PUFFS_MNT_* its MNT_*. Programs that are written with NetBSD's names get them
 * from the headers of `pkg-config --cflags puffs-compat`.
 */
#ifndef PUFFS_H
#define PUFFS_H

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What NetBSD's <puffs.h> includes besides, for its programs. */
#ifdef PUFFS_COMPAT
#include <puffs_netbsd.h>
#endif

#include "puffs_dirent.h"
#include "puffs_msgif.h"
#include "puffs_statvfs.h"

struct flock;
/* The context of a file server. */
struct puffs_usermount;
/* Who asks for an operation. */
struct puffs_cred;
/* What an operation says about the node it found or made. */
struct puffs_newinfo;
/* The request being executed. */
struct puffs_cc;
/* A message of the server's own protocol. */
struct puffs_framebuf;

/* Instead of a name or private pointer: it is given later. */
#define PUFFS_DEFER ((void *)-1)
/* In a field of attributes, cast to its type: not given, not to be changed. */
#define PUFFS_VNOVAL (-1)
/* Stack sizes for puffs_setstacksize. */
#define PUFFS_CC_STACKSHIFT_DEFAULT 18
#define PUFFS_STACKSIZE_DEFAULT ((size_t)1 << PUFFS_CC_STACKSHIFT_DEFAULT)
#define PUFFS_STACKSIZE_MIN ((size_t)-1)

/** Every lookup reaches the server. */
#define PUFFS_KFLAG_NOCACHE_NAME 0x001
/** Contents of regular files are not cached. */
#define PUFFS_KFLAG_NOCACHE_PAGE 0x002
/** Neither is cached. */
#define PUFFS_KFLAG_NOCACHE 0x003
/** Operations that the server does not have are sent all the same. */
#define PUFFS_KFLAG_ALLOPS 0x004
/** Writes go through the page cache at once. */
#define PUFFS_KFLAG_WTCACHE 0x008
/** `inactive` only after a setback has asked for it. */
#define PUFFS_KFLAG_IAONDEMAND 0x010
/** A lookup carries the whole rest of the path. */
#define PUFFS_KFLAG_LOOKUP_FULLPNBUF 0x020
/** Attributes are not cached. */
#define PUFFS_KFLAG_NOCACHE_ATTR 0x040
/** The server supplies attributes and lifetimes. */
#define PUFFS_KFLAG_CACHE_FS_TTL 0x080
/** ".." is resolved without asking the server. */
#define PUFFS_KFLAG_CACHE_DOTDOT 0x100
/** Cached times and sizes are not pushed with setattr. */
#define PUFFS_KFLAG_NOFLUSH_META 0x200
/** The flags that concern the other side of the mount; `PUFFS_KFLAG_NOCACHE_ATTR` counts although it is missing here. */
#define PUFFS_KFLAG_MASK 0x3bf

/** The library keeps the paths of nodes, and gives operations that of a name. */
#define PUFFS_FLAG_BUILDPATH 0x80000000
/** Each request and its result are printed. */
#define PUFFS_FLAG_OPDUMP 0x40000000
/** Paths have a hash, so that unlike ones are told apart quickly. */
#define PUFFS_FLAG_HASHPATH 0x20000000
/** Cookies are `struct puffs_node`. */
#define PUFFS_FLAG_PNCOOKIE 0x10000000
/** All flags that concern the library. */
#define PUFFS_FLAG_MASK 0xf0000000

/** `puffs_getstate`: not mounted yet. */
#define PUFFS_STATE_BEFOREMOUNT 0
/** `puffs_getstate`: mounted. */
#define PUFFS_STATE_RUNNING 1
/** `puffs_getstate`: the unmount operation runs. */
#define PUFFS_STATE_UNMOUNTING 2
/** `puffs_getstate`: unmounted. */
#define PUFFS_STATE_UNMOUNTED 3

/** `puffs_setblockingmode`: wait for requests. */
#define PUFFSDEV_BLOCK 0
/** `puffs_setblockingmode`: do not wait for requests. */
#define PUFFSDEV_NONBLOCK 1

/** File handles: the size is a maximum. */
#define PUFFS_FHFLAG_DYNAMIC 0x01
/** File handles: they must fit NFS version 2. */
#define PUFFS_FHFLAG_NFSV2 0x02
/** File handles: they must fit NFS version 3. */
#define PUFFS_FHFLAG_NFSV3 0x04
/** File handles: both protocols. */
#define PUFFS_FHFLAG_PROTOMASK 0x06
/** File handles: those of the host's own file system. */
#define PUFFS_FHFLAG_PASSTHROUGH 0x08
/** File handles: all flags. */
#define PUFFS_FHFLAG_MASK 0x0f
/** `puffs_fs_extattrctl`: the request names a node. */
#define PUFFS_EXTATTRCTL_HASNODE 0x01
/** The largest file handle. */
#define PUFFS_FHSIZE_MAX 1020

/** `va_vaflags`: the times were not given, the current time was taken. */
#define VA_UTIMES_NULL 0x01
/** `va_vaflags`: the name must not exist. */
#define VA_EXCLUSIVE 0x02

/** Bits of the access operation: read. */
#define PUFFS_VREAD 4
/** Bits of the access operation: write. */
#define PUFFS_VWRITE 2
/** Bits of the access operation: execute, or search a directory. */
#define PUFFS_VEXEC 1

/** `ioflag`: write at the end of the file. */
#define PUFFS_IO_APPEND 0x020
/** `ioflag`: do not wait. */
#define PUFFS_IO_NDELAY 0x100
/** fsync: wait until it is done. */
#define PUFFS_FSYNC_WAIT 0x0001
/** fsync: the data only. */
#define PUFFS_FSYNC_DATAONLY 0x0002
/** fsync: there is no hurry. */
#define PUFFS_FSYNC_LAZY 0x0008
/** fsync: flush the disk's own cache. */
#define PUFFS_FSYNC_CACHE 0x0100
/** `oflags` of open2: reads and writes pass the page cache by. */
#define PUFFS_OPEN_IO_DIRECT 0x01
/** `xflag` of setattr_ttl: nobody waits for the answer. */
#define PUFFS_SETATTR_FAF 0x1
/** `xflag` of write2: nobody waits for the answer. */
#define PUFFS_WRITE_FAF 0x1

/** What a lookup is for: just looking. */
#define NAMEI_LOOKUP 0
/** What a lookup is for: the name is to be created. */
#define NAMEI_CREATE 1
/** What a lookup is for: the name is to be removed. */
#define NAMEI_DELETE 2
/** What a lookup is for: the name is to be the target of a rename. */
#define NAMEI_RENAME 3
/** The bits of the above. */
#define NAMEI_OPMASK 3
/** Lookup: the node would be locked. */
#define NAMEI_LOCKLEAF 0x00000004
/** Lookup: the directory would be locked. */
#define NAMEI_LOCKPARENT 0x00000008
/** Lookup: the result is not to be cached. */
#define NAMEI_NOCACHE 0x00000020
/** Lookup: symbolic links are followed. */
#define NAMEI_FOLLOW 0x00000040
/** Lookup: the component is "..". */
#define NAMEI_ISDOTDOT 0x00002000
/** Lookup: the result is to be cached. */
#define NAMEI_MAKEENTRY 0x00004000
/** Lookup: the component is the last one. */
#define NAMEI_ISLASTCN 0x00008000
/** Lookup: it must be a directory. */
#define NAMEI_REQUIREDIR 0x00080000
/** Lookup: a directory is to be made. */
#define NAMEI_CREATEDIR 0x00200000
/** Lookup: for a rename. */
#define NAMEI_INRENAME 0x00400000

/** `puffs_set_errnotify`: the result of an operation is no errno value. */
#define PUFFS_ERR_ERROR 0
/** `puffs_set_errnotify`: type, size or cookie of a new node. */
#define PUFFS_ERR_MAKENODE 1
/** `puffs_set_errnotify`: lookup returned the directory itself. */
#define PUFFS_ERR_LOOKUP 2
/** `puffs_set_errnotify`: readdir's counts. */
#define PUFFS_ERR_READDIR 3
/** `puffs_set_errnotify`: readlink's length. */
#define PUFFS_ERR_READLINK 4
/** `puffs_set_errnotify`: read's count. */
#define PUFFS_ERR_READ 5
/** `puffs_set_errnotify`: write's count. */
#define PUFFS_ERR_WRITE 6
/** `puffs_set_errnotify`: a file handle is too long. */
#define PUFFS_ERR_VPTOFH 7
/** `puffs_set_errnotify`: getextattr's count. */
#define PUFFS_ERR_GETEXTATTR 8
/** `puffs_set_errnotify`: listextattr's count. */
#define PUFFS_ERR_LISTEXTATTR 9

/** Mount flags, with the values of the reference: read only. */
#define PUFFS_MNT_RDONLY 0x00000001
/** Mount flags: writes are synchronous. */
#define PUFFS_MNT_SYNCHRONOUS 0x00000002
/** Mount flags: nothing is executed. */
#define PUFFS_MNT_NOEXEC 0x00000004
/** Mount flags: set-id bits mean nothing. */
#define PUFFS_MNT_NOSUID 0x00000008
/** Mount flags: device nodes mean nothing. */
#define PUFFS_MNT_NODEV 0x00000010
/** Mount flags: access times are not kept. */
#define PUFFS_MNT_NOATIME 0x04000000
/** `mntflags` of the unmount operation: it will happen whatever the answer is. */
#define PUFFS_MNT_FORCE 0x00080000
/** `waitfor` of the sync operation: wait. */
#define PUFFS_MNT_WAIT 1
/** `waitfor` of the sync operation: only start. */
#define PUFFS_MNT_NOWAIT 2
/** `waitfor` of the sync operation: the periodic one. */
#define PUFFS_MNT_LAZY 3

/** Flag of the advlock operation: wait until the lock can be had (NetBSD's `F_WAIT`). */
#define PUFFS_LOCK_WAIT 0x010
/** Flag of the advlock operation: a lock of flock(2), on the whole file (`F_FLOCK`). */
#define PUFFS_LOCK_FLOCK 0x020
/** Flag of the advlock operation: a lock of fcntl(2) (`F_POSIX`). */
#define PUFFS_LOCK_POSIX 0x040

/** A descriptor's side, or an event: it can be read. */
#define PUFFS_FBIO_READ 0x01
/** A descriptor's side, or an event: it can be written. */
#define PUFFS_FBIO_WRITE 0x02
/** An event: something is wrong with the descriptor. */
#define PUFFS_FBIO_ERROR 0x04

/** To be sent before those that wait. */
#define PUFFS_FBQUEUE_URGENT 0x01

/** `struct puffs_node`: no longer on the list of nodes. */
#define PUFFS_NODE_REMOVED 0x01

/** Longest name in a directory record. */
#define PUFFS_MAXNAMLEN 511
/** Unit of figures that nobody gave. */
#define PUFFS_DEV_BSIZE 512

/** Protection bits of a mapping: none. */
#define VM_PROT_NONE 0
/** Protection bits of a mapping: read. */
#define VM_PROT_READ 1
/** Protection bits of a mapping: write. */
#define VM_PROT_WRITE 2
/** Protection bits of a mapping: execute. */
#define VM_PROT_EXECUTE 4
/** Protection bits of a mapping: all. */
#define VM_PROT_ALL 7
/** Protection bits of a mapping: all, when nothing was said. */
#define VM_PROT_DEFAULT 7

/* The two groups of flags that share the last argument of puffs_init. */
#define PUFFS_FLAG_KERN(flags) ((flags) & PUFFS_KFLAG_MASK)
#define PUFFS_FLAG_LIB(flags) ((flags) & PUFFS_FLAG_MASK)

/* Namespaces of extended attributes, and the form of a list of names (NetBSD's <sys/extattr.h>). */
#ifndef EXTATTR_NAMESPACE_USER
#define EXTATTR_NAMESPACE_USER 1
#define EXTATTR_NAMESPACE_SYSTEM 2
#endif
#define PUFFS_EXTATTR_LIST_LENPREFIX 1

/* That node_fallocate is there. */
#define PUFFS_HAVE_FALLOCATE 1
/* The version of the reference's messages, which programs ask for; ours have their own, PUFFS_VERSION tells the library's. */
#define PUFFSVERSION 30
/* What stands before a type's name in NetBSD's tables of mounts. */
#define PUFFS_TYPEPREFIX "puffs|"

/* Classes of messages, and a flag, that the reference has besides; none travels here. */
#define PUFFSOP_CACHE 3
#define PUFFSOP_FLUSH 5
#define PUFFSOP_SUSPEND 6
#define PUFFSOP_UNMOUNT 7
#define PUFFSOPFLAG_ISRESPONSE 0x20
#define PUFFS_SUSPEND_START 0
#define PUFFS_SUSPEND_SUSPENDED 1
#define PUFFS_SUSPEND_RESUME 2
#define PUFFS_SUSPEND_ERROR 3

/* The mode of open, close and their like: open(2)'s flags with the access mode plus one. */
#ifndef FREAD
#define FREAD 0x0001
#endif
#ifndef FWRITE
#define FWRITE 0x0002
#endif
/* What servers often show as their device. */
#ifndef _PATH_PUFFS
#define _PATH_PUFFS "/dev/puffs"
#endif

/** Room for a name and its terminator: `MAXPATHLEN`. */
#define PUFFS_KCN_NAMESIZE 4096

/** What kind of thing a node is. */
enum vtype {
  /** No type. */
  VNON,
  /** Regular file. */
  VREG,
  /** Directory. */
  VDIR,
  /** Block device. */
  VBLK,
  /** Character device. */
  VCHR,
  /** Symbolic link. */
  VLNK,
  /** Socket. */
  VSOCK,
  /** FIFO. */
  VFIFO,
  /** Bad, or dead. */
  VBAD,
};

/** Attributes of a node. `PUFFS_VNOVAL`, cast to its type, in a field says: not given, not to be changed. */
struct vattr {
  /** Type; `VNON` when not given. */
  enum vtype va_type;
  /** Permission bits; may have the type bits too. */
  mode_t va_mode;
  /** Links. 32 bits wide: servers scan a number into it. */
  uint32_t va_nlink;
  /** Owner. */
  uid_t va_uid;
  /** Group. */
  gid_t va_gid;
  /** File system id; the other side puts its own. */
  dev_t va_fsid;
  /** Inode number. */
  ino_t va_fileid;
  /** Size in bytes. */
  uint64_t va_size;
  /** Block size for I/O. */
  long va_blocksize;
  /** Last access. */
  struct timespec va_atime;
  /** Last modification. */
  struct timespec va_mtime;
  /** Last change of the node. */
  struct timespec va_ctime;
  /** Creation. */
  struct timespec va_birthtime;
  /** Generation. */
  unsigned long va_gen;
  /** Flags of chflags. */
  unsigned long va_flags;
  /** Device number. */
  dev_t va_rdev;
  /** Bytes on disk. */
  uint64_t va_bytes;
  /** Revision. */
  uint64_t va_filerev;
  /** `VA_UTIMES_NULL`, `VA_EXCLUSIVE`. */
  unsigned int va_vaflags;
  /** Not used. */
  long va_spare;
};

/** The server's name for a node, often its address; NULL is a cookie like any other. */
typedef void *puffs_cookie_t;

/** A thread of a process. */
typedef int lwpid_t;

/**
 * Reads one frame, or a part of it, from a descriptor. Returns 0, with 1 in `done` once the frame is complete, else to be called
 * with the same buffer when there is more; or an errno value, which closes the descriptor's read side.
 */
typedef int (*puffs_framev_readframe_fn)(struct puffs_usermount *pu,
                                         struct puffs_framebuf *fb,
                                         int fd,
                                         int *done);

/**
 * Writes one frame, or a part of it, to a descriptor, from the buffer's cursor on, which is 0 the first time. Returns as the function that
 * reads; an error closes the write side.
 */
typedef int (*puffs_framev_writeframe_fn)(struct puffs_usermount *pu,
                                          struct puffs_framebuf *fb,
                                          int fd,
                                          int *done);

/** Returns 0 when the frame that came in answers the one that waits. With anything but 0 in `notresp` it answers none. */
typedef int (*puffs_framev_cmpframe_fn)(struct puffs_usermount *pu,
                                        struct puffs_framebuf *incoming,
                                        struct puffs_framebuf *waiting,
                                        int *notresp);

/** Gets a frame that answers none, and owns it. */
typedef void (*puffs_framev_gotframe_fn)(struct puffs_usermount *pu, struct puffs_framebuf *fb);

/** Is told once of each side of a descriptor that closes: `what` has the bits of all that have. */
typedef void (*puffs_framev_fdnotify_fn)(struct puffs_usermount *pu, int fd, int what);

/** Gets the answer, in the buffer that was sent, or an error; and owns the buffer. */
typedef void (*puffs_framev_cb)(struct puffs_usermount *pu,
                                struct puffs_framebuf *fb,
                                void *arg,
                                int error);

/** Called once in every turn of the main loop, before it waits. */
typedef void (*puffs_ml_loop_fn)(struct puffs_usermount *pu);

/** Called before or after every request. */
typedef void (*pu_prepost_fn)(struct puffs_usermount *pu);

/** A path in the server's own form. */
struct puffs_pathobj {
  /** The path. */
  void *po_path;
  /** Its length. */
  size_t po_len;
  /** Its hash. */
  uint32_t po_hash;
};

/** Place in a list of nodes, as `LIST_ENTRY` of `<sys/queue.h>` lays it out. */
struct puffs_node_entry {
  /** The next node. */
  struct puffs_node *le_next;
  /** Where the pointer to this node is. */
  struct puffs_node **le_prev;
};

/** A node that the library keeps in a list. It comes from `puffs_pn_new` and goes with `puffs_pn_put`. */
struct puffs_node {
  /** The server's. */
  off_t pn_size;
  /** `PUFFS_NODE_REMOVED`. */
  int pn_flags;
  /** How often the node's cookie was handed out; the library's. */
  int pn_nlookup;
  /** Attributes; the server's. */
  struct vattr pn_va;
  /** The server's. */
  void *pn_data;
  /** Path, when the library builds paths. */
  struct puffs_pathobj pn_po;
  /** Mount that the node belongs to. */
  struct puffs_usermount *pn_mnt;
  /** Place in the list; the library's. */
  struct puffs_node_entry pn_entries;
  /** Not used. */
  void *pn_cacheinfo;
};

/** Finds the node that a cookie stands for. */
typedef struct puffs_node *(*pu_cmap_fn)(struct puffs_usermount *pu, puffs_cookie_t opc);

/** Told about an answer that was refused: what kind, an errno value, words, the node. */
typedef void (*pu_errnotify_fn)(struct puffs_usermount *pu,
                                uint8_t type_,
                                int error,
                                const char *text,
                                puffs_cookie_t opc);

/**
 * A component of a path, as the other side of the mount sent it.
 *
 * A server writes here too, through the `const` of the operation's argument: `pkcn_consume`, `pkcn_flags`.
 */
struct puffs_kcn {
  /** What the lookup is for, `NAMEI_LOOKUP` and its neighbours. */
  uint32_t pkcn_nameiop;
  /** `NAMEI_*` flags. */
  uint32_t pkcn_flags;
  /** The name, ended by a NUL. */
  char pkcn_name[PUFFS_KCN_NAMESIZE];
  /** Its length. */
  size_t pkcn_namelen;
  /** Out: characters eaten beyond the name. */
  size_t pkcn_consume;
};

/** A component of a path: the argument of the operations on names. Use the `pcn_*` macros for its parts. */
struct puffs_cn {
  /** The component. */
  struct puffs_kcn *pcn_pkcnp;
  /** Who asks. */
  struct puffs_cred *pcn_cred;
  /** The whole path, when the library builds paths. */
  struct puffs_pathobj pcn_po_full;
};

/** Protection bits of a mapping. */
typedef int vm_prot_t;

/** The operations of a server. */
struct puffs_ops {
  /** Ends the file system; a result other than 0 refuses. */
  int (*puffs_fs_unmount)(struct puffs_usermount *pu, int mntflags);
  /** Gives figures. */
  int (*puffs_fs_statvfs)(struct puffs_usermount *pu, struct puffs_statvfs *sbp);
  /**
   * Brings everything to stable storage. It is called before the unmount and for those who ask, and with `PUFFS_MNT_LAZY` half a minute after
   * something was changed.
   */
  int (*puffs_fs_sync)(struct puffs_usermount *pu, int waitfor, const struct puffs_cred *pcr);
  /** Finds the node of a file handle. */
  int (*puffs_fs_fhtonode)(struct puffs_usermount *pu,
                           void *fid,
                           size_t fidsize,
                           struct puffs_newinfo *pni);
  /** Gives the file handle of a node. */
  int (*puffs_fs_nodetofh)(struct puffs_usermount *pu,
                           puffs_cookie_t opc,
                           void *fid,
                           size_t *fidsize);
  /** Controls the store of extended attributes. */
  int (*puffs_fs_extattrctl)(struct puffs_usermount *pu,
                             int cmd,
                             puffs_cookie_t opc,
                             int flags,
                             int attrnamespace,
                             const char *attrname);
  /** Finds a name in a directory. */
  int (*puffs_node_lookup)(struct puffs_usermount *pu,
                           puffs_cookie_t dir,
                           struct puffs_newinfo *pni,
                           const struct puffs_cn *pcn);
  /** Makes a regular file or a socket. */
  int (*puffs_node_create)(struct puffs_usermount *pu,
                           puffs_cookie_t dir,
                           struct puffs_newinfo *pni,
                           const struct puffs_cn *pcn,
                           const struct vattr *vap);
  /** Makes a device or FIFO. */
  int (*puffs_node_mknod)(struct puffs_usermount *pu,
                          puffs_cookie_t dir,
                          struct puffs_newinfo *pni,
                          const struct puffs_cn *pcn,
                          const struct vattr *vap);
  /** Opens a node. */
  int (*puffs_node_open)(struct puffs_usermount *pu,
                         puffs_cookie_t opc,
                         int mode,
                         const struct puffs_cred *pcr);
  /** Opens a node and may set `PUFFS_OPEN_*`; preferred over open. */
  int (*puffs_node_open2)(struct puffs_usermount *pu,
                          puffs_cookie_t opc,
                          int mode,
                          const struct puffs_cred *pcr,
                          int *oflags);
  /** Closes a node; nobody waits for the result. */
  int (*puffs_node_close)(struct puffs_usermount *pu,
                          puffs_cookie_t opc,
                          int fflag,
                          const struct puffs_cred *pcr);
  /** Checks permission, `PUFFS_V*`. */
  int (*puffs_node_access)(struct puffs_usermount *pu,
                           puffs_cookie_t opc,
                           int mode,
                           const struct puffs_cred *pcr);
  /** Reads the attributes. */
  int (*puffs_node_getattr)(struct puffs_usermount *pu,
                            puffs_cookie_t opc,
                            struct vattr *vap,
                            const struct puffs_cred *pcr);
  /** Reads the attributes and how long they hold, with `PUFFS_KFLAG_CACHE_FS_TTL`. */
  int (*puffs_node_getattr_ttl)(struct puffs_usermount *pu,
                                puffs_cookie_t opc,
                                struct vattr *vap,
                                const struct puffs_cred *pcr,
                                struct timespec *va_ttl);
  /** Changes the attributes that are not `PUFFS_VNOVAL`. */
  int (*puffs_node_setattr)(struct puffs_usermount *pu,
                            puffs_cookie_t opc,
                            const struct vattr *vap,
                            const struct puffs_cred *pcr);
  /** Changes attributes and says how long they hold, with `PUFFS_KFLAG_CACHE_FS_TTL`. */
  int (*puffs_node_setattr_ttl)(struct puffs_usermount *pu,
                                puffs_cookie_t opc,
                                struct vattr *vap,
                                const struct puffs_cred *pcr,
                                struct timespec *va_ttl,
                                int xflag);
  /** Waits for events. */
  int (*puffs_node_poll)(struct puffs_usermount *pu, puffs_cookie_t opc, int *events);
  /** Maps a file. */
  int (*puffs_node_mmap)(struct puffs_usermount *pu,
                         puffs_cookie_t opc,
                         vm_prot_t prot,
                         const struct puffs_cred *pcr);
  /** Brings a file to stable storage; hi 0: to its end. */
  int (*puffs_node_fsync)(struct puffs_usermount *pu,
                          puffs_cookie_t opc,
                          const struct puffs_cred *pcr,
                          int flags,
                          off_t lo,
                          off_t hi);
  /** Checks an offset. */
  int (*puffs_node_seek)(struct puffs_usermount *pu,
                         puffs_cookie_t opc,
                         off_t oldoff,
                         off_t newoff,
                         const struct puffs_cred *pcr);
  /** Removes a name that is not a directory's. */
  int (*puffs_node_remove)(struct puffs_usermount *pu,
                           puffs_cookie_t dir,
                           puffs_cookie_t targ,
                           const struct puffs_cn *pcn);
  /** Gives a node another name. */
  int (*puffs_node_link)(struct puffs_usermount *pu,
                         puffs_cookie_t dir,
                         puffs_cookie_t targ,
                         const struct puffs_cn *pcn);
  /** Renames; targ is NULL unless a node is replaced. */
  int (*puffs_node_rename)(struct puffs_usermount *pu,
                           puffs_cookie_t src_dir,
                           puffs_cookie_t src,
                           const struct puffs_cn *pcn_src,
                           puffs_cookie_t targ_dir,
                           puffs_cookie_t targ,
                           const struct puffs_cn *pcn_targ);
  /** Makes a directory. */
  int (*puffs_node_mkdir)(struct puffs_usermount *pu,
                          puffs_cookie_t dir,
                          struct puffs_newinfo *pni,
                          const struct puffs_cn *pcn,
                          const struct vattr *vap);
  /** Removes an empty directory. */
  int (*puffs_node_rmdir)(struct puffs_usermount *pu,
                          puffs_cookie_t dir,
                          puffs_cookie_t targ,
                          const struct puffs_cn *pcn);
  /** Makes a symbolic link. */
  int (*puffs_node_symlink)(struct puffs_usermount *pu,
                            puffs_cookie_t dir,
                            struct puffs_newinfo *pni,
                            const struct puffs_cn *pcn,
                            const struct vattr *vap,
                            const char *target);
  /** Lists a directory. */
  int (*puffs_node_readdir)(struct puffs_usermount *pu,
                            puffs_cookie_t opc,
                            struct puffs_dirent *dent,
                            off_t *readoff,
                            size_t *reslen,
                            const struct puffs_cred *pcr,
                            int *eofflag,
                            off_t *cookies,
                            size_t *ncookies);
  /** Reads a symbolic link, without a NUL. */
  int (*puffs_node_readlink)(struct puffs_usermount *pu,
                             puffs_cookie_t opc,
                             const struct puffs_cred *pcr,
                             char *linkname,
                             size_t *linklen);
  /** Forgets a node. */
  int (*puffs_node_reclaim)(struct puffs_usermount *pu, puffs_cookie_t opc);
  /** Forgets a node that was handed out so often; preferred over reclaim. */
  int (*puffs_node_reclaim2)(struct puffs_usermount *pu, puffs_cookie_t opc, int nlookup);
  /** Nobody uses the node at present. */
  int (*puffs_node_inactive)(struct puffs_usermount *pu, puffs_cookie_t opc);
  /** Prints what the server knows. */
  int (*puffs_node_print)(struct puffs_usermount *pu, puffs_cookie_t opc);
  /** Answers `_PC_*`. */
  int (*puffs_node_pathconf)(struct puffs_usermount *pu, puffs_cookie_t opc, int name, long *retval);
  /** Locks a range. */
  int (*puffs_node_advlock)(struct puffs_usermount *pu,
                            puffs_cookie_t opc,
                            void *id,
                            int op,
                            struct flock *fl,
                            int flags);
  /** The operation that a lookup announced will not come. */
  int (*puffs_node_abortop)(struct puffs_usermount *pu,
                            puffs_cookie_t dir,
                            const struct puffs_cn *pcn);
  /** Reads; resid is what remains. */
  int (*puffs_node_read)(struct puffs_usermount *pu,
                         puffs_cookie_t opc,
                         uint8_t *buf,
                         off_t offset,
                         size_t *resid,
                         const struct puffs_cred *pcr,
                         int ioflag);
  /** Writes; resid is what remains. */
  int (*puffs_node_write)(struct puffs_usermount *pu,
                          puffs_cookie_t opc,
                          uint8_t *buf,
                          off_t offset,
                          size_t *resid,
                          const struct puffs_cred *pcr,
                          int ioflag);
  /** Writes, knowing whether somebody waits; preferred over write. */
  int (*puffs_node_write2)(struct puffs_usermount *pu,
                           puffs_cookie_t opc,
                           uint8_t *buf,
                           off_t offset,
                           size_t *resid,
                           const struct puffs_cred *pcr,
                           int ioflag,
                           int xflag);
  /** Reads an extended attribute. */
  int (*puffs_node_getextattr)(struct puffs_usermount *pu,
                               puffs_cookie_t opc,
                               int ns,
                               const char *name,
                               size_t *attrsize,
                               uint8_t *data,
                               size_t *resid,
                               const struct puffs_cred *pcr);
  /** Sets an extended attribute. */
  int (*puffs_node_setextattr)(struct puffs_usermount *pu,
                               puffs_cookie_t opc,
                               int ns,
                               const char *name,
                               uint8_t *data,
                               size_t *resid,
                               const struct puffs_cred *pcr);
  /** Lists extended attributes. */
  int (*puffs_node_listextattr)(struct puffs_usermount *pu,
                                puffs_cookie_t opc,
                                int ns,
                                size_t *attrssize,
                                uint8_t *data,
                                size_t *resid,
                                int flag,
                                const struct puffs_cred *pcr);
  /** Removes an extended attribute. */
  int (*puffs_node_deleteextattr)(struct puffs_usermount *pu,
                                  puffs_cookie_t opc,
                                  int ns,
                                  const char *name,
                                  const struct puffs_cred *pcr);
  /** Reserves space. */
  int (*puffs_node_fallocate)(struct puffs_usermount *pu, puffs_cookie_t opc, off_t pos, off_t len);
  /** Makes a hole. */
  int (*puffs_node_fdiscard)(struct puffs_usermount *pu, puffs_cookie_t opc, off_t pos, off_t len);
  /** For operations to come; NULL. */
  void *puffs_ops_spare[26];
};

/** Called for each node of a walk; anything but NULL ends it. */
typedef void *(*puffs_nodewalk_fn)(struct puffs_usermount *pu, struct puffs_node *pn, void *arg);

/** Makes the path of a component of a directory: `dir`, and behind it `comp` from `offset` on. 0 or an errno value. */
typedef int (*pu_pathbuild_fn)(struct puffs_usermount *pu,
                               const struct puffs_pathobj *dir,
                               const struct puffs_pathobj *comp,
                               size_t offset,
                               struct puffs_pathobj *newpath);

/**
 * Makes of a name the component that the path is built with; what it makes goes to the function that frees paths. 0 or an errno
 * value.
 */
typedef int (*pu_pathtransform_fn)(struct puffs_usermount *pu,
                                   const struct puffs_pathobj *base,
                                   const struct puffs_cn *pcn,
                                   struct puffs_pathobj *comp);

/**
 * Compares two paths in their first `len` units, and with `checkprefix` whether the second is a directory above the first. 0 when
 * it is so.
 */
typedef int (*pu_pathcmp_fn)(struct puffs_usermount *pu,
                             struct puffs_pathobj *a,
                             struct puffs_pathobj *b,
                             size_t len,
                             int checkprefix);

/** Frees a path. */
typedef void (*pu_pathfree_fn)(struct puffs_usermount *pu, struct puffs_pathobj *po);

/** Changes a name before its path is built and the server sees it. 0 or an errno value. */
typedef int (*pu_namemod_fn)(struct puffs_usermount *pu,
                             struct puffs_pathobj *dir,
                             struct puffs_cn *pcn);

/** What a walk over all nodes needs after a rename: `puffs_path_prefixadj`. */
struct puffs_pathinfo {
  /** The path that a directory had. */
  struct puffs_pathobj *pi_old;
  /** The path that it has now. */
  struct puffs_pathobj *pi_new;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * May all of `acc_mode` (`PUFFS_VREAD`, `PUFFS_VWRITE`, `PUFFS_VEXEC`) be done to a node of this type, mode, owner and
 * group? Exactly one class of bits counts: the owner's, else the group's, else the others'. User 0 may all but execute a
 * file that nobody may execute; the kernel and the file system may all.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
int puffs_access(enum vtype type_,
                 mode_t file_mode,
                 uid_t owner,
                 gid_t group,
                 mode_t acc_mode,
                 const struct puffs_cred *pcr);

/**
 * May the node be given to this user and group? `PUFFS_VNOVAL` leaves one as it is. Only the owner may, may not give it
 * away, and must be in the new group; else `EPERM`.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
int puffs_access_chown(uid_t owner,
                       gid_t group,
                       uid_t newowner,
                       gid_t newgroup,
                       const struct puffs_cred *pcr);

/**
 * May these permission bits be set? Only the owner may (`EPERM`); the sticky bit only on a directory (`EINVAL`); set-group-id
 * only for a group of his (`EPERM`).
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
int puffs_access_chmod(uid_t owner,
                       gid_t group,
                       enum vtype type_,
                       mode_t mode,
                       const struct puffs_cred *pcr);

/**
 * May the times be set? The owner may (else `EPERM`); with `va_utimes_null`, that is to now, write permission is enough.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
int puffs_access_times(uid_t owner,
                       gid_t group,
                       mode_t file_mode,
                       int va_utimes_null,
                       const struct puffs_cred *pcr);

/**
 * Copies to `vap` each field of `sva_p` that is not `PUFFS_VNOVAL`; `va_filerev` and `va_vaflags` never.
 *
 * # Safety
 * Both are null or valid.
 */
void puffs_setvattr(struct vattr *vap,
                    const struct vattr *sva_p);

/**
 * Makes `vap` what a new node starts with: nothing given, but the page size as block size, and no flags.
 * `va_filerev` and `va_spare` are not touched.
 *
 * # Safety
 * `vap` is null or valid for writing.
 */
void puffs_vattr_null(struct vattr *vap);

/**
 * Makes attributes of what stat(2) said. Linux keeps no time of creation there: the time of change stands in.
 *
 * # Safety
 * Both are null or valid.
 */
void puffs_stat2vattr(struct vattr *vap,
                      const struct stat *sb);

/** Returns `DT_*` of `<dirent.h>` for a type, `DT_UNKNOWN` for what has none. */
int puffs_vtype2dt(enum vtype vt);

/** Returns the type that the type bits of a mode say, `VBAD` when they say none. */
enum vtype puffs_mode2vt(mode_t mode);

/** Returns the mode with the type's bits added. */
mode_t puffs_addvtype2mode(mode_t mode, enum vtype vt);

/**
 * Has the other side forget all names below the directory `dir`, those that do not exist included.
 *
 * Returns 0, also when it has no names there, or -1 with `errno` set: `ENOENT` when it does not know `dir`, `EINVAL` when that is no directory,
 * `EOPNOTSUPP` when it cannot (FUSE in Linux before 6.16: names then expire by themselves after a second, or when the server said), `ENXIO` when
 * not mounted.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_inval_namecache_dir(struct puffs_usermount *pu,
                              puffs_cookie_t dir);

/**
 * Has the other side forget all names; results as for `puffs_inval_namecache_dir`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_inval_namecache_all(struct puffs_usermount *pu);

/**
 * Has the other side drop the contents of a regular file that it has cached.
 *
 * Returns 0, or -1 with `errno` set: `ENOENT` when it does not know the node, `EINVAL` when that is no regular file, `EAGAIN` when
 * too much is to be dropped at once, `ENXIO` when not mounted. What programs have changed through a mapping is not lost: it is written first, or later.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_inval_pagecache_node(struct puffs_usermount *pu,
                               puffs_cookie_t opc);

/**
 * The same for the bytes from `start` to before `end`, in whole pages; an `end` of 0 is the end of the file. `EINVAL` also for
 * a range beyond it.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_inval_pagecache_node_range(struct puffs_usermount *pu,
                                     puffs_cookie_t opc,
                                     off_t start,
                                     off_t end);

/**
 * Has the other side begin to write the contents of a regular file that it has changed. Results as for
 * `puffs_inval_pagecache_node`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_flush_pagecache_node(struct puffs_usermount *pu,
                               puffs_cookie_t opc);

/**
 * The same for a range, as in `puffs_inval_pagecache_node_range`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_flush_pagecache_node_range(struct puffs_usermount *pu,
                                     puffs_cookie_t opc,
                                     off_t start,
                                     off_t end);

/**
 * Returns the request being executed, or NULL outside one.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
struct puffs_cc *puffs_cc_getcc(struct puffs_usermount *pu);

/**
 * Says which process and thread asked; either pointer may be NULL.
 *
 * Returns 0, or -1 with `errno` set: `ESRCH` when it is not known, `EINVAL` without a request.
 *
 * # Safety
 * `pcc` is null or the request being executed; the others are null or valid for writing.
 */
int puffs_cc_getcaller(struct puffs_cc *pcc, pid_t *pid, lwpid_t *lid);

/**
 * Leaves the request in the middle of its operation; the main loop goes on with others. Returns when somebody goes on with
 * it, by `puffs_cc_continue` or `puffs_cc_schedule`. What is on the request's stack stays as it is meanwhile.
 *
 * Only the request being executed can be left; elsewhere it writes a warning and returns at once.
 *
 * # Safety
 * `pcc` is null or the request being executed.
 */
void puffs_cc_yield(struct puffs_cc *pcc);

/**
 * Goes on with a request that was left, at once, and returns when it has ended or is left again. `pcc` may be
 * gone then. From the loop function or from inside another request.
 *
 * A request that was not left is not touched; a warning is written.
 *
 * # Safety
 * `pcc` is null or a request that has not ended.
 */
void puffs_cc_continue(struct puffs_cc *pcc);

/**
 * Has the next turn of the main loop go on with a request that was left, and returns at once.
 *
 * # Safety
 * `pcc` is null or a request that has not ended.
 */
void puffs_cc_schedule(struct puffs_cc *pcc);

/**
 * Notes `PUFFS_SETBACK_*` for the answer to the request being executed. Only open, mmap, remove, rmdir and inactive may;
 * elsewhere it writes a warning and does nothing.
 *
 * # Safety
 * `pcc` is null or the request being executed.
 */
void puffs_setback(struct puffs_cc *pcc,
                   int whatback);

/**
 * Gives the user.
 *
 * Returns 0, or -1 with `errno` set: `EOPNOTSUPP` when it is the kernel or the file system.
 *
 * # Safety
 * `pcr` is null or the operation's own; `uid` is null or valid for writing.
 */
int puffs_cred_getuid(const struct puffs_cred *pcr, uid_t *uid);

/**
 * Gives the primary group.
 *
 * Returns 0, or -1 with `errno` set: `EOPNOTSUPP` when it is the kernel or the file system.
 *
 * # Safety
 * `pcr` is null or the operation's own; `gid` is null or valid for writing.
 */
int puffs_cred_getgid(const struct puffs_cred *pcr, gid_t *gid);

/**
 * Gives the supplementary groups. `*ngids` is the room in `gids`, and on return how many were put there; 0 on error.
 *
 * Returns 0, or -1 with `errno` set: `EOPNOTSUPP` when it is the kernel or the file system.
 *
 * # Safety
 * `pcr` is null or the operation's own; `gids` has room as said; `ngids` is null or valid.
 */
int puffs_cred_getgroups(const struct puffs_cred *pcr,
                         gid_t *gids,
                         short *ngids);

/**
 * Whether it is this user; false for the kernel and the file system.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
bool puffs_cred_isuid(const struct puffs_cred *pcr, uid_t uid);

/**
 * Whether this is its primary group or another of its groups; false for the kernel and the file system.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
bool puffs_cred_hasgroup(const struct puffs_cred *pcr,
                         gid_t gid);

/**
 * Whether it is a user.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
bool puffs_cred_isregular(const struct puffs_cred *pcr);

/**
 * Whether it is the kernel itself, without credentials.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
bool puffs_cred_iskernel(const struct puffs_cred *pcr);

/**
 * Whether it is the file system's own work, such as write-back.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
bool puffs_cred_isfs(const struct puffs_cred *pcr);

/**
 * Whether nothing is forbidden to it: user 0, the kernel, the file system.
 *
 * # Safety
 * `pcr` is null or the operation's own.
 */
bool puffs_cred_isjuggernaut(const struct puffs_cred *pcr);

/**
 * Writes a record at `*dent`, moves `*dent` behind it and takes its length off `*reslen`.
 *
 * Returns 1, or 0 with nothing changed when the record does not fit: `*reslen` is too small, the name too long, or
 * a pointer null.
 *
 * # Safety
 * `*dent` has room for `*reslen` bytes; `name` is null or a C string.
 */
int puffs_nextdent(struct puffs_dirent **dent,
                   const char *name,
                   ino_t id,
                   uint8_t dtype,
                   size_t *reslen);

/**
 * Writes the record "." (`dotdot` is `DENT_DOT`) or ".." (`DENT_DOTDOT`), as `puffs_nextdent` does.
 *
 * Returns 1, or 0 with nothing changed, also for any other `dotdot`.
 *
 * # Safety
 * As for `puffs_nextdent`.
 */
int puffs_gendotdent(struct puffs_dirent **dent, ino_t id, int dotdot, size_t *reslen);

/**
 * Makes a request of the bytes in a buffer: a header as `PUFFSGETOP` gives it, and its body behind that. The library keeps the buffer until
 * `puffs_dispatch_exec` gives it back.
 *
 * Returns 0 and the request in `pccp`; or -1 with `errno` set: `EINVAL` (null, what is in the buffer is no request), `EBUSY` (the
 * library has the buffer already), `ENOMEM`. The buffer is the caller's then.
 *
 * # Safety
 * `pu` is null or from `puffs_init`, and stays until the request is over; `fb` is null or a buffer; `pccp` is null or valid for writing.
 */
int puffs_dispatch_create(struct puffs_usermount *pu,
                          struct puffs_framebuf *fb,
                          struct puffs_cc **pccp);

/**
 * Executes a request that `puffs_dispatch_create` made, or goes on with it.
 *
 * Returns 1 when it is over: `*fbp` is its buffer, the caller's again, with the answer, a header and its body, and the cursor at its beginning; `pcc` is
 * gone. Returns 0 when the operation was left in its middle (`puffs_cc_yield`). Returns -1 with `errno` set: `EINVAL` (null, no such request),
 * `ENOMEM`, and then it may be called again; `ECANCELED` when the operation was in its middle when the main loop ended, which forgets such
 * requests: then `pcc` is gone, and the buffer is the caller's again.
 *
 * # Safety
 * `fbp` is null or valid for writing.
 */
int puffs_dispatch_exec(struct puffs_cc *pcc,
                        struct puffs_framebuf **fbp);

/**
 * Says how the server's frames are read, written and compared, who gets those that answer none, and who is told of sides that close;
 * each may be NULL if it is not needed. Without `cmpfb` answers come in the order of what they answer; without `gotfb` frames that answer
 * none are dropped.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_framev_init(struct puffs_usermount *pu,
                       puffs_framev_readframe_fn rfb,
                       puffs_framev_writeframe_fn wfb,
                       puffs_framev_cmpframe_fn cmpfb,
                       puffs_framev_gotframe_fn gotfb,
                       puffs_framev_fdnotify_fn fdnotfn);

/**
 * Has the main loop look after `fd`, and poll the sides of `what`: `PUFFS_FBIO_READ`, `PUFFS_FBIO_WRITE`. It should not block. It stays
 * the server's, which is to remove it before closing it; whoever adds the same number again has closed it, and what waited there fails with
 * `ECONNRESET`. What cannot be waited for, as a regular file, is always ready: while it is polled for reading the main loop does not sleep.
 *
 * Returns 0, or -1 with `errno` set: `EBADF`, `EINVAL`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_framev_addfd(struct puffs_usermount *pu,
                       int fd,
                       int what);

/**
 * Has sides of `fd` polled.
 *
 * Returns 0, or -1 with `errno` set: `ENXIO` for a descriptor that was not added, `EINVAL`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_framev_enablefd(struct puffs_usermount *pu, int fd, int what);

/**
 * Has sides of `fd` not polled; what waits there goes on waiting.
 *
 * Returns 0, or -1 with `errno` set: `ENXIO` for a descriptor that was not added, `EINVAL`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_framev_disablefd(struct puffs_usermount *pu, int fd, int what);

/**
 * Has the main loop look after `fd` no longer, and does not close it. Everything that waits there fails with `error`, 0 standing for
 * `ECONNRESET`; both sides close, and the server is told of each that was open.
 *
 * Returns 0, or -1 with `errno` set: `ENXIO` for a descriptor that was not added, `EINVAL`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_framev_removefd(struct puffs_usermount *pu,
                          int fd,
                          int error);

/**
 * For `puffs_framev_init`: a descriptor of which both sides have closed is removed. The server closes it.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_framev_removeonclose(struct puffs_usermount *pu,
                                int fd,
                                int what);

/**
 * For `puffs_framev_init`: the same, and the main loop ends, since without this descriptor the file system cannot be. `fs_unmount` is not called.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_framev_unmountonclose(struct puffs_usermount *pu,
                                 int fd,
                                 int what);

/**
 * Has a frame sent on `fd`, from its beginning, and leaves the request until the answer is there; then that is in the buffer, in place of what was sent,
 * and the cursor is where the function that read it left it. `PUFFS_FBQUEUE_URGENT` in `flags`: before those that wait to be sent. The buffer stays
 * the caller's.
 *
 * Returns 0, or -1 with `errno` set: `EINVAL` for a descriptor that was not added, or when `pcc` is not the request being executed; `ESHUTDOWN`
 * when nothing can be sent there any more; `EBUSY` for a buffer that is queued; `ENXIO` when it was sent, and nothing can be read there any
 * more, or the main loop has ended; or what the function that reads or writes returned, or `puffs_framev_removefd` was given.
 *
 * # Safety
 * `pcc` is null or the request being executed; `fb` is null or a buffer.
 */
int puffs_framev_enqueue_cc(struct puffs_cc *pcc,
                            int fd,
                            struct puffs_framebuf *fb,
                            int flags);

/**
 * Has a frame sent on `fd`, as `puffs_framev_enqueue_cc`, and returns at once. `fcb` is called, once, with the answer in the buffer, or
 * with an error and nothing that is to be looked at: by the main loop, or by the function that removes the descriptor. From then on the buffer is the server's again, to be destroyed by that function.
 *
 * Returns 0, or -1 with `errno` set, as above; then the buffer is the caller's.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `fb` is null or a buffer.
 */
int puffs_framev_enqueue_cb(struct puffs_usermount *pu,
                            int fd,
                            struct puffs_framebuf *fb,
                            puffs_framev_cb fcb,
                            void *arg,
                            int flags);

/**
 * Has a frame sent on `fd`, as `puffs_framev_enqueue_cc`, and returns at once. The buffer is the library's, which frees it: when it has been
 * sent, or with `waitreply` when the answer has come, which nobody sees.
 *
 * Returns 0, or -1 with `errno` set, as above; then the buffer is the caller's.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `fb` is null or a buffer.
 */
int puffs_framev_enqueue_justsend(struct puffs_usermount *pu,
                                  int fd,
                                  struct puffs_framebuf *fb,
                                  int waitreply,
                                  int flags);

/**
 * Has a frame sent on `fd`, as `puffs_framev_enqueue_cc`, and leaves the request until it has been. No answer comes. The buffer stays the caller's.
 *
 * Returns 0, or -1 with `errno` set, as above.
 *
 * # Safety
 * As `puffs_framev_enqueue_cc`.
 */
int puffs_framev_enqueue_directsend(struct puffs_cc *pcc,
                                    int fd,
                                    struct puffs_framebuf *fb,
                                    int flags);

/**
 * Leaves the request until a frame has been read from `fd` into this buffer, whose contents stay until then; its cursor begins at 0. A frame of
 * which a part has been read already is finished before. The buffer stays the caller's. `flags` is 0.
 *
 * Returns 0, or -1 with `errno` set: `EINVAL` for a descriptor that was not added, or when `pcc` is not the request being executed; `ESHUTDOWN`
 * when nothing can be read there any more; `EBUSY` when another one waits so, or the buffer is queued; or what the function that reads
 * returned, or `puffs_framev_removefd` was given.
 *
 * # Safety
 * As `puffs_framev_enqueue_cc`.
 */
int puffs_framev_enqueue_directreceive(struct puffs_cc *pcc,
                                       int fd,
                                       struct puffs_framebuf *fb,
                                       int flags);

/**
 * Leaves the request until something of `*what` happens at `fd`, whether that is polled for frames or not: it can be read or written, or something is
 * wrong with it, `PUFFS_FBIO_ERROR`, which counts always. `*what` is then what has happened. While somebody waits to read, the library
 * reads no frames there.
 *
 * Returns 0, or -1 with `errno` set: `EINVAL` for a descriptor that was not added, for no event or unknown ones, or when `pcc` is not the request being
 * executed; or what `puffs_framev_removefd` was given, and `*what` is `PUFFS_FBIO_ERROR`.
 *
 * # Safety
 * `pcc` is null or the request being executed; `what` is null or valid for reading and writing.
 */
int puffs_framev_enqueue_waitevent(struct puffs_cc *pcc,
                                   int fd,
                                   int *what);

/**
 * Makes a frame that was sent by `puffs_framev_enqueue_cb` or `puffs_framev_enqueue_justsend` one for whose answer this request waits: leaves the
 * request until it is in the buffer. The callback is not called, and the buffer is the caller's. An error is not told: then the
 * buffer is as it was sent.
 *
 * Returns 0, or -1 with `errno` set: `EBUSY` when the buffer is not queued any more; `EINVAL`.
 *
 * # Safety
 * `pcc` is null or the request being executed; `fb` is null or a buffer.
 */
int puffs_framev_framebuf_ccpromote(struct puffs_framebuf *fb,
                                    struct puffs_cc *pcc);

/**
 * Makes an empty buffer, which grows as it is written to. It is the caller's: `puffs_framebuf_destroy`.
 *
 * Returns NULL with `errno` set: `ENOMEM`.
 */
struct puffs_framebuf *puffs_framebuf_make(void);

/**
 * Frees a buffer. One that the library has, as it waits to be sent or answered or is being read into, is not: a warning is written.
 *
 * # Safety
 * `fb` is null or a buffer, which is not used again.
 */
void puffs_framebuf_destroy(struct puffs_framebuf *fb);

/**
 * Makes a buffer empty, with the cursor at its beginning. One that the library has is left as it is: a warning is written.
 *
 * # Safety
 * `fb` is null or a buffer.
 */
void puffs_framebuf_recycle(struct puffs_framebuf *fb);

/**
 * Makes another buffer with the same contents and cursor, the caller's, and stores it in `dup`.
 *
 * Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`.
 *
 * # Safety
 * `fb` is null or a buffer; `dup` is null or valid for writing.
 */
int puffs_framebuf_dup(struct puffs_framebuf *fb, struct puffs_framebuf **dup);

/**
 * Makes sure that `space` bytes can be written at the cursor without more memory.
 *
 * Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`.
 *
 * # Safety
 * `fb` is null or a buffer.
 */
int puffs_framebuf_reserve_space(struct puffs_framebuf *fb, size_t space);

/**
 * Writes at the cursor and moves it behind what was written. The size becomes no less than that. What is between the
 * size so far and the cursor becomes zero.
 *
 * Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`; then nothing has changed.
 *
 * # Safety
 * `fb` is null or a buffer; `data` is null or valid for reading `dlen` bytes, which are not in the buffer.
 */
int puffs_framebuf_putdata(struct puffs_framebuf *fb,
                           const void *data,
                           size_t dlen);

/**
 * The same at `offset`; the cursor stays where it is.
 *
 * # Safety
 * As `puffs_framebuf_putdata`.
 */
int puffs_framebuf_putdata_atoff(struct puffs_framebuf *fb,
                                 size_t offset,
                                 const void *data,
                                 size_t dlen);

/**
 * Reads at the cursor and moves it behind what was read.
 *
 * Returns 0, or -1 with `errno` set: `ENOBUFS` when there is not so much, and the cursor stays where it is; `EINVAL`.
 *
 * # Safety
 * `fb` is null or a buffer; `data` is null or valid for writing `dlen` bytes, which are not in the buffer.
 */
int puffs_framebuf_getdata(struct puffs_framebuf *fb,
                           void *data,
                           size_t dlen);

/**
 * The same at `offset`; the cursor stays where it is.
 *
 * # Safety
 * As `puffs_framebuf_getdata`.
 */
int puffs_framebuf_getdata_atoff(struct puffs_framebuf *fb, size_t offset, void *data, size_t dlen);

/**
 * Returns where the cursor is.
 *
 * # Safety
 * `fb` is null or a buffer.
 */
size_t puffs_framebuf_telloff(struct puffs_framebuf *fb);

/**
 * Returns the size: where what has been written ends.
 *
 * # Safety
 * `fb` is null or a buffer.
 */
size_t puffs_framebuf_tellsize(struct puffs_framebuf *fb);

/**
 * Returns how much there is from the cursor to the size.
 *
 * # Safety
 * `fb` is null or a buffer.
 */
size_t puffs_framebuf_remaining(struct puffs_framebuf *fb);

/**
 * Moves the cursor, behind the size too, which does not change.
 *
 * Returns 0, or -1 with `errno` set: `ENOMEM` when there could never be so much, `EINVAL`.
 *
 * # Safety
 * `fb` is null or a buffer.
 */
int puffs_framebuf_seekset(struct puffs_framebuf *fb, size_t offset);

/**
 * Stores in `winp` where the `*winlen` bytes at `offset` are, to be read and written there until something else is done with the
 * buffer. The size becomes no less than their end, and the cursor stays where it is. `*winlen` is what was asked for.
 *
 * Returns 0, or -1 with `errno` set: `ENOMEM`, `EINVAL`.
 *
 * # Safety
 * `fb` is null or a buffer; the others are null or valid for reading and writing.
 */
int puffs_framebuf_getwindow(struct puffs_framebuf *fb,
                             size_t offset,
                             void **winp,
                             size_t *winlen);

/** fs_unmount that lets it happen. */
int puffs_fsnop_unmount(struct puffs_usermount *_pu, int _mntflags);

/** Suspending is no operation of any file system here: `EOPNOTSUPP`. */
int puffs_fs_suspend(struct puffs_usermount *_pu);

/** fs_sync of a file system that has nothing to bring anywhere. */
int puffs_fsnop_sync(struct puffs_usermount *_pu, int _waitfor, const struct puffs_cred *_pcr);

/**
 * fs_statvfs of a file system without figures.
 *
 * # Safety
 * `sbp` is null or valid for writing.
 */
int puffs_fsnop_statvfs(struct puffs_usermount *_pu, struct puffs_statvfs *sbp);

/**
 * Says that there are no figures: units of 512 bytes, and none of them.
 *
 * # Safety
 * `sbp` is null or valid for writing.
 */
void puffs_zerostatvfs(struct puffs_statvfs *sbp);

/**
 * node_getattr that gives the `pn_va` of the cookie's node.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `opc` is a cookie that stands for a node; `vap` is null or valid for writing.
 */
int puffs_genfs_node_getattr(struct puffs_usermount *pu,
                             puffs_cookie_t opc,
                             struct vattr *vap,
                             const struct puffs_cred *_pcr);

/**
 * node_reclaim that puts the cookie's node.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `opc` is a cookie that stands for a node from `puffs_pn_new`.
 */
int puffs_genfs_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc);

/**
 * Sets the function that each turn of the main loop calls before it waits; NULL takes it away.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_ml_setloopfn(struct puffs_usermount *pu, puffs_ml_loop_fn lfn);

/**
 * Sets the functions called before and after each request; NULL takes one away.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_prepost(struct puffs_usermount *pu, pu_prepost_fn pre, pu_prepost_fn post);

/**
 * Sets the function that finds the node of a cookie; NULL: a cookie is its node's address.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_cmap(struct puffs_usermount *pu, pu_cmap_fn cmap);

/**
 * Sets the function that is told of refused answers; NULL: `puffs_kernerr_log`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_errnotify(struct puffs_usermount *pu, pu_errnotify_fn fn_);

/**
 * Writes a refused answer to syslog: for `puffs_set_errnotify`.
 *
 * # Safety
 * `str` is null or a C string.
 */
void puffs_kernerr_log(struct puffs_usermount *_pu,
                       uint8_t type_,
                       int error,
                       const char *str,
                       puffs_cookie_t cookie);

/**
 * Writes a refused answer to stderr and ends the program by `abort`: for `puffs_set_errnotify`.
 *
 * # Safety
 * `str` is null or a C string.
 */
void puffs_kernerr_abort(struct puffs_usermount *_pu,
                         uint8_t type_,
                         int error,
                         const char *str,
                         puffs_cookie_t cookie);

/**
 * Makes the context of a file server with the operations of `pops`, which comes from `PUFFSOP_INIT` (or `malloc`) and is
 * freed: the server must not touch it again. On failure it stays the server's.
 *
 * `mntfromname` is the "device" shown in mount tables, `puffsname` the type's name; they are copied. Each of them and
 * `priv` may be `PUFFS_DEFER`. `pflags` is made of `PUFFS_KFLAG_*` and `PUFFS_FLAG_*`.
 *
 * The table must have fs_unmount, fs_statvfs, fs_sync and node_lookup.
 *
 * With `PUFFS_FLAG_BUILDPATH` the library keeps the paths of nodes, see `puffs_set_pathbuild`; cookies are then nodes. When `puffs_fakecc` is not
 * 0, requests run on the stack of the main loop.
 *
 * Returns NULL with `errno` set: `EINVAL` for a null pointer or a missing operation, `ENOMEM`, `EMFILE`.
 *
 * # Safety
 * As described.
 */
struct puffs_usermount *puffs_init(struct puffs_ops *pops,
                                   const char *mntfromname,
                                   const char *puffsname,
                                   void *priv_,
                                   uint32_t pflags);

/**
 * Attaches the file system at `dir`. `mntflags` is made of `PUFFS_MNT_*`; without privileges nosuid and nodev are
 * added. `root_cookie` names the root node; NULL is a cookie like any other. Afterwards the state is
 * `PUFFS_STATE_RUNNING`, and `puffs_mainloop` is to be called soon. A parent that waits in `puffs_daemon` learns how
 * it went.
 *
 * For root, where `/dev/puffs` is there and can be opened, the kernel's puffs module is mounted, else Linux's FUSE; the environment
 * variable `PUFFS_HOST` chooses: `kmod` or `fuse`. If `PUFFS_COMFD` names a descriptor, a connected stream socket, nothing is mounted: the server
 * talks to who has its other end. It begins with `struct puffs_comargs`; then come requests, each a `struct puffs_req` with its body behind it, and
 * go answers of the same form. The end of the connection is an unmount by force. A program with more rights than its user, as by set-user-ID, ignores it.
 *
 * Returns 0, or -1 with `errno` set; a reason that no errno value says is written to stderr. `EBUSY`: the
 * context was mounted before, or a file system of this kind is on `dir` already.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `dir` is null or a C string.
 */
int puffs_mount(struct puffs_usermount *pu,
                const char *dir,
                int mntflags,
                puffs_cookie_t root_cookie);

/**
 * Serves requests until the file system is unmounted. To be called at most once for each mount. The calling thread
 * has the server from then on, whichever made the mount.
 *
 * Returns 0, or -1 with `errno` set when the loop could not start or go on: `EINVAL` without a mount; `EBUSY` when called inside
 * itself; `EPERM` while another thread is in it, and in a child that was forked after the mount.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_mainloop(struct puffs_usermount *pu);

/**
 * Goes into the background, before the mount. The parent waits until the mount is made and then exits with 0, or
 * with 1 and a message. The child gets a session of its own, `/` as working directory unless `nochdir`, and
 * `/dev/null` as standard input, output and error unless `noclose`.
 *
 * Returns 0 in the child, or -1 with `errno` set: `EINVAL` when it is too late.
 *
 * # Safety
 * `pu` is null or from `puffs_init`. Only this thread goes into the child.
 */
int puffs_daemon(struct puffs_usermount *pu,
                 int nochdir,
                 int noclose);

/**
 * Asks for a forced unmount and returns at once; fs_unmount is called in the normal way and `puffs_mainloop` then
 * returns. Harmless at any time, from any thread and in signal handlers, for which it may change `errno`. The second argument is ignored.
 *
 * Returns 0, or -1 with `errno` set: `EINVAL`; `EPERM` in a child that was forked after the mount, which is not its own.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_exit(struct puffs_usermount *pu,
               int _ignored);

/**
 * Frees the context. Before the mount this gives up: a parent that waits in `puffs_daemon` ends with `error`. The other
 * time is after `puffs_mainloop` has returned; nodes that are still there are the server's to free, before. While the
 * file system is mounted it does nothing.
 *
 * # Safety
 * `pu` is null or from `puffs_init`, and not used again.
 */
void puffs_cancel(struct puffs_usermount *pu,
                  int error);

/**
 * From now on signal `sig` does one `puffs_exit` in each main loop of the process. With `ignoresig` nothing else
 * happens at the signal; without it whatever was to happen happens too. May be called before `puffs_init`.
 *
 * Returns 0, or -1 with `errno` set: `EINVAL` for what is no signal or cannot be caught.
 */
int puffs_unmountonsignal(int sig,
                          bool ignoresig);

/**
 * Returns `PUFFS_STATE_*`. From any thread.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_getstate(struct puffs_usermount *pu);

/**
 * Returns the descriptor of the request channel, or -1 with `ENXIO` when there is none.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_getselectable(struct puffs_usermount *pu);

/**
 * Sets the mode of the request channel, `PUFFSDEV_BLOCK` or `PUFFSDEV_NONBLOCK`, once the file system is mounted. The
 * main loop does not depend on it.
 *
 * Returns 0, or -1 with `EINVAL`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
int puffs_setblockingmode(struct puffs_usermount *pu,
                          int mode);

/**
 * Sets the node's cookie.
 *
 * # Safety
 * `pni` is null or the operation's own.
 */
void puffs_newinfo_setcookie(struct puffs_newinfo *pni, puffs_cookie_t cookie);

/**
 * Sets the node's type. Without effect in operations that create: there the type is the one asked for.
 *
 * # Safety
 * `pni` is null or the operation's own.
 */
void puffs_newinfo_setvtype(struct puffs_newinfo *pni,
                            enum vtype vt);

/**
 * Sets the node's size, which matters for regular files. Without effect in operations that create.
 *
 * # Safety
 * `pni` is null or the operation's own.
 */
void puffs_newinfo_setsize(struct puffs_newinfo *pni, off_t size);

/**
 * Sets the device number of a device node. Without effect in operations that create.
 *
 * # Safety
 * `pni` is null or the operation's own.
 */
void puffs_newinfo_setrdev(struct puffs_newinfo *pni, dev_t rdev);

/**
 * Sets the node's attributes, which are copied; they count with `PUFFS_KFLAG_CACHE_FS_TTL`.
 *
 * # Safety
 * `pni` is null or the operation's own; `vap` is null or valid.
 */
void puffs_newinfo_setva(struct puffs_newinfo *pni, struct vattr *vap);

/**
 * Sets how long the attributes hold; zero: not said. It counts with `PUFFS_KFLAG_CACHE_FS_TTL`.
 *
 * # Safety
 * `pni` is null or the operation's own; `va_ttl` is null or valid.
 */
void puffs_newinfo_setvattl(struct puffs_newinfo *pni, struct timespec *va_ttl);

/**
 * Sets how long the name holds; zero: not said. It counts with `PUFFS_KFLAG_CACHE_FS_TTL`.
 *
 * # Safety
 * `pni` is null or the operation's own; `cn_ttl` is null or valid.
 */
void puffs_newinfo_setcnttl(struct puffs_newinfo *pni, struct timespec *cn_ttl);

/**
 * Returns a new node with this private pointer and no attribute given, at the head of the list; NULL with `ENOMEM`.
 * From now on the server's cookies are nodes, and the library counts lookups in them.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
struct puffs_node *puffs_pn_new(struct puffs_usermount *pu,
                                void *priv_);

/**
 * Takes a node off the list, so that walks do not see it, and keeps its memory.
 *
 * # Safety
 * `pn` is null or a node from `puffs_pn_new` that was not put.
 */
void puffs_pn_remove(struct puffs_node *pn);

/**
 * Takes a node off the list and frees it and its path, by the function of `puffs_set_pathfree` if there is one.
 *
 * # Safety
 * As for `puffs_pn_remove`; the path is null or, without such a function, from `malloc`; nobody uses the node again.
 */
void puffs_pn_put(struct puffs_node *pn);

/**
 * Calls `fn` with each node on the list, newest first, until it returns something else than NULL, and returns that.
 * `fn` may remove or put the node it is called with, and no other.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void *puffs_pn_nodewalk(struct puffs_usermount *pu,
                        puffs_nodewalk_fn fn_,
                        void *arg);

/**
 * Returns the address of the node's attributes.
 *
 * # Safety
 * `pn` is null or a node.
 */
struct vattr *puffs_pn_getvap(struct puffs_node *pn);

/**
 * Returns the node's private pointer.
 *
 * # Safety
 * `pn` is null or a node.
 */
void *puffs_pn_getpriv(struct puffs_node *pn);

/**
 * Sets the node's private pointer.
 *
 * # Safety
 * `pn` is null or a node.
 */
void puffs_pn_setpriv(struct puffs_node *pn, void *priv_);

/**
 * Returns the address of the node's path.
 *
 * # Safety
 * `pn` is null or a node.
 */
struct puffs_pathobj *puffs_pn_getpo(struct puffs_node *pn);

/**
 * Returns the context that the node belongs to.
 *
 * # Safety
 * `pn` is null or a node.
 */
struct puffs_usermount *puffs_pn_getmnt(struct puffs_node *pn);

/**
 * Returns the server's own pointer, by way of a node.
 *
 * # Safety
 * `pn` is null or a node.
 */
void *puffs_pn_getmntspecific(struct puffs_node *pn);

/**
 * Returns the address of a time in the node that is the server's to use: how long the attributes hold. Zero at first.
 *
 * # Safety
 * `pn` is null or a node from `puffs_pn_new`.
 */
struct timespec *puffs_pn_getvattl(struct puffs_node *pn);

/**
 * Returns the address of a time in the node that is the server's to use: how long its name holds. Zero at first.
 *
 * # Safety
 * `pn` is null or a node from `puffs_pn_new`.
 */
struct timespec *puffs_pn_getcnttl(struct puffs_node *pn);

/**
 * Fills a table with the null layer: statvfs, fhtonode, nodetofh, lookup, create, mknod, getattr, setattr, fsync, remove, link, rename,
 * mkdir, rmdir, symlink, readlink, readdir, read, write; an unmount and a sync that do nothing; and a reclaim that puts the node. Other operations may be
 * entered afterwards, in place of these too.
 *
 * # Safety
 * `pops` is null or valid.
 */
void puffs_null_setops(struct puffs_ops *pops);

/**
 * fs_statvfs: figures of the file system that the root is on.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_fs_statvfs(struct puffs_usermount *pu, struct puffs_statvfs *sbp);

/**
 * fs_fhtonode: finds the node of a handle that `puffs_null_fs_nodetofh` gave. `ENOENT` for others.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_fs_fhtonode(struct puffs_usermount *pu,
                           void *fid,
                           size_t fidsize,
                           struct puffs_newinfo *pni);

/**
 * fs_nodetofh: gives the handle that the host has for the file, for servers with `PUFFS_FHFLAG_PASSTHROUGH`. `E2BIG` and the length in
 * `*fidsize` when there is not enough room.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_fs_nodetofh(struct puffs_usermount *pu,
                           puffs_cookie_t opc,
                           void *fid,
                           size_t *fidsize);

/**
 * node_lookup: finds a name.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_lookup(struct puffs_usermount *pu,
                           puffs_cookie_t dir,
                           struct puffs_newinfo *pni,
                           const struct puffs_cn *pcn);

/**
 * node_create: makes a regular file or a socket. Nothing is left of it when it cannot be finished.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_create(struct puffs_usermount *pu,
                           puffs_cookie_t dir,
                           struct puffs_newinfo *pni,
                           const struct puffs_cn *pcn,
                           const struct vattr *vap);

/**
 * node_mknod: makes a device or FIFO. Nothing is left of it when it cannot be finished.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_mknod(struct puffs_usermount *pu,
                          puffs_cookie_t dir,
                          struct puffs_newinfo *pni,
                          const struct puffs_cn *pcn,
                          const struct vattr *vap);

/**
 * node_mkdir: makes a directory. Nothing is left of it when it cannot be finished.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_mkdir(struct puffs_usermount *pu,
                          puffs_cookie_t dir,
                          struct puffs_newinfo *pni,
                          const struct puffs_cn *pcn,
                          const struct vattr *vap);

/**
 * node_symlink: makes a symbolic link. Nothing is left of it when it cannot be finished.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_symlink(struct puffs_usermount *pu,
                            puffs_cookie_t dir,
                            struct puffs_newinfo *pni,
                            const struct puffs_cn *pcn,
                            const struct vattr *vap,
                            const char *target);

/**
 * node_remove: removes the name if it leads to the file, else the one that its path says. A file that is still used stays usable.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_remove(struct puffs_usermount *pu,
                           puffs_cookie_t dir,
                           puffs_cookie_t targ,
                           const struct puffs_cn *pcn);

/**
 * node_rmdir: removes a directory, as `puffs_null_node_remove` does a file.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_rmdir(struct puffs_usermount *pu,
                          puffs_cookie_t dir,
                          puffs_cookie_t targ,
                          const struct puffs_cn *pcn);

/**
 * node_link: gives a file one more name.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_link(struct puffs_usermount *pu,
                         puffs_cookie_t dir,
                         puffs_cookie_t targ,
                         const struct puffs_cn *pcn);

/**
 * node_rename: renames a file. What had the new name and is still used stays usable.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_rename(struct puffs_usermount *pu,
                           puffs_cookie_t sdir,
                           puffs_cookie_t src,
                           const struct puffs_cn *pcn_src,
                           puffs_cookie_t tdir,
                           puffs_cookie_t targ,
                           const struct puffs_cn *pcn_targ);

/**
 * node_getattr: gives what the host says of the file.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_getattr(struct puffs_usermount *pu,
                            puffs_cookie_t opc,
                            struct vattr *vap,
                            const struct puffs_cred *_pcr);

/**
 * node_setattr: changes owner, mode, size and times of the file, as far as they are given. `EOPNOTSUPP` for flags.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_setattr(struct puffs_usermount *pu,
                            puffs_cookie_t opc,
                            const struct vattr *vap,
                            const struct puffs_cred *pcr);

/**
 * node_fsync: brings the file to stable storage, whatever range was asked for; only its data with `PUFFS_FSYNC_DATAONLY`.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_fsync(struct puffs_usermount *pu,
                          puffs_cookie_t opc,
                          const struct puffs_cred *_pcr,
                          int flags,
                          off_t _offlo,
                          off_t _offhi);

/**
 * node_readlink: says where a symbolic link leads.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_readlink(struct puffs_usermount *pu,
                             puffs_cookie_t opc,
                             const struct puffs_cred *_pcr,
                             char *linkname,
                             size_t *linklen);

/**
 * node_readdir: lists a directory, "." and ".." included. Offsets are the host's own, and hold whatever is made and removed meanwhile.
 * `EINVAL` when not even one record fits.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_readdir(struct puffs_usermount *pu,
                            puffs_cookie_t opc,
                            struct puffs_dirent *dent,
                            off_t *readoff,
                            size_t *reslen,
                            const struct puffs_cred *_pcr,
                            int *eofflag,
                            off_t *cookies,
                            size_t *ncookies);

/**
 * node_read: reads a regular file.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_read(struct puffs_usermount *pu,
                         puffs_cookie_t opc,
                         uint8_t *buf,
                         off_t offset,
                         size_t *resid,
                         const struct puffs_cred *_pcr,
                         int _ioflag);

/**
 * node_write: writes a regular file; at its end with `PUFFS_IO_APPEND`.
 *
 * # Safety
 * The arguments are null or what an operation gets.
 */
int puffs_null_node_write(struct puffs_usermount *pu,
                          puffs_cookie_t opc,
                          uint8_t *buf,
                          off_t offset,
                          size_t *resid,
                          const struct puffs_cred *pcr,
                          int ioflag);

/**
 * Sets the function that builds a path; NULL: `puffs_stdpath_buildpath`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_pathbuild(struct puffs_usermount *pu, pu_pathbuild_fn fn_);

/**
 * Sets the function that makes the component for a path of a name; NULL: the name is the component. What it makes is freed like a
 * path.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_pathtransform(struct puffs_usermount *pu,
                             pu_pathtransform_fn fn_);

/**
 * Sets the function that compares paths; NULL: `puffs_stdpath_cmppath`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_pathcmp(struct puffs_usermount *pu, pu_pathcmp_fn fn_);

/**
 * Sets the function that frees a path; NULL: `puffs_stdpath_freepath`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_pathfree(struct puffs_usermount *pu, pu_pathfree_fn fn_);

/**
 * Sets the function that may change each name in its place, before its path is built and the operation sees it; its length must stay. NULL
 * takes it away.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_set_namemod(struct puffs_usermount *pu,
                       pu_namemod_fn fn_);

/**
 * Builds a path of strings: `po_dir`, a slash, and `po_comp` from `offset` on, without the slashes where both meet; for ".." the directory
 * above. The path is from `malloc` and ends with a NUL.
 *
 * Returns 0, or `ENOMEM`; `EINVAL` for null pointers.
 *
 * # Safety
 * All are null or valid, and both paths are strings of their lengths.
 */
int puffs_stdpath_buildpath(struct puffs_usermount *_pu,
                            const struct puffs_pathobj *po_dir,
                            const struct puffs_pathobj *po_comp,
                            size_t offset,
                            struct puffs_pathobj *newpath);

/**
 * Compares paths of strings: 0 when their first `plen` bytes are the same and, with `checkprefix`, `po1` goes on with a slash there.
 *
 * # Safety
 * Both are null or valid, and have as many bytes as they say.
 */
int puffs_stdpath_cmppath(struct puffs_usermount *_pu,
                          struct puffs_pathobj *po1,
                          struct puffs_pathobj *po2,
                          size_t plen,
                          int checkprefix);

/**
 * Frees a path from `malloc`.
 *
 * # Safety
 * `po` is null or valid; its path is null or from `malloc`, and nobody uses it again.
 */
void puffs_stdpath_freepath(struct puffs_usermount *_pu, struct puffs_pathobj *po);

/**
 * Builds the path of a name in a directory into `pcn_po_full`, as the library does before operations: transforms the name, lets it be changed,
 * builds the path, and its hash. Whoever calls this frees the path.
 *
 * Returns 0, `ENOMEM`, or what one of the server's functions returned; `EINVAL` for null pointers and for a directory without a path.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `pcn` is null or a whole name; `parent` is a cookie that stands for a node.
 */
int puffs_path_pcnbuild(struct puffs_usermount *pu,
                        struct puffs_cn *pcn,
                        puffs_cookie_t parent);

/**
 * Returns the node when it has the path `wanted`, a `struct puffs_pathobj *`, else NULL: for `puffs_pn_nodewalk`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `pn` is null or a node; `wanted` is null or a path.
 */
void *puffs_path_walkcmp(struct puffs_usermount *pu,
                         struct puffs_node *pn,
                         void *wanted);

/**
 * Gives a node that lies below `pi_old` of a `struct puffs_pathinfo` the path below `pi_new`, and returns NULL: for `puffs_pn_nodewalk` after a
 * rename.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `pn` is null or a node; `info` is null or valid, with two valid paths.
 */
void *puffs_path_prefixadj(struct puffs_usermount *pu,
                           struct puffs_node *pn,
                           void *info);

/**
 * Sets `po_hash` from the path's `po_len` bytes, with `PUFFS_FLAG_HASHPATH`; otherwise does nothing.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `po` is null or has as many bytes as it says.
 */
void puffs_path_buildhash(struct puffs_usermount *pu,
                          struct puffs_pathobj *po);

/**
 * Replaces the two names that `puffs_init` got, before the mount. Null pointers change nothing.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; the names are null, `PUFFS_DEFER` or C strings.
 */
void puffs_setmntinfo(struct puffs_usermount *pu, const char *mntfromname, const char *puffsname);

/**
 * Remembers the root node; it has no other effect.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_setroot(struct puffs_usermount *pu, struct puffs_node *pn);

/**
 * Returns the root node, or NULL when none was set.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
struct puffs_node *puffs_getroot(struct puffs_usermount *pu);

/**
 * Returns the root node's path, or NULL with `ENOENT` when no root was set.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; the root node lives.
 */
struct puffs_pathobj *puffs_getrootpathobj(struct puffs_usermount *pu);

/**
 * Type, size and device number of the root; otherwise it is a directory. Before the mount.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_setrootinfo(struct puffs_usermount *pu, enum vtype vt, unsigned long vsize, dev_t rdev);

/**
 * Returns the server's own pointer. From any thread.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void *puffs_getspecific(struct puffs_usermount *pu);

/**
 * Sets the server's own pointer.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_setspecific(struct puffs_usermount *pu, void *priv_);

/**
 * Sets the size of the stack that each request has, from the next request on: rounded up to a power of two, and at
 * least 16 KiB. `PUFFS_STACKSIZE_MIN` asks for the least, `PUFFS_STACKSIZE_DEFAULT` is what there is without this call.
 * Below each stack is a page that cannot be used.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_setstacksize(struct puffs_usermount *pu,
                        size_t stacksize);

/**
 * Wishes a largest read or write, before the mount: at least 8 KiB, and 256 KiB when it is 0 or more than
 * 1 MiB.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_setmaxreqlen(struct puffs_usermount *pu,
                        size_t reqlen);

/**
 * Returns the largest read or write.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
size_t puffs_getmaxreqlen(struct puffs_usermount *pu);

/**
 * Says how large the server's file handles are, and `PUFFS_FHFLAG_*`. Before the mount. Without it, or with 0, there are none; with
 * `PUFFS_FHFLAG_DYNAMIC` the size is the largest; with `PUFFS_FHFLAG_PASSTHROUGH` they are the host's, of whatever size. The mount fails with `EINVAL`
 * when they are longer than `PUFFS_FHSIZE_MAX`, or than 28 bytes with `PUFFS_FHFLAG_NFSV2` and 60 with `PUFFS_FHFLAG_NFSV3`.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_setfhsize(struct puffs_usermount *pu,
                     size_t fhsize,
                     int flags);

/**
 * A hint that is not needed. Before the mount.
 *
 * # Safety
 * `pu` is null or from `puffs_init`.
 */
void puffs_setncookiehash(struct puffs_usermount *pu, int _size);

/**
 * Sets how long one turn of the main loop waits at most; the value is copied, and NULL means for ever. A negative
 * time is none.
 *
 * # Safety
 * `pu` is null or from `puffs_init`; `ts` is null or valid.
 */
void puffs_ml_settimeout(struct puffs_usermount *pu,
                         struct timespec *ts);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/*
 * Not 0 when puffs_init is called: the requests of that server run on the stack of puffs_mainloop, one after the other, and puffs_cc_yield
 * cannot leave one (it says so and returns).
 */
#ifdef __cplusplus
extern "C" {
#endif
extern int puffs_fakecc;
#ifdef __cplusplus
}
#endif

/* Other names of types. */
typedef puffs_cookie_t puffs_croissant_t;
typedef off_t voff_t;
typedef unsigned long vsize_t;

PUFFS_STATIC_ASSERT(offsetof(struct puffs_dirent, d_name) == PUFFS_MSG_DIRENT_NAME, "struct puffs_dirent as it travels");
PUFFS_STATIC_ASSERT(sizeof(enum vtype) == sizeof(int), "enum vtype as the library knows it");

/*
 * The table of operations. PUFFSOP_INIT makes an empty one, PUFFSOP_SET enters <fsname>_<kind>_<op>, where kind is fs or
 * node, PUFFSOP_SETFSNOP enters an operation of the library's that does nothing. PUFFSOP_PROTOS declares all operations
 * that a server may define.
 */
#define PUFFSOP_INIT(ops) ((ops) = (struct puffs_ops *)calloc(1, sizeof(struct puffs_ops)))
#define PUFFSOP_SET(ops, fsname, kind, op) ((ops)->puffs_##kind##_##op = fsname##_##kind##_##op)
#define PUFFSOP_SETFSNOP(ops, op) ((ops)->puffs_fs_##op = puffs_fsnop_##op)

#define PUFFSOP_PROTOS(fsname) \
	int fsname##_fs_unmount(struct puffs_usermount *, int); \
	int fsname##_fs_statvfs(struct puffs_usermount *, struct puffs_statvfs *); \
	int fsname##_fs_sync(struct puffs_usermount *, int, const struct puffs_cred *); \
	int fsname##_fs_fhtonode(struct puffs_usermount *, void *, size_t, struct puffs_newinfo *); \
	int fsname##_fs_nodetofh(struct puffs_usermount *, puffs_cookie_t, void *, size_t *); \
	int fsname##_fs_extattrctl(struct puffs_usermount *, int, puffs_cookie_t, int, int, const char *); \
	int fsname##_node_lookup(struct puffs_usermount *, puffs_cookie_t, struct puffs_newinfo *, \
	    const struct puffs_cn *); \
	int fsname##_node_create(struct puffs_usermount *, puffs_cookie_t, struct puffs_newinfo *, \
	    const struct puffs_cn *, const struct vattr *); \
	int fsname##_node_mknod(struct puffs_usermount *, puffs_cookie_t, struct puffs_newinfo *, \
	    const struct puffs_cn *, const struct vattr *); \
	int fsname##_node_open(struct puffs_usermount *, puffs_cookie_t, int, const struct puffs_cred *); \
	int fsname##_node_open2(struct puffs_usermount *, puffs_cookie_t, int, const struct puffs_cred *, int *); \
	int fsname##_node_close(struct puffs_usermount *, puffs_cookie_t, int, const struct puffs_cred *); \
	int fsname##_node_access(struct puffs_usermount *, puffs_cookie_t, int, const struct puffs_cred *); \
	int fsname##_node_getattr(struct puffs_usermount *, puffs_cookie_t, struct vattr *, \
	    const struct puffs_cred *); \
	int fsname##_node_getattr_ttl(struct puffs_usermount *, puffs_cookie_t, struct vattr *, \
	    const struct puffs_cred *, struct timespec *); \
	int fsname##_node_setattr(struct puffs_usermount *, puffs_cookie_t, const struct vattr *, \
	    const struct puffs_cred *); \
	int fsname##_node_setattr_ttl(struct puffs_usermount *, puffs_cookie_t, struct vattr *, \
	    const struct puffs_cred *, struct timespec *, int); \
	int fsname##_node_poll(struct puffs_usermount *, puffs_cookie_t, int *); \
	int fsname##_node_mmap(struct puffs_usermount *, puffs_cookie_t, vm_prot_t, const struct puffs_cred *); \
	int fsname##_node_fsync(struct puffs_usermount *, puffs_cookie_t, const struct puffs_cred *, int, off_t, \
	    off_t); \
	int fsname##_node_seek(struct puffs_usermount *, puffs_cookie_t, off_t, off_t, const struct puffs_cred *); \
	int fsname##_node_remove(struct puffs_usermount *, puffs_cookie_t, puffs_cookie_t, const struct puffs_cn *); \
	int fsname##_node_link(struct puffs_usermount *, puffs_cookie_t, puffs_cookie_t, const struct puffs_cn *); \
	int fsname##_node_rename(struct puffs_usermount *, puffs_cookie_t, puffs_cookie_t, const struct puffs_cn *, \
	    puffs_cookie_t, puffs_cookie_t, const struct puffs_cn *); \
	int fsname##_node_mkdir(struct puffs_usermount *, puffs_cookie_t, struct puffs_newinfo *, \
	    const struct puffs_cn *, const struct vattr *); \
	int fsname##_node_rmdir(struct puffs_usermount *, puffs_cookie_t, puffs_cookie_t, const struct puffs_cn *); \
	int fsname##_node_symlink(struct puffs_usermount *, puffs_cookie_t, struct puffs_newinfo *, \
	    const struct puffs_cn *, const struct vattr *, const char *); \
	int fsname##_node_readdir(struct puffs_usermount *, puffs_cookie_t, struct puffs_dirent *, off_t *, \
	    size_t *, const struct puffs_cred *, int *, off_t *, size_t *); \
	int fsname##_node_readlink(struct puffs_usermount *, puffs_cookie_t, const struct puffs_cred *, char *, \
	    size_t *); \
	int fsname##_node_reclaim(struct puffs_usermount *, puffs_cookie_t); \
	int fsname##_node_reclaim2(struct puffs_usermount *, puffs_cookie_t, int); \
	int fsname##_node_inactive(struct puffs_usermount *, puffs_cookie_t); \
	int fsname##_node_print(struct puffs_usermount *, puffs_cookie_t); \
	int fsname##_node_pathconf(struct puffs_usermount *, puffs_cookie_t, int, long *); \
	int fsname##_node_advlock(struct puffs_usermount *, puffs_cookie_t, void *, int, struct flock *, int); \
	int fsname##_node_abortop(struct puffs_usermount *, puffs_cookie_t, const struct puffs_cn *); \
	int fsname##_node_read(struct puffs_usermount *, puffs_cookie_t, uint8_t *, off_t, size_t *, \
	    const struct puffs_cred *, int); \
	int fsname##_node_write(struct puffs_usermount *, puffs_cookie_t, uint8_t *, off_t, size_t *, \
	    const struct puffs_cred *, int); \
	int fsname##_node_write2(struct puffs_usermount *, puffs_cookie_t, uint8_t *, off_t, size_t *, \
	    const struct puffs_cred *, int, int); \
	int fsname##_node_getextattr(struct puffs_usermount *, puffs_cookie_t, int, const char *, size_t *, \
	    uint8_t *, size_t *, const struct puffs_cred *); \
	int fsname##_node_setextattr(struct puffs_usermount *, puffs_cookie_t, int, const char *, uint8_t *, \
	    size_t *, const struct puffs_cred *); \
	int fsname##_node_listextattr(struct puffs_usermount *, puffs_cookie_t, int, size_t *, uint8_t *, size_t *, \
	    int, const struct puffs_cred *); \
	int fsname##_node_deleteextattr(struct puffs_usermount *, puffs_cookie_t, int, const char *, \
	    const struct puffs_cred *); \
	int fsname##_node_fallocate(struct puffs_usermount *, puffs_cookie_t, off_t, off_t); \
	int fsname##_node_fdiscard(struct puffs_usermount *, puffs_cookie_t, off_t, off_t);

/* A component of a path: the parts behind a struct puffs_cn. */
#define pcn_nameiop pcn_pkcnp->pkcn_nameiop
#define pcn_flags pcn_pkcnp->pkcn_flags
#define pcn_name pcn_pkcnp->pkcn_name
#define pcn_namelen pcn_pkcnp->pkcn_namelen
#define pcn_consume pcn_pkcnp->pkcn_consume
#define PCNISDOTDOT(pcn) ((pcn)->pcn_namelen == 2 && strcmp((pcn)->pcn_name, "..") == 0)

/* Paths of nodes and of names. */
#define PNPATH(pn) ((pn)->pn_po.po_path)
#define PNPLEN(pn) ((pn)->pn_po.po_len)
#define PCNPATH(pcn) ((pcn)->pcn_po_full.po_path)
#define PCNPLEN(pcn) ((pcn)->pcn_po_full.po_len)

/* Offsets of readdir for servers that give "." and ".." the first two. */
#define DENT_DOT 0
#define DENT_DOTDOT 1
#define DENT_ADJ(offset) ((offset) - 2)
/* Stores where the record after this one begins, and moves the variable cp on; nothing when cp is NULL. */
#define PUFFS_STORE_DCOOKIE(cp, ncp, offset) \
	if ((cp) != NULL) { \
		*((cp)++) = (offset); \
		(*(ncp))++; \
	}

#endif
