/*
 * vfs_server.h: a file system in memory that speaks the message bodies itself, and one mount of it. Included behind
 * vfs_mount.h.
 */
#ifndef VFS_SERVER_H
#define VFS_SERVER_H

#include <fcntl.h>

/* Nodes are in an array, and each has one name. */
#define NFS 32
#define DATALEN (64 << 10)

struct fsnode {
	uint32_t fn_vtype;		/* 0: free */
	uint32_t fn_mode;
	uint64_t fn_rdev;
	uint64_t fn_size;
	struct fsnode *fn_dir;		/* NULL: no name */
	char fn_name[PUFFS_MSG_NAME_MAX + 1];
	char fn_data[DATALEN];
	long fn_given;			/* how often the kernel got the cookie */
	int fn_opens;
	int fn_inactive;
	char fn_xattr[64];		/* "user.colour" */
	size_t fn_xattrlen;
};

static struct fsnode nodes[NFS];
static pthread_mutex_t fs_lock = PTHREAD_MUTEX_INITIALIZER;
/* The head of the last request with an answer, and what else a test wants to know of it. */
static struct puffs_msg_head last_head;
static uint64_t last_words[4];
static int notices, aborts;

static struct puffs_msg_attr
attr_of(const struct fsnode *fn)
{
	struct puffs_msg_attr attr;

	puffs_vattr_none(&attr);
	attr.vtype = fn->fn_vtype;
	attr.mode = fn->fn_mode;
	attr.nlink = fn->fn_dir != NULL;
	attr.uid = 5;
	attr.fileid = (uint64_t)(fn - nodes) + 1;
	attr.size = fn->fn_size;
	attr.rdev = fn->fn_rdev;
	attr.mtime.sec = 7;
	attr.mtime.nsec = 2000000000;
	return attr;
}

static struct fsnode *
fs_find(const struct fsnode *dir, const char *name, size_t len)
{
	size_t i;

	for (i = 1; i < NFS; i++)
		if (nodes[i].fn_dir == dir && strlen(nodes[i].fn_name) == len &&
		    memcmp(nodes[i].fn_name, name, len) == 0)
			return &nodes[i];
	return NULL;
}

static void
fs_rename(struct fsnode *fn, struct fsnode *dir, const char *name, size_t len)
{

	fn->fn_dir = dir;
	memcpy(fn->fn_name, name, len);
	fn->fn_name[len] = '\0';
}

static int
answer_node(struct puffs_req *req, struct fsnode *fn)
{
	struct puffs_msg_node_ans *ans = req->preq_aux;

	memset(ans, 0, sizeof(*ans));
	ans->cookie = (uint64_t)(uintptr_t)fn;
	ans->size = fn->fn_size;
	ans->rdev = fn->fn_rdev;
	ans->vtype = fn->fn_vtype;
	ans->attr = attr_of(fn);
	ans->attr_ttl.sec = -3;
	ans->name_ttl.sec = 4;
	fn->fn_given++;
	req->preq_auxlen = sizeof(*ans);
	return 0;
}

static int
answer_attr(struct puffs_req *req, const struct fsnode *fn)
{
	struct puffs_msg_attr_ans *ans = req->preq_aux;

	memset(ans, 0, sizeof(*ans));
	ans->attr = attr_of(fn);
	ans->ttl.nsec = 5;
	req->preq_auxlen = sizeof(*ans);
	return 0;
}

static int
answer_plain(struct puffs_req *req, uint32_t setback)
{
	struct puffs_msg_ans *ans = req->preq_aux;

	ans->setback = setback;
	ans->pad = 0;
	req->preq_auxlen = sizeof(*ans);
	return 0;
}

static int
fs_create(struct puffs_req *req, struct fsnode *dir)
{
	struct puffs_msg_create_req *create = req->preq_aux;
	const char *name = (const char *)(create + 1);
	size_t i;

	if (fs_find(dir, name, create->namelen) != NULL)
		return EEXIST;
	for (i = 1; i < NFS && nodes[i].fn_vtype != 0; i++)
		continue;
	if (i == NFS)
		return ENOSPC;
	memset(&nodes[i], 0, sizeof(nodes[i]));
	nodes[i].fn_vtype = create->attr.vtype;
	nodes[i].fn_mode = create->attr.mode;
	nodes[i].fn_rdev = create->attr.rdev;
	CHECK(create->attr.uid == UINT32_MAX && create->attr.size == UINT64_MAX && create->want_attr == 1);
	fs_rename(&nodes[i], dir, name, create->namelen);
	memcpy(nodes[i].fn_data, name + create->namelen, create->targetlen);
	nodes[i].fn_size = create->targetlen;
	last_words[0] = req->preq_optype;
	return answer_node(req, &nodes[i]);
}

