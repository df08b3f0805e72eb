/* SPDX-License-Identifier: MIT */
#include "viewing.h"

#include "address.h"
#include "output.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { COLUMNS = 9 };

int viewing_open(const struct cli *cli, docket_view **view)
{
    docket_status status = docket_view_open(cli->realm, view);
    return status == DOCKET_OK ? CLI_DONE : cli_fail_status(cli, status);
}

const struct docket_view_period *viewing_current(const struct docket_view_series *series)
{
    int64_t now_s = (int64_t)time(NULL);
    for (uint32_t i = 0; i < series->period_count; i++)
        if (series->periods[i].start_s <= now_s && now_s < series->periods[i].end_s)
            return &series->periods[i];
    return NULL;
}

const char *viewing_state(const struct docket_view_realm *realm)
{
    return realm->serving > 0 ? "serving" : realm->serving == 0 ? "stopped" : "dead";
}

void viewing_print_realm(const struct docket_view_realm *realm)
{
    char since[OUTPUT_TIME_BYTES];
    double age_s = (double)realm->heartbeat_age_ns / 1e9;
    if (realm->serving > 0)
        printf("docketd   serving, pid %" PRId64 ", heartbeat %.1f s ago, since %s\n", realm->docketd_pid, age_s,
               output_time(realm->started_s, since));
    else
        printf("docketd   %s: pid %" PRId64 ", last heartbeat %.1f s ago; workers go on with what is laid\n",
               viewing_state(realm), realm->docketd_pid, age_s);
    printf("realm     %s, generation %" PRIu64 ", commit %" PRIu64 "\n", realm->directory, realm->generation,
           realm->commit_number);
    if (realm->desks_left_out > 0)
        printf("desks     %" PRIu32 " CANNOT BE READ: %s\n", realm->desks_left_out, realm->left_out_why);
}

void viewing_realm_json(json_t *object, const struct docket_view_realm *realm)
{
    json_object_update_new(
        object, json_pack("{s:o, s:o, s:s, s:I, s:I, s:{s:s, s:I, s:I, s:I}}", "realm",
                          output_string(realm->directory), "runtime", output_string(realm->runtime), "store_id",
                          realm->store_id, "generation", (json_int_t)realm->generation, "commit_number",
                          (json_int_t)realm->commit_number, "docketd", "state", viewing_state(realm), "pid",
                          (json_int_t)realm->docketd_pid, "started_s", (json_int_t)realm->started_s,
                          "heartbeat_age_ns", (json_int_t)realm->heartbeat_age_ns));
}

static json_t *period_json(const struct docket_view_period *period)
{
    /* null: it never ends. INT64_MAX is not exact in every reader. */
    json_t *end = period->end_s == INT64_MAX ? json_null() : json_integer((json_int_t)period->end_s);
    return json_pack("{s:i, s:I, s:o, s:I, s:I, s:I, s:I}", "period", (int)period->period, "start_s",
                     (json_int_t)period->start_s, "end_s", end, "next",
                     (json_int_t)period->next, "laid", (json_int_t)period->laid, "open", (json_int_t)period->open,
                     "leases", (json_int_t)period->leases);
}

json_t *viewing_series_json(const struct docket_view_series *series)
{
    json_t *periods = json_array();
    for (uint32_t i = 0; i < series->period_count; i++)
        json_array_append_new(periods, period_json(&series->periods[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:b, s:b, s:o}", "tenant", series->tenant, "series",
                     series->name, "desk", series->desk, "order", series->order, "restart", series->restart,
                     "template", output_string(series->template_text), "window", (json_int_t)series->window,
                     "quarantined", series->quarantined, "retired", series->retired, "periods", periods);
}

struct libscols_table *viewing_series_table(bool with_desk)
{
    static const char *const headings[COLUMNS] = {"SERIES", "ORDER", "PERIOD", ">NEXT",  ">LAID",
                                                  ">OPEN",  ">LEASES", "STATE",  "DESK"};
    return output_table(headings, with_desk ? COLUMNS : COLUMNS - 1);
}

static const char *state_of(const struct docket_view_series *series, const struct docket_view_period *period)
{
    if (series->quarantined)
        return "quarantined";
    if (series->retired)
        return "retired";
    int64_t now_s = (int64_t)time(NULL);
    return now_s >= period->end_s ? "ended" : now_s < period->start_s ? "to come" : "now";
}

void viewing_series_rows(struct libscols_table *table, bool with_desk, const struct docket_view_series *series)
{
    char name[2 * DOCKET_NAME_MAX + 2], period_text[PERIOD_TEXT_BYTES], figures[4][24];
    size_t columns = with_desk ? COLUMNS : COLUMNS - 1;
    snprintf(name, sizeof name, "%s/%s", series->tenant, series->name);
    for (uint32_t i = 0; i < series->period_count; i++) {
        const struct docket_view_period *period = &series->periods[i];
        const uint64_t values[4] = {period->next, period->laid, period->open, period->leases};
        for (size_t j = 0; j < 4; j++)
            snprintf(figures[j], sizeof figures[j], "%" PRIu64, values[j]);
        if (period->next == 0)
            snprintf(figures[0], sizeof figures[0], "-");
        const char *const cells[COLUMNS] = {name,       series->order, address_period_text(period->period, period_text),
                                            figures[0], figures[1],    figures[2],
                                            figures[3], state_of(series, period), series->desk};
        output_row(table, cells, columns);
    }
    if (series->period_count == 0) {
        const char *const cells[COLUMNS] = {name, series->order, "-", "-", "0", "0", "0",
                                            series->quarantined ? "quarantined" : series->retired ? "retired" : "no period", series->desk};
        output_row(table, cells, columns);
    }
}
