/*
 * memfs: a file system in memory, served by an ordinary process.
 *
 *	cc -o memfs memfs.c $(pkg-config --cflags --libs puffs)
 *	./memfs /mnt				# umount /mnt ends it
 *
 * A small complete puffs file server, meant to be read and to be copied. From top to bottom: the
 * data, memory, file contents, extended attributes, directories, nodes, the operations, and main()
 * with the calls every server makes. It behaves as Linux's own tmpfs does.
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

#define _DEFAULT_SOURCE 1

#include <sys/param.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
static const char *const op_names[OP_COUNT] = {COUNTED(AS_STRING)};

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
static struct memfs *
begin(struct puffs_usermount *pu, enum op op)
{
	struct memfs *fs = puffs_getspecific(pu);

	fs->fs_ops[op]++;
	return fs;
}

static struct timespec
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts;
}

static void
modified(struct puffs_node *pn)
{
	pn->pn_va.va_mtime = pn->pn_va.va_ctime = now();
}

/* Memory, within the limit. Fresh memory is zero. */

static bool
mem_take(struct memfs *fs, size_t size)
{
	if (size > fs->fs_limit - fs->fs_used)
		return false;
	fs->fs_used += size;
	return true;
}

static void *
mem_alloc(struct memfs *fs, size_t size)
{
	void *p;

	if (!mem_take(fs, size))
		return NULL;
	if ((p = calloc(1, size)) == NULL)
		fs->fs_used -= size;
	return p;
}

static void
mem_free(struct memfs *fs, void *p, size_t size)
{
	free(p);
	fs->fs_used -= size;
}

/*
 * File contents: a tree of pages. With height 0 the tree is the one data page; with height n it is
 * a page of pointers to FAN trees of height n - 1. NULL anywhere is a hole, which reads as zeros
 * and costs nothing. Bytes of a data page past the end of the file are zero, so that growing a file
 * is only a matter of its size.
 */

/* Finds a data page by its index. NULL: a hole or, if it was to be made, no room for it. */
static uint8_t *
page_find(struct memfs *fs, struct puffs_node *pn, uint64_t index, bool make)
{
	struct memnode *m = MEM(pn);
	void **slot, **top;
	unsigned h;

	while (index >> (FANSHIFT * m->m_height) != 0) { /* beyond what this height reaches */
		if (!make)
			return NULL;
		if (m->m_tree != NULL) {
			if ((top = mem_alloc(fs, PAGEBYTES)) == NULL)
				return NULL;
			top[0] = m->m_tree;
			m->m_tree = top;
		}
		m->m_height++;
	}
	for (slot = &m->m_tree, h = m->m_height;; h--) {
		if (*slot == NULL) {
			if (!make || (*slot = mem_alloc(fs, PAGEBYTES)) == NULL)
				return NULL;
			if (h == 0)
				pn->pn_va.va_bytes += PAGEBYTES;
		}
		if (h == 0)
			return *slot;
		slot = (void **)*slot + ((index >> (FANSHIFT * (h - 1))) & (FAN - 1));
	}
}

/* Frees the data pages [from, to) of a tree, and returns what is left of it. */
static void *
tree_cut(struct memfs *fs, struct puffs_node *pn, void *tree, unsigned height, uint64_t from,
    uint64_t to)
{
	void **sub = tree;
	uint64_t span, first;
	size_t i;

	if (tree == NULL || from >= to || from >> (FANSHIFT * height) != 0)
		return tree; /* nothing there, or not of this tree */
	if (height > 0) {
		span = (uint64_t)1 << (FANSHIFT * (height - 1));
		for (i = from / span; i < FAN && i * span < to; i++) {
			first = i * span;
			sub[i] = tree_cut(fs, pn, sub[i], height - 1,
			    from > first ? from - first : 0, MIN(to - first, span));
		}
		for (i = 0; i < FAN; i++)
			if (sub[i] != NULL)
				return tree;
	} else {
		pn->pn_va.va_bytes -= PAGEBYTES;
	}
	mem_free(fs, tree, PAGEBYTES);
	return NULL;
}

/* Frees the data pages [from, to) of a file, and the height that it does not need without them. */
static void
file_cut(struct memfs *fs, struct puffs_node *pn, uint64_t from, uint64_t to)
{
	struct memnode *m = MEM(pn);
	void **top;
	size_t i;

	m->m_tree = tree_cut(fs, pn, m->m_tree, m->m_height, from, to);
	while (m->m_tree != NULL && m->m_height > 0) {
		top = m->m_tree;
		for (i = 1; i < FAN; i++)
			if (top[i] != NULL)
				return;
		m->m_tree = top[0];
		m->m_height--;
		mem_free(fs, top, PAGEBYTES);
	}
	if (m->m_tree == NULL)
		m->m_height = 0;
}

/* Makes all pages for the bytes [pos, end), or none of them. */
static int
file_fill(struct memfs *fs, struct puffs_node *pn, uint64_t pos, uint64_t end)
{
	uint64_t first = pos / PAGEBYTES, n = howmany(end, PAGEBYTES) - first, i;
	bool *made, full = false;

	if (n > fs->fs_limit / PAGEBYTES || (made = calloc(n, sizeof(*made))) == NULL)
		return ENOSPC;
	for (i = 0; i < n && !full; i++) {
		if (page_find(fs, pn, first + i, false) != NULL)
			continue;
		made[i] = true;
		full = page_find(fs, pn, first + i, true) == NULL;
	}
	while (full && i-- > 0)
		if (made[i])
			file_cut(fs, pn, first + i, first + i + 1);
	free(made);
	return full ? ENOSPC : 0;
}

/* Makes a hole of the bytes [pos, end). */
static void
file_empty(struct memfs *fs, struct puffs_node *pn, uint64_t pos, uint64_t end)
{
	uint64_t stop;
	uint8_t *page;

	file_cut(fs, pn, howmany(pos, PAGEBYTES), end / PAGEBYTES);

	/* The parts of pages at both ends. */
	stop = MIN(end, roundup(pos, PAGEBYTES));
	if (pos < stop && (page = page_find(fs, pn, pos / PAGEBYTES, false)) != NULL)
		memset(page + pos % PAGEBYTES, 0, stop - pos);
	if (end > stop && (page = page_find(fs, pn, end / PAGEBYTES, false)) != NULL)
		memset(page, 0, end % PAGEBYTES);
}

