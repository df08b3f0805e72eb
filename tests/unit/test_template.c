/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/template.c */
/* How a document number is written, and what is refused with its position. Reading
 * back is in test_template_read.c. */
#include "numbering/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct dk_fiscal january, april = {.month = 3}, last_saturday_of_january = {DK_FISCAL_LAST, 0, 5};
static const struct dk_texts plain = {"acme", "", ""};

static struct dk_template parse(const char *text)
{
    struct dk_template parsed;
    if (dk_template_parse(text, &parsed) != DOCKET_OK)
        fail_msg("%s: %s", text, dk_error_text());
    return parsed;
}

static struct dk_template resolve(const char *text, const struct dk_texts *texts, const struct dk_fiscal *fiscal)
{
    struct dk_template parsed = parse(text), resolved;
    if (dk_template_resolve(&parsed, texts, fiscal, &resolved) != DOCKET_OK)
        fail_msg("%s: %s", text, dk_error_text());
    return resolved;
}

static void assert_text(const struct dk_template *resolved, const char *series, uint32_t date, uint64_t number,
                        const char *wanted)
{
    struct dk_rendered rendered;
    char text[DOCKET_TEXT_MAX];
    dk_template_render(resolved, series, date, &rendered);
    memset(text, 'x', sizeof text);
    size_t length = dk_rendered_write(&rendered, number, text);
    assert_string_equal(text, wanted);
    assert_int_equal(length, strlen(wanted));
    assert_int_equal(length + 1, dk_template_size(resolved, series, number));
    assert_true(length < dk_template_size(resolved, series, DOCKET_NUMBER_MAX));
}

static void assert_writes(const char *template_text, const char *series, uint32_t date, uint64_t number,
                          const char *wanted)
{
    struct dk_template resolved = resolve(template_text, &plain, &january);
    assert_text(&resolved, series, date, number, wanted);
}

static void assert_fiscal(const char *template_text, const struct dk_fiscal *fiscal, uint32_t date, const char *wanted)
{
    struct dk_template resolved = resolve(template_text, &plain, fiscal);
    assert_text(&resolved, "INV", date, 1, wanted);
}

/* The sentence names the position, and the caret stands under it. */
static void assert_caret(const char *text, unsigned position)
{
    char wanted[40];
    const char *error = dk_error_text(), *line = strchr(error, '\n');
    snprintf(wanted, sizeof wanted, ", character %u: ", position);
    const char *found = strstr(error, wanted);
    if (found == NULL || line == NULL || found > line)
        fail_msg("\"%s\": wanted character %u, got: %s", text, position, error);
    const char *caret = strchr(line + 1, '\n');
    if (caret == NULL || strlen(caret + 1) != position + 2 || caret[position + 2] != '^')
        fail_msg("\"%s\": the caret is not under character %u: %s", text, position, error);
}

static void assert_refused(const char *text, unsigned position, const char *words)
{
    struct dk_template parsed;
    memset(&parsed, 0x5a, sizeof parsed);
    struct dk_template before = parsed;
    if (dk_template_parse(text, &parsed) != DOCKET_BAD_POLICY)
        fail_msg("\"%s\" was taken", text);
    assert_caret(text, position);
    if (strstr(dk_error_text(), words) == NULL)
        fail_msg("\"%s\": wanted \"%s\", got: %s", text, words, dk_error_text());
    assert_memory_equal(&parsed, &before, sizeof parsed); /* results only on success */
}

/* ---- writing ---- */

static void the_default_template_writes_series_date_and_six_digits(void **state)
{
    (void)state;
    assert_writes("{SERIES}-{YYYY}{MM}{DD}-{N:6}", "INV", 20261124, 1, "INV-20261124-000001");
}

static void a_number_longer_than_its_width_grows(void **state)
{
    (void)state;
    assert_writes("{N:3}", "INV", 20260101, 999, "999");
    assert_writes("{N:3}", "INV", 20260101, 1000, "1000");
    assert_writes("{N:6}", "INV", 20260101, DOCKET_NUMBER_MAX, "999999999999999");
}

