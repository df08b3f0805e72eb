/* SPDX-License-Identifier: MIT */
/* links: base/status.c table/desk.c table/directory.c */
/* From tenant and series to a slot: full compare, and growth that moves nothing. */
#include "desk_fixture.h"

#include "base/hash.h"
#include "table/directory.h"

static struct dk_desk desk;
static uint32_t used;

static int make_desk(void **state)
{
    const struct dk_geometry geometry = {.slots_max = 7000, .rows_max = 8, .seats_max = 4, .lines_per_seat = 8};
    make_folder(state);
    must_create(&desk, &geometry, 0);
    must_publish(&desk); /* growth opens the files by their names */
    used = 0;
    return 0;
}

static int drop_desk(void **state)
{
    dk_desk_unmap(&desk);
    return remove_folder(state);
}

/* As docketd writes a slot: the key, the generation, then the directory. */
static uint32_t add(const char *tenant, const char *name)
{
    if (used == dk_load_relaxed(&dk_desk_words(&desk)->slots_ready) &&
        dk_desk_grow_slots(&desk, folder_fd) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    struct shared_board_slot *slot = dk_desk_slot(&desk, used);
    slot->tenant_bytes = (uint8_t)strlen(tenant);
    slot->name_bytes = (uint8_t)strlen(name);
    memcpy(slot->tenant, tenant, slot->tenant_bytes);
    memcpy(slot->name, name, slot->name_bytes);
    dk_store_release(&slot->generation, 1);
    dk_directory_insert(&desk, used);
    return used++;
}

static void add_numbered(uint32_t count)
{
    char tenant[16], name[16];
    while (used < count) {
        snprintf(tenant, sizeof tenant, "t%u", used % 13);
        snprintf(name, sizeof name, "s%u", used);
        add(tenant, name);
    }
}

static void assert_numbered_are_found(uint32_t count)
{
    char tenant[16], name[16];
    for (uint32_t slot = 0; slot < count; slot++) {
        snprintf(tenant, sizeof tenant, "t%u", slot % 13);
        snprintf(name, sizeof name, "s%u", slot);
        if (dk_directory_find(&desk, tenant, name) != slot)
            fail_msg("%s/%s of slot %u is found at %u", tenant, name, slot, dk_directory_find(&desk, tenant, name));
        snprintf(tenant, sizeof tenant, "t%u", (slot + 1) % 13);
        assert_int_equal(dk_directory_find(&desk, tenant, name), DK_NO_SLOT);
    }
}

static void an_empty_directory_finds_nothing(void **state)
{
    (void)state;
    assert_int_equal(dk_directory_find(&desk, "acme", "INV"), DK_NO_SLOT);
    assert_int_equal(dk_directory_find(&desk, "", ""), DK_NO_SLOT);
}

static void a_key_is_found_whole_and_not_by_its_parts(void **state)
{
    (void)state;
    uint32_t ab_c = add("ab", "c"), a_bc = add("a", "bc"), longer = add("ab", "cc"), upper = add("AB", "c");
    assert_int_equal(dk_directory_find(&desk, "ab", "c"), ab_c);
    assert_int_equal(dk_directory_find(&desk, "a", "bc"), a_bc);
    assert_int_equal(dk_directory_find(&desk, "ab", "cc"), longer);
    assert_int_equal(dk_directory_find(&desk, "AB", "c"), upper);
    assert_int_equal(dk_directory_find(&desk, "abc", ""), DK_NO_SLOT);
    assert_int_equal(dk_directory_find(&desk, "", "abc"), DK_NO_SLOT);
    assert_int_equal(dk_directory_find(&desk, "ab", ""), DK_NO_SLOT);
    assert_int_equal(dk_directory_find(&desk, "ab", "ccc"), DK_NO_SLOT);
    assert_int_equal(dk_directory_find(&desk, "c", "ab"), DK_NO_SLOT);
}

static void the_longest_names_are_told_apart_by_their_last_byte(void **state)
{
    char tenant[DK_NAME_BYTES + 1], name[DK_NAME_BYTES + 1];
    (void)state;
    memset(tenant, 'T', DK_NAME_BYTES);
    memset(name, 'N', DK_NAME_BYTES);
    tenant[DK_NAME_BYTES] = name[DK_NAME_BYTES] = 0;
    uint32_t first = add(tenant, name);
    name[DK_NAME_BYTES - 1] = 'M';
    uint32_t second = add(tenant, name);
    assert_int_equal(dk_directory_find(&desk, tenant, name), second);
    name[DK_NAME_BYTES - 1] = 'N';
    assert_int_equal(dk_directory_find(&desk, tenant, name), first);
    tenant[DK_NAME_BYTES - 1] = 'S';
    assert_int_equal(dk_directory_find(&desk, tenant, name), DK_NO_SLOT);
}

static void every_key_is_found_through_each_step_of_growth(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, DK_FIRST_STEP - 1, DK_FIRST_STEP, DK_FIRST_STEP + 1, 2048, 2049, 4096, 7000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        add_numbered(counts[i]);
        assert_numbered_are_found(used);
    }
    assert_int_equal(dk_desk_grow_slots(&desk, folder_fd), DOCKET_REALM_FULL);
    assert_numbered_are_found(used);
}

