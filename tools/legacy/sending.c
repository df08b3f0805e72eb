/* SPDX-License-Identifier: MIT */
/* sending: see sending.h. */
#include "sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 3, KEY_MOST = 128 };

struct chunk {
    struct docket_import_row rows[DOCKET_IMPORT_ROWS_MAX];
    size_t row_count;
    struct intake_row records[SENDING_RECORDS]; /* ascending */
    size_t record_count;
    char texts[SENDING_TEXTS];
    size_t text_bytes;
    bool whole;            /* it is to be sent */
    struct intake_row next; /* read, and of the next chunk */
    bool has_next, ended;
    uint64_t from;         /* of its counter */
    bool tracked;
    bool sent_highest;     /* ... of its counter; it is not sent again */
    bool highest_first;    /* the chunk is the counter's highest number alone */
    bool left;             /* no more of its counter is sent */
    struct sent_counter *counter;
};

int sending_begin(struct sending *sending)
{
    sending->chunk = calloc(1, sizeof *sending->chunk);
    sending->counters = calloc(sending->intake->names.counter_count + 1u, sizeof *sending->counters);
    sending->clashes = calloc(SENDING_CLASHES_TOLD, sizeof *sending->clashes);
    progress_begin(&sending->progress, sending->cli, "numbers sent");
    if (sending->chunk != NULL && sending->counters != NULL && sending->clashes != NULL)
        return CLI_DONE;
    return cli_fail(sending->cli, DOCKET_NO_MEMORY, "no memory to send numbers");
}

void sending_end(struct sending *sending)
{
    progress_end(&sending->progress);
    free(sending->chunk);
    free(sending->counters);
    free(sending->clashes);
}

/* ---- a chunk ---- */

/* NULL: it does not fit any more. */
static const char *keep(struct chunk *chunk, struct span text)
{
    if (text.bytes == 0)
        return "";
    if (text.bytes + 1 > sizeof chunk->texts - chunk->text_bytes)
        return NULL;
    char *at = chunk->texts + chunk->text_bytes;
    memcpy(at, text.text, text.bytes);
    at[text.bytes] = '\0';
    chunk->text_bytes += text.bytes + 1;
    return at;
}

/* Does the number join the last row? */
static bool joins(const struct chunk *chunk, const struct intake_row *record)
{
    const struct docket_import_row *last = chunk->row_count > 0 ? &chunk->rows[chunk->row_count - 1] : NULL;
    return !chunk->tracked && last != NULL && last->last + 1 == record->number &&
           (last->is_void != 0) == record->is_void;
}

/* True if it is in the chunk now; false if the chunk is full. *failed: it has been said why. */
static bool put(struct sending *sending, const struct intake_row *record, bool *failed)
{
    struct chunk *chunk = sending->chunk;
    const struct spooled *texts;
    if (chunk->record_count == SENDING_RECORDS)
        return false;
    if (joins(chunk, record)) {
        struct docket_import_row *last = &chunk->rows[chunk->row_count - 1];
        last->last = record->number;
        last->date = last->date == 0 || record->day == 0 ? 0 : record->day > last->date ? record->day : last->date;
        chunk->records[chunk->record_count++] = *record;
        return true;
    }
    if (chunk->row_count == DOCKET_IMPORT_ROWS_MAX)
        return false;
    struct docket_import_row row = {
        .first = record->number, .last = record->number, .date = record->day, .is_void = record->is_void};
    *failed = !intake_again(sending->intake, record->place, &texts);
    if (*failed)
        return false;
    row.line = texts->line;
    if (chunk->tracked) {
        bool keyed = sending->by_id && texts->id.bytes > 0 && texts->id.bytes <= KEY_MOST &&
                     memchr(texts->id.text, '\0', texts->id.bytes) == NULL; /* a key ends there */
        sending->unkeyed += sending->by_id && !keyed && !record->made;
        row.text = keep(chunk, texts->number);
        row.key = keyed ? keep(chunk, texts->id) : NULL;
        if (row.text == NULL || (keyed && row.key == NULL))
            return false;
    }
    if (record->made)
        row.reason = "the last value of its sequence, which no document has";
    chunk->rows[chunk->row_count++] = row;
    chunk->records[chunk->record_count++] = *record;
    return true;
}

