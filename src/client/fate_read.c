/* SPDX-License-Identifier: MIT */
/* fate_read: docketd's rows of fate, put in order and told. */
#include "docket_admin.h"

#include "client/fate_merge.h"
#include "client/inside.h"
#include "numbering/fate.h"
#include "numbering/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FATE_TIMEOUT_NS (10 * DK_SECOND_NS)

/* Why: events that rows name, from the second memory file. */
struct reasons {
    struct dk_event_wire *rows;
    size_t count;
};

static int compare_events(const void *left, const void *right)
{
    const struct dk_event_wire *a = left, *b = right;
    return a->number < b->number ? -1 : a->number > b->number;
}

static const struct dk_event_wire *event_of(const struct reasons *reasons, uint64_t event)
{
    const struct dk_event_wire wanted = {.number = event};
    return event == 0 || reasons->count == 0
               ? NULL
               : bsearch(&wanted, reasons->rows, reasons->count, sizeof *reasons->rows, compare_events);
}

static const char *const states[DK_PERIOD_STATES] = {[DK_PERIOD_NEXT] = "next",
                                                     [DK_PERIOD_OPEN] = "open",
                                                     [DK_PERIOD_ENDED] = "ended",
                                                     [DK_PERIOD_CLOSING] = "closing",
                                                     [DK_PERIOD_CLOSED] = "closed"};

const char *dk_period_state_name(unsigned state)
{
    return state < DK_PERIOD_STATES ? states[state] : "unknown";
}

static struct docket_fate_row row_of(const struct dk_fate_wire *wire, const struct reasons *reasons)
{
    const struct dk_event_wire *event = event_of(reasons, wire->event);
    const struct dk_profile *profile = dk_profile(wire->profile);
    return (struct docket_fate_row){.tenant = wire->tenant,
                                    .series = wire->name,
                                    .order = dk_order_name(wire->order),
                                    .period = wire->period,
                                    .mark = wire->mark,
                                    .first = wire->first,
                                    .last = wire->last,
                                    .fate = dk_fate_name(wire->fate),
                                    .cause = dk_cause_name(wire->cause),
                                    .seat = wire->seat,
                                    .time_ns = wire->time_ns,
                                    .counter_ends = wire->counter_ends,
                                    .event = wire->event,
                                    .reason = event != NULL ? event->reason : "",
                                    .uid = event != NULL ? (int64_t)event->uid : -1,
                                    .tracked = wire->tracked,
                                    .period_first = wire->period_first,
                                    .period_last = wire->period_last,
                                    .period_state = dk_period_state_name(wire->period_state),
                                    .documents = dk_documents_name(wire->documents),
                                    .profile = profile != NULL ? profile->name : "unknown"};
}

/* ---- in which order counters are told: by tenant, series and period, whichever way the store has them ---- */

struct start {
    long at; /* of a counter's first row */
    int32_t period;
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
};

struct starts {
    struct start *list;
    size_t count, room;
};

static docket_status add_start(struct starts *starts, const struct dk_fate_wire *wire, long at)
{
    if (starts->count == starts->room) {
        size_t room = starts->room * 2 + 16;
        struct start *grown = realloc(starts->list, room * sizeof *grown);
        if (grown == NULL)
            return dk_fail(DOCKET_NO_MEMORY, "no memory to put docketd's answer in order");
        starts->list = grown;
        starts->room = room;
    }
    struct start *start = &starts->list[starts->count++];
    start->at = at;
    start->period = wire->period;
    memcpy(start->tenant, wire->tenant, sizeof start->tenant);
    memcpy(start->name, wire->name, sizeof start->name);
    return DOCKET_OK;
}

static int compare_starts(const void *left, const void *right)
{
    const struct start *a = left, *b = right;
    int order = strcmp(a->tenant, b->tenant);
    if (order == 0)
        order = strcmp(a->name, b->name);
    if (order == 0)
        order = a->period < b->period ? -1 : a->period > b->period;
    return order != 0 ? order : a->at < b->at ? -1 : 1;
}

