/*
 * lock.c: locks on files whose server keeps them, those of fcntl(2) and of flock(2). Where the server has no operation for that, and on
 * directories, Linux keeps them by itself.
 *
 * What the server has granted is noted in Linux' own table too. Closing a file looks there for what is to be given back, and a late grant for what
 * its owner was granted otherwise meanwhile.
 *
 * Whoever leaves while the server lets him wait, killed or by a signal, is granted the lock all the same, some time later. It is given back then,
 * unless its owner has asked again and has it: the server cannot tell the two requests apart. So whoever was granted a lock while something was
 * given back asks once more.
 */
#include <linux/fs.h>
#include <linux/sched/signal.h>

#include "vfs.h"

/* The two kinds, which know nothing of each other. */
static unsigned int
kind_index(u32 kind)
{

	return kind == PUFFS_VLOCK_FLOCK;
}

/* A server tells owners apart; where the kernel keeps them is not its business. Different ones stay different, since the factor is odd. */
static u64
owner_of(const struct mounted *m, fl_owner_t owner)
{

	return ((u64)(uintptr_t)owner ^ m->m_owner_mask) * m->m_owner_factor;
}

static struct puffs_vlock
lock_of(loff_t start, loff_t end, u32 type, u32 pid)
{

	return (struct puffs_vlock){
		.pvl_start = start,
		.pvl_len = end == OFFSET_MAX ? 0 : end - start + 1,
		.pvl_kind = type,
		.pvl_pid = pid,
	};
}

/* The last byte of a lock. Returns false when it is none. */
static bool
lock_end(const struct puffs_vlock *lock, loff_t *end)
{

	if (lock->pvl_start > OFFSET_MAX || (lock->pvl_len != 0 && lock->pvl_len - 1 > OFFSET_MAX - lock->pvl_start))
		return false;
	*end = lock->pvl_len == 0 ? OFFSET_MAX : lock->pvl_start + lock->pvl_len - 1;
	return true;
}

/* Asks the server. Returns 0 or an error; what only waited is begun again after a signal, as with locks of Linux' own. */
static int
ask(struct file *file, const struct file_lock *fl, u32 op, u32 flags, struct puffs_vlock *lock)
{
	struct inode *inode = file_inode(file);
	struct mounted *m = MOUNTED(inode->i_sb);
	struct asker a;
	int error;

	(void)puffs_asker(&a);
	if (flags & PUFFS_VLOCK_WAIT)
		a.a_call.pvc_flags |= PUFFS_TOUSER_INTERRUPTIBLE;
	error = puffs_vfs_advlock(m->m_pv, &a.a_call, NODE(inode)->n_cookie, owner_of(m, fl->fl_owner), op, flags, lock);
	return error == EINTR && signal_pending(current) ? -ERESTARTSYS : -error;
}

/*
 * Giving back.
 */

/*
 * Finds the first part of a range that the owner does not hold by Linux' table, which has each owner's locks in order. Returns false when there
 * is none.
 */
static bool
unheld(struct inode *inode, u64 owner, u32 kind, loff_t *start, loff_t *end)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	struct file_lock *fl;
	bool found = true;

	if (ctx == NULL)
		return true;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, kind == PUFFS_VLOCK_FLOCK ? &ctx->flc_flock : &ctx->flc_posix, fl_list) {
		if (owner_of(MOUNTED(inode->i_sb), fl->fl_owner) != owner || fl->fl_end < *start)
			continue;
		if (fl->fl_start > *start) {
			*end = min(*end, fl->fl_start - 1);
			break;
		}
		if (fl->fl_end >= *end) {
			found = false;
			break;
		}
		*start = fl->fl_end + 1;
	}
	spin_unlock(&ctx->flc_lock);
	return found;
}

/* Gives back what the server has granted of a range, and Linux' table does not have. With m_late held, since what is in the table stays. */
static void
give_back(struct inode *inode, u64 owner, u32 kind, loff_t start, loff_t end)
{
	struct mounted *m = MOUNTED(inode->i_sb);
	struct puffs_paid_unlock *paid;
	struct puffs_vlock lock;
	loff_t last;

	for (;; start = last + 1) {
		last = end;
		if (!unheld(inode, owner, kind, &start, &last))
			break;
		lock = lock_of(start, last, F_UNLCK, 0);
		if (puffs_paid_unlock_new(m->m_pv, &paid) == 0)
			puffs_vfs_unlock(paid, NODE(inode)->n_cookie, owner, kind, &lock);
		if (last == end)
			break;
	}
	NODE(inode)->n_given_back++;
}

void
puffs_lock_late(struct mounted *m, const struct puffs_vlate *what)
{
	struct inode *inode = NULL;
	loff_t end;

	if (what->pvt_op != F_SETLK || !lock_end(&what->pvt_lock, &end))
		return;
	mutex_lock(&m->m_late);
	/* A node that was reclaimed has no locks any more. */
	if (m->m_sb != NULL)
		inode = puffs_inode_known(m->m_sb, what->pvt_cookie);
	if (inode != NULL) {
		give_back(inode, what->pvt_owner, what->pvt_flags & (PUFFS_VLOCK_FLOCK | PUFFS_VLOCK_POSIX), what->pvt_lock.pvl_start,
		    end);
		iput(inode);
	}
	mutex_unlock(&m->m_late);
}

