/* SPDX-License-Identifier: MIT */
/* links: client/admin.c client/fate_read.c client/fate_merge.c client/ledger_read.c client/errand.c wire/admin.c wire/ledger_row.c numbering/ledger.c numbering/reason.c client/block.c client/dated.c client/hand.c client/handles.c client/lease.c client/ledger.c client/ledger_ask.c client/ledger_decide.c client/ledger_line.c client/memory.c client/memory_dated.c client/memory_fate.c client/memory_shapes.c client/memory_take.c client/named.c client/pool.c client/quick.c client/reach.c client/realm.c client/stand.c client/take.c client/text.c wire/wire.c wire/record.c table/calendar.c table/desk.c table/directory.c table/doorbell.c table/place.c table/seat.c table/slot.c numbering/date.c numbering/fate.c numbering/form.c numbering/period.c numbering/policy.c numbering/template.c base/files.c base/status.c */
/*
 * A realm in memory: what tests/process/same.sh cannot compare with a real one.
 * Its clock, calls that are made to fail, fates, threads, forks and kills.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "docket_ledger.h"
#include "docket_memory.h"

#include "client/memory.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define NEW_YEAR 1767225600ll /* 2026-01-01 00:00:00 UTC */
#define DAY 86400ll

static docket_realm *realm;

static int begin(void **state)
{
    (void)state;
    return docket_realm_open_memory(NULL, &realm) != DOCKET_OK;
}

static int end(void **state)
{
    (void)state;
    docket_realm_close(realm);
    return 0;
}

static void is_ok(docket_status status)
{
    if (status != DOCKET_OK)
        fail_msg("%s: %s", docket_status_name(status), docket_last_error());
}

static void set_clock(int64_t utc_s)
{
    is_ok(docket_memory_set_clock(realm, utc_s));
}

static docket_series *series_of(const char *name, const struct docket_policy *policy)
{
    docket_series *series;
    is_ok(docket_admin_series_add(realm, "acme", name, policy));
    is_ok(docket_series_open(realm, "acme", name, &series));
    return series;
}

static void gives_text(docket_series *series, const char *wanted, int32_t wanted_period)
{
    char text[DOCKET_TEXT_MAX];
    int32_t period = -1;
    is_ok(docket_next_text(series, 0, text, sizeof text, NULL, &period));
    assert_string_equal(text, wanted);
    assert_int_equal(period, wanted_period);
}

static uint64_t next_of(docket_series *series)
{
    uint64_t number = 0;
    is_ok(docket_next(series, 0, &number, NULL));
    return number;
}

/* ---- the clock ---- */

static void the_clock_decides_date_and_period(void **state)
{
    (void)state;
    docket_series *yearly;
    set_clock(NEW_YEAR - 1);
    is_ok(docket_series_open(realm, "acme", "INV", &yearly));
    gives_text(yearly, "INV-20251231-000001", 2025);
    gives_text(yearly, "INV-20251231-000002", 2025);
    set_clock(NEW_YEAR);
    gives_text(yearly, "INV-20260101-000001", 2026);
    set_clock(NEW_YEAR + 58 * DAY);
    gives_text(yearly, "INV-20260228-000002", 2026);
    set_clock(NEW_YEAR + 59 * DAY);
    gives_text(yearly, "INV-20260301-000003", 2026);
}

static void a_daily_series_restarts_each_day_however_far_the_clock_jumps(void **state)
{
    (void)state;
    struct docket_policy policy = {.restart = "daily"};
    set_clock(1709164800); /* 2024-02-29 */
    docket_series *daily = series_of("D", &policy);
    gives_text(daily, "D-20240229-000001", 20240229);
    set_clock(1709164800 + DAY);
    gives_text(daily, "D-20240301-000001", 20240301);
    set_clock(4102444799);
    gives_text(daily, "D-20991231-000001", 20991231);
    char text[DOCKET_TEXT_MAX];
    set_clock(4102444800); /* no document may carry such a date */
    assert_int_equal(docket_next_text(daily, 0, text, sizeof text, NULL, NULL), DOCKET_PERIOD_NOT_OPEN);
    set_clock(253402300799);
    assert_int_equal(docket_next_text(daily, 0, text, sizeof text, NULL, NULL), DOCKET_PERIOD_NOT_OPEN);
}

static void an_ended_period_is_not_opened_again(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX] = "untouched";
    docket_series *series;
    set_clock(NEW_YEAR - 1);
    is_ok(docket_series_open(realm, "acme", "INV", &series));
    gives_text(series, "INV-20251231-000001", 2025);
    set_clock(NEW_YEAR);
    gives_text(series, "INV-20260101-000001", 2026);
    set_clock(NEW_YEAR - 1);
    assert_int_equal(docket_next_text(series, 0, text, sizeof text, NULL, NULL), DOCKET_PERIOD_NOT_OPEN);
    assert_string_equal(text, "untouched");
    set_clock(NEW_YEAR + 1);
    gives_text(series, "INV-20260101-000002", 2026);
}

