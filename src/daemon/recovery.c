/* SPDX-License-Identifier: MIT */
/*
 * recovery: from store and files to books.
 *
 * A desk whose files are whole, of this boot and of this store is adopted:
 * workers go on meanwhile. Otherwise it is built anew from the store, and what
 * was laid or open since the last journal entry becomes unknown, with its cause.
 *
 * Adopting finishes before anything is laid or reaped:
 *  1 half-laid places are finished
 *  2 blocks recorded as laid that no place reached are spare again
 *  3 claimed or taken places whose block is finished in the store are cleared
 *  4 only then turns run
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "table/directory.h"
#include "table/seat.h"
#include "table/slot.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct images {
    struct dk_counter_image *all;
    size_t count;
};

static docket_status keep_series(void *context, const struct dk_series_record *record)
{
    struct dk_daemon *daemon = context;
    struct dk_desk_book *desk = dk_series_desk(daemon, record->tenant);
    if (strcmp(desk->rule.name, record->desk) != 0)
        return dk_fail(DOCKET_BAD_CONFIG,
                       "%s/%s sits at desk %s and the configuration puts its tenant at desk %s; a tenant that has "
                       "series cannot be moved: put it back",
                       record->tenant, record->name, record->desk, desk->rule.name);
    dk_series_book_new(daemon, record)->desk = desk;
    return DOCKET_OK;
}

static docket_status keep_image(void *context, const struct dk_counter_image *image)
{
    struct images *images = context;
    if (image->closed)
        return DOCKET_OK;
    if ((images->count & (images->count + 1)) == 0) /* room doubles at 1, 3, 7 ... */
        images->all = dk_must_grow(images->all, images->count * 2 + 2, sizeof *images->all);
    struct dk_counter_image *copy = &images->all[images->count++];
    *copy = *image;
    copy->places = dk_must_alloc(image->place_count, sizeof *copy->places);
    if (image->place_count > 0)
        memcpy(copy->places, image->places, image->place_count * sizeof *copy->places);
    dk_image_copy_spares(copy, image->spares, image->spare_count);
    return DOCKET_OK;
}

static int compare_images(const void *left, const void *right)
{
    const struct dk_counter_image *a = left, *b = right;
    if (a->series_id != b->series_id)
        return a->series_id < b->series_id ? -1 : 1;
    return a->period < b->period ? -1 : a->period > b->period;
}

static void free_images(struct images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->all[i].places);
        free(images->all[i].spares);
    }
    free(images->all);
}

static struct dk_series_book *series_of(struct dk_daemon *daemon, uint64_t id)
{
    return id < daemon->series_room ? daemon->series_by_id[id] : NULL;
}

/* ---- building anew ---- */

static void add_unknown(struct dk_job *job, const struct dk_counter_image *image, uint32_t cause, uint64_t first,
                        uint64_t end)
{
    if (first >= end)
        return;
    struct dk_fate_record record = {.series_id = image->series_id,
                                    .period = image->period,
                                    .fate = DK_FATE_UNKNOWN,
                                    .cause = cause,
                                    .range = {first, end - 1},
                                    .time_ns = dk_clock_wall_ns()};
    dk_job_range(job, &record);
}

