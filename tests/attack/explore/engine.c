/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include "base/atomics.h"
#include "env.h"
#include "fiber.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STACK_BYTES = 96 * 1024, TRAIL = 8192, UNDO = 65536, STEPS_MAX = 20000, WORDS = EX_SHARED_BYTES / 4 };

struct fiber {
    ex_stack stack;
    void (*run)(void *);
    void *context;
    bool (*ready)(void *);
    void *waits_for;
    unsigned process;
    bool used, over;
};

struct choice {
    uint32_t step; /* at which step of the schedule */
    uint8_t taken, offered;
    char kind; /* for people: p preempted, d died or not, n next after a block */
    uint8_t fiber;
};

struct undo {
    uint64_t *at;
    uint64_t was;
};

uint8_t ex_shared[EX_SHARED_BYTES] __attribute__((aligned(4096)));
bool ex_exploring;
void (*ex_died)(unsigned process);
const char *(*ex_name_of)(const volatile void *word);

static uint8_t heap[EX_HEAP_BYTES] __attribute__((aligned(64)));
static uint8_t heap_image[EX_HEAP_BYTES / 4];
static size_t heap_used, heap_kept;
static struct undo undo[UNDO];
static size_t undo_count;
static uint8_t stacks[EX_FIBERS][STACK_BYTES] __attribute__((aligned(64)));
static struct fiber fibers[EX_FIBERS];
static ex_stack main_stack;
static unsigned current;
static bool dead[EX_PROCESSES];
static unsigned starts_of_docketd;

static struct choice trail[TRAIL];
static size_t depth, prefix;
static unsigned preemptions_left, deaths_left[EX_PROCESSES];
static uint64_t steps;
static enum ex_order order;
/* Per word: who reads it, who writes it, and whether its steps are points. */
static struct { uint8_t readers, writers, visible; } touched[WORDS];
static bool grew;
static bool faulty, tracing;
static const char *searching;
static struct ex_result *counts;

/* ---- memory ---- */

void *ex_alloc(size_t bytes)
{
    size_t room = ((bytes + 63) & ~(size_t)63) + 64; /* its size stands before it; hands begin at a cache line */
    if (heap_used + room > sizeof heap) {
        fprintf(stderr, "explore: a schedule needs more than %zu bytes of memory\n", sizeof heap);
        abort();
    }
    uint8_t *at = heap + heap_used;
    heap_used += room;
    memset(at, 0, room);
    *(uint64_t *)(void *)at = room - 64;
    return at + 64;
}

void *ex_grow(void *old, size_t bytes)
{
    uint64_t had = old == NULL ? 0 : *(uint64_t *)(void *)((uint8_t *)old - 64);
    if (old != NULL && bytes <= had)
        return old;
    void *grown = ex_alloc(bytes);
    if (old != NULL)
        memcpy(grown, old, had);
    return grown;
}

void ex_forget_all(void)
{
    memset(ex_shared, 0, sizeof ex_shared);
    memset(touched, 0, sizeof touched);
    memset(fibers, 0, sizeof fibers);
    memset(dead, 0, sizeof dead);
    starts_of_docketd = 0;
    heap_used = heap_kept = undo_count = 0;
    ex_exploring = false;
}

void ex_snapshot(void)
{
    heap_kept = heap_used;
    if (heap_kept > sizeof heap_image)
        abort();
    memcpy(heap_image, heap, heap_kept);
    undo_count = 0;
}

static void back_to_snapshot(void)
{
    while (undo_count > 0) {
        undo_count--;
        *undo[undo_count].at = undo[undo_count].was;
    }
    memcpy(heap, heap_image, heap_kept);
    heap_used = heap_kept;
    memset(dead, 0, sizeof dead);
    starts_of_docketd = 0;
}

void ex_remember(volatile void *word)
{
    if (heap_kept == 0)
        return; /* still being set up */
    uint64_t *at = (uint64_t *)((uintptr_t)word & ~(uintptr_t)7);
    if (undo_count == UNDO)
        abort();
    undo[undo_count++] = (struct undo){at, *at};
}

/* ---- fibers ---- */

static void fiber_main(void);

void ex_spawn(unsigned fiber, unsigned process, void (*run)(void *), void *context)
{
    fibers[fiber] = (struct fiber){.run = run, .context = context, .process = process, .used = true};
    ex_stack_make(&fibers[fiber].stack, stacks[fiber], STACK_BYTES, fiber_main);
}

unsigned ex_current(void)
{
    return current;
}

bool ex_dead(unsigned process)
{
    return dead[process];
}

void ex_kill(unsigned process)
{
    dead[process] = true;
}

bool ex_finished(unsigned fiber)
{
    return !fibers[fiber].used || fibers[fiber].over;
}

