/*
 * sys_watch.c: event watchers, the descriptor to sleep on, and the status of an open device, in each of its states; and a server that
 * serves from epoll.
 *
 * Not here: watchers that a kernel wakes (tiny_kernel_watch.c).
 *
 * c-test: link=shared,static run=plain,asan,valgrind
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <puffs_sys.h>

#include "check.h"

enum state { EMBRYO, MOUNTING, RUNNING, DYING, UNMOUNTED, CLOSED, NSTATES };

/* Milliseconds after which a sleeper is taken for one that nobody will wake. */
#define LONG 60000

static struct puffs_mount *pmp;

static struct puffs_instance *
device_open(uint32_t uid)
{
	struct lwp l = { 1, uid, 5, 0 };

	CHECK_EQ(puffscdopen(makedev(0, PUFFS_CLONER), 0, 0, &l), 0);
	return (struct puffs_instance *)l.l_dupfd;
}

static void
start(void)
{
	struct puffs_startreq startreq;

	memset(&startreq, 0, sizeof(startreq));
	CHECK_EQ(puffs_start2(pmp, &startreq), 0);
}

/* A request that wants no answer. */
static void
send_one(void)
{
	void *kbuf = puffs_alloc(8);

	CHECK(kbuf != NULL);
	CHECK_EQ(puffs_vntouser_faf(pmp, PUFFS_VN_RECLAIM, kbuf, 8, NULL), 0);
}

/* Brings an open device, whose mount is `pmp`, into the given state. A request waits where one can. */
static void
bring_to(struct puffs_instance *pi, enum state state)
{

	CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &pmp), 0);
	if (state >= MOUNTING) {
		CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
		send_one();
	}
	if (state >= RUNNING)
		start();
	if (state == DYING)
		puffs_userdead(pmp);
	if (state == UNMOUNTED)
		puffs_nukebypmp(pmp);
	if (state == CLOSED) {
		puffs_instance_ref(pi);
		CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	}
}

static void
leave(struct puffs_instance *pi, enum state state)
{

	if (state == CLOSED)
		puffs_instance_rele(pi);
	else
		CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	puffs_mount_rele(pmp);
}

/* A fetch that does not wait. */
static int
getop(struct puffs_instance *pi)
{
	char body[64];
	struct puffs_req req;

	memset(&req, 0, sizeof(req));
	req.preq_aux = body;
	req.preq_auxlen = sizeof(body);
	puffs_fop_nonblock(pi, 1);
	return puffs_fop_ioctl(pi, PUFFSGETOP, &req, NULL);
}

/* What a watcher sees. */
static void
sees(struct puffs_watch *w, int event, size_t data, uint32_t flags)
{
	size_t seen = 99;
	uint32_t flag = 99;

	CHECK_EQ(puffs_watch_event(w, &seen, &flag), event);
	CHECK_EQ(seen, data);
	CHECK_EQ(flag, flags);
	CHECK_EQ(puffs_watch_event(w, NULL, NULL), event);
}

static void
test_watch(void)
{
	static const int read_event[NSTATES] = { 1, 0, 1, 1, 1, 1 };
	struct puffs_instance *pi;
	struct puffs_watch *r, *w, *early;
	uint32_t eof;
	int state;

	for (state = 0; state < NSTATES; state++) {
		pi = device_open(0);
		CHECK_EQ(puffs_fop_kqfilter(pi, PUFFS_EVFILT_READ, &early), 0);
		sees(early, 1, 0, PUFFS_EV_EOF);
		bring_to(pi, (enum state)state);
		CHECK_EQ(puffs_fop_kqfilter(pi, PUFFS_EVFILT_READ, &r), 0);
		CHECK_EQ(puffs_fop_kqfilter(pi, PUFFS_EVFILT_WRITE, &w), 0);
		eof = state == MOUNTING || state == RUNNING ? 0 : PUFFS_EV_EOF;
		sees(early, read_event[state], state == RUNNING, eof);
		sees(r, read_event[state], state == RUNNING, eof);
		sees(w, 1, 0, eof);
		CHECK(puffs_watch_pollpoint(r) == NULL);
		puffs_watch_detach(early);
		puffs_watch_detach(w);
		/* The last one stays longer than what it watches. */
		CHECK(puffs_watch_ref(r) == r);
		leave(pi, (enum state)state);
		puffs_watch_detach(r);
		sees(r, 1, 0, PUFFS_EV_EOF);
		CHECK_EQ(puffs_detach(NULL, NULL), 1);
		puffs_watch_detach(r);
		CHECK_EQ(puffs_detach(NULL, NULL), 0);
	}
}

