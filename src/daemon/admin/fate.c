/* SPDX-License-Identifier: MIT */
/*
 * fate: every number below the mark, and what became of it, as ranges in a
 * memory file that the asker reads at leisure. What no record, place or word
 * speaks of, below the position, was handed out.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "table/judge.h"
#include "table/seat.h"
#include "table/slot.h"
#include "wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is kept of a series that is not in memory. */
struct label {
    const struct dk_policy *policy;
    char names[]; /* tenant and name, each ended by a zero */
};

struct sheet {
    struct dk_daemon *daemon;
    struct label **labels; /* of the series that are not in memory, by id; NULL: only one series is asked for */
    uint64_t label_room;
    const char *tenant; /* only of this one; NULL: of all */
    bool tenant_seen;   /* it has a series */
    struct dk_series_record evicted; /* the one of them that is being written */
    FILE *out;
    int32_t period; /* -1: every one */
    const struct dk_series_record *record;
    struct dk_fate_wire about; /* what each row of the counter says of series and period */
    struct dk_fate_piece *pieces;
    size_t count;
    struct dk_fate_list *list; /* collects one counter instead of writing it ... */
    uint64_t low, high;        /* ... these numbers of it, where high is not 0; a record that reaches into them whole */
    uint64_t *events;          /* that ranges name, without repeats */
    size_t event_count;
    bool unread; /* a cursor could not be read: nothing is said, rather than something wrong */
};

static void add(struct sheet *sheet, uint64_t first, uint64_t end, enum dk_fate fate, uint8_t cause, int32_t seat)
{
    if (first >= end)
        return;
    sheet->pieces = dk_must_grow(sheet->pieces, sheet->count + 1, sizeof *sheet->pieces);
    sheet->pieces[sheet->count++] =
        (struct dk_fate_piece){.first = first, .last = end - 1, .fate = (uint8_t)fate, .cause = cause, .seat = seat};
}

static docket_status add_record(void *context, const struct dk_fate_record *record)
{
    struct sheet *sheet = context;
    add(sheet, record->range.first, record->range.last + 1, (enum dk_fate)record->fate, (uint8_t)record->cause, -1);
    sheet->pieces[sheet->count - 1].time_ns = record->time_ns;
    sheet->pieces[sheet->count - 1].event = record->event;
    sheet->pieces[sheet->count - 1].recorded = true;
    return DOCKET_OK;
}

static void add_place(struct sheet *sheet, const struct dk_counter *counter, uint32_t row, int index,
                      struct dk_place_book *place)
{
    struct dk_desk_book *desk = counter->series->desk;
    uint64_t end = place->first + place->size;
    uint32_t offset = place->seen_offset;
    struct dk_claim claim = dk_claim_unpack(dk_load_acquire(dk_book_claim(desk, row, index))); /* ORDER-10 */
    if (claim.state != DK_OWNED || claim.seat >= desk->map.geometry.seats_max) {
        add(sheet, place->first, end, claim.state == DK_FREE ? DK_FATE_LAID : DK_FATE_SPARE, 0, -1);
        return;
    }
    const struct dk_seat_book *seat = &desk->seats[claim.seat];
    uint64_t cursor;
    if (!dk_seat_cursor(seat->keep, claim.line, &cursor)) {
        sheet->unread = true;
        return;
    }
    enum dk_verdict verdict = dk_judge(&claim, place->size, cursor, seat->salt, &offset);
    /* What is told as handed out stays so, whatever the cursor says later. */
    if (verdict != DK_DAMAGED_CURSOR && offset > place->seen_offset)
        place->seen_offset = offset;
    switch (verdict) {
    case DK_USED_UP:
        return;
    case DK_GIVEN_BACK:
        add(sheet, place->first + offset, end, DK_FATE_SPARE, 0, -1);
        return;
    case DK_OPEN_LEASE:
        add(sheet, place->first + offset, end, DK_FATE_OPEN, 0, (int32_t)claim.seat);
        return;
    default:
        add(sheet, place->first + place->seen_offset, end, DK_FATE_UNKNOWN, DK_CAUSE_DAMAGED_CURSOR,
            (int32_t)claim.seat);
    }
}

