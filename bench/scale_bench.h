/* SPDX-License-Identifier: MIT */
/*
 * scale_bench: what the files of bench_scale share.
 *
 *   bench_scale.c  cells, figures, realms; nobody calls, and each series once a second
 *   scale_live.c   docketd killed and adopted beside the bare limit; a worker and a tool
 */
#ifndef DK_BENCH_SCALE_BENCH_H
#define DK_BENCH_SCALE_BENCH_H

#include "harness.h"

#include "docket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

struct realm {
    char path[320], log[330];
    uint64_t series;
    pid_t docketd; /* 0: none runs */
};

extern const char *bench_programs;
extern char bench_folder[256];
extern uint64_t series_count;

void must(bool held, const char *what);
void must_docket(docket_status status, const char *what);
/* A program of bench_programs; words[0] is its name. Its output goes to a file. */
pid_t run(const char *output, const char *const *words);
void run_whole(const char *output, const char *const *words);
/* tN/S, N from 1 to series, each at rest. */
void make_realm(struct realm *realm, const char *name, uint64_t series, const char *settings);
void start_docketd(struct realm *realm);
void end_docketd(struct realm *realm, int how);
void drop_runtime(const struct realm *realm);
double cpu_s(pid_t pid);
void wait_until_idle(const struct realm *realm);

double adopt(struct realm *realm);
double scan_bare(struct realm *realm);
double attach_us(const struct realm *realm);
double touch_us(const struct realm *realm);
double status_ms(const struct realm *realm);
/* Every number that was taken of it was the next one of its series. */
bool large_is_right(void);

#endif
