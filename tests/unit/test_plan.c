/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c base/log.c store/record.c store/image.c store/image_series.c store/seen.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/index.c store/journal.c store/commit.c store/create.c store/walk.c store/texts.c store/time.c store/store.c numbering/fate.c numbering/ledger.c daemon/clerk.c daemon/books.c daemon/ended/ended.c daemon/ended/dated.c daemon/ended/closing.c daemon/days/today.c daemon/days/zones.c daemon/days/tzif.c daemon/ledger/hear.c daemon/ledger/book.c daemon/ledger/plan.c daemon/ledger/issue.c daemon/ledger/texts.c daemon/ledger/metadata.c wire/record.c */
/* libs: lmdb urcu-cds urcu-common jansson pthread */
/*
 * Numbers at record speed, from the packet to the commit and back: a real store, a real
 * committer, real packets over a pair of sockets. Holds, decisions and the board are stood in for.
 */
#include "daemon/ledger/ledger.h"

#include "daemon_fixture.h"
#include "docket_ledger.h"

#include <sys/socket.h>

enum { CALLERS = 3, ANSWERS_MAX = 5000 };

struct caller {
    struct dk_connection connection; /* first */
    int fd;                          /* its own end */
};

struct heard {
    struct dk_record_answer answer;
    char text[DOCKET_TEXT_MAX];
    char sentence[DK_ERROR_BYTES];
};

static struct caller callers[CALLERS];
static struct dk_connections connections;
static struct dk_record_writer writer;
static struct heard heard[ANSWERS_MAX];
static uint32_t heard_count, heard_status;
static char heard_text[DK_ERROR_BYTES];
static struct dk_hold_record held;
static unsigned holds_put;
static docket_status holder_status;

/* ---- what stands around ---- */

/* There is no board. */
void dk_tracked_given(const struct dk_series_book *series, const struct dk_counter_image *image)
{
    (void)series, (void)image;
}

void dk_serve_drop(struct dk_connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    connection->gone = true;
}

docket_status dk_slots_make_room(struct dk_desk_book *at)
{
    (void)at;
    return DOCKET_REALM_FULL;
}

bool dk_evict_for_room(struct dk_desk_book *at)
{
    (void)at;
    return false;
}

void dk_serve_answer(struct dk_connection *connection, uint32_t type, docket_status status, struct dk_reply *reply,
                     const int *fds, size_t fd_count)
{
    (void)connection, (void)type, (void)status, (void)reply, (void)fds, (void)fd_count;
    fail();
}

docket_status dk_ledger_reserve(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                struct dk_record_answer *answer)
{
    (void)parcel, (void)item;
    struct dk_record_run *runs = dk_plan_alloc(plan, 2 * sizeof *runs);
    runs[0] = (struct dk_record_run){1, 3};
    runs[1] = (struct dk_record_run){7, 7};
    answer->runs = runs;
    answer->run_count = 2;
    return DOCKET_OK;
}

/* Frees the number of the key, or of the item; as decide.c would. */
docket_status dk_ledger_decide(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                               struct dk_record_answer *answer)
{
    static const uint8_t states[] = {0, DK_STATE_ISSUED, DK_STATE_VOID, DK_STATE_FREE};
    const struct dk_ledger_record *record;
    docket_status status = dk_plan_find(plan, item->period, item->number, &record);
    if (status != DOCKET_OK || record == NULL)
        return status != DOCKET_OK ? status : dk_fail(DOCKET_NOT_HELD, "nobody has it");
    struct dk_ledger_record changed = *record;
    changed.state = states[parcel->head.verb];
    if (item->text[0] != 0)
        changed.state = DK_STATE_IN_DOUBT;
    if (changed.state == DK_STATE_FREE)
        changed.key = "";
    changed.reason = item->reason;
    (void)answer;
    return dk_plan_put(plan, &changed);
}

docket_status dk_ledger_decide_all(struct dk_plan *plan, const struct dk_parcel *parcel, const struct dk_record_item *item,
                                   struct dk_record_answer *answer)
{
    (void)plan, (void)parcel, (void)item, (void)answer;
    return DOCKET_OK;
}

docket_status dk_plan_key(struct dk_plan *plan, const char *text, const struct dk_key_record **key,
                          const struct dk_ledger_record **record)
{
    docket_status status = dk_plan_find_key(plan, DK_NAMED_KEY, text, key);
    *record = NULL;
    if (status == DOCKET_OK && *key == NULL)
        return dk_fail(DOCKET_NOT_HELD, "no number ever had this key");
    if (status == DOCKET_OK)
        status = dk_plan_find(plan, (*key)->period, (*key)->ranges[0].first, record);
    return status == DOCKET_OK && strcmp((*record)->key, text) != 0 ? DOCKET_ALREADY_RELEASED : status;
}

docket_status dk_holds_load(struct dk_daemon *daemon)
{
    (void)daemon;
    return DOCKET_OK;
}

void dk_holds_free(struct dk_daemon *daemon)
{
    (void)daemon;
}

docket_status dk_hold_begin(const struct dk_plan *plan, const struct dk_parcel *parcel, uint32_t flags, uint32_t expires_s,
                            struct dk_hold_record *hold)
{
    *hold = (struct dk_hold_record){.text = "", .seat = flags & DOCKET_DETACHED ? -1 : parcel->head.seat};
    hold->expires_ns = expires_s == 0 ? 0 : plan->now_ns + expires_s * DK_SECOND_NS;
    return holder_status == DOCKET_OK ? DOCKET_OK : dk_fail(holder_status, "it sits somewhere else");
}

void dk_hold_put(struct dk_plan *plan, const struct dk_hold_record *hold)
{
    held = *hold;
    holds_put++;
    dk_plan_put_hold(plan, hold);
}