/* What this counter's last image cannot vouch for is unknown; the rest stands. */
static void resolve(struct dk_job *job, struct dk_counter_image *image, uint32_t cause, uint64_t incarnation,
                    bool ended)
{
    for (uint32_t i = 0; i < image->place_count; i++) {
        const struct dk_place_record *place = &image->places[i];
        if (place->size > 0)
            add_unknown(job, image, cause, place->first + place->offset, place->first + place->size);
    }
    add_unknown(job, image, cause, image->next, image->mark);
    image->next = image->mark;
    image->place_count = 0;
    image->incarnation = incarnation;
    image->closed = ended;
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

static void resolve_all(struct dk_daemon *daemon, struct dk_desk_book *desk, struct images *images,
                                 uint32_t cause)
{
    bool done = false;
    int64_t now_s = dk_clock_wall_s();
    struct dk_job *job = dk_job_new(note_done, &done);
    for (size_t i = 0; i < images->count; i++) {
        struct dk_counter_image *image = &images->all[i];
        struct dk_series_book *series = series_of(daemon, image->series_id);
        if (series == NULL || series->desk != desk)
            continue;
        struct dk_period period;
        dk_period_at((enum dk_restart)series->record.policy.restart, now_s, &period);
        resolve(job, image, cause, desk->map.incarnation, image->period < period.label);
    }
    if (job->image_count > 0 || job->range_count > 0)
        dk_job_event(job, "recovery", 0, "desk %s built anew (%s): %zu counters, %zu unknown ranges", desk->rule.name,
                     dk_cause_name(cause), job->image_count, job->range_count);
    size_t ranges = job->range_count;
    commit_now(daemon, job, &done);
    if (ranges > 0)
        dk_log(DK_LOG_WARNING, "desk %s was built anew after %s: %zu ranges of numbers are unknown and will never be "
                               "given again; `docket fate --all` lists them",
               desk->rule.name, dk_cause_name(cause), ranges);
}

static bool in_memory(const struct dk_daemon *daemon, const struct dk_series_book *series, int32_t label)
{
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && series->bank[bank]->period.label == label)
            return true;
    if (series->record.policy.order == DK_STRICT || series->desk->rows_used == 0)
        return false; /* only a counter with rows outlives its bank */
    for (const struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        if (counter->bank < 0 && counter->series == series && counter->period.label == label)
            return true;
    return false;
}

/* A counter that the store knows and the board does not: the desk is new, or
 * docketd died between the counter's first commit and its bank. The current
 * and the next period go on the board; a past one only waits to be closed. */
static void put_on_board(struct dk_daemon *daemon, struct dk_series_book *series, const struct dk_counter_image *image)
{
    struct dk_period now, period;
    enum dk_restart restart = (enum dk_restart)series->record.policy.restart;
    dk_period_at(restart, dk_clock_wall_s(), &now);
    period = now;
    if (image->period > now.label && now.end_s != INT64_MAX)
        dk_period_at(restart, now.end_s, &period);
    if (image->period < now.label)
        period = (struct dk_period){.label = image->period};
    if (period.label != image->period)
        return; /* a period of a clock that ran ahead: left in the store until its time */
    struct dk_counter *counter = dk_counter_new(daemon, series, &period, image);
    if (image->period < now.label) {
        counter->ended = true;
        return;
    }
    for (int bank = 0; bank < DK_BANKS; bank++) {
        if (series->bank[bank] == NULL) {
            dk_periods_publish(counter, bank);
            return;
        }
    }
}

/* Every open counter of the desk that has no place in memory yet. */
static void put_rest_on_board(struct dk_daemon *daemon, const struct dk_desk_book *desk, const struct images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        struct dk_series_book *series = series_of(daemon, images->all[i].series_id);
        if (series != NULL && series->desk == desk && !series->quarantined && !images->all[i].closed &&
            !in_memory(daemon, series, images->all[i].period))
            put_on_board(daemon, series, &images->all[i]);
    }
}

static docket_status build(struct dk_daemon *daemon, struct dk_desk_book *desk, struct images *images, uint32_t cause)
{
    struct dk_identity identity = {.store_id = {daemon->facts.store_id[0], daemon->facts.store_id[1]},
                                   .generation = daemon->facts.generation,
                                   .desk = desk->index};
    dk_random(&identity.incarnation, sizeof identity.incarnation);
    docket_status status = dk_desk_create(&desk->map, daemon->runtime_fd, &daemon->config.geometry, &identity,
                                          desk->rule.group, desk->rule.group_set);
    if (status == DOCKET_OK)
        resolve_all(daemon, desk, images, cause);
    return status;
}

static docket_status fill_built(struct dk_daemon *daemon, struct dk_desk_book *desk, struct images *images)
{
    for (uint64_t id = 0; id < daemon->series_room; id++) {
        struct dk_series_book *series = daemon->series_by_id[id];
        if (series == NULL || series->desk != desk)
            continue;
        docket_status status = dk_series_place(daemon, series);
        if (status != DOCKET_OK)
            return status;
    }
    put_rest_on_board(daemon, desk, images);
    return DOCKET_OK;
}

/* ---- adopting ---- */

