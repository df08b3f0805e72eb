/* SPDX-License-Identifier: MIT */
/* links: inspect/map.c inspect/seats.c inspect/read.c inspect/about.c inspect/view.c table/calendar.c table/desk.c table/directory.c table/place.c table/slot.c numbering/date.c numbering/form.c numbering/period.c numbering/policy.c numbering/template.c base/files.c base/status.c */
/*
 * The read-only view against files made by hand: what it shows, and what it
 * refuses to look at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "docket_inspect.h"
#include "numbering/period.h"
#include "table/calendar.h"
#include "table/cursor.h"
#include "table/desk.h"
#include "table/directory.h"
#include "table/pace.h"
#include "table/place.h"
#include "table/slot.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a realm made by hand ---- */

static const struct dk_geometry small = {.slots_max = 4096, .rows_max = 512, .seats_max = 8, .lines_per_seat = 4};
static const uint64_t salt = 0x5a17;

struct fixture {
    char root[64], realm[96], runtime[96];
    int runtime_fd;
    struct dk_desk desk;
};

static struct fixture f;

static struct dk_identity identity_of(uint32_t desk)
{
    return (struct dk_identity){.store_id = {0xabc, 0xdef}, .generation = 3, .incarnation = 77, .desk = desk};
}

static char *path_of(const char *directory, const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    return path;
}

static void make_realm(void)
{
    snprintf(f.root, sizeof f.root, "/dev/shm/docket-test-XXXXXX");
    assert_non_null(mkdtemp(f.root));
    snprintf(f.realm, sizeof f.realm, "%s/realm", f.root);
    snprintf(f.runtime, sizeof f.runtime, "%s/run", f.root);
    assert_int_equal(mkdir(f.realm, 0700), 0);
    assert_int_equal(mkdir(path_of(f.realm, "store"), 0700), 0);
    assert_int_equal(mkdir(f.runtime, 0700), 0);
    assert_int_equal(symlink(f.runtime, path_of(f.realm, "runtime")), 0);
    f.runtime_fd = open(f.runtime, O_RDONLY | O_DIRECTORY);
    assert_true(f.runtime_fd >= 0);
}

static void beat(int64_t age_ns)
{
    struct shared_board_words *words = dk_desk_words(&f.desk);
    dk_store_relaxed(&words->heartbeat_ns, (uint64_t)(dk_clock_boot_ns() - age_ns));
    dk_store_relaxed(&words->docketd_pid, 4711);
    dk_store_relaxed(&words->serving, 1);
    dk_store_relaxed(&words->generation_now, 5);
    dk_store_relaxed(&words->commit_number, 42);
}

static int set_up(void **state)
{
    (void)state;
    make_realm();
    struct dk_identity identity = identity_of(0);
    assert_int_equal(dk_desk_create(&f.desk, f.runtime_fd, &small, &identity, 0, false), DOCKET_OK);
    assert_int_equal(dk_desk_publish(&f.desk, f.runtime_fd), DOCKET_OK);
    beat(0);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];
    (void)state;
    dk_desk_unmap(&f.desk);
    close(f.runtime_fd);
    snprintf(command, sizeof command, "rm -rf -- %s", f.root);
    return system(command);
}

static void add_series(uint32_t slot, const char *tenant, const char *name, uint8_t order)
{
    struct shared_board_slot *board = dk_desk_slot(&f.desk, slot);
    struct dk_template template;
    struct dk_form form;
    board->series_id = slot + 1;
    board->window = 1000;
    board->order = order;
    board->restart = DK_YEARLY;
    board->tenant_bytes = (uint8_t)strlen(tenant);
    board->name_bytes = (uint8_t)strlen(name);
    memcpy(board->tenant, tenant, strlen(tenant));
    memcpy(board->name, name, strlen(name));
    assert_int_equal(dk_template_parse("{SERIES}-{N:6}", &template), DOCKET_OK);
    dk_form_pack(&template, &form);
    for (int bank = 0; bank < DK_BANKS; bank++)
        dk_slot_write_form(board, bank, &form);
    dk_store_release(&board->generation, 1);
    dk_directory_insert(&f.desk, slot);
    dk_store_relaxed(&dk_desk_words(&f.desk)->slots_used, slot + 1);
}

/* The epoch that the bank then has. */
static uint64_t set_bank(uint32_t slot, uint32_t bank, int32_t period, uint64_t base, uint64_t limit, uint32_t row)
{
    struct shared_board_bank *b = &dk_desk_slot(&f.desk, slot)->bank[bank];
    uint64_t epoch = dk_epoch_make(slot * 2 + bank + 9, bank + 3);
    dk_store_release(&b->epoch, 0);
    dk_store_release(&b->period, (uint64_t)(uint32_t)period);
    dk_store_release(&b->start_s, (uint64_t)(period - 1970) * 31556952);
    dk_store_release(&b->end_s, (uint64_t)(period - 1969) * 31556952);
    dk_store_release(&b->base, base);
    dk_store_release(&b->limit, limit);
    dk_store32_release(&b->row, row);
    dk_store_release(&b->epoch, epoch);
    return epoch;
}

static void set_strict(uint32_t slot, uint32_t bank, uint64_t epoch, uint64_t next, uint32_t room)
{
    dk_store_release(&dk_table_slot(&f.desk, slot)->bank[bank].strict,
                     dk_strict_pack((uint32_t)(epoch % DK_STRICT_EPOCHS), next, room));
}

