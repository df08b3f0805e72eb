/* SPDX-License-Identifier: MIT */
/*
 * breaks, the admin's side: docketd broken in the middle of each decision. What
 * was decided has happened as a whole or not at all, with its event or without;
 * what was answered with OK has happened.
 */
#include "breaks.h"

#include "docket_admin.h"
#include "docket_inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const reason = "because it is tried";

/* docketd breaks while something is decided and for a moment after the answer
 * (what is answered must be durable by then), not while we look what came of it. */
#define DECIDE(call)              \
    do {                          \
        trial.breaker->armed = 1; \
        (call);                   \
        trial_sleep_ms(2);        \
        trial.breaker->armed = 0; \
    } while (0)

static void wrong(const char *what, const char *found)
{
    printf("%s: break %llu: %s: %s\n", trial.phase, (unsigned long long)breaks_turn, what, found);
    trial.faults.stray++;
}

/* Asks again while docketd comes back; what is left after that is an answer. */
static docket_status until_heard(docket_status (*ask)(void *context), void *context)
{
    docket_status status = DOCKET_UNREACHABLE;
    for (int i = 0; i < 50 && (status == DOCKET_UNREACHABLE || status == DOCKET_BUSY); i++) {
        trial_await_service(&trial);
        status = ask(context);
    }
    return status;
}

/* ---- what docket says ---- */

struct sought {
    const char *series;
    uint64_t number;
    char fate[64], cause[64];
    uint64_t first, last, first_unknown;
};

static int seek(void *context, const struct docket_fate_row *row)
{
    struct sought *sought = context;
    if (strcmp(row->fate, "unknown") == 0 && sought->first_unknown == 0 && row->time_ns != 0)
        sought->first_unknown = row->first;
    if (row->first > sought->number || row->last < sought->number)
        return 0;
    snprintf(sought->fate, sizeof sought->fate, "%s", row->fate);
    snprintf(sought->cause, sizeof sought->cause, "%s", row->cause);
    sought->first = row->first;
    sought->last = row->last;
    return 0;
}

static docket_status ask_fate(void *context)
{
    struct sought *sought = context;
    sought->fate[0] = 0;
    sought->first_unknown = 0;
    return docket_admin_fate(trial.handle, "acme", sought->series, -1, seek, sought);
}

static struct sought fate_of(const char *series, uint64_t number)
{
    struct sought sought = {.series = series, .number = number};
    if (until_heard(ask_fate, &sought) != DOCKET_OK)
        wrong("fate", docket_last_error());
    return sought;
}

struct counting {
    const char *kind, *words;
    unsigned count;
};

static int count_event(void *context, const struct docket_event *event)
{
    struct counting *counting = context;
    counting->count += strstr(event->text, counting->words) != NULL && strcmp(event->reason, reason) == 0;
    return 0;
}

static docket_status ask_events(void *context)
{
    struct counting *counting = context;
    const struct docket_event_choice choice = {.kind = counting->kind, .limit = 10000};
    counting->count = 0;
    return docket_admin_events(trial.handle, &choice, NULL, count_event, counting);
}

/* done: has it happened? Then there is one event that says so, else none. */
static void judge(const char *kind, const char *words, docket_status status, bool done)
{
    struct counting counting = {.kind = kind, .words = words};
    if (status == DOCKET_OK && !done)
        wrong(kind, "answered with OK, and it has not happened");
    if (until_heard(ask_events, &counting) != DOCKET_OK)
        wrong("events", docket_last_error());
    else if (counting.count != (done ? 1u : 0u))
        wrong(kind, done ? "it has happened, and there is not one event of it" : "an event of what has not happened");
}

static uint64_t take(int side)
{
    uint64_t number = 0;
    docket_status status = DOCKET_TIMEOUT;
    for (int i = 0; i < 50 && status != DOCKET_OK; i++)
        status = docket_next(trial.series[side], -1, &number, NULL);
    if (status != DOCKET_OK) {
        wrong("next", docket_last_error());
        return 0;
    }
    trial_keep(&trial, side, number);
    return number;
}

