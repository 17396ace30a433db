/*
 * stat.c: the fields of stat and statx.
 */
#include "posix.h"

#include <sys/sysmacros.h>

static struct stat
of(const char *path)
{
	struct stat st = {0};

	MUST(lstat(path, &st));
	return st;
}

static void
identity(void)
{
	struct stat f, g, d, up, again;
	int fd;

	touch("f");
	touch("g");
	dir("d");
	MUST(link("f", "d/f"));
	f = of("f");
	g = of("g");
	d = of("d");
	scene("identity");
	HOLDS(f.st_ino != g.st_ino && f.st_ino != d.st_ino && f.st_ino != 0);
	HOLDS(f.st_dev == g.st_dev && f.st_dev == d.st_dev);
	again = of("d/f");
	HOLDS(f.st_ino == again.st_ino);
	again = of("d/.");
	HOLDS(again.st_ino == d.st_ino);
	up = of("d/..");
	again = of(".");
	HOLDS(again.st_ino == up.st_ino);
	fd = (int)MUST(open("f", O_RDONLY));
	MUST(rename("f", "h"));
	MUST(fstat(fd, &again));
	HOLDS(f.st_ino == again.st_ino);
	MUST(unlink("h"));
	MUST(unlink("d/f"));
	MUST(fstat(fd, &again));
	HOLDS(f.st_ino == again.st_ino && again.st_nlink == 0);
	touch("new");
	again = of("new");
	HOLDS(f.st_ino != again.st_ino); /* while somebody has the old one open */
	close(fd);
}

static void
size_and_blocks(void)
{
	static const off_t sizes[] = {0, 1, 511, 512, 513, 4095, 4096, 4097, 65536, 100000};
	char *buf = calloc(1, 100000);
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		scene("%jd bytes", (intmax_t)sizes[i]);
		fd = (int)MUST(open("s", O_CREAT | O_TRUNC | O_WRONLY, 0644));
		IS(sizes[i], write(fd, buf, (size_t)sizes[i]));
		MUST(fstat(fd, &st));
		IS(sizes[i], st.st_size);
		/* 512 bytes each; a file system may need some more for itself */
		HOLDS(st.st_blocks * 512 >= sizes[i] && st.st_blocks * 512 <= sizes[i] + 16384);
		HOLDS(sizes[i] != 0 || st.st_blocks == 0);
		close(fd);
	}
	free(buf);
	scene("block size");
	GIVES(st.st_blksize);
	scene("a file of holes only");
	MUST(truncate("s", 0));
	MUST(truncate("s", 1 << 20));
	st = of("s");
	IS(1 << 20, st.st_size);
	IS(0, st.st_blocks);
	scene("other sizes");
	MUST(symlink("1234567", "l"));
	st = of("l");
	IS(7, st.st_size);
	MUST(mkfifo("p", 0644));
	st = of("p");
	IS(0, st.st_size);
	IS(0, st.st_blocks);
	MUST(mknod("c", S_IFCHR | 0600, makedev(5, 77)));
	st = of("c");
	IS(0, st.st_size);
	HOLDS(st.st_rdev == makedev(5, 77));
	st = of("s");
	HOLDS(st.st_rdev == 0);
}

static void
extended(void)
{
	struct statx stx;
	struct stat st;
	int fd;

	put("x", "hello");
	scene("statx");
	OK(statx(AT_FDCWD, "x", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx));
	st = of("x");
	HOLDS((stx.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	HOLDS(stx.stx_size == 5 && stx.stx_nlink == 1 && stx.stx_mode == st.st_mode);
	HOLDS(stx.stx_ino == st.st_ino && stx.stx_blocks == (uint64_t)st.st_blocks);
	HOLDS(makedev(stx.stx_dev_major, stx.stx_dev_minor) == st.st_dev);
	HOLDS(stx.stx_mtime.tv_sec == st.st_mtim.tv_sec && stx.stx_mtime.tv_nsec == (uint32_t)st.st_mtim.tv_nsec);
	OK(statx(AT_FDCWD, "x", AT_STATX_FORCE_SYNC, STATX_ALL, &stx));
	OK(statx(AT_FDCWD, "x", AT_STATX_DONT_SYNC, STATX_ALL, &stx));
	FAILS(EINVAL, statx(AT_FDCWD, "x", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_ALL, &stx));
	FAILS(EINVAL, statx(AT_FDCWD, "x", 0, 1u << 31, &stx));
	fd = (int)MUST(open("x", O_RDONLY));
	OK(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx));
	IS(5, stx.stx_size);
	close(fd);
	scene("time of birth");
	OK(statx(AT_FDCWD, "x", 0, STATX_BTIME, &stx));
	show("stx_mask", "%s", (stx.stx_mask & STATX_BTIME) != 0 ? "has it" : "has it not");
	scene("through a symlink");
	OK(statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx));
	IS(7, stx.stx_size);
	FAILS(ENOENT, statx(AT_FDCWD, "l", 0, STATX_BASIC_STATS, &stx));
	scene("refused");
	FAILS(EFAULT, syscall(4, "x", 8)); /* stat */
}

void
topic_stat(void)
{
	identity();
	size_and_blocks();
	extended();
}