static int
fs_readdir(struct puffs_req *req, const struct fsnode *dir)
{
	const struct puffs_msg_read_req *read = req->preq_aux;
	struct puffs_msg_readdir_ans *ans = req->preq_aux;
	struct puffs_msg_dirent *record;
	uint64_t offset = read->offset;
	uint32_t wanted = read->len, len = 0;
	size_t namlen, reclen;

	for (; offset < NFS; offset++) {
		if (nodes[offset].fn_dir != dir)
			continue;
		namlen = strlen(nodes[offset].fn_name);
		reclen = (PUFFS_MSG_DIRENT_NAME + namlen + 1 + 7) & ~(size_t)7;
		if (len + reclen > wanted)
			break;
		record = (struct puffs_msg_dirent *)((char *)(ans + 1) + len);
		memset(record, 0, reclen);
		/* The odd ones are holes. */
		record->fileno = offset % 5 == 4 ? 0 : offset + 1;
		record->reclen = (uint16_t)reclen;
		record->namlen = (uint16_t)namlen;
		record->dtype = 8;
		memcpy((char *)record + PUFFS_MSG_DIRENT_NAME, nodes[offset].fn_name, namlen);
		len += (uint32_t)reclen;
	}
	memset(ans, 0, sizeof(*ans));
	ans->offset = offset;
	ans->len = len;
	ans->eof = offset == NFS;
	req->preq_auxlen = sizeof(*ans) + len;
	return 0;
}

static int
fs_rw(struct puffs_req *req, struct fsnode *fn)
{
	const struct puffs_msg_read_req read = *(struct puffs_msg_read_req *)req->preq_aux;
	struct puffs_msg_data_ans *ans = req->preq_aux;
	uint32_t len = read.len;

	last_words[0] = read.ioflag;
	if (req->preq_optype == PUFFS_VN_WRITE) {
		if (read.offset + len > DATALEN)
			return EFBIG;
		CHECK_EQ(req->preq_auxlen, sizeof(struct puffs_msg_write_req) + len);
		memcpy(fn->fn_data + read.offset, (char *)req->preq_aux + sizeof(struct puffs_msg_write_req), len);
		if (read.offset + len > fn->fn_size)
			fn->fn_size = read.offset + len;
		req->preq_auxlen = sizeof(struct puffs_msg_write_ans);
	} else {
		if (read.offset >= fn->fn_size)
			len = 0;
		else if (len > fn->fn_size - read.offset)
			len = (uint32_t)(fn->fn_size - read.offset);
		memcpy(ans + 1, fn->fn_data + read.offset, len);
		req->preq_auxlen = sizeof(*ans) + len;
	}
	/* The two answers begin alike. */
	memset(ans, 0, sizeof(*ans));
	ans->len = len;
	return 0;
}

static int
fs_extattr(struct puffs_req *req, struct fsnode *fn)
{
	const struct puffs_msg_extattr_req asked = *(struct puffs_msg_extattr_req *)req->preq_aux;
	const char *name = (char *)req->preq_aux + sizeof(asked), *from;
	struct puffs_msg_extattr_ans *ans = req->preq_aux;
	size_t len;

	if (asked.ns != PUFFS_MSG_EXTATTR_USER)
		return EPERM;
	if (req->preq_optype == PUFFS_VN_LISTEXTATTR) {
		from = "colour";
		len = fn->fn_xattrlen == 0 ? 0 : 7;
	} else {
		if (asked.namelen != 6 || memcmp(name, "colour", 6) != 0)
			return EINVAL;
		from = fn->fn_xattr;
		len = fn->fn_xattrlen;
	}
	switch (req->preq_optype) {
	case PUFFS_VN_SETEXTATTR:
		CHECK(asked.len <= sizeof(fn->fn_xattr));
		memcpy(fn->fn_xattr, name + 6, asked.len);
		fn->fn_xattrlen = asked.len;
		memset(ans, 0, sizeof(struct puffs_msg_write_ans));
		((struct puffs_msg_write_ans *)req->preq_aux)->len = asked.len;
		req->preq_auxlen = sizeof(struct puffs_msg_write_ans);
		return 0;
	case PUFFS_VN_DELETEEXTATTR:
		fn->fn_xattrlen = 0;
		return answer_plain(req, 0);
	default:
		memset(ans, 0, sizeof(*ans));
		ans->size = len;
		ans->len = (uint32_t)(len < asked.len ? len : asked.len);
		memcpy(ans + 1, from, ans->len);
		req->preq_auxlen = sizeof(*ans) + ans->len;
		return 0;
	}
}

