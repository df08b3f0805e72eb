/* SPDX-License-Identifier: MIT */
/*
 * engine: fibers, the choices of a schedule, and the search over them.
 *
 * Each schedule runs from the same beginning; the trail of its choices says
 * where it left the one before. A choice is offered before each step on a word
 * that more than one fiber uses and one of them writes: go on, die (before a
 * write), or go to another fiber. When a fiber blocks or ends, the next one in the
 * order goes on, or another. Going elsewhere is bounded, and so is dying. There
 * are two orders, since a bounded search sees most near the one it starts from.
 */
#ifndef EXPLORE_ENGINE_H
#define EXPLORE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EX_FIBERS = 8, EX_PROCESSES = 6, EX_DOCKETD = 0 };

/* EAGER: docketd's fibers go first whenever somebody blocks or has ended a call.
 * LATE: everybody goes on until he blocks, and docketd comes when its turn does. */
enum ex_order { EX_EAGER, EX_LATE, EX_ORDERS };
enum { EX_EAGER_FIBERS = 2 };

struct ex_bounds {
    unsigned preemptions;
    unsigned deaths[EX_PROCESSES]; /* how often each process may die */
};

/* ---- memory that every schedule finds as it was ---- */
enum { EX_SHARED_BYTES = 96 * 1024, EX_HEAP_BYTES = 1024 * 1024 };
extern uint8_t ex_shared[EX_SHARED_BYTES];
void *ex_alloc(size_t bytes);
void ex_forget_all(void); /* before a configuration is set up */
void ex_snapshot(void);   /* behind its setting up */

/* ---- fibers ---- */
void ex_spawn(unsigned fiber, unsigned process, void (*run)(void *), void *context);
unsigned ex_current(void);
bool ex_dead(unsigned process);
void ex_kill(unsigned process); /* behind a schedule's end */
void ex_block(bool (*ready)(void *), void *context);
void ex_yield(void); /* a call has ended */
/* A point of its own, as before a write on a word that everybody uses. */
void ex_point(void);
/* A point at which only the process's death is offered. */
void ex_death_point(void);
/* The process ends, in order or not: nothing of it runs any more. */
void ex_exit(void) __attribute__((noreturn));
void ex_step(void); /* counts towards the bound of a schedule's length */
bool ex_finished(unsigned fiber);

/* What the configuration does when a process has died: docketd starts anew. */
extern void (*ex_died)(unsigned process);

/* For people: what a word is. EX_TRACE=1 shows the points of the first bad schedule. */
extern const char *(*ex_name_of)(const volatile void *word);

/* A promise is broken: says so with the schedule, and counts it. */
enum ex_fault { EX_DUPLICATE, EX_UNACCOUNTED, EX_ABOVE_MARK, EX_HANG, EX_QUARANTINE, EX_DISORDER, EX_OTHER, EX_FAULTS };
void ex_fault(enum ex_fault kind, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct ex_result {
    uint64_t schedules;
    uint64_t longest; /* points of the longest schedule */
    uint64_t faults[EX_FAULTS];
    unsigned restarts;
    bool exhausted;
};

/* Searches all schedules within the bounds, at most `most`. begin() spawns the
 * fibers; judge() looks at what came of a schedule. */
void ex_search(const char *name, const struct ex_bounds *bounds, enum ex_order how, uint64_t most, void (*begin)(void),
               void (*judge)(void), struct ex_result *result);

#endif
