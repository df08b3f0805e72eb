/* SPDX-License-Identifier: MIT */
/* errand_show: what docket_admin.h tells of one series. */
#include "docket_admin.h"

#include "client/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERRAND_TIMEOUT_NS (10 * DK_SECOND_NS)

_Static_assert((int)DOCKET_FROM_NEXT == (int)DK_ADMIN_FROM_NEXT && (int)DOCKET_AS_DECLARED == (int)DK_ADMIN_DECLARE,
               "flags go as they are");

#define END(field) (field)[sizeof(field) - 1] = 0

static docket_status ask_rows(docket_realm *realm, const struct dk_admin_request *request, size_t row_bytes, void **rows,
                              size_t *count, uint64_t *salt)
{
    struct dk_reply reply = {0};
    int fd;
    *rows = NULL;
    *count = 0;
    docket_status status = dk_errand_ask(realm, request, -1, ERRAND_TIMEOUT_NS, &reply, &fd);
    *salt = reply.salt;
    if (status == DOCKET_OK && fd < 0)
        return dk_fail(DOCKET_PROTOCOL, "docketd answered without the rows");
    return status == DOCKET_OK ? dk_errand_rows(fd, row_bytes, rows, count) : status;
}

/* ---- preview ---- */

docket_status docket_admin_series_preview(docket_realm *realm, const char *tenant, const char *name,
                                          const struct docket_policy *policy, int has_start, unsigned flags,
                                          docket_each_coming each, void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_PREVIEW, .period = -1};
    void *read;
    size_t count;
    uint64_t salt;
    if (realm == NULL || each == NULL || (flags & ~(unsigned)(DOCKET_FROM_NEXT | DOCKET_AS_DECLARED)) != 0)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_series_preview wants a realm, a callback and known flags");
    docket_status status = dk_names_fill(tenant, name, request.tenant, request.name);
    if (status == DOCKET_OK && policy != NULL)
        status = dk_policy_fill(request.settings, policy);
    bool text = policy != NULL && policy->start_after_text != NULL;
    request.flags = flags | (has_start || text ? DK_ADMIN_START_AFTER : 0u);
    request.start_after = policy != NULL && has_start && !text ? policy->start_after : 0;
    if (status == DOCKET_OK)
        status = ask_rows(realm, &request, sizeof(struct dk_number_wire), &read, &count, &salt);
    if (status != DOCKET_OK)
        return status;
    struct dk_number_wire *rows = read;
    for (size_t i = 0; i < count; i++) {
        END(rows[i].text);
        struct docket_coming coming = {
            .number = rows[i].number, .period = rows[i].period, .date = rows[i].date, .text = rows[i].text, .read = i < salt};
        if (each(context, &coming) != 0)
            break;
    }
    free(read);
    return DOCKET_OK;
}

/* ---- show ---- */

struct shown {
    struct docket_setting *rows;
    char (*texts)[2][DK_SETTING_BYTES];
    unsigned count;
};