static void the_systems_clock_again(void **state)
{
    (void)state;
    int32_t period = 0;
    uint64_t number;
    struct dk_period now;
    set_clock(0);
    set_clock(DOCKET_MEMORY_SYSTEM_CLOCK);
    is_ok(docket_next_for(realm, "acme", "INV", 0, &number, &period));
    struct dk_policy yearly;
    dk_policy_default(&yearly);
    dk_period_at(&yearly, &dk_zone_utc, dk_clock_wall_s(), &now);
    assert_int_equal(period, now.label);
}

static void a_block_behind_its_period_has_its_last_day(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    uint32_t back = 9;
    docket_block *block;
    docket_series *series;
    set_clock(NEW_YEAR - 2 * DAY);
    is_ok(docket_series_open(realm, "acme", "INV", &series));
    is_ok(docket_block_open(series, 4, 0, &block));
    is_ok(docket_block_next_text(block, text, sizeof text, NULL));
    assert_string_equal(text, "INV-20251230-000001");
    set_clock(NEW_YEAR + DAY);
    is_ok(docket_block_next_text(block, text, sizeof text, NULL));
    assert_string_equal(text, "INV-20251231-000002");
    gives_text(series, "INV-20260102-000001", 2026);
    is_ok(docket_block_give_back(block, &back));
    assert_int_equal(back, 0); /* strict, and its period is over: it stays handed out */
}

static void bad_clocks_are_refused(void **state)
{
    (void)state;
    assert_int_equal(docket_memory_set_clock(NULL, 0), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_memory_set_clock(realm, -2), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_memory_set_clock(realm, 253402300800), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_realm_open_memory(NULL, NULL), DOCKET_BAD_ARGUMENT);
}

/* ---- failing on purpose ---- */

static void a_call_times_out_on_purpose_and_takes_nothing(void **state)
{
    (void)state;
    uint64_t number = 7;
    docket_series *series = series_of("INV", NULL);
    assert_int_equal(next_of(series), 1);
    is_ok(docket_memory_fail(realm, "acme", "INV", DOCKET_TIMEOUT, 2));
    assert_int_equal(docket_next(series, DOCKET_TIMEOUT_DEFAULT, &number, NULL), DOCKET_TIMEOUT);
    assert_string_equal(docket_last_error(), "no number of acme/INV was laid within 2000 ms; `docket status` shows whether "
                                             "docketd lives");
    assert_int_equal(docket_next_for(realm, "acme", "INV", 5 * DK_MILLISECOND_NS, &number, NULL), DOCKET_TIMEOUT);
    assert_non_null(strstr(docket_last_error(), "within 5 ms"));
    assert_int_equal(number, 7);
    assert_int_equal(next_of(series), 2);
}

static void every_kind_of_call_fails_until_it_is_told_otherwise(void **state)
{
    (void)state;
    uint64_t number;
    char text[DOCKET_TEXT_MAX];
    docket_block *block = NULL;
    docket_series *series = series_of("INV", NULL), *other = series_of("ORD", NULL);
    is_ok(docket_memory_fail(realm, NULL, NULL, DOCKET_EXHAUSTED, DOCKET_MEMORY_ALWAYS));
    for (int i = 0; i < 50; i++)
        assert_int_equal(docket_next(series, 0, &number, NULL), DOCKET_EXHAUSTED);
    assert_int_equal(docket_next_text(other, 0, text, sizeof text, NULL, NULL), DOCKET_EXHAUSTED);
    assert_int_equal(docket_block_open(other, 2, 0, &block), DOCKET_EXHAUSTED);
    assert_null(block);
    assert_int_equal(docket_next_text_for(realm, "acme", "NEW", 0, text, sizeof text, NULL, NULL), DOCKET_EXHAUSTED);
    assert_string_equal(docket_last_error(), "acme/NEW has given its last number of this period");
    is_ok(docket_memory_fail(realm, NULL, NULL, DOCKET_OK, 5));
    assert_int_equal(next_of(series), 1);
    assert_int_equal(next_of(other), 1);
}

static void any_status_can_be_had_with_a_sentence(void **state)
{
    (void)state;
    uint64_t number;
    docket_series *series = series_of("INV", NULL);
    for (int status = DOCKET_TIMEOUT; status <= DOCKET_SYSTEM; status++) {
        is_ok(docket_memory_fail(realm, "acme", "INV", (docket_status)status, 1));
        assert_int_equal(docket_next(series, 0, &number, NULL), status);
        assert_non_null(strstr(docket_last_error(), "acme/INV"));
    }
    assert_int_equal(next_of(series), 1);
}

static void the_failure_of_a_series_goes_before_that_of_all(void **state)
{
    (void)state;
    uint64_t number;
    docket_series *series = series_of("INV", NULL), *other = series_of("ORD", NULL);
    is_ok(docket_memory_fail(realm, NULL, NULL, DOCKET_UNREACHABLE, 2));
    is_ok(docket_memory_fail(realm, "acme", "INV", DOCKET_QUARANTINED, 1));
    assert_int_equal(docket_next(series, 0, &number, NULL), DOCKET_QUARANTINED);
    assert_int_equal(docket_next(series, 0, &number, NULL), DOCKET_UNREACHABLE);
    assert_int_equal(docket_next(other, 0, &number, NULL), DOCKET_UNREACHABLE);
    assert_int_equal(next_of(series), 1);
}

