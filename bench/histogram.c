/* SPDX-License-Identifier: MIT */
/* histogram: how long single calls took, by the cheapest clock there is, and what that clock costs. */
#include "parts.h"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

static double tick_ns = 1;
static bool by_tsc;

int64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Nothing of the call begins before the first look, or is left behind the second. */
static inline uint64_t look_before(void)
{
#if defined(__x86_64__)
    if (by_tsc) {
        _mm_lfence();
        uint64_t ticks = __rdtsc();
        _mm_lfence();
        return ticks;
    }
#endif
    return (uint64_t)bench_now_ns();
}

static inline uint64_t look_after(void)
{
#if defined(__x86_64__)
    if (by_tsc) {
        unsigned processor;
        uint64_t ticks = __rdtscp(&processor);
        _mm_lfence();
        return ticks;
    }
#endif
    return (uint64_t)bench_now_ns();
}

void bench_ticks_init(void)
{
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    by_tsc = __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & 1u << 8) != 0; /* the same rate at all times */
    if (!by_tsc)
        return;
    int64_t began_ns = bench_now_ns(), now_ns;
    uint64_t began = __rdtsc(), ticks;
    do {
        now_ns = bench_now_ns();
        ticks = __rdtsc() - began;
    } while (now_ns - began_ns < 50000000);
    tick_ns = (double)(now_ns - began_ns) / (double)ticks;
#endif
}

double bench_tick_ns(void)
{
    return tick_ns;
}

const char *bench_ticks_name(void)
{
    return by_tsc ? "rdtsc and rdtscp" : "clock_gettime twice";
}

static int bucket_of(uint64_t ticks)
{
    if (ticks < BENCH_LINEAR)
        return (int)ticks;
    int doubling = 63 - __builtin_clzll(ticks); /* 12 or more */
    int bucket = BENCH_LINEAR + (doubling - 12) * 32 + (int)(ticks >> (doubling - 5) & 31);
    return bucket < BENCH_BUCKETS ? bucket : BENCH_BUCKETS - 1;
}

/* The most that a call of this bucket took. */
double bench_bucket_ns(int bucket)
{
    if (bucket < BENCH_LINEAR)
        return bucket * tick_ns;
    int doubling = 12 + (bucket - BENCH_LINEAR) / 32, step = (bucket - BENCH_LINEAR) % 32;
    return (double)(((uint64_t)(32 + step + 1) << (doubling - 5)) - 1) * tick_ns;
}

uint64_t bench_time_calls(struct bench_worker *worker, struct bench_histogram *into, uint64_t *out, unsigned calls)
{
    uint64_t numbers = 0;
    for (unsigned i = 0; i < calls; i++) {
        uint64_t began = look_before();
        numbers += worker->cell->work(worker, out + i, 1);
        uint64_t ticks = look_after() - began;
        into->counts[bucket_of(ticks)]++;
        into->longest = ticks > into->longest ? ticks : into->longest;
    }
    into->calls += calls;
    return numbers;
}

void bench_histogram_add(struct bench_histogram *to, const struct bench_histogram *from)
{
    to->calls += from->calls;
    to->longest = from->longest > to->longest ? from->longest : to->longest;
    for (int i = 0; i < BENCH_BUCKETS; i++)
        to->counts[i] += from->counts[i];
}

double bench_histogram_at(const struct bench_histogram *of, double share)
{
    if (share >= 1)
        return (double)of->longest * tick_ns;
    uint64_t wanted = (uint64_t)((double)of->calls * share), seen = 0;
    for (int i = 0; i < BENCH_BUCKETS; i++)
        if ((seen += of->counts[i]) > wanted)
            return bench_bucket_ns(i);
    return (double)of->longest * tick_ns;
}
