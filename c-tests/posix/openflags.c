/*
 * openflags.c: the flags of open.
 */
#include "posix.h"

#include <sys/ioctl.h>

static void
truncating(void)
{
	char buf[8];
	int fd, other;

	scene("O_TRUNC");
	put("f", "hello");
	mark("f");
	OK(close(open("f", O_WRONLY | O_TRUNC)));
	look("f");
	MOVED("mc", "f");
	put("f", "hello");
	OK(close(open("f", O_RDONLY | O_TRUNC)));
	look("f");
	scene("O_TRUNC of an open file");
	put("f", "hello");
	other = (int)MUST(open("f", O_RDWR));
	IS(3, read(other, buf, 3));
	fd = (int)OK(open("f", O_WRONLY | O_TRUNC));
	lookfd("other", other);
	IS(0, read(other, buf, 3));
	IS(1, write(other, "x", 1)); /* after a hole of three bytes */
	content("f");
	close(fd);
	close(other);
	scene("O_TRUNC and O_EXCL without O_CREAT");
	GIVES(close(open("f", O_WRONLY | O_TRUNC | O_EXCL)));
	look("f");
}

static void
links(void)
{
	int fd;

	put("f", "hello");
	dir("d");
	MUST(symlink("f", "lf"));
	MUST(symlink("d", "ld"));
	scene("O_NOFOLLOW");
	FAILS(ELOOP, open("lf", O_RDONLY | O_NOFOLLOW));
	FAILS(ELOOP, open("lf", O_RDWR | O_CREAT | O_NOFOLLOW, 0644));
	FAILS(ENOTDIR, open("ld", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	OK(close(open("f", O_RDONLY | O_NOFOLLOW)));
	touch("d/x");
	OK(close(open("ld/x", O_RDONLY | O_NOFOLLOW))); /* only the last one counts */
	scene("O_PATH");
	fd = (int)OK(open("lf", O_PATH | O_NOFOLLOW));
	lookfd("link", fd);
	IS(1, readlinkat(fd, "", (char[8]){0}, 8));
	close(fd);
	fd = (int)OK(open("f", O_PATH));
	lookfd("file", fd);
	FAILS(EBADF, read(fd, (char[8]){0}, 8));
	FAILS(EBADF, write(fd, "x", 1));
	FAILS(EBADF, fchmod(fd, 0600));
	FAILS(EBADF, fchown(fd, 0, 0));
	FAILS(EBADF, ftruncate(fd, 0));
	FAILS(EBADF, lseek(fd, 0, SEEK_SET));
	FAILS(EBADF, fsync(fd));
	FAILS(EBADF, ioctl(fd, FIONREAD, &(int){0}));
	close(fd);
	fd = (int)OK(open("d", O_PATH));
	OK(close(openat(fd, "x", O_RDONLY)));
	OK(mkdirat(fd, "y", 0755));
	OK(fchdir(fd));
	OK(chdir(".."));
	close(fd);
}

static void
reopening(void)
{
	char name[64];
	int fd, again;

	scene("through /proc/self/fd");
	put("f", "hello");
	fd = (int)MUST(open("f", O_RDONLY));
	MUST(unlink("f"));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	again = (int)OK(open(name, O_RDWR));
	IS(2, write(again, "HE", 2));
	close(again);
	IS(5, pread(fd, name, 5, 0));
	HOLDS(memcmp(name, "HEllo", 5) == 0);
	close(fd);
}

static void
others(void)
{
	void *page = NULL;
	int fd;

	put("f", "hello");
	scene("O_SYNC");
	fd = (int)OK(open("f", O_WRONLY | O_SYNC));
	IS(2, write(fd, "HE", 2));
	close(fd);
	scene("O_DSYNC and O_APPEND");
	fd = (int)OK(open("f", O_WRONLY | O_DSYNC | O_APPEND));
	IS(1, write(fd, "!", 1));
	close(fd);
	content("f");
	scene("O_NONBLOCK");
	OK(close(open("f", O_RDWR | O_NONBLOCK)));
	scene("O_ASYNC and O_NOCTTY");
	OK(close(open("f", O_RDWR | O_NOCTTY)));
	scene("O_NOATIME");
	fd = (int)OK(open("f", O_RDONLY | O_NOATIME));
	IS(6, read(fd, (char[8]){0}, 8));
	close(fd);
	MUST(chmod("f", 0666));
	AS(ALICE) {
		FAILS(EPERM, open("f", O_RDONLY | O_NOATIME));
	}
	scene("O_DIRECT");
	MUST(posix_memalign(&page, 4096, 8192));
	fd = (int)OK(open("direct", O_RDWR | O_CREAT | O_DIRECT, 0644));
	fill(page, 8192, 1);
	IS(8192, write(fd, page, 8192));
	memset(page, 0, 8192);
	IS(4096, pread(fd, page, 4096, 4096));
	IS(0, pread(fd, page, 4096, 8192));
	IS(8192, pread(fd, page, 8192, 0));
	IS(8192, differs(page, 8192, 1));
	close(fd);
	free(page);
	scene("flags that are set later");
	fd = (int)MUST(open("f", O_RDWR));
	OK(fcntl(fd, F_SETFL, O_APPEND));
	IS(1, write(fd, "+", 1));
	HOLDS((fcntl(fd, F_GETFL) & O_APPEND) != 0);
	OK(fcntl(fd, F_SETFL, 0));
	IS(1, pwrite(fd, "-", 1, 0));
	content("f");
	close(fd);
}

static void
temporary(void)
{
	char name[64];
	int fd;

	dir("t");
	scene("O_TMPFILE");
	fd = (int)OK(open("t", O_TMPFILE | O_RDWR, 0640));
	lookfd("file", fd);
	OK(write(fd, "hidden", 6));
	list("t");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	OK(linkat(AT_FDCWD, name, AT_FDCWD, "t/shown", AT_SYMLINK_FOLLOW));
	content("t/shown");
	close(fd);
	scene("O_TMPFILE for good");
	fd = (int)OK(open("t", O_TMPFILE | O_RDWR | O_EXCL, 0640));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	FAILS(ENOENT, linkat(AT_FDCWD, name, AT_FDCWD, "t/never", AT_SYMLINK_FOLLOW));
	close(fd);
	scene("O_TMPFILE refused");
	FAILS(EINVAL, open("t", O_TMPFILE | O_RDONLY, 0640));
	FAILS(ENOTDIR, open("f", O_TMPFILE | O_RDWR, 0640));
	FAILS(ENOENT, open("none", O_TMPFILE | O_RDWR, 0640));
}

void
topic_openflags(void)
{
	truncating();
	links();
	reopening();
	others();
	temporary();
}
