/* SPDX-License-Identifier: MIT */
/*
 * take: the next number.
 *
 * docket_next() of a leased period without an end is the shortest way there is: one
 * look whether the thread's hand is open (inside.h, enum dk_gate), one store to a line
 * that nobody else writes, and back. next_by() goes the ways beside it: a clock
 * where a period ends, one compare-and-swap where the order is strict. Everything else (another period,
 * no block, nobody laid one) is the slow path, which waits in three slices that
 * double, each a bit longer or shorter by chance, within the caller's timeout.
 */
#include "client/inside.h"

#include "table/doorbell.h"
#include "table/seat.h"
#include "table/slot.h"

#include <stdlib.h>

enum { TRIES = 3 };

/* A look waits for nothing but the seat of a process that has none yet, and for
 * a series that has to come back to the board. */
#define LOOK_TIMEOUT_NS (100 * DK_MILLISECOND_NS)

static docket_status busy(const struct docket_series *series)
{
    return dk_fail(DOCKET_BUSY, "this thread is inside a call already (%s/%s asked from a signal handler?)",
                   series->tenant, series->name);
}

docket_status dk_hand_enter(struct docket_series *series, int64_t timeout_ns, struct hand **entered)
{
    struct hand *hand = dk_hand_find(series);
    if (hand == NULL) {
        if (!dk_slow_enter())
            return busy(series);
        docket_status status = dk_hand_make(series, timeout_ns < 0 ? DK_TIMEOUT_NS : timeout_ns, &hand);
        dk_slow_leave();
        if (status != DOCKET_OK)
            return status;
    }
    if (hand->gate == DK_GATE_BUSY)
        return busy(series);
    hand->gate = DK_GATE_BUSY;
    dk_compiler_barrier(); /* for a handler of this very thread */
    *entered = hand;
    return DOCKET_OK;
}

/* The latest date that the series' other period has given, if it is on the board. */
static uint32_t date_beside(const struct hand *hand)
{
    const struct shared_board_slot *slot = dk_desk_slot(&hand->seat->map, hand->slot);
    int other = hand->bank == 0;
    uint64_t epoch = dk_load_acquire(&slot->bank[other].epoch); /* ORDER-4 */
    uint64_t word = dk_load_acquire(&dk_table_slot(&hand->seat->map, hand->slot)->bank[other].last_date); /* ORDER-17 */
    bool is_ours = dk_load_acquire(&slot->generation) == hand->generation; /* ORDER-16 */
    return epoch != 0 && is_ours ? dk_last_date_of(word, epoch) : 0;
}

static docket_status out_of_order(const struct hand *hand)
{
    const struct docket_series *series = hand->series;
    char last[16] = "a later day";
    uint32_t date = series->memory != NULL ? dk_memory_last_date(hand)
                    : hand->bank >= 0      ? dk_last_date_of(dk_load_acquire(&hand->table->last_date), hand->epoch) /* ORDER-17 */
                                           : 0;
    if (series->memory == NULL && hand->bank >= 0 && date_beside(hand) > date)
        date = date_beside(hand);
    if (dk_date_exists(date))
        dk_date_text(date, last);
    return dk_fail(DOCKET_OUT_OF_ORDER,
                   "%s/%s is chronological, and its last number is of %s: no earlier date follows it, nor one of a clock that "
                   "was set back; no number was taken",
                   series->tenant, series->name, last);
}

static docket_status interval_over(const struct hand *hand)
{
    const struct docket_series *series = hand->series;
    struct dk_interval interval = series->memory != NULL
                                      ? dk_memory_interval(series)
                                      : dk_slot_interval(dk_desk_slot(&hand->seat->map, hand->slot));
    char from[16] = "the beginning", to[16] = "the end"; /* also of a date on the board that is none */
    if (dk_date_exists(interval.valid_from))
        dk_date_text(interval.valid_from, from);
    if (dk_date_exists(interval.valid_to))
        dk_date_text(interval.valid_to, to);
    return dk_fail(DOCKET_INTERVAL_OVER, "the interval that an authority gave for %s/%s is not valid on this day, but from %s "
                                         "to %s; no number was taken",
                   series->tenant, series->name, from, to);
}

