/*
 * tiny_kernel_vfs_leave.c: calls of <puffs_vfs.h> that end without their answer: by a deadline, a signal, puffs_interrupt, the bounds, the
 * mount's death, a vnode that died; what late answers made; and the vnodes unlocked meanwhile.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#include <fcntl.h>
#include <sched.h>

#include "vfs_mount.h"

#define MS UINT64_C(1000000)
#define ROOT ((void *)16)
#define NODE ((void *)32)
#define OTHER ((void *)48)

static struct vfsmount vm;
static struct puffs_req *req;
static void *body;
static struct vnode vnode1, vnode2;

/* What a caller does. */
struct attempt {
	struct puffs_vcall at_call;
	int at_optype;			/* LOOKUP, CREATE, OPEN, ADVLOCK, or GETATTR */
	struct puffs_vfound at_found;
	struct puffs_vopened at_opened;
	atomic_int at_ended;
};

static struct attempt
attempt(int optype)
{
	struct attempt at;

	memset(&at, 0, sizeof(at));
	at.at_call.pvc_size = sizeof(at.at_call);
	at.at_call.pvc_cred = PUFFS_MSG_CRED_KERNEL;
	at.at_optype = optype;
	at.at_found.pvf_size = sizeof(at.at_found);
	at.at_opened.pvo_size = sizeof(at.at_opened);
	return at;
}

static int
run(struct attempt *at)
{
	struct puffs_vlock lock = { .pvl_start = 10, .pvl_len = 20, .pvl_kind = F_WRLCK, .pvl_pid = 99 };
	struct puffs_vattrs got = { .pvs_size = sizeof(got) };

	switch (at->at_optype) {
	case PUFFS_VN_LOOKUP:
		return puffs_vfs_lookup(vm.vm_pv, &at->at_call, NODE, "name", 4, 0, 0, &at->at_found);
	case PUFFS_VN_CREATE:
		return puffs_vfs_create(vm.vm_pv, &at->at_call, NODE, "name", 4, 0644, &at->at_found);
	case PUFFS_VN_OPEN:
		return puffs_vfs_open(vm.vm_pv, &at->at_call, NODE, PUFFS_VT_REG, PUFFS_VOPEN_READ | 0x400, &at->at_opened);
	case PUFFS_VN_ADVLOCK:
		return puffs_vfs_advlock(vm.vm_pv, &at->at_call, NODE, 7, F_SETLK, PUFFS_VLOCK_POSIX | PUFFS_VLOCK_WAIT, &lock);
	default:
		return puffs_vfs_getattr(vm.vm_pv, &at->at_call, NODE, &got);
	}
}

static void *
attempt_main(void *arg)
{
	struct attempt *at = arg;
	int error = run(at);

	atomic_store(&at->at_ended, 1);
	return (void *)(intptr_t)error;
}

static int
result(struct thread *t)
{

	return (int)(intptr_t)thread_join(t);
}

/* Answers as the request wants it, with `cookie` for a node that is found or made. */
static int
answer(void *cookie)
{
	struct puffs_msg_node_ans node = { .cookie = (uint64_t)(uintptr_t)cookie, .vtype = PUFFS_VT_REG };
	struct puffs_msg_open_ans opened = { .oflags = 0 };
	struct puffs_msg_lock_ans lock = { .kind = F_UNLCK };
	struct puffs_msg_attr_ans attr = { .attr = { .vtype = PUFFS_VT_REG } };

	switch (req->preq_optype) {
	case PUFFS_VN_LOOKUP:
	case PUFFS_VN_CREATE:
		memcpy(body, &node, sizeof(node));
		return vm_answer(&vm, req, 0, sizeof(node));
	case PUFFS_VN_OPEN:
		memcpy(body, &opened, sizeof(opened));
		return vm_answer(&vm, req, 0, sizeof(opened));
	case PUFFS_VN_ADVLOCK:
		memcpy(body, &lock, sizeof(lock));
		return vm_answer(&vm, req, 0, sizeof(lock));
	default:
		memcpy(body, &attr, sizeof(attr));
		return vm_answer(&vm, req, 0, sizeof(attr));
	}
}

