/*
 * sys/cdefs.h: NetBSD's words for declarations. Every header of the C library includes this one.
 */
#pragma GCC system_header
#include_next <sys/cdefs.h>

#ifndef PUFFS_COMPAT_SYS_CDEFS_H
#define PUFFS_COMPAT_SYS_CDEFS_H

/* That a program sees these headers, for <puffs.h>. */
#define PUFFS_COMPAT 1

/* Idents of sources, with a semicolon after them: nothing is kept of them. */
#ifdef __cplusplus
#define __IDSTRING(name, string) static_assert(sizeof(string) > 0, "")
#else
#define __IDSTRING(name, string) __extension__ _Static_assert(sizeof(string) > 0, "")
#endif
#define __RCSID(string) __IDSTRING(rcsid, string)
#define __SCCSID(string) __IDSTRING(sccsid, string)
#define __COPYRIGHT(string) __IDSTRING(copyright, string)
#define __KERNEL_RCSID(number, string) __IDSTRING(rcsid, string)

/* Linux's <asm/stat.h>, <linux/sysctl.h> and <linux/icmp.h> have fields of this name. No header of the C library includes them. */
#define __unused __attribute__((__unused__))
#define __dead __attribute__((__noreturn__))
#define __packed __attribute__((__packed__))
#define __aligned(bytes) __attribute__((__aligned__(bytes)))
#define __pure __attribute__((__pure__))
#define __noinline __attribute__((__noinline__))
#define __section(name) __attribute__((__section__(name)))
#define __format_arg(argument) __attribute__((__format_arg__(argument)))
#define __printflike(format, first) __attribute__((__format__(__printf__, format, first)))
#define __scanflike(format, first) __attribute__((__format__(__scanf__, format, first)))
#define __predict_true(what) __builtin_expect((what) != 0, 1)
#define __predict_false(what) __builtin_expect((what) != 0, 0)
#define __unreachable() __builtin_unreachable()

#define __UNCONST(pointer) ((void *)(unsigned long)(const void *)(pointer))
#define __UNVOLATILE(pointer) ((void *)(unsigned long)(volatile void *)(pointer))
#define __arraycount(array) (sizeof(array) / sizeof((array)[0]))
#ifdef __cplusplus
#define __CTASSERT(what) static_assert(what, #what)
#else
#define __CTASSERT(what) __extension__ _Static_assert(what, #what)
#endif

/* Bits by their numbers, and fields of bits by a mask. */
#define __BIT(n) ((n) > 63 ? (uintmax_t)0 : (uintmax_t)1 << ((n) & 63))
#define __BITS(m, n) ((__BIT(((m) > (n) ? (m) : (n)) + 1) - 1) ^ (__BIT((m) < (n) ? (m) : (n)) - 1))
#define __LOWEST_SET_BIT(mask) ((mask) & (~(uintmax_t)(mask) + 1))
#define __SHIFTOUT(value, mask) (((value) & (mask)) / __LOWEST_SET_BIT(mask))
#define __SHIFTIN(value, mask) ((value) * __LOWEST_SET_BIT(mask))
#define __SHIFTOUT_MASK(mask) __SHIFTOUT((mask), (mask))

#endif