static void a_full_step_ends_the_search_for_a_stranger(void **state)
{
    char name[16];
    (void)state;
    add_numbered(2 * DK_FIRST_STEP);
    for (uint32_t i = 0; i < 20000; i++) {
        snprintf(name, sizeof name, "x%u", i);
        assert_int_equal(dk_directory_find(&desk, "t1", name), DK_NO_SLOT);
    }
}

static void growing_moves_no_entry(void **state)
{
    (void)state;
    size_t bytes = 2 * DK_FIRST_STEP * sizeof(dk_word32);
    add_numbered(DK_FIRST_STEP);
    void *before = malloc(bytes);
    memcpy(before, (const void *)dk_desk_directory(&desk), bytes);
    add_numbered(3 * DK_FIRST_STEP);
    assert_memory_equal((const void *)dk_desk_directory(&desk), before, bytes);
    free(before);
}

/* Where the search for acme/NAME begins in the first step. */
__attribute__((noinline)) static uint64_t home_of(const char *name, size_t bytes)
{
    return dk_hash("acme", 4, dk_hash(name, bytes, bytes)) % (2 * DK_FIRST_STEP);
}

/* The next name whose search begins at the given entry. */
static void name_that_begins_at(uint64_t entry, uint32_t *turn, char name[16])
{
    do
        snprintf(name, 16, "c%u", (*turn)++);
    while (home_of(name, strlen(name)) != entry);
}

static void colliding_keys_are_each_found_also_around_the_end(void **state)
{
    char names[8][16], stranger[16];
    uint32_t turn = 0;
    (void)state;
    for (int i = 0; i < 8; i++) {
        name_that_begins_at(2 * DK_FIRST_STEP - 3, &turn, names[i]); /* 3 before the end, 5 from the start */
        add("acme", names[i]);
    }
    name_that_begins_at(2 * DK_FIRST_STEP - 3, &turn, stranger);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(dk_directory_find(&desk, "acme", names[i]), i);
    assert_int_equal(dk_directory_find(&desk, "acme", stranger), DK_NO_SLOT);
    assert_int_not_equal(dk_load32_relaxed(dk_desk_directory(&desk)), 0); /* it did go around */
}

static void a_slot_without_a_generation_is_not_found_and_hides_nobody(void **state)
{
    char first[16], second[16];
    uint32_t turn = 0;
    (void)state;
    name_that_begins_at(5, &turn, first);
    name_that_begins_at(5, &turn, second);
    uint32_t unready = add("acme", first), behind = add("acme", second);
    dk_store_relaxed(&dk_desk_slot(&desk, unready)->generation, 0);
    assert_int_equal(dk_directory_find(&desk, "acme", first), DK_NO_SLOT);
    assert_int_equal(dk_directory_find(&desk, "acme", second), behind);
    dk_store_relaxed(&dk_desk_slot(&desk, unready)->generation, 1);
    assert_int_equal(dk_directory_find(&desk, "acme", first), unready);
}

static void inserting_again_after_a_kill_makes_no_second_entry(void **state)
{
    uint32_t entries = 0;
    (void)state;
    add_numbered(100);
    for (uint32_t slot = 0; slot < used; slot++)
        dk_directory_insert(&desk, slot);
    for (uint32_t i = 0; i < 2 * DK_FIRST_STEP; i++)
        entries += dk_load32_relaxed(&dk_desk_directory(&desk)[i]) != 0;
    assert_int_equal(entries, 100);
    assert_numbered_are_found(used);
}

