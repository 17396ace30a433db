/*
 * kinds.c: all kinds of files.
 */
#include "kinds.h"

#include "posix.h"

const char *const kind_names[KINDS] = {"nothing", "file", "empty dir", "full dir", "symlink",
    "dangling symlink", "symlink to dir", "fifo", "socket", "device"};

bool
is_dir(enum kind kind)
{
	return kind == EMPTY || kind == FULL;
}

void
make_kind(enum kind kind, const char *path)
{
	char below[100];

	switch (kind) {
	case ABSENT:
	case KINDS:
		break;
	case FILE_:
		put(path, path);
		break;
	case FULL:
		MUST(mkdir(path, 0755));
		snprintf(below, sizeof(below), "%s/inner", path);
		touch(below);
		break;
	case EMPTY:
		MUST(mkdir(path, 0755));
		break;
	case SYMLINK:
		MUST(symlink("beside", path));
		break;
	case DANGLING:
		MUST(symlink("nowhere", path));
		break;
	case DIRLINK:
		MUST(symlink("beside-dir", path));
		break;
	case FIFO:
		MUST(mkfifo(path, 0644));
		break;
	case SOCKET:
		MUST(mknod(path, S_IFSOCK | 0644, 0));
		break;
	case CHR:
		MUST(mknod(path, S_IFCHR | 0644, 259));
		break;
	}
}