static docket_status read_settings(const struct dk_show_wire *wire, struct shown *shown)
{
    const struct dk_setting *settings = dk_settings(&shown->count);
    struct dk_policy now, next;
    dk_policy_default(&now);
    docket_status status = dk_policy_apply(&now, wire->settings);
    next = now;
    if (status == DOCKET_OK && wire->next_from != 0)
        status = dk_policy_apply(&next, wire->next_settings);
    if (status != DOCKET_OK)
        return dk_wrap(DOCKET_PROTOCOL, "docketd told of settings that this library does not know");
    shown->rows = calloc(shown->count, sizeof *shown->rows);
    shown->texts = calloc(shown->count, sizeof *shown->texts);
    if (shown->rows == NULL || shown->texts == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for docketd's answer");
    for (unsigned at = 0; at < shown->count; at++) {
        dk_policy_get(&now, at, shown->texts[at][0]);
        dk_policy_get(&next, at, shown->texts[at][1]);
        shown->rows[at] = (struct docket_setting){
            .name = settings[at].name, .before = shown->texts[at][0], .after = shown->texts[at][1], .why_not = ""};
    }
    return DOCKET_OK;
}

static uint32_t window_of(const struct shown *shown)
{
    uint32_t window;
    for (unsigned at = 0; at < shown->count; at++)
        if (strcmp(shown->rows[at].name, "window") == 0 && dk_window_read(shown->rows[at].before, &window))
            return window;
    return 0;
}

static bool says(const struct shown *shown, const char *name, const char *value)
{
    for (unsigned at = 0; at < shown->count; at++)
        if (strcmp(shown->rows[at].name, name) == 0)
            return strcmp(shown->rows[at].before, value) == 0;
    return false;
}

static void fill_facts(struct dk_show_wire *wire, const struct shown *shown, struct docket_series_facts *facts)
{
    uint64_t leased = (uint64_t)wire->leases * wire->lease_block;
    bool tracked = says(shown, "ledger", "on"); /* nothing of it is ahead of the store */
    *facts = (struct docket_series_facts){.desk = wire->desk,
                                          .settings = shown->rows,
                                          .setting_count = shown->count,
                                          .period = wire->period,
                                          .period_first = wire->period_first,
                                          .period_last = wire->period_last,
                                          .start_s = wire->start_s,
                                          .end_s = wire->end_s,
                                          .next_from = wire->next_from,
                                          .today = wire->today,
                                          .first = wire->first,
                                          .last = wire->last,
                                          .next = wire->next,
                                          .left = wire->left,
                                          .used_percent = wire->used_percent,
                                          .warned = wire->warned,
                                          .gap = tracked ? 0 : window_of(shown) + leased,
                                          .disorder = wire->lease_block > 0 ? window_of(shown) + leased : 0,
                                          .leases = wire->leases,
                                          .lease_block = wire->lease_block,
                                          .open = wire->open,
                                          .longest_bytes = wire->longest_bytes,
                                          .longest_number = wire->longest_number,
                                          .longest_text = wire->longest_text,
                                          .profile = wire->profile,
                                          .profile_title = wire->profile_title,
                                          .profile_source = wire->profile_source,
                                          .against = wire->profile_against,
                                          .created_ns = wire->created_ns,
                                          .uid = wire->uid,
                                          .retired = wire->retired,
                                          .quarantined = wire->quarantined};
}

static void end_texts(struct dk_show_wire *wire)
{
    END(wire->longest_text);
    END(wire->desk);
    END(wire->profile);
    END(wire->profile_title);
    END(wire->profile_source);
    END(wire->profile_against);
    END(wire->settings);
    END(wire->next_settings);
}

docket_status docket_admin_series_show(docket_realm *realm, const struct docket_counter_name *counter,
                                       int (*each)(void *context, const struct docket_series_facts *facts),
                                       void *context)
{
    struct dk_admin_request request = {.type = DK_ADMIN_SHOW};
    struct shown shown = {0};
    void *read = NULL;
    size_t count;
    uint64_t salt;
    if (realm == NULL || counter == NULL || each == NULL || counter->period < -1)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_admin_series_show wants a realm, a series, a period or -1, and a "
                                            "callback");
    request.period = counter->period;
    docket_status status = dk_names_fill(counter->tenant, counter->series, request.tenant, request.name);
    if (status == DOCKET_OK)
        status = ask_rows(realm, &request, sizeof(struct dk_show_wire), &read, &count, &salt);
    if (status == DOCKET_OK && count != 1)
        status = dk_fail(DOCKET_PROTOCOL, "docketd answered without the one row");
    struct dk_show_wire *wire = read;
    if (status == DOCKET_OK) {
        end_texts(wire);
        status = read_settings(wire, &shown);
    }
    if (status == DOCKET_OK) {
        struct docket_series_facts facts;
        fill_facts(wire, &shown, &facts);
        facts.tenant = counter->tenant;
        facts.series = counter->series;
        (void)each(context, &facts);
    }
    free(shown.rows);
    free(shown.texts);
    free(read);
    return status;
}
