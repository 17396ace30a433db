/*
 * sys_sizeop.c: data of unknown size beside a request, in its four kinds, as a kernel registers it and as a server moves it.
 *
 * c-test: link=shared,static run=plain,asan,valgrind
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <puffs_sys.h>

#include "check.h"

/* A kernel's uio, as small as one can be. */
struct uio {
	char *uio_base;
	size_t uio_resid;
	int uio_out;
	int uio_fail;
};

static int
uio_move(void *kbuf, size_t n, struct uio *uio, int keep)
{

	if (uio->uio_fail != 0)
		return uio->uio_fail;
	if (n > uio->uio_resid)
		return ERANGE;
	if (uio->uio_out)
		memcpy(kbuf, uio->uio_base, n);
	else
		memcpy(uio->uio_base, kbuf, n);
	if (!keep) {
		uio->uio_base += n;
		uio->uio_resid -= n;
	}
	return 0;
}

static struct puffs_mount *pmp;
static struct puffs_instance *pi;
static char aux[64];

static void
mount(void)
{
	struct puffs_startreq start;
	struct lwp me;

	memset(&me, 0, sizeof(me));
	me.l_pid = 1;
	CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &pmp), 0);
	CHECK_EQ(puffscdopen(makedev(7, PUFFS_CLONER), 0, 0, &me), 0);
	pi = (struct puffs_instance *)me.l_dupfd;
	CHECK_EQ(puffs_setpmp_instance(pi, pmp), 0);
	memset(&start, 0, sizeof(start));
	CHECK_EQ(puffs_start2(pmp, &start), 0);
}

static void
unmount(void)
{

	puffs_nukebypmp(pmp);
	puffs_mount_rele(pmp);
	CHECK_EQ(puffs_fop_close(pi, NULL), 0);
}

static void
fetch(struct puffs_req *req)
{

	memset(req, 0, sizeof(*req));
	req->preq_aux = aux;
	req->preq_auxlen = sizeof(aux);
	CHECK_EQ(puffs_fop_ioctl(pi, PUFFSGETOP, req, NULL), 0);
}

/* What the server moves, 0 for an error that goes to *error. */
static size_t
sizeop(uint64_t id, char *buf, size_t len, int *error)
{
	struct puffs_sizeop pso;

	pso.pso_reqid = id;
	pso.pso_userbuf = (uint8_t *)buf;
	pso.pso_bufsize = len;
	*error = puffs_fop_ioctl(pi, PUFFSSIZEOP, &pso, NULL);
	return *error == 0 ? pso.pso_bufsize : 0;
}

/* A server that takes what goes out, and sends what comes in: the four kinds in the order in which they are registered. */
static void *
server(void *arg)
{
	struct puffs_req req;
	char buf[64];
	int error;

	(void)arg;
	fetch(&req);
	CHECK_EQ(sizeop(req.preq_id, buf, 5, &error), 5);
	CHECK(memcmp(buf, "uio g", 5) == 0);
	CHECK_EQ(sizeop(req.preq_id, buf, sizeof(buf), &error), 12);
	CHECK(memcmp(buf, "buffer goes", 12) == 0);
	memcpy(buf, "uio comes", 9);
	CHECK_EQ(sizeop(req.preq_id, buf, 9, &error), 9);
	memcpy(buf, "buffer comes, too long", 22);
	CHECK_EQ(sizeop(req.preq_id, buf, 22, &error), 16);
	CHECK_EQ(sizeop(req.preq_id, buf, 22, &error), 0);
	CHECK_EQ(error, EINVAL);
	req.preq_rv = 0;
	req.preq_auxlen = 0;
	CHECK_EQ(puffs_fop_ioctl(pi, PUFFSPUTOP, &req, NULL), 0);
	return NULL;
}

static void
four_kinds(void)
{
	char goes[] = "uio goes out", comes[32], buf_goes[] = "buffer goes", buf_comes[16];
	struct uio out = { goes, sizeof(goes), 1, 0 }, in = { comes, sizeof(comes), 0, 0 };
	struct puffs_sizeops *pso;
	size_t moved[6];
	pthread_t thread;
	uint64_t id;

	mount();
	id = puffs_getreqid(pmp);
	CHECK_EQ(puffs_sizeop_new(pmp, id, uio_move, &pso), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_UIO_OUT, &out, sizeof(goes)), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_OUT, buf_goes, sizeof(buf_goes)), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_UIO_IN, &in, sizeof(comes)), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_IN, buf_comes, sizeof(buf_comes)), 0);
	CHECK_EQ(out.uio_resid, sizeof(goes));
	CHECK_EQ(pthread_create(&thread, NULL, server, NULL), 0);
	CHECK_EQ(puffs_vntouser_req(pmp, PUFFS_VN_READ, NULL, 0, NULL, id, NULL, NULL), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	memset(moved, 0x55, sizeof(moved));
	CHECK_EQ(puffs_sizeop_finish(pso, moved, 6), 0);
	CHECK_EQ(moved[0], 5);
	CHECK_EQ(moved[1], 12);
	CHECK_EQ(moved[2], 9);
	CHECK_EQ(moved[3], 16);
	CHECK_EQ(moved[4], 0);
	CHECK_EQ(moved[5], 0);
	CHECK_EQ(out.uio_resid, sizeof(goes) - 5);
	CHECK(out.uio_base == goes + 5);
	CHECK_EQ(in.uio_resid, sizeof(comes) - 9);
	CHECK(memcmp(comes, "uio comes", 9) == 0);
	CHECK(memcmp(buf_comes, "buffer comes, to", 16) == 0);
	unmount();
}

