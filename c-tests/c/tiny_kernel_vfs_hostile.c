/*
 * tiny_kernel_vfs_hostile.c: a server whose answers make no sense, one by one. The caller gets EPROTO and nothing else, the server a
 * notice, and nothing is left behind.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#include "vfs_mount.h"

#define ROOT ((void *)16)
#define NODE ((void *)32)
#define OTHER ((void *)48)

static struct vfsmount vm;
static struct puffs_req *req;
static void *body;
static int *nonblock;

/*
 * The callers. Each checks that a failure wrote nothing.
 */

static int
call_getattr(void)
{
	struct puffs_vattrs got = { .pvs_size = sizeof(got) }, before = got;
	int error = puffs_vfs_getattr(vm.vm_pv, NULL, NODE, &got);

	CHECK(error == 0 || memcmp(&got, &before, sizeof(got)) == 0);
	return error;
}

static int
call_setattr(void)
{
	struct puffs_msg_attr attr;

	puffs_vattr_none(&attr);
	return puffs_vfs_setattr(vm.vm_pv, NULL, NODE, &attr, NULL);
}

static int
brought(int error, struct puffs_vfound *found)
{

	CHECK_EQ(error == 0, found->pvf_reclaim != NULL);
	CHECK_EQ(error == 0, found->pvf_cookie != NULL);
	puffs_paid_reclaim_free(found->pvf_reclaim);
	return error;
}

static int
call_lookup(void)
{
	struct puffs_vfound found = { .pvf_size = sizeof(found) };

	return brought(puffs_vfs_lookup(vm.vm_pv, NULL, NODE, "name", 4, 0, 0, &found), &found);
}

static int
call_create(void)
{
	struct puffs_vfound found = { .pvf_size = sizeof(found) };

	return brought(puffs_vfs_create(vm.vm_pv, NULL, NODE, "name", 4, 0644, &found), &found);
}

static int
call_open(void)
{
	struct puffs_vopened opened = { .pvo_size = sizeof(opened) };
	int error = puffs_vfs_open(vm.vm_pv, NULL, NODE, PUFFS_VT_REG, PUFFS_VOPEN_READ, &opened);

	CHECK_EQ(error == 0, opened.pvo_close != NULL);
	puffs_paid_close_free(opened.pvo_close);
	return error;
}

static int
call_read(void)
{
	char data[16];
	size_t done = 99;
	int error;

	memset(data, '!', sizeof(data));
	error = puffs_vfs_read(vm.vm_pv, NULL, NODE, 0, data, 10, 0, &done);
	CHECK(error == 0 ? done <= 10 && data[10] == '!' : done == 99 && data[0] == '!');
	return error;
}

static int
call_write(void)
{
	size_t done = 99;
	int error = puffs_vfs_write(vm.vm_pv, NULL, NODE, 0, "0123456789", 10, 0, &done);

	CHECK(error == 0 ? done <= 10 : done == 99);
	return error;
}

static int
call_readdir(void)
{
	struct puffs_vdir part = { .pvd_size = sizeof(part) };
	struct puffs_vdirent entry;
	size_t at = 0;
	int error = puffs_vfs_readdir(vm.vm_pv, NULL, NODE, 0, 64, &part);

	CHECK_EQ(error == 0, part.pvd_list != NULL);
	if (error == 0)
		while (puffs_vlisting_next(part.pvd_list, &at, &entry) == 0)
			CHECK(memchr(entry.pvn_name, '/', entry.pvn_namelen) == NULL);
	puffs_vlisting_free(part.pvd_list);
	return error;
}

static int
call_readlink(void)
{
	static char target[PUFFS_MSG_TARGET_MAX];
	size_t len = 99;
	int error = puffs_vfs_readlink(vm.vm_pv, NULL, NODE, target, sizeof(target), &len);

	CHECK(error == 0 ? len <= sizeof(target) : len == 99);
	return error;
}

