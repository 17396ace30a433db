/*
 * tiny_kernel.c: a kernel with file systems in user space, small enough to be read in one go.
 *
 * Its processors are POSIX threads, its "user space" is one array, its VFS knows lookup, getattr, read and write. What a
 * kernel has to do to use puffs, it does, and the code looks as such code does anywhere:
 *
 *      1. the machine: what puffs wants of any kernel, struct puffs_hooks
 *      2. the device: open files of /dev/puffs and the system calls on them
 *      3. the file system: mounts, vnodes, and vnode operations with message bodies of this kernel's own
 *      4. a file server, which has system calls and its own memory only
 *      5. all together
 *
 * The other tiny_kernel_*.c include this file and have a main of their own.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* A kernel has these names from headers of its own, so the two below include nothing. */
#define PUFFS_KERNEL
#include <puffs_msgif.h>
#include <puffs_sys.h>

#include "check.h"

/*
 * 1. The machine.
 */

/* What one thread sleeps on until another leaves a token. */
struct event {
	pthread_mutex_t e_lock;
	pthread_cond_t e_cond;
	int e_token;
};

/* What all who poll one device wait on. */
struct pollpoint {
	pthread_mutex_t pp_lock;
	pthread_cond_t pp_cond;
	unsigned pp_wakes;
};

/* A thread of the kernel's. */
struct thread {
	pthread_t t_pthread;
	int t_pid;
	void *(*t_main)(void *);
	void *t_arg;
	atomic_int t_signal;		/* a signal is pending */
	pthread_mutex_t t_lock;
	struct event *t_asleep;		/* interruptibly; by t_lock */
};

_Static_assert(sizeof(pthread_mutex_t) <= PUFFS_LOCK_SIZE, "a lock fits");
_Static_assert(sizeof(struct event) <= PUFFS_EVENT_SIZE, "an event fits");
_Static_assert(sizeof(struct pollpoint) <= PUFFS_EVENT_SIZE, "a poll point fits");

static struct thread thread0 = { .t_pid = 1, .t_lock = PTHREAD_MUTEX_INITIALIZER };
static _Thread_local struct thread *curthread = &thread0;

/* Pieces of memory that the kernel has given out. */
static atomic_long kmem_pieces;

void *
kmem_alloc(size_t size, size_t align)
{
	void *ptr;

	if (posix_memalign(&ptr, align < sizeof(void *) ? sizeof(void *) : align, size) != 0)
		return NULL;
	atomic_fetch_add(&kmem_pieces, 1);
	return ptr;
}

void
kmem_free(void *ptr)
{

	atomic_fetch_sub(&kmem_pieces, 1);
	free(ptr);
}

void
lock_init(void *lock)
{

	pthread_mutex_init(lock, NULL);
}

void
lock_fini(void *lock)
{

	pthread_mutex_destroy(lock);
}

void
lock_enter(void *lock)
{

	pthread_mutex_lock(lock);
}

void
lock_exit(void *lock)
{

	pthread_mutex_unlock(lock);
}

uint64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
event_init(void *arg)
{
	struct event *e = arg;
	pthread_condattr_t attr;

	pthread_mutex_init(&e->e_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&e->e_cond, &attr);
	pthread_condattr_destroy(&attr);
	e->e_token = 0;
}

void
event_fini(void *arg)
{
	struct event *e = arg;

	pthread_cond_destroy(&e->e_cond);
	pthread_mutex_destroy(&e->e_lock);
}

void
event_set(void *arg)
{
	struct event *e = arg;

	pthread_mutex_lock(&e->e_lock);
	e->e_token = 1;
	pthread_cond_signal(&e->e_cond);
	pthread_mutex_unlock(&e->e_lock);
}

/* Says where a thread sleeps, so that a signal finds it. */
static void
thread_asleep(struct thread *t, struct event *e)
{

	pthread_mutex_lock(&t->t_lock);
	t->t_asleep = e;
	pthread_mutex_unlock(&t->t_lock);
}

