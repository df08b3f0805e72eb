/* SPDX-License-Identifier: MIT */
/* links: base/status.c daemon/admin/import_sweep.c daemon/admin/cut.c numbering/fate.c */
/*
 * An import's rows laid over what docket knows, against a model that looks at each number alone: what is given, what
 * clashes, what becomes void, and that what is written makes of each number exactly one thing.
 */
#include "daemon/admin/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NUMBERS = 60, ROUNDS = 20000 };

/* What is known of a number. NONE: beyond the mark. */
enum known { NONE, GIVEN, SPARE, ADVANCED, VOIDED, USED_BEFORE, VOID_BEFORE, LEFT_OUT, UNKNOWN, KNOWN_COUNT };

static const struct {
    uint8_t fate, cause;
    bool recorded;
} as_piece[KNOWN_COUNT] = {
    [GIVEN] = {DK_FATE_HANDED_OUT, 0, false},
    [SPARE] = {DK_FATE_SPARE, 0, false},
    [ADVANCED] = {DK_FATE_VOID, DK_CAUSE_ADVANCED, true},
    [VOIDED] = {DK_FATE_VOID, DK_CAUSE_VOIDED, true},
    [USED_BEFORE] = {DK_FATE_HANDED_OUT, DK_CAUSE_IMPORTED, true},
    [VOID_BEFORE] = {DK_FATE_VOID, DK_CAUSE_IMPORTED, true},
    [LEFT_OUT] = {DK_FATE_VOID, DK_CAUSE_NOT_IMPORTED, true},
    [UNKNOWN] = {DK_FATE_UNKNOWN, DK_CAUSE_POWER_LOSS, true},
};

/* ---- what the sweep leans on ---- */

void *dk_must_alloc(size_t count, size_t bytes)
{
    void *made = calloc(count ? count : 1, bytes);
    assert_non_null(made);
    return made;
}

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    void *made = realloc(old, count * bytes);
    assert_non_null(made);
    return made;
}

static struct dk_fate_record written[512], taken[512];
static size_t written_count, taken_count;

void dk_job_range(struct dk_job *job, const struct dk_fate_record *range)
{
    (void)job;
    written[written_count++] = *range;
}

void dk_job_remove(struct dk_job *job, const struct dk_fate_record *range)
{
    (void)job;
    taken[taken_count++] = *range;
}

docket_status dk_ledger_import_prepare(struct dk_import *import, const struct dk_import_row *row, uint64_t number,
                                       bool *clashes, struct dk_clash_wire *clash)
{
    (void)import, (void)row, (void)number, (void)clash;
    *clashes = false;
    return DOCKET_OK;
}

/* ---- a counter, and rows ---- */

static unsigned long long seed = 88172645463325252ull;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % below);
}

struct model {
    enum known before[NUMBERS + 2];
    uint64_t first, mark, from;
    struct dk_import_row rows[NUMBERS];
    size_t row_count;
    uint8_t named[NUMBERS + 2]; /* 1 used, 2 void */
};

static void make_counter(struct model *model, struct dk_fate_list *list, struct dk_counter_image *image)
{
    memset(model, 0, sizeof *model);
    model->first = 1 + draw(5);
    model->mark = model->first + draw(NUMBERS - 10);
    *list = (struct dk_fate_list){.first = model->first, .mark = model->mark, .found = true};
    list->pieces = dk_must_alloc(NUMBERS, sizeof *list->pieces);
    *image = (struct dk_counter_image){.series_id = 1, .period = 2026, .next = model->mark, .mark = model->mark};
    for (uint64_t at = model->first; at < model->mark;) {
        enum known kind = 1 + draw(KNOWN_COUNT - 1);
        uint64_t last = at + draw(6);
        last = last < model->mark ? last : model->mark - 1;
        list->pieces[list->count++] = (struct dk_fate_piece){.first = at,
                                                             .last = last,
                                                             .fate = as_piece[kind].fate,
                                                             .cause = as_piece[kind].cause,
                                                             .recorded = as_piece[kind].recorded,
                                                             .time_ns = 7,
                                                             .event = at};
        if (kind == SPARE)
            dk_image_copy_spares(image, (const struct dk_range[]){{at, last}}, 1);
        for (; at <= last; at++)
            model->before[at] = kind;
    }
}

