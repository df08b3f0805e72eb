/* SPDX-License-Identifier: MIT */
/*
 * read: one slot of a desk, as people want to see it.
 */
#include "inspect/view.h"

#include "base/clock.h"
#include "numbering/period.h"
#include "table/calendar.h"
#include "table/pace.h"
#include "table/slot.h"

#include <stdio.h>
#include <string.h>

/* docketd rewrites a bank in microseconds; more tries than this means that it
 * died in the middle, and the bank is then shown as absent. */
#define BANK_TRIES 64

struct bank_copy {
    struct dk_form form;
    uint64_t epoch, period, start_s, end_s, base, limit, last;
    uint32_t row;
    uint8_t flags;
};

/* The epoch brackets the fields: 0 while they are rewritten, another one after. */
static bool read_bank(const struct shared_board_slot *slot, int index, struct bank_copy *copy)
{
    const struct shared_board_bank *bank = &slot->bank[index];
    for (int i = 0; i < BANK_TRIES; i++) {
        copy->epoch = dk_load_acquire(&bank->epoch); /* ORDER-4 */
        if (copy->epoch == 0)
            continue;
        /* Acquire on each, so that the second look at the epoch stays behind them. ORDER-4 */
        copy->period = dk_load_acquire(&bank->period);
        copy->start_s = dk_load_acquire(&bank->start_s);
        copy->end_s = dk_load_acquire(&bank->end_s);
        copy->base = dk_load_acquire(&bank->base);
        copy->limit = dk_load_acquire(&bank->limit);
        copy->last = dk_load_acquire(&bank->last);
        copy->row = dk_load32_acquire(&bank->row);
        dk_slot_read_form(slot, index, &copy->form);
        copy->flags = dk_slot_settings(slot, index).flags;
        if (dk_load_acquire(&bank->epoch) == copy->epoch) /* ORDER-4 */
            return true;
    }
    return false;
}

static void show_strict(const struct view_desk *desk, uint32_t slot, uint32_t bank, const struct bank_copy *copy,
                        struct docket_view_period *period)
{
    uint64_t word = dk_load_acquire(&dk_table_slot(&desk->desk, slot)->bank[bank].strict); /* ORDER-8 */
    struct dk_strict now = dk_strict_unpack(word);
    if (now.epoch != copy->epoch % DK_STRICT_EPOCHS)
        return; /* docketd is opening the period */
    period->next = period->given = copy->base + now.next;
    /* The word lies where workers can write; the limit does not. */
    if (period->next < copy->limit) {
        uint64_t allowed = copy->limit - period->next;
        period->laid = now.room < allowed ? now.room : allowed;
    }
}

static void show_owned(const docket_view *view, struct view_desk *desk, const struct dk_claim *claim,
                       const struct dk_laid *laid, struct docket_view_period *period)
{
    struct view_lease lease;
    const struct view_seat *seat = dk_seats_get(view, desk, claim->seat);
    if (seat == NULL || claim->line >= desk->desk.geometry.lines_per_seat ||
        (laid->seq & DK_SEQ_LOW_MASK) != claim->seq || !dk_seats_judge(seat, claim, laid, &lease) || !lease.open)
        return;
    period->leases++;
    period->open += lease.left;
    int64_t age_s = lease.claimed_s != 0 ? dk_clock_wall_s() - lease.claimed_s : -1;
    if (age_s > period->oldest_lease_age_s)
        period->oldest_lease_age_s = age_s;
}

static void show_place(const docket_view *view, struct view_desk *desk, uint32_t row, uint32_t place,
                       uint64_t epoch, struct docket_view_period *period)
{
    uint64_t word = dk_load_acquire(&dk_table_row(&desk->desk, row)->claim[place]); /* ORDER-9 */
    struct dk_claim claim = dk_claim_unpack(word);
    if (claim.state != DK_FREE && claim.state != DK_OWNED)
        return;
    struct dk_laid laid = dk_place_read(&dk_desk_row(&desk->desk, row)->place[place]);
    if (laid.serial != dk_epoch_serial(epoch) || laid.size == 0)
        return;
    if (claim.state == DK_OWNED) {
        show_owned(view, desk, &claim, &laid, period);
    } else if (laid.seq == claim.seq) {
        period->laid += laid.size;
        if (period->next == 0 || laid.first < period->next)
            period->next = laid.first;
    }
}

/* The chain is docketd's; it is bounded all the same, by the rows there are. */
static void show_leased(const docket_view *view, struct view_desk *desk, const struct bank_copy *copy,
                        struct docket_view_period *period)
{
    uint32_t ready = dk_map_rows_ready(desk);
    uint32_t row = copy->row;
    for (uint32_t steps = 0; row != 0 && row <= ready && steps < ready; steps++) {
        for (uint32_t place = 0; place < DK_PLACES_PER_ROW; place++)
            show_place(view, desk, row - 1, place, copy->epoch, period);
        row = dk_load32_acquire(&dk_desk_row(&desk->desk, row - 1)->next); /* ORDER-6 */
    }
    /* The limit is the first number never laid: what is below it and neither laid nor open went out. */
    uint64_t inside = period->laid + period->open;
    period->given = copy->limit > inside ? copy->limit - inside : 0;
}

