/*
 * shelffs.c: a file system in memory, written for NetBSD: nodes on the library's list, mount options, file handles, set-backs,
 * poll that is answered by an alarm, memory that is there or the program ends.
 */
#include <sys/cdefs.h>
#ifndef lint
__RCSID("$NetBSD$");
#endif

#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <mntopts.h>
#include <paths.h>
#include <poll.h>
#include <puffs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <util.h>

/* A name on a shelf. */
struct label {
	TAILQ_ENTRY(label) l_order;
	struct puffs_node *l_node;
	char *l_name;
};

/* What a node has besides its attributes. */
struct item {
	TAILQ_HEAD(, label) i_labels;
	struct puffs_node *i_parent;
	uint8_t *i_bytes;
	size_t i_room;
	char *i_target;
};

/* Who waits in poll. Each is on its own stack. */
struct waiter {
	LIST_ENTRY(waiter) w_list;
	struct puffs_cc *w_cc;
};

struct shelf {
	ino_t s_lastid;
	fsfilcnt_t s_nodes;
	LIST_HEAD(, waiter) s_waiters;
	int s_inactive;
};

struct shelffid {
	ino_t f_id;
	u_long f_gen;
};

#define ITEM(pn) ((struct item *)(pn)->pn_data)

PUFFSOP_PROTOS(shelf);

static volatile sig_atomic_t alarmed;

static void
alarmhandler(int sig)
{

	(void)sig;
	alarmed = 1;
}

static void usage(void) __dead;
static void
usage(void)
{

	fprintf(stderr, "usage: %s [-s] [-n name] [-o options] mountpoint\n", getprogname());
	exit(1);
}

static void
now(struct timespec *ts)
{
	struct timeval tv;

	gettimeofday(&tv, NULL);
	TIMEVAL_TO_TIMESPEC(&tv, ts);
}

static struct puffs_node *
newnode(struct puffs_usermount *pu, enum vtype type, mode_t mode, uid_t uid, gid_t gid)
{
	struct shelf *sp = puffs_getspecific(pu);
	struct item *ip = ecalloc(1, sizeof(*ip));
	struct puffs_node *pn;
	struct vattr *vap;

	TAILQ_INIT(&ip->i_labels);
	if ((pn = puffs_pn_new(pu, ip)) == NULL)
		err(1, "puffs_pn_new");
	vap = &pn->pn_va;
	puffs_vattr_null(vap);
	vap->va_type = type;
	vap->va_mode = mode;
	vap->va_nlink = type == VDIR ? 2 : 0;
	vap->va_uid = uid;
	vap->va_gid = gid;
	vap->va_fileid = ++sp->s_lastid;
	vap->va_gen = (u_long)random();
	vap->va_size = vap->va_bytes = 0;
	vap->va_rdev = makedev(0, 0);
	vap->va_filerev = 1;
	now(&vap->va_atime);
	vap->va_mtime = vap->va_ctime = vap->va_birthtime = vap->va_atime;
	sp->s_nodes++;
	return pn;
}

static struct label *
findlabel(struct puffs_node *dir, const char *name)
{
	struct label *lp;

	TAILQ_FOREACH(lp, &ITEM(dir)->i_labels, l_order)
		if (strcmp(lp->l_name, name) == 0)
			return lp;
	return NULL;
}

static void
addlabel(struct puffs_node *dir, struct puffs_node *pn, const struct puffs_cn *pcn)
{
	struct label *lp = emalloc(sizeof(*lp));

	lp->l_name = estrndup(pcn->pcn_name, pcn->pcn_namelen);
	lp->l_node = pn;
	TAILQ_INSERT_TAIL(&ITEM(dir)->i_labels, lp, l_order);
	pn->pn_va.va_nlink++;
	if (pn->pn_va.va_type == VDIR) {
		ITEM(pn)->i_parent = dir;
		pn->pn_va.va_nlink--;
		dir->pn_va.va_nlink++;
	}
	now(&dir->pn_va.va_mtime);
	pn->pn_va.va_ctime = dir->pn_va.va_ctime = dir->pn_va.va_mtime;
}

