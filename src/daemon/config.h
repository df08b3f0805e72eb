/* SPDX-License-Identifier: MIT */
/*
 * config: REALM/docket.conf, an INI file. Every key is in the table of
 * config.c with its meaning; an unknown key, section or value is refused with
 * its line. A missing file means the defaults.
 */
#ifndef DK_DAEMON_CONFIG_H
#define DK_DAEMON_CONFIG_H

#include "base/files.h"
#include "numbering/policy.h"
#include "table/layout.h"

#include <stdio.h>

enum { DK_DESKS_MAX = 64, DK_DESK_TENANTS_MAX = 256 };

struct dk_desk_config {
    char name[DOCKET_NAME_MAX + 1];
    char user[64];
    char group[64];
    uint32_t tenant_count;
    char tenants[DK_DESK_TENANTS_MAX][DOCKET_NAME_MAX + 1];
};

struct dk_config {
    char realm[DK_PATH_BYTES];
    char file[DK_PATH_BYTES];
    char runtime_dir[DK_PATH_BYTES]; /* "": the first that is tmpfs */
    char witness[DK_PATH_BYTES];     /* "": REALM/witness */
    bool declared_only;              /* series = declared */
    bool shared;                     /* access = shared */
    uint32_t idle_exit_s;            /* 0: never */
    uint32_t evict_after_s;          /* 0: never */
    struct dk_geometry geometry;
    struct dk_policy policy;         /* [default] */
    uint32_t desk_count;             /* the first is "default" */
    struct dk_desk_config *desks;
};

/* Fills in defaults, then reads file (absent: only if it was not asked for). */
docket_status dk_config_load(struct dk_config *config, const char *realm, const char *file) DK_MUST_USE;

/* Every key, its default and meaning, as a commented file. */
void dk_config_print_reference(FILE *out);

#endif
