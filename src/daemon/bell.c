/* SPDX-License-Identifier: MIT */
/* bell: futexes cannot be polled together with sockets, so a thread for each
 * desk sleeps on its bell and passes the ring on to the loop's descriptor. */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "table/doorbell.h"

#include <unistd.h>

static void *listen_bell(void *context)
{
    struct dk_desk_book *desk = context;
    const dk_word32 *bell = &dk_table_words(&desk->map)->bell;
    uint32_t heard = dk_load32_acquire(bell); /* ORDER-13 */
    for (;;) {
        dk_doorbell_wait(bell, heard, 3600 * DK_SECOND_NS);
        uint32_t now = dk_load32_acquire(bell); /* ORDER-13: the want bits behind the ring */
        if (now == heard)
            continue;
        heard = now;
        uint64_t one = 1;
        ssize_t written = write(desk->daemon->bell_fd, &one, sizeof one);
        (void)written; /* a full counter wakes the loop as well */
    }
    return NULL;
}

docket_status dk_bell_start(struct dk_daemon *daemon, struct dk_desk_book *desk)
{
    (void)daemon;
    int error = pthread_create(&desk->bell_thread, NULL, listen_bell, desk);
    if (error != 0)
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot start the bell of desk %s", desk->rule.name);
    pthread_detach(desk->bell_thread); /* ends with the process */
    return DOCKET_OK;
}
