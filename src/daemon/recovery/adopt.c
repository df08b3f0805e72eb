/* SPDX-License-Identifier: MIT */
/*
 * adopt: a desk's live files into docketd's books, while workers go on.
 *
 * It finishes before anything is laid or reaped:
 *  1 half-laid places are finished
 *  2 blocks recorded as laid that no place reached are spare again
 *  3 claimed or taken places whose block is finished in the store are cleared
 *  4 only then turns run
 */
#include "daemon/recovery/recovery.h"

#include "base/clock.h"
#include "base/log.h"
#include "daemon/series/policies.h"
#include "table/directory.h"
#include "table/doorbell.h"
#include "table/seat.h"
#include "table/slot.h"

#include <string.h>

enum { WAKEN_AT_ONCE = 16384 };

/* What the banks of a desk have in common, while they are adopted. */
struct adopting {
    const struct dk_images *images;
    const struct dk_policy *policy; /* of `whole`; NULL: none yet */
    struct dk_period whole;
};

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
    dk_directory_tidy(&desk->map, (uint32_t)used);
    for (uint32_t i = 0; i < used; i++) {
        const struct shared_board_slot *slot = dk_desk_slot(&desk->map, i);
        if (dk_load_acquire(&slot->generation) == 0) {
            dk_slots_put_free(desk, i); /* its series was evicted, or its next one not yet written */
            continue;
        }
        struct dk_series_book *series = dk_series_by_id(daemon, slot->series_id);
        if (series == NULL || series->desk != desk || !is_key_of(slot, &series->record))
            return false;
        series->slot = i;
        series->quiet_since_s = dk_clock_monotonic_ns() / DK_SECOND_NS;
        dk_edges_set(daemon, series, 0);
        series->quarantined = dk_load_acquire(&slot->state) == DK_SLOT_QUARANTINED;
        desk->series[i] = series;
    }
    dk_store_release(&words->slots_free, desk->free_count);
    desk->slots_used = (uint32_t)used;
    dk_store_release(&words->slots_used, used);
    return true;
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

/* The whole period of a label: as a rule that of the bank before, of the same policy. */
static bool whole_period(const struct dk_policy *policy, int32_t label, struct adopting *adopting)
{
    if (adopting->policy == policy && adopting->whole.label == label)
        return true;
    adopting->policy = NULL;
    if (!dk_period_of(policy, dk_zone_of_policy(policy), label, &adopting->whole))
        return false;
    adopting->policy = policy;
    return true;
}

/* A bank shows a period's instants, or those of it in which an interval is valid. Where
 * it shows something else the zone has moved: periods.c puts it on the board anew. */
static struct dk_period period_of_bank(const struct dk_series_book *series, int32_t label,
                                       const struct shared_board_bank *bank, struct adopting *adopting)
{
    const struct dk_policy *policy = dk_series_policy(&series->record, label);
    struct dk_period shown = {.label = label,
                              .start_s = (int64_t)dk_load_relaxed(&bank->start_s),
                              .end_s = (int64_t)dk_load_relaxed(&bank->end_s)};
    int64_t start_s, end_s;
    if (!whole_period(policy, label, adopting))
        return shown;
    dk_record_valid_s(&series->record, &adopting->whole, &start_s, &end_s);
    return start_s == shown.start_s && end_s == shown.end_s ? adopting->whole : shown;
}

