/*
 * loops.c: symbolic links: what they hold, where they lead, and how many may follow each other.
 */
#include "posix.h"

#include "calls.h"

static char target[5000], back[5000];

static void
targets(void)
{
	static const size_t sizes[] = {1, 59, 60, 61, 255, 256, 1023, 1024, 4000, 4094, 4095};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		scene("target of %zu bytes", sizes[i]);
		memset(target, 't', sizes[i]);
		target[sizes[i]] = '\0';
		OK(symlink(target, "l"));
		look("l");
		memset(back, '?', sizeof(back));
		IS((long)sizes[i], readlink("l", back, sizeof(back)));
		HOLDS(memcmp(target, back, sizes[i]) == 0 && back[sizes[i]] == '?');
		OK(unlink("l"));
	}
	scene("target of 4096 bytes");
	memset(target, 't', 4096);
	target[4096] = '\0';
	FAILS(ENAMETOOLONG, symlink(target, "l"));
	scene("no target");
	FAILS(ENOENT, symlink("", "l"));
	scene("target of odd bytes");
	OK(symlink("\x01/..//\xff %s\n", "l"));
	IS(11, readlink("l", back, sizeof(back)));
	HOLDS(memcmp(back, "\x01/..//\xff %s\n", 11) == 0);
	MUST(unlink("l"));
}

static void
reading(void)
{
	touch("file");
	dir("d");
	MUST(mkfifo("fifo", 0644));
	MUST(symlink("target", "l"));
	scene("readlink");
	IS(3, readlink("l", back, 3));
	HOLDS(memcmp(back, "tar", 3) == 0);
	FAILS(EINVAL, readlink("l", back, 0));
	FAILS(EINVAL, readlink("file", back, sizeof(back)));
	FAILS(EINVAL, readlink("d", back, sizeof(back)));
	FAILS(EINVAL, readlink("fifo", back, sizeof(back)));
	FAILS(ENOENT, readlink("none", back, sizeof(back)));
	MUST(unlink("fifo"));
	MUST(unlink("l"));
}

static void
following(void)
{
	scene("through a link to a directory");
	MUST(symlink("d", "ld"));
	touch("d/x");
	OK(access("ld/x", F_OK));
	OK(mkdir("ld/y", 0755));
	OK(rename("ld/x", "ld/y/x"));
	list("d/y");
	OK(chdir("ld/y"));
	OK(access("../../file", F_OK)); /* .. is where the directory is, not where the link is */
	OK(chdir("../.."));
	scene("through an absolute link");
	if (getcwd(back, sizeof(back)) != NULL) {
		strcat(back, "/file");
		OK(symlink(back, "absolute"));
		OK(access("absolute", R_OK));
		MUST(unlink("absolute"));
	}
	scene("link that leads nowhere");
	MUST(symlink("nowhere", "dangling"));
	FAILS(ENOENT, open("dangling", O_RDONLY));
	FAILS(ENOENT, access("dangling", F_OK));
	FAILS(EEXIST, open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0644));
	FAILS(EEXIST, mkdir("dangling", 0755));
	look("dangling");
	OK(close(open("dangling", O_CREAT | O_WRONLY, 0640)));
	look("nowhere");
	MUST(unlink("nowhere"));
	scene("changing what a link leads to");
	MUST(symlink("file", "lf"));
	OK(chmod("lf", 0600));
	OK(truncate("lf", 5));
	OK(chown("lf", 1, 2));
	look("lf");
	look("file");
	OK(unlink("lf"));
	look("file");
}

static void
loops(void)
{
	char from[20], to[20];
	int i;

	touch("calls-file");
	scene("itself");
	MUST(symlink("self", "self"));
	all_fail(ELOOP, "self/x", NONE);
	FAILS(ELOOP, open("self", O_RDONLY));
	FAILS(ELOOP, open("self", O_CREAT | O_WRONLY, 0644));
	FAILS(ELOOP, access("self", F_OK));
	FAILS(ELOOP, chmod("self", 0644));
	look("self");
	scene("each other");
	MUST(symlink("b", "a"));
	MUST(symlink("a", "b"));
	FAILS(ELOOP, open("a", O_RDONLY));
	FAILS(ELOOP, open("b", O_RDONLY));
	scene("many");
	touch("l0");
	for (i = 1; i <= 41; i++) {
		snprintf(from, sizeof(from), "l%d", i);
		snprintf(to, sizeof(to), "l%d", i - 1);
		MUST(symlink(to, from));
	}
	OK(access("l40", F_OK));
	FAILS(ELOOP, access("l41", F_OK));
}

void
topic_loops(void)
{
	targets();
	reading();
	following();
	loops();
}
