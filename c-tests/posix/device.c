/*
 * device.c: device nodes, which the kernel serves itself: where a mount lets it.
 */
#include "posix.h"

#include <sys/sysmacros.h>

void
topic_device(void)
{
	char buf[16] = "xxxxxxx";
	struct stat st;
	int fd;

	scene("null");
	OK(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	look("null");
	fd = (int)OK(open("null", O_RDWR));
	IS(5, write(fd, "hello", 5));
	IS(0, read(fd, buf, sizeof(buf)));
	MUST(fstat(fd, &st));
	HOLDS(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
	close(fd);
	OK(close(open("null", O_WRONLY | O_TRUNC | O_CREAT, 0644)));
	look("null");
	scene("zero");
	OK(mknod("zero", S_IFCHR | 0444, makedev(1, 5)));
	fd = (int)OK(open("zero", O_RDONLY));
	IS(8, read(fd, buf, 8));
	HOLDS(memcmp(buf, (char[8]){0}, 8) == 0);
	close(fd);
	scene("full");
	OK(mknod("full", S_IFCHR | 0666, makedev(1, 7)));
	fd = (int)OK(open("full", O_WRONLY));
	FAILS(ENOSPC, write(fd, "x", 1));
	close(fd);
	scene("by another name");
	OK(link("null", "n2"));
	OK(rename("n2", "n3"));
	fd = (int)OK(open("n3", O_WRONLY));
	IS(1, write(fd, "x", 1));
	OK(unlink("n3"));
	OK(unlink("null"));
	IS(1, write(fd, "x", 1));
	lookfd("null", fd);
	close(fd);
	scene("rights");
	MUST(mknod("mine", S_IFCHR | 0600, makedev(1, 3)));
	AS(ALICE) {
		FAILS(EACCES, open("mine", O_RDONLY));
		FAILS(EPERM, chmod("mine", 0666));
		OK(close(open("zero", O_RDONLY)));
		FAILS(EACCES, open("zero", O_RDWR));
	}
	scene("numbers");
	OK(mknod("large", S_IFBLK | 0600, makedev(4095, 1048575)));
	look("large");
	MUST(stat("large", &st));
	HOLDS(S_ISBLK(st.st_mode) && major(st.st_rdev) == 4095 && minor(st.st_rdev) == 1048575);
	OK(mknod("low", S_IFCHR | 0600, makedev(0, 256)));
	look("low");
	scene("times");
	mark("zero");
	fd = (int)MUST(open("zero", O_RDONLY));
	MUST(read(fd, buf, 1));
	close(fd);
	MOVED("", "zero");
}
