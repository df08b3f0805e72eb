/* SPDX-License-Identifier: MIT */
/*
 * breaks, the user's side: a sound docketd, and a process whose n-th call
 * inside libdocket breaks, or the command `docket`. A call that was broken says
 * so with a status and a sentence; the same call works when the fault is gone;
 * nothing is left open; no number is lost.
 */
#include "breaks.h"

#include "docket_admin.h"
#include "docket_inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUN_S = 30, GOOD_FAILURES = 3, GONE_MS = 150, WORDS_MAX = 16, VARYING = 12, BLOCK = 5 /* of --words "block -n 5" */ };

/* ---- in the client: breaker->inside stands only while a call runs ---- */

static struct breaker *page;
static unsigned failures;
static const char *client_realm;
static docket_realm *realm;
static docket_series *series[TRIAL_SIDES];
static struct worklog logs[TRIAL_SIDES];

static docket_status judged(docket_status status, const char *what)
{
    page->inside = 0;
    if (status == DOCKET_OK)
        return status;
    if (status < DOCKET_OK || status > DOCKET_REFUSED || docket_last_error()[0] == 0) {
        printf("%s: status %d, \"%s\"\n", what, (int)status, docket_last_error());
        exit(4);
    }
    fprintf(stderr, "%s: %s: %s\n", what, docket_status_name(status), docket_last_error());
    if (++failures >= GOOD_FAILURES && page->mode == BREAK_FOR_GOOD)
        page->mode = BREAK_ONCE; /* the fault is gone */
    if (failures > 200) {
        printf("%s: does not work though the fault is gone: %s\n", what, docket_last_error());
        exit(5);
    }
    trial_sleep_ms(1);
    return status;
}

#define DO(call) do page->inside = 1; while (judged((call), #call) != DOCKET_OK)

static void keep(int side, uint64_t number, int32_t period, enum worklog_kind kind)
{
    if (number == 0 || worklog_add(&logs[side], number, period, kind) != 0)
        trial_give_up("a log");
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (all != NULL && readdir(all) != NULL)
        count++;
    if (all != NULL)
        closedir(all);
    return count;
}

static void use_series(int side)
{
    uint64_t number, first, count;
    int32_t period;
    char text[DOCKET_TEXT_MAX];
    for (int i = 0; i < 20; i++) {
        DO(docket_next(series[side], 100000000, &number, &period));
        keep(side, number, period, WORKLOG_NEXT);
    }
    DO(docket_next_text(series[side], 100000000, text, sizeof text, &number, &period));
    keep(side, number, period, WORKLOG_NEXT);
    DO(docket_peek(series[side], &number, &period));
    DO(docket_supply(series[side], &count));
    docket_block *block;
    DO(docket_block_open(series[side], 8, 100000000, &block));
    DO(docket_block_show(block, &first, NULL, &period));
    DO(docket_block_next(block, &number));
    keep(side, number, period, WORKLOG_BLOCK);
    DO(docket_block_next_text(block, text, sizeof text, &number));
    keep(side, number, period, WORKLOG_BLOCK);
    page->inside = 1;
    docket_status status = docket_block_give_back(block, NULL);
    page->inside = 0;
    if (status != DOCKET_OK && side == 0 && worklog_excuse(&logs[side], 6) != 0)
        trial_give_up("a log");
}

static int see_row(void *context, const struct docket_fate_row *row)
{
    *(uint64_t *)context += row->last - row->first + 1;
    return 0;
}

static int see_seat(void *context, const struct docket_view_seat *seat)
{
    *(unsigned *)context += seat->seat < 4096;
    return 0;
}

static int see_series(void *context, const struct docket_view_series *facts)
{
    *(unsigned *)context += facts->period_count;
    return 0;
}

static void look_around(void)
{
    docket_view *view;
    unsigned seen = 0;
    uint64_t below = 0;
    struct docket_view_series facts;
    DO((below = 0, docket_admin_fate(realm, "acme", trial_names[0], -1, see_row, &below)));
    DO(docket_view_open(client_realm, &view));
    DO(docket_view_each_seat(view, see_seat, &seen));
    DO(docket_view_each_series(view, see_series, &seen));
    DO(docket_view_series_find(view, "acme", trial_names[1], &facts));
    page->inside = 1;
    docket_view_close(view);
    page->inside = 0;
    if (below == 0 || seen == 0) {
        printf("the view or the fate shows nothing\n");
        exit(4);
    }
}

int breaks_be_client(char **words)
{
    int fd = open(getenv("BREAKER_PAGE"), O_RDWR | O_CLOEXEC);
    void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || mapped == MAP_FAILED)
        trial_give_up("the breaker's page");
    close(fd);
    page = mapped;
    client_realm = words[2];
    for (int side = 0; side < TRIAL_SIDES; side++)
        if (worklog_open(&logs[side], words[3], words[4], "acme", trial_names[side], 1, 200) != 0)
            trial_give_up("a log");
    unsigned before = count_descriptors();
    DO(docket_realm_open(client_realm, &realm));
    for (int side = 0; side < TRIAL_SIDES; side++)
        DO(docket_series_open(realm, "acme", trial_names[side], &series[side]));
    struct docket_policy policy = {.order = "leased"};
    DO(docket_admin_series_add(realm, "acme", words[4], &policy));
    use_series(0);
    use_series(1);
    look_around();
    page->inside = 1;
    docket_realm_close(realm);
    page->inside = 0;
    if (count_descriptors() != before) {
        printf("%u descriptors before, %u after\n", before, count_descriptors());
        return 6;
    }
    for (int side = 0; side < TRIAL_SIDES; side++)
        if (worklog_close(&logs[side]) != 0)
            trial_give_up("a log");
    return 0;
}

/* ---- in the driver ---- */

