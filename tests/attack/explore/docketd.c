/* SPDX-License-Identifier: MIT */
/* docketd: its start, its loop and its committer as fibers. Each turn of the
 * loop does what daemon/loop.c does, in that order. */
#include "world.h"

#include "daemon/daemon.h"
#include "env.h"

#include <string.h>

void ex_docketd_start(void)
{
    struct dk_daemon *daemon = ex_alloc(sizeof *daemon);
    daemon->config.geometry =
        (struct dk_geometry){.slots_max = world->config->evicts ? 2 : 1, .rows_max = 3, .seats_max = EX_WORKERS, .lines_per_seat = 2};
    daemon->config.evict_after_s = world->config->evicts && world->desk_made ? 86400 : 0; /* at first it is on the board */
    daemon->config.desk_count = daemon->desk_count = 1;
    daemon->config.desks = ex_alloc(sizeof *daemon->config.desks);
    daemon->desks = ex_alloc(sizeof *daemon->desks);
    daemon->desks[0].daemon = daemon;
    strcpy(daemon->desks[0].rule.name, "default");
    daemon->facts.store_id[0] = 1;
    daemon->facts.commit_number = world->store.commits;
    daemon->facts.series_last = 8;
    world->daemon = daemon;
    world->stop_wanted = world->stopped = 0;
    docket_status status = dk_recovery_run(daemon);
    if (status != DOCKET_OK)
        ex_fault(EX_OTHER, "docketd does not start: status %d", (int)status);
    dk_store_release(&dk_desk_words(&daemon->desks[0].map)->serving, 1);
}

/* A seat being reaped waits for its counter's commit, and then for the next tick. */
static bool a_seat_has_work(const struct dk_daemon *daemon)
{
    const struct dk_desk_book *desk = &daemon->desks[0];
    for (uint32_t seat = 0; seat < desk->seats_used; seat++)
        if ((desk->seats[seat].state == DK_SEAT_REAPING && world->pending == 0) || (desk->seats[seat].state == DK_SEAT_TAKEN && ex_dead(seat + 1)))
            return true;
    return false;
}

static bool a_request_waits(void)
{
    for (int i = 0; i < EX_WORKERS; i++)
        if (world->worker[i].request.queued)
            return true;
    return false;
}

/* A period may be looked at again: at its edge, or a second after a look that
 * had to wait for a commit. */
static bool a_period_waits(const struct dk_daemon *daemon)
{
    return (world->config->timed || world->config->evicts) && daemon->edge_count > 0 && daemon->next_edge_s <= world->now_s + 1 && world->pending == 0 && !daemon->stopping;
}

/* The series may be told to go; once it has, another one gets its slot. */
static bool an_eviction_waits(const struct dk_daemon *daemon)
{
    struct dk_series_book *series = dk_series_by_id((struct dk_daemon *)(uintptr_t)daemon, world->series.id);
    if (daemon->stopping || world->evict_wanted == 0)
        return false;
    if (world->evict_wanted == 2)
        return series == NULL && world->pending == 0;
    bool exploring = ex_exploring;
    ex_exploring = false; /* whether somebody can go on is no step of anybody's */
    bool may = series != NULL && dk_evict_may(series);
    ex_exploring = exploring;
    return may;
}

bool ex_docketd_has_work(void *nothing)
{
    const struct dk_daemon *daemon = world->daemon;
    (void)nothing;
    return world->finished != NULL || daemon->turn_first != NULL || daemon->later_first != NULL || (world->stop_wanted != 0 && !daemon->stopping) || a_request_waits() ||
           world->calm_wanted != 0 || real_load_relaxed(dk_table_want_summary(&world->map)) != 0 || a_seat_has_work(daemon) || a_period_waits(daemon) ||
           an_eviction_waits(daemon);
}

