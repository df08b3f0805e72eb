/* SPDX-License-Identifier: MIT */
/*
 * scribble: FLIPS scribbles at one desk, judged. `scribble FLIPS SEED FOLDER [WORLD]`,
 * FOLDER empty and on tmpfs; with WORLD it plays that world only. Each step: a batch of scribbles, then in
 * some order callers at both desks, docketd's turns, deaths, restarts.
 */
#include "scribble.h"

#include "table/seat.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SERIES_A = 20, SERIES_B = 4, SNAP_ROWS = 256 };

struct world world;
struct figures figures;
static uint64_t seed;

/* Words of an earlier time, to be put back. */
static uint64_t old_rows[SNAP_ROWS * DK_PLACES_PER_ROW], old_strict[SLOTS_MAX], old_cursor[SEATS_MAX][LINES];

static void say_where(void)
{
    printf("\nseed %llu world %llu step %llu: replay with SEED=%llu WORLD=%llu\n", (unsigned long long)seed,
           (unsigned long long)figures.worlds, (unsigned long long)figures.steps, (unsigned long long)seed,
           (unsigned long long)figures.worlds);
    fflush(stdout);
}

void found(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("FOUND ");
    vprintf(format, arguments);
    va_end(arguments);
    say_where();
    if (getenv("ABORT") != NULL)
        abort();
    _exit(1);
}

static void died(int number)
{
    printf("FOUND docketd or the library %s (signal %d)", number == SIGALRM ? "hangs" : "ended", number);
    say_where();
    _exit(1);
}

/* ---- scribbles ---- */

static uint64_t spoil(uint64_t word, uint64_t other)
{
    switch (chance(8)) {
    case 0:
        return 0;
    case 1:
        return chance(UINT64_MAX >> 11) << 11 ^ chance(1 << 20);
    case 2:
        return other;
    case 3:
        return word + chance(9) - 4;
    case 4:
        return word ^ 3ull << chance(63);
    case 5:
        return word ^ 1ull << (62 + chance(2));
    default:
        return word ^ 1ull << chance(64);
    }
}

static uint64_t table_word(uint32_t desk, size_t word_at)
{
    return dk_load_relaxed((dk_word *)(void *)(world.map[desk].table + word_at * 8));
}

static void spoil_table(size_t word_at, uint64_t other)
{
    scribble_table(0, word_at, spoil(table_word(0, word_at), other));
    figures.flips++;
}

/* A place of this series' rows. */
static size_t any_claim(const struct track *track)
{
    uint32_t row = dk_load32_relaxed(&dk_desk_slot(&world.map[0], track->slot)->bank[0].row);
    for (uint64_t skip = chance(3); skip > 0 && row != 0; skip--) {
        uint32_t next = dk_load32_relaxed(&dk_desk_row(&world.map[0], row - 1)->next);
        row = next != 0 ? next : row;
    }
    return dk_table_rows_at(&world.map[0].geometry) / 8 + (row == 0 ? 0 : row - 1) * 8 + chance(8);
}

static size_t strict_at(const struct track *track)
{
    return dk_table_slots_at(&world.map[0].geometry) / 8 + track->slot * 16;
}

/* Next to the law: room and position moved together, or a claim that fits. */
static void spoil_within_law(const struct track *track)
{
    if (track->strict) {
        uint64_t step = chance(6);
        uint64_t word = table_word(0, strict_at(track));
        scribble_table(0, strict_at(track), chance(2) ? word + (step << 18) - step : word - (step << 18) + step);
    } else {
        size_t at = any_claim(track);
        uint64_t word = table_word(0, at), seq = word & (word >> 62 == DK_OWNED ? DK_SEQ_LOW_MASK : DK_SEQ_MASK);
        scribble_table(0, at, chance(2) ? dk_claim_pack((enum dk_claim_state)chance(4), seq)
                                        : dk_claim_pack_owned((uint32_t)chance(4), (uint32_t)chance(8),
                                                              (uint16_t)chance(6), seq));
    }
    figures.flips++;
}

