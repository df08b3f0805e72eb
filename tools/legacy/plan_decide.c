/* SPDX-License-Identifier: MIT */
/*
 * plan_decide: the rule. Within a group the oldest row keeps its number: by date, then id; rows without a date come
 * last. Numbers are given in the order of dates within a series and period, above the highest that is used there;
 * suffixes in the order of age within a group.
 */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows and their order ---- */

struct plan_row *plan_add(struct plan *plan, const struct plan_row *row)
{
    const char *const texts[] = {row->tenant, row->id, row->date, row->number, row->new_number, row->why, row->series};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    const char *kept[TEXTS];
    if (plan->count == plan->room) {
        size_t room = plan->room > 0 ? plan->room * 2 : 256;
        struct plan_row *more = realloc(plan->rows, room * sizeof *more);
        if (more == NULL)
            return NULL;
        plan->rows = more;
        plan->room = room;
    }
    for (size_t i = 0; i < TEXTS; i++) {
        bool none = texts[i] == NULL && i == TEXTS - 1;
        const char *text = texts[i] != NULL ? texts[i] : "";
        kept[i] = none ? NULL : arena_text(&plan->arena, text, strlen(text));
        if (kept[i] == NULL && !none)
            return NULL;
    }
    struct plan_row *added = &plan->rows[plan->count++];
    *added = *row;
    added->tenant = kept[0], added->id = kept[1], added->date = kept[2], added->number = kept[3];
    added->new_number = kept[4], added->why = kept[5], added->series = kept[6];
    return added;
}

void plan_drop(struct plan *plan)
{
    free(plan->rows);
    free(plan->uses);
    arena_drop(&plan->arena);
    *plan = (struct plan){0};
}

static int fold(unsigned char c)
{
    return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

static int by_folded(const char *a, const char *b)
{
    while (*a != '\0' && fold((unsigned char)*a) == fold((unsigned char)*b)) {
        a++;
        b++;
    }
    return fold((unsigned char)*a) - fold((unsigned char)*b);
}

static bool is_digits(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* 9 before 10; texts as their bytes are. */
static int by_id(const char *a, const char *b)
{
    if (is_digits(a) && is_digits(b)) {
        const char *from_a = a + strspn(a, "0"), *from_b = b + strspn(b, "0");
        size_t bytes_a = strlen(from_a), bytes_b = strlen(from_b);
        int order = bytes_a != bytes_b ? (bytes_a < bytes_b ? -1 : 1) : strcmp(from_a, from_b);
        if (order != 0)
            return order;
    }
    return strcmp(a, b);
}

static int by_age(const struct plan_row *a, const struct plan_row *b)
{
    if (a->day != b->day)
        return a->day != 0 && (b->day == 0 || a->day < b->day) ? -1 : 1;
    int order = strcmp(a->date, b->date);
    if (order == 0)
        order = by_id(a->id, b->id);
    return order != 0 ? order : strcmp(a->number, b->number);
}

static int by_group(const void *left, const void *right)
{
    const struct plan_row *a = left, *b = right;
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0)
        order = by_folded(a->number, b->number);
    return order != 0 ? order : by_age(a, b);
}

/* Of the same number; what is of none stands behind, by its text. Rows of one text agree (unite()). */
static int by_value(const void *left, const void *right)
{
    const struct plan_row *a = left, *b = right;
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0 && (a->value == 0 || b->value == 0))
        order = a->value == b->value ? by_folded(a->number, b->number) : a->value == 0 ? 1 : -1;
    else if (order == 0)
        order = strcmp(a->series, b->series);
    if (order == 0 && a->value != 0 && a->period != b->period)
        order = a->period < b->period ? -1 : 1;
    if (order == 0 && a->value != b->value)
        order = a->value < b->value ? -1 : 1;
    return order != 0 ? order : by_age(a, b);
}

static bool is_one_group(const struct plan_row *a, const struct plan_row *b)
{
    if (strcmp(a->tenant, b->tenant) != 0)
        return false;
    if (a->value == 0 || b->value == 0)
        return a->value == b->value && plan_same_folded(a->number, b->number);
    return a->value == b->value && a->period == b->period && strcmp(a->series, b->series) == 0;
}

