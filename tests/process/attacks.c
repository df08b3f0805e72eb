/* SPDX-License-Identifier: MIT */
/*
 * docket-attacks: what a worker does that once broke a promise, one case each.
 *
 *     docket-attacks CASE [ARGUMENT...]    in the realm of DOCKET_REALM, tenant acme
 *
 * Each line of the output is a fact for the script:
 *
 *     given SERIES FIRST LAST    calls of this process returned these numbers
 *     seat NAME                  the seat file that this process has mapped
 *     refused STATUS             a call that the case expects to end so
 *     at WORD                    how far the case is
 *
 * A case that ends with rest() keeps its leases and waits for its SIGKILL; one
 * that awaits a file goes on when the script has made it.
 * Exit: 0 as it should be, 1 not (a sentence says what), 2 usage.
 *
 * Messages are made by hand, past the library's own checks: wire.h is included
 * for its structures only, and place.h for where the words of a table lie.
 * Nothing is linked but libdocket.
 */
#include "docket.h"
#include "table/place.h"
#include "wire/wire.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define TENANT "acme"
#define SECOND_NS ((int64_t)1000000000)
#define PATIENCE_NS (10 * SECOND_NS)

static docket_realm *realm;
static unsigned wrong;

/* ---- helpers ---- */

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
    va_list arguments;
    wrong++;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
}

static void must(docket_status status, const char *what)
{
    if (status == DOCKET_OK)
        return;
    complain("%s: %s (%s)", what, docket_status_name(status), docket_last_error());
    exit(1);
}

static void say(const char *word, const char *what)
{
    printf("%s %s\n", word, what);
    fflush(stdout);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void await_file(const char *path)
{
    while (access(path, F_OK) != 0)
        usleep(5000);
}

static void rest(void)
{
    say("at", "rest");
    for (;;)
        pause();
}

static docket_series *series_of(const char *name)
{
    docket_series *series = NULL;
    if (realm == NULL)
        must(docket_realm_open(getenv("DOCKET_REALM"), &realm), "realm_open");
    must(docket_series_open(realm, TENANT, name, &series), name);
    return series;
}

static uint64_t next_of(docket_series *series)
{
    uint64_t number = 0;
    must(docket_next(series, PATIENCE_NS, &number, NULL), "next");
    return number;
}

static docket_block *block_of(docket_series *series, uint32_t count)
{
    docket_block *block = NULL;
    must(docket_block_open(series, count, PATIENCE_NS, &block), "block_open");
    return block;
}

/* Takes all of a block and lets go of it. */
static uint64_t use_up(docket_block *block)
{
    uint64_t first = 0;
    uint32_t count = 0;
    must(docket_block_take_all(block, &first, &count), "take_all");
    must(docket_block_give_back(block, NULL), "give_back");
    return first;
}

/* ---- numbers that were given ---- */

static struct {
    const char *series;
    uint64_t first, last;
} run;

static void say_given(void)
{
    if (run.first > 0)
        printf("given %s %llu %llu\n", run.series, (unsigned long long)run.first, (unsigned long long)run.last);
    fflush(stdout);
    run.first = 0;
}

/* Numbers that follow each other become one line. */
static void give(const char *series, uint64_t number)
{
    if (run.first > 0 && run.series == series && number == run.last + 1) {
        run.last = number;
        return;
    }
    say_given();
    run.series = series;
    run.first = run.last = number;
}

static void give_of_block(const char *series, docket_block *block, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t number = 0;
        must(docket_block_next(block, &number), "block_next");
        give(series, number);
    }
    say_given();
}

/* take SERIES COUNT: or fewer, and why no more */
static void take(char **words)
{
    docket_series *series = series_of(words[0]);
    docket_status status = DOCKET_OK;
    for (long i = 0, count = atol(words[1]); i < count && status == DOCKET_OK; i++) {
        uint64_t number = 0;
        status = docket_next(series, PATIENCE_NS, &number, NULL);
        if (status == DOCKET_OK)
            give(words[0], number);
    }
    say_given();
    if (status != DOCKET_OK)
        say("refused", docket_status_name(status));
}

/* ---- the table, as this process has it mapped ---- */

