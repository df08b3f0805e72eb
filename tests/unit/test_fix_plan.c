/* SPDX-License-Identifier: MIT */
/* links: ../tools/legacy/plan_index.c ../tools/legacy/plan_decide.c ../tools/legacy/plan_write.c ../tools/legacy/plan_read.c ../tools/legacy/arena.c */
/* libs: md */
/* The plan of docket fix: who keeps a number, what the others get, and what is read of a plan that people edited. */
#include "../../tools/legacy/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a world of a few rows: INV-N is a number of the series INV, in the period of the row's year ---- */

struct given {
    const char *tenant, *id, *date, *number;
};

struct data {
    const struct given *rows;
    size_t count;
    size_t longest;
    const char *refuses;
    const char *writes; /* a text that some series writes */
};

static uint64_t number_of(const char *text)
{
    return strncmp(text, "INV-", 4) == 0 && text[4] != '\0' && text[4 + strspn(text + 4, "0123456789")] == '\0'
               ? strtoull(text + 4, NULL, 10)
               : 0;
}

static uint32_t day_of(const char *date)
{
    return strlen(date) >= 8 ? (uint32_t)strtoul(date, NULL, 10) : 0;
}

static bool is_there(void *context, const char *tenant, const char *text)
{
    const struct data *data = context;
    for (size_t i = 0; i < data->count; i++)
        if (strcmp(data->rows[i].tenant, tenant) == 0 && plan_same_folded(data->rows[i].number, text))
            return true;
    return false;
}

static bool is_written(void *context, const char *tenant, const char *text)
{
    const struct data *data = context;
    (void)tenant;
    return data->writes != NULL && strcmp(data->writes, text) == 0;
}

static uint64_t highest(void *context, const struct plan_row *row)
{
    const struct data *data = context;
    uint64_t most = 0;
    for (size_t i = 0; i < data->count; i++)
        if (strcmp(data->rows[i].tenant, row->tenant) == 0 && number_of(data->rows[i].number) > most)
            most = number_of(data->rows[i].number);
    return most;
}

static const char *text_of(void *context, const struct plan_row *row, uint64_t number, char text[DOCKET_TEXT_MAX])
{
    (void)context;
    (void)row;
    snprintf(text, DOCKET_TEXT_MAX, "INV-%03llu", (unsigned long long)number);
    return number > 999 ? "the series has no more numbers" : NULL;
}

static const char *refuses(void *context, const struct plan_row *row)
{
    (void)row;
    return ((const struct data *)context)->refuses;
}

static void name_period(void *context, int32_t period, char text[16])
{
    (void)context;
    snprintf(text, 16, "%d", (int)period);
}

static size_t longest(void *context, const struct plan_row *row)
{
    (void)row;
    return ((const struct data *)context)->longest;
}

static void decide_data(struct plan *plan, const struct data *data, enum plan_with with)
{
    const struct plan_world world = {(void *)(uintptr_t)data, is_there, is_written, highest, text_of, refuses, name_period,
                                     longest};
    *plan = (struct plan){.with = with, .source = "test", .source_rows = data->count};
    memset(plan->digest, 'a', 64);
    for (size_t i = 0; i < data->count; i++) {
        const struct given *row = &data->rows[i];
        uint64_t number = number_of(row->number);
        assert_non_null(plan_add(plan, &(struct plan_row){.tenant = row->tenant, .id = row->id, .date = row->date,
                                                          .number = row->number, .day = day_of(row->date),
                                                          .series = number != 0 ? "INV" : NULL,
                                                          .period = number != 0 ? 2026 : 0}));
    }
    assert_true(plan_decide(plan, &world));
}

static void decide(struct plan *plan, const struct given *rows, size_t count, enum plan_with with)
{
    decide_data(plan, &(const struct data){.rows = rows, .count = count}, with);
}

static const struct plan_row *row_of(const struct plan *plan, const char *id)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->rows[i].id, id) == 0)
            return &plan->rows[i];
    return NULL;
}

static void assert_new(const struct plan *plan, const char *id, const char *new_number)
{
    const struct plan_row *row = row_of(plan, id);
    assert_non_null(row);
    assert_int_equal(row->what, PLAN_RENUMBER);
    assert_string_equal(row->new_number, new_number);
}

#define DECIDE(plan, with, ...)                                                                                       \
    do {                                                                                                              \
        const struct given rows_[] = {__VA_ARGS__};                                                                   \
        decide(plan, rows_, sizeof rows_ / sizeof rows_[0], with);                                                    \
    } while (0)

