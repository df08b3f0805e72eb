/* SPDX-License-Identifier: MIT */
/*
 * migrate: a store of one schema becomes one of the next, or of the one before.
 * Each step is a file of migrations/, made in one LMDB transaction together with
 * the schema's number, the sum and an event of kind `migrate`; it counts only if
 * the facts of the store (facts.h) have the same SHA-256 after it as before.
 *
 * Who calls this holds no store open: each function opens it by itself, as a start
 * of docketd does (lock, pages, records, sums, chain, witness), and closes it. It
 * makes no desk, and needs no schema that docketd would serve.
 *
 * What a crash leaves behind: the witness is written first, of phase opening and
 * the next generation; then the commit; then the witness of phase clean. So the
 * store is of the old schema or of the new one, and the next start, or the next
 * migration, takes it either way.
 */
#ifndef DK_STORE_MIGRATE_H
#define DK_STORE_MIGRATE_H

#include "store/migrations/facts.h"
#include "store/migrations/losses.h"
#include "store/store.h"

struct dk_step; /* migrations/migrations.h */

struct dk_migration {
    const char *id;     /* "0004_texts": the schema that it leads to, and a word */
    uint32_t schema;    /* ... as a number */
    const char *brings; /* what this schema has and the one before has not */
    const char *leaves; /* what down leaves away without asking, since nothing is lost by it */
    docket_status (*up)(struct dk_step *step);
    docket_status (*down)(struct dk_step *step);
    /* What of this store the schema before cannot hold: then it is not brought down. */
    docket_status (*loses)(struct dk_step *step);
};

/* From the first to the last; NULL behind it. The parent of each is the one before, of the first it is "base". */
const struct dk_migration *dk_migration_at(size_t index);
/* The one that leads to this schema; NULL: base, or no schema at all. */
const struct dk_migration *dk_migration_to(uint64_t schema);
/* "0004_texts"; "base" */
const char *dk_migration_name(uint64_t schema);

enum dk_migrate_way { DK_MIGRATE_UP, DK_MIGRATE_DOWN, DK_MIGRATE_STAMP };

/* head, base, +N, -N, 0004_texts, 0004 or 4: as the schema that it means for a store that is at `at`.
 * BAD_ARGUMENT, with what there is. */
docket_status dk_migrate_target(const char *word, uint64_t at, uint64_t *schema) DK_MUST_USE;

/* Where a store stands. */
struct dk_migrate_at {
    uint64_t schema, generation, commit;
    struct dk_facts facts;
};

/* Each event of kind `migrate`, if each is given. */
docket_status dk_migrate_look(const struct dk_store_options *options, struct dk_migrate_at *at,
                              docket_status (*each)(void *context, const struct dk_event *event),
                              void *context) DK_MUST_USE;

/* One step that was made, or would be. */
struct dk_migrate_done {
    const struct dk_migration *migration;
    bool up;
    uint64_t from, to; /* schemas */
    uint64_t commit;   /* its number; 0: it was not made */
    int64_t took_ns;
};

struct dk_migrate_order {
    enum dk_migrate_way way; /* up or down */
    const char *target;      /* a word of dk_migrate_target() */
    bool dry_run;            /* all of it, and then nothing is committed */
    void (*told)(void *context, const struct dk_migrate_done *done); /* after each step */
    void *context;
    /* ---- what came of it ---- */
    struct dk_migrate_at before, after; /* after a dry run: as it would be */
    struct dk_losses losses;            /* why it is not brought down */
};

/* BAD_LAYOUT: something would be lost (order->losses), or the facts were others afterwards; nothing was written of that
 * step. BAD_ARGUMENT: the target lies the other way. Otherwise the statuses of dk_store_open() and dk_store_commit(). */
docket_status dk_migrate_run(const struct dk_store_options *options, struct dk_migrate_order *order) DK_MUST_USE;

/* The store says that it is of another schema: only if its content has the shape of it. BAD_LAYOUT: it has not. */
docket_status dk_migrate_stamp(const struct dk_store_options *options, struct dk_migrate_order *order) DK_MUST_USE;

#endif