/* As daemon/door/serve.c answer_where() and bring_series(). */
static void take_open(struct dk_daemon *daemon, struct ex_request *request)
{
    struct dk_series_book *series = dk_series_by_id(daemon, world->series.id);
    if (series != NULL)
        dk_evict_cancel(series);
    else if (dk_series_load(daemon, &world->series, &series) != DOCKET_OK)
        ex_fault(EX_OTHER, "an evicted series does not come back");
    dk_serve_given_back((struct dk_connection *)(void *)request, 0);
}

static void other_made(struct dk_job *job)
{
    struct dk_daemon *daemon = world->daemon;
    struct dk_series_book *series = dk_series_book_new(daemon, &world->other);
    struct dk_period period = {.label = EX_OTHER_LABEL, .end_s = INT64_MAX};
    if (dk_series_place(daemon, series) != DOCKET_OK)
        ex_fault(EX_OTHER, "there is no slot for another series");
    else
        dk_periods_publish(dk_counter_new(daemon, series, &period, &job->images[0]), 0);
    dk_job_free(job);
}

/* The series goes, and one that nobody asks for comes into its slot. */
static void evict(struct dk_daemon *daemon)
{
    ex_pseudo(PSEUDO_EVENT, EX_READ | EX_WRITE);
    if (world->evict_wanted == 1) {
        world->evict_wanted = 2;
        dk_evict_begin(dk_series_by_id(daemon, world->series.id));
        return;
    }
    world->evict_wanted = 0;
    world->other = world->series;
    world->other.id = 2;
    world->other.name[0] = 'o';
    struct dk_job *job = dk_job_new(other_made, NULL);
    struct dk_counter_image *image = dk_job_image(job);
    dk_image_begin(image, world->other.id, EX_OTHER_LABEL, 0, daemon->desks[0].map.incarnation);
    image->mark = image->next + 3;
    dk_clerk_post(daemon->clerk, job);
}

/* As daemon/door/serve.c give_back(). */
static void take_request(struct dk_daemon *daemon, struct ex_request *request)
{
    struct dk_desk_book *desk = &daemon->desks[0];
    request->queued = false;
    if (request->wire.type == DK_ASK_OPEN) {
        take_open(daemon, request);
        return;
    }
    struct dk_series_book *series = dk_series_by_id(daemon, world->series.id);
    struct dk_counter *counter = series == NULL ? NULL : dk_series_on_board(series, request->wire.period);
    if (counter == NULL || !dk_is_strict(counter) || series->quarantined || counter->closed || counter->ahead ||
        request->wire.incarnation != desk->map.incarnation) {
        dk_serve_given_back((struct dk_connection *)(void *)request, 0);
        return;
    }
    struct dk_give_back *queued = dk_must_alloc(1, sizeof *queued);
    *queued = (struct dk_give_back){.connection = (struct dk_connection *)(void *)request,
                                    .first = request->wire.first,
                                    .count = request->wire.count};
    struct dk_give_back **at = &counter->give_backs;
    while (*at != NULL)
        at = &(*at)->next;
    *at = queued;
    dk_keeper_ask(counter);
}

void dk_serve_given_back(struct dk_connection *connection, uint32_t returned)
{
    struct ex_request *request = (struct ex_request *)(void *)connection;
    ex_pseudo(PSEUDO_INBOX, EX_READ | EX_WRITE);
    request->returned = returned;
    request->answered = true;
}

