/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/template.c */
/* A document number read backwards: what was written is read as its number and
 * date, and what is read is what would be written. SCALE=torture: 1,000,000 of them. */
#include "numbering/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct dk_fiscal january, april = {.month = 3};

static struct dk_template resolve(const char *text, const struct dk_fiscal *fiscal)
{
    struct dk_template parsed, resolved;
    struct dk_texts texts = {"acme", "RE", "branch=VIE"};
    if (dk_template_parse(text, &parsed) != DOCKET_OK ||
        dk_template_resolve(&parsed, &texts, fiscal, &resolved) != DOCKET_OK)
        fail_msg("%s: %s", text, dk_error_text());
    return resolved;
}

static bool read_text(const char *template, const struct dk_fiscal *fiscal, const char *text, struct dk_read_text *read)
{
    struct dk_template resolved = resolve(template, fiscal);
    return dk_template_read(&resolved, "INV", text, strlen(text), read);
}

static void assert_reads(const char *template, const struct dk_fiscal *fiscal, const char *text, uint64_t number,
                         uint32_t date)
{
    struct dk_read_text read;
    if (!read_text(template, fiscal, text, &read))
        fail_msg("%s does not read %s", template, text);
    if (read.number != number || read.date != date)
        fail_msg("%s read %s as %llu of %u", template, text, (unsigned long long)read.number, read.date);
}

static void assert_not_read(const char *template, const char *text)
{
    struct dk_read_text read, before;
    memset(&read, 0x5a, sizeof read);
    before = read;
    if (read_text(template, &april, text, &read))
        fail_msg("%s read %s as %llu of %u", template, text, (unsigned long long)read.number, read.date);
    assert_memory_equal(&read, &before, sizeof read);
}

static void a_text_is_read_as_its_number_and_the_first_date_that_shows_it(void **state)
{
    (void)state;
    assert_reads("{SERIES}-{YYYY}{MM}{DD}-{N:6}", &january, "INV-20261124-000017", 17, 20261124);
    assert_reads("{SERIES}-{YYYY}-{N:6}", &january, "INV-2026-000017", 17, 20260101);
    assert_reads("{YY}/{N}", &january, "99/1", 1, 20990101);
    assert_reads("{YYYY}Q{Q}-{N}", &january, "2026Q3-9", 9, 20260701);
    assert_reads("{YYYY}.{DDD}-{N}", &january, "2024.366-9", 9, 20241231);
    assert_reads("{MM}{DD}-{N}", &january, "0229-9", 9, 20040229);
    assert_reads("{GGGG}W{WW}-{N}", &january, "2026W53-9", 9, 20261228);
    assert_reads("{GGGG}W{WW}-{N}", &january, "2020W53-9", 9, 20201228);
    assert_reads("{GG}-{N}", &january, "25-9", 9, 20241230);
    assert_reads("{WW}-{N}", &january, "53-9", 9, 20041227);
    assert_reads("{FY:2025-26}/{N:4}", &april, "2025-26/0001", 1, 20250401);
    assert_reads("{FY:2526}/{N:4}", &april, "9900/0001", 1, 20990401);
    assert_reads("{FY:26}/{N:4}", &april, "00/0001", 1, 20990401);
    assert_reads("{FY:2026}/{N:4}", &april, "2001/0001", 1, 20010101);
    assert_reads("{FY:25-26}/{MM}/{N:4}", &april, "25-26/02/0001", 1, 20260201);
    assert_reads("{N}", &january, "999999999999999", DOCKET_NUMBER_MAX, 0);
    assert_reads("{N36:3}", &january, "9UGXNORJLR", DOCKET_NUMBER_MAX, 0);
    assert_reads("{PREFIX}{FIELD:branch}{TENANT}{N:3}", &january, "REVIEacme007", 7, 0);
    assert_reads("{YYYY}{N:6}", &january, "2026000017", 17, 20260101);
    assert_reads("{N:6}{LUHN}", &january, "0000174", 17, 0);
}

static void only_what_is_shown_is_told(void **state)
{
    (void)state;
    struct dk_read_text read;
    assert_true(read_text("{YY}{MM}-{N}", &january, "2611-5", &read));
    const struct dk_shown shown = {2026, 11, -1, -1, -1, -1, -1, -1, -1};
    assert_memory_equal(&read.shown, &shown, sizeof shown);
    assert_true(read_text("{FY:25-26}.{GG}{WW}-{N}", &april, "25-26.2601-5", &read));
    const struct dk_shown years = {-1, -1, -1, -1, -1, 2026, 1, 2025, 2026};
    assert_memory_equal(&read.shown, &years, sizeof years);
    assert_true(read_text("{FY:26}-{N}", &april, "00-5", &read));
    assert_int_equal(read.shown.fiscal_last, 2100);
    assert_true(read_text("{N}", &january, "5", &read));
    assert_int_equal(read.shown.year, -1);
}

