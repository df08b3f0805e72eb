/* SPDX-License-Identifier: MIT */
/* stepw_ops: what the stepped child does, operation by operation. */
#include "stepw.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS (10 * SECOND_NS)
#define DAY_S 86400

struct told *told;
struct view view;
const char *child_realm, *child_series;

static docket_realm *realm;
static docket_series *series;
static docket_block *block;
static int seat = -1, seat_fd = -1;

void must(const char *call, docket_status status)
{
    if (status == DOCKET_OK)
        return;
    snprintf(told->why, sizeof told->why, "%s: %s: %s", call, docket_status_name(status), docket_last_error());
    _exit(9);
}

static void log_number(uint64_t number, int32_t period, enum worklog_kind kind)
{
    if (worklog_add(&told->log, number, period, kind) != 0)
        must("worklog_add", DOCKET_SYSTEM);
}

void child_attach(void)
{
    must("docket_realm_open", docket_realm_open(child_realm, &realm));
    must("docket_series_open", docket_series_open(realm, STEP_TENANT, child_series, &series));
    seat = view_seat_of(&view, getpid(), &seat_fd);
}

static bool take_one(int64_t timeout_ns)
{
    uint64_t number;
    int32_t period;
    docket_status status = docket_next(series, timeout_ns, &number, &period);
    if (status == DOCKET_TIMEOUT && timeout_ns == 0)
        return false;
    must("docket_next", status);
    log_number(number, period, WORKLOG_NEXT);
    return true;
}

static uint64_t own_left(void)
{
    return view_own_left(&view, (uint32_t)seat, seat_fd);
}

/* ---- before ---- */

static void nothing(void)
{
}

static void take_a_few(void)
{
    for (int i = 0; i < 3; i++)
        take_one(PATIENCE_NS);
}

static void until_lease_has_left(void)
{
    do
        take_one(PATIENCE_NS);
    while (own_left() == 0);
}

/* The last two of what was taken came in one call, and three are left. */
static void two_at_once_and_three_left(void)
{
    uint64_t numbers[2];
    uint32_t got;
    int32_t period;
    do
        take_one(PATIENCE_NS);
    while (own_left() < 5);
    must("docket_next_many", docket_next_many(series, PATIENCE_NS, numbers, 2, &got, &period));
    log_number(numbers[0], period, WORKLOG_NEXT);
    log_number(numbers[1], period, WORKLOG_NEXT);
}

static void until_lease_is_used_up(void)
{
    do
        take_one(PATIENCE_NS);
    while (own_left() != 0);
}

static void open_block(uint32_t count)
{
    int32_t period;
    must("docket_block_open", docket_block_open(series, count, PATIENCE_NS, &block));
    must("docket_block_show", docket_block_show(block, NULL, NULL, &period));
}

static void block_next_logged(void)
{
    uint64_t number;
    int32_t period;
    must("docket_block_next", docket_block_next(block, &number));
    must("docket_block_show", docket_block_show(block, NULL, NULL, &period));
    log_number(number, period, WORKLOG_BLOCK);
}

static void strict_block_of_four(void)
{
    open_block(4);
    told->unlogged = 4; /* a strict block counts as handed out when it is opened */
    block_next_logged();
    told->unlogged--;
}

static void strict_block_overtaken(void)
{
    strict_block_of_four();
    take_one(PATIENCE_NS);
}

static void leased_block_of_four(void)
{
    open_block(4);
    block_next_logged();
}

static void leased_block_used_up(void)
{
    open_block(2);
    block_next_logged();
    block_next_logged();
}

static void lease_and_block(void)
{
    leased_block_of_four();
    until_lease_has_left();
}

static void strict_lease_and_block(void)
{
    strict_block_of_four();
    take_a_few();
}

/* ---- docketd stands still ---- */

static void take_all(void)
{
    while (take_one(0))
        ;
}

/* Strict: all but two numbers. Leased: the own lease, and all blocks but one. */
static void take_all_but_the_last(void)
{
    uint32_t slot = view_slot(&view, child_series), blocks;
    bool strict = dk_desk_slot(&view.desk, slot)->order == 0;
    for (;;) {
        uint64_t left = view_supply(&view, slot, &blocks);
        if ((strict ? left <= 2 : blocks <= 1 && own_left() == 0) || !take_one(0))
            return;
    }
}

