/* SPDX-License-Identifier: MIT */
/*
 * docket series show: what the board says of a series, and beside it what docketd
 * knows, if it serves.
 */
#include "address.h"
#include "docket_admin.h"
#include "output.h"
#include "viewing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct showing {
    const struct cli *cli;
    struct address address;
    const struct docket_view_series *series; /* of the board */
    json_t *facts; /* with --json: of docketd */
    bool serving;
    bool asked;    /* docketd has answered */
    docket_status failed; /* it serves, and could not be asked */
    char why_not[256];
};

static void next_text(const struct docket_view_series *series, char text[DOCKET_TEXT_MAX])
{
    const struct docket_view_period *now = viewing_current(series);
    if (now == NULL || now->next == 0 || viewing_used_up(now) ||
        docket_view_text(series, now, now->next, text, DOCKET_TEXT_MAX) != DOCKET_OK)
        text[0] = '\0';
}

/* Where there is no next number: why. */
static void no_next(const struct docket_view_series *series, char why[96])
{
    char first[OUTPUT_TIME_BYTES];
    const struct docket_view_period *now = viewing_current(series);
    if (now != NULL && viewing_used_up(now))
        snprintf(why, 96, "none: %" PRIu64 " to %" PRIu64 " are used up", now->first, now->last);
    else if (series->tracked)
        snprintf(why, 96, "the lowest free one, which docketd knows: it keeps a ledger");
    else if (now != NULL)
        snprintf(why, 96, "nothing is laid");
    else if (series->period_count > 0 && series->periods[0].start_s > (int64_t)time(NULL))
        snprintf(why, 96, "none before %s", output_day(series->periods[0].date, first));
    else
        snprintf(why, 96, "none: no period is open today");
}

/* ---- what docketd knows ---- */

static const char *setting(const struct docket_series_facts *facts, const char *name)
{
    for (uint32_t i = 0; i < facts->setting_count; i++)
        if (strcmp(facts->settings[i].name, name) == 0)
            return facts->settings[i].before;
    return "";
}

static void print_period(const struct docket_series_facts *facts)
{
    char period[PERIOD_TEXT_BYTES], days[2][OUTPUT_TIME_BYTES], edges[2][OUTPUT_TIME_BYTES];
    bool fiscal = strcmp(setting(facts, "fiscal-year"), "january") != 0;
    printf("zone      %s%s%s\n", setting(facts, "zone"), fiscal ? ", fiscal year " : "",
           fiscal ? setting(facts, "fiscal-year") : "");
    if (facts->period_first == 0)
        return;
    printf("period    %s: %s to %s, in UTC from %s to before %s\n", address_period_text(facts->period, period),
           output_day(facts->period_first, days[0]), output_day(facts->period_last, days[1]), output_time(facts->start_s, edges[0]),
           output_time(facts->end_s, edges[1]));
}

static void print_left(const struct docket_series_facts *facts)
{
    bool dated = strcmp(setting(facts, "valid-from"), "none") != 0 || strcmp(setting(facts, "valid-to"), "none") != 0;
    printf("left      %" PRIu64 " of %" PRIu64 " to %" PRIu64, facts->left, facts->first, facts->last);
    if (facts->last < DOCKET_NUMBER_MAX)
        printf(", %u%% used%s", facts->used_percent, facts->warned ? ": WARNING LEVEL REACHED" : "");
    if (dated)
        printf("; valid from %s to %s", setting(facts, "valid-from"), setting(facts, "valid-to"));
    printf("\n");
}

static void print_longest(const struct docket_series_facts *facts)
{
    printf("longest   %u characters, of number %" PRIu64 ": %s\n", facts->longest_bytes, facts->longest_number,
           facts->longest_text);
}

