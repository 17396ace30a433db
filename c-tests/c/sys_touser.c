/*
 * sys_touser.c: the five forms of a request, and the one with options, against a server in the same process that does what the
 * request's cookie tells it to.
 *
 * c-test: link=shared,static run=plain,asan,valgrind
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <puffs_sys.h>

#include "check.h"

static struct puffs_instance *pi;
static struct puffs_mount *pmp;

/* What the server saw last. */
static struct puffs_req seen;
static char seen_body[64];

/* Cookies: how the server answers. */
enum { ECHO = 100, REFUSE, SHORT, LONG, EMPTY, INNER };
#define COOKIE(how) ((void *)(uintptr_t)(how))
#define LONGLEN 1000

static void *
server_main(void *arg)
{
	static char body[4096];
	struct puffs_req req;
	int error;

	(void)arg;
	for (;;) {
		req.preq_aux = body;
		req.preq_auxlen = sizeof(body);
		if ((error = puffs_fop_ioctl(pi, PUFFSGETOP, &req, NULL)) != 0)
			break;
		seen = req;
		memcpy(seen_body, body, req.preq_auxlen < sizeof(seen_body) ? req.preq_auxlen : sizeof(seen_body));
		if (!PUFFSOP_WANTREPLY(req.preq_opclass))
			continue;
		req.preq_rv = 0;
		switch ((uintptr_t)req.preq_cookie) {
		case REFUSE:
			req.preq_rv = EACCES;
			memset(body, 'r', req.preq_auxlen);
			break;
		case SHORT:
			body[0] = 's';
			req.preq_auxlen = 1;
			break;
		case LONG:
			memset(body, 'l', LONGLEN);
			req.preq_auxlen = LONGLEN;
			break;
		case EMPTY:
			req.preq_auxlen = 0;
			break;
		case INNER:
			/* The only server there is calls into its own mount. */
			req.preq_auxlen = 0;
			req.preq_rv = puffs_vntouser(pmp, PUFFS_VN_FSYNC, NULL, 0, NULL, NULL, NULL);
			break;
		default:
			memset(body, 'e', req.preq_auxlen);
			break;
		}
		(void)puffs_fop_ioctl(pi, PUFFSPUTOP, &req, NULL);
	}
	CHECK_EQ(error, ENXIO);
	return NULL;
}

