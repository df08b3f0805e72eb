/* SPDX-License-Identifier: MIT */
/*
 * docket-damage: damages a store's file in every small way, and opens it with
 * the store's own code, each time in a process of its own. What is opened must
 * hold exactly what it held, and still hold it after more commits (a damaged
 * list of free pages shows only then).
 *
 *   docket-damage REALM FOLDER FLIPS SEED MORE
 *
 * REALM holds a stopped store; it gets a ledger first. FLIPS: how many bits, at random, beside all of
 * both heads and of the pages that they name; 0: every bit of the file. Then
 * sectors of zeros, pages over each other, older versions, and short files.
 * MORE: after each so many flips that were accepted, more commits are made.
 */
#include "store/checksum.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TENANT "acme" /* whose series the store holds */

enum { PAGE = 4096, SECTOR = 512, HANG_S = 30, MORE_COMMITS = 17 /* one of them folds */, JOBS_MAX = 8 };
/* How the process that opened a damaged store ended. */
enum { SAME, REFUSED, CHANGED, LATER, SILENT, DIED, HUNG, ENDS };

static const char *const end_names[ENDS] = {"same", "refused", "changed", "later", "silent", "died", "hung"};

struct result {
    uint64_t ends[ENDS];
    uint64_t cases;
    char first[ENDS][256]; /* the first case of each */
};

struct content {
    uint64_t hash, generation, commit;
};

struct driver {
    const char *folder;
    char realm[512];
    uint8_t *file; /* as it was */
    size_t size;
    int data; /* the damaged one */
    char *witness;
    size_t witness_bytes;
    struct content right;
    struct result *result;
    char *words; /* shared: what the child said */
    unsigned job, jobs;
    uint64_t turn, more;
    bool goes_on; /* this case makes more commits */
};

