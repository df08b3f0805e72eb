/* SPDX-License-Identifier: MIT */
/*
 * docket backup: docketd copies its store into a file that we opened; we see that the
 * disk gives back what was written, and only then does the folder get its name.
 */
#include "backup_folder.h"
#include "output.h"
#include "session.h"

#include "docket_admin.h"

#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKUP_TIMEOUT_NS (24 * 3600 * INT64_C(1000000000))

struct backing_up {
    struct backup_folder folder;
    char manifest[DOCKET_MANIFEST_BYTES];
};

static docket_status copy(docket_realm *realm, void *context)
{
    struct backing_up *backing_up = context;
    if (ftruncate(backing_up->folder.data, 0) != 0 || lseek(backing_up->folder.data, 0, SEEK_SET) != 0)
        return DOCKET_SYSTEM; /* a file of ours, just made */
    return docket_admin_backup(realm, backing_up->folder.data, BACKUP_TIMEOUT_NS, backing_up->manifest);
}

/* What the disk gives back, as hexadecimal digits. */
static bool hash_file(int fd, char text[2 * SHA256_DIGEST_LENGTH + 1])
{
    enum { PIECE_BYTES = 1 << 20 };
    uint8_t *piece = malloc(PIECE_BYTES);
    SHA2_CTX context;
    off_t at = 0;
    ssize_t got = -1;
    SHA256Init(&context);
    while (piece != NULL && (got = pread(fd, piece, PIECE_BYTES, at)) > 0) {
        SHA256Update(&context, piece, (size_t)got);
        at += got;
    }
    SHA256End(&context, text);
    free(piece);
    return got == 0;
}

static int check_file(const struct cli *cli, const struct backing_up *backing_up, const json_t *manifest)
{
    char found[2 * SHA256_DIGEST_LENGTH + 1];
    const char *said = json_string_value(json_object_get(manifest, "sha256"));
    if (fsync(backing_up->folder.data) != 0)
        return cli_fail(cli, DOCKET_SYSTEM, "cannot sync the backup: %s; there is none", strerror(errno));
    if (!hash_file(backing_up->folder.data, found))
        return cli_fail(cli, DOCKET_SYSTEM, "cannot read the backup again: %s; there is none", strerror(errno));
    if (said == NULL || strcmp(said, found) != 0)
        return cli_fail(cli, DOCKET_DAMAGED, "what lies in the backup's file is not what docketd wrote (SHA-256 %s, not %s); "
                                             "there is no backup: see after that disk", found, said != NULL ? said : "?");
    return CLI_DONE;
}

static json_int_t figure(const json_t *manifest, const char *key)
{
    return json_integer_value(json_object_get(manifest, key));
}

static int print_done(const struct cli *cli, const char *path, json_t *manifest)
{
    if (!cli->json) {
        json_int_t counters = figure(manifest, "counters"), events = figure(manifest, "events");
        printf("backed up to %s: generation %lld, commit %lld, %lld series, %lld counter%s, %lld event%s; %lld bytes\n", path,
               (long long)figure(manifest, "generation"), (long long)figure(manifest, "commit"),
               (long long)figure(manifest, "series"), (long long)counters, counters == 1 ? "" : "s", (long long)events,
               events == 1 ? "" : "s", (long long)figure(manifest, "bytes"));
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:o, s:O}", "realm", output_string(cli->realm), "backup",
                                                 output_string(path), "manifest", manifest));
    return output_json(cli, object);
}

static int run_backup(struct cli *cli)
{
    struct backing_up backing_up;
    const char *path = cli->operands[0];
    json_t *manifest = NULL;
    int code = backup_folder_begin(&backing_up.folder, cli, path);
    if (code == CLI_DONE)
        code = session_run(cli, copy, &backing_up);
    if (code == CLI_DONE) {
        manifest = json_loads(backing_up.manifest, 0, NULL);
        code = check_file(cli, &backing_up, manifest);
    }
    if (code == CLI_DONE)
        code = backup_folder_finish(&backing_up.folder, backing_up.manifest);
    backup_folder_end(&backing_up.folder);
    if (code == CLI_DONE)
        code = print_done(cli, path, manifest);
    json_decref(manifest);
    return code;
}

const struct cli_command command_backup = {
    .name = "backup",
    .examples = "$ docket backup \"$(mktemp -d)\"/monday\n",
    .operands = "DIR",
    .summary = "copy the running store to a new folder",
    .text = "While numbers go on: the store of one commit, compacted, with a manifest: SHA-256, store id,\n"
            "generation, commit. DIR must not be there; it is there whole, or not at all (a crash leaves\n"
            "DIR.new-XXXXXXXX, which may be removed). docket verify DIR reads a backup, docket restore DIR\n"
            "puts it back. Keep the witness out of backups. For root, docketd's user and the admins of\n"
            "docket.conf.",
    .options = BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .offline = "backup DIR",
    .run = run_backup};
