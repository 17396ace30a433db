/*
 * puffs_dirent.h: a record of readdir.
 *
 * Written by `make header`; edit the sources in puffs-ffi/ and puffs-user/ instead. <puffs.h> includes it. It is a file of its own
 * for puffs-compat, whose <dirent.h> makes NetBSD's struct dirent of it.
 */
#ifndef PUFFS_DIRENT_H
#define PUFFS_DIRENT_H

#include <sys/types.h>

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

/** Room for a name and its terminator. */
#define PUFFS_DIRENT_NAMESIZE 512

/** A record of readdir. Only `d_reclen` bytes of it are there. */
struct puffs_dirent {
  /** Inode number. */
  ino_t d_fileno;
  /** Length of the record, a multiple of 8. */
  uint16_t d_reclen;
  /** Length of the name. */
  uint16_t d_namlen;
  /** `DT_*` of `<dirent.h>`. */
  uint8_t d_type;
  /** The name, ended by a NUL. */
  char d_name[PUFFS_DIRENT_NAMESIZE];
};

/* Lengths of directory records, and the next record. */
#define _DIRENT_RECLEN(dp, namlen) ((offsetof(struct puffs_dirent, d_name) + (namlen) + 1 + 7) & ~(size_t)7)
#define _DIRENT_SIZE(dp) _DIRENT_RECLEN(dp, (dp)->d_namlen)
#define _DIRENT_MINSIZE(dp) _DIRENT_RECLEN(dp, 0)
#define _DIRENT_NEXT(dp) ((void *)((char *)(dp) + (dp)->d_reclen))

#endif
