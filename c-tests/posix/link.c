/*
 * link.c: more names for what is there.
 */
#include "posix.h"

static bool
same(const char *left, const char *right)
{
	struct stat l, r;

	return lstat(left, &l) == 0 && lstat(right, &r) == 0 && l.st_ino == r.st_ino && l.st_dev == r.st_dev;
}

static void
files(void)
{
	int i;
	char name[20];

	scene("a file");
	put("a", "text");
	mark("a");
	mark(".");
	OK(link("a", "b"));
	MOVED("c", "a");
	MOVED("mc", ".");
	look("a");
	look("b");
	HOLDS(same("a", "b"));
	OK(chmod("b", 0600));
	put("b", "longer text");
	look("a");
	content("a");
	dir("d");
	OK(link("a", "d/c"));
	HOLDS(same("a", "d/c"));
	mark("b");
	OK(unlink("a"));
	MOVED("c", "b");
	look("d/c");
	OK(unlink("b"));
	look("d/c");
	content("d/c");
	scene("a hundred names");
	touch("many");
	for (i = 0; i < 99; i++) {
		snprintf(name, sizeof(name), "d/m%02d", i);
		MUST(link("many", name));
	}
	look("many");
	for (i = 0; i < 99; i++) {
		snprintf(name, sizeof(name), "d/m%02d", i);
		MUST(unlink(name));
	}
	look("many");
	OK(unlink("many"));
}

static void
refused(void)
{
	scene("refused");
	put("a", "text");
	touch("b");
	mark("a");
	mark(".");
	FAILS(EEXIST, link("a", "b"));
	FAILS(EEXIST, link("a", "a"));
	FAILS(EEXIST, link("a", "d"));
	FAILS(EPERM, link("d", "x"));
	FAILS(ENOENT, link("none", "x"));
	FAILS(ENOENT, link("a", "none/x"));
	FAILS(ENOTDIR, link("a", "b/x"));
	FAILS(EXDEV, link("/proc/version", "x"));
	FAILS(EINVAL, linkat(AT_FDCWD, "a", AT_FDCWD, "x", AT_SYMLINK_NOFOLLOW));
	MOVED("", "a");
	MOVED("", ".");
	look("a");
}

static void
symlinks(void)
{
	int fd;

	scene("a symlink");
	MUST(symlink("a", "s"));
	OK(link("s", "s2"));
	look("s2");
	look("a");
	OK(linkat(AT_FDCWD, "s", AT_FDCWD, "a2", AT_SYMLINK_FOLLOW));
	look("a2");
	HOLDS(same("a", "a2"));
	MUST(symlink("d", "sd"));
	FAILS(EPERM, linkat(AT_FDCWD, "sd", AT_FDCWD, "x", AT_SYMLINK_FOLLOW));
	MUST(symlink("none", "dangling"));
	FAILS(ENOENT, linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW));
	OK(link("dangling", "dangling2"));
	FAILS(EEXIST, link("a", "dangling"));
	scene("an open file");
	fd = (int)MUST(open("a", O_RDONLY));
	OK(linkat(fd, "", AT_FDCWD, "a3", AT_EMPTY_PATH));
	HOLDS(same("a", "a3"));
	FAILS(ENOENT, linkat(fd, "", AT_FDCWD, "a4", 0));
	MUST(unlink("a"));
	MUST(unlink("a2"));
	MUST(unlink("a3"));
	lookfd("a", fd);
	/* What has lost its last name gets none again. */
	FAILS(ENOENT, linkat(fd, "", AT_FDCWD, "a4", AT_EMPTY_PATH));
	close(fd);
	scene("special files");
	MUST(mkfifo("p", 0644));
	OK(link("p", "p2"));
	look("p");
	HOLDS(same("p", "p2"));
	list(".");
}

void
topic_link(void)
{
	files();
	refused();
	symlinks();
}