static void there_is_no_ledger(void **state)
{
    (void)state;
    docket_series *series = series_of("INV", NULL);
    struct docket_number got;
    struct docket_reserved held;
    uint64_t numbers[1];
    docket_status told;
    struct docket_issue asked = {.key = "k"};
    struct docket_reserve wanted = {.name = "n", .count = 1, .expires_s = 1};
    struct docket_which which = {.key = "k"};
    docket_status answers[] = {
        docket_issue(series, &asked, DOCKET_TIMEOUT_DEFAULT, &got),
        docket_issue_many(series, &asked, 1, DOCKET_TIMEOUT_DEFAULT, &got, &told),
        docket_reserve(series, &wanted, DOCKET_TIMEOUT_DEFAULT, numbers, &held),
        docket_settle(series, "k", DOCKET_TIMEOUT_DEFAULT),
        docket_settle_text(series, "INV-1", DOCKET_TIMEOUT_DEFAULT),
        docket_decide(series, DOCKET_RELEASE, &which, 1, NULL, DOCKET_TIMEOUT_DEFAULT, &told),
        docket_decide_reserved(series, DOCKET_RELEASE, "n", NULL, DOCKET_TIMEOUT_DEFAULT, NULL),
        docket_resolve(series, DOCKET_RELEASE, -1, NULL, 0, "why", DOCKET_TIMEOUT_DEFAULT, NULL),
        docket_elsewhere(series, "X-1", "by hand", DOCKET_TIMEOUT_DEFAULT, NULL),
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        assert_int_equal(answers[i], DOCKET_UNREACHABLE);
    assert_non_null(strstr(docket_last_error(), "a realm in memory keeps no ledger"));
    assert_int_equal(next_of(series), 1); /* and its numbers go on */
}

static void bad_failures_are_refused(void **state)
{
    (void)state;
    assert_int_equal(docket_memory_fail(NULL, NULL, NULL, DOCKET_TIMEOUT, 1), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_memory_fail(realm, "acme", NULL, DOCKET_TIMEOUT, 1), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_memory_fail(realm, NULL, NULL, (docket_status)9999, 1), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_memory_fail(realm, "acme", "a b", DOCKET_TIMEOUT, 1), DOCKET_BAD_NAME);
}

/* ---- options ---- */

static void a_realm_has_the_policy_it_was_opened_with(void **state)
{
    (void)state;
    struct docket_policy policy = {.order = "leased", .restart = "never", .template_text = "{SERIES}/{N:4}", .window = 99};
    struct docket_memory_options options = {.policy = &policy};
    docket_realm *own;
    docket_series *series;
    docket_block *block;
    char text[DOCKET_TEXT_MAX];
    is_ok(docket_realm_open_memory(&options, &own));
    is_ok(docket_series_open(own, "acme", "A", &series));
    is_ok(docket_next_text(series, 0, text, sizeof text, NULL, NULL));
    assert_string_equal(text, "A/0001");
    assert_int_equal(docket_block_open(series, 100, 0, &block), DOCKET_BAD_COUNT);
    docket_realm_close(own);
    policy.template_text = "no number";
    own = NULL;
    assert_int_equal(docket_realm_open_memory(&options, &own), DOCKET_BAD_POLICY);
    assert_null(own);
}

static void no_series_of_it_keeps_a_ledger(void **state)
{
    (void)state;
    static const struct docket_policy ledgers[] = {{.ledger = "on"}, {.order = "gapless"}};
    docket_realm *own = NULL;
    for (size_t i = 0; i < 2; i++) {
        struct docket_memory_options options = {.policy = &ledgers[i]};
        assert_int_equal(docket_admin_series_add(realm, "acme", "LEDGER", &ledgers[i]), DOCKET_BAD_POLICY);
        assert_non_null(strstr(docket_last_error(), "a realm in memory keeps no ledger"));
        assert_int_equal(docket_realm_open_memory(&options, &own), DOCKET_BAD_POLICY);
        assert_null(own);
    }
    is_ok(docket_admin_series_add(realm, "acme", "LEDGER", &(struct docket_policy){.ledger = "off"}));
}

/* ---- fate ---- */

static char rows[1024];

static int keep_row(void *context, const struct docket_fate_row *row)
{
    size_t used = strlen(rows);
    (void)context;
    snprintf(rows + used, sizeof rows - used, "%s %d %llu-%llu %s%s%s%s\n", row->series, (int)row->period,
             (unsigned long long)row->first, (unsigned long long)row->last, row->fate, row->cause[0] != 0 ? ", " : "",
             row->cause, row->counter_ends ? "." : "");
    return 0;
}

static void fates_are(const char *series, const char *wanted)
{
    rows[0] = 0;
    is_ok(docket_admin_fate(realm, series == NULL ? NULL : "acme", series, -1, keep_row, NULL));
    assert_string_equal(rows, wanted);
}

static void every_number_has_its_fate(void **state)
{
    (void)state;
    struct docket_policy leased = {.order = "leased", .restart = "never", .template_text = "{SERIES}{N}"};
    docket_block *block, *later;
    uint64_t number;
    set_clock(NEW_YEAR);
    docket_series *strict = series_of("S", NULL), *other = series_of("L", &leased);
    fates_are("S", "S 2026 1-16 laid.\n");
    is_ok(docket_block_open(strict, 5, 0, &block));
    is_ok(docket_block_next(block, &number));
    next_of(strict);
    is_ok(docket_block_give_back(block, NULL));
    fates_are("S", "S 2026 1-1 handed out\nS 2026 2-5 void, given back\nS 2026 6-6 handed out\nS 2026 7-16 laid.\n");
    is_ok(docket_block_open(other, 6, 0, &block));
    is_ok(docket_block_open(other, 3, 0, &later));
    is_ok(docket_block_next(block, &number));
    fates_are("L", "L 0 1-1 handed out\nL 0 2-9 open\nL 0 10-25 laid.\n");
    is_ok(docket_block_give_back(block, NULL));
    fates_are("L", "L 0 1-1 handed out\nL 0 2-6 spare\nL 0 7-9 open\nL 0 10-25 laid.\n");
    is_ok(docket_block_give_back(later, NULL));
    fates_are("L", "L 0 1-1 handed out\nL 0 2-9 spare\nL 0 10-25 laid.\n");
    assert_int_equal(next_of(other), 2);
    is_ok(docket_block_open(other, 7, 0, &block)); /* what two blocks gave back lies in one piece */
    is_ok(docket_block_show(block, &number, NULL, NULL));
    assert_int_equal(number, 3);
    is_ok(docket_block_give_back(block, NULL));
    is_ok(docket_block_open(other, 8, 0, &block)); /* the spare is too small for it */
    fates_are("L", "L 0 1-2 handed out\nL 0 3-9 spare\nL 0 10-17 open\nL 0 18-33 laid.\n");
    is_ok(docket_block_give_back(block, NULL));
    set_clock(NEW_YEAR + 365 * DAY);
    next_of(strict);
    fates_are(NULL, "L 0 1-2 handed out\nL 0 3-17 spare\nL 0 18-33 laid.\n" /* by name, whichever was made first */
                    "S 2026 1-1 handed out\nS 2026 2-5 void, given back\nS 2026 6-6 handed out.\n"
                    "S 2027 1-1 handed out\nS 2027 2-16 laid.\n");
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (entries != NULL && readdir(entries) != NULL)
        count++;
    closedir(entries);
    return count;
}

static void no_descriptor_is_kept(void **state)
{
    (void)state;
    docket_realm *own;
    unsigned before = count_descriptors();
    is_ok(docket_realm_open_memory(NULL, &own));
    is_ok(docket_admin_series_add(own, "acme", "S", NULL));
    is_ok(docket_admin_fate(own, NULL, NULL, -1, keep_row, NULL));
    assert_int_equal(docket_admin_fate(own, "acme", "X", -1, keep_row, NULL), DOCKET_NO_SERIES);
    assert_int_equal(count_descriptors(), before);
    docket_realm_close(own);
}

/* ---- against a model ---- */

enum { SPAN = 40000, BLOCKS = 8, STEPS = 20000 };

/* What became of each number, by a model that knows nothing but rules. */
struct model {
    char fate[SPAN]; /* 0 never out, 'h' handed out, 'o' in an open block, 's' spare, 'v' void */
    docket_block *block[BLOCKS];
    uint64_t first[BLOCKS];
    uint32_t left[BLOCKS];
    bool strict;
};

static int check_row(void *context, const struct docket_fate_row *row)
{
    const struct model *model = context;
    char is = strcmp(row->fate, "handed out") == 0 ? 'h' : strcmp(row->fate, "laid") == 0 ? 0 : row->fate[0];
    for (uint64_t number = row->first; number <= row->last; number++)
        if (model->fate[number] != is)
            fail_msg("%llu is %s, and the model says %c", (unsigned long long)number, row->fate, model->fate[number]);
    return 0;
}

static void give(struct model *model, uint64_t number, char fate)
{
    assert_in_range(number, 1, SPAN - 1);
    assert_true(model->fate[number] == 0 || model->fate[number] == 's');
    model->fate[number] = fate;
}

static void model_open(struct model *model, docket_series *series, int at, uint32_t count)
{
    is_ok(docket_block_open(series, count, 0, &model->block[at]));
    is_ok(docket_block_show(model->block[at], &model->first[at], &model->left[at], NULL));
    assert_int_equal(model->left[at], count);
    for (uint32_t i = 0; i < count; i++)
        give(model, model->first[at] + i, model->strict ? 'h' : 'o');
}

static void model_give_back(struct model *model, int at)
{
    uint32_t back = 0;
    is_ok(docket_block_give_back(model->block[at], &back));
    assert_true(model->strict ? back == 0 || back == model->left[at] : back == model->left[at]);
    for (uint32_t i = 0; i < model->left[at]; i++)
        model->fate[model->first[at] + i] = !model->strict ? 's' : back > 0 ? 0 : 'v';
    model->block[at] = NULL;
}

static void run_model(const char *order, unsigned seed)
{
    struct docket_policy policy = {.order = order, .restart = "never", .template_text = "{SERIES}-{N}"};
    struct model *model = calloc(1, sizeof *model);
    docket_series *series = series_of(order, &policy);
    uint64_t number;
    model->strict = order[0] == 's';
    for (int step = 0; step < STEPS; step++) {
        int at = rand_r(&seed) % BLOCKS;
        switch (rand_r(&seed) % 4) {
        case 0:
            give(model, next_of(series), 'h');
            break;
        case 1:
            if (model->block[at] == NULL)
                model_open(model, series, at, 1 + (uint32_t)rand_r(&seed) % 12);
            break;
        case 2:
            if (model->block[at] != NULL && model->left[at] > 0) {
                is_ok(docket_block_next(model->block[at], &number));
                assert_int_equal(number, model->first[at]);
                model->fate[number] = 'h';
                model->first[at]++;
                model->left[at]--;
            }
            break;
        default:
            if (model->block[at] != NULL)
                model_give_back(model, at);
        }
        if (step % 500 == 0)
            is_ok(docket_admin_fate(realm, "acme", order, -1, check_row, model));
    }
    is_ok(docket_admin_fate(realm, "acme", order, -1, check_row, model));
    free(model);
}

static void random_calls_agree_with_a_model(void **state)
{
    (void)state;
    run_model("strict", 11);
    run_model("leased", 12);
}

/* ---- threads ---- */

enum { THREADS = 4, EACH = 3000 };

static _Atomic uint8_t *seen; /* shared with children */
static _Atomic unsigned bad;

static void note(uint64_t number)
{
    if (number == 0 || number >= SPAN || atomic_fetch_add(&seen[number], 1) != 0)
        bad++;
}

static void *take_by_all_ways(void *context)
{
    const char *name = context;
    uint64_t number;
    docket_block *block;
    for (int i = 0; i < EACH / 3; i++) {
        if (docket_next_for(realm, "acme", name, 0, &number, NULL) == DOCKET_OK)
            note(number);
        docket_series *series;
        if (docket_series_open(realm, "acme", name, &series) != DOCKET_OK ||
            docket_block_open(series, 4, 0, &block) != DOCKET_OK) {
            bad++;
            continue;
        }
        for (int j = 0; j < 2; j++)
            if (docket_block_next(block, &number) == DOCKET_OK)
                note(number);
        if (docket_block_give_back(block, NULL) != DOCKET_OK)
            bad++;
    }
    return NULL;
}

static void threads_never_get_a_number_twice(void **state)
{
    (void)state;
    struct docket_policy leased = {.order = "leased"};
    static char names[2][8] = {"S", "L"};
    series_of("L", &leased);
    for (int n = 0; n < 2; n++) {
        pthread_t threads[THREADS];
        memset((void *)(uintptr_t)seen, 0, SPAN);
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, take_by_all_ways, names[n]), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        unsigned count = 0;
        for (int i = 0; i < SPAN; i++)
            count += seen[i];
        assert_int_equal(bad, 0);
        assert_int_equal(count, THREADS * EACH);
    }
}