/* A call that is fetched and then interrupted; its answer comes, and is late. */
static void
late(int optype, void *cookie, uint32_t made)
{
	struct attempt at = attempt(optype);
	struct thread caller;
	int lates = atomic_load(&vm.vm_lates);

	at.at_call.pvc_reqid = puffs_getreqid(vm.vm_pmp);
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(puffs_interrupt(vm.vm_pmp, at.at_call.pvc_reqid), 0);
	CHECK_EQ(result(&caller), EINTR);
	/* It left nothing behind. */
	CHECK(at.at_found.pvf_reclaim == NULL && at.at_opened.pvo_close == NULL);
	CHECK_EQ(answer(cookie), ECANCELED);
	CHECK_EQ(atomic_load(&vm.vm_lates), lates + 1);
	CHECK_EQ(vm.vm_late.pvt_made, made);
	CHECK(vm.vm_late.pvt_cookie == (made == PUFFS_VLATE_NODE ? cookie : made == PUFFS_VLATE_NOTHING ? NULL : NODE));
}

static void
late_answers(void)
{
	struct puffs_paid_reclaim *reclaim = NULL;
	struct puffs_paid_close *closing = NULL;
	struct puffs_paid_unlock *unlocking = NULL;
	struct puffs_msg_lock_req *lock = body;
	struct puffs_vlate what = { .pvt_size = sizeof(what) };

	late(PUFFS_VN_GETATTR, NULL, PUFFS_VLATE_NOTHING);
	late(PUFFS_VN_LOOKUP, ROOT, PUFFS_VLATE_NOTHING);
	late(PUFFS_VN_LOOKUP, NODE, PUFFS_VLATE_NOTHING);
	late(PUFFS_VN_CREATE, NULL, PUFFS_VLATE_NOTHING);
	late(PUFFS_VN_CREATE, OTHER, PUFFS_VLATE_NODE);
	late(PUFFS_VN_LOOKUP, OTHER, PUFFS_VLATE_NODE);
	/* The kernel has no such node: the server shall forget it. */
	CHECK_EQ(puffs_paid_reclaim_new(vm.vm_pv, &reclaim), 0);
	puffs_vfs_reclaim(reclaim, vm.vm_late.pvt_cookie, 1);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_optype, PUFFS_VN_RECLAIM);
	CHECK(req->preq_cookie == OTHER);
	CHECK_EQ(((struct puffs_msg_reclaim_req *)body)->nlookup, 1);
	CHECK_EQ(((struct puffs_msg_reclaim_req *)body)->head.cred, PUFFS_MSG_CRED_KERNEL);
	CHECK_EQ(req->preq_auxlen, sizeof(struct puffs_msg_reclaim_req));

	late(PUFFS_VN_OPEN, NULL, PUFFS_VLATE_OPEN);
	CHECK_EQ(vm.vm_late.pvt_mode, PUFFS_VOPEN_READ | 0x400);
	CHECK_EQ(puffs_paid_close_new(vm.vm_pv, &closing), 0);
	puffs_vfs_close(vm.vm_pv, closing, vm.vm_late.pvt_cookie, vm.vm_late.pvt_mode, 0);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_optype, PUFFS_VN_CLOSE);
	CHECK_EQ(((struct puffs_msg_flags_req *)body)->flags, PUFFS_VOPEN_READ | 0x400);
	CHECK_EQ(((struct puffs_msg_flags_req *)body)->inactive, 0);

	/* A lock is given back as it was asked for. */
	late(PUFFS_VN_ADVLOCK, NULL, PUFFS_VLATE_LOCK);
	CHECK_EQ(vm.vm_late.pvt_owner, 7);
	CHECK_EQ(vm.vm_late.pvt_op, F_SETLK);
	CHECK_EQ(vm.vm_late.pvt_flags, PUFFS_VLOCK_POSIX | PUFFS_VLOCK_WAIT);
	CHECK_EQ(vm.vm_late.pvt_lock.pvl_kind, F_WRLCK);
	CHECK_EQ(vm.vm_late.pvt_lock.pvl_pid, 99);
	vm.vm_late.pvt_lock.pvl_kind = F_UNLCK;
	CHECK_EQ(puffs_paid_unlock_new(vm.vm_pv, &unlocking), 0);
	puffs_vfs_unlock(unlocking, vm.vm_late.pvt_cookie, vm.vm_late.pvt_owner, PUFFS_VLOCK_POSIX, &vm.vm_late.pvt_lock);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_optype, PUFFS_VN_ADVLOCK);
	CHECK(req->preq_cookie == NODE);
	CHECK_EQ(lock->owner, 7);
	CHECK_EQ(lock->op, F_UNLCK);
	CHECK_EQ(lock->kind, F_UNLCK);
	CHECK_EQ(lock->flags, PUFFS_VLOCK_POSIX);
	CHECK_EQ(lock->start, 10);
	CHECK_EQ(lock->len, 20);
	CHECK_EQ(lock->head.cred, PUFFS_MSG_CRED_KERNEL);
	/* Without something to say nothing is sent, and what was paid is not lost. */
	CHECK_EQ(puffs_paid_unlock_new(vm.vm_pv, &unlocking), 0);
	puffs_vfs_unlock(unlocking, NODE, 7, PUFFS_VLOCK_POSIX, NULL);

	CHECK_EQ(puffs_vfs_late(vm.vm_pv, NULL, &what), EINVAL);
}

