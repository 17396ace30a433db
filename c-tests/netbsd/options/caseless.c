/*
 * caseless.c: includes and needs of a file system that takes letters for the same: readdir_r on NetBSD's records.
 */
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void
speciality(void)
{
	struct dirent entry, *result;
	int found = 0;
	DIR *dp;

	if ((dp = opendir("/")) == NULL)
		err(1, "opendir");
	while (readdir_r(dp, &entry, &result) == 0 && result != NULL)
		if (result->d_namlen == 3 && strcasecmp(result->d_name, "TMP") == 0)
			found = result == &entry;
	closedir(dp);
	if (!found)
		errx(1, "no /tmp");
}

#include "parse.h"
