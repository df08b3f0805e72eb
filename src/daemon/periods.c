/* SPDX-License-Identifier: MIT */
/*
 * periods: banks follow the clock. The current period is on the board, the
 * next one within two days of its edge, so that midnight works with docketd
 * dead; an ended one is closed, and never opened again. When the clock is set
 * back, what lies ahead of the next period goes off the board as it stands, and
 * comes back in its time.
 */
#include "daemon/ended/ended.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/series/policies.h"
#include "daemon/days/zones.h"
#include "table/slot.h"

#include <stdlib.h>
#include <string.h>

#define DRAINING_S 60
#define OUTSIDE_S 60

/* Looks in one sweep; when more are due (the end of a year) the next sweep goes on. */
enum { LOOKS = 2048 };

struct opening {
    struct dk_series_book *series;
    struct dk_period period;
};

static void open_strict(struct dk_counter *counter)
{
    struct shared_table_bank *table = dk_book_table_bank(counter);
    const struct dk_series_record *record = &counter->series->record;
    int64_t now_s = dk_now_s(dk_daemon_of(counter));
    if (record->policy->chronological && counter->last_date == 0 && counter->next > counter->extent_first &&
        now_s >= counter->period.start_s) /* of one ahead none was given: it was advanced, or lost */
        counter->last_date = dk_day_within(record, counter->period.label, now_s); /* it was not chronological before */
    dk_last_date_open(&table->last_date, counter->epoch, counter->last_date); /* ORDER-17 */
    dk_strict_open(&table->strict, (uint32_t)(counter->epoch % DK_STRICT_EPOCHS), counter->next - counter->base);
}

void dk_periods_publish(struct dk_counter *counter, int bank)
{
    struct dk_series_book *series = counter->series;
    uint64_t serial = dk_desk_serial(&series->desk->map);
    dk_counter_seat(counter, bank);
    counter->shown_pace = 0; /* the word tells of the period before */
    counter->epoch = dk_epoch_make(serial, ++series->assignments[bank]);
    series->bank[bank] = counter;
    struct shared_board_bank *board = dk_book_bank(counter);
    dk_store_release(&board->epoch, 0); /* ORDER-4: being rewritten */
    dk_series_bank_begins(series, bank);
    dk_store_release(&board->period, (uint64_t)(uint32_t)counter->period.label);
    int64_t start_s, end_s;
    dk_record_valid_s(&series->record, &counter->period, &start_s, &end_s);
    dk_store_release(&board->start_s, (uint64_t)start_s);
    dk_store_release(&board->end_s, (uint64_t)end_s);
    if (dk_is_strict(counter)) /* next goes on where the bank's word stands: no value of it ever comes back */
        counter->base = counter->next - dk_strict_start(&dk_book_table_bank(counter)->strict);
    dk_store_release(&board->base, counter->base);
    dk_store_release(&board->limit, counter->next); /* strict: nothing raised. leased: first never laid */
    uint64_t last = counter->extent_last;
    if (dk_is_strict(counter) && last > counter->base && last - counter->base >= DK_NEXT_MAX - DK_ROOM_MAX)
        last = counter->base + DK_NEXT_MAX - DK_ROOM_MAX - 1; /* the word counts no further */
    dk_store_release(&board->last, last);
    dk_store_relaxed(&dk_book_table_bank(counter)->first, /* shown only */
                     counter->interval_first != 0 ? counter->interval_first : counter->extent_first);
    dk_store32_release(&board->row, 0);
    if (!dk_is_strict(counter))
        dk_leased_link_rows(counter); /* it has rows if it was here before: ahead of its time, with leases out */
    else
        open_strict(counter);
    counter->limit = counter->next;
    dk_store_release(&board->epoch, counter->epoch); /* ORDER-4 */
    dk_keeper_ask(counter);
}

static int free_bank(const struct dk_series_book *series)
{
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] == NULL)
            return bank;
    return -1;
}

