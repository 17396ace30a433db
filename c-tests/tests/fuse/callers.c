/*
 * A program that does one kind of thing with the files of a mount again and again, for the tests:
 *
 *	callers kind directory
 *
 * It makes ready what it needs in the directory, prints "ready", waits for SIGUSR1, prints "go", and goes on
 * until an operation fails. It exits with 0 when the error is one of a dead connection, and else with 1.
 */

#define _GNU_SOURCE 1

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE (1 << 20)
/* What a dead connection is called; another host says something else. */
#ifndef DEAD
#define DEAD ENOTCONN
#endif

static char buf[LARGE];
static const char *name = "one", *other = "two";
static int file = -1;
static char *map;
static unsigned long turn;

static void
need(bool holds, const char *what)
{
	if (!holds)
		err(2, "%s", what);
}

static void
make_file(void)
{
	file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	need(file >= 0, "open");
	need(write(file, buf, LARGE) == LARGE, "write");
}

/* So that it has to be asked for again. */
static void
uncache(void)
{
	need(posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0, "fadvise");
}

static void
make_map(void)
{
	make_file();
	map = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	need(map != MAP_FAILED, "mmap");
}

static void
make_names(void)
{
	char entry[32];
	int i;

	for (i = 0; i < 200; i++) {
		snprintf(entry, sizeof(entry), "entry%d", i);
		need(mknod(entry, S_IFREG | 0600, 0) == 0, "mknod");
	}
}

/* The last one before the end may come short. */
static bool
do_read(void)
{
	uncache();
	return pread(file, buf, 300000, (off_t)(turn * 4096 % (LARGE / 2))) > 0;
}

static bool
do_write(void)
{
	return pwrite(file, buf, 50000, (off_t)(turn * 4096 % (LARGE / 2))) > 0;
}

/* A failed fault is a SIGBUS, which ends us. */
static bool
do_fault(void)
{
	volatile char *at;

	/* Pages that are mapped stay. */
	need(madvise(map, LARGE, MADV_DONTNEED) == 0, "madvise");
	uncache();
	for (at = map; at < map + LARGE; at += 65536)
		(void)*at;
	return true;
}

static bool
do_dirty(void)
{
	volatile char *at;

	for (at = map; at < map + LARGE; at += 65536)
		*at = (char)turn;
	return msync(map, LARGE, MS_SYNC) == 0;
}

static bool
do_list(void)
{
	DIR *d = opendir(".");
	int n = 0;

	if (d == NULL)
		return false;
	while (errno = 0, readdir(d) != NULL)
		n++;
	if (errno != 0)
		return false;
	closedir(d);
	need(n == 202, "readdir");
	return true;
}

static bool
do_create(void)
{
	int fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	close(fd);
	return unlink(other) == 0;
}

static bool
do_rename(void)
{
	const char *old = name;

	name = other;
	other = old;
	return rename(old, name) == 0;
}

/* A name that nobody has seen. */
static bool
do_stat(void)
{
	struct stat st;
	char unseen[32];

	snprintf(unseen, sizeof(unseen), "unseen%lu", turn);
	return stat(unseen, &st) == -1 && errno == ENOENT;
}

static bool
do_sync(void)
{
	return fsync(file) == 0;
}

static bool
do_truncate(void)
{
	return truncate(name, (off_t)(turn % 7 * 10000)) == 0;
}

static bool
do_mkdir(void)
{
	return mkdir(other, 0700) == 0 && rmdir(other) == 0;
}

/* Its end closes what it has open. */
static bool
do_sleep(void)
{
	pause();
	return true;
}

static const struct {
	const char *kind;
	void (*prepare)(void);
	bool (*turn)(void);
} kinds[] = {
    {"read", make_file, do_read},
    {"write", make_file, do_write},
    {"fault", make_map, do_fault},
    {"dirty", make_map, do_dirty},
    {"list", make_names, do_list},
    {"create", make_file, do_create},
    {"rename", make_file, do_rename},
    {"stat", make_file, do_stat},
    {"sync", make_file, do_sync},
    {"truncate", make_file, do_truncate},
    {"mkdir", make_file, do_mkdir},
    {"sleep", make_file, do_sleep},
};

int
main(int argc, char **argv)
{
	size_t i;
	sigset_t go;
	int sig;

	if (argc != 3 || chdir(argv[2]) != 0)
		errx(2, "usage: callers kind directory");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, argv[1]) == 0)
			break;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		errx(2, "%s: no such kind", argv[1]);

	sigemptyset(&go);
	sigaddset(&go, SIGUSR1);
	sigprocmask(SIG_BLOCK, &go, NULL);
	memset(buf, 'x', sizeof(buf));
	need(mkdir(argv[1], 0700) == 0 && chdir(argv[1]) == 0, "mkdir");
	kinds[i].prepare();
	dprintf(STDOUT_FILENO, "ready\n");
	sigwait(&go, &sig);
	dprintf(STDOUT_FILENO, "go\n");

	while (kinds[i].turn())
		turn++;
	printf("turn %lu: %s\n", turn, strerrorname_np(errno));
	/* EIO is what page cache and msync make of it. */
	return errno != DEAD && errno != ECONNABORTED && errno != EIO;
}
