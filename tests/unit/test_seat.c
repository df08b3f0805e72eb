/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c table/desk.c table/seat.c */
/* A process's place at a desk, and the lock that lives exactly as long as its mapping. */
#include "desk_fixture.h"

#include "table/cursor.h"
#include "table/seat.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/wait.h>

enum { SEAT = 2, SALT = 0x5a17 };

static const struct dk_geometry geometry = {.slots_max = 64, .rows_max = 8, .seats_max = 4, .lines_per_seat = 100};
static int keep, locked, probe;
static uint8_t *base;
static size_t bytes;

static int begin(void **state)
{
    keep = locked = probe = -1;
    base = NULL;
    return make_folder(state);
}

static void drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int end(void **state)
{
    drop(&keep);
    if (base != NULL)
        munmap(base, bytes);
    return remove_folder(state);
}

static docket_status make_salted(uint64_t salt)
{
    return dk_seat_make(folder_fd, &geometry, &identity, SEAT, salt, 0, false, &keep, &locked, &probe);
}

static void must_make(void)
{
    if (make_salted(SALT) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
}

/* As a worker does with what docketd sent; both descriptors are gone then. */
static docket_status sit_down(void)
{
    docket_status status = dk_seat_map(locked, probe, &identity, SEAT, &base, &bytes);
    locked = probe = -1;
    return status;
}

static uint64_t cursor_of(int from, uint32_t line)
{
    uint64_t word = 1;
    assert_true(dk_seat_cursor(from, line, &word));
    return word;
}

static bool cursor_passes(uint64_t salt, uint32_t line)
{
    struct dk_cursor unused;
    return dk_cursor_unpack(cursor_of(keep, line), salt, line, &unused);
}

/* ---- the lock ---- */

static void the_lock_outlives_its_descriptor_and_ends_with_the_mapping(void **state)
{
    (void)state;
    must_make();
    assert_false(dk_seat_take_lock(keep));
    assert_int_equal(sit_down(), DOCKET_OK);
    assert_false(dk_seat_take_lock(keep));
    munmap(base, bytes);
    base = NULL;
    assert_true(dk_seat_take_lock(keep));
}

static void a_lock_that_was_taken_is_held_until_keep_is_closed(void **state)
{
    int other;
    (void)state;
    must_make();
    drop(&locked);
    drop(&probe);
    assert_int_equal(dk_seat_open(folder_fd, 0, SEAT, &other), DOCKET_OK);
    assert_true(dk_seat_take_lock(keep));
    assert_true(dk_seat_take_lock(keep)); /* asking again changes nothing */
    assert_false(dk_seat_take_lock(other));
    drop(&keep);
    assert_true(dk_seat_take_lock(other));
    close(other);
}

/* A child that sits down and then does what it is told; says "sat" by a byte. */
static pid_t start_owner(void (*live)(int to_test), int *from_child)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        drop(&keep);
        close(ends[0]);
        if (sit_down() == DOCKET_OK)
            live(ends[1]);
        _exit(1);
    }
    drop(&locked); /* this copy would keep the lock alive */
    drop(&probe);
    close(ends[1]);
    *from_child = ends[0];
    return child;
}

static bool hears(int fd)
{
    char byte;
    return read(fd, &byte, 1) == 1;
}

static void say(int fd)
{
    if (write(fd, "x", 1) != 1)
        _exit(1);
}

static void say_and_wait(int to_test)
{
    say(to_test);
    for (;;)
        pause();
}

static void the_lock_is_free_when_its_owner_was_killed_and_not_before(void **state)
{
    int from_child;
    (void)state;
    must_make();
    pid_t child = start_owner(say_and_wait, &from_child);
    assert_true(hears(from_child));
    assert_false(dk_seat_take_lock(keep));
    kill(child, SIGSTOP); /* a stopped owner is a live one */
    assert_false(dk_seat_take_lock(keep));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(dk_seat_take_lock(keep));
    close(from_child);
}

/* The grandchild tells its id, so that the test can end it. */
static void fork_and_wait(int to_test)
{
    pid_t self = fork() == 0 ? getpid() : 0;
    if (self != 0 && write(to_test, &self, sizeof self) != (ssize_t)sizeof self)
        _exit(1);
    for (;;)
        pause();
}

static void a_forked_child_does_not_keep_its_parents_lock(void **state)
{
    int from_child;
    pid_t grandchild;
    (void)state;
    must_make();
    pid_t owner = start_owner(fork_and_wait, &from_child);
    assert_int_equal(read(from_child, &grandchild, sizeof grandchild), sizeof grandchild);
    bool held = !dk_seat_take_lock(keep);
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
    bool is_free = dk_seat_take_lock(keep);
    bool lives = kill(grandchild, 0) == 0;
    kill(grandchild, SIGKILL);
    close(from_child);
    assert_true(held);
    assert_true(lives);
    assert_true(is_free);
}

static void run_another_program(int to_test)
{
    char end[16];
    snprintf(end, sizeof end, "%d", to_test);
    execl("/bin/sh", "sh", "-c", "echo x >&$0; exec sleep 60", end, (char *)NULL);
}