/* Docketd's watch knows no flags of the worker that comes just now. */
static void calm(struct dk_daemon *daemon)
{
    for (struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        if (counter->bank >= 0)
            dk_keeper_calm(counter, 1);
    world->calm_wanted = 0;
}

static void hear(struct dk_daemon *daemon)
{
    if (world->calm_wanted != 0)
        calm(daemon);
    ex_pseudo(PSEUDO_INBOX, EX_READ);
    for (int i = 0; i < EX_WORKERS; i++)
        if (world->worker[i].request.queued)
            take_request(daemon, &world->worker[i].request);
    if (an_eviction_waits(daemon))
        evict(daemon);
    if (world->stop_wanted == 0 || daemon->stopping)
        return;
    ex_pseudo(PSEUDO_EVENT, EX_READ);
    daemon->stopping = true;
    for (struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        dk_keeper_ask(counter);
}

static bool all_settled(const struct dk_daemon *daemon)
{
    if (world->pending > 0 || daemon->turn_first != NULL || daemon->later_first != NULL)
        return false;
    for (const struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        if (!counter->settled && !counter->series->quarantined)
            return false;
    return true;
}

static void turn(struct dk_daemon *daemon)
{
    hear(daemon);
    if (world->finished != NULL || !ex_exploring)
        (void)dk_clerk_collect(NULL);
    (void)dk_keeper_sweep(daemon);
    if (a_seat_has_work(daemon))
        dk_reaper_tick(daemon, true);
    struct dk_series_book *other = dk_series_by_id(daemon, world->other.id);
    if (world->other.id != 0 && other != NULL)
        dk_edges_set(daemon, other, INT64_MAX); /* its period is the explorer's own, and no calendar's */
    if (world->config->timed || world->config->evicts) {
        if (a_period_waits(daemon) && world->now_s < daemon->next_edge_s)
            world->now_s = daemon->next_edge_s;
        dk_periods_sweep(daemon);
        dk_keeper_ask_detached(daemon);
    }
    dk_keeper_run(daemon);
    if (daemon->stopping && all_settled(daemon)) {
        dk_store_release(&dk_desk_words(&daemon->desks[0].map)->serving, 0);
        ex_docketd_start(); /* and the next one begins at once */
    }
}

static void loop(void *first)
{
    if (first == NULL)
        ex_docketd_start(); /* the one before has died */
    for (;;) {
        ex_block(ex_docketd_has_work, NULL);
        ex_step();
        turn(world->daemon);
    }
}

void ex_docketd_fibers(void)
{
    ex_spawn(EX_FIBER_LOOP, EX_DOCKETD, loop, world);
    ex_spawn(EX_FIBER_CLERK, EX_DOCKETD, ex_clerk_run, NULL);
}

/* What was not durable is gone with it; who waits for an answer hears nothing. */
void ex_docketd_died(void)
{
    world->posted = world->finished = NULL;
    world->pending = 0;
    for (int i = 0; i < EX_WORKERS; i++) {
        struct ex_request *request = &world->worker[i].request;
        request->lost = !request->answered;
        request->queued = false;
    }
    world->daemon = NULL;
    ex_spawn(EX_FIBER_LOOP, EX_DOCKETD, loop, NULL);
    ex_spawn(EX_FIBER_CLERK, EX_DOCKETD, ex_clerk_run, NULL);
}

void ex_docketd_pump(void)
{
    for (int turns = 0; turns < 200; turns++) {
        if (world->posted == NULL && !ex_docketd_has_work(NULL))
            return;
        turn(world->daemon);
    }
    ex_fault(EX_HANG, "docketd does not come to rest");
}

void ex_operator_run(void *config)
{
    const struct ex_do *does = ((const struct ex_config *)config)->operator_does;
    for (int i = 0; i < 4 && does[i].op != OP_END; i++) {
        if (does[i].op == OP_STOP) {
            ex_pseudo(PSEUDO_EVENT, EX_WRITE);
            world->stop_wanted = 1;
        } else if (does[i].op == OP_CALM) {
            ex_pseudo(PSEUDO_EVENT, EX_WRITE);
            world->calm_wanted = 1;
        } else if (does[i].op == OP_EVICT) {
            ex_pseudo(PSEUDO_EVENT, EX_WRITE);
            world->evict_wanted = 1;
        } else {
            ex_pseudo(PSEUDO_CLOCK, EX_WRITE);
            world->now_s += 86400;
        }
    }
}
