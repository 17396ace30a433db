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
/** The server cannot write (`EROFS`). */
#define PUFFS_E_ROFS 17
/**
 * A sleeping getter was woken by `PUFFSWAKE` (`EINTR`, at `PUFFS_E_WOKEN`). A kernel that makes calls again
 * after `EINTR` has a number of its own here, since this call must not be: the server waits for its return.
 */
#define PUFFS_E_WOKEN 18
/** How many there are. */
#define PUFFS_E_COUNT 19

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
        ECANCELED, \
        EROFS, \
        EINTR \
    }

/** A caller's waits end at a signal, when it does not say otherwise. */
#define PUFFS_MOUNT_INTERRUPTIBLE 1

/** The mount lives on when its server closes the device, and may be bound to another instance. */
#define PUFFS_MOUNT_KEEP 2

/** Data comes from the server into a `struct uio`. */
#define PUFFS_SIZEOPREQ_UIO_IN 1

/** Data of a `struct uio` goes to the server. */
#define PUFFS_SIZEOPREQ_UIO_OUT 2

/** Data comes from the server into a buffer. */
#define PUFFS_SIZEOPREQ_BUF_IN 3

/** Data of a buffer goes to the server. */
#define PUFFS_SIZEOPREQ_BUF_OUT 4

/** Nothing is mounted yet. */
#define PUFFS_DEV_EMBRYO 0

/** A file system is mounted; its server may be dead. */
#define PUFFS_DEV_MOUNTED 1

/** What was mounted is unmounted. */
#define PUFFS_DEV_DEAD 2

/** The open file is closed. */
#define PUFFS_DEV_CLOSED 3

/** `pif_state`: in the queue, not fetched yet. */
#define PUFFS_INFLIGHT_QUEUED 1

/** `pif_state`: being copied to the server. */
#define PUFFS_INFLIGHT_COPYING_OUT 2

/** `pif_state`: with the server. */
#define PUFFS_INFLIGHT_AWAITING 3

/** `pif_state`: the answer is being copied from the server. */
#define PUFFS_INFLIGHT_COPYING_IN 4

/** `pif_state`: with the server, or being copied, and its caller has left. */
#define PUFFS_INFLIGHT_ABANDONED 5

/** A signal ends the wait, whatever the mount's usual is. */
#define PUFFS_TOUSER_INTERRUPTIBLE 1

/** A signal does not end the wait, whatever the mount's usual is. */
#define PUFFS_TOUSER_UNINTERRUPTIBLE 2

/** `EAGAIN` instead of waiting for a place in the queue. */
#define PUFFS_TOUSER_NOWAIT 4

/** The answer may be longer than the buffer. */
#define PUFFS_TOUSER_ADJBUF 8

/** `pto_timeout_ns`: for ever. */
#define PUFFS_FOREVER UINT64_MAX

/** To watch for requests to fetch. Glue maps its system's number. */
#define PUFFS_EVFILT_READ -1

/** To watch for a server's right to answer. */
#define PUFFS_EVFILT_WRITE -2

/** Nothing is mounted, the mount is dead, or the device is closed. */
#define PUFFS_EV_EOF 32768

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

/** One open of the device. Counted: the open file has a reference, which `puffs_fop_close` takes. */
struct puffs_instance;

/** One mounted file system, as its queue. Counted. */
struct puffs_mount;

/** What is registered under one request id. */
struct puffs_sizeops;

/** One registration of an event queue on an open device. Counted. */
struct puffs_watch;

/** Where a kernel copies from or to, which puffs does not look into. */
struct uio;

/** A vnode of the kernel's, which puffs does not look into. */
struct vnode;

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
   * `ph_now`) not null, `PUFFS_TIMEDOUT` from then on; with `interruptible`, `PUFFS_INTERRUPTED` when a signal comes. Without
   * `interruptible` it may return that as well while the thread is being killed (`ph_fatal`); its caller then leaves with `EINTR`.
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
  /** The current thread: unique while it lives, and not soon used again; 0 where threads cannot be told apart, and then nobody is told `EDEADLK`. */
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

/** Who calls. */
struct lwp {
  /** The process. */
  int l_pid;
  /** Its effective user. */
  uint32_t l_uid;
  /** Its effective group. */
  uint32_t l_gid;
  /** Out, by `puffscdopen`: the instance, a `struct puffs_instance *` for the open file to keep. */
  long l_dupfd;
};

/** What a mount is to be like. Zero anywhere but in the size means the usual. */
struct puffs_mountargs {
  /** `sizeof(struct puffs_mountargs)`. */
  size_t pma_size;
  /** Longest request and answer in bytes; usually 256 KiB. */
  size_t pma_max_len;
  /** Requests that may be queued or with the server; usually 4096. */
  size_t pma_max_requests;
  /** Their bytes in all, at least `pma_max_len`; usually 64 MiB. */
  size_t pma_max_bytes;
  /** How long a caller waits that does not say so itself; usually for ever. */
  uint64_t pma_timeout_ns;
  /** Who mounts: `puffs_setpmp` by process binds only instances of equal credentials. */
  uint32_t pma_uid;
  /** Their group. */
  uint32_t pma_gid;
  /** `PUFFS_MOUNT_*`. */
  uint32_t pma_flags;
  /** Zero. */
  uint32_t pma_reserved;
};

/** An answer whose caller had left; valid during the call. */
struct puffs_late {
  /** `PUFFSOP_VFS` or `PUFFSOP_VN`. */
  int pl_opclass;
  /** The operation. */
  int pl_optype;
  /** The node it was about. */
  void *pl_cookie;
  /** The server's result. */
  int pl_rv;
  /** The answer. */
  const void *pl_body;
  /** Its length. */
  size_t pl_len;
  /** Bytes that are there: behind the answer what is left of the request. */
  size_t pl_room;
};

