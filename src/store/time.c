/* SPDX-License-Identifier: MIT */
/*
 * time: which time a commit records, and what that says about now. It never goes
 * back by itself: a wall clock that was set back (or that a machine without a
 * battery begins with) does not take it along, and so the right time, when it
 * comes, is not taken for one that runs ahead.
 */
#include "store/inside.h"

#include "base/clock.h"

#include <string.h>

void dk_store_trust_wall(struct dk_store *store, int64_t ahead_max_ns)
{
    pthread_mutex_lock(&store->time_lock);
    store->ahead_max_ns = ahead_max_ns;
    pthread_mutex_unlock(&store->time_lock);
}

void dk_store_accept_wall(struct dk_store *store)
{
    pthread_mutex_lock(&store->time_lock);
    store->accepts_wall = true;
    pthread_mutex_unlock(&store->time_lock);
}

/* The recorded time as it has become by now. Nothing carries it over a boot; nor
 * where the boot's clock is behind itself: another time namespace. */
static struct dk_time carry(const struct dk_store *store, bool *carried)
{
    struct dk_time now = store->time;
    uint64_t boot_ns = (uint64_t)dk_clock_boot_ns();
    *carried = now.wall_ns != 0 && boot_ns >= now.boot_ns && memcmp(now.boot_id, store->boot_id, sizeof now.boot_id) == 0;
    if (*carried) {
        now.wall_ns += boot_ns - now.boot_ns;
        now.boot_ns = boot_ns;
    }
    return now;
}

void dk_time_note(struct dk_store *store, struct dk_time *time)
{
    bool carried;
    struct dk_time wall = {.wall_ns = (uint64_t)dk_clock_wall_ns(), .boot_ns = (uint64_t)dk_clock_boot_ns()};
    memcpy(wall.boot_id, store->boot_id, sizeof wall.boot_id);
    pthread_mutex_lock(&store->time_lock);
    struct dk_time known = carry(store, &carried);
    bool later = wall.wall_ns >= known.wall_ns && (int64_t)(wall.wall_ns - known.wall_ns) <= store->ahead_max_ns;
    store->noted_accepted = store->accepts_wall;
    store->time_noted = known.wall_ns == 0 || later || store->accepts_wall ? wall : known;
    *time = store->time_noted;
    pthread_mutex_unlock(&store->time_lock);
}

void dk_time_committed(struct dk_store *store)
{
    pthread_mutex_lock(&store->time_lock);
    store->time = store->time_noted;
    if (store->noted_accepted)
        store->accepts_wall = false;
    pthread_mutex_unlock(&store->time_lock);
}

int64_t dk_store_trusted_now_ns(struct dk_store *store, bool *carried)
{
    pthread_mutex_lock(&store->time_lock);
    struct dk_time now = carry(store, carried);
    pthread_mutex_unlock(&store->time_lock);
    return (int64_t)now.wall_ns;
}
