/* SPDX-License-Identifier: MIT */
/*
 * tracked: what the board shows of a series that keeps a ledger: its current period,
 * as it was made durable last, in the words where the first bank would stand. The
 * bank is none: its epoch stays 0, so nobody takes a number by it. For tools; words
 * of two moments may meet.
 */
#include "daemon/ended/ended.h"

#include <stdlib.h>

static struct shared_board_bank *bank_of(const struct dk_series_book *series)
{
    return &dk_desk_slot(&series->desk->map, series->slot)->bank[0];
}

static void show_numbers(const struct dk_series_book *series, const struct dk_counter_image *image)
{
    struct shared_board_bank *bank = bank_of(series);
    uint64_t gone = image->next; /* of the numbers below it those that are free count as not gone */
    for (uint32_t i = 0; i < image->spare_count; i++)
        gone -= image->spares[i].last - image->spares[i].first + 1;
    dk_store_relaxed(&bank->base, image->spare_count > 0 ? image->spares[0].first : image->next);
    dk_store_relaxed(&bank->limit, gone);
    dk_store_relaxed(&bank->last, image->extent_last);
    dk_store_relaxed(&dk_table_slot(&series->desk->map, series->slot)->bank[0].first,
                     image->interval_first != 0 ? image->interval_first : image->extent_first);
}

void dk_tracked_show(struct dk_daemon *daemon, const struct dk_series_book *series, const struct dk_period *period)
{
    struct shared_board_bank *bank = bank_of(series);
    struct dk_ended_facts facts;
    if (dk_ended_look(daemon, series->record.id, period->label, &facts) == DOCKET_OK) {
        if (!facts.found)
            dk_ended_begin(&series->record, period->label, series->desk->map.incarnation, &facts.image);
        dk_store_relaxed(&bank->period, (uint64_t)(uint32_t)period->label);
        dk_store_relaxed(&bank->start_s, (uint64_t)period->start_s);
        dk_store_relaxed(&bank->end_s, (uint64_t)period->end_s);
        show_numbers(series, &facts.image);
    }
    free(facts.image.spares);
}

void dk_tracked_given(const struct dk_series_book *series, const struct dk_counter_image *image)
{
    const struct shared_board_bank *bank = bank_of(series);
    if (dk_load_relaxed(&bank->last) != 0 && (int32_t)(uint32_t)dk_load_relaxed(&bank->period) == image->period)
        show_numbers(series, image);
}

void dk_tracked_hide(const struct dk_series_book *series)
{
    dk_store_relaxed(&bank_of(series)->last, 0);
}
