/*
 * nine.c: includes and needs of a file system over a network.
 */
#include <sys/cdefs.h>
#ifndef lint
__RCSID("$NetBSD$");
#endif /* !lint */

#include <sys/types.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <assert.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <puffs.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <util.h>

#include <sys/queue.h>

static void lost(void) __dead;
static void
lost(void)
{

	err(1, "lost");
}

static void
speciality(void)
{
	struct hostent *he;
	struct passwd *pw;
	uint16_t tag = 0x1234;
	uint32_t length;
	u_quad_t qid = 1;
	int yes = 1, s;

	if ((pw = getpwuid(getuid())) == NULL || pw->pw_name == NULL)
		lost();
	if ((he = gethostbyname2("127.0.0.1", AF_INET)) == NULL || he->h_length != 4)
		lost();
	if ((s = socket(AF_INET, SOCK_STREAM, 0)) == -1 || ioctl(s, FIONBIO, &yes) == -1)
		lost();
	close(s);
	HTOLE16(tag);
	LE16TOH(tag);
	length = htole32(9);
	LE32TOH(length);
	if (tag != 0x1234 || length != 9 || le32toh(htole32(3)) != 3 || MIN(qid, 2) != 1)
		lost();
	free(ecalloc(2, 3));
}

#define OPTSTRING "46o:p:su"
#include "parse.h"
