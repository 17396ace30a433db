/*
 * utimens.c: setting times, and who may.
 */
#include "posix.h"

#include <sys/time.h>

static const char *
when(struct timespec ts, char *buf)
{
	/* What is not from these tests is the present. */
	if (ts.tv_sec > 1600000000 && ts.tv_sec < 3000000000)
		return "now";
	snprintf(buf, 40, "%jd.%09ld", (intmax_t)ts.tv_sec, ts.tv_nsec);
	return buf;
}

static void
show_times(const char *path)
{
	char a[40], m[40];
	struct stat st;

	if (MUST(lstat(path, &st)) == 0)
		show(path, "atime %s mtime %s", when(st.st_atim, a), when(st.st_mtim, m));
}

static int
set(const char *path, time_t asec, long ansec, time_t msec, long mnsec, int flags)
{
	const struct timespec both[2] = {{asec, ansec}, {msec, mnsec}};

	return utimensat(AT_FDCWD, path, both, flags);
}

static void
values(void)
{
	const struct timespec both[2] = {{1, 2}, {3, 4}};
	int fd;

	scene("values");
	touch("f");
	OK(set("f", 1000000000, 123456789, 1100000000, 987654321, 0));
	show_times("f");
	OK(set("f", 0, 0, 0, 1, 0));
	show_times("f");
	OK(set("f", -1, 999999999, -2, 0, 0));
	show_times("f");
	OK(set("f", 4294967295, 0, 4294967296, 5, 0));
	show_times("f");
	OK(set("f", 8589934592, 0, 15032385535, 0, 0)); /* as far as ext4 goes */
	show_times("f");
	OK(set("f", -2147483648, 0, 3000000000, 999999999, 0));
	show_times("f");
	scene("now and never");
	OK(set("f", 0, UTIME_OMIT, 1, 1, 0));
	show_times("f");
	OK(set("f", 2, 2, 0, UTIME_OMIT, 0));
	show_times("f");
	OK(set("f", 0, UTIME_OMIT, 0, UTIME_OMIT, 0));
	show_times("f");
	OK(set("f", 0, UTIME_NOW, 0, UTIME_OMIT, 0));
	show_times("f");
	OK(set("f", 5, 5, 0, UTIME_NOW, 0));
	show_times("f");
	OK(set("f", 5, 5, 6, 6, 0));
	OK(utimensat(AT_FDCWD, "f", NULL, 0));
	show_times("f");
	scene("refused");
	OK(set("f", 5, 5, 6, 6, 0));
	FAILS(EINVAL, set("f", 0, 1000000000, 0, 0, 0));
	FAILS(EINVAL, set("f", 0, 0, 0, -1, 0));
	FAILS(EINVAL, set("f", 0, 0, 0, 0, AT_REMOVEDIR));
	FAILS(ENOENT, set("none", 0, UTIME_NOW, 0, UTIME_NOW, 0));
	show_times("f");
	scene("descriptors");
	fd = (int)MUST(open("f", O_RDONLY));
	OK(futimens(fd, both));
	show_times("f");
	close(fd);
	FAILS(EBADF, futimens(fd, both));
	scene("ctime");
	mark("f");
	OK(set("f", 1000000000, 0, 1000000000, 0, 0));
	MOVED("c", "f");
	mark("f");
	OK(set("f", 0, UTIME_OMIT, 0, UTIME_OMIT, 0));
	MOVED("", "f");
	scene("older calls");
	OK(utimes("f", (struct timeval[2]){{7, 8}, {9, 10}}));
	show_times("f");
}

static void
kinds(void)
{
	dir("d");
	MUST(mkfifo("p", 0644));
	MUST(symlink("f", "s"));
	scene("directory");
	OK(set("d", 1, 1, 2, 2, 0));
	show_times("d");
	scene("fifo");
	OK(set("p", 1, 1, 2, 2, 0));
	show_times("p");
	scene("symlink");
	OK(set("f", 3, 3, 4, 4, 0));
	OK(set("s", 1, 1, 2, 2, AT_SYMLINK_NOFOLLOW));
	show_times("s");
	show_times("f");
	OK(set("s", 5, 5, 6, 6, 0));
	show_times("s");
	show_times("f");
}

static void
rights(void)
{
	touch("shared");
	touch("closed");
	MUST(chmod("shared", 0666));
	MUST(chmod("closed", 0644));
	scene("by one who may write");
	AS(ALICE) {
		OK(utimensat(AT_FDCWD, "shared", NULL, 0));
		OK(set("shared", 0, UTIME_NOW, 0, UTIME_NOW, 0));
		FAILS(EPERM, set("shared", 1, 1, 2, 2, 0));
		FAILS(EPERM, set("shared", 0, UTIME_NOW, 0, UTIME_OMIT, 0));
		FAILS(EPERM, set("shared", 0, UTIME_OMIT, 0, UTIME_NOW, 0));
		FAILS(EPERM, set("shared", 1, 1, 0, UTIME_NOW, 0));
		OK(set("shared", 0, UTIME_OMIT, 0, UTIME_OMIT, 0));
	}
	show_times("shared");
	scene("by one who may not");
	AS(ALICE) {
		FAILS(EACCES, utimensat(AT_FDCWD, "closed", NULL, 0));
		FAILS(EACCES, set("closed", 0, UTIME_NOW, 0, UTIME_NOW, 0));
		FAILS(EPERM, set("closed", 1, 1, 2, 2, 0));
		OK(set("closed", 0, UTIME_OMIT, 0, UTIME_OMIT, 0));
	}
	scene("by the owner, who may not write");
	MUST(chmod("closed", 0));
	MUST(chown("closed", 41001, 41001));
	AS(ALICE) {
		OK(set("closed", 1, 1, 2, 2, 0));
		show_times("closed");
		OK(set("closed", 0, UTIME_NOW, 0, UTIME_OMIT, 0));
		show_times("closed");
		OK(utimensat(AT_FDCWD, "closed", NULL, 0));
		show_times("closed");
	}
}

void
topic_utimens(void)
{
	values();
	kinds();
	rights();
}
