/*
 * dir.c: directories, read. The server's offsets are for whole parts, so an open directory keeps the part that it is in; what programs
 * see as their place is the number of names that they got. Going back, which few programs do, reads again from the beginning.
 */
#include <linux/slab.h>

#include "vfs.h"

#define DOT 1
#define DOTDOT 2

/* What one call asks for. */
#define PART (64 << 10)

/* To the beginning. */
static void
dir_rewind(struct opened *o)
{

	puffs_vlisting_free(o->o_list);
	o->o_list = NULL;
	o->o_next = 0;
	o->o_pos = 0;
	o->o_eof = false;
	o->o_dots = 0;
}

/* The next part, once the last one is through. Returns 0 or an errno value. */
static int
dir_fetch(struct inode *dir, struct opened *o)
{
	struct mounted *m = MOUNTED(dir->i_sb);
	struct puffs_vdir part = { .pvd_size = sizeof(part) };
	size_t len = min_t(size_t, PART, puffs_vfs_maxdata(m->m_pv));
	struct asker a;
	int error;

	if ((error = puffs_vfs_readdir(m->m_pv, puffs_asker(&a), NODE(dir)->n_cookie, o->o_next, len, &part)) != 0)
		return error;
	set_bit(NODE_READ, &NODE(dir)->n_flags);
	if (!part.pvd_eof && part.pvd_offset == o->o_next) {
		puffs_vlisting_free(part.pvd_list);
		return puffs_vfs_broken(m->m_pv, NODE(dir)->n_cookie, PUFFS_VBAD_ENDLESS);
	}
	o->o_list = part.pvd_list;
	o->o_at = 0;
	o->o_next = part.pvd_offset;
	o->o_eof = part.pvd_eof;
	return 0;
}

/* "." and ".." are there even if the server does not mention them. */
static bool
next_dot(struct inode *dir, struct opened *o, struct puffs_vdirent *entry)
{
	unsigned int which = o->o_dots & DOT ? DOTDOT : DOT;

	if (o->o_dots & which)
		return false;
	*entry = (struct puffs_vdirent){
		.pvn_fileno = dir->i_ino != 0 ? dir->i_ino : 1,
		.pvn_name = "..",
		.pvn_namelen = which == DOT ? 1 : 2,
		.pvn_dtype = DT_DIR,
	};
	return true;
}

/* The name at the open directory's place, which stays there until dir_step. ENOENT: there is none. */
static int
dir_peek(struct inode *dir, struct opened *o, struct puffs_vdirent *entry, size_t *after)
{
	int error;

	for (;;) {
		if (o->o_list != NULL) {
			*after = o->o_at;
			if (puffs_vlisting_next(o->o_list, after, entry) == 0)
				return 0;
			puffs_vlisting_free(o->o_list);
			o->o_list = NULL;
		}
		if (o->o_eof)
			return next_dot(dir, o, entry) ? 0 : ENOENT;
		if (fatal_signal_pending(current))
			return EINTR;
		if ((error = dir_fetch(dir, o)) != 0)
			return error;
	}
}

static void
dir_step(struct opened *o, const struct puffs_vdirent *entry, size_t after)
{

	if (entry->pvn_namelen <= 2 && memcmp(entry->pvn_name, "..", entry->pvn_namelen) == 0)
		o->o_dots |= entry->pvn_namelen == 1 ? DOT : DOTDOT;
	if (o->o_list != NULL)
		o->o_at = after;
	o->o_pos++;
}

static int
dir_iterate(struct file *file, struct dir_context *ctx)
{
	struct opened *o = file->private_data;
	struct inode *dir = file_inode(file);
	struct puffs_vdirent entry;
	size_t after;
	int error = 0;

	if (mutex_lock_killable(&o->o_lock) != 0)
		return -EINTR;
	if (ctx->pos < o->o_pos || ctx->pos == 0)
		dir_rewind(o);
	while ((error = dir_peek(dir, o, &entry, &after)) == 0) {
		/* Names on the way to where a program left off are passed over. */
		if (o->o_pos == ctx->pos) {
			if (!dir_emit(ctx, entry.pvn_name, entry.pvn_namelen, entry.pvn_fileno, entry.pvn_dtype))
				break;
			ctx->pos++;
		}
		dir_step(o, &entry, after);
		cond_resched();
	}
	mutex_unlock(&o->o_lock);
	return error == ENOENT ? 0 : -error;
}

const struct file_operations puffs_dir_fops = {
	.owner = THIS_MODULE,
	.open = puffs_open,
	.release = puffs_release,
	.llseek = generic_file_llseek,
	.read = generic_read_dir,
	.iterate_shared = dir_iterate,
	.fsync = puffs_fsync,
};
