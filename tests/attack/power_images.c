/* SPDX-License-Identifier: MIT */
/*
 * docket-power-images: plays the recorded operations of docketd, cuts the power
 * in each, and judges what the disk may then hold.
 *
 *   docket-power-images LOG FOLDER IMAGES SEED LINES EVERY SAMPLES T/S... -- PREFIX...
 *
 * FOLDER gets the images, one after the other; IMAGES is how many are wanted;
 * LINES how many leases may be open at once; each EVERY-th image is also laid
 * into SAMPLES, with the logs for the auditor. JOBS processes share the work.
 */
#include "power_disk.h"
#include "power_judge.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS_MAX = 8, TRIED = 1 << 14, HANG_S = 60 };

struct play {
    const char *log;
    size_t log_bytes;
    const char *folder, *samples;
    uint64_t wanted, seed, every;
    unsigned job, jobs;
    struct power_disk *disk;
    struct power_numbers *numbers;
    struct power_judge judge;
    uint64_t points, point; /* operations in all, and this one */
    uint64_t laid;          /* images of all jobs so far */
    uint64_t random;
    uint64_t tried[TRIED]; /* choices of this point, by hash */
    unsigned char choice[POWER_PENDING_MAX];
};

static void die(const char *what)
{
    fprintf(stderr, "docket-power-images: %s\n", what);
    exit(2);
}

static uint32_t below(struct play *play, uint32_t limit)
{
    play->random = play->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(play->random >> 33) % limit;
}

/* ---- one image ---- */

/* False if this choice was there already at this point. */
static bool is_new(struct play *play, size_t count)
{
    uint64_t hash = 1469598103934665603u ^ play->point;
    for (size_t at = 0; at < count; at++)
        hash = (hash ^ play->choice[at]) * 1099511628211u;
    hash |= 1;
    for (unsigned turn = 0, at = (unsigned)(hash >> 20) % TRIED; turn < 32; turn++, at = (at + 1) % TRIED) {
        if (play->tried[at] == hash)
            return false;
        if (play->tried[at] == 0) {
            play->tried[at] = hash;
            return true;
        }
    }
    return true;
}

static void sample(struct play *play)
{
    char folder[512], logs[540];
    snprintf(folder, sizeof folder, "%s/%llu", play->samples, (unsigned long long)(play->laid / play->every));
    snprintf(logs, sizeof logs, "%s/logs", folder);
    if (mkdir(folder, 0700) != 0 || mkdir(logs, 0700) != 0)
        die("cannot make a sample");
    power_disk_lay(play->disk, play->choice, folder);
    power_numbers_write(play->numbers, logs, play->judge.names, play->judge.name_count, play->judge.strict);
}

static void image(struct play *play, const char *kind)
{
    char where[128];
    if (!is_new(play, power_disk_pending(play->disk)))
        return;
    if (play->laid++ % play->jobs != play->job)
        return;
    snprintf(where, sizeof where, "operation %llu, %s", (unsigned long long)play->point, kind);
    alarm(HANG_S);
    power_disk_lay(play->disk, play->choice, play->folder);
    power_judge(&play->judge, where);
    if ((play->laid - 1) % play->every == play->every / 2)
        sample(play);
}

/* ---- the choices of one point ---- */

enum { ALL, NONE, DROPPED, ALONE, PREFIX, TORN, KINDS };

static void systematic(struct play *play, size_t count, unsigned kind, size_t one)
{
    static const char *const names[KINDS] = {"all", "none", "one dropped", "one alone", "prefix", "one torn"};
    for (size_t at = 0; at < count; at++) {
        unsigned char whole = POWER_WHOLE;
        if (kind == NONE || (kind == DROPPED && at == one) || (kind == ALONE && at != one) ||
            (kind == PREFIX && at >= one))
            whole = 0;
        if (kind == TORN && at == one && power_disk_is_write(play->disk, at))
            whole = (unsigned char)((1u << below(play, 8)) - 1u);
        play->choice[at] = whole;
    }
    image(play, names[kind]);
}

static void at_random(struct play *play, size_t count)
{
    uint32_t share = 10 + below(play, 81), torn = below(play, 50);
    for (size_t at = 0; at < count; at++) {
        play->choice[at] = below(play, 100) < share ? POWER_WHOLE : 0;
        if (play->choice[at] && power_disk_is_write(play->disk, at) && below(play, 100) < torn)
            play->choice[at] = (unsigned char)below(play, 256);
    }
    image(play, "a random part");
}

static void cut_here(struct play *play)
{
    size_t count = power_disk_pending(play->disk);
    uint64_t before = play->laid, left = play->wanted > before ? play->wanted - before : 0;
    uint64_t quota = left / (play->points - play->point + 1) + 1;
    memset(play->tried, 0, sizeof play->tried);
    systematic(play, count, ALL, 0);
    if (count == 0)
        return;
    systematic(play, count, NONE, 0);
    if (2 + 4 * count <= quota) {
        for (unsigned kind = DROPPED; kind < KINDS; kind++)
            for (size_t one = 0; one < count; one++)
                systematic(play, count, kind, one);
    } else {
        for (uint64_t turn = 0; turn < quota / 2 && play->laid - before < quota; turn++)
            systematic(play, count, DROPPED + below(play, KINDS - DROPPED), below(play, (uint32_t)count));
    }
    for (uint64_t turn = 0; turn < 2 * quota && play->laid - before < quota; turn++)
        at_random(play, count);
}