static void
file_setsize(struct memfs *fs, struct puffs_node *pn, uint64_t size)
{
	if (size < pn->pn_va.va_size)
		file_empty(fs, pn, size, roundup(pn->pn_va.va_size, PAGEBYTES));
	pn->pn_va.va_size = size;
	/* What was reserved past the old end goes too. */
	file_cut(fs, pn, howmany(size, PAGEBYTES), UINT64_MAX / PAGEBYTES);
}

/* Extended attributes: a list. Few files have more than two or three. */

static struct attribute *
attribute_find(const struct puffs_node *pn, int ns, const char *name)
{
	struct attribute *a;

	TAILQ_FOREACH (a, &MEM(pn)->m_attributes, a_order)
		if (a->a_ns == ns && strcmp(a->a_name, name) == 0)
			break;
	return a;
}

static char *
attribute_value(struct attribute *a)
{
	return a->a_name + a->a_namelen + 1;
}

static void
attribute_free(struct memfs *fs, struct puffs_node *pn, struct attribute *a)
{
	TAILQ_REMOVE(&MEM(pn)->m_attributes, a, a_order);
	mem_free(fs, a, sizeof(*a) + a->a_namelen + 1 + a->a_size);
}

/*
 * Directories: a hash table for lookups and a list, oldest entry first, for readdir. Offsets only
 * ever grow, so that a scan sees each entry that stays exactly once, whatever is made and removed
 * meanwhile.
 */

#define FIRSTOFF   (DENT_DOTDOT + 1)
#define MINBUCKETS 8

static uint64_t
hash_name(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	while (len-- > 0)
		h = (h ^ (uint8_t)*name++) * 0x100000001b3;
	return h ^ h >> 32;
}

static struct entry *
dir_find(const struct puffs_node *dir, const struct puffs_cn *pcn)
{
	struct memnode *m = MEM(dir);
	uint64_t hash = hash_name(pcn->pcn_name, pcn->pcn_namelen);
	struct entry *e;

	for (e = m->m_buckets[hash & (m->m_nbuckets - 1)]; e != NULL; e = e->e_chain)
		if (e->e_hash == hash && e->e_len == pcn->pcn_namelen &&
		    memcmp(e->e_name, pcn->pcn_name, e->e_len) == 0)
			return e;
	return NULL;
}

/* Doubles the table. Without memory for that the chains just get longer. */
static void
dir_grow(struct memnode *m)
{
	size_t n = 2 * m->m_nbuckets;
	struct entry **buckets = calloc(n, sizeof(*buckets)), *e;

	if (buckets == NULL)
		return;
	TAILQ_FOREACH (e, &m->m_entries, e_order) {
		e->e_chain = buckets[e->e_hash & (n - 1)];
		buckets[e->e_hash & (n - 1)] = e;
	}
	free(m->m_buckets);
	m->m_buckets = buckets;
	m->m_nbuckets = n;
}

static struct entry *
entry_new(struct memfs *fs, const struct puffs_cn *pcn)
{
	struct entry *e = mem_alloc(fs, sizeof(*e) + pcn->pcn_namelen + 1);

	if (e != NULL) {
		e->e_len = pcn->pcn_namelen;
		memcpy(e->e_name, pcn->pcn_name, e->e_len);
		e->e_hash = hash_name(e->e_name, e->e_len);
	}
	return e;
}

static void
entry_free(struct memfs *fs, struct entry *e)
{
	mem_free(fs, e, sizeof(*e) + e->e_len + 1);
}

/* A node has got one more name, in this directory. */
static void
named(struct puffs_node *dir, struct puffs_node *pn)
{
	modified(dir);
	pn->pn_va.va_nlink++;
	pn->pn_va.va_ctime = now();
	if (isdir(pn)) {
		MEM(pn)->m_parent = dir;
		dir->pn_va.va_nlink++; /* its ".." */
	}
}

/* A node has lost a name. It stays, perhaps without any. */
static void
unnamed(struct puffs_node *dir, struct puffs_node *pn)
{
	modified(dir);
	pn->pn_va.va_nlink--;
	pn->pn_va.va_ctime = now();
	if (isdir(pn)) {
		dir->pn_va.va_nlink--;
		if (pn->pn_va.va_nlink == 1) /* only its own "." is left */
			pn->pn_va.va_nlink = 0;
	}
}

/* Puts an entry into a directory. It cannot fail: rename has to rely on that. */
static void
dir_enter(struct puffs_node *dir, struct entry *e, struct puffs_node *pn)
{
	struct memnode *m = MEM(dir);
	struct entry **bucket;

	if (m->m_nentries >= m->m_nbuckets)
		dir_grow(m);
	bucket = &m->m_buckets[e->e_hash & (m->m_nbuckets - 1)];
	e->e_chain = *bucket;
	*bucket = e;
	e->e_node = pn;
	e->e_off = m->m_nextoff++;
	TAILQ_INSERT_TAIL(&m->m_entries, e, e_order);
	dir->pn_va.va_size = ++m->m_nentries;
	named(dir, pn);
}

/* Takes an entry out of a directory and frees it. */
static void
dir_leave(struct memfs *fs, struct puffs_node *dir, struct entry *e)
{
	struct memnode *m = MEM(dir);
	struct entry **link = &m->m_buckets[e->e_hash & (m->m_nbuckets - 1)];

	while (*link != e)
		link = &(*link)->e_chain;
	*link = e->e_chain;
	if (m->m_resume == e)
		m->m_resume = TAILQ_NEXT(e, e_order);
	TAILQ_REMOVE(&m->m_entries, e, e_order);
	dir->pn_va.va_size = --m->m_nentries;
	unnamed(dir, e->e_node);
	entry_free(fs, e);
}

/* The first entry at or after an offset. A scan goes on where it stopped, not from the start. */
static struct entry *
dir_seek(struct memnode *m, off_t off)
{
	struct entry *e = m->m_resume, *prev;

	if (e != NULL && e->e_off >= off) {
		prev = TAILQ_PREV(e, entries, e_order);
		if (prev == NULL || prev->e_off < off)
			return e;
	}
	TAILQ_FOREACH (e, &m->m_entries, e_order)
		if (e->e_off >= off)
			break;
	return e;
}