struct showing {
    const struct sending *sending;
    struct sent_counter *counter;
    struct docket_series_facts facts; /* its numbers only */
    bool tracked, seen;
};

static int take_facts(void *context, const struct docket_series_facts *facts)
{
    struct showing *showing = context;
    showing->seen = true;
    showing->facts = *facts;
    for (uint32_t i = 0; i < facts->setting_count; i++)
        if (strcmp(facts->settings[i].name, "ledger") == 0)
            showing->tracked = strcmp(facts->settings[i].before, "on") == 0;
    return 0;
}

static docket_status show(docket_realm *realm, struct showing *showing, int32_t period)
{
    const struct docket_counter_name name = {showing->counter->tenant, showing->counter->series, period};
    return docket_admin_series_show(realm, &name, take_facts, showing);
}

static docket_status begin_counter(docket_realm *realm, struct sending *sending, uint32_t at)
{
    const struct names_counter *name = &sending->intake->names.counters[at];
    struct chunk *chunk = sending->chunk;
    struct sent_counter *counter = &sending->counters[sending->counter_count];
    struct showing showing = {.sending = sending, .counter = counter};
    *counter = (struct sent_counter){.tenant = sending->intake->names.tenants[name->tenant],
                                     .series = name->series,
                                     .period = name->period,
                                     .rows = name->rows};
    docket_status status = show(realm, &showing, -1);
    if (status == DOCKET_UNREACHABLE)
        return status; /* asked again */
    if (status == DOCKET_NO_SERIES && sending->declares && sending->flags & DOCKET_DRY_RUN) {
        counter->is_thought = true;
        status = DOCKET_OK;
    }
    counter->is_current = showing.seen && showing.facts.period == name->period;
    counter->status = status;
    if (status != DOCKET_OK)
        snprintf(counter->sentence, sizeof counter->sentence, "%s", docket_last_error());
    sending->counter_count++;
    chunk->counter = counter;
    chunk->tracked = showing.tracked;
    chunk->from = 0;
    chunk->sent_highest = false;
    chunk->left = status != DOCKET_OK;
    return DOCKET_OK;
}

/* Docket goes on giving numbers between two chunks: of a counter that needs several, the highest comes first, so that
 * those lie above. */
static bool goes_first(const struct sending *sending, const struct intake_row *row)
{
    return sending->intake->names.counters[row->counter].rows > DOCKET_IMPORT_ROWS_MAX &&
           (sending->flags & DOCKET_DRY_RUN) == 0;
}

/* Numbers of one counter, as many as go into a chunk. */
static docket_status fill(docket_realm *realm, struct sending *sending)
{
    struct chunk *chunk = sending->chunk;
    bool failed = false;
    while (!chunk->whole) {
        int got = chunk->has_next ? 1 : intake_next(sending->intake, &chunk->next);
        failed = got < 0;
        chunk->has_next = got == 1;
        chunk->ended = got == 0;
        if (got != 1)
            break;
        const struct names_counter *name = &sending->intake->names.counters[chunk->next.counter];
        const struct sent_counter *counter = chunk->counter;
        bool begun = counter != NULL && counter->series == name->series && counter->period == name->period &&
                    counter->tenant == sending->intake->names.tenants[name->tenant];
        if (!begun && chunk->record_count > 0)
            break;
        docket_status status = begun ? DOCKET_OK : begin_counter(realm, sending, chunk->next.counter);
        if (status != DOCKET_OK)
            return status;
        if (!begun && !chunk->left && goes_first(sending, &chunk->next)) {
            chunk->sent_highest = true;
            chunk->highest_first = put(sending, &sending->intake->lasts[chunk->next.counter], &failed);
            break;
        }
        bool sent = chunk->sent_highest && chunk->next.number == sending->intake->lasts[chunk->next.counter].number;
        if (!chunk->left && !sent && !put(sending, &chunk->next, &failed))
            break;
        chunk->has_next = false;
    }
    sending->failed = failed;
    chunk->whole = chunk->record_count > 0;
    return DOCKET_OK;
}

