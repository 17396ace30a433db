/*
 * puffs_netbsd.h: what NetBSD's <puffs.h> includes and declares besides, which servers have come to expect. <puffs.h> includes it.
 */
#ifndef PUFFS_NETBSD_H
#define PUFFS_NETBSD_H

#include <sys/cdefs.h>
#include <sys/param.h>
#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>

#include <dirent.h>
#include <sys/endian.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <mntopts.h>
#include <paths.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What NetBSD's kernel calls them, which <sys/vnode.h> says to programs too. */
#define VNOVAL (-1)
#define VREAD 00004
#define VWRITE 00002
#define VEXEC 00001
#define IO_APPEND 0x00020
#define IO_NDELAY 0x00100
#define FSYNC_WAIT 0x0001
#define FSYNC_DATAONLY 0x0002
#define FSYNC_LAZY 0x0008
#define FSYNC_CACHE 0x0100
#define IFTOVT(mode) puffs_mode2vt(mode)
#define VTTOIF(type) puffs_addvtype2mode(0, type)
#define MAKEIMODE(type, mode) puffs_addvtype2mode(mode, type)

/* Options of mounts, for getmntopts: the second word is puffs_init's flags. */
#define PUFFSMOPT_NAMECACHE { "namecache", 1, PUFFS_KFLAG_NOCACHE_NAME, 1 }
#define PUFFSMOPT_PAGECACHE { "pagecache", 1, PUFFS_KFLAG_NOCACHE_PAGE, 1 }
#define PUFFSMOPT_ATTRCACHE { "attrcache", 1, PUFFS_KFLAG_NOCACHE_ATTR, 1 }
#define PUFFSMOPT_CACHE { "cache", 1, PUFFS_KFLAG_NOCACHE, 1 }
#define PUFFSMOPT_ALLOPS { "allops", 0, PUFFS_KFLAG_ALLOPS, 1 }
#define PUFFSMOPT_DUMP { "dump", 0, PUFFS_FLAG_OPDUMP, 1 }
#define PUFFSMOPT_STD \
	PUFFSMOPT_NAMECACHE, PUFFSMOPT_PAGECACHE, PUFFSMOPT_ATTRCACHE, PUFFSMOPT_CACHE, PUFFSMOPT_ALLOPS, PUFFSMOPT_DUMP

/* <puffs.h> declares it by this name: no read or write is larger than those of NetBSD, 124 KiB. */
#define puffs_init puffs_compat_init

__BEGIN_DECLS
/* MOPT_STDOPTS and PUFFSMOPT_STD. */
extern const struct mntopt puffsmopts[];
__END_DECLS

#endif
