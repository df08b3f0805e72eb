/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/env.c numbering/fate.c daemon/clerk.c daemon/books.c daemon/ended/ended.c daemon/ended/dated.c daemon/ended/closing.c daemon/days/today.c daemon/days/zones.c daemon/days/tzif.c daemon/ledger/plan.c daemon/ledger/issue.c daemon/ledger/texts.c daemon/ledger/metadata.c daemon/ledger/reserve.c daemon/ledger/decide.c daemon/ledger/holds.c daemon/ledger/due.c */
/* libs: lmdb urcu-cds urcu-common jansson pthread */
/*
 * Thousands of reservations, issues, decisions, ends, restarts and jumps of time at random, against a model of
 * one screen. SEED names the order; STEPS says how many.
 */
#include "ledger_fixture.h"

#include <inttypes.h>

enum { NUMBERS_MAX = 60000, KEYS = 150, SITTERS = 4, STEPS = 10000, CHECK_EVERY = 25 };

struct number {
    uint8_t state;
    int key;           /* -1: none */
    int name;          /* of its reservation; -1: none */
    int seat;          /* who may decide by number alone; -1: nobody */
    int64_t expires_s; /* of the test's clock; 0: never */
};

struct names {
    uint64_t first[5]; /* numbers that the reservation was granted */
    unsigned count;
};

static struct number numbers[NUMBERS_MAX];
static struct names names[NUMBERS_MAX];
static uint64_t key_has[KEYS];
static uint64_t next;
static int name_count;
static uint64_t salts[SITTERS];
static uint64_t seed, first_seed;

static unsigned dice(unsigned sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 20) % sides;
}

/* ---- the model ---- */

static uint64_t lowest_free(void)
{
    for (uint64_t number = 1; number < next; number++)
        if (numbers[number].state == DK_STATE_FREE)
            return number;
    return next;
}

static uint64_t take_lowest(void)
{
    uint64_t number = lowest_free();
    next += number == next;
    assert_true(next < NUMBERS_MAX);
    return number;
}

static enum dk_state released(void)
{
    return policy.release == DK_VOID_RELEASED ? DK_STATE_VOID : DK_STATE_FREE;
}

static void become(struct number *number, enum dk_state state, bool by_release)
{
    number->state = (uint8_t)state;
    number->expires_s = 0;
    if (!dk_state_is_held(state))
        number->seat = -1;
    if (state == DK_STATE_FREE || (by_release && state == DK_STATE_VOID))
        number->key = -1;
    if (state == DK_STATE_FREE)
        number->name = -1;
}

static void expire(struct number *number)
{
    bool frees = policy.on_expiry == DK_EXPIRY_FREE;
    become(number, frees ? released() : DK_STATE_IN_DOUBT, frees);
}

static bool is_live(const struct number *number)
{
    return number->state == DK_STATE_RESERVED || number->state == DK_STATE_PENDING;
}

/* What a decision by somebody who may says, and makes. */
static docket_status decided(struct number *number, enum dk_verb verb, bool may)
{
    static const docket_status already[] = {DOCKET_ALREADY_RELEASED, 0, 0, 0, DOCKET_ALREADY_SETTLED, DOCKET_ALREADY_VOID};
    bool voids_issued = number->state == DK_STATE_ISSUED && verb == DK_VERB_VOID;
    if (!dk_state_is_held(number->state) && !voids_issued)
        return already[number->state];
    if (!may)
        return DOCKET_NOT_YOURS;
    become(number, verb == DK_VERB_SETTLE ? DK_STATE_ISSUED : verb == DK_VERB_VOID ? DK_STATE_VOID : released(),
           verb == DK_VERB_RELEASE);
    return DOCKET_OK;
}

/* ---- the same with the model and with docketd ---- */

static void agree(docket_status is, docket_status wanted, const char *what, uint64_t number)
{
    if (is != wanted)
        fail_msg("seed %" PRIu64 ": %s of %" PRIu64 ": %s, the model says %s: %s", first_seed, what, number,
                 docket_status_name(is), docket_status_name(wanted), sentence);
}

static void sit_down(unsigned seat)
{
    sit((int32_t)seat);
    parcel.head.salt = salts[seat];
}

static void issue_one(void)
{
    char text[16];
    int key = (int)dice(KEYS);
    unsigned seat = dice(SITTERS);
    uint32_t expires_s = dice(2) ? 30 : 0;
    uint64_t has = key_has[key];
    bool again = has != 0 && numbers[has].key == key;
    snprintf(text, sizeof text, "key-%d", key);
    sit_down(seat);
    if (again && numbers[has].state == DK_STATE_VOID) {
        agree(issue(text, expires_s), DOCKET_KEY_VOID, "issue", has);
        return;
    }
    uint64_t number = again ? has : take_lowest();
    agree(issue(text, expires_s), DOCKET_OK, "issue", number);
    assert_int_equal(answer.number, number);
    assert_int_equal(answer.again, again);
    if (again && numbers[number].state != DK_STATE_IN_DOUBT)
        return;
    numbers[number] = (struct number){DK_STATE_PENDING, key, -1, (int)seat, expires_s ? boot_shift_s + expires_s : 0};
    key_has[key] = number;
}

