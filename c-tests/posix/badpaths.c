/*
 * badpaths.c: paths that lead nowhere, for every call that takes one.
 */
#include "posix.h"

#include "calls.h"

static char path[5000];

void
topic_badpaths(void)
{
	int fd;

	touch("calls-file");
	touch("file");
	dir("d");

	scene("empty");
	all_fail(ENOENT, "", NONE);
	scene("no such name");
	all_fail(ENOENT, "none", MAKERS);
	scene("no such directory");
	all_fail(ENOENT, "none/x", NONE);
	scene("no such directory, further up");
	all_fail(ENOENT, "d/none/x/y", NONE);
	scene("below a file");
	all_fail(ENOTDIR, "file/x", NONE);
	scene("a file and dots");
	all_fail(ENOTDIR, "file/..", NONE);
	memset(path, 'n', 256);
	path[256] = '\0';
	scene("name too long");
	all_fail(ENAMETOOLONG, path, NONE);
	strcpy(path + 256, "/x");
	scene("directory's name too long");
	all_fail(ENAMETOOLONG, path, NONE);
	memset(path, '/', 4096);
	path[4096] = '\0';
	scene("path too long");
	all_fail(ENAMETOOLONG, path, NONE);

	scene("pointer to nowhere");
	FAILS(EFAULT, open((const char *)1, O_RDONLY));
	FAILS(EFAULT, mkdir((const char *)1, 0755));

	scene("descriptors");
	fd = (int)MUST(open("file", O_RDONLY));
	FAILS(ENOTDIR, openat(fd, "x", O_RDONLY));
	FAILS(ENOTDIR, mkdirat(fd, "x", 0755));
	FAILS(ENOTDIR, unlinkat(fd, "x", 0));
	FAILS(ENOTDIR, renameat(fd, "x", AT_FDCWD, "y"));
	FAILS(ENOTDIR, renameat(AT_FDCWD, "file", fd, "y"));
	FAILS(ENOTDIR, linkat(AT_FDCWD, "file", fd, "y", 0));
	FAILS(ENOTDIR, symlinkat("x", fd, "y"));
	FAILS(ENOTDIR, faccessat(fd, "x", F_OK, 0));
	close(fd);
	FAILS(EBADF, openat(fd, "x", O_RDONLY));
	FAILS(EBADF, unlinkat(fd, "x", 0));
	FAILS(EBADF, fchmod(fd, 0644));
	OK(openat(fd, "/", O_PATH) >= 0 ? 0 : -1); /* an absolute path needs none */

	/* Whoever stands in a directory that was removed finds nothing there, and can make nothing. */
	scene("removed working directory");
	CHILD {
		MUST(chdir("d"));
		OK(rmdir("../d"));
		FAILS(ENOENT, open("x", O_CREAT | O_WRONLY, 0644));
		FAILS(ENOENT, mkdir("x", 0755));
		FAILS(ENOENT, mkfifo("x", 0644));
		FAILS(ENOENT, symlink("target", "x"));
		FAILS(ENOENT, access("x", F_OK));
		FAILS(ENOENT, unlink("x"));
		FAILS(ENOENT, getcwd(path, sizeof(path)) == NULL ? -1 : 0);
		OK(access(".", F_OK));
		look(".");
		list(".");
	}
	scene("what is left");
	list(".");
}