static void spoil_series(const struct track *track)
{
    if (track->chronological && chance(3) == 0) { /* last_date: by some days, or anyhow */
        size_t at = strict_at(track) + offsetof(struct shared_table_bank, last_date) / 8;
        if (chance(2))
            scribble_table(0, at, table_word(0, at) + chance(5) - 2);
        else
            spoil_table(at, table_word(0, at) ^ (1ull << 32));
        figures.flips++;
    } else if (chance(4) == 0) {
        spoil_within_law(track);
    } else if (track->strict) {
        spoil_table(strict_at(track), old_strict[track->slot]);
    } else {
        size_t at = any_claim(track), rows = dk_table_rows_at(&world.map[0].geometry) / 8, index = at - rows;
        uint64_t old = index < SNAP_ROWS * DK_PLACES_PER_ROW ? old_rows[index] : 0;
        spoil_table(at, chance(2) ? old : table_word(0, any_claim(track)));
    }
}

static void spoil_cursor(void)
{
    uint32_t seat = (uint32_t)chance(4), line = (uint32_t)chance(chance(4) == 0 ? LINES : 10);
    if (world.seat_view[0][seat] == NULL)
        return;
    dk_word *word = &dk_seat_line(world.seat_view[0][seat], line)->cursor;
    uint64_t now = dk_load_relaxed(word), other = chance(2) ? old_cursor[seat][line] : old_cursor[seat][chance(10)];
    uint64_t salt = dk_load_relaxed(&dk_desk_seat(&world.map[0], seat)->salt);
    struct dk_cursor seen = {.lease = 0};
    (void)!dk_cursor_unpack(now, salt, line, &seen);
    uint64_t value = chance(16) == 0 ? dk_cursor_pack((uint16_t)(seen.lease + chance(3) - 1), (uint32_t)chance(12),
                                                      chance(3) == 0, salt, line) /* salts stand on the board */
                                     : spoil(now, other);
    scribble_seat(0, seat, (dk_lines_at() + line * sizeof(struct shared_line)) / 8, value);
    figures.flips++;
}

/* Flags, wishes, the bell, statistics, words between: nothing may come of it. */
static void spoil_small(void)
{
    const struct dk_geometry *g = &world.map[0].geometry;
    uint32_t seat = (uint32_t)chance(4);
    switch (chance(6)) {
    case 0:
        spoil_table(dk_want_bits_at(g) / 8 + chance(SLOTS_MAX / 64), UINT64_MAX);
        break;
    case 1:
        spoil_table(dk_want_summary_at() / 8 + chance(4), UINT64_MAX);
        break;
    case 2: /* want, reserved words, the second bank */
        spoil_table(dk_table_slots_at(g) / 8 + chance(world.daemon.desks[0].slots_used) * 16 + 1 + chance(15), 10000);
        break;
    case 3:
        spoil_table(dk_table_words_at() / 8 + chance(8), 1);
        break;
    case 4:
        spoil_table(dk_table_slots_at(g) / 8 + chance(world.daemon.desks[0].slots_used) * 16 + 1, 9999);
        break;
    default:
        if (world.seat_view[0][seat] == NULL)
            return;
        scribble_seat(0, seat, chance(2) ? chance(dk_lines_at() / 8) : dk_lines_at() / 8 + 1 + chance(7),
                      chance(1 << 30));
        figures.flips++;
    }
}

/* A whole page zeroed, or put back as it was: each word of it is one scribble. */
static void spoil_page(void)
{
    size_t rows = dk_table_rows_at(&world.map[0].geometry) / 8, slots = dk_table_slots_at(&world.map[0].geometry) / 8;
    uint32_t seat = (uint32_t)chance(4), page = (uint32_t)chance(4);
    bool back = chance(2) == 0;
    uint64_t what = chance(3);
    for (size_t i = 0; i < 512; i++) {
        if (what == 0)
            scribble_table(0, rows + page * 512 + i, back ? old_rows[page * 512 + i] : 0);
        else if (what == 1 && i % 16 == 0)
            scribble_table(0, slots + page * 512 + i, back ? old_strict[page * 32 + i / 16] : 0);
        else if (what == 2 && i % 8 == 0 && world.seat_view[0][seat] != NULL)
            scribble_seat(0, seat, dk_lines_at() / 8 + i, back ? old_cursor[seat][i / 8] : 0);
    }
    figures.flips++;
}

static void remember(void)
{
    size_t rows = dk_table_rows_at(&world.map[0].geometry) / 8;
    for (size_t i = 0; i < SNAP_ROWS * DK_PLACES_PER_ROW; i++)
        old_rows[i] = table_word(0, rows + i);
    for (uint32_t slot = 0; slot < world.daemon.desks[0].slots_used; slot++)
        old_strict[slot] = table_word(0, dk_table_slots_at(&world.map[0].geometry) / 8 + slot * 16);
    for (uint32_t seat = 0; seat < SEATS_MAX; seat++)
        for (uint32_t line = 0; line < LINES && world.seat_view[0][seat] != NULL; line++)
            old_cursor[seat][line] = dk_load_relaxed(&dk_seat_line(world.seat_view[0][seat], line)->cursor);
}

