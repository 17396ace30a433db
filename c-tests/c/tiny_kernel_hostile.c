/*
 * tiny_kernel_hostile.c: hooks that are none, calls before there are any, and a server that names memory that is not its own
 * and breaks the protocol. The kernel stays sound, and callers get a definite error.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

static struct server server = { .sv_lock = PTHREAD_MUTEX_INITIALIZER };
static struct puffs_req *req;
static struct mount *mp;
static struct vnode *root;
static void *body;

static void
attaching(void)
{
	struct puffs_hooks hooks = machine;
	struct puffs_mount *pmp = NULL;
	struct lwp l = { .l_pid = 1 };

	/* Before the hooks are there, nothing can be made. */
	CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &pmp), ENXIO);
	CHECK(pmp == NULL);
	CHECK_EQ(puffscdopen(PUFFS_CLONER, 0, 0, &l), ENXIO);
	CHECK(puffs_alloc(10) == NULL);
	CHECK_EQ(puffs_detach(NULL, NULL), 0);

	CHECK_EQ(puffs_attach(NULL), EINVAL);
	hooks.ph_size--;
	CHECK_EQ(puffs_attach(&hooks), EINVAL);
	hooks = machine;
	hooks.ph_version++;
	CHECK_EQ(puffs_attach(&hooks), EINVAL);
	hooks = machine;
	hooks.ph_event_wait = NULL;
	CHECK_EQ(puffs_attach(&hooks), EINVAL);
	hooks = machine;
	hooks.ph_errno[PUFFS_E_FAULT] = 0;
	CHECK_EQ(puffs_attach(&hooks), EINVAL);
	hooks = machine;
	hooks.ph_lock_size = PUFFS_LOCK_SIZE + 1;
	CHECK_EQ(puffs_attach(&hooks), EINVAL);
	boot();
	CHECK_EQ(puffs_attach(&machine), EBUSY);
	halt();
}

static void *
getattr_main(void *arg)
{
	uint64_t size;

	(void)arg;
	return (void *)(intptr_t)vop_getattr(root, &size);
}

static int
fetch(void *aux, size_t len)
{

	req->preq_aux = aux;
	req->preq_auxlen = len;
	return sys_ioctl(server.sv_fd, PUFFSGETOP, req);
}

/* Fetches the request of a new caller, whose answer is then broken by the code that follows. */
#define WITH_REQUEST(wanted) \
	for (thread_create(&caller, 2, getattr_main, NULL), more = fetch(body, SERVERBUF) == 0, req->preq_rv = 0; \
	    more || (CHECK_EQ((intptr_t)thread_join(&caller), (wanted)), false); more = false)

static int
put(void)
{

	return sys_ioctl(server.sv_fd, PUFFSPUTOP, req);
}

static void
answers(void)
{
	struct thread caller;
	char secret[64] = "the kernel's own";
	uint64_t id;
	bool more;

	/* Pointers into the kernel's memory, and to nothing. Nothing is lost by it. */
	thread_create(&caller, 2, getattr_main, NULL);
	CHECK_EQ(fetch(secret, sizeof(secret)), EFAULT);
	CHECK_EQ(fetch(NULL, SERVERBUF), EFAULT);
	CHECK_EQ(fetch((void *)-16, SERVERBUF), EFAULT);
	CHECK_EQ(fetch(user_memory + sizeof(user_memory) - 4, SERVERBUF), EFAULT);
	CHECK_EQ(fetch(body, 3), E2BIG);
	CHECK_EQ(req->preq_auxlen, sizeof(struct getattr_msg));
	CHECK_EQ(sys_ioctl(server.sv_fd, PUFFSGETOP, secret), EFAULT);
	CHECK_EQ(sys_ioctl(server.sv_fd, PUFFSGETOP, NULL), EFAULT);
	CHECK(strcmp(secret, "the kernel's own") == 0);
	CHECK_EQ(fetch(body, SERVERBUF), 0);
	req->preq_rv = 0;
	CHECK_EQ(put(), 0);
	CHECK_EQ((intptr_t)thread_join(&caller), 0);
	CHECK_EQ(put(), EINVAL);

	WITH_REQUEST(EPROTO) {
		req->preq_aux = secret;
		CHECK_EQ(put(), EFAULT);
	}
	WITH_REQUEST(EPROTO) {
		req->preq_optype++;
		CHECK_EQ(put(), EINVAL);
	}
	WITH_REQUEST(EPROTO) {
		req->preq_opclass = PUFFSOP_VFS;
		CHECK_EQ(put(), EINVAL);
	}
	WITH_REQUEST(EPROTO) {
		req->preq_rv = -1;
		CHECK_EQ(put(), EINVAL);
	}
	WITH_REQUEST(EPROTO) {
		req->preq_rv = machine.ph_maxerrno + 1;
		CHECK_EQ(put(), EINVAL);
	}
	WITH_REQUEST(EPROTO) {
		req->preq_auxlen = sizeof(struct getattr_msg) + 1;
		CHECK_EQ(put(), E2BIG);
	}
	WITH_REQUEST(EPROTO) {
		req->preq_auxlen = (size_t)-1;
		CHECK_EQ(put(), EFAULT);
	}
	WITH_REQUEST(EIO) {
		id = req->preq_id;
		req->preq_id = 0;
		CHECK_EQ(put(), EINVAL);
		req->preq_id = id + 1;
		CHECK_EQ(put(), EINVAL);
		req->preq_id = (uint64_t)-1;
		CHECK_EQ(put(), EINVAL);
		req->preq_id = id;
		req->preq_rv = EIO;
		CHECK_EQ(put(), 0);
	}
}

/* Reads whose answers do not add up. */
static void *
read_main(void *arg)
{
	char data[16];
	size_t got;

	(void)arg;
	return (void *)(intptr_t)vop_read(root, data, sizeof(data), 0, &got);
}

static void
reads(void)
{
	static const struct { uint64_t claimed; size_t sent; int wanted; } tries[] = {
		{ 16, 16, 0 }, { 3, 3, 0 }, { 0, 0, 0 },
		{ 17, 17, EPROTO }, { 16, 3, EPROTO }, { UINT64_MAX, 0, EPROTO },
	};
	struct thread caller;
	size_t i;

	for (i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		thread_create(&caller, 2, read_main, NULL);
		CHECK_EQ(fetch(body, SERVERBUF), 0);
		((struct rw_msg *)body)->rm_len = tries[i].claimed;
		req->preq_rv = 0;
		req->preq_auxlen = sizeof(struct rw_msg) + tries[i].sent;
		CHECK_EQ(put(), 0);
		CHECK_EQ((intptr_t)thread_join(&caller), tries[i].wanted);
	}
	thread_create(&caller, 2, read_main, NULL);
	CHECK_EQ(fetch(body, SERVERBUF), 0);
	req->preq_auxlen = 0;
	req->preq_rv = 0;
	CHECK_EQ(put(), 0);
	CHECK_EQ((intptr_t)thread_join(&caller), EPROTO);
}

int
main(void)
{
	int error;

	req = user_alloc(sizeof(*req));
	body = user_alloc(SERVERBUF);
	attaching();
	server.sv_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(vfs_mount(server.sv_fd, NULL, &mp), 0);
	CHECK_EQ(server_start(&server), 0);
	root = vfs_root(mp);
	answers();
	reads();
	vrele(root);
	CHECK_EQ(sys_close(server.sv_fd), 0);
	halt();
	return 0;
}