static void print_worst(const struct docket_series_facts *facts)
{
    if (strcmp(setting(facts, "ledger"), "on") == 0) {
        printf("gap       none, should the power fail: each number is durable before it is given\n"
               "disorder  the lowest free number comes first: one that came back comes after later ones\n");
        return;
    }
    printf("gap       at most %" PRIu64 ", should the power fail: the window", facts->gap);
    if (facts->lease_block > 0)
        printf(", and %u for each open lease (%u now)", facts->lease_block, facts->leases);
    if (facts->disorder == 0)
        printf("\ndisorder  0: numbers come in the order of calls\n");
    else
        printf("\ndisorder  at most %" PRIu64 ": what may lie or be leased while later ones come\n", facts->disorder);
}

/* Said in a line of its own, or nothing to speak of. */
static bool is_said(const struct docket_setting *setting)
{
    static const char *const lines[] = {"order", "restart", "template", "window", "zone", "profile", "valid-from", "valid-to"};
    static const char *const plain[] = {"", "any", "no", "none", "never", "january", "widen", "recycle", "off", "doubt"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (strcmp(setting->name, lines[i]) == 0 || strcmp(setting->before, plain[i]) == 0)
            return true;
    return false;
}

static void print_settings(const struct docket_series_facts *facts)
{
    char period[PERIOD_TEXT_BYTES];
    printf("settings ");
    for (uint32_t i = 0; i < facts->setting_count; i++)
        if (!is_said(&facts->settings[i]))
            printf(" %s=%s", facts->settings[i].name, facts->settings[i].before);
    putchar('\n');
    for (uint32_t i = 0; i < facts->setting_count; i++)
        if (facts->next_from != 0 && strcmp(facts->settings[i].before, facts->settings[i].after) != 0)
            printf("from %s on: %s=%s\n", address_period_text(facts->next_from, period), facts->settings[i].name,
                   facts->settings[i].after);
}

static void print_facts(const struct docket_series_facts *facts)
{
    print_period(facts);
    print_left(facts);
    print_worst(facts);
    print_longest(facts);
    if (strcmp(facts->profile, "none") == 0)
        printf("profile   none\n");
    else
        printf("profile   %s (%s; %s): %s%s\n", facts->profile, facts->profile_title, facts->profile_source,
               facts->against[0] != '\0' ? "AGAINST: " : "in order", facts->against);
    print_settings(facts);
}

static json_t *settings_json(const struct docket_series_facts *facts, bool next)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < facts->setting_count; i++) {
        const struct docket_setting *one = &facts->settings[i];
        if (!next || strcmp(one->before, one->after) != 0)
            json_object_set_new(object, one->name, output_string(next ? one->after : one->before));
    }
    return object;
}

static json_t *facts_json(const struct docket_series_facts *facts)
{
    char period[PERIOD_TEXT_BYTES];
    bool for_ever = facts->period_first == 0;
    json_t *object = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "settings", settings_json(facts, false), "from",
        facts->next_from != 0 ? json_string(address_period_text(facts->next_from, period)) : json_null(), "from_settings",
        settings_json(facts, true), "first_day", output_day_json(facts->period_first), "last_day",
        output_day_json(facts->period_last), "start_s", for_ever ? json_null() : json_integer((json_int_t)facts->start_s),
        "end_s", for_ever ? json_null() : json_integer((json_int_t)facts->end_s));
    json_object_update_new(
        object,
        json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:I, s:I}", "period",
                  address_period_text(facts->period, period), "first", (json_int_t)facts->first, "last",
                  (json_int_t)facts->last, "next", (json_int_t)facts->next, "left", (json_int_t)facts->left,
                  "used_percent", (json_int_t)facts->used_percent, "warned", facts->warned, "worst_gap",
                  (json_int_t)facts->gap, "worst_disorder", (json_int_t)facts->disorder, "leases",
                  (json_int_t)facts->leases, "lease_block", (json_int_t)facts->lease_block, "open",
                  (json_int_t)facts->open));
    json_object_update_new(
        object, json_pack("{s:I, s:I, s:s, s:{s:s, s:s, s:s, s:o}, s:I, s:I}", "longest_characters",
                          (json_int_t)facts->longest_bytes, "longest_number", (json_int_t)facts->longest_number,
                          "longest_text", facts->longest_text, "profile", "name", facts->profile, "title",
                          facts->profile_title, "source", facts->profile_source, "against",
                          facts->against[0] != '\0' ? output_string(facts->against) : json_null(), "created_ns",
                          (json_int_t)facts->created_ns, "uid", (json_int_t)facts->uid));
    return object;
}