static void of_two_the_older_keeps_and_the_other_gets_the_number_above_the_highest(void **state)
{
    (void)state;
    struct plan plan;
    DECIDE(&plan, PLAN_WITH_EITHER, {"acme", "2", "20260302", "INV-001"}, {"acme", "1", "20260303", "INV-001"},
           {"acme", "3", "20260304", "INV-007"}, {"globex", "4", "20260305", "INV-001"});
    assert_int_equal(plan.count, 2);
    assert_int_equal(row_of(&plan, "2")->what, PLAN_KEEP);
    assert_new(&plan, "1", "INV-008");
    assert_int_equal(plan.use_count, 1);
    assert_int_equal(plan.uses[0].first, 8);
    assert_int_equal(plan.uses[0].last, 8);
    plan_drop(&plan);
}

static void of_the_same_day_the_lower_id_is_older_and_9_is_lower_than_10(void **state)
{
    (void)state;
    struct plan plan;
    DECIDE(&plan, PLAN_WITH_EITHER, {"acme", "10", "20260302", "INV-1"}, {"acme", "9", "20260302", "INV-1"},
           {"acme", "11", "", "INV-1"});
    assert_int_equal(row_of(&plan, "9")->what, PLAN_KEEP);
    assert_new(&plan, "10", "INV-002");
    assert_new(&plan, "11", "INV-003");
    plan_drop(&plan);
}

static void numbers_that_differ_in_capitals_are_one_group(void **state)
{
    (void)state;
    struct plan plan;
    DECIDE(&plan, PLAN_WITH_EITHER, {"acme", "1", "20260302", "inv-1"}, {"acme", "2", "20260303", "INV-1"},
           {"acme", "3", "20260303", "INV-1"});
    assert_int_equal(plan.groups, 1);
    assert_int_equal(row_of(&plan, "1")->what, PLAN_KEEP);
    assert_new(&plan, "2", "INV-002");
    assert_new(&plan, "3", "INV-003");
    assert_string_equal(row_of(&plan, "2")->why, "same but for capitals");
    plan_drop(&plan);
}

static void a_text_of_no_series_gets_a_suffix_that_nobody_has(void **state)
{
    (void)state;
    struct plan plan;
    DECIDE(&plan, PLAN_WITH_EITHER, {"acme", "1", "20260302", "R7"}, {"acme", "2", "20260303", "R7"},
           {"acme", "3", "20260304", "r7"}, {"acme", "4", "20260304", "r7-2"});
    assert_new(&plan, "2", "R7-3");
    assert_new(&plan, "3", "r7-4");
    plan_drop(&plan);
    DECIDE(&plan, PLAN_WITH_NUMBERS, {"acme", "1", "20260302", "R7"}, {"acme", "2", "20260303", "R7"});
    assert_int_equal(row_of(&plan, "2")->what, PLAN_LEFT);
    assert_int_equal(plan.left, 1);
    plan_drop(&plan);
}

static void a_suffix_that_a_series_writes_or_that_is_too_long_is_not_given(void **state)
{
    (void)state;
    struct plan plan;
    const struct given rows[] = {{"acme", "1", "20260302", "R7"}, {"acme", "2", "20260303", "R7"}};
    decide_data(&plan, &(const struct data){.rows = rows, .count = 2, .writes = "R7-2"}, PLAN_WITH_SUFFIX);
    assert_new(&plan, "2", "R7-3");
    plan_drop(&plan);
    decide_data(&plan, &(const struct data){.rows = rows, .count = 2, .longest = 3}, PLAN_WITH_SUFFIX);
    assert_int_equal(row_of(&plan, "2")->what, PLAN_LEFT);
    plan_drop(&plan);
}

static void a_series_that_takes_no_number_leaves_it_or_gives_a_suffix(void **state)
{
    (void)state;
    struct plan plan;
    const struct given rows[] = {{"acme", "1", "20260302", "INV-1"}, {"acme", "2", "20260303", "INV-1"}};
    const struct data data = {.rows = rows, .count = 2, .refuses = "docket gives them"};
    decide_data(&plan, &data, PLAN_WITH_EITHER);
    assert_new(&plan, "2", "INV-1-2");
    assert_int_equal(plan.use_count, 0);
    plan_drop(&plan);
    decide_data(&plan, &data, PLAN_WITH_NUMBERS);
    assert_int_equal(row_of(&plan, "2")->what, PLAN_LEFT);
    assert_string_equal(row_of(&plan, "2")->why, "same number; docket gives them");
    plan_drop(&plan);
    DECIDE(&plan, PLAN_WITH_NUMBERS, {"acme", "1", "20260302", "INV-999"}, {"acme", "2", "20260303", "INV-999"});
    assert_int_equal(row_of(&plan, "2")->what, PLAN_LEFT);
    plan_drop(&plan);
}