/* Nodes. */

static struct puffs_node *
node_new(struct puffs_usermount *pu, const struct vattr *vap, uid_t uid, gid_t gid)
{
	struct memfs *fs = puffs_getspecific(pu);
	struct puffs_node *pn = NULL;
	struct memnode *m;
	struct vattr *va;

	if (fs->fs_nodes >= fs->fs_maxnodes || !mem_take(fs, NODEBYTES))
		return NULL;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		goto fail;
	TAILQ_INIT(&m->m_entries);
	TAILQ_INIT(&m->m_attributes);
	if (vap->va_type == VDIR) {
		m->m_nextoff = FIRSTOFF;
		m->m_nbuckets = MINBUCKETS;
		if ((m->m_buckets = calloc(m->m_nbuckets, sizeof(*m->m_buckets))) == NULL)
			goto fail;
	}
	if ((pn = puffs_pn_new(pu, m)) == NULL)
		goto fail;

	va = &pn->pn_va;
	puffs_vattr_null(va);
	va->va_type = vap->va_type;
	va->va_mode = vap->va_mode & PERMBITS;
	va->va_nlink = isdir(pn) ? 1 : 0; /* "." */
	va->va_uid = uid;
	va->va_gid = gid;
	va->va_fileid = ++fs->fs_lastino;
	va->va_size = va->va_bytes = 0;
	va->va_blocksize = PAGEBYTES;
	va->va_rdev = va->va_type == VCHR || va->va_type == VBLK ? vap->va_rdev : 0;
	va->va_birthtime = va->va_atime = va->va_mtime = va->va_ctime = now();
	fs->fs_nodes++;
	return pn;

fail:
	if (m != NULL)
		free(m->m_buckets);
	free(m);
	fs->fs_used -= NODEBYTES;
	return NULL;
}

static void
node_free(struct puffs_usermount *pu, struct puffs_node *pn)
{
	struct memfs *fs = puffs_getspecific(pu);
	struct memnode *m = MEM(pn);
	struct entry *e;

	file_cut(fs, pn, 0, UINT64_MAX / PAGEBYTES);
	if (m->m_target != NULL)
		mem_free(fs, m->m_target, pn->pn_va.va_size);
	while (!TAILQ_EMPTY(&m->m_attributes))
		attribute_free(fs, pn, TAILQ_FIRST(&m->m_attributes));
	while ((e = TAILQ_FIRST(&m->m_entries)) != NULL) { /* at the very end only */
		TAILQ_REMOVE(&m->m_entries, e, e_order);
		entry_free(fs, e);
	}
	free(m->m_buckets);
	free(m);
	puffs_pn_put(pn);
	fs->fs_nodes--;
	fs->fs_used -= NODEBYTES;
}

/*
 * The operations. The name before _fs_ or _node_ is ours to choose; PUFFSOP_PROTOS declares them
 * all with the right arguments.
 */

PUFFSOP_PROTOS(memfs)

int
memfs_fs_statvfs(struct puffs_usermount *pu, struct puffs_statvfs *sb)
{
	struct memfs *fs = begin(pu, OP_statvfs);
	uint64_t left = fs->fs_limit - fs->fs_used;

	sb->f_bsize = sb->f_frsize = PAGEBYTES;
	sb->f_blocks = fs->fs_limit / PAGEBYTES;
	sb->f_bfree = sb->f_bavail = left / PAGEBYTES;
	sb->f_ffree = sb->f_favail = MIN(left / NODEBYTES, fs->fs_maxnodes - fs->fs_nodes);
	sb->f_files = fs->fs_nodes + sb->f_ffree;
	sb->f_namemax = MEMFS_NAMEMAX;
	return 0;
}

/*
 * May the caller do with this name what the lookup is a preparation for? The lookup is the place to
 * ask, before anything is done.
 */
static int
may_change(const struct puffs_node *dir, const struct puffs_node *pn, const struct puffs_cn *pcn)
{
	const struct vattr *va = &dir->pn_va;
	int error;

	switch (pcn->pcn_nameiop) {
	case NAMEI_LOOKUP:
		return 0;
	case NAMEI_CREATE:
		if (pn != NULL)
			return 0; /* the caller will be told EEXIST */
		break;
	case NAMEI_DELETE:
		if (pn == NULL)
			return 0; /* ENOENT */
		break;
	}
	error = puffs_access(
	    va->va_type, va->va_mode, va->va_uid, va->va_gid, PUFFS_VWRITE, pcn->pcn_cred);
	if (error != 0 || pn == NULL || (va->va_mode & S_ISVTX) == 0)
		return error;

	/* In a sticky directory names belong to the owners of the files. */
	if (puffs_cred_isjuggernaut(pcn->pcn_cred) || puffs_cred_isuid(pcn->pcn_cred, va->va_uid) ||
	    puffs_cred_isuid(pcn->pcn_cred, pn->pn_va.va_uid))
		return 0;
	return EPERM;
}

int
memfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn)
{
	struct puffs_node *dir = opc, *pn = NULL;
	struct entry *e;
	int error;

	begin(pu, OP_lookup);
	if (!isdir(dir))
		return ENOTDIR;
	if (pcn->pcn_namelen > MEMFS_NAMEMAX)
		return ENAMETOOLONG;
	if (PCNISDOTDOT(pcn)) {
		if (dir->pn_va.va_nlink > 0) /* a removed directory leads nowhere */
			pn = MEM(dir)->m_parent;
	} else if ((e = dir_find(dir, pcn)) != NULL) {
		pn = e->e_node;
	}
	if ((pcn->pcn_flags & NAMEI_ISLASTCN) != 0 && (error = may_change(dir, pn, pcn)) != 0)
		return error;
	if (pn == NULL)
		return ENOENT;

	puffs_newinfo_setcookie(pni, pn);
	puffs_newinfo_setvtype(pni, pn->pn_va.va_type);
	puffs_newinfo_setsize(pni, pn->pn_va.va_size);
	puffs_newinfo_setrdev(pni, pn->pn_va.va_rdev);
	return 0;
}

