/* SPDX-License-Identifier: MIT */
/*
 * backup: the store copied to a file that the asker opened, by a thread of its own. A
 * target that is slow or full costs nobody anything but the asker; one who goes away
 * ends it. The answer is the manifest.
 */
#include "daemon/admin/errand.h"
#include "daemon/backup/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static void *back_up(void *context)
{
    struct dk_errand *errand = context;
    struct dk_manifest manifest;
    char *text = dk_must_alloc(DK_MANIFEST_BYTES, 1);
    docket_status status = dk_store_copy(errand->daemon->store, errand->target, &errand->stop, &manifest.copy);
    if (status == DOCKET_OK) {
        dk_manifest_fill(&manifest, errand->uid);
        status = dk_manifest_spell(&manifest, text);
    }
    errand->answer = text;
    errand->answer_bytes = status == DOCKET_OK ? strlen(text) : 0;
    dk_aside_outcome(errand, status);
    return NULL;
}

/* Nothing that could keep our thread for ever, and nothing that may not be written. */
static docket_status check_target(int target)
{
    struct stat facts;
    if (target < 0 || fstat(target, &facts) != 0 || !S_ISREG(facts.st_mode) || (fcntl(target, F_GETFL) & O_ACCMODE) == O_RDONLY)
        return dk_fail(DOCKET_PROTOCOL, "a backup wants the descriptor of a regular file that may be written; use the "
                                        "library of this release");
    return DOCKET_OK;
}

docket_status dk_errand_backup(struct dk_errand *errand)
{
    docket_status status = check_target(errand->target);
    for (const struct dk_errand *other = errand->daemon->errands; status == DOCKET_OK && other != NULL; other = other->next)
        if (other != errand && other->asked.type == DK_ADMIN_BACKUP)
            status = dk_fail(DOCKET_BUSY, "a backup is being made already");
    errand->uid = errand->connection->uid;
    return status == DOCKET_OK ? dk_aside_begin(errand, back_up) : status;
}
