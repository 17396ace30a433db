/*
 * names.c: names of a directory: looked up, made, removed, renamed. VFS keeps those apart who change a directory.
 *
 * Servers decide at the lookup whether a name may be made or removed, so each change begins with a lookup that says what for. Linux itself
 * looks a name up before it makes one, and says so; where the server keeps no state since a lookup (it has no abort), that one counts.
 */
#include <linux/dcache.h>
#include <linux/namei.h>
#include <linux/slab.h>

#include "vfs.h"

#define COOKIE(inode) (NODE(inode)->n_cookie)
#define NAME(dentry) (dentry)->d_name.name, (dentry)->d_name.len

/*
 * What is noted in a dentry: until when it holds (d_time), and in d_fsdata how often names of its directory had been called stale before it was
 * looked up, and what it was looked up for, if that led to no node. As long as the directory is locked the latter stays so.
 */
#define INTENT(dentry) ((uintptr_t)(dentry)->d_fsdata & 3)

/* To be taken before the server is asked. */
static uintptr_t
age(struct inode *dir)
{

	return (uintptr_t)(atomic64_read(&MOUNTED(dir->i_sb)->m_names) + atomic64_read(&NODE(dir)->n_names)) << 2;
}

static void
note(struct dentry *dentry, uintptr_t age, u32 intent, u64 until)
{

	WRITE_ONCE(dentry->d_fsdata, (void *)(age | intent));
	WRITE_ONCE(dentry->d_time, (unsigned long)until);
}

static bool
holds(const struct dentry *dentry)
{
	struct inode *dir;
	bool result;

	/* Its parent may become another one meanwhile, and go. */
	rcu_read_lock();
	dir = d_inode_rcu(READ_ONCE(dentry->d_parent));
	result = ktime_get_ns() < READ_ONCE(dentry->d_time) && dir != NULL && !READ_ONCE(MOUNTED(dentry->d_sb)->m_dead) &&
	    ((uintptr_t)READ_ONCE(dentry->d_fsdata) & ~3UL) == age(dir);
	rcu_read_unlock();
	return result;
}

/* What Linux is going to do with a name, as far as it says so. */
static u32
intent(const struct mounted *m, unsigned int flags)
{

	if (puffs_has(m, PUFFS_VN_ABORTOP))
		return PUFFS_MSG_NAMEI_LOOKUP;
	if (flags & LOOKUP_RENAME_TARGET)
		return PUFFS_MSG_NAMEI_RENAME;
	return flags & LOOKUP_CREATE ? PUFFS_MSG_NAMEI_CREATE : PUFFS_MSG_NAMEI_LOOKUP;
}

/* Returns 0 or an errno value, and the node in *found. */
static int
ask(struct inode *dir, const struct qstr *name, u32 nameiop, struct puffs_vfound *found)
{
	struct asker a;

	*found = (struct puffs_vfound){ .pvf_size = sizeof(*found) };
	if (name->len > PUFFS_MSG_NAME_MAX)
		return ENAMETOOLONG;
	return puffs_vfs_lookup(MOUNTED(dir->i_sb)->m_pv, puffs_asker(&a), COOKIE(dir), name->name, name->len, nameiop,
	    PUFFS_MSG_NAMEI_ISLASTCN, found);
}

static struct dentry *
names_lookup(struct inode *dir, struct dentry *dentry, unsigned int flags)
{
	struct mounted *m = MOUNTED(dir->i_sb);
	u64 asked = puffs_changes(m), until;
	u32 nameiop = intent(m, flags);
	uintptr_t then = age(dir);
	struct puffs_vfound found;
	struct inode *inode = NULL;
	struct dentry *there;
	int error;

	if ((error = ask(dir, &dentry->d_name, nameiop, &found)) == 0)
		inode = puffs_inode_found(dir->i_sb, &found, asked, false);
	else if (error != ENOENT)
		return ERR_PTR(-error);
	if (IS_ERR(inode))
		return ERR_CAST(inode);
	until = puffs_name_until(m, &found.pvf_name_ttl);
	note(dentry, then, inode == NULL ? nameiop : 0, until);
	/* A directory that is elsewhere already moves here. */
	there = d_splice_alias(inode, dentry);
	if (!IS_ERR_OR_NULL(there))
		note(there, then, 0, until);
	return there;
}

