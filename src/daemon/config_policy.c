/* SPDX-License-Identifier: MIT */
/*
 * config_policy: [default] and [tenant NAME] of docket.conf: what a series is told
 * that does not say otherwise. Lines are gathered first and applied when the file
 * has been read, so that it does not matter where in a section the profile stands.
 */
#include "daemon/config.h"

#include "daemon/clerk.h"
#include "daemon/days/zones.h"
#include "numbering/profile.h"

#include <stdlib.h>
#include <string.h>

struct dk_tenant_config *dk_config_tenant(struct dk_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->tenant_count; i++)
        if (strcmp(config->tenants[i].name, name) == 0)
            return &config->tenants[i];
    if (config->tenant_count == DK_CONFIG_TENANTS_MAX || dk_name_check("tenant", name) != DOCKET_OK)
        return NULL;
    config->tenants = dk_must_grow(config->tenants, config->tenant_count + 1, sizeof *config->tenants);
    struct dk_tenant_config *tenant = &config->tenants[config->tenant_count++];
    memset(tenant, 0, sizeof *tenant);
    snprintf(tenant->name, sizeof tenant->name, "%s", name);
    return tenant;
}

static bool stands_twice(const char *lines, const char *name)
{
    size_t bytes = strlen(name);
    for (const char *at = lines; *at != 0; at = strchr(at, '\n') + 1)
        if (strncmp(at, name, bytes) == 0 && at[bytes] == '=')
            return true;
    return false;
}

docket_status dk_config_setting(char lines[DK_SETTINGS_BYTES], const char *name, const char *value)
{
    bool twice = stands_twice(lines, name);
    docket_status status = dk_policy_add_line(lines, name, value);
    return status == DOCKET_OK && twice ? dk_fail(DOCKET_BAD_CONFIG, "%s stands twice", name) : status;
}

/* As a whole, for a series with the shortest names: who uses the realm later must
 * not find that its defaults never worked. Which documents a series numbers is said
 * by each, if the law of the profile asks. */
static docket_status check(const struct dk_policy *policy, const char *tenant)
{
    struct dk_policy said = *policy;
    if (said.documents == DK_ANY_DOCUMENTS && dk_profile(said.profile)->corrective_apart)
        said.documents = DK_INVOICES;
    return dk_policy_check(&said, tenant, "S", NULL);
}

docket_status dk_config_settle(struct dk_config *config)
{
    docket_status status = dk_policy_apply(&config->policy, config->default_lines);
    if (status == DOCKET_OK)
        status = check(&config->policy, "T");
    if (status != DOCKET_OK)
        return dk_wrap(DOCKET_BAD_CONFIG, "%s: [default]", config->file);
    for (uint32_t i = 0; status == DOCKET_OK && i < config->tenant_count; i++) {
        struct dk_tenant_config *tenant = &config->tenants[i];
        tenant->policy = config->policy;
        status = dk_policy_apply(&tenant->policy, tenant->lines);
        if (status == DOCKET_OK)
            status = check(&tenant->policy, tenant->name);
        if (status != DOCKET_OK)
            return dk_wrap(DOCKET_BAD_CONFIG, "%s: [tenant %s]", config->file, tenant->name);
    }
    return DOCKET_OK;
}

docket_status dk_config_check_zones(const struct dk_config *config)
{
    const struct dk_zone *zone;
    docket_status status = dk_zone_find(config->policy.zone, &zone);
    if (status != DOCKET_OK)
        return dk_wrap(DOCKET_BAD_CONFIG, "%s: [default]", config->file);
    for (uint32_t i = 0; i < config->tenant_count; i++) {
        status = dk_zone_find(config->tenants[i].policy.zone, &zone);
        if (status != DOCKET_OK)
            return dk_wrap(DOCKET_BAD_CONFIG, "%s: [tenant %s]", config->file, config->tenants[i].name);
    }
    return DOCKET_OK;
}