static bool is_key_of(const struct shared_board_slot *slot, const struct dk_series_record *record)
{
    return slot->tenant_bytes == strlen(record->tenant) && slot->name_bytes == strlen(record->name) &&
           memcmp(slot->tenant, record->tenant, slot->tenant_bytes) == 0 &&
           memcmp(slot->name, record->name, slot->name_bytes) == 0;
}

static bool adopt_slots(struct dk_daemon *daemon, struct dk_desk_book *desk)
{
    struct shared_board_words *words = dk_desk_words(&desk->map);
    uint64_t used = dk_load_acquire(&words->slots_used), ready = dk_load_acquire(&words->slots_ready);
    if (used > ready || ready > desk->map.geometry.slots_max)
        return false;
    if (used < ready && dk_load_acquire(&dk_desk_slot(&desk->map, (uint32_t)used)->generation) != 0)
        used++; /* written whole, not yet counted */
    for (uint32_t i = 0; i < used; i++) {
        const struct shared_board_slot *slot = dk_desk_slot(&desk->map, i);
        struct dk_series_book *series = series_of(daemon, slot->series_id);
        if (series == NULL || series->desk != desk || !is_key_of(slot, &series->record))
            return false;
        series->slot = i;
        series->quarantined = dk_load_acquire(&slot->state) != 0;
        desk->series[i] = series;
        dk_directory_insert(&desk->map, i);
    }
    desk->slots_used = (uint32_t)used;
    dk_store_release(&words->slots_used, used);
    return true;
}

