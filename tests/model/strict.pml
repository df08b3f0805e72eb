/* SPDX-License-Identifier: MIT */
/*
 * strict.pml: the strict series as a model for Spin.
 *
 * Owns: one bank's word (epoch, next, room), and the order of every step of take, raise, close, switch to another
 * period, clean stop, restart and power loss. Run it with ./run; README.md has the tables.
 *
 * A d_step is one access to shared memory, or one commit, with the local work around it. Whoever can die can die before
 * every d_step. What is checked:
 *   D  a number is handed out once in its period, and belongs to the period it is handed out under
 *   H  a number handed out is below the durable mark of its period
 *   A  words: whenever docketd is at rest, [0, next) is handed out or unknown, and nothing else is     (SETTLED)
 *   P  store: at every state, were the power cut now, the store alone would account for every number   (DURABLE)
 *   B  sound words are never taken for damaged ones by "room, but next >= limit, and the word has not moved"; this holds
 *      only while limits never fall within an epoch, so models with a clean stop leave it out
 *   L  nobody waits for ever (invalid end states)
 */

#ifndef NUMBERS
#define NUMBERS 4               /* in a period; at most 7 */
#endif
#ifndef AHEAD
#define AHEAD 2
#endif
#ifndef PERIODS
#define PERIODS 2
#endif
#ifndef MAX_EPOCH
#define MAX_EPOCH 7
#endif
#ifndef WORKER_DEATHS
#define WORKER_DEATHS 0
#endif
#ifndef DOCKETD_DEATHS
#define DOCKETD_DEATHS 0
#endif
#ifndef POWER_CUTS
#define POWER_CUTS 0
#endif
#ifndef MORTALS
#define MORTALS 1
#endif

#if defined(STOP) && !defined(M_LIMIT_VERDICT)
#define LIMIT_FALLS             /* a clean stop lowers the mark to the position, and the limit with it */
#endif

#define RUN(first, size)  (((1 << (size)) - 1) << (first))
#define IN(set, n)        (((set) >> (n)) & 1)

#define WORD(epoch, next, room) (256 * (epoch) + 16 * (next) + (room))
#define EPOCH(word)       ((word) >> 8)
#define NEXT(word)        (((word) >> 4) & 15)
#define ROOM(word)        ((word) & 15)

/* the table: workers and docketd */
short bank = WORD(1, 0, 0);
/* the board: docketd writes */
byte bank_epoch = 1, bank_label, bank_limit;
bit files = 1;
/* the store: a commit replaces all of it at once */
byte mark[PERIODS], position[PERIODS], unknown[PERIODS], period;        /* period: the one that is open */
/* ghosts */
byte out[PERIODS], flying[2], flying_label[2];
bit resting, clean;
byte worker_deaths = WORKER_DEATHS, docketd_deaths = DOCKETD_DEATHS, power_cuts = POWER_CUTS;
#if POWER_CUTS
bit cut[3];
#define POWERED(who)      (!cut[who])
#else
#define POWERED(who)      true
#endif

#define FLYING(p)         ((flying_label[0] == (p) -> flying[0] : 0) | (flying_label[1] == (p) -> flying[1] : 0))
#define GONE(p)           (out[p] | FLYING(p))
#ifdef M_EPOCH_ON_BOARD
#define SAME_EPOCH        true
#else
#define SAME_EPOCH        (bank_epoch == EPOCH(bank))
#endif
#define SETTLED           (bank_label == period && SAME_EPOCH && \
                           (GONE(bank_label) | unknown[bank_label]) == RUN(0, NEXT(bank)) && \
                           NEXT(bank) + ROOM(bank) <= bank_limit && NEXT(bank) + ROOM(bank) <= mark[bank_label])
/* what is below the position is gone or unknown, nothing above the mark is; a closed period has position = mark */
#define DURABLE(p)        (position[p] <= mark[p] && (RUN(0, position[p]) & ~(GONE(p) | unknown[p])) == 0 && \
                           ((GONE(p) | unknown[p]) & ~RUN(0, mark[p])) == 0 && (p >= period || position[p] == mark[p]))

active proctype auditor()
{
end:
	do
#ifdef NO_AUDIT                 /* see what a caller sees: numbers handed out twice, or above the mark */
	:: false -> skip
#else
	:: d_step { resting && !SETTLED -> assert(false) }
	:: d_step { !DURABLE(0) -> assert(false) }
	:: d_step { !DURABLE(1) -> assert(false) }
#if PERIODS > 2
	:: d_step { !DURABLE(2) -> assert(false) }
#endif
#endif
	od
}

/* ==================================================== a worker ==================================================== */