static void
droplabel(struct puffs_node *dir, struct label *lp)
{
	struct puffs_node *pn = lp->l_node;

	TAILQ_REMOVE(&ITEM(dir)->i_labels, lp, l_order);
	if (pn->pn_va.va_type == VDIR)
		dir->pn_va.va_nlink--;
	else
		pn->pn_va.va_nlink--;
	now(&dir->pn_va.va_mtime);
	pn->pn_va.va_ctime = dir->pn_va.va_ctime = dir->pn_va.va_mtime;
	free(lp->l_name);
	free(lp);
}

static int
mayenter(struct puffs_node *dir, const struct puffs_cred *pcr)
{
	const struct vattr *vap = &dir->pn_va;

	return puffs_access(VDIR, vap->va_mode, vap->va_uid, vap->va_gid, PUFFS_VWRITE, pcr);
}

int
shelf_fs_unmount(struct puffs_usermount *pu, int flags)
{

	(void)pu;
	return (flags & ~MNT_FORCE) ? EINVAL : 0;
}

int
shelf_fs_statvfs(struct puffs_usermount *pu, struct statvfs *sbp)
{
	struct shelf *sp = puffs_getspecific(pu);

	sbp->f_bsize = sbp->f_frsize = sbp->f_iosize = (u_long)getpagesize();
	sbp->f_blocks = 1000;
	sbp->f_bfree = 600;
	sbp->f_bavail = 500;
	sbp->f_bresvd = sbp->f_bfree - sbp->f_bavail;
	sbp->f_files = 77;
	sbp->f_ffree = sbp->f_favail = sbp->f_files - sp->s_nodes;
	sbp->f_fresvd = 0;
	sbp->f_namemax = NAME_MAX;
	return 0;
}

static void *
samefid(struct puffs_usermount *pu, struct puffs_node *pn, void *arg)
{
	struct shelffid *fp = arg;

	(void)pu;
	return pn->pn_va.va_fileid == fp->f_id && pn->pn_va.va_gen == fp->f_gen ? pn : NULL;
}

int
shelf_fs_fhtonode(struct puffs_usermount *pu, void *fid, size_t fidsize, struct puffs_newinfo *pni)
{
	struct puffs_node *pn;

	if (fidsize != sizeof(struct shelffid))
		return EINVAL;
	if ((pn = puffs_pn_nodewalk(pu, samefid, fid)) == NULL)
		return ESTALE;
	puffs_newinfo_setcookie(pni, pn);
	puffs_newinfo_setvtype(pni, pn->pn_va.va_type);
	puffs_newinfo_setsize(pni, (voff_t)pn->pn_va.va_size);
	return 0;
}

int
shelf_fs_nodetofh(struct puffs_usermount *pu, void *cookie, void *fid, size_t *fidsize)
{
	struct puffs_node *pn = cookie;
	struct shelffid *fp = fid;

	(void)pu;
	if (*fidsize < sizeof(*fp)) {
		*fidsize = sizeof(*fp);
		return E2BIG;
	}
	*fidsize = sizeof(*fp);
	fp->f_id = pn->pn_va.va_fileid;
	fp->f_gen = pn->pn_va.va_gen;
	return 0;
}

