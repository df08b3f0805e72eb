/* SPDX-License-Identifier: MIT */
/* docket series set, advance, retire. */
#include "coming.h"
#include "deciding.h"
#include "policy_options.h"
#include "session.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COMMON (BIT(OPT_REALM) | BIT(OPT_NO_START) | BIT(OPT_JSON) | BIT(OPT_QUIET))

static int print_done(const struct cli *cli, const struct address *address, const char *key, const char *sentence)
{
    if (!cli->json) {
        printf("%s/%s %s\n", address->tenant, address->series, sentence);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:b}", "realm", output_string(cli->realm), "tenant",
                                                 address->tenant, "series", address->series, key, 1));
    return output_json(cli, object);
}

/* ---- advance ---- */

struct advancing {
    const struct cli *cli;
    struct docket_counter_name name;
    const char *text;
    unsigned flags;
    struct deciding_changes changes;
};

static docket_status advance(docket_realm *realm, void *context)
{
    struct advancing *advancing = context;
    return docket_admin_series_advance_text(realm, &advancing->name, advancing->text, advancing->cli->values[OPT_REASON],
                                            advancing->flags, deciding_change, &advancing->changes);
}

static bool is_zero(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0")] == '\0';
}

static int run_advance(struct cli *cli)
{
    struct address address;
    struct advancing advancing = {.cli = cli};
    int code = deciding_address(cli, &address, &advancing.name);
    bool to = cli_given(cli, OPT_TO);
    if (code == CLI_DONE && to == cli_given(cli, OPT_AFTER))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "docket series advance wants either --to N or --after N: a number, or a "
                                                  "document number of the series");
    advancing.text = cli->values[to ? OPT_TO : OPT_AFTER];
    advancing.flags = (to ? DOCKET_ADVANCE_TO : 0u) | deciding_flags(cli);
    if (code == CLI_DONE)
        code = coming_check(cli, to ? "--to" : "--after", advancing.text);
    if (code == CLI_DONE && is_zero(advancing.text))
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "numbers begin at 1");
    if (code == CLI_DONE)
        code = deciding_reason(cli);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "skip every number of %s %s %.70s that was not given", cli->operands[0],
                                to ? "below" : "up to", advancing.text);
    if (code != CLI_DONE)
        return code;
    deciding_begin(&advancing.changes, cli, &address);
    return deciding_end(&advancing.changes, session_run(cli, advance, &advancing));
}

const struct cli_command command_series_advance = {
    .name = "series advance",
    .examples = "$ docket next acme/INV\n"
                "$ docket series advance acme/INV --to 5000 --yes --reason 'the old system went on to 4999'\n"
                "$ docket series advance acme/INV --after 6000 --reason 'and to 6000' --dry-run\n",
    .operands = "TENANT/SERIES[/PERIOD]",
    .summary = "the next number is at least N",
    .text = "N is a number, or a document number that the series' template writes: then its period is\n"
            "meant. The numbers skipped become void. Never backwards: below the next number it is an\n"
            "honest no. A leased series must have no open lease. A period that has ended moves for the\n"
            "sake of documents dated back into it. --dry-run says what would become void. For root,\n"
            "docketd's user and the admins of docket.conf. Asks on a terminal; --yes elsewhere.",
    .options = BIT(OPT_TO) | BIT(OPT_AFTER) | BIT(OPT_DRY_RUN) | BIT(OPT_PERIOD) | BIT(OPT_REASON) | BIT(OPT_YES) | COMMON,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_advance};

/* ---- retire ---- */

struct retiring {
    const struct cli *cli;
    struct address address;
};

static docket_status retire(docket_realm *realm, void *context)
{
    const struct retiring *retiring = context;
    return docket_admin_series_retire(realm, retiring->address.tenant, retiring->address.series,
                                      retiring->cli->values[OPT_REASON]);
}

