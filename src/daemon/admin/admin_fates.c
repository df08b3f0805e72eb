/* SPDX-License-Identifier: MIT */
/*
 * admin_fates: numbers that people know more about than docketd: declared void
 * after they were handed out, and found on documents after they had become
 * unknown. Only records change; no shared word does.
 *
 * A number handed out stays so in the books: what its counter was told by its
 * worker never falls (but for a strict block's end that is given back, which
 * strict.c refuses once a record speaks of it; meanwhile the counter is busy).
 */
#include "daemon/admin/errand.h"

#include "base/clock.h"
#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

static struct dk_fate_record record_of(const struct dk_errand *errand, const struct dk_fate_piece *piece)
{
    return (struct dk_fate_record){.series_id = errand->series->record.id,
                                   .period = errand->period,
                                   .fate = piece->fate,
                                   .cause = piece->cause,
                                   .range = {piece->first, piece->last},
                                   .time_ns = piece->time_ns,
                                   .event = piece->event};
}

static struct dk_fate_record record_new(const struct dk_errand *errand, enum dk_fate fate, enum dk_cause cause)
{
    return (struct dk_fate_record){.series_id = errand->series->record.id,
                                   .period = errand->period,
                                   .fate = (uint32_t)fate,
                                   .cause = (uint32_t)cause,
                                   .time_ns = dk_clock_wall_ns(),
                                   .event_at = 1};
}

static void committed(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    struct dk_counter *counter = errand->counter;
    dk_job_free(job);
    dk_errand_end(errand, DOCKET_OK);
    if (counter != NULL)
        dk_keeper_done(counter);
}

static docket_status meet_record(void *context, const struct dk_ledger_record *record)
{
    uint64_t *number = context;
    *number = record->number;
    return DOCKET_TIMEOUT; /* one is enough */
}

/* The record that an issued number had was exported and dropped: its key still tells that it is issued. */
static docket_status meet_mark(void *context, const struct dk_key_record *mark)
{
    *(struct dk_range *)context = mark->ranges[0];
    return DOCKET_OK;
}

static docket_status check_dropped(const struct dk_errand *errand)
{
    struct dk_range run = {0};
    char label[16];
    bool found = false;
    snprintf(label, sizeof label, "%d", (int)errand->period);
    docket_status status = dk_ledger_find_key(errand->daemon->store, errand->series->record.id, DK_NAMED_DROPPED, label,
                                              meet_mark, &run, &found);
    if (status != DOCKET_OK || !found || errand->asked.last < run.first || errand->asked.first > run.last)
        return status;
    return dk_fail(DOCKET_REFUSED, "the records of the issued numbers of %s from %llu to %llu were exported and dropped: "
                                   "nothing else becomes of them; nothing was changed",
                   dk_errand_name(errand), (unsigned long long)run.first, (unsigned long long)run.last);
}

/* Numbers that have records, one each, are decided at record speed. Those that were given before
 * the series kept a ledger have none, and are decided here. */
static docket_status check_untracked(const struct dk_errand *errand)
{
    uint64_t number = 0;
    if (!dk_is_tracked(errand->series))
        return DOCKET_OK;
    docket_status status = dk_ledger_each(errand->daemon->store, errand->series->record.id, errand->period,
                                          errand->asked.first, meet_record, &number);
    if (status != DOCKET_OK && status != DOCKET_TIMEOUT)
        return status;
    if (number == 0 || number > errand->asked.last)
        return check_dropped(errand);
    return dk_fail(DOCKET_NOT_TRACKED, "%s/%s keeps a ledger: its numbers are decided one by one, by `docket void`, "
                                       "`docket settle`, `docket release` and `docket resolve` of this release, or by "
                                       "docket_decide(), and number %llu has its record; nothing was changed",
                   errand->asked.tenant, errand->asked.name, (unsigned long long)number);
}

/* Every number of the counter; its counter in memory, if it has one. */
static docket_status look(struct dk_errand *errand, struct dk_fate_list *list)
{
    docket_status status = dk_errand_find(errand);
    if (status == DOCKET_OK)
        status = dk_fate_list(errand->daemon, errand->series, errand->period, list);
    if (status == DOCKET_OK && !list->found)
        status = dk_fail(DOCKET_REFUSED, "there has been no period of that name: %s", dk_errand_name(errand));
    if (status == DOCKET_OK)
        errand->counter = dk_series_counter(errand->series, errand->period);
    return status;
}

