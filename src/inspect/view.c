/* SPDX-License-Identifier: MIT */
/*
 * view: docket_inspect.h. Each walk looks at the files' sizes first, and takes
 * fresh copies of the seats it meets.
 */
#include "inspect/view.h"

#include "base/clock.h"
#include "base/spell.h"
#include "numbering/period.h"
#include "numbering/template.h"
#include "table/directory.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* docketd beats at least four times a second; older than this is dead. */
#define HEARTBEAT_DEAD_NS (2 * DK_SECOND_NS)

enum { OPEN_RETRIES = 3 };

/* docketd renames new files over old ones, the table first: in between, a pair
 * that does not fit or a file that lost its name is not broken but not yet. */
static docket_status map_with_patience(docket_view *view)
{
    docket_status status = dk_map_open(view);
    for (int i = 0; i < OPEN_RETRIES && (status == DOCKET_BAD_LAYOUT || status == DOCKET_UNSAFE_FILES); i++) {
        dk_map_close(view);
        nanosleep(&(struct timespec){.tv_nsec = 2 * DK_MILLISECOND_NS}, NULL);
        status = dk_map_open(view);
    }
    return status;
}

docket_status docket_view_open(const char *directory, docket_view **view)
{
    if (directory == NULL || view == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_view_open needs a directory and a place for the view");
    if (strlen(directory) >= DK_PATH_BYTES)
        return dk_fail(DOCKET_BAD_ARGUMENT, "the path of the realm is longer than %d bytes", DK_PATH_BYTES - 1);
    docket_view *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for a view");
    opened->runtime_fd = -1;
    snprintf(opened->directory, sizeof opened->directory, "%s", directory);
    docket_status status = map_with_patience(opened);
    if (status != DOCKET_OK) {
        /* A member of one desk may have spoiled its table: that must not hide the other desks. */
        dk_map_close(opened);
        opened->lenient = true;
        status = dk_map_open(opened);
    }
    if (status != DOCKET_OK) {
        docket_view_close(opened);
        return status;
    }
    *view = opened;
    return DOCKET_OK;
}

void docket_view_close(docket_view *view)
{
    if (view == NULL)
        return;
    dk_map_close(view);
    free(view);
}

static docket_status begin_walk(docket_view *view)
{
    if (view == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "no view was given");
    for (uint32_t i = 0; i < view->desk_count; i++) {
        docket_status status = dk_map_check(&view->desks[i]);
        if (status == DOCKET_DAMAGED && view->desk_count > 1) {
            dk_map_leave_out(view, i--, dk_error_text());
            continue;
        }
        if (status != DOCKET_OK)
            return status;
        dk_seats_forget(&view->desks[i]);
    }
    return DOCKET_OK;
}

static int serving_of(const struct shared_board_words *words, int64_t heartbeat_age_ns)
{
    if (dk_load_relaxed(&words->serving) == 0) /* relaxed: shown, nothing is concluded from it */
        return 0;
    return heartbeat_age_ns > HEARTBEAT_DEAD_NS ? -1 : 1;
}

docket_status docket_view_realm_show(docket_view *view, struct docket_view_realm *facts)
{
    if (facts == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_view_realm_show needs a place for the facts");
    docket_status status = begin_walk(view);
    if (status != DOCKET_OK)
        return status;
    const struct dk_desk *desk = &view->desks[0].desk;
    const struct shared_board_words *words = dk_desk_words(desk);
    /* Relaxed throughout: figures for people, each a word of its own. */
    int64_t age_ns = dk_clock_boot_ns() - (int64_t)dk_load_relaxed(&words->heartbeat_ns);
    *facts = (struct docket_view_realm){.directory = view->directory,
                                        .runtime = view->runtime,
                                        .generation = dk_load_relaxed(&words->generation_now),
                                        .serving = serving_of(words, age_ns),
                                        .clock_held_s = (int64_t)dk_load_relaxed(&words->clock_held_s),
                                        .heartbeat_age_ns = age_ns > 0 ? age_ns : 0,
                                        .docketd_pid = (int64_t)dk_load_relaxed(&words->docketd_pid),
                                        .started_s = (int64_t)dk_load_relaxed(&words->started_s),
                                        .commit_number = dk_load_relaxed(&words->commit_number),
                                        .desk_count = view->desk_count,
                                        .desks_left_out = view->left_out,
                                        .left_out_why = view->left_out > 0 ? view->left_out_why : ""};
    dk_spell_hex((const uint8_t *)desk->store_id, sizeof desk->store_id, facts->store_id);
    return DOCKET_OK;
}

/* Asked for, and not yet looked at by docketd: by the bits alone, so that a
 * million series are 16384 words. */
static uint32_t count_waiting(const struct view_desk *desk)
{
    uint32_t waiting = 0, words = (dk_map_slots_ready(desk) + 63) / 64;
    const dk_word *bits = dk_table_want_bits(&desk->desk);
    for (uint32_t word = 0; word < words; word++)
        waiting += (uint32_t)__builtin_popcountll(dk_load_relaxed(&bits[word])); /* relaxed: shown only */
    return waiting;
}

static uint32_t count_seats(const struct view_desk *desk)
{
    uint32_t taken = 0;
    for (uint32_t i = 0; i < desk->desk.geometry.seats_max; i++)
        taken += dk_load_relaxed(&dk_desk_seat(&desk->desk, i)->state) != 0; /* relaxed: shown only */
    return taken;
}

static uint64_t allocated(int fd)
{
    struct stat facts;
    return fstat(fd, &facts) == 0 ? (uint64_t)facts.st_blocks * 512 : 0;
}

/* Of the seats' files, by their own names: no process' word is needed for it. */
static uint64_t seats_allocated(const docket_view *view, const struct view_desk *desk)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < desk->desk.geometry.seats_max; i++) {
        struct stat facts;
        char name[48];
        /* The file stays when the seat is free, so those that were ever taken count. Relaxed: shown only. */
        if (dk_load_relaxed(&dk_desk_seat(&desk->desk, i)->attached_s) == 0)
            continue;
        snprintf(name, sizeof name, "seat-%u-%u", desk->desk.index, i);
        if (fstatat(view->runtime_fd, name, &facts, AT_SYMLINK_NOFOLLOW) == 0)
            bytes += (uint64_t)facts.st_blocks * 512;
    }
    return bytes;
}

