/* SPDX-License-Identifier: MIT */
/*
 * folder: a backup's folder is there whole, or not at all: it is made under another
 * name beside it, synced, and renamed where nothing stands.
 *
 * What a crash leaves: NAME.new-XXXXXXXX, which nobody takes for a backup and anybody
 * may remove; or, after the rename, the whole backup.
 */
#ifndef DK_DAEMON_BACKUP_FOLDER_H
#define DK_DAEMON_BACKUP_FOLDER_H

#include "daemon/backup/manifest.h"

/* Backs the store up into `folder`, which must not be there. EXISTS, NO_SPACE, NOT_PERMITTED, SYSTEM. */
docket_status dk_backup_write(struct dk_store *store, const char *folder, struct dk_manifest *manifest) DK_MUST_USE;

/* Could it? Leaves nothing behind. */
docket_status dk_backup_can_begin(const char *folder) DK_MUST_USE;

#endif
