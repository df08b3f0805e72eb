/* SPDX-License-Identifier: MIT */
/* docket drain, docket desk add. */
#include "deciding.h"
#include "progress.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* ---- drain ---- */

enum { HOLDER_COLUMNS = 8 };
static const char *const headings[HOLDER_COLUMNS] = {"DESK", ">SEAT", ">PID", "->UID", ">LEASES", ">NUMBERS", ">HELD", ">AGE"};
static const struct output_heads heads = {headings, HOLDER_COLUMNS};

struct draining {
    const struct cli *cli;
    json_t *array;
    struct output_table *table;
    uint64_t holders;
};

static void forget_holders(struct draining *draining)
{
    json_decref(draining->array);
    output_table_drop(draining->table);
    draining->array = draining->cli->json ? json_array() : NULL;
    draining->table = draining->cli->json ? NULL : output_table_new(draining->cli, &heads);
    draining->holders = 0;
}

static int take_holder(void *context, const struct docket_holder *holder)
{
    struct draining *draining = context;
    int64_t age_s = holder->oldest_s > 0 ? (int64_t)time(NULL) - holder->oldest_s : -1;
    char cells[HOLDER_COLUMNS][24];
    draining->holders++;
    if (draining->array != NULL) {
        json_array_append_new(draining->array,
                              json_pack("{s:s, s:i, s:I, s:i, s:I, s:I, s:I, s:I}", "desk", holder->desk, "seat",
                                        (int)holder->seat, "pid", (json_int_t)holder->pid, "uid", (int)holder->uid,
                                        "leases", (json_int_t)holder->leases, "numbers", (json_int_t)holder->numbers,
                                        "held", (json_int_t)holder->held, "oldest_age_s", (json_int_t)age_s));
        return 0;
    }
    snprintf(cells[1], sizeof cells[1], "%" PRIu32, holder->seat);
    snprintf(cells[2], sizeof cells[2], "%" PRId64, holder->pid);
    snprintf(cells[3], sizeof cells[3], "%" PRIu32, holder->uid);
    snprintf(cells[4], sizeof cells[4], "%" PRIu64, holder->leases);
    snprintf(cells[5], sizeof cells[5], "%" PRIu64, holder->numbers);
    snprintf(cells[6], sizeof cells[6], "%" PRIu64, holder->held);
    if (age_s < 0)
        snprintf(cells[7], sizeof cells[7], "-");
    else
        snprintf(cells[7], sizeof cells[7], "%" PRId64 " s", age_s);
    const char *const row[HOLDER_COLUMNS] = {holder->desk, cells[1], cells[2], cells[3],
                                             cells[4],     cells[5], cells[6], cells[7]};
    output_row(draining->table, row);
    return 0;
}

static docket_status drain(docket_realm *realm, void *context)
{
    struct draining *draining = context;
    const struct cli *cli = draining->cli;
    const char *desk = cli->values[OPT_DESK];
    if (cli_given(cli, OPT_UNDO))
        return docket_admin_drain_undo(realm, desk);
    int64_t wait_ns = 0;
    int code = cli_seconds(cli, OPT_WAIT, &wait_ns); /* checked before */
    (void)code;
    struct progress progress;
    progress_begin(&progress, cli, "waiting: something is still out");
    for (int64_t until_ns = progress_now_ns() + wait_ns;;) {
        forget_holders(draining);
        docket_status status = docket_admin_drain(realm, desk, take_holder, draining);
        if (status != DOCKET_OK || draining->holders == 0 || progress_now_ns() >= until_ns) {
            progress_end(&progress);
            return status;
        }
        progress_wait(&progress);
        struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
    }
}

