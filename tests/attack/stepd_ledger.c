/* SPDX-License-Identifier: MIT */
/*
 * stepd_ledger: what the worker does at record speed while docketd is killed. Each errand is asked for
 * until it is answered, as an application would, and then looked at: a key has one number, a decision
 * stands, and nothing is given that somebody has.
 */
#include "stepd.h"

#include "docket_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_NS (60 * SECOND_NS)
#define CALL_NS (20 * SECOND_NS) /* a docketd that is walked is slow */

enum { RESERVED = 5 };

static docket_series *tracked;
static char key[32], name[32];
static struct docket_number got;
static uint64_t round_number;

static void must(const char *call, bool good, docket_status status)
{
    if (good)
        return;
    snprintf(told->why, sizeof told->why, "%s of %s: %s: %s", call, key, docket_status_name(status), docket_last_error());
    _exit(9);
}

static bool is_away(docket_status status, int64_t until_ns)
{
    return (status == DOCKET_UNREACHABLE || status == DOCKET_GAVE_UP || status == DOCKET_TIMEOUT) && now_ns() < until_ns;
}

static docket_status issue(unsigned flags, uint32_t expires_s, struct docket_number *number)
{
    struct docket_issue asked = {.key = key, .flags = flags, .expires_s = expires_s};
    int64_t until_ns = now_ns() + PATIENCE_NS;
    docket_status status;
    do
        status = docket_issue(tracked, &asked, CALL_NS, number);
    while (is_away(status, until_ns));
    return status;
}

/* It had been decided so already, if the answer to a try before was lost. */
static void decide(enum docket_verb verb, docket_status already)
{
    struct docket_which which = {.key = key};
    int64_t until_ns = now_ns() + PATIENCE_NS;
    docket_status status, one = DOCKET_OK;
    do
        status = docket_decide(tracked, verb, &which, 1, verb == DOCKET_VOID ? "it is stepped through" : NULL, CALL_NS, &one);
    while (is_away(status, until_ns));
    must("docket_decide", status == DOCKET_OK && (one == DOCKET_OK || one == already), status == DOCKET_OK ? one : status);
}

static void issue_pending(void)
{
    struct docket_number again;
    snprintf(key, sizeof key, "order-%llu", (unsigned long long)++round_number);
    docket_status status = issue(0, 0, &got);
    must("docket_issue", status == DOCKET_OK && strcmp(got.state, "pending") == 0, status);
    status = issue(0, 0, &again);
    must("docket_issue again", status == DOCKET_OK && again.again && again.number == got.number, status);
}

static void settle(void)
{
    struct docket_number again;
    decide(DOCKET_SETTLE, DOCKET_ALREADY_SETTLED);
    docket_status status = issue(0, 0, &again);
    must("the key of a settled number",
         status == DOCKET_OK && again.again && again.number == got.number && strcmp(again.state, "issued") == 0, status);
}

static void make_void(void)
{
    struct docket_number again;
    decide(DOCKET_VOID, DOCKET_ALREADY_VOID);
    docket_status status = issue(0, 0, &again);
    must("the key of a void number", status == DOCKET_KEY_VOID && again.number == got.number, status);
}

/* The lowest free number is the one that came back, and the key's next. */
static void release(void)
{
    struct docket_number again;
    decide(DOCKET_RELEASE, DOCKET_ALREADY_RELEASED);
    docket_status status = issue(0, 0, &again);
    must("the key of a released number", status == DOCKET_OK && again.number <= got.number, status);
    got = again;
    decide(DOCKET_SETTLE, DOCKET_ALREADY_SETTLED);
}

static docket_status reserve(uint64_t *numbers, struct docket_reserved *held)
{
    struct docket_reserve asked = {.name = name, .count = RESERVED, .expires_s = 600};
    int64_t until_ns = now_ns() + PATIENCE_NS;
    docket_status status;
    do
        status = docket_reserve(tracked, &asked, CALL_NS, numbers, held);
    while (is_away(status, until_ns));
    return status;
}

static void reserve_and_settle(void)
{
    uint64_t numbers[RESERVED], again[RESERVED];
    struct docket_reserved held;
    uint32_t done = 0;
    snprintf(name, sizeof name, "batch-%llu", (unsigned long long)++round_number);
    docket_status status = reserve(numbers, &held);
    must("docket_reserve", status == DOCKET_OK && held.count == RESERVED, status);
    status = reserve(again, &held);
    must("docket_reserve again", status == DOCKET_OK && held.again && memcmp(numbers, again, sizeof again) == 0, status);
    int64_t until_ns = now_ns() + PATIENCE_NS;
    do
        status = docket_decide_reserved(tracked, DOCKET_SETTLE, name, NULL, CALL_NS, &done);
    while (is_away(status, until_ns));
    must("docket_decide_reserved", status == DOCKET_OK, status);
    struct docket_which which = {.hold = name, .period = held.period, .number = numbers[RESERVED - 1]};
    docket_status one = DOCKET_OK;
    do
        status = docket_decide(tracked, DOCKET_SETTLE, &which, 1, NULL, CALL_NS, &one);
    while (is_away(status, until_ns));
    must("the last of a settled reservation", status == DOCKET_OK && one == DOCKET_ALREADY_SETTLED, one);
}

static int keep_state(void *context, const struct docket_record *record)
{
    snprintf(context, 16, "%s", record->state);
    return 0;
}

/* Nobody holds it, and its second is over. */
static void let_run_out(void)
{
    char state[16] = "";
    int64_t until_ns = now_ns() + PATIENCE_NS;
    docket_status status;
    snprintf(key, sizeof key, "order-%llu", (unsigned long long)++round_number);
    status = issue(DOCKET_PENDING | DOCKET_DETACHED, 1, &got);
    must("docket_issue for a second", status == DOCKET_OK, status);
    do {
        usleep(50000);
        status = docket_record_of_key(tracked, key, keep_state, state);
    } while (now_ns() < until_ns && strcmp(state, "in doubt") != 0);
    must("a number whose time is over", strcmp(state, "in doubt") == 0, status);
    decide(DOCKET_RELEASE, DOCKET_ALREADY_RELEASED);
}

void ledger_seat(docket_realm *realm, const char *series_name)
{
    char of_ledger[80];
    int64_t until_ns = now_ns() + PATIENCE_NS;
    docket_status status;
    snprintf(of_ledger, sizeof of_ledger, "%s-L", series_name);
    do
        status = docket_series_open(realm, STEP_TENANT, of_ledger, &tracked);
    while (is_away(status, until_ns));
    must("docket_series_open", status == DOCKET_OK, status);
}

void ledger_do(char word)
{
    switch (word) {
    case 'i':
        issue_pending();
        break;
    case 's':
        settle();
        break;
    case 'v':
        make_void();
        break;
    case 'r':
        release();
        break;
    case 'R':
        reserve_and_settle();
        break;
    default:
        let_run_out();
        break;
    }
}
