/*
 * nlink.c: link counts, after everything that changes them.
 */
#include "posix.h"

static long
links(const char *path)
{
	struct stat st;

	return lstat(path, &st) == -1 ? -1 : (long)st.st_nlink;
}

void
topic_nlink(void)
{
	struct stat st;
	int fd;

	scene("directories");
	IS(2, links("."));
	dir("a");
	IS(3, links("."));
	IS(2, links("a"));
	dir("a/b");
	dir("a/c");
	touch("a/f");
	MUST(symlink("b", "a/s"));
	IS(4, links("a"));
	IS(3, links("."));
	OK(rmdir("a/c"));
	IS(3, links("a"));
	OK(rename("a/b", "b"));
	IS(2, links("a"));
	IS(4, links("."));
	IS(2, links("b"));
	OK(rename("b", "c"));
	IS(4, links("."));
	scene("a directory over another");
	dir("a/empty");
	OK(rename("c", "a/empty"));
	IS(3, links("."));
	IS(3, links("a"));
	IS(2, links("a/empty"));
	dir("a/two");
	OK(rename("a/empty", "a/two"));
	IS(3, links("a"));
	scene("refusals change nothing");
	FAILS(EEXIST, mkdir("a/two", 0755));
	FAILS(ENOTEMPTY, rmdir("a"));
	FAILS(EINVAL, rename("a", "a/two/x"));
	FAILS(ENOTDIR, rename("a/two", "a/f"));
	FAILS(EISDIR, rename("a/f", "a/two"));
	IS(3, links("a"));
	IS(2, links("a/two"));
	IS(1, links("a/f"));
	scene("files");
	OK(link("a/f", "g"));
	IS(2, links("a/f"));
	OK(link("g", "a/two/h"));
	IS(3, links("g"));
	OK(rename("g", "i"));
	IS(3, links("i"));
	touch("j");
	OK(rename("j", "i")); /* replaces one of three */
	IS(1, links("i"));
	IS(2, links("a/f"));
	OK(rename("a/f", "a/two/h")); /* the same file: nothing happens */
	IS(2, links("a/f"));
	FAILS(EEXIST, link("a/f", "i"));
	IS(2, links("a/f"));
	OK(unlink("a/f"));
	IS(1, links("a/two/h"));
	scene("the last one");
	fd = (int)MUST(open("a/two/h", O_RDONLY));
	OK(unlink("a/two/h"));
	MUST(fstat(fd, &st));
	IS(0, st.st_nlink);
	close(fd);
	fd = (int)MUST(open("a/two", O_RDONLY));
	OK(rmdir("a/two"));
	MUST(fstat(fd, &st));
	IS(0, st.st_nlink);
	close(fd);
	scene("a replaced one");
	fd = (int)MUST(open("i", O_RDONLY));
	touch("k");
	OK(rename("k", "i"));
	MUST(fstat(fd, &st));
	IS(0, st.st_nlink);
	close(fd);
	scene("others");
	MUST(mkfifo("p", 0644));
	IS(1, links("p"));
	MUST(symlink("x", "s"));
	IS(1, links("s"));
	OK(link("s", "t"));
	IS(2, links("s"));
	OK(unlink("s"));
	IS(1, links("t"));
}
