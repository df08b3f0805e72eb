/* SPDX-License-Identifier: MIT */
/*
 * doctor_realm: the checks of what docketd and the shared files say.
 */
#include "doctor.h"
#include "viewing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { NEARLY_FULL_PERCENT = 90, LOOKS = 10 };

void doctor_docketd(struct doctor *doctor)
{
    double age_s = (double)doctor->realm.heartbeat_age_ns / 1e9;
    if (doctor->realm.serving > 0)
        doctor_say(doctor, "docketd", VERDICT_PASS, NULL, "serving, pid %" PRId64 ", heartbeat %.1f s ago",
                   doctor->realm.docketd_pid, age_s);
    else if (doctor->realm.serving == 0)
        doctor_say(doctor, "docketd", VERDICT_FAIL, "start it", "stopped in order %.0f s ago: no number is given", age_s);
    else
        doctor_say(doctor, "docketd", VERDICT_FAIL, "start it: workers go on with what is laid, and no longer",
                   "dead: pid %" PRId64 " has had no heartbeat for %.1f s", doctor->realm.docketd_pid, age_s);
}

/* Those releases destroy their shared mutex when they close; docketd refuses
 * them, and somebody may have changed the library under a docketd that runs. */
static bool lmdb_is_bad(const char *version)
{
    int major, minor, patch;
    return sscanf(version, "%d.%d.%d", &major, &minor, &patch) == 3 && major == 0 && minor == 9 && patch >= 26 &&
           patch <= 31;
}

void doctor_versions(struct doctor *doctor)
{
    const char *lmdb = doctor->about_known ? doctor->about.lmdb_version : "";
    const char *docketd = doctor->about_known ? doctor->about.docketd_version : "";
    if (docketd[0] == '\0')
        doctor_say(doctor, "versions", VERDICT_WARN, "start docketd anew",
                   "docketd has not written down of which release it is; this is docket %s", docket_version());
    else if (strcmp(docketd, docket_version()) != 0)
        doctor_say(doctor, "versions", VERDICT_WARN, "restart docketd after an upgrade; use one release of all parts",
                   "docketd is %s, docket and its library %s", docketd, docket_version());
    else
        doctor_say(doctor, "versions", VERDICT_PASS, NULL, "docketd and docket are %s", docketd);
    if (lmdb[0] == '\0')
        doctor_say(doctor, "LMDB", VERDICT_WARN, "start docketd anew", "docketd has not written down which LMDB it uses");
    else if (lmdb_is_bad(lmdb))
        doctor_say(doctor, "LMDB", VERDICT_FAIL, "install LMDB 0.9.24, 0.9.25, or 0.9.32 and later",
                   "docketd uses LMDB %s, which destroys its shared mutex when it closes", lmdb);
    else
        doctor_say(doctor, "LMDB", VERDICT_PASS, NULL, "docketd uses LMDB %s", lmdb);
}

void doctor_config(struct doctor *doctor)
{
    struct stat facts;
    char path[PATH_MAX + 16];
    const char *known = doctor->about_known ? doctor->about.config : "";
    snprintf(path, sizeof path, "%s/docket.conf", doctor->path);
    if (known[0] != '\0')
        snprintf(path, sizeof path, "%.4000s", known);
    if (stat(path, &facts) != 0) {
        if (errno == ENOENT && known[0] == '\0')
            doctor_say(doctor, "configuration", VERDICT_PASS, NULL, "none: the defaults");
        else
            doctor_say(doctor, "configuration", VERDICT_WARN,
                       "bring it back, or docketd's next start takes the defaults", "cannot look at %s: %s", path,
                       strerror(errno));
        return;
    }
    if ((int64_t)facts.st_mtime > doctor->realm.started_s)
        doctor_say(doctor, "configuration", VERDICT_WARN,
                   "check it (docketd --realm DIR --check-config), then restart docketd",
                   "%s was changed after docketd's start, which read it before", path);
    else
        doctor_say(doctor, "configuration", VERDICT_PASS, NULL, "%s, as docketd read it", path);
}

/* ---- desks ---- */

