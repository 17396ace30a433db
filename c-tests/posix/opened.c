/*
 * opened.c: what becomes of open files that are removed, truncated, replaced, or given other modes.
 */
#include "posix.h"

static void
removed(void)
{
	char buf[16];
	int fd, again;

	scene("removed");
	put("f", "contents");
	fd = (int)MUST(open("f", O_RDWR));
	OK(unlink("f"));
	lookfd("f", fd);
	FAILS(ENOENT, open("f", O_RDONLY));
	IS(8, read(fd, buf, sizeof(buf)));
	IS(4, write(fd, "more", 4));
	lookfd("f", fd);
	OK(ftruncate(fd, 3));
	IS(3, pread(fd, buf, sizeof(buf), 0));
	OK(fchmod(fd, 0600));
	OK(fchown(fd, 1, 2));
	OK(futimens(fd, NULL));
	OK(fsync(fd));
	lookfd("f", fd);
	scene("another of the same name");
	again = (int)OK(open("f", O_CREAT | O_EXCL | O_RDWR, 0644));
	IS(3, write(again, "new", 3));
	IS(3, pread(fd, buf, sizeof(buf), 0));
	HOLDS(memcmp(buf, "con", 3) == 0);
	lookfd("first", fd);
	lookfd("second", again);
	close(fd);
	content("f");
	close(again);
	scene("open twice");
	fd = (int)MUST(open("f", O_RDONLY));
	again = (int)MUST(open("f", O_WRONLY));
	OK(unlink("f"));
	close(fd);
	IS(2, pwrite(again, "??", 2, 0));
	lookfd("f", again);
	close(again);
	scene("made, opened and removed many times");
	for (again = 0; again < 200; again++) {
		fd = (int)MUST(open("t", O_CREAT | O_EXCL | O_RDWR, 0600));
		MUST(unlink("t"));
		MUST(write(fd, "temporary", 9));
		MUST(pread(fd, buf, 9, 0));
		close(fd);
	}
	list(".");
}

static void
changed(void)
{
	char buf[16];
	int fd, other;

	scene("truncated by somebody else");
	put("f", "0123456789");
	fd = (int)MUST(open("f", O_RDWR));
	IS(6, read(fd, buf, 6));
	other = (int)MUST(open("f", O_WRONLY | O_TRUNC));
	IS(0, read(fd, buf, 6));
	IS(2, write(other, "ab", 2));
	IS(0, read(fd, buf, 6));
	IS(2, pread(fd, buf, 6, 0));
	IS(1, write(fd, "x", 1));
	content("f");
	close(other);
	scene("replaced");
	put("g", "replacement");
	OK(rename("g", "f"));
	lookfd("old", fd);
	IS(7, pread(fd, buf, sizeof(buf), 0));
	look("f");
	content("f");
	close(fd);
	scene("the directory of an open file is removed");
	dir("d");
	put("d/f", "inside");
	fd = (int)MUST(open("d/f", O_RDWR));
	OK(unlink("d/f"));
	OK(rmdir("d"));
	IS(6, read(fd, buf, sizeof(buf)));
	IS(1, write(fd, "!", 1));
	lookfd("f", fd);
	close(fd);
	scene("the directory of an open file is renamed");
	dir("d");
	put("d/f", "inside");
	fd = (int)MUST(open("d/f", O_RDWR));
	OK(rename("d", "e"));
	IS(1, pwrite(fd, "I", 1, 0));
	content("e/f");
	close(fd);
	scene("rights are asked for at open only");
	MUST(chmod("f", 0666));
	AS(ALICE) {
		fd = (int)OK(open("f", O_RDWR));
		if (spawn() == 0) {
			MUST(pwrite(fd, "child", 5, 0));
			leave();
		}
		MUST(wait(NULL));
		IS(11, read(fd, buf, sizeof(buf)));
	}
	content("f");
}

/* More open files than a small table would hold, closed in another order than they were opened in. */
static void
many(void)
{
	char name[20], buf[20];
	int fds[600], i, n, bad = 0;

	scene("six hundred at once");
	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		fds[i] = open(name, O_CREAT | O_EXCL | O_RDWR, 0644);
		bad += write(fds[i], name, strlen(name)) != (ssize_t)strlen(name);
		if (i % 2 == 0)
			bad += unlink(name) == -1;
	}
	IS(0, bad);
	for (i = 0; i < 600; i++) {
		n = i * 7 % 600; /* each of them, since 7 does not divide 600 */
		snprintf(name, sizeof(name), "m%d", n);
		bad += pread(fds[n], buf, sizeof(buf), 0) != (ssize_t)strlen(name) ||
		    memcmp(buf, name, strlen(name)) != 0;
		if (i >= 300)
			bad += close(fds[n]) == -1;
	}
	IS(0, bad);
	for (i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		bad += unlink(name) == -1 ? i % 2 != 0 : i % 2 == 0;
		close(fds[i]);
	}
	IS(0, bad);
	list(".");
}

void
topic_opened(void)
{
	removed();
	changed();
	many();
}
