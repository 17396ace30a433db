/*
 * Random operations on a tree of files, for the tests:
 *
 *	trees [-a] [-L] [-S] directory seed operations
 *
 * Alone in its directory, each operation and its result are printed, so that two file systems can be compared
 * line by line. With -a others work in the same directory: then each result must be one that can be; the last
 * lines printed are what is not, and the program exits with 1. -L leaves hard links out, -S symbolic links.
 */

#define _GNU_SOURCE 1

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes are made of whole blocks of one byte each, so that a torn one shows at the end. */
#define BLOCK  512
#define LARGE  (40 * BLOCK)
#define HELD   3
#define NAMES  5
#define RESULT 60000

static uint64_t state;
static bool amid; /* others work here, too */
static bool links = true, symlinks = true;
static char result[RESULT];
static size_t used;
static int held[HELD] = {-1, -1, -1}; /* open, whatever happens to their names */

/* xorshift64 */
static unsigned
below(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % n);
}

static void
say(const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(result + used, sizeof(result) - used, format, ap);
	va_end(ap);
	if (n < 0 || used + (size_t)n >= sizeof(result))
		errx(2, "a result is too long");
	used += (size_t)n;
}

/* One of a few paths, so that operations meet. Short ones come more often: they lead somewhere. */
static char *
path(void)
{
	static char buffers[4][4 * 2];
	static unsigned next;
	char *p = buffers[next++ % 4];
	unsigned depth = 1 + below(1 + below(4)), i;

	for (i = 0; i < depth; i++) {
		p[2 * i] = (char)('a' + below(NAMES));
		p[2 * i + 1] = i + 1 < depth ? '/' : '\0';
	}
	return p;
}

static int
said(int r)
{
	say(r < 0 ? " %s" : "", r < 0 ? strerrorname_np(errno) : "");
	return r;
}

static void
write_some(int fd, off_t at)
{
	static char buf[LARGE];
	size_t len = BLOCK * (size_t)(below(8) == 0 ? below(LARGE / BLOCK) : below(4));
	int byte = 'a' + (int)below(26);
	ssize_t n;

	memset(buf, byte, len);
	n = at < 0 ? write(fd, buf, len) : pwrite(fd, buf, len, at);
	say(" %zu of %c at %jd:", len, byte, (intmax_t)at);
	if (said((int)n) >= 0 && (size_t)n != len)
		say(" SHORT %zd", n);
}

static void
read_all(int fd)
{
	static unsigned char buf[LARGE];
	uint64_t hash = 0xcbf29ce484222325;
	off_t at = 0;
	ssize_t n, i;

	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		for (i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * 0x100000001b3;
		at += n;
	}
	if (said((int)n) == 0)
		say(" %jd bytes, %016jx", (intmax_t)at, (uintmax_t)hash);
}

