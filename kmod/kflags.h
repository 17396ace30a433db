/*
 * kflags.h: how a server wants to be asked: those of <puffs.h>, which is not for kernels, that concern this one. (A program that includes both
 * compiles only as long as they are the same: tests/t_mount_options.c does.)
 */
#define PUFFS_KFLAG_NOCACHE_NAME 0x001
#define PUFFS_KFLAG_NOCACHE_PAGE 0x002
#define PUFFS_KFLAG_IAONDEMAND 0x010
#define PUFFS_KFLAG_NOCACHE_ATTR 0x040
#define PUFFS_KFLAG_CACHE_FS_TTL 0x080
