/*
 * server.h: what the tests of the module have in common: opening a mount, and a server that answers what load.h describes.
 */
#ifndef SERVER_H
#define SERVER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <puffs_sys.h>

#include "check.h"
#include "load.h"

/* Longer than anything that is sent or answered. */
#define SERVERBUF (32 << 10)
#define SERVERBATCH 4

struct server {
	int sv_fd;
	bool sv_batch;			/* answers and fetches by PUFFSBATCH */
	bool sv_hold;			/* answers nothing */
	atomic_ulong *sv_served;
	atomic_ulong sv_faf;
	struct puffs_req sv_held;	/* a POLL, answered when the next one comes */
	struct load_msg sv_answers[16];	/* to it and those before it: more than a batch has */
	unsigned sv_nanswers;
	char *sv_bufs;
};

/* 0 or an errno value, as an ioctl. */
static inline int
call(int fd, unsigned long cmd, void *arg)
{

	return ioctl(fd, cmd, arg) == -1 ? errno : 0;
}

/* The device and a mount on it, behind two descriptors. */
static inline void
mount_open(int *fd, int *load, uint32_t flags, uint64_t max_requests)
{
	struct load_mount mount = { .lo_flags = flags, .lo_max_requests = max_requests };

	CHECK((*fd = open("/dev/puffs", O_RDWR | O_CLOEXEC)) != -1);
	CHECK((*load = open("/dev/puffs-load", O_RDWR | O_CLOEXEC)) != -1);
	mount.lo_fd = *fd;
	CHECK_EQ(call(*load, LOADMOUNT, &mount), 0);
}

static inline int
start(int fd)
{
	struct puffs_startreq startreq;

	memset(&startreq, 0, sizeof(startreq));
	return call(fd, PUFFSSTARTOP, &startreq);
}

static inline struct puffs_mountstats
stats_of(int load)
{
	struct puffs_mountstats stats;

	CHECK_EQ(call(load, LOADSTATS, &stats), 0);
	return stats;
}

/* Nothing is in the queue, with the server, in line or charged. */
static inline void
check_idle(int load)
{
	struct puffs_mountstats stats = stats_of(load);

	CHECK_EQ(stats.pms_queued, 0);
	CHECK_EQ(stats.pms_fetched, 0);
	CHECK_EQ(stats.pms_charged, 0);
	CHECK_EQ(stats.pms_bytes, 0);
	CHECK_EQ(stats.pms_waiting, 0);
}

static inline void
data_fill(void *data, size_t len, uint64_t seq)
{
	size_t i;

	for (i = 0; i < len; i++)
		((uint8_t *)data)[i] = load_byte(seq, i);
}

static inline bool
data_right(const void *data, size_t len, uint64_t seq)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (((const uint8_t *)data)[i] != load_byte(seq, i))
			return false;
	return true;
}

/* The data beside a request: 0, or the result for its caller. Whoever asked may be gone. */
static inline int
server_sizeops(struct server *sv, const struct puffs_req *req, uint64_t seq)
{
	uint8_t data[LOAD_SIZEOP_OUT + 1];
	struct puffs_sizeop so = { .pso_reqid = req->preq_id, .pso_userbuf = data, .pso_bufsize = sizeof(data) };
	int error;

	if ((error = call(sv->sv_fd, PUFFSSIZEOP, &so)) != 0)
		return error;
	if (so.pso_bufsize != LOAD_SIZEOP_OUT || !data_right(data, LOAD_SIZEOP_OUT, seq))
		return EILSEQ;
	data_fill(data, LOAD_SIZEOP_IN, ~seq);
	so.pso_bufsize = LOAD_SIZEOP_IN;
	return call(sv->sv_fd, PUFFSSIZEOP, &so);
}

