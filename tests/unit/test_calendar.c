/* SPDX-License-Identifier: MIT */
/* links: base/status.c table/desk.c table/calendar.c */
/* Calendars and forms on the board: found whole, or not at all. */
#include "table/calendar.h"

#include "desk_fixture.h"

#include <pthread.h>

#define DAY 86400

static const struct dk_geometry small = {.slots_max = 8, .rows_max = 4, .seats_max = 4, .lines_per_seat = 4};
static struct dk_desk desk;

static int make_desk(void **state)
{
    make_folder(state);
    must_create(&desk, &small, 0);
    must_publish(&desk);
    return 0;
}

static int drop_desk(void **state)
{
    dk_desk_unmap(&desk);
    return remove_folder(state);
}

/* Days from yyyymmdd = first on (all in one month), each `seconds` long. */
static void put(uint32_t index, const char *zone, uint32_t first, uint32_t count, int64_t from_s, int64_t seconds)
{
    struct dk_calendar_day days[DK_CALENDAR_DAYS];
    for (uint32_t i = 0; i < count; i++)
        days[i] = (struct dk_calendar_day){.start_s = from_s + (int64_t)i * seconds, .yyyymmdd = first + i};
    dk_calendar_put(dk_desk_calendar(&desk, index), zone, 7, days, count);
}

static void a_calendar_is_there_once_it_is_published(void **state)
{
    (void)state;
    assert_null(dk_calendar_at(&desk, 0));
    put(0, "UTC", 20261124, 3, 100, DAY);
    dk_calendar_publish(&desk, 1);
    assert_non_null(dk_calendar_at(&desk, 0));
    assert_null(dk_calendar_at(&desk, 1));
    assert_int_equal(dk_desk_take_calendar(&desk, folder_fd, 1), DOCKET_OK);
    put(1, "America/Argentina/ComodRivadavia", 20261123, 3, 50, DAY);
    dk_calendar_publish(&desk, 2);
    char zone[DK_CALENDAR_ZONE];
    dk_calendar_zone(dk_calendar_at(&desk, 1), zone);
    assert_string_equal(zone, "America/Argentina/ComodRivadavia");
    dk_calendar_zone(dk_calendar_at(&desk, 0), zone);
    assert_string_equal(zone, "UTC");
    assert_int_equal(dk_desk_take_calendar(&desk, folder_fd, DK_CALENDARS_MAX), DOCKET_REALM_FULL);
    assert_int_equal(dk_desk_take_calendar(&desk, folder_fd, DK_CALENDARS_MAX - 1), DOCKET_OK);
}

static void a_count_that_nobody_can_have_leads_nowhere(void **state)
{
    (void)state;
    dk_calendar_publish(&desk, UINT32_MAX);
    assert_null(dk_calendar_at(&desk, DK_CALENDARS_MAX));
}

static void an_instant_has_its_day_and_the_last_day_none(void **state)
{
    (void)state;
    struct dk_calendar_found found;
    put(0, "UTC", 20261124, 3, 100, DAY);
    dk_calendar_publish(&desk, 1);
    const struct shared_calendar *calendar = dk_calendar_at(&desk, 0);
    assert_false(dk_calendar_find(calendar, 99, &found));
    assert_true(dk_calendar_find(calendar, 100, &found));
    assert_int_equal(found.yyyymmdd, 20261124);
    assert_true(dk_calendar_find(calendar, 100 + 2 * DAY - 1, &found));
    assert_int_equal(found.yyyymmdd, 20261125);
    assert_int_equal(found.from_s, 100 + DAY);
    assert_int_equal(found.until_s, 100 + 2 * DAY);
    assert_false(dk_calendar_find(calendar, 100 + 2 * DAY, &found));
    assert_true(dk_calendar_find_date(calendar, 20261125, &found));
    assert_int_equal(found.from_s, 100 + DAY);
    assert_false(dk_calendar_find_date(calendar, 20261126, &found));
    assert_false(dk_calendar_find_date(calendar, 0, &found));
}

static void what_docketd_left_half_written_is_not_read(void **state)
{
    (void)state;
    struct dk_calendar_found found;
    char zone[DK_CALENDAR_ZONE];
    put(0, "UTC", 20261124, 3, 100, DAY);
    dk_calendar_publish(&desk, 1);
    struct shared_calendar *calendar = dk_desk_calendar(&desk, 0);
    dk_store_release(&calendar->version, dk_load_relaxed(&calendar->version) + 1);
    assert_false(dk_calendar_find(calendar, 100, &found));
    dk_calendar_zone(calendar, zone);
    assert_string_equal(zone, "");
    put(0, "UTC", 20261124, 3, 100, DAY); /* the next docketd */
    assert_int_equal(dk_load_relaxed(&calendar->version) % 2, 0);
    assert_true(dk_calendar_find(calendar, 100, &found));
    dk_store_release(&calendar->count, DK_CALENDAR_DAYS + 1);
    assert_false(dk_calendar_find(calendar, 100, &found));
}

