/* SPDX-License-Identifier: MIT */
/* links: base/log.c base/status.c daemon/days/zones.c daemon/days/tzif.c numbering/period.c */
/* Zones: when a day begins, which date it is, and what happens when the database changes. tests/process/zones.sh asks
 * an oracle; here are the laws. */
#include "daemon/days/zones.h"
#include "daemon/days/tzif.h"
#include "numbering/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY_S 86400

static const struct dk_zone *zone_of(const char *name)
{
    const struct dk_zone *zone = NULL;
    if (dk_zone_find(name, &zone) != DOCKET_OK)
        fail_msg("%s", dk_error_text());
    return zone;
}

static void assert_day(const char *name, uint32_t date, int64_t start_s)
{
    const struct dk_zone *zone = zone_of(name);
    if (zone->day_start(zone, date) != start_s)
        fail_msg("%s: %u begins at %lld", name, date, (long long)zone->day_start(zone, date));
    assert_int_equal(zone->date(zone, start_s), date);
    assert_true(zone->date(zone, start_s - 1) < date);
}

static void a_day_begins_at_midnight_of_its_zone(void **state)
{
    (void)state;
    assert_day("UTC", 20260101, 1767225600);
    assert_day("Pacific/Kiritimati", 20260101, 1767225600 - 14 * 3600);
    assert_day("Pacific/Pago_Pago", 20260101, 1767225600 + 11 * 3600);
    assert_day("Asia/Kathmandu", 20260101, 1767225600 - 20700);
    assert_day("Europe/Vienna", 20260701, 1782864000 - 2 * 3600);
    assert_day("Europe/Dublin", 20500101, 2524608000); /* winter is what differs from the standard there */
}

static void a_day_whose_midnight_the_clock_leaves_out_begins_an_hour_late(void **state)
{
    (void)state;
    assert_day("America/Sao_Paulo", 20181104, 1541300400); /* 01:00 of -02:00 */
    assert_day("Asia/Beirut", 20260329, 1774735200);
}

static void a_clock_that_is_put_back_over_midnight_does_not_take_the_date_back(void **state)
{
    (void)state;
    const struct dk_zone *zone = zone_of("America/St_Johns");
    int64_t midnight_s = 1289097000; /* 2010-11-07 00:00; at 00:01 it is 23:01 of the day before */
    assert_day("America/St_Johns", 20101107, midnight_s);
    for (int64_t at = midnight_s; at < midnight_s + DAY_S; at += 20)
        assert_int_equal(zone->date(zone, at), 20101107);
    assert_day("America/Asuncion", 20240324, 1711252800); /* at 24:00 it is 23:00: the day is an hour longer */
}

static void a_day_that_a_zone_left_out_has_no_instant_of_its_own(void **state)
{
    (void)state;
    const struct dk_zone *zone = zone_of("Pacific/Apia");
    assert_int_equal(zone->day_start(zone, 20111230), zone->day_start(zone, 20111231));
    assert_day("Pacific/Apia", 20111231, 1325239200);
    assert_int_equal(zone->date(zone, 1325239199), 20111229);
}

static void days_follow_each_other_and_a_date_is_the_last_day_that_began(void **state)
{
    (void)state;
    const char *const names[] = {"UTC", "Europe/Dublin", "America/St_Johns", "Pacific/Apia", "Asia/Gaza", "Africa/Casablanca",
                                 "America/Sao_Paulo", "Antarctica/Troll", "Australia/Lord_Howe", "America/Nuuk", "America/New_York"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        const struct dk_zone *zone = zone_of(names[at]);
        int64_t start_s = zone->day_start(zone, 19991231);
        for (int32_t day = dk_date_day(20000101); day <= dk_date_day(21001231); day++) {
            int64_t next_s = zone->day_start(zone, dk_day_date(day));
            bool ok = next_s >= start_s && next_s - start_s <= DAY_S * 2 &&
                      (next_s == start_s || (zone->date(zone, next_s) >= dk_day_date(day) &&
                                             zone->date(zone, next_s - 1) == dk_day_date(day - 1)));
            if (!ok)
                fail_msg("%s: %u begins at %lld", names[at], dk_day_date(day), (long long)next_s);
            start_s = next_s;
        }
    }
}

static void instants_out_of_reach_are_clamped(void **state)
{
    (void)state;
    const struct dk_zone *zone = zone_of("America/New_York");
    assert_int_equal(zone->date(zone, INT64_MIN), 19691231);
    assert_int_equal(zone->date(zone, INT64_MAX), 21001231);
}

/* ---- a database of our own ---- */

static char folder[] = "/tmp/docket-zones.XXXXXX";

static void put(const char *name, const void *bytes, size_t count)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

