/* SPDX-License-Identifier: MIT */
/*
 * ledger_fixture: a series with a ledger, over a real store and a real committer, with clocks, seats and a boot
 * that the test sets. An item is planned by the planner itself, and committed; packets and books are test_plan.c's.
 */
#ifndef DK_TESTS_LEDGER_FIXTURE_H
#define DK_TESTS_LEDGER_FIXTURE_H

#include "daemon/ledger/hold.h"

#include "daemon_fixture.h"
#include "numbering/reason.h"

#include <sys/syscall.h>

enum { SEATS = 8, INCARNATION = 77, SALT = 5000 };

static struct dk_ledger_book asked;
static struct dk_seat_book seats[SEATS];
static struct dk_connection connection;
static struct dk_parcel parcel;
static struct dk_record_answer answer;
static char sentence[DK_ERROR_BYTES];
static int64_t boot_shift_s, wall_shift_s;
static bool is_admin;
static unsigned books_given;
static uint64_t runs_of_answer[64][2];

/* ---- what stands around ---- */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += wall_shift_s;
    if (clock == CLOCK_BOOTTIME)
        now->tv_sec += boot_shift_s;
    return (int)result;
}

void dk_serve_answer(struct dk_connection *to, uint32_t type, docket_status status, struct dk_reply *reply,
                     const int *fds, size_t fd_count)
{
    (void)to, (void)type, (void)status, (void)reply, (void)fds, (void)fd_count;
    fail();
}

docket_status dk_slots_make_room(struct dk_desk_book *at)
{
    (void)at;
    return dk_fail(DOCKET_REALM_FULL, "no slot is free");
}

bool dk_evict_for_room(struct dk_desk_book *at)
{
    (void)at;
    return true;
}

bool dk_is_admin(const struct dk_connection *of)
{
    (void)of;
    return is_admin;
}

docket_status dk_admin_check(const struct dk_connection *of, const char *what, const char *tenant, const char *name)
{
    assert_string_equal(tenant, "acme");
    assert_string_equal(name, "INV");
    (void)of;
    return is_admin ? DOCKET_OK : dk_fail(DOCKET_NOT_PERMITTED, "may not %s", what);
}

bool dk_ledger_is_written(const struct dk_series_book *series)
{
    (void)series;
    return asked.plan != NULL;
}

struct dk_ledger_book *dk_ledger_book_of(struct dk_daemon *daemon, uint64_t series_id)
{
    (void)daemon;
    assert_int_equal(series_id, SERIES);
    books_given++;
    return &asked;
}

/* ---- a series with a ledger, and eight seats ---- */

static inline void keep_policy(void)
{
    struct dk_series_record changed = book.record;
    const struct dk_series_record *one = &changed;
    changed.policy = dk_policy_keep(&policy);
    must_commit(&(struct dk_change){.changed = &one, .changed_count = 1});
}

static inline void set_desk(void)
{
    desk.map.geometry.seats_max = SEATS;
    desk.map.incarnation = INCARNATION;
    desk.seats = seats;
    desk.seats_used = SEATS - 1;
    for (unsigned i = 0; i < SEATS; i++)
        seats[i] = (struct dk_seat_book){.state = i < SEATS - 2 ? DK_SEAT_TAKEN : DK_SEAT_FREE,
                                         .salt = SALT + i,
                                         .uid = 1000,
                                         .keep = -1};
    docketd.desks = &desk;
    docketd.desk_count = 1;
    memset(docketd.boot_id, 1, sizeof docketd.boot_id);
}

static inline void sit(int32_t seat)
{
    parcel.head.seat = seat;
    parcel.head.salt = SALT + (uint64_t)(seat > 0 ? seat : 0);
    parcel.head.desk = 0;
}

static inline int begin(void **state)
{
    boot_shift_s = wall_shift_s = 0;
    begin_docketd(state);
    policy.ledger = 1;
    policy.order = DK_GAPLESS;
    policy.restart = DK_NEVER;
    snprintf(policy.template_text, sizeof policy.template_text, "INV-{N:4}");
    keep_policy();
    set_desk();
    asked = (struct dk_ledger_book){.daemon = &docketd, .series_id = SERIES};
    connection = (struct dk_connection){.daemon = &docketd, .uid = 1000, .fd = -1};
    parcel = (struct dk_parcel){.connection = &connection, .head = {.attempt = 1, .host = "desk7"}};
    sit(0);
    is_admin = false;
    books_given = 0;
    return dk_holds_load(&docketd) == DOCKET_OK ? 0 : -1;
}

static inline int end(void **state)
{
    dk_holds_free(&docketd);
    dk_clerk_stop(docketd.clerk);
    return remove_realm(state);
}

/* ---- plans ---- */

static inline void durable(struct dk_job *job)
{
    struct dk_plan *plan = job->context;
    dk_job_free(job);
    plan->book->plan = NULL;
}

typedef docket_status (*planner)(struct dk_plan *plan, const struct dk_parcel *from, const struct dk_record_item *item,
                                 struct dk_record_answer *told);

static inline void commit_plan(struct dk_plan *plan)
{
    struct dk_job *job = dk_plan_job(plan, durable);
    if (job != NULL) {
        asked.plan = plan;
        dk_clerk_post(docketd.clerk, job);
        finish_commits();
        assert_null(asked.plan);
    }
    dk_plan_end(plan);
}