static void opened(struct dk_job *job)
{
    struct opening *opening = job->context;
    struct dk_series_book *series = opening->series;
    int bank = free_bank(series);
    series->publishing = false;
    if (series->record.retired_ns != 0) {
        struct dk_counter *counter =
            dk_counter_new(series->desk->daemon, series, &opening->period, &job->images[0]);
        counter->ended = true; /* it is closed without ever having been on the board */
        dk_keeper_ask(counter);
    } else if (bank >= 0 && !series->quarantined) {
        struct dk_counter *counter =
            dk_counter_new(series->desk->daemon, series, &opening->period, &job->images[0]);
        for (int other = 0; other < DK_BANKS; other++)
            if (series->bank[other] != NULL && series->bank[other]->window > counter->window)
                counter->window = series->bank[other]->window; /* see lead_next_period() in keeper.c */
        dk_periods_publish(counter, bank);
    }
    free(opening);
    dk_job_free(job);
}

struct found {
    struct dk_daemon *daemon;
    struct dk_series_book *series;
    const struct dk_period *period;
    bool any;
};

/* A period that the store knows has ended, and a clock that went back does not
 * open it again; or it was opened by a clock that ran ahead, and its time has
 * come: then it goes on the board as it stands. */
static docket_status meet_image(void *context, const struct dk_counter_image *image)
{
    struct found *found = context;
    if (image->period != found->period->label)
        return DOCKET_OK;
    found->any = true;
    int bank = free_bank(found->series);
    if (image->closed || bank < 0)
        return DOCKET_OK;
    struct dk_counter *counter = dk_series_counter(found->series, image->period);
    if (counter == NULL && image->place_count == 0)
        dk_periods_publish(dk_counter_new(found->daemon, found->series, found->period, image), bank);
    if (counter != NULL && counter->ahead && counter->settled && !counter->busy) {
        counter->ahead = counter->settled = false; /* leases of it are still out: they stay what they are */
        counter->period = *found->period;
        dk_periods_publish(counter, bank);
    }
    return DOCKET_OK;
}

static bool seen_before(struct dk_daemon *daemon, struct dk_series_book *series, const struct dk_period *period)
{
    if (period->label > series->newest)
        return false; /* as a rule: nobody has ever opened it */
    struct found found = {.daemon = daemon, .series = series, .period = period};
    docket_status status = dk_store_each_counter_of(daemon->store, series->record.id, meet_image, &found);
    if (status != DOCKET_OK)
        dk_log(DK_LOG_ERROR, "cannot look for period %d of %s/%s: %s", period->label, series->record.tenant,
               series->record.name, dk_error_text());
    return status != DOCKET_OK || found.any;
}

/* A chronological series has given numbers of a later period, by a clock that has been
 * set back since: none of this one may follow them. It waits for the clock. */
bool dk_periods_too_late(struct dk_daemon *daemon, const struct dk_series_book *series, int32_t label)
{
    static int64_t said_ns;
    struct dk_ended_facts facts;
    if (!series->record.policy->chronological)
        return false;
    docket_status status = dk_ended_look(daemon, series->record.id, label, &facts);
    free(facts.image.spares);
    if (status == DOCKET_OK && facts.later < 0)
        return false;
    if (said_ns == 0 || dk_clock_monotonic_ns() - said_ns > 60 * DK_SECOND_NS) {
        said_ns = dk_clock_monotonic_ns();
        dk_log(DK_LOG_ERROR, "period %d of %s/%s is not opened: the series is chronological, and %s; set this machine's clock",
               label, series->record.tenant, series->record.name,
               status == DOCKET_OK ? "numbers of a later one were given" : dk_error_text());
    }
    return true;
}

