/*
 * stress.c: everything at once and at random over the kernel's interface: callers of every form, servers that keep the protocol
 * and servers that do not, signals, interrupts, deaths, closes, unmounts and mounts. Whatever happens, each caller gets one answer,
 * its own; and nothing is left when a mount is gone.
 *
 * DURATION= says for how many seconds (2), SEED= repeats the choices of an earlier run, though not its timing. With five seconds
 * or more, everything that stress_tally.h knows must have happened.
 *
 * c-test: link=kernel run=plain,asan,tsan,valgrind timeout=150
 */
#define TINY_KERNEL_OTHER_MAIN
#include "tiny_kernel.c"

#include "stress_ledger.h"
#include "stress_tally.h"
#include "stress_life.h"
#include "stress_server.h"
#include "stress_caller.h"

/* Mounts that live at the same time. */
#define LIVES 2
#define LONG 5
#define GRACE 60

/* A mount that is to be killed, and whose callers get no further, is killed after this. */
#define LONGEST 60000000

/* The machine, in a rough world. */

int
rough_copyin(const void *uaddr, void *kaddr, size_t len)
{

	dawdle();
	return copyin(uaddr, kaddr, len);
}

int
rough_copyout(const void *kaddr, void *uaddr, size_t len)
{

	dawdle();
	if (uaddr != readonly)
		return copyout(kaddr, uaddr, len);
	if (lucky != NULL && len == sizeof(struct puffs_req))
		server_lucky(lucky, kaddr);
	return EFAULT;
}

/* Others run after every locked section: whoever relies on two of them being next to each other is wrong. */
void
lock_exit_and_dawdle(void *lock)
{

	lock_exit(lock);
	dawdle();
}

/* Sleepers wake for no reason now and then. */
int
fickle_wait(void *event, const uint64_t *deadline, int interruptible)
{

	return roll(&noise, 8) == 0 ? PUFFS_WOKEN : event_wait(event, deadline, interruptible);
}

void *
scarce_alloc(size_t size, size_t align)
{

	return poor ? NULL : kmem_alloc(size, align);
}

/* Puffs says which mounts cannot be unmounted by force: those of the wanderer, who has no host. */
void
silent_log(const char *message, size_t len)
{

	CHECK(memmem(message, len, "cannot be unmounted", 19) != NULL);
	saw(SEEN_LOGGED);
}

/* Signals and interrupts, until it is over. */
static void *
chaos_main(void *arg)
{
	struct life *l = arg;
	struct published p;
	struct asked *a;
	unsigned who;
	int error;

	noise = dice_fork(&l->l_chaos);
	while (!atomic_load(&l->l_over)) {
		switch (roll(&l->l_chaos, 3)) {
		case 0:
			if (!life_published(l, &l->l_chaos, &p))
				break;
			doing("interrupts", (long long)p.p_id);
			error = puffs_interrupt(l->l_pmp, p.p_id);
			CHECK(error == 0 || error == ENOENT);
			if (error == 0 && p.p_token != 0) {
				/* Who interrupts a completion has called it. */
				a = asked_of(l->l_ledger, p.p_token);
				CHECK_EQ(atomic_load(&a->a_ended), 1);
				CHECK_EQ(atomic_load(&a->a_outcome), EINTR);
			}
			break;
		case 1:
			thread_signal(&l->l_callers[roll(&l->l_chaos, l->l_ncallers)].c_thread);
			break;
		default:
			/* Where no signal comes, a wake-up that is lost is missed. */
			who = roll(&l->l_chaos, l->l_nservers);
			if (l->l_signals)
				thread_signal(&l->l_servers[who].s_thread);
		}
		doing("rests", l->l_number);
		nap(&l->l_chaos, 200);
	}
	return NULL;
}