static bool adopt_bank(struct dk_daemon *daemon, struct dk_series_book *series, int index, struct adopting *adopting)
{
    struct shared_board_bank *bank = &dk_desk_slot(&series->desk->map, series->slot)->bank[index];
    uint64_t epoch = dk_load_acquire(&bank->epoch); /* ORDER-4 */
    /* The word's own count, if docketd died while it rewrote the bank. */
    struct dk_strict word = dk_strict_unpack(dk_load_acquire(&dk_table_slot(&series->desk->map, series->slot)->bank[index].strict));
    series->assignments[index] = epoch != 0 ? epoch & 63 : word.epoch;
    if (epoch == 0)
        return true;
    const struct dk_counter_image *image =
        dk_images_find(adopting->images, series->record.id, (int32_t)(uint32_t)dk_load_relaxed(&bank->period));
    if (image == NULL) {
        /* Closed in the store; docketd died before it cleared the bank. */
        dk_store_release(&bank->epoch, 0);
        return true;
    }
    struct dk_period period = period_of_bank(series, image->period, bank, adopting);
    struct dk_counter *counter = dk_counter_new(daemon, series, &period, image);
    dk_counter_seat(counter, index);
    counter->epoch = epoch;
    counter->base = dk_load_relaxed(&bank->base);
    series->bank[index] = counter;
    dk_keeper_adopt_pace(counter);
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

/* Counters that left their bank, but still have rows: ended, or ahead of a
 * clock that was set back. */
static struct dk_counter *counter_of_row(struct dk_daemon *daemon, struct dk_series_book *series, int32_t label,
                                         const struct dk_images *images)
{
    struct dk_counter *counter = dk_series_counter(series, label);
    if (counter != NULL)
        return counter;
    const struct dk_counter_image *image = dk_images_find(images, series->record.id, label);
    if (image == NULL)
        return NULL;
    struct dk_period now, period = {.label = label};
    dk_period_now(daemon, series->record.policy, &now);
    counter = dk_counter_new(daemon, series, &period, image);
    /* Its time may have come meanwhile: then it goes back on the board. */
    counter->ahead = label >= now.label && series->record.retired_ns == 0 && !counter->closing;
    counter->ended = !counter->ahead;
    return counter;
}

static const struct dk_place_record *record_of(const struct dk_counter_image *image, uint32_t place)
{
    for (uint32_t i = 0; image != NULL && i < image->place_count; i++)
        if (image->places[i].place == place)
            return &image->places[i];
    return NULL;
}

/* What lies in a place was laid under the mark, and next is above it: also where no
 * bank says so any more, and the image was made before the lay. */
static bool covers(struct dk_counter *counter, const struct dk_place_book *place)
{
    uint64_t end = place->first + place->size;
    if (end > counter->mark)
        return false;
    if (end > counter->next) {
        counter->next = end;
        if (counter->bank >= 0)
            dk_store_release(&dk_book_bank(counter)->limit, end);
    }
    return true;
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
    if (now.state == DK_EMPTY && now.seq < place->closed_seq)
        return false; /* an empty word keeps the seq of its last block */
    if (half_laid && laid.seq != now.seq + 1 &&
        (record == NULL || (laid.seq != record->seq && laid.seq != record->seq + 1)))
        return false; /* not the next block of this place: the word was zeroed */
    if (now.state != DK_EMPTY || half_laid) {
        place->seq = laid.seq;
        place->first = laid.first;
        place->size = laid.size;
        place->live = true;
        place->taken = now.state == DK_TAKEN;
        place->recorded = record != NULL && record->size > 0 && record->seq == laid.seq;
        if (place->recorded)
            place->seen_offset = record->offset;
    } else {
        place->seq = now.seq;
    }
    if (place->live && !covers(counter, place))
        return false;
    if (half_laid)
        dk_place_lay(claim, place->seq);
    bool pending = record != NULL && record->size > 0 && record->seq > place->closed_seq;
    if (pending && !place->recorded) {
        if (record->seq == now.seq && laid.seq == now.seq && now.state == DK_EMPTY)
            return false; /* a recorded block is cleared only after a commit that closes it */
        /* Recorded as laid from a spare, never reached: spare again. Its seq is
         * spent, so that the record can never be taken for a later block. */
        dk_ranges_add(&counter->spares, &counter->spare_count, record->first, record->first + record->size - 1);
    }
    uint64_t spent = pending && record->seq > place->seq ? record->seq : place->seq;
    if (!place->live) {
        /* The word keeps the spent seq too, so that the next block's is always one more. */
        place->seq = spent;
        return spent == now.seq || dk_cas_acq_rel(claim, &word, dk_claim_pack(DK_EMPTY, spent)); /* ORDER-10 */
    }
    if (place->seq <= place->closed_seq) {
        if ((now.state != DK_OWNED && now.state != DK_TAKEN) || !dk_place_clear(claim, word, spent))
            return false;
        place->live = place->recorded = false;
        place->seq = spent;
        return true;
    }
    if (now.state == DK_OWNED)
        return now.seq == (place->seq & DK_SEQ_LOW_MASK);
    return now.state == DK_EMPTY || now.seq == place->seq;
}

/* Of a counter whose last commit closed every block: what docketd had not yet
 * cleared when it died is cleared here, before another counter gets the row. */
static void clear_row(struct dk_desk_book *desk, uint32_t row)
{
    for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
        dk_word *claim = dk_book_claim(desk, row, i);
        uint64_t word = dk_load_acquire(claim); /* ORDER-10 */
        if (word >> 62 != DK_EMPTY)
            (void)dk_place_clear(claim, word, dk_place_read(dk_book_place(desk, row, i)).seq);
    }
}

