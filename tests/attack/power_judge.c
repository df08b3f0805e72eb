/* SPDX-License-Identifier: MIT */
/*
 * power_judge: what docketd would find. It opens the store as docketd does
 * (which commits a generation), reads every record, and looks at each counter
 * as a desk that is built anew will use it: spares are given again, everything
 * between the position and the mark and the rest of each block become unknown,
 * and the first new number is the mark. A number that is tracked and was out has its record, issued,
 * and its key has it.
 */
#include "power_judge.h"

#include "store/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IDS = 4096, BLOCK = 40 };

struct look {
    struct power_judge *judge;
    struct dk_store *store;
    const char *where;
    int series_of[IDS]; /* the taker's, by id; -1: none */
    uint32_t window_of[IDS];
    uint32_t order_of[IDS];
    bool tracks[IDS]; /* keeps a ledger */
    unsigned met; /* counters that have numbers out and were found */
};

__attribute__((format(printf, 3, 4))) static void fault(struct look *look, uint64_t *count, const char *format, ...)
{
    struct power_counts *counts = look->judge->counts;
    ++*count;
    if (counts->first[0])
        return;
    int used = snprintf(counts->first, sizeof counts->first, "%.100s: ", look->where);
    va_list words;
    va_start(words, format);
    vsnprintf(counts->first + used, sizeof counts->first - (size_t)used, format, words);
    va_end(words);
}

struct one_text {
    uint64_t series_id;
    unsigned writes;
};

static docket_status count_text(void *context, const struct dk_text_record *record)
{
    struct one_text *one = context;
    one->writes += record->series_id == one->series_id && record->until_ns == 0;
    return DOCKET_OK;
}

/* A series and what it writes are made in one commit: no power loss parts them. */
static docket_status judge_texts(struct look *look, const struct dk_series_record *record)
{
    struct one_text one = {.series_id = record->id};
    docket_status status = dk_store_each_text(look->store, record->tenant, "", count_text, &one);
    unsigned wanted = record->retired_ns != 0 ? 0 : record->next != NULL ? 2 : 1;
    if (status == DOCKET_OK && one.writes != wanted)
        fault(look, &look->judge->counts->stale, "%s/%s has %u entries of texts instead of %u", record->tenant,
              record->name, one.writes, wanted);
    return status;
}

static docket_status learn_series(void *context, const struct dk_series_record *record)
{
    struct look *look = context;
    struct power_judge *judge = look->judge;
    char name[2 * DOCKET_NAME_MAX + 2];
    if (record->id >= IDS)
        return DOCKET_OK;
    snprintf(name, sizeof name, "%s/%s", record->tenant, record->name);
    look->window_of[record->id] = record->policy->window;
    look->order_of[record->id] = record->policy->order;
    look->tracks[record->id] = record->policy->ledger != 0;
    for (unsigned at = 0; at < judge->name_count; at++) {
        if (strcmp(judge->names[at], name) == 0) {
            look->series_of[record->id] = (int)at;
            judge->strict[at] = record->policy->order == DK_STRICT;
        }
    }
    return judge_texts(look, record);
}

/* docs/STORE.md: the window, and the rest of the block of each open lease; of a
 * strict series what was given back since the last raise. */
static void judge_unknown(struct look *look, const struct dk_counter_image *image)
{
    struct power_counts *counts = look->judge->counts;
    uint64_t window = look->window_of[image->series_id], lines = look->judge->lines;
    uint64_t bound = window + lines * (look->order_of[image->series_id] == DK_STRICT ? BLOCK : window);
    uint64_t unknown = image->mark - image->next;
    for (uint32_t at = 0; at < image->place_count; at++)
        if (image->places[at].size > 0)
            unknown += image->places[at].size - image->places[at].offset;
    if (unknown * 1000 / bound > counts->widest)
        counts->widest = unknown * 1000 / bound;
    if (unknown > bound)
        fault(look, &counts->loose, "%llu would be unknown, at most %llu were stated", (unsigned long long)unknown,
              (unsigned long long)bound);
}

/* ---- a series with a ledger ---- */

struct tracked {
    struct look *look;
    const struct power_counter *counter;
    uint64_t number;
    char key[DK_KEY_MAX + 1];
    bool issued;
};

static docket_status learn_record(void *context, const struct dk_ledger_record *record)
{
    struct tracked *tracked = context;
    tracked->issued = record->state == DK_STATE_ISSUED;
    snprintf(tracked->key, sizeof tracked->key, "%s", record->key);
    return DOCKET_OK;
}

static docket_status learn_key(void *context, const struct dk_key_record *record)
{
    struct tracked *tracked = context;
    tracked->issued = tracked->issued && record->ranges[0].first == tracked->number;
    return DOCKET_OK;
}

