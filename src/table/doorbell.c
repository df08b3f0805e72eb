/* SPDX-License-Identifier: MIT */
#include "table/doorbell.h"

#include "base/clock.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void dk_doorbell_ring(dk_word32 *bell)
{
    dk_add32_release(bell, 1); /* ORDER-13: the want bit behind it */
    syscall(SYS_futex, bell, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void dk_doorbell_wait(const dk_word32 *word, uint32_t seen, int64_t timeout_ns)
{
    struct timespec timeout = {.tv_sec = timeout_ns / DK_SECOND_NS, .tv_nsec = timeout_ns % DK_SECOND_NS};
    syscall(SYS_futex, word, FUTEX_WAIT, seen, &timeout, NULL, 0);
}

void dk_doorbell_announce(dk_word32 *supply)
{
    dk_add32_release(supply, 1); /* ORDER-14: what was laid */
    syscall(SYS_futex, supply, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
