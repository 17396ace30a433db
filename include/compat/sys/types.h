/*
 * sys/types.h: NetBSD's <sys/types.h> has the integers of fixed width and device numbers, and knows threads.
 */
#pragma GCC system_header
#include_next <sys/types.h>

#ifndef PUFFS_COMPAT_SYS_TYPES_H
#define PUFFS_COMPAT_SYS_TYPES_H

#include <sys/cdefs.h>
#include <sys/sysmacros.h>

#include <stdint.h>

typedef int lwpid_t;
typedef long long longlong_t;
typedef unsigned long long u_longlong_t;
typedef int devmajor_t;
typedef int devminor_t;
typedef unsigned long vaddr_t;
typedef unsigned long paddr_t;

#endif
