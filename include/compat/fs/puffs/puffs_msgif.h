/*
 * fs/puffs/puffs_msgif.h: what servers want of NetBSD's header of messages: PUFFS_*, struct puffs_kcn. It is all in <puffs.h>.
 */
#ifndef PUFFS_COMPAT_FS_PUFFS_MSGIF_H
#define PUFFS_COMPAT_FS_PUFFS_MSGIF_H

#include <puffs.h>

#endif