static void add_row(struct dk_errand *errand, uint64_t line, uint64_t first, uint64_t last,
                    const struct dk_fate_piece *before, enum dk_fate after, enum dk_cause cause)
{
    struct dk_change_wire row = {.line = line,
                                 .first = first,
                                 .last = last,
                                 .period = errand->period,
                                 .before = before->fate,
                                 .after = (uint8_t)after,
                                 .cause = (uint8_t)cause};
    dk_errand_row(errand, &row);
}

/* ---- void ---- */

static docket_status check_handed_out(struct dk_errand *errand, const struct dk_fate_list *list)
{
    uint64_t first = errand->asked.first, last = errand->asked.last;
    if (first < 1 || first > last || last > DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "%llu to %llu is no range of numbers", (unsigned long long)first,
                       (unsigned long long)last);
    if (first < list->first || last >= list->mark)
        return dk_fail(DOCKET_REFUSED,
                       "of %s no number below %llu or from %llu on was ever handed out; nothing was changed",
                       dk_errand_name(errand), (unsigned long long)list->first, (unsigned long long)list->mark);
    for (size_t i = 0; i < list->count; i++) {
        const struct dk_fate_piece *piece = &list->pieces[i];
        if (piece->last < first || piece->first > last || piece->fate == DK_FATE_HANDED_OUT)
            continue;
        uint64_t from = piece->first > first ? piece->first : first, to = piece->last < last ? piece->last : last;
        return dk_fail(DOCKET_REFUSED, "%llu to %llu of %s is %s, not handed out%s; nothing was changed",
                       (unsigned long long)from, (unsigned long long)to, dk_errand_name(errand),
                       dk_fate_name(piece->fate),
                       piece->fate == DK_FATE_UNKNOWN ? " (docket reconcile settles unknown numbers)" : "");
    }
    return DOCKET_OK;
}

static void plan_void(struct dk_errand *errand, const struct dk_fate_list *list, struct dk_job *job)
{
    uint64_t first = errand->asked.first, last = errand->asked.last;
    for (size_t i = 0; i < list->count; i++) {
        const struct dk_fate_piece *piece = &list->pieces[i];
        if (piece->last < first || piece->first > last)
            continue;
        struct dk_range cut = {piece->first > first ? piece->first : first, piece->last < last ? piece->last : last};
        add_row(errand, 0, cut.first, cut.last, piece, DK_FATE_VOID, DK_CAUSE_VOIDED);
        if (!piece->recorded)
            continue;
        struct dk_fate_record record = record_of(errand, piece); /* handed out by evidence */
        dk_fates_cut(job, &record, &cut, 1, NULL, NULL);
    }
    struct dk_fate_record made = record_new(errand, DK_FATE_VOID, DK_CAUSE_VOIDED);
    made.range = (struct dk_range){first, last};
    dk_job_range(job, &made);
    dk_errand_event(errand, job, "void", "%s: %llu to %llu, handed out before", dk_errand_name(errand),
                    (unsigned long long)first, (unsigned long long)last);
}

docket_status dk_errand_void(struct dk_errand *errand)
{
    struct dk_fate_list list = {0};
    docket_status status = look(errand, &list);
    if (status == DOCKET_OK)
        status = check_untracked(errand);
    if (status == DOCKET_OK)
        status = check_handed_out(errand, &list);
    if (status == DOCKET_OK) {
        struct dk_job *job = dk_job_new(committed, errand);
        plan_void(errand, &list, job);
        if (errand->asked.flags & DK_ADMIN_DRY_RUN)
            dk_job_free(job);
        else
            dk_errand_post(errand, job);
    }
    free(list.pieces);
    return status;
}

/* ---- reconcile ---- */

struct settling {
    struct dk_errand *errand;
    struct dk_fate_list list;
    struct dk_evidence *evidence;
    size_t evidence_count;
    uint64_t given, voided;
};

/* Each number of the line is unknown, by a record of the store. */
static docket_status check_line(struct settling *settling, const struct dk_evidence *line, size_t *piece_at)
{
    const struct dk_fate_list *list = &settling->list;
    uint64_t at = line->first;
    if (at < list->first || line->last >= list->mark)
        return dk_fail(DOCKET_REFUSED, "line %u: of %s no number below %llu or from %llu on was ever handed out; nothing "
                                       "was changed",
                       line->line, dk_errand_name(settling->errand), (unsigned long long)list->first,
                       (unsigned long long)list->mark);
    while (*piece_at < list->count && list->pieces[*piece_at].last < at)
        ++*piece_at;
    for (size_t i = *piece_at; at <= line->last; i++) {
        if (i >= list->count) /* pieces reach up to the mark, unless two of them say something of one number */
            return dk_fail(DOCKET_DAMAGED, "the records of %s overlap", dk_errand_name(settling->errand));
        const struct dk_fate_piece *piece = &list->pieces[i];
        if (piece->fate != DK_FATE_UNKNOWN || !piece->recorded)
            return dk_fail(DOCKET_REFUSED, "line %u: %llu of %s is %s%s; nothing was changed", line->line,
                           (unsigned long long)at, dk_errand_name(settling->errand), dk_fate_name(piece->fate),
                           piece->fate == DK_FATE_UNKNOWN ? " only while its worker lives" : ", not unknown");
        uint64_t last = piece->last < line->last ? piece->last : line->last;
        add_row(settling->errand, line->line, at, last, piece, DK_FATE_HANDED_OUT, DK_CAUSE_EVIDENCE);
        at = piece->last + 1;
    }
    settling->given += line->last - line->first + 1;
    return DOCKET_OK;
}