static uint8_t *mapped_table(struct dk_geometry *geometry)
{
    char line[512], mode[8];
    unsigned long at = 0, found = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && found == 0 && fgets(line, sizeof line, maps) != NULL)
        if (strstr(line, "/table-") != NULL && sscanf(line, "%lx-%*x %7s", &at, mode) == 2 && mode[1] == 'w')
            found = at;
    if (maps != NULL)
        fclose(maps);
    if (found == 0) {
        complain("no table is mapped");
        exit(1);
    }
    const struct shared_header *header = (const void *)(uintptr_t)found;
    *geometry = (struct dk_geometry){header->slots_max, header->rows_max, header->seats_max, header->lines_per_seat};
    return (uint8_t *)(uintptr_t)found;
}

static dk_word *strict_word(uint32_t slot)
{
    struct dk_geometry geometry;
    uint8_t *table = mapped_table(&geometry);
    return &((struct shared_table_slot *)(void *)(table + dk_table_slots_at(&geometry)))[slot].bank[0].strict;
}

/* Of the rows that a desk has from the start. */
enum { PLACES = 1024 * DK_PLACES_PER_ROW };

static dk_word *claim_words(void)
{
    struct dk_geometry geometry;
    uint8_t *table = mapped_table(&geometry);
    return (dk_word *)(void *)(table + dk_table_rows_at(&geometry));
}

/* A block, and the claim word by which it is ours. Nobody else may be claiming. */
static docket_block *block_and_claim(docket_series *series, uint32_t count, dk_word **claim)
{
    static uint64_t before[PLACES];
    dk_word *words = claim_words();
    for (int i = 0; i < PLACES; i++)
        before[i] = dk_load_acquire(&words[i]);
    docket_block *block = block_of(series, count);
    *claim = NULL;
    for (int i = 0; i < PLACES && *claim == NULL; i++) {
        uint64_t word = dk_load_acquire(&words[i]);
        if (word != before[i] && word >> 62 == DK_OWNED)
            *claim = &words[i];
    }
    if (*claim == NULL)
        complain("the block is in no place");
    return block;
}

/* ---- leases ---- */

/* line-comes-round SERIES OTHER LINES NUMBERS: of a process with so many lines.
 * One line uses up a block of SERIES, leaves it, and goes so far in OTHER that
 * its lease number, which has 16 bits, lies before the block's again. */
static void line_comes_round(char **words)
{
    docket_series *series = series_of(words[0]), *other = series_of(words[1]);
    docket_block *block = block_of(series, 10);
    usleep(300000); /* docketd's turn for this claim is over: none need follow on its own */
    uint64_t first = use_up(block);
    give(words[0], first);
    run.last = first + 9;
    say_given();
    for (int line = 1; line < atoi(words[2]); line++) /* past the other lines, back to the first one */
        use_up(block_of(other, 1));
    for (long i = 0, count = atol(words[3]); i < count; i++)
        next_of(other);
    rest();
}

/* block-across-rebuild SERIES DEAD: docketd is dead when the file DEAD is there.
 * The block's line is taken at the old desk, its numbers come from the new one. */
static void block_across_rebuild(char **words)
{
    docket_series *series = series_of(words[0]);
    uint64_t number = 0;
    give(words[0], next_of(series));
    say("at", "ready");
    await_file(words[1]);
    while (docket_next(series, 0, &number, NULL) == DOCKET_OK)
        give(words[0], number);
    say_given();
    say("at", "waiting");
    docket_block *block = NULL;
    must(docket_block_open(series, 10, 2 * PATIENCE_NS, &block), "block_open");
    give_of_block(words[0], block, 8);
    rest();
}

/* Which seat is ours stands in the list of our mappings. */
static void say_seat(void)
{
    char line[512], name[64];
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        const char *at = strstr(line, "/seat-");
        if (at != NULL && sscanf(at, "/%63s", name) == 1)
            say("seat", name);
    }
    if (maps != NULL)
        fclose(maps);
}

/* seated SERIES GO: takes a part of a block, and goes on when the file GO is there */
static void seated(char **words)
{
    docket_series *series = series_of(words[0]);
    docket_block *block = block_of(series, 50);
    give_of_block(words[0], block, 8);
    say_seat();
    say("at", "ready");
    await_file(words[1]);
    give_of_block(words[0], block, 8);
    for (int i = 0; i < 20; i++)
        give(words[0], next_of(series));
    say_given();
    rest();
}

/* late-give-back SERIES: a block is given back when its period is over. What
 * `docket fate` says of it is told by the cursor already; that docketd has
 * cleared its place is told by the claim word. */
