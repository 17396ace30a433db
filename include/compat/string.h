/*
 * string.h: NetBSD's strlcpy and strlcat, where the C library has none, and strerror_r as POSIX has it.
 */
#pragma GCC system_header
#include_next <string.h>

#ifndef PUFFS_COMPAT_STRING_H
#define PUFFS_COMPAT_STRING_H

#include <sys/cdefs.h>

__BEGIN_DECLS
#if !__GLIBC_PREREQ(2, 38)
size_t strlcpy(char *__restrict, const char *__restrict, size_t) __asm__("puffs_compat_strlcpy");
size_t strlcat(char *__restrict, const char *__restrict, size_t) __asm__("puffs_compat_strlcat");
#endif
extern int __xpg_strerror_r(int, char *, size_t);
#define strerror_r __xpg_strerror_r
__END_DECLS

#endif
