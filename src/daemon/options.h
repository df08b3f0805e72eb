/* SPDX-License-Identifier: MIT */
/* options: docketd's command line, and its exit codes. */
#ifndef DK_DAEMON_OPTIONS_H
#define DK_DAEMON_OPTIONS_H

#include "daemon/offline/offline.h"

struct dk_options {
    const char *realm;
    const char *config;
    bool check_config;
    bool print_config;
    bool check_takeover;
    bool create;
    bool accept;
    bool accept_clock;
    uint64_t advance;
    int64_t idle_exit_s; /* -1: as configured */
    bool offline;
    struct dk_offline verb;
};

/* -1: go on. Otherwise the exit code; what there was to say has been said. */
int dk_options_read(int count, char **values, struct dk_options *options);
int dk_options_exit_code(docket_status status);

#endif
