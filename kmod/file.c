/*
 * file.c: open files. What is read stays in memory (map.c), unless the server or whoever opened the file does not want that; what is
 * written goes to the server at once.
 *
 * A close is paid for when the file is opened, since it happens where nobody can wait.
 */
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "vfs.h"

/* Of open(2)'s flags, those that are Linux' own business. */
#define NOT_THE_SERVERS (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_LARGEFILE | __FMODE_EXEC | __FMODE_NONOTIFY)

static u32
open_mode(const struct file *file)
{

	return (file->f_flags & ~(O_ACCMODE | NOT_THE_SERVERS)) | (((file->f_flags & O_ACCMODE) + 1) & O_ACCMODE);
}

/* The server says no, and not somebody on the way to it. */
static bool
refused(int error)
{

	return error != 0 && error != ENXIO && error != EINTR && error != ETIMEDOUT && error != ENOMEM && error != EPROTO &&
	    error != EDEADLK;
}

/* Counts an open file, or one less. Returns how many there are. */
static u32
node_opened(struct node *n, int more)
{
	u32 opens;

	spin_lock(&n->n_inode.i_lock);
	opens = n->n_opens += more;
	spin_unlock(&n->n_inode.i_lock);
	return opens;
}

int
puffs_open(struct inode *inode, struct file *file)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct puffs_vopened got = { .pvo_size = sizeof(got) };
	struct node *n = NODE(inode);
	struct opened *o;
	struct asker a;
	int error;

	if (!puffs_may_use(m))
		return -EACCES;
	if ((o = kzalloc(sizeof(*o), GFP_KERNEL_ACCOUNT)) == NULL)
		return -ENOMEM;
	mutex_init(&o->o_lock);
	o->o_mode = open_mode(file);
	/* Before the server is asked: who closes it last meanwhile is to see that this one is coming. */
	(void)node_opened(n, 1);
	if ((error = puffs_vfs_open(m->m_pv, puffs_asker(&a), n->n_cookie, n->n_vtype, o->o_mode, &got)) != 0) {
		(void)node_opened(n, -1);
		kfree(o);
		return -error;
	}
	o->o_close = got.pvo_close;
	set_bit(NODE_USED, &n->n_flags);
	if (got.pvo_oflags & PUFFS_VOPEN_DIRECT)
		set_bit(NODE_DIRECT, &n->n_flags);
	puffs_inode_notes(inode, got.pvo_setback & PUFFS_SETBACK_INACT_N1, got.pvo_setback & PUFFS_SETBACK_NOREF_N1);
	file->private_data = o;
	if (!S_ISREG(inode->i_mode))
		return 0;
	/* Who maps it is not to see what was there long ago. */
	if (inode->i_mapping->nrpages != 0)
		(void)puffs_attr_refresh(inode, false);
	file->f_mode |= FMODE_CAN_ODIRECT;
	/* Where nobody may go to another offset, there are none. */
	error = puffs_vfs_seek(m->m_pv, puffs_asker(&a), n->n_cookie, 0, 0);
	if (refused(error))
		return stream_open(inode, file);
	if (error != 0)
		(void)puffs_release(inode, file);
	return -error;
}

int
puffs_release(struct inode *inode, struct file *file)
{
	struct opened *o = file->private_data;
	struct node *n = NODE(inode);
	bool last;

	/* Of a file that was unmapped last, pages may be left to write. */
	if (file->f_mode & FMODE_WRITE)
		(void)puffs_map_flush(inode, 0, LLONG_MAX);
	last = node_opened(n, -1) == 0;
	puffs_vfs_close(MOUNTED(inode->i_sb)->m_pv, o->o_close, n->n_cookie, o->o_mode, last && puffs_inode_rests(inode));
	puffs_vlisting_free(o->o_list);
	puffs_paid_unlock_free(o->o_unlock[0]);
	puffs_paid_unlock_free(o->o_unlock[1]);
	kfree(o);
	return 0;
}

/* Each close(2): who wrote through a mapping hears of errors. */
static int
file_flush(struct file *file, fl_owner_t id)
{
	int error;

	if (!(file->f_mode & FMODE_WRITE))
		return 0;
	error = puffs_map_flush(file_inode(file), 0, LLONG_MAX);
	/* Seen, and not taken: others may have the file open too. */
	return error != 0 ? error : filemap_check_wb_err(file->f_mapping, READ_ONCE(file->f_wb_err));
}

/* The end 0 is that of the file, wherever it is. */
int
puffs_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	struct inode *inode = file_inode(file);
	struct asker a;
	int error;

	if ((error = puffs_map_settle(inode)) != 0 || (error = file_write_and_wait_range(file, start, end)) != 0 ||
	    (error = puffs_map_settle(inode)) != 0)
		return error;
	/* Somebody else had begun to write them, and could not. */
	if (mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY) && (error = file_write_and_wait_range(file, start, end)) != 0)
		return error;
	/* A server need not have an operation for this, but what was written is lost with it. */
	if (READ_ONCE(MOUNTED(inode->i_sb)->m_dead))
		return -ENXIO;
	return -puffs_vfs_fsync(MOUNTED(inode->i_sb)->m_pv, puffs_asker(&a), NODE(inode)->n_cookie,
	    PUFFS_VFSYNC_WAIT | (datasync ? PUFFS_VFSYNC_DATAONLY : 0), start, end == LLONG_MAX ? 0 : end + 1);
}