static void a_program_that_is_run_instead_does_not_keep_the_lock(void **state)
{
    int from_child;
    (void)state;
    must_make();
    pid_t child = start_owner(run_another_program, &from_child);
    assert_true(hears(from_child));
    assert_true(dk_seat_take_lock(keep));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(from_child);
}

static void a_child_that_ends_leaves_its_parents_lock_alone(void **state)
{
    (void)state;
    must_make();
    assert_int_equal(sit_down(), DOCKET_OK);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        if (child == 0) {
            munmap(base, bytes); /* not mapped here at all */
            _exit(0);
        }
        waitpid(child, NULL, 0);
        assert_false(dk_seat_take_lock(keep));
    }
}

static void a_seat_that_is_held_is_not_given_again(void **state)
{
    (void)state;
    must_make();
    assert_int_equal(sit_down(), DOCKET_OK);
    dk_store_relaxed(&dk_seat_line(base, 7)->cursor, 12345);
    drop(&keep);
    unsigned before = count_descriptors();
    assert_int_equal(make_salted(SALT + 1), DOCKET_BUSY);
    assert_int_equal(count_descriptors(), before);
    assert_true(keep == -1 && locked == -1 && probe == -1);
    assert_int_equal(dk_load_relaxed(&dk_seat_line(base, 7)->cursor), 12345);
}

/* ---- sitting down ---- */

static void sitting_down_keeps_no_descriptor(void **state)
{
    (void)state;
    must_make();
    unsigned before = count_descriptors();
    assert_int_equal(sit_down(), DOCKET_OK);
    assert_int_equal(count_descriptors(), before - 2);
    assert_int_equal(bytes, dk_seat_bytes(&geometry));
}

static void a_seat_of_another_desk_sitting_or_number_is_refused(void **state)
{
    struct dk_identity others[3] = {identity, identity, identity};
    (void)state;
    others[0].incarnation++;
    others[1].desk++;
    for (int i = 0; i < 3; i++) {
        must_make();
        unsigned before = count_descriptors();
        uint32_t seat = i == 2 ? SEAT + 1 : SEAT;
        assert_int_equal(dk_seat_map(locked, probe, &others[i], seat, &base, &bytes), DOCKET_BAD_LAYOUT);
        assert_null(base);
        assert_int_equal(count_descriptors(), before - 2);
        assert_true(dk_seat_take_lock(keep)); /* nothing stays mapped */
        drop(&keep);
    }
}

static void a_seat_of_another_size_is_refused(void **state)
{
    (void)state;
    const off_t sizes[] = {0, 100, DK_PAGE, (off_t)dk_seat_bytes(&geometry) + 1, (off_t)dk_seat_bytes(&geometry) - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        must_make();
        assert_int_equal(ftruncate(keep, sizes[i]), 0);
        assert_int_equal(sit_down(), DOCKET_BAD_LAYOUT);
        drop(&keep);
    }
}

static void a_descriptor_without_a_lock_is_refused(void **state)
{
    (void)state;
    must_make();
    drop(&locked);
    locked = openat(folder_fd, "seat-0-2", O_RDWR | O_CLOEXEC);
    assert_int_equal(sit_down(), DOCKET_NOT_TMPFS);
    assert_non_null(strstr(dk_error_text(), "did not outlive"));
    assert_null(base);
}

static void a_seat_that_lies_not_on_tmpfs_is_refused(void **state)
{
    struct statfs facts;
    (void)state;
    remove_folder(state);
    open_folder("/tmp/docket-seat-XXXXXX");
    assert_int_equal(fstatfs(folder_fd, &facts), 0);
    if (facts.f_type == 0x01021994) {
        print_message("skipped: /tmp is tmpfs here\n");
        skip();
    }
    must_make();
    unsigned before = count_descriptors();
    assert_int_equal(sit_down(), DOCKET_NOT_TMPFS);
    assert_int_equal(count_descriptors(), before - 2);
    assert_null(base);
}

