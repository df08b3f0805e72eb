/* SPDX-License-Identifier: MIT */
/*
 * leased.pml: the leased series, kept form, as a model for Spin.
 *
 * Owns: the order of every step by which a number goes from the mark to a caller and home again: raise, lay, claim,
 * hand out, give back, reap, take back, stop, restart, power loss. Run it with ./run; README.md says what each step is
 * called in the source, what each mutant (-DM_...) leaves out, and what is not modelled.
 *
 * A d_step is one access to shared memory, or one commit, with the local work around it. Whoever can die can die before
 * every d_step. What is checked:
 *   D  a number is handed out once                               (assertions at PUBLISH and HAND_OUT)
 *   H  a number handed out is below the durable mark             (the same)
 *   A  words: whenever docketd is at rest, the words give each number below the mark exactly one fate   (SETTLED)
 *   P  store: at every state, were the power cut now, the store alone would account for every number    (DURABLE)
 *   L  no worker waits for docketd for ever                      (invalid end states: labels without "end")
 */

/* ---- bounds, all of them -D switches of ./run ---- */
#ifndef NUMBERS
#define NUMBERS 4               /* at most 7: a set of numbers is one byte */
#endif
#ifndef AHEAD
#define AHEAD 2                 /* a raise moves the mark by so many */
#endif
#ifndef MAX_SIZE
#define MAX_SIZE 2              /* blocks of 1 to 3 numbers */
#endif
#ifndef MAX_SEQ
#define MAX_SEQ 3               /* blocks laid in one place; at most 7 */
#endif
#ifndef MAX_K
#define MAX_K 3                 /* leases of one line in one life; at most 7 */
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
#define MORTALS 1               /* workers that may die; the two are alike, so 1 with one death is all there is */
#endif
/* switches: GIVE_BACK, TAKE_BACK, STOP */

/* ---- sets of numbers ---- */
#define RUN(first, size)  (((1 << (size)) - 1) << (first))
#define IN(set, n)        (((set) >> (n)) & 1)
#define MAX(a, b)         ((a) > (b) -> (a) : (b))
#define LOWEST(set)       (IN(set,0) -> 0 : (IN(set,1) -> 1 : (IN(set,2) -> 2 : (IN(set,3) -> 3 : \
                          (IN(set,4) -> 4 : (IN(set,5) -> 5 : 6))))))

/* ---- the claim word: EMPTY(seq) FREE(seq) OWNED(line, k, low bit of seq) TAKEN(seq) ---- */
#define EMPTY(seq)        (seq)
#define FREE(seq)         (512 + (seq))
#define OWNED(line, k, seq) (1024 + 256 * (line) + 16 * (k) + ((seq) & 1))
#define TAKEN(seq)        (1536 + (seq))
#define STATE(word)       ((word) >> 9)
#define LINE(word)        (((word) >> 8) & 1)
#define LEASE(word)       (((word) >> 4) & 15)
#define SEQ(word)         ((word) & 15)
#define IS_EMPTY(p)       (STATE(claim[p]) == 0)
#define IS_FREE(p)        (STATE(claim[p]) == 1)
#define IS_OWNED(p)       (STATE(claim[p]) == 2)
#define IS_TAKEN(p)       (STATE(claim[p]) == 3)
#define OWNED_BY(p, line) (IS_OWNED(p) && LINE(claim[p]) == (line))
#define IS_LEASE(p, line, k) ((claim[p] >> 4) == (OWNED(line, k, 0) >> 4))

/* ---- the cursor of a line ---- */
#define CURSOR(k, off, stop) (16 * (k) + 2 * (off) + (stop))
#define C_K(cursor)       ((cursor) >> 4)
#define C_OFF(cursor)     (((cursor) >> 1) & 7)
#define C_STOP(cursor)    ((cursor) & 1)