/* ---- steps ---- */

static struct track *serving[SERIES_A + SERIES_B];

static struct track *any_series(uint32_t desk)
{
    return serving[desk == 0 ? chance(SERIES_A) : SERIES_A + chance(SERIES_B)];
}

static struct process *any_process(uint32_t desk)
{
    unsigned at = desk == 0 ? (unsigned)chance(PROCESSES - 2) : PROCESSES - 2 + (unsigned)chance(2);
    struct process *process = &world.processes[at];
    if (process->realm == NULL)
        process_start(process, desk);
    return process;
}

static void scribble_batch(void)
{
    struct track *victim = any_series(0);
    uint64_t fierce = chance(2) == 0 ? chance(3) + 1 : 0;
    for (uint64_t i = 0; i < fierce; i++)
        spoil_series(victim);
    for (uint64_t left = chance(8) + 2; left > 0; left--) {
        if (chance(3) == 0)
            spoil_cursor();
        else
            spoil_small();
    }
    if (chance(3000) == 0)
        spoil_page();
}

static void while_down(void)
{
    if (chance(2) == 0)
        for (uint64_t left = chance(4); left > 0; left--)
            spoil_series(any_series(0));
    scribble_batch();
    model_restart();
}

static void callers(void)
{
    for (uint64_t left = chance(3) + 1; left > 0; left--) {
        process_call(any_process(0), any_series(0));
        if (chance(3) == 0)
            process_call(any_process(1), any_series(1));
    }
}

static void deaths(void)
{
    for (unsigned i = 0; i < PROCESSES; i++)
        if (world.processes[i].realm != NULL && (world.processes[i].opened > 60 || chance(60) == 0)) {
            process_end(&world.processes[i], chance(4) != 0);
            if (chance(3) == 0)
                scribble_batch(); /* over what the dead left */
        }
    dk_reaper_tick(&world.daemon, true);
}

static void replace_fallen(void)
{
    for (unsigned i = 0; i < SERIES_A + SERIES_B; i++) {
        struct track *track = serving[i];
        if (track != NULL && !track->quarantined && track->stored.mark < NUMBERS_MAX)
            continue;
        serving[i] =
            docketd_add_series(i >= SERIES_A, chance(3) == 0, chance(4) == 0 ? 16 : 16 + (uint32_t)chance(200));
        docketd_turn();
    }
}

/* Everything dirty is looked at. */
static void look(void)
{
    world.late = false;
    for (unsigned i = 0; i < SERIES_A + SERIES_B; i++) {
        struct dk_series_book *series = docketd_book(serving[i]);
        if (serving[i]->unseen && series->bank[0] != NULL)
            dk_keeper_ask(series->bank[0]);
    }
    docketd_turn();
}

static void step(void)
{
    figures.steps++;
    world.now_ns += (int64_t)chance(20) * DK_MILLISECOND_NS;
    if (chance(40) == 0)
        remember();
    if (chance(8) == 0) {
        world.late = true; /* plans wait for their commit while words change */
        docketd_turn();
    }
    scribble_batch();
    if (chance(3) == 0)
        callers();
    look();
    replace_fallen();
    callers();
    if (chance(4) == 0)
        deaths();
    if (chance(150) == 0) {
        if (chance(3) == 0) {
            world.late = chance(2) == 0; /* its last plans wait for their commit */
            docketd_stop();
            scribble_batch();
            world.late = false;
            docketd_turn();
            figures.stops++;
        }
        docketd_restart(while_down);
    }
    docketd_turn();
}

/* ---- the end of a world: every number of a clean series is where it belongs ---- */

static uint64_t free_numbers;

static void count_free(const struct track *track)
{
    free_numbers = 0;
    uint32_t row = dk_load32_relaxed(&dk_desk_slot(&world.map[track->desk], track->slot)->bank[0].row);
    for (; row != 0; row = dk_load32_relaxed(&dk_desk_row(&world.map[track->desk], row - 1)->next))
        for (int i = 0; i < DK_PLACES_PER_ROW; i++) {
            uint64_t word = dk_load_relaxed(&dk_table_row(&world.map[track->desk], row - 1)->claim[i]);
            if (word >> 62 == DK_OWNED)
                found("%s: nobody lives and a place is still claimed", track->name);
            if (word >> 62 == DK_FREE)
                free_numbers += dk_place_read(&dk_desk_row(&world.map[track->desk], row - 1)->place[i]).size;
        }
}

