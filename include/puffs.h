/*
 * puffs.h: the server library: what a file server is written against.
 *
 * Written by `make header`; edit the sources in puffs-ffi/ instead.
 */
#ifndef PUFFS_H
#define PUFFS_H

#include "puffs_msgif.h"

#endif
