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

enum { DK_WITNESS_DIR_BYTES = 256 }; /* with its zero: the store records it */
enum { DK_DESKS_MAX = 64, DK_DESK_TENANTS_MAX = 256, DK_CONFIG_TENANTS_MAX = 4096 };

struct dk_desk_config {
    char name[DOCKET_NAME_MAX + 1];
    char user[64];
    char group[64];
    uint32_t tenant_count;
    char tenants[DK_DESK_TENANTS_MAX][DOCKET_NAME_MAX + 1];
};

/* [tenant NAME] */
struct dk_tenant_config {
    char name[DOCKET_NAME_MAX + 1];
    char lines[DK_SETTINGS_BYTES]; /* as they stand there */
    struct dk_policy policy;       /* they over [default] */
};

struct dk_config {
    char realm[DK_PATH_BYTES];
    char file[DK_PATH_BYTES];
    char runtime_dir[DK_PATH_BYTES]; /* "": the first that is tmpfs */
    char witness[DK_PATH_BYTES];     /* "": REALM/witness */
    char witness_dir[DK_PATH_BYTES]; /* of the far one: where witness_dir.c says, unless it is named ... */
    bool witness_dir_named;          /* ... and then "" is none */
    char witness_command[DK_PATH_BYTES]; /* "": none */
    bool witness_command_none;       /* in so many words */
    uint32_t witness_timeout_s;
    bool declared_only;              /* series = declared */
    bool shared;                     /* access = shared */
    uint32_t idle_exit_s;            /* 0: never */
    char admins[192];                /* names or uids, with commas between them; "": nobody beside root and us */
    char admin_group[64];
    uint32_t evict_after_s;          /* 0: never */
    uint32_t clock_guard_days;       /* 0: no guard */
    struct dk_geometry geometry;
    char default_lines[DK_SETTINGS_BYTES]; /* [default] as it stands */
    struct dk_policy policy;         /* [default] */
    uint32_t tenant_count;
    struct dk_tenant_config *tenants;
    uint32_t desk_count;             /* the first is "default" */
    struct dk_desk_config *desks;
};

/* Fills in defaults, then reads file (absent: only if it was not asked for). */
docket_status dk_config_load(struct dk_config *config, const char *realm, const char *file) DK_MUST_USE;

/* What a series of this tenant is told that does not say otherwise. */
const struct dk_policy *dk_config_policy(const struct dk_config *config, const char *tenant);

/* BAD_CONFIG: a zone that the database does not have. Apart from reading, so that a
 * realm starts though its zone database is gone. */
docket_status dk_config_check_zones(const struct dk_config *config) DK_MUST_USE;

/* For config.c: a tenant's section, made if it is not there (NULL: no such name, or
 * too many); a line more of a section; and the policies, when all has been read. */
struct dk_tenant_config *dk_config_tenant(struct dk_config *config, const char *name);
docket_status dk_config_setting(char lines[DK_SETTINGS_BYTES], const char *name, const char *value) DK_MUST_USE;
docket_status dk_config_settle(struct dk_config *config) DK_MUST_USE;
void dk_config_print_settings_reference(FILE *out);

/* The configuration as a file that says all of it. */
void dk_config_print(const struct dk_config *config, FILE *out);

/* Every key, its default and meaning, as a commented file. */
void dk_config_print_reference(FILE *out);

#endif