/**
 * What a mount asks of the VFS side that made it. Each may be NULL, and is called without locks; `data` is what
 * `puffs_mount_new` was given.
 */
struct puffs_hostops {
  /** `sizeof(struct puffs_hostops)`. */
  size_t pho_size;
  /**
   * The server closed its device under the mount, which is dead: unmount it by force. It is no error when an
   * unmount runs already. May sleep. Without it a dead mount stays that answers `ENXIO`.
   */
  void (*pho_unmount)(void *data, struct puffs_mount *pmp);
  /** The server started, on its own thread. */
  void (*pho_started)(void *data, const struct puffs_startreq *start);
  /**
   * An answer came too late: release what it made (a node, an open file). On a thread of the server, which gets `ECANCELED`; or on the caller's,
   * with its vnodes locked again, when one of them died, of which the server knows nothing. So it must not lock vnodes.
   */
  void (*pho_late)(void *data, const struct puffs_late *late);
  /** The last reference to the mount went: nothing is called with this `data` any more. */
  void (*pho_freed)(void *data);
  /**
   * Requests with `pto_done` have deadlines, the earliest of which is `when_ns` (of `ph_now`; in libpuffs CLOCK_MONOTONIC) now: `puffs_expire` is to be called
   * then, on a thread, not in an interrupt. A timer that is set holds a reference to the mount (`puffs_mount_ref`). Calls of several threads may come in any order,
   * while `puffs_expire` runs, from inside it, and after death: forget the time when `puffs_expire` is called, and then keep the earliest of what
   * is heard here and what it returns. Without this a kernel calls `puffs_expire` on its own.
   */
  void (*pho_alarm)(void *data, struct puffs_mount *pmp, uint64_t when_ns);
  /** Unlocks a vnode that was given with a request, once the request is queued; on the caller's thread, the last vnode first, each once. */
  void (*pho_vnode_unlock)(void *data, struct vnode *vp);
  /**
   * Locks it again, in any case, when the caller is back, the first one first. Returns 0, or an errno value (positive; what is none becomes `EPROTO`) that the
   * caller gets for its result, since the vnode died meanwhile; an answer that came all the same goes to `pho_late`. May sleep, beyond the caller's deadline
   * too. Both or none of the two.
   */
  int (*pho_vnode_lock)(void *data, struct vnode *vp);
  /**
   * The server says that something cached is stale (`PUFFSSTALE`); it has been checked as far as it can be here. Returns 0, or `ENOENT`, `EINVAL`,
   * `EAGAIN`, `ENOMEM`, `EOPNOTSUPP`; anything else becomes `EINVAL`. On a thread of the server, so it must not wait for who waits for
   * the server. Without it the server gets `EOPNOTSUPP`.
   */
  int (*pho_stale)(void *data, const struct puffs_stale *stale);
};

/** The status of an open device. Times are the kernel's business: the queue knows none that count from a known day. */
struct puffs_devstat {
  /** `sizeof(struct puffs_devstat)`, as the caller knows it. */
  size_t pds_size;
  /** Its minor number: of `st_rdev`. */
  uint32_t pds_minor;
  /** Type and permissions: a character device, for its owner alone. Everywhere 020600. */
  uint32_t pds_mode;
  /** The user who opened it. */
  uint32_t pds_uid;
  /** Their group. */
  uint32_t pds_gid;
  /** The process that opened it. */
  int pds_pid;
  /** `PUFFS_DEV_*`. */
  uint32_t pds_state;
  /** Requests that could be fetched now: `st_size`. */
  size_t pds_requests;
};

/**
 * Figures of a mount that belong to no operation: counts since the mount was made, and, from `pms_queued` on, how full
 * it is now.
 */
struct puffs_mountstats {
  /** `sizeof(struct puffs_mountstats)`, set by the caller. */
  size_t pms_size;
  /** Requests refused with `EAGAIN`: there was no place and they would not wait. */
  uint64_t pms_refused_full;
  /** Requests refused with `ENXIO`, in the line for a place included: the mount was dead. */
  uint64_t pms_refused_dead;
  /** Calls refused since the thread would have waited for itself (`EDEADLK`). */
  uint64_t pms_refused_deadlock;
  /** Callers that left the line for a place at a signal or their deadline. */
  uint64_t pms_gave_up;
  /** Fetches that found the server's buffer too small. */
  uint64_t pms_too_big;
  /** Copies to and from the server's memory that failed. */
  uint64_t pms_faults;
  /** Requests that went back into the queue since they could not be copied to the server. */
  uint64_t pms_put_back;
  /** Requests in the queue. */
  uint64_t pms_queued;
  /** Requests with the server, those included whose callers have left. */
  uint64_t pms_fetched;
  /** Requests that count against `pma_max_requests`. */
  uint64_t pms_charged;
  /** Their bytes, which count against `pma_max_bytes`. */
  uint64_t pms_bytes;
  /** Server threads asleep in `PUFFSGETOP`. */
  uint64_t pms_getters;
  /** Callers in line for a place. */
  uint64_t pms_waiting;
};

/**
 * What became of the requests of one operation since the mount was made. Those that entered and did not end are
 * under way. Percentiles are right to an eighth of their value up to two minutes, and above that the longest.
 */
