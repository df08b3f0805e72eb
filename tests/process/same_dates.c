/* SPDX-License-Identifier: MIT */
/* same_dates: document dates, their order, and texts read back, in both kinds of realms. */
#include "same.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* yyyymmdd of the day so many days from now. */
uint32_t date_from_now(int days)
{
    time_t then = time(NULL) + (time_t)days * 86400;
    struct tm parts;
    gmtime_r(&then, &parts);
    return (uint32_t)((parts.tm_year + 1900) * 10000 + (parts.tm_mon + 1) * 100 + parts.tm_mday);
}

/* A refusal's sentence names the day, or is docketd's: only its status is one. */
static void tell_dated(docket_series *series, const char *what, uint32_t date)
{
    uint64_t number = 0;
    int32_t period = -1;
    char text[DOCKET_TEXT_MAX] = "untouched", own[16], shown[16];
    docket_status status = docket_next_text_dated(series, date, WAIT_NS, text, sizeof text, &number, &period);
    printf("%s: %s", what, docket_status_name(status));
    if (status != DOCKET_OK && (number != 0 || period != -1 || strcmp(text, "untouched") != 0))
        complain("a failed call wrote results");
    snprintf(own, sizeof own, "%u", date);
    snprintf(shown, sizeof shown, "%d", period);
    const char *at = status == DOCKET_OK ? strstr(text, own) : NULL;
    if (status == DOCKET_OK)
        printf(" %" PRIu64 " %.*s%s%s, its own period: %d", number, at != NULL ? (int)(at - text) : 127, text,
               at != NULL ? "ITS-DATE" : "", at != NULL ? at + 8 : "", strncmp(own, shown, strlen(shown)) == 0);
    printf("\n");
}

void document_dates(void)
{
    static const uint32_t bad[] = {0, 1, 20260229, 20261301, 20260431, 20001231, 21000101, UINT32_MAX};
    static const struct docket_policy monthly = {.restart = "monthly"}, never = {.order = "leased", .restart = "never"};
    docket_series *year = open_series("DY", NULL), *month = open_series("DM", &monthly), *one = open_series("DN", &never);
    docket_series *all[] = {year, month, one};
    uint64_t number = 0;
    char small[5];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        tell("a date that is none", docket_next_dated(year, bad[i], WAIT_NS, &number, NULL));
    tell("no series", docket_next_dated(NULL, 20260101, 0, &number, NULL));
    tell("no number", docket_next_dated(year, 20260101, 0, NULL, NULL));
    tell("no text", docket_next_text_dated(year, date_from_now(0), 0, NULL, 5, NULL, NULL));
    tell("no room", docket_next_text_dated(year, date_from_now(0), 0, small, 0, NULL, NULL));
    tell("a small buffer", docket_next_text_dated(year, date_from_now(0), 0, small, sizeof small, NULL, NULL));
    tell("a small buffer, an older period", docket_next_text_dated(month, date_from_now(-400), WAIT_NS, small, sizeof small, NULL, NULL));
    tell("by name, no tenant", docket_next_dated_for(realm, NULL, "DY", 20260101, 0, &number, NULL));
    tell("by name, no text", docket_next_text_dated_for(realm, "same", "DY", 20260101, 0, NULL, 9, &number, NULL));
    tell("by name", docket_next_dated_for(realm, "same", "DY", date_from_now(0), WAIT_NS, &number, NULL));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        tell_next(all[i], WAIT_NS);
        tell_dated(all[i], "today", date_from_now(0));
        tell_dated(all[i], "400 days ago", date_from_now(-400));
        tell_dated(all[i], "400 days ago again", date_from_now(-400));
        tell_dated(all[i], "800 days ago", date_from_now(-800));
        tell_dated(all[i], "in 800 days", date_from_now(800));
        tell_next(all[i], WAIT_NS);
        tell_dated(all[i], "400 days ago once more", date_from_now(-400));
    }
}

void dates_in_order(void)
{
    static const struct docket_policy policy = {.restart = "never", .chronological = "yes"};
    static const struct docket_policy timed = {.restart = "monthly", .chronological = "yes"};
    docket_series *series = open_series("CN", &policy), *month = open_series("CM", &timed);
    docket_block *block = NULL;
    uint64_t number = 0;
    char text[DOCKET_TEXT_MAX];
    tell_dated(series, "ten days ago", date_from_now(-10));
    tell_dated(series, "nine days ago", date_from_now(-9));
    tell_dated(series, "ten days ago, too late", date_from_now(-10));
    tell_dated(series, "tomorrow", date_from_now(1));
    tell_dated(series, "nine days ago again", date_from_now(-9));
    tell("a block", docket_block_open(series, 3, WAIT_NS, &block));
    if (tell("of the block", docket_block_next_text(block, text, sizeof text, &number)) == DOCKET_OK)
        printf("  %" PRIu64 " %s\n", number, dateless(text));
    tell_dated(series, "yesterday, behind a block", date_from_now(-1));
    tell("give back", docket_block_give_back(block, NULL));
    tell_next(series, WAIT_NS);
    tell_dated(month, "400 days ago, nothing given since", date_from_now(-400));
    tell_next(month, WAIT_NS);
    tell_dated(month, "400 days ago", date_from_now(-400));
}

void texts_read_back(void)
{
    static const struct docket_policy daily = {.restart = "daily"}, checked = {.restart = "never", .template_text = "A{N:3}{LUHN}"};
    docket_series *series = open_series("RD", &daily), *other = open_series("RC", &checked);
    static const char *const bad[] = {"", "RD", "RD-20261124-00000", "RD-20261124-0000001", "RD-20260229-000001", "rd-20261124-000001",
                                      "RD-20261124-000000", " RD-20261124-000001", "RD-21001124-000001"};
    uint64_t number = 0;
    int32_t period = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        tell("not of it", docket_text_read(series, bad[i], &number, &period));
    if (tell("of it", docket_text_read(series, "RD-20261124-000123", &number, &period)) == DOCKET_OK)
        printf("  %" PRIu64 " of %d\n", number, period);
    if (tell("of it, wide", docket_text_read(series, "RD-20281231-1234567", &number, &period)) == DOCKET_OK)
        printf("  %" PRIu64 " of %d\n", number, period);
    if (tell("check digit", docket_text_read(other, "A0018", &number, &period)) == DOCKET_OK)
        printf("  %" PRIu64 " of %d\n", number, period);
    tell("wrong check digit", docket_text_read(other, "A0017", &number, &period));
    tell("no text", docket_text_read(series, NULL, &number, &period));
    tell("no number", docket_text_read(series, "RD-20261124-000123", NULL, &period));
    tell("no series", docket_text_read(NULL, "RD-20261124-000123", &number, &period));
}
