/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c numbering/fate.c store/env.c store/store.c */
/* libs: lmdb pthread */
/* From one schema to the next and back: what the store says stays the same, what an
 * older schema cannot hold is named, and what is not meant to be written is not. */
#include "store_fixture.h"

#include "store/migrate.h"

enum { MANY = 1000 /* counters */ };

/* ---- a store that every schema can hold ---- */

static struct dk_series_record plain_series(uint64_t id)
{
    struct dk_series_record record = series_of(id, id % 2 ? "acme" : "zeta", "");
    struct dk_policy policy = *record.policy;
    memset(policy.template_text, 0, sizeof policy.template_text);
    memcpy(policy.template_text, "{SERIES}-{MM}{DD}{YYYY}-{N:6}", sizeof "{SERIES}-{MM}{DD}{YYYY}-{N:6}");
    record.policy = dk_policy_keep(&policy);
    snprintf(record.name, sizeof record.name, "S%05u", (unsigned)id);
    return record;
}

static void add_series(unsigned count)
{
    struct dk_series_record *records = calloc(count, sizeof *records);
    const struct dk_series_record **all = calloc(count, sizeof *all);
    assert_true(records && all);
    for (unsigned at = 0; at < count; at++) {
        records[at] = plain_series(at + 1);
        all[at] = &records[at];
    }
    must_commit(&(struct dk_change){.series = all, .series_count = count});
    free(all);
    free(records);
}

/* So many, over a few periods of each series; written twice, so that journal and records differ. */
static void add_counters(unsigned count, unsigned series)
{
    struct dk_counter_image *images = calloc(count, sizeof *images);
    const struct dk_counter_image **all = calloc(count, sizeof *all);
    assert_true(images && all);
    for (int round = 0; round < 2; round++) {
        for (unsigned at = 0; at < count; at++) {
            images[at] = counter_of(1 + at % series, 2001 + (int32_t)(at / series), 10 * at + 1 + (unsigned)round);
            images[at].closed = at % 7 == 0 ? DK_ENDED : DK_OPEN;
            all[at] = &images[at];
        }
        must_commit(&(struct dk_change){.counters = all, .counter_count = round == 0 ? count : count / 2});
        if (round == 0)
            commit_many(DK_JOURNAL_LENGTH); /* folded once */
    }
    free(all);
    free(images);
}

static void fill(unsigned series, unsigned counters)
{
    must_open();
    add_series(series);
    add_counters(counters, series);
    struct dk_fate_record ranges[10];
    for (uint64_t at = 0; at < 10; at++)
        ranges[at] = range_of(1 + at, 1 + at);
    struct dk_event event = {.time_ns = 7, .kind = "recovery", .uid = 12, .text = "desk office built anew"};
    struct dk_desk_note desk = {.index = 3, .incarnation = 99};
    must_commit(&(struct dk_change){.ranges = ranges, .range_count = 10, .events = &event, .event_count = 1, .desks = &desk,
                                    .desk_count = 1});
}

static void fill_and_stop(unsigned series, unsigned counters)
{
    fill(series, counters);
    must_close(true);
}

/* ---- all that it says, as one text ---- */

struct dump {
    char *lines[4 * MANY];
    size_t count;
};

static void say(struct dump *dump, const char *line)
{
    assert_true(dump->count < sizeof dump->lines / sizeof dump->lines[0]);
    dump->lines[dump->count++] = strdup(line);
}

static docket_status dump_series(void *context, const struct dk_series_record *record)
{
    char line[512];
    snprintf(line, sizeof line, "series %s/%s %llu desk %s made %lld by %u retired %lld %s window %u order %u restart %u",
             record->tenant, record->name, (unsigned long long)record->id, record->desk, (long long)record->created_ns,
             record->uid, (long long)record->retired_ns, record->policy->template_text, record->policy->window,
             record->policy->order, record->policy->restart);
    say(context, line);
    return DOCKET_OK;
}

static docket_status dump_counter(void *context, const struct dk_counter_image *image)
{
    char line[512];
    snprintf(line, sizeof line, "counter %llu %d closed %u %llu-%llu mark %llu next %llu", (unsigned long long)image->series_id,
             (int)image->period, image->closed, (unsigned long long)image->extent_first,
             (unsigned long long)image->extent_last, (unsigned long long)image->mark, (unsigned long long)image->next);
    say(context, line);
    return DOCKET_OK;
}

static docket_status dump_range(void *context, const struct dk_fate_record *record)
{
    char line[512];
    snprintf(line, sizeof line, "range %llu-%llu %s %s", (unsigned long long)record->range.first,
             (unsigned long long)record->range.last, dk_fate_name(record->fate), dk_cause_name(record->cause));
    say(context, line);
    return DOCKET_OK;
}

