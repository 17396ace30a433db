/*
 * A file server whose operations take their time: the tests of waits.rs say when they go on.
 *
 * The files of its only directory:
 *
 *	ready		has a line of text
 *	later		a read leaves the request in its middle until somebody is to go on with it
 *	opening		the same for open
 *	hang		a read blocks the server's only thread until a byte comes through the fifo given by -p
 *	latehang	the same, after the request was left and gone on with by the main loop
 *	events		poll waits until there is an event
 *	changes		its text is changed by a command, which the kernel does not see; poll says that it is ready once it was
 *	unloved		the server lets go of it when it is inactive
 *	log		how often what happened
 *	go		what is written here is a command: continue, schedule, event, change, stale-pages, stale-names, stale-wrong,
 *			or hang, which blocks the server's thread as a read of "hang" does, but in its main loop
 *
 * Directories "a" and "b" have a file "f" each; a rename in them waits too. "a" knows its parent. Handles of files are the numbers of nodes.
 */

#define _DEFAULT_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <puffs.h>

enum { ROOT, READY, LATER, OPENING, HANG, LATEHANG, EVENTS, CHANGES, UNLOVED, LOG, GO, DIR_A, DIR_B, NODES };

static const char *const names[NODES] = {"/", "ready", "later", "opening", "hang", "latehang", "events", "changes", "unloved", "log", "go",
    "a", "b"};
static char nodes[NODES];	/* cookies are their addresses */
static struct puffs_cc *waiting[64];
static int nwaiting, event, renames, wrong;
static int opens, closes, reclaims, unloved_reclaims;
static int given[NODES];	/* how often lookups led to each node, less what reclaims said */
static char changing = '0';
static const char *fifo;

PUFFSOP_PROTOS(waitfs)

static int
number(puffs_cookie_t node)
{
	return (int)((char *)node - nodes);
}

static void
wait_here(struct puffs_usermount *pu)
{
	struct puffs_cc *cc = puffs_cc_getcc(pu);

	waiting[nwaiting++] = cc;
	puffs_cc_yield(cc);
	if (puffs_cc_getcc(pu) != cc)
		wrong++;
}

static void
go_on(void (*how)(struct puffs_cc *))
{
	struct puffs_cc *now[64];
	int i, n = nwaiting;

	memcpy(now, waiting, sizeof(now));
	nwaiting = 0;
	for (i = 0; i < n; i++)
		how(now[i]);
}

/* Blocks until a byte comes. */
static void
hang(void)
{
	ssize_t n;
	char byte;
	int fd;

	/* A program that is just being started may have a writer's end until it executes: its end of file is no byte. */
	do {
		if ((fd = open(fifo, O_RDONLY)) == -1) {
			wrong++;
			return;
		}
		n = read(fd, &byte, 1);
		close(fd);
	} while (n == 0);
	if (n != 1)
		wrong++;
}

static void
hang_once(struct puffs_usermount *pu)
{
	puffs_ml_setloopfn(pu, NULL);
	hang();
}

static size_t
text(int node, char *to, size_t room)
{
	if (node == CHANGES)
		return (size_t)snprintf(to, room, "%c\n", changing);
	if (node == LOG)
		return (size_t)snprintf(to, room, "waiting %d opens %d closes %d reclaims %d unloved %d wrong %d\n", nwaiting,
		    opens, closes, reclaims, unloved_reclaims, wrong);
	return (size_t)snprintf(to, room, "this is %s\n", names[node]);
}

/* With -u: the server takes its time to end. */
int
waitfs_fs_unmount(struct puffs_usermount *pu, int flags)
{
	(void)flags;
	wait_here(pu);
	return 0;
}

int
waitfs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *pcn)
{
	int i;

	(void)pu;
	if (number(dir) == DIR_A && strcmp(pcn->pcn_name, "..") == 0) {
		puffs_newinfo_setcookie(ni, &nodes[ROOT]);
		puffs_newinfo_setvtype(ni, VDIR);
		return 0;
	}
	if (number(dir) != ROOT && strcmp(pcn->pcn_name, "f") != 0)
		return ENOENT;
	if (number(dir) != ROOT) {
		i = number(dir) == DIR_A ? READY : LATER;
		given[i]++;
		puffs_newinfo_setcookie(ni, &nodes[i]);
		puffs_newinfo_setvtype(ni, VREG);
		return 0;
	}
	for (i = 1; i < NODES && strcmp(names[i], pcn->pcn_name) != 0; i++)
		continue;
	if (i == NODES && pcn->pcn_name[0] == 'x' && changing == '1')
		i = READY;	/* a name that a change brings */
	if (i == NODES)
		return ENOENT;
	given[i]++;
	puffs_newinfo_setcookie(ni, &nodes[i]);
	puffs_newinfo_setvtype(ni, i >= DIR_A ? VDIR : VREG);
	return 0;
}

