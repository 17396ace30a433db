/*
 * map.c: contents of files in memory: what was read, and what programs have mapped.
 *
 * Pages come with the first access, many at once where a file is read from one end to the other, and go when the file is seen to have
 * changed at the server. Writes go to the server and past the pages; so pages are only ever dirty through a mapping. Those are written when
 * a file is closed, synced, or written or cut by other means, and otherwise when Linux likes.
 *
 * A page that is being written is not marked so while the server works: whoever truncates a file or looks for memory would wait for that,
 * and could not be killed. Its contents are copied, and a reference keeps it in memory meanwhile, lest somebody read from the server what is
 * on its way there. n_flush keeps apart what would be in each other's way at the server.
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/writeback.h>

#include "vfs.h"

/*
 * Reading.
 */

/* Part of what was read becomes a page's contents; behind the end of the file there are zeroes. */
static void
fill(struct page *page, const char *from, size_t have)
{

	have = min_t(size_t, have, PAGE_SIZE);
	memcpy_to_page(page, 0, from, have);
	if (have < PAGE_SIZE)
		memzero_page(page, have, PAGE_SIZE - have);
	SetPageUptodate(page);
}

/*
 * Reads until there is all of it or nothing more comes: servers may answer in pieces. Behind the end of the file nobody asks again, since
 * some servers do not check. Answers with a positive error.
 */
static int
read_whole(struct inode *inode, loff_t pos, char *buf, size_t len, size_t *donep)
{
	struct puffs_vfs *pv = MOUNTED(inode->i_sb)->m_pv;
	size_t done = 0, piece;
	struct asker a;
	int error;

	for (; done < len && pos + (loff_t)done < i_size_read(inode); done += piece) {
		error = puffs_vfs_read(pv, puffs_asker(&a), NODE(inode)->n_cookie, pos + done, buf + done, len - done, 0, &piece);
		if (error != 0)
			return error;
		if (piece == 0)
			break;
	}
	set_bit(NODE_READ, &NODE(inode)->n_flags);
	*donep = done;
	return 0;
}

/* The page is locked meanwhile, and this ends when whoever touched it is killed. */
static int
map_read_folio(struct file *file, struct folio *folio)
{
	size_t done;
	char *buf;
	int error = ENOMEM;

	if ((buf = kmalloc(PAGE_SIZE, GFP_NOFS)) != NULL) {
		if ((error = read_whole(folio->mapping->host, folio_pos(folio), buf, PAGE_SIZE, &done)) == 0)
			fill(&folio->page, buf, done);
		kfree(buf);
	}
	folio_unlock(folio);
	return -error;
}

/* What cannot be read now is asked for again, page by page, by who wants it. */
static void
map_readahead(struct readahead_control *rac)
{
	struct inode *inode = rac->mapping->host;
	size_t most = rounddown(puffs_vfs_maxdata(MOUNTED(inode->i_sb)->m_pv), PAGE_SIZE);
	size_t room = min_t(size_t, readahead_length(rac), most);
	size_t left = readahead_length(rac), want, at, done;
	loff_t pos = readahead_pos(rac);
	struct folio *folio;
	char *buf;

	if (room == 0 || (buf = kvmalloc(room, GFP_NOFS | __GFP_NORETRY | __GFP_NOWARN)) == NULL)
		return;
	/* The control moves on only when the next page is asked for, so it does not tell where we are. */
	for (; left != 0; left -= want, pos += want) {
		want = min(room, left);
		if (read_whole(inode, pos, buf, want, &done) != 0)
			break;
		for (at = 0; at < want && (folio = readahead_folio(rac)) != NULL; at += PAGE_SIZE) {
			fill(&folio->page, buf + at, at < done ? done - at : 0);
			folio_unlock(folio);
		}
	}
	kvfree(buf);
}

/*
 * Forgetting.
 */

/*
 * Waits until nobody is reading a page of a range; to be killed then ends it, which in the dropping that follows would not.
 */
static int
wait_for_readers(struct address_space *mapping, pgoff_t at, pgoff_t end)
{
	struct folio_batch batch;
	unsigned int i;
	int error = 0;

	folio_batch_init(&batch);
	while (error == 0 && filemap_get_folios(mapping, &at, end, &batch) != 0) {
		for (i = 0; i < folio_batch_count(&batch) && error == 0; i++)
			if (folio_test_locked(batch.folios[i]) && (error = folio_lock_killable(batch.folios[i])) == 0)
				folio_unlock(batch.folios[i]);
		folio_batch_release(&batch);
	}
	return error;
}

