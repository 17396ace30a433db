/*
 * xattr.c: extended attributes.
 */
#include "posix.h"

#include <sys/xattr.h>

static char big[65537], back[65537];

static int
by_name(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The names, sorted; security.* is what a kernel may add by itself. */
static void
names(const char *path)
{
	static char buf[70000], text[4000];
	char what[100], *all[300], *p;
	size_t n = 0, i, at = 0;
	ssize_t len = llistxattr(path, buf, sizeof(buf));

	snprintf(what, sizeof(what), "attributes of %s", path);
	if (len == -1) {
		show(what, "%s", strerrorname_np(errno));
		return;
	}
	for (p = buf; p < buf + len && n < 300; p += strlen(p) + 1)
		if (strncmp(p, "security.", 9) != 0)
			all[n++] = p;
	qsort(all, n, sizeof(all[0]), by_name);
	text[0] = '\0';
	for (i = 0; i < n && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, " %s", all[i]);
	show(what, "%s", n > 0 ? text + 1 : "none");
}

static void
values(void)
{
	char buf[32];
	int fd;

	touch("f");
	scene("set and get");
	FAILS(ENODATA, getxattr("f", "user.a", buf, sizeof(buf)));
	names("f");
	OK(setxattr("f", "user.a", "value", 5, 0));
	IS(5, getxattr("f", "user.a", buf, sizeof(buf)));
	HOLDS(memcmp(buf, "value", 5) == 0);
	IS(5, getxattr("f", "user.a", NULL, 0));
	IS(5, getxattr("f", "user.a", buf, 5));
	FAILS(ERANGE, getxattr("f", "user.a", buf, 4));
	OK(setxattr("f", "user.a", "longer value", 12, 0));
	IS(12, getxattr("f", "user.a", buf, sizeof(buf)));
	OK(setxattr("f", "user.a", "", 0, 0));
	IS(0, getxattr("f", "user.a", buf, sizeof(buf)));
	OK(setxattr("f", "user.bytes", "\0\xff\0", 3, 0));
	IS(3, getxattr("f", "user.bytes", buf, sizeof(buf)));
	HOLDS(memcmp(buf, "\0\xff\0", 3) == 0);
	names("f");
	scene("create and replace");
	FAILS(EEXIST, setxattr("f", "user.a", "x", 1, XATTR_CREATE));
	FAILS(ENODATA, setxattr("f", "user.b", "x", 1, XATTR_REPLACE));
	OK(setxattr("f", "user.b", "x", 1, XATTR_CREATE));
	OK(setxattr("f", "user.b", "yy", 2, XATTR_REPLACE));
	IS(2, getxattr("f", "user.b", buf, sizeof(buf)));
	FAILS(EINVAL, setxattr("f", "user.b", "x", 1, 8));
	scene("list");
	names("f");
	HOLDS(listxattr("f", NULL, 0) >= 25);
	FAILS(ERANGE, listxattr("f", buf, 3));
	scene("remove");
	OK(removexattr("f", "user.a"));
	FAILS(ENODATA, removexattr("f", "user.a"));
	FAILS(ENODATA, getxattr("f", "user.a", buf, sizeof(buf)));
	names("f");
	scene("open files");
	fd = (int)MUST(open("f", O_RDWR));
	OK(fsetxattr(fd, "user.fd", "by fd", 5, 0));
	IS(5, fgetxattr(fd, "user.fd", buf, sizeof(buf)));
	OK(fremovexattr(fd, "user.fd"));
	HOLDS(flistxattr(fd, NULL, 0) > 0);
	MUST(link("f", "g"));
	MUST(unlink("f"));
	names("g");
	MUST(unlink("g"));
	IS(2, fgetxattr(fd, "user.b", buf, sizeof(buf)));
	OK(fsetxattr(fd, "user.late", "x", 1, 0));
	close(fd);
	FAILS(EBADF, fgetxattr(fd, "user.b", buf, sizeof(buf)));
}

static void
limits(void)
{
	char name[300];
	int i, bad = 0;

	touch("f");
	scene("names at the limit");
	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[255] = '\0';
	OK(setxattr("f", name, "x", 1, 0));
	IS(1, getxattr("f", name, back, 10));
	OK(removexattr("f", name));
	name[255] = 'n';
	name[256] = '\0';
	FAILS(ERANGE, setxattr("f", name, "x", 1, 0));
	FAILS(ERANGE, getxattr("f", name, back, 10));
	FAILS(ERANGE, setxattr("f", "", "x", 1, 0));
	FAILS(EINVAL, setxattr("f", "user.", "x", 1, 0));
	FAILS(EOPNOTSUPP, setxattr("f", "nothing.a", "x", 1, 0));
	FAILS(EOPNOTSUPP, getxattr("f", "nothing.a", back, 1));
	scene("values at the limit");
	fill((uint8_t *)big, sizeof(big), 9);
	OK(setxattr("f", "user.big", big, 65536, 0));
	IS(65536, getxattr("f", "user.big", back, sizeof(back)));
	IS(65536, differs((uint8_t *)back, 65536, 9));
	FAILS(E2BIG, setxattr("f", "user.big", big, 65537, 0));
	OK(setxattr("f", "user.big", big, 4097, 0));
	IS(4097, getxattr("f", "user.big", back, sizeof(back)));
	OK(removexattr("f", "user.big"));
	scene("many");
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "user.%03d", i);
		bad += setxattr("f", name, name, strlen(name), XATTR_CREATE) == -1;
	}
	IS(0, bad);
	for (i = 0; i < 200; i += 2) {
		snprintf(name, sizeof(name), "user.%03d", i);
		bad += removexattr("f", name) == -1;
	}
	IS(0, bad);
	names("f");
}

