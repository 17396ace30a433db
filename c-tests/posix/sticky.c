/*
 * sticky.c: removing, renaming and replacing in sticky directories, for every owner there can be.
 */
#include "posix.h"

/* Whose the directory and the file are; who tries is always Alice. */
static void
one(uid_t dir_owner, uid_t file_owner, bool sticky)
{
	int denied = sticky && dir_owner != 41001 && file_owner != 41001 ? EPERM : 0;

	scene("%sdirectory of %u, file of %u", sticky ? "sticky " : "", dir_owner, file_owner);
	MUST(mkdir("d", 0777));
	touch("d/gone");
	touch("d/old");
	touch("d/replaced");
	dir("d/dir");
	MUST(symlink("x", "d/link"));
	MUST(chown("d/gone", file_owner, 0));
	MUST(chown("d/old", file_owner, 0));
	MUST(chown("d/replaced", file_owner, 0));
	MUST(chown("d/dir", file_owner, 0));
	MUST(lchown("d/link", file_owner, 0));
	MUST(chmod("d/old", 0666));
	MUST(chown("d", dir_owner, 0));
	MUST(chmod("d", sticky ? 01777 : 0777));
	AS(ALICE) {
#define MAY(call) (denied == 0 ? OK(call) : FAILS(denied, call))
		MAY(unlink("d/gone"));
		MAY(unlink("d/link"));
		MAY(rename("d/old", "d/new"));
		MAY(rename(denied == 0 ? "d/new" : "d/old", "all/new"));
		MAY(rmdir("d/dir"));
		touch("d/mine");
		MAY(rename("d/mine", "d/replaced"));
		OK(unlink(denied == 0 ? "d/replaced" : "d/mine"));
		touch("all/mine");
		OK(rename("all/mine", "d/moved-in"));
		OK(unlink("d/moved-in"));
#undef MAY
	}
	list("d");
	clear("d");
	unlink("all/new");
}

void
topic_sticky(void)
{
	static const uid_t owners[] = {0, 41001, 41002};
	size_t i, j;

	MUST(mkdir("all", 0777));
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++) {
			one(owners[i], owners[j], true);
			one(owners[i], owners[j], false);
		}
	scene("root");
	MUST(mkdir("d", 01777));
	touch("d/f");
	MUST(chmod("d", 01777));
	MUST(chown("d", 41001, 0));
	MUST(chown("d/f", 41002, 0));
	OK(rename("d/f", "d/g"));
	OK(unlink("d/g"));
	/* It is about names: what is in a file is a matter of its own mode. */
	scene("contents");
	touch("d/f");
	MUST(chmod("d/f", 0666));
	AS(ALICE) {
		MUST(chmod("d", 01777));
	}
	AS(BOB) {
		OK(truncate("d/f", 3));
		FAILS(EPERM, unlink("d/f"));
		OK(link("d/f", "d/his"));
		FAILS(EPERM, unlink("d/his"));
	}
	list("d");
}
