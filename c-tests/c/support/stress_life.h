/*
 * stress_life.h: what the threads of one mount in stress.c share. Included behind tiny_kernel.c.
 */
#ifndef STRESS_LIFE_H
#define STRESS_LIFE_H

#define MAXLEN 1024
#define NSERVERS 4
#define NCALLERS 7
#define NHELD 256
#define NPUBLISHED 16
#define NGOT 3

/* How a mount ends: empty; by one of the three ways; by a completion that calls puffs_userdead; by all three at once. */
enum end { DRAIN, CLOSE, UNMOUNT, KILL, BY_COMPLETION, THRICE };

/* A request that a server has. */
struct held {
	uint64_t h_id;
	uint8_t h_opclass;
	uint8_t h_optype;
	struct question h_question;
};

/* An id that may be interrupted, and the token of a completion's request. */
struct published {
	uint64_t p_id;
	uint64_t p_token;
};

/* A server's memory, in user space. */
struct desk {
	struct puffs_req d_req;
	struct puffs_startreq d_start;
	int d_on;
	char d_aux[MAXLEN];
	struct puffs_sizeop d_size;
	char d_data[LARGEST + 50];
	struct puffs_batch d_batch;
	struct puffs_req d_put;
	struct puffs_req d_got[NGOT];
	char d_more[NGOT][MAXLEN];
};

struct life;

struct serving {
	struct thread s_thread;
	struct life *s_life;
	unsigned s_number;
	uint64_t s_dice;
	struct desk *s_desk;
};

struct calling {
	struct thread c_thread;
	struct life *c_life;
	uint64_t c_dice;
};

struct life {
	int l_number;			/* and the server's process */
	uint64_t l_dice;
	uint64_t l_chaos;

	/* What is decided before it is made. */
	enum end l_end;
	bool l_forgetful;		/* servers forget requests */
	bool l_guessing;		/* servers answer by guess */
	bool l_keep;			/* it is handed from one instance to the next */
	bool l_unstarted;		/* nobody starts it */
	bool l_kernel_starts;		/* no server does, but the kernel, while servers may be asleep already */
	bool l_signals;			/* signals come to servers too */
	bool l_polls;			/* servers poll, and fetch without sleeping */
	unsigned l_batches;		/* so many servers do all in batches */
	bool l_interruptible;		/* the mount's usual */
	uint64_t l_timeout;
	unsigned l_nservers;
	unsigned l_ncallers;
	unsigned l_steps;		/* requests of each caller */

	struct puffs_mount *l_pmp;
	uint64_t l_shared;		/* an id that several callers use */
	atomic_int l_fd;
	atomic_bool l_started;
	atomic_bool l_doomed;		/* it may be dead */
	atomic_bool l_dead;		/* it is */
	atomic_bool l_deadly;		/* the next completion is to kill it */
	atomic_bool l_over;
	atomic_int l_ended;		/* callers that have done all they wanted */
	atomic_int l_done;		/* requests that have ended */
	atomic_long l_completions;	/* that are outstanding or running */
	atomic_int l_unmounts;
	atomic_int l_freed;

	pthread_mutex_t l_lock;		/* what follows */
	struct held l_held[NHELD];
	unsigned l_nheld;
	struct published l_published[NPUBLISHED];
	unsigned l_npublished;

	struct calling l_callers[NCALLERS];

	/* Used again for the next mount. */
	struct ledger *l_ledger;
	struct serving l_servers[NSERVERS];
};

/* User memory at this address can be read only. */
static _Thread_local void *readonly;
/* And when a copy to it is about to fail, this server guesses. */
static _Thread_local struct serving *lucky;
/* The kernel has no memory for this thread. */
static _Thread_local bool poor;

/* What lasts from one mount to the next. */
static void
life_alloc(struct life *l)
{
	unsigned i;

	CHECK((l->l_ledger = malloc(sizeof(*l->l_ledger))) != NULL);
	for (i = 0; i < NSERVERS; i++)
		l->l_servers[i].s_desk = user_alloc(sizeof(struct desk));
}

/* An id may be interrupted from now on. */
static void
life_publish(struct life *l, uint64_t *dice, uint64_t id, uint64_t token)
{
	unsigned at;

	pthread_mutex_lock(&l->l_lock);
	at = l->l_npublished < NPUBLISHED ? l->l_npublished++ : roll(dice, NPUBLISHED);
	l->l_published[at] = (struct published){ id, token };
	pthread_mutex_unlock(&l->l_lock);
}

/* Takes one of them. */
static bool
life_published(struct life *l, uint64_t *dice, struct published *p)
{
	bool found;
	unsigned at;

	pthread_mutex_lock(&l->l_lock);
	if ((found = l->l_npublished > 0)) {
		at = roll(dice, l->l_npublished);
		*p = l->l_published[at];
		l->l_published[at] = l->l_published[--l->l_npublished];
	}
	pthread_mutex_unlock(&l->l_lock);
	return found;
}

/* A server has fetched it, and will answer. False: it has enough of them. */
static bool
life_hold(struct life *l, const struct held *h)
{
	bool room;

	pthread_mutex_lock(&l->l_lock);
	if ((room = l->l_nheld < NHELD))
		l->l_held[l->l_nheld++] = *h;
	pthread_mutex_unlock(&l->l_lock);
	return room;
}