int
event_wait(void *arg, const uint64_t *deadline, int interruptible)
{
	struct event *e = arg;
	struct thread *t = curthread;
	struct timespec ts;
	int why = PUFFS_WOKEN;

	if (deadline != NULL) {
		ts.tv_sec = (time_t)(*deadline / 1000000000);
		ts.tv_nsec = (long)(*deadline % 1000000000);
	}
	if (interruptible)
		thread_asleep(t, e);
	pthread_mutex_lock(&e->e_lock);
	while (!e->e_token && why == PUFFS_WOKEN) {
		if (interruptible && atomic_exchange(&t->t_signal, 0))
			why = PUFFS_INTERRUPTED;
		else if (deadline == NULL)
			pthread_cond_wait(&e->e_cond, &e->e_lock);
		else if (pthread_cond_timedwait(&e->e_cond, &e->e_lock, &ts) == ETIMEDOUT)
			why = PUFFS_TIMEDOUT;
	}
	if (e->e_token)
		why = PUFFS_WOKEN;
	if (why == PUFFS_WOKEN)
		e->e_token = 0;
	pthread_mutex_unlock(&e->e_lock);
	if (interruptible)
		thread_asleep(t, NULL);
	return why;
}

/* Sends a thread a signal. */
void
thread_signal(struct thread *t)
{
	struct event *e;

	atomic_store(&t->t_signal, 1);
	pthread_mutex_lock(&t->t_lock);
	if ((e = t->t_asleep) != NULL) {
		pthread_mutex_lock(&e->e_lock);
		pthread_cond_broadcast(&e->e_cond);
		pthread_mutex_unlock(&e->e_lock);
	}
	pthread_mutex_unlock(&t->t_lock);
}

static void *
thread_main(void *arg)
{

	curthread = arg;
	return curthread->t_main(curthread->t_arg);
}

/* Starts a thread of process `pid`. */
void
thread_create(struct thread *t, int pid, void *(*function)(void *), void *arg)
{

	memset(t, 0, sizeof(*t));
	t->t_pid = pid;
	t->t_main = function;
	t->t_arg = arg;
	pthread_mutex_init(&t->t_lock, NULL);
	CHECK_EQ(pthread_create(&t->t_pthread, NULL, thread_main, t), 0);
}

void *
thread_join(struct thread *t)
{
	void *result;

	CHECK_EQ(pthread_join(t->t_pthread, &result), 0);
	pthread_mutex_destroy(&t->t_lock);
	return result;
}

size_t
thread_id(void)
{

	return (size_t)curthread;
}

int
thread_pid(void)
{

	return curthread->t_pid;
}

int
thread_fatal(void)
{

	return 0;
}

void
poll_init(void *arg)
{
	struct pollpoint *pp = arg;

	pthread_mutex_init(&pp->pp_lock, NULL);
	pthread_cond_init(&pp->pp_cond, NULL);
	pp->pp_wakes = 0;
}

void
poll_fini(void *arg)
{
	struct pollpoint *pp = arg;

	pthread_cond_destroy(&pp->pp_cond);
	pthread_mutex_destroy(&pp->pp_lock);
}

void
poll_wake(void *arg)
{
	struct pollpoint *pp = arg;

	pthread_mutex_lock(&pp->pp_lock);
	pp->pp_wakes++;
	pthread_cond_broadcast(&pp->pp_cond);
	pthread_mutex_unlock(&pp->pp_lock);
}

long
count_add(long *counter, long delta)
{
#ifdef HELGRIND
	/* Helgrind knows of locks, and of nothing else that orders. */
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	long now;

	pthread_mutex_lock(&lock);
	now = *counter += delta;
	pthread_mutex_unlock(&lock);
	return now;
#else

	return __atomic_add_fetch(counter, delta, __ATOMIC_SEQ_CST);
#endif
}

/* The memory that servers have. The kernel reaches no other for them. */
static alignas(16) char user_memory[1 << 20];
static atomic_size_t user_break;

