/*
 * sys/param.h: NetBSD's <sys/param.h> has the integers too, and rounds in more ways.
 */
#pragma GCC system_header
#include_next <sys/param.h>

#ifndef PUFFS_COMPAT_SYS_PARAM_H
#define PUFFS_COMPAT_SYS_PARAM_H

#include <sys/types.h>

#include <inttypes.h>
#include <limits.h>

#define rounddown(x, y) (((x) / (y)) * (y))
/* For powers of two. */
#define roundup2(x, m) (((x) + ((m) - 1)) & ~((__typeof__(x))(m) - 1))
#define rounddown2(x, m) ((x) & ~((__typeof__(x))(m) - 1))

#endif
