/* SPDX-License-Identifier: MIT */
/*
 * hook: a witness that a command keeps, outside of the host if it likes. It is asked at the opening, and told of the opening, of
 * the stop, and between them from a thread of its own, HOOK_LAG commits ahead: long before those are used up. What it was
 * told is durable with it when it says so.
 *
 * Invariants
 *  1. No commit passes what the command was told last. A commit that would waits, and nothing is given by it meanwhile: nothing
 *     is lost, and docketd goes on when the command does.
 *  2. At the opening nothing waits: a command that fails there refuses the start.
 *  3. A stop in order that it cannot be told of is one all the same: what it was told last still covers it.
 *
 * A crash leaves it told of more commits than there are, which the next start allows.
 */
#include "base/clock.h"
#include "base/log.h"
#include "store/inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HOOK_LAG = 65536, RENEW_S = 60, RETRY_S = 2 };

static const char *name_of(const struct dk_store *store)
{
    return store->far.name; /* the store id; dk_far_open() spelled it */
}

/* ---- at the opening ---- */

void dk_hook_open(struct dk_store *store, const struct dk_store_options *options)
{
    struct dk_hook *hook = &store->hook;
    char text[DK_WITNESS_BYTES] = "";
    if (options->command == NULL || hook->command != NULL)
        return;
    hook->command = options->command;
    pthread_mutex_init(&hook->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&hook->stirred, &monotonic);
    pthread_cond_init(&hook->covers_more, NULL);
    hook->other.found = DK_WITNESS_ABSENT;
    if (hook->command->get(hook->command->context, name_of(store), text, sizeof text) != DOCKET_OK)
        snprintf(hook->other.why, sizeof hook->other.why, "%.*s", (int)sizeof hook->other.why - 1, dk_error_text());
    else if (text[0] != 0)
        hook->other.found = dk_witness_parse(text, &hook->other.witness) ? DK_WITNESS_FOUND : DK_WITNESS_DAMAGED;
}

docket_status dk_hook_judge(const struct dk_store *store, const struct dk_store_options *options,
                            const struct dk_guard *recorded, const struct dk_standing *standing)
{
    const struct dk_other *other = &store->hook.other;
    bool kept = (recorded->kept & DK_KEEPS_HOOK) != 0;
    if (options->command == NULL)
        return !kept || options->no_command
                   ? DOCKET_OK
                   : dk_fail(DOCKET_STORE_REWOUND, "a command kept a witness of this store, and none is configured any more: name it "
                                                   "(witness_command in docket.conf), or say witness_command = none");
    if (other->why[0] != 0)
        return dk_fail(DOCKET_STORE_REWOUND, "the witness command cannot be asked, so nothing outside says whether this store is "
                                             "the latest: %s", other->why);
    if (other->found == DK_WITNESS_FOUND)
        return dk_witness_judge(&other->witness, "command's witness", standing);
    if (other->found == DK_WITNESS_ABSENT && !kept)
        return DOCKET_OK;
    return dk_fail(DOCKET_STORE_REWOUND, "the witness command has %s for this store, though it kept one: so nothing outside says "
                                         "whether this store is the latest",
                   other->found == DK_WITNESS_ABSENT ? "no witness" : "no witness that can be read");
}

bool dk_hook_settle(const struct dk_store *store, struct dk_guard *guard, char *text, size_t size)
{
    bool kept = (guard->kept & DK_KEEPS_HOOK) != 0, keeps = store->hook.command != NULL;
    guard->kept = (guard->kept & ~(uint64_t)DK_KEEPS_HOOK) | (keeps ? DK_KEEPS_HOOK : 0u);
    if (kept == keeps)
        return false;
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used > 0 ? "; " : "",
             keeps ? "a command keeps a witness from now on" : "no command keeps a witness any more");
    return true;
}

/* ---- telling it ---- */

/* As the near one, farther ahead. */
static docket_status put(struct dk_store *store, const struct dk_witness *near)
{
    struct dk_hook *hook = &store->hook;
    struct dk_witness told = *near;
    char text[DK_WITNESS_BYTES];
    if (told.phase != DK_WITNESS_CLEAN)
        told.commit = told.seen + HOOK_LAG;
    dk_witness_spell(&told, text);
    docket_status status = hook->command->put(hook->command->context, name_of(store), text,
                                              dk_load_relaxed(&hook->covered) - dk_load_relaxed(&hook->durable));
    if (status == DOCKET_OK)
        dk_store_relaxed(&hook->covered, told.commit);
    return status;
}

docket_status dk_hook_tell(struct dk_store *store, const struct dk_witness *witness)
{
    struct dk_hook *hook = &store->hook;
    if (hook->command == NULL || hook->runs)
        return DOCKET_OK;
    docket_status status = put(store, witness);
    if (status == DOCKET_OK || witness->phase == DK_WITNESS_CLEAN) {
        if (status != DOCKET_OK)
            dk_log(DK_LOG_WARNING, "the witness command was not told of the stop, which its witness allows: %s", dk_error_text());
        return DOCKET_OK;
    }
    return dk_wrap(DOCKET_STORE_REWOUND, "the witness command does not keep what it must before anything is given");
}