int
shelf_node_lookup(struct puffs_usermount *pu, void *opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	struct puffs_node *dir = opc, *pn;
	struct label *lp;
	int error;

	(void)pu;
	if (PCNISDOTDOT(pcn))
		pn = ITEM(dir)->i_parent;
	else if ((lp = findlabel(dir, pcn->pcn_name)) != NULL) {
		pn = lp->l_node;
		if ((pcn->pcn_flags & NAMEI_ISLASTCN) != 0 && pcn->pcn_nameiop == NAMEI_DELETE &&
		    (error = mayenter(dir, pcn->pcn_cred)) != 0)
			return error;
	} else {
		if ((pcn->pcn_flags & NAMEI_ISLASTCN) != 0 &&
		    (pcn->pcn_nameiop == NAMEI_CREATE || pcn->pcn_nameiop == NAMEI_RENAME) &&
		    (error = mayenter(dir, pcn->pcn_cred)) != 0)
			return error;
		return ENOENT;
	}
	puffs_newinfo_setcookie(pni, pn);
	puffs_newinfo_setvtype(pni, pn->pn_va.va_type);
	puffs_newinfo_setsize(pni, (voff_t)pn->pn_va.va_size);
	puffs_newinfo_setrdev(pni, pn->pn_va.va_rdev);
	return 0;
}

static struct puffs_node *
make(struct puffs_usermount *pu, struct puffs_node *dir, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *vap)
{
	struct puffs_node *pn;
	uid_t uid;

	if (puffs_cred_getuid(pcn->pcn_cred, &uid) != 0)
		uid = 0;
	pn = newnode(pu, vap->va_type, vap->va_mode, uid, dir->pn_va.va_gid);
	if (vap->va_type == VBLK || vap->va_type == VCHR)
		pn->pn_va.va_rdev = vap->va_rdev;
	addlabel(dir, pn, pcn);
	puffs_newinfo_setcookie(pni, pn);
	return pn;
}

#define MAKER(op) \
	int \
	shelf_node_##op(struct puffs_usermount *pu, void *opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn, \
	    const struct vattr *vap) \
	{ \
\
		make(pu, opc, pni, pcn, vap); \
		return 0; \
	}
MAKER(create)
MAKER(mknod)
MAKER(mkdir)

int
shelf_node_symlink(struct puffs_usermount *pu, void *opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn,
    const struct vattr *vap, const char *target)
{
	struct puffs_node *pn = make(pu, opc, pni, pcn, vap);

	ITEM(pn)->i_target = estrdup(target);
	pn->pn_va.va_size = strlen(target);
	return 0;
}

int
shelf_node_link(struct puffs_usermount *pu, void *opc, void *targ, const struct puffs_cn *pcn)
{
	struct puffs_node *pn = targ;

	(void)pu;
	if (pn->pn_va.va_nlink >= LINK_MAX)
		return EMLINK;
	addlabel(opc, pn, pcn);
	return 0;
}

int
shelf_node_remove(struct puffs_usermount *pu, void *opc, void *targ, const struct puffs_cn *pcn)
{
	struct puffs_node *pn = targ;

	if (pn->pn_va.va_type == VDIR)
		return EPERM;
	droplabel(opc, findlabel(opc, pcn->pcn_name));
	if (pn->pn_va.va_nlink == 0)
		puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N2);
	return 0;
}

int
shelf_node_rmdir(struct puffs_usermount *pu, void *opc, void *targ, const struct puffs_cn *pcn)
{
	struct puffs_node *pn = targ;

	if (!TAILQ_EMPTY(&ITEM(pn)->i_labels))
		return ENOTEMPTY;
	droplabel(opc, findlabel(opc, pcn->pcn_name));
	pn->pn_va.va_nlink = 0;
	puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N2);
	return 0;
}

int
shelf_node_rename(struct puffs_usermount *pu, void *sdir, void *src, const struct puffs_cn *spcn, void *tdir, void *targ,
    const struct puffs_cn *tpcn)
{
	struct puffs_node *pn = src, *old = targ;

	(void)pu;
	if (old != NULL) {
		if (old->pn_va.va_type == VDIR && !TAILQ_EMPTY(&ITEM(old)->i_labels))
			return ENOTEMPTY;
		droplabel(tdir, findlabel(tdir, tpcn->pcn_name));
		if (old->pn_va.va_type == VDIR)
			old->pn_va.va_nlink = 0;
	}
	droplabel(sdir, findlabel(sdir, spcn->pcn_name));
	addlabel(tdir, pn, tpcn);
	return 0;
}

