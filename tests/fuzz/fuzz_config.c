/* SPDX-License-Identifier: MIT */
/* links: base/status numbering/period numbering/policy numbering/template daemon/config daemon/config_policy daemon/days/tzif daemon/days/zones base/log */
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

void *dk_must_grow(void *old, size_t count, size_t bytes)
{
    void *made = realloc(old, count * bytes);
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
    struct dk_policy said = config->policy;
    MUST(config->tenant_count <= DK_CONFIG_TENANTS_MAX);
    said.documents = DK_INVOICES; /* which a series may have to say */
    MUST(dk_policy_check(&said, "T", "S", NULL) == DOCKET_OK);
    for (uint32_t i = 0; i < config->tenant_count; i++) {
        said = config->tenants[i].policy;
        said.documents = DK_INVOICES;
        MUST(dk_name_check("tenant", config->tenants[i].name) == DOCKET_OK);
        MUST(dk_policy_check(&said, config->tenants[i].name, "S", NULL) == DOCKET_OK);
        MUST(dk_config_policy(config, config->tenants[i].name) == &config->tenants[i].policy);
    }
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
static bool lines_fit(const char *text)
{
    for (size_t bytes; (bytes = strcspn(text, "\n")), text[bytes] != 0; text += bytes + 1)
        if (bytes > 180)
            return false;
    return true;
}

static void is_the_same(const struct dk_config *config, const struct dk_config *again)
{
    struct dk_config other = *again;
    MUST(again->desk_count == config->desk_count && again->tenant_count == config->tenant_count);
    MUST(memcmp(again->desks, config->desks, config->desk_count * sizeof *config->desks) == 0);
    for (uint32_t i = 0; i < config->tenant_count; i++) {
        const struct dk_tenant_config *a = &config->tenants[i], *b = &again->tenants[i];
        MUST(strcmp(a->name, b->name) == 0 && memcmp(&a->policy, &b->policy, sizeof a->policy) == 0);
    }
    other.desks = config->desks;
    other.tenants = config->tenants;
    memcpy(other.default_lines, config->default_lines, sizeof other.default_lines); /* spelled otherwise */
    MUST(memcmp(&other, config, sizeof other) == 0);
}

static void write_down(const struct dk_config *config)
{
    char *text = NULL;
    size_t size = 0;
    struct dk_config again;
    FILE *out = open_memstream(&text, &size);
    MUST(out != NULL);
    dk_config_print(config, out);
    fclose(out);
    if (lines_fit(text)) {
        MUST(load(&again, text, size) == DOCKET_OK);
        is_the_same(config, &again);
        free(again.desks);
        free(again.tenants);
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
    free(config.tenants);
    return 0;
}
