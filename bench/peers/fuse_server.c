/*
 * fuse_server: the tree of tree.h over /dev/fuse itself, without a library: one thread reads a request, works, and writes the answer.
 *
 *	fuse_server DIRECTORY COUNTS [OPTIONS]	returns once it is mounted; umount ends it
 *
 * Nothing is cached: names and attributes hold for no time, and files are read and written directly.
 */
#include "tree.h"

#include <err.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/uio.h>

#include <linux/fuse.h>

#define MAXDATA (256 << 10)
#define BUFFER (MAXDATA + 4096)

static int device;
static struct counts *counts;
static uint8_t buffer[BUFFER] __attribute__((aligned(4096)));

static const struct {
	uint32_t op;
	const char *name;
} names[] = {
	{ FUSE_LOOKUP, "LOOKUP" }, { FUSE_FORGET, "FORGET" }, { FUSE_BATCH_FORGET, "BATCH_FORGET" }, { FUSE_GETATTR, "GETATTR" },
	{ FUSE_OPEN, "OPEN" }, { FUSE_READ, "READ" }, { FUSE_WRITE, "WRITE" }, { FUSE_STATFS, "STATFS" },
	{ FUSE_RELEASE, "RELEASE" }, { FUSE_FLUSH, "FLUSH" }, { FUSE_OPENDIR, "OPENDIR" }, { FUSE_READDIR, "READDIR" },
	{ FUSE_RELEASEDIR, "RELEASEDIR" }, { FUSE_CREATE, "CREATE" }, { FUSE_UNLINK, "UNLINK" }, { FUSE_INIT, "INIT" },
	{ FUSE_DESTROY, "DESTROY" }, { FUSE_INTERRUPT, "INTERRUPT" }, { FUSE_ACCESS, "ACCESS" }, { FUSE_GETXATTR, "GETXATTR" },
};

/* An answer with data from elsewhere. The caller may have been killed, and the mount may be gone. */
static void
answer(const struct fuse_in_header *in, int error, const void *body, size_t bodylen, const void *data, size_t datalen)
{
	struct fuse_out_header out = { .len = (uint32_t)(sizeof(out) + bodylen + datalen), .error = -error, .unique = in->unique };
	struct iovec iov[] = { { &out, sizeof(out) }, { (void *)(uintptr_t)body, bodylen }, { (void *)(uintptr_t)data, datalen } };

	if (writev(device, iov, datalen != 0 ? 3 : bodylen != 0 ? 2 : 1) == -1 && errno != ENOENT && errno != ENODEV)
		err(1, "an answer to request %u", in->opcode);
}

static struct fuse_attr
attr_of(const struct node *n)
{

	return (struct fuse_attr){ .ino = n->n_ino, .size = n->n_size, .blocks = n->n_size / 512, .atime = TREE_TIME, .mtime = TREE_TIME,
	    .ctime = TREE_TIME, .mode = n->n_mode, .nlink = S_ISDIR(n->n_mode) ? 2 : 1, .blksize = TREE_BLOCKSIZE };
}

static struct fuse_entry_out
entry_of(const struct node *n)
{

	return (struct fuse_entry_out){ .nodeid = n->n_ino, .attr = attr_of(n) };
}

static size_t
list(const struct node *dir, uint64_t off, size_t room, uint8_t *to)
{
	const struct node *n;
	const char *name;
	size_t len, done = 0;

	while ((n = tree_entry(dir, &off, &name, &len)) != NULL) {
		struct fuse_dirent *d = (struct fuse_dirent *)(to + done);
		size_t size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + len);

		if (done + size > room)
			break;
		memset(to + done, 0, size);
		d->ino = n->n_ino;
		d->off = ++off;
		d->namelen = (uint32_t)len;
		d->type = n->n_mode >> 12;
		memcpy(d->name, name, len);
		done += size;
	}
	return done;
}

static void
init(const struct fuse_in_header *in, const struct fuse_init_in *arg)
{
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION, .max_readahead = 0,
	    .flags = arg->flags & (FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_PARALLEL_DIROPS), .max_write = MAXDATA, .max_pages = MAXDATA / 4096,
	    .time_gran = 1 };

	if (arg->major != FUSE_KERNEL_VERSION || arg->minor < 28)
		errx(1, "the kernel speaks version %u.%u", arg->major, arg->minor);
	answer(in, 0, &out, sizeof(out), NULL, 0);
}

