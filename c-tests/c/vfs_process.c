/*
 * vfs_process.c: the calls of <puffs_vfs.h> in an ordinary process, whose threads are callers and server: every operation, as
 * tiny_kernel_vfs.c has them in a kernel.
 *
 * c-test: link=shared,static run=plain,asan,valgrind
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <puffs_vfs.h>

#include "check.h"

/* A kernel's vnode, which is nothing here. */
struct vnode {
	int v_nothing;
};

struct thread {
	pthread_t t_pthread;
	int t_pid;
};

static struct thread thread0;
static struct thread *const curthread = &thread0;

static void
thread_create(struct thread *t, int pid, void *(*function)(void *), void *arg)
{

	t->t_pid = pid;
	CHECK_EQ(pthread_create(&t->t_pthread, NULL, function, arg), 0);
}

static void *
thread_join(struct thread *t)
{
	void *result;

	CHECK_EQ(pthread_join(t->t_pthread, &result), 0);
	return result;
}

/* The server's memory is the process's own. */
static void *
user_alloc(size_t size)
{
	static _Alignas(16) char memory[256 << 10];
	static atomic_size_t used;
	size_t at = atomic_fetch_add(&used, (size + 15) & ~(size_t)15);

	CHECK(at + size <= sizeof(memory));
	return memory + at;
}

/* The one open device. */
static struct puffs_instance *device;

static int
sys_open(int *error)
{
	struct lwp l = { .l_pid = thread0.t_pid };

	*error = puffscdopen(makedev(0, PUFFS_CLONER), 0, 0, &l);
	device = *error == 0 ? (struct puffs_instance *)l.l_dupfd : NULL;
	return 3;
}

static int
sys_ioctl(int fd, unsigned long cmd, void *data)
{

	(void)fd;
	return puffs_fop_ioctl(device, cmd, data, NULL);
}

static int
sys_close(int fd)
{

	(void)fd;
	return puffs_fop_close(device, NULL);
}

static struct puffs_instance *
file_hold(int pid, int fd)
{

	return pid == thread0.t_pid && fd == 3 ? puffs_instance_ref(device) : NULL;
}

#include "vfs_mount.h"
#include "vfs_server.h"
#include "vfs_operations.h"

int
main(void)
{

	thread0.t_pid = (int)getpid();
	puffs_set_filetable(file_hold);
	operations();
	CHECK_EQ(puffs_detach(NULL, NULL), 0);
	return 0;
}
