/*
 * sys/statvfs.h: NetBSD's struct statvfs, which has more in it, and the calls that fill it. The C library's is not included.
 */
#ifndef PUFFS_COMPAT_SYS_STATVFS_H
#define PUFFS_COMPAT_SYS_STATVFS_H

#include <sys/cdefs.h>
#include <sys/types.h>

/* What <puffs.h> declares by another name. */
#define puffs_statvfs statvfs
#include <puffs_statvfs.h>

/* In f_flag. */
#define ST_RDONLY 0x00000001
#define ST_SYNCHRONOUS 0x00000002
#define ST_NOEXEC 0x00000004
#define ST_NOSUID 0x00000008
#define ST_NODEV 0x00000010
#define ST_NOATIME 0x04000000

/* The flags of statvfs1, of which none changes anything here. */
#define ST_WAIT 1
#define ST_NOWAIT 2

__BEGIN_DECLS
int statvfs(const char *__restrict, struct statvfs *__restrict) __asm__("puffs_compat_statvfs");
int fstatvfs(int, struct statvfs *) __asm__("puffs_compat_fstatvfs");
int statvfs1(const char *__restrict, struct statvfs *__restrict, int) __asm__("puffs_compat_statvfs1");
int fstatvfs1(int, struct statvfs *, int) __asm__("puffs_compat_fstatvfs1");
__END_DECLS

#endif
