/* SPDX-License-Identifier: MIT */
/* store_place: where the configuration says that a realm's store and its witnesses lie. */
#include "daemon/daemon.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

static struct dk_store_report found;
static struct dk_command command;

const struct dk_store_report *dk_store_place_report(void)
{
    return &found;
}

void dk_store_place_of(const struct dk_daemon *daemon, struct dk_store_place *place)
{
    const struct dk_config *config = &daemon->config;
    place->board.daemon = daemon;
    bool named = config->witness_dir_named;
    snprintf(place->far, sizeof place->far, "%s", config->witness_dir);
    if (!named && !dk_witness_dir(place->far, DK_WITNESS_DIR_BYTES)) {
        dk_log(DK_LOG_WARNING, "there is no folder for a far witness: no HOME, and none is named (witness_dir); a copy of the "
                               "whole realm would not be noticed");
        place->far[0] = 0;
    }
    bool has_root = dk_runtime_root(config->runtime_dir[0] ? config->runtime_dir : NULL, config->shared, place->board.root,
                                    sizeof place->board.root) == DOCKET_OK; /* else open_runtime() says why */
    place->options = (struct dk_store_options){.realm = config->realm,
                                               .witness = config->witness[0] ? config->witness : NULL,
                                               .far = place->far[0] != 0 || !named ? place->far : NULL,
                                               .far_is_named = named,
                                               .lock_folder = has_root ? place->board.root : NULL,
                                               .ask = has_root ? dk_board_judge : NULL,
                                               .asked = &place->board,
                                               .report = &found};
    found = (struct dk_store_report){0};
    place->options.no_command = config->witness_command_none;
    if (config->witness_command[0] != 0) {
        dk_command_of(daemon, &command);
        place->options.command = &command.calls;
    }
    memcpy(place->options.boot_id, daemon->boot_id, sizeof place->options.boot_id);
}
