/* SPDX-License-Identifier: MIT */
/*
 * leased: a turn of a leased counter. One scan of its places finds what is
 * used up, given back or left by the dead, and how much lies free; a plan says
 * what to close and what to lay; one commit makes it durable where it must be;
 * then the plan is applied: clear, lay, ring.
 *
 * What needs a commit: freeing a tail, closing a block that the durable image
 * speaks of, laying a spare, and raising the mark. What does not: closing a
 * used-up block that no image speaks of, and laying fresh numbers under the
 * mark: after a power loss [image.next, mark) covers both.
 */
#include "daemon/daemon.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "table/doorbell.h"
#include "table/judge.h"
#include "table/seat.h"

#include <stdlib.h>
#include <string.h>

/* Callers who only take blocks never use the small ends that others gave back;
 * beyond so many spare ranges the smallest become void, with their cause. */
#define SPARES_MAX 4096u
#define FRAGMENT_SIZE 64u

/* Most blocks that lie free at once. */
#define FREE_BLOCKS 32u

struct plan_close {
    uint32_t row_at; /* index in counter->rows */
    int place;
    uint64_t word;   /* as judged: OWNED or TAKEN */
    bool tail;
};

struct plan_lay {
    uint32_t row_at;
    int place;
    uint64_t first;
    uint32_t size;
    bool spare;
};

struct plan {
    struct dk_counter *counter;
    struct plan_close *closes;
    size_t close_count;
    struct plan_lay *lays;
    size_t lay_count;
    struct dk_range *spares; /* as they will stand when the plan is durable */
    size_t spare_count;
    uint64_t next;           /* after the fresh lays */
    uint64_t mark;
    uint64_t free_numbers;   /* laid and not claimed */
    uint32_t free_blocks;
    uint32_t free_largest;
    uint32_t live;
    bool calms;   /* nobody uses it: of what lies free no more than a small window stays, and the mark falls */
    bool settles; /* made to wind down: nothing is laid, and the mark falls back to next */
    bool leaves; /* of a period that lies ahead, with nothing out: its image has no places, and its rows may go */
    bool readies; /* before that: what lies free is in large pieces only, so a small one is laid */
    bool needs_commit;
    bool unread; /* some cursor could not be read */
    struct dk_job *job;
};

static void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->close_count; i++)
        plan->counter->rows[plan->closes[i].row_at].place[plan->closes[i].place].closing = false;
    for (size_t i = 0; i < plan->lay_count; i++)
        plan->counter->rows[plan->lays[i].row_at].place[plan->lays[i].place].planned = false;
    free(plan->closes);
    free(plan->lays);
    free(plan->spares);
    free(plan);
}

static void plan_tail(struct plan *plan, uint64_t first, uint64_t last)
{
    dk_ranges_add(&plan->spares, &plan->spare_count, first, last);
    plan->needs_commit = true;
}

static void plan_record(struct plan *plan, enum dk_fate fate, enum dk_cause cause, uint64_t first, uint64_t last)
{
    struct dk_fate_record record = {.series_id = plan->counter->series->record.id,
                                    .period = plan->counter->period.label,
                                    .fate = (uint32_t)fate,
                                    .cause = (uint32_t)cause,
                                    .range = {first, last},
                                    .time_ns = dk_clock_wall_ns()};
    dk_job_range(plan->job, &record);
    plan->needs_commit = true;
}

static void plan_close(struct plan *plan, uint32_t row_at, int index, uint64_t word, bool tail)
{
    struct dk_place_book *place = &plan->counter->rows[row_at].place[index];
    place->closing = true;
    plan->closes = dk_must_grow(plan->closes, plan->close_count + 1, sizeof *plan->closes);
    plan->closes[plan->close_count++] =
        (struct plan_close){.row_at = row_at, .place = index, .word = word, .tail = tail};
    if (place->recorded)
        plan->needs_commit = true;
}

static void count_tail(struct dk_counter *counter, const struct dk_seat_book *seat, uint64_t count)
{
    struct shared_board_words *words = dk_desk_words(&counter->series->desk->map);
    if (seat->state == DK_SEAT_REAPING) {
        dk_count_relaxed(&words->tails_recovered, 1);
        dk_count_relaxed(&words->numbers_recovered, count);
    } else {
        dk_count_relaxed(&words->numbers_given_back, count);
    }
}

