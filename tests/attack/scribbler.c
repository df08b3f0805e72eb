/* SPDX-License-Identifier: MIT */
/*
 * scribbler: a member of a desk that writes where it may not, for real.
 * `scribbler PHASE FOLDER DESK SECONDS SEED`, PHASE one of
 *   flips   bits and words of the table and of every seat
 *   holes   pages of both are punched out
 *   unlink  the files lose their names
 *   cut     the files are cut short, in the end to nothing
 * Ends with the figure "flips N" or "cuts N".
 */
#include "table/desk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SEATS = 64, ROWS_HIT = 64, SLOTS_HIT = 64, LINES_HIT = 8 };

static int folder;
static unsigned desk;
static uint64_t state;
static uint8_t *table, *seats[SEATS];
static size_t table_bytes, seat_bytes[SEATS];
static struct dk_geometry geometry;

static uint64_t chance(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % below;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int open_one(const char *kind, int seat)
{
    char name[48];
    if (seat < 0)
        snprintf(name, sizeof name, "%s-%u", kind, desk);
    else
        snprintf(name, sizeof name, "%s-%u-%d", kind, desk, seat);
    return openat(folder, name, O_RDWR | O_CLOEXEC);
}

static uint8_t *map_one(const char *kind, int seat, size_t *bytes)
{
    struct stat facts;
    int fd = open_one(kind, seat);
    void *mapped = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &facts) == 0 && facts.st_size >= DK_PAGE) {
        *bytes = (size_t)facts.st_size;
        mapped = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    return mapped == MAP_FAILED ? NULL : mapped;
}

static bool map_all(void)
{
    table = map_one("table", -1, &table_bytes);
    for (int i = 0; i < SEATS; i++)
        seats[i] = map_one("seat", i, &seat_bytes[i]);
    if (table == NULL)
        return false;
    const struct shared_header *header = (const void *)table;
    geometry = (struct dk_geometry){header->slots_max, header->rows_max, header->seats_max, header->lines_per_seat};
    return true;
}

static dk_word *any_table_word(void)
{
    size_t slots = dk_table_slots_at(&geometry), rows = dk_table_rows_at(&geometry), at;
    switch (chance(6)) {
    case 0:
        at = dk_want_bits_at(&geometry) + 8 * chance(SLOTS_HIT / 64);
        break;
    case 1:
        at = dk_want_summary_at();
        break;
    case 2:
        at = dk_table_words_at() + 8 * chance(8);
        break;
    case 3:
        at = slots + 8 * chance(SLOTS_HIT * sizeof(struct shared_table_slot) / 8);
        break;
    case 4:
        at = chance(50) == 0 ? 8 * chance(sizeof(struct shared_header) / 8) : slots + 128 * chance(SLOTS_HIT);
        break;
    default:
        at = rows + 8 * chance(ROWS_HIT * DK_PLACES_PER_ROW);
    }
    return (dk_word *)(void *)(table + at);
}

static dk_word *any_word(void)
{
    int seat = (int)chance(4);
    if (chance(3) != 0 || seats[seat] == NULL)
        return any_table_word();
    size_t at = chance(4) == 0 ? 8 * chance(DK_PAGE / 8) : dk_lines_at() + 64 * chance(LINES_HIT);
    return (dk_word *)(void *)(seats[seat] + at);
}

static uint64_t flip(double end_s)
{
    uint64_t count = 0, old = 0;
    while (now_s() < end_s) {
        for (int i = 0; i < 20; i++, count++) {
            dk_word *word = any_word();
            uint64_t now = dk_load_relaxed(word);
            uint64_t kind = chance(8);
            dk_store_relaxed(word, kind == 0 ? 0 : kind == 1 ? old : kind == 2 ? now + 1 : now ^ 1ull << chance(64));
            old = now;
        }
        nanosleep(&(struct timespec){.tv_nsec = 200000 + (long)chance(2000000)}, NULL);
    }
    return count;
}

static uint64_t punch(double end_s)
{
    uint64_t count = 0;
    while (now_s() < end_s) {
        bool of_table = chance(2) == 0;
        int fd = open_one(of_table ? "table" : "seat", of_table ? -1 : (int)chance(4));
        off_t pages = of_table ? (off_t)(dk_table_rows_at(&geometry) / DK_PAGE + 2) : 2;
        off_t page = of_table && chance(2) == 0 ? pages - 2 : (off_t)chance((uint64_t)pages); /* the first of the rows */
        if (fd >= 0 && fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, page * DK_PAGE, DK_PAGE) == 0)
            count++;
        if (fd >= 0)
            close(fd);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return count;
}

static uint64_t each_file(bool cut, double end_s)
{
    uint64_t count = 0;
    char name[48];
    for (int i = SEATS - 1; i >= -1; i--) {
        snprintf(name, sizeof name, i < 0 ? "table-%u" : "seat-%u-%d", desk, i);
        int fd = openat(folder, name, O_RDWR | O_CLOEXEC);
        if (fd < 0)
            continue;
        if (!cut)
            count += unlinkat(folder, name, 0) == 0;
        else
            for (off_t bytes = i < 0 ? (off_t)dk_table_rows_at(&geometry) : 0; bytes > 0 && now_s() < end_s; bytes /= 2) {
                count += ftruncate(fd, bytes) == 0;
                nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
            }
        if (cut)
            count += ftruncate(fd, 0) == 0;
        close(fd);
    }
    return count;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return fprintf(stderr, "scribbler flips|holes|unlink|cut FOLDER DESK SECONDS SEED\n"), 2;
    folder = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    desk = (unsigned)strtoul(argv[3], NULL, 10);
    state = strtoull(argv[5], NULL, 10) * 0x9e3779b97f4a7c15ull | 1;
    double end_s = now_s() + strtod(argv[4], NULL);
    if (folder < 0 || (!map_all() && strcmp(argv[1], "unlink") != 0))
        return fprintf(stderr, "scribbler: no table of desk %u in %s\n", desk, argv[2]), 2;
    uint64_t count = strcmp(argv[1], "flips") == 0    ? flip(end_s)
                     : strcmp(argv[1], "holes") == 0  ? punch(end_s)
                     : strcmp(argv[1], "unlink") == 0 ? each_file(false, end_s)
                                                      : each_file(true, end_s);
    printf("%s %llu\n", argv[1], (unsigned long long)count);
    return 0;
}
