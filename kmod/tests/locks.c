/*
 * locks DIR SERVER: locks that lockfs keeps, which is mounted at DIR and is the process SERVER. Its file "log" has a line for what it did.
 * locks DIR: locks on its file "a", whose server keeps none.
 *
 * Everybody here is a process of its own, since one does not stand in its own way. Nothing waits for a time, but for something to be seen.
 */
#define _GNU_SOURCE 1
#include <sys/file.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#include "mounted.h"

/* How often the server noted these words, which are a line. */
static int
noted(const char *words)
{
	char text[8192], *line, *at;
	int fd = open_in("log", O_RDONLY), n = 0;
	ssize_t len;

	CHECK((len = pread(fd, text, sizeof(text) - 1, 0)) != -1);
	text[len] = '\0';
	close(fd);
	for (line = strtok_r(text, "\n", &at); line != NULL; line = strtok_r(NULL, "\n", &at))
		n += strcmp(line, words) == 0;
	return n;
}

static void
await_noted(const char *words, int times)
{
	time_t limit = time(NULL) + PATIENCE;

	while (noted(words) < times)
		if (time(NULL) > limit) {
			fprintf(stderr, "not noted %d times: %s\n", times, words);
			exit(1);
		}
}

static int
posix(int fd, int cmd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, cmd, &fl);
}

/* The process that stands in the way of a lock; 0: none. */
static pid_t
in_the_way(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	CHECK(fcntl(fd, F_GETLK, &fl) == 0);
	return fl.l_type == F_UNLCK ? 0 : fl.l_pid;
}

static bool
refused(int fd)
{

	return posix(fd, F_SETLK, F_WRLCK) == -1 && errno == EAGAIN;
}

/* The end of a child, which is 0 where it has nothing else to say; SIGKILL when that ended it. */
static int
end_of(pid_t child)
{
	time_t limit = time(NULL) + PATIENCE;
	pid_t pid;
	int status;

	while ((pid = waitpid(child, &status, WNOHANG)) == 0)
		CHECK(time(NULL) <= limit);
	CHECK(pid == child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void
nothing(int sig)
{

	(void)sig;
}

static void
handle(int flags)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = flags };

	CHECK(sigaction(SIGUSR1, &sa, NULL) == 0);
}

/* Reads and writes of a pipe, for one to wait until another has done something. */
static void
say(int to[2])
{

	CHECK(write(to[1], "x", 1) == 1);
}

static void
hear(int from[2])
{
	char byte;

	CHECK(read(from[0], &byte, 1) == 1);
}

static void
of_fcntl(void)
{
	int fd = open_in("a", O_RDWR), other;
	pid_t child, self = getpid();

	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	CHECK(noted("lock a") == 1);
	if ((child = fork()) == 0) {
		int own = open_in("a", O_RDWR);

		CHECK(in_the_way(own) == self);
		CHECK(refused(own));
		/* It has no lock, so its close gives none back. */
		close(own);
		_exit(0);
	}
	CHECK(end_of(child) == 0);
	CHECK(noted("free a") == 0);
	CHECK(in_the_way(fd) == 0);
	/* By itself; by a close of another descriptor; by the end of the process. */
	CHECK(posix(fd, F_SETLK, F_UNLCK) == 0);
	CHECK(noted("free a") == 1);
	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	other = open_in("a", O_RDWR);
	close(other);
	await_noted("free a", 2);
	if ((child = fork()) == 0) {
		CHECK(posix(open_in("a", O_RDWR), F_SETLK, F_WRLCK) == 0);
		_exit(0);
	}
	CHECK(end_of(child) == 0);
	await_noted("free a", 3);
	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	close(fd);
	await_noted("free a", 4);
}

/* One waits and is killed: at once, and what the server grants him later is given back. */
static void
killed(void)
{
	int fd = open_in("a", O_RDWR), freed = noted("free a"), waits = noted("wait a"), locks = noted("lock a");
	pid_t child;

	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	if ((child = fork()) == 0) {
		posix(open_in("a", O_RDWR), F_SETLKW, F_WRLCK);
		_exit(0);
	}
	await_noted("wait a", waits + 1);
	CHECK(kill(child, SIGKILL) == 0);
	CHECK(end_of(child) == SIGKILL);
	CHECK(noted("free a") == freed);
	CHECK(posix(fd, F_SETLK, F_UNLCK) == 0);
	await_noted("lock a", locks + 2);
	await_noted("free a", freed + 2);
	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	close(fd);
	await_noted("free a", freed + 3);
}

/* One waits and gets a signal, which he has a handler for. */
static void
interrupted(void)
{
	int fd = open_in("a", O_RDWR), freed = noted("free a"), waits = noted("wait a"), done[2], go[2];
	pid_t child;

	CHECK(pipe(done) == 0 && pipe(go) == 0);
	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	if ((child = fork()) == 0) {
		int own = open_in("a", O_RDWR);

		handle(0);
		CHECK(posix(own, F_SETLKW, F_WRLCK) == -1 && errno == EINTR);
		say(done);
		hear(go);
		_exit(0);
	}
	await_noted("wait a", waits + 1);
	CHECK(kill(child, SIGUSR1) == 0);
	hear(done);
	CHECK(posix(fd, F_SETLK, F_UNLCK) == 0);
	/* He has nothing, and is still there. */
	await_noted("free a", freed + 2);
	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	say(go);
	CHECK(end_of(child) == 0);
	close(fd);
	await_noted("free a", freed + 3);
	close(done[0]), close(done[1]), close(go[0]), close(go[1]);
}