static dk_word stop;

/* Two calendars that say the same of no instant: the days of one have even dates
 * and begin at even seconds. */
static void *write_on(void *unused)
{
    (void)unused;
    for (uint32_t i = 0; dk_load_relaxed(&stop) == 0; i++)
        put(0, "UTC", i % 2 == 0 ? 20260101 : 20270101, 20, i % 2 == 0 ? 0 : 1, 2);
    return NULL;
}

static void a_day_has_the_edges_of_its_own_version(void **state)
{
    (void)state;
    pthread_t writer;
    uint32_t seen = 0;
    put(0, "UTC", 20260101, 20, 0, 2);
    dk_calendar_publish(&desk, 1);
    dk_store_relaxed(&stop, 0);
    assert_int_equal(pthread_create(&writer, NULL, write_on, NULL), 0);
    for (int i = 0; i < 100000; i++) {
        struct dk_calendar_found found;
        if (!dk_calendar_find(dk_calendar_at(&desk, 0), i % 40, &found))
            continue;
        seen++;
        if (found.until_s != found.from_s + 2 || (found.from_s % 2 == 0) != (found.yyyymmdd < 20270000))
            fail_msg("%u from %lld to %lld", found.yyyymmdd, (long long)found.from_s, (long long)found.until_s);
    }
    dk_store_relaxed(&stop, 1);
    pthread_join(writer, NULL);
    assert_true(seen > 1000);
}

static void a_form_is_read_as_it_was_written(void **state)
{
    (void)state;
    uint8_t form[64], read[64];
    for (size_t i = 0; i < sizeof form; i++)
        form[i] = (uint8_t)(i * 7 + 1);
    struct shared_board_slot *slot = dk_desk_slot(&desk, 3);
    dk_slot_write_form(slot, 1, form);
    dk_slot_read_form(slot, 1, read);
    assert_memory_equal(form, read, sizeof form);
    dk_slot_read_form(slot, 0, read);
    assert_int_equal(read[0], 0);
}

static void settings_change_under_workers_and_names_do_not(void **state)
{
    (void)state;
    struct shared_board_slot *slot = dk_desk_slot(&desk, 3);
    struct dk_slot_key key = {.series_id = 5, .window = 100, .order = 1, .restart = 2, .tenant_bytes = 1, .name_bytes = 1, .calendar = 3};
    key.tenant[0] = 't';
    dk_slot_write(slot, &key);
    dk_store_release(&slot->generation, 9);
    key.window = 200;
    key.warn = 80;
    key.close_after = 30;
    key.valid_from = 20260101;
    key.valid_to = 20261231;
    key.series_id = 6; /* not a setting */
    key.tenant[0] = 'u';
    dk_slot_write_settings(slot, &key);
    struct dk_slot_key read;
    assert_true(dk_slot_read(slot, 9, &read));
    assert_int_equal(read.window, 200);
    assert_int_equal(read.warn, 80);
    assert_int_equal(read.close_after, 30);
    assert_int_equal(read.valid_from, 20260101);
    assert_int_equal(read.valid_to, 20261231);
    assert_int_equal(dk_slot_interval(slot).valid_to, 20261231);
    assert_int_equal(read.calendar, 3);
    assert_int_equal(read.order, 1);
    assert_int_equal(read.series_id, 5);
    assert_int_equal(read.tenant[0], 't');
}

static void each_bank_has_flags_of_its_own(void **state)
{
    (void)state;
    struct shared_board_slot *slot = dk_desk_slot(&desk, 3);
    struct dk_slot_key key = {.calendar = 639, .flags = DK_FLAG_STOPS | DK_FLAG_CHRONOLOGICAL << DK_FLAG_BITS};
    dk_slot_write_settings(slot, &key);
    assert_int_equal(dk_slot_settings(slot, 0).flags, DK_FLAG_STOPS);
    assert_int_equal(dk_slot_settings(slot, 1).flags, DK_FLAG_CHRONOLOGICAL);
    assert_int_equal(dk_slot_settings(slot, 1).calendar, 639);
}

#define AT_A_DESK(name) cmocka_unit_test_setup_teardown(name, make_desk, drop_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        AT_A_DESK(a_calendar_is_there_once_it_is_published),
        AT_A_DESK(a_count_that_nobody_can_have_leads_nowhere),
        AT_A_DESK(an_instant_has_its_day_and_the_last_day_none),
        AT_A_DESK(what_docketd_left_half_written_is_not_read),
        AT_A_DESK(a_day_has_the_edges_of_its_own_version),
        AT_A_DESK(a_form_is_read_as_it_was_written),
        AT_A_DESK(each_bank_has_flags_of_its_own),
        AT_A_DESK(settings_change_under_workers_and_names_do_not),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