/* Starts and migrations are those of the test. */
static docket_status dump_event(void *context, const struct dk_event *event)
{
    char line[1024];
    if (strcmp(event->kind, "start") == 0 || strcmp(event->kind, "migrate") == 0)
        return DOCKET_OK;
    snprintf(line, sizeof line, "event %s %lld %u %s %s", event->kind, (long long)event->time_ns, event->uid, event->text,
             event->reason);
    say(context, line);
    return DOCKET_OK;
}

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void take_dump(struct dump *dump)
{
    *dump = (struct dump){0};
    must_open();
    assert_int_equal(dk_store_each_series(store, dump_series, dump), DOCKET_OK);
    assert_int_equal(dk_store_each_counter(store, dump_counter, dump), DOCKET_OK);
    assert_int_equal(dk_store_each_range(store, 1, 2026, dump_range, dump), DOCKET_OK);
    assert_int_equal(dk_store_each_event(store, 1, dump_event, dump), DOCKET_OK);
    assert_sound();
    must_close(true);
    qsort(dump->lines, dump->count, sizeof dump->lines[0], by_text);
}

static void assert_same_dump(struct dump *a, struct dump *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t at = 0; at < a->count; at++)
        assert_string_equal(a->lines[at], b->lines[at]);
}

static void free_dump(struct dump *dump)
{
    for (size_t at = 0; at < dump->count; at++)
        free(dump->lines[at]);
}

/* ---- migrating ---- */

static struct dk_migrate_order order;

static docket_status go(enum dk_migrate_way way, const char *target)
{
    order = (struct dk_migrate_order){.way = way, .target = target};
    return dk_migrate_run(&options, &order);
}

static void must_go(enum dk_migrate_way way, const char *target)
{
    if (go(way, target) != DOCKET_OK)
        fail_msg("%s: %s", target, dk_error_text());
}

