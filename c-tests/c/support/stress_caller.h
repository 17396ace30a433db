/*
 * stress_caller.h: one caller of stress.c: requests in every form there is, one after the other, and what may come of each.
 */
#ifndef STRESS_CALLER_H
#define STRESS_CALLER_H

enum form { VFSTOUSER, VNTOUSER, OWN_ID, WITH_PARTS, SHARED_ID, ADJBUF, OPT, OPT_NOWAIT, DONE, DONE_ID, FAF, AT_THE_DOOR, NFORMS };

/* A request on its way, and what may become of it. */
struct sent {
	struct life *t_life;
	struct question t_question;
	enum form t_form;
	bool t_interruptible;		/* by a signal, or by its id */
	bool t_follow;			/* its completion sends another */
	uint64_t t_begun;
	uint64_t t_timeout;		/* 0: none */
};

static void
sent_failed(const struct sent *t, int error)
{
	bool completes = t->t_form == DONE || t->t_form == DONE_ID;

	switch (error) {
	case ENXIO:
		CHECK(atomic_load(&t->t_life->l_doomed));
		atomic_store(&t->t_life->l_dead, true);
		saw(completes ? SEEN_COMPLETION_DIED : SEEN_CALLER_DIED);
		break;
	case EINTR:
		CHECK(t->t_interruptible);
		saw(completes ? SEEN_INTERRUPTED : SEEN_SIGNALLED);
		break;
	case ETIMEDOUT:
		CHECK(t->t_timeout != 0 && clock_now() - t->t_begun >= t->t_timeout);
		saw(SEEN_TIMEDOUT);
		break;
	case EAGAIN:
		CHECK(completes || t->t_form == OPT_NOWAIT);
		saw(SEEN_NOPLACE);
		break;
	case EEXIST:
		CHECK_EQ(t->t_form, SHARED_ID);
		saw(SEEN_TAKEN);
		break;
	case EPROTO:
		saw(SEEN_BROKEN);
		break;
	case ENOMEM:
		CHECK(t->t_question.q_grow);
		saw(SEEN_POOR);
		break;
	default:
		CHECK_EQ(error, 0);
	}
}

/* An answer came, in a buffer of which `len` bytes hold it, or with `len` 0 an unknown number. */
static void
sent_answered(const struct sent *t, int error, const void *kbuf, size_t len)
{
	const struct question *q = &t->t_question;
	struct reply r = reply_read(kbuf, len != 0 ? len : q->q_room);

	CHECK_EQ(r.r_rv, error);
	CHECK(len == 0 || r.r_len == len);
	CHECK(r.r_token == q->q_token || q->q_shared || (r.r_token == 0 && t->t_life->l_guessing));
	CHECK(r.r_len <= q->q_room || q->q_grow);
	/* Behind a shorter answer the request is still there. */
	check_filled(kbuf, r.r_len, q->q_room, q->q_token);
	if (error != 0)
		return;
	atomic_fetch_add(&given_of(t->t_life->l_ledger, r.r_serial)->g_received, 1);
	saw(r.r_len > q->q_room ? SEEN_GROWN : t->t_form == DONE || t->t_form == DONE_ID ? SEEN_COMPLETED : SEEN_PARKED);
}

/* It ended. */
static void
sent_ended(const struct sent *t, int error)
{

	if (error >= RV_FIRST && error <= RV_LAST)
		saw(SEEN_REFUSAL);
	else if (error != 0)
		sent_failed(t, error);
	ledger_ended(t->t_life->l_ledger, &t->t_question, error);
	atomic_fetch_add(&t->t_life->l_done, 1);
	atomic_fetch_add(&progress, 1);
}

/* A body for it. */
static void *
sent_body(const struct sent *t)
{
	void *kbuf = puffs_alloc(t->t_question.q_room);

	CHECK(kbuf != NULL);
	question_write(&t->t_question, kbuf);
	return kbuf;
}

/* Sends a request that wants no answer. */
static void
send_faf(struct life *l, size_t room)
{
	struct sent t = { .t_life = l, .t_form = FAF, .t_question = { .q_room = (uint32_t)room, .q_faf = true } };
	int error;

	if (!ledger_ask(l->l_ledger, &t.t_question))
		return;
	error = puffs_vntouser_faf(l->l_pmp, 2, sent_body(&t), room, (void *)(uintptr_t)t.t_question.q_token);
	CHECK(error == 0 || error == EAGAIN || (error == ENXIO && atomic_load(&l->l_doomed)));
	saw(error == 0 ? SEEN_FAF : SEEN_FAF_REFUSED);
	ledger_ended(l->l_ledger, &t.t_question, error);
}