/* ---- decisions ---- */

static const struct docket_counter_name strict = {"acme", "STRICT", -1};

static void void_one(void)
{
    uint64_t number = take(0);
    char words[96];
    docket_status status;
    DECIDE(status = docket_admin_void(trial.handle, &strict, number, number, reason, 0, NULL, NULL));
    struct sought found = fate_of("STRICT", number);
    bool done = strcmp(found.fate, "void") == 0;
    if (!done && strcmp(found.fate, "handed out") != 0)
        wrong("void", found.fate);
    snprintf(words, sizeof words, ": %llu to %llu, handed out before", (unsigned long long)number,
             (unsigned long long)number);
    judge("void", words, status, done);
}

static void reconcile_one(void)
{
    struct sought found = fate_of("STRICT", 0);
    uint64_t number = found.first_unknown;
    char line[64];
    if (number == 0)
        return;
    int bytes = snprintf(line, sizeof line, "%llu\n", (unsigned long long)number);
    docket_status status;
    DECIDE(status = docket_admin_reconcile(trial.handle, &strict, line, (size_t)bytes, reason, 0, NULL, NULL));
    found = fate_of("STRICT", number);
    bool done = strcmp(found.cause, "by evidence") == 0;
    if (!done && strcmp(found.fate, "unknown") != 0)
        wrong("reconcile", found.fate);
    if (status == DOCKET_OK && !done)
        wrong("reconcile", "answered with OK, and it has not happened");
}

static void advance(int side)
{
    static const struct docket_counter_name leased = {"acme", "LEASED", -1};
    uint64_t before = take(side), to = before + 40;
    char words[96];
    docket_status status;
    DECIDE(status = docket_admin_series_advance(trial.handle, side == 0 ? &strict : &leased, to, reason, NULL, NULL));
    if (status == DOCKET_REFUSED && side == 1)
        return; /* our own lease is open */
    struct sought found = fate_of(trial_names[side], to - 1);
    bool done = strcmp(found.cause, "advanced") == 0;
    snprintf(words, sizeof words, ": the next number is %llu;", (unsigned long long)to);
    judge("advance", words, status, done);
    uint64_t after = take(side);
    if (done && after < to)
        wrong("advance", "a number below came after it");
    if (!done && after >= to)
        wrong("advance", "it has not happened, and numbers were left out");
    if (done && (found.last != to - 1 || found.first > before + 17))
        wrong("advance", "it has happened in part");
}

/* A series of its own each time: the realm has many of them in the end. */
static docket_series *open_new(const char *name)
{
    docket_series *made = NULL;
    docket_status status = DOCKET_UNREACHABLE;
    for (int i = 0; i < 50 && status != DOCKET_OK && status != DOCKET_RETIRED; i++)
        status = docket_series_open(trial.handle, "acme", name, &made);
    return status == DOCKET_OK ? made : NULL;
}

static void retire_one(void)
{
    char name[32], words[64];
    uint64_t number = 0;
    int32_t period = 0;
    struct worklog log;
    snprintf(name, sizeof name, "R%llu", (unsigned long long)breaks_turn);
    docket_series *series = open_new(name);
    if (series == NULL)
        return;
    docket_status status;
    DECIDE(status = docket_admin_series_retire(trial.handle, "acme", name, reason));
    trial_await_service(&trial);
    docket_status next = DOCKET_TIMEOUT;
    for (int i = 0; i < 50 && next != DOCKET_OK && next != DOCKET_RETIRED; i++)
        next = docket_next(series, -1, &number, &period);
    if (next != DOCKET_OK && next != DOCKET_RETIRED)
        wrong("retire: next", docket_last_error());
    snprintf(words, sizeof words, "acme/%s gives no number", name);
    judge("retire", words, status, next == DOCKET_RETIRED);
    if (next == DOCKET_OK && (worklog_open(&log, trial.logs, "retired", "acme", name, 1, 8) != 0 ||
                              worklog_add(&log, number, period, WORKLOG_NEXT) != 0 || worklog_close(&log) != 0))
        trial_give_up("a log");
}