static int by_counter(const void *left, const void *right)
{
    const struct plan_row *a = *(const struct plan_row *const *)left, *b = *(const struct plan_row *const *)right;
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0)
        order = strcmp(a->series, b->series);
    if (order == 0 && a->period != b->period)
        order = a->period < b->period ? -1 : 1;
    if (order == 0)
        order = by_age(a, b);
    return order != 0 ? order : (a->group < b->group ? -1 : a->group > b->group);
}

/* ---- deciding ---- */

struct deciding {
    struct plan *plan;
    const struct plan_world *world;
    uint64_t *given; /* hashes of new numbers, by their place; 0: none there */
    size_t given_count, given_room; /* a power of two */
    bool failed;     /* without memory */
    const struct plan_row *suffixed; /* the last row that got a suffix, and which: those below are taken */
    int suffix;
};

static void put_hash(uint64_t *places, size_t room, uint64_t hash)
{
    size_t at = hash & (room - 1);
    while (places[at] != 0 && places[at] != hash)
        at = (at + 1) & (room - 1);
    places[at] = hash;
}

static bool is_given(const struct deciding *deciding, uint64_t hash)
{
    if (deciding->given_room == 0)
        return false;
    size_t at = hash & (deciding->given_room - 1);
    while (deciding->given[at] != 0 && deciding->given[at] != hash)
        at = (at + 1) & (deciding->given_room - 1);
    return deciding->given[at] == hash;
}

static uint64_t hash_of(const char *tenant, const char *text)
{
    uint64_t hash = plan_hash(tenant, strlen(tenant), text, strlen(text));
    return hash != 0 ? hash : 1;
}

static bool keep_given(struct deciding *deciding, uint64_t hash)
{
    if (deciding->given_count * 2 >= deciding->given_room) {
        size_t room = deciding->given_room > 0 ? deciding->given_room * 2 : 1024;
        uint64_t *places = calloc(room, sizeof *places);
        if (places == NULL)
            return false;
        for (size_t i = 0; i < deciding->given_room; i++)
            if (deciding->given[i] != 0)
                put_hash(places, room, deciding->given[i]);
        free(deciding->given);
        deciding->given = places;
        deciding->given_room = room;
    }
    put_hash(deciding->given, deciding->given_room, hash);
    deciding->given_count++;
    return true;
}

static bool is_taken(const struct deciding *deciding, const struct plan_row *row, const char *text)
{
    return is_given(deciding, hash_of(row->tenant, text)) ||
           deciding->world->is_there(deciding->world->context, row->tenant, text);
}

static void give(struct deciding *deciding, struct plan_row *row, const char *text)
{
    const char *kept = arena_text(&deciding->plan->arena, text, strlen(text));
    if (kept == NULL || !keep_given(deciding, hash_of(row->tenant, text))) {
        deciding->failed = true;
        return;
    }
    row->new_number = kept;
}

static void add_why(struct deciding *deciding, struct plan_row *row, const char *why)
{
    char text[512];
    int put = snprintf(text, sizeof text, "%s%s%s", row->why, row->why[0] != '\0' ? "; " : "", why);
    const char *kept = arena_text(&deciding->plan->arena, text, put > 0 && (size_t)put < sizeof text ? (size_t)put : strlen(text));
    if (kept == NULL)
        deciding->failed = true;
    else
        row->why = kept;
}

static void leave(struct deciding *deciding, struct plan_row *row, const char *why)
{
    row->what = PLAN_LEFT;
    add_why(deciding, row, why);
}

/* ---- suffixes ---- */

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void give_suffix(struct deciding *deciding, struct plan_row *row)
{
    enum { LAST = 9999, ROOM = 8 };
    const struct plan_world *world = deciding->world;
    size_t longest = world->longest(world->context, row), size = strlen(row->number) + ROOM;
    char *text = malloc(size);
    if (text == NULL) {
        deciding->failed = true;
        return;
    }
    const struct plan_row *last = deciding->suffixed;
    bool goes_on = last != NULL && strcmp(last->tenant, row->tenant) == 0 && plan_same_folded(last->number, row->number);
    int at = goes_on ? deciding->suffix + 1 : 2;
    for (; at <= LAST && row->new_number[0] == '\0'; at++) {
        snprintf(text, size, "%s-%d", row->number, at);
        if (longest != 0 && characters(text) > longest)
            break;
        if (!is_taken(deciding, row, text) && !world->is_written(world->context, row->tenant, text))
            give(deciding, row, text);
    }
    deciding->suffixed = row;
    deciding->suffix = at - 1;
    free(text);
    if (row->new_number[0] == '\0' && !deciding->failed)
        leave(deciding, row, longest != 0 ? "no suffix fits into the profile's length" : "no suffix is left");
}

