/* SPDX-License-Identifier: MIT */
/*
 * bench_names: what a call by name costs: hot, of eight tenants, and among many
 * series visited at random, beside a bare look-up and a fetch-and-add on what it found;
 * and what finding a handle costs with docket's map, with liburcu's cds_lfht and
 * under a mutex (docs/decisions/0010, 0034).
 *
 *     bench_names [-n NAMES] [-l LARGE] REALM
 *
 * NAMES: many series (10000); LARGE: as many again as are asked for in cells of their own
 * (0: none). All series but the hot ones are strict, never restarting, with the window for benchmarks.
 */
#include "names.h"

#include "docket.h"
#include "docket_admin.h"
#include "fate.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAKERS = 8, PERIODS_SHIFT = 36 };

static uint32_t many = 10000, large;
static const char *directory;
static docket_realm *realm;
static uint64_t *counted; /* numbers of all cells that go over the many series; shared */

/* What a cell walks over. */
struct kind {
    uint32_t names; /* 0: many, 1 << 31: large */
    bool zipf;
    struct walk walk;
};

#define LARGE (1u << 31)

static struct kind one = {.names = 1}, few = {.names = 16}, all = {.names = 0}, skewed = {.names = 0, .zipf = true},
                   large_all = {.names = LARGE}, large_skewed = {.names = LARGE, .zipf = true};

/* One worker's own. */
struct place {
    uint32_t at;
    docket_realm *realm;
    docket_series *series;
};

static struct place *place_of(struct bench_worker *worker)
{
    if (worker->state == NULL)
        worker->state = calloc(1, sizeof(struct place));
    return worker->state;
}

static const struct walk *walk_of(const struct bench_worker *worker)
{
    return &((const struct kind *)worker->cell->context)->walk;
}

/* ---- work ---- */

static uint64_t call_nothing(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    (void)worker, (void)out;
    for (unsigned i = 0; i < calls; i++)
        BENCH_USE(docket_version());
    return calls;
}

#define EACH_NAME(what)                                                     \
    const struct walk *walk = walk_of(worker);                              \
    struct place *place = place_of(worker);                                 \
    uint32_t at = place->at;                                                \
    (void)out;                                                              \
    for (unsigned i = 0; i < calls; i++, at = (at + 1) & (walk->steps - 1)) \
        what;                                                               \
    place->at = at;                                                         \
    return calls

static uint64_t hash_names(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    EACH_NAME(BENCH_USE(bare_hash(&walk->step[at])));
}

static uint64_t bare(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    EACH_NAME(out[i] = (uint64_t)walk->index[at] << PERIODS_SHIFT | bare_next(&walk->step[at]));
}

static uint64_t find_by_map(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    EACH_NAME(BENCH_USE(map_find(&walk->step[at])));
}

static uint64_t find_under_mutex(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    EACH_NAME(BENCH_USE(map_find_under_mutex(&walk->step[at])));
}

static uint64_t find_by_lfht(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    EACH_NAME(BENCH_USE(lfht_find(&walk->step[at])));
}

static void take(docket_realm *from, const struct name *name, uint64_t *number)
{
    if (docket_next_for(from, name->tenant, name->series, DOCKET_TIMEOUT_DEFAULT, number, NULL) != DOCKET_OK)
        bench_fail("%s/%s: %s", name->tenant, name->series, docket_last_error());
}

static uint64_t by_name(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_realm *mine = place_of(worker)->realm;
    EACH_NAME({
        take(mine, &walk->step[at], &out[i]);
        out[i] |= (uint64_t)walk->index[at] << PERIODS_SHIFT;
    });
}

static const char tenants[8][8] = {"acme", "bolt", "cord", "dart", "edge", "fern", "glow", "hill"};

