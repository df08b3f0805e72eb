/* SPDX-License-Identifier: MIT */
/*
 * import_sweep: an import's rows laid over what docket knows of their numbers. Pure but for the judge, who looks
 * into the ledger.
 *
 * What docket never gave may be another system's: spares, what lies beyond the mark, and voids that say "never
 * given" (an advance, an interval's end, an import before). What docket gave, or may have given, clashes; so does a void
 * that the import says is used, and the other way round.
 */
#include "daemon/admin/import.h"

#include <stdlib.h>
#include <string.h>

static bool is_nobodys(const struct dk_fate_piece *piece)
{
    return piece->fate == DK_FATE_SPARE || piece->fate == DK_FATE_LAID;
}

static bool was_never_given(uint8_t cause)
{
    return cause == DK_CAUSE_NOT_IMPORTED || cause == DK_CAUSE_ADVANCED || cause == DK_CAUSE_INTERVAL;
}

/* ---- what there is ---- */

static void add_gift(struct dk_import *import, size_t row, uint64_t first, uint64_t last, size_t piece)
{
    if ((import->gift_count & (import->gift_count + 1)) == 0) /* room doubles at 0, 1, 3, 7 ... */
        import->gifts = dk_must_grow(import->gifts, import->gift_count * 2 + 1, sizeof *import->gifts);
    import->gifts[import->gift_count++] =
        (struct dk_import_gift){.range = {first, last}, .row = row, .piece = piece};
    if (import->rows[row].is_void)
        import->said.voided += last - first + 1;
    else
        import->said.imported += last - first + 1;
    if (piece != NO_PIECE && import->list.pieces[piece].cause == DK_CAUSE_NOT_IMPORTED)
        import->said.named += last - first + 1;
}

/* Neighbours that are alike are one. */
static void add_clash(struct dk_import *import, const struct dk_clash_wire *clash)
{
    struct dk_clash_wire *before = import->said.clashes > 0 ? &import->clashes[import->said.clashes - 1] : NULL;
    import->said.clashing += clash->last - clash->first + 1;
    if (before != NULL && before->last + 1 == clash->first && before->line == clash->line && before->fate == clash->fate &&
        before->cause == clash->cause && before->event == clash->event && before->time_ns == clash->time_ns &&
        clash->text[0] == 0 && before->text[0] == 0) {
        before->last = clash->last;
        return;
    }
    if (import->said.clashes == DK_IMPORT_CLASHES)
        return;
    if ((import->said.clashes & (import->said.clashes + 1)) == 0)
        import->clashes = dk_must_grow(import->clashes, import->said.clashes * 2 + 1, sizeof *import->clashes);
    import->clashes[import->said.clashes++] = *clash;
}

static enum dk_import_verdict verdict_of(const struct dk_import_row *row, const struct dk_fate_piece *piece)
{
    if (piece == NULL || is_nobodys(piece))
        return DK_IMPORT_GIVE;
    if (piece->fate == DK_FATE_VOID && piece->recorded)
        return piece->cause == DK_CAUSE_NOT_IMPORTED ? DK_IMPORT_GIVE
               : row->is_void                        ? DK_IMPORT_ALREADY
               : was_never_given(piece->cause)       ? DK_IMPORT_GIVE
                                                     : DK_IMPORT_CLASH;
    if (piece->fate == DK_FATE_HANDED_OUT && piece->recorded && piece->cause == DK_CAUSE_IMPORTED && !row->is_void)
        return DK_IMPORT_ALREADY;
    return DK_IMPORT_CLASH;
}

static docket_status judge_one(struct dk_import *import, size_t at, uint64_t number, size_t piece_at)
{
    const struct dk_import_row *row = &import->rows[at];
    const struct dk_fate_piece *piece = piece_at == NO_PIECE ? NULL : &import->list.pieces[piece_at];
    struct dk_clash_wire clash = {.first = number,
                                  .last = number,
                                  .line = row->line,
                                  .period = import->period,
                                  .number = number,
                                  .is_void = row->is_void};
    enum dk_import_verdict verdict = verdict_of(row, piece);
    bool clashes = false;
    docket_status status = DOCKET_OK;
    if (piece != NULL) {
        clash.fate = piece->fate;
        clash.cause = piece->cause;
        clash.time_ns = piece->time_ns;
        clash.event = piece->event;
    }
    if (import->judge != NULL && piece != NULL && piece->fate == DK_FATE_HANDED_OUT && !piece->recorded)
        status = import->judge(import, row, number, &verdict, &clash);
    if (status == DOCKET_OK && verdict == DK_IMPORT_GIVE)
        status = dk_ledger_import_prepare(import, row, number, &clashes, &clash);
    if (status != DOCKET_OK)
        return status;
    if (verdict == DK_IMPORT_CLASH || clashes)
        add_clash(import, &clash);
    else if (verdict == DK_IMPORT_ALREADY)
        import->said.already++;
    else
        add_gift(import, at, number, number, piece != NULL && piece->recorded ? piece_at : NO_PIECE);
    return DOCKET_OK;
}

