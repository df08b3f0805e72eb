/* SPDX-License-Identifier: MIT */
/*
 * recovery: from store and files to books.
 *
 * A desk whose files are whole, of this boot and of this store is adopted:
 * workers go on meanwhile. Otherwise it is built anew from the store, and what
 * was laid or open since the last journal entry becomes unknown, with its cause.
 * (adopt.c is the first of the two.)
 */
#include "daemon/recovery/recovery.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/ended/ended.h"
#include "daemon/series/policies.h"
#include "table/directory.h"
#include "table/seat.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S 86400

struct reading {
    struct dk_daemon *daemon;
    struct dk_images *images;
};

/* ---- what the store holds ---- */

static void make_known(struct dk_known *known, uint64_t last)
{
    known->room = last + 1;
    known->desk = dk_must_alloc(known->room, sizeof *known->desk);
    known->needed = dk_must_alloc(known->room, sizeof *known->needed);
    known->newest = dk_must_alloc(known->room, sizeof *known->newest);
}

static docket_status know_series(void *context, const struct dk_series_record *record)
{
    const struct reading *reading = context;
    struct dk_known *known = &reading->images->known;
    const struct dk_desk_book *desk = dk_series_desk(reading->daemon, record->tenant);
    if (strcmp(desk->rule.name, record->desk) != 0)
        return dk_fail(DOCKET_BAD_CONFIG,
                       "%s/%s sits at desk %s and the configuration puts its tenant at desk %s; a tenant that has "
                       "series cannot be moved: put it back",
                       record->tenant, record->name, record->desk, desk->rule.name);
    if (record->id >= known->room)
        return dk_fail(DOCKET_DAMAGED, "series %s/%s has an id above the last one", record->tenant, record->name);
    known->desk[record->id] = (uint8_t)(desk->index + 1);
    known->count++;
    reading->daemon->closes = reading->daemon->closes || record->policy->close_after != DK_CLOSE_NEVER;
    return DOCKET_OK;
}

static docket_status keep_image(void *context, const struct dk_counter_image *image)
{
    const struct reading *reading = context;
    struct dk_known *known = &reading->images->known;
    if (image->series_id < known->room && image->period > known->newest[image->series_id])
        known->newest[image->series_id] = image->period; /* closed ones too: none of them is opened again */
    return dk_images_keep(reading->images, image);
}

static docket_status keep_series(void *context, const struct dk_series_record *record)
{
    const struct reading *reading = context;
    struct dk_known *known = &reading->images->known;
    if (record->id >= known->room || !known->needed[record->id])
        return DOCKET_OK;
    struct dk_series_book *series = dk_series_book_new(reading->daemon, record);
    series->desk = dk_series_desk(reading->daemon, record->tenant);
    series->newest = known->newest[record->id];
    return DOCKET_OK;
}

/* ---- building anew ---- */

struct gap {
    struct dk_job *job;
    const struct dk_counter_image *image;
    uint32_t cause;
    uint64_t at, end;
};

static void put_lost(const struct gap *gap, uint64_t first, uint64_t end)
{
    if (first >= end)
        return;
    struct dk_fate_record record = {.series_id = gap->image->series_id,
                                    .period = gap->image->period,
                                    .fate = DK_FATE_UNKNOWN,
                                    .cause = gap->cause,
                                    .range = {first, end - 1},
                                    .time_ns = dk_clock_wall_ns()};
    dk_job_range(gap->job, &record);
}

static docket_status skip_recorded(void *context, const struct dk_fate_record *record)
{
    struct gap *gap = context;
    uint64_t first = record->range.first, after = record->range.last + 1;
    if (first >= gap->end || after <= gap->at)
        return DOCKET_OK;
    put_lost(gap, gap->at, first);
    gap->at = after < gap->end ? after : gap->end;
    return DOCKET_OK;
}

static void cannot_build(void)
{
    dk_log(DK_LOG_ERROR, "a desk cannot be built anew: %s", dk_error_text());
    _exit(1); /* nothing is committed; half of the truth must not be */
}

/* What has its fate on record already keeps it: a number that was declared void
 * after it was handed out may lie behind the last journalled position. */
static void add_lost(struct dk_store *store, const struct gap *lost, uint64_t first, uint64_t end)
{
    struct gap gap = *lost;
    gap.at = first;
    gap.end = end;
    if (first >= end)
        return;
    if (dk_store_each_range(store, gap.image->series_id, gap.image->period, skip_recorded, &gap) != DOCKET_OK)
        cannot_build();
    put_lost(&gap, gap.at, gap.end);
}

