/* SPDX-License-Identifier: MIT */
/*
 * docket retention export, docket retention drop: the records of a closed period as a file
 * of JSON lines with a manifest; and out of the store.
 */
#include "deciding.h"
#include "docket_inspect.h"
#include "docket_ledger.h"
#include "progress.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES = 2 * DOCKET_NAME_MAX + PERIOD_TEXT_BYTES + 24 };

static int take_address(const struct cli *cli, struct address *address, struct docket_counter_name *name)
{
    int code = address_parse(cli, cli->operands[0], true, address);
    if (code == CLI_DONE && address->period == ADDRESS_NO_PERIOD)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket %s wants a period: TENANT/SERIES/PERIOD", cli->command->name);
    *name = (struct docket_counter_name){.tenant = address->tenant, .series = address->series, .period = address->period};
    return code;
}

/* ---- the file ---- */

struct exporting {
    const struct cli *cli;
    struct docket_counter_name name;
    int folder;
    char file[NAME_BYTES], manifest[NAME_BYTES], making[NAME_BYTES + 8];
    FILE *out;
    SHA2_CTX hash;
    char sha256[DOCKET_HASH_TEXT];
    uint64_t bytes, records;
    bool ranges; /* of a series without a ledger: its ranges, not records */
    bool closed;
    uint64_t unknown;
    char store_id[64];
    struct docket_retention found;
    uint64_t head;
    char head_hash[DOCKET_HASH_TEXT];
    int code; /* the tool's own failure, which it has said; CLI_DONE: none */
    struct progress progress;
};

static int write_line(struct exporting *exporting, json_t *object)
{
    char *line = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (line == NULL)
        return cli_fail(exporting->cli, DOCKET_NO_MEMORY, "no memory for a record");
    size_t bytes = strlen(line);
    line[bytes++] = '\n'; /* in place of its zero */
    SHA256Update(&exporting->hash, (const uint8_t *)line, bytes);
    exporting->bytes += bytes;
    exporting->records++;
    bool written = fwrite(line, 1, bytes, exporting->out) == bytes;
    free(line);
    progress_step(&exporting->progress);
    return written ? CLI_DONE : cli_fail(exporting->cli, DOCKET_SYSTEM, "cannot write %s: %s", exporting->making, strerror(errno));
}

/* For people, beside the nanoseconds; null: nobody wrote it down. */
static json_t *instant(int64_t time_ns)
{
    char text[OUTPUT_TIME_BYTES];
    return time_ns != 0 ? json_string(output_time(time_ns / 1000000000, text)) : json_null();
}

static int take_record(void *context, const struct docket_record *record)
{
    struct exporting *exporting = context;
    json_t *object = json_pack(
        "{s:I, s:o, s:i, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:I, s:o, s:I, s:i, s:o, s:o, s:o, s:I}", "number",
        (json_int_t)record->number, "text", output_string(record->text), "date", (int)record->date, "state", record->state,
        "key", output_string(record->key), "reservation", output_string(record->hold), "trace",
        output_string(record->trace), "metadata", output_string(record->metadata), "first_ns",
        (json_int_t)record->first_ns, "first_utc", instant(record->first_ns), "last_ns", (json_int_t)record->last_ns,
        "last_utc", instant(record->last_ns), "uid", (json_int_t)record->uid, "attempts", (int)record->attempts, "error", output_string(record->error), "host", output_string(record->host), "reason",
        output_string(record->reason), "event", (json_int_t)record->event);
    exporting->code = write_line(exporting, object);
    return exporting->code != CLI_DONE;
}

/* ---- of a series without a ledger: what became of its numbers, by range ---- */

static int take_period(void *context, const struct docket_period *period)
{
    struct exporting *exporting = context;
    exporting->closed = exporting->closed ||
                        (period->period == exporting->name.period && strcmp(period->state, "closed") == 0);
    return 0;
}

static void count_range(struct exporting *exporting, const struct docket_fate_row *row)
{
    struct docket_retention *found = &exporting->found;
    uint64_t numbers = row->last - row->first + 1;
    found->records++;
    found->first = found->first == 0 ? row->first : found->first;
    found->last = row->last;
    if (strcmp(row->fate, "handed out") == 0)
        found->issued += numbers;
    else if (strcmp(row->fate, "void") == 0)
        found->voided += numbers;
    else if (strcmp(row->fate, "unknown") == 0)
        exporting->unknown += numbers;
    else
        found->free += numbers;
}

