/*
 * names.c: the operations on names.
 */
#include "memfs.h"

#include <errno.h>
#include <string.h>

/*
 * May the caller do with this name what the lookup is a preparation for? The lookup is the place to
 * ask, before anything is done.
 */
static int
may_change(const struct puffs_node *dir, const struct puffs_node *pn, const struct puffs_cn *pcn)
{
	const struct vattr *va = &dir->pn_va;
	int error;

	switch (pcn->pcn_nameiop) {
	case NAMEI_LOOKUP:
		return 0;
	case NAMEI_CREATE:
		if (pn != NULL)
			return 0; /* the caller will be told EEXIST */
		break;
	case NAMEI_DELETE:
		if (pn == NULL)
			return 0; /* ENOENT */
		break;
	}
	error = puffs_access(
	    va->va_type, va->va_mode, va->va_uid, va->va_gid, PUFFS_VWRITE, pcn->pcn_cred);
	if (error != 0 || pn == NULL || (va->va_mode & S_ISVTX) == 0)
		return error;

	/* In a sticky directory names belong to the owners of the files. */
	if (puffs_cred_isjuggernaut(pcn->pcn_cred) || puffs_cred_isuid(pcn->pcn_cred, va->va_uid) ||
	    puffs_cred_isuid(pcn->pcn_cred, pn->pn_va.va_uid))
		return 0;
	return EPERM;
}

int
memfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn)
{
	struct puffs_node *dir = opc, *pn = NULL;
	struct entry *e;
	int error;

	begin(pu, OP_lookup);
	if (!isdir(dir))
		return ENOTDIR;
	if (pcn->pcn_namelen > MEMFS_NAMEMAX)
		return ENAMETOOLONG;
	if (PCNISDOTDOT(pcn)) {
		if (dir->pn_va.va_nlink > 0) /* a removed directory leads nowhere */
			pn = MEM(dir)->m_parent;
	} else if ((e = dir_find(dir, pcn)) != NULL) {
		pn = e->e_node;
	}
	if ((pcn->pcn_flags & NAMEI_ISLASTCN) != 0 && (error = may_change(dir, pn, pcn)) != 0)
		return error;
	if (pn == NULL)
		return ENOENT;

	puffs_newinfo_setcookie(pni, pn);
	puffs_newinfo_setvtype(pni, pn->pn_va.va_type);
	puffs_newinfo_setsize(pni, pn->pn_va.va_size);
	puffs_newinfo_setrdev(pni, pn->pn_va.va_rdev);
	return 0;
}

/*
 * create, mkdir, mknod, symlink. A lookup for creation has found no such name and has seen that the
 * caller may write here.
 */
static int
make(struct puffs_usermount *pu, struct puffs_node *dir, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap, const char *target)
{
	struct memfs *fs = puffs_getspecific(pu);
	struct puffs_node *pn;
	struct entry *e;
	uid_t uid;
	gid_t gid;

	if (dir->pn_va.va_nlink == 0)
		return ENOENT; /* the directory itself was removed */
	if (dir_find(dir, pcn) != NULL)
		return EEXIST;
	if (vap->va_type == VDIR && dir->pn_va.va_nlink >= MEMFS_LINKMAX)
		return EMLINK;
	if ((vap->va_type == VCHR || vap->va_type == VBLK) &&
	    !puffs_cred_isjuggernaut(pcn->pcn_cred))
		return EPERM;
	if (puffs_cred_getuid(pcn->pcn_cred, &uid) == -1 ||
	    puffs_cred_getgid(pcn->pcn_cred, &gid) == -1)
		uid = gid = 0; /* the kernel itself */
	if (dir->pn_va.va_mode & S_ISGID)
		gid = dir->pn_va.va_gid;

	if ((pn = node_new(pu, vap, uid, gid)) == NULL)
		return ENOSPC;
	if (target != NULL) {
		pn->pn_va.va_size = strlen(target);
		MEM(pn)->m_target = mem_alloc(fs, pn->pn_va.va_size);
		if (MEM(pn)->m_target != NULL)
			memcpy(MEM(pn)->m_target, target, pn->pn_va.va_size);
	}
	if ((target != NULL && MEM(pn)->m_target == NULL) || (e = entry_new(fs, pcn)) == NULL) {
		node_free(pu, pn);
		return ENOSPC;
	}

	/* Set-group-id of a directory goes on to those below; on a file it is for the group's own. */
	if (isdir(pn))
		pn->pn_va.va_mode |= dir->pn_va.va_mode & S_ISGID;
	else if (!puffs_cred_isjuggernaut(pcn->pcn_cred) &&
	    !puffs_cred_hasgroup(pcn->pcn_cred, gid) && (pn->pn_va.va_mode & S_IXGRP) != 0)
		pn->pn_va.va_mode &= ~S_ISGID;
	dir_enter(dir, e, pn);
	pn->pn_va.va_ctime = pn->pn_va.va_birthtime; /* a new node has one time, though its name is newer */
	puffs_newinfo_setcookie(pni, pn);
	return 0;
}

