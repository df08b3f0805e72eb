/* SPDX-License-Identifier: MIT */
/*
 * doorbell: the only file that knows futexes. Workers ring docketd when they
 * have nothing left; docketd wakes those who wait for a bank's supply.
 */
#ifndef DK_TABLE_DOORBELL_H
#define DK_TABLE_DOORBELL_H

#include "base/atomics.h"

/* Worker: adds one to the table's bell and wakes docketd: a system call. */
void dk_doorbell_ring(dk_word32 *bell);

/* Waits until *word differs from seen, somebody wakes, or timeout_ns has
 * passed; works on a read-only mapping. Returns early for signals too. */
void dk_doorbell_wait(const dk_word32 *word, uint32_t seen, int64_t timeout_ns);

/* docketd: something was laid or raised: changes the word and wakes all. */
void dk_doorbell_announce(dk_word32 *supply);

#endif
