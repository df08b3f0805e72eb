/* SPDX-License-Identifier: MIT */
/* scribble, the workers' side: the library's code over seats that are handed
 * to it without a socket; each process is a realm handle of its own. */
#include "scribble.h"

#include "table/directory.h"
#include "table/seat.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- what reach.c does by messages ---- */

docket_status dk_reach_ask(struct docket_realm *realm, const struct dk_request *request, int64_t timeout_ns,
                           struct dk_reply *reply, int fds[DK_WIRE_FDS])
{
    (void)realm, (void)timeout_ns, (void)fds;
    if (request->type != DK_ASK_GIVE_BACK)
        return DOCKET_UNREACHABLE;
    memset(reply, 0, sizeof *reply);
    reply->returned = docketd_give_back(request->desk, request->slot, request->period, request->first, request->count);
    return DOCKET_OK;
}

bool dk_reach_moved(struct docket_realm *realm, struct seat *seat, int64_t timeout_ns)
{
    (void)realm, (void)seat, (void)timeout_ns;
    return false;
}

void dk_seat_leave(struct seat *seat)
{
    munmap(seat->base, seat->bytes); /* the lock goes with it; the desk's map is the world's */
    free(seat->lines);
    free(seat);
}

docket_status dk_reach_series(struct docket_realm *realm, const char *tenant, const char *name, int64_t timeout_ns,
                              struct seat **taken, uint32_t *slot, uint64_t *generation)
{
    uint32_t desk = tenant[0] == 'B';
    int locked, probe;
    (void)timeout_ns;
    struct seat *seat = realm->live->seats;
    if (seat == NULL) {
        seat = dk_must_alloc(1, sizeof *seat);
        seat->map = world.map[desk];
        struct dk_identity identity = {.incarnation = seat->map.incarnation, .desk = desk};
        docket_status status = docketd_attach(desk, &seat->number, &seat->salt, &locked, &probe);
        if (status == DOCKET_OK)
            status = dk_seat_map(locked, probe, &identity, seat->number, &seat->base, &seat->bytes);
        if (status != DOCKET_OK)
            found("nobody can sit down at desk %u: %s", desk, dk_error_text());
        model_seat_given(desk, seat->number);
        seat->lines = dk_must_alloc(LINES, sizeof *seat->lines);
        seat->live = realm->live;
        realm->live->seats = seat;
    }
    *taken = seat;
    *slot = dk_directory_look(&seat->map, tenant, name, generation);
    return *slot != DK_NO_SLOT ? DOCKET_OK : DOCKET_NO_SERIES;
}

/* ---- processes ---- */

void process_start(struct process *process, uint32_t desk)
{
    *process = (struct process){.desk = desk, .realm = dk_must_alloc(1, sizeof *process->realm)};
    process->realm->live = dk_wiped_page();
    if (process->realm->live == NULL)
        found("no wiped memory");
}

/* In order: leases go back. Killed: every word stays as it is. */
void process_end(struct process *process, bool killed)
{
    if (killed)
        for (struct hand *hand = process->realm->live->hands; hand != NULL; hand = hand->next_of_realm)
            memset(&hand->lease, 0, sizeof hand->lease);
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (process->blocks[i] == NULL)
            continue;
        if (killed)
            dk_block_free(process->blocks[i]);
        else
            (void)docket_block_give_back(process->blocks[i], NULL);
    }
    docket_realm_close(process->realm);
    memset(process, 0, sizeof *process);
    figures.kills += killed;
}

/* ---- who was given what ---- */

static void make_room(struct track *track, uint64_t number)
{
    if (number < track->room)
        return;
    uint64_t room = (number + 512) * 2;
    track->numbers = dk_must_grow(track->numbers, room, 1);
    memset(track->numbers + track->room, 0, room - track->room);
    track->room = room;
}

void mark_repeat(struct track *track, uint64_t first, uint64_t end)
{
    if (end > track->stored.mark)
        end = track->stored.mark; /* nothing above it is ever given */
    if (first >= end)
        return;
    make_room(track, end);
    for (uint64_t number = first; number < end; number++)
        track->numbers[number] |= MAY_REPEAT;
}

