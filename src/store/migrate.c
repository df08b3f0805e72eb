/* SPDX-License-Identifier: MIT */
/* migrate: see migrate.h. */
#include "store/migrate.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/migrations/migrations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the list ---- */

#define DK_MIGRATION_LISTED(name) &dk_migration_##name,
static const struct dk_migration *const migrations[] = {DK_MIGRATIONS(DK_MIGRATION_LISTED)};

enum { MIGRATION_COUNT = sizeof migrations / sizeof migrations[0] };
_Static_assert(MIGRATION_COUNT == DK_SCHEMA_VERSION - DK_SCHEMA_OLDEST, "each schema but the oldest has its migration");

const struct dk_migration *dk_migration_at(size_t index)
{
    return index < MIGRATION_COUNT ? migrations[index] : NULL;
}

const struct dk_migration *dk_migration_to(uint64_t schema)
{
    return schema > DK_SCHEMA_OLDEST && schema <= DK_SCHEMA_VERSION ? migrations[schema - DK_SCHEMA_OLDEST - 1] : NULL;
}

const char *dk_migration_name(uint64_t schema)
{
    const struct dk_migration *migration = dk_migration_to(schema);
    return migration != NULL ? migration->id : schema == DK_SCHEMA_OLDEST ? "base" : "unknown";
}

/* ---- targets ---- */

static bool is_digits(const char *text)
{
    return text[0] != 0 && text[strspn(text, "0123456789")] == 0 && strlen(text) < 10;
}

static docket_status no_target(const char *word)
{
    char known[128] = "";
    for (size_t at = 0; at < MIGRATION_COUNT; at++)
        snprintf(known + strlen(known), sizeof known - strlen(known), ", %s", migrations[at]->id);
    return dk_fail(DOCKET_BAD_ARGUMENT, "there is no schema '%.40s'; there are head, base%s, their numbers, +1 and -1", word,
                   known);
}

docket_status dk_migrate_target(const char *word, uint64_t at, uint64_t *schema)
{
    uint64_t wanted = 0;
    if (strcmp(word, "head") == 0) {
        wanted = DK_SCHEMA_VERSION;
    } else if (strcmp(word, "base") == 0) {
        wanted = DK_SCHEMA_OLDEST;
    } else if ((word[0] == '+' || word[0] == '-') && is_digits(word + 1)) {
        uint64_t steps = strtoull(word + 1, NULL, 10);
        if (steps == 0 || steps > (word[0] == '+' ? DK_SCHEMA_VERSION - at : at - DK_SCHEMA_OLDEST))
            return dk_fail(DOCKET_BAD_ARGUMENT, "there is no %s from schema %llu (%s)", word, (unsigned long long)at,
                           dk_migration_name(at));
        wanted = word[0] == '+' ? at + steps : at - steps;
    } else if (is_digits(word)) {
        wanted = strtoull(word, NULL, 10);
    } else {
        for (size_t one = 0; one < MIGRATION_COUNT; one++)
            if (strcmp(word, migrations[one]->id) == 0)
                wanted = migrations[one]->schema;
    }
    if (wanted < DK_SCHEMA_OLDEST || wanted > DK_SCHEMA_VERSION)
        return no_target(word);
    *schema = wanted;
    return DOCKET_OK;
}

/* ---- one step in a transaction ---- */

struct making {
    struct dk_step step;
    const struct dk_migration *migration;
    bool up;
    int64_t began_ns;
    struct dk_facts before, after;
    bool others; /* the facts would have been others: a fault of ours, and nothing is written */
    int64_t took_ns;
};

static uint64_t schema_after(const struct making *making)
{
    return making->up ? making->migration->schema : making->migration->schema - 1;
}

/* Linked to the one before it, if the schema has links. */
static docket_status put_event(struct dk_step *step, const struct dk_event *event)
{
    struct dk_store *store = step->store;
    struct dk_event plain = *event;
    struct dk_key key;
    bool added = false, same;
    if (store->meta.schema_version >= DK_CHAIN_SCHEMA)
        return dk_commit_event(store, step->txn, event, store->trail.number + 1);
    plain.number = ++store->trail.number;
    store->value.used = 0;
    docket_status status = dk_image_encode_event(&plain, &key, &store->value);
    if (status == DOCKET_OK)
        status = dk_env_add(store, step->txn, DK_KIND_EVENTS, &key, &store->value, &added, &same);
    if (status == DOCKET_OK && !added)
        status = dk_record_damaged(DK_KIND_EVENTS, dk_key_slice(&key), "stands where the next event belongs");
    return status;
}

