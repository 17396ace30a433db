/*
 * super.c: `mount -t puffs`. Who mounts has /dev/puffs open and says in the options what will be served there:
 *
 *	fd=N		the open device
 *	version=1	PUFFS_MSG_VERSION, by which the two understand each other
 *	root=N		cookie of the root, which is of type
 *	vtype=N		PUFFS_VT_*, and has
 *	size=N, rdev=N	these
 *	maxlen=N	longest message
 *	ops=N		the operations that the server has, as pva_ops
 *	kflags=N	how it wants to be asked, PUFFS_KFLAG_*
 *	allow_other	for all users, and not only who mounts
 *
 * mount(2) waits for nobody: the server starts afterwards, and whoever comes earlier waits for that. A file system whose server is gone
 * stays, and answers ENXIO, until it is unmounted.
 */
#include <linux/backing-dev.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>

#include "vfs.h"

#define PUFFS_SUPER_MAGIC 0x70756666	/* "puff" */

/* No message is longer. */
#define MAXLEN (64UL << 20)

/*
 * What the library asks of us.
 */

static void
host_started(void *data, const struct puffs_startreq *start)
{
	struct mounted *m = data;

	WRITE_ONCE(m->m_started, true);
}

/* A close, unless the node was reclaimed meanwhile, which ends all that was open. */
static void
late_open(struct mounted *m, const struct puffs_vlate *what)
{
	struct puffs_paid_close *close;
	struct inode *inode = NULL;

	mutex_lock(&m->m_late);
	if (m->m_sb != NULL)
		inode = puffs_inode_known(m->m_sb, what->pvt_cookie);
	if (inode != NULL) {
		if (puffs_paid_close_new(m->m_pv, &close) == 0)
			puffs_vfs_close(m->m_pv, close, what->pvt_cookie, what->pvt_mode, 0);
		iput(inode);
	}
	mutex_unlock(&m->m_late);
}

/* What nobody waited for any more is given back, or counted. On a thread of the server's, or of who asked. */
static void
host_late(void *data, const struct puffs_late *late)
{
	struct puffs_vlate what = { .pvt_size = sizeof(what) };
	struct puffs_paid_reclaim *reclaim;
	struct mounted *m = data;
	bool known;

	if (puffs_vfs_late(m->m_pv, late, &what) != 0)
		return;
	if (what.pvt_made == PUFFS_VLATE_NODE) {
		mutex_lock(&m->m_late);
		known = m->m_sb != NULL && puffs_inode_late(m->m_sb, what.pvt_cookie);
		mutex_unlock(&m->m_late);
		if (!known && puffs_paid_reclaim_new(m->m_pv, &reclaim) == 0)
			puffs_vfs_reclaim(reclaim, what.pvt_cookie, 1);
	} else if (what.pvt_made == PUFFS_VLATE_OPEN)
		late_open(m, &what);
	else if (what.pvt_made == PUFFS_VLATE_LOCK)
		puffs_lock_late(m, &what);
}

static void
host_freed(void *data)
{
	struct mounted *m = data;

	puffs_vfs_free(m->m_pv);
	kfree_rcu(m, m_rcu);
}

/* A module cannot unmount: when the server is gone, that is left to whoever sees the errors. */
static void
host_unmount(void *data, struct puffs_mount *pmp)
{
	struct mounted *m = data;

	WRITE_ONCE(m->m_dead, true);
}

static const struct puffs_hostops hostops = {
	.pho_size = sizeof(struct puffs_hostops),
	.pho_unmount = host_unmount,
	.pho_started = host_started,
	.pho_late = host_late,
	.pho_freed = host_freed,
	.pho_stale = puffs_stale,
};

/*
 * What Linux asks of a file system.
 */

static int
super_statfs(struct dentry *dentry, struct kstatfs *st)
{
	struct super_block *sb = dentry->d_sb;
	struct mounted *m = MOUNTED(sb);
	struct puffs_msg_statvfs sv;
	struct asker a;
	int error;

	if (!puffs_may_use(m))
		return -EACCES;
	if ((error = puffs_vfs_statvfs(m->m_pv, puffs_asker(&a), &sv)) != 0)
		return -error;
	if (sv.frsize == 0)
		sv.frsize = max_t(u64, sv.bsize, 512);
	st->f_type = PUFFS_SUPER_MAGIC;
	st->f_bsize = sv.bsize != 0 ? sv.bsize : sv.frsize;
	st->f_frsize = sv.frsize;
	st->f_blocks = sv.blocks;
	st->f_bfree = sv.bfree;
	st->f_bavail = sv.bavail;
	st->f_files = sv.files;
	st->f_ffree = sv.ffree;
	st->f_namelen = sv.namemax != 0 ? min_t(u64, sv.namemax, PUFFS_MSG_NAME_MAX) : PUFFS_MSG_NAME_MAX;
	st->f_fsid = u64_to_fsid(huge_encode_dev(sb->s_dev));
	return 0;
}