/* the table: workers and docketd */
short claim[2];
byte cursor[2];
/* the board: docketd writes */
byte board_seq[2], board_first[2], board_size[2], board_next;
bit seat[2] = 1;                /* 1: somebody's place at the desk */
bit alive[2] = 1;               /* the kernel's lock on the seat file is held by the worker */
bit files = 1;                  /* the shared files are there and marked ready */
/* the store: a commit replaces all of it at once */
byte mark = AHEAD, image_next, image_spares, image_unknown;
byte closed_seq[2], record_seq[2], record_rest[2];  /* rest: [first + off, first + size) */
/* docketd's own memory, gone when it dies */
byte spares;
bit resting;                    /* docketd is between two operations */
/* ghosts */
byte out, flying[2];            /* returned (or in flight at its caller's death); published only */
#ifdef STOP
bit clean;                      /* nothing but open leases has moved since a clean stop */
#define CLEAN(yes)        clean = yes
#else
#define CLEAN(yes)        skip
#endif
byte worker_deaths = WORKER_DEATHS, docketd_deaths = DOCKETD_DEATHS, power_cuts = POWER_CUTS;
#if POWER_CUTS
bit cut[3];
#define POWERED(who)      (!cut[who])
#else
#define POWERED(who)      true
#endif

/* ---- what the words say of place p ---- */
#define C_OF(p)           cursor[LINE(claim[p])]
#ifdef M_IDONLY
#define LATER(p)          false
#define SAME(p)           (C_K(C_OF(p)) > 0)
#else
#define LATER(p)          (C_K(C_OF(p)) > LEASE(claim[p]))
#define SAME(p)           (C_K(C_OF(p)) == LEASE(claim[p]))
#endif
#define USED_UP(p)        (LATER(p) || (SAME(p) && C_OFF(C_OF(p)) >= board_size[p]))
#define STOPPED(p)        (!USED_UP(p) && SAME(p) && C_STOP(C_OF(p)))
#define OPEN_REST(p)      (USED_UP(p) -> 0 : \
                          (SAME(p) -> RUN(board_first[p] + C_OFF(C_OF(p)), board_size[p] - C_OFF(C_OF(p))) : \
                                      RUN(board_first[p], board_size[p])))
#ifdef CLOSED_EVERYWHERE        /* every judgement asks closed_seq, not the restart alone: see README.md */
#define SETTLED_ALREADY(p) (board_seq[p] <= closed_seq[p])
#else
#define SETTLED_ALREADY(p) false
#endif
#define REST(p)           (IS_EMPTY(p) || SETTLED_ALREADY(p) -> 0 : \
                          (IS_OWNED(p) -> OPEN_REST(p) : RUN(board_first[p], board_size[p])))
#ifdef M_SEQ_RESTART
#define NEW_SEQ(p)        (1 + SEQ(claim[p]))
#else
#define NEW_SEQ(p)        (1 + MAX(SEQ(claim[p]), MAX(record_seq[p], closed_seq[p])))
#endif

/* ---- A and P ---- */
#define GONE              (out | flying[0] | flying[1])
#define FRESH             RUN(board_next, mark - board_next)
#define HOME              (spares | REST(0) | REST(1) | FRESH)
#define SETTLED           ((spares & (REST(0) | REST(1) | FRESH)) == 0 && (REST(0) & (REST(1) | FRESH)) == 0 && \
                           (REST(1) & FRESH) == 0 && (HOME & image_unknown) == 0 && (HOME & GONE) == 0 && \
                           (HOME | image_unknown | GONE) == RUN(0, mark))
#define DOUBT             (record_rest[0] | record_rest[1] | RUN(image_next, mark - image_next))
#define DURABLE           (image_next <= mark && (image_spares & (DOUBT | GONE)) == 0 && \
                           ((image_spares | DOUBT) & image_unknown) == 0 && (record_rest[0] & record_rest[1]) == 0 && \
                           (image_spares | DOUBT | image_unknown | GONE) == RUN(0, mark))

active proctype auditor()
{
end:
	do
#ifdef NO_AUDIT                 /* see what a caller sees: numbers handed out twice, or above the mark */
	:: false -> skip
#else
	:: d_step { resting && !SETTLED -> assert(false) }
	:: d_step { !DURABLE -> assert(false) }
#endif
	od
}

/* ================================================ a worker, one line ================================================ */

#if WORKER_DEATHS
#define KILLED \
	:: d_step { worker_deaths > 0 && w < MORTALS && POWERED(w); worker_deaths--; \
	   assert((out & flying[w]) == 0); out = out | flying[w]; flying[w] = 0; alive[w] = 0; \
	   p = 0; word = 0; first = 0; size = 0; k = 0; off = 0; } -> goto attach;
