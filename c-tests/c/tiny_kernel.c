/*
 * tiny_kernel.c: a kernel with file systems in user space, small enough to be read in one go.
 *
 * Its processors are POSIX threads, its "user space" is one array, its VFS knows lookup, getattr, read and write. What a
 * kernel has to do to use puffs, it does, and the code looks as such code does anywhere:
 *
 *      tiny/machine.h  what puffs wants of any kernel, struct puffs_hooks
 *      tiny/device.h   open files of /dev/puffs and the system calls on them
 *      tiny/vfs.h      mounts, vnodes, and vnode operations with message bodies of this kernel's own
 *      tiny/server.h   a file server, which has system calls and its own memory only
 *
 * and here all of it together.
 *
 * The other tiny_kernel_*.c include this file and have a main of their own.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* A kernel has these names from headers of its own, so the two below include nothing. */
#define PUFFS_KERNEL
#include <puffs_msgif.h>
#include <puffs_sys.h>

#include "check.h"

/* One after the other: each needs those above it. */
#include "tiny/machine.h"
#include "tiny/device.h"
#include "tiny/vfs.h"
#include "tiny/server.h"

void
boot(void)
{

	CHECK_EQ(puffs_attach(&machine), 0);
	puffs_set_filetable(file_hold);
}

/* Nothing may be left: no mount, no open device, no memory. */
void
halt(void)
{
	size_t alive, open;

	CHECK_EQ(puffs_detach(&alive, &open), 0);
	CHECK_EQ(alive, 0);
	CHECK_EQ(open, 0);
	CHECK_EQ(atomic_load(&mounts), 0);
	CHECK_EQ(atomic_load(&kmem_pieces), 0);
}

#ifndef TINY_KERNEL_OTHER_MAIN
int
main(void)
{
	static struct server server = { .sv_lock = PTHREAD_MUTEX_INITIALIZER };
	struct thread server_thread;
	struct mount *mp;
	struct vnode *root, *file;
	char data[100];
	uint64_t number;
	size_t got;
	int error;

	boot();

	/* A process opens the device, mounts a file system on itself, and starts to serve it. */
	server.sv_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(vfs_mount(server.sv_fd, NULL, &mp), 0);
	thread_create(&server_thread, curthread->t_pid, server_main, &server);
	CHECK_EQ(server_start(&server), 0);

	/* Others use it. */
	root = vfs_root(mp);
	CHECK_EQ(vfs_statvfs(mp, &number), 0);
	CHECK_EQ(number, NNODES);
	CHECK_EQ(vop_lookup(root, "file9", &file), ENOENT);
	CHECK_EQ(vop_lookup(root, "file3", &file), 0);
	CHECK_EQ(vop_getattr(file, &number), 0);
	CHECK_EQ(number, FILESIZE);
	CHECK_EQ(vop_write(file, "hello, kernel", 13, 1000), 0);
	CHECK_EQ(vop_write(file, "x", 1, FILESIZE), EFBIG);
	CHECK_EQ(vop_read(file, data, sizeof(data), 1007, &got), 0);
	CHECK_EQ(got, sizeof(data));
	CHECK(strcmp(data, "kernel") == 0);
	CHECK_EQ(vop_read(file, data, sizeof(data), FILESIZE - 5, &got), 0);
	CHECK_EQ(got, 5);

	/* The kernel forgets a node. Nobody waits for that; what comes after it in the queue is served after it. */
	vrele(file);
	CHECK_EQ(vfs_statvfs(mp, &number), 0);
	CHECK_EQ(server.sv_nodes[3].n_lookups, 0);

	/* The server ends. Its file system is unmounted by force, whoever is in it. */
	CHECK_EQ(vop_lookup(root, "file0", &file), 0);
	CHECK_EQ(sys_close(server.sv_fd), 0);
	thread_join(&server_thread);
	CHECK_EQ(vop_getattr(file, &number), ENXIO);
	vrele(file);
	vrele(root);

	halt();
	printf("tiny kernel: served and went away\n");
	return 0;
}
#endif
