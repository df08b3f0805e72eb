/* SPDX-License-Identifier: MIT */
/*
 * docket-worker: takes numbers with several threads and logs every one, for
 * the process-level proofs. It expects to be killed at any moment, and docketd
 * too. Exit: 0 done, 1 a call failed for good, 2 wrong usage.
 */
#include "worker.h"

#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: docket-worker --realm DIR --logs DIR --id NAME --series T/S[,T/S...] [options]\n"
    "\n"
    "  --threads N       1\n"
    "  --count N         numbers per thread; 0: until SIGTERM or the stop file (0)\n"
    "  --mode MODE       next, text, block or many (next)\n"
    "  --date YYYYMMDD   of the documents (today)\n"
    "  --block N         numbers per block, or in one call of many (100)\n"
    "  --take N          take N of each block, give back the rest; 0: take all (0)\n"
    "  --step N          what a killed call may cost, for the log (block and many: --block, else 1;\n"
    "                    1 for blocks of a leased series)\n"
    "  --each N          series T/S000001 to T/S<N> one after the other, --count numbers of each\n"
    "  --rate N          numbers per second and thread; 0: full speed (0)\n"
    "  --timeout-ms N    of each call (500)\n"
    "  --stop-file PATH  end in order when it exists\n";

static int usage(const char *reason)
{
    fprintf(stderr, "docket-worker: %s\n%s", reason, help);
    return 2;
}

static bool parse_count(const char *text, uint64_t most, uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || parsed > most)
        return false;
    *value = parsed;
    return true;
}

static bool parse_mode(const char *text, enum worker_mode *mode)
{
    static const char *const names[] = {"next", "text", "block", "many"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0) {
            *mode = (enum worker_mode)i;
            return true;
        }
    return false;
}

static bool parse_targets(struct worker *worker, char *list)
{
    char *rest = NULL;
    for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        char *slash = strchr(word, '/');
        if (!slash || worker->target_count == TARGETS_MAX)
            return false;
        struct target *target = &worker->targets[worker->target_count++];
        *slash = 0;
        if (strlen(word) > DOCKET_NAME_MAX || strlen(slash + 1) > DOCKET_NAME_MAX)
            return false;
        snprintf(target->tenant, sizeof target->tenant, "%.64s", word);
        snprintf(target->name, sizeof target->name, "%.64s", slash + 1);
    }
    return worker->target_count > 0;
}

/* One option with its value. */
static bool take_option(struct worker *worker, int letter, char *value)
{
    struct settings *settings = &worker->settings;
    uint64_t number = 0;
    switch (letter) {
    case 'R':
        settings->realm = value;
        return true;
    case 'L':
        settings->logs = value;
        return true;
    case 'I':
        settings->id = value;
        return true;
    case 'F':
        settings->stop_file = value;
        return true;
    case 'S':
        return parse_targets(worker, value);
    case 'm':
        return parse_mode(value, &settings->mode);
    case 't':
        return parse_count(value, THREADS_MAX, &number) && (settings->threads = (uint32_t)number);
    case 'b':
        return parse_count(value, DOCKET_BLOCK_MAX, &number) &&
               (settings->block = (uint32_t)number);
    case 'k':
        return parse_count(value, DOCKET_BLOCK_MAX, &number) &&
               ((settings->take = (uint32_t)number), true);
    case 's':
        return parse_count(value, UINT32_MAX, &number) && (settings->step = (uint32_t)number);
    case 'w':
        return parse_count(value, 3600000, &number) &&
               ((settings->timeout_ns = (int64_t)number * 1000000), true);
    case 'c':
        return parse_count(value, UINT64_MAX, &settings->count);
    case 'e':
        return parse_count(value, 999999, &settings->each);
    case 'd':
        return parse_count(value, 99991231, &number) && ((settings->date = (uint32_t)number), true);
    case 'r':
        return parse_count(value, 1000000000, &settings->rate);
    default:
        return false;
    }
}

static int parse_options(int count, char **words, struct worker *worker)
{
    static const struct option known[] = {
        {"realm", required_argument, NULL, 'R'},      {"logs", required_argument, NULL, 'L'},
        {"id", required_argument, NULL, 'I'},         {"series", required_argument, NULL, 'S'},
        {"date", required_argument, NULL, 'd'},
        {"threads", required_argument, NULL, 't'},    {"count", required_argument, NULL, 'c'},
        {"mode", required_argument, NULL, 'm'},       {"block", required_argument, NULL, 'b'},
        {"take", required_argument, NULL, 'k'},       {"step", required_argument, NULL, 's'},
        {"each", required_argument, NULL, 'e'},       {"rate", required_argument, NULL, 'r'},
        {"timeout-ms", required_argument, NULL, 'w'}, {"stop-file", required_argument, NULL, 'F'},
        {NULL, 0, NULL, 0},
    };
    struct settings *settings = &worker->settings;
    *settings = (struct settings){.threads = 1, .block = 100, .timeout_ns = 500000000};
    int letter;
    while ((letter = getopt_long(count, words, "", known, NULL)) != -1)
        if (!take_option(worker, letter, optarg))
            return usage("an option or its value is not usable");
    if (optind != count || !settings->realm || !settings->logs || !settings->id ||
        !worker->target_count)
        return usage("--realm, --logs, --id and --series are needed");
    if (settings->each && !settings->count)
        return usage("--each needs --count");
    if (!settings->step)
        settings->step = settings->mode == MODE_BLOCK || settings->mode == MODE_MANY ? settings->block : 1;
    return 0;
}