/* The file, or the process, has ended, and waits for nobody. Its lock's end was paid for with the lock, if it came by this file. */
static int
closed(struct file *file, struct file_lock *fl, u32 kind)
{
	struct inode *inode = file_inode(file);
	struct mounted *m = MOUNTED(inode->i_sb);
	struct opened *o = file->private_data;
	struct puffs_vlock lock = lock_of(fl->fl_start, fl->fl_end, F_UNLCK, fl->fl_pid);
	struct puffs_paid_unlock *paid;
	int error;

	fl->fl_flags |= FL_EXISTS;
	error = locks_lock_file_wait(file, fl);
	fl->fl_flags &= ~FL_EXISTS;
	if (error == -ENOENT)
		return 0;
	if ((paid = xchg(&o->o_unlock[kind_index(kind)], NULL)) == NULL && puffs_paid_unlock_new(m->m_pv, &paid) != 0)
		return -ENOMEM;
	puffs_vfs_unlock(paid, NODE(inode)->n_cookie, owner_of(m, fl->fl_owner), kind, &lock);
	return error;
}

static int
unlock(struct file *file, struct file_lock *fl, u32 kind)
{
	struct puffs_vlock lock = lock_of(fl->fl_start, fl->fl_end, F_UNLCK, fl->fl_pid);
	int error;

	if (fl->fl_flags & FL_CLOSE)
		return closed(file, fl, kind);
	/* In the table it stays until the server has heard of it: whoever is killed before that closes the file. */
	error = ask(file, fl, F_UNLCK, kind, &lock);
	return error != 0 ? error : locks_lock_file_wait(file, fl);
}

/*
 * Asking.
 */

static int
test(struct file *file, struct file_lock *fl)
{
	struct puffs_vlock lock = lock_of(fl->fl_start, fl->fl_end, fl->fl_type, fl->fl_pid);
	loff_t end;
	int error;

	if ((error = ask(file, fl, F_GETLK, PUFFS_VLOCK_POSIX, &lock)) != 0)
		return error;
	if (lock.pvl_kind != F_UNLCK) {
		if ((lock.pvl_kind != F_RDLCK && lock.pvl_kind != F_WRLCK) || !lock_end(&lock, &end))
			return -EPROTO;
		fl->fl_start = lock.pvl_start;
		fl->fl_end = end;
		fl->fl_pid = lock.pvl_pid;
		/* Nothing says that the other one belongs to an open file. */
		fl->fl_flags &= ~FL_OFDLCK;
	}
	fl->fl_type = lock.pvl_kind;
	return 0;
}

/* Pays for the end of a lock that will come by an open file. */
static int
pay(struct mounted *m, struct opened *o, u32 kind)
{
	struct puffs_paid_unlock **place = &o->o_unlock[kind_index(kind)], *paid;
	int error;

	if (READ_ONCE(*place) != NULL)
		return 0;
	if ((error = puffs_paid_unlock_new(m->m_pv, &paid)) == 0 && cmpxchg(place, NULL, paid) != NULL)
		puffs_paid_unlock_free(paid);
	return -error;
}

/* The server has granted it. Who held it before has no place in the table in a moment, if he still has one. */
static int
note(struct file *file, struct file_lock *fl)
{
	unsigned int flags = fl->fl_flags;
	int error;

	fl->fl_flags |= FL_SLEEP;
	error = locks_lock_file_wait(file, fl);
	fl->fl_flags = flags;
	return error;
}

static void
forget(struct file *file, struct file_lock *fl)
{
	unsigned char type = fl->fl_type;

	fl->fl_type = F_UNLCK;
	(void)locks_lock_file_wait(file, fl);
	fl->fl_type = type;
}

static int
set(struct file *file, struct file_lock *fl, u32 kind, bool wait)
{
	struct inode *inode = file_inode(file);
	struct mounted *m = MOUNTED(inode->i_sb);
	struct node *n = NODE(inode);
	bool granted = false, noted = false, again;
	struct puffs_vlock lock;
	u32 given_back;
	int error;

	if ((error = pay(m, file->private_data, kind)) != 0)
		return error;
	do {
		given_back = READ_ONCE(n->n_given_back);
		lock = lock_of(fl->fl_start, fl->fl_end, fl->fl_type, fl->fl_pid);
		if ((error = ask(file, fl, F_SETLK, kind | (wait ? PUFFS_VLOCK_WAIT : 0), &lock)) == 0) {
			granted = true;
			/* Each time: a close may have taken it away meanwhile. */
			if ((error = note(file, fl)) == 0)
				noted = true;
		}
		if (error != 0 && noted)
			forget(file, fl);
		mutex_lock(&m->m_late);
		again = error == 0 && n->n_given_back != given_back;
		if (error != 0 && granted)
			give_back(inode, owner_of(m, fl->fl_owner), kind, fl->fl_start, fl->fl_end);
		mutex_unlock(&m->m_late);
	} while (again);
	return error;
}

int
puffs_lock(struct file *file, int cmd, struct file_lock *fl)
{

	/* Nobody waits but in a call of his own. */
	if (cmd == F_CANCELLK)
		return 0;
	if (!puffs_has(MOUNTED(file_inode(file)->i_sb), PUFFS_VN_ADVLOCK)) {
		if (cmd != F_GETLK)
			return posix_lock_file(file, fl, NULL);
		posix_test_lock(file, fl);
		return 0;
	}
	if (cmd == F_GETLK)
		return test(file, fl);
	if (fl->fl_type == F_UNLCK)
		return unlock(file, fl, PUFFS_VLOCK_POSIX);
	return set(file, fl, PUFFS_VLOCK_POSIX, cmd == F_SETLKW);
}

int
puffs_flock(struct file *file, int cmd, struct file_lock *fl)
{

	if (!puffs_has(MOUNTED(file_inode(file)->i_sb), PUFFS_VN_ADVLOCK))
		return locks_lock_file_wait(file, fl);
	if (fl->fl_type == F_UNLCK)
		return unlock(file, fl, PUFFS_VLOCK_FLOCK);
	return set(file, fl, PUFFS_VLOCK_FLOCK, cmd == F_SETLKW);
}
