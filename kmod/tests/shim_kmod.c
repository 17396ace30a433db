/*
 * shim_kmod.c: shim.h over /dev/puffs and /dev/puffs-load, as system calls.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <puffs_sys.h>

#include "check.h"
#include "load.h"
#include "shim.h"

#define NOPENS 64

/* By descriptor of the device: that of the load generator, 0 when there is none yet, and the caller. */
static struct open {
	int o_load;
	pthread_t o_caller;
} opens[NOPENS];

int
shim_open(int *fd)
{

	if ((*fd = open("/dev/puffs", O_RDWR | O_CLOEXEC)) == -1)
		return errno;
	CHECK(*fd < NOPENS);
	return 0;
}

int
shim_ioctl(int fd, unsigned long cmd, void *data)
{

	return ioctl(fd, cmd, data) == -1 ? errno : 0;
}

int
shim_poll(int fd, int events)
{
	struct pollfd pfd = { .fd = fd, .events = (short)events };

	CHECK(poll(&pfd, 1, 0) != -1);
	return pfd.revents;
}

int
shim_close(int fd)
{
	struct open *o = &opens[fd];

	if (close(fd) == -1)
		return errno;
	if (o->o_load != 0)
		CHECK_EQ(close(o->o_load), 0);
	memset(o, 0, sizeof(*o));
	return 0;
}

/* The body of a LOAD_REQ is not the shim's, which is another ioctl's. */
static void *
caller(void *arg)
{
	struct open *o = arg;

	return (void *)(intptr_t)(ioctl(o->o_load, LOADSHIMCALL) == -1 ? errno : 0);
}

int
shim_kernel(int fd, enum shim_act act)
{
	struct load_mount mount = { .lo_fd = fd };
	struct open *o = &opens[fd];
	void *result;

	switch (act) {
	case SHIM_MOUNT:
		if ((o->o_load = open("/dev/puffs-load", O_RDWR | O_CLOEXEC)) == -1)
			return errno;
		return shim_ioctl(o->o_load, LOADMOUNT, &mount);
	case SHIM_DIE:
		return shim_ioctl(o->o_load, LOADDIE, NULL);
	case SHIM_UNMOUNT:
		return shim_ioctl(o->o_load, LOADUNMOUNT, NULL);
	case SHIM_FAF:
		return shim_ioctl(o->o_load, LOADSHIMFAF, NULL);
	case SHIM_CALL:
		return pthread_create(&o->o_caller, NULL, caller, o);
	case SHIM_LEAVE:
		return shim_ioctl(o->o_load, LOADSHIMSUBMIT, NULL);
	case SHIM_RESULT:
		if (o->o_caller == 0)
			return shim_ioctl(o->o_load, LOADSHIMINTERRUPT, NULL);
		CHECK_EQ(pthread_join(o->o_caller, &result), 0);
		o->o_caller = 0;
		return (int)(intptr_t)result;
	}
	return EINVAL;
}