static int take_range(void *context, const struct docket_fate_row *row)
{
    struct exporting *exporting = context;
    count_range(exporting, row);
    exporting->code = write_line(
        exporting, json_pack("{s:I, s:I, s:s, s:s, s:I, s:o, s:I, s:o}", "first", (json_int_t)row->first, "last",
                             (json_int_t)row->last, "fate", row->fate, "cause", row->cause, "time_ns",
                             (json_int_t)row->time_ns, "time_utc", instant(row->time_ns), "event", (json_int_t)row->event, "reason",
                             output_string(row->reason)));
    return exporting->code != CLI_DONE;
}

static docket_status read_ranges(docket_realm *realm, struct exporting *exporting)
{
    const struct docket_counter_name *name = &exporting->name;
    exporting->ranges = true;
    exporting->unknown = 0;
    exporting->found = (struct docket_retention){.records = 0};
    docket_status status = docket_admin_period_list(realm, name->tenant, name->series, take_period, exporting);
    if (status == DOCKET_OK && !exporting->closed) {
        exporting->code = cli_no(exporting->cli, DOCKET_REFUSED, "%s is not closed for good: what is said of its numbers can "
                                                                 "still change (docket period close)",
                                 exporting->cli->operands[0]);
        return DOCKET_OK;
    }
    if (status == DOCKET_OK)
        status = docket_admin_fate(realm, name->tenant, name->series, name->period, take_range, exporting);
    if (status == DOCKET_OK)
        status = docket_admin_audit_head(realm, &exporting->head, exporting->head_hash);
    return status;
}

/* ---- export ---- */

static bool same(const struct docket_retention *one, const struct docket_retention *other)
{
    return one->records == other->records && strcmp(one->digest, other->digest) == 0;
}

static docket_status read_all(docket_realm *realm, struct exporting *exporting)
{
    struct docket_retention after;
    docket_series *series = NULL;
    docket_status status = docket_admin_retention_look(realm, &exporting->name, &exporting->found);
    if (status == DOCKET_NOT_TRACKED)
        return read_ranges(realm, exporting);
    if (status == DOCKET_OK)
        status = docket_series_open(realm, exporting->name.tenant, exporting->name.series, &series);
    if (status == DOCKET_OK)
        status = docket_records(series, exporting->name.period, 1, NULL, take_record, exporting);
    if (status == DOCKET_OK && exporting->code == CLI_DONE)
        status = docket_admin_retention_look(realm, &exporting->name, &after);
    if (status == DOCKET_OK && exporting->code == CLI_DONE &&
        (!same(&exporting->found, &after) || after.records != exporting->records))
        exporting->code = cli_no(exporting->cli, DOCKET_REFUSED, "records changed while they were exported; ask again");
    if (status == DOCKET_OK)
        status = docket_admin_audit_head(realm, &exporting->head, exporting->head_hash);
    return status;
}