struct puffs_opstats {
  /** `sizeof(struct puffs_opstats)`, set by the caller. */
  size_t pos_size;
  /** Entered the queue. */
  uint64_t pos_entered;
  /** Ended: answered with 0. */
  uint64_t pos_succeeded;
  /** Ended: answered with an error of the server's. */
  uint64_t pos_failed;
  /** Ended: their callers left at a signal or `puffs_interrupt`. */
  uint64_t pos_interrupted;
  /** Ended: their callers' deadlines passed. */
  uint64_t pos_timedout;
  /** Ended: the mount died. */
  uint64_t pos_died;
  /** Ended: the server broke the protocol (`EPROTO`). */
  uint64_t pos_broken;
  /** Ended: there was no memory for the answer. */
  uint64_t pos_nomem;
  /** Ended: fetched, and no answer was wanted (FAF). */
  uint64_t pos_sent;
  /** Answered after their callers had left, with which they had ended. */
  uint64_t pos_late;
  /** Nanoseconds from entry, waiting for a place included, to the end, of all that ended. */
  uint64_t pos_total_ns;
  /** Half of them took no longer. */
  uint64_t pos_p50_ns;
  /** Nine in ten took no longer. */
  uint64_t pos_p90_ns;
  /** 99 in a hundred took no longer. */
  uint64_t pos_p99_ns;
  /** The longest took this long. */
  uint64_t pos_max_ns;
};

/** A request under way. This structure does not grow. */
struct puffs_inflight {
  /** Its id, for `puffs_interrupt`; 0: no answer is wanted. */
  uint64_t pif_reqid;
  /** The node. */
  void *pif_cookie;
  /** Nanoseconds since its caller came, waiting for a place included. */
  uint64_t pif_age_ns;
  /** The caller's process; 0: unknown. */
  int32_t pif_pid;
  /** `PUFFS_INFLIGHT_*`. */
  uint32_t pif_state;
  /** Class with flags, as in `preq_opclass`. */
  uint8_t pif_opclass;
  /** The operation. */
  uint8_t pif_optype;
  /** Zero. */
  uint8_t pif_reserved[6];
};

/** How a request is to be sent. Zero anywhere but in the size means the usual. */
struct puffs_touseropt {
  /** `sizeof(struct puffs_touseropt)`. */
  size_t pto_size;
  /** `PUFFS_TOUSER_*`. */
  uint32_t pto_flags;
  /** Zero. */
  uint32_t pto_reserved;
  /** An id from `puffs_getreqid`, to interrupt the request by; 0: the next one. */
  uint64_t pto_reqid;
  /**
   * Give up after so many nanoseconds from now, waiting for a place included; 0: as the mount says; `PUFFS_FOREVER`. With `pto_done`, a deadline
   * earlier than those of many requests under way costs a step for each of them, under the mount's lock.
   */
  uint64_t pto_timeout_ns;
  /**
   * Called when the request has ended, instead of parking: once, from any thread, without locks, before or after
   * `puffs_touser_opt` returns. `error` is 0 or an errno value, the server's or ours; `kbuf` is the caller's again, with `len` bytes
   * of answer (0 with an error of ours), and ends in `puffs_free`; it may be NULL when there is nothing. Must not wait for the same mount.
   */
  void (*pto_done)(void *arg, int error, void *kbuf, size_t len);
  /** Its first argument. */
  void *pto_arg;
  /** The vnodes that a parked caller has locked, as for `puffs_vntouser`; NULL with `pto_done`. */
  struct vnode *pto_vp1;
  /** The other one. */
  struct vnode *pto_vp2;
};

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Installs the hooks of a kernel, once, before anything else is called; they are copied. To be called by one thread, at a
 * time when it may allocate. Until then the functions that make something return `ENXIO` or NULL.
 *
 * Returns 0; `EINVAL` when `hooks` is NULL, of another size or version, or has a hook missing or an errno that is not
 * positive; `EBUSY` when hooks are installed. libpuffs for ordinary processes has a platform of its own: there it
 * says so in the log and returns `EOPNOTSUPP`.
 *
 * # Safety
 * `hooks` is NULL or points to a structure that is as large as its `ph_size` says; the hooks do what their
 * comments say.
 */
int puffs_attach(const struct puffs_hooks *hooks);

/**
 * Ends the use of the library: before a module is unloaded, or for a check that nothing leaked. With
 * nothing alive it frees what the library itself holds. The hooks stay, and the library may be used again.
 *
 * Returns how many mounts, open instances and event watchers are still alive; the first two numbers go to where `mounts` and
 * `instances` point, which may be NULL. Does not sleep. When it returns 0 no other call may have been in progress.
 *
 * # Safety
 * The pointers are NULL or valid for writing.
 */
size_t puffs_detach(size_t *mounts,
                    size_t *instances);

/**
 * Sends the lines of the log to `sink`: `len` bytes each, neither terminated nor with a newline. NULL sends them
 * where they went at first, to the hook `ph_log` or to stderr. `sink` is called from any thread, without locks,
 * and must not call puffs.
 */
void puffs_set_log(void (*sink)(const char *message, size_t len));

/**
 * Opens the device: makes a new instance, an embryo until a mount is bound to it. `dev` is the device number as the
 * C library packs it, or in a kernel the minor number alone; it must be that of the cloner, `PUFFS_CLONER`. `flags` and
 * `fmt` mean nothing here: a non-blocking open calls `puffs_fop_nonblock`.
 *
 * Returns 0 and the instance in `l->l_dupfd`, with a reference for the open file; `ENXIO` (another device, or before
 * `puffs_attach`), `EBUSY` (all minors are taken), `ENOMEM`, `EINVAL` (NULL). Nothing is left behind by a failure. A kernel whose
 * cloners signal success by a special errno maps it. Allocates; does not sleep otherwise.
 *
 * # Safety
 * `l` is NULL or valid.
 */
