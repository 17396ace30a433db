/*
 * node.c: nodes, from the first name to the last use.
 */
#include "memfs.h"

#include <stdlib.h>

struct puffs_node *
node_new(struct puffs_usermount *pu, const struct vattr *vap, uid_t uid, gid_t gid)
{
	struct memfs *fs = puffs_getspecific(pu);
	struct puffs_node *pn = NULL;
	struct memnode *m;
	struct vattr *va;

	if (fs->fs_nodes >= fs->fs_maxnodes || !mem_take(fs, NODEBYTES))
		return NULL;
	if ((m = calloc(1, sizeof(*m))) == NULL)
		goto fail;
	TAILQ_INIT(&m->m_entries);
	TAILQ_INIT(&m->m_attributes);
	if (vap->va_type == VDIR) {
		m->m_nextoff = FIRSTOFF;
		m->m_nbuckets = MINBUCKETS;
		if ((m->m_buckets = calloc(m->m_nbuckets, sizeof(*m->m_buckets))) == NULL)
			goto fail;
	}
	if ((pn = puffs_pn_new(pu, m)) == NULL)
		goto fail;

	va = &pn->pn_va;
	puffs_vattr_null(va);
	va->va_type = vap->va_type;
	va->va_mode = vap->va_mode & PERMBITS;
	va->va_nlink = isdir(pn) ? 1 : 0; /* "." */
	va->va_uid = uid;
	va->va_gid = gid;
	va->va_fileid = ++fs->fs_lastino;
	va->va_size = va->va_bytes = 0;
	va->va_blocksize = PAGEBYTES;
	va->va_rdev = va->va_type == VCHR || va->va_type == VBLK ? vap->va_rdev : 0;
	va->va_birthtime = va->va_atime = va->va_mtime = va->va_ctime = now();
	fs->fs_nodes++;
	return pn;

fail:
	if (m != NULL)
		free(m->m_buckets);
	free(m);
	fs->fs_used -= NODEBYTES;
	return NULL;
}

void
node_free(struct puffs_usermount *pu, struct puffs_node *pn)
{
	struct memfs *fs = puffs_getspecific(pu);
	struct memnode *m = MEM(pn);
	struct entry *e;

	file_cut(fs, pn, 0, UINT64_MAX / PAGEBYTES);
	if (m->m_target != NULL)
		mem_free(fs, m->m_target, pn->pn_va.va_size);
	while (!TAILQ_EMPTY(&m->m_attributes))
		attribute_free(fs, pn, TAILQ_FIRST(&m->m_attributes));
	while ((e = TAILQ_FIRST(&m->m_entries)) != NULL) { /* at the very end only */
		TAILQ_REMOVE(&m->m_entries, e, e_order);
		entry_free(fs, e);
	}
	free(m->m_buckets);
	free(m);
	puffs_pn_put(pn);
	fs->fs_nodes--;
	fs->fs_used -= NODEBYTES;
}

/* Nobody uses the node at the moment. One without a name will not be used again. */
int
memfs_node_inactive(struct puffs_usermount *pu, puffs_cookie_t opc)
{
	struct puffs_node *pn = opc;

	begin(pu, OP_inactive);
	if (pn->pn_va.va_nlink == 0)
		puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N1);
	return 0;
}

/* The other side has forgotten the cookie. */
int
memfs_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t opc)
{
	struct puffs_node *pn = opc;

	begin(pu, OP_reclaim);
	if (pn->pn_va.va_nlink == 0)
		node_free(pu, pn);
	return 0;
}

int
memfs_fs_statvfs(struct puffs_usermount *pu, struct puffs_statvfs *sb)
{
	struct memfs *fs = begin(pu, OP_statvfs);
	uint64_t left = fs->fs_limit - fs->fs_used;

	sb->f_bsize = sb->f_frsize = PAGEBYTES;
	sb->f_blocks = fs->fs_limit / PAGEBYTES;
	sb->f_bfree = sb->f_bavail = left / PAGEBYTES;
	sb->f_ffree = sb->f_favail = MIN(left / NODEBYTES, fs->fs_maxnodes - fs->fs_nodes);
	sb->f_files = fs->fs_nodes + sb->f_ffree;
	sb->f_namemax = MEMFS_NAMEMAX;
	return 0;
}