static struct dk_migrate_at look(void)
{
    struct dk_migrate_at at;
    if (dk_migrate_look(&options, &at, NULL, NULL) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    return at;
}

static void assert_goes_not(enum dk_migrate_way way, const char *target, docket_status wanted, const char *words)
{
    docket_status status = go(way, target);
    if (status != wanted || !strstr(dk_error_text(), words))
        fail_msg("%s: %s: %s", target, docket_status_name(status), dk_error_text());
}

static uint64_t hash_of_file(const char *name)
{
    static uint8_t bytes[64 << 20];
    int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t size = read(fd, bytes, sizeof bytes);
    assert_true(size > 0 && (size_t)size < sizeof bytes);
    close(fd);
    uint64_t hash = 1469598103934665603u;
    for (ssize_t at = 0; at < size; at++)
        hash = (hash ^ bytes[at]) * 1099511628211u;
    return hash;
}

/* ---- starts ---- */

static void a_store_of_an_older_schema_is_refused_with_the_command(void **state)
{
    (void)state;
    for (uint64_t schema = DK_SCHEMA_OLDEST; schema < DK_SCHEMA_VERSION; schema++) {
        char words[64];
        fill(3, 10);
        leave_as_schema(schema);
        uint64_t before = hash_of_file("store/data.mdb"), witness = hash_of_file("witness");
        snprintf(words, sizeof words, "has schema %llu, of an older release, and this docketd serves %u",
                 (unsigned long long)schema, DK_SCHEMA_VERSION);
        assert_refused(DOCKET_BAD_LAYOUT, words);
        assert_refused(DOCKET_BAD_LAYOUT, "docket migrate upgrade --realm ");
        assert_true(hash_of_file("store/data.mdb") == before && hash_of_file("witness") == witness);
        remove_tree(realm);
    }
}

/* An admin has looked, and no docketd would take it otherwise. */
static void a_store_of_an_older_schema_is_upgraded_by_who_accepts_it(void **state)
{
    (void)state;
    for (uint64_t schema = DK_SCHEMA_OLDEST; schema < DK_SCHEMA_VERSION; schema++) {
        fill(3, 10);
        leave_as_schema(schema);
        struct dk_facts before = look().facts;
        assert_int_equal(unlink(path_of("witness")), 0);
        assert_refused(DOCKET_BAD_LAYOUT, "migrate upgrade"); /* which goes by the witness too */
        assert_goes_not(DK_MIGRATE_UP, "head", DOCKET_STORE_REWOUND, "the witness is missing");
        options.accept = true;
        must_open();
        options.accept = false;
        assert_int_equal(facts.schema_version, DK_SCHEMA_VERSION);
        assert_int_equal(facts.fence.kind, DK_FENCE_ACCEPTING); /* until the counters have moved */
        assert_memory_not_equal(store->meta.guard.token, (uint8_t[16]){0}, 16);
        assert_memory_equal(store->witness.token, store->meta.guard.token, 16);
        assert_sound();
        must_close(true);
        struct dk_migrate_at at = look();
        assert_true(at.facts.series == before.series && at.facts.counters == before.counters);
        remove_tree(realm);
    }
}

static docket_status write_all(struct dk_store *opened, MDB_txn *txn, uint64_t number, const void *context)
{
    struct dk_meta meta = opened->meta;
    (void)context;
    docket_status status = dk_migrate_all_up(opened, txn, meta.schema_version);
    meta.schema_version = DK_SCHEMA_VERSION;
    meta.commit = number;
    return status == DOCKET_OK ? dk_meta_write(opened, txn, &meta) : status;
}

/* As a backup of before is brought up in the commit that puts up its fence: of its records alone, without a walk. */
static void all_steps_fit_one_commit(void **state)
{
    (void)state;
    for (uint64_t schema = DK_SCHEMA_OLDEST; schema < DK_SCHEMA_VERSION; schema++) {
        struct dk_store *bare;
        fill(5, 20);
        leave_as_schema(schema);
        struct dk_facts said = look().facts;
        assert_int_equal(dk_open_standing(&options, 0, &bare), DOCKET_OK);
        if (schema < 5)
            bare->meta.trail = (struct dk_trail){0};
        bare->witness.commit = UINT64_MAX; /* none is written */
        if (dk_commit_run(bare, write_all, NULL) != DOCKET_OK)
            fail_msg("%s", dk_error_text());
        dk_open_release(bare);
        assert_int_equal(look().schema, DK_SCHEMA_VERSION);
        assert_memory_equal(look().facts.digest, said.digest, DK_DIGEST_BYTES);
        must_open();
        assert_sound();
        crash();
        remove_tree(realm);
    }
}

/* ---- up and down ---- */

static void each_older_schema_comes_up_to_the_newest(void **state)
{
    (void)state;
    for (uint64_t schema = DK_SCHEMA_OLDEST; schema < DK_SCHEMA_VERSION; schema++) {
        struct dump before, after;
        fill_and_stop(25, 100);
        take_dump(&before);
        must_open();
        leave_as_schema(schema);
        struct dk_facts said = look().facts;
        assert_int_equal(look().schema, schema);
        must_go(DK_MIGRATE_UP, "head");
        assert_int_equal(order.before.schema, schema);
        assert_int_equal(order.after.schema, DK_SCHEMA_VERSION);
        assert_memory_equal(order.after.facts.digest, said.digest, DK_DIGEST_BYTES);
        take_dump(&after);
        assert_same_dump(&before, &after);
        free_dump(&before);
        free_dump(&after);
        must_go(DK_MIGRATE_UP, "head"); /* nothing is left to do */
        remove_tree(realm);
    }
}

static void up_and_down_and_up_say_the_same(void **state)
{
    (void)state;
    struct dump before, after;
    fill_and_stop(25, MANY);
    take_dump(&before);
    struct dk_migrate_at head = look();
    for (int round = 0; round < 2; round++) {
        must_go(DK_MIGRATE_DOWN, "base");
        assert_int_equal(look().schema, DK_SCHEMA_OLDEST);
        assert_memory_equal(look().facts.digest, head.facts.digest, DK_DIGEST_BYTES);
        assert_refused(DOCKET_BAD_LAYOUT, "docket migrate upgrade");
        must_go(DK_MIGRATE_UP, "head");
        assert_memory_equal(look().facts.digest, head.facts.digest, DK_DIGEST_BYTES);
    }
    assert_true(head.facts.counters >= MANY);
    take_dump(&after);
    assert_same_dump(&before, &after);
    free_dump(&before);
    free_dump(&after);
}

/* The sum that the next start adds up, the witness that judges it, and what ends a commit: of each schema. */
static void each_step_leaves_a_store_that_the_next_one_takes(void **state)
{
    (void)state;
    fill_and_stop(5, 40);
    struct dk_migrate_at at = look(), next;
    for (uint64_t schema = DK_SCHEMA_VERSION - 1; schema >= DK_SCHEMA_OLDEST; schema--) {
        must_go(DK_MIGRATE_DOWN, "-1");
        next = look();
        assert_true(next.schema == schema && next.generation == at.generation + 1 && next.commit == at.commit + 1);
        at = next;
    }
    assert_goes_not(DK_MIGRATE_DOWN, "-1", DOCKET_BAD_ARGUMENT, "there is no -1 from schema");
    for (uint64_t schema = DK_SCHEMA_OLDEST + 1; schema <= DK_SCHEMA_VERSION; schema++) {
        must_go(DK_MIGRATE_UP, "+1");
        assert_int_equal(look().schema, schema);
    }
    must_open();
    assert_int_equal(facts.clean, true); /* as before: no migration is a stop that was not in order */
    assert_sound();
}

static void a_stop_that_was_not_in_order_stays_one(void **state)
{
    (void)state;
    fill(3, 10);
    crash();
    must_go(DK_MIGRATE_DOWN, "5");
    must_go(DK_MIGRATE_UP, "head");
    options.boot_id[0] = 77;
    must_open();
    assert_int_equal(facts.clean, false);
    assert_int_equal(facts.boot_id[0], 1); /* of the docketd that served, and not of the migration */
    crash();
}

struct told {
    unsigned count;
    struct dk_event last;
};

static docket_status keep(void *context, const struct dk_event *event)
{
    struct told *told = context;
    told->count++;
    told->last = *event;
    return DOCKET_OK;
}

static void who_when_and_how_long_is_an_event(void **state)
{
    (void)state;
    struct told told = {0};
    struct dk_migrate_at at;
    fill_and_stop(3, 10);
    must_go(DK_MIGRATE_DOWN, "0004_texts");
    must_go(DK_MIGRATE_UP, "0005_ledger");
    assert_int_equal(dk_migrate_look(&options, &at, keep, &told), DOCKET_OK);
    assert_int_equal(told.count, 3);
    assert_int_equal(told.last.uid, getuid());
    assert_true(told.last.time_ns > 0);
    assert_non_null(strstr(told.last.text, "0005_ledger up, schema 4 to 5, in "));
    char digest[2 * DK_DIGEST_BYTES + 1];
    dk_digest_text(at.facts.digest, digest);
    assert_non_null(strstr(told.last.text, digest));
}

static void a_dry_run_writes_nothing(void **state)
{
    (void)state;
    fill_and_stop(25, 200);
    for (int way = 0; way < 2; way++) {
        uint64_t before = hash_of_file("store/data.mdb"), witness = hash_of_file("witness");
        order = (struct dk_migrate_order){
            .way = way ? DK_MIGRATE_UP : DK_MIGRATE_DOWN, .target = way ? "head" : "base", .dry_run = true};
        assert_int_equal(dk_migrate_run(&options, &order), DOCKET_OK);
        assert_int_equal(order.after.schema, way ? DK_SCHEMA_VERSION : DK_SCHEMA_OLDEST);
        assert_memory_equal(order.after.facts.digest, order.before.facts.digest, DK_DIGEST_BYTES);
        assert_true(hash_of_file("store/data.mdb") == before && hash_of_file("witness") == witness);
        must_go(DK_MIGRATE_DOWN, "base");
    }
}

/* All or nothing: a step that ends in its midst leaves the store as it was. */
static void a_step_without_room_leaves_the_store_as_it_was(void **state)
{
    (void)state;
    struct stat file;
    size_t room = options.map_bytes;
    fill(3000, 10);
    leave_as_schema(3);
    assert_int_equal(stat(path_of("store/data.mdb"), &file), 0);
    options.map_bytes = (size_t)file.st_size;
    options.preallocate_bytes = 4096;
    for (int turn = 0; turn < 3; turn++)
        assert_goes_not(DK_MIGRATE_UP, "head", DOCKET_NO_SPACE, "the store has grown to");
    options.map_bytes = room;
    assert_int_equal(look().schema, 3);
    must_go(DK_MIGRATE_UP, "head");
    must_open();
    assert_sound();
}

static void a_rewound_store_is_not_migrated(void **state)
{
    (void)state;
    fill_and_stop(3, 10);
    back_up();
    must_open();
    must_close(true);
    put_back();
    uint64_t before = hash_of_file("store/data.mdb");
    assert_goes_not(DK_MIGRATE_DOWN, "5", DOCKET_STORE_REWOUND, "older than its witness");
    assert_true(hash_of_file("store/data.mdb") == before);
}

static void a_copy_of_before_a_migration_is_rewound_after_it(void **state)
{
    (void)state;
    fill_and_stop(3, 10);
    back_up();
    must_go(DK_MIGRATE_DOWN, "4");
    must_go(DK_MIGRATE_UP, "head");
    put_back();
    assert_refused(DOCKET_STORE_REWOUND, "older than its witness");
}

static void targets_are_words_numbers_and_steps(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        uint64_t at, wanted; /* 0: refused */
    } rows[] = {{"head", 2, DK_SCHEMA_VERSION}, {"base", 5, 2}, {"0004_texts", 2, 4}, {"4", 2, 4}, {"0004", 2, 4},
                {"+1", 3, 4}, {"-1", 3, 2}, {"+2", 3, 5}, {"+0", 3, 0}, {"-2", 3, 0}, {"+99", 3, 0}, {"7000", 3, 0},
                {"1", 3, 0}, {"texts", 3, 0}, {"", 3, 0}, {"+", 3, 0}, {"-x", 3, 0}, {"99999999999999999999", 3, 0}};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        uint64_t schema = 0;
        docket_status status = dk_migrate_target(rows[at].word, rows[at].at, &schema);
        if (status != (rows[at].wanted != 0 ? DOCKET_OK : DOCKET_BAD_ARGUMENT) || schema != rows[at].wanted)
            fail_msg("%s of %llu: %llu", rows[at].word, (unsigned long long)rows[at].at, (unsigned long long)schema);
    }
}

