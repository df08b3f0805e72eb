/* SPDX-License-Identifier: MIT */
/*
 * ledger: processes at record speed that are killed at random; docketd may be killed
 * meanwhile, by whoever runs this. Judged at the end by the records, and by what the
 * processes were told, which they keep in memory that outlives them.
 *
 *     docket-ledger-attack keys REALM SERIES PROCESSES CALLS KILLS KEYS SEED
 *         CALLS issues over KEYS keys. Every key has one number, whoever asked; no number is burnt: they are 1 to KEYS.
 *     docket-ledger-attack rounds REALM SERIES PROCESSES ROUNDS KILLS SEED
 *         of a gapless series: reserve, issue, settle, release, void, let run out, die. Then all in doubt is resolved,
 *         and numbers are asked for until nothing free is left: issued and void numbers are 1 to n, and void ones say why.
 *
 * Prints figures by name, a line each; `bad` counts what must not be.
 */
#include "docket_ledger.h"

#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
#define CALL_NS (10 * SECOND_NS)

enum { PROCESSES_MAX = 64, KEYS_MAX = 4096, NUMBERS_MAX = 1 << 20, RESERVED_MAX = 20 };

/* Of a number, as whoever was told last knows it. */
enum { NOBODY = 0, SETTLED = 1, VOIDED = 2 };

struct shared {
    _Atomic uint64_t calls, answered, again, refused, unanswered, bad;
    _Atomic uint64_t number_of[KEYS_MAX]; /* 0: nobody was told yet */
    _Atomic uint32_t new_of[KEYS_MAX];    /* how often it was told as new */
    _Atomic uint32_t fate_of[NUMBERS_MAX];
};

static struct shared *shared;
static const char *realm_name, *series_name;
static docket_series *series;
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % below;
}

static void bad(const char *what, uint64_t number, docket_status status)
{
    if (atomic_fetch_add(&shared->bad, 1) < 20)
        printf("what %s: number %" PRIu64 ", %s: %s\n", what, number, docket_status_name(status),
               status == DOCKET_OK ? "" : docket_last_error());
}

static void open_series(void)
{
    docket_realm *realm;
    docket_status status = docket_realm_open(realm_name, &realm);
    for (int tries = 0; status == DOCKET_OK && tries < 20; tries++) {
        status = docket_series_open(realm, "acme", series_name, &series);
        if (status == DOCKET_OK)
            return;
        if (!docket_status_retryable(status))
            break;
        status = DOCKET_OK;
        usleep(100000);
    }
    fprintf(stderr, "cannot open %s: %s\n", series_name, docket_last_error());
    exit(1);
}

/* docketd may be away for a moment, or have enough to do. */
static bool is_away(docket_status status)
{
    return status == DOCKET_UNREACHABLE || status == DOCKET_GAVE_UP || status == DOCKET_OVERLOADED || status == DOCKET_TIMEOUT ||
           status == DOCKET_SEATS_EXHAUSTED;
}

/* ---- keys ---- */

static void ask_for(uint64_t key)
{
    char text[32];
    struct docket_number got;
    snprintf(text, sizeof text, "order-%" PRIu64, key);
    struct docket_issue asked = {.key = text, .metadata = "{\"customer\":7}", .trace = "trace-1"};
    docket_status status = docket_issue(series, &asked, CALL_NS, &got);
    atomic_fetch_add(&shared->calls, 1);
    if (is_away(status)) {
        atomic_fetch_add(&shared->unanswered, 1);
        return;
    }
    if (status != DOCKET_OK) {
        bad("a key is refused", 0, status);
        return;
    }
    uint64_t before = 0;
    atomic_fetch_add(&shared->answered, 1);
    atomic_fetch_add(&shared->again, (uint64_t)got.again);
    if (!atomic_compare_exchange_strong(&shared->number_of[key], &before, got.number) && before != got.number)
        bad("a key has two numbers", got.number, status);
    if (!got.again && atomic_fetch_add(&shared->new_of[key], 1) > 0)
        bad("a key is told as new twice", got.number, status);
}

