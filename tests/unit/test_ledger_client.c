/* SPDX-License-Identifier: MIT */
/* links: client/ledger.c client/ledger_ask.c client/ledger_decide.c client/ledger_line.c wire/wire.c wire/admin.c wire/packet.c wire/record.c numbering/date.c base/status.c */
/*
 * The library's calls at record speed, against a docketd of the test's own: what is sent, how often, what
 * becomes of answers that come late, in pieces, never, or make no sense; and the descriptors that it keeps.
 */
#include "ledger_server.h"

/* ---- what is sent ---- */

static void a_number_comes_and_docketd_hears_who_asks_for_what(void **state)
{
    (void)state;
    struct docket_number got;
    struct docket_issue asked = {.key = "order-1", .date = 20261124, .trace = "t-1", .metadata = "{}",
                                 .flags = DOCKET_PENDING, .expires_s = 60};
    char host[256] = "";
    assert_int_equal(docket_issue(&series, &asked, TIME, &got), DOCKET_OK);
    assert_int_equal(got.number, 1);
    assert_string_equal(got.text, "INV-000001");
    assert_string_equal(got.state, "issued");
    assert_int_equal(got.period, 2026);
    assert_int_equal(got.attempts, 1);
    gethostname(host, sizeof host - 1);
    host[DK_HOST_MAX] = 0;
    assert_string_equal(server.last.tenant, "acme");
    assert_string_equal(server.last.name, "INV");
    assert_int_equal(strncmp(server.last.host, host, DK_HOST_MAX - 1), 0);
    assert_string_equal(server.last.error, "");
    assert_int_equal(server.last.attempt, 1);
    assert_int_equal(server.last.desk, 1);
    assert_int_equal(server.last.seat, 3);
    assert_int_equal(server.last.salt, 7);
    assert_string_equal(server.last_key, "order-1");
    assert_int_equal(server.last_item.date, 20261124);
    assert_int_equal(server.last_item.flags, DOCKET_PENDING);
    assert_int_equal(server.last_item.expires_s, 60);
}

static void who_holds_nothing_says_no_seat(void **state)
{
    (void)state;
    struct docket_number got;
    struct docket_issue settled = {.flags = DOCKET_SETTLED}, detached = {.flags = DOCKET_DETACHED, .expires_s = 1};
    assert_int_equal(docket_issue(&series, &settled, TIME, &got), DOCKET_OK);
    assert_int_equal(server.last.seat, -1);
    assert_int_equal(docket_issue(&series, &detached, TIME, &got), DOCKET_OK);
    assert_int_equal(server.last.seat, -1);
    assert_int_equal(docket_settle(&series, "k", TIME), DOCKET_OK); /* who says the key needs none */
    assert_int_equal(server.last.seat, -1);
    assert_int_equal(server.last.verb, DK_VERB_SETTLE);
    assert_int_equal(docket_settle_text(&series, "INV-1", TIME), DOCKET_OK);
    assert_int_equal(server.last.seat, 3);
}

