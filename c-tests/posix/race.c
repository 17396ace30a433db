/*
 * race.c: several processes that want the same: one of them gets it.
 */
#include "posix.h"

#include <sys/mman.h>

#define RACERS 4
#define ROUNDS 100

static int *shared; /* who is ready; successes; surprises; whether to stop */
enum { READY, WON, ODD, STOP };

static void
add(int which)
{
	__atomic_add_fetch(&shared[which], 1, __ATOMIC_SEQ_CST);
}

static int
get(int which)
{
	return __atomic_load_n(&shared[which], __ATOMIC_SEQ_CST);
}

static int
exclusive(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);

	return fd == -1 ? -1 : close(fd);
}

static int
make_dir(const char *path)
{
	return mkdir(path, 0755);
}

static int
make_link(const char *path)
{
	return symlink("somewhere", path);
}

static int
make_name(const char *path)
{
	return link("source", path);
}

static int
move_away(const char *path)
{
	char to[64];

	snprintf(to, sizeof(to), "moved/%s-%d", path, getpid());
	return rename(path, to);
}

/* Everybody tries on each name; the losers get `error`. */
static void
race(const char *what, int (*call)(const char *path), int error)
{
	pid_t pids[RACERS];
	char name[20];
	int i, k;

	scene("%s", what);
	memset(shared, 0, 4 * sizeof(*shared));
	for (k = 0; k < RACERS; k++) {
		if ((pids[k] = spawn()) != 0)
			continue;
		add(READY);
		while (get(READY) < RACERS)
			continue;
		for (i = 0; i < ROUNDS; i++) {
			snprintf(name, sizeof(name), "r%d", i);
			if (call(name) == 0)
				add(WON);
			else if (errno != error)
				add(ODD);
		}
		leave();
	}
	for (k = 0; k < RACERS; k++)
		reap(pids[k]);
	IS(ROUNDS, shared[WON]);
	IS(0, shared[ODD]);
}

/* A name that is replaced again and again is there all the time, with the whole of one file or another. */
static void
replacing(void)
{
	char buf[100];
	pid_t pid;
	int fd, i, k;
	ssize_t n;

	scene("replacing while others read");
	memset(shared, 0, 4 * sizeof(*shared));
	memset(buf, 'a', sizeof(buf));
	buf[sizeof(buf) - 1] = '\0';
	put("target", buf);
	if ((pid = spawn()) == 0) {
		do {
			if ((fd = open("target", O_RDONLY)) == -1) {
				add(ODD);
				continue;
			}
			n = read(fd, buf, sizeof(buf));
			for (k = 1; k < n; k++)
				if (buf[k] != buf[0])
					break;
			if (n != 99 || k != 99)
				add(ODD);
			close(fd);
			add(WON);
		} while (get(STOP) == 0);
		leave();
	}
	for (i = 0; i < 300 || get(WON) < 10; i++) {
		memset(buf, 'a' + i % 26, sizeof(buf) - 1);
		put("fresh", buf);
		MUST(rename("fresh", "target"));
	}
	add(STOP);
	reap(pid);
	IS(0, shared[ODD]);
	list(".");
}

/* Two that rename a directory into each other: never both. */
static void
crossing(void)
{
	pid_t pid;
	int i;

	scene("directories into each other");
	memset(shared, 0, 4 * sizeof(*shared));
	for (i = 0; i < ROUNDS; i++) {
		dir("x");
		dir("y");
		if ((pid = spawn()) == 0) {
			if (rename("x", "y/x") == 0)
				add(WON);
			leave();
		}
		if (rename("y", "x/y") == 0)
			add(WON);
		reap(pid);
		clear(access("x", F_OK) == 0 ? "x" : "y");
	}
	IS(ROUNDS, shared[WON]);
	list(".");
}

void
topic_race(void)
{
	char name[20];
	int i;

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	touch("source");
	dir("moved");
	race("open with O_EXCL", exclusive, EEXIST);
	race("unlink", unlink, ENOENT);
	race("mkdir", make_dir, EEXIST);
	race("rmdir", rmdir, ENOENT);
	race("symlink", make_link, EEXIST);
	race("rename away", move_away, ENOENT);
	race("link", make_name, EEXIST);
	look("source");
	scene("cleaning up");
	for (i = 0; i < ROUNDS; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		MUST(unlink(name));
	}
	look("source");
	clear("moved");
	list(".");
	replacing();
	crossing();
	munmap(shared, 4096);
}
