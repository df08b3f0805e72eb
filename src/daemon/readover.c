/* SPDX-License-Identifier: MIT */
/*
 * readover: a large ledger is not read before docketd serves; a thread of its own reads it
 * then, at low priority, once. Damage ends docketd: a record that a damaged page hides could have
 * its key given a second number. The thread touches the store only (a read transaction).
 */
#include "daemon/daemon.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_SAFETY = 4, LOWER = 10 };

struct dk_readover {
    pthread_t thread;
    struct dk_store *store;
    dk_word stop; /* 1: docketd stops */
};

static void *read_over(void *context)
{
    struct dk_readover *over = context;
    int64_t began_ns = dk_clock_monotonic_ns();
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOWER);
    docket_status status = dk_store_read_ledger(over->store, &over->stop);
    if (status == DOCKET_OK) {
        dk_log(DK_LOG_NOTICE, "the ledger was read over in %.1f s: it is sound",
               (double)(dk_clock_monotonic_ns() - began_ns) / 1e9);
    } else if (status == DOCKET_DAMAGED) {
        dk_log(DK_LOG_ERROR, "the ledger is damaged and docketd ends: %s", dk_error_text());
        _exit(EXIT_SAFETY); /* as a start would that had read it before */
    } else if (status != DOCKET_BUSY && status != DOCKET_STORE_FAILED) {
        dk_log(DK_LOG_WARNING, "the ledger was not read over; `docket verify` does it: %s", dk_error_text());
    }
    return NULL;
}

void dk_readover_start(struct dk_daemon *daemon)
{
    if (!dk_store_left_unread(daemon->store))
        return;
    struct dk_readover *over = dk_must_alloc(1, sizeof *over);
    over->store = daemon->store;
    if (pthread_create(&over->thread, NULL, read_over, over) != 0) {
        dk_log(DK_LOG_WARNING, "no thread to read the ledger over; `docket verify` does it");
        free(over);
        return;
    }
    daemon->readover = over;
}

void dk_readover_stop(struct dk_daemon *daemon)
{
    if (daemon->readover == NULL)
        return;
    dk_store_relaxed(&daemon->readover->stop, 1); /* Relaxed: carries nothing but itself */
    pthread_join(daemon->readover->thread, NULL);
    free(daemon->readover);
    daemon->readover = NULL;
}