static bool adopt_row(struct dk_daemon *daemon, struct dk_desk_book *desk, uint32_t row, const struct dk_images *images)
{
    const struct shared_board_row *shared = dk_desk_row(&desk->map, row);
    uint32_t owner = dk_load32_acquire(&shared->slot);
    struct dk_series_book *series = owner > 0 && owner <= desk->slots_used ? desk->series[owner - 1] : NULL;
    struct dk_counter *counter =
        series == NULL ? NULL
                       : counter_of_row(daemon, series, (int32_t)dk_load32_relaxed(&shared->period), images);
    if (counter == NULL) {
        /* In the pool, or of a counter that closed before its rows were pooled. */
        clear_row(desk, row);
        dk_store32_release(&dk_desk_row(&desk->map, row)->slot, 0);
        desk->row_pool[desk->row_pool_count++] = row;
        return true;
    }
    const struct dk_counter_image *image = dk_images_find(images, series->record.id, counter->period.label);
    if (image != NULL && image->incarnation != desk->map.incarnation)
        image = NULL; /* at rest since another desk's time: its places are not these */
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
            struct dk_counter *counter = desk->series[slot] == NULL ? NULL : desk->series[slot]->bank[bank];
            if (counter != NULL && !dk_is_strict(counter))
                dk_leased_link_rows(counter);
        }
    }
}

static bool adopt_rows(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct dk_images *images)
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

/* A file that is gone leaves the seat lost. Anything else is docketd's own trouble,
 * and no reason to give a live worker up. */
static docket_status adopt_seat(struct dk_daemon *daemon, struct dk_desk_book *desk, uint32_t index, uint64_t state)
{
    struct shared_seat_entry *entry = dk_desk_seat(&desk->map, index);
    struct dk_seat_book *book = &desk->seats[index];
    book->salt = dk_load_relaxed(&entry->salt);
    book->uid = (uid_t)dk_load_relaxed(&entry->uid);
    book->knows = dk_load_relaxed(&entry->knows);
    book->state = DK_SEAT_TAKEN; /* the first probe tells */
    docket_status status = DOCKET_NO_REALM;
    if (state != DK_SEAT_LOST)
        status = dk_seat_open(daemon->runtime_fd, desk->index, index, &book->keep);
    if (status != DOCKET_NO_REALM)
        return status;
    if (state != DK_SEAT_LOST)
        dk_log(DK_LOG_WARNING, "%s; what its blocks still held is unknown", dk_error_text());
    book->keep = -1;
    book->state = DK_SEAT_LOST;
    dk_store_release(&entry->state, DK_SEAT_LOST);
    return DOCKET_OK;
}

static docket_status adopt_seats(struct dk_daemon *daemon, struct dk_desk_book *desk)
{
    docket_status status = DOCKET_OK;
    for (uint32_t i = 0; i < desk->map.geometry.seats_max && status == DOCKET_OK; i++) {
        uint64_t state = dk_load_acquire(&dk_desk_seat(&desk->map, i)->state);
        if (state == DK_SEAT_FREE)
            continue;
        status = adopt_seat(daemon, desk, i, state);
        desk->seats_used = i + 1;
    }
    return status;
}

/* The docketd before may have died between laying and ringing: whoever waits
 * for what it laid looks again. To wake is a system call each; of very many
 * counters each is woken by its first turn, so that the start is not held up. */
static void wake_waiting(struct dk_desk_book *desk)
{
    if (desk->slots_used > WAKEN_AT_ONCE) {
        for (struct dk_counter *counter = desk->daemon->counters; counter != NULL; counter = counter->next_of_all)
            counter->unwoken = counter->unwoken || (counter->series->desk == desk && counter->bank >= 0);
        return;
    }
    for (uint32_t slot = 0; slot < desk->slots_used; slot++)
        for (int bank = 0; bank < DK_BANKS; bank++)
            if (desk->series[slot] != NULL && desk->series[slot]->bank[bank] != NULL)
                dk_doorbell_announce(&dk_book_bank(desk->series[slot]->bank[bank])->supply);
}

docket_status dk_adopt_desk(struct dk_daemon *daemon, struct dk_desk_book *desk, const struct dk_images *images)
{
    if (!adopt_slots(daemon, desk))
        return dk_fail(DOCKET_DAMAGED, "the board of desk %s names series that the store does not know; stop its "
                                       "workers, remove %s, and start again",
                       desk->rule.name, daemon->runtime);
    struct adopting adopting = {.images = images};
    for (uint32_t slot = 0; slot < desk->slots_used; slot++)
        for (int bank = 0; bank < DK_BANKS; bank++)
            if (desk->series[slot] != NULL && !adopt_bank(daemon, desk->series[slot], bank, &adopting))
                return dk_fail(DOCKET_DAMAGED, "the board of desk %s has laid more than the store allows; stop its "
                                               "workers, remove %s, and start again",
                               desk->rule.name, daemon->runtime);
    docket_status status = adopt_seats(daemon, desk);
    if (status != DOCKET_OK)
        return status;
    if (!adopt_rows(daemon, desk, images))
        return dk_fail(DOCKET_DAMAGED, "the rows of desk %s cannot be read; stop its workers, remove %s, and start "
                                       "again",
                       desk->rule.name, daemon->runtime);
    wake_waiting(desk);
    return DOCKET_OK;
}