/* One item in a plan of its own; texts of the answer are gone behind it. */
static inline docket_status run(planner plans, struct dk_record_item item)
{
    const char **texts[] = {&item.key, &item.hold, &item.text, &item.trace, &item.metadata, &item.reason};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (*texts[i] == NULL)
            *texts[i] = "";
    struct dk_plan *plan = dk_plan_begin(&asked, &book);
    answer = (struct dk_record_answer){.text = "", .sentence = ""};
    sentence[0] = 0;
    docket_status status = plans(plan, &parcel, &item, &answer);
    if (status != DOCKET_OK)
        snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    for (uint32_t i = 0; i < answer.run_count && i < 64; i++) {
        runs_of_answer[i][0] = answer.runs[i].first;
        runs_of_answer[i][1] = answer.runs[i].last;
    }
    commit_plan(plan);
    return status;
}

static inline docket_status reserve(const char *name, uint32_t count, uint32_t expires_s)
{
    return run(dk_ledger_reserve, (struct dk_record_item){.hold = name, .count = count, .expires_s = expires_s});
}

static inline docket_status issue(const char *key, uint32_t expires_s)
{
    return run(dk_ledger_issue, (struct dk_record_item){.key = key, .expires_s = expires_s});
}

static inline docket_status decide(enum dk_verb verb, const char *key, const char *hold, uint64_t number)
{
    parcel.head.verb = verb;
    return run(dk_ledger_decide, (struct dk_record_item){.key = key,
                                                         .hold = hold,
                                                         .number = number,
                                                         .reason = verb == DK_VERB_VOID ? "a test" : ""});
}

static inline docket_status decide_text(enum dk_verb verb, const char *text)
{
    parcel.head.verb = verb;
    return run(dk_ledger_decide, (struct dk_record_item){.text = text});
}

static inline docket_status decide_all(enum dk_verb verb, const char *hold)
{
    parcel.head.verb = verb;
    return run(dk_ledger_decide_all, (struct dk_record_item){.hold = hold, .reason = "a test"});
}

static inline docket_status resolve_all(enum dk_verb verb, int32_t period)
{
    parcel.head.verb = verb;
    parcel.head.flags = DK_RECORD_RESOLVE;
    docket_status status = run(dk_ledger_decide_all, (struct dk_record_item){.period = period, .reason = "an audit"});
    parcel.head.flags = 0;
    return status;
}

static inline docket_status resolve(enum dk_verb verb, uint64_t number)
{
    parcel.head.flags = DK_RECORD_RESOLVE;
    parcel.head.verb = verb;
    docket_status status = run(dk_ledger_decide, (struct dk_record_item){.number = number, .reason = "an audit"});
    parcel.head.flags = 0;
    return status;
}

/* A tick, and the plan that ends what is due. */
static inline void end_due(void)
{
    dk_holds_tick(&docketd);
    if (!dk_holds_are_due(&docketd, SERIES))
        return;
    struct dk_plan *plan = dk_plan_begin(&asked, &book);
    dk_holds_plan(plan);
    commit_plan(plan);
}

static inline void restart(void)
{
    dk_holds_free(&docketd);
    assert_int_equal(dk_holds_load(&docketd), DOCKET_OK);
}

#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        docket_status got_ = (call);                                                                                   \
        if (got_ != DOCKET_OK)                                                                                         \
            fail_msg("%s: %s", docket_status_name(got_), dk_error_text());                                             \
    } while (0)

#define REFUSED(call, wanted, words)                                                                                   \
    do {                                                                                                               \
        docket_status got_ = (call);                                                                                   \
        if (got_ != (wanted) || strstr(sentence, words) == NULL)                                                       \
            fail_msg("%s: %s", docket_status_name(got_), sentence);                                                    \
    } while (0)

/* ---- what the store says ---- */

static char kept_reason[DK_REASON_MAX + 1], kept_error[80], kept_key[DK_KEY_MAX + 1], kept_hold[DK_KEY_MAX + 1];

static inline docket_status keep(void *context, const struct dk_ledger_record *record)
{
    *(struct dk_ledger_record *)context = *record;
    snprintf(kept_reason, sizeof kept_reason, "%s", record->reason);
    snprintf(kept_error, sizeof kept_error, "%s", record->error);
    snprintf(kept_key, sizeof kept_key, "%s", record->key);
    snprintf(kept_hold, sizeof kept_hold, "%s", record->hold);
    return DOCKET_OK;
}

static inline struct dk_ledger_record number_of(uint64_t number)
{
    struct dk_ledger_record record = {0};
    bool found;
    MUST(dk_ledger_find(store, SERIES, 0, number, keep, &record, &found));
    assert_true(found);
    record.reason = kept_reason;
    record.error = kept_error;
    record.key = kept_key;
    record.hold = kept_hold;
    return record;
}

static inline unsigned state_of(uint64_t number)
{
    return number_of(number).state;
}

struct held {
    unsigned count, in_doubt;
    struct dk_hold_record last;
};

static inline docket_status count_hold(void *context, const struct dk_hold_record *hold)
{
    struct held *held = context;
    held->count++;
    held->in_doubt += hold->in_doubt;
    held->last = *hold;
    return DOCKET_OK;
}

static inline struct held holds_in_store(void)
{
    struct held held = {0};
    MUST(dk_ledger_each_hold(store, count_hold, &held));
    return held;
}

static inline bool is_free(uint64_t number)
{
    struct dk_ended_facts found;
    bool free_one = false;
    MUST(dk_ended_look(&docketd, SERIES, 0, &found));
    for (uint32_t i = 0; i < found.image.spare_count; i++)
        free_one = free_one || (found.image.spares[i].first <= number && number <= found.image.spares[i].last);
    free_one = free_one || number >= found.image.next;
    free(found.image.spares);
    return free_one;
}

static inline unsigned events_of(const char *words)
{
    unsigned count = 0;
    struct reading all = events_from(1);
    for (const char *at = all.text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