#if WORKER_DEATHS
#define KILLED \
	:: d_step { worker_deaths > 0 && w < MORTALS && POWERED(w); worker_deaths--; RETURN; \
	   word = 0; epoch = 0; label = 0; } -> goto call;
#else
#define KILLED
#endif
#if POWER_CUTS
#define DARK :: d_step { cut[w]; cut[w] = 0; word = 0; epoch = 0; label = 0; } -> goto call;
#else
#define DARK
#endif
#define RETURN            out[flying_label[w]] = out[flying_label[w]] | flying[w]; flying[w] = 0; flying_label[w] = 0;
#define STEP              if KILLED DARK :: d_step { POWERED(w);
#define END               } fi;
#define AGAIN             word = 0; epoch = 0; label = 0;

active [2] proctype worker()
{
	byte w = _pid - 1, epoch, label;
	short word;

call:
end_call:
	/* no room is a status, not a wait: the caller comes again when there is some */
#ifdef M_LABEL_READ_FIRST
	if KILLED DARK :: d_step { POWERED(w) && files && ROOM(bank); label = bank_label; } fi;
	STEP	epoch = bank_epoch; END
#else
	if KILLED DARK :: d_step { POWERED(w) && files && ROOM(bank); epoch = bank_epoch; } fi;
	STEP	label = bank_label; END
#endif
load:
	STEP	word = bank;
		if
		:: ROOM(word) == 0 -> AGAIN
#ifndef M_NO_EPOCH
#ifdef M_EPOCH_ON_BOARD
		:: ROOM(word) && bank_epoch != epoch -> AGAIN
#else
		:: ROOM(word) && EPOCH(word) != epoch -> AGAIN
#endif
#endif
		:: else -> skip;
		fi; END
	if :: word == 0 -> goto call; :: else fi;
	STEP	if :: NEXT(word) >= bank_limit -> epoch = 0; :: else fi; END
	if
#ifndef LIMIT_FALLS
	:: epoch == 0 ->        /* room above the limit and the word has not moved: damage, where limits never fall */
		STEP	assert(bank != word); AGAIN END
		goto call;
#else
	:: epoch == 0 -> word = 0; label = 0; goto call;
#endif
	:: else
	fi;
	STEP	if
		:: bank == word ->
			bank = WORD(EPOCH(word), NEXT(word) + 1, ROOM(word) - 1);
			assert(NEXT(word) < mark[label]);
			assert(!IN(GONE(label) | unknown[label], NEXT(word)));
			flying[w] = RUN(NEXT(word), 1); flying_label[w] = label;
			AGAIN
		:: else -> word = 0;
		fi; END
	if
	:: epoch == 0 -> skip;
	:: else -> goto load;
	fi;
	STEP	RETURN END
	goto call;
}

#undef KILLED
#undef DARK
#undef STEP
#undef AGAIN

/* ==================================================== docketd ==================================================== */

#define FORGET            resting = 0; word = 0; add = 0; last = 0;
#define DONE              resting = 1; word = 0; add = 0; last = 0;
#if DOCKETD_DEATHS
#define KILLED :: d_step { docketd_deaths > 0 && POWERED(2); docketd_deaths--; FORGET } -> goto start;
#else
#define KILLED
#endif
#if POWER_CUTS
#define DARK   :: d_step { cut[2]; cut[2] = 0; FORGET } -> goto start;
#else
#define DARK
#endif
#define STEP              if KILLED DARK :: d_step { POWERED(2);
#define OP(guard)         :: d_step { POWERED(2) && (guard); resting = 0;

/* the mark goes up; the position goes with it as far as it is known */
inline commit_mark(n)
{
	mark[period] = n;
	if
	:: bank_label == period && NEXT(bank) > position[period] -> position[period] = NEXT(bank);
	:: else -> skip;
	fi;
}

/* position and mark of the open period are exactly n */
inline commit_final(n)
{
	mark[period] = n; position[period] = n;
}

active proctype docketd()
{
	short word;
	byte add;
	bit last;

start:
	/* H: the files are gone */
	if
	KILLED
	DARK
	:: d_step { POWERED(2) && !files; skip; } ->
		STEP	unknown[period] = unknown[period] | RUN(position[period], mark[period] - position[period]);
#ifndef M_UNKNOWN_REUSED
			position[period] = mark[period];
#endif
			END
		STEP	bank = WORD(1, position[period], 0); bank_epoch = 1; bank_label = period;
			bank_limit = position[period]; files = 1; clean = 0; END
	:: d_step { POWERED(2) && files; skip; }
	fi;
	/* F: a switch that was cut short is finished; then the room follows from the mark, whatever was cut */
	if
	:: EPOCH(bank) != bank_epoch -> goto label;
	:: EPOCH(bank) == bank_epoch && bank_label != period -> goto switch;
	:: EPOCH(bank) == bank_epoch && bank_label == period -> goto limit;
	fi;

rest:
end_rest:
	if
	KILLED
	DARK
#ifdef M_MARK_LATE
	OP(mark[period] + AHEAD <= NUMBERS) add = AHEAD; } -> goto limit;
