/*
 * puffs_server: the tree of tree.h by the server library, as servers are written for it.
 *
 *	puffs_server DIRECTORY COUNTS		returns once it is mounted; umount ends it
 *
 * Nothing is cached, as in fuse_server.c. What it counts are operations that the library has had it execute, which a message may
 * be several of.
 */
#include "tree.h"

#include <err.h>

#include <puffs.h>

enum op { LOOKUP, CREATE, GETATTR, OPEN, CLOSE, READ, WRITE, READDIR, REMOVE, STATFS };

static struct counts *counts;

/* What a cookie stands for. */
static struct node *
node(puffs_cookie_t opc)
{

	return tree_node((uintptr_t)opc);
}

static void
called(enum op op)
{

	counts->c_ops[op].co_count++;
}

static void
info(struct puffs_newinfo *pni, const struct node *n)
{

	puffs_newinfo_setcookie(pni, (puffs_cookie_t)(uintptr_t)n->n_ino);
	puffs_newinfo_setvtype(pni, puffs_mode2vt(n->n_mode));
	puffs_newinfo_setsize(pni, (off_t)n->n_size);
}

static int
peer_fs_statvfs(struct puffs_usermount *pu, struct puffs_statvfs *sbp)
{

	(void)pu;
	called(STATFS);
	sbp->f_bsize = sbp->f_frsize = sbp->f_iosize = TREE_BLOCKSIZE;
	sbp->f_blocks = TREE_BLOCKS;
	sbp->f_files = TREE_FILES;
	sbp->f_namemax = TREE_NAMEMAX;
	return 0;
}

static int
peer_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	const struct node *n;

	(void)pu;
	called(LOOKUP);
	if ((n = tree_find((uintptr_t)dir, pcn->pcn_name, pcn->pcn_namelen)) == NULL)
		return ENOENT;
	info(pni, n);
	return 0;
}

static int
peer_node_create(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *vap)
{
	const struct node *n;

	(void)pu;
	called(CREATE);
	if (tree_find((uintptr_t)dir, pcn->pcn_name, pcn->pcn_namelen) != NULL)
		return EEXIST;
	if ((n = tree_add((uintptr_t)dir, pcn->pcn_name, pcn->pcn_namelen, S_IFREG | (vap->va_mode & 07777), 0)) == NULL)
		return ENOSPC;
	info(pni, n);
	return 0;
}

static int
peer_node_getattr(struct puffs_usermount *pu, puffs_cookie_t opc, struct vattr *vap, const struct puffs_cred *pcr)
{
	const struct node *n = node(opc);

	(void)pu, (void)pcr;
	called(GETATTR);
	if (n == NULL)
		return ENOENT;
	puffs_vattr_null(vap);
	vap->va_type = puffs_mode2vt(n->n_mode);
	vap->va_mode = n->n_mode;
	vap->va_nlink = S_ISDIR(n->n_mode) ? 2 : 1;
	vap->va_uid = vap->va_gid = 0;
	vap->va_fileid = n->n_ino;
	vap->va_size = vap->va_bytes = n->n_size;
	vap->va_blocksize = TREE_BLOCKSIZE;
	vap->va_atime = vap->va_mtime = vap->va_ctime = (struct timespec){ .tv_sec = TREE_TIME };
	return 0;
}

static int
peer_node_open2(struct puffs_usermount *pu, puffs_cookie_t opc, int mode, const struct puffs_cred *pcr, int *oflags)
{

	(void)pu, (void)mode, (void)pcr;
	called(OPEN);
	*oflags = PUFFS_OPEN_IO_DIRECT;
	return node(opc) != NULL ? 0 : ENOENT;
}

static int
peer_node_close(struct puffs_usermount *pu, puffs_cookie_t opc, int fflag, const struct puffs_cred *pcr)
{

	(void)pu, (void)opc, (void)fflag, (void)pcr;
	called(CLOSE);
	return 0;
}

static int
peer_node_read(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	const struct node *n = node(opc);
	size_t len;

	(void)pu, (void)pcr, (void)ioflag;
	called(READ);
	if (n == NULL)
		return ENOENT;
	len = tree_readable(n, (uint64_t)offset, *resid);
	memcpy(buf, tree_data + offset, len);
	*resid -= len;
	return 0;
}

static int
peer_node_write(struct puffs_usermount *pu, puffs_cookie_t opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{

	(void)pu, (void)buf, (void)offset, (void)pcr, (void)ioflag;
	called(WRITE);
	*resid = 0;
	return node(opc) != NULL ? 0 : ENOENT;
}

static int
peer_node_readdir(struct puffs_usermount *pu, puffs_cookie_t opc, struct puffs_dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{
	const struct node *dir = node(opc), *n;
	uint64_t off = (uint64_t)*readoff;
	const char *name;
	char text[TREE_NAMEMAX + 1];
	size_t len;

	(void)pu, (void)pcr, (void)cookies;
	called(READDIR);
	*ncookies = 0;
	if (dir == NULL)
		return ENOENT;
	while ((n = tree_entry(dir, &off, &name, &len)) != NULL) {
		memcpy(text, name, len);
		text[len] = '\0';
		if (!puffs_nextdent(&dent, text, n->n_ino, (uint8_t)(n->n_mode >> 12), reslen))
			break;
		off++;
	}
	*readoff = (off_t)off;
	*eofflag = n == NULL;
	return 0;
}

static int
peer_node_remove(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t targ, const struct puffs_cn *pcn)
{
	struct node *n = node(targ);

	(void)pu, (void)dir, (void)pcn;
	called(REMOVE);
	if (n == NULL)
		return ENOENT;
	tree_remove(n);
	return 0;
}

int
main(int argc, char *argv[])
{
	static const char *const names[] = { "lookup", "create", "getattr", "open", "close", "read", "write", "readdir", "remove", "statvfs" };
	struct puffs_usermount *pu;
	struct puffs_ops *ops;
	unsigned i;

	if (argc != 3)
		errx(2, "usage: puffs_server DIRECTORY COUNTS");
	tree_init();
	if ((counts = counts_open(argv[2], true)) == NULL)
		err(1, "%s", argv[2]);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		counts_name(counts, i, names[i]);
	PUFFSOP_INIT(ops);
	if (ops == NULL)
		err(1, "no memory");
	PUFFSOP_SETFSNOP(ops, unmount);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SET(ops, peer, fs, statvfs);
	PUFFSOP_SET(ops, peer, node, lookup);
	PUFFSOP_SET(ops, peer, node, create);
	PUFFSOP_SET(ops, peer, node, getattr);
	PUFFSOP_SET(ops, peer, node, open2);
	PUFFSOP_SET(ops, peer, node, close);
	PUFFSOP_SET(ops, peer, node, read);
	PUFFSOP_SET(ops, peer, node, write);
	PUFFSOP_SET(ops, peer, node, readdir);
	PUFFSOP_SET(ops, peer, node, remove);
	if ((pu = puffs_init(ops, "puffs_server", "peer", NULL, PUFFS_KFLAG_NOCACHE | PUFFS_KFLAG_NOCACHE_ATTR)) == NULL)
		err(1, "puffs_init");
	if (puffs_daemon(pu, 1, 1) == -1)
		err(1, "puffs_daemon");
	counts->c_pid = getpid();
	if (puffs_mount(pu, argv[1], 0, (puffs_cookie_t)TREE_ROOT) == -1)
		err(1, "%s", argv[1]);
	if (puffs_mainloop(pu) == -1)
		err(1, "%s", argv[1]);
	puffs_cancel(pu, 0);
	return 0;
}
