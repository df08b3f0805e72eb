/* SPDX-License-Identifier: MIT */
#include "trial.h"

#include "docket_admin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 20, FAULT_MS = 60, TENANT_BYTES = 8 };

#define SECOND_NS 1000000000ll
#define TENANT "acme"

const char *const trial_names[TRIAL_SIDES] = {"STRICT", "LEASED"};

int64_t trial_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

void trial_sleep_ms(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

_Noreturn void trial_give_up(const char *what)
{
    fprintf(stderr, "breaks: %s: %s\n", what, strerror(errno));
    exit(3);
}

/* ---- realm ---- */

static void name_path(char path[TRIAL_PATH], const char *folder, const char *name)
{
    if ((size_t)snprintf(path, TRIAL_PATH, "%s/%s", folder, name) >= TRIAL_PATH)
        trial_give_up("a path is too long");
}

static void remove_all(const char *path, const char *what)
{
    char command[TRIAL_PATH * 2];
    snprintf(command, sizeof command, "rm -rf '%s'%s", path, what);
    if (system(command) != 0)
        trial_give_up(command);
}

void trial_realm(struct trial *trial, const char *name)
{
    char part[64], config[TRIAL_PATH];
    snprintf(part, sizeof part, "%s-realm", name);
    name_path(trial->realm, trial->base, part);
    snprintf(part, sizeof part, "%s-run", name);
    name_path(trial->runtime, trial->base, part);
    snprintf(part, sizeof part, "%s-logs", name);
    name_path(trial->logs, trial->base, part);
    if (mkdir(trial->realm, 0700) != 0 || mkdir(trial->runtime, 0700) != 0 || mkdir(trial->logs, 0700) != 0)
        trial_give_up(trial->realm);
    name_path(config, trial->realm, "docket.conf");
    FILE *out = fopen(config, "w");
    if (out == NULL)
        trial_give_up(config);
    fprintf(out,
            "[realm]\nruntime_dir = %s\nseats_max = 16\nlines_per_seat = 16\nseries_max = 32768\nrows_max = 64\n"
            "[default]\nwindow = 64\nrestart = never\ntemplate = {SERIES}-{N:6}\n",
            trial->runtime);
    if (fclose(out) != 0)
        trial_give_up(config);
}

void trial_drop_realm(const struct trial *trial)
{
    remove_all(trial->realm, "");
    remove_all(trial->runtime, "");
    remove_all(trial->logs, "");
}

void trial_lose_runtime(const struct trial *trial)
{
    remove_all(trial->runtime, "/*");
}

/* ---- docketd ---- */

static bool answers(const struct trial *trial)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int directory, fd;
    char path[TRIAL_PATH];
    name_path(path, trial->realm, "runtime");
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return false;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/socket", directory);
    bool good = fd >= 0 && connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0;
    close(directory);
    if (fd >= 0)
        close(fd);
    return good;
}

static void docketd_words(const struct trial *trial, char program[TRIAL_PATH], char *words[6])
{
    name_path(program, trial->binaries, "docketd");
    words[0] = program;
    words[1] = "--realm";
    words[2] = (char *)(uintptr_t)trial->realm;
    words[3] = "--create";
    words[4] = NULL;
}

static void log_path(const struct trial *trial, const char *name, char path[TRIAL_PATH])
{
    char part[64];
    snprintf(part, sizeof part, "%s-%s.log", trial->phase, name);
    name_path(path, trial->base, part);
}

/* Under the lock. */
static void start_sound(struct trial *trial)
{
    char program[TRIAL_PATH], log[TRIAL_PATH], *words[6];
    docketd_words(trial, program, words);
    log_path(trial, "sound", log);
    pid_t made = fork();
    if (made == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execv(words[0], words);
        _exit(127);
    }
    if (made < 0)
        trial_give_up("fork");
    trial->sound = made;
}

void trial_start_broken(struct trial *trial, bool armed)
{
    char program[TRIAL_PATH], preload[TRIAL_PATH], log[TRIAL_PATH], *words[6];
    docketd_words(trial, program, words);
    name_path(preload, trial->binaries, "failing.so");
    log_path(trial, "broken", log);
    pthread_mutex_lock(&trial->lock);
    trial->breaker->armed = armed;
    trial->ending = trial->told = 0;
    trial->injected_ns = 0;
    trial->tracer = breaker_run(trial->breaker, trial->page, preload, log, words);
    if (trial->tracer < 0)
        trial_give_up("fork");
    trial->wanted = 1;
    pthread_mutex_unlock(&trial->lock);
}

