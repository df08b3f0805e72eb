/* SPDX-License-Identifier: MIT */
/*
 * docket-clocks: a worker for moving clocks. One thread takes from all series in
 * turn, logs each number, and judges each document number by itself: the date
 * in the text lies in the period that came with it, and the digits are the
 * number. It says "period SERIES LABEL NUMBER" when a series' period changes.
 *
 *   docket-clocks REALM LOGS ID T/S[,T/S...] MODE COUNT [STOP-FILE]
 *
 * MODE: next, text, block (texts of blocks of 20, a third of them given back
 * early), or late (half of a block before the stop file comes, half behind it). COUNT numbers (0: no end), then it waits for the stop file if there is
 * one. Series' texts are NAME-YYYYMMDD-N.
 * Exit: 0 done, 1 something was wrong, 2 usage.
 */
#include "docket.h"
#include "../lib/worklog.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SERIES_MAX = 8, BLOCK = 20 };

struct source {
    char tenant[DOCKET_NAME_MAX + 1], name[DOCKET_NAME_MAX + 1];
    docket_series *series;
    docket_block *block;
    struct worklog log;
    int32_t period; /* last seen; -1 none */
    bool strict;
};

static struct source sources[SERIES_MAX];
static unsigned source_count;
static uint64_t taken, refused, order_hash = 14695981039346656037u;
static const char *stop_file;

static bool complain(const struct source *source, const char *what, const char *reason)
{
    fprintf(stderr, "docket-clocks: %s: %s: %s\n", source->name, what, reason);
    return false;
}

static bool stopped(void)
{
    return stop_file != NULL && access(stop_file, F_OK) == 0;
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

/* May be tried again. */
static bool again(const struct source *source, const char *what, docket_status status)
{
    if (!docket_status_retryable(status)) {
        fprintf(stderr, "docket-clocks: %s: ", docket_status_name(status));
        return complain(source, what, docket_last_error());
    }
    refused++;
    pause_ms(2);
    return true;
}

static bool text_is_right(const struct source *source, const char *text, uint64_t number, int32_t period)
{
    size_t length = strlen(source->name);
    char reason[256], *end = NULL;
    long date = strncmp(text, source->name, length) == 0 && text[length] == '-' ? strtol(text + length + 1, &end, 10) : 0;
    bool right = end != NULL && *end == '-' && date >= 19700101 && date <= 99991231 &&
                 strtoull(end + 1, NULL, 10) == number;
    int32_t label = (int32_t)(period >= 10000000 ? date : period >= 100000 ? date / 100 : period > 0 ? date / 10000 : 0);
    if (right && label == period)
        return true;
    snprintf(reason, sizeof reason, "\"%.100s\" for number %llu of period %d", text, (unsigned long long)number, period);
    return complain(source, "a wrong text", reason);
}

static bool keep(struct source *source, uint64_t number, int32_t period, const char *text, enum worklog_kind kind)
{
    if (text[0] != 0 && !text_is_right(source, text, number, period))
        return false;
    if (worklog_add(&source->log, number, period, kind) != 0)
        return complain(source, "log", "full");
    if (source->strict) /* a leased block may come before a lower one that was laid meanwhile */
        order_hash = (order_hash ^ number ^ ((uint64_t)(uint32_t)period << 40)) * 1099511628211u;
    if (source->period != period) {
        printf("period %s %d %llu\n", source->name, period, (unsigned long long)number);
        source->period = period;
    }
    taken++;
    return true;
}

static bool take_single(struct source *source, bool with_text)
{
    char text[DOCKET_TEXT_MAX] = "";
    uint64_t number;
    int32_t period;
    docket_status status = with_text
                               ? docket_next_text(source->series, 200000000, text, sizeof text, &number, &period)
                               : docket_next(source->series, 200000000, &number, &period);
    return status == DOCKET_OK ? keep(source, number, period, text, WORKLOG_NEXT) : again(source, "next", status);
}

/* Gives the block back; what a strict series cannot take back may be void, or
 * stay handed out when its period is over: excused. */
static bool drop_block(struct source *source)
{
    uint32_t left = 0, returned = 0;
    if (source->block == NULL)
        return true;
    docket_status status = docket_block_show(source->block, NULL, &left, NULL);
    if (status == DOCKET_OK)
        status = docket_block_give_back(source->block, &returned);
    source->block = NULL;
    if (source->strict && returned < left && worklog_excuse(&source->log, left - returned) != 0)
        return complain(source, "log", "cannot be written");
    return status == DOCKET_OK || again(source, "give_back", status);
}

static bool take_from_block(struct source *source)
{
    char text[DOCKET_TEXT_MAX];
    uint64_t number;
    uint32_t left = 0;
    int32_t period;
    if (source->block == NULL) {
        docket_status status = docket_block_open(source->series, BLOCK, 200000000, &source->block);
        if (status != DOCKET_OK)
            source->block = NULL;
        return status == DOCKET_OK || again(source, "block_open", status);
    }
    docket_status status = docket_block_show(source->block, NULL, &left, &period);
    if (status == DOCKET_OK && (left == 0 || (taken % 3 == 0 && left < BLOCK / 3)))
        return drop_block(source);
    if (status == DOCKET_OK)
        status = docket_block_next_text(source->block, text, sizeof text, &number);
    return status == DOCKET_OK ? keep(source, number, period, text, WORKLOG_BLOCK)
                               : again(source, "block_next", status);
}

/* Of a block that was opened in one period and is used in another, long gone
 * or not yet come: the texts stay of its own, and every call is served. */
static bool run_late(void)
{
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned i = 0; i < source_count; i++) {
            uint64_t until = taken + BLOCK / 4;
            while (taken < until) {
                uint64_t refused_before = refused;
                if (!take_from_block(&sources[i]))
                    return false;
                if (half > 0 && refused > refused_before)
                    return complain(&sources[i], "a block of another time", docket_last_error());
            }
        }
        if (half == 0)
            printf("taken %llu\n", (unsigned long long)taken);
        while (half == 0 && !stopped())
            pause_ms(5);
    }
    return true;
}

