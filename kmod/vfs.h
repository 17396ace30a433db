/*
 * vfs.h: what the files of `mount -t puffs` share. Each operation of Linux' becomes calls of <puffs_vfs.h>; what is kept here is what Linux
 * wants kept: a super block, inodes that know their cookie, and for how long names and attributes hold.
 *
 *	super.c		mounting, unmounting, the whole file system
 *	who.c		who asks, and who may
 *	inode.c		inodes: found by cookie, counted, forgotten
 *	attr.c		attributes and permission
 *	names.c		names: looked up, made, removed
 *	dir.c		directories, read
 *	file.c		files: open, read, write
 *	map.c		contents of files in memory
 *	lock.c		locks, where the server keeps them
 *	poll.c		files that are ready or not, where the server says so
 *	xattr.c		extended attributes
 *	handle.c	file handles
 *	stale.c		what the server says is stale
 *
 * Whoever waits for the server may hold what VFS locked (a directory, a file being written), as with any file system; but each wait ends when
 * the thread is killed, and what runs in a thread that cannot be killed any more has a deadline (puffs_asker).
 */
#ifndef PUFFS_KMOD_VFS_H
#define PUFFS_KMOD_VFS_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <linux/xattr.h>

#include "kmod.h"
#include <puffs_vfs.h>
#include "kflags.h"

/* How often the server was told to forget a node, by cookie; each grows before it is told. */
#define RECLAIMS_BITS 6
struct reclaims {
	u32 r_counts[1 << RECLAIMS_BITS];
};

/* A mount; it stays as long as the library knows it (pho_freed). */
struct mounted {
	struct puffs_mount *m_pmp;
	struct puffs_vfs *m_pv;
	struct super_block *m_sb;	/* NULL once it is being unmounted; under m_late */
	struct mutex m_late;
	struct mutex m_renames;		/* servers count on one rename at a time */
	atomic64_t m_changes;		/* changes that went through this kernel */
	atomic_t m_reclaims[1 << RECLAIMS_BITS];	/* as struct reclaims */
	atomic_t m_polls;		/* requests of poll.c that are under way */
	atomic64_t m_names;		/* how often all names were called stale */
	struct work_struct m_write;	/* what is dirty is to be written */
	kuid_t m_uid;			/* who mounted */
	u64 m_ops;
	u32 m_kflags;
	u64 m_owner_mask;		/* owners of locks are told to the server by these (lock.c) */
	u64 m_owner_factor;
	bool m_allow_other;
	bool m_started;			/* the server is there */
	bool m_dead;			/* it is not there any more */
	u64 m_slow;			/* until then nobody writes pages who cannot be killed; 0: not */
	struct rcu_head m_rcu;		/* who walks names without references may look at it */
};

/* What a thread waits that cannot be killed: it exits, or is the kernel's own. */
#define PUFFS_UNKILLABLE_NS (5 * NSEC_PER_SEC)
/* And for how long others do not, once one has waited in vain. */
#define PUFFS_SLOW_NS (30 * NSEC_PER_SEC)

/* An inode of ours. What is marked "i_lock" is under the inode's lock of that name. */
struct node {
	struct inode n_inode;
	void *n_cookie;
	struct puffs_paid_reclaim *n_reclaim;
	u32 n_nlookup;			/* how often the cookie came; i_lock */
	u32 n_vtype;
	u32 n_blksize;
	u32 n_opens;			/* i_lock */
	atomic64_t n_names;		/* how often the names below were called stale */
	struct polled *n_polled;	/* NULL: nobody has polled it */
	u32 n_given_back;		/* how often locks were; m_late */
	struct mutex n_flush;		/* pages being written, or cut off */
	u64 n_until;			/* attributes hold until then, in ktime_get_ns() */
	u64 n_changed;			/* m_changes at the last change; i_lock */
	struct timespec64 n_btime;
	unsigned long n_flags;
#define NODE_USED 0			/* since it was inactive */
#define NODE_INACTIVE 1			/* the server wants to know when it is */
#define NODE_NOREF 2			/* the server wants it back after that */
#define NODE_DIRECT 3			/* reads and writes as they come */
#define NODE_BORN 4			/* n_btime is known */
#define NODE_STALE 5			/* what is cached of the contents is old */
#define NODE_READ 6			/* since the time of access was asked for */
};

