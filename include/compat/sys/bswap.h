/*
 * sys/bswap.h: NetBSD's swaps of bytes, which <sys/endian.h> has too.
 */
#ifndef PUFFS_COMPAT_SYS_BSWAP_H
#define PUFFS_COMPAT_SYS_BSWAP_H

#include <sys/endian.h>

#endif
