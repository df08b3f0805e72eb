/* SPDX-License-Identifier: MIT */
/*
 * advance: the counters of an accepted store move beyond what can have been given, also those that it has never heard of;
 * and when all have, its fence comes down.
 */
#include "daemon/recovery/recovery.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ended/ended.h"
#include "daemon/series/policies.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How far an accepted store's counter moves. One that nobody vouches for was none when floors were looked at: a period has
 * begun since. The fence stands, and the same command again asks for it. */
struct dk_move dk_advance_of(const struct dk_daemon *daemon, const struct dk_series_book *series,
                              const struct dk_counter_image *image)
{
    struct dk_move move = {0};
    if (!daemon->accepted || series == NULL || series->record.retired_ns != 0 || image->closed == DK_CLOSED_FOR_GOOD)
        return move;
    if (dk_floors_judge(daemon->floors, image, &move))
        return move;
    dk_log(DK_LOG_ERROR, "%s/%s has no floor for its period %d, which has begun meanwhile; the store stays fenced: accept it "
                         "again", series->record.tenant, series->record.name, image->period);
    _exit(4);
}

/* What somebody said of one counter is an event of its own. Before its image is changed. */
void dk_advance_tell(struct dk_job *job, const struct dk_series_book *series, const struct dk_counter_image *image,
                      const struct dk_move *move)
{
    if (move->floor == NULL)
        return;
    dk_job_event(job, "accept", geteuid(), "floor %llu (%s): the mark moves from %llu to %llu; what lies between is unknown",
                 (unsigned long long)move->floor->number, dk_floor_source_name(move->floor->source),
                 (unsigned long long)image->mark, (unsigned long long)(image->mark + move->advance));
    dk_job_about(job, series->record.tenant, series->record.name, image->period);
}

struct unseen {
    struct dk_daemon *daemon;
    struct dk_desk_book *desk;
    struct dk_images *images;
    struct dk_images known; /* sorted; what is added behind it is not */
    struct dk_job *job;
};

static void advance_period(struct unseen *unseen, const struct dk_series_book *series, int32_t label, bool ended)
{
    struct dk_daemon *daemon = unseen->daemon;
    struct dk_counter_image image;
    struct dk_ended_facts facts;
    uint64_t id = series->record.id;
    if (dk_images_find(&unseen->known, id, label) != NULL)
        return;
    if (dk_ended_look(daemon, id, label, &facts) != DOCKET_OK)
        dk_recovery_cannot_build();
    free(facts.image.spares);
    if (facts.found)
        return; /* it has ended, by a clock that ran ahead */
    dk_image_begin(&image, id, label, 0, unseen->desk->map.incarnation);
    image.extent_last = dk_record_last(&series->record, label);
    dk_recovery_raise_last_date(daemon, series, &image);
    const struct dk_move move = dk_advance_of(daemon, series, &image);
    dk_advance_tell(unseen->job, series, &image, &move);
    dk_recovery_resolve(daemon->store, unseen->job, &image, DK_CAUSE_ACCEPTED, unseen->desk->map.incarnation, &move,
            dk_recovery_is_off_board(series, ended));
    if (dk_images_keep(unseen->images, &image) == DOCKET_OK)
        unseen->known.all = unseen->images->all; /* it may have moved */
}

/* Periods before the current one that somebody has a floor for: they give numbers for documents that are dated back. Of
 * others that the store has never heard of nothing is given (dated.c). */
static void advance_named(struct unseen *unseen, const struct dk_series_book *series, int32_t now)
{
    const struct dk_floors *floors = unseen->daemon->floors;
    for (size_t at = 0; at < floors->count; at++)
        if (floors->all[at].series_id == series->record.id && floors->all[at].period < now)
            advance_period(unseen, series, floors->all[at].period, true);
}

/* An accepted store may be older than the current period: its counter, which the
 * store has never heard of, moves forward too. So does the next one's, once it may
 * have been on the board: documents dated ahead have numbers of it. */