static void
refused(void)
{
	char data[8] = "data";
	struct uio broken = { data, sizeof(data), 1, EIO };
	struct puffs_sizeops *pso, *other;
	size_t moved = 7;
	uint64_t id;
	int i;

	mount();
	id = puffs_getreqid(pmp);
	CHECK_EQ(puffs_sizeop_new(NULL, id, NULL, &pso), EINVAL);
	CHECK_EQ(puffs_sizeop_new(pmp, id, NULL, NULL), EINVAL);
	CHECK_EQ(puffs_sizeop_new(pmp, 0, NULL, &pso), EINVAL);
	CHECK_EQ(puffs_sizeop_new(pmp, id, NULL, &pso), 0);
	CHECK_EQ(puffs_sizeop_new(pmp, id, NULL, &other), EEXIST);
	CHECK_EQ(puffs_sizeop_add(NULL, PUFFS_SIZEOPREQ_BUF_IN, data, 4), EINVAL);
	CHECK_EQ(puffs_sizeop_add(pso, 0, data, 4), EINVAL);
	CHECK_EQ(puffs_sizeop_add(pso, 5, data, 4), EINVAL);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_IN, NULL, 4), EINVAL);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_OUT, data, 0), EINVAL);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_OUT, data, (256 << 10) + 1), EINVAL);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_UIO_OUT, &broken, 8), EINVAL);
	for (i = 0; i < 8; i++)
		CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_OUT, data, 4), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_OUT, data, 4), E2BIG);
	CHECK_EQ(puffs_sizeop_finish(pso, &moved, 1), 0);
	CHECK_EQ(moved, 0);
	CHECK_EQ(puffs_sizeop_finish(NULL, NULL, 0), EINVAL);

	CHECK_EQ(puffs_sizeop_new(pmp, id, uio_move, &pso), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_UIO_OUT, &broken, 8), EIO);
	broken.uio_fail = 0;
	broken.uio_out = 0;
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_UIO_IN, &broken, 8), 0);
	puffs_sizeop_cancel(pso);
	puffs_sizeop_cancel(NULL);
	CHECK_EQ(broken.uio_resid, sizeof(data));
	unmount();
}

/* A uio that fails in the end: it is told, and the others are brought home. */
static void *
sender(void *arg)
{
	struct puffs_req req;
	char buf[] = "comes";
	int error;

	(void)arg;
	fetch(&req);
	CHECK_EQ(sizeop(req.preq_id, buf, 5, &error), 5);
	CHECK_EQ(sizeop(req.preq_id, buf, 5, &error), 5);
	req.preq_rv = ENOTEMPTY;
	req.preq_auxlen = 0;
	CHECK_EQ(puffs_fop_ioctl(pi, PUFFSPUTOP, &req, NULL), 0);
	return NULL;
}

static void
broken_uio(void)
{
	char data[8], other[8] = "";
	struct uio broken = { data, sizeof(data), 0, EIO };
	struct puffs_touseropt opt;
	struct puffs_sizeops *pso;
	size_t moved[2], len = 0;
	void *kbuf = NULL;
	pthread_t thread;

	mount();
	memset(&opt, 0, sizeof(opt));
	opt.pto_size = sizeof(opt);
	opt.pto_reqid = puffs_getreqid(pmp);
	CHECK_EQ(puffs_sizeop_new(pmp, opt.pto_reqid, uio_move, &pso), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_UIO_IN, &broken, 8), 0);
	CHECK_EQ(puffs_sizeop_add(pso, PUFFS_SIZEOPREQ_BUF_IN, other, 8), 0);
	CHECK_EQ(pthread_create(&thread, NULL, sender, NULL), 0);
	CHECK_EQ(puffs_touser_opt(pmp, PUFFSOP_VN, PUFFS_VN_READ, &kbuf, &len, 0, NULL, &opt), ENOTEMPTY);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(puffs_sizeop_finish(pso, moved, 2), EIO);
	CHECK_EQ(moved[0], 5);
	CHECK_EQ(moved[1], 5);
	CHECK(memcmp(other, "comes", 5) == 0);
	unmount();
}

int
main(void)
{

	four_kinds();
	refused();
	broken_uio();
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
