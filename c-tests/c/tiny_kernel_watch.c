/*
 * tiny_kernel_watch.c: the kernel's event queue (kqueue) on the device. A server serves by it, and others watch, while callers are in the
 * file system and the server goes in one way or another. Watchers outlive the open file, the mount, and both.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind,helgrind
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#include <sys/stat.h>

#define CALLERS 2
#define ROUNDS 40

/* One registration: what is watched, and where a wake-up finds those who sleep for it. */
struct knote {
	struct puffs_watch *kn_watch;
	struct pollpoint *kn_pp;
};

struct kevent {
	size_t data;
	uint32_t flags;
};

/* Registers a filter on a descriptor. What is registered needs the open file no longer. */
static int
knote_attach(struct knote *kn, int fd, int filter)
{
	struct puffs_instance *pi;
	int error;

	if ((pi = file_hold(curthread->t_pid, fd)) == NULL)
		return EBADF;
	if ((error = puffs_fop_kqfilter(pi, filter, &kn->kn_watch)) == 0)
		kn->kn_pp = puffs_watch_pollpoint(kn->kn_watch);
	puffs_instance_rele(pi);
	return error;
}

static void
knote_detach(struct knote *kn)
{

	puffs_watch_detach(kn->kn_watch);
}

/* Whether there is an event now. */
static int
knote_event(struct knote *kn, struct kevent *kev)
{

	return puffs_watch_event(kn->kn_watch, &kev->data, &kev->flags);
}

/* Sleeps until there is one. Who wakes us holds the lock, so under it nothing is asked. */
static void
kevent_wait(struct knote *kn, struct kevent *kev)
{
	struct pollpoint *pp = kn->kn_pp;
	unsigned seen;
	int event;

	pthread_mutex_lock(&pp->pp_lock);
	do {
		seen = pp->pp_wakes;
		pthread_mutex_unlock(&pp->pp_lock);
		event = knote_event(kn, kev);
		pthread_mutex_lock(&pp->pp_lock);
		while (!event && seen == pp->pp_wakes)
			pthread_cond_wait(&pp->pp_cond, &pp->pp_lock);
	} while (!event);
	pthread_mutex_unlock(&pp->pp_lock);
}

static int
sys_fstat(int fd, struct puffs_devstat *st)
{
	struct puffs_instance *pi;
	int error;

	if ((pi = file_hold(curthread->t_pid, fd)) == NULL)
		return EBADF;
	st->pds_size = sizeof(*st);
	error = puffs_fop_stat(pi, st);
	puffs_instance_rele(pi);
	return error;
}

static struct server server = { .sv_lock = PTHREAD_MUTEX_INITIALIZER };
static struct mount *mp;
static atomic_long served;

/* A server that never sleeps in PUFFSGETOP: it fetches as much as its event says is there. */
static void *
eventful_main(void *arg)
{
	struct knote *kn = arg;
	struct puffs_req *req = user_alloc(sizeof(*req));
	void *body = user_alloc(SERVERBUF);
	struct kevent kev;

	for (;;) {
		kevent_wait(kn, &kev);
		if (kev.flags & PUFFS_EV_EOF)
			return NULL;
		CHECK(kev.data > 0);
		req->preq_aux = body;
		req->preq_auxlen = SERVERBUF;
		if (sys_ioctl(server.sv_fd, PUFFSGETOP, req) != 0)
			continue;
		pthread_mutex_lock(&server.sv_lock);
		req->preq_rv = server_operation(&server, req);
		pthread_mutex_unlock(&server.sv_lock);
		if (req->preq_rv != 0)
			req->preq_auxlen = 0;
		if (PUFFSOP_WANTREPLY(req->preq_opclass))
			(void)sys_ioctl(server.sv_fd, PUFFSPUTOP, req);
	}
}

/* Sleeps until the file ends, whatever comes before. */
static void *
watcher_main(void *arg)
{
	struct knote *kn = arg;
	struct kevent kev;

	do {
		kevent_wait(kn, &kev);
		/* The server is to have the processor. */
		sched_yield();
	} while (!(kev.flags & PUFFS_EV_EOF));
	CHECK_EQ(kev.data, 0);
	return NULL;
}

static void *
caller_main(void *arg)
{
	struct vnode *root = arg, *file;
	uint64_t size;
	int error;

	do {
		if ((error = vop_lookup(root, "file1", &file)) != 0)
			break;
		error = vop_getattr(file, &size);
		vrele(file);
		atomic_fetch_add(&served, 1);
	} while (error == 0);
	CHECK_EQ(error, ENXIO);
	vrele(root);
	return NULL;
}