/*
 * A file that gets another owner or other contents loses its set-id bits. Without S_IXGRP
 * set-group-id does not mean the group's rights; then it is lost only to strangers.
 */
static void
drop_setid(struct vattr *va, const struct puffs_cred *pcr)
{
	va->va_mode &= ~S_ISUID;
	if ((va->va_mode & S_IXGRP) != 0 ||
	    (!puffs_cred_isjuggernaut(pcr) && !puffs_cred_hasgroup(pcr, va->va_gid)))
		va->va_mode &= ~S_ISGID;
}

/*
 * create, mkdir, mknod, symlink. A lookup for creation has found no such name and has seen that the
 * caller may write here.
 */
static int
make(struct puffs_usermount *pu, struct puffs_node *dir, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap, const char *target)
{
	struct memfs *fs = puffs_getspecific(pu);
	struct puffs_node *pn;
	struct entry *e;
	uid_t uid;
	gid_t gid;

	if (dir->pn_va.va_nlink == 0)
		return ENOENT; /* the directory itself was removed */
	if (dir_find(dir, pcn) != NULL)
		return EEXIST;
	if (vap->va_type == VDIR && dir->pn_va.va_nlink >= MEMFS_LINKMAX)
		return EMLINK;
	if ((vap->va_type == VCHR || vap->va_type == VBLK) &&
	    !puffs_cred_isjuggernaut(pcn->pcn_cred))
		return EPERM;
	if (puffs_cred_getuid(pcn->pcn_cred, &uid) == -1 ||
	    puffs_cred_getgid(pcn->pcn_cred, &gid) == -1)
		uid = gid = 0; /* the kernel itself */
	if (dir->pn_va.va_mode & S_ISGID)
		gid = dir->pn_va.va_gid;

	if ((pn = node_new(pu, vap, uid, gid)) == NULL)
		return ENOSPC;
	if (target != NULL) {
		pn->pn_va.va_size = strlen(target);
		MEM(pn)->m_target = mem_alloc(fs, pn->pn_va.va_size);
		if (MEM(pn)->m_target != NULL)
			memcpy(MEM(pn)->m_target, target, pn->pn_va.va_size);
	}
	if ((target != NULL && MEM(pn)->m_target == NULL) || (e = entry_new(fs, pcn)) == NULL) {
		node_free(pu, pn);
		return ENOSPC;
	}

	/* Set-group-id of a directory goes on to those below; on a file it is for the group's own. */
	if (isdir(pn))
		pn->pn_va.va_mode |= dir->pn_va.va_mode & S_ISGID;
	else if (!puffs_cred_isjuggernaut(pcn->pcn_cred) &&
	    !puffs_cred_hasgroup(pcn->pcn_cred, gid) && (pn->pn_va.va_mode & S_IXGRP) != 0)
		pn->pn_va.va_mode &= ~S_ISGID;
	dir_enter(dir, e, pn);
	pn->pn_va.va_ctime = pn->pn_va.va_birthtime; /* a new node has one time, though its name is newer */
	puffs_newinfo_setcookie(pni, pn);
	return 0;
}

int
memfs_node_create(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap)
{
	begin(pu, OP_create);
	return make(pu, opc, pni, pcn, vap, NULL);
}

int
memfs_node_mkdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap)
{
	begin(pu, OP_mkdir);
	return make(pu, opc, pni, pcn, vap, NULL);
}

int
memfs_node_mknod(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap)
{
	begin(pu, OP_mknod);
	return make(pu, opc, pni, pcn, vap, NULL);
}

int
memfs_node_symlink(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap, const char *target)
{
	begin(pu, OP_symlink);
	if (strlen(target) > MEMFS_TARGETMAX)
		return ENAMETOOLONG;
	return make(pu, opc, pni, pcn, vap, target);
}

int
memfs_node_link(
    struct puffs_usermount *pu, puffs_cookie_t opc, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	struct memfs *fs = begin(pu, OP_link);
	struct puffs_node *dir = opc, *pn = targ;
	struct entry *e;

	if (isdir(pn))
		return EPERM;
	if (dir->pn_va.va_nlink == 0 || pn->pn_va.va_nlink == 0)
		return ENOENT;
	if (dir_find(dir, pcn) != NULL)
		return EEXIST;
	if (pn->pn_va.va_nlink >= MEMFS_LINKMAX)
		return EMLINK;
	if ((e = entry_new(fs, pcn)) == NULL)
		return ENOSPC;
	dir_enter(dir, e, pn);
	return 0;
}

/*
 * Opens and closes come in pairs, one pair for each open(2), with FREAD and FWRITE in the mode. We
 * have nothing to prepare.
 */
int
memfs_node_open(
    struct puffs_usermount *pu, puffs_cookie_t opc, int mode, const struct puffs_cred *pcr)
{
	struct puffs_node *pn = opc;

	(void)pcr;
	begin(pu, OP_open);
	return isdir(pn) && (mode & FWRITE) != 0 ? EISDIR : 0;
}

int
memfs_node_close(
    struct puffs_usermount *pu, puffs_cookie_t opc, int fflag, const struct puffs_cred *pcr)
{
	(void)opc, (void)fflag, (void)pcr;
	begin(pu, OP_close);
	return 0;
}

int
memfs_node_getattr(
    struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *vap, const struct puffs_cred *pcr)
{
	struct puffs_node *pn = opc;

	(void)pcr;
	begin(pu, OP_getattr);
	*vap = pn->pn_va;
	return 0;
}

/*
 * May the caller set this mode? Other than on NetBSD the sticky bit is for everything, and
 * set-group-id for the wrong group is not refused, but left out.
 */
static int
may_chmod(const struct vattr *va, mode_t mode, const struct puffs_cred *pcr)
{
	mode_t changed = mode ^ va->va_mode;

	/* The kernel takes set-id bits from a file for whoever writes to it. */
	if (changed != 0 && (changed & ~(S_ISUID | S_ISGID)) == 0 && (mode & changed) == 0 &&
	    puffs_access(
		va->va_type, va->va_mode, va->va_uid, va->va_gid, PUFFS_VWRITE, pcr) == 0)
		return 0;
	return puffs_access_chmod(
	    va->va_uid, va->va_gid, va->va_type, mode & ~(S_ISVTX | S_ISGID), pcr);
}