void dk_image_copy_spares(struct dk_counter_image *image, const struct dk_range *spares, size_t count)
{
    image->spares = dk_must_grow(image->spares, image->spare_count + count, sizeof *spares);
    for (size_t i = 0; i < count; i++)
        image->spares[image->spare_count++] = spares[i];
}

static void make_rows(struct model *model)
{
    uint64_t at = model->from = 1 + draw(8);
    while (at <= NUMBERS) {
        at += draw(4);
        uint64_t last = at + (draw(2) ? draw(8) : 0);
        if (last > NUMBERS || (draw(8) == 0 && model->row_count > 0))
            break;
        bool is_void = draw(3) == 0;
        model->rows[model->row_count++] =
            (struct dk_import_row){.first = at, .last = last, .line = at, .is_void = is_void, .text = "", .key = "", .reason = ""};
        for (; at <= last; at++)
            model->named[at] = is_void ? 2 : 1;
    }
}

enum verdict { GIVE, ALREADY, CLASH, BELOW };

static enum verdict judge(const struct model *model, uint64_t number)
{
    bool is_void = model->named[number] == 2;
    if (number < model->first)
        return BELOW;
    switch (model->before[number]) {
    case NONE:
    case SPARE:
    case LEFT_OUT: return GIVE;
    case ADVANCED: return is_void ? ALREADY : GIVE;
    case VOIDED:
    case VOID_BEFORE: return is_void ? ALREADY : CLASH;
    case USED_BEFORE: return is_void ? CLASH : ALREADY;
    default: return CLASH;
    }
}

/* ---- what was written, number by number ---- */

static void count_in(const struct dk_fate_record *records, size_t count, uint64_t number, unsigned *found,
                     const struct dk_fate_record **which)
{
    for (size_t i = 0; i < count; i++)
        if (records[i].range.first <= number && number <= records[i].range.last) {
            ++*found;
            *which = &records[i];
        }
}

/* The record of a number afterwards; it has at most one. */
static const struct dk_fate_record *record_after(const struct dk_fate_list *list, uint64_t number)
{
    static struct dk_fate_record stood;
    const struct dk_fate_record *which = NULL, *gone = NULL;
    unsigned stands = 0, removed = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct dk_fate_piece *piece = &list->pieces[i];
        if (!piece->recorded || number < piece->first || number > piece->last)
            continue;
        stood = (struct dk_fate_record){.fate = piece->fate, .cause = piece->cause, .range = {piece->first, piece->last}};
        which = &stood;
        stands++;
        count_in(taken, taken_count, number, &removed, &gone);
        if (removed > 0)
            assert_true(gone->range.first == piece->first && gone->range.last == piece->last && gone->event == piece->event &&
                        gone->time_ns == piece->time_ns);
    }
    assert_true(removed <= stands);
    if (removed > 0)
        stands = 0;
    count_in(written, written_count, number, &stands, &which);
    assert_true(stands <= 1);
    return stands == 1 ? which : NULL;
}

static bool is_spare(const struct dk_counter_image *image, uint64_t number)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < image->spare_count; i++)
        found += image->spares[i].first <= number && number <= image->spares[i].last;
    assert_true(found <= 1);
    return found == 1;
}

static void check_number(const struct model *model, const struct dk_fate_list *list, const struct dk_counter_image *image,
                         uint64_t highest, uint64_t number)
{
    const struct dk_fate_record *record = record_after(list, number);
    enum known before = model->before[number];
    bool gift = model->named[number] != 0 && judge(model, number) == GIVE;
    bool passed_over = !gift && model->named[number] == 0 && number <= highest && number >= model->first &&
                       ((before == SPARE && number >= model->from) || (before == NONE && number >= model->mark));
    if (gift || passed_over) {
        assert_non_null(record);
        assert_int_equal(record->cause, gift ? DK_CAUSE_IMPORTED : DK_CAUSE_NOT_IMPORTED);
        assert_int_equal(record->fate, gift && model->named[number] == 1 ? DK_FATE_HANDED_OUT : DK_FATE_VOID);
        assert_false(is_spare(image, number));
        return;
    }
    assert_int_equal(is_spare(image, number), before == SPARE);
    if (before == NONE || !as_piece[before].recorded) {
        assert_null(record);
        return;
    }
    assert_non_null(record);
    assert_int_equal(record->fate, as_piece[before].fate);
    assert_int_equal(record->cause, as_piece[before].cause);
}

