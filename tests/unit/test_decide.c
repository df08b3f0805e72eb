/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/env.c numbering/fate.c daemon/clerk.c daemon/books.c daemon/ended/ended.c daemon/ended/dated.c daemon/ended/closing.c daemon/days/today.c daemon/days/zones.c daemon/days/tzif.c daemon/ledger/plan.c daemon/ledger/issue.c daemon/ledger/texts.c daemon/ledger/metadata.c daemon/ledger/reserve.c daemon/ledger/decide.c daemon/ledger/holds.c daemon/ledger/due.c */
/* libs: lmdb urcu-cds urcu-common jansson pthread */
/*
 * Who holds which numbers, and what becomes of them: plans over a real store, with clocks, seats and a boot
 * that the test sets. tests/process/reserve.sh does the same with processes.
 */
#include "daemon/ledger/hold.h"

#include "daemon_fixture.h"
#include "numbering/reason.h"

#include <sys/syscall.h>

enum { SEATS = 8, INCARNATION = 77, SALT = 5000, CLOSE_CALL = 3 };

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

static void keep_policy(void)
{
    struct dk_series_record changed = book.record;
    const struct dk_series_record *one = &changed;
    changed.policy = dk_policy_keep(&policy);
    must_commit(&(struct dk_change){.changed = &one, .changed_count = 1});
}

static void set_desk(void)
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

static void sit(int32_t seat)
{
    parcel.head.seat = seat;
    parcel.head.salt = SALT + (uint64_t)(seat > 0 ? seat : 0);
    parcel.head.desk = 0;
}

static int begin(void **state)
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

static int end(void **state)
{
    dk_holds_free(&docketd);
    dk_clerk_stop(docketd.clerk);
    return remove_realm(state);
}

/* ---- plans ---- */

static void durable(struct dk_job *job)
{
    struct dk_plan *plan = job->context;
    dk_job_free(job);
    plan->book->plan = NULL;
}

typedef docket_status (*planner)(struct dk_plan *plan, const struct dk_parcel *from, const struct dk_record_item *item,
                                 struct dk_record_answer *told);

static void commit_plan(struct dk_plan *plan)
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
static docket_status run(planner plans, struct dk_record_item item)
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

static docket_status reserve(const char *name, uint32_t count, uint32_t expires_s)
{
    return run(dk_ledger_reserve, (struct dk_record_item){.hold = name, .count = count, .expires_s = expires_s});
}

static docket_status issue(const char *key, uint32_t expires_s)
{
    return run(dk_ledger_issue, (struct dk_record_item){.key = key, .expires_s = expires_s});
}

static docket_status decide(enum dk_verb verb, const char *key, const char *hold, uint64_t number)
{
    parcel.head.verb = verb;
    return run(dk_ledger_decide, (struct dk_record_item){.key = key,
                                                         .hold = hold,
                                                         .number = number,
                                                         .reason = verb == DK_VERB_VOID ? "a test" : ""});
}

static docket_status decide_text(enum dk_verb verb, const char *text)
{
    parcel.head.verb = verb;
    return run(dk_ledger_decide, (struct dk_record_item){.text = text});
}

static docket_status decide_all(enum dk_verb verb, const char *hold)
{
    parcel.head.verb = verb;
    return run(dk_ledger_decide_all, (struct dk_record_item){.hold = hold, .reason = "a test"});
}

static docket_status resolve_all(enum dk_verb verb, int32_t period)
{
    parcel.head.verb = verb;
    parcel.head.flags = DK_RECORD_RESOLVE;
    docket_status status = run(dk_ledger_decide_all, (struct dk_record_item){.period = period, .reason = "an audit"});
    parcel.head.flags = 0;
    return status;
}

static docket_status resolve(enum dk_verb verb, uint64_t number)
{
    parcel.head.flags = DK_RECORD_RESOLVE;
    parcel.head.verb = verb;
    docket_status status = run(dk_ledger_decide, (struct dk_record_item){.number = number, .reason = "an audit"});
    parcel.head.flags = 0;
    return status;
}

/* A tick, and the plan that ends what is due. */
static void end_due(void)
{
    dk_holds_tick(&docketd);
    if (!dk_holds_are_due(&docketd, SERIES))
        return;
    struct dk_plan *plan = dk_plan_begin(&asked, &book);
    dk_holds_plan(plan);
    commit_plan(plan);
}

static void restart(void)
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

static docket_status keep(void *context, const struct dk_ledger_record *record)
{
    *(struct dk_ledger_record *)context = *record;
    snprintf(kept_reason, sizeof kept_reason, "%s", record->reason);
    snprintf(kept_error, sizeof kept_error, "%s", record->error);
    snprintf(kept_key, sizeof kept_key, "%s", record->key);
    snprintf(kept_hold, sizeof kept_hold, "%s", record->hold);
    return DOCKET_OK;
}

static struct dk_ledger_record number_of(uint64_t number)
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

