/* SPDX-License-Identifier: MIT */
/*
 * docket-kin: makes relatives of a process that is using docket, in every way
 * that the kernel knows, and lets all of them take numbers.
 *
 *   docket-kin REALM LOGS TENANT SEED ROUNDS CASE...   rounds of each case
 *   docket-kin --member REALM LOGS TENANT SERIES ID WHO COUNT   one member, after exec
 *
 * Series strict and leased take turns. Prints "CASE ROUNDS-DONE" for each case.
 * Exit: 0 done, 1 something went wrong (a sentence says what), 2 usage.
 */
#include "kin.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    kin_case *run;
} cases[] = {{"fork", case_fork},
             {"clone", case_clone},
             {"vfork", case_vfork},
             {"exec", case_exec},
             {"exec-thread", case_exec_thread},
             {"mid-operation", case_mid_operation},
             {"parent-first", case_parent_first},
             {"idle-child", case_idle_child},
             {"double-fork", case_double_fork},
             {"atexit", case_atexit},
             {"closed", case_closed},
             {"reused", case_reused},
             {"sibling", case_sibling},
             {"signal", case_signal}};

static unsigned random_state = 1;

unsigned kin_random(unsigned below)
{
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 16) % below;
}

bool kin_complain(const struct kin *kin, const char *what, const char *reason)
{
    dprintf(STDERR_FILENO, "docket-kin: %s of %s: %s: %s\n", kin->id, kin->name, what, reason);
    return false;
}

bool kin_refused(const struct kin *kin, const char *what, docket_status status)
{
    char reason[600];
    snprintf(reason, sizeof reason, "%s: %.500s", docket_status_name(status), docket_last_error());
    return kin_complain(kin, what, reason);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
    struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

/* Seats are few: those of the dead come back within docketd's tick. */
static bool again(docket_status status, int64_t until_ms)
{
    if (!docket_status_retryable(status) && status != DOCKET_SEATS_EXHAUSTED)
        return false;
    if (status != DOCKET_TIMEOUT)
        pause_ms(5);
    return now_ms() < until_ms;
}

bool kin_open(struct kin *kin)
{
    docket_status status = docket_realm_open(kin->realm_path, &kin->realm);
    int64_t until_ms = now_ms() + KIN_SECONDS * 1000;
    if (status != DOCKET_OK)
        return kin_refused(kin, "realm_open", status);
    do {
        status = docket_series_open(kin->realm, kin->tenant, kin->name, &kin->series);
        if (status == DOCKET_OK)
            return true;
    } while (again(status, until_ms));
    return kin_refused(kin, "series_open", status);
}

bool member_begin(struct member *member, const struct kin *kin, const char *who)
{
    char id[128];
    *member = (struct member){.kin = kin};
    snprintf(id, sizeof id, "%s-%s", kin->id, who);
    int error = worklog_open(&member->log, kin->logs, id, kin->tenant, kin->name, 1, 200);
    return error == 0 || kin_complain(kin, "log", strerror(error));
}

bool member_take(struct member *member, unsigned count)
{
    const struct kin *kin = member->kin;
    int64_t until_ms = now_ms() + KIN_SECONDS * 1000;
    for (unsigned i = 0; i < count;) {
        uint64_t number;
        int32_t period;
        docket_status status = docket_next(kin->series, 500000000, &number, &period);
        if (status != DOCKET_OK && !again(status, until_ms))
            return kin_refused(kin, "next", status);
        if (status != DOCKET_OK)
            continue;
        int error = worklog_add(&member->log, number, period, WORKLOG_NEXT);
        if (error != 0)
            return kin_complain(kin, "log", strerror(error));
        if (number >= kin->guard_first && number < kin->guard_end)
            return kin_complain(kin, "next", "a number of the parent's open block");
        i++;
    }
    return true;
}

bool member_block(struct member *member, uint32_t size)
{
    docket_status status;
    int64_t until_ms = now_ms() + KIN_SECONDS * 1000;
    do {
        status = docket_block_open(member->kin->series, size, 500000000, &member->block);
    } while (status != DOCKET_OK && again(status, until_ms));
    if (status == DOCKET_OK)
        status = docket_block_show(member->block, &member->block_first, &member->block_size, &member->block_period);
    return status == DOCKET_OK || kin_refused(member->kin, "block_open", status);
}

bool member_use_block(struct member *member, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t number;
        docket_status status = docket_block_next(member->block, &number);
        if (status != DOCKET_OK)
            return kin_refused(member->kin, "block_next", status);
        int error = worklog_add(&member->log, number, member->block_period, WORKLOG_BLOCK);
        if (error != 0)
            return kin_complain(member->kin, "log", strerror(error));
        if (number < member->block_first || number >= member->block_first + member->block_size)
            return kin_complain(member->kin, "block_next", "a number from outside its block");
    }
    return true;
}

bool member_end(struct member *member)
{
    uint32_t left = 0;
    docket_status status = DOCKET_OK;
    if (member->block != NULL) {
        status = docket_block_show(member->block, NULL, &left, NULL);
        if (status != DOCKET_OK || !member_use_block(member, left))
            return kin_refused(member->kin, "block_show", status);
        status = docket_block_give_back(member->block, NULL);
        member->block = NULL;
    }
    int error = worklog_close(&member->log);
    if (error != 0)
        return kin_complain(member->kin, "log", strerror(error));
    return status == DOCKET_OK || kin_refused(member->kin, "give_back", status);
}