static void the_other_way_is_another_verb(void **state)
{
    (void)state;
    fill_and_stop(3, 10);
    assert_goes_not(DK_MIGRATE_UP, "5", DOCKET_BAD_ARGUMENT, "docket migrate downgrade");
    must_go(DK_MIGRATE_DOWN, "5");
    assert_goes_not(DK_MIGRATE_DOWN, "head", DOCKET_BAD_ARGUMENT, "docket migrate upgrade");
}

/* One more generation and some commits, with the near witness alone. */
static void go_on_as_an_older_docketd(void)
{
    MDB_txn *txn;
    struct dk_store *older;
    struct dk_witness witness;
    assert_int_equal(dk_open_standing(&options, 0, &older), DOCKET_OK);
    older->meta.generation++;
    older->meta.commit += 5;
    assert_int_equal(dk_env_begin(older, true, &txn), DOCKET_OK);
    assert_int_equal(dk_meta_write(older, txn, &older->meta), DOCKET_OK);
    assert_int_equal(dk_meta_write_end(older, txn, older->meta.commit), DOCKET_OK);
    assert_int_equal(dk_env_commit(older, txn), 0);
    enum dk_witness_find find;
    assert_int_equal(dk_witness_read(older->witness_fd, older->witness_name, &witness, &find), DOCKET_OK);
    witness.generation = older->meta.generation;
    witness.commit = older->meta.commit;
    assert_int_equal(dk_witness_write(older->witness_fd, older->witness_name, &witness), DOCKET_OK);
    dk_open_release(older);
}