#else
#define KILLED
#endif
#if POWER_CUTS
#define DARK \
	:: d_step { cut[w]; cut[w] = 0; p = 0; word = 0; first = 0; size = 0; k = 0; off = 0; } -> goto attach;
#else
#define DARK
#endif
#define STEP_IF(guard)    if KILLED DARK :: d_step { POWERED(w) && (guard);
#define STEP              STEP_IF(true)
#define END               } fi;

inline publish()                /* the cursor moves past the number */
{
	cursor[w] = CURSOR(k, off + 1, 0);
}

inline take()                   /* ghost: the number is this worker's from here on */
{
	assert(first + off < mark);
	assert(!IN(out | image_unknown | flying[1 - w], first + off));
	flying[w] = RUN(first + off, 1);
}

inline hand_out()               /* the call returns */
{
	assert((out & flying[w]) == 0);
	out = out | flying[w]; flying[w] = 0;
	off++;
}

active [2] proctype worker()
{
	byte w = _pid - 1, p, first, size, k, off;
	short word;

attach:
end_attach:
	if
	DARK
	:: d_step { POWERED(w) && alive[w]; skip; }
	fi;

need:
end_need:
	if
	KILLED
	DARK
#ifdef M_READ_BEFORE_LOAD
	:: d_step { POWERED(w) && k < MAX_K; p = 0; first = board_first[0]; size = board_size[0]; }
	:: d_step { POWERED(w) && k < MAX_K; p = 1; first = board_first[1]; size = board_size[1]; }
#else
	:: d_step { POWERED(w) && k < MAX_K && IS_FREE(0); p = 0; word = claim[0]; }
	:: d_step { POWERED(w) && k < MAX_K && IS_FREE(1); p = 1; word = claim[1]; }
#endif
	fi;
#ifdef M_READ_BEFORE_LOAD
	STEP	word = (IS_FREE(p) -> claim[p] : 0);
		if :: word == 0 -> p = 0; first = 0; size = 0; :: else fi; END
	if :: word == 0 -> goto need; :: else fi;
#elif !defined(M_BOARD_AFTER_CAS)
#ifdef SPLIT_READ
	STEP	first = board_first[p]; END
	STEP	size = board_size[p]; END
#else
	/* one step: a mixed pair needs a lay in between, and then the compare-and-swap fails like any late one */
	STEP	first = board_first[p]; size = board_size[p]; END
#endif
#endif
	STEP
#ifdef M_ABA
		if :: IS_FREE(p) -> word = claim[p]; :: else fi;
#endif
		if
		:: claim[p] == word -> k++; claim[p] = OWNED(w, k, SEQ(word)); word = 1;
		:: else -> word = 0; p = 0; first = 0; size = 0;
		fi; END
	if
	:: word == 0 -> goto need;
	:: else -> word = 0;
	fi;
#ifdef M_BOARD_AFTER_CAS
	STEP	first = board_first[p]; END
	STEP	size = board_size[p]; END
#endif

lease:
	if
	KILLED
	DARK
#ifdef M_PUBLISH_LATE
	:: d_step { POWERED(w) && off < size; take(); hand_out(); } ->
		STEP	off--; publish(); off++; END
		goto lease;
#else
	:: d_step { POWERED(w) && off < size; publish(); take(); } ->
		STEP	hand_out(); END
		goto lease;
#endif
#ifdef GIVE_BACK
	:: d_step { POWERED(w); cursor[w] = CURSOR(k, off, 1); first = 0; size = 0; off = 0; } ->
#ifndef M_REUSE_NOACK
		/* the claim word is the acknowledgement */
		STEP_IF(!IS_LEASE(p, w, k)) p = 0; END
#endif
		p = 0; goto need;
#endif
	:: d_step { POWERED(w) && off == size; p = 0; first = 0; size = 0; off = 0; } -> goto need;
	fi;
}

#undef KILLED
#undef DARK
#undef STEP_IF
#undef STEP

/* ==================================================== docketd ==================================================== */

