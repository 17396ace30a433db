/*
 * stress_moves.h: data beside a request in stress.c: who registers it, and who moves it. Each buffer is filled with what only it
 * has, so what moved is told by its bytes.
 */
#ifndef STRESS_MOVES_H
#define STRESS_MOVES_H

/* Buffers of one caller, every other one to be filled. */
struct parts {
	struct puffs_sizeops *p_set;
	char p_data[NPARTS][LARGEST];
};

static size_t
part_len(uint64_t token, unsigned at)
{

	return 1 + (size_t)((token * 31 + at * 97) % LARGEST);
}

static bool
part_in(unsigned at)
{

	return at % 2 == 0;
}

/* What fills it on its way in, or else at first; far enough from all others for none to begin inside another. */
static uint64_t
part_key(uint64_t token, unsigned at, bool in)
{

	return (token << 20) + (at << 12) + (in ? 1 << 11 : 0) + (1 << 10);
}

/* Registers buffers for the request that will have this id. Returns 0, or ENXIO. */
static int
parts_register(struct parts *p, struct puffs_mount *pmp, uint64_t id, const struct question *q)
{
	struct puffs_sizeops *other;
	unsigned at;
	size_t len;
	int error;

	if ((error = puffs_sizeop_new(pmp, id, NULL, &p->p_set)) != 0)
		return error;
	for (at = 0; at < q->q_parts; at++) {
		len = part_len(q->q_token, at);
		fill(p->p_data[at], 0, len, part_key(q->q_token, at, false));
		CHECK_EQ(puffs_sizeop_add(p->p_set, part_in(at) ? PUFFS_SIZEOPREQ_BUF_IN : PUFFS_SIZEOPREQ_BUF_OUT,
		    p->p_data[at], len), 0);
	}
	error = puffs_sizeop_new(pmp, id, NULL, &other);
	CHECK(error == EEXIST || error == ENXIO);
	return 0;
}

/* Ends it, and looks at what came. */
static void
parts_finish(struct parts *p, struct ledger *l, const struct question *q)
{
	struct asked *a = asked_of(l, q->q_token);
	size_t moved[NPARTS] = { 0 };
	bool all = true;
	unsigned at;

	CHECK_EQ(puffs_sizeop_finish(p->p_set, moved, q->q_parts), 0);
	for (at = 0; at < q->q_parts; at++) {
		if (part_in(at))
			check_filled(p->p_data[at], 0, moved[at], part_key(q->q_token, at, true));
		check_filled(p->p_data[at], part_in(at) ? moved[at] : 0, part_len(q->q_token, at),
		    part_key(q->q_token, at, false));
		a->a_seen[at] = moved[at];
		all = all && moved[at] != 0;
	}
	saw(all ? SEEN_PARTS_MOVED : SEEN_PARTS_LEFT);
}

/* PUFFSSIZEOP of the next one, so much of it. */
static int
server_sizeop(struct serving *s, uint64_t id, size_t len, bool away)
{
	struct puffs_sizeop *pso = &s->s_desk->d_size;

	pso->pso_reqid = id;
	pso->pso_userbuf = away ? (void *)s->s_life : s->s_desk->d_data;
	pso->pso_bufsize = len;
	return sys_ioctl(atomic_load(&s->s_life->l_fd), PUFFSSIZEOP, pso);
}

/* Moves what there is beside a request, or some of it. */
static void
server_move(struct serving *s, const struct held *h)
{
	const struct question *q = &h->h_question;
	unsigned at = 0;
	size_t len, moved;
	bool away;
	int error;

	doing("moves", (long long)h->h_id);
	while (at < q->q_parts && roll(&s->s_dice, 16) != 0) {
		len = 1 + roll(&s->s_dice, LARGEST + 50);
		away = roll(&s->s_dice, 8) == 0;
		fill(s->s_desk->d_data, 0, len, part_key(q->q_token, at, true));
		error = server_sizeop(s, h->h_id, len, away);
		if (error != 0) {
			CHECK(gone(error) || error == EINVAL || (error == EFAULT && away));
			saw(error == EFAULT ? SEEN_MOVE_FAULT : SEEN_MOVE_DENIED);
			if (error != EFAULT)
				/* Its caller has left, or it has been answered by a guess. */
				return;
			continue;
		}
		CHECK(!away);
		moved = s->s_desk->d_size.pso_bufsize;
		CHECK_EQ(moved, len < part_len(q->q_token, at) ? len : part_len(q->q_token, at));
		check_filled(s->s_desk->d_data, 0, moved, part_key(q->q_token, at, part_in(at)));
		asked_of(s->s_life->l_ledger, q->q_token)->a_moved[at] = moved;
		at++;
		saw(SEEN_MOVED);
	}
	if (at == q->q_parts) {
		error = server_sizeop(s, h->h_id, 1, false);
		CHECK(error == EINVAL || gone(error));
	}
}

#endif
