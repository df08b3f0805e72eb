/* SPDX-License-Identifier: MIT */
/* docket fix apply: a plan's renumbering as CSV or SQL for the old system, or carried out in its database. */
#include "deciding.h"
#include "legacy/check.h"
#include "legacy/plan_file.h"
#include "legacy/run.h"
#include "legacy/source.h"
#include "legacy/sql.h"
#include "output.h"

#include <inttypes.h>
#include <string.h>

struct applying {
    const struct cli *cli;
    const char *plan_name, *source;
    struct plan plan;
    struct known known;
    struct checked checked;
};

/* ---- options ---- */

static int check_options(const struct cli *cli)
{
    int ways = cli_given(cli, OPT_CSV) + cli_given(cli, OPT_SQL) + cli_given(cli, OPT_RUN);
    if (ways > 1)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--csv, --sql and --run: only one of them");
    if (cli->json && (cli_given(cli, OPT_CSV) || cli_given(cli, OPT_SQL)))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--json is for itself or for --run: leave --csv and --sql away");
    if (cli_given(cli, OPT_RUN) && legacy_kind_of(cli->operands[1]) == LEGACY_CSV)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--run is for databases, and %.200s is read as CSV: take --csv or --sql",
                        cli->operands[1]);
    if ((cli_given(cli, OPT_TABLE) || cli_given(cli, OPT_DIALECT)) && !cli_given(cli, OPT_SQL) && !cli_given(cli, OPT_RUN))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--table and --dialect go with --sql or --run");
    if (strcmp(cli->operands[0], "-") == 0 && strcmp(cli->operands[1], "-") == 0)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "plan and source cannot both come from stdin");
    return CLI_DONE;
}

static int take_dialect(const struct cli *cli, struct sql_table *table)
{
    enum legacy_kind kind = legacy_kind_of(cli->operands[1]);
    const char *text = cli->values[OPT_DIALECT];
    if (text == NULL && kind == LEGACY_CSV)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "SQL for whom? Say --dialect sqlite or --dialect postgresql");
    if (text == NULL)
        text = kind == LEGACY_SQLITE ? "sqlite" : "postgresql";
    if (strcmp(text, "sqlite") != 0 && strcmp(text, "postgresql") != 0)
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--dialect wants sqlite or postgresql, not '%.40s'", text);
    table->dialect = strcmp(text, "sqlite") == 0 ? SQL_SQLITE : SQL_POSTGRESQL;
    if (cli_given(cli, OPT_RUN) && (table->dialect == SQL_SQLITE) != (kind == LEGACY_SQLITE))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--dialect %s is not that of the database that is named", text);
    return CLI_DONE;
}

static int take_table(const struct cli *cli, const struct checked *checked, struct sql_table *table)
{
    const char *name = cli->values[OPT_TABLE];
    if (name == NULL && cli_given(cli, OPT_QUERY))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "which table is to be changed? With --query say --table NAME, and have the query call "
                                                  "id, tenant and number as the table does");
    if (name != NULL && (name[0] == '\0' || name[0] == '.' || name[strlen(name) - 1] == '.' || strstr(name, "..") != NULL))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--table wants a name, or SCHEMA.NAME, not '%.60s'", name);
    if (checked->id == NULL || checked->number == NULL || (checked->has_tenant && checked->tenant == NULL))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "SQL needs the names of the columns id, tenant and number: the source has none; see "
                                                  "--columns");
    table->name = name != NULL ? name : "invoices";
    table->id = checked->id;
    table->number = checked->number;
    table->tenant = checked->has_tenant ? checked->tenant : NULL;
    return take_dialect(cli, table);
}

/* ---- the plan ---- */

static int read_plan(struct applying *applying)
{
    const struct cli *cli = applying->cli;
    int code = plan_file_read(cli, applying->plan_name, &applying->plan);
    if (code == CLI_DONE && applying->plan.edited)
        cli_note(cli, "%s was edited since docket wrote it: what stands there now counts, and is checked", applying->plan_name);
    return code;
}

/* ---- what comes of it ---- */

static void print_csv(const struct applying *applying)
{
    static const char *const heads[] = {"id", "tenant", "old", "new"};
    output_csv(heads, 4);
    for (size_t i = 0; i < applying->plan.count; i++) {
        const struct plan_row *row = &applying->plan.rows[i];
        if (row->what == PLAN_RENUMBER && !applying->checked.done[i])
            output_csv((const char *const[]){row->id, row->tenant, row->number, row->new_number}, 4);
    }
}

static void say_counts(const struct applying *applying)
{
    const struct checked *checked = &applying->checked;
    if (checked->waiting == 0)
        cli_note(applying->cli, checked->already > 0 ? "already applied; rows that have their new number: %" PRIu64
                                                     : "the plan gives no row a new number: there is nothing to do",
                 checked->already);
    else if (checked->already > 0)
        cli_note(applying->cli, "%" PRIu64 " of %" PRIu64 " rows have their new number already", checked->already, checked->already + checked->waiting);
}