#define FORGET            resting = 0; spares = 0; p = 0; w = 0; seq = 0; first = 0; size = 0; fresh = 0; more = 0;
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
#define STEP_IF(guard)    if KILLED DARK :: d_step { POWERED(2) && (guard);
#define STEP              STEP_IF(true)
#define OP(guard)         :: d_step { POWERED(2) && (guard); resting = 0;
#define DONE              resting = 1; p = 0; w = 0; seq = 0; first = 0; size = 0; fresh = 0; more = 0;

/* The journal's picture of one place: what is laid or open there now. Judged by word and cursor, both read once. */
inline snapshot(q)
{
	record_seq[q] = 0; record_rest[q] = 0;
	if
	:: IS_EMPTY(q) || board_seq[q] <= closed_seq[q] -> skip;
	:: else ->
		if
		:: IS_OWNED(q) && USED_UP(q) -> closed_seq[q] = board_seq[q];
		:: else -> record_seq[q] = board_seq[q]; record_rest[q] = REST(q);
		fi;
	fi;
}

inline commit()
{
	image_next = board_next;
	image_spares = spares;
#ifndef M_NO_SNAPSHOT
	snapshot(0); snapshot(1);
#endif
}

inline close_block(q)           /* its rest is spare, in the commit that follows in the same step */
{
	spares = spares | REST(q);
	closed_seq[q] = board_seq[q];
}

inline clear(q)
{
	claim[q] = EMPTY(board_seq[q]);
}

/* the commit of a spare: it leaves the free set by becoming "laid as (place, seq)" */
inline lay_as(q)
{
	CLEAN(0);
	spares = spares & ~RUN(first, size);
	commit();
#ifndef M_SPARE_DELETED
	record_seq[q] = seq; record_rest[q] = RUN(first, size);
#endif
}

#ifdef M_LAY_OVER_OWNED
#define LAYABLE(q)        ((IS_EMPTY(q) || (IS_OWNED(q) && USED_UP(q) && record_seq[q] != board_seq[q])) && \
                           1 + MAX(board_seq[q], NEW_SEQ(q)) <= MAX_SEQ + 1)
#define LAY_SEQ(q)        (1 + MAX(board_seq[q], MAX(record_seq[q], closed_seq[q])))
#else
#define LAYABLE(q)        (IS_EMPTY(q) && NEW_SEQ(q) <= MAX_SEQ)
#define LAY_SEQ(q)        NEW_SEQ(q)
#endif

/* The places are alike: the first block of all goes to place 0. */
#define MAY_LAY(q)        (LAYABLE(q) && ((q) == 0 || NEW_SEQ(0) > 1 || NEW_SEQ(1) > 1 || !IS_EMPTY(0)))
#ifdef M_MARK_LATE
#define COVERED(n)        ((n) <= NUMBERS)
#else
#define COVERED(n)        ((n) <= mark)
#endif
#define LAY_FRESH(q, n) \
	OP(MAY_LAY(q) && COVERED(board_next + n)) \
		p = q; seq = LAY_SEQ(q); first = board_next; size = n; fresh = 1; } -> goto lay;
#ifdef M_SPARE_LATE
#define FROM_SPARES       spares = spares & ~RUN(first, size);
#else
#define FROM_SPARES       lay_as(p);
#endif
#define LAY_SPARE(q, n) \
	OP(MAY_LAY(q) && spares && ((spares >> LOWEST(spares)) & RUN(0, n)) == RUN(0, n)) \
		p = q; seq = LAY_SEQ(q); first = LOWEST(spares); size = n; FROM_SPARES } -> goto lay;

/* A used-up block: known to be nobody's any more, whoever its owner is and whatever he does next. */
#ifdef M_CLEAR_RECORDED
#define RECORDED(q)       false
#else
#define RECORDED(q)       (record_seq[q] == board_seq[q])
#endif
#define CLEAR_USED_UP(q) \
	OP(IS_OWNED(q) && USED_UP(q) && !RECORDED(q)) clear(q); DONE } -> goto rest; \
	OP(IS_OWNED(q) && USED_UP(q) && RECORDED(q)) p = q; commit(); } -> goto clear_p;

#ifdef M_CLEAR_FIRST
#define GIVEN_BACK(q) \
	OP(IS_OWNED(q) && STOPPED(q)) p = q; first = REST(q); clear(q); } -> goto spare_late;