/* ---- forks and kills ---- */

enum { EACH_CHILD = 500 };

static void take_in_child(bool stays)
{
    uint64_t number;
    for (int i = 0; i < EACH_CHILD; i++) {
        if (docket_next_for(realm, "acme", "F", 0, &number, NULL) != DOCKET_OK)
            _exit(1);
        note(number);
    }
    while (stays)
        pause();
    docket_realm_close(realm);
    _exit(bad != 0);
}

static void children_and_parent_share_the_counters(void **state)
{
    (void)state;
    pid_t children[4];
    int code;
    docket_series *series = series_of("F", NULL);
    memset((void *)(uintptr_t)seen, 0, SPAN);
    for (int i = 0; i < 4; i++)
        if ((children[i] = fork()) == 0)
            take_in_child(false);
    for (int i = 0; i < EACH_CHILD; i++)
        note(next_of(series));
    for (int i = 0; i < 4; i++) {
        assert_int_equal(waitpid(children[i], &code, 0), children[i]);
        assert_int_equal(code, 0);
    }
    for (int number = 1; number <= 5 * EACH_CHILD; number++)
        assert_int_equal(seen[number], 1);
    assert_int_equal(next_of(series), 5 * EACH_CHILD + 1);
}

static uint64_t peek_of(docket_series *series)
{
    uint64_t number = 0;
    is_ok(docket_peek(series, &number, NULL));
    return number;
}

