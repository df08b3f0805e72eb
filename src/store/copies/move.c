/* SPDX-License-Identifier: MIT */
/* move: the ticket, and the old side. The new one is in arrive.c. */
#include "store/copies/move.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/spell.h"
#include "store/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LISTED = 3 };

/* ---- the ticket ---- */

docket_status dk_ticket_check(const char *ticket)
{
    if (strlen(ticket) == DK_TICKET_BYTES - 1 && strspn(ticket, "0123456789abcdef") == DK_TICKET_BYTES - 1)
        return DOCKET_OK;
    return dk_fail(DOCKET_BAD_ARGUMENT, "'%.60s' is no ticket: it has 32 digits of 0-9 and a-f, and comes from docket "
                                        "import-state --prepare in the new realm",
                   ticket);
}

void dk_ticket_id(const char *ticket, uint8_t id[16])
{
    uint8_t hash[DK_DIGEST_BYTES];
    struct dk_digest digest;
    dk_digest_begin(&digest, "docket ticket 1");
    dk_digest_string(&digest, ticket);
    dk_digest_end(&digest, hash);
    memcpy(id, hash, 16);
}

docket_status dk_move_ticket(int realm_fd, char ticket[DK_TICKET_BYTES], bool *there)
{
    char text[DK_TICKET_BYTES + 8];
    struct stat facts;
    *there = fstatat(realm_fd, DK_ARRIVAL_FILE, &facts, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
    if (!*there)
        return DOCKET_OK;
    docket_status status = dk_file_read(realm_fd, DK_ARRIVAL_FILE, text, sizeof text);
    if (status != DOCKET_OK)
        return status;
    text[strcspn(text, "\n")] = 0;
    if (dk_ticket_check(text) != DOCKET_OK)
        return dk_fail(DOCKET_DAMAGED, "the realm's ticket, %s, is damaged; remove it and prepare the realm anew (the state "
                                       "must then be exported by that ticket)",
                       DK_ARRIVAL_FILE);
    memcpy(ticket, text, DK_TICKET_BYTES);
    return DOCKET_OK;
}

docket_status dk_move_judge(int realm_fd)
{
    struct stat facts;
    if (fstatat(realm_fd, DK_ARRIVAL_FILE, &facts, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        return DOCKET_OK;
    return dk_fail(DOCKET_STORE_FENCED, "it waits for the state of another realm, by its ticket: docket import-state brings "
                                        "it, or ends what a crash cut short. If none is to come any more, and there is no "
                                        "store here, remove the file %s",
                   DK_ARRIVAL_FILE);
}

static bool has_store(int realm_fd)
{
    struct stat facts;
    return fstatat(realm_fd, DK_STORE_FOLDER, &facts, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/* Durable before it is told. */
static docket_status draw(int realm_fd, char ticket[DK_TICKET_BYTES])
{
    uint8_t random[16];
    char line[DK_TICKET_BYTES + 1];
    dk_random(random, sizeof random);
    dk_spell_hex(random, sizeof random, ticket);
    snprintf(line, sizeof line, "%s\n", ticket);
    docket_status status = dk_file_replace(realm_fd, DK_ARRIVAL_FILE, 0600, line, strlen(line));
    return status == DOCKET_OK ? dk_create_sync_parent(realm_fd) : status;
}

static docket_status prepare(struct dk_store *store, const struct dk_store_options *options, char ticket[DK_TICKET_BYTES])
{
    bool there;
    docket_status status = dk_open_realm(store, options);
    if (status == DOCKET_OK)
        status = dk_lock_take(store->realm_fd, &store->lock_fd);
    if (status == DOCKET_OK && has_store(store->realm_fd))
        status = dk_fail(DOCKET_EXISTS, "there is a store: a state comes into an empty realm");
    if (status == DOCKET_OK)
        status = dk_move_ticket(store->realm_fd, ticket, &there);
    return status == DOCKET_OK && !there ? draw(store->realm_fd, ticket) : status;
}

docket_status dk_move_prepare(const struct dk_store_options *options, char ticket[DK_TICKET_BYTES])
{
    struct dk_store_options made = *options;
    made.create = true; /* the realm's folder, not a store */
    struct dk_store *store = dk_open_alloc(&made);
    if (!store)
        return dk_fail(DOCKET_NO_MEMORY, "no memory to prepare a realm");
    docket_status status = prepare(store, &made, ticket);
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", status == DOCKET_OK ? "" : dk_error_text());
    dk_open_release(store);
    return status == DOCKET_OK ? status : dk_fail(status, "%s was not prepared: %s", options->realm, sentence);
}

/* ---- is anything out? ---- */

struct out {
    uint64_t leases, numbers, held;
    char listed[160];
};

static void list(struct out *out, const char *what, uint64_t series_id, int32_t period, uint64_t first, uint64_t count)
{
    size_t used = strlen(out->listed);
    if (out->leases + out->held <= LISTED)
        snprintf(out->listed + used, sizeof out->listed - used, "%s%s of series %llu, period %d: %llu from %llu on",
                 used > 0 ? "; " : "", what, (unsigned long long)series_id, period, (unsigned long long)count,
                 (unsigned long long)first);
}

static docket_status look_at_counter(void *context, const struct dk_counter_image *image)
{
    struct out *out = context;
    for (uint32_t i = 0; i < image->place_count; i++) {
        const struct dk_place_record *place = &image->places[i];
        if (place->size == 0 || place->seq <= place->closed_seq || place->offset >= place->size)
            continue;
        out->leases++;
        out->numbers += place->size - place->offset;
        list(out, "a lease", image->series_id, image->period, place->first + place->offset, place->size - place->offset);
    }
    return DOCKET_OK;
}

/* A reservation by name goes along; what a process holds cannot. */
static docket_status look_at_hold(void *context, const struct dk_hold_record *hold)
{
    struct out *out = context;
    if (hold->removed || hold->in_doubt || hold->seat < 0)
        return DOCKET_OK;
    out->held++;
    list(out, hold->kind == DK_NAMED_PENDING ? "pending" : "a reservation", hold->series_id, hold->period, hold->number,
         hold->kind == DK_NAMED_PENDING ? 1 : hold->left);
    return DOCKET_OK;
}

static docket_status judge_out(struct dk_store *store)
{
    struct out out = {0};
    docket_status status = dk_store_each_counter(store, look_at_counter, &out);
    if (status == DOCKET_OK)
        status = dk_ledger_each_hold(store, look_at_hold, &out);
    if (status != DOCKET_OK || out.leases + out.held == 0)
        return status;
    return dk_fail(DOCKET_REFUSED,
                   "something is out: %llu leases with %llu numbers, and %llu holds of processes (%s). Start docketd, docket "
                   "drain --wait until nothing is, stop it in order, and export again; nothing was changed",
                   (unsigned long long)out.leases, (unsigned long long)out.numbers, (unsigned long long)out.held,
                   out.listed);
}

/* ---- the fence ---- */

struct fencing {
    struct dk_leaving *leaving;
    struct dk_fence fence;
};

static void describe(const struct fencing *fencing, struct dk_event *event)
{
    char host[65] = "?", id[33];
    dk_spell_hex(fencing->fence.id, sizeof fencing->fence.id, id);
    if (gethostname(host, sizeof host - 1) != 0)
        snprintf(host, sizeof host, "?");
    *event = (struct dk_event){.time_ns = (int64_t)fencing->fence.time_ns, .kind = "moved", .uid = getuid()};
    snprintf(event->text, sizeof event->text, "moved from host %.64s by ticket %s: no number is given here any more, ever", host,
             id);
    snprintf(event->reason, sizeof event->reason, "%s", fencing->leaving->reason);
}

static docket_status write_fence(struct dk_store *store, MDB_txn *txn, uint64_t number, const void *context)
{
    const struct fencing *fencing = context;
    struct dk_meta meta = store->meta;
    struct dk_event event;
    meta.commit = number;
    meta.fence = fencing->fence;
    describe(fencing, &event);
    docket_status status = dk_meta_write(store, txn, &meta);
    return status == DOCKET_OK ? dk_commit_event(store, txn, &event, store->trail.number + 1) : status;
}

/* A generation: before its commit the witnesses say that it may or may not be there, after it that it is the last one. */
static docket_status put_up_fence(struct dk_store *store, struct dk_leaving *leaving)
{
    struct fencing fencing = {.leaving = leaving};
    uint64_t start = store->meta.commit;
    store->meta.generation++;
    dk_random(store->meta.guard.token, sizeof store->meta.guard.token);
    fencing.fence = (struct dk_fence){.kind = DK_FENCE_MOVED,
                                      .time_ns = (uint64_t)dk_clock_wall_ns(),
                                      .generation = store->meta.generation};
    dk_ticket_id(leaving->ticket, fencing.fence.id);
    docket_status status = dk_open_witness(store, start, DK_WITNESS_OPENING, true);
    if (status == DOCKET_OK)
        status = dk_commit_run(store, write_fence, &fencing);
    if (status != DOCKET_OK)
        return status;
    store->meta.fence = fencing.fence;
    return dk_open_witness_clean(store);
}

/* A run that was cut behind the fence left witnesses that still run ahead, and no state would arrive beside them. */
static docket_status settle_witnesses(struct dk_store *store)
{
    docket_status status = dk_open_witness(store, store->meta.commit - 1, DK_WITNESS_RUNNING, true);
    return status == DOCKET_OK ? dk_open_witness_clean(store) : status;
}

/* For people, and for docket where: what docketd goes by stands in the store. */
static docket_status leave_word(const struct dk_store *store, const struct dk_leaving *leaving)
{
    char text[512], when[DK_SPELL_UTC_BYTES], id[33];
    const struct dk_fence *fence = &store->meta.fence;
    dk_spell_hex(fence->id, sizeof fence->id, id);
    dk_spell_utc((int64_t)fence->time_ns / DK_SECOND_NS, when);
    snprintf(text, sizeof text, "moved %s\nticket-id %s\ngeneration %llu\nreason %s\n", when, id,
             (unsigned long long)fence->generation, leaving->reason);
    return dk_file_replace(store->realm_fd, DK_MOVED_FILE, 0644, text, strlen(text));
}

static docket_status leave(struct dk_store *store, struct dk_leaving *leaving)
{
    const struct dk_fence *fence = &store->meta.fence;
    uint8_t id[16];
    dk_ticket_id(leaving->ticket, id);
    leaving->again = fence->kind == DK_FENCE_MOVED;
    if (leaving->again && memcmp(id, fence->id, sizeof id) != 0)
        return dk_fail(DOCKET_REFUSED, "it has moved already, by another ticket, and a state arrives once; nothing was changed");
    if (fence->kind != DK_FENCE_NONE && !leaving->again)
        return dk_fail(DOCKET_STORE_FENCED, "it was restored from a backup and is not accepted yet: accept it first (docket "
                                            "help accept)");
    if (store->meta.schema_version != DK_SCHEMA_VERSION)
        return dk_fail(DOCKET_BAD_LAYOUT, "the store has schema %llu; upgrade it first: docket migrate upgrade",
                       (unsigned long long)store->meta.schema_version);
    if (!leaving->again && !store->meta.clean)
        return dk_fail(DOCKET_REFUSED, "its docketd did not stop in order, so that what is out is not known: start it, docket "
                                       "drain --wait, stop it in order, and export again; nothing was changed");
    docket_status status = leaving->again ? DOCKET_OK : judge_out(store);
    if (status == DOCKET_OK)
        status = leaving->again ? settle_witnesses(store) : put_up_fence(store, leaving);
    if (status == DOCKET_OK)
        status = leave_word(store, leaving);
    leaving->generation = fence->generation;
    leaving->commit = store->meta.commit;
    leaving->event = store->meta.trail.number;
    leaving->time_ns = (int64_t)fence->time_ns;
    return status;
}

docket_status dk_move_leave(const struct dk_store_options *options, struct dk_leaving *leaving, struct dk_store **store)
{
    docket_status status = dk_ticket_check(leaving->ticket);
    if (status == DOCKET_OK)
        status = dk_open_standing(options, 0, store);
    if (status != DOCKET_OK)
        return status;
    (*store)->time = (*store)->meta.time;
    (*store)->event_last = (*store)->meta.trail.number;
    status = leave(*store, leaving);
    if (status == DOCKET_OK)
        return status;
    char sentence[DK_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", dk_error_text());
    dk_open_release(*store);
    return dk_fail(status, "%s stays where it is: %s", options->realm, sentence);
}

void dk_move_end(struct dk_store *store)
{
    dk_open_release(store);
}
