/*
 * every_call.c: each function of the headers in puffs-compat, by NetBSD's name.
 *
 * usage: every_call directory, an empty one
 */
#include <sys/param.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <assert.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntopts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <util.h>

#include <puffs.h>

#include "../c/support/check.h"

static int failures;
static int
wanted(const struct dirent *dp)
{

	return strncmp(dp->d_name, "file", 4) == 0;
}

/* Instead of err(3). */
static void
noted(int status, const char *format, ...)
{

	CHECK_EQ(status, 1);
	CHECK(strchr(format, '%') != NULL);
	failures++;
}

/* What a child prints on stderr, which exits with 1. */
static void
dies(void (*child)(void), const char *words)
{
	char said[256];
	int ends[2], status;
	size_t length = 0;
	ssize_t more;
	pid_t pid;

	CHECK_EQ(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		dup2(ends[1], STDERR_FILENO);
		child();
		_exit(7);
	}
	close(ends[1]);
	while ((more = read(ends[0], said + length, sizeof(said) - 1 - length)) > 0)
		length += (size_t)more;
	close(ends[0]);
	said[length] = '\0';
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 1 || strstr(said, words) == NULL)
		errx(1, "status %#x, and \"%s\" is not in: %s", status, words, said);
}

static void
program_name(void)
{

	CHECK(strcmp(getprogname(), "every_call") == 0);
	setprogname("/sbin/mount_everything");
	CHECK(strcmp(getprogname(), "mount_everything") == 0);
	setprogname("plain");
	CHECK(strcmp(getprogname(), "plain") == 0);
	setprogname(NULL);
	CHECK(strcmp(getprogname(), "plain") == 0);
}

static void
strings(void)
{
	char small[4] = "abc", text[100];

	CHECK_EQ(strlcpy(small, "xyzzy", sizeof(small)), 5);
	CHECK(strcmp(small, "xyz") == 0);
	CHECK_EQ(strlcpy(small, "q", sizeof(small)), 1);
	CHECK(strcmp(small, "q") == 0);
	CHECK_EQ(strlcpy(small, "none", 0), 4);
	CHECK(strcmp(small, "q") == 0);
	CHECK_EQ(strlcat(small, "rs", sizeof(small)), 3);
	CHECK(strcmp(small, "qrs") == 0);
	CHECK_EQ(strlcat(small, "tu", sizeof(small)), 5);
	CHECK(strcmp(small, "qrs") == 0);
	/* No NUL within its room: it stays as it is. */
	CHECK_EQ(strlcat(small, "tu", 2), 4);
	CHECK(strcmp(small, "qrs") == 0);
	/* POSIX's, which returns a number. */
	CHECK_EQ(strerror_r(ENOENT, text, sizeof(text)), 0);
	CHECK(strcmp(text, "No such file or directory") == 0);
}

static void
modes(void)
{
	static const struct {
		mode_t mode;
		const char *text;
	} all[] = {
		{ S_IFREG | 0754, "-rwxr-xr-- " }, { S_IFDIR | 01777, "drwxrwxrwt " }, { S_IFLNK | 07000, "l--S--S--T " },
		{ S_IFCHR | 06111, "c--s--s--x " }, { S_IFBLK, "b--------- " }, { S_IFIFO, "p--------- " },
		{ S_IFSOCK, "s--------- " }, { 0640, "?rw-r----- " }
	};
	char text[12];
	size_t i;

	for (i = 0; i < __arraycount(all); i++) {
		memset(text, 'x', sizeof(text));
		strmode(all[i].mode, text);
		CHECK(strcmp(text, all[i].text) == 0);
	}
}