/* A handle is a word and the node's number; the node must have been told. */
#define FS_HANDLE 0x68616e64u

static int
fs_handle(struct puffs_req *req)
{
	const struct puffs_msg_handle_req asked = *(struct puffs_msg_handle_req *)req->preq_aux;
	struct puffs_msg_data_ans *ans = req->preq_aux;
	uint32_t handle[2];

	if (req->preq_optype == PUFFS_VFS_VPTOFH) {
		CHECK_EQ(asked.len, PUFFS_MSG_HANDLE_MAX);
		handle[0] = FS_HANDLE;
		handle[1] = (uint32_t)((struct fsnode *)req->preq_cookie - nodes);
		memset(ans, 0, sizeof(*ans));
		ans->len = sizeof(handle);
		memcpy(ans + 1, handle, sizeof(handle));
		req->preq_auxlen = sizeof(*ans) + sizeof(handle);
		return 0;
	}
	memcpy(handle, (char *)req->preq_aux + sizeof(asked), sizeof(handle));
	if (asked.len != sizeof(handle) || handle[0] != FS_HANDLE || handle[1] >= NFS)
		return EINVAL;
	if (nodes[handle[1]].fn_vtype == 0)
		return ESTALE;
	(void)answer_node(req, &nodes[handle[1]]);
	nodes[handle[1]].fn_given--; /* which counts as none */
	return 0;
}

static int
fs_vfs(struct puffs_req *req)
{
	struct puffs_msg_statvfs_ans *ans = req->preq_aux;
	struct puffs_msg_extattrctl_req *ctl = req->preq_aux;

	switch (req->preq_optype) {
	case PUFFS_VFS_FHTOVP:
	case PUFFS_VFS_VPTOFH:
		return fs_handle(req);
	case PUFFS_VFS_EXTATTRCTL:
		last_words[0] = ctl->cmd;
		last_words[1] = ctl->flags << 16 | ctl->ns << 8 | ctl->namelen;
		last_words[2] = (uintptr_t)req->preq_cookie;
		if (ctl->namelen > 0)
			CHECK(memcmp(ctl + 1, "colour", 6) == 0);
		return answer_plain(req, 0);
	}

	if (req->preq_optype == PUFFS_VFS_STATVFS) {
		memset(ans, 0, sizeof(*ans));
		ans->statvfs.files = NFS;
		req->preq_auxlen = sizeof(*ans);
		return 0;
	}
	last_words[0] = ((struct puffs_msg_flags_req *)req->preq_aux)->flags;
	return req->preq_optype == PUFFS_VFS_UNMOUNT && last_words[0] == 0 ? EBUSY : answer_plain(req, 0);
}