/* Where the numbers end before they would by themselves: how much of them is gone. Of a
 * strict counter far beyond 2^40 the board's last number is only as far as its word counts. */
static void show_use(const struct view_desk *desk, uint32_t slot, uint32_t bank, const struct bank_copy *copy,
                     struct docket_view_period *period)
{
    uint64_t first = dk_load_relaxed(&dk_table_slot(&desk->desk, slot)->bank[bank].first); /* shown only */
    period->last = copy->last;
    period->first = first >= 1 && first <= copy->last ? first : 1; /* it lies where workers can write */
    if (copy->last - copy->base >= DK_NEXT_MAX - DK_ROOM_MAX - 1 || copy->last >= DOCKET_NUMBER_MAX)
        return;
    uint64_t used = period->given > period->first ? period->given - period->first : 0;
    uint64_t all = copy->last - period->first + 1;
    period->used_percent = used >= all ? 100 : (uint32_t)((double)used * 100.0 / (double)all);
    period->ends = 1;
}

/* What may change from one period to the next is told of the first one. */
static void show_first(struct docket_view_series *facts, const struct bank_copy *copy)
{
    facts->chronological = (copy->flags & DK_FLAG_CHRONOLOGICAL) != 0;
    facts->stops = (copy->flags & DK_FLAG_STOPS) != 0;
    facts->voids_released = (copy->flags & DK_FLAG_VOID_RELEASED) != 0;
}

static uint32_t shown(uint64_t figure)
{
    return figure < UINT32_MAX ? (uint32_t)figure : UINT32_MAX;
}

static void show_bank(const docket_view *view, struct view_desk *desk, uint32_t slot, uint32_t bank, bool leased,
                      struct docket_view_series *facts)
{
    struct bank_copy copy;
    if (!read_bank(dk_desk_slot(&desk->desk, slot), (int)bank, &copy))
        return;
    if (facts->period_count == 0 || (int64_t)copy.start_s < facts->periods[0].start_s)
        show_first(facts, &copy);
    struct docket_view_period *period = &facts->periods[facts->period_count++];
    *period = (struct docket_view_period){.period = (int32_t)(uint32_t)copy.period,
                                          .start_s = (int64_t)copy.start_s,
                                          .end_s = (int64_t)copy.end_s,
                                          .oldest_lease_age_s = -1};
    memcpy(period->form, &copy.form, sizeof period->form);
    struct dk_pace pace = dk_pace_unpack(dk_load_relaxed(&dk_desk_slot(&desk->desk, slot)->pace[bank])); /* shown only */
    period->window_now = shown(pace.window);
    period->unknown_now = shown(pace.exposed);
    period->rate_per_minute = shown(pace.per_minute);
    if (leased)
        show_leased(view, desk, &copy, period);
    else
        show_strict(desk, slot, bank, &copy, period);
    show_use(desk, slot, bank, &copy, period);
    if (facts->quarantined)
        period->laid = 0; /* nobody may take them */
}

/* What docketd made durable last of the current period, where a bank would stand. Shown only: words of two
 * moments may meet. */
static void show_tracked(const struct view_desk *desk, uint32_t slot, struct docket_view_series *facts)
{
    const struct shared_board_slot *board = dk_desk_slot(&desk->desk, slot);
    const struct shared_board_bank *bank = &board->bank[0];
    struct docket_view_period *period = &facts->periods[0];
    uint64_t last = dk_load_relaxed(&bank->last);
    if (last == 0)
        return;
    *period = (struct docket_view_period){.period = (int32_t)(uint32_t)dk_load_relaxed(&bank->period),
                                          .start_s = (int64_t)dk_load_relaxed(&bank->start_s),
                                          .end_s = (int64_t)dk_load_relaxed(&bank->end_s),
                                          .next = dk_load_relaxed(&bank->base),
                                          .given = dk_load_relaxed(&bank->limit),
                                          .first = dk_load_relaxed(&dk_table_slot(&desk->desk, slot)->bank[0].first),
                                          .last = last,
                                          .oldest_lease_age_s = -1};
    if (period->first < 1 || period->first > last)
        period->first = 1; /* it lies where workers can write */
    struct dk_form form;
    dk_slot_read_form(board, 0, &form);
    memcpy(period->form, &form, sizeof period->form);
    facts->period_count = 1;
    if (last >= DOCKET_NUMBER_MAX)
        return;
    uint64_t used = period->given > period->first ? period->given - period->first : 0, all = last - period->first + 1;
    period->used_percent = used >= all ? 100 : (uint32_t)((double)used * 100.0 / (double)all);
    period->ends = 1;
}