static void lay(uint32_t row, uint32_t place, uint64_t epoch, uint64_t seq, uint64_t first, uint32_t size)
{
    struct dk_laid laid = {.seq = seq, .first = first, .size = size, .serial = dk_epoch_serial(epoch)};
    dk_place_write(&dk_desk_row(&f.desk, row)->place[place], &laid);
    assert_true(dk_place_lay(&dk_table_row(&f.desk, row)->claim[place], seq));
}

static void own(uint32_t row, uint32_t place, uint64_t seq, uint32_t seat, uint32_t line, uint16_t lease)
{
    dk_store_release(&dk_table_row(&f.desk, row)->claim[place], dk_claim_pack_owned(seat, line, lease, seq));
}

static struct shared_line *make_seat(uint32_t seat, uint8_t **base)
{
    char name[32];
    struct dk_identity identity = identity_of(0);
    size_t bytes = dk_seat_bytes(&small);
    snprintf(name, sizeof name, "seat-0-%u", seat);
    int fd = openat(f.runtime_fd, name, O_RDWR | O_CREAT | O_EXCL, 0640);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(*base != MAP_FAILED);
    close(fd);
    dk_header_fill((void *)*base, DK_MAGIC_SEAT, &small, &identity, seat, bytes);
    struct shared_line *lines = (void *)(*base + dk_lines_at());
    for (uint32_t i = 0; i < small.lines_per_seat; i++)
        dk_store_release(&lines[i].cursor, dk_cursor_none(salt, i));
    dk_store_release(&((struct shared_header *)(void *)*base)->ready, DK_READY);
    struct shared_seat_entry *entry = dk_desk_seat(&f.desk, seat);
    dk_store_release(&entry->salt, salt);
    dk_store_release(&entry->pid, 1000 + seat);
    dk_store_release(&entry->uid, 33);
    dk_store_release(&entry->attached_s, 1700000000);
    dk_store_release(&entry->state, 1);
    return lines;
}

static void set_cursor(struct shared_line *lines, uint32_t line, uint16_t lease, uint32_t offset, bool stop)
{
    dk_store_release(&lines[line].cursor, dk_cursor_pack(lease, offset, stop, salt, line));
}

static docket_view *open_view(void)
{
    docket_view *view = NULL;
    docket_status status = docket_view_open(f.realm, &view);
    if (status != DOCKET_OK)
        print_error("%s\n", docket_last_error());
    assert_int_equal(status, DOCKET_OK);
    return view;
}

static void refused(docket_status expected)
{
    docket_view *view = NULL;
    assert_int_equal(docket_view_open(f.realm, &view), expected);
    assert_null(view);
    assert_true(docket_last_error()[0] != '\0');
}

/* ---- what may not be looked at ---- */

static void a_directory_that_is_absent_holds_no_realm(void **state)
{
    (void)state;
    docket_view *view = NULL;
    assert_int_equal(docket_view_open("/dev/shm/docket-test-nowhere", &view), DOCKET_NO_REALM);
}

static void a_directory_without_a_store_holds_no_realm(void **state)
{
    (void)state;
    assert_int_equal(rmdir(path_of(f.realm, "store")), 0);
    refused(DOCKET_NO_REALM);
}

static void a_realm_whose_docketd_never_ran_is_unreachable(void **state)
{
    (void)state;
    assert_int_equal(unlink(path_of(f.realm, "runtime")), 0);
    refused(DOCKET_UNREACHABLE);
}

static void a_runtime_link_that_dangles_after_a_reboot_is_unreachable(void **state)
{
    (void)state;
    assert_int_equal(unlink(path_of(f.realm, "runtime")), 0);
    assert_int_equal(symlink("/dev/shm/docket-test-nowhere", path_of(f.realm, "runtime")), 0);
    refused(DOCKET_UNREACHABLE);
}

static void a_runtime_that_is_no_link_is_unsafe(void **state)
{
    (void)state;
    assert_int_equal(unlink(path_of(f.realm, "runtime")), 0);
    assert_int_equal(mkdir(path_of(f.realm, "runtime"), 0700), 0);
    refused(DOCKET_UNSAFE_FILES);
}

static void a_runtime_that_its_group_may_write_is_unsafe(void **state)
{
    (void)state;
    assert_int_equal(chmod(f.runtime, 0770), 0);
    refused(DOCKET_UNSAFE_FILES);
}

static void a_runtime_of_another_owner_is_unsafe(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(f.runtime, 12345, (gid_t)-1), 0);
    refused(DOCKET_UNSAFE_FILES);
}

static void a_runtime_that_is_not_on_tmpfs_is_refused(void **state)
{
    (void)state;
    assert_int_equal(unlink(path_of(f.realm, "runtime")), 0);
    assert_int_equal(symlink("/proc", path_of(f.realm, "runtime")), 0);
    if (geteuid() != 0)
        skip(); /* /proc belongs to root, and the owner is looked at first */
    refused(DOCKET_NOT_TMPFS);
}

static void a_runtime_without_a_board_is_not_ready_yet(void **state)
{
    (void)state;
    assert_int_equal(unlink(path_of(f.runtime, "board-0")), 0);
    refused(DOCKET_UNREACHABLE);
}

static void a_board_without_its_table_is_not_ready_yet(void **state)
{
    (void)state;
    assert_int_equal(unlink(path_of(f.runtime, "table-0")), 0);
    refused(DOCKET_UNREACHABLE);
}

static void a_board_behind_a_symbolic_link_is_unsafe(void **state)
{
    (void)state;
    char board[256];
    snprintf(board, sizeof board, "%s", path_of(f.runtime, "board-0"));
    assert_int_equal(rename(board, path_of(f.runtime, "elsewhere")), 0);
    assert_int_equal(symlink("elsewhere", board), 0);
    refused(DOCKET_UNSAFE_FILES);
}

