/* SPDX-License-Identifier: MIT */
/*
 * docket peek: the number that would come next, read off the shared files.
 */
#include "address.h"
#include "output.h"
#include "viewing.h"

#include <inttypes.h>
#include <stdio.h>

static const struct docket_view_period *choose(const struct docket_view_series *series, int32_t wanted)
{
    if (wanted == ADDRESS_NO_PERIOD)
        return viewing_current(series);
    for (uint32_t i = 0; i < series->period_count; i++)
        if (series->periods[i].period == wanted)
            return &series->periods[i];
    return NULL;
}

static int print(const struct cli *cli, const struct docket_view_series *series,
                 const struct docket_view_period *period)
{
    char text[DOCKET_TEXT_MAX];
    docket_status status = docket_view_text(series, period, period->next, text, sizeof text);
    if (status != DOCKET_OK)
        return cli_fail_status(cli, status);
    if (!cli->json) {
        printf("%s\n", text);
        return CLI_DONE;
    }
    json_t *object = output_object();
    if (object != NULL)
        json_object_update_new(object, json_pack("{s:o, s:s, s:s, s:i, s:I, s:s, s:I}", "realm",
                                                 output_string(cli->realm), "tenant", series->tenant, "series",
                                                 series->name, "period", (int)period->period, "number",
                                                 (json_int_t)period->next, "text", text, "laid",
                                                 (json_int_t)period->laid));
    return output_json(cli, object);
}

static int peek(const struct cli *cli, docket_view *view, const struct address *address)
{
    struct docket_view_series series;
    docket_status status = docket_view_series_find(view, address->tenant, address->series, &series);
    if (status != DOCKET_OK)
        return cli_fail_status(cli, status);
    if (series.retired)
        return cli_fail(cli, DOCKET_RETIRED, "%s/%s was retired: it gives no number any more", address->tenant,
                        address->series);
    if (series.quarantined)
        return cli_fail(cli, DOCKET_QUARANTINED, "%s/%s is quarantined: it gives nothing until it is looked into",
                        address->tenant, address->series);
    if (series.tracked)
        return cli_no(cli, DOCKET_NOT_TRACKED, "%s/%s keeps a ledger: nothing of it is laid, and its next number is the "
                                               "lowest free one; see docket series show",
                      address->tenant, address->series);
    const struct docket_view_period *period = choose(&series, address->period);
    if (period == NULL)
        return cli_no(cli, DOCKET_PERIOD_NOT_OPEN, "%s/%s has not that period at its desk; see docket series show",
                      address->tenant, address->series);
    if (viewing_used_up(period))
        return cli_no(cli, DOCKET_EXHAUSTED, "%s/%s has given its last number of this period, %" PRIu64 "; see docket "
                      "series show", address->tenant, address->series, period->last);
    if (period->laid == 0 || period->next == 0)
        return cli_no(cli, DOCKET_TIMEOUT, "nothing is laid for %s/%s; docketd lays more when somebody asks",
                      address->tenant, address->series);
    return print(cli, &series, period);
}

static int run(struct cli *cli)
{
    struct address address;
    docket_view *view = NULL;
    int code = address_parse(cli, cli->operands[0], true, &address);
    if (code == CLI_DONE)
        code = viewing_open(cli, &view);
    if (code == CLI_DONE)
        code = peek(cli, view, &address);
    docket_view_close(view);
    return code;
}

const struct cli_command command_peek = {
    .name = "peek",
    .examples = "$ docket next acme/INV\n"
                "$ docket peek acme/INV\n"
                "$ docket peek acme/INV/$(date -u +%Y)\n",
    .operands = "TENANT/SERIES[/PERIOD]",
    .summary = "show the number that would come next, and take nothing",
    .text = "Reads the shared files: takes no lock and no number, and works while docketd is\n"
            "dead. Advice, not a promise: another caller may be faster. In a leased series it\n"
            "is the lowest number that nobody holds. The text carries today's date.",
    .options = BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run};