static const char *copy_text(char *to, const char *from, size_t bytes, size_t max)
{
    bytes = bytes < max ? bytes : max;
    memcpy(to, from, bytes);
    to[bytes] = '\0';
    return to;
}

static void order_periods(struct docket_view_series *facts)
{
    if (facts->period_count < 2 || facts->periods[0].start_s <= facts->periods[1].start_s)
        return;
    struct docket_view_period later = facts->periods[0];
    facts->periods[0] = facts->periods[1];
    facts->periods[1] = later;
}

/* Today in the series' zone, within the period and the interval: a day by its label, as
 * the calendar does not reach every edge. UTC's where it does not reach today: then nobody
 * takes a text of it either. */
static void show_date(const struct view_desk *desk, const struct dk_slot_key *key, struct docket_view_period *period)
{
    const struct shared_calendar *calendar = dk_calendar_at(&desk->desk, key->calendar);
    struct dk_calendar_found found;
    struct dk_template template;
    struct dk_form form;
    struct dk_span span = {.first = 0, .last = DK_DATE_LAST};
    int64_t now_s = dk_clock_wall_s();
    memcpy(&form, period->form, sizeof form);
    if (key->restart != DK_NEVER && dk_form_unpack(&form, &template) &&
        !dk_span_of_label((enum dk_restart)key->restart, &template.fiscal, period->period, &span))
        span = (struct dk_span){.first = 0, .last = DK_DATE_LAST};
    uint32_t first = span.first > key->valid_from ? span.first : key->valid_from;
    uint32_t last = key->valid_to != 0 && key->valid_to < span.last ? key->valid_to : span.last;
    uint32_t today = calendar != NULL && dk_calendar_find(calendar, now_s, &found) ? found.yyyymmdd
                                                                                   : dk_zone_utc.date(&dk_zone_utc, now_s);
    period->date = today > last ? last : today;
    if (period->date < first)
        period->date = first;
}

/* The template as docketd resolved it; "" if no period is on the board. */
static void show_form(struct view_names *names, const struct shared_board_slot *slot, struct docket_view_series *facts)
{
    struct dk_form form;
    memset(&names->template, 0, sizeof names->template);
    memcpy(&form, facts->periods[0].form, sizeof form);
    if (facts->tracked)
        dk_slot_read_form(slot, 0, &form); /* it stands there without a bank; whole, or refused */
    if ((facts->period_count > 0 || facts->tracked) && !dk_form_unpack(&form, &names->template))
        memset(&names->template, 0, sizeof names->template);
    dk_fiscal_text(&names->template.fiscal, names->fiscal);
    facts->template_text = names->template.text;
    facts->fiscal_year = names->fiscal;
}

static void show_zone(struct view_names *names, const struct view_desk *desk, uint16_t index,
                      struct docket_view_series *facts)
{
    const struct shared_calendar *calendar = dk_calendar_at(&desk->desk, index);
    names->zone[0] = 0;
    if (calendar != NULL)
        dk_calendar_zone(calendar, names->zone);
    facts->zone = names->zone;
}

bool dk_read_series(docket_view *view, struct view_desk *desk, uint32_t slot, struct docket_view_series *facts)
{
    const struct shared_board_slot *board = dk_desk_slot(&desk->desk, slot);
    struct view_names *names = &view->names;
    uint64_t generation = dk_load_acquire(&board->generation); /* ORDER-5 */
    if (generation == 0)
        return false;
    struct dk_slot_key key;
    if (!dk_slot_read(board, generation, &key))
        return false;
    *facts = (struct docket_view_series){
        .tenant = copy_text(names->tenant, key.tenant, key.tenant_bytes, DK_NAME_BYTES),
        .name = copy_text(names->name, key.name, key.name_bytes, DK_NAME_BYTES),
        .desk = desk->name,
        .profile = key.profile,
        .warn_percent = key.warn,
        .documents = key.documents,
        .close_after_days = key.close_after,
        .valid_from = key.valid_from,
        .valid_to = key.valid_to,
        .order = dk_order_name(key.order),
        .restart = dk_restart_name(key.restart),
        .window = key.window,
        .desk_index = desk->desk.index,
        .slot = slot,
        .generation = generation,
        .quarantined = dk_load_acquire(&board->state) == DK_SLOT_QUARANTINED,
        .retired = dk_load_acquire(&board->state) == DK_SLOT_RETIRED,
        .tracked = dk_load_acquire(&board->state) == DK_SLOT_LEDGER};
    for (uint32_t bank = 0; bank < DK_BANKS; bank++)
        show_bank(view, desk, slot, bank, key.order == DK_LEASED, facts);
    if (facts->tracked)
        show_tracked(desk, slot, facts);
    order_periods(facts);
    for (uint32_t i = 0; i < facts->period_count; i++)
        show_date(desk, &key, &facts->periods[i]);
    show_form(names, board, facts);
    show_zone(names, desk, key.calendar, facts);
    return dk_load_acquire(&board->generation) == generation; /* evicted while we looked: not there */
}