int puffscdopen(uint64_t dev,
                int flags,
                int fmt,
                struct lwp *l);

/**
 * The device node itself is never open: an open makes an instance, which `puffs_fop_close` closes. Returns `ENXIO`.
 *
 * # Safety
 * None of the arguments is used.
 */
int puffscdclose(uint64_t dev,
                 int flags,
                 int fmt,
                 struct lwp *l);

/**
 * Takes one more reference to an instance. Returns `pi`. May be called under any lock.
 *
 * # Safety
 * `pi` is NULL or an instance that the caller has a reference to.
 */
struct puffs_instance *puffs_instance_ref(struct puffs_instance *pi);

/**
 * Gives back a reference that `puffs_instance_ref` took. NULL is ignored. May sleep: without references an instance is
 * closed.
 *
 * # Safety
 * `pi` is NULL or an instance that the caller has a reference to, which it gives up.
 */
void puffs_instance_rele(struct puffs_instance *pi);

/**
 * Returns the minor number of an instance, its own as long as it is open; `PUFFS_CLONER` for NULL. May be called under any
 * lock.
 *
 * # Safety
 * `pi` is NULL or an instance.
 */
uint32_t puffs_instance_minor(struct puffs_instance *pi);

/**
 * Tells how a descriptor leads to an instance, for `puffs_setpmp`: `lookup` returns the instance behind `fd` of process
 * `pid` with a reference taken by `puffs_instance_ref`, or NULL. It may sleep. NULL: there are no descriptors.
 */
void puffs_set_filetable(struct puffs_instance *(*lookup)(int pid, int fd));

/**
 * Binds a mount to the instance behind descriptor `fd` of process `pid`, as `puffs_set_filetable` finds it; with `fd < 0` to the
 * oldest embryo that this process opened with the credentials in the mount's `puffs_mountargs`. Having the device open is the
 * right to serve; whether its owner may mount is for the caller to check.
 *
 * Returns 0, `ENXIO` (there is no such instance, or it is dead), `EBUSY` (the instance or the mount is bound), `EINVAL` (NULL). May sleep in
 * the lookup; to be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount.
 */
int puffs_setpmp(int pid,
                 int fd,
                 struct puffs_mount *pmp);

/**
 * Binds a mount to an instance. As `puffs_setpmp`, for a kernel that finds the open file itself. Does not sleep.
 *
 * # Safety
 * `pi` is NULL or an instance, `pmp` NULL or a mount.
 */
int puffs_setpmp_instance(struct puffs_instance *pi,
                          struct puffs_mount *pmp);

/**
 * Unbinds a mount, as the last step of its unmount: the instance becomes dead, and so does the mount if it was not
 * (`puffs_userdead`), since nobody could answer its callers any more. Nothing happens to a mount that is bound nowhere. NULL is ignored. Does
 * not sleep. Calls completions; to be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount.
 */
void puffs_nukebypmp(struct puffs_mount *pmp);

/**
 * A server reads nothing: returns `ENODEV` (`EINVAL` for NULL). The other arguments mean nothing. Does not sleep.
 *
 * # Safety
 * `pi` is NULL or an instance.
 */
int puffs_fop_read(struct puffs_instance *pi,
                   int64_t *off,
                   struct uio *uio,
                   void *cred,
                   int flags);

/**
 * And writes nothing: returns `ENODEV` (`EINVAL` for NULL). The other arguments mean nothing. Does not sleep.
 *
 * # Safety
 * `pi` is NULL or an instance.
 */
int puffs_fop_write(struct puffs_instance *pi,
                    int64_t *off,
                    struct uio *uio,
                    void *cred,
                    int flags);

/**
 * A server's call: `PUFFSGETOP`, `PUFFSPUTOP`, `PUFFSSIZEOP`, `PUFFSBATCH`, `PUFFSWAKE`, `PUFFSSTARTOP` or `FIONBIO`, as `<sys/ioctl.h>` of Linux or of a BSD
 * packs them. `data` is the address of the argument in the server's memory, which is reached by the platform's copy functions
 * only: a kernel passes it on as it came. `l` may be NULL.
 *
 * Returns 0, or:
 *
 * - `PUFFSGETOP`: `EAGAIN` (nothing there, non-blocking), `E2BIG` (`preq_auxlen` says what is needed; the request stays), `EFAULT`
 *   (nothing is lost), `EINTR` (a signal; or, with the number at `PUFFS_E_WOKEN`, `PUFFSWAKE`), `ENOMEM`;
 * - `PUFFSPUTOP`: `EINVAL` (no request awaits this answer, or class, type or `preq_rv` are wrong), `EFAULT`, `E2BIG`, `ECANCELED` (taken, but
 *   the caller had left), `ENOMEM`;
 * - `PUFFSSIZEOP`: `EINVAL` (no request with this id awaits an answer, it has no data left, or it ended meanwhile), `EFAULT` (nothing is lost);
 * - `PUFFSBATCH`: `EINVAL` (more than 1024 of either kind, or a flag that is none), `EFAULT`, the first failure of an answer (the others were given, and nothing is
 *   fetched), and what `PUFFSGETOP` returns for the first request (all answers were taken);
 * - `PUFFSSTARTOP`: `EFAULT`, `EBUSY` (started already);
 * - `FIONBIO`: `EFAULT`;
 * - those but `FIONBIO`: `ENOENT` (nothing is mounted here), `ENXIO` (the mount is dead);
 * - anything else, and NULL for `pi`: `EINVAL`.
 *
 * Sleeps in `PUFFSGETOP` and `PUFFSBATCH`, interruptibly, and in copies. To be called without spinning locks.
 *
 * # Safety
 * `pi` is NULL or an instance. In libpuffs for processes, `data` and what it points to are the program's own.
 */
