/*
 * removal.c: unlink, rmdir, unlinkat, remove.
 */
#include "posix.h"

static void
kinds(void)
{
	scene("unlink");
	put("f", "text");
	MUST(symlink("d", "s"));
	MUST(mkfifo("p", 0644));
	MUST(mknod("k", S_IFSOCK | 0644, 0));
	dir("d");
	OK(unlink("f"));
	FAILS(ENOENT, unlink("f"));
	OK(unlink("s"));
	OK(unlink("p"));
	OK(unlink("k"));
	FAILS(EISDIR, unlink("d"));
	list(".");

	scene("rmdir");
	put("f", "text");
	MUST(symlink("d", "s"));
	MUST(mkfifo("p", 0644));
	FAILS(ENOTDIR, rmdir("f"));
	FAILS(ENOTDIR, rmdir("s"));
	FAILS(ENOTDIR, rmdir("p"));
	touch("d/x");
	FAILS(ENOTEMPTY, rmdir("d"));
	OK(unlink("d/x"));
	MUST(mkdir("d/e", 0755));
	FAILS(ENOTEMPTY, rmdir("d"));
	OK(rmdir("d/e"));
	MUST(symlink("x", "d/l"));
	FAILS(ENOTEMPTY, rmdir("d"));
	OK(unlink("d/l"));
	OK(rmdir("d"));
	FAILS(ENOENT, rmdir("d"));
	list(".");

	scene("remove");
	dir("d");
	OK(remove("d"));
	OK(remove("f"));
	OK(remove("s"));
	OK(remove("p"));
	list(".");
}

static void
at(void)
{
	int fd;

	scene("unlinkat");
	dir("d");
	dir("d/e");
	touch("d/f");
	fd = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
	FAILS(EISDIR, unlinkat(fd, "e", 0));
	FAILS(ENOTDIR, unlinkat(fd, "f", AT_REMOVEDIR));
	FAILS(EINVAL, unlinkat(fd, "f", AT_SYMLINK_FOLLOW));
	FAILS(EINVAL, unlinkat(fd, ".", AT_REMOVEDIR));
	FAILS(ENOENT, unlinkat(fd, "", AT_REMOVEDIR));
	OK(unlinkat(fd, "e", AT_REMOVEDIR));
	OK(unlinkat(fd, "f", 0));
	OK(rmdir("d"));
	FAILS(ENOENT, unlinkat(fd, "f", 0));
	FAILS(ENOENT, openat(fd, "f", O_CREAT | O_WRONLY, 0644));
	FAILS(ENOENT, mkdirat(fd, "f", 0755));
	FAILS(ENOENT, symlinkat("x", fd, "f"));
	touch("out");
	FAILS(ENOENT, linkat(AT_FDCWD, "out", fd, "in", 0));
	FAILS(ENOENT, renameat(AT_FDCWD, "out", fd, "in"));
	lookfd("d", fd);
	close(fd);
	MUST(unlink("out"));
}

static void
times(void)
{
	int fd;

	scene("times");
	dir("w");
	touch("w/f");
	MUST(link("w/f", "g"));
	dir("w/d");
	mark("w");
	mark("g");
	OK(unlink("w/f"));
	MOVED("mc", "w");
	MOVED("c", "g");
	look("g");
	mark("w");
	OK(rmdir("w/d"));
	MOVED("mc", "w");
	look("w");
	mark("w");
	FAILS(ENOENT, unlink("w/f"));
	FAILS(ENOENT, rmdir("w/d"));
	MOVED("", "w");
	scene("while open");
	fd = (int)MUST(open("g", O_RDWR));
	OK(unlink("g"));
	lookfd("g", fd);
	IS(4, write(fd, "more", 4));
	lookfd("g", fd);
	close(fd);
	OK(rmdir("w"));
}

/* The same name, of ever another kind. */
static void
again(void)
{
	int i, bad = 0, fd;

	scene("the same name a hundred times");
	for (i = 0; i < 100; i++) {
		if (mkdir("n", 0755) == -1 || rmdir("n") == -1)
			bad++;
		if ((fd = open("n", O_CREAT | O_EXCL | O_WRONLY, 0644)) == -1 || close(fd) == -1 ||
		    unlink("n") == -1)
			bad++;
		if (symlink("x", "n") == -1 || unlink("n") == -1)
			bad++;
		if (mkfifo("n", 0644) == -1 || unlink("n") == -1)
			bad++;
		if (access("n", F_OK) == 0)
			bad++;
	}
	IS(0, bad);
	look("n");
}

void
topic_removal(void)
{
	kinds();
	at();
	times();
	again();
	list(".");
}