static void bad_arguments_are_refused_before_they_are_sent(void **state)
{
    (void)state;
    char long_text[DK_METADATA_MAX + 2];
    struct docket_number got;
    docket_status told;
    uint64_t numbers[2] = {0, 1};
    struct docket_reserved held;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    const struct docket_issue bad[] = {
        {.key = ""}, {.key = long_text}, {.key = "a\nb"}, {.key = " a"}, {.trace = "a b"}, {.trace = ""},
        {.metadata = long_text}, {.flags = 8}, {.flags = DOCKET_PENDING | DOCKET_SETTLED},
        {.flags = DOCKET_SETTLED | DOCKET_DETACHED, .expires_s = 1}, {.flags = DOCKET_DETACHED},
        {.expires_s = DOCKET_HOLD_S_MAX + 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (docket_issue(&series, &bad[i], TIME, &got) != DOCKET_BAD_ARGUMENT)
            fail_msg("issue %zu was taken", i);
    assert_int_equal(docket_issue(&series, &(struct docket_issue){.date = 20260230}, TIME, &got), DOCKET_BAD_DATE);
    assert_int_equal(docket_issue(NULL, &bad[0], TIME, &got), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_issue(&series, NULL, TIME, &got), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_issue(&series, &bad[0], TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, -2, &got), DOCKET_BAD_ARGUMENT);
    const struct docket_reserve bad_reserves[] = {
        {.count = 1, .expires_s = 1}, {.name = "", .count = 1, .expires_s = 1}, {.name = "n", .expires_s = 1},
        {.name = "n", .count = 1}, {.name = "n", .count = DOCKET_RESERVE_MAX + 1, .expires_s = 1},
        {.name = "n", .count = 1, .expires_s = DOCKET_HOLD_S_MAX + 1}, {.name = "n", .count = 1, .expires_s = 1, .flags = 1},
        {.name = "n", .count = 1, .expires_s = 1, .trace = "\x80"},
    };
    for (size_t i = 0; i < sizeof bad_reserves / sizeof bad_reserves[0]; i++)
        if (docket_reserve(&series, &bad_reserves[i], TIME, numbers, &held) != DOCKET_BAD_ARGUMENT)
            fail_msg("reservation %zu was taken", i);
    const struct docket_which bad_which[] = {{0}, {.key = "a", .text = "b"}, {.key = ""}, {.text = ""}, {.text = long_text},
                                             {.number = 1, .period = -1}, {.number = DOCKET_NUMBER_MAX + 1},
                                             {.text = "INV-1", .hold = ""}};
    for (size_t i = 0; i < sizeof bad_which / sizeof bad_which[0]; i++)
        if (docket_decide(&series, DOCKET_SETTLE, &bad_which[i], 1, NULL, TIME, &told) != DOCKET_OK ||
            told != DOCKET_BAD_ARGUMENT)
            fail_msg("number %zu was taken", i);
    const struct docket_which good = {.key = "k"};
    assert_int_equal(docket_decide(&series, DOCKET_VOID, &good, 1, NULL, TIME, &told), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_decide(&series, DOCKET_VOID, &good, 1, "", TIME, &told), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_decide(&series, DOCKET_SETTLE, &good, 1, "why", TIME, &told), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_decide(&series, (enum docket_verb)4, &good, 1, NULL, TIME, &told), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_decide_reserved(&series, DOCKET_SETTLE, NULL, NULL, TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_resolve(&series, DOCKET_RELEASE, -1, NULL, 0, NULL, TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_resolve(&series, DOCKET_RELEASE, -2, NULL, 0, "why", TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_resolve(&series, DOCKET_RELEASE, -1, numbers, 1, "why", TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_resolve(&series, DOCKET_RELEASE, 0, numbers, 2, "why", TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_elsewhere(&series, "", "note", TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_elsewhere(&series, "INV-1", NULL, TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(docket_elsewhere(&series, long_text, "note", TIME, NULL), DOCKET_BAD_ARGUMENT);
    assert_int_equal(server.packets, 0);
    assert_int_equal(server.connections, 0);
}

static void a_realm_in_memory_keeps_no_ledger(void **state)
{
    (void)state;
    struct docket_number got;
    realm.memory = (struct memory *)(void *)&realm;
    assert_int_equal(issue_key("k", &got), DOCKET_UNREACHABLE);
    assert_non_null(strstr(docket_last_error(), "in memory keeps no ledger"));
    assert_int_equal(docket_settle(&series, "k", TIME), DOCKET_UNREACHABLE);
    realm.memory = NULL;
}

/* ---- tries ---- */

static void an_answer_that_is_lost_is_asked_for_again_and_docketd_hears_why(void **state)
{
    (void)state;
    struct docket_number got;
    server.moves[0] = HANG_UP;
    assert_int_equal(issue_key("k", &got), DOCKET_OK);
    assert_int_equal(server.packets, 2);
    assert_int_equal(server.last.attempt, 2);
    assert_string_equal(server.last.error, "DOCKET_UNREACHABLE");
    assert_int_equal(got.attempts, 2);
}

static void without_a_key_it_is_sent_once(void **state)
{
    (void)state;
    struct docket_number got;
    server.moves[0] = HANG_UP;
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, TIME, &got), DOCKET_UNREACHABLE);
    assert_int_equal(server.packets, 1);
    assert_non_null(strstr(docket_last_error(), "without a key"));
}

static void three_tries_without_an_answer_give_up(void **state)
{
    (void)state;
    struct docket_number got;
    for (int i = 0; i < 5; i++)
        server.moves[i] = HANG_UP;
    assert_int_equal(issue_key("k", &got), DOCKET_GAVE_UP);
    assert_int_equal(server.packets, 3);
    assert_int_equal(server.last.attempt, 3);
    assert_non_null(strstr(docket_last_error(), "3 times"));
}

static void silence_is_waited_for_no_longer_than_the_caller_would(void **state)
{
    (void)state;
    struct docket_number got;
    for (int i = 0; i < 5; i++)
        server.moves[i] = SILENT;
    int64_t began_ns = dk_clock_monotonic_ns();
    docket_status status =
        docket_issue(&series, &(struct docket_issue){.key = "k"}, 700 * DK_MILLISECOND_NS, &got);
    int64_t passed_ns = dk_clock_monotonic_ns() - began_ns;
    assert_int_equal(status, DOCKET_GAVE_UP);
    assert_in_range(server.packets, 2, 3);
    assert_in_range(passed_ns, 400 * DK_MILLISECOND_NS, 1500 * DK_MILLISECOND_NS);
}

static void nobody_there_is_unreachable_and_no_try(void **state)
{
    (void)state;
    struct docket_number got;
    server.away = true;
    assert_int_equal(docket_issue(&series, &(struct docket_issue){.key = "k"}, 50 * DK_MILLISECOND_NS, &got),
                     DOCKET_UNREACHABLE);
    assert_non_null(strstr(docket_last_error(), "nothing was asked"));
}

static void *come_back(void *context)
{
    (void)context;
    struct timespec pause = {.tv_nsec = 150 * DK_MILLISECOND_NS};
    nanosleep(&pause, NULL);
    server.away = false;
    return NULL;
}

static void who_comes_back_in_time_is_asked(void **state)
{
    (void)state;
    struct docket_number got;
    pthread_t thread;
    server.away = true;
    assert_int_equal(pthread_create(&thread, NULL, come_back, NULL), 0);
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, TIME, &got), DOCKET_OK);
    pthread_join(thread, NULL);
    assert_int_equal(server.last.attempt, 1); /* nobody had heard of it */
}

static void no_time_at_all_asks_nobody(void **state)
{
    (void)state;
    struct docket_number got;
    assert_int_equal(docket_issue(&series, &(struct docket_issue){.key = "k"}, 0, &got), DOCKET_TIMEOUT);
    assert_int_equal(server.connections, 0);
}

static void what_docketd_had_no_room_for_is_sent_again_also_without_a_key(void **state)
{
    (void)state;
    struct docket_number got;
    server.moves[0] = server.moves[1] = REFUSE;
    server.refusal = DOCKET_OVERLOADED;
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, TIME, &got), DOCKET_OK);
    assert_int_equal(server.packets, 3);
    assert_string_equal(server.last.error, "DOCKET_OVERLOADED");
    assert_int_equal(server.connections, 1);
    for (int i = 3; i < 10; i++)
        server.moves[i] = REFUSE;
    assert_int_equal(issue_key("k", &got), DOCKET_OVERLOADED);
    assert_int_equal(server.packets, 6);
}

static void another_refusal_is_the_callers(void **state)
{
    (void)state;
    struct docket_number got;
    server.moves[0] = REFUSE;
    server.refusal = DOCKET_NOT_TRACKED;
    assert_int_equal(issue_key("k", &got), DOCKET_NOT_TRACKED);
    assert_string_equal(docket_last_error(), "refused by the test");
    assert_int_equal(server.packets, 1);
    server.answer = (struct dk_record_answer){.status = DOCKET_EXHAUSTED, .number = 1, .text = "", .sentence = "all gone"};
    assert_int_equal(issue_key("k", &got), DOCKET_EXHAUSTED);
    assert_string_equal(docket_last_error(), "all gone");
}

static void a_key_that_differs_tells_what_it_has(void **state)
{
    (void)state;
    struct docket_number got;
    server.answer = (struct dk_record_answer){.status = DOCKET_KEY_DIFFERS, .number = 5, .state = DK_STATE_PENDING,
                                              .text = "INV-5", .sentence = "it differs"};
    assert_int_equal(issue_key("k", &got), DOCKET_KEY_DIFFERS);
    assert_string_equal(got.text, "INV-5");
    assert_string_equal(got.state, "pending");
}

static void an_answer_that_makes_no_sense_is_refused_and_not_asked_for_again(void **state)
{
    (void)state;
    static const enum move moves[] = {SHORT, WRONG_TAG, TORN};
    char long_text[DOCKET_TEXT_MAX + 1];
    struct docket_number got;
    memset(long_text, 'x', DOCKET_TEXT_MAX);
    long_text[DOCKET_TEXT_MAX] = 0;
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        server.moves[server.packets] = moves[i];
        assert_int_equal(issue_key("k", &got), DOCKET_PROTOCOL);
    }
    const struct dk_record_answer bad[] = {
        {.number = DOCKET_NUMBER_MAX + 1, .text = "x"}, {.number = 1, .state = DK_STATE_COUNT, .text = "x"},
        {.number = 1, .text = long_text}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        server.answer = bad[i];
        assert_int_equal(issue_key("k", &got), DOCKET_PROTOCOL);
    }
    assert_int_equal(server.packets, 6);
}

static void a_seat_that_docketd_does_not_know_is_taken_anew(void **state)
{
    (void)state;
    struct docket_number got;
    server.salt_known = 99;
    assert_int_equal(issue_key("k", &got), DOCKET_OK);
    assert_int_equal(hands_bound, 1);
    assert_int_equal(server.packets, 2);
    assert_int_equal(server.last.attempt, 1); /* nothing was done */
    server.salt_known = 5; /* and if that is not it, the refusal stands */
    assert_int_equal(issue_key("k", &got), DOCKET_NOT_PERMITTED);
    assert_int_equal(hands_bound, 1);
}

/* ---- many ---- */

enum { MANY = 3000 };
static struct docket_issue many[MANY];
static struct docket_number many_got[MANY];
static docket_status many_told[MANY];
static char many_keys[MANY][16];

static void make_many(bool keys)
{
    memset(many, 0, sizeof many);
    memset(many_got, 0, sizeof many_got);
    for (int i = 0; i < MANY; i++) {
        snprintf(many_keys[i], sizeof many_keys[i], "k-%d", i);
        many[i].key = keys ? many_keys[i] : NULL;
        many_told[i] = (docket_status)77;
    }
}

static void many_numbers_come_in_few_packets_and_each_in_its_place(void **state)
{
    (void)state;
    make_many(true);
    many[17].key = "\n";
    assert_int_equal(docket_issue_many(&series, many, MANY, TIME, many_got, many_told), DOCKET_OK);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(many_told[i], i == 17 ? DOCKET_BAD_ARGUMENT : DOCKET_OK);
        assert_int_equal(many_got[i].number, i == 17 ? 0 : i + (i < 17));
    }
    assert_in_range(server.packets, MANY / 256, MANY / 200);
    assert_int_equal(server.connections, 1);
}

static void several_packets_are_on_their_way_but_no_more_than_answers_fit(void **state)
{
    (void)state;
    make_many(true);
    server.late = true;
    assert_int_equal(docket_issue_many(&series, many, 1000, TIME, many_got, many_told), DOCKET_OK);
    assert_in_range(server.most_waiting, 257, 512);
    assert_int_equal(server.given, 1000);
}

static void answers_may_come_in_pieces(void **state)
{
    (void)state;
    make_many(false);
    for (int i = 0; i < 64; i++)
        server.moves[i] = IN_PIECES;
    assert_int_equal(docket_issue_many(&series, many, 700, TIME, many_got, many_told), DOCKET_OK);
    for (int i = 0; i < 700; i++)
        assert_int_equal(many_got[i].number, i + 1);
}

static void what_was_answered_is_not_asked_for_again(void **state)
{
    (void)state;
    make_many(true);
    server.moves[2] = HANG_UP;
    assert_int_equal(docket_issue_many(&series, many, 1000, TIME, many_got, many_told), DOCKET_OK);
    assert_int_equal(server.last.attempt, 2);
    assert_in_range(server.given, 1000, 1000 + 512);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(many_told[i], DOCKET_OK);
        for (int other = i > 3 ? i - 3 : 0; other < i; other++)
            assert_int_not_equal(many_got[i].number, many_got[other].number);
    }
}

static void without_keys_what_was_sent_and_not_answered_is_lost_and_said_so(void **state)
{
    (void)state;
    make_many(false);
    server.moves[2] = HANG_UP;
    assert_int_equal(docket_issue_many(&series, many, 1000, TIME, many_got, many_told), DOCKET_UNREACHABLE);
    assert_in_range(server.packets, 3, 4);
}

static void each_of_many_has_its_own_status(void **state)
{
    (void)state;
    make_many(true);
    server.fail_from = 600;
    server.fail_with = DOCKET_EXHAUSTED;
    assert_int_equal(docket_issue_many(&series, many, 1000, TIME, many_got, many_told), DOCKET_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(many_told[i], i < 600 ? DOCKET_OK : DOCKET_EXHAUSTED);
    assert_int_equal(many_got[999].number, 0);
}

/* ---- decisions ---- */

static void a_decision_whose_answer_was_lost_is_told_as_done(void **state)
{
    (void)state;
    server.answer.status = DOCKET_ALREADY_SETTLED;
    assert_int_equal(docket_settle(&series, "k", TIME), DOCKET_ALREADY_SETTLED);
    server.moves[1] = HANG_UP;
    assert_int_equal(docket_settle(&series, "k", TIME), DOCKET_OK); /* the first try was it */
    docket_status told;
    server.moves[3] = HANG_UP;
    assert_int_equal(docket_decide(&series, DOCKET_RELEASE, &(struct docket_which){.key = "k"}, 1, NULL, TIME, &told),
                     DOCKET_OK);
    assert_int_equal(told, DOCKET_ALREADY_SETTLED); /* that is something else */
}

static void a_decision_says_which_and_why(void **state)
{
    (void)state;
    docket_status told[2];
    const struct docket_which which[] = {{.key = "a"}, {.number = 9, .period = 2026, .hold = "batch"}};
    assert_int_equal(docket_decide(&series, DOCKET_VOID, which, 2, "typed twice", TIME, told), DOCKET_OK);
    assert_int_equal(server.last.verb, DK_VERB_VOID);
    assert_string_equal(server.last_reason, "typed twice");
    assert_string_equal(server.last_hold, "batch");
    assert_int_equal(server.last_item.number, 9);
    assert_int_equal(server.last_item.period, 2026);
    assert_int_equal(server.last.flags, 0);
}

static void a_reservation_tells_its_numbers(void **state)
{
    (void)state;
    static const struct dk_record_run runs[] = {{2, 2}, {5, 7}};
    uint64_t numbers[5] = {0};
    struct docket_reserved held;
    struct docket_reserve asked = {.name = "batch", .count = 4, .expires_s = 60};
    server.answer = (struct dk_record_answer){.period = 2026, .date = 20261124, .expires_ns = 5, .text = "", .sentence = "",
                                              .runs = runs, .run_count = 2};
    assert_int_equal(docket_reserve(&series, &asked, TIME, numbers, &held), DOCKET_OK);
    static const uint64_t expected[] = {2, 5, 6, 7, 0};
    assert_memory_equal(numbers, expected, sizeof expected);
    assert_int_equal(held.count, 4);
    assert_int_equal(held.expires_ns, 5);
    assert_string_equal(server.last_hold, "batch");
    asked.count = 3;
    assert_int_equal(docket_reserve(&series, &asked, TIME, numbers, &held), DOCKET_PROTOCOL); /* there is no room */
    server.answer.status = DOCKET_KEY_DIFFERS;
    numbers[0] = 77;
    assert_int_equal(docket_reserve(&series, &asked, TIME, numbers, &held), DOCKET_KEY_DIFFERS);
    assert_int_equal(held.count, 4);
    assert_int_equal(numbers[0], 77);
    static const struct dk_record_run huge[] = {{1, DOCKET_NUMBER_MAX}};
    server.answer = (struct dk_record_answer){.text = "", .sentence = "", .runs = huge, .run_count = 1};
    assert_int_equal(docket_reserve(&series, &asked, TIME, numbers, &held), DOCKET_PROTOCOL);
}

static void numbers_in_doubt_are_resolved_one_by_one(void **state)
{
    (void)state;
    const uint64_t numbers[] = {4, 8};
    uint64_t done = 77;
    assert_int_equal(docket_resolve(&series, DOCKET_RELEASE, 2026, numbers, 2, "they left", TIME, &done), DOCKET_OK);
    assert_int_equal(done, 2);
    assert_int_equal(server.last.flags, DK_RECORD_RESOLVE);
    assert_int_equal(server.last_item.number, 8);
    server.answer.status = DOCKET_NOT_PERMITTED;
    assert_int_equal(docket_resolve(&series, DOCKET_RELEASE, 2026, numbers, 2, "they left", TIME, &done), DOCKET_NOT_PERMITTED);
    assert_int_equal(done, 0);
}

/* ---- descriptors ---- */

static void a_connection_is_kept_and_used_again(void **state)
{
    (void)state;
    struct docket_number got;
    for (int i = 0; i < 5; i++)
        assert_int_equal(issue_key("k", &got), DOCKET_OK);
    assert_int_equal(server.connections, 1);
    assert_non_null(realm.live->lines);
}

static void a_descriptor_that_the_program_closed_or_reused_is_not_touched(void **state)
{
    (void)state;
    struct docket_number got;
    assert_int_equal(issue_key("k", &got), DOCKET_OK);
    int kept = realm.live->lines->fd;
    int file = memfd_create("the program's own", MFD_CLOEXEC);
    assert_int_equal(dup2(file, kept), kept); /* closed, and another's by now */
    assert_int_equal(issue_key("k", &got), DOCKET_OK);
    assert_int_equal(server.connections, 2);
    assert_int_equal(lseek(file, 0, SEEK_END), 0);
    assert_true(fcntl(kept, F_GETFD) >= 0);
    assert_int_not_equal(realm.live->lines->fd, kept);
    int second = realm.live->lines->fd, ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    assert_int_equal(dup2(ends[0], second), second); /* a socket, but not that one */
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, TIME, &got), DOCKET_OK);
    char byte;
    assert_int_equal(recv(ends[1], &byte, 1, MSG_DONTWAIT), -1);
    int third = realm.live->lines->fd;
    close(third);
    dk_lines_end(&realm);
    realm.live->lines = NULL;
    assert_true(fcntl(second, F_GETFD) >= 0);
    close(kept);
    close(second);
    close(ends[0]);
    close(ends[1]);
    close(file);
}