static int run_retire(struct cli *cli)
{
    struct retiring retiring = {.cli = cli};
    int code = address_parse(cli, cli->operands[0], false, &retiring.address);
    if (code == CLI_DONE)
        code = deciding_reason(cli);
    if (code == CLI_DONE)
        code = deciding_confirm(cli, "retire %s for good: it gives no number any more, and its name is used up",
                                cli->operands[0]);
    if (code == CLI_DONE)
        code = session_run(cli, retire, &retiring);
    return code == CLI_DONE ? print_done(cli, &retiring.address, "retired", "is retired") : code;
}

const struct cli_command command_series_retire = {
    .name = "series retire",
    .examples = "$ docket series add acme/OLD\n"
                "$ docket series retire acme/OLD --yes --reason 'merged into INV'\n",
    .operands = "TENANT/SERIES",
    .summary = "a series gives no number any more",
    .text = "In any period, for ever, and its name cannot be used again; what was handed out keeps its\n"
            "fate. Processes that hold leases give them back at their next call. For root, docketd's\n"
            "user and the admins of docket.conf. Asks on a terminal; --yes elsewhere.",
    .options = BIT(OPT_REASON) | BIT(OPT_YES) | COMMON,
    .operands_min = 1,
    .operands_max = 1,
    .offline = "series retire",
    .run = run_retire};

/* ---- set ---- */

struct setting {
    const struct cli *cli;
    struct address address;
    struct docket_policy policy;
    json_t *array; /* with --json */
    unsigned count, refused;
    bool next;          /* --from next */
    int32_t next_from;  /* the period that then begins with them; 0: none */
    struct coming coming;
};

static int tell(void *context, const struct docket_setting *setting)
{
    struct setting *setting_of = context;
    setting_of->count++;
    setting_of->refused += setting->why_not[0] != '\0';
    if (setting_of->array != NULL) {
        json_array_append_new(setting_of->array,
                              json_pack("{s:s, s:s, s:s, s:b, s:o}", "setting", setting->name, "before", setting->before,
                                        "after", setting->after, "may", setting->why_not[0] == '\0', "why_not",
                                        output_string(setting->why_not)));
        return 0;
    }
    printf("%-13s  %s -> %s%s%s\n", setting->name, setting->before, setting->after,
           setting->why_not[0] != '\0' ? "  MAY NOT: " : "", setting->why_not);
    return 0;
}

static int keep_from(void *context, const struct docket_series_facts *facts)
{
    ((struct setting *)context)->next_from = facts->next_from;
    return 0;
}

/* From which period on what was set holds. It is durable whatever comes of the question. */
static void ask_from(docket_realm *realm, struct setting *setting)
{
    struct docket_counter_name current = {setting->address.tenant, setting->address.series, ADDRESS_NO_PERIOD};
    if (docket_admin_series_show(realm, &current, keep_from, setting) != DOCKET_OK)
        setting->next_from = 0;
}

static docket_status set(docket_realm *realm, void *context)
{
    struct setting *setting = context;
    const struct cli *cli = setting->cli;
    bool next = setting->next;
    docket_status status = docket_admin_series_set(
        realm, setting->address.tenant, setting->address.series, &setting->policy, cli_given(cli, OPT_START_AFTER),
        cli->values[OPT_REASON], deciding_flags(cli) | (next ? (unsigned)DOCKET_FROM_NEXT : 0u), tell, setting);
    if (status == DOCKET_OK && cli_given(cli, OPT_DRY_RUN) && setting->refused == 0)
        status = coming_ask(realm, &setting->coming);
    else if (status == DOCKET_OK && next && setting->refused == 0)
        ask_from(realm, setting);
    if (cli_given(cli, OPT_DRY_RUN) && next)
        setting->next_from = setting->coming.count > 0 ? setting->coming.period : 0;
    return status;
}

static json_t *from_json(const struct setting *setting)
{
    char period[PERIOD_TEXT_BYTES];
    if (!setting->next)
        return json_string("now");
    return setting->next_from == 0 ? json_null() : json_string(address_period_text(setting->next_from, period));
}

