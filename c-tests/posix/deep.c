/*
 * deep.c: directories in directories, deeper than any path is long.
 */
#include "posix.h"

#define DEPTH 600
static const char *const name = "directory"; /* PATH_MAX is passed after some 400 */

void
topic_deep(void)
{
	char cwd[8192];
	struct stat top, st;
	int i, bad = 0, fd;

	MUST(stat(".", &top));
	scene("going down");
	fd = (int)MUST(open(".", O_RDONLY));
	for (i = 0; i < DEPTH; i++)
		bad += mkdir(name, 0755) == -1 || chdir(name) == -1;
	IS(0, bad);
	put("bottom", "reached");
	content("bottom");
	HOLDS(getcwd(cwd, sizeof(cwd)) == NULL || strlen(cwd) > (size_t)10 * DEPTH);
	FAILS(ENAMETOOLONG, getcwd(cwd, 4096) == NULL && errno == ERANGE ? (errno = ENAMETOOLONG, -1) : -1);
	scene("moving the top");
	OK(renameat(fd, name, fd, "other"));
	content("bottom");
	OK(mkdir("below", 0755));
	OK(rmdir("below"));
	FAILS(EINVAL, renameat(fd, "other", AT_FDCWD, "itself"));
	scene("going up");
	for (i = 0; i < DEPTH; i++)
		bad += chdir("..") == -1;
	IS(0, bad);
	MUST(stat(".", &st));
	HOLDS(st.st_ino == top.st_ino && st.st_dev == top.st_dev);
	scene("removing from the bottom");
	MUST(chdir("other"));
	for (i = 1; i < DEPTH; i++)
		bad += chdir(name) == -1;
	OK(unlink("bottom"));
	for (i = 1; i < DEPTH; i++)
		bad += chdir("..") == -1 || rmdir(name) == -1;
	MUST(chdir(".."));
	OK(rmdir("other"));
	IS(0, bad);
	look(".");
	list(".");
	close(fd);
}
