/*
 * stress_server.h: one thread of a server. It fetches, and answers what any of its fellows fetched, in any order. Now and then
 * it does something that no server should.
 */
#ifndef STRESS_SERVER_H
#define STRESS_SERVER_H

/* Nothing can be fetched or answered: the mount is dead, or the descriptor is not its own any more. */
static bool
gone(int error)
{

	return error == ENXIO || error == ENOENT || error == EBADF;
}

/*
 * Whether a right answer may get this error, since it came to nobody or to another: a guess may have ended its request, and a
 * shared id be that of another by now, whose buffer may be smaller.
 */
static bool
strayed(const struct life *l, const struct held *h, int error)
{

	return (error == EINVAL && (l->l_guessing || h->h_question.q_shared)) || (error == E2BIG && h->h_question.q_shared);
}

#include "stress_moves.h"

/* PUFFSPUTOP of an answer of `len` bytes, until it reaches the mount. */
static int
server_put(struct serving *s, const struct held *h, int rv, uint64_t token, size_t len, bool away)
{
	struct life *l = s->s_life;
	struct puffs_req *req = &s->s_desk->d_req;
	uint64_t serial;
	int error;

	serial = ledger_give(l->l_ledger, token, rv, s->s_desk->d_aux, len, MAXLEN);
	for (;;) {
		memset(req, 0, sizeof(*req));
		req->preq_id = h->h_id;
		req->preq_opclass = h->h_opclass;
		req->preq_optype = h->h_optype;
		req->preq_rv = rv;
		req->preq_aux = away ? (void *)l : s->s_desk->d_aux;
		req->preq_auxlen = len;
		error = sys_ioctl(atomic_load(&l->l_fd), PUFFSPUTOP, req);
		if ((error != ENOENT && error != EBADF) || atomic_load(&l->l_doomed))
			break;
		/* It is being bound to another instance. */
		sched_yield();
	}
	ledger_put(l->l_ledger, token, serial, error);
	if (gone(error))
		saw(SEEN_ANSWER_DEAD);
	return error;
}

/* Answers a request that is not its own to answer, if there is one like this. */
static void
server_guess(struct serving *s, const struct held *h)
{
	int error;

	atomic_store(&s->s_life->l_ledger->l_guessed, true);
	error = server_put(s, h, 0, 0, SHORTEST, false);
	CHECK(error == 0 || error == ECANCELED || error == EINVAL || gone(error));
	if (error == 0)
		saw(SEEN_GUESSED);
}

/* One that will be answered again, or one near `id`. */
static void
server_try(struct serving *s, uint64_t id)
{
	struct held h;

	if (roll(&s->s_dice, 2) || !life_held(s->s_life, &s->s_dice, &h, false)) {
		h.h_id = id + roll(&s->s_dice, 4);
		h.h_opclass = PUFFSOP_VN;
		h.h_optype = (uint8_t)(1 + roll(&s->s_dice, 3));
	}
	server_guess(s, &h);
}

/*
 * A guess that hits: the request is answered before its header fails to be written, and its place may be another's by
 * then.
 */
static void
server_lucky(struct serving *s, const struct puffs_req *req)
{
	struct held h = { .h_id = req->preq_id, .h_opclass = req->preq_opclass, .h_optype = req->preq_optype };
	int done = atomic_load(&s->s_life->l_done), turns = 200;

	server_guess(s, &h);
	while (turns-- > 0 && atomic_load(&s->s_life->l_done) < done + 3)
		sched_yield();
}

/* A request that was fetched. False: it wants no answer. */
static bool
server_got(struct serving *s, const struct puffs_req *req, const void *aux, struct held *h)
{

	CHECK(req->preq_aux == aux);
	CHECK_EQ(req->preq_rv, 0);
	ledger_fetched(s->s_life->l_ledger, aux, req->preq_auxlen, &h->h_question);
	CHECK_EQ(PUFFSOP_WANTREPLY(req->preq_opclass), !h->h_question.q_faf);
	CHECK_EQ(req->preq_id == 0, h->h_question.q_faf);
	CHECK_EQ((uintptr_t)req->preq_cookie,
	    PUFFSOP_OPCLASS(req->preq_opclass) == PUFFSOP_VN ? h->h_question.q_token : 0);
	saw(SEEN_FETCHED);
	if (h->h_question.q_faf) {
		atomic_fetch_add(&progress, 1);
		return false;
	}
	h->h_id = req->preq_id;
	h->h_opclass = req->preq_opclass;
	h->h_optype = req->preq_optype;
	return true;
}