static void reserve_some(void)
{
    char text[16];
    unsigned count = 1 + dice(5), seat = dice(SITTERS), told = 0;
    struct names *granted = &names[name_count];
    snprintf(text, sizeof text, "name-%d", name_count);
    sit_down(seat);
    agree(reserve(text, count, 40), DOCKET_OK, "reserve", 0);
    for (granted->count = 0; granted->count < count; granted->count++) {
        uint64_t number = take_lowest();
        granted->first[granted->count] = number;
        numbers[number] = (struct number){DK_STATE_RESERVED, -1, name_count, (int)seat, boot_shift_s + 40};
    }
    for (uint32_t run = 0; run < answer.run_count; run++)
        for (uint64_t number = runs_of_answer[run][0]; number <= runs_of_answer[run][1]; number++)
            assert_int_equal(number, granted->first[told++]);
    assert_int_equal(told, count);
    name_count++;
}

static void decide_by_number(enum dk_verb verb)
{
    uint64_t number = 1 + dice((unsigned)next + 1);
    unsigned seat = dice(SITTERS);
    struct number *is = &numbers[number];
    bool given = number < next;
    sit_down(seat);
    docket_status status = decide(verb, NULL, NULL, number);
    agree(status, given ? decided(is, verb, is->seat == (int)seat) : DOCKET_NOT_HELD, "decision", number);
}

static void decide_by_key(enum dk_verb verb)
{
    char text[16];
    int key = (int)dice(KEYS);
    uint64_t has = key_has[key];
    snprintf(text, sizeof text, "key-%d", key);
    sit_down(dice(SITTERS));
    docket_status status = decide(verb, text, NULL, 0);
    agree(status,
          has == 0 ? DOCKET_NOT_HELD : numbers[has].key != key ? DOCKET_ALREADY_RELEASED : decided(&numbers[has], verb, true),
          "decision by key", has);
}

/* One of the last so many. */
static int recent_name(unsigned most)
{
    return name_count - 1 - (int)dice(most < (unsigned)name_count ? most : (unsigned)name_count);
}

static void decide_by_name(enum dk_verb verb)
{
    char text[16];
    if (name_count == 0)
        return;
    int name = recent_name(dice(4) ? 6 : (unsigned)name_count);
    uint64_t number = names[name].first[dice(names[name].count)];
    snprintf(text, sizeof text, "name-%d", name);
    sit_down(dice(SITTERS));
    docket_status status = decide(verb, NULL, text, number);
    agree(status, numbers[number].name != name ? DOCKET_ALREADY_RELEASED : decided(&numbers[number], verb, true),
          "decision by name", number);
}

static void decide_whole(enum dk_verb verb)
{
    char text[16];
    unsigned count = 0;
    if (name_count == 0)
        return;
    int name = recent_name(20);
    snprintf(text, sizeof text, "name-%d", name);
    for (unsigned i = 0; i < names[name].count; i++) {
        struct number *number = &numbers[names[name].first[i]];
        if (number->name == name && dk_state_is_held(number->state))
            count += decided(number, verb, true) == DOCKET_OK;
    }
    sit_down(dice(SITTERS));
    agree(decide_all(verb, text), DOCKET_OK, "whole reservation", 0);
    assert_int_equal(answer.number, count);
}

static void resolve_everything(enum dk_verb verb)
{
    unsigned count = 0;
    for (uint64_t number = 1; number < next; number++)
        if (numbers[number].state == DK_STATE_IN_DOUBT)
            count += decided(&numbers[number], verb, true) == DOCKET_OK;
    is_admin = true;
    agree(resolve_all(verb, -1), DOCKET_OK, "resolve", 0);
    assert_int_equal(answer.number, count);
    is_admin = false;
}

static void end_sitter(void)
{
    unsigned seat = dice(SITTERS);
    for (uint64_t number = 1; number < next; number++) {
        if (numbers[number].seat != (int)seat)
            continue;
        if (is_live(&numbers[number]))
            expire(&numbers[number]);
        numbers[number].seat = -1;
    }
    if (dice(2)) {
        dk_ledger_seat_gone(&docketd, 0, seat, salts[seat]);
        salts[seat] += SEATS;
        seats[seat].salt = salts[seat];
    } else { /* while docketd was down */
        salts[seat] += SEATS;
        seats[seat].salt = salts[seat];
        restart();
    }
    while (end_due(), dk_holds_are_due(&docketd, SERIES))
        ;
}

