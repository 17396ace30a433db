/*
 * Works with files while signals with handlers come all the time: SIGALRM by a timer of one millisecond, SIGINT from
 * a child, SIGCHLD of children that end. Nothing may come of it: no EINTR, no short count.
 *
 *	signals [-m] [-r] directory turns
 *
 * -r: handlers with SA_RESTART. -m: without shared mappings.
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
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LARGE (3 << 20)

static volatile sig_atomic_t alarms, interrupts, children;
static bool failed;
static unsigned char source[LARGE], target[LARGE];

static void
count(int sig)
{
	int saved = errno;

	switch (sig) {
	case SIGALRM:
		alarms++;
		break;
	case SIGINT:
		interrupts++;
		break;
	default:
		children++;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
	}
	errno = saved;
}

static void
check(bool holds, const char *what)
{
	if (!holds) {
		warn("%s", what);
		failed = true;
	}
}
#define CHECK(call) (errno = 0, check((call), #call))

/* One that sends SIGINT as long as we live. */
static void
pester(void)
{
	struct timespec pause = {0, 700000};
	pid_t parent = getpid();

	if (fork() != 0)
		return;
	signal(SIGINT, SIG_IGN);
	while (getppid() == parent && kill(parent, SIGINT) == 0)
		nanosleep(&pause, NULL);
	_exit(0);
}

static void
contents(bool maps)
{
	struct stat st;
	unsigned char *map;
	int fd;

	CHECK((fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) >= 0);
	CHECK(write(fd, source, LARGE) == LARGE);
	CHECK(fsync(fd) == 0);
	CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
	CHECK(pread(fd, target, LARGE, 0) == LARGE);
	CHECK(memcmp(source, target, LARGE) == 0);
	CHECK(ftruncate(fd, LARGE / 2) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == LARGE / 2);
	CHECK(pwrite(fd, source, 100, LARGE) == 100);
	CHECK(pread(fd, target, LARGE, LARGE / 2) == LARGE / 2 + 100);
	if (maps) {
		CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
		map = mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		CHECK(map != MAP_FAILED);
		if (map != MAP_FAILED) {
			CHECK(memcmp(source, map, LARGE / 2) == 0);
			memset(map, 'm', LARGE);
			CHECK(msync(map, LARGE, MS_SYNC) == 0);
			CHECK(munmap(map, LARGE) == 0);
		}
	}
	CHECK(close(fd) == 0);
}

/* As cp does it. */
static void
copy(void)
{
	static unsigned char piece[65536];
	int from, to;
	ssize_t n;

	CHECK((from = open("file", O_RDONLY | O_CLOEXEC)) >= 0);
	CHECK((to = open("copy", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0);
	while ((n = read(from, piece, sizeof(piece))) > 0) {
		CHECK(n == (ssize_t)sizeof(piece) || lseek(from, 0, SEEK_CUR) == LARGE + 100);
		CHECK(write(to, piece, (size_t)n) == n);
	}
	CHECK(n == 0);
	CHECK(lseek(to, 0, SEEK_CUR) == LARGE + 100);
	CHECK(close(from) == 0);
	CHECK(close(to) == 0);
	CHECK(unlink("copy") == 0);
}

static void
names(int turn)
{
	struct statvfs sv;
	struct stat st;
	char name[32], moved[32];
	int fd, i, n = 0;
	DIR *d;

	CHECK(mkdir("dir", 0700) == 0);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "dir/%d-%d", turn, i);
		snprintf(moved, sizeof(moved), "dir/%d+%d", turn, i);
		CHECK(stat(name, &st) == -1 && errno == ENOENT);
		CHECK((fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0);
		CHECK(close(fd) == 0);
		CHECK(rename(name, moved) == 0);
		CHECK(chmod(moved, 0640) == 0);
		CHECK(truncate(moved, 5000) == 0);
		CHECK(stat(moved, &st) == 0 && st.st_size == 5000);
	}
	CHECK((d = opendir("dir")) != NULL);
	while (d != NULL && (errno = 0, readdir(d) != NULL))
		n++;
	CHECK(errno == 0 && n == 22);
	CHECK(closedir(d) == 0);
	CHECK(statvfs(".", &sv) == 0);
	for (i = 0; i < 20; i++) {
		snprintf(moved, sizeof(moved), "dir/%d+%d", turn, i);
		CHECK(unlink(moved) == 0);
	}
	CHECK(rename("dir", "gone") == 0);
	CHECK(rmdir("gone") == 0);
}

int
main(int argc, char **argv)
{
	struct itimerval timer = {{0, 1000}, {0, 1000}};
	struct sigaction sa = {.sa_handler = count};
	bool maps = true;
	int ch, turn, turns, i;

	while ((ch = getopt(argc, argv, "mr")) != -1) {
		if (ch == 'r')
			sa.sa_flags = SA_RESTART;
		else
			maps = false;
	}
	if (argc - optind != 2 || chdir(argv[optind]) != 0)
		errx(2, "usage: signals [-m] [-r] directory turns");
	turns = atoi(argv[optind + 1]);
	for (i = 0; i < LARGE; i++)
		source[i] = (unsigned char)(i * 7 + i / 251);

	sigaction(SIGALRM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	pester();
	setitimer(ITIMER_REAL, &timer, NULL);
	for (turn = 0; turn < turns && !failed; turn++) {
		if (fork() == 0)
			_exit(0);
		contents(maps);
		copy();
		names(turn);
	}
	timer = (struct itimerval){0};
	setitimer(ITIMER_REAL, &timer, NULL);
	printf("%d alarms, %d interrupts, %d children in %d turns\n", (int)alarms, (int)interrupts,
	    (int)children, turn);
	if (children == 0 || alarms < 2 * turns || interrupts < 2 * turns) {
		printf("that is too few\n");
		return 2;
	}
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