static docket_status explain(const struct hand *hand, docket_status status, int64_t timeout_ns)
{
    const struct docket_series *series = hand->series;
    switch (status) {
    case DOCKET_PERIOD_NOT_OPEN:
        if (series->memory == NULL && dk_load_relaxed(&dk_desk_words(&hand->seat->map)->clock_held_s) != 0)
            return dk_fail(status, "%s/%s gives no number by this clock, which is far ahead of the store's last commit: "
                                   "docketd does not follow it until it is set, or `docket clock accept`",
                           series->tenant, series->name);
        return dk_fail(status, "%s/%s has no period open for this clock; docketd opens the next one two days ahead: is "
                               "it running, and is the clock right?",
                       series->tenant, series->name);
    case DOCKET_INTERVAL_OVER:
        return interval_over(hand);
    case DOCKET_OUT_OF_ORDER:
        return out_of_order(hand);
    case DOCKET_QUARANTINED:
        return dk_fail(status, "%s/%s is quarantined: a process at its desk wrote where it may not; see docketd's log",
                       series->tenant, series->name);
    case DOCKET_RETIRED:
        return dk_fail(status, "%s/%s was retired: it gives no number any more", series->tenant, series->name);
    case DOCKET_EXHAUSTED:
        return dk_fail(status, "%s/%s has given its last number of this period", series->tenant, series->name);
    case DOCKET_TIMEOUT:
        return dk_fail(status, "no number of %s/%s was laid within %lld ms; `docket status` shows whether docketd "
                               "lives",
                       series->tenant, series->name, (long long)(timeout_ns / DK_MILLISECOND_NS));
    default:
        return status;
    }
}

docket_status dk_say_tracked(const struct docket_series *series, const char *call)
{
    return dk_fail(DOCKET_NOT_TRACKED, "%s/%s keeps a ledger: docket_issue() gives its numbers, one record for each, and "
                                       "%s finds none at its desk; no number was taken",
                   series->tenant, series->name, call);
}

static void note_wait(const struct hand *hand, int64_t began_ns, bool served)
{
    struct shared_seat_words *words = dk_seat_words(hand->seat->base);
    uint64_t waited_ns = (uint64_t)(dk_clock_monotonic_ns() - began_ns);
    /* Relaxed: statistics. */
    dk_add_relaxed(&words->waits, 1);
    dk_add_relaxed(&words->wait_ns_total, waited_ns);
    if (waited_ns > dk_load_relaxed(&words->wait_ns_max))
        dk_store_relaxed(&words->wait_ns_max, waited_ns);
    if (!served)
        dk_add_relaxed(&words->timeouts, 1);
}

static void ask_for(const struct hand *hand, uint32_t want)
{
    if (hand->bank >= 0 && want > 1 && dk_load_relaxed(&hand->table->want) < want)
        dk_store_release(&hand->table->want, want); /* the greatest wish wins soon enough: each try asks again */
    dk_desk_ask(&hand->seat->map, hand->slot);
    dk_doorbell_ring(&dk_table_words(&hand->seat->map)->bell);
}

/* Midnight may have passed between our look at the clock and another's take. */
static docket_status try_today(struct hand *hand, docket_status (*attempt)(struct hand *, int64_t, void *), void *context)
{
    docket_status status = attempt(hand, dk_clock_wall_s(), context);
    return status == DOCKET_OUT_OF_ORDER ? attempt(hand, dk_clock_wall_s(), context) : status;
}

/* Tries; a hand whose series has moved goes after it, and tries again. */
static docket_status try_at_home(struct hand *hand, int64_t timeout_ns,
                                 docket_status (*attempt)(struct hand *, int64_t, void *), void *context)
{
    docket_status status = try_today(hand, attempt, context);
    for (int try = 0; try < TRIES && status == DK_MOVED; try++) {
        status = dk_hand_bind(hand, false, timeout_ns);
        if (status == DOCKET_OK)
            status = try_today(hand, attempt, context);
    }
    return status == DK_MOVED ? DOCKET_TIMEOUT : status; /* again and again: slots are short */
}

static const dk_word32 *supply_of(const struct hand *hand)
{
    return &dk_desk_slot(&hand->seat->map, hand->slot)->bank[hand->bank < 0 ? 0 : hand->bank].supply;
}