/* The last line that docketd wrote as an error or refusal; empty: none. */
static void last_word(const char *log, char *line, size_t size)
{
    char read[4096];
    FILE *in = fopen(log, "r");
    line[0] = 0;
    while (in != NULL && fgets(read, sizeof read, in) != NULL)
        if (strncmp(read, "docketd: ", 9) == 0 && strstr(read, "stopping in order") == NULL &&
            strstr(read, "serving ") == NULL)
            snprintf(line, size, "%.*s", (int)strcspn(read, "\n"), read);
    if (in != NULL)
        fclose(in);
}

void trial_complain(const struct trial *trial, const char *what, const char *log)
{
    char command[TRIAL_PATH * 2];
    const struct breaker *breaker = trial->breaker;
    printf("%s: %s: break %llu (mode %u, kind %u) was %s, errno %lld\n", trial->phase, what, (unsigned long long)breaker->at,
           breaker->mode, breaker->kind, breaker_call_name(breaker->call), (long long)breaker->error);
    fflush(stdout);
    snprintf(command, sizeof command, "tail -n 5 '%s' | sed 's/^/    /'", log);
    if (log[0] != 0 && system(command) != 0)
        printf("    (its log cannot be read)\n");
}

/* How the broken docketd ended: by no signal but ours, and never without a word. */
static void judge(struct trial *trial)
{
    char log[TRIAL_PATH], outcomes[TRIAL_PATH], line[1024];
    int status = trial->breaker->status;
    bool killed = trial->ending || (trial->breaker->mode == BREAK_KILL && trial->breaker->injected);
    log_path(trial, "broken", log);
    last_word(log, line, sizeof line);
    if (trial->breaker->syncs_after > 0) {
        trial->faults.syncs += trial->breaker->syncs_after;
        trial_complain(trial, "synced again after a failed sync", log);
    }
    if (killed)
        return;
    if (WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) >= 125)) {
        trial->faults.crashed++;
        printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        trial_complain(trial, "ended by a signal", log);
        return;
    }
    if ((WEXITSTATUS(status) != 0 && line[0] == 0) || (WEXITSTATUS(status) == 0 && !trial->told)) {
        trial->faults.silent++;
        trial_complain(trial, "ended without a word", log);
    }
    log_path(trial, "outcomes", outcomes);
    FILE *out = fopen(outcomes, "a");
    if (out != NULL) {
        fprintf(out, "%s\t%s\t%lld\texit %d\t%s\n", trial->phase, breaker_call_name(trial->breaker->call),
                (long long)trial->breaker->error, WEXITSTATUS(status), line);
        fclose(out);
    }
}

/* One look of the watcher. Under the lock. */
static void look(struct trial *trial)
{
    struct breaker *breaker = trial->breaker;
    if (breaker->injected > 0 && breaker->mode != BREAK_NOTHING && trial->tracer > 0) {
        if (trial->injected_ns == 0)
            trial->injected_ns = trial_now_ns();
        else if (trial_now_ns() - trial->injected_ns > FAULT_MS * 1000000ll && breaker->mode == BREAK_FOR_GOOD)
            breaker->mode = BREAK_ONCE; /* the fault is gone */
    }
    if (trial->tracer > 0 && waitpid(trial->tracer, NULL, WNOHANG) == trial->tracer) {
        judge(trial);
        trial->tracer = 0;
    }
    int status;
    if (trial->sound > 0 && waitpid(trial->sound, &status, WNOHANG) == trial->sound) {
        char log[TRIAL_PATH];
        log_path(trial, "sound", log);
        trial->sound = 0;
        if (!trial->ending) {
            trial->faults.unserved++;
            trial_complain(trial, "a sound docketd does not serve after it", log);
            trial_sleep_ms(200);
        }
    }
    if (trial->wanted && trial->tracer == 0 && trial->sound == 0)
        start_sound(trial);
}

