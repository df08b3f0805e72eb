/* SPDX-License-Identifier: MIT */
/*
 * facts: what a store says, whatever its schema and however it lies in its
 * databases, as one SHA-256: series, counters (the journal's images where it has
 * newer ones), ranges, events, the ledger (its log likewise), and which files the
 * desks were built with. Not in it: what is made of these (texts, sums, links), what
 * counts openings and commits, and the events of migrations themselves.
 *
 * The digest does not depend on the order in which the facts are met: of each kind
 * it is the sum, modulo 2^256, of the hashes of its facts. That finds what goes
 * wrong by itself; it is no proof against somebody who looks for another set with
 * the same sum.
 */
#ifndef DK_STORE_FACTS_H
#define DK_STORE_FACTS_H

#include "store/store.h"

struct dk_facts {
    uint64_t series, counters, ranges, events;
    uint64_t records; /* of the ledger: numbers, keys, holds, texts of elsewhere */
    uint8_t digest[DK_DIGEST_BYTES];
};

#define DK_MIGRATE_KIND "migrate" /* of events */

#endif
