/*
 * parcelfs.c: directories of files whose contents go to another process, in the manner of a client of a network's file system: each
 * write is one message, answered by that process, which ends when a message is longer than it takes. A directory is read when the
 * first name is looked up there, and what the kernel may have known of it before is forgotten then.
 *
 * usage: parcelfs [-s] mountpoint
 *
 * "report" beside the directories has how many nodes were reclaimed, and the longest message's length.
 */
#include <sys/cdefs.h>
#ifndef lint
__RCSID("$NetBSD$");
#endif

#include <sys/types.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <puffs.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <util.h>

PUFFSOP_PROTOS(parcel)

#define DIRS 3
#define FILES 10
#define HEAD sizeof(uint32_t)
/* What an sftp-server takes. */
#define LONGEST (256 * 1024)

/* Three words: as long as file handles of servers are. */
struct parcelfid {
	struct puffs_node *f_node;
	ino_t f_id;
	u_long f_gen;
};

static int store;
static bool wasread[1 + DIRS];
static unsigned reclaims;
static uint32_t longest;

static void usage(void) __dead;

static void
usage(void)
{

	errx(1, "usage: %s [-s] mountpoint", getprogname());
}

/* The other process: answers each message with its length. */
static void serve(int) __dead;
static void
serve(int fd)
{
	static char data[LONGEST];
	uint32_t length, answer[2];

	while (recv(fd, &length, HEAD, MSG_WAITALL) == (ssize_t)HEAD) {
		BE32TOH(length);
		if (HEAD + length > LONGEST || recv(fd, data, length, MSG_WAITALL) != (ssize_t)length)
			_exit(1);
		answer[0] = htobe32(sizeof(answer[1]));
		answer[1] = htobe32(length);
		if (send(fd, answer, sizeof(answer), MSG_NOSIGNAL) == -1)
			_exit(1);
	}
	_exit(0);
}

static int
parcelread(struct puffs_usermount *pu __unused, struct puffs_framebuf *pb, int fd, int *done)
{
	size_t want = HEAD + sizeof(uint32_t) - puffs_framebuf_telloff(pb);
	ssize_t n;
	void *win;

	if (puffs_framebuf_getwindow(pb, puffs_framebuf_telloff(pb), &win, &want) == -1)
		return errno;
	if ((n = recv(fd, win, want, MSG_DONTWAIT)) <= 0)
		return n == 0 ? ECONNRESET : errno == EAGAIN ? 0 : errno;
	puffs_framebuf_seekset(pb, puffs_framebuf_telloff(pb) + (size_t)n);
	*done = (size_t)n == want;
	return 0;
}

static int
parcelwrite(struct puffs_usermount *pu __unused, struct puffs_framebuf *pb, int fd, int *done)
{
	size_t rest = puffs_framebuf_remaining(pb);
	uint32_t length;
	ssize_t n;
	void *win;

	if (puffs_framebuf_telloff(pb) == 0) {
		length = htobe32((uint32_t)(puffs_framebuf_tellsize(pb) - HEAD));
		if (puffs_framebuf_putdata_atoff(pb, 0, &length, HEAD) == -1)
			return errno;
	}
	if (puffs_framebuf_getwindow(pb, puffs_framebuf_telloff(pb), &win, &rest) == -1)
		return errno;
	if ((n = send(fd, win, rest, MSG_NOSIGNAL | MSG_DONTWAIT)) == -1)
		return errno == EAGAIN ? 0 : errno;
	puffs_framebuf_seekset(pb, puffs_framebuf_telloff(pb) + (size_t)n);
	*done = puffs_framebuf_remaining(pb) == 0;
	return 0;
}

/* Answers come in the order of what was sent. */
static int
parcelcmp(struct puffs_usermount *pu __unused, struct puffs_framebuf *in __unused, struct puffs_framebuf *waiting __unused,
    int *notresp __unused)
{

	return 0;
}

/* Nodes by their numbers: the root, the directories, the report, and the files of each directory. */
#define ROOT 0
#define REPORT (1 + DIRS)
#define FIRSTFILE (REPORT + 1)
static struct puffs_node *nodes[FIRSTFILE + DIRS * FILES];
#define NUMBER(pn) ((int)(intptr_t)(pn)->pn_data)
#define ISDIR(number) ((number) < REPORT)

static struct puffs_node *
node(struct puffs_usermount *pu, int number)
{
	struct puffs_node *pn = nodes[number];

	if (pn == NULL) {
		if ((pn = nodes[number] = puffs_pn_new(pu, (void *)(intptr_t)number)) == NULL)
			err(1, "puffs_pn_new");
		pn->pn_va.va_type = ISDIR(number) ? VDIR : VREG;
		pn->pn_va.va_mode = ISDIR(number) ? 0755 : 0644;
		pn->pn_va.va_nlink = 1;
		pn->pn_va.va_fileid = (ino_t)number + 2;
		pn->pn_va.va_size = number == REPORT ? 64 : 0;
		pn->pn_va.va_uid = pn->pn_va.va_gid = 0;
	}
	return pn;
}

int
parcel_fs_nodetofh(struct puffs_usermount *pu __unused, void *opc, void *fid, size_t *fidsize __unused)
{
	struct parcelfid *fp = fid;

	fp->f_node = opc;
	fp->f_id = fp->f_node->pn_va.va_fileid;
	fp->f_gen = 0;
	return 0;
}

int
parcel_fs_fhtonode(struct puffs_usermount *pu __unused, void *fid, size_t fidsize __unused, struct puffs_newinfo *pni)
{
	struct parcelfid *fp = fid;

	puffs_newinfo_setcookie(pni, fp->f_node);
	puffs_newinfo_setvtype(pni, fp->f_node->pn_va.va_type);
	return 0;
}