/*
 * Fields that are not to be changed hold PUFFS_VNOVAL. All questions come first: either everything
 * is changed or nothing.
 */
int
memfs_node_setattr(struct puffs_usermount *pu, puffs_cookie_t opc, const struct vattr *vap,
    const struct puffs_cred *pcr)
{
	struct memfs *fs = begin(pu, OP_setattr);
	struct puffs_node *pn = opc;
	struct vattr *va = &pn->pn_va;
	bool size = vap->va_size != (u_quad_t)PUFFS_VNOVAL;
	bool mode = vap->va_mode != (mode_t)PUFFS_VNOVAL;
	bool owner = vap->va_uid != (uid_t)PUFFS_VNOVAL || vap->va_gid != (gid_t)PUFFS_VNOVAL;
	bool atime = vap->va_atime.tv_nsec != PUFFS_VNOVAL;
	bool mtime = vap->va_mtime.tv_nsec != PUFFS_VNOVAL;
	int error = 0;

	/* Whether the caller may change the size was asked at open, or before truncate(2). */
	if (size && va->va_type != VREG)
		return isdir(pn) ? EISDIR : EINVAL;
	if (size && vap->va_size > INT64_MAX)
		return EFBIG;
	if (owner)
		error = puffs_access_chown(va->va_uid, va->va_gid, vap->va_uid, vap->va_gid, pcr);
	if (error == 0 && mode)
		error = may_chmod(va, vap->va_mode & PERMBITS, pcr);
	if (error == 0 && (atime || mtime))
		error = puffs_access_times(
		    va->va_uid, va->va_gid, va->va_mode, vap->va_vaflags & VA_UTIMES_NULL, pcr);
	if (error != 0)
		return error;

	if (size) {
		file_setsize(fs, pn, vap->va_size);
		modified(pn);
	}
	puffs_setvattr(va, vap);
	if (atime)
		va->va_atime = vap->va_atime; /* whole: second -1 is not PUFFS_VNOVAL */
	if (mtime)
		va->va_mtime = vap->va_mtime;
	va->va_mode &= PERMBITS;
	if ((owner && !isdir(pn)) || (size && !puffs_cred_isjuggernaut(pcr)))
		drop_setid(va, pcr);
	if (mode && !puffs_cred_isjuggernaut(pcr) && !puffs_cred_hasgroup(pcr, va->va_gid))
		va->va_mode &= ~S_ISGID;
	va->va_ctime = now();
	return 0;
}

/*
 * Reads *resid bytes at most, and leaves in *resid what was not done: here what lies past the end of
 * the file.
 */
int
memfs_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset,
    size_t *resid, const struct puffs_cred *pcr, int ioflag)
{
	struct memfs *fs = begin(pu, OP_read);
	struct puffs_node *pn = opc;
	uint64_t pos = offset, end;
	const uint8_t *page;
	size_t at, n;

	(void)pcr, (void)ioflag;
	if (pn->pn_va.va_type != VREG)
		return isdir(pn) ? EISDIR : EINVAL;
	if (offset < 0)
		return EINVAL;
	if (pos >= pn->pn_va.va_size)
		return 0;
	end = pos + MIN(*resid, pn->pn_va.va_size - pos);
	for (; pos < end; pos += n, buf += n, *resid -= n) {
		at = pos % PAGEBYTES;
		n = MIN(PAGEBYTES - at, end - pos);
		if ((page = page_find(fs, pn, pos >> PAGESHIFT, false)) != NULL)
			memcpy(buf, page + at, n);
		else
			memset(buf, 0, n);
	}
	fs->fs_bytesread += end - (uint64_t)offset;
	pn->pn_va.va_atime = now();
	return 0;
}

int
memfs_node_write(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset,
    size_t *resid, const struct puffs_cred *pcr, int ioflag)
{
	struct memfs *fs = begin(pu, OP_write);
	struct puffs_node *pn = opc;
	uint64_t pos, end;
	size_t at, n;

	if (pn->pn_va.va_type != VREG)
		return isdir(pn) ? EISDIR : EINVAL;
	if (ioflag & PUFFS_IO_APPEND)
		offset = pn->pn_va.va_size;
	if (offset < 0)
		return EINVAL;
	if (*resid == 0)
		return 0;
	pos = offset;
	if (*resid > INT64_MAX - pos)
		return EFBIG;
	end = pos + *resid;

	/* Get all the room first, so that a file never ends up half written. */
	if (file_fill(fs, pn, pos, end) != 0)
		return ENOSPC;
	for (; pos < end; pos += n, buf += n, *resid -= n) {
		at = pos % PAGEBYTES;
		n = MIN(PAGEBYTES - at, end - pos);
		memcpy(page_find(fs, pn, pos >> PAGESHIFT, false) + at, buf, n);
	}
	if (end > pn->pn_va.va_size)
		pn->pn_va.va_size = end;
	if (!puffs_cred_isjuggernaut(pcr))
		drop_setid(&pn->pn_va, pcr);
	fs->fs_byteswritten += end - (uint64_t)offset;
	modified(pn);
	return 0;
}

/* fallocate and fdiscard get a range of a regular file. */
static int
check_range(const struct puffs_node *pn, off_t pos, off_t len)
{
	if (pn->pn_va.va_type != VREG)
		return isdir(pn) ? EISDIR : ENODEV;
	if (pos < 0 || len <= 0)
		return EINVAL;
	return len > INT64_MAX - pos ? EFBIG : 0;
}

int
memfs_node_fallocate(struct puffs_usermount *pu, puffs_cookie_t opc, off_t pos, off_t len)
{
	struct memfs *fs = begin(pu, OP_fallocate);
	struct puffs_node *pn = opc;
	int error;

	if ((error = check_range(pn, pos, len)) != 0 ||
	    (error = file_fill(fs, pn, pos, pos + len)) != 0)
		return error;
	if ((uint64_t)(pos + len) > pn->pn_va.va_size)
		pn->pn_va.va_size = pos + len;
	modified(pn);
	return 0;
}