static void
borrowed(void)
{
	char body[10];
	uint64_t id;

	memset(body, 'a', sizeof(body));
	CHECK_EQ(puffs_vfstouser(pmp, PUFFS_VFS_SYNC, body, sizeof(body)), 0);
	CHECK_EQ(seen.preq_opclass, PUFFSOP_VFS);
	CHECK_EQ(seen.preq_optype, PUFFS_VFS_SYNC);
	CHECK(seen.preq_cookie == NULL);
	CHECK(seen.preq_id != 0);
	CHECK(memcmp(seen_body, "aaaaaaaaaa", 10) == 0);
	CHECK(memcmp(body, "eeeeeeeeee", 10) == 0);
	CHECK_EQ(puffs_vfstouser(pmp, PUFFS_VFS_SYNC, NULL, 0), 0);
	CHECK_EQ(seen.preq_auxlen, 0);

	memset(body, 'b', sizeof(body));
	CHECK_EQ(puffs_vntouser(pmp, PUFFS_VN_LOOKUP, body, sizeof(body), COOKIE(SHORT), NULL, NULL), 0);
	CHECK_EQ(seen.preq_opclass, PUFFSOP_VN);
	CHECK_EQ(seen.preq_optype, PUFFS_VN_LOOKUP);
	CHECK(seen.preq_cookie == COOKIE(SHORT));
	CHECK(memcmp(body, "sbbbbbbbbb", 10) == 0);

	/* More than fits ends the request, and changes nothing. */
	CHECK_EQ(puffs_vntouser(pmp, PUFFS_VN_LOOKUP, body, sizeof(body), COOKIE(LONG), NULL, NULL), EPROTO);
	CHECK(memcmp(body, "sbbbbbbbbb", 10) == 0);
	CHECK_EQ(puffs_vntouser(pmp, PUFFS_VN_LOOKUP, body, sizeof(body), COOKIE(REFUSE), NULL, NULL), EACCES);

	id = puffs_getreqid(pmp);
	CHECK_EQ(puffs_vntouser_req(pmp, PUFFS_VN_FSYNC, body, sizeof(body), COOKIE(ECHO), id, NULL, NULL), 0);
	CHECK_EQ(seen.preq_id, id);
	CHECK_EQ(seen.preq_optype, PUFFS_VN_FSYNC);
	CHECK(puffs_getreqid(pmp) > id);

	/* What is refused at the door. */
	CHECK_EQ(puffs_vntouser(pmp, -1, body, sizeof(body), NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser(pmp, 256, body, sizeof(body), NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser(pmp, PUFFS_VN_LOOKUP, body, (256 << 10) + 1, NULL, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_vfstouser(pmp, 0, body, (size_t)-1), EINVAL);
}

static int
adjbuf(void **kbuf, size_t *len, size_t copylen, int how)
{

	return puffs_vntouser_adjbuf(pmp, PUFFS_VN_READ, kbuf, len, copylen, COOKIE(how), NULL, NULL);
}

static void
adjusted(void)
{
	void *kbuf, *before;
	size_t len = 20;

	CHECK((before = kbuf = puffs_alloc(len)) != NULL);
	memset(kbuf, 'q', len);
	CHECK_EQ(adjbuf(&kbuf, &len, 5, ECHO), 0);
	CHECK_EQ(seen.preq_auxlen, 5);
	/* The exact length is reported, in the buffer that was there. */
	CHECK(kbuf == before);
	CHECK_EQ(len, 5);
	CHECK(memcmp(kbuf, "eeeeeqqqqq", 10) == 0);

	/* Failures change nothing: the server's, and ours. */
	CHECK_EQ(adjbuf(&kbuf, &len, 5, REFUSE), EACCES);
	CHECK_EQ(adjbuf(&kbuf, &len, 6, ECHO), EINVAL);
	CHECK(kbuf == before);
	CHECK_EQ(len, 5);
	CHECK(memcmp(kbuf, "eeeeeqqqqq", 10) == 0);

	CHECK_EQ(adjbuf(&kbuf, &len, 0, LONG), 0);
	CHECK_EQ(len, LONGLEN);
	CHECK(((char *)kbuf)[0] == 'l' && ((char *)kbuf)[LONGLEN - 1] == 'l');
	/* As long as the buffer, it fits. */
	before = kbuf;
	CHECK_EQ(adjbuf(&kbuf, &len, len, ECHO), 0);
	CHECK(kbuf == before);
	CHECK_EQ(len, LONGLEN);
	CHECK_EQ(adjbuf(&kbuf, &len, len, EMPTY), 0);
	CHECK_EQ(len, 0);
	puffs_free(kbuf);

	/* From nothing. */
	kbuf = NULL;
	len = 0;
	CHECK_EQ(adjbuf(&kbuf, &len, 0, EMPTY), 0);
	CHECK(kbuf == NULL);
	CHECK_EQ(adjbuf(&kbuf, &len, 0, LONG), 0);
	CHECK_EQ(len, LONGLEN);
	puffs_free(kbuf);
}

static void
forgotten(void)
{
	char *kbuf = puffs_alloc(4);

	CHECK(kbuf != NULL && kbuf[0] == 0 && kbuf[3] == 0);
	memcpy(kbuf, "bye", 4);
	CHECK_EQ(puffs_vntouser_faf(pmp, PUFFS_VN_RECLAIM, kbuf, 4, COOKIE(ECHO)), 0);
	CHECK_EQ(puffs_vntouser_faf(pmp, PUFFS_VN_INACTIVE, NULL, 0, NULL), 0);
	/* Consumed, though there is nothing to send or no such operation. */
	CHECK_EQ(puffs_vntouser_faf(pmp, PUFFS_VN_INACTIVE, puffs_alloc(4), 0, NULL), 0);
	CHECK_EQ(puffs_vntouser_faf(pmp, 256, puffs_alloc(4), 4, NULL), EINVAL);
	CHECK_EQ(puffs_vntouser_faf(pmp, 0, puffs_alloc(4), (size_t)-1, NULL), EINVAL);
	/* The queue is in order: when this is answered, those were fetched. */
	CHECK_EQ(puffs_vfstouser(pmp, PUFFS_VFS_SYNC, NULL, 0), 0);
}

static int
with(void **kbuf, size_t *len, size_t copylen, int how, const struct puffs_touseropt *opt)
{

	return puffs_touser_opt(pmp, PUFFSOP_VN, PUFFS_VN_READ, kbuf, len, copylen, COOKIE(how), opt);
}

static void
options(void)
{
	struct puffs_touseropt opt;
	static union { struct puffs_touseropt opt; char bytes[8192]; } endless;
	struct { struct puffs_touseropt opt; uint64_t more; } later;
	char body[10];
	void *kbuf = body;
	size_t len = sizeof(body);

	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	CHECK_EQ(with(&kbuf, &len, 4, SHORT, NULL), 0);
	CHECK_EQ(len, 1);
	len = sizeof(body);
	/* Without leave to grow an answer must fit, and a buffer on the stack stays. */
	CHECK_EQ(with(&kbuf, &len, 4, LONG, &opt), EPROTO);
	CHECK(kbuf == body && len == sizeof(body));
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VFS, PUFFS_VFS_SYNC, &kbuf, &len, 0, NULL, &opt), 0);
	CHECK_EQ(seen.preq_opclass, PUFFSOP_VFS);
	len = sizeof(body);
	opt.pto_timeout_ns = PUFFS_FOREVER;
	opt.pto_flags = PUFFS_TOUSER_UNINTERRUPTIBLE;
	opt.pto_reqid = puffs_getreqid(pmp);
	CHECK_EQ(with(&kbuf, &len, 4, REFUSE, &opt), EACCES);
	CHECK_EQ(seen.preq_id, opt.pto_reqid);
	kbuf = puffs_alloc(len);
	opt.pto_flags = PUFFS_TOUSER_ADJBUF | PUFFS_TOUSER_NOWAIT | PUFFS_TOUSER_INTERRUPTIBLE;
	CHECK_EQ(with(&kbuf, &len, 4, LONG, &opt), 0);
	CHECK_EQ(len, LONGLEN);
	puffs_free(kbuf);

	kbuf = body;
	len = sizeof(body);
	CHECK_EQ(puffs_touser_opt(pmp, 0, 0, &kbuf, &len, 0, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN | PUFFSOPFLAG_FAF, 0, &kbuf, &len, 0, NULL, NULL), EINVAL);
	opt.pto_flags = PUFFS_TOUSER_INTERRUPTIBLE | PUFFS_TOUSER_UNINTERRUPTIBLE;
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &opt), EINVAL);
	opt.pto_flags = 1 << 30;
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &opt), EINVAL);
	opt.pto_flags = 0;
	opt.pto_reserved = 1;
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &opt), EINVAL);
	opt.pto_reserved = 0;
	opt.pto_size = 8;
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &opt), EINVAL);
	opt.pto_size = (size_t)-1;
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &opt), EINVAL);
	endless.opt.pto_size = sizeof(endless);
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &endless.opt), EINVAL);
	/* A later header's options: fine as long as they are not used. */
	memset(&later, 0, sizeof(later));
	later.opt.pto_size = sizeof(later);
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &later.opt), 0);
	later.more = 1;
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, &later.opt), EINVAL);
}

