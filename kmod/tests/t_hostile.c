/*
 * t_hostile.c: several processes do with one device whatever comes to mind, half right and half wrong, while callers of the
 * kernel's and others work on the mount; they die at any time. Callers may be told EPROTO, and lies in an answer; but all end,
 * and nothing is left. SEED= repeats what came to mind.
 */
#include "server.h"

#define PROCESSES 4
#define ROUNDS 5
#define CALLS 4000

static uint64_t state;

static uint64_t
any(uint64_t below)
{

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static char *pages;	/* one good page, one read-only, and none */

static void *
address(void)
{

	switch (any(8)) {
	case 0:
		return (void *)(uintptr_t)(state << 8 | any(256));
	case 1:
		return pages + 8192 - any(64);
	case 2:
		return pages + 4096 + any(4096);
	case 3:
		return (void *)(uintptr_t)(0xffff888000000000 + any(1 << 30));
	default:
		return pages + any(4096);
	}
}

static size_t
length(void)
{

	switch (any(8)) {
	case 0:
		return (size_t)state;
	case 1:
		return any(1 << 20);
	case 2:
		return any(40);
	default:
		return any(4096);
	}
}

/* A header with some of it right: `last` is one that was fetched. */
static struct puffs_req
header(const struct puffs_req *last)
{
	struct puffs_req req = *last;

	if (any(4) == 0)
		req.preq_id = any(2) ? any(10000) : state;
	if (any(6) == 0)
		req.preq_opclass = (uint8_t)any(256);
	if (any(6) == 0)
		req.preq_optype = (uint8_t)any(256);
	req.preq_rv = any(3) == 0 ? (int)(int64_t)state : (int)any(140);
	if (any(2) == 0)
		req.preq_rv = 0;
	req.preq_aux = address();
	req.preq_auxlen = length();
	return req;
}

static void
hostile_process(int fd)
{
	struct puffs_req last = { .preq_id = 0 }, reqs[8];
	struct puffs_sizeop so;
	struct puffs_batch batch;
	struct pollfd pfd = { .fd = fd, .events = (short)any(1 << 12) };
	uint64_t noise[16];
	int i, n;

	for (n = 0; n < CALLS; n++) {
		switch (any(12)) {
		case 0: case 1: case 2: case 3:
			reqs[0] = header(&last);
			if (any(4) != 0) {
				reqs[0].preq_aux = pages;
				reqs[0].preq_auxlen = 4096;
			}
			if (ioctl(fd, PUFFSGETOP, &reqs[0]) == 0)
				last = reqs[0];
			break;
		case 4: case 5: case 6:
			reqs[0] = header(&last);
			(void)ioctl(fd, PUFFSPUTOP, &reqs[0]);
			break;
		case 7:
			so = (struct puffs_sizeop){ any(4) ? last.preq_id : any(10000), address(), length() };
			(void)ioctl(fd, PUFFSSIZEOP, &so);
			break;
		case 8:
			for (i = 0; i < 8; i++)
				reqs[i] = header(&last);
			batch = (struct puffs_batch){ reqs, any(5), reqs + 4, any(5), any(2) };
			if (any(8) == 0)
				batch = (struct puffs_batch){ address(), length(), address(), length(), any(3) };
			(void)ioctl(fd, PUFFSBATCH, &batch);
			break;
		case 9:
			for (i = 0; i < 16; i++)
				noise[i] = any(2) ? state : (uint64_t)(uintptr_t)address();
			(void)ioctl(fd, any(2) ? _IOC(any(4), 'p', any(20), any(128)) : state, any(4) ? noise : address());
			break;
		case 10:
			(void)poll(&pfd, 1, 0);
			if (any(20) == 0)
				(void)start(fd);
			if (any(4) == 0)
				(void)ioctl(fd, PUFFSWAKE);
			break;
		case 11:
			(void)fcntl(fd, F_SETFL, any(8) == 0 ? O_RDWR : O_RDWR | O_NONBLOCK);
			if (any(200) == 0)
				_exit(0);
			break;
		}
	}
	_exit(0);
}

static void
nothing(int signal)
{

	(void)signal;
}

/* Signals with a handler, so that calls end that found nothing to fetch. */
static void
poke(const pid_t *pids)
{
	int i, status, alive = PROCESSES;
	bool ended[PROCESSES] = { false };

	while (alive > 0) {
		for (i = 0; i < PROCESSES; i++) {
			if (ended[i])
				continue;
			kill(pids[i], SIGUSR1);
			if (waitpid(pids[i], &status, WNOHANG) == pids[i]) {
				CHECK_EQ(status, 0);
				ended[i] = true;
				alive--;
			}
		}
		usleep(2000);
	}
}

static void
round_of(int round, uint64_t seed)
{
	struct load_run run = { .lr_forms = LOAD_ALL, .lr_threads = 2, .lr_rounds = UINT64_MAX };
	struct load_tally t;
	pid_t pids[PROCESSES];
	int fd, load, i;

	mount_open(&fd, &load, 0, round % 2 ? 16 : 0);
	CHECK_EQ(start(fd), 0);
	CHECK_EQ(call(load, LOADRUN, &run), 0);
	for (i = 0; i < PROCESSES; i++) {
		if ((pids[i] = fork()) == 0) {
			close(load);
			state = seed * 1000003 + (uint64_t)(round * PROCESSES + i) * 7919 + 1;
			hostile_process(fd);
		}
		CHECK(pids[i] != -1);
	}
	poke(pids);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(call(load, LOADWAIT, &t), 0);
	check_idle(load);
	CHECK_EQ(close(load), 0);
}

int
main(void)
{
	struct sigaction sa = { .sa_handler = nothing };
	const char *word = getenv("SEED");
	uint64_t seed = word != NULL ? strtoull(word, NULL, 10) : 1;
	int round;

	printf("seed %ju\n", (uintmax_t)seed);
	fflush(stdout);
	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
	pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(pages != MAP_FAILED);
	CHECK_EQ(munmap(pages + 8192, 4096), 0);
	CHECK_EQ(mprotect(pages + 4096, 4096, PROT_READ), 0);
	for (round = 0; round < ROUNDS; round++)
		round_of(round, seed);
	return 0;
}
