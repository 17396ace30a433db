/*
 * seek.c: lseek.
 */
#include "posix.h"

#include <limits.h>

static void
plain(void)
{
	int fd, pipes[2];

	put("f", "0123456789");
	fd = (int)MUST(open("f", O_RDWR));
	scene("from the start");
	IS(0, lseek(fd, 0, SEEK_SET));
	IS(10, lseek(fd, 10, SEEK_SET));
	IS(1000, lseek(fd, 1000, SEEK_SET));
	FAILS(EINVAL, lseek(fd, -1, SEEK_SET));
	IS(1000, lseek(fd, 0, SEEK_CUR));
	IS(LONG_MAX, lseek(fd, LONG_MAX, SEEK_SET));
	IS(LONG_MAX - 1, lseek(fd, -1, SEEK_CUR));
	scene("from here");
	IS(5, lseek(fd, 5, SEEK_SET));
	IS(8, lseek(fd, 3, SEEK_CUR));
	IS(6, lseek(fd, -2, SEEK_CUR));
	FAILS(EINVAL, lseek(fd, -7, SEEK_CUR));
	IS(6, lseek(fd, 0, SEEK_CUR));
	scene("from the end");
	IS(10, lseek(fd, 0, SEEK_END));
	IS(15, lseek(fd, 5, SEEK_END));
	IS(0, lseek(fd, -10, SEEK_END));
	FAILS(EINVAL, lseek(fd, -11, SEEK_END));
	scene("from the end, moved by somebody else");
	OK(truncate("f", 4));
	IS(4, lseek(fd, 0, SEEK_END));
	scene("refused");
	FAILS(EINVAL, lseek(fd, 0, 99));
	FAILS(EINVAL, lseek(fd, LONG_MAX, SEEK_END));
	close(fd);
	FAILS(EBADF, lseek(fd, 0, SEEK_SET));
	MUST(pipe(pipes));
	FAILS(ESPIPE, lseek(pipes[0], 0, SEEK_SET));
	MUST(mkfifo("p", 0644));
	fd = (int)MUST(open("p", O_RDWR));
	FAILS(ESPIPE, lseek(fd, 0, SEEK_SET));
	FAILS(ESPIPE, pread(fd, (char[1]){0}, 1, 0));
	close(fd);
	scene("past the end and writing");
	fd = (int)MUST(open("f", O_RDWR));
	IS(8, lseek(fd, 8, SEEK_SET));
	look("f");
	IS(1, write(fd, "x", 1));
	content("f");
	close(fd);
}

static void
holes(void)
{
	int fd = (int)MUST(open("h", O_CREAT | O_RDWR, 0644));

	scene("data and holes of an empty file");
	FAILS(ENXIO, lseek(fd, 0, SEEK_DATA));
	FAILS(ENXIO, lseek(fd, 0, SEEK_HOLE));
	scene("data and holes without a hole");
	MUST(pwrite(fd, "0123456789", 10, 0));
	IS(0, lseek(fd, 0, SEEK_DATA));
	IS(5, lseek(fd, 5, SEEK_DATA));
	IS(10, lseek(fd, 0, SEEK_HOLE));
	IS(10, lseek(fd, 9, SEEK_HOLE));
	FAILS(ENXIO, lseek(fd, 10, SEEK_DATA));
	FAILS(ENXIO, lseek(fd, 10, SEEK_HOLE));
	FAILS(ENXIO, lseek(fd, -1, SEEK_DATA));
	/* A file system may say that it has no holes but at the end. */
	scene("data and holes");
	MUST(ftruncate(fd, 0));
	MUST(pwrite(fd, "data", 4, 1 << 20));
	MUST(ftruncate(fd, 2 << 20));
	GIVES(lseek(fd, 0, SEEK_DATA));
	GIVES(lseek(fd, 0, SEEK_HOLE));
	GIVES(lseek(fd, 1 << 20, SEEK_HOLE));
	GIVES(lseek(fd, (1 << 20) + 8192, SEEK_DATA));
	IS(1 << 20, lseek(fd, 1 << 20, SEEK_DATA));
	close(fd);
}

void
topic_seek(void)
{
	plain();
	holes();
}
