/* SPDX-License-Identifier: MIT */
#include "viewing.h"

#include "address.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { COLUMNS = 9, STATE_COLUMN = 7 };

int viewing_open(const struct cli *cli, docket_view **view)
{
    docket_status status = docket_view_open(cli->realm, view);
    return status == DOCKET_OK ? CLI_DONE : cli_fail_status(cli, status);
}

const struct docket_view_period *viewing_current(const struct docket_view_series *series)
{
    int64_t now_s = (int64_t)time(NULL);
    for (uint32_t i = 0; i < series->period_count; i++)
        if (series->periods[i].start_s <= now_s && now_s < series->periods[i].end_s)
            return &series->periods[i];
    return NULL;
}

bool viewing_used_up(const struct docket_view_period *period)
{
    return period->ends && period->next > period->last;
}

const char *viewing_state(const struct docket_view_realm *realm)
{
    return realm->serving > 0 ? "serving" : realm->serving == 0 ? "stopped" : "dead";
}

void viewing_print_realm(const struct docket_view_realm *realm)
{
    char since[OUTPUT_TIME_BYTES];
    double age_s = (double)realm->heartbeat_age_ns / 1e9;
    if (realm->serving > 0)
        printf("docketd   %sserving%s, pid %" PRId64 ", heartbeat %.1f s ago, since %s\n", output_colour(OUTPUT_GREEN),
               output_colour(OUTPUT_PLAIN), realm->docketd_pid, age_s, output_time(realm->started_s, since));
    else
        printf("docketd   %s%s%s: pid %" PRId64 ", last heartbeat %.1f s ago; workers go on with what is laid\n",
               output_colour(OUTPUT_RED), viewing_state(realm), output_colour(OUTPUT_PLAIN), realm->docketd_pid, age_s);
    printf("realm     %s, generation %" PRIu64 ", commit %" PRIu64 "\n", realm->directory, realm->generation,
           realm->commit_number);
    if (realm->clock_held_s != 0)
        printf("clock     %sNOT FOLLOWED%s: it is far ahead of the last commit; docketd goes by %s. Set it, or `docket "
               "clock accept`\n",
               output_colour(OUTPUT_RED), output_colour(OUTPUT_PLAIN), output_time(realm->clock_held_s, since));
    if (realm->desks_left_out > 0)
        printf("desks     %" PRIu32 " CANNOT BE READ: %s\n", realm->desks_left_out, realm->left_out_why);
}

void viewing_realm_json(json_t *object, const struct docket_view_realm *realm)
{
    json_object_update_new(
        object, json_pack("{s:o, s:o, s:s, s:I, s:I, s:{s:s, s:I, s:I, s:I, s:I}}", "realm",
                          output_string(realm->directory), "runtime", output_string(realm->runtime), "store_id",
                          realm->store_id, "generation", (json_int_t)realm->generation, "commit_number",
                          (json_int_t)realm->commit_number, "docketd", "state", viewing_state(realm), "pid",
                          (json_int_t)realm->docketd_pid, "started_s", (json_int_t)realm->started_s,
                          "heartbeat_age_ns", (json_int_t)realm->heartbeat_age_ns, "clock_held_s",
                          (json_int_t)realm->clock_held_s));
}

const char *viewing_duration(double seconds, char text[VIEWING_TIME_BYTES])
{
    if (seconds < 10)
        snprintf(text, VIEWING_TIME_BYTES, "%.1f s", seconds);
    else if (seconds < 120)
        snprintf(text, VIEWING_TIME_BYTES, "%.0f s", seconds);
    else if (seconds < 120 * 60)
        snprintf(text, VIEWING_TIME_BYTES, "%.0f min", seconds / 60);
    else if (seconds < 72 * 3600)
        snprintf(text, VIEWING_TIME_BYTES, "%.1f h", seconds / 3600);
    else
        snprintf(text, VIEWING_TIME_BYTES, "%.0f days", seconds / 86400);
    return text;
}

const char *viewing_runway(uint64_t laid, double per_second, char text[VIEWING_TIME_BYTES])
{
    if (per_second > 0)
        return viewing_duration((double)laid / per_second, text);
    snprintf(text, VIEWING_TIME_BYTES, "-");
    return text;
}

static json_t *period_json(const struct docket_view_period *period)
{
    /* null: no rate was seen, so nobody can say. */
    json_t *runway = period->rate_per_minute > 0
                         ? json_real((double)period->laid * 60 / (double)period->rate_per_minute)
                         : json_null();
    /* null: it never ends. INT64_MAX is not exact in every reader. */
    json_t *end = period->end_s == INT64_MAX ? json_null() : json_integer((json_int_t)period->end_s);
    return json_pack("{s:i, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "period", (int)period->period, "start_s",
                     (json_int_t)period->start_s, "end_s", end, "next",
                     (json_int_t)period->next, "laid", (json_int_t)period->laid, "open", (json_int_t)period->open,
                     "leases", (json_int_t)period->leases, "oldest_lease_age_s",
                     (json_int_t)period->oldest_lease_age_s, "given", (json_int_t)period->given, "unknown_now",
                     (json_int_t)period->unknown_now, "window_now", (json_int_t)period->window_now,
                     "rate_per_minute", (json_int_t)period->rate_per_minute, "runway_s", runway);
}