/* Chooses one of them, and may take it away. */
static bool
life_held(struct life *l, uint64_t *dice, struct held *h, bool take)
{
	bool found;
	unsigned at;

	pthread_mutex_lock(&l->l_lock);
	if ((found = l->l_nheld > 0)) {
		at = roll(dice, l->l_nheld);
		*h = l->l_held[at];
		if (take)
			l->l_held[at] = l->l_held[--l->l_nheld];
	}
	pthread_mutex_unlock(&l->l_lock);
	return found;
}

/* Whether there is one. */
static bool
life_busy(struct life *l)
{
	bool busy;

	pthread_mutex_lock(&l->l_lock);
	busy = l->l_nheld > 0;
	pthread_mutex_unlock(&l->l_lock);
	return busy;
}

/* The host. */

static void
life_late(void *data, const struct puffs_late *late)
{
	struct life *l = data;
	struct reply r = reply_read(late->pl_body, late->pl_len);

	CHECK_EQ(r.r_len, late->pl_len);
	CHECK_EQ(r.r_rv, late->pl_rv);
	atomic_fetch_add(&given_of(l->l_ledger, r.r_serial)->g_late, 1);
	saw(SEEN_LATE);
}

static void
life_unmount(void *data, struct puffs_mount *pmp)
{
	struct life *l = data;

	CHECK(pmp == l->l_pmp && atomic_load(&l->l_doomed));
	CHECK_EQ(atomic_fetch_add(&l->l_unmounts, 1), 0);
	saw(SEEN_FORCED);
	puffs_nukebypmp(pmp);
}

static void
life_started(void *data, const struct puffs_startreq *start)
{
	struct life *l = data;

	CHECK_EQ(start->psr_cookie, l->l_number);
	CHECK(!atomic_exchange(&l->l_started, true));
}

static void
life_freed(void *data)
{
	struct life *l = data;

	atomic_fetch_add(&l->l_freed, 1);
}

static const struct puffs_hostops life_hostops = {
	.pho_size = sizeof(struct puffs_hostops),
	.pho_unmount = life_unmount,
	.pho_started = life_started,
	.pho_late = life_late,
	.pho_freed = life_freed,
};

/* A server opens the device. */
static int
life_open(struct life *l)
{
	struct desk *d = l->l_servers[0].s_desk;
	int error, fd;

	fd = sys_open(&error);
	CHECK_EQ(error, 0);
	if (l->l_polls) {
		d->d_on = 1;
		CHECK_EQ(sys_ioctl(fd, FIONBIO, &d->d_on), 0);
	}
	return fd;
}

/* Decides about a mount, and makes it. */
static void
life_init(struct life *l, int number, uint64_t dice)
{
	static const enum end ends[] = {
		DRAIN, DRAIN, DRAIN, DRAIN, CLOSE, UNMOUNT, KILL, BY_COMPLETION, BY_COMPLETION, THRICE
	};
	static const size_t places[] = { 1, 2, 3, 5, 8, 100 };
	struct puffs_mountargs args = { .pma_size = sizeof(args), .pma_max_len = MAXLEN };

	memset(l, 0, offsetof(struct life, l_ledger));
	memset(l->l_ledger, 0, sizeof(*l->l_ledger));
	pthread_mutex_init(&l->l_lock, NULL);
	l->l_number = number;
	l->l_dice = dice;
	l->l_end = ends[roll(&l->l_dice, sizeof(ends) / sizeof(ends[0]))];
	l->l_forgetful = l->l_end != DRAIN && roll(&l->l_dice, 2);
	l->l_guessing = roll(&l->l_dice, 4) == 0;
	l->l_keep = (l->l_end == DRAIN || l->l_end == KILL || l->l_end == UNMOUNT) && roll(&l->l_dice, 2);
	l->l_unstarted = l->l_end != DRAIN && roll(&l->l_dice, 8) == 0;
	l->l_kernel_starts = !l->l_unstarted && roll(&l->l_dice, 4) == 0;
	l->l_signals = roll(&l->l_dice, 2);
	l->l_polls = roll(&l->l_dice, 2);
	l->l_interruptible = roll(&l->l_dice, 2);
	l->l_timeout = roll(&l->l_dice, 2) ? 1000000 + roll(&l->l_dice, 5000000) : 0;
	l->l_nservers = 1 + roll(&l->l_dice, NSERVERS);
	l->l_batches = roll(&l->l_dice, 2) ? roll(&l->l_dice, NSERVERS + 1) : 0;
	l->l_ncallers = 2 + roll(&l->l_dice, NCALLERS - 1);
	l->l_steps = l->l_end == DRAIN ? 10 + roll(&l->l_dice, 70) : NTOKENS;

	args.pma_max_requests = places[roll(&l->l_dice, sizeof(places) / sizeof(places[0]))];
	args.pma_max_bytes = MAXLEN * (1 + roll(&l->l_dice, 6));
	args.pma_timeout_ns = l->l_timeout;
	args.pma_flags = (l->l_keep ? PUFFS_MOUNT_KEEP : 0) | (l->l_interruptible ? PUFFS_MOUNT_INTERRUPTIBLE : 0);
	atomic_store(&l->l_fd, life_open(l));
	CHECK_EQ(puffs_mount_new(&args, &life_hostops, l, &l->l_pmp), 0);
	l->l_shared = puffs_getreqid(l->l_pmp);
}

/* The server's process is replaced. */
static void
life_hand_over(struct life *l)
{
	int fd = life_open(l);

	CHECK_EQ(sys_close(atomic_load(&l->l_fd)), 0);
	CHECK_EQ(puffs_setpmp(l->l_number, fd, l->l_pmp), 0);
	atomic_store(&l->l_fd, fd);
	saw(SEEN_HANDED_OVER);
}

#endif
