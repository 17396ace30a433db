/*
 * t_copying.c: what can happen to a request while it is being copied to or from the server, whose page is not there yet
 * (userfaultfd), so that the copy takes as long as the test likes.
 */
#include "server.h"

#include <linux/userfaultfd.h>
#include <sys/syscall.h>

enum way { OUT, IN };

static int fd, load, uffd = -1;
static char *page;
static char body[4096];
static struct puffs_req req;

/* A page that faults until somebody brings it. */
static void
page_new(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	CHECK((uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC)) != -1);
	CHECK_EQ(ioctl(uffd, UFFDIO_API, &api), 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	reg.range.start = (uintptr_t)page;
	reg.range.len = 4096;
	CHECK_EQ(ioctl(uffd, UFFDIO_REGISTER, &reg), 0);
}

/* Somebody has touched it. */
static void
page_wanted(void)
{
	struct uffd_msg msg;

	CHECK_EQ(read(uffd, &msg, sizeof(msg)), (ssize_t)sizeof(msg));
	CHECK_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
}

static void
page_bring(void)
{
	struct uffdio_zeropage zero = { .range = { .start = (uintptr_t)page, .len = 4096 } };

	CHECK_EQ(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), 0);
}

/* The page goes, and so does whoever would bring it: who waits for it looks again. */
static void
page_end(void)
{

	CHECK_EQ(munmap(page, 4096), 0);
	CHECK_EQ(close(uffd), 0);
	uffd = -1;
}

static void
nothing(int signal)
{

	(void)signal;
}

/* A process that sends one request and exits with the result. */
static pid_t
caller(uint32_t flags)
{
	struct sigaction sa = { .sa_handler = nothing };
	struct load_call lc = { .lc_form = LOAD_OPT, .lc_flags = flags };
	pid_t pid;

	if ((pid = fork()) == 0) {
		(void)close(uffd);
		CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
		if (call(load, LOADCALL, &lc) != 0)
			_exit(255);
		_exit(lc.lc_result);
	}
	CHECK(pid != -1);
	return pid;
}

static int
fetch(void *aux)
{

	req.preq_aux = aux;
	req.preq_auxlen = 4096;
	return call(fd, PUFFSGETOP, &req);
}

/* The right answer to what is in `body`. */
static int
answer(void)
{
	struct load_msg *msg = (struct load_msg *)body;

	msg->lm_seq = ~msg->lm_seq;
	req.preq_aux = body;
	req.preq_rv = 0;
	return call(fd, PUFFSPUTOP, &req);
}

/* The thread that copies. */
static void *
copy_main(void *arg)
{

	if (*(enum way *)arg == OUT)
		return (void *)(intptr_t)fetch(page);
	req.preq_aux = page;
	req.preq_rv = 0;
	return (void *)(intptr_t)call(fd, PUFFSPUTOP, &req);
}

static pthread_t thread;

/* A caller whose request is being copied, and will be. */
static pid_t
copying(enum way *way, uint32_t flags)
{
	pid_t pid;

	page_new();
	pid = caller(flags);
	if (*way == IN)
		CHECK_EQ(fetch(body), 0);
	CHECK_EQ(pthread_create(&thread, NULL, copy_main, way), 0);
	page_wanted();
	return pid;
}

static int
copied(void)
{
	void *error;

	CHECK_EQ(pthread_join(thread, &error), 0);
	return (int)(intptr_t)error;
}

/* The page comes. */
static void
page_comes(enum way way)
{
	pid_t pid = copying(&way, 0);
	struct puffs_req other = req;

	if (way == IN) {
		/* It has been answered. */
		other.preq_aux = body;
		CHECK_EQ(call(fd, PUFFSPUTOP, &other), EINVAL);
	}
	page_bring();
	CHECK_EQ(copied(), 0);
	if (way == OUT) {
		memcpy(body, page, sizeof(struct load_msg));
		CHECK_EQ(answer(), 0);
		CHECK_EQ(exit_of(pid), 0);
	} else
		/* A page of zeros is not what it asked for. */
		CHECK_EQ(exit_of(pid), EBADMSG);
	page_end();
}

/* It goes for good. The request is there again, or its answer was none. */
static void
page_goes(enum way way)
{
	pid_t pid = copying(&way, 0);

	page_end();
	CHECK_EQ(copied(), EFAULT);
	if (way == OUT) {
		CHECK_EQ(fetch(body), 0);
		CHECK_EQ(answer(), 0);
		CHECK_EQ(exit_of(pid), 0);
	} else {
		CHECK_EQ(answer(), EINVAL);
		CHECK_EQ(exit_of(pid), EPROTO);
	}
}

