/* SPDX-License-Identifier: MIT */
#include "daemon/series/shapes.h"

#include "base/clock.h"
#include "daemon/admin/errand.h"
#include "daemon/series/policies.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A pair that took longer had its dates looked at one by one. */
#define SLOW_NS 200000

struct asking {
    const struct dk_shape_ask *ask;
    struct dk_shape shape;
    uint32_t slow, all;
};

/* ---- one series, two policies ---- */

/* The template as bytes: capitals, names in place, tokens above them, and no width
 * of the number. */
static size_t canonical(const struct dk_shape *shape, uint8_t *bytes, size_t room)
{
    const struct dk_template *template = shape->template;
    size_t count = 0;
    for (unsigned at = 0; at < template->count; at++) {
        const struct dk_piece *piece = &template->pieces[at];
        bool literal = piece->kind == DK_LITERAL || piece->kind == DK_SERIES_NAME;
        const char *text = piece->kind == DK_SERIES_NAME ? shape->series : template->text + piece->from;
        size_t length = piece->kind == DK_SERIES_NAME ? strlen(text) : piece->bytes;
        for (size_t i = 0; literal && i < length && count < room; i++)
            bytes[count++] = text[i] >= 'a' && text[i] <= 'z' ? (uint8_t)(text[i] - 'a' + 'A') : (uint8_t)text[i];
        if (!literal && count < room)
            bytes[count++] = (uint8_t)(0x80 + piece->kind);
    }
    return count;
}

bool dk_shapes_alike(const struct dk_shape *a, const struct dk_shape *b)
{
    uint8_t left[512], right[512];
    size_t count = canonical(a, left, sizeof left);
    return count < sizeof left && count == canonical(b, right, sizeof right) && memcmp(left, right, count) == 0 &&
           memcmp(&a->template->fiscal, &b->template->fiscal, sizeof a->template->fiscal) == 0;
}

/* ---- the sentence ---- */

static docket_status say_collision(const struct asking *asking, const struct dk_shape *other, bool own,
                                   const struct dk_collision *found)
{
    const struct dk_shape_ask *ask = asking->ask;
    struct dk_meeting meeting = {.tenant = ask->tenant,
                                 .template_text = ask->policy->template_text,
                                 .shape = &asking->shape,
                                 .other = other,
                                 .own = own};
    return dk_shapes_say(&meeting, found);
}

static docket_status say_many(const struct asking *asking)
{
    return dk_fail(DOCKET_COLLISION,
                   "the template %s of %s/%s begins as those of very many series of the tenant do, and to tell their texts "
                   "apart would take too long; begin it with a text of its own, such as {SERIES}- or another prefix; "
                   "nothing was changed",
                   asking->ask->policy->template_text, asking->ask->tenant, asking->ask->series);
}

/* ---- pairs ---- */

static int64_t own_time_ns(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0 ? now.tv_sec * DK_SECOND_NS + now.tv_nsec : 0;
}

static docket_status compare(struct asking *asking, const struct dk_shape *other, bool own)
{
    struct dk_collision found = {0};
    if (own && (other->restart != asking->shape.restart || dk_shapes_alike(&asking->shape, other)))
        return DOCKET_OK; /* of another restart no number was given; alike, which needs no date: the same number */
    if (++asking->all > DK_SHAPES_MOST || asking->slow > DK_SHAPES_SLOW)
        return say_many(asking);
    int64_t began_ns = own_time_ns();
    bool meet = own ? dk_shape_follows(&asking->shape, other, &found) : dk_shapes_meet(&asking->shape, other, &found);
    asking->slow += own_time_ns() - began_ns > SLOW_NS;
    return meet ? say_collision(asking, other, own, &found) : DOCKET_OK;
}

static docket_status compare_record(void *context, const struct dk_text_record *record)
{
    struct asking *asking = context;
    struct dk_template template;
    if (!dk_form_unpack(&record->form, &template))
        return dk_fail(DOCKET_DAMAGED, "the store's text of %s/%s cannot be read", record->tenant, record->series);
    struct dk_shape other = {&template, record->series, (enum dk_restart)record->restart, record->last};
    return compare(asking, &other, record->series_id == asking->ask->series_id);
}

/* A policy of a series that is being committed. */
static docket_status compare_policy(struct asking *asking, const struct dk_series_record *record,
                                    const struct dk_policy *policy)
{
    struct dk_template template;
    if (policy == NULL || strcmp(record->tenant, asking->ask->tenant) != 0)
        return DOCKET_OK;
    docket_status status = dk_policy_template(policy, record->tenant, &template);
    if (status != DOCKET_OK)
        return status;
    struct dk_shape other = {&template, record->name, (enum dk_restart)policy->restart,
                             dk_policy_last(policy, &template)};
    return compare(asking, &other, record->id == asking->ask->series_id);
}

static docket_status compare_coming(struct asking *asking, struct dk_daemon *daemon)
{
    const struct dk_names *coming = &daemon->connections->coming;
    docket_status status = DOCKET_OK;
    for (size_t at = 0, left = coming->used; status == DOCKET_OK && left > 0 && at < coming->room; at++) {
        if (coming->cells[at].record == NULL)
            continue;
        left--;
        status = compare_policy(asking, coming->cells[at].record, coming->cells[at].record->policy);
    }
    for (const struct dk_errand *errand = daemon->errands; status == DOCKET_OK && errand != NULL; errand = errand->next) {
        if (errand->asked.type != DK_ADMIN_SET || errand->record.id == 0 || errand->record.id == asking->ask->series_id)
            continue;
        status = compare_policy(asking, &errand->record, errand->record.policy);
        if (status == DOCKET_OK)
            status = compare_policy(asking, &errand->record, errand->record.next);
    }
    return status;
}

docket_status dk_shapes_check(struct dk_daemon *daemon, const struct dk_shape_ask *ask)
{
    char beginning[DK_BEGINNING_BYTES];
    struct asking asking = {.ask = ask,
                            .shape = {ask->resolved, ask->series, (enum dk_restart)ask->policy->restart,
                                      dk_policy_last(ask->policy, ask->resolved)}};
    dk_shape_mask(&asking.shape, beginning, sizeof beginning);
    docket_status status = dk_store_each_text(daemon->store, ask->tenant, beginning, compare_record, &asking);
    return status == DOCKET_OK ? compare_coming(&asking, daemon) : status;
}
