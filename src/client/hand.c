/* SPDX-License-Identifier: MIT */
/*
 * hand: what one thread holds of one series: its period, its lease, its text.
 * Found through a small memo in thread-local memory; given back when the
 * thread ends, or when the realm closes.
 */
#include "client/inside.h"

#include "table/directory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TABLE_FIRST = 16 };

/* A thread's hands, by serial. One whose serial is 0 was wiped by a fork or
 * dropped by a close. */
struct mine {
    struct hand **table;
    uint64_t room; /* a power of two, or 0 */
    uint64_t used;
};

struct hand dk_nobody = {.gate = UINT64_MAX}; /* no address, not even none */

#define EIGHT_NOBODIES &dk_nobody, &dk_nobody, &dk_nobody, &dk_nobody, &dk_nobody, &dk_nobody, &dk_nobody, &dk_nobody
__thread struct hand *dk_hand_memo[DK_MEMO] = {EIGHT_NOBODIES, EIGHT_NOBODIES, EIGHT_NOBODIES, EIGHT_NOBODIES};
_Static_assert(DK_MEMO == 32, "all of the memo leads somewhere");

static __thread struct mine mine;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_made;

static void link_to_realm(struct hand *hand)
{
    struct live *live = hand->series->realm->live;
    pthread_mutex_lock(&live->lock);
    hand->next_of_realm = live->hands;
    if (live->hands != NULL)
        live->hands->previous_of_realm = hand;
    live->hands = hand;
    pthread_mutex_unlock(&live->lock);
}

static void unlink_from_realm(struct hand *hand)
{
    struct live *live = hand->series->realm->live;
    pthread_mutex_lock(&live->lock);
    if (hand->previous_of_realm != NULL)
        hand->previous_of_realm->next_of_realm = hand->next_of_realm;
    else
        live->hands = hand->next_of_realm;
    if (hand->next_of_realm != NULL)
        hand->next_of_realm->previous_of_realm = hand->previous_of_realm;
    pthread_mutex_unlock(&live->lock);
}

static void forget_memo(void)
{
    for (int i = 0; i < DK_MEMO; i++)
        dk_hand_memo[i] = &dk_nobody;
}

/* A thread ends: its leases go back. */
static void end_thread(void *context)
{
    struct mine *ending = context;
    dk_hands_lock();
    for (uint64_t i = 0; i < ending->room; i++) {
        struct hand *hand = ending->table[i];
        if (hand == NULL)
            continue;
        if (hand->serial != 0) {
            dk_lease_give_back(&hand->lease, hand->slot);
            unlink_from_realm(hand);
        }
        dk_hand_free(hand);
    }
    dk_hands_unlock();
    free(ending->table);
    memset(ending, 0, sizeof *ending);
    forget_memo();
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, end_thread) == 0;
}

static struct hand *find_in_table(uint64_t serial)
{
    for (uint64_t i = 0; i < mine.room; i++) {
        struct hand *hand = mine.table[(serial + i) % mine.room];
        if (hand == NULL || hand->serial == serial)
            return hand;
    }
    return NULL;
}

static void put_in_table(struct hand **table, uint64_t room, struct hand *hand)
{
    uint64_t at = hand->serial % room;
    while (table[at] != NULL)
        at = (at + 1) % room;
    table[at] = hand;
}

/* Twice the room when half is used; hands that were wiped or dropped go. */
static bool make_room(void)
{
    if (mine.used * 2 < mine.room)
        return true;
    uint64_t live = 0;
    for (uint64_t i = 0; i < mine.room; i++)
        live += mine.table[i] != NULL && mine.table[i]->serial != 0;
    uint64_t room = mine.room == 0 ? TABLE_FIRST : live * 4 > mine.room ? mine.room * 2 : mine.room;
    struct hand **table = calloc(room, sizeof(struct hand *));
    if (table == NULL)
        return false;
    mine.used = 0;
    for (uint64_t i = 0; i < mine.room; i++) {
        struct hand *hand = mine.table[i];
        if (hand == NULL)
            continue;
        if (hand->serial == 0) {
            dk_hand_free(hand);
            continue;
        }
        put_in_table(table, room, hand);
        mine.used++;
    }
    free(mine.table);
    mine.table = table;
    mine.room = room;
    forget_memo();
    return true;
}

