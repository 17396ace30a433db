/*
 * vfs.h: mounts, vnodes, and vnode operations with message bodies of this kernel's own.
 */

#define NAMELEN 32
#define MAXIO 4096

/* Message bodies. They are between this kernel and its servers; puffs does not look into them. */
struct lookup_msg {
	uint64_t lm_cookie;		/* out */
	char lm_name[NAMELEN];
};
struct getattr_msg {
	uint64_t gm_size;		/* out */
};
struct rw_msg {
	uint64_t rm_offset;
	uint64_t rm_len;		/* of the data behind, which only a write and a read's answer have */
};
struct statvfs_msg {
	uint64_t sm_files;		/* out */
};

struct mount {
	struct puffs_mount *mnt_pmp;
	_Atomic uint64_t mnt_rootcookie;
	atomic_long mnt_late;		/* answers that came too late */
	pthread_mutex_t mnt_lock;	/* what follows */
	long mnt_refs;			/* one while mounted, and one for each vnode */
	bool mnt_gone;
	struct vnode *mnt_vnodes;
};

struct vnode {
	struct mount *v_mount;
	void *v_cookie;
	pthread_mutex_t v_lock;		/* held through an operation */
	long v_refs;			/* by mnt_lock */
	long v_lookups;			/* how often the server named it; by mnt_lock */
	struct vnode *v_next;
};

#define MPTOPMP(mp) ((mp)->mnt_pmp)
#define VPTOPNC(vp) ((vp)->v_cookie)

/* Mounts that exist. */
static atomic_long mounts;

static void
mount_rele(struct mount *mp)
{
	long left;

	pthread_mutex_lock(&mp->mnt_lock);
	left = --mp->mnt_refs;
	pthread_mutex_unlock(&mp->mnt_lock);
	if (left == 0)
		puffs_mount_rele(MPTOPMP(mp));
}

/* The vnode for a cookie, with one more reference. */
static struct vnode *
vnode_get(struct mount *mp, void *cookie, long lookups)
{
	struct vnode *vp, *fresh = malloc(sizeof(*fresh));

	CHECK(fresh != NULL);
	pthread_mutex_lock(&mp->mnt_lock);
	for (vp = mp->mnt_vnodes; vp != NULL && vp->v_cookie != cookie; vp = vp->v_next)
		continue;
	if (vp == NULL) {
		vp = fresh;
		fresh = NULL;
		memset(vp, 0, sizeof(*vp));
		pthread_mutex_init(&vp->v_lock, NULL);
		vp->v_mount = mp;
		vp->v_cookie = cookie;
		vp->v_next = mp->mnt_vnodes;
		mp->mnt_vnodes = vp;
		mp->mnt_refs++;
	}
	vp->v_refs++;
	vp->v_lookups += lookups;
	pthread_mutex_unlock(&mp->mnt_lock);
	free(fresh);
	return vp;
}

/* Gives a reference back. With the last one the node is reclaimed: the server is told, and not waited for. */
void
vrele(struct vnode *vp)
{
	struct mount *mp = vp->v_mount;
	struct vnode **link;
	uint64_t *forgotten, lookups;
	long left;

	pthread_mutex_lock(&mp->mnt_lock);
	if ((left = --vp->v_refs) == 0) {
		for (link = &mp->mnt_vnodes; *link != vp; link = &(*link)->v_next)
			continue;
		*link = vp->v_next;
	}
	pthread_mutex_unlock(&mp->mnt_lock);
	if (left > 0)
		return;

	/*
	 * puffs takes the buffer over, whatever it returns. A server that is gone need not be told; when its queue is
	 * full, somebody has to wait, and here it may be us.
	 */
	if (vp->v_lookups > 0) {
		lookups = (uint64_t)vp->v_lookups;
		CHECK((forgotten = puffs_alloc(sizeof(*forgotten))) != NULL);
		*forgotten = lookups;
		if (puffs_vntouser_faf(MPTOPMP(mp), PUFFS_VN_RECLAIM, forgotten, sizeof(*forgotten), VPTOPNC(vp)) == EAGAIN)
			(void)puffs_vntouser(MPTOPMP(mp), PUFFS_VN_RECLAIM, &lookups, sizeof(lookups), VPTOPNC(vp), vp, NULL);
	}
	pthread_mutex_destroy(&vp->v_lock);
	free(vp);
	mount_rele(mp);
}

/* The root node, which every server has, named once for all by PUFFSSTARTOP. */
struct vnode *
vfs_root(struct mount *mp)
{

	return vnode_get(mp, (void *)(uintptr_t)atomic_load(&mp->mnt_rootcookie), 0);
}

int
vop_lookup(struct vnode *dvp, const char *name, struct vnode **vpp)
{
	struct mount *mp = dvp->v_mount;
	struct lookup_msg lookup = { .lm_cookie = 0 };
	int error;

	strncpy(lookup.lm_name, name, sizeof(lookup.lm_name) - 1);
	pthread_mutex_lock(&dvp->v_lock);
	error = puffs_vntouser(MPTOPMP(mp), PUFFS_VN_LOOKUP, &lookup, sizeof(lookup), VPTOPNC(dvp), dvp, NULL);
	pthread_mutex_unlock(&dvp->v_lock);
	if (error == 0)
		*vpp = vnode_get(mp, (void *)(uintptr_t)lookup.lm_cookie, 1);
	return error;
}

