/* SPDX-License-Identifier: MIT */
/*
 * accept: before an older store is accepted, what would become of each counter that may have given numbers. Reads
 * only: the store as it stands, the desk's files that live on, the marks beside the far witness.
 */
#ifndef DK_DAEMON_ACCEPT_H
#define DK_DAEMON_ACCEPT_H

#include "daemon/daemon.h"
#include "daemon/recovery/floors.h"

struct dk_accept_order {
    const char *floors; /* "acme/INV=4711,acme/INV/2025=9000"; NULL */
    const char *file;   /* a line each: T/S[/PERIOD] N [scan]; "-": stdin; NULL */
    bool from_witness;
    bool skip_given;
    uint64_t skip;
};

/* A counter that may have given numbers. */
struct dk_accept_cell {
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
    int32_t period;  /* -1: the current one of a series that is to be made */
    uint64_t known;  /* the last number that may have been given by what the store knows; 0 none */
    uint64_t floor;  /* 0: none */
    uint64_t next;   /* that it would go on with */
    uint8_t source;
    bool covered;
    bool past;       /* of a series that is to be made: it will give nothing */
    bool unknown;    /* the store has never heard of it */
};

struct dk_accept {
    struct dk_floors floors;
    struct dk_accept_cell *cells;
    size_t count, lacking;
    struct dk_store_facts facts; /* of the store, as it stands */
};

/* BAD_ARGUMENT: a floor that cannot be. STORE_FENCED: it has moved. `lacking` counters have no floor: not to be accepted. */
docket_status dk_accept_plan(struct dk_daemon *daemon, const struct dk_accept_order *order,
                             struct dk_accept *accept) DK_MUST_USE;
void dk_accept_free(struct dk_accept *accept);

#endif