static bool open_sources(docket_realm *realm, const char *logs, const char *id, char *list, uint32_t step)
{
    char *rest = NULL;
    for (char *word = strtok_r(list, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        char *slash = strchr(word, '/');
        if (slash == NULL || source_count == SERIES_MAX)
            return false;
        *slash = 0;
        struct source *source = &sources[source_count++];
        snprintf(source->tenant, sizeof source->tenant, "%s", word);
        snprintf(source->name, sizeof source->name, "%s", slash + 1);
        source->period = -1;
        source->strict = slash[1] == 'S';
        docket_status status;
        while ((status = docket_series_open(realm, source->tenant, source->name, &source->series)) != DOCKET_OK)
            if (!again(source, "series_open", status) || stopped())
                return false;
        if (worklog_open(&source->log, logs, id, source->tenant, source->name, source->strict ? step : 1, 0) != 0)
            return complain(source, "log", "cannot be made");
    }
    return source_count > 0;
}

static bool run(const char *mode, uint64_t count)
{
    if (mode[0] == 'l')
        return run_late();
    for (unsigned i = 0; (count == 0 || taken < count) && (count > 0 || !stopped()); i++) {
        struct source *source = &sources[i % source_count];
        bool good = mode[0] == 'b' ? take_from_block(source) : take_single(source, mode[0] == 't');
        if (!good)
            return false;
        if (count == 0)
            pause_ms(1);
    }
    printf("taken %llu\n", (unsigned long long)taken);
    while (stop_file != NULL && !stopped())
        pause_ms(5);
    return true;
}

int main(int words_count, char **words)
{
    docket_realm *realm;
    if (words_count < 7) {
        fprintf(stderr, "usage: docket-clocks REALM LOGS ID T/S[,T/S...] next|text|block|late COUNT [STOP-FILE]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    stop_file = words_count > 7 && words[7][0] != 0 ? words[7] : NULL;
    if (docket_realm_open(words[1], &realm) != DOCKET_OK) {
        fprintf(stderr, "docket-clocks: %s\n", docket_last_error());
        return 1;
    }
    bool good = open_sources(realm, words[2], words[3], words[4], words[5][0] == 'b' || words[5][0] == 'l' ? BLOCK : 1) &&
                run(words[5], strtoull(words[6], NULL, 10));
    for (unsigned i = 0; i < source_count; i++) {
        good = drop_block(&sources[i]) && good;
        good = (sources[i].log.fd < 0 || worklog_close(&sources[i].log) == 0) && good;
    }
    docket_realm_close(realm);
    printf("order %016llx\nnumbers %llu\nrefused %llu\ngood %d\n", (unsigned long long)order_hash,
           (unsigned long long)taken, (unsigned long long)refused, good);
    return good ? 0 : 1;
}