static void
arrays(void)
{
	int *numbers = NULL, *old;

	CHECK_EQ(reallocarr(&numbers, 3, sizeof(*numbers)), 0);
	numbers[2] = 42;
	CHECK_EQ(reallocarr(&numbers, 3000, sizeof(*numbers)), 0);
	CHECK_EQ(numbers[2], 42);
	old = numbers;
	CHECK_EQ(reallocarr(&numbers, SIZE_MAX / 2, sizeof(*numbers)), EOVERFLOW);
	CHECK_EQ(reallocarr(&numbers, PTRDIFF_MAX / 8, 7), ENOMEM);
	CHECK(numbers == old);
	CHECK_EQ(reallocarr(&numbers, 0, sizeof(*numbers)), 0);
	CHECK(numbers == NULL);
	CHECK_EQ(reallocarr(NULL, 1, 1), EFAULT);
	_DIAGASSERT(numbers != NULL);
}

static void
no_such_thing(void)
{

	errno = EPERM;
	warnc(EEXIST, "%d", 5);
	if (errno == EPERM)
		errc(1, ENOENT, "%s", "thing");
}

static void
no_memory(void)
{

	(void)emalloc((size_t)PTRDIFF_MAX + 1);
}

static void
no_product(void)
{

	(void)ecalloc((size_t)PTRDIFF_MAX, 16);
}

static void
no_file(void)
{

	(void)efopen("/no such file", "r");
}

static void
efuns(void)
{
	char *text, *more, room[4];
	void (*old)(int, const char *, ...);
	FILE *file;

	text = emalloc(4);
	memcpy(text, "abc", 4);
	text = erealloc(text, 2000);
	CHECK(strcmp(text, "abc") == 0);
	more = estrdup(text);
	CHECK(more != text && strcmp(more, "abc") == 0);
	free(more);
	more = estrndup(text, 2);
	CHECK(strcmp(more, "ab") == 0);
	free(more);
	free(text);
	text = ecalloc(3, 5);
	CHECK(text[0] == 0 && memcmp(text, text + 1, 14) == 0);
	free(text);
	CHECK_EQ(easprintf(&text, "%d-%s", 12, "x"), 4);
	CHECK(strcmp(text, "12-x") == 0);
	free(text);
	CHECK((file = efopen("/dev/null", "r")) != NULL);
	fclose(file);
	CHECK_EQ(estrlcpy(room, "ab", sizeof(room)), 2);
	CHECK_EQ(estrlcat(room, "c", sizeof(room)), 3);

	dies(no_memory, "plain: Cannot allocate");
	dies(no_product, "Cannot allocate memory");
	dies(no_file, "plain: Cannot open '/no such file': No such file");
	old = esetfunc(noted);
	CHECK(old == err);
	CHECK(emalloc((size_t)PTRDIFF_MAX + 1) == NULL);
	CHECK(erealloc(NULL, (size_t)PTRDIFF_MAX + 1) == NULL);
	CHECK_EQ(failures, 2);
	errno = 0;
	CHECK_EQ(estrlcpy(room, "abcd", sizeof(room)), 4);
	CHECK_EQ(estrlcat(room, "d", sizeof(room)), 4);
	CHECK_EQ(errno, ENAMETOOLONG);
	puffs_compat_efail("words");
	CHECK_EQ(failures, 5);
	CHECK(esetfunc(NULL) == noted);
	CHECK(esetfunc(err) == err);
}

static void
unknown_option(void)
{
	int flags = 0;

	(void)getmntopts("ro,fast=3", puffsmopts, &flags, &flags);
}

static void
no_number(void)
{
	int flags = 0;

	(void)getmntoptnum(getmntopts("ro=4x", puffsmopts, &flags, &flags), "ro");
}