/* It is time: half of what it was told is used up, or it was told long ago. Or docketd stops. With the lock. */
static bool is_time(const struct dk_hook *hook, int64_t told_ns, uint64_t told)
{
    uint64_t durable = dk_load_relaxed(&hook->durable);
    return hook->stops || dk_load_relaxed(&hook->covered) < durable + HOOK_LAG / 2 ||
           (durable != told && dk_clock_monotonic_ns() - told_ns >= RENEW_S * DK_SECOND_NS);
}

static void wait_until(struct dk_hook *hook, int64_t seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    int error = pthread_cond_timedwait(&hook->stirred, &hook->lock, &until);
    (void)error; /* what is to be done is looked up */
}

static void *keep(void *context)
{
    struct dk_store *store = context;
    struct dk_hook *hook = &store->hook;
    int64_t told_ns = dk_clock_monotonic_ns();
    uint64_t told = dk_load_relaxed(&hook->durable);
    bool fails = false;
    pthread_mutex_lock(&hook->lock);
    while (!hook->stops) {
        if (!is_time(hook, told_ns, told)) {
            wait_until(hook, RENEW_S / 4);
            continue;
        }
        struct dk_witness now = hook->now;
        pthread_mutex_unlock(&hook->lock);
        docket_status status = put(store, &now);
        if (status != DOCKET_OK && !fails)
            dk_log(DK_LOG_WARNING, "the witness command fails, and is tried again; %llu commits are left until docketd gives nothing "
                                   "more: %s",
                   (unsigned long long)(dk_load_relaxed(&hook->covered) - dk_load_relaxed(&hook->durable)), dk_error_text());
        else if (status == DOCKET_OK && fails)
            dk_log(DK_LOG_NOTICE, "the witness command keeps the witness again");
        fails = status != DOCKET_OK;
        pthread_mutex_lock(&hook->lock);
        if (!fails) {
            told = now.seen;
            told_ns = dk_clock_monotonic_ns();
            pthread_cond_broadcast(&hook->covers_more);
        } else if (!hook->stops) {
            wait_until(hook, RETRY_S);
        }
    }
    pthread_cond_broadcast(&hook->covers_more);
    pthread_mutex_unlock(&hook->lock);
    return NULL;
}

/* ---- the commit path ---- */

void dk_hook_durable(struct dk_store *store)
{
    struct dk_hook *hook = &store->hook;
    if (hook->command == NULL)
        return;
    pthread_mutex_lock(&hook->lock);
    hook->now = store->witness;
    dk_commit_say(store, &hook->now);
    dk_witness_see(&hook->now, &store->meta.trail);
    dk_store_relaxed(&hook->durable, store->meta.commit);
    if (dk_load_relaxed(&hook->covered) < store->meta.commit + HOOK_LAG / 2)
        pthread_cond_signal(&hook->stirred);
    pthread_mutex_unlock(&hook->lock);
}

docket_status dk_hook_cover(struct dk_store *store, uint64_t number)
{
    struct dk_hook *hook = &store->hook;
    if (hook->command == NULL || number <= dk_load_relaxed(&hook->covered))
        return DOCKET_OK;
    dk_log(DK_LOG_ERROR, "no number is given any more until the witness command keeps commit %llu", (unsigned long long)number);
    pthread_mutex_lock(&hook->lock);
    while (hook->runs && !hook->stops && number > dk_load_relaxed(&hook->covered))
        pthread_cond_wait(&hook->covers_more, &hook->lock);
    bool covered = number <= dk_load_relaxed(&hook->covered);
    pthread_mutex_unlock(&hook->lock);
    return covered ? DOCKET_OK : dk_fail(DOCKET_STORE_FAILED, "the witness command did not keep commit %llu before docketd had to end",
                                         (unsigned long long)number);
}

docket_status dk_hook_start(struct dk_store *store)
{
    struct dk_hook *hook = &store->hook;
    if (hook->command == NULL)
        return DOCKET_OK;
    dk_hook_durable(store);
    int error = pthread_create(&hook->thread, NULL, keep, store);
    hook->runs = error == 0;
    return error == 0 ? DOCKET_OK : dk_fail_errno(dk_status_of_errno(error), error, "no thread for the witness command");
}

void dk_store_wait_no_more(struct dk_store *store)
{
    struct dk_hook *hook = &store->hook;
    if (hook->command == NULL)
        return;
    pthread_mutex_lock(&hook->lock);
    hook->stops = true;
    pthread_cond_broadcast(&hook->stirred);
    pthread_cond_broadcast(&hook->covers_more);
    pthread_mutex_unlock(&hook->lock);
}

void dk_hook_stop(struct dk_store *store)
{
    struct dk_hook *hook = &store->hook;
    if (!hook->runs)
        return;
    dk_store_wait_no_more(store);
    pthread_join(hook->thread, NULL);
    hook->runs = false;
}
