/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/log.c base/files.c numbering/fate.c store/env.c store/store.c */
/* libs: lmdb */
/* The far witness: a realm that was copied whole, with its near witness, is noticed; and two copies that are live at once. */
#include "store_fixture.h"

static char far_folder[192];

static int make_two(void **state)
{
    int code = make_realm(state);
    snprintf(far_folder, sizeof far_folder, "%s/far/docket/witness", folder);
    options.far = far_folder;
    options.lock_folder = NULL;
    return code;
}

#define IN_TWO(test) cmocka_unit_test_setup_teardown(test, make_two, remove_realm)

static const char *far_file(void)
{
    static char path[300];
    int length = snprintf(path, sizeof path, "%s/", far_folder);
    uint8_t id[16];
    memcpy(id, facts.store_id, sizeof id);
    for (int at = 0; at < 16; at++)
        length += snprintf(path + length, sizeof path - (size_t)length, "%02x", id[at]);
    return path;
}

static struct dk_witness read_far(void)
{
    struct dk_witness witness = {0};
    enum dk_witness_find found = DK_WITNESS_ABSENT;
    int fd = open(far_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(dk_witness_read(fd, strrchr(far_file(), '/') + 1, &witness, &found), DOCKET_OK);
    assert_int_equal(found, DK_WITNESS_FOUND);
    close(fd);
    return witness;
}

/* The whole realm, as cp -a would: store and near witness. */
static void copy_realm(void)
{
    char to[300];
    snprintf(to, sizeof to, "%s/clone", folder);
    assert_int_equal(mkdir(to, 0700), 0);
    snprintf(to, sizeof to, "%s/clone/store", folder);
    assert_int_equal(mkdir(to, 0700), 0);
    snprintf(to, sizeof to, "%s/clone/store/data.mdb", folder);
    copy_file(path_of("store/data.mdb"), to);
    snprintf(to, sizeof to, "%s/clone/witness", folder);
    copy_file(path_of("witness"), to);
}

static void turn_to_the_clone(void)
{
    static char clone[300];
    snprintf(clone, sizeof clone, "%s/clone", folder);
    options.realm = clone;
}

static void both_witnesses_go_ahead_together(void **state)
{
    (void)state;
    must_open();
    assert_string_equal(facts.far, far_folder);
    for (unsigned at = 0; at < 2 * DK_WITNESS_LAG + 20; at++) {
        commit_counter(1, 2026, at + 1);
        struct dk_witness far = read_far();
        assert_memory_equal(&far, &store->witness, sizeof far);
        assert_true(far.commit >= store->meta.commit);
        assert_true(far.seen < store->meta.commit);
        assert_true(far.seen + DK_WITNESS_LAG + 1 >= store->meta.commit);
    }
    must_close(true);
    struct dk_witness far = read_far();
    assert_int_equal(far.phase, DK_WITNESS_CLEAN);
    assert_int_equal(far.seen, far.commit);
}

static void a_realm_that_was_copied_whole_is_refused_once_the_original_has_gone_on(void **state)
{
    (void)state;
    must_open();
    commit_many(3);
    must_close(true);
    copy_realm();
    must_open();
    commit_many(3);
    must_close(true);
    turn_to_the_clone();
    assert_refused(DOCKET_STORE_REWOUND, "the store is older than its far witness");
}

static void the_original_is_refused_once_its_copy_has_gone_on(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    copy_realm();
    turn_to_the_clone();
    must_open(); /* exactly as it was left: nobody has gone on */
    must_close(true);
    options.realm = realm;
    assert_refused(DOCKET_STORE_REWOUND, "far witness");
}

static void a_copy_finds_the_far_witness_whatever_its_own_folder_would_be(void **state)
{
    (void)state;
    char other[300];
    must_open();
    must_close(true);
    copy_realm();
    must_open();
    must_close(true);
    turn_to_the_clone();
    snprintf(other, sizeof other, "%s/elsewhere", folder);
    options.far = other; /* another HOME */
    assert_refused(DOCKET_STORE_REWOUND, "the store is older than its far witness");
}

static void of_two_live_copies_the_second_is_refused_and_hears_of_the_first(void **state)
{
    (void)state;
    struct dk_store *first;
    must_open();
    commit_many(2);
    first = store;
    store = NULL;
    copy_realm();
    turn_to_the_clone();
    assert_refused(DOCKET_STORE_COPIED, realm);
    store = first;
    crash();
    must_open(); /* within the lag of an original that was killed: as the near witness alone */
}

static void a_missing_far_witness_is_refused(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    assert_int_equal(unlink(far_file()), 0);
    assert_refused(DOCKET_STORE_REWOUND, "the far witness");
    assert_non_null(strstr(dk_error_text(), "is missing"));
    options.accept = true;
    must_open();
    assert_non_null(strstr(events_from(1).text, "accept: "));
    take_fence_down();
    must_close(true);
    options.accept = false;
    must_open();
}

static void a_damaged_far_witness_is_refused_and_one_of_another_store_too(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    struct dk_witness far = read_far();
    assert_int_equal(truncate(far_file(), 100), 0);
    assert_refused(DOCKET_STORE_REWOUND, "is damaged");
    int fd = open(far_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    far.store_id[3] ^= 1;
    assert_int_equal(dk_witness_write(fd, strrchr(far_file(), '/') + 1, &far), DOCKET_OK);
    close(fd);
    assert_refused(DOCKET_STORE_REWOUND, "another store than the far witness knows");
}

static void a_folder_that_is_gone_is_refused(void **state)
{
    (void)state;
    char gone[300];
    must_open();
    must_close(true);
    snprintf(gone, sizeof gone, "%s/gone", folder);
    assert_int_equal(rename(far_folder, gone), 0);
    assert_refused(DOCKET_STORE_REWOUND, "out of reach");
    assert_non_null(strstr(dk_error_text(), far_folder));
    assert_false(is_there(far_folder)); /* nothing was made in its place */
    assert_int_equal(rename(gone, far_folder), 0);
    must_open();
}

static void a_folder_that_cannot_be_made_at_first_is_told_and_no_refusal(void **state)
{
    (void)state;
    options.far = "/proc/docket/witness";
    must_open();
    assert_string_equal(facts.far, "");
    assert_non_null(strstr(facts.far_why, "/proc/docket"));
    must_close(true);
    options.far = far_folder;
    must_open(); /* now it can: with an event */
    assert_string_equal(facts.far, far_folder);
    assert_non_null(strstr(events_from(1).text, "witness: a far witness is kept from now on, in"));
}

static void a_folder_inside_of_the_realm_is_not_used(void **state)
{
    (void)state;
    char inside[300];
    snprintf(inside, sizeof inside, "%s/witnesses", realm);
    options.far = inside;
    must_open();
    assert_non_null(strstr(facts.far_why, "inside of the realm"));
}

static void another_folder_by_name_takes_over_and_the_old_file_goes(void **state)
{
    (void)state;
    char other[300], before[300];
    must_open();
    must_close(true);
    snprintf(before, sizeof before, "%s", far_file());
    copy_realm(); /* knows the old folder */
    snprintf(other, sizeof other, "%s/other", folder);
    options.far = other;
    options.far_is_named = true;
    must_open();
    assert_string_equal(facts.far, other);
    assert_non_null(strstr(events_from(1).text, "from now on, and not in"));
    assert_false(is_there(before));
    must_close(true);
    must_open();
    must_close(true);
    turn_to_the_clone();
    options.far = far_folder;
    options.far_is_named = false;
    assert_refused(DOCKET_STORE_REWOUND, "is missing");
}

static void another_folder_by_name_that_cannot_be_made_is_refused(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    options.far = "/proc/docket/witness";
    options.far_is_named = true;
    assert_refused(DOCKET_STORE_REWOUND, "out of reach");
    assert_true(is_there(far_file()));
}

static void none_is_an_order_and_an_event(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    options.far = NULL;
    options.far_is_named = true;
    must_open();
    assert_non_null(strstr(events_from(1).text, "no far witness is kept any more"));
    must_close(true);
    must_open();
    must_close(true);
    options.far = far_folder; /* kept again: what was left there knows nothing of the time between */
    assert_refused(DOCKET_STORE_REWOUND, "the far witness is older than the store");
    assert_int_equal(unlink(far_file()), 0);
    must_open();
}

/* As after a crash between the two writes: the one is new, the other as it was before. */
static void either_witness_may_be_one_step_behind(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 4; round++) {
        char kept[300];
        const char *behind = NULL;
        must_open();
        commit_many(round * 100);
        behind = round % 2 == 0 ? far_file() : path_of("witness");
        snprintf(kept, sizeof kept, "%s/kept", folder);
        copy_file(behind, kept);
        struct dk_witness ahead = store->witness;
        ahead.commit += DK_WITNESS_LAG;
        ahead.seen = store->meta.commit;
        memcpy(ahead.run, store->meta.run, sizeof ahead.run);
        assert_int_equal(dk_commit_witness(store, &ahead), DOCKET_OK);
        copy_file(kept, behind);
        crash();
    }
    must_open();
}

/* An opening that is cut off after its first witness, and after its second. */
static void an_opening_that_is_cut_off_between_its_witnesses_is_let_in(void **state)
{
    (void)state;
    must_open();
    commit_many(5);
    must_close(true);
    struct dk_witness next = read_far();
    next.generation++;
    next.start = next.commit;
    next.commit += 1 + DK_WITNESS_LAG;
    next.phase = DK_WITNESS_OPENING;
    next.token[0] ^= 1;
    int fd = open(realm, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(dk_witness_write(fd, "witness", &next), DOCKET_OK);
    close(fd);
    must_open();
    commit_many(5);
    crash();
    must_open();
}

/* Generation and commit agree; who opened it does not. */
static void two_that_went_on_from_one_copy_are_told_apart(void **state)
{
    (void)state;
    char kept[300];
    must_open();
    must_close(true);
    copy_realm();
    snprintf(kept, sizeof kept, "%s/kept", folder);
    copy_file(far_file(), kept);
    must_open();
    must_close(true);
    copy_file(kept, far_file()); /* as on another host, which never saw the original go on */
    turn_to_the_clone();
    must_open();
    must_close(true); /* the far witness is the clone's now */
    options.realm = realm;
    assert_refused(DOCKET_STORE_REWOUND, "another copy of this store has gone on");
}

/* ---- marks ---- */

struct met {
    unsigned count;
    uint64_t mark;
};

static docket_status meet(void *context, const struct dk_mark *mark)
{
    struct met *met = context;
    assert_string_equal(mark->tenant, "acme");
    assert_string_equal(mark->series, "INV");
    assert_int_equal(mark->period, 2026);
    met->count++;
    met->mark = mark->mark;
    return DOCKET_OK;
}

static void marks_are_noted_beside_it_and_are_exact_after_a_stop_in_order(void **state)
{
    (void)state;
    struct dk_marks marks;
    struct met met = {0};
    uint8_t id[16];
    char path[400];
    must_open();
    memcpy(id, facts.store_id, sizeof id);
    assert_int_equal(dk_marks_read(far_folder, id, &marks, meet, &met), DOCKET_OK);
    assert_false(marks.found);
    assert_int_equal(commit_series(1, "acme", "INV"), DOCKET_OK);
    commit_counter(1, 2026, 20);
    assert_int_equal(dk_marks_write(store, false), DOCKET_OK);
    assert_int_equal(dk_marks_read(dk_store_far_folder(store), id, &marks, meet, &met), DOCKET_OK);
    assert_true(marks.found && !marks.exact && !marks.left_out);
    assert_int_equal(met.count, 1);
    assert_int_equal(met.mark, 120);
    assert_int_equal(marks.commit, store->meta.commit);
    commit_counter(1, 2026, 30);
    must_close(true);
    assert_int_equal(dk_marks_read(far_folder, id, &marks, meet, &met), DOCKET_OK);
    assert_true(marks.exact);
    assert_int_equal(met.mark, 130);
    snprintf(path, sizeof path, "%s.marks", far_file());
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char byte;
    met.count = 0;
    for (off_t at = 0; pread(fd, &byte, 1, at) == 1; at++) {
        char flipped = (char)(byte ^ 2);
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        assert_int_equal(dk_marks_read(far_folder, id, &marks, meet, &met), DOCKET_DAMAGED);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    assert_int_equal(met.count, 0);
    id[0] ^= 1;
    assert_int_equal(dk_marks_read(far_folder, id, &marks, meet, &met), DOCKET_OK);
    assert_false(marks.found);
}

/* ---- who else is asked ---- */

static docket_status say_no(void *asked, const struct dk_standing *standing, struct dk_voice_report *voice)
{
    uint64_t *commit = asked;
    *commit = standing->commit;
    voice->asked = true;
    return dk_fail(DOCKET_STORE_REWOUND, "live files know better");
}

static void who_is_asked_says_no_before_anything_is_written_and_the_report_tells_all(void **state)
{
    (void)state;
    static struct dk_store_report report;
    uint64_t heard = 0;
    must_open();
    commit_many(4);
    uint64_t commit = store->meta.commit;
    crash();
    options.ask = say_no;
    options.asked = &heard;
    options.report = &report;
    for (int round = 0; round < 3; round++) {
        report = (struct dk_store_report){0};
        assert_refused(DOCKET_STORE_REWOUND, "live files know better");
        assert_int_equal(heard, commit); /* no start counted */
        assert_true(report.known);
        assert_int_equal(report.store.commit, commit);
        assert_int_equal(report.voice[DK_VOICE_NEAR].verdict, DOCKET_OK);
        assert_int_equal(report.voice[DK_VOICE_FAR].verdict, DOCKET_OK);
        assert_int_equal(report.voice[DK_VOICE_FILES].verdict, DOCKET_STORE_REWOUND);
        assert_string_equal(report.event_kind, "start");
    }
    assert_int_equal(unlink(far_file()), 0); /* the first no counts, and the others are heard */
    report = (struct dk_store_report){0};
    assert_refused(DOCKET_STORE_REWOUND, "the far witness");
    assert_false(report.voice[DK_VOICE_FAR].found);
    assert_int_equal(report.voice[DK_VOICE_FILES].verdict, DOCKET_STORE_REWOUND);
}

/* ---- a witness that a command keeps ---- */

static char kept_text[DK_WITNESS_BYTES];
static dk_word puts_fail, gets_fail, puts_made;

static docket_status get_kept(void *context, const char *id, char *text, size_t size)
{
    (void)context;
    assert_int_equal(strlen(id), 32);
    if (dk_load_relaxed(&gets_fail))
        return dk_fail(DOCKET_SYSTEM, "no route to the other side");
    snprintf(text, size, "%s", kept_text);
    return DOCKET_OK;
}

static docket_status put_kept(void *context, const char *id, const char *text, uint64_t left)
{
    (void)context, (void)id, (void)left;
    if (dk_load_relaxed(&puts_fail))
        return dk_fail(DOCKET_SYSTEM, "the other side is full");
    snprintf(kept_text, sizeof kept_text, "%s", text);
    dk_store_release(&puts_made, dk_load_relaxed(&puts_made) + 1);
    return DOCKET_OK;
}

static const struct dk_witness_command command = {.get = get_kept, .put = put_kept, .called = "/bin/keep"};

static int make_kept(void **state)
{
    int code = make_two(state);
    kept_text[0] = 0;
    dk_store_relaxed(&puts_fail, 0);
    dk_store_relaxed(&gets_fail, 0);
    options.command = &command;
    return code;
}

#define IN_THREE(test) cmocka_unit_test_setup_teardown(test, make_kept, remove_realm)

static struct dk_witness kept(void)
{
    struct dk_witness witness = {0};
    assert_true(dk_witness_parse(kept_text, &witness));
    return witness;
}

static void a_command_is_told_of_openings_and_stops_far_ahead(void **state)
{
    (void)state;
    must_open();
    assert_int_equal(kept().phase, DK_WITNESS_RUNNING);
    assert_true(kept().commit > store->meta.commit + 10000);
    uint64_t puts = dk_load_acquire(&puts_made);
    commit_many(600);
    assert_int_equal(dk_load_acquire(&puts_made), puts); /* not in the way of commits */
    crash();
    must_open();
    must_close(true);
    assert_int_equal(kept().phase, DK_WITNESS_CLEAN);
    assert_int_equal(kept().seen, kept().commit);
    must_open();
    assert_null(strstr(events_from(1).text, "witness:")); /* from the first day on: no news */
}

static void a_command_that_fails_at_the_opening_refuses_it(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    dk_store_relaxed(&gets_fail, 1);
    assert_refused(DOCKET_STORE_REWOUND, "no route to the other side");
    dk_store_relaxed(&gets_fail, 0);
    dk_store_relaxed(&puts_fail, 1);
    assert_refused(DOCKET_STORE_REWOUND, "the other side is full");
    dk_store_relaxed(&puts_fail, 0);
    must_open();
}

static void a_command_that_lies_or_forgets_refuses_the_opening(void **state)
{
    (void)state;
    char before[DK_WITNESS_BYTES];
    must_open();
    must_close(true);
    memcpy(before, kept_text, sizeof before);
    must_open();
    must_close(true);
    char now[DK_WITNESS_BYTES];
    memcpy(now, kept_text, sizeof now);
    memcpy(kept_text, before, sizeof before);
    assert_refused(DOCKET_STORE_REWOUND, "the command's witness is older than the store");
    kept_text[0] = 0;
    assert_refused(DOCKET_STORE_REWOUND, "has no witness");
    snprintf(kept_text, sizeof kept_text, "hello");
    assert_refused(DOCKET_STORE_REWOUND, "no witness that can be read");
    memcpy(kept_text, now, sizeof now);
    options.command = NULL;
    assert_refused(DOCKET_STORE_REWOUND, "witness_command = none");
    options.no_command = true;
    must_open();
    assert_non_null(strstr(events_from(1).text, "no command keeps a witness any more"));
}

static void a_copy_on_another_host_is_refused_by_the_command(void **state)
{
    (void)state;
    must_open();
    must_close(true);
    back_up();
    copy_file(path_of("witness"), path_of("backup/witness"));
    char far[300];
    snprintf(far, sizeof far, "%s.kept", far_file());
    copy_file(far_file(), far);
    must_open();
    must_close(true);
    put_back(); /* the whole machine: store, near and far witness */
    copy_file(path_of("backup/witness"), path_of("witness"));
    copy_file(far, far_file());
    assert_refused(DOCKET_STORE_REWOUND, "older than its command's witness");
}

struct committing {
    pthread_t thread;
    docket_status status;
    dk_word done;
};

static void *commit_one(void *context)
{
    struct committing *committing = context;
    struct dk_counter_image image = counter_of(1, 2026, 77);
    const struct dk_counter_image *one = &image;
    uint64_t number;
    committing->status = dk_store_commit(store, &(struct dk_change){.counters = &one, .counter_count = 1}, &number);
    dk_store_release(&committing->done, 1);
    return NULL;
}

static void use_up(struct committing *committing)
{
    dk_store_relaxed(&puts_fail, 1);
    dk_store_relaxed(&store->hook.covered, store->meta.commit); /* as after many thousand commits without an answer */
    assert_int_equal(pthread_create(&committing->thread, NULL, commit_one, committing), 0);
    usleep(100000);
    assert_int_equal(dk_load_acquire(&committing->done), 0);
}

static void what_it_was_told_is_used_up_then_commits_wait_until_it_answers(void **state)
{
    (void)state;
    struct committing committing = {0};
    must_open();
    commit_many(3);
    use_up(&committing);
    dk_store_relaxed(&puts_fail, 0);
    pthread_join(committing.thread, NULL);
    assert_int_equal(committing.status, DOCKET_OK);
    assert_int_equal(next_of(1, 2026), 77);
    must_close(true);
    must_open();
}

static void a_stop_ends_the_waiting_and_nothing_is_lost(void **state)
{
    (void)state;
    struct committing committing = {0};
    must_open();
    commit_many(3);
    use_up(&committing);
    dk_store_wait_no_more(store);
    pthread_join(committing.thread, NULL);
    assert_int_equal(committing.status, DOCKET_STORE_FAILED);
    crash();
    dk_store_relaxed(&puts_fail, 0);
    must_open();
    assert_int_equal(next_of(1, 2026), 3);
}

int main(void)
{
    setenv("TMPDIR", "/dev/shm", 0); /* a hundred openings: their syncs are not what is looked at */
    const struct CMUnitTest tests[] = {
        IN_TWO(both_witnesses_go_ahead_together),
        IN_TWO(a_realm_that_was_copied_whole_is_refused_once_the_original_has_gone_on),
        IN_TWO(the_original_is_refused_once_its_copy_has_gone_on),
        IN_TWO(a_copy_finds_the_far_witness_whatever_its_own_folder_would_be),
        IN_TWO(of_two_live_copies_the_second_is_refused_and_hears_of_the_first),
        IN_TWO(a_missing_far_witness_is_refused),
        IN_TWO(a_damaged_far_witness_is_refused_and_one_of_another_store_too),
        IN_TWO(a_folder_that_is_gone_is_refused),
        IN_TWO(a_folder_that_cannot_be_made_at_first_is_told_and_no_refusal),
        IN_TWO(a_folder_inside_of_the_realm_is_not_used),
        IN_TWO(another_folder_by_name_takes_over_and_the_old_file_goes),
        IN_TWO(another_folder_by_name_that_cannot_be_made_is_refused),
        IN_TWO(none_is_an_order_and_an_event),
        IN_TWO(either_witness_may_be_one_step_behind),
        IN_TWO(an_opening_that_is_cut_off_between_its_witnesses_is_let_in),
        IN_TWO(two_that_went_on_from_one_copy_are_told_apart),
        IN_TWO(marks_are_noted_beside_it_and_are_exact_after_a_stop_in_order),
        IN_THREE(a_command_is_told_of_openings_and_stops_far_ahead),
        IN_THREE(a_command_that_fails_at_the_opening_refuses_it),
        IN_THREE(a_command_that_lies_or_forgets_refuses_the_opening),
        IN_THREE(a_copy_on_another_host_is_refused_by_the_command),
        IN_THREE(what_it_was_told_is_used_up_then_commits_wait_until_it_answers),
        IN_THREE(a_stop_ends_the_waiting_and_nothing_is_lost),
        IN_TWO(who_is_asked_says_no_before_anything_is_written_and_the_report_tells_all),
    };
    return cmocka_run_group_tests_name("store: the far witness", tests, NULL, NULL);
}
