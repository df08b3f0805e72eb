/* SPDX-License-Identifier: MIT */
/*
 * top_look: two looks at a realm and the rates between them.
 *
 * The walk meets series in a fixed order, by desk and slot, so what is known of
 * each lies in an array in that order, and the two are read side by side.
 */
#include "top.h"

#include "viewing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct top_known {
    uint64_t place; /* desk and slot */
    uint64_t generation;
    uint64_t given;
    int32_t period;
    float per_second; /* smoothed; below 0 until two looks have seen it */
};

static const char *const sort_names[TOP_SORTS] = {
    [TOP_BY_RATE] = "rate", [TOP_BY_RUNWAY] = "runway", [TOP_BY_LAID] = "laid", [TOP_BY_OPEN] = "open",
    [TOP_BY_NAME] = "name"};

const char *top_sort_name(enum top_sort sort)
{
    return sort_names[sort];
}

bool top_sort_parse(const char *text, enum top_sort *sort)
{
    for (int i = 0; i < TOP_SORTS; i++) {
        if (strcmp(text, sort_names[i]) == 0) {
            *sort = (enum top_sort)i;
            return true;
        }
    }
    return false;
}

void top_begin(struct top *top, const char *directory, enum top_sort sort, size_t rows_wanted)
{
    *top = (struct top){.directory = directory, .sort = sort, .rows_wanted = rows_wanted};
}

