/* SPDX-License-Identifier: MIT */
/*
 * docket_inspect: the window. A read-only view of a realm's shared files, for
 * tools. It takes no seat and no lock, asks docketd nothing, and works while
 * docketd is dead. What it shows is a snapshot word by word: workers go on
 * while it looks.
 */
#ifndef DOCKET_INSPECT_H
#define DOCKET_INSPECT_H

#include "docket.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct docket_view docket_view;

/* Opens the view of the realm in directory. A view is used by one thread at a
 * time. Statuses: OK, NO_REALM, UNREACHABLE (docketd has not run since boot),
 * UNSAFE_FILES, NOT_TMPFS, BAD_LAYOUT, NOT_PERMITTED, NO_MEMORY, SYSTEM. */
docket_status docket_view_open(const char *directory, docket_view **view);
void docket_view_close(docket_view *view);

struct docket_view_realm {
    const char *directory;   /* as opened */
    const char *runtime;     /* where the shared files lie */
    char store_id[33];       /* hex */
    uint64_t generation;
    int serving;             /* 1 serving, 0 stopped in order, -1 dead: heartbeat older than 2 s */
    int64_t heartbeat_age_ns;
    int64_t docketd_pid;     /* for display only */
    int64_t started_s;       /* UTC */
    uint64_t commit_number;
    uint32_t desk_count;     /* those that can be read */
    uint32_t desks_left_out; /* those whose files somebody spoiled ... */
    const char *left_out_why; /* ... and what is wrong with the last of them; "" if none */
    int64_t clock_held_s;    /* 0; else docketd does not follow the machine's clock, which is far ahead of the
                                store's last commit, but goes by this instant (UTC) */
};

struct docket_view_desk {
    const char *name;        /* "desk-0" */
    const char *title;       /* as docket.conf calls it: "default"; "" if docketd did not write it down */
    const char *user, *group; /* who may sit there, as docket.conf says; "" where it says nothing */
    uint32_t owner_uid, group_gid, mode; /* of the board's file */
    uint32_t seats_taken, seats_max;
    uint32_t slots_used, slots_ready, slots_max; /* used: series at the desk now */
    uint32_t rows_used, rows_ready, rows_max;
    uint32_t waiting;        /* series that asked for supply and have not been served */
    uint64_t board_bytes, table_bytes, seats_bytes; /* of tmpfs, allocated */
    uint64_t commits, commit_ns_last, commit_ns_max;
    uint64_t blocks_laid, raises, seats_reaped, tails_recovered, numbers_recovered;
    uint64_t numbers_given_back, quarantines;
    uint64_t evictions;      /* series that left the desk because nobody used them */
    uint64_t numbers_out;    /* since the desk was built, less what came back: handed out, or laid, or open */
    uint64_t past_waits, past_wait_ns_total, past_wait_ns_max, past_timeouts; /* of processes whose seats were
                                reaped: as in docket_view_seat */
};

struct docket_view_period {
    int32_t period;          /* 0 never, 2026, 202611, 20261124 */
    int64_t start_s, end_s;  /* UTC */
    uint64_t next;           /* strict: next number. leased: lowest laid number nobody claimed, 0 none */
    uint64_t laid;           /* numbers anyone may take now */
    uint64_t open;           /* numbers left in open leases */
    uint32_t leases;         /* open leases */
    int64_t oldest_lease_age_s; /* -1 none */
    uint64_t given;          /* numbers gone out of the counter, to compare two looks by: the difference is
                                what was given meanwhile. leased: a tail that came back counts until it is
                                laid again */
    uint32_t unknown_now;    /* most numbers that a power loss may make unknown now, beside open leases */
    uint32_t window_now;     /* how many docketd lays ahead now: a minute at the seen rate, at least 16, at
                                most the setting */
    uint32_t rate_per_minute; /* the rate that docketd saw when it last laid; 0 none seen yet. Rates above
                                 2^32 - 1 are shown as that */
    uint64_t first, last;    /* numbers of the counter, or of the authority's interval that it is in */
    int ends;                /* 1: last comes before numbers end by themselves ... */
    uint32_t used_percent;   /* ... and so much of first to last is gone. leased: what came back and does not lie yet
                                counts as gone */
    uint32_t date;           /* that its documents carry now, yyyymmdd: today in the series' zone; the period's
                                first day before it begins, its last one (of an interval too) once it is over */
    unsigned char form[64];  /* this library's own: how docket_view_text() writes its numbers */
};

