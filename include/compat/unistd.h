/*
 * unistd.h: NetBSD's <unistd.h> has setgroups and its like, which here are in <grp.h>.
 */
#pragma GCC system_header
#include_next <unistd.h>

#ifndef PUFFS_COMPAT_UNISTD_H
#define PUFFS_COMPAT_UNISTD_H

#include <grp.h>

#endif