static docket_status make_hand(struct docket_series *series, int64_t timeout_ns, struct hand **made)
{
    pthread_once(&key_once, make_key);
    if (!key_made || pthread_setspecific(key, &mine) != 0 || !make_room())
        return dk_fail(DOCKET_NO_MEMORY, "no memory or thread key is left for docket");
    struct hand *hand = dk_hand_new();
    if (hand == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory that is wiped on fork; docket needs Linux 4.14 or later");
    hand->series = series;
    hand->strict = series->strict;
    hand->bank = -1;
    docket_status status = dk_hand_bind(hand, false, timeout_ns);
    if (status != DOCKET_OK) {
        dk_hand_free(hand);
        return status;
    }
    hand->serial = series->serial;
    hand->gate = dk_gate_of(series, DK_GATE_OTHER);
    link_to_realm(hand);
    put_in_table(mine.table, mine.room, hand);
    mine.used++;
    *made = hand;
    return DOCKET_OK;
}

docket_status dk_hand_make(struct docket_series *series, int64_t timeout_ns, struct hand **made)
{
    docket_status status = DOCKET_OK;
    *made = find_in_table(series->serial);
    if (*made == NULL)
        status = make_hand(series, timeout_ns, made);
    if (status == DOCKET_OK && series->memory == NULL)
        *dk_hand_place(series) = *made;
    return status;
}

static __thread bool inside_slow;

bool dk_slow_enter(void)
{
    if (inside_slow)
        return false;
    inside_slow = true;
    dk_compiler_barrier(); /* for a handler of this very thread */
    return true;
}

void dk_slow_leave(void)
{
    dk_compiler_barrier();
    inside_slow = false;
}

/* A desk that was built anew: an evicted series still stands on the old board. */
static bool is_outdated(const struct live *live, const struct seat *seat)
{
    const struct seat *newer = live->seats; /* the newest comes first */
    while (newer != seat && newer->map.index != seat->map.index)
        newer = newer->next;
    return newer != seat;
}

/* The newest seat of this process where the series sits. */
static struct seat *find_seat(const struct docket_series *series, uint32_t *slot, uint64_t *generation)
{
    struct live *live = series->realm->live;
    struct seat *seat;
    pthread_mutex_lock(&live->lock);
    for (seat = live->seats; seat != NULL; seat = seat->next) {
        *slot = is_outdated(live, seat)
                    ? DK_NO_SLOT
                    : dk_directory_look(&seat->map, series->tenant, series->name, generation);
        if (*slot != DK_NO_SLOT)
            break;
    }
    pthread_mutex_unlock(&live->lock);
    return seat;
}

/* Waits for another thread of ours that is asking, no longer than the caller
 * would. Looks again and again, since the timed lock that every C library has
 * goes by the wall clock, which may be set meanwhile. */
static bool lock_attach(struct live *live, int64_t timeout_ns)
{
    int64_t end_ns = dk_clock_monotonic_ns() + timeout_ns;
    struct timespec pause = {.tv_nsec = DK_MILLISECOND_NS};
    while (pthread_mutex_trylock(&live->attach_lock) != 0) {
        if (dk_clock_monotonic_ns() >= end_ns)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static docket_status reach_seat(const struct docket_series *series, bool fresh, int64_t timeout_ns, struct seat **seat,
                                uint32_t *slot, uint64_t *generation)
{
    struct live *live = series->realm->live;
    int64_t until_ns = dk_clock_monotonic_ns() + timeout_ns;
    if (!lock_attach(live, timeout_ns))
        return dk_fail(DOCKET_UNREACHABLE, "another thread of this process is still waiting for docketd");
    docket_status status = DOCKET_OK;
    *seat = fresh ? NULL : find_seat(series, slot, generation); /* it may have come meanwhile */
    if (*seat == NULL)
        status = dk_reach_series(series->realm, series->tenant, series->name, until_ns - dk_clock_monotonic_ns(), seat,
                                 slot, generation);
    pthread_mutex_unlock(&live->attach_lock);
    return status;
}

/* A handle keeps what it read once; an admin may have changed the policy of a
 * series that had given no number yet, while this process had no seat. How its
 * numbers are written is read with each bank. */
static bool same_policy(const struct docket_series *series, const struct shared_board_slot *slot)
{
    return series->strict == (slot->order == DK_STRICT) && series->restart == (enum dk_restart)slot->restart;
}

docket_status dk_hand_bind(struct hand *hand, bool fresh, int64_t timeout_ns)
{
    const struct docket_series *series = hand->series;
    if (series->memory != NULL) {
        hand->seat = series->realm->memory_seat;
        hand->writing = series->writing;
        return DOCKET_OK; /* it stands in no bank, so each call comes to dk_take_wait() */
    }
    uint32_t slot = DK_NO_SLOT;
    uint64_t generation = 0;
    struct seat *seat = fresh ? NULL : find_seat(series, &slot, &generation);
    if (seat == NULL) {
        docket_status status = reach_seat(series, fresh, timeout_ns, &seat, &slot, &generation);
        if (status != DOCKET_OK)
            return status;
    }
    if (series->described && !same_policy(series, dk_desk_slot(&seat->map, slot)))
        return dk_fail(DOCKET_EXISTS, "%s/%s has got another policy while this process ran; start the process again",
                       series->tenant, series->name);
    hand->seat = seat;
    hand->slot = slot;
    hand->generation = generation;
    hand->bank = -1;
    hand->timed = true; /* until a bank says otherwise */
    hand->quick = false;
    memset(&hand->lease, 0, sizeof hand->lease);
    hand->text.rendered.width = 0;
    return DOCKET_OK;
}

void dk_hand_drop_all(struct docket_realm *realm)
{
    struct live *live = realm->live;
    dk_hands_lock();
    for (struct hand *hand = live->hands, *next; hand != NULL; hand = next) {
        next = hand->next_of_realm;
        dk_lease_give_back(&hand->lease, hand->slot);
        hand->gate = 0;
        hand->serial = 0;
        hand->series = NULL;
        /* Freed by its own thread, whose table leads to it. */
    }
    live->hands = NULL;
    dk_hands_unlock();
}