/* Runs the program to its end under the breaker; false if it had to be killed. */
static bool run_broken(char *const words[], const char *log)
{
    char preload[TRIAL_PATH];
    if ((size_t)snprintf(preload, sizeof preload, "%s/failing.so", trial.binaries) >= sizeof preload)
        trial_give_up("a path is too long");
    int64_t until_ns = trial_now_ns() + RUN_S * 1000000000ll, broke_ns = 0;
    pid_t tracer = breaker_run(trial.breaker, trial.page, preload, log, words);
    if (tracer < 0)
        trial_give_up("fork");
    while (waitpid(tracer, NULL, WNOHANG) == 0) {
        if (trial_now_ns() > until_ns) {
            trial_complain(&trial, "does not end", log);
            trial.faults.hung++;
            kill(tracer, SIGKILL); /* its program goes with it */
            waitpid(tracer, NULL, 0);
            return false;
        }
        if (trial.breaker->injected > 0 && broke_ns == 0)
            broke_ns = trial_now_ns();
        if (broke_ns != 0 && trial_now_ns() - broke_ns > GONE_MS * 1000000ll && trial.breaker->mode == BREAK_FOR_GOOD)
            trial.breaker->mode = BREAK_ONCE; /* calls that wait for docketd go on now */
        struct timespec pause = {0, 300000};
        nanosleep(&pause, NULL);
    }
    return true;
}

static void judge_end(const char *log, bool said, bool good)
{
    int status = trial.breaker->status;
    if (WIFSIGNALED(status) || WEXITSTATUS(status) >= 125) {
        printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        trial.faults.crashed++;
        trial_complain(&trial, "ended by a signal", log);
    } else if (WEXITSTATUS(status) != 0 && !said) {
        trial.faults.silent++;
        trial_complain(&trial, "ended without a word", log);
    } else if (!good) {
        trial.faults.refused++;
        trial_complain(&trial, "did not do its work", log);
    }
}

static void user_log(char log[TRIAL_PATH])
{
    if ((size_t)snprintf(log, TRIAL_PATH, "%s/%s-user.log", trial.base, trial.phase) >= TRIAL_PATH)
        trial_give_up("a path is too long");
}

void breaks_library(void)
{
    char log[TRIAL_PATH], id[32];
    char *words[] = {(char *)(uintptr_t)breaks_self, "client", trial.realm, trial.logs, id, NULL};
    trial_start_sound(&trial);
    if (trial.sessions == 0) { /* both series are there */
        trial_enter(&trial);
        trial_leave(&trial);
    }
    snprintf(id, sizeof id, "C%llu", (unsigned long long)breaks_turn);
    user_log(log);
    breaks_plan();
    trial.breaker->inside = 0;
    trial.breaker->inside_only = 1;
    trial.breaker->armed = 1;
    if (run_broken(words, log))
        judge_end(log, true, trial.breaker->status == 0);
}

/* ---- the command ---- */

/* The number on the last line with a document number; 0 if there is none. */
static uint64_t number_in(const char *log, bool *said)
{
    char line[4096];
    uint64_t number = 0;
    FILE *in = fopen(log, "r");
    *said = false;
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        unsigned long long found;
        *said = *said || strncmp(line, "docket: ", 8) == 0 || strstr(line, "\"error\"") != NULL;
        const char *text = strstr(line, "STRICT-") != NULL ? strstr(line, "STRICT-") : strstr(line, "LEASED-");
        if (text != NULL && sscanf(text + 7, "%llu", &found) == 1)
            number = found;
    }
    if (in != NULL)
        fclose(in);
    return number;
}

static long size_of(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 ? (long)facts.st_size : 0;
}

/* What the command prints when nothing breaks; ages and process ids vary. */
static long whole_output(char *const words[], const char *log)
{
    static long bytes = -1;
    if (bytes >= 0)
        return bytes;
    breaker_plan(trial.breaker, BREAK_NOTHING, BREAK_CALLS, 0);
    if (!run_broken(words, log) || trial.breaker->status != 0)
        trial_give_up("the command does not work unbroken");
    bytes = size_of(log) - VARYING;
    return bytes;
}

void breaks_command(void)
{
    char log[TRIAL_PATH], program[TRIAL_PATH], text[256], *words[WORDS_MAX + 4], *rest = NULL;
    size_t count = 0;
    snprintf(program, sizeof program, "%.500s/docket", trial.binaries);
    snprintf(text, sizeof text, "%s", breaks_words);
    words[count++] = program;
    for (char *word = strtok_r(text, " ", &rest); word != NULL && count < WORDS_MAX; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    words[count++] = "--realm";
    words[count++] = trial.realm;
    words[count] = NULL;
    trial_start_sound(&trial);
    if (trial.sessions == 0)
        trial_enter(&trial); /* its logs stay open for what the command is given */
    user_log(log);
    bool said, takes = strcmp(words[1], "next") == 0, takes_block = strcmp(words[1], "block") == 0;
    long whole = takes || takes_block ? 0 : whole_output(words, log);
    breaks_plan();
    trial.breaker->inside_only = 0;
    trial.breaker->armed = 1;
    if (!run_broken(words, log))
        return;
    uint64_t number = number_in(log, &said);
    int side = strstr(breaks_words, "LEASED") != NULL;
    bool done = trial.breaker->status == 0;
    judge_end(log, said, !done || (takes ? number != 0 : size_of(log) >= whole));
    if (takes && done && number != 0)
        trial_keep(&trial, side, number);
    else if ((takes || takes_block) && worklog_excuse(&trial.log[side], takes ? 1 : BLOCK) != 0) /* not printed, or not logged */
        trial_give_up("a log");
}

void breaks_command_end(void)
{
    if (trial.sessions > 0)
        trial_leave(&trial);
}
