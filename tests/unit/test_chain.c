/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c numbering/fate.c store/env.c store/store.c */
/* libs: lmdb pthread */
/* The chain of events: what is changed, dropped, added or put elsewhere is found. */
#include "store_fixture.h"

#include "../lib/tamper.h"
#include "store/migrations/migrate.h"

#include <time.h>

/* ---- events ---- */

static unsigned seed;

static unsigned draw(unsigned below)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % below;
}

static void some_text(char *text, size_t size, size_t least)
{
    size_t length = least + draw((unsigned)(size - least));
    for (size_t at = 0; at < length; at++)
        text[at] = (char)(' ' + draw(95));
    text[length] = 0;
}

static struct dk_event some_event(void)
{
    struct dk_event event = {.time_ns = (int64_t)draw(1u << 15) << 40, .uid = draw(60000)};
    some_text(event.kind, sizeof event.kind, 1);
    some_text(event.text, sizeof event.text, 0);
    if (draw(2))
        some_text(event.reason, sizeof event.reason, 1);
    if (draw(2)) {
        some_text(event.tenant, sizeof event.tenant, 1);
        some_text(event.series, sizeof event.series, 1);
        event.period = (int32_t)draw(2) * 2026;
    }
    return event;
}

static void commit_events(unsigned count)
{
    for (unsigned at = 0; at < count; at++) {
        struct dk_event events[3];
        size_t these = 1 + draw(3);
        for (size_t one = 0; one < these; one++)
            events[one] = some_event();
        must_commit(&(struct dk_change){.events = events, .event_count = these});
    }
}