void dk_advance_unseen(struct dk_daemon *daemon, struct dk_desk_book *desk, struct dk_images *images,
                           struct dk_job *job)
{
    struct unseen unseen = {.daemon = daemon, .desk = desk, .images = images, .known = *images, .job = job};
    int64_t now_s = dk_now_s(daemon);
    for (uint64_t id = 0; id < daemon->series_room; id++) {
        struct dk_series_book *series = daemon->series_by_id[id];
        struct dk_period period;
        if (series == NULL || series->desk != desk || series->record.retired_ns != 0)
            continue;
        dk_period_at_instant(series->record.policy, now_s, &period);
        advance_named(&unseen, series, period.label);
        advance_period(&unseen, series, period.label, false);
        if (period.end_s == INT64_MAX || now_s < period.end_s - DK_PERIOD_AHEAD_S)
            continue;
        dk_period_at_instant(series->record.policy, period.end_s, &period);
        advance_period(&unseen, series, period.label, false);
    }
}

struct ending {
    const struct dk_images *images;
    const struct dk_desk_book *desk;
    struct dk_counter_image *all;
    size_t count;
};

static docket_status keep_ended(void *context, const struct dk_counter_image *image)
{
    struct ending *ending = context;
    if (image->closed != DK_ENDED || !dk_images_at_desk(ending->images, image->series_id, ending->desk))
        return DOCKET_OK;
    if ((ending->count & (ending->count + 1)) == 0)
        ending->all = dk_must_grow(ending->all, ending->count * 2 + 1, sizeof *ending->all);
    struct dk_counter_image *copy = &ending->all[ending->count++];
    *copy = *image;
    copy->places = NULL;
    copy->place_count = 0;
    dk_image_copy_spares(copy, image->spares, image->spare_count);
    return DOCKET_OK;
}

/* Periods that have ended give numbers too, so that theirs move forward as well.
 * (Of those that an accepted store has never heard of nothing is given: dated.c.) */
void dk_advance_ended(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct dk_images *images)
{
    struct ending ending = {.images = images, .desk = desk};
    bool done = false;
    struct dk_job *job = dk_job_new(dk_recovery_note_done, &done);
    if (dk_store_each_counter(daemon->store, keep_ended, &ending) != DOCKET_OK)
        dk_recovery_cannot_build();
    for (size_t i = 0; i < ending.count; i++) {
        if (job->image_count == DK_RESOLVED_IMAGES) {
            dk_recovery_commit_now(daemon, job, &done);
            done = false;
            job = dk_job_new(dk_recovery_note_done, &done);
        }
        const struct dk_series_book *series = dk_series_by_id(daemon, ending.all[i].series_id);
        const struct dk_move move = dk_advance_of(daemon, series, &ending.all[i]);
        dk_recovery_raise_last_date(daemon, series, &ending.all[i]);
        dk_advance_tell(job, series, &ending.all[i], &move);
        dk_recovery_resolve(daemon->store, job, &ending.all[i], DK_CAUSE_ACCEPTED, desk->map.incarnation, &move,
                dk_recovery_is_off_board(series, true));
        free(ending.all[i].spares);
    }
    dk_recovery_commit_now(daemon, job, &done);
    free(ending.all);
}

/* Of an accepted store, once every desk's counters are beyond what can have been given. Until this is durable
 * a start that does not accept is refused: it would go on from where the old store stood. */
void dk_recovery_take_fence_down(struct dk_daemon *daemon)
{
    static const struct dk_fence none = {0};
    bool done = false;
    struct dk_job *job = dk_job_new(dk_recovery_note_done, &done);
    size_t made = 0;
    for (size_t at = 0; at < daemon->floors->new_count; at++)
        made += !daemon->floors->news[at].past;
    job->fence = &none;
    /* The last of its kind: series that were made before it are older than it, for dated.c. */
    dk_job_event(job, "accept", geteuid(), "%zu counters have floors of their own, %s%llu ahead of mark and floor; %zu series "
                                           "were made that the store had never heard of", daemon->floors->count,
                 daemon->floors->skip_given ? "every one goes on " : "each goes on ", (unsigned long long)daemon->floors->skip,
                 made);
    dk_recovery_commit_now(daemon, job, &done);
    daemon->facts.fence = none;
    daemon->accept_known = false;
}
