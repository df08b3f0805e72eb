/* SPDX-License-Identifier: MIT */
/*
 * plan: which row of a group of duplicates keeps its number, and what the others get. A plan is a text that people
 * read and may edit before `docket fix apply` follows it (docs/MIGRATING.md has its format).
 *
 *   plan_index.c   is a text among the data? which hashes come twice?      pure
 *   plan_decide.c  groups, who keeps, the new numbers and suffixes         pure
 *   plan_write.c   a plan as text                                          pure
 *   plan_read.c    and back, with everything that can be checked alone     pure
 *   find.c         the passes over a source that a plan needs
 *   check.c        a plan against the source that it is applied to
 *   sql.c          the renumbering as SQL; run.c runs it
 *
 * Invariants
 *  1. Deterministic: the same rows, in any order, give the same plan byte for byte. Where two rows could only be told
 *     apart by where they stand, neither gets a new number.
 *  2. A new number is not in the data, small and capital letters alike, nor twice in the plan. Where a hash says that
 *     it might be, that counts as yes.
 *  3. Texts are folded as docket's templates are compared: the letters A to Z.
 */
#ifndef DOCKET_TOOLS_LEGACY_PLAN_H
#define DOCKET_TOOLS_LEGACY_PLAN_H

#include "arena.h"
#include "docket.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- plan_index.c ---- */

/* Hashes of (tenant, number folded): all that is kept of rows that are no duplicates. Eight bytes each. */
struct plan_index {
    uint64_t *hashes;
    size_t count, room;
    uint64_t *twice; /* those that came more than once, in order */
    size_t twice_count;
};

uint64_t plan_hash(const char *tenant, size_t tenant_bytes, const char *number, size_t number_bytes);
bool plan_same_folded(const char *a, const char *b);
/* False without memory. */
bool plan_index_add(struct plan_index *index, uint64_t hash);
/* In order, and `twice` found; adds no more. */
bool plan_index_sort(struct plan_index *index);
bool plan_index_has(const struct plan_index *index, uint64_t hash);
bool plan_index_twice(const struct plan_index *index, uint64_t hash);
void plan_index_drop(struct plan_index *index);

/* ---- rows ---- */

enum plan_do { PLAN_KEEP, PLAN_RENUMBER, PLAN_LEFT };

struct plan_row {
    enum plan_do what;
    uint64_t group; /* from 1; 0: of no group */
    const char *tenant, *id, *date, *number;
    const char *new_number; /* "" unless PLAN_RENUMBER */
    const char *why;
    uint64_t line; /* read: where it stands in the plan */
    /* What the decision goes by; not written. */
    uint32_t day;       /* yyyymmdd of date; 0: it has none */
    const char *series; /* that it is a number of; NULL: of none */
    int32_t period;
    uint32_t shown; /* yyyymmdd that the number shows, else day */
    bool shared;    /* another row of its group has the same id and number: what renames one would rename both */
    uint64_t value; /* the number itself, where other texts of it are duplicates; else 0 */
};

/* ---- plan_decide.c ---- */

enum plan_with { PLAN_WITH_EITHER, PLAN_WITH_NUMBERS, PLAN_WITH_SUFFIX };

/* What a decision asks about everything that is not in its rows. */
struct plan_world {
    void *context;
    /* The data has this text of the tenant, or might. */
    bool (*is_there)(void *context, const char *tenant, const char *text);
    /* A series of the tenant writes this text, or might one day. */
    bool (*is_written)(void *context, const char *tenant, const char *text);
    /* The highest number used in the row's series and period, by whoever gave numbers of it. */
    uint64_t (*highest)(void *context, const struct plan_row *row);
    /* The text of that number in the row's series and period; NULL, or why there is none. */
    const char *(*text_of)(void *context, const struct plan_row *row, uint64_t number, char text[DOCKET_TEXT_MAX]);
    /* NULL, or why the row's series takes no new numbers from a plan. */
    const char *(*refuses)(void *context, const struct plan_row *row);
    void (*name_period)(void *context, int32_t period, char text[16]);
    /* Most characters of a number of the row's tenant and series; 0: not known. */
    size_t (*longest)(void *context, const struct plan_row *row);
};

/* New numbers that a plan uses of a series that gives numbers itself. */
struct plan_use {
    const char *tenant, *series;
    int32_t period;
    uint64_t first, last, count;
    char period_text[16];
};

struct plan {
    struct arena arena; /* of all texts here */
    struct plan_row *rows;
    size_t count, room;
    struct plan_use *uses;
    size_t use_count;
    uint64_t groups, renumbered, left; /* rows of groups */
    /* the head */
    enum plan_with with;
    bool twice; /* other texts of one number of a series and period are duplicates too */
    const char *source;
    uint64_t source_rows;
    char digest[65];
    bool edited; /* read: its last line is the sum of other bytes */
};

/* A row to decide about, or one that is left; its texts are copied. NULL without memory. */
struct plan_row *plan_add(struct plan *plan, const struct plan_row *row);
/* Puts the rows into groups and decides; rows that are of no group go away. False without memory. */
bool plan_decide(struct plan *plan, const struct plan_world *world);
void plan_drop(struct plan *plan);

/* ---- plan_write.c, plan_read.c ---- */

enum { PLAN_VERSION = 1, PLAN_COLUMNS = 8 };

extern const char *const plan_columns[PLAN_COLUMNS];
extern const char *const plan_words[]; /* by enum plan_do */

/* False if the stream failed. */
bool plan_write(const struct plan *plan, FILE *to);

/* What a plan must not say: the line, from 1, and a sentence. */
struct plan_fault {
    uint64_t line;
    char text[256];
};
/* text is whole and the caller's; plan is zero. False: fault says why. */
bool plan_read(struct plan *plan, const char *text, size_t bytes, struct plan_fault *fault);

#endif
