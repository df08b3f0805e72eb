/* SPDX-License-Identifier: MIT */
/*
 * sorter: records of three words in order, however many, in memory of fixed size: what does not fit is sorted in
 * parts, written to an unlinked file in $TMPDIR (else /tmp), and merged while it is read.
 */
#ifndef DOCKET_TOOLS_LEGACY_SORTER_H
#define DOCKET_TOOLS_LEGACY_SORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sorted {
    uint64_t key[3]; /* compared one after the other */
};

struct sorter;

/* room: records in memory before a part is written. NULL without memory. */
struct sorter *sorter_open(size_t room);
/* False: sorter_error() says why. */
bool sorter_add(struct sorter *sorter, const struct sorted *record);
/* After the last one: 1 the next record in order, 0 the end, -1: sorter_error(). */
int sorter_next(struct sorter *sorter, struct sorted *record);
const char *sorter_error(const struct sorter *sorter);
/* NULL is fine. */
void sorter_close(struct sorter *sorter);

/* An unlinked file in $TMPDIR, else /tmp; -1 with errno. */
int sorter_file(void);
/* Where that is, for a sentence. */
const char *sorter_folder(void);
/* All of it, or false with errno. */
bool sorter_write(int fd, const void *bytes, size_t count);

#endif
