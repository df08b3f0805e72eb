/* SPDX-License-Identifier: MIT */
/* Put in front of each source that is explored: its memory and its mutexes are
 * the explorer's, so that every schedule begins with the same ones. */
#ifndef EXPLORE_ENV_H
#define EXPLORE_ENV_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Of calendars the explorer has one, and looks at none. */
#define DK_CALENDARS_MAX 1u

void *ex_alloc(size_t bytes);
void *ex_grow(void *old, size_t bytes);
void ex_lock(pthread_mutex_t *mutex);
void ex_unlock(pthread_mutex_t *mutex);

#define malloc(bytes) ex_alloc(bytes)
#define calloc(count, bytes) ex_alloc((count) * (bytes))
#define realloc(old, bytes) ex_grow((old), (bytes))
#define free(old) ((void)(old)) /* memory comes back with the next schedule */
#define close(fd) ((void)(fd))
#define poll(fds, count, wait_ms) ((void)(fds))
#define pthread_mutex_lock(mutex) ex_lock(mutex)
#define pthread_mutex_unlock(mutex) ex_unlock(mutex)

#endif
