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
	struct sysctlnode node, below[20], *np = &node;
	struct timeval tv = { 1, 2 };
	struct timespec ts;
	const char *words = "Machine Name";
	size_t size = sizeof(below);
	char type[20] = "";
	int name[CTL_MAXNAME] = { CTL_KERN, CTL_QUERY }, i, n;
	bool directory;

	memset(np, 0, sizeof(*np));
	np->sysctl_flags = SYSCTL_VERSION | CTLTYPE_NODE;
	directory = ISADIR(np);
	TIMEVAL_TO_TIMESPEC(&tv, &ts);
	if (!directory || ts.tv_nsec != 2000 || strcasestr(__UNCONST(words), "NAME") == NULL || MIN(1, 2) != 1)
		errx(1, "node");
	if (sysctl(name, 2, below, &size, np, sizeof(*np)) == -1)
		err(1, "query");
	n = (int)(size / sizeof(below[0]));
	for (i = 0; i < n; i++)
		if (strcmp(below[i].sysctl_name, "ostype") == 0)
			name[1] = below[i].sysctl_num;
	size = sizeof(type);
	if (sysctl(name, 2, type, &size, NULL, 0) == -1 || strcmp(type, "Linux") != 0)
		err(1, "ostype");
	free(emalloc(10));
}

#define OPTSTRING "o:rs"
#include "parse.h"
