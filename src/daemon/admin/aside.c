/* SPDX-License-Identifier: MIT */
/*
 * aside: what reads much of the store has a thread of its own, so that laying
 * goes on meanwhile. Such a thread touches the store (a read transaction) and its
 * errand's own fields; the loop looks whether it has ended, and joins it before
 * it touches them.
 */
#include "daemon/admin/errand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_DEFAULT = 100, EVENTS_MAX = 10000 };

static void ended(struct dk_errand *errand)
{
    void (*then)(struct dk_errand *errand) = errand->then;
    errand->go_on = NULL;
    errand->then = NULL;
    if (errand->outcome == DOCKET_OK && then != NULL) {
        then(errand);
        return;
    }
    if (errand->outcome != DOCKET_OK)
        dk_fail(errand->outcome, "%s", errand->sentence);
    dk_errand_end(errand, errand->outcome);
}

static void look(struct dk_errand *errand)
{
    if (errand->connection->gone)
        dk_store_relaxed(&errand->stop, 1); /* Relaxed: carries nothing but itself */
    if (pthread_tryjoin_np(errand->thread, NULL) == 0)
        ended(errand);
}

void dk_admin_stop(struct dk_daemon *daemon)
{
    for (struct dk_errand *errand = daemon->errands; errand != NULL; errand = errand->next)
        dk_store_relaxed(&errand->stop, 1); /* Relaxed: as above */
    for (struct dk_errand *errand = daemon->errands, *next; errand != NULL; errand = next) {
        next = errand->next;
        if (errand->go_on != look)
            continue;
        pthread_join(errand->thread, NULL);
        if (errand->then != NULL) {
            errand->then = NULL;
            errand->outcome = DOCKET_UNREACHABLE;
            snprintf(errand->sentence, sizeof errand->sentence, "docketd is stopping; nothing was changed");
        }
        ended(errand);
    }
}

docket_status dk_aside_begin(struct dk_errand *errand, void *(*work)(void *context))
{
    int error = pthread_create(&errand->thread, NULL, work, errand);
    if (error != 0)
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot start a thread to read the store");
    errand->waits = true;
    errand->go_on = look;
    return DOCKET_OK;
}

void dk_aside_outcome(struct dk_errand *errand, docket_status status)
{
    errand->outcome = status;
    if (status != DOCKET_OK)
        snprintf(errand->sentence, sizeof errand->sentence, "%s", dk_error_text());
}

/* ---- verify ---- */

static void *verify(void *context)
{
    struct dk_errand *errand = context;
    dk_aside_outcome(errand, dk_store_verify(errand->daemon->store, &errand->figure));
    return NULL;
}

docket_status dk_errand_verify(struct dk_errand *errand)
{
    for (const struct dk_errand *other = errand->daemon->errands; other != NULL; other = other->next)
        if (other != errand && other->asked.type == DK_ADMIN_VERIFY)
            return dk_fail(DOCKET_BUSY, "the store is being verified already");
    return dk_aside_begin(errand, verify);
}

/* ---- events ---- */

void dk_event_fill(struct dk_event_wire *row, const struct dk_event *event)
{
    memset(row, 0, sizeof *row);
    row->number = event->number;
    row->time_ns = event->time_ns;
    row->uid = event->uid;
    row->period = event->period;
    row->erased = event->link.erased;
    memcpy(row->kind, event->kind, sizeof row->kind);
    memcpy(row->text, event->text, sizeof row->text);
    memcpy(row->reason, event->reason, sizeof row->reason);
    memcpy(row->tenant, event->tenant, sizeof row->tenant);
    memcpy(row->name, event->series, sizeof row->name);
    if (event->link.there)
        dk_digest_text(event->link.hash, row->hash);
}

void dk_event_put(FILE *out, const struct dk_event *event)
{
    struct dk_event_wire row;
    dk_event_fill(&row, event);
    fwrite(&row, sizeof row, 1, out);
}

struct choosing {
    const struct dk_admin_request *asked;
    struct dk_event_wire *last; /* a ring */
    uint64_t room, found;
};

static docket_status choose(void *context, const struct dk_event *event)
{
    struct choosing *choosing = context;
    const struct dk_admin_request *asked = choosing->asked;
    if (event->time_ns < asked->since_ns || (asked->kind[0] != 0 && strcmp(asked->kind, event->kind) != 0) ||
        (asked->tenant[0] != 0 && strcmp(asked->tenant, event->tenant) != 0) ||
        (asked->name[0] != 0 && strcmp(asked->name, event->series) != 0))
        return DOCKET_OK;
    struct dk_event_wire *row = &choosing->last[choosing->found++ % choosing->room];
    dk_event_fill(row, event);
    return DOCKET_OK;
}

static void *gather(void *context)
{
    struct dk_errand *errand = context;
    uint64_t room = errand->asked.count == 0 ? EVENTS_DEFAULT : errand->asked.count;
    struct choosing choosing = {.asked = &errand->asked, .room = room};
    choosing.last = dk_must_alloc(room, sizeof *choosing.last);
    dk_aside_outcome(errand, dk_store_each_event(errand->daemon->store, errand->asked.first, choose, &choosing));
    uint64_t count = choosing.found < room ? choosing.found : room;
    struct dk_event_wire *rows = dk_must_alloc(count, sizeof *rows);
    for (uint64_t i = 0; i < count; i++)
        rows[i] = choosing.last[(choosing.found - count + i) % room];
    free(choosing.last);
    errand->answer = rows;
    errand->answer_bytes = count * sizeof *rows;
    errand->figure = choosing.found;
    return NULL;
}

docket_status dk_errand_events(struct dk_errand *errand)
{
    if (errand->asked.count > EVENTS_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "at most %d events are told at once", EVENTS_MAX);
    return dk_aside_begin(errand, gather);
}

/* ---- the chain of events ---- */

static void fill_audit(struct dk_errand *errand, const struct dk_audit *audit)
{
    struct dk_audit_wire *row = dk_must_alloc(1, sizeof *row);
    row->begins = audit->trail.begins;
    row->head = audit->trail.number;
    row->broken = audit->broken;
    dk_digest_text(audit->trail.hash, row->hash);
    memcpy(row->what, audit->what, sizeof audit->what);
    memcpy(row->expected, audit->expected, sizeof audit->expected);
    memcpy(row->found, audit->found, sizeof audit->found);
    errand->answer = row;
    errand->answer_bytes = sizeof *row;
}

static void *walk_chain(void *context)
{
    struct dk_errand *errand = context;
    struct dk_audit audit;
    dk_aside_outcome(errand, dk_store_audit(errand->daemon->store, &audit));
    if (errand->outcome == DOCKET_OK)
        fill_audit(errand, &audit);
    return NULL;
}

docket_status dk_errand_audit(struct dk_errand *errand)
{
    return dk_aside_begin(errand, walk_chain);
}

docket_status dk_errand_head(struct dk_errand *errand)
{
    struct dk_audit audit = {0};
    docket_status status = dk_store_trail(errand->daemon->store, &audit.trail);
    if (status == DOCKET_OK)
        fill_audit(errand, &audit);
    return status;
}
