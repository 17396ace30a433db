/*
 * sys_stats.c: the figures of a mount and of its operations, and the list of requests in flight. One thread is caller and
 * server: requests are sent in their completion form.
 *
 * c-test: link=shared,static run=plain,asan,valgrind lang=c11,c++17
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <puffs_sys.h>

#include "check.h"

static struct puffs_instance *pi;
static struct puffs_mount *pmp;
static struct puffs_req req;
static char body[64];
static int ended;

static void
done(void *arg, int error, void *kbuf, size_t len)
{

	(void)len;
	ended = error;
	*(bool *)arg = true;
	puffs_free(kbuf);
}

/* Sends a request of so many bytes. Returns what puffs_touser_opt does. */
static int
submit(int opclass, int optype, uintptr_t cookie, size_t len, bool *told)
{
	struct puffs_touseropt opt;
	void *kbuf = puffs_alloc(len);

	CHECK(kbuf != NULL);
	*told = false;
	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_done = done;
	opt.pto_arg = told;
	return puffs_touser_opt(pmp, opclass, optype, &kbuf, &len, len, (void *)cookie, &opt);
}

static int
fetch(size_t room)
{

	memset(&req, 0, sizeof(req));
	req.preq_aux = body;
	req.preq_auxlen = room;
	return puffs_fop_ioctl(pi, PUFFSGETOP, &req, NULL);
}

static int
answer(int rv)
{

	req.preq_rv = rv;
	req.preq_auxlen = 0;
	return puffs_fop_ioctl(pi, PUFFSPUTOP, &req, NULL);
}

static struct puffs_opstats
op(int opclass, int optype)
{
	struct puffs_opstats stats;

	memset(&stats, 0xa5, sizeof(stats));
	stats.pos_size = sizeof(stats);
	CHECK_EQ(puffs_stats_op(pmp, opclass, optype, &stats), 0);
	CHECK_EQ(stats.pos_size, sizeof(stats));
	return stats;
}

static struct puffs_mountstats
mount(void)
{
	struct puffs_mountstats stats;

	memset(&stats, 0xa5, sizeof(stats));
	stats.pms_size = sizeof(stats);
	CHECK_EQ(puffs_stats_mount(pmp, &stats), 0);
	CHECK_EQ(stats.pms_size, sizeof(stats));
	return stats;
}

/* A caller that waits until its deadline. */
static void *
wait_main(void *arg)
{
	struct puffs_touseropt opt;
	void *kbuf = NULL;
	size_t len = 0;

	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_timeout_ns = 1;
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VFS, PUFFS_VFS_SYNC, &kbuf, &len, 0, NULL, &opt), ETIMEDOUT);
	return arg;
}

