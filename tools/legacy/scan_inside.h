/* SPDX-License-Identifier: MIT */
/*
 * scan_inside: one scan, between scan.c (reading), scan_alike.c (duplicates) and scan_counter.c (counters). Nobody else
 * includes it.
 *
 * Words that are sorted
 *   alike     hash of tenant and number in capitals, 128 bits | the row's place in the spool
 *   groups    place of the group's first row | day | place
 *   numbers   counter, 32 bits, and the number's upper 18 | its lower 32, and the day | place
 */
#ifndef DOCKET_TOOLS_LEGACY_SCAN_INSIDE_H
#define DOCKET_TOOLS_LEGACY_SCAN_INSIDE_H

#include "../progress.h"
#include "names.h"
#include "scan.h"
#include "sorter.h"
#include "spool.h"

#define NO_DAY UINT32_MAX /* behind all days */

struct scan {
    const struct cli *cli;
    struct legacy_source *source;
    const struct scan_options *options;
    struct scan_totals *totals;
    struct names names;
    struct spool spool;
    struct sorter *alike, *groups, *numbers;
    struct spooled row, other; /* as they were read again */
    struct progress progress;
    bool by_text; /* the source has no dates: a number's day is what its text shows */
    bool stopped; /* a callback has said so */
    int code;
};

/* Each returns false when scan->code or scan->stopped says why it does not go on. */
bool scan_fail_spool(struct scan *scan);
bool scan_fail_sorter(struct scan *scan, const struct sorter *sorter);
bool scan_tell(struct scan *scan, const struct scan_finding *finding);
bool scan_again(struct scan *scan, uint64_t place, struct spooled *row);
struct scan_row scan_shown(const struct scan *scan, const struct spooled *row);

/* Same bytes; same but for small and capital letters. */
bool scan_same(struct span a, struct span b);
bool scan_same_folded(struct span a, struct span b);

bool scan_find_alike(struct scan *scan);
bool scan_find_in_counters(struct scan *scan);

#endif