static unsigned state_of(uint64_t number)
{
    return number_of(number).state;
}

struct held {
    unsigned count, in_doubt;
    struct dk_hold_record last;
};

static docket_status count_hold(void *context, const struct dk_hold_record *hold)
{
    struct held *held = context;
    held->count++;
    held->in_doubt += hold->in_doubt;
    held->last = *hold;
    return DOCKET_OK;
}

static struct held holds_in_store(void)
{
    struct held held = {0};
    MUST(dk_ledger_each_hold(store, count_hold, &held));
    return held;
}

static bool is_free(uint64_t number)
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

static unsigned events_of(const char *words)
{
    unsigned count = 0;
    struct reading all = events_from(1);
    for (const char *at = all.text; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

/* ---- reservations ---- */

static void a_reservation_is_records_a_name_and_a_hold_in_one_commit(void **state)
{
    (void)state;
    MUST(reserve("batch", 3, 60));
    assert_int_equal(answer.run_count, 1);
    assert_int_equal(runs_of_answer[0][0], 1);
    assert_int_equal(runs_of_answer[0][1], 3);
    assert_int_equal(answer.again, 0);
    struct dk_ledger_record record = number_of(2);
    assert_int_equal(record.state, DK_STATE_RESERVED);
    assert_string_equal(record.hold, "batch");
    assert_string_equal(record.key, "");
    assert_int_equal(record.seat, 0);
    assert_int_equal(record.uid, 1000);
    assert_true(record.expires_ns > record.first_ns + 59 * DK_SECOND_NS);
    struct held held = holds_in_store();
    assert_int_equal(held.count, 1);
    assert_int_equal(held.last.left, 3);
    assert_int_equal(held.last.incarnation, INCARNATION);
    assert_int_equal(held.last.salt, SALT);
    assert_false(is_free(3));
    assert_true(is_free(4));
}

static void a_name_tells_its_numbers_for_ever_and_differs_by_count_and_date(void **state)
{
    (void)state;
    MUST(reserve("batch", 3, 60));
    MUST(decide_all(DK_VERB_SETTLE, "batch"));
    assert_int_equal(answer.number, 3);
    restart();
    MUST(reserve("batch", 3, 600));
    assert_int_equal(answer.again, 1);
    assert_int_equal(runs_of_answer[0][1], 3);
    REFUSED(reserve("batch", 4, 60), DOCKET_KEY_DIFFERS, "has 3 numbers");
    assert_int_equal(answer.number, 3);
    REFUSED(run(dk_ledger_reserve,
                (struct dk_record_item){.hold = "batch", .count = 3, .expires_s = 60, .date = 20200101}),
            DOCKET_KEY_DIFFERS, "another count or date");
}

static void a_repeat_is_counted_with_what_went_wrong_before(void **state)
{
    (void)state;
    MUST(reserve("batch", 2, 60));
    parcel.head.attempt = 2;
    snprintf(parcel.head.error, sizeof parcel.head.error, "DOCKET_UNREACHABLE");
    MUST(reserve("batch", 2, 60));
    assert_int_equal(number_of(1).attempts, 2);
    assert_string_equal(number_of(1).error, "DOCKET_UNREACHABLE");
    MUST(decide(DK_VERB_SETTLE, NULL, "batch", 2));
    assert_int_equal(number_of(2).attempts, 2);
}

static void fewer_than_asked_are_granted_at_the_end_only(void **state)
{
    (void)state;
    last_of_policy = 5;
    MUST(reserve("a", 2, 60));
    REFUSED(reserve("b", 9, 60), DOCKET_PARTIAL, "3 of 9");
    assert_int_equal(answer.number, 3);
    REFUSED(reserve("b", 9, 60), DOCKET_PARTIAL, "3 of 9");
    assert_int_equal(answer.again, 1);
    REFUSED(reserve("c", 1, 60), DOCKET_EXHAUSTED, "last number");
    assert_int_equal(holds_in_store().count, 2);
}

static void what_may_not_be_reserved_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    REFUSED(reserve("", 1, 60), DOCKET_BAD_ARGUMENT, "reservation's name is needed");
    REFUSED(reserve("x ", 1, 60), DOCKET_BAD_ARGUMENT, "ends with a blank");
    REFUSED(reserve("x", 0, 60), DOCKET_BAD_ARGUMENT, "1 to 10000");
    REFUSED(reserve("x", 10001, 60), DOCKET_BAD_ARGUMENT, "1 to 10000");
    REFUSED(reserve("x", 1, 0), DOCKET_BAD_ARGUMENT, "1 to 31536000");
    REFUSED(reserve("x", 1, 31536001), DOCKET_BAD_ARGUMENT, "1 to 31536000");
    REFUSED(run(dk_ledger_reserve,
                (struct dk_record_item){.hold = "x", .count = 1, .expires_s = 1, .flags = DOCKET_SETTLED}),
            DOCKET_BAD_ARGUMENT, "flags");
    REFUSED(run(dk_ledger_reserve,
                (struct dk_record_item){.hold = "x", .count = 1, .expires_s = 1, .trace = "a b"}),
            DOCKET_BAD_ARGUMENT, "trace id");
    assert_true(is_free(1));
    assert_int_equal(holds_in_store().count, 0);
}

static void texts_of_elsewhere_are_stepped_over(void **state)
{
    (void)state;
    for (unsigned i = 2; i <= 8; i++) {
        char text[16];
        snprintf(text, sizeof text, "INV-%04u", i);
        MUST(run(dk_ledger_elsewhere, (struct dk_record_item){.text = text, .reason = "by hand"}));
    }
    MUST(reserve("a", 3, 60));
    assert_int_equal(answer.run_count, 2);
    assert_int_equal(runs_of_answer[1][0], 9);
    assert_int_equal(runs_of_answer[1][1], 10);
    assert_int_equal(state_of(2), DK_STATE_VOID);
    assert_int_equal(state_of(9), DK_STATE_RESERVED);
}

/* ---- who holds ---- */

static void who_says_that_it_sits_where_it_does_not_is_given_nothing(void **state)
{
    (void)state;
    sit(1);
    parcel.head.salt++;
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "seat 1 of desk 0");
    sit(SEATS - 2); /* free */
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "it does not");
    sit(SEATS - 1); /* never used */
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "it does not");
    sit(4000);
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "it does not");
    sit(1);
    parcel.head.desk = 1;
    REFUSED(reserve("x", 1, 60), DOCKET_NOT_PERMITTED, "desk 1");
    sit(1);
    connection.uid = 1001; /* another user, who has read the salt off the board */
    REFUSED(issue("k", 0), DOCKET_NOT_PERMITTED, "uid 1001");
    connection.uid = 1000;
    seats[1].state = DK_SEAT_REAPING;
    REFUSED(issue("k", 0), DOCKET_NOT_PERMITTED, "it does not");
    seats[1].state = DK_SEAT_LOST; /* nobody would see it end */
    REFUSED(issue("k", 0), DOCKET_NOT_PERMITTED, "it does not");
    assert_true(is_free(1));
    assert_int_equal(holds_in_store().count, 0);
}

