/* SPDX-License-Identifier: MIT */
/*
 * 0006_fence: the fence of a store that was restored or has moved, the digest that runs
 * along all commits, and which witnesses are kept beside the near one.
 *
 * Up writes no fence and no other witness, and the digest begins with the commit of this
 * migration (meta.c writes the three as soon as the schema has them). Down removes them.
 */
#include "store/ledger_image.h"
#include "store/migrations/migrations.h"

static docket_status up(struct dk_step *step)
{
    struct dk_meta *meta = &step->store->meta;
    meta->fence = (struct dk_fence){0};
    meta->guard = (struct dk_guard){0};
    memset(meta->run, 0, sizeof meta->run);
    return DOCKET_OK;
}

static docket_status down(struct dk_step *step)
{
    static const char *const names[] = {"fence", "guard", "run"};
    docket_status status = DOCKET_OK;
    for (size_t at = 0; status == DOCKET_OK && at < sizeof names / sizeof names[0]; at++)
        status = dk_step_remove_meta(step, names[at]);
    return status;
}

/* ---- what schema 5 cannot hold ---- */

static docket_status look_at_range(struct dk_step *step, const struct dk_fate_record *record)
{
    if (record->cause > DK_CAUSE_CLOSED)
        dk_step_loses(step, "range|s of numbers with a cause", "%s %llu-%llu %s", dk_step_name(step, record->series_id),
                      (unsigned long long)record->range.first, (unsigned long long)record->range.last,
                      dk_cause_name(record->cause));
    return DOCKET_OK;
}

static docket_status look_at_record(void *context, struct dk_slice key, struct dk_slice value)
{
    struct dk_step *step = context;
    struct dk_ledger_record record;
    docket_status status = dk_image_decode_ledger(key, value, &record);
    if (status == DOCKET_OK && record.cause > DK_CAUSE_CLOSED)
        dk_step_loses(step, "record|s of numbers with a cause", "%s %s", record.text, dk_cause_name(record.cause));
    return status;
}

/* Past a fence an older docketd would serve the store. */
static docket_status loses(struct dk_step *step)
{
    const struct dk_fence *fence = &step->store->meta.fence;
    if (fence->kind != DK_FENCE_NONE)
        dk_step_loses(step, "fence|s", "%s", fence->kind == DK_FENCE_MOVED ? "it has moved to another realm"
                                                                           : "it was restored, and is not accepted");
    docket_status status = dk_step_each_range(step, look_at_range);
    return status == DOCKET_OK ? dk_step_each_entry(step, DK_KIND_LEDGER, look_at_record) : status;
}

const struct dk_migration dk_migration_0006_fence = {
    .id = "0006_fence",
    .schema = 6,
    .brings = "the fence of a restored or moved store; a digest that runs along the commits; the far witness; imported numbers",
    .leaves = "the running digest and the far witness: both begin anew after the next upgrade",
    .up = up,
    .down = down,
    .loses = loses};
