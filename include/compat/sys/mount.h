/*
 * sys/mount.h: NetBSD's flags of mounts. The C library's is not included: its MNT_FORCE has another value.
 */
#ifndef PUFFS_COMPAT_SYS_MOUNT_H
#define PUFFS_COMPAT_SYS_MOUNT_H

#include <sys/param.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* What a mount is like; the first five and MNT_NOATIME mean something to Linux. */
#define MNT_RDONLY 0x00000001
#define MNT_SYNCHRONOUS 0x00000002
#define MNT_NOEXEC 0x00000004
#define MNT_NOSUID 0x00000008
#define MNT_NODEV 0x00000010
#define MNT_UNION 0x00000020
#define MNT_ASYNC 0x00000040
#define MNT_NOCOREDUMP 0x00008000
#define MNT_RELATIME 0x00020000
#define MNT_IGNORE 0x00100000
#define MNT_DISCARD 0x00800000
#define MNT_EXTATTR 0x01000000
#define MNT_LOG 0x02000000
#define MNT_NOATIME 0x04000000
#define MNT_SYMPERM 0x20000000
#define MNT_NODEVMTIME 0x40000000

/* What only NetBSD's kernel sets. */
#define MNT_EXRDONLY 0x00000080
#define MNT_EXPORTED 0x00000100
#define MNT_LOCAL 0x00001000
#define MNT_QUOTA 0x00002000
#define MNT_ROOTFS 0x00004000

/* What mount and unmount are to do; fs_unmount may see MNT_FORCE. */
#define MNT_UPDATE 0x00010000
#define MNT_RELOAD 0x00040000
#define MNT_FORCE 0x00080000
#define MNT_GETARGS 0x00400000

/* How long fs_sync is to wait. */
#define MNT_WAIT 1
#define MNT_NOWAIT 2
#define MNT_LAZY 3

/* The type of such mounts, without what follows it. */
#define MOUNT_PUFFS "puffs"

#endif
