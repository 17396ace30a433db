/*
 * chown.c: owners and groups: what is changed, and who may.
 */
#include "posix.h"

#include "kinds.h"

#define KEEP_UID ((uid_t)-1)
#define KEEP_GID ((gid_t)-1)

static void
by_root(void)
{
	enum kind kind;
	int fd;

	touch("beside");
	dir("beside-dir");
	for (kind = FILE_; kind < KINDS; kind++) {
		scene("a %s", kind_names[kind]);
		make_kind(kind, "k");
		OK(lchown("k", 10, 20));
		look("k");
		if (kind == DANGLING)
			FAILS(ENOENT, chown("k", 11, 21));
		else
			OK(chown("k", 11, 21));
		look("k");
		OK(fchownat(AT_FDCWD, "k", 12, 22, AT_SYMLINK_NOFOLLOW));
		look("k");
		clear("k");
	}
	look("beside");
	look("beside-dir");
	scene("one of both");
	touch("f");
	OK(chown("f", 5, KEEP_GID));
	look("f");
	OK(chown("f", KEEP_UID, 6));
	look("f");
	OK(chown("f", KEEP_UID, KEEP_GID));
	look("f");
	OK(chown("f", 4000000000, 4000000001));
	look("f");
	scene("times");
	mark("f");
	OK(chown("f", 1, 1));
	MOVED("c", "f");
	mark("f");
	OK(chown("f", KEEP_UID, KEEP_GID));
	MOVED("c", "f");
	scene("open files");
	fd = (int)MUST(open("f", O_RDONLY));
	OK(fchown(fd, 7, 8));
	look("f");
	OK(fchownat(fd, "", 9, 10, AT_EMPTY_PATH));
	look("f");
	FAILS(ENOENT, fchownat(fd, "", 9, 10, 0));
	FAILS(EINVAL, fchownat(AT_FDCWD, "f", 9, 10, AT_REMOVEDIR));
	MUST(unlink("f"));
	OK(fchown(fd, 11, 12));
	lookfd("removed", fd);
	close(fd);
}

static void
by_owner(void)
{
	touch("f");
	MUST(chmod("f", 0777));
	MUST(chown("f", 41003, 41003));
	scene("by the owner");
	AS(CAROL) {
		FAILS(EPERM, chown("f", 41001, KEEP_GID));
		FAILS(EPERM, chown("f", 0, 0));
		FAILS(EPERM, chown("f", 41003, 41002));
		FAILS(EPERM, chown("f", KEEP_UID, 41002));
		OK(chown("f", 41003, 41003));
		OK(chown("f", KEEP_UID, 41003));
		OK(chown("f", 41003, KEEP_GID));
		look("f");
	}
	scene("by the owner, to a group she is in besides");
	AS(CAROL) {
		OK(chown("f", KEEP_UID, 41001));
		look("f");
		OK(chown("f", 41003, 41003));
		look("f");
	}
	scene("by others");
	AS(ALICE) {
		FAILS(EPERM, chown("f", 41001, 41001));
		FAILS(EPERM, chown("f", KEEP_UID, 41001));
		FAILS(EPERM, chown("f", 41003, 41003)); /* even though nothing would change */
		FAILS(EPERM, lchown("f", 41001, KEEP_GID));
	}
	scene("by others, nothing at all");
	AS(ALICE) {
		OK(chown("f", KEEP_UID, KEEP_GID));
	}
	look("f");
}

void
topic_chown(void)
{
	by_root();
	by_owner();
}
