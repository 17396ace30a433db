/*
 * stress_batch.h: a server thread of stress.c that does all it does by PUFFSBATCH: an answer and several fetches in one call.
 */
#ifndef STRESS_BATCH_H
#define STRESS_BATCH_H

/* Puts an answer by the rules into the desk. Returns its serial. */
static uint64_t
batch_answer(struct serving *s, const struct held *h)
{
	const struct question *q = &h->h_question;
	struct puffs_req *put = &s->s_desk->d_put;
	size_t longest = q->q_grow ? MAXLEN : q->q_room;
	size_t len = sizeof(struct reply) + roll(&s->s_dice, longest - sizeof(struct reply) + 1);
	int rv = 0;

	if (!q->q_shared && roll(&s->s_dice, 2))
		rv = RV_FIRST + (int)roll(&s->s_dice, RV_LAST - RV_FIRST + 1);
	memset(put, 0, sizeof(*put));
	put->preq_id = h->h_id;
	put->preq_opclass = h->h_opclass;
	put->preq_optype = h->h_optype;
	put->preq_rv = rv;
	put->preq_aux = s->s_desk->d_aux;
	put->preq_auxlen = len;
	return ledger_give(s->s_life->l_ledger, q->q_token, rv, s->s_desk->d_aux, len, MAXLEN);
}

/* What became of it, and whether that is what the call says. */
static void
batch_answered(struct serving *s, const struct held *h, uint64_t serial, int error)
{
	struct life *l = s->s_life;
	int said = s->s_desk->d_put.preq_rv;

	if (s->s_desk->d_put.preq_id != 0) {
		/* The call never reached the mount. */
		CHECK_EQ(s->s_desk->d_put.preq_id, h->h_id);
		CHECK(gone(error));
		said = error;
	} else if (said != 0 && said != ECANCELED) {
		CHECK_EQ(error, said);
		CHECK(gone(said) || strayed(l, h, said));
	} else
		saw(SEEN_BATCH_ANSWERED);
	ledger_put(l->l_ledger, h->h_question.q_token, serial, said);
	if (gone(said))
		saw(SEEN_ANSWER_DEAD);
}

/* One call. True: the mount is gone. */
static bool
batch_turn(struct serving *s)
{
	struct life *l = s->s_life;
	struct desk *d = s->s_desk;
	struct held h, got;
	uint64_t serial = 0;
	bool answers, away;
	size_t n, i;
	int error;

	if ((answers = life_held(l, &s->s_dice, &h, true))) {
		if (h.h_question.q_parts != 0)
			server_move(s, &h);
		serial = batch_answer(s, &h);
	}
	/* Who leaves something to be answered must not sleep for more. */
	n = life_busy(l) ? 0 : NGOT;
	away = n != 0 && roll(&s->s_dice, 20) == 0;
	for (i = 0; i < n; i++) {
		memset(&d->d_got[i], 0, sizeof(d->d_got[i]));
		d->d_got[i].preq_aux = d->d_more[i];
		d->d_got[i].preq_auxlen = MAXLEN;
	}
	doing(answers ? "answers and fetches" : "fetches several", (long long)n);
	for (;;) {
		d->d_batch.pb_put = &d->d_put;
		d->d_batch.pb_nput = answers;
		d->d_batch.pb_get = away ? (void *)l : d->d_got;
		d->d_batch.pb_nget = n;
		error = sys_ioctl(atomic_load(&l->l_fd), PUFFSBATCH, &d->d_batch);
		if (!answers || (error != ENOENT && error != EBADF) || atomic_load(&l->l_doomed))
			break;
		/* It is being bound to another instance; what was answered is passed over. */
		sched_yield();
	}
	if (answers)
		batch_answered(s, &h, serial, error);
	if (error == 0) {
		n = d->d_batch.pb_nget;
		CHECK(!away && n <= NGOT);
		for (i = 0; i < n; i++) {
			if (server_got(s, &d->d_got[i], d->d_more[i], &got) && !life_hold(l, &got))
				server_deal(s, &got);
		}
		if (n > 1)
			saw(SEEN_BATCH_FETCHED);
		return false;
	}
	if (error == EFAULT) {
		CHECK(away);
		saw(SEEN_BATCH_FAULT);
	} else if (error == EAGAIN) {
		CHECK(l->l_polls);
		if (!life_busy(l)) {
			doing("polls", l->l_number);
			(void)sys_poll(atomic_load(&l->l_fd), POLLIN);
		}
	} else if (gone(error)) {
		if (atomic_load(&l->l_doomed))
			return true;
		sched_yield();
	} else
		/* Whatever it was of the answer's, it has been looked at. */
		CHECK(error == EINTR || answers);
	return false;
}

#endif
