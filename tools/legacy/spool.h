/* SPDX-License-Identifier: MIT */
/* spool: the rows of a source in an unlinked file, each to be found again by its place. */
#ifndef DOCKET_TOOLS_LEGACY_SPOOL_H
#define DOCKET_TOOLS_LEGACY_SPOOL_H

#include "csv.h"

enum { SPOOL_NUMBER = 4096, SPOOL_DATE = 255, SPOOL_ID = 1024, SPOOL_BUFFER = 256 << 10 };

struct spooled {
    uint64_t line;
    uint32_t tenant, day; /* of names.h; yyyymmdd or UINT32_MAX */
    struct span number, date, id; /* in `room` */
    char room[SPOOL_NUMBER + SPOOL_DATE + SPOOL_ID + 64];
};

struct spool {
    int fd;
    uint64_t written; /* in the file; what follows is in the buffer */
    char *buffer;
    size_t used;
    char error[256];
};

/* False: spool->error. */
bool spool_open(struct spool *spool);
/* The row's place; what is longer than above is cut. */
bool spool_put(struct spool *spool, const struct spooled *row, uint64_t *place);
bool spool_get(struct spool *spool, uint64_t place, struct spooled *row);
void spool_close(struct spool *spool);

#endif