#else
#define GIVEN_BACK(q) \
	OP(IS_OWNED(q) && STOPPED(q)) p = q; close_block(q); commit(); } -> goto clear_p;
#endif

#ifdef M_NO_LOCK
#define DEAD(v)           true
#else
#define DEAD(v)           !alive[v]
#endif
#define REAP(v)           OP(DEAD(v) && seat[v]) w = v; } -> goto reap;
#define ATTACH(v)         OP(!seat[v]) w = v; seat[v] = 1; } -> goto give_seat;
#define TAKE(q)           OP(IS_FREE(q)) p = q; claim[q] = TAKEN(board_seq[q]); } -> goto take_back;

active proctype docketd()
{
	byte p, w, seq, first, size;
	bit fresh, more;

start:
	/* ---- H: the shared files are gone; the store says what can be said. Committed before there are files again. ---- */
	if
	KILLED
	DARK
	:: d_step { POWERED(2) && !files; spares = image_spares; } ->
#ifndef M_UNKNOWN_LATE
		STEP	CLEAN(0);
			image_unknown = image_unknown | DOUBT;
			closed_seq[0] = MAX(closed_seq[0], record_seq[0]); record_seq[0] = 0; record_rest[0] = 0;
			closed_seq[1] = MAX(closed_seq[1], record_seq[1]); record_seq[1] = 0; record_rest[1] = 0;
#ifndef M_UNKNOWN_REUSED
			image_next = mark;
#endif
			END
#endif
#if defined(M_UNKNOWN_LATE)
		STEP	board_next = mark; files = 1; END
#else
		STEP	board_next = image_next; files = 1; DONE END
#endif
		goto rest;
	:: d_step { POWERED(2) && files; spares = image_spares; }
	fi;

#ifdef M_NO_CLOSED_SEQ
	STEP	closed_seq[0] = 0; closed_seq[1] = 0; END
#endif
	/* ---- F: docketd died, the files live. Every step may be cut and repeated. ---- */
#ifdef M_UNREACHED_FIRST
	STEP	if :: IS_EMPTY(0) && record_seq[0] > SEQ(claim[0]) -> spares = spares | record_rest[0]; :: else fi;
		if :: IS_EMPTY(1) && record_seq[1] > SEQ(claim[1]) -> spares = spares | record_rest[1]; :: else fi; END
#endif
	/* 1: half-laid places */
#ifndef M_NO_FINISH
	do
	:: p < 2 && IS_EMPTY(p) && board_seq[p] > SEQ(claim[p]) ->
		STEP	board_next = MAX(board_next, board_first[p] + board_size[p]); END
		STEP	claim[p] = FREE(board_seq[p]); p++; END
	:: p < 2 && !(IS_EMPTY(p) && board_seq[p] > SEQ(claim[p])) -> p++;
	:: p == 2 -> p = 0; break;
	od;
#endif
	/*
	 * 2: a recorded block that its place never reached is spare; the next commit drops the record. Until then the place
	 * may hold a later block without a record, so "reached" means the same seq on the board, not a seq as high.
	 */
#if !defined(M_UNREACHED_FIRST) && !defined(M_NO_UNREACHED)
#ifdef M_REACHED_BY_ORDER
#define UNREACHED(q)      (record_seq[q] > board_seq[q])
#else
#define UNREACHED(q)      (record_seq[q] && board_seq[q] != record_seq[q])
#endif
	STEP	if :: UNREACHED(0) -> spares = spares | record_rest[0]; :: else fi;
		if :: UNREACHED(1) -> spares = spares | record_rest[1]; :: else fi; END
#endif
	/* 3: clear what is closed; a TAKEN place that is not closed was about to become spare */
#ifndef M_LAY_BEFORE_CLEAR
	do
	:: p < 2 && (IS_OWNED(p) || IS_TAKEN(p)) && board_seq[p] <= closed_seq[p] ->
		STEP	clear(p); p++; END
	:: p < 2 && IS_TAKEN(p) && board_seq[p] > closed_seq[p] ->
		STEP	close_block(p); commit(); END
		STEP	clear(p); p++; END
	:: p < 2 && !(IS_OWNED(p) && board_seq[p] <= closed_seq[p]) && !IS_TAKEN(p) -> p++;
	:: p == 2 -> break;
	od;
#endif
	/* 4: only now */
	STEP	DONE END

rest:
end_rest:
	if
	KILLED
	DARK
#ifdef SPLIT_SNAPSHOT
	OP(mark < NUMBERS)              /* place 0 is judged now, place 1 at the commit */
		more = IS_EMPTY(0) || board_seq[0] <= closed_seq[0] || (IS_OWNED(0) && USED_UP(0)); first = REST(0); } ->
		STEP	CLEAN(0); mark = (mark + AHEAD > NUMBERS -> NUMBERS : mark + AHEAD);
			size = closed_seq[0]; commit();
			if
			:: !more -> closed_seq[0] = size; record_seq[0] = board_seq[0]; record_rest[0] = first;
			:: else
			fi;
			DONE END
		goto rest;
