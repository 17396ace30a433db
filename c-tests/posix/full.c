/*
 * full.c: what happens when no room is left. The file system must be small for this.
 */
#include "posix.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <time.h>

static char block[65536];

/* Writes until there is no room; what the last write said. */
static ssize_t
write_all(int fd)
{
	ssize_t n, all = 0;

	while ((n = write(fd, block, sizeof(block))) > 0 && all < (ssize_t)1 << 30)
		all += n;
	return n;
}

static bool
room_comes_back(const char *path)
{
	struct timespec now, end;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 20;
	for (;;) {
		fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
		if (fd != -1 && write(fd, block, sizeof(block)) == (ssize_t)sizeof(block)) {
			close(fd);
			return true;
		}
		close(fd);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			return false;
		sched_yield();
	}
}

void
topic_full(void)
{
	struct statvfs vfs;
	struct stat st;
	char c;
	int fd;

	MUST(statvfs(".", &vfs));
	if ((uint64_t)vfs.f_blocks * vfs.f_frsize > (uint64_t)1 << 28) {
		scene("not tried");
		HOLDS((uint64_t)vfs.f_blocks * vfs.f_frsize <= (uint64_t)1 << 28);
		return;
	}
	put("small", "some text that is there");
	scene("writing");
	fd = (int)OK(open("big", O_CREAT | O_RDWR, 0644));
	FAILS(ENOSPC, write_all(fd));
	MUST(statvfs(".", &vfs));
	HOLDS(vfs.f_bfree < 64);
	MUST(fstat(fd, &st));
	HOLDS(st.st_size > 0 && st.st_size % 4096 == 0);
	IS(1, pread(fd, &c, 1, st.st_size - 1));
	scene("what is there can be read and written over");
	content("small");
	IS(4, pwrite(fd, "over", 4, 0));
	while (write(fd, block, 4096) > 0)
		continue;
	scene("the last block is gone too");
	FAILS(ENOSPC, write(fd, block, 4096));
	OK(unlink("small"));
	scene("room comes back");
	OK(ftruncate(fd, 0));
	IS(65536, write(fd, block, sizeof(block)));
	close(fd);
	scene("room comes back after unlink");
	fd = (int)MUST(open("big2", O_CREAT | O_RDWR, 0644));
	FAILS(ENOSPC, write_all(fd));
	MUST(unlink("big2"));
	close(fd);
	HOLDS(room_comes_back("next"));
}