/* An open file. */
struct opened {
	struct puffs_paid_close *o_close;
	struct puffs_paid_unlock *o_unlock[2];	/* of locks that came by it, of both kinds */
	u32 o_mode;
	struct mutex o_lock;			/* of what follows, for a directory */
	struct puffs_vlisting *o_list;		/* NULL: the next part is not here yet */
	size_t o_at;				/* place in it */
	u64 o_next;				/* where the part behind it starts */
	loff_t o_pos;				/* names told */
	bool o_eof;				/* nothing is behind it */
	unsigned int o_dots;			/* of "." (1) and ".." (2), those that came */
};

struct polled;
struct poll_table_struct;

/* Who asks. */
struct asker {
	struct puffs_vcall a_call;
	u32 a_groups[16];
};

static inline struct mounted *
MOUNTED(const struct super_block *sb)
{

	return sb->s_fs_info;
}

static inline struct node *
NODE(struct inode *inode)
{

	return container_of(inode, struct node, n_inode);
}

/* Whether the thread exits, or is the kernel's own: it must not wait for ever. */
static inline bool
puffs_unkillable(void)
{

	return current->flags & (PF_EXITING | PF_KTHREAD);
}

static inline bool
puffs_has(const struct mounted *m, unsigned int vnop)
{

	return m->m_ops >> vnop & 1;
}

/* The same for an operation on the file system, PUFFS_VFS_*. */
static inline bool
puffs_has_vfs(const struct mounted *m, unsigned int vfsop)
{

	return m->m_ops >> (PUFFS_VN_FDISCARD + 1 + vfsop) & 1;
}

/* who.c */
/* Fills in who asks, and for how long. Returns the call. */
const struct puffs_vcall *puffs_asker(struct asker *a);
/* The file system itself asks, on behalf of whoever is current. */
const struct puffs_vcall *puffs_asker_fs(struct asker *a);
/* Whether the current process may use a mount at all. */
bool puffs_may_use(const struct mounted *m);

/* inode.c */
int puffs_inodes_init(void);
void puffs_inodes_exit(void);
struct inode *puffs_inode_alloc(struct super_block *sb);
void puffs_inode_free(struct inode *inode);
int puffs_inode_drop(struct inode *inode);
void puffs_inode_evict(struct inode *inode);
/* The root, which is not counted. */
struct inode *puffs_inode_root(struct super_block *sb, void *cookie, u32 vtype, u64 size, u64 rdev);
/*
 * The inode of a node that the server named, or made; `asked` is puffs_changes() from before the question. The cookie is counted in any case.
 * Consumes pvf_reclaim. An error is one of ERR_PTR's.
 */
struct inode *puffs_inode_found(struct super_block *sb, struct puffs_vfound *found, u64 asked, bool made);
/* The reclaims so far. */
void puffs_reclaims(const struct mounted *m, struct reclaims *now);
/*
 * The inode of a node that the server named without counting that, after there had been these reclaims. Consumes pvf_reclaim. NULL: it may have
 * been reclaimed since.
 */
struct inode *puffs_inode_named(struct super_block *sb, struct puffs_vfound *found, const struct reclaims *then);
/* The inode of a node that Linux has, with a reference; NULL if it has none. Waits for nobody who waits for the server. */
struct inode *puffs_inode_known(struct super_block *sb, void *cookie);
/* A cookie came of which no inode is to be made. Its node is counted if Linux has an inode of it; if not (false), it is to be reclaimed. */
bool puffs_inode_late(struct super_block *sb, void *cookie);
/* Takes down the server's side notes for a node. */
void puffs_inode_notes(struct inode *inode, bool inactive, bool noref);
/* Whether the server is to be told that a node is not used now; it counts as told. */
bool puffs_inode_rests(struct inode *inode);