bool member_leave(struct member *member)
{
    uint32_t left = 0;
    bool strict = member->kin->name[0] == 's';
    int error = 0;
    if (docket_block_show(member->block, NULL, &left, NULL) != DOCKET_OK)
        return kin_complain(member->kin, "block_show", "refused");
    if (strict && left > 0)
        error = worklog_excuse(&member->log, left); /* a strict block counts as handed out */
    if (error == 0)
        error = worklog_close(&member->log);
    return error == 0 || kin_complain(member->kin, "log", strerror(error));
}

bool member_live(const struct kin *kin, const char *who, unsigned count)
{
    struct member member;
    return member_begin(&member, kin, who) && member_take(&member, count) && member_end(&member);
}

bool kin_block_is_foreign(const struct kin *kin, docket_block *block)
{
    uint64_t number = 7;
    uint32_t count = 8;
    char text[DOCKET_TEXT_MAX];
    docket_status answers[] = {docket_block_show(block, &number, &count, NULL), docket_block_next(block, &number),
                               docket_block_next_text(block, text, sizeof text, &number),
                               docket_block_take_all(block, &number, &count), docket_block_give_back(block, &count)};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        if (answers[i] != DOCKET_FOREIGN_BLOCK)
            return kin_complain(kin, "the parent's block answered its child", docket_status_name(answers[i]));
    return (number == 7 && count == 8) || kin_complain(kin, "the parent's block", "gave something to its child");
}

bool kin_await(const struct kin *kin, pid_t child, const char *who)
{
    int state = 0;
    int64_t until_ms = now_ms() + KIN_SECONDS * 2000;
    char how[64];
    if (child < 0)
        return kin_complain(kin, who, strerror(errno));
    for (;;) {
        pid_t ended = waitpid(child, &state, WNOHANG | __WALL);
        if (ended == child)
            break;
        if (ended < 0 && errno != EINTR)
            return kin_complain(kin, who, strerror(errno));
        if (now_ms() > until_ms) {
            kill(child, SIGKILL);
            return kin_complain(kin, who, "has not ended in time");
        }
        pause_ms(1);
    }
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return true;
    snprintf(how, sizeof how, WIFSIGNALED(state) ? "ended by signal %d" : "ended with state %x",
             WIFSIGNALED(state) ? WTERMSIG(state) : state);
    return kin_complain(kin, who, how);
}

void kin_exec(const struct kin *kin, const char *who, unsigned count)
{
    char number[16];
    snprintf(number, sizeof number, "%u", count);
    execl(kin->program, kin->program, "--member", kin->realm_path, kin->logs, kin->tenant, kin->name, kin->id, who,
          number, (char *)NULL);
}

static int be_member(char **words)
{
    struct kin kin = {.program = words[0], .realm_path = words[2], .logs = words[3], .tenant = words[4],
                      .name = words[5],    .id = words[6]};
    if (!kin_open(&kin))
        return 1;
    bool good = member_live(&kin, words[7], (unsigned)strtoul(words[8], NULL, 10));
    docket_realm_close(kin.realm);
    return good ? 0 : 1;
}

/* Whoever was orphaned in this round ends too, and in order. */
static bool await_orphans(const struct kin *kin)
{
    int64_t until_ms = now_ms() + KIN_SECONDS * 2000;
    bool good = true;
    for (;;) {
        int state;
        pid_t ended = waitpid(-1, &state, WNOHANG | __WALL);
        if (ended < 0 && errno == ECHILD)
            return good;
        if (ended > 0 && (!WIFEXITED(state) || WEXITSTATUS(state) != 0)) {
            char how[64];
            snprintf(how, sizeof how, "ended with state %x", (unsigned)state);
            good = kin_complain(kin, "an orphan", how);
        }
        if (now_ms() > until_ms)
            return kin_complain(kin, "an orphan", "has not ended in time");
        if (ended <= 0)
            pause_ms(1);
    }
}

static bool run_round(struct kin *kin, kin_case *run)
{
    pid_t founder = fork();
    if (founder == 0) {
        bool good = kin_open(kin) && run(kin);
        docket_realm_close(kin->realm);
        exit(good ? 0 : 1);
    }
    bool good = kin_await(kin, founder, "the founder");
    return await_orphans(kin) && good;
}

static bool run_case(struct kin *kin, size_t at, unsigned rounds)
{
    unsigned done = 0;
    char id[64];
    bool good = true;
    kin->id = id;
    for (unsigned i = 0; i < rounds && good; i++) {
        kin->name = i % 2 == 0 ? "strict" : "leased";
        kin_random(2);
        snprintf(id, sizeof id, "%s-%u", cases[at].name, i);
        good = run_round(kin, cases[at].run);
        done += good;
    }
    printf("%s %u\n", cases[at].name, done);
    return good;
}

int main(int count, char **words)
{
    char program[512];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (count == 9 && strcmp(words[1], "--member") == 0)
        return be_member(words);
    if (count < 7 || length < 0) {
        fprintf(stderr, "usage: docket-kin REALM LOGS TENANT SEED ROUNDS CASE...\n");
        return 2;
    }
    program[length] = 0;
    struct kin kin = {.program = program, .realm_path = words[1], .logs = words[2], .tenant = words[3]};
    random_state = (unsigned)strtoul(words[4], NULL, 10);
    unsigned rounds = (unsigned)strtoul(words[5], NULL, 10);
    bool good = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 6; i < count; i++) {
        size_t at = 0;
        while (at < sizeof cases / sizeof cases[0] && strcmp(cases[at].name, words[i]) != 0)
            at++;
        if (at == sizeof cases / sizeof cases[0])
            return 2;
        good = run_case(&kin, at, rounds) && good;
    }
    return good ? 0 : 1;
}
