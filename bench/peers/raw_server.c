/*
 * raw_server: the tree of tree.h over /dev/puffs itself, without the server library: one thread, one system call for an answer and the next
 * requests. It shows what the device can do.
 *
 *	raw_server DIRECTORY COUNTS		returns once it is mounted; umount ends it
 *
 * Nothing is cached, as in fuse_server.c. The kernel side checks answers, so what is not said here is zero.
 */
#include "tree.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include <puffs.h>

#define MAXLEN ((256 << 10) + PUFFS_MSG_ROOM)
#define BATCH 4
#define VFS(op) (UINT64_C(1) << (49 + (op)))
#define VN(op) (UINT64_C(1) << (op))
/* Where the counts of the operations on the file system begin. */
#define FS 64

static int device;
static struct counts *counts;

static const struct {
	unsigned op;
	const char *name;
} names[] = {
	{ PUFFS_VN_LOOKUP, "LOOKUP" }, { PUFFS_VN_CREATE, "CREATE" }, { PUFFS_VN_OPEN, "OPEN" }, { PUFFS_VN_CLOSE, "CLOSE" },
	{ PUFFS_VN_GETATTR, "GETATTR" }, { PUFFS_VN_SETATTR, "SETATTR" }, { PUFFS_VN_READ, "READ" }, { PUFFS_VN_WRITE, "WRITE" },
	{ PUFFS_VN_READDIR, "READDIR" }, { PUFFS_VN_REMOVE, "REMOVE" }, { PUFFS_VN_INACTIVE, "INACTIVE" }, { PUFFS_VN_RECLAIM, "RECLAIM" },
	{ PUFFS_VN_ACCESS, "ACCESS" }, { PUFFS_VN_FSYNC, "FSYNC" }, { FS + PUFFS_VFS_STATVFS, "STATVFS" }, { FS + PUFFS_VFS_SYNC, "SYNC" },
	{ FS + PUFFS_VFS_UNMOUNT, "UNMOUNT" },
};

static uint32_t
vtype(const struct node *n)
{

	return S_ISDIR(n->n_mode) ? VDIR : VREG;
}

static struct puffs_msg_attr
attr_of(const struct node *n)
{
	struct puffs_msg_time t = { .sec = TREE_TIME };

	return (struct puffs_msg_attr){ .vtype = vtype(n), .mode = n->n_mode, .nlink = S_ISDIR(n->n_mode) ? 2 : 1,
	    .fileid = n->n_ino, .size = n->n_size, .blocksize = TREE_BLOCKSIZE, .atime = t, .mtime = t, .ctime = t, .birthtime = t,
	    .bytes = n->n_size };
}

static size_t
node_answer(void *body, const struct node *n)
{
	struct puffs_msg_node_ans *ans = body;

	*ans = (struct puffs_msg_node_ans){ .cookie = n->n_ino, .size = n->n_size, .vtype = vtype(n), .attr = attr_of(n) };
	return sizeof(*ans);
}

static size_t
list(const struct node *dir, uint64_t off, uint32_t room, struct puffs_msg_readdir_ans *ans)
{
	uint8_t *to = (uint8_t *)(ans + 1);
	const struct node *n;
	const char *name;
	size_t len;
	uint32_t done = 0;

	while ((n = tree_entry(dir, &off, &name, &len)) != NULL) {
		struct puffs_msg_dirent *d = (struct puffs_msg_dirent *)(to + done);
		uint32_t size = (uint32_t)(PUFFS_MSG_DIRENT_NAME + len + 1 + 7) & ~7u;

		if (done + size > room)
			break;
		memset(to + done, 0, size);
		d->fileno = n->n_ino;
		d->reclen = (uint16_t)size;
		d->namlen = (uint16_t)len;
		d->dtype = (uint8_t)(n->n_mode >> 12);
		memcpy(to + done + PUFFS_MSG_DIRENT_NAME, name, len);
		done += size;
		off++;
	}
	*ans = (struct puffs_msg_readdir_ans){ .offset = off, .len = done, .eof = n == NULL };
	return sizeof(*ans) + done;
}

