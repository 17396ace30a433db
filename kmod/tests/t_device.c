/*
 * t_device.c: the open file as Linux knows it: modes, descriptors, processes that share it, memory that cannot be reached, and
 * who learns that the mount is dead.
 *
 * What each call answers in each state is for dev_calls.
 */
#include "server.h"

#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

static char body[256];
static struct puffs_req req;

static int
fetch_to(int fd, void *aux, size_t len)
{

	req.preq_aux = aux;
	req.preq_auxlen = len;
	return call(fd, PUFFSGETOP, &req);
}

static int
fetch(int fd)
{

	return fetch_to(fd, body, sizeof(body));
}

static void
unmount(int fd, int load)
{

	CHECK_EQ(close(fd), 0);
	CHECK_EQ(close(load), 0);
}

/* O_NONBLOCK comes by open, by fcntl and by FIONBIO, and goes. */
static void
modes(void)
{
	struct load_mount mount = { .lo_flags = 0 };
	int fd, load, on, flags;
	char byte = 0;

	CHECK((fd = open("/dev/puffs", O_RDWR | O_NONBLOCK)) != -1);
	CHECK((load = open("/dev/puffs-load", O_RDWR)) != -1);
	mount.lo_fd = load;
	CHECK_EQ(call(load, LOADMOUNT, &mount), ENOTTY);
	mount.lo_fd = fd;
	CHECK_EQ(call(load, LOADMOUNT, &mount), 0);
	CHECK_EQ(start(fd), 0);
	CHECK_EQ(fetch(fd), EAGAIN);
	flags = fcntl(fd, F_GETFL);
	for (on = 0; on < 2; on++) {
		CHECK_EQ(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 0);
		CHECK_EQ(call(load, LOADSHIMFAF, NULL), 0);
		CHECK_EQ(fetch(fd), 0);
		/* One that would sleep is ended by its alarm. */
		if (fork() == 0) {
			alarm(3);
			_exit(fetch(fd));
		}
		int status;
		CHECK(wait(&status) != -1);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
		/* And was its owner, having come to fetch within three seconds. */
		CHECK_EQ(fetch(fd), ENOENT);
		unmount(fd, load);
		mount_open(&fd, &load, 0, 0);
		mount.lo_fd = fd;
		CHECK_EQ(start(fd), 0);
		if (on == 0)
			CHECK_EQ(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
		else
			CHECK_EQ(ioctl(fd, FIONBIO, &on), 0);
		CHECK_EQ(fetch(fd), EAGAIN);
	}

	CHECK(read(fd, &byte, 1) == -1 && errno == ENODEV);
	CHECK(write(fd, &byte, 1) == -1 && errno == ENODEV);
	CHECK(lseek(fd, 0, SEEK_SET) == -1 && errno == ESPIPE);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ENODEV);
	unmount(fd, load);
}

/* A thread with descriptors of its own. */
static void *
alone(void *arg)
{

	CHECK_EQ(unshare(CLONE_FILES), 0);
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	return NULL;
}