/* A number may be gone with a killed child, none comes twice, nobody waits for the dead. */
static void killed_children_stop_nobody(void **state)
{
    (void)state;
    enum { ROUNDS = 40 };
    unsigned seed = 5;
    docket_series *series = series_of("F", NULL);
    memset((void *)(uintptr_t)seen, 0, SPAN);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t before = peek_of(series);
        pid_t pid = fork();
        if (pid == 0)
            take_in_child(true);
        while (peek_of(series) == before) /* it has begun */
            ;
        for (int turns = rand_r(&seed) % 40; turns > 0; turns--)
            note(next_of(series));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        note(next_of(series));
    }
    assert_int_equal(bad, 0);
    unsigned given = 0;
    uint64_t last = next_of(series);
    assert_in_range(last, 1, SPAN - 1);
    for (uint64_t number = 1; number < last; number++)
        given += seen[number];
    assert_in_range(given, last - 1 - ROUNDS, last - 1);
}

static void kill_with_the_lock(bool editing)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (dk_memory_lock(realm->memory) != DOCKET_OK)
            _exit(1);
        if (editing)
            begin_edit(realm->memory);
        kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_lock_that_died_with_its_owner_is_given_on(void **state)
{
    (void)state;
    docket_series *series = series_of("F", NULL);
    assert_int_equal(next_of(series), 1);
    kill_with_the_lock(false);
    assert_int_equal(next_of(series), 2);
}

