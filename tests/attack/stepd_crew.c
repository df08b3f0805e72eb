/* SPDX-License-Identifier: MIT */
/* stepd_crew: the workers beside a docketd that is killed. */
#include "stepd.h"

#include "docket_admin.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_NS (20 * SECOND_NS)

struct told *told;
struct view view;
uint32_t slot;
const char *run_realm, *run_logs, *run_series, *run_name;
bool run_strict;

static pid_t worker, victim;
static int worker_fd = -1, victim_fd = -1, victim_seat = -1;
static bool asked;

/* ---- inside a worker ---- */

static docket_realm *realm;
static docket_series *series;
static docket_block *block;
static struct worklog *book;

static void must(const char *call, docket_status status)
{
    if (status == DOCKET_OK)
        return;
    snprintf(told->why, sizeof told->why, "%s: %s: %s", call, docket_status_name(status), docket_last_error());
    _exit(9);
}

static void note_number(uint64_t number, int32_t period)
{
    if (worklog_add(book, number, period, WORKLOG_NEXT) != 0)
        must("worklog_add", DOCKET_SYSTEM);
}

static bool take_within(int64_t timeout_ns)
{
    uint64_t number;
    int32_t period;
    docket_status status = docket_next(series, timeout_ns, &number, &period);
    if (status == DOCKET_TIMEOUT && timeout_ns == 0)
        return false;
    must("docket_next", status);
    note_number(number, period);
    return true;
}

static void take(void)
{
    take_within(PATIENCE_NS);
}

/* A slice of this wait is longer than the stepper waits: only a wake ends it in time. */
static void take_all_and_sleep(void)
{
    while (take_within(0))
        ;
    take_within(900 * SECOND_NS);
}

static void open_block(void)
{
    uint64_t number;
    int32_t period;
    must("docket_block_open", docket_block_open(series, 4, PATIENCE_NS, &block));
    must("docket_block_next", docket_block_next(block, &number));
    must("docket_block_show", docket_block_show(block, NULL, NULL, &period));
    note_number(number, period);
}

static void give_block_back(void)
{
    uint32_t returned = 0;
    docket_status status = docket_block_give_back(block, &returned);
    if (status == DOCKET_OK && returned == 3)
        return;
    if (!run_strict)
        must("docket_block_give_back", status == DOCKET_OK ? DOCKET_DAMAGED : status);
    told->excused += 3; /* nobody answered: perhaps they are back, perhaps not */
    if (worklog_excuse(book, 3) != 0)
        must("worklog_excuse", DOCKET_SYSTEM);
}

/* A docketd that is walked may take longer than the two seconds of a call. */
static void open_patiently(const char *tenant, const char *name, docket_series **opened)
{
    int64_t until_ns = now_ns() + PATIENCE_NS;
    docket_status status;
    do
        status = docket_series_open(realm, tenant, name, opened);
    while (status == DOCKET_UNREACHABLE && now_ns() < until_ns);
    must("docket_series_open", status);
}

static void make_series(void)
{
    char name[32];
    docket_series *made;
    struct worklog log;
    uint64_t number;
    int32_t period;
    snprintf(name, sizeof name, "n%llu", (unsigned long long)++told->names);
    open_patiently("made", name, &made);
    must("docket_next of a new series", docket_next(made, PATIENCE_NS, &number, &period));
    if (number != 1)
        must("the first number of a new series", DOCKET_DAMAGED);
    if (worklog_open(&log, run_logs, "maker", "made", name, 1, 1) != 0 ||
        worklog_add(&log, number, period, WORKLOG_NEXT) != 0 || worklog_close(&log) != 0)
        must("the log of a new series", DOCKET_SYSTEM);
}

/* Of the series' periods, which are days, one that has long ended: the first, or the
 * one whose turn it is to be closed. */
static uint32_t ended_day(uint64_t turn)
{
    time_t day_s = 978307200 + (time_t)turn * 86400; /* 2001-01-01 */
    struct tm day;
    gmtime_r(&day_s, &day);
    return (uint32_t)((day.tm_year + 1900) * 10000 + (day.tm_mon + 1) * 100 + day.tm_mday);
}

/* One that docketd's death left without an answer may have been given. */
static void take_dated(uint32_t date)
{
    uint64_t number;
    int32_t period;
    docket_status status = docket_next_dated(series, date, PATIENCE_NS, &number, &period);
    if (status == DOCKET_OK) {
        note_number(number, period);
        return;
    }
    if (status != DOCKET_UNREACHABLE)
        must("docket_next_dated", status);
    told->excused += 1;
    if (worklog_excuse(book, 1) != 0)
        must("worklog_excuse", DOCKET_SYSTEM);
}

static void close_day(uint32_t date)
{
    const struct docket_counter_name day = {STEP_TENANT, run_series, (int32_t)date};
    docket_status status;
    uint64_t number;
    int is_closed = 0;
    int64_t until_ns = now_ns() + PATIENCE_NS;
    do
        status = docket_admin_period_close(realm, &day, "it is stepped through", &is_closed, NULL, NULL);
    while (status == DOCKET_UNREACHABLE && now_ns() < until_ns);
    must("docket_admin_period_close", status);
    do
        status = docket_next_dated(series, date, PATIENCE_NS, &number, NULL);
    while (status == DOCKET_UNREACHABLE && now_ns() < until_ns);
    if (!is_closed || status != DOCKET_PERIOD_CLOSED)
        must("a number of a closed period", status == DOCKET_OK ? DOCKET_DAMAGED : status);
}

