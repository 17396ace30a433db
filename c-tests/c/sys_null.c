/*
 * sys_null.c: every function of <puffs_sys.h> with null pointers: a definite error, or nothing.
 *
 * c-test: link=shared,static run=plain,asan,valgrind lang=c11,c++17
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <puffs_sys.h>

#include "check.h"

static struct puffs_mount *
mount_new(void)
{
	struct puffs_mount *pmp = NULL;

	CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &pmp), 0);
	CHECK(pmp != NULL);
	return pmp;
}

/* Without the object that they are about. */
static void
without_object(void)
{
	struct puffs_startreq start;
	struct puffs_mountargs args;
	struct puffs_mountstats mstats;
	struct puffs_opstats ostats;
	char body[8];
	void *kbuf = puffs_alloc(8);
	struct puffs_watch *w = NULL;
	uint32_t flags = 0;
	size_t len = 8;
	int fd = -9;

	memset(&start, 0, sizeof(start));
	memset(&args, 0, sizeof(args));
	mstats.pms_size = sizeof(mstats);
	ostats.pos_size = sizeof(ostats);
	CHECK_EQ(puffs_attach(NULL), EINVAL);
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	puffs_set_log(NULL);
	puffs_set_filetable(NULL);
	CHECK(puffs_alloc(0) == NULL);
	puffs_free(NULL);

	CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, NULL), EINVAL);
	CHECK(puffs_mount_ref(NULL) == NULL);
	puffs_mount_rele(NULL);
	CHECK_EQ(puffs_start2(NULL, &start), EINVAL);
	CHECK_EQ(puffs_start2(NULL, NULL), EINVAL);
	CHECK_EQ(puffs_getreqid(NULL), 0);
	puffs_userdead(NULL);
	CHECK_EQ(puffs_interrupt(NULL, 1), EINVAL);
	CHECK_EQ(puffs_stats_mount(NULL, &mstats), EINVAL);
	CHECK_EQ(puffs_stats_op(NULL, PUFFSOP_VN, 0, &ostats), EINVAL);
	CHECK_EQ(puffs_inflight(NULL, NULL, 0, &len), EINVAL);

	CHECK_EQ(puffs_vfstouser(NULL, 0, body, sizeof(body)), EINVAL);
	CHECK_EQ(puffs_vntouser(NULL, 0, body, sizeof(body), NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_req(NULL, 0, body, sizeof(body), NULL, 1, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_adjbuf(NULL, 0, &kbuf, &len, 0, NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_touser_opt(NULL, PUFFSOP_VN, 0, &kbuf, &len, 0, NULL, NULL), EINVAL);
	CHECK(kbuf != NULL && len == 8);
	/* Consumed all the same. */
	CHECK_EQ(puffs_vntouser_faf(NULL, 0, kbuf, len, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_faf(NULL, 0, NULL, 0, NULL), EINVAL);

	CHECK_EQ(puffscdopen(makedev(0, PUFFS_CLONER), 0, 0, NULL), EINVAL);
	CHECK_EQ(puffscdclose(makedev(0, PUFFS_CLONER), 0, 0, NULL), ENXIO);
	CHECK(puffs_instance_ref(NULL) == NULL);
	puffs_instance_rele(NULL);
	CHECK_EQ(puffs_instance_minor(NULL), PUFFS_CLONER);
	CHECK_EQ(puffs_setpmp(1, -1, NULL), EINVAL);
	CHECK_EQ(puffs_setpmp(1, 3, NULL), EINVAL);
	CHECK_EQ(puffs_setpmp_instance(NULL, NULL), EINVAL);
	puffs_nukebypmp(NULL);

	CHECK_EQ(puffs_fop_read(NULL, NULL, NULL, NULL, 0), EINVAL);
	CHECK_EQ(puffs_fop_write(NULL, NULL, NULL, NULL, 0), EINVAL);
	CHECK_EQ(puffs_fop_ioctl(NULL, PUFFSGETOP, NULL, NULL), EINVAL);
	puffs_fop_nonblock(NULL, 1);
	CHECK_EQ(puffs_fop_poll(NULL, POLLIN, NULL), POLLERR | POLLHUP);
	CHECK(puffs_fop_pollpoint(NULL) == NULL);
	CHECK_EQ(puffs_fop_pollfd(NULL, &fd), EINVAL);
	CHECK_EQ(puffs_fop_pollfd(NULL, NULL), EINVAL);
	CHECK_EQ(fd, -9);
	CHECK_EQ(puffs_fop_stat(NULL, NULL), EINVAL);
	CHECK_EQ(puffs_fop_kqfilter(NULL, PUFFS_EVFILT_READ, &w), EINVAL);
	CHECK_EQ(puffs_fop_kqfilter(NULL, PUFFS_EVFILT_READ, NULL), EINVAL);
	CHECK(w == NULL);
	CHECK_EQ(puffs_watch_event(NULL, NULL, NULL), 1);
	CHECK_EQ(puffs_watch_event(NULL, &len, &flags), 1);
	CHECK_EQ(len, 0);
	CHECK_EQ(flags, PUFFS_EV_EOF);
	CHECK(puffs_watch_pollpoint(NULL) == NULL);
	CHECK(puffs_watch_ref(NULL) == NULL);
	puffs_watch_detach(NULL);
	CHECK_EQ(puffs_fop_close(NULL, NULL), EINVAL);
}

/* With it, and nothing else. */
static void
with_mount(void)
{
	struct puffs_mount *pmp = mount_new();
	struct puffs_inflight inflight;
	void *kbuf = NULL;
	size_t len = 8;

	CHECK_EQ(puffs_start2(pmp, NULL), EINVAL);
	CHECK_EQ(puffs_vfstouser(pmp, 0, NULL, 8), EINVAL);
	CHECK_EQ(puffs_vntouser(pmp, 0, NULL, 8, NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_req(pmp, 0, NULL, 8, NULL, 1, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_req(pmp, 0, NULL, 0, NULL, 0, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_adjbuf(pmp, 0, NULL, &len, 0, NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_adjbuf(pmp, 0, &kbuf, NULL, 0, NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_adjbuf(pmp, 0, &kbuf, &len, 8, NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_faf(pmp, 0, NULL, 8, NULL), EINVAL);
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, 0, NULL, &len, 0, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, 0, &kbuf, NULL, 0, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, 0, &kbuf, &len, 8, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_interrupt(pmp, 0), ENOENT);
	CHECK_EQ(puffs_stats_mount(pmp, NULL), EINVAL);
	CHECK_EQ(puffs_stats_op(pmp, PUFFSOP_VN, 0, NULL), EINVAL);
	CHECK_EQ(puffs_inflight(pmp, NULL, 1, &len), EINVAL);
	CHECK_EQ(puffs_inflight(pmp, &inflight, 1, NULL), EINVAL);
	CHECK_EQ(puffs_setpmp_instance(NULL, pmp), EINVAL);
	puffs_nukebypmp(pmp);
	CHECK(puffs_mount_ref(pmp) == pmp);
	puffs_mount_rele(pmp);
	puffs_mount_rele(pmp);
}

static void
with_instance(void)
{
	struct puffs_mount *pmp = mount_new();
	struct puffs_instance *pi;
	struct lwp l = { 1, 0, 0, 0 };

	CHECK_EQ(puffscdopen(makedev(0, PUFFS_CLONER), 0, 0, &l), 0);
	pi = (struct puffs_instance *)l.l_dupfd;
	CHECK_EQ(puffs_setpmp_instance(pi, NULL), EINVAL);
	/* Nobody said how descriptors lead to instances. */
	CHECK_EQ(puffs_setpmp(1, 0, pmp), ENXIO);
	CHECK_EQ(puffs_fop_read(pi, NULL, NULL, NULL, 0), ENODEV);
	CHECK_EQ(puffs_fop_write(pi, NULL, NULL, NULL, 0), ENODEV);
	CHECK_EQ(puffs_fop_ioctl(pi, 0, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_fop_pollfd(pi, NULL), EINVAL);
	CHECK_EQ(puffs_fop_stat(pi, NULL), EINVAL);
	CHECK_EQ(puffs_fop_kqfilter(pi, PUFFS_EVFILT_READ, NULL), EINVAL);
	CHECK(puffs_instance_ref(pi) == pi);
	puffs_instance_rele(pi);
	CHECK_EQ(puffs_detach(NULL, NULL), 2);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	puffs_mount_rele(pmp);
}

int
main(void)
{
	size_t mounts = 9, instances = 9;

	without_object();
	with_mount();
	with_instance();
	CHECK_EQ(puffs_detach(&mounts, &instances), 0);
	CHECK_EQ(mounts, 0);
	CHECK_EQ(instances, 0);
	return 0;
}
