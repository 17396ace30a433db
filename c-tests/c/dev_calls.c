/*
 * dev_calls.c: each call of a server in each state of its open device, and what can go wrong with each. One function per row of
 * the table.
 *
 * Not here: calls that sleep until a signal comes (tiny_kernel_leave.c), and memory that cannot be reached beyond NULL
 * (tiny_kernel_hostile.c).
 *
 * c-test: link=shared,static run=plain,asan,valgrind with=support/shim_inproc.c
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#include <puffs_sys.h>

#include "check.h"
#include "shim.h"

enum state { EMBRYO, MOUNTING, RUNNING, DYING, UNMOUNTED, NSTATES };

#define GONE (POLLERR | POLLHUP)
#define INS (POLLIN | POLLRDNORM | POLLRDBAND | POLLPRI)
#define OUTS (POLLOUT | POLLWRNORM | POLLWRBAND)

static char buffer[256];
static struct puffs_req req;

/* A new open in the given state. */
static int
open_at(enum state state)
{
	struct puffs_startreq start;
	int fd;

	memset(&start, 0, sizeof(start));
	CHECK_EQ(shim_open(&fd), 0);
	if (state == EMBRYO)
		return fd;
	CHECK_EQ(shim_kernel(fd, SHIM_MOUNT), 0);
	if (state == MOUNTING)
		return fd;
	CHECK_EQ(shim_ioctl(fd, PUFFSSTARTOP, &start), 0);
	if (state == DYING)
		CHECK_EQ(shim_kernel(fd, SHIM_DIE), 0);
	if (state == UNMOUNTED)
		CHECK_EQ(shim_kernel(fd, SHIM_UNMOUNT), 0);
	return fd;
}

static void
nonblock(int fd, int on)
{

	CHECK_EQ(shim_ioctl(fd, FIONBIO, &on), 0);
}

static int
getop(int fd, void *aux, size_t auxlen)
{

	memset(&req, 0x55, sizeof(req));
	req.preq_aux = aux;
	req.preq_auxlen = auxlen;
	return shim_ioctl(fd, PUFFSGETOP, &req);
}

static int
fetch(int fd)
{

	return getop(fd, buffer, sizeof(buffer));
}

static void *
fetch_main(void *arg)
{

	return (void *)(intptr_t)fetch(*(int *)arg);
}

static void
test_getop(void)
{
	static const int wanted[NSTATES] = { ENOENT, EAGAIN, EAGAIN, ENXIO, ENOENT };
	struct puffs_startreq start;
	pthread_t getter;
	void *result;
	int state, fd;

	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		nonblock(fd, 1);
		CHECK_EQ(fetch(fd), wanted[state]);
		CHECK_EQ(shim_close(fd), 0);
	}

	fd = open_at(RUNNING);
	CHECK_EQ(shim_kernel(fd, SHIM_FAF), 0);
	CHECK_EQ(getop(fd, buffer, SHIM_BODYLEN - 1), E2BIG);
	CHECK_EQ(req.preq_auxlen, SHIM_BODYLEN);
	CHECK_EQ(getop(fd, NULL, sizeof(buffer)), EFAULT);
	CHECK_EQ(shim_ioctl(fd, PUFFSGETOP, NULL), EFAULT);
	CHECK_EQ(getop(fd, buffer, SHIM_BODYLEN), 0);
	CHECK_EQ(req.preq_id, 0);
	CHECK_EQ(req.preq_opclass, PUFFSOP_VN | PUFFSOPFLAG_FAF);
	CHECK_EQ(req.preq_optype, PUFFS_VN_RECLAIM);
	CHECK_EQ(req.preq_rv, 0);
	CHECK(req.preq_cookie == SHIM_COOKIE);
	CHECK(req.preq_aux == buffer);
	CHECK_EQ(req.preq_auxlen, SHIM_BODYLEN);
	CHECK(memcmp(buffer, SHIM_BODY, SHIM_BODYLEN) == 0);
	CHECK_EQ(shim_close(fd), 0);

	/* What comes before the start is delivered after it, also to one who sleeps. */
	fd = open_at(MOUNTING);
	CHECK_EQ(pthread_create(&getter, NULL, fetch_main, &fd), 0);
	CHECK_EQ(shim_kernel(fd, SHIM_FAF), 0);
	memset(&start, 0, sizeof(start));
	CHECK_EQ(shim_ioctl(fd, PUFFSSTARTOP, &start), 0);
	CHECK_EQ(pthread_join(getter, &result), 0);
	CHECK_EQ((intptr_t)result, 0);

	/* Death wakes a sleeper, or meets it at the door. */
	CHECK_EQ(pthread_create(&getter, NULL, fetch_main, &fd), 0);
	CHECK_EQ(shim_kernel(fd, SHIM_DIE), 0);
	CHECK_EQ(pthread_join(getter, &result), 0);
	CHECK_EQ((intptr_t)result, ENXIO);
	CHECK_EQ(shim_close(fd), 0);
}

