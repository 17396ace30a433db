/*
 * sys/stat.h: NetBSD's names for the times in struct stat, and the flags of chflags that va_flags is made of.
 */
#pragma GCC system_header
#include_next <sys/stat.h>

#ifndef PUFFS_COMPAT_SYS_STAT_H
#define PUFFS_COMPAT_SYS_STAT_H

#define st_atimespec st_atim
#define st_mtimespec st_mtim
#define st_ctimespec st_ctim
/* Linux keeps no time of creation there; puffs_stat2vattr does the same. */
#define st_birthtimespec st_ctim
#define st_birthtime st_ctim.tv_sec

#define S_ISTXT S_ISVTX

#define UF_SETTABLE 0x0000ffffU
#define UF_NODUMP 0x00000001U
#define UF_IMMUTABLE 0x00000002U
#define UF_APPEND 0x00000004U
#define UF_OPAQUE 0x00000008U
#define SF_SETTABLE 0xffff0000U
#define SF_ARCHIVED 0x00010000U
#define SF_IMMUTABLE 0x00020000U
#define SF_APPEND 0x00040000U

#endif
