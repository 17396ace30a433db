/*
 * stale.c: what the server says is stale, since it has changed something on its own. It says so on a thread that others may be waiting for, so
 * nothing here waits for a page or a name that is in use: it is marked, and who comes next asks the server again.
 */
#include <linux/backing-dev.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/writeback.h>

#include "vfs.h"

/* On a thread of Linux'. An unmount that has begun writes by itself. */
static void
write_main(struct work_struct *work)
{
	struct mounted *m = container_of(work, struct mounted, m_write);
	struct super_block *sb = READ_ONCE(m->m_sb);

	if (sb == NULL || !down_read_trylock(&sb->s_umount))
		return;
	writeback_inodes_sb(sb, WB_REASON_SYNC);
	up_read(&sb->s_umount);
}

void
puffs_stale_init(struct mounted *m)
{

	INIT_WORK(&m->m_write, write_main);
}

void
puffs_stale_end(struct mounted *m)
{

	cancel_work_sync(&m->m_write);
}

/* Whole pages of a regular file, none of them beyond its end. Returns 0 or an errno value. */
static int
range(struct inode *inode, const struct puffs_stale *stale, loff_t *start, loff_t *len)
{
	u64 last = round_up((u64)i_size_read(inode), PAGE_SIZE);

	if (!S_ISREG(inode->i_mode) || stale->pst_start > last || stale->pst_end > last)
		return EINVAL;
	*start = round_down(stale->pst_start, PAGE_SIZE);
	*len = stale->pst_end == 0 ? 0 : round_up(stale->pst_end, PAGE_SIZE) - *start;
	return 0;
}

/* What is mapped is mapped again at the next access, which sees the mark; what programs have changed there will be written. */
static void
drop(struct inode *inode, loff_t start, loff_t len)
{
	struct address_space *mapping = inode->i_mapping;

	puffs_attr_changed(inode);
	if (mapping->nrpages == 0)
		return;
	set_bit(NODE_STALE, &NODE(inode)->n_flags);
	unmap_mapping_range(mapping, start, len, 0);
	(void)invalidate_mapping_pages(mapping, start >> PAGE_SHIFT, len == 0 ? -1 : (start + len - 1) >> PAGE_SHIFT);
}

static int
stale_node(struct mounted *m, struct inode *inode, const struct puffs_stale *stale)
{
	loff_t start, len;
	int error;

	if (stale->pst_what == PUFFS_STALE_NAMES) {
		if (!S_ISDIR(inode->i_mode))
			return EINVAL;
		atomic64_inc(&NODE(inode)->n_names);
		return 0;
	}
	if ((error = range(inode, stale, &start, &len)) != 0)
		return error;
	if (stale->pst_what == PUFFS_STALE_PAGES)
		drop(inode, start, len);
	else if (mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY))
		schedule_work(&m->m_write);
	return 0;
}

/* With m_late held the mount stays what it is; who has it waits for nobody. */
int
puffs_stale(void *data, const struct puffs_stale *stale)
{
	struct mounted *m = data;
	struct inode *inode = NULL;
	int error = ENOENT;

	if (stale->pst_what == PUFFS_STALE_ALLNAMES) {
		atomic64_inc(&m->m_names);
		return 0;
	}
	mutex_lock(&m->m_late);
	if (m->m_sb != NULL)
		inode = puffs_inode_known(m->m_sb, (void *)(uintptr_t)stale->pst_cookie);
	if (inode != NULL) {
		error = stale_node(m, inode, stale);
		iput(inode);
	}
	mutex_unlock(&m->m_late);
	return error;
}