static bool
user_range(const void *uaddr, size_t len)
{
	uintptr_t from = (uintptr_t)uaddr, base = (uintptr_t)user_memory;

	return from >= base && len <= sizeof(user_memory) && from - base <= sizeof(user_memory) - len;
}

int
copyin(const void *uaddr, void *kaddr, size_t len)
{

	if (!user_range(uaddr, len))
		return EFAULT;
	memcpy(kaddr, uaddr, len);
	return 0;
}

int
copyout(const void *kaddr, void *uaddr, size_t len)
{

	if (!user_range(uaddr, len))
		return EFAULT;
	memcpy(uaddr, kaddr, len);
	return 0;
}

void
console(const char *message, size_t len)
{

	fprintf(stderr, "tiny kernel: %.*s\n", (int)len, message);
}

void
machine_panic(const char *message, size_t len)
{

	console(message, len);
	abort();
}

static const struct puffs_hooks machine = {
	.ph_size = sizeof(struct puffs_hooks),
	.ph_version = PUFFS_HOOKS_VERSION,
	.ph_maxerrno = 133,
	.ph_errno = PUFFS_ERRNO_TABLE,
	.ph_lock_size = sizeof(pthread_mutex_t),
	.ph_event_size = sizeof(struct event),
	.ph_poll_size = sizeof(struct pollpoint),
	.ph_alloc = kmem_alloc,
	.ph_free = kmem_free,
	.ph_lock_init = lock_init,
	.ph_lock_fini = lock_fini,
	.ph_lock = lock_enter,
	.ph_unlock = lock_exit,
	.ph_event_init = event_init,
	.ph_event_fini = event_fini,
	.ph_event_set = event_set,
	.ph_event_wait = event_wait,
	.ph_poll_init = poll_init,
	.ph_poll_fini = poll_fini,
	.ph_poll_wake = poll_wake,
	.ph_count_add = count_add,
	.ph_now = clock_now,
	.ph_copyin = copyin,
	.ph_copyout = copyout,
	.ph_thread = thread_id,
	.ph_pid = thread_pid,
	.ph_fatal = thread_fatal,
	.ph_log = console,
	.ph_panic = machine_panic,
};

/*
 * 2. The device.
 */

#define NFILES 16

/* Open files of all processes; a process sees its own descriptors. */
static struct file {
	int f_pid;
	struct puffs_instance *f_pi;	/* NULL: the slot is free */
} files[NFILES];
static pthread_mutex_t files_lock = PTHREAD_MUTEX_INITIALIZER;

/* The instance behind a descriptor, with a reference: what a system call works on, and how puffs_setpmp finds it. */
struct puffs_instance *
file_hold(int pid, int fd)
{
	struct puffs_instance *pi = NULL;

	pthread_mutex_lock(&files_lock);
	if (fd >= 0 && fd < NFILES && files[fd].f_pid == pid)
		pi = puffs_instance_ref(files[fd].f_pi);
	pthread_mutex_unlock(&files_lock);
	return pi;
}

/* Opens /dev/puffs for the current process: a descriptor, or -1 and the error in `*error`. */
int
sys_open(int *error)
{
	struct lwp l = { .l_pid = curthread->t_pid, .l_uid = 0, .l_gid = 0 };
	int fd;

	if ((*error = puffscdopen(PUFFS_CLONER, 0, 0, &l)) != 0)
		return -1;
	pthread_mutex_lock(&files_lock);
	for (fd = 0; fd < NFILES && files[fd].f_pi != NULL; fd++)
		continue;
	if (fd < NFILES) {
		files[fd].f_pid = curthread->t_pid;
		files[fd].f_pi = (struct puffs_instance *)l.l_dupfd;
	}
	pthread_mutex_unlock(&files_lock);
	if (fd == NFILES) {
		puffs_fop_close((struct puffs_instance *)l.l_dupfd, NULL);
		*error = EMFILE;
		return -1;
	}
	return fd;
}

