/* SPDX-License-Identifier: MIT */
/*
 * guard: what is known of a store when it is opened, and by whom: for who else may be asked whether it is the
 * latest, for the page that says why it is not opened, and the marks that are noted outside of it.
 */
#ifndef DK_STORE_GUARD_H
#define DK_STORE_GUARD_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dk_store;

/* How a store stands, to be judged. Zeros of token and run: it does not know. */
struct dk_standing {
    uint8_t store_id[16];
    uint64_t generation;
    uint64_t commit;
    uint8_t token[16]; /* of the opening before */
    uint8_t run[32];   /* the running digest of that commit */
};

/* ---- a witness that a command keeps ---- */

/* Who runs the command. From the opening thread, and later from another one. */
struct dk_witness_command {
    /* The text, or "". A status but OK: it failed, with its output. */
    docket_status (*get)(void *context, const char *id, char *text, size_t size);
    /* Durable with it on OK. left: commits until docketd must wait for it. */
    docket_status (*put)(void *context, const char *id, const char *text, uint64_t left);
    void *context;
    const char *called; /* its path */
};

/* docketd stops: a commit that waits for the command waits no more, and fails. From any thread. */
void dk_store_wait_no_more(struct dk_store *store);

/* ---- why a store is not opened ---- */

enum dk_voice { DK_VOICE_NEAR, DK_VOICE_FAR, DK_VOICE_HOOK, DK_VOICE_FILES, DK_VOICES };

/* What one of those that are asked says. */
struct dk_voice_report {
    bool asked;          /* it is kept, or was looked for */
    bool found, damaged; /* neither: it is missing */
    char where[DK_ERROR_BYTES / 2]; /* path or command */
    uint64_t generation, commit, seen; /* as it says; seen 0: it does not say */
    char phase[12];
    docket_status verdict;
    char why[DK_ERROR_BYTES]; /* of a verdict but OK */
};

struct dk_store_report {
    bool known; /* the store's own records could be read: the next ones are set */
    struct dk_standing store;
    bool clean;
    int64_t written_ns;     /* UTC: the store's trusted time; 0: not known */
    uint64_t events;
    int64_t event_ns;
    char event_kind[24], event_text[256]; /* of the last event */
    uint64_t fence;         /* enum dk_fence_kind */
    struct dk_voice_report voice[DK_VOICES];
};

/* ---- marks outside of the store ---- */

/*
 * WITNESS_DIR/STORE_ID.marks: the mark of each counter, as docketd noted it last, for who has to accept an older store: no
 * number at or above a mark was given when it was noted. A text with a checksum, replaced whole.
 */
enum { DK_MARKS_MAX = 100000 }; /* of more counters none is noted, and the file says so */

struct dk_marks {
    bool found;
    bool exact;     /* noted by a stop in order: nothing was given after it */
    bool left_out;  /* more counters than are noted */
    uint64_t generation, commit, count;
    int64_t time_ns; /* UTC: when they were noted */
};

struct dk_mark {
    const char *tenant, *series;
    int32_t period;
    uint64_t mark; /* every number handed out until then is below it */
};

/* Notes them, durable on return. exact: the store was stopped in order. Nothing happens where no far witness is kept; or, unless
 * exact, if no mark has moved since. From any thread, one at a time. */
docket_status dk_marks_write(struct dk_store *store, bool exact) DK_MUST_USE;
/* folder: dk_store_facts.far. found false: there are none (or of another store, or folder is ""). DAMAGED: they do not fit their
 * checksum, and each was called for none. */
docket_status dk_marks_read(const char *folder, const uint8_t store_id[16], struct dk_marks *marks,
                            docket_status (*each)(void *context, const struct dk_mark *mark), void *context) DK_MUST_USE;
/* Where the store's far witness lies, or lay last as the store says; "" nowhere. */
const char *dk_store_far_folder(const struct dk_store *store);

#endif
