/* SPDX-License-Identifier: MIT */
/*
 * pool: memory that the kernel wipes in a forked child.
 *
 * A thread's memo may hold a pointer to a hand whose realm was closed; it then
 * reads a gate and a serial that do not match. So this memory is never unmapped; it is
 * used again.
 */
#include "client/inside.h"

#include <string.h>
#include <sys/mman.h>

#define CHUNK_BYTES (64 * 1024)

union cell {
    union cell *next;
    struct hand hand;
    struct docket_block block;
};

/* Lies in a wiped page itself: a child starts with an empty pool. */
struct pool {
    pthread_mutex_t lock;
    pthread_mutex_t hands_lock;
    union cell *free;
};

static dk_word the_pool; /* address of the pool; private to the process */
static dk_word serials;

uint64_t dk_serial_next(void)
{
    return dk_add_relaxed(&serials, 1) + 1; /* relaxed: only has to differ */
}

static void *map_wiped(size_t bytes)
{
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return NULL;
    if (madvise(mapped, bytes, MADV_WIPEONFORK) != 0) {
        munmap(mapped, bytes); /* without it a child would issue from its parent's lease */
        return NULL;
    }
    return mapped;
}

void *dk_wiped_page(void)
{
    return map_wiped(DK_PAGE);
}

static struct pool *pool(void)
{
    uint64_t found = dk_load_acquire(&the_pool); /* ORDER-15 */
    if (found != 0)
        return (struct pool *)(uintptr_t)found;
    struct pool *made = dk_wiped_page();
    if (made == NULL || dk_cas_acq_rel(&the_pool, &found, (uint64_t)(uintptr_t)made)) /* ORDER-15 */
        return made;
    munmap(made, DK_PAGE); /* another thread was first */
    return (struct pool *)(uintptr_t)found;
}

void dk_hands_lock(void)
{
    struct pool *held = pool();
    if (held != NULL)
        pthread_mutex_lock(&held->hands_lock);
}

void dk_hands_unlock(void)
{
    struct pool *held = pool();
    if (held != NULL)
        pthread_mutex_unlock(&held->hands_lock);
}

static void *cell_new(void)
{
    struct pool *from = pool();
    if (from == NULL)
        return NULL;
    pthread_mutex_lock(&from->lock);
    if (from->free == NULL) {
        union cell *chunk = map_wiped(CHUNK_BYTES);
        for (size_t i = 0; chunk != NULL && i < CHUNK_BYTES / sizeof *chunk; i++) {
            chunk[i].next = from->free;
            from->free = &chunk[i];
        }
    }
    union cell *cell = from->free;
    if (cell != NULL)
        from->free = cell->next;
    pthread_mutex_unlock(&from->lock);
    if (cell != NULL)
        cell->next = NULL; /* all else of it is zero: freed so, or never used */
    return cell;
}

static void cell_free(void *freed)
{
    struct pool *to = pool();
    union cell *cell = freed;
    memset(cell, 0, sizeof *cell);
    if (to == NULL)
        return;
    pthread_mutex_lock(&to->lock);
    /* next lies where a hand's gate does; a memo compares it with addresses of series,
     * none of which is that of a cell. */
    cell->next = to->free;
    to->free = cell;
    pthread_mutex_unlock(&to->lock);
}

struct hand *dk_hand_new(void)
{
    return cell_new();
}

void dk_hand_free(struct hand *hand)
{
    cell_free(hand);
}

struct docket_block *dk_block_new(void)
{
    return cell_new();
}

void dk_block_free(struct docket_block *block)
{
    cell_free(block);
}
