/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/index.c store/journal.c store/commit.c store/create.c store/walk.c numbering/fate.c store/texts.c store/time.c store/store.c */
/* libs: lmdb pthread */
/* What an admin changes in the store: ranges replaced, series changed, reasons. */
#include "store_fixture.h"

#include <pthread.h>

static struct dk_fate_record fate_of(uint64_t first, uint64_t last, uint32_t fate, uint32_t cause, uint32_t event_at)
{
    struct dk_fate_record record = range_of(first, last);
    record.fate = fate;
    record.cause = cause;
    record.event_at = event_at;
    return record;
}

static const char *ranges_text(void)
{
    static struct reading reading;
    reading = (struct reading){0};
    assert_int_equal(dk_store_each_range(store, 1, 2026, read_range, &reading), DOCKET_OK);
    return reading.text;
}

static docket_status keep_event_of(void *context, const struct dk_fate_record *record)
{
    uint64_t *events = context;
    events[record->range.first % 64] = record->event;
    return DOCKET_OK;
}

static void an_unknown_range_is_replaced_by_its_parts_in_one_commit(void **state)
{
    (void)state;
    uint64_t events[64] = {0};
    must_open();
    commit_counter(1, 2026, 41);
    struct dk_fate_record unknown = range_of(10, 40);
    must_commit(&(struct dk_change){.ranges = &unknown, .range_count = 1});
    struct dk_fate_record parts[] = {fate_of(10, 19, DK_FATE_UNKNOWN, DK_CAUSE_POWER_LOSS, 0),
                                     fate_of(20, 20, DK_FATE_HANDED_OUT, DK_CAUSE_EVIDENCE, 2),
                                     fate_of(21, 40, DK_FATE_VOID, DK_CAUSE_VOIDED, 1)};
    struct dk_event why[2] = {{.kind = "void", .text = "t"}, {.kind = "reconcile", .text = "u", .reason = "the list of March"}};
    must_commit(&(struct dk_change){
        .removed = &unknown, .removed_count = 1, .ranges = parts, .range_count = 3, .events = why, .event_count = 2});
    assert_string_equal(ranges_text(), "10-19 unknown by power loss, 20-20 handed out by by evidence, 21-40 void by voided, ");
    assert_int_equal(dk_store_each_range(store, 1, 2026, keep_event_of, events), DOCKET_OK);
    assert_int_equal(events[10], 0);
    assert_int_equal(events[20], 3); /* the first event is the start's */
    assert_int_equal(events[21], 2);
    assert_sound();
    crash();
    must_open();
    assert_sound();
}

static void a_range_that_is_not_there_cannot_be_removed(void **state)
{
    (void)state;
    uint64_t number;
    must_open();
    struct dk_fate_record unknown = range_of(10, 40), other = range_of(10, 41);
    must_commit(&(struct dk_change){.ranges = &unknown, .range_count = 1});
    assert_int_equal(dk_store_commit(store, &(struct dk_change){.removed = &other, .removed_count = 1}, &number),
                     DOCKET_DAMAGED);
    crash();
    must_open();
    assert_string_equal(ranges_text(), "10-40 unknown by power loss, ");
}

static docket_status keep_reason(void *context, const struct dk_event *event)
{
    snprintf(context, DK_REASON_BYTES + 1, "%s", event->reason);
    return DOCKET_OK;
}

static void a_reason_of_full_length_is_read_back(void **state)
{
    (void)state;
    char reason[DK_REASON_BYTES + 1] = "?";
    struct dk_event event = {.kind = "void", .text = "a text"};
    memset(event.reason, 'r', DK_REASON_BYTES);
    must_open();
    must_commit(&(struct dk_change){.events = &event, .event_count = 1});
    crash();
    must_open();
    assert_int_equal(dk_store_each_event(store, 2, keep_reason, reason), DOCKET_OK);
    assert_string_equal(reason, ""); /* the last event is the second start's */
    assert_int_equal(events_from(1).count, 3);
    assert_sound();
}

struct found {
    unsigned count;
    struct dk_series_record record;
};

static docket_status keep_record(void *context, const struct dk_series_record *record)
{
    struct found *found = context;
    found->count++;
    found->record = *record;
    return DOCKET_OK;
}