static void lists_that_were_left_half_changed_are_refused(void **state)
{
    (void)state;
    uint64_t number;
    docket_series *series = series_of("F", NULL);
    kill_with_the_lock(true);
    assert_int_equal(docket_next(series, 0, &number, NULL), DOCKET_DAMAGED);
    assert_int_equal(docket_admin_series_add(realm, "acme", "G", NULL), DOCKET_DAMAGED);
    assert_int_equal(docket_memory_fail(realm, NULL, NULL, DOCKET_TIMEOUT, 1), DOCKET_DAMAGED);
    assert_non_null(strstr(docket_last_error(), "open a new one"));
}

static docket_status from_handler;

static void take_in_handler(int signal)
{
    uint64_t number;
    (void)signal;
    from_handler = docket_next_for(realm, "acme", "F", 0, &number, NULL);
}

static void a_handler_inside_a_call_is_told_busy(void **state)
{
    (void)state;
    docket_series *series = series_of("F", NULL);
    assert_int_equal(next_of(series), 1);
    signal(SIGUSR1, take_in_handler);
    is_ok(dk_memory_lock(realm->memory)); /* as in the middle of a call */
    raise(SIGUSR1);
    dk_memory_unlock(realm->memory);
    assert_int_equal(from_handler, DOCKET_BUSY);
    assert_int_equal(next_of(series), 2);
}

/* ---- settings ---- */

static void a_width_that_stops_and_an_interval_end_the_numbers(void **state)
{
    (void)state;
    uint64_t number;
    docket_block *block;
    struct docket_policy stops = {.template_text = "{SERIES}-{YYYY}-{N:2}", .at_end = "stop", .start_after = 97};
    struct docket_policy interval = {.last = "5", .order = "leased", .start_after = 3};
    docket_series *series = series_of("STOP", &stops);
    set_clock(NEW_YEAR);
    assert_int_equal(docket_block_open(series, 3, 0, &block), DOCKET_EXHAUSTED);
    gives_text(series, "STOP-2026-98", 2026);
    gives_text(series, "STOP-2026-99", 2026);
    assert_int_equal(docket_next(series, 0, &number, NULL), DOCKET_EXHAUSTED);
    set_clock(NEW_YEAR + 366 * DAY);
    gives_text(series, "STOP-2027-01", 2027);
    series = series_of("LEASED", &interval);
    assert_int_equal(next_of(series), 4);
    assert_int_equal(next_of(series), 5);
    assert_int_equal(docket_next(series, 1, &number, NULL), DOCKET_EXHAUSTED);
    stops.start_after = 99;
    assert_int_equal(docket_admin_series_add(realm, "acme", "NONE", &stops), DOCKET_BAD_POLICY);
    assert_non_null(strstr(docket_last_error(), "the last one is 99"));
}

