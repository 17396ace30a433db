/*
 * attr.c: attributes, and who may do what.
 *
 * Attributes hold for as long as the server says, or a second, or not at all (PUFFS_KFLAG_CACHE_FS_TTL, PUFFS_KFLAG_NOCACHE_ATTR). An answer
 * may be older than a change that went through this kernel meanwhile; so each change takes a number, and what was asked for before the last
 * change of a node is not taken over.
 *
 * A server with an access operation is asked who may do what, at every step; otherwise Linux judges by owner and mode.
 */
#include <linux/pagemap.h>
#include <linux/stat.h>

#include "vfs.h"

static const struct puffs_msg_time second = { .sec = 1 };

static const umode_t type_bits[] = {
	[PUFFS_VT_REG] = S_IFREG, [PUFFS_VT_DIR] = S_IFDIR, [PUFFS_VT_BLK] = S_IFBLK, [PUFFS_VT_CHR] = S_IFCHR,
	[PUFFS_VT_LNK] = S_IFLNK, [PUFFS_VT_SOCK] = S_IFSOCK, [PUFFS_VT_FIFO] = S_IFIFO,
};

umode_t
puffs_type_bits(u32 vtype)
{

	return vtype < ARRAY_SIZE(type_bits) ? type_bits[vtype] : 0;
}

u32
puffs_vtype(umode_t mode)
{
	u32 vtype;

	for (vtype = ARRAY_SIZE(type_bits) - 1; vtype > 0; vtype--)
		if (type_bits[vtype] == (mode & S_IFMT))
			break;
	return vtype;
}

/*
 * How long something holds.
 */

static u64
until(const struct mounted *m, u32 never, const struct puffs_msg_time *ttl)
{
	u64 now = ktime_get_ns();
	u64 span;

	if (m->m_kflags & never)
		return 0;
	if (!(m->m_kflags & PUFFS_KFLAG_CACHE_FS_TTL))
		ttl = &second;
	/* Spans are not negative; the longest are for ever. */
	span = ttl->sec >= KTIME_SEC_MAX ? KTIME_MAX : ttl->sec * NSEC_PER_SEC + ttl->nsec;
	return span == 0 ? 0 : now + span;
}

u64
puffs_attr_until(const struct mounted *m, const struct puffs_msg_time *ttl)
{

	return until(m, PUFFS_KFLAG_NOCACHE_ATTR, ttl);
}

u64
puffs_name_until(const struct mounted *m, const struct puffs_msg_time *ttl)
{

	return until(m, PUFFS_KFLAG_NOCACHE_NAME, ttl);
}

/* Of a server that is gone nothing holds. */
static bool
holds(const struct node *n)
{

	return ktime_get_ns() < READ_ONCE(n->n_until) && !READ_ONCE(MOUNTED(n->n_inode.i_sb)->m_dead);
}

void
puffs_attr_changed(struct inode *inode)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct node *n = NODE(inode);

	spin_lock(&inode->i_lock);
	n->n_changed = atomic64_inc_return(&m->m_changes);
	WRITE_ONCE(n->n_until, 0);
	spin_unlock(&inode->i_lock);
}

/*
 * Taking attributes over.
 */

#define GIVEN(value) ((value) != (typeof(value))PUFFS_MSG_NOVAL)

static void
take_time(struct timespec64 *to, const struct puffs_msg_time *from)
{

	if (GIVEN((u64)from->sec) || GIVEN((u64)from->nsec))
		*to = (struct timespec64){ from->sec, from->nsec };
}

