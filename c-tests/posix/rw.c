/*
 * rw.c: reading and writing, in all forms and at all places.
 */
#include "posix.h"

#include <limits.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>

static uint8_t big[5 << 20], back[5 << 20];

static void
simple(void)
{
	char buf[32];
	int fd, twin;

	scene("one after the other");
	fd = (int)OK(open("f", O_CREAT | O_RDWR, 0644));
	IS(0, read(fd, buf, sizeof(buf)));
	IS(5, write(fd, "hello", 5));
	IS(0, read(fd, buf, sizeof(buf)));
	IS(5, lseek(fd, 0, SEEK_CUR));
	IS(0, lseek(fd, 0, SEEK_SET));
	IS(2, read(fd, buf, 2));
	IS(3, read(fd, buf, sizeof(buf)));
	IS(0, read(fd, buf, sizeof(buf)));
	scene("a descriptor that is shared");
	twin = dup(fd);
	IS(1, lseek(fd, 1, SEEK_SET));
	IS(1, read(twin, buf, 1));
	IS(2, lseek(fd, 0, SEEK_CUR));
	CHILD {
		IS(1, read(fd, buf, 1));
	}
	IS(3, lseek(fd, 0, SEEK_CUR));
	close(twin);
	scene("nothing");
	mark("f");
	IS(0, write(fd, "", 0));
	IS(0, pwrite(fd, "", 0, 1000));
	MOVED("", "f");
	IS(0, read(fd, buf, 0));
	look("f");
	scene("at places");
	IS(2, pwrite(fd, "LL", 2, 2));
	IS(3, lseek(fd, 0, SEEK_CUR));
	IS(5, pread(fd, buf, sizeof(buf), 0));
	HOLDS(memcmp(buf, "heLLo", 5) == 0);
	IS(0, pread(fd, buf, sizeof(buf), 5));
	IS(0, pread(fd, buf, sizeof(buf), 1000000));
	FAILS(EINVAL, pread(fd, buf, sizeof(buf), -1));
	FAILS(EINVAL, pwrite(fd, "x", 1, -1));
	IS(1, pwrite(fd, "!", 1, 9));
	content("f");
	close(fd);
	FAILS(EBADF, read(fd, buf, 1));
	FAILS(EBADF, pwrite(fd, buf, 1, 0));
}

static void
vectors(void)
{
	char one[3] = "abc", two[4] = "defg", buf[16];
	struct iovec iov[3] = {{one, 3}, {NULL, 0}, {two, 4}};
	volatile int negative = -1, too_many = IOV_MAX + 1;
	int fd = (int)MUST(open("v", O_CREAT | O_RDWR, 0644));

	scene("vectors");
	IS(7, writev(fd, iov, 3));
	IS(7, pwritev(fd, iov, 3, 5));
	IS(12, pread(fd, buf, 16, 0));
	HOLDS(memcmp(buf, "abcdeabcdefg", 12) == 0);
	memset(one, 0, 3);
	memset(two, 0, 4);
	IS(7, preadv(fd, iov, 3, 5));
	HOLDS(memcmp(one, "abc", 3) == 0 && memcmp(two, "defg", 4) == 0);
	IS(5, readv(fd, iov, 3));
	IS(0, readv(fd, iov, 3));
	IS(0, writev(fd, iov, 0));
	FAILS(EINVAL, writev(fd, iov, negative));
	FAILS(EINVAL, writev(fd, iov, too_many));
	scene("vectors with flags");
	IS(7, pwritev2(fd, iov, 3, 0, RWF_SYNC));
	IS(7, pwritev2(fd, iov, 3, 0, RWF_APPEND));
	look("v");
	FAILS(EOPNOTSUPP, pwritev2(fd, iov, 3, 0, 1 << 30));
	close(fd);
}

static void
bad_memory(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = (int)MUST(open("f", O_RDWR | O_TRUNC));

	munmap(page + 4096, 4096);
	scene("memory that is not there");
	FAILS(EFAULT, write(fd, page + 4096, 10));
	IS(0, lseek(fd, 0, SEEK_CUR));
	look("f");
	MUST(pwrite(fd, "0123456789", 10, 0));
	FAILS(EFAULT, pread(fd, page + 4096, 10, 0));
	content("f");
	munmap(page, 4096);
	close(fd);
}

static void
large(void)
{
	static const size_t sizes[] = {4095, 4097, 65536, 131073, 262144, 262145, 1048577, sizeof(big)};
	size_t i, at, n;
	int fd = (int)MUST(open("big", O_CREAT | O_RDWR, 0644));

	fill(big, sizeof(big), 7);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		scene("%zu bytes at once", sizes[i]);
		MUST(ftruncate(fd, 0));
		IS((long)sizes[i], pwrite(fd, big, sizes[i], 0));
		memset(back, 0, sizes[i]);
		IS((long)sizes[i], pread(fd, back, sizes[i], 0));
		IS((long)sizes[i], differs(back, sizes[i], 7));
		scene("%zu bytes at once, at an odd place", sizes[i]);
		MUST(ftruncate(fd, 0));
		IS((long)sizes[i], pwrite(fd, big, sizes[i], 4001));
		IS((long)sizes[i] + 4001, lseek(fd, 0, SEEK_END));
		IS((long)sizes[i], pread(fd, back, sizeof(back), 4001));
		IS((long)sizes[i], differs(back, sizes[i], 7));
	}
	scene("in pieces of a thousand and one");
	MUST(ftruncate(fd, 0));
	for (at = 0; at < 300000; at += 1001)
		MUST(pwrite(fd, big + at, 1001, (off_t)at));
	for (at = 0, n = 0; at < 300000; at += 777)
		n += (size_t)MUST(pread(fd, back + at, 777, (off_t)at));
	IS(300300, n);
	IS(300300, differs(back, n, 7));
	scene("backwards");
	MUST(ftruncate(fd, 0));
	for (at = 100000; at > 0; at -= 1000)
		MUST(pwrite(fd, big + at - 1000, 1000, (off_t)at - 1000));
	IS(100000, pread(fd, back, sizeof(back), 0));
	IS(100000, differs(back, 100000, 7));
	close(fd);
	scene("seen by another descriptor at once");
	fd = (int)MUST(open("big", O_WRONLY | O_TRUNC));
	i = (size_t)MUST(open("big", O_RDONLY));
	IS(10, write(fd, big, 10));
	IS(10, read((int)i, back, 20));
	IS(10, pwrite(fd, big + 20, 10, 4));
	IS(14, pread((int)i, back, 20, 0));
	HOLDS(memcmp(back, big, 4) == 0 && memcmp(back + 4, big + 20, 10) == 0);
	close((int)i);
	scene("poll");
	{
		struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI};

		IS(1, poll(&p, 1, 0));
		HOLDS(p.revents == (POLLIN | POLLOUT));
	}
	scene("syncing");
	OK(fsync(fd));
	OK(fdatasync(fd));
	OK(syncfs(fd));
	OK(sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));
	OK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	close(fd);
	content("big");
	scene("past the largest size");
	fd = (int)MUST(open("f", O_RDWR));
	FAILS(EINVAL, pwrite(fd, "xx", 2, LONG_MAX));
	FAILS(EINVAL, pwrite(fd, "x", 1, LONG_MAX));
	close(fd);
}

void
topic_rw(void)
{
	simple();
	vectors();
	bad_memory();
	large();
}