/* Who is told the end of a poll. */
struct told {
	atomic_int to_times;
	int to_error;
	uint32_t to_revents;
};

static void
told(void *arg, int error, uint32_t revents)
{
	struct told *to = arg;

	to->to_error = error;
	to->to_revents = revents;
	atomic_fetch_add(&to->to_times, 1);
}

static int
poll_begin(struct told *to)
{

	memset(to, 0, sizeof(*to));
	return puffs_vfs_poll_begin(vm.vm_pv, NULL, NODE, POLLIN | POLLOUT, told, to);
}

/* The server answers a poll with `len` bytes, which say that there is something to read. */
static void
poll_answered(struct told *to, int rv, size_t len)
{
	struct puffs_msg_poll_ans ans = { .events = POLLIN };

	CHECK_EQ(poll_begin(to), 0);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_optype, PUFFS_VN_POLL);
	CHECK(req->preq_cookie == NODE);
	CHECK_EQ(((struct puffs_msg_flags_req *)body)->flags, POLLIN | POLLOUT);
	CHECK_EQ(atomic_load(&to->to_times), 0);
	memcpy(body, &ans, sizeof(ans));
	CHECK_EQ(vm_answer(&vm, req, rv, len), 0);
	CHECK_EQ(atomic_load(&to->to_times), 1);
}

/* Nobody waits for the end of a poll, but somebody hears of it. */
static void
polls(void)
{
	struct told to;

	CHECK_EQ(puffs_vfs_poll_begin(vm.vm_pv, NULL, NODE, POLLIN, NULL, NULL), EINVAL);
	poll_answered(&to, 0, sizeof(struct puffs_msg_poll_ans));
	CHECK(to.to_error == 0 && to.to_revents == POLLIN);
	poll_answered(&to, EIO, 0);
	CHECK(to.to_error == EIO && to.to_revents == 0);
	/* Less than an answer is none, and the server hears that. */
	poll_answered(&to, 0, 4);
	CHECK(to.to_error == EPROTO && to.to_revents == 0);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_opclass, PUFFSOP_ERROR | PUFFSOPFLAG_FAF);
}

/* A deadline that passes while the server has the request. When it passes before, the next one is longer. */
static void
deadline(void)
{
	struct attempt at = attempt(PUFFS_VN_LOOKUP);
	struct thread caller;
	int *nonblock = user_alloc(sizeof(*nonblock)), error;

	*nonblock = 1;
	CHECK_EQ(sys_ioctl(vm.vm_fd, FIONBIO, nonblock), 0);
	for (at.at_call.pvc_timeout_ns = 10 * MS;; at.at_call.pvc_timeout_ns *= 2) {
		atomic_store(&at.at_ended, 0);
		thread_create(&caller, 2, attempt_main, &at);
		while ((error = vm_fetch(&vm, req, body)) == EAGAIN && !atomic_load(&at.at_ended))
			sched_yield();
		CHECK_EQ(result(&caller), ETIMEDOUT);
		if (error == 0)
			break;
		CHECK_EQ(error, EAGAIN);
	}
	CHECK(at.at_found.pvf_reclaim == NULL);
	CHECK_EQ(answer(OTHER), ECANCELED);
	*nonblock = 0;
	CHECK_EQ(sys_ioctl(vm.vm_fd, FIONBIO, nonblock), 0);
}

