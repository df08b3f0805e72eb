/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c numbering/fate.c store/env.c */
/* libs: lmdb */
/*
 * What the store says of tracked numbers, keys, holds and texts of elsewhere, against a
 * model that is simple: arrays of what was written last.
 */
#include "store_fixture.h"

#include "store/ledger_image.h"

enum { SERIES = 3, PERIODS = 2, NUMBERS = 400, NAMES = 300, TEXTS = 60, BATCH = 700 };

/* ---- the model ---- */

struct model_number {
    uint32_t version; /* attempts of the record that was written last; 0: none */
    uint8_t state;
    uint8_t length;   /* of its metadata, in tens */
    bool held;
    uint64_t salt;
};
struct model_name {
    bool there;
    uint64_t digest;
    uint32_t ranges;
    bool held;
    uint32_t left;
};
static struct {
    struct model_number numbers[SERIES][PERIODS][NUMBERS + 1];
    struct model_name names[SERIES][2][NAMES]; /* keys, reservations */
    bool elsewhere[TEXTS];
    uint32_t version;
    uint64_t dice;
} model;

static uint64_t dice(uint64_t sides)
{
    model.dice = model.dice * 6364136223846793005u + 1442695040888963407u;
    return (model.dice >> 33) % sides;
}

static const char *name_of(char text[40], uint64_t at)
{
    snprintf(text, 40, "%s-%llu", at % 3 ? "order" : "auftrag \xc3\xa4", (unsigned long long)at);
    return text;
}

/* ---- one change ---- */

struct draft {
    struct dk_ledger_record records[BATCH];
    struct dk_key_record keys[BATCH];
    struct dk_hold_record holds[BATCH];
    struct dk_elsewhere_record elsewhere[BATCH];
    struct dk_range ranges[BATCH][3];
    char texts[BATCH][4][40];
    char metadata[BATCH][2001];
    struct dk_ledger_change change;
    unsigned used;
};
static struct draft draft;

static void begin_draft(void)
{
    draft.used = 0;
    draft.change = (struct dk_ledger_change){
        .records = draft.records, .keys = draft.keys, .holds = draft.holds, .elsewhere = draft.elsewhere};
}

static void change_number(void)
{
    unsigned at = draft.used, series = (unsigned)dice(SERIES), period = (unsigned)dice(PERIODS);
    unsigned number = 1 + (unsigned)dice(NUMBERS);
    struct model_number *is = &model.numbers[series][period][number];
    is->version = ++model.version;
    is->state = (uint8_t)dice(DK_STATE_COUNT);
    is->length = (uint8_t)(dice(20) ? dice(20) : 200);
    memset(draft.metadata[at], 'm', sizeof draft.metadata[at]);
    draft.metadata[at][is->length * 10] = 0;
    snprintf(draft.texts[at][0], 40, "S%u-%u-%u", series, period, number);
    draft.records[draft.change.record_count++] = (struct dk_ledger_record){
        .series_id = series + 1, .period = 2026 + (int32_t)period, .number = number, .state = is->state,
        .date = 20260101, .first_ns = 5, .last_ns = 5 + (int64_t)dice(2), .expires_ns = (int64_t)dice(2) * 77,
        .uid = 1000, .seat = (int32_t)dice(3) - 1, .attempts = is->version, .cause = (uint8_t)dice(3),
        .text = draft.texts[at][0], .key = dice(2) ? "k" : "", .hold = "", .trace = dice(2) ? "t" : "",
        .metadata = draft.metadata[at], .error = "", .host = "h", .reason = ""};
    bool held = dk_state_is_held(is->state) && is->state == DK_STATE_PENDING;
    if (!held && !is->held)
        return;
    is->held = held;
    is->salt = dice(1000);
    draft.holds[draft.change.hold_count++] = (struct dk_hold_record){
        .series_id = series + 1, .kind = DK_NAMED_PENDING, .removed = !held, .text = "",
        .period = 2026 + (int32_t)period, .number = number, .seat = 3, .salt = is->salt};
}