/* Whether a name still leads to where it led. */
static int
names_revalidate(struct dentry *dentry, unsigned int flags)
{
	struct inode *inode = d_inode_rcu(dentry), *dir, *now;
	struct name_snapshot name;
	struct puffs_vfound found;
	struct dentry *parent;
	struct mounted *m;
	uintptr_t then;
	u64 asked;
	int error;

	if (holds(dentry))
		/* Who is going to make a name has to say so. */
		return inode != NULL || !(flags & (LOOKUP_CREATE | LOOKUP_RENAME_TARGET));
	if (flags & LOOKUP_RCU)
		return -ECHILD;
	if (inode == NULL)
		return 0;
	parent = dget_parent(dentry);
	dir = d_inode(parent);
	m = MOUNTED(dir->i_sb);
	asked = puffs_changes(m);
	then = age(dir);
	take_dentry_name_snapshot(&name, dentry);
	error = ask(dir, &name.name, PUFFS_MSG_NAMEI_LOOKUP, &found);
	release_dentry_name_snapshot(&name);
	dput(parent);
	if (error != 0)
		return error == ENOENT || error == ESTALE ? 0 : -error;
	if (IS_ERR(now = puffs_inode_found(dentry->d_sb, &found, asked, false)))
		return PTR_ERR(now);
	if (now == inode)
		note(dentry, then, 0, puffs_name_until(m, &found.pvf_name_ttl));
	else
		/* No name holds it here: it may be gone since the server answered, and then nobody says so to an inode that is new. */
		puffs_attr_changed(now);
	iput(now);
	return now == inode;
}

/* What hangs on a name that the server wants back goes early. */
static int
names_delete(const struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);

	return inode != NULL && test_bit(NODE_NOREF, &NODE(inode)->n_flags);
}

const struct dentry_operations puffs_dentry_ops = {
	.d_revalidate = names_revalidate,
	.d_delete = names_delete,
};

/*
 * Changes.
 */

/* The operation that a lookup announced has failed, or will not come. Returns the error. */
static int
aborted(struct inode *dir, const struct dentry *dentry, int error)
{
	struct asker a;

	(void)puffs_vfs_abort(MOUNTED(dir->i_sb)->m_pv, puffs_asker(&a), COOKIE(dir), NAME(dentry));
	return -error;
}

/* Announces that a name will be made, or replaced though there is none. */
static int
announce_new(struct inode *dir, struct dentry *dentry, u32 nameiop)
{
	bool announced = INTENT(dentry) == nameiop;
	uintptr_t then = age(dir);
	u64 asked = puffs_changes(MOUNTED(dir->i_sb));
	struct puffs_vfound found;
	struct inode *inode;
	int error;

	note(dentry, then, 0, 0);
	if (announced)
		return 0;
	if ((error = ask(dir, &dentry->d_name, nameiop, &found)) != 0)
		return error == ENOENT ? 0 : -error;
	/* Somebody else was quicker: VFS is to look again. */
	inode = puffs_inode_found(dir->i_sb, &found, asked, false);
	if (!IS_ERR(inode))
		iput(inode);
	d_drop(dentry);
	return aborted(dir, dentry, nameiop == PUFFS_MSG_NAMEI_CREATE ? EEXIST : ESTALE);
}

/* The same for a name that is there, and is to go: it must be the node's still. */
static int
announce_known(struct inode *dir, struct dentry *dentry, u32 nameiop)
{
	u64 asked = puffs_changes(MOUNTED(dir->i_sb));
	struct puffs_vfound found;
	struct inode *now;
	int error;

	if ((error = ask(dir, &dentry->d_name, nameiop, &found)) != 0) {
		if (error == ENOENT)
			d_invalidate(dentry);
		return -error;
	}
	now = puffs_inode_found(dir->i_sb, &found, asked, false);
	if (IS_ERR(now))
		return aborted(dir, dentry, -PTR_ERR(now));
	iput(now);
	if (now == d_inode(dentry))
		return 0;
	d_invalidate(dentry);
	return aborted(dir, dentry, ESTALE);
}

/* A creation under way. */
struct making {
	struct inode *k_dir;
	struct dentry *k_dentry;
	struct puffs_vfs *k_pv;
	u64 k_asked;
	uintptr_t k_age;
	struct asker k_asker;
	struct puffs_vfound k_found;
};

static int
making_begin(struct making *k, struct inode *dir, struct dentry *dentry)
{
	struct mounted *m = MOUNTED(dir->i_sb);

	k->k_dir = dir;
	k->k_dentry = dentry;
	k->k_pv = m->m_pv;
	k->k_asked = puffs_changes(m);
	k->k_age = age(dir);
	k->k_found = (struct puffs_vfound){ .pvf_size = sizeof(k->k_found) };
	(void)puffs_asker(&k->k_asker);
	return announce_new(dir, dentry, PUFFS_MSG_NAMEI_CREATE);
}

