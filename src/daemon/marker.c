/* SPDX-License-Identifier: MIT */
/*
 * marker: notes the marks beside the far witness every ten seconds, as long as they move, in a thread of its own and at low
 * priority: for who may have to accept an older store one day (store/guard.h). The exact ones come with the stop.
 * What cannot be noted is told once, and stops nothing.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { NOTE_S = 10, LOWER = 10 };

struct dk_marker {
    pthread_t thread;
    pthread_mutex_t lock; /* held for the next two */
    pthread_cond_t stirred;
    bool stops;
    const struct dk_daemon *daemon;
};

/* True: it is time; false: docketd stops. */
static bool wait_turn(struct dk_marker *marker)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += NOTE_S;
    pthread_mutex_lock(&marker->lock);
    while (!marker->stops && pthread_cond_timedwait(&marker->stirred, &marker->lock, &until) != ETIMEDOUT)
        continue;
    bool goes_on = !marker->stops;
    pthread_mutex_unlock(&marker->lock);
    return goes_on;
}

static void *note(void *context)
{
    struct dk_marker *marker = context;
    bool told = false;
    uint64_t noted = 0;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOWER);
    while (wait_turn(marker)) {
        uint64_t commit = dk_clerk_show(marker->daemon->clerk).commit_number;
        if (commit == noted)
            continue;
        noted = commit;
        if (dk_marks_write(marker->daemon->store, false) == DOCKET_OK || told)
            continue;
        dk_log(DK_LOG_WARNING, "marks are not noted: %s", dk_error_text());
        told = true;
    }
    return NULL;
}

void dk_marker_start(struct dk_daemon *daemon)
{
    if (daemon->facts.far[0] == 0)
        return;
    struct dk_marker *marker = dk_must_alloc(1, sizeof *marker);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&marker->lock, NULL);
    pthread_cond_init(&marker->stirred, &monotonic);
    marker->daemon = daemon;
    if (pthread_create(&marker->thread, NULL, note, marker) != 0) {
        dk_log(DK_LOG_WARNING, "no thread to note marks; a stop in order notes them");
        free(marker);
        return;
    }
    daemon->marker = marker;
}

void dk_marker_stop(struct dk_daemon *daemon)
{
    struct dk_marker *marker = daemon->marker;
    if (marker == NULL)
        return;
    pthread_mutex_lock(&marker->lock);
    marker->stops = true;
    pthread_cond_signal(&marker->stirred);
    pthread_mutex_unlock(&marker->lock);
    pthread_join(marker->thread, NULL);
    free(marker);
    daemon->marker = NULL;
}