static json_t *rows_json(const struct applying *applying)
{
    json_t *array = json_array();
    for (size_t i = 0; i < applying->plan.count; i++) {
        const struct plan_row *row = &applying->plan.rows[i];
        if (row->what == PLAN_RENUMBER && !applying->checked.done[i])
            json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o}", "id", output_string(row->id), "tenant",
                                                   output_string(row->tenant), "old", output_string(row->number), "new",
                                                   output_string(row->new_number)));
    }
    return array;
}

static int print_json(const struct applying *applying, bool ran)
{
    const struct checked *checked = &applying->checked;
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:b, s:I, s:I, s:b, s:o}", "plan", output_string(applying->plan_name), "edited",
                                                 applying->plan.edited, "already", (json_int_t)checked->already, "renumbered",
                                                 (json_int_t)(ran ? checked->waiting : 0), "ran", ran, "rows", rows_json(applying)));
    return output_json(applying->cli, object);
}

static int emit(const struct applying *applying)
{
    struct sql_table table = {0};
    say_counts(applying);
    if (applying->cli->json)
        return print_json(applying, false);
    if (!cli_given(applying->cli, OPT_SQL)) {
        print_csv(applying);
        return CLI_DONE;
    }
    int code = take_table(applying->cli, &applying->checked, &table);
    if (code == CLI_DONE)
        sql_script(stdout, &table, &applying->plan, applying->checked.done, applying->checked.waiting);
    return code;
}

/* ---- running it ---- */

static int end_run(const struct applying *applying)
{
    say_counts(applying);
    if (applying->cli->json)
        return print_json(applying, applying->checked.waiting > 0);
    if (applying->checked.waiting > 0)
        printf("%" PRIu64 " row%s, read back; scan once more before you import\n", applying->checked.waiting,
               applying->checked.waiting == 1 ? " has its new number" : "s have their new number");
    return CLI_DONE;
}

/* The table is locked before the data is compared with the plan: nobody changes it between that and the commit. */
static int run_on_database(struct applying *applying)
{
    const struct cli *cli = applying->cli;
    struct sql_table table = {0};
    struct run run = {0};
    int code = check_names(cli, applying->source, &applying->checked);
    if (code == CLI_DONE)
        code = take_table(cli, &applying->checked, &table);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "give %" PRIu64 " rows of %.60s a new number", applying->plan.renumbered, table.name);
    if (code == CLI_DONE)
        code = run_begin(cli, applying->source, &table, &run);
    if (code == CLI_DONE)
        code = check_plan(cli, &applying->plan, applying->plan_name, applying->source, &applying->known, &applying->checked);
    if (code == CLI_DONE && applying->checked.waiting > 0)
        code = run_change(&run, &applying->plan, applying->checked.done);
    run_end(&run);
    return code == CLI_DONE ? end_run(applying) : code;
}

static int apply(struct applying *applying)
{
    int code = read_plan(applying);
    if (code == CLI_DONE)
        code = known_open(applying->cli, true, &applying->known);
    if (code == CLI_DONE && cli_given(applying->cli, OPT_RUN))
        return run_on_database(applying);
    if (code == CLI_DONE)
        code = check_plan(applying->cli, &applying->plan, applying->plan_name, applying->source, &applying->known, &applying->checked);
    return code == CLI_DONE ? emit(applying) : code;
}

static int run_apply(struct cli *cli)
{
    struct applying applying = {.cli = cli, .plan_name = cli->operands[0], .source = cli->operands[1]};
    int code = check_options(cli);
    if (code != CLI_DONE)
        return code;
    code = apply(&applying);
    known_close(&applying.known);
    checked_drop(&applying.checked);
    plan_drop(&applying.plan);
    return code;
}

const struct cli_command command_fix_apply = {
    .name = "fix apply",
    .operands = "PLAN SOURCE",
    .summary = "a plan's new numbers as CSV or SQL for the old system, or into its database",
    .text = "Reads the source again, and refuses (exit code 4) if the data is not what the plan was made of, but\n"
            "that rows may have their new number already: applied twice it changes nothing. A plan that was\n"
            "edited is checked line by line: each row must be there with id and number, and no new number\n"
            "twice or in the data. Then --csv (the default) prints id, tenant, old and new number; --sql a\n"
            "script of one transaction that undoes itself unless each row changes; --run does the same in\n"
            "the database of the source, with the table locked, and reads the rows back.",
    .options = LEGACY_OPTIONS | KNOWN_OPTIONS | BIT(OPT_CSV) | BIT(OPT_SQL) | BIT(OPT_RUN) | BIT(OPT_TABLE) | BIT(OPT_DIALECT) |
               BIT(OPT_YES) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 2,
    .operands_max = 2,
    .run = run_apply};