static docket_status tell_step(struct making *making, uint64_t from)
{
    struct dk_event event = {.time_ns = dk_clock_wall_ns(), .kind = DK_MIGRATE_KIND, .uid = getuid()};
    char facts[2 * DK_DIGEST_BYTES + 1];
    dk_digest_text(making->after.digest, facts);
    making->took_ns = dk_clock_boot_ns() - making->began_ns;
    snprintf(event.text, sizeof event.text, "%s %s, schema %llu to %llu, in %lld ms; facts %s; docketd %s",
             making->migration->id, making->up ? "up" : "down", (unsigned long long)from,
             (unsigned long long)schema_after(making), (long long)(making->took_ns / 1000000), facts, DOCKET_VERSION);
    return put_event(&making->step, &event);
}

/* Afterwards store->meta says the new schema: what ends the commit is written as that one has it. */
static docket_status make_step(struct making *making)
{
    struct dk_store *store = making->step.store;
    uint64_t from = store->meta.schema_version, to = schema_after(making);
    making->began_ns = dk_clock_boot_ns();
    docket_status status = (making->up ? making->migration->up : making->migration->down)(&making->step);
    if (status != DOCKET_OK)
        return status;
    store->meta.schema_version = to;
    store->kinds = dk_kinds_of(to);
    status = dk_facts_read(store, making->step.txn, to, &making->after);
    if (status != DOCKET_OK)
        return status;
    making->others = memcmp(making->before.digest, making->after.digest, DK_DIGEST_BYTES) != 0;
    if (making->others)
        return dk_fail(DOCKET_BAD_LAYOUT, "%s %s would have changed what the store says", making->migration->id,
                       making->up ? "up" : "down");
    return tell_step(making, from);
}

docket_status dk_migrate_all_up(struct dk_store *store, MDB_txn *txn, uint64_t from)
{
    struct making making = {.step = {.store = store, .txn = txn}, .up = true};
    struct dk_meta opening = store->meta; /* with the fence and the token that this opening puts up */
    if (from == DK_SCHEMA_VERSION)
        return DOCKET_OK;
    store->meta.schema_version = from;
    docket_status status = dk_facts_read(store, txn, from, &making.before);
    if (status == DOCKET_OK && from < DK_CHAIN_SCHEMA) /* nothing in the store says which event is the last */
        status = dk_chain_stand(store, txn, store->meta.store_id, &store->trail);
    for (uint64_t schema = from + 1; status == DOCKET_OK && schema <= DK_SCHEMA_VERSION; schema++) {
        making.migration = dk_migration_to(schema);
        status = make_step(&making);
    }
    store->meta = opening;
    store->meta.schema_version = DK_SCHEMA_VERSION;
    return status;
}

/* ---- one step as a commit ---- */

static docket_status write_step(struct dk_store *store, MDB_txn *txn, uint64_t number, const void *context)
{
    union {
        const void *read;
        struct making *write;
    } making = {context}; /* dk_fill's context is const for the others */
    making.write->step.txn = txn;
    docket_status status = make_step(making.write);
    if (status != DOCKET_OK)
        return status;
    struct dk_meta meta = store->meta;
    meta.commit = number;
    meta.trail = store->trail;
    return dk_meta_write(store, txn, &meta);
}

/* The witnesses as a docketd of the schema that comes knows them: of before 6 without token, and none far away (one that
 * is there stands until the store is of that schema, then it goes: it would be left behind). */
static void begin_generation(struct dk_store *store, uint64_t from, uint64_t to)
{
    store->meta.generation++;
    if (from < DK_FENCE_SCHEMA)
        dk_far_leave(store);
    if (to < DK_FENCE_SCHEMA || from < DK_FENCE_SCHEMA)
        store->meta.guard = (struct dk_guard){0}; /* docketd's next start draws a token, and keeps a far witness */
    else
        dk_random(store->meta.guard.token, sizeof store->meta.guard.token);
}