bool dk_holds_has_live(const struct dk_daemon *daemon, uint64_t series_id)
{
    (void)daemon, (void)series_id;
    return false;
}

bool dk_holds_are_due(const struct dk_daemon *daemon, uint64_t series_id)
{
    (void)daemon, (void)series_id;
    return false;
}

void dk_holds_plan(struct dk_plan *plan)
{
    (void)plan;
}

void dk_holds_tick(struct dk_daemon *daemon)
{
    (void)daemon;
}

/* ---- a realm with one series that keeps a ledger ---- */

static void connect_caller(struct caller *caller)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    *caller = (struct caller){.connection = {.daemon = &docketd, .fd = ends[0], .uid = 1000}, .fd = ends[1]};
}

static int begin(void **state)
{
    begin_docketd(state);
    docketd.connections = &connections;
    policy.ledger = 1;
    policy.order = DK_GAPLESS;
    struct dk_series_record changed = book.record;
    const struct dk_series_record *one = &changed;
    changed.policy = dk_policy_keep(&policy);
    must_commit(&(struct dk_change){.changed = &one, .changed_count = 1});
    holds_put = 0;
    holder_status = DOCKET_OK;
    for (int i = 0; i < CALLERS; i++)
        connect_caller(&callers[i]);
    return 0;
}

/* A plan, and its commit: what waits may wait a moment for others. */
static void turn(void)
{
    unsigned waited = callers[0].connection.parcels + callers[1].connection.parcels + callers[2].connection.parcels;
    for (int i = 0; i < 50; i++) {
        dk_ledger_turn(&docketd);
        finish_commits();
        unsigned waits = callers[0].connection.parcels + callers[1].connection.parcels + callers[2].connection.parcels;
        if (waits < waited || waits == 0)
            return;
        usleep(500);
    }
}

static int end(void **state)
{
    turn();
    docketd.stopping = true;
    dk_ledger_turn(&docketd);
    assert_null(docketd.ledger);
    assert_int_equal(docketd.ledger_bytes, 0);
    dk_clerk_stop(docketd.clerk);
    for (int i = 0; i < CALLERS; i++) {
        assert_int_equal(callers[i].connection.parcels, 0);
        if (callers[i].connection.fd >= 0)
            close(callers[i].connection.fd);
        close(callers[i].fd);
    }
    return remove_realm(state);
}

/* ---- asking ---- */

static void begin_packet(enum dk_record_type type)
{
    dk_record_begin(&writer, type);
    writer.head.attempt = 1;
    writer.head.seat = 4;
    snprintf(writer.head.tenant, sizeof writer.head.tenant, "acme");
    snprintf(writer.head.name, sizeof writer.head.name, "INV");
    snprintf(writer.head.host, sizeof writer.head.host, "desk7");
}

static void put(struct dk_record_item item)
{
    assert_true(dk_record_put(&writer, &item));
}

static void hear_packet(int caller)
{
    uint8_t *bytes = dk_must_alloc(writer.head.bytes, 1);
    memcpy(bytes, writer.bytes, writer.head.bytes);
    dk_ledger_hear(&callers[caller].connection, &writer.head, bytes);
}

/* Reads one answer, which may be several packets. */
static void listen_to(int caller)
{
    static uint8_t bytes[DK_RECORD_BYTES];
    struct dk_record_head head;
    heard_count = 0;
    do {
        if (dk_record_receive(callers[caller].fd, 0, &head, bytes) != DOCKET_OK)
            fail_msg("caller %d hears nothing: %s", caller, dk_error_text());
        struct dk_record_reader reader = {0};
        struct dk_record_answer answer;
        dk_record_read(&reader, &head, bytes);
        while (dk_record_next_answer(&reader, &answer)) {
            struct heard *one = &heard[heard_count++];
            one->answer = answer;
            snprintf(one->text, sizeof one->text, "%s", answer.text);
            snprintf(one->sentence, sizeof one->sentence, "%s", answer.sentence);
        }
        assert_false(reader.damaged);
        dk_record_reader_end(&reader);
    } while (head.more);
    heard_status = head.status;
    snprintf(heard_text, sizeof heard_text, "%s", head.text);
}

static void must_hear_nothing(int caller)
{
    char byte;
    assert_int_equal(recv(callers[caller].fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK), -1);
}

static void ask(int caller, struct dk_record_item item)
{
    begin_packet(DK_RECORD_ISSUE);
    put(item);
    hear_packet(caller);
}

/* Asks and hears. */
static const struct heard *issue(struct dk_record_item item)
{
    ask(0, item);
    turn();
    listen_to(0);
    if (heard_status != DOCKET_OK)
        fail_msg("%s", heard_text);
    assert_int_equal(heard_count, 1);
    return &heard[0];
}

static const struct heard *must_get(struct dk_record_item item, uint64_t number)
{
    const struct heard *got = issue(item);
    if (got->answer.status != DOCKET_OK)
        fail_msg("%s: %s", docket_status_name((docket_status)got->answer.status), got->sentence);
    assert_int_equal(got->answer.number, number);
    return got;
}

static void must_refuse(struct dk_record_item item, docket_status status, const char *words)
{
    const struct heard *got = issue(item);
    if (got->answer.status != (uint32_t)status || strstr(got->sentence, words) == NULL)
        fail_msg("%s: %s", docket_status_name((docket_status)got->answer.status), got->sentence);
}

static void decide(enum dk_verb verb, struct dk_record_item item)
{
    begin_packet(DK_RECORD_DECIDE);
    writer.head.verb = verb;
    put(item);
    hear_packet(0);
    turn();
    listen_to(0);
    assert_int_equal(heard[0].answer.status, DOCKET_OK);
}