int
puffs_map_wait(struct inode *inode, loff_t start, loff_t end)
{

	return wait_for_readers(inode->i_mapping, start >> PAGE_SHIFT, end >> PAGE_SHIFT);
}

void
puffs_map_drop(struct inode *inode, loff_t start, loff_t end)
{
	struct address_space *mapping = inode->i_mapping;

	if (mapping->nrpages == 0)
		return;
	if (puffs_map_wait(inode, start, end) == 0)
		(void)invalidate_inode_pages2_range(mapping, start >> PAGE_SHIFT, end >> PAGE_SHIFT);
	else
		/* Whoever comes next does it. */
		set_bit(NODE_STALE, &NODE(inode)->n_flags);
}

void
puffs_map_freshen(struct inode *inode)
{
	struct node *n = NODE(inode);

	/* While something is written, that is what changed it. */
	if (!test_bit(NODE_STALE, &n->n_flags) || !mutex_trylock(&n->n_flush))
		return;
	clear_bit(NODE_STALE, &n->n_flags);
	puffs_map_drop(inode, 0, LLONG_MAX);
	mutex_unlock(&n->n_flush);
}

/*
 * Writing.
 */

/* Memory may be short when pages are written. */
#define MOST (1 << 20)

/* Pages that follow each other, copied. */
struct batch {
	struct inode *b_inode;
	struct writeback_control *b_wbc;
	char *b_buf;
	char *b_spare;			/* a page more, of contents alone */
	struct page **b_pages;
	size_t b_room;
	loff_t b_start;
	size_t b_len;
	unsigned int b_npages;
	bool b_slow;			/* the server was too slow once */
};

static bool
may_pass(int error)
{

	return error == ETIMEDOUT || error == EINTR || error == ENOMEM || error == EAGAIN;
}

/* Sends what there is. What the server could not be told now stays dirty. */
static int
batch_send(struct batch *b)
{
	struct inode *inode = b->b_inode;
	struct mounted *m = MOUNTED(inode->i_sb);
	struct page *page;
	struct asker a;
	unsigned int i;
	size_t done;
	int error;

	if (b->b_npages == 0)
		return 0;
	/* Who cannot be killed waits once, and not for each batch, and each file. */
	if (b->b_slow || (puffs_unkillable() && ktime_get_ns() < READ_ONCE(m->m_slow)))
		error = EAGAIN;
	else {
		(void)puffs_asker_fs(&a);
		/* At the unmount the super block is locked, and everybody's sync(2) waits for it. */
		if (READ_ONCE(m->m_sb) == NULL && a.a_call.pvc_timeout_ns == 0)
			a.a_call.pvc_timeout_ns = PUFFS_SLOW_NS;
		error = puffs_vfs_write(m->m_pv, &a.a_call, NODE(inode)->n_cookie, b->b_start, b->b_buf, b->b_len, 0, &done);
	}
	if (error == 0 && done < b->b_len)
		error = EIO;
	if (error == 0 && READ_ONCE(m->m_slow) != 0)
		WRITE_ONCE(m->m_slow, 0);
	if (error == ETIMEDOUT) {
		WRITE_ONCE(m->m_slow, ktime_get_ns() + PUFFS_SLOW_NS);
		b->b_slow = true;
	}
	for (i = 0; i < b->b_npages; i++) {
		page = b->b_pages[i];
		if (may_pass(error)) {
			lock_page(page);
			if (page->mapping == inode->i_mapping)
				set_page_dirty(page);
			unlock_page(page);
			/* Or Linux takes it for progress, and begins again at once. */
			b->b_wbc->pages_skipped++;
		}
		put_page(page);
	}
	if (error != 0 && !may_pass(error))
		mapping_set_error(inode->i_mapping, -error);
	puffs_attr_changed(inode);
	b->b_npages = 0;
	b->b_len = 0;
	return -error;
}

