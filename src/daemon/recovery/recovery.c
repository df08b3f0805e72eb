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

_Noreturn void dk_recovery_cannot_build(void)
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
        dk_recovery_cannot_build();
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
void dk_recovery_raise_last_date(struct dk_daemon *daemon, const struct dk_series_book *series, struct dk_counter_image *image)
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
bool dk_recovery_is_off_board(const struct dk_series_book *series, bool ended)
{
    return ended || (series != NULL && dk_is_tracked(series));
}

/* What this counter's last image cannot vouch for is unknown; the rest stands. */
void dk_recovery_resolve(struct dk_store *store, struct dk_job *job, struct dk_counter_image *image, uint32_t cause,
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
    if (image->mark > image->extent_last + 1) /* used up, until somebody says a last number beyond it */
        image->extent_last = image->mark - 1;
    struct dk_counter_image *written = dk_job_image(job);
    *written = *image;
    written->places = NULL;
    dk_image_copy_spares(written, image->spares, image->spare_count);
}

void dk_recovery_note_done(struct dk_job *job)
{
    bool *done = job->context;
    *done = true;
    dk_job_free(job);
}

/* Before the loop runs there is nothing to do but wait for the disk. A commit
 * that fails ends the process. */
void dk_recovery_commit_now(struct dk_daemon *daemon, struct dk_job *job, bool *done)
{
    dk_clerk_post(daemon->clerk, job);
    while (!*done) {
        struct pollfd finished = {.fd = daemon->clerk_fd, .events = POLLIN};
        poll(&finished, 1, 100);
        dk_clerk_collect(daemon->clerk);
    }
    daemon->facts.commit_number = dk_clerk_show(daemon->clerk).commit_number;
}


/* In one commit; of more than it has room for, one after the other. A start that
 * is cut in between goes on from there: what is resolved has nothing more to lose. */
static void resolve_all(struct dk_daemon *daemon, struct dk_desk_book *desk, struct dk_images *images, uint32_t cause)
{
    bool done = false;
    int64_t now_s = dk_now_s(daemon);
    struct dk_job *job = dk_job_new(dk_recovery_note_done, &done);
    size_t counters = 0, ranges = 0;
    for (size_t i = 0; i < images->count; i++) {
        struct dk_counter_image *image = &images->all[i];
        struct dk_series_book *series = dk_series_by_id(daemon, image->series_id);
        if (series == NULL || series->desk != desk)
            continue;
        const struct dk_move move = dk_advance_of(daemon, series, image);
        if (dk_image_rests(image) && move.advance == 0 && !move.spares && move.floor == NULL)
            continue; /* at rest it says all there is to say */
        if (job->image_count == DK_RESOLVED_IMAGES) {
            counters += job->image_count;
            ranges += job->range_count;
            dk_recovery_commit_now(daemon, job, &done);
            done = false;
            job = dk_job_new(dk_recovery_note_done, &done);
        }
        struct dk_period period;
        dk_period_at_instant(series->record.policy, now_s, &period);
        dk_recovery_raise_last_date(daemon, series, image);
        dk_advance_tell(job, series, image, &move);
        dk_recovery_resolve(daemon->store, job, image, cause, desk->map.incarnation, &move,
                dk_recovery_is_off_board(series, image->period < period.label || series->record.retired_ns != 0));
    }
    if (daemon->accepted && (daemon->floors->skip > 0 || daemon->floors->count > 0))
        dk_advance_ended(daemon, desk, images);
    if (daemon->accepted)
        dk_advance_unseen(daemon, desk, images, job);
    counters += job->image_count;
    ranges += job->range_count;
    if (counters > 0 || ranges > 0)
        dk_job_event(job, "recovery", 0, "desk %s built anew (%s): %zu counters, %zu unknown ranges", desk->rule.name,
                     dk_cause_name(cause), counters, ranges);
    dk_recovery_commit_now(daemon, job, &done);
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
    struct dk_job *job = dk_job_new(dk_recovery_note_done, &done);
    job->desk_set = true;
    job->desk = (struct dk_desk_note){.index = desk->index, .incarnation = desk->map.incarnation};
    dk_recovery_commit_now(daemon, job, &done);
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
