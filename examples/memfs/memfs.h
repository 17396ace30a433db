/*
 * memfs: a file system in memory, served by an ordinary process.
 *
 *	cd memfs && cc -o memfs *.c $(pkg-config --cflags --libs puffs)
 *	./memfs /mnt				# umount /mnt ends it
 *
 * A small complete puffs file server, meant to be read and to be copied: here the data, in main.c the calls that every server makes, in the other files
 * the operations, each with what it works on. It behaves as Linux's own tmpfs does.
 *
 * A node is a struct puffs_node. Its address is the cookie by which the other side names it, its
 * pn_va holds the attributes, and its pn_data points to what only we know. Operations return 0 or
 * an errno value. They run one after the other on one thread, so that nothing here needs a lock.
 *
 * A node's memory has two owners: the names that lead to it (va_nlink) and the other side, which
 * keeps cookies in its caches. A removed file may still be open. So remove only takes the name
 * away, and the node is freed in reclaim, by which the other side gives the cookie back; a node
 * that still has a name then stays, and the next lookup hands out the same cookie again.
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef MEMFS_H
#define MEMFS_H

#define _DEFAULT_SOURCE 1

#include <sys/param.h>
#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <puffs.h>

#define MEMFS_NAMEMAX   255
#define MEMFS_TARGETMAX 4095 /* of a symbolic link */
#ifndef MEMFS_LINKMAX
#define MEMFS_LINKMAX INT32_MAX
#endif
#define PERMBITS (S_ISUID | S_ISGID | S_ISVTX | S_IRWXU | S_IRWXG | S_IRWXO)

/* Contents are kept in pages, and a page full of pointers fans out to as many pages below it. */
#define PAGESHIFT 12
#define PAGEBYTES ((size_t)1 << PAGESHIFT)
#define FAN       (PAGEBYTES / sizeof(void *))
#define FANSHIFT  9
_Static_assert(sizeof(void *) == 8 && FAN == 1 << FANSHIFT, "a page holds FAN pointers");

/* What -v counts. */
#define COUNTED(X)                                                                                 \
	X(lookup) X(create) X(mkdir) X(mknod) X(symlink) X(link) X(open) X(close) X(getattr)       \
	X(setattr) X(read) X(write) X(fallocate) X(fdiscard) X(readlink) X(readdir) X(remove)      \
	X(rmdir) X(rename) X(getextattr) X(setextattr) X(listextattr) X(deleteextattr)             \
	X(inactive) X(reclaim) X(statvfs)
#define AS_NUMBER(name) OP_##name,
#define AS_STRING(name) #name,
enum op { COUNTED(AS_NUMBER) OP_COUNT };

/* The file system. What users can make grow counts against the limit: nodes, names, contents. */
struct memfs {
	uint64_t fs_limit; /* in bytes */
	uint64_t fs_used;
	uint64_t fs_maxnodes;
	uint64_t fs_nodes;
	ino_t fs_lastino;
	mode_t fs_rootmode;
	uint64_t fs_ops[OP_COUNT];
	uint64_t fs_bytesread;
	uint64_t fs_byteswritten;
};

/* A name in a directory. */
struct entry {
	TAILQ_ENTRY(entry) e_order;
	struct entry *e_chain; /* same hash bucket */
	struct puffs_node *e_node;
	uint64_t e_hash;
	off_t e_off; /* its readdir offset, never used twice in a directory */
	size_t e_len;
	char e_name[];
};
TAILQ_HEAD(entries, entry);

/* An extended attribute: its name with a NUL, then its value. */
struct attribute {
	TAILQ_ENTRY(attribute) a_order;
	int a_ns;
	size_t a_namelen;
	size_t a_size;
	char a_name[];
};
TAILQ_HEAD(attributes, attribute);

/* What only we know of a node. */
struct memnode {
	struct attributes m_attributes;

	/* a directory */
	struct puffs_node *m_parent; /* of the root: itself */
	struct entries m_entries;    /* oldest first */
	struct entry **m_buckets;
	size_t m_nbuckets; /* a power of two */
	size_t m_nentries;
	off_t m_nextoff;
	struct entry *m_resume; /* where the last readdir stopped */

	/* a regular file */
	void *m_tree;
	unsigned m_height;

	/* a symbolic link */
	char *m_target;
};
#define NODEBYTES (sizeof(struct puffs_node) + sizeof(struct memnode))

static inline struct memnode *
MEM(const struct puffs_node *pn)
{
	return pn->pn_data;
}

static inline bool
isdir(const struct puffs_node *pn)
{
	return pn->pn_va.va_type == VDIR;
}

/* Every operation starts here. */
static inline struct memfs *
begin(struct puffs_usermount *pu, enum op op)
{
	struct memfs *fs = puffs_getspecific(pu);

	fs->fs_ops[op]++;
	return fs;
}

static inline struct timespec
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts;
}

static inline void
modified(struct puffs_node *pn)
{
	pn->pn_va.va_mtime = pn->pn_va.va_ctime = now();
}

/* The operations. The name before _fs_ or _node_ is ours to choose; this declares them all with the right arguments. */
PUFFSOP_PROTOS(memfs)

/* pages.c */
bool mem_take(struct memfs *, size_t);
void *mem_alloc(struct memfs *, size_t);
void mem_free(struct memfs *, void *, size_t);
uint8_t *page_find(struct memfs *, struct puffs_node *, uint64_t, bool);
void file_cut(struct memfs *, struct puffs_node *, uint64_t, uint64_t);
int file_fill(struct memfs *, struct puffs_node *, uint64_t, uint64_t);
void file_empty(struct memfs *, struct puffs_node *, uint64_t, uint64_t);
void file_setsize(struct memfs *, struct puffs_node *, uint64_t);

/* dir.c */
#define FIRSTOFF   (DENT_DOTDOT + 1)
#define MINBUCKETS 8
struct entry *dir_find(const struct puffs_node *, const struct puffs_cn *);
void dir_enter(struct puffs_node *, struct entry *, struct puffs_node *);
void dir_leave(struct memfs *, struct puffs_node *, struct entry *);
void dir_named(struct puffs_node *, struct puffs_node *);
void dir_unnamed(struct puffs_node *, struct puffs_node *);
struct entry *entry_new(struct memfs *, const struct puffs_cn *);
void entry_free(struct memfs *, struct entry *);

/* node.c */
struct puffs_node *node_new(struct puffs_usermount *, const struct vattr *, uid_t, gid_t);
void node_free(struct puffs_usermount *, struct puffs_node *);

/* attr.c */
void drop_setid(struct vattr *, const struct puffs_cred *);

/* extattr.c */
void attribute_free(struct memfs *, struct puffs_node *, struct attribute *);

#endif