/* One slice: tries, asks, sleeps until something was laid or the slice is over. */
static docket_status wait_slice(struct hand *hand, int64_t until_ns,
                                docket_status (*attempt)(struct hand *, int64_t, void *), void *context, uint32_t want)
{
    for (;;) {
        const dk_word32 *supply = supply_of(hand);
        uint32_t seen = dk_load32_acquire(supply); /* ORDER-14: before the look that may miss */
        int64_t left_ns = until_ns - dk_clock_monotonic_ns();
        docket_status status = try_at_home(hand, left_ns > 0 ? left_ns : 0, attempt, context);
        if (status != DOCKET_TIMEOUT && status != DOCKET_PERIOD_NOT_OPEN)
            return status;
        left_ns = until_ns - dk_clock_monotonic_ns();
        if (left_ns <= 0)
            return status;
        if (supply_of(hand) != supply)
            continue; /* it has come to another bank, whose word was not seen before the try */
        ask_for(hand, want);
        if (hand->bank < 0 && left_ns > 5 * DK_MILLISECOND_NS)
            left_ns = 5 * DK_MILLISECOND_NS; /* no word changes when a period opens: look again */
        dk_doorbell_wait(supply, seen, left_ns);
    }
}

/* 1/7, 2/7 and 4/7 of the timeout, each up to an eighth longer or shorter. */
static int64_t slice_ns(int64_t timeout_ns, int try)
{
    int64_t slice = timeout_ns / 7 * (1 << try);
    int64_t jitter = (dk_clock_monotonic_ns() >> 4) % 256 - 128;
    return slice + slice / 1024 * jitter;
}

/* Nothing came in a whole slice: perhaps docketd has built the desk anew, and
 * we sit at the old one. Its numbers are unknown in the new books: never given
 * twice. Then the hand moves to the new desk. */
static docket_status follow_docketd(struct hand *hand, int64_t end_ns)
{
    int64_t left_ns = end_ns - dk_clock_monotonic_ns();
    int64_t patience_ns = left_ns < 50 * DK_MILLISECOND_NS ? left_ns : 50 * DK_MILLISECOND_NS;
    if (patience_ns <= 0 || !dk_reach_moved(hand->series->realm, hand->seat, patience_ns))
        return DOCKET_TIMEOUT;
    docket_status status = dk_hand_bind(hand, true, end_ns - dk_clock_monotonic_ns());
    return status == DOCKET_OK ? DOCKET_TIMEOUT : status;
}

/* Every number was laid, and a whole slice brought none back. */
static bool leased_exhausted(const struct hand *hand)
{
    return !hand->strict && hand->bank >= 0 &&
           dk_load_acquire(&hand->board->limit) > dk_load_acquire(&hand->board->last);
}

static docket_status wait_slices(struct hand *hand, int64_t timeout_ns,
                                 docket_status (*attempt)(struct hand *, int64_t, void *), void *context,
                                 uint32_t want)
{
    docket_status status = try_at_home(hand, timeout_ns, attempt, context);
    if (timeout_ns == 0 || (status != DOCKET_TIMEOUT && status != DOCKET_PERIOD_NOT_OPEN))
        return status;
    int64_t began_ns = dk_clock_monotonic_ns(), end_ns = began_ns + timeout_ns;
    for (int try = 0; try < TRIES && (status == DOCKET_TIMEOUT || status == DOCKET_PERIOD_NOT_OPEN); try++) {
        int64_t until_ns = try == TRIES - 1 ? end_ns : dk_clock_monotonic_ns() + slice_ns(timeout_ns, try);
        status = wait_slice(hand, until_ns < end_ns ? until_ns : end_ns, attempt, context, want);
        if (status == DOCKET_TIMEOUT && leased_exhausted(hand))
            status = DOCKET_EXHAUSTED;
        if (status == DOCKET_TIMEOUT && try < TRIES - 1)
            status = follow_docketd(hand, end_ns);
    }
    note_wait(hand, began_ns, status == DOCKET_OK);
    return status;
}

docket_status dk_take_wait(struct hand *hand, int64_t timeout_ns,
                           docket_status (*attempt)(struct hand *, int64_t, void *), void *context, uint32_t want)
{
    if (timeout_ns < 0)
        timeout_ns = DK_TIMEOUT_NS;
    hand->timeout_ns = timeout_ns;
    if (!dk_slow_enter())
        return busy(hand->series);
    docket_status status = hand->series->memory != NULL ? dk_memory_attempt(hand, timeout_ns, attempt, context)
                                                        : wait_slices(hand, timeout_ns, attempt, context, want);
    dk_slow_leave();
    return explain(hand, status, timeout_ns);
}

