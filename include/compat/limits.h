/*
 * limits.h: limits that NetBSD has numbers for.
 */
#pragma GCC system_header
#include_next <limits.h>

#ifndef PUFFS_COMPAT_LIMITS_H
#define PUFFS_COMPAT_LIMITS_H

#ifndef LINK_MAX
#define LINK_MAX 32767
#endif
#define GID_MAX 2147483647U
#define UID_MAX 2147483647U
#define SIZE_T_MAX ULONG_MAX
#define OFF_MAX LLONG_MAX
#define OFF_MIN LLONG_MIN
#define QUAD_MAX LLONG_MAX
#define QUAD_MIN LLONG_MIN
#define UQUAD_MAX ULLONG_MAX

#endif
