/* SPDX-License-Identifier: MIT */
/*
 * scale_use: very many series, each used once a second.
 *
 *     scale_use REALM FIRST COUNT SECONDS [strict]
 *
 * Opens the series tN/S, N from FIRST to FIRST + COUNT - 1, takes a number of each, then for
 * SECONDS one of each in every second, evenly spread. No number of a series may come twice;
 * with "strict" each must be one more than the one before, as nobody else may use them. One
 * JSON line at the end; ends with 1 if a number is wrong or missing.
 */
#include "docket.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SLICES = 1000 }; /* of a second */

struct used {
    docket_series *series;
    uint64_t *numbers; /* in the order in which they came */
    uint32_t got;
};

static struct used *all;
static uint64_t count, taken, failed, late_ns_max, wait_ns_max;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void give_up(const char *what, uint64_t at)
{
    fprintf(stderr, "scale_use: cannot %s of t%llu/S: %s\n", what, (unsigned long long)at, docket_last_error());
    exit(1);
}

static void take_one(struct used *used)
{
    uint64_t number;
    if (docket_next(used->series, 30 * 1000000000ll, &number, NULL) != DOCKET_OK) {
        if (failed++ < 5)
            fprintf(stderr, "scale_use: %s\n", docket_last_error());
        return;
    }
    taken++;
    used->numbers[used->got++] = number;
}

static void take_slice(uint64_t slice)
{
    uint64_t from = count * slice / SLICES, to = count * (slice + 1) / SLICES;
    for (uint64_t i = from; i < to; i++) {
        int64_t began_ns = now_ns();
        take_one(&all[i]);
        uint64_t took_ns = (uint64_t)(now_ns() - began_ns);
        if (took_ns > wait_ns_max)
            wait_ns_max = took_ns;
    }
}

static void use(int64_t seconds)
{
    int64_t began_ns = now_ns();
    for (int64_t slice = 0; slice < seconds * SLICES; slice++) {
        int64_t due_ns = began_ns + slice * (1000000000 / SLICES);
        struct timespec due = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
        if (due_ns > now_ns())
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        int64_t late_ns = now_ns() - due_ns;
        if (late_ns > 0 && (uint64_t)late_ns > late_ns_max)
            late_ns_max = (uint64_t)late_ns;
        take_slice((uint64_t)slice % SLICES);
    }
}

/* ---- afterwards ---- */

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

/* Series with a number that is wrong. */
static uint64_t count_wrong(bool strict)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct used *used = &all[i];
        bool right = true;
        if (!strict)
            qsort(used->numbers, used->got, sizeof *used->numbers, compare);
        for (uint32_t n = 1; n < used->got; n++)
            right = right && (strict ? used->numbers[n] == used->numbers[n - 1] + 1 : used->numbers[n] > used->numbers[n - 1]);
        wrong += !right;
    }
    return wrong;
}

static void prepare(int64_t seconds)
{
    size_t each = (size_t)seconds + 1;
    all = calloc(count ? count : 1, sizeof *all);
    uint64_t *numbers = calloc(count ? count * each : 1, sizeof *numbers);
    if (all == NULL || numbers == NULL)
        exit(1);
    for (uint64_t i = 0; i < count; i++)
        all[i].numbers = numbers + i * each;
}

int main(int words, char **word)
{
    docket_realm *realm;
    if (words < 5 || words > 6) {
        fprintf(stderr, "usage: scale_use REALM FIRST COUNT SECONDS [strict]\n");
        return 2;
    }
    uint64_t first = strtoull(word[2], NULL, 10);
    count = strtoull(word[3], NULL, 10);
    int64_t seconds = strtoll(word[4], NULL, 10);
    prepare(seconds);
    int64_t began_ns = now_ns();
    if (docket_realm_open(word[1], &realm) != DOCKET_OK)
        give_up("open the realm", 0);
    int64_t attached_ns = now_ns() - began_ns;
    for (uint64_t i = 0; i < count; i++) {
        char tenant[32];
        snprintf(tenant, sizeof tenant, "t%llu", (unsigned long long)(first + i));
        if (docket_series_open(realm, tenant, "S", &all[i].series) != DOCKET_OK)
            give_up("open the series", first + i);
        take_one(&all[i]);
    }
    int64_t opened_ns = now_ns() - began_ns - attached_ns;
    uint64_t before = taken;
    wait_ns_max = 0;
    use(seconds);
    uint64_t expected = before + count * (uint64_t)seconds;
    uint64_t wrong = count_wrong(words > 5 && strcmp(word[5], "strict") == 0);
    docket_realm_close(realm);
    printf("{\"taken\": %llu, \"wrong\": %llu, \"failures\": %llu, \"attach_us\": %lld, "
           "\"open_s\": %.3f, \"late_ms_max\": %.1f, \"wait_ms_max\": %.1f}\n",
           (unsigned long long)taken, (unsigned long long)wrong, (unsigned long long)failed,
           (long long)attached_ns / 1000, (double)opened_ns / 1e9, (double)late_ns_max / 1e6, (double)wait_ns_max / 1e6);
    return taken == expected && wrong == 0 && failed == 0 ? 0 : 1;
}
