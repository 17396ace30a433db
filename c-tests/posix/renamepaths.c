/*
 * renamepaths.c: renames of directories with what is in and around them, of what is open, and what they do to times.
 */
#include "posix.h"

static void
below(void)
{
	scene("below itself");
	dir("a");
	dir("a/b");
	dir("a/b/c");
	FAILS(EINVAL, rename("a", "a/x"));
	FAILS(EINVAL, rename("a", "a/b"));
	FAILS(EINVAL, rename("a", "a/b/c/x"));
	FAILS(EINVAL, rename("a/b", "a/b/c"));
	scene("onto what it is in");
	FAILS(ENOTEMPTY, rename("a/b/c", "a"));
	FAILS(ENOTEMPTY, rename("a/b", "a"));
	put("a/f", "text");
	FAILS(ENOTEMPTY, rename("a/f", "a"));
	MUST(unlink("a/f"));
	scene("itself");
	OK(rename("a", "a"));
	OK(rename("a/b", "./a//b"));
	put("f", "text");
	mark("f");
	mark(".");
	OK(rename("f", "f"));
	MOVED("", "f");
	MOVED("", ".");
	scene("two names of one file");
	MUST(link("f", "g"));
	mark("f");
	mark(".");
	OK(rename("f", "g"));
	look("f");
	look("g");
	MOVED("", "f");
	MOVED("", ".");
	MUST(unlink("g"));
	list(".");
}

static void
around(void)
{
	char cwd[4096];
	struct stat up, z;

	scene("a directory elsewhere");
	dir("z");
	put("a/b/c/deep", "deep");
	look("a");
	mark("a");
	mark("z");
	mark("a/b");
	OK(rename("a/b", "z/moved"));
	MOVED("mc", "a");
	MOVED("mc", "z");
	look("a");
	look("z");
	look("z/moved");
	content("z/moved/c/deep");
	MUST(stat("z/moved/..", &up));
	MUST(stat("z", &z));
	HOLDS(up.st_ino == z.st_ino);
	FAILS(ENOENT, access("a/b", F_OK));
	scene("where somebody stands");
	CHILD {
		MUST(chdir("z/moved/c"));
		OK(rename("../../../z", "../../../a/zz"));
		content("deep");
		OK(access("../../../../a", F_OK));
		HOLDS(getcwd(cwd, sizeof(cwd)) != NULL && strlen(cwd) > 12 &&
		    strcmp(cwd + strlen(cwd) - 13, "/a/zz/moved/c") == 0);
		OK(rename("../../../zz", "../../../../z"));
	}
	list("z");
	list("a");
	scene("a full directory over an empty one");
	dir("empty");
	OK(rename("z", "empty"));
	look("empty");
	look(".");
	list("empty/moved");
	scene("back");
	OK(rename("empty/moved", "a/b"));
	OK(rmdir("empty"));
	look(".");
}

static void
open_ones(void)
{
	char buf[8];
	int fd, over;

	scene("while open");
	put("f", "first");
	put("g", "second");
	fd = (int)MUST(open("f", O_RDWR));
	over = (int)MUST(open("g", O_RDWR));
	OK(rename("f", "g"));
	lookfd("renamed", fd);
	lookfd("replaced", over);
	IS(6, read(over, buf, sizeof(buf)));
	HOLDS(memcmp(buf, "second", 6) == 0);
	IS(2, write(over, "ly", 2));
	IS(5, read(fd, buf, sizeof(buf)));
	HOLDS(memcmp(buf, "first", 5) == 0);
	IS(1, write(fd, "!", 1));
	content("g");
	lookfd("replaced", over);
	close(fd);
	close(over);
	scene("a replaced directory that is open");
	dir("old");
	touch("old/x");
	dir("new");
	fd = (int)MUST(open("new", O_RDONLY));
	OK(rename("old", "new"));
	lookfd("replaced", fd);
	FAILS(ENOENT, openat(fd, "x", O_RDONLY));
	FAILS(ENOENT, openat(fd, "y", O_CREAT | O_WRONLY, 0644));
	close(fd);
	list("new");
}

static void
times(void)
{
	scene("times");
	dir("p");
	dir("q");
	put("p/f", "text");
	mark("p");
	mark("q");
	mark("p/f");
	OK(rename("p/f", "q/f"));
	MOVED("mc", "p");
	MOVED("mc", "q");
	scene("times of what is renamed");
	mark("q/f");
	OK(rename("q/f", "q/g"));
	MUST(rename("q/g", "q/f"));
	MOVED("c", "q/f");
	scene("times of what lives on by another name");
	put("q/h", "other");
	MUST(link("q/h", "p/h"));
	mark("p/h");
	OK(rename("q/f", "q/h"));
	look("p/h");
	MOVED("c", "p/h");
	scene("times after a refusal");
	dir("q/d");
	mark("p");
	mark("q");
	FAILS(EISDIR, rename("p/h", "q/d"));
	FAILS(ENOENT, rename("p/none", "q/x"));
	MOVED("", "p");
	MOVED("", "q");
	FAILS(EXDEV, rename("p/h", "/proc/x"));
}

void
topic_renamepaths(void)
{
	below();
	around();
	open_ones();
	times();
}
