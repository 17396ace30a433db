/*
 * mounted.h: what the programs of the guest's tests have in common that look at a mount, at `dir`. They wait for what can be seen, and no longer than
 * anybody would.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(what) do { if (!(what)) fail(__LINE__, #what); } while (0)
#define PATIENCE 60	/* seconds */

static const char *dir;

static void
fail(int line, const char *what)
{

	fprintf(stderr, "line %d: %s (%s)\n", line, what, strerror(errno));
	exit(1);
}

/* A file of the mount, opened. */
static inline int
open_in(const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	CHECK((fd = open(path, flags)) != -1);
	return fd;
}