static int
fs_operation(struct puffs_req *req)
{
	struct fsnode *fn = req->preq_cookie;
	void *body = req->preq_aux;
	struct puffs_msg_lookup_req *lookup = body;
	struct puffs_msg_name_req *named = body;
	struct puffs_msg_rename_req *rename = body;
	struct puffs_msg_flags_req flags;
	struct puffs_msg_range_req *range = body;
	struct puffs_msg_lock_ans *lock = body;
	struct puffs_msg_lock_req asked;
	struct fsnode *found;

	if (PUFFSOP_WANTREPLY(req->preq_opclass))
		last_head = *(struct puffs_msg_head *)body;
	if (PUFFSOP_OPCLASS(req->preq_opclass) == PUFFSOP_VFS)
		return fs_vfs(req);
	if (PUFFSOP_OPCLASS(req->preq_opclass) == PUFFSOP_ERROR) {
		CHECK_EQ(((struct puffs_msg_error_req *)body)->error, EPROTO);
		notices++;
		return 0;
	}
	memcpy(&flags, body, req->preq_auxlen < sizeof(flags) ? req->preq_auxlen : sizeof(flags));
	memset(last_words, 0, sizeof(last_words));
	switch (req->preq_optype) {
	case PUFFS_VN_LOOKUP:
		last_words[0] = lookup->nameiop;
		last_words[1] = lookup->flags;
		if ((found = fs_find(fn, (char *)(lookup + 1), lookup->namelen)) == NULL)
			return ENOENT;
		return answer_node(req, found);
	case PUFFS_VN_CREATE:
	case PUFFS_VN_MKNOD:
	case PUFFS_VN_MKDIR:
	case PUFFS_VN_SYMLINK:
		return fs_create(req, fn);
	case PUFFS_VN_GETATTR:
		return answer_attr(req, fn);
	case PUFFS_VN_SETATTR:
		if (((struct puffs_msg_setattr_req *)body)->attr.mode != UINT32_MAX)
			fn->fn_mode = ((struct puffs_msg_setattr_req *)body)->attr.mode;
		if (((struct puffs_msg_setattr_req *)body)->attr.size != UINT64_MAX)
			fn->fn_size = ((struct puffs_msg_setattr_req *)body)->attr.size;
		return answer_attr(req, fn);
	case PUFFS_VN_READ:
	case PUFFS_VN_WRITE:
		return fs_rw(req, fn);
	case PUFFS_VN_READDIR:
		return fs_readdir(req, fn);
	case PUFFS_VN_READLINK:
		memmove((struct puffs_msg_data_ans *)body + 1, fn->fn_data, fn->fn_size);
		memset(body, 0, sizeof(struct puffs_msg_data_ans));
		((struct puffs_msg_data_ans *)body)->len = (uint32_t)fn->fn_size;
		req->preq_auxlen = sizeof(struct puffs_msg_data_ans) + fn->fn_size;
		return 0;
	case PUFFS_VN_LINK:
		fs_rename((struct fsnode *)(uintptr_t)named->target, fn, (char *)(named + 1), named->namelen);
		return answer_plain(req, 0);
	case PUFFS_VN_REMOVE:
	case PUFFS_VN_RMDIR:
		found = (struct fsnode *)(uintptr_t)named->target;
		CHECK(fs_find(fn, (char *)(named + 1), named->namelen) == found);
		if ((req->preq_optype == PUFFS_VN_RMDIR) != (found->fn_vtype == PUFFS_VT_DIR))
			return req->preq_optype == PUFFS_VN_RMDIR ? ENOTDIR : EISDIR;
		found->fn_dir = NULL;
		return answer_plain(req, PUFFS_SETBACK_INACT_N2 | 0xf0);
	case PUFFS_VN_RENAME:
		found = (struct fsnode *)(uintptr_t)rename->source;
		CHECK(fs_find(fn, (char *)(rename + 1), rename->namelen) == found);
		last_words[0] = rename->has_target;
		if (rename->has_target)
			((struct fsnode *)(uintptr_t)rename->target)->fn_dir = NULL;
		fs_rename(found, (struct fsnode *)(uintptr_t)rename->target_dir, (char *)(rename + 1) + rename->namelen,
		    rename->target_namelen);
		return answer_plain(req, 0);
	case PUFFS_VN_OPEN:
		last_words[0] = flags.flags;
		fn->fn_opens++;
		memset(body, 0, sizeof(struct puffs_msg_open_ans));
		((struct puffs_msg_open_ans *)body)->oflags = PUFFS_VOPEN_DIRECT;
		req->preq_auxlen = sizeof(struct puffs_msg_open_ans);
		return 0;
	case PUFFS_VN_CLOSE:
		CHECK(!PUFFSOP_WANTREPLY(req->preq_opclass));
		CHECK_EQ(flags.flags, PUFFS_VOPEN_READ | PUFFS_VOPEN_WRITE | O_APPEND);
		fn->fn_opens--;
		fn->fn_inactive += (int)flags.inactive;
		return 0;
	case PUFFS_VN_INACTIVE:
		fn->fn_inactive++;
		return answer_plain(req, PUFFS_SETBACK_NOREF_N1);
	case PUFFS_VN_RECLAIM:
		CHECK(!PUFFSOP_WANTREPLY(req->preq_opclass));
		fn->fn_given -= ((struct puffs_msg_reclaim_req *)body)->nlookup;
		if (fn->fn_given == 0 && fn->fn_dir == NULL)
			fn->fn_vtype = 0;
		return 0;
	case PUFFS_VN_ABORTOP:
		aborts++;
		return 0;
	case PUFFS_VN_ADVLOCK:
		asked = *(struct puffs_msg_lock_req *)body;
		last_words[0] = asked.owner;
		last_words[1] = asked.flags;
		if (asked.op == F_SETLK && asked.kind == F_WRLCK)
			return EAGAIN;
		memset(lock, 0, sizeof(*lock));
		lock->start = asked.start + 1;
		lock->len = asked.len;
		lock->kind = F_RDLCK;
		lock->pid = 77;
		req->preq_auxlen = sizeof(*lock);
		return 0;
	case PUFFS_VN_FALLOCATE:
	case PUFFS_VN_FDISCARD:
		last_words[0] = range->offset;
		last_words[1] = range->len;
		return answer_plain(req, 0);
	case PUFFS_VN_GETEXTATTR:
	case PUFFS_VN_SETEXTATTR:
	case PUFFS_VN_LISTEXTATTR:
	case PUFFS_VN_DELETEEXTATTR:
		return fs_extattr(req, fn);
	case PUFFS_VN_PATHCONF:
		if (flags.flags != 4)
			return EINVAL;
		memset(body, 0, sizeof(struct puffs_msg_pathconf_ans));
		((struct puffs_msg_pathconf_ans *)body)->value = (uint64_t)-3;
		req->preq_auxlen = sizeof(struct puffs_msg_pathconf_ans);
		return 0;
	case PUFFS_VN_PRINT:
		last_words[0] = (uintptr_t)fn;
		return answer_plain(req, 0);
	case PUFFS_VN_POLL:
		memset(body, 0, sizeof(struct puffs_msg_poll_ans));
		((struct puffs_msg_poll_ans *)body)->events = flags.flags & POLLIN;
		req->preq_auxlen = sizeof(struct puffs_msg_poll_ans);
		return 0;
	case PUFFS_VN_ACCESS:
		return flags.flags & PUFFS_VACCESS_EXEC ? EACCES : answer_plain(req, 0);
	case PUFFS_VN_FSYNC:
	case PUFFS_VN_SEEK:
	case PUFFS_VN_MMAP:
		last_words[0] = flags.flags;
		last_words[1] = flags.lo;
		last_words[2] = flags.hi;
		return answer_plain(req, PUFFS_SETBACK_INACT_N1);
	default:
		return EOPNOTSUPP;
	}
}

