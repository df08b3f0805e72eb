/* SPDX-License-Identifier: MIT */
/* holds: who holds which numbers, and until when; hold.h says what is true of them. One thread, the loop. */
#include "daemon/ledger/hold.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 64 };

/* ---- lists ---- */

void dk_link_add(struct dk_link **list, struct dk_link *link)
{
    link->next = *list;
    link->at = list;
    if (link->next != NULL)
        link->next->at = &link->next;
    *list = link;
}

void dk_link_remove(struct dk_link *link)
{
    if (link->at == NULL)
        return;
    *link->at = link->next;
    if (link->next != NULL)
        link->next->at = link->at;
    *link = (struct dk_link){0};
}

/* ---- heaps ---- */

static void put_at(struct dk_hold_heap *heap, size_t at, struct dk_hold *hold)
{
    heap->all[at] = hold;
    hold->heap_at = at + 1;
}

static void rise(struct dk_hold_heap *heap, size_t at, struct dk_hold *hold)
{
    for (size_t above; at > 0 && heap->all[above = (at - 1) / 2]->due_at > hold->due_at; at = above)
        put_at(heap, at, heap->all[above]);
    put_at(heap, at, hold);
}

static void sink(struct dk_hold_heap *heap, size_t at, struct dk_hold *hold)
{
    for (size_t below; (below = 2 * at + 1) < heap->count; at = below) {
        if (below + 1 < heap->count && heap->all[below + 1]->due_at < heap->all[below]->due_at)
            below++;
        if (hold->due_at <= heap->all[below]->due_at)
            break;
        put_at(heap, at, heap->all[below]);
    }
    put_at(heap, at, hold);
}

static void heap_add(struct dk_hold_heap *heap, struct dk_hold *hold)
{
    if (heap->count == heap->room) {
        heap->room = heap->room * 2 + 64;
        heap->all = dk_must_grow(heap->all, heap->room, sizeof(struct dk_hold *));
    }
    rise(heap, heap->count++, hold);
}

static void heap_remove(struct dk_hold_heap *heap, struct dk_hold *hold)
{
    if (hold->heap_at == 0)
        return;
    size_t at = hold->heap_at - 1;
    struct dk_hold *last = heap->all[--heap->count];
    hold->heap_at = 0;
    if (last == hold)
        return;
    if (at > 0 && last->due_at < heap->all[(at - 1) / 2]->due_at)
        rise(heap, at, last);
    else
        sink(heap, at, last);
}

struct dk_hold *dk_hold_take_first(struct dk_hold_heap *heap, int64_t now_ns)
{
    struct dk_hold *first = heap->count > 0 ? heap->all[0] : NULL;
    if (first == NULL || first->due_at > now_ns)
        return NULL;
    heap_remove(heap, first);
    return first;
}

/* ---- series ---- */

static size_t series_bucket(const struct dk_holds *holds, uint64_t id)
{
    return (size_t)(dk_hash(&id, sizeof id, 0) & (holds->series_room - 1));
}

struct dk_holds_series *dk_holds_find_series(const struct dk_daemon *daemon, uint64_t id)
{
    const struct dk_holds *holds = daemon->holds;
    if (holds == NULL || holds->series_room == 0)
        return NULL;
    struct dk_holds_series *series = holds->series[series_bucket(holds, id)];
    while (series != NULL && series->id != id)
        series = series->next;
    return series;
}

static void widen_series(struct dk_holds *holds)
{
    struct dk_holds_series **old = holds->series;
    size_t old_room = holds->series_room;
    holds->series_room = old_room == 0 ? BUCKETS_FIRST : old_room * 2;
    holds->series = dk_must_alloc(holds->series_room, sizeof(struct dk_holds_series *));
    for (size_t i = 0; i < old_room; i++) {
        for (struct dk_holds_series *series = old[i], *next; series != NULL; series = next) {
            size_t at = series_bucket(holds, series->id);
            next = series->next;
            series->next = holds->series[at];
            holds->series[at] = series;
        }
    }
    free(old);
}

static struct dk_holds_series *series_of(struct dk_daemon *daemon, uint64_t id)
{
    struct dk_holds *holds = daemon->holds;
    struct dk_holds_series *series = dk_holds_find_series(daemon, id);
    if (series != NULL)
        return series;
    if (holds->series_count >= holds->series_room)
        widen_series(holds);
    series = dk_must_alloc(1, sizeof *series);
    series->id = id;
    series->next = holds->series[series_bucket(holds, id)];
    holds->series[series_bucket(holds, id)] = series;
    holds->series_count++;
    return series;
}