static void
operation(const struct fuse_in_header *in, const void *body)
{
	static uint8_t entries[MAXDATA];
	struct node *n, *child;

	if (in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET || in->opcode == FUSE_INTERRUPT)
		return;
	if (in->opcode == FUSE_INIT) {
		init(in, body);
		return;
	}
	if (in->opcode == FUSE_RELEASE || in->opcode == FUSE_RELEASEDIR || in->opcode == FUSE_DESTROY) {
		answer(in, 0, NULL, 0, NULL, 0);
		return;
	}
	if (in->opcode == FUSE_STATFS) {
		struct fuse_statfs_out out = { .st = { .blocks = TREE_BLOCKS, .files = TREE_FILES, .bsize = TREE_BLOCKSIZE,
		    .frsize = TREE_BLOCKSIZE, .namelen = TREE_NAMEMAX } };

		answer(in, 0, &out, sizeof(out), NULL, 0);
		return;
	}
	if ((n = tree_node(in->nodeid)) == NULL) {
		answer(in, ENOENT, NULL, 0, NULL, 0);
		return;
	}
	switch (in->opcode) {
	case FUSE_LOOKUP: {
		struct fuse_entry_out out;

		if ((child = tree_find(n->n_ino, body, strlen(body))) == NULL) {
			answer(in, ENOENT, NULL, 0, NULL, 0);
			break;
		}
		out = entry_of(child);
		answer(in, 0, &out, sizeof(out), NULL, 0);
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = attr_of(n) };

		answer(in, 0, &out, sizeof(out), NULL, 0);
		break;
	}
	case FUSE_OPEN:
	case FUSE_OPENDIR: {
		struct fuse_open_out out = { .open_flags = in->opcode == FUSE_OPEN ? FOPEN_DIRECT_IO : 0 };

		answer(in, 0, &out, sizeof(out), NULL, 0);
		break;
	}
	case FUSE_CREATE: {
		const struct fuse_create_in *arg = body;
		const char *name = (const char *)(arg + 1);
		struct {
			struct fuse_entry_out entry;
			struct fuse_open_out open;
		} out = { .open.open_flags = FOPEN_DIRECT_IO };

		if ((child = tree_find(n->n_ino, name, strlen(name))) != NULL ||
		    (child = tree_add(n->n_ino, name, strlen(name), arg->mode, 0)) == NULL) {
			answer(in, child != NULL ? EEXIST : ENOSPC, NULL, 0, NULL, 0);
			break;
		}
		out.entry = entry_of(child);
		answer(in, 0, &out, sizeof(out), NULL, 0);
		break;
	}
	case FUSE_UNLINK:
		if ((child = tree_find(n->n_ino, body, strlen(body))) != NULL)
			tree_remove(child);
		answer(in, child != NULL ? 0 : ENOENT, NULL, 0, NULL, 0);
		break;
	case FUSE_READ: {
		const struct fuse_read_in *arg = body;

		answer(in, 0, NULL, 0, tree_data + arg->offset, tree_readable(n, arg->offset, arg->size));
		break;
	}
	case FUSE_WRITE: {
		const struct fuse_write_in *arg = body;
		struct fuse_write_out out = { .size = arg->size };

		answer(in, 0, &out, sizeof(out), NULL, 0);
		break;
	}
	case FUSE_READDIR: {
		const struct fuse_read_in *arg = body;
		size_t room = arg->size < sizeof(entries) ? arg->size : sizeof(entries);

		answer(in, 0, NULL, 0, entries, list(n, arg->offset, room, entries));
		break;
	}
	default:
		/* The kernel does not ask again. */
		answer(in, ENOSYS, NULL, 0, NULL, 0);
	}
}

int
main(int argc, char *argv[])
{
	char options[128];
	pid_t pid;
	size_t i;

	if (argc != 3 && argc != 4)
		errx(2, "usage: fuse_server DIRECTORY COUNTS [OPTIONS]");
	tree_init();
	if ((counts = counts_open(argv[2], true)) == NULL)
		err(1, "%s", argv[2]);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		counts_name(counts, names[i].op, names[i].name);
	if ((device = open("/dev/fuse", O_RDWR | O_CLOEXEC)) == -1)
		err(1, "/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0,allow_other%s%s", device, S_IFDIR,
	    argc == 4 ? "," : "", argc == 4 ? argv[3] : "");
	if (mount("fuse_server", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) == -1)
		err(1, "%s", argv[1]);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid != 0) {
		counts->c_pid = pid;
		return 0;
	}
	for (;;) {
		const struct fuse_in_header *in = (const void *)buffer;
		ssize_t len = read(device, buffer, sizeof(buffer));

		if (len == -1 && errno == ENODEV)
			return 0;
		/* A request that was withdrawn before it was read. */
		if (len == -1 && (errno == ENOENT || errno == EINTR))
			continue;
		if (len < (ssize_t)sizeof(*in))
			err(1, "/dev/fuse");
		if (in->opcode < COUNTS_OPS)
			counts->c_ops[in->opcode].co_count++;
		operation(in, in + 1);
	}
}