/* What ends a call otherwise: each on its own, before the server has fetched it and after. */
static void
endings(void)
{
	struct attempt at = attempt(PUFFS_VN_LOOKUP), own = attempt(PUFFS_VN_LOOKUP);
	struct thread caller;

	/* Nobody fetches. */
	at.at_call.pvc_timeout_ns = 20 * MS;
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(result(&caller), ETIMEDOUT);
	at.at_call.pvc_timeout_ns = 0;

	at.at_call.pvc_flags = PUFFS_TOUSER_INTERRUPTIBLE;
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(sys_poll(vm.vm_fd, POLLIN), POLLIN);
	thread_signal(&caller);
	CHECK_EQ(result(&caller), EINTR);
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	thread_signal(&caller);
	CHECK_EQ(result(&caller), EINTR);
	CHECK_EQ(answer(OTHER), ECANCELED);

	/* A signal ends nothing that may not be interrupted. */
	at.at_call.pvc_flags = PUFFS_TOUSER_UNINTERRUPTIBLE;
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	thread_signal(&caller);
	CHECK_EQ(answer(OTHER), 0);
	CHECK_EQ(result(&caller), 0);
	CHECK(at.at_found.pvf_cookie == OTHER);
	puffs_paid_reclaim_free(at.at_found.pvf_reclaim);
	at.at_found.pvf_reclaim = NULL;

	/* By its id. */
	at.at_call.pvc_reqid = puffs_getreqid(vm.vm_pmp);
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_id, at.at_call.pvc_reqid);
	CHECK_EQ(run(&at), EEXIST);
	/* This thread is the one that is to answer: it would wait for itself. What it brought stays. */
	CHECK_EQ(run(&own), EDEADLK);
	CHECK(own.at_found.pvf_reclaim == NULL);
	CHECK_EQ(puffs_paid_reclaim_new(vm.vm_pv, &own.at_found.pvf_reclaim), 0);
	CHECK_EQ(run(&own), EDEADLK);
	CHECK(own.at_found.pvf_reclaim != NULL);
	puffs_paid_reclaim_free(own.at_found.pvf_reclaim);
	CHECK_EQ(puffs_interrupt(vm.vm_pmp, at.at_call.pvc_reqid), 0);
	CHECK_EQ(result(&caller), EINTR);
	CHECK_EQ(answer(OTHER), ECANCELED);
	CHECK(at.at_found.pvf_reclaim == NULL);
}

/* The vnodes that a caller has locked are unlocked while it waits; one may die meanwhile. */
static void
vnodes(void)
{
	struct attempt at = attempt(PUFFS_VN_LOOKUP);
	struct thread caller;
	int locks = atomic_load(&vm.vm_locks);

	at.at_call.pvc_vp1 = &vnode1;
	at.at_call.pvc_vp2 = &vnode2;
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(answer(OTHER), 0);
	CHECK_EQ(result(&caller), 0);
	CHECK_EQ(atomic_load(&vm.vm_locks), locks + 2);
	CHECK_EQ(atomic_load(&vm.vm_unlocks), locks + 2);
	puffs_paid_reclaim_free(at.at_found.pvf_reclaim);
	at.at_found.pvf_reclaim = NULL;

	/* It died: the caller gets that, and what the answer made is late. */
	atomic_store(&vm.vm_lock_error, ESTALE);
	atomic_store(&vm.vm_lates, 0);
	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(answer(OTHER), 0);
	CHECK_EQ(result(&caller), ESTALE);
	CHECK(at.at_found.pvf_reclaim == NULL);
	CHECK_EQ(atomic_load(&vm.vm_lates), 1);
	CHECK_EQ(vm.vm_late.pvt_made, PUFFS_VLATE_NODE);
	CHECK(vm.vm_late.pvt_cookie == OTHER);

	/* A call that never enters leaves them alone. */
	locks = atomic_load(&vm.vm_locks);
	CHECK_EQ(puffs_vfs_lookup(vm.vm_pv, &at.at_call, NODE, "a/b", 3, 0, 0, &at.at_found), EINVAL);
	CHECK_EQ(atomic_load(&vm.vm_locks), locks);
}

