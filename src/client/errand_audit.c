/* SPDX-License-Identifier: MIT */
/* errand_audit: the audit trail of docket_admin.h: events, and the chain that they are. */
#include "docket_admin.h"

#include "client/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ERRAND_TIMEOUT_NS (10 * DK_SECOND_NS)

/* ---- events ---- */

static void tell_events(struct dk_event_wire *rows, size_t count, docket_each_event each, void *context)
{
    for (size_t i = 0; i < count; i++) {
        struct dk_event_wire *row = &rows[i];
        row->kind[sizeof row->kind - 1] = row->text[sizeof row->text - 1] = 0;
        row->reason[sizeof row->reason - 1] = row->hash[sizeof row->hash - 1] = 0;
        row->tenant[sizeof row->tenant - 1] = row->name[sizeof row->name - 1] = 0;
        struct docket_event event = {.number = row->number,
                                     .time_ns = row->time_ns,
                                     .uid = row->uid,
                                     .kind = row->kind,
                                     .text = row->text,
                                     .reason = row->reason,
                                     .tenant = row->tenant,
                                     .series = row->name,
                                     .period = row->period,
                                     .erased = row->erased,
                                     .hash = row->hash};
        if (each(context, &event) != 0)
            return;
    }
}

/* Names that no series can have would choose nothing. */
static docket_status fill(struct dk_admin_request *request, const struct docket_event_choice *choice)
{
    request->first = choice->from;
    request->since_ns = choice->since_ns;
    request->count = choice->limit;
    docket_status status = dk_errand_put(request->kind, sizeof request->kind, "kind", choice->kind);
    if (status == DOCKET_OK && choice->series != NULL && choice->tenant == NULL)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "events of a series are asked for by its tenant too");
    if (status == DOCKET_OK && choice->tenant != NULL)
        status = dk_name_check("tenant", choice->tenant);
    if (status == DOCKET_OK && choice->series != NULL)
        status = dk_name_check("series", choice->series);
    if (status == DOCKET_OK)
        status = dk_errand_put(request->tenant, sizeof request->tenant, "tenant", choice->tenant);
    return status == DOCKET_OK ? dk_errand_put(request->name, sizeof request->name, "series", choice->series) : status;
}

docket_status docket_admin_events(docket_realm *realm, const struct docket_event_choice *choice, uint64_t *found,
                                  docket_each_event each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_EVENTS, .period = -1};
    struct dk_reply reply;
    void *rows = NULL;
    size_t count = 0;
    int fd = -1;
    if (realm == NULL || each == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_events wants a realm and a callback");
    docket_status status = choice != NULL ? fill(&request, choice) : DOCKET_OK;
    if (status == DOCKET_OK)
        status = dk_errand_ask(realm, &request, -1, 6 * ERRAND_TIMEOUT_NS, &reply, &fd);
    if (status == DOCKET_OK && fd >= 0)
        status = dk_errand_rows(fd, sizeof(struct dk_event_wire), &rows, &count);
    if (status != DOCKET_OK)
        return status;
    if (found != NULL)
        *found = reply.salt;
    tell_events(rows, count, each, context);
    free(rows);
    return DOCKET_OK;
}

/* ---- the chain ---- */

static docket_status ask_audit(docket_realm *realm, uint32_t type, int64_t timeout_ns, struct docket_audit *audit)
{
    struct dk_admin_request request = {.type = type, .period = -1};
    struct dk_reply reply;
    void *rows = NULL;
    size_t count = 0;
    int fd = -1;
    docket_status status = dk_errand_ask(realm, &request, -1, timeout_ns, &reply, &fd);
    if (status == DOCKET_OK && fd >= 0)
        status = dk_errand_rows(fd, sizeof(struct dk_audit_wire), &rows, &count);
    if (status == DOCKET_OK && count != 1)
        status = dk_fail(DOCKET_PROTOCOL, "docketd answered without the state of the audit trail");
    if (status == DOCKET_OK) {
        const struct dk_audit_wire *row = rows;
        *audit = (struct docket_audit){.begins = row->begins, .head = row->head, .broken = row->broken};
        memcpy(audit->hash, row->hash, sizeof audit->hash - 1);
        memcpy(audit->what, row->what, sizeof audit->what - 1);
        memcpy(audit->expected, row->expected, sizeof audit->expected - 1);
        memcpy(audit->found, row->found, sizeof audit->found - 1);
    }
    free(rows);
    return status;
}

docket_status docket_admin_audit_verify(docket_realm *realm, int64_t timeout_ns, struct docket_audit *audit)
{
    if (realm == NULL || audit == NULL || timeout_ns <= 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_audit_verify wants a realm, a timeout above 0 and a place for "
                                            "what is found");
    *audit = (struct docket_audit){0};
    docket_status status = ask_audit(realm, DK_ADMIN_AUDIT, timeout_ns, audit);
    if (status != DOCKET_OK || audit->broken == 0)
        return status;
    return dk_fail(DOCKET_DAMAGED, "the audit trail is broken at event %llu: %s%s%s%s%s", (unsigned long long)audit->broken,
                   audit->what, audit->expected[0] ? "; expected " : "", audit->expected,
                   audit->found[0] ? ", found " : "", audit->found);
}

docket_status docket_admin_audit_head(docket_realm *realm, uint64_t *number, char hash[DOCKET_HASH_TEXT])
{
    struct docket_audit audit;
    if (realm == NULL || number == NULL || hash == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_audit_head wants a realm and places for number and hash");
    docket_status status = ask_audit(realm, DK_ADMIN_HEAD, ERRAND_TIMEOUT_NS, &audit);
    if (status != DOCKET_OK)
        return status;
    *number = audit.head;
    memcpy(hash, audit.hash, DOCKET_HASH_TEXT);
    return DOCKET_OK;
}