static void *
fs_main(void *arg)
{
	struct vfsmount *vm = arg;
	struct puffs_req *req = user_alloc(sizeof(*req));
	void *body = user_alloc(BODYLEN);
	int rv;

	while (vm_fetch(vm, req, body) == 0) {
		pthread_mutex_lock(&fs_lock);
		rv = fs_operation(req);
		pthread_mutex_unlock(&fs_lock);
		if (PUFFSOP_WANTREPLY(req->preq_opclass))
			CHECK_EQ(vm_answer(vm, req, rv, rv == 0 ? req->preq_auxlen : 0), 0);
	}
	return NULL;
}

/*
 * The kernel's side of it.
 */

static struct vfsmount vm;
static struct puffs_vfs *pv;
static void *root = &nodes[0];

/* All that went before, also what nobody waited for, is done. */
static void
settle(void)
{
	struct puffs_msg_statvfs figures;

	CHECK_EQ(puffs_vfs_statvfs(pv, NULL, &figures), 0);
	CHECK_EQ(figures.files, NFS);
}

static struct puffs_vfound
fresh(void)
{
	struct puffs_vfound found = { .pvf_size = sizeof(found) };

	return found;
}

#define NAME(s) (s), strlen(s)

/* Makes a file and gives its cookie; the kernel keeps the node. */
static inline struct puffs_vfound
make(void *dir, const char *name)
{
	struct puffs_vfound found = fresh();

	CHECK_EQ(puffs_vfs_create(pv, NULL, dir, NAME(name), 0644, &found), 0);
	CHECK(found.pvf_reclaim != NULL);
	return found;
}

/* Mounts it. */
static void
fs_mount(struct thread *server, uint64_t ops)
{

	memset(nodes, 0, sizeof(nodes));
	nodes[0].fn_vtype = PUFFS_VT_DIR;
	nodes[0].fn_mode = 0755;
	vm_mount(&vm, root, ops, 0, 0);
	pv = vm.vm_pv;
	thread_create(server, curthread->t_pid, fs_main, &vm);
}

/* Unmounts it. Nothing may be left of it. */
static void
fs_unmount(struct thread *server)
{
	size_t i;

	settle();
	for (i = 1; i < NFS; i++)
		CHECK_EQ(nodes[i].fn_vtype, 0);
	puffs_userdead(vm.vm_pmp);
	thread_join(server);
	vm_end(&vm);
}

#endif