static int end_drain(const struct cli *cli, struct draining *draining)
{
    bool undo = cli_given(cli, OPT_UNDO);
    if (cli->json) {
        json_t *object = output_object();
        if (object != NULL)
            json_object_update_new(object, json_pack("{s:o, s:b, s:o}", "realm", output_string(cli->realm), "draining",
                                                     !undo, "holders",
                                                     draining->array != NULL ? draining->array : json_array()));
        int code = output_json(cli, object);
        return code == CLI_DONE && draining->holders > 0 ? CLI_NO : code;
    }
    output_table_print(draining->table);
    if (draining->holders > 0)
        return cli_no(cli, DOCKET_BUSY, "%" PRIu64 " processes still hold leases, or numbers that are not settled; end them, or wait "
                                        "with --wait SECONDS",
                      draining->holders);
    printf(undo ? "seats and numbers are given again\n" : "nothing is out: docketd can be stopped in order\n");
    return CLI_DONE;
}

static int run_drain(struct cli *cli)
{
    struct draining draining = {.cli = cli};
    const char *desk = cli->values[OPT_DESK];
    int64_t wait_ns = 0;
    int code = output_check(cli, &heads, 1);
    if (code == CLI_DONE)
        code = cli_seconds(cli, OPT_WAIT, &wait_ns);
    if (code == CLI_DONE && !cli_given(cli, OPT_UNDO))
        code = deciding_confirm(cli, "drain %s%s: nobody gets numbers any more", desk != NULL ? "desk " : "every desk",
                                desk != NULL ? desk : "");
    if (code == CLI_DONE)
        code = session_run(cli, drain, &draining);
    if (code == CLI_DONE)
        return end_drain(cli, &draining);
    json_decref(draining.array);
    output_table_drop(draining.table);
    return code;
}

const struct cli_command command_drain = {
    .name = "drain",
    .examples = "$ docket drain --yes --wait 60   # then stop docketd, and switch the machine off\n"
                "$ docket drain --undo\n",
    .operands = "",
    .summary = "give no seat and lay no number any more",
    .text = "Until docketd's next start, or --undo. What is laid is taken back and written down; who\n"
            "still holds leases, or numbers of a ledger that are pending or reserved in its hands (HELD: a\n"
            "drained desk still settles, voids and releases them), is listed, and it is an honest no while\n"
            "there is anybody; reservations by name need nobody. Once nothing is out, a stop of docketd in\n"
            "order makes nothing unknown, and docket export-state may move the realm. For root, docketd's user and\n"
            "the admins of docket.conf. Asks on a terminal; --yes elsewhere.",
    .options = CLI_TABLE | BIT(OPT_DESK) | BIT(OPT_WAIT) | BIT(OPT_UNDO) | BIT(OPT_YES) | BIT(OPT_REALM) | BIT(OPT_NO_START) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .run = run_drain};

/* ---- desk add ---- */

static docket_status add_desk(docket_realm *realm, void *context)
{
    const struct cli *cli = context;
    return docket_admin_desk_add(realm, cli->operands[0], cli->values[OPT_TENANTS], cli->values[OPT_USER],
                                 cli->values[OPT_GROUP]);
}

static int run_desk_add(struct cli *cli)
{
    if (!cli_given(cli, OPT_TENANTS))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket desk add wants --tenants A,B");
    int code = session_run(cli, add_desk, cli);
    if (code != CLI_DONE)
        return code;
    if (!cli->json) {
        printf("desk %s is in docket.conf; it is there from docketd's next start on\n", cli->operands[0]);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:b}", "realm", output_string(cli->realm), "desk",
                                                 cli->operands[0], "added", 1));
    return output_json(cli, object);
}

const struct cli_command command_desk_add = {
    .name = "desk add",
    .examples = "$ docket desk add bank --tenants bank,insurance\n",
    .operands = "NAME",
    .summary = "a desk of its own for tenants",
    .text = "Appends it to the realm's docket.conf, whole or not at all, if docketd would start with it;\n"
            "it is there from docketd's next start on. A tenant that has series cannot be moved. For\n"
            "root, docketd's user and the admins of docket.conf.",
    .options = BIT(OPT_TENANTS) | BIT(OPT_USER) | BIT(OPT_GROUP) | BIT(OPT_REALM) | BIT(OPT_NO_START) |
               BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_desk_add};