static void die(const char *what)
{
    fprintf(stderr, "docket-damage: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* ---- what a store holds ---- */

static void add(struct content *content, const void *bytes, size_t count)
{
    content->hash = dk_hash(bytes, count, content->hash);
}

static docket_status add_series(void *context, const struct dk_series_record *record)
{
    struct content *content = context;
    add(content, record->tenant, strlen(record->tenant));
    add(content, record->name, strlen(record->name));
    uint64_t words[] = {record->id, record->uid, (uint64_t)record->created_ns, (uint64_t)record->policy->order,
                        (uint64_t)record->policy->restart, record->policy->window};
    add(content, words, sizeof words);
    return DOCKET_OK;
}

static docket_status add_text(void *context, const struct dk_text_record *record)
{
    struct content *content = context;
    add(content, record->series, strlen(record->series));
    add(content, record->beginning, strlen(record->beginning));
    add(content, &record->form, sizeof record->form);
    uint64_t words[] = {record->series_id, record->version, record->restart, record->last, (uint64_t)record->from_ns,
                        (uint64_t)record->until_ns};
    add(content, words, sizeof words);
    return DOCKET_OK;
}

/* The walk shows the journal first: the order of counters is no content. */
static docket_status add_counter(void *context, const struct dk_counter_image *image)
{
    struct content *content = context, one = {0};
    if (image->series_id >= 1000000)
        return DOCKET_OK; /* of the commits that we made after it */
    uint64_t words[] = {image->series_id, (uint64_t)image->period, image->closed, image->extent_first,
                        image->extent_last, image->mark, image->next, image->incarnation, image->last_date, image->interval_first};
    add(&one, words, sizeof words);
    if (image->place_count)
        add(&one, image->places, image->place_count * sizeof *image->places);
    if (image->spare_count)
        add(&one, image->spares, image->spare_count * sizeof *image->spares);
    content->hash += one.hash;
    return DOCKET_OK;
}

struct ranges {
    struct dk_store *store;
    struct content *content;
};

static docket_status add_range(void *context, const struct dk_fate_record *record)
{
    uint64_t words[] = {record->series_id, (uint64_t)record->period, record->fate, record->cause,
                        record->range.first, record->range.last, (uint64_t)record->time_ns};
    add(context, words, sizeof words);
    return DOCKET_OK;
}

static docket_status add_ranges_of(void *context, const struct dk_counter_image *image)
{
    struct ranges *ranges = context;
    struct content one = {0};
    docket_status status = dk_store_each_range(ranges->store, image->series_id, image->period, add_range, &one);
    ranges->content->hash += one.hash;
    return status;
}

static docket_status add_event(void *context, const struct dk_event *event)
{
    if (strcmp(event->kind, "start") != 0) /* each opening adds one of its own */
        add(context, event->text, strlen(event->text));
    return DOCKET_OK;
}

/* ---- a ledger, folded and in its log ---- */

enum { LEDGER_NUMBERS = 60, LEDGER_PERIOD = 2026, LEDGER_SERIES = 1 };

static void spell_ledger(unsigned at, char text[24], struct dk_range *one)
{
    snprintf(text, 24, "order-%u", at);
    *one = (struct dk_range){at + 1, at + 1};
}

/* Numbers with keys, one in five of them pending; and a text of elsewhere. */
static docket_status commit_ledger(struct dk_store *store, unsigned from, unsigned count)
{
    struct dk_ledger_record records[LEDGER_NUMBERS];
    struct dk_key_record keys[LEDGER_NUMBERS];
    struct dk_hold_record holds[LEDGER_NUMBERS];
    struct dk_range ranges[LEDGER_NUMBERS];
    char texts[LEDGER_NUMBERS][24];
    struct dk_elsewhere_record elsewhere = {.tenant = TENANT, .text = "OLD-1", .note = "by hand", .time_ns = 5};
    struct dk_change change = {.ledger = {records, count, keys, count, holds, 0, &elsewhere, 1}};
    uint64_t number;
    for (unsigned at = 0; at < count; at++) {
        spell_ledger(from + at, texts[at], &ranges[at]);
        bool pending = (from + at) % 5 == 0;
        records[at] = (struct dk_ledger_record){
            .series_id = LEDGER_SERIES, .period = LEDGER_PERIOD, .number = ranges[at].first, .first_ns = 7, .last_ns = 8,
            .state = pending ? DK_STATE_PENDING : DK_STATE_ISSUED, .seat = -1, .attempts = 1, .text = texts[at],
            .key = texts[at], .hold = "", .trace = "", .metadata = "", .error = "", .host = "", .reason = ""};
        keys[at] = (struct dk_key_record){.series_id = LEDGER_SERIES, .kind = DK_NAMED_KEY, .text = texts[at],
                                          .period = LEDGER_PERIOD, .ranges = &ranges[at], .range_count = 1};
        if (pending)
            holds[change.ledger.hold_count++] = (struct dk_hold_record){
                .series_id = LEDGER_SERIES, .kind = DK_NAMED_PENDING, .text = "", .period = LEDGER_PERIOD,
                .number = ranges[at].first, .seat = 3, .salt = at};
    }
    return dk_store_commit(store, &change, &number);
}

static docket_status add_record(void *context, const struct dk_ledger_record *record)
{
    add(context, record->text, strlen(record->text));
    add(context, record->key, strlen(record->key));
    uint64_t words[] = {record->number, record->state, record->attempts, (uint64_t)record->last_ns};
    add(context, words, sizeof words);
    return DOCKET_OK;
}

static docket_status add_key(void *context, const struct dk_key_record *record)
{
    add(context, &record->ranges[0], sizeof record->ranges[0]);
    return DOCKET_OK;
}

static docket_status add_hold(void *context, const struct dk_hold_record *record)
{
    uint64_t words[] = {record->number, record->salt, (uint64_t)record->seat};
    add(context, words, sizeof words);
    return DOCKET_OK;
}

static docket_status add_elsewhere(void *context, const struct dk_elsewhere_record *record)
{
    add(context, record->note, strlen(record->note));
    return DOCKET_OK;
}

static docket_status read_ledger(struct dk_store *store, struct content *content)
{
    bool found;
    docket_status status = dk_ledger_each(store, LEDGER_SERIES, LEDGER_PERIOD, 1, add_record, content);
    for (unsigned at = 0; status == DOCKET_OK && at < LEDGER_NUMBERS; at++) {
        struct dk_range one;
        char text[24];
        spell_ledger(at, text, &one);
        status = dk_ledger_find_key(store, LEDGER_SERIES, DK_NAMED_KEY, text, add_key, content, &found);
    }
    if (status == DOCKET_OK)
        status = dk_ledger_each_hold(store, add_hold, content);
    if (status == DOCKET_OK)
        status = dk_ledger_find_elsewhere(store, TENANT, "OLD-1", add_elsewhere, content, &found);
    return status;
}

static docket_status read_content(struct dk_store *store, struct content *content)
{
    struct ranges ranges = {store, content};
    content->hash = 0; /* opening has verified every record */
    docket_status status = dk_store_each_series(store, add_series, content);
    if (status == DOCKET_OK)
        status = dk_store_each_text(store, TENANT, "", add_text, content);
    if (status == DOCKET_OK)
        status = dk_store_each_event(store, 1, add_event, content);
    if (status == DOCKET_OK)
        status = dk_store_each_counter(store, add_counter, content);
    if (status == DOCKET_OK)
        status = read_ledger(store, content);
    return status == DOCKET_OK ? dk_store_each_counter(store, add_ranges_of, &ranges) : status;
}

/* ---- one opening ---- */

static docket_status open_store(const struct driver *driver, struct dk_store **store, struct content *content)
{
    struct dk_store_facts facts;
    struct dk_store_options options = {.realm = driver->realm,
                                       .map_bytes = (size_t)64 << 20,
                                       .preallocate_bytes = PAGE,
                                       .boot_id = {7}};
    docket_status status = dk_store_open(&options, store, &facts);
    if (status == DOCKET_OK)
        status = read_content(*store, content);
    content->generation = facts.generation;
    content->commit = facts.commit_number;
    return status;
}

static docket_status go_on(struct dk_store *store)
{
    docket_status status = DOCKET_OK;
    for (uint64_t at = 0; status == DOCKET_OK && at < MORE_COMMITS; at++) {
        struct dk_counter_image image = {.series_id = 1000000 + at % 3, .period = 0, .extent_first = 1,
                                         .extent_last = DOCKET_NUMBER_MAX, .mark = 100 + at, .next = 1 + at};
        const struct dk_counter_image *one = &image;
        uint64_t number;
        status = dk_store_commit(store, &(struct dk_change){.counters = &one, .counter_count = 1}, &number);
    }
    return status;
}

/* Into the realm, before it is damaged: most of it folded, the rest in the log. */
static void add_ledger(const char *realm)
{
    struct dk_store_options options = {.realm = realm, .preallocate_bytes = PAGE, .ledger_wait = 8, .boot_id = {7}};
    struct dk_store *store;
    struct dk_store_facts facts;
    docket_status status = dk_store_open(&options, &store, &facts);
    for (unsigned at = 0; status == DOCKET_OK && at < LEDGER_NUMBERS; at += 20)
        status = commit_ledger(store, at, 20);
    if (status == DOCKET_OK)
        status = dk_store_close(store, true);
    if (status != DOCKET_OK) {
        fprintf(stderr, "docket-damage: %s\n", dk_error_text());
        exit(2);
    }
}

static bool differs(const struct content *a, const struct content *b)
{
    return a->hash != b->hash || a->generation != b->generation || a->commit != b->commit;
}

/* As guard.c of docketd: LMDB's own abort, and a touch behind the file's end. */
static void say_damaged(int number)
{
    (void)number;
    _exit(REFUSED);
}

static void open_once(const struct driver *driver)
{
    struct dk_store *store = NULL;
    struct content content = {0};
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    close(STDERR_FILENO); /* LMDB's assertion speaks there */
    signal(SIGABRT, say_damaged);
    signal(SIGBUS, say_damaged);
    alarm(HANG_S);
    docket_status status = open_store(driver, &store, &content);
    snprintf(driver->words, 512, "%s", dk_error_text());
    if (status != DOCKET_OK)
        _exit(strlen(driver->words) > 20 ? REFUSED : SILENT);
    if (differs(&content, &driver->right)) {
        snprintf(driver->words, 512, "generation %llu, commit %llu", (unsigned long long)content.generation,
                 (unsigned long long)content.commit);
        _exit(CHANGED);
    }
    if (!driver->goes_on)
        _exit(SAME);
    signal(SIGABRT, SIG_DFL); /* docketd serves now: it would end without a word */
    /* Damage that is refused now, in words, is refused as well. */
    if (go_on(store) != DOCKET_OK || dk_store_close(store, true) != DOCKET_OK)
        _exit(REFUSED);
    struct content later = {0};
    status = open_store(driver, &store, &later);
    snprintf(driver->words, 512, "%s", dk_error_text());
    _exit(status == DOCKET_OK && later.hash == driver->right.hash ? SAME : LATER);
}

static void put_right(const struct driver *driver)
{
    char path[540];
    snprintf(path, sizeof path, "%s/witness", driver->realm);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, driver->witness, driver->witness_bytes) != (ssize_t)driver->witness_bytes)
        die("cannot write the witness");
    close(fd);
    if (ftruncate(driver->data, (off_t)driver->size) != 0 ||
        pwrite(driver->data, driver->file, driver->size, 0) != (ssize_t)driver->size)
        die("cannot write the store");
}