/* ---- both sides of a clash ---- */

static size_t first_record(const struct chunk *chunk, uint64_t number)
{
    size_t low = 0, high = chunk->record_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (chunk->records[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void copy_text(char *to, size_t size, struct span text)
{
    size_t bytes = text.bytes < size ? text.bytes : size - 1;
    for (size_t at = 0; at < bytes; at++)
        to[at] = (unsigned char)text.text[at] < ' ' || text.text[at] == 0x7f ? '?' : text.text[at];
    to[bytes] = '\0';
}

static int take_clash(void *context, const struct docket_clash *clash)
{
    struct sending *sending = context;
    const struct chunk *chunk = sending->chunk;
    const struct spooled *texts;
    for (size_t i = first_record(chunk, clash->first);
         i < chunk->record_count && chunk->records[i].number <= clash->last && sending->clash_count < SENDING_CLASHES_TOLD; i++) {
        const struct intake_row *record = &chunk->records[i];
        struct sending_clash *told = &sending->clashes[sending->clash_count];
        if (!intake_again(sending->intake, record->place, &texts))
            return 1;
        *told = (struct sending_clash){.line = texts->line,
                                       .number = record->number,
                                       .event = clash->event,
                                       .time_ns = clash->time_ns,
                                       .is_void = record->is_void,
                                       .by_key = clash->by_key != 0,
                                       .their_period = clash->period,
                                       .their_number = clash->by_key ? clash->number : record->number};
        copy_text(told->text, sizeof told->text, texts->number);
        copy_text(told->id, sizeof told->id, texts->id);
        copy_text(told->date, sizeof told->date, texts->date);
        snprintf(told->fate, sizeof told->fate, "%s", clash->fate);
        snprintf(told->cause, sizeof told->cause, "%s", clash->cause);
        snprintf(told->key, sizeof told->key, "%s", clash->key);
        snprintf(told->trace, sizeof told->trace, "%s", clash->trace);
        snprintf(told->their_text, sizeof told->their_text, "%s", clash->text);
        sending->clash_count++;
    }
    return 0;
}

/* ---- sending ---- */

static void add(struct docket_import_found *sum, const struct docket_import_found *found)
{
    sum->imported += found->imported;
    sum->voided += found->voided;
    sum->already += found->already;
    sum->below += found->below;
    sum->named += found->named;
    sum->unnamed += found->unnamed;
    sum->clashing += found->clashing;
    sum->highest = found->highest > sum->highest ? found->highest : sum->highest;
    sum->changed |= found->changed;
}

static void empty(struct chunk *chunk)
{
    chunk->row_count = chunk->record_count = chunk->text_bytes = 0;
    chunk->whole = false;
}

/* What was found of a chunk; of one in which something clashes nothing is counted but that, unless it is left out. */
static void take_found(struct sending *sending, const struct docket_import_found *found)
{
    struct chunk *chunk = sending->chunk;
    struct sent_counter *counter = chunk->counter;
    bool dry = (sending->flags & DOCKET_DRY_RUN) != 0;
    sending->clashing += found->clashing;
    if (found->clashing > 0 && !(sending->flags & DOCKET_SKIP_CLASHES) && !dry) {
        counter->found.clashing += found->clashing;
        counter->stopped_at = chunk->highest_first ? chunk->next.number : chunk->rows[0].first; /* next: its first */
        chunk->left = true;
    } else {
        if (chunk->highest_first)
            counter->passed_over = found->unnamed;
        uint64_t named = found->named < counter->passed_over ? found->named : counter->passed_over;
        counter->passed_over -= named; /* by the highest; now their own chunk has them */
        add(&counter->found, found);
        counter->found.unnamed -= named;
        chunk->from = chunk->highest_first ? 0 : found->highest + 1;
    }
    chunk->highest_first = false;
    counter->chunks++;
}

/* Of a counter that there is not yet: all of it is as the rows say. */
static void think(const struct chunk *chunk, struct docket_import_found *found)
{
    uint64_t at = chunk->from > 0 ? chunk->from : 1;
    *found = (struct docket_import_found){.highest = chunk->rows[chunk->row_count - 1].last};
    for (size_t i = 0; i < chunk->row_count; i++) {
        const struct docket_import_row *row = &chunk->rows[i];
        uint64_t numbers = row->last - row->first + 1;
        found->unnamed += row->first - at;
        found->imported += row->is_void ? 0 : numbers;
        found->voided += row->is_void ? numbers : 0;
        at = row->last + 1;
    }
}

static docket_status send_chunk(docket_realm *realm, struct sending *sending)
{
    struct chunk *chunk = sending->chunk;
    struct sent_counter *counter = chunk->counter;
    const struct docket_counter_name name = {counter->tenant, counter->series, counter->period};
    const struct docket_import import = {.rows = chunk->rows,
                                         .count = chunk->row_count,
                                         .source = sending->source,
                                         .from = chunk->from,
                                         .flags = sending->flags};
    struct docket_import_found found;
    docket_status status = DOCKET_UNREACHABLE;
    size_t told = sending->clash_count;
    if (counter->is_thought) {
        think(chunk, &found);
        status = DOCKET_OK;
    }
    for (size_t i = 0; i < chunk->record_count; i++)
        counter->last_day = chunk->records[i].day > counter->last_day ? chunk->records[i].day : counter->last_day;
    for (int tries = 0; status == DOCKET_UNREACHABLE && tries < TRIES; tries++) {
        sending->clash_count = told;
        status = docket_import(realm, &name, &import, &found, take_clash, sending);
    }
    if (status == DOCKET_UNREACHABLE || status == DOCKET_NOT_PERMITTED)
        return status;
    if (status == DOCKET_OK) {
        take_found(sending, &found);
    } else {
        counter->status = status;
        snprintf(counter->sentence, sizeof counter->sentence, "%s", docket_last_error());
        chunk->left = true;
    }
    sending->progress.count += chunk->record_count - 1;
    progress_step(&sending->progress);
    empty(chunk);
    return DOCKET_OK;
}

/* ---- what comes next ---- */

static void write_next(const struct sending *sending, struct sent_counter *counter, uint32_t date)
{
    unsigned most = counter->is_current ? SENDING_NEXT : 1;
    for (; counter->next_count < most; counter->next_count++)
        if (docket_reader_write(sending->intake->reader, counter->tenant, counter->series, date,
                                counter->next + counter->next_count, counter->next_texts[counter->next_count]) != DOCKET_OK)
            return;
}

static docket_status look_ahead(docket_realm *realm, struct sending *sending)
{
    for (size_t i = 0; i < sending->counter_count; i++) {
        struct sent_counter *counter = &sending->counters[i];
        struct showing showing = {.sending = sending, .counter = counter};
        if (counter->status != DOCKET_OK || counter->next != 0)
            continue;
        if (counter->is_thought) {
            counter->next = counter->found.highest + 1;
            write_next(sending, counter, counter->last_day);
            continue;
        }
        docket_status status = show(realm, &showing, counter->period);
        if (status == DOCKET_UNREACHABLE)
            return status;
        if (status != DOCKET_OK || !showing.seen)
            continue;
        counter->next = showing.facts.next;
        if (sending->flags & DOCKET_DRY_RUN && counter->next <= counter->found.highest)
            counter->next = counter->found.highest + 1;
        write_next(sending, counter,
                   counter->is_current || showing.facts.period_last == 0 ? showing.facts.today : showing.facts.period_last);
    }
    return DOCKET_OK;
}

docket_status sending_step(docket_realm *realm, void *context)
{
    struct sending *sending = context;
    struct chunk *chunk = sending->chunk;
    while (!chunk->ended || chunk->whole || chunk->has_next) {
        docket_status status = chunk->whole ? DOCKET_OK : fill(realm, sending);
        if (status == DOCKET_OK && chunk->whole)
            status = send_chunk(realm, sending);
        if (status != DOCKET_OK || sending->failed)
            return status;
    }
    return look_ahead(realm, sending);
}