static int
putop(int fd)
{

	return shim_ioctl(fd, PUFFSPUTOP, &req);
}

/* Answers a request that was changed by `how`: what the server is told, and what its caller. */
static void
answer(int fd, void (*how)(void), int server, int caller)
{

	CHECK_EQ(shim_kernel(fd, SHIM_CALL), 0);
	CHECK_EQ(fetch(fd), 0);
	req.preq_rv = 0;
	how();
	CHECK_EQ(putop(fd), server);
	CHECK_EQ(shim_kernel(fd, SHIM_RESULT), caller);
	/* It has ended, so nobody waits for another answer. */
	CHECK_EQ(putop(fd), EINVAL);
}

static void well(void) { }
static void error(void) { req.preq_rv = ENOTEMPTY; }
static void shorter(void) { req.preq_auxlen = 1; }
static void empty(void) { req.preq_auxlen = 0; req.preq_aux = NULL; }
static void wrong_type(void) { req.preq_optype++; }
static void wrong_class(void) { req.preq_opclass = PUFFSOP_VFS; }
static void faf_flag(void) { req.preq_opclass |= PUFFSOPFLAG_FAF; }
static void negative(void) { req.preq_rv = -EIO; }
static void no_errno(void) { req.preq_rv = 134; }
static void longer(void) { req.preq_auxlen++; }
static void longest(void) { req.preq_auxlen = (256 << 10) + 1; }
static void nowhere(void) { req.preq_aux = NULL; }

static void
test_batch(void)
{
	static const int wanted[NSTATES] = { ENOENT, EAGAIN, EAGAIN, ENXIO, ENOENT };
	struct puffs_req answer[2], room[2];
	struct puffs_batch batch;
	int state, fd;

	memset(answer, 0, sizeof(answer));
	memset(room, 0, sizeof(room));
	memset(&batch, 0, sizeof(batch));
	batch.pb_get = room;
	batch.pb_nget = 2;
	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		nonblock(fd, 1);
		CHECK_EQ(shim_ioctl(fd, PUFFSBATCH, &batch), wanted[state]);
		CHECK_EQ(shim_close(fd), 0);
	}

	fd = open_at(RUNNING);
	CHECK_EQ(shim_kernel(fd, SHIM_CALL), 0);
	CHECK_EQ(fetch(fd), 0);
	answer[0] = req;
	answer[0].preq_rv = ENOTEMPTY;
	CHECK_EQ(shim_kernel(fd, SHIM_FAF), 0);
	room[0].preq_aux = buffer;
	room[0].preq_auxlen = sizeof(buffer);
	batch.pb_put = answer;
	batch.pb_nput = 1;
	CHECK_EQ(shim_ioctl(fd, PUFFSBATCH, &batch), 0);
	CHECK_EQ(answer[0].preq_id, 0);
	CHECK_EQ(answer[0].preq_rv, 0);
	CHECK_EQ(shim_kernel(fd, SHIM_RESULT), ENOTEMPTY);
	CHECK_EQ(batch.pb_nget, 1);
	CHECK_EQ(room[0].preq_optype, PUFFS_VN_RECLAIM);

	/* Nobody awaits this answer: it says so, and nothing is fetched. */
	CHECK_EQ(shim_kernel(fd, SHIM_FAF), 0);
	answer[0] = req;
	CHECK_EQ(shim_ioctl(fd, PUFFSBATCH, &batch), EINVAL);
	CHECK_EQ(answer[0].preq_id, 0);
	CHECK_EQ(answer[0].preq_rv, EINVAL);
	CHECK_EQ(fetch(fd), 0);

	/* Not to sleep, it says for itself. */
	batch.pb_flags = PUFFS_BATCH_NOWAIT;
	CHECK_EQ(shim_ioctl(fd, PUFFSBATCH, &batch), EAGAIN);
	batch.pb_flags = PUFFS_BATCH_NOWAIT << 1;
	CHECK_EQ(shim_ioctl(fd, PUFFSBATCH, &batch), EINVAL);
	batch.pb_flags = 0;

	batch.pb_nput = 1025;
	CHECK_EQ(shim_ioctl(fd, PUFFSBATCH, &batch), EINVAL);
	CHECK_EQ(shim_ioctl(fd, PUFFSBATCH, NULL), EFAULT);
	CHECK_EQ(shim_close(fd), 0);
}