/* Whoever serves owns the file: not one who merely opened it, nor a thread that ends. */
static void
servers(void)
{
	struct pollfd pfd = { .events = POLLOUT };
	int fd, load, status, go[2], done[2];
	char byte = 'x', task[64];
	pthread_t thread;
	pid_t tid;

	CHECK_EQ(pipe(go), 0);
	CHECK_EQ(pipe(done), 0);
	if (fork() == 0) {
		mount_open(&fd, &load, 0, 0);
		if (fork() == 0) {
			CHECK_EQ(close(go[1]), 0);
			CHECK_EQ(read(go[0], &byte, 1), 0);
			byte = start(fd) == 0 ? 'y' : 'n';
			CHECK_EQ(write(done[1], &byte, 1), 1);
			_exit(0);
		}
		_exit(0);
	}
	CHECK(wait(&status) != -1);
	CHECK_EQ(status, 0);
	CHECK_EQ(close(go[1]), 0);
	CHECK_EQ(read(done[0], &byte, 1), 1);
	CHECK_EQ(byte, 'y');
	CHECK_EQ(close(go[0]), 0);

	mount_open(&fd, &load, 0, 0);
	CHECK_EQ(start(fd), 0);
	CHECK_EQ(pthread_create(&thread, NULL, alone, &tid), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	/* It is joined before it has closed what it had. */
	(void)snprintf(task, sizeof(task), "/proc/self/task/%d", tid);
	while (access(task, F_OK) == 0)
		sched_yield();
	pfd.fd = fd;
	CHECK_EQ(poll(&pfd, 1, 0), 1);
	CHECK_EQ(pfd.revents, POLLOUT);
	unmount(fd, load);
}

/* A descriptor more or less, and a process that merely has one, are nothing to the mount; the owner's end is. */
static void
owners(void)
{
	struct pollfd pfd = { .events = POLLOUT };
	int fd, load, status, pipes[2];
	pid_t heir;
	char byte;

	mount_open(&fd, &load, 0, 0);
	CHECK_EQ(start(fd), 0);
	CHECK_EQ(close(dup(fd)), 0);
	if (fork() == 0)
		_exit(0);
	CHECK(wait(&status) != -1);
	pfd.fd = fd;
	CHECK_EQ(poll(&pfd, 1, 0), 1);
	CHECK_EQ(pfd.revents, POLLOUT);

	/* A server that starts, leaves an heir of its descriptors behind, and ends. */
	unmount(fd, load);
	mount_open(&fd, &load, 0, 0);
	CHECK_EQ(pipe(pipes), 0);
	if (fork() == 0) {
		CHECK_EQ(start(fd), 0);
		if ((heir = fork()) == 0) {
			close(pipes[1]);
			/* Until the test has seen what it wanted to. */
			(void)!read(pipes[0], &byte, 1);
			_exit(0);
		}
		_exit(0);
	}
	CHECK(wait(&status) != -1);
	CHECK_EQ(status, 0);
	pfd.fd = fd;
	CHECK_EQ(poll(&pfd, 1, 0), 1);
	CHECK_EQ(pfd.revents, POLLERR | POLLHUP);
	CHECK_EQ(close(pipes[1]), 0);
	CHECK_EQ(close(pipes[0]), 0);

	/* One that goes into the background after it has started: who fetches is the owner. */
	unmount(fd, load);
	mount_open(&fd, &load, 0, 0);
	CHECK_EQ(call(load, LOADSHIMFAF, NULL), 0);
	CHECK_EQ(pipe(pipes), 0);
	if (fork() == 0) {
		CHECK_EQ(start(fd), 0);
		if ((heir = fork()) == 0) {
			CHECK_EQ(fetch(fd), 0);
			CHECK_EQ(write(pipes[1], "x", 1), 1);
			for (;;)
				pause();
		}
		CHECK_EQ(read(pipes[0], &byte, 1), 1);
		CHECK_EQ(write(pipes[1], &heir, sizeof(heir)), (ssize_t)sizeof(heir));
		_exit(0);
	}
	CHECK(wait(&status) != -1);
	CHECK_EQ(status, 0);
	pfd.fd = fd;
	CHECK_EQ(poll(&pfd, 1, 0), 1);
	CHECK_EQ(pfd.revents, POLLOUT);
	CHECK_EQ(read(pipes[0], &heir, sizeof(heir)), (ssize_t)sizeof(heir));
	CHECK_EQ(kill(heir, SIGKILL), 0);
	CHECK_EQ(poll(&pfd, 1, 20000), 1);
	/* Writable until it is dead, so it may take another look. */
	while (pfd.revents == POLLOUT)
		CHECK_EQ(poll(&pfd, 1, 0), 1);
	CHECK_EQ(pfd.revents, POLLERR | POLLHUP);
	unmount(fd, load);
}

/* Of all addresses only the server's own are good, and by the others nothing is lost. */
static void
addresses(void)
{
	static const uintptr_t bad[] = {
		0, 8, 0x10000 - 8, 0xffff888000000000, 0xffffffff81000000, 0xffffffffffffffe0, 0x00007ffffffff000,
		0x8000000000000000, 0x5000000000000008, 0x5020123450000000, 0x4141414141414141,
	};
	struct puffs_batch batch = { .pb_nget = 1 };
	char *page, *low;
	int fd, load;
	size_t i;

	mount_open(&fd, &load, 0, 0);
	CHECK_EQ(start(fd), 0);
	CHECK_EQ(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), 0);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(page != MAP_FAILED);
	CHECK_EQ(munmap(page + 4096, 4096), 0);
	CHECK_EQ(call(load, LOADSHIMFAF, NULL), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(call(fd, PUFFSGETOP, (void *)bad[i]), EFAULT);
		CHECK_EQ(call(fd, PUFFSPUTOP, (void *)bad[i]), EFAULT);
		CHECK_EQ(call(fd, PUFFSSIZEOP, (void *)bad[i]), EFAULT);
		CHECK_EQ(call(fd, PUFFSBATCH, (void *)bad[i]), EFAULT);
		CHECK_EQ(fetch_to(fd, (void *)bad[i], 4096), EFAULT);
		batch.pb_get = (struct puffs_req *)bad[i];
		CHECK_EQ(call(fd, PUFFSBATCH, &batch), EFAULT);
	}
	/* What stands for an address of a server of 32 bits (compat.c) is none of ours. */
	low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	CHECK(low != MAP_FAILED);
	CHECK_EQ(call(fd, PUFFSGETOP, (void *)(UINT64_C(5) << 60 | (uint64_t)(uintptr_t)low << 20)), EFAULT);
	CHECK_EQ(fetch_to(fd, page + 4096 - 8, 4096), EFAULT);
	CHECK_EQ(mprotect(page, 4096, PROT_READ), 0);
	CHECK_EQ(fetch_to(fd, page, 4096), EFAULT);
	CHECK_EQ(fetch_to(fd, body, 15), E2BIG);
	CHECK_EQ(req.preq_auxlen, 16);
	CHECK_EQ(fetch_to(fd, body, 16), 0);
	CHECK(memcmp(body, "fifteen letters", 16) == 0);
	CHECK_EQ(fetch(fd), EAGAIN);
	unmount(fd, load);
}