static void let_time_pass(void)
{
    boot_shift_s += 1 + dice(15);
    wall_shift_s = (int64_t)dice(100000) - 50000; /* and somebody plays with the clock */
    for (uint64_t number = 1; number < next; number++)
        if (is_live(&numbers[number]) && numbers[number].expires_s != 0 && numbers[number].expires_s <= boot_shift_s)
            expire(&numbers[number]);
    if (dice(3) == 0)
        restart();
    while (end_due(), dk_holds_are_due(&docketd, SERIES))
        ;
}

static void step(void)
{
    enum dk_verb verb = (enum dk_verb)(DK_VERB_SETTLE + (dice(8) == 0 ? 1 : 2 * (int)dice(2)));
    unsigned what = dice(100);
    if (what < 30)
        issue_one();
    else if (what < 42)
        reserve_some();
    else if (what < 56)
        decide_by_number(verb);
    else if (what < 70)
        decide_by_key(verb);
    else if (what < 80)
        decide_by_name(verb);
    else if (what < 86)
        decide_whole(verb);
    else if (what < 90)
        end_sitter();
    else if (what < 97)
        let_time_pass();
    else if (what < 99)
        restart();
    else
        resolve_everything(verb);
}

static void compare(void)
{
    unsigned held = 0;
    for (uint64_t number = 1; number < next; number++) {
        struct dk_ledger_record record = number_of(number);
        if (record.state != numbers[number].state)
            fail_msg("seed %" PRIu64 ": number %" PRIu64 " is %s, the model says %s", first_seed, number,
                     dk_state_name(record.state), dk_state_name(numbers[number].state));
        if (record.state == DK_STATE_VOID)
            assert_true(record.reason[0] != 0 && record.cause != 0);
        held += numbers[number].state == DK_STATE_PENDING ||
                (numbers[number].state == DK_STATE_IN_DOUBT && numbers[number].key >= 0);
    }
    for (int name = 0; name < name_count; name++) {
        bool some = false;
        for (unsigned i = 0; i < names[name].count; i++)
            some = some || (numbers[names[name].first[i]].name == name && dk_state_is_held(numbers[names[name].first[i]].state));
        held += some;
    }
    assert_int_equal(holds_in_store().count, held);
    assert_int_equal(docketd.holds->count, held);
}

/* Resolved, and one more asked for as often as there are free ones: 1 to n, each issued or void with a reason. */
static void end_without_a_hole(void)
{
    for (unsigned seat = 0; seat < SITTERS; seat++) {
        dk_ledger_seat_gone(&docketd, 0, seat, salts[seat]);
        while (end_due(), dk_holds_are_due(&docketd, SERIES))
            ;
    }
    is_admin = true;
    do
        MUST(resolve_all(DK_VERB_RELEASE, -1));
    while (answer.number > 0);
    uint64_t last;
    sit(-1);
    do {
        MUST(run(dk_ledger_issue, (struct dk_record_item){.flags = DOCKET_SETTLED}));
        last = answer.number;
    } while (last < next);
    for (uint64_t number = 1; number <= last; number++)
        assert_true(state_of(number) == DK_STATE_ISSUED || state_of(number) == DK_STATE_VOID);
}

static void go(void)
{
    const char *given = getenv("SEED"), *many = getenv("STEPS");
    long steps = many != NULL ? atol(many) : STEPS;
    seed = first_seed = given != NULL ? strtoull(given, NULL, 10) : 20261126;
    memset(numbers, 0, sizeof numbers);
    memset(key_has, 0, sizeof key_has);
    next = 1;
    name_count = 0;
    for (unsigned seat = 0; seat < SITTERS; seat++)
        salts[seat] = seats[seat].salt;
    for (long at = 1; at <= steps; at++) {
        step();
        if (at % CHECK_EVERY == 0)
            compare();
    }
    compare();
    print_message("%ld steps, %" PRIu64 " numbers, %d reservations\n", steps, next - 1, name_count);
    end_without_a_hole();
}

static void numbers_in_doubt_wait_for_somebody(void **state)
{
    (void)state;
    go();
}

static void what_ends_is_free(void **state)
{
    (void)state;
    policy.on_expiry = DK_EXPIRY_FREE;
    go();
}

static void what_is_released_is_void(void **state)
{
    (void)state;
    policy.release = DK_VOID_RELEASED;
    go();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(numbers_in_doubt_wait_for_somebody),
        CASE(what_ends_is_free),
        CASE(what_is_released_is_void),
    };
    setenv("TMPDIR", "/dev/shm", 0); /* it is not about disks */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
