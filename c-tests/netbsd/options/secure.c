/*
 * secure.c: includes and needs of a file system over a pipe to another program.
 */
#include <sys/cdefs.h>
#ifndef lint
__RCSID("$NetBSD$");
#endif /* !lint */

#include <sys/types.h>
#include <sys/wait.h>
#include <sys/socket.h>

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <mntopts.h>
#include <paths.h>
#include <poll.h>
#include <puffs.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <util.h>

#include <sys/queue.h>
#include <sys/endian.h>

struct turn {
	TAILQ_ENTRY(turn) t_entries;
	int t_number;
};
static TAILQ_HEAD(, turn) turns = TAILQ_HEAD_INITIALIZER(turns);

static void gone(const char *) __dead;
static void
gone(const char *why)
{

	errx(1, "%s", why);
}

static void
speciality(void)
{
	struct turn first, second, *tp;
	struct vattr va;
	uint32_t length = 7, wire;
	char *path;
	int fds[2], yes = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		err(1, "socketpair");
	if (ioctl(fds[0], FIONBIO, &yes) == -1)
		err(1, "nonblocking descriptor");
	if (read(fds[0], &wire, sizeof(wire)) != -1 || errno != EAGAIN)
		gone("read");
	HTOBE32(length);
	wire = length;
	BE32TOH(length);
	if (be32toh(wire) != 7 || htobe32(7) != wire || length != 7)
		gone("order");

	/* The one that is stood on goes, and its memory stays. */
	first.t_number = 1;
	second.t_number = 2;
	TAILQ_INSERT_TAIL(&turns, &first, t_entries);
	TAILQ_INSERT_TAIL(&turns, &second, t_entries);
	length = 0;
	TAILQ_FOREACH(tp, &turns, t_entries) {
		TAILQ_REMOVE(&turns, tp, t_entries);
		length += (uint32_t)tp->t_number;
	}
	if (length != 3 || !TAILQ_EMPTY(&turns))
		gone("queue");

	/* A number of the wire is scanned into the links, and 64 bits are read into the size. */
	puffs_vattr_null(&va);
	if (sscanf("5", "%d", (int *)&va.va_nlink) != 1 || va.va_nlink != 5 || va.va_mode != (mode_t)PUFFS_VNOVAL)
		gone("links");
	*(uint64_t *)&va.va_size = 1;
	path = estrdup("/usr");
	path = erealloc(path, MAXPATHLEN);
	free(path);
	if (FREAD != 1 || FWRITE != 2 || (FREAD | FWRITE) != (O_RDWR + 1))
		gone("modes");
}

#define OPTSTRING "c:eF:g:l:o:O:pr:st:u:"
#include "parse.h"
