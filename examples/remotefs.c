/*
 * remotefs: a file system whose files are somewhere else.
 *
 *	cc -o remotefs remotefs.c $(pkg-config --cflags --libs puffs)
 *	cc -o remoted remoted.c
 *	./remoted /tmp/socket &
 *	./remotefs /tmp/socket /mnt		# until umount /mnt, or until remoted ends
 *
 * It keeps nothing: each operation asks remoted, over a connection that the main loop looks after as well as requests. That is what
 * frame buffers are for. An operation puts its question into one, enqueues it, and is left where it is; others run, and ask in
 * their turn. When the answer has come, which may be in any order, the operation goes on with it. The library does not know our
 * protocol (remote.h), so it is told how frames are read and written, and which of them belong together.
 *
 * From top to bottom: these functions, asking, the operations, and main().
 *
 * SPDX-License-Identifier: BSD-2-Clause
 */

#define _DEFAULT_SOURCE 1

#include <sys/socket.h>
#include <sys/un.h>

#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <puffs.h>

#include "remote.h"

/* Cookies are the numbers by which remoted knows its nodes. */
#define COOKIE(node) ((puffs_cookie_t)(uintptr_t)(node))
#define NODE(cookie) ((uint32_t)(uintptr_t)(cookie))

static int conn; /* to remoted */

PUFFSOP_PROTOS(remotefs)

/* Numbers in frames, at the cursor. There is room for all that we put, so that it cannot fail: see question(). */

static void
put32(struct puffs_framebuf *fb, uint32_t n)
{
	n = htobe32(n);
	puffs_framebuf_putdata(fb, &n, sizeof(n));
}

static void
put64(struct puffs_framebuf *fb, uint64_t n)
{
	n = htobe64(n);
	puffs_framebuf_putdata(fb, &n, sizeof(n));
}

static int
get32(struct puffs_framebuf *fb, uint32_t *n)
{
	if (puffs_framebuf_getdata(fb, n, sizeof(*n)) == -1)
		return EPROTO;
	*n = be32toh(*n);
	return 0;
}

static int
get64(struct puffs_framebuf *fb, uint64_t *n)
{
	if (puffs_framebuf_getdata(fb, n, sizeof(*n)) == -1)
		return EPROTO;
	*n = be64toh(*n);
	return 0;
}

/*
 * Reads one frame, or as much of it as is there: the header, which says how long it is, and the rest. The cursor is where the next byte
 * goes; with the same buffer we are called again. We read into the buffer's own memory.
 */
static int
readframe(struct puffs_usermount *pu, struct puffs_framebuf *fb, int fd, int *done)
{
	size_t have = puffs_framebuf_telloff(fb), want = REMOTE_HEADER, len;
	uint32_t frame;
	void *window;
	ssize_t n;

	(void)pu;
	for (;;) {
		if (have >= REMOTE_HEADER) {
			puffs_framebuf_getdata_atoff(fb, 0, &frame, sizeof(frame));
			want = be32toh(frame);
			if (want < REMOTE_HEADER || want > REMOTE_MAXFRAME)
				return EPROTO;
		}
		if (have == want) {
			*done = 1;
			return 0;
		}
		len = want - have;
		if (puffs_framebuf_getwindow(fb, have, &window, &len) == -1)
			return errno;
		n = read(fd, window, len);
		if (n == 0)
			return ECONNRESET;
		if (n == -1 && errno != EINTR)
			return errno == EAGAIN ? 0 : errno;
		if (n > 0)
			have += (size_t)n;
		puffs_framebuf_seekset(fb, have);
	}
}

/* Writes one frame, or as much of it as the connection takes, from the cursor on. Its length goes in front at the first time. */
static int
writeframe(struct puffs_usermount *pu, struct puffs_framebuf *fb, int fd, int *done)
{
	size_t at = puffs_framebuf_telloff(fb), len = puffs_framebuf_tellsize(fb);
	uint32_t frame = htobe32((uint32_t)len);
	void *window;
	ssize_t n;

	(void)pu;
	if (at == 0)
		puffs_framebuf_putdata_atoff(fb, 0, &frame, sizeof(frame));
	for (; at < len; puffs_framebuf_seekset(fb, at)) {
		size_t rest = len - at;

		if (puffs_framebuf_getwindow(fb, at, &window, &rest) == -1)
			return errno;
		n = send(fd, window, rest, MSG_NOSIGNAL);
		if (n == -1 && errno != EINTR)
			return errno == EAGAIN ? 0 : errno;
		if (n > 0)
			at += (size_t)n;
	}
	*done = 1;
	return 0;
}

