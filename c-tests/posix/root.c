/*
 * root.c: the root of the file system, on which the topics' own directories are.
 */
#include "posix.h"

#include <time.h>

void
topic_root(void)
{
	const struct timespec both[2] = {{1000000000, 1}, {1100000000, 2}};
	struct stat root, st;
	char mnt[4096], from[4200];
	int fd;

	if (realpath("..", mnt) == NULL)
		abort();
	MUST(stat("..", &root));
	scene("attributes");
	look("..");
	OK(chmod("..", 01777));
	OK(chown("..", 5, 6));
	look("..");
	OK(utimensat(AT_FDCWD, "..", both, 0));
	MUST(stat("..", &st));
	HOLDS(st.st_atim.tv_sec == 1000000000 && st.st_mtim.tv_sec == 1100000000 && st.st_mtim.tv_nsec == 2);
	forget();
	look("..");
	AS(ALICE) {
		OK(mkdir("../hers", 0755));
		FAILS(EPERM, rename("../root", "../gone"));
		OK(rmdir("../hers"));
		FAILS(EPERM, chmod("..", 0777));
	}
	OK(chmod("..", 0755));
	OK(chown("..", 0, 0));
	AS(ALICE) {
		FAILS(EACCES, mkdir("../hers", 0755));
	}
	scene("names in it");
	mark("..");
	OK(mkdir("../other", 0755));
	MOVED("mc", "..");
	look("..");
	OK(rename("../other", "./moved"));
	look("..");
	OK(rename("moved", "../other"));
	OK(rmdir("../other"));
	look("..");
	list("..");
	scene("the mount point");
	FAILS(EBUSY, rmdir(mnt));
	FAILS(EISDIR, unlink(mnt));
	snprintf(from, sizeof(from), "%s-elsewhere", mnt);
	FAILS(EBUSY, rename(mnt, from));
	FAILS(EXDEV, rename("../root", from));
	FAILS(EXDEV, link("/proc/self/status", "x"));
	scene("above it");
	MUST(stat("../..", &st));
	HOLDS(st.st_dev != root.st_dev);
	MUST(stat(mnt, &st));
	HOLDS(st.st_ino == root.st_ino && st.st_dev == root.st_dev);
	scene("while open");
	fd = (int)OK(open("..", O_RDONLY | O_DIRECTORY));
	OK(fsync(fd));
	OK(close(openat(fd, "file", O_CREAT | O_RDWR, 0644)));
	forget();
	OK(unlinkat(fd, "file", 0));
	lookfd("root", fd);
	close(fd);
}
