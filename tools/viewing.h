/* SPDX-License-Identifier: MIT */
/* viewing: what the commands that only look have in common. */
#ifndef DOCKET_TOOLS_VIEWING_H
#define DOCKET_TOOLS_VIEWING_H

#include "cli.h"
#include "docket_inspect.h"
#include "output.h"

/* CLI_DONE, or an exit code when it has said why. */
int viewing_open(const struct cli *cli, docket_view **view);

/* The period in which the clock stands, or NULL. */
const struct docket_view_period *viewing_current(const struct docket_view_series *series);

/* It has given its last number, and will not go on by itself. */
bool viewing_used_up(const struct docket_view_period *period);

/* "serving", "stopped", "dead". */
const char *viewing_state(const struct docket_view_realm *realm);

/* "docketd   serving, pid ..." and "realm  ..." */
void viewing_print_realm(const struct docket_view_realm *realm);

/* Adds realm, runtime, store_id, generation, commit_number and docketd. */
void viewing_realm_json(json_t *object, const struct docket_view_realm *realm);

/* Is it time to ask for another interval? By the numbers of the current period, or by
 * the calendar: within VIEWING_ENDS_DAYS of its last day, or after it. */
enum { VIEWING_ENDS_DAYS = 14 };
bool viewing_nearly_used(const struct docket_view_series *series);
bool viewing_validity_ends(const struct docket_view_series *series);

json_t *viewing_series_json(const struct docket_view_series *series);

/* "12 min", "45 s", "3.5 h", "-": how long `laid` lasts at a rate. Seconds when short. */
enum { VIEWING_TIME_BYTES = 32 };
const char *viewing_runway(uint64_t laid, double per_second, char text[VIEWING_TIME_BYTES]);
const char *viewing_duration(double seconds, char text[VIEWING_TIME_BYTES]);

/* A table with a row for each period of a series; in the second one the desk
 * is shown unasked too. */
extern const struct output_heads viewing_series_heads, viewing_series_desk_heads;
void viewing_series_rows(struct output_table *table, const struct docket_view_series *series);

/* A table with a row for each seat. */
extern const struct output_heads viewing_seat_heads;
void viewing_seat_row(struct output_table *table, const struct docket_view_seat *seat);
json_t *viewing_seat_json(const struct docket_view_seat *seat);

/* How often callers waited for docketd, over all processes since the desks were built. */
struct viewing_waits {
    uint64_t numbers; /* handed out */
    uint64_t waits, ns_total, ns_max, timeouts;
};
void viewing_waits_desk(struct viewing_waits *sum, const struct docket_view_desk *desk);
void viewing_waits_seat(struct viewing_waits *sum, const struct docket_view_seat *seat);
/* Of so many laid or open numbers that desks count as out: not handed out. */
void viewing_waits_less(struct viewing_waits *sum, uint64_t not_handed_out);
/* "3 calls, 0.02 in a million numbers; mean 310 us, longest 900 us; 0 time-outs" */
enum { VIEWING_WAITS_BYTES = 160 };
const char *viewing_waits_text(const struct viewing_waits *waits, char text[VIEWING_WAITS_BYTES]);
json_t *viewing_waits_json(const struct viewing_waits *waits);

#endif