/* An answer has the number of its question. */
static int
cmpframe(struct puffs_usermount *pu, struct puffs_framebuf *answer, struct puffs_framebuf *asked, int *notresp)
{
	uint32_t a = 0, b = 0;

	(void)pu;
	(void)notresp;
	puffs_framebuf_getdata_atoff(answer, 4, &a, sizeof(a));
	puffs_framebuf_getdata_atoff(asked, 4, &b, sizeof(b));
	return a != b;
}

/* A frame that asks for something about a node, with room for so much more, and the cursor where that goes. */
static struct puffs_framebuf *
question(enum remote_op op, puffs_cookie_t node, size_t room)
{
	static uint32_t last;
	struct puffs_framebuf *fb = puffs_framebuf_make();

	if (fb == NULL || puffs_framebuf_reserve_space(fb, REMOTE_HEADER + 4 + room) == -1) {
		puffs_framebuf_destroy(fb);
		return NULL;
	}
	put32(fb, 0); /* its length, later */
	if (op == REMOTE_FORGET)
		put32(fb, 0);
	else
		put32(fb, ++last != 0 ? last : ++last);
	put32(fb, op);
	put32(fb, NODE(node));
	return fb;
}

/* Asks. The answer is in the same buffer, with the cursor behind its header; or it is an error. */
static int
ask(struct puffs_usermount *pu, struct puffs_framebuf *fb)
{
	uint32_t error;

	if (fb == NULL)
		return ENOMEM;
	/* Here the operation is left, and others run. */
	if (puffs_framev_enqueue_cc(puffs_cc_getcc(pu), conn, fb, 0) == -1)
		return errno;
	puffs_framebuf_seekset(fb, 8);
	return get32(fb, &error) != 0 ? EPROTO : (int)error;
}

/* Asks for nothing but whether it could be done. */
static int
ask_only(struct puffs_usermount *pu, struct puffs_framebuf *fb)
{
	int error = ask(pu, fb);

	puffs_framebuf_destroy(fb);
	return error;
}

static int
get_attributes(struct puffs_framebuf *fb, uint32_t *node, enum vtype *type, uint64_t *size)
{
	uint32_t kind;

	if (get32(fb, node) != 0 || get32(fb, &kind) != 0 || get64(fb, size) != 0 || *node == 0)
		return EPROTO;
	*type = kind == REMOTE_DIR ? VDIR : VREG;
	return 0;
}

/* Asks for a node that a name leads to. */
static int
ask_for_node(struct puffs_usermount *pu, struct puffs_framebuf *fb, struct puffs_newinfo *ni, const struct puffs_cn *cn)
{
	enum vtype type = VNON;
	uint32_t node = 0;
	uint64_t size = 0;
	int error;

	if (fb != NULL)
		puffs_framebuf_putdata(fb, cn->pcn_name, cn->pcn_namelen);
	if ((error = ask(pu, fb)) == 0)
		error = get_attributes(fb, &node, &type, &size);
	puffs_framebuf_destroy(fb);
	if (error == 0) {
		puffs_newinfo_setcookie(ni, COOKIE(node));
		puffs_newinfo_setvtype(ni, type);
		puffs_newinfo_setsize(ni, size);
	}
	return error;
}

int
remotefs_node_lookup(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn)
{
	return ask_for_node(pu, question(REMOTE_LOOKUP, dir, cn->pcn_namelen), ni, cn);
}

static int
make(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn, enum remote_type type)
{
	struct puffs_framebuf *fb = question(REMOTE_CREATE, dir, 4 + cn->pcn_namelen);

	if (fb != NULL)
		put32(fb, type);
	return ask_for_node(pu, fb, ni, cn);
}

int
remotefs_node_create(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn,
    const struct vattr *va)
{
	(void)va;
	return make(pu, dir, ni, cn, REMOTE_FILE);
}

int
remotefs_node_mkdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_newinfo *ni, const struct puffs_cn *cn,
    const struct vattr *va)
{
	(void)va;
	return make(pu, dir, ni, cn, REMOTE_DIR);
}

int
remotefs_node_remove(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t target, const struct puffs_cn *cn)
{
	struct puffs_framebuf *fb = question(REMOTE_REMOVE, dir, 4 + cn->pcn_namelen);

	if (fb != NULL) {
		put32(fb, NODE(target));
		puffs_framebuf_putdata(fb, cn->pcn_name, cn->pcn_namelen);
	}
	return ask_only(pu, fb);
}