/* Numbers of a row that lie in one piece, or (NULL) behind them all: all alike. */
static void judge_run(struct dk_import *import, size_t at, uint64_t first, uint64_t last, size_t piece_at)
{
    const struct dk_import_row *row = &import->rows[at];
    const struct dk_fate_piece *piece = piece_at == NO_PIECE ? NULL : &import->list.pieces[piece_at];
    switch (verdict_of(row, piece)) {
    case DK_IMPORT_GIVE:
        add_gift(import, at, first, last, piece != NULL && piece->recorded ? piece_at : NO_PIECE);
        break;
    case DK_IMPORT_ALREADY:
        import->said.already += last - first + 1;
        break;
    default: {
        const struct dk_clash_wire clash = {.first = first,
                                            .last = last,
                                            .line = row->line,
                                            .period = import->period,
                                            .number = first,
                                            .is_void = row->is_void,
                                            .fate = piece->fate,
                                            .cause = piece->cause,
                                            .time_ns = piece->time_ns,
                                            .event = piece->event};
        add_clash(import, &clash);
    }
    }
}

static docket_status sweep_row(struct dk_import *import, size_t at, size_t *piece_at)
{
    const struct dk_import_row *row = &import->rows[at];
    const struct dk_fate_list *list = &import->list;
    uint64_t number = row->first, begin = list->found ? list->first : 1;
    docket_status status = DOCKET_OK;
    if (number < begin) {
        uint64_t end = row->last < begin ? row->last + 1 : begin;
        import->said.below += end - number;
        number = end;
    }
    while (status == DOCKET_OK && number <= row->last) {
        while (*piece_at < list->count && list->pieces[*piece_at].last < number)
            ++*piece_at;
        bool here = *piece_at < list->count && list->pieces[*piece_at].first <= number;
        uint64_t end = here && list->pieces[*piece_at].last < row->last ? list->pieces[*piece_at].last : row->last;
        if (!here && list->found && number < list->mark) /* pieces reach up to the mark, unless two say something of one */
            return dk_fail(DOCKET_DAMAGED, "the records of %s/%s overlap", import->series->record.tenant,
                           import->series->record.name);
        if (import->judge != NULL)
            status = judge_one(import, at, end = number, here ? *piece_at : NO_PIECE);
        else
            judge_run(import, at, number, end, here ? *piece_at : NO_PIECE);
        number = end + 1;
    }
    return status;
}

/* ---- what nobody has ---- */

/* [first, end) but for the gifts in it, in order; gift_at goes along. each NULL: they are counted. */
static void add_unnamed(struct dk_import *import, uint64_t first, uint64_t end, size_t *gift_at, struct dk_job *job)
{
    while (first < end) {
        while (*gift_at < import->gift_count && import->gifts[*gift_at].range.last < first)
            ++*gift_at;
        const struct dk_range *gift = *gift_at < import->gift_count ? &import->gifts[*gift_at].range : NULL;
        uint64_t stop = gift != NULL && gift->first < end ? gift->first : end;
        if (first < stop && job == NULL)
            import->said.unnamed += stop - first;
        if (first < stop && job != NULL) {
            struct dk_fate_record record = {.series_id = import->series->record.id,
                                            .period = import->period,
                                            .fate = DK_FATE_VOID,
                                            .cause = DK_CAUSE_NOT_IMPORTED,
                                            .range = {first, stop - 1},
                                            .time_ns = job->events[0].time_ns,
                                            .event_at = 1};
            dk_job_range(job, &record);
        }
        first = gift != NULL && gift->first < end ? gift->last + 1 : end;
    }
}

/* Spares from `from` to the highest number, and whatever was never laid below that: the counter rises over it, also where
 * an import said that others speak for it. Of a dry run they do: what they would import is not there yet. */
static void sweep_unnamed(struct dk_import *import, struct dk_job *job)
{
    const struct dk_fate_list *list = &import->list;
    uint64_t at = list->found ? list->mark : 1, low = import->from, end = import->highest + 1;
    size_t gift_at = 0;
    for (size_t i = 0; list->found && i < list->count; i++) {
        const struct dk_fate_piece *piece = &list->pieces[i];
        if (is_nobodys(piece))
            add_unnamed(import, piece->first > low ? piece->first : low, piece->last < end ? piece->last + 1 : end,
                        &gift_at, job);
    }
    if (import->dry && at < low)
        at = low;
    add_unnamed(import, at, end, &gift_at, job);
}

