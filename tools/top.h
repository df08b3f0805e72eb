/* SPDX-License-Identifier: MIT */
/*
 * top: what `docket top` shows. A look walks the realm's shared files once; the
 * difference to the look before gives the rates. Only the busiest series are
 * kept, so that a realm with very many of them costs a walk and no more.
 */
#ifndef DOCKET_TOOLS_TOP_H
#define DOCKET_TOOLS_TOP_H

#include "cli.h"
#include "docket_inspect.h"
#include "viewing.h"

enum { TOP_ROWS_MAX = 200, TOP_SEATS_MAX = 64, TOP_ERROR_BYTES = 512 };

enum top_sort { TOP_BY_RATE, TOP_BY_RUNWAY, TOP_BY_LAID, TOP_BY_OPEN, TOP_BY_NAME, TOP_SORTS };

/* The period of a series in which the clock stands. */
struct top_row {
    char name[2 * DOCKET_NAME_MAX + 2];
    char desk[24];
    const char *order;
    bool quarantined, has_period, has_ledger;
    uint32_t window;
    double per_second;
    struct docket_view_period period;
};

struct top_seat {
    char desk[24];
    char state[16];
    struct docket_view_seat seat; /* its strings are those above */
};

/* Sums over all desks, seats and series. */
struct top_sums {
    uint64_t series, quarantined, laid, open, leases, given;
    uint64_t seats_taken, seats_max, waiting;
    uint64_t commits, commit_ns_last, commit_ns_max, blocks_laid, raises, seats_reaped;
    uint64_t claims;
    struct viewing_waits waits; /* since the desks were built */
    int64_t oldest_lease_age_s;
};

struct top_known; /* of one series, at the last look */

struct top {
    const char *directory;
    docket_view *view;             /* NULL: not open now */
    enum top_sort sort;
    size_t rows_wanted;            /* at most TOP_ROWS_MAX */
    bool readable;                 /* the last look saw the files; else error says why not */
    char error[TOP_ERROR_BYTES];
    docket_status status;
    struct docket_view_realm realm;
    char left_out_why[TOP_ERROR_BYTES];
    struct top_sums sums, before;
    double took_s;                 /* between the two looks; 0 after the first */
    double per_second;             /* numbers, of all series */
    double work_s;                 /* processor time of the last look */
    struct top_row rows[TOP_ROWS_MAX];
    size_t row_count;
    struct top_seat seats[TOP_SEATS_MAX];
    size_t seat_count;
    /* private to top_look.c */
    struct top_known *known, *next_known;
    size_t known_count, known_at, next_count, next_room;
    int64_t looked_ns;
    bool short_of_memory;
};

void top_begin(struct top *top, const char *directory, enum top_sort sort, size_t rows_wanted);
/* Looks once; where the files cannot be read it says so in the struct, and the
 * next look tries again. */
void top_look(struct top *top);
void top_end(struct top *top);

/* Of a sum of figures, since the look before. */
double top_rate(const struct top *top, uint64_t now, uint64_t before);
/* "rate", ...; false if there is no such order. */
const char *top_sort_name(enum top_sort sort);
bool top_sort_parse(const char *text, enum top_sort *sort);

/* top_screen.c: the live view. False if this terminal cannot show it. */
bool top_screen_run(struct top *top, int64_t interval_ns);

#endif
