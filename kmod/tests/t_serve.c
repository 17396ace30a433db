/*
 * t_serve.c: a server over the raw device answers requests of every form, from several threads of the kernel, to two threads of
 * its own, one of which takes several at a time; all come through whole, and nothing is left.
 */
#include "server.h"

#define ROUNDS 400
#define THREADS 2

static void
all_forms(uint64_t max_requests)
{
	static atomic_ulong served;
	struct server servers[2] = { { .sv_served = &served }, { .sv_served = &served, .sv_batch = true } };
	struct load_run run = { .lr_forms = LOAD_ALL, .lr_threads = THREADS, .lr_rounds = ROUNDS };
	struct load_tally t;
	pthread_t threads[2];
	int fd, load, i;

	mount_open(&fd, &load, 0, max_requests);
	for (i = 0; i < 2; i++) {
		servers[i].sv_fd = fd;
		CHECK_EQ(pthread_create(&threads[i], NULL, server_main, &servers[i]), 0);
	}
	CHECK_EQ(start(fd), 0);
	CHECK_EQ(call(load, LOADRUN, &run), 0);
	CHECK_EQ(call(load, LOADWAIT, &t), 0);

	for (i = 0; i < LOAD_NFORMS; i++)
		CHECK_EQ(t.lt_sent[i], THREADS * ROUNDS);
	CHECK_EQ(t.lt_wrong, 0);
	CHECK_EQ(t.lt_lasterror, 0);
	CHECK_EQ(t.lt_failed, 0);
	CHECK_EQ(t.lt_dead, 0);
	CHECK_EQ(t.lt_intr, 0);
	CHECK_EQ(t.lt_right + t.lt_timedout + t.lt_full, LOAD_NFORMS * THREADS * ROUNDS);
	/* Those who gave up were those who said they would. */
	CHECK(t.lt_timedout > 0 && t.lt_timedout <= THREADS * ROUNDS);
	CHECK(t.lt_full <= 2 * THREADS * ROUNDS);
	printf("%lu served, %ju timed out, %ju late, %ju full\n", atomic_load(&served), (uintmax_t)t.lt_timedout,
	    (uintmax_t)t.lt_late, (uintmax_t)t.lt_full);

	/* The mount dies, so that the server's threads end; what they still held is dropped. */
	CHECK_EQ(call(load, LOADDIE, NULL), 0);
	for (i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	check_idle(load);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(load), 0);
}

/* Callers who give up, the parked one by its own clock, the other by the kernel's timer; what they asked is withdrawn, or answered late. */
static void
deadlines(void)
{
	static const enum load_form forms[] = { LOAD_OPT, LOAD_DONE, LOAD_OPT, LOAD_DONE };
	struct load_tally t;
	struct load_call lc;
	struct puffs_req req;
	char body[64];
	int fd, load;
	size_t i;

	mount_open(&fd, &load, 0, 0);
	for (i = 0; i < 4; i++) {
		if (i == 2)
			CHECK_EQ(start(fd), 0);
		lc = (struct load_call){ .lc_form = forms[i], .lc_timeout_ns = 20000000 };
		CHECK_EQ(call(load, LOADCALL, &lc), 0);
		CHECK_EQ(lc.lc_result, ETIMEDOUT);
		check_idle(load);
	}
	/* With the server when its time is over. */
	for (i = 0; i < 2; i++) {
		fflush(stdout);
		if (fork() == 0) {
			lc = (struct load_call){ .lc_form = forms[i], .lc_timeout_ns = UINT64_C(3000000000) };
			CHECK_EQ(call(load, LOADCALL, &lc), 0);
			_exit(lc.lc_result);
		}
		req = (struct puffs_req){ .preq_aux = body, .preq_auxlen = sizeof(body) };
		CHECK_EQ(call(fd, PUFFSGETOP, &req), 0);
		int status;
		CHECK(wait(&status) != -1);
		CHECK(WIFEXITED(status));
		CHECK_EQ(WEXITSTATUS(status), ETIMEDOUT);
		CHECK_EQ(call(fd, PUFFSPUTOP, &req), ECANCELED);
		check_idle(load);
	}
	CHECK_EQ(call(load, LOADWAIT, &t), 0);
	CHECK_EQ(t.lt_late, 2);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(load), 0);
}

int
main(void)
{

	deadlines();
	all_forms(0);
	/* A short queue: callers wait for places, and some will not. */
	all_forms(6);
	return 0;
}
