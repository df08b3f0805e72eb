/* SPDX-License-Identifier: MIT */
/*
 * docket-power-errand: plays what the recorder (power_shim.so) wrote down, cuts the power
 * in operations behind FROM, and lays what the disk may then hold, image by image.
 *
 *     docket-power-errand LOG FOLDER FROM IMAGES SEED
 *
 * An image lies in FOLDER/realm and FOLDER/other. Of each a line is printed ("operation 17, one
 * dropped"), and the next is laid when a line is read: whoever reads judges. At last: "end".
 */
#include "power_disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { ALL, NONE, DROPPED, ALONE, PREFIX, TORN, SOME, KINDS };

static uint64_t state;
static unsigned char choice[POWER_PENDING_MAX];

static uint32_t below(uint32_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % limit;
}

static void die(const char *what)
{
    fprintf(stderr, "docket-power-errand: %s\n", what);
    exit(2);
}

static bool is_there(const struct power_disk *disk, enum kind kind, size_t at, size_t one, unsigned char *sectors)
{
    *sectors = POWER_WHOLE;
    switch (kind) {
    case NONE: return false;
    case DROPPED: return at != one;
    case ALONE: return at == one;
    case PREFIX: return at < one;
    case TORN:
        if (at == one && power_disk_is_write(disk, at))
            *sectors = (unsigned char)((1u << below(8)) - 1u);
        return true;
    case SOME:
        if (power_disk_is_write(disk, at) && below(4) == 0)
            *sectors = (unsigned char)below(256);
        return below(2) == 0;
    default: return true;
    }
}

static void one_image(struct power_disk *disk, const char *folder, uint64_t operation)
{
    static const char *const names[KINDS] = {"all", "nothing", "one dropped", "one alone", "a prefix", "one torn", "some"};
    char line[64];
    size_t count = power_disk_pending(disk), one = count > 0 ? below((uint32_t)count) : 0;
    enum kind kind = count > 0 ? (enum kind)below(KINDS) : ALL;
    for (size_t at = 0; at < count; at++) {
        unsigned char sectors;
        choice[at] = is_there(disk, kind, at, one, &sectors) ? sectors : 0;
    }
    power_disk_lay(disk, choice, folder);
    printf("operation %llu, of %zu unsynced things %s\n", (unsigned long long)operation, count, names[kind]);
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL)
        exit(3);
}

struct play {
    const char *log;
    size_t bytes;
    uint64_t from, images, points;
};

static bool record_at(const struct play *play, size_t at, struct power_record *record, const char **bytes)
{
    if (at + sizeof *record > play->bytes)
        return false;
    memcpy(record, play->log + at, sizeof *record);
    *bytes = play->log + at + sizeof *record;
    return at + sizeof *record + record->bytes <= play->bytes;
}

static bool is_point(const struct play *play, const struct power_record *record)
{
    return record->kind != POWER_ROOT && record->number > play->from;
}

static void run(struct play *play, const char *folder)
{
    struct power_disk *disk = power_disk_new();
    struct power_record record;
    const char *bytes;
    uint64_t laid = 0, point = 0;
    for (size_t at = 0; record_at(play, at, &record, &bytes); at += sizeof record + record.bytes) {
        power_disk_begin(disk, &record, bytes);
        if (record.kind == POWER_ROOT)
            continue;
        if (is_point(play, &record)) {
            point++;
            for (; laid * play->points < point * play->images; laid++)
                one_image(disk, folder, record.number);
        }
        power_disk_end(disk, &record);
    }
}

int main(int count, char **words)
{
    struct play play = {0};
    struct power_record record;
    const char *bytes;
    struct stat facts;
    if (count != 6)
        return 2;
    int fd = open(words[1], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0 || facts.st_size == 0)
        die("there is no log");
    play.bytes = (size_t)facts.st_size;
    play.log = mmap(NULL, play.bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (play.log == MAP_FAILED)
        die("cannot map the log");
    play.from = strtoull(words[3], NULL, 10);
    play.images = strtoull(words[4], NULL, 10);
    state = strtoull(words[5], NULL, 10) * 2 + 1;
    for (size_t at = 0; record_at(&play, at, &record, &bytes); at += sizeof record + record.bytes)
        play.points += is_point(&play, &record);
    if (play.points == 0)
        die("nothing was written behind that operation");
    run(&play, words[2]);
    printf("end\n");
    return 0;
}