int
sys_ioctl(int fd, unsigned long cmd, void *data)
{
	struct puffs_instance *pi;
	int error;

	if ((pi = file_hold(curthread->t_pid, fd)) == NULL)
		return EBADF;
	error = puffs_fop_ioctl(pi, cmd, data, NULL);
	puffs_instance_rele(pi);
	return error;
}

/* Waits until one of `events` is there. */
int
sys_poll(int fd, int events)
{
	struct puffs_instance *pi;
	struct pollpoint *pp;
	unsigned seen;
	int revents;

	if ((pi = file_hold(curthread->t_pid, fd)) == NULL)
		return POLLNVAL;
	pp = puffs_fop_pollpoint(pi);
	pthread_mutex_lock(&pp->pp_lock);
	do {
		seen = pp->pp_wakes;
		pthread_mutex_unlock(&pp->pp_lock);
		revents = puffs_fop_poll(pi, events, NULL);
		pthread_mutex_lock(&pp->pp_lock);
		while (revents == 0 && seen == pp->pp_wakes)
			pthread_cond_wait(&pp->pp_cond, &pp->pp_lock);
	} while (revents == 0);
	pthread_mutex_unlock(&pp->pp_lock);
	puffs_instance_rele(pi);
	return revents;
}

int
sys_close(int fd)
{
	struct puffs_instance *pi = NULL;

	pthread_mutex_lock(&files_lock);
	if (fd >= 0 && fd < NFILES && files[fd].f_pid == curthread->t_pid) {
		pi = files[fd].f_pi;
		files[fd].f_pi = NULL;
		files[fd].f_pid = 0;
	}
	pthread_mutex_unlock(&files_lock);
	return pi == NULL ? EBADF : puffs_fop_close(pi, NULL);
}

/*
 * 3. The file system.
 */

#define NAMELEN 32
#define MAXIO 4096

/* Message bodies. They are between this kernel and its servers; puffs does not look into them. */
struct lookup_msg {
	uint64_t lm_cookie;		/* out */
	char lm_name[NAMELEN];
};
struct getattr_msg {
	uint64_t gm_size;		/* out */
};
struct rw_msg {
	uint64_t rm_offset;
	uint64_t rm_len;		/* of the data behind, which only a write and a read's answer have */
};
struct statvfs_msg {
	uint64_t sm_files;		/* out */
};

struct mount {
	struct puffs_mount *mnt_pmp;
	_Atomic uint64_t mnt_rootcookie;
	atomic_long mnt_late;		/* answers that came too late */
	pthread_mutex_t mnt_lock;	/* what follows */
	long mnt_refs;			/* one while mounted, and one for each vnode */
	bool mnt_gone;
	struct vnode *mnt_vnodes;
};

struct vnode {
	struct mount *v_mount;
	void *v_cookie;
	pthread_mutex_t v_lock;		/* held through an operation */
	long v_refs;			/* by mnt_lock */
	long v_lookups;			/* how often the server named it; by mnt_lock */
	struct vnode *v_next;
};

#define MPTOPMP(mp) ((mp)->mnt_pmp)
#define VPTOPNC(vp) ((vp)->v_cookie)

/* Mounts that exist. */
static atomic_long mounts;

static void
mount_rele(struct mount *mp)
{
	long left;

	pthread_mutex_lock(&mp->mnt_lock);
	left = --mp->mnt_refs;
	pthread_mutex_unlock(&mp->mnt_lock);
	if (left == 0)
		puffs_mount_rele(MPTOPMP(mp));
}