/* One name, or eight that differ in their tenants. */
static uint64_t hot_by_name(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_realm *mine = place_of(worker)->realm;
    unsigned tenants_mask = worker->cell->context == NULL ? 0 : 7;
    for (unsigned i = 0; i < calls; i++) {
        if (docket_next_for(mine, tenants[i & tenants_mask], tenants_mask == 0 ? "INV" : "EIGHT", DOCKET_TIMEOUT_DEFAULT, &out[i],
                            NULL) != DOCKET_OK)
            bench_fail("by name: %s", docket_last_error());
        out[i] |= (uint64_t)(i & tenants_mask) << PERIODS_SHIFT;
    }
    return calls;
}

static uint64_t hot_by_handle(struct bench_worker *worker, uint64_t *out, unsigned calls)
{
    docket_series *series = place_of(worker)->series;
    for (unsigned i = 0; i < calls; i++)
        if (docket_next(series, DOCKET_TIMEOUT_DEFAULT, &out[i], NULL) != DOCKET_OK)
            bench_fail("by handle: %s", docket_last_error());
    return calls;
}

/* ---- around the work ---- */

/* A realm of the worker's own: as a program has it, and not a forked copy of one. */
static bool open_realm(struct bench_worker *worker)
{
    struct place *place = place_of(worker);
    if (docket_realm_open(directory, &place->realm) == DOCKET_OK &&
        docket_series_open(place->realm, "acme", "HAND", &place->series) == DOCKET_OK)
        return true;
    bench_say("%s", docket_last_error());
    return false;
}

static void count_up(uint64_t numbers)
{
    __atomic_fetch_add(counted, numbers, __ATOMIC_RELAXED);
}

/* Each name of the walk once, so that every handle is made; these numbers count too. */
static bool meet_all(struct bench_worker *worker)
{
    const struct walk *walk = walk_of(worker);
    uint8_t *met = calloc(walk->names, 1);
    uint64_t number, taken = 0;
    for (uint32_t i = 0; met != NULL && i < walk->steps; i++) {
        if (met[walk->index[i]]++ != 0)
            continue;
        take(place_of(worker)->realm, &walk->step[i], &number);
        taken++;
    }
    free(met);
    count_up(taken);
    return true;
}

static void close_realm(struct bench_worker *worker)
{
    docket_realm_close(place_of(worker)->realm);
}

/* ---- what was got ---- */

static int bare_left, named_left; /* cells that take from the same counters: the last one asks for the sum */

static bool bare_agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    static uint64_t sum;
    (void)cell;
    sum += got->numbers;
    if (--bare_left > 0 || bare_total() == sum)
        return true;
    bench_say("the bare counters stand at %llu, and %llu were counted", (unsigned long long)bare_total(), (unsigned long long)sum);
    return false;
}

static bool one_agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    (void)cell;
    return bench_fate_agrees(realm, "acme", "INV", got);
}

static bool hand_agrees(const struct bench_cell *cell, const struct bench_got *got)
{
    (void)cell;
    return bench_fate_agrees(realm, "acme", "HAND", got);
}

/* Over all tenants at once. */
struct sum {
    bool eight; /* of the eight hot ones; else of all many series */
    uint64_t numbers;
};

static int add_row(void *context, const struct docket_fate_row *row)
{
    struct sum *sum = context;
    bool wanted = sum->eight ? strcmp(row->series, "EIGHT") == 0 : strncmp(row->tenant, "tenant-", 7) == 0;
    if (wanted && strcmp(row->fate, "handed out") == 0)
        sum->numbers += row->last - row->first + 1;
    return 0;
}

static bool total_is(bool eight, uint64_t wanted)
{
    struct sum sum = {.eight = eight};
    for (int tries = 0; tries < 50; tries++, usleep(20000)) {
        sum.numbers = 0;
        if (docket_admin_fate(realm, NULL, NULL, -1, add_row, &sum) != DOCKET_OK) {
            bench_say("%s", docket_last_error());
            return false;
        }
        if (sum.numbers == wanted)
            return true;
    }
    bench_say("%s: counted %llu numbers, and docket handed out %llu", eight ? "eight tenants" : "many series",
              (unsigned long long)wanted, (unsigned long long)sum.numbers);
    return false;
}