int
remotefs_node_rmdir(struct puffs_usermount *pu, puffs_cookie_t dir, puffs_cookie_t target, const struct puffs_cn *cn)
{
	return remotefs_node_remove(pu, dir, target, cn);
}

int
remotefs_node_getattr(struct puffs_usermount *pu, puffs_cookie_t file, struct vattr *va, const struct puffs_cred *cred)
{
	struct puffs_framebuf *fb = question(REMOTE_GETATTR, file, 0);
	enum vtype type = VNON;
	uint32_t node = 0;
	uint64_t size = 0;
	int error;

	(void)cred;
	if ((error = ask(pu, fb)) == 0)
		error = get_attributes(fb, &node, &type, &size);
	puffs_framebuf_destroy(fb);
	if (error != 0)
		return error;
	puffs_vattr_null(va);
	va->va_type = type;
	va->va_mode = type == VDIR ? 0755 : 0644;
	va->va_nlink = type == VDIR ? 2 : 1;
	va->va_uid = getuid();
	va->va_gid = getgid();
	va->va_fileid = node;
	va->va_size = size;
	return 0;
}

/* Only the size can be set. Whoever sets something else is not told. */
int
remotefs_node_setattr(struct puffs_usermount *pu, puffs_cookie_t file, const struct vattr *va, const struct puffs_cred *cred)
{
	struct puffs_framebuf *fb;

	(void)cred;
	if (va->va_size == (u_quad_t)PUFFS_VNOVAL)
		return 0;
	if ((fb = question(REMOTE_TRUNCATE, file, 8)) != NULL)
		put64(fb, va->va_size);
	return ask_only(pu, fb);
}

int
remotefs_node_read(struct puffs_usermount *pu, puffs_cookie_t file, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	(void)cred;
	(void)ioflag;
	while (*left > 0) {
		size_t want = *left < REMOTE_MAXDATA ? *left : REMOTE_MAXDATA, came = 0;
		struct puffs_framebuf *fb = question(REMOTE_READ, file, 12);
		int error;

		if (fb != NULL) {
			put64(fb, (uint64_t)off);
			put32(fb, (uint32_t)want);
		}
		if ((error = ask(pu, fb)) == 0 && (came = puffs_framebuf_remaining(fb)) > want)
			error = EPROTO;
		if (error == 0)
			puffs_framebuf_getdata(fb, buf, came);
		puffs_framebuf_destroy(fb);
		if (error != 0 || came == 0)
			return error;
		buf += came;
		off += (off_t)came;
		*left -= came;
	}
	return 0;
}

int
remotefs_node_write(struct puffs_usermount *pu, puffs_cookie_t file, uint8_t *buf, off_t off, size_t *left,
    const struct puffs_cred *cred, int ioflag)
{
	(void)cred;
	(void)ioflag;
	while (*left > 0) {
		size_t len = *left < REMOTE_MAXDATA ? *left : REMOTE_MAXDATA;
		struct puffs_framebuf *fb = question(REMOTE_WRITE, file, 8 + len);
		int error;

		if (fb != NULL) {
			put64(fb, (uint64_t)off);
			puffs_framebuf_putdata(fb, buf, len);
		}
		if ((error = ask_only(pu, fb)) != 0)
			return error;
		buf += len;
		off += (off_t)len;
		*left -= len;
	}
	return 0;
}

/* The offset behind a record is the number of its node. "." and ".." are made up by the other side. */
int
remotefs_node_readdir(struct puffs_usermount *pu, puffs_cookie_t dir, struct puffs_dirent *dent, off_t *off, size_t *left,
    const struct puffs_cred *cred, int *eof, off_t *cookies, size_t *ncookies)
{
	char name[REMOTE_NAMEMAX + 1];
	uint32_t node, type, len;
	int error = 0;

	(void)cred;
	(void)cookies;
	*ncookies = 0;
	for (;;) {
		struct puffs_framebuf *fb = question(REMOTE_LIST, dir, 4);

		if (fb != NULL)
			put32(fb, (uint32_t)*off);
		error = ask(pu, fb);
		*eof = error == 0 && puffs_framebuf_remaining(fb) == 0;
		while (error == 0 && puffs_framebuf_remaining(fb) > 0) {
			if (get32(fb, &node) != 0 || get32(fb, &type) != 0 || get32(fb, &len) != 0 || len > REMOTE_NAMEMAX ||
			    puffs_framebuf_getdata(fb, name, len) == -1) {
				error = EPROTO;
				break;
			}
			name[len] = '\0';
			if (!puffs_nextdent(&dent, name, node, puffs_vtype2dt(type == REMOTE_DIR ? VDIR : VREG), left)) {
				puffs_framebuf_destroy(fb);
				return 0; /* no room for more */
			}
			*off = node;
		}
		puffs_framebuf_destroy(fb);
		if (error != 0 || *eof)
			return error;
	}
}