static void elsewhere(const char *text, docket_status status)
{
    begin_packet(DK_RECORD_ELSEWHERE);
    put((struct dk_record_item){.text = text, .reason = "by hand"});
    hear_packet(0);
    turn();
    listen_to(0);
    if (heard[0].answer.status != (uint32_t)status)
        fail_msg("%s: %s: %s", text, docket_status_name((docket_status)heard[0].answer.status), heard[0].sentence);
}

static const struct heard *look(struct dk_record_item item)
{
    begin_packet(DK_RECORD_LOOK);
    put(item);
    hear_packet(0);
    turn();
    listen_to(0);
    return &heard[0];
}

static int32_t this_year(void)
{
    time_t now = time(NULL);
    return gmtime(&now)->tm_year + 1900;
}

/* ---- a number for a key ---- */

static void a_key_gets_a_number_and_the_same_one_ever_after(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    snprintf(text, sizeof text, "%d-1", this_year());
    const struct heard *got = must_get((struct dk_record_item){.key = "a"}, 1);
    assert_string_equal(got->text, text);
    assert_int_equal(got->answer.state, DK_STATE_PENDING);
    assert_int_equal(got->answer.again, 0);
    assert_int_equal(got->answer.period, this_year());
    must_get((struct dk_record_item){.key = "b"}, 2);
    got = must_get((struct dk_record_item){.key = "a"}, 1);
    assert_int_equal(got->answer.again, 1);
    assert_int_equal(got->answer.attempts, 1);
    assert_string_equal(got->text, text);
    assert_int_equal(next_of(SERIES, this_year()), 3);
}

static void two_items_of_one_plan_with_one_key_get_one_number(void **state)
{
    (void)state;
    begin_packet(DK_RECORD_ISSUE);
    put((struct dk_record_item){.key = "a"});
    put((struct dk_record_item){.key = "b"});
    put((struct dk_record_item){.key = "a"});
    hear_packet(0);
    ask(1, (struct dk_record_item){.key = "a"});
    turn();
    listen_to(0);
    assert_int_equal(heard_count, 3);
    assert_true(heard[0].answer.number == 1 && heard[1].answer.number == 2 && heard[2].answer.number == 1);
    assert_true(heard[2].answer.again == 1);
    listen_to(1);
    assert_true(heard[0].answer.number == 1 && heard[0].answer.again == 1);
}

static void what_comes_while_a_commit_is_in_flight_waits_for_the_next_plan(void **state)
{
    (void)state;
    ask(0, (struct dk_record_item){.key = "a"});
    dk_ledger_turn(&docketd);
    assert_true(dk_ledger_is_written(&book));
    ask(1, (struct dk_record_item){.key = "a"});
    dk_ledger_turn(&docketd);
    assert_int_equal(callers[1].connection.parcels, 1);
    must_hear_nothing(0); /* commit first, then answer */
    finish_commits();
    must_hear_nothing(0); /* the next plan goes first: the disk does not wait for answers */
    dk_ledger_turn(&docketd);
    listen_to(0);
    turn();
    listen_to(1);
    assert_true(heard[0].answer.number == 1 && heard[0].answer.again == 1);
    assert_false(dk_ledger_is_written(&book));
}

static void a_key_asked_for_otherwise_is_refused_with_what_it_has(void **state)
{
    (void)state;
    uint32_t today = (uint32_t)this_year() * 10000 + 101;
    must_get((struct dk_record_item){.key = "a", .metadata = "{\"order\":1}", .date = today}, 1);
    must_refuse((struct dk_record_item){.key = "a", .metadata = "{\"order\":2}"}, DOCKET_KEY_DIFFERS, "metadata");
    assert_true(heard[0].answer.number == 1 && heard[0].text[0] != 0);
    must_refuse((struct dk_record_item){.key = "a", .metadata = "{\"order\":1}", .date = today - 10000},
                DOCKET_KEY_DIFFERS, "date");
    must_refuse((struct dk_record_item){.key = "a", .metadata = "{\"order\":1}", .flags = DOCKET_SETTLED},
                DOCKET_KEY_DIFFERS, "settled");
    must_get((struct dk_record_item){.key = "a", .metadata = "{\"order\":1}"}, 1);
    must_get((struct dk_record_item){.key = "a", .metadata = "{\"order\":1}", .date = today, .trace = "t"}, 1);
}

static void a_key_lives_on_in_other_periods(void **state)
{
    (void)state;
    uint32_t before = (uint32_t)(this_year() - 1) * 10000 + 630;
    const struct heard *got = must_get((struct dk_record_item){.key = "old", .date = before}, 1);
    assert_int_equal(got->answer.period, this_year() - 1);
    got = must_get((struct dk_record_item){.key = "old"}, 1);
    assert_int_equal(got->answer.period, this_year() - 1);
    assert_int_equal(got->answer.date, before);
    assert_int_equal(next_of(SERIES, this_year()), 0);
}

static void a_key_whose_number_is_void_says_so(void **state)
{
    (void)state;
    must_get((struct dk_record_item){.key = "a"}, 1);
    decide(DK_VERB_VOID, (struct dk_record_item){.period = this_year(), .number = 1, .reason = "misprint"});
    must_refuse((struct dk_record_item){.key = "a"}, DOCKET_KEY_VOID, "misprint");
    assert_int_equal(heard[0].answer.number, 1);
}