static void work_keys(uint64_t keys)
{
    open_series();
    for (;;)
        ask_for(draw(keys));
}

struct ending {
    uint64_t next, issued, voided, held, free;
};

struct looking {
    uint64_t count, next, bad_state, keys;
};

static int look_at_key(void *context, const struct docket_record *record)
{
    struct looking *looking = context;
    uint64_t key = KEYS_MAX;
    looking->count++;
    if (record->number != looking->next++)
        bad("a number was burnt before this one", record->number, DOCKET_OK);
    if (strcmp(record->state, "issued") != 0 || record->key[0] == 0 || record->attempts == 0 || record->first_ns == 0 ||
        record->text[0] == 0 || strcmp(record->trace, "trace-1") != 0 || strcmp(record->metadata, "{\"customer\":7}") != 0)
        bad("a record is not whole", record->number, DOCKET_OK);
    if (sscanf(record->key, "order-%" SCNu64, &key) != 1 || key >= KEYS_MAX || shared->number_of[key] != record->number)
        bad("a record has a key that was told otherwise", record->number, DOCKET_OK);
    return 0;
}

/* docketd may be killed in the midst of it: then it is begun anew. */
static void read_records(docket_each_record each, void *context, size_t bytes)
{
    char begin[sizeof(struct ending) + sizeof(struct looking)];
    docket_status status = DOCKET_UNREACHABLE;
    memcpy(begin, context, bytes);
    for (int tries = 0; status != DOCKET_OK && is_away(status) && tries < 50; tries++) {
        memcpy(context, begin, bytes);
        status = docket_records(series, DOCKET_EVERY_PERIOD, 0, NULL, each, context);
    }
    if (status != DOCKET_OK)
        bad("the records cannot be read", 0, status);
}

static int judge_keys(uint64_t keys)
{
    struct looking looking = {.next = 1};
    open_series();
    for (uint64_t key = 0; key < keys; key++) /* each once more, and those that nobody asked for */
        for (uint64_t answered = shared->answered, tries = 0; answered == shared->answered && tries < 20; tries++)
            ask_for(key);
    read_records(look_at_key, &looking, sizeof looking);
    printf("numbers %" PRIu64 "\n", looking.count);
    return 0;
}

/* ---- rounds of a gapless series ---- */

static void given(uint64_t number, const char *how)
{
    if (number == 0 || number >= NUMBERS_MAX)
        bad("what was given is no number that can be noted", number, DOCKET_OK);
    else if (atomic_load(&shared->fate_of[number]) != NOBODY)
        bad(how, number, DOCKET_OK);
}

static void decided(enum docket_verb verb, uint64_t number, docket_status status)
{
    uint32_t before = NOBODY, after = verb == DOCKET_SETTLE ? SETTLED : VOIDED;
    if (is_away(status)) { /* done or not: whoever looks at the records knows */
        atomic_fetch_add(&shared->unanswered, 1);
        return;
    }
    if (status != DOCKET_OK) {
        atomic_fetch_add(&shared->refused, 1); /* it ran out before, and was freed or decided by others */
        return;
    }
    if (verb != DOCKET_RELEASE && !atomic_compare_exchange_strong(&shared->fate_of[number], &before, after))
        bad("a number was decided about twice", number, status);
}

static void decide_key(const char *key, uint64_t number)
{
    enum docket_verb verb = (enum docket_verb)(1 + draw(3));
    struct docket_which which = {.key = key};
    docket_status one = DOCKET_OK;
    docket_status status = docket_decide(series, verb, &which, 1, verb == DOCKET_VOID ? "the customer went away" : NULL, CALL_NS, &one);
    decided(verb, number, status == DOCKET_OK ? one : status);
}

static void round_of_key(uint64_t round)
{
    char key[48];
    struct docket_number got;
    struct docket_issue asked = {.key = key, .expires_s = draw(3) == 0 ? 1 : 0};
    snprintf(key, sizeof key, "order-%d-%" PRIu64, (int)getpid(), round);
    docket_status status = docket_issue(series, &asked, CALL_NS, &got);
    if (status != DOCKET_OK) {
        if (!is_away(status))
            bad("an issue is refused", 0, status);
        return;
    }
    given(got.number, "a number that was decided about is given again");
    uint64_t what = draw(8);
    if (what == 0)
        return; /* left to run out, or to our end */
    if (what == 1)
        usleep((unsigned)draw(20000));
    decide_key(key, got.number);
}

