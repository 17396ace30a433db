/*
 * tree.h: what all peers serve, so that they give the same answers: two directories, files whose contents never change, and places for
 * files that come and go. And what the servers count for the driver.
 *
 *	/file		256 KiB
 *	/dir/f0 ... f7	4 KiB each, and what is created there
 */
#ifndef TREE_H
#define TREE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TREE_ROOT 1
#define TREE_FILE 2
#define TREE_DIR 3
#define TREE_NODES 32
#define TREE_NAMEMAX 31
#define TREE_FILESIZE (256 << 10)
#define TREE_SMALLSIZE 4096
/* All times, in seconds; and a file system's figures. */
#define TREE_TIME 1000000000
#define TREE_BLOCKSIZE 4096
#define TREE_BLOCKS 1000
#define TREE_FILES 100

struct node {
	uint64_t n_ino;			/* 0: a free place. Never the same twice; less 1, modulo TREE_NODES, the place */
	uint64_t n_parent;
	uint64_t n_size;
	uint32_t n_mode;
	uint32_t n_namelen;
	char n_name[TREE_NAMEMAX + 1];
};

static struct node tree_nodes[TREE_NODES];
static unsigned tree_used;		/* no node is at this place or after it */
static uint64_t tree_generation;	/* of the nodes: 0, and then another one for each that comes */
static uint8_t tree_data[TREE_FILESIZE];

static inline struct node *
tree_node(uint64_t ino)
{
	struct node *n = &tree_nodes[(ino - 1) % TREE_NODES];

	return ino != 0 && n->n_ino == ino ? n : NULL;
}

static inline struct node *
tree_find(uint64_t dir, const char *name, size_t len)
{
	unsigned i;

	for (i = 1; i < tree_used; i++) {
		struct node *n = &tree_nodes[i];

		if (n->n_parent == dir && n->n_namelen == len && memcmp(n->n_name, name, len) == 0)
			return n;
	}
	return NULL;
}

/* NULL: no room. */
static inline struct node *
tree_add(uint64_t dir, const char *name, size_t len, uint32_t mode, uint64_t size)
{
	unsigned i;

	if (len > TREE_NAMEMAX)
		return NULL;
	for (i = 0; i < TREE_NODES; i++) {
		struct node *n = &tree_nodes[i];

		if (n->n_ino != 0)
			continue;
		if (tree_used <= i)
			tree_used = i + 1;
		*n = (struct node){ tree_generation * TREE_NODES + i + 1, dir, size, mode, (uint32_t)len, "" };
		memcpy(n->n_name, name, len);
		if (tree_generation != 0)
			tree_generation++;
		return n;
	}
	return NULL;
}

static inline void
tree_remove(struct node *n)
{

	n->n_ino = n->n_parent = 0;
	while (tree_used > 0 && tree_nodes[tree_used - 1].n_ino == 0)
		tree_used--;
}

/* The entry of a directory at *off or after it, whose place *off then is; NULL: no more. The first two are "." and "..". */
static inline const struct node *
tree_entry(const struct node *dir, uint64_t *off, const char **name, size_t *namelen)
{

	if (*off < 2) {
		*name = "..";
		*namelen = *off + 1;
		return *off == 0 ? dir : tree_node(TREE_ROOT);
	}
	for (; *off - 2 < tree_used; ++*off) {
		struct node *n = &tree_nodes[*off - 2];

		if (n->n_ino != 0 && n->n_parent == dir->n_ino) {
			*name = n->n_name;
			*namelen = n->n_namelen;
			return n;
		}
	}
	return NULL;
}

/* How much of a read is before the end of the file. */
static inline size_t
tree_readable(const struct node *n, uint64_t off, size_t len)
{

	if (off >= n->n_size)
		return 0;
	return len < n->n_size - off ? len : n->n_size - off;
}

static inline void
tree_init(void)
{
	char name[] = "f0";
	size_t i;

	for (i = 0; i < TREE_FILESIZE; i++)
		tree_data[i] = (uint8_t)(i * 7 + i / 251);
	tree_add(0, "", 0, S_IFDIR | 0755, TREE_BLOCKSIZE);
	tree_add(TREE_ROOT, "file", 4, S_IFREG | 0644, TREE_FILESIZE);
	tree_add(TREE_ROOT, "dir", 3, S_IFDIR | 0755, TREE_BLOCKSIZE);
	for (; name[1] < '8'; name[1]++)
		tree_add(TREE_DIR, name, 2, S_IFREG | 0644, TREE_SMALLSIZE);
	tree_generation = 1;
}

/*
 * What a server counts, in a file that the driver maps too. A name that is empty is an operation that the server does not know.
 */
#define COUNTS_OPS 128

struct counts {
	int32_t c_pid;			/* of the server */
	int32_t c_pad;
	struct {
		char co_name[16];
		uint64_t co_count;
	} c_ops[COUNTS_OPS];
};

/* NULL: errno says why. */
static inline struct counts *
counts_open(const char *path, bool create)
{
	struct counts *c;
	int fd;

	if ((fd = open(path, create ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDWR | O_CLOEXEC, 0600)) == -1)
		return NULL;
	if (create && ftruncate(fd, sizeof(*c)) == -1)
		return NULL;
	c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return c == MAP_FAILED ? NULL : c;
}

static inline void
counts_name(struct counts *c, unsigned op, const char *name)
{

	strncpy(c->c_ops[op].co_name, name, sizeof(c->c_ops[op].co_name) - 1);
}

#endif