struct fullest {
    char desk[32];
    uint64_t used, max;
    unsigned percent;
};

static void look_at(struct fullest *fullest, const char *desk, uint64_t used, uint64_t max)
{
    unsigned percent = max > 0 ? (unsigned)(used * 100 / max) : 0;
    if (fullest->max != 0 && percent <= fullest->percent)
        return;
    snprintf(fullest->desk, sizeof fullest->desk, "%s", desk);
    fullest->used = used;
    fullest->max = max;
    fullest->percent = percent;
}

enum { SEATS, SERIES, ROWS, KINDS };

static int add_desk(void *context, const struct docket_view_desk *desk)
{
    struct fullest *fullest = context;
    look_at(&fullest[SEATS], desk->name, desk->seats_taken, desk->seats_max);
    look_at(&fullest[SERIES], desk->name, desk->slots_used, desk->slots_max);
    look_at(&fullest[ROWS], desk->name, desk->rows_used, desk->rows_max);
    return 0;
}

void doctor_desks(struct doctor *doctor)
{
    /* Quiet series make room for others: a desk full of them is slow, and not stuck. */
    static const struct {
        const char *check, *what, *next;
        enum verdict when_full;
    } kinds[KINDS] = {
        {"seats", "seats are taken", "raise seats_max in docket.conf (takes effect after a stop in order)", VERDICT_FAIL},
        {"series slots", "series slots are used", "raise series_max in docket.conf (takes effect after a stop in order)",
         VERDICT_WARN},
        {"rows of places", "rows are used", "raise rows_max in docket.conf (takes effect after a stop in order)",
         VERDICT_FAIL},
    };
    struct fullest fullest[KINDS] = {0};
    docket_status status = docket_view_each_desk(doctor->view, add_desk, fullest);
    if (status != DOCKET_OK) {
        doctor_say(doctor, "desks", VERDICT_FAIL, "try again", "%s", docket_last_error());
        return;
    }
    for (int i = 0; i < KINDS; i++) {
        const struct fullest *full = &fullest[i];
        enum verdict verdict = full->used >= full->max                  ? kinds[i].when_full
                               : full->percent >= NEARLY_FULL_PERCENT ? VERDICT_WARN
                                                                      : VERDICT_PASS;
        doctor_say(doctor, kinds[i].check, verdict, verdict == VERDICT_PASS ? NULL : kinds[i].next,
                   "%" PRIu64 " of %" PRIu64 " %s at %s", full->used, full->max, kinds[i].what, full->desk);
    }
}

/* ---- seats of the dead ---- */

struct seats {
    uint32_t gone, lost, unread;
    uint64_t numbers; /* in leases of the gone */
};

static int add_seat(void *context, const struct docket_view_seat *seat)
{
    struct seats *seats = context;
    bool lost = strcmp(seat->state, "lost") == 0;
    seats->lost += lost;
    seats->unread += !lost && seat->lives < 0;
    seats->gone += !lost && seat->lives == 0;
    seats->numbers += !lost && seat->lives == 0 ? seat->numbers_open : 0;
    return 0;
}

