/*
 * setgid.c: the group of what is made in set-group-id directories and in others.
 */
#include "posix.h"

static void
make_all(void)
{
	touch("team/file");
	MUST(mkdir("team/dir", 0755));
	MUST(mkfifo("team/fifo", 0644));
	MUST(symlink("x", "team/link"));
	MUST(mknod("team/socket", S_IFSOCK | 0644, 0));
	look("team/file");
	look("team/dir");
	look("team/fifo");
	look("team/link");
	look("team/socket");
}

static void
unmake_all(void)
{
	clear("team/file");
	clear("team/dir");
	clear("team/fifo");
	clear("team/link");
	clear("team/socket");
}

void
topic_setgid(void)
{
	MUST(mkdir("team", 0777));
	MUST(chown("team", 0, 41002));
	scene("not set, root");
	MUST(chmod("team", 0777));
	make_all();
	unmake_all();
	scene("not set, a user");
	AS(ALICE) {
		make_all();
	}
	unmake_all();
	scene("set, root");
	MUST(chmod("team", 02777));
	make_all();
	unmake_all();
	scene("set, a user");
	AS(ALICE) {
		make_all();
		scene("set, further down");
		MUST(mkdir("team/dir/deeper", 0700));
		look("team/dir/deeper");
		touch("team/dir/deeper/file");
		look("team/dir/deeper/file");
	}
	unmake_all();
	scene("set, and the file is to have it as well");
	AS(ALICE) {
		/* Not her group: a program that can be run gets no such bit. */
		OK(close(open("team/x", O_CREAT | O_WRONLY, 02755)));
		look("team/x");
		OK(close(open("team/n", O_CREAT | O_WRONLY, 02644)));
		look("team/n");
		OK(mknod("team/m", S_IFREG | 02755, 0));
		look("team/m");
		OK(mkdir("team/d", 02755));
		look("team/d");
	}
	AS(BOB) {
		OK(close(open("team/y", O_CREAT | O_WRONLY, 02755)));
		look("team/y");
	}
	OK(close(open("team/z", O_CREAT | O_WRONLY, 02755)));
	look("team/z");
	scene("renaming changes no group");
	dir("elsewhere");
	MUST(mkdir("elsewhere/d", 0755));
	touch("elsewhere/f");
	OK(rename("elsewhere/d", "team/moved"));
	OK(rename("elsewhere/f", "team/moved-file"));
	look("team/moved");
	look("team/moved-file");
	OK(link("team/moved-file", "team/linked"));
	look("team/linked");
	scene("under a umask");
	umask(077);
	OK(mkdir("team/u", 0777));
	look("team/u");
	umask(0);
}