/* A docketd of an older schema would leave it behind, and the next upgrade would be refused. */
static void the_far_witness_goes_with_the_schema_that_knows_it(void **state)
{
    (void)state;
    char far[192], file[320];
    snprintf(far, sizeof far, "%s/far", folder);
    options.far = far;
    options.far_is_named = true;
    fill_and_stop(3, 10);
    must_open();
    snprintf(file, sizeof file, "%s/%s", far, store->far.name);
    must_close(true);
    assert_true(is_there(file));
    for (uint64_t schema = DK_SCHEMA_OLDEST; schema < 6; schema++) {
        char target[16];
        snprintf(target, sizeof target, "%llu", (unsigned long long)schema);
        must_go(DK_MIGRATE_DOWN, target);
        assert_false(is_there(file));
        go_on_as_an_older_docketd();
        must_go(DK_MIGRATE_UP, "head");
        must_open();
        assert_true(is_there(file));
        assert_int_equal(store->meta.guard.kept, DK_KEEPS_FAR);
        must_close(true);
    }
}

/* ---- what an older schema cannot hold ---- */

static const struct dk_series_record *with_policy(uint64_t id, const char *lines)
{
    static struct dk_series_record records[4];
    static unsigned turn;
    struct dk_series_record *record = &records[turn++ % 4];
    *record = plain_series(id);
    struct dk_policy policy = *record->policy;
    if (dk_policy_apply(&policy, lines) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    record->policy = dk_policy_keep(&policy);
    return record;
}

/* Each puts one thing into a store with series 1 and 2; `last`: the lowest schema that holds it. */
static void lose_settings(void)
{
    const struct dk_series_record *changed[] = {with_policy(1, "profile=de\n"), with_policy(2, "prefix=VIE\n")};
    must_commit(&(struct dk_change){.changed = changed, .changed_count = 2});
}
static void lose_next(void)
{
    struct dk_series_record record = plain_series(1);
    const struct dk_series_record *changed = &record;
    record.next = with_policy(1, "window=300\n")->policy;
    record.next_from = 2027;
    must_commit(&(struct dk_change){.changed = &changed, .changed_count = 1});
}
static void lose_retired(void)
{
    struct dk_series_record record = plain_series(1);
    const struct dk_series_record *changed = &record;
    record.retired_ns = 7;
    must_commit(&(struct dk_change){.changed = &changed, .changed_count = 1});
}
static void lose_restart(void)
{
    const struct dk_series_record *made = with_policy(3, "restart=weekly\n");
    must_commit(&(struct dk_change){.series = &made, .series_count = 1});
}
static void lose_template(void)
{
    const struct dk_series_record *made = with_policy(3, "template={SERIES}-{YYYY}-{Q}-{N}\n");
    must_commit(&(struct dk_change){.series = &made, .series_count = 1});
}
static void lose_ledger(void)
{
    const struct dk_series_record *changed = with_policy(1, "ledger=on\n");
    must_commit(&(struct dk_change){.changed = &changed, .changed_count = 1});
}
static void put_counter(uint32_t closed, uint32_t date, uint64_t interval)
{
    struct dk_counter_image image = counter_of(1, 2020, 5);
    const struct dk_counter_image *one = &image;
    image.closed = closed;
    image.last_date = date;
    image.interval_first = interval;
    must_commit(&(struct dk_change){.counters = &one, .counter_count = 1});
}
static void lose_closed(void)
{
    put_counter(DK_CLOSED_FOR_GOOD, 0, 0);
}
static void lose_date(void)
{
    put_counter(DK_OPEN, 20201124, 0);
}
static void lose_interval(void)
{
    put_counter(DK_OPEN, 0, 4);
}
static void put_range(uint32_t fate, uint32_t cause, uint64_t event)
{
    struct dk_fate_record range = range_of(5000, 5001);
    range.fate = fate;
    range.cause = cause;
    range.event = event;
    must_commit(&(struct dk_change){.ranges = &range, .range_count = 1});
}
static void lose_evidence(void)
{
    put_range(DK_FATE_HANDED_OUT, DK_CAUSE_EVIDENCE, 0);
}
static void lose_range_event(void)
{
    put_range(DK_FATE_UNKNOWN, DK_CAUSE_POWER_LOSS, 2);
}
static void lose_interval_cause(void)
{
    put_range(DK_FATE_VOID, DK_CAUSE_INTERVAL, 0);
}
static void lose_closed_cause(void)
{
    put_range(DK_FATE_VOID, DK_CAUSE_CLOSED, 0);
}
static void lose_imported(void)
{
    put_range(DK_FATE_HANDED_OUT, DK_CAUSE_IMPORTED, 0);
}
static void lose_imported_record(void)
{
    struct dk_ledger_record record = record_of(900, DK_STATE_ISSUED);
    record.cause = DK_CAUSE_IMPORTED;
    must_commit(&(struct dk_change){.ledger = {.records = &record, .record_count = 1}});
}
static void put_event(const char *text, const char *reason, const char *series, int32_t period)
{
    struct dk_event event = {.time_ns = 9, .kind = "void", .period = period};
    snprintf(event.text, sizeof event.text, "%s", text);
    snprintf(event.reason, sizeof event.reason, "%s", reason);
    snprintf(event.tenant, sizeof event.tenant, "%s", series ? "acme" : "");
    snprintf(event.series, sizeof event.series, "%s", series ? series : "");
    must_commit(&(struct dk_change){.events = &event, .event_count = 1});
}
static void lose_reason(void)
{
    put_event("acme/S00001: 5 is void", "torn", NULL, 0);
}
static void lose_about(void)
{
    put_event("5 is void", "", "S00001", 0);
}
static void lose_about_period(void)
{
    put_event("acme/S00001: 5 is void", "", "S00001", 2026);
}
static void lose_records(void)
{
    commit_ledger(900, 3);
}
static void lose_texts_of_before(void)
{
    const struct dk_series_record *changed = with_policy(1, "template=OLD-{N}\n");
    must_commit(&(struct dk_change){.changed = &changed, .changed_count = 1});
    changed = with_policy(1, "");
    must_commit(&(struct dk_change){.changed = &changed, .changed_count = 1});
}
static void lose_fence(void)
{
    struct dk_fence fence = {.kind = DK_FENCE_MOVED, .generation = 4};
    must_commit(&(struct dk_change){.fence = &fence});
}

static const struct {
    void (*put)(void);
    uint64_t last;
    const char *words;
} things[] = {
    {lose_settings, 4, "2 series with settings that schema 3 cannot hold: acme/S00001 profile=de, zeta/S00002 prefix=VIE"},
    {lose_next, 4, "1 series with settings that are to come that schema 3 cannot hold: acme/S00001 from 2027 on"},
    {lose_retired, 3, "1 retired series that schema 2 cannot hold: acme/S00001"},
    {lose_restart, 3, "1 series with a restart that schema 2 cannot hold: acme/S00003 restart=weekly"},
    {lose_template, 3, "1 series with a template that schema 2 cannot hold: acme/S00003 template={SERIES}-{YYYY}-{Q}-{N}"},
    {lose_ledger, 5, "1 series with a ledger that schema 4 cannot hold: acme/S00001"},
    {lose_closed, 4, "1 counter closed for good, or closing that schema 3 cannot hold: acme/S00001 2020"},
    {lose_date, 4, "1 counter with a last date given that schema 3 cannot hold: acme/S00001 2020 on 20201124"},
    {lose_interval, 4, "1 counter in a later interval that schema 3 cannot hold: acme/S00001 2020 from 4 on"},
    {lose_evidence, 3, "1 range of numbers with a reason that schema 2 cannot hold: acme/S00001 5000-5001"},
    {lose_range_event, 3, "1 range of numbers with a reason that schema 2 cannot hold"},
    {lose_interval_cause, 4, "1 range of numbers with a cause that schema 3 cannot hold"},
    {lose_closed_cause, 5, "1 range of numbers with a cause that schema 4 cannot hold"},
    {lose_imported, 6, "1 range of numbers with a cause that schema 5 cannot hold: acme/S00001 5000-5001 imported"},
    {lose_imported_record, 6, "1 record of numbers with a cause that schema 5 cannot hold: T imported"},
    {lose_reason, 3, "1 event with a reason that schema 2 cannot hold"},
    {lose_about, 5, "1 event whose text does not say what they are about"},
    {lose_about_period, 5, "1 event whose text does not say what they are about"},
    {lose_records, 5, "3 records of numbers that schema 4 cannot hold: T, T, T"},
    {lose_texts_of_before, 4, "2 texts of before that schema 3 cannot hold: acme/S00001 OLD-..., acme/S00001 S00001-####20##-..."},
    {lose_fence, 6, "1 fence that schema 5 cannot hold: it has moved to another realm"},
};

static bool is_named(const char *words)
{
    char text[DK_LOSS_TEXT];
    for (unsigned at = 0; at < order.losses.kinds; at++) {
        dk_loss_text(&order.losses.rows[at], text);
        if (strstr(text, words))
            return true;
        print_message("%s\n", text);
    }
    return false;
}

static void what_would_be_lost_is_named_and_nothing_is_written(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof things / sizeof things[0]; at++) {
        char target[16];
        options.fenced_too = true;
        must_open();
        add_series(2);
        things[at].put();
        must_close(true);
        snprintf(target, sizeof target, "%llu", (unsigned long long)things[at].last);
        must_go(DK_MIGRATE_DOWN, target); /* so far it can be held */
        uint64_t before = hash_of_file("store/data.mdb");
        assert_goes_not(DK_MIGRATE_DOWN, "base", DOCKET_BAD_LAYOUT, "nothing was changed");
        if (!is_named(things[at].words))
            fail_msg("%zu: \"%s\" is not named", at, things[at].words);
        assert_true(hash_of_file("store/data.mdb") == before);
        must_go(DK_MIGRATE_UP, "head");
        remove_tree(realm);
    }
}

