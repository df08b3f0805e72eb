/* SPDX-License-Identifier: MIT */
/*
 * trial: a realm whose docketd is broken on purpose, over and over. One thread
 * watches docketd: when it has ended it judges how, and starts a sound one at
 * once, as a supervisor would. The other takes numbers and logs each of them.
 */
#ifndef TESTS_TRIAL_H
#define TESTS_TRIAL_H

#include "../lib/worklog.h"
#include "breaker.h"
#include "docket.h"

#include <pthread.h>

enum { TRIAL_PATH = 512, TRIAL_SIDES = 2 };

/* Found in all iterations; each must be 0 but injected. */
struct trial_faults {
    unsigned long injected, crashed, hung, silent, unserved, refused, syncs, stray, unaudited, forbidden;
};

struct trial {
    char base[TRIAL_PATH], realm[TRIAL_PATH], runtime[TRIAL_PATH], logs[TRIAL_PATH], page[TRIAL_PATH];
    char binaries[TRIAL_PATH]; /* the folder of docketd, docket, docket-audit, failing.so */
    const char *phase;
    struct breaker *breaker;
    struct trial_faults faults;

    pthread_mutex_t lock;
    _Atomic pid_t tracer;      /* of the docketd that is to be broken; 0 none */
    _Atomic pid_t sound;       /* the docketd that nobody breaks; 0 none */
    _Atomic int wanted;        /* a docketd shall run */
    _Atomic int ending;        /* this docketd ends by our own signal */
    _Atomic int told;          /* it was told to stop in order */
    int64_t injected_ns;       /* when the watcher first saw the break; 0 */

    docket_realm *handle;
    docket_series *series[TRIAL_SIDES]; /* strict, leased */
    struct worklog log[TRIAL_SIDES];
    unsigned sessions;
};

extern const char *const trial_names[TRIAL_SIDES];

int64_t trial_now_ns(void);
void trial_sleep_ms(long milliseconds);

/* A new realm under base/NAME with its own runtime directory and logs. */
void trial_realm(struct trial *trial, const char *name);
void trial_drop_realm(const struct trial *trial);
void trial_lose_runtime(const struct trial *trial);

/* Starts the watcher. */
void trial_watch(struct trial *trial);

/* docketd, to be broken as planned; armed: from its first call on. */
void trial_start_broken(struct trial *trial, bool armed);
/* A sound one, unless one runs; returns when it answers. */
void trial_start_sound(struct trial *trial);
/* Whichever runs is killed; none is started after it. */
void trial_kill(struct trial *trial);
/* Until a docketd answers at the socket, or 20 s: then counted as unserved. */
bool trial_await_service(struct trial *trial);
/* Until the one to be broken has ended, or 20 s: then it hangs. */
void trial_await_end(struct trial *trial);

/* A process's time at the desk: attach, numbers of both series, leave. */
void trial_enter(struct trial *trial);
void trial_take(struct trial *trial, int side, unsigned count);
docket_block *trial_block(struct trial *trial, int side, uint32_t count);
void trial_take_block(struct trial *trial, int side, docket_block *block, unsigned count);
void trial_give_back(struct trial *trial, int side, docket_block *block);
void trial_leave(struct trial *trial);

/* One more number of this side was given, to somebody who keeps no log. */
void trial_keep(struct trial *trial, int side, uint64_t number);

/* Prints what is wrong, where it broke, and the end of the file log. */
void trial_complain(const struct trial *trial, const char *what, const char *log);

/* Nothing open any more, and the auditor content. */
void trial_audit(struct trial *trial, bool unknown_allowed);

/* Ends the program: something outside docket failed. */
_Noreturn void trial_give_up(const char *what);

#endif