/* The cuts of one unknown piece: lines that lie in it, neighbours as one. */
static size_t cuts_of(const struct settling *settling, const struct dk_fate_piece *piece, size_t *line_at,
                      struct dk_range *cuts)
{
    size_t count = 0;
    while (*line_at < settling->evidence_count && settling->evidence[*line_at].last < piece->first)
        ++*line_at;
    for (size_t i = *line_at; i < settling->evidence_count && settling->evidence[i].first <= piece->last; i++) {
        const struct dk_evidence *line = &settling->evidence[i];
        uint64_t first = line->first > piece->first ? line->first : piece->first;
        uint64_t last = line->last < piece->last ? line->last : piece->last;
        if (count > 0 && cuts[count - 1].last + 1 == first)
            cuts[count - 1].last = last;
        else
            cuts[count++] = (struct dk_range){first, last};
    }
    return count;
}

static void note_rest(struct settling *settling, const struct dk_fate_piece *piece, const struct dk_range *cuts,
                      size_t count)
{
    uint64_t at = piece->first;
    for (size_t i = 0; i <= count; i++) {
        uint64_t end = i < count ? cuts[i].first : piece->last + 1;
        if (at < end) {
            add_row(settling->errand, 0, at, end - 1, piece, DK_FATE_VOID, DK_CAUSE_VOIDED);
            settling->voided += end - at;
        }
        if (i < count)
            at = cuts[i].last + 1;
    }
}

static void plan_settling(struct settling *settling, struct dk_job *job)
{
    struct dk_errand *errand = settling->errand;
    bool void_rest = errand->asked.flags & DK_ADMIN_VOID_REST;
    struct dk_fate_record given = record_new(errand, DK_FATE_HANDED_OUT, DK_CAUSE_EVIDENCE);
    struct dk_fate_record rest = record_new(errand, DK_FATE_VOID, DK_CAUSE_VOIDED);
    struct dk_range *cuts = dk_must_alloc(settling->evidence_count + 1, sizeof *cuts);
    size_t line_at = 0;
    for (size_t i = 0; i < settling->list.count; i++) {
        const struct dk_fate_piece *piece = &settling->list.pieces[i];
        if (piece->fate != DK_FATE_UNKNOWN || !piece->recorded)
            continue;
        size_t count = cuts_of(settling, piece, &line_at, cuts);
        if (count == 0 && !void_rest)
            continue;
        struct dk_fate_record record = record_of(errand, piece);
        dk_fates_cut(job, &record, cuts, count, &given, void_rest ? &rest : NULL);
        if (void_rest)
            note_rest(settling, piece, cuts, count);
    }
    free(cuts);
    if (job->removed_count > 0)
        dk_errand_event(errand, job, "reconcile", "%s: %llu unknown numbers handed out by evidence (%zu lines), %llu void",
                        dk_errand_name(errand), (unsigned long long)settling->given, settling->evidence_count,
                        (unsigned long long)settling->voided);
}

docket_status dk_errand_reconcile(struct dk_errand *errand)
{
    struct settling settling = {.errand = errand};
    size_t piece_at = 0;
    docket_status status = look(errand, &settling.list);
    if (status == DOCKET_OK)
        status = dk_evidence_read(&errand->series->record, errand->period, errand->evidence, errand->evidence_bytes,
                                  &settling.evidence, &settling.evidence_count);
    for (size_t i = 0; status == DOCKET_OK && i < settling.evidence_count; i++)
        status = check_line(&settling, &settling.evidence[i], &piece_at);
    if (status == DOCKET_OK) {
        struct dk_job *job = dk_job_new(committed, errand);
        plan_settling(&settling, job);
        if (errand->asked.flags & DK_ADMIN_DRY_RUN || job->removed_count == 0)
            dk_job_free(job);
        else
            dk_errand_post(errand, job);
    }
    free(settling.list.pieces);
    free(settling.evidence);
    return status;
}
