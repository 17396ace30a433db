/*
 * stress_tally.h: what stress.c needs besides puffs: dice, a count of what happened, and a watchdog.
 *
 * A run that is long enough must have seen each of the things below, so that it cannot become harmless without anybody
 * noticing.
 */
#ifndef STRESS_TALLY_H
#define STRESS_TALLY_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define HAPPENINGS(X) \
	X(PARKED, "parked callers with their answer") \
	X(REFUSAL, "callers with an error of the server's") \
	X(GROWN, "answers longer than the request") \
	X(COMPLETED, "completions with an answer") \
	X(GUESSED, "answers by guess that met a request") \
	X(CALLER_DIED, "callers told ENXIO") \
	X(COMPLETION_DIED, "completions told ENXIO") \
	X(SIGNALLED, "callers told EINTR") \
	X(INTERRUPTED, "completions told EINTR") \
	X(TIMEDOUT, "deadlines that passed") \
	X(NOPLACE, "requests refused for want of a place") \
	X(TAKEN, "ids that were taken") \
	X(REFUSED, "requests refused at the door") \
	X(BROKEN, "callers told EPROTO") \
	X(POOR, "callers told ENOMEM") \
	X(FAF, "requests without an answer") \
	X(FAF_REFUSED, "requests without an answer, refused") \
	X(FETCHED, "requests fetched") \
	X(SHORT, "fetches into a buffer that is too small") \
	X(AUX_FAULT, "fetches into a buffer out of reach") \
	X(HEADER_FAULT, "fetches into a header out of reach") \
	X(HEADER_READONLY, "fetches into a header that cannot be written") \
	X(FETCH_SIGNALLED, "getters that a signal woke") \
	X(FETCH_EMPTY, "fetches that found nothing") \
	X(FETCH_UNBOUND, "fetches with nothing mounted, or on a closed descriptor") \
	X(FETCH_DEAD, "fetches from a dead mount") \
	X(POLLED, "servers that came back from poll") \
	X(LATE, "answers that came late") \
	X(TWICE, "second answers") \
	X(FORGOTTEN, "requests never answered") \
	X(WRONG, "answers of the wrong class, type or result") \
	X(TOOLONG, "answers longer than the request's buffer") \
	X(BEYOND, "answers longer than any may be") \
	X(AWAY, "answers out of reach") \
	X(ANSWER_DEAD, "answers to a dead mount") \
	X(MOVED, "buffers moved beside a request") \
	X(MOVE_FAULT, "moves that failed at a copy") \
	X(MOVE_DENIED, "moves with nobody to move for") \
	X(PARTS_MOVED, "sets of buffers that were all moved") \
	X(PARTS_LEFT, "sets of buffers that were not all moved") \
	X(BATCH_ANSWERED, "answers in a batch") \
	X(BATCH_FETCHED, "batches that fetched several") \
	X(BATCH_FAULT, "batches that failed at the first fetch") \
	X(UNSTARTED, "mounts that died before they started") \
	X(DRAINED, "mounts that ended empty") \
	X(CLOSED, "mounts whose device was closed") \
	X(UNMOUNTED, "mounts that were unmounted") \
	X(KILLED, "mounts that were declared dead") \
	X(DONE_KILLED, "mounts that a completion declared dead") \
	X(THRICE, "mounts closed, unmounted and declared dead at once") \
	X(HANDED_OVER, "mounts bound to another instance") \
	X(FORCED, "hosts asked to unmount") \
	X(LOGGED, "lines for the administrator") \
	X(EMBRYO, "instances closed without a mount")

enum seen {
#define X(name, text) SEEN_##name,
	HAPPENINGS(X)
#undef X
	NSEEN
};

static const char *const seen_texts[NSEEN] = {
#define X(name, text) text,
	HAPPENINGS(X)
#undef X
};

static atomic_long seen_counts[NSEEN];

static void
saw(enum seen what)
{

	atomic_fetch_add(&seen_counts[what], 1);
}

static void
tally_report(void)
{
	int i;

	for (i = 0; i < NSEEN; i++)
		printf("%9ld %s\n", atomic_load(&seen_counts[i]), seen_texts[i]);
	fflush(stdout);
}

/* What never happened, or NULL. */
static const char *
tally_missing(void)
{
	int i;

	for (i = 0; i < NSEEN; i++) {
		if (atomic_load(&seen_counts[i]) == 0)
			return seen_texts[i];
	}
	return NULL;
}

/* Dice. A thread makes its choices with those that it was given; `noise` is for what depends on the weather anyway. */
static _Thread_local uint64_t noise = 1;

static uint64_t
dice_next(uint64_t *dice)
{

	*dice ^= *dice << 13;
	*dice ^= *dice >> 7;
	*dice ^= *dice << 17;
	return *dice * 0x2545f4914f6cdd1d;
}

/* A number below `sides`. */
static unsigned
roll(uint64_t *dice, unsigned sides)
{

	return (unsigned)((dice_next(dice) >> 33) % sides);
}

/* New dice from these. */
static uint64_t
dice_fork(uint64_t *dice)
{

	return dice_next(dice) | 1;
}

/* Sleeps up to so many microseconds. */
static void
nap(uint64_t *dice, unsigned most)
{
	struct timespec ts = { 0, (long)roll(dice, most) * 1000 };

	nanosleep(&ts, NULL);
}

/* Lets others run, now and then. */
static void
dawdle(void)
{
	unsigned turns = roll(&noise, 4) == 0 ? roll(&noise, 8) : 0;

	while (turns-- > 0)
		sched_yield();
}

/* A number of the environment's, or another. */
static uint64_t
env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t number;
	char *end;

	if (text == NULL)
		return otherwise;
	number = strtoull(text, &end, 10);
	CHECK(*text != '\0' && *end == '\0');
	return number;
}

/* What every thread is doing, for the case that it is still doing that after a minute. */
#define NPOSTS 64
#define PATIENCE 60

static struct post {
	_Atomic(const char *) p_doing;
	atomic_llong p_with;
} posts[NPOSTS];
static atomic_int posts_taken;
static _Thread_local struct post *here;
static atomic_long progress;
static atomic_bool watched_out;

static void
doing(const char *what, long long with)
{

	if (here == NULL)
		here = &posts[(unsigned)atomic_fetch_add(&posts_taken, 1) % NPOSTS];
	atomic_store(&here->p_with, with);
	atomic_store(&here->p_doing, what);
}

static void *
watchdog_main(void *arg)
{
	struct timespec ts = { 0, 100000000 };
	void (*describe)(void) = *(void (**)(void))arg;
	long seen = -1, now;
	int ticks = 0, i;

	while (!atomic_load(&watched_out)) {
		nanosleep(&ts, NULL);
		if ((now = atomic_load(&progress)) != seen) {
			seen = now;
			ticks = 0;
		} else if (++ticks >= PATIENCE * 10) {
			fprintf(stderr, "no request has ended for %d seconds\n", PATIENCE);
			for (i = 0; i < NPOSTS; i++) {
				if (atomic_load(&posts[i].p_doing) != NULL)
					fprintf(stderr, "%s (%lld)\n", atomic_load(&posts[i].p_doing),
					    (long long)atomic_load(&posts[i].p_with));
			}
			describe();
			tally_report();
			_exit(1);
		}
	}
	return NULL;
}

#endif
