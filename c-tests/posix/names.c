/*
 * names.c: which names there can be, how long, and of which bytes; ".", ".." and slashes at the end.
 */
#include "posix.h"

static char name[300], path[4200];

static const char *
letters(size_t n)
{
	memset(name, 'n', n);
	name[n] = '\0';
	return name;
}

static void
lengths(void)
{
	scene("255 bytes");
	letters(255);
	OK(close(open(name, O_CREAT | O_EXCL | O_WRONLY, 0644)));
	FAILS(EEXIST, mkdir(name, 0755));
	OK(access(name, F_OK));
	OK(rename(name, "short"));
	OK(rename("short", name));
	OK(unlink(name));
	OK(mkdir(name, 0755));
	OK(rmdir(name));
	OK(symlink(name, name));
	look(name);
	OK(unlink(name));
	OK(mkfifo(name, 0600));
	OK(unlink(name));
	touch("a");
	OK(link("a", name));
	list(".");
	OK(unlink(name));
	scene("256 bytes");
	letters(256);
	FAILS(ENAMETOOLONG, open(name, O_CREAT | O_WRONLY, 0644));
	FAILS(ENAMETOOLONG, link("a", name));
	FAILS(ENAMETOOLONG, rename("a", name));
	FAILS(ENAMETOOLONG, symlink("a", name));
	FAILS(ENAMETOOLONG, mkfifo(name, 0600));
	list(".");

	/* What no FAT or NFS would take: 255 bytes that are 85 letters of three bytes. */
	scene("85 wide letters");
	for (name[0] = '\0'; strlen(name) < 255;)
		strcat(name, "\xe2\x82\xac");
	OK(mkdir(name, 0755));
	list(".");
	OK(rmdir(name));
	unlink("a");
}

static void
path_lengths(void)
{
	size_t n;

	scene("PATH_MAX");
	for (n = 0; n < 4094; n += 2)
		memcpy(path + n, "./", 2);
	strcpy(path + n, "f"); /* 4095 bytes, and the end */
	show("length", "%zu", strlen(path));
	touch("f");
	OK(access(path, F_OK));
	OK(unlink(path));
	OK(mkdir(path, 0755));
	OK(rmdir(path));
	scene("PATH_MAX and one more");
	strcpy(path + n, "ff");
	touch("ff");
	FAILS(ENAMETOOLONG, access(path, F_OK));
	FAILS(ENAMETOOLONG, unlink(path));
	FAILS(ENAMETOOLONG, mkdir(path, 0755));
	OK(unlink("ff"));
}

static void
dots(void)
{
	dir("d");
	scene("dot");
	FAILS(EEXIST, mkdir(".", 0755));
	FAILS(EEXIST, mkdir("d/.", 0755));
	FAILS(EINVAL, rmdir("."));
	FAILS(EINVAL, rmdir("d/."));
	FAILS(EISDIR, unlink("."));
	FAILS(EBUSY, rename(".", "x"));
	FAILS(EBUSY, rename("d", "."));
	FAILS(EBUSY, rename("d/.", "x"));
	FAILS(EPERM, link(".", "x"));
	FAILS(EEXIST, link("d", "."));
	FAILS(EEXIST, symlink("x", "."));
	FAILS(EEXIST, mkfifo(".", 0600));
	FAILS(EISDIR, open(".", O_CREAT | O_WRONLY, 0644));
	OK(chdir("."));
	scene("dotdot");
	FAILS(EEXIST, mkdir("d/..", 0755));
	FAILS(ENOTEMPTY, rmdir("d/.."));
	FAILS(EISDIR, unlink("d/.."));
	FAILS(EBUSY, rename("d/..", "x"));
	FAILS(EBUSY, rename("d", ".."));
	FAILS(EPERM, link("..", "x"));
	FAILS(EEXIST, symlink("x", ".."));
	OK(access("d/../d/../d", F_OK));
	scene("names that only look like dots");
	OK(mkdir("...", 0755));
	OK(mkdir(".d", 0755));
	OK(mkdir("..d", 0755));
	OK(mkdir(". ", 0755));
	list(".");
	OK(rmdir("..."));
	OK(rmdir(".d"));
	OK(rmdir("..d"));
	OK(rmdir(". "));
	OK(rmdir("d"));
}