/* One that answers, and then sleeps until it is woken. */
static void *
batch_main(void *arg)
{
	struct puffs_req room = { 0 };
	struct puffs_batch batch = { .pb_put = &req, .pb_nput = 1, .pb_get = &room, .pb_nget = 1 };

	return (void *)(intptr_t)shim_ioctl(*(int *)arg, PUFFSBATCH, &batch);
}

static void
test_wake(void)
{
	static const int wanted[NSTATES] = { ENOENT, 0, 0, ENXIO, ENOENT };
	pthread_t getter;
	void *result;
	int state, fd;

	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		CHECK_EQ(shim_ioctl(fd, PUFFSWAKE, NULL), wanted[state]);
		CHECK_EQ(shim_ioctl(fd, PUFFSWAKE, NULL), wanted[state]);
		if (wanted[state] == 0) {
			/* It waits for one who would sleep, and is there once. */
			nonblock(fd, 1);
			CHECK_EQ(fetch(fd), EAGAIN);
			nonblock(fd, 0);
			CHECK_EQ(fetch(fd), EINTR);
			nonblock(fd, 1);
			CHECK_EQ(fetch(fd), EAGAIN);
		}
		CHECK_EQ(shim_close(fd), 0);
	}

	/* Whether it comes before the sleep or after; and a request is not held up by it. */
	fd = open_at(RUNNING);
	CHECK_EQ(pthread_create(&getter, NULL, fetch_main, &fd), 0);
	CHECK_EQ(shim_ioctl(fd, PUFFSWAKE, NULL), 0);
	CHECK_EQ(pthread_join(getter, &result), 0);
	CHECK_EQ((intptr_t)result, EINTR);
	CHECK_EQ(shim_kernel(fd, SHIM_FAF), 0);
	CHECK_EQ(shim_ioctl(fd, PUFFSWAKE, NULL), 0);
	CHECK_EQ(fetch(fd), 0);
	CHECK_EQ(fetch(fd), EINTR);

	/* The answers of a batch are given first. */
	CHECK_EQ(shim_kernel(fd, SHIM_CALL), 0);
	CHECK_EQ(fetch(fd), 0);
	req.preq_rv = ENOTEMPTY;
	CHECK_EQ(pthread_create(&getter, NULL, batch_main, &fd), 0);
	CHECK_EQ(shim_kernel(fd, SHIM_RESULT), ENOTEMPTY);
	CHECK_EQ(shim_ioctl(fd, PUFFSWAKE, NULL), 0);
	CHECK_EQ(pthread_join(getter, &result), 0);
	CHECK_EQ((intptr_t)result, EINTR);
	CHECK_EQ(req.preq_id, 0);
	CHECK_EQ(shim_close(fd), 0);
}

