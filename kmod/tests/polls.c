/*
 * polls DIR SERVER: waits for waitfs, which is mounted at DIR and is the process SERVER, to say that its file "events" is ready; "ready" always is. What
 * is written to "go" makes an event, or changes "changes", and "log" says how many requests wait.
 * polls -n DIR: leaves a request of "events" behind.
 * polls DIR: the file "a" of a server that says nothing.
 */
#define _GNU_SOURCE 1
#include <sys/epoll.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "mounted.h"

/* How many requests wait in the server. */
static int
waiting(void)
{
	int fd = open_in("log", O_RDONLY), n;
	char text[256];
	ssize_t len;

	CHECK((len = pread(fd, text, sizeof(text) - 1, 0)) > 0);
	text[len] = '\0';
	close(fd);
	CHECK(sscanf(text, "waiting %d", &n) == 1);
	return n;
}

#define await_waiting(n) await_waiting_at(__LINE__, n)
static void
await_waiting_at(int line, int n)
{
	time_t limit = time(NULL) + PATIENCE;

	while (waiting() != n)
		if (time(NULL) > limit)
			fail(line, "other requests wait");
}

static void
command(const char *words)
{
	int fd = open_in("go", O_WRONLY);

	CHECK(write(fd, words, strlen(words)) == (ssize_t)strlen(words));
	close(fd);
}

static void
event(void)
{

	command("event");
}

/* What poll(2) says, which may not sleep for longer than others are patient. */
static int
polled(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n = poll(&pfd, 1, ms);

	CHECK(n != -1);
	return n == 0 ? 0 : pfd.revents;
}

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

/* A process that polls until something is there. */
static pid_t
poller(int fd, int wanted)
{
	pid_t child;

	if ((child = fork()) == 0)
		_exit(polled(fd, POLLIN, PATIENCE * 1000) != wanted);
	return child;
}

/* It sleeps, in a system call that is no other than poll(2). */
static void
await_asleep(pid_t child)
{
	time_t limit = time(NULL) + PATIENCE;
	char path[64], text[512], *at;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	do {
		CHECK(time(NULL) <= limit);
		CHECK((file = fopen(path, "r")) != NULL);
		CHECK(fgets(text, sizeof(text), file) != NULL);
		fclose(file);
		CHECK((at = strrchr(text, ')')) != NULL);
	} while (at[2] != 'S');
}

static void
one(void)
{
	int fd = open_in("events", O_RDONLY), ready = open_in("ready", O_RDONLY), got, in_a_row;
	time_t limit = time(NULL) + PATIENCE;
	pid_t child;

	/* Nobody has to sleep to hear of what is so. Each time takes another request, which the server may be too slow for, but not often. */
	for (in_a_row = 0; in_a_row < 20; in_a_row = got == 0 ? 0 : in_a_row + 1) {
		got = polled(ready, POLLIN | POLLOUT, 0);
		CHECK(got == 0 || got == (POLLIN | POLLOUT));
		CHECK(time(NULL) <= limit);
	}
	close(ready);
	CHECK(polled(fd, POLLIN, 0) == 0);
	CHECK(waiting() == 1);
	/* The request that is there already does for him too. */
	child = poller(fd, POLLIN);
	await_asleep(child);
	CHECK(waiting() == 1);
	event();
	CHECK(end_of(child) == 0);
	/* It was told, and is over. */
	CHECK(waiting() == 0);
	CHECK(polled(fd, POLLIN, 0) == 0);
	CHECK(waiting() == 1);
	/* Other events are another request. */
	CHECK(polled(fd, POLLIN | POLLRDNORM, 0) == 0);
	CHECK(waiting() == 2);
	/* The server gives an event to one of them, and nobody polls: it is kept, also beyond a close. */
	event();
	await_waiting(1);
	close(fd);
	fd = open_in("events", O_RDONLY);
	CHECK(polled(fd, POLLIN, 0) == POLLIN);
	event();
	await_waiting(0);
	CHECK(polled(fd, POLLIN | POLLRDNORM, 0) != 0);
	close(fd);
}

