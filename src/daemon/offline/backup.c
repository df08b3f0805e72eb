/* SPDX-License-Identifier: MIT */
/* offline_backup: a backup of a store that nobody serves, and a backup looked through. */
#include "daemon/offline/offline.h"

#include "daemon/backup/folder.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static void print_line(const struct dk_manifest *manifest)
{
    const struct dk_copy_facts *copy = &manifest->copy;
    printf("generation %llu, commit %llu, %llu series, %llu counter%s, %llu event%s; %llu bytes, SHA-256 ",
           (unsigned long long)copy->generation, (unsigned long long)copy->commit, (unsigned long long)copy->series,
           (unsigned long long)copy->counters, copy->counters == 1 ? "" : "s", (unsigned long long)copy->trail.number,
           copy->trail.number == 1 ? "" : "s", (unsigned long long)copy->bytes);
    char hash[2 * DK_DIGEST_BYTES + 1];
    dk_digest_text(copy->sha256, hash);
    printf("%s\n", hash);
}

/* The manifest's own keys, with what is told beside them. */
static docket_status print_json(const struct dk_manifest *manifest, json_t *object)
{
    char text[DK_MANIFEST_BYTES];
    docket_status status = dk_manifest_spell(manifest, text);
    json_t *read = status == DOCKET_OK ? json_loads(text, 0, NULL) : NULL;
    if (read == NULL || object == NULL || json_object_set_new(object, "manifest", read) != 0) {
        json_decref(object);
        return status == DOCKET_OK ? dk_fail(DOCKET_NO_MEMORY, "no memory to print") : status;
    }
    json_dumpf(object, stdout, JSON_COMPACT);
    fputc('\n', stdout);
    json_decref(object);
    return DOCKET_OK;
}

docket_status dk_offline_backup(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_manifest manifest;
    const char *folder = asked->words[1];
    docket_status status = dk_backup_write(daemon->store, folder, &manifest);
    if (status != DOCKET_OK)
        return status;
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        return print_json(&manifest, json_pack("{s:i, s:s}", "schema_version", 1, "backup", folder));
    printf("backed up to %s: ", folder);
    print_line(&manifest);
    return DOCKET_OK;
}

docket_status dk_offline_verify_backup(struct dk_daemon *daemon, const struct dk_offline *asked)
{
    struct dk_manifest manifest;
    const char *folder = asked->words[1];
    uint64_t records = 0;
    (void)daemon;
    docket_status status = dk_manifest_read(folder, &manifest);
    if (status == DOCKET_OK)
        status = dk_backup_check(folder, &manifest.copy, &records);
    if (status != DOCKET_OK)
        return status;
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        return print_json(&manifest, json_pack("{s:i, s:s, s:b, s:I}", "schema_version", 1, "backup", folder, "sound", 1,
                                               "records", (json_int_t)records));
    printf("the backup in %s is sound: %llu records, their sum, every page, the chain of events and the law of marks\n", folder,
           (unsigned long long)records);
    print_line(&manifest);
    return DOCKET_OK;
}
