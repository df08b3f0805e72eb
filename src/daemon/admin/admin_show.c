/* SPDX-License-Identifier: MIT */
/*
 * admin_show: what a series is and has left, in numbers; and the next document
 * numbers under a policy that somebody thinks of. Both only read, and are for who may
 * ask for fates: whoever may sit at the desk.
 */
#include "daemon/admin/setting.h"

#include "daemon/admin/preview.h"
#include "daemon/series/shapes.h"
#include "numbering/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- show ---- */

static void show_longest(const struct dk_series_record *record, const struct dk_template *template, uint32_t today,
                         struct dk_show_wire *show)
{
    struct dk_rendered rendered;
    show->longest_number = dk_policy_last(record->policy, template);
    dk_template_render(template, record->name, today, &rendered);
    dk_rendered_write(&rendered, show->longest_number, show->longest_text);
    show->longest_bytes = (uint32_t)dk_template_size(template, record->name, show->longest_number) - 1;
}

static void show_profile(const struct dk_series_record *record, const struct dk_template *template,
                         struct dk_show_wire *show)
{
    const struct dk_profile *profile = dk_profile(record->policy->profile);
    snprintf(show->profile, sizeof show->profile, "%s", profile->name);
    snprintf(show->profile_title, sizeof show->profile_title, "%s", profile->title);
    snprintf(show->profile_source, sizeof show->profile_source, "%s", profile->source);
    if (dk_profile_check(record->policy, record->tenant, record->name, template) != DOCKET_OK)
        snprintf(show->profile_against, sizeof show->profile_against, "%s", dk_error_text());
}

/* Of the interval, not of the number: the first half of 5001 to 6000 is used at 5500. */
static unsigned used_percent(uint64_t first, uint64_t last, uint64_t left)
{
    uint64_t all = last >= first ? last - first + 1 : 1;
    return left >= all ? 0 : (unsigned)((double)(all - left) * 100.0 / (double)all);
}

static void show_numbers(const struct dk_series_book *series, const struct dk_room *room, struct dk_show_wire *show)
{
    const struct dk_policy *policy = dk_series_policy(&series->record, show->period);
    const struct dk_counter *counter = dk_series_counter(series, show->period);
    bool bounded = room->last < DOCKET_NUMBER_MAX;
    show->first = counter != NULL && counter->interval_first > room->first ? counter->interval_first : room->first;
    show->last = room->last;
    show->next = room->range_count > 0 ? room->ranges[0].first : room->next;
    show->left = dk_room_left(room);
    show->open = room->open;
    show->leases = room->leases;
    show->used_percent = bounded ? used_percent(show->first, show->last, show->left) : 0;
    show->warned = bounded && policy->warn != 0 && show->used_percent >= policy->warn;
    show->lease_block = policy->order != DK_LEASED ? 0 : dk_block_most(policy);
}

static docket_status show_times(struct dk_errand *errand, struct dk_show_wire *show)
{
    const struct dk_policy *policy = errand->series->record.policy;
    const struct dk_zone *zone = dk_zone_of_policy(policy);
    struct dk_period period;
    struct dk_span span;
    show->today = zone->date(zone, dk_now_s(errand->daemon));
    show->period = errand->period;
    if (!dk_period_of(policy, zone, errand->period, &period) ||
        !dk_span_of_label(policy->restart, &policy->fiscal, errand->period, &span))
        return dk_fail(DOCKET_BAD_ARGUMENT, "%s is no period of this series", dk_errand_name(errand));
    show->start_s = period.start_s;
    show->end_s = period.end_s;
    show->period_first = span.first;
    show->period_last = span.last;
    return DOCKET_OK;
}