static bool eight_agree(const struct bench_cell *cell, const struct bench_got *got)
{
    (void)cell;
    return total_is(true, got->numbers);
}

static bool many_agree(const struct bench_cell *cell, const struct bench_got *got)
{
    (void)cell;
    count_up(got->numbers);
    return --named_left > 0 || total_is(false, *counted);
}

/* ---- the tables ---- */

#define LOOK(id_, name_, kind_, work_) {.id = id_, .name = name_, .context = &kind_, .work = work_}
#define BARE(id_, name_, kind_) \
    {.id = id_, .name = name_, .context = &kind_, .work = bare, .numbers = true, .verify = bare_agrees}
#define NAMED(id_, name_, kind_, base_)                                                                                  \
    {.id = id_, .name = name_, .base = base_, .context = &kind_, .work = by_name, .numbers = true, .verify = many_agree, \
     .open = open_realm, .warm = meet_all, .close = close_realm}

static struct bench_cell cells[] = {
    {.id = "empty", .name = "an empty call", .work = call_nothing},
    {.id = "handle-leased", .name = "docket_next, leased, by handle", .base = "empty", .work = hot_by_handle, .numbers = true,
     .open = open_realm, .close = close_realm, .verify = hand_agrees},
    {.id = "hot", .name = "docket_next_for, leased, one name", .base = "empty", .work = hot_by_name, .numbers = true,
     .open = open_realm, .close = close_realm, .verify = one_agrees},
    {.id = "eight", .name = "docket_next_for, leased, 8 tenants", .base = "empty", .context = &few, .work = hot_by_name,
     .numbers = true, .open = open_realm, .close = close_realm, .verify = eight_agree},
    LOOK("hash", "XXH3 of both names", few, hash_names),
    BARE("bare-1", "bare look-up + atomic, 1 name", one),
    NAMED("named-1", "docket_next_for, strict, 1 name", one, "bare-1"),
    BARE("bare-16", "bare look-up + atomic, 16 names", few),
    NAMED("named-16", "docket_next_for, strict, 16 names", few, "bare-16"),
    BARE("bare-many", "bare, many names, uniform", all),
    NAMED("named-many", "docket_next_for, many, uniform", all, "bare-many"),
    BARE("bare-many-zipf", "bare, many names, Zipf .99", skewed),
    NAMED("named-many-zipf", "docket_next_for, many, Zipf .99", skewed, "bare-many-zipf"),
    BARE("bare-large", "bare, large, uniform", large_all),
    NAMED("named-large", "docket_next_for, large, uniform", large_all, "bare-large"),
    BARE("bare-large-zipf", "bare, large, Zipf .99", large_skewed),
    NAMED("named-large-zipf", "docket_next_for, large, Zipf .99", large_skewed, "bare-large-zipf"),
    LOOK("map-one", "docket's map, one name", one, find_by_map),
    LOOK("map", "docket's map, many names", all, find_by_map),
    LOOK("lfht-one", "cds_lfht, one name", one, find_by_lfht),
    LOOK("lfht", "cds_lfht, many names", all, find_by_lfht),
    LOOK("map-mutex", "docket's map under a mutex, many", all, find_under_mutex),
};

enum { CELLS = sizeof cells / sizeof cells[0] };

static const struct bench_figure figures[] = {
    {.id = "named-hot", .sentence = "by name, hot / an empty call", .asked_as = "<=", .asked = 3.2, .of = "hot", .over = "empty"},
    {.id = "named-eight", .sentence = "by name, 8 tenants / an empty call", .of = "eight", .over = "empty"},
    {.id = "named-many", .sentence = "by name, 10,000 series / a bare look-up and atomic", .asked_as = "<=", .asked = 1.3,
     .of = "named-many", .over = "bare-many"},
    {.id = "named-many-zipf", .sentence = "by name, 10,000 series, Zipf .99 / the same", .asked_as = "<=", .asked = 1.3,
     .of = "named-many-zipf", .over = "bare-many-zipf"},
    {.id = "named-large", .sentence = "by name, -l series (1,000,000 are asked) / a bare look-up and atomic", .asked_as = "<=", .asked = 1.3,
     .of = "named-large", .over = "bare-large"},
    {.id = "named-large-zipf", .sentence = "by name, -l series, Zipf .99 / the same", .asked_as = "<=", .asked = 1.3,
     .of = "named-large-zipf", .over = "bare-large-zipf"},
    {.id = "map-lfht", .sentence = "docket's map / cds_lfht, many names", .of = "map", .over = "lfht"},
};