/* Waits until the threads are done, or asks them to stop. */
static void watch(struct worker *worker, const sigset_t *signals)
{
    const char *stop_file = worker->settings.stop_file;
    struct timespec turn = {0, 20000000};
    while (atomic_load(&worker->running) > 0) {
        if (sigtimedwait(signals, NULL, &turn) > 0 ||
            (stop_file && access(stop_file, F_OK) == 0))
            atomic_store(&worker->stop, true);
    }
}

static void print_retries(struct hand *const *hands, unsigned count)
{
    const char *comma = "";
    printf("\"retries\":{");
    for (unsigned status = 0; status < STATUSES; status++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < count; i++)
            sum += hands[i]->retries[status];
        if (!sum)
            continue;
        printf("%s\"%s\":%llu", comma, docket_status_name((docket_status)status),
               (unsigned long long)sum);
        comma = ",";
    }
    printf("}");
}

static void print_target(const struct worker *worker, unsigned at, struct hand *const *hands,
                         unsigned count)
{
    struct tally sum = {0};
    for (unsigned i = 0; i < count; i++) {
        const struct tally *tally = &hands[i]->tallies[at];
        if (!tally->numbers)
            continue;
        if (!sum.numbers || tally->lowest < sum.lowest) {
            sum.lowest = tally->lowest;
            memcpy(sum.first, tally->first, sizeof sum.first);
        }
        if (tally->highest > sum.highest) {
            sum.highest = tally->highest;
            memcpy(sum.last, tally->last, sizeof sum.last);
        }
        sum.numbers += tally->numbers;
    }
    printf("%s{\"series\":\"%s/%s\",\"numbers\":%llu,\"lowest\":%llu,\"highest\":%llu,"
           "\"first\":\"%s\",\"last\":\"%s\"}",
           at ? "," : "", worker->targets[at].tenant, worker->targets[at].name,
           (unsigned long long)sum.numbers, (unsigned long long)sum.lowest,
           (unsigned long long)sum.highest, sum.first, sum.last);
}

/* One line of totals; the failure's sentence goes to stderr. */
static bool print_totals(const struct worker *worker, struct hand *const *hands, double seconds)
{
    unsigned count = worker->settings.threads;
    uint64_t numbers = 0, blocks = 0, returned = 0;
    bool failed = false;
    for (unsigned i = 0; i < count; i++) {
        numbers += hands[i]->numbers;
        blocks += hands[i]->blocks;
        returned += hands[i]->returned;
        if (hands[i]->failure[0])
            fprintf(stderr, "docket-worker %s-%u: %s\n", worker->settings.id, i,
                    hands[i]->failure);
        failed = failed || hands[i]->failure[0];
    }
    printf("{\"id\":\"%s\",\"pid\":%ld,\"threads\":%u,\"numbers\":%llu,\"seconds\":%.3f,"
           "\"rate\":%.0f,\"blocks\":%llu,\"returned\":%llu,\"failed\":%s,",
           worker->settings.id, (long)getpid(), count, (unsigned long long)numbers, seconds,
           seconds > 0 ? (double)numbers / seconds : 0, (unsigned long long)blocks,
           (unsigned long long)returned, failed ? "true" : "false");
    print_retries(hands, count);
    printf(",\"series\":[");
    for (unsigned at = 0; at < worker->target_count; at++)
        print_target(worker, at, hands, count);
    printf("]}\n");
    return !failed;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool run(struct worker *worker, struct hand **hands, const sigset_t *signals)
{
    unsigned count = worker->settings.threads;
    pthread_t threads[THREADS_MAX];
    unsigned started = 0;

    double start = seconds_now();
    atomic_store(&worker->running, count);
    for (; started < count; started++)
        if (pthread_create(&threads[started], NULL, hand_run, hands[started]) != 0)
            break;
    if (started < count) {
        fprintf(stderr, "docket-worker: only %u threads could be started\n", started);
        atomic_store(&worker->stop, true);
        atomic_fetch_sub(&worker->running, count - started);
    }
    watch(worker, signals);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    double seconds = seconds_now() - start;
    docket_realm_close(worker->realm);
    worker->realm = NULL;
    return print_totals(worker, hands, seconds) && started == count;
}

int main(int count, char **words)
{
    static struct worker worker;
    static struct hand *hands[THREADS_MAX];
    sigset_t signals;

    int refused = parse_options(count, words, &worker);
    if (refused)
        return refused;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    for (unsigned i = 0; i < worker.settings.threads; i++) {
        hands[i] = calloc(1, sizeof *hands[i]);
        if (!hands[i])
            return fputs("docket-worker: out of memory\n", stderr), 1;
        hands[i]->worker = &worker;
        hands[i]->index = i;
    }
    docket_status status = docket_realm_open(worker.settings.realm, &worker.realm);
    if (status != DOCKET_OK) {
        fprintf(stderr, "docket-worker: %s: %s\n", docket_status_name(status),
                docket_last_error());
        return 1;
    }
    return run(&worker, hands, &signals) ? 0 : 1;
}