static int end_set(const struct cli *cli, struct setting *setting, int code)
{
    bool dry = cli_given(cli, OPT_DRY_RUN);
    char period[PERIOD_TEXT_BYTES];
    if (code != CLI_DONE) {
        json_decref(setting->array);
        return code;
    }
    if (setting->array != NULL) {
        json_t *object = output_object();
        if (object != NULL)
            json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:b, s:o, s:o}", "realm",
                                                     output_string(cli->realm), "tenant", setting->address.tenant,
                                                     "series", setting->address.series, "dry_run", dry, "from",
                                                     from_json(setting), "changes", setting->array));
        if (object != NULL && dry)
            json_object_set(object, "next", setting->coming.array);
        if (object != NULL && setting->coming.read)
            json_object_set_new(object, "start_after", coming_read_json(&setting->coming));
        code = output_json(cli, object);
    } else if (setting->count == 0) {
        printf("nothing %s\n", dry ? "would change" : "was changed");
    } else if (dry) {
        printf("nothing was changed (--dry-run)\n");
    } else if (setting->next_from != 0) {
        printf("from %s on\n", address_period_text(setting->next_from, period));
    }
    if (dry && setting->refused == 0) {
        coming_print_read(&setting->coming);
        coming_print(&setting->coming);
    }
    return code == CLI_DONE && setting->refused > 0 ? CLI_NO : code;
}

static int run_set(struct cli *cli)
{
    struct setting setting = {.cli = cli};
    char lines[COMING_LINES][DOCKET_TEXT_MAX];
    int code = address_parse(cli, cli->operands[0], false, &setting.address);
    if (code == CLI_DONE && cli_given(cli, OPT_FROM) && strcmp(cli->values[OPT_FROM], "now") != 0 &&
        strcmp(cli->values[OPT_FROM], "next") != 0)
        code = cli_fail(cli, DOCKET_BAD_ARGUMENT, "--from is now or next, not '%.40s'", cli->values[OPT_FROM]);
    if (code == CLI_DONE)
        code = policy_options(cli, &setting.policy);
    if (code == CLI_DONE && cli_given(cli, OPT_START_AFTER))
        code = coming_check(cli, "--start-after", cli->values[OPT_START_AFTER]);
    if (code == CLI_DONE)
        setting.policy.start_after_text = cli->values[OPT_START_AFTER];
    if (code != CLI_DONE)
        return code;
    setting.next = cli_given(cli, OPT_FROM) && strcmp(cli->values[OPT_FROM], "next") == 0;
    setting.coming = (struct coming){.cli = cli,
                                     .address = &setting.address,
                                     .policy = &setting.policy,
                                     .has_start = cli_given(cli, OPT_START_AFTER),
                                     .array = cli->json ? json_array() : NULL,
                                     .lines = lines};
    if (cli->json)
        setting.array = json_array();
    code = end_set(cli, &setting, session_run(cli, set, &setting));
    if (code == CLI_DONE)
        policy_warn(cli);
    json_decref(setting.coming.array);
    return code;
}

const struct cli_command command_series_set = {
    .name = "series set",
    .examples = "$ docket series add acme/NEW\n"
                "$ docket series set acme/NEW --window 500 --order leased --dry-run\n"
                "$ docket series set acme/NEW --window 500\n"
                "$ docket series set acme/NEW --ledger on --reason 'each invoice has its record from now on'\n",
    .operands = "TENANT/SERIES",
    .summary = "change a series' policy",
    .text = "Forward only: what was given keeps its text. Window, warning level and closing may change\n"
            "at any time. Order, restart, zone, fiscal year and beginning only while no number of the\n"
            "series was ever handed out and no process sits at its desk. All others hold from now on,\n"
            "with processes at work (a ledger begins so, and is never taken off again), or with\n"
            "--from next from the next period on. Nothing changes if one of them may not, or if a\n"
            "document number could be that of another one. --start-after takes a document number too,\n"
            "also of a period that is over, if no number of that was given. --dry-run says what would change and why\n"
            "not, and shows the next ten numbers. For root, docketd's user and the admins of\n"
            "docket.conf.",
    .options = POLICY_OPTIONS | BIT(OPT_START_AFTER) |
               BIT(OPT_FROM) | BIT(OPT_REASON) | BIT(OPT_DRY_RUN) | COMMON,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_set};
