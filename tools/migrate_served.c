/* SPDX-License-Identifier: MIT */
#include "migrate_served.h"

#include "docket_admin.h"
#include "docket_inspect.h"
#include "offline.h"
#include "output.h"
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RUNS_MAX = 10000 };

struct served {
    uint32_t schema;
    int64_t pid;
    uint64_t generation, commit;
    char version[64];
    json_t *chain; /* of this release: {heads, migrations} */
};

/* The kernel knows; and who may not open the lock's file goes by the shared files. */
bool migrate_is_served(const struct cli *cli)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/docketd.lock", cli->realm);
    int fd = length > 0 && length < PATH_MAX ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0) {
        bool held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
        close(fd);
        return held;
    }
    docket_view *view = NULL;
    struct docket_view_realm realm;
    bool serving = errno == EACCES && docket_view_open(cli->realm, &view) == DOCKET_OK &&
                   docket_view_realm_show(view, &realm) == DOCKET_OK && realm.serving > 0;
    docket_view_close(view);
    return serving;
}

static int look(const struct cli *cli, struct served *served)
{
    static const char *const words[] = {"migrate", "heads", NULL};
    docket_view *view = NULL;
    struct docket_view_realm realm = {0};
    struct docket_view_about about = {0};
    docket_status status = docket_view_open(cli->realm, &view);
    if (status == DOCKET_OK)
        status = docket_view_realm_show(view, &realm);
    served->pid = realm.docketd_pid;
    served->generation = realm.generation;
    served->commit = realm.commit_number;
    if (status == DOCKET_OK)
        status = docket_view_about_show(view, &about);
    served->schema = about.schema;
    snprintf(served->version, sizeof served->version, "%s", about.docketd_version != NULL ? about.docketd_version : "?");
    docket_view_close(view);
    if (status != DOCKET_OK)
        return cli_fail(cli, status, "the store is in use, by a docketd that does not serve yet or by another verb; ask again");
    return offline_read(cli, words, &served->chain);
}

static uint32_t schema_of(const json_t *migration)
{
    return (uint32_t)json_integer_value(json_object_get(migration, "schema"));
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "?";
}

static const json_t *head_of(const struct served *served)
{
    return json_array_get(json_object_get(served->chain, "heads"), 0);
}

/* "0006_fence"; of a schema that this release does not know "unknown". */
static const char *id_of(const struct served *served)
{
    const json_t *migrations = json_object_get(served->chain, "migrations");
    for (size_t at = 0; at < json_array_size(migrations); at++)
        if (schema_of(json_array_get(migrations, at)) == served->schema)
            return text_of(json_array_get(migrations, at), "id");
    return "unknown";
}

static int end(const struct cli *cli, const struct served *served, int code)
{
    uint32_t head = schema_of(head_of(served));
    if (code != CLI_DONE || served->schema == head)
        return code;
    return cli_no(cli, DOCKET_REFUSED, "docketd %s serves schema %" PRIu32 ", and this release is for %" PRIu32
                                       " (%s): stop it, and docket migrate %s",
                  served->version, served->schema, head, text_of(head_of(served), "id"),
                  served->schema < head ? "upgrade" : "downgrade with its own release");
}

static json_t *object_of(const struct cli *cli, const struct served *served)
{
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:I, s:I}", "realm", output_string(cli->realm), "schema",
                                                 (json_int_t)served->schema, "served_by", (json_int_t)served->pid));
    return object;
}

int migrate_served_current(const struct cli *cli)
{
    struct served served = {0};
    int code = look(cli, &served);
    if (code != CLI_DONE)
        return code;
    uint32_t head = schema_of(head_of(&served));
    if (cli->json) {
        json_t *object = object_of(cli, &served);
        if (object != NULL)
            json_object_update_new(object, json_pack("{s:s, s:I, s:b, s:I, s:I, s:n}", "id", id_of(&served), "head",
                                                     (json_int_t)head, "at_head", served.schema == head, "generation",
                                                     (json_int_t)served.generation, "commit", (json_int_t)served.commit,
                                                     "facts"));
        code = output_json(cli, object);
    } else {
        printf("%s (schema %" PRIu32 "%s), served by docketd %s, pid %" PRId64 "\n", id_of(&served), served.schema,
               served.schema == head ? ", head" : "", served.version, served.pid);
    }
    code = end(cli, &served, code);
    json_decref(served.chain);
    return code;
}

/* ---- history ---- */

struct history {
    json_t *migrations; /* each with an array "runs" */
};

/* An event's text begins with the migration's id and a blank. */
static int keep_run(void *context, const struct docket_event *event)
{
    const struct history *history = context;
    char time[OUTPUT_TIME_BYTES];
    output_time(event->time_ns / 1000000000, time);
    for (size_t at = 0; at < json_array_size(history->migrations); at++) {
        json_t *migration = json_array_get(history->migrations, at);
        const char *id = text_of(migration, "id");
        size_t length = strlen(id);
        if (strncmp(event->text, id, length) != 0 || event->text[length] != ' ')
            continue;
        json_array_append_new(json_object_get(migration, "runs"),
                              json_pack("{s:I, s:s, s:I, s:o}", "event", (json_int_t)event->number, "time", time, "uid",
                                        (json_int_t)event->uid, "what", output_string(event->text + length + 1)));
    }
    return 0;
}

static docket_status read_runs(docket_realm *realm, void *context)
{
    struct docket_event_choice choice = {.kind = "migrate", .limit = RUNS_MAX};
    return docket_admin_events(realm, &choice, NULL, keep_run, context);
}

static void print_migration(const json_t *migration, bool head, bool current)
{
    const json_t *runs = json_object_get(migration, "runs");
    printf("%s -> %s%s%s, %s\n", text_of(migration, "parent"), text_of(migration, "id"), head ? " (head)" : "",
           current ? " (current)" : "", text_of(migration, "brings"));
    for (size_t at = 0; at < json_array_size(runs); at++) {
        const json_t *run = json_array_get(runs, at);
        printf("    %s  uid %lld  %s\n", text_of(run, "time"), (long long)json_integer_value(json_object_get(run, "uid")),
               text_of(run, "what"));
    }
}

static int print_history(const struct cli *cli, const struct served *served, json_t *migrations)
{
    uint32_t head = schema_of(head_of(served)), last = 0;
    for (size_t at = 0; at < json_array_size(migrations); at++) {
        json_t *migration = json_array_get(migrations, at);
        last = schema_of(migration);
        json_object_set_new(migration, "head", json_boolean(last == head));
        json_object_set_new(migration, "current", json_boolean(last == served->schema));
        if (!cli->json)
            print_migration(migration, last == head, last == served->schema);
    }
    if (!cli->json) {
        printf("base, schema %" PRIu32 "\n", last - 1);
        return CLI_DONE;
    }
    json_t *object = object_of(cli, served);
    if (object != NULL)
        json_object_set(object, "migrations", migrations);
    return output_json(cli, object);
}

int migrate_served_history(const struct cli *cli)
{
    struct served served = {0};
    struct cli asking = *cli;
    int code = look(cli, &served);
    if (code != CLI_DONE)
        return code;
    struct history history = {json_object_get(served.chain, "migrations")};
    for (size_t at = 0; at < json_array_size(history.migrations); at++)
        json_object_set_new(json_array_get(history.migrations, at), "runs", json_array());
    asking.values[OPT_NO_START] = ""; /* one serves, or none is started for this */
    code = session_run(&asking, read_runs, &history);
    if (code == CLI_DONE)
        code = print_history(cli, &served, history.migrations);
    json_decref(served.chain);
    return code;
}