/* ---- one number ---- */

/* Judged by the word, since the board's limit moves before the word does. */
static bool strict_exhausted(const struct hand *hand, uint32_t count)
{
    struct dk_strict now = dk_strict_unpack(dk_load_acquire(&hand->table->strict)); /* ORDER-8 */
    return now.epoch == hand->epoch % DK_STRICT_EPOCHS &&
           hand->base + now.next + count - 1 > dk_load_acquire(&hand->board->last);
}

static struct dk_strict_bank bank_of(const struct hand *hand)
{
    return (struct dk_strict_bank){.word = &hand->table->strict,
                                   .last_date = &hand->table->last_date,
                                   .epoch = hand->epoch,
                                   .current = &hand->board->epoch,
                                   .base = hand->base,
                                   .limit = &hand->board->limit};
}

static docket_status not_taken(struct hand *hand, enum dk_take took, uint32_t count)
{
    switch (took) {
    case DK_TAKE_OTHER:
        hand->bank = -1; /* the period ended between board and word */
        return DOCKET_TIMEOUT;
    case DK_TAKE_OUT_OF_ORDER:
        return DOCKET_OUT_OF_ORDER;
    case DK_TAKE_OVER_LIMIT:
        return dk_hand_state(hand) != DOCKET_OK ? dk_hand_state(hand) : DOCKET_TIMEOUT;
    default:
        hand->room_high = 0;
        return strict_exhausted(hand, count) ? DOCKET_EXHAUSTED : DOCKET_TIMEOUT;
    }
}

/* Asks for more when half is gone; not with each number from then on, but with one of
 * sixteen of the counter's, whoever takes it, and with each of the last. */
static inline void note_room(struct hand *hand, uint32_t left)
{
    if (left > hand->room_high)
        hand->room_high = left;
    if (left <= hand->room_high / 2 && (left % 16 == 0 || left < 64))
        dk_desk_want(&hand->seat->map, hand->slot);
}

/* Takes count numbers by the word alone. left is written too if none were taken: not_taken() knows why. */
static inline __attribute__((always_inline)) enum dk_take take_quick(struct hand *hand, uint32_t count, uint64_t *first, uint32_t *left)
{
    const struct dk_strict_bank bank = bank_of(hand);
    enum dk_take took = dk_strict_take(&bank, count, first, left);
    if (took == DK_TAKE_DONE)
        note_room(hand, *left);
    return took;
}

/* The same for ways that are long already: inside them it would be in their way. */
static __attribute__((noinline)) enum dk_take take_quick_apart(struct hand *hand, uint32_t count, uint64_t *first,
                                                               uint32_t *left)
{
    return take_quick(hand, count, first, left);
}

docket_status dk_take_strict(struct hand *hand, uint32_t yyyymmdd, uint32_t count, uint64_t *first)
{
    uint32_t left = 0;
    const struct dk_strict_bank bank = bank_of(hand);
    if (hand->quick) {
        enum dk_take quickly = take_quick_apart(hand, count, first, &left);
        return quickly == DK_TAKE_DONE ? DOCKET_OK : not_taken(hand, quickly, count);
    }
    if (dk_load_relaxed(&dk_desk_words(&hand->seat->map)->clock_held_s) != 0)
        return DOCKET_PERIOD_NOT_OPEN; /* a date of a clock that docketd does not follow would hold up every later one */
    if (date_beside(hand) > yyyymmdd)
        return DOCKET_OUT_OF_ORDER; /* a later period has begun to give */
    enum dk_take took = dk_strict_take_dated(&bank, yyyymmdd, count, first, &left);
    if (took != DK_TAKE_DONE)
        return not_taken(hand, took, count);
    note_room(hand, left);
    return DOCKET_OK;
}

docket_status dk_take_lease_open(struct hand *hand)
{
    return dk_lease_left(&hand->lease) > 0 ? DOCKET_OK
                                           : dk_lease_claim(&hand->lease, hand->seat, hand->slot, hand->board, hand->epoch, 1);
}

static docket_status leased_attempt(struct hand *hand, uint64_t *number)
{
    docket_status status = dk_take_lease_open(hand);
    if (status == DOCKET_OK)
        *number = dk_lease_take(&hand->lease, 1);
    return status;
}

