/*
 * sys_mount.c: making mounts, opening the device, and bringing the two together; what the host is told; the log.
 *
 * c-test: link=shared,static run=plain,asan,valgrind
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <puffs_sys.h>

#include "check.h"

/* What a host was told. */
struct host {
	int h_unmounts;
	int h_starts;
	int h_frees;
	int h_late;
	struct puffs_late h_answer;
	char h_body[8];
	uint64_t h_root;
	struct puffs_mount *h_pmp;
};

static void
host_unmount(void *data, struct puffs_mount *pmp)
{
	struct host *h = data;

	CHECK(pmp == h->h_pmp);
	CHECK_EQ(h->h_frees, 0);
	h->h_unmounts++;
	puffs_nukebypmp(pmp);
}

static void
host_started(void *data, const struct puffs_startreq *start)
{
	struct host *h = data;

	h->h_starts++;
	h->h_root = start->psr_cookie;
}

static void
host_late(void *data, const struct puffs_late *late)
{
	struct host *h = data;

	h->h_late++;
	h->h_answer = *late;
	CHECK(late->pl_len <= sizeof(h->h_body));
	memcpy(h->h_body, late->pl_body, late->pl_len);
}

static void
host_freed(void *data)
{
	struct host *h = data;

	h->h_frees++;
}

static const struct puffs_hostops hostops = {
	.pho_size = sizeof(struct puffs_hostops),
	.pho_unmount = host_unmount,
	.pho_started = host_started,
	.pho_late = host_late,
	.pho_freed = host_freed,
};

static struct puffs_mount *
mount_new(struct host *h, uint32_t flags, uint32_t uid)
{
	struct puffs_mountargs args;

	memset(h, 0, sizeof(*h));
	memset(&args, 0, sizeof(args));
	args.pma_size = sizeof(args);
	args.pma_flags = flags;
	args.pma_uid = uid;
	CHECK_EQ(puffs_mount_new(&args, &hostops, h, &h->h_pmp), 0);
	return h->h_pmp;
}

static struct puffs_instance *
device_open(int pid, uint32_t uid)
{
	struct lwp l = { pid, uid, 0, 0 };

	CHECK_EQ(puffscdopen(makedev(7, PUFFS_CLONER), 0, 0, &l), 0);
	CHECK(l.l_dupfd != 0);
	return (struct puffs_instance *)l.l_dupfd;
}

static void
arguments(void)
{
	struct { struct puffs_mountargs args; uint64_t more; } later;
	struct puffs_mountargs *args = &later.args;
	struct puffs_hostops ops = hostops;
	struct puffs_mount *pmp = NULL;
	struct host h = { 0 };

#define TRY(wanted) CHECK_EQ(puffs_mount_new(args, &ops, &h, &pmp), (wanted))
	memset(&later, 0, sizeof(later));
	TRY(EINVAL);
	args->pma_size = sizeof(*args) - 1;
	TRY(EINVAL);
	args->pma_size = sizeof(*args);
	args->pma_flags = UINT32_C(1) << 31;
	TRY(EINVAL);
	args->pma_flags = 0;
	args->pma_reserved = 1;
	TRY(EINVAL);
	args->pma_reserved = 0;
	args->pma_max_len = 100;
	args->pma_max_bytes = 99;
	TRY(EINVAL);
	args->pma_max_bytes = 0;
	ops.pho_size = 1;
	TRY(EINVAL);
	ops.pho_size = sizeof(ops);
	args->pma_size = sizeof(later);
	later.more = 1;
	TRY(EINVAL);
	CHECK(pmp == NULL);
	CHECK_EQ(h.h_frees, 0);
	CHECK_EQ(puffs_detach(NULL, NULL), 0);

	later.more = 0;
	TRY(0);
	/* The maximum holds. */
	CHECK_EQ(puffs_vntouser_faf(pmp, 0, puffs_alloc(100), 100, NULL), 0);
	CHECK_EQ(puffs_vntouser_faf(pmp, 0, puffs_alloc(101), 101, NULL), EINVAL);
	puffs_mount_rele(pmp);
	CHECK_EQ(h.h_frees, 1);
	/* A large maximum takes the bound of all along. */
	args->pma_max_len = 256 << 20;
	TRY(0);
	puffs_mount_rele(pmp);
	CHECK_EQ(h.h_frees, 2);
}

