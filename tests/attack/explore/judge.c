/* SPDX-License-Identifier: MIT */
/*
 * judge: what became of each number, when everybody has come to rest; and once
 * more when every worker is dead and docketd has taken home what they left.
 * It reads books, words and store for itself and knows nothing of fate.c.
 */
#include "world.h"

#include "daemon/daemon.h"
#include "env.h"
#include "table/judge.h"
#include "table/slot.h"

#include <string.h>

struct sheet {
    uint8_t fates[EX_NUMBERS + 1];   /* how many things speak of the number, but for "handed out" */
    uint8_t durable[EX_NUMBERS + 1]; /* how many would, after a power loss */
};

static void add(uint8_t *fates, uint64_t first, uint64_t end)
{
    for (uint64_t n = first; n < end && n <= EX_NUMBERS; n++)
        fates[n]++;
}

static void add_place(uint8_t *fates, const struct dk_desk_book *desk, uint32_t row, int index,
                      const struct dk_place_book *place)
{
    uint64_t word = real_load_acquire(dk_book_claim(desk, row, index));
    uint64_t end = place->first + place->size;
    struct dk_claim claim = dk_claim_unpack(word);
    struct dk_cursor cursor;
    if (claim.state != DK_OWNED) {
        add(fates, place->first, end);
        return;
    }
    uint64_t said = real_load_acquire(
        (const dk_word *)(const void *)(ex_seat_base(claim.seat) + dk_lines_at() + claim.line * sizeof(struct shared_line)));
    if (!dk_cursor_unpack(said, desk->seats[claim.seat].salt, claim.line, &cursor)) {
        ex_fault(EX_OTHER, "a cursor fails its check");
        return;
    }
    if (dk_lease_compare(cursor.lease, claim.lease) < 0)
        add(fates, place->first, end);
    else if (cursor.lease == claim.lease)
        add(fates, place->first + cursor.offset, end);
}

static void add_live(uint8_t *fates, const struct dk_counter *counter)
{
    const struct dk_desk_book *desk = counter->series->desk;
    for (size_t i = 0; i < counter->spare_count; i++)
        add(fates, counter->spares[i].first, counter->spares[i].last + 1);
    if (!dk_is_strict(counter)) {
        for (uint32_t r = 0; r < counter->row_count; r++)
            for (int i = 0; i < DK_PLACES_PER_ROW; i++)
                if (counter->rows[r].place[i].live)
                    add_place(fates, desk, counter->rows[r].row, i, &counter->rows[r].place[i]);
        add(fates, counter->next, counter->mark);
        return;
    }
    if (counter->bank < 0) {
        add(fates, counter->next, counter->mark);
        return;
    }
    struct dk_strict now = dk_strict_unpack(real_load_acquire(&dk_book_table_bank(counter)->strict));
    uint64_t position = counter->base + now.next;
    if (position + now.room > counter->mark)
        ex_fault(EX_ABOVE_MARK, "the word lets numbers go up to %llu, the mark is %llu",
                 (unsigned long long)(position + now.room), (unsigned long long)counter->mark);
    add(fates, position, counter->mark);
}

/* What the store alone says, were the power cut now. */
static void add_durable(uint8_t *fates, const struct dk_counter_image *image)
{
    for (uint32_t i = 0; i < image->spare_count; i++)
        add(fates, image->spares[i].first, image->spares[i].last + 1);
    for (uint32_t i = 0; i < image->place_count; i++)
        if (image->places[i].size > 0)
            add(fates, image->places[i].first + image->places[i].offset, image->places[i].first + image->places[i].size);
    add(fates, image->next, image->mark);
}

static void add_ranges(uint8_t *fates, int32_t period)
{
    for (uint32_t i = 0; i < world->store.range_count; i++) {
        const struct dk_fate_record *record = &world->store.ranges[i];
        if (record->period != period)
            continue;
        add(fates, record->range.first, record->range.last + 1);
        if (record->fate == DK_FATE_UNKNOWN)
            ex_fault(EX_OTHER, "%llu became unknown, and no power was lost", (unsigned long long)record->range.first);
    }
}

/* A number that is void was given to its block's holder, who asked it back. */
static bool is_void(int32_t period, uint64_t number)
{
    for (uint32_t i = 0; i < world->store.range_count; i++)
        if (world->store.ranges[i].period == period && number >= world->store.ranges[i].range.first &&
            number <= world->store.ranges[i].range.last)
            return true;
    return false;
}