/*
 * Linux asks twice, first without waiting; once is enough. The super block is locked meanwhile: whoever lets go of it last, perhaps a process that
 * exits, waits for us, and so does everybody else's sync(2). So this has an end even in a thread that could be killed.
 */
static int
super_sync(struct super_block *sb, int wait)
{
	struct mounted *m = MOUNTED(sb);
	struct asker a;
	int error;

	if (!wait || !READ_ONCE(m->m_started))
		return 0;
	(void)puffs_asker_fs(&a);
	a.a_call.pvc_timeout_ns = PUFFS_SLOW_NS;
	error = puffs_vfs_sync(m->m_pv, &a.a_call, PUFFS_VSYNC_WAIT);
	if (error == 0 || error == EOPNOTSUPP)
		/* Pages may have been left out. */
		error = ktime_get_ns() < READ_ONCE(m->m_slow) ? ETIMEDOUT : 0;
	return -error;
}

/* umount -f: nobody waits for the server any more, so that the rest of the unmount can do its work. */
static void
super_umount_begin(struct super_block *sb)
{

	WRITE_ONCE(MOUNTED(sb)->m_dead, true);
	puffs_userdead(MOUNTED(sb)->m_pmp);
}

static int
super_show_options(struct seq_file *to, struct dentry *root)
{

	if (MOUNTED(root->d_sb)->m_allow_other)
		seq_puts(to, ",allow_other");
	return 0;
}

static const struct super_operations super_ops = {
	.alloc_inode = puffs_inode_alloc,
	.free_inode = puffs_inode_free,
	.drop_inode = puffs_inode_drop,
	.evict_inode = puffs_inode_evict,
	.sync_fs = super_sync,
	.statfs = super_statfs,
	.umount_begin = super_umount_begin,
	.show_options = super_show_options,
};

/*
 * Mounting.
 */

struct options {
	struct puffs_instance *o_pi;
	u64 o_root, o_size, o_rdev, o_maxlen, o_ops;
	u32 o_version, o_vtype, o_kflags;
	bool o_allow_other;
	char *o_subtype;
	unsigned int o_given;		/* 1 << OPT_* */
};

enum { OPT_FD, OPT_VERSION, OPT_ROOT, OPT_VTYPE, OPT_SIZE, OPT_RDEV, OPT_MAXLEN, OPT_OPS, OPT_KFLAGS, OPT_ALLOW_OTHER, OPT_SUBTYPE };

/* Without these there is nothing to mount. */
#define NEEDED (1 << OPT_FD | 1 << OPT_VERSION | 1 << OPT_ROOT | 1 << OPT_VTYPE | 1 << OPT_MAXLEN | 1 << OPT_OPS)

static const struct fs_parameter_spec parameters[] = {
	fsparam_fd("fd", OPT_FD),
	fsparam_u32("version", OPT_VERSION),
	fsparam_u64("root", OPT_ROOT),
	fsparam_u32("vtype", OPT_VTYPE),
	fsparam_u64("size", OPT_SIZE),
	fsparam_u64("rdev", OPT_RDEV),
	fsparam_u64("maxlen", OPT_MAXLEN),
	fsparam_u64("ops", OPT_OPS),
	fsparam_u32("kflags", OPT_KFLAGS),
	fsparam_flag("allow_other", OPT_ALLOW_OTHER),
	fsparam_string("subtype", OPT_SUBTYPE),
	{}
};

