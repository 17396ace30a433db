/*
 * shim_inproc.c: shim.h over libpuffs, in one process.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <puffs_sys.h>

#include "check.h"
#include "shim.h"

#define NOPENS 8

static struct open {
	struct puffs_instance *o_pi;	/* NULL: closed */
	struct puffs_mount *o_pmp;	/* NULL: nothing mounted yet */
	pthread_t o_caller;
	uint64_t o_reqid;
} opens[NOPENS];

int
shim_open(int *fd)
{
	struct lwp l = { (int)getpid(), (uint32_t)geteuid(), (uint32_t)getegid(), 0 };
	int error;

	if ((error = puffscdopen(makedev(0, PUFFS_CLONER), 0, 0, &l)) != 0)
		return error;
	for (*fd = 0; opens[*fd].o_pi != NULL; ++*fd)
		CHECK(*fd < NOPENS - 1);
	opens[*fd].o_pi = (struct puffs_instance *)l.l_dupfd;
	return 0;
}

int
shim_ioctl(int fd, unsigned long cmd, void *data)
{

	return puffs_fop_ioctl(opens[fd].o_pi, cmd, data, NULL);
}

int
shim_poll(int fd, int events)
{

	return puffs_fop_poll(opens[fd].o_pi, events, NULL);
}

int
shim_close(int fd)
{
	struct open *o = &opens[fd];
	int error;

	error = puffs_fop_close(o->o_pi, NULL);
	puffs_mount_rele(o->o_pmp);
	memset(o, 0, sizeof(*o));
	return error;
}

/* The caller's thread: returns its result, and checks that an error of ours changes nothing. */
static void *
caller(void *arg)
{
	struct open *o = arg;
	char body[SHIM_BODYLEN] = SHIM_BODY;

	return (void *)(intptr_t)puffs_vntouser_req(o->o_pmp, PUFFS_VN_GETATTR, body, sizeof(body), SHIM_COOKIE, o->o_reqid,
	    NULL, NULL);
}

/* A completion counts as a caller that can leave at will. */
static void
done(void *arg, int error, void *kbuf, size_t len)
{

	(void)len;
	*(int *)arg = error;
	puffs_free(kbuf);
}

int
shim_kernel(int fd, enum shim_act act)
{
	static const struct puffs_hostops ops = { .pho_size = sizeof(ops) };
	static int left;
	struct puffs_touseropt opt;
	struct open *o = &opens[fd];
	struct puffs_mountargs args;
	size_t len = SHIM_BODYLEN;
	void *kbuf, *result;
	int error;

	switch (act) {
	case SHIM_MOUNT:
		memset(&args, 0, sizeof(args));
		args.pma_size = sizeof(args);
		if ((error = puffs_mount_new(&args, &ops, NULL, &o->o_pmp)) != 0)
			return error;
		return puffs_setpmp_instance(o->o_pi, o->o_pmp);
	case SHIM_DIE:
		puffs_userdead(o->o_pmp);
		return 0;
	case SHIM_UNMOUNT:
		puffs_nukebypmp(o->o_pmp);
		return 0;
	case SHIM_FAF:
		CHECK((kbuf = puffs_alloc(len)) != NULL);
		memcpy(kbuf, SHIM_BODY, len);
		return puffs_vntouser_faf(o->o_pmp, PUFFS_VN_RECLAIM, kbuf, len, SHIM_COOKIE);
	case SHIM_CALL:
		o->o_reqid = puffs_getreqid(o->o_pmp);
		return pthread_create(&o->o_caller, NULL, caller, o);
	case SHIM_LEAVE:
		CHECK((kbuf = puffs_alloc(len)) != NULL);
		memcpy(kbuf, SHIM_BODY, len);
		memset(&opt, 0, sizeof(opt));
		opt.pto_size = sizeof(opt);
		opt.pto_done = done;
		opt.pto_arg = &left;
		opt.pto_reqid = o->o_reqid = puffs_getreqid(o->o_pmp);
		left = -1;
		return puffs_touser_opt(o->o_pmp, PUFFSOP_VN, PUFFS_VN_GETATTR, &kbuf, &len, len, SHIM_COOKIE, &opt);
	case SHIM_RESULT:
		if (o->o_caller == 0) {
			CHECK_EQ(puffs_interrupt(o->o_pmp, o->o_reqid), 0);
			return left;
		}
		CHECK_EQ(pthread_join(o->o_caller, &result), 0);
		o->o_caller = 0;
		return (int)(intptr_t)result;
	}
	return EINVAL;
}
