/*
 * sys/sysctl.h: NetBSD's tree of system variables. Linux has no such thing, so it is a small one, to be read.
 */
#ifndef PUFFS_COMPAT_SYS_SYSCTL_H
#define PUFFS_COMPAT_SYS_SYSCTL_H

#include <sys/param.h>

#include <stdbool.h>

/* Longest name of a variable in numbers, and of one of its components in letters. */
#define CTL_MAXNAME 12
#define SYSCTL_NAMELEN 32

/* Instead of a last number: ask for the nodes below. */
#define CTL_EOL (-1)
#define CTL_QUERY (-2)

/* What is there. */
#define CTL_KERN 1
#define KERN_OSTYPE 1
#define KERN_OSRELEASE 2
#define KERN_VERSION 4
#define KERN_ARGMAX 8
#define KERN_HOSTNAME 10
#define CTL_HW 6
#define HW_MACHINE 1
#define HW_NCPU 3
#define HW_BYTEORDER 4
#define HW_PAGESIZE 7
#define HW_PHYSMEM64 13

#define CTLTYPE_NODE 1
#define CTLTYPE_INT 2
#define CTLTYPE_STRING 3
#define CTLTYPE_QUAD 4
#define CTLTYPE_STRUCT 5
#define CTLTYPE_BOOL 6
#define SYSCTL_TYPEMASK 0x0000000f
#define SYSCTL_TYPE(flags) ((flags) & SYSCTL_TYPEMASK)

#define SYSCTL_VERS_MASK 0xff000000
#define SYSCTL_VERS_1 0x01000000
#define SYSCTL_VERSION SYSCTL_VERS_1
#define SYSCTL_VERS(flags) ((flags) & SYSCTL_VERS_MASK)

#define CTLFLAG_READONLY 0x00000000
#define CTLFLAG_READWRITE 0x00000070
#define SYSCTL_FLAGMASK 0x00fffff0
#define SYSCTL_FLAGS(flags) ((flags) & SYSCTL_FLAGMASK)

/* A variable, or a node with others below it. */
struct sysctlnode {
	uint32_t sysctl_flags;
	int32_t sysctl_num;
	char sysctl_name[SYSCTL_NAMELEN];
	uint32_t sysctl_ver;
	uint32_t sysctl_csize;
	uint32_t sysctl_clen;
	struct sysctlnode *sysctl_child;
	size_t sysctl_size;
	void *sysctl_data;
	struct sysctlnode *sysctl_parent;
	union {
		bool ud_bdata;
		int32_t ud_idata;
		u_quad_t ud_qdata;
	} sysctl_un;
};
#define sysctl_bdata sysctl_un.ud_bdata
#define sysctl_idata sysctl_un.ud_idata
#define sysctl_qdata sysctl_un.ud_qdata

__BEGIN_DECLS
int sysctl(const int *, unsigned int, void *, size_t *, const void *, size_t) __asm__("puffs_compat_sysctl");
__END_DECLS

#endif
