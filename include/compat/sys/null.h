/*
 * sys/null.h: NULL alone.
 */
#ifndef PUFFS_COMPAT_SYS_NULL_H
#define PUFFS_COMPAT_SYS_NULL_H

#include <stddef.h>

#endif