int
waitfs_fs_nodetofh(struct puffs_usermount *pu, puffs_cookie_t node, void *fid, size_t *size)
{
	int n = number(node);

	(void)pu;
	memcpy(fid, &n, sizeof(n));
	*size = sizeof(n);
	return 0;
}

int
waitfs_fs_fhtonode(struct puffs_usermount *pu, void *fid, size_t size, struct puffs_newinfo *ni)
{
	int n;

	(void)pu;
	memcpy(&n, fid, size);
	if (n < 0 || n >= NODES)
		return ESTALE;
	puffs_newinfo_setcookie(ni, &nodes[n]);
	puffs_newinfo_setvtype(ni, n == ROOT || n >= DIR_A ? VDIR : VREG);
	puffs_newinfo_setsize(ni, 0);
	return 0;
}

int
waitfs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t node, struct vattr *va, const struct puffs_cred *cred)
{
	char buf[256];
	int i = number(node);
	bool dir = i == ROOT || i >= DIR_A;

	(void)pu;
	(void)cred;
	puffs_vattr_null(va);
	va->va_type = dir ? VDIR : VREG;
	va->va_mode = dir ? 0777 : 0666;
	va->va_nlink = dir ? 2 : 1;
	va->va_uid = va->va_gid = 0;
	va->va_fileid = (ino_t)i + 2;
	va->va_size = dir ? 0 : text(i, buf, sizeof(buf));
	return 0;
}

int
waitfs_node_setattr(struct puffs_usermount *pu, puffs_cookie_t node, const struct vattr *va, const struct puffs_cred *cred)
{
	(void)pu;
	(void)node;
	(void)va;
	(void)cred;
	return 0;
}

int
waitfs_node_open2(struct puffs_usermount *pu, puffs_cookie_t node, int mode, const struct puffs_cred *cred, int *oflags)
{
	(void)mode;
	(void)cred;
	if (number(node) == OPENING) {
		wait_here(pu);
		opens++;
	}
	if (number(node) != CHANGES)
		*oflags = PUFFS_OPEN_IO_DIRECT;
	return 0;
}

int
waitfs_node_close(struct puffs_usermount *pu, puffs_cookie_t node, int flags, const struct puffs_cred *cred)
{
	(void)pu;
	(void)flags;
	(void)cred;
	if (number(node) == OPENING)
		closes++;
	return 0;
}

int
waitfs_node_inactive(struct puffs_usermount *pu, puffs_cookie_t node)
{
	if (number(node) == UNLOVED)
		puffs_setback(puffs_cc_getcc(pu), PUFFS_SETBACK_NOREF_N1);
	return 0;
}

int
waitfs_node_reclaim2(struct puffs_usermount *pu, puffs_cookie_t node, int nlookup)
{
	(void)pu;
	reclaims++;
	if (nlookup > given[number(node)])
		wrong++;
	given[number(node)] -= nlookup;
	if (number(node) == UNLOVED)
		unloved_reclaims++;
	return 0;
}

int
waitfs_node_read(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	char all[256];
	size_t len;

	(void)cred;
	(void)ioflag;
	if (number(node) == LATER && off == 0)
		wait_here(pu);
	if (number(node) == LATEHANG && off == 0) {
		puffs_cc_schedule(puffs_cc_getcc(pu));
		puffs_cc_yield(puffs_cc_getcc(pu));
	}
	if ((number(node) == HANG || number(node) == LATEHANG) && off == 0)
		hang();
	len = text(number(node), all, sizeof(all));
	if ((size_t)off >= len)
		return 0;
	len -= (size_t)off;
	if (len > *left)
		len = *left;
	memcpy(buf, all + off, len);
	*left -= len;
	return 0;
}

