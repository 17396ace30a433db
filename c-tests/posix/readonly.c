/*
 * readonly.c: where nothing may be written: a view of the directory that is mounted read-only, in a mount
 * namespace that ends with its process.
 */
#include "posix.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

void
topic_readonly(void)
{
	const struct timespec both[2] = {{1, 1}, {2, 2}};
	struct statvfs vfs;
	int fd;

	dir("ro");
	put("ro/f", "text");
	dir("ro/d");
	MUST(symlink("f", "ro/s"));
	MUST(mkfifo("ro/p", 0666));
	mark("ro");
	mark("ro/f");
	scene("reading");
	CHILD {
		MUST(unshare(CLONE_NEWNS));
		MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		OK(mount("ro", "ro", NULL, MS_BIND, NULL));
		OK(mount(NULL, "ro", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
		MUST(chdir("ro"));
		look("f");
		list(".");
		OK(access("f", R_OK));
		OK(statvfs(".", &vfs));
		HOLDS((vfs.f_flag & ST_RDONLY) != 0);
		scene("writing");
		FAILS(EROFS, open("f", O_WRONLY));
		FAILS(EROFS, open("f", O_RDWR | O_APPEND));
		FAILS(EROFS, open("f", O_RDONLY | O_TRUNC));
		FAILS(EROFS, open("new", O_CREAT | O_WRONLY, 0644));
		OK(close(open("f", O_CREAT | O_RDONLY, 0644)));
		FAILS(EEXIST, open("f", O_CREAT | O_EXCL | O_WRONLY, 0644));
		FAILS(EROFS, mkdir("new", 0755));
		FAILS(EROFS, mkfifo("new", 0644));
		FAILS(EROFS, symlink("x", "new"));
		FAILS(EROFS, link("f", "new"));
		FAILS(EROFS, rename("f", "new"));
		FAILS(EROFS, unlink("f"));
		FAILS(EROFS, rmdir("d"));
		FAILS(EEXIST, mkdir("d", 0755));
		FAILS(EROFS, truncate("f", 0));
		FAILS(EROFS, chmod("f", 0600));
		FAILS(EROFS, chown("f", 1, 1));
		FAILS(EROFS, lchown("s", 1, 1));
		FAILS(EROFS, utimensat(AT_FDCWD, "f", both, 0));
		FAILS(EROFS, utimensat(AT_FDCWD, "f", NULL, 0));
		FAILS(EROFS, access("f", W_OK));
		FAILS(EROFS, access("d", W_OK));
		scene("a fifo is written, not the file system");
		fd = (int)OK(open("p", O_RDWR));
		IS(1, write(fd, "x", 1));
	}
	scene("afterwards");
	MOVED("", "ro/f");
	look("ro");
	OK(unlink("ro/f"));
}