static bool runnable(unsigned i)
{
    const struct fiber *fiber = &fibers[i];
    return fiber->used && !fiber->over && (fiber->ready == NULL || fiber->ready(fiber->waits_for));
}

static void go_to(unsigned next)
{
    unsigned before = current;
    current = next;
    if (next != before)
        ex_switch(&fibers[before].stack, fibers[next].stack);
}

static void end_schedule(void)
{
    ex_switch(&fibers[current].stack, main_stack);
}

static unsigned choose(unsigned offered, char kind)
{
    if (depth == prefix) {
        if (depth == TRAIL) {
            fprintf(stderr, "explore: %s: more than %d choices in one schedule\n", searching, TRAIL);
            abort();
        }
        trail[prefix++] = (struct choice){
            .step = (uint32_t)steps, .offered = (uint8_t)offered, .kind = kind, .fiber = (uint8_t)current};
    }
    struct choice *choice = &trail[depth++];
    if (choice->offered != offered || choice->step != steps || choice->fiber != current) {
        fprintf(stderr, "explore: %s: the same choices led elsewhere (choice %zu)\n", searching, depth);
        abort();
    }
    return choice->taken;
}

/* The current fiber cannot go on: the next one in the round does, or, at the
 * price of a preemption, another. EX_FIBERS: nobody can. */
static unsigned whose_turn(void)
{
    unsigned able[EX_FIBERS], count = 0;
    bool eager = order == EX_EAGER;
    for (unsigned i = 0; eager && i < EX_EAGER_FIBERS; i++)
        if (runnable(i))
            able[count++] = i;
    for (unsigned i = 1; i <= EX_FIBERS; i++) {
        unsigned next = (current + i) % EX_FIBERS;
        if (!(eager && next < EX_EAGER_FIBERS) && runnable(next))
            able[count++] = next;
    }
    if (count == 0)
        return EX_FIBERS;
    unsigned taken = count == 1 || preemptions_left == 0 ? 0 : choose(count, 'n');
    preemptions_left -= taken > 0;
    return able[taken];
}

static void give_way(void)
{
    unsigned next = whose_turn();
    if (next == EX_FIBERS)
        end_schedule();
    else
        go_to(next);
}

void ex_yield(void)
{
    if (order == EX_EAGER)
        give_way();
}

void ex_block(bool (*ready)(void *), void *context)
{
    struct fiber *own = &fibers[current];
    while (!ready(context)) {
        own->ready = ready;
        own->waits_for = context;
        give_way();
        own->ready = NULL;
    }
}

/* For a fiber that never comes back: its stack may be another's by now. */
static void __attribute__((noreturn)) leave_for_good(void)
{
    static ex_stack nowhere;
    unsigned next = whose_turn();
    if (next < EX_FIBERS)
        current = next;
    ex_switch(&nowhere, next < EX_FIBERS ? fibers[next].stack : main_stack);
    abort();
}

static void fiber_main(void)
{
    fibers[current].run(fibers[current].context);
    fibers[current].over = true;
    leave_for_good();
}

void ex_exit(void)
{
    unsigned process = fibers[current].process;
    dead[process] = true;
    for (unsigned i = 0; i < EX_FIBERS; i++)
        if (fibers[i].used && fibers[i].process == process)
            fibers[i].over = true;
    if (process == EX_DOCKETD)
        starts_of_docketd++;
    ex_died(process);
    leave_for_good();
}

static void die(void)
{
    deaths_left[fibers[current].process]--;
    ex_exit();
}

static bool may_die(void)
{
    return deaths_left[fibers[current].process] > 0;
}

void ex_step(void)
{
    if (++steps == STEPS_MAX) {
        ex_fault(EX_HANG, "a schedule has not ended after %d steps", STEPS_MAX);
        end_schedule();
    }
}

static void decide(bool can_die)
{
    ex_step();
    /* The way that earlier schedules went: who else could go on is known by now. */
    if (depth < prefix && trail[depth].step != steps)
        return;
    if (depth < prefix && trail[depth].kind == 'p' && trail[depth].taken == 0) {
        depth++;
        return;
    }
    unsigned others[EX_FIBERS], count = 0;
    can_die = can_die && may_die();
    if (preemptions_left > 0)
        for (unsigned i = 0; i < EX_FIBERS; i++)
            if (i != current && runnable(i))
                others[count++] = i;
    unsigned offered = 1 + can_die + count;
    if (offered == 1)
        return;
    unsigned taken = choose(offered, 'p');
    if (taken == 0)
        return;
    if (taken <= count) {
        preemptions_left--;
        go_to(others[taken - 1]);
        if (!(can_die && may_die()) || choose(2, 'd') == 0)
            return;
    }
    die();
}