static docket_status judge_tracked(struct look *look, uint64_t series_id, const struct power_counter *counter)
{
    struct tracked tracked = {look, counter, 0, "", false};
    docket_status status = DOCKET_OK;
    for (uint64_t number = 1; status == DOCKET_OK && number <= counter->highest; number++) {
        bool found = false;
        if (!counter->out[number])
            continue;
        tracked.number = number;
        tracked.issued = false;
        status = dk_ledger_find(look->store, series_id, counter->period, number, learn_record, &tracked, &found);
        if (status == DOCKET_OK && found)
            status = dk_ledger_find_key(look->store, series_id, DK_NAMED_KEY, tracked.key, learn_key, &tracked, &found);
        if (status == DOCKET_OK && (!found || !tracked.issued))
            fault(look, &look->judge->counts->stale, "%s: number %llu was out, and its record or its key says otherwise",
                  look->judge->names[counter->series], (unsigned long long)number);
    }
    return status;
}

static docket_status judge_counter(void *context, const struct dk_counter_image *image)
{
    struct look *look = context;
    struct power_counts *counts = look->judge->counts;
    judge_unknown(look, image);
    const struct power_counter *counter =
        image->series_id < IDS && look->series_of[image->series_id] >= 0
            ? power_numbers_find(look->judge->numbers, (unsigned)look->series_of[image->series_id], image->period)
            : NULL;
    if (!counter || counter->highest == 0)
        return DOCKET_OK;
    look->met++;
    if (image->mark <= counter->highest)
        fault(look, &counts->stale, "%s: the mark is %llu and %llu was out", look->judge->names[counter->series],
              (unsigned long long)image->mark, (unsigned long long)counter->highest);
    for (uint32_t at = 0; at < image->spare_count; at++)
        if (power_numbers_meets(counter, image->spares[at].first, image->spares[at].last))
            fault(look, &counts->again, "%s: of the spares %llu-%llu one was out", look->judge->names[counter->series],
                  (unsigned long long)image->spares[at].first, (unsigned long long)image->spares[at].last);
    return look->tracks[image->series_id] ? judge_tracked(look, image->series_id, counter) : DOCKET_OK;
}

static docket_status judge_range(void *context, const struct dk_fate_record *record)
{
    struct look *look = context;
    const struct power_counter *counter = power_numbers_find(
        look->judge->numbers, (unsigned)look->series_of[record->series_id], record->period);
    if (record->fate == DK_FATE_VOID && counter && counter->highest > 0 &&
        power_numbers_meets(counter, record->range.first, record->range.last))
        fault(look, &look->judge->counts->again, "a number that was out is void: %llu-%llu",
              (unsigned long long)record->range.first, (unsigned long long)record->range.last);
    return DOCKET_OK;
}

static docket_status judge_ranges(struct look *look)
{
    docket_status status = DOCKET_OK;
    for (unsigned id = 1; status == DOCKET_OK && id < IDS; id++) {
        if (look->series_of[id] < 0)
            continue;
        for (unsigned at = 0; status == DOCKET_OK && at < look->judge->numbers->counter_count; at++) {
            const struct power_counter *counter = &look->judge->numbers->counters[at];
            if (counter->series == (unsigned)look->series_of[id])
                status = dk_store_each_range(look->store, id, counter->period, judge_range, look);
        }
    }
    return status;
}

static void judge_content(struct look *look)
{
    struct power_counts *counts = look->judge->counts;
    uint64_t records;
    memset(look->series_of, 0xff, sizeof look->series_of);
    docket_status status = dk_store_verify(look->store, &records);
    if (status == DOCKET_OK)
        status = dk_store_each_series(look->store, learn_series, look);
    if (status == DOCKET_OK)
        status = dk_store_each_counter(look->store, judge_counter, look);
    if (status == DOCKET_OK)
        status = judge_ranges(look);
    if (status != DOCKET_OK) {
        fault(look, &counts->unreadable, "%s", dk_error_text());
        return;
    }
    unsigned wanted = 0;
    for (unsigned at = 0; at < look->judge->numbers->counter_count; at++)
        wanted += look->judge->numbers->counters[at].highest > 0;
    if (look->met < wanted)
        fault(look, &counts->stale, "%u of %u counters are not in the store", wanted - look->met, wanted);
}

void power_judge(struct power_judge *judge, const char *where)
{
    static struct look look;
    char realm[512], witness[512], far[512];
    struct dk_store_facts facts;
    look = (struct look){.judge = judge, .where = where};
    snprintf(realm, sizeof realm, "%s/realm", judge->folder);
    snprintf(witness, sizeof witness, "%s/other/witness", judge->folder);
    snprintf(far, sizeof far, "%s/other/far", judge->folder);
    struct dk_store_options options = {.realm = realm,
                                       .witness = judge->other ? witness : NULL,
                                       .far = judge->other ? far : NULL,
                                       .far_is_named = true,
                                       .create = true,
                                       .map_bytes = (size_t)64 << 20,
                                       .preallocate_bytes = 4096,
                                       .boot_id = {7}};
    judge->counts->images++;
    judge->counts->served += judge->numbers->out > 0;
    if (dk_store_open(&options, &look.store, &facts) != DOCKET_OK) {
        fault(&look, &judge->counts->unreadable, "%s", dk_error_text());
        return;
    }
    judge->counts->empty += facts.created;
    judge_content(&look);
    docket_status unused = dk_store_close(look.store, false);
    (void)unused;
}