static uint64_t judge_number(const struct ex_account *account, const struct sheet *sheet, uint64_t n)
{
    int32_t label = account->label;
    if (sheet->fates[n] > 1)
        ex_fault(EX_UNACCOUNTED, "%llu of period %d has %d fates", (unsigned long long)n, label, sheet->fates[n]);
    if (account->given[n] > 0 && sheet->fates[n] > 0 && !is_void(label, n))
        ex_fault(EX_DUPLICATE, "%llu of period %d was handed out, and would be given again", (unsigned long long)n, label);
    if (account->given[n] == 0 && sheet->fates[n] > 0 && sheet->durable[n] == 0)
        ex_fault(EX_UNACCOUNTED, "%llu of period %d would have no fate after a power loss", (unsigned long long)n, label);
    return account->given[n] == 0 && account->maybe[n] == 0 && sheet->fates[n] == 0;
}

/* In the image's spares there is nothing that was handed out: a power loss
 * would bring it back. */
static void judge_spares(const struct ex_account *account, const struct dk_counter_image *image)
{
    for (uint32_t i = 0; i < image->spare_count; i++)
        for (uint64_t n = image->spares[i].first; n <= image->spares[i].last && n <= EX_NUMBERS; n++)
            if (account->given[n] > 0)
                ex_fault(EX_DUPLICATE, "%llu of period %d was handed out, and is spare in the store", (unsigned long long)n,
                         account->label);
}

/* In a chronological series no number has an earlier date than the one before it. */
static void judge_dates(const struct ex_account *account)
{
    uint32_t last = 0;
    for (uint64_t n = 1; world->config->dated && n <= EX_NUMBERS; n++) {
        if (account->given[n] == 0)
            continue;
        if (account->date[n] < last)
            ex_fault(EX_DISORDER, "%llu of period %d is of %u, and one before it of %u", (unsigned long long)n,
                     account->label, account->date[n], last);
        last = account->date[n];
    }
}

/* Every number below the mark; those that nothing speaks of were in the hands
 * of somebody who died in that very call. */
static void judge_numbers(void)
{
    uint64_t nobodys = 0;
    for (uint32_t i = 0; i < world->store.counter_count; i++) {
        const struct dk_counter_image *image = &world->store.counters[i].image;
        struct ex_account *account = ex_account_of(image->period);
        struct sheet sheet = {0};
        const struct dk_series_book *series = dk_series_by_id(world->daemon, image->series_id); /* NULL: evicted */
        const struct dk_counter *counter = series == NULL ? NULL : dk_series_counter(series, image->period);
        if (series != NULL && series->quarantined)
            ex_fault(EX_QUARANTINE, "a series was quarantined, and nobody scribbled");
        add_durable(sheet.durable, image);
        add_ranges(sheet.durable, image->period);
        if (counter != NULL && !image->closed)
            add_live(sheet.fates, counter);
        else
            add_durable(sheet.fates, image);
        add_ranges(sheet.fates, image->period);
        for (uint64_t n = image->extent_first; n < image->mark && n <= EX_NUMBERS; n++)
            nobodys += judge_number(account, &sheet, n);
        judge_spares(account, image);
        judge_dates(account);
    }
    if (nobodys > world->may_cost)
        ex_fault(EX_UNACCOUNTED, "%llu numbers have no fate, deaths explain %u", (unsigned long long)nobodys,
                 world->may_cost);
}

/* Whoever waits, waits for good: was there nothing to give? */
static void judge_waits(void)
{
    for (int i = 0; i < EX_WORKERS; i++) {
        const struct ex_worker *worker = &world->worker[i];
        if (worker->process == 0 || ex_dead(worker->process) || ex_finished((unsigned)(EX_FIBER_WORKER + i)))
            continue;
        ex_fault(EX_HANG, "worker %d never comes back from its call", i + 1);
    }
}

static void judge_home(void)
{
    const struct dk_desk_book *desk = &world->daemon->desks[0];
    for (uint32_t seat = 0; seat < desk->seats_used; seat++)
        if (desk->seats[seat].state != DK_SEAT_FREE)
            ex_fault(EX_OTHER, "seat %u does not come free", seat);
    for (uint32_t row = 0; row < desk->rows_used; row++)
        for (int i = 0; i < DK_PLACES_PER_ROW; i++)
            if (real_load_acquire(dk_book_claim(desk, row, i)) >> 62 == DK_OWNED)
                ex_fault(EX_OTHER, "a place still belongs to a dead worker");
}

void ex_judge(void)
{
    if (world->daemon == NULL || world->posted != NULL || ex_docketd_has_work(NULL)) {
        ex_fault(EX_HANG, "docketd has not come to rest");
        return;
    }
    if (world->daemon->stopping)
        ex_fault(EX_HANG, "docketd does not come to the end of its stop");
    judge_waits();
    judge_numbers();
    for (unsigned i = 0; i < EX_WORKERS; i++)
        if (world->worker[i].process != 0)
            ex_kill(world->worker[i].process);
    ex_docketd_pump();
    judge_numbers();
    judge_home();
}