/* False if the period cannot be opened now; it is tried again at a later look. */
static bool open_period(struct dk_daemon *daemon, struct dk_series_book *series, const struct dk_period *period)
{
    if (dk_series_on_board(series, period->label) != NULL)
        return true;
    if (series->publishing || free_bank(series) < 0 || dk_ended_concerns(series, period->label) ||
        dk_periods_too_late(daemon, series, period->label) || seen_before(daemon, series, period))
        return dk_series_on_board(series, period->label) != NULL;
    struct opening *opening = dk_must_alloc(1, sizeof *opening);
    *opening = (struct opening){.series = series, .period = *period};
    struct dk_job *job = dk_job_new(opened, opening);
    struct dk_counter_image *image = dk_job_image(job);
    dk_image_begin(image, series->record.id, period->label, 0, series->desk->map.incarnation);
    image->extent_last = dk_record_last(&series->record, period->label);
    uint64_t room = image->extent_last + 1 - image->next;
    image->mark = image->next + (room < DK_WINDOW_MIN ? room : DK_WINDOW_MIN); /* the first supply needs no second commit */
    series->publishing = true;
    if (period->label > series->newest)
        series->newest = period->label; /* never down: what lies below it may be in the store */
    dk_clerk_post(daemon->clerk, job);
    return false;
}

static void end_period(struct dk_series_book *series, int bank)
{
    struct dk_counter *counter = series->bank[bank];
    counter->ended = true;
    counter->settled = false;
    dk_keeper_ask(counter);
}

/* Off the board, not ended: its position is written down, and what is laid taken back. */
static void put_off(struct dk_counter *counter)
{
    counter->ahead = true;
    counter->settled = false;
    dk_keeper_ask(counter);
}

void dk_periods_release_bank(struct dk_counter *counter)
{
    struct dk_series_book *series = counter->series;
    struct shared_board_bank *bank = dk_book_bank(counter);
    dk_store_release(&bank->epoch, 0); /* ORDER-4 */
    dk_store32_release(&bank->row, 0);
    series->bank[counter->bank] = NULL;
    dk_counter_seat(counter, -1);
    dk_edges_set(series->desk->daemon, series, 0);
}

/* The ended counter has its last durable word: off the board, out of memory. */
void dk_periods_counter_settled(struct dk_counter *counter)
{
    struct dk_daemon *daemon = dk_daemon_of(counter);
    struct dk_series_book *series = counter->series;
    if (counter->bank >= 0)
        dk_periods_release_bank(counter);
    dk_leased_release_rows(counter);
    dk_counter_leave(counter);
    dk_counter_free(counter);
    if (series->evicting && series->counters == NULL) {
        dk_evict_finish(series); /* and the series is gone */
        return;
    }
    dk_edges_set(daemon, series, 0);
    if (series->wanted)
        dk_periods_look(daemon, series, dk_now_s(daemon)); /* it was called back: at once */
    series->wanted = false;
}

/* Edges that are no longer the zone's: its rules have changed since the bank was
 * written. The counter leaves the board as it stands, under an epoch that nobody's
 * number can pass, and comes back with the right ones. */
static void put_off_moved(struct dk_series_book *series)
{
    const struct dk_policy *policy = series->record.policy;
    const struct dk_zone *zone = dk_zone_of_policy(policy);
    for (int bank = 0; bank < DK_BANKS; bank++) {
        struct dk_counter *counter = series->bank[bank];
        struct dk_period right;
        if (counter == NULL || counter->ended || counter->ahead || dk_zone_is_lost(zone) ||
            !dk_period_of(policy, zone, counter->period.label, &right) ||
            (right.start_s == counter->period.start_s && right.end_s == counter->period.end_s))
            continue;
        dk_log(DK_LOG_NOTICE, "period %d of %s/%s has other edges in zone %s now: it is put on the board anew",
               counter->period.label, series->record.tenant, series->record.name, zone->name);
        put_off(counter);
    }
}