/* What the operation brought becomes the dentry's; `error` is what it returned. */
static int
making_end(struct making *k, int error)
{
	struct inode *inode;

	puffs_attr_changed(k->k_dir);
	if (error != 0)
		return aborted(k->k_dir, k->k_dentry, error);
	inode = puffs_inode_found(k->k_dir->i_sb, &k->k_found, k->k_asked, true);
	if (IS_ERR(inode)) {
		d_drop(k->k_dentry);
		return PTR_ERR(inode);
	}
	note(k->k_dentry, k->k_age, 0, puffs_name_until(MOUNTED(k->k_dir->i_sb), &k->k_found.pvf_name_ttl));
	d_instantiate_new(k->k_dentry, inode);
	return 0;
}

static int
names_create(struct user_namespace *ns, struct inode *dir, struct dentry *dentry, umode_t mode, bool excl)
{
	struct making k;
	int error;

	/* Who does not insist on making it opens what is there. */
	if ((error = making_begin(&k, dir, dentry)) != 0)
		return error == -EEXIST && !excl ? -ESTALE : error;
	return making_end(&k, puffs_vfs_create(k.k_pv, &k.k_asker.a_call, COOKIE(dir), NAME(dentry), mode & 07777, &k.k_found));
}

static int
names_mkdir(struct user_namespace *ns, struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct making k;
	int error;

	if ((error = making_begin(&k, dir, dentry)) != 0)
		return error;
	return making_end(&k, puffs_vfs_mkdir(k.k_pv, &k.k_asker.a_call, COOKIE(dir), NAME(dentry), mode & 01777, &k.k_found));
}

static int
names_mknod(struct user_namespace *ns, struct inode *dir, struct dentry *dentry, umode_t mode, dev_t rdev)
{
	u64 number = S_ISBLK(mode) || S_ISCHR(mode) ? new_encode_dev(rdev) : PUFFS_MSG_NOVAL;
	struct making k;
	int error;

	if ((error = making_begin(&k, dir, dentry)) != 0)
		return error;
	return making_end(&k, puffs_vfs_mknod(k.k_pv, &k.k_asker.a_call, COOKIE(dir), NAME(dentry), puffs_vtype(mode),
	    mode & 07777, number, &k.k_found));
}

static int
names_symlink(struct user_namespace *ns, struct inode *dir, struct dentry *dentry, const char *target)
{
	size_t len = strlen(target);
	struct making k;
	int error;

	if (len > PUFFS_MSG_TARGET_MAX)
		return -ENAMETOOLONG;
	if ((error = making_begin(&k, dir, dentry)) != 0)
		return error;
	return making_end(&k, puffs_vfs_symlink(k.k_pv, &k.k_asker.a_call, COOKIE(dir), NAME(dentry), target, len, 0777,
	    &k.k_found));
}

static int
names_link(struct dentry *old, struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(old);
	struct mounted *m = MOUNTED(dir->i_sb);
	struct puffs_msg_time unknown = { 0 };
	uintptr_t then = age(dir);
	struct asker a;
	int error;

	if ((error = announce_new(dir, dentry, PUFFS_MSG_NAMEI_CREATE)) != 0)
		return error;
	error = puffs_vfs_link(m->m_pv, puffs_asker(&a), COOKIE(dir), COOKIE(inode), NAME(dentry));
	puffs_attr_changed(dir);
	if (error == 0) {
		spin_lock(&inode->i_lock);
		if (inode->i_nlink != 0 && inode->i_nlink != UINT_MAX)
			inc_nlink(inode);
		spin_unlock(&inode->i_lock);
	}
	/* After that: somebody may have been told of the link already, and now it is counted twice. */
	puffs_attr_changed(inode);
	if (error != 0)
		return aborted(dir, dentry, error);
	ihold(inode);
	note(dentry, then, 0, puffs_name_until(m, &unknown));
	d_instantiate(dentry, inode);
	return 0;
}

/* A name of a node is gone. */
static void
unlinked(struct inode *inode)
{

	spin_lock(&inode->i_lock);
	if (S_ISDIR(inode->i_mode))
		clear_nlink(inode);
	else if (inode->i_nlink != 0)
		drop_nlink(inode);
	spin_unlock(&inode->i_lock);
	puffs_attr_changed(inode);
}

