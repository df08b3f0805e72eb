/* SPDX-License-Identifier: MIT */
/* docket fix plan: which of the old system's duplicates keeps its number, and what the others would get. */
#include "legacy/find.h"
#include "legacy/plan_file.h"
#include "legacy/source.h"
#include "output.h"

#include <inttypes.h>
#include <string.h>

static int read_with(const struct cli *cli, enum plan_with *with)
{
    const char *text = cli->values[OPT_WITH];
    *with = PLAN_WITH_EITHER;
    if (text == NULL)
        return CLI_DONE;
    if (strcmp(text, "numbers") == 0)
        *with = PLAN_WITH_NUMBERS;
    else if (strcmp(text, "suffix") == 0)
        *with = PLAN_WITH_SUFFIX;
    else
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "--with wants numbers or suffix, not '%.40s'", text);
    return CLI_DONE;
}

static int check_options(const struct cli *cli)
{
    if (cli->json && !cli_given(cli, OPT_OUTPUT))
        return cli_fail(cli, DOCKET_BAD_ARGUMENT, "the plan itself goes to stdout: write it to a file with --output, and --json "
                                                  "tells what is in it");
    return CLI_DONE;
}

/* What a source is called in a plan that others read: the words behind postgresql: may have a password in them. */
static const char *name_of(const char *source)
{
    if (legacy_kind_of(source) == LEGACY_POSTGRESQL)
        return "postgresql";
    return strcmp(source, "-") == 0 ? "stdin" : source;
}

/* ---- writing ---- */

static void say_uses(const struct cli *cli, const struct plan *plan)
{
    for (size_t i = 0; i < plan->use_count; i++) {
        const struct plan_use *use = &plan->uses[i];
        cli_note(cli, "the plan uses %" PRIu64 " to %" PRIu64 " of %s/%s/%s: import them before docket gives numbers of it", use->first,
                 use->last, use->tenant, use->series, use->period_text);
    }
}

static json_t *uses_json(const struct plan *plan)
{
    json_t *array = json_array();
    for (size_t i = 0; i < plan->use_count; i++) {
        const struct plan_use *use = &plan->uses[i];
        json_array_append_new(array, json_pack("{s:o, s:s, s:s, s:I, s:I, s:I}", "tenant", output_string(use->tenant), "series",
                                               use->series, "period", use->period_text, "first", (json_int_t)use->first, "last", (json_int_t)use->last,
                                               "count", (json_int_t)use->count));
    }
    return array;
}

static int say(const struct cli *cli, const struct plan *plan)
{
    const char *name = cli->values[OPT_OUTPUT];
    say_uses(cli, plan);
    if (!cli->json) {
        if (plan->groups == 0)
            cli_note(cli, "%" PRIu64 " rows, and no number is there twice", plan->source_rows);
        else
            cli_note(cli, "%" PRIu64 " rows, %" PRIu64 " group%s of duplicates: %" PRIu64 " row%s would get a new number; left as they are: %" PRIu64,
                     plan->source_rows, plan->groups, plan->groups == 1 ? "" : "s", plan->renumbered,
                     plan->renumbered == 1 ? "" : "s", plan->left);
        if (name != NULL)
            printf("%s is to be read; docket fix apply follows it\n", name);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:o, s:I, s:s, s:I, s:I, s:I, s:o}", "plan", output_string(name), "source",
                                                 output_string(plan->source), "rows", (json_int_t)plan->source_rows, "digest",
                                                 plan->digest, "groups", (json_int_t)plan->groups, "renumbered",
                                                 (json_int_t)plan->renumbered, "left", (json_int_t)plan->left, "uses",
                                                 uses_json(plan)));
    return output_json(cli, object);
}

static int write_plan(const struct cli *cli, const struct plan *plan)
{
    int code = CLI_DONE;
    if (cli_given(cli, OPT_OUTPUT))
        code = plan_file_write(cli, plan, cli->values[OPT_OUTPUT]);
    else
        plan_write(plan, stdout); /* the command's end says if that failed */
    return code == CLI_DONE ? say(cli, plan) : code;
}

static int run_plan(struct cli *cli)
{
    const char *source = cli->operands[0];
    struct plan plan = {.source = name_of(source), .twice = cli_given(cli, OPT_TWICE)};
    struct known known;
    uint64_t largest = 0;
    int code = read_with(cli, &plan.with);
    if (code == CLI_DONE)
        code = check_options(cli);
    if (code == CLI_DONE)
        code = cli_number(cli, OPT_LARGEST, 1, DOCKET_NUMBER_MAX, &largest);
    if (code == CLI_DONE && strcmp(source, "-") == 0)
        code = find_keep_stdin(cli);
    if (code != CLI_DONE)
        return code;
    code = known_open(cli, false, &known);
    if (code == CLI_DONE)
        code = find_plan(cli, source, &known, largest, &plan);
    if (code == CLI_DONE)
        code = write_plan(cli, &plan);
    known_close(&known);
    plan_drop(&plan);
    return code;
}

const struct cli_command command_fix_plan = {
    .name = "fix plan",
    .operands = "SOURCE",
    .summary = "which of the old system's duplicates would get which new number",
    .text = "Changes nothing. Reads invoices as docket scan does, and writes a plan: for each group of rows of a\n"
            "tenant that have the same number, small and capital letters alike, the oldest row keeps it (by\n"
            "date and then id), and the others get the next numbers of the series, above the highest that is\n"
            "used in that period, or a suffix such as -2 where the text fits no series. --with says one of\n"
            "them for all. With --twice two texts of one number, such as that of another date, are a group too.\n"
            "A series of which docket itself has given numbers in the period gets suffixes.\n"
            "The plan is a text with commas to be read, and edited; docket fix apply follows it. The same\n"
            "rows give the same plan. Texts that fit no series, gaps and numbers out of order are left.",
    .examples = "$ printf 'tenant,number,date,id\\nacme,A-7,2026-03-02,1\\nacme,A-7,2026-03-09,2\\n' > invoices.csv\n"
                "$ docket fix plan invoices.csv --template 'A-{N}' --restart never -o plan.csv\n"
                "$ docket fix apply plan.csv invoices.csv --csv",
    .options = LEGACY_OPTIONS | KNOWN_OPTIONS | BIT(OPT_LARGEST) | BIT(OPT_WITH) | BIT(OPT_TWICE) | BIT(OPT_OUTPUT) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_plan};
