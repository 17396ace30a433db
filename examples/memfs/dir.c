/*
 * dir.c: directories: a hash table for lookups and a list, oldest entry first, for readdir. Offsets only ever grow, so that a scan sees each entry
 * that stays exactly once, whatever is made and removed meanwhile.
 */
#include "memfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t
hash_name(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	while (len-- > 0)
		h = (h ^ (uint8_t)*name++) * 0x100000001b3;
	return h ^ h >> 32;
}

struct entry *
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

struct entry *
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

void
entry_free(struct memfs *fs, struct entry *e)
{
	mem_free(fs, e, sizeof(*e) + e->e_len + 1);
}

/* A node has got one more name, in this directory. */
void
dir_named(struct puffs_node *dir, struct puffs_node *pn)
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
void
dir_unnamed(struct puffs_node *dir, struct puffs_node *pn)
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
void
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
	dir_named(dir, pn);
}

/* Takes an entry out of a directory and frees it. */
void
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
	dir_unnamed(dir, e->e_node);
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