int puffs_fop_ioctl(struct puffs_instance *pi,
                    unsigned long cmd,
                    void *data,
                    struct lwp *l);

/**
 * Sets the non-blocking mode of an open, as `FIONBIO` does, from inside the kernel: for `O_NONBLOCK` at open and for `fcntl`. Does
 * not sleep. NULL is ignored.
 *
 * # Safety
 * `pi` is NULL or an instance.
 */
void puffs_fop_nonblock(struct puffs_instance *pi,
                        int on);

/**
 * Returns which of `events` are there: `POLLIN` and its kin when a request can be fetched, `POLLOUT` and its kin while a server
 * may answer; `POLLERR` and `POLLHUP`, asked for or not, when nothing is mounted here, when the mount is dead, and for NULL. Who
 * wants to sleep for more joins `puffs_fop_pollpoint` first. `l` may be NULL. Does not sleep.
 *
 * # Safety
 * `pi` is NULL or an instance.
 */
int puffs_fop_poll(struct puffs_instance *pi,
                   int events,
                   struct lwp *l);

/**
 * Returns the storage that `ph_poll_init` made ready for the pollers of an instance, and that `ph_poll_wake` is called with; it
 * lives as long as a reference to the instance. NULL for NULL, and in libpuffs for processes, where `puffs_fop_pollfd` tells. Does not
 * sleep.
 *
 * # Safety
 * `pi` is NULL or an instance.
 */
void *puffs_fop_pollpoint(struct puffs_instance *pi);

/**
 * Closes the open file and takes its reference. An embryo is forgotten, a dead instance freed. A mount that is bound here
 * dies, and is unmounted by force through `pho_unmount`, unless it was made with `PUFFS_MOUNT_KEEP`.
 *
 * Returns 0; `EINVAL` for NULL. `l` may be NULL. Sleeps as `pho_unmount` does; to be called without spinning locks.
 *
 * # Safety
 * `pi` is NULL or an instance whose open file is being closed.
 */
int puffs_fop_close(struct puffs_instance *pi,
                    struct lwp *l);

/**
 * Allocates `size` zero bytes for a buffer that is handed to puffs (`puffs_vntouser_faf`, `puffs_vntouser_adjbuf`,
 * the completion form of `puffs_touser_opt`), aligned to 16. It ends in `puffs_free`, by
 * whoever owns it then.
 *
 * Returns NULL when `size` is 0, when there is no memory, and before `puffs_attach`. Does not sleep for the server; beyond
 * that as the platform's allocator.
 */
void *puffs_alloc(size_t size);

/**
 * Frees what `puffs_alloc` returned, and what puffs handed over as such. NULL is ignored. May be called under the
 * locks that the platform's own free may be called under.
 *
 * # Safety
 * `ptr` is NULL or such memory, and is not used again.
 */
void puffs_free(void *ptr);

/**
 * Makes a mount whose server has yet to start, with one reference for the caller. `args` may be NULL for the usual;
 * `ops` may be NULL for a host that does nothing. Both are copied. `data` goes to the callbacks; it must stay until
 * `pho_freed` is called, which never happens when this fails.
 *
 * Requests are accepted at once and delivered when the server has started.
 *
 * Returns 0 and the mount in `*pmpp`; `EINVAL` (`pmpp` is NULL, a size or a flag is unknown, `pma_max_bytes < pma_max_len`, one of the vnode
 * functions without the other),
 * `ENOMEM`, `ENXIO` before `puffs_attach`. Allocates; does not sleep otherwise.
 *
 * # Safety
 * `args` and `ops` are NULL or as large as their first field says; `pmpp` is NULL or valid for writing.
 */
int puffs_mount_new(const struct puffs_mountargs *args,
                    const struct puffs_hostops *ops,
                    void *data,
                    struct puffs_mount **pmpp);

/**
 * Takes one more reference to a mount. Returns `pmp`. May be called under any lock.
 *
 * # Safety
 * `pmp` is NULL or a mount that the caller has a reference to.
 */
struct puffs_mount *puffs_mount_ref(struct puffs_mount *pmp);

/**
 * Gives a reference back. The last one, callers in progress and the bound instance included, frees the mount and calls
 * `pho_freed`. Does not sleep; to be called without spinning locks. NULL is ignored.
 *
 * # Safety
 * `pmp` is NULL or a mount that the caller has a reference to, which it gives up.
 */
void puffs_mount_rele(struct puffs_mount *pmp);

/**
 * Starts the mount from inside the kernel, as `PUFFSSTARTOP` does for a server: requests are delivered from now on.
 *
 * Returns 0, `EINVAL` (NULL), `EBUSY` (started already), `ENXIO` (dead). Does not sleep; calls `pho_started`. To be
 * called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `start` is NULL or readable.
 */
int puffs_start2(struct puffs_mount *pmp,
                 const struct puffs_startreq *start);

/**
 * Returns a request id that no other request of the mount has or will have, for `puffs_vntouser_req`; 0 when `pmp` is
 * NULL. Does not sleep; may be called under any lock but those that the library's own hooks take.
 *
 * # Safety
 * `pmp` is NULL or a mount.
 */
uint64_t puffs_getreqid(struct puffs_mount *pmp);