static void a_text_that_no_number_writes_is_not_read(void **state)
{
    (void)state;
    static const char *const bad[] = {"INV-20261124-00001", "INV-20261124-0000001", "INV-20261124-000000",
                                      "INV-20261324-000001", "INV-20261100-000001", "ORD-20261124-000001",
                                      "INV-20261124-00000a", "INV-20261124_000001", "inv-20261124-000001",
                                      "INV-20261124-0000000000000001", "INV-20261124-", "", "INV-2026112-000001 ",
                                      "INV-20260229-000001", "INV-20001231-000001", "INV-21000101-000001",
                                      "INV-20261124-1000000000000000", "INV-20261124-+00001"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_not_read("{SERIES}-{YYYY}{MM}{DD}-{N:6}", bad[i]);
    assert_not_read("{YYYY}-{N}-{YY}", "2026-1-27");     /* the years differ */
    assert_not_read("{YY}-{N}", "00-1");                 /* 2000 and 2100 are outside of docket's dates */
    assert_not_read("{YYYY}-{Q}-{MM}-{N}", "2026-2-08-1");
    assert_not_read("{YYYY}-{DDD}-{N}", "2026-366-1");
    assert_not_read("{YYYY}-{DDD}-{N}", "2026-000-1");
    assert_not_read("{GGGG}W{WW}-{N}", "2025W53-1");
    assert_not_read("{GGGG}W{WW}-{N}", "2025W00-1");
    assert_not_read("{FY:2025-26}-{N}", "2025-27-1");
    assert_not_read("{FY:2025-26}-{N}", "2100-01-1");
    assert_not_read("{FY:2025-26}-{MM}-{YYYY}-{N}", "2025-26-04-2026-1");
    assert_not_read("{FY:2025}-{N}", "9999-1");
    assert_not_read("{GGGG}-{N}", "0000-1");
    assert_not_read("{N:6}{LUHN}", "0000175");
    assert_not_read("{N36:4}", "000z");
    assert_not_read("{N36:4}", "0000Z");
    assert_not_read("{N36:4}", "9UGXNORJLS");
    assert_not_read("{N36:4}", "ZZZZZZZZZZ");
    assert_not_read("{N36:4}", "10000000000");
}

/* ---- the property ---- */

static uint64_t seed = 1;

static uint64_t random_below(uint64_t count)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed * 0x2545f4914f6cdd1du >> 11) % count;
}

static const char *const date_tokens[] = {"{YYYY}", "{YY}", "{MM}", "{DD}", "{Q}", "{DDD}", "{GGGG}", "{GG}", "{WW}",
                                          "{FY:2025-26}", "{FY:2526}", "{FY:2025}", "{FY:26}", "{FY:2025/2026}"};
static const char *const text_tokens[] = {"{SERIES}", "{PREFIX}", "{TENANT}", "{FIELD:branch}", "-", "/", ".", "_", "A", "b", "0", "7-", "INV"};
static const char *const checks[] = {"", "", "", "{LUHN}", "{MOD97}", "{MOD1110}", "{SWISS}", "{FINNISH}"};

static void add_some(char *text, unsigned most)
{
    for (uint64_t left = random_below(most + 1); left > 0; left--) {
        const char *token = random_below(2) ? date_tokens[random_below(sizeof date_tokens / sizeof date_tokens[0])]
                                            : text_tokens[random_below(sizeof text_tokens / sizeof text_tokens[0])];
        if (strlen(text) + strlen(token) < 40)
            strcat(text, token);
    }
}

static void random_template(char text[DK_TEMPLATE_TEXT], struct dk_fiscal *fiscal)
{
    text[0] = 0;
    add_some(text, 4);
    bool base36 = random_below(4) == 0;
    sprintf(text + strlen(text), base36 ? "{N36:%u}" : "{N:%u}", 1 + (unsigned)random_below(base36 ? 10 : 15));
    if (random_below(3) == 0)
        add_some(text, 2);
    strcat(text, checks[random_below(sizeof checks / sizeof checks[0])]);
    if (random_below(8) == 0)
        add_some(text, 1);
    *fiscal = (struct dk_fiscal){.rule = (uint8_t)random_below(DK_FISCAL_RULE_COUNT), .month = (uint8_t)random_below(12)};
    if (fiscal->rule != DK_FISCAL_MONTH)
        fiscal->weekday = (uint8_t)random_below(7);
}

static uint64_t random_number(void)
{
    uint64_t below = 10;
    for (uint64_t digits = random_below(15); digits > 0; digits--)
        below *= 10;
    uint64_t number = random_below(below) + 1;
    return number <= DOCKET_NUMBER_MAX ? number : DOCKET_NUMBER_MAX;
}

static bool same_part(int32_t read, int32_t of_date)
{
    return read < 0 || read == of_date;
}

