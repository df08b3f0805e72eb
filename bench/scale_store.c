/* SPDX-License-Identifier: MIT */
/*
 * scale_store: a store of very many series, without asking docketd for each: what
 * docketd would have written, ten thousand series in a commit.
 *
 *     scale_store REALM COUNT [SETTING...]
 *
 * Makes the series tN/S, N from 1 to COUNT, each with its current counter at rest
 * (`docket-scale` and bench_scale take numbers of such series). Settings are policy
 * lines (order=leased, restart=never). The store is made; docketd must not run.
 */
#include "base/clock.h"
#include "numbering/period.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_A_COMMIT = 10000 };

static struct dk_series_record records[IN_A_COMMIT];
static struct dk_counter_image images[IN_A_COMMIT];
static const struct dk_series_record *series[IN_A_COMMIT];
static const struct dk_counter_image *counters[IN_A_COMMIT];

static void must(docket_status status)
{
    if (status == DOCKET_OK)
        return;
    fprintf(stderr, "scale_store: %s\n", dk_error_text());
    exit(1);
}

static void make_one(size_t at, uint64_t id, const struct dk_policy *policy)
{
    struct dk_series_record *record = &records[at];
    struct dk_counter_image *image = &images[at];
    struct dk_template resolved;
    struct dk_period now;
    *record = (struct dk_series_record){.id = id, .policy = policy, .created_ns = dk_clock_wall_ns()};
    snprintf(record->tenant, sizeof record->tenant, "t%llu", (unsigned long long)id);
    snprintf(record->name, sizeof record->name, "S");
    snprintf(record->desk, sizeof record->desk, "default");
    must(dk_policy_check(policy, record->tenant, record->name, &resolved));
    dk_period_at(policy, &dk_zone_utc, dk_clock_wall_s(), &now);
    *image = (struct dk_counter_image){.series_id = id,
                                       .period = now.label,
                                       .extent_first = 1,
                                       .extent_last = dk_policy_last(policy, &resolved),
                                       .mark = 1,
                                       .next = 1};
    series[at] = record;
    counters[at] = image;
}

static void fill(struct dk_store *store, uint64_t count, const struct dk_policy *policy)
{
    for (uint64_t done = 0; done < count;) {
        size_t some = count - done < IN_A_COMMIT ? (size_t)(count - done) : IN_A_COMMIT;
        struct dk_change change = {.series = series, .series_count = some, .counters = counters, .counter_count = some};
        uint64_t number;
        for (size_t i = 0; i < some; i++)
            make_one(i, done + i + 1, policy);
        must(dk_store_make_room_for(store, some));
        must(dk_store_commit(store, &change, &number));
        done += some;
    }
}

int main(int words, char **word)
{
    struct dk_store *store;
    struct dk_store_facts facts;
    struct dk_policy policy;
    if (words < 3) {
        fprintf(stderr, "usage: scale_store REALM COUNT [SETTING...]\n");
        return 2;
    }
    dk_policy_default(&policy);
    for (int i = 3; i < words; i++) {
        char line[256];
        snprintf(line, sizeof line, "%s\n", word[i]);
        must(dk_policy_apply(&policy, line));
    }
    struct dk_store_options options = {.realm = word[1], .create = true};
    uint64_t count = strtoull(word[2], NULL, 10);
    int64_t began_ns = dk_clock_monotonic_ns();
    must(dk_store_open(&options, &store, &facts));
    if (facts.series_last != 0) {
        fprintf(stderr, "scale_store: %s has series already\n", word[1]);
        return 1;
    }
    fill(store, count, dk_policy_keep(&policy));
    must(dk_store_close(store, true));
    printf("{\"series\": %llu, \"seconds\": %.2f}\n", (unsigned long long)count,
           (double)(dk_clock_monotonic_ns() - began_ns) / 1e9);
    return 0;
}