/* With the inode's lock held. Returns whether what is cached of the contents is out of date. */
static bool
take(struct node *n, const struct puffs_msg_attr *attr)
{
	struct inode *inode = &n->n_inode;
	struct timespec64 mtime = inode->i_mtime, ctime = inode->i_ctime;
	loff_t size = i_size_read(inode);

	if (GIVEN(attr->mode))
		inode->i_mode = (inode->i_mode & S_IFMT) | (attr->mode & 07777);
	if (GIVEN(attr->nlink))
		set_nlink(inode, attr->nlink);
	if (GIVEN(attr->uid))
		inode->i_uid = make_kuid(&init_user_ns, attr->uid);
	if (GIVEN(attr->gid))
		inode->i_gid = make_kgid(&init_user_ns, attr->gid);
	if (GIVEN(attr->fileid))
		inode->i_ino = attr->fileid;
	if (GIVEN(attr->gen))
		inode->i_generation = attr->gen;
	if (GIVEN(attr->size) && n->n_vtype != PUFFS_VT_BLK && n->n_vtype != PUFFS_VT_CHR)
		i_size_write(inode, attr->size);
	inode->i_blocks = DIV_ROUND_UP_ULL(GIVEN(attr->bytes) ? attr->bytes : (u64)i_size_read(inode), 512);
	if (attr->blocksize > 0 && attr->blocksize <= 1 << 20)
		n->n_blksize = attr->blocksize;
	take_time(&inode->i_atime, &attr->atime);
	take_time(&inode->i_mtime, &attr->mtime);
	take_time(&inode->i_ctime, &attr->ctime);
	/* Set-id bits and capabilities, which may be new: writing has to take them away again. */
	if ((inode->i_mode & (S_ISUID | S_ISGID)) || !timespec64_equal(&ctime, &inode->i_ctime))
		inode_set_flags(inode, 0, S_NOSEC);
	if (GIVEN((u64)attr->birthtime.sec) || GIVEN((u64)attr->birthtime.nsec)) {
		take_time(&n->n_btime, &attr->birthtime);
		set_bit(NODE_BORN, &n->n_flags);
	}
	return size != i_size_read(inode) || !timespec64_equal(&mtime, &inode->i_mtime);
}

void
puffs_attr_store(struct inode *inode, const struct puffs_msg_attr *attr, const struct puffs_msg_time *ttl, u64 asked)
{
	struct node *n = NODE(inode);
	bool other = false;

	spin_lock(&inode->i_lock);
	if (n->n_changed <= asked) {
		other = take(n, attr);
		WRITE_ONCE(n->n_until, puffs_attr_until(MOUNTED(inode->i_sb), ttl));
	}
	spin_unlock(&inode->i_lock);
	if (other && inode->i_mapping->nrpages != 0) {
		set_bit(NODE_STALE, &n->n_flags);
		puffs_map_freshen(inode);
	}
}

int
puffs_attr_refresh(struct inode *inode, bool always)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct puffs_vattrs got = { .pvs_size = sizeof(got) };
	u64 asked = puffs_changes(m);
	struct asker a;
	int error;

	if (READ_ONCE(m->m_dead))
		return -ENXIO;
	if (!puffs_has(m, PUFFS_VN_GETATTR) || (!always && holds(NODE(inode))))
		return 0;
	if ((error = puffs_vfs_getattr(m->m_pv, puffs_asker(&a), NODE(inode)->n_cookie, &got)) != 0)
		return -error;
	puffs_attr_store(inode, &got.pvs_attr, &got.pvs_ttl, asked);
	return 0;
}

/*
 * What Linux asks.
 */

int
puffs_permission(struct user_namespace *ns, struct inode *inode, int mask)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct node *n = NODE(inode);
	bool asks = puffs_has(m, PUFFS_VN_ACCESS);
	struct asker a;
	int error;

	if (!puffs_may_use(m))
		return -EACCES;
	if ((mask & MAY_NOT_BLOCK) && (asks || (mask & MAY_WRITE) || (puffs_has(m, PUFFS_VN_GETATTR) && !holds(n))))
		return -ECHILD;
	/* Writing is asked about in any case: a server without an operation for it says no without being asked. */
	if ((asks && (mask & (MAY_READ | MAY_WRITE | MAY_EXEC))) || (mask & MAY_WRITE)) {
		error = puffs_vfs_access(m->m_pv, puffs_asker(&a), n->n_cookie, n->n_vtype,
		    mask & (MAY_READ | MAY_WRITE | MAY_EXEC));
		if (error != 0)
			return -error;
	}
	/* The bits of execution are Linux' business too. */
	if (asks && !(S_ISREG(inode->i_mode) && (mask & MAY_EXEC)))
		return 0;
	if (!(mask & MAY_NOT_BLOCK) && (error = puffs_attr_refresh(inode, false)) != 0)
		return error;
	if (asks)
		return inode->i_mode & 0111 ? 0 : -EACCES;
	return generic_permission(ns, inode, mask);
}