static void *watch(void *context)
{
    struct trial *trial = context;
    for (;;) {
        pthread_mutex_lock(&trial->lock);
        look(trial);
        pthread_mutex_unlock(&trial->lock);
        struct timespec pause = {0, 500000};
        nanosleep(&pause, NULL);
    }
    return NULL;
}

void trial_watch(struct trial *trial)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, watch, trial) != 0)
        trial_give_up("a thread");
}

bool trial_await_service(struct trial *trial)
{
    int64_t until_ns = trial_now_ns() + PATIENCE_S * SECOND_NS;
    while (!answers(trial)) {
        if (trial_now_ns() > until_ns) {
            char log[TRIAL_PATH];
            log_path(trial, trial->tracer > 0 ? "broken" : "sound", log);
            trial->faults.unserved++;
            trial_complain(trial, "nobody serves after it", log);
            return false;
        }
        struct timespec pause = {0, 500000};
        nanosleep(&pause, NULL);
    }
    return true;
}

void trial_start_sound(struct trial *trial)
{
    trial->ending = 0;
    trial->wanted = 1;
    trial_await_service(trial);
}

static bool is_up(const struct trial *trial)
{
    return trial->tracer > 0 || trial->sound > 0;
}

void trial_kill(struct trial *trial)
{
    pthread_mutex_lock(&trial->lock);
    trial->ending = 1;
    trial->wanted = 0;
    if (trial->sound > 0)
        kill(trial->sound, SIGKILL);
    else if (trial->tracer > 0 && trial->breaker->pid > 0)
        kill(trial->breaker->pid, SIGKILL);
    pthread_mutex_unlock(&trial->lock);
    for (int turn = 0; is_up(trial); turn++) {
        trial_sleep_ms(1);
        if (turn > PATIENCE_S * 1000)
            trial_give_up("a killed docketd does not end");
    }
}

void trial_await_end(struct trial *trial)
{
    int64_t until_ns = trial_now_ns() + PATIENCE_S * SECOND_NS;
    while (trial->tracer > 0 && trial_now_ns() < until_ns)
        trial_sleep_ms(1);
    if (trial->tracer > 0) {
        char log[TRIAL_PATH];
        log_path(trial, "broken", log);
        trial->faults.hung++;
        trial_complain(trial, "does not end", log);
        trial_kill(trial);
    }
}

/* ---- numbers ---- */

/* True: call again. A status that docket.h does not list, or no sentence with
 * it, is a fault; so is one that stays although the fault is gone. */
static bool again(struct trial *trial, docket_status status, const char *what, int64_t until_ns)
{
    if (status == DOCKET_OK)
        return false;
    if (status < DOCKET_OK || status > DOCKET_SYSTEM || docket_last_error()[0] == 0) {
        trial->faults.stray++;
        trial_complain(trial, what, "");
    }
    if (trial_now_ns() > until_ns) {
        printf("%s: %s: %s\n", what, docket_status_name(status), docket_last_error());
        trial->faults.refused++;
        trial_complain(trial, "a call does not work though the fault is gone", "");
        trial_give_up("the trial cannot go on");
    }
    trial_sleep_ms(2);
    return true;
}