static void change_name(void)
{
    unsigned at = draft.used, series = (unsigned)dice(SERIES), kind = (unsigned)dice(2), which = (unsigned)dice(NAMES);
    struct model_name *is = &model.names[series][kind][which];
    is->there = dice(4) != 0;
    is->digest = dice(1u << 30);
    is->ranges = kind ? 1 + (uint32_t)dice(3) : 1;
    for (unsigned range = 0; range < 3; range++)
        draft.ranges[at][range] = (struct dk_range){10 * range + 1, 10 * range + (kind ? 5 : 1)};
    const char *text = name_of(draft.texts[at][1], which);
    draft.keys[draft.change.key_count++] = (struct dk_key_record){
        .series_id = series + 1, .kind = kind ? DK_NAMED_RESERVATION : DK_NAMED_KEY, .removed = !is->there, .text = text,
        .period = 2026, .date = 20261231, .digest = is->digest, .expires_ns = kind ? 99 : 0,
        .ranges = draft.ranges[at], .range_count = is->ranges};
    if (kind == 0)
        return;
    is->held = is->there;
    is->left = (uint32_t)dice(100);
    draft.holds[draft.change.hold_count++] = (struct dk_hold_record){
        .series_id = series + 1, .kind = DK_NAMED_RESERVATION, .removed = !is->held, .text = text, .period = 2026,
        .left = is->left, .expires_ns = 99, .seat = -1};
}

static void change_elsewhere(void)
{
    unsigned at = draft.used, which = (unsigned)dice(TEXTS);
    model.elsewhere[which] = true;
    snprintf(draft.texts[at][2], 40, "OLD-%u", which);
    draft.elsewhere[draft.change.elsewhere_count++] =
        (struct dk_elsewhere_record){.tenant = "acme", .text = draft.texts[at][2], .note = "by hand", .time_ns = 9, .uid = 4};
}

static void commit_draft(unsigned count)
{
    begin_draft();
    for (; draft.used < count; draft.used++) {
        unsigned what = (unsigned)dice(10);
        if (what < 6)
            change_number();
        else if (what < 9)
            change_name();
        else
            change_elsewhere();
    }
    must_commit(&(struct dk_change){.ledger = draft.change});
}

/* ---- what the store says, against it ---- */

struct seen {
    unsigned count;
    uint64_t last;
    unsigned series, period;
};

static docket_status see_record(void *context, const struct dk_ledger_record *record)
{
    struct seen *seen = context;
    const struct model_number *is = &model.numbers[record->series_id - 1][record->period - 2026][record->number];
    char text[40];
    snprintf(text, sizeof text, "S%u-%u-%u", (unsigned)record->series_id - 1, (unsigned)record->period - 2026,
             (unsigned)record->number);
    assert_string_equal(record->text, text);
    assert_int_equal(record->attempts, is->version);
    assert_int_equal(record->state, is->state);
    assert_int_equal(strlen(record->metadata), is->length * 10);
    assert_true(record->number > seen->last);
    seen->last = record->number;
    seen->count++;
    return DOCKET_OK;
}

static docket_status see_key(void *context, const struct dk_key_record *record)
{
    const struct model_name *is = context;
    assert_true(is->there);
    assert_int_equal(record->digest, is->digest);
    assert_int_equal(record->range_count, is->ranges);
    return DOCKET_OK;
}

static docket_status see_hold(void *context, const struct dk_hold_record *record)
{
    struct seen *seen = context;
    unsigned series = (unsigned)record->series_id - 1, which;
    seen->count++;
    if (record->kind == DK_NAMED_PENDING) {
        const struct model_number *is = &model.numbers[series][record->period - 2026][record->number];
        assert_true(is->held && is->salt == record->salt);
        return DOCKET_OK;
    }
    assert_int_equal(sscanf(strrchr(record->text, '-'), "-%u", &which), 1);
    assert_true(model.names[series][1][which].held);
    assert_int_equal(model.names[series][1][which].left, record->left);
    return DOCKET_OK;
}

static docket_status see_elsewhere(void *context, const struct dk_elsewhere_record *record)
{
    (void)context;
    assert_string_equal(record->note, "by hand");
    return DOCKET_OK;
}

static void check_numbers(unsigned series, unsigned period)
{
    struct seen seen = {0};
    unsigned wanted = 0;
    uint64_t from = dice(2) ? 0 : 1 + dice(NUMBERS);
    for (unsigned number = from ? (unsigned)from : 1; number <= NUMBERS; number++)
        wanted += model.numbers[series][period][number].version != 0;
    assert_int_equal(dk_ledger_each(store, series + 1, 2026 + (int32_t)period, from, see_record, &seen), DOCKET_OK);
    assert_int_equal(seen.count, wanted);
    for (unsigned times = 0; times < 20; times++) {
        unsigned number = 1 + (unsigned)dice(NUMBERS);
        bool found;
        seen = (struct seen){0};
        assert_int_equal(dk_ledger_find(store, series + 1, 2026 + (int32_t)period, number, see_record, &seen, &found), DOCKET_OK);
        assert_int_equal(found, model.numbers[series][period][number].version != 0);
        assert_int_equal(seen.count, found);
    }
}