/* A series of its own: a number of a day that has long ended, then that day closed. */
static void date_and_close_one(void)
{
    static const struct docket_policy daily = {.restart = "daily",
                                               .template_text = "{SERIES}-{YYYY}{MM}{DD}-{N:6}"};
    const uint32_t day = 20010101;
    char name[32], words[64];
    struct worklog log;
    uint64_t number = 0;
    int32_t period = 0;
    int is_closed = 0;
    snprintf(name, sizeof name, "D%llu", (unsigned long long)breaks_turn);
    docket_status status = DOCKET_UNREACHABLE;
    for (int i = 0; i < 50 && status == DOCKET_UNREACHABLE; i++)
        status = docket_admin_series_add(trial.handle, "acme", name, &daily);
    if (status != DOCKET_OK)
        wrong("series add", docket_last_error());
    docket_series *series = open_new(name);
    if (series == NULL || worklog_open(&log, trial.logs, "dated", "acme", name, 1, 8) != 0)
        return;
    DECIDE(status = docket_next_dated(series, day, -1, &number, &period));
    int kept = status == DOCKET_OK ? worklog_add(&log, number, period, WORKLOG_NEXT) : worklog_excuse(&log, 1);
    if (status == DOCKET_OK && (number != 1 || period != (int32_t)day))
        wrong("dated", number != 1 ? "not the first number" : "of another day");
    const struct docket_counter_name counter = {"acme", name, (int32_t)day};
    DECIDE(status = docket_admin_period_close(trial.handle, &counter, reason, &is_closed, NULL, NULL));
    if (status == DOCKET_OK && !is_closed)
        wrong("close", "nobody holds a lease, and it is not closed");
    docket_status next = DOCKET_UNREACHABLE;
    for (int i = 0; i < 50 && (next == DOCKET_UNREACHABLE || next == DOCKET_TIMEOUT); i++) {
        trial_await_service(&trial);
        next = docket_next_dated(series, day, -1, &number, &period);
        if (next == DOCKET_OK)
            kept |= worklog_add(&log, number, period, WORKLOG_NEXT);
    }
    if (next != DOCKET_OK && next != DOCKET_PERIOD_CLOSED)
        wrong("close: next", docket_last_error());
    snprintf(words, sizeof words, "acme/%s/2001-01-01 is closed", name);
    judge("close", words, status, next == DOCKET_PERIOD_CLOSED);
    if (kept != 0 || worklog_close(&log) != 0)
        trial_give_up("a log");
}

static docket_status ask_view(void *context)
{
    struct docket_view_series facts;
    docket_view *view;
    char *order = context;
    docket_status status = docket_view_open(trial.realm, &view);
    if (status != DOCKET_OK)
        return status;
    status = docket_view_series_find(view, "acme", order + 16, &facts);
    if (status == DOCKET_OK)
        snprintf(order, 16, "%s", facts.order);
    docket_view_close(view);
    return status;
}

