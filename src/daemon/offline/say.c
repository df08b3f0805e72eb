/* SPDX-License-Identifier: MIT */
/* offline_say: why a verb ended badly: as the command says it, where --json was given as one object. */
#include "daemon/offline/offline.h"

#include "base/log.h"

#include <jansson.h>
#include <stdio.h>

void dk_offline_say(const struct dk_offline *asked, docket_status status, const char *sentence)
{
    json_t *object = NULL;
    if (dk_offline_given(asked, DK_OFFLINE_JSON))
        object = json_pack("{s:i, s:{s:s, s:s, s:b, s:s}}", "schema_version", 1, "error", "status", docket_status_name(status),
                           "category", docket_category_name(docket_status_category(status)), "retryable",
                           docket_status_retryable(status), "message", sentence);
    if (object == NULL) { /* or a path that is not UTF-8 */
        dk_log(DK_LOG_ERROR, "%s", sentence);
        return;
    }
    json_dumpf(object, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(object);
}