static void
opening(void)
{
	struct lwp l = { 1, 0, 0, 77 };
	struct puffs_instance *pi[3], *again;
	int i;

	CHECK_EQ(puffscdopen(makedev(7, 0), 0, 0, &l), ENXIO);
	CHECK_EQ(puffscdopen(makedev(7, PUFFS_CLONER + 1), 0, 0, &l), ENXIO);
	CHECK_EQ(puffscdclose(makedev(7, PUFFS_CLONER), 0, 0, &l), ENXIO);
	CHECK_EQ(l.l_dupfd, 77);
	for (i = 0; i < 3; i++) {
		pi[i] = device_open(1, 0);
		CHECK_EQ(puffs_instance_minor(pi[i]), i);
	}
	CHECK_EQ(puffs_fop_close(pi[1], NULL), 0);
	again = device_open(1, 0);
	CHECK_EQ(puffs_instance_minor(again), 1);
	CHECK_EQ(puffs_fop_close(again, NULL), 0);
	CHECK_EQ(puffs_fop_close(pi[0], NULL), 0);
	/* The last reference closes too. */
	puffs_instance_ref(pi[2]);
	puffs_instance_rele(pi[2]);
	CHECK_EQ(puffs_detach(NULL, NULL), 1);
	puffs_instance_rele(pi[2]);
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
}

static struct puffs_instance *table[2];

static struct puffs_instance *
lookup(int pid, int fd)
{

	return pid == 5 && fd < 2 ? puffs_instance_ref(table[fd]) : NULL;
}

static void
binding(void)
{
	struct puffs_instance *first, *second, *other;
	struct puffs_mount *pmp[5];
	struct host h[5];
	int i;

	first = device_open(5, 0);
	second = device_open(5, 0);
	other = device_open(5, 9);
	for (i = 0; i < 5; i++)
		pmp[i] = mount_new(&h[i], 0, i == 3 ? 9 : 0);
	table[1] = second;
	CHECK_EQ(puffs_setpmp(5, 1, pmp[0]), ENXIO);
	puffs_set_filetable(lookup);
	CHECK_EQ(puffs_setpmp(5, 2, pmp[0]), ENXIO);
	CHECK_EQ(puffs_setpmp(5, 0, pmp[0]), ENXIO);
	CHECK_EQ(puffs_setpmp(4, 1, pmp[0]), ENXIO);
	CHECK_EQ(puffs_setpmp(5, 1, pmp[0]), 0);
	CHECK_EQ(puffs_setpmp(5, 1, pmp[1]), EBUSY);
	CHECK_EQ(puffs_setpmp(5, -1, pmp[0]), EBUSY);
	CHECK_EQ(puffs_setpmp(4, -1, pmp[1]), ENXIO);
	/* The oldest of the same user. */
	CHECK_EQ(puffs_setpmp(5, -1, pmp[1]), 0);
	CHECK_EQ(puffs_setpmp_instance(first, pmp[2]), EBUSY);
	CHECK_EQ(puffs_setpmp(5, -1, pmp[2]), ENXIO);
	CHECK_EQ(puffs_setpmp(5, -1, pmp[3]), 0);
	CHECK_EQ(puffs_setpmp_instance(other, pmp[4]), EBUSY);
	puffs_set_filetable(NULL);
	CHECK_EQ(puffs_setpmp(5, 1, pmp[4]), ENXIO);

	/* Closed, unmounted and closed, never bound. */
	CHECK_EQ(puffs_fop_close(first, NULL), 0);
	CHECK_EQ(h[1].h_unmounts, 1);
	puffs_nukebypmp(pmp[0]);
	CHECK_EQ(puffs_setpmp_instance(second, pmp[2]), ENXIO);
	CHECK_EQ(puffs_fop_close(second, NULL), 0);
	CHECK_EQ(h[0].h_unmounts, 0);
	CHECK_EQ(puffs_fop_close(other, NULL), 0);
	for (i = 0; i < 5; i++) {
		CHECK_EQ(h[i].h_frees, 0);
		puffs_mount_rele(pmp[i]);
		CHECK_EQ(h[i].h_frees, 1);
	}
}

static void
telling(void)
{
	struct puffs_touseropt opt;
	struct puffs_startreq start;
	struct puffs_instance *pi;
	struct puffs_mount *pmp;
	struct puffs_req req;
	struct host h;
	char body[8];
	size_t len = 4;
	void *kbuf = puffs_alloc(len);

	pi = device_open(1, 0);
	pmp = mount_new(&h, PUFFS_MOUNT_INTERRUPTIBLE, 0);
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	memset(&start, 0, sizeof(start));
	start.psr_cookie = 4711;
	CHECK_EQ(puffs_start2(pmp, &start), 0);
	CHECK_EQ(puffs_start2(pmp, &start), EBUSY);
	CHECK_EQ(h.h_starts, 1);
	CHECK_EQ(h.h_root, 4711);

	/* Nobody fetches it in time, so it is withdrawn. */
	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_timeout_ns = 1;
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, PUFFS_VN_CREATE, &kbuf, &len, len, (void *)0x66, &opt), ETIMEDOUT);
	puffs_fop_nonblock(pi, 1);
	memset(&req, 0, sizeof(req));
	req.preq_aux = body;
	req.preq_auxlen = sizeof(body);
	CHECK_EQ(puffs_fop_ioctl(pi, PUFFSGETOP, &req, NULL), EAGAIN);
	puffs_free(kbuf);

	/* The device is closed under it; references outlive that. */
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	CHECK_EQ(h.h_unmounts, 1);
	CHECK_EQ(h.h_frees, 0);
	CHECK_EQ(puffs_start2(pmp, &start), ENXIO);
	puffs_mount_ref(pmp);
	puffs_mount_rele(pmp);
	CHECK_EQ(h.h_frees, 0);
	puffs_mount_rele(pmp);
	CHECK_EQ(h.h_frees, 1);
}

