/*
 * t_signals.c: signals to processes that wait for an answer, for a place in the queue, or, as a server, for a request. A signal
 * ends the waits that are interruptible; being killed ends all.
 */
#include "server.h"

static int fd, load;
static char body[256];
static struct puffs_req req;
static atomic_int *handled;

static void
handler(int signal)
{

	(void)signal;
	atomic_fetch_add(handled, 1);
}

static void
handle(int flags)
{
	struct sigaction sa = { .sa_handler = handler, .sa_flags = flags };

	CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
}

/* A process that sends one request and exits with its result. */
static pid_t
caller(uint32_t flags)
{
	struct load_call lc = { .lc_form = LOAD_OPT, .lc_flags = flags };
	pid_t pid;

	if ((pid = fork()) == 0) {
		handle(0);
		if (call(load, LOADCALL, &lc) != 0)
			_exit(255);
		_exit(lc.lc_result);
	}
	CHECK(pid != -1);
	return pid;
}

static void
until_queued(void)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	CHECK_EQ(poll(&pfd, 1, 20000), 1);
	CHECK_EQ(pfd.revents, POLLIN);
}

static void
fetch(void)
{

	req.preq_aux = body;
	req.preq_auxlen = sizeof(body);
	CHECK_EQ(call(fd, PUFFSGETOP, &req), 0);
}

static int
answer(void)
{
	struct load_msg *msg = (struct load_msg *)body;

	msg->lm_seq = ~msg->lm_seq;
	req.preq_rv = 0;
	return call(fd, PUFFSPUTOP, &req);
}

static void
not_fetched(void)
{
	pid_t pid;

	pid = caller(PUFFS_TOUSER_INTERRUPTIBLE);
	until_queued();
	kill(pid, SIGUSR1);
	CHECK_EQ(exit_of(pid), EINTR);
	check_idle(load);

	/* Deaf to this signal, but not to that. */
	pid = caller(PUFFS_TOUSER_UNINTERRUPTIBLE);
	until_queued();
	kill(pid, SIGUSR1);
	kill(pid, SIGKILL);
	CHECK_EQ(exit_of(pid), -SIGKILL);
	check_idle(load);
}

static void
with_the_server(void)
{
	pid_t pid;

	pid = caller(PUFFS_TOUSER_INTERRUPTIBLE);
	fetch();
	kill(pid, SIGUSR1);
	CHECK_EQ(exit_of(pid), EINTR);
	CHECK_EQ(answer(), ECANCELED);

	pid = caller(PUFFS_TOUSER_UNINTERRUPTIBLE);
	fetch();
	kill(pid, SIGUSR1);
	CHECK_EQ(answer(), 0);
	CHECK_EQ(exit_of(pid), 0);

	pid = caller(0);
	fetch();
	kill(pid, SIGKILL);
	CHECK_EQ(exit_of(pid), -SIGKILL);
	CHECK_EQ(answer(), ECANCELED);
	CHECK_EQ(answer(), EINVAL);

	/* Stopped and continued, it sleeps on. */
	pid = caller(PUFFS_TOUSER_UNINTERRUPTIBLE);
	fetch();
	kill(pid, SIGSTOP);
	kill(pid, SIGCONT);
	CHECK_EQ(answer(), 0);
	CHECK_EQ(exit_of(pid), 0);
	check_idle(load);
}

/* Two places, both taken; the third caller stands in line. */
static void
in_line(void)
{
	pid_t pids[3];
	int i;

	for (i = 0; i < 2; i++) {
		pids[i] = caller(0);
		fetch();
	}
	pids[2] = caller(PUFFS_TOUSER_INTERRUPTIBLE);
	while (stats_of(load).pms_waiting == 0)
		sched_yield();
	kill(pids[2], SIGUSR1);
	CHECK_EQ(exit_of(pids[2]), EINTR);
	pids[2] = caller(0);
	while (stats_of(load).pms_waiting == 0)
		sched_yield();
	kill(pids[2], SIGKILL);
	CHECK_EQ(exit_of(pids[2]), -SIGKILL);
	CHECK_EQ(stats_of(load).pms_waiting, 0);
	for (i = 0; i < 2; i++) {
		kill(pids[i], SIGKILL);
		CHECK_EQ(exit_of(pids[i]), -SIGKILL);
	}
	/* They keep their places until they are answered, or the mount dies. */
	CHECK_EQ(stats_of(load).pms_charged, 2);
}

/* A server that sleeps in PUFFSGETOP. It shares the file, and what it fetches it answers. */
static pid_t
getter(int flags)
{
	pid_t pid;
	int error;

	if ((pid = fork()) == 0) {
		handle(flags);
		req.preq_aux = body;
		req.preq_auxlen = sizeof(body);
		if ((error = call(fd, PUFFSGETOP, &req)) != 0)
			_exit(error);
		_exit(answer());
	}
	CHECK(pid != -1);
	while (stats_of(load).pms_getters == 0)
		sched_yield();
	return pid;
}

/* Who fetches is the owner, so with its end the mount dies: a mount for each. */
static void
getter_interrupted(void)
{
	pid_t pid = getter(0);

	kill(pid, SIGUSR1);
	CHECK_EQ(exit_of(pid), EINTR);
}

/* The call is made again, without a word. */
static void
getter_restarted(void)
{
	pid_t pid = getter(SA_RESTART), other;

	kill(pid, SIGUSR1);
	while (atomic_load(handled) == 0)
		sched_yield();
	kill(pid, SIGSTOP);
	kill(pid, SIGCONT);
	other = caller(0);
	CHECK_EQ(exit_of(pid), 0);
	CHECK_EQ(exit_of(other), 0);
}

/*
 * The call is made again, and what was left for it while the process was stopped ends it. Who wakes it does not own the file by that, so
 * its end is not the mount's.
 */
static void
getter_woken(void)
{
	pid_t pid = getter(SA_RESTART), waker;

	kill(pid, SIGSTOP);
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	if ((waker = fork()) == 0)
		_exit(call(fd, PUFFSWAKE, NULL));
	CHECK_EQ(exit_of(waker), 0);
	kill(pid, SIGUSR1);
	kill(pid, SIGCONT);
	CHECK_EQ(exit_of(pid), EINTR);
}

static void
with_mount(uint64_t max_requests, void (*test)(void))
{

	mount_open(&fd, &load, 0, max_requests);
	CHECK_EQ(start(fd), 0);
	test();
	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(load), 0);
}

int
main(void)
{

	handled = mmap(NULL, sizeof(*handled), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(handled != MAP_FAILED);
	with_mount(0, not_fetched);
	with_mount(0, with_the_server);
	with_mount(2, in_line);
	with_mount(0, getter_interrupted);
	atomic_store(handled, 0);
	with_mount(0, getter_restarted);
	with_mount(0, getter_woken);
	return 0;
}
