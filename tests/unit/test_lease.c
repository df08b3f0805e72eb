/* SPDX-License-Identifier: MIT */
/* links: base/status.c base/files.c table/desk.c table/place.c table/seat.c client/lease.c */
/* libs: pthread */
/* When a worker that claims a block flags docketd: as soon as there is something to lay, and not before. */
#include "desk_fixture.h"

#include "client/inside.h"
#include "table/pace.h"

enum { BLOCKS = 8, BLOCK = 10, WINDOW = BLOCKS * BLOCK, SLOT = 3, SERIAL = 9 };

static const struct dk_geometry geometry = {.slots_max = 8, .rows_max = 128, .seats_max = 4, .lines_per_seat = 8};
static struct dk_desk desk;
static struct live live;
static struct seat seat;
static struct shared_board_bank *bank;

/* Eight free blocks of ten, and the window that docketd shows. */
static void lay(uint64_t window)
{
    struct shared_board_slot *slot = dk_desk_slot(&desk, SLOT);
    dk_store_relaxed(&slot->pace[1], window == 0 ? 0 : dk_pace_pack(60, 0, window));
    bank = &slot->bank[1];
    dk_store32_release(&bank->row, 1);
    for (int i = 0; i < BLOCKS; i++) {
        struct dk_laid laid = {.seq = 1, .first = 1 + (uint64_t)i * BLOCK, .size = BLOCK, .serial = SERIAL};
        dk_place_write(&dk_desk_row(&desk, 0)->place[i], &laid);
        assert_true(dk_place_lay(&dk_table_row(&desk, 0)->claim[i], 1));
    }
}

static int sit_down(void **state)
{
    open_folder("/dev/shm/docket-desk-XXXXXX");
    must_create(&desk, &geometry, 0);
    while (dk_load_relaxed(&dk_desk_words(&desk)->slots_ready) <= SLOT)
        assert_int_equal(dk_desk_grow_slots(&desk, folder_fd), DOCKET_OK);
    while (dk_load_relaxed(&dk_desk_words(&desk)->rows_ready) == 0)
        assert_int_equal(dk_desk_grow_rows(&desk, folder_fd), DOCKET_OK);
    memset(&live, 0, sizeof live);
    seat = (struct seat){.live = &live, .map = desk, .number = 1, .salt = 77, .bytes = dk_seat_bytes(&geometry)};
    seat.base = aligned_alloc(DK_PAGE, seat.bytes);
    seat.lines = calloc(geometry.lines_per_seat, sizeof *seat.lines);
    assert_true(seat.base != NULL && seat.lines != NULL);
    memset(seat.base, 0, seat.bytes);
    (void)state;
    return 0;
}

static int leave(void **state)
{
    free(seat.base);
    free(seat.lines);
    dk_desk_unmap(&desk);
    return remove_folder(state);
}

/* One block of at least size_min; true if docketd was flagged. */
static bool claim_flags(struct lease *lease, uint32_t size_min)
{
    dk_word *bits = dk_table_want_bits(&desk) + SLOT / 64;
    dk_word *summary = dk_table_want_summary(&desk) + SLOT / 4096;
    dk_store_relaxed(bits, 0);
    dk_store_relaxed(summary, 0);
    assert_int_equal(dk_lease_claim(lease, &seat, SLOT, bank, dk_epoch_make(SERIAL, 0), size_min), DOCKET_OK);
    bool flagged = (dk_load_relaxed(bits) >> SLOT & 1) != 0;
    assert_int_equal(dk_load_relaxed(summary) != 0, flagged);
    return flagged;
}

static void more_than_half_of_the_window_lies_free_and_docketd_is_left_alone(void **state)
{
    struct lease lease = {0};
    (void)state;
    lay(WINDOW);
    for (int left = BLOCKS - 1; left > BLOCKS / 2; left--)
        assert_false(claim_flags(&lease, 1));
}

static void half_of_it_is_gone_and_every_claim_flags_docketd(void **state)
{
    struct lease lease = {0};
    (void)state;
    lay(WINDOW);
    for (int left = BLOCKS - 1; left >= 0; left--)
        assert_int_equal(claim_flags(&lease, 1), left <= BLOCKS / 2);
}

static void no_window_is_known_and_every_claim_flags_docketd(void **state)
{
    struct lease lease = {0};
    (void)state;
    lay(0);
    for (int left = BLOCKS; left > 0; left--)
        assert_true(claim_flags(&lease, 1));
}

static void a_window_that_grew_flags_docketd_at_once(void **state)
{
    struct lease lease = {0};
    (void)state;
    lay(WINDOW * 4);
    assert_true(claim_flags(&lease, 1));
}

static void a_block_for_somebody_who_wants_it_whole_counts_too(void **state)
{
    struct lease lease = {0};
    (void)state;
    lay(WINDOW);
    for (int left = BLOCKS - 1; left >= 0; left--)
        assert_int_equal(claim_flags(&lease, BLOCK), left <= BLOCKS / 2);
}

static void a_lease_that_is_given_back_flags_docketd_however_much_lies_free(void **state)
{
    struct lease lease = {0};
    dk_word *bits = dk_table_want_bits(&desk) + SLOT / 64;
    (void)state;
    lay(WINDOW);
    assert_false(claim_flags(&lease, 1));
    dk_lease_give_back(&lease, SLOT);
    assert_true((dk_load_relaxed(bits) >> SLOT & 1) != 0);
}

#define SEATED(name) cmocka_unit_test_setup_teardown(name, sit_down, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEATED(more_than_half_of_the_window_lies_free_and_docketd_is_left_alone),
        SEATED(half_of_it_is_gone_and_every_claim_flags_docketd),
        SEATED(no_window_is_known_and_every_claim_flags_docketd),
        SEATED(a_window_that_grew_flags_docketd_at_once),
        SEATED(a_block_for_somebody_who_wants_it_whole_counts_too),
        SEATED(a_lease_that_is_given_back_flags_docketd_however_much_lies_free),
    };
    return cmocka_run_group_tests_name("lease", tests, NULL, NULL);
}
