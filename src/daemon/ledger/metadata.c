/* SPDX-License-Identifier: MIT */
/* metadata: is it one JSON object? Read by jansson, and by nobody else in docketd. */
#include "daemon/ledger/ledger.h"

#include <jansson.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

/* Brackets outside of texts, so that jansson never has to go deep. */
static unsigned depth_of(const char *text)
{
    unsigned depth = 0, deepest = 0;
    bool quoted = false;
    for (; *text != 0; text++) {
        if (quoted && *text == '\\' && text[1] != 0)
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && (*text == '{' || *text == '['))
            deepest = ++depth > deepest ? depth : deepest;
        else if (!quoted && (*text == '}' || *text == ']') && depth > 0)
            depth--;
    }
    return deepest;
}

docket_status dk_metadata_check(const char *text)
{
    size_t length = strlen(text);
    json_error_t error;
    if (length > DK_METADATA_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "metadata of %zu bytes; at most %d are kept", length, DK_METADATA_MAX);
    if (depth_of(text) > DEPTH_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "metadata that is nested %u deep; at most %d are kept", depth_of(text), DEPTH_MAX);
    json_t *read = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (read == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "metadata is no JSON: %s, at byte %d", error.text, error.position);
    bool object = json_is_object(read);
    json_decref(read);
    return object ? DOCKET_OK : dk_fail(DOCKET_BAD_ARGUMENT, "metadata is JSON, but no object, such as {\"order\": 4711}");
}
