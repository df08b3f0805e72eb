/* SPDX-License-Identifier: MIT */
/*
 * docket-library: the public functions from inside a process: bad arguments,
 * signals, forks, threads, descriptors, restarts.
 *
 *     docket-library REALM CASE [ARGUMENT]    one case; "docket-library list" names them
 *
 * A case that needs docketd stopped or started asks for it: it makes the file
 * $STEPS/NAME and goes on when NAME is gone.
 * Exit: 0 as it should be, 1 not (a sentence says what), 2 usage.
 */
#include "docket.h"
#include "docket_admin.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SEEN_MAX = 1 << 22, SHOWN = 8 };

#define SECOND_NS ((int64_t)1000000000)

static const char *realm_directory;
static const char *argument; /* of the case */
static docket_realm *realm;
static unsigned wrong;

/* ---- helpers ---- */

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
    va_list arguments;
    if (wrong++ >= SHOWN)
        return;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

static bool expect(docket_status got, docket_status wanted, const char *what)
{
    if (got != wanted)
        complain("%s: %s, wanted %s (%s)", what, docket_status_name(got), docket_status_name(wanted),
                 got == DOCKET_OK ? "" : docket_last_error());
    return got == wanted;
}

static bool must(docket_status got, const char *what)
{
    return expect(got, DOCKET_OK, what);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void open_realm(void)
{
    if (!must(docket_realm_open(realm_directory, &realm), "realm_open"))
        exit(1);
}

static docket_series *series_of(const char *name, const char *order, uint32_t window)
{
    struct docket_policy policy = {.order = order, .window = window};
    docket_series *series = NULL;
    if (!must(docket_admin_series_add(realm, "lib", name, &policy), name) ||
        !must(docket_series_open(realm, "lib", name, &series), name))
        exit(1);
    return series;
}

/* Both order modes of a case: NAME-strict and NAME-leased. */
static docket_series *series_in(const char *name, int mode)
{
    char whole[DOCKET_NAME_MAX + 1];
    snprintf(whole, sizeof whole, "%s-%s", name, mode == 0 ? "strict" : "leased");
    return series_of(whole, mode == 0 ? "strict" : "leased", 0);
}

static uint64_t peek_of(docket_series *series)
{
    uint64_t number = 0;
    must(docket_peek(series, &number, NULL), "peek");
    return number;
}

/* Numbers that were given, in memory that children share. */
static _Atomic uint8_t *seen;

static void forget_seen(void)
{
    if (seen == NULL)
        seen = mmap(NULL, SEEN_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset((void *)(uintptr_t)seen, 0, SEEN_MAX);
}

/* Only counts: fit for a signal handler. */
static void note(uint64_t number)
{
    if (number < SEEN_MAX)
        atomic_fetch_add(&seen[number], 1);
}

/* How many were given; complains of each that was given twice. */
static uint64_t count_seen(const char *what)
{
    uint64_t count = 0;
    for (uint64_t number = 0; number < SEEN_MAX; number++) {
        count += seen[number] > 0;
        if (seen[number] > 1)
            complain("%s: number %llu was given %d times", what, (unsigned long long)number, seen[number]);
    }
    return count;
}

static bool take(docket_series *series, const char *what)
{
    uint64_t number = 0;
    if (!must(docket_next(series, 10 * SECOND_NS, &number, NULL), what))
        return false;
    note(number);
    return true;
}

static void take_many(docket_series *series, unsigned count, const char *what)
{
    while (count-- > 0 && take(series, what))
        ;
}

static void await_child(pid_t child, const char *what)
{
    int ended = 0;
    if (child < 0 || waitpid(child, &ended, 0) != child || ended != 0)
        complain("%s: the child ended with %#x", what, (unsigned)ended);
}

/* Asks the script for a step, and waits until it is done. */
static void step(const char *name)
{
    char path[512];
    const char *folder = getenv("STEPS");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : ".", name);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    for (int turns = 0; access(path, F_OK) == 0; turns++) {
        usleep(5000);
        if (turns > 6000) {
            complain("nobody did the step %s", name);
            exit(1);
        }
    }
}

/* ---- bad arguments ---- */

static void bad_realms(void)
{
    docket_realm *opened = (docket_realm *)&wrong;
    char deep[5000];
    memset(deep, 'x', sizeof deep);
    deep[0] = '/';
    deep[sizeof deep - 1] = 0;
    expect(docket_realm_open(NULL, &opened), DOCKET_BAD_ARGUMENT, "realm_open(NULL)");
    expect(docket_realm_open("", &opened), DOCKET_BAD_ARGUMENT, "realm_open of an empty name");
    expect(docket_realm_open(realm_directory, NULL), DOCKET_BAD_ARGUMENT, "realm_open to nowhere");
    expect(docket_realm_open("/nowhere/at/all", &opened), DOCKET_NO_REALM, "realm_open of an absent directory");
    expect(docket_realm_open("/dev/null", &opened), DOCKET_NO_REALM, "realm_open of a file");
    expect(docket_realm_open("/proc", &opened), DOCKET_NO_REALM, "realm_open of a directory without a store");
    if (docket_realm_open(deep, &opened) == DOCKET_OK)
        complain("realm_open of 5000 bytes succeeded");
    if (opened != (docket_realm *)&wrong)
        complain("a failed realm_open wrote its result");
    docket_realm_close(NULL);
}

static void bad_next(docket_series *series)
{
    uint64_t number = 77;
    int32_t period = 78;
    char text[DOCKET_TEXT_MAX] = "untouched";
    expect(docket_next(NULL, 0, &number, &period), DOCKET_BAD_ARGUMENT, "next(NULL)");
    expect(docket_next(series, 0, NULL, &period), DOCKET_BAD_ARGUMENT, "next to nowhere");
    expect(docket_next(series, -2, &number, &period), DOCKET_BAD_ARGUMENT, "next with timeout -2");
    expect(docket_next(series, INT64_MIN, &number, &period), DOCKET_BAD_ARGUMENT, "next with the least timeout");
    expect(docket_next_text(NULL, 0, text, sizeof text, &number, &period), DOCKET_BAD_ARGUMENT, "next_text(NULL)");
    expect(docket_next_text(series, 0, NULL, 99, &number, &period), DOCKET_BAD_ARGUMENT, "next_text to nowhere");
    expect(docket_next_text(series, -2, text, sizeof text, &number, &period), DOCKET_BAD_ARGUMENT,
           "next_text with timeout -2");
    for (size_t size = 0; size < docket_text_size(series); size++)
        expect(docket_next_text(series, 0, text, size, &number, &period), DOCKET_BUFFER_TOO_SMALL,
               "next_text with a buffer too small");
    expect(docket_peek(NULL, &number, &period), DOCKET_BAD_ARGUMENT, "peek(NULL)");
    expect(docket_peek(series, NULL, &period), DOCKET_BAD_ARGUMENT, "peek to nowhere");
    expect(docket_supply(NULL, &number), DOCKET_BAD_ARGUMENT, "supply(NULL)");
    expect(docket_supply(series, NULL), DOCKET_BAD_ARGUMENT, "supply to nowhere");
    if (number != 77 || period != 78 || strcmp(text, "untouched") != 0)
        complain("a refused call wrote a result");
    if (docket_text_size(NULL) != DOCKET_TEXT_MAX)
        complain("text_size(NULL) is %zu", docket_text_size(NULL));
}

static void bad_blocks(docket_series *series)
{
    docket_block *block = (docket_block *)&wrong;
    const uint32_t counts[] = {0, DOCKET_BLOCK_MAX + 1, UINT32_MAX};
    expect(docket_block_open(NULL, 5, 0, &block), DOCKET_BAD_ARGUMENT, "block_open(NULL)");
    expect(docket_block_open(series, 5, 0, NULL), DOCKET_BAD_ARGUMENT, "block_open to nowhere");
    expect(docket_block_open(series, 5, -2, &block), DOCKET_BAD_ARGUMENT, "block_open with timeout -2");
    for (int i = 0; i < 3; i++)
        expect(docket_block_open(series, counts[i], 0, &block), DOCKET_BAD_COUNT, "block_open of a bad count");
    if (block != (docket_block *)&wrong)
        complain("a refused block_open wrote its result");
    expect(docket_block_show(NULL, NULL, NULL, NULL), DOCKET_BAD_ARGUMENT, "block_show(NULL)");
    expect(docket_block_next(NULL, &(uint64_t){0}), DOCKET_BAD_ARGUMENT, "block_next(NULL)");
    expect(docket_block_next_text(NULL, (char[DOCKET_TEXT_MAX]){0}, DOCKET_TEXT_MAX, NULL), DOCKET_BAD_ARGUMENT,
           "block_next_text(NULL)");
    expect(docket_block_take_all(NULL, &(uint64_t){0}, &(uint32_t){0}), DOCKET_BAD_ARGUMENT, "block_take_all(NULL)");
    must(docket_block_give_back(NULL, NULL), "block_give_back(NULL)");
}

/* Of an open block: nothing is taken, and all of it comes back. */
static void bad_in_block(docket_series *series)
{
    docket_block *block = NULL;
    uint64_t number = 77;
    uint32_t left = 0, returned = 0;
    char text[DOCKET_TEXT_MAX] = "untouched";
    if (!must(docket_block_open(series, 5, 10 * SECOND_NS, &block), "block_open"))
        return;
    expect(docket_block_next(block, NULL), DOCKET_BAD_ARGUMENT, "block_next to nowhere");
    expect(docket_block_next_text(block, NULL, 99, &number), DOCKET_BAD_ARGUMENT, "block_next_text to nowhere");
    expect(docket_block_next_text(block, text, docket_text_size(series) - 1, &number), DOCKET_BUFFER_TOO_SMALL,
           "block_next_text with a buffer too small");
    expect(docket_block_next_text(block, text, 0, &number), DOCKET_BUFFER_TOO_SMALL, "block_next_text without room");
    expect(docket_block_take_all(block, NULL, &left), DOCKET_BAD_ARGUMENT, "block_take_all without first");
    expect(docket_block_take_all(block, &number, NULL), DOCKET_BAD_ARGUMENT, "block_take_all without count");
    must(docket_block_show(block, NULL, &left, NULL), "block_show");
    must(docket_block_give_back(block, &returned), "block_give_back");
    if (left != 5 || returned != 5 || number != 77 || strcmp(text, "untouched") != 0)
        complain("a refused call on a block took something: left %u, returned %u", left, returned);
}

static void bad_arguments(void)
{
    open_realm();
    bad_realms();
    docket_series *opened = (docket_series *)&wrong;
    expect(docket_series_open(NULL, "lib", "x", &opened), DOCKET_BAD_ARGUMENT, "series_open(NULL)");
    expect(docket_series_open(realm, NULL, "x", &opened), DOCKET_BAD_ARGUMENT, "series_open without tenant");
    expect(docket_series_open(realm, "lib", NULL, &opened), DOCKET_BAD_ARGUMENT, "series_open without name");
    expect(docket_series_open(realm, "lib", "x", NULL), DOCKET_BAD_ARGUMENT, "series_open to nowhere");
    if (opened != (docket_series *)&wrong)
        complain("a refused series_open wrote its result");
    for (int mode = 0; mode < 2; mode++) {
        docket_series *series = series_in("bad", mode);
        uint64_t supply, supply_after, before;
        take(series, "next");
        before = peek_of(series);
        must(docket_supply(series, &supply), "supply");
        bad_next(series);
        bad_blocks(series);
        must(docket_supply(series, &supply_after), "supply");
        if (peek_of(series) != before || supply_after < supply)
            complain("refused calls burnt a number: next was %llu and is %llu", (unsigned long long)before,
                     (unsigned long long)peek_of(series));
        bad_in_block(series);
    }
}

static int no_row(void *context, const struct docket_fate_row *row)
{
    (void)context;
    (void)row;
    return 0;
}

static void bad_admin(void)
{
    static const struct docket_policy bad[] = {
        {.order = "gapfree"},     {.order = ""},           {.restart = "hourly"},      {.restart = ""},
        {.template_text = ""},    {.template_text = "X"},  {.template_text = "{N}{N}"}, {.window = 15},
        {.window = 250001},       {.window = UINT32_MAX},  {.start_after = DOCKET_NUMBER_MAX},
        {.start_after = UINT64_MAX},
        {.zone = "Nowhere//x"},   {.fiscal_year = "smarch"}, {.at_end = "wrap"},       {.release = ""},
        {.chronological = "1"},   {.documents = "all"},    {.profile = "atlantis"},    {.last = "0"},
        {.valid_from = "2026-02-30"}, {.valid_to = ""},    {.warn = "100"},            {.close_after = "soon"},
        {.prefix = "a b"},        {.fields = "a"},         {.profile = "in-gst"},      {.prefix = "a\norder=leased"},
        {.ledger = "yes"},        {.on_expiry = "free"},   {.order = "leased", .ledger = "on"},
        {.order = "gapless", .ledger = "off"},             {.ledger = "on", .on_expiry = "free", .profile = "uk"},
        {.profile = "fr", .order = "leased"},              {.template_text = "{N}\nwindow=16\n"},
        {.template_text = "{SERIES}-{YYYY}-{N}-0123456789012345678901234567890123456789012345678"}};
    open_realm();
    expect(docket_admin_series_add(NULL, "lib", "x", NULL), DOCKET_BAD_ARGUMENT, "series_add(NULL)");
    expect(docket_admin_series_add(realm, NULL, "x", NULL), DOCKET_BAD_ARGUMENT, "series_add without tenant");
    expect(docket_admin_series_add(realm, "lib", NULL, NULL), DOCKET_BAD_ARGUMENT, "series_add without name");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char what[40];
        snprintf(what, sizeof what, "series_add of bad policy %zu", i);
        expect(docket_admin_series_add(realm, "lib", "badpolicy", &bad[i]), DOCKET_BAD_POLICY, what);
    }
    expect(docket_admin_fate(realm, "lib", "badpolicy", -1, no_row, NULL), DOCKET_NO_SERIES,
           "fate of a series that was refused");
    expect(docket_admin_fate(NULL, NULL, NULL, -1, no_row, NULL), DOCKET_BAD_ARGUMENT, "fate(NULL)");
    expect(docket_admin_fate(realm, NULL, "INV", -1, no_row, NULL), DOCKET_BAD_ARGUMENT, "fate of half a name");
    expect(docket_admin_fate(realm, NULL, "x", -1, no_row, NULL), DOCKET_BAD_ARGUMENT, "fate of the other half");
    expect(docket_admin_fate(realm, NULL, NULL, -1, NULL, NULL), DOCKET_BAD_ARGUMENT, "fate to nobody");
    must(docket_admin_series_add(realm, "lib", "again", NULL), "series_add");
    must(docket_admin_series_add(realm, "lib", "again", NULL), "series_add of the same again");
    expect(docket_admin_series_add(realm, "lib", "again", &(struct docket_policy){.order = "leased"}), DOCKET_EXISTS,
           "series_add of the same name with another order");
    expect(docket_admin_series_add(realm, "lib", "again", &(struct docket_policy){.start_after = 500}), DOCKET_EXISTS,
           "series_add of the same name with another start");
}