static int
call_getextattr(void)
{
	char value[8];
	uint64_t size = 99;
	size_t done = 99;
	int error = puffs_vfs_getextattr(vm.vm_pv, NULL, NODE, PUFFS_MSG_EXTATTR_USER, "name", 4, value, 8, &size, &done);

	CHECK(error == 0 ? done <= 8 && size >= done : done == 99 && size == 99);
	return error;
}

static int
call_listextattr(void)
{
	char value[8];
	uint64_t size;
	size_t done;

	return puffs_vfs_listextattr(vm.vm_pv, NULL, NODE, PUFFS_MSG_EXTATTR_USER, value, 8, &size, &done);
}

static int
call_setextattr(void)
{

	return puffs_vfs_setextattr(vm.vm_pv, NULL, NODE, PUFFS_MSG_EXTATTR_USER, "name", 4, "value", 5, NULL);
}

static int
call_statvfs(void)
{
	struct puffs_msg_statvfs figures = { .files = 99 };
	int error = puffs_vfs_statvfs(vm.vm_pv, NULL, &figures);

	CHECK_EQ(error == 0, figures.files != 99);
	return error;
}

static int
call_fsync(void)
{

	return puffs_vfs_fsync(vm.vm_pv, NULL, NODE, 0, 0, 0);
}

static int
call_remove(void)
{

	return puffs_vfs_remove(vm.vm_pv, NULL, NODE, OTHER, "name", 4, NULL);
}

static int
call_poll(void)
{
	uint32_t revents = 99;
	int error = puffs_vfs_poll(vm.vm_pv, NULL, NODE, POLLIN, &revents);

	CHECK_EQ(error == 0, revents != 99);
	return error;
}

static void *
caller_main(void *call)
{

	return (void *)(intptr_t)(*(int (**)(void))call)();
}

/*
 * The server.
 */

/* No notice is to follow. */
#define QUIET (-1)

/* A call is answered so, and ends so; `kind` is that of the notice. */
static void
answered_with(int (*call)(void), int rv, const void *answer, size_t len, int wanted, int kind)
{
	struct puffs_msg_error_req *notice = body;
	struct thread caller;

	thread_create(&caller, 2, caller_main, &call);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	if (len <= BODYLEN)
		memcpy(body, answer, len);
	(void)vm_answer(&vm, req, rv, len);
	CHECK_EQ((int)(intptr_t)thread_join(&caller), wanted);

	*nonblock = 1;
	CHECK_EQ(sys_ioctl(vm.vm_fd, FIONBIO, nonblock), 0);
	if (kind == QUIET) {
		CHECK_EQ(vm_fetch(&vm, req, body), EAGAIN);
	} else {
		CHECK_EQ(vm_fetch(&vm, req, body), 0);
		CHECK_EQ(req->preq_opclass, PUFFSOP_ERROR | PUFFSOPFLAG_FAF);
		CHECK_EQ(req->preq_optype, kind);
		CHECK_EQ(notice->error, EPROTO);
		CHECK_EQ(req->preq_auxlen, sizeof(*notice) + notice->textlen);
	}
	*nonblock = 0;
	CHECK_EQ(sys_ioctl(vm.vm_fd, FIONBIO, nonblock), 0);
}

#define ANSWERED(call, ans, wanted, kind) answered_with((call), 0, &(ans), sizeof(ans), (wanted), (kind))

