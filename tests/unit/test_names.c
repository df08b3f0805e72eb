/* SPDX-License-Identifier: MIT */
/* links: base/status.c daemon/series/names.c daemon/edges.c */
#include "daemon/daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MANY = 5000 };

/* The clerk's, without a clerk. */
void *dk_must_alloc(size_t count, size_t bytes)
{
    return calloc(count ? count : 1, bytes);
}

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    return realloc(old, count * bytes);
}

static struct dk_series_book books[MANY];
static struct dk_names names;

static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(*seed >> 8) * below >> 24);
}

static void name_them(void)
{
    memset(books, 0, sizeof books);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(books[i].record.tenant, sizeof books[i].record.tenant, "t%u", i / 7);
        snprintf(books[i].record.name, sizeof books[i].record.name, "s%u", i % 7);
    }
}

static struct dk_series_record *find(unsigned i)
{
    return dk_names_find(&names, books[i].record.tenant, books[i].record.name);
}

static void an_empty_index_finds_nothing_and_loses_nothing(void **state)
{
    (void)state;
    name_them();
    assert_null(find(0));
    dk_names_remove(&names, &books[0].record);
    assert_int_equal(names.used, 0);
}

static void tenant_and_series_are_told_apart_where_they_meet(void **state)
{
    (void)state;
    struct dk_series_record one = {.tenant = "ab", .name = "c"}, other = {.tenant = "a", .name = "bc"};
    dk_names_add(&names, &one);
    dk_names_add(&names, &other);
    assert_ptr_equal(dk_names_find(&names, "ab", "c"), &one);
    assert_ptr_equal(dk_names_find(&names, "a", "bc"), &other);
    assert_null(dk_names_find(&names, "abc", ""));
    dk_names_free(&names);
}

static void series_that_come_and_go_are_found_while_they_are_there_and_never_after(void **state)
{
    (void)state;
    static bool there[MANY];
    uint32_t seed = 5;
    size_t used = 0;
    name_them();
    for (unsigned step = 0; step < 20 * MANY; step++) {
        unsigned i = draw(&seed, MANY);
        assert_ptr_equal(find(i), there[i] ? &books[i].record : NULL);
        if (there[i])
            dk_names_remove(&names, &books[i].record);
        else
            dk_names_add(&names, &books[i].record);
        there[i] = !there[i];
        used += there[i] ? 1 : (size_t)-1;
        assert_int_equal(names.used, used);
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_ptr_equal(find(i), there[i] ? &books[i].record : NULL);
    dk_names_free(&names);
}

/* ---- edges ---- */

static void edges_come_due_in_order_whatever_was_set_anew(void **state)
{
    (void)state;
    struct dk_daemon *daemon = calloc(1, sizeof *daemon);
    uint32_t seed = 9;
    name_them();
    for (unsigned step = 0; step < 10 * MANY; step++) {
        uint32_t when = draw(&seed, 1000);
        dk_edges_set(daemon, &books[draw(&seed, MANY)], when == 0 ? INT64_MAX : (int64_t)when);
    }
    size_t left = 0;
    for (unsigned i = 0; i < MANY; i++)
        left += books[i].edge_at != 0;
    assert_int_equal(daemon->edge_count, left);
    assert_null(dk_edges_due(daemon, 0));
    int64_t last_s = 0;
    struct dk_series_book *due;
    for (; (due = dk_edges_due(daemon, 1000)) != NULL; left--) {
        assert_int_equal(daemon->next_edge_s, due->next_edge_s);
        assert_true(due->next_edge_s >= last_s);
        last_s = due->next_edge_s;
        dk_edges_set(daemon, due, INT64_MAX);
        assert_int_equal(due->edge_at, 0);
    }
    assert_int_equal(left, 0);
    assert_true(daemon->next_edge_s == INT64_MAX);
    free(daemon->edges);
    free(daemon);
}

static void a_clock_that_went_back_makes_all_of_them_due(void **state)
{
    (void)state;
    struct dk_daemon *daemon = calloc(1, sizeof *daemon);
    name_them();
    for (unsigned i = 0; i < 100; i++)
        dk_edges_set(daemon, &books[i], 5000 + (int64_t)(i * 37 % 100));
    assert_null(dk_edges_due(daemon, 4999));
    dk_edges_all_due(daemon);
    assert_int_equal(daemon->next_edge_s, 0);
    for (unsigned i = 0; i < 100; i++)
        dk_edges_set(daemon, dk_edges_due(daemon, 4000), 4500 + (int64_t)i);
    assert_null(dk_edges_due(daemon, 4499));
    assert_int_equal(daemon->edge_count, 100);
    free(daemon->edges);
    free(daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_index_finds_nothing_and_loses_nothing),
        cmocka_unit_test(tenant_and_series_are_told_apart_where_they_meet),
        cmocka_unit_test(series_that_come_and_go_are_found_while_they_are_there_and_never_after),
        cmocka_unit_test(edges_come_due_in_order_whatever_was_set_anew),
        cmocka_unit_test(a_clock_that_went_back_makes_all_of_them_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