static void round_of_reservation(uint64_t round)
{
    char name[48];
    uint64_t numbers[RESERVED_MAX];
    struct docket_reserved held;
    struct docket_reserve asked = {.name = name, .count = 1 + (uint32_t)draw(RESERVED_MAX), .expires_s = 1 + (uint32_t)draw(5)};
    snprintf(name, sizeof name, "batch-%d-%" PRIu64, (int)getpid(), round);
    if (draw(4) == 0)
        asked.flags = DOCKET_DETACHED;
    docket_status status = docket_reserve(series, &asked, CALL_NS, numbers, &held);
    if (status != DOCKET_OK) {
        if (!is_away(status))
            bad("a reservation is refused", 0, status);
        return;
    }
    struct docket_which which[RESERVED_MAX];
    docket_status statuses[RESERVED_MAX];
    uint32_t count = (uint32_t)draw(held.count + 1);
    for (uint32_t i = 0; i < held.count; i++) {
        given(numbers[i], "a number that was decided about is reserved");
        which[i] = (struct docket_which){.hold = name, .period = held.period, .number = numbers[i]};
    }
    enum docket_verb verb = (enum docket_verb)(1 + draw(3));
    if (count == 0)
        return;
    status = docket_decide(series, verb, which, count, verb == DOCKET_VOID ? "the run was cut short" : NULL, CALL_NS, statuses);
    for (uint32_t i = 0; i < count; i++)
        decided(verb, numbers[i], status == DOCKET_OK ? statuses[i] : status);
    if (draw(3) != 0 && held.count > count)
        (void)docket_decide_reserved(series, DOCKET_RELEASE, name, NULL, CALL_NS, NULL); /* its numbers are given again */
}

static void work_rounds(void)
{
    open_series();
    for (uint64_t round = 0;; round++) {
        if (draw(3) == 0)
            round_of_reservation(round);
        else
            round_of_key(round);
        atomic_fetch_add(&shared->calls, 1);
    }
}

static int look_at_end(void *context, const struct docket_record *record)
{
    struct ending *ending = context;
    if (record->number != ending->next)
        bad("a number below this one has no record", record->number, DOCKET_OK);
    ending->next = record->number + 1;
    if (strcmp(record->state, "issued") == 0) {
        ending->issued++;
        if (record->number < NUMBERS_MAX && shared->fate_of[record->number] == VOIDED)
            bad("a number that was told void is issued", record->number, DOCKET_OK);
    } else if (strcmp(record->state, "void") == 0) {
        ending->voided++;
        if (record->reason[0] == 0)
            bad("a hole without a reason", record->number, DOCKET_OK);
        if (record->number < NUMBERS_MAX && shared->fate_of[record->number] == SETTLED)
            bad("a number that was told settled is void", record->number, DOCKET_OK);
    } else if (strcmp(record->state, "free") == 0) {
        ending->free++;
        if (record->number < NUMBERS_MAX && shared->fate_of[record->number] != NOBODY)
            bad("a number that was decided about is free", record->number, DOCKET_OK);
    } else {
        ending->held++;
    }
    return 0;
}

static struct ending look_around(void)
{
    struct ending ending = {.next = 1};
    read_records(look_at_end, &ending, sizeof ending);
    return ending;
}

static uint64_t resolve(enum docket_verb verb)
{
    uint64_t done = 0;
    docket_status status = docket_resolve(series, verb, DOCKET_EVERY_PERIOD, NULL, 0, "the run is over", CALL_NS, &done);
    if (status != DOCKET_OK && !is_away(status))
        bad("resolving fails", 0, status);
    return done;
}