int
parcel_node_lookup(struct puffs_usermount *pu, void *opc, struct puffs_newinfo *pni, const struct puffs_cn *pcn)
{
	int dir = NUMBER((struct puffs_node *)opc), number = atoi(pcn->pcn_name);
	struct puffs_node *pn;

	if (!wasread[dir]) {
		if (puffs_inval_namecache_dir(pu, opc) == -1)
			warn("puffs_inval_namecache_dir");
		wasread[dir] = true;
	}
	if (dir == ROOT && strcmp(pcn->pcn_name, "report") == 0)
		number = REPORT;
	else if (dir == ROOT && number >= 1 && number <= DIRS)
		;
	else if (dir != ROOT && number >= 1 && number <= FILES)
		number += FIRSTFILE - 1 + (dir - 1) * FILES;
	else
		return ENOENT;
	pn = node(pu, number);
	puffs_newinfo_setcookie(pni, pn);
	puffs_newinfo_setvtype(pni, pn->pn_va.va_type);
	puffs_newinfo_setsize(pni, (voff_t)pn->pn_va.va_size);
	return 0;
}

int
parcel_node_setattr(struct puffs_usermount *pu __unused, void *opc, const struct vattr *va, const struct puffs_cred *pcr __unused)
{
	struct puffs_node *pn = opc;

	puffs_setvattr(&pn->pn_va, va);
	return 0;
}

int
parcel_node_read(struct puffs_usermount *pu __unused, void *opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr __unused, int ioflag __unused)
{
	char report[64] = "";

	if (NUMBER((struct puffs_node *)opc) != REPORT)
		return EPERM;
	if (offset == 0 && *resid >= sizeof(report)) {
		snprintf(report, sizeof(report), "%u %" PRIu32 "\n", reclaims, longest);
		memcpy(buf, report, sizeof(report));
		*resid -= sizeof(report);
	}
	return 0;
}

int
parcel_node_write(struct puffs_usermount *pu, void *opc, uint8_t *buf, off_t offset, size_t *resid,
    const struct puffs_cred *pcr __unused, int ioflag __unused)
{
	struct puffs_node *pn = opc;
	struct puffs_framebuf *pb;
	uint32_t length = 0;
	int rv = 0;

	if ((pb = puffs_framebuf_make()) == NULL)
		return ENOMEM;
	puffs_framebuf_seekset(pb, HEAD);
	if (puffs_framebuf_putdata(pb, buf, *resid) == -1 ||
	    puffs_framev_enqueue_cc(puffs_cc_getcc(pu), store, pb, 0) == -1 ||
	    puffs_framebuf_getdata_atoff(pb, HEAD, &length, sizeof(length)) == -1)
		rv = errno;
	puffs_framebuf_destroy(pb);
	if (rv)
		return rv;
	BE32TOH(length);
	longest = MAX(longest, length);
	*resid -= length;
	pn->pn_va.va_size = MAX(pn->pn_va.va_size, (u_quad_t)offset + length);
	return 0;
}

int
parcel_node_reclaim(struct puffs_usermount *pu __unused, void *opc)
{
	int number = NUMBER((struct puffs_node *)opc);

	reclaims++;
	nodes[number] = NULL;
	if (ISDIR(number))
		wasread[number] = false;
	puffs_pn_put(opc);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct puffs_usermount *pu;
	struct puffs_ops *pops;
	int ends[2], ch, detach = 1;
	pid_t storekeeper;

	setprogname(argv[0]);
	while ((ch = getopt(argc, argv, "s")) != -1) {
		if (ch != 's')
			usage();
		detach = 0;
	}
	if (argc - optind != 1)
		usage();
	PUFFSOP_INIT(pops);
	PUFFSOP_SETFSNOP(pops, unmount);
	PUFFSOP_SETFSNOP(pops, sync);
	PUFFSOP_SETFSNOP(pops, statvfs);
	PUFFSOP_SET(pops, parcel, fs, fhtonode);
	PUFFSOP_SET(pops, parcel, fs, nodetofh);
	PUFFSOP_SET(pops, parcel, node, lookup);
	PUFFSOP_SET(pops, puffs_genfs, node, getattr);
	PUFFSOP_SET(pops, parcel, node, setattr);
	PUFFSOP_SET(pops, parcel, node, read);
	PUFFSOP_SET(pops, parcel, node, write);
	PUFFSOP_SET(pops, parcel, node, reclaim);
	if ((pu = puffs_init(pops, "parcels", "parcel", NULL, PUFFS_KFLAG_WTCACHE)) == NULL)
		err(1, "puffs_init");
	puffs_setfhsize(pu, sizeof(struct parcelfid), PUFFS_FHFLAG_NFSV2 | PUFFS_FHFLAG_NFSV3);
	puffs_framev_init(pu, parcelread, parcelwrite, parcelcmp, NULL, puffs_framev_unmountonclose);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1)
		err(1, "socketpair");
	switch (storekeeper = fork()) {
	case -1:
		err(1, "fork");
	case 0:
		close(ends[1]);
		serve(ends[0]);
	default:
		close(ends[0]);
	}
	store = ends[1];
	if (puffs_framev_addfd(pu, store, PUFFS_FBIO_READ | PUFFS_FBIO_WRITE) == -1)
		err(1, "puffs_framev_addfd");

	if (detach && puffs_daemon(pu, 1, 1) == -1)
		err(1, "puffs_daemon");
	if (puffs_mount(pu, argv[optind], 0, node(pu, ROOT)) == -1)
		err(1, "puffs_mount");
	if (puffs_mainloop(pu) == -1)
		err(1, "puffs_mainloop");

	/* It ends with the connection. In the background it is nobody's child any more. */
	close(store);
	(void)waitpid(storekeeper, NULL, 0);
	return 0;
}