static void
options(void)
{
	static const struct mntopt own[] = {
		MOPT_STDOPTS,
		PUFFSMOPT_CACHE,
		{ "port", 0, 0x100, 1 },
		MOPT_NULL,
	};
	mntoptparse_t parsed;
	int flags = MNT_RDONLY, altflags = 0x1;

	parsed = getmntopts("rw,noexec,nocache,port=0x10,nodev", own, &flags, &altflags);
	CHECK(parsed != NULL);
	CHECK_EQ(flags, MNT_NOEXEC | MNT_NODEV);
	CHECK_EQ(altflags, 0x1 | PUFFS_KFLAG_NOCACHE | 0x100);
	CHECK(strcmp(getmntoptstr(parsed, "port"), "0x10") == 0);
	CHECK(getmntoptstr(parsed, "dev") == NULL && getmntoptstr(parsed, "none") == NULL);
	CHECK_EQ(getmntoptnum(parsed, "port"), 16);
	freemntopts(parsed);
	freemntopts(NULL);

	dies(unknown_option, "plain: -o fast=3: option not supported");
	dies(no_number, "plain: -o ro: ");
	getmnt_silent = 1;
	errno = 0;
	CHECK(getmntopts("nodev,fast", own, &flags, NULL) == NULL);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(flags, MNT_NOEXEC | MNT_NODEV);
	CHECK((parsed = getmntopts("port=x,nocache", own, &flags, NULL)) != NULL);
	CHECK_EQ(getmntoptnum(parsed, "port"), -1);
	CHECK_EQ(getmntoptnum(parsed, "ro"), -1);
	freemntopts(parsed);
	getmnt_silent = 0;

	/* The library's table is the one that the headers' macros make. */
	const struct mntopt again[] = { MOPT_STDOPTS, PUFFSMOPT_STD, MOPT_NULL };
	size_t i;

	for (i = 0; again[i].m_option != NULL; i++) {
		CHECK(strcmp(again[i].m_option, puffsmopts[i].m_option) == 0);
		CHECK_EQ(again[i].m_inverse, puffsmopts[i].m_inverse);
		CHECK_EQ(again[i].m_flag, puffsmopts[i].m_flag);
		CHECK_EQ(again[i].m_altloc, puffsmopts[i].m_altloc);
	}
	CHECK(puffsmopts[i].m_option == NULL);
	CHECK_EQ(i, 20);
}

static void
figures(const char *dir)
{
	struct statvfs path, file, again;
	int fd;

	CHECK_EQ(statvfs(dir, &path), 0);
	CHECK((fd = open(dir, O_RDONLY)) != -1);
	CHECK_EQ(fstatvfs(fd, &file), 0);
	CHECK_EQ(statvfs1(dir, &again, ST_WAIT), 0);
	CHECK_EQ(fstatvfs1(fd, &again, ST_NOWAIT), 0);
	CHECK(path.f_blocks == file.f_blocks && path.f_fsid == again.f_fsid);
	CHECK((uint32_t)path.f_fsidx.__fsid_val[0] == (uint32_t)path.f_fsid);
	CHECK((uint32_t)path.f_fsidx.__fsid_val[1] == (uint32_t)(path.f_fsid >> 16 >> 16));
	CHECK(path.f_frsize > 0 && path.f_iosize == path.f_bsize && path.f_namemax > 0);
	CHECK_EQ(path.f_bfree, path.f_bavail + path.f_bresvd);
	CHECK(path.f_fstypename[0] != '\0' && path.f_mntonname[0] == '/' && path.f_mntfromname[0] != '\0');
	close(fd);
	errno = 0;
	CHECK_EQ(statvfs("/no such directory", &path), -1);
	CHECK_EQ(errno, ENOENT);
	CHECK_EQ(fstatvfs(fd, &path), -1);
	CHECK_EQ(errno, EBADF);
}

