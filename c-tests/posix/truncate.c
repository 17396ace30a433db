/*
 * truncate.c: truncate and ftruncate.
 */
#include "posix.h"

#include <limits.h>
#include <sys/resource.h>

static void
sizes(void)
{
	char buf[16];
	int fd;

	scene("shorter and longer");
	put("f", "hello, world");
	mark("f");
	OK(truncate("f", 5));
	MOVED("mc", "f");
	content("f");
	mark("f");
	OK(truncate("f", 8));
	MOVED("mc", "f");
	content("f"); /* zeros, not what was there */
	OK(truncate("f", 0));
	OK(truncate("f", 3));
	content("f");
	scene("the size it has");
	put("f", "hello");
	mark("f");
	OK(truncate("f", 5));
	MOVED("mc", "f");
	fd = (int)MUST(open("f", O_RDWR));
	mark("f");
	OK(ftruncate(fd, 5));
	MOVED("mc", "f");
	close(fd);
	scene("across pages");
	fd = (int)MUST(open("g", O_CREAT | O_RDWR, 0644));
	IS(6, pwrite(fd, "middle", 6, 8190));
	OK(ftruncate(fd, 8193));
	OK(ftruncate(fd, 20000));
	IS(10, pread(fd, buf, 10, 8188));
	HOLDS(memcmp(buf, "\0\0mid\0\0\0\0\0", 10) == 0);
	IS(16, pread(fd, buf, 16, 12288));
	HOLDS(memcmp(buf, (char[16]){0}, 16) == 0);
	look("g");
	scene("the offset stays");
	OK(lseek(fd, 100, SEEK_SET));
	OK(ftruncate(fd, 0));
	IS(100, lseek(fd, 0, SEEK_CUR));
	IS(0, read(fd, buf, 1));
	IS(1, write(fd, "x", 1));
	look("g");
	close(fd);
}

/* The limit is for all files, and the lines may go to one. */
static void
limit(rlim_t size)
{
	struct rlimit limit = {size, RLIM_INFINITY};
	int error = errno;

	setrlimit(RLIMIT_FSIZE, &limit);
	errno = error;
}

static int
limited_truncate(int fd, off_t size)
{
	int result;

	limit(10);
	result = ftruncate(fd, size);
	limit(RLIM_INFINITY);
	return result;
}

static ssize_t
limited_write(int fd, const char *text, off_t at)
{
	ssize_t result;

	limit(10);
	result = pwrite(fd, text, strlen(text), at);
	limit(RLIM_INFINITY);
	return result;
}

static void
refused(void)
{
	int fd;

	put("f", "hello");
	dir("d");
	MUST(mkfifo("p", 0644));
	MUST(mknod("k", S_IFSOCK | 0644, 0));
	scene("refused");
	FAILS(EINVAL, truncate("f", -1));
	FAILS(EISDIR, truncate("d", 0));
	FAILS(EINVAL, truncate("p", 0));
	FAILS(EINVAL, truncate("k", 0));
	FAILS(ENOENT, truncate("none", 0));
	fd = (int)MUST(open("f", O_RDONLY));
	FAILS(EINVAL, ftruncate(fd, 0));
	close(fd);
	fd = (int)MUST(open("f", O_RDWR));
	FAILS(EINVAL, ftruncate(fd, -5));
	FAILS(EINVAL, ftruncate(fd, LONG_MIN));
	close(fd);
	FAILS(EBADF, ftruncate(fd, 0));
	fd = (int)MUST(open("p", O_RDWR));
	FAILS(EINVAL, ftruncate(fd, 0));
	close(fd);
	content("f");
	scene("past the limit of the process");
	fd = (int)MUST(open("f", O_RDWR));
	FAILS(EFBIG, limited_truncate(fd, 11));
	OK(limited_truncate(fd, 10));
	FAILS(EFBIG, limited_write(fd, "x", 10));
	IS(2, limited_write(fd, "abcd", 8)); /* as much as there is room */
	close(fd);
	content("f");
	scene("by others");
	MUST(chmod("f", 0644));
	AS(ALICE) {
		FAILS(EACCES, truncate("f", 0));
	}
	MUST(chmod("f", 0222));
	AS(ALICE) {
		OK(truncate("f", 3));
	}
	look("f");
	scene("very long");
	OK(truncate("f", LONG_MAX));
	look("f");
	OK(truncate("f", (off_t)1 << 42));
	look("f");
	OK(truncate("f", 1));
	look("f");
	scene("an open file");
	fd = (int)MUST(open("f", O_RDWR));
	MUST(write(fd, "12345", 5));
	OK(truncate("f", 2));
	IS(0, read(fd, (char[4]){0}, 4));
	IS(2, pread(fd, (char[4]){0}, 4, 0));
	lookfd("f", fd);
	close(fd);
}

void
topic_truncate(void)
{
	sizes();
	refused();
}