/* ---- set-up ---- */

static bool take_option(int letter, const char *value)
{
    unsigned long number = strtoul(value, NULL, 10);
    if (number < 16 || number > DOCKET_HANDLES_MAX)
        return letter == 'l' && number == 0;
    *(letter == 'l' ? &large : &many) = (uint32_t)number;
    return true;
}

/* A series is made in a commit: several processes share them. */
static bool make_series(uint32_t names)
{
    const struct docket_policy policy = {
        .order = "strict", .restart = "never", .template_text = "{SERIES}-{N:6}", .window = DOCKET_WINDOW_BENCHMARK};
    for (uint32_t maker = 0; maker < MAKERS; maker++) {
        if (fork() != 0)
            continue;
        for (uint32_t i = maker; i < names; i += MAKERS) {
            struct name name;
            names_make(i, &name);
            if (docket_admin_series_add(realm, name.tenant, name.series, &policy) != DOCKET_OK)
                bench_fail("%s/%s: %s", name.tenant, name.series, docket_last_error());
        }
        _exit(0);
    }
    bool good = true;
    for (int code, i = 0; i < MAKERS; i++)
        good = wait(&code) > 0 && code == 0 && good;
    return good;
}

static void make_hot(void)
{
    const struct docket_policy policy = {
        .order = "leased", .restart = "never", .template_text = "{SERIES}-{N:6}", .window = DOCKET_WINDOW_BENCHMARK};
    bench_series(realm, "acme", "INV", &policy);
    bench_series(realm, "acme", "HAND", &policy);
    for (int i = 0; i < 8; i++)
        bench_series(realm, tenants[i], "EIGHT", &policy);
}

static void make_walk(struct kind *kind)
{
    uint32_t names = kind->names == 0 ? many : kind->names == LARGE ? large : kind->names;
    if (names > 0)
        names_walk(&kind->walk, names, kind->zipf, 3);
}

static bool set_up(int count, char **operands)
{
    static struct kind *const kinds[] = {&one, &few, &all, &skewed, &large_all, &large_skewed};
    if (count != 1)
        return false;
    directory = operands[0];
    counted = bench_shared(sizeof *counted);
    if (docket_realm_open(directory, &realm) != DOCKET_OK) {
        bench_say("%s", docket_last_error());
        return false;
    }
    uint32_t most = large > many ? large : many;
    if (!make_series(most))
        return false;
    make_hot();
    bare_fill(most);
    maps_fill(many);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        make_walk(kinds[i]);
    for (int i = 0; i < CELLS; i++) {
        const struct kind *kind = cells[i].context;
        if (kind != NULL && kind->names == LARGE && large == 0)
            cells[i].skip = "wanted with -l only: a million series take minutes to make";
        else if (cells[i].verify == bare_agrees)
            bare_left++;
        else if (cells[i].verify == many_agree)
            named_left++;
    }
    return true;
}

static void tear_down(void)
{
    docket_realm_close(realm);
}

static const struct bench_suite suite = {
    .program = "bench_names",
    .title = "calls by name",
    .cells = cells,
    .cell_count = CELLS,
    .figures = figures,
    .figure_count = sizeof figures / sizeof figures[0],
    .letters = "n:l:",
    .usage = "[-n NAMES] [-l LARGE] REALM",
    .option = take_option,
    .set_up = set_up,
    .tear_down = tear_down,
};

int main(int count, char **words)
{
    return bench_main(count, words, &suite);
}