/**
 * The server is gone, or to be treated so: everybody who waits for it gets `ENXIO`, and so does everybody who comes
 * later; sleepers in `PUFFSGETOP` and pollers wake. Any number of threads may call it, any number of times, before or
 * after a start. It waits for nobody. Calls completions; to be called without spinning locks. NULL is ignored.
 *
 * # Safety
 * `pmp` is NULL or a mount.
 */
void puffs_userdead(struct puffs_mount *pmp);

/**
 * Ends the wait for request `reqid` with `EINTR` for its caller. What the server has not fetched is withdrawn; what it has
 * stays with it, and its answer will be late.
 *
 * Returns 0, `EINVAL` (NULL), `ENOENT` (nobody waits for such a request). Does not sleep. Calls a completion; to be
 * called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount.
 */
int puffs_interrupt(struct puffs_mount *pmp,
                    uint64_t reqid);

/**
 * Tells the completions of requests whose deadline has passed `ETIMEDOUT`; their servers go on, and answer late. For the kernel's timer; a
 * call too many or too early does no harm.
 *
 * Returns 0 and the next deadline in `*next_ns` (`PUFFS_FOREVER`: there is none), which may be NULL; `EINVAL` (`pmp` is NULL). The next one may have passed
 * already. Does not sleep. Calls completions, and through them `pho_alarm`; to be called on a thread, without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `next_ns` is NULL or valid for writing.
 */
int puffs_expire(struct puffs_mount *pmp,
                 uint64_t *next_ns);

/**
 * Prepares for data that the server moves by `PUFFSSIZEOP` while it has the request that will be sent under `reqid`, which comes from
 * `puffs_getreqid`: `puffs_vntouser_req`, or `puffs_touser_opt` with `pto_reqid`. To be used by the thread that sends the request, which ends it
 * by `puffs_sizeop_finish` or `puffs_sizeop_cancel`. It is for one sending: whoever sends again takes a new id. The data counts against no bound of the
 * mount.
 *
 * `uiomove` moves `n` bytes between `kbuf` and a `struct uio`, in the direction that the uio itself says, and steps the uio on; with `keep`
 * not 0 it leaves the uio as it was. It returns 0 or an errno value, and may sleep. It may be NULL when there are buffers only.
 *
 * Returns 0 and a handle in `*psop`; `EINVAL` (NULL, `reqid` 0), `EEXIST` (something is registered, or a request outstanding, under this
 * id), `ENXIO` (no server any more), `ENOMEM`. Does not sleep; to be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `psop` is NULL or valid for writing.
 */
int puffs_sizeop_new(struct puffs_mount *pmp,
                     uint64_t reqid,
                     int (*uiomove)(void *kbuf, size_t n, struct uio *uio, int keep),
                     struct puffs_sizeops **psop);

/**
 * Registers `len` bytes behind what is there: `data` is a `struct uio *` or a buffer, as `kind` (`PUFFS_SIZEOPREQ_*`) says. The server moves
 * what is registered in this order, at most 8. What goes out is copied now; what comes in replaces the first bytes of a
 * buffer, or is moved to the uio, in `puffs_sizeop_finish`. A uio does not step on before that, and then by what the server moved.
 *
 * Returns 0; `EINVAL` (NULL, an unknown kind, a uio without `uiomove`, `len` 0 or above the mount's maximum), `E2BIG` (there are 8), `EBUSY` (the
 * request was sent), `ENOMEM`, or what `uiomove` returned. With an error nothing is registered. Sleeps as `uiomove` does; to be called without
 * spinning locks.
 *
 * # Safety
 * `pso` is NULL or from `puffs_sizeop_new`, and not ended. Until it is, `data` is a buffer that is valid for `len` bytes, or a uio with at least `len`
 * bytes left, and nobody else uses it.
 */
int puffs_sizeop_add(struct puffs_sizeops *pso,
                     int kind,
                     void *data,
                     size_t len);

/**
 * Ends what `puffs_sizeop_new` began, once the request has ended: brings what came in to where it belongs, steps the uios on, and frees the
 * handle. Of the `n` numbers at `moved` each becomes the bytes that the server moved of what was registered in this place, 0 for what
 * it did not ask for.
 *
 * Returns 0, `EINVAL` (NULL), or the first error of `uiomove`; all is ended nevertheless. Sleeps as `uiomove` does; to be called without
 * spinning locks.
 *
 * # Safety
 * `pso` is NULL or from `puffs_sizeop_new`, and not used again; `moved` is NULL or valid for `n` numbers.
 */
int puffs_sizeop_finish(struct puffs_sizeops *pso,
                        size_t *moved,
                        size_t n);

/**
 * Ends what `puffs_sizeop_new` began without bringing anything anywhere: for a request that was never sent, or whose data nobody wants. A
 * request that is still outstanding goes on without it. NULL is ignored. Does not sleep.
 *
 * # Safety
 * `pso` is NULL or from `puffs_sizeop_new`, and not used again.
 */
void puffs_sizeop_cancel(struct puffs_sizeops *pso);

/**
 * Tells the status of an instance, in whatever state it is.
 *
 * Returns 0 and the status in `*st`, whose first field the caller has set; `EINVAL` (NULL, or no such size). Does not sleep.
 *
 * # Safety
 * `pi` is NULL or an instance; `st` is NULL or as large as its first field says.
 */
int puffs_fop_stat(struct puffs_instance *pi,
                   struct puffs_devstat *st);

/**
 * Writes the mount's own figures to `*stats`, whose `pms_size` the caller has set. They fit together: they are of one moment.
 *
 * Returns 0, `EINVAL` (a NULL, an unknown size). Does not sleep; to be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `stats` is NULL or writable for as many bytes as its first field says.
 */
int puffs_stats_mount(struct puffs_mount *pmp,
                      struct puffs_mountstats *stats);

