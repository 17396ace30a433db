/*
 * search.c: the right to search a directory, for every call that takes a path; writing to a directory that is not
 * ours; and descriptors that lead around all that.
 */
#include "posix.h"

#include "calls.h"

void
topic_search(void)
{
	int fd;

	MUST(chmod(".", 0777));
	touch("calls-file");
	MUST(chown("calls-file", 41001, 41001));
	dir("closed");
	dir("closed/in");
	touch("closed/in/x");
	MUST(chmod("closed/in/x", 0666));
	MUST(chmod("closed/in", 0777));
	MUST(chmod("closed", 0644));
	AS(ALICE) {
		scene("no search");
		all_fail(EACCES, "closed/x", NONE);
		scene("no search, further up");
		all_fail(EACCES, "closed/in/x", NONE);
		scene("no search, back again");
		all_fail(EACCES, "closed/../calls-file", NONE);
		scene("no search, but reading");
		FAILS(EACCES, chdir("closed"));
		OK(close(open("closed", O_RDONLY)));
		HOLDS(opendir("closed") != NULL);
	}
	scene("through a symlink");
	MUST(symlink("closed/in", "l"));
	AS(ALICE) {
		FAILS(EACCES, open("l/x", O_RDONLY));
		FAILS(EACCES, access("l", F_OK));
		look("l");
	}
	scene("with a descriptor from before");
	fd = (int)MUST(open("closed/in", O_RDONLY));
	AS(ALICE) {
		OK(close(openat(fd, "x", O_RDWR)));
		OK(mkdirat(fd, "hers", 0755));
		OK(fchdir(fd));
		OK(access("x", W_OK));
		FAILS(EACCES, access("../in/x", F_OK));
	}
	close(fd);
	scene("searched for root");
	OK(access("closed/in/x", R_OK));
	look("closed/in/hers");
	scene("a right that comes and goes");
	MUST(chmod("closed", 0711));
	AS(ALICE) {
		OK(access("closed/in/x", F_OK));
		FAILS(EACCES, open("closed", O_RDONLY));
	}
	MUST(chmod("closed", 0700));
	AS(ALICE) {
		FAILS(EACCES, access("closed/in/x", F_OK));
	}
	MUST(chown("closed", 41001, 0));
	AS(ALICE) {
		OK(access("closed/in/x", F_OK));
	}
	scene("may not write");
	dir("roots");
	touch("roots/f");
	AS(ALICE) {
		FAILS(EACCES, open("roots/new", O_CREAT | O_WRONLY, 0644));
		FAILS(EACCES, mkdir("roots/new", 0755));
		FAILS(EACCES, mkfifo("roots/new", 0644));
		FAILS(EACCES, symlink("x", "roots/new"));
		FAILS(EACCES, link("calls-file", "roots/new"));
		FAILS(EACCES, unlink("roots/f"));
		FAILS(EACCES, rename("roots/f", "roots/new"));
		FAILS(EACCES, rename("roots/f", "got"));
		FAILS(EACCES, rename("calls-file", "roots/new"));
		/* What is there, or is not, comes before the right to write. */
		FAILS(EEXIST, mkdir("roots/f", 0755));
		FAILS(EEXIST, open("roots/f", O_CREAT | O_EXCL | O_WRONLY, 0644));
		FAILS(ENOENT, unlink("roots/none"));
		FAILS(ENOENT, rmdir("roots/none"));
		FAILS(EACCES, open("roots/f", O_CREAT | O_WRONLY, 0644));
		OK(close(open("roots/f", O_CREAT | O_RDONLY, 0644)));
	}
	list("roots");
}
