/* SPDX-License-Identifier: MIT */
/* offline_move: a realm's state goes to another host, once; store/copies/move.h says in which order. */
#include "daemon/offline/offline.h"

#include "daemon/backup/folder.h"
#include "numbering/reason.h"
#include "store/copies/move.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static docket_status print_json(json_t *object)
{
    if (object == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to print; it is done");
    json_dumpf(object, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(object);
    return DOCKET_OK;
}

static json_int_t figure(uint64_t value)
{
    return (json_int_t)value;
}

/* ---- the old side ---- */

static docket_status tell_left(const struct dk_daemon *daemon, const struct dk_offline *asked,
                               const struct dk_leaving *leaving, const struct dk_manifest *manifest)
{
    const char *folder = asked->words[1];
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        return print_json(json_pack("{s:i, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "schema_version", 1, "realm",
                                    daemon->config.realm, "exported", folder, "again", leaving->again, "generation",
                                    figure(leaving->generation), "commit", figure(leaving->commit), "event",
                                    figure(leaving->event), "series", figure(manifest->copy.series), "counters",
                                    figure(manifest->copy.counters)));
    printf("%s\nexported to %s: generation %llu, commit %llu, %llu series, %llu counters, %llu events\n",
           leaving->again ? "this realm had moved already, by the same ticket" : "this realm has moved: it gives no number any "
                                                                                 "more, ever",
           folder, (unsigned long long)leaving->generation, (unsigned long long)leaving->commit,
           (unsigned long long)manifest->copy.series, (unsigned long long)manifest->copy.counters,
           (unsigned long long)manifest->copy.trail.number);
    printf("Bring that folder to the realm whose ticket it was, and there: docket import-state DIR\n");
    return DOCKET_OK;
}

docket_status dk_offline_export_state(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_store_place place;
    struct dk_manifest manifest;
    struct dk_store *store;
    const char *reason = asked->values[DK_OFFLINE_REASON];
    struct dk_leaving leaving = {.ticket = asked->values[DK_OFFLINE_TO], .reason = reason != NULL ? reason : ""};
    if (leaving.ticket == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "export-state wants --to TICKET: docket import-state --prepare in the new realm "
                                            "says it");
    docket_status status = dk_ticket_check(leaving.ticket);
    if (status == DOCKET_OK && reason != NULL)
        status = dk_reason_check(reason);
    if (status == DOCKET_OK)
        status = dk_backup_can_begin(asked->words[1]);
    if (status != DOCKET_OK)
        return status;
    dk_store_place_of(daemon, &place);
    status = dk_move_leave(&place.options, &leaving, &store);
    if (status != DOCKET_OK)
        return status;
    status = dk_backup_write(store, asked->words[1], &manifest);
    dk_move_end(store);
    if (status != DOCKET_OK)
        return dk_wrap(status, "this realm has moved, and its state was not written: run the same command again, with the same "
                               "ticket");
    return tell_left(daemon, asked, &leaving, &manifest);
}

/* ---- the new side ---- */

docket_status dk_offline_import_prepare(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_store_place place;
    char ticket[DK_TICKET_BYTES];
    if (!dk_offline_given(asked, DK_OFFLINE_PREPARE))
        return dk_fail(DOCKET_BAD_ARGUMENT, "import-state wants the folder that export-state made, or --prepare");
    dk_store_place_of(daemon, &place);
    docket_status status = dk_move_prepare(&place.options, ticket);
    if (status != DOCKET_OK)
        return status;
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        return print_json(
            json_pack("{s:i, s:s, s:s}", "schema_version", 1, "realm", daemon->config.realm, "ticket", ticket));
    printf("%s\n", ticket);
    return DOCKET_OK;
}

/* Desks that series sit at, and docket.conf does not have: docketd would refuse to start. */
struct desks {
    const struct dk_config *config;
    char missing[512];
};

static docket_status look_at_desk(void *context, const struct dk_series_record *record)
{
    struct desks *desks = context;
    char word[DOCKET_NAME_MAX + 3];
    if (strcmp(record->desk, "default") == 0)
        return DOCKET_OK;
    for (uint32_t i = 0; i < desks->config->desk_count; i++)
        if (strcmp(desks->config->desks[i].name, record->desk) == 0)
            return DOCKET_OK;
    snprintf(word, sizeof word, " %s ", record->desk);
    size_t used = strlen(desks->missing);
    if (strstr(desks->missing, word) == NULL && used + strlen(word) < sizeof desks->missing)
        snprintf(desks->missing + used, sizeof desks->missing - used, "%s", used > 0 ? word + 1 : word);
    return DOCKET_OK;
}

static docket_status tell_arrived(const struct dk_daemon *daemon, const struct dk_offline *asked,
                                  const struct dk_arriving *arriving, const struct desks *desks)
{
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        return print_json(json_pack("{s:i, s:s, s:s, s:b, s:I, s:I, s:s}", "schema_version", 1, "realm",
                                    daemon->config.realm, "imported", arriving->folder, "again", arriving->again, "generation",
                                    figure(arriving->generation), "commit", figure(arriving->commit), "missing_desks",
                                    desks->missing));
    if (arriving->again)
        printf("the state had arrived already; only its ticket was left, and is gone\n");
    else
        printf("the state has arrived: generation %llu, commit %llu, %llu series, %llu counters. docketd may start, and goes on "
               "with the next numbers\n",
               (unsigned long long)arriving->generation, (unsigned long long)arriving->commit,
               (unsigned long long)arriving->copy.series, (unsigned long long)arriving->copy.counters);
    printf("docket.conf does not come along: see that defaults, desks and admins are as they were\n");
    if (desks->missing[0] != 0)
        printf("series sit at desks that docket.conf does not have, and docketd would refuse to start:%s\n", desks->missing);
    return DOCKET_OK;
}

docket_status dk_offline_import_state(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_store_place place;
    struct dk_manifest manifest;
    struct desks desks = {.config = &daemon->config};
    struct dk_arriving arriving = {.folder = asked->words[1], .each = look_at_desk, .context = &desks};
    uint64_t records;
    if (dk_offline_given(asked, DK_OFFLINE_PREPARE))
        return dk_fail(DOCKET_BAD_ARGUMENT, "import-state --prepare takes no folder: it only draws the realm's ticket");
    docket_status status = dk_manifest_read(arriving.folder, &manifest);
    if (status == DOCKET_OK)
        status = dk_backup_check(arriving.folder, &manifest.copy, &records);
    if (status != DOCKET_OK)
        return status;
    arriving.copy = manifest.copy;
    arriving.time_ns = manifest.time_ns;
    dk_store_place_of(daemon, &place);
    status = dk_move_arrive(&place.options, &arriving);
    return status == DOCKET_OK ? tell_arrived(daemon, asked, &arriving, &desks) : status;
}