static void check_names(unsigned series)
{
    for (unsigned times = 0; times < 40; times++) {
        unsigned kind = (unsigned)dice(2), which = (unsigned)dice(NAMES);
        char text[40];
        bool found;
        struct model_name *is = &model.names[series][kind][which];
        assert_int_equal(dk_ledger_find_key(store, series + 1, kind ? DK_NAMED_RESERVATION : DK_NAMED_KEY,
                                            name_of(text, which), see_key, is, &found), DOCKET_OK);
        assert_int_equal(found, is->there);
    }
}

static void check_holds(void)
{
    struct seen seen = {0};
    unsigned wanted = 0;
    for (unsigned series = 0; series < SERIES; series++) {
        for (unsigned period = 0; period < PERIODS; period++)
            for (unsigned number = 1; number <= NUMBERS; number++)
                wanted += model.numbers[series][period][number].held;
        for (unsigned which = 0; which < NAMES; which++)
            wanted += model.names[series][1][which].held;
    }
    assert_int_equal(dk_ledger_each_hold(store, see_hold, &seen), DOCKET_OK);
    assert_int_equal(seen.count, wanted);
}

static void check_elsewhere(void)
{
    bool any = false;
    for (unsigned which = 0; which < TEXTS; which++) {
        char text[40];
        bool found;
        snprintf(text, sizeof text, "OLD-%u", which);
        assert_int_equal(dk_ledger_find_elsewhere(store, "acme", text, see_elsewhere, NULL, &found), DOCKET_OK);
        assert_int_equal(found, model.elsewhere[which]);
        any = any || found;
    }
    assert_int_equal(dk_ledger_has_elsewhere(store), any);
}

static void check_all(void)
{
    for (unsigned series = 0; series < SERIES; series++) {
        for (unsigned period = 0; period < PERIODS; period++)
            check_numbers(series, period);
        check_names(series);
    }
    check_holds();
    check_elsewhere();
}

static size_t entries_of(enum dk_kind kind)
{
    MDB_stat tree;
    MDB_txn *txn;
    assert_int_equal(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_stat(txn, store->dbi[kind], &tree), 0);
    mdb_txn_abort(txn);
    return tree.ms_entries;
}

static void run_model(uint64_t seed, unsigned rounds, unsigned largest)
{
    memset(&model, 0, sizeof model);
    model.dice = seed;
    must_open();
    for (unsigned round = 0; round < rounds; round++) {
        commit_draft(1 + (unsigned)dice(dice(3) ? 4 : largest));
        if (dice(10) == 0)
            check_all();
        if (dice(30) == 0) {
            must_close(dice(2));
            must_open();
            check_all();
        }
    }
    check_all();
}

static void the_ledger_says_what_was_written_last(void **state)
{
    (void)state;
    run_model(7, 600, BATCH);
}

/* The fold keeps up at once: nearly all is in the databases. */
static void a_ledger_that_folds_at_once_says_the_same(void **state)
{
    (void)state;
    options.ledger_wait = 1;
    run_model(8, 300, 40);
    assert_true(dk_ledger_backlog(store) < 200);
}

/* Nothing is ever folded. */
static void a_ledger_that_is_all_log_says_the_same(void **state)
{
    (void)state;
    options.ledger_wait = 1u << 30;
    run_model(9, 200, 200);
    assert_true(dk_ledger_backlog(store) > 2000);
    assert_int_equal(entries_of(DK_KIND_LEDGER), 0);
}

/* ---- one by one ---- */