/* Slots that hold a series now. */
static uint32_t slots_in_use(const struct shared_board_words *words)
{
    uint64_t used = dk_load_relaxed(&words->slots_used), unused = dk_load_relaxed(&words->slots_free); /* relaxed: shown */
    return (uint32_t)(used > unused ? used - unused : 0);
}

static void show_desk(const docket_view *view, const struct view_desk *desk, struct docket_view_desk *facts)
{
    const struct shared_board_words *words = dk_desk_words(&desk->desk);
    const char *written[3];
    struct stat board = {0};
    dk_about_desk(view, desk->desk.index, written);
    if (fstat(desk->board_fd, &board) != 0)
        board.st_mode = 0;
    /* Relaxed throughout: figures for people, each a word of its own. */
    *facts = (struct docket_view_desk){.name = desk->name,
                                       .title = written[0],
                                       .user = written[1],
                                       .group = written[2],
                                       .owner_uid = board.st_uid,
                                       .group_gid = board.st_gid,
                                       .mode = board.st_mode & 07777,
                                       .seats_bytes = seats_allocated(view, desk),
                                       .seats_taken = count_seats(desk),
                                       .seats_max = desk->desk.geometry.seats_max,
                                       .slots_used = slots_in_use(words),
                                       .slots_ready = dk_map_slots_ready(desk),
                                       .slots_max = desk->desk.geometry.slots_max,
                                       .rows_used = (uint32_t)dk_load_relaxed(&words->rows_used),
                                       .rows_ready = dk_map_rows_ready(desk),
                                       .rows_max = desk->desk.geometry.rows_max,
                                       .waiting = count_waiting(desk),
                                       .board_bytes = allocated(desk->board_fd),
                                       .table_bytes = allocated(desk->table_fd),
                                       .commits = dk_load_relaxed(&words->commits),
                                       .commit_ns_last = dk_load_relaxed(&words->commit_ns_last),
                                       .commit_ns_max = dk_load_relaxed(&words->commit_ns_max),
                                       .blocks_laid = dk_load_relaxed(&words->blocks_laid),
                                       .raises = dk_load_relaxed(&words->raises),
                                       .seats_reaped = dk_load_relaxed(&words->seats_reaped),
                                       .tails_recovered = dk_load_relaxed(&words->tails_recovered),
                                       .numbers_recovered = dk_load_relaxed(&words->numbers_recovered),
                                       .numbers_given_back = dk_load_relaxed(&words->numbers_given_back),
                                       .quarantines = dk_load_relaxed(&words->quarantines),
                                       .evictions = dk_load_relaxed(&words->evictions),
                                       .numbers_out = dk_load_relaxed(&words->numbers_out),
                                       .past_waits = dk_load_relaxed(&words->past_waits),
                                       .past_wait_ns_total = dk_load_relaxed(&words->past_wait_ns_total),
                                       .past_wait_ns_max = dk_load_relaxed(&words->past_wait_ns_max),
                                       .past_timeouts = dk_load_relaxed(&words->past_timeouts)};
}