static void a_released_number_is_the_next_one_and_its_key_gets_another(void **state)
{
    (void)state;
    must_get((struct dk_record_item){.key = "a"}, 1);
    must_get((struct dk_record_item){.key = "b"}, 2);
    must_get((struct dk_record_item){.key = "c"}, 3);
    decide(DK_VERB_RELEASE, (struct dk_record_item){.period = this_year(), .number = 2});
    decide(DK_VERB_RELEASE, (struct dk_record_item){.period = this_year(), .number = 1});
    must_get((struct dk_record_item){.key = "d"}, 1);
    must_get((struct dk_record_item){.key = "b"}, 2);
    must_get((struct dk_record_item){.key = "a"}, 4);
    must_get((struct dk_record_item){.key = "d"}, 1);
    must_get((struct dk_record_item){.key = "b"}, 2);
    must_get((struct dk_record_item){.key = "c"}, 3);
}

static void a_number_in_doubt_is_pending_again_for_its_key(void **state)
{
    (void)state;
    must_get((struct dk_record_item){.key = "a"}, 1);
    decide(DK_VERB_VOID, (struct dk_record_item){.period = this_year(), .number = 1, .text = "in doubt"});
    assert_int_equal(look((struct dk_record_item){.key = "a"})->answer.state, DK_STATE_IN_DOUBT);
    holds_put = 0;
    const struct heard *got = must_get((struct dk_record_item){.key = "a", .expires_s = 60}, 1);
    assert_int_equal(got->answer.state, DK_STATE_PENDING);
    assert_true(got->answer.again == 1 && got->answer.attempts == 2 && got->answer.expires_ns > 0);
    assert_true(holds_put == 1 && held.kind == DK_NAMED_PENDING && held.number == 1 && held.seat == 4);
}

static void repeats_are_counted_with_the_error_before(void **state)
{
    (void)state;
    begin_packet(DK_RECORD_ISSUE);
    writer.head.attempt = 2;
    snprintf(writer.head.error, sizeof writer.head.error, "DOCKET_TIMEOUT");
    put((struct dk_record_item){.key = "a"});
    hear_packet(0);
    turn();
    listen_to(0);
    assert_int_equal(heard[0].answer.attempts, 2);
    writer.head.attempt = 3;
    hear_packet(0);
    turn();
    listen_to(0);
    assert_int_equal(heard[0].answer.attempts, 3);
    assert_int_equal(look((struct dk_record_item){.key = "a"})->answer.attempts, 3);
}

static void a_settled_number_is_issued_and_held_by_nobody(void **state)
{
    (void)state;
    policy.order = DK_STRICT;
    assert_int_equal(must_get((struct dk_record_item){.key = "a"}, 1)->answer.state, DK_STATE_ISSUED);
    assert_int_equal(holds_put, 0);
    assert_int_equal(must_get((struct dk_record_item){.key = "b", .flags = DOCKET_PENDING}, 2)->answer.state,
                     DK_STATE_PENDING);
    assert_int_equal(holds_put, 1);
}

static void without_a_key_each_call_is_another_number(void **state)
{
    (void)state;
    must_get((struct dk_record_item){0}, 1);
    must_get((struct dk_record_item){0}, 2);
}

static void a_caller_that_has_gone_costs_a_number_only_where_a_retry_will_find_it(void **state)
{
    (void)state;
    ask(1, (struct dk_record_item){.key = "a"});
    ask(2, (struct dk_record_item){0});
    dk_serve_drop(&callers[1].connection);
    dk_serve_drop(&callers[2].connection);
    turn();
    assert_int_equal(callers[1].connection.parcels + callers[2].connection.parcels, 0);
    must_get((struct dk_record_item){.key = "a"}, 1);
    must_get((struct dk_record_item){.key = "b"}, 2);
}

/* ---- what is refused changes nothing ---- */

static void bad_arguments_are_told_and_spend_nothing(void **state)
{
    (void)state;
    must_refuse((struct dk_record_item){.key = " a"}, DOCKET_BAD_ARGUMENT, "key");
    must_refuse((struct dk_record_item){.key = "a", .trace = "a b"}, DOCKET_BAD_ARGUMENT, "trace");
    must_refuse((struct dk_record_item){.key = "a", .metadata = "[1]"}, DOCKET_BAD_ARGUMENT, "object");
    must_refuse((struct dk_record_item){.key = "a", .metadata = "{\"a\":1"}, DOCKET_BAD_ARGUMENT, "no JSON");
    must_refuse((struct dk_record_item){.key = "a", .metadata = "{\"a\":1,\"a\":2}"}, DOCKET_BAD_ARGUMENT, "duplicate");
    must_refuse((struct dk_record_item){.key = "a", .metadata = "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}"},
                DOCKET_BAD_ARGUMENT, "nested");
    must_refuse((struct dk_record_item){.key = "a", .flags = DOCKET_PENDING | DOCKET_SETTLED}, DOCKET_BAD_ARGUMENT, "flags");
    must_refuse((struct dk_record_item){.key = "a", .flags = 64}, DOCKET_BAD_ARGUMENT, "flags");
    must_refuse((struct dk_record_item){.key = "a", .flags = DOCKET_DETACHED}, DOCKET_BAD_ARGUMENT, "time");
    must_refuse((struct dk_record_item){.key = "a", .expires_s = DOCKET_HOLD_S_MAX + 1}, DOCKET_BAD_ARGUMENT, "held");
    must_refuse((struct dk_record_item){.key = "a", .date = 20250230}, DOCKET_BAD_DATE, "20250230");
    holder_status = DOCKET_NOT_PERMITTED;
    must_refuse((struct dk_record_item){.key = "a"}, DOCKET_NOT_PERMITTED, "sits");
    holder_status = DOCKET_OK;
    must_get((struct dk_record_item){.key = "a"}, 1);
}

