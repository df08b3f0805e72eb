/* SPDX-License-Identifier: MIT */
/*
 * checks: sets what was logged against what docket says of it, counter by
 * counter, then pools per series what killed threads may excuse.
 */
#include "audit.h"

/* What it means that a number with this fate was logged. */
static enum finding_kind logged_finding(enum fate fate)
{
    switch (fate) {
    case FATE_LAID:
        return FINDING_LOGGED_LAID;
    case FATE_OPEN:
        return FINDING_LOGGED_OPEN;
    case FATE_SPARE:
        return FINDING_LOGGED_SPARE;
    case FATE_FREE:
        return FINDING_LOGGED_FREE;
    case FATE_RESERVED:
        return FINDING_LOGGED_RESERVED;
    default:
        return FINDING_LOGGED_VOID;
    }
}

/* Counts the members of [first, last] as findings and names a few. */
static void refuse_logged(struct audit *audit, const struct counter *counter,
                          enum finding_kind kind, uint64_t first, uint64_t last, const char *what)
{
    uint64_t left = number_set_count(&counter->logged, first, last);
    uint64_t number;
    for (unsigned i = 0; i < EXAMPLES_PER_KIND && left > 0; i++, left--) {
        if (!number_set_next(&counter->logged, first, last, &number))
            return;
        finding_add(&audit->findings, kind, 1, counter, number, "%llu was given, but is %s",
                    (unsigned long long)number, what);
        first = number + 1;
    }
    audit->findings.count[kind] += left;
}

static void count_unlogged(struct audit *audit, struct counter *counter,
                           const struct fate_range *range)
{
    struct series *series = counter->series;
    uint64_t unlogged = range->last - range->first + 1 -
                        number_set_count(&counter->logged, range->first, range->last);
    if (!unlogged)
        return;
    if (!series->unlogged) {
        series->unlogged_counter = counter;
        (void)number_set_next_absent(&counter->logged, range->first, range->last,
                                     &series->unlogged_first);
    }
    series->unlogged += unlogged;
    audit->totals.unlogged += unlogged;
}

/* A pending number, and one in doubt, was given, but whether a log knows of it nobody can say.
 * Of a series with a ledger others may ask than those who write logs: one without any log is not held against them. */
static bool may_be_unlogged(const struct counter *counter, enum fate fate)
{
    return fate == FATE_UNKNOWN || fate == FATE_PENDING || fate == FATE_IN_DOUBT ||
           (fate == FATE_ISSUED && counter->series->logs == 0);
}

/* Once all is resolved, every number below the mark is issued, or void with a cause. */
static void check_holes(struct audit *audit, const struct counter *counter)
{
    for (size_t i = 0; i < counter->range_count; i++) {
        const struct fate_range *range = &counter->ranges[i];
        if (range->fate == FATE_ISSUED || range->fate == FATE_HANDED_OUT ||
            (range->fate == FATE_VOID && range->has_cause))
            continue;
        finding_add(&audit->findings, FINDING_HOLE, range->last - range->first + 1, counter, 0,
                    "%llu to %llu: %s%s", (unsigned long long)range->first, (unsigned long long)range->last,
                    fate_name(range->fate), range->fate == FATE_VOID ? ", without a cause" : "");
    }
}

static void check_counter(struct audit *audit, struct counter *counter)
{
    if (!counter->has_fate) {
        if (counter->logged_count)
            refuse_logged(audit, counter, FINDING_NO_FATE, 1, AUDIT_NUMBER_MAX,
                          "in a counter without a fate");
        return;
    }
    audit->totals.counters++;
    if (number_set_count(&counter->logged, counter->first, counter->first))
        audit->totals.counters_logged_from_first++;
    if (counter->first > 1)
        refuse_logged(audit, counter, FINDING_OUT_OF_RANGE, 1, counter->first - 1,
                      "below the counter's first number");
    refuse_logged(audit, counter, FINDING_OUT_OF_RANGE, counter->mark, AUDIT_NUMBER_MAX,
                  "not below the mark");
    for (size_t i = 0; i < counter->range_count; i++) {
        const struct fate_range *range = &counter->ranges[i];
        if (range->imported) {
            refuse_logged(audit, counter, FINDING_LOGGED_VOID, range->first, range->last, "another system's: imported");
            continue;
        }
        if (range->by_hand || may_be_unlogged(counter, range->fate))
            continue;
        if (range->fate == FATE_HANDED_OUT || range->fate == FATE_ISSUED)
            count_unlogged(audit, counter, range);
        else
            refuse_logged(audit, counter, logged_finding(range->fate), range->first, range->last,
                          fate_name(range->fate));
    }
    if (counter->gapless && audit->options.gapless)
        check_holes(audit, counter);
}

static void check_excuses(struct audit *audit, const struct series *series)
{
    uint64_t excused = series->unlogged < series->excuse ? series->unlogged : series->excuse;
    audit->totals.excused += excused;
    if (series->unlogged > excused)
        finding_add(&audit->findings, FINDING_UNLOGGED, series->unlogged - excused,
                    series->unlogged_counter, series->unlogged_first,
                    "%llu handed out but not logged, killed threads excuse %llu; the first is %llu",
                    (unsigned long long)series->unlogged, (unsigned long long)series->excuse,
                    (unsigned long long)series->unlogged_first);
}

void checks_run(struct audit *audit)
{
    for (size_t i = 0; i < table_counter_count(audit->table); i++)
        check_counter(audit, table_counter_at(audit->table, i));
    for (size_t i = 0; i < table_series_count(audit->table); i++)
        check_excuses(audit, table_series_at(audit->table, i));

    uint64_t unknown = audit->totals.fate[FATE_UNKNOWN];
    int64_t most = audit->options.unknown_max;
    if (most >= 0 && unknown > (uint64_t)most)
        finding_add(&audit->findings, FINDING_TOO_UNKNOWN, unknown - (uint64_t)most, NULL, 0,
                    "%llu unknown, %lld allowed", (unsigned long long)unknown, (long long)most);
}