static void a_text_of_elsewhere_with_another_note_exists_and_nothing_is_written(void **state)
{
    (void)state;
    struct dk_elsewhere_record text = {.tenant = "acme", .text = "OLD-1", .note = "by hand", .time_ns = 9};
    struct dk_ledger_record record = record_of(1, DK_STATE_ISSUED);
    struct dk_ledger_change change = {.elsewhere = &text, .elsewhere_count = 1};
    uint64_t number;
    bool found;
    must_open();
    assert_false(dk_ledger_has_elsewhere(store));
    must_commit(&(struct dk_change){.ledger = change});
    must_commit(&(struct dk_change){.ledger = change}); /* the same is fine */
    assert_true(dk_ledger_has_elsewhere(store));
    text.note = "by another hand";
    change.records = &record;
    change.record_count = 1;
    assert_int_equal(dk_store_commit(store, &(struct dk_change){.ledger = change}, &number), DOCKET_EXISTS);
    assert_int_equal(dk_ledger_find_elsewhere(store, "acme", "OLD-1", see_elsewhere, NULL, &found), DOCKET_OK);
    assert_true(found);
    struct seen seen = {0};
    assert_int_equal(dk_ledger_find(store, 1, 2026, 1, see_record, &seen, &found), DOCKET_OK);
    assert_false(found);
    commit_draft(3); /* it lives on */
}

static docket_status tell_event(void *context, const struct dk_ledger_record *record)
{
    *(uint64_t *)context = record->event;
    return DOCKET_OK;
}

static docket_status keep_state(void *context, const struct dk_ledger_record *record)
{
    ((struct dk_ledger_record *)context)->state = record->state;
    return DOCKET_OK;
}

struct count {
    uint64_t records, bytes, stop_at;
    bool inside; /* looks for each once more */
};

static docket_status count_record(void *context, const struct dk_ledger_record *record)
{
    struct count *count = context;
    struct dk_ledger_record again = {0};
    bool found = true;
    count->records++;
    count->bytes += strlen(record->metadata);
    if (count->inside)
        assert_int_equal(dk_ledger_find(store, 1, 2026, record->number, keep_state, &again, &found), DOCKET_OK);
    assert_true(found && (!count->inside || again.state == record->state));
    return record->number == count->stop_at ? DOCKET_EXISTS : DOCKET_OK;
}

static void a_record_gets_the_number_of_its_event(void **state)
{
    (void)state;
    struct dk_ledger_record record = record_of(1, DK_STATE_VOID);
    struct dk_event events[2] = {{.kind = "void", .text = "one"}, {.kind = "void", .text = "two"}};
    uint64_t event = 0;
    bool found;
    must_open();
    record.event_at = 2;
    must_commit(&(struct dk_change){
        .events = events, .event_count = 2, .ledger = {.records = &record, .record_count = 1}});
    assert_int_equal(dk_ledger_find(store, 1, 2026, 1, tell_event, &event, &found), DOCKET_OK);
    assert_int_equal(event, 3); /* the start was 1 */
}

static void what_cannot_be_is_refused_and_the_store_lives_on(void **state)
{
    (void)state;
    char long_text[400];
    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = 0;
    struct dk_ledger_record records[7];
    for (unsigned at = 0; at < 7; at++)
        records[at] = record_of(at + 1, DK_STATE_ISSUED);
    records[0].number = 0;
    records[1].state = DK_STATE_COUNT;
    records[2].text = long_text;
    records[3].key = long_text;
    records[4].period = -1;
    records[5].seat = -2;
    records[6].cause = DK_CAUSE_LAST + 1;
    must_open();
    for (unsigned at = 0; at < 7; at++) {
        uint64_t number;
        struct dk_change change = {.ledger = {.records = &records[at], .record_count = 1}};
        assert_int_equal(dk_store_commit(store, &change, &number), DOCKET_BAD_ARGUMENT);
    }
    struct dk_range run = {1, 2};
    struct dk_key_record key = {.series_id = 1, .kind = DK_NAMED_KEY, .text = "k", .ranges = &run, .range_count = 1};
    uint64_t number;
    struct dk_change change = {.ledger = {.keys = &key, .key_count = 1}};
    assert_int_equal(dk_store_commit(store, &change, &number), DOCKET_BAD_ARGUMENT);
    run.last = 1;
    must_commit(&change);
}

/* ---- how the log is kept ---- */