static void a_period_that_gives_no_number_says_why(void **state)
{
    (void)state;
    struct dk_counter_image image = counter_of(SERIES, 2020, 5);
    const struct dk_counter_image *one = &image;
    image.mark = image.next;
    image.closed = DK_CLOSED_FOR_GOOD;
    must_commit(&(struct dk_change){.counters = &one, .counter_count = 1});
    must_refuse((struct dk_record_item){.key = "a", .date = 20200101}, DOCKET_PERIOD_CLOSED, "acme/INV/2020");
    must_refuse((struct dk_record_item){.key = "a", .date = 20990101}, DOCKET_PERIOD_NOT_OPEN, "not begun");
    policy.valid_from = 20210101;
    must_refuse((struct dk_record_item){.key = "a", .date = 20190101}, DOCKET_INTERVAL_OVER, "2021-01-01");
    policy.valid_from = 0;
    policy.order = DK_STRICT;
    policy.chronological = 1;
    must_get((struct dk_record_item){.key = "a", .date = 20220505}, 1);
    must_refuse((struct dk_record_item){.key = "b", .date = 20220504}, DOCKET_OUT_OF_ORDER, "2022-05-05");
    must_refuse((struct dk_record_item){.key = "b", .date = 20210504}, DOCKET_OUT_OF_ORDER, "2022");
    must_get((struct dk_record_item){.key = "b", .date = 20220505}, 2);
    book.record.retired_ns = 1;
    must_refuse((struct dk_record_item){.key = "c"}, DOCKET_RETIRED, "retired");
    must_get((struct dk_record_item){.key = "b"}, 2);
}

static void dates_of_one_plan_go_forward_too(void **state)
{
    (void)state;
    policy.order = DK_STRICT;
    policy.chronological = 1;
    begin_packet(DK_RECORD_ISSUE);
    put((struct dk_record_item){.key = "a", .date = 20210105});
    put((struct dk_record_item){.key = "b", .date = 20220105}); /* another period */
    put((struct dk_record_item){.key = "c", .date = 20210105});
    put((struct dk_record_item){.key = "d", .date = 20200105});
    put((struct dk_record_item){.key = "e", .date = 20220104});
    put((struct dk_record_item){.key = "f", .date = 20220106});
    hear_packet(0);
    turn();
    listen_to(0);
    assert_int_equal(heard_count, 6);
    assert_true(heard[0].answer.number == 1 && heard[1].answer.number == 1 && heard[5].answer.number == 2);
    for (int i = 2; i < 5; i++)
        assert_int_equal(heard[i].answer.status, DOCKET_OUT_OF_ORDER);
}

static void the_last_number_is_the_last(void **state)
{
    (void)state;
    last_of_policy = 2;
    must_get((struct dk_record_item){.key = "a"}, 1);
    must_get((struct dk_record_item){.key = "b"}, 2);
    must_refuse((struct dk_record_item){.key = "c"}, DOCKET_EXHAUSTED, "last number, 2");
    must_get((struct dk_record_item){.key = "b"}, 2);
    decide(DK_VERB_RELEASE, (struct dk_record_item){.period = this_year(), .number = 1});
    must_get((struct dk_record_item){.key = "c"}, 1);
}

/* ---- texts of elsewhere ---- */

static docket_status find_event(void *context, const struct dk_event *event)
{
    unsigned *count = context;
    if (strcmp(event->kind, "elsewhere") != 0)
        return DOCKET_OK;
    assert_string_equal(event->tenant, "acme");
    assert_string_equal(event->series, "INV");
    assert_string_equal(event->reason, "by hand");
    assert_int_equal(event->uid, 1000);
    (*count)++;
    return DOCKET_OK;
}

static void a_text_of_elsewhere_is_skipped_and_its_number_void(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    unsigned events = 0;
    snprintf(text, sizeof text, "%d-1", this_year());
    elsewhere(text, DOCKET_OK);
    assert_int_equal(heard[0].answer.again, 0);
    elsewhere(text, DOCKET_OK);
    assert_int_equal(heard[0].answer.again, 1);
    must_get((struct dk_record_item){.key = "a"}, 2);
    const struct heard *first = look((struct dk_record_item){.period = this_year(), .number = 1});
    assert_int_equal(first->answer.state, DK_STATE_VOID);
    assert_string_equal(first->text, text);
    assert_int_equal(dk_store_each_event(store, 1, find_event, &events), DOCKET_OK);
    assert_int_equal(events, 1); /* of the first time only */
}

static void three_texts_of_elsewhere_in_turn_are_a_collision(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    for (int i = 2; i < 6; i++) {
        snprintf(text, sizeof text, "%d-%d", this_year(), i);
        elsewhere(text, DOCKET_OK);
    }
    must_get((struct dk_record_item){.key = "a"}, 1);
    must_refuse((struct dk_record_item){.key = "b"}, DOCKET_COLLISION, text[0] ? "elsewhere" : "");
    must_get((struct dk_record_item){.key = "b"}, 6);
    assert_int_equal(look((struct dk_record_item){.period = this_year(), .number = 4})->answer.state, DK_STATE_VOID);
}

static void a_text_that_a_number_has_cannot_be_elsewheres(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    snprintf(text, sizeof text, "%d-1", this_year());
    must_get((struct dk_record_item){.key = "a"}, 1);
    elsewhere(text, DOCKET_COLLISION);
    assert_int_equal(heard[0].answer.number, 1);
    assert_string_equal(heard[0].text, text);
    decide(DK_VERB_RELEASE, (struct dk_record_item){.period = this_year(), .number = 1});
    elsewhere(text, DOCKET_OK);
    must_get((struct dk_record_item){.key = "a"}, 2);
}