static int
context_parse(struct fs_context *fc, struct fs_parameter *param)
{
	struct options *o = fc->fs_private;
	struct fs_parse_result r;
	struct file *file;
	int opt;

	/* Only the flags of any mount can be changed later. */
	if (fc->purpose == FS_CONTEXT_FOR_RECONFIGURE)
		return 0;
	if ((opt = vfs_parse_fs_param_source(fc, param)) != -ENOPARAM)
		return opt;
	if ((opt = fs_parse(fc, parameters, param, &r)) < 0)
		return opt;
	switch (opt) {
	case OPT_FD:
		if (o->o_pi != NULL)
			return invalf(fc, "puffs: two fds");
		/* By fsconfig(2) it may be the file that comes, and no number. */
		file = param->type == fs_value_is_file ? get_file(param->file) : fget(r.uint_32);
		if (file == NULL)
			return invalf(fc, "puffs: fd %u is not open", r.uint_32);
		/* Not the file: it might be the context's own, which would then keep itself. */
		o->o_pi = puffs_device_instance(file);
		fput(file);
		if (o->o_pi == NULL)
			return invalf(fc, "puffs: fd is not /dev/puffs");
		break;
	case OPT_VERSION:	o->o_version = r.uint_32; break;
	case OPT_ROOT:		o->o_root = r.uint_64; break;
	case OPT_VTYPE:		o->o_vtype = r.uint_32; break;
	case OPT_SIZE:		o->o_size = r.uint_64; break;
	case OPT_RDEV:		o->o_rdev = r.uint_64; break;
	case OPT_MAXLEN:	o->o_maxlen = r.uint_64; break;
	case OPT_OPS:		o->o_ops = r.uint_64; break;
	case OPT_KFLAGS:	o->o_kflags = r.uint_32; break;
	case OPT_ALLOW_OTHER:	o->o_allow_other = true; break;
	case OPT_SUBTYPE:
		if (o->o_subtype != NULL)
			return invalf(fc, "puffs: two subtypes");
		o->o_subtype = param->string;
		param->string = NULL;
		break;
	}
	o->o_given |= 1 << opt;
	return 0;
}

static int
options_check(struct fs_context *fc, const struct options *o)
{

	if (o->o_given & 1 << OPT_VERSION && o->o_version != PUFFS_MSG_VERSION)
		return invalf(fc, "puffs: version %u of messages, this kernel speaks %u", o->o_version, PUFFS_MSG_VERSION);
	if ((o->o_given & NEEDED) != NEEDED)
		return invalf(fc, "puffs: fd, version, root, vtype, maxlen and ops are needed");
	if (o->o_vtype != PUFFS_VT_DIR && o->o_vtype != PUFFS_VT_REG)
		return invalf(fc, "puffs: the root is neither a directory nor a file");
	if (o->o_maxlen < PUFFS_MSG_ROOM + PAGE_SIZE || o->o_maxlen > MAXLEN)
		return invalf(fc, "puffs: maxlen is not between %lu and %lu", PUFFS_MSG_ROOM + PAGE_SIZE, MAXLEN);
	if (o->o_size > MAX_LFS_FILESIZE && o->o_size != PUFFS_MSG_NOVAL)
		return invalf(fc, "puffs: no file is that long");
	return 0;
}

/* Ties a mount to the device that its server has open. */
static int
mounted_bind(struct fs_context *fc, struct mounted *m, struct puffs_instance *pi)
{
	int error;

	if ((error = -puffs_setpmp_instance(pi, m->m_pmp)) != 0)
		errorf(fc, "puffs: fd serves another mount");
	return error;
}

/* The end of a mount, for its server and for the library. */
static void
mounted_end(struct mounted *m)
{

	puffs_userdead(m->m_pmp);
	puffs_nukebypmp(m->m_pmp);
	puffs_mount_rele(m->m_pmp);
}

static int
mounted_new(struct fs_context *fc, const struct options *o, struct mounted **mp)
{
	struct puffs_mountargs args = {
		.pma_size = sizeof(args),
		.pma_max_len = o->o_maxlen,
		.pma_uid = from_kuid(&init_user_ns, current_euid()),
		.pma_gid = from_kgid(&init_user_ns, current_egid()),
	};
	struct puffs_vfsargs vargs = {
		.pva_size = sizeof(vargs),
		.pva_root = (void *)(uintptr_t)o->o_root,
		.pva_ops = o->o_ops,
	};
	struct mounted *m;
	int error;

	if ((m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT)) == NULL)
		return -ENOMEM;
	mutex_init(&m->m_late);
	mutex_init(&m->m_renames);
	puffs_stale_init(m);
	m->m_uid = current_euid();
	m->m_ops = o->o_ops;
	m->m_kflags = o->o_kflags;
	m->m_allow_other = o->o_allow_other;
	m->m_owner_mask = get_random_u64();
	m->m_owner_factor = get_random_u64() | 1;
	if ((error = puffs_mount_new(&args, &hostops, m, &m->m_pmp)) != 0) {
		kfree(m);
		return -error;
	}
	if ((error = -puffs_vfs_new(m->m_pmp, &vargs, &m->m_pv)) == 0)
		error = mounted_bind(fc, m, o->o_pi);
	if (error != 0) {
		puffs_mount_rele(m->m_pmp);
		return error;
	}
	*mp = m;
	return 0;
}