static void forget_series(struct dk_holds *holds, struct dk_holds_series *series)
{
    struct dk_holds_series **at = &holds->series[series_bucket(holds, series->id)];
    while (*at != series)
        at = &(*at)->next;
    *at = series->next;
    holds->series_count--;
    dk_link_remove(&series->waits);
    free(series->away);
    free(series);
}

/* ---- by name ---- */

static uint64_t hash_of(const struct dk_hold_record *names)
{
    uint64_t words[4] = {names->series_id, names->kind, 0, 0};
    if (names->kind == DK_NAMED_RESERVATION) {
        words[2] = dk_hash(names->text, strlen(names->text), 0);
    } else {
        words[2] = (uint32_t)names->period;
        words[3] = names->number;
    }
    return dk_hash(words, sizeof words, 0);
}

static bool is_named(const struct dk_hold *hold, const struct dk_hold_record *names)
{
    const struct dk_hold_record *is = &hold->record;
    if (is->series_id != names->series_id || is->kind != names->kind)
        return false;
    return names->kind == DK_NAMED_RESERVATION ? strcmp(is->text, names->text) == 0
                                               : is->period == names->period && is->number == names->number;
}

struct dk_hold *dk_hold_find(const struct dk_daemon *daemon, const struct dk_hold_record *names)
{
    const struct dk_holds *holds = daemon->holds;
    if (holds == NULL || holds->bucket_count == 0)
        return NULL;
    uint64_t hash = hash_of(names);
    struct dk_hold *hold = holds->buckets[hash & (holds->bucket_count - 1)];
    while (hold != NULL && (hold->hash != hash || !is_named(hold, names)))
        hold = hold->next;
    return hold;
}

static void widen(struct dk_holds *holds)
{
    struct dk_hold **old = holds->buckets;
    size_t old_count = holds->bucket_count;
    holds->bucket_count = old_count == 0 ? BUCKETS_FIRST : old_count * 2;
    holds->buckets = dk_must_alloc(holds->bucket_count, sizeof(struct dk_hold *));
    for (size_t i = 0; i < old_count; i++) {
        for (struct dk_hold *hold = old[i], *next; hold != NULL; hold = next) {
            struct dk_hold **bucket = &holds->buckets[hold->hash & (holds->bucket_count - 1)];
            next = hold->next;
            hold->next = *bucket;
            *bucket = hold;
        }
    }
    free(old);
}

/* ---- into memory, and out of it ---- */

struct dk_holds *dk_holds_of(struct dk_daemon *daemon)
{
    if (daemon->holds == NULL) {
        daemon->holds = dk_must_alloc(1, sizeof *daemon->holds);
        daemon->holds->seats = dk_must_alloc(daemon->desk_count, sizeof *daemon->holds->seats);
        for (uint32_t d = 0; d < daemon->desk_count; d++)
            daemon->holds->seats[d] =
                dk_must_alloc(daemon->desks[d].map.geometry.seats_max, sizeof **daemon->holds->seats);
    }
    return daemon->holds;
}

/* Out of the lists that go by what its record says. */
static void unlink_hold(struct dk_holds *holds, struct dk_hold *hold)
{
    heap_remove(hold->by_wall ? &holds->by_wall : &holds->by_boot, hold);
    dk_link_remove(&hold->of_seat);
    dk_link_remove(&hold->of_due);
    if (hold->series->due == NULL)
        dk_link_remove(&hold->series->waits);
    hold->series->live -= !hold->record.in_doubt;
    hold->due = DK_NOT_DUE;
}

/* Into them. */
static void link_hold(struct dk_daemon *daemon, struct dk_hold *hold)
{
    struct dk_holds *holds = daemon->holds;
    const struct dk_hold_record *record = &hold->record;
    hold->series->live += !record->in_doubt;
    if (record->seat >= 0 && record->desk < daemon->desk_count &&
        (uint32_t)record->seat < daemon->desks[record->desk].map.geometry.seats_max)
        dk_link_add(&holds->seats[record->desk][record->seat], &hold->of_seat);
    if (record->in_doubt || record->expires_ns == 0)
        return;
    hold->by_wall = memcmp(record->boot_id, daemon->boot_id, sizeof daemon->boot_id) != 0;
    hold->due_at = hold->by_wall ? record->expires_ns : record->expires_boot_ns;
    heap_add(hold->by_wall ? &holds->by_wall : &holds->by_boot, hold);
}