struct taken {
    uint64_t number;
    size_t room; /* for the text; 0: none is wanted */
};

docket_status dk_take_number(struct hand *hand, uint32_t yyyymmdd, uint64_t *number)
{
    if (hand->series->memory != NULL)
        return dk_memory_take(hand, yyyymmdd, 1, number);
    return hand->strict ? dk_take_strict(hand, yyyymmdd, 1, number) : leased_attempt(hand, number);
}

static docket_status attempt_one(struct hand *hand, int64_t now_s, void *context)
{
    struct taken *taken = context;
    docket_status status = dk_take_prepare(hand, now_s);
    if (status == DOCKET_OK && taken->room > 0)
        status = dk_writing_fits(&hand->writing, hand->series, taken->room);
    if (status == DOCKET_OK && (taken->room > 0 || hand->writing.chronological))
        status = dk_text_day(&hand->text, &hand->writing, hand->series, hand->seat, now_s);
    return status == DOCKET_OK ? dk_take_number(hand, hand->text.yyyymmdd, &taken->number) : status;
}


/* The series keeps a ledger. By what the hand knows: the fast path keeps nothing for it. */
static __attribute__((noinline, cold)) docket_status next_tracked(const struct hand *hand, char *text,
                                                                  uint64_t *number, int32_t *period)
{
    return dk_ledger_next(hand->series, 0, hand->timeout_ns, text, hand->room, number, period);
}

/* ---- the quick ways ---- */

static inline bool take_lease(struct hand *hand, uint64_t *number)
{
    if (dk_lease_left(&hand->lease) == 0 || dk_hand_is_retired(hand))
        return false;
    *number = dk_lease_take(&hand->lease, 1);
    return true;
}

/* A number by the lease or the word alone, or none: then the slow path knows why. */
static inline bool take_quickly(struct hand *hand, uint64_t way, uint64_t *number)
{
    uint32_t left;
    if (way & DK_GATE_STRICT)
        return take_quick_apart(hand, 1, number, &left) == DK_TAKE_DONE;
    return take_lease(hand, number);
}

/* What is left of the hand's gate without the series: the way, or none of them. */
static inline uint64_t way_of(const struct hand *hand, const struct docket_series *series)
{
    return hand->serial == series->serial ? hand->gate - dk_gate_of(series, 0) : DK_GATE_OTHER;
}

/* The slow path. One clock at most, one instant for period and text. */
static docket_status next_waiting(docket_series *series, int64_t timeout_ns, char *text, size_t room, uint64_t *number,
                                  int32_t *period)
{
    for (;;) {
        struct hand *hand;
        struct taken taken = {.room = room};
        docket_status status = dk_hand_enter(series, timeout_ns, &hand);
        if (status != DOCKET_OK)
            return status;
        hand->room = room;
        status = dk_take_wait(hand, timeout_ns, attempt_one, &taken, 1);
        if (status == DOCKET_OK && room > 0)
            dk_rendered_write(&hand->text.rendered, taken.number, text);
        int32_t label = hand->period;
        if (!dk_hand_leave(hand) && status == DOCKET_OK)
            continue;
        if (status != DOCKET_OK)
            return status == DK_TRACKED ? next_tracked(hand, text, number, period) : status;
        if (number != NULL)
            *number = taken.number;
        if (period != NULL)
            *period = label;
        return DOCKET_OK;
    }
}

/* The one way of each function below that is made of it: what it need not keep it need not save. */
static inline __attribute__((always_inline)) docket_status next_by(uint64_t way, docket_series *series, int64_t timeout_ns,
                                                                   uint64_t *number, int32_t *period)
{
    struct hand *hand = *dk_hand_place(series);
    uint64_t taken;
    uint32_t left;
    if (hand->serial != series->serial) /* a wiped hand may have its gate again: a fork between two statements of dk_hand_leave() */
        return next_waiting(series, timeout_ns, NULL, 0, number, period);
    hand->gate = DK_GATE_BUSY;
    dk_compiler_barrier(); /* for a handler of this very thread */
    bool done = (way & DK_GATE_TIMED) == 0 || dk_hand_in_period(hand, dk_clock_wall_s());
    if (done && (way & DK_GATE_STRICT) != 0)
        done = take_quick(hand, 1, &taken, &left) == DK_TAKE_DONE;
    else if (done)
        done = take_lease(hand, &taken);
    int32_t label = hand->period;
    dk_compiler_barrier();
    if (hand->gate != DK_GATE_BUSY) /* a fork inside this call, from a signal handler: the number is the parent's */
        return next_waiting(series, timeout_ns, NULL, 0, number, period);
    hand->gate = dk_gate_of(series, way);
    if (!done)
        return next_waiting(series, timeout_ns, NULL, 0, number, period);
    *number = taken;
    if (period != NULL)
        *period = label;
    return DOCKET_OK;
}