/* A claimed place: what its owner's cursor says of it. */
static bool look_owned(struct plan *plan, uint32_t row_at, int index, uint64_t word)
{
    struct dk_counter *counter = plan->counter;
    struct dk_desk_book *desk = counter->series->desk;
    struct dk_place_book *place = &counter->rows[row_at].place[index];
    struct dk_claim claim = dk_claim_unpack(word);
    if (claim.seq != (place->seq & DK_SEQ_LOW_MASK) || claim.seat >= desk->map.geometry.seats_max ||
        claim.line >= desk->map.geometry.lines_per_seat || desk->seats[claim.seat].state == DK_SEAT_FREE)
        return false;
    if (place->claimed != 0 && place->claimed != word)
        return false; /* it was another's */
    place->claimed = word;
    const struct dk_seat_book *seat = &desk->seats[claim.seat];
    uint32_t offset;
    uint64_t cursor;
    if (!dk_seat_cursor(seat->keep, claim.line, &cursor)) {
        plan->unread = true;
        return true; /* unread is not damaged: a later turn looks again */
    }
    enum dk_verdict verdict = dk_judge(&claim, place->size, cursor, seat->salt, &offset);
    if (verdict != DK_DAMAGED_CURSOR && offset < place->seen_offset)
        verdict = DK_DAMAGED_CURSOR; /* a cursor never goes back */
    if (verdict != DK_DAMAGED_CURSOR)
        place->seen_offset = offset;
    if (verdict == DK_USED_UP) {
        plan_close(plan, row_at, index, word, false);
        return true;
    }
    if (verdict == DK_OPEN_LEASE && seat->state == DK_SEAT_TAKEN)
        return true; /* alive, and its own */
    if (verdict == DK_DAMAGED_CURSOR && seat->state == DK_SEAT_TAKEN)
        return true; /* nothing is decided over a live owner's head */
    uint64_t rest = place->first + place->seen_offset, last = place->first + place->size - 1;
    if (verdict == DK_DAMAGED_CURSOR) {
        plan_record(plan, DK_FATE_UNKNOWN, DK_CAUSE_DAMAGED_CURSOR, rest, last);
    } else {
        plan_tail(plan, rest, last);
        count_tail(counter, seat, last - rest + 1);
    }
    plan_close(plan, row_at, index, word, true);
    return true;
}

static bool look_free(struct plan *plan, uint32_t row_at, int index, uint64_t word)
{
    struct dk_counter *counter = plan->counter;
    const struct dk_row_book *row = &counter->rows[row_at];
    struct dk_place_book *place = &counter->rows[row_at].place[index];
    if ((word & DK_SEQ_MASK) != place->seq || place->claimed != 0 || place->taken)
        return false;
    if (dk_winding_down(counter) || (plan->calms && plan->free_numbers + place->size > counter->window)) {
        uint64_t seen;
        dk_word *claim = dk_book_claim(counter->series->desk, row->row, index);
        if (!dk_place_take_back(claim, place->seq, &seen))
            return seen >> 62 == DK_OWNED && look_owned(plan, row_at, index, seen); /* a worker was first */
        place->taken = true;
        plan_tail(plan, place->first, place->first + place->size - 1);
        plan_close(plan, row_at, index, dk_claim_pack(DK_TAKEN, place->seq), true);
        return true;
    }
    plan->free_numbers += place->size;
    plan->free_blocks++;
    if (place->size > plan->free_largest)
        plan->free_largest = place->size;
    return true;
}

static bool look_place(struct plan *plan, uint32_t row_at, int index)
{
    const struct dk_row_book *row = &plan->counter->rows[row_at];
    const struct dk_place_book *place = &row->place[index];
    uint64_t word = dk_load_acquire(dk_book_claim(plan->counter->series->desk, row->row, index)); /* ORDER-10 */
    enum dk_claim_state state = (enum dk_claim_state)(word >> 62);
    if (!place->live)
        return state == DK_EMPTY;
    plan->live++;
    switch (state) {
    case DK_FREE:
        return look_free(plan, row_at, index, word);
    case DK_OWNED:
        return look_owned(plan, row_at, index, word);
    case DK_TAKEN: /* by us, or by a docketd that died while taking back */
        if ((word & DK_SEQ_MASK) != place->seq || !place->taken)
            return false;
        plan_tail(plan, place->first, place->first + place->size - 1);
        plan_close(plan, row_at, index, word, true);
        return true;
    default:
        return false; /* only docketd empties, and it did not */
    }
}

