/*
 * statvfs.c: what the file system says of itself, and how its room goes and comes back.
 */
#include "posix.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <time.h>

static struct statvfs
ask(void)
{
	struct statvfs vfs = {0};

	MUST(statvfs(".", &vfs));
	return vfs;
}

static uint64_t
used(void)
{
	struct statvfs vfs = ask();

	return (uint64_t)(vfs.f_blocks - vfs.f_bfree) * vfs.f_frsize;
}

static uint64_t
files(void)
{
	struct statvfs vfs = ask();

	return vfs.f_files - vfs.f_ffree;
}

/* A removed file's room may come back a moment later. */
static bool
back_to(uint64_t (*what)(void), uint64_t value)
{
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 20;
	while (what() > value) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec >= end.tv_sec)
			return false;
		sched_yield();
	}
	return true;
}

void
topic_statvfs(void)
{
	static char megabyte[1 << 20];
	struct statvfs vfs, fd_vfs;
	uint64_t before, before_files;
	char name[20];
	int fd, i;

	scene("fields");
	OK(statvfs(".", &vfs));
	IS(255, vfs.f_namemax);
	IS(4096, vfs.f_bsize);
	IS(4096, vfs.f_frsize);
	HOLDS(vfs.f_blocks > 0 && vfs.f_bfree <= vfs.f_blocks && vfs.f_bavail <= vfs.f_bfree);
	HOLDS(vfs.f_files > 0 && vfs.f_ffree < vfs.f_files);
	HOLDS((vfs.f_flag & ST_RDONLY) == 0);
	IS(255, pathconf(".", _PC_NAME_MAX));
	scene("a file and a descriptor say the same");
	touch("f");
	OK(statvfs("f", &vfs));
	fd = (int)MUST(open("f", O_RDWR));
	OK(fstatvfs(fd, &fd_vfs));
	HOLDS(vfs.f_blocks == fd_vfs.f_blocks && vfs.f_fsid == fd_vfs.f_fsid && vfs.f_files == fd_vfs.f_files);
	scene("room");
	before = used();
	MUST(write(fd, megabyte, sizeof(megabyte)));
	HOLDS(used() >= before + sizeof(megabyte) && used() < before + 2 * sizeof(megabyte));
	scene("room back after truncate");
	MUST(ftruncate(fd, 0));
	HOLDS(used() == before);
	scene("room back after unlink and close");
	MUST(pwrite(fd, megabyte, sizeof(megabyte), 0));
	MUST(unlink("f"));
	HOLDS(used() >= before + sizeof(megabyte));
	close(fd);
	HOLDS(back_to(used, before));
	scene("files");
	before_files = files();
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		touch(name);
	}
	IS((long)before_files + 100, files());
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		MUST(unlink(name));
	}
	HOLDS(back_to(files, before_files));
	scene("refused");
	FAILS(ENOENT, statvfs("none", &vfs));
	FAILS(EBADF, fstatvfs(-1, &vfs));
}
