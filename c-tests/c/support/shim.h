/*
 * shim.h: the device as a test sees it, wherever it is: five functions. In process (shim_inproc.c) they call the library; on a
 * machine with the module they are system calls, and the last one is the load generator's.
 *
 * All return 0 or an errno value, shim_poll the events.
 */
#ifndef SHIM_H
#define SHIM_H

/* Opens the device. */
int shim_open(int *fd);
/* A call on it. */
int shim_ioctl(int fd, unsigned long cmd, void *data);
/* The events that are there, without waiting. */
int shim_poll(int fd, int events);
int shim_close(int fd);

/* What the kernel side can be made to do. */
enum shim_act {
	SHIM_MOUNT,	/* mount a file system on this open */
	SHIM_DIE,	/* declare its server dead */
	SHIM_UNMOUNT,	/* unmount it */
	SHIM_FAF,	/* send a RECLAIM that wants no answer: SHIM_BODY, for SHIM_COOKIE */
	SHIM_CALL,	/* let a thread send a GETATTR, the same body and cookie, and wait for the answer */
	SHIM_LEAVE,	/* the same, but that thread leaves as soon as the server has fetched it */
	SHIM_RESULT	/* wait for that thread: its result */
};
int shim_kernel(int fd, enum shim_act act);

#define SHIM_BODY "fifteen letters"
#define SHIM_BODYLEN sizeof(SHIM_BODY)
#define SHIM_COOKIE ((void *)0x123450)

#endif