/* Waits until all callers have what they want, and nothing is left in the queue or with a server. */
static void
life_drain(struct life *l)
{

	doing("waits for the callers", l->l_number);
	while (atomic_load(&l->l_ended) < (int)l->l_ncallers) {
		if (l->l_keep && roll(&l->l_dice, 8) == 0)
			life_hand_over(l);
		nap(&l->l_dice, 1000);
	}
	doing("waits for an empty queue", l->l_number);
	while (atomic_load(&l->l_completions) != 0 || atomic_load(&l->l_ledger->l_unfetched) != 0)
		sched_yield();
}

static void *
kill_main(void *arg)
{

	puffs_userdead(((struct life *)arg)->l_pmp);
	return NULL;
}

static void *
close_main(void *arg)
{

	sys_close(atomic_load(&((struct life *)arg)->l_fd));
	return NULL;
}

static void
life_end(struct life *l)
{
	struct thread killer, closer;
	uint64_t since = clock_now();

	/* A completion that is to kill it must not find it dead. */
	atomic_store(&l->l_doomed, true);
	switch (l->l_end) {
	case DRAIN:
		puffs_nukebypmp(l->l_pmp);
		saw(SEEN_DRAINED);
		break;
	case CLOSE:
		CHECK_EQ(sys_close(atomic_load(&l->l_fd)), 0);
		saw(SEEN_CLOSED);
		break;
	case UNMOUNT:
		puffs_nukebypmp(l->l_pmp);
		saw(SEEN_UNMOUNTED);
		break;
	case KILL:
		puffs_userdead(l->l_pmp);
		saw(SEEN_KILLED);
		break;
	case BY_COMPLETION:
		atomic_store(&l->l_deadly, true);
		while (atomic_load(&l->l_deadly) && clock_now() - since < LONGEST)
			sched_yield();
		puffs_userdead(l->l_pmp);
		break;
	case THRICE:
		thread_create(&killer, l->l_number, kill_main, l);
		thread_create(&closer, l->l_number, close_main, l);
		puffs_nukebypmp(l->l_pmp);
		thread_join(&killer);
		thread_join(&closer);
		saw(SEEN_THRICE);
		break;
	}
	if (!atomic_load(&l->l_started))
		saw(SEEN_UNSTARTED);
}

/* What was counted: nothing is left, and all that came in has ended. */
static void
life_settle(struct life *l)
{
	static const int classes[] = { PUFFSOP_VFS, PUFFSOP_VN };
	struct puffs_mountstats now = { .pms_size = sizeof(now) };
	struct puffs_opstats op;
	unsigned class;
	int optype;

	CHECK_EQ(puffs_stats_mount(l->l_pmp, &now), 0);
	CHECK(now.pms_queued == 0 && now.pms_fetched == 0 && now.pms_charged == 0);
	CHECK(now.pms_bytes == 0 && now.pms_getters == 0 && now.pms_waiting == 0);
	for (class = 0; class < 2; class++)
		for (optype = 1; optype <= 3; optype++) {
			memset(&op, 0, sizeof(op));
			op.pos_size = sizeof(op);
			CHECK_EQ(puffs_stats_op(l->l_pmp, classes[class], optype, &op), 0);
			CHECK_EQ(op.pos_entered, op.pos_succeeded + op.pos_failed + op.pos_interrupted + op.pos_timedout +
			    op.pos_died + op.pos_broken + op.pos_nomem + op.pos_sent);
		}
}

/* All threads are gone: what must be true now. */
static void
life_bury(struct life *l)
{
	struct published p;
	char body[SHORTEST];

	puffs_nukebypmp(l->l_pmp);
	(void)sys_close(atomic_load(&l->l_fd));
	while (life_published(l, &l->l_dice, &p))
		CHECK_EQ(puffs_interrupt(l->l_pmp, p.p_id), ENOENT);
	CHECK_EQ(puffs_vntouser(l->l_pmp, 1, body, sizeof(body), NULL, NULL, NULL), ENXIO);
	CHECK_EQ(atomic_load(&l->l_completions), 0);
	ledger_close(l->l_ledger, l->l_end == DRAIN);
	life_settle(l);
	CHECK_EQ(atomic_load(&l->l_freed), 0);
	puffs_mount_rele(l->l_pmp);
	CHECK_EQ(atomic_load(&l->l_freed), 1);
	pthread_mutex_destroy(&l->l_lock);
}

