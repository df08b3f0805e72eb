/* SPDX-License-Identifier: MIT */
/* offline_restore: a backup, looked through, becomes the realm's store behind a fence. */
#include "daemon/offline/offline.h"

#include "daemon/backup/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static docket_status print_json(const struct dk_daemon *daemon, const struct dk_restore *order, const struct dk_restored *done)
{
    json_t *object = json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:I}", "schema_version", 1, "realm", daemon->config.realm,
                               "restored", order->folder, "fence", "restored", "generation",
                               (json_int_t)order->copy.generation, "backup_commit", (json_int_t)order->copy.commit, "commit",
                               (json_int_t)done->commit);
    if (object == NULL || json_object_set_new(object, "kept", done->aside[0] ? json_string(done->aside) : json_null()) != 0) {
        json_decref(object);
        return dk_fail(DOCKET_NO_MEMORY, "no memory to print; the store was restored");
    }
    json_dumpf(object, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(object);
    return DOCKET_OK;
}

docket_status dk_offline_restore(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_store_place place;
    struct dk_manifest manifest;
    struct dk_restored done;
    struct dk_restore order = {.folder = asked->words[1], .replace = dk_offline_given(asked, DK_OFFLINE_REPLACE)};
    uint64_t records;
    dk_store_place_of(daemon, &place);
    docket_status status = dk_manifest_read(order.folder, &manifest);
    if (status == DOCKET_OK)
        status = dk_backup_check(order.folder, &manifest.copy, &records);
    if (status != DOCKET_OK)
        return status;
    order.copy = manifest.copy;
    order.time_ns = manifest.time_ns;
    memcpy(order.id, manifest.id, sizeof order.id);
    status = dk_store_restore(&place.options, &order, &done);
    if (status != DOCKET_OK)
        return status;
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        return print_json(daemon, &order, &done);
    printf("restored %s into %s: generation %llu, commit %llu\n", order.folder, daemon->config.realm,
           (unsigned long long)order.copy.generation, (unsigned long long)order.copy.commit);
    if (done.aside[0])
        printf("the store that was there is kept as %s/%s\n", daemon->config.realm, done.aside);
    printf("It gives no number yet: since the backup others may have been given. Say how far each counter had come:\n"
           "  docket accept --realm %s --dry-run ...   (docket help accept)\n", daemon->config.realm);
    return DOCKET_OK;
}
