/*
 * machine.h: what puffs wants of any kernel, struct puffs_hooks, with POSIX threads for processors.
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