static void one_round(void)
{
    struct model model;
    struct dk_event event = {.time_ns = 9};
    struct dk_job job = {.events = &event, .event_count = 1};
    const struct dk_policy policy = {.window = 1};
    struct dk_series_book series = {.record = {.id = 1, .tenant = "acme", .name = "INV", .policy = &policy}};
    struct dk_import import = {.series = &series, .period = 2026};
    struct dk_counter_image image;
    uint64_t counts[4] = {0};
    make_counter(&model, &import.list, &image);
    make_rows(&model);
    if (model.row_count > 0) {
        import.rows = model.rows;
        import.count = model.row_count;
        import.from = model.from;
        import.highest = model.rows[model.row_count - 1].last;
        import.skip = true;
        written_count = taken_count = 0;
        assert_int_equal(dk_import_sweep(&import), DOCKET_OK);
        for (uint64_t number = 1; number <= NUMBERS; number++)
            if (model.named[number] != 0)
                counts[judge(&model, number)]++;
        assert_int_equal(import.said.imported + import.said.voided, counts[GIVE]);
        assert_int_equal(import.said.already, counts[ALREADY]);
        assert_int_equal(import.said.clashing, counts[CLASH]);
        assert_int_equal(import.said.below, counts[BELOW]);
        assert_int_equal(dk_import_goes(&import), counts[GIVE] > 0);
    }
    if (model.row_count > 0 && counts[GIVE] > 0) {
        dk_import_ranges(&import, &job);
        dk_import_image(&import, &image);
        assert_true(image.next == image.mark && image.next > import.highest && image.next >= model.mark);
        for (uint64_t number = 1; number <= NUMBERS; number++)
            check_number(&model, &import.list, &image, import.highest, number);
    }
    free(import.list.pieces);
    free(import.gifts);
    free(import.clashes);
    free(image.spares);
}

static void whatever_a_counter_has_each_number_becomes_one_thing(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++)
        one_round();
}

static void a_clash_keeps_the_chunk_from_going(void **state)
{
    (void)state;
    struct dk_fate_piece pieces[] = {{.first = 1, .last = 5, .fate = DK_FATE_HANDED_OUT}};
    struct dk_import_row rows[] = {{.first = 5, .last = 6, .line = 1, .text = "", .key = "", .reason = ""}};
    struct dk_series_book series = {.record = {.id = 1}};
    struct dk_import import = {.rows = rows,
                               .count = 1,
                               .from = 1,
                               .highest = 6,
                               .series = &series,
                               .list = {.pieces = pieces, .count = 1, .first = 1, .mark = 6, .found = true}};
    assert_int_equal(dk_import_sweep(&import), DOCKET_OK);
    assert_int_equal(import.said.clashing, 1);
    assert_int_equal(import.clashes[0].first, 5);
    assert_int_equal(import.clashes[0].fate, DK_FATE_HANDED_OUT);
    assert_false(dk_import_goes(&import));
    import.skip = true;
    assert_true(dk_import_goes(&import));
    free(import.gifts);
    free(import.clashes);
}

static void the_counter_rises_over_what_a_chunk_before_did_not_take(void **state)
{
    (void)state;
    struct dk_import_row rows[] = {{.first = 20, .last = 20, .line = 1, .text = "", .key = "", .reason = ""}};
    struct dk_series_book series = {.record = {.id = 1}};
    struct dk_event event = {.time_ns = 9};
    struct dk_job job = {.events = &event, .event_count = 1};
    struct dk_import import = {.rows = rows,
                               .count = 1,
                               .from = 15, /* as if 6 to 14 had been imported */
                               .highest = 20,
                               .series = &series,
                               .list = {.first = 1, .mark = 6, .found = true}};
    written_count = 0;
    assert_int_equal(dk_import_sweep(&import), DOCKET_OK);
    dk_import_ranges(&import, &job);
    assert_int_equal(written_count, 2);
    assert_int_equal(written[1].range.first, 6); /* void: no number is without a fate */
    assert_int_equal(written[1].range.last, 19);
    free(import.gifts);
    free(import.clashes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_a_counter_has_each_number_becomes_one_thing),
        cmocka_unit_test(a_clash_keeps_the_chunk_from_going),
        cmocka_unit_test(the_counter_rises_over_what_a_chunk_before_did_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