/* Makes the request the answer; false: none is wanted, now. `held` gets what is to be answered besides. */
static inline bool
server_operation(struct server *sv, struct puffs_req *req, struct puffs_req *held)
{
	struct load_msg *msg = req->preq_aux;
	uint64_t seq = msg->lm_seq;

	held->preq_id = 0;
	if (req->preq_auxlen < sizeof(*msg)) {
		fprintf(stderr, "a request of %zu bytes\n", req->preq_auxlen);
		exit(1);
	}
	atomic_fetch_add(sv->sv_served, 1);
	if (!PUFFSOP_WANTREPLY(req->preq_opclass)) {
		atomic_fetch_add(&sv->sv_faf, 1);
		return false;
	}
	if (sv->sv_hold)
		return false;
	req->preq_rv = 0;
	msg->lm_seq = ~seq;
	if (PUFFSOP_OPCLASS(req->preq_opclass) == PUFFSOP_VN && req->preq_optype == PUFFS_VN_READ) {
		data_fill(msg + 1, msg->lm_len, seq);
		req->preq_auxlen = sizeof(*msg) + msg->lm_len;
		return true;
	}
	if (req->preq_auxlen != sizeof(*msg) + msg->lm_len || !data_right(msg + 1, msg->lm_len, seq))
		req->preq_rv = EILSEQ;
	msg->lm_len = 0;
	req->preq_auxlen = sizeof(*msg);
	if (PUFFSOP_OPCLASS(req->preq_opclass) == PUFFSOP_VFS)
		return true;
	if (req->preq_optype == PUFFS_VN_READLINK)
		req->preq_rv = server_sizeops(sv, req, seq);
	if (req->preq_optype == PUFFS_VN_POLL) {
		*held = sv->sv_held;
		sv->sv_held = *req;
		sv->sv_held.preq_aux = &sv->sv_answers[sv->sv_nanswers++ % 16];
		memcpy(sv->sv_held.preq_aux, msg, sizeof(*msg));
		return false;
	}
	return true;
}

/* Taken, or nobody waits any more. Size-ops of a caller that left fail, and so does the answer to it. */
static inline void
check_answered(int error)
{

	if (error != 0 && error != ECANCELED && error != ENXIO && error != ENOENT) {
		fprintf(stderr, "an answer: %s\n", strerror(error));
		exit(1);
	}
}

static inline int
server_by_one(struct server *sv)
{
	struct puffs_req req, held;
	int error;

	for (;;) {
		req.preq_aux = sv->sv_bufs;
		req.preq_auxlen = SERVERBUF;
		if ((error = call(sv->sv_fd, PUFFSGETOP, &req)) != 0)
			return error;
		if (server_operation(sv, &req, &held))
			check_answered(call(sv->sv_fd, PUFFSPUTOP, &req));
		if (held.preq_id != 0)
			check_answered(call(sv->sv_fd, PUFFSPUTOP, &held));
	}
}

static inline int
server_by_batch(struct server *sv)
{
	struct puffs_req get[SERVERBATCH], put[2 * SERVERBATCH], held;
	struct puffs_batch batch = { .pb_put = put, .pb_get = get };
	size_t i;
	int error;

	for (;;) {
		for (i = 0; i < SERVERBATCH; i++) {
			get[i].preq_aux = sv->sv_bufs + i * SERVERBUF;
			get[i].preq_auxlen = SERVERBUF;
		}
		batch.pb_nget = SERVERBATCH;
		if ((error = call(sv->sv_fd, PUFFSBATCH, &batch)) != 0)
			return error;
		for (i = 0; i < batch.pb_nput; i++)
			check_answered(put[i].preq_rv);
		batch.pb_nput = 0;
		for (i = 0; i < batch.pb_nget; i++) {
			if (server_operation(sv, &get[i], &held))
				put[batch.pb_nput++] = get[i];
			if (held.preq_id != 0)
				put[batch.pb_nput++] = held;
		}
	}
}

/* A thread of a server, until its mount is gone. */
static inline void *
server_main(void *arg)
{
	struct server *sv = arg;
	int error;

	CHECK((sv->sv_bufs = malloc(SERVERBATCH * SERVERBUF)) != NULL);
	error = sv->sv_batch ? server_by_batch(sv) : server_by_one(sv);
	if (error != ENXIO && error != ENOENT) {
		fprintf(stderr, "the server ends: %s\n", strerror(error));
		exit(1);
	}
	free(sv->sv_bufs);
	return NULL;
}

/* How a process ended: its exit status, or its signal below 0. */
static inline int
exit_of(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