static bool scan(struct plan *plan)
{
    for (uint32_t r = 0; r < plan->counter->row_count; r++)
        for (int i = 0; i < DK_PLACES_PER_ROW; i++)
            if (!look_place(plan, r, i))
                return false;
    return true;
}

/* The next place that is empty or will be, in the order of rows. */
static bool next_empty(const struct plan *plan, uint32_t *row_at, int *index)
{
    const struct dk_counter *counter = plan->counter;
    for (; *row_at < counter->row_count; (*row_at)++, *index = 0) {
        for (; *index < DK_PLACES_PER_ROW; (*index)++) {
            const struct dk_place_book *place = &counter->rows[*row_at].place[*index];
            if ((!place->live || place->closing) && !place->planned)
                return true;
        }
    }
    return false;
}

/* The range the next lay comes from: spares first, lowest first; then fresh. */
static bool choose(struct plan *plan, uint64_t block, uint64_t whole, struct plan_lay *lay)
{
    for (size_t i = 0; i < plan->spare_count; i++) {
        if (whole > 0 && plan->spares[i].last - plan->spares[i].first + 1 < whole)
            continue;
        struct dk_range cut = dk_ranges_cut(plan->spares, &plan->spare_count, i, block);
        lay->first = cut.first;
        lay->size = (uint32_t)(cut.last - cut.first + 1);
        lay->spare = true;
        plan->needs_commit = true;
        return true;
    }
    uint64_t left = plan->counter->extent_last + 1 - plan->next;
    if (left == 0 || left < whole)
        return false;
    lay->first = plan->next;
    lay->size = (uint32_t)(left < block ? left : block);
    lay->spare = false;
    plan->next += lay->size;
    return true;
}

static void plan_one_lay(struct plan *plan, uint32_t *row_at, int *index, uint64_t block, uint64_t whole, bool *more)
{
    struct plan_lay lay = {.row_at = *row_at, .place = *index};
    *more = choose(plan, block, whole, &lay);
    if (!*more)
        return;
    plan->lays = dk_must_grow(plan->lays, plan->lay_count + 1, sizeof *plan->lays);
    plan->lays[plan->lay_count++] = lay;
    plan->free_numbers += lay.size;
    plan->free_blocks++;
    plan->counter->rows[*row_at].place[*index].planned = true;
    (*index)++;
}

static void void_fragments(struct plan *plan)
{
    size_t kept = 0;
    if (plan->spare_count <= SPARES_MAX)
        return;
    for (size_t i = 0; i < plan->spare_count; i++) {
        struct dk_range range = plan->spares[i];
        bool enough = kept + (plan->spare_count - i) <= SPARES_MAX / 2;
        if (!enough && range.last - range.first + 1 < FRAGMENT_SIZE)
            plan_record(plan, DK_FATE_VOID, DK_CAUSE_FRAGMENT, range.first, range.last);
        else
            plan->spares[kept++] = range;
    }
    plan->spare_count = kept;
}

/* Lays what was asked for in one piece, then blocks until enough lies free. */
static void plan_lays(struct plan *plan)
{
    struct dk_counter *counter = plan->counter;
    uint64_t want = dk_exchange_acquire(&dk_book_table_bank(counter)->want, 0);
    if (want > DOCKET_BLOCK_MAX)
        want = DOCKET_BLOCK_MAX; /* what a worker wrote is a wish */
    if (want <= plan->free_largest)
        want = 0;
    if (plan->readies && want == 0)
        want = dk_counter_block(counter);
    bool low = plan->free_numbers <= counter->window / 2 && plan->free_blocks < FREE_BLOCKS / 2;
    if (!low && want == 0)
        return;
    if (low && !plan->calms)
        dk_keeper_judge_window(counter, counter->laid, dk_clock_monotonic_ns());
    uint64_t block = dk_counter_block(counter);
    uint32_t row_at = 0;
    int index = 0;
    bool more = true;
    /* Small spares must not spread over all places: so many free blocks are enough. */
    while (more && (want > 0 || (plan->free_numbers + block <= counter->window && plan->free_blocks < FREE_BLOCKS))) {
        if (!next_empty(plan, &row_at, &index) && !dk_leased_add_row(counter))
            break;
        if (!next_empty(plan, &row_at, &index))
            break;
        plan_one_lay(plan, &row_at, &index, want > 0 ? want : block, want, &more);
        want = 0;
    }
}