static void an_interval_is_valid_from_day_to_day(void **state)
{
    (void)state;
    uint64_t number;
    char text[DOCKET_TEXT_MAX];
    docket_block *block;
    struct docket_policy policy = {.valid_from = "2026-01-02", .valid_to = "2026-01-03"};
    set_clock(NEW_YEAR);
    docket_series *series = series_of("CAF", &policy);
    set_clock(NEW_YEAR + DAY - 1);
    assert_int_equal(docket_next(series, 0, &number, NULL), DOCKET_INTERVAL_OVER);
    set_clock(NEW_YEAR + DAY);
    gives_text(series, "CAF-20260102-000001", 2026);
    set_clock(NEW_YEAR + 3 * DAY - 1);
    gives_text(series, "CAF-20260103-000002", 2026);
    is_ok(docket_block_open(series, 2, 0, &block));
    set_clock(NEW_YEAR + 3 * DAY);
    assert_int_equal(docket_next(series, 0, &number, NULL), DOCKET_INTERVAL_OVER);
    is_ok(docket_block_next_text(block, text, sizeof text, NULL)); /* what it holds was given in time */
    assert_string_equal(text, "CAF-20260103-000003");
    set_clock(NEW_YEAR);
    is_ok(docket_block_next_text(block, text, sizeof text, NULL));
    assert_string_equal(text, "CAF-20260102-000004");
    is_ok(docket_block_give_back(block, NULL));
    assert_int_equal(docket_next_dated(series, 20260101, 0, &number, NULL), DOCKET_INTERVAL_OVER);
    assert_int_equal(docket_next_dated(series, 20260104, 0, &number, NULL), DOCKET_INTERVAL_OVER);
}

static void what_is_given_back_is_void_where_nothing_is_recycled(void **state)
{
    (void)state;
    uint32_t back = 9;
    docket_block *block;
    docket_series *recycles = series_of("AGAIN", NULL), *voids = series_of("VOID", &(struct docket_policy){.release = "void"});
    is_ok(docket_block_open(recycles, 4, 0, &block));
    is_ok(docket_block_give_back(block, &back));
    assert_int_equal(back, 4);
    assert_int_equal(next_of(recycles), 1);
    is_ok(docket_block_open(voids, 4, 0, &block));
    is_ok(docket_block_give_back(block, &back));
    assert_int_equal(back, 0);
    assert_int_equal(next_of(voids), 5);
}

static void fiscal_years_quarters_and_weeks_are_periods(void **state)
{
    (void)state;
    set_clock(NEW_YEAR - 2 * DAY); /* 2025-12-30 lies in week 1 of 2026 */
    docket_series *fiscal = series_of("FY", &(struct docket_policy){.restart = "fiscal", .fiscal_year = "april",
                                                                    .template_text = "{FY:25-26}/{SERIES}/{N:3}"});
    docket_series *quarter = series_of("Q", &(struct docket_policy){.restart = "quarterly",
                                                                    .template_text = "{SERIES}{YYYY}.{Q}.{N:3}"});
    docket_series *week = series_of("W", &(struct docket_policy){.restart = "weekly",
                                                                 .template_text = "{SERIES}{GG}-{WW}-{N:3}"});
    gives_text(fiscal, "25-26/FY/001", 20252026);
    gives_text(quarter, "Q2025.4.001", 20254);
    gives_text(week, "W26-01-001", 2026501);
    set_clock(NEW_YEAR);
    gives_text(fiscal, "25-26/FY/002", 20252026);
    gives_text(quarter, "Q2026.1.001", 20261);
    gives_text(week, "W26-01-002", 2026501);
    set_clock(NEW_YEAR + 90 * DAY); /* 2026-04-01 */
    gives_text(fiscal, "26-27/FY/001", 20262027);
    gives_text(quarter, "Q2026.2.001", 20262);
}

static void two_series_never_have_the_same_text(void **state)
{
    (void)state;
    static const struct {
        const char *name, *template_text;
        docket_status wanted;
    } cases[] = {{"INV", "{SERIES}-{YYYY}-{N:6}", DOCKET_OK},
                 {"inv", "{SERIES}-{YYYY}-{N:6}", DOCKET_COLLISION},
                 {"CRN", "INV-{YYYY}-{N:6}", DOCKET_COLLISION},
                 {"CRN", "INV-{YYYY}-{N:5}", DOCKET_COLLISION}, /* from 100000 on */
                 {"CRN", "{SERIES}-{YYYY}-{N:6}", DOCKET_OK},
                 {"X", "{YYYY}{N:6}", DOCKET_OK},
                 {"Y", "{YYYY}{MM}{N:6}", DOCKET_COLLISION},
                 {"Z", "INV{YYYY}-{N:6}", DOCKET_OK},
                 {"INV2", "{SERIES}-{YYYY}-{N:6}", DOCKET_OK}};
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        struct docket_policy policy = {.template_text = cases[at].template_text};
        docket_status status = docket_admin_series_add(realm, "acme", cases[at].name, &policy);
        if (status != cases[at].wanted)
            fail_msg("%s as %s: %s, %s", cases[at].name, cases[at].template_text, docket_status_name(status),
                     docket_last_error());
    }
    is_ok(docket_admin_series_add(realm, "other", "inv", &(struct docket_policy){.template_text = "{SERIES}-{YYYY}-{N:6}"}));
}

/* "A" and a number can be "A1" and a number: the rest is digits, none of them 0. */
static bool can_meet(const char *a, const char *b)
{
    size_t shorter = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
    const char *rest = strlen(a) < strlen(b) ? b + shorter : a + shorter;
    return strncmp(a, b, shorter) == 0 && rest[strspn(rest, "12")] == 0;
}

