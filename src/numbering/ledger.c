/* SPDX-License-Identifier: MIT */
#include "numbering/ledger.h"

#include "base/check.h"
#include "numbering/reason.h"

#include <string.h>

static const char *const states[DK_STATE_COUNT] = {
    [DK_STATE_FREE] = "free",         [DK_STATE_RESERVED] = "reserved", [DK_STATE_PENDING] = "pending",
    [DK_STATE_IN_DOUBT] = "in doubt", [DK_STATE_ISSUED] = "issued",     [DK_STATE_VOID] = "void",
};

const char *dk_state_name(unsigned state)
{
    return state < DK_STATE_COUNT ? states[state] : "?";
}

bool dk_state_parse(const char *name, enum dk_state *state)
{
    for (unsigned at = 0; at < DK_STATE_COUNT; at++) {
        if (strcmp(name, states[at]) == 0) {
            *state = (enum dk_state)at;
            return true;
        }
    }
    return false;
}

/* Of a number that somebody is to decide about. */
static enum dk_state decided(enum dk_state from, enum dk_verb verb, bool release_voids, bool frees)
{
    enum dk_state released = release_voids ? DK_STATE_VOID : DK_STATE_FREE;
    switch (verb) {
    case DK_VERB_SETTLE:
        return DK_STATE_ISSUED;
    case DK_VERB_VOID:
        return DK_STATE_VOID;
    case DK_VERB_RELEASE:
        return released;
    case DK_VERB_EXPIRE:
    case DK_VERB_END:
    default:
        return frees && from != DK_STATE_IN_DOUBT ? released : DK_STATE_IN_DOUBT; /* in doubt it stays */
    }
}

docket_status dk_ledger_move(enum dk_state from, enum dk_verb verb, bool release_voids, bool frees,
                             enum dk_state *to)
{
    DK_CHECK(verb >= DK_VERB_SETTLE && verb < DK_VERB_END);
    *to = from;
    switch (from) {
    case DK_STATE_FREE:
        return DOCKET_ALREADY_RELEASED;
    case DK_STATE_RESERVED:
    case DK_STATE_PENDING:
    case DK_STATE_IN_DOUBT:
        *to = decided(from, verb, release_voids, frees);
        return DOCKET_OK;
    case DK_STATE_ISSUED:
        if (verb != DK_VERB_VOID)
            return DOCKET_ALREADY_SETTLED;
        *to = DK_STATE_VOID;
        return DOCKET_OK;
    case DK_STATE_VOID:
    case DK_STATE_COUNT:
    default:
        return DOCKET_ALREADY_VOID;
    }
}

docket_status dk_key_check(const char *what, const char *key)
{
    size_t length = key ? strlen(key) : 0;
    if (length == 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "a %s is needed, of 1 to %d bytes", what, DK_KEY_MAX);
    if (length > DK_KEY_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the %s has %zu bytes and %d are allowed", what, length, DK_KEY_MAX);
    docket_status status = dk_printable_check(what, key);
    if (status != DOCKET_OK)
        return status;
    static const char blank[] = "\xc2\xa0"; /* the one that does not break */
    bool begins = key[0] == ' ' || strncmp(key, blank, 2) == 0;
    bool ends = key[length - 1] == ' ' || (length > 1 && strcmp(key + length - 2, blank) == 0);
    if (begins || ends)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the %s %s with a blank: nobody would see that it is another one", what,
                       begins ? "begins" : "ends");
    return DOCKET_OK;
}

docket_status dk_trace_check(const char *trace)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:/+=-";
    size_t length = trace ? strlen(trace) : 0;
    if (length == 0 || length > DK_TRACE_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the trace id has %zu bytes and 1 to %d are allowed", length,
                       DK_TRACE_MAX);
    size_t good = strspn(trace, allowed);
    if (good < length)
        return dk_fail(DOCKET_BAD_ARGUMENT, "byte %zu of the trace id is none of A-Z a-z 0-9 . _ : / + = -", good + 1);
    return DOCKET_OK;
}