/* A directory as it has to be: records of NetBSD's, the same from each call. */
static void
directories(const char *dir)
{
	struct dirent entry, *result, *dp, *other, **list;
	char path[PATH_MAX], longest[256];
	struct stat sb;
	DIR *a, *b;
	int i, fd, found = 0;

	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir,
		    i == 0 ? longest : i == 1 ? "file1" : i == 2 ? "file2" : "dir");
		if (i < 3) {
			CHECK((fd = open(path, O_CREAT | O_WRONLY, 0600)) != -1);
			close(fd);
		} else
			CHECK_EQ(mkdir(path, 0700), 0);
	}

	CHECK((a = opendir(dir)) != NULL && (b = opendir(dir)) != NULL);
	/* What one stream has read stays when the other goes on. */
	CHECK((dp = readdir(a)) != NULL);
	memcpy(&entry, dp, dp->d_reclen);
	CHECK((other = readdir(b)) != NULL && other != dp && strcmp(other->d_name, dp->d_name) == 0);
	while (readdir(b) != NULL)
		continue;
	CHECK(memcmp(&entry, dp, dp->d_reclen) == 0);
	CHECK(readdir(a) == dp && strcmp(entry.d_name, dp->d_name) != 0);
	rewinddir(a);
	rewinddir(b);
	while ((dp = readdir(a)) != NULL) {
		CHECK_EQ(readdir_r(b, &entry, &result), 0);
		CHECK(result == &entry && strcmp(dp->d_name, entry.d_name) == 0);
		CHECK_EQ(dp->d_fileno, entry.d_fileno);
		CHECK_EQ(dp->d_ino, entry.d_fileno);
		CHECK_EQ(dp->d_namlen, strlen(dp->d_name));
		CHECK_EQ(dp->d_reclen, _DIRENT_SIZE(dp));
		CHECK_EQ(dp->d_type, entry.d_type);
		snprintf(path, sizeof(path), "%s/%s", dir, dp->d_name);
		CHECK_EQ(lstat(path, &sb), 0);
		CHECK_EQ(sb.st_ino, dp->d_fileno);
		CHECK(dp->d_type == DT_UNKNOWN || dp->d_type == puffs_vtype2dt(puffs_mode2vt(sb.st_mode)));
		found++;
	}
	CHECK_EQ(found, 6);
	CHECK_EQ(readdir_r(b, &entry, &result), 0);
	CHECK(result == NULL);
	CHECK_EQ(closedir(a), 0);
	CHECK_EQ(closedir(b), 0);

	CHECK_EQ(scandir(dir, &list, wanted, alphasort), 2);
	CHECK(strcmp(list[0]->d_name, "file1") == 0 && strcmp(list[1]->d_name, "file2") == 0);
	free(list[0]);
	free(list[1]);
	free(list);
	CHECK_EQ(scandir(dir, &list, NULL, NULL), 6);
	for (i = 0; i < 6; i++)
		free(list[i]);
	free(list);
	errno = 0;
	CHECK_EQ(scandir("/no such directory", &list, NULL, NULL), -1);
	CHECK_EQ(errno, ENOENT);
}

#define FAILS(call, why) \
	do { \
		errno = 0; \
		CHECK((intptr_t)(call) == -1 || (intptr_t)(call) == 0); \
		CHECK_EQ(errno, why); \
	} while (0)

static void
nulls(void)
{
	struct dirent entry, *result, **list;
	struct statvfs figures;
	char room[4] = "abc";
	DIR *volatile none = NULL;

	CHECK(strlcpy(NULL, "ab", 4) == 2 && strlcpy(room, NULL, 4) == 0 && strlcat(NULL, "ab", 4) == 0);
	CHECK_EQ(strlcat(room, NULL, 4), 3);
	CHECK(estrdup(NULL) == NULL && estrndup(NULL, 1) == NULL);
	FAILS(efopen(NULL, "r"), EINVAL);
	FAILS(efopen("/dev/null", NULL), EINVAL);
	FAILS(getmntopts(NULL, puffsmopts, NULL, NULL), EINVAL);
	FAILS(getmntopts("ro", NULL, NULL, NULL), EINVAL);
	freemntopts(getmntopts("ro", puffsmopts, NULL, NULL));
	CHECK(getmntoptstr(NULL, "ro") == NULL);
	getmnt_silent = 1;
	FAILS(getmntoptnum(NULL, "ro"), EINVAL);
	FAILS(getmntoptnum(NULL, NULL), EINVAL);
	getmnt_silent = 0;
	FAILS(statvfs(NULL, &figures), EFAULT);
	FAILS(statvfs("/", NULL), EFAULT);
	FAILS(statvfs1(NULL, NULL, ST_WAIT), EFAULT);
	FAILS(fstatvfs(STDIN_FILENO, NULL), EFAULT);
	FAILS(fstatvfs1(STDIN_FILENO, NULL, ST_WAIT), EFAULT);
	FAILS(readdir(none), EBADF);
	FAILS(scandir(NULL, &list, NULL, NULL), EFAULT);
	FAILS(scandir("/", NULL, NULL, NULL), EFAULT);
	CHECK_EQ(readdir_r(none, &entry, &result), EINVAL);
	CHECK_EQ(alphasort(NULL, NULL), 0);
}