/* A page that is locked, and not dirty any more. */
static int
batch_add(struct page *page, struct writeback_control *wbc, void *data)
{
	struct batch *b = data;
	loff_t start = page_offset(page), size = i_size_read(b->b_inode);
	size_t len = start >= size ? 0 : min_t(u64, PAGE_SIZE, size - start);
	bool follows = start == b->b_start + b->b_len && b->b_len + len <= b->b_room;
	int error = 0;

	memcpy_from_page(b->b_npages == 0 || follows ? b->b_buf + b->b_len : b->b_spare, page, 0, len);
	get_page(page);
	/* That is what takes the mark of a dirty page away. */
	set_page_writeback(page);
	end_page_writeback(page);
	unlock_page(page);
	if (len == 0) {
		put_page(page);
		return 0;
	}
	if (b->b_npages != 0 && !follows) {
		error = batch_send(b);
		memcpy(b->b_buf, b->b_spare, len);
	}
	if (b->b_npages == 0)
		b->b_start = start;
	b->b_pages[b->b_npages++] = page;
	b->b_len += len;
	return error;
}

/* Nobody who cannot be killed waits for somebody who waits for the server. */
static int
lock_flush(struct node *n)
{

	if (puffs_unkillable())
		return mutex_trylock(&n->n_flush) ? 0 : -EAGAIN;
	return mutex_lock_killable(&n->n_flush);
}

static int
map_writepages(struct address_space *mapping, struct writeback_control *wbc)
{
	struct inode *inode = mapping->host;
	struct node *n = NODE(inode);
	struct batch b = {
		.b_inode = inode,
		.b_wbc = wbc,
		.b_room = min_t(size_t, rounddown(puffs_vfs_maxdata(MOUNTED(inode->i_sb)->m_pv), PAGE_SIZE), MOST),
	};
	int error, last;

	if ((error = lock_flush(n)) != 0)
		return wbc->sync_mode == WB_SYNC_NONE ? 0 : error;
	error = -ENOMEM;
	b.b_buf = kvmalloc(b.b_room + PAGE_SIZE, GFP_NOFS);
	b.b_pages = kvmalloc_array(b.b_room / PAGE_SIZE, sizeof(*b.b_pages), GFP_NOFS);
	if (b.b_buf != NULL && b.b_pages != NULL) {
		b.b_spare = b.b_buf + b.b_room;
		error = write_cache_pages(mapping, wbc, batch_add, &b);
		last = batch_send(&b);
		error = error != 0 ? error : last;
	}
	kvfree(b.b_pages);
	kvfree(b.b_buf);
	mutex_unlock(&n->n_flush);
	/* For that Linux would try again, and again, and nobody could be killed. */
	return error == -ENOMEM ? -EAGAIN : error;
}

int
puffs_map_settle(struct inode *inode)
{
	struct node *n = NODE(inode);
	int error;

	if (!mutex_is_locked(&n->n_flush))
		return 0;
	if ((error = lock_flush(n)) == 0)
		mutex_unlock(&n->n_flush);
	return error;
}

int
puffs_map_flush(struct inode *inode, loff_t start, loff_t end)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	int error;

	/* Whoever cannot be killed has waited long enough, perhaps for another file. Linux itself writes later. */
	if (puffs_unkillable() && ktime_get_ns() < READ_ONCE(m->m_slow))
		return 0;
	if ((error = puffs_map_settle(inode)) != 0)
		return error;
	if (!mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY))
		return 0;
	return filemap_write_and_wait_range(inode->i_mapping, start, end);
}

/* Nobody opens files any more, but they come and go in the list nevertheless. */
void
puffs_map_flush_all(struct super_block *sb)
{
	struct inode *inode, *last = NULL;
	int error;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each_entry(inode, &sb->s_inodes, i_sb_list) {
		spin_lock(&inode->i_lock);
		if ((inode->i_state & (I_FREEING | I_WILL_FREE | I_NEW)) ||
		    (!mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY) && !mutex_is_locked(&NODE(inode)->n_flush))) {
			spin_unlock(&inode->i_lock);
			continue;
		}
		__iget(inode);
		spin_unlock(&inode->i_lock);
		spin_unlock(&sb->s_inode_list_lock);
		/* It keeps our place in the list. */
		iput(last);
		last = inode;
		error = puffs_map_flush(inode, 0, LLONG_MAX);
		if ((error != 0 || mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY)) && !READ_ONCE(MOUNTED(sb)->m_dead))
			pr_warn_ratelimited("unmounted with contents that could not be written\n");
		cond_resched();
		spin_lock(&sb->s_inode_list_lock);
		/* It is too slow for one, and for all. */
		if (error == -ETIMEDOUT)
			break;
	}
	spin_unlock(&sb->s_inode_list_lock);
	iput(last);
}