int
shelf_node_access(struct puffs_usermount *pu, void *opc, int mode, const struct puffs_cred *pcr)
{
	const struct vattr *vap = &((struct puffs_node *)opc)->pn_va;

	(void)pu;
	return puffs_access(vap->va_type, vap->va_mode, vap->va_uid, vap->va_gid, (mode_t)mode, pcr);
}

static void
resize(struct puffs_node *pn, u_quad_t size)
{
	struct item *ip = ITEM(pn);

	if (size > ip->i_room) {
		ip->i_bytes = erealloc(ip->i_bytes, (size_t)size);
		memset(ip->i_bytes + ip->i_room, 0, (size_t)size - ip->i_room);
		ip->i_room = (size_t)size;
	} else
		memset(ip->i_bytes + size, 0, ip->i_room - (size_t)size);
	pn->pn_va.va_size = size;
	pn->pn_va.va_bytes = roundup(size, DEV_BSIZE);
}

int
shelf_node_setattr(struct puffs_usermount *pu, void *opc, const struct vattr *va, const struct puffs_cred *pcr)
{
	struct puffs_node *pn = opc;
	struct vattr *my = &pn->pn_va;
	int error;

	(void)pu;
	/* There are no flags of files here. */
	if (va->va_flags != (u_long)PUFFS_VNOVAL)
		return EOPNOTSUPP;
	if (va->va_uid != (uid_t)PUFFS_VNOVAL || va->va_gid != (gid_t)PUFFS_VNOVAL)
		if ((error = puffs_access_chown(my->va_uid, my->va_gid, va->va_uid, va->va_gid, pcr)) != 0)
			return error;
	if (va->va_mode != (mode_t)PUFFS_VNOVAL)
		if ((error = puffs_access_chmod(my->va_uid, my->va_gid, my->va_type, va->va_mode, pcr)) != 0)
			return error;
	if (va->va_mtime.tv_sec != (time_t)PUFFS_VNOVAL || va->va_atime.tv_sec != (time_t)PUFFS_VNOVAL)
		if ((error = puffs_access_times(my->va_uid, my->va_gid, my->va_mode,
		    (va->va_vaflags & VA_UTIMES_NULL) != 0, pcr)) != 0)
			return error;
	if (va->va_size != (u_quad_t)PUFFS_VNOVAL) {
		if (my->va_type == VDIR)
			return EISDIR;
		resize(pn, va->va_size);
		now(&my->va_mtime);
	}
	puffs_setvattr(my, va);
	now(&my->va_ctime);
	return 0;
}

int
shelf_node_read(struct puffs_usermount *pu, void *opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	struct puffs_node *pn = opc;
	quad_t copied;

	(void)pu, (void)pcr, (void)ioflag;
	if (pn->pn_va.va_type == VDIR)
		return EISDIR;
	copied = MIN((quad_t)*resid, (quad_t)pn->pn_va.va_size - offset);
	if (copied > 0) {
		memcpy(buf, ITEM(pn)->i_bytes + offset, (size_t)copied);
		*resid -= (size_t)copied;
	}
	now(&pn->pn_va.va_atime);
	return 0;
}

int
shelf_node_write(struct puffs_usermount *pu, void *opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr, int ioflag)
{
	struct puffs_node *pn = opc;

	(void)pu, (void)pcr;
	if (ioflag & PUFFS_IO_APPEND)
		offset = (off_t)pn->pn_va.va_size;
	if ((u_quad_t)offset + *resid > pn->pn_va.va_size)
		resize(pn, (u_quad_t)offset + *resid);
	memcpy(ITEM(pn)->i_bytes + offset, buf, *resid);
	*resid = 0;
	now(&pn->pn_va.va_mtime);
	pn->pn_va.va_ctime = pn->pn_va.va_mtime;
	return 0;
}