static void take_until_half(void)
{
    /* Beyond half of the room each take sets the want bit: the bit is new here. */
    uint64_t left = 0, most = 0;
    must("docket_supply", docket_supply(series, &most));
    do {
        if (!take_one(0))
            return;
        must("docket_supply", docket_supply(series, &left));
    } while (left > most / 2 + 1);
}

/* ---- the operations: what is returned here is lost with the child ---- */

static void act_next(void)
{
    uint64_t number;
    (void)docket_next(series, PATIENCE_NS, &number, NULL);
}

static void act_next_at_once(void)
{
    uint64_t number;
    (void)docket_next(series, 0, &number, NULL);
}

static void act_next_in_vain(void)
{
    uint64_t number;
    (void)docket_next(series, SECOND_NS * 6 / 10, &number, NULL);
}

static void act_next_text(void)
{
    char text[DOCKET_TEXT_MAX];
    (void)docket_next_text(series, PATIENCE_NS, text, sizeof text, NULL, NULL);
}

static void take_many(uint32_t count, int64_t timeout_ns)
{
    uint64_t numbers[3];
    uint32_t got;
    (void)docket_next_many(series, timeout_ns, numbers, count, &got, NULL);
}

static void act_many_three(void)
{
    take_many(3, PATIENCE_NS);
}

static void act_many_two(void)
{
    take_many(2, PATIENCE_NS);
}

static void act_many_at_once(void)
{
    take_many(3, 0);
}

static void act_next_tomorrow(void)
{
    uint64_t number;
    clock_shift_s = DAY_S;
    (void)docket_next(series, PATIENCE_NS, &number, NULL);
}

/* Under a date of the next day, whose period stands in the other bank. */
static void act_next_dated(void)
{
    char text[DOCKET_TEXT_MAX];
    time_t tomorrow = time(NULL) + DAY_S;
    struct tm parts;
    gmtime_r(&tomorrow, &parts);
    uint32_t date = (uint32_t)((parts.tm_year + 1900) * 10000 + (parts.tm_mon + 1) * 100 + parts.tm_mday);
    (void)docket_next_text_dated(series, date, PATIENCE_NS, text, sizeof text, NULL, NULL);
}

static void act_block_two(void)
{
    (void)docket_block_open(series, 2, PATIENCE_NS, &block);
}

static void act_block_five_at_once(void)
{
    (void)docket_block_open(series, 5, 0, &block);
}

static void act_block_tomorrow(void)
{
    clock_shift_s = DAY_S;
    act_block_two();
}

static void act_block_next(void)
{
    uint64_t number;
    (void)docket_block_next(block, &number);
}

static void act_take_all(void)
{
    uint64_t first;
    uint32_t count;
    (void)docket_block_take_all(block, &first, &count);
}

static void act_give_back(void)
{
    (void)docket_block_give_back(block, NULL);
}

static void act_attach(void)
{
    uint64_t number;
    if (docket_realm_open(child_realm, &realm) == DOCKET_OK &&
        docket_series_open(realm, STEP_TENANT, child_series, &series) == DOCKET_OK)
        (void)docket_next(series, PATIENCE_NS, &number, NULL);
}

static void act_close(void)
{
    docket_realm_close(realm);
}

static void act_thread_end(void)
{
    pthread_exit(NULL);
}

#define LEASED "leased"
#define STRICT "strict"
#define DATED "strict-chronological"