static void *
life_main(void *arg)
{
	struct puffs_startreq start = { .psr_cookie = 0 };
	struct life *l = arg;
	struct thread chaos;
	bool early;
	uint64_t since;
	unsigned i, mortal;

	life_init(l, l->l_number, l->l_dice);
	noise = dice_fork(&l->l_dice);
	mortal = roll(&l->l_dice, 400);
	/* A server may be there before there is a mount. */
	early = roll(&l->l_dice, 2);
	if (!early)
		CHECK_EQ(puffs_setpmp(l->l_number, atomic_load(&l->l_fd), l->l_pmp), 0);
	for (i = 0; i < l->l_nservers; i++) {
		l->l_servers[i].s_life = l;
		l->l_servers[i].s_number = i;
		l->l_servers[i].s_dice = dice_fork(&l->l_dice);
		thread_create(&l->l_servers[i].s_thread, l->l_number, serve_main, &l->l_servers[i]);
	}
	for (i = 0; i < l->l_ncallers; i++) {
		l->l_callers[i].c_life = l;
		l->l_callers[i].c_dice = dice_fork(&l->l_dice);
		thread_create(&l->l_callers[i].c_thread, 2, call_main, &l->l_callers[i]);
	}
	l->l_chaos = dice_fork(&l->l_dice);
	thread_create(&chaos, 2, chaos_main, l);
	if (early)
		CHECK_EQ(puffs_setpmp(l->l_number, atomic_load(&l->l_fd), l->l_pmp), 0);

	if (l->l_kernel_starts) {
		nap(&l->l_dice, 30000);
		start.psr_cookie = (uint64_t)l->l_number;
		CHECK_EQ(puffs_start2(l->l_pmp, &start), 0);
	}

	since = clock_now();
	if (l->l_end == DRAIN)
		life_drain(l);
	else while (atomic_load(&l->l_done) < (int)mortal && clock_now() - since < LONGEST) {
		if (l->l_keep && roll(&l->l_dice, 8) == 0)
			life_hand_over(l);
		nap(&l->l_dice, 2000);
	}
	doing("ends the mount", l->l_end);
	life_end(l);
	doing("waits for all threads", l->l_number);
	atomic_store(&l->l_over, true);
	thread_join(&chaos);
	for (i = 0; i < l->l_nservers; i++)
		thread_join(&l->l_servers[i].s_thread);
	for (i = 0; i < l->l_ncallers; i++)
		thread_join(&l->l_callers[i].c_thread);
	life_bury(l);
	atomic_fetch_add(&progress, 1);
	doing("has lived", l->l_number);
	return NULL;
}

/* Beside the mounts, a process that opens, mounts and closes. */

#define NWANDERED 6
#define WANDERER 1000

static atomic_bool wandered;

static void *
wander_main(void *arg)
{
	struct { bool open; int fd; struct puffs_mount *pmp; } at[NWANDERED], *a;
	uint64_t dice = *(uint64_t *)arg;
	void *kbuf;
	int error;

	memset(at, 0, sizeof(at));
	noise = dice_fork(&dice);
	doing("wanders", 0);
	while (!atomic_load(&wandered)) {
		a = &at[roll(&dice, NWANDERED)];
		if (!a->open) {
			a->fd = sys_open(&error);
			CHECK_EQ(error, 0);
			a->open = true;
		} else if (a->pmp == NULL && roll(&dice, 2)) {
			CHECK_EQ(puffs_mount_new(NULL, NULL, NULL, &a->pmp), 0);
			if (roll(&dice, 2)) {
				CHECK((kbuf = puffs_alloc(20)) != NULL);
				CHECK_EQ(puffs_vntouser_faf(a->pmp, 1, kbuf, 20, NULL), 0);
			}
			CHECK_EQ(puffs_setpmp(WANDERER, a->fd, a->pmp), 0);
			CHECK_EQ(puffs_setpmp(WANDERER, a->fd, a->pmp), EBUSY);
		} else {
			if (a->pmp != NULL && roll(&dice, 2))
				puffs_nukebypmp(a->pmp);
			if (a->pmp == NULL)
				saw(SEEN_EMBRYO);
			CHECK_EQ(sys_close(a->fd), 0);
			puffs_mount_rele(a->pmp);
			memset(a, 0, sizeof(*a));
		}
		nap(&dice, 100);
	}
	for (a = at; a < at + NWANDERED; a++) {
		if (a->open)
			CHECK_EQ(sys_close(a->fd), 0);
		puffs_mount_rele(a->pmp);
	}
	return NULL;
}