/* The file has been put right and damaged again. */
static void judge(struct driver *driver, const char *what, size_t at)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        open_once(driver);
    waitpid(child, &status, 0);
    unsigned end = WIFEXITED(status) && WEXITSTATUS(status) < DIED ? (unsigned)WEXITSTATUS(status)
                   : WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? HUNG : DIED;
    struct result *result = driver->result;
    result->cases++;
    result->ends[end]++;
    if (!result->first[end][0])
        snprintf(result->first[end], sizeof result->first[end], "%s at %zu (page %zu, byte %zu): %.150s", what, at,
                 at / PAGE, at % PAGE, driver->words);
    driver->words[0] = 0;
}

static bool mine(struct driver *driver)
{
    driver->goes_on = true;
    return driver->turn++ % driver->jobs == driver->job;
}

/* ---- kinds of damage ---- */

static void flip(struct driver *driver, size_t byte, unsigned bit)
{
    if (!mine(driver))
        return;
    uint8_t changed = (uint8_t)(driver->file[byte] ^ 1u << bit);
    put_right(driver);
    if (pwrite(driver->data, &changed, 1, (off_t)byte) != 1)
        die("cannot flip");
    driver->goes_on = driver->turn / driver->jobs % driver->more == 0;
    judge(driver, "a flipped bit", byte);
}

