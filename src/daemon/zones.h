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

/* The zone of this name, which lives as long as the process. "UTC" needs no
 * database. BAD_POLICY, with what to do: a name that cannot be one, a zone that
 * the database does not have or whose file is damaged, no database. */
docket_status dk_zone_find(const char *name, const struct dk_zone **zone) DK_MUST_USE;

/* A hash of the first instants of all dates from this one to DK_DATE_LAST. */
uint64_t dk_zone_fingerprint(const struct dk_zone *zone, uint32_t yyyymmdd);

/* True if the database now begins a day from this one on at another instant, or
 * does not have the zone any more. */
bool dk_zone_is_stale(const struct dk_zone *zone, uint32_t yyyymmdd);

#endif