static void what_waits_does_not_grow_for_ever(void **state)
{
    (void)state;
    options.ledger_wait = 1000;
    must_open();
    uint64_t number = 1;
    for (unsigned round = 0; round < 60; round++, number += 400)
        commit_ledger(number, 400);
    assert_in_range(dk_ledger_backlog(store), 700, 1500);
    for (unsigned round = 0; round < 200; round++, number += 10)
        commit_ledger(number, 10);
    assert_in_range(dk_ledger_backlog(store), 700, 1500);
    /* One turn of the fold, in parts of one commit, and as many again for what was superseded. */
    assert_in_range(entries_of(DK_KIND_LEDGERLOG), 1, 300);
    assert_sound();
    uint64_t waits = dk_ledger_backlog(store);
    crash();
    must_open();
    assert_true(dk_ledger_backlog(store) >= waits); /* what was folded out of a part that stands waits again */
    assert_sound();
    commit_ledger(number, 10);
    assert_sound();
}

/* An old part stands for one entry that the fold has not come to: what is in it of other keys is older than
 * what was folded, and must stay so over a start. */
static void an_old_part_that_stands_does_not_come_back(void **state)
{
    (void)state;
    struct dk_ledger_record records[2] = {record_of(1, DK_STATE_PENDING), record_of(900000, DK_STATE_ISSUED)};
    options.ledger_wait = 400;
    must_open();
    must_commit(&(struct dk_change){.ledger = {.records = records, .record_count = 2}});
    records[0].state = DK_STATE_ISSUED;
    must_commit(&(struct dk_change){.ledger = {.records = records, .record_count = 1}});
    for (unsigned round = 0; entries_of(DK_KIND_LEDGER) == 0; round++)
        commit_ledger(10 + 100 * round, 90);
    commit_counter(1, 2026, 1); /* what may be removed is */
    assert_true(entries_of(DK_KIND_LEDGERLOG) > 2);
    for (unsigned times = 0; times < 2; times++) {
        struct dk_ledger_record got = {0};
        bool found;
        assert_int_equal(dk_ledger_find(store, 1, 2026, 1, keep_state, &got, &found), DOCKET_OK);
        assert_true(found && got.state == DK_STATE_ISSUED);
        crash();
        must_open();
    }
}

static void a_large_record_lies_beside_small_ones(void **state)
{
    (void)state;
    static char metadata[DK_METADATA_MAX + 1];
    memset(metadata, '{', sizeof metadata - 1);
    must_open();
    for (uint64_t number = 1; number < 200; number++) {
        struct dk_ledger_record record = record_of(number, DK_STATE_ISSUED);
        record.metadata = number % 3 ? "" : metadata;
        must_commit(&(struct dk_change){.ledger = {.records = &record, .record_count = 1}});
    }
    assert_true(entries_of(DK_KIND_LEDGER) > 100);
    assert_sound();
    must_close(true);
    must_open();
    struct count count = {0};
    assert_int_equal(dk_ledger_each(store, 1, 2026, 1, count_record, &count), DOCKET_OK);
    assert_int_equal(count.records, 199);
    assert_int_equal(count.bytes, 66 * DK_METADATA_MAX);
}

static void a_walk_ends_with_its_callbacks_status_and_may_be_inside_another(void **state)
{
    (void)state;
    must_open();
    commit_ledger(1, 300);
    commit_ledger(301, 300);
    struct count count = {.stop_at = 450, .inside = true};
    assert_int_equal(dk_ledger_each(store, 1, 2026, 100, count_record, &count), DOCKET_EXISTS);
    assert_int_equal(count.records, 351);
}

static void *commit_meanwhile(void *unused)
{
    for (unsigned round = 1; round < 150; round++)
        commit_ledger(1 + (round % 7) * 100, 100);
    return unused;
}

static void another_thread_finds_what_stands_while_one_commits_and_folds(void **state)
{
    (void)state;
    pthread_t thread;
    must_open();
    for (unsigned round = 0; round < 7; round++)
        commit_ledger(1 + round * 100, 100);
    assert_int_equal(pthread_create(&thread, NULL, commit_meanwhile, NULL), 0);
    for (unsigned round = 0; round < 300; round++) {
        struct count count = {0};
        bool found;
        assert_int_equal(dk_ledger_each(store, 1, 2026, 1, count_record, &count), DOCKET_OK);
        assert_int_equal(count.records, 700);
        assert_int_equal(dk_ledger_find(store, 1, 2026, 1 + round, count_record, &count, &found), DOCKET_OK);
        assert_true(found);
        if (round % 50 == 0)
            assert_sound();
    }
    pthread_join(thread, NULL);
}

