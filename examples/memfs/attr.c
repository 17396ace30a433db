/*
 * attr.c: opening, and the operations on attributes.
 */
#include "memfs.h"

#include <errno.h>

/*
 * Opens and closes come in pairs, one pair for each open(2), with FREAD and FWRITE in the mode. We
 * have nothing to prepare.
 */
int
memfs_node_open(
    struct puffs_usermount *pu, puffs_cookie_t opc, int mode, const struct puffs_cred *pcr)
{
	struct puffs_node *pn = opc;

	(void)pcr;
	begin(pu, OP_open);
	return isdir(pn) && (mode & FWRITE) != 0 ? EISDIR : 0;
}

int
memfs_node_close(
    struct puffs_usermount *pu, puffs_cookie_t opc, int fflag, const struct puffs_cred *pcr)
{
	(void)opc, (void)fflag, (void)pcr;
	begin(pu, OP_close);
	return 0;
}

int
memfs_node_getattr(
    struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *vap, const struct puffs_cred *pcr)
{
	struct puffs_node *pn = opc;

	(void)pcr;
	begin(pu, OP_getattr);
	*vap = pn->pn_va;
	return 0;
}

/*
 * A file that gets another owner or other contents loses its set-id bits. Without S_IXGRP
 * set-group-id does not mean the group's rights; then it is lost only to strangers.
 */
void
drop_setid(struct vattr *va, const struct puffs_cred *pcr)
{
	va->va_mode &= ~S_ISUID;
	if ((va->va_mode & S_IXGRP) != 0 ||
	    (!puffs_cred_isjuggernaut(pcr) && !puffs_cred_hasgroup(pcr, va->va_gid)))
		va->va_mode &= ~S_ISGID;
}

/*
 * May the caller set this mode? Other than on NetBSD the sticky bit is for everything, and
 * set-group-id for the wrong group is not refused, but left out.
 */
static int
may_chmod(const struct vattr *va, mode_t mode, const struct puffs_cred *pcr)
{
	mode_t changed = mode ^ va->va_mode;

	/* The kernel takes set-id bits from a file for whoever writes to it. */
	if (changed != 0 && (changed & ~(S_ISUID | S_ISGID)) == 0 && (mode & changed) == 0 &&
	    puffs_access(
		va->va_type, va->va_mode, va->va_uid, va->va_gid, PUFFS_VWRITE, pcr) == 0)
		return 0;
	return puffs_access_chmod(
	    va->va_uid, va->va_gid, va->va_type, mode & ~(S_ISVTX | S_ISGID), pcr);
}

/*
 * Fields that are not to be changed hold PUFFS_VNOVAL. All questions come first: either everything
 * is changed or nothing.
 */
int
memfs_node_setattr(struct puffs_usermount *pu, puffs_cookie_t opc, const struct vattr *vap,
    const struct puffs_cred *pcr)
{
	struct memfs *fs = begin(pu, OP_setattr);
	struct puffs_node *pn = opc;
	struct vattr *va = &pn->pn_va;
	bool size = vap->va_size != (u_quad_t)PUFFS_VNOVAL;
	bool mode = vap->va_mode != (mode_t)PUFFS_VNOVAL;
	bool owner = vap->va_uid != (uid_t)PUFFS_VNOVAL || vap->va_gid != (gid_t)PUFFS_VNOVAL;
	bool atime = vap->va_atime.tv_nsec != PUFFS_VNOVAL;
	bool mtime = vap->va_mtime.tv_nsec != PUFFS_VNOVAL;
	int error = 0;

	/* Whether the caller may change the size was asked at open, or before truncate(2). */
	if (size && va->va_type != VREG)
		return isdir(pn) ? EISDIR : EINVAL;
	if (size && vap->va_size > INT64_MAX)
		return EFBIG;
	if (owner)
		error = puffs_access_chown(va->va_uid, va->va_gid, vap->va_uid, vap->va_gid, pcr);
	if (error == 0 && mode)
		error = may_chmod(va, vap->va_mode & PERMBITS, pcr);
	if (error == 0 && (atime || mtime))
		error = puffs_access_times(
		    va->va_uid, va->va_gid, va->va_mode, vap->va_vaflags & VA_UTIMES_NULL, pcr);
	if (error != 0)
		return error;

	if (size) {
		file_setsize(fs, pn, vap->va_size);
		modified(pn);
	}
	puffs_setvattr(va, vap);
	if (atime)
		va->va_atime = vap->va_atime; /* whole: second -1 is not PUFFS_VNOVAL */
	if (mtime)
		va->va_mtime = vap->va_mtime;
	va->va_mode &= PERMBITS;
	if ((owner && !isdir(pn)) || (size && !puffs_cred_isjuggernaut(pcr)))
		drop_setid(va, pcr);
	if (mode && !puffs_cred_isjuggernaut(pcr) && !puffs_cred_hasgroup(pcr, va->va_gid))
		va->va_mode &= ~S_ISGID;
	va->va_ctime = now();
	return 0;
}
