/*
 * cold.c: what is left when the kernel has forgotten all that it need not know. A remount, which changes nothing
 * else, makes it forget.
 */
#include "posix.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <time.h>

#include "kinds.h"

static void
kinds(void)
{
	const struct timespec both[2] = {{123456789, 123}, {987654321, 321}};
	char name[20];
	struct stat before[KINDS], after;
	enum kind kind;

	scene("kinds");
	for (kind = FILE_; kind < KINDS; kind++) {
		snprintf(name, sizeof(name), "k%d", kind);
		make_kind(kind, name);
		MUST(lchown(name, 10 + kind, 20 + kind));
		if (kind != SYMLINK && kind != DANGLING && kind != DIRLINK)
			MUST(chmod(name, 04701 + kind));
		MUST(utimensat(AT_FDCWD, name, both, AT_SYMLINK_NOFOLLOW));
		MUST(lstat(name, &before[kind]));
	}
	forget();
	for (kind = FILE_; kind < KINDS; kind++) {
		snprintf(name, sizeof(name), "k%d", kind);
		look(name);
		MUST(lstat(name, &after));
		HOLDS(before[kind].st_ino == after.st_ino);
		HOLDS(memcmp(&before[kind].st_atim, &after.st_atim, sizeof(after.st_atim)) == 0);
		HOLDS(memcmp(&before[kind].st_mtim, &after.st_mtim, sizeof(after.st_mtim)) == 0);
		HOLDS(memcmp(&before[kind].st_ctim, &after.st_ctim, sizeof(after.st_ctim)) == 0);
		HOLDS(before[kind].st_blocks == after.st_blocks && before[kind].st_blksize == after.st_blksize);
	}
	forget();
	list(".");
	list("k3");
	content("k1");
	forget();
	for (kind = FILE_; kind < KINDS; kind++) {
		snprintf(name, sizeof(name), "k%d", kind);
		clear(name);
	}
	forget();
	list(".");
}

static void
names(void)
{
	struct stat one, two;

	scene("links");
	put("a", "contents");
	dir("d");
	MUST(link("a", "d/b"));
	MUST(symlink("d/b", "s"));
	forget();
	MUST(stat("d/b", &one));
	MUST(stat("a", &two));
	HOLDS(one.st_ino == two.st_ino && one.st_nlink == 2);
	content("s");
	OK(unlink("a"));
	forget();
	look("d/b");
	OK(link("d/b", "a"));
	forget();
	OK(rename("d/b", "a")); /* the same file */
	look("a");
	OK(rename("a", "d/c"));
	forget();
	FAILS(ENOENT, access("a", F_OK));
	content("d/c");
	scene("directories");
	dir("d/e");
	dir("d/e/f");
	MUST(chdir("d/e/f"));
	MUST(mount(NULL, "../../../..", NULL, MS_REMOUNT, NULL));
	OK(access("../../c", F_OK));
	MUST(stat("..", &one));
	MUST(chdir("../../.."));
	MUST(stat("d/e", &two));
	HOLDS(one.st_ino == two.st_ino);
	forget();
	OK(rename("d/e", "g"));
	forget();
	look("d");
	look("g");
	look("g/f");
	FAILS(EINVAL, rename("g", "g/f/x"));
	forget();
	FAILS(ENOTEMPTY, rmdir("g"));
	OK(rmdir("g/f"));
	OK(rmdir("g"));
}

static void
open_ones(void)
{
	struct dirent *entry;
	char buf[16], *p;
	int fd, gone, n = 0, i;
	DIR *d;

	scene("open files");
	put("f", "still open");
	put("g", "removed");
	fd = (int)MUST(open("f", O_RDWR));
	gone = (int)MUST(open("g", O_RDWR));
	MUST(unlink("g"));
	p = mmap(NULL, 10, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	forget();
	IS(10, pread(fd, buf, sizeof(buf), 0));
	IS(7, pread(gone, buf, sizeof(buf), 0));
	lookfd("gone", gone);
	p[0] = 'S';
	content("f");
	IS(3, pwrite(gone, "xyz", 3, 7));
	forget();
	lookfd("gone", gone);
	IS(10, pread(gone, buf, sizeof(buf), 0));
	OK(unlink("f"));
	forget();
	HOLDS(memcmp(p, "Still open", 10) == 0);
	munmap(p, 10);
	close(fd);
	close(gone);
	forget();
	list(".");
	scene("a directory that is being read");
	dir("r");
	for (i = 0; i < 200; i++) {
		snprintf(buf, sizeof(buf), "r/n%d", i);
		touch(buf);
	}
	d = opendir("r");
	while ((entry = readdir(d)) != NULL)
		if (n++ % 50 == 0)
			forget();
	IS(202, n);
	closedir(d);
	clear("r");
	scene("a removed directory that is open");
	dir("r");
	fd = (int)MUST(open("r", O_RDONLY));
	MUST(rmdir("r"));
	forget();
	lookfd("r", fd);
	FAILS(ENOENT, openat(fd, "x", O_CREAT | O_WRONLY, 0644));
	dir("r");
	forget();
	lookfd("the old one", fd);
	look("r");
	close(fd);
	scene("many times");
	for (i = 0; i < 50; i++) {
		snprintf(buf, sizeof(buf), "r/m%d", i % 7);
		put(buf, buf);
		forget();
		MUST(rename(buf, "r/x"));
		forget();
		if (i % 3 == 0)
			MUST(unlink("r/x"));
		forget();
	}
	list("r");
	content("r/x");
}

void
topic_cold(void)
{
	kinds();
	names();
	open_ones();
}
