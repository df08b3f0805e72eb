/* SPDX-License-Identifier: MIT */
/* links: base/status.c table/desk.c */
/* Board and table: made whole or not at all, adopted only if every field fits, grown in place. */
#include "desk_fixture.h"

#include <signal.h>
#include <sys/wait.h>

static const struct dk_geometry small = {.slots_max = 1500, .rows_max = 300, .seats_max = 4, .lines_per_seat = 8};
static struct dk_desk desk;

static int unmap_and_remove(void **state)
{
    dk_desk_unmap(&desk);
    return remove_folder(state);
}

static void must_make(const struct dk_geometry *geometry, uint32_t index)
{
    must_create(&desk, geometry, index);
    must_publish(&desk);
    dk_desk_unmap(&desk);
}

static docket_status adopt(void)
{
    docket_status status = dk_desk_adopt(&desk, folder_fd, 0);
    if (status == DOCKET_OK)
        dk_desk_unmap(&desk);
    return status;
}

/* ---- making ---- */

static void a_desk_that_was_made_is_found_whole(void **state)
{
    (void)state;
    must_make(&small, 0);
    assert_int_equal(dk_desk_adopt(&desk, folder_fd, 0), DOCKET_OK);
    assert_memory_equal(&desk.geometry, &small, sizeof small);
    assert_memory_equal(desk.store_id, identity.store_id, sizeof desk.store_id);
    assert_int_equal(desk.incarnation, identity.incarnation);
    assert_int_equal(desk.index, 0);
    assert_int_equal(desk.board_bytes, dk_board_bytes(&small));
    assert_int_equal(desk.table_bytes, dk_table_bytes(&small));
    assert_int_equal(dk_load_relaxed(&dk_desk_words(&desk)->slots_ready), DK_FIRST_STEP);
    assert_int_equal(dk_load_relaxed(&dk_desk_words(&desk)->rows_ready), DK_FIRST_STEP / DK_PLACES_PER_ROW);
}

static void a_desk_is_not_found_before_it_is_published(void **state)
{
    (void)state;
    must_create(&desk, &small, 0);
    assert_false(is_there("board-0"));
    assert_false(is_there("table-0"));
    dk_desk_unmap(&desk);
    assert_int_equal(adopt(), DOCKET_NO_REALM);
}

static void a_published_desk_leaves_no_temporary_names(void **state)
{
    (void)state;
    must_make(&small, 0);
    assert_true(is_there("board-0"));
    assert_true(is_there("table-0"));
    assert_int_equal(count_files(false), 2);
}

static void what_a_killed_starter_left_behind_is_cleared_away(void **state)
{
    (void)state;
    must_create(&desk, &small, 0);
    dk_desk_unmap(&desk); /* killed here */
    assert_int_equal(symlinkat("/nowhere", folder_fd, "table-1.new"), 0);
    must_make(&small, 0);
    must_make(&small, 1);
    assert_int_equal(count_files(false), 4);
    assert_int_equal(adopt(), DOCKET_OK);
}