#define PATIENTLY(call)                                                                                                \
    do {                                                                                                               \
        int64_t until_ns = trial_now_ns() + PATIENCE_S * SECOND_NS;                                                    \
        while (again(trial, status = (call), #call, until_ns))                                                         \
            ;                                                                                                          \
    } while (0)

void trial_enter(struct trial *trial)
{
    static const char *const orders[TRIAL_SIDES] = {"strict", "leased"};
    docket_status status;
    char id[64];
    trial->sessions++;
    snprintf(id, sizeof id, "%.20s%u", trial->phase, trial->sessions);
    PATIENTLY(docket_realm_open(trial->realm, &trial->handle));
    for (int side = 0; side < TRIAL_SIDES && status == DOCKET_OK; side++) {
        struct docket_policy policy = {.order = orders[side]};
        PATIENTLY(docket_admin_series_add(trial->handle, TENANT, trial_names[side], &policy));
        PATIENTLY(docket_series_open(trial->handle, TENANT, trial_names[side], &trial->series[side]));
        if (worklog_open(&trial->log[side], trial->logs, id, TENANT, trial_names[side], 1, 200) != 0)
            trial_give_up("a log");
    }
    if (status != DOCKET_OK)
        trial_give_up("the trial cannot go on");
}

static void keep(struct trial *trial, int side, uint64_t number, int32_t period, enum worklog_kind kind)
{
    if (worklog_add(&trial->log[side], number, period, kind) != 0)
        trial_give_up("a log");
}

void trial_keep(struct trial *trial, int side, uint64_t number)
{
    keep(trial, side, number, 0, WORKLOG_NEXT);
}

void trial_take(struct trial *trial, int side, unsigned count)
{
    docket_status status;
    for (unsigned i = 0; i < count; i++) {
        uint64_t number = 0;
        int32_t period = 0;
        PATIENTLY(docket_next(trial->series[side], 200000000, &number, &period));
        if (status == DOCKET_OK)
            keep(trial, side, number, period, WORKLOG_NEXT);
    }
}

docket_block *trial_block(struct trial *trial, int side, uint32_t count)
{
    docket_status status;
    docket_block *block = NULL;
    PATIENTLY(docket_block_open(trial->series[side], count, 200000000, &block));
    return status == DOCKET_OK ? block : NULL;
}

void trial_take_block(struct trial *trial, int side, docket_block *block, unsigned count)
{
    for (unsigned i = 0; block != NULL && i < count; i++) {
        uint64_t number = 0;
        int32_t period = 0;
        if (docket_block_show(block, NULL, NULL, &period) != DOCKET_OK || docket_block_next(block, &number) != DOCKET_OK) {
            trial->faults.refused++;
            trial_complain(trial, "a block does not give its numbers", "");
            return;
        }
        keep(trial, side, number, period, WORKLOG_BLOCK);
    }
}

void trial_give_back(struct trial *trial, int side, docket_block *block)
{
    uint32_t left = 0;
    if (block == NULL || docket_block_show(block, NULL, &left, NULL) != DOCKET_OK)
        return;
    docket_status status = docket_block_give_back(block, NULL);
    /* A strict block's end stays handed out when docketd could not be asked. */
    if (side == 0 && worklog_excuse(&trial->log[side], left) != 0)
        trial_give_up("a log");
    if (status < DOCKET_OK || status > DOCKET_SYSTEM)
        trial->faults.stray++;
}

void trial_leave(struct trial *trial)
{
    docket_realm_close(trial->handle);
    for (int side = 0; side < TRIAL_SIDES; side++)
        if (worklog_close(&trial->log[side]) != 0)
            trial_give_up("a log");
}

/* ---- audit ---- */

static int see_open(void *context, const struct docket_fate_row *row)
{
    bool *open = context;
    *open = *open || strcmp(row->fate, "open") == 0;
    return 0;
}

static bool nothing_open(const struct trial *trial)
{
    docket_realm *realm;
    bool open = false;
    docket_status status = docket_realm_open(trial->realm, &realm);
    if (status != DOCKET_OK)
        return false;
    status = docket_admin_fate(realm, NULL, NULL, -1, see_open, &open);
    docket_realm_close(realm);
    return status == DOCKET_OK && !open;
}

void trial_audit(struct trial *trial, bool unknown_allowed)
{
    char command[TRIAL_PATH * 8];
    int64_t until_ns = trial_now_ns() + PATIENCE_S * SECOND_NS;
    while (!nothing_open(trial) && trial_now_ns() < until_ns)
        trial_sleep_ms(5);
    snprintf(command, sizeof command,
             "'%s/docket' fate --realm '%s' --all --json --no-start >'%s/fate.%s' && "
             "'%s/docket-audit' --fate '%s/fate.%s' --logs '%s' %s >'%s/audit.%s' 2>&1",
             trial->binaries, trial->realm, trial->base, trial->phase, trial->binaries, trial->base, trial->phase,
             trial->logs, unknown_allowed ? "" : "--unknown-max 0", trial->base, trial->phase);
    if (nothing_open(trial) && system(command) == 0)
        return;
    trial->faults.unaudited++;
    snprintf(command, sizeof command, "%s/audit.%s", trial->base, trial->phase);
    trial_complain(trial, nothing_open(trial) ? "the audit is not clean" : "leases stay open", command);
}
