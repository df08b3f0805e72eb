/* SPDX-License-Identifier: MIT */
/*
 * hand: what one thread holds of one series: its period, its lease, its text.
 * Found through a small memo in thread-local memory; given back when the
 * thread ends, or when the realm closes.
 */
#include "client/inside.h"

#include "table/directory.h"

#include <string.h>

enum { MEMO = 8 };

struct mine {
    struct hand *memo[MEMO];
    struct hand *all;
};

static __thread struct mine mine;
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_made;

static void unlink_from_realm(struct hand *hand)
{
    struct live *live = hand->series->realm->live;
    pthread_mutex_lock(&live->lock);
    for (struct hand **at = &live->hands; *at != NULL; at = &(*at)->next_of_realm) {
        if (*at == hand) {
            *at = hand->next_of_realm;
            break;
        }
    }
    pthread_mutex_unlock(&live->lock);
}

/* A thread ends: its leases go back. Hands that a fork wiped have no serial;
 * neither have those of a realm that was closed. */
static void end_thread(void *context)
{
    struct mine *ending = context;
    for (struct hand *hand = ending->all, *next; hand != NULL && hand->serial != 0; hand = next) {
        next = hand->next_of_thread;
        dk_lease_give_back(&hand->lease, hand->slot);
        unlink_from_realm(hand);
        dk_hand_free(hand);
    }
    memset(ending, 0, sizeof *ending);
}

static void make_key(void)
{
    key_made = pthread_key_create(&key, end_thread) == 0;
}

struct hand *dk_hand_find(const struct docket_series *series)
{
    struct hand *hand = mine.memo[series->serial % MEMO];
    return hand != NULL && hand->serial == series->serial ? hand : NULL;
}

/* Drops from the thread's list what a fork wiped or a close freed. */
static void tidy(void)
{
    struct hand **at = &mine.all;
    while (*at != NULL) {
        if ((*at)->serial == 0 || (*at)->series == NULL) {
            *at = NULL; /* what follows was wiped or freed with it */
            return;
        }
        at = &(*at)->next_of_thread;
    }
}

docket_status dk_hand_make(struct docket_series *series, struct hand **made)
{
    tidy();
    for (struct hand *hand = mine.all; hand != NULL; hand = hand->next_of_thread) {
        if (hand->serial == series->serial) {
            mine.memo[series->serial % MEMO] = hand;
            *made = hand;
            return DOCKET_OK;
        }
    }
    pthread_once(&key_once, make_key);
    if (!key_made || pthread_setspecific(key, &mine) != 0)
        return dk_fail(DOCKET_NO_MEMORY, "no thread key is left for docket");
    struct hand *hand = dk_hand_new();
    if (hand == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory that is wiped on fork; docket needs Linux 4.14 or later");
    hand->series = series;
    hand->strict = series->strict;
    hand->bank = -1;
    hand->serial = series->serial;
    docket_status status = dk_hand_bind(hand);
    if (status != DOCKET_OK) {
        dk_hand_free(hand);
        return status;
    }
    struct live *live = series->realm->live;
    pthread_mutex_lock(&live->lock);
    hand->next_of_realm = live->hands;
    live->hands = hand;
    pthread_mutex_unlock(&live->lock);
    hand->next_of_thread = mine.all;
    mine.all = hand;
    mine.memo[series->serial % MEMO] = hand;
    *made = hand;
    return DOCKET_OK;
}

/* The newest seat of this process where the series sits; docketd is asked only
 * if there is none. */
docket_status dk_hand_bind(struct hand *hand)
{
    struct docket_series *series = hand->series;
    struct live *live = series->realm->live;
    struct seat *seat = NULL;
    uint32_t slot = DK_NO_SLOT;
    docket_status status = DOCKET_OK;
    pthread_mutex_lock(&live->lock);
    for (seat = live->seats; seat != NULL; seat = seat->next) {
        slot = dk_directory_find(&seat->map, series->tenant, series->name);
        if (slot != DK_NO_SLOT)
            break;
    }
    if (seat == NULL)
        status = dk_reach_series(series->realm, series->tenant, series->name, &seat, &slot);
    pthread_mutex_unlock(&live->lock);
    if (status != DOCKET_OK)
        return status;
    hand->seat = seat;
    hand->slot = slot;
    hand->bank = -1;
    hand->timed = series->timed;
    memset(&hand->lease, 0, sizeof hand->lease);
    hand->text.rendered.width = 0;
    return DOCKET_OK;
}

void dk_hand_drop_all(struct docket_realm *realm)
{
    struct live *live = realm->live;
    for (struct hand *hand = live->hands, *next; hand != NULL; hand = next) {
        next = hand->next_of_realm;
        dk_lease_give_back(&hand->lease, hand->slot);
        hand->serial = 0;
        hand->series = NULL;
        /* Not freed into the pool while another thread's list may lead through
         * it; its thread drops it at its next call. */
    }
    live->hands = NULL;
}