static void a_board_that_is_a_fifo_is_unsafe_and_does_not_hang(void **state)
{
    (void)state;
    assert_int_equal(unlink(path_of(f.runtime, "board-0")), 0);
    assert_int_equal(mkfifo(path_of(f.runtime, "board-0"), 0600), 0);
    refused(DOCKET_UNSAFE_FILES);
}

static void a_table_that_others_may_write_is_unsafe(void **state)
{
    (void)state;
    assert_int_equal(chmod(path_of(f.runtime, "table-0"), 0666), 0);
    refused(DOCKET_UNSAFE_FILES);
}

static void a_board_with_a_second_name_is_unsafe(void **state)
{
    (void)state;
    char board[256];
    snprintf(board, sizeof board, "%s", path_of(f.runtime, "board-0"));
    assert_int_equal(link(board, path_of(f.runtime, "second")), 0);
    refused(DOCKET_UNSAFE_FILES);
}

static void a_header_word_that_is_wrong_is_refused_by_its_own_status(void **state)
{
    (void)state;
    struct shared_header *header = (void *)f.desk.board;
    struct shared_header good;
    memcpy(&good, header, sizeof good);
    header->magic ^= 1;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->layout_version++;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->header_bytes = 64;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->incompatible_flags = 1;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->signature ^= 1;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->slots_max *= 2;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->seats_max = UINT32_MAX;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->desk = 1;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->incarnation++;
    refused(DOCKET_BAD_LAYOUT);
    memcpy(header, &good, sizeof good);
    header->ready = 0;
    refused(DOCKET_UNREACHABLE);
    memcpy(header, &good, sizeof good);
    header->compatible_flags = 1; /* unknown and compatible: ignored */
    docket_view_close(open_view());
}

static void a_file_that_was_cut_short_is_refused(void **state)
{
    (void)state;
    assert_int_equal(truncate(path_of(f.runtime, "table-0"), 8192), 0);
    refused(DOCKET_BAD_LAYOUT);
    assert_int_equal(truncate(path_of(f.runtime, "table-0"), 10), 0);
    refused(DOCKET_BAD_LAYOUT);
}

static void a_table_that_is_cut_short_while_it_is_viewed_is_a_status(void **state)
{
    (void)state;
    struct docket_view_realm realm;
    docket_view *view = open_view();
    assert_int_equal(docket_view_realm_show(view, &realm), DOCKET_OK);
    assert_int_equal(truncate(path_of(f.runtime, "table-0"), 4096), 0);
    assert_int_equal(docket_view_realm_show(view, &realm), DOCKET_DAMAGED);
    docket_view_close(view);
}

static void a_desk_that_was_built_anew_asks_to_be_opened_again(void **state)
{
    (void)state;
    struct docket_view_realm realm;
    docket_view *view = open_view();
    assert_int_equal(unlink(path_of(f.runtime, "board-0")), 0);
    assert_int_equal(docket_view_realm_show(view, &realm), DOCKET_UNREACHABLE);
    docket_view_close(view);
}

/* ---- the realm and its desks ---- */

static void a_beating_docketd_is_serving(void **state)
{
    (void)state;
    struct docket_view_realm realm;
    docket_view *view = open_view();
    assert_int_equal(docket_view_realm_show(view, &realm), DOCKET_OK);
    assert_int_equal(realm.serving, 1);
    assert_string_equal(realm.directory, f.realm);
    assert_string_equal(realm.runtime, f.runtime);
    assert_string_equal(realm.store_id, "bc0a000000000000ef0d000000000000");
    assert_true(realm.docketd_pid == 4711 && realm.generation == 5 && realm.commit_number == 42);
    assert_int_equal(realm.desk_count, 1);
    docket_view_close(view);
}

static void a_docketd_silent_for_three_seconds_is_dead(void **state)
{
    (void)state;
    struct docket_view_realm realm;
    beat(3 * DK_SECOND_NS);
    docket_view *view = open_view();
    assert_int_equal(docket_view_realm_show(view, &realm), DOCKET_OK);
    assert_int_equal(realm.serving, -1);
    assert_true(realm.heartbeat_age_ns >= 3 * DK_SECOND_NS);
    docket_view_close(view);
}

static void a_docketd_that_stopped_in_order_is_stopped_not_dead(void **state)
{
    (void)state;
    struct docket_view_realm realm;
    beat(3 * DK_SECOND_NS);
    dk_store_relaxed(&dk_desk_words(&f.desk)->serving, 0);
    docket_view *view = open_view();
    assert_int_equal(docket_view_realm_show(view, &realm), DOCKET_OK);
    assert_int_equal(realm.serving, 0);
    docket_view_close(view);
}

static int keep_desk(void *context, const struct docket_view_desk *desk)
{
    *(struct docket_view_desk *)context = *desk;
    return 0;
}

