/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c store/record.c store/image.c store/image_series.c store/seen.c store/index.c store/witnesses/witness.c store/lock.c store/env.c store/pages.c store/meta.c store/journal.c store/commit.c store/create.c store/walk.c numbering/fate.c store/texts.c store/time.c store/store.c */
/* libs: lmdb pthread */
/* The durable truth: what is committed is read back. */
#include "store_fixture.h"

#include <pthread.h>
#include <sys/wait.h>

/* ---- creation and opening ---- */

static void an_absent_realm_is_not_made_unasked(void **state)
{
    (void)state;
    options.create = false;
    assert_refused(DOCKET_NO_REALM, "no such directory");
    assert_false(is_there(realm));
    assert_int_equal(mkdir(realm, 0700), 0);
    assert_refused(DOCKET_NO_REALM, "holds no store");
    assert_false(is_there(path_of("store")));
}

static void a_new_store_says_that_it_was_created(void **state)
{
    (void)state;
    struct stat mode;
    must_open();
    assert_true(facts.created);
    assert_int_equal(facts.generation, 1);
    assert_int_equal(facts.commit_number, 1);
    assert_int_equal(facts.series_last, 0);
    assert_int_equal(facts.schema_version, DK_SCHEMA_VERSION);
    assert_true(facts.store_id[0] | facts.store_id[1]);
    assert_int_equal(stat(realm, &mode), 0);
    assert_int_equal(mode.st_mode & 07777, 0700);
    assert_sound();
}

static void each_opening_is_a_new_generation_of_the_same_store(void **state)
{
    (void)state;
    must_open();
    struct dk_store_facts first = facts;
    must_close(true);
    for (uint64_t generation = 2; generation < 6; generation++) {
        options.create = generation % 2;
        must_open();
        assert_false(facts.created);
        assert_int_equal(facts.generation, generation);
        assert_memory_equal(facts.store_id, first.store_id, sizeof first.store_id);
        assert_true(facts.commit_number > first.commit_number);
        must_close(generation % 3 == 0);
    }
}

static void an_opening_tells_whether_the_last_stop_was_clean_and_its_boot(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    options.boot_id[0] = 77;
    must_open();
    assert_true(facts.clean);
    assert_int_equal(facts.boot_id[0], 1);
    crash();
    must_open();
    assert_false(facts.clean);
    assert_int_equal(facts.boot_id[0], 77);
}