static void rows_that_the_old_system_could_not_tell_apart_are_left(void **state)
{
    (void)state;
    struct plan plan;
    DECIDE(&plan, PLAN_WITH_EITHER, {"acme", "1", "20260302", "INV-1"}, {"acme", "2", "20260303", "INV-1"},
           {"acme", "2", "20260303", "INV-1"}, {"acme", "", "20260304", "INV-1"}, {"acme", "3", "20260305", "INV-1"});
    assert_int_equal(plan.left, 3);
    assert_int_equal(plan.renumbered, 1);
    assert_new(&plan, "3", "INV-002");
    plan_drop(&plan);
}

static void other_texts_of_one_number_are_a_group_if_that_is_asked_for(void **state)
{
    (void)state;
    static const struct {
        const char *id, *number;
        uint64_t value;
    } rows[] = {{"1", "INV-a-7", 7}, {"2", "INV-b-7", 7}, {"3", "inv-B-7", 0}, {"4", "INV-a-8", 8}, {"5", "INV-b-9", 9}, {"6", "x", 0}};
    const struct data none = {.rows = NULL};
    const struct plan_world world = {(void *)(uintptr_t)&none, is_there, is_written, highest, text_of, refuses, name_period, longest};
    for (int twice = 0; twice < 2; twice++) {
        struct plan plan = {.twice = twice == 1};
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            assert_non_null(plan_add(&plan, &(struct plan_row){.tenant = "acme", .id = rows[i].id, .number = rows[i].number,
                                                               .series = rows[i].value != 0 ? "INV" : NULL, .period = 2026,
                                                               .value = twice == 1 ? rows[i].value : 0}));
        assert_true(plan_decide(&plan, &world));
        assert_int_equal(plan.groups, 1);
        assert_int_equal(plan.count, 2 + twice);
        assert_int_equal(row_of(&plan, twice == 1 ? "1" : "2")->what, PLAN_KEEP);
        assert_int_equal(row_of(&plan, "3")->what, PLAN_RENUMBER);
        if (twice == 1)
            assert_string_equal(row_of(&plan, "2")->why, "same number of the series, written otherwise");
        plan_drop(&plan);
    }
}

static void a_group_of_very_many_rows_is_decided_row_by_row(void **state)
{
    enum { ROWS = 30000, SUFFIXES = 9998 };
    (void)state;
    static const struct data none = {.rows = NULL};
    const struct plan_world world = {(void *)(uintptr_t)&none, is_there, is_written, highest, text_of, refuses, name_period, longest};
    struct plan plan = {0};
    for (int i = 0; i < ROWS; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i + 1);
        assert_non_null(plan_add(&plan, &(struct plan_row){.tenant = "acme", .id = id, .number = i % 2 == 0 ? "draft" : "DRAFT"}));
    }
    assert_true(plan_decide(&plan, &world));
    assert_int_equal(plan.groups, 1);
    assert_int_equal(plan.renumbered, SUFFIXES);
    assert_int_equal(plan.left, ROWS - 1 - SUFFIXES);
    assert_new(&plan, "3", "draft-3");
    plan_drop(&plan);
}

/* ---- a plan as text ---- */

static char *text_of_plan(const struct plan *plan, size_t *bytes)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, bytes);
    assert_non_null(to);
    assert_true(plan_write(plan, to));
    assert_int_equal(fclose(to), 0);
    return text;
}