static int
names_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = d_inode(dentry);
	bool is_dir = S_ISDIR(inode->i_mode);
	u32 notes = 0;
	struct asker a;
	int error;

	if ((error = announce_known(dir, dentry, PUFFS_MSG_NAMEI_DELETE)) != 0)
		return error;
	error = (is_dir ? puffs_vfs_rmdir : puffs_vfs_remove)(MOUNTED(dir->i_sb)->m_pv, puffs_asker(&a), COOKIE(dir), COOKIE(inode),
	    NAME(dentry), &notes);
	puffs_attr_changed(dir);
	if (error != 0) {
		puffs_attr_changed(inode);
		return aborted(dir, dentry, error);
	}
	unlinked(inode);
	puffs_inode_notes(dir, notes & PUFFS_SETBACK_INACT_N1, notes & PUFFS_SETBACK_NOREF_N1);
	puffs_inode_notes(inode, notes & PUFFS_SETBACK_INACT_N2, notes & PUFFS_SETBACK_NOREF_N2);
	return 0;
}

static int
rename(struct inode *from, struct dentry *old, struct inode *to, struct dentry *new)
{
	struct inode *inode = d_inode(old), *target = d_inode(new);
	struct puffs_vend source = {
		.pve_dir = COOKIE(from),
		.pve_name = old->d_name.name,
		.pve_namelen = old->d_name.len,
		.pve_node = COOKIE(inode),
		.pve_has_node = 1,
	};
	struct puffs_vend place = {
		.pve_dir = COOKIE(to),
		.pve_name = new->d_name.name,
		.pve_namelen = new->d_name.len,
		.pve_node = target == NULL ? NULL : COOKIE(target),
		.pve_has_node = target != NULL,
	};
	struct asker a;
	int error;

	if ((error = announce_known(from, old, PUFFS_MSG_NAMEI_DELETE)) != 0)
		return error;
	error = target == NULL ? announce_new(to, new, PUFFS_MSG_NAMEI_RENAME) : announce_known(to, new, PUFFS_MSG_NAMEI_RENAME);
	if (error != 0)
		return aborted(from, old, -error);
	error = puffs_vfs_rename(MOUNTED(from->i_sb)->m_pv, puffs_asker(&a), &source, &place);
	puffs_attr_changed(from);
	puffs_attr_changed(to);
	puffs_attr_changed(inode);
	if (error == 0 && target != NULL)
		unlinked(target);
	else if (target != NULL)
		puffs_attr_changed(target);
	return -error;
}

static int
names_rename(struct user_namespace *ns, struct inode *from, struct dentry *old, struct inode *to, struct dentry *new,
    unsigned int flags)
{
	struct mounted *m = MOUNTED(from->i_sb);
	int error;

	/* That there is nothing to replace, VFS has seen. */
	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	if (mutex_lock_killable(&m->m_renames) != 0)
		return -EINTR;
	error = rename(from, old, to, new);
	/* Its name is another one now, and perhaps its directory. */
	if (error == 0)
		note(old, 0, 0, 0);
	mutex_unlock(&m->m_renames);
	return error;
}

const struct inode_operations puffs_dir_iops = {
	.lookup = names_lookup,
	.create = names_create,
	.link = names_link,
	.unlink = names_unlink,
	.symlink = names_symlink,
	.mkdir = names_mkdir,
	.rmdir = names_unlink,
	.mknod = names_mknod,
	.rename = names_rename,
	.permission = puffs_permission,
	.getattr = puffs_getattr,
	.setattr = puffs_setattr,
	.listxattr = puffs_listxattr,
};

/*
 * Symbolic links.
 */

static const char *
link_get(struct dentry *dentry, struct inode *inode, struct delayed_call *done)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct asker a;
	char *target;
	size_t len;
	int error;

	if (dentry == NULL)
		return ERR_PTR(-ECHILD);
	if (!puffs_may_use(m))
		return ERR_PTR(-EACCES);
	if ((target = kmalloc(PUFFS_MSG_TARGET_MAX + 1, GFP_KERNEL_ACCOUNT)) == NULL)
		return ERR_PTR(-ENOMEM);
	error = puffs_vfs_readlink(m->m_pv, puffs_asker(&a), COOKIE(inode), target, PUFFS_MSG_TARGET_MAX, &len);
	if (error != 0) {
		kfree(target);
		return ERR_PTR(-error);
	}
	target[len] = '\0';
	set_bit(NODE_READ, &NODE(inode)->n_flags);
	set_delayed_call(done, kfree_link, target);
	return target;
}

const struct inode_operations puffs_link_iops = {
	.get_link = link_get,
	.permission = puffs_permission,
	.getattr = puffs_getattr,
	.setattr = puffs_setattr,
	.listxattr = puffs_listxattr,
};