static void of_many_losses_the_first_are_named(void **state)
{
    (void)state;
    struct dk_losses losses = {0};
    char text[DK_LOSS_TEXT];
    for (unsigned at = 0; at < 1000; at++)
        dk_loss_add(&losses, 3, "counter|s closed for good", "acme/S%05u 2026", at);
    dk_loss_text(&losses.rows[0], text);
    assert_int_equal(losses.kinds, 1);
    assert_non_null(strstr(text, "1000 counters closed for good that schema 3 cannot hold: acme/S00000 2026, acme/S00001 2026"));
    assert_string_equal(text + strlen(text) - 5, ", ...");
    static char whats[DK_LOSS_KINDS + 4][8];
    for (unsigned at = 0; at < DK_LOSS_KINDS + 4; at++) {
        snprintf(whats[at], sizeof whats[at], "w%u", at);
        dk_loss_add(&losses, 3, whats[at], "x");
    }
    assert_int_equal(losses.kinds, DK_LOSS_KINDS);
}

/* ---- stamping ---- */

static void say_schema(uint64_t schema)
{
    MDB_txn *txn;
    must_open();
    assert_int_equal(dk_env_begin(store, true, &txn), DOCKET_OK);
    store->trail_moved = false;
    struct dk_meta meta = store->meta;
    meta.schema_version = schema;
    meta.commit++;
    assert_int_equal(dk_meta_write(store, txn, &meta), DOCKET_OK);
    assert_int_equal(dk_meta_write_end(store, txn, meta.commit), DOCKET_OK);
    assert_int_equal(dk_env_commit(store, txn), 0);
    crash();
}

