/*
 * pages.c: memory, within the limit, and the contents of files in it.
 */
#include "memfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Memory, within the limit. What is fresh is zero. */

bool
mem_take(struct memfs *fs, size_t size)
{
	if (size > fs->fs_limit - fs->fs_used)
		return false;
	fs->fs_used += size;
	return true;
}

void *
mem_alloc(struct memfs *fs, size_t size)
{
	void *p;

	if (!mem_take(fs, size))
		return NULL;
	if ((p = calloc(1, size)) == NULL)
		fs->fs_used -= size;
	return p;
}

void
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
uint8_t *
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
void
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
int
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
void
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

void
file_setsize(struct memfs *fs, struct puffs_node *pn, uint64_t size)
{
	if (size < pn->pn_va.va_size)
		file_empty(fs, pn, size, roundup(pn->pn_va.va_size, PAGEBYTES));
	pn->pn_va.va_size = size;
	/* What was reserved past the old end goes too. */
	file_cut(fs, pn, howmany(size, PAGEBYTES), UINT64_MAX / PAGEBYTES);
}
