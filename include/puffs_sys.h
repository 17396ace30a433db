/*
 * puffs_sys.h: the kernel side of puffs: mounts, requests to the server, the device.
 *
 * Written by `make header`; edit the sources in puffs-ffi/ instead.
 *
 * With PUFFS_KERNEL defined nothing is included; see <puffs_msgif.h> for what must then be there.
 */
#ifndef PUFFS_SYS_H
#define PUFFS_SYS_H

#include "puffs_msgif.h"

#endif