static void
slashes(void)
{
	scene("slash at the end");
	touch("f");
	dir("d");
	MUST(symlink("d", "ld"));
	MUST(symlink("f", "lf"));
	FAILS(ENOTDIR, open("f/", O_RDONLY));
	FAILS(EISDIR, open("new/", O_CREAT | O_WRONLY, 0644));
	FAILS(ENOTDIR, unlink("f/"));
	FAILS(EISDIR, unlink("d/"));
	FAILS(ENOTDIR, rmdir("f/"));
	FAILS(ENOTDIR, access("f/", F_OK));
	FAILS(ENOTDIR, truncate("f/", 0));
	FAILS(ENOTDIR, chmod("f/", 0644));
	FAILS(ENOTDIR, rename("f", "new/"));
	FAILS(ENOTDIR, rename("f/", "new"));
	FAILS(ENOENT, link("f", "new/"));
	FAILS(ENOTDIR, link("f/", "new"));
	FAILS(ENOENT, symlink("f", "new/"));
	FAILS(ENOENT, mkfifo("new/", 0600));
	FAILS(EEXIST, mkdir("f/", 0755));
	OK(rename("d", "e/"));
	OK(rename("e/", "d"));
	OK(mkdir("new/", 0755));
	OK(mkdir("new///two//", 0755));
	OK(rmdir("new/two//"));
	OK(rmdir("new/"));
	scene("slash after a symlink");
	look("ld/");
	FAILS(ENOTDIR, access("lf/", F_OK));
	FAILS(EINVAL, readlink("ld/", path, sizeof(path)));
	FAILS(ENOTDIR, rmdir("ld/"));
	FAILS(ENOTDIR, unlink("ld/"));
	FAILS(ENOTDIR, rename("ld/", "x"));
	FAILS(EEXIST, mkdir("ld/", 0755));
	list(".");
	scene("slashes in the middle");
	OK(close(open(".//d////.././/f", O_RDONLY)));
	clear("d");
	OK(unlink("f"));
	OK(unlink("ld"));
	OK(unlink("lf"));
}

static void
bytes(void)
{
	char one[2] = "?", two[4] = "x?y";
	int c, bad = 0, fd;

	scene("every byte");
	for (c = 1; c < 256; c++) {
		if (c == '/' || c == '.')
			continue;
		one[0] = two[1] = (char)c;
		if ((fd = open(one, O_CREAT | O_EXCL | O_RDWR, 0644)) == -1 || close(fd) == -1 ||
		    mkdir(two, 0755) == -1 || access(two, F_OK) == -1)
			bad++;
	}
	IS(0, bad);
	/* sorted, hence in the order of the bytes; what cannot be seen is written as \ooo */
	list(".");
	for (c = 1; c < 256; c++) {
		if (c == '/' || c == '.')
			continue;
		one[0] = two[1] = (char)c;
		if (unlink(one) == -1 || rmdir(two) == -1)
			bad++;
	}
	IS(0, bad);
	scene("case counts");
	touch("Name");
	touch("nAME");
	FAILS(ENOENT, access("name", F_OK));
	OK(unlink("Name"));
	OK(unlink("nAME"));
	scene("both ways to write a letter");
	touch("\xc3\xa9");
	touch("e\xcc\x81");
	list(".");
	OK(unlink("\xc3\xa9"));
	OK(unlink("e\xcc\x81"));
}

void
topic_names(void)
{
	lengths();
	path_lengths();
	dots();
	slashes();
	bytes();
}