/**
 * Writes to `*stats`, whose `pos_size` the caller has set, what became of the requests of one operation: class `opclass`
 * (`PUFFSOP_VFS`, `PUFFSOP_VN`), operation `optype`. Operations of class VFS from 16 and of class VN from 64 up, and all of
 * any other class, are counted together. The figures fit together: they are of one moment.
 *
 * Returns 0, `EINVAL` (a NULL, an unknown size, a class or an operation that is no byte). Does not sleep; to be called
 * without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `stats` is NULL or writable for as many bytes as its first field says.
 */
int puffs_stats_op(struct puffs_mount *pmp,
                   int opclass,
                   int optype,
                   struct puffs_opstats *stats);

/**
 * Lists the requests under way in the `n` places of `array`, oldest first: those whose callers wait for them, and those that the
 * server has and nobody waits for any more. `*total` becomes their number; when that is above `n`, the oldest are listed. Places that
 * are not needed become zero.
 *
 * Returns 0, `EINVAL` (`pmp` or `total` is NULL, or `array` and `n` is not 0). Does not sleep, nor hold anybody up, however many
 * there are; what comes and goes meanwhile may be missing. To be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `array` is NULL or writable for `n` structures, `total` NULL or writable.
 */
int puffs_inflight(struct puffs_mount *pmp,
                   struct puffs_inflight *array,
                   size_t n,
                   size_t *total);

/**
 * A request about the file system. `kbuf` is its body and receives the answer, of at most `buflen` bytes; behind a shorter
 * answer it stays as it was. It remains the caller's, whose stack may hold it.
 *
 * Returns the server's result (0 or an errno value), or `EINVAL` (NULL, an operation above 255, `buflen` above the mount's
 * maximum), `ENXIO` (no server any more), `EDEADLK` (this thread is at work for the server, and all others that fetch wait in calls like this one), `EPROTO` (the server broke the protocol), `ENOMEM`, and as the mount allows
 * `EINTR` and `ETIMEDOUT`. With an error of ours `kbuf` is unchanged.
 *
 * Sleeps. To be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `kbuf` is NULL or valid for `buflen` bytes, and the calling thread's.
 */
int puffs_vfstouser(struct puffs_mount *pmp,
                    int optype,
                    void *kbuf,
                    size_t buflen);

/**
 * A request about the node that the server calls `cookie`; otherwise as `puffs_vfstouser`.
 *
 * `vp1` and `vp2` are the vnodes that the caller has locked, the one first that is locked first. They may be NULL or the same. Once the request is
 * queued they are unlocked by `pho_vnode_unlock`, and locked again by `pho_vnode_lock` before this returns, whose error becomes the
 * result; a request that is not queued leaves them alone. So they stay locked while it waits for a place in a full queue: where the server may need them for
 * what it has, say `PUFFS_TOUSER_NOWAIT`, or a deadline. The caller holds references to them until this returns. Without those functions they
 * stay locked.
 *
 * # Safety
 * As `puffs_vfstouser`.
 */
int puffs_vntouser(struct puffs_mount *pmp,
                   int optype,
                   void *kbuf,
                   size_t buflen,
                   void *cookie,
                   struct vnode *vp1,
                   struct vnode *vp2);

/**
 * As `puffs_vntouser`, under an id that `puffs_getreqid` gave out, so that it can be interrupted.
 *
 * Returns besides `EEXIST` while a request with that id is outstanding, and `EINVAL` for id 0.
 *
 * # Safety
 * As `puffs_vfstouser`.
 */
int puffs_vntouser_req(struct puffs_mount *pmp,
                       int optype,
                       void *kbuf,
                       size_t buflen,
                       void *cookie,
                       uint64_t reqid,
                       struct vnode *vp1,
                       struct vnode *vp2);

/**
 * As `puffs_vntouser`, when the answer may be longer than the buffer. The server gets the first `copylen` bytes of
 * the `*buflen` at `*kbuf`, which comes from `puffs_alloc` and is the caller's before and after.
 *
 * When it returns 0, `*buflen` is the exact length of the answer; if that is more than there was, `*kbuf` is another buffer and
 * the old one is freed. When it returns anything else, both are as before, and so are the buffer's bytes.
 *
 * Returns besides `EINVAL` when `copylen` is more than `*buflen`, or a pointer is NULL.
 *
 * # Safety
 * As `puffs_vfstouser` for what the pointers point to; `*kbuf` is NULL or from `puffs_alloc`.
 */
int puffs_vntouser_adjbuf(struct puffs_mount *pmp,
                          int optype,
                          void **kbuf,
                          size_t *buflen,
                          size_t copylen,
                          void *cookie,
                          struct vnode *vp1,
                          struct vnode *vp2);

/**
 * A request about a node that wants no answer (fire and forget). `kbuf` comes from `puffs_alloc` and is consumed whatever
 * happens: the caller must not touch it again.
 *
 * Returns 0 when it is queued, `EINVAL` (as `puffs_vfstouser`), `ENXIO` (no server any more), `ENOMEM`, `EAGAIN` (as many requests as the
 * mount's bounds allow are queued or with the server). Never waits; to be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; `kbuf` is NULL or from `puffs_alloc` with at least `buflen` bytes.
 */
int puffs_vntouser_faf(struct puffs_mount *pmp,
                       int optype,
                       void *kbuf,
                       size_t buflen,
                       void *cookie);

