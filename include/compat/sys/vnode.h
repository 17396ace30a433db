/*
 * sys/vnode.h: what servers want of NetBSD's <sys/vnode.h>: enum vtype, struct vattr, VA_*, VM_PROT_*. It is all in <puffs.h>.
 */
#ifndef PUFFS_COMPAT_SYS_VNODE_H
#define PUFFS_COMPAT_SYS_VNODE_H

#include <puffs.h>

#endif
