/*
 * device.h: open files of /dev/puffs and the system calls on them.
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