static void a_store_that_may_not_grow_says_so_before_records_are_written(void **state)
{
    (void)state;
    options.map_bytes = 8 << 20;
    options.ledger_wait = 200;
    must_open();
    docket_status status = DOCKET_OK;
    uint64_t number = 1;
    for (; (status = dk_store_make_room_for(store, 150)) == DOCKET_OK; number += 50)
        commit_ledger(number, 50);
    assert_int_equal(status, DOCKET_NO_SPACE);
    assert_non_null(strstr(dk_error_text(), "cannot keep records"));
    assert_true(number > 5000);
    commit_counter(1, 2026, 7); /* it lives on */
    assert_sound();
}

/* ---- power ---- */

enum { PAGE = 4096 };

static void keep_files(const char *name)
{
    char to[64];
    snprintf(to, sizeof to, "%s.data", name);
    copy_file(path_of("store/data.mdb"), path_of(to));
    snprintf(to, sizeof to, "%s.witness", name);
    copy_file(path_of("witness"), path_of(to));
}

static void put_files(const char *name)
{
    char from[64];
    snprintf(from, sizeof from, "%s.data", name);
    copy_file(path_of(from), path_of("store/data.mdb"));
    snprintf(from, sizeof from, "%s.witness", name);
    copy_file(path_of(from), path_of("witness"));
}

/* Of the pages that the commit wrote any part is there, but neither head: LMDB writes its head when the others are
 * synced. The witness ran ahead. */
static void tear(void)
{
    static uint8_t before[PAGE], after[PAGE];
    int from = open(path_of("after.data"), O_RDONLY | O_CLOEXEC), to = open(path_of("store/data.mdb"), O_RDWR | O_CLOEXEC);
    assert_true(from >= 0 && to >= 0);
    for (off_t page = 2; pread(from, after, PAGE, page * PAGE) == PAGE; page++) {
        bool there = pread(to, before, PAGE, page * PAGE) == PAGE;
        if ((!there || memcmp(before, after, PAGE) != 0) && dice(2))
            assert_true(pwrite(to, after, dice(3) ? PAGE : 512 * (1 + dice(7)), page * PAGE) > 0);
    }
    close(from);
    close(to);
}

static void a_commit_that_the_power_cut_was_never_made(void **state)
{
    (void)state;
    static __typeof__(model) was;
    memset(&model, 0, sizeof model);
    model.dice = 11;
    options.ledger_wait = 20;
    must_open();
    for (unsigned round = 0; round < 40; round++) {
        commit_draft(1 + (unsigned)dice(60));
        keep_files("before");
        memcpy(&was, &model, sizeof was);
        commit_draft(1 + (unsigned)dice(60));
        crash();
        keep_files("after");
        put_files("before");
        copy_file(path_of("after.witness"), path_of("witness"));
        tear();
        __typeof__(model) *now = malloc(sizeof *now);
        assert_non_null(now);
        memcpy(now, &model, sizeof *now);
        memcpy(&model, &was, sizeof model);
        must_open();
        check_all();
        crash();
        memcpy(&model, now, sizeof model);
        free(now);
        put_files("after");
        must_open();
        check_all();
    }
}

/* ---- what belongs together ---- */

static void assert_unsound(const char *words)
{
    uint64_t records;
    assert_int_equal(dk_store_verify(store, &records), DOCKET_DAMAGED);
    if (!strstr(dk_error_text(), words))
        fail_msg("\"%s\" is not in: %s", words, dk_error_text());
}

static void a_key_without_its_record_is_found_by_verify(void **state)
{
    (void)state;
    struct dk_range nobodys = {7000, 7000};
    struct dk_key_record key = {.series_id = 1, .kind = DK_NAMED_KEY, .text = "order-nine", .period = 2026,
                                .ranges = &nobodys, .range_count = 1};
    struct dk_change change = {.ledger = {.keys = &key, .key_count = 1}};
    must_open();
    commit_ledger(1, 200);
    commit_ledger(201, 200);
    assert_sound();
    must_commit(&change);
    assert_unsound("the keys record 0000000000000001/k/order-nine has a number that has no record");
    nobodys = (struct dk_range){3, 3}; /* it had that number, and released it: another key has it now */
    must_commit(&change);
    assert_sound();
    key.removed = true;
    must_commit(&change);
    assert_sound();
}