/*
 * Data.
 */

static u32
io_flags(const struct kiocb *iocb)
{

	return (iocb->ki_filp->f_flags & O_NONBLOCK ? PUFFS_VIO_NDELAY : 0) |
	    (iocb->ki_flags & IOCB_APPEND ? PUFFS_VIO_APPEND : 0);
}

bool
puffs_is_cached(const struct file *file)
{
	struct inode *inode = file_inode(file);

	return !(MOUNTED(inode->i_sb)->m_kflags & PUFFS_KFLAG_NOCACHE_PAGE) && !test_bit(NODE_DIRECT, &NODE(inode)->n_flags) &&
	    !(file->f_flags & O_DIRECT) && !(file->f_mode & FMODE_STREAM);
}

/* Reads past the cache, until the end of the file, or what a stream has now. */
static ssize_t
read_parts(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct puffs_vfs *pv = MOUNTED(inode->i_sb)->m_pv;
	size_t room = min_t(size_t, iov_iter_count(to), puffs_vfs_maxdata(pv));
	bool stream = iocb->ki_filp->f_mode & FMODE_STREAM;
	size_t total = 0, part, done, moved;
	struct asker a;
	int error = 0;
	char *buf;

	if ((buf = kvmalloc(room, GFP_KERNEL_ACCOUNT)) == NULL)
		return -ENOMEM;
	do {
		part = min(room, iov_iter_count(to));
		error = -puffs_vfs_read(pv, puffs_asker(&a), NODE(inode)->n_cookie, stream ? 0 : iocb->ki_pos, buf, part,
		    io_flags(iocb), &done);
		if (error != 0)
			break;
		set_bit(NODE_READ, &NODE(inode)->n_flags);
		moved = copy_to_iter(buf, done, to);
		total += moved;
		if (!stream)
			iocb->ki_pos += moved;
		if (moved < done)
			error = -EFAULT;
	} while (error == 0 && done == part && iov_iter_count(to) != 0 && !stream);
	kvfree(buf);
	return total != 0 ? total : error;
}

static ssize_t
file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	int error;

	if (iov_iter_count(to) == 0)
		return 0;
	/* Its flags may have changed since the call began. */
	if (puffs_is_cached(iocb->ki_filp) && !(iocb->ki_flags & IOCB_DIRECT)) {
		if ((error = puffs_attr_refresh(inode, false)) != 0)
			return error;
		puffs_map_freshen(inode);
		return generic_file_read_iter(iocb, to);
	}
	if ((error = puffs_map_flush(inode, iocb->ki_pos, LLONG_MAX)) != 0)
		return error;
	return read_parts(iocb, to);
}

/* Where a file ends that is written at its end. */
static int
find_end(struct kiocb *iocb)
{

	return iocb->ki_flags & IOCB_APPEND ? puffs_attr_refresh(file_inode(iocb->ki_filp), false) : 0;
}

/*
 * The file is at least that long now. What a mapping has left behind the end does not become contents, and what was written comes into the
 * pages before anybody sees the new size. `from` may be NULL: nothing was written.
 */
static void
written(struct inode *inode, loff_t pos, const char *from, size_t len)
{
	loff_t end = pos + len, before = i_size_read(inode);

	puffs_attr_changed(inode);
	if (end > before && inode->i_mapping->nrpages != 0) {
		if (puffs_map_wait(inode, before, LLONG_MAX) == 0)
			truncate_pagecache(inode, before);
		else
			set_bit(NODE_STALE, &NODE(inode)->n_flags);
	}
	if (from != NULL)
		puffs_map_put(inode, pos, from, len);
	spin_lock(&inode->i_lock);
	if (end > i_size_read(inode))
		i_size_write(inode, end);
	spin_unlock(&inode->i_lock);
}

/*
 * Whether programs have, or may have before a write is over, pages that they change by themselves. A file past the cache gets none any more.
 * There nobody is to wait for a writer whom the server lets wait: perhaps it is for him.
 */
static bool
has_dirty_pages(struct inode *inode)
{
	struct address_space *mapping = inode->i_mapping;

	if (MOUNTED(inode->i_sb)->m_kflags & PUFFS_KFLAG_NOCACHE_PAGE)
		return false;
	return !test_bit(NODE_DIRECT, &NODE(inode)->n_flags) || mapping_writably_mapped(mapping) ||
	    mapping_tagged(mapping, PAGECACHE_TAG_DIRTY) || mapping_tagged(mapping, PAGECACHE_TAG_WRITEBACK);
}