/* The mark: above every lay; when it must rise anyway, by the rest of the window. */
static void plan_mark(struct plan *plan)
{
    struct dk_counter *counter = plan->counter;
    plan->mark = counter->mark;
    if (plan->calms) { /* all that it allows lies there */
        plan->mark = plan->next;
        plan->needs_commit = true;
    }
    if (plan->next <= plan->mark)
        return;
    plan->needs_commit = true;
    uint64_t ahead = counter->window > plan->free_numbers ? counter->window - plan->free_numbers : 0;
    plan->mark = plan->next + ahead;
    if (plan->mark > counter->extent_last + 1)
        plan->mark = counter->extent_last + 1;
}

static void record_place(const struct plan *plan, uint32_t row_at, int index, struct dk_counter_image *image)
{
    const struct dk_row_book *row = &plan->counter->rows[row_at];
    const struct dk_place_book *place = &row->place[index];
    struct dk_place_record record = {.place = row->row * DK_PLACES_PER_ROW + (uint32_t)index,
                                     .closed_seq = place->closed_seq};
    bool live = place->live;
    if (live && place->closing) {
        record.closed_seq = place->seq;
        live = false;
    }
    if (live) {
        record.seq = place->seq;
        record.first = place->first;
        record.size = place->size;
        record.offset = place->seen_offset;
    }
    for (size_t i = 0; i < plan->lay_count; i++) {
        const struct plan_lay *lay = &plan->lays[i];
        if (lay->spare && lay->row_at == row_at && lay->place == index) {
            record.seq = place->seq + 1;
            record.first = lay->first;
            record.size = lay->size;
            record.spare = 1;
        }
    }
    if (record.closed_seq > 0 || record.size > 0)
        image->places[image->place_count++] = record;
}

static void fill_image(struct plan *plan, struct dk_counter_image *image)
{
    const struct dk_counter *counter = plan->counter;
    dk_counter_image_frame(counter, image);
    image->mark = plan->mark;
    if (plan->settles)
        image->next = plan->next; /* nothing is laid any more: exactly */
    image->places = dk_must_alloc((size_t)counter->row_count * DK_PLACES_PER_ROW, sizeof *image->places);
    for (uint32_t r = 0; r < counter->row_count && !plan->leaves; r++)
        for (int i = 0; i < DK_PLACES_PER_ROW; i++)
            record_place(plan, r, i, image);
    dk_image_copy_spares(image, plan->spares, plan->spare_count);
}

static bool apply_closes(struct plan *plan)
{
    uint64_t back = 0;
    for (size_t i = 0; i < plan->close_count; i++) {
        struct plan_close *close = &plan->closes[i];
        struct dk_row_book *row = &plan->counter->rows[close->row_at];
        struct dk_place_book *place = &row->place[close->place];
        if (!dk_place_clear(dk_book_claim(plan->counter->series->desk, row->row, close->place), close->word,
                            place->seq))
            return false; /* nobody but docketd may change an OWNED or TAKEN word */
        place->closed_seq = place->seq;
        place->live = place->recorded = false;
        back += close->tail ? place->size - place->seen_offset : 0;
    }
    dk_count_relaxed(&dk_desk_words(&plan->counter->series->desk->map)->numbers_out, 0 - back);
    plan->counter->laid -= back;
    return true;
}