static docket_status end_generation(struct dk_store *store)
{
    if (store->meta.schema_version < DK_CHAIN_SCHEMA)
        store->meta.trail = (struct dk_trail){0}; /* a docketd of that schema knows no witness that names an event */
    return dk_open_witness_clean(store);
}

/* Each step is a generation: before its commit the witness says that it may or may not be there (a crash leaves a store
 * that fits it either way), after it that it is the last one. The boot, and whether docketd had stopped in order, are
 * left as they are: what became unknown is found out by docketd's next start. */
static docket_status commit_step(struct making *making, uint64_t *commit)
{
    struct dk_store *store = making->step.store;
    uint64_t start = store->meta.commit, from = store->meta.schema_version, to = schema_after(making);
    begin_generation(store, from, to);
    docket_status status =
        dk_open_witness(store, start, DK_WITNESS_OPENING, from >= DK_CHAIN_SCHEMA && to >= DK_CHAIN_SCHEMA);
    if (status == DOCKET_OK)
        status = dk_commit_run(store, write_step, making);
    if (making->others)
        return dk_fail(DOCKET_BAD_LAYOUT, "%s %s would have changed what the store says, and nothing was written: this is a "
                                          "fault of docketd's, and should be told to its makers",
                       making->migration->id, making->up ? "up" : "down");
    if (status != DOCKET_OK)
        return status;
    *commit = store->meta.commit;
    return end_generation(store);
}

/* ---- an order ---- */

static docket_status read_at(struct dk_store *store, struct dk_migrate_at *at)
{
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    *at = (struct dk_migrate_at){
        .schema = store->meta.schema_version, .generation = store->meta.generation, .commit = store->meta.commit};
    status = dk_facts_read(store, txn, at->schema, &at->facts);
    mdb_txn_abort(txn);
    return status;
}

/* What of the store none of the schemas between here and there could hold. */
static docket_status find_losses(struct dk_store *store, uint64_t to, struct dk_losses *losses)
{
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    for (uint64_t schema = store->meta.schema_version; status == DOCKET_OK && schema > to; schema--) {
        struct dk_step step = {.store = store, .txn = txn, .losses = losses, .schema = schema - 1};
        status = dk_migration_to(schema)->loses(&step);
    }
    mdb_txn_abort(txn);
    return status;
}

static docket_status refuse_losses(const struct dk_losses *losses, uint64_t to)
{
    char text[DK_LOSS_TEXT];
    dk_loss_text(&losses->rows[0], text);
    return dk_fail(DOCKET_BAD_LAYOUT, "it cannot be schema %llu without losing something, and nothing was changed: %s%s",
                   (unsigned long long)to, text, losses->kinds > 1 ? "; and more" : "");
}

static docket_status judge_order(struct dk_store *store, struct dk_migrate_order *order, uint64_t *to)
{
    uint64_t from = store->meta.schema_version;
    docket_status status = dk_migrate_target(order->target, from, to);
    if (status != DOCKET_OK)
        return status;
    if (order->way == DK_MIGRATE_UP ? *to < from : *to > from)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the store is of schema %llu (%s), and %s lies the other way: docket migrate %s",
                       (unsigned long long)from, dk_migration_name(from), order->target,
                       order->way == DK_MIGRATE_UP ? "downgrade" : "upgrade");
    status = find_losses(store, *to, &order->losses);
    return status == DOCKET_OK && order->losses.kinds > 0 ? refuse_losses(&order->losses, *to) : status;
}

static void tell(const struct dk_migrate_order *order, const struct making *making, uint64_t from, uint64_t commit)
{
    struct dk_migrate_done done = {.migration = making->migration,
                                   .up = making->up,
                                   .from = from,
                                   .to = schema_after(making),
                                   .commit = commit,
                                   .took_ns = making->took_ns};
    if (order->told != NULL)
        order->told(order->context, &done);
}

static void next_step(struct making *making, struct dk_store *store, uint64_t to)
{
    uint64_t from = store->meta.schema_version;
    making->up = to > from;
    making->migration = dk_migration_to(making->up ? from + 1 : from);
}

