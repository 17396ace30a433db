/*
 * inode.c: inodes. One is found by its node's cookie, and counts how often the server gave that out; when Linux lets go of it, the server
 * hears the number and the two agree again, whatever was on its way meanwhile (see <puffs_vfs.h>, "Nodes").
 *
 * A node is inactive when its last open file is closed, and when its inode goes. What must be sent then is paid for, or may be lost: nothing
 * here waits, since memory reclaim and exiting processes come this way.
 */
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "vfs.h"

/* Before a count can be exceeded. Names that are looked up each time may come that far. */
#define MANY (1U << 31)

static struct kmem_cache *nodes;

struct inode *
puffs_inode_alloc(struct super_block *sb)
{
	struct node *n;

	if ((n = alloc_inode_sb(sb, nodes, GFP_KERNEL)) == NULL)
		return NULL;
	memset((char *)n + sizeof(n->n_inode), 0, sizeof(*n) - sizeof(n->n_inode));
	return &n->n_inode;
}

void
puffs_inode_free(struct inode *inode)
{

	kmem_cache_free(nodes, NODE(inode));
}

static void
node_once(void *ptr)
{
	struct node *n = ptr;

	inode_init_once(&n->n_inode);
}

static int
node_is(struct inode *inode, void *cookie)
{

	return NODE(inode)->n_cookie == cookie;
}

static int
node_becomes(struct inode *inode, void *cookie)
{

	NODE(inode)->n_cookie = cookie;
	return 0;
}

/* The place of a cookie among the numbers of reclaims. */
static unsigned int
place_of(const void *cookie)
{

	return hash_ptr(cookie, RECLAIMS_BITS);
}

/* What never changes, and attributes for a server that has none: who may read, may. */
static void
node_init(struct node *n, u32 vtype, u64 size, u64 rdev)
{
	struct inode *inode = &n->n_inode;
	umode_t type = puffs_type_bits(vtype);

	mutex_init(&n->n_flush);
	n->n_vtype = vtype;
	n->n_blksize = PAGE_SIZE;
	inode->i_ino = (unsigned long)n->n_cookie;
	inode->i_mode = type | (S_ISDIR(type) ? 0555 : 0444);
	inode->i_flags |= S_NOATIME | S_NOCMTIME;
	set_nlink(inode, 1);
	if (size <= MAX_LFS_FILESIZE)
		i_size_write(inode, size);
	switch (type) {
	case S_IFREG:
		inode->i_op = &puffs_file_iops;
		inode->i_fop = puffs_has(MOUNTED(inode->i_sb), PUFFS_VN_POLL) ? &puffs_polled_fops : &puffs_file_fops;
		inode->i_mapping->a_ops = &puffs_map_aops;
		break;
	case S_IFDIR:
		inode->i_op = &puffs_dir_iops;
		inode->i_fop = &puffs_dir_fops;
		break;
	case S_IFLNK:
		inode->i_op = &puffs_link_iops;
		break;
	default:
		inode->i_op = &puffs_file_iops;
		i_size_write(inode, 0);
		init_special_inode(inode, inode->i_mode, new_decode_dev((u32)rdev));
	}
}

struct inode *
puffs_inode_root(struct super_block *sb, void *cookie, u32 vtype, u64 size, u64 rdev)
{
	struct inode *inode;

	if ((inode = iget5_locked(sb, (unsigned long)cookie, node_is, node_becomes, cookie)) == NULL)
		return NULL;
	node_init(NODE(inode), vtype, size, rdev);
	unlock_new_inode(inode);
	return inode;
}

/*
 * A cookie came once more. When the number gets too large, most of it is reported, by the reclaim that is at hand: the server has given the cookie
 * out more often than that, so the node stays.
 */
static void
node_again(struct node *n, struct puffs_paid_reclaim *paid)
{
	struct inode *inode = &n->n_inode;
	u32 report = 0;

	spin_lock(&inode->i_lock);
	if (++n->n_nlookup > MANY && paid != NULL) {
		report = MANY;
		n->n_nlookup -= MANY;
	}
	spin_unlock(&inode->i_lock);
	set_bit(NODE_USED, &n->n_flags);
	if (report != 0)
		puffs_vfs_reclaim(paid, n->n_cookie, report);
	else
		puffs_paid_reclaim_free(paid);
}

struct inode *
puffs_inode_found(struct super_block *sb, struct puffs_vfound *found, u64 asked, bool made)
{
	struct mounted *m = MOUNTED(sb);
	struct inode *inode;
	struct node *n;
	int bad = 0;

	inode = iget5_locked(sb, (unsigned long)found->pvf_cookie, node_is, node_becomes, found->pvf_cookie);
	if (inode == NULL) {
		if (puffs_inode_late(sb, found->pvf_cookie))
			puffs_paid_reclaim_free(found->pvf_reclaim);
		else
			puffs_vfs_reclaim(found->pvf_reclaim, found->pvf_cookie, 1);
		return ERR_PTR(-ENOMEM);
	}
	n = NODE(inode);
	if (inode->i_state & I_NEW) {
		n->n_reclaim = found->pvf_reclaim;
		n->n_nlookup = 1;
		set_bit(NODE_USED, &n->n_flags);
		node_init(n, found->pvf_vtype, found->pvf_bytes, found->pvf_rdev);
		if (found->pvf_attr_error == 0)
			puffs_attr_store(inode, &found->pvf_attr, &found->pvf_attr_ttl, asked);
		/* What was made gets its name before anybody else can give it one (d_instantiate_new). */
		if (!made)
			unlock_new_inode(inode);
		return inode;
	}
	node_again(n, found->pvf_reclaim);
	if (made)
		bad = PUFFS_VBAD_EXISTS;
	else if (n->n_vtype != found->pvf_vtype)
		bad = PUFFS_VBAD_TYPE;
	if (bad != 0) {
		iput(inode);
		return ERR_PTR(-puffs_vfs_broken(m->m_pv, found->pvf_cookie, bad));
	}
	if (found->pvf_attr_error == 0)
		puffs_attr_store(inode, &found->pvf_attr, &found->pvf_attr_ttl, asked);
	return inode;
}

