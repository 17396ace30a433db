/*
 * sys/param.h: NetBSD's <sys/param.h> has the integers too, rounds in more ways, and says which NetBSD it is: the one whose puffs this is.
 */
#pragma GCC system_header
#include_next <sys/param.h>

#ifndef PUFFS_COMPAT_SYS_PARAM_H
#define PUFFS_COMPAT_SYS_PARAM_H

#include <sys/types.h>

#include <inttypes.h>
#include <limits.h>
#include <unistd.h>

/* Version 7.99.17, of 2015. */
#define __NetBSD_Version__ 799001700
#define __NetBSD_Prereq__(major, minor, patch) \
	((major) * 100000000 + (minor) * 1000000 + (patch) * 100 <= __NetBSD_Version__)

#define DEV_BSHIFT 9
#define btodb(bytes) ((bytes) >> DEV_BSHIFT)
#define dbtob(blocks) ((blocks) << DEV_BSHIFT)
#define MAXBSIZE (64 * 1024)
#define MAXPHYS (64 * 1024)
#ifndef PAGE_SIZE
#define PAGE_SIZE ((unsigned long)sysconf(_SC_PAGESIZE))
#define PAGE_MASK (PAGE_SIZE - 1)
#endif

#define rounddown(x, y) (((x) / (y)) * (y))
/* For powers of two. */
#define roundup2(x, m) (((x) + ((m) - 1)) & ~((__typeof__(x))(m) - 1))
#define rounddown2(x, m) ((x) & ~((__typeof__(x))(m) - 1))

#endif
