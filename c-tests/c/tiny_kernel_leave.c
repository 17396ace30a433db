/*
 * tiny_kernel_leave.c: callers that leave before their answer: by a signal, by a deadline, by puffs_interrupt; the answers that
 * come too late; and the completion form.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#include <sched.h>

#define MS UINT64_C(1000000)

static struct server server = { .sv_lock = PTHREAD_MUTEX_INITIALIZER };
static struct puffs_req *req;
static struct mount *mp;
static struct vnode *root;

static void
mount_with(uint64_t timeout, uint32_t flags)
{
	struct puffs_mountargs args = {
		.pma_size = sizeof(args), .pma_timeout_ns = timeout, .pma_flags = flags, .pma_max_requests = 2,
	};
	int error;

	server.sv_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(vfs_mount(server.sv_fd, &args, &mp), 0);
	CHECK_EQ(server_start(&server), 0);
	root = vfs_root(mp);
}

static void
unmount(void)
{

	vrele(root);
	CHECK_EQ(sys_close(server.sv_fd), 0);
}

/* The server fetches a request, or answers the one that it has. */
static int
fetch(void)
{

	req->preq_auxlen = SERVERBUF;
	return sys_ioctl(server.sv_fd, PUFFSGETOP, req);
}

static int
answer(void)
{

	return sys_ioctl(server.sv_fd, PUFFSPUTOP, req);
}

static void *
getattr_main(void *arg)
{
	uint64_t size;

	(void)arg;
	return (void *)(intptr_t)vop_getattr(root, &size);
}

/* With a signal pending from the start. */
static void *
signalled_main(void *arg)
{

	atomic_store(&curthread->t_signal, 1);
	return getattr_main(arg);
}

static intptr_t
result(struct thread *t)
{

	return (intptr_t)thread_join(t);
}

/* Nobody ever fetches the request. */
static void
not_fetched(void)
{
	struct thread caller;
	uint64_t size, before = clock_now();
	int on = 1, *nonblock = user_alloc(sizeof(on));

	mount_with(30 * MS, PUFFS_MOUNT_INTERRUPTIBLE);
	CHECK_EQ(vop_getattr(root, &size), ETIMEDOUT);
	CHECK(clock_now() - before >= 30 * MS);
	unmount();

	mount_with(0, PUFFS_MOUNT_INTERRUPTIBLE);
	thread_create(&caller, 2, getattr_main, NULL);
	CHECK_EQ(sys_poll(server.sv_fd, POLLIN), POLLIN);
	thread_signal(&caller);
	CHECK_EQ(result(&caller), EINTR);
	/* It was withdrawn. */
	*nonblock = 1;
	CHECK_EQ(sys_ioctl(server.sv_fd, FIONBIO, nonblock), 0);
	CHECK_EQ(fetch(), EAGAIN);
	unmount();
}

/* One request is under way, of process 2, and this is where it is. */
static void
one_in_flight(uint32_t state)
{
	struct puffs_inflight list[2];
	size_t total;

	CHECK_EQ(puffs_inflight(mp->mnt_pmp, list, 2, &total), 0);
	CHECK_EQ(total, 1);
	CHECK_EQ(list[0].pif_pid, 2);
	CHECK_EQ(list[0].pif_optype, PUFFS_VN_GETATTR);
	CHECK_EQ(list[0].pif_state, state);
}

/* A deadline that passes while the server has the request. When it passes before, the next one is longer. */
static void
late(void)
{
	struct thread caller;
	uint64_t timeout, before;
	int error = EAGAIN, *nonblock = user_alloc(sizeof(*nonblock));

	*nonblock = 1;
	for (timeout = 10 * MS; error != 0; timeout *= 2) {
		mount_with(timeout, 0);
		CHECK_EQ(sys_ioctl(server.sv_fd, FIONBIO, nonblock), 0);
		before = clock_now();
		thread_create(&caller, 2, getattr_main, NULL);
		while ((error = fetch()) == EAGAIN && clock_now() - before < timeout)
			sched_yield();
		CHECK_EQ(result(&caller), ETIMEDOUT);
		if (error == 0) {
			req->preq_rv = 0;
			CHECK_EQ(answer(), ECANCELED);
		}
		unmount();
	}
}

