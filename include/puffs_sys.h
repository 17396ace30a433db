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

/* The errors that the kernel side reports: places in the table of the kernel's numbers, `ph_errno`. */
/** Not permitted (`EPERM`). */
#define PUFFS_E_PERM 0
/** The instance is not mounted, or there is no such thing (`ENOENT`). */
#define PUFFS_E_NOENT 1
/** A signal or an explicit interrupt came first (`EINTR`). */
#define PUFFS_E_INTR 2
/** The server or the device is gone (`ENXIO`). */
#define PUFFS_E_NXIO 3
/** The buffer offered is too small, or the answer too long (`E2BIG`). */
#define PUFFS_E_2BIG 4
/** It would have to wait (`EAGAIN`, `EWOULDBLOCK`). */
#define PUFFS_E_AGAIN 5
/** No memory (`ENOMEM`). */
#define PUFFS_E_NOMEM 6
/** Memory of the server could not be reached (`EFAULT`). */
#define PUFFS_E_FAULT 7
/** Taken, or none left (`EBUSY`). */
#define PUFFS_E_BUSY 8
/** Exists already (`EEXIST`). */
#define PUFFS_E_EXIST 9
/** The device does not do that (`ENODEV`). */
#define PUFFS_E_NODEV 10
/** Wrong argument or wrong moment (`EINVAL`). */
#define PUFFS_E_INVAL 11
/** It would wait for itself (`EDEADLK`). */
#define PUFFS_E_DEADLK 12
/** The other side broke the protocol (`EPROTO`). */
#define PUFFS_E_PROTO 13
/** Not supported (`EOPNOTSUPP`). */
#define PUFFS_E_OPNOTSUPP 14
/** The deadline passed (`ETIMEDOUT`). */
#define PUFFS_E_TIMEDOUT 15
/** The caller had left before its answer came (`ECANCELED`). */
#define PUFFS_E_CANCELED 16
/** How many there are. */
#define PUFFS_E_COUNT 17

/** The table of a kernel that has C's names for them, in the order of the places. */
#define PUFFS_ERRNO_TABLE { \
        EPERM, \
        ENOENT, \
        EINTR, \
        ENXIO, \
        E2BIG, \
        EAGAIN, \
        ENOMEM, \
        EFAULT, \
        EBUSY, \
        EEXIST, \
        ENODEV, \
        EINVAL, \
        EDEADLK, \
        EPROTO, \
        EOPNOTSUPP, \
        ETIMEDOUT, \
        ECANCELED \
    }

/** Version of `puffs_hooks`. */
#define PUFFS_HOOKS_VERSION 1

/** Bytes of storage for a lock. */
#define PUFFS_LOCK_SIZE 64

/** Bytes of storage for an event, and for a poll point. */
#define PUFFS_EVENT_SIZE 128

/** `ph_event_wait`: the event was set. */
#define PUFFS_WOKEN 0

/** `ph_event_wait`: a signal came. */
#define PUFFS_INTERRUPTED 1

/** `ph_event_wait`: the deadline passed. */
#define PUFFS_TIMEDOUT 2

/**
 * Everything the queue needs from a kernel. Each hook is required; each may be called from any thread.
 *
 * Storage handed to a hook is aligned to 8 bytes, zeroed before `init`, and never moves.
 */
struct puffs_hooks {
  /** `sizeof(struct puffs_hooks)`. */
  size_t ph_size;
  /** `PUFFS_HOOKS_VERSION`. */
  uint32_t ph_version;
  /** The kernel's largest errno number: an answer above it is refused. */
  int ph_maxerrno;
  /** The kernel's errno numbers, by `PUFFS_E_*`. */
  int ph_errno[PUFFS_E_COUNT];
  /** Bytes that a lock needs, at most `PUFFS_LOCK_SIZE`. */
  size_t ph_lock_size;
  /** Bytes that an event needs, at most `PUFFS_EVENT_SIZE`. */
  size_t ph_event_size;
  /** Bytes that a poll point needs, at most `PUFFS_EVENT_SIZE`. */
  size_t ph_poll_size;
  /**
   * Allocates `size` bytes aligned to `align` (a power of two), or returns null. Must not wait
   * for a puffs file system.
   */
  void *(*ph_alloc)(size_t size, size_t align);
  /** Frees what `ph_alloc` returned. */
  void (*ph_free)(void *ptr);
  /** Makes a lock ready. */
  void (*ph_lock_init)(void *lock);
  /** Ends a lock; nobody holds it. */
  void (*ph_lock_fini)(void *lock);
  /** Takes a lock that is held for short stretches only, without sleeping. */
  void (*ph_lock)(void *lock);
  /** Releases it. */
  void (*ph_unlock)(void *lock);
  /** Makes an event ready: a token that is not there yet. */
  void (*ph_event_init)(void *event);
  /** Ends an event; nobody waits. */
  void (*ph_event_fini)(void *event);
  /** Leaves the token and wakes the waiter. Does not sleep. */
  void (*ph_event_set)(void *event);
  /**
   * Sleeps until the token is there and takes it: `PUFFS_WOKEN`. With `deadline` (nanoseconds of
   * `ph_now`) not null, `PUFFS_TIMEDOUT` from then on; with `interruptible`, `PUFFS_INTERRUPTED` when a signal comes.
   */
  int (*ph_event_wait)(void *event, const uint64_t *deadline, int interruptible);
  /** Makes a poll point ready. */
  void (*ph_poll_init)(void *poll);
  /** Ends a poll point; nobody polls. */
  void (*ph_poll_fini)(void *poll);
  /** Wakes all who poll there. Does not sleep. */
  void (*ph_poll_wake)(void *poll);
  /** Adds to a counter in one step and returns the new value, fully ordered. */
  long (*ph_count_add)(long *counter, long delta);
  /** Monotonic nanoseconds. */
  uint64_t (*ph_now)(void);
  /** Copies from the server's memory: 0, or nonzero when it cannot be read. May sleep. */
  int (*ph_copyin)(const void *uaddr, void *kaddr, size_t len);
  /** Copies to the server's memory: 0, or nonzero when it cannot be written. May sleep. */
  int (*ph_copyout)(const void *kaddr, void *uaddr, size_t len);
  /** The current thread: unique while it lives. */
  size_t (*ph_thread)(void);
  /** The current process. */
  int (*ph_pid)(void);
  /** Nonzero while the current thread is being killed. */
  int (*ph_fatal)(void);
  /** A line for the administrator, not terminated. */
  void (*ph_log)(const char *message, size_t len);
  /** A bug in puffs: stops the machine or the thread; does not return. */
  void (*ph_panic)(const char *message, size_t len);
};

#endif
