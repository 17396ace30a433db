/*
 * xattr.c: extended attributes. Linux has one space of names with prefixes, puffs has two namespaces: "user." is that of users, everything
 * else is the system's, under its full name.
 */
#include <linux/capability.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xattr.h>

#include "vfs.h"

/* Where a name is kept: the namespace is the handler's. */
#define PLACE(handler, name) \
	(handler)->flags, \
	(handler)->flags == PUFFS_MSG_EXTATTR_USER ? (name) : xattr_full_name(handler, name), \
	(handler)->flags == PUFFS_MSG_EXTATTR_USER ? strlen(name) : strlen(xattr_full_name(handler, name))

static int
xattr_get(const struct xattr_handler *handler, struct dentry *dentry, struct inode *inode, const char *name, void *buf, size_t size)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	size_t done, room = buf == NULL ? 0 : size;
	struct asker a;
	u64 whole;
	int error;

	if (!puffs_may_use(m))
		return -EACCES;
	error = puffs_vfs_getextattr(m->m_pv, puffs_asker(&a), NODE(inode)->n_cookie, PLACE(handler, name), buf, room, &whole, &done);
	if (error != 0)
		return -error;
	if (whole > XATTR_SIZE_MAX)
		return -E2BIG;
	return room != 0 && done < whole ? -ERANGE : (int)whole;
}

static const struct xattr_handler security;

static int
xattr_set(const struct xattr_handler *handler, struct user_namespace *ns, struct dentry *dentry, struct inode *inode,
    const char *name, const void *value, size_t size, int flags)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct asker a;
	size_t done = 0;
	int error;

	if (!puffs_may_use(m))
		return -EACCES;
	if (value != NULL && flags != 0) {
		error = xattr_get(handler, dentry, inode, name, NULL, 0);
		if (error >= 0 && (flags & XATTR_CREATE))
			return -EEXIST;
		if (error < 0 && (error != -ENODATA || (flags & XATTR_REPLACE)))
			return error;
	}
	/* VFS has asked who may remove capabilities; it does so itself when somebody writes, who need not be allowed to. */
	if (value == NULL)
		error = puffs_vfs_deleteextattr(m->m_pv, handler == &security && strcmp(name, "capability") == 0 ?
		    puffs_asker_fs(&a) : puffs_asker(&a), NODE(inode)->n_cookie, PLACE(handler, name));
	else if ((error = puffs_vfs_setextattr(m->m_pv, puffs_asker(&a), NODE(inode)->n_cookie, PLACE(handler, name), value, size,
	    &done)) == 0 && done != size)
		/* A server takes all, or says why not. */
		error = EIO;
	puffs_attr_changed(inode);
	return -error;
}

#define HANDLER(id, text, namespace) \
	static const struct xattr_handler id = { .prefix = text, .flags = namespace, .get = xattr_get, .set = xattr_set }

HANDLER(users, XATTR_USER_PREFIX, PUFFS_MSG_EXTATTR_USER);
HANDLER(trusted, XATTR_TRUSTED_PREFIX, PUFFS_MSG_EXTATTR_SYSTEM);
HANDLER(security, XATTR_SECURITY_PREFIX, PUFFS_MSG_EXTATTR_SYSTEM);

/* Nobody would act on access lists, "system.". */
const struct xattr_handler *puffs_xattr_handlers[] = { &users, &trusted, &security, NULL };

/*
 * Names of one namespace, put behind those in `list`, which has `size` bytes of which `*used` are taken; with `size` 0 they are only counted.
 */
static int
list_namespace(struct inode *inode, u32 ns, const char *prefix, char *names, char *list, size_t size, size_t *used)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	size_t len, done, before = strlen(prefix);
	bool admin = capable(CAP_SYS_ADMIN);
	struct asker a;
	u64 whole;
	char *name;
	int error;

	error = puffs_vfs_listextattr(m->m_pv, puffs_asker(&a), NODE(inode)->n_cookie, ns, names, XATTR_LIST_MAX, &whole, &done);
	/* A namespace that the server does not have is empty. */
	if (error == EOPNOTSUPP)
		return 0;
	if (error != 0)
		return -error;
	if (done < whole)
		return -E2BIG;
	for (name = names; name < names + done; name += len) {
		len = strlen(name) + 1;
		/* Those of the system's are shown to its administrator. */
		if (!admin && before == 0 && strncmp(name, XATTR_TRUSTED_PREFIX, XATTR_TRUSTED_PREFIX_LEN) == 0)
			continue;
		if (size != 0) {
			if (*used + before + len > size)
				return -ERANGE;
			memcpy(list + *used, prefix, before);
			memcpy(list + *used + before, name, len);
		}
		*used += before + len;
	}
	return 0;
}

ssize_t
puffs_listxattr(struct dentry *dentry, char *list, size_t size)
{
	struct inode *inode = d_inode(dentry);
	size_t used = 0;
	char *names;
	int error;

	if (!puffs_may_use(MOUNTED(inode->i_sb)))
		return -EACCES;
	if ((names = kvmalloc(XATTR_LIST_MAX, GFP_KERNEL_ACCOUNT)) == NULL)
		return -ENOMEM;
	error = list_namespace(inode, PUFFS_MSG_EXTATTR_USER, XATTR_USER_PREFIX, names, list, size, &used);
	if (error == 0)
		error = list_namespace(inode, PUFFS_MSG_EXTATTR_SYSTEM, "", names, list, size, &used);
	kvfree(names);
	return error != 0 ? error : (ssize_t)used;
}