#else
	OP(mark < NUMBERS)
		CLEAN(0); mark = (mark + AHEAD > NUMBERS -> NUMBERS : mark + AHEAD); commit(); DONE } -> goto rest;
#endif
	LAY_FRESH(0, 1)
	LAY_FRESH(1, 1)
	LAY_SPARE(0, 1)
	LAY_SPARE(1, 1)
#if MAX_SIZE >= 2
	LAY_FRESH(0, 2)
	LAY_FRESH(1, 2)
	LAY_SPARE(0, 2)
	LAY_SPARE(1, 2)
#endif
#if MAX_SIZE >= 3
	LAY_FRESH(0, 3)
	LAY_FRESH(1, 3)
	LAY_SPARE(0, 3)
	LAY_SPARE(1, 3)
#endif
	CLEAR_USED_UP(0)
	CLEAR_USED_UP(1)
#if defined(GIVE_BACK) && !defined(M_STOP_UNSEEN)
	GIVEN_BACK(0)
	GIVEN_BACK(1)
#endif
#if WORKER_DEATHS || POWER_CUTS || defined(M_NO_LOCK)
	REAP(0)
	REAP(1)
	ATTACH(0)
	ATTACH(1)
#endif
#ifdef TAKE_BACK
	TAKE(0)
	TAKE(1)
#endif
#ifdef STOP
	OP(true) p = 0; } -> goto stop;
#endif
#ifdef M_LAY_BEFORE_CLEAR
	OP((IS_OWNED(0) || IS_TAKEN(0)) && board_seq[0] <= closed_seq[0]) clear(0); DONE } -> goto rest;
	OP((IS_OWNED(1) || IS_TAKEN(1)) && board_seq[1] <= closed_seq[1]) clear(1); DONE } -> goto rest;
	OP(IS_TAKEN(0) && board_seq[0] > closed_seq[0]) p = 0; close_block(0); commit(); } -> goto clear_p;
	OP(IS_TAKEN(1) && board_seq[1] > closed_seq[1]) p = 1; close_block(1); commit(); } -> goto clear_p;
#endif
	fi;

	/* ---- E: lay. The commit that covers the block is behind us; nobody claims before the last step. ---- */
lay:
	STEP	board_seq[p] = 0; CLEAN(0); END
	STEP	board_first[p] = first; board_size[p] = size; END
#ifdef M_NEXT_FIRST
	if :: fresh -> STEP board_next = first + size; END :: else fi;
#endif
	STEP	board_seq[p] = seq; END
#if !defined(M_NEXT_FIRST) && !defined(M_NEXT_LAST)
	if :: fresh -> STEP board_next = first + size; END :: else fi;
#endif
	STEP	claim[p] = FREE(seq);
#if !defined(M_NEXT_LAST) && !defined(M_MARK_LATE) && !defined(M_SPARE_LATE)
		DONE
#endif
		END
#ifdef M_NEXT_LAST
	if :: fresh -> STEP board_next = first + size; END :: else fi;
#endif
#ifdef M_MARK_LATE
	STEP	mark = MAX(mark, board_next); commit(); END
#endif
#ifdef M_SPARE_LATE
	STEP	commit(); END
#endif
#if defined(M_NEXT_LAST) || defined(M_MARK_LATE) || defined(M_SPARE_LATE)
	STEP	DONE END