static void nobody_holds_what_is_detached_and_a_time_must_end_it(void **state)
{
    (void)state;
    REFUSED(run(dk_ledger_issue, (struct dk_record_item){.key = "k", .flags = DOCKET_DETACHED}), DOCKET_BAD_ARGUMENT,
            "time");
    sit(-1);
    REFUSED(issue("k", 0), DOCKET_BAD_ARGUMENT, "needs a time");
    MUST(issue("k", 60));
    assert_int_equal(holds_in_store().last.seat, -1);
    assert_int_equal(number_of(1).seat, -1);
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 1), DOCKET_NOT_YOURS, "nobody but its time");
    MUST(decide(DK_VERB_SETTLE, "k", NULL, 0));
    assert_int_equal(holds_in_store().count, 0);
}

static void a_number_is_its_holders_or_whoevers_that_says_key_or_name(void **state)
{
    (void)state;
    MUST(reserve("r", 4, 60));
    MUST(issue("k", 0));
    MUST(reserve("other", 1, 60));
    sit(1);
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 1), DOCKET_NOT_YOURS, "another process (uid 1000)");
    REFUSED(decide_text(DK_VERB_SETTLE, "INV-0005"), DOCKET_NOT_YOURS, "is pending");
    REFUSED(decide(DK_VERB_SETTLE, NULL, "other", 1), DOCKET_NOT_YOURS, "none of this reservation's");
    REFUSED(decide(DK_VERB_SETTLE, NULL, "nobody", 1), DOCKET_NOT_HELD, "never had a reservation");
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
    MUST(decide(DK_VERB_SETTLE, "k", NULL, 0));
    sit(0);
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 2));
    MUST(decide_text(DK_VERB_SETTLE, "INV-0003"));
    parcel.head.salt++; /* who sat there before */
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_YOURS, "reserved");
    sit(0);
    connection.uid = 1001;
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_YOURS, "reserved");
    connection.uid = 1000;
    assert_int_equal(holds_in_store().count, 2);
    MUST(decide(DK_VERB_RELEASE, NULL, NULL, 4));
    assert_int_equal(holds_in_store().count, 1);
    REFUSED(decide(0, NULL, NULL, 4), DOCKET_BAD_ARGUMENT, "verb 0");
    REFUSED(decide(DK_VERB_EXPIRE, NULL, NULL, 4), DOCKET_BAD_ARGUMENT, "verb 4");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 0), DOCKET_BAD_ARGUMENT, "which number");
}