#else
	OP(mark[period] < NUMBERS)
		clean = 0;
		commit_mark((mark[period] + AHEAD > NUMBERS -> NUMBERS : mark[period] + AHEAD)); } -> goto limit;
#endif
	OP(period + 1 < PERIODS) last = 1; } -> goto close;
#ifdef STOP
	OP(true) last = 0; } -> goto close;
#endif
	fi;

	/* ---- raise: commit, limit, room ---- */
limit:
#ifndef M_LIMIT_LATE
	STEP	bank_limit = mark[period] + add; END
#endif
room:
	STEP	word = bank; END
#ifdef M_RAISE_STORE
	STEP	bank = WORD(EPOCH(word), NEXT(word), mark[period] + add - NEXT(word)); END
#else
	STEP	if
		:: bank == word -> bank = WORD(EPOCH(word), NEXT(word), mark[period] + add - NEXT(word)); word = 0;
		:: else
		fi; END
	if :: word != 0 -> goto room; :: else fi;
#endif
#ifdef M_LIMIT_LATE
	STEP	bank_limit = mark[period]; END
#endif
#ifdef M_MARK_LATE
	STEP	mark[period] = mark[period] + add; END
#endif
	STEP	DONE END
	goto rest;

	/* ---- close: room to 0, the position stays in the word ---- */
close:
#ifdef M_XCHG
	STEP	word = bank; bank = WORD(EPOCH(word), 0, 0); END
#else
	STEP	word = bank; END
#ifndef M_STOP_UNCLOSED
	STEP	if
		:: bank == word -> bank = WORD(EPOCH(word), NEXT(word), 0); word = bank;
		:: else -> word = 0;
		fi; END
	if :: word == 0 -> goto close; :: else fi;
#endif
#endif
#ifdef M_SWITCH_EARLY
	if :: last -> STEP bank = WORD(EPOCH(bank) + 1, 0, 0); END :: else fi;
#endif
	STEP	commit_final(NEXT(word));
		if
		:: last -> period++;
		:: else -> clean = 1;
		fi; END
	if
	:: last -> last = 0; goto switch;
	:: else -> skip;
	fi;
end_stopped:
	if
	DARK
	:: d_step { POWERED(2); FORGET } -> goto start;
	fi;

	/* ---- switch: the bank is for another period. Word first: it is what makes an old reader fail. ---- */
switch:
#ifdef M_LABEL_FIRST
	STEP	bank_label = period; bank_limit = 0; END
#endif
#ifdef M_EPOCH_ON_BOARD
	STEP	bank = WORD(1, 0, 0); END
#elif !defined(M_SWITCH_EARLY)
	STEP	bank = WORD(EPOCH(bank) + 1, 0, 0); END
#endif
#ifdef M_LABEL_FIRST
	STEP	bank_epoch = EPOCH(bank); DONE END
	goto rest;
#endif
label:
#ifdef M_LABEL_LATE
	STEP	bank_epoch = EPOCH(bank); END
#endif
#ifndef M_LABEL_LATE
	STEP	bank_label = period; bank_limit = 0; END
#endif
#ifdef M_EPOCH_ON_BOARD
	STEP	bank_epoch = bank_epoch + 1; DONE END
#elif defined(M_LABEL_LATE)
	STEP	bank_limit = 0; END
	STEP	mark[period] = AHEAD; END
	STEP	bank_limit = AHEAD; END
	STEP	bank = bank + AHEAD; END
	STEP	bank_label = period; DONE END
#else
	STEP	bank_epoch = EPOCH(bank); DONE END
#endif
	goto rest;
}

#if POWER_CUTS
active proctype power()
{
end:
	do
	:: d_step {
		power_cuts > 0 && files; power_cuts--;
		/* after a clean stop nothing can become unknown */
		assert(!clean || position[period] == mark[period]);
		out[flying_label[0]] = out[flying_label[0]] | flying[0]; flying[0] = 0; flying_label[0] = 0;
		out[flying_label[1]] = out[flying_label[1]] | flying[1]; flying[1] = 0; flying_label[1] = 0;
		cut[0] = 1; cut[1] = 1; cut[2] = 1; resting = 0; clean = 0;
		files = 0; bank = 0; bank_epoch = 0; bank_label = 0; bank_limit = 0;
	   }
	od
}
#endif