static void lay_one(struct plan *plan, const struct plan_lay *lay)
{
    struct dk_counter *counter = plan->counter;
    struct dk_desk_book *desk = counter->series->desk;
    struct dk_row_book *row = &counter->rows[lay->row_at];
    struct dk_place_book *place = &row->place[lay->place];
    struct dk_laid laid = {.seq = place->seq + 1,
                           .first = lay->first,
                           .size = lay->size,
                           .serial = dk_epoch_serial(counter->epoch)};
    dk_place_write(dk_book_place(desk, row->row, lay->place), &laid);
    if (!lay->spare) {
        counter->next = lay->first + lay->size;
        dk_store_release(&dk_book_bank(counter)->limit, counter->next); /* before the word: a restart reads it */
    }
    place->seq = laid.seq;
    place->first = laid.first;
    place->size = laid.size;
    place->seen_offset = 0;
    place->claimed = 0;
    place->taken = false;
    place->live = true;
    place->recorded = lay->spare;
    counter->laid += lay->size;
    dk_count_relaxed(&dk_desk_words(&desk->map)->numbers_out, lay->size);
    if (!dk_place_lay(dk_book_claim(desk, row->row, lay->place), laid.seq))
        dk_series_quarantine(counter->series, "an empty place changed while docketd laid a block there");
}

static void apply_lays(struct plan *plan)
{
    struct dk_counter *counter = plan->counter;
    struct shared_board_words *words = dk_desk_words(&counter->series->desk->map);
    for (size_t i = 0; i < plan->lay_count && !counter->series->quarantined; i++)
        lay_one(plan, &plan->lays[i]);
    if (plan->lay_count == 0)
        return;
    dk_count_relaxed(&words->blocks_laid, plan->lay_count);
    dk_doorbell_announce(&dk_book_bank(counter)->supply);
}

static void apply(struct plan *plan)
{
    struct dk_counter *counter = plan->counter;
    counter->mark = plan->mark;
    free(counter->spares);
    counter->spares = plan->spares;
    counter->spare_count = plan->spare_count;
    plan->spares = NULL;
    if (!apply_closes(plan)) {
        dk_series_quarantine(counter->series, "a claimed place changed its owner while docketd cleared it");
        return;
    }
    dk_keeper_expect(counter, plan->free_numbers);
    /* A plan made before the stop, or the end of the period, lays no more; what
     * it recorded as laid from spares goes back by the image of the next turn. */
    if (dk_winding_down(counter)) {
        for (size_t i = 0; i < plan->lay_count; i++)
            if (plan->lays[i].spare)
                dk_ranges_add(&counter->spares, &counter->spare_count, plan->lays[i].first,
                              plan->lays[i].first + plan->lays[i].size - 1);
        return;
    }
    apply_lays(plan);
}

static void mark_recorded(const struct plan *plan, const struct dk_counter_image *image)
{
    struct dk_counter *counter = plan->counter;
    uint32_t at = 0;
    counter->exposed = plan->mark - plan->next + plan->free_numbers; /* blocks that lie free are in the image too */
    for (uint32_t r = 0; r < counter->row_count; r++) {
        for (int i = 0; i < DK_PLACES_PER_ROW && at < image->place_count; i++) {
            struct dk_place_book *place = &counter->rows[r].place[i];
            const struct dk_place_record *record = &image->places[at];
            if (record->place != counter->rows[r].row * DK_PLACES_PER_ROW + (uint32_t)i)
                continue;
            at++;
            place->recorded = place->live && record->size > 0 && record->seq == place->seq;
        }
    }
}

static void committed(struct dk_job *job)
{
    struct plan *plan = job->context;
    struct dk_counter *counter = plan->counter;
    const struct dk_counter_image *image = &job->images[0];
    bool settled = plan->settles && dk_winding_down(counter);
    mark_recorded(plan, image);
    dk_accounted_committed(counter, image, !plan->unread);
    apply(plan);
    counter->closed = dk_image_has_ended(image) || plan->leaves;
    counter->closing_said = image->closed == DK_CLOSED_FOR_GOOD || image->closed == DK_CLOSING;
    counter->settled = counter->settled || settled;
    if (settled)
        counter->next = plan->next; /* more than before where numbers of an ended period were given */
    plan_free(plan);
    /* Only now, with its last number durable, may the bank forget it. */
    if (settled && (counter->ended || counter->ahead) && counter->bank >= 0 && !counter->closed)
        dk_periods_release_bank(counter);
    dk_job_free(job);
    dk_ended_given(counter);
    dk_keeper_done(counter);
    if (!counter->settled && dk_winding_down(counter))
        dk_keeper_ask(counter);
    else if (counter->series->evicting)
        dk_keeper_ask_later(counter); /* its rows go when nothing lies in them any more */
    if (counter->closed)
        dk_periods_counter_settled(counter);
}