static void work_with_ledger(char word)
{
    static bool seated;
    if (!seated)
        ledger_seat(realm, run_series);
    seated = true;
    ledger_do(word);
}

static void seat_oneself(void)
{
    must("docket_realm_open", docket_realm_open(run_realm, &realm));
    open_patiently(STEP_TENANT, run_series, &series);
}

static void worker_life(int fd)
{
    struct worklog log;
    char word, id[64];
    die_with_parent();
    seat_oneself();
    snprintf(id, sizeof id, "worker-%s", run_name);
    if (worklog_open(&log, run_logs, id, STEP_TENANT, run_series, 4, 60000) != 0)
        must("the worker's log", DOCKET_SYSTEM);
    book = &log;
    while (read(fd, &word, 1) == 1) {
        if (word == 't')
            take();
        else if (word == 'w')
            take_all_and_sleep();
        else if (word == 'o')
            open_block();
        else if (word == 'b')
            give_block_back();
        else if (word == 'c')
            make_series();
        else if (word == 'd')
            take_dated(ended_day(0));
        else if (word == 'n')
            take_dated(ended_day(++told->names));
        else if (word == 'x')
            close_day(ended_day(told->names));
        else if (strchr("isvrRe", word) != NULL)
            work_with_ledger(word);
        if (write(fd, &word, 1) != 1)
            _exit(9);
    }
    docket_realm_close(realm);
    worklog_close(&log);
    _exit(0);
}

static void victim_life(int fd)
{
    die_with_parent();
    book = &told->log;
    seat_oneself();
    take();
    if (!run_strict)
        open_block();
    if (write(fd, "s", 1) != 1)
        _exit(9);
    for (;;)
        pause();
}

/* ---- in the stepper ---- */

static pid_t begin(void (*life)(int), int *fd)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        give_up("socketpair: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        life(pair[1]);
    }
    close(pair[1]);
    *fd = pair[0];
    return pid;
}

void crew_start(void)
{
    worker = begin(worker_life, &worker_fd);
}

void crew_end(void)
{
    int status;
    crew_await();
    close(worker_fd);
    if (waitpid(worker, &status, 0) != worker || status != 0)
        give_up("FAULT the worker did not end in order: %s", told->why);
}

void crew_ask(char word)
{
    crew_await();
    if (write(worker_fd, &word, 1) != 1)
        give_up("FAULT the worker has ended: %s", told->why);
    asked = true;
}

bool crew_answered(void)
{
    struct pollfd answer = {.fd = worker_fd, .events = POLLIN};
    return !asked || poll(&answer, 1, 0) == 1;
}

void crew_await(void)
{
    char word;
    if (asked && read(worker_fd, &word, 1) != 1)
        give_up("FAULT the worker cannot go on: %s", told->why);
    asked = false;
}

void crew_must(char word)
{
    crew_ask(word);
    crew_await();
}

void victim_start(bool wait)
{
    char word;
    victim = begin(victim_life, &victim_fd);
    victim_seat = -1;
    if (!wait)
        return;
    if (read(victim_fd, &word, 1) != 1)
        give_up("FAULT nobody else can take a seat: %s", told->why);
    victim_seat = view_seat_of(&view, victim, NULL);
}

void victim_kill(void)
{
    int status;
    if (victim == 0)
        return;
    if (victim_seat < 0)
        victim_seat = view_seat_of(&view, victim, NULL);
    kill(victim, SIGKILL);
    waitpid(victim, &status, 0);
    close(victim_fd);
    victim = 0;
}

bool victim_is_seated(void)
{
    struct pollfd answer = {.fd = victim_fd, .events = POLLIN};
    return poll(&answer, 1, 0) == 1;
}

bool victim_is_forgotten(void)
{
    return victim_seat < 0 || dk_load_acquire(&dk_desk_seat(&view.desk, (uint32_t)victim_seat)->state) == 0;
}

/* ---- owned words ---- */

static const dk_word *owned_at;
static uint64_t owned_word;

void owned_note(void)
{
    pid_t owner = victim != 0 ? victim : worker;
    int seat = view_seat_of(&view, owner, NULL);
    uint64_t rows = dk_load_acquire(&dk_desk_words(&view.desk)->rows_used);
    owned_at = NULL;
    for (uint32_t row = 0; row < rows; row++) {
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            const dk_word *at = &dk_table_row(&view.desk, row)->claim[i];
            struct dk_claim claim = dk_claim_unpack(dk_load_acquire(at));
            if (claim.state == DK_OWNED && (int)claim.seat == seat) {
                owned_at = at; /* the last: a block that was opened, not the lease before it */
                owned_word = dk_load_acquire(at);
            }
        }
    }
    if (owned_at == NULL)
        give_up("nobody owns a block");
}

bool owned_is_cleared(void)
{
    return dk_load_acquire(owned_at) != owned_word;
}