/* A docketd that serves clears up in a tenth of a second: only what stays counts. */
static docket_status look_at_seats(struct doctor *doctor, struct seats *seats)
{
    docket_status status = DOCKET_OK;
    for (int i = 0; i < LOOKS; i++) {
        *seats = (struct seats){0};
        status = docket_view_each_seat(doctor->view, add_seat, seats);
        if (status != DOCKET_OK || seats->gone == 0 || doctor->realm.serving <= 0)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    return status;
}

void doctor_seats(struct doctor *doctor)
{
    struct seats seats;
    if (look_at_seats(doctor, &seats) != DOCKET_OK)
        doctor_say(doctor, "stale seats", VERDICT_FAIL, "try again", "%s", docket_last_error());
    else if (seats.gone > 0)
        doctor_say(doctor, "stale seats", VERDICT_WARN,
                   doctor->realm.serving > 0 ? "see docketd's log: it should have cleared them"
                                             : "start docketd: it gives their numbers back",
                   "%u seats of processes that have ended hold %" PRIu64 " numbers", seats.gone, seats.numbers);
    else
        doctor_say(doctor, "stale seats", VERDICT_PASS, NULL, "none");
    if (seats.lost > 0)
        doctor_say(doctor, "lost seats", VERDICT_WARN,
                   "keep others out of the runtime folder; the seats come back when the desk is built anew",
                   "the files of %u seats were removed", seats.lost);
    else if (seats.unread > 0)
        doctor_say(doctor, "lost seats", VERDICT_WARN, "run the doctor as the realm's owner; see docketd's log",
                   "the files of %u seats cannot be read", seats.unread);
}

/* ---- series ---- */

struct series {
    uint64_t all, quarantined, benchmark, nearly_used, ends;
    char one_quarantined[2 * DOCKET_NAME_MAX + 2], one_benchmark[2 * DOCKET_NAME_MAX + 2];
    char one_used[2 * DOCKET_NAME_MAX + 2], one_ends[2 * DOCKET_NAME_MAX + 2];
    uint32_t percent; /* of one_used */
};

static int add_series(void *context, const struct docket_view_series *one)
{
    struct series *series = context;
    series->all++;
    if (one->quarantined && series->quarantined++ == 0)
        snprintf(series->one_quarantined, sizeof series->one_quarantined, "%s/%s", one->tenant, one->name);
    if (one->window > DOCKET_WINDOW_MAX && series->benchmark++ == 0)
        snprintf(series->one_benchmark, sizeof series->one_benchmark, "%s/%s", one->tenant, one->name);
    if (viewing_nearly_used(one) && series->nearly_used++ == 0) {
        snprintf(series->one_used, sizeof series->one_used, "%s/%s", one->tenant, one->name);
        series->percent = viewing_current(one)->used_percent;
    }
    if (viewing_validity_ends(one) && series->ends++ == 0)
        snprintf(series->one_ends, sizeof series->one_ends, "%s/%s", one->tenant, one->name);
    return 0;
}

static void say_numbers(struct doctor *doctor, const struct series *series)
{
    if (series->nearly_used > 0)
        doctor_say(doctor, "numbers left", VERDICT_WARN,
                   "get another interval, or widen the template (docket series set); docket series show says what is left",
                   "%" PRIu64 " series have come to their warning level, %s is one: %u%% used", series->nearly_used,
                   series->one_used, series->percent);
    else
        doctor_say(doctor, "numbers left", VERDICT_PASS, NULL, "no series has come to its warning level");
    if (series->ends > 0)
        doctor_say(doctor, "validity", VERDICT_WARN, "get another interval: docket series set --valid-to",
                   "of %" PRIu64 " series ends within %d days or has ended, %s is one", series->ends,
                   VIEWING_ENDS_DAYS, series->one_ends);
    else
        doctor_say(doctor, "validity", VERDICT_PASS, NULL, "no interval ends within %d days", VIEWING_ENDS_DAYS);
}

void doctor_series(struct doctor *doctor)
{
    struct series series = {0};
    if (docket_view_each_series(doctor->view, add_series, &series) != DOCKET_OK) {
        doctor_say(doctor, "series", VERDICT_FAIL, "try again", "%s", docket_last_error());
        return;
    }
    if (series.quarantined > 0)
        doctor_say(doctor, "quarantine", VERDICT_FAIL, "see docketd's log for the cause, and docket fate for the numbers",
                   "%" PRIu64 " of %" PRIu64 " series give nothing, %s is one", series.quarantined, series.all,
                   series.one_quarantined);
    else
        doctor_say(doctor, "quarantine", VERDICT_PASS, NULL, "none of %" PRIu64 " series", series.all);
    if (series.benchmark > 0)
        doctor_say(doctor, "windows", VERDICT_WARN, "use such series for benchmarks only, never for books",
                   "%" PRIu64 " series have the window called benchmark, %s is one", series.benchmark,
                   series.one_benchmark);
    else
        doctor_say(doctor, "windows", VERDICT_PASS, NULL, "every series' window is for books");
    say_numbers(doctor, &series);
}