static void flip_range(struct driver *driver, size_t from, size_t to)
{
    for (size_t byte = from; byte < to && byte < driver->size; byte++)
        for (unsigned bit = 0; bit < 8; bit++)
            flip(driver, byte, bit);
}

static void overwrite(struct driver *driver, const char *what, size_t at, const void *bytes, size_t count)
{
    if (!mine(driver))
        return;
    put_right(driver);
    if (pwrite(driver->data, bytes, count, (off_t)at) != (ssize_t)count)
        die("cannot overwrite");
    judge(driver, what, at);
}

static void truncate_at(struct driver *driver, size_t size)
{
    if (!mine(driver))
        return;
    put_right(driver);
    if (ftruncate(driver->data, (off_t)size) != 0)
        die("cannot truncate");
    judge(driver, "a short file", size);
}

static void rougher(struct driver *driver, const uint8_t *older, size_t older_size)
{
    static const uint8_t zeros[PAGE];
    for (size_t at = 0; at < driver->size; at += SECTOR)
        overwrite(driver, "a sector of zeros", at, zeros, SECTOR);
    for (size_t to = 0; to < driver->size; to += PAGE)
        for (size_t from = 0; from < driver->size; from += PAGE)
            if (from != to && (from + to) / PAGE % 3 == 0)
                overwrite(driver, "a page over another", to, driver->file + from, PAGE);
    for (size_t at = 0; at + PAGE <= older_size && at < driver->size; at += PAGE)
        overwrite(driver, "an older page", at, older + at, PAGE);
    for (size_t size = 0; size < driver->size; size += SECTOR)
        truncate_at(driver, size);
}