static void a_link_in_place_of_a_seat_is_not_followed(void **state)
{
    (void)state;
    close(openat(folder_fd, "elsewhere", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(symlinkat("elsewhere", folder_fd, "seat-0-2"), 0);
    assert_int_not_equal(make_salted(SALT), DOCKET_OK);
    assert_true(keep == -1 && locked == -1 && probe == -1);
    assert_int_not_equal(dk_seat_open(folder_fd, 0, SEAT, &keep), DOCKET_OK);
}

/* ---- cursors ---- */

static void every_line_of_a_new_seat_has_had_no_lease(void **state)
{
    (void)state;
    must_make();
    for (uint32_t line = 0; line < geometry.lines_per_seat; line++)
        assert_int_equal(cursor_of(keep, line), dk_cursor_none(SALT, line));
    drop(&locked);
    drop(&probe);
}

static void what_the_worker_stored_is_what_docketd_reads(void **state)
{
    (void)state;
    must_make();
    assert_int_equal(sit_down(), DOCKET_OK);
    for (uint32_t line = 0; line < geometry.lines_per_seat; line++) {
        uint64_t word = dk_cursor_pack(3, line * 7, false, SALT, line);
        dk_store_release(&dk_seat_line(base, line)->cursor, word);
        assert_int_equal(cursor_of(keep, line), word);
    }
}

static void a_seat_that_was_reset_fails_every_cursor_check(void **state)
{
    (void)state;
    must_make();
    assert_int_equal(sit_down(), DOCKET_OK);
    for (uint32_t line = 0; line < geometry.lines_per_seat; line++)
        assert_true(cursor_passes(SALT, line));
    dk_seat_reset(keep, &geometry);
    for (uint32_t line = 0; line < geometry.lines_per_seat; line++)
        assert_false(cursor_passes(SALT, line));
}

static void the_next_sittings_words_are_not_the_last_ones(void **state)
{
    uint64_t before[100];
    (void)state;
    must_make();
    drop(&locked);
    drop(&probe);
    for (uint32_t line = 0; line < geometry.lines_per_seat; line++)
        before[line] = cursor_of(keep, line);
    drop(&keep);
    assert_int_equal(make_salted(SALT + 1), DOCKET_OK);
    drop(&locked);
    drop(&probe);
    for (uint32_t line = 0; line < geometry.lines_per_seat; line++) {
        assert_int_not_equal(cursor_of(keep, line), before[line]);
        assert_true(cursor_passes(SALT + 1, line));
        assert_false(cursor_passes(SALT, line));
    }
}

static void a_seat_that_is_made_again_forgets_what_was_in_it(void **state)
{
    (void)state;
    must_make();
    assert_int_equal(sit_down(), DOCKET_OK);
    memset(base, 0xaa, bytes);
    munmap(base, bytes);
    base = NULL;
    drop(&keep);
    must_make();
    assert_int_equal(sit_down(), DOCKET_OK);
    assert_int_equal(dk_load_relaxed(&dk_seat_words(base)->claims), 0);
    assert_int_equal(dk_load_relaxed(&dk_seat_line(base, 99)->cursor), dk_cursor_none(SALT, 99));
}

static void a_line_beyond_the_file_is_read_as_zero(void **state)
{
    (void)state;
    must_make();
    drop(&locked);
    drop(&probe);
    assert_int_equal(cursor_of(keep, 10 * DK_PAGE), 0);
    assert_int_equal(ftruncate(keep, 0), 0);
    assert_int_equal(cursor_of(keep, 0), 0);
    assert_int_equal(cursor_of(-1, 0), 0);
    int closed[2];
    assert_int_equal(pipe(closed), 0); /* cannot be read at an offset: nothing is known of the cursor */
    uint64_t word;
    assert_false(dk_seat_cursor(closed[0], 0, &word));
    close(closed[0]);
    close(closed[1]);
}

static void a_tmpfs_without_room_is_no_space(void **state)
{
    (void)state;
    if (!mount_tiny(2 * DK_PAGE))
        skip();
    docket_status status = make_salted(SALT);
    unmount_tiny();
    assert_int_equal(status, DOCKET_NO_SPACE);
    assert_true(keep == -1 && locked == -1 && probe == -1);
}

#define AT_A_SEAT(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_SEAT(the_lock_outlives_its_descriptor_and_ends_with_the_mapping),
        AT_A_SEAT(a_lock_that_was_taken_is_held_until_keep_is_closed),
        AT_A_SEAT(the_lock_is_free_when_its_owner_was_killed_and_not_before),
        AT_A_SEAT(a_forked_child_does_not_keep_its_parents_lock),
        AT_A_SEAT(a_program_that_is_run_instead_does_not_keep_the_lock),
        AT_A_SEAT(a_child_that_ends_leaves_its_parents_lock_alone),
        AT_A_SEAT(a_seat_that_is_held_is_not_given_again),
        AT_A_SEAT(sitting_down_keeps_no_descriptor),
        AT_A_SEAT(a_seat_of_another_desk_sitting_or_number_is_refused),
        AT_A_SEAT(a_seat_of_another_size_is_refused),
        AT_A_SEAT(a_descriptor_without_a_lock_is_refused),
        AT_A_SEAT(a_seat_that_lies_not_on_tmpfs_is_refused),
        AT_A_SEAT(a_link_in_place_of_a_seat_is_not_followed),
        AT_A_SEAT(every_line_of_a_new_seat_has_had_no_lease),
        AT_A_SEAT(what_the_worker_stored_is_what_docketd_reads),
        AT_A_SEAT(a_seat_that_was_reset_fails_every_cursor_check),
        AT_A_SEAT(the_next_sittings_words_are_not_the_last_ones),
        AT_A_SEAT(a_seat_that_is_made_again_forgets_what_was_in_it),
        AT_A_SEAT(a_line_beyond_the_file_is_read_as_zero),
        AT_A_SEAT(a_tmpfs_without_room_is_no_space),
    };
    return cmocka_run_group_tests_name("seat", tests, NULL, NULL);
}
