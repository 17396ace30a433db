/*
 * mntopts.h: NetBSD's mount options, and what understands them.
 */
#ifndef PUFFS_COMPAT_MNTOPTS_H
#define PUFFS_COMPAT_MNTOPTS_H

#include <sys/cdefs.h>
#include <sys/mount.h>

/* An option: its name, whether giving it clears the bit, the bit, and whether that is one of the second word. */
struct mntopt {
	const char *m_option;
	int m_inverse;
	int m_flag;
	int m_altloc;
};

/* The end of a table. */
#define MOPT_NULL { NULL, 0, 0, 0 }

/* What a mount is like. */
#define MOPT_ASYNC { "async", 0, MNT_ASYNC, 0 }
#define MOPT_NOATIME { "atime", 1, MNT_NOATIME, 0 }
#define MOPT_NOCOREDUMP { "coredump", 1, MNT_NOCOREDUMP, 0 }
#define MOPT_NODEV { "dev", 1, MNT_NODEV, 0 }
#define MOPT_NODEVMTIME { "devmtime", 1, MNT_NODEVMTIME, 0 }
#define MOPT_DISCARD { "discard", 0, MNT_DISCARD, 0 }
#define MOPT_EXTATTR { "extattr", 0, MNT_EXTATTR, 0 }
#define MOPT_NOEXEC { "exec", 1, MNT_NOEXEC, 0 }
#define MOPT_IGNORE { "hidden", 0, MNT_IGNORE, 0 }
#define MOPT_LOG { "log", 0, MNT_LOG, 0 }
#define MOPT_RDONLY { "rdonly", 0, MNT_RDONLY, 0 }
#define MOPT_RELATIME { "relatime", 0, MNT_RELATIME, 0 }
#define MOPT_NOSUID { "suid", 1, MNT_NOSUID, 0 }
#define MOPT_SYMPERM { "symperm", 0, MNT_SYMPERM, 0 }
#define MOPT_SYNC { "sync", 0, MNT_SYNCHRONOUS, 0 }
#define MOPT_UNION { "union", 0, MNT_UNION, 0 }

/* What mount is to do. */
#define MOPT_FORCE { "force", 0, MNT_FORCE, 0 }
#define MOPT_GETARGS { "getargs", 0, MNT_GETARGS, 0 }
#define MOPT_RELOAD { "reload", 0, MNT_RELOAD, 0 }
#define MOPT_UPDATE { "update", 0, MNT_UPDATE, 0 }

/* What a line of fstab says, of which other programs make something. */
#define MOPT_AUTO { "auto", 0, 0, 0 }
#define MOPT_RO { "ro", 0, MNT_RDONLY, 0 }
#define MOPT_RW { "rw", 1, MNT_RDONLY, 0 }
#define MOPT_RUMP { "rump", 0, 0, 0 }
#define MOPT_USERQUOTA { "userquota", 0, 0, 0 }
#define MOPT_GROUPQUOTA { "groupquota", 0, 0, 0 }
#define MOPT_FSTAB_COMPAT MOPT_RO, MOPT_RW, MOPT_AUTO

/* What every file system understands. */
#define MOPT_STDOPTS \
	MOPT_USERQUOTA, MOPT_GROUPQUOTA, MOPT_FSTAB_COMPAT, MOPT_NOCOREDUMP, MOPT_NODEV, MOPT_NOEXEC, MOPT_NOSUID, \
	    MOPT_RDONLY, MOPT_UNION, MOPT_IGNORE, MOPT_SYMPERM, MOPT_RUMP

/* The options as they were given. */
typedef struct mntoptparse *mntoptparse_t;

__BEGIN_DECLS
/* With a table that ends in MOPT_NULL; sets and clears bits of the two words. What it does not know ends the program. */
mntoptparse_t getmntopts(const char *, const struct mntopt *, int *, int *) __asm__("puffs_compat_getmntopts");
/* What stood behind the option's "=", or NULL. */
const char *getmntoptstr(mntoptparse_t, const char *) __asm__("puffs_compat_getmntoptstr");
/* The same as a number; what is none ends the program. */
long getmntoptnum(mntoptparse_t, const char *) __asm__("puffs_compat_getmntoptnum");
void freemntopts(mntoptparse_t) __asm__("puffs_compat_freemntopts");
/* Not 0: instead of ending the program, getmntopts returns NULL and getmntoptnum -1. */
extern int getmnt_silent __asm__("puffs_compat_getmnt_silent");
__END_DECLS

#endif