/* ---- the parts ---- */

static uint8_t *read_file(const char *folder, const char *name, size_t *size)
{
    char path[1024];
    struct stat facts;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0)
        die(path);
    uint8_t *bytes = malloc((size_t)facts.st_size + 1);
    if (!bytes || read(fd, bytes, (size_t)facts.st_size) != facts.st_size)
        die(path);
    close(fd);
    *size = (size_t)facts.st_size;
    return bytes;
}

static void prepare(struct driver *driver)
{
    char path[540];
    snprintf(driver->realm, sizeof driver->realm, "%s/%u", driver->folder, driver->job);
    snprintf(path, sizeof path, "%s/store", driver->realm);
    if (mkdir(driver->realm, 0700) != 0 || mkdir(path, 0700) != 0)
        die(path);
    snprintf(path, sizeof path, "%s/store/data.mdb", driver->realm);
    driver->data = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    driver->words = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (driver->data < 0 || driver->words == MAP_FAILED)
        die(path);
    put_right(driver);
    struct dk_store *store;
    if (open_store(driver, &store, &driver->right) != DOCKET_OK)
        die(dk_error_text());
    docket_status unused = dk_store_close(store, false);
    (void)unused;
}

static void run(struct driver *driver, uint64_t flips, uint64_t seed, const uint8_t *older, size_t older_size)
{
    prepare(driver);
    if (flips == 0)
        flip_range(driver, 0, driver->size);
    else
        for (size_t page = 0; page < 2; page++)
            flip_range(driver, page * PAGE, page * PAGE + 16 + 136);
    for (uint64_t at = 0; at < flips; at++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        flip(driver, (size_t)(seed >> 24) % driver->size, (unsigned)(seed >> 20) & 7);
    }
    rougher(driver, older, older_size);
    _exit(0);
}

int main(int count, char **words)
{
    static struct driver driver;
    struct result sum = {{0}, 0, {{0}}};
    size_t older_size;
    if (count != 6 || atoi(words[5]) < 1)
        return 2;
    driver.folder = words[2];
    driver.more = (uint64_t)atoi(words[5]);
    add_ledger(words[1]);
    driver.file = read_file(words[1], "store/data.mdb", &driver.size);
    driver.witness = (char *)read_file(words[1], "witness", &driver.witness_bytes);
    uint8_t *older = read_file(words[1], "older.mdb", &older_size);
    const char *jobs = getenv("JOBS");
    driver.jobs = jobs && atoi(jobs) > 0 && atoi(jobs) <= JOBS_MAX ? (unsigned)atoi(jobs) : 2;
    struct result *results = mmap(NULL, JOBS_MAX * sizeof *results, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (driver.job = 0; driver.job < driver.jobs; driver.job++) {
        driver.result = &results[driver.job];
        if (fork() == 0)
            run(&driver, strtoull(words[3], NULL, 10), strtoull(words[4], NULL, 10), older, older_size);
    }
    int status, failed = 0;
    while (wait(&status) > 0)
        failed += status != 0;
    printf("bytes %zu\nfailed %d\n", driver.size, failed);
    for (unsigned job = 0; job < driver.jobs; job++)
        sum.cases += results[job].cases;
    printf("cases %llu\n", (unsigned long long)sum.cases);
    for (unsigned end = 0; end < ENDS; end++) {
        for (unsigned job = 0; job < driver.jobs; job++)
            sum.ends[end] += results[job].ends[end];
        printf("%s %llu\n", end_names[end], (unsigned long long)sum.ends[end]);
        for (unsigned job = 0; job < driver.jobs; job++)
            if (end != SAME && results[job].first[end][0])
                printf("  %s\n", results[job].first[end]);
    }
    return 0;
}