struct dk_hold *dk_hold_keep(struct dk_daemon *daemon, const struct dk_hold_record *record)
{
    struct dk_holds *holds = dk_holds_of(daemon);
    struct dk_hold *hold = dk_hold_find(daemon, record);
    if (hold != NULL) {
        const char *text = hold->record.text;
        bool same = hold->record.seat == record->seat && hold->record.salt == record->salt;
        enum dk_due due = same && !record->in_doubt ? hold->due : DK_NOT_DUE;
        unlink_hold(holds, hold);
        hold->record = *record;
        hold->record.text = text;
        link_hold(daemon, hold);
        if (due == DK_DUE_ENDED || due == DK_DUE_SEAT_LOST) /* it ended once, and nobody tells it again */
            dk_hold_mark(holds, hold, due);
        return hold;
    }
    size_t bytes = strlen(record->text) + 1;
    if (holds->count >= holds->bucket_count)
        widen(holds);
    hold = dk_must_alloc(1, sizeof *hold + bytes);
    hold->record = *record;
    hold->record.text = memcpy(hold->text, record->text, bytes);
    hold->hash = hash_of(record);
    hold->next = holds->buckets[hold->hash & (holds->bucket_count - 1)];
    holds->buckets[hold->hash & (holds->bucket_count - 1)] = hold;
    holds->count++;
    hold->series = series_of(daemon, record->series_id);
    hold->series->count++;
    dk_link_add(&hold->series->holds, &hold->of_series);
    link_hold(daemon, hold);
    return hold;
}

static void drop(struct dk_holds *holds, struct dk_hold *hold)
{
    struct dk_holds_series *series = hold->series;
    struct dk_hold **at = &holds->buckets[hold->hash & (holds->bucket_count - 1)];
    unlink_hold(holds, hold);
    dk_link_remove(&hold->of_series);
    while (*at != hold)
        at = &(*at)->next;
    *at = hold->next;
    holds->count--;
    free(hold);
    if (--series->count == 0)
        forget_series(holds, series);
}

void dk_hold_mark(struct dk_holds *holds, struct dk_hold *hold, enum dk_due due)
{
    if (hold->record.in_doubt || hold->of_due.at != NULL)
        return;
    heap_remove(hold->by_wall ? &holds->by_wall : &holds->by_boot, hold);
    if (hold->due == DK_NOT_DUE)
        hold->due = due;
    dk_link_add(&hold->series->due, &hold->of_due);
    if (hold->series->waits.at == NULL)
        dk_link_add(&holds->waiting, &hold->series->waits);
}

void dk_hold_put_off(struct dk_holds *holds, struct dk_hold *hold, int64_t boot_ns)
{
    dk_link_remove(&hold->of_due);
    if (hold->series->due == NULL)
        dk_link_remove(&hold->series->waits);
    hold->by_wall = false;
    hold->due_at = boot_ns;
    heap_add(&holds->by_boot, hold);
}

void dk_hold_unseat(struct dk_hold *hold)
{
    dk_link_remove(&hold->of_seat);
    hold->record.seat = -1;
}

void dk_holds_free(struct dk_daemon *daemon)
{
    struct dk_holds *holds = daemon->holds;
    if (holds == NULL)
        return;
    for (size_t i = 0; i < holds->bucket_count; i++)
        while (holds->buckets[i] != NULL)
            drop(holds, holds->buckets[i]);
    for (uint32_t d = 0; d < daemon->desk_count; d++)
        free(holds->seats[d]);
    free(holds->seats);
    free(holds->series);
    free(holds->buckets);
    free(holds->by_boot.all);
    free(holds->by_wall.all);
    free(holds);
    daemon->holds = NULL;
}

/* ---- for plans ---- */

void dk_hold_put(struct dk_plan *plan, const struct dk_hold_record *hold)
{
    struct dk_hold_record made = *hold;
    made.series_id = plan->book->series_id;
    dk_plan_put_hold(plan, &made);
    if (!made.removed) {
        dk_hold_keep(plan->daemon, &made);
        return;
    }
    struct dk_hold *old = dk_hold_find(plan->daemon, &made);
    if (old != NULL)
        drop(plan->daemon->holds, old);
}