static struct life lives[LIVES];

static void
describe(void)
{
	struct life *l;

	for (l = lives; l < lives + LIVES; l++)
		fprintf(stderr, "life %d: end %d, forgetful %d, guessing %d, keep %d, started %d, signals %d, polls %d, servers %u, "
		    "callers %u, ended %d, completions %ld, held %u, not fetched %ld\n", l->l_number, l->l_end,
		    l->l_forgetful, l->l_guessing, l->l_keep, atomic_load(&l->l_started), l->l_signals, l->l_polls,
		    l->l_nservers, l->l_ncallers, atomic_load(&l->l_ended), atomic_load(&l->l_completions),
		    l->l_nheld, atomic_load(&l->l_ledger->l_unfetched));
}

/* Some mounts live and end beside each other. */
static void
turn(uint64_t *dice)
{
	struct thread threads[LIVES], wanderer;
	uint64_t wander = dice_fork(dice);
	int i;

	atomic_store(&posts_taken, 0);
	atomic_store(&wandered, false);
	thread_create(&wanderer, WANDERER, wander_main, &wander);
	for (i = 0; i < LIVES; i++) {
		lives[i].l_number = 10 + i;
		lives[i].l_dice = dice_fork(dice);
		thread_create(&threads[i], 10 + i, life_main, &lives[i]);
	}
	for (i = 0; i < LIVES; i++)
		thread_join(&threads[i]);
	atomic_store(&wandered, true);
	thread_join(&wanderer);
	halt();
}

int
main(void)
{
	struct puffs_hooks hooks = machine;
	void (*tell)(void) = describe;
	struct thread watchdog;
	uint64_t begun, dice, seconds, seed;
	int i, turns = 0;

	seed = env_number("SEED", clock_now());
	seconds = env_number("DURATION", 2);
	fprintf(stderr, "stress: SEED=%" PRIu64 " DURATION=%" PRIu64 "\n", seed, seconds);
	hooks.ph_copyin = rough_copyin;
	hooks.ph_copyout = rough_copyout;
	hooks.ph_unlock = lock_exit_and_dawdle;
	hooks.ph_event_wait = fickle_wait;
	hooks.ph_alloc = scarce_alloc;
	hooks.ph_log = silent_log;
	CHECK_EQ(puffs_attach(&hooks), 0);
	puffs_set_filetable(file_hold);
	for (i = 0; i < LIVES; i++)
		life_alloc(&lives[i]);
	thread_create(&watchdog, 0, watchdog_main, &tell);

	/* Two seeds that follow each other have little in common after this. */
	dice = (seed + 1) * 0x9e3779b97f4a7c15 | 1;
	begun = clock_now();
	do {
		turn(&dice);
		turns++;
	} while (clock_now() - begun < seconds * 1000000000 ||
	    /* What is rare may take longer where the machine is busy. */
	    (seconds >= LONG && tally_missing() != NULL && clock_now() - begun < (seconds + GRACE) * 1000000000));
	printf("%d turns\n", turns);
	tally_report();
	if (seconds >= LONG && tally_missing() != NULL) {
		fprintf(stderr, "never happened: %s\n", tally_missing());
		return 1;
	}
	atomic_store(&watched_out, true);
	thread_join(&watchdog);
	for (i = 0; i < LIVES; i++)
		free(lives[i].l_ledger);
	return 0;
}