/* The latest instant at which a number of the series can have been given. A machine
 * without a battery begins with a clock of long ago: then it is a day after the time
 * that the store vouches for, as it is written down once a day. */
static int64_t latest_s(struct dk_daemon *daemon, const struct dk_series_record *record)
{
    bool carried;
    int64_t now_s = dk_now_s(daemon), trusted_s = dk_store_trusted_now_ns(daemon->store, &carried) / DK_SECOND_NS;
    int64_t most_s = (int64_t)daemon->config.clock_guard_days * DAY_S;
    if (trusted_s <= now_s || (trusted_s - now_s > most_s && now_s >= record->created_ns / DK_SECOND_NS))
        return now_s; /* a time that was years ahead says nothing of a series made since */
    return trusted_s + DAY_S;
}

/* Of a chronological series: what is unknown may have been given today. */
static void raise_last_date(struct dk_daemon *daemon, const struct dk_series_book *series, struct dk_counter_image *image)
{
    if (series == NULL || !series->record.policy->chronological)
        return;
    int64_t latest = latest_s(daemon, &series->record);
    uint32_t today = dk_day_within(&series->record, image->period, latest);
    bool ahead = today > dk_day_within(&series->record, 0, latest); /* it gives nothing before it begins */
    if (today > image->last_date && !ahead)
        image->last_date = today;
}

/* A counter of a series that keeps a ledger is off the board, as one whose period has ended. */
static bool is_off_board(const struct dk_series_book *series, bool ended)
{
    return ended || (series != NULL && dk_is_tracked(series));
}

/* How far an accepted store's counter moves. One that nobody vouches for was none when floors were looked at: a period has
 * begun since. The fence stands, and the same command again asks for it. */