int
waitfs_node_write(struct puffs_usermount *pu, puffs_cookie_t node, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	char command[32] = "";

	(void)off;
	(void)cred;
	(void)ioflag;
	if (number(node) != GO || *left >= sizeof(command))
		return EPERM;
	memcpy(command, buf, *left);
	*left = 0;
	if (strcmp(command, "continue") == 0)
		go_on(puffs_cc_continue);
	else if (strcmp(command, "schedule") == 0)
		go_on(puffs_cc_schedule);
	else if (strcmp(command, "event") == 0) {
		event = 1;
		go_on(puffs_cc_continue);
	} else if (strcmp(command, "change") == 0)
		changing++;
	else if (strcmp(command, "hang") == 0)
		puffs_ml_setloopfn(pu, hang_once);
	else if (strcmp(command, "stale-pages") == 0)
		return puffs_inval_pagecache_node(pu, &nodes[CHANGES]) == 0 ? 0 : errno;
	else if (strcmp(command, "stale-names") == 0)
		return puffs_inval_namecache_dir(pu, &nodes[ROOT]) == 0 ? 0 : errno;
	else if (strcmp(command, "stale-wrong") == 0) {
		if (puffs_inval_pagecache_node(pu, &nodes[ROOT]) != -1 || errno != EINVAL)
			return EIO;
		if (puffs_inval_namecache_dir(pu, command) != -1 || errno != ENOENT)
			return EIO;
		return puffs_flush_pagecache_node(pu, &nodes[CHANGES]) == 0 ? 0 : errno;
	} else
		return EINVAL;
	return 0;
}

int
waitfs_node_poll(struct puffs_usermount *pu, puffs_cookie_t node, int *events)
{
	if (number(node) == EVENTS) {
		while (event == 0)
			wait_here(pu);
		event = 0;
		*events &= POLLIN | POLLRDNORM;
	} else if (number(node) == CHANGES && changing == '0')
		*events = 0;
	return 0;
}

int
waitfs_node_rename(struct puffs_usermount *pu, puffs_cookie_t sdir, puffs_cookie_t src, const struct puffs_cn *scn,
    puffs_cookie_t tdir, puffs_cookie_t targ, const struct puffs_cn *tcn)
{
	(void)sdir;
	(void)src;
	(void)scn;
	(void)tdir;
	(void)targ;
	(void)tcn;
	if (renames++ != 0)
		wrong++;
	wait_here(pu);
	renames--;
	return 0;
}

int
waitfs_node_readdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_dirent *dent, off_t *off, size_t *left,
    const struct puffs_cred *cred, int *eof, off_t *cookies, size_t *ncookies)
{
	(void)pu;
	(void)cred;
	(void)cookies;
	*ncookies = 0;
	for (; number(dir) == ROOT && *off + 1 < NODES; ++*off)
		if (!puffs_nextdent(&dent, names[*off + 1], (ino_t)*off + 3, 0, left))
			return 0;
	*eof = 1;
	return 0;
}

int
main(int argc, char *argv[])
{
	struct puffs_ops *ops;
	struct puffs_usermount *pu;
	bool child = false, slow_end = false;
	int ch;

	while ((ch = getopt(argc, argv, "cp:u")) != -1)
		if (ch == 'p')
			fifo = optarg;
		else if (ch == 'c')
			child = true;
		else if (ch == 'u')
			slow_end = true;
		else
			return 1;
	PUFFSOP_INIT(ops);
	PUFFSOP_SETFSNOP(ops, unmount);
	if (slow_end)
		PUFFSOP_SET(ops, waitfs, fs, unmount);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SET(ops, waitfs, node, lookup);
	PUFFSOP_SET(ops, waitfs, node, getattr);
	PUFFSOP_SET(ops, waitfs, node, setattr);
	PUFFSOP_SET(ops, waitfs, node, open2);
	PUFFSOP_SET(ops, waitfs, node, close);
	PUFFSOP_SET(ops, waitfs, node, inactive);
	PUFFSOP_SET(ops, waitfs, node, reclaim2);
	PUFFSOP_SET(ops, waitfs, fs, fhtonode);
	PUFFSOP_SET(ops, waitfs, fs, nodetofh);
	PUFFSOP_SET(ops, waitfs, node, read);
	PUFFSOP_SET(ops, waitfs, node, write);
	PUFFSOP_SET(ops, waitfs, node, poll);
	PUFFSOP_SET(ops, waitfs, node, rename);
	PUFFSOP_SET(ops, waitfs, node, readdir);
	if ((pu = puffs_init(ops, "waitfs", "waitfs", NULL, 0)) == NULL)
		return 1;
	puffs_setstacksize(pu, PUFFS_STACKSIZE_MIN);
	puffs_setfhsize(pu, sizeof(int), 0);
	if (puffs_unmountonsignal(2, true) == -1 || puffs_mount(pu, argv[optind], 0, &nodes[ROOT]) == -1)
		return 1;
	if (child && fork() == 0) {	/* one that the server leaves behind: it ends with its input */
		while (read(0, argv[0], 1) > 0)
			continue;
		_exit(0);
	}
	return puffs_mainloop(pu) == -1;
}