void top_end(struct top *top)
{
    docket_view_close(top->view);
    free(top->known);
    free(top->next_known);
    top->view = NULL;
    top->known = top->next_known = NULL;
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double top_rate(const struct top *top, uint64_t now, uint64_t before)
{
    return top->took_s > 0 && now > before ? (double)(now - before) / top->took_s : 0;
}

/* ---- one series ---- */

static double runway_of(const struct top_row *row)
{
    return row->per_second > 0 ? (double)row->period.laid / row->per_second : 1e300;
}

/* True if a belongs above b. */
static bool is_above(enum top_sort sort, const struct top_row *a, const struct top_row *b)
{
    switch (sort) {
    case TOP_BY_RUNWAY:
        if (runway_of(a) < runway_of(b) || runway_of(a) > runway_of(b))
            return runway_of(a) < runway_of(b);
        break;
    case TOP_BY_LAID:
        if (a->period.laid != b->period.laid)
            return a->period.laid > b->period.laid;
        break;
    case TOP_BY_OPEN:
        if (a->period.open != b->period.open)
            return a->period.open > b->period.open;
        break;
    case TOP_BY_RATE:
        if (a->per_second < b->per_second || a->per_second > b->per_second)
            return a->per_second > b->per_second;
        break;
    case TOP_BY_NAME:
    case TOP_SORTS:
        break;
    }
    return strcmp(a->name, b->name) < 0;
}

/* Kept among the first rows_wanted, in order. */
static void keep_row(struct top *top, const struct top_row *row)
{
    size_t at = top->row_count;
    while (at > 0 && is_above(top->sort, row, &top->rows[at - 1]))
        at--;
    if (at >= top->rows_wanted)
        return;
    size_t last = top->row_count < top->rows_wanted ? top->row_count++ : top->row_count - 1;
    memmove(&top->rows[at + 1], &top->rows[at], (last - at) * sizeof top->rows[0]);
    top->rows[at] = *row;
}

static const struct top_known *known_of(struct top *top, const struct top_known *now)
{
    while (top->known_at < top->known_count && top->known[top->known_at].place < now->place)
        top->known_at++;
    if (top->known_at == top->known_count)
        return NULL;
    const struct top_known *found = &top->known[top->known_at];
    bool same = found->place == now->place && found->generation == now->generation && found->period == now->period;
    return same ? found : NULL;
}

/* A rate that was seen before is carried on by half, so that the figures do not
 * jump with every block that is opened. */
static float rate_of(const struct top *top, const struct top_known *before, uint64_t given)
{
    const float settled = 1e-3f;
    if (before == NULL || top->took_s <= 0)
        return -1;
    float seen = (float)top_rate(top, given, before->given);
    if (before->per_second < 0)
        return seen;
    float smooth = (before->per_second + seen) / 2;
    return seen > 0 || smooth > settled ? smooth : 0;
}

static void remember(struct top *top, const struct top_known *now)
{
    if (top->next_count == top->next_room) {
        size_t room = top->next_room > 0 ? top->next_room * 2 : top->known_count + 1024;
        struct top_known *larger = realloc(top->next_known, room * sizeof *larger);
        if (larger == NULL) {
            top->short_of_memory = true;
            return;
        }
        top->next_known = larger;
        top->next_room = room;
    }
    top->next_known[top->next_count++] = *now;
}

static void show_row(struct top *top, const struct docket_view_series *series,
                     const struct docket_view_period *period, double per_second)
{
    struct top_row row = {.order = series->order,
                          .quarantined = series->quarantined != 0,
                          .has_period = period != NULL,
                          .has_ledger = series->tracked != 0,
                          .window = series->window,
                          .per_second = per_second};
    if (period != NULL)
        row.period = *period;
    snprintf(row.name, sizeof row.name, "%s/%s", series->tenant, series->name);
    snprintf(row.desk, sizeof row.desk, "%s", series->desk);
    keep_row(top, &row);
}

static int meet_series(void *context, const struct docket_view_series *series)
{
    struct top *top = context;
    const struct docket_view_period *period = viewing_current(series);
    struct top_known now = {.place = (uint64_t)series->desk_index << 32 | series->slot,
                            .generation = series->generation,
                            .per_second = -1};
    top->sums.series++;
    top->sums.quarantined += series->quarantined != 0;
    for (uint32_t i = 0; i < series->period_count; i++)
        viewing_waits_less(&top->sums.waits, series->periods[i].laid + series->periods[i].open);
    if (period != NULL) {
        now.given = period->given;
        now.period = period->period;
        now.per_second = rate_of(top, known_of(top, &now), now.given);
        top->sums.laid += period->laid;
        top->sums.open += period->open;
        top->sums.leases += period->leases;
        if (period->oldest_lease_age_s > top->sums.oldest_lease_age_s)
            top->sums.oldest_lease_age_s = period->oldest_lease_age_s;
    }
    double per_second = now.per_second > 0 ? (double)now.per_second : 0;
    top->per_second += per_second;
    remember(top, &now);
    show_row(top, series, period, per_second);
    return 0;
}

/* ---- desks and seats ---- */

static int meet_desk(void *context, const struct docket_view_desk *desk)
{
    struct top_sums *sums = context;
    sums->seats_taken += desk->seats_taken;
    sums->seats_max += desk->seats_max;
    sums->waiting += desk->waiting;
    sums->blocks_laid += desk->blocks_laid;
    sums->raises += desk->raises;
    sums->seats_reaped += desk->seats_reaped;
    viewing_waits_desk(&sums->waits, desk);
    /* One committer for all desks: each board says the same. */
    if (desk->commits >= sums->commits) {
        sums->commits = desk->commits;
        sums->commit_ns_last = desk->commit_ns_last;
        sums->commit_ns_max = desk->commit_ns_max;
    }
    return 0;
}

static int meet_seat(void *context, const struct docket_view_seat *seat)
{
    struct top *top = context;
    struct top_sums *sums = &top->sums;
    sums->claims += seat->claims;
    viewing_waits_seat(&sums->waits, seat);
    /* Those that hold most stand first. */
    size_t at = top->seat_count;
    while (at > 0 && top->seats[at - 1].seat.numbers_open < seat->numbers_open)
        at--;
    if (at >= TOP_SEATS_MAX)
        return 0;
    size_t last = top->seat_count < TOP_SEATS_MAX ? top->seat_count++ : TOP_SEATS_MAX - 1;
    memmove(&top->seats[at + 1], &top->seats[at], (last - at) * sizeof top->seats[0]);
    top->seats[at].seat = *seat;
    snprintf(top->seats[at].desk, sizeof top->seats[at].desk, "%s", seat->desk);
    snprintf(top->seats[at].state, sizeof top->seats[at].state, "%s", seat->state);
    return 0;
}

/* The strings of a seat lie beside it, wherever it was moved to. */
static void point_seats(struct top *top)
{
    for (size_t i = 0; i < top->seat_count; i++) {
        top->seats[i].seat.desk = top->seats[i].desk;
        top->seats[i].seat.state = top->seats[i].state;
    }
}

/* ---- a look ---- */

static docket_status walk(struct top *top)
{
    docket_status status = docket_view_realm_show(top->view, &top->realm);
    if (status != DOCKET_OK)
        return status;
    snprintf(top->left_out_why, sizeof top->left_out_why, "%s", top->realm.left_out_why);
    status = docket_view_each_desk(top->view, meet_desk, &top->sums);
    if (status == DOCKET_OK)
        status = docket_view_each_series(top->view, meet_series, top);
    if (status == DOCKET_OK)
        status = docket_view_each_seat(top->view, meet_seat, top);
    point_seats(top);
    return status;
}

static void forget(struct top *top, docket_status status)
{
    snprintf(top->error, sizeof top->error, "%s", docket_last_error());
    top->status = status;
    top->readable = false;
    top->known_count = 0;
    top->looked_ns = 0;
    docket_view_close(top->view);
    top->view = NULL;
}

void top_look(struct top *top)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC), began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    top->before = top->sums;
    top->sums = (struct top_sums){.oldest_lease_age_s = -1};
    top->took_s = top->looked_ns != 0 ? (double)(now_ns - top->looked_ns) / 1e9 : 0;
    top->per_second = 0;
    top->row_count = top->seat_count = top->known_at = top->next_count = 0;
    docket_status status = top->view != NULL ? DOCKET_OK : docket_view_open(top->directory, &top->view);
    if (status == DOCKET_OK)
        status = walk(top);
    top->work_s = (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns) / 1e9;
    if (status != DOCKET_OK) {
        forget(top, status);
        return;
    }
    free(top->known);
    top->known = top->next_known;
    top->known_count = top->next_count;
    top->next_known = NULL;
    top->next_room = 0;
    top->readable = true;
    top->looked_ns = now_ns;
}
