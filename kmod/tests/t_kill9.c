/*
 * t_kill9.c: the server is killed under load, again and again, in whatever it does: serving, holding what it fetched, stopped,
 * or before it fetched anything. Every caller ends at once, though another process has the device open as well.
 */
#include "server.h"

#define ROUNDS 20
#define CALLERS 3

enum how { SERVES, HOLDS, STOPPED, STARTED, NHOWS };

static atomic_ulong *served;

static void
server_process(int fd, enum how how)
{
	static struct server servers[3];
	pthread_t threads[3];
	int i;

	CHECK_EQ(start(fd), 0);
	if (how == STARTED) {
		atomic_fetch_add(served, 1);
		for (;;)
			pause();
	}
	for (i = 0; i < 3; i++) {
		servers[i] = (struct server){
			.sv_fd = fd, .sv_batch = i == 1, .sv_hold = how == HOLDS, .sv_served = served,
		};
		CHECK_EQ(pthread_create(&threads[i], NULL, server_main, &servers[i]), 0);
	}
	for (;;)
		pause();
}

/* A process in the file system: whatever it does, it ends with ENXIO. */
static void
caller_process(int load, int number)
{
	struct load_call lc;

	do {
		lc = (struct load_call){ .lc_form = number == 0 ? LOAD_OPT : LOAD_ADJBUF, .lc_flags = PUFFS_TOUSER_INTERRUPTIBLE };
		if (call(load, LOADCALL, &lc) != 0)
			_exit(1);
	} while (lc.lc_result == 0);
	_exit(lc.lc_result == ENXIO ? 0 : 2);
}

static void
round_of(int round)
{
	enum how how = (enum how)(round % NHOWS);
	struct load_run run = { .lr_forms = LOAD_ALL, .lr_threads = 2, .lr_rounds = UINT64_MAX };
	struct pollfd pfd = { .events = 0 };
	struct puffs_req req = { .preq_id = 0 };
	struct load_tally t;
	pid_t server, callers[CALLERS];
	int fd, load, status, i;

	mount_open(&fd, &load, 0, round % 3 == 0 ? 8 : 0);
	atomic_store(served, 0);
	fflush(stdout);
	if ((server = fork()) == 0) {
		close(load);
		server_process(fd, how);
	}
	CHECK(server != -1);
	CHECK_EQ(call(load, LOADRUN, &run), 0);
	for (i = 0; i < CALLERS; i++)
		if ((callers[i] = fork()) == 0)
			caller_process(load, i);
	while (atomic_load(served) < (unsigned long)(how == STARTED ? 1 : how == HOLDS ? 4 : 50 + round * 7))
		sched_yield();
	if (how == STOPPED) {
		CHECK_EQ(kill(server, SIGSTOP), 0);
		CHECK_EQ(waitpid(server, &status, WUNTRACED), server);
		CHECK(WIFSTOPPED(status));
	}
	/* With the bound of 8, some stand in line. */
	while (how != SERVES && round % 3 == 0 && stats_of(load).pms_waiting == 0)
		sched_yield();

	CHECK_EQ(kill(server, SIGKILL), 0);
	/* Not waited for its end: that is what the poll is for. */
	pfd.fd = fd;
	CHECK_EQ(poll(&pfd, 1, 20000), 1);
	CHECK_EQ(pfd.revents, POLLERR | POLLHUP);
	CHECK_EQ(waitpid(server, &status, 0), server);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_EQ(call(load, LOADWAIT, &t), 0);
	for (i = 0; i < CALLERS; i++) {
		CHECK_EQ(waitpid(callers[i], &status, 0), callers[i]);
		CHECK_EQ(status, 0);
	}
	CHECK_EQ(t.lt_wrong, 0);
	CHECK_EQ(t.lt_lasterror, 0);
	CHECK_EQ(t.lt_failed, 0);
	CHECK_EQ(t.lt_dead, 2 * LOAD_NFORMS);
	check_idle(load);
	CHECK_EQ(call(fd, PUFFSGETOP, &req), ENOENT);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(load), 0);
}

int
main(void)
{
	int round;

	served = mmap(NULL, sizeof(*served), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(served != MAP_FAILED);
	for (round = 0; round < ROUNDS; round++)
		round_of(round);
	return 0;
}
