/* SPDX-License-Identifier: MIT */
/*
 * ledger: the states of a number that is tracked, and which verb leads from which to
 * which. Pure. The values are kept in the store and sent over the wire: they never
 * change their meaning.
 *
 *   free --issue--> issued or pending            free --reserve--> reserved
 *   reserved, pending, in doubt --settle--> issued     --void--> void     --release--> free, or void by policy
 *   reserved, pending --expiry, death--> in doubt, or free if the series opted in
 *   in doubt --its key asked for again--> pending
 *   issued --void--> void
 * Void is the end. A number that nobody asked for has no record and is free.
 */
#ifndef DK_NUMBERING_LEDGER_H
#define DK_NUMBERING_LEDGER_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum dk_state {
    DK_STATE_FREE = 0,     /* was held, and came back */
    DK_STATE_RESERVED = 1, /* set aside by name */
    DK_STATE_PENDING = 2,  /* given, to be settled */
    DK_STATE_IN_DOUBT = 3, /* its holder ended, or its time ran out, before it was settled */
    DK_STATE_ISSUED = 4,
    DK_STATE_VOID = 5,
    DK_STATE_COUNT
};

enum dk_verb { DK_VERB_SETTLE = 1, DK_VERB_VOID = 2, DK_VERB_RELEASE = 3, DK_VERB_EXPIRE = 4, DK_VERB_END };

/* Is somebody to decide about it? Reserved, pending, in doubt. */
static inline bool dk_state_is_held(unsigned state)
{
    return state >= DK_STATE_RESERVED && state <= DK_STATE_IN_DOUBT;
}

const char *dk_state_name(unsigned state); /* "free", "reserved", "pending", "in doubt", "issued", "void"; else "?" */
bool dk_state_parse(const char *name, enum dk_state *state);

/* The state that the verb leads to. release_voids: by the series' setting; frees: by
 * the series' setting, expiry does what a release by the holder would have done.
 * ALREADY_RELEASED (of a free one), ALREADY_SETTLED, ALREADY_VOID: no way leads there, and
 * *to is what it was. Whether the caller may is another question. The last error is not set. */
docket_status dk_ledger_move(enum dk_state from, enum dk_verb verb, bool release_voids, bool frees,
                             enum dk_state *to) DK_MUST_USE;

enum { DK_KEY_MAX = 128, DK_TRACE_MAX = 64, DK_METADATA_MAX = 2048, DK_NOTE_MAX = 200, DK_HOST_MAX = 64 };

/* BAD_ARGUMENT, with the position of what is wrong. A key or name: 1 to DK_KEY_MAX bytes
 * of printable UTF-8 that neither begins nor ends with a blank. A trace id: 1 to
 * DK_TRACE_MAX bytes of A-Z a-z 0-9 . _ : / + = -. what: "key", "reservation's name". */
docket_status dk_key_check(const char *what, const char *key) DK_MUST_USE;
docket_status dk_trace_check(const char *trace) DK_MUST_USE;

#endif