static __attribute__((noinline)) docket_status next_timed(docket_series *series, int64_t timeout_ns, uint64_t *number,
                                                          int32_t *period)
{
    return next_by(DK_GATE_TIMED, series, timeout_ns, number, period);
}

static __attribute__((noinline)) docket_status next_strict(docket_series *series, int64_t timeout_ns, uint64_t *number,
                                                           int32_t *period)
{
    return next_by(DK_GATE_STRICT, series, timeout_ns, number, period);
}

static __attribute__((noinline)) docket_status next_strict_timed(docket_series *series, int64_t timeout_ns, uint64_t *number,
                                                                 int32_t *period)
{
    return next_by(DK_GATE_STRICT_TIMED, series, timeout_ns, number, period);
}

static __attribute__((noinline)) docket_status next_beside(docket_series *series, int64_t timeout_ns, uint64_t *number,
                                                           int32_t *period)
{
    if (series == NULL || number == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next wants a series, a place for the number and a timeout of -1 or "
                                            "more");
    switch ((*dk_hand_place(series))->gate - dk_gate_of(series, 0)) {
    case DK_GATE_STRICT:
        return next_strict(series, timeout_ns, number, period);
    case DK_GATE_TIMED:
        return next_timed(series, timeout_ns, number, period);
    case DK_GATE_STRICT_TIMED:
        return next_strict_timed(series, timeout_ns, number, period);
    default:
        return next_waiting(series, timeout_ns, NULL, 0, number, period);
    }
}

/* Thirty instructions of a lease, which is why the timeout is looked at by those who wait only. ORDER-7 is in
 * dk_lease_take(): the cursor's store comes before the number leaves. */
docket_status docket_next(docket_series *series, int64_t timeout_ns, uint64_t *number, int32_t *period)
{
    struct hand *hand = *dk_hand_place(series);
    if (number == NULL || hand->gate != dk_gate_of(series, DK_GATE_LEASED))
        return next_beside(series, timeout_ns, number, period);
    hand->gate = DK_GATE_BUSY;
    dk_compiler_barrier(); /* for a handler of this very thread */
    if (hand->lease.body == hand->lease.end || dk_hand_is_retired(hand)) {
        (void)dk_hand_leave(hand);
        return next_beside(series, timeout_ns, number, period);
    }
    *number = dk_lease_take(&hand->lease, 1);
    if (period != NULL)
        *period = hand->period;
    dk_compiler_barrier();
    if (hand->gate != DK_GATE_BUSY) /* a fork inside this call, from a signal handler: the number is the parent's */
        return next_beside(series, timeout_ns, number, period);
    hand->gate = dk_gate_of(series, DK_GATE_LEASED);
    return DOCKET_OK;
}

/* The day's text stands ready, and so does the buffer. */
static inline bool text_is_ready(const struct hand *hand, uint64_t way, size_t size)
{
    const struct text_day *text = &hand->text;
    if (text->rendered.width == 0 || size < hand->writing.bytes)
        return false;
    if ((way & DK_GATE_TIMED) == 0 && text->until_s == INT64_MAX)
        return true; /* no day in it, and no end of the period */
    int64_t now_s = dk_clock_wall_s();
    return dk_hand_in_period(hand, now_s) && now_s >= text->from_s && now_s < text->until_s;
}

