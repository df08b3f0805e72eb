/* SPDX-License-Identifier: MIT */
/*
 * lease: claiming a block, and giving back its rest.
 *
 * A line claims its next lease only when the last one is used up (its cursor
 * says offset == size), or was given back and docketd has cleared its place:
 * the claim word that is no longer ours is docketd's acknowledgement. A line
 * that leaves its counter rests until its last place is cleared, used up or not.
 *
 * Lease numbers wrap, so a place that nobody cleared must not see its line come
 * round. Leaving a counter asks docketd for a turn, which clears all that is
 * used up there, at the latest with its next heartbeat but one. So a line that
 * has gone LEASES_UNSEEN leases since the heartbeat before the last one takes
 * no more until docketd has lived on.
 */
#include "client/inside.h"

#include "table/pace.h"
#include "table/seat.h"

#include <string.h>

#define LEASES_UNSEEN 16384u

static bool is_resting(const struct line *line)
{
    return line->claim != NULL && dk_load_acquire(line->claim) == line->word; /* ORDER-10 */
}

static docket_status take_line(struct lease *lease, struct seat *seat)
{
    uint32_t count = seat->map.geometry.lines_per_seat;
    docket_status status = DOCKET_LINES_EXHAUSTED;
    pthread_mutex_lock(&seat->live->line_lock);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (seat->line_hint + i) % count;
        struct line *line = &seat->lines[at];
        if (line->in_use || is_resting(line))
            continue;
        line->in_use = true;
        line->claim = NULL;
        lease->seat = seat;
        lease->claim = NULL;
        lease->line = at;
        lease->number = line->lease;
        lease->cursor = &dk_seat_line(seat->base, at)->cursor;
        lease->seal = dk_cursor_seal(seat->salt, at);
        seat->line_hint = at + 1;
        status = DOCKET_OK;
        break;
    }
    pthread_mutex_unlock(&seat->live->line_lock);
    if (status != DOCKET_OK)
        dk_fail(status, "this process has all its %u lease lines in use or waiting for docketd; raise lines_per_seat",
                count);
    return status;
}

static void leave_line(struct lease *lease)
{
    struct line *line = &lease->seat->lines[lease->line];
    pthread_mutex_lock(&lease->seat->live->line_lock);
    line->lease = lease->number;
    line->claim = lease->claim;
    line->word = lease->word;
    line->in_use = false;
    pthread_mutex_unlock(&lease->seat->live->line_lock);
    lease->cursor = NULL;
}

struct candidate {
    dk_word *claim;
    struct shared_board_place *place;
    uint64_t first;
    uint32_t size;
};

/* Calls visit for each FREE place of the bank that was laid under serial. The
 * chain is docketd's; it is bounded here against a board that is being changed. */
static void each_free(const struct seat *seat, const struct shared_board_bank *bank, uint32_t serial,
                      void (*visit)(void *context, const struct candidate *candidate), void *context)
{
    uint64_t ready = dk_load_acquire(&dk_desk_words(&seat->map)->rows_ready); /* ORDER-2 */
    uint32_t row = dk_load32_acquire(&bank->row);                             /* ORDER-6 */
    for (int step = 0; row != 0 && step < DK_ROWS_PER_COUNTER; step++) {
        if (row > ready || row > seat->map.geometry.rows_max)
            return;
        struct shared_board_row *board = dk_desk_row(&seat->map, row - 1);
        struct shared_table_row *table = dk_table_row(&seat->map, row - 1);
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            uint64_t word = dk_load_acquire(&table->claim[i]); /* ORDER-9 */
            struct dk_laid laid = dk_place_read(&board->place[i]);
            if (word >> 62 != DK_FREE || laid.seq != (word & DK_SEQ_MASK) || laid.serial != serial)
                continue;
            struct candidate found = {&table->claim[i], &board->place[i], laid.first, laid.size};
            visit(context, &found);
        }
        row = dk_load32_acquire(&board->next); /* ORDER-6 */
    }
}

struct choice {
    struct candidate best;
    uint32_t size_min;
    uint64_t numbers; /* in all that lie free */
};

/* For single numbers the lowest block; for a block of n the smallest that holds it. */
static void choose(void *context, const struct candidate *found)
{
    struct choice *choice = context;
    choice->numbers += found->size;
    if (found->size < choice->size_min)
        return;
    bool better = choice->best.claim == NULL ||
                  (choice->size_min > 1 && found->size != choice->best.size ? found->size < choice->best.size
                                                                            : found->first < choice->best.first);
    if (better)
        choice->best = *found;
}

static bool may_go_on(const struct lease *lease)
{
    struct line *line = &lease->seat->lines[lease->line]; /* ours while in use */
    uint64_t pulse = dk_load_relaxed(&dk_desk_words(&lease->seat->map)->heartbeat_ns); /* relaxed: only compared */
    if (pulse != line->pulse) {
        line->pulse = pulse;
        line->lease_before = line->lease_at_pulse;
        line->lease_at_pulse = lease->number;
    }
    return (uint16_t)(lease->number - line->lease_before) < LEASES_UNSEEN;
}

