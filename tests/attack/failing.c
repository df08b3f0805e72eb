/* SPDX-License-Identifier: MIT */
/*
 * failing: preloaded by the breaker. Says when main is about to begin, and lets
 * the n-th allocation fail, once or for good, as the breaker's page has it.
 * What the allocator asks the kernel for is failed by the breaker itself.
 */
#include "breaker.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static struct breaker *page;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("BREAKER_PAGE");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        page = mapped == MAP_FAILED ? NULL : mapped;
        close(fd);
    }
    unsetenv("LD_PRELOAD"); /* what the program starts is not ours to break */
    syscall(SYS_prctl, (long)BREAKER_MARK, 0L, 0L, 0L, 0L);
}

static int breaks(void)
{
    if (page == NULL || page->kind != BREAK_ALLOCATIONS || !page->armed || page->mode == BREAK_NOTHING ||
        (page->inside_only && !page->inside))
        return 0;
    uint64_t number = ++page->seen, at = page->at;
    if (number != at && (page->mode != BREAK_FOR_GOOD || number < at))
        return 0;
    page->call = -1;
    page->error = ENOMEM;
    page->injected++;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes)
{
    return breaks() ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return breaks() ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
    return breaks() ? NULL : __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return breaks() ? NULL : __libc_memalign(alignment, bytes);
}

int posix_memalign(void **made, size_t alignment, size_t bytes)
{
    void *got = breaks() ? NULL : __libc_memalign(alignment, bytes);
    if (got == NULL)
        return ENOMEM;
    *made = got;
    return 0;
}
