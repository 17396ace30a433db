/*
 * Hand-over and death, as a model for the checker spin: what the models of loom cannot say, since loom knows no
 * "eventually". No caller sleeps for ever once the server answers everything or is dead, an arrival is fetched as
 * long as one getter is patient, a place given back reaches the line, and death reaches every getter.
 *
 * An atomic block is one locked section of puffs-core/src/queue; the comment before it names the function. What
 * After::run does once the lock is free is part of the block: whoever it wakes may be as slow as it likes anyway. An
 * event is a sticky token; each sleep begins without one, as each Waiter does.
 *
 * Callers call any number of times and may stop, so that no later arrival has to make up for a lost wake-up. Getters
 * answer what they fetch until the mount is dead. The rest is up to whoever runs the checker (mk/spin-check.sh):
 *
 *	LEAVING_GETTER	getter 1 leaves as often as it likes: out of its sleep, and with a buffer that is too small
 *	LEAVING_CALLER	caller 1 leaves as often as it likes
 *	FAULT		a copy of getter 1 to the server may fault, of a body or of a header, and it never comes back
 *	STUCK		a copy of getter 1 may hang for ever once the mount is dead
 *	DEATH		the mount dies at some time, or never
 *	CALLERS, GETTERS, PLACES
 *
 * Left out, since they end in a bounded number of steps, and loom tries them: FAF, completions, guessed ids, pollers, PUFFSWAKE.
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef GETTERS
#define GETTERS 2
#endif
#ifndef PLACES
#define PLACES 2
#endif
#ifdef LEAVING_GETTER
#define GETTER_LEAVES (me == 1)
#else
#define GETTER_LEAVES false
#endif
#ifdef LEAVING_CALLER
#define CALLER_LEAVES (me == 1)
#else
#define CALLER_LEAVES false
#endif
#ifdef FAULT
#define FAULTS (me == 1)
#else
#define FAULTS false
#endif
#ifdef STUCK
#define STICKS (me == 1)
#else
#define STICKS false
#endif

mtype:phase = { out, queued, copying_out, awaiting, abandoned, copying_in, done };
mtype:mark = { present, gone, dead, dead_and_gone };

bool dying;				/* Status::Dying */
mtype:phase phase[CALLERS] = out;	/* Request::phase of what this caller sent; out: it sent nothing */
mtype:mark mark[CALLERS] = present;	/* Caller, while it is copied */
byte used;				/* Bounds::requests */
bool granted[CALLERS];			/* Sleeper::granted */
bool woken[CALLERS];			/* the token of a caller: parked, or in line */
bool called[GETTERS];			/* the token of a getter */

chan touser = [CALLERS] of { byte };
chan line = [CALLERS] of { byte };	/* State::waiting */
chan getters = [GETTERS] of { byte };

bool inside[CALLERS];			/* within Mount::call */
bool in_line[CALLERS];			/* and there in Mount::wait_for_room */
bool serving[GETTERS];			/* until it is told that the mount is dead, or is lost otherwise */

#define OUT(i) (!inside[i] && phase[i] == out)
#if CALLERS == 3
#define ALL_OUT (OUT(0) && OUT(1) && OUT(2))
#else
#define ALL_OUT (OUT(0) && OUT(1))
#endif

hidden byte other;			/* scratch of one block */
hidden byte behind;
hidden byte leaves;

/* State::wake_getter */
inline wake_getter()
{
	if
	:: !dying && len(touser) > 0 && len(getters) > 0 -> getters?other; called[other] = true
	:: else
	fi
}

/* State::arrive */
inline arrive(request)
{
	phase[request] = queued;
	touser!request;
	wake_getter()
}

/* State::arrive, of one that comes back: it goes to the head. */
inline arrive_back(request)
{
	phase[request] = queued;
	touser!request;
	behind = len(touser) - 1;
	do
	:: behind > 0 -> touser?other; touser!other; behind--
	:: else -> break
	od;
	wake_getter()
}

/* State::grant */
inline grant()
{
	if
	:: !dying && len(line) > 0 && used < PLACES ->
		line?other;
		used++;
		granted[other] = true;
		woken[other] = true
	:: else
	fi
}

/* State::free */
inline free(request)
{
	phase[request] = out;
	mark[request] = present;
	used--;
	grant()
}

/* State::end */
inline end(request)
{
	phase[request] = done;
	mark[request] = present;
	woken[request] = true;
	used--;
	grant()
}

/* A caller wakes up, or leaves. */
inline wake_up_or_leave()
{
	if
	:: woken[me] -> woken[me] = false; leaves = false
	:: CALLER_LEAVES -> leaves = true
	fi
}

