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

/* Options of mounts, for getmntopts: the second word is puffs_init's flags. */
#define PUFFSMOPT_NAMECACHE { "namecache", 1, PUFFS_KFLAG_NOCACHE_NAME, 1 }
#define PUFFSMOPT_PAGECACHE { "pagecache", 1, PUFFS_KFLAG_NOCACHE_PAGE, 1 }
#define PUFFSMOPT_ATTRCACHE { "attrcache", 1, PUFFS_KFLAG_NOCACHE_ATTR, 1 }
#define PUFFSMOPT_CACHE { "cache", 1, PUFFS_KFLAG_NOCACHE, 1 }
#define PUFFSMOPT_ALLOPS { "allops", 0, PUFFS_KFLAG_ALLOPS, 1 }
#define PUFFSMOPT_DUMP { "dump", 0, PUFFS_FLAG_OPDUMP, 1 }
#define PUFFSMOPT_STD \
	PUFFSMOPT_NAMECACHE, PUFFSMOPT_PAGECACHE, PUFFSMOPT_ATTRCACHE, PUFFSMOPT_CACHE, PUFFSMOPT_ALLOPS, PUFFSMOPT_DUMP

__BEGIN_DECLS
/* MOPT_STDOPTS and PUFFSMOPT_STD. */
extern const struct mntopt puffsmopts[];
__END_DECLS

#endif
