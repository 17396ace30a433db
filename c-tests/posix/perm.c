/*
 * perm.c: what owner, group and others may do with a file and in a directory, for each of their bits.
 */
#include "posix.h"

#include <sys/fsuid.h>

static int
open_close(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	return fd == -1 ? -1 : close(fd);
}

/* What the three bits let somebody do with the file f. */
static void
with_file(int bits)
{
	bool r = (bits & 4) != 0, w = (bits & 2) != 0;

#define MAY(allowed, call) ((allowed) ? OK(call) : FAILS(EACCES, call))
	MAY(r, open_close("f", O_RDONLY));
	MAY(w, open_close("f", O_WRONLY));
	MAY(r && w, open_close("f", O_RDWR));
	MAY(w, open_close("f", O_WRONLY | O_TRUNC));
	MAY(r && w, open_close("f", O_RDONLY | O_TRUNC));
	MAY(r, open_close("f", O_RDONLY | O_CREAT));
	MAY(w, truncate("f", 2));
	OK(open_close("f", O_PATH));
}

/* And in the directory d, which has a file x and a directory y. */
static void
in_dir(int bits)
{
	bool r = (bits & 4) != 0, w = (bits & 2) != 0, x = (bits & 1) != 0;
	struct stat st;

/* Of what has been made before, if it could be. */
#define GONE(call) (w && x ? OK(call) : x ? FAILS(ENOENT, call) : FAILS(EACCES, call))
	MAY(r, open_close("d", O_RDONLY | O_DIRECTORY));
	MAY(x, chdir("d") == -1 ? -1 : chdir(".."));
	MAY(x, stat("d/x", &st));
	MAY(x, open_close("d/x", O_RDONLY));
	OK(stat("d", &st));
	if (x)
		FAILS(ENOENT, stat("d/none", &st));
	else
		FAILS(EACCES, stat("d/none", &st));
	MAY(w && x, open_close("d/new", O_CREAT | O_EXCL | O_WRONLY));
	GONE(rename("d/new", "d/other"));
	GONE(unlink("d/other"));
	MAY(w && x, mkdir("d/new", 0755));
	GONE(rmdir("d/new"));
	MAY(w && x, symlink("target", "d/new"));
	GONE(unlink("d/new"));
	MAY(w && x, mkfifo("d/new", 0644));
	GONE(unlink("d/new"));
	MAY(w && x, link("d/x", "d/new"));
	GONE(unlink("d/new"));
	MAY(w && x, rename("d/y", "d/z"));
	if (w && x)
		OK(rename("d/z", "d/y"));
	else
		FAILS(EACCES, rmdir("d/y"));
	/* Out of it, and into it, where the other directory lets everybody. */
	MAY(w && x, rename("d/x", "all/x"));
	if (w && x)
		OK(rename("all/x", "d/x"));
	MAY(w && x, rename("all/file", "d/file"));
	if (w && x)
		OK(rename("d/file", "all/file"));
	MAY(w && x, link("all/file", "d/new"));
	if (w && x)
		OK(unlink("d/new"));
#undef GONE
#undef MAY
}

void
topic_perm(void)
{
	static const struct {
		const char *c_name;
		const struct user *c_user;
		int c_shift;
	} classes[] = {{"owner", &ALICE, 6}, {"group", &BOB, 3}, {"others", &CAROL, 0}};
	int bits;
	size_t i;

	put("f", "ten bytes.");
	dir("d");
	put("d/x", "x");
	dir("d/y");
	dir("all");
	touch("all/file");
	MUST(chmod("all", 0777));
	MUST(chmod("all/file", 0666));
	MUST(chmod("d/x", 0666));
	MUST(chown("f", 41001, 41002));
	MUST(chown("d", 41001, 41002));
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		for (bits = 0; bits < 8; bits++) {
			/* The other classes have the opposite: the first class that fits decides alone. */
			mode_t mode = (mode_t)((bits << classes[i].c_shift) |
			    ((7 ^ bits) * 0111 & ~(7 << classes[i].c_shift)));

			MUST(chmod("f", mode));
			MUST(chmod("d", mode));
			scene("%s, mode %03o", classes[i].c_name, mode);
			AS(*classes[i].c_user) {
				with_file(bits);
				in_dir(bits);
			}
		}
	scene("a user for files only");
	MUST(chmod("f", 0600));
	MUST(chmod("d", 0700));
	CHILD {
		setfsgid(41002);
		setfsuid(41001);
		with_file(6);
		in_dir(7);
		touch("d/fs");
		look("d/fs");
	}
	MUST(unlink("d/fs"));
	scene("root");
	MUST(chmod("f", 0));
	MUST(chmod("d", 0));
	with_file(7);
	in_dir(7);
	scene("a group besides");
	MUST(chown("f", 0, 41001));
	MUST(chown("d", 0, 41001));
	MUST(chmod("f", 0070));
	MUST(chmod("d", 0070));
	AS(CAROL) {
		with_file(7);
		in_dir(7);
	}
}