static void
round_of(int round)
{
	struct thread servers[2], watchers[2], callers[CALLERS];
	size_t brk = atomic_load(&user_break), alive, open;
	struct knote reads[2], write;
	struct puffs_devstat st;
	struct kevent kev;
	struct vnode *root;
	long before;
	int error, i, on = 1, *uon;

	server.sv_fd = sys_open(&error);
	CHECK_EQ(error, 0);
	uon = user_alloc(sizeof(*uon));
	*uon = on;
	CHECK_EQ(sys_ioctl(server.sv_fd, FIONBIO, uon), 0);
	CHECK_EQ(knote_attach(&reads[0], server.sv_fd, EINVAL), EINVAL);
	CHECK_EQ(knote_attach(&reads[0], server.sv_fd, PUFFS_EVFILT_READ), 0);
	CHECK_EQ(knote_attach(&reads[1], server.sv_fd, PUFFS_EVFILT_READ), 0);
	CHECK_EQ(knote_attach(&write, server.sv_fd, PUFFS_EVFILT_WRITE), 0);
	CHECK_EQ(sys_fstat(server.sv_fd, &st), 0);
	CHECK_EQ(st.pds_state, PUFFS_DEV_EMBRYO);
	CHECK(knote_event(&write, &kev) && kev.flags == PUFFS_EV_EOF);

	CHECK_EQ(vfs_mount(server.sv_fd, NULL, &mp), 0);
	CHECK(!knote_event(&reads[0], &kev));
	CHECK(knote_event(&write, &kev) && kev.flags == 0);
	CHECK_EQ(sys_fstat(server.sv_fd, &st), 0);
	CHECK_EQ(st.pds_state, PUFFS_DEV_MOUNTED);
	CHECK(S_ISCHR(st.pds_mode));
	for (i = 0; i < 2; i++) {
		thread_create(&servers[i], 1, eventful_main, &reads[i]);
		thread_create(&watchers[i], 2, watcher_main, &reads[i]);
	}
	before = atomic_load(&served);
	CHECK_EQ(server_start(&server), 0);
	root = vfs_root(mp);
	for (i = 0; i < CALLERS; i++)
		thread_create(&callers[i], 2, caller_main, vfs_root(mp));
	while (round % 5 != 4 && atomic_load(&served) < before + round)
		sched_yield();

	switch (round % 3) {
	case 0:
		CHECK_EQ(sys_close(server.sv_fd), 0);
		break;
	case 1:
		puffs_userdead(MPTOPMP(mp));
		break;
	case 2:
		CHECK_EQ(vfs_unmount(mp, true), 0);
		break;
	}
	for (i = 0; i < CALLERS; i++)
		thread_join(&callers[i]);
	for (i = 0; i < 2; i++) {
		thread_join(&servers[i]);
		thread_join(&watchers[i]);
	}
	CHECK(knote_event(&write, &kev) && kev.flags == PUFFS_EV_EOF);
	if (round % 3 != 0)
		CHECK_EQ(sys_close(server.sv_fd), 0);
	vrele(root);

	/* Of all that was there, the watchers alone are left. */
	CHECK_EQ(atomic_load(&mounts), 0);
	CHECK_EQ(puffs_detach(&alive, &open), 3);
	CHECK_EQ(alive + open, 0);
	CHECK(knote_event(&reads[0], &kev) && kev.flags == PUFFS_EV_EOF);
	CHECK(knote_event(&write, &kev) && kev.flags == PUFFS_EV_EOF);
	knote_detach(&write);
	knote_detach(&reads[0]);
	knote_detach(&reads[1]);
	atomic_store(&user_break, brk);
}

/* A kernel has descriptors of its own. */
static void
no_descriptors(void)
{
	struct puffs_instance *pi;
	int error, kfd = -9, fd = sys_open(&error);

	CHECK_EQ(error, 0);
	CHECK((pi = file_hold(curthread->t_pid, fd)) != NULL);
	CHECK_EQ(puffs_fop_pollfd(pi, &kfd), EOPNOTSUPP);
	CHECK_EQ(kfd, -9);
	puffs_instance_rele(pi);
	CHECK_EQ(sys_close(fd), 0);
}

int
main(void)
{
	int round;

	boot();
	no_descriptors();
	for (round = 0; round < ROUNDS; round++)
		round_of(round);
	halt();
	return 0;
}