docket_status docket_view_each_desk(docket_view *view,
                                    int (*each)(void *context, const struct docket_view_desk *desk),
                                    void *context)
{
    docket_status status = begin_walk(view);
    if (status == DOCKET_OK && dk_about_read(view) != DOCKET_OK)
        view->about_bytes = 0; /* the desks have no names then, and everything else */
    for (uint32_t i = 0; status == DOCKET_OK && i < view->desk_count; i++) {
        struct docket_view_desk facts;
        show_desk(view, &view->desks[i], &facts);
        if (each(context, &facts) != 0)
            break;
    }
    return status;
}

docket_status docket_view_each_series(docket_view *view,
                                      int (*each)(void *context, const struct docket_view_series *series),
                                      void *context)
{
    docket_status status = begin_walk(view);
    if (status != DOCKET_OK)
        return status;
    for (uint32_t i = 0; i < view->desk_count; i++) {
        uint32_t ready = dk_map_slots_ready(&view->desks[i]);
        for (uint32_t slot = 0; slot < ready; slot++) {
            struct docket_view_series facts;
            if (dk_read_series(view, &view->desks[i], slot, &facts) && each(context, &facts) != 0)
                return DOCKET_OK;
        }
    }
    return DOCKET_OK;
}

/* What one seat holds, summed over the rows of its desk. */
struct seat_tally {
    uint32_t leases;
    uint64_t numbers;
    uint64_t taken;   /* of the open leases */
    int64_t oldest_s; /* 0 none */
};

static void tally_place(const docket_view *view, struct view_desk *desk, uint32_t row, uint32_t place,
                        struct seat_tally *tallies)
{
    struct view_lease lease;
    uint64_t word = dk_load_acquire(&dk_table_row(&desk->desk, row)->claim[place]); /* ORDER-10 */
    struct dk_claim claim = dk_claim_unpack(word);
    if (claim.state != DK_OWNED || claim.line >= desk->desk.geometry.lines_per_seat)
        return;
    struct dk_laid laid = dk_place_read(&dk_desk_row(&desk->desk, row)->place[place]);
    const struct view_seat *seat = dk_seats_get(view, desk, claim.seat);
    if (seat == NULL || (laid.seq & DK_SEQ_LOW_MASK) != claim.seq || !dk_seats_judge(seat, &claim, &laid, &lease) ||
        !lease.open)
        return;
    struct seat_tally *tally = &tallies[claim.seat];
    tally->leases++;
    tally->numbers += lease.left;
    tally->taken += laid.size - lease.left;
    if (lease.claimed_s != 0 && (tally->oldest_s == 0 || lease.claimed_s < tally->oldest_s))
        tally->oldest_s = lease.claimed_s;
}

static void show_seat(const struct view_desk *desk, uint32_t number, const struct view_seat *seat,
                      const struct seat_tally *tally, struct docket_view_seat *facts)
{
    *facts = (struct docket_view_seat){.desk = desk->name,
                                       .seat = number,
                                       .state = seat->state == 2   ? "being reaped"
                                                : seat->state == 3 ? "lost"
                                                                   : "taken",
                                       .lives = seat->lives,
                                       .pid = (int64_t)seat->pid,
                                       .uid = seat->uid,
                                       .attached_s = seat->attached_s,
                                       .leases = tally->leases,
                                       .numbers_open = tally->numbers,
                                       .oldest_lease_age_s = -1};
    if (tally->oldest_s != 0) {
        int64_t age_s = dk_clock_wall_s() - tally->oldest_s;
        facts->oldest_lease_age_s = age_s > 0 ? age_s : 0;
    }
    if (!seat->readable)
        return;
    facts->claims = dk_load_relaxed(&seat->words->claims); /* relaxed, all of them: a private copy */
    facts->waits = dk_load_relaxed(&seat->words->waits);
    facts->wait_ns_total = dk_load_relaxed(&seat->words->wait_ns_total);
    facts->wait_ns_max = dk_load_relaxed(&seat->words->wait_ns_max);
    facts->timeouts = dk_load_relaxed(&seat->words->timeouts);
    facts->give_backs = dk_load_relaxed(&seat->words->give_backs);
    facts->numbers = dk_load_relaxed(&seat->words->numbers) + tally->taken;
}

