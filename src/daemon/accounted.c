/* SPDX-License-Identifier: MIT */
/*
 * accounted: callers who want to know that the store can tell what became of their
 * number, so that no power loss makes it unknown.
 *
 * Recovery believes the counter's last durable image and nothing else (recovery.c): what
 * lies below image.next was handed out, unless the image has it as a spare, or as the rest of
 * a block that was open. So that is what is asked here, of the store. Where the image does not
 * say it yet, the counter's next turn commits though its plan would not need to: the position of
 * a strict word, or the cursors of leased blocks, as the turn saw them. All who wait by then share
 * that commit. What a worker wrote into shared memory never answers anybody: only what was
 * committed does.
 */
#include "daemon/door/serve.h"

#include <stdlib.h>

struct dk_accounting {
    struct dk_accounting *next;
    struct dk_connection *connection;
    uint64_t number;
};

/* After a power loss this image alone tells that the number was handed out. */
static bool accounts(const struct dk_counter_image *image, uint64_t number)
{
    if (number < image->extent_first || number >= image->next)
        return false;
    for (uint32_t i = 0; i < image->spare_count; i++)
        if (number >= image->spares[i].first && number <= image->spares[i].last)
            return false;
    for (uint32_t i = 0; i < image->place_count; i++) {
        const struct dk_place_record *place = &image->places[i];
        if (number >= place->first + place->offset && number < place->first + place->size)
            return false;
    }
    return true;
}

/* ---- answers ---- */

static docket_status say_not_held(const struct dk_series_record *record, int32_t label, uint64_t number)
{
    char period[16];
    dk_period_text(label, period);
    return dk_fail(DOCKET_NOT_HELD, "%llu of %s/%s%s%s was not handed out, as far as docketd sees", (unsigned long long)number,
                   record->tenant, record->name, period[0] ? "/" : "", period);
}

static void answer(struct dk_accounting *waiting, docket_status status)
{
    struct dk_reply reply = {0};
    dk_serve_answer(waiting->connection, DK_ASK_ACCOUNT, status, &reply, NULL, 0);
    free(waiting);
}

static struct dk_accounting *take_first(struct dk_accounting **list)
{
    struct dk_accounting *first = *list;
    if (first != NULL)
        *list = first->next;
    return first;
}

bool dk_accounted_plan(struct dk_counter *counter)
{
    struct dk_accounting **end = &counter->accounting;
    while (*end != NULL)
        end = &(*end)->next;
    *end = counter->accounted; /* none, unless a plan was dropped */
    counter->accounted = counter->accounting;
    counter->accounting = NULL;
    return counter->accounted != NULL;
}

void dk_accounted_committed(struct dk_counter *counter, const struct dk_counter_image *image, bool saw_all)
{
    for (struct dk_accounting *waiting; (waiting = take_first(&counter->accounted)) != NULL;) {
        docket_status status = DOCKET_OK;
        if (image == NULL || !accounts(image, waiting->number))
            status = saw_all ? say_not_held(&counter->series->record, counter->period.label, waiting->number)
                             : dk_fail(DOCKET_TIMEOUT, "a lease's cursor could not be read just now; ask again");
        answer(waiting, status);
    }
}

void dk_accounted_refuse(struct dk_counter *counter, docket_status status, const char *why)
{
    (void)dk_accounted_plan(counter);
    for (struct dk_accounting *waiting; (waiting = take_first(&counter->accounted)) != NULL;)
        answer(waiting, dk_fail(status, "%s/%s: %s", counter->series->record.tenant, counter->series->record.name, why));
}

/* ---- asking ---- */

struct looking {
    uint64_t number;
    int32_t label;
    bool accounted;
};

static docket_status look_at_image(void *context, const struct dk_counter_image *image)
{
    struct looking *looking = context;
    if (image->period == looking->label)
        looking->accounted = accounts(image, looking->number);
    return DOCKET_OK;
}

static docket_status find(struct dk_connection *connection, const struct dk_request *request,
                          struct dk_series_record *record)
{
    bool found;
    docket_status status = dk_serve_check_names(connection, request->tenant, request->name);
    if (status == DOCKET_OK && connection->daemon->stopping)
        status = dk_fail(DOCKET_UNREACHABLE, "docketd is stopping");
    if (status == DOCKET_OK && (request->first == 0 || request->first > DOCKET_NUMBER_MAX))
        status = dk_fail(DOCKET_BAD_ARGUMENT, "%llu is no number", (unsigned long long)request->first);
    if (status == DOCKET_OK)
        status = dk_store_find_series(connection->daemon->store, request->tenant, request->name, record, &found);
    if (status == DOCKET_OK && !found)
        status = dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", request->tenant, request->name);
    return status;
}

/* NULL: nothing of it is in memory that could still say more than the store does. */
static struct dk_counter *counter_of(struct dk_daemon *daemon, uint64_t series_id, int32_t label)
{
    const struct dk_series_book *series = dk_series_by_id(daemon, series_id);
    struct dk_counter *counter = series == NULL ? NULL : dk_series_counter(series, label);
    return counter == NULL || counter->closed ? NULL : counter;
}

bool dk_serve_account(struct dk_connection *connection, const struct dk_request *request, docket_status *status)
{
    struct looking looking = {.number = request->first, .label = request->period};
    struct dk_series_record record;
    *status = find(connection, request, &record);
    if (*status == DOCKET_OK)
        *status = dk_store_each_counter_of(connection->daemon->store, record.id, look_at_image, &looking);
    if (*status != DOCKET_OK || looking.accounted)
        return false;
    struct dk_counter *counter = counter_of(connection->daemon, record.id, request->period);
    if (counter == NULL) {
        *status = say_not_held(&record, request->period, request->first);
        return false;
    }
    if (counter->series->quarantined) {
        *status = dk_fail(DOCKET_QUARANTINED, "%s/%s is quarantined: what the store does not say yet of its numbers cannot be "
                                              "believed",
                          record.tenant, record.name);
        return false;
    }
    struct dk_accounting *waiting = dk_must_alloc(1, sizeof *waiting);
    *waiting = (struct dk_accounting){.next = counter->accounting, .connection = connection, .number = request->first};
    counter->accounting = waiting;
    connection->asked = DK_ASK_ACCOUNT;
    dk_keeper_ask(counter);
    return true;
}
