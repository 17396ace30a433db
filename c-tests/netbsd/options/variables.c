/*
 * variables.c: includes and needs of a file system of system variables.
 */
#include <sys/cdefs.h>
#ifndef lint
__RCSID("$NetBSD$");
#endif /* !lint */

#include <sys/types.h>
#include <sys/sysctl.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <mntopts.h>
#include <paths.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <util.h>

PUFFSOP_PROTOS(variables)

#define ISADIR(a) ((SYSCTL_TYPE(a->sysctl_flags) == CTLTYPE_NODE))

static void
speciality(void)
{
	struct sysctlnode node, *np = &node;
	struct timeval tv = { 1, 2 };
	struct timespec ts;
	const char *words = "Machine Name";
	size_t size = sizeof(node);
	int name[CTL_MAXNAME] = { CTL_QUERY };
	bool directory;

	memset(np, 0, sizeof(*np));
	np->sysctl_flags = SYSCTL_VERSION | CTLTYPE_NODE;
	directory = ISADIR(np);
	TIMEVAL_TO_TIMESPEC(&tv, &ts);
	if (!directory || ts.tv_nsec != 2000 || strcasestr(__UNCONST(words), "NAME") == NULL || MIN(1, 2) != 1)
		errx(1, "node");
	if (sysctl(name, 1, np, &size, NULL, 0) != -1 || errno != ENOSYS)
		errx(1, "sysctl");
	free(emalloc(10));
}

#define OPTSTRING "o:rs"
#include "parse.h"
