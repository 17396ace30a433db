/*
 * portal.c: includes and needs of a file system whose files are what programs do: other identities, lists of its own, blocks.
 */
#include <sys/cdefs.h>
#ifndef lint
__RCSID("$NetBSD$");
#endif /* !lint */

#include <sys/types.h>
#include <sys/wait.h>

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <mntopts.h>
#include <paths.h>
#include <poll.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <unistd.h>
#include <util.h>

PUFFSOP_PROTOS(portal);

/* Its own, whatever the C library has by that name. */
typedef struct qelem qelem;
struct qelem {
	qelem *q_forw;
	qelem *q_back;
};

static void usage(void) __dead;

static void
speciality(void)
{
	qelem head = { &head, &head };
	char path[MAXPATHLEN], *copy;
	struct timeval tv;
	struct timespec ts;
	gid_t groups[NGROUPS_MAX];
	uint8_t byte = 1;
	int yes = 0;

	gettimeofday(&tv, NULL);
	TIMEVAL_TO_TIMESPEC(&tv, &ts);
	copy = estrdup("tcp/host/port");
	if (strlcpy(path, copy, sizeof(path)) != 13 || head.q_forw != head.q_back || byte != 1 || ts.tv_sec == 0)
		errx(1, "path");
	free(copy);
	/* As who asks, which root may become. */
	if (setgroups(getgroups(0, NULL) == -1 ? 0 : (size_t)getgroups(NGROUPS_MAX, groups), groups) == -1 && errno != EPERM)
		err(1, "setgroups");
	if (ioctl(STDERR_FILENO, FIONBIO, &yes) == -1 || DEV_BSIZE != 512 || MIN(3, 2) != 2)
		err(1, "ioctl");
	free(emalloc(DEV_BSIZE));
}

#include "parse.h"