static void
test_filters(void)
{
	static const int others[] = { 0, 1, 2, -3, -7, 0x7fffffff };
	struct puffs_instance *pi = device_open(0);
	struct puffs_watch *w = (struct puffs_watch *)&w;
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK_EQ(puffs_fop_kqfilter(pi, others[i], &w), EINVAL);
	CHECK(w == (struct puffs_watch *)&w);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
}

static bool
readable(int fd)
{
	struct pollfd pfd = { fd, POLLIN, 0 };

	CHECK(poll(&pfd, 1, 0) >= 0);
	CHECK((pfd.revents & ~POLLIN) == 0);
	return pfd.revents != 0;
}

static void
test_pollfd(void)
{
	struct puffs_instance *pi;
	int state, early, fd;
	bool wanted;

	for (state = 0; state < NSTATES; state++) {
		pi = device_open(0);
		CHECK_EQ(puffs_fop_pollfd(pi, &early), 0);
		CHECK(readable(early));
		bring_to(pi, (enum state)state);
		CHECK_EQ(puffs_fop_pollfd(pi, &fd), 0);
		CHECK(fd != early && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
		/* Fetched empty, it says what poll says of reading. */
		while (getop(pi) == 0)
			continue;
		wanted = state != MOUNTING && state != RUNNING;
		CHECK_EQ(readable(fd), wanted);
		CHECK_EQ(readable(early), wanted);
		CHECK_EQ(puffs_fop_poll(pi, POLLIN, NULL) != 0, wanted);
		CHECK_EQ(close(early), 0);
		if (state == RUNNING) {
			send_one();
			CHECK(readable(fd) && readable(fd));
			CHECK_EQ(getop(pi), 0);
			CHECK_EQ(getop(pi), EAGAIN);
			CHECK(!readable(fd));
		}
		leave(pi, (enum state)state);
		CHECK(readable(fd));
		CHECK_EQ(close(fd), 0);
	}
}

/* With no descriptor left there is an error, and with some again there is one. */
static void
test_no_pollfd(void)
{
	struct puffs_instance *pi = device_open(0);
	struct rlimit limit, none;
	int fd = -9;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	CHECK_EQ(puffs_fop_pollfd(pi, &fd), ENOMEM);
	CHECK_EQ(fd, -9);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	CHECK_EQ(puffs_fop_pollfd(pi, &fd), 0);
	CHECK(readable(fd));
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
}

struct server {
	struct puffs_instance *sv_pi;
	atomic_long sv_served;
	int sv_ended;
};

/* Serves until it is over: sleeps in epoll, fetches and answers until there is nothing, sleeps again. */
static void *
server_main(void *arg)
{
	struct server *sv = arg;
	struct epoll_event event = { EPOLLIN, { 0 } };
	struct puffs_req req;
	char body[64];
	int fd, set, error;

	CHECK_EQ(puffs_fop_pollfd(sv->sv_pi, &fd), 0);
	CHECK((set = epoll_create1(EPOLL_CLOEXEC)) >= 0);
	CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
	do {
		CHECK_EQ(epoll_wait(set, &event, 1, LONG), 1);
		for (;;) {
			memset(&req, 0, sizeof(req));
			req.preq_aux = body;
			req.preq_auxlen = sizeof(body);
			if ((error = puffs_fop_ioctl(sv->sv_pi, PUFFSGETOP, &req, NULL)) != 0)
				break;
			if (!PUFFSOP_WANTREPLY(req.preq_opclass))
				continue;
			body[0]++;
			error = puffs_fop_ioctl(sv->sv_pi, PUFFSPUTOP, &req, NULL);
			CHECK(error == 0 || error == ENXIO || error == ENOENT);
			atomic_fetch_add(&sv->sv_served, 1);
		}
	} while (error == EAGAIN);
	sv->sv_ended = error;
	CHECK_EQ(close(set), 0);
	CHECK_EQ(close(fd), 0);
	return NULL;
}

/* Asks again and again until the server is gone. */
static void *
caller_main(void *arg)
{
	char body[8] = { 0 };
	int error;

	(void)arg;
	do {
		body[0] = 7;
		error = puffs_vntouser(pmp, PUFFS_VN_GETATTR, body, sizeof(body), NULL, NULL, NULL);
		if (error == 0)
			CHECK_EQ(body[0], 8);
	} while (error == 0);
	CHECK_EQ(error, ENXIO);
	return NULL;
}

#define CALLERS 2

static void
test_server(void)
{
	pthread_t server, callers[CALLERS];
	struct server sv;
	int round, i;

	for (round = 0; round < 9; round++) {
		memset(&sv, 0, sizeof(sv));
		sv.sv_pi = device_open(0);
		puffs_fop_nonblock(sv.sv_pi, 1);
		CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &pmp), 0);
		CHECK_EQ(puffs_setpmp_instance(sv.sv_pi, pmp), 0);
		CHECK_EQ(pthread_create(&server, NULL, server_main, &sv), 0);
		for (i = 0; i < CALLERS; i++)
			CHECK_EQ(pthread_create(&callers[i], NULL, caller_main, NULL), 0);
		start();
		while (round % 3 != 2 && atomic_load(&sv.sv_served) < 50)
			sched_yield();
		switch (round % 3) {
		case 0:
			puffs_userdead(pmp);
			break;
		case 1:
			puffs_nukebypmp(pmp);
			break;
		case 2:
			puffs_instance_ref(sv.sv_pi);
			CHECK_EQ(puffs_fop_close(sv.sv_pi, NULL), 0);
			break;
		}
		CHECK_EQ(pthread_join(server, NULL), 0);
		for (i = 0; i < CALLERS; i++)
			CHECK_EQ(pthread_join(callers[i], NULL), 0);
		CHECK(sv.sv_ended == ENXIO || sv.sv_ended == ENOENT);
		if (round % 3 == 2)
			puffs_instance_rele(sv.sv_pi);
		else
			CHECK_EQ(puffs_fop_close(sv.sv_pi, NULL), 0);
		puffs_mount_rele(pmp);
	}
}