/* While nobody sits at the desk. */
static void set_one(void)
{
    struct docket_policy made = {.order = "strict"}, wanted = {.order = "leased", .window = 500};
    char order_and_name[48] = "", words[96];
    char *name = order_and_name + 16;
    snprintf(name, 32, "S%llu", (unsigned long long)breaks_turn);
    docket_realm *realm;
    if (docket_realm_open(trial.realm, &realm) != DOCKET_OK)
        trial_give_up("a realm");
    docket_realm *before = trial.handle;
    trial.handle = realm;
    docket_status status = DOCKET_UNREACHABLE;
    for (int i = 0; i < 50 && status == DOCKET_UNREACHABLE; i++)
        status = docket_admin_series_add(realm, "acme", name, &made);
    DECIDE(status = docket_admin_series_set(realm, "acme", name, &wanted, 0, reason, 0, NULL, NULL));
    if (until_heard(ask_view, order_and_name) != DOCKET_OK)
        wrong("view", docket_last_error());
    snprintf(words, sizeof words, "acme/%s: order strict -> leased, from now on", name);
    judge("set", words, status, strcmp(order_and_name, "leased") == 0);
    struct sought found = fate_of(name, 1);
    if (found.fate[0] != 0 && strcmp(found.fate, "laid") != 0 && strcmp(found.fate, "spare") != 0)
        wrong("set", found.fate);
    trial.handle = before;
    docket_realm_close(realm);
}

static docket_status take_text(docket_series *series, char text[DOCKET_TEXT_MAX], uint64_t *number, int32_t *period)
{
    docket_status status = DOCKET_TIMEOUT;
    for (int i = 0; i < 50 && status != DOCKET_OK; i++)
        status = docket_next_text(series, -1, text, DOCKET_TEXT_MAX, number, period);
    if (status != DOCKET_OK)
        wrong("set at work: next", docket_last_error());
    return status;
}

/* Another template while we sit there and have taken numbers: the next one is written
 * by the old one or by the new one, as the event says, and is the next one. */
static void set_at_work(void)
{
    static const struct docket_policy wanted = {.template_text = "{SERIES}.{YYYY}.{N:3}"};
    char name[32], words[128], text[DOCKET_TEXT_MAX];
    uint64_t first = 0, second = 0;
    int32_t period = 0;
    struct worklog log;
    snprintf(name, sizeof name, "T%llu", (unsigned long long)breaks_turn);
    docket_series *series = open_new(name);
    if (series == NULL || take_text(series, text, &first, &period) != DOCKET_OK)
        return;
    docket_status status;
    DECIDE(status = docket_admin_series_set(trial.handle, "acme", name, &wanted, 0, reason, 0, NULL, NULL));
    trial_await_service(&trial);
    if (take_text(series, text, &second, &period) != DOCKET_OK)
        return;
    snprintf(words, sizeof words, "acme/%s: template {SERIES}-{N:6} -> {SERIES}.{YYYY}.{N:3}, from now on",
             name);
    judge("set", words, status, text[strlen(name)] == '.');
    if (second <= first)
        wrong("set at work", "a number came again");
    if (worklog_open(&log, trial.logs, "texts", "acme", name, 1, 8) != 0 ||
        worklog_add(&log, first, period, WORKLOG_NEXT) != 0 || worklog_add(&log, second, period, WORKLOG_NEXT) != 0 ||
        worklog_close(&log) != 0)
        trial_give_up("a log");
}

/* Not durable: a docketd that was killed has forgotten it. */
static void drain_and_undo(void)
{
    docket_status status;
    DECIDE(status = docket_admin_drain(trial.handle, NULL, NULL, NULL));
    status = DOCKET_UNREACHABLE;
    for (int i = 0; i < 50 && status != DOCKET_OK; i++) {
        trial_await_service(&trial);
        status = docket_admin_drain_undo(trial.handle, NULL);
    }
    if (status != DOCKET_OK)
        wrong("drain --undo", docket_last_error());
}

void breaks_admin(void)
{
    breaks_plan();
    trial_lose_runtime(&trial); /* there are unknown numbers, but for the first time */
    trial_start_broken(&trial, false);
    trial_await_service(&trial);
    set_one();
    trial_enter(&trial);
    void_one();
    advance(0);
    reconcile_one();
    retire_one();
    date_and_close_one();
    set_at_work();
    drain_and_undo();
    trial_take(&trial, 0, 3);
    trial_take(&trial, 1, 3);
    trial_leave(&trial);
    trial_kill(&trial);
}
