/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

enum { PATIENCE_S = 2, STEPS_PER_LOOK = 256 };

int64_t progress_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

void progress_begin(struct progress *progress, const struct cli *cli, const char *what)
{
    bool wanted = !cli->json && !cli->quiet && isatty(STDERR_FILENO) == 1;
    *progress = (struct progress){.what = wanted ? what : NULL, .began_ns = progress_now_ns()};
}

static void look(struct progress *progress)
{
    int64_t now = progress_now_ns(), took_s = (now - progress->began_ns) / SECOND_NS;
    if (took_s < PATIENCE_S || now - progress->said_ns < SECOND_NS / 2)
        return;
    progress->said_ns = now;
    if (progress->count > 0)
        fprintf(stderr, "\r\033[Kdocket: %" PRIu64 " %s, %" PRId64 " s", progress->count, progress->what, took_s);
    else
        fprintf(stderr, "\r\033[Kdocket: %s, %" PRId64 " s", progress->what, took_s);
    fflush(stderr);
}

void progress_step(struct progress *progress)
{
    progress->count++;
    if (progress->what != NULL && progress->count % STEPS_PER_LOOK == 0)
        look(progress);
}

void progress_wait(struct progress *progress)
{
    if (progress->what != NULL)
        look(progress);
}

void progress_end(struct progress *progress)
{
    if (progress->said_ns != 0)
        fputs("\r\033[K", stderr);
    progress->what = NULL;
}

/* ---- while one call lasts ---- */

static struct ticker {
    pthread_mutex_t lock;
    pthread_cond_t told;
    pthread_t thread;
    struct progress progress;
    bool ticking, leave;
} ticker = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};

static void *tick(void *context)
{
    (void)context;
    pthread_mutex_lock(&ticker.lock);
    while (!ticker.leave) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 1; /* a clock that is set only makes a line come late */
        pthread_cond_timedwait(&ticker.told, &ticker.lock, &until);
        if (!ticker.leave)
            progress_wait(&ticker.progress);
    }
    pthread_mutex_unlock(&ticker.lock);
    return NULL;
}

void progress_tick_begin(const struct cli *cli, const char *what)
{
    sigset_t all, before;
    progress_begin(&ticker.progress, cli, what);
    if (ticker.progress.what == NULL || ticker.ticking)
        return;
    ticker.leave = false;
    sigfillset(&all); /* signals are for the thread that works */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ticker.ticking = pthread_create(&ticker.thread, NULL, tick, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void progress_tick_end(void)
{
    if (!ticker.ticking)
        return;
    pthread_mutex_lock(&ticker.lock);
    ticker.leave = true;
    pthread_cond_signal(&ticker.told);
    pthread_mutex_unlock(&ticker.lock);
    pthread_join(ticker.thread, NULL);
    ticker.ticking = false;
    progress_end(&ticker.progress);
}