/* Two answers, an interrupt whose answer comes late, a refused answer, FAF, and one that death ends. */
static void
operations(void)
{
	struct puffs_opstats stats;
	pthread_t patient;
	bool told;

	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &told), 0);
	CHECK_EQ(fetch(sizeof(body)), 0);
	CHECK_EQ(answer(0), 0);
	CHECK(told && ended == 0);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &told), 0);
	CHECK_EQ(fetch(sizeof(body)), 0);
	CHECK_EQ(answer(ENOENT), 0);
	CHECK(told && ended == ENOENT);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &told), 0);
	CHECK_EQ(fetch(sizeof(body)), 0);
	CHECK_EQ(puffs_interrupt(pmp, req.preq_id), 0);
	CHECK(told && ended == EINTR);
	CHECK_EQ(answer(0), ECANCELED);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &told), 0);
	CHECK_EQ(fetch(sizeof(body)), 0);
	CHECK_EQ(answer(-1), EINVAL);
	CHECK(told && ended == EPROTO);
	CHECK_EQ(puffs_vntouser_faf(pmp, PUFFS_VN_READ, puffs_alloc(8), 8, NULL), 0);
	CHECK_EQ(fetch(sizeof(body)), 0);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &told), 0);

	stats = op(PUFFSOP_VN, PUFFS_VN_READ);
	CHECK_EQ(stats.pos_entered, 6);
	CHECK_EQ(stats.pos_succeeded, 1);
	CHECK_EQ(stats.pos_failed, 1);
	CHECK_EQ(stats.pos_interrupted, 1);
	CHECK_EQ(stats.pos_timedout, 0);
	CHECK_EQ(stats.pos_died, 0);
	CHECK_EQ(stats.pos_broken, 1);
	CHECK_EQ(stats.pos_nomem, 0);
	CHECK_EQ(stats.pos_sent, 1);
	CHECK_EQ(stats.pos_late, 1);
	CHECK(stats.pos_p50_ns > 0);
	CHECK(stats.pos_p50_ns <= stats.pos_p90_ns && stats.pos_p90_ns <= stats.pos_p99_ns);
	CHECK(stats.pos_p99_ns <= stats.pos_max_ns && stats.pos_max_ns < stats.pos_total_ns);

	/* Other operations have rows of their own. */
	CHECK_EQ(op(PUFFSOP_VN, PUFFS_VN_WRITE).pos_entered, 0);
	CHECK_EQ(op(PUFFSOP_VFS, PUFFS_VN_READ).pos_entered, 0);
	CHECK_EQ(op(PUFFSOP_VN, 255).pos_entered, 0);

	/* This thread is at work for the server, so another one waits. */
	CHECK_EQ(pthread_create(&patient, NULL, wait_main, NULL), 0);
	CHECK_EQ(pthread_join(patient, NULL), 0);
	CHECK_EQ(op(PUFFSOP_VFS, PUFFS_VFS_SYNC).pos_timedout, 1);

	puffs_userdead(pmp);
	CHECK(told && ended == ENXIO);
	CHECK_EQ(op(PUFFSOP_VN, PUFFS_VN_READ).pos_died, 1);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &told), ENXIO);
	CHECK_EQ(op(PUFFSOP_VN, PUFFS_VN_READ).pos_entered, 6);
	CHECK_EQ(mount().pms_refused_dead, 1);
}

static void
figures(void)
{
	struct puffs_mountstats stats;
	bool told, second;

	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &told), 0);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 16, &second), 0);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_READ, 1, 8, &second), EAGAIN);
	CHECK_EQ(fetch(7), E2BIG);
	CHECK_EQ(fetch(8), 0);
	stats = mount();
	CHECK_EQ(stats.pms_refused_full, 1);
	CHECK_EQ(stats.pms_refused_dead, 0);
	CHECK_EQ(stats.pms_gave_up, 0);
	CHECK_EQ(stats.pms_too_big, 1);
	CHECK_EQ(stats.pms_faults, 0);
	CHECK_EQ(stats.pms_put_back, 0);
	CHECK_EQ(stats.pms_queued, 1);
	CHECK_EQ(stats.pms_fetched, 1);
	CHECK_EQ(stats.pms_charged, 2);
	CHECK_EQ(stats.pms_bytes, 24);
	CHECK_EQ(stats.pms_getters, 0);
	CHECK_EQ(stats.pms_waiting, 0);
	puffs_userdead(pmp);
	stats = mount();
	CHECK_EQ(stats.pms_charged, 0);
	CHECK_EQ(stats.pms_bytes, 0);
}