/* The vnode for a cookie, with one more reference. */
static struct vnode *
vnode_get(struct mount *mp, void *cookie, long lookups)
{
	struct vnode *vp, *fresh = malloc(sizeof(*fresh));

	CHECK(fresh != NULL);
	pthread_mutex_lock(&mp->mnt_lock);
	for (vp = mp->mnt_vnodes; vp != NULL && vp->v_cookie != cookie; vp = vp->v_next)
		continue;
	if (vp == NULL) {
		vp = fresh;
		fresh = NULL;
		memset(vp, 0, sizeof(*vp));
		pthread_mutex_init(&vp->v_lock, NULL);
		vp->v_mount = mp;
		vp->v_cookie = cookie;
		vp->v_next = mp->mnt_vnodes;
		mp->mnt_vnodes = vp;
		mp->mnt_refs++;
	}
	vp->v_refs++;
	vp->v_lookups += lookups;
	pthread_mutex_unlock(&mp->mnt_lock);
	free(fresh);
	return vp;
}

/* Gives a reference back. With the last one the node is reclaimed: the server is told, and not waited for. */
void
vrele(struct vnode *vp)
{
	struct mount *mp = vp->v_mount;
	struct vnode **link;
	uint64_t *forgotten, lookups;
	long left;

	pthread_mutex_lock(&mp->mnt_lock);
	if ((left = --vp->v_refs) == 0) {
		for (link = &mp->mnt_vnodes; *link != vp; link = &(*link)->v_next)
			continue;
		*link = vp->v_next;
	}
	pthread_mutex_unlock(&mp->mnt_lock);
	if (left > 0)
		return;

	/*
	 * puffs takes the buffer over, whatever it returns. A server that is gone need not be told; when its queue is
	 * full, somebody has to wait, and here it may be us.
	 */
	if (vp->v_lookups > 0) {
		lookups = (uint64_t)vp->v_lookups;
		CHECK((forgotten = puffs_alloc(sizeof(*forgotten))) != NULL);
		*forgotten = lookups;
		if (puffs_vntouser_faf(MPTOPMP(mp), PUFFS_VN_RECLAIM, forgotten, sizeof(*forgotten), VPTOPNC(vp)) == EAGAIN)
			(void)puffs_vntouser(MPTOPMP(mp), PUFFS_VN_RECLAIM, &lookups, sizeof(lookups), VPTOPNC(vp), vp, NULL);
	}
	pthread_mutex_destroy(&vp->v_lock);
	free(vp);
	mount_rele(mp);
}

/* The root node, which every server has, named once for all by PUFFSSTARTOP. */
struct vnode *
vfs_root(struct mount *mp)
{

	return vnode_get(mp, (void *)(uintptr_t)atomic_load(&mp->mnt_rootcookie), 0);
}

int
vop_lookup(struct vnode *dvp, const char *name, struct vnode **vpp)
{
	struct mount *mp = dvp->v_mount;
	struct lookup_msg lookup = { .lm_cookie = 0 };
	int error;

	strncpy(lookup.lm_name, name, sizeof(lookup.lm_name) - 1);
	pthread_mutex_lock(&dvp->v_lock);
	error = puffs_vntouser(MPTOPMP(mp), PUFFS_VN_LOOKUP, &lookup, sizeof(lookup), VPTOPNC(dvp), dvp, NULL);
	pthread_mutex_unlock(&dvp->v_lock);
	if (error == 0)
		*vpp = vnode_get(mp, (void *)(uintptr_t)lookup.lm_cookie, 1);
	return error;
}

int
vop_getattr(struct vnode *vp, uint64_t *size)
{
	struct getattr_msg getattr = { .gm_size = 0 };
	int error;

	pthread_mutex_lock(&vp->v_lock);
	error = puffs_vntouser(MPTOPMP(vp->v_mount), PUFFS_VN_GETATTR, &getattr, sizeof(getattr), VPTOPNC(vp), vp, NULL);
	pthread_mutex_unlock(&vp->v_lock);
	if (error == 0)
		*size = getattr.gm_size;
	return error;
}

