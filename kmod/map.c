/*
 * map.c: files in memory. Pages are there for mappings alone, programs that are executed among them: they come with the first access, and
 * go when the file is seen to have changed. What is mapped for all to see can only be read, since nothing here writes pages back.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "vfs.h"

/* The page is locked meanwhile, and this ends when whoever touched it is killed. */
static int
map_read_folio(struct file *file, struct folio *folio)
{
	struct inode *inode = folio->mapping->host;
	struct puffs_vfs *pv = MOUNTED(inode->i_sb)->m_pv;
	struct page *page = &folio->page;
	size_t done = 0;
	struct asker a;
	void *to;
	int error;

	to = kmap_local_page(page);
	error = puffs_vfs_read(pv, puffs_asker(&a), NODE(inode)->n_cookie, folio_pos(folio), to, PAGE_SIZE, 0, &done);
	if (error == 0)
		memset((char *)to + done, 0, PAGE_SIZE - done);
	kunmap_local(to);
	if (error == 0) {
		flush_dcache_page(page);
		folio_mark_uptodate(folio);
	}
	folio_unlock(folio);
	return -error;
}

const struct address_space_operations puffs_map_aops = {
	.read_folio = map_read_folio,
};

int
puffs_map(struct file *file, struct vm_area_struct *vma)
{

	if (file->f_mode & FMODE_STREAM)
		return -ENODEV;
	if (vma->vm_flags & VM_SHARED) {
		if (vma->vm_flags & VM_WRITE)
			return -ENODEV;
		vma->vm_flags &= ~VM_MAYWRITE;
	}
	/* What somebody else changed at the server since the last mapping. */
	(void)invalidate_inode_pages2(file->f_mapping);
	return generic_file_mmap(file, vma);
}