/* What a fetch is to go wrong by. */
enum fetch { WELL, SHORT_BUFFER, AUX_AWAY, HEADER_AWAY, HEADER_READONLY };

/* PUFFSGETOP. Returns its result; with 0, `*got` says whether something is to be answered. */
static int
server_fetch(struct serving *s, enum fetch how, struct held *h, bool *got)
{
	struct life *l = s->s_life;
	struct puffs_req *req = &s->s_desk->d_req;
	void *aux = how == AUX_AWAY ? (void *)l : s->s_desk->d_aux;
	int error;

	*got = false;
	memset(req, 0, sizeof(*req));
	req->preq_rv = 77;
	req->preq_aux = aux;
	req->preq_auxlen = how == SHORT_BUFFER ? SHORTEST - 1 : MAXLEN;
	readonly = how == HEADER_READONLY ? req : NULL;
	lucky = readonly != NULL && l->l_guessing ? s : NULL;
	error = sys_ioctl(atomic_load(&l->l_fd), PUFFSGETOP, how == HEADER_AWAY ? (void *)l : req);
	readonly = NULL;
	lucky = NULL;
	if (error != 0) {
		if (error == ENXIO)
			saw(SEEN_FETCH_DEAD);
		else if (gone(error))
			saw(SEEN_FETCH_UNBOUND);
		else if (error == EINTR)
			saw(SEEN_FETCH_SIGNALLED);
		else if (error == EAGAIN)
			saw(SEEN_FETCH_EMPTY);
		else if (error == E2BIG) {
			CHECK_EQ(how, SHORT_BUFFER);
			CHECK(req->preq_auxlen >= SHORTEST && req->preq_auxlen <= MAXLEN);
			saw(SEEN_SHORT);
		} else {
			CHECK_EQ(error, EFAULT);
			CHECK(how == AUX_AWAY || how == HEADER_AWAY || how == HEADER_READONLY);
			saw(how == AUX_AWAY ? SEEN_AUX_FAULT : how == HEADER_AWAY ? SEEN_HEADER_FAULT : SEEN_HEADER_READONLY);
		}
		return error;
	}
	CHECK_EQ(how, WELL);
	*got = server_got(s, req, aux, h);
	return 0;
}

/* Answers by the rules. */
static int
server_answer(struct serving *s, const struct held *h, bool first)
{
	const struct question *q = &h->h_question;
	size_t longest = q->q_grow ? MAXLEN : q->q_room;
	int rv = 0;

	if (first && !q->q_shared && roll(&s->s_dice, 2))
		rv = RV_FIRST + (int)roll(&s->s_dice, RV_LAST - RV_FIRST + 1);
	return server_put(s, h, rv, q->q_token, sizeof(struct reply) + roll(&s->s_dice, longest - sizeof(struct reply) + 1),
	    false);
}

/* A second answer reaches nobody, unless the id is another's by now. */
static void
server_again(struct serving *s, const struct held *h)
{
	int error = server_answer(s, h, false);

	CHECK(error == EINVAL || gone(error) || h->h_question.q_shared);
	if (error == EINVAL)
		saw(SEEN_TWICE);
}

/* Answers against the rules, in one of seven ways. */
static void
server_break(struct serving *s, const struct held *h, unsigned flaw)
{
	const struct question *q = &h->h_question;
	struct held wrong = *h;
	size_t len = SHORTEST;
	bool away = false;
	int rv = 0, told = EINVAL, error;
	enum seen seen = SEEN_WRONG;

	if (flaw > 4 && q->q_room == MAXLEN)
		flaw = 4;
	switch (flaw) {
	case 0:
		wrong.h_opclass ^= PUFFSOP_VFS | PUFFSOP_VN;
		break;
	case 1:
		wrong.h_optype++;
		break;
	case 2:
		rv = roll(&s->s_dice, 2) ? -1 : machine.ph_maxerrno + 1;
		break;
	case 3:
		away = true;
		told = EFAULT;
		seen = SEEN_AWAY;
		break;
	case 4:
		len = roll(&s->s_dice, 2) ? MAXLEN + 1 : (size_t)-1;
		told = EFAULT;
		seen = SEEN_BEYOND;
		break;
	default:
		len = q->q_room + 1;
		poor = q->q_grow;
		told = q->q_grow ? ENOMEM : E2BIG;
		seen = SEEN_TOOLONG;
	}
	atomic_store(&asked_of(s->s_life->l_ledger, q->q_token)->a_broken, true);
	error = server_put(s, &wrong, rv, q->q_token, len, away);
	poor = false;
	if (error == told)
		saw(seen);
	else	/* A guess may have ended it first, and a shared id be another's by now. */
		CHECK(error == EINVAL || gone(error) || q->q_shared);
}