docket_status dk_import_sweep(struct dk_import *import)
{
    size_t piece_at = 0;
    docket_status status = DOCKET_OK;
    free(import->gifts);
    free(import->clashes);
    import->gifts = NULL;
    import->clashes = NULL;
    import->gift_count = 0;
    import->said = (struct dk_import_answer){.highest = import->highest};
    for (size_t i = 0; status == DOCKET_OK && i < import->count; i++)
        status = sweep_row(import, i, &piece_at);
    if (status == DOCKET_OK && import->gift_count > 0)
        sweep_unnamed(import, NULL);
    return status;
}

bool dk_import_goes(const struct dk_import *import)
{
    return import->gift_count > 0 && (import->said.clashing == 0 || import->skip);
}

bool dk_import_is_light(const struct dk_import *import)
{
    for (size_t i = 0; i < import->gift_count; i++)
        if (import->gifts[i].piece == NO_PIECE)
            return false;
    return !import->tracked && import->said.unnamed == 0 && !import->series->record.policy->chronological;
}

/* ---- the commit ---- */

static struct dk_fate_record record_of(const struct dk_import *import, const struct dk_fate_piece *piece)
{
    return (struct dk_fate_record){.series_id = import->series->record.id,
                                   .period = import->period,
                                   .fate = piece->fate,
                                   .cause = piece->cause,
                                   .range = {piece->first, piece->last},
                                   .time_ns = piece->time_ns,
                                   .event = piece->event};
}

/* "Never given" becomes what the import says: the record keeps what is left of it. */
static void cut_records(const struct dk_import *import, struct dk_job *job)
{
    struct dk_range *cuts = dk_must_alloc(import->gift_count, sizeof *cuts);
    for (size_t i = 0; i < import->gift_count;) {
        size_t piece = import->gifts[i].piece, count = 0;
        for (; i < import->gift_count && import->gifts[i].piece == piece; i++) {
            const struct dk_range *range = &import->gifts[i].range;
            if (count > 0 && cuts[count - 1].last + 1 == range->first)
                cuts[count - 1].last = range->last;
            else
                cuts[count++] = *range;
        }
        if (piece == NO_PIECE)
            continue;
        struct dk_fate_record record = record_of(import, &import->list.pieces[piece]);
        dk_fates_cut(job, &record, cuts, count, NULL, NULL);
    }
    free(cuts);
}

static void put_gifts(const struct dk_import *import, struct dk_job *job)
{
    for (size_t i = 0; i < import->gift_count;) {
        struct dk_range range = import->gifts[i].range;
        bool is_void = import->rows[import->gifts[i].row].is_void;
        for (i++; i < import->gift_count && import->gifts[i].range.first == range.last + 1 &&
                  import->rows[import->gifts[i].row].is_void == is_void;
             i++)
            range.last = import->gifts[i].range.last;
        struct dk_fate_record record = {.series_id = import->series->record.id,
                                        .period = import->period,
                                        .fate = is_void ? DK_FATE_VOID : DK_FATE_HANDED_OUT,
                                        .cause = DK_CAUSE_IMPORTED,
                                        .range = range,
                                        .time_ns = job->events[0].time_ns,
                                        .event_at = 1};
        dk_job_range(job, &record);
    }
}

void dk_import_ranges(struct dk_import *import, struct dk_job *job)
{
    cut_records(import, job);
    if (!import->tracked)
        put_gifts(import, job);
    sweep_unnamed(import, job);
}

void dk_import_image(const struct dk_import *import, struct dk_counter_image *image)
{
    struct dk_range *spares = dk_must_alloc(image->spare_count + 1, sizeof *spares);
    uint32_t kept = 0;
    uint64_t low = import->from, high = import->highest;
    for (uint32_t i = 0; i < image->spare_count; i++) {
        struct dk_range spare = image->spares[i];
        if (spare.first < low)
            spares[kept++] = (struct dk_range){spare.first, spare.last < low ? spare.last : low - 1};
        if (spare.last > high)
            spares[kept++] = (struct dk_range){spare.first > high ? spare.first : high + 1, spare.last};
    }
    free(image->spares);
    image->spares = spares;
    image->spare_count = kept;
    if (image->next <= high)
        image->next = high + 1;
    image->mark = image->next;
}