/* Once s_fs_info is there, super_kill undoes all. */
static int
super_fill(struct super_block *sb, struct fs_context *fc)
{
	struct options *o = fc->fs_private;
	struct mounted *m;
	struct inode *root;
	int error;

	if ((error = mounted_new(fc, o, &m)) != 0)
		return error;
	m->m_sb = sb;
	sb->s_fs_info = m;
	sb->s_subtype = o->o_subtype;
	o->o_subtype = NULL;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_magic = PUFFS_SUPER_MAGIC;
	/* Not each write looks for capabilities of the file again. */
	sb->s_flags |= SB_NOSEC;
	sb->s_time_gran = 1;
	sb->s_op = &super_ops;
	sb->s_d_op = &puffs_dentry_ops;
	sb->s_xattr = puffs_xattr_handlers;
	if (puffs_has_vfs(m, PUFFS_VFS_FHTOVP) && puffs_has_vfs(m, PUFFS_VFS_VPTOFH))
		sb->s_export_op = &puffs_export_ops;
	if ((error = super_setup_bdi(sb)) != 0)
		return error;
	sb->s_bdi->ra_pages = min_t(unsigned long, sb->s_bdi->ra_pages, puffs_vfs_maxdata(m->m_pv) >> PAGE_SHIFT);
	/* A server may be slow, or stop: few pages wait for it. */
	sb->s_bdi->capabilities |= BDI_CAP_STRICTLIMIT;
	(void)bdi_set_max_ratio(sb->s_bdi, 1);
	if ((root = puffs_inode_root(sb, (void *)(uintptr_t)o->o_root, o->o_vtype, o->o_size, o->o_rdev)) == NULL)
		return -ENOMEM;
	sb->s_root = d_make_root(root);
	return sb->s_root == NULL ? -ENOMEM : 0;
}

static int
context_get_tree(struct fs_context *fc)
{
	int error;

	if ((error = options_check(fc, fc->fs_private)) != 0)
		return error;
	return get_tree_nodev(fc, super_fill);
}

static void
context_free(struct fs_context *fc)
{
	struct options *o = fc->fs_private;

	if (o == NULL)
		return;
	if (o->o_pi != NULL)
		puffs_instance_rele(o->o_pi);
	kfree(o->o_subtype);
	kfree(o);
}

static const struct fs_context_operations context_ops = {
	.parse_param = context_parse,
	.get_tree = context_get_tree,
	.free = context_free,
};

static int
context_init(struct fs_context *fc)
{

	if ((fc->fs_private = kzalloc(sizeof(struct options), GFP_KERNEL)) == NULL)
		return -ENOMEM;
	fc->ops = &context_ops;
	return 0;
}

/*
 * Nobody uses it any more. Late answers find no inodes from here on; then all inodes go, and with them their reclaims to the server; and then
 * the server is told. What it says changes nothing, and a server that never started is not asked.
 */
static void
super_kill(struct super_block *sb)
{
	struct mounted *m = MOUNTED(sb);
	struct asker a;

	if (m != NULL) {
		mutex_lock(&m->m_late);
		m->m_sb = NULL;
		mutex_unlock(&m->m_late);
		puffs_stale_end(m);
		/* By Linux' own threads it would have to be done in a hurry. */
		puffs_map_flush_all(sb);
	}
	kill_anon_super(sb);
	if (m == NULL)
		return;
	if (READ_ONCE(m->m_started)) {
		(void)puffs_asker_fs(&a);
		a.a_call.pvc_cred = PUFFS_MSG_CRED_KERNEL;
		(void)puffs_vfs_unmount(m->m_pv, &a.a_call, PUFFS_VUNMOUNT_FORCE);
	}
	mounted_end(m);
}

static struct file_system_type puffs_fs = {
	.owner = THIS_MODULE,
	.name = "puffs",
	.fs_flags = FS_HAS_SUBTYPE,
	.parameters = parameters,
	.init_fs_context = context_init,
	.kill_sb = super_kill,
};
MODULE_ALIAS_FS("puffs");

int
puffs_super_init(void)
{
	int error;

	if ((error = puffs_inodes_init()) != 0)
		return error;
	if ((error = register_filesystem(&puffs_fs)) != 0)
		puffs_inodes_exit();
	return error;
}

void
puffs_super_exit(void)
{

	unregister_filesystem(&puffs_fs);
	puffs_inodes_exit();
}