/* We are told that a node is forgotten, and say so. Nobody waits for that, so it is sent and that is all: the library frees the buffer. */
int
remotefs_node_reclaim(struct puffs_usermount *pu, puffs_cookie_t file)
{
	struct puffs_framebuf *fb = question(REMOTE_FORGET, file, 0);

	if (fb != NULL && puffs_framev_enqueue_justsend(pu, conn, fb, 0, 0) == -1)
		puffs_framebuf_destroy(fb);
	return 0;
}

/*
 * Before there is a main loop, frames are exchanged by calling our functions ourselves: the connection still blocks. Whether there is
 * somebody who knows the root is better said now than by the first operation.
 */
static void
greet(struct puffs_usermount *pu)
{
	struct puffs_framebuf *fb = question(REMOTE_GETATTR, COOKIE(REMOTE_ROOT), 0);
	int done = 0, error = fb == NULL ? ENOMEM : 0;

	if (error == 0) {
		puffs_framebuf_seekset(fb, 0);
		error = writeframe(pu, fb, conn, &done);
	}
	if (error == 0) {
		puffs_framebuf_recycle(fb);
		error = readframe(pu, fb, conn, &done);
	}
	puffs_framebuf_destroy(fb);
	if ((errno = error) != 0)
		err(1, "nobody answers");
}

int
main(int argc, char *argv[])
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct puffs_usermount *pu;
	struct puffs_ops *ops;
	bool foreground = argc > 1 && strcmp(argv[1], "-s") == 0;
	char *dir;

	argv += foreground;
	argc -= foreground;
	if (argc != 3 || strlen(argv[1]) >= sizeof(name.sun_path))
		errx(1, "usage: remotefs [-s] socket directory");
	strcpy(name.sun_path, argv[1]);
	if ((dir = realpath(argv[2], NULL)) == NULL)
		err(1, "%s", argv[2]);
	if ((conn = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    connect(conn, (struct sockaddr *)&name, sizeof(name)) == -1)
		err(1, "%s", argv[1]);

	PUFFSOP_INIT(ops);
	if (ops == NULL)
		err(1, "out of memory");
	PUFFSOP_SETFSNOP(ops, unmount);
	PUFFSOP_SETFSNOP(ops, sync);
	PUFFSOP_SETFSNOP(ops, statvfs);
	PUFFSOP_SET(ops, remotefs, node, lookup);
	PUFFSOP_SET(ops, remotefs, node, create);
	PUFFSOP_SET(ops, remotefs, node, mkdir);
	PUFFSOP_SET(ops, remotefs, node, remove);
	PUFFSOP_SET(ops, remotefs, node, rmdir);
	PUFFSOP_SET(ops, remotefs, node, getattr);
	PUFFSOP_SET(ops, remotefs, node, setattr);
	PUFFSOP_SET(ops, remotefs, node, read);
	PUFFSOP_SET(ops, remotefs, node, write);
	PUFFSOP_SET(ops, remotefs, node, readdir);
	PUFFSOP_SET(ops, remotefs, node, reclaim);
	if ((pu = puffs_init(ops, argv[1], "remotefs", NULL, 0)) == NULL)
		err(1, "puffs_init");

	/* The connection becomes the main loop's. Without it there is no file system, so it ends with it. */
	greet(pu);
	if (fcntl(conn, F_SETFL, O_NONBLOCK) == -1)
		err(1, "%s", argv[1]);
	puffs_framev_init(pu, readframe, writeframe, cmpframe, NULL, puffs_framev_unmountonclose);
	if (puffs_framev_addfd(pu, conn, PUFFS_FBIO_READ | PUFFS_FBIO_WRITE) == -1)
		err(1, "puffs_framev_addfd");

	if (puffs_unmountonsignal(SIGINT, true) == -1 || puffs_unmountonsignal(SIGTERM, true) == -1)
		err(1, "signals");
	if (!foreground && puffs_daemon(pu, 0, 0) == -1)
		err(1, "cannot go into the background");
	if (puffs_mount(pu, dir, 0, COOKIE(REMOTE_ROOT)) == -1)
		err(1, "cannot mount on %s", dir);
	if (puffs_mainloop(pu) == -1)
		err(1, "cannot go on serving %s", dir);
	puffs_cancel(pu, 0);
	close(conn);
	free(dir);
	return 0;
}