static struct dk_move move_of(const struct dk_daemon *daemon, const struct dk_series_book *series,
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
static void tell_move(struct dk_job *job, const struct dk_series_book *series, const struct dk_counter_image *image,
                      const struct dk_move *move)
{
    if (move->floor == NULL)
        return;
    dk_job_event(job, "accept", geteuid(), "floor %llu (%s): the mark moves from %llu to %llu; what lies between is unknown",
                 (unsigned long long)move->floor->number, dk_floor_source_name(move->floor->source),
                 (unsigned long long)image->mark, (unsigned long long)(image->mark + move->advance));
    dk_job_about(job, series->record.tenant, series->record.name, image->period);
}

/* What this counter's last image cannot vouch for is unknown; the rest stands. */
static void resolve(struct dk_store *store, struct dk_job *job, struct dk_counter_image *image, uint32_t cause,
                    uint64_t incarnation, const struct dk_move *move, bool off_board)
{
    const struct gap lost = {.job = job, .image = image, .cause = cause};
    for (uint32_t i = 0; i < image->place_count; i++) {
        const struct dk_place_record *place = &image->places[i];
        if (place->size > 0)
            add_lost(store, &lost, place->first + place->offset, place->first + place->size);
    }
    for (uint32_t i = 0; move->spares && i < image->spare_count; i++) /* given since, perhaps, like all behind the mark */
        add_lost(store, &lost, image->spares[i].first, image->spares[i].last + 1);
    if (move->spares)
        image->spare_count = 0;
    image->mark += move->advance;
    add_lost(store, &lost, image->next, image->mark);
    image->next = image->mark;
    image->place_count = 0;
    image->incarnation = incarnation;
    image->closed = image->closed == DK_CLOSING ? DK_CLOSED_FOR_GOOD : off_board ? DK_ENDED : DK_OPEN;
    struct dk_counter_image *written = dk_job_image(job);
    *written = *image;
    written->places = NULL;
    dk_image_copy_spares(written, image->spares, image->spare_count);
}

static void note_done(struct dk_job *job)
{
    bool *done = job->context;
    *done = true;
    dk_job_free(job);
}

/* Before the loop runs there is nothing to do but wait for the disk. A commit
 * that fails ends the process. */
static void commit_now(struct dk_daemon *daemon, struct dk_job *job, bool *done)
{
    dk_clerk_post(daemon->clerk, job);
    while (!*done) {
        struct pollfd finished = {.fd = daemon->clerk_fd, .events = POLLIN};
        poll(&finished, 1, 100);
        dk_clerk_collect(daemon->clerk);
    }
    daemon->facts.commit_number = dk_clerk_show(daemon->clerk).commit_number;
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
        cannot_build();
    free(facts.image.spares);
    if (facts.found)
        return; /* it has ended, by a clock that ran ahead */
    dk_image_begin(&image, id, label, 0, unseen->desk->map.incarnation);
    image.extent_last = dk_record_last(&series->record, label);
    raise_last_date(daemon, series, &image);
    const struct dk_move move = move_of(daemon, series, &image);
    tell_move(unseen->job, series, &image, &move);
    resolve(daemon->store, unseen->job, &image, DK_CAUSE_ACCEPTED, unseen->desk->map.incarnation, &move,
            is_off_board(series, ended));
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
static void advance_unseen(struct dk_daemon *daemon, struct dk_desk_book *desk, struct dk_images *images,
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

enum { RESOLVED_IMAGES = 65536 }; /* of one commit */

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
static void advance_ended(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct dk_images *images)
{
    struct ending ending = {.images = images, .desk = desk};
    bool done = false;
    struct dk_job *job = dk_job_new(note_done, &done);
    if (dk_store_each_counter(daemon->store, keep_ended, &ending) != DOCKET_OK)
        cannot_build();
    for (size_t i = 0; i < ending.count; i++) {
        if (job->image_count == RESOLVED_IMAGES) {
            commit_now(daemon, job, &done);
            done = false;
            job = dk_job_new(note_done, &done);
        }
        const struct dk_series_book *series = dk_series_by_id(daemon, ending.all[i].series_id);
        const struct dk_move move = move_of(daemon, series, &ending.all[i]);
        raise_last_date(daemon, series, &ending.all[i]);
        tell_move(job, series, &ending.all[i], &move);
        resolve(daemon->store, job, &ending.all[i], DK_CAUSE_ACCEPTED, desk->map.incarnation, &move,
                is_off_board(series, true));
        free(ending.all[i].spares);
    }
    commit_now(daemon, job, &done);
    free(ending.all);
}

/* In one commit; of more than it has room for, one after the other. A start that
 * is cut in between goes on from there: what is resolved has nothing more to lose. */
static void resolve_all(struct dk_daemon *daemon, struct dk_desk_book *desk, struct dk_images *images, uint32_t cause)
{
    bool done = false;
    int64_t now_s = dk_now_s(daemon);
    struct dk_job *job = dk_job_new(note_done, &done);
    size_t counters = 0, ranges = 0;
    for (size_t i = 0; i < images->count; i++) {
        struct dk_counter_image *image = &images->all[i];
        struct dk_series_book *series = dk_series_by_id(daemon, image->series_id);
        if (series == NULL || series->desk != desk)
            continue;
        const struct dk_move move = move_of(daemon, series, image);
        if (dk_image_rests(image) && move.advance == 0 && !move.spares && move.floor == NULL)
            continue; /* at rest it says all there is to say */
        if (job->image_count == RESOLVED_IMAGES) {
            counters += job->image_count;
            ranges += job->range_count;
            commit_now(daemon, job, &done);
            done = false;
            job = dk_job_new(note_done, &done);
        }
        struct dk_period period;
        dk_period_at_instant(series->record.policy, now_s, &period);
        raise_last_date(daemon, series, image);
        tell_move(job, series, image, &move);
        resolve(daemon->store, job, image, cause, desk->map.incarnation, &move,
                is_off_board(series, image->period < period.label || series->record.retired_ns != 0));
    }
    if (daemon->accepted && (daemon->floors->skip > 0 || daemon->floors->count > 0))
        advance_ended(daemon, desk, images);
    if (daemon->accepted)
        advance_unseen(daemon, desk, images, job);
    counters += job->image_count;
    ranges += job->range_count;
    if (counters > 0 || ranges > 0)
        dk_job_event(job, "recovery", 0, "desk %s built anew (%s): %zu counters, %zu unknown ranges", desk->rule.name,
                     dk_cause_name(cause), counters, ranges);
    commit_now(daemon, job, &done);
    if (ranges > 0)
        dk_log(DK_LOG_WARNING, "desk %s was built anew after %s: %zu ranges of numbers are unknown and will never be "
                               "given again; `docket fate --all` lists them",
               desk->rule.name, dk_cause_name(cause), ranges);
}

/* Every open counter of the desk that has no place in memory yet. */
static void put_rest_on_board(struct dk_daemon *daemon, const struct dk_desk_book *desk, const struct dk_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        struct dk_series_book *series = dk_series_by_id(daemon, images->all[i].series_id);
        if (series != NULL && series->desk == desk && !series->quarantined && !dk_image_has_ended(&images->all[i]) &&
            dk_series_counter(series, images->all[i].period) == NULL)
            dk_load_counter(daemon, series, &images->all[i]);
    }
}

/* Its incarnation is noted, durably, before anything speaks of it. */
static void note_desk(struct dk_daemon *daemon, const struct dk_desk_book *desk)
{
    bool done = false;
    struct dk_job *job = dk_job_new(note_done, &done);
    job->desk_set = true;
    job->desk = (struct dk_desk_note){.index = desk->index, .incarnation = desk->map.incarnation};
    commit_now(daemon, job, &done);
}

/* Of an accepted store, once every desk's counters are beyond what can have been given. Until this is durable
 * a start that does not accept is refused: it would go on from where the old store stood. */
void dk_recovery_take_fence_down(struct dk_daemon *daemon)
{
    static const struct dk_fence none = {0};
    bool done = false;
    struct dk_job *job = dk_job_new(note_done, &done);
    job->fence = &none;
    /* The last of its kind: series that were made before it are older than it, for dated.c. */
    dk_job_event(job, "accept", geteuid(), "%zu counters have floors of their own, %s%llu ahead of mark and floor; %zu series "
                                           "were made that the store had never heard of", daemon->floors->count,
                 daemon->floors->skip_given ? "every one goes on " : "each goes on ", (unsigned long long)daemon->floors->skip,
                 daemon->floors->new_count);
    commit_now(daemon, job, &done);
    daemon->facts.fence = none;
    daemon->accept_known = false;
}

/* docketd died between the commit of another policy and its slot. If it was more
 * than the window, nobody sat at the desk, and nobody has been let in since. */
static void mend_slots(struct dk_desk_book *desk)
{
    for (uint32_t slot = 0; slot < desk->slots_used; slot++)
        if (desk->series[slot] != NULL && dk_series_slot_differs(desk->series[slot]))
            dk_series_rewrite(desk->series[slot]);
}

static docket_status build(struct dk_daemon *daemon, struct dk_desk_book *desk, struct dk_images *images, uint32_t cause)
{
    struct dk_identity identity = {.store_id = {daemon->facts.store_id[0], daemon->facts.store_id[1]},
                                   .generation = daemon->facts.generation,
                                   .compatible_flags = DK_MADE_COMPATIBLE,
                                   .incompatible_flags = DK_MADE_INCOMPATIBLE,
                                   .desk = desk->index};
    dk_random(&identity.incarnation, sizeof identity.incarnation);
    docket_status status = dk_desk_create(&desk->map, daemon->runtime_fd, &daemon->config.geometry, &identity,
                                          desk->rule.group, desk->rule.group_set);
    if (status != DOCKET_OK)
        return status;
    note_desk(daemon, desk);
    resolve_all(daemon, desk, images, cause);
    return status;
}

/* Series in memory that have no slot: all of them on a new desk; on an adopted one
 * those that were committed just before docketd died. Where slots are short they
 * wait in the store for their next use. */
static docket_status place_missing(struct dk_daemon *daemon, struct dk_desk_book *desk)
{
    for (uint64_t id = 0; id < daemon->series_room; id++) {
        struct dk_series_book *series = daemon->series_by_id[id];
        if (series == NULL || series->desk != desk || series->slot != DK_NO_SLOT)
            continue;
        docket_status status = dk_series_place(daemon, series);
        if ((status == DOCKET_REALM_FULL || status == DOCKET_NO_SPACE) && daemon->config.evict_after_s > 0)
            dk_series_forget(daemon, series);
        else if (status != DOCKET_OK)
            return status;
    }
    return DOCKET_OK;
}

/* These must be the very files that the store speaks of: which ones the desk was
 * built with last it says by itself, and each open image that is not at rest.
 * (A store of before desks were noted has its images alone.) */
static docket_status check_incarnation(struct dk_daemon *daemon, const struct dk_desk_book *desk,
                                       const struct dk_images *images, bool *ours)
{
    uint64_t noted = 0;
    bool found = false;
    docket_status status = dk_store_desk_incarnation(daemon->store, desk->index, &noted, &found);
    *ours = status == DOCKET_OK && (!found || noted == desk->map.incarnation);
    for (size_t i = 0; i < images->count && *ours; i++)
        if (dk_images_at_desk(images, images->all[i].series_id, desk) && (!found || !dk_image_rests(&images->all[i])))
            *ours = images->all[i].incarnation == desk->map.incarnation;
    return status;
}

static void alloc_books(struct dk_desk_book *desk)
{
    const struct dk_geometry *g = &desk->map.geometry;
    desk->seats = dk_must_alloc(g->seats_max, sizeof *desk->seats);
    desk->series = dk_must_alloc(g->slots_max, sizeof(struct dk_series_book *));
    desk->row_owner = dk_must_alloc(g->rows_max, sizeof(struct dk_counter *));
    desk->row_pool = dk_must_alloc(g->rows_max, sizeof *desk->row_pool);
    for (uint32_t i = 0; i < g->seats_max; i++)
        desk->seats[i].keep = -1;
}

static bool same_boot(const struct dk_daemon *daemon, const struct dk_desk *map)
{
    uint64_t board[2] = {dk_load_relaxed(&dk_desk_words(map)->boot_id[0]),
                         dk_load_relaxed(&dk_desk_words(map)->boot_id[1])};
    return memcmp(board, daemon->boot_id, sizeof board) == 0;
}

/* OK: mapped and ours. NO_REALM: build anew. Anything else: refuse to serve. */
static docket_status try_adopt(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct dk_images *images)
{
    docket_status status = dk_desk_adopt(&desk->map, daemon->runtime_fd, desk->index);
    if (status == DOCKET_NO_REALM)
        return status;
    /* What could not be opened or mapped now may be sound: live workers and
     * their numbers are not given up for that. */
    if (status != DOCKET_OK && status != DOCKET_BAD_LAYOUT && status != DOCKET_UNREACHABLE)
        return dk_wrap(status, "desk %s cannot be adopted", desk->rule.name);
    if (status != DOCKET_OK) {
        dk_log(DK_LOG_WARNING, "desk %s cannot be adopted: %s", desk->rule.name, dk_error_text());
        return dk_takeover_foreign(daemon, desk, images);
    }
    if (memcmp(desk->map.store_id, daemon->facts.store_id, sizeof desk->map.store_id) == 0 &&
        dk_load_relaxed(&dk_desk_words(&desk->map)->commit_number) > daemon->facts.commit_number) {
        return dk_fail(DOCKET_STORE_REWOUND,
                       "the store knows commit %llu, but the desk's files have seen commit %llu: the store was put "
                       "back to an older state; put the newer store back",
                       (unsigned long long)daemon->facts.commit_number,
                       (unsigned long long)dk_load_relaxed(&dk_desk_words(&desk->map)->commit_number));
    }
    bool ours;
    status = check_incarnation(daemon, desk, images, &ours);
    if (status != DOCKET_OK)
        return status;
    if (memcmp(desk->map.store_id, daemon->facts.store_id, sizeof desk->map.store_id) != 0 ||
        !same_boot(daemon, &desk->map) || !ours) {
        dk_log(DK_LOG_WARNING, "desk %s: the files found are of another store, boot or build; they are replaced",
               desk->rule.name);
        dk_desk_unmap(&desk->map);
        return DOCKET_NO_REALM;
    }
    if (dk_takeover_renew(daemon, desk, images)) {
        dk_desk_unmap(&desk->map);
        return DOCKET_NO_REALM;
    }
    return DOCKET_OK;
}

static uint32_t cause_of_loss(const struct dk_daemon *daemon)
{
    if (daemon->accepted)
        return DK_CAUSE_ACCEPTED;
    bool same_boot = memcmp(daemon->facts.boot_id, daemon->boot_id, sizeof daemon->boot_id) == 0;
    return same_boot ? DK_CAUSE_RUNTIME_LOST : DK_CAUSE_POWER_LOSS;
}

/* The desk is mapped if it is adopted. */
static docket_status open_desk(struct dk_daemon *daemon, struct dk_desk_book *desk, struct dk_images *images, bool adopted)
{
    docket_status status = DOCKET_OK;
    if (!adopted)
        status = build(daemon, desk, images, cause_of_loss(daemon));
    if (status != DOCKET_OK)
        return status;
    alloc_books(desk);
    struct shared_board_words *words = dk_desk_words(&desk->map);
    status = dk_calendars_open(desk);
    if (status == DOCKET_OK && adopted)
        status = dk_adopt_desk(daemon, desk, images);
    if (status == DOCKET_OK && adopted)
        status = dk_calendars_assign(desk);
    if (status == DOCKET_OK)
        status = place_missing(daemon, desk);
    if (status == DOCKET_OK && adopted)
        mend_slots(desk);
    if (status != DOCKET_OK)
        return status;
    put_rest_on_board(daemon, desk, images);
    uint64_t boot[2];
    memcpy(boot, daemon->boot_id, sizeof boot);
    dk_store_release(&words->boot_id[0], boot[0]);
    dk_store_release(&words->boot_id[1], boot[1]);
    dk_calendars_write(desk, dk_now_s(daemon));
    if (!adopted)
        status = dk_desk_publish(&desk->map, daemon->runtime_fd);
    return status;
}

/* Counters are read by a thread of their own, where there are many; the two write different books. */
enum { BESIDE_SERIES = 16384 };

struct counters_beside {
    struct reading *reading;
    docket_status status;
    char sentence[DK_ERROR_BYTES]; /* of that thread */
};

static void *read_counters(void *context)
{
    struct counters_beside *beside = context;
    struct reading *reading = beside->reading;
    beside->status = dk_store_each_counter(reading->daemon->store, keep_image, reading);
    if (beside->status != DOCKET_OK)
        snprintf(beside->sentence, sizeof beside->sentence, "%s", dk_error_text());
    dk_images_sort(reading->images);
    return NULL;
}

static docket_status read_store(struct reading *reading)
{
    struct dk_daemon *daemon = reading->daemon;
    struct counters_beside beside = {.reading = reading};
    pthread_t thread;
    make_known(&reading->images->known, daemon->facts.series_last);
    bool running = daemon->facts.series_last > BESIDE_SERIES && pthread_create(&thread, NULL, read_counters, &beside) == 0;
    docket_status status = dk_store_each_series(daemon->store, know_series, reading);
    if (running)
        pthread_join(thread, NULL);
    else
        read_counters(&beside);
    return status != DOCKET_OK || beside.status == DOCKET_OK ? status : dk_fail(beside.status, "%s", beside.sentence);
}

/* Adopted counters without a bank in memory belong to series whose period has
 * not been on a board of this desk: the periods' look opens them. */
docket_status dk_recovery_run(struct dk_daemon *daemon)
{
    struct dk_images images = {0};
    struct reading reading = {.daemon = daemon, .images = &images};
    bool *adopted = dk_must_alloc(daemon->desk_count, sizeof *adopted);
    docket_status status = read_store(&reading);
    for (uint32_t d = 0; d < daemon->desk_count && status == DOCKET_OK; d++) {
        status = daemon->accepted ? DOCKET_NO_REALM : try_adopt(daemon, &daemon->desks[d], &images);
        adopted[d] = status == DOCKET_OK;
        if (status == DOCKET_NO_REALM)
            status = DOCKET_OK; /* it is built anew */
    }
    if (status == DOCKET_OK) {
        size_t needed = dk_images_choose(daemon, &images, adopted);
        dk_names_reserve(&daemon->names, needed);
        if (needed > 0)
            status = dk_store_each_series(daemon->store, keep_series, &reading);
    }
    for (uint32_t d = 0; d < daemon->desk_count && status == DOCKET_OK; d++)
        status = open_desk(daemon, &daemon->desks[d], &images, adopted[d]);
    if (status == DOCKET_OK && daemon->facts.fence.kind == DK_FENCE_ACCEPTING && daemon->floors->new_count == 0)
        dk_recovery_take_fence_down(daemon);
    dk_images_free(&images);
    for (uint64_t id = 0; status == DOCKET_OK && id < daemon->series_room; id++)
        if (daemon->series_by_id[id] != NULL && daemon->series_by_id[id]->record.retired_ns != 0)
            dk_series_retire_now(daemon->series_by_id[id]);
    free(adopted);
    for (struct dk_counter *counter = daemon->counters; status == DOCKET_OK && counter != NULL;
         counter = counter->next_of_all) {
        dk_keeper_forget(counter); /* nobody waits yet: not all in one turn of the loop, before the first answer */
        dk_keeper_ask_later(counter);
    }
    return status;
}