static void
completed(void *arg, int error, void *kbuf, size_t len)
{

	(void)len;
	*(int *)arg = error;
	puffs_free(kbuf);
}

static void
late(void)
{
	struct puffs_touseropt opt;
	struct puffs_startreq start;
	struct puffs_instance *pi;
	struct puffs_mount *pmp;
	struct puffs_req req;
	struct host h;
	char body[8];
	size_t len = 4;
	void *kbuf = puffs_alloc(len);
	int ended = -1;

	pi = device_open(1, 0);
	pmp = mount_new(&h, 0, 0);
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	memset(&start, 0, sizeof(start));
	CHECK_EQ(puffs_start2(pmp, &start), 0);
	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_reqid = puffs_getreqid(pmp);
	opt.pto_done = completed;
	opt.pto_arg = &ended;
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, PUFFS_VN_CREATE, &kbuf, &len, len, (void *)0x66, &opt), 0);
	CHECK(kbuf == NULL);
	memset(&req, 0, sizeof(req));
	req.preq_aux = body;
	req.preq_auxlen = sizeof(body);
	CHECK_EQ(puffs_fop_ioctl(pi, PUFFSGETOP, &req, NULL), 0);
	CHECK_EQ(puffs_interrupt(pmp, opt.pto_reqid), 0);
	CHECK_EQ(ended, EINTR);
	memcpy(body, "abc", 3);
	req.preq_auxlen = 3;
	req.preq_rv = 0;
	CHECK_EQ(puffs_fop_ioctl(pi, PUFFSPUTOP, &req, NULL), ECANCELED);
	CHECK_EQ(h.h_late, 1);
	CHECK_EQ(h.h_answer.pl_opclass, PUFFSOP_VN);
	CHECK_EQ(h.h_answer.pl_optype, PUFFS_VN_CREATE);
	CHECK(h.h_answer.pl_cookie == (void *)0x66);
	CHECK_EQ(h.h_answer.pl_rv, 0);
	CHECK_EQ(h.h_answer.pl_len, 3);
	CHECK(memcmp(h.h_body, "abc", 3) == 0);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	puffs_mount_rele(pmp);
}

static void
keeping(void)
{
	struct puffs_instance *pi;
	struct puffs_mount *pmp;
	struct host h;

	pi = device_open(1, 0);
	pmp = mount_new(&h, PUFFS_MOUNT_KEEP, 0);
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	CHECK_EQ(h.h_unmounts, 0);
	CHECK_EQ(puffs_vntouser_faf(pmp, 0, NULL, 0, NULL), 0);
	pi = device_open(2, 0);
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	CHECK_EQ(puffs_fop_poll(pi, POLLOUT, NULL), POLLOUT);
	puffs_nukebypmp(pmp);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	puffs_mount_rele(pmp);
	CHECK_EQ(h.h_frees, 1);
}

static char logged[200];

static void
keep_line(const char *message, size_t len)
{

	CHECK(len < sizeof(logged));
	memcpy(logged, message, len);
	logged[len] = 0;
}

static void
logging(void)
{
	static const struct puffs_hostops none = { .pho_size = sizeof(none) };
	struct puffs_hooks hooks;
	struct puffs_instance *pi = device_open(1, 0);
	struct puffs_mount *pmp;

	puffs_set_log(keep_line);
	memset(&hooks, 0, sizeof(hooks));
	hooks.ph_size = sizeof(hooks);
	CHECK_EQ(puffs_attach(&hooks), EOPNOTSUPP);
	CHECK(strstr(logged, "needs no hooks") != NULL);
	CHECK_EQ(puffs_mount_new(NULL, &none, NULL, &pmp), 0);
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	CHECK(strstr(logged, "cannot be unmounted") != NULL);
	puffs_mount_rele(pmp);
	puffs_set_log(NULL);
}

int
main(void)
{

	arguments();
	opening();
	binding();
	telling();
	late();
	keeping();
	logging();
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