int
memfs_node_create(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap)
{
	begin(pu, OP_create);
	return make(pu, opc, pni, pcn, vap, NULL);
}

int
memfs_node_mkdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap)
{
	begin(pu, OP_mkdir);
	return make(pu, opc, pni, pcn, vap, NULL);
}

int
memfs_node_mknod(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap)
{
	begin(pu, OP_mknod);
	return make(pu, opc, pni, pcn, vap, NULL);
}

int
memfs_node_symlink(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_newinfo *pni,
    const struct puffs_cn *pcn, const struct vattr *vap, const char *target)
{
	begin(pu, OP_symlink);
	if (strlen(target) > MEMFS_TARGETMAX)
		return ENAMETOOLONG;
	return make(pu, opc, pni, pcn, vap, target);
}

int
memfs_node_link(
    struct puffs_usermount *pu, puffs_cookie_t opc, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	struct memfs *fs = begin(pu, OP_link);
	struct puffs_node *dir = opc, *pn = targ;
	struct entry *e;

	if (isdir(pn))
		return EPERM;
	if (dir->pn_va.va_nlink == 0 || pn->pn_va.va_nlink == 0)
		return ENOENT;
	if (dir_find(dir, pcn) != NULL)
		return EEXIST;
	if (pn->pn_va.va_nlink >= MEMFS_LINKMAX)
		return EMLINK;
	if ((e = entry_new(fs, pcn)) == NULL)
		return ENOSPC;
	dir_enter(dir, e, pn);
	return 0;
}

/* remove and rmdir, once it is known that the node may go. */
static int
unmake(struct puffs_usermount *pu, struct puffs_node *dir, struct puffs_node *pn,
    const struct puffs_cn *pcn)
{
	struct entry *e = dir_find(dir, pcn);

	if (e == NULL || e->e_node != pn)
		return ENOENT;
	dir_leave(puffs_getspecific(pu), dir, e);
	if (pn->pn_va.va_nlink == 0) /* not to be kept in caches after the last close */
		puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N2);
	return 0;
}

int
memfs_node_remove(
    struct puffs_usermount *pu, puffs_cookie_t opc, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	begin(pu, OP_remove);
	return isdir(targ) ? EISDIR : unmake(pu, opc, targ, pcn);
}

int
memfs_node_rmdir(
    struct puffs_usermount *pu, puffs_cookie_t opc, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	begin(pu, OP_rmdir);
	if (!isdir(targ))
		return ENOTDIR;
	return MEM(targ)->m_nentries > 0 ? ENOTEMPTY : unmake(pu, opc, targ, pcn);
}

/* targ is the node that has the new name now, NULL if there is none. */
int
memfs_node_rename(struct puffs_usermount *pu, puffs_cookie_t src_dir, puffs_cookie_t src,
    const struct puffs_cn *pcn_src, puffs_cookie_t targ_dir, puffs_cookie_t targ,
    const struct puffs_cn *pcn_targ)
{
	struct memfs *fs = begin(pu, OP_rename);
	struct puffs_node *pn = src, *old = targ, *to = targ_dir, *up;
	struct entry *from, *e;
	int error;

	if (pn == old)
		return 0;
	if (pcn_targ->pcn_namelen > MEMFS_NAMEMAX)
		return ENAMETOOLONG;
	from = dir_find(src_dir, pcn_src);
	e = dir_find(to, pcn_targ);
	if (from == NULL || from->e_node != pn || (e != NULL ? e->e_node : NULL) != old)
		return ENOENT;
	if (to->pn_va.va_nlink == 0)
		return ENOENT;
	if (isdir(pn) && to != src_dir) {
		for (up = to; up != puffs_getroot(pu); up = MEM(up)->m_parent)
			if (up == pn)
				return EINVAL; /* never below itself */
		/* It gets another "..", which is a change of the directory itself. */
		error = puffs_access(VDIR, pn->pn_va.va_mode, pn->pn_va.va_uid, pn->pn_va.va_gid,
		    PUFFS_VWRITE, pcn_src->pcn_cred);
		if (error != 0)
			return error;
		if (old == NULL && to->pn_va.va_nlink >= MEMFS_LINKMAX)
			return EMLINK;
	}
	if (old != NULL) {
		if (isdir(old) != isdir(pn))
			return isdir(old) ? EISDIR : ENOTDIR;
		if (isdir(old) && MEM(old)->m_nentries > 0)
			return ENOTEMPTY;
	}
	if (e == NULL) {
		if ((e = entry_new(fs, pcn_targ)) == NULL)
			return ENOSPC;
		dir_enter(to, e, pn);
	} else { /* a name that stays: whoever reads the directory sees it once */
		e->e_node = pn;
		dir_named(to, pn);
		dir_unnamed(to, old);
	}
	dir_leave(fs, src_dir, from); /* after the other: a node is never without a name */
	return 0;
}