static void
in_flight(void)
{
	struct puffs_inflight list[4], zero;
	bool told, second;
	size_t total = 99;

	CHECK_EQ(puffs_inflight(pmp, NULL, 0, &total), 0);
	CHECK_EQ(total, 0);
	CHECK_EQ(submit(PUFFSOP_VN, PUFFS_VN_WRITE, 0xabc, 8, &told), 0);
	CHECK_EQ(submit(PUFFSOP_VFS, PUFFS_VFS_SYNC, 0, 8, &second), 0);
	CHECK_EQ(fetch(sizeof(body)), 0);
	memset(list, 0xa5, sizeof(list));
	memset(&zero, 0, sizeof(zero));
	CHECK_EQ(puffs_inflight(pmp, list, 4, &total), 0);
	CHECK_EQ(total, 2);
	CHECK_EQ(list[0].pif_reqid, req.preq_id);
	CHECK(list[0].pif_cookie == (void *)0xabc);
	CHECK_EQ(list[0].pif_pid, getpid());
	CHECK_EQ(list[0].pif_state, PUFFS_INFLIGHT_AWAITING);
	CHECK_EQ(list[0].pif_opclass, PUFFSOP_VN);
	CHECK_EQ(list[0].pif_optype, PUFFS_VN_WRITE);
	CHECK(list[0].pif_age_ns >= list[1].pif_age_ns && list[1].pif_age_ns > 0);
	CHECK_EQ(list[1].pif_reqid, req.preq_id + 1);
	CHECK_EQ(list[1].pif_state, PUFFS_INFLIGHT_QUEUED);
	CHECK_EQ(list[1].pif_opclass, PUFFSOP_VFS);
	CHECK_EQ(list[1].pif_optype, PUFFS_VFS_SYNC);
	CHECK(memcmp(&list[2], &zero, sizeof(zero)) == 0);
	CHECK(memcmp(&list[3], &zero, sizeof(zero)) == 0);

	CHECK_EQ(puffs_interrupt(pmp, req.preq_id), 0);
	memset(list, 0xa5, sizeof(list));
	CHECK_EQ(puffs_inflight(pmp, list, 1, &total), 0);
	CHECK_EQ(total, 2);
	CHECK_EQ(list[0].pif_reqid, req.preq_id);
	CHECK_EQ(list[0].pif_state, PUFFS_INFLIGHT_ABANDONED);
	/* Places that were not offered are left alone. */
	CHECK_EQ(list[1].pif_state, 0xa5a5a5a5u);
	puffs_userdead(pmp);
	CHECK_EQ(puffs_inflight(pmp, list, 1, &total), 0);
	CHECK_EQ(total, 0);
}

/* Structures of another header's size, and what is no operation. */
static void
sizes(void)
{
	struct {
		struct puffs_opstats stats;
		uint64_t more;
	} later;
	struct puffs_opstats stats;
	struct puffs_mountstats mstats;

	memset(&later, 0xa5, sizeof(later));
	later.stats.pos_size = sizeof(later);
	CHECK_EQ(puffs_stats_op(pmp, PUFFSOP_VN, 0, &later.stats), 0);
	CHECK_EQ(later.stats.pos_size, sizeof(later));
	CHECK_EQ(later.more, 0);
	CHECK_EQ(later.stats.pos_max_ns, 0);
	memset(&stats, 0xa5, sizeof(stats));
	stats.pos_size = sizeof(stats) - 1;
	CHECK_EQ(puffs_stats_op(pmp, PUFFSOP_VN, 0, &stats), EINVAL);
	stats.pos_size = 5000;
	CHECK_EQ(puffs_stats_op(pmp, PUFFSOP_VN, 0, &stats), EINVAL);
	CHECK_EQ(stats.pos_entered, UINT64_C(0xa5a5a5a5a5a5a5a5));
	stats.pos_size = sizeof(stats);
	CHECK_EQ(puffs_stats_op(pmp, PUFFSOP_VN, 256, &stats), EINVAL);
	CHECK_EQ(puffs_stats_op(pmp, -1, 0, &stats), EINVAL);
	mstats.pms_size = 8;
	CHECK_EQ(puffs_stats_mount(pmp, &mstats), EINVAL);
}

static void
with_mount(void (*test)(void))
{
	struct lwp l = { 1, 0, 0, 0 };
	struct puffs_mountargs args;
	struct puffs_startreq start;

	memset(&start, 0, sizeof(start));
	memset(&args, 0, sizeof(args));
	args.pma_size = sizeof(args);
	args.pma_max_requests = 2;
	CHECK_EQ(puffscdopen(makedev(0, PUFFS_CLONER), 0, 0, &l), 0);
	pi = (struct puffs_instance *)l.l_dupfd;
	CHECK_EQ(puffs_mount_new(&args, NULL, NULL, &pmp), 0);
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	CHECK_EQ(puffs_start2(pmp, &start), 0);
	test();
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	puffs_mount_rele(pmp);
}

int
main(void)
{

	with_mount(operations);
	with_mount(figures);
	with_mount(in_flight);
	with_mount(sizes);
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