void
puffs_reclaims(const struct mounted *m, struct reclaims *now)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(now->r_counts); i++)
		now->r_counts[i] = atomic_read(&m->m_reclaims[i]);
}

struct inode *
puffs_inode_named(struct super_block *sb, struct puffs_vfound *found, const struct reclaims *then)
{
	unsigned int at = place_of(found->pvf_cookie);
	struct mounted *m = MOUNTED(sb);
	struct inode *inode;
	struct node *n;
	bool made;

	inode = iget5_locked(sb, (unsigned long)found->pvf_cookie, node_is, node_becomes, found->pvf_cookie);
	made = inode != NULL && (inode->i_state & I_NEW);
	if (!made)
		puffs_paid_reclaim_free(found->pvf_reclaim);
	if (inode == NULL)
		return ERR_PTR(-ENOMEM);
	/* From here on nobody reclaims this node: it has an inode. */
	if ((u32)atomic_read(&m->m_reclaims[at]) != then->r_counts[at]) {
		if (made) {
			puffs_paid_reclaim_free(found->pvf_reclaim);
			iget_failed(inode);
		} else
			iput(inode);
		return NULL;
	}
	n = NODE(inode);
	if (made) {
		n->n_reclaim = found->pvf_reclaim;
		set_bit(NODE_USED, &n->n_flags);
		node_init(n, found->pvf_vtype, found->pvf_bytes, found->pvf_rdev);
		unlock_new_inode(inode);
	} else if (n->n_vtype != found->pvf_vtype) {
		iput(inode);
		return ERR_PTR(-puffs_vfs_broken(m->m_pv, found->pvf_cookie, PUFFS_VBAD_TYPE));
	}
	return inode;
}

struct inode *
puffs_inode_known(struct super_block *sb, void *cookie)
{

	return ilookup5(sb, (unsigned long)cookie, node_is, cookie);
}

bool
puffs_inode_late(struct super_block *sb, void *cookie)
{
	struct inode *inode;

	/* Whoever has found the node by its handle either has an inode by now, or sees that it may be reclaimed. */
	atomic_inc(&MOUNTED(sb)->m_reclaims[place_of(cookie)]);
	if ((inode = puffs_inode_known(sb, cookie)) == NULL)
		return false;
	node_again(NODE(inode), NULL);
	iput(inode);
	return true;
}

/* Without INACTIVE nothing follows the notes but that the node goes early, which is what they are for. */
void
puffs_inode_notes(struct inode *inode, bool inactive, bool noref)
{
	struct node *n = NODE(inode);

	if (inactive)
		set_bit(NODE_INACTIVE, &n->n_flags);
	if (noref)
		set_bit(NODE_NOREF, &n->n_flags);
}

bool
puffs_inode_rests(struct inode *inode)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct node *n = NODE(inode);

	if (!puffs_has(m, PUFFS_VN_INACTIVE) || !test_bit(NODE_USED, &n->n_flags))
		return false;
	if ((m->m_kflags & PUFFS_KFLAG_IAONDEMAND) && !test_bit(NODE_INACTIVE, &n->n_flags))
		return false;
	clear_bit(NODE_USED, &n->n_flags);
	clear_bit(NODE_INACTIVE, &n->n_flags);
	clear_bit(NODE_DIRECT, &n->n_flags);
	return true;
}

/*
 * With the inode's lock held. What has no links any more goes, and what the server wants back, with what was not written of it. After a
 * change nobody knows how many links there are until the server is asked, so what is not kept in memory for a better reason goes too: it might be a
 * file that was removed, whose room somebody waits for.
 */
int
puffs_inode_drop(struct inode *inode)
{
	struct node *n = NODE(inode);

	return generic_drop_inode(inode) || test_bit(NODE_NOREF, &n->n_flags) ||
	    /* What is being written may have to be written again. */
	    (READ_ONCE(n->n_until) == 0 && !(inode->i_state & I_SYNC) && !mapping_tagged(inode->i_mapping, PAGECACHE_TAG_DIRTY));
}

void
puffs_inode_evict(struct inode *inode)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct node *n = NODE(inode);

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	puffs_poll_end(inode);
	if (puffs_inode_rests(inode))
		(void)puffs_vfs_inactive_faf(m->m_pv, NULL, n->n_cookie);
	if (n->n_reclaim != NULL)
		atomic_inc(&m->m_reclaims[place_of(n->n_cookie)]);
	puffs_vfs_reclaim(n->n_reclaim, n->n_cookie, n->n_nlookup);
}

int
puffs_inodes_init(void)
{

	nodes = kmem_cache_create("puffs_node", sizeof(struct node), 0,
	    SLAB_HWCACHE_ALIGN | SLAB_RECLAIM_ACCOUNT | SLAB_MEM_SPREAD | SLAB_ACCOUNT, node_once);
	return nodes == NULL ? -ENOMEM : 0;
}

void
puffs_inodes_exit(void)
{

	/* Inodes are freed a grace period after they go. */
	rcu_barrier();
	kmem_cache_destroy(nodes);
}