static void a_number_without_a_width_has_no_zeros_before_it(void **state)
{
    (void)state;
    assert_writes("{N}", "INV", 20260101, 7, "7");
    assert_writes("{N}", "INV", 20260101, 0, "0");
    assert_writes("{N}", "INV", 20260101, 10, "10");
    assert_writes("{N:15}", "INV", 20260101, 42, "000000000000042");
}

static void each_count_of_digits_is_written_at_each_width(void **state)
{
    (void)state;
    for (unsigned width = 1; width <= 15; width++) {
        uint64_t number = 1;
        for (unsigned digits = 1; digits <= 15; digits++, number = number * 10 + digits % 10) {
            char template[16], wanted[24];
            snprintf(template, sizeof template, "{N:%u}", width);
            snprintf(wanted, sizeof wanted, "%0*llu", (int)width, (unsigned long long)number);
            assert_writes(template, "INV", 20260101, number, wanted);
        }
    }
}

static void base_36_counts_in_digits_and_capitals(void **state)
{
    (void)state;
    assert_writes("{N36:4}", "INV", 20260101, 1, "0001");
    assert_writes("{N36:4}", "INV", 20260101, 35, "000Z");
    assert_writes("{N36:4}", "INV", 20260101, 36, "0010");
    assert_writes("{N36:4}", "INV", 20260101, 1679615, "ZZZZ");
    assert_writes("{N36:4}", "INV", 20260101, 1679616, "10000");
    assert_writes("{N36}", "INV", 20260101, DOCKET_NUMBER_MAX, "9UGXNORJLR");
    assert_writes("{N36:10}", "INV", 20260101, DOCKET_NUMBER_MAX, "9UGXNORJLR");
}

static void text_may_stand_on_both_sides_of_the_number(void **state)
{
    (void)state;
    assert_writes("A/{N:2}/{YY}-{DD}.{MM}_z", "INV", 20260307, 5, "A/05/26-07.03_z");
    assert_writes("{N}-{SERIES}", "R2", 20260101, 12, "12-R2");
}

static void digits_may_stand_beside_the_number(void **state)
{
    (void)state; /* whether texts can then be alike is for the collision proof */
    assert_writes("{YYYY}{N:6}", "X", 20261231, 3, "2026000003");
    assert_writes("{N:3}{MM}", "X", 20261231, 3, "00312");
    assert_writes("{SERIES}{N:4}1", "R2", 20261231, 3, "R200031");
}

static void dates_are_shown_in_each_of_their_parts(void **state)
{
    (void)state;
    assert_writes("{YYYY}/{YY}/{MM}/{DD}/{Q}/{DDD}/{N}", "X", 20240229, 3, "2024/24/02/29/1/060/3");
    assert_writes("{Q}{DDD}-{N}", "X", 20241231, 3, "4366-3");
    assert_writes("9{YYYY}{MM}{DD}{YY}0-{N}", "X", 20261231, 3, "920261231260-3");
}

static void a_week_is_shown_with_the_year_that_it_belongs_to(void **state)
{
    (void)state;
    assert_writes("{GGGG}-W{WW}-{N}", "X", 20241230, 3, "2025-W01-3");
    assert_writes("{GG}{WW}-{YYYY}-{N}", "X", 20210103, 3, "2053-2021-3");
    assert_writes("{GGGG}{WW}/{N}", "X", 20261231, 3, "202653/3");
}

static void a_fiscal_year_is_shown_in_each_of_its_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *template, *march, *april;
    } shapes[] = {
        {"{FY:2025-26}/{N}", "2025-26/1", "2026-27/1"}, {"{FY:25-26}/{N}", "25-26/1", "26-27/1"},
        {"{FY:2526}/{N}", "2526/1", "2627/1"},          {"{FY:2025-2026}/{N}", "2025-2026/1", "2026-2027/1"},
        {"{FY:20252026}/{N}", "20252026/1", "20262027/1"}, {"{FY:2025}/{N}", "2025/1", "2026/1"},
        {"{FY:25}/{N}", "25/1", "26/1"},                {"{FY:2026}/{N}", "2026/1", "2027/1"},
        {"{FY:26}/{N}", "26/1", "27/1"},                {"{FY:2025/26}-{N}", "2025/26-1", "2026/27-1"},
        {"{FY:202526}/{N}", "202526/1", "202627/1"},    {"{FY:25.2026}/{N}", "25.2026/1", "26.2027/1"},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        assert_fiscal(shapes[i].template, &april, 20260331, shapes[i].march);
        assert_fiscal(shapes[i].template, &april, 20260401, shapes[i].april);
    }
    assert_fiscal("{FY:2025-26}/{N}", &april, 20000331 + 990000, "2098-99/1");
    assert_fiscal("{FY:2025-26}/{N}", &april, 20991231, "2099-00/1");
    assert_fiscal("{FY:2025-26}/{N}", &last_saturday_of_january, 20260131, "2025-26/1");
    assert_fiscal("{FY:2025-26}/{N}", &last_saturday_of_january, 20260201, "2026-27/1");
    assert_fiscal("{FY:2025}/{N}", &january, 20260131, "2026/1");
}

static void texts_of_the_series_stand_where_their_tokens_are(void **state)
{
    (void)state;
    struct dk_texts texts = {"acme", "RE", "branch=VIE till=03"};
    struct dk_template resolved = resolve("{PREFIX}{FIELD:branch}/{TENANT}.{FIELD:till}-{SERIES}-{N:3}", &texts, &january);
    assert_string_equal(resolved.text, "REVIE/acme.03-{SERIES}-{N:3}");
    assert_text(&resolved, "inv", 0, 7, "REVIE/acme.03-inv-007");
    texts.prefix = "";
    resolved = resolve("{PREFIX}-{N:3}", &texts, &january);
    assert_string_equal(resolved.text, "{SERIES}-{N:3}");
    assert_text(&resolved, "inv", 0, 7, "inv-007");
}

static void a_template_knows_whether_it_shows_a_date_and_has_check_digits(void **state)
{
    (void)state;
    assert_false(parse("{SERIES}-{N}").dated);
    assert_true(parse("{YY}-{N}").dated);
    assert_true(parse("{N}-{FY:2526}").dated);
    assert_true(parse("{N}{LUHN}").checked);
    assert_false(parse("{N}").checked);
}

static void sizes_count_the_digits_of_the_last_number(void **state)
{
    (void)state;
    struct dk_template parsed = parse("{SERIES}-{YYYY}{MM}{DD}-{N:6}");
    assert_int_equal(dk_template_size(&parsed, "INV", DOCKET_NUMBER_MAX), 3 + 1 + 8 + 1 + 15 + 1);
    assert_int_equal(dk_template_size(&parsed, "INV", 999999), 3 + 1 + 8 + 1 + 6 + 1);
    assert_int_equal(dk_template_size(&parsed, "INV", 1000000), 3 + 1 + 8 + 1 + 7 + 1);
    assert_int_equal(dk_template_widest(&parsed), 999999);
    assert_int_equal(dk_template_digits(&parsed, 1), 6);
    assert_int_equal(dk_template_digits(&parsed, 12345678), 8);
    parsed = parse("{N36:3}{MOD97}");
    assert_int_equal(dk_template_widest(&parsed), 46655);
    assert_int_equal(dk_template_size(&parsed, "INV", 46656), 4 + 2 + 1);
    parsed = parse("{N36:10}");
    assert_int_equal(dk_template_widest(&parsed), DOCKET_NUMBER_MAX);
    parsed = parse("{N:15}");
    assert_int_equal(dk_template_widest(&parsed), DOCKET_NUMBER_MAX);
}

/* ---- refusals ---- */

static void a_template_without_a_number_is_refused_at_its_end(void **state)
{
    (void)state;
    assert_refused("", 1, "put {N:6} where the number shall stand");
    assert_refused("INV-{YYYY}", 11, "it ends without a number");
}

static void a_second_number_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_refused("{N}-{N}", 5, "a second number");
    assert_refused("{N:3}-{N36:4}", 7, "a second number");
}

static void an_unknown_token_is_refused_with_what_was_meant(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned at;
        const char *remedy;
    } cases[] = {
        {"{SERIES}-{YYYYY}-{N:6}", 10, "no such token {YYYYY}; for a year write {YYYY} or {YY}"},
        {"A-{year}-{N}", 3, "for a year write {YYYY} or {YY}"},
        {"A-{HH}-{N}", 3, "a time of day cannot be shown"},
        {"{}-{N}", 1, "no such token {}; there are {SERIES}"},
        {"{n}", 1, "tokens have capital letters: {N}"},
        {"{series}-{N}", 1, "tokens have capital letters: {SERIES}"},
        {"{SERIE}-{N}", 1, "did you mean {SERIES}?"},
        {"{TENNANT}-{N}", 1, "did you mean {TENANT}?"},
        {"{MMM}-{N}", 1, "for a month write {MM}"},
        {"{WEEK}-{N}", 1, "for a week write {GGGG}{WW}"},
        {"{FY}-{N}", 1, "such as {FY:2025-26}"},
        {"{DATE}-{N}", 1, "{YYYY}{MM}{DD}"},
        {"{00000}", 1, "for the number write {N:6}"},
        {"{####}", 1, "for the number write {N:6}"},
        {"{SEQ:6}", 1, "no such token {SEQ:6}; for the number write {N:6}"},
        {"{FIELD}{N}", 1, "{FIELD:branch}"},
        {"{N}{MOD96}", 4, "did you mean {MOD97}?"},
        {"{N}{CHECKSUM}", 4, "for a check digit write"},
        {"{ N}", 1, "no such token { N}; there are"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].text, cases[i].at, cases[i].remedy);
}

static void a_colon_where_none_belongs_is_refused(void **state)
{
    (void)state;
    assert_refused("{YYYY:4}-{N}", 6, "{YYYY} has nothing after a colon");
    assert_refused("{N}{LUHN:1}", 9, "write {LUHN}");
}

static void an_unclosed_or_stray_brace_is_refused_where_it_stands(void **state)
{
    (void)state;
    assert_refused("A-{N", 3, "this { has no }");
    assert_refused("{{N}", 1, "this { has no }");
    assert_refused("{N}-{", 5, "this { has no }");
    assert_refused("{SERIES-{N}", 1, "this { has no }");
    assert_refused("A}-{N}", 2, "this } closes no {");
}

static void a_width_outside_its_limits_is_refused_where_it_stands(void **state)
{
    (void)state;
    static const char *const bad[] = {"0", "16", "", "06", "x", "-1", "6:6", "100", " 6", "6 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[24];
        snprintf(text, sizeof text, "AB-{N:%s}", bad[i]);
        assert_refused(text, 7, "the width of {N} must be 1 to 15");
    }
    assert_refused("{N36:11}", 6, "the width of {N36} must be 1 to 10");
    assert_refused("{N36:0}", 6, "1 to 10");
}

static void a_fiscal_year_of_another_shape_is_refused_where_it_stands(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "2024-25", "2025-", "-26", "25--26", "2025-27", "2025A26", "26-25", "2026-27", "2025 26", "202", "252"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[32];
        snprintf(text, sizeof text, "{FY:%s}-{N}", bad[i]);
        assert_refused(text, 5, "{FY:2025-26}");
    }
}

static void check_digits_stand_behind_the_number_and_once(void **state)
{
    (void)state;
    assert_refused("{LUHN}{N}", 1, "put them behind the number");
    assert_refused("{N}{LUHN}{MOD97}", 10, "a second token of check digits");
}

static void a_character_outside_the_safe_set_is_refused_where_it_stands(void **state)
{
    (void)state;
    const char *bad = " !\"#$%&'()*+,:;<=>?@[\\]^`|~\t\n\x7f\x80\xff";
    for (const char *at = bad; *at; at++) {
        char text[] = {'A', '-', *at, '{', 'N', '}', 0};
        assert_refused(text, 3, "may not stand in a document number");
        assert_null(strpbrk(strchr(dk_error_text(), '\n') + 1, "\t\x7f\x80\xff"));
    }
}

static void a_template_of_64_characters_is_read_and_of_65_is_not(void **state)
{
    (void)state;
    char text[DK_TEMPLATE_TEXT + 1];
    memset(text, 'A', sizeof text);
    memcpy(text + 61, "{N}", 4);
    struct dk_template parsed = parse(text);
    assert_int_equal(dk_template_size(&parsed, "X", DOCKET_NUMBER_MAX), 61 + 15 + 1);
    memset(text, 'A', sizeof text);
    memcpy(text + 62, "{N}", 4);
    assert_refused(text, 65, "longer than 64 characters");
}

static void twenty_five_pieces_are_one_too_many(void **state)
{
    (void)state;
    struct dk_template parsed = parse("{N}{Q}{Q}{Q}{Q}{Q}{Q}{Q}{Q}{Q}{Q}{Q}-{Q}-{Q}-{Q}");
    assert_int_equal(parsed.count, 18);
    parsed = parse("{N}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1");
    assert_int_equal(parsed.count, 24);
    assert_refused("{N}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}1{Q}", 49, "more than 24 pieces");
}

static void assert_unresolved(const char *text, const char *prefix, const char *fields, unsigned position, const char *words)
{
    struct dk_template parsed = parse(text), resolved;
    struct dk_texts texts = {"acme", prefix, fields};
    memset(&resolved, 0x5a, sizeof resolved);
    struct dk_template before = resolved;
    assert_int_equal(dk_template_resolve(&parsed, &texts, &january, &resolved), DOCKET_BAD_POLICY);
    assert_caret(text, position);
    if (strstr(dk_error_text(), words) == NULL)
        fail_msg("\"%s\": wanted \"%s\", got: %s", text, words, dk_error_text());
    assert_memory_equal(&resolved, &before, sizeof resolved);
}

static void a_field_that_is_not_there_or_not_well_written_is_refused(void **state)
{
    (void)state;
    assert_refused("{FIELD:}-{N}", 8, "the name of a field has 1 to 16 characters");
    assert_refused("{FIELD:A}-{N}", 8, "has only a-z 0-9 _");
    assert_refused("{FIELD:a-b}-{N}", 9, "the name of a field has only");
    assert_refused("{FIELD:abcdefghijklmnopq}-{N}", 8, "1 to 16 characters");
    assert_unresolved("{FIELD:shop}-{N}", "", "", 8, "the series has no field shop; set fields=shop=VALUE");
    assert_unresolved("{FIELD:shop}-{N}", "", "shop1=A sho=B", 8, "the series has no field shop");
    assert_unresolved("{N}", "", "shop", 5, "a field is written as name=value");
    assert_unresolved("{N}", "", "shop=", 6, "the value of a field is of");
    assert_unresolved("{N}", "", "shop=A=B", 7, "the value of a field is of");
    assert_unresolved("{N}", "", "a=1 =2", 5, "a field is written as name=value");
    assert_unresolved("{N}", "", "a=1 a=2", 5, "this field is there twice");
    assert_unresolved("{N}", "A B", "", 2, "may stand in a document number");
    struct dk_texts texts = {"acme", "", "  a=1   b=2 "};
    struct dk_template resolved = resolve("{FIELD:b}{FIELD:a}-{N}", &texts, &january);
    assert_string_equal(resolved.text, "21-{N}");
}

static void what_the_board_has_no_room_for_is_refused(void **state)
{
    (void)state;
    struct dk_texts texts = {"acme", "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", ""};
    struct dk_template resolved = resolve("{PREFIX}-0123456789012345678901234{N:6}", &texts, &january);
    struct dk_form form;
    dk_form_pack(&resolved, &form);
    assert_int_equal(form.bytes, 60);
    assert_unresolved("{PREFIX}-01234567890123456789012345{N:6}", texts.prefix, "", 1, "61 characters and tokens; the limit is 60");
    assert_unresolved("{PREFIX}{PREFIX}{PREFIX}{N:6}", texts.prefix, "", 1, "98 characters");
}

/* ---- forms ---- */

static void a_form_gives_the_same_template_back(void **state)
{
    (void)state;
    static const char *const templates[] = {
        "{N}", "{SERIES}-{YYYY}{MM}{DD}-{N:6}", "{PREFIX}/{FY:2025-26}/{N:4}", "{FY:2526}{N36:5}{MOD97}-{Q}{DDD}{GGGG}{GG}{WW}",
        "A{FY:2025}-{FY:26}{N:15}{FINNISH}z", "{FY:26}{FY:25}-{N}", "{FY:2025}{FY:25}-{N}{SWISS}.{YY}",
    };
    static const char *const texts_of[] = {
        "{N}", "{SERIES}-{YYYY}{MM}{DD}-{N:6}", "{SERIES}/{FY:2025-26}/{N:4}", "{FY:2526}{N36:5}{MOD97}-{Q}{DDD}{GGGG}{GG}{WW}",
        "A{FY:2025-26}{N:15}{FINNISH}z", "{FY:26}{FY:25}-{N}", "{FY:2025}{FY:25}-{N}{SWISS}.{YY}",
    };
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        struct dk_template resolved = resolve(templates[i], &plain, &april), again;
        struct dk_form form, second;
        assert_string_equal(resolved.text, texts_of[i]);
        dk_form_pack(&resolved, &form);
        assert_true(dk_form_unpack(&form, &again));
        assert_memory_equal(&again, &resolved, sizeof again);
        dk_form_pack(&again, &second);
        assert_memory_equal(&form, &second, sizeof form);
    }
}

static struct dk_form form_of(const char *code, size_t bytes)
{
    struct dk_form form = {.bytes = (uint8_t)bytes};
    memcpy(form.code, code, bytes < sizeof form.code ? bytes : sizeof form.code);
    return form;
}

static void a_form_that_nothing_packs_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        size_t bytes;
    } bad[] = {
        {"", 0},                    /* nothing */
        {"A", 1},                   /* no number */
        {"\x92", 1},                /* no width */
        {"\x92\x80", 2},            /* width 0 */
        {"\x92\x90", 2},            /* width 16 */
        {"\x93\x8b", 2},            /* base 36, width 11 */
        {"\x92" "A", 2},            /* a width that is none */
        {"\x92\x81\x92\x81", 4},    /* two numbers */
        {"\x92\x81\x93\x81", 4},
        {"A \x92\x81", 4},          /* a blank */
        {"{N}\x92\x81", 5},
        {"\x80" "A\x92\x81", 4},    /* literal, tenant, prefix and field are no tokens of a form */
        {"\x82\x92\x81", 3}, {"\x83\x92\x81", 3}, {"\x84\x92\x81", 3},
        {"\x99\x92\x81", 3},        /* no such kind */
        {"\xff\x92\x81", 3},
        {"\x94\x92\x81", 3},        /* check digits before the number, and twice */
        {"\x92\x81\x94\x95", 4},
        {"\x92\x81" "A", 2 + 0},    /* bytes behind the end: set below */
    };
    struct dk_template resolved;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct dk_form form = form_of(bad[i].code, bad[i].bytes);
        if (i + 1 == sizeof bad / sizeof bad[0])
            form.code[2] = 'A';
        if (dk_form_unpack(&form, &resolved))
            fail_msg("form %zu was taken as %s", i, resolved.text);
    }
    struct dk_form form = form_of("\x92\x81", 2);
    assert_true(dk_form_unpack(&form, &resolved));
    form.bytes = DK_FORM_CODE + 1;
    assert_false(dk_form_unpack(&form, &resolved));
    const struct dk_fiscal no_years[] = {{DK_FISCAL_RULE_COUNT, 0, 0}, {0, 12, 0}, {0, 0, 1}, {DK_FISCAL_LAST, 0, 7}};
    for (size_t i = 0; i < sizeof no_years / sizeof no_years[0]; i++) {
        form = form_of("\x92\x81", 2);
        form.fiscal = no_years[i];
        assert_false(dk_form_unpack(&form, &resolved));
    }
    char many[] = "\x92\x81\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85\x85";
    form = form_of(many, 26); /* 25 pieces */
    assert_false(dk_form_unpack(&form, &resolved));
    form = form_of(many, 25); /* 24, but their text is too long for a template that anybody writes */
    assert_false(dk_form_unpack(&form, &resolved));
}

/* ---- texts that follow each other ---- */

/* Each as dk_rendered_write() has it, and not a byte of the buffer behind it is touched. */
static void assert_follows(const struct dk_rendered *rendered, struct dk_written *before, uint64_t number)
{
    char wanted[DOCKET_TEXT_MAX + 1], text[DOCKET_TEXT_MAX + 1];
    memset(wanted, 'x', sizeof wanted);
    memset(text, 'x', sizeof text);
    dk_rendered_write(rendered, number, wanted);
    dk_rendered_follow(rendered, before, number, text);
    if (memcmp(wanted, text, sizeof text) != 0)
        fail_msg("%llu follows as %s, not as %s", (unsigned long long)number, text, wanted);
}

static void a_text_that_follows_another_is_the_text_of_its_number(void **state)
{
    static const char *const shapes[] = {"{N:1}",        "{N:2}",          "A{N:1}",           "{SERIES}-{N:6}",
                                         "{N:6}-{SERIES}", "{N36:4}",      "{SERIES}{N:5}{LUHN}", "{SERIES}-{YYYY}{MM}{DD}-{N:6}",
                                         "{SERIES}-0123456789-0123456789-{YYYY}{MM}{DD}-{N:6}-END"};
    static const uint64_t starts[] = {1, 95, 199, 995, 9995, 999995, 4294967290, DOCKET_NUMBER_MAX - 120};
    (void)state;
    for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
        struct dk_template resolved = resolve(shapes[shape], &plain, &january);
        struct dk_rendered rendered;
        struct dk_written before = {.hundreds = 0};
        dk_template_render(&resolved, "INV", 20250725, &rendered);
        for (size_t start = 0; start < sizeof starts / sizeof *starts; start++)
            for (uint64_t number = starts[start]; number < starts[start] + 120; number++) {
                assert_follows(&rendered, &before, number);
                assert_follows(&rendered, &before, number / 100 * 100 + (number * 7 + 1) % 99 + 1); /* any of its hundred */
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_template_writes_series_date_and_six_digits),
        cmocka_unit_test(a_number_longer_than_its_width_grows),
        cmocka_unit_test(a_number_without_a_width_has_no_zeros_before_it),
        cmocka_unit_test(each_count_of_digits_is_written_at_each_width),
        cmocka_unit_test(base_36_counts_in_digits_and_capitals),
        cmocka_unit_test(text_may_stand_on_both_sides_of_the_number),
        cmocka_unit_test(digits_may_stand_beside_the_number),
        cmocka_unit_test(dates_are_shown_in_each_of_their_parts),
        cmocka_unit_test(a_week_is_shown_with_the_year_that_it_belongs_to),
        cmocka_unit_test(a_fiscal_year_is_shown_in_each_of_its_shapes),
        cmocka_unit_test(texts_of_the_series_stand_where_their_tokens_are),
        cmocka_unit_test(a_template_knows_whether_it_shows_a_date_and_has_check_digits),
        cmocka_unit_test(sizes_count_the_digits_of_the_last_number),
        cmocka_unit_test(a_template_without_a_number_is_refused_at_its_end),
        cmocka_unit_test(a_second_number_is_refused_where_it_stands),
        cmocka_unit_test(an_unknown_token_is_refused_with_what_was_meant),
        cmocka_unit_test(a_colon_where_none_belongs_is_refused),
        cmocka_unit_test(an_unclosed_or_stray_brace_is_refused_where_it_stands),
        cmocka_unit_test(a_width_outside_its_limits_is_refused_where_it_stands),
        cmocka_unit_test(a_fiscal_year_of_another_shape_is_refused_where_it_stands),
        cmocka_unit_test(check_digits_stand_behind_the_number_and_once),
        cmocka_unit_test(a_character_outside_the_safe_set_is_refused_where_it_stands),
        cmocka_unit_test(a_template_of_64_characters_is_read_and_of_65_is_not),
        cmocka_unit_test(twenty_five_pieces_are_one_too_many),
        cmocka_unit_test(a_field_that_is_not_there_or_not_well_written_is_refused),
        cmocka_unit_test(a_text_that_follows_another_is_the_text_of_its_number),
        cmocka_unit_test(what_the_board_has_no_room_for_is_refused),
        cmocka_unit_test(a_form_gives_the_same_template_back),
        cmocka_unit_test(a_form_that_nothing_packs_is_refused),
    };
    return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