/* The date that was read shows the same as the one that was written, and is not later. */
static void check_date(const struct dk_template *resolved, uint32_t date, const struct dk_read_text *read, const char *text)
{
    struct dk_shown shown, first;
    if (!resolved->dated) {
        assert_int_equal(read->date, 0);
        return;
    }
    dk_date_show(date, &resolved->fiscal, &shown);
    dk_date_show(read->date, &resolved->fiscal, &first);
    const int32_t *parts = &read->shown.year, *of_first = &first.year;
    for (size_t i = 0; i < sizeof shown / sizeof *parts; i++)
        if (!same_part(parts[i], of_first[i]))
            fail_msg("%s: part %zu of %u was read as %d", text, i, date, parts[i]);
    if (read->date > date || !dk_date_supported(read->date))
        fail_msg("%s of %u: %u shows it first?", text, date, read->date);
    if (read->shown.year >= 0 && read->shown.year != shown.year)
        fail_msg("%s of %u: year %d", text, date, read->shown.year);
}

/* A byte of the text changed: it is read only if it is what would be written. */
static void check_changed(const struct dk_template *resolved, const char *right, size_t length)
{
    static const char bytes[] = "0123456789AZaz-/._ {";
    struct dk_read_text read;
    struct dk_rendered rendered;
    char text[DOCKET_TEXT_MAX + 1], again[DOCKET_TEXT_MAX];
    memcpy(text, right, length);
    if (random_below(8) == 0)
        length--;
    else
        text[random_below(length)] = bytes[random_below(sizeof bytes - 1)];
    if (!dk_template_read(resolved, "INV", text, length, &read))
        return;
    dk_template_render(resolved, "INV", read.date, &rendered);
    if (dk_rendered_write(&rendered, read.number, again) != length || memcmp(again, text, length) != 0)
        fail_msg("%.*s was read, but %s is written", (int)length, text, again);
}

static void what_is_written_is_read_back_as_itself(void **state)
{
    (void)state;
    const char *scale = getenv("SCALE"), *wanted = getenv("SEED");
    unsigned long cases = scale != NULL && strcmp(scale, "torture") == 0 ? 1000000 : 100000, templates = 0;
    seed = wanted != NULL && strtoull(wanted, NULL, 10) > 0 ? strtoull(wanted, NULL, 10) : 1;
    struct dk_template resolved = {0};
    for (unsigned long i = 0; i < cases; i++) {
        struct dk_rendered rendered;
        struct dk_read_text read;
        struct dk_form form;
        struct dk_template again;
        char text[DOCKET_TEXT_MAX], template[DK_TEMPLATE_TEXT];
        if (i % 4 == 0) {
            struct dk_fiscal fiscal;
            random_template(template, &fiscal);
            resolved = resolve(template, &fiscal);
            dk_form_pack(&resolved, &form);
            assert_true(dk_form_unpack(&form, &again));
            assert_memory_equal(&again, &resolved, sizeof again);
            templates++;
        }
        uint32_t date = dk_date_add(DK_DATE_FIRST, (int32_t)random_below(36159));
        uint64_t number = random_number();
        dk_template_render(&resolved, "INV", date, &rendered);
        size_t length = dk_rendered_write(&rendered, number, text);
        assert_int_equal(length + 1, dk_template_size(&resolved, "INV", number));
        if (!dk_template_read(&resolved, "INV", text, length, &read) || read.number != number)
            fail_msg("%s: %s of %u, number %llu, is not read back", resolved.text, text, date, (unsigned long long)number);
        check_date(&resolved, date, &read, text);
        check_changed(&resolved, text, length);
    }
    printf("%lu texts of %lu templates written and read back\n", cases, templates);
}

/* Against all dates, one after the other. */
static void the_first_date_is_the_one_that_a_search_of_all_finds(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct dk_fiscal fiscal;
        struct dk_rendered rendered;
        struct dk_read_text read;
        char template[DK_TEMPLATE_TEXT], text[DOCKET_TEXT_MAX], other[DOCKET_TEXT_MAX];
        random_template(template, &fiscal);
        struct dk_template resolved = resolve(template, &fiscal);
        if (!resolved.dated)
            continue;
        uint32_t date = dk_date_add(DK_DATE_FIRST, (int32_t)random_below(36159));
        dk_template_render(&resolved, "INV", date, &rendered);
        size_t length = dk_rendered_write(&rendered, 7, text);
        assert_true(dk_template_read(&resolved, "INV", text, length, &read));
        uint32_t first = DK_DATE_FIRST;
        for (;; first = dk_date_add(first, 1)) {
            dk_template_render(&resolved, "INV", first, &rendered);
            if (dk_rendered_write(&rendered, 7, other) == length && memcmp(other, text, length) == 0)
                break;
        }
        if (first != read.date)
            fail_msg("%s: %s is shown by %u first, not by %u", template, text, first, read.date);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_read_as_its_number_and_the_first_date_that_shows_it),
        cmocka_unit_test(only_what_is_shown_is_told),
        cmocka_unit_test(a_text_that_no_number_writes_is_not_read),
        cmocka_unit_test(what_is_written_is_read_back_as_itself),
        cmocka_unit_test(the_first_date_is_the_one_that_a_search_of_all_finds),
    };
    return cmocka_run_group_tests_name("template_read", tests, NULL, NULL);
}
