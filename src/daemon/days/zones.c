/* SPDX-License-Identifier: MIT */
/*
 * zones: see zones.h. tzif.c reads a zone's file; what is kept of it is a list of
 * steps, each an instant and the offset from then on.
 */
#include "daemon/days/zones.h"

#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "daemon/days/tzif.h"
#include "numbering/date.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400

enum { FILE_BYTES_MAX = 1 << 16 }; /* the largest has 5 KiB */

struct kept {
    struct kept *next;
    struct dk_zone zone;
    bool lost;
    struct dk_steps steps;
};

static struct kept *all;

/* ---- from steps to days ---- */

/* The last step that begins at or before the instant. */
static size_t step_at(const struct dk_steps *steps, int64_t utc_s)
{
    size_t low = 0, high = steps->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (steps->steps[middle].from_s <= utc_s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The first instant at which clocks show midnight of the day, or anything later:
 * in the first step that lasts so long. Steps that ended a day before do not. */
static int64_t start_of(const struct dk_steps *steps, int32_t day)
{
    int64_t local_s = (int64_t)day * DAY_S;
    for (size_t at = step_at(steps, local_s - DK_OFFSET_MAX_S);; at++) {
        int64_t begins_s = local_s - steps->steps[at].offset_s;
        if (at > 0 && begins_s < steps->steps[at].from_s)
            begins_s = steps->steps[at].from_s;
        if (at + 1 == steps->count || begins_s < steps->steps[at + 1].from_s)
            return begins_s;
    }
}

static int64_t day_start(const struct dk_zone *zone, uint32_t yyyymmdd)
{
    return start_of(zone->own, dk_date_day(yyyymmdd));
}

static uint32_t date_at(const struct dk_zone *zone, int64_t utc_s)
{
    const struct dk_steps *steps = zone->own;
    int64_t last_s = (int64_t)dk_date_day(21001231) * DAY_S + DAY_S - 1;
    utc_s = utc_s < 0 ? 0 : utc_s > last_s ? last_s : utc_s;
    int64_t local_s = utc_s + steps->steps[step_at(steps, utc_s)].offset_s;
    int32_t day = (int32_t)((local_s + DAY_S) / DAY_S) - 1; /* local_s may be below 0, by less than a day */
    while (start_of(steps, day + 1) <= utc_s)
        day++; /* the clock was put back over midnight, or the zone left a day out */
    return dk_day_date(day);
}

/* ---- from the database to steps ---- */

static const char *database(void)
{
    const char *path = getenv("TZDIR");
    return path != NULL ? path : "/usr/share/zoneinfo";
}

static docket_status no_zone(const char *name, int error)
{
    struct stat found;
    if (stat(database(), &found) != 0)
        return dk_fail(DOCKET_BAD_POLICY,
                       "zone \"%s\" cannot be read: this machine has no zone database in %s; install the package "
                       "tzdata, or use UTC",
                       name, database());
    if (error == ENOENT || error == ENOTDIR || error == EISDIR)
        return dk_fail(DOCKET_BAD_POLICY,
                       "there is no zone \"%s\" in %s; use a name of the zone database as it is written there, such as "
                       "Europe/Vienna or UTC",
                       name, database());
    return dk_fail_errno(DOCKET_BAD_POLICY, error, "zone \"%s\" cannot be read from %s", name, database());
}

static docket_status read_bytes(const char *name, const char *path, int fd, struct dk_steps *steps)
{
    static uint8_t bytes[FILE_BYTES_MAX];
    struct stat found;
    if (fstat(fd, &found) != 0)
        return no_zone(name, errno);
    if (!S_ISREG(found.st_mode))
        return no_zone(name, EISDIR); /* "Europe" */
    ssize_t count = read(fd, bytes, sizeof bytes);
    if (count < 0)
        return no_zone(name, errno);
    if (count != found.st_size || !dk_tzif_read(bytes, (size_t)count, steps))
        return dk_fail(DOCKET_BAD_POLICY,
                       "%s is damaged, or no zone that docket can use: install the package tzdata anew, or use "
                       "another zone",
                       path);
    return DOCKET_OK;
}

static docket_status read_file(const char *name, struct dk_steps *steps)
{
    char path[DK_PATH_BYTES];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", database(), name) >= sizeof path)
        return no_zone(name, ENAMETOOLONG);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return no_zone(name, errno);
    docket_status status = read_bytes(name, path, fd, steps);
    close(fd);
    return status;
}

/* Names of the database alone: no path that leaves it, no rule ("EST5EDT4"), none
 * of the files beside the zones, not this machine's own zone. */
static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_/";
    size_t bytes = strlen(name);
    return bytes >= 1 && bytes < DK_ZONE_BYTES && strchr(letters, name[0]) != NULL &&
           strspn(name, others) == bytes && strstr(name, "//") == NULL && name[bytes - 1] != '/' &&
           strncmp(name, "posix/", 6) != 0 && strncmp(name, "right/", 6) != 0 && strcmp(name, "localtime") != 0 &&
           strcmp(name, "posixrules") != 0;
}

static docket_status read_zone(const char *name, struct dk_steps *steps)
{
    if (is_name(name))
        return read_file(name, steps);
    return dk_fail(DOCKET_BAD_POLICY,
                   "\"%.60s\" is no zone; use a name of the zone database, such as Europe/Vienna, America/New_York or "
                   "UTC",
                   name);
}

static struct kept *find(const char *name)
{
    struct kept *kept = all;
    while (kept != NULL && strcmp(kept->zone.name, name) != 0)
        kept = kept->next; /* some hundreds at most, and as a rule one or two */
    return kept;
}

/* name fits: it comes from a policy, or has been looked at. NULL: no memory. */
static struct kept *keep(const char *name, const struct dk_steps *steps)
{
    struct kept *made = malloc(sizeof *made);
    if (made == NULL) {
        (void)dk_fail(DOCKET_NO_MEMORY, "no memory for zone \"%s\"", name);
        return NULL;
    }
    made->next = all;
    made->zone = (struct dk_zone){.day_start = day_start, .date = date_at, .own = &made->steps};
    made->lost = steps == NULL;
    memcpy(made->zone.name, name, strlen(name) + 1);
    if (steps != NULL)
        made->steps = *steps;
    else
        made->steps.count = 1, made->steps.steps[0] = (struct dk_step){0};
    all = made;
    return made;
}

static struct dk_steps reading; /* of the one thread */

docket_status dk_zone_find(const char *name, const struct dk_zone **zone)
{
    struct kept *kept = find(name);
    if (strcmp(name, dk_zone_utc.name) == 0) {
        *zone = &dk_zone_utc;
        return DOCKET_OK;
    }
    if (kept != NULL && !kept->lost) {
        *zone = &kept->zone;
        return DOCKET_OK;
    }
    docket_status status = read_zone(name, &reading);
    if (status != DOCKET_OK)
        return status;
    if (kept != NULL) { /* it has come back */
        kept->steps = reading;
        kept->lost = false;
    } else if ((kept = keep(name, &reading)) == NULL) {
        return DOCKET_NO_MEMORY;
    }
    *zone = &kept->zone;
    return DOCKET_OK;
}

const struct dk_zone *dk_zone_of(const char *name)
{
    const struct dk_zone *zone;
    struct kept *kept = find(name);
    if (kept != NULL)
        return &kept->zone;
    if (dk_zone_find(name, &zone) == DOCKET_OK)
        return zone;
    dk_log(DK_LOG_ERROR, "%s. Until then no period of its series is opened", dk_error_text());
    kept = keep(name, NULL);
    if (kept == NULL)
        abort(); /* docketd ends when memory is short */
    return &kept->zone;
}

bool dk_zone_is_lost(const struct dk_zone *zone)
{
    const struct kept *kept = zone->own == NULL ? NULL : find(zone->name);
    return kept != NULL && kept->lost;
}

bool dk_zones_look_again(void)
{
    bool found = false;
    for (struct kept *kept = all; kept != NULL; kept = kept->next) {
        const struct dk_zone *zone;
        if (!kept->lost || dk_zone_find(kept->zone.name, &zone) != DOCKET_OK)
            continue;
        dk_log(DK_LOG_NOTICE, "zone %s is in the database again", zone->name);
        found = true;
    }
    return found;
}

uint64_t dk_zone_fingerprint(const struct dk_zone *zone)
{
    const struct dk_steps *steps = zone->own;
    uint64_t hash = 1;
    if (dk_zone_is_lost(zone))
        return 0;
    for (size_t at = 0; steps != NULL && at < steps->count; at++) {
        hash = dk_hash(&steps->steps[at].from_s, sizeof steps->steps[at].from_s, hash);
        hash = dk_hash(&steps->steps[at].offset_s, sizeof steps->steps[at].offset_s, hash);
    }
    return hash;
}

bool dk_zone_is_stale(const struct dk_zone *zone, int64_t from_s)
{
    const struct dk_steps *steps = zone->own;
    if (steps == NULL || dk_zone_is_lost(zone))
        return false;
    if (read_zone(zone->name, &reading) != DOCKET_OK)
        return true;
    size_t now = step_at(&reading, from_s), before = step_at(steps, from_s);
    if (reading.count - now != steps->count - before || reading.steps[now].offset_s != steps->steps[before].offset_s)
        return true;
    while (++now < reading.count) {
        before++;
        if (reading.steps[now].from_s != steps->steps[before].from_s ||
            reading.steps[now].offset_s != steps->steps[before].offset_s)
            return true;
    }
    return false;
}