static int open_making(struct exporting *exporting)
{
    int fd = openat(exporting->folder, exporting->making, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    exporting->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (exporting->out != NULL)
        return CLI_DONE;
    if (fd >= 0)
        close(fd);
    return cli_fail(exporting->cli, DOCKET_SYSTEM, "cannot make %s in %s: %s", exporting->making,
                    exporting->cli->operands[1], strerror(errno));
}

/* Whole and on the disk under its name, or not there. */
static int put_in_place(struct exporting *exporting, const char *name)
{
    bool good = fflush(exporting->out) == 0 && fsync(fileno(exporting->out)) == 0;
    good = fclose(exporting->out) == 0 && good;
    exporting->out = NULL;
    if (good && renameat(exporting->folder, exporting->making, exporting->folder, name) == 0 && fsync(exporting->folder) == 0)
        return CLI_DONE;
    return cli_fail(exporting->cli, DOCKET_SYSTEM, "cannot write %s in %s: %s", name, exporting->cli->operands[1],
                    strerror(errno));
}

static docket_status export_records(docket_realm *realm, void *context)
{
    struct exporting *exporting = context;
    exporting->records = exporting->bytes = 0;
    exporting->code = CLI_DONE;
    SHA256Init(&exporting->hash);
    if (exporting->out != NULL && (fseek(exporting->out, 0, SEEK_SET) != 0 || ftruncate(fileno(exporting->out), 0) != 0))
        return DOCKET_SYSTEM;
    return read_all(realm, exporting);
}

/* Records were dropped, so what an earlier export left there may be the only copy. */
static int spare_older(const struct exporting *exporting)
{
    const char *const names[] = {exporting->file, exporting->manifest};
    struct stat there;
    for (size_t i = 0; i < 2 && exporting->found.dropping; i++)
        if (fstatat(exporting->folder, names[i], &there, AT_SYMLINK_NOFOLLOW) == 0)
            return cli_no(exporting->cli, DOCKET_REFUSED,
                          "%s is in %s already, and records were dropped since: it may be the only copy of them; "
                          "nothing was written; export into another folder",
                          names[i], exporting->cli->operands[1]);
    return CLI_DONE;
}

static json_t *manifest_json(const struct exporting *exporting)
{
    const struct docket_retention *found = &exporting->found;
    char label[PERIOD_TEXT_BYTES], time_text[OUTPUT_TIME_BYTES];
    return json_pack("{s:i, s:s, s:s, s:s, s:i, s:s, s:b, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, "
                     "s:b, s:{s:I, s:s}, s:s, s:I}",
                     "docket_export", 1, "store_id", exporting->store_id, "tenant", exporting->name.tenant, "series",
                     exporting->name.series, "period", (int)exporting->name.period, "label",
                     address_period_text(exporting->name.period, label), "ledger", !exporting->ranges, "file", exporting->file, "bytes",
                     (json_int_t)exporting->bytes, "sha256", exporting->sha256, "records", (json_int_t)found->records,
                     "issued", (json_int_t)found->issued, "void", (json_int_t)found->voided, "free",
                     (json_int_t)found->free, "unknown", (json_int_t)exporting->unknown, "first", (json_int_t)found->first, "last", (json_int_t)found->last,
                     "latest_ns", (json_int_t)found->latest_ns, "records_digest",
                     exporting->ranges ? exporting->sha256 : found->digest, "dropped_before",
                     found->dropping, "audit_head", "number", (json_int_t)exporting->head, "hash", exporting->head_hash,
                     "exported_at", output_time((int64_t)time(NULL), time_text), "exported_by", (json_int_t)geteuid());
}

static void read_store_id(struct exporting *exporting)
{
    docket_view *view = NULL;
    struct docket_view_realm realm;
    if (docket_view_open(exporting->cli->realm, &view) == DOCKET_OK && docket_view_realm_show(view, &realm) == DOCKET_OK)
        snprintf(exporting->store_id, sizeof exporting->store_id, "%s", realm.store_id);
    docket_view_close(view);
}

static int write_manifest(struct exporting *exporting)
{
    read_store_id(exporting);
    json_t *manifest = manifest_json(exporting);
    snprintf(exporting->making, sizeof exporting->making, "%s.making", exporting->manifest);
    int code = open_making(exporting);
    if (code == CLI_DONE && (manifest == NULL || json_dumpf(manifest, exporting->out, JSON_INDENT(2)) != 0 ||
                             fputc('\n', exporting->out) == EOF))
        code = cli_fail(exporting->cli, DOCKET_SYSTEM, "cannot write %s", exporting->making);
    if (code == CLI_DONE)
        code = put_in_place(exporting, exporting->manifest);
    json_decref(manifest);
    return code;
}

static int tell_export(const struct exporting *exporting)
{
    const struct cli *cli = exporting->cli;
    if (!cli->json) {
        printf("%" PRIu64 " %s (%" PRIu64 " issued, %" PRIu64 " void, %" PRIu64 " free) in %s/%s\nSHA-256 %s\n",
               exporting->found.records, exporting->ranges ? "ranges" : "records", exporting->found.issued, exporting->found.voided, exporting->found.free,
               cli->operands[1], exporting->file, exporting->sha256);
        if (exporting->found.undecided > 0)
            cli_note(cli, "%" PRIu64 " numbers are not decided: the records cannot be dropped before they are",
                     exporting->found.undecided);
        return CLI_DONE;
    }
    json_t *object = output_object(), *manifest = manifest_json(exporting);
    if (object != NULL && manifest != NULL)
        json_object_update_new(object, json_pack("{s:o, s:o, s:O}", "realm", output_string(cli->realm), "folder",
                                                 output_string(cli->operands[1]), "manifest", manifest));
    json_decref(manifest);
    return output_json(cli, object);
}

static int run_export(struct cli *cli)
{
    struct address address;
    struct exporting exporting = {.cli = cli, .folder = -1};
    char label[PERIOD_TEXT_BYTES];
    int code = take_address(cli, &address, &exporting.name);
    if (code != CLI_DONE)
        return code;
    exporting.folder = open(cli->operands[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (exporting.folder < 0)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "cannot open the folder %s: %s", cli->operands[1], strerror(errno));
    address_period_text(address.period, label);
    snprintf(exporting.file, sizeof exporting.file, "%s-%s-%s.jsonl", address.tenant, address.series, label);
    snprintf(exporting.manifest, sizeof exporting.manifest, "%s-%s-%s.manifest.json", address.tenant, address.series, label);
    snprintf(exporting.making, sizeof exporting.making, "%s.making", exporting.file);
    code = open_making(&exporting);
    if (code == CLI_DONE) {
        progress_begin(&exporting.progress, cli, "records exported");
        code = session_run(cli, export_records, &exporting);
        progress_end(&exporting.progress);
    }
    code = code == CLI_DONE ? exporting.code : code;
    if (code == CLI_DONE) {
        SHA256End(&exporting.hash, exporting.sha256);
        code = spare_older(&exporting);
    }
    if (code == CLI_DONE) {
        code = put_in_place(&exporting, exporting.file);
    }
    if (code == CLI_DONE)
        code = write_manifest(&exporting);
    if (exporting.out != NULL)
        fclose(exporting.out);
    if (code != CLI_DONE)
        unlinkat(exporting.folder, exporting.making, 0);
    close(exporting.folder);
    return code == CLI_DONE ? tell_export(&exporting) : code;
}

const struct cli_command command_retention_export = {
    .name = "retention export",
    .examples = "$ docket series add acme/JOB --ledger on\n"
                "$ docket issue acme/JOB --key order-4711 --date 2025-11-24\n"
                "$ docket period close acme/JOB 2025 --yes --reason 'the books of 2025 are closed'\n"
                "$ docket retention export acme/JOB/2025 .\n",
    .operands = "TENANT/SERIES/PERIOD DIR",
    .summary = "the records of a closed period as JSON lines, with a manifest",
    .text = "Of a period that is closed for good. Into the folder DIR: a file of JSON lines, a record in each\n"
            "(of a series without a ledger: a range of numbers and what became of them), and\n"
            "TENANT-SERIES-PERIOD.manifest.json with counts, first and last number, the file's SHA-256, a\n"
            "digest of the records, the audit trail's head, the store's id and the time. Nothing is changed\n"
            "in the store. Files of an earlier export are replaced, but not once records were dropped.",
    .options = BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 2,
    .operands_max = 2,
    .run = run_export};

/* ---- drop ---- */

struct dropping {
    struct docket_counter_name name;
    struct docket_retention exported;
    char sha256[DOCKET_HASH_TEXT];
    uint64_t dropped;
};

static int copy_hash(const struct cli *cli, const char *what, const char *text, char hash[DOCKET_HASH_TEXT])
{
    if (text == NULL || strlen(text) != DOCKET_HASH_TEXT - 1 || strspn(text, "0123456789abcdef") != DOCKET_HASH_TEXT - 1)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "the manifest's %s is no digest", what);
    memcpy(hash, text, DOCKET_HASH_TEXT);
    return CLI_DONE;
}

/* The file beside the manifest, and its hash as it is now. */
static int check_file(const struct cli *cli, const char *manifest, const char *file, const char *sha256)
{
    char path[PATH_MAX], now[SHA256_DIGEST_STRING_LENGTH];
    const char *slash = strrchr(manifest, '/');
    if (file == NULL || strchr(file, '/') != NULL || file[0] == '\0' ||
        snprintf(path, sizeof path, "%.*s%s", slash != NULL ? (int)(slash + 1 - manifest) : 0, manifest, file) >=
            (int)sizeof path)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "the manifest names no file beside it");
    if (SHA256File(path, now) == NULL)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "cannot read %s: %s", path, strerror(errno));
    if (strcmp(now, sha256) != 0)
        return cli_no(cli, DOCKET_REFUSED, "%s has SHA-256 %s, and the manifest says %s: it is not what was exported", path,
                      now, sha256);
    return CLI_DONE;
}