static void add_strict(struct sheet *sheet, const struct dk_counter *counter)
{
    if (counter->bank < 0) {
        add(sheet, counter->next, counter->mark, DK_FATE_SPARE, 0, -1); /* ended before it came on the board */
        return;
    }
    struct dk_strict now = dk_strict_unpack(dk_load_acquire(&dk_book_table_bank(counter)->strict)); /* ORDER-8 */
    uint64_t position = counter->base + now.next;
    if (position < counter->next || position > counter->limit)
        position = counter->next; /* scribbled: the next turn will quarantine it */
    add(sheet, position, counter->limit, DK_FATE_LAID, 0, -1);
    add(sheet, counter->limit, counter->mark, DK_FATE_SPARE, 0, -1);
}

static int compare_pieces(const void *left, const void *right)
{
    const struct dk_fate_piece *a = left, *b = right;
    return a->first < b->first ? -1 : a->first > b->first;
}

static void note_event(struct sheet *sheet, uint64_t number)
{
    if (sheet->event_count > 0 && sheet->events[sheet->event_count - 1] == number)
        return; /* neighbours share theirs; others that are there twice: write_events() */
    if ((sheet->event_count & (sheet->event_count + 1)) == 0) /* room doubles at 0, 1, 3, 7 ... */
        sheet->events = dk_must_grow(sheet->events, sheet->event_count * 2 + 1, sizeof *sheet->events);
    sheet->events[sheet->event_count++] = number;
}

static void put(struct sheet *sheet, const struct dk_fate_piece *piece, uint64_t mark, bool ends)
{
    struct dk_fate_wire row = sheet->about;
    row.mark = mark;
    row.first = piece->first;
    row.last = piece->last;
    row.time_ns = piece->time_ns;
    row.seat = piece->seat;
    row.fate = piece->fate;
    row.cause = piece->cause;
    row.counter_ends = ends;
    row.event = (uint32_t)piece->event;
    fwrite(&row, sizeof row, 1, sheet->out);
    if (piece->event != 0)
        note_event(sheet, piece->event);
}

/* Neighbours of one fate and cause are one row. */
static bool joins(const struct dk_fate_piece *a, const struct dk_fate_piece *b)
{
    return a->last + 1 == b->first && a->fate == b->fate && a->cause == b->cause && a->seat == b->seat &&
           a->time_ns == b->time_ns && a->event == b->event;
}

static void give_list(struct sheet *sheet, uint64_t first, uint64_t mark)
{
    *sheet->list = (struct dk_fate_list){
        .pieces = sheet->pieces, .count = sheet->count, .first = first, .mark = mark, .found = true};
    sheet->pieces = NULL;
    sheet->count = 0;
}

/* Only what reaches into the numbers that are asked for. */
static void keep_part(struct sheet *sheet)
{
    size_t kept = 0;
    for (size_t i = 0; i < sheet->count; i++)
        if (sheet->pieces[i].last >= sheet->low && sheet->pieces[i].first <= sheet->high)
            sheet->pieces[kept++] = sheet->pieces[i];
    sheet->count = kept;
}

static docket_status add_records(struct sheet *sheet, int32_t period)
{
    if (sheet->high == 0)
        return dk_store_each_range(sheet->daemon->store, sheet->record->id, period, add_record, sheet);
    keep_part(sheet);
    return dk_store_each_range_of(sheet->daemon->store, sheet->record->id, period, sheet->low, sheet->high, add_record,
                                  sheet);
}

