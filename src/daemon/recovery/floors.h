/* SPDX-License-Identifier: MIT */
/*
 * floors: how far each counter of an accepted store may have come, by whoever says so: numbers up to a floor may
 * have been given. A counter goes on above its own mark, every floor of its, and `skip` numbers more; what lies
 * between becomes unknown. A counter that nobody vouches for is not accepted.
 */
#ifndef DK_DAEMON_FLOORS_H
#define DK_DAEMON_FLOORS_H

#include "store/store.h"

enum dk_floor_source {
    DK_FLOOR_SKIP,    /* no floor: --skip alone */
    DK_FLOOR_HAND,    /* --floor */
    DK_FLOOR_FILE,    /* --floors */
    DK_FLOOR_SCAN,    /* --scan: the highest number of the invoices */
    DK_FLOOR_WITNESS, /* --from-witness */
    DK_FLOOR_BOARD,   /* the desk's files, which live on */
    DK_FLOOR_SOURCES
};

struct dk_floor {
    uint64_t series_id;
    int32_t period;
    uint64_t number; /* 0: none was given */
    uint8_t source;  /* of the highest */
    bool covers;     /* one of those who said so knows all that was given */
};

/* A series that the store has never heard of. */
struct dk_floor_new {
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
    int32_t period; /* -1: the current one */
    uint64_t number;
    uint8_t source;
    bool past;    /* its period is over when the series is made: it will give nothing */
    bool lacking; /* somebody knows of another period, and nobody of the current one */
};

struct dk_floors {
    struct dk_floor *all; /* sorted once they are ready: one for each counter */
    size_t count;
    struct dk_floor_new *news;
    size_t new_count;
    bool skip_given;
    uint64_t skip;
};

/* What becomes of a counter. */
struct dk_move {
    const struct dk_floor *floor; /* NULL: none */
    uint64_t advance;             /* its mark goes so far forward: to the extent's end, or to a floor that lies beyond it */
    bool spares;                  /* what is spare may have been given too */
};

const char *dk_floor_source_name(unsigned source);
void dk_floors_add(struct dk_floors *floors, const struct dk_floor *floor);
void dk_floors_add_new(struct dk_floors *floors, const struct dk_floor_new *floor);
/* Sorted; of several floors of one counter the highest is left. */
void dk_floors_ready(struct dk_floors *floors);
const struct dk_floor *dk_floors_find(const struct dk_floors *floors, uint64_t series_id, int32_t period);
/* False: nobody vouches for it. */
bool dk_floors_judge(const struct dk_floors *floors, const struct dk_counter_image *image, struct dk_move *move);
void dk_floors_free(struct dk_floors *floors);

#endif
