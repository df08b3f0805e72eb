/* SPDX-License-Identifier: MIT */
/* standins: what the explored sources call and the explorer has otherwise. */
#include "world.h"

#include "base/log.h"
#include "daemon/daemon.h"
#include "daemon/ended/ended.h"
#include "daemon/series/policies.h"
#include "env.h"
#include "table/directory.h"
#include "table/doorbell.h"
#include "table/seat.h"

#include <stdio.h>
#include <string.h>

struct ex_world *world;

int64_t ex_now_s(void)
{
    if (world->config->timed)
        ex_pseudo(PSEUDO_CLOCK, EX_READ);
    return world->now_s;
}

/* They lie behind the desk's files and the seats. */
void ex_pseudo(enum ex_pseudo word, unsigned kind)
{
    if (ex_exploring)
        ex_touch(ex_shared + EX_SHARED_BYTES - 64 * (1 + (size_t)word), kind);
}

static size_t min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

uint8_t *ex_seat_base(unsigned seat)
{
    return ex_shared + EX_SHARED_BYTES - DK_PAGE - (seat + 1) * dk_seat_bytes(&world->map.geometry);
}

const char *ex_word_name(const volatile void *word)
{
    static char name[80];
    static const char *const pseudo[] = {"posted", "finished", "store", "inbox", "event", "clock", "lock"};
    const volatile uint8_t *at = word;
    const struct dk_desk *map = &world->map;
    const uint8_t *rows = (uint8_t *)dk_desk_row(map, 0), *claims = (uint8_t *)dk_table_row(map, 0);
    const uint8_t *slots = (uint8_t *)dk_desk_slot(map, 0), *strict = (uint8_t *)dk_table_slot(map, 0);
    if (at >= ex_shared + EX_SHARED_BYTES - DK_PAGE)
        snprintf(name, sizeof name, "%s", pseudo[min_of((size_t)(ex_shared + EX_SHARED_BYTES - 64 - at) / 64, 6)]);
    else if (at >= ex_seat_base(EX_WORKERS - 1))
        snprintf(name, sizeof name, "seats +%zu", (size_t)(at - ex_seat_base(EX_WORKERS - 1)));
    else if (at >= claims)
        snprintf(name, sizeof name, "claim %zu", (size_t)(at - claims) / 8);
    else if (at >= strict)
        snprintf(name, sizeof name, "table slot +%zu", (size_t)(at - strict));
    else if (at >= map->table)
        snprintf(name, sizeof name, "table +%zu", (size_t)(at - map->table));
    else if (at >= rows)
        snprintf(name, sizeof name, "board row %zu +%zu", (size_t)(at - rows) / sizeof(struct shared_board_row),
                 (size_t)(at - rows) % sizeof(struct shared_board_row));
    else if (at >= slots)
        snprintf(name, sizeof name, "board slot +%zu", (size_t)(at - slots));
    else
        snprintf(name, sizeof name, "board +%zu", (size_t)(at - map->board));
    return name;
}

/* ---- base ---- */

docket_status dk_fail(docket_status status, const char *format, ...)
{
    (void)format;
    return status;
}

docket_status dk_fail_errno(docket_status status, int error, const char *format, ...)
{
    (void)error;
    (void)format;
    return status;
}

docket_status dk_wrap(docket_status status, const char *format, ...)
{
    (void)format;
    return status;
}

const char *dk_error_text(void)
{
    return "";
}

docket_status dk_status_of_errno(int error)
{
    (void)error;
    return DOCKET_SYSTEM;
}

void dk_log(enum dk_level level, const char *format, ...)
{
    (void)level;
    (void)format;
}

void dk_random(void *bytes, size_t count)
{
    memset(bytes, 0x5a, count);
}

docket_status dk_boot_id(uint8_t id[16])
{
    memset(id, 0, 16);
    return DOCKET_OK;
}

/* ---- table ---- */

uint32_t dk_directory_find(const struct dk_desk *desk, const char *tenant, const char *name)
{
    (void)desk;
    (void)tenant;
    (void)name;
    return DK_NO_SLOT;
}

void dk_directory_insert(struct dk_desk *desk, uint32_t slot)
{
    (void)desk;
    (void)slot;
}

void dk_directory_remove(struct dk_desk *desk, uint32_t slot)
{
    (void)desk;
    (void)slot;
}

void dk_directory_tidy(struct dk_desk *desk, uint32_t slots_used)
{
    (void)desk;
    (void)slots_used;
}

void dk_doorbell_ring(dk_word32 *bell)
{
    dk_add32_release(bell, 1);
}

struct sleep {
    const dk_word32 *word;
    uint32_t seen;
};

static bool woken(void *context)
{
    const struct sleep *sleep = context;
    return real_load32_acquire(sleep->word) != sleep->seen;
}

/* A futex without its timeout: who is not woken sleeps for ever, and is found. */
void dk_doorbell_wait(const dk_word32 *word, uint32_t seen, int64_t timeout_ns)
{
    struct sleep sleep = {word, seen};
    (void)timeout_ns;
    if (ex_exploring)
        ex_block(woken, &sleep);
}

void dk_doorbell_announce(dk_word32 *supply)
{
    dk_add32_release(supply, 1);
}

docket_status dk_seat_make(int directory, const struct dk_geometry *geometry, const struct dk_identity *identity,
                           uint32_t seat, uint64_t salt, gid_t group, bool group_set, int *keep, int *locked, int *probe)
{
    (void)directory;
    (void)identity;
    (void)group;
    (void)group_set;
    *keep = *locked = *probe = (int)seat;
    for (uint32_t line = 0; line < geometry->lines_per_seat; line++)
        dk_store_release(&dk_seat_line(ex_seat_base(seat), line)->cursor, dk_cursor_none(salt, line));
    return DOCKET_OK;
}