/* The tree finds what asking every pair finds. */
static void prefixes_in_any_order_collide_as_all_pairs_do(void **state)
{
    (void)state;
    enum { NAMES = 600 };
    char prefixes[NAMES][8];
    unsigned made = 0, refused = 0, longer = 0;
    srand(11);
    for (int at = 0; at < NAMES; at++) {
        char name[16], prefix[8] = "";
        int letters = 1 + rand() % 6;
        for (int i = 0; i < letters; i++)
            prefix[i] = "ABC12"[rand() % 5];
        snprintf(name, sizeof name, "S%d", at);
        struct docket_policy policy = {.restart = "never", .template_text = "{PREFIX}{N}", .prefix = prefix};
        bool meets = false;
        for (unsigned i = 0; i < made && !meets; i++) {
            meets = can_meet(prefixes[i], prefix);
            longer += meets && strlen(prefixes[i]) < strlen(prefix);
        }
        docket_status status = docket_admin_series_add(realm, "acme", name, &policy);
        if (status != (meets ? DOCKET_COLLISION : DOCKET_OK))
            fail_msg("%s: %s, %s", prefix, docket_status_name(status), docket_last_error());
        refused += meets;
        if (!meets)
            memcpy(prefixes[made++], prefix, sizeof prefix);
    }
    assert_true(made > 50 && refused > 100 && longer > 20);
}

static void a_full_realm_says_so_and_what_is_made_goes_on(void **state)
{
    (void)state;
    char name[16];
    uint64_t number;
    docket_block *block = NULL;
    docket_status status = DOCKET_OK;
    docket_series *series = series_of("F", NULL);
    assert_int_equal(next_of(series), 1);
    realm->memory->used = ((size_t)64 << 20) - 4096;
    for (int i = 0; i < 100 && status == DOCKET_OK; i++) {
        snprintf(name, sizeof name, "N%d", i);
        status = docket_next_for(realm, "acme", name, 0, &number, NULL);
    }
    assert_int_equal(status, DOCKET_REALM_FULL);
    for (int i = 0; i < 1000 && (i == 0 || status == DOCKET_OK); i++)
        status = docket_block_open(series, 1, 0, &block);
    assert_int_equal(status, DOCKET_REALM_FULL);
    assert_true(next_of(series) > 1);
}

static void no_docketd_is_asked(void **state)
{
    (void)state;
    struct dk_request request = {.type = DK_ASK_HELLO};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    assert_int_equal(dk_reach_ask(realm, &request, DK_SECOND_NS, &reply, fds), DOCKET_UNREACHABLE);
    assert_non_null(strstr(docket_last_error(), "has no docketd"));
}

static int map_seen(void **state)
{
    (void)state;
    seen = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return seen == MAP_FAILED;
}

#define IN_A_REALM(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(the_clock_decides_date_and_period),
        IN_A_REALM(a_daily_series_restarts_each_day_however_far_the_clock_jumps),
        IN_A_REALM(an_ended_period_is_not_opened_again),
        IN_A_REALM(the_systems_clock_again),
        IN_A_REALM(a_block_behind_its_period_has_its_last_day),
        IN_A_REALM(bad_clocks_are_refused),
        IN_A_REALM(a_call_times_out_on_purpose_and_takes_nothing),
        IN_A_REALM(every_kind_of_call_fails_until_it_is_told_otherwise),
        IN_A_REALM(any_status_can_be_had_with_a_sentence),
        IN_A_REALM(the_failure_of_a_series_goes_before_that_of_all),
        IN_A_REALM(there_is_no_ledger),
        IN_A_REALM(bad_failures_are_refused),
        IN_A_REALM(a_realm_has_the_policy_it_was_opened_with),
        IN_A_REALM(no_series_of_it_keeps_a_ledger),
        IN_A_REALM(every_number_has_its_fate),
        IN_A_REALM(no_descriptor_is_kept),
        IN_A_REALM(random_calls_agree_with_a_model),
        IN_A_REALM(threads_never_get_a_number_twice),
        IN_A_REALM(children_and_parent_share_the_counters),
        IN_A_REALM(killed_children_stop_nobody),
        IN_A_REALM(a_lock_that_died_with_its_owner_is_given_on),
        IN_A_REALM(lists_that_were_left_half_changed_are_refused),
        IN_A_REALM(a_handler_inside_a_call_is_told_busy),
        IN_A_REALM(a_width_that_stops_and_an_interval_end_the_numbers),
        IN_A_REALM(an_interval_is_valid_from_day_to_day),
        IN_A_REALM(what_is_given_back_is_void_where_nothing_is_recycled),
        IN_A_REALM(fiscal_years_quarters_and_weeks_are_periods),
        IN_A_REALM(two_series_never_have_the_same_text),
        IN_A_REALM(prefixes_in_any_order_collide_as_all_pairs_do),
        IN_A_REALM(a_full_realm_says_so_and_what_is_made_goes_on),
        IN_A_REALM(no_docketd_is_asked),
    };
    return cmocka_run_group_tests(tests, map_seen, NULL);
}