static void
test_stale(void)
{
	static const int wanted[NSTATES] = { ENOENT, EOPNOTSUPP, EOPNOTSUPP, ENXIO, ENOENT };
	struct puffs_stale stale;
	int state, fd;

	/* The kernels here have no names or contents. */
	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		stale = (struct puffs_stale){ .pst_what = PUFFS_STALE_PAGES, .pst_start = 1, .pst_end = 1 };
		CHECK_EQ(shim_ioctl(fd, PUFFSSTALE, &stale), wanted[state]);
		stale.pst_end = 0;
		CHECK_EQ(shim_ioctl(fd, PUFFSSTALE, &stale), wanted[state]);
		if (state == MOUNTING || state == RUNNING) {
			stale.pst_start = 2;
			stale.pst_end = 1;
			CHECK_EQ(shim_ioctl(fd, PUFFSSTALE, &stale), EINVAL);
			stale = (struct puffs_stale){ .pst_what = PUFFS_STALE_UNWRITTEN + 1 };
			CHECK_EQ(shim_ioctl(fd, PUFFSSTALE, &stale), EINVAL);
			stale = (struct puffs_stale){ .pst_what = PUFFS_STALE_ALLNAMES, .pst_reserved = 1 };
			CHECK_EQ(shim_ioctl(fd, PUFFSSTALE, &stale), EINVAL);
		}
		CHECK_EQ(shim_close(fd), 0);
	}
}

static void
test_putop(void)
{
	static const int wanted[NSTATES] = { ENOENT, EINVAL, EINVAL, ENXIO, ENOENT };
	int state, fd;
	uint64_t id;

	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		memset(&req, 0, sizeof(req));
		CHECK_EQ(putop(fd), wanted[state]);
		req.preq_id = 1;
		CHECK_EQ(putop(fd), wanted[state]);
		CHECK_EQ(shim_close(fd), 0);
	}

	fd = open_at(RUNNING);
	answer(fd, well, 0, 0);
	answer(fd, error, 0, ENOTEMPTY);
	answer(fd, shorter, 0, 0);
	answer(fd, empty, 0, 0);
	answer(fd, wrong_type, EINVAL, EPROTO);
	answer(fd, wrong_class, EINVAL, EPROTO);
	answer(fd, faf_flag, EINVAL, EPROTO);
	answer(fd, negative, EINVAL, EPROTO);
	answer(fd, no_errno, EINVAL, EPROTO);
	answer(fd, longest, EFAULT, EPROTO);
	answer(fd, longer, E2BIG, EPROTO);
	answer(fd, nowhere, EFAULT, EPROTO);
	CHECK_EQ(shim_ioctl(fd, PUFFSPUTOP, NULL), EFAULT);

	/* The id of a request that is not fetched yet, which a server can guess, and nobody's. Neither does anything. */
	id = req.preq_id;
	CHECK_EQ(shim_kernel(fd, SHIM_CALL), 0);
	while (shim_poll(fd, POLLIN) == 0)
		sched_yield();
	for (req.preq_id = id; req.preq_id < id + 10; req.preq_id++)
		CHECK_EQ(putop(fd), EINVAL);
	CHECK_EQ(fetch(fd), 0);
	CHECK(req.preq_id > id && req.preq_id < id + 10);
	id = req.preq_id;
	req.preq_id = id + 1;
	CHECK_EQ(putop(fd), EINVAL);
	req.preq_id = id;
	req.preq_rv = 0;
	CHECK_EQ(putop(fd), 0);
	CHECK_EQ(shim_kernel(fd, SHIM_RESULT), 0);

	/* An answer that comes too late. */
	CHECK_EQ(shim_kernel(fd, SHIM_LEAVE), 0);
	CHECK_EQ(fetch(fd), 0);
	CHECK_EQ(shim_kernel(fd, SHIM_RESULT), EINTR);
	req.preq_rv = 0;
	CHECK_EQ(putop(fd), ECANCELED);
	CHECK_EQ(putop(fd), EINVAL);

	/* Death comes first. */
	CHECK_EQ(shim_kernel(fd, SHIM_CALL), 0);
	CHECK_EQ(fetch(fd), 0);
	CHECK_EQ(shim_kernel(fd, SHIM_DIE), 0);
	CHECK_EQ(shim_kernel(fd, SHIM_RESULT), ENXIO);
	CHECK_EQ(putop(fd), ENXIO);
	CHECK_EQ(shim_close(fd), 0);
}

