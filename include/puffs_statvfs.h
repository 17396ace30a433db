/*
 * puffs_statvfs.h: the figures of a file system.
 *
 * Written by `make header`; edit the sources in puffs-ffi/ and puffs-user/ instead. <puffs.h> includes it. It is a file of its own
 * for puffs-compat, whose <sys/statvfs.h> makes NetBSD's struct statvfs of it.
 */
#ifndef PUFFS_STATVFS_H
#define PUFFS_STATVFS_H

#include <sys/types.h>

#include <stdint.h>

/** Longest type name with its terminator. */
#define _VFS_NAMELEN 32

/** Longest "device" name with its terminator. */
#define _VFS_MNAMELEN 1024

/** A file system's id in two halves: `fsid_t` of the reference, where glibc's has other names. */
struct puffs_fsid {
  /** The halves. */
  int32_t __fsid_val[2];
};

/**
 * Figures of a file system. The server fills the sizes and counts; flags, names and owner are put by the
 * other side.
 */
struct puffs_statvfs {
  /** Mount flags. */
  unsigned long f_flag;
  /** Block size. */
  unsigned long f_bsize;
  /** Fragment size: the unit of the block counts. */
  unsigned long f_frsize;
  /** Preferred I/O size. */
  unsigned long f_iosize;
  /** Blocks. */
  uint64_t f_blocks;
  /** Free blocks. */
  uint64_t f_bfree;
  /** Free blocks for users. */
  uint64_t f_bavail;
  /** Reserved blocks. */
  uint64_t f_bresvd;
  /** Nodes. */
  uint64_t f_files;
  /** Free nodes. */
  uint64_t f_ffree;
  /** Free nodes for users. */
  uint64_t f_favail;
  /** Reserved nodes. */
  uint64_t f_fresvd;
  /** Reads that somebody waited for; nobody counts them here. */
  uint64_t f_syncreads;
  /** Writes that somebody waited for; as above. */
  uint64_t f_syncwrites;
  /** Reads ahead; as above. */
  uint64_t f_asyncreads;
  /** Other writes; as above. */
  uint64_t f_asyncwrites;
  /** File system id, in halves. */
  struct puffs_fsid f_fsidx;
  /** File system id. */
  unsigned long f_fsid;
  /** Longest name. */
  unsigned long f_namemax;
  /** Who mounted it. */
  uid_t f_owner;
  /** Type's name. */
  char f_fstypename[_VFS_NAMELEN];
  /** Mount point. */
  char f_mntonname[_VFS_MNAMELEN];
  /** "Device". */
  char f_mntfromname[_VFS_MNAMELEN];
};

#endif