static int keep_facts(void *context, const struct docket_series_facts *facts)
{
    struct showing *showing = context;
    showing->asked = true;
    if (showing->cli->json)
        showing->facts = facts_json(facts);
    else if (showing->series != NULL)
        print_facts(facts);
    return 0;
}

/* Only where a docketd serves: the library would wait for one that comes. */
static void ask_docketd(struct showing *showing)
{
    docket_realm *realm = NULL;
    const struct docket_counter_name name = {showing->address.tenant, showing->address.series, -1};
    snprintf(showing->why_not, sizeof showing->why_not, "docketd does not serve");
    if (!showing->serving)
        return;
    docket_status status = docket_realm_open(showing->cli->realm, &realm);
    if (status == DOCKET_OK)
        status = docket_admin_series_show(realm, &name, keep_facts, showing);
    if (status != DOCKET_OK)
        snprintf(showing->why_not, sizeof showing->why_not, "%s", docket_last_error());
    showing->failed = status == DOCKET_NOT_PERMITTED ? DOCKET_OK : status; /* who may only look is told no more */
    docket_realm_close(realm);
}

/* ---- what the board says ---- */

/* The window is one number with two readings; both stand here, as they are now. */
static void show_window(const struct docket_view_series *series)
{
    char runway[VIEWING_TIME_BYTES];
    const struct docket_view_period *now = viewing_current(series);
    uint64_t unknown_now = 0, open = 0;
    if (series->tracked)
        return; /* docketd tells, if it is there */
    for (uint32_t i = 0; i < series->period_count; i++) {
        unknown_now += series->periods[i].unknown_now;
        open += series->periods[i].open;
    }
    printf("window    %" PRIu32 "%s\n", series->window,
           series->window > DOCKET_WINDOW_MAX ? " (benchmark): NOT FOR BOOKS" : "");
    printf("unknown   at most %" PRIu64 " now and %" PRIu32 " by the setting, should the power fail", unknown_now,
           series->window);
    if (open > 0)
        printf("; beside them %" PRIu64 " in open leases", open);
    if (now != NULL && now->rate_per_minute > 0)
        printf("\nrunway    %s should docketd stop: %" PRIu64 " laid, at the %" PRIu32 " a minute it saw\n",
               viewing_runway(now->laid, (double)now->rate_per_minute / 60, runway), now->laid, now->rate_per_minute);
    else
        printf("\nrunway    %" PRIu64 " laid should docketd stop; it has seen no rate yet\n", now != NULL ? now->laid : 0);
}

static void show_text(struct showing *showing)
{
    const struct docket_view_series *series = showing->series;
    char text[DOCKET_TEXT_MAX];
    struct output_table *table = output_table_new(showing->cli, &viewing_series_heads);
    next_text(series, text);
    if (text[0] == '\0')
        no_next(series, text);
    printf("series    %s/%s at %s%s\n", series->tenant, series->name, series->desk,
           series->quarantined ? ", QUARANTINED" : series->retired ? ", RETIRED" : "");
    printf("order     %s\nrestart   %s\ntemplate  %s\n", series->order, series->restart, series->template_text);
    show_window(series);
    printf("next      %s\n", text);
    ask_docketd(showing);
    if (!showing->asked)
        printf("more      not known: %s (zone, limits, longest text and profile are docketd's to tell)\n",
               showing->why_not);
    putchar('\n');
    viewing_series_rows(table, series);
    output_table_print(table);
}