static const struct dk_counter_image *image_of(const struct images *images, uint64_t series_id, int32_t period)
{
    size_t low = 0, high = images->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct dk_counter_image *image = &images->all[middle];
        if (image->series_id == series_id && image->period == period)
            return image;
        if (image->series_id < series_id || (image->series_id == series_id && image->period < period))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A strict word must lie between what the store has seen and what it allows. */
static void adopt_strict(struct dk_counter *counter)
{
    struct shared_board_bank *bank = dk_book_bank(counter);
    struct dk_strict now = dk_strict_unpack(dk_load_acquire(&dk_book_table_bank(counter)->strict)); /* ORDER-8 */
    uint64_t position = counter->base + now.next, end = position + now.room;
    if (now.epoch != counter->epoch % DK_STRICT_EPOCHS || position < counter->next || end > counter->mark) {
        dk_series_quarantine(counter->series, "a strict word lies outside of what the store allows");
        return;
    }
    counter->next = counter->looked_next = position;
    counter->limit = end;
    dk_store_release(&bank->limit, end); /* a raise that was cut between limit and word */
}

static bool adopt_bank(struct dk_daemon *daemon, struct dk_series_book *series, int index, const struct images *images)
{
    struct shared_board_bank *bank = &dk_desk_slot(&series->desk->map, series->slot)->bank[index];
    uint64_t epoch = dk_load_acquire(&bank->epoch); /* ORDER-4 */
    /* The word's own count, if docketd died while it rewrote the bank. */
    struct dk_strict word = dk_strict_unpack(dk_load_acquire(&dk_table_slot(&series->desk->map, series->slot)->bank[index].strict));
    series->assignments[index] = epoch != 0 ? epoch & 63 : word.epoch;
    if (epoch == 0)
        return true;
    const struct dk_counter_image *image =
        image_of(images, series->record.id, (int32_t)(uint32_t)dk_load_relaxed(&bank->period));
    if (image == NULL) {
        /* Closed in the store; docketd died before it cleared the bank. */
        dk_store_release(&bank->epoch, 0);
        return true;
    }
    struct dk_period period = {.label = image->period,
                               .start_s = (int64_t)dk_load_relaxed(&bank->start_s),
                               .end_s = (int64_t)dk_load_relaxed(&bank->end_s)};
    struct dk_counter *counter = dk_counter_new(daemon, series, &period, image);
    counter->bank = index;
    counter->epoch = epoch;
    counter->base = dk_load_relaxed(&bank->base);
    series->bank[index] = counter;
    if (series->quarantined)
        return true;
    if (dk_is_strict(counter)) {
        adopt_strict(counter);
        return true;
    }
    uint64_t laid = dk_load_relaxed(&bank->limit);
    if (laid > counter->mark)
        return false; /* more laid than the store allows: not files of this store's last docketd */
    if (laid > counter->next)
        counter->next = laid;
    return true;
}

/* Counters that ended and left their bank, but still have rows. */
static struct dk_counter *counter_of_row(struct dk_daemon *daemon, struct dk_series_book *series, int32_t label,
                                         const struct images *images)
{
    for (int bank = 0; bank < DK_BANKS; bank++)
        if (series->bank[bank] != NULL && series->bank[bank]->period.label == label)
            return series->bank[bank];
    for (struct dk_counter *counter = daemon->counters; counter != NULL; counter = counter->next_of_all)
        if (counter->series == series && counter->period.label == label)
            return counter;
    const struct dk_counter_image *image = image_of(images, series->record.id, label);
    if (image == NULL)
        return NULL;
    struct dk_period period = {.label = label};
    struct dk_counter *counter = dk_counter_new(daemon, series, &period, image);
    counter->ended = true;
    return counter;
}

static const struct dk_place_record *record_of(const struct dk_counter_image *image, uint32_t place)
{
    for (uint32_t i = 0; image != NULL && i < image->place_count; i++)
        if (image->places[i].place == place)
            return &image->places[i];
    return NULL;
}

static void finish_lay(struct dk_counter *counter, dk_word *claim, struct dk_place_book *place)
{
    if (place->first + place->size > counter->next)
        counter->next = place->first + place->size;
    if (counter->bank >= 0)
        dk_store_release(&dk_book_bank(counter)->limit, counter->next);
    dk_place_lay(claim, place->seq);
}

/* One place: steps 1 to 3 of adopting. False: these words cannot be. */
static bool adopt_place(struct dk_counter *counter, uint32_t row, int index, struct dk_place_book *place,
                        const struct dk_place_record *record)
{
    struct dk_desk_book *desk = counter->series->desk;
    dk_word *claim = dk_book_claim(desk, row, index);
    uint64_t word = dk_load_acquire(claim); /* ORDER-10 */
    struct dk_claim now = dk_claim_unpack(word);
    struct dk_laid laid = dk_place_read(dk_book_place(desk, row, index));
    place->closed_seq = record != NULL ? record->closed_seq : 0;
    bool half_laid = now.state == DK_EMPTY && laid.seq > now.seq && laid.seq > place->closed_seq;
    if (now.state != DK_EMPTY || half_laid) {
        place->seq = laid.seq;
        place->first = laid.first;
        place->size = laid.size;
        place->live = true;
        place->recorded = record != NULL && record->size > 0 && record->seq == laid.seq;
        if (place->recorded)
            place->seen_offset = record->offset;
    } else {
        place->seq = now.seq;
    }
    if (half_laid)
        finish_lay(counter, claim, place);
    bool pending = record != NULL && record->size > 0 && record->seq > place->closed_seq;
    if (pending && !place->recorded) {
        if (record->seq == now.seq && now.state == DK_EMPTY)
            return false; /* a recorded block is cleared only after a commit that closes it */
        /* Recorded as laid from a spare, never reached: spare again. Its seq is
         * spent, so that the record can never be taken for a later block. */
        dk_ranges_add(&counter->spares, &counter->spare_count, record->first, record->first + record->size - 1);
    }
    uint64_t spent = pending && record->seq > place->seq ? record->seq : place->seq;
    if (!place->live) {
        place->seq = spent;
    } else if (place->seq <= place->closed_seq) {
        if ((now.state != DK_OWNED && now.state != DK_TAKEN) || !dk_place_clear(claim, word, place->seq))
            return false;
        place->live = place->recorded = false;
        place->seq = spent;
        return true;
    }
    if (now.state == DK_OWNED)
        return now.seq == (place->seq & DK_SEQ_LOW_MASK);
    return now.state == DK_EMPTY || now.seq == place->seq;
}

static bool adopt_row(struct dk_daemon *daemon, struct dk_desk_book *desk, uint32_t row, const struct images *images)
{
    const struct shared_board_row *shared = dk_desk_row(&desk->map, row);
    uint32_t owner = dk_load32_acquire(&shared->slot);
    struct dk_series_book *series = owner > 0 && owner <= desk->slots_used ? desk->series[owner - 1] : NULL;
    struct dk_counter *counter =
        series == NULL ? NULL
                       : counter_of_row(daemon, series, (int32_t)dk_load32_relaxed(&shared->period), images);
    if (counter == NULL) {
        /* In the pool, or of a counter that closed before its rows were pooled. */
        dk_store32_release(&dk_desk_row(&desk->map, row)->slot, 0);
        desk->row_pool[desk->row_pool_count++] = row;
        return true;
    }
    const struct dk_counter_image *image = image_of(images, series->record.id, counter->period.label);
    struct dk_row_book *book = dk_leased_add_row_book(counter, row);
    for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
        if (series->quarantined)
            continue;
        if (!adopt_place(counter, row, i, &book->place[i], record_of(image, row * DK_PLACES_PER_ROW + (uint32_t)i)))
            dk_series_quarantine(series, "a claim word says what neither board nor store do");
    }
    return true;
}