/* A completion. It may use the mount, and even kill it. */
static void
sent_done(void *arg, int error, void *kbuf, size_t len)
{
	struct sent *t = arg;
	struct life *l = t->t_life;
	bool was_poor = poor;

	/* The server that ended the request may have been short of memory. */
	poor = false;
	if (len != 0)
		sent_answered(t, error, kbuf, len);
	else
		CHECK(error != 0 && (error < RV_FIRST || error > RV_LAST));
	puffs_free(kbuf);
	sent_ended(t, error);
	if (atomic_exchange(&l->l_deadly, false)) {
		puffs_userdead(l->l_pmp);
		saw(SEEN_DONE_KILLED);
	}
	if (t->t_follow)
		send_faf(l, SHORTEST);
	free(t);
	atomic_fetch_sub(&l->l_completions, 1);
	poor = was_poor;
}

/* Sends a request in its completion form. */
static void
send_done(const struct sent *request, uint64_t *dice, struct puffs_touseropt *opt)
{
	struct life *l = request->t_life;
	struct sent *t = malloc(sizeof(*t));
	size_t buflen = request->t_question.q_room;
	void *kbuf = sent_body(request);
	int error;

	CHECK(t != NULL);
	*t = *request;
	t->t_follow = roll(dice, 8) == 0;
	opt->pto_done = sent_done;
	opt->pto_arg = t;
	if (t->t_form == DONE_ID) {
		opt->pto_reqid = puffs_getreqid(l->l_pmp);
		life_publish(l, dice, opt->pto_reqid, t->t_question.q_token);
	}
	atomic_fetch_add(&l->l_completions, 1);
	error = puffs_touser_opt(l->l_pmp, PUFFSOP_VN, 2, &kbuf, &buflen, SHORTEST,
	    (void *)(uintptr_t)t->t_question.q_token, opt);
	CHECK(kbuf == NULL && buflen == 0);
	if (error != 0) {
		CHECK(error == EAGAIN || error == ENXIO);
		sent_ended(t, error);
		free(t);
		atomic_fetch_sub(&l->l_completions, 1);
	}
}

/* What cannot be sent. */
static void
send_refused(struct life *l, uint64_t *dice)
{
	struct puffs_touseropt opt = { .pto_size = sizeof(opt) };
	char body[MAXLEN + 1] = { 0 };
	size_t buflen = SHORTEST;
	void *kbuf = puffs_alloc(buflen);
	int error = 0;

	CHECK(kbuf != NULL);
	switch (roll(dice, 6)) {
	case 0:
		error = puffs_vntouser(l->l_pmp, 1, body, sizeof(body), NULL, NULL, NULL);
		break;
	case 1:
		error = puffs_vntouser_req(l->l_pmp, 1, body, SHORTEST, NULL, 0, NULL, NULL);
		break;
	case 2:
		error = puffs_vfstouser(l->l_pmp, 256, body, SHORTEST);
		break;
	case 3:
		error = puffs_vntouser_adjbuf(l->l_pmp, 1, &kbuf, &buflen, SHORTEST + 1, NULL, NULL, NULL);
		break;
	case 4:
		error = puffs_vntouser_faf(l->l_pmp, 1, kbuf, MAXLEN + 1, NULL);
		kbuf = NULL;
		break;
	default:
		opt.pto_done = sent_done;
		opt.pto_flags = PUFFS_TOUSER_INTERRUPTIBLE;
		error = puffs_touser_opt(l->l_pmp, PUFFSOP_VN, 1, &kbuf, &buflen, SHORTEST, NULL, &opt);
		CHECK(kbuf == NULL);
	}
	CHECK_EQ(error, EINVAL);
	puffs_free(kbuf);
	saw(SEEN_REFUSED);
}