static docket_status stamp(const char *target)
{
    order = (struct dk_migrate_order){.way = DK_MIGRATE_STAMP, .target = target};
    return dk_migrate_stamp(&options, &order);
}

static void a_store_is_stamped_only_as_what_it_is(void **state)
{
    (void)state;
    fill_and_stop(5, 20);
    say_schema(5);
    struct dk_facts said = look().facts;
    assert_refused(DOCKET_BAD_LAYOUT, "has schema 5");
    for (uint64_t schema = DK_SCHEMA_OLDEST; schema < DK_SCHEMA_VERSION; schema++) {
        char target[16];
        snprintf(target, sizeof target, "%llu", (unsigned long long)schema);
        uint64_t before = hash_of_file("store/data.mdb");
        docket_status status = stamp(target);
        if (status != DOCKET_BAD_LAYOUT || !strstr(dk_error_text(), "not the shape of schema"))
            fail_msg("%s: %s: %s", target, docket_status_name(status), dk_error_text());
        assert_true(hash_of_file("store/data.mdb") == before);
    }
    assert_int_equal(stamp("+1"), DOCKET_BAD_ARGUMENT);
    assert_int_equal(stamp("head"), DOCKET_OK);
    assert_true(order.before.schema == 5 && order.after.schema == DK_SCHEMA_VERSION);
    assert_memory_equal(look().facts.digest, said.digest, DK_DIGEST_BYTES);
    must_open();
    assert_sound();
}