static void the_same_rows_in_any_order_give_the_same_bytes_and_leave_no_duplicate(void **state)
{
    enum { ROWS = 120, ROUNDS = 60 };
    static char texts[ROWS][3][24];
    struct given rows[ROWS];
    (void)state;
    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ROWS; i++) {
            snprintf(texts[i][0], sizeof texts[i][0], "%zu", i);
            snprintf(texts[i][1], sizeof texts[i][1], "202603%02d", 1 + rand() % 9);
            snprintf(texts[i][2], sizeof texts[i][2], rand() % 3 == 0 ? "inv-%03d" : rand() % 4 == 0 ? "R%d" : "INV-%03d",
                     rand() % 60);
            rows[i] = (struct given){rand() % 2 == 0 ? "acme" : "globex", texts[i][0], texts[i][1], texts[i][2]};
        }
        char *first = NULL;
        for (int turn = 0; turn < 2; turn++) {
            struct plan plan;
            size_t bytes;
            decide(&plan, rows, ROWS, round % 2 == 0 ? PLAN_WITH_EITHER : PLAN_WITH_SUFFIX);
            char *text = text_of_plan(&plan, &bytes);
            if (first != NULL)
                assert_string_equal(text, first);
            else
                first = strdup(text);
            free(text);
            for (size_t i = 0; turn == 1 && i < ROWS; i++) {
                const struct plan_row *row = row_of(&plan, rows[i].id);
                if (row != NULL && row->what == PLAN_RENUMBER)
                    strcpy(texts[strtoul(rows[i].id, NULL, 10)][2], row->new_number);
            }
            plan_drop(&plan);
            for (size_t i = ROWS - 1; i > 0; i--) {
                size_t other = (size_t)rand() % (i + 1);
                struct given row = rows[i];
                rows[i] = rows[other];
                rows[other] = row;
            }
        }
        free(first);
        struct plan after;
        decide(&after, rows, ROWS, PLAN_WITH_EITHER);
        assert_int_equal(after.count, 0);
        plan_drop(&after);
    }
}

static void a_plan_is_read_back_as_it_was_written(void **state)
{
    (void)state;
    struct plan plan, back = {0};
    struct plan_fault fault;
    size_t bytes;
    DECIDE(&plan, PLAN_WITH_EITHER, {"acme", "1", "20260302", "R \"7\", new"}, {"acme", "#2", "20260303", "R \"7\", new"},
           {"acme", "3", "20260302", "INV-1"}, {"acme", "4", "20260303", "INV-1"});
    char *text = text_of_plan(&plan, &bytes);
    if (!plan_read(&back, text, bytes, &fault))
        fail_msg("line %llu: %s", (unsigned long long)fault.line, fault.text);
    assert_false(back.edited);
    assert_int_equal(back.count, plan.count);
    assert_string_equal(back.digest, plan.digest);
    for (size_t i = 0; i < plan.count; i++) {
        assert_int_equal(back.rows[i].what, plan.rows[i].what);
        assert_int_equal(back.rows[i].group, plan.rows[i].group);
        assert_string_equal(back.rows[i].id, plan.rows[i].id);
        assert_string_equal(back.rows[i].number, plan.rows[i].number);
        assert_string_equal(back.rows[i].new_number, plan.rows[i].new_number);
    }
    free(text);
    plan_drop(&back);
    plan_drop(&plan);
}

static const char head[] = "# docket fix plan 1\n# source: x\n# rows: 2\n"
                           "# digest: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                           "group,do,tenant,id,date,number,new,why\n";
static const char end[] = "# sha256: 0000000000000000000000000000000000000000000000000000000000000000\n";

/* The plan with these rows; its fault, or none. */
static uint64_t fault_of(const char *rows, const char *last, struct plan *plan, struct plan_fault *fault)
{
    char text[4096];
    snprintf(text, sizeof text, "%s%s%s", head, rows, last);
    *plan = (struct plan){0};
    *fault = (struct plan_fault){0};
    bool read = plan_read(plan, text, strlen(text), fault);
    assert_int_equal(read, fault->line == 0);
    return fault->line;
}

static void an_edited_plan_is_read_and_says_so(void **state)
{
    (void)state;
    struct plan plan;
    struct plan_fault fault;
    assert_int_equal(fault_of("1,keep,acme,1,2026-03-02,A1,,oldest\r\n1,renumber,acme,2,,A1,\"A,9\",mine\n\n# a remark, mine\n", end, &plan, &fault), 0);
    assert_true(plan.edited);
    assert_int_equal(plan.count, 2);
    assert_int_equal(plan.renumbered, 1);
    assert_string_equal(plan.rows[1].new_number, "A,9");
    assert_int_equal(plan.rows[1].line, 7);
    assert_int_equal(plan.source_rows, 2);
    plan_drop(&plan);
}

