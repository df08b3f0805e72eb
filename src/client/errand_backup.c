/* SPDX-License-Identifier: MIT */
/* errand_backup: docketd copies its store to a file that the caller opened. */
#include "docket_admin.h"

#include "client/inside.h"

#include <stdlib.h>
#include <string.h>

docket_status docket_admin_backup(docket_realm *realm, int fd, int64_t timeout_ns, char manifest[DOCKET_MANIFEST_BYTES])
{
    struct dk_admin_request request = {.type = DK_ADMIN_BACKUP, .period = -1};
    struct dk_reply reply;
    void *rows = NULL;
    size_t count = 0;
    int answer = -1;
    if (realm == NULL || fd < 0 || timeout_ns <= 0 || manifest == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_backup wants a realm, a descriptor, a timeout above 0 and a place "
                                            "for the manifest");
    docket_status status = dk_errand_ask(realm, &request, fd, timeout_ns, &reply, &answer);
    if (status == DOCKET_OK && answer >= 0)
        status = dk_errand_rows(answer, 1, &rows, &count);
    if (status == DOCKET_OK && (count == 0 || count >= DOCKET_MANIFEST_BYTES))
        status = dk_fail(DOCKET_PROTOCOL, "docketd answered without the backup's manifest");
    if (status == DOCKET_OK) {
        memcpy(manifest, rows, count);
        manifest[count] = 0;
    }
    free(rows);
    return status;
}