/* For all operations alike: what is no result, and answers that are cut off or empty. */
static void
any_operation(void)
{
	static const struct {
		int (*call)(void);
		size_t least;
		int kind;
	} all[] = {
		{ call_getattr, sizeof(struct puffs_msg_attr_ans), 0 },
		{ call_setattr, sizeof(struct puffs_msg_attr_ans), 0 },
		{ call_lookup, sizeof(struct puffs_msg_node_ans), 2 },
		{ call_create, sizeof(struct puffs_msg_node_ans), 1 },
		{ call_open, sizeof(struct puffs_msg_open_ans), 0 },
		{ call_read, sizeof(struct puffs_msg_data_ans), 5 },
		{ call_write, sizeof(struct puffs_msg_write_ans), 6 },
		{ call_readdir, sizeof(struct puffs_msg_readdir_ans), 3 },
		{ call_readlink, sizeof(struct puffs_msg_data_ans), 4 },
		{ call_getextattr, sizeof(struct puffs_msg_extattr_ans), 8 },
		{ call_listextattr, sizeof(struct puffs_msg_extattr_ans), 9 },
		{ call_setextattr, sizeof(struct puffs_msg_write_ans), 0 },
		{ call_statvfs, sizeof(struct puffs_msg_statvfs_ans), 0 },
		{ call_fsync, sizeof(struct puffs_msg_ans), 0 },
		{ call_remove, sizeof(struct puffs_msg_ans), 0 },
		{ call_poll, sizeof(struct puffs_msg_poll_ans), 0 },
	};
	static const char zeros[MAXLEN];
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		answered_with(all[i].call, EIO, zeros, 0, EIO, QUIET);
		answered_with(all[i].call, EROFS, zeros, 8, EROFS, QUIET);
		answered_with(all[i].call, 134, zeros, 0, EPROTO, 0);
		answered_with(all[i].call, -1, zeros, 0, EPROTO, 0);
		answered_with(all[i].call, 0, zeros, 0, EPROTO, all[i].kind);
		answered_with(all[i].call, 0, zeros, all[i].least - 1, EPROTO, all[i].kind);
		answered_with(all[i].call, 0, zeros, MAXLEN, EPROTO, 0);
		answered_with(all[i].call, 0, zeros, SIZE_MAX, EPROTO, 0);
	}
}

static void
nodes_that_cannot_be(void)
{
	const struct puffs_msg_node_ans good = { .cookie = 48, .vtype = PUFFS_VT_REG, .attr = { .vtype = PUFFS_VT_DIR, .size = 3 } };
	struct puffs_msg_node_ans ans = good;
	struct puffs_msg_attr_ans attr = { .attr = { .size = INT64_MAX } };

	ANSWERED(call_lookup, ans, 0, QUIET);
	ANSWERED(call_create, ans, 0, QUIET);
	ans.attr_error = EIO;
	ANSWERED(call_lookup, ans, 0, QUIET);
	ans.attr_error = 134;
	ANSWERED(call_lookup, ans, EPROTO, 0);
	ans.attr_error = UINT32_MAX;
	ANSWERED(call_create, ans, EPROTO, 0);
	ans = good;
	ans.cookie = (uint64_t)(uintptr_t)NODE;
	ANSWERED(call_lookup, ans, EPROTO, 2);
	ans.cookie = (uint64_t)(uintptr_t)ROOT;
	ANSWERED(call_lookup, ans, EPROTO, 2);
	ANSWERED(call_create, ans, EPROTO, 1);
	ans.cookie = 0;
	ANSWERED(call_create, ans, EOPNOTSUPP, QUIET);
	ans = good;
	ans.vtype = 0;
	ANSWERED(call_lookup, ans, EPROTO, 1);
	ans.vtype = 8;
	ANSWERED(call_lookup, ans, EPROTO, 1);
	ans = good;
	ans.size = UINT64_MAX;
	ANSWERED(call_lookup, ans, EPROTO, 1);
	ans.size = (uint64_t)INT64_MAX + 1;
	ANSWERED(call_lookup, ans, EPROTO, 0);
	ans = good;
	ans.attr.size = UINT64_MAX - 1;
	ANSWERED(call_lookup, ans, EPROTO, 0);
	ANSWERED(call_create, ans, EPROTO, 0);
	/* Where attributes are not given, their size is none. */
	ans.attr_error = EIO;
	ANSWERED(call_lookup, ans, 0, QUIET);

	ANSWERED(call_getattr, attr, 0, QUIET);
	attr.attr.size = UINT64_MAX;
	ANSWERED(call_getattr, attr, 0, QUIET);
	attr.attr.size = UINT64_MAX - 1;
	ANSWERED(call_getattr, attr, EPROTO, 0);
	ANSWERED(call_setattr, attr, EPROTO, 0);
}