void ex_point(void)
{
    if (ex_exploring)
        decide(true);
}

void ex_death_point(void)
{
    if (ex_exploring && may_die() && choose(2, 'd') == 1)
        die();
}

void ex_touch(const volatile void *word, unsigned kind)
{
    size_t at = ((uintptr_t)word - (uintptr_t)ex_shared) / 4;
    if (at >= WORDS)
        return; /* not shared */
    /* A docketd that was started again reads what the dead one wrote. */
    unsigned bit = fibers[current].process == EX_DOCKETD && starts_of_docketd > 0 ? 7 : current;
    if (kind & EX_READ)
        touched[at].readers |= (uint8_t)(1u << bit);
    if (kind & EX_WRITE)
        touched[at].writers |= (uint8_t)(1u << bit);
    if (!touched[at].visible) {
        unsigned users = touched[at].readers | touched[at].writers;
        if (touched[at].writers == 0 || (users & (users - 1)) == 0)
            return;
        touched[at].visible = 1;
        grew = true;
    }
    if (tracing)
        fprintf(stderr, "      %4zu fiber %u %s %s\n", depth, current, kind == EX_READ ? "reads" : "writes", ex_name_of(word));
    decide((kind & EX_WRITE) != 0);
}

static bool is_free(void *context)
{
    return *(uint32_t *)context == 0;
}

/* The word of a mutex that lies in the explorer's heap; zero is unlocked. */
void ex_lock(pthread_mutex_t *mutex)
{
    uint32_t *word = (uint32_t *)(void *)mutex;
    if (ex_exploring)
        ex_block(is_free, word);
    *word = 1;
}

void ex_unlock(pthread_mutex_t *mutex)
{
    *(uint32_t *)(void *)mutex = 0;
}

/* ---- faults ---- */

static void show_trail(void)
{
    fprintf(stderr, "    choices:");
    for (size_t i = 0; i < depth; i++)
        if (trail[i].taken != 0)
            fprintf(stderr, " %zu:%c%u/%u(fiber %u)", i, trail[i].kind, trail[i].taken, trail[i].offered, trail[i].fiber);
    fprintf(stderr, "\n");
}

void ex_fault(enum ex_fault kind, const char *format, ...)
{
    static const char *const names[EX_FAULTS] = {"duplicate", "unaccounted", "above the mark", "hang", "quarantine", "disorder", "other"};
    uint64_t before = 0;
    for (int i = 0; i < EX_FAULTS; i++)
        before += counts->faults[i];
    counts->faults[kind]++;
    faulty = true;
    if (before >= 3)
        return;
    va_list arguments;
    fprintf(stderr, "  %s: %s: ", searching, names[kind]);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    show_trail();
}

/* ---- the search ---- */

static bool next_schedule(void)
{
    while (prefix > 0 && trail[prefix - 1].taken + 1u >= trail[prefix - 1].offered)
        prefix--;
    if (prefix == 0)
        return false;
    trail[prefix - 1].taken++;
    return true;
}

static void run_schedule(const struct ex_bounds *bounds, void (*begin)(void))
{
    back_to_snapshot();
    depth = 0;
    steps = 0;
    preemptions_left = bounds->preemptions;
    memcpy(deaths_left, bounds->deaths, sizeof deaths_left);
    memset(fibers, 0, sizeof fibers);
    begin();
    ex_exploring = true;
    current = EX_FIBERS - 1;
    current = whose_turn();
    ex_switch(&main_stack, fibers[current].stack);
    ex_exploring = false;
}

void ex_search(const char *name, const struct ex_bounds *bounds, enum ex_order how, uint64_t most, void (*begin)(void),
               void (*judge)(void), struct ex_result *result)
{
    order = how;
    memset(result, 0, sizeof *result);
    searching = name;
    counts = result;
    prefix = 0;
    faulty = false;
    bool shown = false, first_is_enough = getenv("KNOWN_BAD") != NULL;
    for (;;) {
        grew = false;
        run_schedule(bounds, begin);
        judge();
        if (faulty && !shown && getenv("EX_TRACE") != NULL) {
            shown = tracing = true;
            fprintf(stderr, "    the schedule's points:\n");
            run_schedule(bounds, begin);
            tracing = false;
        }
        if (grew) {
            /* A word turned out to be shared: its steps are points from the first schedule on. */
            unsigned restarts = result->restarts + 1;
            *result = (struct ex_result){.restarts = restarts};
            prefix = 0;
            faulty = false;
            continue;
        }
        result->schedules++;
        if (steps > result->longest)
            result->longest = steps;
        if (!next_schedule()) {
            result->exhausted = true;
            break;
        }
        if (result->schedules >= most || (faulty && first_is_enough))
            break;
    }
}