int
memfs_node_fdiscard(struct puffs_usermount *pu, puffs_cookie_t opc, off_t pos, off_t len)
{
	struct memfs *fs = begin(pu, OP_fdiscard);
	struct puffs_node *pn = opc;
	int error;

	if ((error = check_range(pn, pos, len)) != 0)
		return error;
	file_empty(fs, pn, pos, pos + len);
	modified(pn);
	return 0;
}

int
memfs_node_readlink(struct puffs_usermount *pu, puffs_cookie_t opc, const struct puffs_cred *pcr,
    char *linkname, size_t *linklen)
{
	struct puffs_node *pn = opc;

	(void)pcr;
	begin(pu, OP_readlink);
	if (pn->pn_va.va_type != VLNK)
		return EINVAL;
	*linklen = MIN(*linklen, pn->pn_va.va_size);
	memcpy(linkname, MEM(pn)->m_target, *linklen); /* no NUL */
	pn->pn_va.va_atime = now();
	return 0;
}

/*
 * Fills the buffer with records from *readoff on. An offset stands for the entry to be read next: 0
 * is ".", 1 is "..".
 */
int
memfs_node_readdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_dirent *dent,
    off_t *readoff, size_t *reslen, const struct puffs_cred *pcr, int *eofflag, off_t *cookies,
    size_t *ncookies)
{
	struct puffs_node *dir = opc;
	struct memnode *m = MEM(dir);
	struct puffs_node *dots[] = {dir, m->m_parent};
	struct entry *e;

	(void)pcr;
	begin(pu, OP_readdir);
	*ncookies = 0;
	if (!isdir(dir))
		return ENOTDIR;
	if (*readoff < 0)
		return EINVAL;
	if (dir->pn_va.va_nlink == 0) { /* removed, and still open */
		*eofflag = 1;
		return 0;
	}
	dir->pn_va.va_atime = now();
	for (; *readoff < FIRSTOFF; ++*readoff) {
		if (!puffs_gendotdent(
			&dent, dots[*readoff]->pn_va.va_fileid, (int)*readoff, reslen))
			return 0;
		PUFFS_STORE_DCOOKIE(cookies, ncookies, *readoff + 1);
	}
	for (e = dir_seek(m, *readoff); e != NULL; e = TAILQ_NEXT(e, e_order)) {
		if (!puffs_nextdent(&dent, e->e_name, e->e_node->pn_va.va_fileid,
			puffs_vtype2dt(e->e_node->pn_va.va_type), reslen))
			break;
		*readoff = e->e_off + 1;
		PUFFS_STORE_DCOOKIE(cookies, ncookies, *readoff);
	}
	m->m_resume = e;
	*eofflag = e == NULL;
	return 0;
}

/* remove and rmdir, once it is known that the node may go. */
static int
unmake(struct puffs_usermount *pu, struct puffs_node *dir, struct puffs_node *pn,
    const struct puffs_cn *pcn)
{
	struct entry *e = dir_find(dir, pcn);

	if (e == NULL || e->e_node != pn)
		return ENOENT;
	dir_leave(puffs_getspecific(pu), dir, e);
	if (pn->pn_va.va_nlink == 0) /* not to be kept in caches after the last close */
		puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N2);
	return 0;
}

int
memfs_node_remove(
    struct puffs_usermount *pu, puffs_cookie_t opc, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	begin(pu, OP_remove);
	return isdir(targ) ? EISDIR : unmake(pu, opc, targ, pcn);
}

int
memfs_node_rmdir(
    struct puffs_usermount *pu, puffs_cookie_t opc, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	begin(pu, OP_rmdir);
	if (!isdir(targ))
		return ENOTDIR;
	return MEM(targ)->m_nentries > 0 ? ENOTEMPTY : unmake(pu, opc, targ, pcn);
}

/* targ is the node that has the new name now, NULL if there is none. */
int
memfs_node_rename(struct puffs_usermount *pu, puffs_cookie_t src_dir, puffs_cookie_t src,
    const struct puffs_cn *pcn_src, puffs_cookie_t targ_dir, puffs_cookie_t targ,
    const struct puffs_cn *pcn_targ)
{
	struct memfs *fs = begin(pu, OP_rename);
	struct puffs_node *pn = src, *old = targ, *to = targ_dir, *up;
	struct entry *from, *e;
	int error;

	if (pn == old)
		return 0;
	if (pcn_targ->pcn_namelen > MEMFS_NAMEMAX)
		return ENAMETOOLONG;
	from = dir_find(src_dir, pcn_src);
	e = dir_find(to, pcn_targ);
	if (from == NULL || from->e_node != pn || (e != NULL ? e->e_node : NULL) != old)
		return ENOENT;
	if (to->pn_va.va_nlink == 0)
		return ENOENT;
	if (isdir(pn) && to != src_dir) {
		for (up = to; up != puffs_getroot(pu); up = MEM(up)->m_parent)
			if (up == pn)
				return EINVAL; /* never below itself */
		/* It gets another "..", which is a change of the directory itself. */
		error = puffs_access(VDIR, pn->pn_va.va_mode, pn->pn_va.va_uid, pn->pn_va.va_gid,
		    PUFFS_VWRITE, pcn_src->pcn_cred);
		if (error != 0)
			return error;
		if (old == NULL && to->pn_va.va_nlink >= MEMFS_LINKMAX)
			return EMLINK;
	}
	if (old != NULL) {
		if (isdir(old) != isdir(pn))
			return isdir(old) ? EISDIR : ENOTDIR;
		if (isdir(old) && MEM(old)->m_nentries > 0)
			return ENOTEMPTY;
	}
	if (e == NULL) {
		if ((e = entry_new(fs, pcn_targ)) == NULL)
			return ENOSPC;
		dir_enter(to, e, pn);
	} else { /* a name that stays: whoever reads the directory sees it once */
		e->e_node = pn;
		named(to, pn);
		unnamed(to, old);
	}
	dir_leave(fs, src_dir, from); /* after the other: a node is never without a name */
	return 0;
}

/*
 * Extended attributes. Those of users go with the permission to read and write the file. Those of
 * the system come with Linux's prefix, and are root's to change. There are no access control lists
 * ("system."), since we would have to obey them.
 */
