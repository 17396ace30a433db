/*
 * server.h: a file server, which has system calls and its own memory only: a directory with eight files of fixed size.
 */

#define NNODES 8
#define FILESIZE 16384
#define SERVERBUF (64 << 10)

struct server {
	int sv_fd;
	pthread_mutex_t sv_lock;
	struct node {
		long n_lookups;
		char n_data[FILESIZE];
	} sv_nodes[NNODES];
};

/* Memory of the server's; it lasts until the program ends. */
void *
user_alloc(size_t size)
{
	size_t at = atomic_fetch_add(&user_break, (size + 15) & ~(size_t)15);

	CHECK(at + size <= sizeof(user_memory));
	return user_memory + at;
}

/* Serves one request in place: the body becomes the answer. Returns the result. */
int
server_operation(struct server *sv, struct puffs_req *req)
{
	struct node *node = req->preq_cookie;
	struct lookup_msg *lookup = req->preq_aux;
	struct rw_msg *rw = req->preq_aux;
	unsigned i;

	if (PUFFSOP_OPCLASS(req->preq_opclass) == PUFFSOP_VFS) {
		if (req->preq_optype == PUFFS_VFS_STATVFS)
			((struct statvfs_msg *)req->preq_aux)->sm_files = NNODES;
		return 0;
	}
	switch (req->preq_optype) {
	case PUFFS_VN_LOOKUP:
		if (sscanf(lookup->lm_name, "file%u", &i) != 1 || i >= NNODES)
			return ENOENT;
		sv->sv_nodes[i].n_lookups++;
		lookup->lm_cookie = (uint64_t)(uintptr_t)&sv->sv_nodes[i];
		return 0;
	case PUFFS_VN_GETATTR:
		((struct getattr_msg *)req->preq_aux)->gm_size = FILESIZE;
		return 0;
	case PUFFS_VN_READ:
		if (rw->rm_offset > FILESIZE)
			return EINVAL;
		if (rw->rm_len > FILESIZE - rw->rm_offset)
			rw->rm_len = FILESIZE - rw->rm_offset;
		memcpy(rw + 1, node->n_data + rw->rm_offset, rw->rm_len);
		req->preq_auxlen = sizeof(*rw) + rw->rm_len;
		return 0;
	case PUFFS_VN_WRITE:
		if (rw->rm_offset > FILESIZE || rw->rm_len > FILESIZE - rw->rm_offset)
			return EFBIG;
		memcpy(node->n_data + rw->rm_offset, rw + 1, rw->rm_len);
		req->preq_auxlen = 0;
		return 0;
	case PUFFS_VN_RECLAIM:
		node->n_lookups -= (long)*(uint64_t *)req->preq_aux;
		return 0;
	default:
		return EOPNOTSUPP;
	}
}

/* One thread of a server: fetch, do, answer, until the file system is gone. */
void *
server_main(void *arg)
{
	struct server *sv = arg;
	struct puffs_req *req = user_alloc(sizeof(*req));
	void *body = user_alloc(SERVERBUF);

	for (;;) {
		req->preq_aux = body;
		req->preq_auxlen = SERVERBUF;
		if (sys_ioctl(sv->sv_fd, PUFFSGETOP, req) != 0)
			break;
		pthread_mutex_lock(&sv->sv_lock);
		req->preq_rv = server_operation(sv, req);
		pthread_mutex_unlock(&sv->sv_lock);
		if (req->preq_rv != 0)
			req->preq_auxlen = 0;
		if (PUFFSOP_WANTREPLY(req->preq_opclass) && sys_ioctl(sv->sv_fd, PUFFSPUTOP, req) == ENXIO)
			break;
	}
	return NULL;
}

/* Tells the kernel that the server is ready. */
int
server_start(struct server *sv)
{
	struct puffs_startreq *start = user_alloc(sizeof(*start));

	memset(start, 0, sizeof(*start));
	start->psr_cookie = (uint64_t)(uintptr_t)sv;
	return sys_ioctl(sv->sv_fd, PUFFSSTARTOP, start);
}