int
shelf_node_readlink(struct puffs_usermount *pu, void *opc, const struct puffs_cred *pcr, char *linkname, size_t *linklen)
{
	struct item *ip = ITEM((struct puffs_node *)opc);

	(void)pu, (void)pcr;
	/* No NUL is wanted, so there must be room for one that is not counted. */
	*linklen = MIN(strlen(ip->i_target), *linklen);
	memcpy(linkname, ip->i_target, *linklen);
	return 0;
}

int
shelf_node_readdir(struct puffs_usermount *pu, void *opc, struct dirent *dent, off_t *readoff, size_t *reslen,
    const struct puffs_cred *pcr, int *eofflag, off_t *cookies, size_t *ncookies)
{
	struct puffs_node *dir = opc, *pn;
	struct label *lp;
	off_t skip;

	(void)pu, (void)pcr;
	*ncookies = 0;
	if (dir->pn_va.va_type != VDIR)
		return ENOTDIR;
	for (; *readoff <= DENT_DOTDOT; (*readoff)++) {
		pn = *readoff == DENT_DOT ? dir : ITEM(dir)->i_parent;
		puffs_gendotdent(&dent, pn->pn_va.va_fileid, (int)*readoff, reslen);
		PUFFS_STORE_DCOOKIE(cookies, ncookies, *readoff + 1);
	}
	skip = DENT_ADJ(*readoff);
	TAILQ_FOREACH(lp, &ITEM(dir)->i_labels, l_order) {
		if (skip-- > 0)
			continue;
		pn = lp->l_node;
		if (!puffs_nextdent(&dent, lp->l_name, pn->pn_va.va_fileid, (uint8_t)puffs_vtype2dt(pn->pn_va.va_type),
		    reslen))
			return 0;
		(*readoff)++;
		PUFFS_STORE_DCOOKIE(cookies, ncookies, *readoff);
	}
	*eofflag = 1;
	return 0;
}

/* The second hand is what everybody waits for. */
int
shelf_node_poll(struct puffs_usermount *pu, void *opc, int *events)
{
	struct shelf *sp = puffs_getspecific(pu);
	struct itimerval it = { { 0, 0 }, { 0, 200000 } };
	struct waiter w;

	(void)opc;
	w.w_cc = puffs_cc_getcc(pu);
	LIST_INSERT_HEAD(&sp->s_waiters, &w, w_list);
	if (setitimer(ITIMER_REAL, &it, NULL) == -1)
		err(1, "setitimer");
	puffs_cc_yield(w.w_cc);
	*events &= POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	return 0;
}

static void
shelfloop(struct puffs_usermount *pu)
{
	struct shelf *sp = puffs_getspecific(pu);
	struct waiter *w;

	if (!alarmed)
		return;
	alarmed = 0;
	while ((w = LIST_FIRST(&sp->s_waiters)) != NULL) {
		LIST_REMOVE(w, w_list);
		puffs_cc_continue(w->w_cc);
	}
}

int
shelf_node_inactive(struct puffs_usermount *pu, void *opc)
{
	struct shelf *sp = puffs_getspecific(pu);

	(void)opc;
	sp->s_inactive++;
	return 0;
}

int
shelf_node_reclaim(struct puffs_usermount *pu, void *opc)
{
	struct shelf *sp = puffs_getspecific(pu);
	struct puffs_node *pn = opc;
	struct item *ip = ITEM(pn);

	if (pn->pn_va.va_nlink > 0)
		return 0;
	free(ip->i_bytes);
	free(ip->i_target);
	free(ip);
	puffs_pn_put(pn);
	sp->s_nodes--;
	return 0;
}