static void
data_of_wrong_length(void)
{
	struct { struct puffs_msg_data_ans ans; char data[11]; } data = { .ans = { .len = 10 }, .data = "0123456789" };
	struct { struct puffs_msg_extattr_ans ans; char data[9]; } value = { .ans = { .size = 8, .len = 8 }, .data = "a\0bcdef" };
	struct puffs_msg_write_ans wrote = { .len = 10 };
	static struct { struct puffs_msg_data_ans ans; char data[PUFFS_MSG_TARGET_MAX + 1]; } target;

	ANSWERED(call_read, data, 0, QUIET);
	answered_with(call_read, 0, &data, sizeof(data.ans) + 9, EPROTO, 5);
	data.ans.len = 11;
	ANSWERED(call_read, data, EPROTO, 5);
	data.ans.len = UINT32_MAX;
	ANSWERED(call_read, data, EPROTO, 5);

	ANSWERED(call_write, wrote, 0, QUIET);
	wrote.len = 11;
	ANSWERED(call_write, wrote, EPROTO, 6);
	ANSWERED(call_setextattr, wrote, EPROTO, 0);
	wrote.len = UINT32_MAX;
	ANSWERED(call_write, wrote, EPROTO, 6);

	memset(target.data, 'x', sizeof(target.data));
	target.ans.len = PUFFS_MSG_TARGET_MAX;
	ANSWERED(call_readlink, target, 0, QUIET);
	target.ans.len++;
	ANSWERED(call_readlink, target, EPROTO, 4);
	target.ans.len = 0;
	ANSWERED(call_readlink, target, EPROTO, 4);
	target.ans.len = 5;
	target.data[4] = '\0';
	ANSWERED(call_readlink, target, EPROTO, 4);

	answered_with(call_getextattr, 0, &value, sizeof(value.ans) + 8, 0, QUIET);
	answered_with(call_listextattr, 0, &value, sizeof(value.ans) + 8, 0, QUIET);
	value.ans.len = 9;
	answered_with(call_getextattr, 0, &value, sizeof(value.ans) + 9, EPROTO, 8);
	answered_with(call_listextattr, 0, &value, sizeof(value.ans) + 9, EPROTO, 9);
	value.ans.len = 8;
	value.ans.size = 0;
	value.data[7] = 'g';
	answered_with(call_getextattr, 0, &value, sizeof(value.ans) + 8, 0, QUIET);
	answered_with(call_listextattr, 0, &value, sizeof(value.ans) + 8, EPROTO, 9);
	value.data[7] = '\0';
	value.data[0] = '\0';
	answered_with(call_listextattr, 0, &value, sizeof(value.ans) + 8, EPROTO, 9);
}

static void
records_that_do_not_fit(void)
{
	struct {
		struct puffs_msg_readdir_ans ans;
		struct puffs_msg_dirent record;
		char name[11];
	} PUFFS_PACKED good = {
		.ans = { .offset = 1, .len = 24 }, .record = { .fileno = 1, .reclen = 24, .namlen = 10 }, .name = "0123456789",
	}, ans = good;

	CHECK_EQ(sizeof(good), sizeof(good.ans) + 24);
	ANSWERED(call_readdir, ans, 0, QUIET);
	ans.record.reclen = 16;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans.record.reclen = 32;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans.record.reclen = 0;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans = good;
	ans.record.namlen = 11;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans.record.namlen = UINT16_MAX;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans.record.namlen = 0;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans = good;
	ans.name[5] = '/';
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans.name[5] = '\0';
	ANSWERED(call_readdir, ans, EPROTO, 3);
	/* Of a record without a number nothing is looked at but its length. */
	ans.record.fileno = 0;
	ANSWERED(call_readdir, ans, 0, QUIET);
	ans = good;
	ans.ans.len = 20;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans.ans.len = 25;
	ANSWERED(call_readdir, ans, EPROTO, 3);
	ans.ans.len = UINT32_MAX;
	ANSWERED(call_readdir, ans, EPROTO, 3);
}

