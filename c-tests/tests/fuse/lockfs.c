/*
 * A file server that keeps locks itself, each on a whole file: one owner at a time, others wait in their requests. Of those who wait
 * for that of "b" the last one is woken when it is free, and the others when somebody asks who has it; that of "slow" is taken away a turn after
 * that was asked for.
 *
 * Its files: "a", "b" and "slow", each with a lock for fcntl and one for flock; "log", which says what was asked;
 * "stream", in which nobody may seek.
 */

#define _DEFAULT_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <puffs.h>

enum { ROOT, A, B, SLOW, LOG, STREAM, NODES };

static const char *const names[NODES] = {"/", "a", "b", "slow", "log", "stream"};
static char nodes[NODES];
static struct {
	bool taken;
	void *owner;
	pid_t pid;
} locks[NODES][2];
static struct puffs_cc *waiting[64];
static int nwaiting;
static char told[4096];

PUFFSOP_PROTOS(lockfs)

static int
number(puffs_cookie_t node)
{
	return (int)((char *)node - nodes);
}

int
lockfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *pcn)
{
	int i;

	(void)pu;
	for (i = 1; number(dir) == ROOT && i < NODES; i++)
		if (strcmp(names[i], pcn->pcn_name) == 0) {
			puffs_newinfo_setcookie(ni, &nodes[i]);
			puffs_newinfo_setvtype(ni, VREG);
			return 0;
		}
	return ENOENT;
}

int
lockfs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t node, struct vattr *va, const struct puffs_cred *cred)
{
	(void)pu;
	(void)cred;
	puffs_vattr_null(va);
	va->va_type = number(node) == ROOT ? VDIR : VREG;
	va->va_mode = number(node) == ROOT ? 0777 : 0666;
	va->va_nlink = 1;
	va->va_uid = va->va_gid = 0;
	va->va_fileid = (ino_t)number(node) + 2;
	va->va_size = 0;
	return 0;
}

int
lockfs_node_read(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	size_t len = strlen(told);

	(void)pu;
	(void)cred;
	(void)ioflag;
	if (number(node) != LOG || (size_t)off >= len)
		return 0;
	len -= (size_t)off;
	if (len > *left)
		len = *left;
	memcpy(buf, told + off, len);
	*left -= len;
	return 0;
}

int
lockfs_node_write(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	(void)pu;
	(void)node;
	(void)buf;
	(void)off;
	(void)cred;
	(void)ioflag;
	*left = 0;
	return 0;
}

int
lockfs_node_open2(struct puffs_usermount *pu, puffs_cookie_t node, int mode, const struct puffs_cred *cred, int *oflags)
{
	(void)pu;
	(void)mode;
	(void)cred;
	if (number(node) == LOG)
		*oflags = PUFFS_OPEN_IO_DIRECT;
	return 0;
}

static void
note(const char *what, int node, bool flock)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s %s%s\n", what, names[node], flock ? " flock" : "");
}

/* Wakes those who came last of those who wait. */
static void
wake(int count)
{
	struct puffs_cc *woken[64];
	int i;

	if (count > nwaiting)
		count = nwaiting;
	nwaiting -= count;
	memcpy(woken, waiting + nwaiting, (size_t)count * sizeof(woken[0]));
	for (i = 0; i < count; i++)
		puffs_cc_schedule(woken[i]);
}

int
lockfs_node_advlock(struct puffs_usermount *pu, puffs_cookie_t node, void *id, int op, struct flock *fl, int flags)
{
	int n = number(node);
	bool flock = (flags & PUFFS_LOCK_FLOCK) != 0;

	if (flock == ((flags & PUFFS_LOCK_POSIX) != 0))
		return EINVAL;
	if (op == F_GETLK) {
		if (locks[n][flock].taken && locks[n][flock].owner != id)
			fl->l_pid = locks[n][flock].pid;
		else
			fl->l_type = F_UNLCK;
		if (n == B)
			wake(nwaiting);
		return 0;
	}
	if (op == F_UNLCK) {
		if (n == SLOW) {
			puffs_cc_schedule(puffs_cc_getcc(pu));
			puffs_cc_yield(puffs_cc_getcc(pu));
		}
		if (!locks[n][flock].taken || locks[n][flock].owner != id)
			return 0;
		locks[n][flock].taken = false;
		note("free", n, flock);
		wake(n == B ? 1 : nwaiting);
		return 0;
	}
	if (op != F_SETLK)
		return EINVAL;
	while (locks[n][flock].taken && locks[n][flock].owner != id) {
		if ((flags & PUFFS_LOCK_WAIT) == 0)
			return EAGAIN;
		note("wait", n, flock);
		waiting[nwaiting++] = puffs_cc_getcc(pu);
		puffs_cc_yield(puffs_cc_getcc(pu));
	}
	locks[n][flock].taken = true;
	locks[n][flock].owner = id;
	locks[n][flock].pid = fl->l_pid;
	note("lock", n, flock);
	return 0;
}

int
lockfs_node_seek(struct puffs_usermount *pu, puffs_cookie_t node, off_t from, off_t to, const struct puffs_cred *cred)
{
	(void)pu;
	(void)from;
	(void)to;
	(void)cred;
	return number(node) == STREAM ? ESPIPE : 0;
}

int
lockfs_node_mmap(struct puffs_usermount *pu, puffs_cookie_t node, vm_prot_t prot, const struct puffs_cred *cred)
{
	(void)pu;
	(void)cred;
	if (number(node) == B)
		note((prot & VM_PROT_WRITE) != 0 ? "map for writing" : "map", B, false);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct puffs_ops *ops;
	struct puffs_usermount *pu;

	PUFFSOP_INIT(ops);
	PUFFSOP_SETFSNOP(ops, unmount);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SET(ops, lockfs, node, lookup);
	PUFFSOP_SET(ops, lockfs, node, getattr);
	PUFFSOP_SET(ops, lockfs, node, open2);
	PUFFSOP_SET(ops, lockfs, node, read);
	PUFFSOP_SET(ops, lockfs, node, write);
	PUFFSOP_SET(ops, lockfs, node, advlock);
	PUFFSOP_SET(ops, lockfs, node, seek);
	PUFFSOP_SET(ops, lockfs, node, mmap);
	if (argc != 2 || (pu = puffs_init(ops, "lockfs", "lockfs", NULL, 0)) == NULL)
		return 1;
	if (puffs_unmountonsignal(2, true) == -1 || puffs_mount(pu, argv[1], 0, &nodes[ROOT]) == -1)
		return 1;
	return puffs_mainloop(pu) == -1;
}