static void
variables(void)
{
	struct sysctlnode version = { .sysctl_flags = SYSCTL_VERSION }, nodes[8];
	int query[] = { CTL_HW, CTL_QUERY }, pagesize[] = { CTL_HW, HW_PAGESIZE }, size, i;
	int memory[] = { CTL_HW, HW_PHYSMEM64 }, release[] = { CTL_KERN, KERN_OSRELEASE };
	char text[65];
	u_quad_t bytes;
	size_t length;

	CHECK_EQ(sysctl(query, 2, NULL, &length, &version, sizeof(version)), 0);
	CHECK_EQ(length, 5 * sizeof(version));
	FAILS(sysctl(query, 2, nodes, (length = 2 * sizeof(version), &length), NULL, 0), ENOMEM);
	CHECK_EQ(length, 5 * sizeof(version));
	length = sizeof(nodes);
	CHECK_EQ(sysctl(query, 2, nodes, &length, NULL, 0), 0);
	for (i = 0; nodes[i].sysctl_num != HW_PAGESIZE; i++)
		continue;
	CHECK(strcmp(nodes[i].sysctl_name, "pagesize") == 0 && nodes[i].sysctl_size == sizeof(int));
	CHECK_EQ(nodes[i].sysctl_flags, SYSCTL_VERSION | CTLTYPE_INT);

	length = sizeof(size);
	CHECK_EQ(sysctl(pagesize, 2, &size, &length, NULL, 0), 0);
	CHECK_EQ(size, getpagesize());
	length = sizeof(bytes);
	CHECK_EQ(sysctl(memory, 2, &bytes, &length, NULL, 0), 0);
	CHECK(bytes > 1 << 20 && length == 8);
	length = sizeof(text);
	CHECK_EQ(sysctl(release, 2, text, &length, NULL, 0), 0);
	CHECK_EQ(length, strlen(text) + 1);
	FAILS(sysctl(release, 2, text, (length = 2, &length), NULL, 0), ENOMEM);

	FAILS(sysctl(release, 2, NULL, NULL, "x", 1), EPERM);
	FAILS(sysctl(query, 2, NULL, NULL, nodes, 1), EINVAL);
	version.sysctl_flags = 0;
	FAILS(sysctl(query, 2, NULL, NULL, &version, sizeof(version)), EINVAL);
	FAILS(sysctl(query, 1, NULL, NULL, NULL, 0), EISDIR);
	FAILS(sysctl(NULL, 1, NULL, NULL, NULL, 0), EINVAL);
	FAILS(sysctl(query, CTL_MAXNAME + 1, NULL, NULL, NULL, 0), EINVAL);
	FAILS(sysctl(release, 2, text, NULL, NULL, 0), EINVAL);
	CHECK_EQ(sysctl(release, 2, NULL, NULL, NULL, 0), 0);
}

int
main(int argc, char *argv[])
{
	if (argc != 2)
		errx(1, "usage: every_call directory");
	program_name();
	strings();
	modes();
	arrays();
	dies(no_such_thing, "plain: 5: File exists\nplain: thing: No such file or directory\n");
	efuns();
	options();
	figures(argv[1]);
	directories(argv[1]);
	nulls();
	variables();
	return 0;
}