/* Fills what no piece speaks of with "handed out", and writes the rows. */
static docket_status write_counter(struct sheet *sheet, int32_t period, uint64_t first, uint64_t mark)
{
    docket_status status = add_records(sheet, period);
    if (status != DOCKET_OK)
        return status;
    size_t known = sheet->count;
    if (known > 1)
        qsort(sheet->pieces, known, sizeof *sheet->pieces, compare_pieces);
    uint64_t at = first > sheet->low ? first : sheet->low;
    uint64_t end = sheet->high != 0 && sheet->high < mark ? sheet->high + 1 : mark;
    for (size_t i = 0; i < known; i++) {
        struct dk_fate_piece piece = sheet->pieces[i];
        add(sheet, at, piece.first, DK_FATE_HANDED_OUT, 0, -1);
        at = piece.last + 1 > at ? piece.last + 1 : at;
    }
    add(sheet, at, end, DK_FATE_HANDED_OUT, 0, -1);
    if (sheet->count > 1)
        qsort(sheet->pieces, sheet->count, sizeof *sheet->pieces, compare_pieces);
    if (sheet->list != NULL) {
        give_list(sheet, first, mark);
        return DOCKET_OK;
    }
    for (size_t i = 0; i < sheet->count;) {
        struct dk_fate_piece row = sheet->pieces[i++];
        while (i < sheet->count && joins(&row, &sheet->pieces[i]))
            row.last = sheet->pieces[i++].last;
        put(sheet, &row, mark, i == sheet->count);
    }
    sheet->count = 0;
    return DOCKET_OK;
}

static void add_spares(struct sheet *sheet, const struct dk_range *spares, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(sheet, spares[i].first, spares[i].last + 1, DK_FATE_SPARE, 0, -1);
}

static docket_status write_live(struct sheet *sheet, const struct dk_counter *counter)
{
    add_spares(sheet, counter->spares, counter->spare_count);
    if (dk_is_strict(counter)) {
        add_strict(sheet, counter);
    } else {
        for (uint32_t r = 0; r < counter->row_count; r++)
            for (int i = 0; i < DK_PLACES_PER_ROW; i++)
                if (counter->rows[r].place[i].live)
                    add_place(sheet, counter, counter->rows[r].row, i, &counter->rows[r].place[i]);
        add(sheet, counter->next, counter->mark, DK_FATE_SPARE, 0, -1); /* below the mark, never laid */
    }
    return write_counter(sheet, counter->period.label, counter->extent_first, counter->mark);
}

/* Shared words of a quarantined series are no evidence: what its last durable
 * image cannot vouch for is unknown, as after a power loss. */
static docket_status write_quarantined(struct sheet *sheet, const struct dk_counter_image *image)
{
    for (uint32_t i = 0; i < image->place_count; i++) {
        const struct dk_place_record *place = &image->places[i];
        if (place->size > 0)
            add(sheet, place->first + place->offset, place->first + place->size, DK_FATE_UNKNOWN,
                DK_CAUSE_QUARANTINE, -1);
    }
    add_spares(sheet, image->spares, image->spare_count);
    add(sheet, image->next, image->mark, DK_FATE_UNKNOWN, DK_CAUSE_QUARANTINE, -1);
    return write_counter(sheet, image->period, image->extent_first, image->mark);
}

static docket_status keep_label(void *context, const struct dk_series_record *record)
{
    struct sheet *sheet = context;
    if (sheet->tenant != NULL && strcmp(sheet->tenant, record->tenant) == 0)
        sheet->tenant_seen = true;
    if (dk_series_by_id(sheet->daemon, record->id) != NULL || record->id >= sheet->label_room)
        return DOCKET_OK;
    size_t tenant = strlen(record->tenant) + 1, name = strlen(record->name) + 1;
    struct label *label = dk_must_alloc(1, sizeof *label + tenant + name);
    label->policy = record->policy;
    memcpy(label->names, record->tenant, tenant);
    memcpy(label->names + tenant, record->name, name);
    sheet->labels[record->id] = label;
    return DOCKET_OK;
}

static docket_status keep_labels(struct sheet *sheet)
{
    sheet->label_room = dk_serve_series_last(sheet->daemon) + 1;
    sheet->labels = dk_must_alloc(sheet->label_room, sizeof *sheet->labels);
    docket_status status = dk_store_each_series(sheet->daemon->store, keep_label, sheet);
    if (status == DOCKET_OK && sheet->tenant != NULL && !sheet->tenant_seen)
        status = dk_fail(DOCKET_NO_SERIES, "there is no series of tenant %s", sheet->tenant);
    return status;
}

static void free_labels(struct sheet *sheet)
{
    for (uint64_t id = 0; id < sheet->label_room; id++)
        free(sheet->labels[id]);
    free(sheet->labels);
}