static void a_hold_of_a_number_that_is_not_pending_is_found_by_verify(void **state)
{
    (void)state;
    struct dk_hold_record hold = {.series_id = 1, .kind = DK_NAMED_PENDING, .text = "", .period = 2026, .number = 3};
    struct dk_change change = {.ledger = {.holds = &hold, .hold_count = 1}};
    must_open();
    commit_ledger(1, 200);
    must_commit(&change);
    assert_unsound("holds a number that is neither pending nor in doubt");
    struct dk_ledger_record doubt = record_of(3, DK_STATE_IN_DOUBT);
    must_commit(&(struct dk_change){.ledger = {.records = &doubt, .record_count = 1}});
    assert_unsound("holds a number that is neither pending nor in doubt, as it says");
    hold.in_doubt = true;
    must_commit(&change);
    assert_sound();
    hold.removed = true;
    must_commit(&change);
    assert_sound();
}

static void a_reservation_holds_as_many_as_are_reserved(void **state)
{
    (void)state;
    struct dk_ledger_record records[3];
    struct dk_range ranges[2] = {{1, 1}, {3, 4}};
    struct dk_key_record key = {.series_id = 1, .kind = DK_NAMED_RESERVATION, .text = "night", .period = 2026,
                                .expires_ns = 9, .ranges = ranges, .range_count = 2};
    struct dk_hold_record hold = {.series_id = 1, .kind = DK_NAMED_RESERVATION, .text = "night", .period = 2026, .left = 3,
                                  .expires_ns = 9, .seat = -1};
    for (unsigned at = 0; at < 3; at++) {
        records[at] = record_of(at ? at + 2 : 1, DK_STATE_RESERVED);
        records[at].hold = "night";
    }
    must_open();
    must_commit(&(struct dk_change){.ledger = {.holds = &hold, .hold_count = 1}});
    assert_unsound("holds a reservation that is not there");
    struct dk_change change = {.ledger = {.records = records, .record_count = 3, .keys = &key, .key_count = 1,
                                          .holds = &hold, .hold_count = 1}};
    must_commit(&change);
    assert_sound();
    records[1].state = DK_STATE_ISSUED;
    must_commit(&change);
    assert_unsound("more or fewer numbers than are reserved");
}

/* As retention does: records go, keys stay. */
static void records_that_were_dropped_with_their_period_are_not_missed(void **state)
{
    (void)state;
    static struct dk_ledger_record gone[150];
    must_open();
    commit_ledger(1, 200);
    commit_ledger(201, 200);
    for (unsigned at = 0; at < 150; at++) {
        gone[at] = record_of(at + 1, DK_STATE_ISSUED);
        gone[at].removed = true;
    }
    static struct dk_hold_record holds[15];
    for (unsigned at = 0; at < 15; at++)
        holds[at] = (struct dk_hold_record){.series_id = 1, .kind = DK_NAMED_PENDING, .removed = true, .text = "",
                                            .period = 2026, .number = 10 * (at + 1)};
    const struct dk_range run = {1, 150};
    struct dk_key_record period = {.series_id = 1, .kind = DK_NAMED_DROPPED, .text = "2026", .period = 2026,
                                   .digest = 7, .ranges = &run, .range_count = 1};
    must_commit(&(struct dk_change){.ledger = {.records = gone, .record_count = 150, .holds = holds, .hold_count = 15,
                                               .keys = &period, .key_count = 1}});
    struct count count = {0};
    assert_int_equal(dk_ledger_each(store, 1, 2026, 1, count_record, &count), DOCKET_OK);
    assert_int_equal(count.records, 250);
    assert_sound();
    commit_ledger(401, 500); /* folds it */
    commit_ledger(901, 500);
    crash();
    must_open();
    assert_sound();
}

static docket_status keep_document(void *context, const struct dk_key_record *record)
{
    assert_int_equal(record->ranges[0].first, 9);
    snprintf(context, DOCKET_TEXT_MAX, "%s", record->document);
    return DOCKET_OK;
}