static void a_late_word_never_touches_the_number_of_somebody_else(void **state)
{
    (void)state;
    MUST(issue("old", 0));
    MUST(reserve("name", 1, 60));
    MUST(decide(DK_VERB_RELEASE, "old", NULL, 0));
    MUST(decide(DK_VERB_RELEASE, NULL, "name", 2));
    MUST(issue("new", 0));
    MUST(reserve("newer", 1, 60));
    assert_string_equal(number_of(1).key, "new");
    assert_string_equal(number_of(2).hold, "newer");
    for (enum dk_verb verb = DK_VERB_SETTLE; verb <= DK_VERB_RELEASE; verb++) {
        REFUSED(decide(verb, "old", NULL, 0), DOCKET_ALREADY_RELEASED, "has none now");
        REFUSED(decide(verb, NULL, "name", 2), DOCKET_ALREADY_RELEASED, "does not have it any more");
        MUST(decide_all(verb, "name"));
        assert_int_equal(answer.number, 0);
    }
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    assert_int_equal(state_of(2), DK_STATE_RESERVED);
    MUST(issue("old", 0));
    assert_int_equal(answer.number, 3);
    MUST(decide(DK_VERB_SETTLE, "old", NULL, 0));
    assert_int_equal(state_of(3), DK_STATE_ISSUED);
}

/* ---- decisions ---- */

static void each_second_decision_says_what_it_is_already(void **state)
{
    (void)state;
    MUST(reserve("r", 3, 60));
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
    MUST(decide(DK_VERB_VOID, NULL, "r", 2));
    MUST(decide(DK_VERB_RELEASE, NULL, "r", 3));
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 1), DOCKET_ALREADY_SETTLED, "number 1 of acme/INV is issued");
    REFUSED(decide(DK_VERB_RELEASE, NULL, NULL, 1), DOCKET_ALREADY_SETTLED, "void it");
    assert_int_equal(answer.state, DK_STATE_ISSUED);
    REFUSED(decide(DK_VERB_VOID, NULL, NULL, 2), DOCKET_ALREADY_VOID, "void (a test)");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 2), DOCKET_ALREADY_VOID, "stays so");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 3), DOCKET_ALREADY_RELEASED, "was released");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_HELD, "never given");
    REFUSED(decide(DK_VERB_SETTLE, "nobody", NULL, 0), DOCKET_NOT_HELD, "ever had this key");
    REFUSED(decide_text(DK_VERB_SETTLE, "OTHER-1"), DOCKET_NOT_OF_SERIES, "");
    assert_true(is_free(3));
    assert_string_equal(number_of(2).reason, "a test");
    assert_int_equal(number_of(2).cause, DK_CAUSE_VOIDED);
}

static void void_wants_a_reason_and_is_an_event(void **state)
{
    (void)state;
    MUST(issue("k", 0));
    parcel.head.verb = DK_VERB_VOID;
    REFUSED(run(dk_ledger_decide, (struct dk_record_item){.key = "k"}), DOCKET_BAD_ARGUMENT, "a reason is needed");
    REFUSED(run(dk_ledger_decide, (struct dk_record_item){.key = "k", .reason = "\t"}), DOCKET_BAD_ARGUMENT,
            "printable");
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    MUST(decide(DK_VERB_VOID, "k", NULL, 0));
    struct dk_ledger_record record = number_of(1);
    char words[80];
    snprintf(words, sizeof words, "%llu void: number 1 of acme/INV was pending and is void",
             (unsigned long long)record.event);
    assert_int_equal(events_of(words), 1);
    REFUSED(issue("k", 0), DOCKET_KEY_VOID, "a test");
}

static void an_issued_number_is_void_by_its_key_or_an_admin_only(void **state)
{
    (void)state;
    MUST(reserve("r", 2, 60));
    MUST(decide_all(DK_VERB_SETTLE, "r"));
    MUST(run(dk_ledger_issue, (struct dk_record_item){.key = "k", .flags = DOCKET_SETTLED}));
    REFUSED(decide(DK_VERB_VOID, NULL, NULL, 3), DOCKET_NOT_YOURS, "say its key");
    MUST(decide(DK_VERB_VOID, "k", NULL, 0));
    is_admin = true;
    MUST(decide(DK_VERB_VOID, NULL, NULL, 1));
    MUST(resolve(DK_VERB_VOID, 2));
    assert_int_equal(state_of(2), DK_STATE_VOID);
    assert_int_equal(state_of(3), DK_STATE_VOID);
}

static void release_may_mean_void_and_the_key_gets_another(void **state)
{
    (void)state;
    policy.release = DK_VOID_RELEASED;
    MUST(issue("k", 0));
    MUST(decide(DK_VERB_RELEASE, "k", NULL, 0));
    struct dk_ledger_record record = number_of(1);
    assert_int_equal(record.state, DK_STATE_VOID);
    assert_int_equal(record.cause, DK_CAUSE_GIVEN_BACK);
    assert_non_null(strstr(record.reason, "released in this series is void"));
    assert_false(is_free(1));
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 2);
    assert_int_equal(answer.again, 0);
}

