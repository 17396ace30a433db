/*
 * make.c: mkdir, mknod, mkfifo, symlink: what they make of a mode, and what they refuse.
 */
#include "posix.h"

static void
directories(void)
{
	static const mode_t modes[] = {0, 0700, 0755, 0777, 01777, 02755, 04755, 07777};
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		scene("mkdir with mode %04o", modes[i]);
		OK(mkdir("d", modes[i]));
		look("d");
		list("d");
		OK(rmdir("d"));
	}
	scene("mkdir under a umask");
	umask(0137);
	OK(mkdir("d", 0777));
	look("d");
	umask(0);
	scene("mkdir of what is there");
	touch("file");
	MUST(symlink("d", "link"));
	MUST(symlink("none", "dangling"));
	MUST(mkfifo("fifo", 0644));
	FAILS(EEXIST, mkdir("d", 0755));
	FAILS(EEXIST, mkdir("file", 0755));
	FAILS(EEXIST, mkdir("link", 0755));
	FAILS(EEXIST, mkdir("dangling", 0755));
	FAILS(EEXIST, mkdir("fifo", 0755));
	list(".");
}

static void
nodes(void)
{
	static const struct {
		const char *n_what;
		mode_t n_mode;
		dev_t n_dev;
	} kinds[] = {
	    {"a file", S_IFREG | 0640, 0},
	    {"a file without a type", 0604, 0},
	    {"a fifo", S_IFIFO | 0622, 0},
	    {"a socket", S_IFSOCK | 0755, 0},
	    {"a character device", S_IFCHR | 0600, (dev_t)4 << 8 | 64},
	    {"a block device", S_IFBLK | 0660, (dev_t)8 << 8 | 17},
	    {"a device with a large number", S_IFCHR | 0600, (dev_t)0xabc << 8 | 0x12 | (dev_t)0x345 << 20},
	    {"a device that is a whiteout", S_IFCHR | 0600, 0},
	    {"a fifo with all bits", S_IFIFO | 07777, 0},
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		scene("mknod of %s", kinds[i].n_what);
		OK(mknod("n", kinds[i].n_mode, kinds[i].n_dev));
		look("n");
		OK(chmod("n", 0606));
		OK(chown("n", 3, 4));
		OK(link("n", "m"));
		OK(rename("m", "o"));
		look("o");
		FAILS(EEXIST, mknod("n", kinds[i].n_mode, kinds[i].n_dev));
		OK(unlink("o"));
		OK(unlink("n"));
	}
	scene("mknod under a umask");
	umask(022);
	OK(mknod("n", S_IFIFO | 0666, 0));
	look("n");
	OK(unlink("n"));
	umask(0);
	scene("mknod refused");
	FAILS(EPERM, mknod("n", S_IFDIR | 0755, 0));
	FAILS(EINVAL, mknod("n", S_IFLNK | 0777, 0));
	FAILS(EINVAL, mknod("n", 0150000 | 0777, 0));
	FAILS(EEXIST, mknod("dangling", S_IFREG | 0644, 0));
	MUST(chmod(".", 0777));
	AS(ALICE) {
		FAILS(EPERM, mknod("n", S_IFCHR | 0600, 259));
		FAILS(EPERM, mknod("n", S_IFBLK | 0600, 259));
		OK(mknod("n", S_IFREG | 0600, 0));
		look("n");
		OK(mknod("p", S_IFIFO | 0600, 0));
		look("p");
		OK(mknod("s", S_IFSOCK | 0600, 0));
		look("s");
	}
	list(".");
}

static void
symlinks(void)
{
	scene("symlink");
	umask(077);
	OK(symlink("anywhere", "s1"));
	look("s1");
	umask(0);
	FAILS(EEXIST, symlink("x", "s1"));
	FAILS(EEXIST, symlink("x", "d"));
	FAILS(EEXIST, symlink("x", "file"));
	FAILS(EEXIST, symlink("x", "dangling"));
	AS(ALICE) {
		OK(symlink("x", "hers"));
		look("hers");
	}
	OK(unlink("hers"));
}

static void
times(void)
{
	scene("times of the directory");
	dir("w");
	mark("w");
	OK(mkdir("w/d", 0755));
	MOVED("mc", "w");
	mark("w");
	OK(close(open("w/f", O_CREAT | O_WRONLY, 0644)));
	MOVED("mc", "w");
	mark("w");
	OK(mkfifo("w/p", 0644));
	MOVED("mc", "w");
	mark("w");
	OK(symlink("x", "w/s"));
	MOVED("mc", "w");
	mark("w");
	FAILS(EEXIST, mkdir("w/f", 0755));
	FAILS(EEXIST, symlink("x", "w/f"));
	FAILS(EEXIST, open("w/f", O_CREAT | O_EXCL | O_WRONLY, 0644));
	OK(close(open("w/f", O_CREAT | O_WRONLY, 0644)));
	MOVED("", "w");
	look("w");
}

void
topic_make(void)
{
	directories();
	nodes();
	symlinks();
	times();
}