static void what_is_no_plan_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *rows, *last;
        uint64_t line;
    } cases[] = {
        {"1,keep,acme,1,2026-03-02,A1,,oldest\n", "", 6},            /* cut off */
        {"1,rename,acme,1,2026-03-02,A1,A2,x\n", end, 6},            /* no such word */
        {"1,keep,acme,1,2026-03-02,A1,A2,x\n", end, 6},              /* keeps, with a new number */
        {"1,renumber,acme,1,2026-03-02,A1,,x\n", end, 6},            /* no new number */
        {"1,renumber,acme,,2026-03-02,A1,A2,x\n", end, 6},           /* no id */
        {"1,renumber,acme,1,2026-03-02,A1,A1,x\n", end, 6},          /* the same */
        {"1,renumber,acme,1,2026-03-02,A1,\"A\t2\",x\n", end, 6},    /* does not print */
        {"1,keep,acme,1,2026-03-02,A1,,x\n1,renumber,acme,2,A1,A2\n", end, 7}, /* cells are missing */
        {"1,renumber,acme,1,2026-03-02,A1,\"A2,x\n", end, 6},        /* a quote without end */
        {"1,keep,acme,1,2026-03-02,\"A1\"x,,x\n", end, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plan plan;
        struct plan_fault fault;
        assert_int_equal(fault_of(cases[i].rows, cases[i].last, &plan, &fault), cases[i].line);
        plan_drop(&plan);
    }
    struct plan plan = {0};
    struct plan_fault fault;
    assert_false(plan_read(&plan, "id,number\n", 10, &fault));
    plan_drop(&plan);
    assert_false(plan_read(&plan, "# docket fix plan 2\n", 20, &fault));
    plan_drop(&plan);
    assert_false(plan_read(&plan, "", 0, &fault));
    plan_drop(&plan);
}

static void the_index_finds_every_hash_and_those_that_come_twice(void **state)
{
    enum { COUNT = 20000 };
    (void)state;
    struct plan_index index = {0};
    char text[32];
    for (int i = 0; i < COUNT; i++) {
        int bytes = snprintf(text, sizeof text, "%s-%d", i % 2 == 0 ? "INV" : "inv", i % 10 == 0 ? i / 20 : i);
        assert_true(plan_index_add(&index, plan_hash("acme", 4, text, (size_t)bytes)));
    }
    assert_true(plan_index_sort(&index));
    for (size_t i = 1; i < index.count; i++)
        assert_true(index.hashes[i - 1] <= index.hashes[i]);
    for (int i = 0; i < COUNT; i++) {
        int bytes = snprintf(text, sizeof text, "INV-%d", i);
        uint64_t hash = plan_hash("acme", 4, text, (size_t)bytes);
        size_t times = 0;
        for (int other = 0; other < COUNT; other += 10)
            times += other / 20 == i;
        times += i % 10 != 0;
        assert_int_equal(plan_index_has(&index, hash), times > 0);
        assert_int_equal(plan_index_twice(&index, hash), times > 1);
        assert_false(plan_index_has(&index, plan_hash("globex", 6, text, (size_t)bytes)));
    }
    plan_index_drop(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_finds_every_hash_and_those_that_come_twice),
        cmocka_unit_test(of_two_the_older_keeps_and_the_other_gets_the_number_above_the_highest),
        cmocka_unit_test(of_the_same_day_the_lower_id_is_older_and_9_is_lower_than_10),
        cmocka_unit_test(numbers_that_differ_in_capitals_are_one_group),
        cmocka_unit_test(a_text_of_no_series_gets_a_suffix_that_nobody_has),
        cmocka_unit_test(a_suffix_that_a_series_writes_or_that_is_too_long_is_not_given),
        cmocka_unit_test(a_series_that_takes_no_number_leaves_it_or_gives_a_suffix),
        cmocka_unit_test(other_texts_of_one_number_are_a_group_if_that_is_asked_for),
        cmocka_unit_test(a_group_of_very_many_rows_is_decided_row_by_row),
        cmocka_unit_test(rows_that_the_old_system_could_not_tell_apart_are_left),
        cmocka_unit_test(the_same_rows_in_any_order_give_the_same_bytes_and_leave_no_duplicate),
        cmocka_unit_test(a_plan_is_read_back_as_it_was_written),
        cmocka_unit_test(an_edited_plan_is_read_and_says_so),
        cmocka_unit_test(what_is_no_plan_is_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
