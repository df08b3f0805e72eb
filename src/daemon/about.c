/* SPDX-License-Identifier: MIT */
/*
 * about: the file `about` in the runtime folder: what this docketd is and where
 * its files lie, a line of a key, a tab and a value each. `docket where`,
 * `desk list` and `doctor` read it, with docketd alive or dead. docketd itself
 * never reads it: nothing is decided by it. Where it cannot be written docketd
 * serves all the same.
 */
#include "daemon/daemon.h"

#include "base/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ABOUT_BYTES = 32768 }; /* what the view reads at most */

struct sheet {
    size_t used;
    char text[ABOUT_BYTES];
};

/* A tab or a line's end in a value would be taken for ours. */
static void put(struct sheet *sheet, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void put(struct sheet *sheet, const char *key, const char *format, ...)
{
    char value[PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    for (char *byte = value; *byte != 0; byte++)
        if ((unsigned char)*byte < ' ')
            *byte = '?';
    int count = snprintf(sheet->text + sheet->used, sizeof sheet->text - sheet->used, "%s\t%s\n", key, value);
    if (count > 0 && (size_t)count < sizeof sheet->text - sheet->used)
        sheet->used += (size_t)count;
}

/* Where this process' stderr goes: a file, the journal, or somewhere else. */
static void put_log(struct sheet *sheet)
{
    char path[PATH_MAX];
    struct stat facts;
    ssize_t bytes = readlink("/proc/self/fd/2", path, sizeof path - 1);
    path[bytes > 0 ? bytes : 0] = 0;
    if (fstat(STDERR_FILENO, &facts) == 0 && S_ISREG(facts.st_mode) && path[0] == '/')
        put(sheet, "log", "%s", path);
    else
        put(sheet, "log", "%s", getenv("JOURNAL_STREAM") != NULL ? "journal" : "stderr");
}

static void put_desks(struct sheet *sheet, const struct dk_config *config)
{
    for (uint32_t i = 0; i < config->desk_count; i++) {
        char key[32];
        snprintf(key, sizeof key, "desk %u", i);
        put(sheet, key, "%s", config->desks[i].name);
        snprintf(key, sizeof key, "desk %u user", i);
        put(sheet, key, "%s", config->desks[i].user);
        snprintf(key, sizeof key, "desk %u group", i);
        put(sheet, key, "%s", config->desks[i].group);
    }
}

static void absolute(const char *path, char to[PATH_MAX])
{
    if (realpath(path, to) == NULL)
        snprintf(to, PATH_MAX, "%s", path);
}

void dk_about_write(const struct dk_daemon *daemon)
{
    const struct dk_config *config = &daemon->config;
    struct sheet *sheet = dk_must_alloc(1, sizeof *sheet);
    char realm[PATH_MAX], file[PATH_MAX];
    absolute(config->realm, realm);
    absolute(config->file, file);
    put(sheet, "docketd", "%s", DOCKET_VERSION);
    put(sheet, "lmdb", "%s", dk_store_lmdb_version());
    put(sheet, "layout", "%u", DK_LAYOUT_VERSION);
    put(sheet, "schema", "%u", DK_SCHEMA_VERSION);
    put(sheet, "realm", "%s", realm);
    put(sheet, "store", "%s/store", realm);
    put(sheet, "witness", "%s%s", config->witness[0] != 0 ? config->witness : realm,
        config->witness[0] != 0 ? "" : "/witness");
    put(sheet, "far_witness", "%s", daemon->facts.far);
    put(sheet, "far_why", "%s", daemon->facts.far_why);
    put(sheet, "witness_command", "%s", config->witness_command);
    put(sheet, "config", "%s", access(config->file, F_OK) == 0 ? file : "");
    put(sheet, "socket", "%s/socket", daemon->runtime);
    put_log(sheet);
    put_desks(sheet, config);
    docket_status status =
        dk_file_replace_volatile(daemon->runtime_fd, "about", config->shared ? 0644 : 0600, sheet->text, sheet->used);
    if (status != DOCKET_OK)
        dk_log(DK_LOG_WARNING, "`docket where` and `docket doctor` will know less: %s", dk_error_text());
    free(sheet);
}
