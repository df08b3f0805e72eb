/* SPDX-License-Identifier: MIT */
#include "daemon/config.h"

#include "daemon/clerk.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

/* The reader cuts longer lines silently and counts on wrongly; they are refused first. */
enum { LINE_BYTES_MAX = 190, SECTION_BYTES_MAX = 49 };

struct reading {
    struct dk_config *config;
    uint32_t seen; /* a bit for each row of keys[] */
    char why[640];
};

struct key {
    const char *section;
    const char *name;
    const char *fallback;
    const char *meaning;
    bool (*set)(struct dk_config *config, const char *value);
};

static bool copy_text(char *to, size_t size, const char *value)
{
    return (size_t)snprintf(to, size, "%s", value) < size;
}

static bool read_count(const char *value, uint32_t low, uint32_t high, uint32_t *count)
{
    char *end;
    errno = 0;
    unsigned long long read = strtoull(value, &end, 10);
    if (errno != 0 || end == value || *end != 0 || value[0] == '-' || read < low || read > high)
        return false;
    *count = (uint32_t)read;
    return true;
}

static bool set_runtime_dir(struct dk_config *config, const char *value)
{
    return value[0] == '/' && copy_text(config->runtime_dir, sizeof config->runtime_dir, value);
}

static bool set_witness(struct dk_config *config, const char *value)
{
    return value[0] == '/' && copy_text(config->witness, sizeof config->witness, value);
}

static bool set_witness_dir(struct dk_config *config, const char *value)
{
    bool none = strcmp(value, "none") == 0;
    config->witness_dir_named = true;
    return none || (value[0] == '/' && strlen(value) < DK_WITNESS_DIR_BYTES &&
                    copy_text(config->witness_dir, sizeof config->witness_dir, value));
}

static bool set_witness_command(struct dk_config *config, const char *value)
{
    config->witness_command_none = strcmp(value, "none") == 0;
    return config->witness_command_none ||
           (value[0] == '/' && copy_text(config->witness_command, sizeof config->witness_command, value));
}

static bool set_witness_timeout(struct dk_config *config, const char *value)
{
    return read_count(value, 1, 300, &config->witness_timeout_s);
}

static bool set_series(struct dk_config *config, const char *value)
{
    config->declared_only = strcmp(value, "declared") == 0;
    return config->declared_only || strcmp(value, "first-use") == 0;
}

static bool set_access(struct dk_config *config, const char *value)
{
    config->shared = strcmp(value, "shared") == 0;
    return config->shared || strcmp(value, "private") == 0;
}

static bool set_seats_max(struct dk_config *config, const char *value)
{
    return read_count(value, 1, DK_SEATS_LIMIT, &config->geometry.seats_max);
}

static bool set_lines(struct dk_config *config, const char *value)
{
    return read_count(value, 1, DK_LINES_LIMIT, &config->geometry.lines_per_seat);
}

static bool set_series_max(struct dk_config *config, const char *value)
{
    return read_count(value, 1, DK_SLOTS_LIMIT, &config->geometry.slots_max);
}

static bool set_rows_max(struct dk_config *config, const char *value)
{
    return read_count(value, 1, DK_ROWS_LIMIT, &config->geometry.rows_max);
}

static bool set_idle_exit(struct dk_config *config, const char *value)
{
    return read_count(value, 0, 86400 * 365, &config->idle_exit_s);
}

static bool set_admins(struct dk_config *config, const char *value)
{
    return value[0] != 0 && copy_text(config->admins, sizeof config->admins, value);
}

static bool set_admin_group(struct dk_config *config, const char *value)
{
    return value[0] != 0 && copy_text(config->admin_group, sizeof config->admin_group, value);
}

static bool set_clock_guard(struct dk_config *config, const char *value)
{
    return read_count(value, 0, 36500, &config->clock_guard_days);
}

static bool set_evict_after(struct dk_config *config, const char *value)
{
    return read_count(value, 0, 86400 * 365, &config->evict_after_s);
}