/* attr.c */
/* A number that grows with each change that goes through this kernel. */
static inline u64
puffs_changes(const struct mounted *m)
{

	return atomic64_read(&m->m_changes);
}
/* The node has changed: what was asked for before does not hold. */
void puffs_attr_changed(struct inode *inode);
void puffs_attr_store(struct inode *inode, const struct puffs_msg_attr *attr, const struct puffs_msg_time *ttl, u64 asked);
/* The time until which what comes now holds. */
u64 puffs_attr_until(const struct mounted *m, const struct puffs_msg_time *ttl);
u64 puffs_name_until(const struct mounted *m, const struct puffs_msg_time *ttl);
/* Asks for the attributes, unless those that are here hold. */
int puffs_attr_refresh(struct inode *inode, bool always);
int puffs_permission(struct user_namespace *ns, struct inode *inode, int mask);
int puffs_getattr(struct user_namespace *ns, const struct path *path, struct kstat *stat, u32 mask, unsigned int flags);
int puffs_setattr(struct user_namespace *ns, struct dentry *dentry, struct iattr *set);
/* Type bits of a mode, and back. 0: there is none such. */
umode_t puffs_type_bits(u32 vtype);
u32 puffs_vtype(umode_t mode);

/* names.c */
extern const struct inode_operations puffs_dir_iops;
extern const struct inode_operations puffs_link_iops;
extern const struct dentry_operations puffs_dentry_ops;

/* dir.c */
extern const struct file_operations puffs_dir_fops;

/* file.c */
extern const struct inode_operations puffs_file_iops;
extern const struct file_operations puffs_file_fops;
/* Of a server that says when they are ready. Where nobody does, Linux wants to know that too: epoll(7) takes no such files. */
extern const struct file_operations puffs_polled_fops;
/* Whether what is read of it stays in memory. */
bool puffs_is_cached(const struct file *file);
int puffs_open(struct inode *inode, struct file *file);
int puffs_release(struct inode *inode, struct file *file);
int puffs_fsync(struct file *file, loff_t start, loff_t end, int datasync);

/* map.c */
extern const struct address_space_operations puffs_map_aops;
/* Forgets a range of the contents; what is dirty stays. */
void puffs_map_drop(struct inode *inode, loff_t start, loff_t end);
/* The same with all, if the node is known to have changed. */
void puffs_map_freshen(struct inode *inode);
/* Waits until nobody reads a page of a range from the server. */
int puffs_map_wait(struct inode *inode, loff_t start, loff_t end);
/* Waits until what somebody else is writing is written, or dirty again: meanwhile it is marked as neither. */
int puffs_map_settle(struct inode *inode);
/* Writes what is dirty of a range. */
int puffs_map_flush(struct inode *inode, loff_t start, loff_t end);
/* The same for all files, in a thread that waits for it. */
void puffs_map_flush_all(struct super_block *sb);
/* What was written past the pages comes into those that are there. */
void puffs_map_put(struct inode *inode, loff_t pos, const char *from, size_t len);
/* The file has another size. */
void puffs_map_size(struct inode *inode, loff_t size);
int puffs_map(struct file *file, struct vm_area_struct *vma);

/* handle.c */
extern const struct export_operations puffs_export_ops;

/* lock.c */
int puffs_lock(struct file *file, int cmd, struct file_lock *fl);
int puffs_flock(struct file *file, int cmd, struct file_lock *fl);
/* A lock was granted to who did not wait for it any more. */
void puffs_lock_late(struct mounted *m, const struct puffs_vlate *what);

/* poll.c */
__poll_t puffs_poll(struct file *file, struct poll_table_struct *wait);
/* The inode goes. */
void puffs_poll_end(struct inode *inode);

/* stale.c */
void puffs_stale_init(struct mounted *m);
/* Nobody uses the mount any more. */
void puffs_stale_end(struct mounted *m);
/* PUFFSSTALE. Returns 0 or an errno value. */
int puffs_stale(void *data, const struct puffs_stale *stale);

/* xattr.c */
extern const struct xattr_handler *puffs_xattr_handlers[];
ssize_t puffs_listxattr(struct dentry *dentry, char *list, size_t size);

#endif
