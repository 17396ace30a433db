/*
 * cipher.c: includes and needs of a file system that changes names: a walk over the records of a directory.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

PUFFSOP_PROTOS(cipher)

static void
turn(void *buf, size_t buflen)
{
	uint8_t *b = buf;

	while (buflen--) {
		if (isalpha(*b))
			*b = (uint8_t)(tolower(*b) <= 'm' ? *b + 13 : *b - 13);
		b++;
	}
}

int
cipher_node_readdir(struct puffs_usermount *pu, void *opc, struct dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{
	struct dirent *dp = dent;
	size_t rl = *reslen;

	(void)pu, (void)opc, (void)readoff, (void)pcr, (void)eofflag, (void)cookies, (void)ncookies;
	puffs_nextdent(&dent, "hello", 1, DT_REG, reslen);
	puffs_nextdent(&dent, "abc", 2, DT_REG, reslen);
	while (rl > *reslen) {
		turn((uint8_t *)dp->d_name, dp->d_namlen);
		rl -= _DIRENT_SIZE(dp);
		dp = _DIRENT_NEXT(dp);
	}
	return rl == *reslen ? 0 : EINVAL;
}

static void
speciality(void)
{
	struct dirent two[2];
	size_t left = sizeof(two);
	int error;

	if ((error = cipher_node_readdir(NULL, NULL, two, NULL, &left, NULL, NULL, NULL, NULL)) != 0)
		errx(1, "readdir: %d", error);
	if (strcmp(two[0].d_name, "uryyb") != 0)
		errx(1, "%s", two[0].d_name);
}

#define OPTSTRING "fo:s"
#include "parse.h"
