/*
 * tiny_kernel_death.c: the server goes while callers are in its file system, again and again: each ends at once, and
 * nothing is left. It closes the device, or is declared dead, or is unmounted by force, or two of these at once.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#define CALLERS 3
#define ROUNDS 40

static struct server server = { .sv_lock = PTHREAD_MUTEX_INITIALIZER };
static struct mount *mp;
static atomic_long served;

/* Works until the file system is dead. */
static void *
caller_main(void *arg)
{
	struct vnode *root = arg, *file;
	uint64_t size;
	char data[64];
	size_t got;
	int error;

	for (;;) {
		if ((error = vop_lookup(root, "file1", &file)) != 0)
			break;
		if ((error = vop_getattr(file, &size)) == 0 && (error = vop_write(file, "abc", 3, 0)) == 0)
			error = vop_read(file, data, sizeof(data), 0, &got);
		vrele(file);
		if (error != 0)
			break;
		atomic_fetch_add(&served, 1);
	}
	CHECK_EQ(error, ENXIO);
	vrele(root);
	return NULL;
}

static void *
poller_main(void *arg)
{
	int revents;

	(void)arg;
	/* Asks for nothing, so there is but one thing that can come. */
	revents = sys_poll(server.sv_fd, 0);
	CHECK(revents == (POLLERR | POLLHUP) || revents == POLLNVAL);
	return NULL;
}

static void *
close_main(void *arg)
{

	(void)arg;
	CHECK_EQ(sys_close(server.sv_fd), 0);
	return NULL;
}

static void *
unmount_main(void *arg)
{
	int error = vfs_unmount(arg, true);

	CHECK(error == 0 || error == EBUSY);
	return NULL;
}

static void
round_of(int round)
{
	struct thread servers[2], callers[CALLERS], poller, other;
	struct vnode *root;
	size_t brk;
	long before;
	int i, error;

	brk = atomic_load(&user_break);
	server.sv_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(vfs_mount(server.sv_fd, NULL, &mp), 0);
	for (i = 0; i < 2; i++)
		thread_create(&servers[i], 1, server_main, &server);
	thread_create(&poller, 1, poller_main, NULL);
	/* In some rounds the server dies before it has started. */
	if (round % 5 != 4)
		CHECK_EQ(server_start(&server), 0);
	root = vfs_root(mp);
	before = atomic_load(&served);
	for (i = 0; i < CALLERS; i++)
		thread_create(&callers[i], 2, caller_main, vfs_root(mp));
	while (round % 5 != 4 && atomic_load(&served) < before + round)
		sched_yield();

	switch (round % 4) {
	case 0:
		CHECK_EQ(sys_close(server.sv_fd), 0);
		break;
	case 1:
		puffs_userdead(MPTOPMP(mp));
		CHECK_EQ(sys_close(server.sv_fd), 0);
		break;
	case 2:
		CHECK_EQ(vfs_unmount(mp, true), 0);
		CHECK_EQ(sys_close(server.sv_fd), 0);
		break;
	case 3:
		thread_create(&other, 1, close_main, NULL);
		unmount_main(root->v_mount);
		thread_join(&other);
		break;
	}
	for (i = 0; i < CALLERS; i++)
		thread_join(&callers[i]);
	for (i = 0; i < 2; i++)
		thread_join(&servers[i]);
	thread_join(&poller);
	vrele(root);
	CHECK_EQ(atomic_load(&mounts), 0);
	/* The server's memory goes with it. */
	atomic_store(&user_break, brk);
}

int
main(void)
{
	int round;

	boot();
	for (round = 0; round < ROUNDS; round++)
		round_of(round);
	halt();
	return 0;
}
