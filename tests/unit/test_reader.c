/* SPDX-License-Identifier: MIT */
/* links: client/reader.c client/reader_series.c client/reader_realm.c client/admin.c client/fate_read.c client/fate_merge.c client/ledger_read.c client/errand.c wire/admin.c wire/ledger_row.c numbering/ledger.c numbering/reason.c client/block.c client/dated.c client/hand.c client/handles.c client/lease.c client/ledger.c client/ledger_ask.c client/ledger_decide.c client/ledger_line.c client/memory.c client/memory_dated.c client/memory_fate.c client/memory_shapes.c client/memory_take.c client/named.c client/pool.c client/quick.c client/reach.c client/realm.c client/stand.c client/take.c client/text.c wire/wire.c wire/record.c table/calendar.c table/desk.c table/directory.c table/doorbell.c table/place.c table/seat.c table/slot.c numbering/date.c numbering/fate.c numbering/form.c numbering/period.c numbering/policy.c numbering/template.c base/files.c base/status.c */
/* Document numbers read back, and written, without docketd. */
#include "docket_reader.h"

#include "numbering/policy.h"
#include "numbering/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static docket_reader *reader;

static int open_reader(void **state)
{
    (void)state;
    return docket_reader_open(&reader) == DOCKET_OK ? 0 : -1;
}

static int close_reader(void **state)
{
    (void)state;
    docket_reader_close(reader);
    return 0;
}

static void add(const char *tenant, const char *series, const char *restart, const char *template_text)
{
    const struct docket_policy policy = {.restart = restart, .template_text = template_text};
    assert_int_equal(docket_reader_add(reader, tenant, series, &policy), DOCKET_OK);
}

static docket_status read_text(const char *tenant, const char *text, uint32_t date, struct docket_reading *reading)
{
    memset(reading, 0, sizeof *reading);
    return docket_reader_read_dated(reader, tenant, text, strlen(text), date, reading);
}

/* "acme/INV/2025/17", or the status. */
static const char *told_of(const char *tenant, const char *text, uint32_t date)
{
    static char shown[256];
    struct docket_reading reading;
    docket_status status = read_text(tenant, text, date, &reading);
    if (status != DOCKET_OK)
        return docket_status_name(status);
    snprintf(shown, sizeof shown, "%s/%s/%d/%llu", reading.tenant, reading.series, reading.period,
             (unsigned long long)reading.number);
    return shown;
}

static void a_text_says_tenant_series_period_and_number(void **state)
{
    (void)state;
    add("acme", "INV", NULL, NULL);
    add("acme", "CN", "monthly", "C/{YY}{MM}/{N36:4}");
    add("bolt", "INV", "never", "{N:8}");
    assert_string_equal(told_of("acme", "INV-20250725-000001", 0), "acme/INV/2025/1");
    assert_string_equal(told_of("acme", "INV-20250725-1000000", 0), "acme/INV/2025/1000000");
    assert_string_equal(told_of("acme", "C/2507/000Z", 0), "acme/CN/202507/35");
    assert_string_equal(told_of("bolt", "00000017", 0), "bolt/INV/0/17");
    struct docket_reading reading;
    assert_int_equal(read_text("acme", "INV-20250725-000009", 0, &reading), DOCKET_OK);
    assert_int_equal(reading.date, 20250725);
    assert_true(reading.current && reading.matches == 1 && reading.last == DOCKET_NUMBER_MAX);
}

static void what_the_series_does_not_write_byte_for_byte_is_not_of_it(void **state)
{
    (void)state;
    add("acme", "INV", NULL, NULL);
    const char *const texts[] = {"",  "INV",  "inv-20250725-000001", "INV-20250725-00001", "INV-20250725-0000001", "INV-20250732-000001",
                                 "INV-20250725-000000", "INV-20250725-000001 ", "XINV-20250725-000001", "INV-20250725-00000A"};
    for (int warm = 0; warm < 2; warm++) { /* also once its neighbours were read */
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
            assert_string_equal(told_of("acme", texts[i], 20250725), docket_status_name(DOCKET_NOT_OF_SERIES));
        assert_string_equal(told_of("acme", "INV-20250725-000002", 0), "acme/INV/2025/2");
    }
    assert_string_equal(told_of("bolt", "INV-20250725-000002", 0), docket_status_name(DOCKET_NOT_OF_SERIES));
}