static void an_entry_that_names_no_slot_of_its_step_is_passed_over(void **state)
{
    char names[4][16];
    uint32_t turn = 0;
    const uint32_t wild[] = {UINT32_MAX, 7001, DK_FIRST_STEP + 1};
    (void)state;
    for (int i = 0; i < 4; i++)
        name_that_begins_at(9, &turn, names[i]);
    for (uint32_t i = 0; i < 3; i++)
        dk_store32_release(&dk_desk_directory(&desk)[9 + i], wild[i]);
    uint32_t slot = add("acme", names[3]);
    assert_int_equal(dk_directory_find(&desk, "acme", names[3]), slot);
    assert_int_equal(dk_directory_find(&desk, "acme", names[0]), DK_NO_SLOT);
}

static void a_ready_count_beyond_the_geometry_reads_no_further(void **state)
{
    (void)state;
    add_numbered(10);
    dk_store_relaxed(&dk_desk_words(&desk)->slots_ready, UINT64_MAX);
    assert_int_equal(dk_directory_find(&desk, "acme", "INV"), DK_NO_SLOT);
    assert_numbered_are_found(10);
}

/* ---- series that leave ---- */

static void leave(uint32_t slot)
{
    dk_store_release(&dk_desk_slot(&desk, slot)->generation, 0);
    dk_directory_remove(&desk, slot);
}

static uint32_t count_entries(void)
{
    uint32_t entries = 0;
    for (uint32_t i = 0; i < 2 * dk_load_relaxed(&dk_desk_words(&desk)->slots_ready); i++)
        entries += dk_load32_relaxed(&dk_desk_directory(&desk)[i]) != 0;
    return entries;
}

static void come_back(uint32_t slot, const char *tenant, const char *name)
{
    struct dk_slot_key key = {.tenant_bytes = (uint8_t)strlen(tenant), .name_bytes = (uint8_t)strlen(name)};
    memcpy(key.tenant, tenant, key.tenant_bytes);
    memcpy(key.name, name, key.name_bytes);
    dk_slot_write(dk_desk_slot(&desk, slot), &key);
    dk_store_release(&dk_desk_slot(&desk, slot)->generation, dk_load_relaxed(&dk_desk_slot(&desk, slot)->generation) + 7);
    dk_directory_insert(&desk, slot);
}

static void who_left_is_not_found_and_everybody_else_is(void **state)
{
    static bool gone[6000];
    uint32_t seed = 3, left = 0;
    char tenant[16], name[16];
    (void)state;
    add_numbered(6000);
    for (uint32_t step = 0; step < 30000; step++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t slot = (seed >> 8) % 6000;
        snprintf(tenant, sizeof tenant, "t%u", slot % 13);
        snprintf(name, sizeof name, "s%u", slot);
        if (gone[slot])
            come_back(slot, tenant, name);
        else
            leave(slot);
        gone[slot] = !gone[slot];
        left += gone[slot] ? 1 : (uint32_t)-1;
        assert_int_equal(dk_directory_find(&desk, tenant, name), gone[slot] ? DK_NO_SLOT : slot);
    }
    for (uint32_t slot = 0; slot < 6000; slot++) {
        snprintf(tenant, sizeof tenant, "t%u", slot % 13);
        snprintf(name, sizeof name, "s%u", slot);
        assert_int_equal(dk_directory_find(&desk, tenant, name), gone[slot] ? DK_NO_SLOT : slot);
    }
    assert_int_equal(count_entries(), 6000 - left); /* nothing stays behind */
}