static struct dk_audit audit(void)
{
    struct dk_audit found;
    if (dk_store_audit(store, &found) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    return found;
}

/* As the file is, without the start that dk_store_open() writes. */
static struct dk_audit audit_file(struct tamper *tamper)
{
    struct dk_audit found;
    struct dk_meta meta;
    struct dk_chain_walk walk;
    struct dk_key key;
    tamper_must(dk_meta_read(&tamper->store, tamper->txn, &meta));
    dk_chain_begin(&walk, &meta);
    for (uint64_t number = 1; number <= tamper->store.meta.trail.number + 1; number++) {
        struct dk_slice value;
        struct dk_event event;
        bool there;
        dk_key_of_event(&key, number);
        tamper_must(dk_env_get(&tamper->store, tamper->txn, DK_KIND_EVENTS, &key, &value, &there));
        if (!there)
            continue;
        if (dk_image_decode_event(dk_key_slice(&key), value, &event) != DOCKET_OK) {
            walk.audit.broken = walk.audit.broken != 0 ? walk.audit.broken : number; /* as chain.c's visit() */
            continue;
        }
        dk_chain_step(&walk, value, &event);
    }
    dk_chain_end(&walk);
    found = walk.audit;
    return found;
}

static void begin_events(void)
{
    seed = 7;
    must_open();
    commit_events(20);
    must_close(true);
}

/* ---- whole ---- */

static void a_new_store_has_a_whole_chain_from_its_first_event_on(void **state)
{
    (void)state;
    must_open();
    struct dk_audit found = audit();
    assert_int_equal(found.broken, 0);
    assert_int_equal(found.trail.begins, 1);
    assert_int_equal(found.trail.number, 1);
    assert_sound();
}

static void random_events_over_many_starts_stay_whole(void **state)
{
    (void)state;
    seed = (unsigned)time(NULL);
    print_message("seed %u\n", seed);
    for (int round = 0; round < 12; round++) {
        must_open();
        commit_events(1 + draw(40));
        struct dk_audit found = audit();
        struct dk_trail trail;
        if (found.broken != 0)
            fail_msg("seed: broken at %llu: %s", (unsigned long long)found.broken, found.what);
        assert_int_equal(dk_store_trail(store, &trail), DOCKET_OK);
        assert_memory_equal(&trail, &found.trail, sizeof trail);
        assert_int_equal(trail.number, events_from(1).count);
        must_close(draw(2));
    }
}

static docket_status keep(void *context, const struct dk_event *event)
{
    *(struct dk_event *)context = *event;
    return DOCKET_OK;
}

static void an_event_says_what_it_is_about(void **state)
{
    (void)state;
    struct dk_event event = {.kind = "void", .text = "x", .reason = "why", .uid = 7, .tenant = "acme", .series = "INV",
                             .period = 2026},
                    found;
    must_open();
    must_commit(&(struct dk_change){.events = &event, .event_count = 1});
    assert_int_equal(dk_store_each_event(store, 2, keep, &found), DOCKET_OK);
    assert_string_equal(found.tenant, "acme");
    assert_string_equal(found.series, "INV");
    assert_int_equal(found.period, 2026);
    assert_int_equal(found.uid, 7);
    assert_true(found.link.there);
    assert_false(found.link.erased);
}

static void two_events_that_say_the_same_have_digests_of_their_own(void **state)
{
    (void)state;
    struct dk_event event = {.kind = "void", .text = "x", .reason = "why", .uid = 7}, first, second;
    must_open();
    must_commit(&(struct dk_change){.events = &event, .event_count = 1});
    must_commit(&(struct dk_change){.events = &event, .event_count = 1});
    struct dk_event events[2];
    memset(events, 0, sizeof events);
    assert_int_equal(dk_store_each_event(store, 3, keep, &second), DOCKET_OK);
    must_close(true);
    struct tamper tamper;
    tamper_begin(&tamper, realm);
    tamper_decode(&tamper, 2, &first);
    tamper_end(&tamper, false);
    assert_memory_not_equal(first.link.personal, second.link.personal, DK_DIGEST_BYTES);
    assert_memory_not_equal(first.link.salt, second.link.salt, DK_SALT_BYTES);
}

/* ---- tampered with ---- */

static void each_byte_of_an_event_that_is_flipped_is_found_and_named(void **state)
{
    (void)state;
    struct tamper tamper;
    uint8_t bytes[TAMPER_BYTES];
    begin_events();
    tamper_begin(&tamper, realm);
    assert_int_equal(audit_file(&tamper).broken, 0);
    for (uint64_t number = 9; number < 13; number++) {
        size_t size = tamper_read(&tamper, number, bytes);
        assert_true(size > 100);
        for (size_t at = 0; at < size; at++) {
            uint8_t before = bytes[at];
            bytes[at] ^= (uint8_t)(1u << draw(8));
            tamper_write(&tamper, number, bytes, size);
            assert_int_equal(audit_file(&tamper).broken, number);
            bytes[at] = before;
        }
        tamper_write(&tamper, number, bytes, size);
        assert_int_equal(audit_file(&tamper).broken, 0);
    }
    tamper_end(&tamper, false);
}

static void an_event_that_is_dropped_is_named(void **state)
{
    (void)state;
    struct tamper tamper;
    begin_events();
    tamper_begin(&tamper, realm);
    uint64_t last = tamper.store.meta.trail.number;
    tamper_write(&tamper, 9, NULL, 0);
    assert_int_equal(audit_file(&tamper).broken, 9);
    tamper_end(&tamper, false);
    tamper_begin(&tamper, realm);
    tamper_write(&tamper, last, NULL, 0);
    assert_int_equal(audit_file(&tamper).broken, last);
    tamper_end(&tamper, false);
}

static void events_that_change_places_are_found_at_the_first(void **state)
{
    (void)state;
    struct tamper tamper;
    uint8_t nine[TAMPER_BYTES], ten[TAMPER_BYTES];
    begin_events();
    tamper_begin(&tamper, realm);
    size_t nine_size = tamper_read(&tamper, 9, nine), ten_size = tamper_read(&tamper, 10, ten);
    tamper_write(&tamper, 9, ten, ten_size);
    tamper_write(&tamper, 10, nine, nine_size);
    assert_int_equal(audit_file(&tamper).broken, 9);
    tamper_end(&tamper, false);
}

static void an_event_that_is_added_behind_the_last_is_found(void **state)
{
    (void)state;
    struct tamper tamper;
    struct dk_event event = some_event();
    begin_events();
    tamper_begin(&tamper, realm);
    uint64_t last = tamper.store.meta.trail.number;
    tamper_must(dk_commit_event(&tamper.store, tamper.txn, &event, last + 1)); /* and the store's own word stays */
    assert_int_equal(audit_file(&tamper).broken, last + 1);
    tamper_end(&tamper, false);
}

static void what_was_erased_breaks_nothing(void **state)
{
    (void)state;
    struct tamper tamper;
    struct dk_event event;
    struct dk_key key;
    begin_events();
    tamper_begin(&tamper, realm);
    tamper_decode(&tamper, 9, &event);
    event.uid = 0;
    event.reason[0] = 0;
    event.link.erased = true;
    memset(event.link.salt, 0, sizeof event.link.salt);
    tamper.store.value.used = 0;
    tamper_must(dk_image_encode_event(&event, &key, &tamper.store.value));
    tamper_must(dk_env_put(&tamper.store, tamper.txn, DK_KIND_EVENTS, &key, &tamper.store.value));
    assert_int_equal(audit_file(&tamper).broken, 0);
    tamper_end(&tamper, true);
    must_open();
    assert_int_equal(audit().broken, 0);
}

/* ---- at the start ---- */

static void flip(uint64_t number)
{
    struct tamper tamper;
    uint8_t bytes[TAMPER_BYTES] = {0};
    tamper_begin(&tamper, realm);
    size_t size = tamper_read(&tamper, number, bytes);
    bytes[8 + 4 + 1] ^= 1; /* of the kind */
    tamper_write(&tamper, number, bytes, size);
    tamper_end(&tamper, true);
}

static void a_broken_trail_is_refused_at_the_start_with_its_event(void **state)
{
    (void)state;
    begin_events();
    flip(9);
    assert_refused(DOCKET_DAMAGED, "the audit trail is broken at event 9: its hash is not");
    assert_refused(DOCKET_DAMAGED, "--accept-store"); /* and again */
}

static void a_broken_trail_is_accepted_as_it_stands(void **state)
{
    (void)state;
    begin_events();
    flip(9);
    options.accept = true;
    must_open();
    struct dk_audit found = audit();
    assert_int_equal(found.broken, 0);
    assert_int_equal(found.trail.begins, found.trail.number - 1); /* start and accept */
    assert_non_null(strstr(events_from(found.trail.number).text, "broken at event 9"));
    commit_events(3);
    take_fence_down();
    crash();
    options.accept = false;
    must_open();
    assert_int_equal(audit().broken, 0);
    must_close(true);
    flip(9); /* it stands: another change of it is found as well */
    assert_refused(DOCKET_DAMAGED, "the audit trail is broken at event ");
}

static void rewrite(uint64_t from)
{
    struct tamper tamper;
    tamper_begin(&tamper, realm);
    tamper_relink(&tamper, from, "something else");
    assert_int_equal(audit_file(&tamper).broken, 0);
    tamper_end(&tamper, true);
}

static void a_tail_with_new_hashes_is_seen_by_the_witness(void **state)
{
    (void)state;
    begin_events();
    rewrite(9);
    assert_refused(DOCKET_STORE_REWOUND, "the audit trail was rewritten");
    options.accept = true;
    must_open();
    struct dk_trail trail;
    assert_int_equal(dk_store_trail(store, &trail), DOCKET_OK);
    assert_int_equal(trail.begins, 1);
    assert_non_null(strstr(events_from(trail.number).text, "against its witness, which had seen event"));
    take_fence_down();
    crash();
    options.accept = false;
    must_open();
}

static void the_last_event_alone_with_a_new_hash_is_seen_after_a_clean_stop(void **state)
{
    (void)state;
    begin_events();
    struct tamper tamper;
    tamper_begin(&tamper, realm);
    uint64_t last = tamper.store.meta.trail.number;
    tamper_end(&tamper, false);
    rewrite(last);
    assert_refused(DOCKET_STORE_REWOUND, "the audit trail was rewritten");
}

static void an_event_more_is_seen_after_a_clean_stop(void **state)
{
    (void)state;
    struct tamper tamper;
    struct dk_event event = some_event();
    begin_events();
    tamper_begin(&tamper, realm);
    tamper_must(dk_commit_event(&tamper.store, tamper.txn, &event, tamper.store.meta.trail.number + 1));
    tamper_end(&tamper, true);
    assert_refused(DOCKET_STORE_REWOUND, "was the last one, and is not");
}

/* What the witness does not see: the events of the last commits, at most LAG + 1. */
static void without_a_clean_stop_the_witness_is_up_to_its_lag_behind(void **state)
{
    (void)state;
    seed = 7;
    must_open();
    commit_events(20);
    crash();
    rewrite(9);
    must_open();
    commit_events(DK_WITNESS_LAG + 20);
    crash();
    must_open(); /* what the witness saw was durable */
    assert_int_equal(audit().broken, 0);
    commit_events(DK_WITNESS_LAG + 20);
    crash();
    rewrite(9);
    assert_refused(DOCKET_STORE_REWOUND, "the audit trail was rewritten");
}

static void events_of_an_older_schema_are_hashed_as_they_stand(void **state)
{
    (void)state;
    struct dk_migrate_order order = {.way = DK_MIGRATE_UP, .target = "head"};
    begin_events();
    must_open();
    leave_as_schema(4);
    if (dk_migrate_run(&options, &order) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    must_open();
    struct dk_audit found = audit();
    assert_int_equal(found.broken, 0);
    assert_true(found.trail.begins > 20);
    assert_int_equal(found.trail.number, found.trail.begins + 2); /* two migrations, and this start */
    assert_non_null(strstr(events_from(found.trail.begins).text, "migrate: 0005_ledger up, schema 4 to 5"));
    commit_events(5);
    must_close(true);
    must_open();
    assert_int_equal(audit().broken, 0);
    must_close(true);
    flip(9); /* the first link is the one that does not fit */
    char words[64];
    snprintf(words, sizeof words, "broken at event %llu", (unsigned long long)found.trail.begins);
    assert_refused(DOCKET_DAMAGED, words);
}

static void a_witness_of_before_is_read_and_says_nothing_of_events(void **state)
{
    (void)state;
    struct dk_witness witness = {.generation = 3, .commit = 1000, .phase = DK_WITNESS_RUNNING}, found;
    enum dk_witness_find find;
    char text[512] = "";
    assert_int_equal(mkdir(realm, 0700), 0);
    int fd = open(realm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(dk_witness_write(fd, "word", &witness), DOCKET_OK);
        int file = openat(fd, "word", O_RDONLY | O_CLOEXEC);
        assert_true(read(file, text, sizeof text - 1) > 0);
        close(file);
        assert_non_null(strstr(text, round == 0 ? "docket witness 1\n" : "docket witness 2\n"));
        assert_int_equal(dk_witness_read(fd, "word", &found, &find), DOCKET_OK);
        assert_int_equal(find, DK_WITNESS_FOUND);
        assert_memory_equal(&found, &witness, sizeof found);
        witness.event = 77;
        memset(witness.head, 0xa5, sizeof witness.head);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(a_new_store_has_a_whole_chain_from_its_first_event_on),
        IN_A_REALM(random_events_over_many_starts_stay_whole),
        IN_A_REALM(an_event_says_what_it_is_about),
        IN_A_REALM(two_events_that_say_the_same_have_digests_of_their_own),
        IN_A_REALM(each_byte_of_an_event_that_is_flipped_is_found_and_named),
        IN_A_REALM(an_event_that_is_dropped_is_named),
        IN_A_REALM(events_that_change_places_are_found_at_the_first),
        IN_A_REALM(an_event_that_is_added_behind_the_last_is_found),
        IN_A_REALM(what_was_erased_breaks_nothing),
        IN_A_REALM(a_broken_trail_is_refused_at_the_start_with_its_event),
        IN_A_REALM(a_broken_trail_is_accepted_as_it_stands),
        IN_A_REALM(a_tail_with_new_hashes_is_seen_by_the_witness),
        IN_A_REALM(the_last_event_alone_with_a_new_hash_is_seen_after_a_clean_stop),
        IN_A_REALM(an_event_more_is_seen_after_a_clean_stop),
        IN_A_REALM(without_a_clean_stop_the_witness_is_up_to_its_lag_behind),
        IN_A_REALM(events_of_an_older_schema_are_hashed_as_they_stand),
        IN_A_REALM(a_witness_of_before_is_read_and_says_nothing_of_events),
    };
    return cmocka_run_group_tests_name("store: the chain of events", tests, NULL, NULL);
}