static int
may_attribute(const struct puffs_node *pn, int ns, const char *name, int mode,
    const struct puffs_cred *pcr)
{
	const struct vattr *va = &pn->pn_va;

	if (ns == EXTATTR_NAMESPACE_USER)
		return puffs_access(
		    va->va_type, va->va_mode, va->va_uid, va->va_gid, (mode_t)mode, pcr);
	if (ns != EXTATTR_NAMESPACE_SYSTEM ||
	    (strncmp(name, "trusted.", 8) != 0 && strncmp(name, "security.", 9) != 0))
		return EOPNOTSUPP;
	return mode == PUFFS_VREAD || puffs_cred_isjuggernaut(pcr) ? 0 : EPERM;
}

/* Without a buffer only the size is wanted, and attrsize may be NULL as well. */
int
memfs_node_getextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, const char *name,
    size_t *attrsize, uint8_t *data, size_t *resid, const struct puffs_cred *pcr)
{
	struct attribute *a;
	int error;

	begin(pu, OP_getextattr);
	if ((error = may_attribute(opc, ns, name, PUFFS_VREAD, pcr)) != 0)
		return error;
	if ((a = attribute_find(opc, ns, name)) == NULL)
		return ENODATA;
	if (attrsize != NULL)
		*attrsize = a->a_size;
	if (data == NULL)
		return 0;
	if (*resid < a->a_size)
		return ERANGE;
	memcpy(data, attribute_value(a), a->a_size);
	*resid -= a->a_size;
	return 0;
}

int
memfs_node_setextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, const char *name,
    uint8_t *data, size_t *resid, const struct puffs_cred *pcr)
{
	struct memfs *fs = begin(pu, OP_setextattr);
	struct puffs_node *pn = opc;
	size_t namelen = strlen(name), size = data != NULL ? *resid : 0;
	struct attribute *a, *old;
	int error;

	if ((error = may_attribute(pn, ns, name, PUFFS_VWRITE, pcr)) != 0)
		return error;
	if (namelen == 0 || namelen > MEMFS_NAMEMAX)
		return namelen == 0 ? EINVAL : ERANGE;
	if ((a = mem_alloc(fs, sizeof(*a) + namelen + 1 + size)) == NULL)
		return ENOSPC;
	a->a_ns = ns;
	a->a_namelen = namelen;
	a->a_size = size;
	memcpy(a->a_name, name, namelen);
	if (size > 0) {
		memcpy(attribute_value(a), data, size);
		*resid = 0;
	}
	if ((old = attribute_find(pn, ns, name)) != NULL)
		attribute_free(fs, pn, old);
	TAILQ_INSERT_TAIL(&MEM(pn)->m_attributes, a, a_order);
	pn->pn_va.va_ctime = now();
	return 0;
}

/* Names one after the other, each with a NUL behind it or, if so wished, its length before it. */
int
memfs_node_listextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, size_t *attrssize,
    uint8_t *data, size_t *resid, int flag, const struct puffs_cred *pcr)
{
	bool prefix = (flag & PUFFS_EXTATTR_LIST_LENPREFIX) != 0;
	struct puffs_node *pn = opc;
	struct attribute *a;
	size_t total = 0;

	(void)pcr;
	begin(pu, OP_listextattr);
	TAILQ_FOREACH (a, &MEM(pn)->m_attributes, a_order)
		if (a->a_ns == ns)
			total += a->a_namelen + 1;
	if (attrssize != NULL)
		*attrssize = total;
	if (data == NULL)
		return 0;
	if (*resid < total)
		return ERANGE;
	TAILQ_FOREACH (a, &MEM(pn)->m_attributes, a_order) {
		if (a->a_ns != ns)
			continue;
		if (prefix)
			*data = (uint8_t)a->a_namelen;
		memcpy(data + prefix, a->a_name, a->a_namelen + !prefix);
		data += a->a_namelen + 1;
	}
	*resid -= total;
	return 0;
}

int
memfs_node_deleteextattr(struct puffs_usermount *pu, puffs_cookie_t opc, int ns, const char *name,
    const struct puffs_cred *pcr)
{
	struct memfs *fs = begin(pu, OP_deleteextattr);
	struct puffs_node *pn = opc;
	struct attribute *a;
	int error;

	if ((error = may_attribute(pn, ns, name, PUFFS_VWRITE, pcr)) != 0)
		return error;
	if ((a = attribute_find(pn, ns, name)) == NULL)
		return ENODATA;
	attribute_free(fs, pn, a);
	pn->pn_va.va_ctime = now();
	return 0;
}

/* Nobody uses the node at the moment. One without a name will not be used again. */
int
memfs_node_inactive(struct puffs_usermount *pu, puffs_cookie_t opc)
{
	struct puffs_node *pn = opc;

	begin(pu, OP_inactive);
	if (pn->pn_va.va_nlink == 0)
		puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N1);
	return 0;
}

/* The other side has forgotten the cookie. */
int
memfs_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc)
{
	struct puffs_node *pn = opc;

	begin(pu, OP_reclaim);
	if (pn->pn_va.va_nlink == 0)
		node_free(pu, pn);
	return 0;
}

/* The program. */

static _Noreturn void
usage(void)
{
	fprintf(stderr, "usage: memfs [-sv] [-o option[,option...]] mountpoint\n"
			"  -s            stay in the foreground\n"
			"  -v            print how often each operation ran, at the end\n"
			"  -o size=N     the most memory to use: bytes, or with k, m or g\n"
			"                (without it half of this machine's)\n"
			"  -o nodes=N    the most files and directories\n"
			"  -o mode=N     permissions of the root directory, octal (0755)\n");
	exit(EXIT_FAILURE);
}

static uint64_t
parse_size(const char *text)
{
	static const char units[] = "kmg";
	const char *unit;
	uint64_t n;
	char *end;
	int shift = 0;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end != '\0' && (unit = strchr(units, *end)) != NULL) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (isdigit((unsigned char)*text) && errno == 0 && *end == '\0' &&
	    n <= UINT64_MAX >> shift && n << shift >= PAGEBYTES)
		return n << shift;
	warnx("bad size: %s", text);
	usage();
}

static uint64_t
parse_nodes(const char *text)
{
	uint64_t n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (isdigit((unsigned char)*text) && errno == 0 && *end == '\0' && n > 0)
		return n;
	warnx("bad number of nodes: %s", text);
	usage();
}