docket_status dk_errand_show(struct dk_errand *errand)
{
    struct dk_series_book *series;
    struct dk_policy plain;
    struct dk_template template;
    struct dk_room room;
    docket_status status = dk_errand_series(errand, &series);
    if (status != DOCKET_OK)
        return status;
    dk_errand_current(errand, series);
    struct dk_show_wire *show = dk_must_alloc(1, sizeof *show);
    errand->answer = show;
    errand->answer_bytes = sizeof *show;
    status = show_times(errand, show);
    if (status == DOCKET_OK)
        status = dk_policy_template(series->record.policy, series->record.tenant, &template);
    if (status == DOCKET_OK)
        status = dk_room_look(errand->daemon, series, errand->period, &room);
    if (status != DOCKET_OK)
        return status;
    show_numbers(series, &room, show);
    show_longest(&series->record, &template, show->today, show);
    show_profile(&series->record, &template, show);
    show->created_ns = series->record.created_ns;
    show->uid = series->record.uid;
    show->next_from = series->record.next_from;
    show->retired = series->record.retired_ns != 0;
    show->quarantined = series->quarantined;
    snprintf(show->desk, sizeof show->desk, "%s", series->record.desk);
    dk_policy_default(&plain);
    if (!dk_policy_lines(series->record.policy, &plain, show->settings, sizeof show->settings) ||
        (series->record.next != NULL &&
         !dk_policy_lines(series->record.next, series->record.policy, show->next_settings, sizeof show->next_settings)))
        return dk_fail(DOCKET_SYSTEM, "the settings of %s do not fit the answer", dk_errand_name(errand));
    return DOCKET_OK;
}

/* ---- preview ---- */

struct previewing {
    struct dk_errand *errand;
    struct dk_policy policy;
    struct dk_template template;
    struct dk_room room;
    uint64_t id;  /* of the series; 0: there is none yet */
    int32_t period;
    uint32_t date;
    bool over; /* the interval, by then */
    char asked[DK_WIRE_SETTINGS]; /* the settings with the line of the beginning */
};

/* The series as it would be made. */
static docket_status preview_new(struct previewing *previewing)
{
    const struct dk_admin_request *asked = &previewing->errand->asked;
    if (asked->flags & DK_ADMIN_FROM_NEXT)
        return dk_fail(DOCKET_NO_SERIES, "there is no series %s/%s", asked->tenant, asked->name);
    previewing->policy = *dk_config_policy(&previewing->errand->daemon->config, asked->tenant);
    return dk_policy_apply(&previewing->policy, asked->settings);
}

static docket_status preview_old(struct previewing *previewing, struct dk_series_book *series)
{
    struct dk_errand *errand = previewing->errand;
    errand->series = series;
    previewing->id = series->record.id;
    previewing->policy = *series->record.policy;
    dk_errand_current(errand, series);
    return dk_policy_apply(&previewing->policy, errand->asked.settings);
}

/* An authority's interval that is still to come begins the numbers; one that is over
 * gives none. */
static void keep_to_interval(struct previewing *previewing)
{
    const struct dk_policy *policy = &previewing->policy;
    struct dk_span span;
    if (policy->valid_from != 0 && previewing->date < policy->valid_from) {
        previewing->date = policy->valid_from;
        dk_span_of_date((enum dk_restart)policy->restart, &policy->fiscal, previewing->date, &span);
        previewing->period = span.label;
    }
    previewing->over = policy->valid_to != 0 && previewing->date > policy->valid_to;
}

/* Which counter, and the day that its texts show. */
static docket_status find_period(struct previewing *previewing)
{
    const struct dk_errand *errand = previewing->errand;
    struct dk_period now, next;
    docket_status status = dk_today_check(errand->daemon, &previewing->policy);
    if (status != DOCKET_OK)
        return status;
    const struct dk_zone *zone = dk_zone_of_policy(&previewing->policy);
    previewing->date = zone->date(zone, dk_now_s(errand->daemon));
    dk_period_now(errand->daemon, &previewing->policy, &now);
    previewing->period = now.label;
    if (!(errand->asked.flags & DK_ADMIN_FROM_NEXT))
        return DOCKET_OK;
    if (now.end_s == INT64_MAX)
        return dk_fail(DOCKET_REFUSED, "%s/%s never restarts, so there is no next period", errand->asked.tenant,
                       errand->asked.name);
    previewing->date = zone->date(zone, now.end_s);
    dk_period_at_instant(&previewing->policy, now.end_s, &next);
    previewing->period = next.label;
    return DOCKET_OK;
}