static void a_series_is_changed_and_retired_under_its_id(void **state)
{
    (void)state;
    uint64_t number;
    struct found found = {0};
    must_open();
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    struct dk_series_record record = series_of(1, "acme", "INV");
    const struct dk_series_record *changed = &record;
    struct dk_policy policy = *record.policy;
    policy.window = 4000;
    record.policy = dk_policy_keep(&policy);
    record.retired_ns = 77;
    must_commit(&(struct dk_change){.changed = &changed, .changed_count = 1});
    crash();
    must_open();
    assert_int_equal(dk_store_each_series(store, keep_record, &found), DOCKET_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.record.retired_ns, 77);
    assert_int_equal(found.record.policy->window, 4000);
    assert_sound();
    record.id = 2; /* another series of this name there cannot be */
    assert_int_equal(dk_store_commit(store, &(struct dk_change){.changed = &changed, .changed_count = 1}, &number),
                     DOCKET_DAMAGED);
}

/* ---- read again while commits go on ---- */

static dk_word enough;

static void *commit_on(void *context)
{
    (void)context;
    for (uint64_t next = 1; dk_load_acquire(&enough) == 0; next++) {
        struct dk_counter_image image = counter_of(1 + next % 300, 2026, next);
        const struct dk_counter_image *one = &image;
        image.mark = DOCKET_NUMBER_MAX; /* the ranges are below it */
        struct dk_fate_record range = range_of(next * 4, next * 4 + 2);
        uint64_t number;
        if (dk_store_commit(store, &(struct dk_change){.counters = &one, .counter_count = 1, .ranges = &range, .range_count = next % 8 == 0},
                            &number) != DOCKET_OK)
            return context; /* the verifier fails with it */
    }
    return NULL;
}

/* Heads move and pages are used again meanwhile: none of it may look like damage. */
static void a_store_is_verified_while_commits_go_on(void **state)
{
    (void)state;
    pthread_t committer;
    uint64_t records = 0, first = 0;
    unsigned turns = 0;
    dk_store_relaxed(&enough, 0);
    must_open();
    commit_counter(1, 2026, DOCKET_NUMBER_MAX / 2);
    assert_int_equal(pthread_create(&committer, NULL, commit_on, store), 0);
    docket_status status = dk_store_verify(store, &first);
    while (status == DOCKET_OK && (turns++ < 400 || records <= first)) /* until a commit has come between */
        status = dk_store_verify(store, &records);
    char found[DK_ERROR_BYTES];
    snprintf(found, sizeof found, "%s", dk_error_text());
    dk_store_release(&enough, 1);
    void *failed;
    pthread_join(committer, &failed);
    if (status != DOCKET_OK)
        fail_msg("turn %u: %s", turns, found);
    assert_null(failed);
    assert_sound();
}

/* Flips a bit at this offset of each page in turn; how often that is found. */
static unsigned damage_found(off_t in_page)
{
    uint64_t records;
    unsigned found = 0;
    struct stat now;
    int fd = open(path_of("store/data.mdb"), O_RDWR | O_CLOEXEC);
    assert_int_equal(fstat(fd, &now), 0);
    for (off_t at = 2 * 4096 + in_page; at < now.st_size; at += 4096) {
        uint8_t byte, flipped;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        flipped = byte ^ 0x40;
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        found += dk_store_verify(store, &records) == DOCKET_DAMAGED;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    return found;
}

static void what_is_damaged_is_found_in_a_store_that_runs(void **state)
{
    (void)state;
    must_open();
    for (unsigned i = 0; i < 50; i++)
        commit_counter(1 + i, 2026, 5);
    assert_sound();
    assert_true(damage_found(4000) >= 2); /* where a page's first values lie */
    assert_true(damage_found(7) >= 2);    /* the page's own number, which LMDB does not look at */
    assert_sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(an_unknown_range_is_replaced_by_its_parts_in_one_commit),
        IN_A_REALM(a_range_that_is_not_there_cannot_be_removed),
        IN_A_REALM(a_reason_of_full_length_is_read_back),
        IN_A_REALM(a_series_is_changed_and_retired_under_its_id),
        IN_A_REALM(a_store_is_verified_while_commits_go_on),
        IN_A_REALM(what_is_damaged_is_found_in_a_store_that_runs),
    };
    return cmocka_run_group_tests_name("store, what an admin changes", tests, NULL, NULL);
}
