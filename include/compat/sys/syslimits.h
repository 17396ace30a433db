/*
 * sys/syslimits.h: NetBSD has limits here, and <limits.h> includes it.
 */
#ifndef PUFFS_COMPAT_SYS_SYSLIMITS_H
#define PUFFS_COMPAT_SYS_SYSLIMITS_H

#include <limits.h>

#endif