/* Puts the answer where the request was; its length, or that of none when preq_rv is an errno value. */
static size_t
fs_operation(struct puffs_req *req)
{
	struct puffs_msg_statvfs_ans *ans = req->preq_aux;

	if (req->preq_optype != PUFFS_VFS_STATVFS) {
		*(struct puffs_msg_ans *)req->preq_aux = (struct puffs_msg_ans){ 0 };
		return sizeof(struct puffs_msg_ans);
	}
	*ans = (struct puffs_msg_statvfs_ans){ .statvfs = { .bsize = TREE_BLOCKSIZE, .frsize = TREE_BLOCKSIZE, .iosize = TREE_BLOCKSIZE,
	    .blocks = TREE_BLOCKS, .files = TREE_FILES, .namemax = TREE_NAMEMAX } };
	return sizeof(*ans);
}

static size_t
node_operation(struct puffs_req *req)
{
	struct node *n = tree_node((uintptr_t)req->preq_cookie), *child;

	if (n == NULL) {
		req->preq_rv = ENOENT;
		return 0;
	}
	switch (req->preq_optype) {
	case PUFFS_VN_LOOKUP: {
		const struct puffs_msg_lookup_req *arg = req->preq_aux;

		if ((child = tree_find(n->n_ino, (const char *)(arg + 1), arg->namelen)) != NULL)
			return node_answer(req->preq_aux, child);
		req->preq_rv = ENOENT;
		return 0;
	}
	case PUFFS_VN_CREATE: {
		const struct puffs_msg_create_req *arg = req->preq_aux;
		const char *name = (const char *)(arg + 1);

		if (tree_find(n->n_ino, name, arg->namelen) != NULL)
			req->preq_rv = EEXIST;
		else if ((child = tree_add(n->n_ino, name, arg->namelen, S_IFREG | (arg->attr.mode & 07777), 0)) == NULL)
			req->preq_rv = ENOSPC;
		else
			return node_answer(req->preq_aux, child);
		return 0;
	}
	case PUFFS_VN_GETATTR: {
		struct puffs_msg_attr_ans *ans = req->preq_aux;

		*ans = (struct puffs_msg_attr_ans){ .attr = attr_of(n) };
		return sizeof(*ans);
	}
	case PUFFS_VN_OPEN: {
		struct puffs_msg_open_ans *ans = req->preq_aux;

		*ans = (struct puffs_msg_open_ans){ .oflags = PUFFS_OPEN_IO_DIRECT };
		return sizeof(*ans);
	}
	case PUFFS_VN_READ: {
		struct puffs_msg_read_req arg = *(const struct puffs_msg_read_req *)req->preq_aux;
		struct puffs_msg_data_ans *ans = req->preq_aux;

		*ans = (struct puffs_msg_data_ans){ .len = (uint32_t)tree_readable(n, arg.offset, arg.len) };
		memcpy(ans + 1, tree_data + arg.offset, ans->len);
		return sizeof(*ans) + ans->len;
	}
	case PUFFS_VN_WRITE: {
		uint32_t len = ((const struct puffs_msg_write_req *)req->preq_aux)->len;
		struct puffs_msg_write_ans *ans = req->preq_aux;

		*ans = (struct puffs_msg_write_ans){ .len = len };
		return sizeof(*ans);
	}
	case PUFFS_VN_READDIR: {
		struct puffs_msg_read_req arg = *(const struct puffs_msg_read_req *)req->preq_aux;

		return list(n, arg.offset, arg.len, req->preq_aux);
	}
	case PUFFS_VN_REMOVE: {
		uint64_t target = ((const struct puffs_msg_name_req *)req->preq_aux)->target;

		if ((child = tree_node(target)) == NULL) {
			req->preq_rv = ENOENT;
			return 0;
		}
		tree_remove(child);
		*(struct puffs_msg_ans *)req->preq_aux = (struct puffs_msg_ans){ 0 };
		return sizeof(struct puffs_msg_ans);
	}
	case PUFFS_VN_CLOSE:
		*(struct puffs_msg_ans *)req->preq_aux = (struct puffs_msg_ans){ 0 };
		return sizeof(struct puffs_msg_ans);
	default:
		req->preq_rv = EOPNOTSUPP;
		return 0;
	}
}