static void the_files_may_be_read_by_owner_and_group_only(void **state)
{
    struct stat facts;
    (void)state;
    must_make(&small, 0);
    assert_int_equal(fstatat(folder_fd, "board-0", &facts, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(facts.st_mode & 07777, 0640);
    assert_int_equal(fstatat(folder_fd, "table-0", &facts, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(facts.st_mode & 07777, 0640);
}

static void making_and_adopting_keeps_no_descriptor(void **state)
{
    (void)state;
    unsigned before = count_descriptors();
    must_make(&small, 0);
    assert_int_equal(adopt(), DOCKET_OK);
    assert_int_equal(dk_desk_adopt(&desk, folder_fd, 9), DOCKET_NO_REALM);
    assert_int_equal(count_descriptors(), before);
}

static void links_in_place_of_a_file_are_not_followed(void **state)
{
    (void)state;
    must_make(&small, 0);
    assert_int_equal(renameat(folder_fd, "table-0", folder_fd, "elsewhere"), 0);
    assert_int_equal(symlinkat("elsewhere", folder_fd, "table-0"), 0);
    assert_int_not_equal(adopt(), DOCKET_OK);
}

/* ---- mapping as a worker does ---- */

static void write_to_board(void)
{
    *(volatile uint8_t *)desk.board = 1;
}

static void write_to_table(void)
{
    *(volatile uint8_t *)(desk.table + DK_PAGE) = 1;
}

/* What ends a child that does this; 0 if it lives to the end. */
static int signal_of(void (*act)(void))
{
    int ended;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        act();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    return WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
}

static void map_both(bool docketd)
{
    int board = openat(folder_fd, "board-0", docketd ? O_RDWR : O_RDONLY);
    int table = openat(folder_fd, "table-0", O_RDWR);
    assert_int_equal(dk_desk_map(&desk, board, table, docketd), DOCKET_OK);
    close(board);
    close(table);
}

static void a_worker_cannot_write_to_the_board(void **state)
{
    (void)state;
    must_make(&small, 0);
    map_both(false);
    assert_int_equal(signal_of(write_to_board), SIGSEGV);
    assert_int_equal(signal_of(write_to_table), 0);
    dk_desk_unmap(&desk);
    map_both(true);
    assert_int_equal(signal_of(write_to_board), 0);
}

/* ---- fields of the headers ---- */

enum both { PAIR_OK = DOCKET_OK, BAD = DOCKET_BAD_LAYOUT, LATER = DOCKET_UNREACHABLE };

struct field {
    const char *what;
    size_t at;
    size_t bytes;
    uint64_t value;
    docket_status board; /* what adopting says if the board, and if the table has it */
    docket_status table;
};

#define HEADER(member, value, board, table)                                                                            \
    {#member " = " #value, offsetof(struct shared_header, member), sizeof ((struct shared_header *)0)->member, value, \
     (docket_status)(board), (docket_status)(table)}

static const struct field fields[] = {
    HEADER(magic, 0, BAD, BAD),
    HEADER(magic, UINT64_MAX, BAD, BAD),
    HEADER(magic, DK_MAGIC_SEAT, BAD, BAD),
    HEADER(magic, DK_MAGIC_BOARD, PAIR_OK, BAD),
    HEADER(magic, DK_MAGIC_TABLE, BAD, PAIR_OK),
    HEADER(layout_version, 0, BAD, BAD),
    HEADER(layout_version, DK_LAYOUT_VERSION + 1, BAD, BAD),
    HEADER(layout_version, UINT32_MAX, BAD, BAD),
    HEADER(header_bytes, 0, BAD, BAD),
    HEADER(header_bytes, 127, BAD, BAD),
    HEADER(header_bytes, 129, BAD, BAD),
    HEADER(header_bytes, UINT32_MAX, BAD, BAD),
    HEADER(compatible_flags, 1, PAIR_OK, PAIR_OK),
    HEADER(compatible_flags, UINT64_MAX, PAIR_OK, PAIR_OK),
    HEADER(incompatible_flags, 1, BAD, BAD),
    HEADER(incompatible_flags, 1ull << 63, BAD, BAD),
    HEADER(incompatible_flags, UINT64_MAX, BAD, BAD),
    HEADER(signature, 0, BAD, BAD),
    HEADER(signature, UINT64_MAX, BAD, BAD),
    HEADER(store_id[0], 0x1112, BAD, BAD),
    HEADER(store_id[1], 0, BAD, BAD),
    HEADER(generation, 0, PAIR_OK, PAIR_OK), /* of the time when the file was made */
    HEADER(incarnation, 0, BAD, BAD),
    HEADER(incarnation, 0x4445, BAD, BAD),
    HEADER(desk, 1, BAD, BAD),
    HEADER(desk, UINT32_MAX, BAD, BAD),
    HEADER(seat, 1, PAIR_OK, PAIR_OK), /* seat files only */
    HEADER(slots_max, 0, BAD, BAD),
    HEADER(slots_max, 1499, BAD, BAD),
    HEADER(slots_max, 1501, BAD, BAD),
    HEADER(slots_max, DK_SLOTS_LIMIT, BAD, BAD),
    HEADER(slots_max, DK_SLOTS_LIMIT + 1, BAD, BAD),
    HEADER(slots_max, UINT32_MAX, BAD, BAD),
    HEADER(rows_max, 0, BAD, BAD),
    HEADER(rows_max, 299, BAD, BAD),
    HEADER(rows_max, 301, BAD, BAD),
    HEADER(rows_max, DK_ROWS_LIMIT + 1, BAD, BAD),
    HEADER(rows_max, UINT32_MAX, BAD, BAD),
    HEADER(seats_max, 0, BAD, BAD),
    HEADER(seats_max, 3, BAD, BAD),
    HEADER(seats_max, 5, BAD, BAD),
    HEADER(seats_max, DK_SEATS_LIMIT + 1, BAD, BAD),
    HEADER(seats_max, UINT32_MAX, BAD, BAD),
    HEADER(lines_per_seat, 0, BAD, BAD),
    HEADER(lines_per_seat, 7, BAD, BAD),
    HEADER(lines_per_seat, 9, BAD, BAD),
    HEADER(lines_per_seat, DK_LINES_LIMIT + 1, BAD, BAD),
    HEADER(lines_per_seat, UINT32_MAX, BAD, BAD),
    HEADER(file_bytes, 0, BAD, BAD),
    HEADER(file_bytes, DK_PAGE, BAD, BAD),
    HEADER(file_bytes, UINT64_MAX, BAD, BAD),
    HEADER(ready, 0, LATER, LATER),
    HEADER(ready, 1, LATER, LATER),
    HEADER(ready, ~DK_READY, LATER, LATER),
    HEADER(reserved[0], 1, PAIR_OK, PAIR_OK), /* a later release may use them without a flag */
};

/* Adopts with the field changed in one file, and puts the file right again. */
static docket_status adopt_with(const char *file, const struct field *field)
{
    uint64_t before = 0;
    int fd = openat(folder_fd, file, O_RDWR);
    assert_int_equal(pread(fd, &before, field->bytes, (off_t)field->at), (ssize_t)field->bytes);
    assert_int_equal(pwrite(fd, &field->value, field->bytes, (off_t)field->at), (ssize_t)field->bytes);
    docket_status status = adopt();
    assert_int_equal(pwrite(fd, &before, field->bytes, (off_t)field->at), (ssize_t)field->bytes);
    close(fd);
    return status;
}

static unsigned complain_unless(const char *file, const struct field *field, docket_status wanted)
{
    docket_status status = adopt_with(file, field);
    if (status == wanted)
        return 0;
    print_error("%s, %s: %s, wanted %s\n", file, field->what, docket_status_name(status), docket_status_name(wanted));
    return 1;
}

static void a_board_with_any_field_wrong_is_refused(void **state)
{
    unsigned wrong = 0;
    (void)state;
    must_make(&small, 0);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        wrong += complain_unless("board-0", &fields[i], fields[i].board);
    assert_int_equal(wrong, 0);
    assert_int_equal(adopt(), DOCKET_OK);
}

static void a_table_with_any_field_wrong_is_refused(void **state)
{
    unsigned wrong = 0;
    (void)state;
    must_make(&small, 0);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        wrong += complain_unless("table-0", &fields[i], fields[i].table);
    assert_int_equal(wrong, 0);
    assert_int_equal(adopt(), DOCKET_OK);
}

/* ---- sizes ---- */

static docket_status adopt_at_size(const char *file, off_t bytes, off_t whole)
{
    int fd = openat(folder_fd, file, O_RDWR);
    assert_int_equal(ftruncate(fd, bytes), 0);
    docket_status status = adopt();
    assert_int_equal(ftruncate(fd, whole), 0);
    close(fd);
    return status;
}

static void a_file_of_another_size_is_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"board-0", "table-0"};
    const off_t sizes[] = {(off_t)dk_board_bytes(&small), (off_t)dk_table_bytes(&small)};
    must_make(&small, 0);
    for (int i = 0; i < 2; i++) {
        /* Longer first: what a truncation cuts off does not come back. */
        const off_t wrong[] = {sizes[i] + DK_PAGE, sizes[i] + 1, sizes[i] - 1, DK_PAGE + 1, DK_PAGE,
                               DK_PAGE - 1,        128,          1,            0};
        for (size_t n = 0; n < sizeof wrong / sizeof wrong[0]; n++)
            if (adopt_at_size(files[i], wrong[n], sizes[i]) != DOCKET_BAD_LAYOUT)
                fail_msg("%s of %lld bytes: %s", files[i], (long long)wrong[n], dk_error_text());
        count_files(true);
        must_make(&small, 0);
    }
}

static void board_and_table_of_different_desks_are_refused(void **state)
{
    (void)state;
    must_make(&small, 0);
    must_make(&small, 1);
    assert_int_equal(renameat(folder_fd, "table-1", folder_fd, "table-0"), 0);
    assert_int_equal(adopt(), DOCKET_BAD_LAYOUT);
    must_make(&small, 1);
    assert_int_equal(renameat(folder_fd, "board-1", folder_fd, "board-0"), 0);
    assert_int_equal(renameat(folder_fd, "table-1", folder_fd, "table-0"), 0);
    assert_int_equal(dk_desk_adopt(&desk, folder_fd, 0), DOCKET_BAD_LAYOUT);
    assert_null(desk.board); /* nothing stays mapped */
}

static void board_and_table_exchanged_are_refused(void **state)
{
    (void)state;
    must_make(&small, 0);
    assert_int_equal(renameat(folder_fd, "table-0", folder_fd, "third"), 0);
    assert_int_equal(renameat(folder_fd, "board-0", folder_fd, "table-0"), 0);
    assert_int_equal(renameat(folder_fd, "third", folder_fd, "board-0"), 0);
    assert_int_equal(adopt(), DOCKET_BAD_LAYOUT);
}

/* ---- growth ---- */

static void steps_double_up_to_the_largest(void **state)
{
    (void)state;
    assert_int_equal(dk_step_next(0, 1024, 131072), 1024);
    assert_int_equal(dk_step_next(1024, 1024, 131072), 2048);
    assert_int_equal(dk_step_next(65536, 1024, 100000), 100000);
    assert_int_equal(dk_step_next(0, 1024, 5), 5);
    assert_int_equal(dk_step_next(5, 1024, 5), 5);
    assert_int_equal(dk_step_next(DK_SLOTS_LIMIT / 2, 1024, DK_SLOTS_LIMIT), DK_SLOTS_LIMIT);
}

static blkcnt_t blocks_of(const char *name)
{
    struct stat facts;
    assert_int_equal(fstatat(folder_fd, name, &facts, 0), 0);
    return facts.st_blocks;
}

/* Touches every byte that the ready counts promise: a hole would cost memory now. */
static void touch_what_is_ready(void)
{
    uint64_t slots = dk_load_relaxed(&dk_desk_words(&desk)->slots_ready);
    uint64_t rows = dk_load_relaxed(&dk_desk_words(&desk)->rows_ready);
    memset(dk_desk_slot(&desk, 0), 1, slots * sizeof(struct shared_board_slot));
    memset(dk_table_slot(&desk, 0), 1, slots * sizeof(struct shared_table_slot));
    memset((void *)dk_desk_directory(&desk), 1, 2 * slots * sizeof(dk_word32));
    memset(dk_desk_row(&desk, 0), 1, rows * sizeof(struct shared_board_row));
    memset(dk_table_row(&desk, 0), 1, rows * sizeof(struct shared_table_row));
}

static void what_is_ready_has_its_pages_before_it_is_touched(void **state)
{
    (void)state;
    must_create(&desk, &small, 0);
    must_publish(&desk);
    for (int step = 0; step < 3; step++) {
        blkcnt_t board = blocks_of("board-0"), table = blocks_of("table-0");
        touch_what_is_ready();
        assert_int_equal(blocks_of("board-0"), board);
        assert_int_equal(blocks_of("table-0"), table);
        if (step < 2) {
            assert_int_equal(step == 0 ? dk_desk_grow_slots(&desk, folder_fd) : dk_desk_grow_rows(&desk, folder_fd),
                             DOCKET_OK);
        }
    }
}

static void a_desk_grows_to_its_largest_and_then_says_full(void **state)
{
    const struct shared_board_words *words;
    (void)state;
    must_create(&desk, &small, 0);
    must_publish(&desk);
    words = dk_desk_words(&desk);
    assert_int_equal(dk_desk_grow_slots(&desk, folder_fd), DOCKET_OK);
    assert_int_equal(dk_load_relaxed(&words->slots_ready), 1500);
    assert_int_equal(dk_desk_grow_slots(&desk, folder_fd), DOCKET_REALM_FULL);
    assert_non_null(strstr(dk_error_text(), "1500 series, as many as it was made for; raise series_max"));
    assert_int_equal(dk_load_relaxed(&words->slots_ready), 1500);
    assert_int_equal(dk_desk_grow_rows(&desk, folder_fd), DOCKET_OK);
    assert_int_equal(dk_desk_grow_rows(&desk, folder_fd), DOCKET_OK);
    assert_int_equal(dk_load_relaxed(&words->rows_ready), 300);
    assert_int_equal(dk_desk_grow_rows(&desk, folder_fd), DOCKET_REALM_FULL);
    assert_non_null(strstr(dk_error_text(), "raise rows_max"));
}

static void a_grown_desk_keeps_what_lay_in_it(void **state)
{
    (void)state;
    must_create(&desk, &small, 0);
    must_publish(&desk);
    dk_store_relaxed(&dk_table_slot(&desk, DK_FIRST_STEP - 1)->bank[1].strict, 77);
    dk_store_relaxed(&dk_table_row(&desk, 127)->claim[7], 78);
    assert_int_equal(dk_desk_grow_slots(&desk, folder_fd), DOCKET_OK);
    assert_int_equal(dk_desk_grow_rows(&desk, folder_fd), DOCKET_OK);
    assert_int_equal(dk_load_relaxed(&dk_table_slot(&desk, DK_FIRST_STEP - 1)->bank[1].strict), 77);
    assert_int_equal(dk_load_relaxed(&dk_table_row(&desk, 127)->claim[7]), 78);
    assert_int_equal(dk_load_relaxed(&dk_table_slot(&desk, DK_FIRST_STEP)->bank[0].strict), 0);
    assert_int_equal(dk_load_relaxed(&dk_table_row(&desk, 128)->claim[0]), 0);
}

/* docketd that builds anew a desk of more series than the first step holds. */
static void a_desk_grows_before_it_is_published(void **state)
{
    struct dk_desk old;
    (void)state;
    must_create(&old, &small, 0);
    must_publish(&old);
    blkcnt_t before = blocks_of("board-0");
    must_create(&desk, &small, 0);
    assert_int_equal(dk_desk_grow_slots(&desk, folder_fd), DOCKET_OK);
    assert_int_equal(dk_desk_grow_rows(&desk, folder_fd), DOCKET_OK);
    assert_int_equal(blocks_of("board-0"), before);
    must_publish(&desk);
    assert_true(blocks_of("board-0") > before);
    dk_desk_unmap(&old);
    dk_desk_unmap(&desk);
    unlinkat(folder_fd, "board-0", 0);
    unlinkat(folder_fd, "table-0", 0);
    must_create(&desk, &small, 0); /* and with no older one there */
    assert_int_equal(dk_desk_grow_slots(&desk, folder_fd), DOCKET_OK);
    must_publish(&desk);
    touch_what_is_ready();
}

/* ---- a full tmpfs ---- */

/* What a desk of this geometry takes of the tmpfs once it is made. */
static size_t bytes_of_a_small_desk(void)
{
    must_make(&small, 7);
    size_t bytes = (size_t)(blocks_of("board-7") + blocks_of("table-7")) * 512;
    count_files(true);
    return bytes;
}

static void a_tmpfs_without_room_is_no_space_and_nothing_is_left_behind(void **state)
{
    (void)state;
    size_t whole = bytes_of_a_small_desk();
    for (size_t pages = 1; pages * DK_PAGE < whole; pages += pages < 4 ? 1 : 13) {
        if (!mount_tiny(pages * DK_PAGE))
            skip();
        size_t before = bytes_free();
        docket_status status = dk_desk_create(&desk, folder_fd, &small, &identity, 0, false);
        unsigned left = count_files(false);
        bool as_before = bytes_free() == before;
        unmount_tiny();
        assert_int_equal(status, DOCKET_NO_SPACE);
        assert_non_null(strstr(dk_error_text(), "No space left"));
        assert_int_equal(left, 0);
        assert_true(as_before);
        assert_null(desk.board);
    }
}

static void growth_without_room_is_no_space_and_leaves_all_as_it_was(void **state)
{
    (void)state;
    size_t whole = bytes_of_a_small_desk();
    if (!mount_tiny(whole + 50 * DK_PAGE)) /* room for the directory and board slots, not for table slots */
        skip();
    must_create(&desk, &small, 0);
    must_publish(&desk);
    size_t before = bytes_free();
    docket_status status = dk_desk_grow_slots(&desk, folder_fd);
    char sentence[1024];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    uint64_t ready = dk_load_relaxed(&dk_desk_words(&desk)->slots_ready);
    size_t after = bytes_free();
    char size[32];
    snprintf(size, sizeof size, "size=%zu", whole * 4);
    bool enlarged = mount("tmpfs", folder, "tmpfs", MS_REMOUNT, size) == 0;
    docket_status again = dk_desk_grow_slots(&desk, folder_fd);
    touch_what_is_ready();
    unmount_tiny();
    assert_int_equal(status, DOCKET_NO_SPACE);
    assert_non_null(strstr(sentence, folder));
    assert_non_null(strstr(sentence, "to go from 1024 to 1500 series takes 277984")); /* 476 of 584 bytes */
    assert_int_equal(ready, DK_FIRST_STEP);
    assert_true(enlarged);
    assert_int_equal(again, DOCKET_OK);
    if (after != before)
        fail_msg("the growth that failed keeps %zu bytes of the tmpfs", before - after);
}

/* ---- want bits ---- */

static void a_wish_sets_the_slots_bit_and_its_summary(void **state)
{
    static const uint32_t slots[] = {0, 63, 64, 1499};
    (void)state;
    must_create(&desk, &small, 0);
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        dk_desk_want(&desk, slots[i]);
        dk_desk_want(&desk, slots[i]);
    }
    assert_int_equal(dk_load_relaxed(&dk_table_want_bits(&desk)[0]), 1ull << 63 | 1);
    assert_int_equal(dk_load_relaxed(&dk_table_want_bits(&desk)[1]), 1);
    assert_int_equal(dk_load_relaxed(&dk_table_want_bits(&desk)[23]), 1ull << (1499 % 64));
    assert_int_equal(dk_load_relaxed(&dk_table_want_summary(&desk)[0]), 1ull << 23 | 3);
}

#define AT_A_DESK(name) cmocka_unit_test_setup_teardown(name, make_folder, unmap_and_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_DESK(a_desk_that_was_made_is_found_whole),
        AT_A_DESK(a_desk_is_not_found_before_it_is_published),
        AT_A_DESK(a_published_desk_leaves_no_temporary_names),
        AT_A_DESK(what_a_killed_starter_left_behind_is_cleared_away),
        AT_A_DESK(the_files_may_be_read_by_owner_and_group_only),
        AT_A_DESK(making_and_adopting_keeps_no_descriptor),
        AT_A_DESK(links_in_place_of_a_file_are_not_followed),
        AT_A_DESK(a_worker_cannot_write_to_the_board),
        AT_A_DESK(a_board_with_any_field_wrong_is_refused),
        AT_A_DESK(a_table_with_any_field_wrong_is_refused),
        AT_A_DESK(a_file_of_another_size_is_refused),
        AT_A_DESK(board_and_table_of_different_desks_are_refused),
        AT_A_DESK(board_and_table_exchanged_are_refused),
        cmocka_unit_test(steps_double_up_to_the_largest),
        AT_A_DESK(what_is_ready_has_its_pages_before_it_is_touched),
        AT_A_DESK(a_desk_grows_to_its_largest_and_then_says_full),
        AT_A_DESK(a_grown_desk_keeps_what_lay_in_it),
        AT_A_DESK(a_desk_grows_before_it_is_published),
        AT_A_DESK(a_tmpfs_without_room_is_no_space_and_nothing_is_left_behind),
        AT_A_DESK(growth_without_room_is_no_space_and_leaves_all_as_it_was),
        AT_A_DESK(a_wish_sets_the_slots_bit_and_its_summary),
    };
    return cmocka_run_group_tests_name("desk", tests, NULL, NULL);
}