/* The server has the request, and is slow. */
static void
fetched(void)
{
	struct puffs_opstats stats = { .pos_size = sizeof(stats) };
	struct thread caller;

	mount_with(0, PUFFS_MOUNT_INTERRUPTIBLE);
	thread_create(&caller, 2, getattr_main, NULL);
	CHECK_EQ(fetch(), 0);
	one_in_flight(PUFFS_INFLIGHT_AWAITING);
	thread_signal(&caller);
	CHECK_EQ(result(&caller), EINTR);
	CHECK_EQ(atomic_load(&mp->mnt_late), 0);
	one_in_flight(PUFFS_INFLIGHT_ABANDONED);
	req->preq_rv = 0;
	CHECK_EQ(answer(), ECANCELED);
	CHECK_EQ(atomic_load(&mp->mnt_late), 1);
	CHECK_EQ(answer(), EINVAL);
	/* Whoever comes next is served. */
	thread_create(&caller, 2, getattr_main, NULL);
	CHECK_EQ(fetch(), 0);
	req->preq_rv = EIO;
	CHECK_EQ(answer(), 0);
	CHECK_EQ(result(&caller), EIO);
	CHECK_EQ(puffs_stats_op(mp->mnt_pmp, PUFFSOP_VN, PUFFS_VN_GETATTR, &stats), 0);
	CHECK_EQ(stats.pos_entered, 2);
	CHECK_EQ(stats.pos_interrupted, 1);
	CHECK_EQ(stats.pos_late, 1);
	CHECK_EQ(stats.pos_failed, 1);
	unmount();

	late();

	/* Without the mount's leave, a signal ends nothing. */
	mount_with(0, 0);
	thread_create(&caller, 2, signalled_main, NULL);
	CHECK_EQ(fetch(), 0);
	req->preq_rv = 0;
	CHECK_EQ(answer(), 0);
	CHECK_EQ(result(&caller), 0);
	unmount();
}

/* The server is in no hurry to fetch: it sleeps in PUFFSGETOP, and can be woken. */
static void *
fetch_main(void *arg)
{

	(void)arg;
	return (void *)(intptr_t)fetch();
}

static void
getter(void)
{
	struct thread t;

	mount_with(0, 0);
	thread_create(&t, 1, fetch_main, NULL);
	thread_signal(&t);
	CHECK_EQ(result(&t), EINTR);
	unmount();
}

/* A caller in line, or one that will not stand in it: as the flags say. */
static void *
send_main(void *arg)
{
	struct puffs_touseropt opt = { .pto_size = sizeof(opt), .pto_timeout_ns = 20 * MS };
	struct getattr_msg *msg = puffs_alloc(sizeof(*msg));
	size_t len = sizeof(*msg);
	void *kbuf = msg;
	int error;

	opt.pto_flags = *(uint32_t *)arg;
	error = puffs_touser_opt(MPTOPMP(mp), PUFFSOP_VN, PUFFS_VN_GETATTR, &kbuf, &len, len, NULL, &opt);
	CHECK(kbuf == (void *)msg && len == sizeof(*msg));
	puffs_free(kbuf);
	return (void *)(intptr_t)error;
}

/* Waiting for a place in the queue counts as waiting. */
static void
no_room(void)
{
	struct thread callers[2], late;
	uint32_t flags = 0;
	int i;

	mount_with(0, PUFFS_MOUNT_INTERRUPTIBLE);
	for (i = 0; i < 2; i++) {
		thread_create(&callers[i], 2, getattr_main, NULL);
		CHECK_EQ(fetch(), 0);
		thread_signal(&callers[i]);
		CHECK_EQ(result(&callers[i]), EINTR);
	}
	/* Both were fetched, so they keep their places until they are answered. */
	thread_create(&late, 2, send_main, &flags);
	CHECK_EQ(result(&late), ETIMEDOUT);
	flags = PUFFS_TOUSER_NOWAIT;
	thread_create(&late, 2, send_main, &flags);
	CHECK_EQ(result(&late), EAGAIN);
	/* This thread is at work for the server, which has no other: it would stand in line for ever. */
	CHECK_EQ((int)(intptr_t)send_main(&flags), EAGAIN);
	flags = 0;
	CHECK_EQ((int)(intptr_t)send_main(&flags), EDEADLK);
	CHECK_EQ(puffs_vntouser_faf(MPTOPMP(mp), PUFFS_VN_RECLAIM, puffs_alloc(8), 8, NULL), EAGAIN);
	unmount();
}