/* No period begins outside of the dates that documents may carry. */
static bool may_begin(const struct dk_daemon *daemon, const struct dk_series_book *series, int64_t start_s)
{
    static int64_t said_ns;
    const struct dk_zone *zone = dk_zone_of_policy(series->record.policy);
    uint32_t date = zone->date(zone, start_s);
    if (dk_zone_is_lost(zone))
        return false; /* said when it was looked for */
    if (dk_date_supported(date) || series->record.policy->restart == DK_NEVER)
        return true; /* what never restarts needs no clock; only a text with a date does */
    if (said_ns == 0 || dk_clock_monotonic_ns() - said_ns > 3600 * DK_SECOND_NS) {
        said_ns = dk_clock_monotonic_ns();
        dk_log(DK_LOG_ERROR, "no period is opened for %u: docket's dates run from %u to %u; set this machine's clock, "
                             "and docketd in %s goes on by itself",
               date, DK_DATE_FIRST, DK_DATE_LAST, daemon->config.realm);
    }
    return false;
}

/* Nothing of one that tracks its numbers is on the board, but what tools are shown: only its
 * policy turns. */
static int64_t look_at_tracked(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s)
{
    struct dk_period now;
    if (dk_zone_is_lost(dk_zone_of_policy(series->record.policy)))
        return now_s + OUTSIDE_S; /* said when it was looked for */
    dk_period_at_instant(series->record.policy, now_s, &now);
    dk_tracked_show(daemon, series, &now);
    return dk_policy_turn(daemon, series, now.label) ? now.end_s : now_s + 1;
}

/* When the series must be looked at again. */
static int64_t look(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s)
{
    struct dk_period now, next;
    if (series->quarantined || series->record.retired_ns != 0 || series->evicting || daemon->stopping)
        return INT64_MAX;
    if (series->held)
        return now_s + 1;
    if (series->desk->draining)
        return now_s + DRAINING_S; /* its end makes every edge due */
    if (dk_is_tracked(series))
        return look_at_tracked(daemon, series, now_s);
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && now_s >= series->bank[bank]->period.end_s && !series->bank[bank]->ended)
            end_period(series, bank);
    if (!may_begin(daemon, series, now_s))
        return now_s + OUTSIDE_S; /* a clock that is set back makes every edge due */
    put_off_moved(series);
    dk_period_at_instant(series->record.policy, now_s, &now);
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && series->bank[bank]->period.start_s > now.end_s && !series->bank[bank]->ahead)
            put_off(series->bank[bank]); /* the clock was set back */
    if (!open_period(daemon, series, &now) || !dk_policy_turn(daemon, series, now.label))
        return now_s + 1;
    if (now.end_s == INT64_MAX)
        return INT64_MAX;
    if (now_s < now.end_s - DK_PERIOD_AHEAD_S)
        return now.end_s - DK_PERIOD_AHEAD_S;
    if (!may_begin(daemon, series, now.end_s))
        return now.end_s;
    dk_period_at_instant(series->record.policy, now.end_s, &next);
    return open_period(daemon, series, &next) ? now.end_s : now_s + 1;
}

void dk_periods_look(struct dk_daemon *daemon, struct dk_series_book *series, int64_t now_s)
{
    int64_t edge_s = look(daemon, series, now_s);
    int64_t close_s = dk_closing_look(daemon, series, now_s);
    dk_edges_set(daemon, series, edge_s < close_s ? edge_s : close_s);
}

void dk_periods_sweep(struct dk_daemon *daemon)
{
    int64_t now_s = dk_now_s(daemon);
    bool set_back = now_s < daemon->swept_s; /* then no edge stands where it was seen */
    daemon->swept_s = now_s;
    if (set_back)
        dk_edges_all_due(daemon);
    struct dk_series_book *series;
    for (int looks = 0; looks < LOOKS && (series = dk_edges_due(daemon, now_s)) != NULL; looks++)
        dk_periods_look(daemon, series, now_s);
    if (now_s < daemon->next_calendar_s && !set_back)
        return;
    daemon->next_calendar_s = now_s + 3600;
    if (dk_zones_look_again())
        dk_edges_all_due(daemon);
    for (uint32_t i = 0; i < daemon->desk_count; i++) {
        dk_calendars_write(&daemon->desks[i], now_s);
        dk_calendars_check(&daemon->desks[i], now_s);
    }
}