static void older_policies_of_a_series_are_read_and_the_newest_is_told_from_them(void **state)
{
    (void)state;
    add("acme", "INV", "never", "A-{N:3}");
    add("acme", "INV", "never", "A-{N:4}");
    assert_string_equal(told_of("acme", "A-017", 0), "acme/INV/0/17");
    assert_string_equal(told_of("acme", "A-0017", 0), "acme/INV/0/17");
    assert_string_equal(told_of("acme", "A-4711", 0), "acme/INV/0/4711"); /* both write it: one document */
}

static void a_text_of_two_series_is_a_collision(void **state)
{
    (void)state;
    add("acme", "A", "never", "X-{N:1}");
    add("acme", "B", "never", "X-{N:2}");
    struct docket_reading reading;
    assert_int_equal(read_text("acme", "X-17", 0, &reading), DOCKET_COLLISION);
    assert_int_equal(reading.matches, 2);
    assert_string_equal(told_of("acme", "X-7", 0), "acme/A/0/7");
}

static void a_period_that_the_text_does_not_show_is_that_of_the_document(void **state)
{
    (void)state;
    add("acme", "OLD", "yearly", "R{N:5}");
    assert_string_equal(told_of("acme", "R00017", 0), docket_status_name(DOCKET_BAD_DATE));
    assert_string_equal(told_of("acme", "R00017", 19991231), docket_status_name(DOCKET_BAD_DATE));
    assert_string_equal(told_of("acme", "R00017", 20240229), "acme/OLD/2024/17");
    assert_string_equal(told_of("acme", "R00018", 20250101), "acme/OLD/2025/18");
}

static void a_series_of_any_tenant_is_every_tenants(void **state)
{
    (void)state;
    add(NULL, "INV", "yearly", "{YYYY}-{N:4}");
    add(NULL, "TEN", "never", "{TENANT}.{N:4}");
    assert_string_equal(told_of("Müller & Co", "2025-0017", 0), "Müller & Co/INV/2025/17");
    assert_string_equal(told_of("acme", "acme.0001", 0), "acme/TEN/0/1");
    assert_string_equal(told_of("bolt", "acme.0001", 0), docket_status_name(DOCKET_NOT_OF_SERIES));
}

static void a_number_is_written_as_the_series_writes_it_today(void **state)
{
    (void)state;
    char text[DOCKET_TEXT_MAX];
    int32_t period;
    add("acme", "INV", "monthly", "{SERIES}/{YYYY}-{MM}/{N:3}");
    add(NULL, "TEN", "never", "{TENANT}.{N:4}");
    assert_int_equal(docket_reader_write(reader, "acme", "INV", 20240229, 17, text), DOCKET_OK);
    assert_string_equal(text, "INV/2024-02/017");
    assert_int_equal(docket_reader_write(reader, "bolt", "TEN", 0, 17, text), DOCKET_OK);
    assert_string_equal(text, "bolt.0017");
    assert_int_equal(docket_reader_write(reader, "acme", "INV", 20230229, 17, text), DOCKET_BAD_DATE);
    assert_int_equal(docket_reader_write(reader, "acme", "INV", 20240229, 0, text), DOCKET_BAD_COUNT);
    assert_int_equal(docket_reader_write(reader, "acme", "CN", 20240229, 1, text), DOCKET_NO_SERIES);
    assert_int_equal(docket_reader_period(reader, "acme", "INV", 20240229, &period), DOCKET_OK);
    assert_int_equal(period, 202402);
}

/* The short way, by what is around the number, says what dk_template_read() says: over templates, dates, numbers, and
 * texts with a byte changed, in an order that mixes hits and misses of it. */
