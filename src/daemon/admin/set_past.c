/* SPDX-License-Identifier: MIT */
/*
 * set_past: a period that had ended when the series came from another system begins
 * behind that system's last number, for documents that are dated back. Only while no
 * number of it was given: then its image alone is the truth, and one commit writes
 * it. docketd's death before that commit: nothing was changed; after it: all was.
 */
#include "daemon/admin/setting.h"

#include "daemon/ended/ended.h"

#include <stdio.h>
#include <stdlib.h>

/* "" or why its beginning cannot be set any more. */
static docket_status look(const struct dk_errand *errand, char why_not[236], uint64_t *first)
{
    struct dk_ended_facts facts;
    const struct dk_series_book *series = errand->series;
    int32_t label = errand->begin.period;
    char period[16];
    docket_status status = dk_ended_look(errand->daemon, series->record.id, label, &facts);
    free(facts.image.spares);
    dk_period_text(label, period);
    why_not[0] = 0;
    *first = 1;
    if (status == DOCKET_OK && !facts.found)
        return dk_ended_check_unseen(series, label);
    if (status != DOCKET_OK)
        return status;
    const struct dk_counter_image *image = &facts.image;
    *first = image->extent_first;
    if (image->closed == DK_CLOSED_FOR_GOOD || image->closed == DK_CLOSING)
        return dk_ended_say_closed(series, label);
    if (dk_series_counter(series, label) != NULL || image->next > image->extent_first || image->spare_count > 0)
        snprintf(why_not, 236,
                 "numbers of %s were given, up to %llu, and where it begins may be set only before the first one; docket "
                 "series advance --after moves it forward",
                 period, (unsigned long long)image->next - 1);
    return DOCKET_OK;
}

static void finish(struct dk_errand *errand, docket_status status)
{
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    dk_errand_let_go(errand);
    if (status != DOCKET_OK)
        dk_fail(status, "%s", sentence);
    dk_errand_end(errand, status);
}

static void begun(struct dk_job *job)
{
    struct dk_errand *errand = job->context;
    dk_job_free(job);
    finish(errand, DOCKET_OK);
}

static void set_on(struct dk_errand *errand)
{
    const struct dk_series_book *series = errand->series;
    const struct dk_begin *begin = &errand->begin;
    char why_not[236], after[40];
    uint64_t first;
    if (!series->quarantined && !dk_ended_is_free(errand->daemon, series->record.id, begin->period))
        return;
    docket_status status = look(errand, why_not, &first); /* once more: what was on its way is in the store */
    if (status == DOCKET_OK && why_not[0] != 0)
        status = dk_set_refused(errand, why_not);
    if (series->quarantined)
        status = dk_fail(DOCKET_QUARANTINED, "%s was quarantined meanwhile", dk_errand_name(errand));
    if (status != DOCKET_OK) {
        finish(errand, status);
        return;
    }
    struct dk_job *job = dk_job_new(begun, errand);
    struct dk_counter_image *image = dk_job_image(job);
    dk_image_begin(image, series->record.id, begin->period, begin->after, series->desk->map.incarnation);
    image->extent_last = dk_record_last(&series->record, begin->period);
    image->closed = DK_ENDED;
    errand->period = begin->period;
    dk_errand_event(errand, job, "set", "%s/%s: start-after was %llu, is %s, as %.80s says", errand->asked.tenant,
                    errand->asked.name, (unsigned long long)first - 1, dk_begin_text(begin, after), errand->start);
    dk_errand_post(errand, job);
}

docket_status dk_set_past(struct dk_errand *errand)
{
    char why_not[236], period[16], before[40], after[40];
    uint64_t first;
    if (errand->set.rows != 0 || errand->set.next)
        return dk_fail(DOCKET_REFUSED, "'%.70s' is of a period that has ended: set where that begins by itself, and other "
                                       "settings by another call; nothing was changed",
                       errand->start);
    docket_status status = look(errand, why_not, &first);
    if (status != DOCKET_OK)
        return status;
    dk_period_text(errand->begin.period, period);
    snprintf(before, sizeof before, "%llu of %s", (unsigned long long)first - 1, period);
    if (first == errand->begin.after + 1)
        return DOCKET_OK; /* it begins there */
    dk_set_row(errand, "start-after", before, dk_begin_text(&errand->begin, after), why_not);
    if (errand->asked.flags & DK_ADMIN_DRY_RUN)
        return DOCKET_OK;
    if (why_not[0] != 0)
        return dk_set_refused(errand, why_not);
    status = dk_store_make_room(errand->daemon->store);
    if (status != DOCKET_OK)
        return status;
    errand->series->held = true;
    errand->waits = true;
    errand->go_on = set_on;
    return DOCKET_OK;
}