static void what_comes_back_to_a_closed_period_is_void_with_a_reason(void **state)
{
    (void)state;
    struct dk_ended_facts found;
    MUST(reserve("r", 3, 60));
    MUST(dk_ended_look(&docketd, SERIES, 0, &found));
    found.image.closed = DK_CLOSED_FOR_GOOD;
    const struct dk_counter_image *closed = &found.image;
    must_commit(&(struct dk_change){.counters = &closed, .counter_count = 1});
    free(found.image.spares);
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
    MUST(decide(DK_VERB_RELEASE, NULL, "r", 2));
    assert_int_equal(state_of(2), DK_STATE_VOID);
    assert_non_null(strstr(number_of(2).reason, "after its period was closed"));
    policy.on_expiry = DK_EXPIRY_FREE;
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_int_equal(state_of(3), DK_STATE_VOID);
    assert_string_equal(number_of(3).reason, "its holder ended");
}

static void a_number_of_before_the_ledger_has_no_record(void **state)
{
    (void)state;
    struct dk_counter_image image = counter_of(SERIES, 0, 10);
    image.closed = DK_ENDED;
    image.mark = image.next;
    const struct dk_counter_image *one = &image;
    must_commit(&(struct dk_change){.counters = &one, .counter_count = 1});
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 9), DOCKET_NOT_HELD, "before the series had a ledger");
    REFUSED(decide_text(DK_VERB_SETTLE, "INV-0009"), DOCKET_NOT_HELD, "before the series had a ledger");
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 10), DOCKET_NOT_HELD, "never given");
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 10);
}

static void a_text_is_that_of_the_number_as_it_was_given(void **state)
{
    (void)state;
    MUST(issue("k", 0));
    snprintf(policy.template_text, sizeof policy.template_text, "NEW{N:4}");
    keep_policy();
    REFUSED(decide_text(DK_VERB_SETTLE, "NEW0001"), DOCKET_NOT_OF_SERIES, "given as INV-0001");
    MUST(issue("k2", 0));
    MUST(decide_text(DK_VERB_SETTLE, "NEW0002"));
}

/* ---- time ---- */

static void time_runs_out_by_the_clock_that_nobody_can_set(void **state)
{
    (void)state;
    MUST(reserve("r", 2, 60));
    MUST(issue("k", 30));
    wall_shift_s = 86000;
    end_due();
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    wall_shift_s = -86000;
    boot_shift_s = 31;
    end_due();
    assert_int_equal(books_given, 1);
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    assert_int_equal(state_of(3), DK_STATE_IN_DOUBT);
    assert_string_equal(number_of(3).error, "expired");
    boot_shift_s = 61; /* asleep meanwhile: it counts */
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    assert_int_equal(events_of("expiry: "), 2);
    assert_int_equal(events_of("2 reserved numbers of acme/INV, 1 the first of them, are in doubt: the reservation expired"),
                     1);
    assert_int_equal(events_of("number 3 of acme/INV is in doubt: expired before it was settled"), 1);
    assert_false(dk_holds_has_live(&docketd, SERIES));
    struct held held = holds_in_store();
    assert_int_equal(held.count, 2);
    assert_int_equal(held.in_doubt, 2);
}

static void a_holder_that_lives_may_decide_late_and_so_may_the_name(void **state)
{
    (void)state;
    MUST(reserve("r", 4, 60));
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 1));
    boot_shift_s = 61;
    end_due();
    sit(1);
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 2), DOCKET_NOT_YOURS, "in doubt (expired)");
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 2));
    sit(0);
    restart();
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 3));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    assert_false(dk_holds_are_due(&docketd, SERIES));
    REFUSED(decide(DK_VERB_SETTLE, NULL, NULL, 4), DOCKET_NOT_YOURS, "in doubt");
    MUST(decide_all(DK_VERB_RELEASE, "r"));
    assert_int_equal(answer.number, 1);
    assert_int_equal(holds_in_store().count, 0);
    assert_true(is_free(4));
}

static void a_key_in_doubt_that_is_asked_for_again_is_its_new_callers(void **state)
{
    (void)state;
    MUST(issue("k", 30));
    boot_shift_s = 31;
    end_due();
    sit(2);
    MUST(issue("k", 0));
    assert_int_equal(answer.number, 1);
    assert_int_equal(answer.again, 1);
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    dk_ledger_seat_gone(&docketd, 0, 0, SALT); /* who held it before */
    end_due();
    assert_int_equal(state_of(1), DK_STATE_PENDING);
    dk_ledger_seat_gone(&docketd, 0, 2, SALT + 2);
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    assert_string_equal(number_of(1).error, "its holder ended");
}

/* ---- ends ---- */

