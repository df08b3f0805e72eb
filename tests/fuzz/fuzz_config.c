/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/period numbering/policy numbering/template daemon/config */
/* libs: inih */
/*
 * The configuration file: every file is either refused with its place, or
 * within all stated bounds; and what was understood, written down again, is
 * understood the same.
 */
#define _GNU_SOURCE 1
#include "fuzz.h"

#include "daemon/clerk.h"
#include "daemon/config.h"

#include <sys/mman.h>
#include <unistd.h>

static int file = -1;
static char file_name[32];

void *dk_must_alloc(size_t count, size_t bytes)
{
    void *made = calloc(count, bytes);
    MUST(made != NULL);
    return made;
}

int LLVMFuzzerInitialize(int *count, char ***words)
{
    (void)count;
    (void)words;
    file = memfd_create("docket.conf", MFD_CLOEXEC);
    MUST(file >= 0);
    snprintf(file_name, sizeof file_name, "/proc/self/fd/%d", file);
    return 0;
}

static docket_status load(struct dk_config *config, const void *bytes, size_t size)
{
    MUST(ftruncate(file, 0) == 0 && pwrite(file, bytes, size, 0) == (ssize_t)size);
    docket_status status = dk_config_load(config, "/realm", file_name);
    MUST(status == DOCKET_OK || status == DOCKET_BAD_CONFIG);
    if (status != DOCKET_OK)
        MUST(strncmp(dk_error_text(), file_name, strlen(file_name)) == 0);
    return status;
}

static void look(const struct dk_config *config)
{
    const struct dk_geometry *geometry = &config->geometry;
    MUST(geometry->slots_max >= 1 && geometry->slots_max <= DK_SLOTS_LIMIT);
    MUST(geometry->rows_max >= 1 && geometry->rows_max <= DK_ROWS_LIMIT);
    MUST(geometry->seats_max >= 1 && geometry->seats_max <= DK_SEATS_LIMIT);
    MUST(geometry->lines_per_seat >= 1 && geometry->lines_per_seat <= DK_LINES_LIMIT);
    MUST(config->runtime_dir[0] == 0 || config->runtime_dir[0] == '/');
    MUST(config->witness[0] == 0 || config->witness[0] == '/');
    MUST(dk_policy_check(&config->policy, "SERIES") == DOCKET_OK);
    MUST(config->desk_count >= 1 && config->desk_count <= DK_DESKS_MAX && config->desks[0].tenant_count == 0);
    for (uint32_t i = 0; i < config->desk_count; i++) {
        const struct dk_desk_config *desk = &config->desks[i];
        MUST(dk_name_check("desk", desk->name) == DOCKET_OK && (i == 0 || desk->tenant_count > 0));
        MUST(desk->tenant_count <= DK_DESK_TENANTS_MAX);
        for (uint32_t t = 0; t < desk->tenant_count; t++)
            MUST(dk_name_check("tenant", desk->tenants[t]) == DOCKET_OK);
    }
}

/* False if a line would be longer than a line may be. */
static bool write_desks(FILE *out, const struct dk_config *config)
{
    bool fits = true;
    for (uint32_t i = 0; i < config->desk_count; i++) {
        const struct dk_desk_config *desk = &config->desks[i];
        size_t used = sizeof "tenants=";
        fprintf(out, "[desk %s]\n", desk->name);
        if (desk->user[0] != 0)
            fprintf(out, "user=%s\n", desk->user);
        if (desk->group[0] != 0)
            fprintf(out, "group=%s\n", desk->group);
        if (desk->tenant_count > 0)
            fprintf(out, "tenants=");
        for (uint32_t t = 0; t < desk->tenant_count; t++) {
            used += strlen(desk->tenants[t]) + 1;
            fprintf(out, "%s%s", desk->tenants[t], t + 1 < desk->tenant_count ? "," : "\n");
        }
        fits = fits && used < 180;
    }
    return fits;
}

static void write_down(const struct dk_config *config)
{
    char *text = NULL;
    size_t size = 0;
    struct dk_config again;
    FILE *out = open_memstream(&text, &size);
    MUST(out != NULL);
    fprintf(out, "[realm]\n");
    if (config->runtime_dir[0] != 0)
        fprintf(out, "runtime_dir = %s\n", config->runtime_dir);
    if (config->witness[0] != 0)
        fprintf(out, "witness = %s\n", config->witness);
    fprintf(out, "series = %s\naccess = %s\n", config->declared_only ? "declared" : "first-use",
            config->shared ? "shared" : "private");
    fprintf(out, "seats_max = %u\nlines_per_seat = %u\nseries_max = %u\nrows_max = %u\nidle_exit_s = %u\nevict_after_s = %u\n",
            config->geometry.seats_max, config->geometry.lines_per_seat, config->geometry.slots_max,
            config->geometry.rows_max, config->idle_exit_s, config->evict_after_s);
    fprintf(out, "[default]\norder = %s\nrestart = %s\ntemplate = %s\n", dk_order_name(config->policy.order),
            dk_restart_name(config->policy.restart), config->policy.template_text);
    if (config->policy.window == DOCKET_WINDOW_BENCHMARK)
        fprintf(out, "window = benchmark\n");
    else
        fprintf(out, "window = %u\n", config->policy.window);
    bool fits = write_desks(out, config);
    fclose(out);
    if (fits) {
        MUST(load(&again, text, size) == DOCKET_OK);
        const struct dk_desk_config *desks = again.desks;
        MUST(again.desk_count == config->desk_count);
        MUST(memcmp(desks, config->desks, config->desk_count * sizeof *desks) == 0);
        again.desks = config->desks;
        MUST(memcmp(&again, config, sizeof again) == 0);
        free((void *)(uintptr_t)desks);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct dk_config config;
    if (load(&config, bytes, size) == DOCKET_OK) {
        look(&config);
        write_down(&config);
    }
    free(config.desks);
    return 0;
}