/* ---- all of them ---- */

static const struct power_record *record_at(const struct play *play, size_t at, const char **bytes)
{
    static struct power_record record; /* copied: the log is not aligned */
    if (at + sizeof record > play->log_bytes)
        return NULL;
    memcpy(&record, play->log + at, sizeof record);
    *bytes = play->log + at + sizeof record;
    return at + sizeof record + record.bytes <= play->log_bytes ? &record : NULL;
}

static void run(struct play *play)
{
    const struct power_record *record;
    const char *bytes;
    play->random = play->seed * 2 + 1;
    for (size_t at = 0; (record = record_at(play, at, &bytes)) != NULL; at += sizeof *record + record->bytes) {
        if (record->kind == POWER_ROOT) {
            play->judge.other = play->judge.other || record->offset == 1;
            power_disk_begin(play->disk, record, bytes);
            continue;
        }
        play->point++;
        power_disk_begin(play->disk, record, bytes);
        power_numbers_advance(play->numbers, 2 * record->number - 1);
        cut_here(play);
        power_disk_end(play->disk, record);
    }
    power_numbers_advance(play->numbers, UINT64_MAX);
    play->point++;
    cut_here(play);
}

static uint64_t count_points(const struct play *play)
{
    const struct power_record *record;
    const char *bytes;
    uint64_t points = 1;
    for (size_t at = 0; (record = record_at(play, at, &bytes)) != NULL; at += sizeof *record + record->bytes)
        points += record->kind != POWER_ROOT;
    return points;
}

static void map_log(struct play *play, const char *path)
{
    struct stat facts;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &facts) != 0 || facts.st_size == 0)
        die("there is no log");
    play->log_bytes = (size_t)facts.st_size;
    play->log = mmap(NULL, play->log_bytes, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (play->log == MAP_FAILED)
        die("cannot map the log");
}

static pid_t start_job(struct play *play, unsigned job, struct power_counts *counts)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    static char folder[512];
    snprintf(folder, sizeof folder, "%s/%u", play->folder, job);
    if (mkdir(folder, 0700) != 0)
        die("cannot make a folder for the images");
    play->folder = play->judge.folder = folder;
    play->job = job;
    play->judge.counts = counts;
    run(play);
    _exit(0);
}

static void add_up(struct power_counts *sum, const struct power_counts *one)
{
    sum->images += one->images;
    sum->stale += one->stale;
    sum->again += one->again;
    sum->unreadable += one->unreadable;
    sum->empty += one->empty;
    sum->loose += one->loose;
    sum->served += one->served;
    if (one->widest > sum->widest)
        sum->widest = one->widest;
    if (!sum->first[0])
        memcpy(sum->first, one->first, sizeof sum->first);
}

int main(int count, char **words)
{
    static struct play play;
    static struct power_numbers numbers;
    unsigned names = 0, crashed = 0;
    if (count < 11)
        return 2;
    map_log(&play, words[1]);
    play.folder = words[2];
    play.wanted = strtoull(words[3], NULL, 10);
    play.seed = strtoull(words[4], NULL, 10);
    play.judge.lines = (unsigned)atoi(words[5]);
    play.every = strtoull(words[6], NULL, 10);
    play.samples = words[7];
    while (8 + (int)names < count && strcmp(words[8 + names], "--") != 0)
        names++;
    play.judge.names = words + 8;
    play.judge.name_count = names;
    power_numbers_load(&numbers, words + 9 + names, (unsigned)count - 9 - names);
    play.numbers = &numbers;
    play.judge.numbers = &numbers;
    play.disk = power_disk_new();
    play.points = count_points(&play);
    const char *jobs = getenv("JOBS");
    play.jobs = jobs && atoi(jobs) > 0 && atoi(jobs) <= JOBS_MAX ? (unsigned)atoi(jobs) : 2;
    struct power_counts *counts = mmap(NULL, JOBS_MAX * sizeof *counts, PROT_READ | PROT_WRITE,
                                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        die("out of memory");
    pid_t children[JOBS_MAX];
    for (unsigned job = 0; job < play.jobs; job++)
        children[job] = start_job(&play, job, &counts[job]);
    struct power_counts sum = {0};
    for (unsigned job = 0; job < play.jobs; job++) {
        int status;
        waitpid(children[job], &status, 0);
        crashed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        add_up(&sum, &counts[job]);
    }
    printf("operations %llu\nnumbers %llu\nduplicates %llu\nimages %llu\nserved %llu\nstale %llu\nagain %llu\n"
           "unreadable %llu\nempty %llu\nloose %llu\nwidest %llu\ncrashed %u\n",
           (unsigned long long)play.points - 1, (unsigned long long)numbers.count,
           (unsigned long long)numbers.duplicates, (unsigned long long)sum.images, (unsigned long long)sum.served,
           (unsigned long long)sum.stale, (unsigned long long)sum.again, (unsigned long long)sum.unreadable,
           (unsigned long long)sum.empty, (unsigned long long)sum.loose, (unsigned long long)sum.widest, crashed);
    if (sum.first[0])
        printf("first %s\n", sum.first);
    return 0;
}