static void an_older_store_that_says_it_is_newer_is_stamped_back(void **state)
{
    (void)state;
    for (uint64_t schema = DK_SCHEMA_OLDEST; schema < DK_SCHEMA_VERSION; schema++) {
        char target[16];
        MDB_txn *txn;
        fill_and_stop(5, 20);
        must_open();
        leave_as_schema(schema);
        struct dk_store *bare;
        assert_int_equal(dk_open_standing(&options, 0, &bare), DOCKET_OK);
        assert_int_equal(dk_env_begin(bare, true, &txn), DOCKET_OK);
        struct dk_key key;
        struct dk_buffer value = {0};
        dk_key_of_name(&key, "schema_version");
        dk_put_u64(dk_buffer_reserve(&value, 8), DK_SCHEMA_VERSION);
        assert_int_equal(dk_record_seal(DK_KIND_META, dk_key_slice(&key), &value), DOCKET_OK);
        assert_int_equal(dk_env_put(bare, txn, DK_KIND_META, &key, &value), DOCKET_OK);
        assert_int_equal(dk_meta_write_end(bare, txn, bare->meta.commit), DOCKET_OK);
        assert_int_equal(dk_env_commit(bare, txn), 0);
        dk_buffer_free(&value);
        dk_open_release(bare);
        assert_refused(DOCKET_DAMAGED, "is missing");
        snprintf(target, sizeof target, "%llu", (unsigned long long)schema);
        if (stamp(target) != DOCKET_OK)
            fail_msg("%s: %s", target, dk_error_text());
        assert_int_equal(look().schema, schema);
        must_go(DK_MIGRATE_UP, "head");
        must_open();
        assert_sound();
        crash();
        remove_tree(realm);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(a_store_of_an_older_schema_is_refused_with_the_command),
        IN_A_REALM(a_store_of_an_older_schema_is_upgraded_by_who_accepts_it),
        IN_A_REALM(all_steps_fit_one_commit),
        IN_A_REALM(each_older_schema_comes_up_to_the_newest),
        IN_A_REALM(up_and_down_and_up_say_the_same),
        IN_A_REALM(each_step_leaves_a_store_that_the_next_one_takes),
        IN_A_REALM(a_stop_that_was_not_in_order_stays_one),
        IN_A_REALM(who_when_and_how_long_is_an_event),
        IN_A_REALM(a_dry_run_writes_nothing),
        IN_A_REALM(a_step_without_room_leaves_the_store_as_it_was),
        IN_A_REALM(a_rewound_store_is_not_migrated),
        IN_A_REALM(a_copy_of_before_a_migration_is_rewound_after_it),
        cmocka_unit_test(targets_are_words_numbers_and_steps),
        IN_A_REALM(the_other_way_is_another_verb),
        IN_A_REALM(the_far_witness_goes_with_the_schema_that_knows_it),
        IN_A_REALM(what_would_be_lost_is_named_and_nothing_is_written),
        cmocka_unit_test(of_many_losses_the_first_are_named),
        IN_A_REALM(a_store_is_stamped_only_as_what_it_is),
        IN_A_REALM(an_older_store_that_says_it_is_newer_is_stamped_back),
    };
    setenv("TMPDIR", "/dev/shm", 0); /* what is written counts here, and not how long a disk takes */
    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