/* Parks, with a buffer that stays the caller's; what the call does not say of the answer, the answer does. */
static void
send_parked(struct sent *t, uint64_t *dice, struct puffs_touseropt *opt)
{
	struct life *l = t->t_life;
	struct question *q = &t->t_question;
	void *cookie = (void *)(uintptr_t)q->q_token, *kbuf = sent_body(t);
	size_t buflen = q->q_room, copylen = SHORTEST + roll(dice, q->q_room - SHORTEST + 1);
	struct parts parts;
	uint64_t id;
	int error, optype = 1 + (int)roll(dice, 3);
	bool told = false;

	switch (t->t_form) {
	case VFSTOUSER:
		error = puffs_vfstouser(l->l_pmp, optype, kbuf, buflen);
		break;
	case VNTOUSER:
		error = puffs_vntouser(l->l_pmp, optype, kbuf, buflen, cookie, NULL, NULL);
		break;
	case WITH_PARTS:
		id = puffs_getreqid(l->l_pmp);
		error = parts_register(&parts, l->l_pmp, id, q);
		if (error != 0)
			break;
		life_publish(l, dice, id, 0);
		error = puffs_vntouser_req(l->l_pmp, optype, kbuf, buflen, cookie, id, NULL, NULL);
		parts_finish(&parts, l->l_ledger, q);
		break;
	case OWN_ID:
	case SHARED_ID:
		id = t->t_form == OWN_ID ? puffs_getreqid(l->l_pmp) : l->l_shared;
		life_publish(l, dice, id, 0);
		error = puffs_vntouser_req(l->l_pmp, optype, kbuf, buflen, cookie, id, NULL, NULL);
		break;
	case ADJBUF:
		told = true;
		error = puffs_vntouser_adjbuf(l->l_pmp, optype, &kbuf, &buflen, copylen, cookie, NULL, NULL);
		break;
	default:
		told = true;
		error = puffs_touser_opt(l->l_pmp, PUFFSOP_VN, optype, &kbuf, &buflen, copylen, cookie, opt);
	}
	if (error == 0)
		sent_answered(t, 0, kbuf, told ? buflen : 0);
	else if (error >= RV_FIRST && error <= RV_LAST && !told)
		sent_answered(t, error, kbuf, 0);
	else {
		CHECK_EQ(buflen, q->q_room);
		CHECK(memcmp(kbuf, q, sizeof(*q)) == 0);
		check_filled(kbuf, sizeof(*q), buflen, q->q_token);
	}
	puffs_free(kbuf);
	sent_ended(t, error);
}

/* One request. False: there are no more tokens. */
static bool
call_once(struct life *l, uint64_t *dice)
{
	static const uint64_t timeouts[] = { 0, 1, 500000, 3000000, 3600000000000, PUFFS_FOREVER };
	struct puffs_touseropt opt = { .pto_size = sizeof(opt) };
	struct sent t = { .t_life = l, .t_form = (enum form)roll(dice, NFORMS), .t_interruptible = l->l_interruptible };
	struct question *q = &t.t_question;

	q->q_room = roll(dice, 20) == 0 ? MAXLEN : SHORTEST + roll(dice, 300);
	if (t.t_form == FAF) {
		send_faf(l, q->q_room);
		return true;
	}
	if (t.t_form == AT_THE_DOOR) {
		send_refused(l, dice);
		return true;
	}
	q->q_parts = t.t_form == WITH_PARTS ? (uint8_t)(1 + roll(dice, NPARTS)) : 0;
	q->q_shared = t.t_form == SHARED_ID;
	q->q_grow = t.t_form == ADJBUF || (t.t_form >= OPT && roll(dice, 2));
	if (!ledger_ask(l->l_ledger, q))
		return false;
	doing("calls", (long long)q->q_token);
	if (q->q_grow)
		opt.pto_flags |= PUFFS_TOUSER_ADJBUF;
	t.t_begun = clock_now();
	t.t_timeout = l->l_timeout;
	switch (t.t_form) {
	case DONE:
	case DONE_ID:
		t.t_timeout = 0;
		t.t_interruptible = t.t_form == DONE_ID;
		send_done(&t, dice, &opt);
		return true;
	case OWN_ID:
	case WITH_PARTS:
	case SHARED_ID:
		t.t_interruptible = true;
		break;
	case OPT_NOWAIT:
		opt.pto_flags |= PUFFS_TOUSER_NOWAIT;
		break;
	case OPT:
		opt.pto_timeout_ns = timeouts[roll(dice, sizeof(timeouts) / sizeof(timeouts[0]))];
		if (opt.pto_timeout_ns != 0)
			t.t_timeout = opt.pto_timeout_ns == PUFFS_FOREVER ? 0 : opt.pto_timeout_ns;
		switch (roll(dice, 3)) {
		case 0:
			opt.pto_flags |= PUFFS_TOUSER_INTERRUPTIBLE;
			t.t_interruptible = true;
			break;
		case 1:
			opt.pto_flags |= PUFFS_TOUSER_UNINTERRUPTIBLE;
			t.t_interruptible = false;
			break;
		}
		break;
	default:
		break;
	}
	send_parked(&t, dice, &opt);
	return true;
}

/* Calls until the mount is dead, or until it has had enough. */
static void *
call_main(void *arg)
{
	struct calling *c = arg;
	struct life *l = c->c_life;
	unsigned i;

	noise = dice_fork(&c->c_dice);
	for (i = 0; i < l->l_steps && !atomic_load(&l->l_dead) && call_once(l, &c->c_dice); i++)
		continue;
	if (atomic_load(&l->l_dead))
		/* Once more, to see the door closed. */
		(void)call_once(l, &c->c_dice);
	doing("has called", l->l_number);
	atomic_fetch_add(&l->l_ended, 1);
	return NULL;
}

#endif