#endif
	goto rest;

clear_p:
	STEP	clear(p); DONE END
	goto rest;

#ifdef M_CLEAR_FIRST
spare_late:
	STEP	spares = spares | first; commit(); DONE END
	goto rest;
#endif

	/* ---- G: take a free block back ---- */
take_back:
#ifdef M_TAKEN_CLEAR_FIRST
	first = REST(p);
	STEP	clear(p); END
	STEP	spares = spares | first; closed_seq[p] = board_seq[p]; commit(); DONE END
	goto rest;
#else
	STEP	close_block(p); commit(); END
	goto clear_p;
#endif

	/* ---- I: reap. The lock is docketd's from here on; the dead one's words stand still. ---- */
reap:
#ifdef M_ZERO_BEFORE_COMMIT
	STEP	cursor[w] = 0; END
#endif
#ifdef M_SEAT_FREE_FIRST
	STEP	seat[w] = 0; END
#endif
	STEP	more = (OWNED_BY(0, w) && (REST(0) || RECORDED(0))) || (OWNED_BY(1, w) && (REST(1) || RECORDED(1)));
		if :: OWNED_BY(0, w) && more -> close_block(0); :: else fi;
		if :: OWNED_BY(1, w) && more -> close_block(1); :: else fi;
		if :: more -> commit(); :: else fi; more = 0; END
#ifdef M_ZERO_FIRST
	STEP	cursor[w] = 0; END
#endif
	if :: OWNED_BY(0, w) -> STEP clear(0); END :: else fi;
	if :: OWNED_BY(1, w) -> STEP clear(1); END :: else fi;
#ifdef M_SEAT_FREE_FIRST
	STEP	cursor[w] = 0; DONE END
#else
	STEP	cursor[w] = 0; END
	STEP	seat[w] = 0; DONE END
#endif
	goto rest;

give_seat:
	STEP	alive[w] = 1; DONE END
	goto rest;

#ifdef STOP
	/* ---- G: clean stop: free blocks back, exact position; open leases go on ---- */
stop:
	do
	:: p < 2 && IS_FREE(p) ->
#ifdef M_TAKE_STORE
		STEP	claim[p] = TAKEN(board_seq[p]); p++; END
#else
		STEP	if :: IS_FREE(p) -> claim[p] = TAKEN(board_seq[p]); :: else fi; p++; END
#endif
	:: p < 2 && !IS_FREE(p) -> p++;
	:: p == 2 -> p = 0; break;
	od;
	STEP	if :: IS_TAKEN(0) -> close_block(0); :: else fi;
		if :: IS_TAKEN(1) -> close_block(1); :: else fi;
		mark = board_next; CLEAN(1); commit(); END
	do
	:: p < 2 && IS_TAKEN(p) -> STEP clear(p); p++; END
	:: p < 2 && !IS_TAKEN(p) -> p++;
	:: p == 2 -> p = 0; break;
	od;
	STEP	DONE END
end_stopped:
	if
	DARK
	:: d_step { POWERED(2); FORGET } -> goto start;
	fi;
#endif
}

/* ==================================================== power ==================================================== */

#if POWER_CUTS
active proctype power()
{
end:
	do
	:: d_step {
		power_cuts > 0 && files; power_cuts--;
#ifdef STOP
		/* after a clean stop only open leases can become unknown */
		assert(!clean || (DOUBT & ~((IS_OWNED(0) -> RUN(board_first[0], board_size[0]) : 0) |
		                            (IS_OWNED(1) -> RUN(board_first[1], board_size[1]) : 0))) == 0);
#endif
		out = GONE; flying[0] = 0; flying[1] = 0;
		cut[0] = 1; cut[1] = 1; cut[2] = 1; resting = 0;
		files = 0; claim[0] = 0; claim[1] = 0; cursor[0] = 0; cursor[1] = 0;
		board_seq[0] = 0; board_seq[1] = 0; board_first[0] = 0; board_first[1] = 0;
		board_size[0] = 0; board_size[1] = 0; board_next = 0;
		seat[0] = 0; seat[1] = 0; alive[0] = 0; alive[1] = 0;
	   }
	od
}
#endif