/* Answers, in one way or another. */
static void
server_deal(struct serving *s, const struct held *h)
{
	struct life *l = s->s_life;
	unsigned flaw = roll(&s->s_dice, 50);
	int error;

	if (h->h_question.q_parts != 0 && roll(&s->s_dice, 8) != 0)
		server_move(s, h);
	doing("answers", (long long)h->h_id);
	if (flaw < 7) {
		server_break(s, h, flaw);
		if (roll(&s->s_dice, 2))
			server_again(s, h);
	} else if (flaw == 7 && l->l_forgetful)
		saw(SEEN_FORGOTTEN);
	else {
		error = server_answer(s, h, true);
		if (error != ECANCELED && !gone(error) && !strayed(l, h, error))
			CHECK_EQ(error, 0);
		if (roll(&s->s_dice, 8) == 0)
			server_again(s, h);
	}
}

static void
server_begin(struct serving *s)
{
	struct puffs_startreq *start = &s->s_desk->d_start;
	int error;

	memset(start, 0, sizeof(*start));
	start->psr_cookie = (uint64_t)s->s_life->l_number;
	do {
		error = sys_ioctl(atomic_load(&s->s_life->l_fd), PUFFSSTARTOP, start);
		sched_yield();
	} while ((error == ENOENT || error == EBADF) && !atomic_load(&s->s_life->l_doomed));
	CHECK(error == 0 || error == EBUSY || gone(error));
}

/* Fetches once, and answers what it got or lets any of its fellows do so. True: the mount is gone. */
static bool
server_turn(struct serving *s, uint64_t *latest)
{
	static const enum fetch flaws[] = { SHORT_BUFFER, AUX_AWAY, HEADER_AWAY, HEADER_READONLY };
	struct life *l = s->s_life;
	unsigned how = roll(&s->s_dice, 40);
	struct held h;
	bool got;
	int error;

	if (l->l_guessing && roll(&s->s_dice, 4) == 0 && atomic_load(&l->l_ledger->l_serials) < 2 * NTOKENS) {
		doing("guesses", (long long)*latest);
		server_try(s, *latest);
	}
	doing("fetches", how);
	error = server_fetch(s, how < 4 ? flaws[how] : WELL, &h, &got);
	if (got) {
		*latest = h.h_id;
		if (!life_hold(l, &h))
			server_deal(s, &h);
	} else if (error == EAGAIN) {
		CHECK(l->l_polls);
		if (life_held(l, &s->s_dice, &h, true))
			server_deal(s, &h);
		else {
			doing("polls", l->l_number);
			if (sys_poll(atomic_load(&l->l_fd), POLLIN) & POLLIN)
				saw(SEEN_POLLED);
		}
	} else if (gone(error)) {
		if (atomic_load(&l->l_doomed))
			return true;
		/* It is not bound yet, or not any more. */
		CHECK(error != ENXIO);
		sched_yield();
	}
	return false;
}

#include "stress_batch.h"

/* Serves until the mount is gone. Number 0 sees that it starts. */
static void *
serve_main(void *arg)
{
	struct serving *s = arg;
	struct life *l = s->s_life;
	uint64_t latest = 0;
	struct held h;

	noise = dice_fork(&s->s_dice);
	if (!l->l_unstarted && !l->l_kernel_starts && (s->s_number == 0 || roll(&s->s_dice, 2))) {
		doing("starts", l->l_number);
		server_begin(s);
	}
	while (s->s_number < l->l_batches && !batch_turn(s))
		continue;
	while (s->s_number >= l->l_batches) {
		/* Who has something to answer must not sleep for more: there may be no more before it is answered. */
		if ((!l->l_polls || roll(&s->s_dice, 2)) && life_held(l, &s->s_dice, &h, true))
			server_deal(s, &h);
		else if (server_turn(s, &latest))
			break;
	}
	/* What it still has, it tries to answer. */
	while (life_held(l, &s->s_dice, &h, true))
		server_deal(s, &h);
	doing("has served", l->l_number);
	return NULL;
}

#endif