static void a_connection_that_ended_at_rest_is_no_try_also_without_a_key(void **state)
{
    (void)state;
    struct docket_number got;
    assert_int_equal(issue_key("k", &got), DOCKET_OK);
    shutdown(realm.live->lines->fd, SHUT_RDWR); /* as if docketd had gone and come back */
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, TIME, &got), DOCKET_OK);
    assert_int_equal(server.last.attempt, 1);
    assert_int_equal(server.connections, 2);
}

static void who_is_turned_away_comes_again_and_without_a_key_has_sent_nothing(void **state)
{
    (void)state;
    struct docket_number got;
    server.turned_away = 5;
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, TIME, &got), DOCKET_OK);
    assert_int_equal(server.connections, 6);
    assert_int_equal(server.hellos, 1);
    assert_int_equal(server.last.attempt, 1);
    assert_int_equal(docket_issue(&series, &(struct docket_issue){0}, TIME, &got), DOCKET_OK);
    assert_int_equal(server.hellos, 1); /* on a connection that has answered none is wanted */
    dk_line_hang_up(realm.live->lines);
    server.turned_away = 1;
    assert_int_equal(issue_key("k", &got), DOCKET_OK); /* with a key none ever is */
    assert_int_equal(server.hellos, 1);
}

static void a_child_makes_its_own(void **state)
{
    (void)state;
    struct docket_number got;
    int result;
#ifdef __SANITIZE_THREAD__
    skip(); /* it lets no child of a program with threads make one */
#endif
    assert_int_equal(issue_key("k", &got), DOCKET_OK);
    pid_t child = fork();
    if (child == 0)
        memset(&server.lock, 0, sizeof server.lock); /* a thread of the parent's docketd may have had it */
    if (child == 0)
        _exit(realm.live->lines == NULL && realm.live->line_count == 0 && issue_key("k", &got) == DOCKET_OK &&
                      server.connections == 2
                  ? 0
                  : 1);
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_int_equal(issue_key("k", &got), DOCKET_OK);
    assert_int_equal(server.connections, 1);
}