/* The mount dies under callers in every state, and with requests paid for. */
static void
death(void)
{
	struct attempt queued = attempt(PUFFS_VN_CREATE), fetched = attempt(PUFFS_VN_OPEN);
	struct puffs_paid_reclaim *reclaim = NULL, *unused = NULL;
	struct puffs_paid_close *closing = NULL;
	struct puffs_msg_statvfs figures;
	struct thread callers[2];
	struct puffs_vfs *pv = vm.vm_pv;
	struct told polled, after;

	CHECK_EQ(puffs_paid_reclaim_new(pv, &reclaim), 0);
	CHECK_EQ(puffs_paid_reclaim_new(pv, &unused), 0);
	CHECK_EQ(puffs_paid_close_new(pv, &closing), 0);
	fetched.at_call.pvc_vp1 = &vnode1;
	thread_create(&callers[0], 2, attempt_main, &fetched);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	thread_create(&callers[1], 2, attempt_main, &queued);
	CHECK_EQ(sys_poll(vm.vm_fd, POLLIN), POLLIN);
	CHECK_EQ(poll_begin(&polled), 0);
	puffs_userdead(vm.vm_pmp);
	CHECK(atomic_load(&polled.to_times) == 1 && polled.to_error == ENXIO);
	CHECK_EQ(poll_begin(&after), ENXIO);
	CHECK_EQ(atomic_load(&after.to_times), 0);
	CHECK_EQ(result(&callers[0]), ENXIO);
	CHECK_EQ(result(&callers[1]), ENXIO);
	CHECK(queued.at_found.pvf_reclaim == NULL && fetched.at_opened.pvo_close == NULL);
	CHECK_EQ(answer(NULL), ENXIO);

	CHECK_EQ(run(&queued), ENXIO);
	CHECK_EQ(puffs_vfs_statvfs(pv, NULL, &figures), ENXIO);
	CHECK_EQ(puffs_vfs_inactive_faf(pv, NULL, NODE), ENXIO);
	CHECK_EQ(puffs_vfs_broken(pv, NODE, PUFFS_VBAD_TYPE), EPROTO);
	puffs_vfs_reclaim(reclaim, OTHER, 1);
	puffs_vfs_close(pv, closing, OTHER, PUFFS_VOPEN_READ, 1);
	/* What was paid for keeps the mount. */
	CHECK_EQ(sys_close(vm.vm_fd), 0);
	puffs_mount_rele(vm.vm_pmp);
	CHECK_EQ(atomic_load(&vm.vm_freed), 0);
	puffs_vfs_reclaim(unused, OTHER, 1);
	CHECK_EQ(atomic_load(&vm.vm_freed), 1);
	CHECK_EQ(atomic_load(&vm.vm_locks), atomic_load(&vm.vm_unlocks));
}

/* Bounds: a call may wait for a place, or not; what is paid for needs none. */
static void
bounds(void)
{
	struct attempt at = attempt(PUFFS_VN_GETATTR), other = at;
	struct puffs_mountargs args = { .pma_size = sizeof(args), .pma_max_len = MAXLEN, .pma_max_requests = 1 };
	struct puffs_vfsargs vargs = { .pva_size = sizeof(vargs), .pva_root = ROOT, .pva_ops = ALLOPS };
	struct puffs_startreq *start = user_alloc(sizeof(*start));
	struct puffs_paid_reclaim *reclaim = NULL;
	struct thread caller;
	int error;

	memset(&vm, 0, sizeof(vm));
	memset(start, 0, sizeof(*start));
	vm.vm_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(puffs_mount_new(&args, &vm_hostops, &vm, &vm.vm_pmp), 0);
	CHECK_EQ(puffs_vfs_new(vm.vm_pmp, &vargs, &vm.vm_pv), 0);
	CHECK_EQ(puffs_setpmp(curthread->t_pid, vm.vm_fd, vm.vm_pmp), 0);
	CHECK_EQ(sys_ioctl(vm.vm_fd, PUFFSSTARTOP, start), 0);
	CHECK_EQ(puffs_paid_reclaim_new(vm.vm_pv, &reclaim), 0);

	thread_create(&caller, 2, attempt_main, &at);
	CHECK_EQ(sys_poll(vm.vm_fd, POLLIN), POLLIN);
	other.at_call.pvc_flags = PUFFS_TOUSER_NOWAIT;
	CHECK_EQ(run(&other), EAGAIN);
	other.at_call.pvc_flags = 0;
	other.at_call.pvc_timeout_ns = 20 * MS;
	CHECK_EQ(run(&other), ETIMEDOUT);
	CHECK_EQ(puffs_vfs_inactive_faf(vm.vm_pv, NULL, NODE), EAGAIN);
	puffs_vfs_reclaim(reclaim, OTHER, 3);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(answer(NULL), 0);
	CHECK_EQ(result(&caller), 0);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_optype, PUFFS_VN_RECLAIM);
	vm_end(&vm);

	/* The mount's own usual. */
	vm_mount(&vm, ROOT, ALLOPS, 20 * MS, 0);
	at = attempt(PUFFS_VN_GETATTR);
	CHECK_EQ(run(&at), ETIMEDOUT);
	vm_end(&vm);
}

int
main(void)
{

	req = user_alloc(sizeof(*req));
	body = user_alloc(BODYLEN);
	boot();
	vm_mount(&vm, ROOT, ALLOPS, 0, 0);
	late_answers();
	polls();
	deadline();
	endings();
	vnodes();
	death();
	bounds();
	halt();
	return 0;
}