/* What only the kernel can see. */
static void
nodes_that_the_kernel_has(void)
{
	static const struct { int what; int kind; } all[] = {
		{ PUFFS_VBAD_EXISTS, 1 }, { PUFFS_VBAD_TYPE, 1 }, { PUFFS_VBAD_ENDLESS, 3 },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		CHECK_EQ(puffs_vfs_broken(vm.vm_pv, OTHER, all[i].what), EPROTO);
		CHECK_EQ(vm_fetch(&vm, req, body), 0);
		CHECK_EQ(req->preq_opclass, PUFFSOP_ERROR | PUFFSOPFLAG_FAF);
		CHECK_EQ(req->preq_optype, all[i].kind);
		CHECK(req->preq_cookie == OTHER);
	}
	CHECK_EQ(puffs_vfs_broken(vm.vm_pv, OTHER, 0), EINVAL);
	CHECK_EQ(puffs_vfs_broken(vm.vm_pv, OTHER, 4), EINVAL);
	CHECK_EQ(puffs_vfs_broken(NULL, OTHER, PUFFS_VBAD_TYPE), EINVAL);
}

/* For what has no end, since it had no beginning. */
static void
never(void *arg, int error, uint32_t revents)
{

	(void)arg;
	(void)revents;
	CHECK_EQ(error, -1);
}

