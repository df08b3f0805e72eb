/* SPDX-License-Identifier: MIT */
/* fate: what can become of a number, and why. The values are kept in the store
 * and sent over the wire: they never change their meaning. */
#ifndef DK_NUMBERING_FATE_H
#define DK_NUMBERING_FATE_H

enum dk_fate {
    DK_FATE_LAID = 0,       /* anyone may take it now */
    DK_FATE_OPEN = 1,       /* in a live lease, not taken yet */
    DK_FATE_HANDED_OUT = 2,
    DK_FATE_SPARE = 3,      /* came back, or not laid yet: will be laid */
    DK_FATE_VOID = 4,       /* never to be used */
    DK_FATE_UNKNOWN = 5,    /* may be on a real document; never given again */
    /* of series with a ledger (ledger.h); never in the store's ranges: */
    DK_FATE_FREE = 6,
    DK_FATE_RESERVED = 7,
    DK_FATE_PENDING = 8,
    DK_FATE_IN_DOUBT = 9,
    DK_FATE_ISSUED = 10
};

enum dk_cause {
    DK_CAUSE_NONE = 0,
    DK_CAUSE_POWER_LOSS = 1,     /* another boot, and the desk's files gone */
    DK_CAUSE_RUNTIME_LOST = 2,   /* same boot, the desk's files gone or unusable */
    DK_CAUSE_DAMAGED_CURSOR = 3, /* a cursor that failed its check */
    DK_CAUSE_GIVEN_BACK = 4,     /* strict block given back after later numbers; caller gone before it was told */
    DK_CAUSE_QUARANTINE = 5,     /* a scribbled word */
    DK_CAUSE_ACCEPTED = 6,       /* an older store was accepted, and every counter moved forward */
    DK_CAUSE_FRAGMENT = 7,       /* the smallest of too many spare ranges */
    DK_CAUSE_VOIDED = 8,         /* an admin declared them void, with a reason */
    DK_CAUSE_ADVANCED = 9,       /* an admin moved the counter past them */
    DK_CAUSE_EVIDENCE = 10,      /* were unknown; an admin showed that they are on documents */
    DK_CAUSE_INTERVAL = 11,      /* their interval ended, and another one began above them */
    DK_CAUSE_ELSEWHERE = 12,     /* its text is a document that was given elsewhere */
    DK_CAUSE_CLOSED = 13,        /* free in a series with a ledger when its period was closed, or the series retired */
    DK_CAUSE_IMPORTED = 14,      /* another system gave them, or declared them void, before docket had the counter */
    DK_CAUSE_NOT_IMPORTED = 15,  /* below the highest imported number, and neither docket nor the import has them: never given */
    DK_CAUSE_LAST = DK_CAUSE_NOT_IMPORTED
};

const char *dk_fate_name(unsigned fate);   /* "handed out", "spare" ... */
const char *dk_cause_name(unsigned cause); /* "power loss" ...; "" for none */

#endif