static void a_slot_says_whose_it_is_and_since_when(void **state)
{
    uint64_t before, after, unused;
    struct dk_slot_key key;
    (void)state;
    uint32_t slot = add("acme", "INV");
    assert_int_equal(dk_directory_look(&desk, "acme", "INV", &before), slot);
    assert_true(dk_slot_read(dk_desk_slot(&desk, slot), before, &key));
    leave(slot);
    assert_false(dk_directory_is(&desk, slot, "acme", "INV", &unused));
    assert_false(dk_slot_read(dk_desk_slot(&desk, slot), before, &key));
    dk_store_release(&dk_desk_slot(&desk, slot)->generation, before);
    come_back(slot, "acme", "ORD");
    assert_false(dk_directory_is(&desk, slot, "acme", "INV", &unused));
    assert_true(dk_directory_is(&desk, slot, "acme", "ORD", &after));
    assert_int_not_equal(after, before);
    assert_false(dk_slot_read(dk_desk_slot(&desk, slot), before, &key));
    assert_false(dk_directory_is(&desk, 7000, "acme", "ORD", &unused));
}

/* What a docketd that was killed in a removal leaves: an entry twice, or one of
 * a slot that is nobody's. */
static void tidying_drops_what_a_cut_removal_left_and_nothing_else(void **state)
{
    char names[4][16];
    uint32_t turn = 0;
    (void)state;
    add_numbered(200);
    for (int i = 0; i < 4; i++) {
        name_that_begins_at(9, &turn, names[i]);
        add("acme", names[i]);
    }
    /* Moved, and not yet emptied where it was. */
    dk_word32 *cells = dk_desk_directory(&desk);
    uint32_t last = used - 1, at = 0;
    while (dk_load32_relaxed(&cells[at]) != last + 1)
        at++;
    while (dk_load32_relaxed(&cells[at]) != 0)
        at++;
    dk_store32_release(&cells[at], last + 1);
    /* Of nobody. */
    dk_store_release(&dk_desk_slot(&desk, 17)->generation, 0);
    assert_int_equal(count_entries(), used + 1);
    dk_directory_tidy(&desk, used);
    assert_int_equal(count_entries(), used - 1);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(dk_directory_find(&desk, "acme", names[i]), used - 4 + i);
    for (uint32_t slot = 0; slot < 200; slot++) {
        char tenant[16], name[16];
        snprintf(tenant, sizeof tenant, "t%u", slot % 13);
        snprintf(name, sizeof name, "s%u", slot);
        assert_int_equal(dk_directory_find(&desk, tenant, name), slot == 17 ? DK_NO_SLOT : slot);
    }
    dk_directory_tidy(&desk, used); /* and again: nothing more */
    assert_int_equal(count_entries(), used - 1);
}

/* A docketd that was killed between slot and entry: nobody but the start looks for it. */
static void tidying_leads_to_a_series_that_has_no_entry_yet(void **state)
{
    (void)state;
    add_numbered(200);
    uint32_t slot = add("acme", "INV");
    dk_directory_remove(&desk, slot);
    dk_directory_remove(&desk, 5);
    assert_int_equal(dk_directory_find(&desk, "acme", "INV"), DK_NO_SLOT);
    dk_directory_tidy(&desk, used);
    assert_int_equal(dk_directory_find(&desk, "acme", "INV"), slot);
    assert_int_equal(dk_directory_find(&desk, "t5", "s5"), 5);
    assert_int_equal(count_entries(), used);
}

#define AT_A_DESK(name) cmocka_unit_test_setup_teardown(name, make_desk, drop_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_DESK(an_empty_directory_finds_nothing),
        AT_A_DESK(a_key_is_found_whole_and_not_by_its_parts),
        AT_A_DESK(the_longest_names_are_told_apart_by_their_last_byte),
        AT_A_DESK(every_key_is_found_through_each_step_of_growth),
        AT_A_DESK(a_full_step_ends_the_search_for_a_stranger),
        AT_A_DESK(growing_moves_no_entry),
        AT_A_DESK(colliding_keys_are_each_found_also_around_the_end),
        AT_A_DESK(a_slot_without_a_generation_is_not_found_and_hides_nobody),
        AT_A_DESK(inserting_again_after_a_kill_makes_no_second_entry),
        AT_A_DESK(an_entry_that_names_no_slot_of_its_step_is_passed_over),
        AT_A_DESK(a_ready_count_beyond_the_geometry_reads_no_further),
        AT_A_DESK(who_left_is_not_found_and_everybody_else_is),
        AT_A_DESK(a_slot_says_whose_it_is_and_since_when),
        AT_A_DESK(tidying_leads_to_a_series_that_has_no_entry_yet),
        AT_A_DESK(tidying_drops_what_a_cut_removal_left_and_nothing_else),
    };
    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
