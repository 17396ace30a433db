/*
 * falloc.c: fallocate: room in advance, room given back.
 */
#include "posix.h"

static long
blocks(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 ? -1 : (long)st.st_blocks;
}

static long
size(int fd)
{
	struct stat st;

	return fstat(fd, &st) == -1 ? -1 : (long)st.st_size;
}

static bool
zero(int fd, off_t at, size_t len)
{
	char *buf = malloc(len);
	size_t i;

	for (i = 0; pread(fd, buf, len, at) == (ssize_t)len && i < len && buf[i] == 0; i++)
		continue;
	free(buf);
	return i == len;
}

void
topic_falloc(void)
{
	char buf[16];
	int fd, pipes[2];
	long before;

	scene("to grow");
	fd = (int)OK(open("f", O_CREAT | O_RDWR, 0644));
	OK(fallocate(fd, 0, 0, 100000));
	IS(100000, size(fd));
	HOLDS(blocks(fd) >= 100000 / 512);
	HOLDS(zero(fd, 0, 100000));
	scene("where there is something");
	IS(5, pwrite(fd, "hello", 5, 1000));
	OK(fallocate(fd, 0, 0, 50000));
	IS(100000, size(fd));
	IS(5, pread(fd, buf, 5, 1000));
	HOLDS(memcmp(buf, "hello", 5) == 0);
	mark("f");
	OK(fallocate(fd, 0, 100000, 1));
	MOVED("mc", "f");
	IS(100001, size(fd));
	scene("posix_fallocate");
	IS(0, posix_fallocate(fd, 200000, 10));
	IS(200010, size(fd));
	scene("keeping the size");
	MUST(ftruncate(fd, 0));
	OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 65536));
	IS(0, size(fd));
	HOLDS(blocks(fd) >= 65536 / 512);
	IS(4, write(fd, "text", 4));
	IS(4, size(fd));
	content("f");
	scene("punching a hole");
	MUST(ftruncate(fd, 0));
	fill((uint8_t *)buf, 16, 1);
	for (before = 0; before < 10 * 4096; before += 16)
		MUST(pwrite(fd, buf, 16, before));
	before = blocks(fd);
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096 + 100, 4 * 4096));
	HOLDS(zero(fd, 4096 + 100, 4 * 4096));
	IS(40960, size(fd));
	HOLDS(blocks(fd) < before);
	IS(16, pread(fd, buf, 16, 4080));
	IS(16, differs((uint8_t *)buf, 16, 1));
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 30000, 100000));
	HOLDS(zero(fd, 30000, 10960));
	IS(40960, size(fd));
	mark("f");
	OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 10));
	MOVED("mc", "f");
	content("f");
	scene("refused");
	FAILS(EINVAL, fallocate(fd, 0, 0, 0));
	FAILS(EINVAL, fallocate(fd, 0, -1, 10));
	FAILS(EINVAL, fallocate(fd, 0, 0, -10));
	FAILS(EFBIG, fallocate(fd, 0, INT64_MAX, 10));
	FAILS(EOPNOTSUPP, fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	FAILS(EOPNOTSUPP, fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
	FAILS(EOPNOTSUPP, fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096));
	FAILS(EOPNOTSUPP, fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 4096));
	IS(40960, size(fd));
	close(fd);
	FAILS(EBADF, fallocate(fd, 0, 0, 10));
	fd = (int)MUST(open("f", O_RDONLY));
	FAILS(EBADF, fallocate(fd, 0, 0, 10));
	close(fd);
	dir("d");
	fd = (int)MUST(open("d", O_RDONLY));
	FAILS(EBADF, fallocate(fd, 0, 0, 10));
	close(fd);
	MUST(pipe(pipes));
	FAILS(ESPIPE, fallocate(pipes[1], 0, 0, 10));
	scene("more than there is");
	fd = (int)MUST(open("g", O_CREAT | O_RDWR, 0644));
	FAILS(ENOSPC, fallocate(fd, 0, 0, (off_t)1 << 40));
	IS(0, size(fd));
	close(fd);
}