static void late_give_back(char **words)
{
    docket_series *series = series_of(words[0]);
    int32_t before = 0, now = 0;
    uint64_t number = 0;
    dk_word *claim;
    next_of(series);
    docket_block *block = block_and_claim(series, 50, &claim);
    give_of_block(words[0], block, 1);
    must(docket_block_show(block, NULL, NULL, &before), "block_show");
    for (int64_t end_ns = now_ns() + PATIENCE_NS; now <= before && now_ns() < end_ns; usleep(50000))
        must(docket_next(series, PATIENCE_NS, &number, &now), "next");
    if (now <= before)
        complain("period %d does not end", before);
    usleep(500000); /* docketd has taken the old period off its board */
    must(docket_block_give_back(block, NULL), "give_back");
    say("at", "given back");
    for (int64_t end_ns = now_ns() + 3 * SECOND_NS; claim != NULL && dk_load_acquire(claim) >> 62 == DK_OWNED;) {
        usleep(10000);
        if (now_ns() > end_ns) {
            complain("3 s later its place is not cleared");
            exit(1);
        }
    }
    rest();
}

/* ---- signals ---- */

enum { STORM_US = 20, SEEN_MAX = 1 << 24 };

static _Atomic uint8_t *seen[2]; /* by series: how often each number was given */
static docket_series *handler_series;
static docket_block *_Atomic handler_block;
static volatile sig_atomic_t handled;

/* Only counts: fit for a signal handler. */
static void note(int which, uint64_t number)
{
    if (number < SEEN_MAX)
        atomic_fetch_add(&seen[which][number], 1);
}

static void storm_in(void (*handler)(int signal_number))
{
    for (int which = 0; which < 2; which++)
        seen[which] = mmap(NULL, SEEN_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct itimerval every = {{0, STORM_US}, {0, STORM_US}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static void storm_out(void)
{
    uint64_t numbers = 0, twice = 0;
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    for (int which = 0; which < 2; which++) {
        for (size_t number = 0; number < SEEN_MAX; number++) {
            numbers += seen[which][number] > 0;
            twice += seen[which][number] > 1;
        }
    }
    printf("%llu numbers, %ld signals\n", (unsigned long long)numbers, (long)handled);
    if (twice > 0)
        complain("%llu numbers were given twice or more", (unsigned long long)twice);
    if (numbers < 1000 || handled < 1000)
        complain("that was no storm");
}

static void next_in_handler(int signal_number)
{
    uint64_t number = 0;
    (void)signal_number;
    handled++;
    if (docket_next(handler_series, 0, &number, NULL) == DOCKET_OK)
        note(1, number);
}

/* storm-next SERIES HANDLED MILLISECONDS: a handler takes from the series HANDLED */
static void storm_next(char **words)
{
    docket_series *series = series_of(words[0]);
    handler_series = series_of(words[1]);
    next_of(series);
    next_of(handler_series);
    int64_t end_ns = now_ns() + atol(words[2]) * 1000000;
    for (storm_in(next_in_handler); now_ns() < end_ns;)
        note(0, next_of(series));
    storm_out();
}

static void block_next_in_handler(int signal_number)
{
    uint64_t number = 0;
    docket_block *block = handler_block;
    (void)signal_number;
    handled++;
    if (block != NULL && docket_block_next(block, &number) == DOCKET_OK)
        note(0, number);
}

/* storm-blocks SERIES MILLISECONDS: a handler takes from the very block that it
 * interrupts; it may be refused, but nothing comes twice */
static void storm_blocks(char **words)
{
    docket_series *series = series_of(words[0]);
    next_of(series);
    int64_t end_ns = now_ns() + atol(words[1]) * 1000000;
    for (storm_in(block_next_in_handler); now_ns() < end_ns;) {
        docket_block *block = block_of(series, DOCKET_BLOCK_MAX);
        uint64_t number = 0;
        handler_block = block;
        for (docket_status status = DOCKET_OK; status != DOCKET_BLOCK_EMPTY;) {
            status = docket_block_next(block, &number);
            if (status == DOCKET_OK)
                note(0, number);
            else if (status != DOCKET_BLOCK_EMPTY && status != DOCKET_BUSY)
                must(status, "block_next");
        }
        handler_block = NULL;
        must(docket_block_give_back(block, NULL), "give_back");
    }
    storm_out();
}

/* ---- threads ---- */

enum { CLOSERS = 4 };

static docket_series *closing_series;
static sem_t closing_done;

static void *take_and_end(void *context)
{
    next_of(closing_series);
    sem_post(&closing_done);
    return context;
}

/* close-on-threads SERIES ROUNDS: no thread is inside a call when the realm
 * closes, but each may be on its way out, giving its leases back */
static void close_on_threads(char **words)
{
    sem_init(&closing_done, 0, 0);
    for (long round = 0, rounds = atol(words[1]); round < rounds; round++) {
        closing_series = series_of(words[0]);
        for (int i = 0; i < CLOSERS; i++) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, take_and_end, NULL) != 0)
                complain("no thread");
            else
                pthread_detach(thread);
        }
        for (int i = 0; i < CLOSERS; i++)
            sem_wait(&closing_done);
        docket_realm_close(realm);
        realm = NULL;
    }
}

