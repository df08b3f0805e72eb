/* SPDX-License-Identifier: MIT */
/*
 * offline: docketd --offline VERB, for a realm that nobody serves. It is a whole
 * start and a whole stop of docketd, with no socket between them: desks are
 * adopted or built anew, workers that live on are looked after, and what the verb
 * changes is changed by the same code as ever. Who may start docketd on the store
 * may do this.
 */
#ifndef DK_DAEMON_OFFLINE_H
#define DK_DAEMON_OFFLINE_H

#include "daemon/daemon.h"

enum { DK_OFFLINE_WORDS = 4 };

enum dk_offline_option {
    DK_OFFLINE_PERIOD,
    DK_OFFLINE_REASON,
    DK_OFFLINE_ISSUED,
    DK_OFFLINE_VOID_REST,
    DK_OFFLINE_DRY_RUN,
    DK_OFFLINE_KIND,
    DK_OFFLINE_LIMIT,
    DK_OFFLINE_JSON,
    DK_OFFLINE_YES,
    DK_OFFLINE_REPLACE,
    DK_OFFLINE_FLOOR,
    DK_OFFLINE_FLOORS,
    DK_OFFLINE_SKIP,
    DK_OFFLINE_FROM_WITNESS,
    DK_OFFLINE_TO,
    DK_OFFLINE_PREPARE,
    DK_OFFLINE_OPTIONS
};

/* Their names on the command line, and whether each wants a value. */
extern const struct dk_offline_row {
    const char *name;
    bool wants;
} dk_offline_options[DK_OFFLINE_OPTIONS];

struct dk_offline {
    const char *words[DK_OFFLINE_WORDS]; /* "series", "retire", "acme/INV" */
    int word_count;
    const char *values[DK_OFFLINE_OPTIONS]; /* NULL: not given; "" of one that wants none */
};

static inline bool dk_offline_given(const struct dk_offline *asked, enum dk_offline_option option)
{
    return asked->values[option] != NULL;
}

extern const char dk_offline_usage[];

/* Before anything is opened. BAD_ARGUMENT: no such verb, or it wants more. */
docket_status dk_offline_check(const struct dk_offline *asked) DK_MUST_USE;
/* The verb opens no store of the realm's, or opens it by itself: it is run without a start. */
bool dk_offline_is_alone(const struct dk_offline *asked);
/* say.c: an error, on stderr. */
void dk_offline_say(const struct dk_offline *asked, docket_status status, const char *sentence);
/* fate.c: the rows of dk_fate_write(), and what the ledger says of the same numbers. Closes fd. */
docket_status dk_offline_print_fates(struct dk_store *store, int fd) DK_MUST_USE;
/* backup.c */
docket_status dk_offline_backup(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_verify_backup(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
/* restore.c */
docket_status dk_offline_restore(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
/* accept.c: a verb that looks before the start; *go_on: docketd is to start, accepting, with daemon->floors */
bool dk_offline_accepts(const struct dk_offline *asked);
docket_status dk_offline_accept_look(struct dk_daemon *daemon, const struct dk_offline *asked, bool *go_on) DK_MUST_USE;
docket_status dk_offline_accept_shapes(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_accept(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
/* migrate.c; REFUSED: an honest no, the store is not at the head */
docket_status dk_offline_migrate_up(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_migrate_down(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_migrate_stamp(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_migrate_current(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_migrate_heads(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_migrate_history(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
/* move.c */
docket_status dk_offline_export_state(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_import_prepare(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
docket_status dk_offline_import_state(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;
/* Between start and stop (or without, if it is alone); prints to stdout. */
docket_status dk_offline_run(struct dk_daemon *daemon, const struct dk_offline *asked) DK_MUST_USE;

#endif