static void a_desk_shows_its_sizes_and_who_waits(void **state)
{
    (void)state;
    uint8_t *base = NULL;
    struct docket_view_desk desk = {0};
    add_series(0, "acme", "INV", DK_STRICT);
    add_series(1, "acme", "ORD", DK_LEASED);
    dk_desk_want(&f.desk, 1);
    dk_desk_want(&f.desk, 0);
    dk_store_relaxed(&dk_desk_words(&f.desk)->raises, 13);
    dk_store_relaxed(&dk_desk_words(&f.desk)->numbers_out, 5000);
    dk_store_relaxed(&dk_desk_words(&f.desk)->past_wait_ns_max, 700);
    make_seat(2, &base);
    docket_view *view = open_view();
    assert_int_equal(docket_view_each_desk(view, keep_desk, &desk), DOCKET_OK);
    assert_string_equal(desk.name, "desk-0");
    assert_int_equal(desk.waiting, 2);
    assert_true(desk.seats_taken == 1 && desk.seats_max == 8 && desk.raises == 13);
    assert_true(desk.numbers_out == 5000 && desk.past_wait_ns_max == 700 && desk.past_waits == 0);
    assert_true(desk.slots_used == 2 && desk.slots_ready == 1024 && desk.slots_max == 4096);
    assert_true(desk.board_bytes > 0 && desk.board_bytes < f.desk.board_bytes);
    docket_view_close(view);
    munmap(base, dk_seat_bytes(&small));
}

/* ---- strict series ---- */

static struct docket_view_series find(docket_view *view, const char *name)
{
    struct docket_view_series series;
    assert_int_equal(docket_view_series_find(view, "acme", name, &series), DOCKET_OK);
    return series;
}

static void a_strict_counter_shows_its_next_number_and_its_room(void **state)
{
    (void)state;
    add_series(0, "acme", "INV", DK_STRICT);
    set_strict(0, 0, set_bank(0, 0, 2026, 1, 501, 0), 122, 378);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_string_equal(series.order, "strict");
    assert_string_equal(series.restart, "yearly");
    assert_string_equal(series.template_text, "{SERIES}-{N:6}");
    assert_string_equal(series.desk, "desk-0");
    assert_true(series.window == 1000 && series.period_count == 1);
    assert_true(series.periods[0].period == 2026 && series.periods[0].next == 123 && series.periods[0].laid == 378);
    docket_view_close(view);
}

static void a_strict_word_of_another_period_lays_nothing(void **state)
{
    (void)state;
    add_series(0, "acme", "INV", DK_STRICT);
    set_strict(0, 0, set_bank(0, 0, 2026, 1, 501, 0) + 1, 122, 378);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_true(series.periods[0].laid == 0 && series.periods[0].next == 0);
    docket_view_close(view);
}

static void a_strict_word_that_promises_more_than_the_board_is_cut_to_the_limit(void **state)
{
    (void)state;
    add_series(0, "acme", "INV", DK_STRICT);
    uint64_t epoch = set_bank(0, 0, 2026, 1, 501, 0);
    docket_view *view = open_view();
    set_strict(0, 0, epoch, 490, 100000);
    assert_true(find(view, "INV").periods[0].laid == 10);
    set_strict(0, 0, epoch, 100000, 100000);
    assert_true(find(view, "INV").periods[0].laid == 0);
    docket_view_close(view);
}

static void two_periods_come_in_the_order_of_time(void **state)
{
    (void)state;
    add_series(0, "acme", "INV", DK_STRICT);
    set_strict(0, 0, set_bank(0, 0, 2027, 1, 101, 0), 0, 100);
    set_strict(0, 1, set_bank(0, 1, 2026, 1, 501, 0), 10, 20);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_int_equal(series.period_count, 2);
    assert_true(series.periods[0].period == 2026 && series.periods[0].laid == 20);
    assert_true(series.periods[1].period == 2027 && series.periods[1].laid == 100);
    docket_view_close(view);
}

static void a_quarantined_series_lays_nothing(void **state)
{
    (void)state;
    add_series(0, "acme", "INV", DK_STRICT);
    set_strict(0, 0, set_bank(0, 0, 2026, 1, 501, 0), 10, 20);
    dk_store_release(&dk_desk_slot(&f.desk, 0)->state, 1);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_int_equal(series.quarantined, 1);
    assert_true(series.periods[0].laid == 0);
    docket_view_close(view);
}

static void a_bank_under_rewriting_is_absent(void **state)
{
    (void)state;
    add_series(0, "acme", "INV", DK_STRICT);
    set_bank(0, 0, 2026, 1, 501, 0);
    dk_store_release(&dk_desk_slot(&f.desk, 0)->bank[0].epoch, 0);
    docket_view *view = open_view();
    assert_int_equal(find(view, "INV").period_count, 0);
    docket_view_close(view);
}

/* ---- leased series ---- */

static void laid_blocks_are_summed_over_the_chain_of_rows(void **state)
{
    (void)state;
    add_series(0, "acme", "ORD", DK_LEASED);
    uint64_t epoch = set_bank(0, 0, 2026, 1, 0, 3);
    dk_store32_release(&dk_desk_row(&f.desk, 2)->next, 1);
    lay(2, 0, epoch, 1, 501, 100);
    lay(2, 7, epoch, 1, 601, 50);
    lay(0, 3, epoch, 1, 301, 10);
    lay(1, 0, epoch, 1, 1, 1000);     /* a row of nobody's chain */
    lay(0, 4, epoch + 64, 1, 1, 1000); /* another assignment of the bank */
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "ORD");
    assert_string_equal(series.order, "leased");
    assert_true(series.periods[0].laid == 160 && series.periods[0].next == 301);
    assert_true(series.periods[0].leases == 0 && series.periods[0].open == 0);
    docket_view_close(view);
}

static void a_chain_of_rows_that_bites_its_tail_ends(void **state)
{
    (void)state;
    add_series(0, "acme", "ORD", DK_LEASED);
    uint64_t epoch = set_bank(0, 0, 2026, 1, 0, 1);
    dk_store32_release(&dk_desk_row(&f.desk, 0)->next, 1);
    lay(0, 0, epoch, 1, 1, 5);
    docket_view *view = open_view();
    assert_true(find(view, "ORD").periods[0].laid >= 5);
    dk_store32_release(&dk_desk_row(&f.desk, 0)->next, 1000000); /* beyond rows_ready: not touched */
    assert_true(find(view, "ORD").periods[0].laid == 5);
    docket_view_close(view);
}