/* ---- messages made by hand ---- */

/* Nobody listens for a moment after docketd's start. */
static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s/runtime/socket", getenv("DOCKET_REALM"));
    for (int64_t end_ns = now_ns() + PATIENCE_NS; fd >= 0 && now_ns() < end_ns; usleep(10000))
        if (connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0)
            return fd;
    complain("cannot reach docketd: %s", strerror(errno));
    exit(1);
}

static void post(int fd, struct dk_request request)
{
    request.magic = DK_WIRE_MAGIC;
    request.version = DK_WIRE_VERSION;
    (void)!send(fd, &request, sizeof request, MSG_NOSIGNAL); /* a lost one has no answer */
}

/* False: no answer within the time, or docketd hung up. */
static bool hear(int fd, int64_t end_ns, struct dk_reply *reply)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int64_t left_ms = (end_ns - now_ns()) / 1000000;
    return poll(&wait, 1, left_ms > 0 ? (int)left_ms : 0) == 1 &&
           recv(fd, reply, sizeof *reply, 0) == (ssize_t)sizeof *reply;
}

static struct dk_reply ask(struct dk_request request, const char *what)
{
    struct dk_reply reply = {0};
    int fd = dial();
    post(fd, request);
    if (!hear(fd, now_ns() + 3 * SECOND_NS, &reply))
        complain("%s: no answer", what);
    close(fd);
    return reply;
}

/* A GIVE_BACK for the series that names where it lies; the range is still open. */
static struct dk_request give_back_of(const char *name, docket_block *block)
{
    struct dk_request open = {.type = DK_ASK_OPEN};
    snprintf(open.tenant, sizeof open.tenant, "%s", TENANT);
    snprintf(open.name, sizeof open.name, "%s", name);
    struct dk_reply where = ask(open, "OPEN");
    struct dk_request request = {
        .type = DK_ASK_GIVE_BACK, .desk = where.desk, .slot = where.slot, .incarnation = where.incarnation};
    must(docket_block_show(block, &request.first, &request.count, &request.period), "block_show");
    return request;
}

static uint32_t give_back_range(struct dk_request request, uint64_t first, uint32_t count, const char *what)
{
    request.first = first;
    request.count = count;
    return ask(request, what).returned;
}

/* give-back-nonsense SERIES: ranges that are the end of no block of the series */
static void give_back_nonsense(char **words)
{
    static const struct {
        const char *what;
        uint64_t first;
        uint32_t count;
    } ranges[] = {
        {"first near 2^64", UINT64_MAX - 4, 10}, {"first at 2^64 - 1", UINT64_MAX, 1},
        {"the sum is 0", UINT64_MAX - 9, 10},    {"first 0", 0, 10},
        {"count 0", 1, 0},                       {"count 10001", 1, 10001},
        {"count 2^32 - 1", 1, UINT32_MAX},       {"above all numbers", DOCKET_NUMBER_MAX, 10000},
    };
    docket_series *series = series_of(words[0]);
    docket_block *block = block_of(series, 10);
    struct dk_request request = give_back_of(words[0], block);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (give_back_range(request, ranges[i].first, ranges[i].count, ranges[i].what) != 0)
            complain("%s: docketd took numbers back", ranges[i].what);
    if (give_back_range(request, request.first, 0, "count 0 of an open block") != 0)
        complain("docketd took numbers back of nothing");
    give_of_block(words[0], block, 10);
}