static void a_creation_that_was_cut_short_is_cleared_away(void **state)
{
    (void)state;
    assert_int_equal(mkdir(realm, 0700), 0);
    assert_int_equal(mkdir(path_of("store.new-12345678"), 0700), 0);
    close(open(path_of("store.new-12345678/data.mdb"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    must_open();
    assert_false(is_there(path_of("store.new-12345678")));
}

static void a_creation_cut_short_after_its_witness_begins_again(void **state)
{
    (void)state;
    must_open();
    struct dk_witness witness = {.generation = 1, .commit = 257, .phase = DK_WITNESS_OPENING};
    crash();
    remove_tree(path_of("store"));
    int fd = open(realm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(dk_witness_write(fd, "witness", &witness), DOCKET_OK);
    close(fd);
    must_open();
    assert_true(facts.created);
}

static void a_start_cut_short_before_its_first_commit_is_let_in(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    uint64_t commit = facts.commit_number + 1; /* the clean stop's */
    struct dk_witness witness = {.generation = 2,
                                 .start = commit,
                                 .commit = commit + 1 + DK_WITNESS_LAG,
                                 .phase = DK_WITNESS_OPENING};
    memcpy(witness.store_id, facts.store_id, 16);
    int fd = open(realm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(dk_witness_write(fd, "witness", &witness), DOCKET_OK);
    close(fd);
    must_open();
    assert_true(facts.clean);
    assert_int_equal(facts.generation, 2);
}

static void a_second_open_says_who_has_the_store(void **state)
{
    (void)state;
    char holder[64];
    must_open();
    struct dk_store *holding = store;
    snprintf(holder, sizeof holder, "pid %ld since 20", (long)getpid());
    assert_refused(DOCKET_STORE_IN_USE, holder);
    store = holding;
    commit_counter(1, 2026, 1); /* and the holder goes on */
    must_close(true);
    must_open();
}

static void the_lock_outlives_no_process(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    pid_t child = fork();
    if (child == 0)
        _exit(open_store() == DOCKET_OK ? 0 : 1); /* dies with the store open */
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    must_open();
    assert_false(facts.clean);
    assert_int_equal(facts.generation, 3);
}

static void a_loose_or_foreign_realm_is_unsafe(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    assert_int_equal(chmod(realm, 0770), 0);
    assert_refused(DOCKET_UNSAFE_FILES, "written by its group");
    assert_int_equal(chmod(realm, 0700), 0);
    assert_int_equal(chmod(path_of("store/data.mdb"), 0644), 0);
    assert_refused(DOCKET_UNSAFE_FILES, "data.mdb has mode 0644");
    assert_int_equal(chmod(path_of("store/data.mdb"), 0600), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(realm, 65534, 65534), 0);
        assert_refused(DOCKET_UNSAFE_FILES, "belongs to uid 65534");
    }
}

static void the_data_file_is_closed_on_exec_and_preallocated(void **state)
{
    (void)state;
    struct stat file;
    int fd;
    must_open();
    assert_int_equal(mdb_env_get_fd(store->env, &fd), 0);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(fstat(fd, &file), 0);
    assert_true((size_t)file.st_blocks * 512 >= options.preallocate_bytes);
    assert_true((size_t)file.st_size < options.preallocate_bytes);
}

static void lmdb_releases_that_destroy_their_mutex_are_refused(void **state)
{
    (void)state;
    assert_int_equal(dk_env_check_version(0, 9, 24), DOCKET_OK);
    assert_int_equal(dk_env_check_version(0, 9, 25), DOCKET_OK);
    for (int patch = 26; patch <= 31; patch++)
        assert_int_equal(dk_env_check_version(0, 9, patch), DOCKET_STORE_FAILED);
    assert_int_equal(dk_env_check_version(0, 9, 32), DOCKET_OK);
}

/* ---- commit and read back ---- */

static void series_are_read_back_in_the_order_of_their_names(void **state)
{
    (void)state;
    struct reading reading = {0};
    must_open();
    assert_int_equal(commit_series(1, "zeta", "A"), DOCKET_OK);
    assert_int_equal(commit_series(2, "acme", "INV"), DOCKET_OK);
    assert_int_equal(commit_series(5, "acme", "CRN"), DOCKET_OK);
    crash();
    must_open();
    assert_int_equal(facts.series_last, 5);
    assert_int_equal(dk_store_each_series(store, read_series, &reading), DOCKET_OK);
    assert_string_equal(reading.text, "acme/CRN=5 acme/INV=2 zeta/A=1 ");
}

static void the_same_series_twice_is_fine_and_another_under_its_name_is_not(void **state)
{
    (void)state;
    must_open();
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    assert_int_equal(commit_series(2, "acme", "INV"), DOCKET_EXISTS);
    assert_int_equal(commit_series(2, "acme", "CRN"), DOCKET_OK); /* the store lives on */
}

static void a_series_id_that_does_not_rise_is_refused(void **state)
{
    (void)state;
    must_open();
    assert_int_equal(commit_series(3, "acme", "INV"), DOCKET_OK);
    assert_int_equal(commit_series(3, "acme", "CRN"), DOCKET_BAD_ARGUMENT);
    assert_int_equal(commit_series(2, "acme", "CRN"), DOCKET_BAD_ARGUMENT);
    crash();
    must_open();
    assert_int_equal(commit_series(3, "acme", "CRN"), DOCKET_BAD_ARGUMENT);
    assert_int_equal(commit_series(4, "acme", "CRN"), DOCKET_OK);
}

static void the_latest_image_counts_after_any_number_of_commits(void **state)
{
    (void)state;
    must_open();
    for (uint64_t next = 1; next <= 3 * DK_JOURNAL_LENGTH + 5; next++) {
        commit_counter(1, 2026, next);
        assert_int_equal(next_of(1, 2026), next);
    }
    crash();
    must_open();
    assert_int_equal(next_of(1, 2026), 3 * DK_JOURNAL_LENGTH + 5);
    assert_sound();
}

static uint64_t entries_in(enum dk_kind kind)
{
    MDB_txn *txn;
    MDB_stat tree;
    assert_int_equal(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_stat(txn, store->dbi[kind], &tree), 0);
    mdb_txn_abort(txn);
    return tree.ms_entries;
}

static void a_journalled_counter_is_read_before_any_fold(void **state)
{
    (void)state;
    must_open();
    commit_counter(1, 2026, 7);
    assert_int_equal(entries_in(DK_KIND_COUNTERS), 0);
    assert_int_equal(entries_in(DK_KIND_JOURNAL), 1);
    crash();
    must_open();
    assert_int_equal(next_of(1, 2026), 7);
}

static void a_fold_empties_the_journal_into_the_counters(void **state)
{
    (void)state;
    must_open();
    uint64_t next = 0;
    while (entries_in(DK_KIND_COUNTERS) == 0) {
        commit_counter(1, 2026, ++next);
        commit_counter(2, 0, 100 + next);
        assert_true(next < DK_JOURNAL_LENGTH);
    }
    assert_int_equal(entries_in(DK_KIND_COUNTERS), 2);
    assert_true(entries_in(DK_KIND_JOURNAL) <= 1);
    assert_int_equal(next_of(1, 2026), next);
    assert_int_equal(next_of(2, 0), 100 + next);
}

static void a_journal_entry_replaces_the_folded_image_and_leaves_others(void **state)
{
    (void)state;
    must_open();
    commit_counter(2, 202611, 50);
    commit_many(DK_JOURNAL_LENGTH); /* folds at least once */
    commit_counter(1, 2026, 9000);
    crash();
    must_open();
    struct reading reading = {.id = 1, .period = 2026};
    assert_int_equal(dk_store_each_counter(store, read_counter, &reading), DOCKET_OK);
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.next, 9000);
    assert_int_equal(next_of(2, 202611), 50);
}

static void of_two_images_of_one_counter_in_one_commit_the_last_counts(void **state)
{
    (void)state;
    struct dk_counter_image images[] = {counter_of(1, 2026, 10), counter_of(2, 2026, 5),
                                        counter_of(1, 2026, 30)};
    const struct dk_counter_image *all[] = {&images[0], &images[1], &images[2]};
    must_open();
    must_commit(&(struct dk_change){.counters = all, .counter_count = 3});
    assert_int_equal(next_of(1, 2026), 30);
    assert_int_equal(next_of(2, 2026), 5);
    commit_counter(9, 0, 1);
    for (unsigned at = 0; at < DK_JOURNAL_LENGTH; at++)
        commit_counter(9, 0, 1);
    assert_int_equal(next_of(1, 2026), 30); /* after the fold as well */
}

static void counters_of_one_series_are_read_alone(void **state)
{
    (void)state;
    struct reading reading = {.id = 2, .period = 2027};
    must_open();
    commit_counter(1, 2026, 1);
    commit_counter(2, 2026, 2);
    for (unsigned at = 0; at < DK_JOURNAL_LENGTH; at++)
        commit_counter(3, 2026, 3);
    commit_counter(2, 2027, 4);
    assert_int_equal(dk_store_each_counter_of(store, 2, read_counter, &reading), DOCKET_OK);
    assert_int_equal(reading.count, 2);
    assert_int_equal(reading.sum, 6);
    assert_int_equal(reading.next, 4);
}

static void places_and_spares_survive_journal_and_fold(void **state)
{
    (void)state;
    struct dk_place_record place = {.place = 3, .size = 64, .seq = 2, .first = 65, .offset = 9};
    struct dk_range spare = {10, 20};
    struct dk_counter_image image = counter_of(1, 2026, 200);
    const struct dk_counter_image *one = &image;
    image.places = &place;
    image.spares = &spare;
    image.place_count = image.spare_count = 1;
    must_open();
    must_commit(&(struct dk_change){.counters = &one, .counter_count = 1});
    for (unsigned at = 0; at < DK_JOURNAL_LENGTH; at++)
        commit_counter(2, 0, 1);
    assert_int_equal(next_of(1, 2026), 200);
    assert_sound();
}

/* Under a sanitizer a commit of so many takes minutes, and shows no more. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { MANY = 20000 };
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
enum { MANY = 20000 };
#else
enum { MANY = 100000 };
#endif
#else
enum { MANY = 100000 };
#endif

static void a_hundred_thousand_counters_fit_one_commit(void **state)
{
    (void)state;
    struct dk_counter_image *images = calloc(MANY, sizeof *images);
    const struct dk_counter_image **all = calloc(MANY, sizeof *all);
    uint64_t wanted = 0;
    for (uint64_t at = 0; at < MANY; at++) {
        images[at] = counter_of(at + 1, 2026, at * 3 + 1);
        all[at] = &images[at];
        wanted += images[at].next;
    }
    must_open();
    must_commit(&(struct dk_change){.counters = all, .counter_count = MANY});
    crash();
    must_open();
    struct reading reading = {0};
    assert_int_equal(dk_store_each_counter(store, read_counter, &reading), DOCKET_OK);
    assert_int_equal(reading.count, MANY);
    assert_int_equal(reading.sum, wanted);
    free(all);
    free(images);
}

static void commit_all(uint64_t count, uint64_t next)
{
    struct dk_counter_image *images = calloc(count, sizeof *images);
    const struct dk_counter_image **all = calloc(count, sizeof *all);
    for (uint64_t at = 0; at < count; at++) {
        images[at] = counter_of(at + 1, 2026, next);
        all[at] = &images[at];
    }
    must_commit(&(struct dk_change){.counters = all, .counter_count = count});
    free(all);
    free(images);
}

/* One counter's image, however it is looked for. */
static void assert_next(uint64_t id, uint64_t next)
{
    struct reading reading = {.id = id, .period = 2026};
    assert_int_equal(dk_store_each_counter_of(store, id, read_counter, &reading), DOCKET_OK);
    assert_int_equal(reading.count, 1);
    assert_int_equal(reading.next, next);
}

static void a_long_journal_is_folded_a_bit_with_each_commit(void **state)
{
    (void)state;
    must_open();
    commit_all(MANY, 7);
    unsigned commits = 0;
    size_t before = 0, folded = 0;
    while ((folded = entries_in(DK_KIND_COUNTERS)) < MANY) {
        assert_true(folded - before < 3 * 4096); /* no commit folds more than it has time for */
        before = folded;
        commit_counter(MANY + 1, 2026, ++commits);
        assert_true(commits < 2000);
        if (commits % 7 == 0) {
            crash(); /* the next start knows as much */
            must_open();
        }
        assert_next(1 + commits * 97 % MANY, 7);
    }
    assert_next(MANY + 1, commits);
    struct reading reading = {0};
    assert_int_equal(dk_store_each_counter(store, read_counter, &reading), DOCKET_OK);
    assert_int_equal(reading.count, MANY + 1);
    assert_sound();
}

static void of_a_counter_in_two_parts_of_a_long_journal_the_newer_counts_throughout(void **state)
{
    (void)state;
    must_open();
    commit_all(MANY, 7);
    commit_all(3, 9); /* their older images lie in the part that is folded first */
    for (unsigned turn = 0; turn < 60; turn++) {
        for (uint64_t id = 1; id <= 4; id++) {
            assert_next(id, id <= 3 ? 9 : 7);
            assert_int_equal(next_of(id, 2026), id <= 3 ? 9 : 7);
        }
        commit_counter(MANY + 1, 2026, turn + 1);
    }
    for (unsigned turn = 0; entries_in(DK_KIND_JOURNAL) > 1; turn++) {
        commit_counter(MANY + 1, 2026, 100 + turn);
        assert_true(turn < 2000);
    }
    crash();
    must_open();
    assert_next(2, 9);
    assert_next(4, 7);
    assert_sound();
}

/* Its newest image is folded, the part of that has nothing else; and an older part stands that has it too. */
static void an_older_image_in_a_part_that_stands_never_counts_again(void **state)
{
    (void)state;
    enum { SECOND_HALF = 8192 }; /* the first fold ends here, within a part */
    must_open();
    commit_all(MANY, 7);
    for (uint64_t id = SECOND_HALF - 100; id < SECOND_HALF + 100; id += 7)
        commit_counter(id, 2026, 9);
    for (unsigned turn = 0; turn < 12; turn++) {
        crash();
        must_open();
        assert_next(SECOND_HALF - 100, 9);
        assert_next(SECOND_HALF - 93, 9);
        assert_next(SECOND_HALF - 99, 7);
        assert_next(SECOND_HALF + 96, 9);
        assert_int_equal(next_of(SECOND_HALF - 100, 2026), 9);
        for (unsigned at = 0; at <= turn % 3; at++)
            commit_counter(MANY + 1, 2026, 10 * turn + at + 1);
    }
    assert_sound();
}

/* Of two images of one counter the last counts, wherever they stand. */
static void images_in_no_order_are_journalled_once_each(void **state)
{
    (void)state;
    enum { RISING = 5000, ALL = 12000 }; /* more than a part before the first one that does not rise */
    static struct dk_counter_image images[ALL];
    static const struct dk_counter_image *all[ALL];
    uint64_t next[RISING + 1][2] = {{0}};
    for (unsigned at = 0; at < ALL; at++) {
        uint64_t id = at < RISING ? at + 1 : 1 + (at * 7919u) % RISING;
        int32_t period = at < RISING ? 2026 : 2026 + (int32_t)(at % 2);
        images[at] = counter_of(id, period, at + 1);
        all[at] = &images[at];
        next[id][period - 2026] = at + 1;
    }
    must_open();
    must_commit(&(struct dk_change){.counters = all, .counter_count = ALL});
    for (unsigned turn = 0; turn < 2; turn++) { /* from memory, then from the file */
        for (uint64_t id = 1; id <= RISING; id += 37)
            for (int32_t period = 0; period < 2; period++) {
                struct reading reading = {.id = id, .period = 2026 + period};
                assert_int_equal(dk_store_each_counter_of(store, id, read_counter, &reading), DOCKET_OK);
                assert_int_equal(reading.count, (next[id][0] > 0) + (next[id][1] > 0));
                assert_true(next[id][period] == 0 || reading.next == next[id][period]);
            }
        assert_sound();
        crash();
        must_open();
    }
}

static void a_journal_of_the_same_counters_again_and_again_stays_small(void **state)
{
    (void)state;
    size_t most = 0;
    must_open();
    for (unsigned turn = 0; turn < 12; turn++) {
        commit_all(20000, turn + 1);
        size_t parts = entries_in(DK_KIND_JOURNAL);
        most = parts > most ? parts : most;
    }
    assert_true(most <= 3 * 6); /* of each commit six */
    assert_next(1, 12);
    assert_next(20000, 12);
    crash();
    must_open();
    assert_next(777, 12);
    assert_sound();
}

static void the_files_that_a_desk_was_built_with_last_are_remembered(void **state)
{
    (void)state;
    struct dk_desk_note notes[] = {{0, 0x1111}, {12, 0x2222}, {0, 0x3333}};
    uint64_t incarnation = 0;
    bool found = true;
    must_open();
    assert_int_equal(dk_store_desk_incarnation(store, 0, &incarnation, &found), DOCKET_OK);
    assert_false(found);
    must_commit(&(struct dk_change){.desks = notes, .desk_count = 3});
    crash();
    must_open();
    assert_int_equal(dk_store_desk_incarnation(store, 0, &incarnation, &found), DOCKET_OK);
    assert_true(found && incarnation == 0x3333);
    assert_int_equal(dk_store_desk_incarnation(store, 12, &incarnation, &found), DOCKET_OK);
    assert_true(found && incarnation == 0x2222);
    assert_int_equal(dk_store_desk_incarnation(store, 1, &incarnation, &found), DOCKET_OK);
    assert_false(found);
    assert_sound();
}

static void a_series_is_found_by_its_names(void **state)
{
    (void)state;
    struct dk_series_record found = {0};
    bool there = false;
    must_open();
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    assert_int_equal(commit_series(2, "acme", "ORD"), DOCKET_OK);
    assert_int_equal(dk_store_find_series(store, "acme", "ORD", &found, &there), DOCKET_OK);
    assert_true(there && found.id == 2 && strcmp(found.name, "ORD") == 0);
    assert_int_equal(dk_store_find_series(store, "acme", "OR", &found, &there), DOCKET_OK);
    assert_false(there);
}

static void ranges_of_one_counter_are_read_ascending(void **state)
{
    (void)state;
    struct dk_fate_record ranges[] = {range_of(300, 400), range_of(1, 9), range_of(10, 10),
                                      range_of(256, 299)};
    struct dk_fate_record other = range_of(5, 6);
    struct reading reading = {0};
    other.period = 2027;
    ranges[2].fate = DK_FATE_VOID;
    ranges[2].cause = DK_CAUSE_GIVEN_BACK;
    must_open();
    must_commit(&(struct dk_change){.ranges = ranges, .range_count = 4});
    must_commit(&(struct dk_change){.ranges = &other, .range_count = 1});
    assert_int_equal(dk_store_each_range(store, 1, 2026, read_range, &reading), DOCKET_OK);
    assert_string_equal(reading.text,
                        "1-9 unknown by power loss, 10-10 void by given back, "
                        "256-299 unknown by power loss, 300-400 unknown by power loss, ");
}

static void the_same_range_twice_is_fine_and_another_is_damage(void **state)
{
    (void)state;
    struct dk_fate_record range = range_of(1, 9);
    uint64_t number;
    must_open();
    must_commit(&(struct dk_change){.ranges = &range, .range_count = 1});
    must_commit(&(struct dk_change){.ranges = &range, .range_count = 1});
    range.range.last = 10;
    docket_status status =
        dk_store_commit(store, &(struct dk_change){.ranges = &range, .range_count = 1}, &number);
    assert_int_equal(status, DOCKET_DAMAGED);
    crash();
    must_open();
    struct reading reading = {0};
    assert_int_equal(dk_store_each_range(store, 1, 2026, read_range, &reading), DOCKET_OK);
    assert_string_equal(reading.text, "1-9 unknown by power loss, ");
}

static void events_are_numbered_on_across_starts(void **state)
{
    (void)state;
    struct dk_event events[] = {{.number = 999, .kind = "reap", .text = "one"},
                                {.kind = "series", .text = "two"}};
    must_open();
    must_commit(&(struct dk_change){.events = events, .event_count = 2});
    crash();
    must_open();
    must_commit(&(struct dk_change){.events = events, .event_count = 1});
    must_commit(&(struct dk_change){.events = events + 1, .event_count = 1});
    struct reading reading = events_from(2);
    assert_int_equal(reading.count, 5);
    assert_string_equal(reading.text,
                        "2 reap: one; 3 series: two; "
                        "4 start: generation 2, after a stop that was not clean; "
                        "5 reap: one; 6 series: two; ");
}

static void a_refused_image_writes_nothing_of_its_commit(void **state)
{
    (void)state;
    struct dk_counter_image image = counter_of(1, 2026, 5);
    const struct dk_counter_image *one = &image;
    struct dk_event event = {.kind = "reap", .text = "not this"};
    uint64_t number = 0;
    must_open();
    image.next = image.mark + 1;
    docket_status status = dk_store_commit(
        store,
        &(struct dk_change){
            .counters = &one, .counter_count = 1, .events = &event, .event_count = 1},
        &number);
    assert_int_equal(status, DOCKET_BAD_ARGUMENT);
    assert_int_equal(number, 0);
    assert_int_equal(events_from(2).count, 0);
    commit_counter(1, 2026, 5);
}

static docket_status stop_at_once(void *context, const struct dk_counter_image *image)
{
    (void)image;
    ++*(unsigned *)context;
    return DOCKET_TIMEOUT;
}

static void a_walk_ends_with_its_callbacks_status(void **state)
{
    (void)state;
    unsigned calls = 0;
    must_open();
    commit_counter(1, 2026, 1);
    commit_counter(2, 2026, 1);
    assert_int_equal(dk_store_each_counter(store, stop_at_once, &calls), DOCKET_TIMEOUT);
    assert_int_equal(calls, 1);
}

static docket_status walk_within(void *context, const struct dk_counter_image *image)
{
    (void)image;
    return dk_store_each_event(store, 1, read_event, context);
}

static void a_callback_may_begin_another_walk(void **state)
{
    (void)state;
    struct reading reading = {0};
    must_open();
    commit_counter(1, 2026, 1);
    assert_int_equal(dk_store_each_counter(store, walk_within, &reading), DOCKET_OK);
    assert_int_equal(reading.count, 1);
}

static void *read_on_and_on(void *context)
{
    uint64_t before = 0;
    for (unsigned at = 0; at < 200; at++) {
        struct reading reading = {.id = 1, .period = 2026};
        if (dk_store_each_counter(store, read_counter, &reading) != DOCKET_OK ||
            reading.next < before)
            return context; /* anything but NULL */
        before = reading.next;
    }
    return NULL;
}

static void another_thread_may_read_while_one_commits(void **state)
{
    (void)state;
    pthread_t reader;
    void *result = realm;
    must_open();
    commit_counter(1, 2026, 1);
    assert_int_equal(pthread_create(&reader, NULL, read_on_and_on, realm), 0);
    commit_many(100);
    assert_int_equal(pthread_join(reader, &result), 0);
    assert_null(result);
}

/* ---- words ---- */

static void fates_and_causes_have_names(void **state)
{
    (void)state;
    assert_string_equal(dk_fate_name(DK_FATE_HANDED_OUT), "handed out");
    assert_string_equal(dk_fate_name(DK_FATE_UNKNOWN), "unknown");
    assert_string_equal(dk_fate_name(99), "unrecognised fate");
    assert_string_equal(dk_cause_name(DK_CAUSE_POWER_LOSS), "power loss");
    assert_string_equal(dk_cause_name(DK_CAUSE_QUARANTINE), "quarantine");
    assert_string_equal(dk_cause_name(99), "unrecognised cause");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_REALM(an_absent_realm_is_not_made_unasked),
        IN_A_REALM(a_new_store_says_that_it_was_created),
        IN_A_REALM(each_opening_is_a_new_generation_of_the_same_store),
        IN_A_REALM(an_opening_tells_whether_the_last_stop_was_clean_and_its_boot),
        IN_A_REALM(a_creation_that_was_cut_short_is_cleared_away),
        IN_A_REALM(a_creation_cut_short_after_its_witness_begins_again),
        IN_A_REALM(a_start_cut_short_before_its_first_commit_is_let_in),
        IN_A_REALM(a_second_open_says_who_has_the_store),
        IN_A_REALM(the_lock_outlives_no_process),
        IN_A_REALM(a_loose_or_foreign_realm_is_unsafe),
        IN_A_REALM(the_data_file_is_closed_on_exec_and_preallocated),
        cmocka_unit_test(lmdb_releases_that_destroy_their_mutex_are_refused),
        IN_A_REALM(series_are_read_back_in_the_order_of_their_names),
        IN_A_REALM(the_same_series_twice_is_fine_and_another_under_its_name_is_not),
        IN_A_REALM(a_series_id_that_does_not_rise_is_refused),
        IN_A_REALM(the_latest_image_counts_after_any_number_of_commits),
        IN_A_REALM(a_journalled_counter_is_read_before_any_fold),
        IN_A_REALM(a_fold_empties_the_journal_into_the_counters),
        IN_A_REALM(a_journal_entry_replaces_the_folded_image_and_leaves_others),
        IN_A_REALM(of_two_images_of_one_counter_in_one_commit_the_last_counts),
        IN_A_REALM(counters_of_one_series_are_read_alone),
        IN_A_REALM(places_and_spares_survive_journal_and_fold),
        IN_A_REALM(a_long_journal_is_folded_a_bit_with_each_commit),
        IN_A_REALM(of_a_counter_in_two_parts_of_a_long_journal_the_newer_counts_throughout),
        IN_A_REALM(an_older_image_in_a_part_that_stands_never_counts_again),
        IN_A_REALM(images_in_no_order_are_journalled_once_each),
        IN_A_REALM(a_journal_of_the_same_counters_again_and_again_stays_small),
        IN_A_REALM(a_series_is_found_by_its_names),
        IN_A_REALM(the_files_that_a_desk_was_built_with_last_are_remembered),
        IN_A_REALM(a_hundred_thousand_counters_fit_one_commit),
        IN_A_REALM(ranges_of_one_counter_are_read_ascending),
        IN_A_REALM(the_same_range_twice_is_fine_and_another_is_damage),
        IN_A_REALM(events_are_numbered_on_across_starts),
        IN_A_REALM(a_refused_image_writes_nothing_of_its_commit),
        IN_A_REALM(a_walk_ends_with_its_callbacks_status),
        IN_A_REALM(a_callback_may_begin_another_walk),
        IN_A_REALM(another_thread_may_read_while_one_commits),
        cmocka_unit_test(fates_and_causes_have_names),
    };
    cmocka_set_test_filter(getenv("UNIT_CASES")); /* TSan, at the small scale: those with threads */
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