int
main(int argc, char *argv[])
{
	static struct shelf shelf;
	struct timespec turn = { 10, 0 };
	struct puffs_usermount *pu;
	struct puffs_ops *pops;
	struct puffs_node *root;
	const char *typename = "shelf";
	mntoptparse_t mp;
	int mntflags = 0, pflags = PUFFS_KFLAG_IAONDEMAND | PUFFS_KFLAG_WTCACHE, detach = 1, ch;

	setprogname(argv[0]);
	while ((ch = getopt(argc, argv, "n:o:s")) != -1) {
		switch (ch) {
		case 'n':
			typename = optarg;
			break;
		case 'o':
			mp = getmntopts(optarg, puffsmopts, &mntflags, &pflags);
			if (mp == NULL)
				err(1, "getmntopts");
			freemntopts(mp);
			break;
		case 's':
			detach = 0;
			break;
		default:
			usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (argc != 1)
		usage();
	if (pflags & PUFFS_FLAG_OPDUMP)
		detach = 0;

	PUFFSOP_INIT(pops);
	PUFFSOP_SET(pops, shelf, fs, unmount);
	PUFFSOP_SET(pops, shelf, fs, statvfs);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SET(pops, shelf, fs, fhtonode);
	PUFFSOP_SET(pops, shelf, fs, nodetofh);
	PUFFSOP_SET(pops, shelf, node, lookup);
	PUFFSOP_SET(pops, shelf, node, create);
	PUFFSOP_SET(pops, shelf, node, mknod);
	PUFFSOP_SET(pops, shelf, node, mkdir);
	PUFFSOP_SET(pops, shelf, node, symlink);
	PUFFSOP_SET(pops, shelf, node, link);
	PUFFSOP_SET(pops, shelf, node, remove);
	PUFFSOP_SET(pops, shelf, node, rmdir);
	PUFFSOP_SET(pops, shelf, node, rename);
	PUFFSOP_SET(pops, shelf, node, access);
	PUFFSOP_SET(pops, puffs_genfs, node, getattr);
	PUFFSOP_SET(pops, shelf, node, setattr);
	PUFFSOP_SET(pops, shelf, node, read);
	PUFFSOP_SET(pops, shelf, node, write);
	PUFFSOP_SET(pops, shelf, node, readlink);
	PUFFSOP_SET(pops, shelf, node, readdir);
	PUFFSOP_SET(pops, shelf, node, poll);
	PUFFSOP_SET(pops, shelf, node, inactive);
	PUFFSOP_SET(pops, shelf, node, reclaim);

	if ((pu = puffs_init(pops, _PATH_PUFFS, typename, &shelf, (uint32_t)pflags)) == NULL)
		err(1, "puffs_init");
	puffs_set_errnotify(pu, puffs_kernerr_abort);
	puffs_setmaxreqlen(pu, 65536);
	puffs_setncookiehash(pu, 64);
	puffs_setfhsize(pu, sizeof(struct shelffid), PUFFS_FHFLAG_NFSV2 | PUFFS_FHFLAG_NFSV3);
	puffs_ml_setloopfn(pu, shelfloop);
	puffs_ml_settimeout(pu, &turn);
	LIST_INIT(&shelf.s_waiters);
	if (signal(SIGALRM, alarmhandler) == SIG_ERR)
		err(1, "signal");
	if (puffs_unmountonsignal(SIGTERM, true) == -1)
		err(1, "puffs_unmountonsignal");

	root = newnode(pu, VDIR, 0755, geteuid(), getegid());
	ITEM(root)->i_parent = root;
	puffs_setroot(pu, root);
	puffs_setrootinfo(pu, VDIR, 0, 0);

	if (detach && puffs_daemon(pu, 1, 1) == -1)
		err(1, "puffs_daemon");
	if (puffs_mount(pu, argv[0], mntflags, root) == -1)
		err(1, "puffs_mount");
	if (puffs_mainloop(pu) == -1)
		err(1, "mainloop");
	printf("%s: %d nodes, %d times inactive\n", getprogname(), (int)shelf.s_nodes, shelf.s_inactive);
	return 0;
}