/* Two wait, and there are two events. */
static void
two(void)
{
	int fd = open_in("events", O_RDONLY), status, n;
	pid_t child[2] = { poller(fd, POLLIN), poller(fd, POLLIN) }, ended;

	await_waiting(1);
	await_asleep(child[0]);
	await_asleep(child[1]);
	event();
	CHECK((ended = wait(&status)) != -1 && status == 0);
	n = ended == child[0];
	/* The other one asks for himself. */
	await_waiting(1);
	event();
	CHECK(end_of(child[n]) == 0);
	close(fd);
}

static void
by_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN }, got;
	int fd = open_in("events", O_RDONLY), set;

	CHECK((set = epoll_create1(0)) != -1);
	CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &ev) == 0);
	CHECK(epoll_wait(set, &got, 1, 0) == 0);
	event();
	CHECK(epoll_wait(set, &got, 1, PATIENCE * 1000) == 1 && got.events == EPOLLIN);
	CHECK(epoll_wait(set, &got, 1, 0) == 0);
	event();
	CHECK(epoll_wait(set, &got, 1, PATIENCE * 1000) == 1);
	/* What comes after both are closed is kept. */
	CHECK(epoll_wait(set, &got, 1, 0) == 0);
	close(fd);
	close(set);
	event();
	fd = open_in("events", O_RDONLY);
	await_waiting(0);
	CHECK(polled(fd, POLLIN, 0) == POLLIN);
	close(fd);
}

/* A server that does not wait is asked again. */
static void
asked_again(void)
{
	int fd = open_in("changes", O_RDONLY);
	pid_t child;

	CHECK(polled(fd, POLLIN, 0) == 0);
	child = poller(fd, POLLIN);
	await_asleep(child);
	command("change");
	CHECK(end_of(child) == 0);
	close(fd);
}

static void
stopped(pid_t server)
{
	int fd = open_in("events", O_RDONLY), held = open_in("ready", O_RDONLY);
	pid_t child = poller(fd, POLLIN);

	await_waiting(1);
	CHECK(kill(server, SIGSTOP) == 0);
	/* Of a server that says nothing nothing is known, and nobody waits for it. */
	CHECK(polled(held, POLLIN, 0) == 0);
	CHECK(kill(child, SIGKILL) == 0);
	CHECK(end_of(child) == SIGKILL);
	CHECK(kill(server, SIGCONT) == 0);
	CHECK(polled(held, POLLIN, PATIENCE * 1000) == POLLIN);
	event();
	await_waiting(0);
	CHECK(polled(fd, POLLIN, 0) == POLLIN);
	close(fd);
	close(held);
}

static void
died(pid_t server)
{
	int fd = open_in("events", O_RDONLY);
	pid_t child = poller(fd, POLLERR | POLLHUP);

	await_waiting(1);
	await_asleep(child);
	CHECK(kill(server, SIGKILL) == 0);
	CHECK(end_of(child) == 0);
	CHECK(polled(fd, POLLIN, PATIENCE * 1000) == (POLLERR | POLLHUP));
	CHECK(polled(fd, POLLIN, 0) == (POLLERR | POLLHUP));
}

static void
of_linux(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd = open_in("a", O_RDWR);

	CHECK(polled(fd, POLLIN | POLLOUT, 0) == (POLLIN | POLLOUT));
	CHECK(epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, &ev) == -1 && errno == EPERM);
}

int
main(int argc, char *argv[])
{
	pid_t server;

	if (argc < 2)
		return 2;
	dir = argv[argc == 3 && strcmp(argv[1], "-n") == 0 ? 2 : 1];
	if (dir == argv[2]) {
		CHECK(polled(open_in("events", O_RDONLY), POLLIN, 0) == 0);
		CHECK(waiting() == 1);
		return 0;
	}
	if (argc == 2) {
		of_linux();
		return 0;
	}
	server = atoi(argv[2]);
	one();
	two();
	by_epoll();
	asked_again();
	stopped(server);
	died(server);
	return 0;
}
