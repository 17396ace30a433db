/*
 * tiny_kernel_load.c: several callers and two server threads on one mount; data stay whole, nodes are forgotten, and an
 * ordinary unmount leaves nothing.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#define CALLERS 4
#define ROUNDS 150
#define CHUNK 3000

static struct server server = { .sv_lock = PTHREAD_MUTEX_INITIALIZER };
static struct mount *mp;
static atomic_long operations;

/* Writes a file that no other caller touches and reads it back, looks it up again each time, and looks at another's. */
static void *
caller_main(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	struct vnode *root = vfs_root(mp), *own, *other;
	char name[NAMELEN], written[CHUNK], read[MAXIO];
	uint64_t size, offset;
	size_t got;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		snprintf(name, sizeof(name), "file%u", self);
		CHECK_EQ(vop_lookup(root, name, &own), 0);
		snprintf(name, sizeof(name), "file%u", (unsigned)(CALLERS + round % (NNODES - CALLERS)));
		CHECK_EQ(vop_lookup(root, name, &other), 0);
		CHECK_EQ(vop_getattr(other, &size), 0);
		CHECK_EQ(size, FILESIZE);
		offset = (uint64_t)(round * 97 % (FILESIZE - MAXIO));
		memset(written, (int)(self * 50) + round % 50, sizeof(written));
		CHECK_EQ(vop_write(own, written, sizeof(written), offset), 0);
		CHECK_EQ(vop_read(own, read, sizeof(written), offset, &got), 0);
		CHECK_EQ(got, sizeof(written));
		CHECK(memcmp(read, written, got) == 0);
		CHECK_EQ(vop_read(other, read, 7, offset, &got), 0);
		CHECK_EQ(got, 7);
		vrele(other);
		vrele(own);
		atomic_fetch_add(&operations, 8);
	}
	vrele(root);
	return NULL;
}

int
main(void)
{
	/* A short queue, so that callers wait for places too. */
	struct puffs_mountargs args = { .pma_size = sizeof(args), .pma_max_requests = 3 };
	struct thread callers[CALLERS], servers[2];
	uint64_t nfiles;
	unsigned i;
	int error;

	boot();
	server.sv_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(vfs_mount(-1, &args, &mp), 0);
	for (i = 0; i < 2; i++)
		thread_create(&servers[i], 1, server_main, &server);
	CHECK_EQ(server_start(&server), 0);
	for (i = 0; i < CALLERS; i++)
		thread_create(&callers[i], 2, caller_main, (void *)(uintptr_t)i);
	for (i = 0; i < CALLERS; i++)
		thread_join(&callers[i]);
	CHECK_EQ(atomic_load(&operations), CALLERS * ROUNDS * 8);

	CHECK_EQ(vfs_statvfs(mp, &nfiles), 0);
	CHECK_EQ(vfs_unmount(mp, false), 0);
	for (i = 0; i < 2; i++)
		thread_join(&servers[i]);
	CHECK_EQ(sys_close(server.sv_fd), 0);
	for (i = 0; i < NNODES; i++)
		CHECK_EQ(server.sv_nodes[i].n_lookups, 0);
	halt();
	return 0;
}