static int no_event(void *context, const struct docket_event *event)
{
    (void)context;
    (void)event;
    return 0;
}

static void bad_decisions(void)
{
    static const struct docket_counter_name good = {"lib", "decided", -1}, other = {"lib", "nobody", -1};
    static const struct docket_counter_name odd[] = {{"", "x", -1}, {"lib", "a/b", -1}, {NULL, "x", -1},
                                                     {"lib", NULL, -1}};
    const struct docket_policy policy = {.window = 100}, unknown = {.order = "loose"};
    const struct docket_event_choice many = {.limit = 10001};
    char long_reason[202];
    uint64_t records;
    memset(long_reason, 'x', 201);
    long_reason[201] = 0;
    open_realm();
    must(docket_admin_series_add(realm, "lib", "decided", NULL), "series_add");
    expect(docket_admin_void(NULL, &good, 1, 1, "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void(NULL)");
    expect(docket_admin_void(realm, NULL, 1, 1, "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void of nothing");
    expect(docket_admin_void(realm, &good, 1, 1, NULL, 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void without a reason");
    expect(docket_admin_void(realm, &good, 1, 1, "", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void with an empty reason");
    expect(docket_admin_void(realm, &good, 1, 1, long_reason, 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void, long reason");
    expect(docket_admin_void(realm, &good, 1, 1, "r", 2, NULL, NULL), DOCKET_BAD_ARGUMENT, "void with a strange flag");
    expect(docket_admin_void(realm, &good, 0, 1, "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void from 0");
    expect(docket_admin_void(realm, &good, 2, 1, "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void upside down");
    expect(docket_admin_void(realm, &good, 1, UINT64_MAX, "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "void to the end");
    expect(docket_admin_void(realm, &good, 1, 1, "r", 0, NULL, NULL), DOCKET_REFUSED, "void of what is laid");
    expect(docket_admin_void(realm, &other, 1, 1, "r", 0, NULL, NULL), DOCKET_NO_SERIES, "void of nobody's");
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        expect(docket_admin_void(realm, &odd[i], 1, 1, "r", 0, NULL, NULL), DOCKET_BAD_NAME, "void of an odd name");
    expect(docket_admin_reconcile(realm, &good, NULL, 1, NULL, 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "no evidence");
    expect(docket_admin_reconcile(realm, &good, "x", DOCKET_EVIDENCE_MAX + 1, NULL, 0, NULL, NULL), DOCKET_BAD_ARGUMENT,
           "evidence without an end");
    expect(docket_admin_reconcile(realm, &good, "", 0, NULL, DOCKET_VOID_REST, NULL, NULL), DOCKET_BAD_ARGUMENT,
           "void the rest without a reason");
    expect(docket_admin_reconcile(realm, &good, "\0\n", 2, NULL, 0, NULL, NULL), DOCKET_REFUSED, "evidence with a zero");
    must(docket_admin_reconcile(realm, &good, NULL, 0, NULL, 0, NULL, NULL), "reconcile by nothing");
    expect(docket_admin_series_advance(realm, &good, 0, "r", NULL, NULL), DOCKET_BAD_ARGUMENT, "advance to 0");
    expect(docket_admin_series_advance(realm, &good, UINT64_MAX, "r", NULL, NULL), DOCKET_BAD_ARGUMENT, "advance too far");
    expect(docket_admin_series_advance_text(realm, &good, NULL, "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "advance to no text");
    expect(docket_admin_series_advance_text(realm, &good, "5", "r", 2, NULL, NULL), DOCKET_BAD_ARGUMENT, "advance with a flag");
    expect(docket_admin_series_advance_text(realm, &good, "", "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "advance to an empty text");
    expect(docket_admin_series_advance_text(realm, &good, "5\nwindow=16", "r", 0, NULL, NULL), DOCKET_BAD_ARGUMENT,
           "advance to two lines");
    expect(docket_admin_series_advance_text(realm, &good, "nothing-of-ours", "r", 0, NULL, NULL), DOCKET_NOT_OF_SERIES,
           "advance to a foreign text");
    expect(docket_admin_series_retire(realm, "lib", "nobody", "r"), DOCKET_NO_SERIES, "retire nobody");
    expect(docket_admin_series_retire(realm, "lib", "decided", NULL), DOCKET_BAD_ARGUMENT, "retire without a reason");
    expect(docket_admin_series_set(realm, "lib", "decided", NULL, 0, NULL, 0, NULL, NULL), DOCKET_BAD_ARGUMENT, "set nothing");
    expect(docket_admin_series_set(realm, "lib", "decided", &unknown, 0, NULL, 0, NULL, NULL), DOCKET_BAD_POLICY, "set loose");
    expect(docket_admin_series_set(realm, "lib", "nobody", &policy, 0, NULL, 0, NULL, NULL), DOCKET_NO_SERIES, "set nobody");
    expect(docket_admin_drain(realm, "nowhere", NULL, NULL), DOCKET_BAD_ARGUMENT, "drain nowhere");
    expect(docket_admin_drain(NULL, NULL, NULL, NULL), DOCKET_BAD_ARGUMENT, "drain(NULL)");
    const struct docket_counter_name current = {"acme", "INV", -1}, never = {"acme", "INV", 0};
    int is_closed = 7;
    expect(docket_admin_period_list(realm, "acme", "INV", NULL, NULL), DOCKET_BAD_ARGUMENT, "period_list to nobody");
    expect(docket_admin_period_close(realm, &current, "x", &is_closed, NULL, NULL), DOCKET_BAD_ARGUMENT,
           "period_close of the current one");
    expect(docket_admin_period_close(realm, &never, "x", &is_closed, NULL, NULL), DOCKET_BAD_ARGUMENT,
           "period_close of none");
    expect(docket_admin_period_close(NULL, &never, "x", &is_closed, NULL, NULL), DOCKET_BAD_ARGUMENT,
           "period_close(NULL)");
    expect(docket_admin_clock_accept(NULL, "r", NULL), DOCKET_BAD_ARGUMENT, "clock_accept(NULL)");
    expect(docket_admin_clock_accept(realm, NULL, NULL), DOCKET_BAD_ARGUMENT, "the clock without a reason");
    expect(docket_admin_desk_add(realm, "a/b", "t", NULL, NULL), DOCKET_BAD_NAME, "a desk with an odd name");
    expect(docket_admin_desk_add(realm, "desk", "", NULL, NULL), DOCKET_BAD_ARGUMENT, "a desk for nobody");
    expect(docket_admin_desk_add(realm, "desk", "t", "a b", NULL), DOCKET_BAD_ARGUMENT, "a desk for an odd user");
    expect(docket_admin_desk_add(realm, "desk", "t", long_reason, NULL), DOCKET_BAD_ARGUMENT, "a desk for a long user");
    expect(docket_admin_verify(realm, 0, &records), DOCKET_BAD_ARGUMENT, "verify in no time");
    expect(docket_admin_events(realm, &many, NULL, no_event, NULL), DOCKET_BAD_ARGUMENT, "too many events");
    expect(docket_admin_events(realm, NULL, NULL, NULL, NULL), DOCKET_BAD_ARGUMENT, "events to nobody");
    must(docket_admin_verify(realm, 20000000000, &records), "verify");
    must(docket_admin_events(realm, NULL, NULL, no_event, NULL), "events");
}

static void bad_names(void)
{
    char long_name[DOCKET_NAME_MAX + 2];
    memset(long_name, 'x', sizeof long_name);
    long_name[DOCKET_NAME_MAX + 1] = 0;
    const char *const names[] = {"",     long_name, "a/b", "a b",  "\xc3\x84NV", ".a",   "_a",  "-a", "a\n",
                                 "\x01", "a\x7f",   "a;",  "a%sb", "..",         "a\tb", "a*b", " a", "\xff"};
    docket_series *series;
    open_realm();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect(docket_series_open(realm, names[i], "x", &series), DOCKET_BAD_NAME, "a bad tenant, series_open");
        expect(docket_series_open(realm, "lib", names[i], &series), DOCKET_BAD_NAME, "a bad series, series_open");
        expect(docket_admin_series_add(realm, names[i], "x", NULL), DOCKET_BAD_NAME, "a bad tenant, series_add");
        expect(docket_admin_series_add(realm, "lib", names[i], NULL), DOCKET_BAD_NAME, "a bad series, series_add");
        expect(docket_admin_fate(realm, names[i], "x", -1, no_row, NULL), DOCKET_BAD_NAME, "a bad tenant, fate");
        expect(docket_admin_fate(realm, "lib", names[i], -1, no_row, NULL), DOCKET_BAD_NAME, "a bad series, fate");
    }
    long_name[DOCKET_NAME_MAX] = 0;
    must(docket_series_open(realm, long_name, long_name, &series), "the longest names");
    must(docket_series_open(realm, "lib", "A.b_c-9", &series), "every kind of allowed character");
    must(docket_series_open(realm, "9", "0", &series), "names of one digit");
}

/* ---- texts and blocks ---- */

static void text_shows_series_date_and_number(void)
{
    docket_series *series;
    open_realm();
    must(docket_series_open(realm, "lib", "TXT", &series), "series_open");
    for (int i = 0; i < 1000; i++) {
        char text[DOCKET_TEXT_MAX], before[DOCKET_TEXT_MAX], after[DOCKET_TEXT_MAX], day[16];
        uint64_t number = 0;
        int32_t period = 0;
        time_t at = time(NULL) - 1; /* the library's clock may be a tick old */
        if (!must(docket_next_text(series, 10 * SECOND_NS, text, sizeof text, &number, &period), "next_text"))
            return;
        strftime(day, sizeof day, "%Y%m%d", gmtime(&at));
        snprintf(before, sizeof before, "TXT-%s-%06llu", day, (unsigned long long)number);
        at = time(NULL);
        strftime(day, sizeof day, "%Y%m%d", gmtime(&at));
        snprintf(after, sizeof after, "TXT-%s-%06llu", day, (unsigned long long)number);
        if (strcmp(text, before) != 0 && strcmp(text, after) != 0)
            complain("%s, wanted %s", text, after);
        if (strlen(text) >= docket_text_size(series) || period < 2020 || period > 9999 || number != (uint64_t)i + 1)
            complain("%s: number %llu of period %d", text, (unsigned long long)number, period);
    }
}

static void use_block(docket_series *series, uint32_t count)
{
    docket_block *block = NULL;
    uint64_t first = 0, number = 0;
    uint32_t left = 0;
    if (!must(docket_block_open(series, count, 10 * SECOND_NS, &block), "block_open"))
        return;
    must(docket_block_show(block, &first, &left, NULL), "block_show");
    if (left != count)
        complain("a block of %u shows %u", count, left);
    for (uint32_t i = 0; i < count; i++) {
        must(docket_block_next(block, &number), "block_next");
        note(number);
        if (number != first + i)
            complain("number %u of a block from %llu is %llu", i, (unsigned long long)first,
                     (unsigned long long)number);
    }
    expect(docket_block_next(block, &number), DOCKET_BLOCK_EMPTY, "block_next of a used block");
    expect(docket_block_take_all(block, &number, &left), DOCKET_BLOCK_EMPTY, "take_all of a used block");
    left = 99;
    must(docket_block_give_back(block, &left), "give_back of a used block");
    if (left != 0)
        complain("a used block gave %u back", left);
}

static void blocks_are_whole(void)
{
    static const uint32_t counts[] = {1, 2, 7, 100, 1000, DOCKET_BLOCK_MAX};
    open_realm();
    for (int mode = 0; mode < 2; mode++) {
        docket_series *series = series_in("blocks", mode);
        uint64_t total = 0;
        forget_seen();
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            use_block(series, counts[i]);
            take_many(series, 3, "next between blocks");
            total += counts[i] + 3;
        }
        if (count_seen("blocks") != total)
            complain("numbers are missing from blocks");
    }
}

/* ---- forks ---- */

static void try_foreign(docket_block *block)
{
    uint64_t number = 77;
    uint32_t count = 78;
    char text[DOCKET_TEXT_MAX];
    expect(docket_block_show(block, &number, &count, NULL), DOCKET_FOREIGN_BLOCK, "block_show in a child");
    expect(docket_block_next(block, &number), DOCKET_FOREIGN_BLOCK, "block_next in a child");
    expect(docket_block_next_text(block, text, sizeof text, &number), DOCKET_FOREIGN_BLOCK,
           "block_next_text in a child");
    expect(docket_block_take_all(block, &number, &count), DOCKET_FOREIGN_BLOCK, "take_all in a child");
    expect(docket_block_give_back(block, &count), DOCKET_FOREIGN_BLOCK, "give_back in a child");
    if (number != 77 || count != 78)
        complain("a foreign block gave %llu, %u", (unsigned long long)number, count);
}

static void a_foreign_block_is_refused(void)
{
    open_realm();
    for (int mode = 0; mode < 2; mode++) {
        docket_series *series = series_in("foreign", mode);
        docket_block *block = NULL;
        uint32_t left = 0;
        forget_seen();
        if (!must(docket_block_open(series, 10, 10 * SECOND_NS, &block), "block_open"))
            return;
        pid_t child = fork();
        if (child == 0) {
            try_foreign(block);
            take_many(series, 100, "next in the child");
            try_foreign(block);
            _exit(wrong != 0);
        }
        await_child(child, "foreign block");
        for (uint64_t number; docket_block_next(block, &number) == DOCKET_OK;)
            note(number);
        must(docket_block_show(block, NULL, &left, NULL), "block_show");
        must(docket_block_give_back(block, NULL), "give_back");
        if (left != 0 || count_seen("foreign block") != 110)
            complain("the parent's block was not whole behind its child");
    }
}

static void children_take_their_own(void)
{
    open_realm();
    for (int mode = 0; mode < 2; mode++) {
        docket_series *series = series_in("fork", mode);
        forget_seen();
        for (int i = 0; i < 20; i++) {
            take_many(series, 37, "next in the parent");
            pid_t child = fork();
            if (child == 0) {
                pid_t grandchild = i % 5 == 0 ? fork() : -1;
                take_many(series, 53, "next in a child");
                if (grandchild > 0)
                    await_child(grandchild, "grandchild");
                if (i % 2 == 0)
                    docket_realm_close(realm);
                _exit(wrong != 0);
            }
            take_many(series, 11, "next beside a child");
            await_child(child, "child");
        }
        if (count_seen("forks") != 20 * (37 + 11 + 53) + 4 * 53)
            complain("%s: a number is missing", mode == 0 ? "strict" : "leased");
    }
}

static pid_t vfork_and_exec(void)
{
    pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
        _exit(1);
    }
    return child;
}

static void vfork_and_exec_disturb_nothing(void)
{
    open_realm();
    for (int mode = 0; mode < 2; mode++) {
        docket_series *series = series_in("vfork", mode);
        forget_seen();
        for (int i = 0; i < 20; i++) {
            take_many(series, 10, "next before vfork");
            await_child(vfork_and_exec(), "vfork");
        }
        if (count_seen("vfork") != 200 || !seen[1] || !seen[200])
            complain("the parent's numbers were disturbed");
    }
}

/* ---- signals ---- */

static docket_series *stormed;
static volatile sig_atomic_t storm_given, storm_busy, storm_other;

static void call_from_handler(int number)
{
    uint64_t given;
    int saved = errno;
    (void)number;
    docket_status status = docket_next(stormed, 0, &given, NULL);
    if (status == DOCKET_OK) {
        note(given);
        storm_given++;
    } else if (status == DOCKET_BUSY) {
        storm_busy++;
    } else if (status != DOCKET_TIMEOUT) {
        storm_other = (sig_atomic_t)status;
    }
    errno = saved;
}

static void set_storm(int interval_us)
{
    struct sigaction action = {.sa_handler = call_from_handler, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, interval_us}, {0, interval_us}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static void handlers_never_duplicate(void)
{
    open_realm();
    for (int mode = 0; mode < 2; mode++) {
        stormed = series_in("storm", mode);
        storm_given = storm_busy = storm_other = 0;
        forget_seen();
        take(stormed, "the first next");
        set_storm(20);
        for (int i = 1; i < 1000000 && take(stormed, "next in a storm"); i++)
            ;
        set_storm(0);
        uint64_t count = count_seen("storm");
        if (count != 1000000 + (uint64_t)storm_given)
            complain("%llu numbers for %ld calls", (unsigned long long)count, 1000000 + (long)storm_given);
        if (storm_other != 0)
            complain("a handler's call got %s", docket_status_name((docket_status)storm_other));
        if (storm_given + storm_busy < 1000)
            complain("only %d calls from handlers: the storm was none", storm_given + storm_busy);
        printf("%s: %d numbers from handlers, %d busy\n", mode == 0 ? "strict" : "leased", storm_given, storm_busy);
    }
}

/* The handler calls while the thread is inside its first call on the series,
 * where it connects, maps and locks. */
static void a_handler_in_the_first_call_is_answered(void)
{
    char name[32];
    open_realm();
    forget_seen();
    for (int i = 0; i < 40 && wrong == 0; i++) {
        snprintf(name, sizeof name, "first-%d", i);
        stormed = series_of(name, i % 2 == 0 ? "strict" : "leased", 0);
        pid_t child = fork(); /* without a seat: attaches in its first call */
        if (child == 0) {
            uint64_t number;
            set_storm(50 + 13 * i);
            docket_status status = docket_next(stormed, 10 * SECOND_NS, &number, NULL);
            set_storm(0);
            _exit(status != DOCKET_OK);
        }
        int ended = 0;
        for (int turns = 0; waitpid(child, &ended, WNOHANG) == 0 && turns < 1000; turns++)
            usleep(5000);
        if (kill(child, 0) == 0 && waitpid(child, &ended, WNOHANG) == 0) {
            complain("attempt %d: the thread hangs for 5 s: a handler's call interrupted its first call", i);
            kill(child, SIGKILL);
            waitpid(child, &ended, 0);
        } else if (ended != 0) {
            complain("attempt %d: the call ended with %#x", i, (unsigned)ended);
        }
    }
}

/* ---- threads ---- */

enum { THREADS = 16, SERIES = 4, EACH = 3000 };

static docket_series *shared_series[SERIES];
static _Atomic uint8_t *shared_seen[SERIES];

static void *take_from_all(void *context)
{
    unsigned index = (unsigned)(uintptr_t)context;
    for (unsigned i = 0; i < EACH * SERIES; i++) {
        unsigned which = (i + index) % SERIES;
        uint64_t number;
        if (!must(docket_next(shared_series[which], 20 * SECOND_NS, &number, NULL), "next in a thread"))
            return NULL;
        if (number < SEEN_MAX && atomic_fetch_add(&shared_seen[which][number], 1) > 0)
            complain("thread %u: number %llu of series %u was given before", index, (unsigned long long)number, which);
    }
    return NULL;
}

static int count_open(void *context, const struct docket_fate_row *row)
{
    uint64_t *open = context;
    if (strcmp(row->fate, "open") == 0)
        *open += row->last - row->first + 1;
    return 0;
}

static uint64_t open_numbers(const char *name)
{
    uint64_t open = 0;
    must(docket_admin_fate(realm, "lib", name, -1, count_open, &open), "fate");
    return open;
}

static void threads_share_and_give_back(void)
{
    pthread_t threads[THREADS];
    uint64_t open = 1;
    open_realm();
    for (int i = 0; i < SERIES; i++) {
        char name[32];
        snprintf(name, sizeof name, "threads%d", i / 2);
        shared_series[i] = series_in(name, i % 2);
        shared_seen[i] = mmap(NULL, SEEN_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, take_from_all, (void *)i) != 0)
            complain("no thread");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < SERIES; i += 2) /* strict: nothing left out */
        for (uint64_t number = 1; number <= THREADS * EACH; number++)
            if (shared_seen[i][number] != 1)
                complain("strict number %llu was given %d times", (unsigned long long)number, shared_seen[i][number]);
    /* The process lives, its threads do not: their leases are back. */
    for (int turns = 0; open > 0 && turns < 200; turns++, usleep(50000))
        open = open_numbers("threads0-leased") + open_numbers("threads1-leased");
    if (open > 0)
        complain("%llu numbers are open still, and no thread lives that could hold them", (unsigned long long)open);
}

/* ---- realms ---- */

static unsigned lines_of(const char *path)
{
    unsigned lines = 0;
    int letter;
    FILE *in = fopen(path, "re");
    while (in != NULL && (letter = fgetc(in)) != EOF)
        lines += letter == '\n';
    if (in != NULL)
        fclose(in);
    return lines;
}

static void a_realm_is_closed_and_opened_a_hundred_times(void)
{
    unsigned maps = 0;
    forget_seen();
    for (int round = 0; round < 100; round++) {
        open_realm();
        docket_series *series = series_in("reopen", 1);
        docket_series *strict = NULL;
        must(docket_series_open(realm, "lib", "reopen-strict", &strict), "series_open");
        take_many(series, 5, "next in a reopened realm");
        uint64_t number = 0;
        must(docket_next(strict, 10 * SECOND_NS, &number, NULL), "next");
        if (number != (uint64_t)round + 1)
            complain("round %d: strict number %llu", round, (unsigned long long)number);
        docket_realm_close(realm);
        if (round == 10)
            maps = lines_of("/proc/self/maps");
    }
    if (count_seen("reopened") != 500)
        complain("a number is missing");
    if (lines_of("/proc/self/maps") > maps + 4)
        complain("%u mappings after 10 rounds, %u after 100", maps, lines_of("/proc/self/maps"));
    open_realm();
    uint64_t open = 1;
    for (int turns = 0; open > 0 && turns < 200; turns++, usleep(50000))
        open = open_numbers("reopen-leased");
    if (open > 0)
        complain("%llu numbers are open behind closed realms", (unsigned long long)open);
}

static void two_realms_are_two_counters(void)
{
    docket_realm *other = NULL;
    docket_series *there = NULL;
    open_realm();
    docket_series *here = series_of("two", "strict", 0);
    if (!must(docket_realm_open(argument, &other), "the second realm") ||
        !must(docket_series_open(other, "lib", "two", &there), "its series"))
        return;
    for (uint64_t i = 1; i <= 500; i++) {
        uint64_t a = 0, b = 0;
        must(docket_next(here, 10 * SECOND_NS, &a, NULL), "next here");
        must(docket_next(there, 10 * SECOND_NS, &b, NULL), "next there");
        if (a != i || b != i)
            complain("call %llu: %llu here, %llu there", (unsigned long long)i, (unsigned long long)a,
                     (unsigned long long)b);
    }
    docket_realm_close(other);
    must(docket_next(here, 10 * SECOND_NS, &(uint64_t){0}, NULL), "next here, the other closed");
}

/* ---- descriptors ---- */

enum { HOST_FILES = 24 };

static void host_files_are_untouched(void)
{
    static const char content[] = "this file belongs to the host program\n";
    char path[64], read_back[sizeof content + 8];
    int fds[HOST_FILES];
    open_realm();
    docket_series *series[2] = {series_in("files", 0), series_in("files", 1)};
    forget_seen();
    for (int round = 0; round < 20; round++) {
        take_many(series[round % 2], 3, "next before all is closed");
        closefrom(3); /* whatever the library might have kept */
        for (int i = 0; i < HOST_FILES; i++) {
            snprintf(path, sizeof path, "/tmp/docket-host-%d-%d", (int)getpid(), i);
            fds[i] = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
            unlink(path);
            if (write(fds[i], content, sizeof content) != (ssize_t)sizeof content)
                complain("cannot write a host file");
        }
        for (int mode = 0; mode < 2; mode++) {
            take_many(series[mode], 300, "next among the host's files");
            use_block(series[mode], 50);
        }
        for (int i = 0; i < HOST_FILES; i++) {
            struct stat facts = {0};
            memset(read_back, 0, sizeof read_back);
            if (fstat(fds[i], &facts) != 0 || facts.st_size != (off_t)sizeof content ||
                pread(fds[i], read_back, sizeof read_back, 0) != (ssize_t)sizeof content ||
                memcmp(read_back, content, sizeof content) != 0)
                complain("round %d: the host's file at descriptor %d was closed or changed", round, fds[i]);
        }
    }
}

/* ---- docketd down and up: with the script's help ---- */

static void a_handle_outlives_docketd(void)
{
    open_realm();
    docket_series *series[2] = {series_in("outlive", 0), series_in("outlive", 1)};
    for (int mode = 0; mode < 2; mode++) {
        uint64_t given = 0;
        forget_seen();
        for (int round = 0; round < 5; round++) {
            take_many(series[mode], 200, "next before docketd is killed");
            step("kill");
            uint64_t supply = 0, number, drained = 0;
            must(docket_supply(series[mode], &supply), "supply with docketd dead");
            while (docket_next(series[mode], 0, &number, NULL) == DOCKET_OK) {
                note(number);
                drained++;
            }
            if (drained != supply)
                complain("%llu numbers were said to be left, and %llu were given", (unsigned long long)supply,
                         (unsigned long long)drained);
            int64_t before = now_ns();
            expect(docket_next(series[mode], 300000000, &number, NULL), DOCKET_TIMEOUT, "next with nothing left");
            int64_t took_ms = (now_ns() - before) / 1000000;
            if (took_ms < 250 || took_ms > 1500)
                complain("a wait of 300 ms took %lld ms", (long long)took_ms);
            step("start");
            given += 200 + drained;
        }
        take_many(series[mode], 10, "next after the last restart");
        if (count_seen("outlive") != given + 10)
            complain("a number is missing");
    }
}

static void no_call_waits_that_says_it_does_not(void)
{
    open_realm();
    docket_series *series = series_in("nowait", 0);
    take(series, "next");
    step("kill");
    pid_t child = fork(); /* has no seat, and cannot get one now */
    if (child == 0) {
        uint64_t number;
        static const char *const calls[] = {"next with timeout 0", "next with timeout 100 ms", "peek", "supply"};
        for (int i = 0; i < 4; i++) {
            int64_t before = now_ns();
            docket_status status = i == 0   ? docket_next(series, 0, &number, NULL)
                                   : i == 1 ? docket_next(series, 100000000, &number, NULL)
                                   : i == 2 ? docket_peek(series, &number, NULL)
                                            : docket_supply(series, &number);
            int64_t took_ms = (now_ns() - before) / 1000000;
            if (status == DOCKET_OK || !docket_status_retryable(status))
                complain("%s in a child, docketd dead: %s", calls[i], docket_status_name(status));
            if (took_ms > 1000)
                complain("%s in a child, docketd dead: took %lld ms", calls[i], (long long)took_ms);
        }
        _exit(wrong != 0);
    }
    await_child(child, "a child without a seat");
    step("start");
}

static void *wait_for_a_block(void *context)
{
    docket_block *block = NULL;
    if (must(docket_block_open(context, 9000, INT64_MAX, &block), "block_open with the longest timeout"))
        must(docket_block_give_back(block, NULL), "give_back");
    return NULL;
}

static void the_longest_timeout_waits(void)
{
    pthread_t thread;
    open_realm();
    docket_series *series = series_in("longest", 0);
    take(series, "next");
    step("stop");
    pthread_create(&thread, NULL, wait_for_a_block, series);
    usleep(300000);
    step("continue");
    pthread_join(thread, NULL);
}

/* ---- strict blocks given back, one after the other ---- */

enum { BLOCKS = 13, BLOCK = DOCKET_BLOCK_MAX };

static void grow_window(docket_series *series)
{
    uint64_t supply = 0;
    for (int i = 0; i < 100 && supply < 230000; i++) {
        docket_block *block = NULL;
        uint64_t first;
        uint32_t count;
        if (must(docket_block_open(series, BLOCK, 10 * SECOND_NS, &block), "block_open") &&
            must(docket_block_take_all(block, &first, &count), "take_all"))
            docket_block_give_back(block, NULL);
        usleep(2000);
        docket_supply(series, &supply);
    }
}

static void strict_blocks_come_back_in_reverse(void)
{
    docket_block *blocks[BLOCKS] = {0};
    uint64_t before, supply = 0;
    open_realm();
    docket_series *series = series_of("reverse", "strict", 250000);
    grow_window(series);
    before = peek_of(series);
    for (int i = 0; i < BLOCKS; i++)
        must(docket_block_open(series, BLOCK, 10 * SECOND_NS, &blocks[i]), "block_open");
    for (int turns = 0; supply < 240000 && turns < 100; turns++, usleep(20000))
        docket_supply(series, &supply);
    if (supply < 240000)
        complain("the window did not grow: %llu in supply", (unsigned long long)supply);
    for (int i = BLOCKS; i-- > 0 && wrong == 0;) {
        char what[80];
        uint32_t returned = 0;
        snprintf(what, sizeof what, "give_back of block %d of %d, newest first", i + 1, BLOCKS);
        must(docket_block_give_back(blocks[i], &returned), what);
    }
    if (wrong == 0 && peek_of(series) > before + BLOCKS * BLOCK)
        complain("the position went up");
    must(docket_next(series, 10 * SECOND_NS, &before, NULL), "next behind it");
}

/* ---- the list ---- */

struct one_case {
    const char *name;
    void (*run)(void);
};

static const struct one_case cases[] = {
    {"bad_arguments", bad_arguments},
    {"bad_admin", bad_admin},
    {"bad_decisions", bad_decisions},
    {"bad_names", bad_names},
    {"text_shows_series_date_and_number", text_shows_series_date_and_number},
    {"blocks_are_whole", blocks_are_whole},
    {"a_foreign_block_is_refused", a_foreign_block_is_refused},
    {"children_take_their_own", children_take_their_own},
    {"vfork_and_exec_disturb_nothing", vfork_and_exec_disturb_nothing},
    {"handlers_never_duplicate", handlers_never_duplicate},
    {"a_handler_in_the_first_call_is_answered", a_handler_in_the_first_call_is_answered},
    {"threads_share_and_give_back", threads_share_and_give_back},
    {"a_realm_is_closed_and_opened_a_hundred_times", a_realm_is_closed_and_opened_a_hundred_times},
    {"two_realms_are_two_counters", two_realms_are_two_counters},
    {"host_files_are_untouched", host_files_are_untouched},
    {"a_handle_outlives_docketd", a_handle_outlives_docketd},
    {"no_call_waits_that_says_it_does_not", no_call_waits_that_says_it_does_not},
    {"the_longest_timeout_waits", the_longest_timeout_waits},
    {"strict_blocks_come_back_in_reverse", strict_blocks_come_back_in_reverse},
};

int main(int count, char **words)
{
    size_t length = sizeof cases / sizeof cases[0];
    if (count == 2 && strcmp(words[1], "list") == 0) {
        for (size_t i = 0; i < length; i++)
            puts(cases[i].name);
        return 0;
    }
    for (size_t i = 0; count >= 3 && i < length; i++) {
        if (strcmp(cases[i].name, words[2]) != 0)
            continue;
        realm_directory = words[1];
        argument = count > 3 ? words[3] : "";
        forget_seen();
        cases[i].run();
        if (wrong > SHOWN)
            printf("and %u more\n", wrong - SHOWN);
        return wrong != 0;
    }
    fprintf(stderr, "usage: docket-library REALM CASE [ARGUMENT], or docket-library list\n");
    return 2;
}