static int keep_seat(void *context, const struct docket_view_seat *seat)
{
    *(struct docket_view_seat *)context = *seat;
    return 0;
}

/* One claimed block of 100 numbers, judged by the cursor that `lease`, offset
 * and stop make; the claim is line 1's lease 10. */
static void judge(uint16_t lease, uint32_t offset, bool stop, uint32_t leases, uint64_t open_numbers)
{
    uint8_t *base = NULL;
    struct docket_view_seat seat = {0};
    add_series(0, "acme", "ORD", DK_LEASED);
    uint64_t epoch = set_bank(0, 0, 2026, 1, 0, 1);
    struct shared_line *lines = make_seat(5, &base);
    lay(0, 0, epoch, 1, 1, 100);
    own(0, 0, 1, 5, 1, 10);
    set_cursor(lines, 1, lease, offset, stop);
    dk_store_release(&lines[1].claimed_s, (uint64_t)dk_clock_wall_s() - 30);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "ORD");
    assert_true(series.periods[0].laid == 0);
    assert_int_equal(series.periods[0].leases, leases);
    assert_true(series.periods[0].open == open_numbers);
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_true(seat.seat == 5 && seat.pid == 1005 && seat.uid == 33 && seat.attached_s == 1700000000);
    assert_int_equal(seat.leases, leases);
    assert_true(seat.numbers_open == open_numbers);
    if (leases != 0 && lease == 10)
        assert_true(seat.oldest_lease_age_s >= 29 && seat.oldest_lease_age_s <= 60);
    else
        assert_true(seat.oldest_lease_age_s == -1);
    docket_view_close(view);
    munmap(base, dk_seat_bytes(&small));
}

static void a_lease_in_use_is_open_with_what_is_left(void **state)
{
    (void)state;
    judge(10, 40, false, 1, 60);
}

static void a_block_claimed_before_its_first_cursor_is_open_as_a_whole(void **state)
{
    (void)state;
    judge(9, 55, false, 1, 100);
}

static void a_block_whose_line_went_on_is_used_up(void **state)
{
    (void)state;
    judge(11, 0, false, 0, 0);
}

static void a_block_taken_to_its_end_is_used_up(void **state)
{
    (void)state;
    judge(10, 100, false, 0, 0);
}

static void a_lease_that_was_given_back_is_neither_open_nor_laid(void **state)
{
    (void)state;
    judge(10, 40, true, 0, 0);
}

static void lease_numbers_are_compared_across_their_wrap(void **state)
{
    (void)state;
    judge(65530, 55, false, 1, 100);
}

static void a_cursor_that_fails_its_check_is_not_counted(void **state)
{
    (void)state;
    uint8_t *base = NULL;
    add_series(0, "acme", "ORD", DK_LEASED);
    uint64_t epoch = set_bank(0, 0, 2026, 1, 0, 1);
    struct shared_line *lines = make_seat(5, &base);
    lay(0, 0, epoch, 1, 1, 100);
    own(0, 0, 1, 5, 1, 10);
    dk_store_release(&lines[1].cursor, 0);
    docket_view *view = open_view();
    assert_true(find(view, "ORD").periods[0].leases == 0);
    docket_view_close(view);
    munmap(base, dk_seat_bytes(&small));
}

static void a_scribbled_claim_never_leads_out_of_the_files(void **state)
{
    (void)state;
    struct docket_view_seat seat = {0};
    add_series(0, "acme", "ORD", DK_LEASED);
    uint64_t epoch = set_bank(0, 0, 2026, 1, 0, 1);
    lay(0, 0, epoch, 1, 1, 100);
    own(0, 0, 1, 4095, 65535, 10); /* no such seat */
    lay(0, 1, epoch, 1, 1, 100);
    own(0, 1, 1, 7, 65535, 10); /* a seat that is free, and no such line */
    docket_view *view = open_view();
    assert_true(find(view, "ORD").periods[0].leases == 0);
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_null(seat.desk);
    docket_view_close(view);
}

static void a_seat_whose_file_was_cut_short_is_shown_without_figures(void **state)
{
    (void)state;
    uint8_t *base = NULL;
    struct docket_view_seat seat = {.claims = 1};
    make_seat(3, &base);
    munmap(base, dk_seat_bytes(&small));
    assert_int_equal(truncate(path_of(f.runtime, "seat-0-3"), 4096), 0);
    docket_view *view = open_view();
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_true(seat.seat == 3 && seat.claims == 0 && seat.oldest_lease_age_s == -1);
    docket_view_close(view);
}

static void a_seat_of_another_incarnation_is_shown_without_figures(void **state)
{
    (void)state;
    uint8_t *base = NULL;
    struct docket_view_seat seat = {0};
    make_seat(3, &base);
    dk_store_relaxed(&((struct shared_seat_words *)(void *)(base + dk_seat_words_at()))->claims, 99);
    docket_view *view = open_view();
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_true(seat.claims == 99);
    ((struct shared_header *)(void *)base)->incarnation++;
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_true(seat.claims == 0);
    docket_view_close(view);
    munmap(base, dk_seat_bytes(&small));
}

/* ---- what two looks compare, and how far is laid ahead ---- */

