/*
 * sys_parked.c: what happens around a wait: vnodes that are unlocked meanwhile, and deadlines of those who do not sleep.
 *
 * c-test: link=shared,static run=plain,asan,valgrind
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <puffs_sys.h>

#include "check.h"

/* A vnode, as small as one can be. */
struct vnode {
	int v_locked;
	int v_dead;
};

/* What the host was asked: "u1l1" is unlock the first, lock the first. */
static char asked[64];
static struct vnode vnodes[2];
static uint64_t alarm_at;
static int alarms;

static void
note(const char *what, struct vnode *vp)
{
	size_t n = strlen(asked);

	CHECK(n + 3 < sizeof(asked));
	asked[n] = *what;
	asked[n + 1] = (char)('1' + (vp - vnodes));
	asked[n + 2] = '\0';
}

static void
host_unlock(void *data, struct vnode *vp)
{

	CHECK(data == asked);
	CHECK(vp->v_locked);
	vp->v_locked = 0;
	note("u", vp);
}

static int
host_lock(void *data, struct vnode *vp)
{

	CHECK(data == asked);
	CHECK(!vp->v_locked);
	vp->v_locked = 1;
	note("l", vp);
	return vp->v_dead ? ESTALE : 0;
}

static void
host_alarm(void *data, struct puffs_mount *pmp, uint64_t when)
{

	CHECK(data == asked);
	CHECK(pmp != NULL);
	alarm_at = when;
	alarms++;
}

static struct puffs_mount *
mount(uint64_t timeout)
{
	struct puffs_mountargs args;
	struct puffs_startreq start;
	struct puffs_hostops ops;
	struct puffs_mount *pmp;

	memset(&args, 0, sizeof(args));
	args.pma_size = sizeof(args);
	args.pma_timeout_ns = timeout;
	memset(&ops, 0, sizeof(ops));
	ops.pho_size = sizeof(ops);
	ops.pho_vnode_unlock = host_unlock;
	CHECK_EQ(puffs_mount_new(&args, &ops, asked, &pmp), EINVAL);
	ops.pho_vnode_lock = host_lock;
	ops.pho_alarm = host_alarm;
	CHECK_EQ(puffs_mount_new(&args, &ops, asked, &pmp), 0);
	memset(&start, 0, sizeof(start));
	CHECK_EQ(puffs_start2(pmp, &start), 0);
	return pmp;
}

static void
expect(const char *what)
{

	CHECK(strcmp(asked, what) == 0);
	CHECK(vnodes[0].v_locked && vnodes[1].v_locked);
	asked[0] = '\0';
}

static void
unlocked_meanwhile(void)
{
	/* Nobody serves: every call ends at the mount's deadline. */
	struct puffs_mount *pmp = mount(1);
	struct vnode *vp1 = &vnodes[0], *vp2 = &vnodes[1];
	struct puffs_touseropt opt;
	char body[4] = "body";
	void *kbuf = body;
	size_t len = sizeof(body);

	vp1->v_locked = vp2->v_locked = 1;
	CHECK_EQ(puffs_vntouser(pmp, 1, body, len, NULL, vp1, vp2), ETIMEDOUT);
	expect("u2u1l1l2");
	CHECK_EQ(puffs_vntouser(pmp, 1, body, len, NULL, vp1, vp1), ETIMEDOUT);
	expect("u1l1");
	CHECK_EQ(puffs_vntouser(pmp, 1, body, len, NULL, NULL, vp2), ETIMEDOUT);
	expect("u2l2");
	CHECK_EQ(puffs_vntouser_req(pmp, 1, body, len, NULL, puffs_getreqid(pmp), vp1, vp2), ETIMEDOUT);
	expect("u2u1l1l2");
	CHECK_EQ(puffs_vntouser_adjbuf(pmp, 1, &kbuf, &len, 4, NULL, vp1, vp2), ETIMEDOUT);
	expect("u2u1l1l2");
	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_vp1 = vp1;
	opt.pto_vp2 = vp2;
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, 1, &kbuf, &len, 4, NULL, &opt), ETIMEDOUT);
	expect("u2u1l1l2");
	vp1->v_dead = 1;
	CHECK_EQ(puffs_vntouser(pmp, 1, body, len, NULL, vp1, vp2), ESTALE);
	expect("u2u1l1l2");
	CHECK(memcmp(body, "body", 4) == 0);
	/* What is not queued leaves them alone. */
	CHECK_EQ(puffs_vntouser(pmp, 1000, body, len, NULL, vp1, vp2), EINVAL);
	expect("");
	puffs_userdead(pmp);
	CHECK_EQ(puffs_vntouser(pmp, 1, body, len, NULL, vp1, vp2), ENXIO);
	expect("");
	puffs_mount_rele(pmp);
}

struct done {
	int d_calls;
	int d_error;
};

static void
done(void *arg, int error, void *kbuf, size_t len)
{
	struct done *d = arg;

	d->d_calls++;
	d->d_error = error;
	CHECK_EQ(len, 0);
	puffs_free(kbuf);
}

static void
submit(struct puffs_mount *pmp, struct done *d, uint64_t timeout, int error)
{
	struct puffs_touseropt opt;
	void *kbuf = puffs_alloc(4);
	size_t len = 4;

	memset(d, 0, sizeof(*d));
	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_timeout_ns = timeout;
	opt.pto_done = done;
	opt.pto_arg = d;
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, 1, &kbuf, &len, 4, NULL, &opt), error);
}

static void
deadlines(void)
{
	const uint64_t hour = 3600ull * 1000 * 1000 * 1000;
	struct puffs_mount *pmp = mount(hour);
	struct done soon, usual, never;
	struct puffs_touseropt opt;
	void *kbuf = NULL;
	size_t len = 0;
	uint64_t next;

	alarms = 0;
	submit(pmp, &never, PUFFS_FOREVER, 0);
	CHECK_EQ(alarms, 0);
	submit(pmp, &usual, 0, 0);
	CHECK_EQ(alarms, 1);
	next = alarm_at;
	submit(pmp, &soon, 1, 0);
	CHECK_EQ(alarms, 2);
	CHECK(alarm_at + hour / 2 < next);
	CHECK_EQ(puffs_expire(pmp, &next), 0);
	CHECK_EQ(soon.d_calls, 1);
	CHECK_EQ(soon.d_error, ETIMEDOUT);
	CHECK(next > alarm_at + hour / 2 && next != PUFFS_FOREVER);
	CHECK_EQ(usual.d_calls, 0);
	CHECK_EQ(puffs_expire(pmp, NULL), 0);
	CHECK_EQ(puffs_expire(NULL, &next), EINVAL);
	puffs_userdead(pmp);
	CHECK_EQ(puffs_expire(pmp, &next), 0);
	CHECK_EQ(next, PUFFS_FOREVER);
	CHECK_EQ(soon.d_calls, 1);
	CHECK_EQ(usual.d_error, ENXIO);
	CHECK_EQ(never.d_error, ENXIO);

	/* Vnodes are for those who park. */
	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_done = done;
	opt.pto_arg = &soon;
	opt.pto_vp1 = &vnodes[0];
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, 1, &kbuf, &len, 0, NULL, &opt), EINVAL);
	puffs_mount_rele(pmp);
}

int
main(void)
{

	unlocked_meanwhile();
	deadlines();
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
