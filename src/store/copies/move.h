/* SPDX-License-Identifier: MIT */
/*
 * move: a realm's state goes to another host, once. The realm that is to have it draws a
 * ticket; the old one puts up a fence with the ticket's id, for good, and only then is copied;
 * the copy comes into no other realm than the one whose ticket it carries, which forgets the
 * ticket when it is there. So at each moment at most one of the two gives numbers.
 *
 * The store's id stays: it is one past that goes on. Each of the two steps is a generation,
 * so that every copy from before it is seen by whatever witness knows of it.
 *
 * What a crash leaves behind:
 *   prepare   no ticket, or the ticket: the same command says it again
 *   leave     the store as it was, or behind the fence: with the same ticket it goes on from
 *             there, and each copy that it makes says the same
 *   arrive    store.new-XXXXXXXX, which the next try removes, and perhaps witnesses of a
 *             generation whose store is not there, which it writes anew; or the store, with a
 *             ticket that no start lets pass: the same command takes it away
 */
#ifndef DK_STORE_MOVE_H
#define DK_STORE_MOVE_H

#include "store/store.h"

#define DK_ARRIVAL_FILE "arrival" /* in the realm that waits: its ticket */
#define DK_MOVED_FILE "moved"     /* in the realm that was left: where to, for people and for docket where */

enum { DK_TICKET_BYTES = 33 }; /* 32 hexadecimal digits and a zero */

/* BAD_ARGUMENT: no ticket. */
docket_status dk_ticket_check(const char *ticket) DK_MUST_USE;
/* What a fence says of it. */
void dk_ticket_id(const char *ticket, uint8_t id[16]);

/* Makes the realm's folder if need be, and its ticket, durable; one that is there is said again. Statuses: OK, EXISTS
 * (there is a store), STORE_IN_USE, UNSAFE_FILES, NO_SPACE, SYSTEM. */
docket_status dk_move_prepare(const struct dk_store_options *options, char ticket[DK_TICKET_BYTES]) DK_MUST_USE;

struct dk_leaving {
    const char *ticket;
    const char *reason; /* "" none */
    bool again;         /* told: the fence was there already */
    uint64_t generation, commit, event; /* told: of the fence */
    int64_t time_ns;                    /* told: when it was put up */
};

/* Puts up the fence MOVED, for good, with its event; the store is open then, to be copied, and nothing else.
 * Statuses: OK; REFUSED: it was not stopped in order, or something is out (leases, numbers that a process holds), or it
 * has moved by another ticket; those of dk_store_open(). */
docket_status dk_move_leave(const struct dk_store_options *options, struct dk_leaving *leaving,
                            struct dk_store **store) DK_MUST_USE;
void dk_move_end(struct dk_store *store);

struct dk_arriving {
    const char *folder; /* that dk_backup_check() found sound */
    struct dk_copy_facts copy;
    int64_t time_ns;    /* when the copy was made */
    docket_status (*each)(void *context, const struct dk_series_record *record); /* told of each series; NULL */
    void *context;
    bool again;         /* told: it was in place already, and only the ticket was left */
    uint64_t generation, commit; /* told: of its arrival */
};

/* The copy becomes the store of the realm that waits for it. Statuses: OK; REFUSED: the realm has no ticket, or another
 * one, or the copy is not of a store that has moved; STORE_REWOUND: a witness of this host knows a later past of it;
 * STORE_COPIED, STORE_IN_USE, EXISTS, DAMAGED, NO_SPACE, BAD_LAYOUT, UNSAFE_FILES, STORE_FAILED, SYSTEM. */
docket_status dk_move_arrive(const struct dk_store_options *options, struct dk_arriving *arriving) DK_MUST_USE;

#endif