static void how_far_a_counter_is_stands_beside_what_is_laid_and_open(void **state)
{
    (void)state;
    uint8_t *base = NULL;
    add_series(0, "acme", "INV", DK_STRICT);
    set_strict(0, 0, set_bank(0, 0, 2026, 1, 501, 0), 122, 378);
    add_series(1, "acme", "ORD", DK_LEASED);
    uint64_t epoch = set_bank(1, 0, 2026, 1, 401, 1); /* never laid: 401 */
    struct shared_line *lines = make_seat(5, &base);
    lay(0, 0, epoch, 1, 1, 100);
    own(0, 0, 1, 5, 1, 10);
    set_cursor(lines, 1, 10, 40, false); /* 60 left */
    lay(0, 1, epoch, 1, 101, 100);
    dk_store_release(&lines[1].claimed_s, (uint64_t)dk_clock_wall_s() - 30);
    docket_view *view = open_view();
    assert_true(find(view, "INV").periods[0].given == 123);
    struct docket_view_series series = find(view, "ORD");
    assert_true(series.periods[0].given == 401 - 160 && series.slot == 1 && series.generation == 1);
    assert_true(series.periods[0].oldest_lease_age_s >= 29 && series.periods[0].oldest_lease_age_s <= 60);
    assert_true(find(view, "INV").periods[0].oldest_lease_age_s == -1);
    docket_view_close(view);
    munmap(base, dk_seat_bytes(&small));
}

static void the_pace_of_each_bank_is_shown_with_its_period(void **state)
{
    (void)state;
    add_series(0, "acme", "INV", DK_STRICT);
    set_strict(0, 0, set_bank(0, 0, 2027, 1, 101, 0), 0, 100);
    set_strict(0, 1, set_bank(0, 1, 2026, 1, 501, 0), 10, 20);
    dk_store_relaxed(&dk_desk_slot(&f.desk, 0)->pace[0], dk_pace_pack(0, 100, 16));
    dk_store_relaxed(&dk_desk_slot(&f.desk, 0)->pace[1], dk_pace_pack(600, 490, 512));
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_true(series.periods[0].period == 2026 && series.periods[0].rate_per_minute == 600 &&
                series.periods[0].unknown_now == 490 && series.periods[0].window_now == 512);
    assert_true(series.periods[1].rate_per_minute == 0 && series.periods[1].unknown_now == 100);
    docket_view_close(view);
}

/* ---- who lives ---- */

static void a_seat_lives_as_long_as_its_lock_is_held(void **state)
{
    (void)state;
    uint8_t *base = NULL;
    struct docket_view_seat seat = {0};
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    make_seat(3, &base);
    int holder = openat(f.runtime_fd, "seat-0-3", O_RDWR);
    assert_int_equal(fcntl(holder, F_OFD_SETLK, &lock), 0);
    docket_view *view = open_view();
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_int_equal(seat.lives, 1);
    close(holder);
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_int_equal(seat.lives, 0);
    assert_int_equal(unlink(path_of(f.runtime, "seat-0-3")), 0);
    dk_store_relaxed(&dk_desk_seat(&f.desk, 3)->state, 3);
    assert_int_equal(docket_view_each_seat(view, keep_seat, &seat), DOCKET_OK);
    assert_int_equal(seat.lives, -1);
    assert_string_equal(seat.state, "lost");
    docket_view_close(view);
    munmap(base, dk_seat_bytes(&small));
}

/* ---- what docketd wrote down ---- */

