/* SPDX-License-Identifier: MIT */
/*
 * planted: a fault of each kind, to prove that a sanitizer is awake.
 *
 *     planted race | overflow | freed | leak | shift | signed | none
 *
 * "none" does the same work without a fault: a sanitizer that reports it
 * proves nothing.
 */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int shared;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int zero; /* what the compiler cannot know */

static void *add_bare(void *unused)
{
    for (int i = 0; i < 1000; i++)
        shared++;
    return unused;
}

static void *add_locked(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        pthread_mutex_lock(&lock);
        shared++;
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

static void with_two_threads(void *(*work)(void *))
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            exit(3);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static int of_heap(int at)
{
    volatile char *bytes = calloc(1, 16);
    if (bytes == NULL)
        exit(3);
    int value = bytes[at];
    free((void *)(size_t)bytes);
    return value;
}

static int of_freed(void)
{
    volatile char *bytes = calloc(1, 16);
    if (bytes == NULL)
        exit(3);
    free((void *)(size_t)bytes);
    return bytes[zero];
}

int main(int count, char **words)
{
    const char *fault = count > 1 ? words[1] : "none";
    if (strcmp(fault, "race") == 0)
        with_two_threads(add_bare);
    else if (strcmp(fault, "overflow") == 0)
        printf("%d\n", of_heap(16 + zero));
    else if (strcmp(fault, "freed") == 0)
        printf("%d\n", of_freed());
    else if (strcmp(fault, "leak") == 0)
        printf("%d\n", memchr(malloc(100), 'x', (size_t)zero) == NULL);
    else if (strcmp(fault, "shift") == 0)
        printf("%d\n", 1 << (32 + zero));
    else if (strcmp(fault, "signed") == 0)
        printf("%d\n", INT_MAX - zero + 1);
    else
        with_two_threads(add_locked);
    printf("%s: %d %d\n", fault, shared, of_heap(zero));
    return 0;
}