static void
test_startop(void)
{
	static const int wanted[NSTATES] = { ENOENT, 0, EBUSY, ENXIO, ENOENT };
	static const int after[NSTATES] = { ENOENT, EBUSY, EBUSY, ENXIO, ENOENT };
	struct puffs_startreq start;
	int state, fd;

	memset(&start, 0, sizeof(start));
	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		if (state == MOUNTING)
			CHECK_EQ(shim_ioctl(fd, PUFFSSTARTOP, NULL), EFAULT);
		CHECK_EQ(shim_ioctl(fd, PUFFSSTARTOP, &start), wanted[state]);
		CHECK_EQ(shim_ioctl(fd, PUFFSSTARTOP, &start), after[state]);
		CHECK_EQ(shim_close(fd), 0);
	}
}

static void
test_fionbio(void)
{
	int state, fd;

	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		nonblock(fd, 1);
		nonblock(fd, 0);
		CHECK_EQ(shim_ioctl(fd, FIONBIO, NULL), EFAULT);
		CHECK_EQ(shim_close(fd), 0);
	}
}

static void
test_poll(void)
{
	static const int asked[] = { 0, POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, POLLRDNORM, POLLWRNORM, INS | OUTS };
	int state, fd, wanted;
	size_t i;

	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
			wanted = state == MOUNTING || state == RUNNING ? asked[i] & OUTS : GONE;
			CHECK_EQ(shim_poll(fd, asked[i]), wanted);
		}
		if (state == MOUNTING || state == RUNNING) {
			CHECK_EQ(shim_kernel(fd, SHIM_FAF), 0);
			for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
				wanted = asked[i] & (state == RUNNING ? INS | OUTS : OUTS);
				CHECK_EQ(shim_poll(fd, asked[i]), wanted);
			}
		}
		CHECK_EQ(shim_close(fd), 0);
	}
}

static void
test_sizeop(void)
{
	static const int wanted[NSTATES] = { ENOENT, EINVAL, EINVAL, ENXIO, ENOENT };
	struct puffs_sizeop sizeop;
	int state, fd;

	memset(&sizeop, 0, sizeof(sizeop));
	sizeop.pso_reqid = 1;
	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		CHECK_EQ(shim_ioctl(fd, PUFFSSIZEOP, &sizeop), wanted[state]);
		CHECK_EQ(shim_close(fd), 0);
	}
}

static void
test_others(void)
{
	struct { struct puffs_req req; char more[8]; } large;
	int state, fd;

	for (state = 0; state < NSTATES; state++) {
		fd = open_at((enum state)state);
		CHECK_EQ(shim_ioctl(fd, _IOWR('p', 1, large), &large), EINVAL);
		CHECK_EQ(shim_ioctl(fd, _IOW('p', 1, struct puffs_req), &large), EINVAL);
		CHECK_EQ(shim_ioctl(fd, _IOWR('q', 1, struct puffs_req), &large), EINVAL);
		CHECK_EQ(shim_ioctl(fd, _IOWR('p', 9, struct puffs_req), &large), EINVAL);
		CHECK_EQ(shim_ioctl(fd, _IOWR('p', 17, struct puffs_req), &large), EINVAL);
		CHECK_EQ(shim_ioctl(fd, _IO('p', 16), &large), EINVAL);
		CHECK_EQ(shim_ioctl(fd, TIOCGWINSZ, &large), EINVAL);
		CHECK_EQ(shim_close(fd), 0);
	}
}

int
main(void)
{

	test_getop();
	test_putop();
	test_batch();
	test_wake();
	test_stale();
	test_startop();
	test_fionbio();
	test_poll();
	test_sizeop();
	test_others();
	return 0;
}
