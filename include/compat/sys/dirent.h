/*
 * sys/dirent.h: NetBSD has struct dirent here, and <dirent.h> includes it.
 */
#ifndef PUFFS_COMPAT_SYS_DIRENT_H
#define PUFFS_COMPAT_SYS_DIRENT_H

#include <dirent.h>

#endif