/* A row that docketd was linking when it died has its slot, but no bank names it. */
static void relink_rows(struct dk_desk_book *desk)
{
    for (uint32_t slot = 0; slot < desk->slots_used; slot++) {
        for (int bank = 0; bank < DK_BANKS; bank++) {
            struct dk_counter *counter = desk->series[slot]->bank[bank];
            if (counter == NULL || dk_is_strict(counter))
                continue;
            uint32_t next = 0;
            for (uint32_t r = counter->row_count; r-- > 0;) {
                dk_store32_release(&dk_desk_row(&desk->map, counter->rows[r].row)->next, next);
                next = counter->rows[r].row + 1;
            }
            dk_store32_release(&dk_book_bank(counter)->row, next); /* ORDER-6 */
        }
    }
}

static bool adopt_rows(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct images *images)
{
    struct shared_board_words *words = dk_desk_words(&desk->map);
    uint64_t used = dk_load_acquire(&words->rows_used), ready = dk_load_acquire(&words->rows_ready);
    if (used > ready || ready > desk->map.geometry.rows_max)
        return false;
    desk->rows_used = (uint32_t)used;
    for (uint32_t row = 0; row < used; row++)
        if (!adopt_row(daemon, desk, row, images))
            return false;
    relink_rows(desk);
    return true;
}

static void adopt_seats(struct dk_daemon *daemon, struct dk_desk_book *desk)
{
    for (uint32_t i = 0; i < desk->map.geometry.seats_max; i++) {
        struct shared_seat_entry *entry = dk_desk_seat(&desk->map, i);
        struct dk_seat_book *book = &desk->seats[i];
        if (dk_load_acquire(&entry->state) == DK_SEAT_FREE)
            continue;
        book->salt = dk_load_relaxed(&entry->salt);
        book->uid = (uid_t)dk_load_relaxed(&entry->uid);
        if (dk_seat_open(daemon->runtime_fd, desk->index, i, &book->keep) != DOCKET_OK) {
            /* Its file is gone: its cursors cannot be read, so its blocks' rest is unknown. */
            dk_log(DK_LOG_WARNING, "%s", dk_error_text());
            book->keep = -1;
            book->state = DK_SEAT_REAPING;
        } else {
            book->state = DK_SEAT_TAKEN; /* the first probe tells */
        }
        desk->seats_used = i + 1;
    }
}

/* Every open image of the desk must speak of these very files. */
static bool of_one_incarnation(struct dk_daemon *daemon, const struct dk_desk_book *desk, const struct images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        struct dk_series_book *series = series_of(daemon, images->all[i].series_id);
        if (series != NULL && series->desk == desk && images->all[i].incarnation != desk->map.incarnation)
            return false;
    }
    return true;
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
static docket_status try_adopt(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct images *images)
{
    docket_status status = dk_desk_adopt(&desk->map, daemon->runtime_fd, desk->index);
    if (status == DOCKET_NO_REALM)
        return status;
    if (status != DOCKET_OK) {
        dk_log(DK_LOG_WARNING, "desk %s cannot be adopted: %s", desk->rule.name, dk_error_text());
        return DOCKET_NO_REALM;
    }
    if (memcmp(desk->map.store_id, daemon->facts.store_id, sizeof desk->map.store_id) == 0 &&
        dk_load_relaxed(&dk_desk_words(&desk->map)->commit_number) > daemon->facts.commit_number) {
        return dk_fail(DOCKET_STORE_REWOUND,
                       "the store knows commit %llu, but the desk's files have seen commit %llu: the store was put "
                       "back to an older state; put the newer store back",
                       (unsigned long long)daemon->facts.commit_number,
                       (unsigned long long)dk_load_relaxed(&dk_desk_words(&desk->map)->commit_number));
    }
    if (memcmp(desk->map.store_id, daemon->facts.store_id, sizeof desk->map.store_id) != 0 ||
        !same_boot(daemon, &desk->map) || !of_one_incarnation(daemon, desk, images)) {
        dk_log(DK_LOG_WARNING, "desk %s: the files found are of another store, boot or build; they are replaced",
               desk->rule.name);
        dk_desk_unmap(&desk->map);
        return DOCKET_NO_REALM;
    }
    return DOCKET_OK;
}

