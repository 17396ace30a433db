/*
 * paths.h: NetBSD's path of the puffs device, which servers show as what they mount.
 */
#pragma GCC system_header
#include_next <paths.h>

#ifndef _PATH_PUFFS
#define _PATH_PUFFS "/dev/puffs"
#endif