static void account(struct track *track)
{
    uint64_t first = track->stored.extent_first, handed = 0, spare = 0, lost = 0;
    uint64_t end = dk_load_relaxed(&dk_desk_slot(&world.map[track->desk], track->slot)->bank[0].limit);
    for (uint64_t number = first; number < track->room; number++)
        handed += track->numbers[number] & HANDED;
    for (uint32_t i = 0; i < track->stored.spare_count; i++) {
        struct dk_range range = track->stored.spares[i];
        spare += range.last - range.first + 1;
        for (uint64_t number = range.first; number <= range.last && number < track->room; number++)
            if ((track->numbers[number] & (HANDED | MAY_REPEAT)) == HANDED)
                found("%s: %llu was given and lies spare", track->name, (unsigned long long)number);
    }
    for (size_t i = 0; i < track->lost_count; i++)
        lost += track->lost[i].last - track->lost[i].first + 1;
    if (track->scribbled || track->cursor_hit)
        return;
    count_free(track);
    if (handed + spare + lost + free_numbers != end - first)
        found("%s: %llu numbers were laid; %llu given, %llu spare, %llu free, %llu unknown", track->name,
              (unsigned long long)(end - first), (unsigned long long)handed, (unsigned long long)spare,
              (unsigned long long)free_numbers, (unsigned long long)lost);
}

static void end_world(void)
{
    look();
    for (unsigned i = 0; i < PROCESSES; i++)
        if (world.processes[i].realm != NULL)
            process_end(&world.processes[i], chance(2) == 0);
    for (int i = 0; i < 4; i++) {
        dk_reaper_tick(&world.daemon, true);
        docketd_turn();
    }
    for (uint32_t id = 1; id <= world.track_count; id++)
        if (!world.tracks[id].strict && !world.tracks[id].quarantined)
            account(&world.tracks[id]);
    docketd_end();
}

static void play_world(uint64_t number, uint64_t flips)
{
    int runtime = world.daemon.runtime_fd;
    memset(&world, 0, sizeof world);
    world.daemon.runtime_fd = runtime;
    memset(serving, 0, sizeof serving);
    figures.worlds = number;
    figures.steps = 0;
    world.chance = ((seed << 32) + number) * 0x9e3779b97f4a7c15ull | 1;
    docketd_begin();
    replace_fallen();
    remember();
    while (world.daemon.desks[0].slots_used + SERIES_A < SLOTS_MAX && world.daemon.desks[0].rows_used + 64 < ROWS_MAX &&
           world.daemon.desks[1].slots_used + SERIES_B < 64 && figures.flips < flips) {
        alarm(20);
        step();
    }
    end_world();
}

int main(int argc, char **argv)
{
    if (argc < 4 || (world.daemon.runtime_fd = open(argv[3], O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
        fprintf(stderr, "scribble FLIPS SEED FOLDER [WORLD]\n");
        return 2;
    }
    uint64_t flips = strtoull(argv[1], NULL, 10), number = 0;
    seed = strtoull(argv[2], NULL, 10);
    for (int i = 0; i < 5; i++)
        signal((int[]){SIGSEGV, SIGBUS, SIGABRT, SIGALRM, SIGFPE}[i], died);
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    if (argc > 4) {
        play_world(strtoull(argv[4], NULL, 10), UINT64_MAX);
        number = 1;
    }
    while (figures.flips < flips && argc <= 4)
        play_world(++number, flips);
    printf("flips %llu\nworlds %llu\nlooks %llu\ntakes %llu\nnoticed %llu\nharmless %llu\nrepeats %llu\nkills %llu\n"
           "restarts %llu\nstops %llu\nwaits %llu\nseries %llu\nattaches %llu\nfound 0\n",
           (unsigned long long)figures.flips, (unsigned long long)number, (unsigned long long)figures.looks,
           (unsigned long long)figures.takes, (unsigned long long)figures.noticed,
           (unsigned long long)figures.harmless, (unsigned long long)figures.repeats,
           (unsigned long long)figures.kills, (unsigned long long)figures.restarts, (unsigned long long)figures.stops,
           (unsigned long long)figures.waits, (unsigned long long)figures.series,
           (unsigned long long)figures.attaches);
    return 0;
}