/* The answer is longer than the question, so puffs may replace the buffer. */
int
vop_read(struct vnode *vp, void *data, size_t len, uint64_t offset, size_t *got)
{
	struct rw_msg *read = puffs_alloc(sizeof(*read));
	size_t buflen = sizeof(*read);
	void *kbuf = read;
	int error;

	if (read == NULL)
		return ENOMEM;
	read->rm_offset = offset;
	read->rm_len = len;
	pthread_mutex_lock(&vp->v_lock);
	error = puffs_vntouser_adjbuf(MPTOPMP(vp->v_mount), PUFFS_VN_READ, &kbuf, &buflen, sizeof(*read), VPTOPNC(vp), vp,
	    NULL);
	pthread_mutex_unlock(&vp->v_lock);
	read = kbuf;
	/* What a server sends is checked before it is believed. */
	if (error == 0 && (buflen < sizeof(*read) || read->rm_len > len || read->rm_len != buflen - sizeof(*read)))
		error = EPROTO;
	if (error == 0) {
		*got = read->rm_len;
		memcpy(data, read + 1, *got);
	}
	puffs_free(kbuf);
	return error;
}

int
vop_write(struct vnode *vp, const void *data, size_t len, uint64_t offset)
{
	size_t buflen = sizeof(struct rw_msg) + len;
	struct rw_msg *write = malloc(buflen);
	int error;

	CHECK(write != NULL);
	write->rm_offset = offset;
	write->rm_len = len;
	memcpy(write + 1, data, len);
	pthread_mutex_lock(&vp->v_lock);
	error = puffs_vntouser(MPTOPMP(vp->v_mount), PUFFS_VN_WRITE, write, buflen, VPTOPNC(vp), vp, NULL);
	pthread_mutex_unlock(&vp->v_lock);
	free(write);
	return error;
}

int
vfs_statvfs(struct mount *mp, uint64_t *nfiles)
{
	struct statvfs_msg statvfs = { .sm_files = 0 };
	int error;

	error = puffs_vfstouser(MPTOPMP(mp), PUFFS_VFS_STATVFS, &statvfs, sizeof(statvfs));
	if (error == 0)
		*nfiles = statvfs.sm_files;
	return error;
}

/*
 * Unmounts. Unless forced, the server is asked, and may refuse. Somebody else may be at it already, such as the close
 * of the device under an ordinary unmount.
 */
int
vfs_unmount(struct mount *mp, bool force)
{
	bool gone;
	int error;

	if (!force && (error = puffs_vfstouser(MPTOPMP(mp), PUFFS_VFS_UNMOUNT, NULL, 0)) != 0)
		return error;
	pthread_mutex_lock(&mp->mnt_lock);
	gone = mp->mnt_gone;
	mp->mnt_gone = true;
	pthread_mutex_unlock(&mp->mnt_lock);
	if (gone)
		return EBUSY;
	puffs_userdead(MPTOPMP(mp));
	puffs_nukebypmp(MPTOPMP(mp));
	mount_rele(mp);
	return 0;
}

static void
mount_unmount(void *data, struct puffs_mount *pmp)
{
	struct mount *mp = data;

	CHECK(pmp == MPTOPMP(mp));
	(void)vfs_unmount(mp, true);
}

static void
mount_started(void *data, const struct puffs_startreq *start)
{
	struct mount *mp = data;

	atomic_store(&mp->mnt_rootcookie, start->psr_cookie);
}

/* A real kernel would look at what the answer made, and release it at the server. */
static void
mount_late(void *data, const struct puffs_late *late)
{
	struct mount *mp = data;

	(void)late;
	atomic_fetch_add(&mp->mnt_late, 1);
}

static void
mount_freed(void *data)
{
	struct mount *mp = data;

	pthread_mutex_destroy(&mp->mnt_lock);
	free(mp);
	atomic_fetch_sub(&mounts, 1);
}

static const struct puffs_hostops mount_hostops = {
	.pho_size = sizeof(struct puffs_hostops),
	.pho_unmount = mount_unmount,
	.pho_started = mount_started,
	.pho_late = mount_late,
	.pho_freed = mount_freed,
};