/* Sizes of directories are each file system's own. */
static void
show(const struct stat *st)
{
	say(" %o", (unsigned)st->st_mode);
	if (!amid)
		say(" links %ju", (uintmax_t)st->st_nlink);
	if (!S_ISDIR(st->st_mode))
		say(" size %jd", (intmax_t)st->st_size);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
list(const char *dir)
{
	char *names[4 * NAMES], line[64];
	const struct dirent *ent;
	struct stat st;
	size_t n = 0, i;
	DIR *d;

	if ((d = opendir(dir)) == NULL) {
		said(-1);
		return;
	}
	while (errno = 0, (ent = readdir(d)) != NULL) {
		snprintf(line, sizeof(line), " %.20s:%d", ent->d_name, ent->d_type);
		if (!amid && strcmp(ent->d_name, "..") != 0 &&
		    (fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			st.st_ino != ent->d_ino || (mode_t)DTTOIF(ent->d_type) != (st.st_mode & S_IFMT)))
			say(" INODE %s", line);
		if (n == sizeof(names) / sizeof(names[0]) || (names[n++] = strdup(line)) == NULL)
			errx(2, "too many names");
	}
	if (errno != 0)
		said(-1);
	closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	for (i = 0; i < n; i++) {
		if (!amid && i > 0 && strcmp(names[i], names[i - 1]) == 0)
			say(" TWICE");
		say("%s", names[i]);
	}
	for (i = 0; i < n; i++)
		free(names[i]);
}

/* Opens and says what came of it. */
static int
opened(const char *name, int flags)
{
	return said(open(name, flags | O_CLOEXEC, 0640));
}

static void
shut(int fd)
{
	if (fd >= 0)
		said(close(fd));
}

/* A descriptor that was opened long ago works on, though its name may lead elsewhere or nowhere. */
static void
use_held(int fd)
{
	struct stat st;
	int inner;

	if (said(fstat(fd, &st)) != 0)
		return;
	show(&st);
	if (S_ISDIR(st.st_mode)) {
		say(" create inside:");
		if ((inner = openat(fd, "e", O_RDWR | O_CREAT | O_CLOEXEC, 0600)) >= 0)
			write_some(inner, 0);
		else
			said(-1);
		shut(inner);
		return;
	}
	if (below(2) == 0)
		write_some(fd, BLOCK * (off_t)below(20));
	else
		read_all(fd);
}

static unsigned removed;

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	if (remove(name) != 0)
		return -1;
	removed++;
	return 0;
}

/* As rm -r does it. Without it, directories would nest deeper and deeper. */
static void
clear(const char *name)
{
	removed = 0;
	if (said(nftw(name, remove_one, 20, FTW_DEPTH | FTW_PHYS)) == 0)
		say(" %u removed", removed);
}

