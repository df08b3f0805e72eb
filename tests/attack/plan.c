/* SPDX-License-Identifier: MIT */
/*
 * plan: the mixed run. Events of all kinds follow each other at random, drawn
 * from the seed: deaths and orderly ends of workers, deaths and stops of docketd,
 * power losses, a full disk, steps of the clock.
 */
#include "killer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DAY_S = 86400 };

/* All are dead at once, and nothing is left of the runtime files. */
static void lose_power(struct killer *killer)
{
    const struct crew *crew = &killer->options.crew;
    char command[1100];
    for (unsigned p = 0; p < crew->posts; p++)
        killer_kill(killer, p);
    daemon_kill(killer);
    snprintf(command, sizeof command, "rm -rf -- '%s'/*", killer->options.runtime);
    if (system(command) != 0) {
        fprintf(stderr, "killer: the runtime files cannot be removed\n");
        exit(2);
    }
    killer->counts.losses++;
    daemon_start(killer);
    for (unsigned p = 0; p < crew->posts; p++)
        killer_hire(killer, p);
}

/* The disk is full for a while. docketd may end meanwhile: a commit that failed
 * is not tried again. With room again it is started and serves. */
static void fill_disk(struct killer *killer)
{
    static const char zeros[1 << 16];
    size_t piece = sizeof zeros;
    int fd = open(killer->options.ballast, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        perror("killer: ballast");
        exit(2);
    }
    while (piece > 0)
        if (write(fd, zeros, piece) <= 0)
            piece /= 2;
    uint64_t until = crew_now_ns() + (100 + killer_below(killer, 900)) * 1000000u;
    uint64_t ended = killer->counts.daemon_ended;
    while (crew_now_ns() < until) {
        if (!daemon_is_there(killer))
            daemon_start(killer);
        killer_sleep_us(50000);
    }
    unlink(killer->options.ballast);
    close(fd);
    killer_sleep_us(20000);
    if (!daemon_is_there(killer))
        daemon_start(killer);
    killer->counts.daemon_ended = ended; /* it may, here */
    killer->counts.full++;
}

/* Seconds back and forth, days forward; a day back is taken forward again by the
 * next step, since a day that has ended is not opened again. */
static void step_clock(struct killer *killer)
{
    static int64_t *shift;
    static bool day_back;
    if (!shift) {
        int fd = open(killer->options.clock, O_RDWR | O_CLOEXEC);
        shift = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (shift == MAP_FAILED) {
            perror("killer: clock");
            exit(2);
        }
        close(fd);
    }
    int64_t step = (int64_t)killer_below(killer, 41) - 20;
    uint64_t what = killer_below(killer, 6);
    if (day_back || what == 0)
        step += DAY_S;
    else if (what == 1)
        step -= DAY_S;
    day_back = !day_back && what == 1;
    *(volatile int64_t *)shift += step;
    killer->counts.clock_steps++;
}

static void change_docketd(struct killer *killer, bool in_order)
{
    if (in_order)
        daemon_stop(killer);
    else
        daemon_kill(killer);
    if (killer->options.marks)
        daemon_judge_marks(killer);
    killer_sleep_us(killer_below(killer, 300000));
    daemon_start(killer);
}

static void one_event(struct killer *killer)
{
    unsigned post = (unsigned)killer_below(killer, killer->options.crew.posts);
    uint64_t what = killer_below(killer, 100);
    if (what < 64) {
        killer_kill(killer, post);
        killer_hire(killer, post);
    } else if (what < 72) {
        killer_end_in_order(killer, post);
        killer_hire(killer, post);
    } else if (what < 82) {
        change_docketd(killer, false);
    } else if (what < 86) {
        change_docketd(killer, true);
    } else if (what < 88) {
        lose_power(killer);
    } else if (what < 90 && killer->options.ballast) {
        fill_disk(killer);
    } else if (killer->options.clock) {
        step_clock(killer);
    }
}

void plan_run(struct killer *killer)
{
    uint64_t until = crew_now_ns() + killer->options.seconds * 1000000000u;
    daemon_start(killer);
    while (crew_now_ns() < until) {
        killer_sleep_us(killer_below(killer, killer->options.pause_us * 2));
        if (!daemon_is_there(killer))
            daemon_start(killer); /* counted: nothing gave it a reason to end */
        one_event(killer);
    }
    /* What chance left out, so that each leg has seen each kind. */
    change_docketd(killer, false);
    if (!killer->counts.losses)
        lose_power(killer);
    if (killer->options.ballast && !killer->counts.full)
        fill_disk(killer);
    if (killer->options.clock && !killer->counts.clock_steps)
        step_clock(killer);
    /* With docketd back and the clock still, each worker is served again. */
    if (!daemon_is_there(killer))
        daemon_start(killer);
    killer_expect_progress(killer, 60);
    for (unsigned p = 0; p < killer->options.crew.posts; p += 2)
        killer_end_in_order(killer, p);
    daemon_kill(killer);
}