/* ---- numbers ---- */

static bool same_counter(const struct plan_use *use, const struct plan_row *row)
{
    return use->series != NULL && strcmp(use->tenant, row->tenant) == 0 && strcmp(use->series, row->series) == 0 &&
           use->period == row->period;
}

static struct plan_use *use_of(struct deciding *deciding, const struct plan_row *row)
{
    struct plan *plan = deciding->plan;
    if (plan->use_count > 0 && same_counter(&plan->uses[plan->use_count - 1], row))
        return &plan->uses[plan->use_count - 1];
    struct plan_use *more = realloc(plan->uses, (plan->use_count + 1) * sizeof *more);
    if (more == NULL)
        return NULL;
    plan->uses = more;
    more += plan->use_count++;
    *more = (struct plan_use){.tenant = row->tenant, .series = row->series, .period = row->period,
                              .last = deciding->world->highest(deciding->world->context, row)};
    deciding->world->name_period(deciding->world->context, row->period, more->period_text);
    return more;
}

/* NULL, or why no number could be given. */
static const char *give_number(struct deciding *deciding, struct plan_row *row)
{
    const struct plan_world *world = deciding->world;
    const char *why = world->refuses(world->context, row);
    struct plan_use *use = why == NULL ? use_of(deciding, row) : NULL;
    char text[DOCKET_TEXT_MAX];
    if (why != NULL)
        return why;
    if (use == NULL) {
        deciding->failed = true;
        return NULL;
    }
    for (uint64_t number = use->last + 1; number <= DOCKET_NUMBER_MAX; number++) {
        why = world->text_of(world->context, row, number, text);
        if (why != NULL)
            return why;
        if (is_taken(deciding, row, text))
            continue;
        give(deciding, row, text);
        if (use->count++ == 0)
            use->first = number;
        use->last = number;
        return NULL;
    }
    return "no number is left";
}

/* Those that take numbers, in the order in which they do. */
static struct plan_row **in_counters(const struct plan *plan, size_t *count)
{
    struct plan_row **rows = malloc((plan->count + 1) * sizeof *rows);
    *count = 0;
    for (size_t i = 0; rows != NULL && i < plan->count; i++)
        if (plan->rows[i].what == PLAN_RENUMBER && plan->rows[i].series != NULL)
            rows[(*count)++] = &plan->rows[i];
    if (rows != NULL)
        qsort(rows, *count, sizeof *rows, by_counter);
    return rows;
}

static void give_numbers(struct deciding *deciding)
{
    size_t count;
    struct plan_row **rows = in_counters(deciding->plan, &count);
    deciding->failed = rows == NULL;
    for (size_t i = 0; i < count && !deciding->failed; i++) {
        const char *why = give_number(deciding, rows[i]);
        if (why != NULL && deciding->plan->with == PLAN_WITH_NUMBERS)
            leave(deciding, rows[i], why);
        else if (why != NULL)
            add_why(deciding, rows[i], why);
    }
    free(rows);
    struct plan *plan = deciding->plan; /* a counter of which nothing was given in the end is no use */
    size_t kept = 0;
    for (size_t i = 0; i < plan->use_count; i++)
        if (plan->uses[i].count > 0)
            plan->uses[kept++] = plan->uses[i];
    plan->use_count = kept;
}

static void give_suffixes(struct deciding *deciding)
{
    struct plan *plan = deciding->plan;
    for (size_t i = 0; i < plan->count && !deciding->failed; i++) {
        struct plan_row *row = &plan->rows[i];
        if (row->what != PLAN_RENUMBER || row->new_number[0] != '\0')
            continue;
        if (plan->with == PLAN_WITH_NUMBERS)
            leave(deciding, row, "it fits no series, so no number follows it");
        else
            give_suffix(deciding, row);
    }
}

/* ---- groups ---- */

static int by_name(const void *left, const void *right)
{
    const struct plan_row *a = *(const struct plan_row *const *)left, *b = *(const struct plan_row *const *)right;
    int order = strcmp(a->id, b->id);
    return order != 0 ? order : strcmp(a->number, b->number);
}