static docket_status open_desk(struct dk_daemon *daemon, struct dk_desk_book *desk, struct images *images)
{
    docket_status status = try_adopt(daemon, desk, images);
    bool adopted = status == DOCKET_OK;
    uint32_t cause = memcmp(daemon->facts.boot_id, daemon->boot_id, sizeof daemon->boot_id) == 0
                         ? DK_CAUSE_RUNTIME_LOST
                         : DK_CAUSE_POWER_LOSS;
    if (status == DOCKET_NO_REALM)
        status = build(daemon, desk, images, cause);
    if (status != DOCKET_OK)
        return status;
    alloc_books(desk);
    struct shared_board_words *words = dk_desk_words(&desk->map);
    if (adopted) {
        if (!adopt_slots(daemon, desk))
            return dk_fail(DOCKET_DAMAGED, "the board of desk %s names series that the store does not know; stop its "
                                           "workers, remove %s, and start again",
                           desk->rule.name, daemon->runtime);
        for (uint32_t slot = 0; slot < desk->slots_used; slot++)
            for (int bank = 0; bank < DK_BANKS; bank++)
                if (!adopt_bank(daemon, desk->series[slot], bank, images))
                    return dk_fail(DOCKET_DAMAGED, "the board of desk %s has laid more than the store allows; stop its "
                                                   "workers, remove %s, and start again",
                                   desk->rule.name, daemon->runtime);
        adopt_seats(daemon, desk);
        if (!adopt_rows(daemon, desk, images))
            return dk_fail(DOCKET_DAMAGED, "the rows of desk %s cannot be read", desk->rule.name);
        for (uint64_t id = 0; id < daemon->series_room; id++) {
            struct dk_series_book *series = daemon->series_by_id[id];
            if (series != NULL && series->desk == desk &&
                (series->slot >= desk->slots_used || desk->series[series->slot] != series) &&
                (status = dk_series_place(daemon, series)) != DOCKET_OK)
                return status; /* committed, and docketd died before its slot was written */
        }
        put_rest_on_board(daemon, desk, images);
    } else if ((status = fill_built(daemon, desk, images)) != DOCKET_OK) {
        return status;
    }
    uint64_t boot[2];
    memcpy(boot, daemon->boot_id, sizeof boot);
    dk_store_release(&words->boot_id[0], boot[0]);
    dk_store_release(&words->boot_id[1], boot[1]);
    dk_calendar_write(&desk->map, dk_clock_wall_s());
    if (!adopted)
        status = dk_desk_publish(&desk->map, daemon->runtime_fd);
    return status;
}

/* Adopted counters without a bank in memory belong to series whose period has
 * not been on a board of this desk: the periods' look opens them. */
docket_status dk_recovery_run(struct dk_daemon *daemon)
{
    struct images images = {0};
    docket_status status = dk_store_each_series(daemon->store, keep_series, daemon);
    if (status == DOCKET_OK)
        status = dk_store_each_counter(daemon->store, keep_image, &images);
    if (images.count > 1)
        qsort(images.all, images.count, sizeof *images.all, compare_images);
    for (uint32_t d = 0; d < daemon->desk_count && status == DOCKET_OK; d++)
        status = open_desk(daemon, &daemon->desks[d], &images);
    free_images(&images);
    for (struct dk_counter *counter = daemon->counters; status == DOCKET_OK && counter != NULL;
         counter = counter->next_of_all)
        dk_keeper_ask(counter);
    return status;
}
