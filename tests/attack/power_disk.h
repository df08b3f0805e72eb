/* SPDX-License-Identifier: MIT */
/*
 * power_disk: what a disk may hold when the power goes. Everything that was
 * synced is durable; of what was not, any part may be there: each page of a
 * write by itself and in sectors of 512 bytes, each length, each name.
 *
 *   sync of a file          its bytes and its length, not its name
 *   sync of a directory     its names
 *   O_DSYNC write           its pages (with what else was dirty in them)
 */
#ifndef TESTS_POWER_DISK_H
#define TESTS_POWER_DISK_H

#include "power.h"

#include <stdbool.h>
#include <stddef.h>

enum { POWER_SECTOR = 512, POWER_PAGE = 4096, POWER_NAME = 64, POWER_PENDING_MAX = 4096 };

/* All sectors of a page. */
#define POWER_WHOLE 0xffu

struct power_disk;

struct power_disk *power_disk_new(void);

/* The operation has begun: what it writes is pending with the rest. */
void power_disk_begin(struct power_disk *disk, const struct power_record *record, const char *bytes);
/* It has ended: what it made durable is. */
void power_disk_end(struct power_disk *disk, const struct power_record *record);

/* How much is pending, and whether a thing is a write (which can be torn). */
size_t power_disk_pending(const struct power_disk *disk);
bool power_disk_is_write(const struct power_disk *disk, size_t at);

/* Lays the disk into folder/realm (and folder/other, the second root): the
 * durable part and, of each pending thing, what choice says: 0 nothing, else
 * all (of a write: the sectors whose bits are set). */
void power_disk_lay(struct power_disk *disk, const unsigned char *choice, const char *folder);

#endif
