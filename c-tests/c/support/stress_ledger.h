/*
 * stress_ledger.h: what became of each request and of each answer of one mount, and the rules that hold at its end.
 *
 * A request has a token, an answer a serial, both in their bodies, which are filled to the last byte with what only they
 * have. Who sends and who serves writes down what it saw; ledger_close compares.
 */
#ifndef STRESS_LEDGER_H
#define STRESS_LEDGER_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

/* A request's body; then filling. */
struct question {
	uint64_t q_token;
	uint32_t q_room;		/* length of its buffer */
	bool q_grow;			/* the answer may be longer */
	bool q_shared;			/* the id is one that several use: an answer may meet another request than was meant */
	bool q_faf;
	uint8_t q_parts;		/* buffers beside it */
};

/* An answer's; then filling. */
struct reply {
	uint64_t r_serial;
	uint64_t r_token;		/* the request's; 0: whichever has this id */
	int32_t r_rv;
	uint32_t r_len;
};

/* The shortest request, in which any answer but a longer one has room. */
#define SHORTEST 32

/* The server's errors: none that puffs has. */
#define RV_FIRST 40
#define RV_LAST 64

#define NTOKENS 16384

/* Buffers beside a request, and the largest. */
#define NPARTS 4
#define LARGEST 400

struct ledger {
	atomic_ulong l_tokens;
	atomic_ulong l_serials;
	atomic_long l_unfetched;	/* sent without an answer wanted, and not fetched */
	atomic_bool l_guessed;
	struct asked {
		bool a_faf;
		bool a_shared;
		atomic_int a_fetched;
		atomic_bool a_broken;		/* a server answered it against the rules */
		atomic_int a_ended;
		atomic_int a_outcome;
		atomic_ulong a_answer;		/* the serial that was taken for it */
		atomic_size_t a_moved[NPARTS];	/* what servers moved */
		atomic_size_t a_seen[NPARTS];	/* and what came */
	} l_asked[NTOKENS];
	struct given {
		int g_rv;
		atomic_int g_puts;
		atomic_int g_said;		/* what PUTOP said */
		atomic_int g_received;		/* callers that got it */
		atomic_int g_late;		/* the late hook got it */
	} l_given[NTOKENS * 4];
};

static unsigned char
filling(uint64_t key, size_t at)
{

	return (unsigned char)(((key + at / 8) * 0x9e3779b97f4a7c15) >> (at % 8 * 8));
}

static void
fill(void *bytes, size_t from, size_t len, uint64_t key)
{

	for (; from < len; from++)
		((unsigned char *)bytes)[from] = filling(key, from);
}

static void
check_filled(const void *bytes, size_t from, size_t len, uint64_t key)
{

	for (; from < len; from++)
		CHECK_EQ(((const unsigned char *)bytes)[from], filling(key, from));
}

static struct asked *
asked_of(struct ledger *l, uint64_t token)
{

	CHECK(token > 0 && token < NTOKENS);
	return &l->l_asked[token];
}

static struct given *
given_of(struct ledger *l, uint64_t serial)
{

	CHECK(serial > 0 && serial < NTOKENS * 4);
	return &l->l_given[serial];
}

/* A request is about to be sent. False: the book is full. */
static bool
ledger_ask(struct ledger *l, struct question *q)
{
	unsigned long token = atomic_fetch_add(&l->l_tokens, 1) + 1;
	struct asked *a;

	if (token >= NTOKENS)
		return false;
	q->q_token = token;
	a = asked_of(l, token);
	a->a_faf = q->q_faf;
	a->a_shared = q->q_shared;
	return true;
}

/* Its whole body. */
static void
question_write(const struct question *q, void *body)
{

	memcpy(body, q, sizeof(*q));
	fill(body, sizeof(*q), q->q_room, q->q_token);
}

