/* SPDX-License-Identifier: MIT */
/* stand: which period of its series a hand stands in, by the board's two banks. */
#include "client/inside.h"

#include "numbering/period.h"

/* The slot is still the one of the hand's series. A generation never recurs. */
static bool is_home(const struct hand *hand)
{
    return dk_load_acquire(&dk_desk_slot(&hand->seat->map, hand->slot)->generation) == hand->generation; /* ORDER-16 */
}

/* Which period: the one of an instant, or the one that holds a date. And what the
 * board showed while it was looked for. */
struct when {
    int64_t now_s;
    uint32_t date; /* 0: now_s decides */
    bool seen;     /* some period is on the board ... */
    int32_t newest; /* ... this is the latest ... */
    struct writing writing; /* ... and its numbers are written so */
};

/* The period's label holds the date. */
static bool holds(const struct hand *hand, int32_t period, const struct writing *writing, uint32_t date)
{
    struct dk_span span;
    if (hand->series->restart == DK_NEVER)
        return true;
    return dk_span_of_label(hand->series->restart, &writing->template.fiscal, period, &span) && date >= span.first &&
           date <= span.last;
}

/* Reads one bank; false if it is absent, being rewritten, of another time, or of
 * another series: docketd stores a slot's generation before its banks, so the
 * look at it comes after theirs. */
static bool read_bank(struct hand *hand, int index, struct when *when)
{
    const struct shared_board_slot *slot = dk_desk_slot(&hand->seat->map, hand->slot);
    struct shared_board_bank *bank = &dk_desk_slot(&hand->seat->map, hand->slot)->bank[index];
    uint64_t epoch = dk_load_acquire(&bank->epoch); /* ORDER-4 */
    if (epoch == 0)
        return false;
    int64_t from_s = (int64_t)dk_load_acquire(&bank->start_s);
    int64_t until_s = (int64_t)dk_load_acquire(&bank->end_s);
    int32_t period = (int32_t)(uint32_t)dk_load_acquire(&bank->period);
    uint64_t base = dk_load_acquire(&bank->base);
    if (!dk_writing_read(&hand->writing, hand->series, slot, index, epoch) || !is_home(hand)) /* ORDER-4 */
        return false;
    if (!when->seen || period > when->newest) {
        when->newest = period;
        when->writing = hand->writing;
    }
    when->seen = true;
    if (when->date != 0 ? !holds(hand, period, &hand->writing, when->date) : when->now_s < from_s || when->now_s >= until_s)
        return false;
    hand->epoch = epoch;
    hand->text.rendered.width = 0;
    hand->timed = hand->series->restart != DK_NEVER || until_s != INT64_MAX || from_s > 0;
    hand->quick = hand->strict && !hand->writing.chronological;
    hand->from_s = from_s;
    hand->until_s = until_s;
    hand->period = period;
    hand->base = base;
    hand->bank = index;
    hand->board = bank;
    hand->table = &dk_table_slot(&hand->seat->map, hand->slot)->bank[index];
    hand->state = &dk_desk_slot(&hand->seat->map, hand->slot)->state;
    hand->room_high = 0;
    return true;
}

docket_status dk_hand_state(const struct hand *hand)
{
    uint64_t state = dk_load_acquire(&dk_desk_slot(&hand->seat->map, hand->slot)->state);
    switch (state) {
    case DK_SLOT_OPEN:
        return DOCKET_OK;
    case DK_SLOT_RETIRED:
        return DOCKET_RETIRED;
    case DK_SLOT_LEDGER:
        return DK_TRACKED;
    default:
        return DOCKET_QUARANTINED;
    }
}

static bool stands(const struct hand *hand, const struct when *when)
{
    bool there = when->date == 0 ? dk_hand_in_period(hand, when->now_s)
                                 : hand->bank >= 0 && holds(hand, hand->period, &hand->writing, when->date);
    return there && dk_load_acquire(&hand->board->epoch) == hand->epoch; /* ORDER-4 */
}

/* No period on the board is the one asked for: why not? What is not open yet, and
 * should be, is waited for. */
static docket_status why_absent(const struct hand *hand, const struct when *when)
{
    const struct docket_series *series = hand->series;
    struct dk_interval interval = dk_slot_interval(dk_desk_slot(&hand->seat->map, hand->slot));
    struct dk_calendar_found today = {0, 0, 0};
    struct dk_span asked, now;
    if (!is_home(hand))
        return DK_MOVED;
    if (!when->seen || !dk_text_today(&when->writing, series, hand->seat, when->now_s, &today))
        return DOCKET_PERIOD_NOT_OPEN;
    if (!dk_interval_holds(&interval, when->date != 0 ? when->date : today.yyyymmdd))
        return DOCKET_INTERVAL_OVER;
    if (when->date == 0)
        return DOCKET_PERIOD_NOT_OPEN;
    if (when->writing.bytes == 0)
        return DOCKET_DAMAGED;
    dk_span_of_date(series->restart, &when->writing.template.fiscal, when->date, &asked);
    dk_span_of_date(series->restart, &when->writing.template.fiscal, today.yyyymmdd, &now);
    if (asked.label == now.label)
        return DOCKET_PERIOD_NOT_OPEN;
    return asked.label > now.label ? DK_AHEAD : DK_OLDER;
}

static docket_status prepare(struct hand *hand, struct when *when)
{
    docket_status closed = dk_hand_state(hand);
    if (closed == DOCKET_OK && stands(hand, when))
        return DOCKET_OK;
    dk_lease_give_back(&hand->lease, hand->slot); /* of another period, or a series that is closed */
    hand->bank = -1;
    if (!is_home(hand)) /* the state was read before: then it is this series' */
        return DK_MOVED;
    if (closed != DOCKET_OK)
        return closed;
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (read_bank(hand, bank, when))
            return DOCKET_OK;
    return why_absent(hand, when);
}

docket_status dk_take_prepare(struct hand *hand, int64_t now_s)
{
    if (hand->series->memory != NULL)
        return dk_memory_prepare(hand, now_s);
    return prepare(hand, &(struct when){.now_s = now_s});
}

docket_status dk_take_prepare_date(struct hand *hand, int64_t now_s, uint32_t yyyymmdd)
{
    struct dk_calendar_found today;
    docket_status status = hand->series->memory != NULL
                               ? dk_memory_prepare_date(hand, now_s, yyyymmdd)
                               : prepare(hand, &(struct when){.now_s = now_s, .date = yyyymmdd});
    if (status != DOCKET_OK)
        return status;
    if (hand->series->memory == NULL) {
        struct dk_interval interval = dk_slot_interval(dk_desk_slot(&hand->seat->map, hand->slot));
        if (!is_home(hand))
            return DK_MOVED;
        if (!dk_interval_holds(&interval, yyyymmdd))
            return DOCKET_INTERVAL_OVER;
    }
    if (!hand->writing.chronological)
        return DOCKET_OK;
    if (!dk_text_today(&hand->writing, hand->series, hand->seat, now_s, &today))
        return DOCKET_PERIOD_NOT_OPEN;
    return yyyymmdd <= today.yyyymmdd ? DOCKET_OK : DK_NOT_COME;
}
