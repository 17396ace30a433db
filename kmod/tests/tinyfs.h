/*
 * tinyfs.h: what the tests of the mount in C have in common: mounting, and the right answers of a small file system. Its nodes are
 * numbers, which are their cookies too: TINY_ROOT, and those that each directory has under the names "n0" to "n63".
 */
#ifndef TINYFS_H
#define TINYFS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mount.h>
#include <sys/stat.h>

#include <puffs_vfs.h>

#include "server.h"

#define TINY_ROOT 1
#define TINY_NODES 64
#define TINY_SIZE 10000		/* of each file */
#define TINY_DATA (64 << 10)
#define TINY_MAXLEN (PUFFS_MSG_ROOM + TINY_DATA)

/* Mounts on a directory, which is made. Returns 0 or an errno value. */
static inline int
tiny_mount(const char *dir, const char *options)
{

	(void)mkdir(dir, 0755);
	return mount("tiny", dir, "puffs", 0, options) == -1 ? errno : 0;
}

/* The options of a mount at a device that is open, with others put behind them. */
static inline const char *
tiny_options(int fd, const char *more)
{
	static char text[512];

	snprintf(text, sizeof(text), "fd=%d,version=%d,root=%d,vtype=%d,maxlen=%d,ops=%#llx%s", fd, PUFFS_MSG_VERSION, TINY_ROOT,
	    PUFFS_VT_DIR, TINY_MAXLEN, ~0ULL, more);
	return text;
}

static inline int
tiny_start(int fd)
{
	struct puffs_startreq startreq;

	memset(&startreq, 0, sizeof(startreq));
	startreq.psr_cookie = TINY_ROOT;
	return call(fd, PUFFSSTARTOP, &startreq);
}

static inline uint32_t
tiny_type(uint64_t cookie)
{
	static const uint8_t types[] = {
		PUFFS_VT_REG, PUFFS_VT_DIR, PUFFS_VT_REG, PUFFS_VT_LNK, PUFFS_VT_DIR, PUFFS_VT_REG, PUFFS_VT_FIFO, PUFFS_VT_CHR,
	};

	return cookie == TINY_ROOT ? PUFFS_VT_DIR : types[cookie % sizeof(types)];
}

/* The node of a name, 0: there is none. */
static inline uint64_t
tiny_node(const char *name, size_t len)
{
	char text[8] = "";
	unsigned n;
	char c;

	if (len < 2 || len > 3)
		return 0;
	memcpy(text, name, len);
	return sscanf(text, "n%u%c", &n, &c) == 1 && n < TINY_NODES ? TINY_ROOT + 1 + n : 0;
}

static inline struct puffs_msg_attr
tiny_attr(uint64_t cookie)
{
	uint32_t vtype = tiny_type(cookie);
	bool device = vtype == PUFFS_VT_CHR;

	return (struct puffs_msg_attr){
		.vtype = vtype,
		.mode = 0777,
		.nlink = 2,
		.fileid = cookie,
		.size = vtype == PUFFS_VT_REG ? TINY_SIZE : 0,
		.blocksize = 4096,
		.rdev = device ? 0x103 : PUFFS_MSG_NOVAL,
		.flags = PUFFS_MSG_NOVAL,
	};
}

/* What the answer's end is, once its body is there. */
static inline bool
tiny_done(struct puffs_req *req, size_t len, int rv)
{

	req->preq_auxlen = rv == 0 ? len : 0;
	req->preq_rv = rv;
	return true;
}

static inline bool
tiny_found(struct puffs_req *req, uint64_t cookie)
{
	struct puffs_msg_node_ans *ans = req->preq_aux;
	struct puffs_msg_attr attr = tiny_attr(cookie);

	memset(ans, 0, sizeof(*ans));
	ans->cookie = cookie;
	ans->vtype = attr.vtype;
	ans->size = attr.size;
	ans->rdev = attr.rdev;
	ans->attr = attr;
	return tiny_done(req, sizeof(*ans), cookie == 0 ? ENOENT : 0);
}

static inline bool
tiny_read(struct puffs_req *req)
{
	struct puffs_msg_read_req ask = *(struct puffs_msg_read_req *)req->preq_aux;
	struct puffs_msg_data_ans *ans = req->preq_aux;
	size_t left = ask.offset < TINY_SIZE ? TINY_SIZE - ask.offset : 0;

	memset(ans, 0, sizeof(*ans));
	ans->len = ask.len < left ? ask.len : (uint32_t)left;
	memset(ans + 1, 'x', ans->len);
	return tiny_done(req, sizeof(*ans) + ans->len, 0);
}

static inline bool
tiny_readdir(struct puffs_req *req)
{
	struct puffs_msg_read_req ask = *(struct puffs_msg_read_req *)req->preq_aux;
	struct puffs_msg_readdir_ans *ans = req->preq_aux;
	struct puffs_msg_dirent *dent;
	char *at = (char *)(ans + 1);
	uint64_t n;

	memset(ans, 0, sizeof(*ans));
	for (n = ask.offset; n < TINY_NODES && ans->len + 32 <= ask.len; n++) {
		dent = (struct puffs_msg_dirent *)(at + ans->len);
		memset(dent, 0, 32);
		dent->fileno = TINY_ROOT + 1 + n;
		dent->namlen = (uint16_t)sprintf((char *)dent + PUFFS_MSG_DIRENT_NAME, "n%u", (unsigned)n);
		dent->reclen = (uint16_t)((PUFFS_MSG_DIRENT_NAME + dent->namlen + 1 + 7) & ~7);
		ans->len += dent->reclen;
	}
	ans->offset = n;
	ans->eof = n >= TINY_NODES;
	return tiny_done(req, sizeof(*ans) + ans->len, 0);
}

