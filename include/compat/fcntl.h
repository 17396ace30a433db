/*
 * fcntl.h: NetBSD's modes of an open file, and the flags of the advlock operation.
 */
#pragma GCC system_header
#include_next <fcntl.h>

#ifndef PUFFS_COMPAT_FCNTL_H
#define PUFFS_COMPAT_FCNTL_H

#define FREAD 0x0001
#define FWRITE 0x0002

#define F_WAIT 0x010
#define F_FLOCK 0x020
#define F_POSIX 0x040

#endif
