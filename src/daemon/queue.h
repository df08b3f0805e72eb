/* SPDX-License-Identifier: MIT */
/*
 * queue: liburcu's wait-free queue, included here only.
 *
 * Many threads may enqueue; one thread splices everything out, which is the
 * exclusion that splicing asks for: the committer for work, the loop for
 * results. The library's functions are called, not inlined (no _LGPL_SOURCE),
 * so that the licence stays free and one place can carry thread-sanitizer
 * marks.
 */
#ifndef DK_DAEMON_QUEUE_H
#define DK_DAEMON_QUEUE_H

#include <stdbool.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <urcu/wfcqueue.h>
#pragma GCC diagnostic pop

#if defined(__SANITIZE_THREAD__)
#define DK_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define DK_THREAD_SANITIZER 1
#endif
#endif

#if defined(DK_THREAD_SANITIZER)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define DK_QUEUE_ACQUIRE(queue) __tsan_acquire(queue)
#define DK_QUEUE_RELEASE(queue) __tsan_release(queue)
#else
#define DK_QUEUE_ACQUIRE(queue) ((void)(queue))
#define DK_QUEUE_RELEASE(queue) ((void)(queue))
#endif

struct dk_queue {
    struct cds_wfcq_head head;
    struct cds_wfcq_tail tail;
};

struct dk_queue_node {
    struct cds_wfcq_node node;
};

static inline void dk_queue_init(struct dk_queue *queue)
{
    cds_wfcq_init(&queue->head, &queue->tail);
}

static inline void dk_queue_put(struct dk_queue *queue, struct dk_queue_node *node)
{
    cds_wfcq_node_init(&node->node);
    DK_QUEUE_RELEASE(queue);
    cds_wfcq_enqueue(&queue->head, &queue->tail, &node->node);
}

/* One thread only. NULL when empty. */
static inline struct dk_queue_node *dk_queue_take(struct dk_queue *queue)
{
    struct cds_wfcq_node *node = __cds_wfcq_dequeue_blocking(&queue->head, &queue->tail);
    DK_QUEUE_ACQUIRE(queue);
    return (struct dk_queue_node *)(void *)node;
}

#endif
