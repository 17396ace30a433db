/*
 * calls.c: every call that takes a path.
 */
#include "calls.h"

#include <sys/statvfs.h>

#include "posix.h"

static int
call_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	return fd == -1 ? -1 : close(fd);
}

static int
call_creat(const char *path)
{
	int fd = creat(path, 0644);

	return fd == -1 ? -1 : close(fd);
}

static int
call_mkdir(const char *path)
{
	return mkdir(path, 0755);
}

static int
call_mkfifo(const char *path)
{
	return mkfifo(path, 0644);
}

static int
call_mknod(const char *path)
{
	return mknod(path, S_IFREG | 0644, 0);
}

static int
call_symlink(const char *path)
{
	return symlink("target", path);
}

static int
call_link_from(const char *path)
{
	return link(path, "calls-new");
}

static int
call_link_to(const char *path)
{
	return link("calls-file", path);
}

static int
call_rename_from(const char *path)
{
	return rename(path, "calls-new");
}

static int
call_rename_to(const char *path)
{
	return rename("calls-file", path);
}

static int
call_stat(const char *path)
{
	struct stat st;

	return stat(path, &st);
}

static int
call_lstat(const char *path)
{
	struct stat st;

	return lstat(path, &st);
}

static int
call_statx(const char *path)
{
	struct statx stx;

	return statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &stx);
}

static int
call_access(const char *path)
{
	return access(path, F_OK);
}

static int
call_chmod(const char *path)
{
	return chmod(path, 0644);
}

static int
call_chown(const char *path)
{
	return chown(path, 0, 0);
}

static int
call_lchown(const char *path)
{
	return lchown(path, 0, 0);
}

static int
call_utimensat(const char *path)
{
	return utimensat(AT_FDCWD, path, NULL, 0);
}

static int
call_truncate(const char *path)
{
	return truncate(path, 0);
}

static int
call_readlink(const char *path)
{
	char buf[10];

	return (int)readlink(path, buf, sizeof(buf));
}

static int
call_opendir(const char *path)
{
	DIR *d = opendir(path);

	return d == NULL ? -1 : closedir(d);
}

static int
call_statvfs(const char *path)
{
	struct statvfs vfs;

	return statvfs(path, &vfs);
}

const struct path_call path_calls[] = {
    {"open", call_open, true, false},
    {"creat", call_creat, true, true},
    {"mkdir", call_mkdir, false, true},
    {"mkfifo", call_mkfifo, false, true},
    {"mknod", call_mknod, false, true},
    {"symlink", call_symlink, false, true},
    {"link from", call_link_from, false, false},
    {"link to", call_link_to, false, true},
    {"rename from", call_rename_from, false, false},
    {"rename to", call_rename_to, false, true},
    {"unlink", unlink, false, false},
    {"rmdir", rmdir, false, false},
    {"stat", call_stat, true, false},
    {"lstat", call_lstat, false, false},
    {"statx", call_statx, true, false},
    {"access", call_access, true, false},
    {"chmod", call_chmod, true, false},
    {"chown", call_chown, true, false},
    {"lchown", call_lchown, false, false},
    {"utimensat", call_utimensat, true, false},
    {"truncate", call_truncate, true, false},
    {"readlink", call_readlink, false, false},
    {"opendir", call_opendir, true, false},
    {"chdir", chdir, true, false},
    {"statvfs", call_statvfs, true, false},
    {NULL, NULL, false, false},
};

void
all_fail(int error, const char *path, enum but but)
{
	const struct path_call *pc;

	for (pc = path_calls; pc->pc_name != NULL; pc++) {
		if ((but == FOLLOWERS && pc->pc_follows) || (but == MAKERS && pc->pc_makes))
			continue;
		record(__FILE__, __LINE__, -error, pc->pc_name, pc->pc_call(path));
	}
}