/* Each of them sleeps, and is told. */
struct poller {
	int p_fd;
	atomic_int p_tid;
	pthread_t p_thread;
};

static void *
poll_main(void *arg)
{
	struct poller *p = arg;
	struct pollfd pfd = { .fd = p->p_fd, .events = POLLIN };

	atomic_store(&p->p_tid, gettid());
	CHECK_EQ(poll(&pfd, 1, 20000), 1);
	return (void *)(intptr_t)pfd.revents;
}

static void *
select_main(void *arg)
{
	struct poller *p = arg;
	fd_set fds;

	FD_ZERO(&fds);
	FD_SET(p->p_fd, &fds);
	atomic_store(&p->p_tid, gettid());
	CHECK_EQ(select(p->p_fd + 1, &fds, NULL, NULL, &(struct timeval){ .tv_sec = 20 }), 1);
	return NULL;
}

static void *
epoll_main(void *arg)
{
	struct poller *p = arg;
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int ep = epoll_create1(0);

	CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, p->p_fd, &ev), 0);
	atomic_store(&p->p_tid, gettid());
	CHECK_EQ(epoll_wait(ep, &ev, 1, 20000), 1);
	CHECK_EQ(close(ep), 0);
	return (void *)(intptr_t)ev.events;
}

/* Sees a thread asleep, which it does once only. */
static void
until_asleep(struct poller *p)
{
	char path[64], line[256];
	ssize_t len;
	int fd;

	while (atomic_load(&p->p_tid) == 0)
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&p->p_tid));
	do {
		CHECK((fd = open(path, O_RDONLY)) != -1);
		CHECK((len = read(fd, line, sizeof(line) - 1)) > 0);
		CHECK_EQ(close(fd), 0);
		line[len] = '\0';
	} while (strstr(line, ") S ") == NULL);
}

static void
hangups(void)
{
	static void *(*const mains[])(void *) = { poll_main, select_main, epoll_main };
	static const intptr_t come[] = { POLLIN, 0, EPOLLIN }, gone[] = { POLLERR | POLLHUP, 0, EPOLLERR | EPOLLHUP };
	struct poller pollers[3];
	int fd, load, round, i;
	void *told;

	for (round = 0; round < 18; round++) {
		mount_open(&fd, &load, 0, 0);
		CHECK_EQ(start(fd), 0);
		for (i = 0; i < 3; i++) {
			pollers[i] = (struct poller){ .p_fd = fd };
			CHECK_EQ(pthread_create(&pollers[i].p_thread, NULL, mains[i], &pollers[i]), 0);
		}
		/* In every other round it comes while they are about to. */
		for (i = 0; i < 3 && round % 2 == 0; i++)
			until_asleep(&pollers[i]);
		switch (round % 3) {
		case 0:
			CHECK_EQ(call(load, LOADSHIMFAF, NULL), 0);
			break;
		case 1:
			CHECK_EQ(call(load, LOADDIE, NULL), 0);
			break;
		case 2:
			CHECK_EQ(call(load, LOADUNMOUNT, NULL), 0);
			break;
		}
		for (i = 0; i < 3; i++) {
			CHECK_EQ(pthread_join(pollers[i].p_thread, &told), 0);
			CHECK_EQ((intptr_t)told, round % 3 == 0 ? come[i] : gone[i]);
		}
		unmount(fd, load);
	}
}

int
main(void)
{

	modes();
	servers();
	owners();
	addresses();
	hangups();
	return 0;
}