static void letters_count_as_capitals(void **state)
{
    (void)state;
    elsewhere("Hand-7", DOCKET_OK);
    elsewhere("hAND-7", DOCKET_OK);
    assert_int_equal(heard[0].answer.again, 1);
    assert_string_equal(heard[0].text, "HAND-7");
    elsewhere("", DOCKET_BAD_ARGUMENT);
}

/* ---- looks ---- */

static void a_look_changes_nothing(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    snprintf(text, sizeof text, "%d-1", this_year());
    must_get((struct dk_record_item){.key = "a"}, 1);
    uint64_t commits = dk_clerk_show(docketd.clerk).commits;
    assert_int_equal(look((struct dk_record_item){.key = "a"})->answer.number, 1);
    assert_int_equal(look((struct dk_record_item){.text = text})->answer.number, 1);
    assert_int_equal(look((struct dk_record_item){.period = this_year(), .number = 1})->answer.state, DK_STATE_PENDING);
    assert_int_equal(look((struct dk_record_item){.key = "b"})->answer.status, DOCKET_NOT_HELD);
    assert_int_equal(look((struct dk_record_item){.text = "x"})->answer.status, DOCKET_NOT_OF_SERIES);
    assert_int_equal(look((struct dk_record_item){.period = this_year(), .number = 9})->answer.status, DOCKET_NOT_HELD);
    assert_int_equal(dk_clerk_show(docketd.clerk).commits, commits);
}

static void a_text_of_a_template_before_is_still_read(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    struct dk_series_record changed = book.record;
    struct dk_policy other = policy;
    const struct dk_series_record *one = &changed;
    snprintf(text, sizeof text, "%d-1", this_year());
    must_get((struct dk_record_item){.key = "a"}, 1);
    snprintf(other.template_text, sizeof other.template_text, "R{YYYY}/{N}");
    changed.policy = dk_policy_keep(&other);
    must_commit(&(struct dk_change){.changed = &one, .changed_count = 1});
    policy = other;
    snprintf(policy.template_text, sizeof policy.template_text, "R{YYYY}/{N}");
    must_get((struct dk_record_item){.key = "b"}, 2);
    assert_int_equal(look((struct dk_record_item){.text = text})->answer.number, 1);
    snprintf(text, sizeof text, "R%d/2", this_year());
    assert_int_equal(look((struct dk_record_item){.text = text})->answer.number, 2);
    snprintf(text, sizeof text, "R%d/1", this_year());
    assert_int_equal(look((struct dk_record_item){.text = text})->answer.number, 1); /* reads so, by number */
}

/* ---- many ---- */

static void thousands_go_in_one_commit_and_their_answers_in_several_packets(void **state)
{
    (void)state;
    char key[32];
    uint64_t commits = dk_clerk_show(docketd.clerk).commits;
    int packets = 4;
    for (int packet = 0; packet < packets; packet++) {
        begin_packet(DK_RECORD_ISSUE);
        for (int i = 0; i < 600; i++) {
            snprintf(key, sizeof key, "order-%d-%d", packet, i);
            put((struct dk_record_item){.key = key});
        }
        hear_packet(packet % CALLERS);
    }
    turn();
    assert_int_equal(dk_clerk_show(docketd.clerk).commits, commits + 1);
    listen_to(0);
    assert_int_equal(heard_count, 600);
    for (uint32_t i = 0; i < heard_count; i++)
        assert_int_equal(heard[i].answer.number, i + 1);
    listen_to(1);
    listen_to(2);
    listen_to(0);
    assert_int_equal(heard[599].answer.number, 2400);
    assert_int_equal(next_of(SERIES, this_year()), 2401);
}

static void a_plan_takes_so_many_items_and_the_rest_waits(void **state)
{
    (void)state;
    uint64_t commits = dk_clerk_show(docketd.clerk).commits;
    for (int packet = 0; packet < 12; packet++) {
        begin_packet(DK_RECORD_LOOK);
        writer.head.type = packet == 0 || packet == 11 ? DK_RECORD_ISSUE : DK_RECORD_LOOK;
        for (int i = 0; i < 400; i++)
            put((struct dk_record_item){.period = 1, .number = 1});
        hear_packet(0);
    }
    turn();
    assert_int_equal(callers[0].connection.parcels, 2);
    turn();
    assert_int_equal(callers[0].connection.parcels, 0);
    assert_int_equal(dk_clerk_show(docketd.clerk).commits, commits + 2);
    assert_int_equal(next_of(SERIES, this_year()), 801);
}

static void spares_stay_sorted_whatever_comes_back_when(void **state)
{
    (void)state;
    uint32_t seed = 7;
    struct dk_counter_image image = {.next = 5001};
    struct dk_plan_period period = {.image = image, .last = DOCKET_NUMBER_MAX};
    bool free_now[5001] = {false};
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1103515245u + 12345u;
        uint64_t number = 1 + (seed >> 8) % 5000;
        if (seed >> 30 != 0) {
            dk_plan_spare(&period, number);
            free_now[number] = true;
            continue;
        }
        uint64_t lowest = 1;
        while (lowest <= 5000 && !free_now[lowest])
            lowest++;
        assert_int_equal(dk_plan_lowest(&period), lowest);
        if (lowest <= 5000) {
            dk_plan_spend_lowest(&period);
            free_now[lowest] = false;
        }
    }
    uint64_t count = 0, counted = 0, before = 0;
    for (int i = 1; i <= 5000; i++)
        counted += free_now[i];
    for (uint32_t i = period.spare_from; i < period.image.spare_count; i++) {
        assert_true(period.image.spares[i].first > before + (before != 0));
        before = period.image.spares[i].last;
        count += before - period.image.spares[i].first + 1;
    }
    assert_int_equal(count, counted);
    free(period.image.spares);
}

