/*
 * handle.c: file handles, for name_to_handle_at(2) and its like, of servers that give them. A handle is the server's, and leads to the node as long as
 * the server knows it, also when there is no inode for it any more.
 *
 * The server names a node by its handle without counting that, so it may free the node when it hears a reclaim that was sent before the name came
 * here, and give its cookie to another. So the answer is believed only if no reclaim was sent since the question; otherwise the server is asked
 * again.
 */
#include <linux/dcache.h>
#include <linux/exportfs.h>
#include <linux/fs.h>

#include "vfs.h"

/* Of the types of handles, one that no other file system has: "p". */
#define TYPE 0x70

/* In Linux' words: the length in bytes, and the server's handle. */
#define WORDS(len) (1 + DIV_ROUND_UP(len, sizeof(u32)))

/* What a handle has no room for, or the server has none for, is no handle to Linux, whatever the reason. */
static int
handle_encode(struct inode *inode, u32 *words, int *max, struct inode *parent)
{
	size_t room = *max > 1 ? (*max - 1) * sizeof(u32) : 0, len = 0;
	struct asker a;
	int error;

	/* Where there is no room at all, it is to be said how much it takes. */
	error = puffs_vfs_nodetofh(MOUNTED(inode->i_sb)->m_pv, puffs_asker(&a), NODE(inode)->n_cookie, room != 0 ? words + 1 : NULL, room,
	    &len);
	/* More than any handle's room is no room that anybody could make; some of Linux' callers warn of it. */
	if (error == E2BIG && WORDS(len) * sizeof(u32) <= MAX_HANDLE_SZ)
		*max = WORDS(len);
	if (error != 0)
		return FILEID_INVALID;
	words[0] = len;
	memset((char *)(words + 1) + len, 0, (WORDS(len) - 1) * sizeof(u32) - len);
	*max = WORDS(len);
	return TYPE;
}

static struct dentry *
handle_decode(struct super_block *sb, struct fid *fid, int nwords, int type)
{
	struct mounted *m = MOUNTED(sb);
	const u32 *words = fid->raw;
	struct puffs_vfound found;
	struct inode *inode;
	struct asker a;
	struct reclaims then;
	int error;

	if (type != TYPE || nwords < 2 || words[0] == 0 || words[0] > (nwords - 1) * sizeof(u32))
		return NULL;
	do {
		puffs_reclaims(m, &then);
		found = (struct puffs_vfound){ .pvf_size = sizeof(found) };
		if ((error = puffs_vfs_fhtonode(m->m_pv, puffs_asker(&a), words + 1, words[0], &found)) != 0)
			return ERR_PTR(-error);
		inode = puffs_inode_named(sb, &found, &then);
	} while (inode == NULL);
	return d_obtain_alias(inode);
}

/* A directory that was found by its handle gets its place among the others. */
static struct dentry *
handle_parent(struct dentry *child)
{
	struct inode *inode = d_inode(child);
	struct mounted *m = MOUNTED(inode->i_sb);
	struct puffs_vfound found = { .pvf_size = sizeof(found) };
	u64 asked = puffs_changes(m);
	struct asker a;
	int error;

	error = puffs_vfs_lookup(m->m_pv, puffs_asker(&a), NODE(inode)->n_cookie, "..", 2, PUFFS_MSG_NAMEI_LOOKUP,
	    PUFFS_MSG_NAMEI_ISLASTCN | PUFFS_MSG_NAMEI_ISDOTDOT, &found);
	return error != 0 ? ERR_PTR(-error) : d_obtain_alias(puffs_inode_found(inode->i_sb, &found, asked, false));
}

const struct export_operations puffs_export_ops = {
	.encode_fh = handle_encode,
	.fh_to_dentry = handle_decode,
	.get_parent = handle_parent,
};