/*
 * Mounts a file system whose server is behind descriptor `fd` of the current process, or with -1 behind any that it
 * has open. `args` may be NULL.
 */
int
vfs_mount(int fd, const struct puffs_mountargs *args, struct mount **mpp)
{
	struct mount *mp = calloc(1, sizeof(*mp));
	int error;

	CHECK(mp != NULL);
	pthread_mutex_init(&mp->mnt_lock, NULL);
	mp->mnt_refs = 1;
	if ((error = puffs_mount_new(args, &mount_hostops, mp, &mp->mnt_pmp)) != 0) {
		pthread_mutex_destroy(&mp->mnt_lock);
		free(mp);
		return error;
	}
	atomic_fetch_add(&mounts, 1);
	/* From here on others may see it: it is ready. */
	if ((error = puffs_setpmp(curthread->t_pid, fd, MPTOPMP(mp))) != 0) {
		mount_rele(mp);
		return error;
	}
	*mpp = mp;
	return 0;
}

/*
 * 4. A file server: a directory with eight files of fixed size.
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

/*
 * 5. All together.
 */

void
boot(void)
{

	CHECK_EQ(puffs_attach(&machine), 0);
	puffs_set_filetable(file_hold);
}

/* Nothing may be left: no mount, no open device, no memory. */
void
halt(void)
{
	size_t alive, open;

	CHECK_EQ(puffs_detach(&alive, &open), 0);
	CHECK_EQ(alive, 0);
	CHECK_EQ(open, 0);
	CHECK_EQ(atomic_load(&mounts), 0);
	CHECK_EQ(atomic_load(&kmem_pieces), 0);
}

#ifndef TINY_KERNEL_OTHER_MAIN
int
main(void)
{
	static struct server server = { .sv_lock = PTHREAD_MUTEX_INITIALIZER };
	struct thread server_thread;
	struct mount *mp;
	struct vnode *root, *file;
	char data[100];
	uint64_t number;
	size_t got;
	int error;

	boot();

	/* A process opens the device, mounts a file system on itself, and starts to serve it. */
	server.sv_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	CHECK_EQ(vfs_mount(server.sv_fd, NULL, &mp), 0);
	thread_create(&server_thread, curthread->t_pid, server_main, &server);
	CHECK_EQ(server_start(&server), 0);

	/* Others use it. */
	root = vfs_root(mp);
	CHECK_EQ(vfs_statvfs(mp, &number), 0);
	CHECK_EQ(number, NNODES);
	CHECK_EQ(vop_lookup(root, "file9", &file), ENOENT);
	CHECK_EQ(vop_lookup(root, "file3", &file), 0);
	CHECK_EQ(vop_getattr(file, &number), 0);
	CHECK_EQ(number, FILESIZE);
	CHECK_EQ(vop_write(file, "hello, kernel", 13, 1000), 0);
	CHECK_EQ(vop_write(file, "x", 1, FILESIZE), EFBIG);
	CHECK_EQ(vop_read(file, data, sizeof(data), 1007, &got), 0);
	CHECK_EQ(got, sizeof(data));
	CHECK(strcmp(data, "kernel") == 0);
	CHECK_EQ(vop_read(file, data, sizeof(data), FILESIZE - 5, &got), 0);
	CHECK_EQ(got, 5);

	/* The kernel forgets a node. Nobody waits for that; what comes after it in the queue is served after it. */
	vrele(file);
	CHECK_EQ(vfs_statvfs(mp, &number), 0);
	CHECK_EQ(server.sv_nodes[3].n_lookups, 0);

	/* The server ends. Its file system is unmounted by force, whoever is in it. */
	CHECK_EQ(vop_lookup(root, "file0", &file), 0);
	CHECK_EQ(sys_close(server.sv_fd), 0);
	thread_join(&server_thread);
	CHECK_EQ(vop_getattr(file, &number), ENXIO);
	vrele(file);
	vrele(root);

	halt();
	printf("tiny kernel: served and went away\n");
	return 0;
}
#endif