docket_status dk_seat_open(int directory, uint32_t desk, uint32_t seat, int *keep)
{
    (void)directory;
    (void)desk;
    *keep = (int)seat;
    return DOCKET_OK;
}

/* The kernel drops the lock with the process, and only then. */
bool dk_seat_take_lock(int keep)
{
    ex_pseudo((enum ex_pseudo)(PSEUDO_LOCK + keep), EX_READ);
    return ex_dead((unsigned)keep + 1);
}

bool dk_seat_cursor(int keep, uint32_t line, uint64_t *word)
{
    *word = dk_load_acquire(&dk_seat_line(ex_seat_base((unsigned)keep), line)->cursor);
    return true;
}

void dk_seat_figures(int keep, struct shared_seat_words *figures)
{
    (void)keep;
    memset(figures, 0, sizeof *figures);
}

void dk_seat_reset(int keep, const struct dk_geometry *geometry)
{
    for (uint32_t line = 0; line < geometry->lines_per_seat; line++)
        dk_store_release(&dk_seat_line(ex_seat_base((unsigned)keep), line)->cursor, 0);
}

/* All that ever come are of one release and one set of sizes. */
bool dk_takeover_renew(struct dk_daemon *daemon, const struct dk_desk_book *desk, const struct dk_images *images)
{
    (void)daemon;
    (void)desk;
    (void)images;
    return false;
}

docket_status dk_takeover_foreign(struct dk_daemon *daemon, const struct dk_desk_book *desk,
                                  const struct dk_images *images)
{
    (void)daemon;
    (void)desk;
    (void)images;
    return DOCKET_NO_REALM;
}

/* The files of the desk: made once, found by every docketd that comes later. */
docket_status ex_desk_create(struct dk_desk *desk, int directory, const struct dk_geometry *geometry,
                             const struct dk_identity *identity, gid_t group, bool group_set)
{
    (void)directory;
    (void)group;
    (void)group_set;
    *desk = (struct dk_desk){.geometry = *geometry,
                             .index = identity->desk,
                             .store_id = {identity->store_id[0], identity->store_id[1]},
                             .incarnation = identity->incarnation,
                             .board = ex_shared,
                             .board_bytes = dk_board_bytes(geometry),
                             .table = ex_shared + dk_board_bytes(geometry),
                             .table_bytes = dk_table_bytes(geometry)};
    dk_store_release(&dk_desk_words(desk)->slots_ready, geometry->slots_max);
    dk_store_release(&dk_desk_words(desk)->rows_ready, geometry->rows_max);
    world->map = *desk;
    return DOCKET_OK;
}

docket_status ex_desk_publish(struct dk_desk *desk, int directory)
{
    (void)desk;
    (void)directory;
    world->desk_made = true;
    return DOCKET_OK;
}

docket_status ex_desk_adopt(struct dk_desk *desk, int directory, uint32_t index)
{
    (void)directory;
    (void)index;
    if (!world->desk_made)
        return DOCKET_NO_REALM;
    *desk = world->map;
    return DOCKET_OK;
}

/* ---- client ---- */

struct hand dk_nobody;
__thread struct hand *dk_hand_memo[DK_MEMO];

bool dk_slow_enter(void)
{
    return true;
}

void dk_slow_leave(void)
{
}

docket_status dk_hand_make(struct docket_series *series, int64_t timeout_ns, struct hand **hand)
{
    (void)series;
    (void)timeout_ns;
    (void)hand;
    abort(); /* every worker has its hand */
}

/* The slot of the series now. */
static bool find_home(struct hand *hand)
{
    for (uint32_t i = 0; i < world->map.geometry.slots_max; i++) {
        const struct shared_board_slot *slot = dk_desk_slot(&world->map, i);
        uint64_t generation = dk_load_acquire(&slot->generation), id = slot->series_id;
        if (generation == 0 || id != world->series.id || dk_load_acquire(&slot->generation) != generation)
            continue;
        hand->slot = i;
        hand->generation = generation;
        hand->bank = -1;
        return true;
    }
    return false;
}

docket_status dk_hand_bind(struct hand *hand, bool fresh, int64_t timeout_ns)
{
    struct dk_request request = {.type = DK_ASK_OPEN};
    struct dk_reply reply;
    (void)fresh;
    if (!world->config->evicts)
        abort(); /* the desk never moves, and no series */
    while (!find_home(hand)) {
        if (timeout_ns == 0)
            return DOCKET_TIMEOUT;
        docket_status asked = dk_reach_ask(NULL, &request, timeout_ns, &reply, NULL);
        (void)asked; /* again and again, while docketd dies */
    }
    return DOCKET_OK;
}

bool dk_reach_moved(struct docket_realm *realm, struct seat *seat, int64_t timeout_ns)
{
    (void)realm;
    (void)seat;
    (void)timeout_ns;
    return false;
}

struct docket_block *dk_block_new(void)
{
    return ex_alloc(sizeof(struct docket_block));
}

void dk_block_free(struct docket_block *block)
{
    memset(block, 0, sizeof *block);
}

/* No policy of the explorer's waits for a later period. */
bool dk_policy_turn(struct dk_daemon *daemon, struct dk_series_book *series, int32_t current)
{
    (void)daemon;
    (void)current;
    return series->record.next == NULL;
}

/* No clock is set back. */
docket_status dk_ended_look(struct dk_daemon *daemon, uint64_t series_id, int32_t label, struct dk_ended_facts *facts)
{
    (void)daemon;
    (void)series_id;
    (void)label;
    *facts = (struct dk_ended_facts){.later = -1};
    return DOCKET_OK;
}