static bool next_row(FILE *in, struct dk_fate_wire *wire)
{
    if (fread(wire, sizeof *wire, 1, in) != 1)
        return false;
    wire->tenant[sizeof wire->tenant - 1] = wire->name[sizeof wire->name - 1] = 0;
    return true;
}

static docket_status find_starts(FILE *in, struct starts *starts)
{
    struct dk_fate_wire wire;
    docket_status status = DOCKET_OK;
    bool begins = true;
    for (long at = 0; status == DOCKET_OK && next_row(in, &wire); at += (long)sizeof wire) {
        if (begins)
            status = add_start(starts, &wire, at);
        begins = wire.counter_ends != 0;
    }
    if (starts->count > 1)
        qsort(starts->list, starts->count, sizeof *starts->list, compare_starts);
    return status;
}

static docket_status tell_counter(FILE *in, const struct reasons *reasons, struct dk_fate_merge *merge)
{
    struct dk_fate_wire wire = {.counter_ends = 0};
    docket_status status = DOCKET_OK;
    while (status == DOCKET_OK && !merge->enough && !wire.counter_ends && next_row(in, &wire)) {
        struct docket_fate_row row = row_of(&wire, reasons);
        status = dk_fate_merge_row(merge, &row);
    }
    return status;
}

static docket_status read_rows(int fd, const struct reasons *reasons, struct dk_fate_merge *merge)
{
    struct starts starts = {.list = NULL};
    FILE *in = fdopen(fd, "r");
    if (in == NULL) {
        close(fd);
        return dk_fail_errno(DOCKET_NO_MEMORY, errno, "cannot read docketd's answer");
    }
    docket_status status = DOCKET_OK;
    bool sought = fseek(in, 0, SEEK_SET) == 0;
    if (sought)
        status = find_starts(in, &starts);
    for (size_t i = 0; sought && status == DOCKET_OK && !merge->enough && i < starts.count; i++)
        if ((sought = fseek(in, starts.list[i].at, SEEK_SET) == 0))
            status = tell_counter(in, reasons, merge);
    if (status == DOCKET_OK && (!sought || ferror(in)))
        status = dk_fail_errno(DOCKET_SYSTEM, errno, "docketd's answer cannot be read");
    fclose(in);
    free(starts.list);
    dk_fate_merge_end(merge);
    return status;
}

docket_status docket_admin_fate(docket_realm *realm, const char *tenant, const char *name, int32_t period,
                                int (*each)(void *context, const struct docket_fate_row *row), void *context)
{
    struct dk_request request = {.type = DK_ASK_FATE, .period = period};
    struct dk_reply reply;
    int fds[DK_WIRE_FDS];
    docket_status status = DOCKET_OK;
    if (realm == NULL || each == NULL || (tenant == NULL && name != NULL))
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_fate wants a realm, a tenant where a series is named, and a callback");
    if (name != NULL)
        status = dk_names_fill(tenant, name, request.tenant, request.name);
    else if (tenant != NULL && (status = dk_name_check("tenant", tenant)) == DOCKET_OK)
        snprintf(request.tenant, sizeof request.tenant, "%s", tenant);
    if (status == DOCKET_OK)
        status = dk_reach_ask(realm, &request, FATE_TIMEOUT_NS, &reply, fds);
    if (status != DOCKET_OK)
        return status;
    struct reasons reasons = {0};
    struct dk_fate_merge merge = {.realm = realm, .each = each, .context = context};
    void *read = NULL;
    for (int i = 2; i < DK_WIRE_FDS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (fds[1] >= 0) {
        status = dk_errand_rows(fds[1], sizeof *reasons.rows, &read, &reasons.count);
        reasons.rows = read;
        for (size_t i = 0; i < reasons.count; i++)
            reasons.rows[i].reason[sizeof reasons.rows[i].reason - 1] = 0;
    }
    if (status == DOCKET_OK && fds[0] < 0)
        status = dk_fail(DOCKET_PROTOCOL, "docketd answered without the rows");
    if (status == DOCKET_OK)
        status = read_rows(fds[0], &reasons, &merge);
    else if (fds[0] >= 0)
        close(fds[0]);
    free(read);
    return status;
}