/*
 * Changes past the pages.
 */

/* They are not dropped instead, since what programs have changed beside it would be dropped too, or written over it. */
void
puffs_map_put(struct inode *inode, loff_t pos, const char *from, size_t len)
{
	struct address_space *mapping = inode->i_mapping;
	struct folio *folio;
	size_t at, part;
	int error = 0;

	if (mapping->nrpages == 0)
		return;
	for (; len != 0 && error == 0; pos += part, from += part, len -= part) {
		at = offset_in_page(pos);
		part = min_t(size_t, len, PAGE_SIZE - at);
		if ((folio = filemap_get_folio(mapping, pos >> PAGE_SHIFT)) == NULL)
			continue;
		if ((error = folio_lock_killable(folio)) == 0) {
			if (folio->mapping == mapping && folio_test_uptodate(folio))
				memcpy_to_page(&folio->page, at, from, part);
			folio_unlock(folio);
		}
		folio_put(folio);
	}
	/* Whoever comes next finds the rest at the server. */
	if (error != 0)
		set_bit(NODE_STALE, &NODE(inode)->n_flags);
}

/* What a mapping has left behind the end does not become contents when the file grows. */
void
puffs_map_size(struct inode *inode, loff_t size)
{
	loff_t before;

	spin_lock(&inode->i_lock);
	before = i_size_read(inode);
	spin_unlock(&inode->i_lock);
	if (size > before && inode->i_mapping->nrpages != 0)
		truncate_pagecache(inode, before);
	spin_lock(&inode->i_lock);
	i_size_write(inode, size);
	spin_unlock(&inode->i_lock);
	/* Equal: somebody may have been told of it before us. */
	if (size <= before)
		truncate_pagecache(inode, size);
}

const struct address_space_operations puffs_map_aops = {
	.read_folio = map_read_folio,
	.readahead = map_readahead,
	.writepages = map_writepages,
	.dirty_folio = filemap_dirty_folio,
	/* Those reads and writes never come here, but for being asked about. */
	.direct_IO = noop_direct_IO,
	.migrate_folio = filemap_migrate_folio,
};

/*
 * Mapping.
 */

/*
 * What is known to be old is not mapped again, if it can be dropped without waiting for anybody: the address space is locked, and whoever
 * only wants to look at the process would wait too.
 */
static void
map_freshen(struct vm_fault *vmf)
{
	struct address_space *mapping = vmf->vma->vm_file->f_mapping;

	/* The second time around it is the page that was read for this. */
	if (!(vmf->flags & FAULT_FLAG_TRIED) && test_bit(NODE_STALE, &NODE(mapping->host)->n_flags))
		(void)invalidate_mapping_pages(mapping, vmf->pgoff, vmf->pgoff);
}

static vm_fault_t
map_fault(struct vm_fault *vmf)
{

	map_freshen(vmf);
	return filemap_fault(vmf);
}

/* What is there already is mapped without further ado, unless it may be old. */
static vm_fault_t
map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{

	if (test_bit(NODE_STALE, &NODE(file_inode(vmf->vma->vm_file))->n_flags))
		return 0;
	return filemap_map_pages(vmf, start, end);
}

static const struct vm_operations_struct map_ops = {
	.fault = map_fault,
	.map_pages = map_pages,
	.page_mkwrite = filemap_page_mkwrite,
};

/* Nor is the server asked here. Contents that are not to be kept are there for private mappings, since nothing can be executed otherwise. */
int
puffs_map(struct file *file, struct vm_area_struct *vma)
{

	if (!puffs_is_cached(file)) {
		if ((file->f_mode & FMODE_STREAM) || (vma->vm_flags & VM_MAYSHARE))
			return -ENODEV;
		invalidate_mapping_pages(file->f_mapping, 0, -1);
	}
	vma->vm_ops = &map_ops;
	return 0;
}