/* One waits, and gets a signal after which the call begins again: the server grants him twice, and he keeps it. */
static void
again(const char *name, const char *frees, const char *waiting, const char *granted)
{
	int fd = open_in(name, O_RDWR), freed = noted(frees), waits = noted(waiting), locks = noted(granted), has[2], go[2];
	pid_t child;

	CHECK(pipe(has) == 0 && pipe(go) == 0);
	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	if ((child = fork()) == 0) {
		int own = open_in(name, O_RDWR);

		handle(SA_RESTART);
		CHECK(posix(own, F_SETLKW, F_WRLCK) == 0);
		say(has);
		hear(go);
		_exit(0);
	}
	await_noted(waiting, waits + 1);
	CHECK(kill(child, SIGUSR1) == 0);
	await_noted(waiting, waits + 2);
	CHECK(posix(fd, F_SETLK, F_UNLCK) == 0);
	hear(has);
	CHECK(in_the_way(fd) == child);
	await_noted(granted, locks + 3);
	CHECK(refused(fd));
	say(go);
	CHECK(end_of(child) == 0);
	await_noted(frees, freed + 2);
	CHECK(posix(fd, F_SETLKW, F_WRLCK) == 0);
	close(fd);
	close(has[0]), close(has[1]), close(go[0]), close(go[1]);
}

static void
of_flock(void)
{
	int fd = open_in("b", O_RDWR), other = open_in("b", O_RDWR);
	pid_t child;

	CHECK(flock(fd, LOCK_EX) == 0);
	CHECK(noted("lock b flock") == 1);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK);
	/* The other kind knows nothing of it. */
	CHECK(posix(other, F_SETLK, F_WRLCK) == 0);
	CHECK(posix(other, F_SETLK, F_UNLCK) == 0);
	if ((child = fork()) == 0) {
		/* Not by this one's end, since it is the same open file. */
		close(fd);
		CHECK(flock(open_in("b", O_RDWR), LOCK_EX) == 0);
		_exit(0);
	}
	await_noted("wait b flock", 1);
	CHECK(noted("free b flock") == 0);
	close(fd);
	CHECK(end_of(child) == 0);
	await_noted("free b flock", 2);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == 0);
	CHECK(flock(other, LOCK_UN) == 0);
	CHECK(noted("free b flock") == 3);
	close(other);
}

/* Who has a lock and ends waits for nobody, and the server hears of it when it can. */
static void
stopped(pid_t server)
{
	int fd = open_in("a", O_RDWR), freed = noted("free a"), has[2], go[2];
	pid_t child;

	CHECK(pipe(has) == 0 && pipe(go) == 0);
	if ((child = fork()) == 0) {
		CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
		say(has);
		hear(go);
		_exit(0);
	}
	hear(has);
	CHECK(kill(server, SIGSTOP) == 0);
	say(go);
	CHECK(end_of(child) == 0);
	CHECK(kill(server, SIGCONT) == 0);
	await_noted("free a", freed + 1);
	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	close(fd);
	close(has[0]), close(has[1]), close(go[0]), close(go[1]);
}

/* The server dies under one who has a lock and one who waits for it. */
static void
died(pid_t server)
{
	int fd = open_in("a", O_RDWR), waits = noted("wait a");
	pid_t child;

	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	if ((child = fork()) == 0) {
		CHECK(posix(open_in("a", O_RDWR), F_SETLKW, F_WRLCK) == -1 && errno == ENXIO);
		_exit(0);
	}
	await_noted("wait a", waits + 1);
	CHECK(kill(server, SIGKILL) == 0);
	CHECK(end_of(child) == 0);
	CHECK(posix(fd, F_SETLK, F_UNLCK) == -1 && errno == ENXIO);
	CHECK(close(fd) == 0);
}

static void
of_linux(void)
{
	int fd = open_in("a", O_RDWR), other = open_in("a", O_RDWR);
	pid_t child, self = getpid();

	CHECK(posix(fd, F_SETLK, F_WRLCK) == 0);
	CHECK(flock(fd, LOCK_EX) == 0);
	if ((child = fork()) == 0) {
		CHECK(in_the_way(other) == self);
		CHECK(refused(other));
		CHECK(flock(other, LOCK_EX | LOCK_NB) == -1 && errno == EWOULDBLOCK);
		_exit(0);
	}
	CHECK(end_of(child) == 0);
	close(fd);
	CHECK(flock(other, LOCK_EX | LOCK_NB) == 0);
	if ((child = fork()) == 0) {
		CHECK(posix(other, F_SETLK, F_WRLCK) == 0);
		_exit(0);
	}
	CHECK(end_of(child) == 0);
}

int
main(int argc, char *argv[])
{
	pid_t server;

	if (argc < 2)
		return 2;
	dir = argv[1];
	if (argc == 2) {
		of_linux();
		return 0;
	}
	server = atoi(argv[2]);
	of_fcntl();
	killed();
	interrupted();
	again("a", "free a", "wait a", "lock a");
	/* The second request first, and the other one when he has it. */
	again("b", "free b", "wait b", "lock b");
	of_flock();
	stopped(server);
	died(server);
	return 0;
}