static void
operate(void)
{
	static const int ways[] = {
	    O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDONLY, O_RDONLY | O_DIRECTORY};
	char *p = path(), *q = path();
	struct timespec times[2] = {{0, UTIME_OMIT}, {1000000000 + (time_t)below(1000), 500}};
	char target[64];
	struct stat st, other;
	ssize_t n;
	int fd, flags;
	unsigned mode, i;

	if (below(200) == 0) {
		say("clear %.1s", p);
		*strchrnul(p, '/') = '\0';
		clear(p);
		return;
	}
	switch (below(30)) {
	case 0: case 1: case 2:
		flags = O_WRONLY | O_CREAT | (below(4) == 0 ? O_TRUNC : 0);
		say("write %s", p);
		if ((fd = opened(p, flags)) >= 0)
			write_some(fd, BLOCK * (off_t)below(40));
		shut(fd);
		break;
	case 3:
		say("append %s", p);
		if ((fd = opened(p, O_WRONLY | O_APPEND)) >= 0)
			write_some(fd, -1);
		shut(fd);
		break;
	case 4:
		say("exclusive %s", p);
		shut(opened(p, O_WRONLY | O_CREAT | O_EXCL));
		break;
	case 5:
		i = BLOCK * below(40);
		say("truncate %s %u", p, i);
		said(truncate(p, i));
		break;
	case 6: case 7:
		say("read %s", p);
		if ((fd = opened(p, O_RDONLY)) >= 0)
			read_all(fd);
		shut(fd);
		break;
	case 8: case 9: case 10:
		say("mkdir %s", p);
		said(mkdir(p, 0750));
		break;
	case 11:
		say("rmdir %s", p);
		said(rmdir(p));
		break;
	case 12:
		say("unlink %s", p);
		said(unlink(p));
		break;
	case 13: case 14: case 15:
		say("rename %s %s", p, q);
		said(rename(p, q));
		break;
	case 16:
		say("rename to nothing %s %s", p, q);
		said(renameat2(AT_FDCWD, p, AT_FDCWD, q, RENAME_NOREPLACE));
		break;
	case 17: case 18:
		if (!links)
			break;
		say("link %s %s", p, q);
		said(link(p, q));
		break;
	case 19:
		if (!symlinks)
			break;
		say("symlink %s %s", p, q);
		said(symlink(p, q));
		break;
	case 20:
		if (!symlinks)
			break;
		say("readlink %s", p);
		if ((n = readlink(p, target, sizeof(target))) < 0)
			said(-1);
		else
			say(" %.*s", (int)n, target);
		break;
	case 21:
		mode = 0600 + below(0200) + (below(4) == 0 ? below(8) << 9 : 0);
		say("chmod %s %o", p, mode);
		said(chmod(p, mode));
		break;
	case 22:
		say("times %s", p);
		if (said(utimensat(AT_FDCWD, p, times, 0)) == 0 && said(stat(p, &st)) == 0 && !amid)
			say(" %jd.%09ld", (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
		break;
	case 23: case 24:
		say("list %s", p);
		list(below(8) == 0 ? "." : p);
		break;
	case 25:
		say("stat %s", p);
		if (said(stat(p, &st)) == 0)
			show(&st);
		break;
	case 26:
		say("lstat %s %s", p, q);
		if (said(lstat(p, &st)) != 0)
			break;
		show(&st);
		if (said(lstat(q, &other)) == 0 && !amid)
			say(st.st_ino == other.st_ino ? " the same" : " another");
		break;
	case 27:
		i = below(HELD);
		flags = ways[below(sizeof(ways) / sizeof(ways[0]))];
		say("hold %u %s %#x", i, p, (unsigned)flags);
		shut(held[i]);
		held[i] = opened(p, flags);
		break;
	default:
		i = below(HELD);
		say("held %u", i);
		if (held[i] >= 0)
			use_held(held[i]);
	}
}

/* Whether a result cannot be, though others do anything to any name at any moment. */
static bool
impossible(void)
{
	static const char *const possible[] = {"ENOENT", "ENOTDIR", "EISDIR", "EEXIST",
	    "ENOTEMPTY", "ELOOP", "EINVAL", "EPERM", "EBADF"};
	static const char *const wrong[] = {"SHORT", "INODE"};
	const char *word = result;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (strstr(result, wrong[i]) != NULL)
			return true;
	while ((word = strstr(word, " E")) != NULL) {
		word++;
		for (i = 0; i < sizeof(possible) / sizeof(possible[0]); i++)
			if (strncmp(word, possible[i], strlen(possible[i])) == 0)
				break;
		if (i == sizeof(possible) / sizeof(possible[0]))
			return true;
		/* Each of these has one cause only. */
		if ((strncmp(word, "EINVAL", 6) == 0 && strncmp(result, "rename", 6) != 0 &&
			strncmp(result, "readlink", 8) != 0) ||
		    (strncmp(word, "EPERM", 5) == 0 && strncmp(result, "link", 4) != 0) ||
		    (strncmp(word, "EBADF", 5) == 0 && strncmp(result, "held", 4) != 0))
			return true;
	}
	return false;
}

int
main(int argc, char **argv)
{
	unsigned long steps, step;
	int ch, i;

	while ((ch = getopt(argc, argv, "aLS")) != -1) {
		switch (ch) {
		case 'a':
			amid = true;
			break;
		case 'L':
			links = false;
			break;
		case 'S':
			symlinks = false;
			break;
		default:
			return 2;
		}
	}
	if (argc - optind != 3 || chdir(argv[optind]) != 0)
		errx(2, "usage: trees [-a] [-L] [-S] directory seed operations");
	state = strtoull(argv[optind + 1], NULL, 10) * 0x9e3779b97f4a7c15 | 1;
	steps = strtoul(argv[optind + 2], NULL, 10);
	umask(0022);

	for (step = 0; step < steps; step++) {
		used = 0;
		result[0] = '\0';
		operate();
		printf("%lu %s\n", step, result);
		if (amid && impossible()) {
			printf("that cannot be\n");
			return EXIT_FAILURE;
		}
	}
	for (i = 0; i < HELD; i++)
		if (held[i] >= 0 && close(held[i]) != 0)
			err(2, "close");
	return fflush(stdout) == 0 ? EXIT_SUCCESS : 2;
}