/* sheet->evicted is the series of this id. */
/* Told of too, but of another tenant: passed over. */
static bool is_of_another(const struct sheet *sheet, const char *tenant)
{
    return sheet->tenant != NULL && strcmp(sheet->tenant, tenant) != 0;
}

static bool know_evicted(struct sheet *sheet, uint64_t id)
{
    if (sheet->labels == NULL)
        return sheet->evicted.id == id;
    const struct label *label = id < sheet->label_room ? sheet->labels[id] : NULL;
    if (label == NULL)
        return false;
    sheet->evicted.id = id;
    sheet->evicted.policy = label->policy;
    snprintf(sheet->evicted.tenant, sizeof sheet->evicted.tenant, "%s", label->names);
    snprintf(sheet->evicted.name, sizeof sheet->evicted.name, "%s", label->names + 1 + strlen(label->names));
    return true;
}

/* What every row of this counter says. */
static void begin_counter(struct sheet *sheet, const struct dk_counter *counter, const struct dk_counter_image *image)
{
    const struct dk_policy *policy = dk_series_policy(sheet->record, image->period);
    struct dk_fate_wire *about = &sheet->about;
    struct dk_period now;
    struct dk_span span = {.label = 0};
    dk_period_now(sheet->daemon, policy, &now);
    (void)dk_span_of_label((enum dk_restart)policy->restart, &policy->fiscal, image->period, &span);
    *about = (struct dk_fate_wire){.period = image->period,
                                   .order = sheet->record->policy->order,
                                   .period_first = span.first,
                                   .period_last = span.last,
                                   .period_state = (uint8_t)dk_period_state_of(policy->ledger, counter, image, now.label),
                                   .documents = policy->documents,
                                   .profile = policy->profile,
                                   .tracked = policy->ledger};
    memcpy(about->tenant, sheet->record->tenant, sizeof about->tenant);
    memcpy(about->name, sheet->record->name, sizeof about->name);
}

static docket_status write_image(void *context, const struct dk_counter_image *image)
{
    struct sheet *sheet = context;
    const struct dk_series_book *series = dk_series_by_id(sheet->daemon, image->series_id);
    if (series == NULL && !know_evicted(sheet, image->series_id))
        return dk_fail(DOCKET_DAMAGED, "the store has a counter of series %llu, which it does not know",
                       (unsigned long long)image->series_id);
    if (sheet->period >= 0 && sheet->period != image->period)
        return DOCKET_OK;
    sheet->record = series == NULL ? &sheet->evicted : &series->record;
    if (is_of_another(sheet, sheet->record->tenant))
        return DOCKET_OK;
    const struct dk_counter *counter = series == NULL              ? NULL
                                       : dk_image_has_ended(image) ? dk_series_on_board(series, image->period)
                                                                   : dk_series_counter(series, image->period);
    begin_counter(sheet, counter, image);
    if (series != NULL && series->quarantined && !dk_image_has_ended(image))
        return write_quarantined(sheet, image);
    if (counter != NULL)
        return write_live(sheet, counter);
    add_spares(sheet, image->spares, image->spare_count);
    add(sheet, image->next, image->mark, DK_FATE_SPARE, 0, -1);
    return write_counter(sheet, image->period, image->extent_first, image->mark);
}

/* Books and store speak of one moment only when no commit is in flight. */
void dk_fate_wait(struct dk_daemon *daemon)
{
    while (dk_clerk_pending(daemon->clerk) > 0) {
        struct pollfd finished = {.fd = daemon->clerk_fd, .events = POLLIN};
        poll(&finished, 1, 100);
        dk_clerk_collect(daemon->clerk);
    }
}

static docket_status find_one(struct sheet *sheet, const char *tenant, const char *name, uint64_t *id)
{
    const struct dk_series_book *series = dk_series_find(sheet->daemon, tenant, name);
    bool found = series != NULL;
    docket_status status = DOCKET_OK;
    if (!found)
        status = dk_store_find_series(sheet->daemon->store, tenant, name, &sheet->evicted, &found);
    if (status == DOCKET_OK && !found)
        status = dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", tenant, name);
    if (status == DOCKET_OK)
        *id = series != NULL ? series->record.id : sheet->evicted.id;
    return status;
}