/* All steps in one transaction, which is then thrown away. */
static docket_status try_all(struct dk_store *store, struct dk_migrate_order *order, uint64_t to)
{
    struct making making = {.step.store = store, .before = order->before.facts, .after = order->before.facts};
    docket_status status = dk_env_begin(store, true, &making.step.txn);
    if (status != DOCKET_OK)
        return status;
    store->trail = store->meta.trail;
    store->trail_moved = false;
    while (status == DOCKET_OK && store->meta.schema_version != to) {
        uint64_t from = store->meta.schema_version;
        next_step(&making, store, to);
        status = make_step(&making);
        if (status == DOCKET_OK)
            tell(order, &making, from, 0);
    }
    mdb_txn_abort(making.step.txn);
    order->after = (struct dk_migrate_at){.schema = store->meta.schema_version,
                                          .generation = order->before.generation,
                                          .commit = order->before.commit,
                                          .facts = making.after};
    return status;
}

/* After each step the store is opened anew: LMDB's handles are of the schema before, and what was written is read and
 * checked as the next start would. *to: 0 at first. */
static docket_status next_commit(const struct dk_store_options *options, struct dk_migrate_order *order, uint64_t *to)
{
    struct dk_store *store;
    bool first = *to == 0;
    uint64_t commit = 0;
    docket_status status = dk_open_standing(options, 0, &store);
    if (status != DOCKET_OK)
        return status;
    status = read_at(store, &order->after);
    if (status == DOCKET_OK && first) {
        order->before = order->after;
        status = judge_order(store, order, to);
    }
    uint64_t from = store->meta.schema_version;
    struct making making = {.step.store = store, .before = order->before.facts};
    if (status == DOCKET_OK && memcmp(order->before.facts.digest, order->after.facts.digest, DK_DIGEST_BYTES) != 0)
        status = dk_fail(DOCKET_DAMAGED, "the store says something else than before; keep it as it is, and ask for help");
    /* It was judged by it, and goes on without: what a run leaves that ends before this, the next one finds. */
    if (status == DOCKET_OK && from < DK_FENCE_SCHEMA && !order->dry_run)
        dk_far_forget(store);
    if (status == DOCKET_OK && order->dry_run) {
        status = try_all(store, order, *to);
    } else if (status == DOCKET_OK && from != *to) {
        next_step(&making, store, *to);
        status = commit_step(&making, &commit);
        if (status == DOCKET_OK)
            tell(order, &making, from, commit);
    }
    dk_open_release(store);
    return status;
}

docket_status dk_migrate_run(const struct dk_store_options *options, struct dk_migrate_order *order)
{
    uint64_t to = 0;
    docket_status status = next_commit(options, order, &to);
    while (status == DOCKET_OK && order->after.schema != to && !order->dry_run)
        status = next_commit(options, order, &to);
    return status;
}

/* ---- looking ---- */

struct looking {
    docket_status (*each)(void *context, const struct dk_event *event);
    void *context;
};

static docket_status sift(void *context, const struct dk_event *event)
{
    const struct looking *looking = context;
    return strcmp(event->kind, DK_MIGRATE_KIND) == 0 ? looking->each(looking->context, event) : DOCKET_OK;
}

docket_status dk_migrate_look(const struct dk_store_options *options, struct dk_migrate_at *at,
                              docket_status (*each)(void *context, const struct dk_event *event), void *context)
{
    struct looking looking = {each, context};
    struct dk_store *store;
    docket_status status = dk_open_standing(options, 0, &store);
    if (status != DOCKET_OK)
        return status;
    status = read_at(store, at);
    if (status == DOCKET_OK && each != NULL)
        status = dk_store_each_event(store, 1, sift, &looking);
    dk_open_release(store);
    return status;
}

/* ---- stamping ---- */

struct stamp {
    uint64_t from, to;
    struct dk_facts facts;
};

static docket_status write_stamp(struct dk_store *store, MDB_txn *txn, uint64_t number, const void *context)
{
    const struct stamp *stamp = context;
    struct dk_step step = {.store = store, .txn = txn};
    struct dk_event event = {.time_ns = dk_clock_wall_ns(), .kind = DK_MIGRATE_KIND, .uid = getuid()};
    struct dk_meta meta = store->meta;
    char facts[2 * DK_DIGEST_BYTES + 1];
    dk_digest_text(stamp->facts.digest, facts);
    snprintf(event.text, sizeof event.text, "%s stamped, schema %llu to %llu; facts %s; docketd %s",
             dk_migration_name(stamp->to), (unsigned long long)stamp->from, (unsigned long long)stamp->to, facts,
             DOCKET_VERSION);
    docket_status status = put_event(&step, &event);
    meta.commit = number;
    meta.trail = store->trail;
    return status == DOCKET_OK ? dk_meta_write(store, txn, &meta) : status;
}

