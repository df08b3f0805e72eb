/* SPDX-License-Identifier: MIT */
/* stepd_errands: what docketd is about when it is killed. The end of each is a
 * condition on shared memory, or an answer that a worker waits for. */
#include "stepd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOW = 5 }; /* of sixteen */

static uint32_t supply_before;

static uint32_t supply(void)
{
    return dk_load32_acquire(&view_bank(&view, slot, view_bank_now(&view, slot))->supply);
}

static void nothing(void)
{
}

/* ---- supply: more than half of sixteen numbers are gone: docketd lays or raises ---- */

static void note_supply(void)
{
    supply_before = supply();
}

static void spares_lie_there(void)
{
    for (int i = 0; i < 2; i++) {
        crew_must('o');
        crew_must('b');
    }
    docketd_await_quiet();
    note_supply();
}

static void take_until_low(void)
{
    uint32_t blocks;
    while (view_supply(&view, slot, &blocks) > LOW)
        crew_must('t');
}

static bool is_supplied(void)
{
    uint32_t blocks;
    return supply() != supply_before && view_supply(&view, slot, &blocks) > LOW;
}

/* The worker takes all there is and sleeps; nobody asks again while it does. */
static void take_all_and_wait(void)
{
    const dk_word32 *bell = &dk_table_words(&view.desk)->bell;
    uint32_t before = dk_load32_acquire(bell);
    crew_ask('w');
    while (dk_load32_acquire(bell) == before)
        usleep(200);
}

/* ---- clearing ---- */

static void own_a_lease(void)
{
    crew_must('t');
    docketd_await_quiet();
    owned_note();
}

static void own_a_block(void)
{
    crew_must('o');
    docketd_await_quiet();
    if (!run_strict)
        owned_note();
}

static void give_back(void)
{
    crew_must('b');
}

static void ask_to_give_back(void)
{
    crew_ask('b');
}

static void ask_for_series(void)
{
    crew_ask('c');
}

/* ---- seats ---- */

static void seat_a_victim(void)
{
    victim_start(true);
    docketd_await_quiet();
    if (!run_strict)
        owned_note();
}

static bool victim_is_reaped(void)
{
    return victim_is_forgotten() && (run_strict || owned_is_cleared());
}

static void victim_asks_for_a_seat(void)
{
    victim_start(false);
}

/* ---- evictions: the desk has two slots ---- */

static bool is_on_board(void)
{
    for (uint32_t i = 0; i < view.desk.geometry.slots_max; i++) {
        const struct shared_board_slot *at = dk_desk_slot(&view.desk, i);
        if (dk_load_acquire(&at->generation) != 0 && at->name_bytes == strlen(run_series) &&
            memcmp(at->name, run_series, at->name_bytes) == 0)
            return true;
    }
    return false;
}

/* The series is at its desk, and so is another one: the next makes somebody leave. */
static void fill_slots(void)
{
    crew_must('t');
    crew_must('c');
    for (int i = 0; i < 8 && !is_on_board(); i++)
        crew_must('t');
    docketd_await_quiet();
}

/* Others come until it has left. Leased, its lease must have been used up. */
static void crowd_it_out(void)
{
    for (int i = 0; i < 64 && is_on_board(); i++) {
        crew_must('t');
        docketd_await_quiet();
        for (int others = 0; others < 3 && is_on_board(); others++)
            crew_must('c');
    }
    if (is_on_board())
        give_up("FAULT a series that nobody uses stays on the board");
    docketd_await_quiet();
}

static void ask_for_number(void)
{
    crew_ask('t');
}

/* ---- periods that have ended ---- */

static void take_of_an_ended_day(void)
{
    crew_must('d');
    docketd_await_quiet();
}

static void take_of_a_new_day(void)
{
    crew_must('n');
    docketd_await_quiet();
}

static void ask_for_dated(void)
{
    crew_ask('d');
}

static void ask_for_the_first_dated(void)
{
    crew_ask('n');
}

static void ask_to_close(void)
{
    crew_ask('x');
}

/* ---- numbers at record speed ---- */

static void have_one_settled(void)
{
    crew_must('i');
    crew_must('s');
    docketd_await_quiet();
}

static void have_one_pending(void)
{
    crew_must('i');
    docketd_await_quiet();
}

static void ask_to_issue(void)
{
    crew_ask('i');
}

static void ask_to_settle(void)
{
    crew_ask('s');
}

static void ask_to_void(void)
{
    crew_ask('v');
}

static void ask_to_release(void)
{
    crew_ask('r');
}

static void ask_to_reserve(void)
{
    crew_ask('R');
}

static void ask_for_a_second(void)
{
    crew_ask('e');
}

/* ---- start and stop ---- */

static void leases_are_out(void)
{
    seat_a_victim();
    crew_must('t');
}

static void terminate(void)
{
    kill(docketd, SIGTERM);
}

static void low_supply_and_leases(void)
{
    leases_are_out();
    docketd_await_quiet();
    note_supply();
}

static bool never(void)
{
    return false;
}

#define LEASED "leased"
#define STRICT "strict"