static const struct key keys[] = {
    {"realm", "runtime_dir", "(the first of /run/docket, XDG_RUNTIME_DIR/docket, /dev/shm/docket-UID that is tmpfs)",
     "absolute path of a tmpfs directory for the shared files", set_runtime_dir},
    {"realm", "witness", "(REALM/witness)",
     "absolute path of the witness file; best on another disk than the store", set_witness},
    {"realm", "witness_dir", "(/var/lib/docket-witness of root and of the systemd unit, else ~/.local/state/docket/witness)",
     "absolute path of the folder with this host's far witnesses, a file for each store; none: none is kept, and a copy of "
     "the whole realm is not noticed", set_witness_dir},
    {"realm", "witness_command", "(none)",
     "absolute path of a program that keeps a witness outside of this host: PROG get ID, PROG put ID; none: none does any more",
     set_witness_command},
    {"realm", "witness_timeout_s", "10", "seconds that it may take, 1 to 300", set_witness_timeout},
    {"realm", "series", "first-use",
     "first-use: a new name makes its series; declared: only `docket series add` does", set_series},
    {"realm", "access", "private",
     "private: docketd's own user only; shared: other users reach the socket, and desks say who may sit", set_access},
    {"realm", "seats_max", "512", "processes at one desk at a time, 1 to 4095", set_seats_max},
    {"realm", "lines_per_seat", "1024", "open leases of one process at a desk, 1 to 65535; 64 bytes each", set_lines},
    {"realm", "series_max", "1048576", "series at one desk, 1 to 1048576", set_series_max},
    {"realm", "rows_max", "32768", "rows of eight places at one desk, 1 to 262144", set_rows_max},
    {"realm", "evict_after_s", "3024000",
     "a series that nobody used for so long leaves its desk until its next use (35 days); 0: never", set_evict_after},
    {"realm", "clock_guard_days", "35",
     "a clock that is so many days (within a boot: one) ahead of the last commit is not followed until "
     "`docket clock accept`; 0: always", set_clock_guard},
    {"realm", "idle_exit_s", "0", "stop after so many seconds without any worker; 0: never", set_idle_exit},
    {"realm", "admins", "(root and docketd's user)",
     "names or uids, separated by commas, that may void, reconcile, retire and so on, beside root and docketd's user",
     set_admins},
    {"realm", "admin_group", "(none)", "name or gid whose members are admins too", set_admin_group},
};

static const char *const desk_keys =
    "# [desk NAME]        a desk of its own for tenants that others must not disturb\n"
    "#   user     = NAME or uid that may sit there\n"
    "#   group    = NAME or gid that may sit there; the desk's files get this group\n"
    "#   tenants  = comma-separated tenants\n"
    "# [desk default]     user and group of everybody else's desk (no tenants)\n";

static bool set_desk_tenants(struct dk_desk_config *desk, const char *value)
{
    while (*value != 0) {
        size_t bytes = strcspn(value, ", \t");
        if (bytes > DOCKET_NAME_MAX || desk->tenant_count == DK_DESK_TENANTS_MAX)
            return false;
        if (bytes > 0) {
            char *tenant = desk->tenants[desk->tenant_count++];
            memcpy(tenant, value, bytes);
            tenant[bytes] = 0;
            if (dk_name_check("tenant", tenant) != DOCKET_OK)
                return false;
        }
        value += bytes;
        value += strspn(value, ", \t");
    }
    return desk->tenant_count > 0;
}

static struct dk_desk_config *desk_named(struct dk_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->desk_count; i++)
        if (strcmp(config->desks[i].name, name) == 0)
            return &config->desks[i];
    if (config->desk_count == DK_DESKS_MAX || dk_name_check("desk", name) != DOCKET_OK)
        return NULL;
    struct dk_desk_config *desk = &config->desks[config->desk_count++];
    snprintf(desk->name, sizeof desk->name, "%s", name);
    return desk;
}

