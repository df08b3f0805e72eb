/* SPDX-License-Identifier: MIT */
#include "daemon/backup/manifest.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/spell.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VERSION_KEY "docket_backup"

/* ---- what stands in it: one table for writer and reader ---- */

enum shape { A_NUMBER, AN_ID, A_DIGEST };

static const struct row {
    const char *name;
    size_t offset;
    enum shape shape;
} rows[] = {
    {"bytes", offsetof(struct dk_manifest, copy.bytes), A_NUMBER},
    {"sha256", offsetof(struct dk_manifest, copy.sha256), A_DIGEST},
    {"backup_id", offsetof(struct dk_manifest, id), AN_ID},
    {"store_id", offsetof(struct dk_manifest, copy.store_id), AN_ID},
    {"schema", offsetof(struct dk_manifest, copy.schema), A_NUMBER},
    {"generation", offsetof(struct dk_manifest, copy.generation), A_NUMBER},
    {"commit", offsetof(struct dk_manifest, copy.commit), A_NUMBER},
    {"run", offsetof(struct dk_manifest, copy.run), A_DIGEST},
    {"series", offsetof(struct dk_manifest, copy.series), A_NUMBER},
    {"counters", offsetof(struct dk_manifest, copy.counters), A_NUMBER},
    {"events_begin", offsetof(struct dk_manifest, copy.trail.begins), A_NUMBER},
    {"events", offsetof(struct dk_manifest, copy.trail.number), A_NUMBER},
    {"events_hash", offsetof(struct dk_manifest, copy.trail.hash), A_DIGEST},
    {"time_ns", offsetof(struct dk_manifest, time_ns), A_NUMBER},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static size_t bytes_of(enum shape shape)
{
    return shape == AN_ID ? 16 : DK_DIGEST_BYTES;
}

static json_t *spell_row(const struct dk_manifest *manifest, const struct row *row)
{
    const uint8_t *field = (const uint8_t *)manifest + row->offset;
    char text[2 * DK_DIGEST_BYTES + 1];
    uint64_t number;
    if (row->shape == A_NUMBER) {
        memcpy(&number, field, sizeof number);
        return json_integer((json_int_t)number);
    }
    dk_spell_hex(field, bytes_of(row->shape), text);
    return json_string(text);
}

static bool read_hex(const char *text, uint8_t *field, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    if (text == NULL || strlen(text) != 2 * bytes)
        return false;
    for (size_t at = 0; at < 2 * bytes; at++) {
        const char *digit = strchr(digits, text[at]);
        if (digit == NULL)
            return false;
        field[at / 2] = (uint8_t)(field[at / 2] << 4 | (digit - digits));
    }
    return true;
}

static bool read_row(const json_t *object, const struct row *row, struct dk_manifest *manifest)
{
    uint8_t *field = (uint8_t *)manifest + row->offset;
    const json_t *value = json_object_get(object, row->name);
    if (row->shape != A_NUMBER)
        return read_hex(json_string_value(value), field, bytes_of(row->shape));
    json_int_t number = json_integer_value(value);
    uint64_t kept = (uint64_t)number;
    memcpy(field, &kept, sizeof kept);
    return json_is_integer(value) && number >= 0;
}

/* ---- its own digest: of all but itself, sorted ---- */

static bool digest_of(json_t *object, char text[2 * DK_DIGEST_BYTES + 1])
{
    struct dk_digest digest;
    uint8_t hash[DK_DIGEST_BYTES];
    char *spelled = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    if (spelled == NULL)
        return false;
    dk_digest_begin_plain(&digest);
    dk_digest_bytes(&digest, (const uint8_t *)spelled, strlen(spelled));
    dk_digest_end(&digest, hash);
    dk_digest_text(hash, text);
    free(spelled);
    return true;
}

/* ---- writing ---- */

void dk_manifest_fill(struct dk_manifest *manifest, uint32_t uid)
{
    dk_random(manifest->id, sizeof manifest->id);
    manifest->time_ns = dk_clock_wall_ns();
    manifest->uid = uid;
    snprintf(manifest->docket, sizeof manifest->docket, "%s", DOCKET_VERSION);
}

static json_t *spell_all(const struct dk_manifest *manifest)
{
    char when[DK_SPELL_UTC_BYTES], check[2 * DK_DIGEST_BYTES + 1];
    dk_spell_utc(manifest->time_ns / DK_SECOND_NS, when);
    json_t *object = json_pack("{s:i, s:s, s:s, s:s, s:I}", VERSION_KEY, DK_MANIFEST_VERSION, "docket", manifest->docket,
                               "time", when, "file", DK_BACKUP_FILE, "uid", (json_int_t)manifest->uid);
    bool right = object != NULL;
    for (size_t at = 0; right && at < ROWS; at++)
        right = json_object_set_new(object, rows[at].name, spell_row(manifest, &rows[at])) == 0;
    if (right && digest_of(object, check) && json_object_set_new(object, "check", json_string(check)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

docket_status dk_manifest_spell(const struct dk_manifest *manifest, char text[DK_MANIFEST_BYTES])
{
    json_t *object = spell_all(manifest);
    size_t used = object != NULL ? json_dumpb(object, text, DK_MANIFEST_BYTES - 2, JSON_INDENT(2)) : 0;
    json_decref(object);
    if (used == 0 || used > DK_MANIFEST_BYTES - 2)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a backup's manifest");
    text[used] = '\n';
    text[used + 1] = 0;
    return DOCKET_OK;
}

/* ---- reading ---- */

static docket_status read_object(json_t *object, const char *name, struct dk_manifest *manifest)
{
    char said[2 * DK_DIGEST_BYTES + 1], found[2 * DK_DIGEST_BYTES + 1];
    const char *check = json_string_value(json_object_get(object, "check"));
    json_int_t version = json_integer_value(json_object_get(object, VERSION_KEY));
    const char *docket = json_string_value(json_object_get(object, "docket"));
    if (version > DK_MANIFEST_VERSION)
        return dk_fail(DOCKET_BAD_LAYOUT, "%s is of a later docket (%.20s); use that one", name, docket ? docket : "?");
    snprintf(said, sizeof said, "%s", check ? check : "");
    json_object_del(object, "check");
    if (version != DK_MANIFEST_VERSION || !digest_of(object, found) || strcmp(said, found) != 0)
        return dk_fail(DOCKET_DAMAGED, "%s is no manifest of a backup, or was changed; use another backup", name);
    *manifest = (struct dk_manifest){0};
    for (size_t at = 0; at < ROWS; at++)
        if (!read_row(object, &rows[at], manifest))
            return dk_fail(DOCKET_DAMAGED, "%s: \"%s\" is not there, or is no such value", name, rows[at].name);
    manifest->uid = (uint32_t)json_integer_value(json_object_get(object, "uid"));
    snprintf(manifest->docket, sizeof manifest->docket, "%s", docket ? docket : "");
    return DOCKET_OK;
}

docket_status dk_manifest_parse(const char *text, size_t bytes, const char *name, struct dk_manifest *manifest)
{
    json_error_t unused;
    json_t *object = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &unused);
    docket_status status = json_is_object(object)
                               ? read_object(object, name, manifest)
                               : dk_fail(DOCKET_DAMAGED, "%s is no manifest of a backup, or was changed; use another backup", name);
    json_decref(object);
    return status;
}

docket_status dk_manifest_read(const char *folder, struct dk_manifest *manifest)
{
    char path[DK_PATH_BYTES + sizeof "/" DK_MANIFEST_FILE], text[DK_MANIFEST_BYTES + 1];
    snprintf(path, sizeof path, "%.*s/" DK_MANIFEST_FILE, DK_PATH_BYTES - 1, folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return dk_fail(DOCKET_DAMAGED, "%s is no backup: it has no " DK_MANIFEST_FILE, folder);
    if (fd < 0)
        return dk_fail_errno(dk_status_of_errno(errno), errno, "cannot open %s", path);
    ssize_t got = read(fd, text, sizeof text);
    int error = errno;
    close(fd);
    if (got < 0)
        return dk_fail_errno(dk_status_of_errno(error), error, "cannot read %s", path);
    return dk_manifest_parse(text, (size_t)got, path, manifest);
}
