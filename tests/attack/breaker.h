/* SPDX-License-Identifier: MIT */
/*
 * breaker: runs a program under ptrace, counts its system calls (of all
 * threads), and at the n-th kills it or lets the call fail. Allocations are
 * counted by failing.so, which is preloaded, on the same page. The page is
 * shared with whoever started the program: plans change while it runs.
 */
#ifndef TESTS_BREAKER_H
#define TESTS_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum break_mode { BREAK_NOTHING, BREAK_KILL, BREAK_ONCE, BREAK_FOR_GOOD };
enum break_kind { BREAK_CALLS, BREAK_ALLOCATIONS };

/* The marker: the preloaded object's constructor says that main comes next. */
#define BREAKER_MARK 0x646b7472

struct breaker {
    _Atomic uint32_t mode;    /* enum break_mode */
    _Atomic uint32_t kind;    /* enum break_kind */
    _Atomic uint32_t second;  /* the other errno of each call */
    _Atomic uint32_t inside_only; /* count only while inside is set */
    _Atomic uint32_t inside;
    _Atomic uint32_t changes_only; /* kills count calls that can change a file, and no others */
    _Atomic uint32_t armed;
    _Atomic uint64_t at;      /* which one breaks, from 1 */
    _Atomic uint64_t seen;    /* counted since the plan was made */
    _Atomic uint64_t injected;
    _Atomic int64_t call;     /* the first system call that broke; -1 an allocation */
    _Atomic int64_t error;
    _Atomic uint64_t syncs_after; /* syncs tried after a failed one */
    _Atomic int32_t sync_failed;
    _Atomic int32_t started;  /* main runs */
    _Atomic int32_t pid;
    _Atomic int32_t ended;
    _Atomic int32_t status;   /* as of waitpid(), once ended */
};

/* The page, in a new file at path. NULL: errno. */
struct breaker *breaker_new(const char *path);

/* Forgets the last plan and makes one; not armed yet. */
void breaker_plan(struct breaker *breaker, enum break_mode mode, enum break_kind kind, uint64_t at);

/* Starts words[0] under the breaker, with preload and the page in its
 * environment, its output going to the file log (anew). The id of the tracing
 * process, which ends after the program; -1: errno. */
pid_t breaker_run(struct breaker *breaker, const char *page, const char *preload, const char *log, char *const words[]);

/* Name of a system call that may fail here, or a number as text. */
const char *breaker_call_name(int64_t call);

#endif