/**
 * Sends a request of class `opclass` (`PUFFSOP_VFS`, `PUFFSOP_VN`) with options; NULL options mean the usual. The server gets the first
 * `copylen` of the `*buflen` bytes at `*kbuf`, which comes from `puffs_alloc` where it may be replaced or is handed over.
 *
 * Without `pto_done` the caller is parked. When the server answered with 0, `*kbuf` holds the answer and `*buflen` is its exact length;
 * with `PUFFS_TOUSER_ADJBUF` a longer answer comes in another buffer, and the old one is freed. With any other result both are
 * as before.
 *
 * With `pto_done` the call returns at once. `*kbuf` is handed over whatever happens: `*kbuf` becomes NULL and `*buflen` 0. When the call returns 0,
 * `pto_done` is called once; when it returns an error, never. Its deadline passes when `puffs_expire` is called after it (`pho_alarm`). The two
 * flags about signals and the vnodes are for parked callers, and must be 0. Such a request never waits for a place.
 *
 * Returns what `puffs_vntouser_req` does, and `EAGAIN` when there is no place and it may not wait. `EINVAL` also for unknown
 * flags, for both flags about signals, and for a class that is none. Sleeps when parked; to be called without spinning locks.
 *
 * # Safety
 * `pmp` is NULL or a mount; the pointers are NULL or as described.
 */
int puffs_touser_opt(struct puffs_mount *pmp,
                     int opclass,
                     int optype,
                     void **kbuf,
                     size_t *buflen,
                     size_t copylen,
                     void *cookie,
                     const struct puffs_touseropt *opt);

/**
 * Attaches a watcher to an instance, in whatever state that is. `filter` is `PUFFS_EVFILT_READ` or `PUFFS_EVFILT_WRITE`. An event queue
 * first puts its knote where `ph_poll_wake` finds it in the storage of `puffs_watch_pollpoint`, and then asks
 * `puffs_watch_event`, at once and after each wake-up: when a mount is bound, when it starts, when a request arrives, and at
 * death, unmount and close.
 *
 * The watcher needs neither the instance nor the mount to live on.
 *
 * Returns 0 and the watcher in `*wp`, with a reference; `EINVAL` (NULL, or another filter), `ENOMEM`. Allocates; does not sleep
 * otherwise.
 *
 * # Safety
 * `pi` is NULL or an instance; `wp` is NULL or valid for writing.
 */
int puffs_fop_kqfilter(struct puffs_instance *pi,
                       int filter,
                       struct puffs_watch **wp);

/**
 * Asks what a watcher sees. Returns 1 when there is an event, else 0. With `PUFFS_EVFILT_READ` that is so while requests can be
 * fetched, and `*data` is their number; with `PUFFS_EVFILT_WRITE` while the mount is not dead, and `*data` is 0. Either becomes
 * and stays an event with `PUFFS_EV_EOF` in `*flags` (0 otherwise) when the mount dies or is unmounted, and when the device is
 * closed; before the mount, and for NULL, it is one too. `data` and `flags` may be NULL.
 *
 * Does not sleep. It may turn out to hold the last reference to a mount that ends at the same time, and so call `pho_freed`: a kernel that holds
 * a spinning lock while it wakes only marks its knotes there, and asks afterwards.
 *
 * # Safety
 * `w` is NULL or a watcher; `data` and `flags` are NULL or valid for writing.
 */
int puffs_watch_event(struct puffs_watch *w,
                      size_t *data,
                      uint32_t *flags);

/**
 * Returns the storage that `ph_poll_init` made ready for the pollers of the watched instance, and that `ph_poll_wake` is called with; it
 * lives as long as a reference to the watcher. NULL for NULL, and in libpuffs for processes, where `puffs_fop_pollfd` tells. Does not
 * sleep.
 *
 * # Safety
 * `w` is NULL or a watcher.
 */
void *puffs_watch_pollpoint(struct puffs_watch *w);

/**
 * Takes one more reference to a watcher. Returns `w`. May be called under any lock.
 *
 * # Safety
 * `w` is NULL or a watcher that the caller has a reference to.
 */
struct puffs_watch *puffs_watch_ref(struct puffs_watch *w);

/**
 * Gives a reference to a watcher back, after the knote was taken out of the poll point's storage: without a watcher that may
 * be gone. NULL is ignored. Does not sleep; to be called without spinning locks.
 *
 * # Safety
 * `w` is NULL or a watcher that the caller has a reference to, which it gives up.
 */
void puffs_watch_detach(struct puffs_watch *w);

/**
 * Makes a descriptor on which the server of a process sleeps, in `poll`, `select` or `epoll_wait`, rather than in `PUFFSGETOP`. It is
 * readable while a request can be fetched, and while `puffs_fop_poll` says `POLLHUP`: before the mount, and from its
 * death, unmount or the close of the device on. Nobody has to read it: it stays readable until a `PUFFSGETOP` or `PUFFSBATCH` that may not wait
 * finds nothing (`EAGAIN`). So a server that was woken fetches until it gets `EAGAIN`, and sleeps again; nothing that comes in between is
 * lost. It may be readable when there is nothing, which the next fetch finds out.
 *
 * The descriptor is the caller's, who closes it whenever it likes, but leaves its flags alone; as any that shares its file with others it is taken out of an
 * epoll set before that. Each call makes another. Without any, an arrival costs nothing more than before.
 *
 * Returns 0 and the descriptor in `*fd`; `EINVAL` (NULL), `ENOMEM` (no memory, or too many descriptors are open), `EOPNOTSUPP` in the
 * library that a kernel links, which has descriptors of its own. Does not sleep.
 *
 * # Safety
 * `pi` is NULL or an instance; `fd` is NULL or valid for writing.
 */
int puffs_fop_pollfd(struct puffs_instance *pi,
                     int *fd);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif
