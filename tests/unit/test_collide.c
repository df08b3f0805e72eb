/* SPDX-License-Identifier: MIT */
/* links: base/status.c numbering/collide.c */
/* Which shapes may stand together, and which not: known pairs, the edges of the
 * proof, shapes that people use, and what the proof costs. Random pairs against
 * brute force are in test_collide_random.c. */
#include "shape_fixture.h"
#include "shapes.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define SHAPE(...) ((struct wanted_shape){.template_text = __VA_ARGS__})

static void assert_meet(struct wanted_shape left, struct wanted_shape right, bool wanted)
{
    for (int turn = 0; turn < 2; turn++) { /* either way round */
        struct dk_collision found;
        struct made_shape a, b;
        if (!make_shape(&a, turn ? right : left) || !make_shape(&b, turn ? left : right))
            fail_msg("%s, %s: %s", left.template_text, right.template_text, dk_error_text());
        bool meet = dk_shapes_meet(&a.shape, &b.shape, &found);
        if (meet != wanted)
            fail_msg("%s and %s: %s", left.template_text, right.template_text,
                     !meet          ? "kept apart"
                     : found.shown ? found.text[0]
                                   : "refused without an example");
        const char *fault = !meet ? NULL : found.shown ? example_fault(&a.shape, &b.shape, &found, false) : "no example";
        if (fault)
            fail_msg("%s and %s: %s (%s, %s)", left.template_text, right.template_text, fault, found.text[0], found.text[1]);
    }
}

static void assert_repeats(struct wanted_shape wanted, bool repeats)
{
    struct dk_collision found;
    struct made_shape made;
    if (!make_shape(&made, wanted))
        fail_msg("%s: %s", wanted.template_text, dk_error_text());
    if (dk_shape_repeats(&made.shape, &found) != repeats)
        fail_msg("%s restarting %s: %s", wanted.template_text, dk_restart_name(wanted.restart),
                 repeats ? "accepted" : found.text[0]);
    const char *fault = !repeats ? NULL : found.shown ? example_fault(&made.shape, &made.shape, &found, true) : "no example";
    if (fault)
        fail_msg("%s: %s", wanted.template_text, fault);
}

static void assert_follows(struct wanted_shape older, struct wanted_shape newer, bool collide)
{
    struct dk_collision found;
    struct made_shape a, b;
    if (!make_shape(&a, older) || !make_shape(&b, newer))
        fail_msg("%s, %s: %s", older.template_text, newer.template_text, dk_error_text());
    if (dk_shape_follows(&a.shape, &b.shape, &found) != collide)
        fail_msg("%s after %s: %s", newer.template_text, older.template_text, collide ? "accepted" : "refused");
    const char *fault = !collide ? NULL : found.shown ? example_fault(&a.shape, &b.shape, &found, true) : "no example";
    if (fault)
        fail_msg("%s after %s: %s", newer.template_text, older.template_text, fault);
}

/* ---- one series ---- */

static void a_series_that_shows_its_period_repeats_nothing(void **state)
{
    (void)state;
    assert_repeats(SHAPE("{YYYY}{N:6}", .restart = DK_YEARLY), false);
    assert_repeats(SHAPE("{YY}-{N}", .restart = DK_YEARLY), false); /* within the supported century */
    assert_repeats(SHAPE("{YY}{MM}-{N}", .restart = DK_MONTHLY), false);
    assert_repeats(SHAPE("{YY}{Q}-{N}", .restart = DK_QUARTERLY), false);
    assert_repeats(SHAPE("{YYYY}{MM}-{N}", .restart = DK_QUARTERLY), false);
    assert_repeats(SHAPE("{YY}{DDD}-{N}", .restart = DK_DAILY), false);
    assert_repeats(SHAPE("{YY}{MM}{DD}-{N}", .restart = DK_WEEKLY), false);
    assert_repeats(SHAPE("{GG}W{WW}-{N}", .restart = DK_WEEKLY), false);
    assert_repeats(SHAPE("{FY:25-26}/{N}", .restart = DK_FISCAL, .fiscal = "april"), false);
    assert_repeats(SHAPE("{FY:26}/{N}", .restart = DK_FISCAL, .fiscal = "last-saturday-january"), false);
    assert_repeats(SHAPE("{YYYY}/{N}", .restart = DK_FISCAL), false); /* a fiscal year from January */
    assert_repeats(SHAPE("{YYYY}{MM}/{N}", .restart = DK_FISCAL, .fiscal = "april"), false);
    assert_repeats(SHAPE("{N}", .restart = DK_NEVER), false);
    assert_repeats(SHAPE("{DD}-{N}", .restart = DK_NEVER), false);
}

static void a_series_that_does_not_show_its_period_repeats(void **state)
{
    (void)state;
    assert_repeats(SHAPE("{SERIES}-{N}", .restart = DK_YEARLY), true);
    assert_repeats(SHAPE("{MM}{DD}-{N}", .restart = DK_DAILY), true);
    assert_repeats(SHAPE("{YYYY}-{N}", .restart = DK_MONTHLY), true);
    assert_repeats(SHAPE("{YYYY}{DD}-{N}", .restart = DK_DAILY), true);
    assert_repeats(SHAPE("{DDD}-{N}", .restart = DK_DAILY), true);
    assert_repeats(SHAPE("{YYYY}{MM}-{N}", .restart = DK_WEEKLY), true);
    assert_repeats(SHAPE("{Q}-{N}", .restart = DK_QUARTERLY), true);
    assert_repeats(SHAPE("{N}", .restart = DK_DAILY), true);
}

static void a_week_shown_with_the_calendar_year_repeats(void **state)
{
    (void)state; /* 2024-12-30 is in week 1 of 2025, and so 2024-W01 would come twice */
    assert_repeats(SHAPE("{YYYY}-W{WW}-{N}", .restart = DK_WEEKLY), true);
    assert_repeats(SHAPE("{GGGG}-{N}", .restart = DK_YEARLY), true);
    assert_repeats(SHAPE("{GGGG}-W{WW}-{N}", .restart = DK_YEARLY), true);
    assert_repeats(SHAPE("{GGGG}{MM}-{N}", .restart = DK_YEARLY), true); /* January of 2004, and 2005-01-01 */
    assert_repeats(SHAPE("{GGGG}{WW}{MM}-{N}", .restart = DK_YEARLY), false);
}

static void a_fiscal_year_over_a_calendar_restart_repeats(void **state)
{
    (void)state;
    assert_repeats(SHAPE("{FY:25-26}/{N}", .restart = DK_YEARLY, .fiscal = "april"), true);
    assert_repeats(SHAPE("{YYYY}/{N}", .restart = DK_FISCAL, .fiscal = "april"), true);
    assert_repeats(SHAPE("{FY:2026}{MM}/{N}", .restart = DK_YEARLY, .fiscal = "april"), false);
    /* Days of two fiscal years in one month. */
    assert_repeats(SHAPE("{YYYY}{MM}/{N}", .restart = DK_FISCAL, .fiscal = "last-saturday-january"), true);
}

static void the_last_days_of_the_century_can_be_in_a_fiscal_year_00(void **state)
{
    (void)state; /* 2099-12-31 is in the fiscal year 2100, 2001-01-01 in 2000 */
    assert_repeats(SHAPE("{FY:26}/{N}", .restart = DK_FISCAL, .fiscal = "nearest-wednesday-december"), true);
    assert_repeats(SHAPE("{FY:2026}/{N}", .restart = DK_FISCAL, .fiscal = "nearest-wednesday-december"), false);
}

static void each_restart_is_told_apart_by_what_it_is(void **state)
{
    (void)state; /* the smallest sets of tokens, and each with one of them left out */
    const struct {
        enum dk_restart restart;
        const char *tokens[3];
    } rows[] = {
        {DK_YEARLY, {"{YY}"}},           {DK_MONTHLY, {"{YY}", "{MM}"}}, {DK_DAILY, {"{YY}", "{MM}", "{DD}"}},
        {DK_DAILY, {"{YY}", "{DDD}"}},   {DK_QUARTERLY, {"{YY}", "{Q}"}}, {DK_WEEKLY, {"{GG}", "{WW}"}},
        {DK_FISCAL, {"{FY:25}"}},
    };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        for (int left_out = -1; left_out < 3; left_out++) {
            char text[DK_TEMPLATE_TEXT] = "";
            if (left_out >= 0 && rows[row].tokens[left_out] == NULL)
                continue;
            for (int at = 0; at < 3; at++) {
                if (at != left_out && rows[row].tokens[at] != NULL)
                    snprintf(text + strlen(text), sizeof text - strlen(text), "%s-", rows[row].tokens[at]);
            }
            snprintf(text + strlen(text), sizeof text - strlen(text), "{N}");
            assert_repeats(SHAPE(text, .restart = rows[row].restart, .fiscal = "july"), left_out >= 0);
        }
    }
}

/* ---- two series ---- */

static void series_with_their_names_in_front_keep_apart(void **state)
{
    (void)state;
    assert_meet(SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:6}"), SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:6}", "CRN"), false);
    assert_meet(SHAPE("{SERIES}-{N}"), SHAPE("{SERIES}-{N}", "INV2"), false);
    assert_meet(SHAPE("{N}-{SERIES}"), SHAPE("{N}-{SERIES}", "CRN"), false);
}

static void small_and_capital_letters_are_one(void **state)
{
    (void)state;
    assert_meet(SHAPE("{SERIES}-{YYYY}-{N}"), SHAPE("{SERIES}-{YYYY}-{N}", "inv"), true);
    assert_meet(SHAPE("A{N}"), SHAPE("{SERIES}{N}", "a"), true);
    assert_meet(SHAPE("a{N36:2}"), SHAPE("AB{N:1}"), true);
}

static void a_name_that_ends_in_digits_runs_into_the_number(void **state)
{
    (void)state;
    assert_meet(SHAPE("{SERIES}{N}"), SHAPE("{SERIES}{N}", "INV2"), true);
    assert_meet(SHAPE("{SERIES}{N:6}"), SHAPE("{SERIES}{N:6}", "INV2", .last = 999999), true); /* INV2000001, seven digits */
    assert_meet(SHAPE("{SERIES}{N:6}", .last = 999999), SHAPE("{SERIES}{N:6}", "INV2", .last = 999999), false);
    assert_meet(SHAPE("{SERIES}{YY}{N:4}"), SHAPE("{SERIES}{N:6}"), true);
}

static void a_longer_width_meets_a_shorter_one_where_it_widens(void **state)
{
    (void)state;
    assert_meet(SHAPE("A{N:3}"), SHAPE("A{N:5}"), true);
    assert_meet(SHAPE("A{N:3}", .last = 9999), SHAPE("A{N:5}"), false);
    assert_meet(SHAPE("A{N:3}", .last = 10000), SHAPE("A{N:5}"), true);
    assert_meet(SHAPE("A{N:3}", .last = 10000), SHAPE("A{N:5}", .last = 9999), false);
    assert_meet(SHAPE("A{N:15}"), SHAPE("A{N:15}"), true);
    assert_meet(SHAPE("A{N:15}"), SHAPE("A{N:14}", .last = 99999999999999), false);
}

static void zeros_lead_only_within_the_width(void **state)
{
    (void)state;
    assert_meet(SHAPE("A0{N:2}"), SHAPE("A{N:2}"), false);
    assert_meet(SHAPE("A0{N:2}"), SHAPE("A{N:3}"), true);
    assert_meet(SHAPE("A00{N}"), SHAPE("A{N:3}"), true);
    assert_meet(SHAPE("A00{N}", .last = 9), SHAPE("A{N:4}"), false);
}

static void there_is_no_number_zero(void **state)
{
    (void)state;
    assert_meet(SHAPE("A{N:1}-00"), SHAPE("A1-{N:2}"), false);
    assert_meet(SHAPE("A{N:1}-01"), SHAPE("A1-{N:2}"), true);
    assert_meet(SHAPE("A9{N:2}"), SHAPE("A{N:3}", .last = 899), false);
    assert_meet(SHAPE("A9{N:2}"), SHAPE("A{N:3}", .last = 900), false); /* A900 would be the other's 0 */
    assert_meet(SHAPE("A9{N:2}"), SHAPE("A{N:3}", .last = 901), true);
}

static void numbers_end_at_the_last_one(void **state)
{
    (void)state;
    assert_meet(SHAPE("{YYYY}{N:4}"), SHAPE("{N:8}", .last = 20010000), false);
    assert_meet(SHAPE("{YYYY}{N:4}"), SHAPE("{N:8}", .last = 20010001), true);
    assert_meet(SHAPE("{YYYY}-{N}"), SHAPE("{N:4}-1", .last = 2000), false);
    assert_meet(SHAPE("{YYYY}-{N}"), SHAPE("{N:4}-1", .last = 2001), true);
    assert_meet(SHAPE("{N:2}{DD}", .last = 12), SHAPE("{MM}{N:2}", .last = 31), true);
    assert_meet(SHAPE("13{N:2}"), SHAPE("{MM}{N:2}", .last = 99), false);
    assert_meet(SHAPE("{N:2}99", .last = 99), SHAPE("{MM}{N:2}", .last = 98), false);
}

static void both_bounds_hold_for_digits_that_are_shared(void **state)
{
    (void)state; /* texts A1dd: as 1dd it must be at most 150, as dd5 ... */
    assert_meet(SHAPE("A1{N:2}", .last = 49), SHAPE("A{N:3}", .last = 150), true);
    assert_meet(SHAPE("A{N:2}5", .last = 99), SHAPE("A9{N:2}", .last = 4), false);
    assert_meet(SHAPE("A{N:2}5", .last = 99), SHAPE("A9{N:2}", .last = 5), true);
    assert_meet(SHAPE("A{N:1}{YY}", .last = 9), SHAPE("A{N:2}0", .last = 19), true);
    assert_meet(SHAPE("A{N:1}{DD}", .last = 9), SHAPE("A{N:2}5", .last = 9), false);
}

static void dates_meet_only_where_a_calendar_has_both(void **state)
{
    (void)state;
    assert_meet(SHAPE("{MM}{DD}-{N}"), SHAPE("0229-{N}"), true);
    assert_meet(SHAPE("{MM}{DD}-{N}"), SHAPE("0230-{N}"), false);
    assert_meet(SHAPE("{YYYY}{MM}{DD}-{N}"), SHAPE("20250229-{N}"), false);
    assert_meet(SHAPE("{YYYY}{MM}{DD}-{N}"), SHAPE("20240229-{N}"), true);
    assert_meet(SHAPE("{YYYY}{MM}{DD}-{N}"), SHAPE("21010101-{N}"), false);
    assert_meet(SHAPE("Q{Q}-{N}"), SHAPE("Q5-{N}"), false);
    assert_meet(SHAPE("{YYYY}{MM}-{N}"), SHAPE("{YYYY}{WW}-{N}"), true);
    assert_meet(SHAPE("{YYYY}{MM}{DD}-{N}"), SHAPE("{YYYY}{DD}{MM}-{N}"), true); /* 2001-01-01 */
    assert_meet(SHAPE("{MM}{DD}{YY}-{N}"), SHAPE("{DDD}366-{N}"), true); /* 3 January 2066; the 10th day */
    assert_meet(SHAPE("{MM}{DD}{YY}-{N}"), SHAPE("0{DDD}01-{N}"), true); /* 2001-01-01; the day 101 */
    assert_meet(SHAPE("{MM}{DD}{YY}-{N}"), SHAPE("0{DDD}00-{N}"), false);
    assert_meet(SHAPE("{MM}{DDD}-{N}"), SHAPE("02061-{N}"), false);
    assert_meet(SHAPE("{MM}{DDD}-{N}"), SHAPE("02060-{N}"), true); /* 29 February */
    assert_meet(SHAPE("{DDD}/{YY}{N:2}"), SHAPE("366/0{N}5", .last = 9), false); /* 2001 to 2009: 04 and 08 ... */
    assert_meet(SHAPE("{DDD}/{YY}{N:2}"), SHAPE("366/0{N:2}5", .last = 99), true);
    assert_meet(SHAPE("{GGGG}{WW}{MM}-{N}"), SHAPE("20255301-{N}"), false);
    assert_meet(SHAPE("{GGGG}{WW}{MM}-{N}"), SHAPE("20265301-{N}"), true); /* 2027-01-01 */
}

static void a_date_can_look_like_a_number(void **state)
{
    (void)state;
    assert_meet(SHAPE("{YYYY}{N:6}"), SHAPE("{N:10}"), true);
    assert_meet(SHAPE("{YYYY}-{N:4}"), SHAPE("{N:4}-{YYYY}"), true);
    assert_meet(SHAPE("{YYYY}-{N:4}", .last = 2000), SHAPE("{N:4}-{YYYY}"), false);
    assert_meet(SHAPE("{FY:25-26}/{N}", .fiscal = "april"), SHAPE("{YY}-{N:2}/1"), true);
    assert_meet(SHAPE("{FY:25-26}/{N}", .fiscal = "april"), SHAPE("25-{N:2}/{YY}", .last = 25), false);
    assert_meet(SHAPE("{FY:25-26}/{N:2}", .fiscal = "april"), SHAPE("25-{N:2}/{YY}", .last = 26), true);
    assert_meet(SHAPE("{FY:2025-26}/{N}", .fiscal = "april"), SHAPE("{YYYY}-{MM}/{N}"), true);
    assert_meet(SHAPE("{FY:2025-26}/{N}", .fiscal = "april"), SHAPE("2026-26/{N}"), false);
}

static void base_36_can_spell_letters(void **state)
{
    (void)state;
    assert_meet(SHAPE("A{N36:3}"), SHAPE("AB{N:2}"), true);
    assert_meet(SHAPE("{N36:6}"), SHAPE("{SERIES}{N:3}"), true);
    assert_meet(SHAPE("{N36:6}"), SHAPE("{SERIES}-{N:2}"), false);
    assert_meet(SHAPE("A{N36:3}", .last = 35 * 36), SHAPE("AZ{N:2}"), false); /* AZ00 would be the other's 0 */
    assert_meet(SHAPE("A{N36:3}", .last = 35 * 36 * 36), SHAPE("AZ{N:2}"), false);
    assert_meet(SHAPE("A{N36:3}", .last = 35 * 36 * 36 + 1), SHAPE("AZ{N:2}"), true);
    assert_meet(SHAPE("A{N36:3}"), SHAPE("A{N:3}"), true);
    assert_meet(SHAPE("A{N36:3}", .last = 36), SHAPE("A{N:3}Z"), false);
    assert_meet(SHAPE("{N36:10}"), SHAPE("{N:15}"), false); /* a longer one than 10 there is not */
}

static void check_digits_that_face_each_other_change_nothing(void **state)
{
    (void)state;
    assert_meet(SHAPE("X{N:4}{LUHN}"), SHAPE("Y{N:4}{LUHN}"), false);
    assert_meet(SHAPE("X{N:4}{LUHN}", .last = 9999), SHAPE("X{YY}{N:2}{LUHN}", .last = 99), true);
    assert_meet(SHAPE("X{N:4}{LUHN}", .last = 99), SHAPE("X{YY}{N:2}{LUHN}", .last = 99), false);
}

static void check_digits_that_face_something_else_are_tried(void **state)
{
    (void)state;
    assert_meet(SHAPE("X{N:4}{LUHN}"), SHAPE("X{N:5}"), true);
    assert_meet(SHAPE("X{N:4}{LUHN}"), SHAPE("X{N:4}{MOD1110}"), true);
    assert_meet(SHAPE("X{N:4}{MOD97}"), SHAPE("X{N:5}{FINNISH}"), true);
    assert_meet(SHAPE("X{N:4}{MOD97}"), SHAPE("X{N:4}{SWISS}7"), true);
    assert_meet(SHAPE("X{N:4}{LUHN}", .last = 9), SHAPE("X000{N}A", .last = 9), false);
    /* 7992739871 has the Luhn digit 3, and no other. */
    assert_meet(SHAPE("{N:10}{LUHN}", .last = 7992739871), SHAPE("7992739871{N}", .last = 2), false);
    assert_meet(SHAPE("{N:10}{LUHN}", .last = 7992739871), SHAPE("7992739871{N}", .last = 3), true);
}

static void a_template_against_itself_meets(void **state)
{
    (void)state;
    for (int at = 0; at < USED_SHAPES; at++) {
        const struct used_shape *used = &used_shapes[at];
        struct wanted_shape wanted = SHAPE(used->template_text, .prefix = used->prefix, .fields = used->fields,
                                           .fiscal = used->fiscal);
        assert_meet(wanted, wanted, true);
    }
}

static void texts_that_no_check_has_seen_prove_nothing(void **state)
{
    (void)state;
    char name[DOCKET_NAME_MAX + 1] = "";
    memset(name, 'S', DOCKET_NAME_MAX);
    struct made_shape a, b;
    struct dk_collision found = {.shown = true};
    assert_true(make_shape(&a, SHAPE("{SERIES}{SERIES}{SERIES}-{N}", name, .restart = DK_DAILY)));
    assert_true(make_shape(&b, SHAPE("A-{N}")));
    assert_true(dk_shapes_meet(&a.shape, &b.shape, &found) && !found.shown);
    assert_true(dk_shapes_meet(&a.shape, &a.shape, &found) && !found.shown);
    assert_true(dk_shape_repeats(&a.shape, &found) && !found.shown);
}

/* ---- one series, whose policy changes ---- */

static void a_changed_width_repeats_no_number(void **state)
{
    (void)state;
    assert_follows(SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:6}", .restart = DK_YEARLY),
                   SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:5}", .restart = DK_YEARLY), false);
    assert_follows(SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:6}", .restart = DK_DAILY),
                   SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:6}", .restart = DK_DAILY), false);
    assert_follows(SHAPE("{SERIES}{N:4}{LUHN}"), SHAPE("{SERIES}{N:6}{LUHN}"), false);
    assert_follows(SHAPE("{N}"), SHAPE("{N:9}"), false);
    assert_follows(SHAPE("20{YY}-{N}", .restart = DK_YEARLY), SHAPE("{YYYY}-{N}", .restart = DK_YEARLY), false);
    assert_follows(SHAPE("A{FY:2025}-{N}", .restart = DK_FISCAL), SHAPE("A{YYYY}-{N}", .restart = DK_FISCAL), false);
    assert_follows(SHAPE("A0{N:5}"), SHAPE("A{N:6}"), false);
}

static void a_changed_prefix_repeats_no_number(void **state)
{
    (void)state;
    assert_follows(SHAPE("{PREFIX}-{YYYY}-{N:6}", .prefix = "A", .restart = DK_YEARLY),
                   SHAPE("{PREFIX}-{YYYY}-{N:6}", .prefix = "B", .restart = DK_YEARLY), false);
    assert_follows(SHAPE("{SERIES}-{YYYY}-{N:6}", .restart = DK_YEARLY),
                   SHAPE("{SERIES}-{YY}-{N:6}", .restart = DK_YEARLY), false);
}

static void a_change_that_would_repeat_a_number_is_seen(void **state)
{
    (void)state;
    assert_follows(SHAPE("{SERIES}-{N:4}"), SHAPE("{SERIES}-{N36:4}"), true);
    assert_follows(SHAPE("{SERIES}-{N:4}", .last = 9), SHAPE("{SERIES}-{N36:4}"), false); /* up to 9 both are one */
    assert_follows(SHAPE("{SERIES}-{N:4}", .last = 10), SHAPE("{SERIES}-{N36:4}"), true);
    assert_follows(SHAPE("{SERIES}{N:5}"), SHAPE("{SERIES}{YY}{N:5}"), true);
    assert_follows(SHAPE("{SERIES}{N:5}", .last = 500), SHAPE("{SERIES}{YY}{N:5}"), false);
    assert_follows(SHAPE("{YYYY}-{N}", .restart = DK_YEARLY), SHAPE("{GGGG}-{N}", .restart = DK_YEARLY), true);
    assert_follows(SHAPE("{YY}{MM}-{N}", .restart = DK_MONTHLY), SHAPE("{MM}{YY}-{N}", .restart = DK_MONTHLY), true);
    assert_follows(SHAPE("{SERIES}1{N:2}"), SHAPE("{SERIES}{N:3}"), true);
    assert_follows(SHAPE("{YY}{N:2}/{MM}"), SHAPE("{YY}{MM}/{N:2}"), true); /* 9 in October, 10 in September */
}

/* ---- shapes that people use ---- */

static void shapes_in_use_repeat_nothing_and_look_as_listed(void **state)
{
    (void)state;
    assert_true(USED_SHAPES >= 40);
    for (int at = 0; at < USED_SHAPES; at++) {
        const struct used_shape *used = &used_shapes[at];
        uint8_t restart;
        char text[DOCKET_TEXT_MAX];
        assert_true(dk_restart_parse(used->restart, &restart));
        struct wanted_shape wanted = SHAPE(used->template_text, .prefix = used->prefix, .fields = used->fields,
                                           .fiscal = used->fiscal, .restart = (enum dk_restart)restart);
        struct made_shape made;
        assert_repeats(wanted, false);
        assert_true(make_shape(&made, wanted));
        write_shape(&made.shape, 20261124, 42, text);
        if (strcmp(text, used->text) != 0)
            fail_msg("%s writes %s, not %s", used->template_text, text, used->text);
    }
}

static bool has_name(const struct used_shape *used)
{
    return strstr(used->template_text, "{SERIES}") || strstr(used->template_text, "{PREFIX}");
}

static void shapes_in_use_with_different_prefixes_keep_apart(void **state)
{
    (void)state;
    unsigned pairs = 0;
    for (int i = 0; i < USED_SHAPES; i++) {
        for (int j = 0; j < USED_SHAPES; j++) {
            const struct used_shape *one = &used_shapes[i], *other = &used_shapes[j];
            char prefix[DK_PREFIX_BYTES];
            if (!has_name(one) || !has_name(other))
                continue;
            snprintf(prefix, sizeof prefix, "%s", other->prefix);
            prefix[0] = !prefix[0] ? 0 : prefix[0] >= 'A' ? 'Z' : '9';
            assert_meet(SHAPE(one->template_text, "INV", one->prefix, one->fields, one->fiscal),
                        SHAPE(other->template_text, "CRN", prefix, other->fields, other->fiscal), false);
            pairs++;
        }
    }
    print_message("%u pairs of shapes in use keep apart\n", pairs);
    assert_true(pairs > 1000);
}

/* ---- beginnings ---- */

static void assert_beginning(struct wanted_shape wanted, size_t size, const char *beginning)
{
    char text[DOCKET_TEXT_MAX];
    struct made_shape made;
    assert_true(make_shape(&made, wanted));
    assert_int_equal(dk_shape_beginning(&made.shape, text, size), strlen(beginning));
    assert_string_equal(text, beginning);
}

static void a_beginning_ends_at_the_first_token_that_varies(void **state)
{
    (void)state;
    assert_beginning(SHAPE("x{SERIES}-{PREFIX}{YYYY}-{N}", "inv", "Ab"), DOCKET_TEXT_MAX, "XINV-AB");
    assert_beginning(SHAPE("a{N}-b"), DOCKET_TEXT_MAX, "A");
    assert_beginning(SHAPE("{N}-b"), DOCKET_TEXT_MAX, "");
    assert_beginning(SHAPE("{SERIES}-{N}"), 3, "IN");
    assert_beginning(SHAPE("{SERIES}-{N}"), 1, "");
}

/* ---- costs ---- */

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double cost_of_meeting(struct wanted_shape left, struct wanted_shape right, int times)
{
    struct made_shape a, b;
    struct dk_collision found;
    assert_true(make_shape(&a, left) && make_shape(&b, right));
    double began = now_ns();
    for (int turn = 0; turn < times; turn++)
        dk_shapes_meet(&a.shape, &b.shape, &found);
    return (now_ns() - began) / times;
}

static void what_the_proof_costs(void **state)
{
    (void)state; /* printed, and bounded far above what is seen: other work may run beside it */
    struct made_shape made;
    struct dk_collision found;
    double literals = cost_of_meeting(SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:6}"),
                                      SHAPE("{SERIES}-{YYYY}{MM}{DD}-{N:6}", "INW"), 20000);
    double ends = cost_of_meeting(SHAPE("{N}-{SERIES}"), SHAPE("{N}-{SERIES}", "INW"), 20000);
    double dates = cost_of_meeting(SHAPE("{YYYY}{MM}{DD}-{N:6}"), SHAPE("{YYYY}{MM}{N:2}-{YY}0001", .last = 50), 3);
    assert_true(make_shape(&made, SHAPE("{YYYY}{MM}{DD}-{N:6}", .restart = DK_DAILY)));
    double began = now_ns();
    dk_shape_repeats(&made.shape, &found);
    double once = now_ns() - began;
    began = now_ns();
    for (int turn = 0; turn < 20000; turn++)
        dk_shape_repeats(&made.shape, &found);
    double again = (now_ns() - began) / 20000;
    print_message("told apart by literals %.0f ns, by ends %.0f ns, by dates %.1f ms; repeats %.1f ms once, then %.0f ns\n",
                  literals, ends, dates / 1e6, once / 1e6, again);
    assert_true(literals < 100e3 && ends < 100e3 && again < 100e3);
}

static void *ask_often(void *shown)
{
    static const char *const texts[] = {"{YYYY}-{N}", "{YY}{MM}-{N}", "{GGGG}{WW}-{N}", "{MM}-{N}"};
    static const bool verdicts[4][2] = {{false, true}, {false, false}, {true, true}, {true, true}};
    unsigned *wrong = shown;
    for (int turn = 0; turn < 400; turn++) {
        struct made_shape made;
        struct dk_collision found;
        int which = turn % 4, monthly = turn / 4 % 2;
        if (!make_shape(&made, SHAPE(texts[which], .restart = monthly ? DK_MONTHLY : DK_YEARLY)) ||
            dk_shape_repeats(&made.shape, &found) != verdicts[which][monthly])
            ++*wrong;
    }
    return NULL;
}

static void many_threads_may_ask_at_once(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    unsigned wrong[THREADS] = {0};
    for (int at = 0; at < THREADS; at++)
        assert_int_equal(pthread_create(&thread[at], NULL, ask_often, &wrong[at]), 0);
    for (int at = 0; at < THREADS; at++) {
        pthread_join(thread[at], NULL);
        assert_int_equal(wrong[at], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_that_shows_its_period_repeats_nothing),
        cmocka_unit_test(a_series_that_does_not_show_its_period_repeats),
        cmocka_unit_test(a_week_shown_with_the_calendar_year_repeats),
        cmocka_unit_test(a_fiscal_year_over_a_calendar_restart_repeats),
        cmocka_unit_test(the_last_days_of_the_century_can_be_in_a_fiscal_year_00),
        cmocka_unit_test(each_restart_is_told_apart_by_what_it_is),
        cmocka_unit_test(many_threads_may_ask_at_once),
        cmocka_unit_test(series_with_their_names_in_front_keep_apart),
        cmocka_unit_test(small_and_capital_letters_are_one),
        cmocka_unit_test(a_name_that_ends_in_digits_runs_into_the_number),
        cmocka_unit_test(a_longer_width_meets_a_shorter_one_where_it_widens),
        cmocka_unit_test(zeros_lead_only_within_the_width),
        cmocka_unit_test(there_is_no_number_zero),
        cmocka_unit_test(numbers_end_at_the_last_one),
        cmocka_unit_test(both_bounds_hold_for_digits_that_are_shared),
        cmocka_unit_test(dates_meet_only_where_a_calendar_has_both),
        cmocka_unit_test(a_date_can_look_like_a_number),
        cmocka_unit_test(base_36_can_spell_letters),
        cmocka_unit_test(check_digits_that_face_each_other_change_nothing),
        cmocka_unit_test(check_digits_that_face_something_else_are_tried),
        cmocka_unit_test(a_template_against_itself_meets),
        cmocka_unit_test(texts_that_no_check_has_seen_prove_nothing),
        cmocka_unit_test(a_changed_width_repeats_no_number),
        cmocka_unit_test(a_changed_prefix_repeats_no_number),
        cmocka_unit_test(a_change_that_would_repeat_a_number_is_seen),
        cmocka_unit_test(shapes_in_use_repeat_nothing_and_look_as_listed),
        cmocka_unit_test(shapes_in_use_with_different_prefixes_keep_apart),
        cmocka_unit_test(a_beginning_ends_at_the_first_token_that_varies),
        cmocka_unit_test(what_the_proof_costs),
    };
    cmocka_set_test_filter(getenv("UNIT_CASES")); /* TSan, at the small scale: those with threads */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