const struct dk_hold_record *dk_hold_of(const struct dk_daemon *daemon, const struct dk_ledger_record *record)
{
    struct dk_hold_record names = {.series_id = record->series_id,
                                   .kind = DK_NAMED_PENDING,
                                   .period = record->period,
                                   .number = record->number,
                                   .text = record->hold};
    if (!dk_state_is_held(record->state))
        return NULL;
    if (record->hold[0] != 0)
        names.kind = DK_NAMED_RESERVATION;
    const struct dk_hold *hold = dk_hold_find(daemon, &names);
    return hold == NULL ? NULL : &hold->record;
}

bool dk_holds_has_live(const struct dk_daemon *daemon, uint64_t series_id)
{
    const struct dk_holds_series *series = dk_holds_find_series(daemon, series_id);
    return series != NULL && series->live > 0;
}

bool dk_holds_are_due(const struct dk_daemon *daemon, uint64_t series_id)
{
    const struct dk_holds_series *series = dk_holds_find_series(daemon, series_id);
    return series != NULL && series->due != NULL;
}

/* ---- who holds ---- */

uint64_t dk_holds_of_seat(const struct dk_daemon *daemon, uint32_t desk, uint32_t seat)
{
    uint64_t numbers = 0;
    if (daemon->holds == NULL || daemon->holds->seats == NULL)
        return 0;
    for (const struct dk_link *link = daemon->holds->seats[desk][seat]; link != NULL; link = link->next) {
        const struct dk_hold_record *record = &DK_OF_LINK(const struct dk_hold, of_seat, link)->record;
        numbers += record->in_doubt ? 0 : record->kind == DK_NAMED_PENDING ? 1 : record->left;
    }
    return numbers;
}

docket_status dk_sitter_check(const struct dk_daemon *daemon, const struct dk_parcel *parcel)
{
    const struct dk_record_head *head = &parcel->head;
    const struct dk_desk_book *desk = head->desk < daemon->desk_count ? &daemon->desks[head->desk] : NULL;
    const struct dk_seat_book *seat = desk != NULL && head->seat >= 0 && (uint32_t)head->seat < desk->seats_used
                                          ? &desk->seats[head->seat]
                                          : NULL;
    if (seat != NULL && seat->state == DK_SEAT_TAKEN && seat->salt == head->salt &&
        seat->uid == parcel->connection->uid)
        return DOCKET_OK;
    return dk_fail(DOCKET_NOT_PERMITTED,
                   "the caller (uid %u) says that it sits on seat %d of desk %u, and it does not: nothing was given to "
                   "it, for nobody would see it end",
                   (unsigned)parcel->connection->uid, (int)head->seat, (unsigned)head->desk);
}

bool dk_hold_is_senders(const struct dk_hold_record *hold, const struct dk_parcel *parcel)
{
    const struct dk_record_head *head = &parcel->head;
    return hold != NULL && hold->seat >= 0 && hold->seat == head->seat && hold->desk == head->desk &&
           hold->salt == head->salt && hold->uid == parcel->connection->uid;
}

docket_status dk_hold_begin(const struct dk_plan *plan, const struct dk_parcel *parcel, uint32_t flags,
                            uint32_t expires_s, struct dk_hold_record *hold)
{
    const struct dk_record_head *head = &parcel->head;
    bool detached = (flags & DOCKET_DETACHED) != 0 || head->seat < 0;
    if (detached && expires_s == 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a number that nobody holds needs a time (expires_s, 1 to %u): nothing else "
                                            "would ever end it",
                       DOCKET_HOLD_S_MAX);
    if (expires_s > DOCKET_HOLD_S_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "expires_s is %u, and %u (a year) is the most", expires_s,
                       DOCKET_HOLD_S_MAX);
    docket_status status = detached ? DOCKET_OK : dk_sitter_check(plan->daemon, parcel);
    if (status != DOCKET_OK)
        return status;
    *hold = (struct dk_hold_record){
        .series_id = plan->book->series_id, .text = "", .uid = parcel->connection->uid, .seat = -1};
    memcpy(hold->boot_id, plan->daemon->boot_id, sizeof hold->boot_id);
    if (!detached) {
        hold->seat = head->seat;
        hold->desk = head->desk;
        hold->salt = head->salt;
        hold->incarnation = plan->daemon->desks[head->desk].map.incarnation;
    }
    if (expires_s > 0) {
        hold->expires_ns = plan->now_ns + (int64_t)expires_s * DK_SECOND_NS;
        hold->expires_boot_ns = dk_clock_boot_ns() + (int64_t)expires_s * DK_SECOND_NS;
    }
    return DOCKET_OK;
}
