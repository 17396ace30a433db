/*
 * data.c: the operations on contents.
 */
#include "memfs.h"

#include <errno.h>
#include <string.h>

/*
 * Reads *resid bytes at most, and leaves in *resid what was not done: here what lies past the end of
 * the file.
 */
int
memfs_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset,
    size_t *resid, const struct puffs_cred *pcr, int ioflag)
{
	struct memfs *fs = begin(pu, OP_read);
	struct puffs_node *pn = opc;
	uint64_t pos = offset, end;
	const uint8_t *page;
	size_t at, n;

	(void)pcr, (void)ioflag;
	if (pn->pn_va.va_type != VREG)
		return isdir(pn) ? EISDIR : EINVAL;
	if (offset < 0)
		return EINVAL;
	if (pos >= pn->pn_va.va_size)
		return 0;
	end = pos + MIN(*resid, pn->pn_va.va_size - pos);
	for (; pos < end; pos += n, buf += n, *resid -= n) {
		at = pos % PAGEBYTES;
		n = MIN(PAGEBYTES - at, end - pos);
		if ((page = page_find(fs, pn, pos >> PAGESHIFT, false)) != NULL)
			memcpy(buf, page + at, n);
		else
			memset(buf, 0, n);
	}
	fs->fs_bytesread += end - (uint64_t)offset;
	pn->pn_va.va_atime = now();
	return 0;
}

int
memfs_node_write(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset,
    size_t *resid, const struct puffs_cred *pcr, int ioflag)
{
	struct memfs *fs = begin(pu, OP_write);
	struct puffs_node *pn = opc;
	uint64_t pos, end;
	size_t at, n;

	if (pn->pn_va.va_type != VREG)
		return isdir(pn) ? EISDIR : EINVAL;
	if (ioflag & PUFFS_IO_APPEND)
		offset = pn->pn_va.va_size;
	if (offset < 0)
		return EINVAL;
	if (*resid == 0)
		return 0;
	pos = offset;
	if (*resid > INT64_MAX - pos)
		return EFBIG;
	end = pos + *resid;

	/* Get all the room first, so that a file never ends up half written. */
	if (file_fill(fs, pn, pos, end) != 0)
		return ENOSPC;
	for (; pos < end; pos += n, buf += n, *resid -= n) {
		at = pos % PAGEBYTES;
		n = MIN(PAGEBYTES - at, end - pos);
		memcpy(page_find(fs, pn, pos >> PAGESHIFT, false) + at, buf, n);
	}
	if (end > pn->pn_va.va_size)
		pn->pn_va.va_size = end;
	if (!puffs_cred_isjuggernaut(pcr))
		drop_setid(&pn->pn_va, pcr);
	fs->fs_byteswritten += end - (uint64_t)offset;
	modified(pn);
	return 0;
}

/* fallocate and fdiscard get a range of a regular file. */
static int
check_range(const struct puffs_node *pn, off_t pos, off_t len)
{
	if (pn->pn_va.va_type != VREG)
		return isdir(pn) ? EISDIR : ENODEV;
	if (pos < 0 || len <= 0)
		return EINVAL;
	return len > INT64_MAX - pos ? EFBIG : 0;
}

int
memfs_node_fallocate(struct puffs_usermount *pu, puffs_cookie_t opc, off_t pos, off_t len)
{
	struct memfs *fs = begin(pu, OP_fallocate);
	struct puffs_node *pn = opc;
	int error;

	if ((error = check_range(pn, pos, len)) != 0 ||
	    (error = file_fill(fs, pn, pos, pos + len)) != 0)
		return error;
	if ((uint64_t)(pos + len) > pn->pn_va.va_size)
		pn->pn_va.va_size = pos + len;
	modified(pn);
	return 0;
}

int
memfs_node_fdiscard(struct puffs_usermount *pu, puffs_cookie_t opc, off_t pos, off_t len)
{
	struct memfs *fs = begin(pu, OP_fdiscard);
	struct puffs_node *pn = opc;
	int error;

	if ((error = check_range(pn, pos, len)) != 0)
		return error;
	file_empty(fs, pn, pos, pos + len);
	modified(pn);
	return 0;
}

int
memfs_node_readlink(struct puffs_usermount *pu, puffs_cookie_t opc, const struct puffs_cred *pcr,
    char *linkname, size_t *linklen)
{
	struct puffs_node *pn = opc;

	(void)pcr;
	begin(pu, OP_readlink);
	if (pn->pn_va.va_type != VLNK)
		return EINVAL;
	*linklen = MIN(*linklen, pn->pn_va.va_size);
	memcpy(linkname, MEM(pn)->m_target, *linklen); /* no NUL */
	pn->pn_va.va_atime = now();
	return 0;
}