/* Winding down: nothing is laid ahead any more, so the mark falls back to the
 * last number ever laid; closed when no place is live. */
static void plan_settle(struct plan *plan)
{
    struct dk_counter *counter = plan->counter;
    plan->settles = true;
    plan->mark = counter->next;
    plan->leaves = counter->ahead && !counter->ended && plan->live == 0;
    bool last_lease_is_back = plan->live == plan->close_count;
    bool last_word = counter->ended ? last_lease_is_back : plan->leaves;
    if (!counter->settled || plan->close_count > 0 || (last_word && !counter->closed) ||
        counter->closing != counter->closing_said)
        plan->needs_commit = true;
    if (counter->ended && counter->settled && counter->bank < 0 && !counter->closing &&
        dk_ended_plan(counter, &plan->spares, &plan->spare_count, &plan->next)) {
        plan->mark = plan->next;
        plan->needs_commit = true;
    }
}

static struct plan *plan_new(struct dk_counter *counter)
{
    struct plan *plan = dk_must_alloc(1, sizeof *plan);
    plan->counter = counter;
    plan->next = counter->next;
    plan->mark = counter->mark;
    plan->spare_count = counter->spare_count;
    plan->spares = dk_must_alloc(counter->spare_count, sizeof *plan->spares);
    if (counter->spare_count > 0)
        memcpy(plan->spares, counter->spares, counter->spare_count * sizeof *plan->spares);
    plan->job = dk_job_new(committed, plan);
    return plan;
}

static void say_who_closes(struct dk_counter *counter, struct dk_job *job)
{
    if (counter->said == NULL)
        return;
    dk_job_event(job, counter->said->kind, counter->said->uid, "%s", counter->said->text);
    dk_job_reason(job, counter->said->reason);
    dk_job_about(job, counter->series->record.tenant, counter->series->record.name, counter->period.label);
    free(counter->said);
    counter->said = NULL;
}

/* Some block that lies free is small enough to stay when the counter is calmed. */
static bool small_lies_free(const struct dk_counter *counter)
{
    for (uint32_t r = 0; r < counter->row_count; r++)
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            const struct dk_place_book *place = &counter->rows[r].place[i];
            uint64_t word = dk_load_acquire(dk_book_claim(counter->series->desk, counter->rows[r].row, i)); /* ORDER-10 */
            if (place->live && place->size <= counter->window && word >> 62 == DK_FREE)
                return true;
        }
    return false;
}

/* What lies free is taken back before the commit that makes it so, and a disk that hangs then, or our
 * death, must not leave callers with nothing: so a turn before that one lays what will stay. */
static void plan_calm(struct plan *plan)
{
    struct dk_counter *counter = plan->counter;
    plan->calms = !dk_winding_down(counter) && dk_keeper_calms(counter, counter->laid);
    plan->readies = plan->calms && !counter->readied && !small_lies_free(counter);
    if (plan->calms)
        counter->readied = plan->readies;
    if (!plan->readies)
        return;
    plan->calms = false;
    dk_keeper_calm(counter, counter->window);
}

void dk_leased_turn(struct dk_counter *counter)
{
    struct plan *plan = plan_new(counter);
    plan_calm(plan);
    if (!scan(plan)) {
        dk_series_quarantine(counter->series, "a claim word says what docketd's books do not");
        dk_job_free(plan->job);
        plan_free(plan);
        return;
    }
    void_fragments(plan);
    if (dk_winding_down(counter)) {
        plan_settle(plan);
    } else {
        counter->settled = false; /* it may have been, while its desk was drained */
        plan_lays(plan);
        plan_mark(plan);
    }
    if (dk_accounted_plan(counter) || plan->needs_commit) {
        struct dk_counter_image *image = dk_job_image(plan->job);
        fill_image(plan, image);
        bool all_back = counter->ended && plan->live == plan->close_count;
        image->closed = all_back ? (counter->closing ? DK_CLOSED_FOR_GOOD : DK_ENDED)
                                 : (counter->closing ? DK_CLOSING : DK_OPEN);
        say_who_closes(counter, plan->job);
        dk_keeper_post(counter, plan->job);
        return;
    }
    dk_job_free(plan->job);
    apply(plan);
    plan_free(plan);
}