static void
test_stat(void)
{
	static const uint32_t wanted[NSTATES] = {
		PUFFS_DEV_EMBRYO, PUFFS_DEV_MOUNTED, PUFFS_DEV_MOUNTED, PUFFS_DEV_MOUNTED, PUFFS_DEV_DEAD, PUFFS_DEV_CLOSED,
	};
	struct { struct puffs_devstat st; uint64_t more; } later;
	struct puffs_devstat *st = &later.st;
	struct puffs_instance *first = device_open(9), *pi;
	int state;

	for (state = 0; state < NSTATES; state++) {
		pi = device_open(42);
		bring_to(pi, (enum state)state);
		memset(&later, 0x55, sizeof(later));
		st->pds_size = sizeof(*st);
		CHECK_EQ(puffs_fop_stat(pi, st), 0);
		CHECK_EQ(st->pds_size, sizeof(*st));
		CHECK_EQ(st->pds_minor, 1);
		CHECK(S_ISCHR(st->pds_mode));
		CHECK_EQ(st->pds_mode & 07777, 0600);
		CHECK_EQ(st->pds_uid, 42);
		CHECK_EQ(st->pds_gid, 5);
		CHECK_EQ(st->pds_pid, 1);
		CHECK_EQ(st->pds_state, wanted[state]);
		CHECK_EQ(st->pds_requests, state == RUNNING);
		CHECK(later.more == UINT64_C(0x5555555555555555));

		/* A program that was compiled with the header of a later library, and nonsense. */
		st->pds_size = sizeof(later);
		CHECK_EQ(puffs_fop_stat(pi, st), 0);
		CHECK_EQ(st->pds_size, sizeof(later));
		CHECK(later.more == 0);
		memset(&later, 0x55, sizeof(later));
		st->pds_size = sizeof(*st) - 1;
		CHECK_EQ(puffs_fop_stat(pi, st), EINVAL);
		st->pds_size = 0;
		CHECK_EQ(puffs_fop_stat(pi, st), EINVAL);
		st->pds_size = (size_t)1 << 20;
		CHECK_EQ(puffs_fop_stat(pi, st), EINVAL);
		CHECK_EQ(st->pds_minor, 0x55555555);
		leave(pi, (enum state)state);
	}
	CHECK_EQ(puffs_fop_close(first, NULL), 0);
}

int
main(void)
{

	test_watch();
	test_filters();
	test_pollfd();
	test_no_pollfd();
	test_server();
	test_stat();
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
