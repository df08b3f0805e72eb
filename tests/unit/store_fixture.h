/* SPDX-License-Identifier: MIT */
/*
 * store_fixture: a realm of its own for each test of the store, and what the
 * tests of the store do with it. Everything is static: a test program is one
 * file and the sources that it names.
 */
#ifndef DK_TESTS_STORE_FIXTURE_H
#define DK_TESTS_STORE_FIXTURE_H

#include "store/inside.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[128]; /* of one test */
static char realm[160];  /* folder/realm */
static struct dk_store *store;
static struct dk_store_facts facts;
static struct dk_store_options options;

/* ---- files ---- */

static inline void remove_tree(const char *path)
{
    DIR *entries = opendir(path);
    const struct dirent *entry;
    char below[1024];
    while (entries && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%.512s/%s", path, entry->d_name);
        if (unlink(below) != 0)
            remove_tree(below);
    }
    if (entries)
        closedir(entries);
    rmdir(path);
}

static inline const char *path_of(const char *name)
{
    static char paths[4][512];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", realm, name);
    return path;
}

static inline bool is_there(const char *path)
{
    struct stat unused;
    return lstat(path, &unused) == 0;
}

/* Sparse, as a backup tool would. */
static inline void copy_file(const char *from, const char *to)
{
    char bytes[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(in >= 0 && out >= 0);
    ssize_t got;
    while ((got = read(in, bytes, sizeof bytes)) > 0)
        assert_int_equal(write(out, bytes, (size_t)got), got);
    close(in);
    close(out);
}

static inline void back_up(void)
{
    assert_int_equal(mkdir(path_of("backup"), 0700), 0);
    copy_file(path_of("store/data.mdb"), path_of("backup/data.mdb"));
}

static inline void put_back(void)
{
    copy_file(path_of("backup/data.mdb"), path_of("store/data.mdb"));
}

/* ---- the store ---- */

static inline docket_status open_store(void)
{
    return dk_store_open(&options, &store, &facts);
}

static inline void must_open(void)
{
    if (open_store() != DOCKET_OK)
        fail_msg("%s", dk_error_text());
}

static inline void must_close(bool clean)
{
    docket_status status = dk_store_close(store, clean);
    store = NULL;
    if (status != DOCKET_OK)
        fail_msg("%s", dk_error_text());
}

/* As after a kill: nothing is written. */
static inline void crash(void)
{
    must_close(false);
}

/* As docketd does once an accepted store's counters have moved forward. */
static inline void take_fence_down(void)
{
    struct dk_fence none = {0};
    uint64_t number;
    assert_int_equal(facts.fence.kind, DK_FENCE_ACCEPTING);
    assert_int_equal(dk_store_commit(store, &(struct dk_change){.fence = &none}, &number), DOCKET_OK);
}

static inline int make_realm(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/docket-store-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(realm, sizeof realm, "%s/realm", folder);
    store = NULL;
    options = (struct dk_store_options){.realm = realm,
                                        .create = true,
                                        .map_bytes = (size_t)256 << 20,
                                        .preallocate_bytes = 1 << 20,
                                        .ledger_wait = 50, /* so that the ledger folds often */
                                        .boot_id = {1, 2, 3}};
    return 0;
}

static inline int remove_realm(void **state)
{
    (void)state;
    docket_status unused = dk_store_close(store, false);
    (void)unused;
    store = NULL;
    remove_tree(folder);
    return 0;
}

static inline void must_commit(const struct dk_change *change)
{
    uint64_t number = 0;
    if (dk_store_commit(store, change, &number) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    assert_true(number > facts.commit_number);
}

static inline struct dk_counter_image counter_of(uint64_t id, int32_t period, uint64_t next)
{
    return (struct dk_counter_image){.series_id = id,
                                     .period = period,
                                     .extent_first = 1,
                                     .extent_last = DOCKET_NUMBER_MAX,
                                     .mark = next + 100,
                                     .next = next};
}

static inline void commit_counter(uint64_t id, int32_t period, uint64_t next)
{
    struct dk_counter_image image = counter_of(id, period, next);
    const struct dk_counter_image *one = &image;
    must_commit(&(struct dk_change){.counters = &one, .counter_count = 1});
}

static inline void commit_many(unsigned count)
{
    for (unsigned at = 0; at < count; at++)
        commit_counter(1, 2026, at + 1);
}

static inline struct dk_series_record series_of(uint64_t id, const char *tenant, const char *name)
{
    struct dk_series_record record = {.id = id, .created_ns = 5, .uid = 1000};
    struct dk_policy policy;
    dk_policy_default(&policy);
    memset(policy.template_text, 0, sizeof policy.template_text);
    memcpy(policy.template_text, "{YYYY}-{N}", sizeof "{YYYY}-{N}");
    record.policy = dk_policy_keep(&policy);
    snprintf(record.tenant, sizeof record.tenant, "%s", tenant);
    snprintf(record.name, sizeof record.name, "%s", name);
    snprintf(record.desk, sizeof record.desk, "office");
    return record;
}

static inline docket_status commit_series(uint64_t id, const char *tenant, const char *name)
{
    struct dk_series_record record = series_of(id, tenant, name);
    const struct dk_series_record *one = &record;
    uint64_t number;
    return dk_store_commit(store, &(struct dk_change){.series = &one, .series_count = 1}, &number);
}

/* ---- reading ---- */

struct reading {
    unsigned count;
    uint64_t id;
    int32_t period;
    uint64_t next; /* of (id, period), or of the last one */
    uint64_t sum;
    char text[1024];
};

static inline docket_status read_counter(void *context, const struct dk_counter_image *image)
{
    struct reading *reading = context;
    reading->count++;
    reading->sum += image->next;
    if (image->series_id == reading->id && image->period == reading->period)
        reading->next = image->next;
    return DOCKET_OK;
}

static inline docket_status read_series(void *context, const struct dk_series_record *record)
{
    struct reading *reading = context;
    size_t used = strlen(reading->text);
    reading->count++;
    snprintf(reading->text + used, sizeof reading->text - used, "%s/%s=%llu ", record->tenant,
             record->name, (unsigned long long)record->id);
    return DOCKET_OK;
}

static inline docket_status read_range(void *context, const struct dk_fate_record *record)
{
    struct reading *reading = context;
    size_t used = strlen(reading->text);
    reading->count++;
    snprintf(reading->text + used, sizeof reading->text - used, "%llu-%llu %s by %s, ",
             (unsigned long long)record->range.first, (unsigned long long)record->range.last,
             dk_fate_name(record->fate), dk_cause_name(record->cause));
    return DOCKET_OK;
}

static inline docket_status read_event(void *context, const struct dk_event *event)
{
    struct reading *reading = context;
    size_t used = strlen(reading->text);
    reading->count++;
    snprintf(reading->text + used, sizeof reading->text - used, "%llu %s: %s; ",
             (unsigned long long)event->number, event->kind, event->text);
    return DOCKET_OK;
}

static inline uint64_t next_of(uint64_t id, int32_t period)
{
    struct reading reading = {.id = id, .period = period};
    if (dk_store_each_counter(store, read_counter, &reading) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    return reading.next;
}

static inline struct reading events_from(uint64_t from)
{
    struct reading reading = {0};
    if (dk_store_each_event(store, from, read_event, &reading) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    return reading;
}

static inline void assert_refused(docket_status wanted, const char *words)
{
    docket_status status = open_store();
    if (status != wanted)
        fail_msg("%s: %s", docket_status_name(status), dk_error_text());
    if (!strstr(dk_error_text(), words))
        fail_msg("\"%s\" is not in: %s", words, dk_error_text());
}

static inline void assert_sound(void)
{
    uint64_t records = 0;
    if (dk_store_verify(store, &records) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    assert_true(records >= 8);
}

static inline struct dk_fate_record range_of(uint64_t first, uint64_t last)
{
    return (struct dk_fate_record){.series_id = 1,
                                   .period = 2026,
                                   .fate = DK_FATE_UNKNOWN,
                                   .cause = DK_CAUSE_POWER_LOSS,
                                   .range = {first, last}};
}

/* ---- a ledger ---- */

static inline struct dk_ledger_record record_of(uint64_t number, uint8_t state)
{
    return (struct dk_ledger_record){.series_id = 1, .period = 2026, .number = number, .state = state, .first_ns = 1,
                                     .last_ns = 1, .seat = -1, .attempts = 1, .text = "T", .key = "", .hold = "",
                                     .trace = "", .metadata = "", .error = "", .host = "", .reason = ""};
}

/* Numbers of series 1, each with a key of its own; every tenth is pending, the others are issued. */
static inline void commit_ledger(uint64_t first, unsigned count)
{
    struct dk_ledger_record *records = calloc(count, sizeof *records);
    struct dk_key_record *keys = calloc(count, sizeof *keys);
    struct dk_hold_record *holds = calloc(count, sizeof *holds);
    struct dk_range *ranges = calloc(count, sizeof *ranges);
    char(*texts)[24] = calloc(count, sizeof *texts);
    assert_true(records && keys && holds && ranges && texts);
    struct dk_change change = {.ledger = {.records = records, .record_count = count, .keys = keys, .key_count = count,
                                          .holds = holds}};
    for (unsigned at = 0; at < count; at++) {
        uint64_t number = first + at;
        bool pending = number % 10 == 0;
        snprintf(texts[at], sizeof texts[at], "order-%llu", (unsigned long long)number);
        records[at] = record_of(number, pending ? DK_STATE_PENDING : DK_STATE_ISSUED);
        records[at].key = texts[at];
        ranges[at] = (struct dk_range){number, number};
        keys[at] = (struct dk_key_record){.series_id = 1, .kind = DK_NAMED_KEY, .text = texts[at], .period = 2026,
                                          .ranges = &ranges[at], .range_count = 1};
        if (pending)
            holds[change.ledger.hold_count++] = (struct dk_hold_record){
                .series_id = 1, .kind = DK_NAMED_PENDING, .text = "", .period = 2026, .number = number, .seat = 3};
    }
    must_commit(&change);
    free(records);
    free(keys);
    free(holds);
    free(ranges);
    free(texts);
}

/* ---- a store of an older schema, as its docketd would have left it: made by hand, and not by a migration ---- */

static inline void plain_events(MDB_txn *txn)
{
    for (uint64_t number = 1; number <= store->meta.trail.number; number++) {
        struct dk_key key;
        struct dk_slice value;
        struct dk_event event;
        bool found;
        dk_key_of_event(&key, number);
        assert_int_equal(dk_env_get(store, txn, DK_KIND_EVENTS, &key, &value, &found), DOCKET_OK);
        assert_int_equal(dk_image_decode_event(dk_key_slice(&key), value, &event), DOCKET_OK);
        event.link = (struct dk_event_link){0};
        event.tenant[0] = event.series[0] = 0;
        event.period = 0;
        store->value.used = 0;
        assert_int_equal(dk_image_encode_event(&event, &key, &store->value), DOCKET_OK);
        assert_int_equal(dk_env_put(store, txn, DK_KIND_EVENTS, &key, &store->value), DOCKET_OK);
    }
}

static inline void drop_from(MDB_txn *txn, enum dk_kind from)
{
    for (unsigned kind = from; kind < store->kinds; kind++) {
        assert_int_equal(dk_env_empty(store, txn, (enum dk_kind)kind), DOCKET_OK);
        assert_int_equal(mdb_drop(txn, store->dbi[kind], 1), 0);
    }
    store->kinds = from < store->kinds ? from : store->kinds;
}

static inline void forget(MDB_txn *txn, const char *name)
{
    struct dk_key key;
    dk_key_of_name(&key, name);
    assert_int_equal(dk_env_remove(store, txn, DK_KIND_META, &key), DOCKET_OK);
}

/* Of the open store, which ends without a word. */
static inline void leave_as_schema(uint64_t schema)
{
    MDB_txn *txn;
    struct dk_witness witness = store->witness;
    assert_int_equal(dk_env_begin(store, true, &txn), DOCKET_OK);
    store->trail_moved = false;
    if (schema < 6) {
        forget(txn, "fence");
        forget(txn, "guard");
        forget(txn, "run");
    }
    if (schema < 5) {
        plain_events(txn);
        drop_from(txn, DK_KIND_LEDGERLOG);
        forget(txn, "trail");
        forget(txn, "ledger_sum");
        witness.event = 0;
        assert_int_equal(dk_witness_write(store->witness_fd, store->witness_name, &witness), DOCKET_OK);
    }
    if (schema < 4) {
        drop_from(txn, DK_KIND_TEXTS);
        forget(txn, "time");
    }
    store->meta.schema_version = schema;
    assert_int_equal(dk_meta_write(store, txn, &store->meta), DOCKET_OK);
    assert_int_equal(dk_meta_write_end(store, txn, store->meta.commit), DOCKET_OK);
    assert_int_equal(dk_env_commit(store, txn), 0);
    crash();
}

#define IN_A_REALM(name) cmocka_unit_test_setup_teardown(name, make_realm, remove_realm)

#endif
