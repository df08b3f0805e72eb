/* SPDX-License-Identifier: MIT */
/* power_numbers: see power_numbers.h. */
#include "power_numbers.h"

#include "../lib/worklog.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 40 }; /* the largest of power_take.c */

struct power_line {
    uint64_t number, stamp;
    unsigned thread;
    int32_t period;
    uint16_t series, block;
};

static void die(const char *what)
{
    fprintf(stderr, "power_numbers: %s\n", what);
    exit(2);
}

static int by_stamp(const void *a, const void *b)
{
    const struct power_line *left = a, *right = b;
    if (left->stamp != right->stamp)
        return left->stamp < right->stamp ? -1 : 1;
    if (left->thread != right->thread)
        return left->thread < right->thread ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

static struct power_counter *counter_of(struct power_numbers *numbers, unsigned series, int32_t period)
{
    for (unsigned at = 0; at < numbers->counter_count; at++)
        if (numbers->counters[at].series == series && numbers->counters[at].period == period)
            return &numbers->counters[at];
    if (numbers->counter_count == POWER_COUNTERS)
        die("too many counters");
    struct power_counter *made = &numbers->counters[numbers->counter_count++];
    made->series = series;
    made->period = period;
    return made;
}

const struct power_counter *power_numbers_find(const struct power_numbers *numbers, unsigned series, int32_t period)
{
    for (unsigned at = 0; at < numbers->counter_count; at++)
        if (numbers->counters[at].series == series && numbers->counters[at].period == period)
            return &numbers->counters[at];
    return NULL;
}

static unsigned char *mark_of(struct power_counter *counter, uint64_t number)
{
    if (number >= counter->room) {
        uint64_t room = number * 2 + 64;
        counter->out = realloc(counter->out, room);
        if (!counter->out)
            die("out of memory");
        memset(counter->out + counter->room, 0, room - counter->room);
        counter->room = room;
    }
    return &counter->out[number];
}

static bool load_file(struct power_numbers *numbers, const char *path, size_t *room)
{
    struct power_taken some[1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;
    if (fd < 0)
        return false;
    bool more = true;
    while (more && (got = read(fd, some, sizeof some)) > 0) {
        for (size_t at = 0; more && at < (size_t)got / sizeof some[0]; at++) {
            uint64_t number = atomic_load(&some[at].number);
            more = number != 0;
            if (!more)
                break;
            if (numbers->count == *room) {
                *room = *room * 2 + 4096;
                numbers->lines = realloc(numbers->lines, *room * sizeof *numbers->lines);
                if (!numbers->lines)
                    die("out of memory");
            }
            numbers->lines[numbers->count++] = (struct power_line){
                number, some[at].stamp, numbers->threads, some[at].period, some[at].series, some[at].block};
        }
    }
    close(fd);
    numbers->threads++;
    return true;
}

/* A number that was given twice while nothing was cut at all. */
static void count_duplicates(struct power_numbers *numbers)
{
    for (uint64_t at = 0; at < numbers->count; at++) {
        const struct power_line *line = &numbers->lines[at];
        unsigned char *mark = mark_of(counter_of(numbers, line->series, line->period), line->number);
        numbers->duplicates += *mark;
        *mark = 1;
    }
    for (unsigned at = 0; at < numbers->counter_count; at++)
        memset(numbers->counters[at].out, 0, numbers->counters[at].room);
}

void power_numbers_load(struct power_numbers *numbers, char *const *prefixes, unsigned count)
{
    size_t room = 0;
    for (unsigned at = 0; at < count; at++) {
        char path[1024];
        unsigned thread = 0;
        do
            snprintf(path, sizeof path, "%s.%u", prefixes[at], thread++);
        while (load_file(numbers, path, &room));
    }
    if (numbers->count == 0)
        die("nobody took a number");
    qsort(numbers->lines, numbers->count, sizeof *numbers->lines, by_stamp);
    count_duplicates(numbers);
}

void power_numbers_advance(struct power_numbers *numbers, uint64_t stamp)
{
    while (numbers->at < numbers->count && numbers->lines[numbers->at].stamp <= stamp) {
        const struct power_line *line = &numbers->lines[numbers->at++];
        struct power_counter *counter = counter_of(numbers, line->series, line->period);
        *mark_of(counter, line->number) = 1;
        if (line->number > counter->highest)
            counter->highest = line->number;
        numbers->out++;
    }
}

bool power_numbers_meets(const struct power_counter *counter, uint64_t first, uint64_t last)
{
    if (last > counter->highest)
        last = counter->highest;
    return first <= last && memchr(counter->out + first, 1, last - first + 1) != NULL;
}

static void write_log(const struct power_numbers *numbers, const char *folder, const char *name, unsigned series,
                      unsigned thread, uint32_t step)
{
    struct worklog log;
    char id[32], tenant[64];
    const char *slash = strchr(name, '/');
    snprintf(id, sizeof id, "t%u", thread);
    snprintf(tenant, sizeof tenant, "%.*s", (int)(slash - name), name);
    if (worklog_open(&log, folder, id, tenant, slash + 1, step, 1) != 0)
        die("cannot write a log");
    for (size_t at = 0; at < numbers->at; at++) {
        const struct power_line *line = &numbers->lines[at];
        if (line->thread == thread && line->series == series &&
            worklog_add(&log, line->number, line->period, line->block ? WORKLOG_BLOCK : WORKLOG_NEXT) != 0)
            die("cannot write a log");
    }
    worklog_drop(&log); /* unclosed: the thread was cut */
}

void power_numbers_write(const struct power_numbers *numbers, const char *folder, char *const *names, unsigned count,
                         const bool *strict)
{
    for (unsigned series = 0; series < count; series++)
        for (unsigned thread = 0; thread < numbers->threads; thread++)
            write_log(numbers, folder, names[series], series, thread, strict[series] ? BLOCK : 1);
}