static void only_the_seat_that_is_gone_loses_what_it_holds(void **state)
{
    (void)state;
    MUST(reserve("r0", 1, 60));
    sit(1);
    MUST(reserve("r1", 1, 60));
    MUST(run(dk_ledger_reserve,
             (struct dk_record_item){.hold = "nobody", .count = 1, .expires_s = 60, .flags = DOCKET_DETACHED}));
    dk_ledger_seat_gone(&docketd, 0, 1, SALT); /* another one who sat there */
    dk_ledger_seat_gone(&docketd, 1, 1, SALT + 1);
    dk_ledger_seat_gone(&docketd, 0, 4000, SALT + 1);
    end_due();
    assert_int_equal(state_of(2), DK_STATE_RESERVED);
    dk_ledger_seat_gone(&docketd, 0, 1, SALT + 1);
    end_due();
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(3), DK_STATE_RESERVED);
}

static void a_series_may_say_that_what_ends_is_free(void **state)
{
    (void)state;
    policy.on_expiry = DK_EXPIRY_FREE;
    MUST(issue("k", 0));
    MUST(reserve("r", 2, 60));
    MUST(decide(DK_VERB_SETTLE, NULL, NULL, 2));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_true(is_free(1));
    assert_true(is_free(3));
    assert_int_equal(state_of(2), DK_STATE_ISSUED);
    assert_int_equal(events_of("by on-expiry = free"), 2);
    assert_int_equal(holds_in_store().count, 0);
    REFUSED(decide(DK_VERB_SETTLE, "k", NULL, 0), DOCKET_ALREADY_RELEASED, "has none now");
    sit(1);
    MUST(issue("k2", 0));
    assert_int_equal(answer.number, 1);
}

static void a_start_knows_who_lives(void **state)
{
    (void)state;
    for (int32_t seat = 0; seat < 5; seat++) {
        char name[8];
        snprintf(name, sizeof name, "r%d", (int)seat);
        sit(seat);
        MUST(reserve(name, 1, 60));
    }
    seats[1].state = DK_SEAT_FREE; /* reaped, and docketd died before the plan */
    seats[2].salt++;               /* and somebody else sits there by now */
    seats[3].state = DK_SEAT_LOST;
    restart();
    end_due();
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    assert_int_equal(state_of(2), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(3), DK_STATE_IN_DOUBT);
    assert_int_equal(state_of(4), DK_STATE_IN_DOUBT);
    assert_string_equal(number_of(4).error, "its holder's seat was lost");
    assert_int_equal(state_of(5), DK_STATE_RESERVED);
    boot_shift_s = 61; /* and time goes on for those that live */
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
}

static void whose_seat_is_lost_may_live_and_nothing_of_it_is_freed(void **state)
{
    (void)state;
    policy.on_expiry = DK_EXPIRY_FREE;
    MUST(reserve("r", 1, 60));
    desk.map.incarnation++; /* the desk's files were lost within this boot, and built anew */
    restart();
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    assert_false(is_free(1));
    sit(0);
    MUST(decide(DK_VERB_SETTLE, NULL, "r", 1));
}

static void nobody_lives_through_another_boot(void **state)
{
    (void)state;
    policy.on_expiry = DK_EXPIRY_FREE;
    MUST(reserve("r", 1, 3600));
    MUST(run(dk_ledger_reserve,
             (struct dk_record_item){.hold = "hour", .count = 1, .expires_s = 3600, .flags = DOCKET_DETACHED}));
    MUST(run(dk_ledger_reserve,
             (struct dk_record_item){.hold = "day", .count = 1, .expires_s = 86400, .flags = DOCKET_DETACHED}));
    desk.map.incarnation++;
    memset(docketd.boot_id, 2, sizeof docketd.boot_id);
    boot_shift_s = 1000000; /* another clock altogether */
    restart();
    end_due();
    assert_true(is_free(1));
    assert_int_equal(state_of(2), DK_STATE_RESERVED);
    wall_shift_s = 3601;
    end_due();
    assert_true(is_free(2));
    assert_int_equal(state_of(3), DK_STATE_RESERVED);
}

static void what_is_due_and_was_not_planned_is_due_again(void **state)
{
    (void)state;
    MUST(reserve("r", 1, 60));
    boot_shift_s = 61;
    dk_holds_tick(&docketd);
    assert_true(dk_holds_are_due(&docketd, SERIES));
    restart(); /* docketd died before it was written */
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    end_due();
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
}

static void a_hold_that_cannot_be_ended_is_put_off_and_holds_up_no_other(void **state)
{
    (void)state;
    struct dk_ended_facts found;
    policy.on_expiry = DK_EXPIRY_FREE; /* which looks at the period */
    MUST(reserve("r", 1, 60));
    MUST(dk_ended_look(&docketd, SERIES, 0, &found));
    const struct dk_counter_image *image = &found.image;
    found.image.closed = DK_OPEN;
    must_commit(&(struct dk_change){.counters = &image, .counter_count = 1});
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_false(dk_holds_are_due(&docketd, SERIES));
    assert_int_equal(state_of(1), DK_STATE_RESERVED);
    end_due();
    assert_false(dk_holds_are_due(&docketd, SERIES));
    found.image.closed = DK_ENDED;
    must_commit(&(struct dk_change){.counters = &image, .counter_count = 1});
    free(found.image.spares);
    boot_shift_s = 6;
    end_due();
    assert_true(is_free(1));
    assert_string_equal(number_of(1).error, "its holder ended");
}