static int read_manifest(const struct cli *cli, const struct address *address, struct dropping *dropping)
{
    const char *path = cli->values[OPT_MANIFEST];
    const char *tenant = "", *series = "", *file = NULL, *sha256 = NULL, *digest = NULL;
    json_int_t version = 0, period = -1, records = 0, latest_ns = 0;
    json_error_t error;
    if (path == NULL)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket retention drop wants --manifest FILE, as the export wrote it");
    json_t *manifest = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (manifest == NULL)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "cannot read the manifest %s: %s", path, error.text);
    int code = CLI_DONE;
    if (json_unpack(manifest, "{s:I, s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:s}", "docket_export", &version, "tenant", &tenant,
                    "series", &series, "period", &period, "file", &file, "sha256", &sha256, "records", &records,
                    "latest_ns", &latest_ns, "records_digest", &digest) != 0 ||
        version != 1 || records < 0)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "%s is no manifest of docket retention export", path);
    else if (strcmp(tenant, address->tenant) != 0 || strcmp(series, address->series) != 0 || period != address->period)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "%s is of another series or period: %.64s/%.64s", path, tenant, series);
    if (code == CLI_DONE)
        code = copy_hash(cli, "sha256", sha256, dropping->sha256);
    if (code == CLI_DONE)
        code = copy_hash(cli, "records_digest", digest, dropping->exported.digest);
    if (code == CLI_DONE)
        code = check_file(cli, path, file, dropping->sha256);
    dropping->exported.records = (uint64_t)records;
    dropping->exported.latest_ns = latest_ns;
    json_decref(manifest);
    return code;
}

