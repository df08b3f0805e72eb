/* SPDX-License-Identifier: MIT */
/*
 * migrations: the list of them, and what each is given. A file of this folder is
 * one step between two schemas (`docket migrate new NAME` writes the next one).
 *
 * What holds for each
 *  1. up() and down() only change the transaction that they are given. Number of
 *     the schema, generation, sum, event and witness are not theirs.
 *  2. The facts (facts.h) are the same after it. What the schema before cannot hold
 *     is named by loses(), and then down() is never called.
 *  3. loses() looks at what is there, and says nothing of what up() made. It must do without what up() makes
 *     (store->kinds): a store that is to be stamped is looked at too.
 *  4. A store that is already of a shape that cannot be is DAMAGED.
 *  5. One that was released is never changed: stores are out there.
 */
#ifndef DK_STORE_MIGRATIONS_H
#define DK_STORE_MIGRATIONS_H

#include "store/inside.h"
#include "store/migrations/migrate.h"

/* Ascending; the schema that each leads to is one above the one before. */
#define DK_MIGRATIONS(ROW) \
    ROW(0003_retired)      \
    ROW(0004_texts)        \
    ROW(0005_ledger)       \
    ROW(0006_fence)

#define DK_MIGRATION_DECLARED(name) extern const struct dk_migration dk_migration_##name;
DK_MIGRATIONS(DK_MIGRATION_DECLARED)

struct dk_step {
    struct dk_store *store;
    MDB_txn *txn;
    struct dk_losses *losses; /* loses() adds to it */
    uint64_t schema;          /* ... of what this schema cannot hold */
    unsigned named;           /* series that dk_step_name() looked for */
};

/* ---- for loses(): each record, as it is read ---- */

docket_status dk_step_each_series(struct dk_step *step,
                                  docket_status (*each)(struct dk_step *step, const struct dk_series_record *record)) DK_MUST_USE;
docket_status dk_step_each_counter(struct dk_step *step,
                                   docket_status (*each)(struct dk_step *step, const struct dk_counter_image *image)) DK_MUST_USE;
docket_status dk_step_each_range(struct dk_step *step,
                                 docket_status (*each)(struct dk_step *step, const struct dk_fate_record *record)) DK_MUST_USE;
docket_status dk_step_each_event(struct dk_step *step,
                                 docket_status (*each)(struct dk_step *step, const struct dk_event *event)) DK_MUST_USE;
/* What the ledger says of this kind, its log applied; nothing in a store without one. context: the step. */
docket_status dk_step_each_entry(struct dk_step *step, enum dk_kind kind,
                                 docket_status (*each)(void *context, struct dk_slice key, struct dk_slice value)) DK_MUST_USE;
/* It is one of them: so many of `what`, see dk_loss_add(). */
#define dk_step_loses(step, what, ...) dk_loss_add((step)->losses, (step)->schema, what, __VA_ARGS__)
/* "acme/INV", of a counter's or a range's series (of the first few; then "series 17"); static memory of the thread. */
const char *dk_step_name(struct dk_step *step, uint64_t series_id);

/* ---- for up() and down() ---- */

/* A database, with its records, and their share of the sum. */
docket_status dk_step_drop(struct dk_step *step, enum dk_kind kind) DK_MUST_USE;
/* A record of meta. */
docket_status dk_step_remove_meta(struct dk_step *step, const char *name) DK_MUST_USE;

#endif
