/* SPDX-License-Identifier: MIT */
/* errand_retention: docket_admin.h's records of a closed period, looked over and dropped. */
#include "docket_admin.h"

#include "client/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_TIMEOUT_NS (3600 * DK_SECOND_NS)

static docket_status ask(docket_realm *realm, struct dk_admin_request *request, const struct docket_counter_name *counter,
                         struct docket_retention *found, uint64_t *dropped)
{
    struct dk_reply reply;
    void *rows = NULL;
    size_t count = 0;
    int fd = -1;
    request->type = DK_ADMIN_RETENTION;
    request->period = counter->period;
    docket_status status = dk_names_fill(counter->tenant, counter->series, request->tenant, request->name);
    if (status == DOCKET_OK && counter->period < 0)
        status = dk_fail(DOCKET_BAD_ARGUMENT, "records are exported and dropped by period: which one?");
    if (status == DOCKET_OK)
        status = dk_errand_ask(realm, request, -1, LOOK_TIMEOUT_NS, &reply, &fd);
    if (status == DOCKET_OK && fd >= 0)
        status = dk_errand_rows(fd, sizeof(struct dk_retention_wire), &rows, &count);
    if (status == DOCKET_OK && count != 1)
        status = dk_fail(DOCKET_PROTOCOL, "docketd answered without what it found");
    if (status == DOCKET_OK) {
        const struct dk_retention_wire *row = rows;
        *found = (struct docket_retention){.records = row->records,
                                           .issued = row->issued,
                                           .voided = row->voided,
                                           .free = row->free,
                                           .undecided = row->undecided,
                                           .first = row->first,
                                           .last = row->last,
                                           .latest_ns = row->latest_ns,
                                           .store_id = {row->store_id[0], row->store_id[1]},
                                           .dropping = (int)row->dropping};
        memcpy(found->digest, row->digest, sizeof found->digest - 1);
        *dropped = reply.salt;
    }
    free(rows);
    return status;
}

docket_status docket_admin_retention_look(docket_realm *realm, const struct docket_counter_name *counter,
                                          struct docket_retention *found)
{
    struct dk_admin_request request = {.flags = DK_ADMIN_DRY_RUN};
    uint64_t dropped;
    if (realm == NULL || counter == NULL || found == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_retention_look wants a realm, a counter's name and a place for "
                                            "what is found");
    return ask(realm, &request, counter, found, &dropped);
}

docket_status docket_admin_retention_drop(docket_realm *realm, const struct docket_counter_name *counter,
                                          const struct docket_retention *exported, const char *file_sha256,
                                          uint64_t *dropped)
{
    struct dk_admin_request request = {.flags = 0};
    struct docket_retention found;
    if (realm == NULL || counter == NULL || exported == NULL || file_sha256 == NULL || dropped == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_retention_drop wants a realm, a counter's name, what was "
                                            "exported, its file's SHA-256 and a place for the count");
    if (strlen(file_sha256) != DOCKET_HASH_TEXT - 1 || strnlen(exported->digest, DOCKET_HASH_TEXT) != DOCKET_HASH_TEXT - 1)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a digest has %d hexadecimal digits", DOCKET_HASH_TEXT - 1);
    memcpy(request.desk, exported->digest, DOCKET_HASH_TEXT);
    memcpy(request.user, file_sha256, DOCKET_HASH_TEXT);
    request.first = exported->records;
    request.since_ns = exported->latest_ns;
    return ask(realm, &request, counter, &found, dropped);
}