static mode_t
parse_mode(const char *text)
{
	unsigned long n;
	char *end;

	n = strtoul(text, &end, 8);
	if (!isdigit((unsigned char)*text) || *end != '\0' || n > PERMBITS) {
		warnx("bad mode: %s", text);
		usage();
	}
	return (mode_t)n;
}

static void
parse_options(struct memfs *fs, char *options)
{
	static char size[] = "size", nodes[] = "nodes", mode[] = "mode";
	char *const names[] = {size, nodes, mode, NULL};
	char *value, *word;

	while (*options != '\0') {
		word = options;
		switch (getsubopt(&options, names, &value)) {
		case 0:
			fs->fs_limit = parse_size(value != NULL ? value : "");
			break;
		case 1:
			fs->fs_maxnodes = parse_nodes(value != NULL ? value : "");
			break;
		case 2:
			fs->fs_rootmode = parse_mode(value != NULL ? value : "");
			break;
		default:
			warnx("unknown option: %s", word);
			usage();
		}
	}
}

static void
print_counts(const struct memfs *fs)
{
	int i;

	for (i = 0; i < OP_COUNT; i++)
		printf("memfs: %-13s %10" PRIu64 "\n", op_names[i], fs->fs_ops[i]);
	printf("memfs: bytes read %" PRIu64 ", bytes written %" PRIu64 "\n", fs->fs_bytesread,
	    fs->fs_byteswritten);
	fflush(stdout);
}

static void *
walk_free(struct puffs_usermount *pu, struct puffs_node *pn, void *arg)
{
	(void)arg;
	node_free(pu, pn);
	return NULL; /* not NULL would end the walk */
}

int
main(int argc, char **argv)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct memfs fs = {.fs_rootmode = 0755, .fs_maxnodes = UINT64_MAX};
	struct puffs_usermount *pu;
	struct puffs_ops *pops;
	struct puffs_node *root;
	struct vattr va;
	struct stat st;
	bool foreground = false, verbose = false;
	char *dir;
	size_t i;
	int ch;

	fs.fs_limit = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
	while ((ch = getopt(argc, argv, "so:v")) != -1) {
		switch (ch) {
		case 's':
			foreground = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'o':
			parse_options(&fs, optarg);
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 1)
		usage();

	/* Now, while messages still reach a terminal and a relative path still holds. */
	if ((dir = realpath(argv[0], NULL)) == NULL || stat(dir, &st) == -1)
		err(EXIT_FAILURE, "%s", argv[0]);
	if (!S_ISDIR(st.st_mode))
		errx(EXIT_FAILURE, "%s: not a directory", argv[0]);

	/* 1. The table of operations, which puffs_init takes over. The rest is answered for us. */
	PUFFSOP_INIT(pops);
	if (pops == NULL)
		err(EXIT_FAILURE, "out of memory");
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SET(pops, memfs, fs, statvfs);
	PUFFSOP_SET(pops, memfs, node, lookup);
	PUFFSOP_SET(pops, memfs, node, create);
	PUFFSOP_SET(pops, memfs, node, mkdir);
	PUFFSOP_SET(pops, memfs, node, mknod);
	PUFFSOP_SET(pops, memfs, node, symlink);
	PUFFSOP_SET(pops, memfs, node, link);
	PUFFSOP_SET(pops, memfs, node, open);
	PUFFSOP_SET(pops, memfs, node, close);
	PUFFSOP_SET(pops, memfs, node, getattr);
	PUFFSOP_SET(pops, memfs, node, setattr);
	PUFFSOP_SET(pops, memfs, node, read);
	PUFFSOP_SET(pops, memfs, node, write);
	PUFFSOP_SET(pops, memfs, node, fallocate);
	PUFFSOP_SET(pops, memfs, node, fdiscard);
	PUFFSOP_SET(pops, memfs, node, readlink);
	PUFFSOP_SET(pops, memfs, node, readdir);
	PUFFSOP_SET(pops, memfs, node, remove);
	PUFFSOP_SET(pops, memfs, node, rmdir);
	PUFFSOP_SET(pops, memfs, node, rename);
	PUFFSOP_SET(pops, memfs, node, getextattr);
	PUFFSOP_SET(pops, memfs, node, setextattr);
	PUFFSOP_SET(pops, memfs, node, listextattr);
	PUFFSOP_SET(pops, memfs, node, deleteextattr);
	PUFFSOP_SET(pops, memfs, node, inactive);
	PUFFSOP_SET(pops, memfs, node, reclaim);

	/* 2. The context, and our pointer in it. */
	if ((pu = puffs_init(pops, "memfs", "memfs", &fs, 0)) == NULL)
		err(EXIT_FAILURE, "puffs_init");

	/* 3. The root: no lookup leads to it, it is its own parent, and it is never reclaimed. */
	puffs_vattr_null(&va);
	va.va_type = VDIR;
	va.va_mode = fs.fs_rootmode;
	if ((root = node_new(pu, &va, geteuid(), getegid())) == NULL)
		err(EXIT_FAILURE, "out of memory");
	root->pn_va.va_nlink = 2;
	MEM(root)->m_parent = root;
	puffs_setroot(pu, root);

	/* 4. Signals that unmount. */
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (puffs_unmountonsignal(ends[i], true) == -1)
			err(EXIT_FAILURE, "signal %d", ends[i]);

	/* 5. Into the background. The parent waits for the mount and exits with its result. */
	if (!foreground && puffs_daemon(pu, 0, verbose) == -1)
		err(EXIT_FAILURE, "cannot go into the background");

	/* 6. The mount, and the work, until somebody unmounts. */
	if (puffs_mount(pu, dir, 0, root) == -1)
		err(EXIT_FAILURE, "cannot mount on %s", dir);
	if (puffs_mainloop(pu) == -1)
		err(EXIT_FAILURE, "cannot go on serving %s", dir);

	/* 7. Unmounted. */
	if (verbose)
		print_counts(&fs);
	puffs_pn_nodewalk(pu, walk_free, NULL);
	puffs_cancel(pu, 0);
	free(dir);
	return EXIT_SUCCESS;
}