bool viewing_nearly_used(const struct docket_view_series *series)
{
    const struct docket_view_period *now = viewing_current(series);
    return now != NULL && now->ends && series->warn_percent != 0 && now->used_percent >= series->warn_percent &&
           !series->retired;
}

/* The day's end in UTC: to a day it is right in every zone. */
bool viewing_validity_ends(const struct docket_view_series *series)
{
    struct tm day = {.tm_year = (int)(series->valid_to / 10000) - 1900,
                     .tm_mon = (int)(series->valid_to / 100 % 100) - 1,
                     .tm_mday = (int)(series->valid_to % 100) + 1};
    return series->valid_to != 0 && !series->retired &&
           (int64_t)timegm(&day) - (int64_t)time(NULL) < (int64_t)VIEWING_ENDS_DAYS * 86400;
}

json_t *viewing_series_json(const struct docket_view_series *series)
{
    json_t *periods = json_array();
    for (uint32_t i = 0; i < series->period_count; i++)
        json_array_append_new(periods, period_json(&series->periods[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:b, s:b, s:b, s:b, s:o}", "tenant", series->tenant, "series",
                     series->name, "desk", series->desk, "order", series->order, "restart", series->restart,
                     "template", output_string(series->template_text), "window", (json_int_t)series->window,
                     "for_books", series->window <= DOCKET_WINDOW_MAX, "quarantined", series->quarantined, "retired",
                     series->retired, "ledger", series->tracked, "periods", periods);
}

static const char *const without_desk[COLUMNS] = {"SERIES", "ORDER",   "PERIOD", ">NEXT", ">LAID",
                                                  ">OPEN",  ">LEASES", "STATE",  "-DESK"};
static const char *const with_desk[COLUMNS] = {"SERIES", "ORDER",   "PERIOD", ">NEXT", ">LAID",
                                               ">OPEN",  ">LEASES", "STATE",  "DESK"};
const struct output_heads viewing_series_heads = {without_desk, COLUMNS};
const struct output_heads viewing_series_desk_heads = {with_desk, COLUMNS};

static const char *state_of(const struct docket_view_series *series, const struct docket_view_period *period)
{
    if (series->quarantined)
        return "quarantined";
    if (series->retired)
        return "retired";
    if (series->tracked)
        return "ledger";
    int64_t now_s = (int64_t)time(NULL);
    return now_s >= period->end_s ? "ended" : now_s < period->start_s ? "to come" : "now";
}

void viewing_series_rows(struct output_table *table, const struct docket_view_series *series)
{
    char name[2 * DOCKET_NAME_MAX + 2], period_text[PERIOD_TEXT_BYTES], figures[4][24];
    enum output_colour colour = series->quarantined ? OUTPUT_RED : OUTPUT_PLAIN;
    snprintf(name, sizeof name, "%s/%s", series->tenant, series->name);
    for (uint32_t i = 0; i < series->period_count; i++) {
        const struct docket_view_period *period = &series->periods[i];
        const uint64_t values[4] = {period->next, period->laid, period->open, period->leases};
        for (size_t j = 0; j < 4; j++)
            snprintf(figures[j], sizeof figures[j], "%" PRIu64, values[j]);
        if (period->next == 0)
            snprintf(figures[0], sizeof figures[0], "-");
        const char *const cells[COLUMNS] = {name,       series->order, address_period_text(period->period, period_text),
                                            figures[0], figures[1],    figures[2],
                                            figures[3], state_of(series, period), series->desk};
        output_row(table, cells);
        output_paint(table, STATE_COLUMN, colour);
    }
    if (series->period_count == 0) {
        const char *const cells[COLUMNS] = {name, series->order, "-", "-", "0", "0", "0",
                                            series->quarantined ? "quarantined"
                                            : series->retired   ? "retired"
                                            : series->tracked   ? "ledger"
                                                                : "no period",
                                            series->desk};
        output_row(table, cells);
        output_paint(table, STATE_COLUMN, colour);
    }
}

/* ---- seats ---- */

enum { SEAT_COLUMNS = 17, LIFE_COLUMN = 5 };
static const char *const seat_headings[SEAT_COLUMNS] = {">SEAT", ">PID",    ">UID",    "SINCE",  "-STATE",
                                                        "LIFE",  ">LEASES", ">OPEN",   ">OLDEST", ">CLAIMS",
                                                        ">WAITS", ">TIMEOUTS", "->WORST_WAIT", "DESK",
                                                        "->NUMBERS", "->SHARE", "->MEAN_WAIT"};
const struct output_heads viewing_seat_heads = {seat_headings, SEAT_COLUMNS};

static const char *life_of(const struct docket_view_seat *seat)
{
    return seat->lives > 0 ? "alive" : seat->lives == 0 ? "gone" : "-";
}

void viewing_seat_row(struct output_table *table, const struct docket_view_seat *seat)
{
    char number[16], pid[24], uid[16], since[OUTPUT_TIME_BYTES], worst[32], mean[32], share[32] = "-", shown[7][24];
    const uint64_t values[7] = {seat->leases, seat->numbers_open, 0,            seat->claims,
                                seat->waits,  seat->timeouts,     seat->numbers};
    snprintf(number, sizeof number, "%u", seat->seat);
    snprintf(pid, sizeof pid, "%" PRId64, seat->pid);
    snprintf(uid, sizeof uid, "%u", seat->uid);
    snprintf(worst, sizeof worst, "%.1f ms", (double)seat->wait_ns_max / 1e6);
    snprintf(mean, sizeof mean, "%.0f us", seat->waits > 0 ? (double)seat->wait_ns_total / 1e3 / (double)seat->waits : 0.0);
    if (seat->numbers > 0)
        snprintf(share, sizeof share, "%.3g", (double)seat->waits / (double)seat->numbers);
    for (size_t i = 0; i < 7; i++)
        snprintf(shown[i], sizeof shown[i], "%" PRIu64, values[i]);
    if (seat->oldest_lease_age_s < 0)
        snprintf(shown[2], sizeof shown[2], "-");
    else
        snprintf(shown[2], sizeof shown[2], "%" PRId64, seat->oldest_lease_age_s);
    const char *const cells[SEAT_COLUMNS] = {number,        pid,      uid,      output_time(seat->attached_s, since),
                                             seat->state,   life_of(seat), shown[0], shown[1],
                                             shown[2],      shown[3], shown[4], shown[5],
                                             worst,         seat->desk, shown[6], share,
                                             mean};
    output_row(table, cells);
    output_paint(table, LIFE_COLUMN, seat->lives == 0 ? OUTPUT_RED : OUTPUT_PLAIN);
}

json_t *viewing_seat_json(const struct docket_view_seat *seat)
{
    json_t *lives = seat->lives < 0 ? json_null() : json_boolean(seat->lives > 0);
    return json_pack("{s:I, s:s, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I}}", "seat",
                     (json_int_t)seat->seat, "state", seat->state, "pid", (json_int_t)seat->pid, "uid",
                     (json_int_t)seat->uid, "attached_s", (json_int_t)seat->attached_s, "lives", lives, "leases",
                     (json_int_t)seat->leases, "numbers_open", (json_int_t)seat->numbers_open, "oldest_lease_age_s",
                     (json_int_t)seat->oldest_lease_age_s, "figures", "claims", (json_int_t)seat->claims, "waits",
                     (json_int_t)seat->waits, "wait_ns_total", (json_int_t)seat->wait_ns_total, "wait_ns_max",
                     (json_int_t)seat->wait_ns_max, "timeouts", (json_int_t)seat->timeouts, "give_backs",
                     (json_int_t)seat->give_backs, "numbers", (json_int_t)seat->numbers);
}

/* ---- waits ---- */

void viewing_waits_desk(struct viewing_waits *sum, const struct docket_view_desk *desk)
{
    sum->numbers += desk->numbers_out;
    sum->waits += desk->past_waits;
    sum->ns_total += desk->past_wait_ns_total;
    sum->timeouts += desk->past_timeouts;
    if (desk->past_wait_ns_max > sum->ns_max)
        sum->ns_max = desk->past_wait_ns_max;
}

void viewing_waits_seat(struct viewing_waits *sum, const struct docket_view_seat *seat)
{
    sum->waits += seat->waits;
    sum->ns_total += seat->wait_ns_total;
    sum->timeouts += seat->timeouts;
    if (seat->wait_ns_max > sum->ns_max)
        sum->ns_max = seat->wait_ns_max;
}

void viewing_waits_less(struct viewing_waits *sum, uint64_t not_handed_out)
{
    sum->numbers = sum->numbers > not_handed_out ? sum->numbers - not_handed_out : 0;
}

static double share_of(const struct viewing_waits *waits)
{
    return waits->numbers > 0 ? (double)waits->waits / (double)waits->numbers : 0.0;
}

static double mean_ns(const struct viewing_waits *waits)
{
    return waits->waits > 0 ? (double)waits->ns_total / (double)waits->waits : 0.0;
}

const char *viewing_waits_text(const struct viewing_waits *waits, char text[VIEWING_WAITS_BYTES])
{
    snprintf(text, VIEWING_WAITS_BYTES,
             "%" PRIu64 " calls waited for %" PRIu64 " numbers, %.3g in a million; mean %.0f us, longest %.0f us; %" PRIu64 " time-outs",
             waits->waits, waits->numbers, share_of(waits) * 1e6, mean_ns(waits) / 1e3, (double)waits->ns_max / 1e3,
             waits->timeouts);
    return text;
}

json_t *viewing_waits_json(const struct viewing_waits *waits)
{
    return json_pack("{s:I, s:I, s:f, s:f, s:f, s:I}", "numbers", (json_int_t)waits->numbers, "waits",
                     (json_int_t)waits->waits, "share", share_of(waits), "mean_us", mean_ns(waits) / 1e3, "longest_us",
                     (double)waits->ns_max / 1e3, "timeouts", (json_int_t)waits->timeouts);
}