/* An answer is wanted. */
static bool
operation(struct puffs_req *req)
{
	unsigned class = PUFFSOP_OPCLASS(req->preq_opclass), op = req->preq_optype + (class == PUFFSOP_VFS ? FS : 0u);

	if (class == PUFFSOP_ERROR)
		errx(1, "the kernel dislikes an answer: %s", (const char *)((const struct puffs_msg_error_req *)req->preq_aux + 1));
	if (op < COUNTS_OPS)
		counts->c_ops[op].co_count++;
	if (!PUFFSOP_WANTREPLY(req->preq_opclass))
		return false;
	req->preq_rv = 0;
	req->preq_auxlen = class == PUFFSOP_VFS ? fs_operation(req) : node_operation(req);
	return true;
}

static int
serve(void)
{
	static char buffers[BATCH][MAXLEN] __attribute__((aligned(16)));
	struct puffs_req get[BATCH], put[BATCH];
	struct puffs_batch batch = { .pb_put = put, .pb_get = get };
	size_t i;

	for (;;) {
		for (i = 0; i < BATCH; i++)
			get[i] = (struct puffs_req){ .preq_aux = buffers[i], .preq_auxlen = MAXLEN };
		batch.pb_nget = BATCH;
		if (ioctl(device, PUFFSBATCH, &batch) == -1) {
			if (errno == ENXIO || errno == ENOENT)
				return 0;
			if (errno == EINTR)
				continue;
			err(1, "/dev/puffs: %d", batch.pb_nput != 0 ? put[0].preq_rv : 0);
		}
		batch.pb_nput = 0;
		for (i = 0; i < batch.pb_nget; i++)
			if (operation(&get[i]))
				put[batch.pb_nput++] = get[i];
	}
}

int
main(int argc, char *argv[])
{
	const uint64_t ops = VFS(PUFFS_VFS_UNMOUNT) | VFS(PUFFS_VFS_STATVFS) | VFS(PUFFS_VFS_SYNC) | VN(PUFFS_VN_LOOKUP) |
	    VN(PUFFS_VN_CREATE) | VN(PUFFS_VN_OPEN) | VN(PUFFS_VN_CLOSE) | VN(PUFFS_VN_GETATTR) | VN(PUFFS_VN_READ) | VN(PUFFS_VN_WRITE) |
	    VN(PUFFS_VN_READDIR) | VN(PUFFS_VN_REMOVE);
	struct puffs_startreq start = { .psr_cookie = TREE_ROOT };
	char options[256];
	pid_t pid;
	size_t i;

	if (argc != 3)
		errx(2, "usage: raw_server DIRECTORY COUNTS");
	tree_init();
	if ((counts = counts_open(argv[2], true)) == NULL)
		err(1, "%s", argv[2]);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		counts_name(counts, names[i].op, names[i].name);

	if ((device = open("/dev/puffs", O_RDWR | O_CLOEXEC)) == -1)
		err(1, "/dev/puffs");
	snprintf(options, sizeof(options), "fd=%d,version=%d,root=%#x,vtype=%d,size=0,rdev=0,maxlen=%d,ops=%#jx,kflags=%#x,allow_other",
	    device, PUFFS_MSG_VERSION, TREE_ROOT, VDIR, MAXLEN, (uintmax_t)ops, PUFFS_KFLAG_NOCACHE | PUFFS_KFLAG_NOCACHE_ATTR);
	if (mount("raw_server", argv[1], "puffs", MS_NOSUID | MS_NODEV, options) == -1)
		err(1, "%s", argv[1]);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0) {
		counts->c_pid = pid;
		return 0;
	}
	/* Whose process this is done by has the mount die with it. */
	if (ioctl(device, PUFFSSTARTOP, &start) == -1)
		err(1, "PUFFSSTARTOP");
	return serve();
}