const struct errand errands[] = {
    {"lay", "lay", LEASED, 0, note_supply, take_until_low, is_supplied, NULL},
    {"lay-commit", "lay: the committer", LEASED, ERRAND_COMMITTER, note_supply, take_until_low, is_supplied, NULL},
    {"spare", "lay what came back", LEASED, 0, spares_lie_there, take_until_low, is_supplied, NULL},
    {"raise", "raise", STRICT, 0, note_supply, take_until_low, is_supplied, NULL},
    {"raise-commit", "raise: the committer", STRICT, ERRAND_COMMITTER, note_supply, take_until_low, is_supplied, NULL},
    {"wake", "lay for one who sleeps", LEASED, 0, nothing, take_all_and_wait, crew_answered, NULL},
    {"wake-strict", "raise for one who sleeps", STRICT, 0, nothing, take_all_and_wait, crew_answered, NULL},
    {"clear", "clear a block used up", LEASED, 0, own_a_lease, take_until_low, owned_is_cleared, NULL},
    {"back", "clear a block given back", LEASED, 0, own_a_block, give_back, owned_is_cleared, NULL},
    {"back-commit", "clear a block given back: the committer", LEASED, ERRAND_COMMITTER, own_a_block, give_back,
     owned_is_cleared, NULL},
    {"untake", "take back the end of a block", STRICT, ERRAND_LOOSE, own_a_block, ask_to_give_back, crew_answered, NULL},
    {"reclaim", "reclaim a dead worker's leases", LEASED, 0, seat_a_victim, victim_kill, victim_is_reaped, NULL},
    {"reclaim-commit", "reclaim: the committer", LEASED, ERRAND_COMMITTER, seat_a_victim, victim_kill,
     victim_is_reaped, NULL},
    {"reseat", "reclaim a dead worker's seat", STRICT, 0, seat_a_victim, victim_kill, victim_is_reaped, NULL},
    {"seat", "give a seat", LEASED, 0, nothing, victim_asks_for_a_seat, victim_is_seated, NULL},
    {"stop", "stop", LEASED, ERRAND_STOP, leases_are_out, terminate, never, NULL},
    {"stop-strict", "stop", STRICT, ERRAND_STOP, leases_are_out, terminate, never, NULL},
    {"adopt", "adopt", LEASED, ERRAND_START, low_supply_and_leases, take_until_low, docketd_is_serving,
     is_supplied},
    {"adopt-strict", "adopt", STRICT, ERRAND_START, low_supply_and_leases, take_until_low, docketd_is_serving,
     is_supplied},
    {"evict", "evict a series for another one", STRICT, 0, fill_slots, ask_for_series, crew_answered, NULL},
    {"evict-leased", "evict a series for another one", LEASED, 0, fill_slots, ask_for_series, crew_answered, NULL},
    {"evict-commit", "evict: the committer", STRICT, ERRAND_COMMITTER, fill_slots, ask_for_series, crew_answered, NULL},
    {"again", "place an evicted series again", STRICT, 0, crowd_it_out, ask_for_number, crew_answered, NULL},
    {"again-leased", "place an evicted series again", LEASED, 0, crowd_it_out, ask_for_number, crew_answered, NULL},
    {"dated", "a number of an ended period", STRICT, ERRAND_LOOSE, take_of_an_ended_day, ask_for_dated, crew_answered, NULL},
    {"dated-first", "the first number of an ended period", LEASED, ERRAND_LOOSE, nothing, ask_for_the_first_dated,
     crew_answered, NULL},
    {"dated-commit", "a number of an ended period: the committer", STRICT, ERRAND_LOOSE | ERRAND_COMMITTER,
     take_of_an_ended_day, ask_for_dated, crew_answered, NULL},
    {"close", "close an ended period", STRICT, ERRAND_LOOSE, take_of_a_new_day, ask_to_close, crew_answered, NULL},
    {"close-commit", "close an ended period: the committer", LEASED, ERRAND_LOOSE | ERRAND_COMMITTER, take_of_a_new_day,
     ask_to_close, crew_answered, NULL},
    {"issue", "a number for a key", STRICT, 0, have_one_settled, ask_to_issue, crew_answered, NULL},
    {"issue-commit", "a number for a key: the committer", STRICT, ERRAND_COMMITTER, have_one_settled, ask_to_issue,
     crew_answered, NULL},
    {"settle-commit", "settle: the committer", STRICT, ERRAND_COMMITTER, have_one_pending, ask_to_settle, crew_answered, NULL},
    {"void-commit", "make void: the committer", STRICT, ERRAND_COMMITTER, have_one_pending, ask_to_void, crew_answered, NULL},
    {"release", "release, and give again", STRICT, 0, have_one_pending, ask_to_release, crew_answered, NULL},
    {"release-commit", "release, and give again: the committer", STRICT, ERRAND_COMMITTER, have_one_pending, ask_to_release,
     crew_answered, NULL},
    {"reserve-commit", "reserve and settle: the committer", STRICT, ERRAND_COMMITTER, have_one_settled, ask_to_reserve,
     crew_answered, NULL},
    {"expire-commit", "a number's time runs out: the committer", STRICT, ERRAND_COMMITTER, have_one_settled, ask_for_a_second,
     crew_answered, NULL},
    {"create", "make a series", LEASED, 0, nothing, ask_for_series, crew_answered, NULL},
};

const size_t errand_count = sizeof errands / sizeof errands[0];
