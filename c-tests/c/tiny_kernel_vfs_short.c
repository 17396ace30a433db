/*
 * tiny_kernel_vfs_short.c: the calls of <puffs_vfs.h> when memory is short: each allocation of each call fails once. A call fails as a whole, and
 * leaves nothing behind, neither here nor at the server; RECLAIM and CLOSE do not fail.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#include "vfs_mount.h"
#include "vfs_server.h"

/* How many allocations of this thread succeed before one fails; -1: all. */
static _Thread_local int enough = -1;

static void *
short_alloc(size_t size, size_t align)
{

	if (enough == 0)
		return NULL;
	if (enough > 0)
		enough--;
	return kmem_alloc(size, align);
}

/* Calls until it has memory enough; the failures before leave no memory behind. */
#define UNTIL_ENOUGH(call) until_enough_begin(); \
	for (failed = 0; until_enough(failed), error = (call), enough = -1, error == ENOMEM; failed++) \
		CHECK_EQ(atomic_load(&kmem_pieces), pieces); \
	CHECK_EQ(error, 0)

static long pieces;

static void
until_enough_begin(void)
{

	settle();
	pieces = atomic_load(&kmem_pieces);
}

static void
until_enough(int allocations)
{

	CHECK(allocations < 20);
	enough = allocations;
}

int
main(void)
{
	struct puffs_hooks hooks = machine;
	struct puffs_vfsargs vargs = { .pva_size = sizeof(vargs) };
	struct puffs_vfound found = fresh(), again = fresh();
	struct puffs_vopened opened = { .pvo_size = sizeof(opened) };
	struct puffs_vattrs got = { .pvs_size = sizeof(got) };
	struct puffs_vdir part = { .pvd_size = sizeof(part) };
	struct puffs_paid_reclaim *reclaim = NULL;
	struct puffs_paid_close *closing = NULL;
	struct puffs_paid_unlock *unlocking = NULL;
	struct puffs_msg_statvfs figures;
	struct puffs_vfs *other = NULL;
	struct thread server;
	struct fsnode *fn;
	char data[100];
	size_t done;
	int failed, error, mode = PUFFS_VOPEN_READ | PUFFS_VOPEN_WRITE | O_APPEND;

	hooks.ph_alloc = short_alloc;
	CHECK_EQ(puffs_attach(&hooks), 0);
	puffs_set_filetable(file_hold);
	fs_mount(&server, ALLOPS);

	UNTIL_ENOUGH(puffs_vfs_new(vm.vm_pmp, &vargs, &other));
	CHECK_EQ(failed, 1);
	puffs_vfs_free(other);

	/* A file that could not be made is not there: the server was not asked. */
	UNTIL_ENOUGH(puffs_vfs_create(pv, NULL, root, NAME("file"), 0644, &found));
	CHECK(failed >= 3);
	fn = found.pvf_cookie;
	CHECK_EQ(fn->fn_given, 1);
	/* With a reclaim from before, one allocation or so less. */
	UNTIL_ENOUGH(puffs_vfs_lookup(pv, NULL, root, NAME("file"), 0, 0, &again));
	CHECK(failed >= 3);
	CHECK_EQ(fn->fn_given, 2);
	UNTIL_ENOUGH(puffs_vfs_lookup(pv, NULL, root, NAME("file"), 0, 0, &again));
	CHECK(failed >= 1);
	CHECK_EQ(fn->fn_given, 3);
	puffs_paid_reclaim_free(again.pvf_reclaim);

	UNTIL_ENOUGH(puffs_vfs_open(pv, NULL, fn, PUFFS_VT_REG, (uint32_t)mode, &opened));
	CHECK(failed >= 3);
	CHECK_EQ(fn->fn_opens, 1);
	UNTIL_ENOUGH(puffs_vfs_write(pv, NULL, fn, 0, "some data", 9, 0, &done));
	CHECK(failed >= 1);
	UNTIL_ENOUGH(puffs_vfs_read(pv, NULL, fn, 0, data, sizeof(data), 0, &done));
	CHECK(failed >= 1 && done == 9);
	UNTIL_ENOUGH(puffs_vfs_readdir(pv, NULL, root, 0, 1000, &part));
	CHECK(failed >= 2);
	puffs_vlisting_free(part.pvd_list);
	UNTIL_ENOUGH(puffs_vfs_getattr(pv, NULL, fn, &got));
	CHECK(failed >= 1);
	UNTIL_ENOUGH(puffs_vfs_statvfs(pv, NULL, &figures));
	CHECK(failed >= 1);
	UNTIL_ENOUGH(puffs_paid_reclaim_new(pv, &reclaim));
	CHECK(failed >= 1);
	puffs_paid_reclaim_free(reclaim);
	UNTIL_ENOUGH(puffs_paid_close_new(pv, &closing));
	CHECK(failed >= 1);
	puffs_paid_close_free(closing);
	UNTIL_ENOUGH(puffs_paid_unlock_new(pv, &unlocking));
	CHECK(failed >= 1);
	puffs_paid_unlock_free(unlocking);
	UNTIL_ENOUGH(puffs_vfs_remove(pv, NULL, root, fn, NAME("file"), NULL));
	UNTIL_ENOUGH(puffs_vfs_inactive_faf(pv, NULL, fn));
	CHECK(failed >= 1);

	/* With nothing at all left, what was paid for goes. */
	settle();
	CHECK_EQ(fn->fn_inactive, 1);
	enough = 0;
	CHECK_EQ(puffs_vfs_broken(pv, fn, PUFFS_VBAD_TYPE), EPROTO);
	puffs_vfs_close(pv, opened.pvo_close, fn, (uint32_t)mode, 1);
	puffs_vfs_reclaim(found.pvf_reclaim, fn, 3);
	enough = -1;
	settle();
	CHECK_EQ(notices, 0);
	CHECK_EQ(fn->fn_opens, 0);
	CHECK_EQ(fn->fn_inactive, 2);
	CHECK_EQ(fn->fn_given, 0);
	fs_unmount(&server);
	halt();
	return 0;
}