static void the_short_way_says_what_the_long_one_says(void **state)
{
    (void)state;
    static const char *const templates[] = {"{SERIES}-{YYYY}{MM}{DD}-{N:6}", "{N:3}/{YY}", "{YYYY}W{WW}-{N36:2}", "A{Q}{YY}{N:4}{LUHN}",
                                            "{DDD}.{YYYY}.{N:1}", "{MM}{N:2}-{YYYY}"};
    struct dk_template resolved[6];
    docket_reader *kept[6] = {NULL};
    for (size_t i = 0; i < 6; i++) {
        struct dk_policy policy;
        dk_policy_default(&policy);
        policy.restart = DK_NEVER;
        snprintf(policy.template_text, sizeof policy.template_text, "%s", templates[i]);
        assert_int_equal(dk_policy_template(&policy, "acme", &resolved[i]), DOCKET_OK);
    }
    srand(1);
    for (unsigned round = 0; round < 60000; round++) {
        size_t at = (size_t)rand() % 6;
        docket_reader *one;
        struct docket_reading reading;
        struct dk_rendered rendered;
        struct dk_read_text expected;
        char text[DOCKET_TEXT_MAX];
        if (kept[at] == NULL) {
            assert_int_equal(docket_reader_open(&kept[at]), DOCKET_OK);
            const struct docket_policy policy = {.restart = "never", .template_text = templates[at]};
            assert_int_equal(docket_reader_add(kept[at], "acme", "INV", &policy), DOCKET_OK);
        }
        one = kept[at];
        uint32_t date = (uint32_t)(2024 + rand() % 2) * 10000 + (uint32_t)(1 + rand() % 2) * 100 + (uint32_t)(1 + rand() % 3);
        dk_template_render(&resolved[at], "INV", date, &rendered);
        size_t bytes = dk_rendered_write(&rendered, (uint64_t)(1 + rand() % (rand() % 4 == 0 ? 5000000 : 1200)), text);
        if (rand() % 3 == 0)
            text[(size_t)rand() % bytes] = "0159AZ-/x"[rand() % 9];
        bool found = dk_template_read(&resolved[at], "INV", text, bytes, &expected);
        docket_status status = docket_reader_read(one, "acme", text, bytes, &reading);
        if ((status == DOCKET_OK) != found || (found && (reading.number != expected.number || reading.date != expected.date)))
            fail_msg("%s of %s: read %d, number %llu date %u; not %llu, %u", text, templates[at], (int)status,
                     (unsigned long long)reading.number, reading.date, (unsigned long long)expected.number, expected.date);
    }
    for (size_t i = 0; i < 6; i++)
        docket_reader_close(kept[i]);
}

static void bad_names_and_policies_are_refused(void **state)
{
    (void)state;
    assert_int_equal(docket_reader_add(reader, "acme", "IN V", NULL), DOCKET_BAD_NAME);
    assert_int_equal(docket_reader_add(reader, "ac me", "INV", NULL), DOCKET_BAD_NAME);
    assert_int_equal(docket_reader_add(reader, "acme", "INV", &(struct docket_policy){.template_text = "{X}"}), DOCKET_BAD_POLICY);
    assert_int_equal(docket_reader_add(reader, "acme", "INV", &(struct docket_policy){.restart = "hourly"}), DOCKET_BAD_POLICY);
    assert_string_equal(told_of("acme", "INV-20250725-000001", 0), docket_status_name(DOCKET_NOT_OF_SERIES));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_reader, close_reader)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_text_says_tenant_series_period_and_number),
        CASE(what_the_series_does_not_write_byte_for_byte_is_not_of_it),
        CASE(older_policies_of_a_series_are_read_and_the_newest_is_told_from_them),
        CASE(a_text_of_two_series_is_a_collision),
        CASE(a_period_that_the_text_does_not_show_is_that_of_the_document),
        CASE(a_series_of_any_tenant_is_every_tenants),
        CASE(a_number_is_written_as_the_series_writes_it_today),
        CASE(the_short_way_says_what_the_long_one_says),
        CASE(bad_names_and_policies_are_refused),
    };
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