static void a_series_that_is_not_in_memory_waits_for_a_slot(void **state)
{
    (void)state;
    MUST(reserve("r", 1, 60));
    by_id[SERIES] = NULL;
    restart();
    boot_shift_s = 61;
    dk_holds_tick(&docketd);
    dk_holds_tick(&docketd);
    assert_int_equal(books_given, 0);
    by_id[SERIES] = &book;
    end_due();
    assert_int_equal(books_given, 1);
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
}

static void one_plan_ends_so_many_holds_and_the_next_the_rest(void **state)
{
    enum { MANY = 1500 };
    (void)state;
    struct dk_plan *plan = dk_plan_begin(&asked, &book);
    struct dk_record_item item = {.hold = "", .text = "", .trace = "", .metadata = "", .reason = ""};
    for (unsigned i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        item.key = key;
        MUST(dk_ledger_issue(plan, &parcel, &item, &answer));
    }
    commit_plan(plan);
    assert_int_equal(holds_in_store().count, MANY);
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    assert_int_equal(holds_in_store().in_doubt, 1024);
    end_due();
    assert_int_equal(holds_in_store().in_doubt, MANY);
    assert_false(dk_holds_are_due(&docketd, SERIES));
    is_admin = true;
    MUST(resolve_all(DK_VERB_RELEASE, -1));
    assert_int_equal(answer.number, MANY);
    assert_int_equal(holds_in_store().count, 0);
}

/* ---- resolve ---- */

static void only_an_admin_resolves_and_only_what_is_in_doubt(void **state)
{
    (void)state;
    MUST(reserve("r", 3, 60));
    sit(1);
    MUST(reserve("held", 1, 60));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    REFUSED(resolve(DK_VERB_SETTLE, 1), DOCKET_NOT_PERMITTED, "may not decide");
    REFUSED(resolve_all(DK_VERB_SETTLE, 0), DOCKET_NOT_PERMITTED, "may not decide");
    assert_int_equal(state_of(1), DK_STATE_IN_DOUBT);
    is_admin = true;
    REFUSED(resolve(DK_VERB_SETTLE, 4), DOCKET_NOT_YOURS, "only what is in doubt is resolved");
    MUST(resolve(DK_VERB_SETTLE, 1));
    MUST(resolve_all(DK_VERB_RELEASE, 2026));
    assert_int_equal(answer.number, 0);
    MUST(resolve_all(DK_VERB_RELEASE, -1));
    assert_int_equal(answer.number, 2);
    MUST(resolve_all(DK_VERB_RELEASE, 0));
    assert_int_equal(answer.number, 0);
    assert_int_equal(state_of(4), DK_STATE_RESERVED);
    assert_true(is_free(3));
    assert_int_equal(events_of("resolve: "), 2);
    parcel.head.flags = DK_RECORD_RESOLVE;
    REFUSED(run(dk_ledger_decide_all, (struct dk_record_item){.period = 0}), DOCKET_BAD_ARGUMENT, "reason is needed");
}

/* Holds of thousands: the packet is bounded. */
static void one_packet_resolves_so_many_and_the_next_the_rest(void **state)
{
    (void)state;
    MUST(reserve("a", 3000, 60));
    MUST(reserve("b", 3000, 60));
    MUST(reserve("c", 3000, 60));
    dk_ledger_seat_gone(&docketd, 0, 0, SALT);
    end_due();
    is_admin = true;
    uint64_t done = 0;
    unsigned packets = 0;
    do {
        MUST(resolve_all(DK_VERB_SETTLE, 0));
        assert_in_range(answer.number, 0, 6000);
        done += answer.number;
        packets++;
    } while (answer.number > 0);
    assert_int_equal(done, 9000);
    assert_int_equal(packets, CLOSE_CALL);
    assert_int_equal(holds_in_store().count, 0);
}

/* ---- the books in memory, against a list ---- */

enum { NAMES = 60 };

static struct dk_hold_record model[NAMES];

