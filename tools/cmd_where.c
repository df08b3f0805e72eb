/* SPDX-License-Identifier: MIT */
/*
 * docket where: where everything of a realm lies, and of which release it is.
 */
#include "output.h"
#include "viewing.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What can be told; "" where nothing can. */
struct places {
    char realm[PATH_MAX];
    const char *named_by;
    const char *state; /* of docketd */
    char store[PATH_MAX + 16], runtime[PATH_MAX];
    char socket[PATH_MAX], witness[PATH_MAX + 16], config[PATH_MAX], log[PATH_MAX];
    char docketd[64], lmdb[64];
    uint32_t layout, schema;
    int64_t pid;
};

static const char *named_by(const struct cli *cli)
{
    const char *from_environment = getenv("DOCKET_REALM");
    if (cli_given(cli, OPT_REALM))
        return "--realm";
    return from_environment != NULL && from_environment[0] != '\0' ? "DOCKET_REALM" : "default";
}

static void keep(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text);
}

/* A docketd that never ran here since boot has written nothing down. */
static void assume(const struct cli *cli, struct places *places)
{
    *places = (struct places){.named_by = named_by(cli), .state = "not run since the machine started"};
    if (realpath(cli->realm, places->realm) == NULL)
        keep(places->realm, sizeof places->realm, cli->realm);
    snprintf(places->store, sizeof places->store, "%s/store", places->realm);
}

static docket_status look(docket_view *view, struct places *places)
{
    struct docket_view_realm realm;
    struct docket_view_about about;
    docket_status status = docket_view_realm_show(view, &realm);
    if (status != DOCKET_OK)
        return status;
    places->state = viewing_state(&realm);
    places->pid = realm.docketd_pid;
    keep(places->runtime, sizeof places->runtime, realm.runtime);
    if (docket_view_about_show(view, &about) != DOCKET_OK)
        return DOCKET_OK; /* a docketd of another release: the rest cannot be told */
    keep(places->realm, sizeof places->realm, about.realm);
    keep(places->store, sizeof places->store, about.store);
    keep(places->socket, sizeof places->socket, about.socket);
    keep(places->witness, sizeof places->witness, about.witness);
    keep(places->config, sizeof places->config, about.config[0] != '\0' ? about.config : "none: the defaults");
    keep(places->log, sizeof places->log, about.log);
    keep(places->docketd, sizeof places->docketd, about.docketd_version);
    keep(places->lmdb, sizeof places->lmdb, about.lmdb_version);
    places->layout = about.layout;
    places->schema = about.schema;
    return DOCKET_OK;
}

static void put(const char *key, const char *value)
{
    printf("%-9s %s\n", key, value[0] != '\0' ? value : "not told: docketd writes it down when it serves");
}

static void print_text(const struct places *places)
{
    char text[256];
    printf("realm     %s (by %s)\n", places->realm, places->named_by);
    if (places->pid != 0)
        printf("docketd   %s, pid %lld\n", places->state, (long long)places->pid);
    else
        printf("docketd   %s\n", places->state);
    put("store", places->store);
    put("witness", places->witness);
    put("config", places->config);
    put("runtime", places->runtime);
    put("socket", places->socket);
    put("log", places->log);
    snprintf(text, sizeof text, "docket %s, docketd %s, layout %u, schema %u, LMDB %s", docket_version(),
             places->docketd, places->layout, places->schema, places->lmdb);
    if (places->docketd[0] == '\0')
        snprintf(text, sizeof text, "docket %s", docket_version());
    put("versions", text);
}

static int print_json(const struct cli *cli, const struct places *places)
{
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(
            object,
            json_pack("{s:o, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:s, s:I, s:I, s:s}}", "realm",
                      output_string(places->realm), "named_by", places->named_by, "docketd", places->state, "pid",
                      (json_int_t)places->pid, "store", output_string(places->store), "witness",
                      output_string(places->witness), "config", output_string(places->config), "runtime",
                      output_string(places->runtime), "socket", output_string(places->socket), "log",
                      output_string(places->log), "versions", "docket", docket_version(), "docketd", places->docketd,
                      "layout", (json_int_t)places->layout, "schema", (json_int_t)places->schema, "lmdb",
                      places->lmdb));
    return output_json(cli, object);
}

static int run(struct cli *cli)
{
    static struct places places;
    docket_view *view = NULL;
    assume(cli, &places);
    docket_status status = docket_view_open(cli->realm, &view);
    if (status == DOCKET_OK)
        status = look(view, &places);
    int code = status == DOCKET_OK || status == DOCKET_UNREACHABLE ? CLI_DONE : cli_fail_status(cli, status);
    if (code == CLI_DONE && cli->json)
        code = print_json(cli, &places);
    else if (code == CLI_DONE)
        print_text(&places);
    docket_view_close(view);
    return code;
}

const struct cli_command command_where = {
    .name = "where",
    .examples = "$ docket where\n",
    .operands = "",
    .summary = "where the realm's files lie: store, witness, configuration, log, versions",
    .text = "Says what the docketd that served last wrote down of itself; works while it is dead.\n"
            "If it has not run since the machine started, only the realm and its store are told.",
    .options = BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run};
