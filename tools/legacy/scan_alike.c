/* SPDX-License-Identifier: MIT */
/*
 * scan_alike: rows of a tenant with the same number, small and capital letters alike. Rows of one hash are compared by
 * their texts: two that only have the same hash are no finding.
 */
#include "scan_inside.h"

struct together {
    struct sorted first; /* of the rows with one hash; places ascend within it */
    bool any, grouped;   /* there is one; it is in a group already */
};

/* A row of a group; the group is known by the place of its first row. */
static bool put(struct scan *scan, uint64_t group, uint64_t place, const struct spooled *row)
{
    const struct sorted member = {{group, row->day, place}};
    return sorter_add(scan->groups, &member) || scan_fail_sorter(scan, scan->groups);
}

static bool take(struct scan *scan, struct together *together, const struct sorted *record)
{
    const struct sorted *first = &together->first;
    progress_step(&scan->progress);
    if (!together->any || first->key[0] != record->key[0] || first->key[1] != record->key[1]) {
        *together = (struct together){.first = *record, .any = true};
        return true;
    }
    if (!scan_again(scan, first->key[2], &scan->other) || !scan_again(scan, record->key[2], &scan->row))
        return false;
    if (scan->row.tenant != scan->other.tenant || !scan_same_folded(scan->row.number, scan->other.number))
        return true; /* a hash of 128 bits: nobody has seen this */
    if (!together->grouped && !put(scan, first->key[2], first->key[2], &scan->other))
        return false;
    together->grouped = true;
    return put(scan, first->key[2], record->key[2], &scan->row);
}

static bool gather(struct scan *scan)
{
    struct together together = {.any = false};
    struct sorted record;
    int got;
    while ((got = sorter_next(scan->alike, &record)) == 1)
        if (!take(scan, &together, &record))
            return false;
    return got == 0 || scan_fail_sorter(scan, scan->alike);
}

static bool tell(struct scan *scan)
{
    bool same = scan_same(scan->row.number, scan->other.number);
    const struct scan_finding finding = {.kind = same ? SCAN_DUPLICATE : SCAN_FOLDED,
                                         .row = scan_shown(scan, &scan->row),
                                         .other = scan_shown(scan, &scan->other),
                                         .tenant = scan->names.tenants[scan->row.tenant],
                                         .why = same ? "the same number as an older row"
                                                     : "the same number as an older row, but for small and capital letters"};
    return scan_tell(scan, &finding);
}

bool scan_find_alike(struct scan *scan)
{
    struct sorted member, oldest = {{0}};
    bool any = false;
    int got;
    if (!gather(scan))
        return false;
    sorter_close(scan->alike); /* its memory is for the next */
    scan->alike = NULL;
    while ((got = sorter_next(scan->groups, &member)) == 1) {
        if (!any || member.key[0] != oldest.key[0]) {
            any = true;
            oldest = member;
            if (!scan_again(scan, member.key[2], &scan->other))
                return false;
            continue;
        }
        if (!scan_again(scan, member.key[2], &scan->row) || !tell(scan))
            return false;
    }
    return got == 0 || scan_fail_sorter(scan, scan->groups);
}