/* Where it begins, and whether the series that exists is the one that is declared. */
static docket_status preview_begin(struct previewing *previewing)
{
    struct dk_errand *errand = previewing->errand;
    const struct dk_admin_request *asked = &errand->asked;
    struct dk_begin_ask ask = {asked->tenant, asked->name, &previewing->policy, &previewing->template};
    struct dk_request declared = {.type = DK_ASK_DECLARE, .start_after = asked->start_after};
    docket_status status = dk_begin_read(errand->daemon, &ask, errand->start, asked->start_after, &errand->begin);
    if (status != DOCKET_OK || errand->series == NULL || !(asked->flags & DK_ADMIN_DECLARE))
        return status;
    memcpy(declared.tenant, asked->tenant, sizeof declared.tenant);
    memcpy(declared.name, asked->name, sizeof declared.name);
    memcpy(declared.settings, previewing->asked, sizeof declared.settings);
    return dk_opening_compare(errand->daemon, &declared, errand->series);
}

static docket_status preview_room(struct previewing *previewing)
{
    struct dk_errand *errand = previewing->errand;
    const struct dk_admin_request *asked = &errand->asked;
    uint64_t after = errand->begin.past ? 0 : errand->begin.after;
    docket_status status = DOCKET_OK;
    if (errand->series == NULL)
        previewing->room = (struct dk_room){.first = 1, .next = after + 1};
    else
        status = dk_room_look(errand->daemon, errand->series, previewing->period, &previewing->room);
    if (errand->series != NULL && asked->flags & DK_ADMIN_START_AFTER && !(asked->flags & DK_ADMIN_DECLARE))
        previewing->room = (struct dk_room){.first = 1, .next = after + 1};
    previewing->room.last = previewing->over ? 0 : dk_policy_last(&previewing->policy, &previewing->template);
    return status;
}

docket_status dk_errand_preview(struct dk_errand *errand)
{
    const struct dk_admin_request *asked = &errand->asked;
    struct previewing previewing = {.errand = errand};
    struct dk_series_book *series;
    memcpy(previewing.asked, asked->settings, sizeof previewing.asked);
    docket_status status = dk_errand_cut_start(errand, DK_START_AFTER_LINE);
    if (status == DOCKET_OK)
        status = dk_errand_series(errand, &series);
    status = status == DOCKET_NO_SERIES ? preview_new(&previewing)
             : status == DOCKET_OK      ? preview_old(&previewing, series)
                                        : status;
    if (status == DOCKET_OK)
        status = dk_policy_check(&previewing.policy, asked->tenant, asked->name, &previewing.template);
    if (status == DOCKET_OK)
        status = find_period(&previewing);
    if (status == DOCKET_OK)
        status = preview_begin(&previewing);
    if (status == DOCKET_OK)
        keep_to_interval(&previewing);
    struct dk_shape_ask ask = {asked->tenant, asked->name, previewing.id, &previewing.policy, &previewing.template};
    if (status == DOCKET_OK)
        status = dk_shapes_check(errand->daemon, &ask);
    if (status == DOCKET_OK)
        status = preview_room(&previewing);
    if (status != DOCKET_OK)
        return status;
    struct dk_number_wire *rows = dk_must_alloc(DK_PREVIEW_NUMBERS + 1, sizeof *rows);
    struct dk_preview preview = {&previewing.template, asked->name, &previewing.room, previewing.period,
                                 previewing.date};
    const struct dk_begin *begin = &errand->begin;
    if (begin->text) { /* what it was read as */
        errand->figure = 1;
        rows[0] = (struct dk_number_wire){.number = begin->after, .period = begin->period, .date = begin->date};
        snprintf(rows[0].text, sizeof rows[0].text, "%.*s", DOCKET_TEXT_MAX - 1, errand->start);
    }
    errand->answer = rows;
    errand->answer_bytes =
        sizeof *rows * (errand->figure + dk_preview_write(&preview, rows + errand->figure, DK_PREVIEW_NUMBERS));
    return DOCKET_OK;
}