static int judge_rounds(void)
{
    struct ending ending;
    uint64_t resolved = 0;
    open_series();
    for (int turn = 0; turn < 200; turn++) { /* the last holders were killed just now, and some have seconds left */
        resolved += resolve(turn % 2 == 0 ? DOCKET_RELEASE : DOCKET_SETTLE);
        ending = look_around();
        if (ending.held == 0)
            break;
        usleep(100000);
    }
    printf("resolved %" PRIu64 "\nfree %" PRIu64 "\n", resolved, ending.free);
    for (uint64_t left = ending.free; left > 0; left--) {
        char key[32];
        struct docket_issue asked = {.key = key, .flags = DOCKET_SETTLED};
        struct docket_number got;
        docket_status status = DOCKET_UNREACHABLE;
        snprintf(key, sizeof key, "last-%" PRIu64, left);
        for (int tries = 0; is_away(status) && tries < 20; tries++)
            status = docket_issue(series, &asked, CALL_NS, &got);
        if (status != DOCKET_OK)
            bad("a free number is not given", 0, status);
    }
    uint64_t before = ending.next;
    ending = look_around();
    if (ending.free != 0 || ending.held != 0 || ending.next != before)
        bad("numbers are left that are neither issued nor void", ending.free + ending.held, DOCKET_OK);
    printf("issued %" PRIu64 "\nvoid %" PRIu64 "\nnumbers %" PRIu64 "\n", ending.issued, ending.voided, ending.next - 1);
    return 0;
}

/* ---- the parent ---- */

static pid_t start(bool keys_mode, uint64_t keys, uint64_t seed)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    random_state = seed * 0x9e3779b97f4a7c15ull + 1;
    if (keys_mode)
        work_keys(keys);
    else
        work_rounds();
    _exit(0);
}

static int judge(bool keys_mode, uint64_t keys)
{
    int code = 0;
    pid_t pid = fork(); /* a process of its own: this one must not have a seat that its children inherit */
    if (pid == 0)
        _exit(keys_mode ? judge_keys(keys) : judge_rounds());
    waitpid(pid, &code, 0);
    return WIFEXITED(code) && WEXITSTATUS(code) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    pid_t pids[PROCESSES_MAX];
    uint64_t kills = 0, seeds;
    bool keys_mode = argc == 9 && strcmp(argv[1], "keys") == 0;
    if (!keys_mode && (argc != 8 || strcmp(argv[1], "rounds") != 0))
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    realm_name = argv[2];
    series_name = argv[3];
    int processes = atoi(argv[4]);
    uint64_t calls = strtoull(argv[5], NULL, 10), wanted = strtoull(argv[6], NULL, 10), keys = keys_mode ? strtoull(argv[7], NULL, 10) : 0;
    random_state = seeds = strtoull(argv[argc - 1], NULL, 10) + 1;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || processes < 1 || processes > PROCESSES_MAX || keys > KEYS_MAX)
        return 2;
    for (int i = 0; i < processes; i++)
        pids[i] = start(keys_mode, keys, ++seeds);
    while ((atomic_load(&shared->calls) < calls || kills < wanted) && atomic_load(&shared->bad) < 20) {
        usleep(2000 + (unsigned)draw(20000));
        int which = (int)draw((uint64_t)processes), code = 0;
        kill(pids[which], SIGKILL);
        waitpid(pids[which], &code, 0);
        if (!WIFSIGNALED(code))
            bad("a process ended by itself", 0, DOCKET_OK);
        kills++;
        pids[which] = start(keys_mode, keys, ++seeds);
    }
    for (int i = 0; i < processes; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
    const char *calm = getenv("CALM"); /* whoever kills docketd stops at this file */
    FILE *file = calm == NULL ? NULL : fopen(calm, "w");
    if (file != NULL)
        fclose(file);
    int code = judge(keys_mode, keys);
    printf("calls %" PRIu64 "\nanswered %" PRIu64 "\nagain %" PRIu64 "\nrefused %" PRIu64 "\nunanswered %" PRIu64 "\nkills %" PRIu64
           "\nbad %" PRIu64 "\n",
           shared->calls, shared->answered, shared->again, shared->refused, shared->unanswered, kills, shared->bad);
    return code;
}