struct docket_view_series {
    const char *tenant, *name, *desk;
    const char *template_text; /* of the first of its periods (tracked: of the current one), prefix and fields put in;
                                  "" if none is on the board */
    const char *order;       /* "strict", "leased", "gapless" */
    const char *restart;     /* "never", "yearly", "fiscal", "quarterly", "monthly", "weekly", "daily" */
    uint32_t window;         /* the setting: most numbers that a power loss may ever make unknown, beside
                                open leases; above DOCKET_WINDOW_MAX it is for benchmarks, not for books */
    uint32_t desk_index, slot; /* where it lies: with generation a key that is cheap to compare ... */
    uint64_t generation;     /* ... between two looks */
    int quarantined;
    uint32_t period_count;   /* 0 to 2 */
    struct docket_view_period periods[2];
    int retired;             /* 1: it gives no number any more */
    const char *zone;        /* whose dates its numbers carry: "UTC", "Europe/Vienna" */
    const char *fiscal_year; /* how its fiscal year lies: "january", "april", "last-saturday-january" */
    uint32_t profile;        /* 0: none */
    int chronological;       /* 1: no number has an earlier date than the one before it */
    int stops;               /* 1: its last number is the last one that fits the template's width */
    int voids_released;      /* 1: a number that comes back is void, and not given again */
    uint32_t warn_percent;   /* people are warned when so much of an interval is used; 0 never */
    uint32_t documents;      /* which documents it numbers; 0 any */
    uint32_t close_after_days; /* a period is closed so long after its end; 65535 never */
    uint32_t valid_from, valid_to; /* days of an authority's interval, yyyymmdd, inclusive; 0 no bound */
    int tracked;             /* 1: it keeps a ledger: docketd gives its numbers, and nothing is laid. Its one period is the
                                current one, as it was made durable last; next is its lowest free number */
};

struct docket_view_seat {
    const char *desk;
    uint32_t seat;
    const char *state;       /* "taken", "being reaped", "lost" (its file was removed: not given again) */
    int lives;               /* 1 a process holds the seat's lock, 0 none does (docketd has yet to notice, or
                                is dead), -1 the file cannot be looked at */
    int64_t pid;             /* for display only */
    uint32_t uid;
    int64_t attached_s;      /* UTC */
    uint32_t leases;         /* open */
    uint64_t numbers_open;
    int64_t oldest_lease_age_s; /* -1 none */
    uint64_t claims, waits, wait_ns_total, wait_ns_max, timeouts, give_backs; /* waits: calls that did not find their
                                number laid */
    uint64_t numbers;        /* handed out of its leases: of leased series only */
};

/* What the docketd that served last wrote down of itself, beside the shared
 * files. "" and 0: not told. */
struct docket_view_about {
    const char *docketd_version, *lmdb_version;
    uint32_t layout, schema; /* of the shared files, of the store */
    const char *realm, *store, *socket, *witness; /* absolute paths */
    const char *config;      /* absolute path; "" if there was none */
    const char *log;         /* absolute path, or "journal", or "stderr" */
    const char *far_witness; /* absolute path of the folder with this host's far witnesses; "": none is kept ... */
    const char *far_why;     /* ... since it cannot be; "": nobody wants one */
    const char *witness_command; /* absolute path; "": none */
};

/* The strings live until the view's next call.
 * Statuses: OK, UNREACHABLE (docketd wrote nothing down), and those of reading a file. */
docket_status docket_view_about_show(docket_view *view, struct docket_view_about *about);

/* The strings live until docket_view_close(). */
docket_status docket_view_realm_show(docket_view *view, struct docket_view_realm *facts);

/* Each callback returns 0 to go on; anything else ends the walk, which then
 * returns DOCKET_OK all the same. Pointers live until the callback returns. */
docket_status docket_view_each_desk(docket_view *view,
                                    int (*each)(void *context, const struct docket_view_desk *desk),
                                    void *context);
/* The series at the desks. One that nobody used for the realm's evict_after_s is
 * at none until its next use. */
docket_status docket_view_each_series(docket_view *view,
                                      int (*each)(void *context,
                                                  const struct docket_view_series *series),
                                      void *context);
docket_status docket_view_each_seat(docket_view *view,
                                    int (*each)(void *context, const struct docket_view_seat *seat),
                                    void *context);

/* One series by name: NO_SERIES if it is at no desk. *facts' strings live until
 * the view's next call. */
docket_status docket_view_series_find(docket_view *view, const char *tenant, const char *name,
                                      struct docket_view_series *facts);

/* The document number that `number` of a period of the series would have now: with
 * the period's date and template. size: DOCKET_TEXT_MAX. */
docket_status docket_view_text(const struct docket_view_series *facts,
                               const struct docket_view_period *period, uint64_t number, char *text,
                               size_t size);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