static int show_json(struct showing *showing)
{
    char text[DOCKET_TEXT_MAX];
    json_t *object = output_object();
    next_text(showing->series, text);
    json_t *of_board = viewing_series_json(showing->series);
    ask_docketd(showing);
    if (object != NULL) {
        json_object_set_new(object, "realm", output_string(showing->cli->realm));
        json_object_update_new(object, of_board);
        json_object_set_new(object, "next_text", text[0] != '\0' ? json_string(text) : json_null());
        json_object_set_new(object, "facts", showing->facts != NULL ? showing->facts : json_null());
        json_object_set_new(object, "facts_why_not",
                            showing->asked ? json_null() : output_string(showing->why_not));
    }
    return output_json(showing->cli, object);
}

/* A heart that has just stopped looks fresh for a while, and the library would wait long
 * for one who is dead: so the next beat is waited for. */
static docket_status look_for_docketd(docket_view *view, bool *serving)
{
    const int64_t beat_ns = 150000000;
    struct docket_view_realm realm;
    docket_status status = docket_view_realm_show(view, &realm);
    for (int i = 0; i < 150 && status == DOCKET_OK && realm.serving > 0 && realm.heartbeat_age_ns > beat_ns; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        status = docket_view_realm_show(view, &realm);
    }
    *serving = status == DOCKET_OK && realm.serving > 0;
    return status;
}

static docket_status find(struct showing *showing, docket_view *view, struct docket_view_series *series)
{
    docket_status status = look_for_docketd(view, &showing->serving);
    if (status != DOCKET_OK)
        return status;
    status = docket_view_series_find(view, showing->address.tenant, showing->address.series, series);
    if (status != DOCKET_NO_SERIES || !showing->serving)
        return status;
    ask_docketd(showing); /* it may have left the board, and comes back for this */
    json_decref(showing->facts);
    showing->facts = NULL;
    showing->asked = false;
    showing->failed = DOCKET_OK;
    return docket_view_series_find(view, showing->address.tenant, showing->address.series, series);
}

static int run_show(struct cli *cli)
{
    struct docket_view_series series;
    struct showing showing = {.cli = cli};
    docket_view *view = NULL;
    int code = output_check(cli, &viewing_series_heads, 1);
    if (code == CLI_DONE)
        code = address_parse(cli, cli->operands[0], false, &showing.address);
    if (code == CLI_DONE)
        code = viewing_open(cli, &view);
    if (code != CLI_DONE)
        return code;
    docket_status status = find(&showing, view, &series);
    showing.series = &series;
    if (status != DOCKET_OK)
        code = cli_fail_status(cli, status);
    else if (cli->json)
        code = show_json(&showing);
    else
        show_text(&showing);
    bool serves = true; /* it may have died while it was asked */
    if (showing.failed == DOCKET_UNREACHABLE && look_for_docketd(view, &serves) != DOCKET_OK)
        serves = true;
    if (code == CLI_DONE && status == DOCKET_OK && showing.failed != DOCKET_OK && serves)
        code = cli_fail(cli, showing.failed, "half of it is not known: %s", showing.why_not);
    docket_view_close(view);
    return code;
}

const struct cli_command command_series_show = {
    .name = "series show",
    .examples = "$ docket series add acme/INV\n"
                "$ docket series show acme/INV\n",
    .operands = "TENANT/SERIES",
    .summary = "one series in numbers: policy, periods, supply, limits, what its profile says",
    .text = "A window is one number with two readings: at most so many numbers become unknown\n"
            "when the power fails, beside the rest of each open lease; and at most so many are\n"
            "left to give when docketd stays away. docketd lays a minute at the seen rate ahead,\n"
            "at least 16, at most the window, and lays again when half of it is gone. Down to\n"
            "`next` it reads the shared files and works while docketd is dead; the rest docketd\n"
            "tells: numbers left, the worst gap and disorder, the longest text, the profile's\n"
            "verdict, and what holds from a later period on. One that serves and cannot be asked is\n"
            "a failure, after what the shared files say.",
    .options = CLI_TABLE | BIT(OPT_REALM) | BIT(OPT_JSON) | BIT(OPT_QUIET),
    .operands_min = 1,
    .operands_max = 1,
    .run = run_show};
