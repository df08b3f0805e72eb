/* SPDX-License-Identifier: MIT */
/*
 * zones: the zones of the zone database, by name. docketd reads each once and
 * keeps to it until it ends, so that no edge moves under a running realm; the
 * next start reads anew, and dk_zone_is_stale() says that it would read something
 * else. One thread, the loop.
 */
#ifndef DK_DAEMON_ZONES_H
#define DK_DAEMON_ZONES_H

#include "base/status.h"
#include "numbering/zone.h"

#include <stdbool.h>
#include <stdint.h>

/* The zone of this name, which lives as long as the process. "UTC" needs no
 * database. BAD_POLICY, with what to do: a name that cannot be one, a zone that
 * the database does not have or whose file is damaged, no database. */
docket_status dk_zone_find(const char *name, const struct dk_zone **zone) DK_MUST_USE;

/* The zone of a series that exists. If the database does not have it (any more),
 * says so in the log and gives one that is lost: it has no day that could be
 * trusted, and nothing may be opened by it until dk_zones_look_again() has found it. */
const struct dk_zone *dk_zone_of(const char *name);
bool dk_zone_is_lost(const struct dk_zone *zone);
/* Looks for the lost ones again; true if one was found. */
bool dk_zones_look_again(void);

/* A hash of the zone's rules, as they were read. 0 of one that is lost. */
uint64_t dk_zone_fingerprint(const struct dk_zone *zone);

/* True if the database now says something else of the time from this instant on,
 * or does not have the zone any more. */
bool dk_zone_is_stale(const struct dk_zone *zone, int64_t from_s);

#endif