static bool set_desk(struct dk_config *config, const char *name, const char *key, const char *value, bool *known)
{
    struct dk_desk_config *desk = desk_named(config, name);
    *known = true;
    if (desk == NULL)
        return false;
    if (strcmp(key, "user") == 0)
        return desk->user[0] == 0 && copy_text(desk->user, sizeof desk->user, value);
    if (strcmp(key, "group") == 0)
        return desk->group[0] == 0 && copy_text(desk->group, sizeof desk->group, value);
    if (strcmp(key, "tenants") == 0)
        return desk != &config->desks[0] && desk->tenant_count == 0 && set_desk_tenants(desk, value);
    *known = false;
    return false;
}

/* Where the settings of a section with settings go; NULL: it is another one. */
static char *lines_of(struct dk_config *config, const char *section)
{
    struct dk_tenant_config *tenant = NULL;
    if (strcmp(section, "default") == 0)
        return config->default_lines;
    if (strncmp(section, "tenant ", 7) == 0)
        tenant = dk_config_tenant(config, section + 7);
    return tenant != NULL ? tenant->lines : NULL;
}

/* The parser's callback: 0 ends the reading with this line's number. */
static int take(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    bool known = false, good = false;
    char *lines = lines_of(reading->config, section);
    if (lines != NULL) {
        good = dk_config_setting(lines, name, value) == DOCKET_OK;
        if (!good)
            snprintf(reading->why, sizeof reading->why, "[%.60s]: %.560s", section, dk_error_text());
        return good;
    }
    if (strncmp(section, "desk ", 5) == 0)
        good = set_desk(reading->config, section + 5, name, value, &known);
    for (size_t i = 0; !known && i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0) {
            known = true;
            good = (reading->seen & 1u << i) == 0 && keys[i].set(reading->config, value);
            reading->seen |= 1u << i;
        }
    }
    if (!known)
        snprintf(reading->why, sizeof reading->why, "unknown key %.60s in [%.60s]; `docketd --help-config` lists all",
                 name, section);
    else if (!good)
        snprintf(reading->why, sizeof reading->why, "%.60s = %.100s in [%.60s] cannot be used (or stands twice)", name,
                 value, section);
    return good;
}

/* The parser says nothing of a section without keys: a mistyped one, or a desk
 * without tenants, must not pass unseen. */
static docket_status check_section(struct dk_config *config, char *line, int number)
{
    char *name = line + strspn(line, " \t");
    if (*name != '[')
        return DOCKET_OK;
    name++;
    name[strcspn(name, "]\r\n")] = 0;
    if (strlen(name) > SECTION_BYTES_MAX) /* the parser would cut it, and take one for another */
        return dk_fail(DOCKET_BAD_CONFIG, "%s:%d: section [%.60s...] has more than %d characters between its brackets",
                       config->file, number, name, SECTION_BYTES_MAX);
    if (strcmp(name, "realm") == 0 || strcmp(name, "default") == 0)
        return DOCKET_OK;
    if (strncmp(name, "tenant ", 7) == 0 && dk_config_tenant(config, name + 7) != NULL)
        return DOCKET_OK;
    if (strncmp(name, "tenant ", 7) == 0)
        return dk_fail(DOCKET_BAD_CONFIG, "%s:%d: [tenant %.60s] cannot be used: a tenant's name, and at most %d of them",
                       config->file, number, name + 7, DK_CONFIG_TENANTS_MAX);
    if (strncmp(name, "desk ", 5) == 0 && desk_named(config, name + 5) != NULL)
        return DOCKET_OK;
    if (strncmp(name, "desk ", 5) == 0)
        return dk_fail(DOCKET_BAD_CONFIG, "%s:%d: desk %.60s cannot be used: a name like a tenant's, and at most %d desks",
                       config->file, number, name + 5, DK_DESKS_MAX);
    return dk_fail(DOCKET_BAD_CONFIG, "%s:%d: unknown section [%.60s]; there are [realm], [default], [tenant NAME] and [desk "
                   "NAME]",
                   config->file, number, name);
}

static docket_status check_lines(struct dk_config *config, FILE *in)
{
    char line[4096];
    docket_status status = DOCKET_OK;
    for (int number = 1; status == DOCKET_OK && fgets(line, sizeof line, in) != NULL; number++) {
        if (strlen(line) > LINE_BYTES_MAX)
            status = dk_fail(DOCKET_BAD_CONFIG, "%s:%d: the line has more than %d bytes; shorten it", config->file,
                             number, LINE_BYTES_MAX);
        else
            status = check_section(config, line, number);
    }
    return status;
}

static docket_status check_desks(const struct dk_config *config)
{
    for (uint32_t i = 1; i < config->desk_count; i++) {
        const struct dk_desk_config *desk = &config->desks[i];
        if (desk->tenant_count == 0)
            return dk_fail(DOCKET_BAD_CONFIG, "%s: desk %s has no tenants", config->file, desk->name);
        for (uint32_t j = 1; j < i; j++)
            for (uint32_t a = 0; a < desk->tenant_count; a++)
                for (uint32_t b = 0; b < config->desks[j].tenant_count; b++)
                    if (strcmp(desk->tenants[a], config->desks[j].tenants[b]) == 0)
                        return dk_fail(DOCKET_BAD_CONFIG, "%s: tenant %s sits at desk %s and at desk %s", config->file,
                                       desk->tenants[a], config->desks[j].name, desk->name);
    }
    return DOCKET_OK;
}

static docket_status read_file(struct dk_config *config, FILE *in)
{
    struct reading reading = {.config = config};
    docket_status status = check_lines(config, in);
    if (status == DOCKET_OK && (ferror(in) || fseek(in, 0, SEEK_SET) != 0))
        status = dk_fail_errno(DOCKET_BAD_CONFIG, EIO, "cannot read the configuration %s", config->file);
    if (status != DOCKET_OK)
        return status;
    int line = ini_parse_file(in, take, &reading);
    if (line != 0)
        return dk_fail(DOCKET_BAD_CONFIG, "%s:%d: %s", config->file, line,
                       reading.why[0] != 0 ? reading.why : "this is neither [section], key = value nor # comment");
    status = check_desks(config);
    return status == DOCKET_OK ? dk_config_settle(config) : status;
}

docket_status dk_config_load(struct dk_config *config, const char *realm, const char *file)
{
    memset(config, 0, sizeof *config);
    config->geometry =
        (struct dk_geometry){.slots_max = 1048576, .rows_max = 32768, .seats_max = 512, .lines_per_seat = 1024};
    config->evict_after_s = 35 * 86400; /* what is used each month stays */
    config->clock_guard_days = 35;
    config->witness_timeout_s = 10;
    dk_policy_default(&config->policy);
    config->desks = dk_must_alloc(DK_DESKS_MAX, sizeof *config->desks);
    config->desk_count = 1;
    snprintf(config->desks[0].name, sizeof config->desks[0].name, "default");
    if (!copy_text(config->realm, sizeof config->realm, realm) ||
        (size_t)snprintf(config->file, sizeof config->file, "%s%s", file != NULL ? file : realm,
                         file != NULL ? "" : "/docket.conf") >= sizeof config->file)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the realm's path has more than %d bytes", DK_PATH_BYTES - 16);
    FILE *in = fopen(config->file, "re");
    if (in == NULL && errno == ENOENT && file == NULL)
        return DOCKET_OK;
    if (in == NULL)
        return dk_fail_errno(DOCKET_BAD_CONFIG, errno, "cannot read the configuration %s", config->file);
    docket_status status = read_file(config, in);
    /* Half a configuration is another configuration. */
    if (status == DOCKET_OK && ferror(in))
        status = dk_fail_errno(DOCKET_BAD_CONFIG, EIO, "cannot read the configuration %s", config->file);
    fclose(in);
    return status;
}

void dk_config_print_reference(FILE *out)
{
    const char *section = "";
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(section, keys[i].section) != 0)
            fprintf(out, "%s[%s]\n", section[0] != 0 ? "\n" : "", keys[i].section);
        section = keys[i].section;
        fprintf(out, "# %s\n#   %s\n# %s = %s\n", keys[i].name, keys[i].meaning, keys[i].name, keys[i].fallback);
    }
    dk_config_print_settings_reference(out);
    fprintf(out, "\n%s", desk_keys);
}
