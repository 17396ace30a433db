/*
 * sys/namei.h: what servers want of NetBSD's <sys/namei.h>: NAMEI_*. It is all in <puffs.h>.
 */
#ifndef PUFFS_COMPAT_SYS_NAMEI_H
#define PUFFS_COMPAT_SYS_NAMEI_H

#include <puffs.h>

#endif
