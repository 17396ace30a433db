/*
 * null.c: includes and needs of a null file system: lstat and struct stat, without the header that has them.
 */
#include <err.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
speciality(void)
{
	struct stat sb;
	struct puffs_node pn;

	if (lstat("/", &sb) == -1)
		err(1, "stat");
	puffs_stat2vattr(&pn.pn_va, &sb);
	if (pn.pn_va.va_type != VDIR || pn.pn_va.va_mtime.tv_sec != sb.st_mtimespec.tv_sec)
		errx(1, "not a directory");
}

#include "parse.h"
