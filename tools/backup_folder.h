/* SPDX-License-Identifier: MIT */
/*
 * backup_folder: the folder of a backup while it is made: under another name beside it,
 * until all of it is on the disk; then it is renamed where nothing stands.
 */
#ifndef DOCKET_TOOLS_BACKUP_FOLDER_H
#define DOCKET_TOOLS_BACKUP_FOLDER_H

#include "cli.h"

#include <limits.h>

struct backup_folder {
    const struct cli *cli;
    const char *path; /* as it was asked for */
    char name[NAME_MAX + 1], making[NAME_MAX + 1];
    int parent, folder, data;
};

/* Exit codes; what went wrong was said. The folder is ended in any case. */
int backup_folder_begin(struct backup_folder *folder, const struct cli *cli, const char *path);
/* Data and manifest are durable, and the folder has its name. */
int backup_folder_finish(struct backup_folder *folder, const char *manifest);
/* What did not get its name is removed. */
void backup_folder_end(struct backup_folder *folder);

#endif