docket_status docket_next_text(docket_series *series, int64_t timeout_ns, char *text, size_t size, uint64_t *number,
                               int32_t *period)
{
    if (series == NULL || text == NULL || timeout_ns < DOCKET_TIMEOUT_DEFAULT)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_next_text wants a series, a buffer and a timeout of -1 or more");
    if (size == 0)
        return dk_fail(DOCKET_BUFFER_TOO_SMALL, "the buffer has no room at all; no number was taken");
    struct hand *hand = *dk_hand_place(series);
    uint64_t way = way_of(hand, series), taken;
    if (way > DK_GATE_STRICT_TIMED)
        return next_waiting(series, timeout_ns, text, size, number, period);
    hand->gate = DK_GATE_BUSY;
    dk_compiler_barrier();
    bool done = text_is_ready(hand, way, size) && take_quickly(hand, way, &taken);
    int32_t label = hand->period;
    if (done)
        dk_rendered_follow(&hand->text.rendered, &hand->text.written, taken, text);
    dk_compiler_barrier();
    if (hand->gate == DK_GATE_BUSY)
        hand->gate = dk_gate_of(series, way);
    else
        done = false;
    if (!done)
        return next_waiting(series, timeout_ns, text, size, number, period);
    if (number != NULL)
        *number = taken;
    if (period != NULL)
        *period = label;
    return DOCKET_OK;
}

/* ---- looking ---- */

static docket_status look_strict(const struct hand *hand, uint64_t *next, uint64_t *count)
{
    struct dk_strict now = dk_strict_unpack(dk_load_acquire(&hand->table->strict)); /* ORDER-8 */
    if (now.epoch != hand->epoch % DK_STRICT_EPOCHS)
        return DOCKET_PERIOD_NOT_OPEN;
    *next = hand->base + now.next;
    *count = now.room;
    return DOCKET_OK;
}

static docket_status look_leased(const struct hand *hand, uint64_t *next, uint64_t *count)
{
    uint64_t lowest;
    const struct lease *lease = &hand->lease;
    uint32_t own = dk_lease_left(lease);
    *count = own + dk_lease_free_numbers(hand->seat, hand->board, hand->epoch, &lowest);
    *next = own > 0 ? lease->body + lease->bias : lowest;
    return *next != 0 ? DOCKET_OK : DOCKET_TIMEOUT;
}

static docket_status bind_again(struct hand *hand)
{
    if (!dk_slow_enter())
        return busy(hand->series);
    docket_status status = dk_hand_bind(hand, false, LOOK_TIMEOUT_NS);
    dk_slow_leave();
    return status;
}

static docket_status look_at_desk(struct hand *hand, uint64_t *next, uint64_t *count)
{
    docket_status status = dk_take_prepare(hand, dk_clock_wall_s());
    if (status == DK_MOVED) {
        status = bind_again(hand);
        if (status == DOCKET_OK)
            status = dk_take_prepare(hand, dk_clock_wall_s());
    }
    if (status == DK_MOVED)
        status = DOCKET_TIMEOUT;
    if (status != DOCKET_OK)
        return status;
    return hand->strict ? look_strict(hand, next, count) : look_leased(hand, next, count);
}

static docket_status look(docket_series *series, const char *call, uint64_t *next, uint64_t *count, int32_t *period)
{
    struct hand *hand;
    docket_status status = dk_hand_enter(series, LOOK_TIMEOUT_NS, &hand);
    if (status != DOCKET_OK)
        return status;
    status = series->memory != NULL ? dk_memory_look(hand, next, count) : look_at_desk(hand, next, count);
    if (status == DOCKET_OK)
        *period = hand->period;
    status = status == DK_TRACKED ? dk_say_tracked(series, call) : explain(hand, status, 0);
    (void)dk_hand_leave(hand);
    return status;
}

docket_status docket_peek(docket_series *series, uint64_t *number, int32_t *period)
{
    uint64_t next, count;
    int32_t found;
    if (series == NULL || number == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_peek wants a series and a place for the number");
    docket_status status = look(series, "docket_peek()", &next, &count, &found);
    if (status != DOCKET_OK)
        return status;
    *number = next;
    if (period != NULL)
        *period = found;
    return DOCKET_OK;
}

docket_status docket_supply(docket_series *series, uint64_t *count)
{
    uint64_t next, found = 0;
    int32_t period;
    if (series == NULL || count == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_supply wants a series and a place for the count");
    docket_status status = look(series, "docket_supply()", &next, &found, &period);
    if (status == DOCKET_OK || status == DOCKET_TIMEOUT)
        *count = status == DOCKET_OK ? found : 0;
    return status == DOCKET_TIMEOUT ? DOCKET_OK : status;
}
