/*
 * errno.h: errors that only NetBSD has.
 */
#pragma GCC system_header
#include_next <errno.h>

#ifndef PUFFS_COMPAT_ERRNO_H
#define PUFFS_COMPAT_ERRNO_H

/* The sticky bit of what is no directory. */
#define EFTYPE EINVAL
/* No such extended attribute. */
#define ENOATTR ENODATA

#endif