static void change_at_random(unsigned at, unsigned dice)
{
    char name[8];
    struct dk_hold_record *hold = &model[at];
    struct dk_plan *plan = dk_plan_begin(&asked, &book);
    snprintf(name, sizeof name, "h%u", at);
    hold->removed = dice % 5 == 0;
    hold->kind = DK_NAMED_RESERVATION;
    hold->text = name;
    hold->left = 1;
    hold->seat = (int32_t)(dice % SEATS) - 1;
    hold->salt = SALT + (uint64_t)(hold->seat > 0 ? hold->seat : 0);
    hold->in_doubt = dice % 7 == 0;
    hold->expires_ns = hold->in_doubt || dice % 3 == 0 ? 0 : 1 + (int64_t)(dice % 1000);
    hold->expires_boot_ns = hold->expires_ns;
    memset(hold->boot_id, dice % 2 == 0 ? 1 : 9, sizeof hold->boot_id);
    dk_hold_put(plan, hold);
    dk_plan_end(plan);
}

static unsigned live_of_model(void)
{
    unsigned live = 0;
    for (unsigned i = 0; i < NAMES; i++)
        live += model[i].kind != 0 && !model[i].removed && !model[i].in_doubt;
    return live;
}

static void check_heap(struct dk_hold_heap *heap, bool by_wall)
{
    size_t wanted = 0;
    int64_t last = 0;
    for (unsigned i = 0; i < NAMES; i++)
        wanted += model[i].kind != 0 && !model[i].removed && model[i].expires_ns != 0 &&
                  (model[i].boot_id[0] == 9) == by_wall;
    assert_int_equal(heap->count, wanted);
    for (struct dk_hold *hold; (hold = dk_hold_take_first(heap, INT64_MAX)) != NULL;) {
        assert_true(hold->due_at >= last);
        assert_int_equal(hold->heap_at, 0);
        last = hold->due_at;
    }
}

static void books_of_holds_agree_with_a_list(void **state)
{
    unsigned seed = 4711;
    (void)state;
    memset(model, 0, sizeof model);
    for (unsigned i = 0; i < 4000; i++) {
        seed = seed * 1664525 + 1013904223;
        change_at_random((seed >> 8) % NAMES, seed >> 12);
        const struct dk_holds_series *series = dk_holds_find_series(&docketd, SERIES);
        assert_int_equal(series == NULL ? 0 : series->live, live_of_model());
        assert_int_equal(dk_holds_has_live(&docketd, SERIES), live_of_model() > 0);
    }
    unsigned seated = 0, wanted = 0;
    for (unsigned seat = 0; seat < SEATS; seat++)
        for (const struct dk_link *link = docketd.holds->seats[0][seat]; link != NULL; link = link->next)
            seated++;
    for (unsigned i = 0; i < NAMES; i++)
        wanted += model[i].kind != 0 && !model[i].removed && model[i].seat >= 0;
    assert_int_equal(seated, wanted);
    check_heap(&docketd.holds->by_boot, false);
    check_heap(&docketd.holds->by_wall, true);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(books_of_holds_agree_with_a_list),
        CASE(a_reservation_is_records_a_name_and_a_hold_in_one_commit),
        CASE(a_name_tells_its_numbers_for_ever_and_differs_by_count_and_date),
        CASE(a_repeat_is_counted_with_what_went_wrong_before),
        CASE(fewer_than_asked_are_granted_at_the_end_only),
        CASE(what_may_not_be_reserved_is_refused_and_changes_nothing),
        CASE(texts_of_elsewhere_are_stepped_over),
        CASE(who_says_that_it_sits_where_it_does_not_is_given_nothing),
        CASE(nobody_holds_what_is_detached_and_a_time_must_end_it),
        CASE(a_number_is_its_holders_or_whoevers_that_says_key_or_name),
        CASE(a_late_word_never_touches_the_number_of_somebody_else),
        CASE(each_second_decision_says_what_it_is_already),
        CASE(void_wants_a_reason_and_is_an_event),
        CASE(an_issued_number_is_void_by_its_key_or_an_admin_only),
        CASE(release_may_mean_void_and_the_key_gets_another),
        CASE(what_comes_back_to_a_closed_period_is_void_with_a_reason),
        CASE(a_number_of_before_the_ledger_has_no_record),
        CASE(a_text_is_that_of_the_number_as_it_was_given),
        CASE(time_runs_out_by_the_clock_that_nobody_can_set),
        CASE(a_holder_that_lives_may_decide_late_and_so_may_the_name),
        CASE(a_key_in_doubt_that_is_asked_for_again_is_its_new_callers),
        CASE(only_the_seat_that_is_gone_loses_what_it_holds),
        CASE(a_series_may_say_that_what_ends_is_free),
        CASE(a_start_knows_who_lives),
        CASE(whose_seat_is_lost_may_live_and_nothing_of_it_is_freed),
        CASE(nobody_lives_through_another_boot),
        CASE(what_is_due_and_was_not_planned_is_due_again),
        CASE(a_hold_that_cannot_be_ended_is_put_off_and_holds_up_no_other),
        CASE(a_series_that_is_not_in_memory_waits_for_a_slot),
        CASE(one_plan_ends_so_many_holds_and_the_next_the_rest),
        CASE(only_an_admin_resolves_and_only_what_is_in_doubt),
        CASE(one_packet_resolves_so_many_and_the_next_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