static docket_status walk_seats(docket_view *view, struct view_desk *desk, bool *go_on,
                                int (*each)(void *context, const struct docket_view_seat *seat), void *context)
{
    uint32_t seats_max = desk->desk.geometry.seats_max, ready = dk_map_rows_ready(desk);
    struct seat_tally *tallies = calloc(seats_max, sizeof *tallies);
    if (tallies == NULL)
        return dk_fail(DOCKET_NO_MEMORY, "no memory for %u seats", seats_max);
    for (uint32_t row = 0; row < ready; row++)
        for (uint32_t place = 0; place < DK_PLACES_PER_ROW; place++)
            tally_place(view, desk, row, place, tallies);
    for (uint32_t i = 0; *go_on && i < seats_max; i++) {
        struct docket_view_seat facts;
        const struct view_seat *seat = dk_seats_get(view, desk, i);
        if (seat == NULL || seat->state == 0)
            continue;
        show_seat(desk, i, seat, &tallies[i], &facts);
        *go_on = each(context, &facts) == 0;
    }
    free(tallies);
    return DOCKET_OK;
}

docket_status docket_view_each_seat(docket_view *view,
                                    int (*each)(void *context, const struct docket_view_seat *seat), void *context)
{
    bool go_on = true;
    docket_status status = begin_walk(view);
    for (uint32_t i = 0; status == DOCKET_OK && go_on && i < view->desk_count; i++)
        status = walk_seats(view, &view->desks[i], &go_on, each, context);
    return status;
}

docket_status docket_view_series_find(docket_view *view, const char *tenant, const char *name,
                                      struct docket_view_series *facts)
{
    if (tenant == NULL || name == NULL || facts == NULL)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_view_series_find needs two names and a place for the facts");
    docket_status status = dk_name_check("tenant", tenant);
    if (status == DOCKET_OK)
        status = dk_name_check("series", name);
    if (status == DOCKET_OK)
        status = begin_walk(view);
    if (status != DOCKET_OK)
        return status;
    for (uint32_t i = 0; i < view->desk_count; i++) {
        struct docket_view_series found;
        uint32_t slot = dk_directory_find(&view->desks[i].desk, tenant, name);
        if (slot != DK_NO_SLOT && dk_read_series(view, &view->desks[i], slot, &found) &&
            strcmp(found.tenant, tenant) == 0 && strcmp(found.name, name) == 0) { /* and not another one by now */
            *facts = found;
            return DOCKET_OK;
        }
    }
    return dk_fail(DOCKET_NO_SERIES, "the series %s/%s is at no desk of %s; one that nobody uses leaves its desk and comes back with its "
                   "next use; `docket fate` knows all",
                   tenant, name, view->directory);
}

docket_status docket_view_text(const struct docket_view_series *facts, const struct docket_view_period *period,
                               uint64_t number, char *text, size_t size)
{
    struct dk_template parsed;
    struct dk_rendered rendered;
    if (facts == NULL || period == NULL || text == NULL || number > DOCKET_NUMBER_MAX)
        return dk_fail(DOCKET_BAD_ARGUMENT, "docket_view_text needs a series, its period, a number and a buffer");
    struct dk_form form;
    memcpy(&form, period->form, sizeof form);
    if (!dk_form_unpack(&form, &parsed))
        return dk_fail(DOCKET_DAMAGED, "%s/%s has a template that cannot be used", facts->tenant, facts->name);
    if (size < dk_template_size(&parsed, facts->name, DOCKET_NUMBER_MAX))
        return dk_fail(DOCKET_BUFFER_TOO_SMALL, "the longest text of %s/%s needs %zu bytes", facts->tenant,
                       facts->name, dk_template_size(&parsed, facts->name, DOCKET_NUMBER_MAX));
    if (dk_template_size(&parsed, facts->name, DOCKET_NUMBER_MAX) > DOCKET_TEXT_MAX)
        return dk_fail(DOCKET_DAMAGED, "the template of %s/%s on the board makes texts that are too long",
                       facts->tenant, facts->name);
    dk_template_render(&parsed, facts->name, period->date, &rendered);
    dk_rendered_write(&rendered, number, text);
    return DOCKET_OK;
}
