/* SPDX-License-Identifier: MIT */
/* same_settings: what a series is told has the same effect in both kinds of realms. */
#include "same.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void settings_make_texts(void)
{
    static const struct docket_policy policies[] = {
        {.restart = "fiscal", .fiscal_year = "april", .template_text = "{FY:25-26}/{SERIES}/{N:4}"},
        {.restart = "fiscal", .fiscal_year = "nearest-saturday-january", .template_text = "{SERIES}{FY:2025-2026}.{N}"},
        {.restart = "quarterly", .template_text = "{SERIES}-{YYYY}Q{Q}-{N:3}"},
        {.restart = "weekly", .template_text = "{SERIES}-{GGGG}W{WW}-{N:3}"},
        {.prefix = "R/", .fields = "till=03 branch=VIE", .template_text = "{PREFIX}{FIELD:branch}{FIELD:till}-{YYYY}-{N:3}"},
        {.restart = "never", .template_text = "{TENANT}.{SERIES}.{DDD}-{N36:4}"},
        {.restart = "never", .template_text = "RF-{N:9}{MOD97}", .at_end = "stop"},
        {.profile = "in-gst", .template_text = "{SERIES}{FY:2526}-{N:6}"},
        {.profile = "fr", .prefix = "F", .template_text = "{PREFIX}-{YYYY}-{N:5}"},
    };
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        char name[16], text[DOCKET_TEXT_MAX];
        uint64_t number, read = 0;
        int32_t period, of = -1;
        snprintf(name, sizeof name, "S%zu", i);
        docket_series *series = open_series(name, &policies[i]);
        for (int turn = 0; turn < 3; turn++) {
            must(docket_next_text(series, WAIT_NS, text, sizeof text, &number, &period), name);
            printf("%s %s %" PRIu64 " %d\n", name, text, number, period);
            tell("read back", docket_text_read(series, text, &read, &of));
            if (read != number || of != period)
                complain("it was read as something else");
        }
        text[strlen(text) - 1] = '/';
        printf("%s\n", docket_status_name(docket_text_read(series, text, &read, &of)));
    }
}

void numbers_end(void)
{
    struct docket_policy stops = {.template_text = "{SERIES}-{YYYY}-{N:2}", .at_end = "stop", .start_after = 97};
    struct docket_policy interval = {.last = "5", .start_after = 3};
    docket_block *block = NULL;
    docket_series *series = open_series("STOPS", &stops);
    tell("a block of too many", docket_block_open(series, 3, SECOND_NS, &block));
    for (int i = 0; i < 3; i++)
        tell_next(series, SECOND_NS);
    series = open_series("INTERVAL", &interval);
    for (int i = 0; i < 3; i++)
        tell_next(series, SECOND_NS);
    interval.order = "leased";
    series = open_series("INTERVAL-leased", &interval);
    for (int i = 0; i < 2; i++)
        tell_next(series, SECOND_NS);
    stops.start_after = 99;
    tell("behind the last one", docket_admin_series_add(realm, "same", "BEHIND", &stops));
    tell_fate("BEHIND", true); /* it was not made */
}

static docket_series *interval_of(const char *name, int from, int to)
{
    char first[16], last[16];
    snprintf(first, sizeof first, "%u", date_from_now(from));
    snprintf(last, sizeof last, "%u", date_from_now(to));
    return open_series(name, &(struct docket_policy){.valid_from = first, .valid_to = last});
}

void intervals_have_days(void)
{
    tell_next(interval_of("VALID", -1, 1), WAIT_NS);
    tell_next(interval_of("TODAY", 0, 0), WAIT_NS);
    tell_next(interval_of("OVER", -9, -1), SECOND_NS);
    tell_next(interval_of("TO-COME", 1, 9), SECOND_NS);
}

static void tell_date(docket_series *series, uint32_t date)
{
    uint64_t number = 0;
    int32_t period = -1;
    char text[DOCKET_TEXT_MAX] = "untouched";
    docket_status status = docket_next_text_dated(series, date, WAIT_NS, text, sizeof text, &number, &period);
    printf("%u: %s %s %" PRIu64 " %d\n", date, docket_status_name(status), text, number, period);
}

/* Statuses, not sentences: those about older periods are docketd's own. */
void documents_have_dates(void)
{
    static const uint32_t odd[] = {0, 20260230, 20001231, 21000101, 20991231, 1, UINT32_MAX};
    static const struct docket_policy policies[] = {
        {.restart = "daily", .template_text = "{SERIES}-{YYYY}-{MM}-{DD}-{N:3}"},
        {.restart = "yearly", .template_text = "{SERIES}-{YYYY}-{MM}-{DD}-{N:3}"},
        {.restart = "never", .template_text = "{SERIES}-{YYYY}-{MM}-{DD}-{N:3}"},
        {.restart = "daily", .template_text = "{SERIES}-{YYYY}-{MM}-{DD}-{N:3}", .chronological = "yes"},
        {.restart = "never", .template_text = "{SERIES}-{YYYY}-{MM}-{DD}-{N:3}", .chronological = "yes"},
    };
    static const int days[] = {0, -1, -400, 0, -1, 1, 400, 0};
    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "D%zu", i);
        docket_series *series = open_series(name, &policies[i]);
        printf("%s\n", name);
        if (i >= 3)
            tell_date(series, date_from_now(-2)); /* before any later one */
        for (size_t day = 0; day < sizeof days / sizeof days[0]; day++)
            tell_date(series, date_from_now(days[day]));
        tell_next(series, WAIT_NS);
        for (size_t at = 0; at < sizeof odd / sizeof odd[0]; at++)
            tell_date(series, odd[at]);
    }
}

void texts_that_collide(void)
{
    static const struct docket_policy first = {.template_text = "COL-{YYYY}-{N:6}"};
    static const struct docket_policy others[] = {
        {.template_text = "COL-{YYYY}-{N:5}"},
        {.template_text = "col-{YYYY}-{N:6}"},
        {.restart = "never", .template_text = "{PREFIX}{N}", .prefix = "COL-2026-"},
        {.restart = "monthly", .template_text = "COL-{YYYY}-{MM}{N:4}"},
        {.template_text = "{SERIES}-{N:6}"},
        {.restart = "daily", .template_text = "{SERIES}-{YYYY}-{N:6}"},
        {.restart = "weekly", .template_text = "{SERIES}-{YYYY}{WW}-{N:6}"},
    };
    tell("the first", docket_admin_series_add(realm, "same", "COLLIDES", &first));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char name[16];
        snprintf(name, sizeof name, "C%zu", i);
        tell(name, docket_admin_series_add(realm, "same", name, &others[i]));
    }
    tell("another tenant", docket_admin_series_add(realm, "other", "COLLIDES", &first));
}

void given_back_is_void(void)
{
    docket_block *block = NULL;
    uint32_t count = 9;
    docket_series *series = open_series("VOIDS", &(struct docket_policy){.release = "void"});
    tell("open", docket_block_open(series, 5, WAIT_NS, &block));
    tell("give back", docket_block_give_back(block, &count));
    printf("  %u\n", count);
    tell_next(series, WAIT_NS);
    tell_fate("VOIDS", true);
}