const struct dk_policy *dk_config_policy(const struct dk_config *config, const char *tenant)
{
    for (uint32_t i = 0; i < config->tenant_count; i++)
        if (strcmp(config->tenants[i].name, tenant) == 0)
            return &config->tenants[i].policy;
    return &config->policy;
}

/* ---- printing ---- */

void dk_config_print_settings_reference(FILE *out)
{
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    fprintf(out, "\n[default]\n");
    for (unsigned at = 0; at < count; at++)
        fprintf(out, "# %s\n#   %s.\n#   Values: %s\n# %s = %s\n", settings[at].name, settings[at].meaning,
                settings[at].values, settings[at].name,
                settings[at].fallback[0] != 0 ? settings[at].fallback : "(nothing)");
    fprintf(out, "\n# [tenant NAME]      what the tenant's series are told, over [default]; the same keys\n");
}

static void print_policy(FILE *out, const struct dk_policy *policy)
{
    unsigned count;
    const struct dk_setting *settings = dk_settings(&count);
    for (unsigned at = 0; at < count; at++) {
        char is[DK_SETTING_BYTES];
        dk_policy_get(policy, at, is);
        fprintf(out, "%s = %s\n", settings[at].name, is);
    }
}

static void print_tenant(FILE *out, const struct dk_tenant_config *tenant, const struct dk_policy *base)
{
    char lines[DK_SETTINGS_BYTES];
    if (dk_policy_lines(&tenant->policy, base, lines, sizeof lines))
        fprintf(out, "\n[tenant %s]\n%s", tenant->name, lines);
}

static void print_desk(FILE *out, const struct dk_desk_config *desk)
{
    fprintf(out, "\n[desk %s]\n", desk->name);
    if (desk->tenant_count > 0)
        fprintf(out, "tenants = ");
    for (uint32_t i = 0; i < desk->tenant_count; i++)
        fprintf(out, "%s%s", desk->tenants[i], i + 1 < desk->tenant_count ? "," : "\n");
    if (desk->user[0] != 0)
        fprintf(out, "user = %s\n", desk->user);
    if (desk->group[0] != 0)
        fprintf(out, "group = %s\n", desk->group);
}

void dk_config_print(const struct dk_config *config, FILE *out)
{
    fprintf(out, "# %s as docketd reads it\n[realm]\n", config->file);
    if (config->runtime_dir[0] != 0)
        fprintf(out, "runtime_dir = %s\n", config->runtime_dir);
    if (config->witness[0] != 0)
        fprintf(out, "witness = %s\n", config->witness);
    if (config->witness_dir_named)
        fprintf(out, "witness_dir = %s\n", config->witness_dir[0] != 0 ? config->witness_dir : "none");
    if (config->witness_command[0] != 0 || config->witness_command_none)
        fprintf(out, "witness_command = %s\n", config->witness_command_none ? "none" : config->witness_command);
    fprintf(out, "witness_timeout_s = %u\n", config->witness_timeout_s);
    fprintf(out, "series = %s\naccess = %s\n", config->declared_only ? "declared" : "first-use",
            config->shared ? "shared" : "private");
    fprintf(out, "seats_max = %u\nlines_per_seat = %u\nseries_max = %u\nrows_max = %u\nevict_after_s = %u\n"
                 "clock_guard_days = %u\nidle_exit_s = %u\n",
            config->geometry.seats_max, config->geometry.lines_per_seat, config->geometry.slots_max,
            config->geometry.rows_max, config->evict_after_s, config->clock_guard_days, config->idle_exit_s);
    if (config->admins[0] != 0)
        fprintf(out, "admins = %s\n", config->admins);
    if (config->admin_group[0] != 0)
        fprintf(out, "admin_group = %s\n", config->admin_group);
    fprintf(out, "\n[default]\n");
    print_policy(out, &config->policy);
    for (uint32_t i = 0; i < config->tenant_count; i++)
        print_tenant(out, &config->tenants[i], &config->policy);
    for (uint32_t i = 0; i < config->desk_count; i++)
        if (i > 0 || config->desks[0].user[0] != 0 || config->desks[0].group[0] != 0)
            print_desk(out, &config->desks[i]);
}