/* ---- the bounds ---- */

static void a_parcel_beyond_the_bounds_is_overloaded_at_once(void **state)
{
    (void)state;
    for (int i = 0; i < DK_LEDGER_OF_CONNECTION; i++)
        ask(0, (struct dk_record_item){.key = "a"});
    ask(0, (struct dk_record_item){.key = "b"});
    listen_to(0);
    assert_int_equal(heard_status, DOCKET_OVERLOADED);
    assert_true(heard_count == 0 && heard_text[0] != 0);
    ask(1, (struct dk_record_item){.key = "b"});
    docketd.ledger_bytes += DK_LEDGER_BYTES_MAX;
    ask(2, (struct dk_record_item){.key = "c"});
    listen_to(2);
    assert_int_equal(heard_status, DOCKET_OVERLOADED);
    docketd.ledger_bytes -= DK_LEDGER_BYTES_MAX;
    turn();
    listen_to(1);
    assert_int_equal(heard[0].answer.number, 2);
    for (int i = 0; i < DK_LEDGER_OF_CONNECTION; i++)
        listen_to(0);
}

static void a_reader_that_does_not_read_is_dropped_and_holds_up_nobody(void **state)
{
    (void)state;
    char key[32];
    for (int packet = 0; packet < 2000 && !callers[0].connection.gone; packet++) {
        begin_packet(DK_RECORD_ISSUE);
        for (int i = 0; i < 500; i++) {
            snprintf(key, sizeof key, "k%d", i);
            put((struct dk_record_item){.key = key});
        }
        hear_packet(0);
        turn();
    }
    assert_true(callers[0].connection.gone);
    ask(1, (struct dk_record_item){.key = "k499"});
    turn();
    listen_to(1);
    assert_int_equal(heard[0].answer.number, 500);
}

static void what_is_no_packet_of_ours_costs_its_connection(void **state)
{
    (void)state;
    ask(1, (struct dk_record_item){.key = "a"});
    begin_packet(DK_RECORD_ISSUE);
    put((struct dk_record_item){.key = "b"});
    writer.bytes[0] ^= 0x40; /* its length */
    hear_packet(0);
    assert_true(callers[0].connection.gone);
    begin_packet(DK_RECORD_DECIDE);
    writer.head.verb = 9;
    put((struct dk_record_item){.number = 1});
    hear_packet(2);
    assert_true(callers[2].connection.gone);
    turn();
    listen_to(1);
    assert_int_equal(heard[0].answer.number, 1);
}

static void a_library_of_another_release_is_told_so(void **state)
{
    (void)state;
    begin_packet(DK_RECORD_ISSUE);
    writer.head.version++;
    dk_ledger_refuse(&callers[0].connection, dk_record_check(&writer.head, sizeof writer.head));
    listen_to(0);
    assert_int_equal(heard_status, DOCKET_PROTOCOL);
    assert_non_null(strstr(heard_text, "one release"));
}

static void other_packets_are_refused_as_a_whole(void **state)
{
    (void)state;
    begin_packet(DK_RECORD_ISSUE);
    snprintf(writer.head.name, sizeof writer.head.name, "OTHER");
    put((struct dk_record_item){.key = "a"});
    hear_packet(0);
    listen_to(0);
    assert_int_equal(heard_status, DOCKET_NO_SERIES);
    policy.ledger = 0;
    ask(0, (struct dk_record_item){.key = "a"});
    listen_to(0);
    assert_int_equal(heard_status, DOCKET_NOT_TRACKED);
    policy.ledger = 1;
    docketd.stopping = true;
    ask(0, (struct dk_record_item){.key = "a"});
    listen_to(0);
    assert_int_equal(heard_status, DOCKET_UNREACHABLE);
    docketd.stopping = false;
}

static void what_waits_when_docketd_stops_hears_of_it(void **state)
{
    (void)state;
    ask(0, (struct dk_record_item){.key = "a"});
    dk_ledger_turn(&docketd);
    ask(1, (struct dk_record_item){.key = "b"});
    docketd.stopping = true;
    assert_true(dk_ledger_waits(&docketd));
    finish_commits();
    dk_ledger_turn(&docketd);
    assert_false(dk_ledger_waits(&docketd));
    listen_to(0);
    assert_int_equal(heard[0].answer.number, 1);
    listen_to(1);
    assert_int_equal(heard_status, DOCKET_UNREACHABLE);
    docketd.stopping = false;
}

static void callers_that_were_just_answered_share_the_next_commit(void **state)
{
    (void)state;
    for (int i = 0; i < CALLERS; i++)
        ask(i, (struct dk_record_item){.key = i == 0 ? "a" : i == 1 ? "b" : "c"});
    turn();
    struct dk_ledger_book *asked = dk_ledger_book_of(&docketd, SERIES);
    assert_int_equal(asked->crowd, 3);
    asked->took_ns = 60 * DK_SECOND_NS; /* a slow disk, and callers of whom one does not come back */
    ask(0, (struct dk_record_item){.key = "d"});
    ask(1, (struct dk_record_item){.key = "e"});
    dk_ledger_turn(&docketd);
    assert_false(dk_ledger_is_written(&book));
    usleep(3000);
    dk_ledger_turn(&docketd);
    assert_true(dk_ledger_is_written(&book));
    finish_commits();
    assert_int_equal(asked->crowd, 2);
    for (int i = 0; i < CALLERS; i++)
        listen_to(i);
    ask(0, (struct dk_record_item){.key = "f"});
    ask(1, (struct dk_record_item){.key = "g"});
    dk_ledger_turn(&docketd);
    assert_true(dk_ledger_is_written(&book)); /* all of them are there */
    finish_commits();
}