/* A server has it, in the first `len` bytes of its body. */
static void
ledger_fetched(struct ledger *l, const void *body, size_t len, struct question *q)
{

	CHECK(len >= SHORTEST);
	memcpy(q, body, sizeof(*q));
	check_filled(body, sizeof(*q), len, q->q_token);
	atomic_fetch_add(&asked_of(l, q->q_token)->a_fetched, 1);
	if (q->q_faf)
		atomic_fetch_sub(&l->l_unfetched, 1);
}

/* It ended for its sender: 0, or an errno value. */
static void
ledger_ended(struct ledger *l, const struct question *q, int outcome)
{
	struct asked *a = asked_of(l, q->q_token);

	atomic_store(&a->a_outcome, outcome);
	atomic_fetch_add(&a->a_ended, 1);
	if (q->q_faf && outcome == 0)
		atomic_fetch_add(&l->l_unfetched, 1);
}

/* An answer is about to be given. Its length is `len`, and it goes to `body` as far as `room` allows. */
static uint64_t
ledger_give(struct ledger *l, uint64_t token, int rv, void *body, size_t len, size_t room)
{
	struct reply r = { .r_token = token, .r_rv = rv, .r_len = (uint32_t)len };

	r.r_serial = atomic_fetch_add(&l->l_serials, 1) + 1;
	given_of(l, r.r_serial)->g_rv = rv;
	memcpy(body, &r, sizeof(r));
	fill(body, sizeof(r), len < room ? len : room, r.r_serial);
	return r.r_serial;
}

/* What PUTOP said to it. */
static void
ledger_put(struct ledger *l, uint64_t token, uint64_t serial, int said)
{
	struct given *g = given_of(l, serial);

	atomic_store(&g->g_said, said);
	atomic_fetch_add(&g->g_puts, 1);
	if (said == 0 && token != 0)
		atomic_store(&asked_of(l, token)->a_answer, serial);
}

/* Looks at an answer, of which the first `len` bytes are there. */
static struct reply
reply_read(const void *body, size_t len)
{
	struct reply r;

	CHECK(len >= sizeof(r));
	memcpy(&r, body, sizeof(r));
	CHECK(r.r_len <= len);
	check_filled(body, sizeof(r), r.r_len, r.r_serial);
	return r;
}

/* The rules. `drained`: the mount was empty before it ended. */
static void
ledger_close(struct ledger *l, bool drained)
{
	unsigned long i, most;
	unsigned at;
	struct asked *a;
	struct given *g;
	int outcome, said;

	most = atomic_load(&l->l_tokens);
	for (i = 1; i <= most && i < NTOKENS; i++) {
		a = &l->l_asked[i];
		outcome = atomic_load(&a->a_outcome);
		CHECK_EQ(atomic_load(&a->a_ended), 1);
		CHECK(atomic_load(&a->a_fetched) <= 1);
		for (at = 0; at < NPARTS; at++)
			CHECK_EQ(atomic_load(&a->a_moved[at]), atomic_load(&a->a_seen[at]));
		if (a->a_faf) {
			CHECK(outcome == 0 || atomic_load(&a->a_fetched) == 0);
			CHECK(outcome != 0 || !drained || atomic_load(&a->a_fetched) == 1);
		} else if (outcome >= RV_FIRST && outcome <= RV_LAST) {
			/* The error came alone; it is that of the answer that was taken. */
			g = given_of(l, atomic_load(&a->a_answer));
			CHECK_EQ(g->g_rv, outcome);
			atomic_fetch_add(&g->g_received, 1);
		} else if (outcome == EAGAIN || outcome == EEXIST)
			CHECK_EQ(atomic_load(&a->a_fetched), 0);
		else if (outcome == EPROTO || outcome == ENOMEM)
			CHECK(atomic_load(&a->a_broken) || a->a_shared || atomic_load(&l->l_guessed));
	}
	most = atomic_load(&l->l_serials);
	for (i = 1; i <= most; i++) {
		g = given_of(l, i);
		said = atomic_load(&g->g_said);
		CHECK_EQ(atomic_load(&g->g_puts), 1);
		CHECK_EQ(atomic_load(&g->g_received), said == 0);
		CHECK_EQ(atomic_load(&g->g_late), said == ECANCELED);
	}
}

#endif