static void
kinds_and_rights(void)
{
	char buf[16];

	dir("d");
	MUST(symlink("f", "s"));
	MUST(mkfifo("p", 0666));
	scene("directory");
	OK(setxattr("d", "user.dir", "x", 1, 0));
	touch("d/below");
	names("d");
	names("d/below");
	scene("symlink");
	touch("f2");
	MUST(symlink("f2", "s2"));
	OK(setxattr("s2", "user.through", "x", 1, 0));
	names("f2");
	FAILS(EPERM, lsetxattr("s2", "user.own", "x", 1, 0));
	OK(lsetxattr("s2", "trusted.own", "x", 1, 0));
	names("s2");
	FAILS(ENODATA, getxattr("s2", "trusted.own", buf, sizeof(buf)));
	IS(1, lgetxattr("s2", "trusted.own", buf, sizeof(buf)));
	scene("special files");
	FAILS(EPERM, setxattr("p", "user.a", "x", 1, 0));
	OK(setxattr("p", "trusted.a", "x", 1, 0));
	names("p");
	scene("rights");
	touch("r");
	MUST(chmod("r", 0644));
	OK(setxattr("r", "user.a", "x", 1, 0));
	OK(setxattr("r", "trusted.a", "x", 1, 0));
	AS(ALICE) {
		IS(1, getxattr("r", "user.a", buf, sizeof(buf)));
		FAILS(EACCES, setxattr("r", "user.a", "y", 1, 0));
		FAILS(EACCES, removexattr("r", "user.a"));
		FAILS(EPERM, setxattr("r", "trusted.b", "y", 1, 0));
		FAILS(ENODATA, getxattr("r", "trusted.a", buf, sizeof(buf)));
		names("r");
	}
	MUST(chmod("r", 0600));
	AS(ALICE) {
		FAILS(EACCES, getxattr("r", "user.a", buf, sizeof(buf)));
	}
	MUST(chmod("r", 0666));
	AS(ALICE) {
		OK(setxattr("r", "user.a", "zz", 2, 0));
	}
	scene("sticky directory");
	MUST(mkdir("st", 0777));
	MUST(chmod("st", 01777));
	AS(ALICE) {
		FAILS(EPERM, setxattr("st", "user.a", "x", 1, 0));
	}
	scene("times");
	mark("r");
	OK(setxattr("r", "user.t", "x", 1, 0));
	MOVED("c", "r");
	mark("r");
	IS(1, getxattr("r", "user.t", buf, sizeof(buf)));
	names("r");
	MOVED("", "r");
	OK(removexattr("r", "user.t"));
	MOVED("c", "r");
	scene("renamed and replaced");
	OK(rename("r", "q"));
	names("q");
	touch("o");
	OK(rename("o", "q"));
	names("q");
	scene("refused");
	FAILS(ENOENT, setxattr("none", "user.a", "x", 1, 0));
	FAILS(ENOENT, getxattr("none", "user.a", buf, sizeof(buf)));
	FAILS(ENOENT, listxattr("none", buf, sizeof(buf)));
}

void
topic_xattr(void)
{
	values();
	limits();
	kinds_and_rights();
}