/* Events are linked where the schema has links, and only there. */
static docket_status look_at_link(struct dk_step *step, const struct dk_event *event)
{
    const struct dk_meta *meta = &step->store->meta;
    bool wanted = meta->schema_version >= DK_CHAIN_SCHEMA && event->number >= meta->trail.begins;
    if (event->link.there == wanted)
        return DOCKET_OK;
    return dk_fail(DOCKET_DAMAGED, "event %llu is %s", (unsigned long long)event->number,
                   wanted ? "not linked to the one before it" : "linked to the one before it");
}

/* Exactly the databases and records of this schema, and nothing in them that it cannot hold. */
static docket_status check_shape(struct dk_store *store, uint64_t schema, struct dk_losses *losses)
{
    MDB_txn *txn;
    docket_status status = dk_env_begin(store, false, &txn);
    if (status != DOCKET_OK)
        return status;
    struct dk_step step = {.store = store, .txn = txn, .losses = losses};
    if (store->kinds != dk_kinds_of(schema))
        status = dk_fail(DOCKET_DAMAGED, "the database \"%s\" is %s", dk_kind_name(dk_kinds_of(schema)), "one too many");
    if (status == DOCKET_OK)
        status = dk_meta_check_shape(store, txn, schema);
    if (status == DOCKET_OK)
        status = dk_step_each_event(&step, look_at_link);
    for (uint64_t above = DK_SCHEMA_VERSION; status == DOCKET_OK && above > schema; above--) {
        step.schema = above - 1;
        status = dk_migration_to(above)->loses(&step);
    }
    mdb_txn_abort(txn);
    return status == DOCKET_OK && losses->kinds > 0 ? refuse_losses(losses, schema) : status;
}

static docket_status stamp_it(struct dk_store *store, struct dk_migrate_order *order, struct stamp *stamp)
{
    uint64_t start = store->meta.commit;
    stamp->facts = order->before.facts;
    begin_generation(store, stamp->to, stamp->to);
    docket_status status = dk_open_witness(store, start, DK_WITNESS_OPENING, stamp->to >= DK_CHAIN_SCHEMA);
    if (status == DOCKET_OK)
        status = dk_commit_run(store, write_stamp, stamp);
    return status == DOCKET_OK ? end_generation(store) : status;
}

docket_status dk_migrate_stamp(const struct dk_store_options *options, struct dk_migrate_order *order)
{
    struct dk_store *store;
    struct stamp stamp = {0};
    if (order->target[0] == '+' || order->target[0] == '-')
        return dk_fail(DOCKET_BAD_ARGUMENT, "stamp wants head, base, an id or a number, and no %s", order->target);
    docket_status status = dk_migrate_target(order->target, DK_SCHEMA_VERSION, &stamp.to);
    if (status != DOCKET_OK)
        return status;
    status = dk_open_standing(options, stamp.to, &store);
    if (status == DOCKET_DAMAGED || status == DOCKET_BAD_LAYOUT)
        return dk_wrap(status, "the store has not the shape of schema %llu", (unsigned long long)stamp.to);
    if (status != DOCKET_OK)
        return status;
    stamp.from = store->says_schema;
    status = read_at(store, &order->before);
    if (status == DOCKET_OK)
        status = check_shape(store, stamp.to, &order->losses);
    if (status == DOCKET_DAMAGED)
        status = dk_wrap(DOCKET_BAD_LAYOUT, "the store has not the shape of schema %llu", (unsigned long long)stamp.to);
    if (status == DOCKET_OK && !order->dry_run && stamp.from != stamp.to)
        status = stamp_it(store, order, &stamp);
    order->before.schema = stamp.from;
    order->after = order->before;
    order->after.schema = status == DOCKET_OK ? stamp.to : stamp.from;
    dk_open_release(store);
    return status;
}