static void a_series_that_left_memory_and_came_back_has_one_book(void **state)
{
    (void)state;
    ask(0, (struct dk_record_item){.key = "a"});
    ask(1, (struct dk_record_item){.key = "b"});
    turn();
    struct dk_ledger_book *before = dk_ledger_book_of(&docketd, SERIES);
    book.ledger = NULL;
    assert_ptr_equal(dk_ledger_book_of(&docketd, SERIES), before);
    assert_ptr_equal(book.ledger, before);
}

static void a_series_that_an_admin_holds_waits(void **state)
{
    (void)state;
    book.held = true;
    ask(0, (struct dk_record_item){.key = "a"});
    turn();
    assert_int_equal(callers[0].connection.parcels, 1);
    assert_false(dk_ledger_concerns(&book, true));
    assert_true(dk_ledger_concerns(&book, false));
    book.held = false;
    assert_true(dk_ledger_concerns(&book, true));
    turn();
    listen_to(0);
    assert_int_equal(heard[0].answer.number, 1);
}

/* ---- what is durable ---- */

static docket_status count_record(void *context, const struct dk_ledger_record *record)
{
    unsigned *count = context;
    assert_string_equal(record->key, "a");
    assert_string_equal(record->trace, "t-1");
    assert_string_equal(record->metadata, "{\"order\": 7}");
    assert_string_equal(record->host, "desk7");
    assert_int_equal(record->uid, 1000);
    assert_true(record->first_ns > 0 && record->last_ns >= record->first_ns);
    (*count)++;
    return DOCKET_OK;
}

static docket_status count_hold(void *context, const struct dk_hold_record *record)
{
    unsigned *count = context;
    assert_true(record->kind == DK_NAMED_PENDING && record->number == 1 && record->left == 1);
    (*count)++;
    return DOCKET_OK;
}

static void record_key_hold_and_image_come_in_one_commit(void **state)
{
    (void)state;
    bool found;
    unsigned records = 0, holds = 0;
    must_get((struct dk_record_item){.key = "a", .trace = "t-1", .metadata = "{\"order\": 7}"}, 1);
    dk_clerk_stop(docketd.clerk);
    crash();
    must_open();
    docketd.store = store;
    assert_int_equal(dk_clerk_start(store, facts.commit_number, &docketd.clerk, &docketd.clerk_fd), DOCKET_OK);
    assert_int_equal(dk_ledger_find(store, SERIES, this_year(), 1, count_record, &records, &found), DOCKET_OK);
    assert_true(found && records == 1);
    assert_int_equal(dk_ledger_each_hold(store, count_hold, &holds), DOCKET_OK);
    assert_int_equal(holds, 1);
    assert_int_equal(next_of(SERIES, this_year()), 2);
    assert_int_equal(must_get((struct dk_record_item){.key = "a", .metadata = "{\"order\": 7}"}, 1)->answer.again, 1);
    must_get((struct dk_record_item){.key = "b"}, 2);
    assert_sound();
}

static void runs_of_a_reservation_come_back(void **state)
{
    (void)state;
    begin_packet(DK_RECORD_RESERVE);
    put((struct dk_record_item){.hold = "batch", .count = 4});
    hear_packet(0);
    turn();
    listen_to(0);
    assert_true(heard_count == 1 && heard[0].answer.run_count == 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spares_stay_sorted_whatever_comes_back_when),
        TEST(a_key_gets_a_number_and_the_same_one_ever_after),
        TEST(two_items_of_one_plan_with_one_key_get_one_number),
        TEST(what_comes_while_a_commit_is_in_flight_waits_for_the_next_plan),
        TEST(a_key_asked_for_otherwise_is_refused_with_what_it_has),
        TEST(a_key_lives_on_in_other_periods),
        TEST(a_key_whose_number_is_void_says_so),
        TEST(a_released_number_is_the_next_one_and_its_key_gets_another),
        TEST(a_number_in_doubt_is_pending_again_for_its_key),
        TEST(repeats_are_counted_with_the_error_before),
        TEST(a_settled_number_is_issued_and_held_by_nobody),
        TEST(without_a_key_each_call_is_another_number),
        TEST(a_caller_that_has_gone_costs_a_number_only_where_a_retry_will_find_it),
        TEST(bad_arguments_are_told_and_spend_nothing),
        TEST(a_period_that_gives_no_number_says_why),
        TEST(dates_of_one_plan_go_forward_too),
        TEST(the_last_number_is_the_last),
        TEST(a_text_of_elsewhere_is_skipped_and_its_number_void),
        TEST(three_texts_of_elsewhere_in_turn_are_a_collision),
        TEST(a_text_that_a_number_has_cannot_be_elsewheres),
        TEST(letters_count_as_capitals),
        TEST(a_look_changes_nothing),
        TEST(a_text_of_a_template_before_is_still_read),
        TEST(thousands_go_in_one_commit_and_their_answers_in_several_packets),
        TEST(a_plan_takes_so_many_items_and_the_rest_waits),
        TEST(a_parcel_beyond_the_bounds_is_overloaded_at_once),
        TEST(a_reader_that_does_not_read_is_dropped_and_holds_up_nobody),
        TEST(what_is_no_packet_of_ours_costs_its_connection),
        TEST(a_library_of_another_release_is_told_so),
        TEST(other_packets_are_refused_as_a_whole),
        TEST(what_waits_when_docketd_stops_hears_of_it),
        TEST(callers_that_were_just_answered_share_the_next_commit),
        TEST(a_series_that_left_memory_and_came_back_has_one_book),
        TEST(a_series_that_an_admin_holds_waits),
        TEST(record_key_hold_and_image_come_in_one_commit),
        TEST(runs_of_a_reservation_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