const struct operation operations[] = {
    {"l-next", "next, own lease", LEASED, 0, 1, until_lease_has_left, NULL, act_next},
    {"l-text", "next_text, own lease", LEASED, 0, 1, until_lease_has_left, NULL, act_next_text},
    {"l-claim", "next, claims a block", LEASED, 0, 1, until_lease_is_used_up, NULL, act_next},
    {"l-first", "next, a thread's first", LEASED, 0, 1, nothing, NULL, act_next},
    {"l-last", "next, the last block laid", LEASED, OP_AWAY, 1, until_lease_has_left, take_all_but_the_last, act_next_at_once},
    {"l-empty", "next, nothing laid", LEASED, OP_AWAY, 1, until_lease_has_left, take_all, act_next_at_once},
    {"l-wait", "next, waits in vain", LEASED, OP_AWAY | OP_STATES, 1, until_lease_has_left, take_all, act_next_in_vain},
    {"l-edge", "next, over the period's edge", LEASED, 0, 1, until_lease_has_left, NULL, act_next_tomorrow},
    {"l-dated", "next_text_dated, the next period", LEASED, 0, 1, until_lease_has_left, NULL, act_next_dated},
    {"l-many", "three at once, own lease", LEASED, 0, 3, two_at_once_and_three_left, NULL, act_many_three},
    {"l-many-claim", "two at once, claims a block", LEASED, 0, 2, until_lease_is_used_up, NULL, act_many_two},
    {"l-open", "block open", LEASED, 0, 0, take_a_few, NULL, act_block_two},
    {"l-open-empty", "block open, nothing laid", LEASED, OP_AWAY, 0, take_a_few, take_all, act_block_five_at_once},
    {"l-open-edge", "block open, over the period's edge", LEASED, 0, 0, until_lease_has_left, NULL, act_block_tomorrow},
    {"l-bnext", "block next", LEASED, 0, 1, leased_block_of_four, NULL, act_block_next},
    {"l-all", "block take all", LEASED, 0, 3, leased_block_of_four, NULL, act_take_all},
    {"l-back", "give back", LEASED, 0, 0, leased_block_of_four, NULL, act_give_back},
    {"l-back-used", "give back, all used", LEASED, 0, 0, leased_block_used_up, NULL, act_give_back},
    {"l-attach", "attach and first next", LEASED, OP_STATES | OP_COLD, 1, nothing, NULL, act_attach},
    {"l-close", "realm close", LEASED, OP_STATES, 0, lease_and_block, NULL, act_close},
    {"l-end", "thread end", LEASED, OP_STATES, 0, lease_and_block, NULL, act_thread_end},
    {"s-next", "next", STRICT, 0, 1, take_a_few, NULL, act_next},
    {"s-text", "next_text", STRICT, 0, 1, take_a_few, NULL, act_next_text},
    {"s-first", "next, a thread's first", STRICT, 0, 1, nothing, NULL, act_next},
    {"s-many", "three at once", STRICT, 0, 3, take_a_few, NULL, act_many_three},
    {"s-many-last", "three at once, of the last two laid", STRICT, OP_AWAY, 2, take_a_few, take_all_but_the_last, act_many_at_once},
    {"s-half", "next, half of the room gone", STRICT, OP_AWAY, 1, take_a_few, take_until_half, act_next_at_once},
    {"s-last", "next, the last numbers laid", STRICT, OP_AWAY, 1, take_a_few, take_all_but_the_last, act_next_at_once},
    {"s-empty", "next, nothing laid", STRICT, OP_AWAY, 1, take_a_few, take_all, act_next_at_once},
    {"s-wait", "next, waits in vain", STRICT, OP_AWAY | OP_STATES, 1, take_a_few, take_all, act_next_in_vain},
    {"s-edge", "next, over the period's edge", STRICT, 0, 1, take_a_few, NULL, act_next_tomorrow},
    {"s-dated", "next_text_dated, the next period", STRICT, 0, 1, take_a_few, NULL, act_next_dated},
    {"s-open", "block open", STRICT, 0, 2, take_a_few, NULL, act_block_two},
    {"s-open-empty", "block open, nothing laid", STRICT, OP_AWAY, 5, take_a_few, take_all, act_block_five_at_once},
    {"s-bnext", "block next", STRICT, 0, 0, strict_block_of_four, NULL, act_block_next},
    {"s-all", "block take all", STRICT, 0, 0, strict_block_of_four, NULL, act_take_all},
    {"s-back", "give back", STRICT, OP_LOOSE, 0, strict_block_of_four, NULL, act_give_back},
    {"s-back-void", "give back, overtaken", STRICT, OP_LOOSE, 0, strict_block_overtaken, NULL, act_give_back},
    {"c-next", "next", DATED, 0, 1, take_a_few, NULL, act_next},
    {"c-text", "next_text", DATED, 0, 1, take_a_few, NULL, act_next_text},
    {"c-many", "three at once", DATED, 0, 3, take_a_few, NULL, act_many_three},
    {"c-edge", "next, over the period's edge", DATED, 0, 1, take_a_few, NULL, act_next_tomorrow},
    {"c-open", "block open", DATED, 0, 2, take_a_few, NULL, act_block_two},
    {"s-attach", "attach and first next", STRICT, OP_STATES | OP_COLD, 1, nothing, NULL, act_attach},
    {"s-close", "realm close", STRICT, OP_STATES, 0, strict_lease_and_block, NULL, act_close},
    {"s-end", "thread end", STRICT, OP_STATES, 0, strict_lease_and_block, NULL, act_thread_end},
};

const size_t operation_count = sizeof operations / sizeof operations[0];