static void a_call_inside_a_call_of_its_thread_is_busy(void **state)
{
    (void)state;
    struct docket_number got;
    inside = true;
    assert_int_equal(issue_key("k", &got), DOCKET_BUSY);
    inside = false;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_comes_and_docketd_hears_who_asks_for_what),
        TEST(who_holds_nothing_says_no_seat),
        TEST(bad_arguments_are_refused_before_they_are_sent),
        TEST(a_realm_in_memory_keeps_no_ledger),
        TEST(an_answer_that_is_lost_is_asked_for_again_and_docketd_hears_why),
        TEST(without_a_key_it_is_sent_once),
        TEST(three_tries_without_an_answer_give_up),
        TEST(silence_is_waited_for_no_longer_than_the_caller_would),
        TEST(nobody_there_is_unreachable_and_no_try),
        TEST(who_comes_back_in_time_is_asked),
        TEST(no_time_at_all_asks_nobody),
        TEST(what_docketd_had_no_room_for_is_sent_again_also_without_a_key),
        TEST(another_refusal_is_the_callers),
        TEST(a_key_that_differs_tells_what_it_has),
        TEST(an_answer_that_makes_no_sense_is_refused_and_not_asked_for_again),
        TEST(a_seat_that_docketd_does_not_know_is_taken_anew),
        TEST(many_numbers_come_in_few_packets_and_each_in_its_place),
        TEST(several_packets_are_on_their_way_but_no_more_than_answers_fit),
        TEST(answers_may_come_in_pieces),
        TEST(what_was_answered_is_not_asked_for_again),
        TEST(without_keys_what_was_sent_and_not_answered_is_lost_and_said_so),
        TEST(each_of_many_has_its_own_status),
        TEST(a_decision_whose_answer_was_lost_is_told_as_done),
        TEST(a_decision_says_which_and_why),
        TEST(a_reservation_tells_its_numbers),
        TEST(numbers_in_doubt_are_resolved_one_by_one),
        TEST(a_connection_is_kept_and_used_again),
        TEST(a_descriptor_that_the_program_closed_or_reused_is_not_touched),
        TEST(a_connection_that_ended_at_rest_is_no_try_also_without_a_key),
        TEST(who_is_turned_away_comes_again_and_without_a_key_has_sent_nothing),
        TEST(a_child_makes_its_own),
        TEST(a_call_inside_a_call_of_its_thread_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
