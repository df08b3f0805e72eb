/* SPDX-License-Identifier: MIT */
#include "left.h"

#include "../address.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct left_sum {
    enum scan_kind kind;
    const char *tenant, *series; /* series "": of none */
    int32_t period;
    uint64_t count;
    const char *example; /* the least of the texts, as bytes are; of gaps the lowest */
    uint64_t lowest;
};

static int by_place(const struct left_sum *a, const struct left_sum *b)
{
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0)
        order = strcmp(a->series, b->series);
    if (order == 0 && a->period != b->period)
        order = a->period < b->period ? -1 : 1;
    return order != 0 ? order : (int)a->kind - (int)b->kind;
}

static int compare(const void *a, const void *b)
{
    return by_place(a, b);
}

static bool is_better(const struct left_sum *sum, const char *text, uint64_t lowest)
{
    if (sum->count == 0)
        return true;
    return sum->kind == SCAN_GAP ? lowest < sum->lowest : strcmp(text, sum->example) < 0;
}

static bool put(struct left_sum *sum, struct arena *arena, const char *text, uint64_t lowest, uint64_t count)
{
    if (is_better(sum, text, lowest)) {
        sum->example = arena_text(arena, text, strlen(text));
        sum->lowest = lowest;
    }
    sum->count += count;
    return sum->example != NULL;
}

/* Findings come counter by counter, but for misfits: the sum that is meant is one of the last few, or there will be two
 * that left_write() makes one of. */
static struct left_sum *sum_of(struct left *left, struct arena *arena, const struct left_sum *wanted)
{
    enum { FEW = 16 };
    for (size_t back = 1; back <= FEW && back <= left->count; back++)
        if (by_place(&left->sums[left->count - back], wanted) == 0)
            return &left->sums[left->count - back];
    if (left->count == left->room) {
        size_t room = left->room > 0 ? left->room * 2 : 64;
        struct left_sum *more = realloc(left->sums, room * sizeof *more);
        if (more == NULL)
            return NULL;
        left->sums = more;
        left->room = room;
    }
    struct left_sum *sum = &left->sums[left->count++];
    *sum = *wanted;
    sum->tenant = arena_text(arena, wanted->tenant, strlen(wanted->tenant));
    sum->series = arena_text(arena, wanted->series, strlen(wanted->series));
    return sum->tenant != NULL && sum->series != NULL ? sum : NULL;
}

/* Sums that are alike become one: very many tenants may come in turns. */
static bool join(struct left *left, struct arena *arena)
{
    size_t kept = 0;
    if (left->count > 0)
        qsort(left->sums, left->count, sizeof *left->sums, compare);
    for (size_t i = 0; i < left->count; i++) {
        struct left_sum *sum = &left->sums[i];
        if (kept > 0 && by_place(&left->sums[kept - 1], sum) == 0) {
            if (!put(&left->sums[kept - 1], arena, sum->example, sum->lowest, sum->count))
                return false;
        } else {
            left->sums[kept++] = *sum;
        }
    }
    left->count = kept;
    return true;
}

bool left_add(struct left *left, struct arena *arena, const struct scan_finding *found)
{
    enum { MANY = 4096, TEXT_BYTES = 4096 + 1 };
    char text[TEXT_BYTES];
    if (found->kind == SCAN_DUPLICATE || found->kind == SCAN_FOLDED)
        return true;
    bool of_none = found->kind == SCAN_MISFIT || found->series == NULL;
    const struct left_sum wanted = {.kind = found->kind, .tenant = found->tenant != NULL ? found->tenant : "",
                                    .series = of_none ? "" : found->series, .period = of_none ? 0 : found->period};
    if (found->kind != SCAN_GAP)
        snprintf(text, sizeof text, "%.*s", (int)(found->row.number.bytes < MANY ? found->row.number.bytes : MANY),
                 found->row.number.bytes > 0 ? found->row.number.text : "");
    else if (found->first == found->last)
        snprintf(text, sizeof text, "%" PRIu64, found->first);
    else
        snprintf(text, sizeof text, "%" PRIu64 "-%" PRIu64, found->first, found->last);
    if (left->count >= MANY && left->count == left->room && !join(left, arena))
        return false;
    struct left_sum *sum = sum_of(left, arena, &wanted);
    return sum != NULL && put(sum, arena, text, found->first, 1);
}

static void say(const struct left_sum *sum, char *why, size_t size)
{
    static const char *const words[SCAN_KINDS] = {
        [SCAN_TWICE] = "%" PRIu64 " texts such as this one are another writing of a number that an older row has%s",
        [SCAN_MISFIT] = "%" PRIu64 " texts such as this one fit no series%s",
        [SCAN_GAP] = "%" PRIu64 " gaps, this one and above%s",
        [SCAN_DISORDER] = "%" PRIu64 " numbers such as this one have an earlier date than the one before%s",
        [SCAN_LARGEST] = "%" PRIu64 " numbers such as this one are far above all others%s"};
    char where[2 * PERIOD_TEXT_BYTES + DOCKET_NAME_MAX] = "", period[PERIOD_TEXT_BYTES];
    if (sum->series[0] != '\0')
        snprintf(where, sizeof where, ", in %s/%s", sum->series, address_period_text(sum->period, period));
    snprintf(why, size, words[sum->kind], sum->count, where);
}

bool left_write(struct left *left, struct plan *plan)
{
    if (!join(left, &plan->arena))
        return false;
    for (size_t i = 0; i < left->count; i++) {
        const struct left_sum *sum = &left->sums[i];
        char why[320];
        say(sum, why, sizeof why);
        if (plan_add(plan, &(struct plan_row){.what = PLAN_LEFT, .tenant = sum->tenant, .number = sum->example, .why = why}) == NULL)
            return false;
    }
    return true;
}

void left_drop(struct left *left)
{
    free(left->sums);
    *left = (struct left){0};
}