static void write_about(const char *text, size_t bytes)
{
    FILE *out = fopen(path_of(f.runtime, "about"), "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, bytes, out), bytes);
    fclose(out);
}

static void what_docketd_wrote_down_is_shown(void **state)
{
    (void)state;
    static const char text[] = "docketd\t9.8.7\nlmdb\t0.9.24\nunheard of\tx\nlayout\t1\nschema\t2\nrealm\t/a b\n"
                               "store\t/a b/store\nconfig\t\nlog\tjournal\ndesk 0\tdefault\ndesk 0 group\tstaff";
    struct docket_view_about about;
    struct docket_view_desk desk;
    write_about(text, sizeof text - 1);
    docket_view *view = open_view();
    assert_int_equal(docket_view_about_show(view, &about), DOCKET_OK);
    assert_string_equal(about.docketd_version, "9.8.7");
    assert_string_equal(about.lmdb_version, "0.9.24");
    assert_true(about.layout == 1 && about.schema == 2);
    assert_string_equal(about.realm, "/a b");
    assert_string_equal(about.store, "/a b/store");
    assert_string_equal(about.config, "");
    assert_string_equal(about.witness, "");
    assert_string_equal(about.log, "journal");
    assert_int_equal(docket_view_each_desk(view, keep_desk, &desk), DOCKET_OK);
    assert_string_equal(desk.title, "default");
    assert_string_equal(desk.user, "");
    assert_string_equal(desk.group, "staff");
    assert_true(desk.mode == 0640 && desk.owner_uid == geteuid());
    docket_view_close(view);
}

static void a_docketd_that_wrote_nothing_down_is_of_another_release(void **state)
{
    (void)state;
    struct docket_view_about about;
    struct docket_view_desk desk;
    docket_view *view = open_view();
    assert_int_equal(docket_view_about_show(view, &about), DOCKET_UNREACHABLE);
    assert_int_equal(docket_view_each_desk(view, keep_desk, &desk), DOCKET_OK);
    assert_string_equal(desk.title, "");
    assert_int_equal(symlink("/etc/passwd", path_of(f.runtime, "about")), 0);
    assert_int_equal(docket_view_about_show(view, &about), DOCKET_UNSAFE_FILES);
    docket_view_close(view);
}

static void a_description_that_is_garbage_says_nothing_and_moves_no_cursor(void **state)
{
    (void)state;
    static char text[50000];
    struct docket_view_about about;
    docket_view *view = open_view();
    memset(text, 'x', sizeof text);
    write_about(text, sizeof text); /* longer than is read */
    assert_int_equal(docket_view_about_show(view, &about), DOCKET_OK);
    assert_string_equal(about.realm, "");
    memcpy(text, "realm\t\033[2J\nlog\tx\n", 18);
    write_about(text, 18); /* and a zero */
    assert_int_equal(docket_view_about_show(view, &about), DOCKET_OK);
    assert_string_equal(about.realm, "?[2J");
    assert_string_equal(about.log, "x");
    write_about("", 0);
    assert_int_equal(docket_view_about_show(view, &about), DOCKET_OK);
    assert_string_equal(about.log, "");
    docket_view_close(view);
}

/* ---- finding and writing ---- */

static int count_until(void *context, const struct docket_view_series *series)
{
    int *left = context;
    assert_non_null(series->tenant);
    return --*left == 0;
}

static void a_walk_ends_where_the_callback_says(void **state)
{
    (void)state;
    add_series(0, "acme", "A", DK_STRICT);
    add_series(1, "acme", "B", DK_STRICT);
    add_series(2, "acme", "C", DK_STRICT);
    docket_view *view = open_view();
    int left = 2;
    assert_int_equal(docket_view_each_series(view, count_until, &left), DOCKET_OK);
    assert_int_equal(left, 0);
    left = 10;
    assert_int_equal(docket_view_each_series(view, count_until, &left), DOCKET_OK);
    assert_int_equal(left, 7);
    docket_view_close(view);
}

static void a_series_that_is_at_no_desk_is_said_so(void **state)
{
    (void)state;
    struct docket_view_series series;
    add_series(0, "acme", "INV", DK_STRICT);
    docket_view *view = open_view();
    assert_int_equal(docket_view_series_find(view, "acme", "ORD", &series), DOCKET_NO_SERIES);
    assert_int_equal(docket_view_series_find(view, "acm", "INV", &series), DOCKET_NO_SERIES);
    assert_int_equal(docket_view_series_find(view, "acme", "../x", &series), DOCKET_BAD_NAME);
    assert_int_equal(docket_view_series_find(view, "", "INV", &series), DOCKET_BAD_NAME);
    assert_int_equal(docket_view_series_find(view, NULL, "INV", &series), DOCKET_BAD_ARGUMENT);
    docket_view_close(view);
}

static void names_of_64_bytes_are_whole(void **state)
{
    (void)state;
    char longest[DK_NAME_BYTES + 1];
    struct docket_view_series series;
    memset(longest, 'x', DK_NAME_BYTES);
    longest[DK_NAME_BYTES] = '\0';
    add_series(0, longest, longest, DK_STRICT);
    docket_view *view = open_view();
    assert_int_equal(docket_view_series_find(view, longest, longest, &series), DOCKET_OK);
    assert_string_equal(series.tenant, longest);
    assert_string_equal(series.name, longest);
    docket_view_close(view);
}

static void a_number_is_written_as_its_document_number(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    add_series(0, "acme", "INV", DK_STRICT);
    set_bank(0, 0, 2026, 1, 1, 0);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_int_equal(docket_view_text(&series, &series.periods[0], 123, text, sizeof text), DOCKET_OK);
    assert_string_equal(text, "INV-000123");
    assert_int_equal(docket_view_text(&series, &series.periods[0], 123, text, 5), DOCKET_BUFFER_TOO_SMALL);
    assert_int_equal(docket_view_text(&series, &series.periods[0], DOCKET_NUMBER_MAX + 1, text, sizeof text), DOCKET_BAD_ARGUMENT);
    docket_view_close(view);
}

static void write_form(int bank, const char *text)
{
    struct dk_template template;
    struct dk_form form;
    assert_int_equal(dk_template_parse(text, &template), DOCKET_OK);
    dk_form_pack(&template, &form);
    dk_slot_write_form(dk_desk_slot(&f.desk, 0), bank, &form);
}

/* The board's calendar says that today is another day than in UTC. */
static void a_number_carries_the_day_of_its_zone_within_its_period(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    int64_t now_s = dk_clock_wall_s();
    struct dk_calendar_day days[2] = {{now_s - 1000, 20260708}, {now_s + 100000, 20260709}};
    add_series(0, "acme", "INV", DK_STRICT);
    for (int32_t year = 2026; year <= 2027; year++)
        set_bank(0, (uint32_t)year - 2026, year, 1, 1, 0);
    write_form(0, "A{YYYY}{MM}{DD}-{N}");
    write_form(1, "B{YYYY}{MM}{DD}-{N}");
    assert_int_equal(dk_desk_take_calendar(&f.desk, f.runtime_fd, 0), DOCKET_OK);
    dk_calendar_put(dk_desk_calendar(&f.desk, 0), "Pacific/Kiritimati", 7, days, 2);
    dk_calendar_publish(&f.desk, 1);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_int_equal(series.period_count, 2);
    assert_int_equal(docket_view_text(&series, &series.periods[0], 1, text, sizeof text), DOCKET_OK);
    assert_string_equal(text, "A20260708-1");
    assert_int_equal(docket_view_text(&series, &series.periods[1], 1, text, sizeof text), DOCKET_OK);
    assert_string_equal(text, "B20270101-1");
    assert_string_equal(series.fiscal_year, "january");
    dk_desk_slot(&f.desk, 0)->valid_from = 20261224;
    series = find(view, "INV");
    assert_int_equal(series.periods[0].date, 20261224);
    dk_desk_slot(&f.desk, 0)->valid_from = 0;
    dk_desk_slot(&f.desk, 0)->valid_to = 20260601;
    series = find(view, "INV");
    assert_int_equal(series.periods[0].date, 20260601);
    docket_view_close(view);
}

static void a_form_that_nobody_can_use_has_no_text(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    uint64_t junk[DK_FORM_WORDS] = {~0ull, 1, 2};
    add_series(0, "acme", "INV", DK_STRICT);
    set_bank(0, 0, 2026, 1, 1, 0);
    dk_slot_write_form(dk_desk_slot(&f.desk, 0), 0, junk);
    docket_view *view = open_view();
    struct docket_view_series series = find(view, "INV");
    assert_string_equal(series.template_text, "");
    assert_int_equal(docket_view_text(&series, &series.periods[0], 123, text, sizeof text), DOCKET_DAMAGED);
    docket_view_close(view);
}

static void a_view_takes_no_memory_of_the_tmpfs(void **state)
{
    (void)state;
    struct stat before, after;
    int left = 1000;
    add_series(0, "acme", "INV", DK_STRICT);
    assert_int_equal(stat(path_of(f.runtime, "board-0"), &before), 0);
    docket_view *view = open_view();
    assert_int_equal(docket_view_each_series(view, count_until, &left), DOCKET_OK);
    struct docket_view_series series = find(view, "INV");
    assert_int_equal(series.period_count, 0);
    docket_view_close(view);
    assert_int_equal(stat(path_of(f.runtime, "board-0"), &after), 0);
    assert_true(before.st_blocks == after.st_blocks);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_directory_that_is_absent_holds_no_realm),
        TEST(a_directory_without_a_store_holds_no_realm),
        TEST(a_realm_whose_docketd_never_ran_is_unreachable),
        TEST(a_runtime_link_that_dangles_after_a_reboot_is_unreachable),
        TEST(a_runtime_that_is_no_link_is_unsafe),
        TEST(a_runtime_that_its_group_may_write_is_unsafe),
        TEST(a_runtime_of_another_owner_is_unsafe),
        TEST(a_runtime_that_is_not_on_tmpfs_is_refused),
        TEST(a_runtime_without_a_board_is_not_ready_yet),
        TEST(a_board_without_its_table_is_not_ready_yet),
        TEST(a_board_behind_a_symbolic_link_is_unsafe),
        TEST(a_board_that_is_a_fifo_is_unsafe_and_does_not_hang),
        TEST(a_table_that_others_may_write_is_unsafe),
        TEST(a_board_with_a_second_name_is_unsafe),
        TEST(a_header_word_that_is_wrong_is_refused_by_its_own_status),
        TEST(a_file_that_was_cut_short_is_refused),
        TEST(a_table_that_is_cut_short_while_it_is_viewed_is_a_status),
        TEST(a_desk_that_was_built_anew_asks_to_be_opened_again),
        TEST(a_beating_docketd_is_serving),
        TEST(a_docketd_silent_for_three_seconds_is_dead),
        TEST(a_docketd_that_stopped_in_order_is_stopped_not_dead),
        TEST(a_desk_shows_its_sizes_and_who_waits),
        TEST(a_strict_counter_shows_its_next_number_and_its_room),
        TEST(a_strict_word_of_another_period_lays_nothing),
        TEST(a_strict_word_that_promises_more_than_the_board_is_cut_to_the_limit),
        TEST(two_periods_come_in_the_order_of_time),
        TEST(a_quarantined_series_lays_nothing),
        TEST(a_bank_under_rewriting_is_absent),
        TEST(laid_blocks_are_summed_over_the_chain_of_rows),
        TEST(a_chain_of_rows_that_bites_its_tail_ends),
        TEST(a_lease_in_use_is_open_with_what_is_left),
        TEST(a_block_claimed_before_its_first_cursor_is_open_as_a_whole),
        TEST(a_block_whose_line_went_on_is_used_up),
        TEST(a_block_taken_to_its_end_is_used_up),
        TEST(a_lease_that_was_given_back_is_neither_open_nor_laid),
        TEST(lease_numbers_are_compared_across_their_wrap),
        TEST(a_cursor_that_fails_its_check_is_not_counted),
        TEST(a_scribbled_claim_never_leads_out_of_the_files),
        TEST(a_seat_whose_file_was_cut_short_is_shown_without_figures),
        TEST(a_seat_of_another_incarnation_is_shown_without_figures),
        TEST(how_far_a_counter_is_stands_beside_what_is_laid_and_open),
        TEST(the_pace_of_each_bank_is_shown_with_its_period),
        TEST(a_seat_lives_as_long_as_its_lock_is_held),
        TEST(what_docketd_wrote_down_is_shown),
        TEST(a_docketd_that_wrote_nothing_down_is_of_another_release),
        TEST(a_description_that_is_garbage_says_nothing_and_moves_no_cursor),
        TEST(a_walk_ends_where_the_callback_says),
        TEST(a_series_that_is_at_no_desk_is_said_so),
        TEST(names_of_64_bytes_are_whole),
        TEST(a_number_is_written_as_its_document_number),
        TEST(a_number_carries_the_day_of_its_zone_within_its_period),
        TEST(a_form_that_nobody_can_use_has_no_text),
        TEST(a_view_takes_no_memory_of_the_tmpfs),
    };
    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