/* *left: numbers that lie free behind it. */
static docket_status claim_any(struct lease *lease, struct seat *seat, const struct shared_board_bank *bank,
                               uint32_t serial, uint32_t size_min, uint64_t *left)
{
    for (;;) {
        struct choice choice = {.size_min = size_min};
        struct dk_laid laid;
        each_free(seat, bank, serial, choose, &choice);
        if (choice.best.claim == NULL)
            return DOCKET_TIMEOUT; /* nothing laid: the caller waits */
        uint16_t number = (uint16_t)(lease->number + 1);
        if (!dk_place_claim(choice.best.claim, choice.best.place, serial, size_min, seat->number, lease->line, number,
                            &laid))
            continue; /* another worker was first: progress was made, look again */
        lease->number = number;
        lease->claim = choice.best.claim;
        lease->word = dk_claim_pack_owned(seat->number, lease->line, number, laid.seq);
        dk_lease_begin(lease, laid.first, laid.size);
        *left = choice.numbers - choice.best.size;
        return DOCKET_OK;
    }
}

/* docketd lays again when half of the window, or less, lies free (leased.c). Until then it
 * has nothing to do: a flag would cost it a turn for each block of each series. */
static bool is_low(const struct seat *seat, uint32_t slot, const struct shared_board_bank *bank, uint64_t left)
{
    const struct shared_board_slot *board = dk_desk_slot(&seat->map, slot);
    /* Relaxed: a hint. 0: nothing is known, and docketd is to look. */
    uint64_t window = dk_pace_unpack(dk_load_relaxed(&board->pace[bank - board->bank])).window;
    return window == 0 || left <= window / 2;
}

/* What was handed out of a lease is counted when it is over: a number counts nothing. */
static void count_up(struct lease *lease)
{
    if (lease->size > 0)
        dk_add_relaxed(&dk_seat_words(lease->seat->base)->numbers, lease->size - dk_lease_left(lease)); /* relaxed: statistics */
    lease->size = 0;
}

docket_status dk_lease_claim(struct lease *lease, struct seat *seat, uint32_t slot, const struct shared_board_bank *bank,
                             uint64_t epoch, uint32_t size_min)
{
    docket_status status = DOCKET_OK;
    uint64_t left = 0;
    if (lease->cursor != NULL && lease->seat != seat) {
        /* docketd built the desk anew while the caller waited: its line is of the old one. */
        dk_lease_give_back(lease, slot);
        memset(lease, 0, sizeof *lease);
    }
    count_up(lease);
    if (lease->cursor == NULL)
        status = take_line(lease, seat);
    if (status == DOCKET_OK && !may_go_on(lease))
        status = DOCKET_TIMEOUT;
    if (status == DOCKET_OK)
        status = claim_any(lease, seat, bank, dk_epoch_serial(epoch), size_min, &left);
    if (status != DOCKET_OK)
        return status;
    struct shared_seat_words *words = dk_seat_words(seat->base);
    dk_store_relaxed(&dk_seat_line(seat->base, lease->line)->claimed_s, (uint64_t)dk_clock_wall_s());
    dk_add_relaxed(&words->claims, 1); /* relaxed: statistics */
    if (is_low(seat, slot, bank, left))
        dk_desk_want(&seat->map, slot);
    return DOCKET_OK;
}

void dk_lease_give_back(struct lease *lease, uint32_t slot)
{
    if (lease->cursor == NULL)
        return;
    uint32_t left = dk_lease_left(lease); /* 0: the cursor says that it is used up */
    if (left > 0) {
        /* The last store of this lease; the line rests until docketd has cleared the place. */
        dk_store_release(lease->cursor, dk_cursor_body(lease->number, lease->size - left, true) * lease->seal); /* ORDER-7 */
        dk_add_relaxed(&dk_seat_words(lease->seat->base)->give_backs, 1);
    }
    count_up(lease);
    lease->body = lease->end = 0;
    leave_line(lease);
    dk_desk_ask(&lease->seat->map, slot);
}

struct sum {
    uint64_t numbers;
    uint64_t lowest;
};

static void sum_up(void *context, const struct candidate *found)
{
    struct sum *sum = context;
    sum->numbers += found->size;
    if (sum->lowest == 0 || found->first < sum->lowest)
        sum->lowest = found->first;
}

uint64_t dk_lease_free_numbers(const struct seat *seat, const struct shared_board_bank *bank, uint64_t epoch,
                               uint64_t *lowest)
{
    struct sum sum = {0};
    each_free(seat, bank, dk_epoch_serial(epoch), sum_up, &sum);
    *lowest = sum.lowest;
    return sum.numbers;
}
