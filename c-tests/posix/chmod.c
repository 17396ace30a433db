/*
 * chmod.c: modes: all of them, by whom, and what is left of set-id bits.
 */
#include "posix.h"

#include "kinds.h"

static int
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == -1 ? -1 : (int)(st.st_mode & 07777);
}

static void
every_mode(const char *what, const char *path)
{
	int mode, bad = 0;

	scene("every mode of a %s", what);
	/* Every mode there is takes long; each bit alone, each pair, and all but one. */
	for (mode = 0; mode < 07777; mode += 7)
		if (chmod(path, (mode_t)mode) == -1 || mode_of(path) != mode)
			bad++;
	IS(0, bad);
	OK(chmod(path, 0644));
	look(path);
}

static void
by_root(void)
{
	enum kind kind;
	int fd;

	touch("beside");
	dir("beside-dir");
	touch("f");
	dir("d");
	MUST(mkfifo("p", 0600));
	every_mode("file", "f");
	every_mode("directory", "d");
	every_mode("fifo", "p");
	for (kind = FILE_; kind < KINDS; kind++) {
		scene("chmod of a %s", kind_names[kind]);
		make_kind(kind, "k");
		if (kind == DANGLING)
			FAILS(ENOENT, chmod("k", 0601));
		else
			OK(chmod("k", 0601));
		look("k");
		if (kind == SYMLINK || kind == DANGLING || kind == DIRLINK)
			FAILS(EOPNOTSUPP, fchmodat(AT_FDCWD, "k", 0607, AT_SYMLINK_NOFOLLOW));
		else
			OK(fchmodat(AT_FDCWD, "k", 0607, AT_SYMLINK_NOFOLLOW));
		look("k");
		clear("k");
	}
	look("beside");
	look("beside-dir");
	scene("type bits do not count");
	OK(chmod("f", S_IFDIR | 0640));
	look("f");
	OK(chmod("f", (mode_t)~S_IFMT));
	look("f");
	scene("fchmod");
	fd = (int)MUST(open("f", O_RDONLY));
	mark("f");
	OK(fchmod(fd, 0604));
	MOVED("c", "f");
	look("f");
	MUST(unlink("f"));
	OK(fchmod(fd, 0640));
	lookfd("removed", fd);
	close(fd);
	scene("a mode that takes the right of who has it open");
	fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0644));
	OK(fchmod(fd, 0));
	AS(ALICE) {
		IS(4, write(fd, "text", 4));
		IS(4, pread(fd, (char[4]){0}, 4, 0));
		FAILS(EACCES, open("f", O_RDONLY));
	}
	close(fd);
	scene("times");
	mark("f");
	OK(chmod("f", 0));
	MOVED("c", "f");
}

static void
by_owner(void)
{
	scene("by the owner");
	touch("hers");
	dir("her-dir");
	MUST(chown("hers", 41001, 41001));
	MUST(chown("her-dir", 41001, 41001));
	AS(ALICE) {
		OK(chmod("hers", 0600));
		OK(chmod("hers", 06755));
		look("hers");
		OK(chmod("her-dir", 07777));
		look("her-dir");
	}
	scene("sticky bit of a file by its owner");
	AS(ALICE) {
		OK(chmod("hers", 01644));
		look("hers");
	}
	scene("set-group-id by one who is not in the group");
	MUST(chown("hers", 41001, 41002));
	MUST(chown("her-dir", 41001, 41002));
	AS(ALICE) {
		OK(chmod("hers", 02755));
		look("hers");
		OK(chmod("her-dir", 02755));
		look("her-dir");
		OK(chmod("hers", 06711));
		look("hers");
	}
	scene("set-group-id by one who is in the group besides");
	MUST(chown("hers", 41003, 41001));
	AS(CAROL) {
		OK(chmod("hers", 02755));
		look("hers");
	}
	scene("by others");
	MUST(chmod("hers", 0777));
	AS(BOB) {
		FAILS(EPERM, chmod("hers", 0777));
		FAILS(EPERM, chmod("hers", 0600));
		FAILS(EPERM, chmod("her-dir", 0777));
		FAILS(EPERM, chmod("p", 0777));
	}
	AS(ALICE) {
		FAILS(EPERM, chmod("hers", 0777)); /* her group, but not hers now */
	}
	look("hers");
}

void
topic_chmod(void)
{
	by_root();
	by_owner();
}