/* The caller leaves, at a signal that may be its last. */
static void
caller_leaves(enum way way, int signal)
{
	pid_t pid, next;

	pid = copying(&way, signal == SIGKILL ? PUFFS_TOUSER_UNINTERRUPTIBLE : PUFFS_TOUSER_INTERRUPTIBLE);
	CHECK_EQ(kill(pid, signal), 0);
	CHECK_EQ(exit_of(pid), signal == SIGKILL ? -SIGKILL : EINTR);
	/* What was copied for nobody is dropped, and the same call brings the next. */
	next = caller(0);
	page_bring();
	if (way == OUT) {
		CHECK_EQ(copied(), 0);
		memcpy(body, page, sizeof(struct load_msg));
	} else {
		CHECK_EQ(copied(), ECANCELED);
		CHECK_EQ(fetch(body), 0);
	}
	CHECK_EQ(answer(), 0);
	CHECK_EQ(exit_of(next), 0);
	page_end();
}

/* The mount dies. Its caller does not wait for the copy. */
static void
mount_dies(enum way way)
{
	pid_t pid = copying(&way, 0);

	CHECK_EQ(call(load, LOADDIE, NULL), 0);
	CHECK_EQ(exit_of(pid), ENXIO);
	page_bring();
	CHECK_EQ(copied(), ENXIO);
	page_end();
}

/* The server is killed, in its copy. */
static void
server_dies(enum way way)
{
	int pipes[2];
	pid_t server, pid;
	char byte;

	CHECK_EQ(pipe(pipes), 0);
	if ((server = fork()) == 0) {
		page_new();
		if (way == IN)
			CHECK_EQ(fetch(body), 0);
		CHECK_EQ(pthread_create(&thread, NULL, copy_main, &way), 0);
		page_wanted();
		CHECK_EQ(write(pipes[1], "x", 1), 1);
		for (;;)
			pause();
	}
	pid = caller(PUFFS_TOUSER_UNINTERRUPTIBLE);
	CHECK_EQ(read(pipes[0], &byte, 1), 1);
	CHECK_EQ(kill(server, SIGKILL), 0);
	CHECK_EQ(exit_of(pid), ENXIO);
	CHECK_EQ(exit_of(server), -SIGKILL);
	CHECK_EQ(call(fd, PUFFSGETOP, &req), ENOENT);
	CHECK_EQ(close(pipes[0]), 0);
	CHECK_EQ(close(pipes[1]), 0);
}

static atomic_int handled;

static void
handler(int signal)
{

	(void)signal;
	atomic_fetch_add(&handled, 1);
}

static void *
batch_main(void *arg)
{
	struct puffs_req room = { .preq_aux = arg, .preq_auxlen = 4096 };
	struct puffs_batch batch = { .pb_put = &req, .pb_nput = 1, .pb_get = &room, .pb_nget = 1 };

	req.preq_aux = page;
	req.preq_rv = 0;
	return (void *)(intptr_t)call(fd, PUFFSBATCH, &batch);
}

/* The server is woken and a signal comes, both while an answer is copied in: the call that would then sleep is not made again. */
static void
server_woken(enum way way)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = SA_RESTART };
	static char room[4096];
	pid_t pid;

	(void)way;
	CHECK_EQ(sigaction(SIGUSR2, &sa, NULL), 0);
	page_new();
	pid = caller(0);
	CHECK_EQ(fetch(body), 0);
	CHECK_EQ(pthread_create(&thread, NULL, batch_main, room), 0);
	page_wanted();
	CHECK_EQ(pthread_kill(thread, SIGUSR2), 0);
	CHECK_EQ(call(fd, PUFFSWAKE, NULL), 0);
	CHECK_EQ(atomic_load(&handled), 0);
	page_bring();
	CHECK_EQ(copied(), EINTR);
	CHECK_EQ(atomic_load(&handled), 1);
	CHECK_EQ(req.preq_id, 0);
	CHECK_EQ(exit_of(pid), EBADMSG);
	page_end();
}

static void
mounted(enum way way, void (*test)(enum way), const char *name)
{

	printf("%s, %s\n", name, way == OUT ? "out" : "in");
	fflush(stdout);
	mount_open(&fd, &load, 0, 0);
	CHECK_EQ(start(fd), 0);
	test(way);
	check_idle(load);
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(load), 0);
}

static void
caller_interrupted(enum way way)
{

	caller_leaves(way, SIGUSR1);
}

static void
caller_killed(enum way way)
{

	caller_leaves(way, SIGKILL);
}

int
main(void)
{
	static const struct { void (*function)(enum way); const char *name; } tests[] = {
		{ page_comes, "page comes" }, { page_goes, "page goes" }, { caller_interrupted, "caller interrupted" },
		{ caller_killed, "caller killed" }, { mount_dies, "mount dies" }, { server_dies, "server dies" },
	};
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		mounted(OUT, tests[i].function, tests[i].name);
		mounted(IN, tests[i].function, tests[i].name);
	}
	mounted(IN, server_woken, "server woken");
	return 0;
}