/* A memory file to write rows to, and one to read them from. */
docket_status dk_rows_begin(FILE **out, int *fd)
{
    int made = memfd_create("docket-rows", MFD_CLOEXEC);
    int written = made < 0 ? -1 : fcntl(made, F_DUPFD_CLOEXEC, 0);
    *out = written < 0 ? NULL : fdopen(written, "w");
    if (*out == NULL) {
        int error = errno;
        if (made >= 0)
            close(made);
        if (written >= 0)
            close(written);
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot make a memory file for the answer");
    }
    *fd = made;
    return DOCKET_OK;
}

docket_status dk_rows_end(FILE *out)
{
    bool failed = ferror(out) != 0;
    if (fclose(out) == 0 && !failed)
        return DOCKET_OK;
    return dk_fail(DOCKET_NO_SPACE, "the answer did not fit into memory");
}

/* The first event of a walk is the one that was asked for; no other is wanted. */
static docket_status put_first(void *context, const struct dk_event *event)
{
    dk_event_put(context, event);
    return DOCKET_TIMEOUT;
}

static int compare_numbers(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Ascending, each once. */
static docket_status write_events(struct sheet *sheet, int *fd)
{
    FILE *out;
    docket_status status = dk_rows_begin(&out, fd);
    qsort(sheet->events, sheet->event_count, sizeof *sheet->events, compare_numbers);
    for (size_t i = 0; status == DOCKET_OK && i < sheet->event_count; i++) {
        if (i > 0 && sheet->events[i] == sheet->events[i - 1])
            continue;
        status = dk_store_each_event(sheet->daemon->store, sheet->events[i], put_first, out);
        if (status == DOCKET_TIMEOUT)
            status = DOCKET_OK;
    }
    if (*fd < 0)
        return status;
    docket_status ended = dk_rows_end(out);
    return status == DOCKET_OK ? ended : status;
}

docket_status dk_fate_list(struct dk_daemon *daemon, struct dk_series_book *series, int32_t period,
                           struct dk_fate_list *list)
{
    return dk_fate_list_part(daemon, series, period, 0, 0, list);
}

docket_status dk_fate_list_part(struct dk_daemon *daemon, struct dk_series_book *series, int32_t period, uint64_t low,
                                uint64_t high, struct dk_fate_list *list)
{
    struct sheet sheet = {.daemon = daemon, .period = period, .list = list, .low = low, .high = high};
    *list = (struct dk_fate_list){0};
    dk_fate_wait(daemon);
    docket_status status = dk_store_each_counter_of(daemon->store, series->record.id, write_image, &sheet);
    free(sheet.pieces);
    if (status == DOCKET_OK && sheet.unread)
        status = dk_fail(DOCKET_SYSTEM, "the cursor of an open lease cannot be read just now; ask again");
    return status;
}

docket_status dk_fate_write(struct dk_daemon *daemon, const char *tenant, const char *name, int32_t period, int fds[2])
{
    dk_fate_wait(daemon);
    struct sheet sheet = {.daemon = daemon, .period = period};
    uint64_t id = 0;
    bool many = tenant == NULL || name == NULL;
    fds[0] = fds[1] = -1;
    sheet.tenant = many ? tenant : NULL;
    docket_status status = many ? keep_labels(&sheet) : find_one(&sheet, tenant, name, &id);
    if (status == DOCKET_OK)
        status = dk_rows_begin(&sheet.out, &fds[0]);
    if (status != DOCKET_OK) {
        free_labels(&sheet);
        return status;
    }
    status = many ? dk_store_each_counter(daemon->store, write_image, &sheet)
                  : dk_store_each_counter_of(daemon->store, id, write_image, &sheet);
    docket_status ended = dk_rows_end(sheet.out);
    if (status == DOCKET_OK)
        status = ended;
    if (status == DOCKET_OK && sheet.unread)
        status = dk_fail(DOCKET_SYSTEM, "the cursor of an open lease cannot be read just now; ask again");
    if (status == DOCKET_OK && sheet.event_count > 0)
        status = write_events(&sheet, &fds[1]);
    free(sheet.pieces);
    free(sheet.events);
    free_labels(&sheet);
    for (int i = 0; i < 2 && status != DOCKET_OK; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
    return status;
}
