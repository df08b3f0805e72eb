/* SPDX-License-Identifier: MIT */
/* scribble, docketd's side: the daemon's objects over a store in memory. */
#include "scribble.h"

#include "base/log.h"
#include "daemon/ended/ended.h"
#include "table/doorbell.h"
#include "table/seat.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct dk_job *first_job, **last_job = &first_job;
static uint64_t incarnations;

/* ---- clocks, chance, words: ours ---- */

int clock_gettime(clockid_t id, struct timespec *now)
{
    int64_t base_s = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? 1764000000 : 1000;
    now->tv_sec = base_s + world.now_ns / DK_SECOND_NS;
    now->tv_nsec = world.now_ns % DK_SECOND_NS;
    return 0;
}

ssize_t getrandom(void *bytes, size_t count, unsigned flags)
{
    (void)flags;
    for (size_t i = 0; i < count; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)chance(256);
    return (ssize_t)count;
}

void dk_log(enum dk_level level, const char *format, ...)
{
    if (getenv("SHOUT") == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "[%d] ", (int)level);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

/* ---- the store ---- */

static void keep_image(const struct dk_counter_image *image)
{
    struct track *track = &world.tracks[image->series_id];
    free(track->stored.places);
    free(track->stored.spares);
    track->stored = *image;
    track->stored.places = dk_must_alloc(image->place_count, sizeof *image->places);
    if (image->place_count > 0)
        memcpy(track->stored.places, image->places, image->place_count * sizeof *image->places);
    dk_image_copy_spares(&track->stored, image->spares, image->spare_count);
}

static void commit(const struct dk_job *job)
{
    for (size_t i = 0; i < job->image_count; i++)
        keep_image(&job->images[i]);
    for (size_t i = 0; i < job->range_count; i++) {
        struct track *track = &world.tracks[job->ranges[i].series_id];
        dk_ranges_add(&track->lost, &track->lost_count, job->ranges[i].range.first, job->ranges[i].range.last);
    }
}

void __wrap_dk_clerk_post(struct dk_clerk *clerk, struct dk_job *job);
void __wrap_dk_clerk_post(struct dk_clerk *clerk, struct dk_job *job)
{
    (void)clerk;
    commit(job);
    job->node.node.next = NULL;
    *last_job = job;
    last_job = (struct dk_job **)(void *)&job->node.node.next;
}

bool docketd_collect(void)
{
    struct dk_job *job = first_job;
    first_job = NULL;
    last_job = &first_job;
    bool any = job != NULL;
    while (job != NULL) {
        struct dk_job *next = (struct dk_job *)(void *)job->node.node.next;
        job->done(job);
        job = next;
    }
    return any;
}

docket_status dk_store_commit(struct dk_store *store, const struct dk_change *change, uint64_t *commit_number)
{
    (void)store, (void)change, (void)commit_number;
    abort(); /* the committer's thread does not run here */
}

void dk_store_seen(const struct dk_store *store, uint64_t *commit, uint8_t run[32])
{
    (void)store, (void)commit, (void)run;
    abort(); /* likewise */
}

docket_status dk_store_each_range(struct dk_store *store, uint64_t series_id, int32_t period,
                                  docket_status (*each)(void *context, const struct dk_fate_record *record),
                                  void *context)
{
    struct track *track = &world.tracks[series_id];
    (void)store;
    for (size_t i = 0; i < track->lost_count; i++) {
        struct dk_fate_record record = {.series_id = series_id, .period = period, .range = track->lost[i]};
        docket_status status = each(context, &record);
        if (status != DOCKET_OK)
            return status;
    }
    return DOCKET_OK;
}

/* The clock is right. */
int64_t dk_now_s(struct dk_daemon *daemon)
{
    (void)daemon;
    return dk_clock_wall_s();
}

int64_t dk_store_trusted_now_ns(struct dk_store *store, bool *carried)
{
    (void)store;
    *carried = true;
    return dk_clock_wall_ns();
}

docket_status dk_ended_look(struct dk_daemon *daemon, uint64_t series_id, int32_t label, struct dk_ended_facts *facts)
{
    (void)daemon;
    (void)series_id;
    (void)label;
    *facts = (struct dk_ended_facts){.later = -1};
    return DOCKET_OK;
}

docket_status dk_store_each_counter_of(struct dk_store *store, uint64_t series_id,
                                       docket_status (*each)(void *context, const struct dk_counter_image *image),
                                       void *context)
{
    (void)store;
    return each(context, &world.tracks[series_id].stored);
}

/* ---- the desks ---- */

static const struct dk_geometry *geometry(uint32_t desk)
{
    static const struct dk_geometry large = {SLOTS_MAX, ROWS_MAX, SEATS_MAX, LINES};
    static const struct dk_geometry small = {64, 128, SEATS_MAX, LINES};
    return desk == 0 ? &large : &small;
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

static void free_books(void)
{
    struct dk_daemon *daemon = &world.daemon;
    for (struct dk_job *job = first_job, *next; job != NULL; job = next) {
        next = (struct dk_job *)(void *)job->node.node.next;
        dk_job_free(job); /* plans in flight are lost with their docketd */
    }
    first_job = NULL;
    last_job = &first_job;
    for (struct dk_counter *counter = daemon->counters, *next; counter != NULL; counter = next) {
        next = counter->next_of_all;
        dk_counter_free(counter);
    }
    for (uint64_t id = 0; id < daemon->series_room; id++)
        free(daemon->series_by_id[id]);
    free(daemon->series_by_id);
    for (uint32_t d = 0; d < DESKS; d++) {
        struct dk_desk_book *desk = &daemon->desks[d];
        for (uint32_t i = 0; i < desk->map.geometry.seats_max; i++)
            if (desk->seats[i].keep >= 0)
                close(desk->seats[i].keep);
        free(desk->seats);
        free(desk->series);
        free(desk->row_owner);
        free(desk->row_pool);
        dk_desk_unmap(&desk->map);
    }
    free(daemon->desks);
}

static void set_up(void)
{
    static struct dk_desk_config desks[DESKS] = {{.name = "default"},
                                                 {.name = "b", .tenant_count = 1, .tenants = {"B"}}};
    struct dk_daemon *daemon = &world.daemon;
    int runtime = daemon->runtime_fd;
    memset(daemon, 0, sizeof *daemon);
    daemon->runtime_fd = runtime;
    daemon->config.desk_count = daemon->desk_count = DESKS;
    daemon->config.desks = desks;
    daemon->next_edge_s = INT64_MAX;
    daemon->facts.store_id[0] = 0x1111;
    daemon->facts.generation = 1;
    daemon->desks = dk_must_alloc(DESKS, sizeof *daemon->desks);
    for (uint32_t d = 0; d < DESKS; d++) {
        daemon->desks[d].daemon = daemon;
        daemon->desks[d].index = d;
        snprintf(daemon->desks[d].rule.name, sizeof daemon->desks[d].rule.name, "%s", desks[d].name);
    }
}

static void map_as_worker(uint32_t desk)
{
    char name[2][16];
    int fds[2];
    snprintf(name[0], sizeof name[0], "board-%u", desk);
    snprintf(name[1], sizeof name[1], "table-%u", desk);
    for (int i = 0; i < 2; i++)
        fds[i] = openat(world.daemon.runtime_fd, name[i], (i == 0 ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (fds[0] < 0 || fds[1] < 0 || dk_desk_map(&world.map[desk], fds[0], fds[1], false) != DOCKET_OK)
        found("a worker cannot map desk %u: %s", desk, dk_error_text());
    close(fds[0]);
    close(fds[1]);
}

void docketd_begin(void)
{
    set_up();
    for (uint32_t d = 0; d < DESKS; d++) {
        struct dk_desk_book *desk = &world.daemon.desks[d];
        struct dk_identity identity = {
            .store_id = {0x1111}, .generation = 1, .incarnation = ++incarnations, .desk = d};
        if (dk_desk_create(&desk->map, world.daemon.runtime_fd, geometry(d), &identity, 0, false) != DOCKET_OK ||
            dk_desk_publish(&desk->map, world.daemon.runtime_fd) != DOCKET_OK)
            found("cannot make desk %u: %s", d, dk_error_text());
        alloc_books(desk);
        if (dk_calendars_open(desk) != DOCKET_OK)
            found("no calendar: %s", dk_error_text());
        dk_calendars_write(desk, dk_clock_wall_s());
        map_as_worker(d);
    }
}

static void remove_file(const char *kind, uint32_t desk, int seat)
{
    char name[32];
    if (seat < 0)
        snprintf(name, sizeof name, "%s-%u", kind, desk);
    else
        snprintf(name, sizeof name, "%s-%u-%d", kind, desk, seat);
    unlinkat(world.daemon.runtime_fd, name, 0);
}

void docketd_end(void)
{
    for (uint32_t d = 0; d < DESKS; d++) {
        dk_desk_unmap(&world.map[d]);
        remove_file("board", d, -1);
        remove_file("table", d, -1);
        for (uint32_t seat = 0; seat < SEATS_MAX; seat++) {
            if (world.seat_view[d][seat] == NULL)
                continue;
            munmap(world.seat_view[d][seat], dk_seat_bytes(&world.daemon.desks[d].map.geometry));
            world.seat_view[d][seat] = NULL;
            remove_file("seat", d, (int)seat);
        }
    }
    free_books();
    for (uint32_t id = 1; id <= world.track_count; id++) {
        struct track *track = &world.tracks[id];
        free(track->numbers);
        free(track->stored.places);
        free(track->stored.spares);
        free(track->lost);
    }
}

static struct dk_series_record record_of(const struct track *track, uint32_t window)
{
    struct dk_series_record record = {.id = track->id};
    struct dk_policy policy;
    dk_policy_default(&policy);
    policy.order = track->strict ? DK_STRICT : DK_LEASED;
    policy.restart = DK_NEVER;
    policy.chronological = track->chronological;
    policy.window = window;
    memset(policy.template_text, 0, sizeof policy.template_text);
    memcpy(policy.template_text, "{SERIES}-{N:6}", sizeof "{SERIES}-{N:6}");
    record.policy = dk_policy_keep(&policy);
    snprintf(record.tenant, sizeof record.tenant, "%s", track->desk == 0 ? "A" : "B");
    snprintf(record.name, sizeof record.name, "%s", track->name);
    return record;
}

struct track *docketd_add_series(uint32_t desk, bool strict, uint32_t window)
{
    struct track *track = &world.tracks[++world.track_count];
    *track = (struct track){.id = world.track_count, .desk = desk, .strict = strict};
    snprintf(track->name, sizeof track->name, "S%u", world.track_count);
    track->chronological = strict && chance(2);
    struct dk_series_record record = record_of(track, window);
    struct dk_series_book *series = dk_series_book_new(&world.daemon, &record);
    if (dk_series_place(&world.daemon, series) != DOCKET_OK)
        found("cannot place a series: %s", dk_error_text());
    track->slot = series->slot;
    world.by_slot[desk][track->slot] = track;
    struct dk_counter_image image;
    struct dk_period period;
    dk_period_at(record.policy, &dk_zone_utc, dk_clock_wall_s(), &period);
    dk_image_begin(&image, track->id, period.label, chance(3) * 1000, world.daemon.desks[desk].map.incarnation);
    image.mark = image.next + DK_WINDOW_MIN;
    keep_image(&image);
    track->furthest = track->seen_next = image.next;
    dk_periods_publish(dk_counter_new(&world.daemon, series, &period, &image), 0);
    figures.series++;
    return track;
}

struct dk_series_book *docketd_book(const struct track *track)
{
    return dk_series_by_id(&world.daemon, track->id);
}

/* ---- turns ---- */

void docketd_turn(void)
{
    if (world.down)
        return;
    dk_keeper_sweep(&world.daemon);
    dk_keeper_run(&world.daemon);
    if (world.late)
        return;
    while (docketd_collect() || world.daemon.turn_first != NULL)
        dk_keeper_run(&world.daemon);
}

void dk_doorbell_ring(dk_word32 *bell)
{
    dk_add32_release(bell, 1);
}

void dk_doorbell_announce(dk_word32 *supply)
{
    dk_add32_release(supply, 1);
}

/* A caller sleeps: docketd has its turn; if it changed nothing, time passes. */
void dk_doorbell_wait(const dk_word32 *word, uint32_t seen, int64_t timeout_ns)
{
    if (dk_load32_acquire(word) != seen)
        return;
    figures.waits++;
    world.late = false;
    world.now_ns += DK_MILLISECOND_NS;
    docketd_turn();
    if (dk_load32_acquire(word) != seen)
        return;
    model_still_waits(word);
    world.now_ns += timeout_ns > 0 ? timeout_ns : 0;
}

/* ---- messages ---- */

static uint32_t returned_count;
static struct track *giving;

void dk_serve_given_back(struct dk_connection *connection, uint32_t returned)
{
    (void)connection;
    returned_count = returned;
    if (returned > 0) { /* the position fell by docketd's hand */
        const struct shared_board_bank *bank = &dk_desk_slot(&world.map[giving->desk], giving->slot)->bank[0];
        uint64_t word = dk_load_relaxed(&dk_table_slot(&world.map[giving->desk], giving->slot)->bank[0].strict);
        giving->seen_next = dk_load_relaxed(&bank->base) + (word >> 18 & ((1ull << 40) - 1));
    }
}

uint32_t docketd_give_back(uint32_t desk, uint32_t slot, int32_t period, uint64_t first, uint32_t count)
{
    struct dk_series_book *series = world.daemon.desks[desk].series[slot];
    struct dk_counter *counter = dk_series_on_board(series, period);
    returned_count = 0;
    if (counter == NULL || !dk_is_strict(counter) || series->quarantined || counter->closed)
        return 0;
    struct dk_give_back *queued = dk_must_alloc(1, sizeof *queued), **at = &counter->give_backs;
    *queued = (struct dk_give_back){.first = first, .count = count};
    while (*at != NULL)
        at = &(*at)->next;
    *at = queued;
    giving = world.by_slot[desk][slot];
    dk_keeper_ask(counter);
    world.late = false;
    docketd_turn();
    if (counter->give_backs != NULL)
        found("docketd never answered who gave the end of a block back");
    return returned_count;
}

docket_status docketd_attach(uint32_t desk, uint32_t *seat, uint64_t *salt, int *locked, int *probe)
{
    struct dk_desk_book *book = &world.daemon.desks[desk];
    docket_status status = dk_seat_assign(book, &(struct dk_sitter){.pid = 1}, seat, locked, probe);
    for (int look = 0; look < 2 && status == DOCKET_SEATS_EXHAUSTED; look++) { /* time passes: the dead are reaped */
        dk_reaper_tick(&world.daemon, true);
        world.late = false;
        docketd_turn();
        dk_reaper_tick(&world.daemon, false);
        status = dk_seat_assign(book, &(struct dk_sitter){.pid = 1}, seat, locked, probe);
    }
    if (status != DOCKET_OK)
        return status;
    *salt = book->seats[*seat].salt;
    if (world.seat_view[desk][*seat] == NULL) {
        int fd; /* a description of its own: the view must not hold anybody's lock */
        void *view = MAP_FAILED;
        if (dk_seat_open(world.daemon.runtime_fd, desk, *seat, &fd) == DOCKET_OK) {
            view = mmap(NULL, dk_seat_bytes(&book->map.geometry), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            close(fd);
        }
        if (view == MAP_FAILED)
            found("cannot map seat %u", *seat);
        world.seat_view[desk][*seat] = view;
    }
    figures.attaches++;
    return DOCKET_OK;
}

/* ---- death and birth ---- */

/* A stop in order begins: every counter has a turn. */
void docketd_stop(void)
{
    world.daemon.stopping = true;
    for (struct dk_counter *counter = world.daemon.counters; counter != NULL; counter = counter->next_of_all)
        dk_keeper_ask(counter);
    docketd_turn();
}

void docketd_restart(void (*meanwhile)(void))
{
    free_books();
    world.down = true;
    meanwhile();
    set_up();
    struct dk_daemon *daemon = &world.daemon;
    struct dk_images images = {0};
    for (uint32_t id = 1; id <= world.track_count; id++) {
        struct dk_series_record record =
            record_of(&world.tracks[id], dk_desk_slot(&world.map[world.tracks[id].desk], world.tracks[id].slot)->window);
        dk_series_book_new(daemon, &record)->desk = &daemon->desks[world.tracks[id].desk];
        if (dk_images_keep(&images, &world.tracks[id].stored) != DOCKET_OK)
            found("no memory");
    }
    dk_images_sort(&images);
    for (uint32_t d = 0; d < DESKS; d++) {
        struct dk_desk_book *desk = &daemon->desks[d];
        if (dk_desk_adopt(&desk->map, daemon->runtime_fd, d) != DOCKET_OK)
            found("desk %u cannot be adopted: %s", d, dk_error_text());
        alloc_books(desk);
        if (dk_calendars_open(desk) != DOCKET_OK || dk_adopt_desk(daemon, desk, &images) != DOCKET_OK ||
            dk_calendars_assign(desk) != DOCKET_OK)
            found("desk %u cannot be adopted: %s", d, dk_error_text());
    }
    dk_images_free(&images);
    world.down = false;
    model_adopted();
    for (struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        dk_keeper_ask(counter);
    world.late = false;
    docketd_turn();
    figures.restarts++;
}