static ssize_t
write_parts(struct kiocb *iocb, struct iov_iter *from)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct puffs_vfs *pv = MOUNTED(inode->i_sb)->m_pv;
	size_t room = min_t(size_t, iov_iter_count(from), puffs_vfs_maxdata(pv));
	bool stream = iocb->ki_filp->f_mode & FMODE_STREAM;
	bool pages = !stream && has_dirty_pages(inode);
	size_t total = 0, part, done;
	struct asker a;
	int error = 0;
	char *buf;

	if ((buf = kvmalloc(room, GFP_KERNEL_ACCOUNT)) == NULL)
		return -ENOMEM;
	while (error == 0 && iov_iter_count(from) != 0) {
		if ((part = copy_from_iter(buf, min(room, iov_iter_count(from)), from)) == 0) {
			error = -EFAULT;
			break;
		}
		/* Pages on their way to the server are older than this, and must not come after it. */
		if (pages && (error = mutex_lock_killable(&NODE(inode)->n_flush)) != 0)
			break;
		done = 0;
		error = -puffs_vfs_write(pv, puffs_asker(&a), NODE(inode)->n_cookie, stream ? 0 : iocb->ki_pos, buf, part,
		    io_flags(iocb), &done);
		if (stream)
			puffs_attr_changed(inode);
		else if (error == 0 && done != 0) {
			written(inode, iocb->ki_pos, buf, done);
			iocb->ki_pos += done;
		}
		if (pages)
			mutex_unlock(&NODE(inode)->n_flush);
		total += done;
		/* A server takes all, or says why not. */
		if (error == 0 && done < part)
			error = -EIO;
	}
	kvfree(buf);
	return total != 0 ? total : error;
}

static ssize_t
file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct inode *inode = file_inode(file);
	ssize_t done;

	inode_lock(inode);
	if ((done = find_end(iocb)) == 0 && (done = generic_write_checks(iocb, from)) > 0 &&
	    (done = file_remove_privs(file)) == 0 &&
	    (done = puffs_map_flush(inode, iocb->ki_pos, iocb->ki_pos + iov_iter_count(from) - 1)) == 0)
		done = write_parts(iocb, from);
	inode_unlock(inode);
	return done > 0 && !(file->f_mode & FMODE_STREAM) ? generic_write_sync(iocb, done) : done;
}

static loff_t
file_llseek(struct file *file, loff_t offset, int whence)
{
	struct inode *inode = file_inode(file);
	loff_t from = file->f_pos, to;
	struct asker a;
	int error;

	if (whence != SEEK_SET && whence != SEEK_CUR && (error = puffs_attr_refresh(inode, false)) != 0)
		return error;
	to = generic_file_llseek(file, offset, whence);
	if (to < 0 || to == from)
		return to;
	error = puffs_vfs_seek(MOUNTED(inode->i_sb)->m_pv, puffs_asker(&a), NODE(inode)->n_cookie, from, to);
	if (error != 0) {
		file->f_pos = from;
		return -error;
	}
	return to;
}

static long
file_fallocate(struct file *file, int mode, loff_t start, loff_t len)
{
	struct inode *inode = file_inode(file);
	struct puffs_vfs *pv = MOUNTED(inode->i_sb)->m_pv;
	struct node *n = NODE(inode);
	struct asker a;
	int error;

	inode_lock(inode);
	if ((error = file_remove_privs(file)) != 0)
		goto out;
	switch (mode) {
	case 0:
		if ((error = inode_newsize_ok(inode, start + len)) == 0)
			error = -puffs_vfs_fallocate(pv, puffs_asker(&a), n->n_cookie, start, len);
		if (error == 0)
			written(inode, start, NULL, len);
		break;
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
		/* What is dirty in the hole must not fill it again. */
		if ((error = puffs_map_wait(inode, start, start + len - 1)) != 0 ||
		    (error = mutex_lock_killable(&n->n_flush)) != 0)
			break;
		error = -puffs_vfs_fdiscard(pv, puffs_asker(&a), n->n_cookie, start, len);
		puffs_attr_changed(inode);
		if (error == 0)
			truncate_pagecache_range(inode, start, start + len - 1);
		mutex_unlock(&n->n_flush);
		break;
	default:
		error = -EOPNOTSUPP;
	}
out:
	inode_unlock(inode);
	return error;
}

#define FILE_OPERATIONS					\
	.owner = THIS_MODULE,				\
	.open = puffs_open,				\
	.flush = file_flush,				\
	.release = puffs_release,			\
	.llseek = file_llseek,				\
	.read_iter = file_read_iter,			\
	.write_iter = file_write_iter,			\
	.mmap = puffs_map,				\
	.fsync = puffs_fsync,				\
	.fallocate = file_fallocate,			\
	.lock = puffs_lock,				\
	.flock = puffs_flock,				\
	.splice_read = generic_file_splice_read,	\
	.splice_write = iter_file_splice_write

const struct file_operations puffs_file_fops = {
	FILE_OPERATIONS,
};

const struct file_operations puffs_polled_fops = {
	FILE_OPERATIONS,
	.poll = puffs_poll,
};

const struct inode_operations puffs_file_iops = {
	.permission = puffs_permission,
	.getattr = puffs_getattr,
	.setattr = puffs_setattr,
	.listxattr = puffs_listxattr,
};