static docket_status drop(docket_realm *realm, void *context)
{
    struct dropping *dropping = context;
    return docket_admin_retention_drop(realm, &dropping->name, &dropping->exported, dropping->sha256, &dropping->dropped);
}

static int run_drop(struct cli *cli)
{
    struct address address;
    struct dropping dropping = {.dropped = 0};
    int code = take_address(cli, &address, &dropping.name);
    if (code == CLI_DONE)
        code = read_manifest(cli, &address, &dropping);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "drop the records of %s from the store: they are only in the file then",
                                cli->operands[0]);
    if (code == CLI_DONE)
        code = session_run(cli, drop, &dropping);
    if (code != CLI_DONE)
        return code;
    if (!cli->json) {
        if (dropping.dropped == 0)
            printf("nothing was left to drop\n");
        else
            printf("%" PRIu64 " records dropped\n", dropping.dropped);
        cli_note(cli, "keep %s and the file beside it: they are all that is left of what was dropped",
                 cli->values[OPT_MANIFEST]);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:i, s:I}", "realm", output_string(cli->realm), "tenant",
                                                 address.tenant, "series", address.series, "period", (int)address.period,
                                                 "dropped", (json_int_t)dropping.dropped));
    return output_json(cli, object);
}

const struct cli_command command_retention_drop = {
    .name = "retention drop",
    .examples = "$ docket series add acme/JOB --ledger on\n"
                "$ docket issue acme/JOB --key order-4711 --date 2025-11-24\n"
                "$ docket period close acme/JOB 2025 --yes --reason 'the books of 2025 are closed'\n"
                "$ docket retention export acme/JOB/2025 .\n"
                "$ docket retention drop acme/JOB/2025 --manifest acme-JOB-2025.manifest.json --yes\n",
    .operands = "TENANT/SERIES/PERIOD",
    .summary = "the records of a closed period out of the store, once they are exported",
    .text = "Only if the file that the manifest names has the stated SHA-256, and the store's records are\n"
            "still those that were exported. The records of issued numbers go. What is void, free or was\n"
            "passed over keeps its record, and keys keep number and document number: docket gaps and docket\n"
            "report say the same, and a key that is asked again gets the same. A number that was given\n"
            "without a key has its document number in the export only. An issued number can no more become\n"
            "void. An event tells. If docketd ends meanwhile, ask again: it goes on.",
    .options = BIT(OPT_MANIFEST) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_drop};