static void a_key_whose_record_is_dropped_keeps_its_document(void **state)
{
    (void)state;
    const struct dk_range nine = {9, 9};
    struct dk_key_record keys[] = {
        {.series_id = 1, .kind = DK_NAMED_DROPPED, .text = "2026", .period = 2026, .ranges = &nine, .range_count = 1},
        {.series_id = 1, .kind = DK_NAMED_KEY, .text = "order-nine", .period = 2026, .ranges = &nine, .range_count = 1,
         .document = "INV-2026-000009"},
        {.series_id = 1, .kind = DK_NAMED_KEY, .text = "order-ten", .period = 2025, .ranges = &nine, .range_count = 1}};
    char document[DOCKET_TEXT_MAX];
    bool found;
    uint64_t records;
    must_open();
    must_commit(&(struct dk_change){.ledger = {.keys = keys, .key_count = 2}});
    for (int round = 0; round < 2; round++) {
        assert_int_equal(
            dk_ledger_find_key(store, 1, DK_NAMED_KEY, "order-nine", keep_document, document, &found), DOCKET_OK);
        assert_true(found);
        assert_string_equal(document, "INV-2026-000009");
        assert_sound();
        crash();
        must_open();
    }
    /* Without the period's mark, and without a document of its own, the record is missed. */
    must_commit(&(struct dk_change){.ledger = {.keys = keys + 2, .key_count = 1}});
    assert_int_equal(dk_store_verify(store, &records), DOCKET_DAMAGED);
    char longer[DOCKET_TEXT_MAX + 1];
    memset(longer, 'x', DOCKET_TEXT_MAX);
    longer[DOCKET_TEXT_MAX] = 0;
    keys[2].document = longer;
    struct dk_change refused = {.ledger = {.keys = keys + 2, .key_count = 1}};
    assert_int_equal(dk_store_commit(store, &refused, &records), DOCKET_BAD_ARGUMENT);
}

/* ---- damage in a ledger that a start does not read ---- */

static void a_large_ledger_is_read_by_verify_only(void **state)
{
    (void)state;
    options.ledger_pages = 1;
    must_open();
    for (unsigned round = 0; round < 8; round++)
        commit_ledger(1 + 400 * round, 400);
    must_close(true);
    must_open();
    assert_sound();
    dk_word go_on = 0;
    assert_int_equal(dk_store_read_ledger(store, &go_on), DOCKET_OK);
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    assert_int_equal(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_cursor_open(txn, store->dbi[DK_KIND_LEDGER], &cursor), 0);
    assert_int_equal(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), 0);
    assert_int_equal(mdb_cursor_del(cursor, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    dk_word stop = 0;
    assert_true(dk_store_left_unread(store));
    assert_int_equal(dk_store_read_ledger(store, &stop), DOCKET_DAMAGED);
    assert_non_null(strstr(dk_error_text(), "do not add up"));
    stop = 1;
    assert_int_equal(dk_store_read_ledger(store, &stop), DOCKET_BUSY);
    crash();
    options.ledger_pages = 0; /* it is small: read at a start */
    options.accept = true;    /* the two heads do not belong together either */
    docket_status status = open_store();
    assert_int_equal(status, DOCKET_DAMAGED);
    assert_non_null(strstr(dk_error_text(), "do not add up"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(the_ledger_says_what_was_written_last),
        IN_A_REALM(a_ledger_that_folds_at_once_says_the_same),
        IN_A_REALM(a_ledger_that_is_all_log_says_the_same),
        IN_A_REALM(a_text_of_elsewhere_with_another_note_exists_and_nothing_is_written),
        IN_A_REALM(a_record_gets_the_number_of_its_event),
        IN_A_REALM(what_cannot_be_is_refused_and_the_store_lives_on),
        IN_A_REALM(what_waits_does_not_grow_for_ever),
        IN_A_REALM(an_old_part_that_stands_does_not_come_back),
        IN_A_REALM(a_large_record_lies_beside_small_ones),
        IN_A_REALM(a_walk_ends_with_its_callbacks_status_and_may_be_inside_another),
        IN_A_REALM(another_thread_finds_what_stands_while_one_commits_and_folds),
        IN_A_REALM(a_store_that_may_not_grow_says_so_before_records_are_written),
        IN_A_REALM(a_commit_that_the_power_cut_was_never_made),
        IN_A_REALM(a_key_without_its_record_is_found_by_verify),
        IN_A_REALM(a_hold_of_a_number_that_is_not_pending_is_found_by_verify),
        IN_A_REALM(a_reservation_holds_as_many_as_are_reserved),
        IN_A_REALM(records_that_were_dropped_with_their_period_are_not_missed),
        IN_A_REALM(a_key_whose_record_is_dropped_keeps_its_document),
        IN_A_REALM(a_large_ledger_is_read_by_verify_only),
    };
    cmocka_set_test_filter(getenv("UNIT_CASES")); /* TSan, at the small scale: those with threads */
    return cmocka_run_group_tests_name("the ledger in the store", tests, NULL, NULL);
}