int
puffs_getattr(struct user_namespace *ns, const struct path *path, struct kstat *stat, u32 mask, unsigned int flags)
{
	struct inode *inode = d_inode(path->dentry);
	struct mounted *m = MOUNTED(inode->i_sb);
	unsigned int how = flags & AT_STATX_SYNC_TYPE;
	struct node *n = NODE(inode);
	bool always;
	int error;

	if (!puffs_may_use(m))
		return -EACCES;
	if (how != AT_STATX_DONT_SYNC) {
		/* The server moves the time of access when it is read from, unless it has said for how long all this holds. */
		always = (mask & STATX_ATIME) && test_and_clear_bit(NODE_READ, &n->n_flags) &&
		    !(m->m_kflags & PUFFS_KFLAG_CACHE_FS_TTL);
		if ((error = puffs_attr_refresh(inode, always || how == AT_STATX_FORCE_SYNC)) != 0)
			return error;
	}
	generic_fillattr(ns, inode, stat);
	stat->blksize = n->n_blksize;
	if (test_bit(NODE_BORN, &n->n_flags)) {
		stat->btime = n->n_btime;
		stat->result_mask |= STATX_BTIME;
	}
	return 0;
}

static struct puffs_msg_time
given_time(const struct timespec64 *time)
{

	return (struct puffs_msg_time){ time->tv_sec, time->tv_nsec };
}

static void
wanted(struct puffs_msg_attr *attr, const struct iattr *set)
{
	unsigned int valid = set->ia_valid;

	puffs_vattr_none(attr);
	if (valid & ATTR_MODE)
		attr->mode = set->ia_mode & 07777;
	if (valid & ATTR_UID)
		attr->uid = from_kuid(&init_user_ns, set->ia_uid);
	if (valid & ATTR_GID)
		attr->gid = from_kgid(&init_user_ns, set->ia_gid);
	if (valid & ATTR_SIZE)
		attr->size = set->ia_size;
	if (valid & ATTR_ATIME)
		attr->atime = given_time(&set->ia_atime);
	/* Who cuts a file need not be its owner, who alone may set the time: it is the server's to move then. */
	if ((valid & ATTR_MTIME_SET) || (valid & (ATTR_MTIME | ATTR_SIZE)) == ATTR_MTIME)
		attr->mtime = given_time(&set->ia_mtime);
	if ((valid & ATTR_ATIME) && (valid & ATTR_MTIME) && !(valid & (ATTR_ATIME_SET | ATTR_MTIME_SET)))
		attr->vaflags = PUFFS_VATTR_UTIMES_NULL;
}

/*
 * Linux takes set-id bits away when somebody writes, who need not be allowed to change the mode (ATTR_FORCE): that is the file system's own
 * doing.
 */
int
puffs_setattr(struct user_namespace *ns, struct dentry *dentry, struct iattr *set)
{
	struct inode *inode = d_inode(dentry);
	struct mounted *m = MOUNTED(inode->i_sb);
	struct puffs_vattrs got = { .pvs_size = sizeof(got) };
	struct puffs_msg_attr attr;
	struct node *n = NODE(inode);
	bool forced = set->ia_valid & ATTR_FORCE, cuts;
	struct asker a;
	int error;

	if (!puffs_may_use(m))
		return -EACCES;
	if (puffs_has(m, PUFFS_VN_ACCESS))
		set->ia_valid |= ATTR_FORCE;
	else if ((error = puffs_attr_refresh(inode, false)) != 0)
		return error;
	if ((error = setattr_prepare(ns, dentry, set)) != 0)
		return error;
	wanted(&attr, set);
	/* Pages on their way to the server would make the file longer again. */
	cuts = set->ia_valid & ATTR_SIZE;
	if (cuts && ((error = puffs_map_wait(inode, 0, LLONG_MAX)) != 0 || (error = mutex_lock_killable(&n->n_flush)) != 0))
		return error;
	error = puffs_vfs_setattr(m->m_pv, forced ? puffs_asker_fs(&a) : puffs_asker(&a), n->n_cookie, &attr, &got);
	puffs_attr_changed(inode);
	if (error == 0 && cuts)
		puffs_map_size(inode, set->ia_size);
	if (cuts)
		mutex_unlock(&n->n_flush);
	if (error != 0)
		return -error;
	/* A time that was set is no sign of other contents. */
	if (set->ia_valid & ATTR_MTIME_SET) {
		spin_lock(&inode->i_lock);
		take_time(&inode->i_mtime, &got.pvs_attr.mtime);
		spin_unlock(&inode->i_lock);
	}
	puffs_attr_store(inode, &got.pvs_attr, &got.pvs_ttl, puffs_changes(m));
	return 0;
}