/* Which rows the old system could not tell apart. In order, since a group may be most of the source. */
static void find_shared(struct deciding *deciding, struct plan_row *group, size_t count)
{
    struct plan_row **rows = malloc(count * sizeof *rows);
    if (rows == NULL) {
        deciding->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        rows[i] = &group[i];
    qsort(rows, count, sizeof *rows, by_name);
    for (size_t i = 1; i < count; i++)
        if (by_name(&rows[i - 1], &rows[i]) == 0)
            rows[i - 1]->shared = rows[i]->shared = true;
    free(rows);
}

static bool prints(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static void decide_group(struct deciding *deciding, struct plan_row *group, size_t count, uint64_t number)
{
    const struct plan_row *fits = NULL;
    find_shared(deciding, group, count);
    for (size_t i = 0; i < count && fits == NULL; i++)
        fits = group[i].series != NULL ? &group[i] : NULL;
    for (size_t i = 0; i < count; i++) {
        struct plan_row *row = &group[i];
        row->group = number;
        row->what = i == 0 ? PLAN_KEEP : PLAN_RENUMBER;
        row->why = i == 0                                               ? "oldest"
                   : strcmp(row->number, group[0].number) == 0           ? "same number"
                   : plan_same_folded(row->number, group[0].number)      ? "same but for capitals"
                                                                         : "same number of the series, written otherwise";
        if (i > 0 && row->id[0] == '\0')
            leave(deciding, row, "it has no id");
        else if (i > 0 && !prints(row->number))
            leave(deciding, row, "its number has a character that does not print");
        else if (i > 0 && row->shared)
            leave(deciding, row, "another row has the same id and number");
        if (row->series == NULL && fits != NULL) {
            row->series = fits->series;
            row->period = fits->period;
            row->shown = fits->shown;
        }
    }
}

static size_t end_of_text(const struct plan *plan, size_t begin)
{
    size_t next = begin + 1;
    while (next < plan->count && strcmp(plan->rows[next].tenant, plan->rows[begin].tenant) == 0 &&
           plan_same_folded(plan->rows[next].number, plan->rows[begin].number))
        next++;
    return next;
}

/* Rows of one text are of one number: that of the oldest which the series reads. */
static void unite(struct plan *plan)
{
    for (size_t begin = 0, end; begin < plan->count; begin = end) {
        const struct plan_row *read = NULL;
        end = end_of_text(plan, begin);
        for (size_t i = begin; i < end && read == NULL; i++)
            read = plan->rows[i].value != 0 ? &plan->rows[i] : NULL;
        for (size_t i = begin; read != NULL && i < end; i++) {
            plan->rows[i].series = read->series;
            plan->rows[i].period = read->period;
            plan->rows[i].value = read->value;
            if (plan->rows[i].shown == 0)
                plan->rows[i].shown = read->shown;
        }
    }
}

/* Rows of groups move to the front. */
static void find_groups(struct deciding *deciding)
{
    struct plan *plan = deciding->plan;
    size_t kept = 0, next;
    qsort(plan->rows, plan->count, sizeof *plan->rows, by_group);
    if (plan->twice) {
        unite(plan);
        qsort(plan->rows, plan->count, sizeof *plan->rows, by_value);
    }
    for (size_t i = 0; i < plan->count; i = next) {
        struct plan_row *group = &plan->rows[i];
        for (next = i + 1; next < plan->count; next++)
            if (!is_one_group(&plan->rows[next], group))
                break;
        if (next - i < 2)
            continue;
        decide_group(deciding, group, next - i, ++plan->groups);
        memmove(&plan->rows[kept], group, (next - i) * sizeof *group);
        kept += next - i;
    }
    plan->count = kept;
}

bool plan_decide(struct plan *plan, const struct plan_world *world)
{
    struct deciding deciding = {.plan = plan, .world = world};
    if (plan->count > 0)
        find_groups(&deciding);
    if (!deciding.failed && plan->with != PLAN_WITH_SUFFIX)
        give_numbers(&deciding);
    if (!deciding.failed)
        give_suffixes(&deciding);
    for (size_t i = 0; i < plan->count; i++) {
        plan->renumbered += plan->rows[i].what == PLAN_RENUMBER;
        plan->left += plan->rows[i].what == PLAN_LEFT;
    }
    free(deciding.given);
    return !deciding.failed;
}