/* give-back-twice SERIES: both messages are there before docketd looks at either */
static void give_back_twice(char **words)
{
    docket_series *series = series_of(words[0]);
    struct dk_request request = give_back_of(words[0], block_of(series, 10));
    struct dk_reply reply[2] = {0};
    int fds[2] = {dial(), dial()};
    for (int i = 0; i < 2; i++)
        post(fds[i], request);
    for (int i = 0; i < 2; i++)
        if (!hear(fds[i], now_ns() + 3 * SECOND_NS, &reply[i]))
            complain("message %d: no answer", i + 1);
    if (reply[0].returned + reply[1].returned > request.count)
        complain("%u numbers were taken back out of %u", reply[0].returned + reply[1].returned, request.count);
    if (give_back_range(request, request.first, request.count, "once more") != 0)
        complain("numbers were taken back that were back already");
    for (int i = 0; i < 20; i++)
        give(words[0], next_of(series));
    say_given();
}

/* give-back-void SERIES: a later number was taken, so the first end becomes void;
 * the others reach into it from below, from above, and hold it */
static void give_back_void(char **words)
{
    static const struct {
        uint32_t from, count;
    } ends[] = {{10, 10}, {5, 10}, {15, 6}, {10, 10}, {8, 13}, {19, 1}};
    docket_series *series = series_of(words[0]);
    docket_block *block = block_of(series, 20);
    struct dk_request request = give_back_of(words[0], block);
    uint64_t first = request.first;
    give_of_block(words[0], block, 10);
    give(words[0], next_of(series));
    say_given();
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (give_back_range(request, first + ends[i].from, ends[i].count, "an end that was overtaken") != 0)
            complain("end %zu: docketd took numbers back below a later one", i);
}

/* give-back-quarantined SERIES OTHER: the end of a block comes back when a scribble has put the series under
 * quarantine */
static void give_back_quarantined(char **words)
{
    docket_series *series = series_of(words[0]), *other = series_of(words[1]);
    struct dk_request request = give_back_of(words[0], block_of(series, 10));
    docket_status status = DOCKET_OK;
    uint64_t number = 0;
    next_of(other);
    dk_add_relaxed(strict_word(request.slot), (uint64_t)5 << 18); /* five numbers further than docketd allowed */
    for (int64_t end_ns = now_ns() + PATIENCE_NS; status != DOCKET_QUARANTINED && now_ns() < end_ns;)
        status = docket_next(series, SECOND_NS / 10, &number, NULL);
    if (status != DOCKET_QUARANTINED)
        complain("a scribbled series is not under quarantine: %s", docket_status_name(status));
    if (ask(request, "GIVE_BACK under quarantine").returned != 0)
        complain("docketd took numbers back under quarantine");
    for (int i = 0; i < 100; i++)
        next_of(other);
    must(docket_next(other, PATIENCE_NS, &number, NULL), "next of another series");
}

/* crowd COUNT: so many callers that stay; how many of them docketd lets in */
static void crowd(char **words)
{
    int served = 0, count = atoi(words[0]);
    int *fds = calloc((size_t)count, sizeof *fds);
    if (fds == NULL)
        exit(1);
    for (int i = 0; i < count; i++) {
        fds[i] = dial();
        post(fds[i], (struct dk_request){.type = DK_ASK_HELLO});
    }
    for (int64_t i = 0, end_ns = now_ns() + SECOND_NS; i < count; i++) {
        struct dk_reply reply;
        served += hear(fds[i], end_ns, &reply);
    }
    printf("served %d of %d\n", served, count);
    if (served == 0 || served == count)
        complain("some were to be let in, and some not");
    rest();
}

/* ---- the list ---- */

static const struct {
    const char *name;
    int words;
    void (*run)(char **words);
} cases[] = {
    {"take", 2, take},
    {"line-comes-round", 4, line_comes_round},
    {"block-across-rebuild", 2, block_across_rebuild},
    {"seated", 2, seated},
    {"late-give-back", 1, late_give_back},
    {"storm-next", 3, storm_next},
    {"storm-blocks", 2, storm_blocks},
    {"close-on-threads", 2, close_on_threads},
    {"give-back-nonsense", 1, give_back_nonsense},
    {"give-back-twice", 1, give_back_twice},
    {"give-back-void", 1, give_back_void},
    {"give-back-quarantined", 2, give_back_quarantined},
    {"crowd", 1, crowd},
};

int main(int count, char **words)
{
    for (size_t i = 0; count >= 2 && i < sizeof cases / sizeof cases[0]; i++) {
        if (strcmp(cases[i].name, words[1]) != 0 || count - 2 != cases[i].words || getenv("DOCKET_REALM") == NULL)
            continue;
        cases[i].run(words + 2);
        return wrong != 0;
    }
    fprintf(stderr, "usage: docket-attacks CASE [ARGUMENT...], with DOCKET_REALM; attacks.c says which\n");
    return 2;
}