/* A server with no operation at all is not asked for anything but names, and refuses nothing that it need not do. */
static void
no_operations(void)
{
	struct puffs_vfound found = { .pvf_size = sizeof(found) };
	struct puffs_vopened opened = { .pvo_size = sizeof(opened) };
	struct puffs_paid_reclaim *reclaim = (struct puffs_paid_reclaim *)body;
	struct puffs_vfs *pv;
	struct puffs_vlock lock = { .pvl_len = 1 };
	char handle[16];
	int64_t value;
	uint32_t events;
	size_t done, len;

	vm_mount(&vm, ROOT, 0, 0, 0);
	pv = vm.vm_pv;
	CHECK_EQ(call_getattr(), EOPNOTSUPP);
	CHECK_EQ(call_setattr(), EOPNOTSUPP);
	CHECK_EQ(call_create(), EOPNOTSUPP);
	CHECK_EQ(call_read(), EOPNOTSUPP);
	CHECK_EQ(call_write(), EOPNOTSUPP);
	CHECK_EQ(call_readdir(), EOPNOTSUPP);
	CHECK_EQ(call_readlink(), EOPNOTSUPP);
	CHECK_EQ(call_getextattr(), EOPNOTSUPP);
	CHECK_EQ(call_listextattr(), EOPNOTSUPP);
	CHECK_EQ(call_setextattr(), EOPNOTSUPP);
	CHECK_EQ(call_remove(), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_advlock(pv, NULL, NODE, 1, 0, 0, &lock), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_fallocate(pv, NULL, NODE, 0, 1), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_fdiscard(pv, NULL, NODE, 0, 1), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_nodetofh(pv, NULL, NODE, handle, sizeof(handle), &len), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_fhtonode(pv, NULL, "handle", 6, &found), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_pathconf(pv, NULL, NODE, 1, &value), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_extattrctl(pv, NULL, 1, NODE, 1, 1, NULL, 0), EOPNOTSUPP);
	CHECK_EQ(puffs_vfs_print(pv, NULL, NODE), 0);
	CHECK_EQ(call_fsync(), 0);
	CHECK_EQ(puffs_vfs_seek(pv, NULL, NODE, 0, 1), 0);
	CHECK_EQ(puffs_vfs_mmap(pv, NULL, NODE, 0, NULL), 0);
	CHECK_EQ(puffs_vfs_inactive(pv, NULL, NODE, NULL), 0);
	CHECK_EQ(puffs_vfs_inactive_faf(pv, NULL, NODE), 0);
	CHECK_EQ(puffs_vfs_abort(pv, NULL, NODE, "name", 4), 0);
	CHECK_EQ(puffs_vfs_poll(pv, NULL, NODE, POLLIN, &events), 0);
	CHECK_EQ(events, POLLIN);
	CHECK_EQ(puffs_vfs_poll_begin(pv, NULL, NODE, POLLIN, never, NULL), EOPNOTSUPP);
	/* EROFS, since who cannot write is read-only. */
	CHECK_EQ(puffs_vfs_open(pv, NULL, NODE, PUFFS_VT_REG, PUFFS_VOPEN_WRITE, &opened), EROFS);
	CHECK_EQ(puffs_vfs_access(pv, NULL, NODE, PUFFS_VT_DIR, PUFFS_VACCESS_WRITE), EROFS);
	CHECK_EQ(puffs_vfs_access(pv, NULL, NODE, PUFFS_VT_FIFO, PUFFS_VACCESS_WRITE), 0);
	CHECK_EQ(puffs_vfs_open(pv, NULL, NODE, PUFFS_VT_REG, PUFFS_VOPEN_READ, &opened), 0);
	CHECK(opened.pvo_close == NULL);
	puffs_vfs_close(pv, opened.pvo_close, NODE, PUFFS_VOPEN_READ, 1);
	CHECK_EQ(puffs_paid_reclaim_new(pv, &reclaim), 0);
	CHECK(reclaim == NULL);
	puffs_vfs_reclaim(reclaim, NODE, 1);
	CHECK_EQ(puffs_vfs_lookup(pv, NULL, NODE, "a/b", 3, 0, 0, &found), EINVAL);
	CHECK_EQ(puffs_vfs_write(pv, NULL, NODE, 0, NULL, 1, 0, &done), EINVAL);
	vm_end(&vm);

	/* With inactive and without close, the last close is inactive alone. */
	vm_mount(&vm, ROOT, UINT64_C(1) << PUFFS_VN_INACTIVE, 0, 0);
	CHECK_EQ(puffs_vfs_open(vm.vm_pv, NULL, NODE, PUFFS_VT_REG, PUFFS_VOPEN_READ, &opened), 0);
	puffs_vfs_close(vm.vm_pv, opened.pvo_close, NODE, PUFFS_VOPEN_READ, 0);
	CHECK_EQ(puffs_vfs_open(vm.vm_pv, NULL, OTHER, PUFFS_VT_REG, PUFFS_VOPEN_READ, &opened), 0);
	puffs_vfs_close(vm.vm_pv, opened.pvo_close, OTHER, PUFFS_VOPEN_READ, 1);
	CHECK_EQ(vm_fetch(&vm, req, body), 0);
	CHECK_EQ(req->preq_optype, PUFFS_VN_INACTIVE);
	CHECK(req->preq_cookie == OTHER);
	vm_end(&vm);
}

int
main(void)
{

	req = user_alloc(sizeof(*req));
	body = user_alloc(BODYLEN);
	nonblock = user_alloc(sizeof(*nonblock));
	boot();
	vm_mount(&vm, ROOT, ALLOPS, 0, 0);
	any_operation();
	nodes_that_cannot_be();
	data_of_wrong_length();
	records_that_do_not_fit();
	nodes_that_the_kernel_has();
	vm_end(&vm);
	no_operations();
	halt();
	return 0;
}