/* After death all forms fail at once, and leak nothing. */
static void
dead(void)
{
	void *kbuf = puffs_alloc(4);
	size_t len = 4;

	CHECK_EQ(puffs_vfstouser(pmp, 0, kbuf, len), ENXIO);
	CHECK_EQ(puffs_vntouser(pmp, 0, kbuf, len, NULL, NULL, NULL), ENXIO);
	CHECK_EQ(puffs_vntouser_req(pmp, 0, kbuf, len, NULL, puffs_getreqid(pmp), NULL, NULL), ENXIO);
	CHECK_EQ(adjbuf(&kbuf, &len, 4, ECHO), ENXIO);
	CHECK_EQ(with(&kbuf, &len, 4, ECHO, NULL), ENXIO);
	CHECK_EQ(puffs_vntouser_faf(pmp, 0, kbuf, len, NULL), ENXIO);
	CHECK_EQ(puffs_interrupt(pmp, 1), ENOENT);
}

static void
own_server(void)
{

	CHECK_EQ(puffs_vntouser(pmp, PUFFS_VN_FSYNC, NULL, 0, COOKIE(INNER), NULL, NULL), EDEADLK);
	CHECK_EQ(puffs_vntouser(pmp, PUFFS_VN_FSYNC, NULL, 0, COOKIE(EMPTY), NULL, NULL), 0);
}

int
main(void)
{
	struct lwp l = { 1, 0, 0, 0 };
	struct puffs_startreq start;
	pthread_t server;

	memset(&start, 0, sizeof(start));
	CHECK_EQ(puffscdopen(makedev(0, PUFFS_CLONER), 0, 0, &l), 0);
	pi = (struct puffs_instance *)l.l_dupfd;
	CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &pmp), 0);
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	CHECK_EQ(pthread_create(&server, NULL, server_main, NULL), 0);
	CHECK_EQ(puffs_start2(pmp, &start), 0);
	borrowed();
	own_server();
	adjusted();
	forgotten();
	options();
	puffs_userdead(pmp);
	puffs_userdead(pmp);
	CHECK_EQ(pthread_join(server, NULL), 0);
	dead();
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
	puffs_mount_rele(pmp);
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