/* A file without a change, and this line at its end. */
static size_t make_file(uint8_t bytes[256], const char *line)
{
    static const uint8_t header[44] = {'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4};
    size_t count = 0;
    for (int block = 0; block < 2; block++) {
        memcpy(bytes + count, header, sizeof header);
        memcpy(bytes + count + sizeof header, "\0\0\0\0\0\0LMT", 10); /* type 0, and its letters */
        count += sizeof header + 10;
    }
    return count + (size_t)sprintf((char *)bytes + count, "\n%s\n", line);
}

static int steps_of(const char *line)
{
    static struct dk_steps steps;
    uint8_t bytes[256];
    size_t count = make_file(bytes, line);
    return dk_tzif_read(bytes, count, &steps) ? (int)steps.count : -1;
}

static void a_rule_is_read_in_all_its_spellings(void **state)
{
    (void)state;
    assert_int_equal(steps_of(""), 1);
    assert_int_equal(steps_of("UTC0"), 1);
    assert_int_equal(steps_of("<+0530>-5:30"), 1);
    assert_true(steps_of("CET-1CEST,M3.5.0,M10.5.0/3") > 200);
    assert_true(steps_of("<-02>2<-01>,M3.5.0/-1,M10.5.0/0") > 200);
    assert_true(steps_of("EET-2EEST,M3.4.4/50,M10.4.4/50") > 200);
    assert_true(steps_of("IST-1GMT0,M10.5.0,M3.5.0/1") > 200);
    assert_true(steps_of("AAA3BBB,J60,300/1:30:30") > 200);
    assert_int_equal(steps_of("XXX3EDT4,0/0,J365/23"), 2); /* summer all year */
    const char *const none[] = {"X0", "UTC", "UTC25", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
                                "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5", "CET-1CEST,1,366",
                                "CET-1CEST,M3.5.0,M10.5.0/168", "CET-1CEST,M3.5.0,M10.5.0 ", "<CET-1", "CET-1:60",
                                "CET-1CEST,M0.1.0,M10.5.0", "CET-99999999999999999999"};
    for (size_t at = 0; at < sizeof none / sizeof none[0]; at++)
        if (steps_of(none[at]) != -1)
            fail_msg("\"%s\" was read", none[at]);
}

static void a_file_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    static struct dk_steps steps;
    uint8_t bytes[256];
    size_t count = make_file(bytes, "CET-1CEST,M3.5.0,M10.5.0/3");
    assert_true(dk_tzif_read(bytes, count, &steps));
    for (size_t cut = 0; cut < count; cut++)
        assert_false(dk_tzif_read(bytes, cut, &steps));
}

static void rules_that_change_are_seen_and_wait_for_the_next_start(void **state)
{
    (void)state;
    uint8_t bytes[256];
    const struct dk_zone *zone, *again;
    put("Here", bytes, make_file(bytes, "AAA-1BBB,M3.5.0/0,M10.5.0/1"));
    assert_int_equal(setenv("TZDIR", folder, 1), 0);
    assert_int_equal(dk_zone_find("Here", &zone), DOCKET_OK);
    assert_false(dk_zone_is_stale(zone, 1767225600));
    int64_t start_s = zone->day_start(zone, 20260701);
    uint64_t print = dk_zone_fingerprint(zone);
    put("Here", bytes, make_file(bytes, "AAA-1"));
    assert_int_equal(dk_zone_find("Here", &again), DOCKET_OK);
    assert_ptr_equal(zone, again);
    assert_int_equal(zone->day_start(zone, 20260701), start_s);
    assert_true(dk_zone_is_stale(zone, 1767225600));
    assert_int_equal(dk_zone_fingerprint(zone), print);
    put("Here", bytes, make_file(bytes, "AAA-1BBB,M3.5.0/0,M10.5.0/1"));
    assert_false(dk_zone_is_stale(zone, 1767225600));
    char path[64];
    snprintf(path, sizeof path, "%s/Here", folder);
    assert_int_equal(unlink(path), 0);
    assert_true(dk_zone_is_stale(zone, 1767225600));
    assert_int_equal(dk_zone_find("Elsewhere", &again), DOCKET_BAD_POLICY);
    zone = dk_zone_of("Elsewhere"); /* a series of it exists */
    assert_true(dk_zone_is_lost(zone));
    assert_ptr_equal(dk_zone_of("Elsewhere"), zone);
    assert_false(dk_zones_look_again());
    assert_int_equal(dk_zone_fingerprint(zone), 0);
    put("Elsewhere", bytes, make_file(bytes, "AAA-1"));
    assert_true(dk_zones_look_again());
    assert_false(dk_zone_is_lost(zone));
    assert_int_equal(zone->day_start(zone, 20260701), 1782860400);
    snprintf(path, sizeof path, "%s/Elsewhere", folder);
    assert_int_equal(unlink(path), 0);
    unsetenv("TZDIR");
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_begins_at_midnight_of_its_zone),
        cmocka_unit_test(a_day_whose_midnight_the_clock_leaves_out_begins_an_hour_late),
        cmocka_unit_test(a_clock_that_is_put_back_over_midnight_does_not_take_the_date_back),
        cmocka_unit_test(a_day_that_a_zone_left_out_has_no_instant_of_its_own),
        cmocka_unit_test(days_follow_each_other_and_a_date_is_the_last_day_that_began),
        cmocka_unit_test(instants_out_of_reach_are_clamped),
        cmocka_unit_test(a_rule_is_read_in_all_its_spellings),
        cmocka_unit_test(a_file_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(rules_that_change_are_seen_and_wait_for_the_next_start),
    };
    if (mkdtemp(folder) == NULL)
        return 1;
    return cmocka_run_group_tests_name("zones", tests, NULL, NULL);
}