static void given(struct track *track, uint64_t number)
{
    figures.takes++;
    if (number < track->stored.extent_first || number >= track->stored.mark)
        found("%s gave %llu, and the durable mark is %llu", track->name, (unsigned long long)number,
              (unsigned long long)track->stored.mark);
    if (track->quarantined && track->strict)
        found("%s gave %llu though it is quarantined", track->name, (unsigned long long)number);
    make_room(track, number);
    if ((track->numbers[number] & HANDED) != 0) {
        if ((track->numbers[number] & MAY_REPEAT) == 0)
            found("%s gave %llu twice", track->name, (unsigned long long)number);
        figures.repeats++;
    }
    track->numbers[number] |= HANDED;
}

/* A call that failed: whose fault may it be? */
static void refused(struct process *process, struct track *track, docket_status status)
{
    if (status == DOCKET_LINES_EXHAUSTED && process->opened > LINES / 2)
        return; /* its lines lie in quarantined series: it is ended soon */
    if (track->quarantined && status == DOCKET_QUARANTINED)
        return;
    if (!track->quarantined && (track->unseen || track->dirty_date))
        return; /* docketd has not looked at what was scribbled */
    if (track->chronological && track->scribbled && status == DOCKET_OUT_OF_ORDER)
        return; /* a forged tomorrow: it waits for it */
    found("%s%s at desk %u could not be served: %s (%s)", track->name,
          track->quarantined ? ", quarantined," : track->scribbled ? ", scribbled and accepted," : "", track->desk,
          docket_status_name(status), dk_error_text());
}

static docket_series *series_of(struct process *process, const struct track *track)
{
    docket_series *series = NULL;
    docket_status status = docket_series_open(process->realm, track->desk == 0 ? "A" : "B", track->name, &series);
    if (status != DOCKET_OK)
        found("%s cannot be opened: %s", track->name, dk_error_text());
    return series;
}

static void open_block(struct process *process, unsigned at, struct track *track)
{
    uint32_t count = (uint32_t)chance(16) + 1;
    docket_status status = docket_block_open(series_of(process, track), count, 2 * DK_SECOND_NS, &process->blocks[at]);
    if (status == DOCKET_OK) {
        process->block_track[at] = track;
    } else {
        process->blocks[at] = NULL;
        refused(process, track, status);
    }
}

static void use_block(struct process *process, unsigned at)
{
    uint64_t number;
    struct track *track = process->block_track[at];
    docket_block *block = process->blocks[at];
    bool quarantined = track->quarantined;
    track->quarantined = false; /* what a block holds is its owner's, whatever came of the series */
    docket_status status = DOCKET_OK;
    for (uint64_t left = chance(4) + 1; left > 0 && status == DOCKET_OK; left--) {
        status = docket_block_next(block, &number);
        if (status == DOCKET_OK)
            given(track, number);
        else if (status != DOCKET_BLOCK_EMPTY)
            found("a block of %s: %s", track->name, dk_error_text());
    }
    track->quarantined = quarantined;
    if (status == DOCKET_BLOCK_EMPTY || chance(6) == 0) {
        if (docket_block_give_back(block, NULL) != DOCKET_OK)
            found("a block of %s cannot be given back: %s", track->name, dk_error_text());
        process->blocks[at] = NULL;
    }
}

void process_call(struct process *process, struct track *track)
{
    unsigned at = (unsigned)chance(BLOCKS);
    uint64_t number;
    uint64_t what = chance(10);
    if (what < 3 && process->blocks[at] != NULL) {
        use_block(process, at);
        return;
    }
    process->opened++;
    if (what < 3) {
        open_block(process, at, track);
        return;
    }
    docket_series *series = series_of(process, track);
    for (uint64_t left = chance(4) + 1; left > 0; left--) {
        docket_status status = docket_next(series, 2 * DK_SECOND_NS, &number, NULL);
        if (status != DOCKET_OK) {
            refused(process, track, status);
            return;
        }
        given(track, number);
    }
}