/* How a completion was called. */
struct done {
	struct event d_event;
	int d_calls;
	int d_error;
	size_t d_len;
	uint64_t d_size;
};

static void
done(void *arg, int error, void *kbuf, size_t len)
{
	struct done *d = arg;

	d->d_calls++;
	d->d_error = error;
	d->d_len = len;
	if (error == 0 && len == sizeof(struct getattr_msg))
		d->d_size = ((struct getattr_msg *)kbuf)->gm_size;
	puffs_free(kbuf);
	event_set(&d->d_event);
}

static int
submit(struct done *d, struct puffs_touseropt *opt)
{
	size_t len = sizeof(struct getattr_msg);
	void *kbuf = puffs_alloc(len);
	int error;

	memset(d, 0, sizeof(*d));
	event_init(&d->d_event);
	opt->pto_done = done;
	opt->pto_arg = d;
	error = puffs_touser_opt(MPTOPMP(mp), PUFFSOP_VN, PUFFS_VN_GETATTR, &kbuf, &len, len, NULL, opt);
	CHECK(kbuf == NULL && len == 0);
	return error;
}

static void
ended(struct done *d, int error)
{

	CHECK_EQ(event_wait(&d->d_event, NULL, 0), PUFFS_WOKEN);
	CHECK_EQ(d->d_calls, 1);
	CHECK_EQ(d->d_error, error);
	event_fini(&d->d_event);
}

static void
completions(void)
{
	struct puffs_touseropt opt = { .pto_size = sizeof(opt) };
	struct done d, d2;

	mount_with(0, 0);
	CHECK_EQ(submit(&d, &opt), 0);
	CHECK_EQ(fetch(), 0);
	((struct getattr_msg *)req->preq_aux)->gm_size = 77;
	req->preq_rv = 0;
	CHECK_EQ(answer(), 0);
	ended(&d, 0);
	CHECK_EQ(d.d_len, sizeof(struct getattr_msg));
	CHECK_EQ(d.d_size, 77);

	/* Interrupted by its id, before and after it was fetched. */
	opt.pto_reqid = puffs_getreqid(MPTOPMP(mp));
	CHECK_EQ(puffs_interrupt(MPTOPMP(mp), opt.pto_reqid), ENOENT);
	CHECK_EQ(submit(&d, &opt), 0);
	CHECK_EQ(submit(&d2, &opt), EEXIST);
	event_fini(&d2.d_event);
	CHECK_EQ(puffs_interrupt(MPTOPMP(mp), opt.pto_reqid), 0);
	ended(&d, EINTR);
	CHECK_EQ(puffs_interrupt(MPTOPMP(mp), opt.pto_reqid), ENOENT);
	CHECK_EQ(submit(&d, &opt), 0);
	CHECK_EQ(fetch(), 0);
	CHECK_EQ(req->preq_id, opt.pto_reqid);
	CHECK_EQ(puffs_interrupt(MPTOPMP(mp), opt.pto_reqid), 0);
	ended(&d, EINTR);
	CHECK_EQ(answer(), ECANCELED);

	/* What is not for completions is refused, and the buffer is consumed all the same. */
	opt.pto_reqid = 0;
	opt.pto_flags = PUFFS_TOUSER_INTERRUPTIBLE;
	CHECK_EQ(submit(&d, &opt), EINVAL);
	event_fini(&d.d_event);
	opt.pto_flags = 0;

	/* The bounds hold, and death ends what is there. */
	CHECK_EQ(submit(&d, &opt), 0);
	CHECK_EQ(fetch(), 0);
	CHECK_EQ(submit(&d2, &opt), 0);
	{
		struct done d3;

		CHECK_EQ(submit(&d3, &opt), EAGAIN);
		CHECK_EQ(d3.d_calls, 0);
		event_fini(&d3.d_event);
	}
	puffs_userdead(MPTOPMP(mp));
	ended(&d, ENXIO);
	ended(&d2, ENXIO);
	CHECK_EQ(submit(&d, &opt), ENXIO);
	CHECK_EQ(d.d_calls, 0);
	event_fini(&d.d_event);
	unmount();
}

int
main(void)
{

	req = user_alloc(sizeof(*req));
	req->preq_aux = user_alloc(SERVERBUF);
	boot();
	not_fetched();
	fetched();
	getter();
	no_room();
	completions();
	halt();
	return 0;
}