proctype caller(byte me)
{
	bool charged;

	do
	:: inside[me] = true;
enter:		/* Mount::enter, and Mount::wait_for_room as far as it looks */
		atomic {
			woken[me] = false;
			if
			:: dying ->
				if
				:: charged -> charged = false; used--	/* Mount::leave_room */
				:: else
				fi;
				goto left
			:: !dying && (charged || (len(line) == 0 && used < PLACES)) ->
				if
				:: charged -> charged = false
				:: else -> used++
				fi;
				arrive(me);
				goto parked
			:: else ->
				line!me;
				in_line[me] = true
			fi
		};
waits:		/* Mount::leave_line */
		atomic {
			wake_up_or_leave();
			if
			:: !dying && !granted[me] && !leaves -> goto waits
			:: !dying && !granted[me] && leaves -> line??eval(me); grant()
			:: !dying && granted[me] -> charged = true; grant()
			:: dying && !granted[me] ->
				if
				:: line??[eval(me)] -> line??eval(me)
				:: else
				fi
			:: dying && granted[me] -> used--
			fi;
			granted[me] = false;
			in_line[me] = false;
			if
			:: charged -> goto enter
			:: else -> goto left
			fi
		};
parked:		/* Mount::park */
		atomic {
			wake_up_or_leave();
			if
			:: phase[me] == done -> phase[me] = out
			:: phase[me] != done && mark[me] == dead -> mark[me] = dead_and_gone
			:: phase[me] != done && mark[me] != dead && !leaves -> goto parked
			/* State::leave */
			:: phase[me] == queued && leaves -> touser??eval(me); free(me)
			:: phase[me] == awaiting && leaves -> phase[me] = abandoned
			:: (phase[me] == copying_out || phase[me] == copying_in) && mark[me] == present && leaves ->
				mark[me] = gone
			fi
		};
left:		inside[me] = false;
		/* The model has one request for each caller: what this one left behind ends first. */
		phase[me] == out
	:: break
	od
}

proctype getter(byte me)
{
	byte r;

	do
	:: 	/* Mount::try_fetch, State::take */
		atomic {
			if
			:: dying -> break
			:: !dying && len(touser) > 0 ->
				touser?r;
				phase[r] = copying_out;
				goto copies
			:: !dying && len(touser) > 0 && GETTER_LEAVES -> goto leaves_without
			:: !dying && len(touser) == 0 ->
				called[me] = false;
				getters!me
			fi
		};
		/* State::awake */
		atomic {
			if
			:: called[me] -> called[me] = false; goto next
			:: GETTER_LEAVES ->
				if
				:: getters??[eval(me)] -> getters??eval(me)
				:: else
				fi
			fi
		};
leaves_without:	/* Mount::pass_on */
		atomic {
			wake_getter();
			goto next
		};
copies:		/* State::copied_out */
		atomic {
			if
			:: mark[r] == gone -> free(r); goto next	/* the next one, please */
			:: mark[r] == gone && FAULTS -> free(r); wake_getter(); break
			:: mark[r] == dead -> end(r); break
			:: mark[r] == dead_and_gone -> free(r); break
			:: mark[r] == present && FAULTS -> arrive_back(r); break
			:: dying && STICKS -> goto sticks
			:: mark[r] == present -> phase[r] = awaiting
			fi
		};
		/* Mount::take_back, or State::accept */
		atomic {
			if
			:: FAULTS ->
				if
				:: !dying && phase[r] == awaiting -> arrive_back(r)
				:: !dying && phase[r] == abandoned -> free(r)
				:: dying
				fi;
				break
			:: dying -> break
			:: !dying && phase[r] == awaiting -> phase[r] = copying_in
			:: !dying && phase[r] == abandoned -> phase[r] = copying_in; mark[r] = gone
			fi
		};
		/* State::copied_in */
		atomic {
			if
			:: mark[r] == present || mark[r] == dead -> end(r)
			:: mark[r] == gone || mark[r] == dead_and_gone -> free(r)
			:: dying && STICKS -> goto sticks
			fi
		};
next:		r = 0
	od;
	serving[me] = false;
	goto ended;
sticks:	serving[me] = false;
	false;
ended:	skip
}

/* Mount::die */
proctype death()
{
	bool more;

	dying = true;
	do
	:: 	/* State::kill_some, State::kill */
		atomic {
			more = false;
			if
			:: len(touser) > 0 -> touser?other; end(other); more = true
			:: else ->
				other = 0;
				do
				:: other == CALLERS -> break
				:: other < CALLERS && phase[other] == awaiting -> end(other); more = true; break
				:: other < CALLERS && phase[other] == abandoned -> free(other); more = true; break
				:: other < CALLERS && (phase[other] == copying_out || phase[other] == copying_in) && mark[other] == present ->
					mark[other] = dead;	/* State::kill_copying */
					woken[other] = true;
					more = true;
					break
				:: other < CALLERS && mark[other] == gone -> mark[other] = dead_and_gone; more = true; break
				:: else -> other++
				od
			fi;
			if
			:: len(getters) > 0 -> getters?other; called[other] = true; more = true
			:: else
			fi;
			if
			:: len(line) > 0 -> line?other; woken[other] = true; more = true
			:: else
			fi;
			if
			:: more
			:: !more -> break
			fi
		}
	od
}

init {
	byte n;

	atomic {
		for (n : 0 .. CALLERS - 1) { run caller(n) };
		for (n : 0 .. GETTERS - 1) { serving[n] = true; run getter(n) };
#ifdef DEATH
		if
		:: run death()
		:: true
		fi;
#endif
		n = 0
	}
}

/* Caller 0 is patient, and its calls end. */
ltl every_call_ends { [] (inside[0] -> <> !inside[0]) }
/* Caller 0 may wait in line, but gets its place or its ENXIO. */
ltl a_place_reaches_the_line { [] (in_line[0] -> <> !in_line[0]) }
/* Getter 0 is patient, so what arrives is fetched. */
ltl an_arrival_is_fetched { [] (phase[0] == queued -> <> (phase[0] != queued)) }
ltl death_reaches_every_getter { [] (dying -> <> !(serving[0] || serving[GETTERS - 1])) }
/* No place is given twice, and none is lost. */
ltl places_add_up { [] (used <= PLACES && (ALL_OUT -> used == 0)) }