static inline bool
tiny_readlink(struct puffs_req *req)
{
	struct puffs_msg_data_ans *ans = req->preq_aux;

	memset(ans, 0, sizeof(*ans));
	ans->len = (uint32_t)sprintf((char *)(ans + 1), "n%u", (unsigned)((uintptr_t)req->preq_cookie % TINY_NODES));
	return tiny_done(req, sizeof(*ans) + ans->len, 0);
}

static inline bool
tiny_attrs(struct puffs_req *req)
{
	struct puffs_msg_attr_ans *ans = req->preq_aux;

	memset(ans, 0, sizeof(*ans));
	ans->attr = tiny_attr((uintptr_t)req->preq_cookie);
	return tiny_done(req, sizeof(*ans), 0);
}

static inline bool
tiny_created(struct puffs_req *req)
{
	const struct puffs_msg_create_req *ask = req->preq_aux;
	uint32_t vtype = ask->attr.vtype;
	uint64_t cookie = TINY_ROOT + 1;

	/* Any node of that type. */
	if (req->preq_optype == PUFFS_VN_MKDIR)
		vtype = PUFFS_VT_DIR;
	if (req->preq_optype == PUFFS_VN_SYMLINK)
		vtype = PUFFS_VT_LNK;
	while (tiny_type(cookie) != vtype && cookie < TINY_NODES)
		cookie++;
	return tiny_found(req, cookie);
}

static inline bool
tiny_xattr(struct puffs_req *req)
{
	struct puffs_msg_extattr_ans *ans = req->preq_aux;

	memset(ans, 0, sizeof(*ans));
	ans->size = ans->len = 6;
	memcpy(ans + 1, "value", 6);
	return tiny_done(req, sizeof(*ans) + 6, 0);
}

/* Answers with so much of nothing. */
static inline bool
tiny_plain(struct puffs_req *req, size_t len)
{

	memset(req->preq_aux, 0, len);
	return tiny_done(req, len, 0);
}

/* Makes a request its right answer; false: none is wanted. The buffer has TINY_MAXLEN bytes. */
static inline bool
tiny_operation(struct puffs_req *req)
{
	const struct puffs_msg_lookup_req *lookup = req->preq_aux;
	struct puffs_msg_write_ans *write = req->preq_aux;
	struct puffs_msg_statvfs_ans *statvfs = req->preq_aux;
	uint32_t len;

	if (!PUFFSOP_WANTREPLY(req->preq_opclass))
		return false;
	if (PUFFSOP_OPCLASS(req->preq_opclass) == PUFFSOP_VFS) {
		(void)tiny_plain(req, req->preq_optype == PUFFS_VFS_STATVFS ? sizeof(*statvfs) : sizeof(struct puffs_msg_ans));
		if (req->preq_optype == PUFFS_VFS_STATVFS)
			statvfs->statvfs.bsize = statvfs->statvfs.frsize = 4096;
		return true;
	}
	switch (req->preq_optype) {
	case PUFFS_VN_LOOKUP:
		return tiny_found(req, tiny_node((const char *)(lookup + 1), lookup->namelen));
	case PUFFS_VN_CREATE: case PUFFS_VN_MKNOD: case PUFFS_VN_MKDIR: case PUFFS_VN_SYMLINK:
		return tiny_created(req);
	case PUFFS_VN_GETATTR: case PUFFS_VN_SETATTR:
		return tiny_attrs(req);
	case PUFFS_VN_READ:
		return tiny_read(req);
	case PUFFS_VN_READDIR:
		return tiny_readdir(req);
	case PUFFS_VN_READLINK:
		return tiny_readlink(req);
	case PUFFS_VN_WRITE:
		len = ((const struct puffs_msg_write_req *)req->preq_aux)->len;
		(void)tiny_plain(req, sizeof(*write));
		write->len = len;
		return true;
	case PUFFS_VN_SETEXTATTR:
		len = ((const struct puffs_msg_extattr_req *)req->preq_aux)->len;
		(void)tiny_plain(req, sizeof(*write));
		write->len = len;
		return true;
	case PUFFS_VN_GETEXTATTR: case PUFFS_VN_LISTEXTATTR:
		return tiny_xattr(req);
	case PUFFS_VN_OPEN:
		return tiny_plain(req, sizeof(struct puffs_msg_open_ans));
	case PUFFS_VN_POLL:
		return tiny_plain(req, sizeof(struct puffs_msg_poll_ans));
	case PUFFS_VN_ADVLOCK:
		return tiny_plain(req, sizeof(struct puffs_msg_lock_ans));
	default:
		return tiny_plain(req, sizeof(struct puffs_msg_ans));
	}
}

#endif
