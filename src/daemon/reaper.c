/* SPDX-License-Identifier: MIT */
/*
 * reaper: seats. A seat is given with a lock that lives as long as its
 * process's mapping; it comes back only when docketd has taken that lock.
 *
 * Order of a reap, none of it ever changed: lock taken and kept; every claimed
 * place of the seat judged, committed, cleared (leased.c, while the seat says
 * REAPING); what it holds of ledgers is due; seat file reset; seat free; lock closed last.
 */
#include "daemon/daemon.h"

#include "base/clock.h"
#include "base/log.h"
#include "table/seat.h"

#include <unistd.h>

static void show(struct dk_desk_book *desk, uint32_t seat, pid_t pid)
{
    struct shared_seat_entry *entry = dk_desk_seat(&desk->map, seat);
    const struct dk_seat_book *book = &desk->seats[seat];
    dk_store_relaxed(&entry->salt, book->salt); /* relaxed: display, and the worker is told by message */
    dk_store_relaxed(&entry->uid, book->uid);
    dk_store_relaxed(&entry->knows, book->knows);
    dk_store_relaxed(&entry->pid, (uint64_t)pid);
    dk_store_relaxed(&entry->attached_s, (uint64_t)dk_clock_wall_s());
    dk_store_release(&entry->state, (uint64_t)book->state);
}

static struct dk_identity identity_of(const struct dk_desk_book *desk)
{
    return (struct dk_identity){.store_id = {desk->map.store_id[0], desk->map.store_id[1]},
                                .generation = desk->daemon->facts.generation,
                                .incarnation = desk->map.incarnation,
                                .compatible_flags = desk->map.compatible_flags,
                                .incompatible_flags = desk->map.incompatible_flags,
                                .desk = desk->index};
}

docket_status dk_seat_assign(struct dk_desk_book *desk, const struct dk_sitter *sitter, uint32_t *seat, int *locked,
                             int *probe)
{
    struct dk_identity identity = identity_of(desk);
    for (uint32_t i = 0; i < desk->map.geometry.seats_max; i++) {
        struct dk_seat_book *book = &desk->seats[i];
        if (book->state != DK_SEAT_FREE)
            continue;
        dk_random(&book->salt, sizeof book->salt);
        docket_status status = dk_seat_make(desk->daemon->runtime_fd, &desk->map.geometry, &identity, i, book->salt,
                                            desk->rule.group, desk->rule.group_set, &book->keep, locked, probe);
        if (status == DOCKET_BUSY)
            continue; /* a lock that our books know nothing of: leave that seat alone */
        if (status != DOCKET_OK)
            return status;
        /* Taken on the board before the descriptors leave: a docketd that dies
         * now finds the seat by its state and its owner by the lock. */
        book->state = DK_SEAT_TAKEN;
        book->uid = sitter->uid;
        book->knows = sitter->knows;
        show(desk, i, sitter->pid);
        if (i >= desk->seats_used)
            desk->seats_used = i + 1;
        *seat = i;
        return DOCKET_OK;
    }
    return dk_fail(DOCKET_SEATS_EXHAUSTED,
                   "all %u seats of desk %s are taken; `docket inspect` lists who has them; raise seats_max",
                   desk->map.geometry.seats_max, desk->rule.name);
}

/* Claimed places of the seat whose counters can still be turned. */
static bool owns_anything(struct dk_desk_book *desk, uint32_t seat)
{
    bool found = false;
    for (uint32_t row = 0; row < desk->rows_used; row++) {
        struct dk_counter *counter = desk->row_owner[row];
        if (counter == NULL || counter->series->quarantined)
            continue;
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            struct dk_claim claim = dk_claim_unpack(dk_load_acquire(dk_book_claim(desk, row, i))); /* ORDER-10 */
            if (claim.state == DK_OWNED && claim.seat == seat) {
                dk_keeper_ask(counter);
                found = true;
            }
        }
    }
    return found;
}

/* What it counted stays in the desk's sums. */
static void keep_figures(struct shared_board_words *words, int keep)
{
    struct shared_seat_words seat;
    dk_seat_figures(keep, &seat);
    uint64_t longest = dk_load_relaxed(&seat.wait_ns_max); /* relaxed: a private copy */
    dk_count_relaxed(&words->past_waits, dk_load_relaxed(&seat.waits));
    dk_count_relaxed(&words->past_wait_ns_total, dk_load_relaxed(&seat.wait_ns_total));
    dk_count_relaxed(&words->past_timeouts, dk_load_relaxed(&seat.timeouts));
    if (longest > dk_load_relaxed(&words->past_wait_ns_max)) /* docketd's own */
        dk_store_relaxed(&words->past_wait_ns_max, longest);
}

static void finish(struct dk_desk_book *desk, uint32_t seat)
{
    struct dk_seat_book *book = &desk->seats[seat];
    struct shared_board_words *words = dk_desk_words(&desk->map);
    dk_ledger_seat_gone(desk->daemon, desk->index, seat, book->salt);
    keep_figures(words, book->keep);
    dk_seat_reset(book->keep, &desk->map.geometry);
    book->state = DK_SEAT_FREE;
    desk->reaping--;
    book->salt = 0;
    show(desk, seat, 0);
    close(book->keep); /* the lock goes with it, last */
    book->keep = -1;
    dk_count_relaxed(&words->seats_reaped, 1);
}

void dk_reaper_tick(struct dk_daemon *daemon, bool probe)
{
    for (uint32_t d = 0; d < daemon->desk_count; d++) {
        struct dk_desk_book *desk = &daemon->desks[d];
        for (uint32_t seat = 0; seat < desk->seats_used; seat++) {
            struct dk_seat_book *book = &desk->seats[seat];
            if (probe && book->state == DK_SEAT_TAKEN && dk_seat_take_lock(book->keep)) { /* ORDER-11 */
                book->state = DK_SEAT_REAPING;
                desk->reaping++;
                dk_store_release(&dk_desk_seat(&desk->map, seat)->state, DK_SEAT_REAPING);
            }
            if (book->state == DK_SEAT_REAPING && !owns_anything(desk, seat))
                finish(desk, seat);
        }
    }
}