int
vop_getattr(struct vnode *vp, uint64_t *size)
{
	struct getattr_msg getattr = { .gm_size = 0 };
	int error;

	pthread_mutex_lock(&vp->v_lock);
	error = puffs_vntouser(MPTOPMP(vp->v_mount), PUFFS_VN_GETATTR, &getattr, sizeof(getattr), VPTOPNC(vp), vp, NULL);
	pthread_mutex_unlock(&vp->v_lock);
	if (error == 0)
		*size = getattr.gm_size;
	return error;
}

/* The answer is longer than the question, so puffs may replace the buffer. */
int
vop_read(struct vnode *vp, void *data, size_t len, uint64_t offset, size_t *got)
{
	struct rw_msg *read = puffs_alloc(sizeof(*read));
	size_t buflen = sizeof(*read);
	void *kbuf = read;
	int error;

	if (read == NULL)
		return ENOMEM;
	read->rm_offset = offset;
	read->rm_len = len;
	pthread_mutex_lock(&vp->v_lock);
	error = puffs_vntouser_adjbuf(MPTOPMP(vp->v_mount), PUFFS_VN_READ, &kbuf, &buflen, sizeof(*read), VPTOPNC(vp), vp,
	    NULL);
	pthread_mutex_unlock(&vp->v_lock);
	read = kbuf;
	/* What a server sends is checked before it is believed. */
	if (error == 0 && (buflen < sizeof(*read) || read->rm_len > len || read->rm_len != buflen - sizeof(*read)))
		error = EPROTO;
	if (error == 0) {
		*got = read->rm_len;
		memcpy(data, read + 1, *got);
	}
	puffs_free(kbuf);
	return error;
}

int
vop_write(struct vnode *vp, const void *data, size_t len, uint64_t offset)
{
	size_t buflen = sizeof(struct rw_msg) + len;
	struct rw_msg *write = malloc(buflen);
	int error;

	CHECK(write != NULL);
	write->rm_offset = offset;
	write->rm_len = len;
	memcpy(write + 1, data, len);
	pthread_mutex_lock(&vp->v_lock);
	error = puffs_vntouser(MPTOPMP(vp->v_mount), PUFFS_VN_WRITE, write, buflen, VPTOPNC(vp), vp, NULL);
	pthread_mutex_unlock(&vp->v_lock);
	free(write);
	return error;
}

int
vfs_statvfs(struct mount *mp, uint64_t *nfiles)
{
	struct statvfs_msg statvfs = { .sm_files = 0 };
	int error;

	error = puffs_vfstouser(MPTOPMP(mp), PUFFS_VFS_STATVFS, &statvfs, sizeof(statvfs));
	if (error == 0)
		*nfiles = statvfs.sm_files;
	return error;
}

/*
 * Unmounts. Unless forced, the server is asked, and may refuse. Somebody else may be at it already, such as the close
 * of the device under an ordinary unmount.
 */
int
vfs_unmount(struct mount *mp, bool force)
{
	bool gone;
	int error;

	if (!force && (error = puffs_vfstouser(MPTOPMP(mp), PUFFS_VFS_UNMOUNT, NULL, 0)) != 0)
		return error;
	pthread_mutex_lock(&mp->mnt_lock);
	gone = mp->mnt_gone;
	mp->mnt_gone = true;
	pthread_mutex_unlock(&mp->mnt_lock);
	if (gone)
		return EBUSY;
	puffs_userdead(MPTOPMP(mp));
	puffs_nukebypmp(MPTOPMP(mp));
	mount_rele(mp);
	return 0;
}

static void
mount_unmount(void *data, struct puffs_mount *pmp)
{
	struct mount *mp = data;

	CHECK(pmp == MPTOPMP(mp));
	(void)vfs_unmount(mp, true);
}

static void
mount_started(void *data, const struct puffs_startreq *start)
{
	struct mount *mp = data;

	atomic_store(&mp->mnt_rootcookie, start->psr_cookie);
}

/* A real kernel would look at what the answer made, and release it at the server. */
static void
mount_late(void *data, const struct puffs_late *late)
{
	struct mount *mp = data;

	(void)late;
	atomic_fetch_add(&mp->mnt_late, 1);
}

static void
mount_freed(void *data)
{
	struct mount *mp = data;

	pthread_mutex_destroy(&mp->mnt_lock);
	free(mp);
	atomic_fetch_sub(&mounts, 1);
}

static const struct puffs_hostops mount_hostops = {
	.pho_size = sizeof(struct puffs_hostops),
	.pho_unmount = mount_unmount,
	.pho_started = mount_started,
	.pho_late = mount_late,
	.pho_freed = mount_freed,
};

/*
 * Mounts a file system whose server is behind descriptor `fd` of the current process, or with -1 behind any that it
 * has open. `args` may be NULL.
 */
int
vfs_mount(int fd, const struct puffs_mountargs *args, struct mount **mpp)
{
	struct mount *mp = calloc(1, sizeof(*mp));
	int error;

	CHECK(mp != NULL);
	pthread_mutex_init(&mp->mnt_lock, NULL);
	mp->mnt_refs = 1;
	if ((error = puffs_mount_new(args, &mount_hostops, mp, &mp->mnt_pmp)) != 0) {
		pthread_mutex_destroy(&mp->mnt_lock);
		free(mp);
		return error;
	}
	atomic_fetch_add(&mounts, 1);
	/* From here on others may see it: it is ready. */
	if ((error = puffs_setpmp(curthread->t_pid, fd, MPTOPMP(mp))) != 0) {
		mount_rele(mp);
		return error;
	}
	*mpp = mp;
	return 0;
}
